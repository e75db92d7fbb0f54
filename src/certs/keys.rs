//! The keys of the certificate server, and of the licence server, on disk: its CA, made at the first start, and the certificate of its own HTTPS where
//! none is set. Everything blocks.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use tracing::info;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::settings::Tls;
use crate::issue::{Authority, IssueFault, Issued, Valid};
use crate::jws::{Signer, Verifier};
use crate::pem;
use crate::storage::certs::entry::Made;
use crate::tls::CertificateFiles;

/// The CA.
pub struct Keys {
    authority: Authority,
    pub signer: Signer,
    /// Its certificate, PEM.
    pub certificate: String,
}

const CERTIFICATE: &str = "ca.cert.pem";
const KEY: &str = "ca.key.pem";

impl Keys {
    /// Reads them; makes them where there are none.
    ///
    /// # Errors
    /// When they cannot be read, or do not belong together.
    pub fn open(folder: &Path, now_s: i64) -> io::Result<Self> {
        let fault = |fault: String| io::Error::other(format!("ca.folder: {}: {fault}", folder.display()));
        let files = [CERTIFICATE, KEY].map(|name| folder.join(name));
        let kept = match files.each_ref().map(|file| file.exists()) {
            [true, true] => {
                let read = |file: &Path| fs::read_to_string(file).map_err(|e| fault(e.to_string()));
                Issued { certificate: read(&files[0])?, key: read(&files[1])? }
            }
            [false, false] => {
                let made = Authority::create(Valid::for_25_years(now_s)).map_err(|e| fault(e.to_string()))?.1;
                // The key first: a certificate without one says that something is lost.
                write(&files[1], &made.key, 0o600).map_err(|e| fault(e.to_string()))?;
                write(&files[0], &made.certificate, 0o644).map_err(|e| fault(e.to_string()))?;
                info!(folder = %folder.display(), "the CA was made; keep a copy of its folder at a safe place");
                made
            }
            [true, false] => return Err(fault(format!("{KEY} is missing"))),
            [false, true] => return Err(fault(format!("{CERTIFICATE} is missing"))),
        };
        let authority = Authority::from_pem(&kept).map_err(|e| fault(e.to_string()))?;
        let signer = Signer::from_pem(&kept.key).map_err(|e| fault(e.to_string()))?;
        let verifier = Verifier::from_pem(kept.certificate.as_bytes()).map_err(|e| fault(e.to_string()))?;
        let signed = signer.sign("try", b"{}").map_err(|e| fault(e.to_string()))?;
        verifier.verify(&signed, "try", 10_000).map_err(|_| fault("the key is not that of the certificate".into()))?;
        Ok(Self { authority, signer, certificate: kept.certificate })
    }

    /// A certificate for an application whose private key is with its owner, for 25 years.
    ///
    /// # Errors
    /// Why there is none.
    pub fn issue(&self, company: &str, application: &str, key: &str, now_s: i64) -> Result<Made, IssueFault> {
        made_of(self.authority.issue_for(company, application, Valid::for_25_years(now_s), key)?)
    }

    /// The files of the server's own HTTPS: those of the settings, or what this CA makes for its names, again when the
    /// names are others.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn https(&self, folder: &Path, tls: &Tls, names: &[String], now_s: i64) -> io::Result<CertificateFiles> {
        if let (Some(chain), Some(key)) = (&tls.certificate, &tls.key) {
            return Ok(CertificateFiles { chain: chain.clone(), key: key.clone() });
        }
        let files = CertificateFiles { chain: folder.join("https.cert.pem"), key: folder.join("https.key.pem") };
        let names_file = folder.join("https.names");
        let joined = names.join("\n");
        let is_made = fs::read_to_string(&names_file).is_ok_and(|kept| kept == joined);
        if !(is_made && pem::certificates(&files.chain).is_ok() && pem::key(&files.key).is_ok()) {
            let fault = |e: IssueFault| io::Error::other(format!("http.names: {e}"));
            let made = self.authority.issue_server(names, Valid::for_25_years(now_s)).map_err(fault)?;
            let chain = format!("{}{}", made.certificate, self.certificate);
            write(&files.key, &made.key, 0o600)?;
            write(&files.chain, &chain, 0o644)?;
            write(&names_file, &joined, 0o644)?;
            info!(names = names.join(", "), "the CA made a certificate for this server's HTTPS");
        }
        Ok(files)
    }
}

