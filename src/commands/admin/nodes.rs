//! `oig admin add-node`, `change-node`: what is said of a node on the command line. Dial plans are for the settings file,
//! the page and the API.

use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Args;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::super::asked;
use super::Desk;
use crate::admin::work::nodes::NodeSettings;
use crate::settings::{AssociationStyle, CstaEdition, NodeKind, NodeTls};

#[derive(Debug, Args)]
pub(super) struct AddNode {
    /// Its number in the cluster, 1 to 999.
    ceid: u16,
    /// Its IP address.
    address: IpAddr,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
pub(super) struct ChangeNode {
    /// Its number in the cluster; it stays.
    ceid: u16,
    #[arg(long)]
    address: Option<IpAddr>,
    #[command(flatten)]
    how: How,
}

/// How a node is reached; what is not said stays, or is as usual.
#[derive(Debug, Default, Args)]
struct How {
    #[arg(long)]
    name: Option<String>,
    /// Of CSTA; 8882 as usual.
    #[arg(long)]
    port: Option<u16>,
    /// Port of its configuration forms; 0 for none.
    #[arg(long)]
    sync_port: Option<u16>,
    /// How it begins: server-first, session or none.
    #[arg(long, value_parser = word::<AssociationStyle>)]
    association: Option<AssociationStyle>,
    /// Of CSTA: ed3, ed4, ed5 or ed6.
    #[arg(long, value_parser = word::<CstaEdition>)]
    edition: Option<CstaEdition>,
    /// What system it is: MI_VB, MI_400, MI_CC or MX_ONE.
    #[arg(long, value_parser = word::<NodeKind>)]
    kind: Option<NodeKind>,
    /// The node at which its resilient phones come up when it is down; 0 for none.
    #[arg(long)]
    secondary: Option<u16>,
    /// TLS: the file of the issuers, where the gateway runs.
    #[arg(long, conflicts_with = "no_tls")]
    tls_ca: Option<PathBuf>,
    /// TLS: the name in its certificate; else its address.
    #[arg(long, conflicts_with = "no_tls")]
    tls_server_name: Option<String>,
    /// TLS: the file of the gateway's own certificate, with its key.
    #[arg(long, conflicts_with = "no_tls", requires = "tls_client_key")]
    tls_client_certificate: Option<PathBuf>,
    #[arg(long, conflicts_with = "no_tls", requires = "tls_client_certificate")]
    tls_client_key: Option<PathBuf>,
    /// Plain TCP.
    #[arg(long)]
    no_tls: bool,
    /// Read what the node wants to know besides, such as its login, from standard input.
    #[arg(long, conflicts_with = "no_info")]
    info: bool,
    /// Forget that.
    #[arg(long)]
    no_info: bool,
}

/// A word as the settings file spells it.
pub(super) fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(json!(text)).map_err(|fault| fault.to_string())
}

impl How {
    /// What was said of the node's login.
    fn info(&self) -> anyhow::Result<Option<Option<SecretString>>> {
        Ok(match (self.info, self.no_info) {
            (true, _) => Some(Some(asked::line("what the node wants to know")?)),
            (_, true) => Some(None),
            _ => None,
        })
    }

    fn apply(self, to: &mut NodeSettings) -> anyhow::Result<()> {
        to.name = self.name.unwrap_or_else(|| std::mem::take(&mut to.name));
        to.port = self.port.unwrap_or(to.port);
        to.sync_port = match self.sync_port {
            Some(0) => None,
            port => port.or(to.sync_port),
        };
        to.association = self.association.unwrap_or(to.association);
        to.edition = self.edition.unwrap_or(to.edition);
        to.kind = self.kind.or(to.kind);
        to.secondary = match self.secondary {
            Some(0) => None,
            secondary => secondary.or(to.secondary),
        };
        let own = [self.tls_server_name.is_some(), self.tls_client_certificate.is_some()];
        if self.no_tls {
            to.tls = None;
        } else if self.tls_ca.is_some() || own.contains(&true) {
            let before = to.tls.take();
            let ca = self.tls_ca.or_else(|| before.as_ref().map(|tls| tls.ca.clone()));
            let before = before.map(|tls| (tls.server_name, tls.client_certificate, tls.client_key));
            let (server_name, certificate, key) = before.unwrap_or_default();
            to.tls = Some(NodeTls {
                ca: ca.context("TLS needs the file of the issuers: --tls-ca")?,
                server_name: self.tls_server_name.or(server_name),
                client_certificate: self.tls_client_certificate.or(certificate),
                client_key: self.tls_client_key.or(key),
            });
        }
        Ok(())
    }
}

impl AddNode {
    pub(super) fn run(self, desk: &impl Desk) -> anyhow::Result<()> {
        let Self { ceid, address, how } = self;
        ensure!(!how.no_info, "a new node has none");
        let mut settings: NodeSettings = serde_json::from_value(json!({ "address": address }))?;
        let info = how.info()?.flatten();
        how.apply(&mut settings)?;
        desk.add_node(ceid, settings, info)?;
        println!("node {ceid} is added; a running gateway connects to it within seconds");
        Ok(())
    }
}

impl ChangeNode {
    pub(super) fn run(self, desk: &impl Desk) -> anyhow::Result<()> {
        let Self { ceid, address, how } = self;
        let read = desk.node(ceid)?;
        let mut settings = read.settings.clone();
        settings.address = address.unwrap_or(settings.address);
        let info = how.info()?;
        how.apply(&mut settings)?;
        desk.change_node(&read, settings, info)?;
        println!("node {ceid} is changed; a running gateway follows within seconds");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(more: serde_json::Value) -> NodeSettings {
        let mut all = json!({ "address": "10.0.0.7", "name": "Head office", "secondary": 8 });
        for (key, value) in more.as_object().expect("an object") {
            all[key] = value.clone();
        }
        serde_json::from_value(all).expect("settings")
    }

    #[test]
    fn what_is_said_of_a_node_is_changed_and_the_rest_stays() {
        let tls = json!({ "tls": { "ca": "ca.pem", "server_name": "node.example" } });
        for (before, how, after) in [
            (json!({}), How::default(), json!({})),
            (
                json!({}),
                How { name: Some(String::new()), port: Some(1), ..How::default() },
                json!({ "name": "", "port": 1 }),
            ),
            (json!({}), How { secondary: Some(0), ..How::default() }, json!({ "secondary": null })),
            (json!({}), How { secondary: Some(9), ..How::default() }, json!({ "secondary": 9 })),
            (
                json!({ "edition": "ed4" }),
                How { kind: Some(NodeKind::MxOne), ..How::default() },
                json!({ "edition": "ed4", "kind": "MX_ONE" }),
            ),
            (tls.clone(), How { no_tls: true, ..How::default() }, json!({})),
            (
                tls.clone(),
                How { tls_ca: Some("b.pem".into()), ..How::default() },
                json!({ "tls": { "ca": "b.pem", "server_name": "node.example" } }),
            ),
            (tls.clone(), How { port: Some(1), ..How::default() }, json!({ "port": 1, "tls": tls["tls"] })),
        ] {
            let mut changed = settings(before.clone());
            how.apply(&mut changed).expect("it can be");
            assert_eq!(changed, settings(after), "{before}");
        }
        let nameless = How { tls_server_name: Some("node.example".into()), ..How::default() };
        assert!(nameless.apply(&mut settings(json!({}))).is_err(), "whose certificates are believed?");
        assert!(word::<CstaEdition>("ed9").is_err() && word::<CstaEdition>("ed3").is_ok());
    }
}
