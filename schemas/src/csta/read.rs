//! The tolerant reader: any prefix, any order of children, unknown children skipped, any edition
//! of the namespace.
//!
//! A message that lacks what it cannot do without is a [`ReadFault`]; texts are bounded.

use super::application_session;
use super::message::{
    CallConnection, CallEvent, CallEventKind, ConnectionId, DeviceCategory, DeviceConnection, Edition, Event,
    EventBody, Failure, ListedDevice, Message, Request, Response, SystemStatus,
};
use super::words::{self, CALL_ASSOCIATED, CALL_CONTROL, CATEGORIES, CAUSES, EDITIONS, SHAPES, STATES, STATUSES, value};
use crate::domain::{Cause, DeviceRef, Features, LocalState, Party};
use crate::xml::{Element, Limits, Tree, XmlFault};

/// A frame holds at most this many bytes; elements and depth are bounded besides.
const LIMITS: Limits = Limits { bytes: 65_535, depth: 32, elements: 8192, attributes: 8192, namespaces: 512 };
/// Longest identifier, number or name.
const TEXT: usize = 256;

/// Why a document is not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadFault {
    #[error("a frame cannot be read: {0}")]
    Xml(#[from] XmlFault),
    #[error("{message} lacks {field}")]
    Missing { message: &'static str, field: &'static str },
    #[error("a text in a message is too long")]
    TooLong,
    #[error("an ECMA-354 message cannot be read")]
    Session,
}

type Result<T> = std::result::Result<T, ReadFault>;

/// Reads one document.
///
/// # Errors
/// See [`ReadFault`]; nothing of the input is in it.
pub fn parse(xml: &[u8]) -> Result<(Message, Edition)> {
    let tree = Tree::parse(xml, &LIMITS)?;
    let root = tree.root();
    if root.namespace() == application_session::NAMESPACE {
        // Guarded by the tree; read again by the library that maps nested records.
        let text = std::str::from_utf8(xml).map_err(|_| XmlFault::NotUtf8)?;
        return Ok((application_session::read(root.local(), text)?, Edition::default()));
    }
    let edition = EDITIONS.iter().find(|(_, uri)| *uri == root.namespace()).map_or(Edition::default(), |(e, _)| *e);
    Ok((message(root)?, edition))
}

fn message(root: Element<'_, '_>) -> Result<Message> {
    let name = root.local();
    if let Some(shape) = SHAPES.iter().find(|s| s.name == name) {
        return call_event(root, shape).map(Message::Event);
    }
    if name.ends_with("Event") {
        return other_event(root).map(Message::Event);
    }
    if name == "CSTAErrorCode" {
        return failure(root).map(Message::Failure);
    }
    if name.ends_with("Response") {
        return response(root);
    }
    request(root).map(Message::Request)
}

fn bounded(text: &str) -> Result<String> {
    let text = text.trim();
    if text.len() > TEXT { Err(ReadFault::TooLong) } else { Ok(text.to_owned()) }
}

fn needed(e: Element<'_, '_>, message: &'static str, field: &'static str) -> Result<String> {
    bounded(e.child_text(field).ok_or(ReadFault::Missing { message, field })?)
}

fn device_needed(e: Element<'_, '_>, message: &'static str, field: &'static str) -> Result<DeviceRef> {
    device(e.child(field).ok_or(ReadFault::Missing { message, field })?)
}

fn connection_needed(e: Element<'_, '_>, message: &'static str, field: &'static str) -> Result<ConnectionId> {
    connection(e.child(field).ok_or(ReadFault::Missing { message, field })?)
}

/// A DeviceID: a plain number, or the switching form `N<DN!subaddress&appearance/ext%agent>NAME`.
fn device(e: Element<'_, '_>) -> Result<DeviceRef> {
    let flag = |name| e.attribute("", name).is_some_and(|v| matches!(v.trim(), "true" | "1"));
    let mut device = device_text(e.text())?;
    device.private_number = flag("privateNumber");
    device.private_name = flag("privateName");
    Ok(device)
}

pub(super) fn device_text(text: &str) -> Result<DeviceRef> {
    let text = text.trim();
    if text.len() > 2 * TEXT {
        return Err(ReadFault::TooLong);
    }
    let Some((inside, name)) = text.strip_prefix("N<").and_then(|rest| rest.split_once('>')) else {
        return Ok(DeviceRef::number(bounded(text)?));
    };
    let end = inside.find(['!', '&', '/', '%']).unwrap_or(inside.len());
    let (number, rest) = inside.split_at(end);
    let button = rest.split_once('&').and_then(|(_, after)| {
        let digits = &after[..after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len())];
        digits.parse().ok()
    });
    let name = (!name.is_empty()).then(|| bounded(name)).transpose()?;
    Ok(DeviceRef { button, name, ..DeviceRef::number(bounded(number)?) })
}

fn connection(e: Element<'_, '_>) -> Result<ConnectionId> {
    Ok(ConnectionId {
        call: e.child_text("callID").map(bounded).transpose()?,
        device: e.child("deviceID").map(device).transpose()?,
    })
}

