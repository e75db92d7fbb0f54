//! What a phone must be told, computed from the truth of every switch and from nothing else.
//!
//! The records of all nodes are read in the order of their time. One that is the phone's own says
//! what became of its leg; one of another leg with the same Global Call ID says what the phone
//! hears of it.

use std::collections::{BTreeMap, BTreeSet};

use oig::sim::switch::Why as Cause;
use oig::sim::truth::{Truth, TruthSetting, TruthState};
use schemas::contract::cc::{CallEventType as Type, CallState, EventCauseType as Why};

use super::oracle::{CHARGED, Known};
use super::world::is_user;

/// One event that the truth calls for.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    pub at_ms: i64,
    pub gcid: String,
    pub kind: Type,
    /// Any of these: which of two ends left first cannot always be told from one node's truth.
    pub whys: Vec<Why>,
    pub state: CallState,
    /// Number of the other party, where the event must name it.
    pub other: Option<String>,
    /// Conferences: the number of everybody who is in it.
    pub members: Option<BTreeSet<String>>,
    /// The code that a call is charged to.
    pub account: Option<String>,
    /// Held parties that leave: when the phone held them. How that was is unknown to whoever missed it.
    pub held_ms: Option<i64>,
}

/// What a phone must be told.
#[derive(Debug, Default)]
pub struct Script {
    pub events: Vec<Expected>,
    /// Moments when a link to a partner took more than one party of a conference along: in how
    /// many steps is not in the truth, what is left afterwards is.
    pub blurred: BTreeSet<i64>,
}

/// A leg of the phone.
#[derive(Debug, Clone)]
struct Own {
    gcid: String,
    state: TruthState,
    /// Held for a consultation, and since when.
    consults: bool,
    held_ms: i64,
    /// When it came into the call that it is in by a transfer or a conference.
    joined_ms: i64,
    /// Another waits here, though the line is busy.
    waits: bool,
}

/// Any leg.
#[derive(Debug, Clone)]
struct Leg {
    gcid: String,
    state: TruthState,
}

type LegId = (u16, u64);

struct Reader<'a> {
    node: u16,
    dn: &'a str,
    all: Vec<&'a Truth>,
    /// When a conference was split, and into which call.
    split: BTreeSet<(i64, &'a str)>,
    own: BTreeMap<u64, Own>,
    legs: BTreeMap<LegId, Leg>,
    /// What follows the news of a conference: the end of the consultation that led to it.
    after: Vec<Expected>,
    script: Script,
}

/// What the truth calls for at the prime line of `dn`, in order.
pub fn script(known: &Known, node: u16, dn: &str) -> Script {
    let truth = &known.legs;
    let mut all: Vec<&Truth> = truth.iter().flatten().collect();
    // Records of one node keep their order. In one moment, where somebody does something comes
    // first, then the phone's own node.
    let acts = |r: &&Truth| match r.state {
        TruthState::Null => {
            matches!(r.cause, Cause::Redirected | Cause::Transfer | Cause::Conference | Cause::CallPickup)
        }
        TruthState::Held => matches!(r.cause, Cause::Normal | Cause::Consultation),
        TruthState::Initiated => r.line != OUTSIDE,
        _ => false,
    };
    let origins: BTreeSet<(i64, u16)> = all.iter().copied().filter(acts).map(|r| (r.at_ms, r.node)).collect();
    // A conference is split by a second leg for who made it, who talks at once; who is split off
    // goes there before anything else happens.
    let (mut seen, mut split) = (BTreeSet::new(), BTreeSet::new());
    for record in truth.iter().flatten() {
        let first = seen.insert((record.node, record.leg));
        if first && record.state == TruthState::Connected && record.cause == Cause::Conference {
            split.insert((record.at_ms, record.gcid.as_str(), (record.node, record.leg)));
        }
    }
    let goes_apart = |r: &Truth| {
        let here = split.iter().find(|(at_ms, gcid, _)| (*at_ms, *gcid) == (r.at_ms, r.gcid.as_str()));
        here.is_some_and(|(.., maker)| *maker != (r.node, r.leg))
    };
    // Who is rung because the call was held for too long is rung after whatever else happens then.
    let order = |r: &&Truth| {
        let recalls = r.cause == Cause::Recall;
        (r.at_ms, !goes_apart(r), recalls, !origins.contains(&(r.at_ms, r.node)), r.node != node, r.seq)
    };
    all.sort_by_key(order);
    sent_on_first(&mut all);
    rung_before_answered(&mut all);
    one_after_another(&mut all, known);
    let split = split.into_iter().map(|(at_ms, gcid, _)| (at_ms, gcid)).collect();
    let (own, legs, after, script) = (BTreeMap::new(), BTreeMap::new(), Vec::new(), Script::default());
    let mut reader = Reader { node, dn, all, split, own, legs, after, script };
    for i in 0..reader.all.len() {
        reader.read(i);
    }
    reader.script
}

