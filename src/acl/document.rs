//! The access control list as the certificate server signs it and gateways read it: which applications are registered,
//! with the hash of their application password, and which of them are revoked. Both ends use this file; neither I/O nor
//! a clock.

use std::collections::HashSet;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use crate::admission::is_secret;
use crate::jws::{JwsFault, Signer, Verifier};

/// What the header of the signed form says.
pub const KIND: &str = "oig-acl+jws";
/// Bytes of the signed form.
pub const LARGEST: usize = 32 * 1024 * 1024;
/// Applications in one list.
pub const MOST_ENTRIES: usize = 100_000;
/// Characters of a company's or an application's name.
pub const LONGEST_NAME: usize = 128;

/// The list at one time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Document {
    /// Grows with each change of the entries.
    pub version: i64,
    /// When it was signed, by the server's clock: also a list that did not change is signed anew for who asks.
    pub issued_at_ms: i64,
    pub entries: Vec<Entry>,
}

/// A registered application.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    pub company: String,
    pub application: String,
    /// argon2id in PHC form.
    #[serde(serialize_with = "exposed")]
    pub application_password: SecretString,
    /// It has a certificate and may ask for Advanced service.
    pub advanced: bool,
    /// Entries are tagged, never removed.
    pub revoked: bool,
}

fn exposed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

/// Why a list is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentFault {
    #[error("it {0}")]
    Jws(#[from] JwsFault),
    #[error("it cannot be read: {0}")]
    Form(String),
    #[error("it has more than {MOST_ENTRIES} entries")]
    TooMany,
    /// By the place of the entry, from 0.
    #[error("its entry {0} {1}")]
    Entry(usize, &'static str),
}

impl Document {
    /// The signed form.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn sign(&self, signer: &Signer) -> Result<String, JwsFault> {
        let payload = serde_json::to_vec(self).map_err(|_| JwsFault::Malformed)?;
        signer.sign(KIND, &payload)
    }

    /// Reads the signed form. Takes time with its size: a list of 10,000 about 20 ms.
    ///
    /// # Errors
    /// The first thing that is wrong with it; then nothing of it counts.
    pub fn read(text: &str, verifier: &Verifier) -> Result<Self, DocumentFault> {
        let payload = verifier.verify(text, KIND, LARGEST)?;
        // serde's texts repeat what was read.
        let place = |e: serde_json::Error| DocumentFault::Form(format!("line {}, column {}", e.line(), e.column()));
        let document: Self = serde_json::from_slice(&payload).map_err(place)?;
        if document.entries.len() > MOST_ENTRIES {
            return Err(DocumentFault::TooMany);
        }
        let mut names = HashSet::with_capacity(document.entries.len());
        for (i, entry) in document.entries.iter().enumerate() {
            let is_name = |name: &str| !name.trim().is_empty() && name.chars().count() <= LONGEST_NAME;
            if !is_name(&entry.company) || !is_name(&entry.application) {
                return Err(DocumentFault::Entry(i, "has a name that is none"));
            }
            if !is_secret(&entry.application_password) {
                return Err(DocumentFault::Entry(i, "has no argon2id hash"));
            }
            if !names.insert((&entry.company, &entry.application)) {
                return Err(DocumentFault::Entry(i, "is there twice"));
            }
        }
        Ok(document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::hash_secret;
    use crate::issue::{Authority, Valid};

    fn entry(application: &str) -> Entry {
        Entry {
            company: "Example Co".into(),
            application: application.into(),
            application_password: hash_secret(&"app".into()).expect("hashed").into(),
            advanced: false,
            revoked: false,
        }
    }

    #[test]
    fn a_list_is_read_as_it_was_signed_and_a_wrong_one_not_at_all() {
        let kept = Authority::create(Valid::for_25_years(1_790_000_000)).expect("made").1;
        let signer = Signer::from_pem(&kept.key).expect("a key");
        let verifier = Verifier::from_pem(kept.certificate.as_bytes()).expect("a certificate");
        let read = |entries: Vec<Entry>| {
            let document = Document { version: 7, issued_at_ms: 1_790_000_000_000, entries };
            Document::read(&document.sign(&signer).expect("signed"), &verifier)
        };
        let right = read(vec![entry("Pop"), Entry { revoked: true, ..entry("Bühne") }]).expect("read");
        assert_eq!((right.version, right.entries.len(), right.entries[1].revoked), (7, 2, true));
        assert_eq!(right.entries[1].application, "Bühne");
        for (case, entries, expected) in [
            ("twice", vec![entry("Pop"), entry("Pop")], DocumentFault::Entry(1, "is there twice")),
            ("no name", vec![entry(" ")], DocumentFault::Entry(0, "has a name that is none")),
            ("a long name", vec![entry(&"a".repeat(129))], DocumentFault::Entry(0, "has a name that is none")),
            (
                "a password in clear",
                vec![Entry { application_password: "app".into(), ..entry("Pop") }],
                DocumentFault::Entry(0, "has no argon2id hash"),
            ),
        ] {
            assert_eq!(read(entries).err(), Some(expected), "{case}");
        }
        let other = signer.sign(KIND, b"{\"version\":\"secret\"}").expect("signed");
        let fault = Document::read(&other, &verifier).expect_err("no version").to_string();
        assert!(fault.contains("line 1") && !fault.contains("secret"), "{fault}");
        let licence = signer.sign("oig-licence+jws", b"{}").expect("signed");
        assert_eq!(Document::read(&licence, &verifier).err(), Some(DocumentFault::Jws(JwsFault::OtherKind)));
    }
}
