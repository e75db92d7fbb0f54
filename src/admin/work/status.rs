//! What the gateway does now: nodes, sessions by kind, the list, the licence, itself.

use actors::allowance::Kind;
use actors::cluster::{LinkState, Stand};
use actors::user::Integration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::documents::{self, AccessControlList, LicenceState};
use crate::admin::Running;
use crate::licence;

/// What the gateway does now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Of the program.
    pub version: String,
    /// When it started, in ms since 1970.
    pub since_ms: i64,
    pub database: String,
    pub nodes: Vec<Node>,
    pub sessions: Vec<Counted>,
    pub access_control_list: AccessControlList,
    pub licence: LicenceState,
    /// When the certificate of HTTPS ends; empty without one.
    pub certificate_until_ms: Option<i64>,
}

/// A node, and the connection to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = NodeLink)]
pub struct Node {
    /// Its number in the cluster.
    pub ceid: u16,
    pub name: String,
    /// Address and CSTA port.
    pub address: String,
    pub state: Link,
    /// Since when it is so, in ms since 1970.
    pub since_ms: Option<i64>,
    /// What ended its connection last, or kept it from being made.
    pub last_fault: Option<String>,
}

/// The connection to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    FirstAttempt,
    Associating,
    Connected,
    NotConnected,
}

impl From<LinkState> for Link {
    fn from(state: LinkState) -> Self {
        match state {
            LinkState::Attempt => Self::FirstAttempt,
            LinkState::Initializing => Self::Associating,
            LinkState::Connected => Self::Connected,
            LinkState::Failure => Self::NotConnected,
        }
    }
}

impl Link {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::FirstAttempt => "first attempt",
            Self::Associating => "associating",
            Self::Connected => "connected",
            Self::NotConnected => "not connected",
        }
    }
}

/// As pages show it.
impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.words())
    }
}

/// Sessions of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CountedSessions)]
pub struct Counted {
    pub kind: SessionKind,
    pub there: usize,
    /// By the licence; empty where nothing is counted.
    pub most: Option<usize>,
}

/// What a session counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    Standard,
    Advanced,
    DataAccess,
    /// Users of the integration.
    Salesforce,
    Google,
}

impl SessionKind {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Advanced => "Advanced",
            Self::DataAccess => "Data access",
            Self::Salesforce => "Salesforce",
            Self::Google => "Google",
        }
    }
}

pub(in crate::admin) fn now(running: &Running, now_ms: i64) -> Status {
    let cluster = &running.gateway.tree.env.cluster;
    let node = |node: actors::cluster::NodeSettings| {
        let Stand { link, since_ms, last_fault, .. } = cluster.stand(node.ceid).unwrap_or_default();
        Node {
            ceid: node.ceid.get(),
            address: node.socket().to_string(),
            state: link.into(),
            since_ms,
            last_fault: last_fault.map(|(_, fault)| fault.to_string()),
            name: node.name,
        }
    };
    let state = running.licences.as_ref().map(|licences| licences.state());
    let allowance = state.as_ref().map(|state| licence::allows(state, running.grace, now_ms));
    let counted = |kind: Kind| Counted {
        kind: match kind {
            Kind::Standard => SessionKind::Standard,
            Kind::Advanced => SessionKind::Advanced,
            Kind::DataAccess => SessionKind::DataAccess,
            Kind::Integration(Integration::Salesforce) => SessionKind::Salesforce,
            Kind::Integration(Integration::Google) => SessionKind::Google,
        },
        there: running.gateway.tree.sessions.count_of(kind),
        most: allowance.and_then(|allowance| allowance.of(kind)),
    };
    Status {
        version: env!("CARGO_PKG_VERSION").into(),
        since_ms: running.since_ms,
        database: running.storage.label(),
        nodes: cluster.settings().into_iter().map(node).collect(),
        sessions: Kind::ALL.map(counted).into(),
        access_control_list: documents::list(running),
        licence: documents::licence(running, now_ms),
        certificate_until_ms: running.https.as_ref().and_then(|https| https.expires_s()).map(|at_s| at_s * 1000),
    }
}
