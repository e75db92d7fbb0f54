//! How legs leave and calls end.

use schemas::csta::message::CallEventKind;

use super::model::{CallNo, LegNo, LegState, Line, Why};
use super::{Step, Switch};
use crate::sim::peer::PeerMessage;

impl Switch {
    /// A leg leaves its call. Whoever would stay behind alone leaves with it; one event tells
    /// both, each with its own state.
    pub(super) fn leave(&mut self, leg: LegNo, why: Why, step: &mut Step<'_>) {
        let Some(number) = self.state.legs.get(&leg).map(|l| l.call) else { return };
        let Some(call) = self.state.calls.get(&number).cloned() else { return };
        let lines = self.lines_of(number);
        let device = self.device_of(leg);
        let others = self.others(leg);
        self.set_timer(number, None);
        self.part_with(leg, why, step);
        if let [last] = others.as_slice() {
            self.say(*last, |part| PeerMessage::Clear { part, cause: why }, step);
            self.part_with(*last, why, step);
        }
        self.tell(CallEventKind::ConnectionCleared, &call, (device.clone(), device), why, &lines, step);
    }

    /// A call does not come about: its caller hears why, everybody else is let go.
    pub(super) fn fail(&mut self, call: CallNo, why: Why, step: &mut Step<'_>) {
        self.set_timer(call, None);
        let Some(entry) = self.state.calls.get(&call).cloned() else { return };
        let Some((&caller, others)) = entry.legs.split_first() else { return };
        let caller_line = self.state.legs.get(&caller).and_then(|l| l.place.line());
        let let_go: Vec<Line> = others.iter().filter_map(|l| self.state.legs.get(l)?.place.line()).collect();
        let caller_device = self.device_of(caller);
        for other in others {
            self.say(*other, |part| PeerMessage::Clear { part, cause: why }, step);
            self.part_with(*other, why, step);
        }
        // To a phone that was rung it is the calling side that went away.
        for line in let_go {
            let who = (line.device(), caller_device.clone());
            self.tell(CallEventKind::ConnectionCleared, &entry, who, why, &[line], step);
        }
        match caller_line {
            Some(line) => {
                self.set(caller, LegState::Failed, why, step);
                let failing = entry.called.clone().unwrap_or_else(|| caller_device.clone());
                self.tell(CallEventKind::Failed, &entry, (caller_device, failing), why, &[line], step);
            }
            None => {
                self.say(caller, |part| PeerMessage::Fail { part, cause: why }, step);
                self.part_with(caller, why, step);
            }
        }
    }
}