/// The line of those outside.
const OUTSIDE: u8 = 0;

/// A call that another node sends on leaves there before it comes to where it goes, in one moment; one that another
/// node takes outside is with the network before anybody is rung there.
fn sent_on_first(all: &mut [&Truth]) {
    for at in 0..all.len() {
        let left = all[at];
        let goes_out = left.state == TruthState::Initiated && left.line == OUTSIDE;
        let goes_on = left.state == TruthState::Null && forwarded(left.cause).is_some();
        if !goes_out && !goes_on {
            continue;
        }
        let now = all[..at].iter().rev().take_while(|r| r.at_ms == left.at_ms);
        let goes_on = |r: &&Truth| {
            let later = match r.state {
                TruthState::Alerting | TruthState::Delivered | TruthState::Failed => true,
                TruthState::Null => failed(r.cause) != Why::Unknown,
                TruthState::Initiated => goes_on && r.line == OUTSIDE,
                _ => false,
            };
            later && r.node != left.node && r.gcid == left.gcid
        };
        if let Some(back) = now.enumerate().filter(|(_, r)| goes_on(r)).map(|(back, _)| back + 1).last() {
            all[at - back..=at].rotate_right(1);
        }
    }
}

/// A phone of another node that answers by itself rings before the answer is known here, in one moment.
fn rung_before_answered(all: &mut [&Truth]) {
    for at in 0..all.len() {
        let rings = all[at];
        if rings.state != TruthState::Alerting || rings.cause == Cause::Recall {
            continue;
        }
        let now = all[..at].iter().rev().take_while(|r| r.at_ms == rings.at_ms);
        let answered = |r: &&Truth| {
            let here = r.node != rings.node && r.gcid == rings.gcid;
            here && r.state == TruthState::Connected && r.other.as_ref() == Some(&rings.dn)
        };
        if let Some(back) = now.enumerate().filter(|(_, r)| answered(r)).map(|(back, _)| back + 1).last() {
            all[at - back..=at].rotate_right(1);
        }
    }
}

/// Who forward one call in one moment, at whichever nodes, do so in the order in which one leads to the next.
fn one_after_another(all: &mut [&Truth], known: &Known) {
    for first in 0..all.len() {
        let hop = |r: &&Truth| r.state == TruthState::Null && forwarded(r.cause).is_some();
        let same = |r: &&Truth| hop(r) && (r.at_ms, &r.gcid) == (all[first].at_ms, &all[first].gcid);
        if !hop(&all[first]) {
            continue;
        }
        let places: Vec<usize> = (first..all.len()).filter(|at| same(&all[*at])).collect();
        let is_led_to = |at: &usize| {
            let (dn, mut others) = (&all[*at].dn, places.iter().filter(|other| *other != at));
            others.any(|other| leads_to(all[*other], known, dn))
        };
        if let Some(at) = places.iter().find(|at| !is_led_to(at)).copied().filter(|at| *at != first) {
            all.swap(first, at);
        }
    }
}

