//! Consultation and what it leads to: back, to and fro, transfer, conference, split.
//!
//! Of two calls that become one, the held one goes on, with its callID and its Global Call ID.

use std::sync::Arc;

use schemas::csta::message::{CallEventKind, JoinKind};
use schemas::domain::DeviceRef;

use super::command::Outcome;
use super::model::{By, Call, CallNo, Done, Joined, Joiner, LegNo, LegState, Line, Output, Place, Timer, Why};
use super::{Step, Switch};
use crate::sim::peer::Change;

impl Switch {
    /// Holds a call and calls a number beside it.
    pub(super) fn consult(&mut self, by: By, leg: LegNo, line: Line, number: &str, step: &mut Step<'_>) -> Outcome {
        self.set(leg, LegState::Held, Why::Consultation, step);
        self.say_hold(leg, Why::Consultation, step);
        self.tell_all(CallEventKind::Held, leg, Why::Consultation, step);
        let active = self.dial_tone(by, line, Some(leg), step);
        let done = self.done(active);
        if let Some(call) = self.state.legs.get(&active).map(|l| l.call) {
            self.dial(call, number, step);
        }
        Ok(done)
    }

    /// Ends the consultation and takes the held call back.
    pub(super) fn reconnect(&mut self, (held, active): (LegNo, LegNo), step: &mut Step<'_>) -> Done {
        let done = self.done(held);
        self.leave(active, Why::NormalClearing, step);
        self.retrieve(held, Why::Normal, step);
        done
    }

    pub(super) fn alternate(&mut self, (held, active): (LegNo, LegNo), step: &mut Step<'_>) -> Done {
        self.set(active, LegState::Held, Why::Consultation, step);
        self.say_hold(active, Why::Consultation, step);
        self.tell_all(CallEventKind::Held, active, Why::Consultation, step);
        self.retrieve(held, Why::Alternate, step);
        self.done(held)
    }

    /// Takes a held leg back.
    pub(super) fn retrieve(&mut self, leg: LegNo, why: Why, step: &mut Step<'_>) {
        self.set(leg, self.taken_back(leg), why, step);
        self.say_retrieve(leg, why, step);
        self.tell_all(CallEventKind::Retrieved, leg, why, step);
    }

    /// The state of a held leg that is taken back: a caller who was transferred while holding may
    /// find that somebody is still rung.
    pub(super) fn taken_back(&self, leg: LegNo) -> LegState {
        let states = self.others(leg).into_iter().filter_map(|l| self.state.legs.get(&l).map(|l| l.state));
        states.fold(LegState::Connected, |state, other| match other {
            LegState::Alerting => LegState::Delivered,
            LegState::Initiated => LegState::Originated,
            _ => state,
        })
    }

    /// The held party and the consulted one are left with each other.
    pub(super) fn transfer(&mut self, line: Line, (held, active): (LegNo, LegNo), step: &mut Step<'_>) -> Done {
        let Some((first, second, controller)) = self.two_calls(held, active) else { return Done::default() };
        let (before, ended) = (self.parties_before(held, &first.1), second.1.clone());
        let busy = self.state.legs.get(&active).is_some_and(|l| l.state == LegState::Failed);
        let rings = self.state.legs.get(&active).is_some_and(|l| l.state == LegState::Delivered);
        let joiners = self.others(active);
        let group = ended.group.map(|number| self.group_device(number));
        let to = group.or_else(|| joiners.first().map(|l| self.device_of(*l))).or_else(|| ended.called.clone());
        self.set_timer(second.0, None);
        self.part_with(held, Why::Transfer, step);
        self.part_with(active, Why::Transfer, step);
        for joiner in &joiners {
            self.move_to(*joiner, first.0, Why::Transfer, step);
        }
        if let Some(call) = self.state.calls.get_mut(&first.0) {
            (call.group, call.group_there) = (ended.group, ended.group_there.clone());
        }
        let staying = before.first().map(|(leg, _)| *leg);
        let calling = staying.map(|l| self.device_of(l));
        if let Some(call) = self.state.calls.get_mut(&first.0) {
            if let Some(calling) = calling {
                call.calling = calling;
            }
            call.called.clone_from(&to);
            call.redirected = None;
            (call.forwarded, call.path) = (None, ended.path.clone());
        }
        if let Some(caller) = staying.filter(|_| rings || busy) {
            self.hears_ringing(caller, Why::Transfer, step);
        }
        if rings {
            self.set_timer(first.0, Some((step.now_ms + self.plan.no_answer_ms, Timer::NoAnswer)));
            if let Some(call) = self.state.calls.get_mut(&first.0) {
                call.recall = Some(line);
            }
        }
        let parties = self.joiners(&before, &joiners, &ended.key);
        let lines: Vec<Line> = std::iter::once(line).chain(self.lines_of(first.0)).collect();
        let told = Joined::of(JoinKind::Transferred, &first.1, controller.clone(), to.clone(), parties);
        self.tell_joined(told.ending(&ended), &lines, step);
        let told = Change::Transferred { group: joiners.first().is_some_and(|l| self.is_personal(*l)) };
        self.update(first.0, told, &controller, to.as_ref(), None, step);
        if busy {
            self.recall(first.0, line, Why::RecallBusy, step);
        }
        let to = joiners.first().or(staying.as_ref()).map(|l| self.device_of(*l));
        Done { call: Some(first.1.key), gcid: Some(first.1.gcid), to, waits: None, outside: None }
    }

