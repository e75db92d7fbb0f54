//! Calls that ring several lines of this node for one number: a personal ring group's, which is its prime's.
//!
//! However many lines ring, the call has one called side. Whoever answers first has the call, and the others are let go;
//! whatever sends it elsewhere (a forward, a redirection, a pickup) takes it from all. Each line that is rung is told of
//! itself; to everybody else it is the group's number that rings, and a partner knows of no other, until somebody answers.
//! A group is forwarded as its prime says. Members who are absent, in use or do not want to be disturbed are not rung,
//! and how members forward their own calls does not matter.

use schemas::csta::message::CallEventKind;
use schemas::csta::presence::PresenceRefusal;
use schemas::domain::{DeviceRef, Dn, Group, GroupKind};

use super::command::Outcome;
use super::model::{Call, CallNo, Done, Joined, Joiner, LegNo, LegState, Line, Place, Why};
use super::{Step, Switch};
use crate::sim::peer::Change;

impl Switch {
    /// The lines that a number rings besides its own, be they free or not, its own first; `None` for one that rings alone.
    pub(super) fn rung_for(&self, line: Line) -> Option<Vec<Line>> {
        if let Some(appearances) = self.appearances(line.dn) {
            return Some(appearances);
        }
        let group = self.plan.personal_groups.get(&line.dn).filter(|_| line.button == 1)?;
        let present = group.others.iter().filter(|member| !self.state.absent.contains(&(line.dn, **member)));
        Some(std::iter::once(line).chain(present.map(|member| Line::prime(*member))).collect())
    }

    /// The lines that a call for a number would ring now.
    ///
    /// # Errors
    /// Why none does: what is in the way at the number's own line, else that all are in use.
    pub(super) fn ringable(&self, call: Option<CallNo>, line: Line) -> Result<Vec<Line>, Why> {
        if let Some(ringable) = self.ringable_appearances(call, line.dn) {
            return ringable;
        }
        let Some(mut lines) = self.rung_for(line) else {
            return self.hindrance(line).map_or_else(|| Ok(vec![line]), Err);
        };
        // Nobody is rung by a call of their own.
        let own = call.map_or_else(Vec::new, |call| self.numbers(call));
        lines.retain(|line| !own.contains(&line.dn.to_string()));
        if self.is_one_busy_all_busy(line.dn) && lines.iter().any(|line| self.is_in_call(line.dn)) {
            return Err(Why::Busy);
        }
        lines.retain(|line| self.hindrance(*line).is_none());
        if lines.is_empty() { Err(self.hindrance(line).unwrap_or(Why::Busy)) } else { Ok(lines) }
    }

    /// Why a number cannot be reached now.
    pub(super) fn hindered(&self, call: Option<CallNo>, line: Line) -> Option<Why> {
        self.ringable(call, line).err()
    }

    fn is_one_busy_all_busy(&self, group: Dn) -> bool {
        let planned = || self.plan.personal_groups.get(&group).is_some_and(|group| group.one_busy_all_busy);
        self.state.one_busy.get(&group).copied().unwrap_or_else(planned)
    }

    /// Sets it as whoever looks after the node does.
    pub(super) fn set_one_busy(&mut self, group: Dn, on: bool) -> Outcome {
        if !self.plan.personal_groups.contains_key(&group) {
            return Err(PresenceRefusal::UnknownGroup.into());
        }
        self.state.one_busy.insert(group, on);
        Ok(Done::default())
    }

    /// Whether any line of a phone is in a call or rings; what waits there does not make it so.
    fn is_in_call(&self, dn: Dn) -> bool {
        self.lines_at(dn).into_iter().any(|line| self.leg_in(line, |s| s != LegState::Waiting).is_some())
    }

    /// Whether a number is in use, at its own line or at another that it rings.
    pub(super) fn is_used_at(&self, line: Line) -> bool {
        self.rung_for(line).unwrap_or_else(|| vec![line]).into_iter().any(|line| self.is_busy(line))
    }

