//! Where the database is, from `storage.url`; and the texts of a database server without the URL's secrets.

use std::path::{Path, PathBuf};

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

/// Where the database is.
#[derive(Debug, Clone)]
pub enum Place {
    /// Gone with the process.
    Memory,
    File(PathBuf),
    /// A server, by its whole URL.
    Postgres(SecretString),
}

const NEITHER: &str = "must begin with sqlite: (a file, as in sqlite:data/oig.db, or sqlite::memory:) or postgres://";

impl Place {
    /// Reads a URL; a file's path that is not absolute begins at `folder`.
    ///
    /// # Errors
    /// What is wrong with it, without the URL.
    pub fn of(url: &SecretString, folder: &Path) -> Result<Self, &'static str> {
        let url = url.expose_secret();
        if let Some(file) = url.strip_prefix("sqlite:") {
            // `sqlite:///var/lib/oig.db` names an absolute path, as URLs do.
            let file = file.strip_prefix("//").unwrap_or(file);
            return match file {
                ":memory:" => Ok(Self::Memory),
                "" => Err("names no file"),
                // SQLite would take both for parts of a URI.
                file if file.contains(['?', '\0']) => Err("a file's name must not have a question mark"),
                file => Ok(Self::File(folder.join(file))),
            };
        }
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(NEITHER);
        }
        if !cfg!(feature = "postgres") {
            return Err("this program was built without PostgreSQL (cargo feature `postgres`)");
        }
        let parsed = Url::parse(url).map_err(|_| "is not a well-formed URL")?;
        if parsed.query_pairs().any(|(key, _)| key == "password") {
            return Err("a password goes before the host, as in postgres://user:password@host/database");
        }
        Ok(Self::Postgres(url.to_owned().into()))
    }

    /// As logs name it.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Memory => "SQLite in memory".into(),
            Self::File(file) => format!("SQLite {}", file.display()),
            Self::Postgres(url) => match Url::parse(url.expose_secret()) {
                Ok(url) => {
                    let host = url.host_str().filter(|host| !host.is_empty()).unwrap_or("this machine");
                    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                    format!("PostgreSQL {host}{port}{}", url.path())
                }
                Err(_) => "PostgreSQL".into(),
            },
        }
    }
}

/// What libpq is told besides, where the URL does not say it: so that nobody waits for ever.
#[cfg(feature = "postgres")]
pub(super) fn with_limits(url: &SecretString, wait: std::time::Duration, statement_ms: u64) -> Option<SecretString> {
    let mut url = Url::parse(url.expose_secret()).ok()?;
    let wait_s = wait.as_secs().max(2); // less is taken for 2
    let said = |name: &str| url.query_pairs().any(|(key, _)| key == name);
    let limits = [
        ("connect_timeout", wait_s.to_string()),
        ("tcp_user_timeout", (wait_s * 1000).to_string()),
        ("application_name", "oig".into()),
        ("options", format!("-c statement_timeout={statement_ms} -c lock_timeout={}", wait.as_millis())),
    ];
    let missing: Vec<_> = limits.into_iter().filter(|(name, _)| !said(name)).collect();
    // libpq takes a plus for itself, and a second = for a mistake.
    let more: Vec<_> = missing
        .iter()
        .map(|(name, value)| format!("{name}={}", value.replace(' ', "%20").replace('=', "%3D")))
        .collect();
    let query = url.query().into_iter().map(str::to_owned).chain(more).collect::<Vec<_>>().join("&");
    url.set_query(Some(&query));
    Some(String::from(url).into())
}

/// A server's text without the URL's password, on one line.
#[cfg(feature = "postgres")]
pub(super) fn without_secrets(text: &str, url: &SecretString) -> String {
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(raw) = Url::parse(url.expose_secret()).ok().as_ref().and_then(Url::password) {
        for secret in [raw.to_owned(), decoded(raw)] {
            if !secret.is_empty() {
                text = text.replace(&secret, "…");
            }
        }
    }
    text
}

#[cfg(feature = "postgres")]
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match hex.filter(|_| bytes[at] == b'%') {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Result<Place, &'static str> {
        Place::of(&SecretString::from(url), Path::new("/etc/oig"))
    }

    #[test]
    fn a_place_is_told_by_its_url() {
        for (url, file) in [
            ("sqlite:data/oig.db", "/etc/oig/data/oig.db"),
            ("sqlite://data/oig.db", "/etc/oig/data/oig.db"),
            ("sqlite:///var/lib/oig.db", "/var/lib/oig.db"),
            ("sqlite:/var/lib/oig.db", "/var/lib/oig.db"),
        ] {
            assert!(matches!(of(url), Ok(Place::File(path)) if path == Path::new(file)), "{url}");
        }
        assert!(matches!(of("sqlite::memory:"), Ok(Place::Memory)));
        for url in ["", "mysql://x", "sqlite:", "sqlite:a?mode=ro", "oig.db", "postgres:x"] {
            assert!(of(url).is_err(), "{url}");
        }
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn no_text_of_a_server_shows_the_password() {
        let place = of("postgres://oig:open%20sesame@db.example:5433/oig?sslmode=require").expect("well-formed");
        let Place::Postgres(url) = &place else { panic!("a server") };
        assert_eq!(place.label(), "PostgreSQL db.example:5433/oig");
        assert!(!format!("{place:?}").contains("sesame"));
        let told = without_secrets("FATAL: no \"open sesame\",\n nor open%20sesame", url);
        assert_eq!(told, "FATAL: no \"…\", nor …");
        let limited = with_limits(url, std::time::Duration::from_secs(5), 10_000).expect("a URL");
        let limited = limited.expose_secret();
        for said in
            ["sslmode=require", "connect_timeout=5", "-c%20statement_timeout%3D10000%20-c%20lock_timeout%3D5000"]
        {
            assert!(limited.contains(said), "{said} is missing in {limited}");
        }
        assert!(of("postgres://h/d?password=x").is_err());
        assert!(of("postgres://h:99999/d").is_err());
    }

    #[cfg(not(feature = "postgres"))]
    #[test]
    fn a_program_without_postgresql_says_so() {
        assert!(of("postgres://h/d").expect_err("not built").contains("cargo feature"));
    }
}
