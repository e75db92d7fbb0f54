//! Call me back: who did not reach somebody is rung when that phone is free again, and calls it by
//! answering; and messages that wait at a phone.
//!
//! A callback is kept where it was asked for. Of a partner's phone that node is asked to say when it
//! is free (`Watch`, `Free`). A phone that did not answer must be used once before it counts as free.
//! What is for a partner that is away is kept until it is back: what was announced can be done.

use schemas::csta::message::CallEventKind;
use schemas::domain::{DeviceRef, Dn};

use super::command::Outcome;
use super::model::{CallNo, Done, LegNo, LegState, Line, Output, Place, Refusal, Setting, Target, Timer, Why};
use super::route::Route;
use super::{Step, Switch};
use crate::sim::peer::PeerMessage;
use crate::sim::truth::TruthSetting;

/// Callbacks, and messages, of one phone.
const KEPT: usize = 16;
/// Messages for partners that are away.
const POSTED: usize = 1_000;
/// Numbers that partners watch.
const WATCHED: usize = 1_000;

/// Somebody wants to be called when a number is free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallBack {
    from: Dn,
    to: DeviceRef,
    /// Whether the phone was busy since.
    used: bool,
    /// Whether it was let go after that.
    free: bool,
}

/// A partner wants to know when a number here is free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Watch {
    peer: u16,
    dn: Dn,
    used: bool,
}

impl Switch {
    /// Whom a line called and has not reached, where such a phone can be.
    fn not_reached(&self, line: Line, leg: LegNo) -> Option<(DeviceRef, Route)> {
        let entry = self.state.legs.get(&leg)?;
        let waits = match entry.state {
            LegState::Failed => entry.cause == Why::Busy,
            LegState::Delivered | LegState::Queued => true,
            _ => false,
        };
        let call = self.state.calls.get(&entry.call)?;
        let own = line.dn.to_string();
        let to = call.called.as_ref().filter(|to| waits && call.calling.number == own && to.number != own)?;
        let route = match self.route(&to.number) {
            Route::Here(at) => Route::Here(at),
            Route::Partner(peer) => Route::Partner(peer),
            _ => return None,
        };
        Some((to.clone(), route))
    }

    fn has_call_back(&self, line: Line, leg: LegNo) -> bool {
        let Some((to, _)) = self.not_reached(line, leg) else { return false };
        self.callbacks.iter().any(|c| c.from == line.dn && c.to.number == to.number)
    }

    pub(super) fn may_be_called_back(&self, line: Line, leg: LegNo) -> bool {
        let allowed = self.state.phones.get(&line.dn).is_some_and(|p| p.plan.cos.callback);
        let own = self.callbacks.iter().filter(|c| c.from == line.dn).count();
        allowed && own < KEPT && self.not_reached(line, leg).is_some() && !self.has_call_back(line, leg)
    }

    /// Why a callback is refused, where more than the state of the call is known.
    pub(super) fn no_call_back(&self, target: &Target, refusal: Refusal) -> Refusal {
        let leg = target.call.as_ref().and_then(|key| self.leg_at(target.line, self.state.by_key.get(&**key).copied()));
        let leg = leg.or_else(|| self.leg_in(target.line, LegState::is_active));
        let set = leg.is_some_and(|leg| self.has_call_back(target.line, leg));
        if refusal == Refusal::WrongState && set { Refusal::AlreadySet } else { refusal }
    }

    /// Asks for a callback; the call is over by that.
    pub(super) fn call_back(&mut self, line: Line, leg: LegNo, step: &mut Step<'_>) -> Outcome {
        let (to, route) = self.not_reached(line, leg).ok_or(Refusal::WrongState)?;
        // One that rang for nobody must be used first.
        let used = self.state.legs.get(&leg).is_some_and(|l| l.state != LegState::Delivered);
        let done = Done { to: Some(to.clone()), ..self.done(leg) };
        // A partner that is away is asked when it is back.
        if let Route::Partner(peer) = route
            && self.state.peers.contains(&peer)
        {
            let number = to.number.clone();
            step.out.push(Output::Peer(peer, PeerMessage::Watch { number, used }));
        }
        self.callbacks.push(CallBack { from: line.dn, to, used, free: false });
        self.leave(leg, Why::CallBack, step);
        Ok(done)
    }

    /// At the end of a step: phones that are free again, and who wanted to know.
    pub(super) fn mature(&mut self, step: &mut Step<'_>) {
        for mut watch in std::mem::take(&mut self.watches) {
            let line = Line::prime(watch.dn);
            watch.used |= self.is_used_at(line);
            if watch.used && self.hindered(None, line).is_none() {
                let number = watch.dn.to_string();
                step.out.push(Output::Peer(watch.peer, PeerMessage::Free { number }));
            } else {
                self.watches.push(watch);
            }
        }
        for mut callback in std::mem::take(&mut self.callbacks) {
            if let Route::Here(line) = self.route(&callback.to.number) {
                callback.used |= self.is_used_at(line);
                callback.free = callback.used && self.hindered(None, line).is_none();
            }
            let from = Line::prime(callback.from);
            if callback.free && self.hindrance(from).is_none() {
                self.ring_back(from, callback.to, step);
            } else {
                self.callbacks.push(callback);
            }
        }
    }

