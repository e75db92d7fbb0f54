//! What an application asks for, as a command to the node: refused here only for what is surely
//! known here; the rest the node must judge.

use schemas::domain::{CallKey, Command, LegId};

use super::super::leg::LegState;
use super::super::messages::Action;
use super::{Effect, Effects, Link, State};
use crate::node::messages::{Question, Ticket};
use crate::refusal::Refused;

/// Most digits that are dialled, or sent at once.
const LONGEST_NUMBER: usize = 32;
/// Digits of an account code.
const ACCOUNT_CODE: std::ops::RangeInclusive<usize> = 2..=12;

impl State {
    pub(super) fn perform(&mut self, ticket: Ticket, action: Action, out: &mut Effects) {
        let command = if self.link == Link::Down { Err(Refused::NotConnected) } else { self.command(action) };
        match command {
            Ok(command) => {
                self.pending.push(ticket);
                out.push(Effect::Ask(Question::Perform(ticket, command)));
            }
            Err(refused) => out.push(Effect::Answer(ticket, Err(refused))),
        }
    }

    fn command(&self, action: Action) -> Result<Command, Refused> {
        let device = self.device.clone();
        Ok(match action {
            Action::MakeCall { number, account } => {
                let account = account.map(account_code).transpose()?;
                Command::MakeCall { from: device, number: dialable(number)?, account }
            }
            Action::Answer(leg) => Command::Answer { device, call: self.call(leg)? },
            Action::Clear(leg) => Command::Clear { device, call: self.call(leg)? },
            Action::Hold(leg) => Command::Hold { device, call: self.call(leg)? },
            Action::Retrieve(leg) => Command::Retrieve { device, call: self.call(leg)? },
            Action::Consult { leg, number } => {
                Command::Consult { device, call: self.call(leg)?, number: dialable(number)? }
            }
            Action::CancelConsultation(leg) => {
                let (active, held) = self.pair(leg)?;
                Command::Reconnect { device, active, held }
            }
            Action::Alternate(leg) => {
                let (active, held) = self.pair(leg)?;
                Command::Alternate { device, held, active }
            }
            Action::Transfer(leg) => {
                let (active, held) = self.pair(leg)?;
                Command::Transfer { device, held, active }
            }
            Action::Conference(leg) => {
                let (active, held) = self.pair(leg)?;
                Command::Conference { device, held, active }
            }
            Action::SplitConference(leg) => Command::SplitConference { device, call: self.call(leg)? },
            Action::Redirect { leg, number } => {
                Command::Redirect { device, call: self.call(leg)?, number: dialable(number)? }
            }
            Action::PickUp { number } => Command::PickUp { device, ringing: dialable(number)? },
            Action::NewCall(leg) => Command::NewCall { device, call: self.call(leg)? },
            Action::SendDigits { leg, digits } => {
                Command::SendDigits { device, call: self.call(leg)?, digits: keys(digits)? }
            }
            Action::DoNotDisturb(on) => Command::DoNotDisturb { device, on },
            Action::Forward { which, on, number } => {
                // What ends it may name a number or none.
                let number = if on || !number.is_empty() { Some(dialable(number)?) } else { None };
                if on && number.as_ref() == Some(&device.number) {
                    return Err(Refused::ForwardToItself);
                }
                Command::Forward { device, which, number: number.filter(|_| on) }
            }
            Action::CampOn(leg) => Command::CampOn { device, call: self.call(leg)? },
            Action::Trade(leg) => Command::Trade { device, call: self.call(leg)? },
            Action::CallBack(leg) => Command::CallBack { device, call: self.call(leg)? },
            Action::LeaveMessage(leg) => Command::LeaveMessage { device, call: self.call(leg)? },
            Action::LeaveMessageAt { from } => Command::LeaveMessageAt { device, from: dialable(from)? },
            Action::ClearMessageAt { from } => Command::ClearMessageAt { device, from: dialable(from)? },
            Action::RetrieveFrom { holder } => Command::RetrieveFrom { device, holder: dialable(holder)? },
            Action::Presence { group, present, invoker } => Command::Presence {
                device,
                group: dialable(group)?,
                present,
                invoker: invoker.map(dialable).transpose()?,
            },
            Action::SetAccount { leg, code } => {
                Command::SetAccount { device, call: self.call(leg)?, code: account_code(code)? }
            }
        })
    }

    fn call(&self, leg: LegId) -> Result<CallKey, Refused> {
        self.legs.iter().find(|l| l.id == leg).map(|l| l.call.clone()).ok_or(Refused::NoCall)
    }

    /// The line's active and held call, when `leg` is one of the two.
    fn pair(&self, leg: LegId) -> Result<(CallKey, CallKey), Refused> {
        self.call(leg)?;
        let find = |wanted: fn(LegState) -> bool| self.legs.iter().find(|l| wanted(l.state));
        let (Some(active), Some(held)) = (find(LegState::is_active), find(|s| s == LegState::Held)) else {
            return Err(Refused::NoConsultation);
        };
        if active.id != leg && held.id != leg {
            return Err(Refused::NoConsultation);
        }
        Ok((active.call.clone(), held.call.clone()))
    }
}

/// What may be dialled; the rest the node must judge.
pub(super) fn dialable(number: String) -> Result<String, Refused> {
    let digits = number.strip_prefix('+').unwrap_or(&number);
    if are_keys(digits) { Ok(number) } else { Err(Refused::BadNumber) }
}

/// What a set's keys can send.
fn keys(digits: String) -> Result<String, Refused> {
    if are_keys(&digits) { Ok(digits) } else { Err(Refused::BadNumber) }
}

/// What can be an account code at all; which codes are good the node must judge.
fn account_code(code: String) -> Result<String, Refused> {
    let fits = ACCOUNT_CODE.contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
    if fits { Ok(code) } else { Err(Refused::BadAccountCode) }
}

fn are_keys(digits: &str) -> bool {
    (1..=LONGEST_NUMBER).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit() || b == b'*' || b == b'#')
}
