//! Lines of one set follow each other: an idle one is told that another of its number is in use,
//! and once that is over. It is not rung or busy by that; nothing of a call changes.

use std::sync::Arc;

use super::model::{InUse, LegState, Line, Output};
use super::{Step, Switch};

impl Switch {
    /// Looks at the sets whose legs changed in this step.
    pub(super) fn follow(&mut self, step: &mut Step<'_>) {
        for dn in std::mem::take(&mut self.touched) {
            let Some(buttons) = self.state.phones.get(&dn).map(|p| p.plan.buttons).filter(|b| *b > 1) else { continue };
            let lines = move || (1..=buttons).map(move |button| Line { dn, button });
            for line in lines() {
                if let Some(told) = self.followed.get(&line).cloned()
                    && !self.is_used(told.used)
                {
                    self.followed.remove(&line);
                    step.out.push(Output::InUse(InUse { over: true, ..told }));
                }
                if self.followed.contains_key(&line) || self.state.by_line.contains_key(&line) {
                    continue;
                }
                let told = lines().filter(|other| *other != line).find_map(|used| self.in_use(line, used));
                if let Some(told) = told {
                    step.out.push(Output::InUse(told.clone()));
                    self.followed.insert(line, told);
                }
            }
        }
    }

    fn used_leg(&self, line: Line) -> Option<super::model::LegNo> {
        self.leg_in(line, |s| !matches!(s, LegState::Alerting | LegState::Waiting))
    }

    /// Whether somebody at the set uses a line; one that only rings, or is waited for, is not used.
    fn is_used(&self, line: Line) -> bool {
        self.used_leg(line).is_some()
    }

    fn in_use(&self, line: Line, used: Line) -> Option<InUse> {
        let leg = self.state.legs.get(&self.used_leg(used)?)?;
        let call = self.state.calls.get(&leg.call)?;
        let (key, gcid) = (Arc::clone(&call.key), Arc::clone(&call.gcid));
        Some(InUse { line, used, call: key, gcid, state: leg.state, over: false })
    }
}