/// `deviceIdentifier` | `notKnown` | `restricted`, and the redirection's `numberDialed`.
fn party(e: Option<Element<'_, '_>>) -> Result<Party> {
    let Some(e) = e else { return Ok(Party::NotKnown) };
    if let Some(known) = e.child("deviceIdentifier").or_else(|| e.child("numberDialed")) {
        return device(known).map(Party::Known);
    }
    Ok(if e.child("restricted").is_some() { Party::Restricted } else { Party::NotKnown })
}

fn endpoint(e: Option<Element<'_, '_>>) -> Result<Party> {
    match e.and_then(|e| e.child("deviceID")) {
        Some(known) => device(known).map(Party::Known),
        None => party(e),
    }
}

fn state(e: Element<'_, '_>, field: &str) -> Option<LocalState> {
    value(&STATES, e.child_text(field)?)
}

fn is_true(e: Element<'_, '_>, name: &str) -> bool {
    e.child_text(name).is_some_and(|v| matches!(v.trim(), "true" | "1"))
}

fn permitted(e: Element<'_, '_>) -> Option<Features> {
    let services = e.child("servicesPermitted")?;
    let control = services.child("callControlServices");
    let associated = services.child("callAssociatedServices");
    let of = |group: Option<Element<'_, '_>>, word| group.is_some_and(|g| is_true(g, word));
    let control = CALL_CONTROL.iter().filter(move |(_, word)| of(control, word)).map(|(f, _)| *f);
    Some(control.chain(CALL_ASSOCIATED.iter().filter(|(_, word)| of(associated, word)).map(|(f, _)| *f)).collect())
}

fn global_call_id(e: Element<'_, '_>) -> Result<Option<String>> {
    let data = e
        .child("callLinkageData")
        .or_else(|| e.child("callLinkageDataList")?.child("newCallLinkageData"))
        .and_then(|d| d.child("globalCallData")?.child("globalCallLinkageID"));
    let Some(data) = data else { return Ok(None) };
    data.child_text("globallyUniqueCallLinkageID")
        .or_else(|| data.child_text("subDomainCallLinkageID"))
        .map(bounded)
        .transpose()
}

fn call_event(e: Element<'_, '_>, shape: &words::Shape) -> Result<Event> {
    let cross_ref = needed(e, shape.name, "monitorCrossRefID")?;
    let subject = party(e.child(shape.subject))?;
    let originated = shape.kind == CallEventKind::Originated;
    let cause = e.child_text("cause").and_then(|word| value(&CAUSES, word)).unwrap_or(Cause::Other);
    let body = CallEvent {
        kind: shape.kind,
        connection: connection_needed(e, shape.name, shape.connection)?,
        calling: if originated { subject.clone() } else { party(e.child("callingDevice"))? },
        called: party(e.child("calledDevice"))?,
        last_redirection: party(e.child("lastRedirectionDevice"))?,
        new_destination: party(e.child("newDestination"))?,
        subject,
        local: state(e, "localConnectionInfo"),
        cause,
        permitted: permitted(e),
        global_call_id: global_call_id(e)?,
    };
    Ok(Event { cross_ref, body: EventBody::Call(body) })
}

fn other_event(e: Element<'_, '_>) -> Result<Event> {
    let cross_ref = needed(e, "an event", "monitorCrossRefID")?;
    let body = match e.local() {
        "OutOfServiceEvent" => EventBody::OutOfService { device: party(e.child("device"))? },
        "BackInServiceEvent" => EventBody::BackInService { device: party(e.child("device"))? },
        other => EventBody::Other(bounded(other)?),
    };
    Ok(Event { cross_ref, body })
}

fn failure(e: Element<'_, '_>) -> Result<Failure> {
    let content = e.children().next().ok_or(ReadFault::Missing { message: "CSTAErrorCode", field: "its category" })?;
    Ok(Failure { category: bounded(content.local())?, value: bounded(content.text())? })
}

