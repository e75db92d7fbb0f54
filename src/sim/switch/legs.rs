//! The only places where a leg comes, changes or goes: each writes the truth record of its change.

use std::sync::Arc;

use schemas::csta::message::CallEventKind;
use schemas::domain::{DeviceRef, Features};

use super::model::{Call, CallNo, Happened, Leg, LegNo, LegState, Line, Output, Place, Timer, Why, Witness};
use super::{Step, Switch};
use crate::sim::peer::{PartId, PeerMessage};
use crate::sim::truth::{Truth, TruthState};

/// Calls that one plane letter can name: four characters of 36.
pub(super) const GCID_RANGE: u64 = 36_u64.pow(4);

impl Switch {
    /// A new call without legs.
    pub(super) fn new_call(&mut self, gcid: Option<Arc<str>>, calling: DeviceRef) -> CallNo {
        self.calls += 1;
        let number = CallNo(self.calls);
        let gcid = gcid.unwrap_or_else(|| self.next_gcid());
        let key = self.newest_key();
        self.state.by_key.insert(Arc::clone(&key), number);
        let call = Call {
            key,
            gcid,
            calling,
            called: None,
            digits: String::new(),
            legs: Vec::new(),
            timer: None,
            recall: None,
            callback: None,
            group: None,
            group_there: None,
            maker: None,
            added: None,
            redirected: None,
            forwarded: None,
            path: Vec::new(),
            came_in: None,
            began_ms: None,
            answered: false,
            reached: None,
            stranded: false,
        };
        self.state.calls.insert(number, call);
        number
    }

    /// The callID that belongs to the newest number.
    fn newest_key(&self) -> Arc<str> {
        format!("{}-{:x}-{:x}", self.plan.ceid, self.epoch_ms, self.calls).into()
    }

