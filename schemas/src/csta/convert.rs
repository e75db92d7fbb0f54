//! From a node's words to the gateway's and back.
//!
//! Nothing is decided here: a fact is carried over as it was said, or not at all.

use super::message::{CallEvent, CallEventKind, ConnectionId, DeviceConnection, EventBody, Failure, Request};
use crate::domain::{
    CallKey, Command, DeviceRef, Fact, GlobalCallId, Happening, LegSnapshot, NodeRefusal, Party, RefusalKind,
};

/// What an event says of the monitored device; `None` for events that the gateway has no use for.
#[must_use]
pub fn happening(body: EventBody) -> Option<Happening> {
    match body {
        EventBody::Call(event) => Some(call_happening(event)),
        EventBody::OutOfService { device } => {
            Some(Happening { subject: device, ..Happening::bare(Fact::OutOfService) })
        }
        EventBody::BackInService { device } => {
            Some(Happening { subject: device, ..Happening::bare(Fact::BackInService) })
        }
        EventBody::Other(_) => None,
    }
}

fn call_happening(event: CallEvent) -> Happening {
    // Where a call goes next is, to the gateway, whom it is now for.
    let called = if event.kind == CallEventKind::Diverted && event.new_destination != Party::NotKnown {
        event.new_destination
    } else {
        event.called
    };
    Happening {
        fact: fact(event.kind),
        call: event.connection.call.as_deref().map(CallKey::from),
        subject: event.subject,
        calling: event.calling,
        called,
        last_redirection: event.last_redirection,
        local: event.local,
        cause: event.cause,
        permitted: event.permitted,
        global_call_id: event.global_call_id.as_deref().map(GlobalCallId::from),
    }
}

fn fact(kind: CallEventKind) -> Fact {
    match kind {
        CallEventKind::ServiceInitiated => Fact::ServiceInitiated,
        CallEventKind::Originated => Fact::Originated,
        CallEventKind::Delivered => Fact::Delivered,
        CallEventKind::Established => Fact::Established,
        CallEventKind::Held => Fact::Held,
        CallEventKind::Retrieved => Fact::Retrieved,
        CallEventKind::Diverted => Fact::Diverted,
        CallEventKind::ConnectionCleared => Fact::Cleared,
        CallEventKind::Failed => Fact::Failed,
        CallEventKind::Queued => Fact::Queued,
        CallEventKind::NetworkReached => Fact::NetworkReached,
    }
}

/// A device's connection in a call.
#[must_use]
pub fn connection(device: &DeviceRef, call: &CallKey) -> ConnectionId {
    ConnectionId { call: Some(call.as_str().to_owned()), device: Some(bare(device)) }
}

/// A device as a command names it: number and button, no name.
fn bare(device: &DeviceRef) -> DeviceRef {
    DeviceRef { button: device.button, ..DeviceRef::number(device.number.clone()) }
}

/// The service that does it.
#[must_use]
pub fn request(command: &Command) -> Request {
    match command {
        Command::MakeCall { from, number } => Request::MakeCall { calling: bare(from), called: number.clone() },
        Command::Answer { device, call } => Request::AnswerCall { connection: connection(device, call) },
        Command::Clear { device, call } => Request::ClearConnection { connection: connection(device, call) },
        Command::Hold { device, call } => Request::HoldCall { connection: connection(device, call) },
        Command::Retrieve { device, call } => Request::RetrieveCall { connection: connection(device, call) },
    }
}

/// A line of a device's snapshot as a leg; its parties are asked for by call. `None` without a
/// call, or without a state.
#[must_use]
pub fn leg(line: DeviceConnection) -> Option<LegSnapshot> {
    Some(LegSnapshot {
        call: CallKey::from(line.connection.call?.as_str()),
        local: *line.states.first()?,
        far: line.states.get(1).copied(),
        calling: Party::NotKnown,
        called: Party::NotKnown,
        permitted: line.permitted,
        global_call_id: line.global_call_id.as_deref().map(GlobalCallId::from),
    })
}

/// A node's refusal in the gateway's terms, with a text for applications.
#[must_use]
pub fn refusal(failure: &Failure) -> NodeRefusal {
    let (kind, text) = match (failure.category.as_str(), failure.value.as_str()) {
        ("operation", "serviceNotSupported") => (RefusalKind::NotSupported, "The node does not have this service."),
        ("operation", value) if value.starts_with("privilegeViolation") => {
            (RefusalKind::Privilege, "The node's class of service does not allow it.")
        }
        ("operation", "invalidDestination" | "invalidCalledDeviceID") => {
            (RefusalKind::Unknown, "The node does not know the destination.")
        }
        ("operation", value) if value.contains("ConnectionID") || value.contains("CallID") => {
            (RefusalKind::Unknown, "The node does not know the call.")
        }
        ("operation", value) if value.contains("DeviceID") || value == "objectNotKnown" => {
            (RefusalKind::Unknown, "The node does not know the device.")
        }
        ("operation", value) if value.starts_with("requestIncompatible") => {
            (RefusalKind::State, "The node cannot do this with the call or device.")
        }
        ("stateIncompatibility", _) => (RefusalKind::State, "The call or device is not in a state that allows it."),
        ("systemResourceAvailibility", value) if value.ends_with("OutOfService") => {
            (RefusalKind::Resource, "The device is out of service at the node.")
        }
        ("systemResourceAvailibility" | "subscribedResourceAvailability" | "performanceManagement", value)
            if value.contains("imit") =>
        {
            (RefusalKind::Resource, "The node has reached a limit.")
        }
        ("systemResourceAvailibility" | "subscribedResourceAvailability" | "performanceManagement", _) => {
            (RefusalKind::Resource, "A resource of the node is not available.")
        }
        _ => (RefusalKind::Other, "The node refused."),
    };
    NodeRefusal { kind, text: text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_of_failure_has_its_kind() {
        for (category, value, kind) in [
            ("operation", "privilegeViolationSpecifiedDevice", RefusalKind::Privilege),
            ("operation", "invalidDeviceID", RefusalKind::Unknown),
            ("operation", "invalidConnectionID", RefusalKind::Unknown),
            ("operation", "invalidDestination", RefusalKind::Unknown),
            ("operation", "serviceNotSupported", RefusalKind::NotSupported),
            ("operation", "generic", RefusalKind::Other),
            ("stateIncompatibility", "invalidConnectionState", RefusalKind::State),
            ("systemResourceAvailibility", "deviceOutOfService", RefusalKind::Resource),
            ("systemResourceAvailibility", "overallMonitorLimitExceeded", RefusalKind::Resource),
            ("performanceManagement", "performanceLimitExceeded", RefusalKind::Resource),
            ("unspecified", "", RefusalKind::Other),
        ] {
            let failure = Failure { category: category.into(), value: value.into() };
            assert_eq!(refusal(&failure).kind, kind, "{category} {value}");
        }
    }
}
