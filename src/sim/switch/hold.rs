//! Calls that are held for too long: the holder is rung again, and takes the call back by answering.
//!
//! Only what is held by hand and has one other party who talks; what is held for a consultation is the
//! consultation's, and a conference goes on without who holds it. Who waits hears it ring meanwhile. Nobody
//! holds for ever, but nobody is rung while the line has something else to do, either.

use schemas::csta::message::CallEventKind;

use super::model::{LegNo, LegState, Line, Place, Timer, Why};
use super::{Step, Switch};
use crate::sim::peer::Change;

impl Switch {
    /// Held legs whose holder will be rung again, and when; those at a line that is in use wait for it.
    pub(super) fn recalls(&self) -> impl Iterator<Item = (i64, LegNo, Line)> + '_ {
        let after_ms = self.plan.hold_recall_ms;
        self.state.holds.iter().filter_map(move |leg| {
            let entry = self.state.legs.get(leg).filter(|l| l.pair.is_none())?;
            let (line, others) = (entry.place.line()?, self.others(*leg));
            let [other] = others.as_slice() else { return None };
            let theirs = self.state.legs.get(other)?;
            let talks = matches!(theirs.state, LegState::Connected | LegState::Held);
            // When both ends of a link hold, one of them alone begins.
            let begins = match &theirs.place {
                Place::Far { part, .. } => theirs.state != LegState::Held || part.origin == self.plan.ceid.get(),
                Place::Line(_) | Place::Outside { .. } => true,
            };
            let alone = self.parties_of(*other).len() == 1;
            (talks && begins && alone && !self.is_busy(line)).then_some((entry.since_ms + after_ms?, *leg, line))
        })
    }

    /// At the end of a step: rings those again who have held for too long.
    pub(super) fn recall_held(&mut self, step: &mut Step<'_>) {
        let now_ms = step.now_ms;
        // One at a time: both parties of a call may hold it.
        loop {
            let due = self.recalls().find(|(at, ..)| *at <= now_ms);
            let Some((_, leg, line)) = due else { return };
            self.ring_holder(leg, line, step);
        }
    }

    fn ring_holder(&mut self, leg: LegNo, line: Line, step: &mut Step<'_>) {
        let why = Why::Recall;
        let Some(call) = self.state.legs.get(&leg).map(|l| l.call) else { return };
        self.set(leg, LegState::Alerting, why, step);
        let Some(other) = self.others(leg).first().copied() else { return };
        let (waits, rung) = (self.device_of(other), self.named(line));
        if let Some(entry) = self.state.calls.get_mut(&call) {
            (entry.calling, entry.called) = (waits.clone(), Some(rung));
            (entry.redirected, entry.forwarded) = (None, None);
        }
        self.hears_ringing(other, why, step);
        self.set_timer(call, Some((step.now_ms + self.plan.no_answer_ms, Timer::NoAnswer)));
        self.update(call, Change::Rings { cause: why, group: false }, &waits, None, None, step);
        self.tell_all(CallEventKind::Delivered, leg, why, step);
    }

    /// What must hold of who is known to hold.
    pub(super) fn check_holds(&self) -> Result<(), String> {
        let held = self.state.legs.iter().filter(|(_, l)| l.state == LegState::Held && l.place.line().is_some());
        let held: std::collections::BTreeSet<LegNo> = held.map(|(number, _)| *number).collect();
        if held == self.state.holds { Ok(()) } else { Err("who holds and who is known to hold disagree".into()) }
    }
}
