//! Campon: a call that found a phone busy waits there, and rings when the phone is free; and trading
//! the call that a line has for the one that waits for it.
//!
//! One call waits at a line. Across the link `CampOn` asks for it; the partner answers that the call
//! is queued, that it rings already, or why it can do neither.

use schemas::csta::message::CallEventKind;
use schemas::domain::Dn;

use super::command::Outcome;
use super::model::{LegNo, LegState, Line, Output, Place, Refusal, Timer, Why};
use super::partner::{clipped, device_of};
use super::route::{Route, party_of};
use super::{Step, Switch};
use crate::sim::peer::{PartId, PeerMessage, PeerParty};

impl Switch {
    /// Whether a line has its voice path in use or rings; a call that waits there does not make it so.
    pub(super) fn is_busy(&self, line: Line) -> bool {
        self.leg_in(line, |s| !matches!(s, LegState::Held | LegState::Waiting)).is_some()
    }

    /// Where the call of a leg that found its number busy may wait.
    fn place_to_wait(&self, line: Line, leg: LegNo) -> Option<Route> {
        let entry = self.state.legs.get(&leg)?;
        let busy = entry.state == LegState::Failed && entry.cause == Why::Busy;
        let allowed = self.state.phones.get(&line.dn).is_some_and(|p| p.plan.cos.campon);
        let number = &self.state.calls.get(&entry.call)?.called.as_ref()?.number;
        if !busy || !allowed || *number == line.dn.to_string() {
            return None;
        }
        match self.route(number) {
            Route::Here(at) => self.may_wait_at(at).then_some(Route::Here(at)),
            // Whether it still is busy, and can be reached, is known when it was asked.
            Route::Partner(peer) => Some(Route::Partner(peer)),
            _ => None,
        }
    }

    pub(super) fn may_camp_on(&self, line: Line, leg: LegNo) -> bool {
        self.place_to_wait(line, leg).is_some()
    }

    /// Whether a call may wait for a line: it is busy, nobody waits yet, and it may be disturbed.
    fn may_wait_at(&self, line: Line) -> bool {
        let undisturbed = self.state.phones.get(&line.dn).is_none_or(|p| p.dnd);
        self.is_busy(line) && !undisturbed && self.leg_in(line, |s| s == LegState::Waiting).is_none()
    }

    pub(super) fn camp_on(&mut self, line: Line, leg: LegNo, step: &mut Step<'_>) -> Outcome {
        let route = self.place_to_wait(line, leg).ok_or(Refusal::WrongState)?;
        let Some(call) = self.state.legs.get(&leg).map(|l| l.call) else { return Err(Refusal::WrongState) };
        match route {
            Route::Here(at) => {
                self.set(leg, LegState::Queued, Why::CampOn, step);
                let waits = self.join(call, Place::Line(at), LegState::Waiting, Why::CampOn, step);
                self.tell_all(CallEventKind::Queued, waits, Why::CampOn, step);
            }
            Route::Partner(peer) if !self.state.peers.contains(&peer) => {
                self.set(leg, LegState::Originated, Why::CampOn, step);
                self.fail(call, Why::DestNotObtainable, step);
            }
            Route::Partner(peer) => {
                self.set(leg, LegState::Originated, Why::CampOn, step);
                let Some(entry) = self.state.calls.get(&call) else { return Err(Refusal::WrongState) };
                let (gcid, calling) = (entry.gcid.to_string(), party_of(&entry.calling));
                let Some(party) = entry.called.clone() else { return Err(Refusal::WrongState) };
                let called = party.number.clone();
                let place = Place::Far { part: self.next_part(), peer, party, beyond: Vec::new() };
                let far = self.join(call, place, LegState::Initiated, Why::CampOn, step);
                // A partner that says nothing does not keep the caller for ever.
                self.set_timer(call, Some((step.now_ms + self.plan.no_answer_ms, Timer::NoAnswer)));
                self.say(far, |part| PeerMessage::CampOn { part, gcid, calling, called }, step);
            }
            Route::Outside { .. } | Route::Nowhere(_) => return Err(Refusal::WrongState),
        }
        Ok(self.done(leg))
    }

