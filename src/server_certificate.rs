//! The certificate that the gateway shows under HTTPS, as an administrator renews it: a key is made here and a request
//! (CSR) for whoever issues certificates, and what comes back is installed; or a certificate and its key are brought.
//!
//! What is installed replaces the files that `[[tls.certificate]]` names, once it is known that it can be used; `tls` reads
//! them anew. A private key never leaves this machine by this way.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use rustls::pki_types::ServerName;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::issue;
use crate::pem::{self, PemFault};
use crate::tls::{self, CertificateFiles, HttpsFault};

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    Ecdsa,
    Rsa,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum CertificateFault {
    #[error("give 1 to {MOST_NAMES} names, each a host name or an IP address")]
    Names,
    #[error("the key or the request cannot be made")]
    Make,
    /// Of the certificate and the key that were given.
    #[error("{0}")]
    Unusable(HttpsFault),
    #[error("the certificate is of none of the keys that are here: give its key, too")]
    NoKey,
    #[error("the certificate is not valid at this time")]
    NotValid,
    #[error("the files of the certificate cannot be written: {0}")]
    Files(io::ErrorKind),
}

impl From<io::Error> for CertificateFault {
    fn from(error: io::Error) -> Self {
        Self::Files(error.kind())
    }
}

/// Names of a certificate.
pub const MOST_NAMES: usize = 16;

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Host names and addresses that it is for.
    pub names: Vec<String>,
    pub subject: String,
    pub issuer: String,
    /// Issued by itself: browsers ask whether they should go on.
    pub own: bool,
    pub from_ms: i64,
    pub until_ms: i64,
    pub kind: &'static str,
    /// SHA-256 of it, as people compare it.
    pub fingerprint: String,
    /// A key was made for a request, whose certificate has not come.
    pub requested: bool,
}

/// What the present one says. Blocks.
///
/// # Errors
/// When the file cannot be read.
pub fn about(files: &CertificateFiles) -> Result<About, HttpsFault> {
    let chain = pem::certificates(&files.chain).map_err(HttpsFault::Chain)?;
    let (_, own) = X509Certificate::from_der(&chain[0]).map_err(|_| HttpsFault::NoCertificate)?;
    let alternative = own.subject_alternative_name().ok().flatten();
    let names =
        alternative.map(|names| names.value.general_names.iter().filter_map(name).collect()).unwrap_or_default();
    let rsa = own.public_key().algorithm.algorithm == x509_parser::oid_registry::OID_PKCS1_RSAENCRYPTION;
    let digest = ring::digest::digest(&ring::digest::SHA256, &chain[0]);
    Ok(About {
        names,
        subject: own.subject().to_string(),
        issuer: own.issuer().to_string(),
        own: own.issuer() == own.subject(),
        from_ms: own.validity().not_before.timestamp() * 1000,
        until_ms: own.validity().not_after.timestamp() * 1000,
        kind: if rsa { "RSA" } else { "ECDSA" },
        fingerprint: digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":"),
        requested: beside(&files.key, "requested").exists(),
    })
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match **bytes {
            [a, b, c, d] => Some(std::net::Ipv4Addr::new(a, b, c, d).to_string()),
            ref bytes => <[u8; 16]>::try_from(bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
        },
        _ => None,
    }
}

/// Makes a key, which waits beside the present one, and gives the request for its certificate, PEM. Asking again forgets
/// the key of before. Blocks; an RSA key takes a second.
///
/// # Errors
/// See [`CertificateFault`].
pub fn request(files: &CertificateFiles, names: &[String], kind: KeyKind) -> Result<String, CertificateFault> {
    let is_name = |name: &String| ServerName::try_from(name.as_str()).is_ok();
    if !(1..=MOST_NAMES).contains(&names.len()) || !names.iter().all(is_name) {
        return Err(CertificateFault::Names);
    }
    let make = |_| CertificateFault::Make;
    let (key, pem) = match kind {
        KeyKind::Ecdsa => {
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(make)?;
            let pem = key.serialize_pem();
            (key, pem)
        }
        KeyKind::Rsa => {
            let (pem, _) = issue::new_key_pair().map_err(|_| CertificateFault::Make)?;
            let pem = secrecy::ExposeSecret::expose_secret(&pem).to_owned();
            (KeyPair::from_pem_and_sign_algo(&pem, &PKCS_RSA_SHA256).map_err(make)?, pem)
        }
    };
    let mut params = CertificateParams::new(names).map_err(|_| CertificateFault::Names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, names[0].as_str());
    let request = params.serialize_request(&key).and_then(|request| request.pem()).map_err(make)?;
    write(&beside(&files.key, "requested"), &pem)?;
    Ok(request)
}

