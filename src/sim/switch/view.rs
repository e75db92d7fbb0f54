//! The switch looked at: what snapshots, the hands and the whole truth show. Changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemas::domain::{DeviceRef, Dn, Features, Forwarding, LocalState};

use super::Switch;
use super::feature::FORWARDINGS;
use super::hot_desk::Desk;
use super::model::{CallNo, LegNo, LegState, Line, Phone, Place, Refusal};
use crate::sim::plan::{ClassOfService, Sharing};
use crate::sim::truth::{TruthFaults, TruthLeg, TruthNow, TruthPhone, TruthShared, TruthSharing};

/// One connection of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineView {
    pub device: DeviceRef,
    pub state: LocalState,
}

/// A call as one of its lines sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallView {
    pub key: Arc<str>,
    pub gcid: Arc<str>,
    pub calling: DeviceRef,
    pub called: Option<DeviceRef>,
    /// The line's own connection first.
    pub connections: Vec<LineView>,
    pub permitted: Features,
}

impl Switch {
    /// A line's phone, when both exist.
    ///
    /// # Errors
    /// When there is no such phone or button.
    pub fn phone(&self, line: Line) -> Result<(&str, ClassOfService), Refusal> {
        let phone = self.state.phones.get(&line.dn).ok_or(Refusal::UnknownDevice)?;
        if !(1..=phone.plan.buttons).contains(&line.button) {
            return Err(Refusal::UnknownDevice);
        }
        Ok((&phone.plan.name, phone.plan.cos))
    }

