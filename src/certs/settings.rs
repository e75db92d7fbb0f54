//! The certificate server's settings: one TOML file, overridden by `OIG_CERTS_…` environment variables. Read and checked
//! whole at start; every fault is named with its key.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use lettre::message::Mailbox;
use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;

use crate::settings::{Log, SettingsFault, Storage, of_file};

/// Everything that can be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    pub http: Http,
    pub tls: Tls,
    pub ca: Ca,
    pub acl: Acl,
    pub smtp: Smtp,
    pub storage: Storage,
    pub log: Log,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Where browsers and gateways come in, over HTTPS alone.
    pub listen: SocketAddr,
    /// The server's names and addresses, the first as links in mail have it.
    pub names: Vec<String>,
    /// What links in mail begin with, where it is not `https://` the first name and the port.
    pub url: Option<String>,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8444)),
            names: vec!["localhost".into(), "127.0.0.1".into()],
            url: None,
        }
    }
}

/// The server's own certificate. Without one its own CA makes one for `http.names`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// A PEM file: the certificate, followed by those of its issuers.
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

impl Tls {
    pub(crate) fn faults(&self) -> Option<String> {
        let half = self.certificate.is_some() != self.key.is_some();
        half.then(|| "tls.certificate: goes with tls.key, and the other way round".into())
    }
}

/// What is wrong with the names of a server.
pub(crate) fn names_faults(names: &[String]) -> Option<String> {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    let is_name = |name: &String| (1..=253).contains(&name.len()) && name.chars().all(letter);
    if names.is_empty() || names.len() > 32 {
        return Some("http.names: 1 to 32 names or addresses are needed".into());
    }
    (!names.iter().all(is_name)).then(|| "http.names: has one that is neither a host's name nor an address".into())
}

/// The CA that signs certificates of applications and the access control list.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ca {
    /// Where its key is; made at the first start.
    pub folder: PathBuf,
}

impl Default for Ca {
    fn default() -> Self {
        Self { folder: "ca".into() }
    }
}

/// Who may fetch the access control list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Acl {
    /// What gateways have to show as a bearer token; without it everybody may fetch the list, hashes of passwords
    /// included.
    pub token: Option<SecretString>,
}

/// The mail server. Without a host mail is kept, and shown to administrators.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Smtp {
    pub host: Option<String>,
    /// 25, 587 with STARTTLS, 465 with TLS, unless it is set.
    pub port: Option<u16>,
    pub tls: SmtpTls,
    pub user: Option<String>,
    pub password: Option<SecretString>,
    /// Whom mail is from, as in `Certificates <certs@example.com>`.
    pub from: Option<String>,
    /// A PEM file with the issuers of which the mail server's certificate may be; else those of the system.
    pub ca: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    None,
    /// Begins in clear, and does not go on without TLS.
    #[default]
    Starttls,
    /// From the first byte.
    Tls,
}

impl Settings {
    /// Reads the file and the environment, and checks the whole.
    ///
    /// # Errors
    /// Every fault that was found, each with its key.
    pub fn read(file: &Path) -> Result<Self, SettingsFault> {
        let mut settings: Self = of_file(file, "OIG_CERTS")?;
        settings.resolve(file.parent().unwrap_or(Path::new("")));
        settings.check()?;
        Ok(settings)
    }

    /// Where the settings file is in this folder.
    pub fn resolve(&mut self, folder: &Path) {
        self.storage.url.get_or_insert_with(|| "sqlite:data/certs.db".into());
        self.storage.resolve(folder);
        let files = [&mut self.tls.certificate, &mut self.tls.key, &mut self.smtp.ca];
        for file in files.into_iter().flatten().chain([&mut self.ca.folder]) {
            *file = folder.join(&file);
        }
    }

