//! What messages are made of: texts, devices, connections, parties, states, permissions.

use super::super::device_text;
use super::super::message::ConnectionId;
use super::super::words::{CALL_ASSOCIATED, CALL_CONTROL, SIMPLE_STATES, STATES, value};
use super::{ReadFault, Result};
use crate::domain::{DeviceRef, Feature, Features, LocalState, Party};
use crate::xml::Element;

/// Longest identifier, number or name, in characters.
const TEXT: usize = 256;

/// The text without the white space around it.
pub(in super::super) fn bounded(text: &str) -> Result<&str> {
    bounded_whole(text.trim())
}

/// The text with the white space around it.
pub(in super::super) fn bounded_whole(text: &str) -> Result<&str> {
    if text.len() <= TEXT || text.chars().count() <= TEXT { Ok(text) } else { Err(ReadFault::TooLong) }
}

/// An identifier; an empty one is none.
pub(in super::super) fn id(e: Element<'_, '_>, field: &str) -> Result<Option<String>> {
    let Some(text) = e.child_text(field) else { return Ok(None) };
    let text = bounded(text)?;
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

pub(in super::super) fn id_needed(e: Element<'_, '_>, message: &'static str, field: &'static str) -> Result<String> {
    id(e, field)?.ok_or(ReadFault::Missing { message, field })
}

pub(in super::super) fn device(e: Element<'_, '_>) -> Result<DeviceRef> {
    let mut device = device_text::read(e.text())?;
    for (_, name, value) in e.attributes() {
        match name {
            "privateNumber" => device.private_number = truth(value),
            "privateName" => device.private_name = truth(value),
            _ => {}
        }
    }
    Ok(device)
}

/// A device with a number.
pub(in super::super) fn device_needed(
    e: Element<'_, '_>,
    message: &'static str,
    field: &'static str,
) -> Result<DeviceRef> {
    let missing = ReadFault::Missing { message, field };
    let device = device(e.child(field).ok_or(missing)?)?;
    if device.number.is_empty() { Err(missing) } else { Ok(device) }
}

/// A connection that names its call, its device or both.
pub(in super::super) fn connection_needed(
    e: Element<'_, '_>,
    message: &'static str,
    field: &'static str,
) -> Result<ConnectionId> {
    let missing = ReadFault::Missing { message, field };
    let e = e.child(field).ok_or(missing)?;
    let connection = ConnectionId {
        call: id(e, "callID")?,
        device: e.child("deviceID").map(device).transpose()?.filter(|d| !d.number.is_empty()),
    };
    if connection == ConnectionId::default() { Err(missing) } else { Ok(connection) }
}

/// `deviceIdentifier` | `notKnown` | `restricted`; a redirection's `numberDialed`, an endpoint's
/// `deviceID`. An empty device is not known.
pub(in super::super) fn party(e: Element<'_, '_>, field: &str) -> Result<Party> {
    let Some(e) = e.child(field) else { return Ok(Party::NotKnown) };
    for choice in e.children() {
        match choice.local() {
            "deviceIdentifier" | "numberDialed" | "deviceID" => {
                let device = device(choice)?;
                let said = !device.number.is_empty() || device.name.is_some();
                return Ok(if said { Party::Known(device) } else { Party::NotKnown });
            }
            "restricted" => return Ok(Party::Restricted),
            _ => {}
        }
    }
    Ok(Party::NotKnown)
}

pub(in super::super) fn state(e: Element<'_, '_>, field: &str) -> Option<LocalState> {
    value(&STATES, e.child_text(field)?)
}

/// The device's own connection first, then the others'; as far as the words are known.
pub(in super::super) fn call_state(e: Element<'_, '_>) -> Vec<LocalState> {
    if let Some(compound) = e.child("compoundCallState") {
        let states = compound.children().filter(|c| c.local() == "localConnectionState");
        return states.map_while(|c| value(&STATES, c.text())).collect();
    }
    let simple = e.child_text("simpleCallState").and_then(|word| value(&SIMPLE_STATES, word));
    simple.map(Vec::from).unwrap_or_default()
}

pub(in super::super) fn truth(text: &str) -> bool {
    matches!(text.trim(), "true" | "1")
}

pub(in super::super) fn permitted(e: Element<'_, '_>) -> Option<Features> {
    let services = e.child("servicesPermitted")?;
    let mut features = Features::NONE;
    for group in services.children() {
        let words: &[(Feature, &str)] = match group.local() {
            "callControlServices" => &CALL_CONTROL,
            "callAssociatedServices" => &CALL_ASSOCIATED,
            _ => continue,
        };
        for service in group.children().filter(|s| truth(s.text())) {
            if let Some(feature) = value(words, service.local()) {
                features = features.with(feature);
            }
        }
    }
    Some(features)
}

/// The call's name in the cluster; where two calls became one, that of the new one.
pub(in super::super) fn global_call_id(e: Element<'_, '_>) -> Result<Option<String>> {
    let data = e.child("callLinkageData").or_else(|| e.child("callLinkageDataList")?.child("newCallLinkageData"));
    data.map_or(Ok(None), linkage)
}

/// The id in a callLinkageData.
pub(in super::super) fn linkage(data: Element<'_, '_>) -> Result<Option<String>> {
    let data = data.child("globalCallData").and_then(|d| d.child("globalCallLinkageID"));
    let Some(data) = data else { return Ok(None) };
    match id(data, "globallyUniqueCallLinkageID")? {
        Some(id) => Ok(Some(id)),
        None => id(data, "subDomainCallLinkageID"),
    }
}
