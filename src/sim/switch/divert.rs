//! Ringing calls that go elsewhere, and calls that lead nowhere: redirect, new call.

use schemas::csta::message::CallEventKind;
use schemas::domain::{DeviceRef, Dn};

use super::command::Outcome;
use super::model::{By, Done, LegNo, LegState, Line, Place, Refusal, Target, Why};
use super::route::Route;
use super::{Step, Switch};
use crate::sim::peer::Change;

impl Switch {
    /// Sends a ringing call to another number. One here that cannot be rung, and a way outside that is
    /// not there or in use, are refused; what a partner or the network says is known only later, and
    /// then the caller hears it.
    pub(super) fn redirect(&mut self, leg: LegNo, number: &str, step: &mut Step<'_>) -> Outcome {
        let Some(call) = self.state.legs.get(&leg).map(|l| l.call) else { return Err(Refusal::UnknownConnection) };
        if self.numbers(call).iter().any(|n| n == number) {
            return Err(Refusal::InvalidDestination);
        }
        let route = self.route(number);
        match &route {
            Route::Here(line) if self.takes(call, *line) => {}
            Route::Partner(peer) if self.state.peers.contains(peer) => {}
            Route::Outside { .. } => self.way_out(self.line_of(leg))?,
            _ => return Err(Refusal::InvalidDestination),
        }
        let (done, left, mut lines) = (self.done(leg), self.device_of(leg), self.lines_of(call));
        let rung = match route {
            Route::Here(line) if !self.goes_on(call, line) => Some(line),
            _ => None,
        };
        self.set_timer(call, None);
        self.part_with(leg, Why::Redirected, step);
        // Whoever sends a group's call away takes it from all.
        let rivals = self.stop_ringing(call, Why::Redirected, step);
        lines.retain(|line| !rivals.contains(line));
        if let Some(entry) = self.state.calls.get_mut(&call) {
            (entry.redirected, entry.forwarded) = (Some(left.clone()), None);
        }
        let to = match &route {
            Route::Here(line) => self.named(*line),
            _ => {
                self.waits_again(call, Why::Redirected, step);
                DeviceRef::number(number)
            }
        };
        if let Some(line) = rung {
            self.join(call, Place::Line(line), LegState::Alerting, Why::Redirected, step);
            self.let_ring(call, step);
        }
        // Before it is told, so that the other node hears of a caller who holds.
        if let Route::Partner(peer) = route {
            self.set_up(call, peer, number, step);
        }
        let Some(entry) = self.state.calls.get(&call).cloned() else { return Ok(done) };
        let who = (left.clone(), left.clone());
        self.tell_left(&entry, &rivals, &to, Why::Redirected, step);
        self.tell_way(CallEventKind::Diverted, &entry, who, Some(to.clone()), Why::Redirected, &lines, step);
        let how = Change::Diverted { rings: rung.is_some(), cause: Why::Redirected };
        if rung.is_some() || matches!(route, Route::Partner(_)) {
            self.update(call, how, &left, None, None, step);
        } else {
            self.say_sent_on(call, how, &left, &to, step);
        }
        match (rung.and(entry.legs.last()), route) {
            (Some(rung), _) => self.tell_all(CallEventKind::Delivered, *rung, Why::Redirected, step),
            (None, Route::Here(line)) => self.reach(call, line, Why::Redirected, step),
            (None, Route::Partner(_)) => {}
            (None, Route::Outside { digits, number }) => self.call_outside(call, &digits, number, step),
            (None, Route::Nowhere(why)) => self.fail(call, why, step),
        }
        Ok(done)
    }

    /// Answers at a line what is held at another number, here or at a partner's.
    pub(super) fn retrieve_from(&mut self, by: By, line: Line, holder: Dn, step: &mut Step<'_>) -> Outcome {
        self.usable(by, line)?;
        self.is_free_to_act(line.dn)?;
        if !self.is_number(holder) {
            return self.ask_to_pick(line, &Target { line: Line::prime(holder), call: None }, true, step);
        }
        // What the line itself holds at another appearance is no obstacle.
        if self.is_engaged(line) || (self.is_taken(line) && self.number_of(line) != holder) {
            return Err(Refusal::LineInUse);
        }
        let (leg, left) = self.held_at(holder, Some(line), &line.dn.to_string())?;
        self.take_over(line, leg, left, step)
    }

    /// What is held at a number, at another line than `but`, where `number` may go on with it.
    pub(super) fn held_at(&self, holder: Dn, but: Option<Line>, number: &str) -> Result<(LegNo, Line), Refusal> {
        if !self.is_number(holder) {
            return Err(Refusal::UnknownDevice);
        }
        let mut lines = self.lines_at(holder).into_iter().filter(|at| Some(*at) != but);
        let held = lines.find_map(|at| Some((self.leg_in(at, |s| s == LegState::Held)?, at)));
        let (leg, left) = held.ok_or(Refusal::NoHeldCall)?;
        self.may_take_over(number, leg)?;
        Ok((leg, left))
    }

    /// Whether what is held goes on at a line of this number: of two parties who talk, none of them that number's own.
    pub(super) fn may_take_over(&self, number: &str, leg: LegNo) -> Result<(), Refusal> {
        // What is held for a consultation, or rings anew, is the holder's own.
        let consults = self.state.legs.get(&leg).is_none_or(|l| l.pair.is_some());
        let others = self.others(leg);
        let talk =
            |l: &LegNo| self.state.legs.get(l).is_some_and(|l| matches!(l.state, LegState::Connected | LegState::Held));
        let mut there = others.iter().flat_map(|l| self.parties_of(*l));
        let alone = there.next().is_some_and(|party| party.number != number) && there.next().is_none();
        if consults || !alone || !others.iter().all(talk) {
            return Err(Refusal::WrongState);
        }
        Ok(())
    }

    /// Clears a call that leads nowhere and gives dial tone; a consultation goes on as one.
    pub(super) fn new_call_at(&mut self, by: By, line: Line, leg: LegNo, step: &mut Step<'_>) -> Done {
        let held = self.state.legs.get(&leg).and_then(|l| l.pair);
        self.leave(leg, Why::NormalClearing, step);
        let tone = self.dial_tone(by, line, held, step);
        self.done(tone)
    }
}
