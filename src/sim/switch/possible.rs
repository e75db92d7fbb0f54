//! What may be done with a leg, as its state, its line and its call allow. The commands and what
//! is announced both ask here, so that they cannot disagree. Changes nothing.

use schemas::csta::private::only_private;
use schemas::domain::{DeviceRef, Feature, Features};

use super::Switch;
use super::model::{By, CallNo, Leg, LegNo, LegState, Line, Refusal, Target, Two, Why};

/// Parties of one conference.
pub(super) const PARTIES: usize = 8;

impl Switch {
    /// What may be done with a leg at a line.
    pub(super) fn possible(&self, line: Line, leg: LegNo) -> Features {
        let Some(entry) = self.state.legs.get(&leg) else { return Features::NONE };
        if self.state.calls.get(&entry.call).is_some_and(|call| call.stranded) {
            return Features::of(&[Feature::ClearCall]);
        }
        let beside = |wanted: fn(LegState) -> bool| {
            let legs = self.state.by_line.get(&line).map_or(&[][..], Vec::as_slice);
            legs.iter().any(|l| *l != leg && self.state.legs.get(l).is_some_and(|l| wanted(l.state)))
        };
        let when = |may: bool, features: &[Feature]| if may { Features::of(features) } else { Features::NONE };
        let engaged = beside(LegState::is_active) || self.picks_at(line);
        let held_beside = beside(|s| s == LegState::Held);
        let consults = entry.pair.is_some() && entry.state != LegState::Held;
        let own = match entry.state {
            LegState::Initiated => Features::of(&[Feature::ClearCall, Feature::OutPulseDigits]),
            LegState::Originated => Features::of(&[Feature::ClearCall]),
            LegState::Delivered => Features::of(&[Feature::ClearCall]),
            LegState::Failed => Features::of(&[Feature::ClearCall, Feature::NewCall])
                .or(when(self.may_camp_on(line, leg), &[Feature::CamponCall])),
            LegState::Queued => Features::of(&[Feature::ClearCall]),
            LegState::Waiting => when(self.may_trade(line, leg), &[Feature::TradeCall]),
            LegState::Alerting => {
                when(!self.is_call_back(leg), &[Feature::RedirectCall]).or(when(!engaged, &[Feature::AnswerCall]))
            }
            LegState::Held => when(!engaged, &[Feature::RetrieveCall]),
            LegState::Connected => {
                Features::of(&[Feature::ClearCall, Feature::OutPulseDigits, Feature::SetAccountCode])
                    .or(when(!held_beside, &[Feature::HoldCall, Feature::ConsultationCall]))
                    .or(when(self.may_trade(line, leg), &[Feature::TradeCall]))
                    .or(when(self.is_held_away(leg), &[Feature::NewCall]))
                    .or(when(!held_beside && self.splits(leg).is_some(), &[Feature::SplitConferenceCall]))
                    .or(when(consults, &[Feature::AlternateCall]))
            }
        };
        // A key line has one call at a time.
        let own = if self.is_key(line) { own.without(Features::of(&[Feature::ConsultationCall])) } else { own };
        let own = own
            .or(when(self.may_be_called_back(line, leg), &[Feature::SetCallMeBack]))
            .or(when(self.may_leave_message(line, leg), &[Feature::SendCallbackMessage]));
        let Some(pair) = entry.pair.filter(|_| consults) else { return own };
        own.with(Feature::CancelConsultationCall)
            .or(when(self.may_transfer(line, pair, entry), &[Feature::TransferCall]))
            .or(when(
                self.may_confer(line, pair, entry) && self.conference_size(pair, leg) <= PARTIES,
                &[Feature::ConferenceCall],
            ))
    }

    /// What an application may do with a leg.
    pub(super) fn permitted(&self, line: Line, leg: LegNo) -> Features {
        let possible = match self.state.phones.get(&line.dn) {
            Some(phone) if phone.plan.cos.call_control => self.possible(line, leg),
            _ => Features::NONE,
        };
        // Without private data there is no way to ask for these.
        if self.plan.private { possible } else { possible.without(only_private()) }
    }

    /// Whether the only other party holds the call.
    fn is_held_away(&self, leg: LegNo) -> bool {
        match self.others(leg).as_slice() {
            [other] => self.state.legs.get(other).is_some_and(|l| l.state == LegState::Held),
            _ => false,
        }
    }

    /// Whom the maker of a conference can speak with alone.
    pub(super) fn splits(&self, leg: LegNo) -> Option<LegNo> {
        let call = self.state.calls.get(&self.state.legs.get(&leg)?.call)?;
        let added = call.added.filter(|_| call.maker == Some(leg) && call.legs.len() > 2)?;
        let talks = self.state.legs.get(&added)?.state == LegState::Connected;
        // Who was added, at another node, may have added somebody since.
        let alone = self.parties_of(added).len() == 1;
        (talks && alone && added != leg).then_some(added)
    }

    /// Whether the consultation's party and the held call's can be put together.
    fn may_transfer(&self, line: Line, held: LegNo, active: &Leg) -> bool {
        let Some(first) = self.state.legs.get(&held).map(|l| l.call) else { return false };
        let small = |call: CallNo| self.size(call) == 2;
        let size = self.size(first) + self.size(active.call);
        if !self.is_answered(first, held) || size > PARTIES + 2 || !self.are_apart(line, first, active.call) {
            return false;
        }
        match active.state {
            LegState::Connected => true,
            LegState::Delivered => small(first) && small(active.call),
            // To busy: the one who transfers is rung again, and needs a line that can be.
            LegState::Failed => {
                let busy = matches!(active.cause, Why::Busy | Why::DoNotDisturb);
                busy && small(first) && self.leg_in(line, |s| s == LegState::Alerting).is_none()
            }
            _ => false,
        }
    }

