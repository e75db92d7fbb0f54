//! Nodes as processes, each behind a bad line and with a wall clock of its own, the gateway, and the truth of all their
//! lives.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use actors::env::{Clock, SystemClock};
use oig::sim::switch::Why;
use oig::sim::truth::{Truth, TruthRecord, TruthState};

use super::pair;
use super::unseen::{Half, halves, rang_nobody};
use crate::common::chaos::Chaos;
use crate::common::clock::WallClock;
use crate::common::cluster::{Gateway, Node, With, own_address};
use crate::simulation::oracle::Known;

/// Between the numbers of legs of two lives of a node.
const LEGS_OF_A_LIFE: u64 = 1_000_000_000;
/// The first two are the lab's, and partners; every other has phones of its own and calls among them.
pub const PARTNERS: usize = 2;
/// What each begins its association with, in turns.
const STYLES: [&str; 3] = ["server-first", "session", "none"];

pub fn now_ms() -> i64 {
    SystemClock.now_ms()
}

pub struct Place {
    pub node: Node,
    pub line: Chaos,
    /// Whether the process is there and runs.
    pub awake: bool,
    /// When its process was killed last.
    pub died_ms: i64,
    lives: u64,
    /// Number of the newest record of this life that was read.
    read: u64,
    pub(super) truth: Vec<TruthRecord>,
}

impl Place {
    async fn start(number: usize, partners: &[&Node]) -> Self {
        let ceid = u16::try_from(number + 1).expect("few nodes");
        let clock = Some(Arc::new(WallClock::new()));
        let first = (1000 * u32::from(ceid)).to_string();
        let more = if number < PARTNERS { pair::OPTION.to_vec() } else { vec!["--phones", "5", "--first-dn", &first] };
        let node = Node::start_by(clock, ceid, STYLES[number % STYLES.len()], own_address(), partners, &more).await;
        let line = Chaos::before(SocketAddr::new(node.address, node.csta_port));
        Self { node, line, awake: true, died_ms: 0, lives: 0, read: 0, truth: Vec::new() }
    }

    pub fn clock(&self) -> &WallClock {
        self.node.clock.as_deref().expect("each has one")
    }

    /// What became true since the last look.
    async fn look(&mut self) -> Vec<TruthRecord> {
        let (mut news, ahead_ms) = (Vec::new(), self.clock().ahead_ms());
        for mut record in self.node.hands.records(self.read).await {
            self.read += 1;
            match &mut record {
                TruthRecord::Leg(leg) => {
                    leg.leg += self.lives * LEGS_OF_A_LIFE;
                    leg.at_ms -= ahead_ms;
                }
                TruthRecord::Feature(feature) => feature.at_ms -= ahead_ms,
            }
            news.push(record);
        }
        news
    }

    /// Every leg ends with its switch, which can write no truth of it any more.
    fn kill(&mut self) {
        self.node.process.kill();
        (self.awake, self.died_ms) = (false, now_ms());
        let mut live: BTreeMap<u64, Truth> = BTreeMap::new();
        for record in self.truth.iter().filter_map(TruthRecord::leg) {
            match record.state {
                TruthState::Null => drop(live.remove(&record.leg)),
                _ => drop(live.insert(record.leg, record.clone())),
            }
        }
        let at_ms = self.died_ms;
        let ended = |leg: Truth| Truth { at_ms, state: TruthState::Null, cause: Why::PowerLost, ..leg };
        self.truth.extend(live.into_values().map(ended).map(TruthRecord::Leg));
    }

    async fn revive(&mut self) {
        self.node.restart().await;
        (self.awake, self.lives, self.read) = (true, self.lives + 1, 0);
    }

    fn stop(&mut self) {
        self.node.process.signal("STOP");
        self.awake = false;
    }

    pub fn go_on(&mut self) {
        self.node.process.signal("CONT");
        self.awake = true;
    }

    fn newest_ms(&self) -> i64 {
        let newest = self.truth.last().map(|record| match record {
            TruthRecord::Leg(record) => record.at_ms,
            TruthRecord::Feature(record) => record.at_ms,
        });
        newest.unwrap_or(0)
    }
}

