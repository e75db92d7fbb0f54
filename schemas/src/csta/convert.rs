//! From a node's words to the gateway's and back.
//!
//! Nothing is decided here: a fact is carried over as it was said, or not at all. Called by the
//! `Node` actor; the simulated node has its own model and speaks in `message`.

mod features;
mod hot_desk;
mod presence;

pub use features::{changes, feature_request, settings};
pub use hot_desk::{hot_desk_answer, hot_desk_change, hot_desk_request};
pub use presence::{absent, presence, presence_request, presence_settings, presence_state_request};

use super::message::{
    CallConnection, CallEvent, CallEventKind, ConnectionId, DeviceConnection, EventBody, Failure, FeatureRequest,
    InformationEvent, JoinKind, JoinedEvent, PresenceRequest, PresenceState, PrivateFeature, PrivateRequest, Request,
    Response,
};
use crate::domain::{
    CallKey, Cause, Command, DeviceRef, Fact, GlobalCallId, Happening, Joined, JoinedParty, LegSnapshot, LocalState,
    NodeRefusal, Party, RefusalKind,
};

/// What an event says of the monitored device's calls; `None` for events that the gateway has no use
/// for, and for those of features (see [`changes`], [`hot_desk_change`]).
#[must_use]
pub fn happening(body: EventBody) -> Option<Happening> {
    match body {
        EventBody::Call(event) => Some(call_happening(event)),
        EventBody::Joined(event) => Some(joined(event)),
        EventBody::Information(event) => Some(information(event)),
        EventBody::OutOfService { device } => {
            Some(Happening { subject: device, ..Happening::bare(Fact::OutOfService) })
        }
        EventBody::BackInService { device } => {
            Some(Happening { subject: device, ..Happening::bare(Fact::BackInService) })
        }
        EventBody::Feature { .. } | EventBody::HotDesk(_) | EventBody::Presence(_) | EventBody::Other(_) => None,
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
        network: event.network.device().cloned().map(Box::new),
        local: event.local,
        cause: if event.groups.handoff { Cause::Handoff } else { event.cause },
        permitted: event.permitted,
        global_call_id: event.global_call_id.as_deref().map(GlobalCallId::from),
        joined: None,
        group: event.groups.group,
        account: None,
    }
}

fn call_of(connection: Option<&ConnectionId>) -> Option<CallKey> {
    connection.and_then(|c| c.call.as_deref()).map(CallKey::from)
}

fn joined(event: JoinedEvent) -> Happening {
    let parties: Vec<JoinedParty> = event
        .connections
        .into_iter()
        .map(|item| {
            let named = || item.new.as_ref().or(item.old.as_ref()).and_then(|c| c.device.clone());
            let device = match item.endpoint {
                Party::NotKnown => named().map_or(Party::NotKnown, Party::Known),
                said => said,
            };
            JoinedParty { call: call_of(item.new.as_ref()), old_call: call_of(item.old.as_ref()), device }
        })
        .collect();
    let primary = call_of(Some(&event.primary_old));
    Happening {
        // Where the node does not name the new call, the one that was held goes on.
        call: parties.iter().find_map(|p| p.call.clone()).or_else(|| primary.clone()),
        subject: event.controller,
        local: event.local,
        cause: event.cause,
        permitted: event.permitted,
        global_call_id: event.global_call_id.as_deref().map(GlobalCallId::from),
        joined: Some(Box::new(Joined {
            primary,
            secondary: call_of(event.secondary_old.as_ref()),
            joined: event.joined,
            parties,
            old_global_call_id: event.old_global_call_id.as_deref().map(GlobalCallId::from),
            ringing: event.ringing,
        })),
        ..Happening::bare(match event.kind {
            JoinKind::Transferred => Fact::Transferred,
            JoinKind::Conferenced => Fact::Conferenced,
        })
    }
}

