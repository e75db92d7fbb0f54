//! The resilient phones of a soak: of the first node, with the second as their other. Whoever talks when the first dies goes
//! on at the second, where people make further calls; when the first is back they go home, who is in a call behind it.
//!
//! Their calls are held against the truth of both nodes, as if that were one node's; and at every quiet moment applications
//! must have been told where each of them is. In turns in which the first node does not die so they are in no call.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;

use oig::sim::truth::{TruthRecord, TruthSetting, TruthState};
use schemas::contract::cc::{
    CallEventAttributeNames, CallEventAttributeValue, CallEventMsg, CallEventType as Type, CallState, EventCauseType,
};
use serde_json::json;

use super::lab::{Lab, PARTNERS, now_ms};
use super::listeners::Listener;
use super::story::{BETWEEN_PARTNERS, LATE_MS, SLACK_MS, Story};
use crate::common::{PATIENCE, within};
use crate::simulation::oracle::{self, Circumstances, Excuse, Known};
use crate::simulation::world::{Application, Heard};

pub const PHONES: [&str; 4] = ["1006", "1007", "1008", "1009"];
/// What both nodes are started with: the other phones have one node.
pub const OPTION: [&str; 2] = ["--resilient", "1006-1009"];
/// What people do at the second node, and while the first is back and calls still go on at the second.
const DEEDS: usize = 24;
const LAST_DEEDS: usize = 6;
/// Between the numbers of legs of the two nodes.
const LEGS_OF_A_NODE: u64 = 1_000_000_000_000_000;

/// Where phones are, by number: the nodes at which each is in service.
#[derive(Debug, Default)]
pub struct Places(BTreeMap<(usize, String), bool>);

impl Places {
    /// A node's process begins: phones are at their own node, until it says otherwise.
    pub fn begins(&mut self, node: usize) {
        for dn in PHONES {
            self.0.insert((node, dn.to_owned()), node == 0);
        }
    }

    pub fn dies(&mut self, node: usize) {
        self.0.retain(|(at, _), _| *at != node);
    }

    pub fn note(&mut self, node: usize, record: &TruthRecord) {
        if let TruthRecord::Feature(record) = record
            && let TruthSetting::InService { on } = record.setting
            && PHONES.contains(&record.dn.as_str())
        {
            self.0.insert((node, record.dn.clone()), on);
        }
    }

    /// The nodes where a phone is in service: one, or none while it looks for one.
    fn of(&self, dn: &str) -> Vec<usize> {
        let there = self.0.iter().filter(|((_, number), on)| number == dn && **on);
        there.map(|((node, _), _)| *node).collect()
    }
}

/// Where an application was told that its objects are served; an object that is not there is nowhere.
pub type Served = BTreeMap<i64, usize>;

fn icp(call: &CallEventMsg) -> Option<usize> {
    let named = |name: Option<_>| name == Some(CallEventAttributeNames::IcpId);
    let value = call.call_event_attribute.iter().find(|a| named(a.attribute_name))?.attribute_value.as_ref()?;
    value.parse::<usize>().ok()?.checked_sub(1)
}

/// The node, from 0, that serves the object of an event.
pub fn serves(call: &CallEventMsg) -> Option<usize> {
    // Of this one the number is the other node's.
    let of_secondary =
        call.kind == Some(Type::ResilientDevice) && call.cause != Some(EventCauseType::ControllerCommsRestored);
    icp(call).filter(|_| !of_secondary)
}

fn note(served: &mut Served, call: &CallEventMsg) {
    let out = call.kind == Some(Type::OutOfService);
    let unavailable = matches!(call.call_state, Some(CallState::Unavailable | CallState::OutOfService));
    match serves(call) {
        _ if out || unavailable => drop(served.remove(&call.object_id)),
        Some(node) => drop(served.insert(call.object_id, node)),
        None => {}
    }
}

/// An event of either node as if it were the first's.
fn as_of_one(mut heard: Heard) -> Heard {
    let attributes = heard.event.call_event.iter_mut().flat_map(|call| &mut call.call_event_attribute);
    let of_second = |a: &&mut CallEventAttributeValue| {
        a.attribute_name == Some(CallEventAttributeNames::IcpId) && a.attribute_value.as_deref() == Some("2")
    };
    attributes.filter(of_second).for_each(|a| a.attribute_value = Some("1".into()));
    heard
}

