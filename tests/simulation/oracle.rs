//! Holds what applications heard against what was true at the switches.
//!
//! Outside the named, closed intervals of an [`Excuse`] the events of a phone must be exactly those
//! that its truth calls for, in order. Inside one, what lies between may be missing, but at its end
//! the application must know the truth.

mod in_use;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use oig::sim::switch::Why as Cause;
use oig::sim::truth::{Truth, TruthFeature, TruthRecord, TruthSetting, TruthState};
use schemas::contract::cc::{
    CallEventAttributeNames, CallEventMsg, CallEventType as Type, CallState, DeviceAttributeNames, DeviceName,
    EventCauseType as Why, FeaturesAllowed, SystemEventType,
};

use super::expected::{Expected, script, shown};
use super::features;
use super::places::Watched;
use super::world::{Application, Heard};

/// From a broken thing to the moment when it must be made good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excuse {
    pub node: usize,
    pub name: &'static str,
    pub from_ms: i64,
    /// When the fault itself was over.
    pub over_ms: i64,
}

/// A device is looked at so long after a fault at the latest, busy or idle.
pub const AUDITS_MS: [i64; 3] = [1_000, 61_000, 661_000];

/// What was true at each node.
#[derive(Debug, Default)]
pub struct Known {
    pub legs: Vec<Vec<Truth>>,
    /// The same; what goes on at one node alone has a name of its own from then on (see [`apart`]).
    pub halves: Vec<Vec<Truth>>,
    pub features: Vec<Vec<TruthFeature>>,
}

impl Known {
    /// Adds the next node's.
    pub fn add(&mut self, records: Vec<TruthRecord>) {
        let (mut legs, mut features) = (Vec::new(), Vec::new());
        for record in records {
            match record {
                TruthRecord::Leg(record) => legs.push(record),
                TruthRecord::Feature(record) => {
                    legs.extend(charged(&record));
                    features.push(record);
                }
            }
        }
        self.halves.push(apart(&legs));
        self.legs.push(legs);
        self.features.push(features);
    }
}

/// Stands in the order of legs' records for a code that a line set; no leg has this number.
pub const CHARGED: u64 = 0;

fn charged(record: &TruthFeature) -> Option<Truth> {
    let TruthSetting::Account { line, gcid, code } = &record.setting else { return None };
    Some(Truth {
        seq: record.seq,
        at_ms: record.at_ms,
        node: record.node,
        dn: record.dn.clone(),
        line: *line,
        leg: CHARGED,
        gcid: gcid.clone(),
        state: TruthState::Null,
        cause: Cause::Normal,
        other: Some(code.clone()),
        group: None,
    })
}

/// Whether a record says that a leg goes on without the half of its call that was at another node.
pub fn is_alone(record: &Truth) -> bool {
    record.cause == Cause::PeerLost && record.state != TruthState::Null
}

/// Stands before the number of the node where a call goes on by itself, in the name that its half has here.
const ALONE_AT: char = '@';

/// The Global Call ID in the name of a call, or of its half.
pub fn id_of(name: &str) -> &str {
    name.split(ALONE_AT).next().unwrap_or(name)
}

/// The records of a node, with a name of its own for each call that goes on without its other half.
fn apart(legs: &[Truth]) -> Vec<Truth> {
    let mut alone: BTreeSet<&str> = BTreeSet::new();
    let named = |record: &Truth, gcid: String| Truth { gcid, ..record.clone() };
    let mut records = Vec::with_capacity(legs.len());
    for record in legs {
        if is_alone(record) {
            alone.insert(&record.gcid);
        }
        let name = match alone.contains(record.gcid.as_str()) {
            true => format!("{}{ALONE_AT}{}", record.gcid, record.node),
            false => record.gcid.clone(),
        };
        records.push(named(record, name));
    }
    records
}

/// What was found at the phones of one application.
#[derive(Debug, Default)]
pub struct Findings {
    pub violations: Vec<String>,
    /// Truth records that events were held against, and those that were excused.
    pub compared: usize,
    pub excused: usize,
    /// Events that came in one moment with those of another leg, in another order.
    pub turned: usize,
    /// Type and cause of what was told as it had to be.
    pub reached: BTreeSet<(&'static str, &'static str)>,
}

/// What else must be known of a run.
pub struct Circumstances<'a> {
    pub excuses: &'a [Excuse],
    pub end_ms: i64,
    /// How far the clocks of switch and gateway may differ: nothing in a paused run.
    pub slack_ms: i64,
    /// How late an event may be told: `slack_ms`, and what a machine needs that others keep busy.
    pub late_ms: i64,
}

