//! Holds what applications heard of features against what was true at the switches.
//!
//! While an application watches the features of a phone it must hear each change of one, once, in order and in its
//! moment. What changed during an excuse may be told at its end instead; then the application knows the truth again.

use std::collections::{BTreeMap, BTreeSet};

use oig::sim::truth::{TruthFeature, TruthSetting};
use schemas::contract::cc::{
    CallEventType as Called, CallState, EventCauseType as Why, FeatureEventAttributeNames as Name, FeatureEventMsg,
    FeatureEventType as Type,
};

use super::oracle::{AUDITS_MS, Circumstances, Excuse, Findings, Known, restored_at};
use super::places::{AWAY, MEMBER, Watched, is_user};
use super::world::{Application, FeatureWatch, Heard};

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
    /// The event's type as the contract spells it.
    kind: &'static str,
    value: Value,
}

/// The name under which service is compared, as if it were a feature that everybody watches.
pub const SERVICE: &str = "SERVICE";
/// The same for presence in a group.
pub const PRESENCE: &str = "PRESENCE";
/// Under which it is counted that a user came to a set of another node, or left.
pub const AWAY_DESK: &str = "HOT_DESK_USER away from home";

/// Compares what one application heard of a phone's features while it watched them, and of its service.
pub fn compare(
    application: &Application,
    phone: &Watched,
    truth: &Known,
    run: &Circumstances<'_>,
    findings: &mut Findings,
) {
    let heard = &*application.heard.borrow();
    let told: Vec<(i64, &FeatureEventMsg)> = heard
        .iter()
        .filter_map(|h| Some((h.at_ms, h.event.feature_event.as_ref()?)))
        .filter(|(_, event)| event.object_id == phone.object)
        .collect();
    let watches = &*application.features.borrow();
    let slack_ms = run.slack_ms;
    let during = |at_ms: i64| watches.iter().any(|w| w.object == phone.object && w.covers(at_ms, slack_ms));
    if let Some((at_ms, event)) = told.iter().find(|(at_ms, _)| !during(*at_ms)) {
        findings.violations.push(format!("{} at {at_ms}: nobody watches its features: {event:?}", phone.dn));
    }
    let (features, service): (Vec<_>, Vec<_>) =
        changes(&truth.features[phone.node], &phone.dn).into_iter().partition(|change| change.kind != SERVICE);
    let (presence, features): (Vec<_>, Vec<_>) = features.into_iter().partition(is_presence);
    for watch in watches.iter().filter(|w| w.object == phone.object) {
        let events = told.iter().filter(|(at, _)| watch.covers(*at, slack_ms));
        let events = events.map(|(at_ms, event)| change(*at_ms, event, phone));
        let events = match events.collect::<Result<Vec<_>, String>>() {
            Ok(events) => events,
            Err(fault) => return findings.violations.push(format!("{}: {fault}", phone.dn)),
        };
        let (present, events): (Vec<_>, Vec<_>) = events.into_iter().partition(is_presence);
        Span::new(phone, watch, events, &features).judge(heard, run, findings);
        Span::new(phone, watch, present, &presence).judge(heard, run, findings);
    }
    let (told, shown) = service_told(heard, phone);
    let always = FeatureWatch { object: phone.object, from_ms: i64::MIN / 2, to_ms: None };
    let mut span = Span::new(phone, &always, told, &service);
    span.shown = shown;
    span.judge(heard, run, findings);
}

fn is_presence(change: &Change) -> bool {
    change.kind == PRESENCE
}

/// Compares what one application heard of presence in the groups of a node that it watches.
pub fn compare_presence(application: &Application, truth: &Known, run: &Circumstances<'_>, findings: &mut Findings) {
    let heard = &*application.heard.borrow();
    let watches = &*application.presence.borrow();
    for object in watches.iter().map(|watch| watch.object).collect::<BTreeSet<_>>() {
        let node = usize::try_from(object - 1).expect("a node's number");
        let phone = Watched { node, dn: MEMBER.into(), button: 1, object };
        let of = |watch: &&FeatureWatch| watch.object == object;
        let objects = |h: &Heard| {
            (h.event.feature_event.as_ref().map(|e| e.object_id), h.event.call_event.as_ref().map(|e| e.object_id))
        };
        let about = heard.iter().filter(|h| objects(h) == (Some(object), None) || objects(h) == (None, Some(object)));
        let mut about = about.filter(|h| !watches.iter().filter(of).any(|watch| watch.covers(h.at_ms, run.slack_ms)));
        if let Some(Heard { at_ms, event }) = about.next() {
            findings.violations.push(format!("node {object} at {at_ms}: nobody watches presence there: {event:?}"));
        }
        let changes: Vec<Change> = truth.features[node].iter().filter_map(presence).collect();
        for watch in watches.iter().filter(of) {
            let told = heard.iter().filter(|h| watch.covers(h.at_ms, run.slack_ms));
            let told = told.filter_map(|h| h.event.feature_event.as_ref()).filter(|event| event.object_id == object);
            Span::new(&phone, watch, told.filter_map(joined_or_left).collect(), &changes).judge(heard, run, findings);
        }
    }
}

