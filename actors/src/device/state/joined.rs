//! Two calls that become one, and parties that change: facts that touch more than one leg, or what is
//! known of it.

use schemas::contract::cc::{CallEventType as Type, CallState, EventCauseType as Why};
use schemas::domain::{Account, CallKey, Fact, GlobalCallId, Happening, Joined, LocalState, Party};

use super::super::leg::{Leg, LegState};
use super::super::table::Part;
use super::{Effect, Effects, Report, State};
use crate::policy;

/// What is told of a join besides the leg: who did it, for whom, and who is in the call now.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct JoinView {
    /// Whom the call was transferred from the controller's side: the party that was there before.
    pub transferred: Party,
    /// Whom it was transferred to, or who was added.
    pub joined: Party,
    /// Conferences: everyone who is in it.
    pub members: Vec<Party>,
    pub primary: Option<GlobalCallId>,
    pub secondary: Option<GlobalCallId>,
}

impl State {
    /// Transferred or Conferenced.
    pub(super) fn calls_joined(&mut self, happening: &Happening, out: &mut Effects) {
        let Some(joined) = &happening.joined else { return };
        let Some(call) = happening.call.clone().or_else(|| joined.primary.clone()) else { return };
        let Some(stays) = self.leg_that_stays(&call, joined) else {
            // Nothing is known of either call: something was missed.
            self.again = true;
            return;
        };
        let others = self.legs_besides(stays, joined);
        let acts = self.acts(happening) == Part::Acts;
        let leaves = match happening.local {
            Some(local) => local == LocalState::Null,
            None => acts && happening.fact == Fact::Transferred,
        };
        let was_conference = self.legs[stays].members.len() > 2;
        let own_number = self.device.number.clone();
        let leg = &mut self.legs[stays];
        let id = leg.id;
        leg.call = call;
        if happening.global_call_id.is_some() {
            leg.global_call_id = happening.global_call_id.clone();
        }
        leg.permitted = happening.permitted;
        leg.learn_group(happening, acts);
        let members = members(joined);
        let is_own = |party: &Party| party.device().is_some_and(|d| d.number == own_number);
        let joins = is_own(&joined.joined);
        let (kind, why, state) = if happening.fact == Fact::Transferred {
            // Who is hidden is somebody, even where the one who transferred is hidden, too.
            let reached = members.iter().any(|m| !is_own(m) && !same(m, &happening.subject));
            if !leaves {
                transferred_parties(leg, joined, &members, &own_number);
            }
            let waits = joined.ringing || !reached;
            let state = match happening.local {
                Some(LocalState::Hold) => LegState::Held,
                Some(LocalState::Alerting) => LegState::Received,
                Some(LocalState::Connected) | None if waits && !joins => LegState::Delivered,
                _ => LegState::Established,
            };
            let why = match state {
                _ if acts => Why::TransferInvoked,
                LegState::Delivered | LegState::Received => Why::UnsupervisedTransfer,
                _ => Why::SupervisedTransfer,
            };
            (Type::CallTransferred, why, state)
        } else {
            conference_parties(leg, &members, &happening.subject, &own_number);
            let why = match () {
                () if acts => Why::ConferenceInvoked,
                () if !joins && was_conference => Why::ConferenceMemberAdded,
                () => Why::Conferenced,
            };
            let state = match happening.local {
                Some(LocalState::Hold) => LegState::Held,
                Some(LocalState::Alerting) => LegState::Received,
                _ => LegState::Established,
            };
            (Type::CallConferenced, why, state)
        };
        leg.state = state;
        leg.far_rings = joined.ringing && state != LegState::Received;
        leg.last = (kind, why);
        let shown = if leaves { CallState::Idle } else { state.shown() };
        let mut report = Report::of(kind, why, shown, leg);
        report.subject = happening.subject.clone();
        report.joined = Some(Box::new(JoinView {
            transferred: transferred(&members, &joined.joined, &happening.subject),
            joined: joined.joined.clone(),
            members: if happening.fact == Fact::Conferenced { members } else { Vec::new() },
            primary: leg.global_call_id.clone(),
            secondary: joined.old_global_call_id.clone(),
        }));
        if let (Some(view), true) = (&mut report.leg, leaves) {
            view.gone = true;
        }
        out.push(Effect::Tell(report));
        // The leg of the call that is no more; who joined the two ended it.
        let ended = if acts { Why::ClearInvoked } else { Why::OtherDeviceCleared };
        for call in others {
            let Some(at) = self.legs.iter().position(|l| l.call == call) else { continue };
            let leg = self.legs.remove(at);
            let mut report = Report::of(Type::CallClear, ended, CallState::Idle, &leg);
            report.subject = happening.subject.clone();
            if let Some(view) = &mut report.leg {
                view.gone = true;
            }
            out.push(Effect::Tell(report));
        }
        if leaves {
            self.legs.retain(|l| l.id != id);
        }
    }

