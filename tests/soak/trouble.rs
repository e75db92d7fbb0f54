//! What breaks in a soak, and when that is over.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use schemas::contract::cc::ConnectionState;

use super::lab::now_ms;
use super::listeners;
use super::story::{SLACK_MS, Story};
use super::unseen::Gap;
use crate::common::chaos::Mishap;
use crate::common::{PATIENCE, within};
use crate::simulation::oracle::Excuse;
use crate::simulation::places::phones;
use crate::simulation::trouble::restored;
use crate::simulation::world::Application;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    NodeKilled,
    PrimaryDead,
    NodeStopped,
    NodeStoppedForLong,
    ConnectionCut,
    LineDown,
    AllLinesDown,
    FrameLost,
    FrameDoubled,
    FramesLate,
    ApplicationDead,
    HandlerDead,
    GatewayKilled,
    GatewayStopped,
    ClockOfNode,
    ClockOfGateway,
}

impl Trouble {
    pub const ALL: [Self; 16] = [
        Self::NodeKilled,
        Self::GatewayKilled,
        Self::FrameLost,
        Self::ClockOfGateway,
        Self::NodeStopped,
        Self::LineDown,
        Self::PrimaryDead,
        Self::HandlerDead,
        Self::ConnectionCut,
        Self::FrameDoubled,
        Self::GatewayStopped,
        Self::ApplicationDead,
        Self::FramesLate,
        Self::ClockOfNode,
        Self::AllLinesDown,
        Self::NodeStoppedForLong,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::NodeKilled => "node killed",
            Self::PrimaryDead => "primary dead",
            Self::NodeStopped => "node stopped",
            Self::NodeStoppedForLong => "node stopped long",
            Self::ConnectionCut => "connection cut",
            Self::LineDown => "line down",
            Self::AllLinesDown => "all lines down",
            Self::FrameLost => "frame lost, then cut",
            Self::FrameDoubled => "frame doubled",
            Self::FramesLate => "frames late",
            Self::ApplicationDead => "application dead",
            Self::HandlerDead => "handler dead",
            Self::GatewayKilled => "gateway killed",
            Self::GatewayStopped => "gateway stopped",
            Self::ClockOfNode => "node's clock set",
            Self::ClockOfGateway => "gateway's clock set",
        }
    }
}

/// Nodes at which people make calls while no line is up.
const CALLED_AT: usize = 4;

/// What became of the links of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Links {
    /// Nothing was lost, and nothing is excused.
    Whole,
    /// They went on, but something on them was not as it should be.
    Disturbed,
    /// They were lost, and are restored.
    Lost,
}

impl Story {
    pub(super) async fn trouble(&mut self, trouble: Trouble) {
        let (node, for_ms) = (self.faults.below(self.lab.places.len()), 500 + self.faults.below(2_500));
        let ahead_ms = self.new_time();
        let length = Duration::from_millis(u64::try_from(for_ms).expect("small"));
        let from_ms = now_ms();
        let _ = writeln!(self.report.deeds, "{from_ms} {} at node {} for {for_ms}", trouble.name(), node + 1);
        *self.report.faults.entry(trouble.name()).or_default() += 1;
        let every: Vec<usize> = (0..self.lab.places.len()).collect();
        let (nodes, links) = match trouble {
            Trouble::ApplicationDead => {
                let address = self.lab.places[node].node.address.to_string();
                listeners::dies(&self.lab.gateway.url, &address, &phones(node)[0]).await;
                (vec![], Links::Whole)
            }
            Trouble::HandlerDead => {
                self.handlers_die(length).await;
                (vec![], Links::Whole)
            }
            Trouble::ClockOfNode => {
                self.lab.look().await;
                self.lab.places[node].clock().set(ahead_ms);
                (vec![], Links::Whole)
            }
            Trouble::ClockOfGateway => {
                self.lab.clock.set(ahead_ms);
                (vec![], Links::Whole)
            }
            Trouble::NodeKilled => {
                self.lab.kill(node).await;
                self.others_go_on(length).await;
                self.lab.revive(node).await;
                (vec![node], Links::Lost)
            }
            Trouble::PrimaryDead => {
                self.primary_dies().await;
                (vec![0], Links::Lost)
            }
            Trouble::NodeStopped => {
                self.lab.stop(node).await;
                self.others_go_on(length).await;
                self.lab.places[node].go_on();
                (vec![node], Links::Disturbed)
            }
            Trouble::NodeStoppedForLong => {
                self.lab.stop(node).await;
                self.lost(node, from_ms).await;
                self.lab.places[node].go_on();
                (vec![node], Links::Lost)
            }
            Trouble::ConnectionCut => {
                self.lab.places[node].line.cut();
                self.others_go_on(length).await;
                (vec![node], Links::Lost)
            }
            Trouble::LineDown => {
                self.lines_are_down(&[node]).await;
                (vec![node], Links::Lost)
            }
            Trouble::AllLinesDown => {
                self.lines_are_down(&every).await;
                (every, Links::Lost)
            }
            Trouble::FrameLost => {
                self.strike(node, Mishap::Lost).await;
                self.lab.places[node].line.cut();
                (vec![node], Links::Lost)
            }
            Trouble::FrameDoubled => {
                self.strike(node, Mishap::Repeated(2)).await;
                (vec![node], Links::Disturbed)
            }
            Trouble::FramesLate => {
                self.strike(node, Mishap::Late(length)).await;
                let passed = self.lab.places[node].line.passed();
                within(PATIENCE, "what was held back has come", async || {
                    // In order: whatever comes now comes behind it.
                    (self.lab.places[node].line.passed() > passed).then_some(())
                })
                .await;
                (vec![node], Links::Disturbed)
            }
            Trouble::GatewayKilled => {
                self.lab.gateway.process.kill();
                self.lab.gateway.process.ended().await;
                self.log.read(&self.lab.gateway.process);
                self.others_go_on(length).await;
                self.lab.gateway.start_again().await;
                self.log.begins_again();
                (every, Links::Lost)
            }
            Trouble::GatewayStopped => {
                self.lab.gateway.process.signal("STOP");
                tokio::time::sleep(length).await;
                self.lab.gateway.process.signal("CONT");
                (every, Links::Disturbed)
            }
        };
        let over_ms = now_ms();
        if links == Links::Lost {
            let heard: Vec<Application> = self.listeners.iter().map(|listener| listener.heard.clone()).collect();
            within(PATIENCE * 4, "every monitor at the node is set again", async || {
                nodes.iter().all(|node| restored(&heard, *node, from_ms)).then_some(())
            })
            .await;
            self.looked_back(&nodes, trouble, from_ms).await;
        }
        self.edge_ms = now_ms();
        let name = trouble.name();
        if trouble != Trouble::PrimaryDead && nodes.contains(&0) {
            self.pair_excuses.push(Excuse { node: 0, name, from_ms, over_ms });
        }
        self.excuses.extend(nodes.into_iter().map(|node| Excuse { node, name, from_ms, over_ms }));
    }