/// Whether a call that a phone forwarded went to a number.
fn leads_to(left: &Truth, known: &Known, number: &str) -> bool {
    let ways: &[&str] = match left.cause {
        Cause::CallForwardImmediate => &["always"],
        Cause::CallForwardBusy => &["busyInternal", "busyExternal"],
        _ => &["noAnswerInternal", "noAnswerExternal"],
    };
    let set = |way: &&str| {
        let of = known.features[usize::from(left.node) - 1].iter();
        let mut of = of.filter(|r| r.dn == left.dn && r.at_ms <= left.at_ms).filter_map(|r| match &r.setting {
            TruthSetting::Forward { kind, number } if kind == way => Some(number.as_deref()),
            _ => None,
        });
        of.next_back().flatten()
    };
    ways.iter().any(|way| set(way) == Some(number))
}

impl<'a> Reader<'a> {
    fn is_own(&self, record: &Truth) -> bool {
        record.node == self.node && record.dn == self.dn && record.line == 1
    }

    fn read(&mut self, i: usize) {
        let record = self.all[i];
        if record.leg == CHARGED {
            return self.charged(record);
        }
        let before = self.legs.get(&(record.node, record.leg)).cloned();
        if self.is_own(record) {
            self.did(record, i);
        } else {
            self.heard(record, before.as_ref());
        }
        match record.state {
            TruthState::Null => drop(self.legs.remove(&(record.node, record.leg))),
            state => {
                self.legs.insert((record.node, record.leg), Leg { gcid: record.gcid.clone(), state });
            }
        }
    }

    fn say(&mut self, record: &Truth, kind: Type, why: Why, state: CallState) {
        self.say_one_of(record, kind, &[why], state);
    }

    fn say_one_of(&mut self, record: &Truth, kind: Type, whys: &[Why], state: CallState) {
        let event = expected(record, kind, whys, state);
        self.script.events.push(event);
    }

    /// A call is charged to a code: the line that set it is told.
    fn charged(&mut self, record: &Truth) {
        let own = self.own.values().find(|own| own.gcid == record.gcid && self.is_own(record));
        let Some(state) = own.map(|own| shown(own.state)) else { return };
        self.say(record, Type::AccountCodeSet, Why::AccountCodeSet, state);
        if let Some(event) = self.script.events.last_mut() {
            event.account.clone_from(&record.other);
        }
    }

    /// The state of the phone's line, a leg aside.
    fn state_besides(&self, leg: u64) -> CallState {
        let others = || self.own.iter().rev().filter(|(number, _)| **number != leg).map(|(_, own)| own);
        let active = |own: &&Own| !own.waits && !matches!(own.state, TruthState::Held | TruthState::Alerting);
        let state = others().find(active).or_else(|| others().find(|own| !own.waits));
        state.map_or(CallState::Queued, |own| shown(own.state))
    }

