//! What an application's certificate is worth: read, held against who sent it, and against the
//! trust anchors of the settings. Knows no passwords; nothing of what is read is repeated.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use x509_parser::oid_registry::{OID_PKCS1_MD2WITHRSAENC, OID_PKCS1_MD4WITHRSAENC, OID_PKCS1_MD5WITHRSAENC};
use x509_parser::prelude::{
    ASN1Time, AttributeTypeAndValue, FromDer, ParsedExtension, Validity, X509Certificate, X509Version,
};
use x509_parser::public_key::PublicKey as ParsedKey;

use super::proof::PublicKey;

/// Characters of a certificate in a login; those of the field have about 1,500.
const LONGEST: usize = 16 * 1024;
/// Bytes of one file of trust anchors, and how many anchors there may be.
const LARGEST_FILE: u64 = 1024 * 1024;
const MOST_ANCHORS: usize = 64;
/// Bits of an application's RSA key: fewer can be broken, more only cost time.
const KEY_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// What follows the application's name in the subject's common name.
pub const COMMON_NAME_TAIL: &str = ":--:NonTrusted";

/// Why a certificate is not accepted; the text is for the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    #[error("The certificate is larger than is accepted.")]
    TooLarge,
    #[error("The certificate is not one X.509 certificate in PEM form.")]
    Malformed,
    #[error("The certificate is not of X.509 version 3.")]
    NotVersion3,
    #[error("The certificate is signed with MD5, which is not accepted; it must be issued anew.")]
    Md5,
    #[error("The certificate's key is not an RSA key.")]
    NotRsa,
    #[error("The certificate's RSA key must have 2048 to 4096 bits.")]
    KeySize,
    #[error("The certificate was issued for another application.")]
    OtherApplication,
    #[error("The certificate may not be used to prove an application.")]
    OtherUse,
    /// No anchor of that name, or none whose key made the signature.
    #[error("The certificate's issuer is not trusted by this gateway.")]
    OtherIssuer,
    #[error("The certificate's issuer is not valid at this time.")]
    IssuerNotValid,
    #[error("The certificate has expired.")]
    Expired,
    #[error("The certificate is not valid yet.")]
    NotYetValid,
}

/// The issuers that this gateway believes, as DER.
#[derive(Debug, Clone, Default)]
pub struct TrustAnchors(Vec<Vec<u8>>);

/// What is wrong with a file of trust anchors.
#[derive(Debug, thiserror::Error)]
pub enum AnchorFault {
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("is larger than 1 MiB")]
    TooLarge,
    #[error("holds no certificate in PEM form")]
    Empty,
    #[error("certificate {0} in it is not X.509")]
    Malformed(usize),
    #[error("certificate {0} in it is not that of an issuer")]
    NotAnIssuer(usize),
    #[error("there are more than 64 certificates in all")]
    TooMany,
}

impl TrustAnchors {
    /// Reads the files; each may hold several certificates.
    ///
    /// # Errors
    /// Every fault, with the place of its file in the list.
    pub fn read(files: &[PathBuf]) -> Result<Self, Vec<(usize, AnchorFault)>> {
        let (mut anchors, mut faults) = (Self::default(), Vec::new());
        for (i, file) in files.iter().enumerate() {
            if let Err(fault) = read_file(file).and_then(|pem| anchors.add(&pem)) {
                faults.push((i, fault));
            }
        }
        if faults.is_empty() { Ok(anchors) } else { Err(faults) }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the certificates of a PEM text.
    ///
    /// # Errors
    /// The first that is none, or no issuer's.
    pub fn add(&mut self, pem: &[u8]) -> Result<(), AnchorFault> {
        let before = self.0.len();
        for (i, der) in rustls_pemfile::certs(&mut &*pem).enumerate() {
            let der = der?;
            let (rest, anchor) = X509Certificate::from_der(&der).map_err(|_| AnchorFault::Malformed(i + 1))?;
            if !rest.is_empty() {
                return Err(AnchorFault::Malformed(i + 1));
            }
            if !may_issue(&anchor) {
                return Err(AnchorFault::NotAnIssuer(i + 1));
            }
            self.0.push(der.to_vec());
        }
        match self.0.len() {
            now if now == before => Err(AnchorFault::Empty),
            now if now > MOST_ANCHORS => Err(AnchorFault::TooMany),
            _ => Ok(()),
        }
    }

    /// The key of the certificate in `text`, if it was issued for this application by one of these.
    /// `now_s` is in seconds since the epoch.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn prove(
        &self,
        text: &str,
        company: &str,
        application: &str,
        now_s: i64,
    ) -> Result<PublicKey, CertificateFault> {
        let der = unwrap_pem(text)?;
        let (rest, certificate) = X509Certificate::from_der(&der).map_err(|_| CertificateFault::Malformed)?;
        if !rest.is_empty()
            || certificate.signature_algorithm != certificate.signature
            || certificate.signature_value.unused_bits != 0
        {
            return Err(CertificateFault::Malformed);
        }
        let digest = &certificate.signature_algorithm.algorithm;
        if [OID_PKCS1_MD5WITHRSAENC, OID_PKCS1_MD4WITHRSAENC, OID_PKCS1_MD2WITHRSAENC].contains(digest) {
            return Err(CertificateFault::Md5);
        }
        if certificate.version() != X509Version::V3 {
            return Err(CertificateFault::NotVersion3);
        }
        let key = key(&certificate)?;
        let subject = certificate.subject();
        let is = |mut values: Box<dyn Iterator<Item = &AttributeTypeAndValue<'_>> + '_>, expected: &str| {
            values.next().and_then(|v| v.as_str().ok()) == Some(expected) && values.next().is_none()
        };
        let common_name = format!("{application}{COMMON_NAME_TAIL}");
        if !is(Box::new(subject.iter_organization()), company)
            || !is(Box::new(subject.iter_common_name()), &common_name)
        {
            return Err(CertificateFault::OtherApplication);
        }
        if !may_prove(&certificate) {
            return Err(CertificateFault::OtherUse);
        }
        self.issued(&certificate, now_s)?;
        match at(certificate.validity(), now_s) {
            When::Before => Err(CertificateFault::NotYetValid),
            When::Within => Ok(key),
            When::After => Err(CertificateFault::Expired),
        }
    }

