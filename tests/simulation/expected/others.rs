//! What the phone is told when a leg of another changes, in a call that the phone is in.

use oig::sim::switch::Why as Cause;
use oig::sim::truth::{Truth, TruthState};
use schemas::contract::cc::{CallEventType as Type, CallState, EventCauseType as Why};

use super::words::{held_party_dropped, sent_on, shown, transferred};
use super::{Leg, OUTSIDE, Own, Reader, called, group, number};

impl<'a> Reader<'a> {
    /// Another leg changed, and the phone may be in its call.
    pub(super) fn heard(&mut self, record: &'a Truth, before: Option<&Leg>, i: usize) {
        use TruthState::{Alerting, Connected, Held, Initiated, Null, Originated, Queued};
        let former = before.filter(|b| b.gcid != record.gcid && record.state != Null);
        if let Some(former) = former {
            return self.one_moved(record, former);
        }
        let Some((leg, own)) = self.own.iter().find(|(_, own)| own.gcid == record.gcid) else { return };
        let (leg, own) = (*leg, own.clone());
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
                if own.state != Alerting && !self.says_now(record.at_ms, leg, TruthState::Delivered) =>
            {
                let state = if own.state == Held { CallState::Held } else { CallState::Delivered };
                self.say(record, Type::CallDelivered, Why::Delivered, state);
                self.with_other(Some(number(record).to_owned()), None);
            }
            (Some(Held), Alerting, Cause::Recall) => {}
            (Some(Held), s, _) if s != Null => self.say(record, Type::CallRetrieved, Why::Retrieve, state),
            // Whoever transferred left the call that the phone stays in.
            (Some(Held), Null, Cause::Transfer) if own.joined_ms != record.at_ms => {
                let state = if own.state == Held { own.state } else { self.transferred_to(record) };
                self.say(record, Type::CallTransferred, transferred(state), shown(state));
            }
            (_, Null, Cause::Transfer | Cause::Conference | Cause::CallPickup) => {}
            // All who ring for one number do so, and cease to, at once.
            (_, Alerting | Null, _) if self.is_one_more(record, i) => {}
            // Another member took the call over.
            (_, Null, Cause::Handoff) if self.is_pulled(record) => {}
            (_, Null, cause) if sent_on(cause).is_some() && own.state != Alerting => {
                let state = if own.state == Held { CallState::Held } else { CallState::Delivered };
                self.say(record, Type::CallDiverted, sent_on(cause).expect("looked at"), state);
            }
            (_, Null, cause) if sent_on(cause).is_some() => {}
            (Some(Connected | Held), Null, _) => self.dropped(record, leg, &own),
            // A call that was sent on rings, or who transferred is rung again.
            (None | Some(Initiated), Alerting, cause)
                if (sent_on(cause).is_some() || matches!(cause, Cause::RecallBusy | Cause::RecallNoAnswer))
                    // Who waits to hear it ring has a record of its own when it does.
                    && !matches!(own.state, Alerting | Originated)
                    && !self.says_now(record.at_ms, leg, TruthState::Delivered) =>
            {
                let state = if own.state == Held { CallState::Held } else { CallState::Delivered };
                self.say(record, Type::CallDelivered, Why::Delivered, state);
                self.with_other(Some(called(record).to_owned()), group(record));
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
                if own.state == Connected && !self.says_now(record.at_ms, leg, Connected) =>
            {
                self.say(record, Type::CallEstablished, Why::Pickup, CallState::Established);
            }
            _ => {}
        }
    }

    /// Whether somebody else who is rung for the same number has the same record at this moment, before this one.
    fn is_one_more(&self, record: &Truth, i: usize) -> bool {
        let mut earlier = self.all[..i].iter().rev().take_while(|r| r.at_ms == record.at_ms);
        let same = |r: &Truth| (&r.gcid, r.state, r.cause) == (&record.gcid, record.state, record.cause);
        record.group.is_some() && earlier.any(|r| same(r) && r.group == record.group)
    }

    /// Whether a call that one member of a group parts with goes on at another's line at once.
    fn is_pulled(&self, record: &Truth) -> bool {
        let mut now = self.all.iter().filter(|r| r.at_ms == record.at_ms);
        let taken = |r: &Truth| (r.state, r.cause) == (TruthState::Connected, Cause::CallPickup);
        now.any(|r| taken(r) && (r.node, &r.gcid) == (record.node, &record.gcid))
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
    fn dropped(&mut self, record: &Truth, leg: u64, own: &Own) {
        if self.parties_before(&record.gcid, record.at_ms) < 3 {
            return;
        }
        if record.cause == Cause::PeerLost || record.cause == Cause::PowerLost {
            self.script.blurred.insert(record.at_ms);
        }
        if self.says_now(record.at_ms, leg, TruthState::Null) {
            return;
        }
        if own.state == TruthState::Held {
            self.say(record, Type::DeviceDropped, held_party_dropped(own), CallState::Held);
            self.since(own.held_ms);
        } else {
            self.say(record, Type::DeviceDropped, Why::OtherDeviceDropped, shown(own.state));
        }
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
}