/// Compares everything that one application heard.
pub fn compare(application: &Application, truth: &Known, run: &Circumstances<'_>) -> Findings {
    let (heard, watched) = (&*application.heard.borrow(), &*application.watched);
    let mut findings = Findings::default();
    for phone in watched {
        let line = Line::new(heard, phone, truth, run);
        line.check(&mut findings);
        if phone.is_prime() {
            features::compare(application, phone, truth, run, &mut findings);
        }
    }
    features::compare_presence(application, truth, run, &mut findings);
    order_of_system_events(heard, watched, &mut findings);
    findings
}

/// OUT_OF_SERVICE of a node's phones comes after the news of the node, MONITOR_SET after its return.
fn order_of_system_events(heard: &[Heard], watched: &[Watched], findings: &mut Findings) {
    let mut connected: BTreeMap<i64, bool> = BTreeMap::new();
    // Watched from now on though the node is away: that is told of the object alone.
    let mut begun: BTreeSet<i64> = BTreeSet::new();
    for Heard { at_ms, event } in heard {
        if let Some(system) = &event.system_event
            && system.event_type == Some(SystemEventType::IcpCommunicationEvent)
        {
            let up = system.connection_state == Some(schemas::contract::cc::ConnectionState::Connected);
            connected.insert(system.icp_id, up);
        }
        let Some(call) = &event.call_event else { continue };
        let Some(phone) = watched.iter().find(|w| w.object == call.object_id) else { continue };
        let icp = i64::try_from(phone.node).expect("small") + 1;
        let told = connected.get(&icp).copied();
        if (call.kind, call.call_state) == (Some(Type::MonitorSet), Some(CallState::Unavailable)) {
            begun.insert(call.object_id);
        }
        let wrong = match (call.kind, call.cause) {
            (Some(Type::OutOfService), _) if begun.remove(&call.object_id) => false,
            (Some(Type::OutOfService), Some(Why::ControllerCommsFailed)) => told != Some(false),
            (Some(Type::MonitorSet), Some(Why::ControllerCommsRestored)) => told != Some(true),
            _ => false,
        };
        if wrong {
            findings.violations.push(format!("{at_ms}: {:?} of {} before the news of node {icp}", call.kind, phone.dn));
        }
    }
}

/// When the monitor of a phone was restored first, from a moment on.
pub fn restored_at(heard: &[Heard], phone: &Watched, from_ms: i64) -> Option<i64> {
    let of = heard.iter().filter(|h| h.at_ms >= from_ms).filter_map(|h| Some((h.at_ms, h.event.call_event.as_ref()?)));
    let mut restored = of.filter(|(_, call)| call.object_id == phone.object);
    restored.find(|(_, call)| call.cause == Some(Why::ControllerCommsRestored)).map(|(at_ms, _)| at_ms)
}

