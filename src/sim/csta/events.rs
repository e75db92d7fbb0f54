//! What happened at a line, as the event that a monitor of that line gets.

use std::borrow::Cow;

use schemas::csta::message::{
    CallEvent, CallEventKind, ConnectionId, Event, EventBody, GroupCall, InformationEvent, JoinKind, JoinedConnection,
    JoinedEvent, Message,
};
use schemas::domain::{Cause, DeviceRef, Features, LocalState, Party};

use super::features;
use crate::sim::switch::{Changed, Charged, Happened, InUse, Joined, Learnt, LegState, Line, Output, Service, Witness};

/// The lines that are told of it.
pub(super) fn witnesses(told: &Output) -> Cow<'_, [Witness]> {
    match told {
        Output::Happened(happened) => Cow::Borrowed(&happened.witnesses),
        Output::Joined(joined) => Cow::Borrowed(&joined.witnesses),
        Output::Learnt(learnt) => Cow::Borrowed(&learnt.witnesses),
        Output::Charged(charged) => Cow::Borrowed(&charged.witnesses),
        Output::InUse(used) => {
            Cow::Owned(vec![Witness { line: used.line, local: LocalState::Null, permitted: Features::NONE }])
        }
        Output::Changed(Changed { lines, .. }) | Output::Service(Service { lines, .. }) => {
            let witness = |line: &Line| Witness { line: *line, local: LocalState::Null, permitted: Features::NONE };
            Cow::Owned(lines.iter().map(witness).collect())
        }
        Output::Truth(_) | Output::Settled(..) | Output::Peer(..) | Output::Broken(_) | Output::Presence(_) => {
            Cow::Borrowed(&[])
        }
    }
}

/// What one line is told; `None` when there is nothing to tell.
pub(super) fn event(told: &Output, witness: &Witness, cross_ref: u64) -> Option<Message> {
    let body = match told {
        Output::Happened(happened) => EventBody::Call(call(happened, witness)),
        Output::Joined(joined) => EventBody::Joined(join(joined, witness)),
        Output::Learnt(learnt) => EventBody::Information(information(learnt, witness)),
        Output::Charged(charged) => EventBody::Information(charge(charged, witness)),
        Output::InUse(used) => EventBody::Call(in_use(used)),
        Output::Changed(changed) => features::event(&changed.device, &changed.setting),
        Output::Service(service) => in_service(Party::Known(service.device.clone()), service.on),
        Output::Truth(_) | Output::Settled(..) | Output::Peer(..) | Output::Broken(_) | Output::Presence(_) => {
            return None;
        }
    };
    Some(Message::Event(Event { cross_ref: cross_ref.to_string(), body }))
}

/// Whether a device is in service, as it changed or as it is when a monitor starts.
pub(super) fn in_service(device: Party, on: bool) -> EventBody {
    if on { EventBody::BackInService { device } } else { EventBody::OutOfService { device } }
}

fn call(happened: &Happened, witness: &Witness) -> CallEvent {
    CallEvent {
        kind: happened.kind,
        connection: connection(&happened.call, &happened.connection),
        subject: known(&happened.subject),
        calling: known(&happened.calling),
        called: party(happened.called.as_ref()),
        last_redirection: party(happened.redirected.as_ref()),
        new_destination: party(happened.destination.as_ref()),
        network: party(happened.network.as_deref()),
        local: Some(witness.local),
        cause: happened.why.cause(),
        permitted: Some(witness.permitted),
        global_call_id: Some(happened.gcid.to_string()),
        groups: GroupCall { group: happened.group.clone(), handoff: happened.handoff },
    }
}

fn join(joined: &Joined, witness: &Witness) -> JoinedEvent {
    let item = |joiner: &crate::sim::switch::Joiner| JoinedConnection {
        new: Some(connection(&joined.call, &joiner.device)),
        old: Some(connection(&joiner.was, &joiner.device)),
        endpoint: known(&joiner.device),
    };
    JoinedEvent {
        kind: joined.kind,
        primary_old: connection(&joined.call, &joined.controller),
        secondary_old: joined.ended.as_ref().map(|call| connection(call, &joined.controller)),
        controller: known(&joined.controller),
        joined: party(joined.joined.as_ref()),
        connections: joined.parties.iter().map(item).collect(),
        ringing: joined.ringing,
        local: Some(witness.local),
        cause: match joined.kind {
            JoinKind::Transferred => Cause::Transfer,
            JoinKind::Conferenced => Cause::Conference,
        },
        permitted: Some(witness.permitted),
        global_call_id: Some(joined.gcid.to_string()),
        old_global_call_id: joined.ended_gcid.as_ref().map(ToString::to_string),
    }
}

/// A line hears what happened at another of its set: a call that it is not in.
fn in_use(used: &InUse) -> CallEvent {
    let device = used.device.clone();
    CallEvent {
        kind: match (used.over, used.state) {
            (true, _) => CallEventKind::ConnectionCleared,
            (false, LegState::Initiated) => CallEventKind::ServiceInitiated,
            (false, LegState::Connected | LegState::Held) => CallEventKind::Established,
            (false, _) => CallEventKind::Originated,
        },
        connection: connection(&used.call, &device),
        subject: Party::Known(device),
        calling: Party::NotKnown,
        called: Party::NotKnown,
        last_redirection: Party::NotKnown,
        new_destination: Party::NotKnown,
        network: Party::NotKnown,
        local: Some(LocalState::Null),
        cause: Cause::Normal,
        permitted: Some(Features::NONE),
        global_call_id: Some(used.gcid.to_string()),
        groups: GroupCall::default(),
    }
}

fn information(learnt: &Learnt, witness: &Witness) -> InformationEvent {
    InformationEvent {
        connection: connection(&learnt.call, &witness.line.device()),
        device: known(&learnt.device),
        calling: known(&learnt.calling),
        account: None,
        permitted: Some(witness.permitted),
        global_call_id: Some(learnt.gcid.to_string()),
    }
}

fn charge(charged: &Charged, witness: &Witness) -> InformationEvent {
    InformationEvent {
        connection: connection(&charged.call, &witness.line.device()),
        device: Party::Known(charged.device.clone()),
        calling: Party::Known(charged.calling.clone()),
        account: Some(charged.account.clone()),
        permitted: Some(witness.permitted),
        global_call_id: Some(charged.gcid.to_string()),
    }
}

/// A connection names its device without a name.
pub(super) fn connection(call: &str, device: &DeviceRef) -> ConnectionId {
    ConnectionId { call: Some(call.to_owned()), device: Some(DeviceRef { name: None, ..device.clone() }) }
}

pub(super) fn party(device: Option<&DeviceRef>) -> Party {
    device.map_or(Party::NotKnown, known)
}

/// Who does not show a number is not named; connections name a device that says nothing.
pub(super) fn known(device: &DeviceRef) -> Party {
    if device.private_number { Party::Restricted } else { Party::Known(device.clone()) }
}