    /// The phone's own leg changed.
    fn did(&mut self, record: &'a Truth, i: usize) {
        use TruthState::{Alerting, Connected, Delivered, Failed, Held, Initiated, Null, Originated, Queued};
        let before = self.own.get(&record.leg).cloned();
        let waited = before.as_ref().is_some_and(|b| b.waits);
        let moved = before.as_ref().filter(|b| b.gcid != record.gcid && record.state != Null);
        if let Some(former) = moved {
            self.moved(record, former);
        } else {
            match (record.state, before.as_ref().map(|b| b.state)) {
                // Sent elsewhere: whoever called is told of it by the phone that is left.
                (Originated, Some(Delivered | Held)) | (Initiated, _) => {}
                // Whether it may wait at a partner's is not known yet.
                (Originated, _) if record.cause == Cause::CampOn => {}
                // Free by now: it rings at once.
                (Queued, None) if !self.own.values().any(|own| !own.waits && own.state != Held) => {}
                (Queued, None) => {
                    let state = self.state_besides(record.leg);
                    self.say(record, Type::CallQueued, Why::CallIsWaiting, state);
                }
                (Queued, _) => self.say(record, Type::CallQueued, Why::CallQueued, CallState::Queued),
                (Originated, _) => {
                    let consults = record.cause == Cause::Consultation;
                    let why = if consults { Why::ConsCallInvoked } else { Why::NewCallInvoked };
                    self.say(record, Type::CallOriginated, why, CallState::Originated);
                }
                // Taken back while somebody is rung for it.
                (Delivered, Some(Held)) => {
                    self.say(record, Type::CallRetrieved, retrieved(record.cause), CallState::Delivered);
                }
                // Told by who transferred.
                (Delivered, _) if record.cause == Cause::Transfer => {}
                (Delivered, _) => {
                    self.say(record, Type::CallDelivered, Why::Delivered, CallState::Delivered);
                    self.with_other(record.other.clone());
                }
                (Alerting, _) => {
                    self.say(record, Type::CallReceived, received(record.cause), CallState::Received);
                    self.with_other(record.other.clone());
                }
                (Connected, Some(Held)) if record.cause == Cause::Conference => self.conferred(record),
                (Connected, Some(Held)) => {
                    self.say(record, Type::CallRetrieved, retrieved(record.cause), CallState::Established);
                }
                (Connected, before) => {
                    let why = match (record.cause, before) {
                        (Cause::CallPickup, None) => Why::PickupInvoked,
                        (Cause::CallPickup, _) => Why::Pickup,
                        (Cause::Conference, None) => Why::ConferenceSplitInvoked,
                        (_, Some(Alerting)) => Why::AnsweredInvoked,
                        // Traded for the call that the line had.
                        _ if waited => Why::AnsweredInvoked,
                        _ => Why::Answered,
                    };
                    self.say(record, Type::CallEstablished, why, CallState::Established);
                }
                (Held, _) => {
                    let consults = record.cause == Cause::Consultation;
                    let why = if consults { Why::ConsHoldInvoked } else { Why::HardHoldInvoked };
                    self.say(record, Type::CallHeld, why, CallState::Held);
                }
                (Failed, _) => self.say(record, Type::CallFailed, failed(record.cause), CallState::Failed),
                (Null, Some(_)) => self.left(record, before.as_ref().expect("looked at"), i),
                // It never rang here.
                (Null, None) => {
                    if let Some(forward) = forwarded(record.cause) {
                        self.say(record, Type::CallDiverted, forward.to, CallState::Idle);
                    }
                }
            }
        }
        let consults = match record.state {
            Held => record.cause == Cause::Consultation || before.as_ref().is_some_and(|b| b.consults),
            _ => false,
        };
        let held_ms = match before.as_ref().filter(|b| b.state == Held) {
            Some(before) => before.held_ms,
            None => record.at_ms,
        };
        let joined_ms = match moved {
            Some(_) => record.at_ms,
            None => before.as_ref().map_or(i64::MIN, |b| b.joined_ms),
        };
        let waits = record.state == Queued && (before.is_none() || waited);
        match record.state {
            Null => drop(self.own.remove(&record.leg)),
            state => {
                let gcid = record.gcid.clone();
                self.own.insert(record.leg, Own { gcid, state, consults, held_ms, joined_ms, waits });
            }
        }
    }

    /// The phone's leg goes on in another call.
    fn moved(&mut self, record: &Truth, former: &Own) {
        let state = shown(record.state);
        if self.split.contains(&(record.at_ms, record.gcid.as_str())) {
            let old = Truth { gcid: former.gcid.clone(), ..record.clone() };
            self.say(&old, Type::CallClear, Why::ConferenceSplit, CallState::Idle);
            self.say(record, Type::CallEstablished, Why::ConferenceSplit, CallState::Established);
        } else if record.cause == Cause::Conference {
            let was_conference = self.parties(&former.gcid) > 2;
            let whys: &[Why] =
                if was_conference { &[Why::Conferenced, Why::ConferenceMemberAdded] } else { &[Why::Conferenced] };
            self.say_one_of(record, Type::CallConferenced, whys, state);
            self.with_members(record);
        } else {
            let why = transferred(record.state);
            self.say(record, Type::CallTransferred, why, state);
        }
    }

