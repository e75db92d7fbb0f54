//! The settings of the gateway: one TOML file, overridden by `OIG_…` environment variables.
//!
//! Read and checked whole at start; every fault is named with its key. Nothing here opens a file
//! or socket but the settings file itself and the files of trust anchors that it names.

pub mod editable;
mod http;
mod integrations;
mod node;
mod signed_source;
mod storage;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use actors::cluster::{Association, NodeSettings};
use actors::policy;
use actors::quota::{Quota, Quotas};
use ipnet::IpNet;
use schemas::csta::message::Edition;
use schemas::domain::{Ceid, DialPlan};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::http::{Http, Tls};
pub use self::integrations::Integrations;
pub(crate) use self::node::csta_port;
pub use self::node::{AssociationStyle, CstaEdition, Node, NodeKind, NodeTls};
pub use self::signed_source::{ACL, LICENCE, Section, SignedSource};
pub use self::storage::Storage;
use crate::advanced::TrustAnchors;
use crate::http::Numbering;
use crate::http::caller::Ways;

/// Everything that can be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub struct Settings {
    pub http: Http,
    pub tls: Tls,
    pub limits: Limits,
    pub log: Log,
    pub push: Push,
    pub journal: Journal,
    pub storage: Storage,
    pub ha: Ha,
    pub acl: SignedSource,
    pub licence: SignedSource,
    pub advanced: Advanced,
    pub integrations: Integrations,
    #[serde(rename = "node")]
    pub nodes: Vec<Node>,
    #[serde(rename = "application")]
    pub applications: Vec<Application>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Sessions at a time.
    pub sessions: usize,
    /// Open connections at a time; each session needs about three.
    pub connections: usize,
    /// Threads of their own for nodes, devices and sessions; 0 for those of HTTP.
    pub arbiters: usize,
    /// Lines of the flight record, about 100 bytes each; 0 for none.
    pub flight_record: usize,
    /// What one application may use, all its sessions together.
    pub application: ApplicationLimits,
}

/// What one application may use; what is not set is as usual.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ApplicationLimits {
    pub monitors: Option<usize>,
    pub commands_per_second: Option<u32>,
    /// Of the logs of its sessions, in MiB.
    pub log_mib: Option<usize>,
}

impl ApplicationLimits {
    pub(crate) fn over(self, usual: Quota) -> Quota {
        Quota {
            monitors: self.monitors.unwrap_or(usual.monitors),
            commands_per_second: self.commands_per_second.unwrap_or(usual.commands_per_second),
            log_bytes: self.log_mib.map_or(usual.log_bytes, |mib| mib * 1024 * 1024),
        }
    }

    fn faults(self, key: &str) -> Vec<String> {
        let mut faults = Vec::new();
        if self.monitors == Some(0) {
            faults.push(format!("{key}.monitors: must be at least 1"));
        }
        if self.commands_per_second.is_some_and(|rate| !(1..=1_000_000).contains(&rate)) {
            faults.push(format!("{key}.commands_per_second: must be 1 to 1000000"));
        }
        if self.log_mib.is_some_and(|mib| !(1..=LOG_MIB_ALL).contains(&mib)) {
            faults.push(format!("{key}.log_mib: must be 1 to {LOG_MIB_ALL}"));
        }
        faults
    }
}

const LONGEST_FLIGHT_RECORD: usize = 10_000_000;
const LOG_MIB_ALL: usize = policy::LOG_BYTES_ALL / 1024 / 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions: policy::SESSIONS,
            connections: 8192,
            arbiters: 0,
            flight_record: 200_000,
            application: ApplicationLimits::default(),
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `text` or `json`.
    pub format: LogFormat,
    /// As in `info,actors=debug`.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".into() }
    }
}

/// Event handlers that applications host.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Push {
    /// Networks that events may be sent to, as in `10.0.0.0/8`.
    pub allowed_networks: Vec<String>,
    /// A PEM file with the authorities that vouch for handlers behind HTTPS; else those of the system.
    pub ca: Option<PathBuf>,
}

