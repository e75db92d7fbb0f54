//! The access control list of the certificate server: which applications are registered at all, and which of them are
//! revoked. What a site adds (local passwords, limits) is in the database.
//!
//! `document` is what both ends read and sign; the gateway's copy is kept by `fetched`. Who may enter is decided by
//! `admission`; `applications` joins both.

pub mod document;

use std::collections::HashMap;

pub use self::document::{Document, DocumentFault, Entry};
use crate::admission::Registered;
use crate::fetched::{Fetched, Signed};
use crate::jws::Verifier;
use crate::settings::{ACL, Application, Section, ServiceLevel};

/// The gateway's copy of the list.
pub type AccessList = Fetched<Document>;

impl Signed for Document {
    const SECTION: Section = ACL;
    const WHAT: &'static str = "access control list";
    const LARGEST: usize = document::LARGEST;
    type Fault = DocumentFault;

    fn read(text: &str, verifier: &Verifier) -> Result<Self, DocumentFault> {
        Self::read(text, verifier)
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn issued_at_ms(&self) -> i64 {
        self.issued_at_ms
    }
}

/// The site's applications as the list lets them be: those that are not on it are left out, the application password is
/// the list's, and what either of the two forbids is forbidden.
#[must_use]
pub fn under(document: &Document, of_site: Vec<Registered>) -> Vec<Registered> {
    let names = |entry: &'_ Entry| (entry.company.clone(), entry.application.clone());
    let entries: HashMap<_, _> = document.entries.iter().map(|entry| (names(entry), entry)).collect();
    let listed = of_site.into_iter().filter_map(|registered| {
        let Registered { application, next_local } = registered;
        let entry = entries.get(&(application.company.clone(), application.name.clone()))?;
        let service = if entry.advanced { application.service } else { ServiceLevel::Standard };
        let application = Application {
            application_password: entry.application_password.clone(),
            revoked: application.revoked || entry.revoked,
            service,
            ..application
        };
        Some(Registered { application, next_local })
    });
    listed.collect()
}

#[cfg(test)]
mod tests {
    use secrecy::{ExposeSecret as _, SecretString};

    use super::*;
    use crate::admission::hash_secret;
    use crate::settings::ApplicationLimits;

    fn hash(text: &str) -> SecretString {
        hash_secret(&text.into()).expect("hashed").into()
    }

    fn entry(application: &str, advanced: bool, revoked: bool) -> Entry {
        let (company, application) = ("Example Co".into(), application.into());
        Entry { company, application, application_password: hash("listed"), advanced, revoked }
    }

    fn of_site(name: &str, service: ServiceLevel, revoked: bool) -> Registered {
        let application = Application {
            company: "Example Co".into(),
            name: name.into(),
            application_password: "".into(),
            local_password: hash("local"),
            revoked,
            service,
            limits: ApplicationLimits::default(),
        };
        application.into()
    }

    #[test]
    fn what_list_or_site_forbids_is_forbidden() {
        use ServiceLevel::{Advanced, Standard};
        let list = Document {
            version: 1,
            issued_at_ms: 0,
            entries: vec![entry("Pop", false, false), entry("Console", true, false), entry("Gone", false, true)],
        };
        for (site, expected) in [
            (of_site("Pop", Standard, false), Some((Standard, false))),
            (of_site("Pop", Advanced, false), Some((Standard, false))),
            (of_site("Console", Advanced, false), Some((Advanced, false))),
            (of_site("Console", Standard, false), Some((Standard, false))),
            (of_site("Console", Advanced, true), Some((Advanced, true))),
            (of_site("Gone", Standard, false), Some((Standard, true))),
            (of_site("Unregistered", Standard, false), None),
        ] {
            let case = site.application.name.clone();
            let got = under(&list, vec![site]).pop().map(|registered| registered.application);
            assert_eq!(got.as_ref().map(|a| (a.service, a.revoked)), expected, "{case}");
            let listed = list.entries.iter().find(|entry| entry.application == case).map(|e| &e.application_password);
            let password = got.as_ref().map(|a| a.application_password.expose_secret());
            assert_eq!(password, listed.map(|hash| hash.expose_secret()), "{case}: the password is the list's");
        }
    }
}