    /// Rings who wanted to be called; nobody else is in the call yet.
    fn ring_back(&mut self, line: Line, to: DeviceRef, step: &mut Step<'_>) {
        let number = to.number.clone();
        let named = self.named(line);
        let call = self.new_call(None, to);
        if let Some(entry) = self.state.calls.get_mut(&call) {
            (entry.called, entry.callback) = (Some(named), Some(number));
        }
        let leg = self.join(call, Place::Line(line), LegState::Alerting, Why::CallBack, step);
        self.set_timer(call, Some((step.now_ms + self.plan.no_answer_ms, Timer::NoAnswer)));
        self.tell_all(CallEventKind::Delivered, leg, Why::CallBack, step);
    }

    /// Whether a leg rings for a callback.
    pub(super) fn is_call_back(&self, leg: LegNo) -> bool {
        let call = self.state.legs.get(&leg).and_then(|l| self.state.calls.get(&l.call));
        call.is_some_and(|c| c.callback.is_some())
    }

    /// A callback is answered: the other is called.
    pub(super) fn dial_back(&mut self, leg: LegNo, step: &mut Step<'_>) -> Done {
        let done = self.done(leg);
        let Some((number, line)) = self.state.legs.get(&leg).map(|l| (l.call, l.place.line())) else { return done };
        let own = line.map(|line| self.named(line));
        let Some(entry) = self.state.calls.get_mut(&number) else { return done };
        let Some(wanted) = entry.callback.take() else { return done };
        if let Some(own) = own {
            entry.calling = own;
        }
        self.dial(number, &wanted, step);
        done
    }

    /// Nobody takes a callback: it is over.
    pub(super) fn give_up_call_back(&mut self, call: CallNo, step: &mut Step<'_>) {
        let Some(entry) = self.state.calls.get(&call).cloned() else { return };
        let (lines, other) = (self.lines_of(call), entry.calling.clone());
        for leg in &entry.legs {
            self.part_with(*leg, Why::CallNotAnswered, step);
        }
        self.tell(CallEventKind::ConnectionCleared, &entry, (other.clone(), other), Why::CallNotAnswered, &lines, step);
    }

    /// A partner wants to know when a number is free.
    pub(super) fn watch(&mut self, peer: u16, number: &str, used: bool) {
        let dn = number.parse::<Dn>().ok().filter(|dn| self.is_number(*dn));
        let Some(dn) = dn.filter(|_| self.watches.len() < WATCHED) else { return };
        if !self.watches.iter().any(|w| w.peer == peer && w.dn == dn) {
            self.watches.push(Watch { peer, dn, used });
        }
    }

    /// A partner is gone; it asks again when it is back.
    pub(super) fn forget_watches(&mut self, peer: u16) {
        self.watches.retain(|watch| watch.peer != peer);
    }

    /// A partner's number is free.
    pub(super) fn free_there(&mut self, peer: u16, number: &str) {
        let owner = |to: &DeviceRef| matches!(self.route(&to.number), Route::Partner(owner) if owner == peer);
        let free: Vec<bool> = self.callbacks.iter().map(|c| c.to.number == number && owner(&c.to)).collect();
        for (callback, free) in self.callbacks.iter_mut().zip(free) {
            callback.free |= free;
        }
    }

    /// A partner is there again: it has forgotten what it was asked.
    pub(super) fn watch_again(&self, peer: u16, step: &mut Step<'_>) {
        for callback in self.callbacks.iter().filter(|c| !c.free) {
            if matches!(self.route(&callback.to.number), Route::Partner(owner) if owner == peer) {
                let number = callback.to.number.clone();
                step.out.push(Output::Peer(peer, PeerMessage::Watch { number, used: callback.used }));
            }
        }
    }

    /// A partner is there again: the messages that were left for its phones meanwhile.
    pub(super) fn post(&mut self, peer: u16, step: &mut Step<'_>) {
        for (number, from) in std::mem::take(&mut self.posted) {
            if matches!(self.route(&number), Route::Partner(owner) if owner == peer) {
                step.out.push(Output::Peer(peer, PeerMessage::Message { number, from }));
            } else {
                self.posted.insert((number, from));
            }
        }
    }

