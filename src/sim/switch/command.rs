//! What people and applications ask of a line: done, or refused with nothing changed.

use std::sync::Arc;

use schemas::csta::message::CallEventKind;
use schemas::domain::{DeviceRef, Feature};

use super::model::{By, CallNo, Command, Done, LegNo, LegState, Line, Place, Refusal, Timer, Why};
use super::route::party_of;
use super::{Step, Switch};
use crate::sim::peer::PeerMessage;

/// Longest text that is taken as a number at all; what is too long to dial but shorter fails as
/// a call does.
const LONGEST_NUMBER: usize = 64;

pub(super) type Outcome = Result<Done, Refusal>;

impl Switch {
    pub(super) fn command(&mut self, by: By, command: Command, step: &mut Step<'_>) -> Outcome {
        match command {
            Command::OffHook(line) => self.off_hook(by, line, step),
            Command::MakeCall { line, number } => self.make_call(by, line, &number, None, step),
            Command::ChargedCall { line, number, account } => self.make_call(by, line, &number, Some(account), step),
            Command::Digits { target, digits } => {
                let leg = self.resolve(by, &target, Feature::OutPulseDigits)?;
                self.keyed_for(by, target.line, leg, &digits)?;
                self.digits(leg, &digits, step)
            }
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
                self.say_hold(leg, Why::Normal, step);
                self.tell_all(CallEventKind::Held, leg, Why::Normal, step);
                Ok(self.done(leg))
            }
            Command::Retrieve(target) => {
                if let Some(taken) = self.retrieve_key(by, &target, step) {
                    return taken;
                }
                let leg = self.resolve(by, &target, Feature::RetrieveCall)?;
                self.retrieve(leg, Why::Normal, step);
                Ok(self.done(leg))
            }
            Command::Consult { target, number } => {
                let leg = self.resolve(by, &target, Feature::ConsultationCall)?;
                dialable(&number)?;
                self.ask_for_account(by, target.line, &number)?;
                self.consult(by, leg, target.line, &number, step)
            }
            Command::Reconnect(two) => {
                let legs = self.resolve_two(by, &two, Feature::CancelConsultationCall)?;
                Ok(self.reconnect(legs, step))
            }
            Command::Alternate(two) => {
                let legs = self.resolve_two(by, &two, Feature::AlternateCall)?;
                Ok(self.alternate(legs, step))
            }
            Command::Transfer(two) => {
                let legs = self.resolve_two(by, &two, Feature::TransferCall)?;
                Ok(self.transfer(two.line, legs, step))
            }
            Command::Conference(two) => {
                let legs = self.resolve_two(by, &two, Feature::ConferenceCall)?;
                Ok(self.conference(legs, step))
            }
            Command::Split(target) => {
                let leg = self.resolve(by, &target, Feature::SplitConferenceCall)?;
                self.split(target.line, leg, step)
            }
            Command::Redirect { target, number } => {
                let leg = self.resolve(by, &target, Feature::RedirectCall)?;
                self.redirect(leg, &number, step)
            }
            Command::PickUp { line, ringing } => self.pick_up(by, line, &ringing, step),
            Command::NewCall(target) => {
                let leg = self.resolve(by, &target, Feature::NewCall)?;
                Ok(self.new_call_at(by, target.line, leg, step))
            }
            Command::CampOn(target) => {
                self.usable(by, target.line)?;
                if !self.state.phones.get(&target.line.dn).is_some_and(|p| p.plan.cos.campon) {
                    return Err(Refusal::Privilege);
                }
                let leg = self.resolve(by, &target, Feature::CamponCall)?;
                self.camp_on(target.line, leg, step)
            }
            Command::Trade(target) => {
                self.resolve(by, &target, Feature::TradeCall)?;
                self.trade(target.line, step)
            }
            Command::CallBack(target) => {
                self.usable(by, target.line)?;
                if !self.state.phones.get(&target.line.dn).is_some_and(|p| p.plan.cos.callback) {
                    return Err(Refusal::Privilege);
                }
                let leg = self.resolve(by, &target, Feature::SetCallMeBack);
                self.call_back(target.line, leg.map_err(|refusal| self.no_call_back(&target, refusal))?, step)
            }
            Command::LeaveMessage(target) => {
                let leg = self.resolve(by, &target, Feature::SendCallbackMessage);
                self.leave_message(target.line, leg.map_err(|refusal| self.no_message(&target, refusal))?, step)
            }
            Command::LeaveMessageAt { at, from } => {
                self.usable(by, Line::prime(at))?;
                self.leave_message_at(at, &from, step)
            }
            Command::ClearMessageAt { at, from } => {
                self.usable(by, Line::prime(at))?;
                self.clear_message_at(at, &from, step)
            }
            Command::RetrieveFrom { line, holder } => self.retrieve_from(by, line, holder, step),
            Command::Account { target, code } => {
                let leg = self.resolve(by, &target, Feature::SetAccountCode)?;
                self.set_account(target.line, leg, &code, step)
            }
            Command::HotDesk(desking) => self.desking(by, &desking, step),
            Command::OneBusyAllBusy { group, on } => self.set_one_busy(group, on),
            Command::HandOff(line) => self.hand_off(by, line, step),
            Command::Presence { presence, invoker } => self.set_presence(by, presence, invoker, step),
            Command::DoNotDisturb { dn, on } => self.do_not_disturb(by, dn, on, step),
            Command::AutoAnswer { dn, on } => self.set_auto_answer(by, dn, on, step),
            Command::Forward { dn, which, number } => self.set_forward(by, dn, which, number, step),
        }
    }

    pub(super) fn done(&self, leg: LegNo) -> Done {
        let call = self.state.legs.get(&leg).and_then(|l| self.state.calls.get(&l.call));
        Done { call: call.map(|c| Arc::clone(&c.key)), gcid: call.map(|c| Arc::clone(&c.gcid)), ..Done::default() }
    }

    fn off_hook(&mut self, by: By, line: Line, step: &mut Step<'_>) -> Outcome {
        self.usable(by, line)?;
        self.is_free_to_act(line.dn)?;
        if self.is_engaged(line) {
            return Err(Refusal::LineInUse);
        }
        if let Some(taken) = self.off_hook_at_key(by, line, step) {
            return taken;
        }
        if let Some(leg) = self.leg_in(line, |s| s == LegState::Alerting) {
            return Ok(self.answer(leg, step));
        }
        let leg = self.dial_tone(by, line, None, step);
        Ok(self.done(leg))
    }

    /// A new call with dial tone at a line without an active leg; beside `held`, a consultation.
    pub(super) fn dial_tone(&mut self, by: By, line: Line, held: Option<LegNo>, step: &mut Step<'_>) -> LegNo {
        let why = match (held, by) {
            (Some(_), _) => Why::Consultation,
            (None, By::Application) => Why::MakeCall,
            (None, By::Person) => Why::NewCall,
        };
        let call = self.new_call(None, self.named(line));
        let leg = self.join(call, Place::Line(line), LegState::Initiated, why, step);
        if let Some(held) = held {
            self.pair(held, leg);
        }
        self.tell_all(CallEventKind::ServiceInitiated, leg, why, step);
        leg
    }

    fn make_call(&mut self, by: By, line: Line, number: &str, account: Option<String>, step: &mut Step<'_>) -> Outcome {
        self.usable(by, line)?;
        self.is_free_to_act(line.dn)?;
        dialable(number)?;
        match &account {
            Some(code) => self.accept_account(line, code)?,
            None => self.ask_for_account(by, line, number)?,
        }
        let tone = self.leg_in(line, |s| s == LegState::Initiated);
        if tone.is_none() && (self.is_busy(line) || self.picks_at(line) || self.is_taken(line)) {
            return Err(Refusal::LineInUse);
        }
        let leg = match tone {
            Some(leg) => leg,
            None => self.dial_tone(by, line, None, step),
        };
        let done = self.done(leg);
        if let Some(entry) = self.state.legs.get_mut(&leg) {
            entry.account = account;
            let call = entry.call;
            self.dial(call, number, step);
        }
        Ok(done)
    }

    /// Whether what has been keyed needs an account code.
    fn keyed_for(&self, by: By, line: Line, leg: LegNo, digits: &str) -> Result<(), Refusal> {
        let Some(entry) = self.state.legs.get(&leg).filter(|l| l.state == LegState::Initiated) else { return Ok(()) };
        let before = self.state.calls.get(&entry.call).map_or("", |call| call.digits.as_str());
        self.ask_for_account(by, line, &format!("{before}{digits}"))
    }

    fn digits(&mut self, leg: LegNo, digits: &str, step: &mut Step<'_>) -> Outcome {
        let keyed = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'*' || b == b'#');
        if !keyed || digits.len() > LONGEST_NUMBER {
            return Err(Refusal::InvalidDestination);
        }
        let Some((state, call)) = self.state.legs.get(&leg).map(|l| (l.state, l.call)) else {
            return Err(Refusal::NoActiveCall);
        };
        let done = self.done(leg);
        match state {
            LegState::Initiated => self.key(call, digits, step)?,
            // Tones in the voice path; no state of a leg changes.
            _ => self.tones(leg, digits, step),
        }
        Ok(done)
    }

    /// Everybody in the call but the sender hears tones; one who holds it does not.
    pub(super) fn tones(&mut self, from: LegNo, digits: &str, step: &mut Step<'_>) {
        for other in self.others(from) {
            let Some(leg) = self.state.legs.get_mut(&other) else { continue };
            if leg.state == LegState::Connected {
                leg.tones.push_str(digits);
                let over = leg.tones.len().saturating_sub(LONGEST_NUMBER);
                leg.tones.drain(..over);
                self.say(other, |part| PeerMessage::Digits { part, digits: digits.to_owned() }, step);
            }
        }
    }

    fn key(&mut self, call: CallNo, digits: &str, step: &mut Step<'_>) -> Result<(), Refusal> {
        let Some(entry) = self.state.calls.get_mut(&call) else { return Err(Refusal::NoActiveCall) };
        if entry.digits.len() + digits.len() > LONGEST_NUMBER {
            return Err(Refusal::InvalidDestination);
        }
        entry.digits.push_str(digits);
        let keyed = entry.digits.clone();
        let outside = self.may_go_outside(&keyed);
        if !outside && keyed.len() >= self.plan.extension_digits {
            self.dial_collected(call, step);
        } else {
            self.set_timer(call, Some((step.now_ms + self.plan.interdigit_ms, Timer::Interdigit)));
        }
        Ok(())
    }

    pub(super) fn answer(&mut self, leg: LegNo, step: &mut Step<'_>) -> Done {
        if self.is_call_back(leg) {
            return self.dial_back(leg, step);
        }
        self.connect(leg, Why::Normal, step);
        self.done(leg)
    }

    /// Somebody who was rung is there: whoever waited talks, one who holds goes on holding.
    pub(super) fn connect(&mut self, leg: LegNo, why: Why, step: &mut Step<'_>) {
        let Some(number) = self.state.legs.get(&leg).map(|l| l.call) else { return };
        self.set_timer(number, None);
        if let Some(call) = self.state.calls.get_mut(&number) {
            call.recall = None;
        }
        self.stop_rivals(leg, step);
        if self.state.legs.get(&leg).is_some_and(|l| l.state != LegState::Connected) {
            self.set(leg, LegState::Connected, why, step);
        }
        for other in self.others(leg) {
            if self.state.legs.get(&other).is_some_and(|l| !matches!(l.state, LegState::Held | LegState::Connected)) {
                self.set(other, LegState::Connected, why, step);
            }
        }
        self.say_who_answers(leg, step);
        self.say_others(leg, |part| PeerMessage::Answer { part, cause: why }, step);
        self.tell_all(CallEventKind::Established, leg, why, step);
        if let Some(call) = self.state.calls.get_mut(&number) {
            (call.group, call.group_there) = (None, None);
        }
    }

    /// The other legs of a leg's call.
    pub(super) fn others(&self, leg: LegNo) -> Vec<LegNo> {
        let call = self.state.legs.get(&leg).and_then(|l| self.state.calls.get(&l.call));
        call.map_or_else(Vec::new, |c| c.legs.iter().copied().filter(|l| *l != leg).collect())
    }

    /// Says to the partners that a leg holds. In a conference the others go on talking.
    pub(super) fn say_hold(&self, leg: LegNo, cause: Why, step: &mut Step<'_>) {
        match self.one_of_several(leg) {
            Some(who) => self.say_member(leg, &who, (true, cause), 0, step),
            None => self.say_others(leg, |part| PeerMessage::Hold { part, cause }, step),
        }
    }

    pub(super) fn say_retrieve(&self, leg: LegNo, cause: Why, step: &mut Step<'_>) {
        match self.one_of_several(leg) {
            Some(who) => self.say_member(leg, &who, (false, cause), 0, step),
            None => self.say_others(leg, |part| PeerMessage::Retrieve { part, cause }, step),
        }
    }

    fn one_of_several(&self, leg: LegNo) -> Option<DeviceRef> {
        (self.others(leg).len() > 1).then(|| self.device_of(leg))
    }

    /// Says to every partner but that of a leg that one of several holds, or does no longer.
    pub(super) fn say_member(
        &self,
        from: LegNo,
        who: &DeviceRef,
        (holds, cause): (bool, Why),
        passed: u8,
        step: &mut Step<'_>,
    ) {
        let who = party_of(who);
        self.say_others(from, |part| PeerMessage::Member { part, who: who.clone(), holds, cause, passed }, step);
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

/// What may be dialled at all.
fn dialable(number: &str) -> Result<(), Refusal> {
    if number.is_empty() || number.chars().count() > LONGEST_NUMBER {
        return Err(Refusal::InvalidDestination);
    }
    Ok(())
}
