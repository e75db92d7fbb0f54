//! HTTPS: TLS 1.2 and 1.3 with one or several certificates, which are read again when their files change, without a
//! restart and without a connection lost.
//!
//! Old clients know RSA alone, and some of them only in combinations that new ones do not offer, so that an ECDSA and
//! an RSA certificate may stand side by side: each client gets the first that it can use. Called by the gateway and by
//! the certificate server; TLS to nodes is `connect`'s.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SignatureAlgorithm, SupportedCipherSuite};
use serde::Deserialize;
use tracing::{info, warn};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::pem::{self, PemFault};

/// The files of one certificate, PEM.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFiles {
    /// The certificate, followed by those of its issuers.
    pub chain: PathBuf,
    pub key: PathBuf,
}

impl CertificateFiles {
    /// Where the settings file is at `folder`.
    pub fn resolve(&mut self, folder: &Path) {
        for file in [&mut self.chain, &mut self.key] {
            *file = folder.join(&file);
        }
    }
}

/// What is wrong with a certificate's files.
#[derive(Debug, thiserror::Error)]
pub enum HttpsFault {
    #[error("chain: {0}")]
    Chain(PemFault),
    #[error("key: {0}")]
    Key(PemFault),
    #[error("key: cannot be used: RSA, or ECDSA on P-256 or P-384, is needed")]
    KeyKind,
    #[error("key: is not that of the certificate")]
    Mismatch,
    #[error("chain: the certificate is not X.509")]
    NoCertificate,
}

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(5);
/// Before the end of a certificate it is said each day.
pub const WARN_DAYS: i64 = 30;
const DAY_S: i64 = 86_400;

/// A certificate as it is offered.
#[derive(Debug, Clone)]
struct Offer {
    certified: Arc<CertifiedKey>,
    expires_s: i64,
}

/// Picks the certificate for each client.
#[derive(Debug)]
struct Offers {
    provider: Arc<CryptoProvider>,
    now: RwLock<Arc<[Offer]>>,
}

impl Offers {
    fn now(&self) -> Arc<[Offer]> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for Offers {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shared = || self.provider.cipher_suites.iter().filter(|s| hello.cipher_suites().contains(&s.suite()));
        let suits = |offer: &&Offer| {
            let key = &offer.certified.key;
            key.choose_scheme(hello.signature_schemes()).is_some()
                && shared().any(|suite| match suite {
                    SupportedCipherSuite::Tls13(_) => true,
                    SupportedCipherSuite::Tls12(suite) => key.choose_scheme(suite.sign).is_some(),
                })
        };
        let offers = self.now();
        offers.iter().find(suits).map(|offer| offer.certified.clone())
    }
}

/// A server's certificates. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Https {
    files: Arc<[CertificateFiles]>,
    offers: Arc<Offers>,
}

