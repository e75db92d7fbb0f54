//! `[storage]`: where the database is, and how much and how long it is used. It is opened by `storage`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use crate::storage::{Options, Place};

/// The database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// `sqlite:FILE`, `sqlite::memory:` or `postgres://USER:PASSWORD@HOST/DATABASE`. Without it a file beside the
    /// settings file, and in memory where there is no settings file.
    pub url: Option<SecretString>,
    /// The key that secrets in it are sealed with. Without it a file beside that of the database, or `data/oig.key` beside
    /// the settings file.
    pub key_file: Option<PathBuf>,
    /// Connections at a time.
    pub connections: u32,
    /// How long one waits: for a connection, for the server, for another who writes.
    pub wait_ms: u64,
    /// How long a PostgreSQL server may take for one statement.
    pub statement_ms: u64,
    /// Where a file's path begins.
    #[serde(skip)]
    folder: PathBuf,
}

/// Where the database of a settings file is that does not say it.
const FILE: &str = "sqlite:data/oig.db";
/// Where the key of a database server is.
const KEY_FILE: &str = "data/oig.key";

impl Default for Storage {
    fn default() -> Self {
        let folder = PathBuf::new();
        Self { url: None, key_file: None, connections: 4, wait_ms: 5000, statement_ms: 10_000, folder }
    }
}

impl Storage {
    /// Where it is when the settings file is in this folder.
    pub(crate) fn resolve(&mut self, folder: &Path) {
        self.url.get_or_insert_with(|| FILE.into());
        self.folder = folder.to_owned();
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if let Err(fault) = self.place() {
            faults.push(format!("storage.url: {fault}"));
        }
        if !(1..=64).contains(&self.connections) {
            faults.push("storage.connections: must be 1 to 64".into());
        }
        for (key, value) in [("wait_ms", self.wait_ms), ("statement_ms", self.statement_ms)] {
            if !(100..=60_000).contains(&value) {
                faults.push(format!("storage.{key}: must be 100 to 60000"));
            }
        }
        faults
    }

    fn place(&self) -> Result<Place, &'static str> {
        self.url.as_ref().map_or(Ok(Place::Memory), |url| Place::of(url, &self.folder))
    }

    /// As the database is opened.
    ///
    /// # Errors
    /// What is wrong with the URL, without it.
    pub fn options(&self) -> Result<Options, &'static str> {
        let place = self.place()?;
        let named = self.key_file.as_ref().map(|file| self.folder.join(file));
        let key_file = named.or_else(|| match &place {
            Place::Memory => None,
            Place::File(database) => {
                let mut name = database.file_name()?.to_owned();
                name.push(".key");
                Some(database.with_file_name(name))
            }
            Place::Postgres(_) => Some(self.folder.join(KEY_FILE)),
        });
        Ok(Options {
            place,
            key_file,
            connections: self.connections,
            wait: Duration::from_millis(self.wait_ms),
            statement_ms: self.statement_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_beside_the_settings_file_unless_it_says_otherwise() {
        for (url, label) in [
            (None, "SQLite /etc/oig/data/oig.db"),
            (Some("sqlite:kept.db"), "SQLite /etc/oig/kept.db"),
            (Some("sqlite:/var/lib/oig.db"), "SQLite /var/lib/oig.db"),
            (Some("sqlite::memory:"), "SQLite in memory"),
        ] {
            let mut storage = Storage { url: url.map(SecretString::from), ..Storage::default() };
            storage.resolve(Path::new("/etc/oig"));
            assert_eq!(storage.options().expect("valid").place.label(), label);
        }
        let label = Storage::default().options().expect("valid").place.label();
        assert_eq!(label, "SQLite in memory", "without a settings file");
    }

    #[test]
    fn the_key_is_beside_what_it_opens_unless_it_says_otherwise() {
        let postgres = cfg!(feature = "postgres").then_some("postgres://oig@db/oig");
        for (url, key_file, expected) in [
            (Some("sqlite:kept.db"), None, Some("/etc/oig/kept.db.key")),
            (Some("sqlite:/var/lib/oig.db"), None, Some("/var/lib/oig.db.key")),
            (Some("sqlite:/var/lib/oig.db"), Some("own.key"), Some("/etc/oig/own.key")),
            (Some("sqlite::memory:"), None, None),
            (postgres.or(Some("sqlite:data/oig")), None, Some("/etc/oig/data/oig.key")),
        ] {
            let (url, key_file) = (url.map(SecretString::from), key_file.map(PathBuf::from));
            let mut storage = Storage { url, key_file, ..Storage::default() };
            storage.resolve(Path::new("/etc/oig"));
            assert_eq!(storage.options().expect("valid").key_file.as_deref(), expected.map(Path::new));
        }
    }

    #[test]
    fn every_fault_is_named_with_its_key_and_without_a_password() {
        let storage = Storage {
            url: Some("mysql://oig:open-sesame@db/oig".into()),
            connections: 0,
            wait_ms: 0,
            statement_ms: 60_001,
            ..Storage::default()
        };
        let faults = storage.faults().join("\n");
        for key in ["storage.url", "storage.connections", "storage.wait_ms", "storage.statement_ms"] {
            assert!(faults.contains(key), "{key} is missing in:\n{faults}");
        }
        assert!(!faults.contains("sesame") && !format!("{storage:?}").contains("sesame"));
    }
}
