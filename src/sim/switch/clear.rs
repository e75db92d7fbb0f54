//! How legs leave and calls end.

use schemas::csta::message::CallEventKind;
use schemas::domain::DeviceRef;

use super::model::{CallNo, LegNo, LegState, Line, Why};
use super::{Step, Switch};
use crate::sim::peer::{Change, PeerMessage};

impl Switch {
    /// A leg leaves its call. Whoever would stay behind alone leaves with it, as do all who are rung for nobody then; one
    /// event tells everybody, each with its own state.
    pub(super) fn leave(&mut self, leg: LegNo, why: Why, step: &mut Step<'_>) {
        let Some(number) = self.state.legs.get(&leg).map(|l| l.call) else { return };
        let Some(call) = self.state.calls.get(&number).cloned() else { return };
        let lines = self.lines_of(number);
        let device = self.device_of(leg);
        let others = self.others(leg);
        let over = others.len() < 2 || others.iter().all(|l| self.is_rung(*l));
        if over {
            self.set_timer(number, None);
        }
        self.part_with(leg, why, step);
        for last in others.iter().filter(|_| over) {
            self.say(*last, |part| PeerMessage::Clear { part, cause: why }, step);
            self.part_with(*last, why, step);
        }
        let who = (device.clone(), device.clone());
        self.tell(CallEventKind::ConnectionCleared, &call, who, why, &lines, step);
        if !over {
            self.update(number, Change::Dropped { cause: why }, &device, None, None, step);
        }
    }

    /// The one who waits for an answer: whoever is neither rung nor being reached.
    pub(super) fn caller(&self, call: CallNo) -> Option<LegNo> {
        let legs = &self.state.calls.get(&call)?.legs;
        let waits = |l: &&LegNo| {
            let leg = self.state.legs.get(l);
            leg.is_some_and(|leg| match leg.state {
                LegState::Alerting | LegState::Waiting => false,
                LegState::Initiated => leg.place.line().is_some(),
                _ => true,
            })
        };
        legs.iter().find(waits).or(legs.first()).copied()
    }

    /// Those who are rung or being reached are let go; to a phone that was rung it is the calling
    /// side that went away.
    fn let_go(&mut self, call: CallNo, why: Why, step: &mut Step<'_>) {
        let (Some(entry), Some(caller)) = (self.state.calls.get(&call).cloned(), self.caller(call)) else { return };
        let caller_device = self.device_of(caller);
        let others: Vec<LegNo> = entry.legs.iter().copied().filter(|l| *l != caller).collect();
        let lines: Vec<Line> = others.iter().filter_map(|l| self.state.legs.get(l)?.place.line()).collect();
        for other in others {
            self.say(other, |part| PeerMessage::Clear { part, cause: why }, step);
            self.part_with(other, why, step);
        }
        for line in lines {
            let who = (self.named(line), caller_device.clone());
            self.tell(CallEventKind::ConnectionCleared, &entry, who, why, &[line], step);
        }
    }

    /// A call does not come about: who transferred it is rung again, else its caller hears why;
    /// everybody else is let go.
    pub(super) fn fail(&mut self, call: CallNo, why: Why, step: &mut Step<'_>) {
        self.set_timer(call, None);
        let Some(entry) = self.state.calls.get(&call).cloned() else { return };
        let Some(caller) = self.caller(call) else { return };
        self.let_go(call, why, step);
        if let Some(line) = entry.recall
            && !self.is_busy(line)
        {
            let busy = matches!(why, Why::Busy | Why::DoNotDisturb);
            return self.recall(call, line, if busy { Why::RecallBusy } else { Why::RecallNoAnswer }, step);
        }
        let device = self.device_of(caller);
        let Some((line, state)) = self.state.legs.get(&caller).map(|l| (l.place.line(), l.state)) else { return };
        match line {
            // Nobody is there to hear a tone: who was called is gone, and the call with it.
            Some(line) if state == LegState::Held => {
                self.part_with(caller, why, step);
                let parties = [entry.called.as_ref(), Some(&entry.calling)];
                // Another line of the same set may be the other party.
                let is_other = |d: &&DeviceRef| (&d.number, d.button) != (&device.number, device.button);
                let other = parties.into_iter().flatten().find(is_other);
                let failing = other.cloned().unwrap_or(device);
                let who = (failing.clone(), failing);
                self.tell(CallEventKind::ConnectionCleared, &entry, who, why, &[line], step);
            }
            Some(line) => {
                if let Some(call) = self.state.calls.get_mut(&call) {
                    call.recall = None;
                }
                self.set(caller, LegState::Failed, why, step);
                let failing = entry.called.clone().unwrap_or_else(|| device.clone());
                self.tell(CallEventKind::Failed, &entry, (device, failing), why, &[line], step);
            }
            None => {
                self.say(caller, |part| PeerMessage::Fail { part, cause: why }, step);
                self.part_with(caller, why, step);
            }
        }
    }
}
