//! From dialled digits to a ringing phone, here or at a partner node, or to a tone that says why not.

use schemas::csta::message::CallEventKind;
use schemas::domain::{DeviceRef, Dn};

use super::model::{CallNo, LegState, Line, Place, Timer, Why};
use super::{Step, Switch};
use crate::sim::peer::{Forwarded, PeerMessage, PeerParty};

/// Longest number that can be dialled.
const LONGEST_DIALLED: usize = 26;

/// Where a dialled number leads.
pub(super) enum Route {
    Here(Line),
    Partner(u16),
    /// To a number of the network, which those digits lead to.
    Outside {
        digits: String,
        number: String,
    },
    Nowhere(Why),
}

impl Switch {
    /// What was keyed one by one is the whole number.
    pub(super) fn dial_collected(&mut self, call: CallNo, step: &mut Step<'_>) {
        let Some(digits) = self.state.calls.get_mut(&call).map(|c| std::mem::take(&mut c.digits)) else { return };
        self.dial(call, &digits, step);
    }

    /// The caller's number is complete.
    pub(super) fn dial(&mut self, call: CallNo, number: &str, step: &mut Step<'_>) {
        self.set_timer(call, None);
        let name = number.parse().ok().and_then(|dn| self.name_of(dn));
        let Some(entry) = self.state.calls.get_mut(&call) else { return };
        entry.digits.clear();
        entry.called = Some(DeviceRef { name, ..DeviceRef::number(number) });
        let Some(caller) = entry.legs.first().copied() else { return };
        let consults = self.state.legs.get(&caller).is_some_and(|l| l.pair.is_some());
        let why = if consults { Why::Consultation } else { Why::NewCall };
        self.set(caller, LegState::Originated, why, step);
        self.tell_all(CallEventKind::Originated, caller, why, step);
        self.tell_account(caller, step);
        match self.route(number) {
            Route::Here(line) => self.reach(call, line, Why::NewCall, step),
            Route::Partner(peer) if self.state.peers.contains(&peer) => self.set_up(call, peer, number, step),
            Route::Partner(_) => self.fail(call, Why::DestNotObtainable, step),
            Route::Outside { .. } if self.line_of(caller).is_some_and(|line| !self.may_dial_outside(line)) => {
                self.fail(call, Why::Blocked, step);
            }
            Route::Outside { digits, number } => self.call_outside(call, &digits, number, step),
            Route::Nowhere(why) => self.fail(call, why, step),
        }
    }

    pub(super) fn route(&self, number: &str) -> Route {
        let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        if !digits || number.len() > LONGEST_DIALLED {
            return Route::Nowhere(Why::InvalidNumberFormat);
        }
        if let Some(outside) = self.outside_number(number) {
            let digits = number.to_owned();
            return outside.map_or_else(Route::Nowhere, |number| Route::Outside { digits, number });
        }
        let Ok(dn) = number.parse::<Dn>() else { return Route::Nowhere(Why::NumberUnallocated) };
        if let Some(outside) = self.outside_of(dn) {
            return self.route(outside);
        }
        if let Some(node) = self.served_by(dn) {
            return Route::Partner(node);
        }
        if self.is_number(dn) {
            return Route::Here(Line::prime(dn));
        }
        match self.plan.owner(dn) {
            Some(owner) if owner != self.plan.ceid => Route::Partner(owner.get()),
            _ => Route::Nowhere(Why::NumberUnallocated),
        }
    }

    /// Why a line cannot be rung now.
    pub(super) fn hindrance(&self, line: Line) -> Option<Why> {
        let phone = self.state.phones.get(&line.dn)?;
        if self.is_shut(line.dn) {
            return Some(Why::DestOutOfOrder);
        }
        // Calls go outside from here; nothing else comes to the user.
        if self.outside_of(line.dn).is_some() {
            return Some(Why::DestNotObtainable);
        }
        if self.is_busy(line) || self.is_stranded(line.dn) {
            return Some(Why::Busy);
        }
        phone.dnd.then_some(Why::DoNotDisturb)
    }

    /// Asks a partner to ring a number of its own. The no-answer time runs from here, so that a
    /// partner that says nothing does not keep the caller for ever.
    pub(super) fn set_up(&mut self, call: CallNo, peer: u16, number: &str, step: &mut Step<'_>) {
        let part = self.next_part();
        let place = Place::Far { part, peer, party: DeviceRef::number(number), beyond: Vec::new() };
        let Some(entry) = self.state.calls.get(&call) else { return };
        let redirected = entry.redirected.as_ref().map(party_of);
        let first = entry.called.as_ref().filter(|_| redirected.is_some());
        let original = first.map(|first| Box::new(party_of(first)));
        let why = entry.forwarded.unwrap_or(if redirected.is_some() { Why::Redirected } else { Why::NewCall });
        let forwarded = entry.forwarded.map(|cause| Box::new(Forwarded { cause, path: entry.path.clone() }));
        let far = self.join(call, place, LegState::Initiated, why, step);
        self.set_timer(call, Some((step.now_ms + self.plan.no_answer_ms, Timer::NoAnswer)));
        let Some(entry) = self.state.calls.get(&call) else { return };
        let (gcid, calling) = (entry.gcid.to_string(), party_of(&entry.calling));
        let (called, network) = (number.to_owned(), entry.network().map(|network| Box::new(party_of(network))));
        let setup = |part| PeerMessage::Setup { part, gcid, calling, called, redirected, original, forwarded, network };
        self.say(far, setup, step);
    }
}

pub(super) fn party_of(device: &DeviceRef) -> PeerParty {
    PeerParty {
        number: device.number.clone(),
        name: device.name.clone(),
        private: device.private_number,
        button: device.button,
        set: device.set.clone(),
    }
}
