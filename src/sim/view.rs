//! A node as a person sees it: every phone, idle ones too, with what can be done at it now.
//!
//! Data only. `core` makes it, the console shows it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::truth::{Truth, TruthFaults, TruthLeg, TruthOutside, TruthPhone, TruthState};

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
    /// Calls of people outside; absent where no trunk or peer is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outside: Option<OutsideView>,
    /// Records that are new to whoever asked.
    #[serde(skip)]
    pub truth: Vec<Truth>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PhoneView {
    pub dn: String,
    pub name: String,
    pub dnd: bool,
    /// The hot desk user who is logged in at the set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Where the hot desk user is whose number it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desk: Option<String>,
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
    /// Verbs of the hands that the line takes now. Whether a number leads anywhere is seen when it
    /// is dialled.
    pub may: Vec<&'static str>,
    pub legs: Vec<TruthLeg>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutsideView {
    pub calls: Vec<OutsideCall>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutsideCall {
    /// By which the hands name who is outside.
    pub id: u64,
    /// Who calls, in words where no number may be shown or none is known here.
    pub from: String,
    /// The called number, from `+` on.
    pub to: String,
    pub state: TruthState,
}

impl OutsideView {
    /// Who is outside; a call that went out comes from the phone that is in it.
    #[must_use]
    pub fn new(outside: Vec<TruthOutside>, phones: &[TruthPhone]) -> Self {
        let calls = outside.into_iter().map(|TruthOutside { id, from, to, incoming, gcid, state, .. }| {
            let from = from.unwrap_or_else(|| {
                if incoming {
                    return "a withheld number".to_owned();
                }
                let there = phones.iter().find(|phone| phone.legs.iter().any(|leg| leg.gcid == gcid));
                there.map_or_else(|| "another node".to_owned(), |phone| phone.dn.clone())
            });
            OutsideCall { id, from, to, state }
        });
        Self { calls: calls.collect() }
    }
}

impl PhoneView {
    /// A phone's truth by its lines; `may` gives what a button takes now.
    #[must_use]
    pub fn new(phone: TruthPhone, may: impl Fn(u8) -> Vec<&'static str>) -> Self {
        let TruthPhone { dn, name, buttons, dnd, legs, forwards, user, desk, messages, groups } = phone;
        let lines = (1..=buttons).map(|line| {
            let legs = legs.iter().filter(|leg| leg.line == line).cloned().collect();
            LineView { line, may: may(line), legs }
        });
        Self { lines: lines.collect(), dn, name, dnd, user, desk, forwards, messages, groups }
    }
}