    /// The phone made a conference: its held leg goes on in it, the other is over.
    fn conferred(&mut self, record: &Truth) {
        self.say(record, Type::CallConferenced, Why::ConferenceInvoked, CallState::Established);
        self.with_members(record);
        self.script.events.append(&mut self.after);
    }

    /// The phone's leg is over.
    fn left(&mut self, record: &Truth, before: &Own, i: usize) {
        let taken = matches!(record.cause, Cause::PeerLost | Cause::PowerLost);
        if taken && self.parties_before(&record.gcid, record.at_ms) > 2 {
            self.script.blurred.insert(record.at_ms);
        }
        match (record.cause, before.state) {
            (Cause::Transfer, TruthState::Held) => {
                self.say(record, Type::CallTransferred, Why::TransferInvoked, CallState::Idle);
            }
            (Cause::Transfer, _) => self.say(record, Type::CallClear, Why::ClearInvoked, CallState::Idle),
            (Cause::Conference, _) => {
                self.after.push(expected(record, Type::CallClear, &[Why::ClearInvoked], CallState::Idle));
            }
            (Cause::Redirected, _) => self.say(record, Type::CallDiverted, Why::RedirectedAway, CallState::Idle),
            (Cause::CallForwardNoAnswer, _) => {
                self.say(record, Type::CallDiverted, Why::DivertedNoAnswerAway, CallState::Idle);
            }
            (Cause::CallPickup, _) => self.say(record, Type::CallDiverted, Why::DivertedPickupAway, CallState::Idle),
            (_, TruthState::Held) => {
                // A held leg is not cleared by its own user: the held party left.
                self.say(record, Type::DeviceDropped, held_party_dropped(before), CallState::Held);
                self.since(before.held_ms);
                self.say(record, Type::CallClear, Why::OtherDeviceCleared, CallState::Idle);
            }
            (_, TruthState::Queued) if before.waits => {
                let state = self.state_besides(record.leg);
                self.say(record, Type::DeviceDropped, Why::QueuedPartyDropped, state);
                self.say(record, Type::CallClear, Why::OtherDeviceCleared, CallState::Idle);
            }
            // Whoever rings is let go; a link that is lost takes the other party along.
            (_, TruthState::Alerting) => {
                self.say(record, Type::CallClear, Why::OtherDeviceCleared, CallState::Idle);
            }
            (Cause::PeerLost, _) if !is_user(&record.dn) => {
                self.say(record, Type::CallClear, Why::OtherDeviceCleared, CallState::Idle);
            }
            // Or the set of a user: the truth does not say which way a call goes that comes back over the link.
            (Cause::PeerLost, _) => {
                let whys = &[Why::ClearInvoked, Why::OtherDeviceCleared];
                self.say_one_of(record, Type::CallClear, whys, CallState::Idle);
            }
            _ => {
                let whys = self.who_left(record, i);
                self.say_one_of(record, Type::CallClear, whys, CallState::Idle);
            }
        }
    }

