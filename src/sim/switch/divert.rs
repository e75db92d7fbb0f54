//! Ringing calls that go elsewhere, and calls that lead nowhere: redirect, new call.

use schemas::csta::message::CallEventKind;
use schemas::domain::Dn;

use super::command::Outcome;
use super::model::{By, Done, LegNo, LegState, Line, Place, Refusal, Why};
use super::route::Route;
use super::{Step, Switch};
use crate::sim::peer::Change;

impl Switch {
    /// Sends a ringing call to another number. One here that cannot be rung is refused; of a
    /// partner's it is known only when the partner says so, and then the caller hears it.
    pub(super) fn redirect(&mut self, leg: LegNo, number: &str, step: &mut Step<'_>) -> Outcome {
        let Some(call) = self.state.legs.get(&leg).map(|l| l.call) else { return Err(Refusal::UnknownConnection) };
        if self.numbers(call).iter().any(|n| n == number) {
            return Err(Refusal::InvalidDestination);
        }
        let route = self.route(number);
        let (line, peer) = match route {
            Route::Here(line) if self.takes(call, line) => (Some(line), None),
            Route::Partner(peer) if self.state.peers.contains(&peer) => (None, Some(peer)),
            _ => return Err(Refusal::InvalidDestination),
        };
        let (done, left, mut lines) = (self.done(leg), self.device_of(leg), self.lines_of(call));
        let goes_on = line.filter(|line| self.goes_on(call, *line));
        self.set_timer(call, None);
        self.part_with(leg, Why::Redirected, step);
        // Whoever sends a group's call away takes it from all.
        let rung = self.stop_ringing(call, Why::Redirected, step);
        lines.retain(|line| !rung.contains(line));
        if let Some(entry) = self.state.calls.get_mut(&call) {
            (entry.redirected, entry.forwarded) = (Some(left.clone()), None);
        }
        let caller = self.caller(call);
        let to = match (line, peer) {
            (Some(line), _) if goes_on.is_some() => self.named(line),
            (Some(line), _) => {
                self.join(call, Place::Line(line), LegState::Alerting, Why::Redirected, step);
                self.let_ring(call, step);
                self.named(line)
            }
            (None, Some(peer)) => {
                if let Some(caller) = caller.filter(|l| {
                    self.state.legs.get(l).is_some_and(|l| l.place.line().is_some() && l.state == LegState::Delivered)
                }) {
                    self.set(caller, LegState::Originated, Why::Redirected, step);
                }
                self.set_up(call, peer, number, step);
                schemas::domain::DeviceRef::number(number)
            }
            (None, None) => return Err(Refusal::InvalidDestination),
        };
        if let Some(entry) = self.state.calls.get(&call).cloned() {
            let who = (left.clone(), left.clone());
            self.tell_left(&entry, &rung, &to, Why::Redirected, step);
            self.tell_way(CallEventKind::Diverted, &entry, who, Some(to.clone()), Why::Redirected, &lines, step);
            if let Some(line) = goes_on {
                self.say_sent_on(call, Change::Diverted { rings: false, cause: Why::Redirected }, &left, &to, step);
                self.reach(call, line, Why::Redirected, step);
                return Ok(done);
            }
            let how = Change::Diverted { rings: line.is_some(), cause: Why::Redirected };
            self.update(call, how, &left, None, None, step);
            if let (Some(_), Some(rung)) = (line, entry.legs.last()) {
                self.tell_all(CallEventKind::Delivered, *rung, Why::Redirected, step);
            }
        }
        Ok(done)
    }

    /// Answers at a line what is held at another number of this node.
    pub(super) fn retrieve_from(&mut self, by: By, line: Line, holder: Dn, step: &mut Step<'_>) -> Outcome {
        self.usable(by, line)?;
        self.has_set(line.dn)?;
        if !self.is_number(holder) {
            return Err(Refusal::UnknownDevice);
        }
        // What the line itself holds at another appearance is no obstacle.
        if self.is_engaged(line) || (self.is_taken(line) && self.number_of(line) != holder) {
            return Err(Refusal::LineInUse);
        }
        // Of two parties who talked: what is held for a consultation, or rings anew, is the holder's own.
        let mut lines = self.lines_at(holder).into_iter().filter(|at| *at != line);
        let held = lines.find_map(|at| Some((at, self.leg_in(at, |s| s == LegState::Held)?)));
        let (left, leg) = held.ok_or(Refusal::NoHeldCall)?;
        self.may_take_over(line, leg)?;
        self.take_over(line, leg, left, step)
    }

    /// Whether what is held goes on at another line: of two parties who talk, none of them that line's.
    pub(super) fn may_take_over(&self, line: Line, leg: LegNo) -> Result<(), Refusal> {
        let Some(entry) = self.state.legs.get(&leg) else { return Err(Refusal::NoHeldCall) };
        let own = line.dn.to_string();
        let others = self.others(leg);
        let talk =
            |l: &LegNo| self.state.legs.get(l).is_some_and(|l| matches!(l.state, LegState::Connected | LegState::Held));
        let is_there = others.iter().any(|l| self.parties_of(*l).iter().any(|d| d.number == own));
        if entry.pair.is_some() || others.len() != 1 || !others.iter().all(talk) || is_there {
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
