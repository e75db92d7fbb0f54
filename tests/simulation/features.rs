//! Holds what applications heard of features against what was true at the switches.
//!
//! While an application watches the features of a phone it must hear each change of one, once, in order and in its
//! moment. What changed during an excuse may be told at its end instead; then the application knows the truth again.

use std::collections::BTreeMap;

use oig::sim::truth::{TruthFeature, TruthSetting};
use schemas::contract::cc::{FeatureEventAttributeNames as Name, FeatureEventMsg, FeatureEventType as Type};

use super::oracle::{AUDITS_MS, Excuse, Findings, restored_at};
use super::world::{FeatureWatch, Heard, Watched};

/// A feature as it is set, or told to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    pub on: bool,
    pub number: Option<String>,
}

const OFF: Value = Value { on: false, number: None };

/// A feature as it is set at a moment.
#[derive(Debug, Clone)]
struct Change {
    at_ms: i64,
    kind: Type,
    value: Value,
}

/// Compares what one application heard of a phone's features while it watched them.
pub fn compare(
    heard: &[Heard],
    phone: &Watched,
    watches: &[FeatureWatch],
    truth: &[Vec<TruthFeature>],
    excuses: &[Excuse],
    end_ms: i64,
    slack_ms: i64,
    findings: &mut Findings,
) {
    let told: Vec<(i64, &FeatureEventMsg)> = heard
        .iter()
        .filter_map(|h| Some((h.at_ms, h.event.feature_event.as_ref()?)))
        .filter(|(_, event)| event.object_id == phone.object)
        .collect();
    let during = |at_ms: i64| watches.iter().any(|w| w.object == phone.object && w.covers(at_ms, slack_ms));
    if let Some((at_ms, event)) = told.iter().find(|(at_ms, _)| !during(*at_ms)) {
        findings.violations.push(format!("{} at {at_ms}: nobody watches its features: {event:?}", phone.dn));
    }
    let truth = changes(&truth[phone.node], &phone.dn);
    for watch in watches.iter().filter(|w| w.object == phone.object) {
        let events = told.iter().filter(|(at, _)| watch.covers(*at, slack_ms));
        let events = events.map(|(at_ms, event)| change(*at_ms, event, phone));
        let events = match events.collect::<Result<Vec<_>, String>>() {
            Ok(events) => events,
            Err(fault) => return findings.violations.push(format!("{}: {fault}", phone.dn)),
        };
        let mut span = Span { phone, watch, told: events, truth: &truth, excused: Vec::new(), slack_ms };
        for excuse in excuses.iter().filter(|e| e.node == phone.node && e.from_ms <= watch.until(end_ms)) {
            span.excuse(excuse, heard, end_ms, findings);
        }
        span.check(findings);
    }
}

/// What is set at a number from moment to moment.
fn changes(truth: &[TruthFeature], dn: &str) -> Vec<Change> {
    let of = truth.iter().filter(|record| record.dn == dn);
    let change = |record: &TruthFeature| {
        let (kind, value) = value(&record.setting)?;
        Some(Change { at_ms: record.at_ms, kind, value })
    };
    of.filter_map(change).collect()
}

/// What the event of a feature says; `None` for what has no event at its own number.
fn value(setting: &TruthSetting) -> Option<(Type, Value)> {
    let plain = |kind, on| Some((kind, Value { on, number: None }));
    match setting {
        TruthSetting::DoNotDisturb { on } => plain(Type::DoNotDisturb, *on),
        TruthSetting::MessageWaiting { on } => plain(Type::MsgWaitingIndicator, *on),
        TruthSetting::Forward { kind, number } => {
            Some((forwarding(kind), Value { on: number.is_some(), number: number.clone() }))
        }
        TruthSetting::HotDesk { .. }
        | TruthSetting::InService { .. }
        | TruthSetting::Presence { .. }
        | TruthSetting::Account { .. } => None,
    }
}

fn forwarding(word: &str) -> Type {
    match word {
        "always" => Type::CfAlways,
        "busyInternal" => Type::CfBusyInternal,
        "busyExternal" => Type::CfBusyExternal,
        "noAnswerInternal" => Type::CfNoAnswerInternal,
        "noAnswerExternal" => Type::CfNoAnswerExternal,
        _ => panic!("no way to forward: {word}"),
    }
}

