//! The tolerant reader: any prefix, any order of children, unknown children skipped, any edition
//! of the namespace.
//!
//! A message that lacks what it cannot do without is a [`ReadFault`]; texts are bounded, and
//! refused rather than cut. It knows no state: whether an answer was asked for, or an event's
//! monitor exists, is for the caller to say. Called by the `Node` actor and the simulated node.

mod features;
pub(super) mod parts;

pub(super) use parts::{bounded, bounded_whole};

use parts::{
    call_state, connection_needed, device, device_needed, global_call_id, id, id_needed, linkage, party, permitted,
    state, truth,
};

use super::message::{
    AppearanceType, CallConnection, CallEvent, CallEventKind, ConnectionId, DeviceCategory, DeviceConnection, Edition,
    Event, EventBody, Failure, InformationEvent, JoinKind, JoinedConnection, JoinedEvent, ListedDevice, Message,
    Request, Response, SystemStatus,
};
use super::private;
use super::words::{
    APPEARANCES, CATEGORIES, CAUSES, EDITIONS, FAILURES, JOIN_SHAPES, JoinShape, SHAPES, STATUSES, Shape, value,
};
use super::{application_session, call_records};
use crate::domain::{Account, Cause, DeviceRef, Features, Party};
use crate::xml::{Element, Limits, Tree, XmlFault};

/// A frame holds at most this many bytes; elements and depth are bounded besides.
const LIMITS: Limits = Limits { bytes: 65_535, depth: 32, elements: 8192, attributes: 8192, namespaces: 512 };

/// Why a document is not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadFault {
    #[error("a frame cannot be read: {0}")]
    Xml(#[from] XmlFault),
    #[error("{message} lacks {field}")]
    Missing { message: &'static str, field: &'static str },
    #[error("a text in a message is too long")]
    TooLong,
    #[error("a number in a message of ECMA-354 cannot be read")]
    Session,
}

pub(super) type Result<T> = std::result::Result<T, ReadFault>;

/// Reads one document, and tells in which edition it was written. Messages of ECMA-354 have none
/// (see [`Message::tells_edition`]): theirs is the one of the protocol version that they name,
/// else the default.
///
/// # Errors
/// See [`ReadFault`]; nothing of the input is in it.
pub fn parse(xml: &[u8]) -> Result<(Message, Edition)> {
    let tree = Tree::parse(xml, &LIMITS)?;
    let root = tree.root();
    if let Some(read) = application_session::read(root)? {
        return Ok(read);
    }
    let edition = value(&EDITIONS, root.namespace()).unwrap_or_default();
    Ok((message(root)?, edition))
}

fn message(root: Element<'_, '_>) -> Result<Message> {
    let name = root.local();
    if name.ends_with("Event") {
        if let Some(shape) = SHAPES.iter().find(|s| s.name == name) {
            return call_event(root, shape).map(Message::Event);
        }
        return match JOIN_SHAPES.iter().find(|s| s.name == name) {
            Some(shape) => joined_event(root, shape).map(Message::Event),
            None => other_event(root),
        };
    }
    if name == "CSTAErrorCode" {
        return failure(root).map(Message::Failure);
    }
    if name.ends_with("Response") {
        return response(root);
    }
    request(root).map(Message::Request)
}

fn call_event(e: Element<'_, '_>, shape: &Shape) -> Result<Event> {
    let cross_ref = id_needed(e, shape.name, "monitorCrossRefID")?;
    let connection = connection_needed(e, shape.name, shape.connection)?;
    let subject = party(e, shape.subject)?;
    let calling = match shape.kind {
        CallEventKind::Originated => subject.clone(), // one element says both
        _ => party(e, "callingDevice")?,
    };
    let body = CallEvent {
        kind: shape.kind,
        connection,
        subject,
        calling,
        called: party(e, "calledDevice")?,
        last_redirection: party(e, "lastRedirectionDevice")?,
        new_destination: party(e, "newDestination")?,
        network: match shape.network() {
            None => Party::NotKnown,
            Some(field) => {
                let device = connection_of(e, shape.name, field)?.and_then(|connection| connection.device);
                device.map_or(Party::NotKnown, Party::Known)
            }
        },
        local: state(e, "localConnectionInfo"),
        cause: cause(e),
        permitted: event_permitted(e),
        global_call_id: global_call_id(e)?,
        groups: private::groups(e)?,
    };
    Ok(Event { cross_ref, body: EventBody::Call(body) })
}

