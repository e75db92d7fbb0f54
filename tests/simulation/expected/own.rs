//! What the phone is told when a leg of its own changes.

use oig::sim::switch::Why as Cause;
use oig::sim::truth::{Truth, TruthState};
use schemas::contract::cc::{CallEventType as Type, CallState, EventCauseType as Why};

use super::super::places::is_user;
use super::words::{failed, forwarded, held_party_dropped, received, retrieved, shown, transferred};
use super::{LegId, Own, Reader, expected, group};

impl<'a> Reader<'a> {
    /// The phone's own leg changed.
    pub(super) fn did(&mut self, record: &'a Truth, i: usize) {
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
                    let group = self.group_rung(record);
                    self.with_other(record.other.clone(), group);
                }
                (Alerting, _) => {
                    self.say(record, Type::CallReceived, received(record.cause), CallState::Received);
                    self.with_other(record.other.clone(), group(record));
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
            // Others of it may have moved before, in this moment.
            let was_conference = self.parties_before(&former.gcid, record.at_ms) > 2;
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
            (Cause::Handoff, _) => self.say(record, Type::CallDiverted, Why::RedirectedHandoff, CallState::Idle),
            // Another who was rung for the number answers.
            (Cause::MultipleAlerting, _) => self.say(record, Type::CallClear, Why::MemberAnswered, CallState::Idle),
            (Cause::Redirected, _) => self.say(record, Type::CallDiverted, Why::RedirectedAway, CallState::Idle),
            (Cause::CallForwardNoAnswer, _) => {
                self.say(record, Type::CallDiverted, Why::DivertedNoAnswerAway, CallState::Idle);
            }
            (Cause::CallPickup, _) => self.say(record, Type::CallDiverted, Why::DivertedPickupAway, CallState::Idle),
            (Cause::PeerLost, TruthState::Held) if is_user(&record.dn) && self.stay_here(record) => {
                self.say(record, Type::CallClear, Why::ClearInvoked, CallState::Idle);
            }
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

    /// Whether everybody else in a leg's call is still in it, at phones of this node.
    fn stay_here(&self, record: &Truth) -> bool {
        let here = (record.node, record.leg);
        let others = || self.legs.iter().filter(|(id, leg)| **id != here && leg.gcid == record.gcid);
        others().next().is_some() && others().all(|((node, _), _)| *node == record.node)
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
        // Who left by a transfer in the same moment has put the others together, not ended their call.
        let ended =
            |r: &&&Truth| r.state == TruthState::Null && r.cause != Cause::Transfer && forwarded(r.cause).is_none();
        let mut first = earlier.filter(|r| r.node == record.node).filter(ended);
        if first.any(|r| in_call(r)) {
            return &[Why::OtherDeviceCleared];
        }
        if others().any(|((node, _), _)| *node == record.node) {
            return &[Why::ClearInvoked];
        }
        &[Why::ClearInvoked, Why::OtherDeviceCleared]
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::oracle::Known;
    use super::super::super::places::Watched;
    use super::super::script;
    use super::*;

    #[test]
    fn who_hangs_up_in_the_moment_of_a_transfer_has_cleared_and_who_is_left_has_not() {
        use TruthState::{Connected, Held, Null};
        let record = |seq, at_ms, dn: &str, leg, gcid: &str, state, cause| Truth {
            seq,
            at_ms,
            node: 1,
            dn: dn.into(),
            line: 1,
            leg,
            gcid: gcid.into(),
            state,
            cause,
            other: None,
            group: None,
        };
        // 1000 talks to 1001, who consults 1002, transfers, and in the same millisecond 1002 hangs up.
        let truth = [
            record(1, 10, "1000", 1, "A", Connected, Cause::Normal),
            record(2, 10, "1001", 2, "A", Connected, Cause::Normal),
            record(3, 20, "1001", 2, "A", Held, Cause::Consultation),
            record(4, 20, "1001", 3, "B", Connected, Cause::Normal),
            record(5, 20, "1002", 4, "B", Connected, Cause::Normal),
            record(6, 30, "1001", 2, "A", Null, Cause::Transfer),
            record(7, 30, "1001", 3, "B", Null, Cause::Transfer),
            record(8, 30, "1002", 4, "A", Connected, Cause::Transfer),
            record(9, 30, "1002", 4, "A", Null, Cause::NormalClearing),
            record(10, 30, "1000", 1, "A", Null, Cause::NormalClearing),
        ];
        let mut known = Known::default();
        known.add(truth.into_iter().map(Into::into).collect());
        for (dn, why) in [("1002", Why::ClearInvoked), ("1000", Why::OtherDeviceCleared)] {
            let script = script(&known, &Watched { node: 0, dn: dn.into(), button: 1, object: 0 });
            let cleared = script.events.iter().filter(|event| event.kind == Type::CallClear);
            let whys: Vec<_> = cleared.map(|event| event.whys.clone()).collect();
            assert_eq!(whys, [vec![why]], "{dn}");
        }
    }
}
