//! Holds what applications heard against what was true at the switches.
//!
//! Outside the named, closed intervals of an [`Excuse`] the events of a phone must be exactly those
//! that its truth calls for, in order. Inside one, what lies between may be missing, but at its end
//! the application must know the truth.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use oig::sim::truth::{Truth, TruthState};
use schemas::contract::cc::{
    CallEventAttributeNames, CallEventMsg, CallEventType as Type, CallState, DeviceAttributeNames, DeviceName,
    EventCauseType as Why, FeaturesAllowed, SystemEventType,
};

use super::world::{Heard, Watched};

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
const AUDITS_MS: [i64; 3] = [1_000, 61_000, 661_000];

/// What a truth calls for at a phone.
#[derive(Debug, Clone, PartialEq)]
struct Expected {
    at_ms: i64,
    gcid: String,
    kind: Type,
    /// Any of these: which of two ends left first cannot always be told from one node's truth.
    whys: Vec<Why>,
    state: CallState,
    other: Option<String>,
}

/// What was found at the phones of one application.
#[derive(Debug, Default)]
pub struct Findings {
    pub violations: Vec<String>,
    /// Truth records that events were held against, and those that were excused.
    pub compared: usize,
    pub excused: usize,
}

/// Compares everything that one application heard.
///
/// `slack_ms` is how far the clocks of switch and gateway may differ: nothing in a paused run.
pub fn compare(
    heard: &[Heard],
    watched: &[Watched],
    truth: &[Vec<Truth>],
    excuses: &[Excuse],
    end_ms: i64,
    slack_ms: i64,
) -> Findings {
    let mut findings = Findings::default();
    for phone in watched {
        let line = Line::new(heard, phone, truth, excuses, end_ms, slack_ms);
        line.check(&mut findings);
    }
    order_of_system_events(heard, watched, &mut findings);
    findings
}

/// OUT_OF_SERVICE of a node's phones comes after the news of the node, MONITOR_SET after its return.
fn order_of_system_events(heard: &[Heard], watched: &[Watched], findings: &mut Findings) {
    let mut connected: BTreeMap<i64, bool> = BTreeMap::new();
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
        let wrong = match (call.kind, call.cause) {
            (Some(Type::OutOfService), Some(Why::ControllerCommsFailed)) => told != Some(false),
            (Some(Type::MonitorSet), Some(Why::ControllerCommsRestored)) => told != Some(true),
            _ => false,
        };
        if wrong {
            findings.violations.push(format!("{at_ms}: {:?} of {} before the news of node {icp}", call.kind, phone.dn));
        }
    }
}