impl Default for Push {
    fn default() -> Self {
        Self { allowed_networks: http::loopback(), ca: None }
    }
}

impl Push {
    /// The networks that are well written.
    #[must_use]
    pub fn networks(&self) -> Vec<IpNet> {
        self.allowed_networks.iter().filter_map(|network| network.parse().ok()).collect()
    }
}

/// What a next process needs to go on after this one was killed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Journal {
    /// Where it is kept; nowhere when it is `None`. A path that is not absolute begins at the folder of the settings
    /// file, and an empty one is none.
    pub folder: Option<PathBuf>,
    /// How long after its start a gateway waits for applications of the one before, besides the contract's time.
    pub grace_s: u64,
}

/// Another gateway that takes over.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ha {
    /// Its address, told at a planned stop to whoever asked for it; the sessions stay in the journal then.
    pub successor: Option<IpAddr>,
}

/// Where the journal of a settings file is that does not say it.
const JOURNAL_FOLDER: &str = "journal";
const LONGEST_GRACE_S: u64 = 3600;

impl Default for Journal {
    fn default() -> Self {
        Self { folder: None, grace_s: 30 }
    }
}

impl Journal {
    /// Where it is when the settings file is in this folder.
    fn resolve(&mut self, folder: &Path) {
        let own = self.folder.take().unwrap_or_else(|| JOURNAL_FOLDER.into());
        self.folder = (!own.as_os_str().is_empty()).then(|| folder.join(own));
    }

    #[must_use]
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_s)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Advanced {
    /// PEM files with the certificates of issuers that are believed. A path that is not absolute
    /// begins at the folder of the settings file.
    pub trust_anchors: Vec<PathBuf>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    pub company: String,
    pub name: String,
    /// argon2id in PHC form, as `oig secret` prints it. With `[acl]` it is the list's, and may be left out here.
    #[serde(default)]
    pub application_password: SecretString,
    /// The password that this site gave to the application, likewise.
    pub local_password: SecretString,
    /// An application that may no longer enter.
    #[serde(default)]
    pub revoked: bool,
    /// What it may ask for.
    #[serde(default)]
    pub service: ServiceLevel,
    /// What it may use, where that differs from `limits.application`.
    #[serde(default)]
    pub limits: ApplicationLimits,
}

impl Application {
    /// As logs and limits name it.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} / {}", self.company, self.name)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ServiceLevel {
    #[default]
    Standard,
    Advanced,
}

