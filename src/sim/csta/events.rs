//! What happened at a line, as the event that a monitor of that line gets.

use schemas::csta::message::{CallEvent, ConnectionId, Event, EventBody, Message};
use schemas::domain::{DeviceRef, Party};

use crate::sim::switch::{Happened, Witness};

pub(super) fn event(happened: &Happened, witness: &Witness, cross_ref: u64) -> Message {
    let body = CallEvent {
        kind: happened.kind,
        connection: connection(&happened.call, &happened.connection),
        subject: Party::Known(happened.subject.clone()),
        calling: Party::Known(happened.calling.clone()),
        called: party(happened.called.as_ref()),
        last_redirection: Party::NotKnown,
        new_destination: Party::NotKnown,
        local: Some(witness.local),
        cause: happened.why.cause(),
        permitted: Some(witness.permitted),
        global_call_id: Some(happened.gcid.to_string()),
    };
    Message::Event(Event { cross_ref: cross_ref.to_string(), body: EventBody::Call(body) })
}

/// A connection names its device without a name.
pub(super) fn connection(call: &str, device: &DeviceRef) -> ConnectionId {
    ConnectionId { call: Some(call.to_owned()), device: Some(DeviceRef { name: None, ..device.clone() }) }
}

pub(super) fn party(device: Option<&DeviceRef>) -> Party {
    device.map_or(Party::NotKnown, |device| Party::Known(device.clone()))
}