struct Line<'a> {
    phone: &'a Watched,
    events: Vec<(i64, &'a CallEventMsg)>,
    truth: &'a [Vec<Truth>],
    /// Closed intervals, and what each is for.
    excused: Vec<(i64, i64, &'static str)>,
    unhealed: Vec<String>,
    slack_ms: i64,
}

impl<'a> Line<'a> {
    fn new(
        heard: &'a [Heard],
        phone: &'a Watched,
        truth: &'a [Vec<Truth>],
        excuses: &[Excuse],
        end_ms: i64,
        slack_ms: i64,
    ) -> Self {
        let events = heard
            .iter()
            .filter_map(|h| Some((h.at_ms, h.event.call_event.as_ref()?)))
            .filter(|(_, call)| call.object_id == phone.object)
            .collect();
        let mut line = Self { phone, events, truth, excused: Vec::new(), unhealed: Vec::new(), slack_ms };
        for excuse in excuses.iter().filter(|e| e.node == phone.node) {
            line.excuse(excuse, end_ms);
        }
        line
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
                    self.phone.dn,
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
                (Some(Type::CallClear | Type::CallDiverted), _) => drop(legs.remove(&call.local_call_id)),
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
            .filter_map(|(id, state)| {
                let state = match state {
                    TruthState::Originated => CallState::Originated,
                    TruthState::Delivered => CallState::Delivered,
                    TruthState::Alerting => CallState::Received,
                    TruthState::Connected => CallState::Established,
                    TruthState::Held => CallState::Held,
                    TruthState::Queued => CallState::Queued,
                    TruthState::Failed => CallState::Failed,
                    TruthState::Initiated | TruthState::Null => return None,
                };
                Some((id, state))
            })
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
                TruthState::Null => drop(legs.remove(&record.gcid)),
                state => drop(legs.insert(record.gcid.clone(), state)),
            }
        }
        legs
    }

    fn own(&self) -> impl Iterator<Item = &'a Truth> {
        let dn = self.phone.dn.clone();
        self.truth[self.phone.node].iter().filter(move |r| r.dn == dn && r.line == 1)
    }

    /// Whether another line of the number has a call that somebody there has taken up.
    fn another_line_is_used(&self, at_ms: i64) -> bool {
        let records = self.truth[self.phone.node].iter();
        let mut legs: BTreeMap<u64, TruthState> = BTreeMap::new();
        for record in records.filter(|r| r.dn == self.phone.dn && r.line != 1 && r.at_ms <= at_ms + self.slack_ms) {
            // One that came and went in one moment was there.
            if record.state == TruthState::Null && record.at_ms < at_ms - self.slack_ms {
                legs.remove(&record.leg);
            } else if record.state != TruthState::Null {
                legs.insert(record.leg, record.state);
            }
        }
        legs.values().any(|state| *state != TruthState::Alerting)
    }

    fn check(&self, findings: &mut Findings) {
        findings.violations.extend(self.unhealed.iter().cloned());
        let (expected, excused): (Vec<_>, Vec<_>) =
            self.expected().into_iter().partition(|e| !self.is_excused(e.at_ms));
        findings.compared += expected.len();
        findings.excused += excused.len();
        let told: Vec<_> = self.events.iter().filter(|(at, call)| is_told(call) && !self.is_excused(*at)).collect();
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
                        findings.violations.push(format!("{} event {i}: {fault}", self.phone.dn));
                        break; // what follows is shifted
                    }
                }
                (Some(expected), None) => {
                    findings.violations.push(format!("{}: never told: {expected:?}", self.phone.dn));
                    break;
                }
                (None, Some((at, call))) => {
                    findings.violations.push(format!(
                        "{}: told at {at} though it was not so: {}",
                        self.phone.dn,
                        short(call)
                    ));
                    break;
                }
            }
        }
        for (at, call) in &self.events {
            if call.kind == Some(Type::ExtensionInUse) && !self.is_excused(*at) && !self.another_line_is_used(*at) {
                findings.violations.push(format!("{} at {at}: no other line of it is in use", self.phone.dn));
            }
            if let Some(fault) = ill_formed(call, self.phone) {
                findings.violations.push(format!("{} at {at}: {fault}: {}", self.phone.dn, short(call)));
            }
        }
    }

    fn differs(&self, expected: &Expected, at_ms: i64, call: &CallEventMsg) -> Option<String> {
        let mut fault = String::new();
        if (call.call_event_time - expected.at_ms).abs() > self.slack_ms {
            let _ = write!(fault, "time {at_ms} ");
        }
        if call.kind != Some(expected.kind) {
            fault.push_str("type ");
        }
        if !expected.whys.iter().any(|why| call.cause == Some(*why)) {
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
        if let Some((other, own)) = party {
            if number(call, other).as_deref() != expected.other.as_deref() {
                fault.push_str("other party ");
            }
            if number(call, own).as_deref() != Some(&self.phone.dn) {
                fault.push_str("own party ");
            }
        }
        (!fault.is_empty()).then(|| format!("differs in {fault}: expected {expected:?}, told {}", short(call)))
    }

    /// What the truth calls for, in order.
    fn expected(&self) -> Vec<Expected> {
        let mut all: Vec<&Truth> = self.truth.iter().flatten().collect();
        // Records of one node keep their order; those of the other matter only for holds.
        all.sort_by_key(|r| (r.at_ms, usize::from(r.node) != self.phone.node + 1, r.seq));
        let mut expected = Vec::new();
        let mut legs: BTreeMap<String, TruthState> = BTreeMap::new();
        let mut others: BTreeMap<(u16, u64), TruthState> = BTreeMap::new();
        for (i, record) in all.iter().enumerate() {
            let own = usize::from(record.node) == self.phone.node + 1 && record.dn == self.phone.dn && record.line == 1;
            let mut say = |kind, whys: &[Why], state| {
                expected.push(Expected {
                    at_ms: record.at_ms,
                    gcid: record.gcid.clone(),
                    kind,
                    whys: whys.to_vec(),
                    state,
                    other: record.other.clone(),
                });
            };
            if !own {
                let before = others.insert((record.node, record.leg), record.state);
                let Some(state) = legs.get(&record.gcid).map(|s| shown(*s)) else { continue };
                match (before, record.state) {
                    (_, TruthState::Held) => say(Type::CallHeld, &[Why::HardHold], state),
                    (Some(TruthState::Held), TruthState::Connected) => {
                        say(Type::CallRetrieved, &[Why::Retrieve], state)
                    }
                    _ => {}
                }
                continue;
            }
            let before = legs.get(&record.gcid).copied();
            match record.state {
                TruthState::Initiated | TruthState::Queued => {}
                TruthState::Originated => say(Type::CallOriginated, &[Why::NewCallInvoked], CallState::Originated),
                TruthState::Delivered => say(Type::CallDelivered, &[Why::Delivered], CallState::Delivered),
                TruthState::Alerting => say(Type::CallReceived, &[Why::NewCall], CallState::Received),
                TruthState::Connected => match before {
                    Some(TruthState::Held) => say(Type::CallRetrieved, &[Why::RetrieveInvoked], CallState::Established),
                    Some(TruthState::Alerting) => {
                        say(Type::CallEstablished, &[Why::AnsweredInvoked], CallState::Established);
                    }
                    _ => say(Type::CallEstablished, &[Why::Answered], CallState::Established),
                },
                TruthState::Held => say(Type::CallHeld, &[Why::HardHoldInvoked], CallState::Held),
                TruthState::Failed => say(Type::CallFailed, &[failed(record)], CallState::Failed),
                TruthState::Null => {
                    // The first to leave a call at this node is who left it.
                    let mut earlier = all[..i].iter().rev().take_while(|r| r.at_ms == record.at_ms);
                    let left_before = earlier.any(|r| {
                        r.gcid == record.gcid
                            && r.node == record.node
                            && r.state == TruthState::Null
                            && r.dn != record.dn
                    });
                    let alone = !all.iter().any(|r| {
                        r.gcid == record.gcid && r.node == record.node && (r.dn != record.dn || r.line != record.line)
                    });
                    let whys: &[Why] = match (left_before, alone) {
                        (true, _) => &[Why::OtherDeviceCleared],
                        (false, true) => &[Why::ClearInvoked, Why::OtherDeviceCleared],
                        (false, false) if before == Some(TruthState::Alerting) => &[Why::OtherDeviceCleared],
                        (false, false) => &[Why::ClearInvoked],
                    };
                    if before == Some(TruthState::Held) {
                        // A held leg is not cleared by its own user: the held party left.
                        say(Type::DeviceDropped, &[Why::HardHeldPartyDropped], CallState::Held);
                        say(Type::CallClear, &[Why::OtherDeviceCleared], CallState::Idle);
                    } else {
                        say(Type::CallClear, whys, CallState::Idle);
                    }
                }
            }
            match record.state {
                TruthState::Null => drop(legs.remove(&record.gcid)),
                state => drop(legs.insert(record.gcid.clone(), state)),
            }
        }
        expected
    }
}

