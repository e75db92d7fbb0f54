//! Account codes: what a call is charged to, set by whoever is in it or with the number that is dialled.
//!
//! A code is some digits; a class of service may ask for one of the node's list, and for one before
//! a call goes outside. Codes are the line's own business: nobody else is told.

use std::sync::Arc;

use schemas::domain::Account;

use super::command::Outcome;
use super::model::{By, Charged, LegNo, Line, Output, Refusal};
use super::{Step, Switch};
use crate::sim::truth::TruthSetting;

/// Digits of an account code.
const DIGITS: std::ops::RangeInclusive<usize> = 2..=12;

impl Switch {
    /// Sets a code for the call of a leg.
    pub(super) fn set_account(&mut self, line: Line, leg: LegNo, code: &str, step: &mut Step<'_>) -> Outcome {
        self.accept_account(line, code)?;
        if let Some(entry) = self.state.legs.get_mut(&leg) {
            entry.account = Some(code.to_owned());
        }
        self.tell_account(leg, step);
        Ok(self.done(leg))
    }

    /// Whether a line may set a code.
    pub(super) fn accept_account(&self, line: Line, code: &str) -> Result<(), Refusal> {
        let digits = DIGITS.contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
        let verified = self.state.phones.get(&line.dn).is_some_and(|p| p.plan.cos.accounts.verified);
        if digits && (!verified || self.is_listed(code)) { Ok(()) } else { Err(Refusal::BadAccountCode) }
    }

    /// Whether an application must give a code before a line calls a number: people at the phone are
    /// not gated.
    pub(super) fn ask_for_account(&self, by: By, line: Line, number: &str) -> Result<(), Refusal> {
        let forced = self.state.phones.get(&line.dn).is_some_and(|p| p.plan.cos.accounts.forced);
        let outside = number.starts_with(&*self.plan.outside_prefix);
        if by == By::Application && forced && outside { Err(Refusal::AccountNeeded) } else { Ok(()) }
    }

    fn is_listed(&self, code: &str) -> bool {
        self.plan.account_codes.iter().any(|known| known == code)
    }

    /// From now on the call of a leg is charged to the code that is set there; its line is told.
    pub(super) fn tell_account(&self, leg: LegNo, step: &mut Step<'_>) {
        let Some(entry) = self.state.legs.get(&leg) else { return };
        let (Some(code), Some(line)) = (&entry.account, entry.place.line()) else { return };
        let Some(call) = self.state.calls.get(&entry.call) else { return };
        let (gcid, code) = (call.gcid.to_string(), code.clone());
        let setting = TruthSetting::Account { line: line.button, gcid, code: code.clone() };
        self.record_setting(line.dn, setting, step);
        let verified = self.plan.private.then(|| self.is_listed(&code));
        let account = Account { code, verified };
        step.out.push(Output::Charged(Charged {
            call: Arc::clone(&call.key),
            gcid: Arc::clone(&call.gcid),
            device: self.named(line),
            calling: call.calling.clone(),
            account,
            witnesses: self.witnesses(&call.key, &[line]),
        }));
    }
}