fn joined_or_left(event: &FeatureEventMsg) -> Option<Change> {
    let on = match event.event_type {
        Some(Type::JoinGroup) => true,
        Some(Type::LeaveGroup) => false,
        _ => return None,
    };
    let of = event.feature_event_attribute.iter().find(|a| a.attribute_name == Some(Name::GroupDn));
    let number = of.and_then(|a| a.attribute_value.clone());
    Some(Change { at_ms: event.time, kind: PRESENCE, value: Value { on, number } })
}

fn presence(record: &TruthFeature) -> Option<Change> {
    let TruthSetting::Presence { group, on } = &record.setting else { return None };
    let value = Value { on: *on, number: Some(group.clone()) };
    Some(Change { at_ms: record.at_ms, kind: PRESENCE, value })
}

/// What was told of a phone's service, and what was shown of it when its monitor was set.
fn service_told(heard: &[Heard], phone: &Watched) -> (Vec<Change>, Vec<Change>) {
    let calls = heard.iter().filter_map(|h| h.event.call_event.as_ref()).filter(|c| c.object_id == phone.object);
    let (mut told, mut shown) = (Vec::new(), Vec::new());
    for call in calls {
        let change = |on| Change { at_ms: call.call_event_time, kind: SERVICE, value: Value { on, number: None } };
        match (call.kind, call.cause, call.call_state) {
            (Some(Called::OutOfService), Some(Why::DeviceOutOfService), _) => told.push(change(false)),
            (Some(Called::InService), Some(Why::DeviceInService), _) => told.push(change(true)),
            (Some(Called::MonitorSet), _, Some(CallState::OutOfService)) => shown.push(change(false)),
            (Some(Called::MonitorSet), _, Some(CallState::Unavailable)) => {}
            (Some(Called::MonitorSet), ..) => shown.push(change(true)),
            _ => {}
        }
    }
    (told, shown)
}

/// What is set at a number from moment to moment.
fn changes(truth: &[TruthFeature], dn: &str) -> Vec<Change> {
    let mut places: BTreeMap<&str, &str> = BTreeMap::new();
    let mut changes = Vec::new();
    for record in truth {
        let at_ms = record.at_ms;
        if let TruthSetting::HotDesk { at } = &record.setting {
            let user = record.dn.as_str();
            let place = at.as_deref().or_else(|| places.get(user).copied()).unwrap_or_default();
            // The user's number hears of it, and the set's.
            if dn == user || dn == place {
                let value = Value { on: at.is_some(), number: Some(user.to_owned()) };
                changes.push(Change { at_ms, kind: Type::HotDeskUser.as_str(), value });
            }
            places.insert(user, place);
        }
        let of = Some(record).filter(|record| record.dn == dn).and_then(|record| value(&record.setting));
        changes.extend(of.map(|(kind, value)| Change { at_ms, kind, value }));
    }
    changes
}

/// What the event of a feature says; `None` for what has no event at its own number.
fn value(setting: &TruthSetting) -> Option<(&'static str, Value)> {
    let plain = |kind: Type, on| Some((kind.as_str(), Value { on, number: None }));
    match setting {
        TruthSetting::DoNotDisturb { on } => plain(Type::DoNotDisturb, *on),
        TruthSetting::AutoAnswer { on } => plain(Type::AutoAnswerFeature, *on),
        // Of a set that another node's user came to or left.
        TruthSetting::Guest { user, on } => {
            Some((Type::HotDeskUser.as_str(), Value { on: *on, number: Some(user.clone()) }))
        }
        TruthSetting::MessageWaiting { on } => plain(Type::MsgWaitingIndicator, *on),
        TruthSetting::Forward { kind, number } => {
            Some((forwarding(kind).as_str(), Value { on: number.is_some(), number: number.clone() }))
        }
        TruthSetting::InService { on } => Some((SERVICE, Value { on: *on, number: None })),
        TruthSetting::Presence { group, on } => Some((PRESENCE, Value { on: *on, number: Some(group.clone()) })),
        TruthSetting::HotDesk { .. } | TruthSetting::Account { .. } => None,
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
    if matches!(kind, Type::JoinGroup | Type::LeaveGroup) {
        let value = Value { on: kind == Type::JoinGroup, number: attribute(Name::GroupDn) };
        return Ok(Change { at_ms: event.time, kind: PRESENCE, value });
    }
    let number = attribute(if kind == Type::HotDeskUser { Name::UserDn } else { Name::ForwardDn });
    Ok(Change { at_ms: event.time, kind: kind.as_str(), value: Value { on, number } })
}

struct Span<'a> {
    phone: &'a Watched,
    watch: &'a FeatureWatch,
    told: Vec<Change>,
    /// What the application saw besides, without a change.
    shown: Vec<Change>,
    truth: &'a [Change],
    excused: Vec<(i64, i64)>,
    slack_ms: i64,
    late_ms: i64,
}

