//! What the phone is told when a leg of another changes, in a call that the phone is in.

use oig::sim::switch::Why as Cause;
use oig::sim::truth::{Truth, TruthState};
use schemas::contract::cc::{CallEventType as Type, CallState, EventCauseType as Why};

use super::words::{held_party_dropped, sent_on, shown, transferred};
use super::{Leg, OUTSIDE, Own, Reader};

impl<'a> Reader<'a> {
    /// Another leg changed, and the phone may be in its call.
    pub(super) fn heard(&mut self, record: &'a Truth, before: Option<&Leg>) {
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
