//! What is known of the nodes: configured addresses, connection states and directories.
//!
//! Written by the NodeSupervisor alone, read by sessions (ids, configuration) and devices (types
//! of other parties). Readers take a lock for the length of a look-up; a writer comes once per
//! connection or directory, so that the lock on the event path is free in practice.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};

use schemas::csta::message::{Edition, SpecificInfo};
use schemas::domain::{Ceid, DeviceRef, Dn, ObjectId, ObjectKind};

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
    /// The node that its resilient phones come up at when it is down.
    pub secondary: Option<Ceid>,
}

impl NodeSettings {
    #[must_use]
    pub fn socket(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }

    /// Whether a connection that was made as this says is the one that the other says.
    pub(crate) fn is_reached_as(&self, other: &Self) -> bool {
        let way = |of: &Self| (of.socket(), of.association, of.edition);
        way(self) == way(other) && self.specific == other.specific
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
    /// Line-appearance buttons of the set's own number; the prime line is not among them.
    pub buttons: Vec<u8>,
    /// Buttons of the set that show another number.
    pub shared: Vec<(u8, Dn)>,
    /// Of a number without a set of its own: where it shows.
    pub shows: Option<Shows>,
}

/// A number that shows at buttons of sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shows {
    /// `None` when the node does not say it.
    pub sharing: Option<Sharing>,
    /// Numbers of sets, with a button each.
    pub at: Vec<(Dn, u8)>,
}

/// How the appearances of a number share its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// One line: in use at one it is in use at all.
    Key,
    /// Each may have a call of its own.
    Multicall,
}

/// What a button of a set is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The number that it shows.
    pub number: Dn,
    /// That number's name in the directory; may be empty.
    pub name: String,
    /// The other lines of the number that are in use when this is, and the other way round.
    pub others: Vec<DeviceRef>,
}

/// How it stands with a node, for whoever runs the gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stand {
    pub link: LinkState,
    /// Since when, in milliseconds since the epoch; `None` before anything came of the first attempt.
    pub since_ms: Option<i64>,
    /// Why the connection ended last, or did not come about, and when.
    pub last_fault: Option<(i64, Arc<str>)>,
    /// Numbers in its directory; `None` while it is not known.
    pub listed: Option<usize>,
}

#[derive(Debug)]
struct Entry {
    settings: NodeSettings,
    link: LinkState,
    since_ms: Option<i64>,
    last_fault: Option<(i64, Arc<str>)>,
    /// `None` until the node has told it.
    directory: Option<HashMap<Dn, Listed>>,
}

impl Entry {
    fn new(settings: NodeSettings) -> Self {
        Self { settings, link: LinkState::Attempt, since_ms: None, last_fault: None, directory: None }
    }
}

/// What the directories of all nodes say of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Nodes that list it; more than one in a cluster, whose numbers are known everywhere.
    nodes: u16,
    /// How it is shared, of a number that shows at buttons of sets.
    pub sharing: Option<Sharing>,
}

#[derive(Debug, Default)]
struct Nodes {
    entries: BTreeMap<Ceid, Entry>,
    /// Of every number in any directory: events ask by number alone, and must not ask 250 nodes each time.
    numbers: HashMap<Dn, Known>,
}

impl Nodes {
    fn set_directory(&mut self, ceid: Ceid, directory: HashMap<Dn, Listed>) {
        let Some(entry) = self.entries.get_mut(&ceid) else { return };
        let shown = |directory: &HashMap<Dn, Listed>| {
            directory.iter().filter(|(_, listed)| listed.shows.is_some()).map(|(dn, _)| *dn).collect::<Vec<_>>()
        };
        let mut shared = shown(&directory);
        for dn in directory.keys() {
            self.numbers.entry(*dn).or_insert(Known { nodes: 0, sharing: None }).nodes += 1;
        }
        if let Some(before) = entry.directory.replace(directory) {
            shared.extend(shown(&before));
            self.forget_numbers(&before);
        }
        self.share(shared);
    }