struct Line<'a> {
    phone: &'a Watched,
    events: Vec<(i64, &'a CallEventMsg)>,
    truth: &'a [Vec<Truth>],
    /// Closed intervals, and what each is for.
    excused: Vec<(i64, i64, &'static str)>,
    unhealed: Vec<String>,
    slack_ms: i64,
    late_ms: i64,
    expected: Vec<Expected>,
}

impl<'a> Line<'a> {
    fn new(heard: &'a [Heard], phone: &'a Watched, known: &'a Known, run: &Circumstances<'_>) -> Self {
        let &Circumstances { excuses, end_ms, slack_ms, late_ms } = run;
        let events = heard
            .iter()
            .filter_map(|h| Some((h.at_ms, h.event.call_event.as_ref()?)))
            .filter(|(_, call)| call.object_id == phone.object)
            .collect();
        let script = script(known, phone);
        let (excused, unhealed, expected) = (Vec::new(), Vec::new(), script.events);
        let mut line = Self { phone, events, truth: &known.legs, excused, unhealed, slack_ms, late_ms, expected };
        for excuse in excuses.iter().filter(|e| e.node == phone.node) {
            line.excuse(excuse, end_ms);
        }
        for at in script.blurred {
            line.blur(at);
        }
        line
    }

    /// How often something was told in one moment is not held against anybody; what is known after
    /// it is.
    fn blur(&mut self, at: i64) {
        let end = at + self.slack_ms;
        if !self.is_excused(end) && self.told_at(end) != self.true_at(end) {
            let (told, truth) = (self.told_at(end), self.true_at(end));
            self.unhealed.push(format!("{} after {at}: told {told:?}, true {truth:?}", self.phone));
        }
        self.excused.push((at, at, "several left at once"));
    }

    /// An excuse ends when the application knows the truth again: at once after the monitor was
    /// restored, else by the next look at the device.
    fn excuse(&mut self, excuse: &Excuse, end_ms: i64) {
        let restored = self
            .events
            .iter()
            .find(|(at, call)| *at >= excuse.over_ms && call.cause == Some(Why::ControllerCommsRestored));
        let audits = AUDITS_MS.iter().map(|after| (excuse.over_ms + after).min(end_ms));
        let ends: Vec<i64> = restored.map(|(at, _)| *at + 1 + self.slack_ms).into_iter().chain(audits).collect();
        match ends.iter().find(|at| self.told_at(**at) == self.true_at(**at)) {
            Some(at) => {
                let at = self.late_clear(excuse.from_ms, *at).unwrap_or(*at);
                self.excused.push((excuse.from_ms, at, excuse.name));
            }
            None => {
                let at = ends.last().copied().unwrap_or(end_ms);
                self.excused.push((excuse.from_ms, at, excuse.name));
                self.unhealed.push(format!(
                    "{} after '{}' from {} to {}: told {:?}, true {:?}",
                    self.phone,
                    excuse.name,
                    excuse.from_ms,
                    at,
                    self.told_at(at),
                    self.true_at(at)
                ));
            }
        }
    }

    /// Dial tone is not told, so an application that does not know of one knows the truth; that it
    /// ended while nobody heard is told all the same, when the device is looked at.
    fn late_clear(&self, from_ms: i64, to_ms: i64) -> Option<i64> {
        let ended = |id: &str| {
            self.own().any(|r| r.gcid == id && r.state == TruthState::Null && (from_ms..=to_ms).contains(&r.at_ms))
        };
        let mut told = Vec::new();
        let mut late = None;
        for (at, call) in self.events.iter().filter(|(_, call)| call.kind == Some(Type::CallClear)) {
            let id = gcid(call);
            if *at > to_ms && ended(&id) && !told.contains(&id) {
                late = Some(*at);
            }
            told.push(id);
        }
        late
    }

    fn is_excused(&self, at_ms: i64) -> bool {
        let slack = self.slack_ms;
        self.excused.iter().any(|(from, to, _)| (*from - slack..=*to + slack).contains(&at_ms))
    }

    /// Legs as the application knows them: Global Call ID and state.
    fn told_at(&self, at_ms: i64) -> BTreeMap<String, CallState> {
        let mut legs: BTreeMap<i64, (String, CallState)> = BTreeMap::new();
        for (_, call) in self.events.iter().filter(|(at, _)| *at <= at_ms) {
            if call.local_call_id == 0 {
                continue;
            }
            match (call.kind, call.call_state) {
                (_, Some(CallState::Idle)) => drop(legs.remove(&call.local_call_id)),
                // That somebody waits is told with what the line does besides.
                _ if call.cause == Some(Why::CallIsWaiting) => {
                    legs.insert(call.local_call_id, (gcid(call), CallState::Queued));
                }
                (_, Some(state)) => drop(legs.insert(call.local_call_id, (gcid(call), state))),
                _ => {}
            }
        }
        let initiated = self.initiated_at(at_ms);
        legs.into_values().filter(|(id, _)| !initiated.contains(id)).collect()
    }

    /// Legs as they are; dial tone is not told, so it does not count.
    fn true_at(&self, at_ms: i64) -> BTreeMap<String, CallState> {
        self.legs_at(at_ms)
            .into_iter()
            .filter(|(_, state)| *state != TruthState::Initiated)
            .map(|(id, state)| (id, shown(state)))
            .collect()
    }

    fn initiated_at(&self, at_ms: i64) -> Vec<String> {
        let legs = self.legs_at(at_ms).into_iter();
        legs.filter(|(_, state)| *state == TruthState::Initiated).map(|(id, _)| id).collect()
    }

    fn legs_at(&self, at_ms: i64) -> BTreeMap<String, TruthState> {
        let mut legs = BTreeMap::new();
        for record in self.own().filter(|r| r.at_ms <= at_ms) {
            match record.state {
                TruthState::Null => drop(legs.remove(&record.leg)),
                state => drop(legs.insert(record.leg, (record.gcid.clone(), state))),
            }
        }
        legs.into_values().collect()
    }

    fn own(&self) -> impl Iterator<Item = &'a Truth> {
        let phone = self.phone;
        self.truth[phone.node].iter().filter(move |r| (&r.dn, r.line) == (&phone.dn, phone.button))
    }

    fn check(&self, findings: &mut Findings) {
        findings.violations.extend(self.unhealed.iter().cloned());
        let (expected, excused): (Vec<_>, Vec<_>) = self.expected.iter().partition(|e| !self.is_excused(e.at_ms));
        findings.compared += expected.len();
        findings.excused += excused.len();
        let told = self.events.iter().filter(|(at, call)| is_told(call) && !self.is_excused(*at));
        let mut told: Vec<_> = told.copied().collect();
        findings.turned += turn(&expected, &mut told, self.slack_ms);
        for (i, pair) in expected
            .iter()
            .map(Some)
            .chain(std::iter::repeat(None))
            .zip(told.iter().map(Some).chain(std::iter::repeat(None)))
            .enumerate()
        {
            match pair {
                (None, None) => break,
                (Some(expected), Some((at, call))) => {
                    if let Some(fault) = self.differs(expected, *at, call) {
                        findings.violations.push(format!("{} event {i}: {fault}", self.phone));
                        break; // what follows is shifted
                    }
                    findings.reached.extend(call.kind.zip(call.cause).map(|(k, why)| (k.as_str(), why.as_str())));
                }
                (Some(expected), None) => {
                    findings.violations.push(format!("{}: never told: {expected:?}", self.phone));
                    break;
                }
                (None, Some((at, call))) => {
                    findings.violations.push(format!(
                        "{}: told at {at} though it was not so: {}",
                        self.phone,
                        short(call)
                    ));
                    break;
                }
            }
        }
        self.others_in_use(findings);
        for (at, call) in &self.events {
            // What is announced for a state is not asked of who missed how the leg came to it.
            let ill = ill_formed(call, self.phone);
            let ill = ill.or_else(|| unfit_features(call).filter(|_| !self.is_excused(*at)));
            if let Some(fault) = ill {
                findings.violations.push(format!("{} at {at}: {fault}: {}", self.phone, short(call)));
            }
        }
    }

    fn differs(&self, expected: &Expected, at_ms: i64, call: &CallEventMsg) -> Option<String> {
        let mut fault = String::new();
        if (call.call_event_time - expected.at_ms).abs() > self.late_ms {
            let _ = write!(fault, "time {at_ms} ");
        }
        if call.kind != Some(expected.kind) {
            fault.push_str("type ");
        }
        let missed = expected.held_ms.is_some_and(|at| self.is_excused(at));
        let any_hold = matches!(call.cause, Some(Why::ConsHeldPartyDropped | Why::HardHeldPartyDropped));
        let fits = expected.whys.iter().any(|why| call.cause == Some(*why)) || (missed && any_hold);
        if !fits {
            fault.push_str("cause ");
        }
        if call.call_state != Some(expected.state) {
            fault.push_str("state ");
        }
        if gcid(call) != expected.gcid {
            fault.push_str("global call id ");
        }
        let party = match expected.kind {
            Type::CallReceived => Some((DeviceName::CallingDevice, DeviceName::CalledDevice)),
            Type::CallDelivered => Some((DeviceName::CalledDevice, DeviceName::CallingDevice)),
            _ => None,
        };
        if let (Some((other, own)), Some(others)) = (party, &expected.other) {
            // A call of several that rings names one of them.
            let is_one = |told: &str| others.split('+').any(|number| number == told.trim_start_matches('+'));
            if !number(call, other).is_some_and(|told| is_one(&told)) {
                fault.push_str("other party ");
            }
            if number(call, own).as_deref() != Some(self.phone.number()) {
                fault.push_str("own party ");
            }
        }
        if party.is_some() && number(call, DeviceName::GroupDevice) != expected.group {
            fault.push_str("group ");
        }
        if expected.account.as_ref().is_some_and(|code| call.account_code.as_ref() != Some(code)) {
            fault.push_str("account code ");
        }
        if expected.members.as_ref().is_some_and(|members| *members != numbers_of_parties(call)) {
            let _ = write!(fault, "members {:?} ", numbers_of_parties(call));
        }
        (!fault.is_empty()).then(|| format!("differs in {fault}: expected {expected:?}, told {}", short(call)))
    }
}