    /// Nobody can be heard at the nodes for a while, in which people make calls that nobody will hear of.
    async fn lines_are_down(&mut self, nodes: &[usize]) {
        nodes.iter().for_each(|node| self.lab.places[*node].line.close());
        // What ends at the edge could be told or not.
        tokio::time::sleep(Duration::from_millis(2 * SLACK_MS.unsigned_abs())).await;
        for node in nodes.iter().take(CALLED_AT) {
            self.short_calls(*node).await;
        }
        tokio::time::sleep(Duration::from_millis(2 * SLACK_MS.unsigned_abs())).await;
        nodes.iter().for_each(|node| self.lab.places[*node].line.open());
    }

    /// Notes when nodes were not heard, and waits until the gateway has looked back at all of them.
    async fn looked_back(&mut self, nodes: &[usize], trouble: Trouble, from_ms: i64) {
        let (another, over_ms) = (trouble == Trouble::GatewayKilled, now_ms());
        for node in nodes.iter().copied() {
            let kept_ms =
                matches!(trouble, Trouble::NodeKilled | Trouble::PrimaryDead).then(|| self.lab.places[node].died_ms);
            let back_ms = self.heard_again(node, from_ms).unwrap_or(over_ms);
            self.gaps.push(Gap { node, from_ms, back_ms, over_ms, another, kept_ms });
        }
        if another {
            return;
        }
        let (log, gateway) = (&mut self.log, &self.lab.gateway.process);
        let before: Vec<usize> = nodes.iter().map(|node| log.of(*node).looks).collect();
        within(PATIENCE * 4, "the gateway has asked each node for its calls", async || {
            log.read(gateway);
            nodes.iter().zip(&before).all(|(node, before)| log.of(*node).looks > *before).then_some(())
        })
        .await;
    }

    /// When applications heard that the node is there again.
    fn heard_again(&self, node: usize, from_ms: i64) -> Option<i64> {
        let icp = i64::try_from(node + 1).expect("small");
        let heard = self.listeners[0].heard.heard.borrow();
        let news = heard.iter().filter_map(|h| Some((h.at_ms, h.event.system_event.as_ref()?)));
        let mut back = news.filter(|(at_ms, system)| {
            *at_ms >= from_ms && system.icp_id == icp && system.connection_state == Some(ConnectionState::Connected)
        });
        back.next().map(|(at_ms, _)| at_ms)
    }

    /// What a clock is set to: right, or hours before, or up to a year behind.
    fn new_time(&mut self) -> i64 {
        const HOUR_MS: i64 = 3_600_000;
        let hours = i64::try_from(self.faults.below(24 * 365)).expect("small");
        match self.faults.below(3) {
            0 => 0,
            1 => hours * HOUR_MS,
            _ => -hours * HOUR_MS,
        }
    }

    /// Calls go on while nobody takes what is pushed.
    async fn handlers_die(&mut self, length: Duration) {
        let mut dead = Vec::new();
        for (at, listener) in self.listeners.iter().enumerate() {
            dead.extend(listener.handler_dies().await.map(|address| (at, address)));
        }
        self.others_go_on(length).await;
        for (at, address) in dead {
            self.listeners[at].handler_returns(address);
        }
    }

    /// People do things until the next event of the node has met with a mishap.
    async fn strike(&mut self, node: usize, mishap: Mishap) {
        let before = self.lab.places[node].line.struck();
        self.lab.places[node].line.next(mishap);
        let began = Instant::now();
        while self.lab.places[node].line.struck() == before && began.elapsed() < PATIENCE {
            self.deed().await;
        }
        self.lab.places[node].line.heal();
    }

    /// Until the gateway has noticed that a node is silent.
    async fn lost(&self, node: usize, from_ms: i64) {
        let icp = i64::try_from(node + 1).expect("small");
        within(PATIENCE * 2, "the gateway gives the node up", async || {
            let heard = self.listeners[0].heard.heard.borrow();
            let mut news = heard.iter().filter(|h| h.at_ms >= from_ms).filter_map(|h| h.event.system_event.as_ref());
            news.any(|system| system.icp_id == icp).then_some(())
        })
        .await;
    }
}