    /// Rings lines of ours for a call of ours that is for a number.
    pub(super) fn ring(&mut self, call: CallNo, number: Line, lines: &[Line], why: Why, step: &mut Step<'_>) {
        // What a member gives to the others is the group's, whoever of them is there.
        let group = (lines != [number] || why == Why::Handoff).then_some(number.dn);
        let shared = self.plan.shared.contains_key(&number.dn);
        let why = if group.is_some() && !shared && why == Why::NewCall { Why::MultipleAlerting } else { why };
        if let Some(entry) = self.state.calls.get_mut(&call) {
            entry.group = group;
        }
        let join = |line: &Line| self.join(call, Place::Line(*line), LegState::Alerting, why, step);
        let rung: Vec<LegNo> = lines.iter().map(join).collect();
        let Some(first) = rung.first().copied() else { return };
        let anew = self.rings_anew(first);
        for caller in self.opposite(first) {
            self.hears_ringing(caller, why, step);
        }
        self.let_ring(call, step);
        let device = group.map_or_else(|| self.device_of(first), |number| self.group_device(number));
        if anew {
            let how = Change::Rings { cause: why, group: self.is_personal(first) };
            self.update(call, how, &device, None, Some(first), step);
        }
        if group.is_none() {
            return self.tell_all(CallEventKind::Delivered, first, why, step);
        }
        let Some(entry) = self.state.calls.get(&call) else { return };
        for line in lines {
            let own = self.named(*line);
            self.tell(CallEventKind::Delivered, entry, (own.clone(), own), why, &[*line], step);
        }
        let mut others = self.lines_of(call);
        others.retain(|line| !lines.contains(line));
        self.tell(CallEventKind::Delivered, entry, (device.clone(), device), why, &others, step);
    }

    pub(super) fn is_rung(&self, leg: LegNo) -> bool {
        self.state.legs.get(&leg).is_some_and(|l| l.state == LegState::Alerting)
    }

    pub(super) fn rings_for_group(&self, call: CallNo) -> bool {
        self.state.calls.get(&call).is_some_and(|c| c.group.is_some())
    }

    /// The other side of a leg's call: of two that ring for the same number neither is the other's.
    pub(super) fn opposite(&self, leg: LegNo) -> Vec<LegNo> {
        let mut others = self.others(leg);
        if self.is_rung(leg) {
            others.retain(|other| !self.is_rung(*other));
        }
        others
    }

    /// Everybody on the other side of a leg's call; for all who are rung for a group stands its number.
    pub(super) fn parties_for(&self, leg: LegNo) -> Vec<DeviceRef> {
        let mut others = self.opposite(leg);
        let call = self.state.legs.get(&leg).and_then(|l| self.state.calls.get(&l.call));
        let group = call.and_then(|c| c.group).filter(|_| others.iter().any(|l| self.is_rung(*l)));
        if group.is_some() {
            others.retain(|other| !self.is_rung(*other));
        }
        let there = others.into_iter().flat_map(|l| self.parties_of(l));
        there.chain(group.map(|number| self.group_device(number))).collect()
    }

    /// The device of a number that rings several lines.
    pub(super) fn group_device(&self, number: Dn) -> DeviceRef {
        self.named(Line::prime(number))
    }

    /// The group that events of a call name, be it of this node or a partner's. A number that shows at several buttons is
    /// none: each of them is that number.
    pub(super) fn group_told(&self, call: &Call) -> Option<Group> {
        call.group
            .filter(|number| !self.plan.shared.contains_key(number))
            .map(|number| self.group_of(number))
            .or_else(|| call.group_there.clone())
    }

    /// Whether the call of a leg rings for a personal group.
    pub(super) fn is_personal(&self, leg: LegNo) -> bool {
        let call = self.state.legs.get(&leg).and_then(|l| self.state.calls.get(&l.call));
        let group = call.and_then(|call| self.group_told(call));
        group.is_some_and(|group| group.kind == Some(GroupKind::Personal))
    }

    /// A partner says whether a number of its own that rings is a personal group's.
    pub(super) fn rings_there(&mut self, call: CallNo, device: &DeviceRef, group: bool) {
        let rings = self.state.calls.get(&call).is_some_and(|c| c.legs.iter().any(|l| self.is_rung(*l)));
        if let Some(call) = self.state.calls.get_mut(&call) {
            let told = Group { device: device.clone(), kind: Some(GroupKind::Personal) };
            call.group_there = (group && rings).then_some(told);
        }
    }

    /// The number that rings several lines, and what kind of group that is.
    fn group_of(&self, number: Dn) -> Group {
        let personal = self.plan.personal_groups.contains_key(&number);
        Group { device: self.group_device(number), kind: personal.then_some(GroupKind::Personal) }
    }

    /// A leg that rings for a number at another's line.
    pub(super) fn rung_elsewhere(&self, number: Dn) -> Option<LegNo> {
        let call = self.state.calls.values().find(|call| call.group == Some(number))?;
        call.legs.iter().copied().find(|l| self.is_rung(*l))
    }

    /// Every line that still rings for a call does no more; whose they are. What they are told is the caller's to say.
    pub(super) fn stop_ringing(&mut self, call: CallNo, why: Why, step: &mut Step<'_>) -> Vec<Line> {
        let legs = self.state.calls.get(&call).map_or_else(Vec::new, |c| c.legs.clone());
        let rung = |l: &LegNo| self.state.legs.get(l).filter(|l| l.state == LegState::Alerting)?.place.line();
        let rung: Vec<(LegNo, Line)> = legs.iter().filter_map(|l| Some((*l, rung(l)?))).collect();
        for (leg, _) in &rung {
            self.part_with(*leg, why, step);
        }
        rung.into_iter().map(|(_, line)| line).collect()
    }

