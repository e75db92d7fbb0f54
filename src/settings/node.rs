//! `[[node]]`: a node of the cluster, and how the gateway reaches it. Connections are made by `connect`.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rustls::pki_types::ServerName;
use schemas::contract::std::NetworkElementType;
use schemas::csta::message::SpecificInfo;
use schemas::domain::DialPlan;
use schemas::xml::XmlFault;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Cluster element id, 1 to 999.
    pub ceid: u16,
    #[serde(default)]
    pub name: String,
    pub address: IpAddr,
    #[serde(default = "csta_port")]
    pub port: u16,
    /// Port where it serves its configuration forms; without it they are not copied.
    #[serde(default)]
    pub sync_port: Option<u16>,
    #[serde(default)]
    pub association: AssociationStyle,
    /// Edition of CSTA that the gateway speaks until the node has said something.
    #[serde(default)]
    pub edition: CstaEdition,
    /// Number of the node that its resilient phones come up at when it is down: they are monitored there, too.
    #[serde(default)]
    pub secondary: Option<u16>,
    /// With `session`: what the node wants to know besides, such as the login that its maker describes. Text, or
    /// XML elements.
    #[serde(default)]
    pub application_specific_info: Option<SecretString>,
    /// Without it the link is plain TCP.
    #[serde(default)]
    pub tls: Option<NodeTls>,
    /// What kind of system it is, for applications that ask.
    #[serde(default)]
    pub kind: Option<NodeKind>,
    /// How its telephones dial; without it no number is converted for this node.
    #[serde(default)]
    pub dial_plan: Option<DialPlan>,
}

/// Kinds of nodes that the contract has words for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum NodeKind {
    #[serde(rename = "MI_VB")]
    MiVb,
    #[serde(rename = "MI_400")]
    Mi400,
    #[serde(rename = "MI_CC")]
    MiCc,
    #[serde(rename = "MX_ONE")]
    MxOne,
}

impl NodeKind {
    #[must_use]
    pub fn told(self) -> NetworkElementType {
        match self {
            Self::MiVb => NetworkElementType::MiVb,
            Self::Mi400 => NetworkElementType::Mi400,
            Self::MiCc => NetworkElementType::MiCc,
            Self::MxOne => NetworkElementType::MxOne,
        }
    }
}

/// TLS to a node. All files are PEM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeTls {
    /// The issuers of which the node's certificate may be.
    #[schema(value_type = String, min_length = 1, example = "/etc/oig/nodes-ca.pem")]
    pub ca: PathBuf,
    /// The name that must be in it; without it the node's address.
    pub server_name: Option<String>,
    /// The gateway's own certificate, followed by those of its issuers, and its key; both or none.
    #[schema(value_type = Option<String>, min_length = 1)]
    pub client_certificate: Option<PathBuf>,
    #[schema(value_type = Option<String>, min_length = 1)]
    pub client_key: Option<PathBuf>,
}

impl NodeTls {
    /// The name that the certificate of the node at `address` must have.
    ///
    /// # Errors
    /// When what is set is no name.
    pub fn server_name(&self, address: IpAddr) -> Result<ServerName<'static>, &'static str> {
        match &self.server_name {
            None => Ok(ServerName::from(address)),
            Some(name) => ServerName::try_from(name.clone()).map_err(|_| "is neither a host name nor an IP address"),
        }
    }

    /// Every file, where the settings file is at `folder`.
    pub(super) fn resolve(&mut self, folder: &Path) {
        let own = [&mut self.client_certificate, &mut self.client_key].into_iter().flatten();
        for file in own.chain([&mut self.ca]) {
            *file = folder.join(&file);
        }
    }
}

impl Node {
    pub(super) fn specific(&self) -> Result<Option<SpecificInfo>, XmlFault> {
        self.application_specific_info.as_ref().map(|info| SpecificInfo::parse(info.expose_secret())).transpose()
    }
}

/// Of a node that does not say another.
pub(crate) fn csta_port() -> u16 {
    8882
}

/// How an association begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AssociationStyle {
    #[default]
    ServerFirst,
    Session,
    None,
}

/// An edition of CSTA.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CstaEdition {
    Ed3,
    Ed4,
    #[default]
    Ed5,
    Ed6,
}