    pub(super) fn may_leave_message(&self, line: Line, leg: LegNo) -> bool {
        let queued = self.state.legs.get(&leg).is_some_and(|l| l.state == LegState::Queued);
        match self.not_reached(line, leg).filter(|_| !queued) {
            // Whether one waits there already the partner knows; one more changes nothing.
            Some((_, Route::Partner(peer))) => self.state.peers.contains(&peer) || self.posted.len() < POSTED,
            // A lamp is a set's.
            Some((_, Route::Here(at))) if !self.state.phones.contains_key(&at.dn) => false,
            Some((_, Route::Here(at))) => self.takes_message(at.dn, &line.dn.to_string()).is_ok(),
            _ => false,
        }
    }

    /// Why no message may be left, where more than the state of the call is known.
    pub(super) fn no_message(&self, target: &Target, refusal: Refusal) -> Refusal {
        let leg = target.call.as_ref().and_then(|key| self.leg_at(target.line, self.state.by_key.get(&**key).copied()));
        let leg = leg.or_else(|| self.leg_in(target.line, LegState::is_active));
        let at = leg.and_then(|leg| self.not_reached(target.line, leg));
        match at {
            Some((_, Route::Here(at))) if refusal == Refusal::WrongState => {
                self.takes_message(at.dn, &target.line.dn.to_string()).err().unwrap_or(refusal)
            }
            _ => refusal,
        }
    }

    fn takes_message(&self, at: Dn, from: &str) -> Result<(), Refusal> {
        let kept = self.state.messages.get(&at);
        match kept.map_or((false, 0), |kept| (kept.contains(from), kept.len())) {
            (true, _) => Err(Refusal::AlreadySet),
            (false, KEPT..) => Err(Refusal::Full),
            _ => Ok(()),
        }
    }

    /// Leaves a message for whom a call is for; the call goes on.
    pub(super) fn leave_message(&mut self, line: Line, leg: LegNo, step: &mut Step<'_>) -> Outcome {
        let (to, route) = self.not_reached(line, leg).ok_or(Refusal::WrongState)?;
        let from = line.dn.to_string();
        match route {
            Route::Here(at) => {
                self.takes_message(at.dn, &from)?;
                self.message(at.dn, from, step);
            }
            Route::Partner(peer) if self.state.peers.contains(&peer) => {
                let number = to.number.clone();
                step.out.push(Output::Peer(peer, PeerMessage::Message { number, from }));
            }
            Route::Partner(_) => {
                self.posted.insert((to.number.clone(), from));
            }
            Route::Outside { .. } | Route::Nowhere(_) => return Err(Refusal::WrongState),
        }
        Ok(Done { to: Some(to), ..self.done(leg) })
    }

    /// Leaves a message at a phone: `from`, a number that exists, wants to be called.
    pub(super) fn leave_message_at(&mut self, at: Dn, from: &str, step: &mut Step<'_>) -> Outcome {
        let known = match self.route(from) {
            Route::Here(line) => line.dn != at,
            Route::Partner(_) => true,
            Route::Outside { .. } | Route::Nowhere(_) => false,
        };
        if !known {
            return Err(Refusal::InvalidDestination);
        }
        self.takes_message(at, from)?;
        self.message(at, from.to_owned(), step);
        Ok(Done::default())
    }

    pub(super) fn clear_message_at(&mut self, at: Dn, from: &str, step: &mut Step<'_>) -> Outcome {
        let kept = self.state.messages.get_mut(&at).ok_or(Refusal::UnknownMessage)?;
        if !kept.remove(from) {
            return Err(Refusal::UnknownMessage);
        }
        if kept.is_empty() {
            self.state.messages.remove(&at);
            self.record_setting(at, TruthSetting::MessageWaiting { on: false }, step);
            self.tell_set(at, Setting::MessageWaiting(false), step);
        }
        Ok(Done::default())
    }

    /// A partner's user leaves a message here; one that there is no room for is not kept.
    pub(super) fn message_from(&mut self, number: &str, from: &str, step: &mut Step<'_>) {
        let at = number.parse::<Dn>().ok().filter(|dn| self.state.phones.contains_key(dn));
        let Some(at) = at.filter(|_| from.parse::<Dn>().is_ok()) else { return };
        if self.takes_message(at, from).is_ok() {
            self.message(at, from.to_owned(), step);
        }
    }

    /// The lamp is lit by the first and goes out with the last.
    fn message(&mut self, at: Dn, from: String, step: &mut Step<'_>) {
        let kept = self.state.messages.entry(at).or_default();
        let first = kept.is_empty();
        kept.insert(from);
        if first {
            self.record_setting(at, TruthSetting::MessageWaiting { on: true }, step);
            self.tell_set(at, Setting::MessageWaiting(true), step);
        }
    }

    /// The numbers whose messages wait at a phone.
    pub(super) fn messages_at(&self, at: Dn) -> Vec<String> {
        self.state.messages.get(&at).into_iter().flatten().cloned().collect()
    }
}
