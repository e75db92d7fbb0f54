//! A node as a person sees it: every phone, idle ones too, with what can be done at it now.
//!
//! Data only. `core` makes it, the console shows it.

use std::collections::BTreeMap;

use schemas::domain::Dn;
use serde::Serialize;

use super::trunks::{Access, OutsidePlan};
use super::truth::{Truth, TruthFaults, TruthLeg, TruthOutside, TruthPhone, TruthShared, TruthState};

/// The whole present state of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeView {
    /// Number of the newest truth record that is in this state.
    pub seq: u64,
    pub at_ms: i64,
    pub node: u16,
    pub name: String,
    /// Partner nodes that can be reached.
    pub partners: Vec<u16>,
    /// Gateways associated.
    pub associations: usize,
    /// Invariants of the switch that were found broken since the start; must be 0.
    pub broken: u64,
    pub faults: TruthFaults,
    /// Every phone of the node, by number.
    pub phones: Vec<PhoneView>,
    /// The node's hot desk users, by number.
    pub users: Vec<UserView>,
    /// Calls of people outside; absent where no trunk or peer is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outside: Option<OutsideView>,
    /// Records that are new to whoever asked.
    #[serde(skip)]
    pub truth: Vec<Truth>,
}

/// A set. While a hot desk user is logged in there, its lines and features are the user's; those of a user of another node
/// are in that node's view ([`UserView::away`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PhoneView {
    /// The set's own number and name, whoever is there.
    pub dn: String,
    pub name: String,
    /// Verbs of the hands that the set takes now, besides those of its lines.
    pub may: Vec<&'static str>,
    pub dnd: bool,
    /// It answers its calls by itself.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub auto_answer: bool,
    /// The hot desk user who is logged in at the set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Where calls are forwarded to, by the hands' words for ways to forward.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub forwards: BTreeMap<String, String>,
    /// Numbers of the groups in which it is a member, and whether it is present there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, bool>,
    /// Numbers whose messages wait.
    pub messages: Vec<String>,
    pub lines: Vec<LineView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineView {
    /// Button of the set; 1 is the prime line.
    pub line: u8,
    /// The number that the button shows, where that is not the set's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<TruthShared>,
    /// Verbs of the hands that the line takes now. Whether a number leads anywhere is seen when it
    /// is dialled.
    pub may: Vec<&'static str>,
    pub legs: Vec<TruthLeg>,
}

/// A hot desk user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserView {
    pub dn: String,
    pub name: String,
    /// Whether the user has no set, but an outside number.
    pub external: bool,
    /// The set, or the outside number, where the user is logged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desk: Option<String>,
    /// What the set shows where it is one of another node, under the user's number and name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub away: Option<PhoneView>,
    /// Verbs of the hands that the user's number takes now.
    pub may: Vec<&'static str>,
}

/// The way outside of a node, and who is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutsideView {
    /// What calls go over, in words.
    pub way: String,
    /// The numbers that come in, from `+` on: first and last of each range.
    pub comes_in: Vec<(String, String)>,
    pub calls: Vec<OutsideCall>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutsideCall {
    /// By which the hands name who is outside.
    pub id: u64,
    /// Who calls, in words where no number may be shown or none is known here.
    pub from: String,
    /// The name that a caller outside shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The called number, from `+` on.
    pub to: String,
    /// Whether the call came from outside.
    pub incoming: bool,
    /// The TDM trunk that the call goes over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trunk: Option<u16>,
    pub state: TruthState,
    pub since_ms: i64,
    /// Verbs of the hands that who is outside can do now.
    pub may: Vec<&'static str>,
}

impl OutsideView {
    /// Who is outside; a call that went out comes from the phone that is in it.
    #[must_use]
    pub fn new(plan: &OutsidePlan, outside: Vec<TruthOutside>, phones: &[TruthPhone]) -> Self {
        let calls = outside.into_iter().map(|call| {
            let TruthOutside { id, from, name, to, incoming, trunk, gcid, state, since_ms, .. } = call;
            let from = from.unwrap_or_else(|| {
                if incoming {
                    return "a withheld number".to_owned();
                }
                let there = phones.iter().find(|phone| phone.legs.iter().any(|leg| leg.gcid == gcid));
                there.map_or_else(|| "another node".to_owned(), |phone| phone.dn.clone())
            });
            let may = if state == TruthState::Alerting { vec!["answer", "hangup"] } else { vec!["hangup"] };
            OutsideCall { id, from, name, to, incoming, trunk, state, since_ms, may }
        });
        let way = match &plan.access {
            Access::Trunks(count) => format!("trunks 1 to {count}"),
            Access::Peer { name, .. } => format!("SIP peer {name}"),
            Access::Through(node) => format!("by way of node {node}"),
        };
        let number = |dn: Dn| format!("{}{dn}", plan.direct_in_prefix);
        let comes_in = plan.direct_in.iter().map(|range| (number(range.first), number(range.last))).collect();
        Self { way, comes_in, calls: calls.collect() }
    }
}

impl PhoneView {
    /// What is at a set: the truth of its own number, and of its user's while one is there. `may` gives what the set
    /// takes now, and `line` what a button takes.
    #[must_use]
    pub fn new(
        own: TruthPhone,
        user: Option<TruthPhone>,
        may: Vec<&'static str>,
        line: impl Fn(u8) -> Vec<&'static str>,
    ) -> Self {
        let TruthPhone { dn, name, user: there, .. } = own.clone();
        let TruthPhone { buttons, dnd, auto_answer, legs, forwards, messages, groups, shared, .. } =
            user.unwrap_or(own);
        let lines = (1..=buttons).map(|button| {
            let legs = legs.iter().filter(|leg| leg.line == button).cloned().collect();
            LineView { line: button, shared: shared.get(&button).cloned(), may: line(button), legs }
        });
        Self { lines: lines.collect(), dn, name, may, dnd, auto_answer, user: there, forwards, messages, groups }
    }
}