fn information(event: InformationEvent) -> Happening {
    Happening {
        call: call_of(Some(&event.connection)),
        subject: event.device,
        calling: event.calling,
        permitted: event.permitted,
        global_call_id: event.global_call_id.as_deref().map(GlobalCallId::from),
        account: event.account,
        ..Happening::bare(Fact::Information)
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

/// A device as a command names it: number, button and its set, no name.
fn bare(device: &DeviceRef) -> DeviceRef {
    DeviceRef { button: device.button, set: device.set.clone(), ..DeviceRef::number(device.number.clone()) }
}

/// The service that does it.
#[must_use]
pub fn request(command: &Command) -> Request {
    match command {
        Command::MakeCall { from, number, account } => {
            Request::MakeCall { calling: bare(from), called: number.clone(), account: account.clone() }
        }
        Command::Answer { device, call } => Request::AnswerCall { connection: connection(device, call) },
        Command::Clear { device, call } => Request::ClearConnection { connection: connection(device, call) },
        Command::Hold { device, call } => Request::HoldCall { connection: connection(device, call) },
        Command::Retrieve { device, call } => Request::RetrieveCall { connection: connection(device, call) },
        Command::Consult { device, call, number } => {
            Request::ConsultationCall { existing: connection(device, call), consulted: number.clone() }
        }
        Command::Reconnect { device, active, held } => {
            Request::ReconnectCall { active: connection(device, active), held: connection(device, held) }
        }
        Command::Alternate { device, held, active } => {
            Request::AlternateCall { held: connection(device, held), active: connection(device, active) }
        }
        Command::Transfer { device, held, active } => {
            Request::TransferCall { held: connection(device, held), active: connection(device, active) }
        }
        Command::Conference { device, held, active } => {
            Request::ConferenceCall { held: connection(device, held), active: connection(device, active) }
        }
        Command::SplitConference { device, call } => {
            Request::Escape(PrivateRequest::SplitConference { connection: connection(device, call) })
        }
        Command::Redirect { device, call, number } => Request::DeflectCall {
            connection: connection(device, call),
            destination: DeviceRef::number(number.clone()),
        },
        Command::PickUp { device, ringing } => Request::DirectedPickupCall {
            connection: ConnectionId { call: None, device: Some(DeviceRef::number(ringing.clone())) },
            requesting: bare(device),
        },
        Command::NewCall { device, call } => {
            Request::Escape(PrivateRequest::NewCall { connection: connection(device, call) })
        }
        Command::SendDigits { device, call, digits } => {
            Request::GenerateDigits { connection: connection(device, call), digits: digits.clone() }
        }
        Command::DoNotDisturb { device, on } => {
            Request::Feature(FeatureRequest::SetDoNotDisturb { device: bare(device), on: *on })
        }
        Command::Forward { device, which, number } => features::set_forwarding(device, *which, number.as_ref()),
        Command::SetAccount { device, call, code } => {
            Request::AssociateData { connection: connection(device, call), account: code.clone() }
        }
        Command::CampOn { device, call } => Request::CamponCall { connection: connection(device, call) },
        Command::Trade { device, call } => {
            Request::Escape(PrivateRequest::TradeCall { connection: connection(device, call) })
        }
        Command::CallBack { device, call } => Request::CallBack { connection: connection(device, call) },
        Command::LeaveMessage { device, call } => Request::CallBackMessage { connection: connection(device, call) },
        Command::LeaveMessageAt { device, from } => Request::CallBackMessageNonCallRelated {
            originating: DeviceRef::number(from.clone()),
            target: bare(device),
        },
        Command::ClearMessageAt { device, from } => {
            Request::CancelCallBackMessage { originating: DeviceRef::number(from.clone()), target: bare(device) }
        }
        Command::RetrieveFrom { device, holder } => Request::Escape(PrivateRequest::RemoteRetrieve {
            held: DeviceRef::number(holder.clone()),
            requesting: bare(device),
        }),
        Command::Presence { device, group, present, invoker } => {
            let state = PresenceState { group: group.clone(), member: device.number.clone(), present: *present };
            Request::Escape(PrivateRequest::Presence(PresenceRequest::Set { state, invoker: invoker.clone() }))
        }
    }
}

/// What of our private data a node must know for a command; `None` for the standard's own.
#[must_use]
pub fn needs(command: &Command) -> Option<PrivateFeature> {
    match command {
        Command::SplitConference { .. } => Some(PrivateFeature::SplitConference),
        Command::NewCall { .. } => Some(PrivateFeature::NewCall),
        Command::Trade { .. } => Some(PrivateFeature::TradeCall),
        Command::RetrieveFrom { .. } => Some(PrivateFeature::RemoteRetrieve),
        Command::Presence { .. } => Some(PrivateFeature::Presence),
        _ => None,
    }
}

/// A line of a device's snapshot as a leg; its parties are asked for by call. `None` without a
/// call, or without a state that we know.
#[must_use]
pub fn leg(line: DeviceConnection) -> Option<LegSnapshot> {
    let (local, others) = line.states.split_first()?;
    Some(LegSnapshot {
        call: CallKey::from(line.connection.call?.as_str()),
        local: *local,
        far: far(others.iter().copied()),
        others: others.len(),
        parties: Vec::new(),
        calling: Party::NotKnown,
        called: Party::NotKnown,
        permitted: line.permitted,
        global_call_id: line.global_call_id.as_deref().map(GlobalCallId::from),
    })
}

/// The legs of a device: each line of its snapshot with the answer to SnapshotCall for its call,
/// where there is one.
#[must_use]
pub fn legs<'a>(lines: impl IntoIterator<Item = (DeviceConnection, Option<&'a Response>)>) -> Vec<LegSnapshot> {
    let whole = |(line, call): (DeviceConnection, Option<&Response>)| {
        let own = line.connection.device.clone();
        let mut leg = leg(line)?;
        if let Some(call) = call {
            add_call(&mut leg, own.as_ref(), call);
        }
        Some(leg)
    };
    lines.into_iter().filter_map(whole).collect()
}

