//! Presence in groups, which CSTA has no service for.

use schemas::csta::message::{
    Event, EventBody, Failure, Message, PresenceMonitor, PresenceState, PrivateResponse, Response,
};
use schemas::csta::presence::PresenceRefusal;
use schemas::domain::{Dn, Presence};

use super::services::{Answer, failure, perform};
use super::{AssociationId, Exchange, MONITORS};
use crate::sim::switch::{Command, Output, Refusal, Switch};

/// Members who are absent that fit into one answer; a plan has far fewer.
const LISTED: usize = 512;

pub(super) fn set(
    state: &PresenceState,
    invoker: Option<&str>,
    switch: &mut Switch,
    now_ms: i64,
    told: &mut Vec<Output>,
) -> Answer {
    let no = |why: PresenceRefusal| why.failure();
    let group = state.group.parse().map_err(|_| no(PresenceRefusal::UnknownGroup))?;
    let member = state.member.parse().map_err(|_| failure(Refusal::UnknownDevice))?;
    let invoker = invoker.map(|dn| dn.parse().map_err(|_| no(PresenceRefusal::UnknownInvoker))).transpose()?;
    let presence = Presence { group, member, present: state.present };
    perform(Command::Presence { presence, invoker }, switch, now_ms, told)?;
    Ok(Response::Escape(PrivateResponse::Done))
}

/// Of a member in each of its groups; or of everybody who is absent.
pub(super) fn state(member: Option<&str>, switch: &Switch) -> Answer {
    let states: Vec<Presence> = match member {
        Some(member) => {
            let member: Dn = member.parse().map_err(|_| failure(Refusal::UnknownDevice))?;
            let groups = switch.groups_of(member).into_iter();
            groups.map(|(group, present)| Presence { group, member, present }).collect()
        }
        None => switch.absent().map(|(group, member)| Presence { group, member, present: false }).collect(),
    };
    let states = states.into_iter().take(LISTED).map(in_words).collect();
    Ok(Response::Escape(PrivateResponse::PresenceState(states)))
}

fn in_words(Presence { group, member, present }: Presence) -> PresenceState {
    PresenceState { group: group.to_string(), member: member.to_string(), present }
}

/// What every monitor of presence is told, and those of the member.
pub(super) fn event(change: Presence, cross_ref: u64) -> Message {
    Message::Event(Event { cross_ref: cross_ref.to_string(), body: EventBody::Presence(in_words(change)) })
}

impl Exchange {
    pub(super) fn monitor_presence(&mut self, id: AssociationId, switch: &Switch) -> Answer {
        let cross_ref = self.number();
        let association = self.associations.get_mut(&id).ok_or_else(|| Failure::operation("generic"))?;
        if association.monitors.len() + association.presence.len() >= MONITORS {
            return Err(Failure::resource("overallMonitorLimitExceeded"));
        }
        association.presence.insert(cross_ref);
        let absent = switch.absent().take(LISTED).map(|(group, member)| (group.to_string(), member.to_string()));
        let monitor = PresenceMonitor { cross_ref: cross_ref.to_string(), absent: absent.collect() };
        Ok(Response::Escape(PrivateResponse::PresenceMonitor(monitor)))
    }
}