fn cause(e: Element<'_, '_>) -> Cause {
    e.child_text("cause").and_then(|word| value(&CAUSES, word)).unwrap_or(Cause::Other)
}

/// What the standard's words permit, and what only private data can.
fn event_permitted(e: Element<'_, '_>) -> Option<Features> {
    Some(permitted(e)?.or(private::permitted(e, None)))
}

fn joined_event(e: Element<'_, '_>, shape: &JoinShape) -> Result<Event> {
    let cross_ref = id_needed(e, shape.name, "monitorCrossRefID")?;
    let items = e.child(shape.connections).into_iter().flat_map(Element::children);
    let connections = items.filter(|c| c.local() == "connectionListItem").map(|item| {
        let connection = |field| connection_of(item, shape.name, field);
        Ok(JoinedConnection {
            new: connection("newConnection")?,
            old: connection("oldConnection")?,
            endpoint: party(item, "endpoint")?,
        })
    });
    let old = e.child("callLinkageDataList").and_then(|list| list.child("oldCallLinkageData"));
    let body = JoinedEvent {
        kind: shape.kind,
        primary_old: connection_needed(e, shape.name, "primaryOldCall")?,
        secondary_old: connection_of(e, shape.name, "secondaryOldCall")?,
        controller: party(e, shape.controller)?,
        joined: party(e, shape.joined)?,
        connections: connections.collect::<Result<_>>()?,
        local: state(e, "localConnectionInfo"),
        cause: cause(e),
        permitted: event_permitted(e),
        global_call_id: global_call_id(e)?,
        old_global_call_id: old.map(linkage).transpose()?.flatten(),
        ringing: shape.kind == JoinKind::Transferred && private::ringing(e),
    };
    Ok(Event { cross_ref, body: EventBody::Joined(body) })
}