impl<'a> Span<'a> {
    fn new(phone: &'a Watched, watch: &'a FeatureWatch, told: Vec<Change>, truth: &'a [Change]) -> Self {
        Self { phone, watch, told, shown: Vec::new(), truth, excused: Vec::new(), slack_ms: 0, late_ms: 0 }
    }

    fn judge(mut self, heard: &[Heard], run: &Circumstances<'_>, findings: &mut Findings) {
        (self.slack_ms, self.late_ms) = (run.slack_ms, run.late_ms);
        let until = self.watch.until(run.end_ms);
        for excuse in run.excuses.iter().filter(|e| e.node == self.phone.node && e.from_ms <= until) {
            self.excuse(excuse, heard, run.end_ms, findings);
        }
        let told = std::mem::take(&mut self.told);
        self.told = told.into_iter().filter(|change| !self.is_late_news(change, run.excuses)).collect();
        self.check(findings);
    }

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

    /// What was missed is told to all who watch when it is found, also to who began to watch after it had changed.
    fn is_late_news(&self, told: &Change, excuses: &[Excuse]) -> bool {
        let before = self.truth.iter().rfind(|change| change.kind == told.kind && change.at_ms <= told.at_ms);
        before.is_some_and(|change| {
            let missed = |e: &Excuse| {
                let found = e.over_ms + AUDITS_MS[AUDITS_MS.len() - 1];
                e.node == self.phone.node && e.from_ms <= change.at_ms && (e.from_ms..=found).contains(&told.at_ms)
            };
            change.at_ms < self.watch.from_ms && change.value == told.value && excuses.iter().any(missed)
        })
    }

    /// A feature that is not as the application thinks that it is: the value that it knows, and the true one.
    fn wrong_at(&self, at_ms: i64) -> Option<(&'static str, Value, Value)> {
        let mut known: BTreeMap<&'static str, (i64, Value)> = BTreeMap::new();
        // What began while something was broken began with nothing that is known.
        if !self.is_excused(self.watch.from_ms) {
            for change in self.truth {
                known.insert(change.kind, (i64::MIN, self.true_at(change.kind, self.watch.from_ms)));
            }
        }
        for change in self.shown.iter().chain(&self.told).filter(|change| change.at_ms <= at_ms) {
            let newest = known.entry(change.kind).or_insert((i64::MIN, OFF));
            if newest.0 <= change.at_ms {
                *newest = (change.at_ms, change.value.clone());
            }
        }
        let differs = |(kind, (_, value)): (&'static str, (i64, Value))| {
            let truth = self.true_at(kind, at_ms);
            // Who was there last is of no interest.
            let plain = !truth.on || kind == PRESENCE;
            let same = truth.on == value.on && (plain || truth.number == value.number);
            (!same).then_some((kind, value, truth))
        };
        known.into_iter().find_map(differs)
    }

    fn true_at(&self, kind: &str, at_ms: i64) -> Value {
        // A user is somewhere only after a login, a set is there for its own number, a member is present.
        let on = match kind {
            SERVICE => !is_user(&self.phone.dn),
            kind => kind == PRESENCE,
        };
        let at_first = Value { on, number: None };
        let mut until = self.truth.iter().filter(|change| change.kind == kind && change.at_ms <= at_ms);
        until.next_back().map_or(at_first, |change| change.value.clone())
    }

    fn check(&self, findings: &mut Findings) {
        let expected = self.truth.iter().filter(|change| self.watch.covers(change.at_ms, 0));
        let (excused, expected): (Vec<_>, Vec<_>) = expected.partition(|change| self.is_excused(change.at_ms));
        findings.compared += expected.len();
        findings.excused += excused.len();
        let told: Vec<_> = self.told.iter().filter(|change| !self.is_excused(change.at_ms)).collect();
        for (expected, told) in expected.iter().zip(&told) {
            let late = (expected.at_ms - told.at_ms).abs() > self.late_ms;
            if late || expected.kind != told.kind || expected.value != told.value {
                findings.violations.push(format!("{}: expected {expected:?}, told {told:?}", self.phone.dn));
                return; // what follows is shifted
            }
            let way = if told.value.on { "on" } else { "off" };
            findings.reached.insert((told.kind, way));
            if told.kind == Type::HotDeskUser.as_str() && AWAY.contains(&self.phone.dn.as_str()) {
                findings.reached.insert((AWAY_DESK, way));
            }
        }
        if let Some(never) = expected.get(told.len()) {
            findings.violations.push(format!("{}: never told: {never:?}", self.phone.dn));
        }
        if let Some(more) = told.get(expected.len()) {
            findings.violations.push(format!("{}: told though it was not so: {more:?}", self.phone.dn));
        }
    }
}
