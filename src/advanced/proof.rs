//! Proof that an application holds the key of its certificate: its RSA signature (PKCS#1 v1.5) over
//! the bytes of a challenge, with MD5, SHA-1 or SHA-256. Verifies only; pure, and slow enough
//! (fractions of a millisecond) to be run on admission's threads.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use ring::signature::{
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters, UnparsedPublicKey,
};
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::{Pkcs1v15Sign, PublicKey as LegacyKey};

/// Characters of a signature as text: 512 bytes as `-128, ` each, and some.
const LONGEST: usize = 4096;
/// Bytes of a signature by the largest key that is accepted.
const MOST_BYTES: usize = 512;

/// The RSA key of a certificate, whose size was looked at.
#[derive(Debug, Clone)]
pub struct PublicKey {
    der: Vec<u8>,
    /// For the one digest that ring does not know.
    legacy: LegacyKey,
}

impl PublicKey {
    /// Of the form that certificates hold.
    #[must_use]
    pub fn from_pkcs1(der: &[u8]) -> Option<Self> {
        Some(Self { der: der.to_vec(), legacy: LegacyKey::from_pkcs1_der(der).ok()? })
    }

    /// Whether `signature` is this key's over `text`, by any digest that is accepted.
    #[must_use]
    pub fn signed(&self, text: &str, signature: &[u8]) -> bool {
        let by = |parameters: &'static RsaParameters| {
            UnparsedPublicKey::new(parameters, &self.der).verify(text.as_bytes(), signature).is_ok()
        };
        by(&RSA_PKCS1_2048_8192_SHA256)
            || by(&RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY)
            || self.legacy.verify(Pkcs1v15Sign::new::<Md5>(), &Md5::digest(text), signature).is_ok()
    }
}

/// The bytes of a signature: a list of signed bytes as Java prints one, `[58, -40, -114]`, or base64
/// with or without line breaks. `None` when it is neither.
#[must_use]
pub fn read_signature(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    let bytes = match text.strip_prefix('[') {
        Some(list) => list
            .strip_suffix(']')?
            .split(',')
            .map(|number| number.trim().parse::<i8>().ok().map(i8::cast_unsigned))
            .collect::<Option<Vec<u8>>>()?,
        None => {
            let body: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            STANDARD.decode(body).ok()?
        }
    };
    (1..=MOST_BYTES).contains(&bytes.len()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advanced::TrustAnchors;

    #[test]
    fn both_forms_of_a_signature_are_read_and_nothing_else() {
        let bytes = vec![58, 216, 142];
        for text in ["[58,-40,-114]", "[58, -40, -114]", " [ 58 ,-40,\n-114 ] ", "OtiO", "Ot\r\niO\n"] {
            assert_eq!(read_signature(text), Some(bytes.clone()), "{text:?}");
        }
        let (long_list, long_text) = (format!("[{}1]", "1,".repeat(512)), "A".repeat(8192));
        for text in [
            "", "[]", "[1", "1]", "[256]", "[128]", "[-129]", "[1,,2]", "[1;2]", "[[1]]", "[a]", "OtiO!", "O", "[1.5]",
            &long_list, &long_text,
        ] {
            assert_eq!(read_signature(text), None, "{text:?}");
        }
        assert_eq!(read_signature(&format!("[{}1]", "-1, ".repeat(511))).map(|b| b.len()), Some(512));
    }

    #[test]
    fn what_openssl_signed_is_proven_by_each_digest_in_each_form() {
        let text = include_str!("../../tests/fixtures/advanced/challenge.txt");
        let mut anchors = TrustAnchors::default();
        anchors.add(include_bytes!("../../tests/fixtures/advanced/field-ca.cert.pem")).expect("an issuer");
        let certificate = include_str!("../../tests/fixtures/advanced/field.cert.pem");
        let key = anchors.prove(certificate, "Example Co", "Console", IN_2030_S).expect("accepted");
        for signature in [
            include_str!("../../tests/fixtures/advanced/md5.signature.base64"),
            include_str!("../../tests/fixtures/advanced/sha1.signature.base64"),
            include_str!("../../tests/fixtures/advanced/sha256.signature.base64"),
        ] {
            let bytes = read_signature(signature).expect("base64");
            let list = format!("{:?}", bytes.iter().map(|b| b.cast_signed()).collect::<Vec<_>>());
            for form in [signature, &list] {
                let bytes = read_signature(form).expect("a signature");
                assert!(key.signed(text, &bytes));
                assert!(!key.signed("another challenge", &bytes));
                let mut other = bytes.clone();
                other[100] ^= 1;
                assert!(!key.signed(text, &other));
                assert!(!key.signed(text, &bytes[1..]));
            }
        }
    }

    const IN_2030_S: i64 = 1_900_000_000;
}