/// A connection that may be missing.
fn connection_of(e: Element<'_, '_>, message: &'static str, field: &'static str) -> Result<Option<ConnectionId>> {
    match connection_needed(e, message, field) {
        Ok(connection) => Ok(Some(connection)),
        Err(ReadFault::Missing { .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn information_event(e: Element<'_, '_>) -> Result<EventBody> {
    Ok(EventBody::Information(InformationEvent {
        connection: connection_needed(e, "CallInformationEvent", "connection")?,
        device: party(e, "device")?,
        calling: party(e, "callingDevice")?,
        account: id(e, "accountInfo")?
            .as_deref()
            .and_then(hexadecimal)
            .map(|code| Account { code, verified: private::verified(e) }),
        permitted: event_permitted(e),
        global_call_id: global_call_id(e)?,
    }))
}

/// The text that hexadecimal octets are, when it is one.
fn hexadecimal(digits: &str) -> Option<String> {
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    String::from_utf8(digits.as_bytes().chunks(2).map(octet).collect::<Option<Vec<u8>>>()?).ok()
}

/// An account code that may be missing; one that cannot be read is none.
fn account(e: Element<'_, '_>, message: &'static str) -> Result<Option<String>> {
    let field = "accountCode";
    let octets = id(e, field)?;
    octets.map(|octets| hexadecimal(&octets).ok_or(ReadFault::Missing { message, field })).transpose()
}

/// Whom a message that waits is from, and for.
fn two_devices(e: Element<'_, '_>, message: &'static str) -> Result<(DeviceRef, DeviceRef)> {
    Ok((device_needed(e, message, "originatingDevice")?, device_needed(e, message, "targetDevice")?))
}

fn other_event(e: Element<'_, '_>) -> Result<Message> {
    let body = match e.local() {
        "OutOfServiceEvent" => EventBody::OutOfService { device: party(e, "device")? },
        "BackInServiceEvent" => EventBody::BackInService { device: party(e, "device")? },
        "CallInformationEvent" => information_event(e)?,
        name if features::is_event(name) => features::event(e)?,
        // A private event may belong to no monitor.
        other if e.child("monitorCrossRefID").is_none() => return unknown(other),
        "PrivateEvent" => private::event(e)?.unwrap_or_else(|| EventBody::Other("PrivateEvent".to_owned())),
        other => EventBody::Other(bounded(other)?.to_owned()),
    };
    Ok(Message::Event(Event { cross_ref: id_needed(e, "an event", "monitorCrossRefID")?, body }))
}

fn unknown(name: &str) -> Result<Message> {
    Ok(Message::Unknown(bounded(name)?.to_owned()))
}

/// An error stays one, whatever it holds: somebody waits for it.
fn failure(e: Element<'_, '_>) -> Result<Failure> {
    let known = |c: &Element<'_, '_>| FAILURES.contains(&c.local()) || c.local() == "privateErrorCode";
    Ok(match e.children().find(known) {
        Some(category) => {
            Failure { category: category.local().to_owned(), value: bounded(category.text())?.to_owned() }
        }
        None => Failure { category: "unspecified".to_owned(), value: String::new() },
    })
}

fn request(e: Element<'_, '_>) -> Result<Request> {
    Ok(match e.local() {
        "SystemStatus" => {
            let field = "systemStatus";
            let word = e.child_text(field).ok_or(ReadFault::Missing { message: "SystemStatus", field })?;
            Request::SystemStatus { status: value(&STATUSES, word).unwrap_or(SystemStatus::Normal) }
        }
        "SystemRegister" => Request::SystemRegister,
        "GetSwitchingFunctionDevices" => Request::GetSwitchingFunctionDevices,
        "SwitchingFunctionDevices" => {
            let (message, field) = ("SwitchingFunctionDevices", "lastSegment");
            Request::SwitchingFunctionDevices {
                cross_ref: id_needed(e, message, "serviceCrossRefID")?,
                segment: e.child_text("segmentID").and_then(|t| t.trim().parse().ok()),
                last: truth(e.child_text(field).ok_or(ReadFault::Missing { message, field })?),
                devices: e.child("deviceList").map(listed).transpose()?.unwrap_or_default(),
            }
        }
        "GetLogicalDeviceInformation" => {
            Request::GetLogicalDeviceInformation { device: device_needed(e, "GetLogicalDeviceInformation", "device")? }
        }
        "MonitorStart" => {
            let (message, field) = ("MonitorStart", "monitorObject");
            let object = e.child(field).ok_or(ReadFault::Missing { message, field })?;
            if object.child("callObject").is_some() {
                return Ok(Request::Unsupported { name: message.to_owned() });
            }
            Request::MonitorStart { device: device_needed(object, message, "deviceObject")? }
        }
        "MonitorStop" => Request::MonitorStop { cross_ref: id_needed(e, "MonitorStop", "monitorCrossRefID")? },
        "SnapshotDevice" => Request::SnapshotDevice { device: device_needed(e, "SnapshotDevice", "snapshotObject")? },
        "SnapshotCall" => Request::SnapshotCall { connection: connection_needed(e, "SnapshotCall", "snapshotObject")? },
        "MakeCall" => {
            let (message, field) = ("MakeCall", "calledDirectoryNumber");
            Request::MakeCall {
                calling: device_needed(e, message, "callingDevice")?,
                // An empty number is a service of its own: the phone is to ask for it.
                called: device(e.child(field).ok_or(ReadFault::Missing { message, field })?)?.number,
                account: account(e, message)?,
            }
        }
        "AnswerCall" => Request::AnswerCall { connection: connection_needed(e, "AnswerCall", "callToBeAnswered")? },
        "ClearConnection" => {
            Request::ClearConnection { connection: connection_needed(e, "ClearConnection", "connectionToBeCleared")? }
        }
        "HoldCall" => Request::HoldCall { connection: connection_needed(e, "HoldCall", "callToBeHeld")? },
        "RetrieveCall" => {
            Request::RetrieveCall { connection: connection_needed(e, "RetrieveCall", "callToBeRetrieved")? }
        }
        "ConsultationCall" => {
            let (message, field) = ("ConsultationCall", "consultedDevice");
            Request::ConsultationCall {
                existing: connection_needed(e, message, "existingCall")?,
                consulted: device(e.child(field).ok_or(ReadFault::Missing { message, field })?)?.number,
            }
        }
        "ReconnectCall" => {
            let (active, held) = two_calls(e, "ReconnectCall")?;
            Request::ReconnectCall { active, held }
        }
        "AlternateCall" => {
            let (active, held) = two_calls(e, "AlternateCall")?;
            Request::AlternateCall { held, active }
        }
        "TransferCall" => {
            let (active, held) = two_calls(e, "TransferCall")?;
            Request::TransferCall { held, active }
        }
        "ConferenceCall" => {
            let (active, held) = two_calls(e, "ConferenceCall")?;
            Request::ConferenceCall { held, active }
        }
        "DeflectCall" => Request::DeflectCall {
            connection: connection_needed(e, "DeflectCall", "callToBeDiverted")?,
            destination: deflected_to(e)?,
        },
        "DirectedPickupCall" => Request::DirectedPickupCall {
            connection: connection_needed(e, "DirectedPickupCall", "callToBePickedUp")?,
            requesting: device_needed(e, "DirectedPickupCall", "requestingDevice")?,
        },
        "GenerateDigits" => Request::GenerateDigits {
            connection: connection_needed(e, "GenerateDigits", "connectionToSendDigits")?,
            digits: id(e, "charactersToSend")?.unwrap_or_default(),
        },
        name if features::is_service(name) => Request::Feature(features::request(e)?),
        "AssociateData" => {
            let (message, field) = ("AssociateData", "accountCode");
            Request::AssociateData {
                connection: connection_needed(e, message, "existingCall")?,
                account: account(e, message)?.ok_or(ReadFault::Missing { message, field })?,
            }
        }
        "CamponCall" => Request::CamponCall { connection: connection_needed(e, "CamponCall", "camponConnection")? },
        "CallBack" => Request::CallBack { connection: connection_needed(e, "CallBack", "callbackConnection")? },
        "CallBackMessage" => Request::CallBackMessage {
            connection: connection_needed(e, "CallBackMessage", "callbackMessageConnection")?,
        },
        "CallBackMessageNonCallRelated" => {
            let (originating, target) = two_devices(e, "CallBackMessageNonCallRelated")?;
            Request::CallBackMessageNonCallRelated { originating, target }
        }
        "CancelCallBackMessage" => {
            let (originating, target) = two_devices(e, "CancelCallBackMessage")?;
            Request::CancelCallBackMessage { originating, target }
        }
        name if call_records::is_service(name) => Request::Records(call_records::request(e)?),
        "GetCSTAFeatures" => Request::GetCstaFeatures,
        "Escape" => Request::Escape(private::request(e)?),
        other => Request::Unsupported { name: bounded(other)?.to_owned() },
    })
}

/// The active and the held call of a request on two.
fn two_calls(e: Element<'_, '_>, message: &'static str) -> Result<(ConnectionId, ConnectionId)> {
    Ok((connection_needed(e, message, "activeCall")?, connection_needed(e, message, "heldCall")?))
}

/// A plain device in edition 3, a list of them later.
fn deflected_to(e: Element<'_, '_>) -> Result<DeviceRef> {
    let (message, field) = ("DeflectCall", "newDestination");
    let destination = e.child(field).ok_or(ReadFault::Missing { message, field })?;
    if destination.child("device").is_some() {
        return device_needed(destination, message, "device");
    }
    device_needed(e, message, field)
}

fn listed(list: Element<'_, '_>) -> Result<Vec<ListedDevice>> {
    list.children()
        .filter(|c| c.local() == "device")
        .map(|entry| {
            let category = entry.child_text("deviceCategory").and_then(|word| value(&CATEGORIES, word));
            Ok(ListedDevice {
                device: device_needed(entry, "SwitchingFunctionDevices", "deviceID")?,
                category: category.unwrap_or(DeviceCategory::Other),
            })
        })
        .collect()
}

fn response(e: Element<'_, '_>) -> Result<Message> {
    Ok(Message::Response(match e.local() {
        "SystemStatusResponse" => Response::SystemStatus,
        "SystemRegisterResponse" => {
            Response::SystemRegister { register: id_needed(e, "SystemRegisterResponse", "sysStatRegisterID")? }
        }
        "GetSwitchingFunctionDevicesResponse" => Response::GetSwitchingFunctionDevices {
            cross_ref: id_needed(e, "GetSwitchingFunctionDevicesResponse", "serviceCrossRefID")?,
        },
        "GetLogicalDeviceInformationResponse" => {
            let (message, field) = ("GetLogicalDeviceInformationResponse", "appearanceType");
            let word = e.child_text(field).ok_or(ReadFault::Missing { message, field })?;
            // A word of a later edition says nothing that is known here.
            let appearances = value(&APPEARANCES, word).unwrap_or(AppearanceType::SelectedStandard);
            Response::GetLogicalDeviceInformation { appearances }
        }
        "MonitorStartResponse" => {
            Response::MonitorStart { cross_ref: id_needed(e, "MonitorStartResponse", "monitorCrossRefID")? }
        }
        "MonitorStopResponse" => Response::MonitorStop,
        "SnapshotDeviceResponse" => {
            Response::SnapshotDevice { connections: device_connections(e)?, in_service: private::service(e) }
        }
        "ConsultationCallResponse" => Response::ConsultationCall {
            initiated: connection_needed(e, "ConsultationCallResponse", "initiatedCall")?,
            global_call_id: global_call_id(e)?,
        },
        "ReconnectCallResponse" => Response::ReconnectCall,
        "AlternateCallResponse" => Response::AlternateCall,
        "TransferCallResponse" => {
            Response::TransferCall { transferred: connection_needed(e, "TransferCallResponse", "transferredCall")? }
        }
        "ConferenceCallResponse" => {
            Response::ConferenceCall { conference: connection_needed(e, "ConferenceCallResponse", "conferenceCall")? }
        }
        "DeflectCallResponse" => Response::DeflectCall,
        "DirectedPickupCallResponse" => {
            Response::DirectedPickupCall { picked: connection_needed(e, "DirectedPickupCallResponse", "pickedCall")? }
        }
        "GenerateDigitsResponse" => Response::GenerateDigits,
        name if name.strip_suffix("Response").is_some_and(features::is_service) => {
            Response::Feature(features::response(e)?)
        }
        name if name.strip_suffix("Response").is_some_and(call_records::is_service) => {
            Response::Records(call_records::response(e)?)
        }
        "AssociateDataResponse" => Response::AssociateData,
        "CamponCallResponse" => Response::CamponCall,
        "CallBackResponse" => Response::CallBack { target: target(e)? },
        "CallBackMessageResponse" => Response::CallBackMessage { target: target(e)? },
        "CallBackMessageNonCallRelatedResponse" => Response::CallBackMessageNonCallRelated,
        "CancelCallBackMessageResponse" => Response::CancelCallBackMessage,
        "GetCSTAFeaturesResponse" => Response::GetCstaFeatures { private: private::features(e) },
        "EscapeResponse" => Response::Escape(private::response(e)?),
        "SnapshotCallResponse" => Response::SnapshotCall {
            calling: party(e, "callingDevice")?,
            called: party(e, "calledDevice")?,
            global_call_id: global_call_id(e)?,
            devices: call_connections(e)?,
        },
        "MakeCallResponse" => Response::MakeCall {
            calling: connection_needed(e, "MakeCallResponse", "callingDevice")?,
            global_call_id: global_call_id(e)?,
        },
        "AnswerCallResponse" => Response::AnswerCall,
        "ClearConnectionResponse" => Response::ClearConnection,
        "HoldCallResponse" => Response::HoldCall,
        "RetrieveCallResponse" => Response::RetrieveCall,
        other => return unknown(other),
    }))
}

/// Whom a callback is for, where the node says it.
fn target(e: Element<'_, '_>) -> Result<Option<DeviceRef>> {
    Ok(e.child("targetDevice").map(device).transpose()?.filter(|d| !d.number.is_empty()))
}

/// The lines of a snapshot. A node that sends them later, under a cross reference, has said
/// nothing yet: that is not "no calls".
fn snapshot<'t, 'a>(
    e: Element<'t, 'a>,
    message: &'static str,
    line: &'static str,
) -> Result<impl Iterator<Item = Element<'t, 'a>>> {
    let data = e.child("crossRefIDorSnapshotData").and_then(|choice| choice.child("snapshotData"));
    let data = data.ok_or(ReadFault::Missing { message, field: "snapshotData" })?;
    Ok(data.children().filter(move |c| c.local() == line))
}

fn device_connections(e: Element<'_, '_>) -> Result<Vec<DeviceConnection>> {
    let message = "SnapshotDeviceResponse";
    snapshot(e, message, "snapshotDeviceResponseInfo")?
        .map(|line| {
            let connection = connection_needed(line, message, "connectionIdentifier")?;
            let only_private = private::permitted(e, connection.call.as_deref());
            Ok(DeviceConnection {
                endpoint: party(line, "endpointDevice")?,
                states: line.child("localCallState").map(call_state).unwrap_or_default(),
                permitted: permitted(line).map(|features| features.or(only_private)),
                connection,
                global_call_id: global_call_id(line)?,
            })
        })
        .collect()
}

fn call_connections(e: Element<'_, '_>) -> Result<Vec<CallConnection>> {
    let message = "SnapshotCallResponse";
    snapshot(e, message, "snapshotCallResponseInfo")?
        .map(|line| {
            Ok(CallConnection {
                device: party(line, "deviceOnCall")?,
                connection: connection_needed(line, message, "callIdentifier")?,
                state: state(line, "localConnectionInfo"),
            })
        })
        .collect()
}
