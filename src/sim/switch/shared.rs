//! Buttons that show a number which is not their set's own: key lines and multicall groups.
//!
//! A call for such a number rings its appearances as one for a group rings the members (`group`); who answers first has
//! it. A key line is one line: while one appearance has a call the others are in use, nobody else can take the line, and
//! what is held at one of them any other retrieves. There is no room beside its call: not for a consultation, nor for a
//! further call. Appearances of a multicall group have calls of their own, and nothing to do with each other besides.
//! What is set at a set (do not disturb, forwarding, its groups) is about the set's own number; while a hot desk user is
//! logged in there, the set's appearances are out of service with it.

use schemas::domain::Dn;

use super::command::Outcome;
use super::model::{By, CallNo, InUse, LegNo, LegState, Line, Output, Refusal, Target, Why};
use super::{Step, Switch};
use crate::sim::plan::{SharedLine, Sharing};

impl Switch {
    /// The shared number that a button shows.
    pub(super) fn shared_at(&self, line: Line) -> Option<(Dn, &SharedLine)> {
        let number = self.shared_at.get(&line)?;
        Some((*number, self.plan.shared.get(number)?))
    }

    /// The number of a line: its set's, or the shared one that its button shows.
    #[must_use]
    pub fn number_of(&self, line: Line) -> Dn {
        self.shared_at.get(&line).copied().unwrap_or(line.dn)
    }

    /// Whether a number is of this node, with a set or shared.
    pub(super) fn is_number(&self, dn: Dn) -> bool {
        self.state.phones.contains_key(&dn) && !self.is_standby(dn) || self.plan.shared.contains_key(&dn)
    }

    /// Where a shared number shows; `None` for another.
    pub(super) fn appearances(&self, number: Dn) -> Option<Vec<Line>> {
        let shared = self.plan.shared.get(&number)?;
        Some(shared.appearances.iter().map(|(dn, button)| Line { dn: *dn, button: *button }).collect())
    }

    /// The lines of a number: the buttons of its set that show no other, or where a shared one shows.
    pub(super) fn lines_at(&self, dn: Dn) -> Vec<Line> {
        self.appearances(dn).unwrap_or_else(|| {
            self.buttons_of(dn).into_iter().filter(|line| !self.shared_at.contains_key(line)).collect()
        })
    }

    /// Every button of a set, whichever number it shows.
    pub(super) fn buttons_of(&self, dn: Dn) -> Vec<Line> {
        let buttons = self.state.phones.get(&dn).map_or(0, |p| p.plan.buttons);
        (1..=buttons).map(|button| Line { dn, button }).collect()
    }

    /// The appearances of the key line that a button shows, that button's among them.
    pub(super) fn key_lines(&self, line: Line) -> Option<Vec<Line>> {
        let (number, _) = self.shared_at(line).filter(|(_, shared)| shared.sharing == Sharing::Key)?;
        self.appearances(number)
    }

    pub(super) fn is_key(&self, line: Line) -> bool {
        self.shared_at(line).is_some_and(|(_, shared)| shared.sharing == Sharing::Key)
    }

    /// Whether a key line has a call, or waits for one, at this or another appearance.
    pub(super) fn is_taken(&self, line: Line) -> bool {
        let taken = |at: &Line| self.state.by_line.contains_key(at) || self.picks_at(*at);
        self.key_lines(line).is_some_and(|lines| lines.iter().any(taken))
    }

    /// The appearances that a call for a shared number rings now; `None` for a number of another kind.
    pub(super) fn ringable_appearances(&self, call: Option<CallNo>, number: Dn) -> Option<Result<Vec<Line>, Why>> {
        let shared = self.plan.shared.get(&number)?;
        let mut lines = self.appearances(number)?;
        lines.retain(|line| self.has_set(line.dn).is_ok());
        if lines.is_empty() {
            return Some(Err(Why::DestOutOfOrder));
        }
        // Somebody who calls the own number is busy with that.
        let own = call.is_some_and(|call| self.numbers(call).contains(&number.to_string()));
        match shared.sharing {
            Sharing::Key if lines.first().is_some_and(|line| self.is_taken(*line)) => lines.clear(),
            Sharing::Key => {}
            Sharing::Multicall => lines.retain(|line| !self.is_busy(*line) && !self.picks_at(*line)),
        }
        Some(if own || lines.is_empty() { Err(Why::Busy) } else { Ok(lines) })
    }