    /// A partner's call wants to wait at a line here.
    pub(super) fn asked_to_wait(&mut self, from: u16, asked: PeerMessage, step: &mut Step<'_>) {
        let PeerMessage::CampOn { part, gcid, calling, called } = asked else { return };
        if self.state.by_part.contains_key(&part) {
            return;
        }
        let line = called.parse::<Dn>().ok().filter(|dn| self.is_number(*dn)).map(Line::prime);
        let cause = match line {
            None => Some(Why::NumberUnallocated),
            // Nobody waits at a number that shows at several buttons.
            Some(line) if self.appearances(line.dn).is_some() => Some(Why::Busy),
            Some(line) if self.may_wait_at(line) => None,
            // It waits at the number's own line, whoever else of a group is free.
            Some(line) => self.hindrance(line).or_else(|| self.hindered(None, line)),
        };
        let (Some(line), None) = (line, cause) else {
            let cause = cause.unwrap_or(Why::NumberUnallocated);
            return step.out.push(Output::Peer(from, PeerMessage::Fail { part, cause }));
        };
        let (caller, named) = (device_of(calling), self.named(line));
        let call = self.new_call(Some(clipped(&gcid).into()), caller.clone());
        if let Some(entry) = self.state.calls.get_mut(&call) {
            entry.called = Some(named.clone());
        }
        let place = Place::Far { part, peer: from, party: caller, beyond: Vec::new() };
        self.join(call, place, LegState::Queued, Why::CampOn, step);
        let waits = self.join(call, Place::Line(line), LegState::Waiting, Why::CampOn, step);
        step.out.push(Output::Peer(from, PeerMessage::Queued { part, called: party_of(&named) }));
        // Free by now: it rings at the end of this step.
        if self.is_busy(line) {
            self.tell_all(CallEventKind::Queued, waits, Why::CampOn, step);
        }
    }

    /// The partner lets a call of ours wait.
    pub(super) fn waits_there(&mut self, from: u16, part: PartId, called: PeerParty, step: &mut Step<'_>) {
        let Some((leg, LegState::Initiated)) = self.known(from, part, true, step) else { return };
        let device = device_of(called);
        let Some(entry) = self.state.legs.get_mut(&leg) else { return };
        let number = entry.call;
        if let Place::Far { party, .. } = &mut entry.place {
            party.clone_from(&device);
        }
        if let Some(call) = self.state.calls.get_mut(&number) {
            call.called = Some(device);
        }
        self.set_timer(number, None);
        self.set(leg, LegState::Waiting, Why::CampOn, step);
        for caller in self.others(leg) {
            self.set(caller, LegState::Queued, Why::CampOn, step);
        }
        self.tell_all(CallEventKind::Queued, leg, Why::CampOn, step);
    }

    /// At the end of a step: what waits for a phone that was let go rings there, or hears why not.
    pub(super) fn ring_waiting(&mut self, step: &mut Step<'_>) {
        let lines: Vec<Line> = self.touched.iter().copied().map(Line::prime).collect();
        for line in lines {
            let Some(leg) = self.leg_in(line, |s| s == LegState::Waiting) else { continue };
            if self.is_busy(line) {
                continue;
            }
            let Some(call) = self.state.legs.get(&leg).map(|l| l.call) else { continue };
            if self.hindrance(line).is_some() {
                self.fail(call, Why::DoNotDisturb, step);
                continue;
            }
            self.set(leg, LegState::Alerting, Why::CampOn, step);
            let called = party_of(&self.named(line));
            for caller in self.others(leg) {
                self.hears_ringing(caller, Why::CampOn, step);
                self.say(caller, |part| PeerMessage::Alert { part, called: called.clone(), group: false }, step);
                // Across, it is the caller's node that lets a call ring for so long.
                if self.state.legs.get(&caller).is_some_and(|l| l.place.line().is_some()) {
                    self.set_timer(call, Some((step.now_ms + self.plan.no_answer_ms, Timer::NoAnswer)));
                }
            }
            self.tell_all(CallEventKind::Delivered, leg, Why::CampOn, step);
        }
    }

    /// The legs that a line would trade: the one that it has, and the one that waits for it.
    fn traded(&self, line: Line) -> Option<(LegNo, LegNo)> {
        let active = self.leg_in(line, |s| s == LegState::Connected)?;
        let waits = self.leg_in(line, |s| s == LegState::Waiting)?;
        self.leg_in(line, |s| s == LegState::Held).is_none().then_some((active, waits))
    }

    pub(super) fn may_trade(&self, line: Line, leg: LegNo) -> bool {
        self.traded(line).is_some_and(|(active, waits)| leg == active || leg == waits)
    }

    /// Holds the call that a line has and answers the one that waits.
    pub(super) fn trade(&mut self, line: Line, step: &mut Step<'_>) -> Outcome {
        let (active, waits) = self.traded(line).ok_or(Refusal::WrongState)?;
        self.set(active, LegState::Held, Why::Normal, step);
        self.say_hold(active, Why::Normal, step);
        self.tell_all(CallEventKind::Held, active, Why::Normal, step);
        Ok(self.answer(waits, step))
    }
}
