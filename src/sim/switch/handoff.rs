//! Handoff between the members of a personal ring group: push and pull.
//!
//! Push: who is in a call gives it to the other members who are present; they are rung, the other party waits, and when
//! nobody answers who gave it is rung again. Pull: who has no call takes over the one that another member has, whether that
//! one talks or holds it by hand. A call of more than two, or one beside a consultation, stays where it is.

use schemas::csta::message::CallEventKind;
use schemas::domain::Dn;

use super::command::Outcome;
use super::model::{By, LegNo, LegState, Line, Place, Refusal, Timer, Why};
use super::{Step, Switch};
use crate::sim::peer::Change;

/// What a handoff at a line would do.
enum Handoff {
    /// To the members at these lines, who are rung for the group.
    Push {
        leg: LegNo,
        group: Dn,
        lines: Vec<Line>,
    },
    Pull {
        leg: LegNo,
        left: Line,
    },
}

impl Switch {
    pub(super) fn hand_off(&mut self, by: By, line: Line, step: &mut Step<'_>) -> Outcome {
        self.usable(by, line)?;
        self.is_free_to_act(line.dn)?;
        match self.handoff_at(line)? {
            Handoff::Push { leg, group, lines } => self.push(line, leg, group, &lines, step),
            Handoff::Pull { leg, left } => self.pull(line, leg, left, step),
        }
    }

    pub(super) fn may_hand_off(&self, line: Line) -> bool {
        self.has_set(line.dn).is_ok() && self.handoff_at(line).is_ok()
    }

    fn handoff_at(&self, line: Line) -> Result<Handoff, Refusal> {
        let groups = self.groups_of(line.dn);
        if groups.is_empty() || self.shared_at(line).is_some() {
            return Err(schemas::csta::presence::PresenceRefusal::NotMember.into());
        }
        if let Some(leg) = self.leg_in(line, |s| s == LegState::Connected) {
            let call = self.state.legs.get(&leg).map(|l| l.call).filter(|_| self.is_of_two(leg));
            let call = call.ok_or(Refusal::NothingToHandOff)?;
            let rung = |(group, _): &(Dn, bool)| Some((*group, self.ringable(Some(call), Line::prime(*group)).ok()?));
            let (group, lines) = groups.iter().find_map(rung).ok_or(Refusal::NoMemberFree)?;
            return Ok(Handoff::Push { leg, group, lines });
        }
        if self.is_busy(line) || self.picks_at(line) {
            return Err(Refusal::LineInUse);
        }
        let members = groups.iter().flat_map(|(group, _)| self.members_of(*group)).filter(|member| *member != line.dn);
        let lines: Vec<Line> = members.flat_map(|dn| self.lines_at(dn)).collect();
        let own = line.dn.to_string();
        let has = |wanted: LegState| {
            lines.iter().find_map(|at| {
                let leg = self.leg_at_in(*at, wanted)?;
                let apart = self.others(leg).iter().all(|l| self.parties_of(*l).iter().all(|d| d.number != own));
                (apart && self.is_of_two(leg)).then_some(Handoff::Pull { leg, left: *at })
            })
        };
        has(LegState::Connected).or_else(|| has(LegState::Held)).ok_or(Refusal::NothingToHandOff)
    }

    fn leg_at_in(&self, line: Line, wanted: LegState) -> Option<LegNo> {
        let legs = self.state.by_line.get(&line)?;
        legs.iter().copied().find(|l| self.state.legs.get(l).is_some_and(|l| l.state == wanted))
    }

    /// Every member of a group, present or not, the prime first.
    fn members_of(&self, group: Dn) -> impl Iterator<Item = Dn> {
        let others = self.plan.personal_groups.get(&group).map_or(&[][..], |group| group.others.as_slice());
        std::iter::once(group).chain(others.iter().copied())
    }

    /// Whether a leg is one of two who talk, or one of whom holds, and no consultation is about it.
    fn is_of_two(&self, leg: LegNo) -> bool {
        let alone = self.state.legs.get(&leg).is_some_and(|l| l.pair.is_none());
        let [other] = self.others(leg)[..] else { return false };
        let talks =
            |l: LegNo| self.state.legs.get(&l).is_some_and(|l| matches!(l.state, LegState::Connected | LegState::Held));
        alone && talks(other) && self.parties_of(other).len() == 1
    }

    /// The other members ring; whom the call is with waits.
    fn push(&mut self, line: Line, leg: LegNo, group: Dn, lines: &[Line], step: &mut Step<'_>) -> Outcome {
        let Some(call) = self.state.legs.get(&leg).map(|l| l.call) else { return Err(Refusal::NothingToHandOff) };
        let Some(other) = self.others(leg).first().copied() else { return Err(Refusal::NothingToHandOff) };
        let (done, left, told) = (self.done(leg), self.device_of(leg), self.lines_of(call));
        let (calling, to) = (self.device_of(other), self.group_device(group));
        self.set_timer(call, None);
        self.part_with(leg, Why::Handoff, step);
        if let Some(entry) = self.state.calls.get_mut(&call) {
            (entry.calling, entry.called, entry.redirected) = (calling, Some(to.clone()), Some(left.clone()));
            (entry.forwarded, entry.recall) = (None, Some(line));
            entry.path.clear();
        }
        // Before it is told, so that nothing is announced that is done with a call one talks in.
        self.hears_ringing(other, Why::Handoff, step);
        if let Some(entry) = self.state.calls.get(&call) {
            let who = (left.clone(), left.clone());
            self.tell_way(CallEventKind::Diverted, entry, who, Some(to.clone()), Why::Handoff, &told, step);
        }
        let how = Change::Diverted { rings: false, cause: Why::Handoff };
        self.say_sent_on(call, how, &left, &to, step);
        self.ring(call, Line::prime(group), lines, Why::Handoff, step);
        // Whoever waits at another node has been answered there: only this node knows how long it rings.
        self.set_timer(call, Some((step.now_ms + self.plan.no_answer_ms, Timer::NoAnswer)));
        Ok(done)
    }

    /// The call goes on at another member's line.
    fn pull(&mut self, line: Line, leg: LegNo, left: Line, step: &mut Step<'_>) -> Outcome {
        let Some(call) = self.state.legs.get(&leg).map(|l| l.call) else { return Err(Refusal::NothingToHandOff) };
        let (from, to) = (self.device_of(leg), self.named(line));
        self.part_with(leg, Why::Handoff, step);
        if let Some(entry) = self.state.calls.get_mut(&call) {
            entry.redirected = Some(from.clone());
        }
        if let Some(entry) = self.state.calls.get(&call) {
            let who = (from.clone(), from.clone());
            self.tell_way(CallEventKind::Diverted, entry, who, Some(to.clone()), Why::Handoff, &[left], step);
        }
        // It is the other member who called, from now on.
        if let Some(entry) = self.state.calls.get_mut(&call).filter(|c| c.calling.number == from.number) {
            entry.calling = to;
        }
        let taken = self.join(call, Place::Line(line), LegState::Connected, Why::CallPickup, step);
        self.update(call, Change::PickedUp, &from, None, None, step);
        self.connect(taken, Why::CallPickup, step);
        Ok(self.done(taken))
    }
}