    /// What is held at a key line, and at which appearance.
    fn held_on_key(&self, line: Line) -> Option<(LegNo, Line)> {
        self.key_lines(line)?.into_iter().find_map(|at| Some((self.leg_in(at, |s| s == LegState::Held)?, at)))
    }

    /// Takes back at an appearance what the key line holds at another; `None` where that is not what is asked for.
    pub(super) fn retrieve_key(&mut self, by: By, target: &Target, step: &mut Step<'_>) -> Option<Outcome> {
        let (leg, at) = self.held_on_key(target.line).filter(|(_, at)| *at != target.line)?;
        let call = self.state.calls.get(&self.state.legs.get(&leg)?.call)?;
        if target.call.as_deref().is_some_and(|key| *key != *call.key) {
            return None;
        }
        Some(self.take_key(by, target.line, leg, at, step))
    }

    /// Whether what a key line holds can be taken back here.
    pub(super) fn may_retrieve_key(&self, line: Line) -> bool {
        let may = |(leg, at): (LegNo, Line)| {
            at == line || (self.has_set(line.dn).is_ok() && self.may_take_over(&line.dn.to_string(), leg).is_ok())
        };
        self.held_on_key(line).is_some_and(may)
    }

    fn take_key(&mut self, by: By, line: Line, leg: LegNo, at: Line, step: &mut Step<'_>) -> Outcome {
        self.usable(by, line)?;
        self.is_free_to_act(line.dn)?;
        self.may_take_over(&line.dn.to_string(), leg)?;
        self.take_over(line, leg, at, step)
    }

    /// The receiver is taken up at a key line that has a call: one that is held is taken back. `None` where there is
    /// nothing of that kind, and it is a line like any other.
    pub(super) fn off_hook_at_key(&mut self, by: By, line: Line, step: &mut Step<'_>) -> Option<Outcome> {
        if !self.is_taken(line) || self.leg_in(line, |s| s == LegState::Alerting).is_some() {
            return None;
        }
        Some(match self.held_on_key(line) {
            Some((leg, at)) if at == line => {
                self.retrieve(leg, Why::Normal, step);
                Ok(self.done(leg))
            }
            Some((leg, at)) => self.take_key(by, line, leg, at, step),
            None => Err(Refusal::LineInUse),
        })
    }

    /// A line that was told of a call elsewhere on it takes that call over: it is the line's own from now on.
    pub(super) fn unfollow(&mut self, line: Line, leg: LegNo, step: &mut Step<'_>) {
        let Some(call) = self.state.legs.get(&leg).and_then(|l| self.state.calls.get(&l.call)) else { return };
        if self.followed.get(&line).is_some_and(|told| told.call == call.key)
            && let Some(told) = self.followed.remove(&line)
        {
            step.out.push(Output::InUse(InUse { over: true, ..told }));
        }
    }

    /// What must hold of numbers that show at several buttons.
    pub(super) fn check_shared(&self) -> Result<(), String> {
        for (number, shared) in &self.plan.shared {
            if shared.sharing != Sharing::Key {
                continue;
            }
            let lines = self.appearances(*number).unwrap_or_default();
            let legs: Vec<_> = lines.iter().filter_map(|line| self.state.by_line.get(line)).flatten().collect();
            let legs: Vec<_> = legs.into_iter().filter_map(|leg| self.state.legs.get(leg)).collect();
            let rings = legs.iter().filter(|leg| leg.state == LegState::Alerting).count();
            let one_call = legs.windows(2).all(|two| two[0].call == two[1].call);
            if !one_call || (legs.len() > 1 && rings != legs.len()) {
                return Err(format!("the key line {number} has {} legs, {rings} alerting", legs.len()));
            }
        }
        Ok(())
    }
}
