//! Ringing calls that go elsewhere, and calls that lead nowhere: redirect, new call.

use schemas::csta::message::CallEventKind;

use super::command::Outcome;
use super::model::{By, Done, LegNo, LegState, Line, Place, Refusal, Timer, Why};
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
            Route::Here(line) if self.hindrance(line).is_none() => (Some(line), None),
            Route::Partner(peer) if self.state.peers.contains(&peer) => (None, Some(peer)),
            _ => return Err(Refusal::InvalidDestination),
        };
        let (done, left, lines) = (self.done(leg), self.device_of(leg), self.lines_of(call));
        let timed = self.state.calls.get(&call).is_some_and(|c| c.timer.is_some());
        self.set_timer(call, None);
        self.part_with(leg, Why::Redirected, step);
        if let Some(entry) = self.state.calls.get_mut(&call) {
            entry.redirected = Some(left.clone());
        }
        let caller = self.caller(call);
        let to = match (line, peer) {
            (Some(line), _) => {
                self.join(call, Place::Line(line), LegState::Alerting, Why::Redirected, step);
                if timed {
                    self.set_timer(call, Some((step.now_ms + self.plan.no_answer_ms, Timer::NoAnswer)));
                }
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
            self.tell_way(CallEventKind::Diverted, &entry, who, Some(to), Why::Redirected, &lines, step);
            self.update(call, Change::Diverted { rings: line.is_some() }, &left, None, None, step);
            if let (Some(_), Some(rung)) = (line, entry.legs.last()) {
                self.tell_all(CallEventKind::Delivered, *rung, Why::Redirected, step);
            }
        }
        Ok(done)
    }

    /// Clears a call that leads nowhere and gives dial tone; a consultation goes on as one.
    pub(super) fn new_call_at(&mut self, by: By, line: Line, leg: LegNo, step: &mut Step<'_>) -> Done {
        let held = self.state.legs.get(&leg).and_then(|l| l.pair);
        self.leave(leg, Why::NormalClearing, step);
        let tone = self.dial_tone(by, line, held, step);
        self.done(tone)
    }
}