impl Listener {
    /// Where it was told that its resilient phones are.
    fn served(&self) -> Served {
        let mut served = self.served_before.borrow().clone();
        for call in self.heard.heard.borrow().iter().filter_map(|h| h.event.call_event.as_ref()) {
            if self.pair.iter().any(|phone| phone.object == call.object_id) {
                note(&mut served, call);
            }
        }
        served
    }

    /// What it has heard is forgotten, but not where its phones are.
    pub fn forget(&self) {
        let served = self.served();
        self.served_before.replace(served);
        self.reader.borrow_mut().forget();
    }

    /// What it heard of its resilient phones' calls, and of their service where they did not move.
    ///
    /// Since its node died a phone may leave the other before the gateway is connected to its own again: then it is told to be
    /// out of service, which is all that is known.
    fn of_pair(&self, moves_from_ms: Option<i64>) -> Application {
        let moves_at = |at_ms| moves_from_ms.is_some_and(|from_ms| at_ms >= from_ms - SLACK_MS);
        let of_calls = |call: &CallEventMsg| {
            let service = matches!(
                (call.kind, call.cause),
                (Some(Type::OutOfService), Some(EventCauseType::DeviceOutOfService))
                    | (Some(Type::InService), Some(EventCauseType::DeviceInService))
            );
            // A phone that came home says so by the cause by which a monitor says that it was restored.
            let moved = call.kind == Some(Type::ResilientDevice) || service && moves_at(call.call_event_time);
            !moved && self.pair.iter().any(|phone| phone.object == call.object_id)
        };
        let heard = self.heard.heard.borrow();
        let heard = heard.iter().filter(|h| h.event.call_event.as_ref().is_none_or(of_calls));
        let heard = Rc::new(RefCell::new(heard.cloned().map(as_of_one).collect()));
        Application { watched: self.pair.clone(), heard, ..self.heard.clone() }
    }
}

impl Lab {
    /// What is true of the resilient phones, as if their two nodes were one.
    fn pair_known(&self) -> Known {
        let mut all = Vec::new();
        for (place, node) in self.places.iter().take(PARTNERS).zip(0_u64..) {
            for record in place.truth.iter().filter_map(TruthRecord::leg) {
                if PHONES.contains(&record.dn.as_str()) {
                    let mut record = record.clone();
                    (record.node, record.leg) = (1, record.leg + node * LEGS_OF_A_NODE);
                    all.push(record);
                }
            }
        }
        all.sort_by_key(|record| record.at_ms);
        let mut known = Known::default();
        known.add(all.into_iter().map(TruthRecord::Leg).collect());
        self.places.iter().skip(1).for_each(|_| known.add(Vec::new()));
        known
    }
}