fn request(e: Element<'_, '_>) -> Result<Request> {
    Ok(match e.local() {
        "SystemStatus" => Request::SystemStatus {
            status: value(&STATUSES, &needed(e, "SystemStatus", "systemStatus")?).unwrap_or(SystemStatus::Normal),
        },
        "SystemRegister" => Request::SystemRegister,
        "GetSwitchingFunctionDevices" => Request::GetSwitchingFunctionDevices,
        "SwitchingFunctionDevices" => Request::SwitchingFunctionDevices {
            cross_ref: needed(e, "SwitchingFunctionDevices", "serviceCrossRefID")?,
            segment: e.child_text("segmentID").and_then(|t| t.trim().parse().ok()),
            last: is_true(e, "lastSegment"),
            devices: e.child("deviceList").map(listed).transpose()?.unwrap_or_default(),
        },
        "MonitorStart" => {
            let field = "monitorObject";
            let object = e.child(field).ok_or(ReadFault::Missing { message: "MonitorStart", field })?;
            match object.child("deviceObject") {
                Some(found) => Request::MonitorStart { device: device(found)? },
                None => Request::Unsupported { name: "MonitorStart".into() }, // of a call
            }
        }
        "MonitorStop" => Request::MonitorStop { cross_ref: needed(e, "MonitorStop", "monitorCrossRefID")? },
        "SnapshotDevice" => Request::SnapshotDevice { device: device_needed(e, "SnapshotDevice", "snapshotObject")? },
        "SnapshotCall" => Request::SnapshotCall { connection: connection_needed(e, "SnapshotCall", "snapshotObject")? },
        "MakeCall" => Request::MakeCall {
            calling: device_needed(e, "MakeCall", "callingDevice")?,
            called: device_needed(e, "MakeCall", "calledDirectoryNumber")?.number,
        },
        "AnswerCall" => Request::AnswerCall { connection: connection_needed(e, "AnswerCall", "callToBeAnswered")? },
        "ClearConnection" => {
            Request::ClearConnection { connection: connection_needed(e, "ClearConnection", "connectionToBeCleared")? }
        }
        "HoldCall" => Request::HoldCall { connection: connection_needed(e, "HoldCall", "callToBeHeld")? },
        "RetrieveCall" => Request::RetrieveCall { connection: connection_needed(e, "RetrieveCall", "callToBeRetrieved")? },
        other => Request::Unsupported { name: bounded(other)? },
    })
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
            Response::SystemRegister { register: needed(e, "SystemRegisterResponse", "sysStatRegisterID")? }
        }
        "GetSwitchingFunctionDevicesResponse" => Response::GetSwitchingFunctionDevices {
            cross_ref: needed(e, "GetSwitchingFunctionDevicesResponse", "serviceCrossRefID")?,
        },
        "MonitorStartResponse" => {
            Response::MonitorStart { cross_ref: needed(e, "MonitorStartResponse", "monitorCrossRefID")? }
        }
        "MonitorStopResponse" => Response::MonitorStop,
        "SnapshotDeviceResponse" => Response::SnapshotDevice { connections: device_connections(e)? },
        "SnapshotCallResponse" => Response::SnapshotCall {
            calling: party(e.child("callingDevice"))?,
            called: party(e.child("calledDevice"))?,
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
        other => return Ok(Message::Unknown(bounded(other)?)),
    }))
}

fn snapshot_lines<'t, 'a>(e: Element<'t, 'a>, line: &'static str) -> impl Iterator<Item = Element<'t, 'a>> {
    e.child("crossRefIDorSnapshotData")
        .and_then(|choice| choice.child("snapshotData"))
        .into_iter()
        .flat_map(Element::children)
        .filter(move |c| c.local() == line)
}

fn device_connections(e: Element<'_, '_>) -> Result<Vec<DeviceConnection>> {
    snapshot_lines(e, "snapshotDeviceResponseInfo")
        .map(|line| {
            Ok(DeviceConnection {
                connection: connection_needed(line, "SnapshotDeviceResponse", "connectionIdentifier")?,
                endpoint: endpoint(line.child("endpointDevice"))?,
                states: line.child("localCallState").map(call_state).unwrap_or_default(),
                permitted: permitted(line),
                global_call_id: global_call_id(line)?,
            })
        })
        .collect()
}

/// The device's own connection first, then the others'.
fn call_state(e: Element<'_, '_>) -> Vec<LocalState> {
    use LocalState::{Alerting, Connected, Fail, Hold, Initiated, Null, Queued};
    if let Some(compound) = e.child("compoundCallState") {
        return compound
            .children()
            .filter(|c| c.local() == "localConnectionState")
            .filter_map(|c| value(&STATES, c.text()))
            .collect();
    }
    match e.child_text("simpleCallState").map(str::trim) {
        Some("callNull") => vec![Null],
        Some("callPending") => vec![Initiated],
        Some("callOriginated") => vec![Connected, Null],
        Some("callDelivered") => vec![Connected, Alerting],
        Some("callDeliveredHeld") => vec![Hold, Alerting],
        Some("callReceived") => vec![Alerting, Connected],
        Some("callReceivedOnHold") => vec![Alerting, Hold],
        Some("callEstablished") => vec![Connected, Connected],
        Some("callEstablishedHeld") => vec![Hold, Connected],
        Some("callEstablishedOnHold") => vec![Connected, Hold],
        Some("callQueued") => vec![Connected, Queued],
        Some("callQueuedHeld") => vec![Hold, Queued],
        Some("callFailed") => vec![Connected, Fail],
        Some("callFailedHeld") => vec![Hold, Fail],
        Some("callBlocked") => vec![Fail, Null],
        _ => Vec::new(),
    }
}

fn call_connections(e: Element<'_, '_>) -> Result<Vec<CallConnection>> {
    snapshot_lines(e, "snapshotCallResponseInfo")
        .map(|line| {
            Ok(CallConnection {
                device: party(line.child("deviceOnCall"))?,
                connection: connection_needed(line, "SnapshotCallResponse", "callIdentifier")?,
                state: state(line, "localConnectionInfo"),
            })
        })
        .collect()
}