    /// The leg that goes on in the new call: the one that has its name already, else the one that
    /// was held, else the other.
    fn leg_that_stays(&self, call: &CallKey, joined: &Joined) -> Option<usize> {
        let at = |wanted: &CallKey| self.legs.iter().position(|l| l.call == *wanted);
        let old = joined.parties.iter().filter_map(|p| p.old_call.as_ref());
        at(call)
            .or_else(|| at(joined.primary.as_ref()?))
            .or_else(|| at(joined.secondary.as_ref()?))
            .or_else(|| old.into_iter().find_map(at))
    }

    /// The calls of other legs that ended by the join.
    fn legs_besides(&self, stays: usize, joined: &Joined) -> Vec<CallKey> {
        let part = |call: &CallKey| {
            [&joined.primary, &joined.secondary].into_iter().any(|c| c.as_ref() == Some(call))
                || joined.parties.iter().any(|p| p.old_call.as_ref() == Some(call))
        };
        let besides = self.legs.iter().enumerate().filter(|(at, leg)| *at != stays && part(&leg.call));
        besides.map(|(_, leg)| leg.call.clone()).collect()
    }

    /// CallInformation: what was learnt is kept and told, each kind as an event of its own.
    pub(super) fn learnt(&mut self, happening: &Happening, out: &mut Effects) {
        let Some(call) = &happening.call else { return };
        let own = self.acts(happening) == Part::Acts;
        let number = self.device.number.clone();
        let Some(leg) = self.legs.iter_mut().find(|l| l.call == *call) else {
            self.again = true;
            return;
        };
        if happening.permitted.is_some() {
            leg.permitted = happening.permitted;
        }
        let renamed = happening.global_call_id.is_some() && happening.global_call_id != leg.global_call_id;
        if renamed {
            leg.global_call_id = happening.global_call_id.clone();
        }
        let far = !own && happening.subject.device().is_some() && leg.meet(&happening.subject, &number);
        let mut tell = |kind, why, account: Option<&Account>| {
            let mut report = Report::of(kind, why, leg.state.shown(), leg);
            report.subject = happening.subject.clone();
            report.account = account.cloned();
            out.push(Effect::Tell(report));
        };
        if far {
            tell(Type::RemotePartyUpdate, Why::RemotePartyUpdated, None);
        }
        if let Some(account) = &happening.account {
            tell(Type::AccountCodeSet, Why::AccountCodeSet, Some(account));
        }
        if renamed {
            tell(Type::InformationUpdateEvent, Why::GlobalCallidUpdated, None);
        }
    }
}

fn members(joined: &Joined) -> Vec<Party> {
    let known = joined.parties.iter().map(|p| p.device.clone());
    known.take(policy::CALL_PARTIES).collect()
}

/// The party that was in the held call: neither the one who did it nor the one it went to.
fn transferred(members: &[Party], joined: &Party, controller: &Party) -> Party {
    let apart = |m: &&Party| m.device().is_some() && !same(m, joined) && !same(m, controller);
    members.iter().find(apart).cloned().unwrap_or_default()
}

pub(super) fn same(a: &Party, b: &Party) -> bool {
    match (a.device(), b.device()) {
        (Some(a), Some(b)) => a.number == b.number && (a.button.is_none() || b.button.is_none() || a.is_line(b)),
        _ => false,
    }
}

/// After a transfer the party that was held is the caller, and whom it was transferred to is called.
fn transferred_parties(leg: &mut Leg, joined: &Joined, members: &[Party], own: &str) {
    let is_own = |party: &Party| party.device().is_some_and(|d| d.number == own);
    let mine = members.iter().find(|m| is_own(m)).cloned();
    let mine = mine.unwrap_or_else(|| Party::Known(schemas::domain::DeviceRef::number(own)));
    if is_own(&joined.joined) {
        if let Some(other) = members.iter().find(|m| !is_own(m)) {
            leg.called_by(other.clone());
        }
        leg.called = mine;
    } else {
        leg.called_by(mine);
        leg.called = joined.joined.clone();
    }
    leg.answering = if joined.ringing { Party::NotKnown } else { joined.joined.clone() };
    leg.members = if members.len() > 2 { members.to_vec() } else { Vec::new() };
}

fn conference_parties(leg: &mut Leg, members: &[Party], controller: &Party, own: &str) {
    leg.members = members.to_vec();
    // The far end of a conference is whoever made it; for that one, the first of the others.
    let is_own = |party: &Party| party.device().is_some_and(|d| d.number == own);
    if controller.device().is_some() && !is_own(controller) {
        leg.meet(controller, own);
    }
}