    /// Who ended the part of a leg in a call: the first to leave the call at this node, when
    /// nobody stays. Across nodes the truth does not say who was first.
    fn who_left(&self, record: &Truth, i: usize) -> &'static [Why] {
        let in_call = |r: &Truth| r.gcid == record.gcid && r.leg != record.leg;
        let now = || self.all.iter().filter(|r| r.at_ms == record.at_ms);
        let gone = |id: &LegId| now().any(|r| (r.node, r.leg) == *id && r.state == TruthState::Null);
        let others = || self.legs.iter().filter(|(id, l)| l.gcid == record.gcid && **id != (record.node, record.leg));
        if others().any(|(id, _)| !gone(id)) {
            return &[Why::ClearInvoked];
        }
        let earlier = self.all[..i].iter().rev().take_while(|r| r.at_ms == record.at_ms);
        let mut first =
            earlier.filter(|r| r.node == record.node && r.state == TruthState::Null && forwarded(r.cause).is_none());
        if first.any(|r| in_call(r)) {
            return &[Why::OtherDeviceCleared];
        }
        if others().any(|((node, _), _)| *node == record.node) {
            return &[Why::ClearInvoked];
        }
        &[Why::ClearInvoked, Why::OtherDeviceCleared]
    }

    /// Another leg changed, and the phone may be in its call.
    fn heard(&mut self, record: &'a Truth, before: Option<&Leg>) {
        use TruthState::{Alerting, Connected, Held, Initiated, Null, Originated, Queued};
        let former = before.filter(|b| b.gcid != record.gcid && record.state != Null);
        if let Some(former) = former {
            return self.one_moved(record, former);
        }
        let Some((number, own)) = self.own.iter().find(|(_, own)| own.gcid == record.gcid) else { return };
        let (number, own) = (*number, own.clone());
        let state = shown(own.state);
        match (before.map(|b| b.state), record.state, record.cause) {
            // The digits are with the network.
            (None, Initiated, _) if record.line == OUTSIDE => {
                let state = if own.state == Held { CallState::Held } else { CallState::Originated };
                self.say(record, Type::TrunkDigitsOutpulsed, Why::TrunkDigitsOutpulsed, state);
            }
            (_, Held, Cause::Consultation) => self.say(record, Type::CallHeld, Why::ConsHold, state),
            (_, Held, _) => self.say(record, Type::CallHeld, Why::HardHold, state),
            (Some(Held), Connected, Cause::Conference) if own.joined_ms != record.at_ms => {
                let was = self.parties_before(&record.gcid, record.at_ms) > 2;
                let why = if was { Why::ConferenceMemberAdded } else { Why::Conferenced };
                self.say(record, Type::CallConferenced, why, state);
                self.with_members(record);
            }
            (Some(Held), Connected, Cause::Conference) => {}
            // Who held for too long is rung again.
            (Some(Held), Alerting, Cause::Recall)
                if own.state != Alerting && !self.says_now(record.at_ms, number, TruthState::Delivered) =>
            {
                let state = if own.state == Held { CallState::Held } else { CallState::Delivered };
                self.say(record, Type::CallDelivered, Why::Delivered, state);
                self.with_other(Some(record.dn.clone()));
            }
            (Some(Held), Alerting, Cause::Recall) => {}
            (Some(Held), s, _) if s != Null => self.say(record, Type::CallRetrieved, Why::Retrieve, state),
            // Whoever transferred left the call that the phone stays in.
            (Some(Held), Null, Cause::Transfer) if own.joined_ms != record.at_ms => {
                let state = if own.state == Held { own.state } else { self.transferred_to(record) };
                self.say(record, Type::CallTransferred, transferred(state), shown(state));
            }
            (_, Null, Cause::Transfer | Cause::Conference | Cause::CallPickup) => {}
            (_, Null, cause) if sent_on(cause).is_some() && own.state != Alerting => {
                let state = if own.state == Held { CallState::Held } else { CallState::Delivered };
                self.say(record, Type::CallDiverted, sent_on(cause).expect("looked at"), state);
            }
            (_, Null, cause) if sent_on(cause).is_some() => {}
            (Some(Connected | Held), Null, _) => self.dropped(record, number, &own),
            // A call that was sent on rings, or who transferred is rung again.
            (None | Some(Initiated), Alerting, cause)
                if (sent_on(cause).is_some() || matches!(cause, Cause::RecallBusy | Cause::RecallNoAnswer))
                    // Who waits to hear it ring has a record of its own when it does.
                    && !matches!(own.state, Alerting | Originated)
                    && !self.says_now(record.at_ms, number, TruthState::Delivered) =>
            {
                let state = if own.state == Held { CallState::Held } else { CallState::Delivered };
                self.say(record, Type::CallDelivered, Why::Delivered, state);
                self.with_other(Some(record.dn.clone()));
            }
            // Answered while the phone holds.
            (Some(Alerting | Queued), Connected, cause) | (None, Connected, cause @ Cause::CallPickup)
                if own.state == Held =>
            {
                let why = if cause == Cause::CallPickup { Why::Pickup } else { Why::Answered };
                self.say(record, Type::CallEstablished, why, CallState::Held);
            }
            // Who held the phone's call left it to another.
            (None, Connected, Cause::CallPickup)
                if own.state == Connected && !self.says_now(record.at_ms, number, Connected) =>
            {
                self.say(record, Type::CallEstablished, Why::Pickup, CallState::Established);
            }
            _ => {}
        }
    }

    /// Another leg left a call that the phone is in, to go on elsewhere.
    fn one_moved(&mut self, record: &Truth, former: &Leg) {
        if !self.split.contains(&(record.at_ms, record.gcid.as_str())) {
            return; // told by who joined the two
        }
        let Some(own) = self.own.values().find(|own| own.gcid == former.gcid).cloned() else { return };
        let old = Truth { gcid: former.gcid.clone(), ..record.clone() };
        self.say(&old, Type::DeviceDropped, Why::ConferenceSplit, shown(own.state));
    }

    /// One of several left.
    fn dropped(&mut self, record: &Truth, number: u64, own: &Own) {
        if self.parties_before(&record.gcid, record.at_ms) < 3 {
            return;
        }
        if record.cause == Cause::PeerLost || record.cause == Cause::PowerLost {
            self.script.blurred.insert(record.at_ms);
        }
        if self.says_now(record.at_ms, number, TruthState::Null) {
            return;
        }
        if own.state == TruthState::Held {
            self.say(record, Type::DeviceDropped, held_party_dropped(own), CallState::Held);
            self.since(own.held_ms);
        } else {
            self.say(record, Type::DeviceDropped, Why::OtherDeviceDropped, shown(own.state));
        }
    }

    /// Whether the phone's leg has a record of this state at this moment.
    fn says_now(&self, at_ms: i64, leg: u64, state: TruthState) -> bool {
        let now = self.all.iter().filter(|r| r.at_ms == at_ms);
        now.into_iter().any(|r| self.is_own(r) && r.leg == leg && r.state == state && r.cause != Cause::Transfer)
    }

    /// The state in which a transfer leaves the party that was held: what its other leg had come to.
    fn transferred_to(&self, record: &Truth) -> TruthState {
        let other = self.all.iter().filter(|r| {
            let leg = self.legs.get(&(r.node, r.leg));
            r.at_ms == record.at_ms
                && (r.node, &r.dn, r.line) == (record.node, &record.dn, record.line)
                && r.leg != record.leg
                && (r.state, r.cause) == (TruthState::Null, Cause::Transfer)
                && leg.is_some_and(|l| l.state == TruthState::Connected)
        });
        if other.count() > 0 { TruthState::Connected } else { TruthState::Delivered }
    }

    /// Parties of a call that have answered.
    fn parties(&self, gcid: &str) -> usize {
        let answered = |l: &&Leg| l.gcid == gcid && matches!(l.state, TruthState::Connected | TruthState::Held);
        self.legs.values().filter(answered).count()
    }

    /// The same before anything happened at a moment.
    fn parties_before(&self, gcid: &str, at_ms: i64) -> usize {
        let mut legs: BTreeMap<LegId, (&str, TruthState)> = BTreeMap::new();
        for record in self.all.iter().take_while(|r| r.at_ms < at_ms) {
            match record.state {
                TruthState::Null => drop(legs.remove(&(record.node, record.leg))),
                state => drop(legs.insert((record.node, record.leg), (&record.gcid, state))),
            }
        }
        legs.values().filter(|(g, s)| *g == gcid && matches!(s, TruthState::Connected | TruthState::Held)).count()
    }

    fn with_other(&mut self, other: Option<String>) {
        if let Some(event) = self.script.events.last_mut() {
            event.other = other.filter(|number| !is_private(number));
        }
    }

    fn since(&mut self, held_ms: i64) {
        if let Some(event) = self.script.events.last_mut() {
            event.held_ms = Some(held_ms);
        }
    }

    /// The latest event must name everybody who is in the call when the moment is over.
    fn with_members(&mut self, record: &Truth) {
        let mut legs: BTreeMap<LegId, (&str, &str)> = BTreeMap::new();
        for r in self.all.iter().take_while(|r| r.at_ms <= record.at_ms) {
            match r.state {
                TruthState::Null => drop(legs.remove(&(r.node, r.leg))),
                _ => drop(legs.insert((r.node, r.leg), (&r.gcid, &r.dn))),
            }
        }
        let members = legs.values().filter(|(gcid, dn)| *gcid == record.gcid && !is_private(dn));
        let members = members.map(|(_, dn)| (*dn).to_owned()).collect();
        if let Some(event) = self.script.events.last_mut() {
            event.members = Some(members);
        }
    }
}

