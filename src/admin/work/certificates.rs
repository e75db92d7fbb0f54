//! The certificates of HTTPS: what they say, a request for a next one, and its installation. A private key is taken where
//! it is brought, and never given.

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use utoipa::ToSchema;

use crate::admin::{Running, note};
use crate::server_certificate::{self as certificate, About, CertificateFault, KeyKind, MOST_NAMES};
use crate::storage::By;
use crate::storage::change::now_ms;
use crate::tls::{CertificateFiles, WARN_DAYS};
use crate::web::WebFault;

const DAY_MS: i64 = 86_400_000;
/// Bytes of a certificate with those of its issuers, and of a key.
const LONGEST_CHAIN: usize = 40_000;
const LONGEST_KEY: usize = 10_000;

/// One at a time: two would write the same files.
static TURN: Mutex<()> = Mutex::const_new(());

/// A certificate that the gateway shows under HTTPS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Certificate {
    /// Its place in the settings file (`[[tls.certificate]]`); the first is 1.
    #[schema(minimum = 1, example = 1)]
    pub number: usize,
    /// Empty where it cannot be read.
    pub says: Option<CertificateFacts>,
    /// Why it cannot be read.
    pub fault: Option<String>,
}

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateFacts {
    /// Host names and addresses that it is for.
    pub names: Vec<String>,
    pub subject: String,
    pub issuer: String,
    /// Issued by itself: browsers ask whether they should go on.
    pub self_signed: bool,
    pub from_ms: i64,
    pub until_ms: i64,
    /// It ends within 30 days, or has ended.
    pub ends_soon: bool,
    pub key: CertificateKey,
    /// SHA-256 of it, as people compare it.
    pub fingerprint: String,
    /// A key was made for a request, whose certificate has not come.
    pub requested: bool,
}

/// The kind of a certificate's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CertificateKey {
    /// P-256.
    Ecdsa,
    /// 2048 bits, for old clients.
    Rsa,
}

impl CertificateKey {
    #[must_use]
    pub fn is_rsa(self) -> bool {
        self == Self::Rsa
    }

    /// For people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Ecdsa => "ECDSA",
            Self::Rsa => "RSA",
        }
    }
}

impl From<CertificateKey> for KeyKind {
    fn from(key: CertificateKey) -> Self {
        match key {
            CertificateKey::Ecdsa => Self::Ecdsa,
            CertificateKey::Rsa => Self::Rsa,
        }
    }
}

/// What a certificate is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "names": ["gateway.example", "10.0.0.9"], "key": "ecdsa" })))]
pub struct CertificateWish {
    /// Host names and IP addresses.
    #[schema(min_items = 1, max_items = 16, example = json!(["gateway.example", "10.0.0.9"]))]
    pub names: Vec<String>,
    pub key: CertificateKey,
}

/// A request for a certificate, for whoever issues them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateRequest {
    /// PEM.
    pub request: String,
}

/// A certificate that is to be installed.
// No `Debug`: a key is in it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "certificate": "-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n",
})))]
pub struct NewCertificate {
    /// Followed by those of its issuers; PEM.
    #[schema(min_length = 1, max_length = 40000)]
    pub certificate: String,
    /// PEM; empty where it is the key of the request, or the present one.
    #[schema(value_type = Option<String>, format = Password, max_length = 10000)]
    pub private_key: Option<SecretString>,
}

impl CertificateFacts {
    fn of(about: About, now_ms: i64) -> Self {
        let About { names, subject, issuer, own, from_ms, until_ms, kind, fingerprint, requested } = about;
        Self {
            names,
            subject,
            issuer,
            self_signed: own,
            from_ms,
            until_ms,
            ends_soon: until_ms - now_ms < WARN_DAYS * DAY_MS,
            key: if kind == "RSA" { CertificateKey::Rsa } else { CertificateKey::Ecdsa },
            fingerprint,
            requested,
        }
    }
}

/// Does work with files on a thread that may wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, WebFault> {
    tokio::task::spawn_blocking(work).await.map_err(|_| WebFault::Page)
}

fn files(running: &Running) -> Vec<CertificateFiles> {
    running.https.as_ref().map(|https| https.files().to_vec()).unwrap_or_default()
}

/// The files of the one of this number.
fn at(running: &Running, number: usize) -> Result<CertificateFiles, WebFault> {
    let place = number.checked_sub(1).ok_or(WebFault::NotFound)?;
    files(running).into_iter().nth(place).ok_or(WebFault::NotFound)
}

fn object(number: usize) -> String {
    format!("certificate {number}")
}

fn refused(fault: &CertificateFault) -> WebFault {
    WebFault::sentence(&fault.to_string())
}

/// All of them, by number.
pub(in crate::admin) async fn all(running: &Running) -> Result<Vec<Certificate>, WebFault> {
    let (files, now_ms) = (files(running), now_ms());
    let read = move |(place, files): (usize, &CertificateFiles)| {
        let (says, fault) = match certificate::about(files) {
            Ok(about) => (Some(CertificateFacts::of(about, now_ms)), None),
            Err(fault) => (None, Some(fault.to_string())),
        };
        Certificate { number: place + 1, says, fault }
    };
    blocking(move || files.iter().enumerate().map(read).collect()).await
}

/// The one of this number.
pub(in crate::admin) async fn one(running: &Running, number: usize) -> Result<Certificate, WebFault> {
    all(running).await?.into_iter().find(|certificate| certificate.number == number).ok_or(WebFault::NotFound)
}

/// Makes a key, which waits here, and the request for its certificate. Asking again forgets the key of before.
pub(in crate::admin) async fn request(
    running: &Running,
    number: usize,
    wish: CertificateWish,
    by: &By,
) -> Result<CertificateRequest, WebFault> {
    let files = at(running, number)?;
    // What makes no request is not worth a line.
    if !(1..=MOST_NAMES).contains(&wish.names.len()) {
        return Err(refused(&CertificateFault::Names));
    }
    let _turn = TURN.lock().await;
    note(running, by.clone(), "request", object(number)).await?;
    let made = blocking(move || certificate::request(&files, &wish.names, wish.key.into())).await?;
    made.map(|request| CertificateRequest { request }).map_err(|fault| refused(&fault))
}

/// Installs a certificate: connections that are made from now on have it.
pub(in crate::admin) async fn install(
    running: &Running,
    number: usize,
    new: NewCertificate,
    by: &By,
) -> Result<Certificate, WebFault> {
    let (files, https) = (at(running, number)?, running.https.clone());
    let NewCertificate { certificate: chain, private_key: key } = new;
    let longest = key.as_ref().map_or(0, |key| key.expose_secret().len());
    if chain.len() > LONGEST_CHAIN || longest > LONGEST_KEY {
        let text = format!("A certificate has at most {LONGEST_CHAIN} bytes, and a key {LONGEST_KEY}.");
        return Err(WebFault::Refused(text));
    }
    let _turn = TURN.lock().await;
    note(running, by.clone(), "install", object(number)).await?;
    let installed = blocking(move || {
        let key = key.as_ref().map(|key| key.expose_secret().trim()).filter(|key| !key.is_empty());
        let about = certificate::install(&files, &chain, key, now_ms()).map_err(|fault| refused(&fault))?;
        // Both files are there now: new connections have it from here on.
        let reloaded = https.is_none_or(|https| https.reload().is_ok());
        if reloaded { Ok(about) } else { Err(WebFault::Refused("It is installed, and cannot be read.".into())) }
    });
    let says = CertificateFacts::of(installed.await??, now_ms());
    Ok(Certificate { number, says: Some(says), fault: None })
}