    /// Both calls become one with everybody in it.
    pub(super) fn conference(&mut self, (held, active): (LegNo, LegNo), step: &mut Step<'_>) -> Done {
        let Some((first, second, controller)) = self.two_calls(held, active) else { return Done::default() };
        let ended = second.1.clone();
        let joiners = self.others(active);
        self.part_with(active, Why::Conference, step);
        let mut before = vec![(held, controller.clone())];
        before.extend(self.parties_before(held, &first.1));
        for joiner in &joiners {
            self.move_to(*joiner, first.0, Why::Conference, step);
        }
        self.set(held, LegState::Connected, Why::Conference, step);
        let added = joiners.first().copied();
        if let Some(call) = self.state.calls.get_mut(&first.0) {
            call.maker = Some(held);
            call.added = added.filter(|_| joiners.len() == 1);
        }
        let parties = self.joiners(&before, &joiners, &ended.key);
        let lines = self.lines_of(first.0);
        let joined = added.map(|l| self.device_of(l));
        let by = controller.clone();
        let told = Joined::of(JoinKind::Conferenced, &first.1, controller, joined.clone(), parties);
        self.tell_joined(told.ending(&ended), &lines, step);
        self.update(first.0, Change::Conferenced, &by, joined.as_ref(), None, step);
        self.done(held)
    }

    /// The maker of a conference speaks with the last added alone; the others are held.
    pub(super) fn split(&mut self, line: Line, leg: LegNo, step: &mut Step<'_>) -> Outcome {
        let added = self.splits(leg).ok_or(super::Refusal::WrongState)?;
        let first = self.state.legs.get(&leg).map(|l| l.call).ok_or(super::Refusal::WrongState)?;
        let Some(before) = self.state.calls.get(&first).cloned() else { return Err(super::Refusal::WrongState) };
        let (lines, left) = (self.lines_of(first), self.device_of(added));
        let second = self.new_call(None, self.named(line));
        if let Some(call) = self.state.calls.get_mut(&second) {
            call.called = Some(left.clone());
        }
        self.move_to(added, second, Why::Conference, step);
        let who = (left.clone(), left.clone());
        self.tell(CallEventKind::ConnectionCleared, &before, who, Why::Conference, &lines, step);
        self.update(first, Change::Dropped { cause: Why::Conference }, &left, None, None, step);
        self.set(leg, LegState::Held, Why::Consultation, step);
        self.say_hold(leg, Why::Consultation, step);
        self.tell_all(CallEventKind::Held, leg, Why::Consultation, step);
        let active = self.join(second, Place::Line(line), LegState::Connected, Why::Conference, step);
        if let Some(call) = self.state.calls.get_mut(&second) {
            call.legs.sort_unstable_by_key(|l| *l != active);
        }
        self.pair(leg, active);
        self.update(second, Change::Split, &left, None, None, step);
        self.tell_all(CallEventKind::Established, added, Why::Conference, step);
        Ok(self.done(active))
    }