pub struct Lab {
    pub places: Vec<Place>,
    /// Where the resilient phones are.
    pub pair: pair::Places,
    pub gateway: Gateway,
    pub clock: Arc<WallClock>,
}

impl Lab {
    /// A cluster of so many nodes, two at the least.
    pub async fn start(nodes: usize) -> Self {
        let mut places: Vec<Place> = Vec::new();
        for number in 0..nodes.max(PARTNERS) {
            let place = {
                let partners: Vec<&Node> = match number {
                    1 => vec![&places[0].node],
                    _ => Vec::new(),
                };
                Place::start(number, &partners).await
            };
            places.push(place);
        }
        let at: Vec<_> =
            places.iter().map(|p| (p.node.ceid, p.node.address, p.line.address.port(), p.node.association)).collect();
        let clock = Arc::new(WallClock::new());
        // An address of its own, so that applications find the next process where the one before was.
        let listen = Some((own_address(), 8080).into());
        let (filter, pairs) = ("warn,oig=info,actors::node=info", &[(1, 2)]);
        let with = With { filter, pairs, listen, clock: Some(clock.clone()), ..With::default() };
        let gateway = Gateway::start_at(&at, with).await;
        let mut pair = pair::Places::default();
        (0..PARTNERS).for_each(|node| pair.begins(node));
        Self { places, pair, gateway, clock }
    }

    /// Reads the truth of all nodes that are awake.
    pub async fn look(&mut self) {
        for node in 0..self.places.len() {
            if self.places[node].awake {
                self.look_at(node).await;
            }
        }
    }

    async fn look_at(&mut self, node: usize) {
        let place = &mut self.places[node];
        for record in place.look().await {
            if node < PARTNERS {
                self.pair.note(node, &record);
            }
            place.truth.push(record);
        }
    }

    /// Kill -9 of a node.
    pub async fn kill(&mut self, node: usize) {
        self.look_at(node).await;
        self.places[node].kill();
        self.pair.dies(node);
    }

    pub async fn revive(&mut self, node: usize) {
        self.places[node].revive().await;
        if node < PARTNERS {
            self.pair.begins(node);
        }
    }

    /// The process of a node does nothing any more, and its sockets stay open.
    pub async fn stop(&mut self, node: usize) {
        self.look_at(node).await;
        self.places[node].stop();
    }

    /// Halves of calls at each node, as its truth was read last.
    pub fn halves(&self) -> Vec<Half> {
        let legs = |place: &Place| place.truth.iter().filter_map(TruthRecord::leg).cloned().collect::<Vec<_>>();
        let mut all: Vec<_> = self.places.iter().enumerate().flat_map(|(n, place)| halves(n, &legs(place))).collect();
        all.extend(rang_nobody(&all, 0..PARTNERS));
        all
    }

    /// The truth as it was read last, of those whose calls meet: the partners together, every other by itself.
    pub fn known(&self) -> Vec<(Vec<usize>, Known)> {
        let mut groups = vec![(0..PARTNERS).collect::<Vec<_>>()];
        groups.extend((PARTNERS..self.places.len()).map(|node| vec![node]));
        let known = |nodes: &[usize]| {
            let mut known = Known::default();
            for (node, place) in self.places.iter().enumerate() {
                known.add(if nodes.contains(&node) { place.truth.clone() } else { Vec::new() });
            }
            known
        };
        groups.into_iter().map(|nodes| (nodes.clone(), known(&nodes))).collect()
    }

    /// When something changed last at any node.
    pub fn newest_ms(&self) -> i64 {
        self.places.iter().map(Place::newest_ms).max().unwrap_or(0)
    }

    /// Calls that were begun, as far as the truth is kept.
    pub fn calls(&self) -> usize {
        let legs = self.places.iter().flat_map(|place| place.truth.iter().filter_map(TruthRecord::leg));
        let begun = legs.filter(|leg| leg.state == TruthState::Originated).map(|leg| (leg.node, leg.leg));
        begun.collect::<BTreeSet<_>>().len()
    }

    /// Lets go of the truth of calls that are over; there are no others.
    pub fn forget(&mut self) {
        self.places.iter_mut().for_each(|place| place.truth.clear());
    }
}
