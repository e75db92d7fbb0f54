//! What people and applications ask of a line: done, or refused with nothing changed.

use std::sync::Arc;

use schemas::csta::message::CallEventKind;
use schemas::domain::{Dn, Feature};

use super::model::{By, CallNo, Command, Done, LegNo, LegState, Line, Place, Refusal, Target, Timer, Why};
use super::{Step, Switch};
use crate::sim::peer::PeerMessage;

/// Longest text that is taken as a number at all; what is too long to dial but shorter fails as
/// a call does.
const LONGEST_NUMBER: usize = 64;

type Outcome = Result<Done, Refusal>;

impl Switch {
    pub(super) fn command(&mut self, by: By, command: Command, step: &mut Step<'_>) -> Outcome {
        match command {
            Command::OffHook(line) => self.off_hook(by, line, step),
            Command::MakeCall { line, number } => self.make_call(by, line, &number, step),
            Command::Digits { line, digits } => self.digits(by, line, &digits, step),
            Command::Answer(target) => {
                let leg = self.resolve(by, &target, Feature::AnswerCall)?;
                Ok(self.answer(leg, step))
            }
            Command::Clear(target) => {
                let leg = self.resolve(by, &target, Feature::ClearCall)?;
                let done = self.done(leg);
                self.leave(leg, Why::NormalClearing, step);
                Ok(done)
            }
            Command::Hold(target) => {
                let leg = self.resolve(by, &target, Feature::HoldCall)?;
                self.set(leg, LegState::Held, Why::Normal, step);
                self.say_others(leg, |part| PeerMessage::Hold { part }, step);
                self.tell_all(CallEventKind::Held, leg, Why::Normal, step);
                Ok(self.done(leg))
            }
            Command::Retrieve(target) => {
                let leg = self.resolve(by, &target, Feature::RetrieveCall)?;
                self.set(leg, LegState::Connected, Why::Normal, step);
                self.say_others(leg, |part| PeerMessage::Retrieve { part }, step);
                self.tell_all(CallEventKind::Retrieved, leg, Why::Normal, step);
                Ok(self.done(leg))
            }
            Command::DoNotDisturb { dn, on } => self.do_not_disturb(by, dn, on),
        }
    }

    /// The line, when it exists and whoever asks may control it.
    fn usable(&self, by: By, line: Line) -> Result<(), Refusal> {
        let phone = self.state.phones.get(&line.dn).ok_or(Refusal::UnknownDevice)?;
        if !(1..=phone.plan.buttons).contains(&line.button) {
            return Err(Refusal::UnknownDevice);
        }
        if by == By::Application && !phone.plan.cos.call_control {
            return Err(Refusal::Privilege);
        }
        Ok(())
    }

    /// The leg that a command is about, when its state allows the command.
    fn resolve(&self, by: By, target: &Target, feature: Feature) -> Result<LegNo, Refusal> {
        self.usable(by, target.line)?;
        let leg = match &target.call {
            Some(key) => {
                let call = self.state.by_key.get(key.as_str()).copied();
                self.leg_at(target.line, call).ok_or(Refusal::UnknownConnection)?
            }
            None => {
                let (wanted, otherwise): (fn(LegState) -> bool, _) = match feature {
                    Feature::AnswerCall => (|s| s == LegState::Alerting, Refusal::NoCallToAnswer),
                    Feature::RetrieveCall => (|s| s == LegState::Held, Refusal::NoHeldCall),
                    Feature::HoldCall => (LegState::is_active, Refusal::NoActiveCall),
                    _ => (LegState::is_active, Refusal::NoConnectionToClear),
                };
                self.leg_in(target.line, wanted).ok_or(otherwise)?
            }
        };
        if self.possible(target.line, leg).has(feature) {
            return Ok(leg);
        }
        Err(match (feature, self.state.legs.get(&leg).map(|l| l.state)) {
            (Feature::HoldCall, Some(LegState::Connected)) => Refusal::HoldInUse,
            (Feature::AnswerCall, Some(LegState::Alerting)) | (Feature::RetrieveCall, Some(LegState::Held)) => {
                Refusal::LineInUse
            }
            _ => Refusal::WrongState,
        })
    }

    fn done(&self, leg: LegNo) -> Done {
        let call = self.state.legs.get(&leg).and_then(|l| self.state.calls.get(&l.call));
        Done { call: call.map(|c| Arc::clone(&c.key)), gcid: call.map(|c| Arc::clone(&c.gcid)) }
    }

