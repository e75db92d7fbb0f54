//! Signed documents in the compact form of RFC 7515 (JWS), RS256 alone: how the access control list and licences travel.
//!
//! The header says what kind of document it is, so that one kind is never taken for the other. What a document means is
//! its owner's (`acl`); nothing of one that is not whole and rightly signed is read.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Why a document is not believed, or none can be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwsFault {
    #[error("is larger than is accepted")]
    TooLarge,
    #[error("is not a signed document, or only a part of one")]
    Malformed,
    #[error("is a signed document of another kind")]
    OtherKind,
    #[error("is not signed by whom it must be from")]
    Signature,
    #[error("the key cannot sign: it must be an RSA key of at least 2048 bits in PKCS#8 form")]
    Key,
    #[error("the issuer's certificate cannot be used")]
    Issuer,
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
}

const ALGORITHM: &str = "RS256";

/// Signs with an issuer's key.
pub struct Signer(RsaKeyPair);

impl Signer {
    /// By a PKCS#8 key in PEM form.
    ///
    /// # Errors
    /// [`JwsFault::Key`].
    pub fn from_pem(key: &str) -> Result<Self, JwsFault> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(key.as_bytes()).map_err(|_| JwsFault::Key)?;
        RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map(Self).map_err(|_| JwsFault::Key)
    }

    /// A document of this kind. Takes about a millisecond.
    ///
    /// # Errors
    /// [`JwsFault::Key`].
    pub fn sign(&self, kind: &str, payload: &[u8]) -> Result<String, JwsFault> {
        let header = Header { alg: ALGORITHM.into(), typ: kind.into() };
        let header = serde_json::to_vec(&header).map_err(|_| JwsFault::Key)?;
        let mut text = URL_SAFE_NO_PAD.encode(header);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut text);
        let mut signature = vec![0; self.0.public().modulus_len()];
        let signed = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature);
        signed.map_err(|_| JwsFault::Key)?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Ok(text)
    }
}

/// Believes documents of certain issuers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Verifier(std::sync::Arc<[Vec<u8>]>);

impl Verifier {
    /// By the certificates of the issuers, in PEM form. Whether they are valid at this time is not looked at: they are
    /// pinned by whoever set them.
    ///
    /// # Errors
    /// [`JwsFault::Issuer`] when there is none, or one is not X.509.
    pub fn from_pem(certificates: &[u8]) -> Result<Self, JwsFault> {
        let key = |der: &[u8]| {
            let (_, certificate) = X509Certificate::from_der(der).map_err(|_| JwsFault::Issuer)?;
            Ok(certificate.public_key().subject_public_key.data.to_vec())
        };
        let mut certificates = certificates;
        let keys = rustls_pemfile::certs(&mut certificates).map(|der| key(&der.map_err(|_| JwsFault::Issuer)?));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(JwsFault::Issuer) } else { Ok(Self(keys.into())) }
    }

    /// What is in a document of this kind, if it has at most so many bytes as text and an issuer signed it.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn verify(&self, text: &str, kind: &str, largest: usize) -> Result<Vec<u8>, JwsFault> {
        if text.len() > largest {
            return Err(JwsFault::TooLarge);
        }
        let text = text.trim_end_matches(['\r', '\n']);
        let (signed, signature) = text.rsplit_once('.').ok_or(JwsFault::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(JwsFault::Malformed)?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| JwsFault::Malformed);
        let signature = decode(signature)?;
        // Before anything in it is read.
        let by = |key: &Vec<u8>| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(signed.as_bytes(), &signature)
        };
        if !self.0.iter().any(|key| by(key).is_ok()) {
            return Err(JwsFault::Signature);
        }
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| JwsFault::Malformed)?;
        if header.alg != ALGORITHM || header.typ != kind {
            return Err(JwsFault::OtherKind);
        }
        decode(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issue::{Authority, Valid};

    #[test]
    fn what_an_issuer_signed_is_believed_and_nothing_else() {
        let authority = || Authority::create(Valid::for_25_years(1_790_000_000)).expect("made").1;
        let (ours, other) = (authority(), authority());
        let text = Signer::from_pem(&ours.key).and_then(|s| s.sign("list", b"{\"a\":1}")).expect("signed");
        let verifier = |pem: &str| Verifier::from_pem(pem.as_bytes()).expect("a certificate");
        let both = verifier(&format!("{}{}", other.certificate, ours.certificate));
        assert_eq!(both.verify(&text, "list", 10_000).as_deref(), Ok(&b"{\"a\":1}"[..]));
        let ours = verifier(&ours.certificate);
        assert_eq!(ours.verify(&format!("{text}\r\n"), "list", 10_000).as_deref(), Ok(&b"{\"a\":1}"[..]));
        let parts: Vec<&str> = text.split('.').collect();
        let [header, payload, signature] = parts[..] else { panic!("three parts") };
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"list"}"#);
        let more = URL_SAFE_NO_PAD.encode(b"{\"a\":2}");
        for (case, text, expected) in [
            (
                "re-signed by another",
                Signer::from_pem(&other.key).and_then(|s| s.sign("list", b"{\"a\":1}")).expect("signed"),
                JwsFault::Signature,
            ),
            ("another payload", format!("{header}.{more}.{signature}"), JwsFault::Signature),
            ("no algorithm", format!("{none}.{payload}."), JwsFault::Signature),
            ("another header", format!("{none}.{payload}.{signature}"), JwsFault::Signature),
            ("truncated in the signature", text[..text.len() - 6].into(), JwsFault::Signature),
            ("truncated in a letter of the signature", text[..text.len() - 1].into(), JwsFault::Malformed),
            ("truncated in the payload", text[..header.len() + 5].into(), JwsFault::Malformed),
            ("empty", String::new(), JwsFault::Malformed),
            ("no base64", format!("{header}.{payload}.&&&&"), JwsFault::Malformed),
            ("too large", "a".repeat(10_001), JwsFault::TooLarge),
        ] {
            assert_eq!(ours.verify(&text, "list", 10_000), Err(expected), "{case}");
        }
        assert_eq!(ours.verify(&text, "licence", 10_000), Err(JwsFault::OtherKind));
        assert!(matches!(Signer::from_pem("no key"), Err(JwsFault::Key)));
        assert!(matches!(Verifier::from_pem(b""), Err(JwsFault::Issuer)));
    }
}
