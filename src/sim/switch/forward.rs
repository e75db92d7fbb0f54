//! Calls that are forwarded: always, when a phone is busy, or when nobody answers it.
//!
//! A phone that does not want to be disturbed counts as busy, and "always" comes before that. Who is
//! left at once hears that the call went elsewhere, though it never rang there. A way that leads
//! back to where the call has been, to one of its parties, to a number that cannot be reached or on
//! without end is not gone: the call fares then as if it were not there, and one that is always
//! forwarded fails.

use schemas::csta::message::CallEventKind;
use schemas::domain::{DeviceRef, Dn, Forwarding};

use super::model::{CallNo, LegNo, LegState, Line, Place, Timer, Why};
use super::route::{Route, party_of};
use super::{Step, Switch};
use crate::sim::peer::{Change, FarState, PeerMessage};

/// Times that one call may be forwarded, those at other nodes included.
pub(super) const HOPS: usize = 8;
/// A caller at another node is waited for by that node: what nobody answers is forwarded so long
/// before it would give up.
const HEAD_START_MS: i64 = 1_000;

impl Switch {
    /// A caller who is no number of the cluster.
    pub(super) fn is_external(&self, caller: &DeviceRef) -> bool {
        let known = |dn: Dn| self.state.phones.contains_key(&dn) || self.plan.owner(dn).is_some();
        !caller.number.parse().is_ok_and(known)
    }

    /// The number that a phone has for this caller.
    fn forward_of(&self, call: CallNo, line: Line, internal: Forwarding, external: Forwarding) -> Option<String> {
        let caller = &self.state.calls.get(&call)?.calling;
        let which = if self.is_external(caller) { external } else { internal };
        self.state.phones.get(&line.dn)?.forwards.get(&which).cloned()
    }

    /// Where a call for a line goes at once instead, and why.
    fn forwarded(&self, call: CallNo, line: Line) -> Option<(Why, String)> {
        if let Some(number) = self.forward_of(call, line, Forwarding::Always, Forwarding::Always) {
            return Some((Why::CallForwardImmediate, number));
        }
        self.hindrance(line)?;
        let number = self.forward_of(call, line, Forwarding::BusyInternal, Forwarding::BusyExternal)?;
        Some((Why::CallForwardBusy, number))
    }

    /// Why a call for a line cannot go on to a number.
    fn obstacle(&self, call: CallNo, line: Line, number: &str) -> Option<Why> {
        let entry = self.state.calls.get(&call)?;
        let back = number == line.dn.to_string() || entry.path.iter().any(|n| n == number);
        if back || entry.path.len() >= HOPS {
            return Some(Why::DestNotObtainable);
        }
        if self.numbers(call).iter().any(|n| n == number) {
            return Some(Why::Busy);
        }
        match self.route(number) {
            Route::Here(_) | Route::Outside { .. } => None,
            Route::Partner(peer) if self.state.peers.contains(&peer) => None,
            Route::Partner(_) => Some(Why::DestNotObtainable),
            Route::Nowhere(why) => Some(why),
        }
    }

    /// Whether a call can be sent to a line, be it that it rings or that it goes on from there.
    pub(super) fn takes(&self, call: CallNo, line: Line) -> bool {
        match self.forwarded(call, line) {
            Some((_, number)) => self.obstacle(call, line, &number).is_none(),
            None => self.hindrance(line).is_none(),
        }
    }

    /// Whether a call for a line would not ring there.
    pub(super) fn goes_on(&self, call: CallNo, line: Line) -> bool {
        self.forwarded(call, line).is_some()
    }

    /// Brings a call to a line, or to where that forwards it; it fails where neither can be.
    pub(super) fn reach(&mut self, call: CallNo, line: Line, why: Why, step: &mut Step<'_>) {
        // Somebody who calls the own number is busy with that.
        let own = self.numbers(call).contains(&line.dn.to_string());
        let Some((forwards, number)) = self.forwarded(call, line).filter(|_| !own) else {
            return match self.hindrance(line) {
                None => self.ring(call, line, why, step),
                Some(why) => self.fail(call, why, step),
            };
        };
        match self.obstacle(call, line, &number) {
            None => self.send_on(call, line, None, forwards, &number, step),
            Some(why) if forwards == Why::CallForwardImmediate => self.fail(call, why, step),
            Some(_) => {
                let why = self.hindrance(line).unwrap_or(Why::Busy);
                self.fail(call, why, step);
            }
        }
    }

