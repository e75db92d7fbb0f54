//! Lines of one number follow each other: those of a set, and the appearances of a key line. An idle one is told that
//! another is in use, and once that is over. It is not rung or busy by that; nothing of a call changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemas::domain::DeviceRef;

use super::model::{InUse, LegState, Line, Output};
use super::{Step, Switch};

impl Switch {
    /// Looks at the sets whose legs changed in this step.
    pub(super) fn follow(&mut self, step: &mut Step<'_>) {
        let touched = std::mem::take(&mut self.touched);
        // A key line that shows at several of these sets is looked at once.
        let mut keys = BTreeSet::new();
        for dn in touched {
            self.follow_each_other(&self.lines_at(dn), step);
            if !self.shared_at.is_empty() {
                let shown = self.buttons_of(dn).into_iter().filter(|line| self.is_key(*line));
                keys.extend(shown.map(|line| self.number_of(line)));
            }
        }
        for number in keys {
            self.follow_each_other(&self.lines_at(number), step);
        }
    }

    fn follow_each_other(&mut self, lines: &[Line], step: &mut Step<'_>) {
        if lines.len() < 2 {
            return;
        }
        for line in lines {
            if let Some(told) = self.followed.get(line).cloned() {
                // A key line is one line: it stays in use when its call goes on at another appearance.
                if !self.is_used(told.used) && !self.is_used_elsewhere(*line) {
                    self.followed.remove(line);
                    step.out.push(Output::InUse(InUse { over: true, ..told }));
                }
            }
            if self.followed.contains_key(line) || self.state.by_line.contains_key(line) {
                continue;
            }
            let told = lines.iter().filter(|used| *used != line).find_map(|used| self.in_use(*line, *used));
            if let Some(told) = told {
                step.out.push(Output::InUse(told.clone()));
                self.followed.insert(*line, told);
            }
        }
    }

    fn used_leg(&self, line: Line) -> Option<super::model::LegNo> {
        self.leg_in(line, |s| !matches!(s, LegState::Alerting | LegState::Waiting))
    }

    /// Whether a key line is in use at another appearance than this.
    pub(super) fn is_used_elsewhere(&self, line: Line) -> bool {
        let others = self.key_lines(line).unwrap_or_default().into_iter().filter(|other| *other != line);
        others.into_iter().any(|other| self.is_used(other))
    }

    /// Whether somebody at the set uses a line; one that only rings, or is waited for, is not used.
    fn is_used(&self, line: Line) -> bool {
        self.used_leg(line).is_some()
    }

    fn in_use(&self, line: Line, used: Line) -> Option<InUse> {
        let leg = self.state.legs.get(&self.used_leg(used)?)?;
        let call = self.state.calls.get(&leg.call)?;
        let (key, gcid) = (Arc::clone(&call.key), Arc::clone(&call.gcid));
        let device = DeviceRef { name: None, ..self.named(used) };
        Some(InUse { line, used, device, call: key, gcid, state: leg.state, over: false })
    }
}
