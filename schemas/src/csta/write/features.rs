//! Services and events of features that are set at a device.

use super::super::message::{FeatureChange, FeatureRequest, FeatureResponse, ForwardItem, ForwardingType};
use super::super::words::{FORWARDING, word};
use super::Out;
use crate::domain::{DeviceRef, Party};

impl Out {
    fn truth(&mut self, name: &str, on: bool) {
        self.text(name, if on { "true" } else { "false" });
    }

    fn of_device(&mut self, name: &str, device: &DeviceRef) {
        self.root(name, |out| out.device("device", device));
    }

    fn forwarding_type(&mut self, kind: Option<ForwardingType>) {
        if let Some(kind) = kind {
            self.text("forwardingType", word(&FORWARDING, kind, "forwardImmediate"));
        }
    }

    fn number(&mut self, name: &str, number: Option<&String>) {
        if let Some(number) = number {
            self.device(name, &DeviceRef::number(number.clone()));
        }
    }

    pub(super) fn feature_request(&mut self, request: &FeatureRequest) {
        match request {
            FeatureRequest::GetDoNotDisturb { device } => self.of_device("GetDoNotDisturb", device),
            FeatureRequest::SetDoNotDisturb { device, on } => self.root("SetDoNotDisturb", |out| {
                out.device("device", device);
                out.truth("doNotDisturbOn", *on);
            }),
            FeatureRequest::GetForwarding { device } => self.of_device("GetForwarding", device),
            FeatureRequest::SetForwarding { device, kind, on, number } => self.root("SetForwarding", |out| {
                out.device("device", device);
                out.forwarding_type(*kind);
                out.truth("activateForward", *on);
                out.number("forwardDN", number.as_ref());
            }),
            FeatureRequest::GetAutoAnswer { device } => self.of_device("GetAutoAnswer", device),
            FeatureRequest::GetMessageWaiting { device } => self.of_device("GetMessageWaitingIndicator", device),
        }
    }

    pub(super) fn feature_response(&mut self, response: &FeatureResponse) {
        match response {
            FeatureResponse::GetDoNotDisturb { on } => {
                self.root("GetDoNotDisturbResponse", |out| out.truth("doNotDisturbOn", *on));
            }
            FeatureResponse::SetDoNotDisturb => self.root("SetDoNotDisturbResponse", |_| {}),
            FeatureResponse::GetForwarding { list } => self.root("GetForwardingResponse", |out| {
                out.inside("forwardingList", |out| {
                    for item in list {
                        out.inside("forwardListItem", |out| out.forwarding(item, "forwardDN"));
                    }
                });
            }),
            FeatureResponse::SetForwarding => self.root("SetForwardingResponse", |_| {}),
            FeatureResponse::GetAutoAnswer { on } => {
                self.root("GetAutoAnswerResponse", |out| out.truth("autoAnswerOn", *on));
            }
            FeatureResponse::GetMessageWaiting { on } => {
                self.root("GetMessageWaitingIndicatorResponse", |out| out.truth("messageWaitingOn", *on));
            }
        }
    }

    pub(super) fn feature_event(&mut self, cross_ref: &str, device: &Party, change: &FeatureChange) {
        let (name, subject) = match change {
            FeatureChange::DoNotDisturb(_) => ("DoNotDisturbEvent", "device"),
            FeatureChange::Forwarding(_) => ("ForwardingEvent", "device"),
            FeatureChange::AutoAnswer(_) => ("AutoAnswerEvent", "invokingDevice"),
            FeatureChange::MessageWaiting(_) => ("MessageWaitingEvent", "targetDevice"),
        };
        self.root(name, |out| {
            out.text("monitorCrossRefID", cross_ref);
            out.party(subject, device);
            match change {
                FeatureChange::DoNotDisturb(on) => out.truth("doNotDisturbOn", *on),
                FeatureChange::Forwarding(item) => out.forwarding(item, "forwardTo"),
                FeatureChange::AutoAnswer(on) => out.truth("autoAnswerOn", *on),
                FeatureChange::MessageWaiting(on) => out.truth("messageWaitingOn", *on),
            }
        });
    }

    fn forwarding(&mut self, item: &ForwardItem, to: &str) {
        self.forwarding_type(item.kind);
        self.truth("forwardStatus", item.on);
        self.number(to, item.number.as_ref());
    }
}