/// A call whose path leads over the other node and back is told of later than one that does not:
/// within one moment the order of two legs' events cannot be told from the truth; where clocks differ
/// (`slack_ms`), such a moment is as long. Puts those told in the order of those expected, each leg's
/// in its own; how many had another place.
fn turn(expected: &[&Expected], told: &mut [(i64, &CallEventMsg)], slack_ms: i64) -> usize {
    let mut turned = 0;
    for at in 0..expected.len().min(told.len()) {
        let Expected { at_ms, gcid: id, .. } = expected[at];
        let now = told[at..].iter().take_while(|(_, call)| (call.call_event_time - at_ms).abs() <= slack_ms);
        if let Some(place) = now.into_iter().position(|(_, call)| gcid(call) == *id).filter(|place| *place > 0) {
            told[at..=at + place].rotate_right(1);
            turned += 1;
        }
    }
    turned
}

/// What says nothing of a change: the state when a monitor was set, the link's own news, and what
/// another line of the number does, which is looked at by itself.
fn is_told(call: &CallEventMsg) -> bool {
    let of_another_line = call.local_call_id == 0 && matches!(call.kind, Some(Type::ExtensionInUse | Type::CallClear));
    // Who the other party is, is looked at by itself, too.
    if of_another_line || call.kind == Some(Type::RemotePartyUpdate) {
        return false;
    }
    !matches!(call.kind, Some(Type::MonitorSet | Type::OutOfService | Type::InService | Type::MonitorFailedEvent))
}