    fn off_hook(&mut self, by: By, line: Line, step: &mut Step<'_>) -> Outcome {
        self.usable(by, line)?;
        if self.leg_in(line, LegState::is_active).is_some() {
            return Err(Refusal::LineInUse);
        }
        if let Some(leg) = self.leg_in(line, |s| s == LegState::Alerting) {
            return Ok(self.answer(leg, step));
        }
        let leg = self.dial_tone(by, line, step);
        Ok(self.done(leg))
    }

    /// A new call with dial tone at an idle line.
    fn dial_tone(&mut self, by: By, line: Line, step: &mut Step<'_>) -> LegNo {
        let why = if by == By::Application { Why::MakeCall } else { Why::NewCall };
        let call = self.new_call(None, self.named(line));
        let leg = self.join(call, Place::Line(line), LegState::Initiated, why, step);
        self.tell_all(CallEventKind::ServiceInitiated, leg, why, step);
        leg
    }

    fn make_call(&mut self, by: By, line: Line, number: &str, step: &mut Step<'_>) -> Outcome {
        self.usable(by, line)?;
        if number.is_empty() || number.chars().count() > LONGEST_NUMBER {
            return Err(Refusal::InvalidDestination);
        }
        let tone = self.leg_in(line, |s| s == LegState::Initiated);
        if tone.is_none() && self.leg_in(line, |s| s != LegState::Held).is_some() {
            return Err(Refusal::LineInUse);
        }
        let leg = match tone {
            Some(leg) => leg,
            None => self.dial_tone(by, line, step),
        };
        let done = self.done(leg);
        if let Some(call) = self.state.legs.get(&leg).map(|l| l.call) {
            self.dial(call, number, step);
        }
        Ok(done)
    }

    fn digits(&mut self, by: By, line: Line, digits: &str, step: &mut Step<'_>) -> Outcome {
        self.usable(by, line)?;
        let keyed = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'*' || b == b'#');
        if !keyed || digits.len() > LONGEST_NUMBER {
            return Err(Refusal::InvalidDestination);
        }
        let leg = self.leg_in(line, LegState::is_active).ok_or(Refusal::NoActiveCall)?;
        let Some((state, call)) = self.state.legs.get(&leg).map(|l| (l.state, l.call)) else {
            return Err(Refusal::NoActiveCall);
        };
        let done = self.done(leg);
        match state {
            LegState::Initiated => self.key(call, digits, step)?,
            // Tones in the voice path; no state of a leg changes.
            LegState::Connected => {}
            _ => return Err(Refusal::WrongState),
        }
        Ok(done)
    }

    fn key(&mut self, call: CallNo, digits: &str, step: &mut Step<'_>) -> Result<(), Refusal> {
        let Some(entry) = self.state.calls.get_mut(&call) else { return Err(Refusal::NoActiveCall) };
        if entry.digits.len() + digits.len() > LONGEST_NUMBER {
            return Err(Refusal::InvalidDestination);
        }
        entry.digits.push_str(digits);
        if entry.digits.len() >= self.plan.extension_digits {
            self.dial_collected(call, step);
        } else {
            self.set_timer(call, Some((step.now_ms + self.plan.interdigit_ms, Timer::Interdigit)));
        }
        Ok(())
    }

    fn answer(&mut self, leg: LegNo, step: &mut Step<'_>) -> Done {
        let Some(number) = self.state.legs.get(&leg).map(|l| l.call) else { return Done::default() };
        self.set_timer(number, None);
        self.set(leg, LegState::Connected, Why::Normal, step);
        for other in self.others(leg) {
            self.set(other, LegState::Connected, Why::Normal, step);
        }
        self.say_others(leg, |part| PeerMessage::Answer { part }, step);
        self.tell_all(CallEventKind::Established, leg, Why::Normal, step);
        self.done(leg)
    }

    fn do_not_disturb(&mut self, by: By, dn: Dn, on: bool) -> Outcome {
        self.usable(by, Line::prime(dn))?;
        if let Some(phone) = self.state.phones.get_mut(&dn) {
            phone.dnd = on;
        }
        Ok(Done::default())
    }

    /// The other legs of a leg's call.
    pub(super) fn others(&self, leg: LegNo) -> Vec<LegNo> {
        let call = self.state.legs.get(&leg).and_then(|l| self.state.calls.get(&l.call));
        call.map_or_else(Vec::new, |c| c.legs.iter().copied().filter(|l| *l != leg).collect())
    }

    /// Says something to every partner in a leg's call.
    pub(super) fn say_others(
        &self,
        leg: LegNo,
        message: impl Fn(crate::sim::peer::PartId) -> PeerMessage,
        step: &mut Step<'_>,
    ) {
        for other in self.others(leg) {
            self.say(other, &message, step);
        }
    }
}