/// What is known of a certificate, from its PEM.
///
/// # Errors
/// When it is none.
pub fn made_of(pem: String) -> Result<Made, IssueFault> {
    let der = rustls_pemfile::certs(&mut pem.as_bytes()).next().and_then(Result::ok);
    let der = der.ok_or(IssueFault::Unreadable)?;
    let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| IssueFault::Unreadable)?;
    let serial = certificate.raw_serial().iter().map(|byte| format!("{byte:02x}")).collect();
    let expires_at_ms = certificate.validity().not_after.timestamp() * 1000;
    Ok(Made { serial, expires_at_ms, pem })
}

/// Whole or not at all.
fn write(file: &Path, text: &str, mode: u32) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let part: PathBuf = file.with_extension("part");
    let _ = fs::remove_file(&part);
    let mut to = OpenOptions::new().write(true).create_new(true).mode(mode).open(&part)?;
    to.write_all(text.as_bytes())?;
    to.sync_all()?;
    fs::rename(&part, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_made_once_for_their_owner_alone_and_must_belong_together() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("oig-certs-keys-{}", std::process::id()));
        let ca = folder.join("ca");
        let open = || Keys::open(&ca, 1_790_000_000);
        let (first, again) = (open().expect("made"), open().expect("read"));
        assert_eq!(first.certificate, again.certificate);
        let mode = |name: &str| fs::metadata(ca.join(name)).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(KEY), 0o600);
        let https_for = |name: &str| first.https(&ca, &Tls::default(), &[name.into()], 1_790_000_000).expect("made");
        let https = https_for("localhost");
        let chain = || fs::read_to_string(&https.chain).expect("there");
        let made = chain();
        https_for("localhost");
        assert_eq!(made, chain(), "made once");
        https_for("certs.example");
        assert_ne!(made, chain(), "for other names");
        assert_eq!(mode("https.key.pem"), 0o600);
        fs::copy(ca.join("https.key.pem"), ca.join(KEY)).expect("written");
        assert!(open().is_err(), "another key");
        fs::remove_file(ca.join(KEY)).expect("removed");
        let fault = open().err().expect("half of it").to_string();
        assert!(fault.contains("ca.folder") && fault.contains("ca.key.pem is missing"), "{fault}");
        fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn an_application_gets_what_the_field_has() {
        let folder = std::env::temp_dir().join(format!("oig-certs-issue-{}", std::process::id()));
        let keys = Keys::open(&folder, 1_790_000_000).expect("made");
        let (_, public) = crate::issue::new_key_pair().expect("made");
        let made = keys.issue("Bühne & Co", "Pop", &public, 1_790_000_000).expect("issued");
        let der = rustls_pemfile::certs(&mut made.pem.as_bytes()).next().expect("one").expect("PEM");
        let (_, certificate) = X509Certificate::from_der(&der).expect("X.509");
        assert_eq!(certificate.subject().to_string(), "O=Bühne & Co, OU=R&D, CN=Pop:--:NonTrusted");
        assert_eq!(certificate.issuer().to_string(), "C=CA, ST=ON, L=Ottawa, O=Mitel, OU=R&D, CN=MCS");
        assert_eq!(certificate.version().0, 2, "version 3");
        let years = (certificate.validity().not_after.timestamp() - 1_790_000_000) / (365 * 86_400);
        assert_eq!(years, 25);
        let x509_parser::public_key::PublicKey::RSA(key) = certificate.public_key().parsed().expect("a key") else {
            panic!("RSA");
        };
        assert_eq!(key.key_size(), 2048);
        assert!(made.pem.contains("CERTIFICATE") && !made.pem.contains("PRIVATE"));
        let issuer = rustls_pemfile::certs(&mut keys.certificate.as_bytes()).next().expect("one").expect("PEM");
        let (_, issuer) = X509Certificate::from_der(&issuer).expect("X.509");
        certificate.verify_signature(Some(issuer.public_key())).expect("signed by the CA");
        assert_eq!(made.expires_at_ms, certificate.validity().not_after.timestamp() * 1000);
        assert!(keys.issue("a", "b", "no key", 1_790_000_000).is_err());
        fs::remove_dir_all(&folder).expect("removed");
    }
}