    fn forget_numbers(&mut self, of: &HashMap<Dn, Listed>) {
        for dn in of.keys() {
            if let Some(known) = self.numbers.get_mut(dn) {
                known.nodes -= 1;
                if known.nodes == 0 {
                    self.numbers.remove(dn);
                }
            }
        }
    }

    /// Finds out anew how numbers are shared.
    fn share(&mut self, shared: Vec<Dn>) {
        for dn in shared {
            if let Some(known) = self.numbers.get_mut(&dn) {
                let listed = |entry: &Entry| entry.directory.as_ref()?.get(&dn)?.shows.as_ref()?.sharing;
                known.sharing = self.entries.values().find_map(listed);
            }
        }
    }

    fn remove(&mut self, ceid: Ceid) {
        // As if it listed nothing.
        if self.entries.get(&ceid).is_some_and(|entry| entry.directory.is_some()) {
            self.set_directory(ceid, HashMap::new());
        }
        self.entries.remove(&ceid);
    }
}

/// The nodes of the cluster.
#[derive(Debug)]
pub struct Cluster {
    nodes: RwLock<Nodes>,
}

impl Cluster {
    #[must_use]
    pub fn new(nodes: impl IntoIterator<Item = NodeSettings>) -> Self {
        let entries = nodes.into_iter().map(|settings| (settings.ceid, Entry::new(settings))).collect();
        Self { nodes: RwLock::new(Nodes { entries, numbers: HashMap::new() }) }
    }

    fn read<R>(&self, look: impl FnOnce(&BTreeMap<Ceid, Entry>) -> R) -> R {
        look(&self.nodes.read().unwrap_or_else(PoisonError::into_inner).entries)
    }

