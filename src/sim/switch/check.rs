//! The invariants: what must be so after every step, whatever came in.

use super::Switch;
use super::model::{Call, CallNo, Leg, LegNo, LegState, Place, Timer};
use super::possible::PARTIES;

impl Switch {
    /// Looks at everything there is.
    ///
    /// # Errors
    /// The first thing found that cannot be, in words.
    pub fn check_invariants(&self) -> Result<(), String> {
        for (number, leg) in &self.state.legs {
            self.check_leg(*number, leg)?;
            self.check_pair(*number, leg)?;
        }
        for (number, call) in &self.state.calls {
            self.check_call(*number, call)?;
        }
        self.check_lines()?;
        self.check_holds()?;
        self.check_desks()?;
        self.check_pairing()?;
        self.check_presence()?;
        self.check_shared()?;
        self.check_indexes()
    }

    fn check_leg(&self, number: LegNo, leg: &Leg) -> Result<(), String> {
        let call = self.state.calls.get(&leg.call).ok_or(format!("{number:?} has no call"))?;
        if !call.legs.contains(&number) {
            return Err(format!("{:?} does not know {number:?}", leg.call));
        }
        match &leg.place {
            Place::Line(line) => {
                self.phone(*line).map_err(|_| format!("{number:?} is at {line}, which does not exist"))?;
                if !self.state.by_line.get(line).is_some_and(|legs| legs.contains(&number)) {
                    return Err(format!("{line} does not know {number:?}"));
                }
            }
            Place::Outside { trunk, .. } => self.check_outside(number, *trunk)?,
            Place::Far { part, peer, .. } => {
                if self.state.by_part.get(part) != Some(&number) {
                    return Err(format!("{part:?} does not know {number:?}"));
                }
                if !self.state.peers.contains(peer) {
                    return Err(format!("{number:?} is at node {peer}, which cannot be reached"));
                }
            }
        }
        Ok(())
    }

    fn check_call(&self, number: CallNo, call: &Call) -> Result<(), String> {
        if self.state.by_key.get(&call.key) != Some(&number) {
            return Err(format!("{number:?} is not found by {}", call.key));
        }
        let legs: Vec<&Leg> = call.legs.iter().filter_map(|l| self.state.legs.get(l)).collect();
        if legs.len() != call.legs.len() || legs.iter().any(|l| l.call != number) {
            return Err(format!("{number:?} and its legs disagree"));
        }
        let far = |leg: &Leg| leg.place.line().is_none();
        if legs.len() < 2 && legs.iter().copied().all(far) {
            return Err(format!("{number:?} has nobody here"));
        }
        self.check_group(number, call)?;
        let rung = legs.iter().filter(|l| l.state == LegState::Alerting).count();
        if legs.len() - rung.saturating_sub(1) > PARTIES {
            return Err(format!("{number:?} has {} legs", legs.len()));
        }
        let states: Vec<LegState> = legs.iter().map(|l| l.state).collect();
        let calls_back = call.callback.is_some();
        if calls_back && states != [LegState::Alerting] {
            return Err(format!("{number:?} in {states:?} calls back"));
        }
        // A callback has nobody but the one who is rung.
        if !calls_back && !agree(&legs) {
            return Err(format!("the legs of {number:?} do not agree: {states:?}"));
        }
        let waits = legs.len() > 1 && states.iter().any(|s| matches!(s, LegState::Alerting | LegState::Initiated));
        let timer = match (call.timer.map(|(_, t)| t), states.as_slice()) {
            (Some(Timer::Interdigit), [LegState::Initiated]) => !call.digits.is_empty(),
            (Some(Timer::NoAnswer), _) => waits || calls_back,
            (Some(Timer::Forward), _) => waits && legs.iter().copied().any(far),
            (Some(Timer::OutsideAnswers), _) => waits,
            (None, [LegState::Initiated]) => call.digits.is_empty(),
            // Across, it is the caller's node that lets a call ring for so long.
            (None, _) => !calls_back && !waits || legs.len() > 1 && legs.iter().copied().any(far),
            _ => false,
        };
        if !timer {
            return Err(format!("{number:?} in {states:?} has the timer {:?}", call.timer));
        }
        if call.recall.is_some() && !waits {
            return Err(format!("{number:?} in {states:?} would recall"));
        }
        if [call.maker, call.added].iter().flatten().any(|l| !call.legs.contains(l)) {
            return Err(format!("{number:?} was made a conference by somebody who is not there"));
        }
        Ok(())
    }