/// Adds to a leg what the answer to SnapshotCall tells besides: its parties, and of the far end
/// and the call's name what is not known yet. `own` is the device whose leg it is.
pub fn add_call(leg: &mut LegSnapshot, own: Option<&DeviceRef>, call: &Response) {
    let Response::SnapshotCall { calling, called, global_call_id, devices } = call else { return };
    leg.calling = calling.clone();
    leg.called = called.clone();
    leg.parties = parties(devices);
    if leg.global_call_id.is_none() {
        leg.global_call_id = global_call_id.as_deref().map(GlobalCallId::from);
    }
    if let (None, Some(own)) = (leg.far, own) {
        let others = devices.iter().filter(|line| {
            let device = line.connection.device.as_ref().or(line.device.device());
            device.is_some_and(|d| (&d.number, d.place()) != (&own.number, own.place()))
        });
        leg.far = far(others.filter_map(|line| line.state));
    }
}

/// Everyone in a call whom the answer to SnapshotCall names.
#[must_use]
pub fn parties(devices: &[CallConnection]) -> Vec<Party> {
    let party = |line: &CallConnection| match (&line.device, &line.connection.device) {
        (Party::NotKnown, Some(device)) => Party::Known(device.clone()),
        (said, _) => said.clone(),
    };
    // Of several that ring for one number none is a party yet.
    let rung = devices.iter().filter(|line| line.state == Some(LocalState::Alerting)).count() > 1;
    let there = |line: &&CallConnection| match line.state {
        Some(LocalState::Null) => false,
        Some(LocalState::Alerting) => !rung,
        _ => true,
    };
    devices.iter().filter(there).map(party).collect()
}