    /// Whether an anchor that is valid signed it.
    fn issued(&self, certificate: &X509Certificate<'_>, now_s: i64) -> Result<(), CertificateFault> {
        let mut fault = CertificateFault::OtherIssuer;
        for der in &self.0 {
            let Ok((_, anchor)) = X509Certificate::from_der(der) else { continue };
            // Names first: a signature costs time.
            if anchor.subject().as_raw() == certificate.issuer().as_raw()
                && certificate.verify_signature(Some(anchor.public_key())).is_ok()
            {
                if at(anchor.validity(), now_s) == When::Within {
                    return Ok(());
                }
                fault = CertificateFault::IssuerNotValid;
            }
        }
        Err(fault)
    }
}

fn read_file(file: &Path) -> Result<Vec<u8>, AnchorFault> {
    if std::fs::metadata(file)?.len() > LARGEST_FILE {
        return Err(AnchorFault::TooLarge);
    }
    Ok(std::fs::read(file)?)
}

/// Old roots sign themselves and say nothing of what they may; others must say that they are a CA.
fn may_issue(anchor: &X509Certificate<'_>) -> bool {
    let says_so = match anchor.basic_constraints() {
        Ok(Some(constraints)) => constraints.value.ca,
        Ok(None) => anchor.subject().as_raw() == anchor.issuer().as_raw(),
        Err(_) => false,
    };
    says_so && anchor.key_usage().is_ok_and(|usage| usage.is_none_or(|usage| usage.value.key_cert_sign()))
}

/// Signatures must not be forbidden, and nothing critical may be there that nobody here knows.
fn may_prove(certificate: &X509Certificate<'_>) -> bool {
    let usage = certificate.key_usage();
    usage.is_ok_and(|usage| usage.is_none_or(|usage| usage.value.digital_signature()))
        && certificate.extensions().iter().filter(|extension| extension.critical).all(|extension| {
            matches!(extension.parsed_extension(), ParsedExtension::KeyUsage(_) | ParsedExtension::BasicConstraints(_))
        })
}

fn key(certificate: &X509Certificate<'_>) -> Result<PublicKey, CertificateFault> {
    let spki = certificate.public_key();
    match spki.parsed() {
        Ok(ParsedKey::RSA(rsa)) => {
            let modulus = rsa.modulus.iter().skip_while(|byte| **byte == 0).count() * 8;
            if !KEY_BITS.contains(&modulus) {
                return Err(CertificateFault::KeySize);
            }
            PublicKey::from_pkcs1(&spki.subject_public_key.data).ok_or(CertificateFault::Malformed)
        }
        Ok(_) => Err(CertificateFault::NotRsa),
        Err(_) => Err(CertificateFault::Malformed),
    }
}

#[derive(Debug, PartialEq)]
enum When {
    Before,
    Within,
    After,
}

fn at(validity: &Validity, now_s: i64) -> When {
    match ASN1Time::from_timestamp(now_s) {
        Ok(now) if now < validity.not_before => When::Before,
        Ok(now) if now <= validity.not_after => When::Within,
        _ => When::After,
    }
}

/// The bytes of a certificate as applications send it: PEM with any line ends or none, what stands
/// before its markers, or base64 alone.
fn unwrap_pem(text: &str) -> Result<Vec<u8>, CertificateFault> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    if text.len() > LONGEST {
        return Err(CertificateFault::TooLarge);
    }
    let body = match text.split_once(BEGIN) {
        None => text,
        Some((_, rest)) => {
            let (body, after) = rest.split_once(END).ok_or(CertificateFault::Malformed)?;
            if after.contains(BEGIN) {
                return Err(CertificateFault::Malformed); // which of them would it be?
            }
            body
        }
    };
    let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(body).ok().filter(|der| !der.is_empty()).ok_or(CertificateFault::Malformed)
}

#[cfg(test)]
mod tests;