impl Story {
    /// What is wrong with what applications were told of the resilient phones.
    pub(super) fn pair_wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let known = self.lab.pair_known();
        let run = Circumstances { excuses: &self.pair_excuses, end_ms: now_ms(), slack_ms: SLACK_MS, late_ms: LATE_MS };
        for (number, listener) in self.listeners.iter().enumerate() {
            let found = oracle::compare(&listener.of_pair(self.pair_moves_from_ms), &known, &run).violations;
            wrong.extend(found.into_iter().map(|v| format!("application {number}, the pair: {v}")));
            let served = listener.served();
            for phone in &listener.pair {
                let (told, there) = (served.get(&phone.object).copied(), self.lab.pair.of(&phone.dn));
                if told.into_iter().collect::<Vec<_>>() != there {
                    wrong.push(format!("application {number}: {} is told at {told:?}, and is at {there:?}", phone.dn));
                }
            }
        }
        wrong
    }

    /// How many changes at the resilient phones were held against events, and how many are excused.
    pub(super) fn pair_compared(&self) -> (usize, usize) {
        let known = self.lab.pair_known();
        let run = Circumstances { excuses: &self.pair_excuses, end_ms: now_ms(), slack_ms: SLACK_MS, late_ms: LATE_MS };
        let found = self
            .listeners
            .iter()
            .map(|listener| oracle::compare(&listener.of_pair(self.pair_moves_from_ms), &known, &run));
        found.fold((0, 0), |(compared, excused), found| (compared + found.compared, excused + found.excused))
    }

    /// Waits until all applications were told that these phones are at a node, which is true.
    pub(super) async fn pair_is_at(&mut self, node: usize, phones: &[&str]) {
        let (lab, listeners) = (&mut self.lab, &self.listeners);
        within(PATIENCE * 2, "the resilient phones are where they should be", async || {
            lab.look().await;
            let is_true = phones.iter().all(|dn| lab.pair.of(dn) == [node]);
            let told = |listener: &Listener| {
                let served = listener.served();
                let mut of = listener.pair.iter().filter(|phone| phones.contains(&phone.dn.as_str()));
                of.all(|phone| served.get(&phone.object) == Some(&node))
            };
            (is_true && listeners.iter().all(told)).then_some(())
        })
        .await;
    }

    /// All is quiet, and what was heard of the resilient phones is right; or it is a violation.
    async fn pair_told(&mut self) {
        self.still().await;
        let began = std::time::Instant::now();
        let wrong = within(PATIENCE * 2, "the oracle's word of the pair", async || {
            self.lab.look().await;
            let wrong = self.pair_wrong();
            (wrong.is_empty() || began.elapsed() > PATIENCE / 2).then_some(wrong)
        })
        .await;
        self.report.violations.extend(wrong);
    }

    /// Two resilient phones talk, and one rings at another.
    pub(super) async fn pair_talks(&mut self) {
        let hands = self.lab.places[0].node.hands.clone();
        for (dn, verb, number) in [("1006", "dial", "1007"), ("1007", "answer", ""), ("1008", "dial", "1009")] {
            hands.does_with(dn, verb, json!({ "number": number })).await;
            let _ = writeln!(self.report.deeds, "{} {dn} {verb} {number}", now_ms());
        }
    }

    /// The first node dies, its resilient phones come up at the second and are used there, and it is back; calls that go on
    /// at the second go on.
    pub(super) async fn primary_dies(&mut self) {
        self.lab.kill(0).await;
        let from_ms = self.lab.places[0].died_ms;
        self.pair_is_at(1, &PHONES).await;
        self.pair_moves_from_ms = Some(from_ms);
        (self.edge_ms, self.report.taken_over) = (now_ms(), self.report.taken_over + PHONES.len());
        self.pair_excuses.push(Excuse { node: 0, name: "primary dead", from_ms, over_ms: self.edge_ms });
        self.pair_told().await;
        for _ in 0..DEEDS {
            self.pair_deed(true).await;
        }
        self.pair_told().await;
        self.lab.revive(0).await;
        let idle = self.pair_idle().await;
        self.pair_is_at(0, &idle).await;
        for _ in 0..LAST_DEEDS {
            self.pair_deed(false).await;
        }
    }

    /// Resilient phones that are in no call at the second node.
    async fn pair_idle(&self) -> Vec<&'static str> {
        let mut idle = Vec::new();
        for dn in PHONES {
            if self.lab.places[1].node.hands.phone(dn).await.legs.is_empty() {
                idle.push(dn);
            }
        }
        idle
    }

    /// Somebody does something at a resilient phone that is at the second node, or an application does.
    async fn pair_deed(&mut self, begins_calls: bool) {
        tokio::time::sleep(BETWEEN_PARTNERS).await;
        let [at, to] = [self.people.below(PHONES.len()), self.people.below(PHONES.len())].map(|i| PHONES[i]);
        let (roll, by_application) = (self.people.below(100), self.people.percent(35));
        let hands = self.lab.places[1].node.hands.clone();
        let legs = hands.phone(at).await.legs;
        let is = |state| legs.iter().any(|leg| leg.state == state);
        let verb = match roll {
            _ if is(TruthState::Alerting) && !is(TruthState::Connected) => "answer",
            _ if legs.is_empty() && begins_calls => "dial",
            _ if legs.is_empty() => return,
            0..=39 if is(TruthState::Connected) => "hold",
            0..=69 if is(TruthState::Held) => "retrieve",
            _ => "hangup",
        };
        let done = match verb {
            "dial" | "answer" if by_application => self.command(at, verb, to).await,
            // Whoever outlived the node can do nothing but hang up.
            _ => hands.try_does(at, verb, &json!({ "number": to })).await,
        };
        let _ = writeln!(self.report.deeds, "{} {at} {verb} {to} at the second node {done:?}", now_ms());
    }
}
