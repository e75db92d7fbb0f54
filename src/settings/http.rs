//! `[http]` and `[tls]`: where applications and browsers come in, in clear and under TLS. They are served by `app`.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

use super::SettingsFault;
use crate::tls::{CertificateFiles, Https};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Where applications come in.
    pub listen: SocketAddr,
    /// Proxies whose X-Forwarded-For, -Host and -Proto are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Where there is HTTPS (`tls.listen`): networks whose requests are taken in clear all the same.
    pub plain_networks: Vec<String>,
    /// Threads that read and write HTTP; 0 for one per core.
    pub workers: usize,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            trusted_proxies: Vec::new(),
            plain_networks: loopback(),
            workers: 0,
        }
    }
}

/// What this machine calls itself by.
pub(super) fn loopback() -> Vec<String> {
    vec!["127.0.0.0/8".into(), "::1/128".into()]
}

/// HTTPS beside plain HTTP.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Where applications and browsers come in under TLS; nowhere without it.
    pub listen: Option<SocketAddr>,
    /// The certificates, one for each kind of key: ECDSA, and RSA for old clients. A path that is not absolute begins at
    /// the folder of the settings file. They are read again when they change.
    #[serde(rename = "certificate")]
    pub certificates: Vec<CertificateFiles>,
}

impl Tls {
    pub(super) fn faults(&self) -> Vec<String> {
        match (self.listen, self.certificates.len()) {
            (Some(_), 0) => vec!["tls.certificate: is missing beside listen".into()],
            (_, 0..=8) => Vec::new(),
            _ => vec!["tls.certificate: at most 8 of them".into()],
        }
    }

    /// The certificates, read; `None` where there is no HTTPS.
    ///
    /// # Errors
    /// Every fault that was found, each with its key.
    pub fn load(&self) -> Result<Option<Https>, SettingsFault> {
        if self.listen.is_none() {
            return Ok(None);
        }
        Https::load(&self.certificates).map(Some).map_err(|faults| {
            SettingsFault::Invalid(faults.into_iter().map(|(i, f)| format!("tls.certificate[{i}].{f}")).collect())
        })
    }
}