/// Where nodes and applications are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    File,
    Database,
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsFault {
    #[error("the settings cannot be read: {0}")]
    Unreadable(#[from] config::ConfigError),
    #[error("the settings are not valid:\n{}", .0.iter().map(|f| format!("  {f}")).collect::<Vec<_>>().join("\n"))]
    Invalid(Vec<String>),
}

impl SettingsFault {
    /// On one line, in the words of somebody who looks at a part of the settings.
    #[must_use]
    pub fn in_short(&self) -> String {
        match self {
            Self::Invalid(faults) => faults.join("; ").replace("the database's ", "").replace("node[0].", ""),
            Self::Unreadable(_) => self.to_string(),
        }
    }
}

impl Settings {
    /// Reads the file and the environment, and checks the whole.
    ///
    /// # Errors
    /// Every fault that was found, each with its key.
    pub fn read(file: &Path) -> Result<Self, SettingsFault> {
        let mut settings: Self = of_file(file, "OIG")?;
        let folder = file.parent().unwrap_or(Path::new(""));
        settings.nodes.iter_mut().filter_map(|node| node.tls.as_mut()).for_each(|tls| tls.resolve(folder));
        for anchors in &mut settings.advanced.trust_anchors {
            *anchors = folder.join(&anchors);
        }
        settings.tls.certificates.iter_mut().for_each(|files| files.resolve(folder));
        settings.journal.resolve(folder);
        settings.storage.resolve(folder);
        settings.acl.resolve(folder);
        settings.licence.resolve(folder);
        settings.check()?;
        Ok(settings)
    }

    /// Checks the whole. Certificate files are for `connect` to read.
    ///
    /// # Errors
    /// Every fault that was found, each with its key.
    pub fn check(&self) -> Result<(), SettingsFault> {
        self.check_in(Source::File)
    }

    /// The same, where nodes and applications are from there: their faults are named as who mends them finds them.
    ///
    /// # Errors
    /// See [`Self::check`].
    pub fn check_in(&self, source: Source) -> Result<(), SettingsFault> {
        let mut faults = Vec::new();
        if !(1..=policy::SESSIONS).contains(&self.limits.sessions) {
            faults.push(format!("limits.sessions: must be 1 to {}", policy::SESSIONS));
        }
        if self.limits.connections == 0 {
            faults.push("limits.connections: must be at least 1".into());
        }
        if self.limits.flight_record > LONGEST_FLIGHT_RECORD {
            faults.push(format!("limits.flight_record: must be at most {LONGEST_FLIGHT_RECORD}"));
        }
        if self.journal.grace_s > LONGEST_GRACE_S {
            faults.push(format!("journal.grace_s: must be at most {LONGEST_GRACE_S}"));
        }
        faults.extend(self.limits.application.faults("limits.application"));
        faults.extend(self.storage.faults());
        faults.extend(self.acl.faults(ACL));
        faults.extend(self.licence.faults(LICENCE));
        faults.extend(self.tls.faults());
        faults.extend(self.integrations.faults());
        for (key, networks) in
            [("push.allowed_networks", &self.push.allowed_networks), ("http.plain_networks", &self.http.plain_networks)]
        {
            for (i, _) in networks.iter().enumerate().filter(|(_, network)| network.parse::<IpNet>().is_err()) {
                faults.push(format!("{key}[{i}]: is not a network, as 10.0.0.0/8 is"));
            }
        }
        if self.nodes.len() > 250 {
            faults.push("node: at most 250 nodes".into());
        }
        let (mut ceids, mut sockets, mut names) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (i, node) in self.nodes.iter().enumerate() {
            let key = match source {
                Source::File => format!("node[{i}]"),
                Source::Database => format!("the database's node {}", node.ceid),
            };
            if Ceid::new(node.ceid).is_err() {
                faults.push(format!("{key}.ceid: must be 1 to 999"));
            }
            if !ceids.insert(node.ceid) {
                faults.push(format!("{key}.ceid: {} is there twice", node.ceid));
            }
            if node.name.chars().count() > 128 || node.name.chars().any(char::is_control) {
                faults.push(format!("{key}.name: must have at most 128 characters, on one line"));
            }
            if node.port == 0 {
                faults.push(format!("{key}.port: must not be 0"));
            }
            if node.sync_port == Some(0) || node.sync_port == Some(node.port) {
                faults.push(format!("{key}.sync_port: must be another port than that of CSTA, and not 0"));
            }
            if !sockets.insert((node.address, node.port)) {
                faults.push(format!("{key}.address: {}:{} is there twice", node.address, node.port));
            }
            if node.application_specific_info.is_some() && node.association != AssociationStyle::Session {
                faults.push(format!("{key}.application_specific_info: goes with association = \"session\" alone"));
            }
            if let Err(fault) = node.specific() {
                faults.push(format!("{key}.application_specific_info: {fault}"));
            }
            let others = || self.nodes.iter().filter(|other| other.ceid != node.ceid);
            if let Some(secondary) = node.secondary
                && !others().any(|other| other.ceid == secondary)
            {
                faults.push(format!("{key}.secondary: {secondary} is no other node of these settings"));
            }
            for (own, fault) in node.dial_plan.iter().flat_map(DialPlan::faults) {
                faults.push(format!("{key}.dial_plan.{own}: {fault}"));
            }
            if let Some(tls) = &node.tls {
                if let Err(fault) = tls.server_name(node.address) {
                    faults.push(format!("{key}.tls.server_name: {fault}"));
                }
                if tls.client_certificate.is_some() && tls.client_key.is_none() {
                    faults.push(format!("{key}.tls.client_key: is missing beside client_certificate"));
                }
                if tls.client_key.is_some() && tls.client_certificate.is_none() {
                    faults.push(format!("{key}.tls.client_certificate: is missing beside client_key"));
                }
            }
        }
        for (i, application) in self.applications.iter().enumerate() {
            let at = match source {
                Source::File => format!("application[{i}]"),
                Source::Database => format!("the database's application {}", application.label()),
            };
            for (key, text) in [("company", &application.company), ("name", &application.name)] {
                if text.trim().is_empty() || text.len() > 128 {
                    faults.push(format!("{at}.{key}: must have 1 to 128 characters"));
                }
            }
            let believes = !self.advanced.trust_anchors.is_empty() || self.acl.is_set();
            if application.service == ServiceLevel::Advanced && !believes {
                faults.push(format!("{at}.service: advanced needs advanced.trust_anchors or acl.ca"));
            }
            faults.extend(application.limits.faults(&format!("{at}.limits")));
            if !names.insert((&application.company, &application.name)) {
                faults.push(format!("{at}.name: this company has an application of that name already"));
            }
            for (key, secret) in [
                ("application_password", &application.application_password),
                ("local_password", &application.local_password),
            ] {
                // Where there is an access control list, the application password is the list's.
                let listed = key == "application_password" && self.acl.is_set();
                let left_out = listed && secret.expose_secret().is_empty();
                if !left_out && !crate::admission::is_secret(secret) {
                    faults.push(format!("{at}.{key}: is not an argon2id hash; `oig secret` makes one"));
                }
            }
        }
        if let Err(SettingsFault::Invalid(more)) = self.trust_anchors() {
            faults.extend(more);
        }
        if faults.is_empty() { Ok(()) } else { Err(SettingsFault::Invalid(faults)) }
    }

    /// The issuers that are believed, from their files: those of the settings, and the certificate server's.
    ///
    /// # Errors
    /// Every fault that was found, each with its key.
    pub fn trust_anchors(&self) -> Result<TrustAnchors, SettingsFault> {
        let mut files = self.advanced.trust_anchors.clone();
        let own = files.len();
        files.extend(self.acl.ca.clone());
        TrustAnchors::read(&files).map_err(|faults| {
            let key = |i| if i < own { format!("advanced.trust_anchors[{i}]") } else { "acl.ca".into() };
            SettingsFault::Invalid(faults.into_iter().map(|(i, fault)| format!("{}: {fault}", key(i))).collect())
        })
    }

    /// Which ways to the gateway are open.
    #[must_use]
    pub fn ways(&self) -> Ways {
        let networks = || self.http.plain_networks.iter().filter_map(|network| network.parse().ok()).collect();
        Ways {
            trusted_proxies: self.http.trusted_proxies.clone(),
            plain_networks: self.tls.listen.is_some().then(networks),
        }
    }

    /// What each application may use.
    #[must_use]
    pub fn quotas(&self) -> Quotas {
        let usual = self.limits.application.over(Quota::default());
        let own = self.applications.iter().map(|a| (a.label(), a.limits.over(usual))).collect();
        Quotas { usual, own }
    }

    /// What is told of each node's numbers.
    #[must_use]
    pub fn numbering(&self) -> BTreeMap<Ceid, Numbering> {
        let of = |node: &Node| {
            let numbering = Numbering { kind: node.kind.map(NodeKind::told), dial_plan: node.dial_plan.clone() };
            Some((Ceid::new(node.ceid).ok()?, numbering)) // checked before
        };
        self.nodes.iter().filter_map(of).collect()
    }

    /// The nodes as the actors know them.
    #[must_use]
    pub fn node_settings(&self) -> Vec<NodeSettings> {
        self.nodes
            .iter()
            .filter_map(|node| {
                Some(NodeSettings {
                    ceid: Ceid::new(node.ceid).ok()?, // checked before
                    name: node.name.clone(),
                    address: node.address,
                    port: node.port,
                    association: match node.association {
                        AssociationStyle::ServerFirst => Association::ServerFirst,
                        AssociationStyle::Session => Association::Session,
                        AssociationStyle::None => Association::None,
                    },
                    specific: node.specific().ok()?, // checked before
                    edition: match node.edition {
                        CstaEdition::Ed3 => Edition::Ed3,
                        CstaEdition::Ed4 => Edition::Ed4,
                        CstaEdition::Ed5 => Edition::Ed5,
                        CstaEdition::Ed6 => Edition::Ed6,
                    },
                    secondary: node.secondary.and_then(|ceid| Ceid::new(ceid).ok()), // checked before
                })
            })
            .collect()
    }
}

/// Settings as a TOML file and the environment variables of this prefix have them, unchecked.
pub(crate) fn of_file<T: DeserializeOwned>(file: &Path, prefix: &str) -> Result<T, SettingsFault> {
    let read = config::Config::builder()
        .add_source(config::File::from(file).format(config::FileFormat::Toml))
        .add_source(environment(prefix, variables()))
        .build()?;
    Ok(read.try_deserialize()?)
}

/// `OIG_HTTP__LISTEN` is `http.listen`: one underscore is part of a key, two part keys. Every key is
/// in a table, so a variable without two (`OIG_LOG`, `OIG_SETTINGS_FILE`) is none of the settings.
pub(crate) fn environment(prefix: &str, variables: impl IntoIterator<Item = (String, String)>) -> config::Environment {
    let begin = format!("{prefix}_");
    let keys = variables.into_iter().filter(|(name, _)| name.starts_with(&begin) && name.contains("__"));
    config::Environment::with_prefix(prefix)
        .prefix_separator("_")
        .separator("__")
        .try_parsing(true)
        .source(Some(keys.collect()))
}

/// The process's environment, as far as it is text.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::ServerName;

    use super::*;

    fn parse(text: &str, environment_of: &[(&str, &str)]) -> Result<Settings, SettingsFault> {
        let variables = environment_of.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let settings: Settings = config::Config::builder()
            .add_source(config::File::from_str(text, config::FileFormat::Toml))
            .add_source(environment("OIG", variables))
            .build()?
            .try_deserialize()?;
        settings.check()?;
        Ok(settings)
    }

    #[test]
    fn an_empty_file_is_the_default() {
        let settings = parse("", &[]).expect("valid");
        assert_eq!((settings.http.listen.port(), settings.limits.sessions), (8080, 1500));
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let settings = parse(
            "[http]\nlisten = '127.0.0.1:1'\n",
            &[
                ("OIG_HTTP__LISTEN", "127.0.0.1:9000"),
                ("OIG_LIMITS__SESSIONS", "3"),
                ("OIG_LOG", "debug"),
                ("OIG_SETTINGS_FILE", "x"),
            ],
        )
        .expect("valid");
        assert_eq!((settings.http.listen.port(), settings.limits.sessions), (9000, 3));
    }

    #[test]
    fn an_application_has_limits_of_its_own_or_the_usual_ones() {
        let secret =
            "$argon2id$v=19$m=19456,t=2,p=1$3o+m8uTG7xN6DrqajIxSgw$JcB9BUusOiDqV0JBqSh9hRCG+ZYjJEGffvb2tHQnOto";
        let text = format!(
            "[limits]\napplication = {{ monitors = 50 }}\n[[application]]\ncompany = 'A'\nname = 'B'\n\
             application_password = '{secret}'\nlocal_password = '{secret}'\nlimits = {{ log_mib = 2 }}\n"
        );
        let quotas = parse(&text, &[]).expect("valid").quotas();
        assert_eq!(quotas.of("A / B"), Quota { monitors: 50, log_bytes: 2 << 20, ..Quota::default() });
        assert_eq!(quotas.of("A / C"), Quota { monitors: 50, ..Quota::default() });
    }

    #[test]
    fn every_fault_is_named_with_its_key() {
        let text = "[limits]\nsessions = 0\napplication = { monitors = 0, commands_per_second = 0, log_mib = 513 }\n[push]\nallowed_networks = ['10.0.0.0/8', '10.0.0.0/33']\n[[node]]\nceid = 1000\naddress = '127.0.0.1'\nsecondary = 1000\n\
                    [[node]]\nceid = 1000\naddress = '127.0.0.1'\n\
                    [[application]]\ncompany = ''\nname = 'x'\napplication_password = 'plain'\nlocal_password = 'plain'\n";
        let fault = parse(text, &[]).expect_err("not valid").to_string();
        for key in [
            "limits.sessions",
            "limits.application.monitors",
            "limits.application.commands_per_second",
            "limits.application.log_mib",
            "push.allowed_networks[1]",
            "node[0].ceid",
            "node[0].secondary",
            "node[1].ceid",
            "node[1].address",
            "application[0].company",
            "application[0].application_password",
            "application[0].local_password",
        ] {
            assert!(fault.contains(key), "{key} is missing in:\n{fault}");
        }
        assert!(!fault.contains("plain"), "a secret is in:\n{fault}");
    }

    #[test]
    fn trust_anchors_are_read_at_start_and_advanced_applications_need_them() {
        let fixture = |name: &str| format!("{}/tests/fixtures/advanced/{name}", env!("CARGO_MANIFEST_DIR"));
        let anchors = |names: &[&str]| {
            let files: Vec<_> = names.iter().map(|name| fixture(name)).collect();
            parse(&format!("[advanced]\ntrust_anchors = {files:?}\n"), &[])
        };
        let settings = anchors(&["field-ca.cert.pem"]).expect("valid");
        assert!(settings.trust_anchors().is_ok());
        let fault = anchors(&["field-ca.cert.pem", "challenge.txt", "field.cert.pem", "nothing.pem"]);
        let fault = fault.expect_err("not valid").to_string();
        assert!(!fault.contains("trust_anchors[0]"), "{fault}");
        for said in [
            "advanced.trust_anchors[1]: holds no certificate in PEM form",
            "advanced.trust_anchors[2]: certificate 1 in it is not that of an issuer",
            "advanced.trust_anchors[3]: cannot be read",
        ] {
            assert!(fault.contains(said), "{said} is missing in:\n{fault}");
        }
        let application = "[[application]]\ncompany = 'c'\nname = 'x'\nservice = 'advanced'\n\
                           application_password = ''\nlocal_password = ''\n";
        let fault = parse(application, &[]).expect_err("not valid").to_string();
        assert!(fault.contains("application[0].service: advanced needs advanced.trust_anchors"), "{fault}");
    }

    #[test]
    fn a_journal_is_beside_the_settings_unless_they_say_otherwise() {
        for (text, folder) in [
            ("", Some("/etc/oig/journal")),
            ("folder = 'kept'", Some("/etc/oig/kept")),
            ("folder = '/var/lib/oig'", Some("/var/lib/oig")),
            ("folder = ''", None),
        ] {
            let mut settings = parse(&format!("[journal]\n{text}\n"), &[]).expect("valid");
            settings.journal.resolve(Path::new("/etc/oig"));
            assert_eq!(settings.journal.folder.as_deref(), folder.map(Path::new), "{text}");
        }
        assert_eq!(Settings::default().journal.folder, None, "without a file there is none");
        let long = parse("[journal]\ngrace_s = 3601\n[ha]\nsuccessor = '192.0.2.1'\n", &[]);
        assert!(long.expect_err("too long").to_string().contains("journal.grace_s"));
        assert!(parse("[journal]\ngrace_s = 3600\n", &[]).is_ok());
        assert!(parse("[ha]\nsuccessor = 'gateway-b'\n", &[]).is_err(), "an address, no name");
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(parse("[http]\nlissten = '127.0.0.1:1'\n", &[]).is_err());
    }

    #[test]
    fn the_example_is_valid_as_it_stands() {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("oig.example.toml");
        let settings = Settings::read(&example).expect("valid");
        assert_eq!((settings.nodes.len(), settings.applications.len()), (3, 1));
        let lab = crate::commands::lab_settings(([127, 0, 0, 1], 0).into(), &[([127, 0, 0, 11], 1).into()]);
        for node in &settings.nodes {
            assert_eq!((node.kind, &node.dial_plan), (lab.nodes[0].kind, &lab.nodes[0].dial_plan));
        }
    }

    #[test]
    fn what_is_wrong_with_a_dial_plan_is_named_with_its_key() {
        let plan = |more: &str| {
            let plan = "extension_digits = 4, outside_prefix = '9', international_prefix = '011'";
            parse(&format!("{NODE}dial_plan = {{ {plan}, {more} }}\n"), &[])
        };
        assert!(plan("country_code = '1'").is_ok());
        let fault = plan("country_code = '+1', local_area_codes = ['613', 'x']").expect_err("not valid").to_string();
        for key in ["node[0].dial_plan.country_code", "node[0].dial_plan.local_area_codes"] {
            assert!(fault.contains(key), "{key} is missing in {fault}");
        }
        assert!(plan("country_code = '1', aera_codes = []").is_err(), "a misspelt key");
        assert!(plan("trunk_prefix = '9'").is_err(), "a country code is needed");
    }

    const NODE: &str = "[[node]]\nceid = 1\naddress = '127.0.0.1'\n";

    #[test]
    fn every_style_of_association_and_tls_is_read() {
        for style in ["server-first", "session", "none"] {
            let settings = parse(&format!("{NODE}association = '{style}'\ntls = {{ ca = 'ca.pem' }}\n"), &[]);
            let tls = settings.expect("valid").nodes.remove(0).tls.expect("set");
            assert_eq!(tls.server_name([127, 0, 0, 1].into()), Ok(ServerName::from(IpAddr::from([127, 0, 0, 1]))));
        }
    }

    #[test]
    fn what_a_node_wants_to_know_is_checked_and_never_repeated() {
        let info = |style: &str, text: &str| {
            parse(&format!("{NODE}association = '{style}'\napplication_specific_info = '{text}'\n"), &[])
        };
        let fine = info("session", "<login xmlns=\"urn:x\"><password>open-sesame</password></login>").expect("valid");
        assert!(!format!("{fine:?}").contains("sesame"));
        assert!(fine.node_settings()[0].specific.is_some());
        assert!(info("session", "a & b, a text").is_ok());
        let long = "x".repeat(5000);
        for (style, text) in [
            ("none", "open-sesame"),
            ("session", "<login>open-sesame"),
            ("session", "</applicationSpecificInfo>open-sesame<applicationSpecificInfo>"),
            ("session", "<a/></i><i>open-sesame"),
            ("session", "<!DOCTYPE a><a>open-sesame</a>"),
            ("session", &long),
        ] {
            let fault = info(style, text).expect_err(text).to_string();
            assert!(fault.contains("node[0].application_specific_info"), "{fault}");
            assert!(!fault.contains("sesame") && !fault.contains("xxx"), "a secret is in {fault}");
        }
    }

    #[test]
    fn what_is_wrong_with_tls_is_named_with_its_key() {
        for (tls, key) in [
            ("ca = 'x', server_name = 'not a name'", "node[0].tls.server_name"),
            ("ca = 'x', client_certificate = 'x'", "node[0].tls.client_key"),
            ("ca = 'x', client_key = 'x'", "node[0].tls.client_certificate"),
        ] {
            let fault = parse(&format!("{NODE}tls = {{ {tls} }}\n"), &[]).expect_err(tls).to_string();
            assert!(fault.contains(key), "{key} is missing in {fault}");
        }
        // The verification of a node cannot be switched off, and a TLS without issuers is none.
        assert!(parse(&format!("{NODE}tls = {{ ca = 'x', insecure = true }}\n"), &[]).is_err());
        assert!(parse(&format!("{NODE}tls = {{ server_name = 'x' }}\n"), &[]).is_err());
    }
}
