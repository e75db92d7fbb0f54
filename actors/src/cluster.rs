//! What is known of the nodes: configured addresses, connection states and directories.
//!
//! Written by the NodeSupervisor alone, read by sessions (ids, configuration) and devices (types
//! of other parties). Readers take a lock for the length of a look-up; a writer comes once per
//! connection or directory, so that the lock on the event path is free in practice.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{PoisonError, RwLock};

use schemas::csta::message::{Edition, SpecificInfo};
use schemas::domain::{Ceid, Dn};

/// How an association with a node begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Association {
    /// The node speaks first: SystemStatus, then SystemRegister.
    #[default]
    ServerFirst,
    /// ECMA-354 application session.
    Session,
    /// Neither: the gateway's first frame is a service request, and any answer to it will do.
    None,
}

/// One configured node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSettings {
    pub ceid: Ceid,
    /// What people call it.
    pub name: String,
    /// The address that applications know it by (getIcpId), and where its CSTA port is.
    pub address: IpAddr,
    pub port: u16,
    pub association: Association,
    /// With an application session: what the node wants to know besides, a login for instance.
    pub specific: Option<SpecificInfo>,
    /// What the gateway speaks until it has heard what the node speaks.
    pub edition: Edition,
}

impl NodeSettings {
    #[must_use]
    pub fn socket(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }
}

/// The state of the connection to a node, as applications are told it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LinkState {
    /// Not connected yet, the first attempt is on its way.
    #[default]
    Attempt,
    /// Connected, the association is being made.
    Initializing,
    Connected,
    Failure,
}

/// A line of a node's directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    pub name: String,
    /// Line-appearance buttons; the prime line is not among them.
    pub buttons: Vec<u8>,
}

#[derive(Debug)]
struct Entry {
    settings: NodeSettings,
    link: LinkState,
    /// `None` until the node has told it.
    directory: Option<HashMap<Dn, Listed>>,
}

/// The nodes of the cluster.
#[derive(Debug)]
pub struct Cluster {
    nodes: RwLock<BTreeMap<Ceid, Entry>>,
}

impl Cluster {
    #[must_use]
    pub fn new(nodes: impl IntoIterator<Item = NodeSettings>) -> Self {
        let nodes = nodes
            .into_iter()
            .map(|settings| (settings.ceid, Entry { settings, link: LinkState::Attempt, directory: None }))
            .collect();
        Self { nodes: RwLock::new(nodes) }
    }

    fn read<R>(&self, look: impl FnOnce(&BTreeMap<Ceid, Entry>) -> R) -> R {
        look(&self.nodes.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<R>(&self, change: impl FnOnce(&mut BTreeMap<Ceid, Entry>) -> R) -> R {
        change(&mut self.nodes.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Every configured node.
    #[must_use]
    pub fn settings(&self) -> Vec<NodeSettings> {
        self.read(|nodes| nodes.values().map(|e| e.settings.clone()).collect())
    }

    /// The node configured at this address: the only ones that getIcpId knows.
    #[must_use]
    pub fn at(&self, address: IpAddr) -> Option<(Ceid, LinkState)> {
        self.read(|nodes| nodes.values().find(|e| e.settings.address == address).map(|e| (e.settings.ceid, e.link)))
    }

    #[must_use]
    pub fn link(&self, ceid: Ceid) -> Option<LinkState> {
        self.read(|nodes| nodes.get(&ceid).map(|e| e.link))
    }

    /// Whether the number exists at the node: `None` while its directory is not known.
    #[must_use]
    pub fn has(&self, ceid: Ceid, dn: Dn) -> Option<bool> {
        self.read(|nodes| nodes.get(&ceid)?.directory.as_ref().map(|d| d.contains_key(&dn)))
    }

    /// The line as its node lists it.
    #[must_use]
    pub fn listed(&self, ceid: Ceid, dn: Dn) -> Option<Listed> {
        self.read(|nodes| nodes.get(&ceid)?.directory.as_ref()?.get(&dn).cloned())
    }

    /// Whether any node lists the number.
    #[must_use]
    pub fn is_internal(&self, dn: Dn) -> bool {
        self.read(|nodes| nodes.values().any(|e| e.directory.as_ref().is_some_and(|d| d.contains_key(&dn))))
    }

    /// (connected, configured) nodes, for health and metrics.
    #[must_use]
    pub fn connected(&self) -> (usize, usize) {
        self.read(|nodes| (nodes.values().filter(|e| e.link == LinkState::Connected).count(), nodes.len()))
    }

    pub(crate) fn set_link(&self, ceid: Ceid, link: LinkState) {
        self.write(|nodes| {
            if let Some(entry) = nodes.get_mut(&ceid) {
                entry.link = link;
            }
        });
    }

    pub(crate) fn set_directory(&self, ceid: Ceid, directory: HashMap<Dn, Listed>) {
        self.write(|nodes| {
            if let Some(entry) = nodes.get_mut(&ceid) {
                entry.directory = Some(directory);
            }
        });
    }
}