/// The call that an event is of; empty where it names none.
pub fn gcid(call: &CallEventMsg) -> String {
    attribute(call, CallEventAttributeNames::CurrentGlobalCallId).unwrap_or_default()
}

fn attribute(call: &CallEventMsg, name: CallEventAttributeNames) -> Option<String> {
    call.call_event_attribute.iter().find(|a| a.attribute_name == Some(name))?.attribute_value.clone()
}

fn number(call: &CallEventMsg, role: DeviceName) -> Option<String> {
    let device = call.device.iter().find(|d| d.device_name == Some(role))?;
    let number = device.device_attribute.iter().find(|a| a.attribute_name == Some(DeviceAttributeNames::Number))?;
    number.attribute_value.clone()
}

/// Everybody whom a conference event names as a member.
fn numbers_of_parties(call: &CallEventMsg) -> BTreeSet<String> {
    call.party.iter().filter_map(|party| party.member_num.clone()).collect()
}

/// What must hold of every event by itself.
fn ill_formed(call: &CallEventMsg, phone: &Watched) -> Option<&'static str> {
    if attribute(call, CallEventAttributeNames::IcpId) != Some((phone.node + 1).to_string()) {
        return Some("the ICP_ID is not the node's");
    }
    if call.local_call_id != 0 && gcid(call).is_empty() {
        return Some("a call without its Global Call ID");
    }
    if !call
        .device
        .iter()
        .any(|d| d.device_attribute.iter().any(|a| a.attribute_value.as_deref() == Some(phone.number())))
    {
        return Some("the monitored phone is no device of its own event");
    }
    None
}

/// Features that no leg of that state has.
fn unfit_features(call: &CallEventMsg) -> Option<&'static str> {
    use FeaturesAllowed::{
        AlternateCall, AnswerCall, CamponCall, CancelConsultationCall, ClearCall, ConferenceCall, ConsultationCall,
        HoldCall, NewCall, OutPulseDigits, RedirectCall, RetrieveCall, SendCallbackMessage, SetAccountCode,
        SetCallMeBack, SplitConferenceCall, TradeCall, TransferCall,
    };
    let may: &[FeaturesAllowed] = match call.call_state {
        Some(CallState::Originated) => &[ClearCall, OutPulseDigits, CancelConsultationCall],
        Some(CallState::Delivered) => {
            &[ClearCall, CancelConsultationCall, TransferCall, SetCallMeBack, SendCallbackMessage]
        }
        Some(CallState::Failed) => {
            &[ClearCall, NewCall, CancelConsultationCall, TransferCall, CamponCall, SetCallMeBack, SendCallbackMessage]
        }
        Some(CallState::Received) => &[AnswerCall, RedirectCall],
        Some(CallState::Established) => &[
            ClearCall,
            HoldCall,
            ConsultationCall,
            OutPulseDigits,
            NewCall,
            SetAccountCode,
            AlternateCall,
            CancelConsultationCall,
            TransferCall,
            ConferenceCall,
            SplitConferenceCall,
            TradeCall,
        ],
        Some(CallState::Held) => &[RetrieveCall],
        // Who waits; and the call that waits at a phone.
        Some(CallState::Queued) => &[ClearCall, CancelConsultationCall, SetCallMeBack, TradeCall],
        _ => &[],
    };
    if call.features_allowed.iter().any(|f| !may.contains(f)) {
        return Some("a feature is announced that the state does not allow");
    }
    None
}

/// An event as one line.
pub fn short(call: &CallEventMsg) -> String {
    format!(
        "{} / {} / {} leg {} gcid {} at {}",
        call.kind.map_or("-", |k| k.as_str()),
        call.cause.map_or("-", |k| k.as_str()),
        call.call_state.map_or("-", |k| k.as_str()),
        call.local_call_id,
        gcid(call),
        call.call_event_time
    )
}