fn shown(state: TruthState) -> CallState {
    match state {
        TruthState::Initiated | TruthState::Originated => CallState::Originated,
        TruthState::Delivered => CallState::Delivered,
        TruthState::Alerting => CallState::Received,
        TruthState::Connected => CallState::Established,
        TruthState::Held => CallState::Held,
        TruthState::Queued => CallState::Queued,
        TruthState::Failed => CallState::Failed,
        TruthState::Null => CallState::Idle,
    }
}

fn failed(record: &Truth) -> Why {
    use oig::sim::switch::Why as Cause;
    match record.cause {
        Cause::Busy => Why::DestinationBusy,
        Cause::DoNotDisturb => Why::DestinationDoNotDisturb,
        Cause::CallNotAnswered => Why::NoAnswer,
        Cause::InvalidNumberFormat | Cause::NumberUnallocated => Why::NoSuchNumber,
        Cause::DestNotObtainable => Why::DestinationNotObtainable,
        Cause::PeerLost => Why::NetworkNotObtainable,
        _ => Why::Unknown,
    }
}

/// What says nothing of a change: the state when a monitor was set, the link's own news, and what
/// another line of the number does, which is looked at by itself.
fn is_told(call: &CallEventMsg) -> bool {
    let of_another_line = call.local_call_id == 0 && matches!(call.kind, Some(Type::ExtensionInUse | Type::CallClear));
    if of_another_line {
        return false;
    }
    !matches!(call.kind, Some(Type::MonitorSet | Type::OutOfService | Type::InService | Type::MonitorFailedEvent))
}

fn gcid(call: &CallEventMsg) -> String {
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

/// What must hold of every event by itself.
fn ill_formed(call: &CallEventMsg, phone: &Watched) -> Option<&'static str> {
    if attribute(call, CallEventAttributeNames::IcpId) != Some((phone.node + 1).to_string()) {
        return Some("the ICP_ID is not the node's");
    }
    if call.local_call_id != 0 && gcid(call).is_empty() {
        return Some("a call without its Global Call ID");
    }
    if !call.device.iter().any(|d| d.device_attribute.iter().any(|a| a.attribute_value.as_deref() == Some(&phone.dn))) {
        return Some("the monitored phone is no device of its own event");
    }
    use FeaturesAllowed::{
        AnswerCall, CamponCall, ClearCall, ConsultationCall, HoldCall, NewCall, OutPulseDigits, RedirectCall,
        RetrieveCall, SendCallbackMessage, SetAccountCode, SetCallMeBack,
    };
    // Of calls of two: consultations and conferences are not drawn yet.
    let may: &[FeaturesAllowed] = match call.call_state {
        Some(CallState::Originated) => &[ClearCall, OutPulseDigits],
        Some(CallState::Delivered) => &[ClearCall, SetCallMeBack, SendCallbackMessage],
        Some(CallState::Failed) => &[ClearCall, NewCall, CamponCall, SetCallMeBack, SendCallbackMessage],
        Some(CallState::Received) => &[AnswerCall, RedirectCall],
        Some(CallState::Established) => {
            &[ClearCall, HoldCall, ConsultationCall, OutPulseDigits, NewCall, SetAccountCode]
        }
        Some(CallState::Held) => &[RetrieveCall],
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