    /// Tells lines that rang that the call went elsewhere, each of itself.
    pub(super) fn tell_left(&self, call: &Call, lines: &[Line], to: &DeviceRef, why: Why, step: &mut Step<'_>) {
        for line in lines {
            let own = self.named(*line);
            let who = (own.clone(), own);
            self.tell_way(CallEventKind::Diverted, call, who, Some(to.clone()), why, &[*line], step);
        }
    }

    /// Somebody answers: who else was rung is let go.
    pub(super) fn stop_rivals(&mut self, leg: LegNo, step: &mut Step<'_>) {
        let Some(number) = self.state.legs.get(&leg).map(|l| l.call) else { return };
        let Some(call) = self.state.calls.get(&number).filter(|c| c.group.is_some()).cloned() else { return };
        let rivals: Vec<LegNo> = self.others(leg).into_iter().filter(|l| self.is_rung(*l)).collect();
        for rival in rivals {
            let own = self.device_of(rival);
            let Some(line) = self.state.legs.get(&rival).and_then(|l| l.place.line()) else { continue };
            self.part_with(rival, Why::MultipleAlerting, step);
            let who = (own.clone(), own);
            self.tell(CallEventKind::ConnectionCleared, &call, who, Why::MultipleAlerting, &[line], step);
        }
    }

    /// Partners, who know the group's number alone, hear who answers for it.
    pub(super) fn say_who_answers(&self, leg: LegNo, step: &mut Step<'_>) {
        let Some(number) = self.state.legs.get(&leg).map(|l| l.call) else { return };
        if self.rings_for_group(number) {
            self.update(number, Change::Answers, &self.device_of(leg), None, Some(leg), step);
        }
    }

    /// A call in which nobody is rung any more rings for no group.
    pub(super) fn forget_group(&mut self, number: CallNo) {
        let Some(call) = self.state.calls.get(&number) else { return };
        if !call.legs.iter().any(|l| self.is_rung(*l))
            && let Some(call) = self.state.calls.get_mut(&number)
        {
            (call.group, call.group_there) = (None, None);
        }
    }

    /// A join as the lines of its call see it: who rings for a group sees no other who does, and the others see its number.
    pub(super) fn seen_by(&self, joined: Joined, lines: &[Line]) -> Vec<(Joined, Vec<Line>)> {
        let call = self.state.by_key.get(&joined.call).copied();
        let group = call.and_then(|c| self.state.calls.get(&c)?.group);
        let Some(group) = group else { return vec![(joined, lines.to_vec())] };
        let rings = |line: &Line| self.leg_at(*line, call).is_some_and(|l| self.is_rung(l));
        let (rung, others): (Vec<Line>, Vec<Line>) = lines.iter().partition(|line| rings(line));
        let is_rung = |joiner: &Joiner| rung.iter().any(|line| Line::of(&joiner.device) == Some(*line));
        let apart = || joined.parties.iter().filter(|joiner| !is_rung(joiner)).cloned();
        let was = joined.parties.iter().find(|joiner| is_rung(joiner)).map(|joiner| joiner.was.clone());
        let of = |device: DeviceRef| was.clone().map(|was| Joiner { device, was });
        let mut seen = Vec::with_capacity(rung.len() + 1);
        for line in &rung {
            let own = self.named(*line);
            let parties = apart().chain(of(own.clone())).collect();
            seen.push((Joined { joined: Some(own), parties, ..joined.clone() }, vec![*line]));
        }
        let parties = apart().chain(of(self.group_device(group))).collect();
        seen.push((Joined { parties, ..joined }, others));
        seen
    }

    /// What must hold of a call that rings for a group.
    pub(super) fn check_group(&self, number: CallNo, call: &Call) -> Result<(), String> {
        let lines = |l: &LegNo| self.state.legs.get(l).filter(|l| l.state == LegState::Alerting)?.place.line();
        let rung: Vec<Line> = call.legs.iter().filter_map(lines).collect();
        match call.group {
            None if rung.len() > 1 => Err(format!("{number:?} rings at {} lines for nobody", rung.len())),
            None if call.group_there.is_some() && !call.legs.iter().any(|l| self.is_rung(*l)) => {
                Err(format!("{number:?} is said to ring for a partner's group, and rings nowhere"))
            }
            Some(group) if rung.is_empty() => Err(format!("{number:?} is said to ring for {group}, and rings nowhere")),
            _ => Ok(()),
        }
    }
}
