//! Features that are set at a phone, by its user or by an application.

use schemas::domain::{Dn, Forwarding};

use super::command::Outcome;
use super::model::{By, Changed, Done, LegState, Line, Output, Refusal, Setting};
use super::route::Route;
use super::{Step, Switch};
use crate::sim::truth::{TruthFeature, TruthSetting};

/// The words that hands and truth have for ways to forward calls.
pub const FORWARDINGS: [(Forwarding, &str); 5] = [
    (Forwarding::Always, "always"),
    (Forwarding::BusyInternal, "busyInternal"),
    (Forwarding::BusyExternal, "busyExternal"),
    (Forwarding::NoAnswerInternal, "noAnswerInternal"),
    (Forwarding::NoAnswerExternal, "noAnswerExternal"),
];

impl Switch {
    pub(super) fn do_not_disturb(&mut self, by: By, dn: Dn, on: bool, step: &mut Step<'_>) -> Outcome {
        self.sets_features(by, dn)?;
        if let Some(phone) = self.state.phones.get_mut(&dn)
            && phone.dnd != on
        {
            phone.dnd = on;
            self.record_setting(dn, TruthSetting::DoNotDisturb { on }, step);
            self.tell_set(dn, Setting::DoNotDisturb(on), step);
        }
        Ok(Done::default())
    }

    pub(super) fn set_auto_answer(&mut self, by: By, dn: Dn, on: bool, step: &mut Step<'_>) -> Outcome {
        self.sets_features(by, dn)?;
        if let Some(phone) = self.state.phones.get_mut(&dn)
            && phone.auto_answer != on
        {
            phone.auto_answer = on;
            self.touched.insert(dn);
            self.record_setting(dn, TruthSetting::AutoAnswer { on }, step);
            self.tell_set(dn, Setting::AutoAnswer(on), step);
        }
        Ok(Done::default())
    }

    /// At the end of a step: what rings at a phone that answers by itself, and whose line is free, is answered. Whether
    /// something was.
    pub(super) fn answer_by_itself(&mut self, step: &mut Step<'_>) -> bool {
        let mut answered = false;
        let answers = |dn: &&Dn| self.state.phones.get(dn).is_some_and(|phone| phone.auto_answer);
        let phones: Vec<Dn> = self.touched.iter().filter(answers).copied().collect();
        for dn in phones {
            let buttons = self.state.phones.get(&dn).map_or(0, |phone| phone.plan.buttons);
            for line in (1..=buttons).map(|button| Line { dn, button }) {
                let rings = self.leg_in(line, |s| s == LegState::Alerting).filter(|_| !self.is_engaged(line));
                if let Some(leg) = rings {
                    self.answer(leg, step);
                    answered = true;
                }
            }
        }
        answered
    }

    /// Where nobody can be, nothing is set: what is set there already holds.
    fn sets_features(&self, by: By, dn: Dn) -> Result<(), Refusal> {
        self.usable(by, Line::prime(dn))?;
        if self.is_out_of_service(dn) { Err(Refusal::OutOfService) } else { Ok(()) }
    }

    /// Forwards calls for a number to another; `None` ends it. What could only lead back is refused
    /// here, as far as it can be seen at this node.
    pub(super) fn set_forward(
        &mut self,
        by: By,
        dn: Dn,
        which: Forwarding,
        number: Option<String>,
        step: &mut Step<'_>,
    ) -> Outcome {
        self.sets_features(by, dn)?;
        if let Some(number) = &number {
            match self.route(number) {
                Route::Nowhere(_) => return Err(Refusal::InvalidDestination),
                Route::Outside { .. } if !self.may_dial_outside(Line::prime(dn)) => return Err(Refusal::BadForward),
                Route::Here(_) | Route::Partner(_) | Route::Outside { .. } => {}
            }
            if *number == dn.to_string() || (which == Forwarding::Always && self.always_leads_to(number, dn)) {
                return Err(Refusal::BadForward);
            }
        }
        let Some(phone) = self.state.phones.get_mut(&dn) else { return Err(Refusal::UnknownDevice) };
        let before = match &number {
            Some(number) => phone.forwards.insert(which, number.clone()),
            None => phone.forwards.remove(&which),
        };
        if before != number {
            self.record_setting(dn, forward(which, number.clone()), step);
            self.tell_set(dn, Setting::Forward(which, number), step);
        }
        Ok(Done::default())
    }

    /// Whether every call for `number` would be sent on and on until it came to `dn`.
    fn always_leads_to(&self, number: &str, dn: Dn) -> bool {
        let always = |at: Dn| self.state.phones.get(&at)?.forwards.get(&Forwarding::Always)?.parse().ok();
        // No longer than there are phones: a loop that is there already has no `dn` in it.
        let mut at = number.parse().ok();
        for _ in 0..self.state.phones.len() {
            match at {
                Some(there) if there == dn => return true,
                Some(there) => at = always(there),
                None => return false,
            }
        }
        false
    }

    /// What is true of a number from now on.
    pub(super) fn record_setting(&self, dn: Dn, setting: TruthSetting, step: &mut Step<'_>) {
        let (node, dn) = (self.plan.ceid.get(), dn.to_string());
        // Numbered by the log.
        step.out.push(Output::TruthFeature(TruthFeature { seq: 0, at_ms: step.now_ms, node, dn, setting }));
    }

    /// Everything that is set is lost at once.
    pub(super) fn lose_settings(&mut self, step: &mut Step<'_>) {
        for dn in self.state.phones.keys().copied().collect::<Vec<_>>() {
            self.unset(dn, step);
        }
        for dn in std::mem::take(&mut self.state.messages).into_keys() {
            self.record_setting(dn, TruthSetting::MessageWaiting { on: false }, step);
        }
        for (group, member) in std::mem::take(&mut self.state.absent) {
            self.record_setting(member, TruthSetting::Presence { group: group.to_string(), on: true }, step);
        }
        self.lose_desks(step);
    }

    /// A phone has nothing set any more, and nobody is told.
    pub(super) fn unset(&mut self, dn: Dn, step: &mut Step<'_>) {
        let Some(phone) = self.state.phones.get_mut(&dn) else { return };
        let answers = std::mem::take(&mut phone.auto_answer);
        let (disturbed, forwards) = (std::mem::take(&mut phone.dnd), std::mem::take(&mut phone.forwards));
        if answers {
            self.record_setting(dn, TruthSetting::AutoAnswer { on: false }, step);
        }
        if disturbed {
            self.record_setting(dn, TruthSetting::DoNotDisturb { on: false }, step);
        }
        for which in forwards.into_keys() {
            self.record_setting(dn, forward(which, None), step);
        }
    }

    /// Every line of the set hears of it.
    pub(super) fn tell_set(&self, dn: Dn, setting: Setting, step: &mut Step<'_>) {
        let lines = self.lines_at(dn);
        step.out.push(Output::Changed(Changed { device: self.named(Line::prime(dn)), setting, lines }));
    }
}

fn forward(which: Forwarding, number: Option<String>) -> TruthSetting {
    let word = FORWARDINGS.iter().find(|(known, _)| *known == which).map_or("", |(_, word)| word);
    TruthSetting::Forward { kind: word.to_owned(), number }
}