    /// # Errors
    /// Every fault that was found, each with its key.
    pub fn check(&self) -> Result<(), SettingsFault> {
        let mut faults = self.storage.faults();
        faults.extend(names_faults(&self.http.names));
        faults.extend(self.tls.faults());
        let mut fault = |text: &str| faults.push(text.to_owned());
        if self.http.url.as_ref().is_some_and(|url| !is_https(url)) {
            fault("http.url: must begin with https:// and name a server");
        }
        let smtp = &self.smtp;
        if smtp.host.is_some() && smtp.from.is_none() {
            fault("smtp.from: is missing beside smtp.host");
        }
        if smtp.from.as_ref().is_some_and(|from| from.parse::<Mailbox>().is_err()) {
            fault("smtp.from: is no mail address");
        }
        if smtp.port == Some(0) {
            fault("smtp.port: must not be 0");
        }
        if smtp.user.is_some() != smtp.password.is_some() {
            fault("smtp.user: goes with smtp.password, and the other way round");
        }
        if smtp.password.is_some() && smtp.tls == SmtpTls::None {
            fault("smtp.password: is not sent without TLS; set smtp.tls");
        }
        if faults.is_empty() { Ok(()) } else { Err(SettingsFault::Invalid(faults)) }
    }

    /// What links in mail begin with, when the server listens at this address.
    #[must_use]
    pub fn url(&self, address: SocketAddr) -> String {
        if let Some(url) = &self.http.url {
            return url.trim_end_matches('/').to_owned();
        }
        let name = self.http.names.first().map_or("localhost", String::as_str);
        let name = if name.contains(':') { format!("[{name}]") } else { name.to_owned() };
        format!("https://{name}:{}", address.port())
    }
}

fn is_https(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.scheme() == "https" && url.has_host() && url.password().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::environment;

    fn read(text: &str, variables: &[(&str, &str)]) -> Result<Settings, String> {
        let variables = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        let read = config::Config::builder()
            .add_source(config::File::from_str(text, config::FileFormat::Toml))
            .add_source(environment("OIG_CERTS", variables))
            .build()
            .and_then(config::Config::try_deserialize::<Settings>);
        let mut settings = read.map_err(|e| e.to_string())?;
        settings.resolve(Path::new("/etc/oig"));
        settings.check().map_err(|e| e.to_string())?;
        Ok(settings)
    }

    #[test]
    fn an_empty_file_is_enough_and_the_environment_has_the_last_word() {
        let settings = read("", &[("OIG_CERTS_HTTP__LISTEN", "0.0.0.0:444"), ("OIG_HTTP__LISTEN", "1.1.1.1:1")]);
        let settings = settings.expect("valid");
        assert_eq!(settings.http.listen.to_string(), "0.0.0.0:444");
        assert_eq!(settings.ca.folder, Path::new("/etc/oig/ca"));
        assert_eq!(settings.storage.options().expect("valid").place.label(), "SQLite /etc/oig/data/certs.db");
        assert_eq!(settings.url(settings.http.listen), "https://localhost:444");
    }

    #[test]
    fn every_fault_is_named_with_its_key_and_no_secret_is_told() {
        for (text, key) in [
            ("[http]\nnames = []", "http.names"),
            ("[http]\nnames = ['a b']", "http.names"),
            ("[http]\nurl = 'http://certs'", "http.url"),
            ("[tls]\nkey = 'k.pem'", "tls.certificate"),
            ("[smtp]\nhost = 'mail'", "smtp.from"),
            ("[smtp]\nhost = 'mail'\nfrom = 'nobody'", "smtp.from"),
            ("[smtp]\nport = 0", "smtp.port"),
            ("[smtp]\nuser = 'oig'", "smtp.user"),
            ("[smtp]\nuser = 'oig'\npassword = 'sesame'\ntls = 'none'", "smtp.password"),
            ("[smtp]\ntls = 'maybe'", "smtp.tls"),
            ("[storage]\nurl = 'mysql://a:sesame@b'", "storage.url"),
            ("[smpt]", "smpt"),
        ] {
            let told = read(text, &[]).expect_err(text);
            assert!(told.contains(key) && !told.contains("sesame"), "{key} is missing in {told}");
        }
        let secret = read("[smtp]\nuser = 'oig'\npassword = 'sesame'\n[acl]\ntoken = 'sesame'", &[]).expect("valid");
        assert!(!format!("{secret:?}").contains("sesame"));
    }
}