    /// Who transferred is rung again by the party that was left waiting.
    pub(super) fn recall(&mut self, call: CallNo, line: Line, why: Why, step: &mut Step<'_>) {
        let Some(caller) = self.caller(call) else { return };
        let (device, rung) = (self.device_of(caller), self.named(line));
        if let Some(entry) = self.state.calls.get_mut(&call) {
            (entry.recall, entry.calling, entry.called) = (None, device.clone(), Some(rung));
        }
        let leg = self.join(call, Place::Line(line), LegState::Alerting, why, step);
        self.hears_ringing(caller, why, step);
        self.set_timer(call, Some((step.now_ms + self.plan.no_answer_ms, Timer::NoAnswer)));
        self.update(call, Change::Rings { cause: why, group: false }, &device, None, None, step);
        self.tell_all(CallEventKind::Delivered, leg, why, step);
    }

    /// Somebody is rung for a party that waits; one who holds goes on holding.
    pub(super) fn hears_ringing(&mut self, leg: LegNo, why: Why, step: &mut Step<'_>) {
        self.say_ringing(leg, step);
        if self.state.legs.get(&leg).is_some_and(|l| !matches!(l.state, LegState::Held | LegState::Delivered)) {
            self.set(leg, LegState::Delivered, why, step);
        }
    }

    /// The calls of two legs, and the device that has both.
    #[expect(clippy::type_complexity)] // two calls, each by number and as it was
    fn two_calls(&self, held: LegNo, active: LegNo) -> Option<((CallNo, Call), (CallNo, Call), DeviceRef)> {
        let of = |leg: LegNo| {
            let number = self.state.legs.get(&leg)?.call;
            Some((number, self.state.calls.get(&number)?.clone()))
        };
        Some((of(held)?, of(active)?, self.device_of(held)))
    }

    /// Everybody in a call but at one leg.
    fn parties_before(&self, but: LegNo, before: &Call) -> Vec<(LegNo, DeviceRef)> {
        let stay = before.legs.iter().filter(|l| **l != but);
        stay.flat_map(|l| self.parties_of(*l).into_iter().map(|d| (*l, d))).collect()
    }

    /// Every party of the call that goes on, with the call that it was in before.
    fn joiners(&self, before: &[(LegNo, DeviceRef)], joined: &[LegNo], ended: &Arc<str>) -> Vec<Joiner> {
        let stayed = before.iter().filter_map(|(leg, device)| {
            let call = self.state.calls.get(&self.state.legs.get(leg)?.call)?;
            Some(Joiner { device: device.clone(), was: Arc::clone(&call.key) })
        });
        let came = joined.iter().flat_map(|l| self.parties_of(*l));
        stayed.chain(came.map(|device| Joiner { device, was: Arc::clone(ended) })).collect()
    }

    /// Tells `lines` of it, each with its own state as it is now.
    pub(super) fn tell_joined(&self, joined: Joined, lines: &[Line], step: &mut Step<'_>) {
        if lines.is_empty() {
            return;
        }
        let call = self.state.by_key.get(&joined.call).and_then(|c| self.state.calls.get(c));
        let rung = |l: &LegNo| self.state.legs.get(l).is_some_and(|l| l.state == LegState::Alerting);
        // The standard has no word for it.
        let ringing = self.plan.private && call.is_some_and(|c| c.legs.iter().any(rung));
        for (joined, lines) in self.seen_by(joined, lines) {
            let witnesses = self.witnesses(&joined.call, &lines);
            step.out.push(Output::Joined(Joined { ringing, witnesses, ..joined }));
        }
    }
}

impl Joined {
    /// Told to nobody yet.
    pub(super) fn of(
        kind: JoinKind,
        call: &Call,
        controller: DeviceRef,
        joined: Option<DeviceRef>,
        parties: Vec<Joiner>,
    ) -> Self {
        let (call, gcid) = (Arc::clone(&call.key), Arc::clone(&call.gcid));
        let (ended, ended_gcid, ringing, witnesses) = (None, None, false, Vec::new());
        Self { kind, call, gcid, ended, ended_gcid, controller, joined, parties, ringing, witnesses }
    }

    /// The call that is no more.
    fn ending(self, ended: &Call) -> Self {
        Self { ended: Some(Arc::clone(&ended.key)), ended_gcid: Some(Arc::clone(&ended.gcid)), ..self }
    }
}