/// Of several far ends one that is connected: the call is through then, whoever else is rung.
fn far(states: impl Iterator<Item = LocalState> + Clone) -> Option<LocalState> {
    states.clone().find(|s| *s == LocalState::Connected).or_else(|| states.clone().next())
}

/// How a value of an error is recognised.
enum Value {
    Is(&'static [&'static str]),
    Starts(&'static str),
    Ends(&'static str),
    Any,
}

/// What each error of a node means to an application; the first row that fits.
const REFUSALS: [(&str, Value, RefusalKind, &str); 24] = {
    use RefusalKind::{NotSupported, Other, Privilege, Resource, State, Unknown};
    use Value::{Any, Ends, Is, Starts};
    [
        ("operation", Is(&["serviceNotSupported"]), NotSupported, "The node does not have this service."),
        ("operation", Starts("privilegeViolation"), Privilege, "Class of service does not allow it."),
        (
            "operation",
            Is(&["invalidDestination", "invalidCalledDeviceID", "invalidDestinationDeviceID"]),
            Unknown,
            "The node does not know this destination.",
        ),
        ("operation", Is(&["invalidForwardingDestination"]), Other, "The node does not forward calls there."),
        ("operation", Is(&["invalidAccountCode"]), Other, "The node does not accept this account code."),
        (
            "operation",
            Is(&["atLeastOneConditionalParameterNotProvided"]),
            Privilege,
            "Class of service asks for an account code.",
        ),
        ("operation", Is(&["featureAlreadySet"]), State, "It is set already."),
        ("operation", Is(&["invalidMsgID"]), Unknown, "The node does not know this message."),
        ("operation", Ends("CrossRefID"), Unknown, "The node does not know this monitor."),
        ("operation", Is(&["invalidMonitorObject", "objectNotKnown"]), Unknown, "The node does not know this device."),
        ("operation", Ends("ConnectionID"), Unknown, "The node does not know this call."),
        ("operation", Ends("CallID"), Unknown, "The node does not know this call."),
        ("operation", Ends("DeviceID"), Unknown, "The node does not know this device."),
        ("operation", Starts("requestIncompatible"), Other, "The node cannot do this with this device or call."),
        ("operation", Starts("invalid"), Other, "The node does not accept a value of the request."),
        ("operation", Ends("OutOfRange"), Other, "The node does not accept a value of the request."),
        ("operation", Ends("NotSupported"), Other, "The node does not accept a part of the request."),
        ("security", Any, Other, "The node does not let the gateway do this."),
        ("stateIncompatibility", Any, State, "The call is not in a state that allows this."),
        ("systemResourceAvailibility", Ends("OutOfService"), Resource, "A device or resource is out of service."),
        ("systemResourceAvailibility", Ends("LimitExceeded"), Resource, "The node has reached a limit."),
        ("systemResourceAvailibility", Any, Resource, "A resource of the node is not available."),
        ("subscribedResourceAvailability", Any, Resource, "The node has reached a limit."),
        ("performanceManagement", Any, Resource, "The node is overloaded."),
    ]
};

/// A node's refusal in the gateway's terms, with a text of ours for applications.
#[must_use]
pub fn refusal(failure: &Failure) -> NodeRefusal {
    if let Some((kind, text)) = super::hot_desk::refusal(failure).or_else(|| super::presence::refusal(failure)) {
        return NodeRefusal { kind, text: text.to_owned() };
    }
    let value = failure.value.as_str();
    let fits = |rule: &Value| match rule {
        Value::Is(words) => words.contains(&value),
        Value::Starts(word) => value.starts_with(word),
        Value::Ends(word) => value.ends_with(word),
        Value::Any => true,
    };
    let row = REFUSALS.iter().find(|(category, rule, ..)| *category == failure.category && fits(rule));
    let (kind, text) = row.map_or((RefusalKind::Other, "The node refused."), |(_, _, kind, text)| (*kind, *text));
    NodeRefusal { kind, text: text.to_owned() }
}

#[cfg(test)]
mod tests;