    /// Every line of this node's own with its name, prime lines before their appearances, by number.
    pub fn directory(&self) -> impl Iterator<Item = DeviceRef> + '_ {
        let own = self.state.phones.values().filter(|phone| !self.plan.backups.contains_key(&phone.plan.dn));
        own.flat_map(|phone| {
            (1..=phone.plan.buttons).map(|button| {
                let line = Line { dn: phone.plan.dn, button };
                let device = self.named(line);
                // Appearances of the own number are listed without a name: it is the prime line's.
                let named = button == 1 || device.set.is_some();
                DeviceRef { name: device.name.filter(|_| named), ..device }
            })
        })
    }

    /// The calls at a line, oldest leg first.
    ///
    /// # Errors
    /// When there is no such phone or button.
    pub fn calls_at(&self, line: Line) -> Result<Vec<CallView>, Refusal> {
        self.phone(line)?;
        let legs = self.state.by_line.get(&line).map_or(&[][..], Vec::as_slice);
        Ok(legs.iter().filter_map(|leg| self.call_view(line, *leg)).collect())
    }

    /// A call by its callID, as `line` sees it or, when no line is named, as its first line does.
    ///
    /// # Errors
    /// When there is no such call, or the line is not in it.
    pub fn call(&self, key: &str, line: Option<Line>) -> Result<CallView, Refusal> {
        let number: CallNo = self.state.by_key.get(key).copied().ok_or(Refusal::UnknownConnection)?;
        let line = match line {
            Some(line) => line,
            None => self.lines_of(number).first().copied().ok_or(Refusal::UnknownConnection)?,
        };
        let leg = self.leg_at(line, Some(number)).ok_or(Refusal::UnknownConnection)?;
        self.call_view(line, leg).ok_or(Refusal::UnknownConnection)
    }

    fn call_view(&self, line: Line, own: LegNo) -> Option<CallView> {
        let call = self.state.calls.get(&self.state.legs.get(&own)?.call)?;
        let legs = std::iter::once(own).chain(call.legs.iter().copied().filter(|l| *l != own));
        let connections = legs
            .filter_map(|number| {
                let leg = self.state.legs.get(&number)?;
                let state = match (&leg.place, leg.state) {
                    // Being set up at a partner: nobody is there yet.
                    (Place::Far { .. } | Place::Outside { .. }, LegState::Initiated) => LocalState::Null,
                    (_, state) => state.local(),
                };
                Some(self.parties_of(number).into_iter().map(move |device| LineView { device, state }))
            })
            .flatten()
            .collect();
        Some(CallView {
            key: Arc::clone(&call.key),
            gcid: Arc::clone(&call.gcid),
            calling: call.calling.clone(),
            called: call.called.clone(),
            connections,
            permitted: self.permitted(line, own),
        })
    }

    /// How the features of a phone are set.
    ///
    /// # Errors
    /// When there is no such phone or button.
    pub fn settings(&self, line: Line) -> Result<(bool, &BTreeMap<Forwarding, String>), Refusal> {
        self.phone(line)?;
        let phone = self.state.phones.get(&line.dn).ok_or(Refusal::UnknownDevice)?;
        Ok((phone.dnd, &phone.forwards))
    }

    /// Whether a phone answers its calls by itself.
    ///
    /// # Errors
    /// When there is no such phone or button.
    pub fn answers_by_itself(&self, line: Line) -> Result<bool, Refusal> {
        self.phone(line)?;
        Ok(self.state.phones.get(&line.dn).is_some_and(|phone| phone.auto_answer))
    }

    /// Whether messages wait for a phone.
    ///
    /// # Errors
    /// When there is no such phone or button.
    pub fn lamp(&self, line: Line) -> Result<bool, Refusal> {
        self.phone(line)?;
        Ok(self.state.messages.contains_key(&line.dn))
    }

    /// A phone as it truly is.
    #[must_use]
    pub fn truth_of(&self, dn: Dn) -> Option<TruthPhone> {
        self.state.phones.get(&dn).map(|phone| self.truth_phone(phone))
    }

    fn truth_phone(&self, phone: &Phone) -> TruthPhone {
        let lines = (1..=phone.plan.buttons).map(|button| Line { dn: phone.plan.dn, button });
        let legs = lines
            .flat_map(|line| {
                let legs = self.state.by_line.get(&line).map_or(&[][..], Vec::as_slice);
                legs.iter().filter_map(move |number| self.truth_leg(line, *number))
            })
            .collect();
        TruthPhone {
            dn: phone.plan.dn.to_string(),
            name: phone.plan.name.clone(),
            buttons: phone.plan.buttons,
            dnd: phone.dnd,
            elsewhere: self.is_elsewhere(phone.plan.dn),
            auto_answer: phone.auto_answer,
            user: (self.number_at(phone.plan.dn) != phone.plan.dn).then(|| self.number_at(phone.plan.dn).to_string()),
            desk: self.desk_of(phone.plan.dn).map(|desk| match desk {
                Desk::Set(set) | Desk::Away { set, .. } => set.to_string(),
                Desk::Outside(number) => number.clone(),
            }),
            forwards: FORWARDINGS
                .iter()
                .filter_map(|(which, word)| Some(((*word).to_owned(), phone.forwards.get(which)?.clone())))
                .collect(),
            groups: self.groups_of(phone.plan.dn).into_iter().map(|(group, on)| (group.to_string(), on)).collect(),
            messages: self.messages_at(phone.plan.dn),
            shared: self.shared_buttons(phone.plan.dn),
            legs,
        }
    }

    /// The shared numbers at a set's buttons.
    fn shared_buttons(&self, dn: Dn) -> BTreeMap<u8, TruthShared> {
        let shared = |line: &Line| {
            let (number, shared) = self.shared_at(*line)?;
            let sharing = match shared.sharing {
                Sharing::Key => TruthSharing::Key,
                Sharing::Multicall => TruthSharing::Multicall,
            };
            let in_use = self.is_used_elsewhere(*line);
            Some((line.button, TruthShared { number: number.to_string(), sharing, in_use }))
        };
        self.buttons_of(dn).iter().filter_map(shared).collect()
    }

    fn truth_leg(&self, line: Line, number: LegNo) -> Option<TruthLeg> {
        let leg = self.state.legs.get(&number)?;
        let call = self.state.calls.get(&leg.call)?;
        Some(TruthLeg {
            line: line.button,
            leg: number.0,
            call: call.key.to_string(),
            gcid: call.gcid.to_string(),
            state: leg.state.truth(),
            cause: leg.cause,
            other: self.other_number(call, number, &self.number_of(line).to_string()),
            tones: leg.tones.clone(),
            account: leg.account.clone(),
            since_ms: leg.since_ms,
        })
    }

    /// The whole present state; what the switch does not know (records, associations, faults) is left empty.
    #[must_use]
    pub fn truth_now(&self, now_ms: i64) -> TruthNow {
        let busy = |phone: &&Phone| {
            let lines = (1..=phone.plan.buttons).map(|button| Line { dn: phone.plan.dn, button });
            phone.dnd
                || phone.auto_answer
                || self.has_moved(phone.plan.dn)
                || self.number_at(phone.plan.dn) != phone.plan.dn
                || self.desk_of(phone.plan.dn).is_some()
                || !phone.forwards.is_empty()
                || self.state.messages.contains_key(&phone.plan.dn)
                || lines.into_iter().any(|line| self.state.by_line.contains_key(&line))
        };
        TruthNow {
            seq: 0,
            at_ms: now_ms,
            node: self.plan.ceid.get(),
            name: self.plan.name.clone(),
            partners: self.state.peers.iter().copied().collect(),
            associations: 0,
            broken: self.broken,
            outside: self.truth_outside(),
            faults: TruthFaults::default(),
            phones: self.state.phones.values().filter(busy).map(|phone| self.truth_phone(phone)).collect(),
        }
    }
}
