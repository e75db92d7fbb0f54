//! A node as a person sees it: every phone, idle ones too, with what can be done at it now.
//!
//! Data only. `core` makes it, the console shows it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::truth::{Truth, TruthFaults, TruthLeg, TruthPhone};

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

impl PhoneView {
    /// A phone's truth by its lines; `may` gives what a button takes now.
    #[must_use]
    pub fn new(phone: TruthPhone, may: impl Fn(u8) -> Vec<&'static str>) -> Self {
        let TruthPhone { dn, name, buttons, dnd, legs, forwards, user, desk } = phone;
        let lines = (1..=buttons).map(|line| {
            let legs = legs.iter().filter(|leg| leg.line == line).cloned().collect();
            LineView { line, may: may(line), legs }
        });
        Self { lines: lines.collect(), dn, name, dnd, user, desk, forwards }
    }
}