fn expected(record: &Truth, kind: Type, whys: &[Why], state: CallState) -> Expected {
    let (at_ms, gcid, whys) = (record.at_ms, record.gcid.clone(), whys.to_vec());
    Expected { at_ms, gcid, kind, whys, state, other: None, members: None, account: None, held_ms: None }
}

/// Somebody outside who shows no number.
fn is_private(number: &str) -> bool {
    number.starts_with('X')
}

pub fn shown(state: TruthState) -> CallState {
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

/// What is told of a call that is forwarded.
struct Forwarded {
    /// To whom it goes.
    from: Why,
    /// To the caller.
    to: Why,
}

fn forwarded(cause: Cause) -> Option<Forwarded> {
    let (from, to) = match cause {
        Cause::CallForwardImmediate => (Why::DivertedAlwaysFrom, Why::DivertedAlwaysTo),
        Cause::CallForwardBusy => (Why::DivertedOnBusyFrom, Why::DivertedOnBusyTo),
        Cause::CallForwardNoAnswer => (Why::DivertedNoAnswerFrom, Why::DivertedNoAnswerTo),
        _ => return None,
    };
    Some(Forwarded { from, to })
}

/// What a caller hears whose call goes on from a phone that did not take it.
fn sent_on(cause: Cause) -> Option<Why> {
    if cause == Cause::Redirected { Some(Why::RedirectedTo) } else { Some(forwarded(cause)?.to) }
}

fn received(cause: Cause) -> Why {
    if let Some(forward) = forwarded(cause) {
        return forward.from;
    }
    match cause {
        Cause::Redirected => Why::RedirectedFrom,
        Cause::Recall => Why::RecallHeldParty,
        Cause::RecallBusy => Why::TransferRecallOnBusy,
        Cause::RecallNoAnswer => Why::TransferRecallNoAnswer,
        Cause::CampOn => Why::WaitingCallRinging,
        Cause::CallBack => Why::CallbackMatured,
        _ => Why::NewCall,
    }
}

fn retrieved(cause: Cause) -> Why {
    if cause == Cause::Alternate { Why::AlternateCallInvoked } else { Why::RetrieveInvoked }
}

fn transferred(state: TruthState) -> Why {
    match state {
        TruthState::Delivered | TruthState::Alerting => Why::UnsupervisedTransfer,
        _ => Why::SupervisedTransfer,
    }
}

fn held_party_dropped(own: &Own) -> Why {
    if own.consults { Why::ConsHeldPartyDropped } else { Why::HardHeldPartyDropped }
}

fn failed(cause: Cause) -> Why {
    match cause {
        Cause::Busy => Why::DestinationBusy,
        Cause::DoNotDisturb => Why::DestinationDoNotDisturb,
        Cause::CallNotAnswered => Why::NoAnswer,
        Cause::InvalidNumberFormat | Cause::NumberUnallocated => Why::NoSuchNumber,
        Cause::DestNotObtainable => Why::DestinationNotObtainable,
        Cause::DestOutOfOrder => Why::DestinationUnavailable,
        Cause::TrunksBusy => Why::TrunksBusy,
        Cause::Blocked => Why::PrivilegeViolation,
        Cause::NetworkCongestion => Why::NetworkCongestion,
        Cause::PeerLost => Why::NetworkNotObtainable,
        _ => Why::Unknown,
    }
}