    /// `pssscccc`: plane letter, this node, four characters of the call. The plane goes on to the
    /// next letter when its calls are used up.
    fn next_gcid(&mut self) -> Arc<str> {
        let plane = b'A' + (self.gcids / GCID_RANGE % 26) as u8;
        let mut rest = self.gcids % GCID_RANGE;
        self.gcids += 1;
        let mut digits = [b'0'; 4];
        for digit in digits.iter_mut().rev() {
            *digit = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(rest % 36) as usize];
            rest /= 36;
        }
        let call: String = digits.iter().map(|d| char::from(*d)).collect();
        format!("{}{}{call}", char::from(plane), self.plan.ceid).into()
    }

    pub(super) fn next_part(&mut self) -> PartId {
        self.parts += 1;
        PartId { origin: self.plan.ceid.get(), number: self.parts }
    }

    /// A leg joins a call.
    pub(super) fn join(
        &mut self,
        call: CallNo,
        place: Place,
        state: LegState,
        cause: Why,
        step: &mut Step<'_>,
    ) -> LegNo {
        self.legs += 1;
        let number = LegNo(self.legs);
        match &place {
            Place::Line(line) => self.state.by_line.entry(*line).or_default().push(number),
            Place::Far { part, .. } => {
                self.state.by_part.insert(*part, number);
            }
            Place::Outside { .. } => {}
        }
        if let Place::Line(line) = &place {
            self.touched.insert(line.dn);
        }
        let since_ms = step.now_ms;
        let leg = Leg { call, place, state, cause, since_ms, pair: None, tones: String::new(), account: None };
        self.state.legs.insert(number, leg);
        if let Some(call) = self.state.calls.get_mut(&call) {
            call.legs.push(number);
        }
        self.note_for_record(number, step.now_ms);
        self.record(number, state.truth(), cause, step);
        number
    }

    /// A call is taken away from a line that it never rang at: a leg that is never more than gone.
    pub(super) fn passed_by(&mut self, call: CallNo, line: Line, cause: Why, step: &mut Step<'_>) {
        self.legs += 1;
        let Some(entry) = self.state.calls.get(&call) else { return };
        step.out.push(Output::Truth(Truth {
            seq: 0, // numbered by the log
            at_ms: step.now_ms,
            node: self.plan.ceid.get(),
            dn: line.dn.to_string(),
            line: line.button,
            leg: self.legs,
            gcid: entry.gcid.to_string(),
            state: TruthState::Null,
            cause,
            other: Some(entry.calling.number.clone()),
            group: None,
        }));
    }

    /// A leg changes its state.
    pub(super) fn set(&mut self, leg: LegNo, state: LegState, cause: Why, step: &mut Step<'_>) {
        let Some(entry) = self.state.legs.get_mut(&leg) else { return };
        entry.state = state;
        entry.cause = cause;
        entry.since_ms = step.now_ms;
        self.touched.extend(entry.place.line().map(|line| line.dn));
        if state == LegState::Held && entry.place.line().is_some() {
            self.state.holds.insert(leg);
        } else {
            self.state.holds.remove(&leg);
        }
        self.note_for_record(leg, step.now_ms);
        self.record(leg, state.truth(), cause, step);
    }

    /// A leg leaves its call; the call goes with its last one.
    pub(super) fn part_with(&mut self, leg: LegNo, cause: Why, step: &mut Step<'_>) {
        self.record(leg, TruthState::Null, cause, step);
        let Some(gone) = self.state.legs.remove(&leg) else { return };
        self.state.holds.remove(&leg);
        match &gone.place {
            Place::Line(line) => {
                self.touched.insert(line.dn);
                if let Some(legs) = self.state.by_line.get_mut(line) {
                    legs.retain(|l| *l != leg);
                    if legs.is_empty() {
                        self.state.by_line.remove(line);
                    }
                }
            }
            Place::Far { part, .. } => {
                self.state.by_part.remove(part);
            }
            Place::Outside { .. } => {}
        }
        // What is left of a consultation is an ordinary call, held or not.
        if let Some(other) = gone.pair.and_then(|pair| self.state.legs.get_mut(&pair)) {
            other.pair = None;
        }
        self.forget(leg, gone.call, cause, step.now_ms);
    }

    /// A leg goes on in another call.
    pub(super) fn move_to(&mut self, leg: LegNo, call: CallNo, cause: Why, step: &mut Step<'_>) {
        let Some(entry) = self.state.legs.get_mut(&leg) else { return };
        let former = std::mem::replace(&mut entry.call, call);
        entry.cause = cause;
        entry.since_ms = step.now_ms;
        let state = entry.state.truth();
        if let Some(call) = self.state.calls.get_mut(&call) {
            call.legs.push(leg);
        }
        self.forget(leg, former, cause, step.now_ms);
        self.record(leg, state, cause, step);
    }

    /// A call goes on under another Global Call ID.
    pub(super) fn rename(&mut self, number: CallNo, gcid: Arc<str>, cause: Why, step: &mut Step<'_>) {
        let Some(call) = self.state.calls.get_mut(&number) else { return };
        if call.gcid == gcid {
            return;
        }
        call.gcid = gcid;
        for leg in call.legs.clone() {
            let Some(state) = self.state.legs.get(&leg).map(|l| l.state.truth()) else { continue };
            self.record(leg, state, cause, step);
        }
    }

    /// A call that stretched to another node goes on here, by itself: so may its other half there, under the same
    /// Global Call ID.
    pub(super) fn goes_on_alone(&self, number: CallNo, cause: Why, step: &mut Step<'_>) {
        let Some(call) = self.state.calls.get(&number) else { return };
        let legs = || call.legs.iter().filter_map(|leg| Some((*leg, self.state.legs.get(leg)?)));
        if legs().any(|(_, leg)| matches!(leg.place, Place::Far { .. })) {
            return;
        }
        for (number, leg) in legs() {
            self.record(number, leg.state.truth(), cause, step);
        }
    }

    /// A call goes on under another callID, of which no leg has heard yet.
    pub(super) fn rekey(&mut self, number: CallNo) {
        self.calls += 1;
        let key = self.newest_key();
        let Some(call) = self.state.calls.get_mut(&number) else { return };
        self.state.by_key.remove(&call.key);
        self.state.by_key.insert(Arc::clone(&key), number);
        call.key = key;
    }

    /// A leg is not in a call any more; the call goes with its last one.
    fn forget(&mut self, leg: LegNo, number: CallNo, cause: Why, now_ms: i64) {
        let Some(call) = self.state.calls.get_mut(&number) else { return };
        call.legs.retain(|l| *l != leg);
        if call.legs.len() <= 2 {
            (call.maker, call.added) = (None, None);
        }
        call.maker = call.maker.filter(|l| *l != leg);
        call.added = call.added.filter(|l| *l != leg);
        if call.legs.is_empty() {
            self.set_timer(number, None);
            if let Some(call) = self.state.calls.remove(&number) {
                self.state.by_key.remove(&call.key);
                self.keep_record(&call, cause, now_ms);
            }
        } else {
            self.forget_group(number);
        }
    }

    /// Two legs of a line become a consultation.
    pub(super) fn pair(&mut self, held: LegNo, active: LegNo) {
        for (leg, other) in [(held, active), (active, held)] {
            if let Some(leg) = self.state.legs.get_mut(&leg) {
                leg.pair = Some(other);
            }
        }
    }

    fn record(&self, leg: LegNo, state: TruthState, cause: Why, step: &mut Step<'_>) {
        let Some(entry) = self.state.legs.get(&leg) else { return };
        let Some(call) = self.state.calls.get(&entry.call) else { return };
        let (dn, button, own) = match &entry.place {
            Place::Line(line) => (line.dn.to_string(), line.button, self.number_of(*line).to_string()),
            Place::Outside { party, .. } => (party.number.clone(), 0, party.number.clone()),
            // The partner's to tell.
            Place::Far { .. } => return,
        };
        step.out.push(Output::Truth(Truth {
            seq: 0, // numbered by the log
            at_ms: step.now_ms,
            node: self.plan.ceid.get(),
            other: self.other_number(call, leg, &own),
            dn,
            line: button,
            leg: leg.0,
            gcid: call.gcid.to_string(),
            state,
            cause,
            group: call.group.filter(|_| entry.state == LegState::Alerting).map(|number| number.to_string()),
        }));
    }

    /// The other parties' numbers: of the other legs while there are any, else as dialled or shown.
    pub(super) fn other_number(&self, call: &Call, leg: LegNo, own: &str) -> Option<String> {
        let there: Vec<String> = self.parties_for(leg).into_iter().map(|device| device.number).collect();
        match () {
            () if !there.is_empty() => Some(there.join("+")),
            () if call.calling.number == own => call.called.as_ref().map(|d| d.number.clone()),
            () => Some(call.calling.number.clone()),
        }
    }

    pub(super) fn set_timer(&mut self, call: CallNo, timer: Option<(i64, Timer)>) {
        let Some(entry) = self.state.calls.get_mut(&call) else { return };
        if let Some((at, _)) = entry.timer.take() {
            self.timers.remove(&(at, call));
        }
        entry.timer = timer;
        if let Some((at, _)) = timer {
            self.timers.insert((at, call));
        }
    }

    /// The device of a leg, as connections name it.
    pub(super) fn device_of(&self, leg: LegNo) -> DeviceRef {
        match self.state.legs.get(&leg).map(|l| &l.place) {
            Some(Place::Line(line)) => self.named(*line),
            Some(Place::Far { party, .. } | Place::Outside { party, .. }) => party.clone(),
            None => DeviceRef::default(),
        }
    }

    /// Everybody whom a leg leads to: one, or more behind a link.
    pub(super) fn parties_of(&self, leg: LegNo) -> Vec<DeviceRef> {
        let beyond = match self.state.legs.get(&leg).map(|l| &l.place) {
            Some(Place::Far { beyond, .. }) => beyond.as_slice(),
            _ => &[],
        };
        std::iter::once(self.device_of(leg)).chain(beyond.iter().cloned()).collect()
    }

    /// A line's device text with its name.
    pub(super) fn named(&self, line: Line) -> DeviceRef {
        if let Some((number, shared)) = self.shared_at(line) {
            let (button, set) = (Some(line.button), Some(line.dn.to_string()));
            return DeviceRef { button, set, name: shared.name(), ..DeviceRef::number(number.to_string()) };
        }
        DeviceRef { name: self.name_of(line.dn), ..line.device() }
    }

    /// The name of a number of this node, as far as there is one.
    pub(super) fn name_of(&self, dn: schemas::domain::Dn) -> Option<String> {
        let shared = || self.plan.shared.get(&dn).and_then(crate::sim::plan::SharedLine::name);
        let own = self.state.phones.get(&dn).filter(|_| !self.is_standby(dn));
        own.map_or_else(shared, super::model::Phone::name)
    }

    /// The line of a leg, where it is one of ours.
    pub(super) fn line_of(&self, leg: LegNo) -> Option<Line> {
        self.state.legs.get(&leg)?.place.line()
    }

    /// The lines of a call, the caller's first.
    pub(super) fn lines_of(&self, call: CallNo) -> Vec<Line> {
        let legs = self.state.calls.get(&call).map_or(&[][..], |c| c.legs.as_slice());
        legs.iter().filter_map(|l| self.state.legs.get(l)?.place.line()).collect()
    }

    /// What each of `lines` sees of a call as it is now.
    pub(super) fn witnesses(&self, key: &str, lines: &[Line]) -> Vec<Witness> {
        let call = self.state.by_key.get(key).copied();
        let witness = |line: &Line| {
            let leg = self.leg_at(*line, call);
            let local = leg.and_then(|l| self.state.legs.get(&l)).map(|l| l.state.local());
            Witness {
                line: *line,
                local: local.unwrap_or(schemas::domain::LocalState::Null),
                permitted: leg.map_or(Features::NONE, |l| self.permitted(*line, l)),
            }
        };
        lines.iter().map(witness).collect()
    }

    /// Tells `lines` what happened to `about`, each with its own state as it is now.
    pub(super) fn tell(
        &self,
        kind: CallEventKind,
        about: &Call,
        who: (DeviceRef, DeviceRef),
        why: Why,
        lines: &[Line],
        step: &mut Step<'_>,
    ) {
        self.tell_way(kind, about, who, None, why, lines, step);
    }

    /// [`Self::tell`] with where the call goes.
    #[expect(clippy::too_many_arguments)] // one event in all its parts
    pub(super) fn tell_way(
        &self,
        kind: CallEventKind,
        about: &Call,
        who: (DeviceRef, DeviceRef),
        destination: Option<DeviceRef>,
        why: Why,
        lines: &[Line],
        step: &mut Step<'_>,
    ) {
        if lines.is_empty() {
            return;
        }
        let witnesses = self.witnesses(&about.key, lines);
        let (connection, subject) = who;
        step.out.push(Output::Happened(Happened {
            kind,
            call: Arc::clone(&about.key),
            gcid: Arc::clone(&about.gcid),
            connection: DeviceRef { name: None, ..connection },
            subject,
            calling: about.calling.clone(),
            called: about.called.clone(),
            redirected: about.redirected.clone(),
            destination,
            network: about.network().cloned().map(Box::new),
            // The standard has no words for them.
            group: self.group_told(about).filter(|_| self.plan.private).map(Box::new),
            handoff: why == Why::Handoff && self.plan.private,
            why,
            witnesses,
        }));
    }

    /// [`Self::tell`] to every line of a call that a leg of it did something.
    pub(super) fn tell_all(&self, kind: CallEventKind, leg: LegNo, why: Why, step: &mut Step<'_>) {
        let Some(number) = self.state.legs.get(&leg).map(|l| l.call) else { return };
        let Some(call) = self.state.calls.get(&number) else { return };
        let device = self.device_of(leg);
        self.tell(kind, call, (device.clone(), device), why, &self.lines_of(number), step);
    }

    pub(super) fn leg_at(&self, line: Line, call: Option<CallNo>) -> Option<LegNo> {
        let call = call?;
        let legs = self.state.by_line.get(&line)?;
        legs.iter().copied().find(|l| self.state.legs.get(l).is_some_and(|l| l.call == call))
    }

    /// The first leg of a line whose state is wanted.
    pub(super) fn leg_in(&self, line: Line, wanted: fn(LegState) -> bool) -> Option<LegNo> {
        let legs = self.state.by_line.get(&line)?;
        legs.iter().copied().find(|l| self.state.legs.get(l).is_some_and(|l| wanted(l.state)))
    }

    /// Says something to the partner at whose node a leg is; nothing when the leg is one of ours.
    pub(super) fn say(&self, leg: LegNo, message: impl FnOnce(PartId) -> PeerMessage, step: &mut Step<'_>) {
        let Some(Place::Far { part, peer, .. }) = self.state.legs.get(&leg).map(|l| &l.place) else { return };
        if self.state.peers.contains(peer) {
            step.out.push(Output::Peer(*peer, message(*part)));
        }
    }
}
