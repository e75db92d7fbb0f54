//! Services and events of features that are set at a device.

use super::super::message::{EventBody, FeatureChange, FeatureRequest, FeatureResponse, ForwardItem};
use super::super::words::{FORWARDING, value};
use super::parts::{device, device_needed, party, truth};
use super::{ReadFault, Result};
use crate::xml::Element;

/// Entries of one device's list of forwardings that are read.
const LISTED: usize = 64;

pub(super) fn is_service(name: &str) -> bool {
    matches!(
        name,
        "GetDoNotDisturb"
            | "SetDoNotDisturb"
            | "GetForwarding"
            | "SetForwarding"
            | "GetAutoAnswer"
            | "GetMessageWaitingIndicator"
    )
}

pub(super) fn is_event(name: &str) -> bool {
    matches!(name, "DoNotDisturbEvent" | "ForwardingEvent" | "AutoAnswerEvent" | "MessageWaitingEvent")
}

fn truth_needed(e: Element<'_, '_>, message: &'static str, field: &'static str) -> Result<bool> {
    e.child_text(field).map(truth).ok_or(ReadFault::Missing { message, field })
}

/// The number of a device; an empty one is none.
fn number(e: Element<'_, '_>, field: &str) -> Result<Option<String>> {
    let number = e.child(field).map(device).transpose()?.map(|device| device.number);
    Ok(number.filter(|number| !number.is_empty()))
}

/// A request of one of these services.
pub(super) fn request(e: Element<'_, '_>) -> Result<FeatureRequest> {
    Ok(match e.local() {
        "GetDoNotDisturb" => FeatureRequest::GetDoNotDisturb { device: device_needed(e, "GetDoNotDisturb", "device")? },
        "SetDoNotDisturb" => FeatureRequest::SetDoNotDisturb {
            device: device_needed(e, "SetDoNotDisturb", "device")?,
            on: truth_needed(e, "SetDoNotDisturb", "doNotDisturbOn")?,
        },
        "GetForwarding" => FeatureRequest::GetForwarding { device: device_needed(e, "GetForwarding", "device")? },
        "SetForwarding" => FeatureRequest::SetForwarding {
            device: device_needed(e, "SetForwarding", "device")?,
            kind: e.child_text("forwardingType").and_then(|word| value(&FORWARDING, word)),
            on: truth_needed(e, "SetForwarding", "activateForward")?,
            number: number(e, "forwardDN")?,
        },
        "GetAutoAnswer" => FeatureRequest::GetAutoAnswer { device: device_needed(e, "GetAutoAnswer", "device")? },
        _ => FeatureRequest::GetMessageWaiting { device: device_needed(e, "GetMessageWaitingIndicator", "device")? },
    })
}

/// A response of one of these services.
pub(super) fn response(e: Element<'_, '_>) -> Result<FeatureResponse> {
    Ok(match e.local() {
        "GetDoNotDisturbResponse" => {
            FeatureResponse::GetDoNotDisturb { on: truth_needed(e, "GetDoNotDisturbResponse", "doNotDisturbOn")? }
        }
        "SetDoNotDisturbResponse" => FeatureResponse::SetDoNotDisturb,
        "GetForwardingResponse" => {
            let list = e.child("forwardingList").into_iter().flat_map(Element::children);
            let items = list.filter(|c| c.local() == "forwardListItem").take(LISTED);
            FeatureResponse::GetForwarding {
                list: items
                    .map(|item| forwarding(item, "GetForwardingResponse", "forwardDN"))
                    .collect::<Result<_>>()?,
            }
        }
        "SetForwardingResponse" => FeatureResponse::SetForwarding,
        "GetAutoAnswerResponse" => {
            FeatureResponse::GetAutoAnswer { on: truth_needed(e, "GetAutoAnswerResponse", "autoAnswerOn")? }
        }
        _ => FeatureResponse::GetMessageWaiting {
            on: truth_needed(e, "GetMessageWaitingIndicatorResponse", "messageWaitingOn")?,
        },
    })
}

pub(super) fn event(e: Element<'_, '_>) -> Result<EventBody> {
    let (device, change) = match e.local() {
        "DoNotDisturbEvent" => {
            ("device", FeatureChange::DoNotDisturb(truth_needed(e, "DoNotDisturbEvent", "doNotDisturbOn")?))
        }
        "ForwardingEvent" => ("device", FeatureChange::Forwarding(forwarding(e, "ForwardingEvent", "forwardTo")?)),
        "AutoAnswerEvent" => {
            ("invokingDevice", FeatureChange::AutoAnswer(truth_needed(e, "AutoAnswerEvent", "autoAnswerOn")?))
        }
        _ => {
            ("targetDevice", FeatureChange::MessageWaiting(truth_needed(e, "MessageWaitingEvent", "messageWaitingOn")?))
        }
    };
    Ok(EventBody::Feature { device: party(e, device)?, change })
}

fn forwarding(e: Element<'_, '_>, message: &'static str, to: &'static str) -> Result<ForwardItem> {
    Ok(ForwardItem {
        kind: e.child_text("forwardingType").and_then(|word| value(&FORWARDING, word)),
        on: truth_needed(e, message, "forwardStatus")?,
        number: number(e, to)?,
    })
}
