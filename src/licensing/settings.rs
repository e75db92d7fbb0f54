//! The licence server's settings: one TOML file, overridden by `OIG_LICENCES_…` environment variables. Read and checked
//! whole at start; every fault is named with its key.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::certs::settings::{Ca, Tls, names_faults};
use crate::licence::Counts;
use crate::settings::{Log, SettingsFault, Storage, of_file};

/// Everything that can be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    pub http: Http,
    pub tls: Tls,
    pub ca: Ca,
    pub trial: Trial,
    pub storage: Storage,
    pub log: Log,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Where gateways come in, over HTTPS alone.
    pub listen: SocketAddr,
    /// The server's names and addresses, which its own CA makes a certificate for where `[tls]` names none.
    pub names: Vec<String>,
}

impl Default for Http {
    fn default() -> Self {
        let names = vec!["localhost".into(), "127.0.0.1".into()];
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8445)), names }
    }
}

/// What a gateway gets that asks for the first time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trial {
    /// For so many days; 0 for no trials.
    pub days: u32,
    /// Sessions at a time.
    pub sessions: Counts,
    /// Trials in all: more than a server would ever give are somebody's game.
    pub most: u32,
}

impl Default for Trial {
    fn default() -> Self {
        let sessions = Counts { standard: 10, advanced: 10, data_access: 10, salesforce: 10, google: 10 };
        Self { days: 60, sessions, most: 1_000 }
    }
}

impl Settings {
    /// Reads the file and the environment, and checks the whole.
    ///
    /// # Errors
    /// Every fault that was found, each with its key.
    pub fn read(file: &Path) -> Result<Self, SettingsFault> {
        let mut settings: Self = of_file(file, "OIG_LICENCES")?;
        settings.resolve(file.parent().unwrap_or(Path::new("")));
        settings.check()?;
        Ok(settings)
    }

    /// Where the settings file is in this folder.
    pub fn resolve(&mut self, folder: &Path) {
        self.storage.url.get_or_insert_with(|| "sqlite:data/licences.db".into());
        self.storage.resolve(folder);
        let files = [&mut self.tls.certificate, &mut self.tls.key].into_iter().flatten();
        for file in files.chain([&mut self.ca.folder]) {
            *file = folder.join::<&PathBuf>(file);
        }
    }

    /// # Errors
    /// Every fault that was found, each with its key.
    pub fn check(&self) -> Result<(), SettingsFault> {
        let mut faults = self.storage.faults();
        faults.extend(names_faults(&self.http.names));
        faults.extend(self.tls.faults());
        if self.trial.days > 366 {
            faults.push("trial.days: must be at most 366".into());
        }
        if faults.is_empty() { Ok(()) } else { Err(SettingsFault::Invalid(faults)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::environment;

    fn read(text: &str, variables: &[(&str, &str)]) -> Result<Settings, String> {
        let variables = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        let read = config::Config::builder()
            .add_source(config::File::from_str(text, config::FileFormat::Toml))
            .add_source(environment("OIG_LICENCES", variables))
            .build()
            .and_then(config::Config::try_deserialize::<Settings>);
        let mut settings = read.map_err(|e| e.to_string())?;
        settings.resolve(Path::new("/etc/oig"));
        settings.check().map_err(|e| e.to_string())?;
        Ok(settings)
    }

    #[test]
    fn an_empty_file_is_the_example_and_the_environment_has_the_last_word() {
        let example = read(include_str!("../../licences.example.toml"), &[]).expect("valid");
        let empty = read("", &[]).expect("valid");
        assert_eq!(format!("{example:?}"), format!("{empty:?}"));
        let settings = read("", &[("OIG_LICENCES_TRIAL__DAYS", "0"), ("OIG_HTTP__LISTEN", "1.1.1.1:1")]);
        let settings = settings.expect("valid");
        assert_eq!((settings.trial.days, settings.http.listen.port()), (0, 8445));
        assert_eq!(settings.ca.folder, Path::new("/etc/oig/ca"));
        assert_eq!(settings.storage.options().expect("valid").place.label(), "SQLite /etc/oig/data/licences.db");
    }

    #[test]
    fn every_fault_is_named_with_its_key() {
        for (text, key) in [
            ("[http]\nnames = []", "http.names"),
            ("[tls]\nkey = 'k.pem'", "tls.certificate"),
            ("[trial]\ndays = 367", "trial.days"),
            ("[trial]\nsessions = { standard = -1 }", "trial.sessions.standard"),
            ("[trail]", "trail"),
        ] {
            let told = read(text, &[]).expect_err(text);
            assert!(told.contains(key), "{key} is missing in {told}");
        }
    }
}
