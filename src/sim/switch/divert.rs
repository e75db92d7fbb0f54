//! Ringing calls that go elsewhere, and calls that lead nowhere: redirect, pickup, new call.

use schemas::csta::message::CallEventKind;

use super::command::Outcome;
use super::model::{By, Done, LegNo, LegState, Line, Place, Refusal, Target, Why};
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
        let (done, left, lines) = (self.done(leg), self.device_of(leg), self.lines_of(call));
        let goes_on = line.filter(|line| self.goes_on(call, *line));
        self.set_timer(call, None);
        self.part_with(leg, Why::Redirected, step);
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
            self.tell_way(CallEventKind::Diverted, &entry, who, Some(to.clone()), Why::Redirected, &lines, step);
            if let Some(line) = goes_on {
                self.say_sent_on(call, Change::Diverted, &left, &to, step);
                self.reach(call, line, Why::Redirected, step);
                return Ok(done);
            }
            self.update(call, Change::Diverted, &left, None, None, step);
            if let (Some(_), Some(rung)) = (line, entry.legs.last()) {
                self.tell_all(CallEventKind::Delivered, *rung, Why::Redirected, step);
            }
        }
        Ok(done)
    }

    /// Answers at a line what rings at another number of this node.
    pub(super) fn pick_up(&mut self, by: By, line: Line, ringing: &Target, step: &mut Step<'_>) -> Outcome {
        self.usable(by, line)?;
        self.has_set(line.dn)?;
        self.phone(ringing.line)?;
        let leg = match &ringing.call {
            Some(key) => {
                let call = self.state.by_key.get(key.as_str()).copied();
                self.leg_at(ringing.line, call).ok_or(Refusal::UnknownConnection)?
            }
            None => {
                let buttons = self.state.phones.get(&ringing.line.dn).map_or(0, |p| p.plan.buttons);
                let lines = (1..=buttons).map(|button| Line { dn: ringing.line.dn, button });
                let mut rung = lines.filter_map(|line| self.leg_in(line, |s| s == LegState::Alerting));
                rung.next().ok_or(Refusal::NoCallToAnswer)?
            }
        };
        let Some((LegState::Alerting, Some(left))) = self.state.legs.get(&leg).map(|l| (l.state, l.place.line()))
        else {
            return Err(Refusal::NoCallToAnswer);
        };
        if self.leg_in(line, LegState::is_active).is_some() {
            return Err(Refusal::LineInUse);
        }
        if left == line {
            return Ok(self.answer(leg, step));
        }
        let own = line.dn.to_string();
        if self.others(leg).iter().any(|l| self.parties_of(*l).iter().any(|d| d.number == own)) {
            return Err(Refusal::WrongState);
        }
        let Some(call) = self.state.legs.get(&leg).map(|l| l.call) else { return Err(Refusal::NoCallToAnswer) };
        let (from, to) = (self.device_of(leg), self.named(line));
        self.set_timer(call, None);
        self.part_with(leg, Why::CallPickup, step);
        if let Some(entry) = self.state.calls.get_mut(&call) {
            entry.redirected = Some(from.clone());
        }
        if let Some(entry) = self.state.calls.get(&call).cloned() {
            let who = (from.clone(), from.clone());
            self.tell_way(CallEventKind::Diverted, &entry, who, Some(to), Why::CallPickup, &[left], step);
        }
        let picked = self.join(call, Place::Line(line), LegState::Connected, Why::CallPickup, step);
        self.update(call, Change::Learnt, &from, None, None, step);
        self.connect(picked, Why::CallPickup, step);
        Ok(self.done(picked))
    }

    /// Clears a call that leads nowhere and gives dial tone; a consultation goes on as one.
    pub(super) fn new_call_at(&mut self, by: By, line: Line, leg: LegNo, step: &mut Step<'_>) -> Done {
        let held = self.state.legs.get(&leg).and_then(|l| l.pair);
        self.leave(leg, Why::NormalClearing, step);
        let tone = self.dial_tone(by, line, held, step);
        self.done(tone)
    }
}