    fn check_pair(&self, number: LegNo, leg: &Leg) -> Result<(), String> {
        let Some(pair) = leg.pair else { return Ok(()) };
        let other = self.state.legs.get(&pair).ok_or(format!("{number:?} consults beside nothing"))?;
        let held = [leg.state, other.state].iter().filter(|s| **s == LegState::Held).count();
        if other.pair != Some(number) || leg.place.line() != other.place.line() || held != 1 {
            return Err(format!("{number:?} and {pair:?} are no consultation"));
        }
        Ok(())
    }

    fn check_lines(&self) -> Result<(), String> {
        for (line, legs) in &self.state.by_line {
            if legs.is_empty() {
                return Err(format!("{line} is kept without legs"));
            }
            let (mut active, mut held, mut alerting, mut waiting) = (0, 0, 0, 0);
            for number in legs {
                match self.state.legs.get(number) {
                    Some(leg) if leg.place.line() == Some(*line) => match leg.state {
                        LegState::Held => held += 1,
                        LegState::Alerting => alerting += 1,
                        LegState::Waiting => waiting += 1,
                        _ => active += 1,
                    },
                    _ => return Err(format!("{line} knows {number:?}, which is not there")),
                }
            }
            if active > 1 || held > 1 || alerting > 1 {
                return Err(format!("{line} has {active} active, {held} held, {alerting} alerting legs"));
            }
            if waiting > usize::from(active + alerting > 0) || (waiting > 0 && line.button != 1) {
                return Err(format!(
                    "{waiting} calls wait at {line}, which has {active} active, {alerting} alerting legs"
                ));
            }
        }
        Ok(())
    }

    fn check_indexes(&self) -> Result<(), String> {
        if let Some((part, _)) = self.state.by_part.iter().find(|(_, leg)| !self.state.legs.contains_key(leg)) {
            return Err(format!("{part:?} has no leg"));
        }
        for (part, pick) in &self.state.picks {
            let again = self.state.picks.values().filter(|p| p.line == pick.line).count() > 1;
            if again || self.leg_in(pick.line, LegState::is_active).is_some() {
                return Err(format!("{} picks up and is in use", pick.line));
            }
            if self.state.by_part.contains_key(part) || !self.state.peers.contains(&pick.peer) {
                return Err(format!("{} waits for {part:?}, which cannot come", pick.line));
            }
        }
        if self.state.by_key.len() != self.state.calls.len() {
            return Err("a callID is kept without its call".into());
        }
        let timers = self.state.calls.iter().filter_map(|(n, c)| c.timer.map(|(at, _)| (at, *n)));
        if timers.collect::<std::collections::BTreeSet<_>>() != self.timers {
            return Err("the timers and the calls disagree".into());
        }
        Ok(())
    }
}

/// Whether the legs of one call can be so beside each other.
fn agree(legs: &[&Leg]) -> bool {
    use LegState::{Alerting, Connected, Delivered, Failed, Held, Initiated, Originated, Queued, Waiting};
    if let [one] = legs {
        return matches!(one.state, Initiated | Failed);
    }
    let (rung, callers): (Vec<&Leg>, Vec<&Leg>) =
        legs.iter().partition(|l| matches!(l.state, Alerting | Initiated | Waiting));
    match (rung.as_slice(), callers.as_slice()) {
        ([], all) => all.iter().all(|l| matches!(l.state, Connected | Held)),
        // A group's.
        ([_, _, ..], [caller]) => {
            let rings = |l: &&Leg| l.state == Alerting && l.place.line().is_some();
            rung.iter().all(rings) && matches!(caller.state, Delivered | Held)
        }
        ([rung], [caller]) => {
            let far = |leg: &Leg| leg.place.line().is_none();
            match (rung.state, caller.state) {
                (Alerting, Delivered | Held) => true,
                // It rang at a partner's, and its digits went outside from there.
                (Alerting, Originated) => far(rung),
                // One waits for a phone that is busy.
                (Waiting, Queued) => true,
                // A partner was asked to ring somebody and has not said anything yet.
                (Initiated, Originated | Held) => far(rung),
                (Initiated, Delivered) => far(rung) && far(caller),
                _ => false,
            }
        }
        _ => false,
    }
}