    /// Nobody has answered: the call goes where its number says; `false` when it says nothing.
    pub(super) fn forward_unanswered(&mut self, call: CallNo, step: &mut Step<'_>) -> bool {
        let rung = |leg: &LegNo| {
            let entry = self.state.legs.get(leg).filter(|l| l.state == LegState::Alerting)?;
            Some((*leg, entry.place.line()?))
        };
        let legs = self.state.calls.get(&call).map_or(&[][..], |c| c.legs.as_slice());
        let Some((leg, line)) = legs.iter().find_map(rung) else { return false };
        let to = self.forward_of(call, line, Forwarding::NoAnswerInternal, Forwarding::NoAnswerExternal);
        let Some(number) = to.filter(|number| self.obstacle(call, line, number).is_none()) else { return false };
        self.send_on(call, line, Some(leg), Why::CallForwardNoAnswer, &number, step);
        true
    }

    /// A call leaves a line, where it may have rung, for another number.
    fn send_on(&mut self, call: CallNo, line: Line, rang: Option<LegNo>, why: Why, number: &str, step: &mut Step<'_>) {
        let mut lines = self.lines_of(call);
        self.set_timer(call, None);
        match rang {
            Some(leg) => self.part_with(leg, why, step),
            None => {
                lines.push(line);
                self.passed_by(call, line, why, step);
            }
        }
        let (left, route) = (self.named(line), self.route(number));
        if let Some(entry) = self.state.calls.get_mut(&call) {
            entry.redirected = Some(left.clone());
            entry.path.push(left.number.clone());
            entry.forwarded = Some(why);
        }
        let to = match route {
            Route::Here(next) => self.named(next),
            Route::Partner(_) | Route::Outside { .. } | Route::Nowhere(_) => {
                self.waits_again(call, why, step);
                DeviceRef::number(number)
            }
        };
        if let Some(entry) = self.state.calls.get(&call).cloned() {
            let who = (left.clone(), left.clone());
            self.tell_way(CallEventKind::Diverted, &entry, who, Some(to.clone()), why, &lines, step);
        }
        self.say_sent_on(call, Change::Diverted { rings: false, cause: why }, &left, &to, step);
        match route {
            Route::Here(next) => self.reach(call, next, why, step),
            Route::Partner(peer) => self.set_up(call, peer, number, step),
            Route::Outside { digits, number } => self.call_outside(call, &digits, number, step),
            Route::Nowhere(why) => self.fail(call, why, step),
        }
    }

    /// A caller of ours who heard it ring waits for another node to say so again.
    pub(super) fn waits_again(&mut self, call: CallNo, why: Why, step: &mut Step<'_>) {
        let heard = |l: &LegNo| {
            self.state.legs.get(l).is_some_and(|l| l.place.line().is_some() && l.state == LegState::Delivered)
        };
        if let Some(caller) = self.caller(call).filter(heard) {
            self.set(caller, LegState::Originated, why, step);
        }
    }

    /// Says to the partners whose callers wait that the call goes elsewhere.
    pub(super) fn say_sent_on(&self, call: CallNo, how: Change, left: &DeviceRef, to: &DeviceRef, step: &mut Step<'_>) {
        let Some(entry) = self.state.calls.get(&call) else { return };
        for leg in &entry.legs {
            let (by, party, gcid) = (party_of(left), party_of(to), entry.gcid.to_string());
            let called = entry.called.as_ref().map(|called| Box::new(party_of(called)));
            let update = |part| PeerMessage::Update {
                part,
                how,
                by,
                to: None,
                party,
                beyond: Vec::new(),
                gcid,
                calling: None, // that is who waits
                called,
                state: FarState::Alerting,
            };
            self.say(*leg, update, step);
        }
    }

    /// How long somebody is rung for a call.
    pub(super) fn let_ring(&mut self, call: CallNo, step: &Step<'_>) {
        let far = |l: LegNo| self.state.legs.get(&l).is_some_and(|l| matches!(l.place, Place::Far { .. }));
        let whole = self.plan.no_answer_ms;
        let (after, timer) = match self.caller(call) {
            Some(caller) if far(caller) => (whole - HEAD_START_MS.min(whole / 2), Timer::Forward),
            _ => (whole, Timer::NoAnswer),
        };
        self.set_timer(call, Some((step.now_ms + after, timer)));
    }

    /// Whether a partner's caller who has heard it ring is to hear that somebody else is rung now.
    pub(super) fn rings_anew(&self, rung: LegNo) -> bool {
        let heard = |l: &LegNo| {
            let leg = self.state.legs.get(l);
            leg.is_some_and(|leg| leg.place.line().is_none() && leg.state != LegState::Originated)
        };
        self.others(rung).iter().any(heard)
    }

    /// A partner's caller who waits is told that it rings, and where.
    pub(super) fn say_ringing(&self, caller: LegNo, step: &mut Step<'_>) {
        let waits = self
            .state
            .legs
            .get(&caller)
            .is_some_and(|leg| matches!(leg.place, Place::Far { .. }) && leg.state == LegState::Originated);
        if let Some(rung) = self.others(caller).first().copied().filter(|_| waits) {
            let called = party_of(&self.device_of(rung));
            self.say(caller, |part| PeerMessage::Alert { part, called }, step);
        }
    }
}