/// Installs a certificate, followed by those of its issuers, PEM. Its key is the one that is given, or that of the
/// request, or the present one. What was before stays beside it, as `.before`. Blocks.
///
/// # Errors
/// See [`CertificateFault`]; then what was there stays.
pub fn install(
    files: &CertificateFiles,
    chain: &str,
    key: Option<&str>,
    now_ms: i64,
) -> Result<About, CertificateFault> {
    let next = CertificateFiles { chain: beside(&files.chain, "next"), key: beside(&files.key, "next") };
    let requested = beside(&files.key, "requested");
    let installed = (|| {
        write(&next.chain, chain)?;
        match key {
            Some(key) => tried(&next, key).map_err(CertificateFault::Unusable)?,
            None => its_key(&next, &[&requested, &files.key])?,
        }
        let about = about(&next).map_err(CertificateFault::Unusable)?;
        if !(about.from_ms..about.until_ms).contains(&now_ms) {
            return Err(CertificateFault::NotValid);
        }
        for (present, before) in
            [(&files.key, beside(&files.key, "before")), (&files.chain, beside(&files.chain, "before"))]
        {
            match fs::read_to_string(present) {
                Ok(text) => write(&before, &text)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        fs::rename(&next.key, &files.key)?;
        fs::rename(&next.chain, &files.chain)?;
        if key.is_none() {
            let _ = fs::remove_file(&requested); // it was the present key, perhaps
        }
        Ok(about)
    })();
    for file in [&next.chain, &next.key] {
        let _ = fs::remove_file(file); // gone where it was installed
    }
    installed
}

/// Finds the key of the certificate that is to come among those that are here.
fn its_key(next: &CertificateFiles, here: &[&PathBuf]) -> Result<(), CertificateFault> {
    for key in here.iter().filter_map(|file| fs::read_to_string(file).ok()) {
        match tried(next, &key) {
            Ok(()) => return Ok(()),
            Err(fault @ (HttpsFault::Chain(_) | HttpsFault::NoCertificate)) => {
                return Err(CertificateFault::Unusable(fault));
            }
            Err(_) => {}
        }
    }
    Err(CertificateFault::NoKey)
}

/// Whether the certificate that is to come can be used with this key.
fn tried(next: &CertificateFiles, key: &str) -> Result<(), HttpsFault> {
    write(&next.key, key).map_err(|error| HttpsFault::Key(PemFault::Unreadable(error.kind())))?;
    tls::check(next)
}

fn beside(file: &Path, what: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{what}"));
    file.with_file_name(name)
}

/// For the gateway's own user alone.
fn write(file: &Path, text: &str) -> io::Result<()> {
    let _ = fs::remove_file(file); // else it keeps the mode that it has
    let mut open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    open.write_all(text.as_bytes())?;
    open.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issue::{Authority, Valid};

    const NOW_S: i64 = 1_790_000_000;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("oig-server-certificate-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).expect("a folder");
            Self(folder)
        }

        /// With a certificate in it.
        fn files(&self, authority: &Authority) -> CertificateFiles {
            let files = CertificateFiles { chain: self.0.join("chain.pem"), key: self.0.join("key.pem") };
            let made = authority.issue_server(&["old.example".into()], Valid::for_25_years(NOW_S)).expect("issued");
            fs::write(&files.chain, made.certificate).expect("written");
            fs::write(&files.key, made.key).expect("written");
            files
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn authority() -> Authority {
        Authority::create(Valid::for_25_years(NOW_S)).expect("made").0
    }

    /// As an issuer answers a request.
    fn signed(authority: &Authority, request: &str, valid: Valid) -> String {
        authority.sign_request(request, valid).expect("signed")
    }

    #[test]
    fn a_certificate_is_asked_for_and_installed_with_the_key_that_was_made_for_it() {
        let (folder, authority) = (Folder::new("asked"), authority());
        let files = folder.files(&authority);
        let before = fs::read_to_string(&files.key).expect("read");
        for (kind, word) in [(KeyKind::Ecdsa, "ECDSA"), (KeyKind::Rsa, "RSA")] {
            let names = ["gateway.example".to_owned(), "10.0.0.9".into(), "::1".into()];
            let request = request(&files, &names, kind).expect("made");
            assert!(about(&files).expect("read").requested);
            assert!(!request.contains("PRIVATE"));
            let about = install(&files, &signed(&authority, &request, Valid::for_25_years(NOW_S)), None, NOW_S * 1000);
            let about = about.expect("installed");
            assert_eq!((about.names.as_slice(), about.kind, about.own), (&names[..], word, false));
            assert!(!self::about(&files).expect("read").requested);
            tls::check(&files).expect("it can be used");
        }
        assert_ne!(fs::read_to_string(&files.key).expect("read"), before);
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&files.key).expect("there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "nobody else reads the key");
    }

    #[test]
    fn a_certificate_is_brought_with_its_key_or_renewed_for_the_one_that_is_there() {
        let (folder, authority) = (Folder::new("brought"), authority());
        let files = folder.files(&authority);
        let made = authority.issue_server(&["new.example".into()], Valid::for_25_years(NOW_S)).expect("issued");
        install(&files, &made.certificate, Some(&made.key), NOW_S * 1000).expect("installed");
        assert_eq!(about(&files).expect("read").names, ["new.example"]);
        install(&files, &made.certificate, None, NOW_S * 1000).expect("the same again");
    }

    #[test]
    fn what_cannot_be_used_changes_nothing() {
        let (folder, authority) = (Folder::new("wrong"), authority());
        let files = folder.files(&authority);
        let now_ms = NOW_S * 1000;
        let other = authority.issue_server(&["new.example".into()], Valid::for_25_years(NOW_S)).expect("issued");
        let key = fs::read_to_string(&files.key).expect("read");
        let wanted = request(&files, &["gateway.example".into()], KeyKind::Ecdsa).expect("made");
        let ended = signed(&authority, &wanted, Valid { from_s: NOW_S - 10, to_s: NOW_S - 1 });
        let before = about(&files).expect("read");
        for (chain, key, fault) in [
            ("", None, "chain: holds no certificate"),
            ("-----BEGIN CERTIFICATE-----\n###\n-----END CERTIFICATE-----", None, "chain: "),
            (other.certificate.as_str(), None, "none of the keys"),
            (&other.certificate, Some(key.as_str()), "key: is not that of the certificate"),
            (&other.certificate, Some("no key"), "key: holds no private key"),
            (&ended, None, "not valid at this time"),
        ] {
            let found = install(&files, chain, key, now_ms).expect_err("refused").to_string();
            assert!(found.contains(fault), "{found} instead of {fault}");
            assert_eq!(about(&files).expect("read"), before);
        }
        for names in [&[][..], &["a b".to_owned()], &["<b>".to_owned()], &vec!["a.example".to_owned(); MOST_NAMES + 1]]
        {
            assert!(matches!(request(&files, names, KeyKind::Ecdsa), Err(CertificateFault::Names)), "{names:?}");
        }
        let names: Vec<_> = fs::read_dir(&folder.0).expect("read").map(|f| f.expect("read").file_name()).collect();
        assert_eq!(names.len(), 3, "nothing is left over: {names:?}");
    }
}