    fn may_confer(&self, line: Line, held: LegNo, active: &Leg) -> bool {
        let Some(first) = self.state.legs.get(&held).map(|l| l.call) else { return false };
        active.state == LegState::Connected && self.is_answered(first, held) && self.are_apart(line, first, active.call)
    }

    /// Parties of the conference that two legs of one line would make.
    fn conference_size(&self, held: LegNo, active: LegNo) -> usize {
        let call = |leg: LegNo| self.state.legs.get(&leg).map_or(0, |l| self.size(l.call));
        call(held) + call(active).saturating_sub(1)
    }

    /// Parties of a call; of those who are rung one will be in it.
    fn size(&self, call: CallNo) -> usize {
        let legs = self.state.calls.get(&call).map_or(&[][..], |c| c.legs.as_slice());
        let rivals = legs.iter().filter(|l| self.is_rung(**l)).count().saturating_sub(1);
        legs.iter().map(|l| self.parties_of(*l).len()).sum::<usize>() - rivals
    }

    /// Whether everybody in a call but `leg` has answered.
    fn is_answered(&self, call: CallNo, leg: LegNo) -> bool {
        let Some(call) = self.state.calls.get(&call) else { return false };
        let answered =
            |l: &LegNo| self.state.legs.get(l).is_some_and(|l| matches!(l.state, LegState::Connected | LegState::Held));
        call.legs.len() > 1 && call.legs.iter().filter(|l| **l != leg).all(answered)
    }

    /// Whether nobody but the line that consults is in both calls: nobody is put through to
    /// themselves.
    fn are_apart(&self, line: Line, first: CallNo, second: CallNo) -> bool {
        let Some(call) = self.state.calls.get(&second) else { return false };
        let numbers = self.numbers(first);
        let others = call.legs.iter().filter(|l| self.state.legs.get(l).and_then(|l| l.place.line()) != Some(line));
        let mut reached: Vec<String> = others.flat_map(|l| self.parties_of(*l)).map(|d| d.number).collect();
        if reached.is_empty() {
            // Nobody was reached: what was dialled.
            reached.extend(call.called.as_ref().map(|d| d.number.clone()));
        }
        !reached.iter().any(|number| numbers.contains(number))
    }

    /// The number of everybody in a call.
    pub(super) fn numbers(&self, call: CallNo) -> Vec<String> {
        let legs = self.state.calls.get(&call).map_or(&[][..], |c| c.legs.as_slice());
        legs.iter().flat_map(|l| self.parties_of(*l)).map(|device: DeviceRef| device.number).collect()
    }

    /// The line, when it exists and whoever asks may control it.
    pub(super) fn usable(&self, by: By, line: Line) -> Result<(), Refusal> {
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
    pub(super) fn resolve(&self, by: By, target: &Target, feature: Feature) -> Result<LegNo, Refusal> {
        self.usable(by, target.line)?;
        let leg = match &target.call {
            Some(key) => self.named_leg(target.line, key)?,
            None => {
                let (wanted, otherwise): (fn(LegState) -> bool, _) = match feature {
                    Feature::AnswerCall | Feature::RedirectCall => {
                        (|s| s == LegState::Alerting, Refusal::NoCallToAnswer)
                    }
                    Feature::RetrieveCall => (|s| s == LegState::Held, Refusal::NoHeldCall),
                    Feature::ClearCall => (LegState::is_active, Refusal::NoConnectionToClear),
                    _ => (LegState::is_active, Refusal::NoActiveCall),
                };
                self.leg_in(target.line, wanted).ok_or(otherwise)?
            }
        };
        if self.possible(target.line, leg).has(feature) {
            return Ok(leg);
        }
        Err(match (feature, self.state.legs.get(&leg).map(|l| l.state)) {
            (Feature::ConsultationCall, _) if self.is_key(target.line) => Refusal::WrongState,
            (Feature::HoldCall | Feature::ConsultationCall, Some(LegState::Connected)) => Refusal::HoldInUse,
            (Feature::AnswerCall, Some(LegState::Alerting)) | (Feature::RetrieveCall, Some(LegState::Held)) => {
                Refusal::LineInUse
            }
            _ => Refusal::WrongState,
        })
    }

    /// The held and the active leg of a consultation, when they allow the command.
    pub(super) fn resolve_two(&self, by: By, two: &Two, feature: Feature) -> Result<(LegNo, LegNo), Refusal> {
        self.usable(by, two.line)?;
        let active = match &two.active {
            Some(key) => self.named_leg(two.line, key)?,
            None => self.leg_in(two.line, LegState::is_active).ok_or(Refusal::NoActiveCall)?,
        };
        let held = match &two.held {
            Some(key) => self.named_leg(two.line, key)?,
            None => self.leg_in(two.line, |s| s == LegState::Held).ok_or(Refusal::NoHeldCall)?,
        };
        let entry = self.state.legs.get(&active).ok_or(Refusal::NoActiveCall)?;
        if entry.pair != Some(held) || entry.state == LegState::Held {
            return Err(Refusal::WrongState);
        }
        if self.possible(two.line, active).has(feature) {
            return Ok((held, active));
        }
        let full = feature == Feature::ConferenceCall && self.may_confer(two.line, held, entry);
        Err(if full { Refusal::ConferenceFull } else { Refusal::WrongState })
    }

    fn named_leg(&self, line: Line, key: &str) -> Result<LegNo, Refusal> {
        let call = self.state.by_key.get(key).copied();
        self.leg_at(line, call).ok_or(Refusal::UnknownConnection)
    }
}
