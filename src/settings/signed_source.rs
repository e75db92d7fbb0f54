//! `[acl]` and `[licence]`: where a signed document is from, and how long an old one will do. It is fetched by `fetched`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;

/// A table of the settings that names a source, and what holds where it is silent.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    pub name: &'static str,
    file: &'static str,
    every_minutes: u32,
    alarm_hours: u32,
}

/// The certificate server's list. Without it the applications of the database are all there is.
pub const ACL: Section = Section { name: "acl", file: "data/acl.jws", every_minutes: 240, alarm_hours: 24 };

/// The licence server's licence. Without one nothing is counted.
pub const LICENCE: Section =
    Section { name: "licence", file: "data/licence.jws", every_minutes: 240, alarm_hours: 7 * 24 };

/// Where a document is from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignedSource {
    /// As in `https://certificates.example.com:8444/acl`. Without it the file is all there is: for a gateway that does
    /// not reach the server.
    pub url: Option<String>,
    /// A PEM file: the certificate of the server's authority, which signs the document. Without it there is no document.
    pub ca: Option<PathBuf>,
    /// A PEM file with the issuers of which the server's own HTTPS certificate may be; `ca` unless it is set.
    pub tls_ca: Option<PathBuf>,
    /// What the server wants from gateways as a bearer token, if it does.
    pub token: Option<SecretString>,
    /// The last good document. A path that is not absolute begins at the folder of the settings file.
    pub file: Option<PathBuf>,
    /// Between two fetches.
    pub every_minutes: Option<u32>,
    /// A document that is older is an alarm; it is used all the same.
    pub alarm_hours: Option<u32>,
    /// In `[licence]`: for so many days one will do that is not renewed.
    pub grace_days: Option<u32>,
    /// Where a file's path begins.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
}

const MINUTES: std::ops::RangeInclusive<u32> = 1..=7 * 24 * 60;
const GRACE_DAYS: u32 = 30;
const DAYS: std::ops::RangeInclusive<u32> = 1..=366;
const HOURS: std::ops::RangeInclusive<u32> = 1..=366 * 24;

impl SignedSource {
    /// Where the settings file is in this folder.
    pub(super) fn resolve(&mut self, folder: &Path) {
        for file in [&mut self.ca, &mut self.tls_ca].into_iter().flatten() {
            *file = folder.join(&file);
        }
        folder.clone_into(&mut self.folder);
    }

    /// Whether there is a document.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.ca.is_some()
    }

    /// The server, if one is set and the URL is one.
    #[must_use]
    pub fn server(&self) -> Option<Url> {
        self.url.as_ref().and_then(|url| Url::parse(url).ok())
    }

    #[must_use]
    pub fn file(&self, section: Section) -> PathBuf {
        self.folder.join(self.file.as_deref().unwrap_or(Path::new(section.file)))
    }

    #[must_use]
    pub fn every(&self, section: Section) -> Duration {
        Duration::from_secs(u64::from(self.every_minutes.unwrap_or(section.every_minutes)) * 60)
    }

    #[must_use]
    pub fn alarm(&self, section: Section) -> Duration {
        Duration::from_secs(u64::from(self.alarm_hours.unwrap_or(section.alarm_hours)) * 3600)
    }

    #[must_use]
    pub fn grace(&self) -> Duration {
        Duration::from_secs(u64::from(self.grace_days.unwrap_or(GRACE_DAYS)) * 24 * 3600)
    }

    pub(super) fn faults(&self, Section { name, .. }: Section) -> Vec<String> {
        let mut faults = Vec::new();
        if self.grace_days.is_some_and(|days| name != LICENCE.name || !DAYS.contains(&days)) {
            faults.push(format!(
                "{name}.grace_days: is for [licence] alone, and must be {} to {}",
                DAYS.start(),
                DAYS.end()
            ));
        }
        if self.url.is_some() {
            let is_url = |url: &Url| {
                url.scheme() == "https" && url.has_host() && url.username().is_empty() && url.password().is_none()
            };
            if !self.server().as_ref().is_some_and(is_url) {
                faults.push(format!("{name}.url: must begin with https:// and name a server, without a password"));
            }
            if self.ca.is_none() {
                faults.push(format!("{name}.ca: is missing beside url: the document is signed by it"));
            }
        }
        if self.every_minutes.is_some_and(|minutes| !MINUTES.contains(&minutes)) {
            faults.push(format!("{name}.every_minutes: must be {} to {}", MINUTES.start(), MINUTES.end()));
        }
        if self.alarm_hours.is_some_and(|hours| !HOURS.contains(&hours)) {
            faults.push(format!("{name}.alarm_hours: must be {} to {}", HOURS.start(), HOURS.end()));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_comes_over_https_alone_and_every_fault_is_named_with_its_key() {
        let faults = |url: &str| {
            let source = SignedSource { url: Some(url.into()), ca: Some("ca.pem".into()), ..SignedSource::default() };
            source.faults(ACL)
        };
        assert!(faults("https://certs:8444/acl").is_empty() && SignedSource::default().faults(ACL).is_empty());
        for url in ["http://certs/acl", "certs", "https://", "https://oig:open-sesame@certs/acl"] {
            let faults = faults(url);
            assert!(faults.len() == 1 && faults[0].starts_with("acl.url:") && !faults[0].contains("sesame"), "{url}");
        }
        let source = SignedSource {
            url: Some("https://c/".into()),
            every_minutes: Some(0),
            alarm_hours: Some(9000),
            grace_days: Some(1),
            ..SignedSource::default()
        };
        let faults = source.faults(ACL).join("\n");
        for key in ["acl.ca", "acl.every_minutes", "acl.alarm_hours", "acl.grace_days"] {
            assert!(faults.contains(key), "{key} is missing in:\n{faults}");
        }
    }
}
