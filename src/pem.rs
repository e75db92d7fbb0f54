//! Certificates and keys from PEM files, for TLS to nodes and on the simulated node's port.
//!
//! Nothing of a file is in an error. Called by `connect` and `sim::tls`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A bundle of every public authority there is takes a quarter of it.
const LARGEST: u64 = 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum PemFault {
    #[error("cannot be read: {0}")]
    Unreadable(io::ErrorKind),
    #[error("is larger than 1 MiB")]
    TooLarge,
    #[error("is not valid PEM")]
    Malformed,
    #[error("holds no certificate")]
    NoCertificate,
    #[error("holds no private key (an encrypted one is not read)")]
    NoKey,
    #[error("a certificate in it cannot be used")]
    BadCertificate,
}

fn read(file: &Path) -> Result<Vec<u8>, PemFault> {
    let open = File::open(file).map_err(|e| PemFault::Unreadable(e.kind()))?;
    let mut bytes = Vec::new();
    open.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|e| PemFault::Unreadable(e.kind()))?;
    if bytes.len() as u64 > LARGEST { Err(PemFault::TooLarge) } else { Ok(bytes) }
}

/// The certificates of a file, in its order: a chain begins with its owner's.
///
/// # Errors
/// When it cannot be read or holds none.
pub fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, PemFault> {
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(&read(file)?).collect::<Result<_, _>>().map_err(|_| PemFault::Malformed)?;
    if certificates.is_empty() { Err(PemFault::NoCertificate) } else { Ok(certificates) }
}

/// The certificates of a file as issuers that are trusted, and no others.
///
/// # Errors
/// When it cannot be read, holds none, or one that cannot be used.
pub fn authorities(file: &Path) -> Result<RootCertStore, PemFault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|_| PemFault::BadCertificate)?;
    }
    Ok(roots)
}

/// The first private key of a file.
///
/// # Errors
/// When it cannot be read or holds none.
pub fn key(file: &Path) -> Result<PrivateKeyDer<'static>, PemFault> {
    use rustls::pki_types::pem::Error;
    PrivateKeyDer::from_pem_slice(&read(file)?).map_err(|fault| match fault {
        Error::NoItemsFound => PemFault::NoKey,
        _ => PemFault::Malformed,
    })
}