    fn write<R>(&self, change: impl FnOnce(&mut Nodes) -> R) -> R {
        change(&mut self.nodes.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Every configured node.
    #[must_use]
    pub fn settings(&self) -> Vec<NodeSettings> {
        self.read(|nodes| nodes.values().map(|e| e.settings.clone()).collect())
    }

    /// The node that resilient phones of a node come up at.
    #[must_use]
    pub fn secondary(&self, ceid: Ceid) -> Option<Ceid> {
        self.read(|nodes| nodes.get(&ceid)?.settings.secondary)
    }

    /// The nodes whose resilient phones come up at this one.
    #[must_use]
    pub fn backed_up_by(&self, ceid: Ceid) -> Vec<Ceid> {
        let backed_up = |e: &&Entry| e.settings.secondary == Some(ceid);
        self.read(|nodes| nodes.values().filter(backed_up).map(|e| e.settings.ceid).collect())
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

    /// How it stands with a node; `None` of one that is not configured.
    #[must_use]
    pub fn stand(&self, ceid: Ceid) -> Option<Stand> {
        self.read(|nodes| {
            let entry = nodes.get(&ceid)?;
            let Entry { link, since_ms, last_fault, directory, .. } = entry;
            let listed = directory.as_ref().map(HashMap::len);
            Some(Stand { link: *link, since_ms: *since_ms, last_fault: last_fault.clone(), listed })
        })
    }

    /// Whether the number is a prime line at the node: `None` while its directory is not known.
    #[must_use]
    pub fn has(&self, ceid: Ceid, dn: Dn) -> Option<bool> {
        let prime = |directory: &HashMap<Dn, Listed>| directory.get(&dn).is_some_and(|listed| listed.shows.is_none());
        self.read(|nodes| nodes.get(&ceid)?.directory.as_ref().map(prime))
    }

    /// What a line is, as its node lists it.
    #[must_use]
    pub fn shown(&self, object: ObjectId) -> Option<Shown> {
        let (set, button) = (object.dn(), object.button());
        self.read(|nodes| {
            let directory = nodes.get(&object.ceid())?.directory.as_ref()?;
            let listed = directory.get(&set)?;
            let shared = listed.shared.iter().find(|(at, _)| object.kind() == ObjectKind::Appearance && *at == button);
            let Some((_, number)) = shared else {
                let others = std::iter::once(1).chain(listed.buttons.iter().copied());
                let device =
                    |at: u8| DeviceRef { button: (at != 1).then_some(at), ..DeviceRef::number(set.to_string()) };
                let others = others.filter(|at| *at != button.max(1)).map(device).collect();
                return Some(Shown { number: set, name: listed.name.clone(), others });
            };
            let entry = directory.get(number);
            let shows = entry.and_then(|entry| entry.shows.as_ref());
            let key = shows.filter(|shows| shows.sharing == Some(Sharing::Key));
            let others = key.map_or(&[][..], |shows| shows.at.as_slice()).iter().filter(|at| **at != (set, button));
            let device = |(set, button): &(Dn, u8)| DeviceRef {
                button: Some(*button),
                set: Some(set.to_string()),
                ..DeviceRef::number(number.to_string())
            };
            let name = entry.map(|entry| entry.name.clone()).unwrap_or_default();
            Some(Shown { number: *number, name, others: others.map(device).collect() })
        })
    }

    /// A number that any node lists; `None` of one that is outside of the cluster, as far as is known.
    #[must_use]
    pub fn known(&self, dn: Dn) -> Option<Known> {
        self.nodes.read().unwrap_or_else(PoisonError::into_inner).numbers.get(&dn).copied()
    }

    /// The line as its node lists it.
    #[must_use]
    pub fn listed(&self, ceid: Ceid, dn: Dn) -> Option<Listed> {
        self.read(|nodes| nodes.get(&ceid)?.directory.as_ref()?.get(&dn).cloned())
    }

    /// (connected, configured) nodes, for health and metrics.
    #[must_use]
    pub fn connected(&self) -> (usize, usize) {
        self.read(|nodes| (nodes.values().filter(|e| e.link == LinkState::Connected).count(), nodes.len()))
    }

    /// A node that is not configured any more is left aside.
    pub(crate) fn set_link(&self, ceid: Ceid, link: LinkState, now_ms: i64) {
        self.write(|nodes| {
            if let Some(entry) = nodes.entries.get_mut(&ceid)
                && (entry.link != link || entry.since_ms.is_none())
            {
                (entry.link, entry.since_ms) = (link, Some(now_ms));
            }
        });
    }

    pub(crate) fn set_fault(&self, ceid: Ceid, fault: Arc<str>, now_ms: i64) {
        self.write(|nodes| {
            if let Some(entry) = nodes.entries.get_mut(&ceid) {
                entry.last_fault = Some((now_ms, fault));
            }
        });
    }

    /// Another node, or other settings of one that is there.
    pub(crate) fn configure(&self, settings: NodeSettings) {
        self.write(|nodes| match nodes.entries.get_mut(&settings.ceid) {
            Some(entry) => entry.settings = settings,
            None => drop(nodes.entries.insert(settings.ceid, Entry::new(settings))),
        });
    }

    /// A node is not configured any more: it has no number, and no line.
    pub(crate) fn remove(&self, ceid: Ceid) {
        self.write(|nodes| nodes.remove(ceid));
    }

    /// How many lines the node has listed that are not in this directory.
    pub(crate) fn not_in(&self, ceid: Ceid, directory: &HashMap<Dn, Listed>) -> usize {
        let gone = |before: &HashMap<Dn, Listed>| before.keys().filter(|dn| !directory.contains_key(dn)).count();
        self.read(|nodes| nodes.get(&ceid)?.directory.as_ref().map(gone)).unwrap_or(0)
    }

    pub(crate) fn set_directory(&self, ceid: Ceid, directory: HashMap<Dn, Listed>) {
        self.write(|nodes| nodes.set_directory(ceid, directory));
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn ceid(number: u16) -> Ceid {
        Ceid::new(number).expect("a CEID")
    }

    fn dn(number: &str) -> Dn {
        number.parse().expect("a DN")
    }

    fn cluster() -> Cluster {
        Cluster::new([1, 2].map(|number| NodeSettings {
            ceid: ceid(number),
            name: String::new(),
            secondary: None,
            address: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            association: Association::default(),
            specific: None,
            edition: Edition::default(),
        }))
    }

    fn listing(lines: &[(&str, Option<Sharing>)]) -> HashMap<Dn, Listed> {
        let shows = |sharing: &Sharing| Shows { sharing: Some(*sharing), at: Vec::new() };
        let listed = |sharing: &Option<Sharing>| Listed { shows: sharing.as_ref().map(shows), ..Listed::default() };
        lines.iter().map(|(number, sharing)| (dn(number), listed(sharing))).collect()
    }

    #[test]
    fn a_number_is_known_as_long_as_any_node_lists_it() {
        let cluster = cluster();
        let known = |number: &str| cluster.known(dn(number)).map(|known| known.sharing);
        let (key, multicall) = (Some(Sharing::Key), Some(Sharing::Multicall));
        cluster.set_directory(ceid(1), listing(&[("1000", None), ("1300", key), ("1400", key)]));
        cluster.set_directory(ceid(2), listing(&[("1000", None), ("1300", None), ("1400", multicall)]));
        assert_eq!((known("1000"), known("1300"), known("1400")), (Some(None), Some(key), Some(key)));
        // The first node has changed: what the second says counts now.
        cluster.set_directory(ceid(1), listing(&[("2000", None)]));
        assert_eq!((known("1000"), known("1300"), known("1400")), (Some(None), Some(None), Some(multicall)));
        assert_eq!((known("2000"), known("3000")), (Some(None), None));
        cluster.set_directory(ceid(2), listing(&[]));
        assert_eq!((known("1000"), known("1300"), known("1400")), (None, None, None));
        assert_eq!(known("2000"), Some(None));
        cluster.set_directory(ceid(3), listing(&[("3000", None)]));
        assert_eq!(known("3000"), None, "a node that is not configured");
    }

    #[test]
    fn a_node_that_is_removed_takes_its_numbers_along() {
        let cluster = cluster();
        let known = |number: &str| cluster.known(dn(number)).map(|known| known.sharing);
        let key = Some(Sharing::Key);
        cluster.set_directory(ceid(1), listing(&[("1000", None), ("1300", key)]));
        cluster.set_directory(ceid(2), listing(&[("1000", None), ("1300", Some(Sharing::Multicall))]));
        cluster.remove(ceid(1));
        assert_eq!((known("1000"), known("1300")), (Some(None), Some(Some(Sharing::Multicall))));
        assert_eq!(
            (cluster.link(ceid(1)), cluster.stand(ceid(1)), cluster.has(ceid(1), dn("1000"))),
            (None, None, None)
        );
        // What its last connection still says is nobody's.
        cluster.set_link(ceid(1), LinkState::Failure, 1);
        cluster.set_directory(ceid(1), listing(&[("1001", None)]));
        assert_eq!((known("1001"), cluster.connected().1), (None, 1));
        // It comes back with nothing known of it, and under another address.
        let mut again = cluster.settings().remove(0);
        (again.ceid, again.port) = (ceid(1), 7);
        cluster.configure(again.clone());
        assert_eq!(cluster.stand(ceid(1)), Some(Stand::default()));
        cluster.set_link(ceid(1), LinkState::Connected, 5);
        cluster.set_link(ceid(1), LinkState::Connected, 6);
        cluster.set_fault(ceid(1), "gone".into(), 7);
        again.name = "Other".into();
        cluster.configure(again.clone());
        let stand =
            Stand { link: LinkState::Connected, since_ms: Some(5), last_fault: Some((7, "gone".into())), listed: None };
        assert_eq!((cluster.stand(ceid(1)), &cluster.settings()[0]), (Some(stand), &again));
    }
}