impl Https {
    /// Reads the files.
    ///
    /// # Errors
    /// Every fault that was found, with the place of its certificate in the list.
    pub fn load(files: &[CertificateFiles]) -> Result<Self, Vec<(usize, HttpsFault)>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let now = RwLock::new(read(files, &provider)?);
        Ok(Self { files: files.into(), offers: Arc::new(Offers { provider, now }) })
    }

    /// What a server binds with. Later changes of the certificates are seen by its new connections.
    ///
    /// # Panics
    /// Never: the cipher suites of both versions are there.
    #[must_use]
    pub fn server_config(&self) -> ServerConfig {
        ServerConfig::builder_with_provider(self.offers.provider.clone())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("ring has cipher suites of both")
            .with_no_client_auth()
            .with_cert_resolver(self.offers.clone())
    }

    /// Where the certificates are.
    #[must_use]
    pub fn files(&self) -> &[CertificateFiles] {
        &self.files
    }

    /// When the first of the certificates ends, in seconds since the epoch.
    #[must_use]
    pub fn expires_s(&self) -> Option<i64> {
        self.offers.now().iter().map(|offer| offer.expires_s).min()
    }

    /// Reads the files again. Blocks.
    ///
    /// # Errors
    /// See [`Self::load`]; then everything stays as it was.
    pub fn reload(&self) -> Result<(), Vec<(usize, HttpsFault)>> {
        let next = read(&self.files, &self.offers.provider)?;
        *self.offers.now.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// When the files were changed, as far as they can be seen.
    fn changed(&self) -> Vec<Option<SystemTime>> {
        let files = self.files.iter().flat_map(|pair| [&pair.chain, &pair.key]);
        files.map(|file| std::fs::metadata(file).and_then(|about| about.modified()).ok()).collect()
    }

    /// Looks at the files again and again and reads them when they have changed. Files that cannot be used are told, and
    /// what is offered stays.
    pub async fn follow(self) {
        let look = |https: &Self| {
            let https = https.clone();
            tokio::task::spawn_blocking(move || https.changed())
        };
        let mut seen = look(&self).await.unwrap_or_default();
        let mut warned_s = 0;
        let mut turns = tokio::time::interval(LOOK);
        turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            turns.tick().await;
            self.say_age(&mut warned_s);
            let Ok(now) = look(&self).await else { continue };
            if now == seen {
                continue;
            }
            seen = now;
            let https = self.clone();
            match tokio::task::spawn_blocking(move || https.reload()).await {
                Ok(Ok(())) => info!("the certificates of HTTPS are read anew"),
                // Perhaps one of two files is there already: the next look sees the other.
                Ok(Err(faults)) => {
                    for (i, fault) in faults {
                        warn!("tls.certificate[{i}].{fault}: the one before stays");
                    }
                }
                Err(_) => {}
            }
        }
    }

    fn say_age(&self, warned_s: &mut i64) {
        let now_s = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs()).cast_signed();
        let Some(expires_s) = self.expires_s() else { return };
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        metrics::gauge!("oig_certificate_expires_in_seconds").set((expires_s - now_s) as f64);
        if expires_s - now_s < WARN_DAYS * DAY_S && now_s - *warned_s >= DAY_S {
            *warned_s = now_s;
            warn!(days = (expires_s - now_s).div_euclid(DAY_S), "THE CERTIFICATE OF HTTPS ENDS SOON, or has ended");
        }
    }
}

/// Whether a certificate and its key can be used. Blocks.
///
/// # Errors
/// What is wrong with them.
pub fn check(files: &CertificateFiles) -> Result<(), HttpsFault> {
    Offer::read(files, &rustls::crypto::ring::default_provider()).map(drop)
}

fn read(files: &[CertificateFiles], provider: &CryptoProvider) -> Result<Arc<[Offer]>, Vec<(usize, HttpsFault)>> {
    let (mut offers, mut faults) = (Vec::new(), Vec::new());
    for (i, pair) in files.iter().enumerate() {
        match Offer::read(pair, provider) {
            Ok(offer) => offers.push(offer),
            Err(fault) => faults.push((i, fault)),
        }
    }
    // Cheaper by far for the server, and every new client knows it.
    offers.sort_by_key(|offer| offer.certified.key.algorithm() != SignatureAlgorithm::ECDSA);
    if faults.is_empty() { Ok(offers.into()) } else { Err(faults) }
}

impl Offer {
    fn read(pair: &CertificateFiles, provider: &CryptoProvider) -> Result<Self, HttpsFault> {
        let chain = pem::certificates(&pair.chain).map_err(HttpsFault::Chain)?;
        let key = pem::key(&pair.key).map_err(HttpsFault::Key)?;
        let key = provider.key_provider.load_private_key(key).map_err(|_| HttpsFault::KeyKind)?;
        let (_, own) = X509Certificate::from_der(&chain[0]).map_err(|_| HttpsFault::NoCertificate)?;
        let expires_s = own.validity().not_after.timestamp();
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {}
            Err(_) => return Err(HttpsFault::Mismatch),
        }
        Ok(Self { certified: Arc::new(certified), expires_s })
    }
}

#[cfg(test)]
mod tests;