/// What an event says, when it says it of the phone.
fn change(at_ms: i64, event: &FeatureEventMsg, phone: &Watched) -> Result<Change, String> {
    let attribute = |name| {
        let mut of = event.feature_event_attribute.iter().filter(move |a| a.attribute_name == Some(name));
        of.next().and_then(|a| a.attribute_value.clone())
    };
    let kind = event.event_type.ok_or_else(|| format!("a feature event of no type: {event:?}"))?;
    let icp = attribute(Name::IcpId) == Some((phone.node + 1).to_string());
    if !icp || attribute(Name::DeviceNumber).as_deref() != Some(&phone.dn) {
        return Err(format!("an event of another device: {event:?}"));
    }
    let on = match attribute(Name::FeatureEventState).as_deref() {
        Some("true") => true,
        Some("false") => false,
        _ => return Err(format!("an event without a state: {event:?}")),
    };
    if event.time > at_ms {
        return Err(format!("heard before it happened: {event:?}"));
    }
    Ok(Change { at_ms: event.time, kind, value: Value { on, number: attribute(Name::ForwardDn) } })
}

struct Span<'a> {
    phone: &'a Watched,
    watch: &'a FeatureWatch,
    told: Vec<Change>,
    truth: &'a [Change],
    excused: Vec<(i64, i64)>,
    slack_ms: i64,
}

impl Span<'_> {
    fn is_excused(&self, at_ms: i64) -> bool {
        let slack = self.slack_ms;
        self.excused.iter().any(|(from, to)| (*from - slack..=*to + slack).contains(&at_ms))
    }

    /// An excuse ends when the application knows again how every feature is set of which it knew before.
    fn excuse(&mut self, excuse: &Excuse, heard: &[Heard], end_ms: i64, findings: &mut Findings) {
        let end_ms = self.watch.until(end_ms);
        let restored = restored_at(heard, self.phone, excuse.over_ms).map(|at| at + 1 + self.slack_ms);
        let audits = AUDITS_MS.iter().map(|after| excuse.over_ms + after);
        let ends: Vec<i64> = restored.into_iter().chain(audits).map(|at| at.min(end_ms)).collect();
        match ends.iter().find(|at| self.wrong_at(**at).is_none()) {
            Some(at) => self.excused.push((excuse.from_ms, *at)),
            None => {
                let at = ends.last().copied().unwrap_or(end_ms);
                self.excused.push((excuse.from_ms, at));
                // Who stops watching before the device was looked at need not know.
                if at < end_ms || self.watch.to_ms.is_none() {
                    let wrong = self.wrong_at(at);
                    findings.violations.push(format!(
                        "{} after '{}' from {} to {at}: {wrong:?}",
                        self.phone.dn, excuse.name, excuse.from_ms
                    ));
                }
            }
        }
    }

    /// A feature that is not as the application thinks that it is: the value that it knows, and the true one.
    fn wrong_at(&self, at_ms: i64) -> Option<(Type, Value, Value)> {
        let mut known: BTreeMap<&str, (Type, Value)> = BTreeMap::new();
        // What began while something was broken began with nothing that is known.
        if !self.is_excused(self.watch.from_ms) {
            for change in self.truth {
                known.insert(change.kind.as_str(), (change.kind, self.true_at(change.kind, self.watch.from_ms)));
            }
        }
        for change in self.told.iter().filter(|change| change.at_ms <= at_ms) {
            known.insert(change.kind.as_str(), (change.kind, change.value.clone()));
        }
        let differs = |(kind, value): (Type, Value)| {
            let truth = self.true_at(kind, at_ms);
            (truth != value).then_some((kind, value, truth))
        };
        known.into_values().find_map(differs)
    }

    fn true_at(&self, kind: Type, at_ms: i64) -> Value {
        let until = self.truth.iter().filter(|change| change.kind == kind && change.at_ms <= at_ms);
        until.last().map_or(OFF, |change| change.value.clone())
    }

    fn check(&self, findings: &mut Findings) {
        let expected = self.truth.iter().filter(|change| self.watch.covers(change.at_ms, 0));
        let (excused, expected): (Vec<_>, Vec<_>) = expected.partition(|change| self.is_excused(change.at_ms));
        findings.compared += expected.len();
        findings.excused += excused.len();
        let told: Vec<_> = self.told.iter().filter(|change| !self.is_excused(change.at_ms)).collect();
        for (expected, told) in expected.iter().zip(&told) {
            let late = (expected.at_ms - told.at_ms).abs() > self.slack_ms;
            if late || expected.kind != told.kind || expected.value != told.value {
                findings.violations.push(format!("{}: expected {expected:?}, told {told:?}", self.phone.dn));
                return; // what follows is shifted
            }
            findings.reached.insert((told.kind.as_str(), if told.value.on { "on" } else { "off" }));
        }
        if let Some(never) = expected.get(told.len()) {
            findings.violations.push(format!("{}: never told: {never:?}", self.phone.dn));
        }
        if let Some(more) = told.get(expected.len()) {
            findings.violations.push(format!("{}: told though it was not so: {more:?}", self.phone.dn));
        }
    }
}
