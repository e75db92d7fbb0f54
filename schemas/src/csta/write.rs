//! The strict writer: schema order, every mandatory child, the peer's edition as default namespace.
//!
//! It writes what a message holds and checks nothing of it against the node's state. Called by the
//! `Node` actor and the simulated node.

mod call_records;
mod features;
mod group;
mod hot_desk;
mod presence;

use super::application_session;
use super::device_text;
use super::message::{
    CallConnection, CallEvent, CallEventKind, ConnectionId, DeviceCategory, DeviceConnection, DeviceProfile, Edition,
    Event, EventBody, Failure, InformationEvent, JoinKind, JoinedConnection, JoinedEvent, ListedDevice, Message,
    PrivateRequest, PrivateResponse, Request, Response,
};
use super::private;
use super::words::{
    APPEARANCES, CALL_ASSOCIATED, CALL_CONTROL, CATEGORIES, CAUSES, EDITIONS, FAILURES, JOIN_SHAPES, JoinShape,
    PRIVATE, SHAPES, STATES, STATUSES, Shape, word,
};
use crate::domain::{DeviceRef, Feature, Features, LocalState, Party};
use crate::xml::Writer;

/// Writes one document.
#[must_use]
pub fn write(message: &Message, edition: Edition) -> String {
    let mut out = Out { w: Writer::new(), edition, uri: word(&EDITIONS, edition, EDITIONS[2].1) };
    match message {
        Message::Request(request) => out.request(request),
        Message::Response(response) => out.response(response),
        Message::Failure(failure) => out.failure(failure),
        Message::Event(event) => out.event(event),
        Message::Unknown(name) => out.root(element_name(name), |_| {}),
    }
    out.w.finish()
}

/// A name that came from a peer, as the name of an element of ours.
fn element_name(name: &str) -> &str {
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric());
    if fits { name } else { "Unknown" }
}

struct Out {
    w: Writer,
    edition: Edition,
    uri: &'static str,
}

impl Out {
    fn root(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.w.start(name).attribute("xmlns", self.uri).raw(">");
        content(self);
        self.w.close(name);
    }

    fn inside(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.w.open(name);
        content(self);
        self.w.close(name);
    }

    fn text(&mut self, name: &str, text: &str) {
        self.w.element(name, text);
    }

    fn device(&mut self, name: &str, device: &DeviceRef) {
        self.w.start(name);
        if device.private_number {
            self.w.attribute("privateNumber", "true");
        }
        if device.private_name {
            self.w.attribute("privateName", "true");
        }
        self.w.raw(">").text(&device_text::write(device)).close(name);
    }

    fn party(&mut self, name: &str, party: &Party) {
        self.inside(name, |out| match party {
            Party::Known(device) => out.device("deviceIdentifier", device),
            Party::Restricted => drop(out.w.empty("restricted")),
            Party::NotKnown => drop(out.w.empty("notKnown")),
        });
    }

    fn connection(&mut self, name: &str, connection: &ConnectionId) {
        self.inside(name, |out| {
            if let Some(call) = &connection.call {
                out.text("callID", call);
            }
            if let Some(device) = &connection.device {
                out.device("deviceID", device);
            }
        });
    }

    fn state(&mut self, name: &str, state: LocalState) {
        self.text(name, word(&STATES, state, "null"));
    }

    fn permitted(&mut self, features: Option<Features>) {
        let Some(features) = features else { return };
        let group = |out: &mut Self, name: &str, words: &[(Feature, &str)]| {
            if !words.iter().any(|(feature, _)| features.has(*feature)) {
                out.w.empty(name);
                return;
            }
            out.inside(name, |out| {
                for (feature, word) in words {
                    if features.has(*feature) {
                        out.text(word, "true");
                    }
                }
            });
        };
        self.inside("servicesPermitted", |out| {
            group(out, "callControlServices", &CALL_CONTROL);
            group(out, "callAssociatedServices", &CALL_ASSOCIATED);
            for name in ["mediaAttachementServices", "routeingServices", "voiceServices"] {
                out.w.empty(name);
            }
        });
    }

    fn linkage(&mut self, global_call_id: Option<&str>) {
        self.linkage_in("callLinkageData", global_call_id);
    }

    fn linkages(&mut self, new: Option<&str>, old: Option<&str>) {
        if new.is_none() && old.is_none() {
            return;
        }
        self.inside("callLinkageDataList", |out| {
            out.linkage_in("newCallLinkageData", new);
            out.linkage_in("oldCallLinkageData", old);
        });
    }

    fn linkage_in(&mut self, name: &str, global_call_id: Option<&str>) {
        let Some(id) = global_call_id else { return };
        self.inside(name, |out| {
            out.inside("globalCallData", |out| {
                out.inside("globalCallLinkageID", |out| out.text("globallyUniqueCallLinkageID", id));
            });
        });
    }

    fn failure(&mut self, failure: &Failure) {
        if failure.category == Failure::APPLICATION_SESSION {
            self.w.raw(&application_session::write_failure(failure));
            return;
        }
        self.root("CSTAErrorCode", |out| match failure.category.as_str() {
            category if FAILURES.contains(&category) => out.text(category, &failure.value),
            "privateErrorCode" => out.text("privateErrorCode", &failure.value),
            _ => drop(out.w.empty("unspecified")),
        });
    }

    fn event(&mut self, event: &Event) {
        let cross_ref = |out: &mut Self| out.text("monitorCrossRefID", &event.cross_ref);
        match &event.body {
            EventBody::Call(call) => {
                let Some(shape) = SHAPES.iter().find(|s| s.kind == call.kind) else { return };
                self.root(shape.name, |out| {
                    cross_ref(out);
                    out.call_event(call, shape);
                });
            }
            EventBody::Joined(joined) => {
                let Some(shape) = JOIN_SHAPES.iter().find(|s| s.kind == joined.kind) else { return };
                self.root(shape.name, |out| {
                    cross_ref(out);
                    out.joined_event(joined, shape);
                });
            }
            EventBody::Information(information) => self.root("CallInformationEvent", |out| {
                cross_ref(out);
                out.information_event(information);
            }),
            EventBody::OutOfService { device } => self.root("OutOfServiceEvent", |out| {
                cross_ref(out);
                out.party("device", device);
            }),
            EventBody::BackInService { device } => self.root("BackInServiceEvent", |out| {
                cross_ref(out);
                out.party("device", device);
            }),
            EventBody::Feature { device, change } => self.feature_event(&event.cross_ref, device, change),
            EventBody::HotDesk(state) => self.root("PrivateEvent", |out| {
                cross_ref(out);
                out.private(|out| out.hot_desk_state("hotDeskChanged", state));
            }),
            EventBody::Presence(state) => self.root("PrivateEvent", |out| {
                cross_ref(out);
                out.private(|out| out.presence_changed(state));
            }),
            EventBody::Other(name) => self.root(element_name(name), cross_ref),
        }
    }

    fn call_event(&mut self, event: &CallEvent, shape: &Shape) {
        self.connection(shape.connection, &event.connection);
        self.party(shape.subject, &event.subject);
        if event.kind == CallEventKind::Diverted {
            self.party("newDestination", &event.new_destination);
        }
        if shape.parties {
            self.party("callingDevice", &event.calling);
        }
        let called = match event.kind {
            CallEventKind::Originated => true, // its subject is the calling device
            CallEventKind::ServiceInitiated => event.called != Party::NotKnown, // optional there
            _ => shape.parties,
        };
        if called {
            self.party("calledDevice", &event.called);
        }
        if shape.redirection {
            self.inside("lastRedirectionDevice", |out| match &event.last_redirection {
                Party::Known(device) => out.device("numberDialed", device),
                Party::Restricted => drop(out.w.empty("restricted")),
                Party::NotKnown => drop(out.w.empty("notKnown")),
            });
        }
        if let (Some(field), Party::Known(device)) = (shape.network(), &event.network) {
            let call = event.connection.call.clone();
            self.connection(field, &ConnectionId { call, device: Some(device.clone()) });
        }
        if let Some(local) = event.local {
            self.state("localConnectionInfo", local);
        }
        self.text("cause", word(&CAUSES, event.cause, "normal"));
        self.permitted(event.permitted);
        self.linkage(event.global_call_id.as_deref());
        self.private_call(event);
    }

    fn joined_event(&mut self, event: &JoinedEvent, shape: &JoinShape) {
        self.connection("primaryOldCall", &event.primary_old);
        if let Some(secondary) = &event.secondary_old {
            self.connection("secondaryOldCall", secondary);
        }
        self.party(shape.controller, &event.controller);
        self.party(shape.joined, &event.joined);
        self.inside(shape.connections, |out| event.connections.iter().for_each(|c| out.joined_connection(c)));
        if let Some(local) = event.local {
            self.state("localConnectionInfo", local);
        }
        self.text("cause", word(&CAUSES, event.cause, "normal"));
        self.permitted(event.permitted);
        self.linkages(event.global_call_id.as_deref(), event.old_global_call_id.as_deref());
        let features = event.permitted.unwrap_or(Features::NONE);
        let more = private::permitted_words(features).next().is_some();
        let ringing = event.ringing && shape.kind == JoinKind::Transferred;
        if more || ringing {
            self.extension(|out| {
                if more {
                    out.permitted_words(None, features);
                }
                if ringing {
                    out.own("ringing", None, |_| {});
                }
            });
        }
    }

    fn joined_connection(&mut self, item: &JoinedConnection) {
        self.inside("connectionListItem", |out| {
            if let Some(new) = &item.new {
                out.connection("newConnection", new);
            }
            if let Some(old) = &item.old {
                out.connection("oldConnection", old);
            }
            out.inside("endpoint", |out| match &item.endpoint {
                Party::Known(device) => out.device("deviceID", device),
                Party::Restricted => drop(out.w.empty("restricted")),
                Party::NotKnown => drop(out.w.empty("notKnown")),
            });
        });
    }

    fn information_event(&mut self, event: &InformationEvent) {
        self.connection("connection", &event.connection);
        self.party("device", &event.device);
        self.party("callingDevice", &event.calling);
        if let Some(account) = &event.account {
            self.octets("accountInfo", &account.code);
        }
        self.permitted(event.permitted);
        self.linkages(event.global_call_id.as_deref(), None);
        let features = event.permitted.unwrap_or(Features::NONE);
        let more = private::permitted_words(features).next().is_some();
        let verified = event.account.as_ref().and_then(|account| account.verified);
        if more || verified.is_some() {
            self.extension(|out| {
                if more {
                    out.permitted_words(None, features);
                }
                if let Some(verified) = verified {
                    out.own("accountVerified", None, |out| {
                        out.w.text(if verified { "true" } else { "false" });
                    });
                }
            });
        }
    }

    /// A text as the hexadecimal octets that some of the standard's texts are.
    fn octets(&mut self, name: &str, text: &str) {
        let octets: String = text.bytes().map(|octet| format!("{octet:02X}")).collect();
        self.text(name, &octets);
    }

    /// `extensions`, with what `content` writes of our private data.
    fn extension(&mut self, content: impl FnOnce(&mut Self)) {
        self.inside("extensions", |out| out.private(content));
    }

    fn private(&mut self, content: impl FnOnce(&mut Self)) {
        self.inside("privateData", |out| out.inside("private", content));
    }

    /// An element of our own namespace.
    fn own(&mut self, name: &str, call: Option<&str>, content: impl FnOnce(&mut Self)) {
        self.w.start(name).attribute("xmlns", PRIVATE);
        if let Some(call) = call {
            self.w.attribute("call", call);
        }
        self.w.raw(">");
        content(self);
        self.w.close(name);
    }

    /// What CSTA has no word for in a call event; nothing when there is nothing.
    fn private_call(&mut self, event: &CallEvent) {
        let features = event.permitted.unwrap_or(Features::NONE);
        let more = private::permitted_words(features).next().is_some();
        if more || !event.groups.is_empty() {
            self.extension(|out| {
                if more {
                    out.permitted_words(None, features);
                }
                out.group_call(&event.groups);
            });
        }
    }

    fn permitted_words(&mut self, call: Option<&str>, features: Features) {
        self.own("permitted", call, |out| {
            private::permitted_words(features).for_each(|word| out.text(word, "true"));
        });
    }

    fn two_calls(&mut self, name: &str, first: (&str, &ConnectionId), second: (&str, &ConnectionId)) {
        self.root(name, |out| {
            out.connection(first.0, first.1);
            out.connection(second.0, second.1);
        });
    }

    fn private_request(&mut self, request: &PrivateRequest) {
        self.root("Escape", |out| {
            out.private(|out| match request {
                PrivateRequest::DeviceProfile { dn } => out.own("deviceProfile", None, |out| out.text("dn", dn)),
                PrivateRequest::SplitConference { connection } => {
                    out.own("splitConference", None, |out| out.connection("connection", connection));
                }
                PrivateRequest::NewCall { connection } => {
                    out.own("newCall", None, |out| out.connection("connection", connection));
                }
                PrivateRequest::HotDesk(request) => out.hot_desk_request(request),
                PrivateRequest::Presence(request) => out.presence_request(request),
                PrivateRequest::TradeCall { connection } => {
                    out.own("tradeCall", None, |out| out.connection("connection", connection));
                }
                PrivateRequest::RemoteRetrieve { held, requesting } => out.own("remoteRetrieve", None, |out| {
                    out.device("held", held);
                    out.device("requesting", requesting);
                }),
                PrivateRequest::Unsupported => out.own("unsupported", None, |_| {}),
            });
        });
    }

    fn profile(&mut self, profile: &DeviceProfile) {
        self.own("deviceProfile", None, |out| {
            let optional = |out: &mut Self, name: &str, value: Option<&str>| {
                if let Some(value) = value {
                    out.text(name, value);
                }
            };
            optional(out, "name", profile.name.as_deref());
            optional(out, "type", profile.kind.as_deref());
            optional(out, "cos", profile.cos.as_deref());
            out.inside("lines", |out| {
                for line in &profile.lines {
                    out.inside("line", |out| {
                        out.text("button", &line.button.to_string());
                        out.text("dn", &line.dn);
                        out.text("ring", if line.ring { "true" } else { "false" });
                    });
                }
            });
            optional(out, "home", profile.home.map(|ceid| ceid.to_string()).as_deref());
            optional(out, "secondary", profile.secondary.map(|ceid| ceid.to_string()).as_deref());
            if !profile.members.is_empty() {
                out.inside("members", |out| profile.members.iter().for_each(|m| out.text("member", m)));
            }
        });
    }

    fn request(&mut self, request: &Request) {
        match request {
            Request::StartApplicationSession { .. }
            | Request::ResetApplicationSessionTimer { .. }
            | Request::StopApplicationSession { .. }
            | Request::ApplicationSessionTerminated { .. } => {
                self.w.raw(&application_session::write_request(request).unwrap_or_default());
            }
            Request::SystemStatus { status } => self.root("SystemStatus", |out| {
                out.text("systemStatus", word(&STATUSES, *status, "normal"));
            }),
            Request::SystemRegister => self.root("SystemRegister", |out| {
                // Only what is understood is asked for.
                out.inside("requestTypes", |out| out.text("systemStatus", "true"));
            }),
            Request::GetSwitchingFunctionDevices => self.root("GetSwitchingFunctionDevices", |_| {}),
            Request::SwitchingFunctionDevices { cross_ref, segment, last, devices } => {
                self.root("SwitchingFunctionDevices", |out| {
                    out.text("serviceCrossRefID", cross_ref);
                    if let Some(segment) = segment {
                        out.text("segmentID", &segment.to_string());
                    }
                    out.text("lastSegment", if *last { "true" } else { "false" });
                    out.inside("deviceList", |out| devices.iter().for_each(|d| out.listed(d)));
                });
            }
            Request::GetLogicalDeviceInformation { device } => {
                self.root("GetLogicalDeviceInformation", |out| out.device("device", device));
            }
            Request::MonitorStart { device } => self.root("MonitorStart", |out| {
                out.inside("monitorObject", |out| out.device("deviceObject", device));
            }),
            Request::MonitorStop { cross_ref } => {
                self.root("MonitorStop", |out| out.text("monitorCrossRefID", cross_ref));
            }
            Request::SnapshotDevice { device } => {
                self.root("SnapshotDevice", |out| out.device("snapshotObject", device));
            }
            Request::SnapshotCall { connection } => {
                self.root("SnapshotCall", |out| out.connection("snapshotObject", connection));
            }
            Request::MakeCall { calling, called, account } => self.root("MakeCall", |out| {
                out.device("callingDevice", calling);
                out.text("calledDirectoryNumber", called);
                if let Some(account) = account {
                    out.octets("accountCode", account);
                }
                out.text("autoOriginate", "doNotPrompt");
            }),
            Request::AnswerCall { connection } => self.on("AnswerCall", "callToBeAnswered", connection),
            Request::ClearConnection { connection } => self.on("ClearConnection", "connectionToBeCleared", connection),
            Request::HoldCall { connection } => self.on("HoldCall", "callToBeHeld", connection),
            Request::RetrieveCall { connection } => self.on("RetrieveCall", "callToBeRetrieved", connection),
            Request::ConsultationCall { existing, consulted } => self.root("ConsultationCall", |out| {
                out.connection("existingCall", existing);
                out.text("consultedDevice", consulted);
            }),
            // The standard names the two calls in different orders.
            Request::ReconnectCall { active, held } => {
                self.two_calls("ReconnectCall", ("activeCall", active), ("heldCall", held));
            }
            Request::AlternateCall { held, active } => {
                self.two_calls("AlternateCall", ("heldCall", held), ("activeCall", active));
            }
            Request::TransferCall { held, active } => {
                self.two_calls("TransferCall", ("heldCall", held), ("activeCall", active));
            }
            Request::ConferenceCall { held, active } => {
                self.two_calls("ConferenceCall", ("heldCall", held), ("activeCall", active));
            }
            Request::DeflectCall { connection, destination } => self.root("DeflectCall", |out| {
                out.connection("callToBeDiverted", connection);
                if out.edition == Edition::Ed3 {
                    out.device("newDestination", destination);
                } else {
                    out.inside("newDestination", |out| out.device("device", destination));
                }
            }),
            Request::DirectedPickupCall { connection, requesting } => self.root("DirectedPickupCall", |out| {
                out.connection("callToBePickedUp", connection);
                out.device("requestingDevice", requesting);
            }),
            Request::GenerateDigits { connection, digits } => self.root("GenerateDigits", |out| {
                out.connection("connectionToSendDigits", connection);
                out.text("digitMode", "dTMF");
                out.text("charactersToSend", digits);
            }),
            Request::Feature(request) => self.feature_request(request),
            Request::AssociateData { connection, account } => self.root("AssociateData", |out| {
                out.connection("existingCall", connection);
                out.octets("accountCode", account);
            }),
            Request::CamponCall { connection } => self.on("CamponCall", "camponConnection", connection),
            Request::CallBack { connection } => self.on("CallBack", "callbackConnection", connection),
            Request::CallBackMessage { connection } => {
                self.on("CallBackMessage", "callbackMessageConnection", connection);
            }
            Request::CallBackMessageNonCallRelated { originating, target } => {
                self.two_devices("CallBackMessageNonCallRelated", originating, target);
            }
            Request::CancelCallBackMessage { originating, target } => {
                self.two_devices("CancelCallBackMessage", originating, target);
            }
            Request::Records(request) => self.records_request(request),
            Request::GetCstaFeatures => self.root("GetCSTAFeatures", |_| {}),
            Request::Escape(request) => self.private_request(request),
            Request::Unsupported { name } => self.root(element_name(name), |_| {}),
        }
    }

    fn on(&mut self, name: &str, field: &str, connection: &ConnectionId) {
        self.root(name, |out| out.connection(field, connection));
    }

    fn two_devices(&mut self, name: &str, originating: &DeviceRef, target: &DeviceRef) {
        self.root(name, |out| {
            out.device("originatingDevice", originating);
            out.device("targetDevice", target);
        });
    }

    /// Whom a callback is for.
    fn target(&mut self, name: &str, target: Option<&DeviceRef>) {
        self.root(name, |out| {
            if let Some(target) = target {
                out.device("targetDevice", target);
            }
        });
    }

    fn listed(&mut self, listed: &ListedDevice) {
        self.inside("device", |out| {
            out.device("deviceID", &listed.device);
            out.text("deviceCategory", word(&CATEGORIES, listed.category, "other"));
        });
    }

    fn response(&mut self, response: &Response) {
        match response {
            Response::SystemStatus => self.root("SystemStatusResponse", |_| {}),
            Response::SystemRegister { register } => self.root("SystemRegisterResponse", |out| {
                out.text("sysStatRegisterID", register);
            }),
            Response::StartApplicationSession { .. }
            | Response::ResetApplicationSessionTimer { .. }
            | Response::StopApplicationSession => {
                self.w.raw(&application_session::write_response(response).unwrap_or_default());
            }
            Response::GetSwitchingFunctionDevices { cross_ref } => {
                self.root("GetSwitchingFunctionDevicesResponse", |out| out.text("serviceCrossRefID", cross_ref));
            }
            Response::GetLogicalDeviceInformation { appearances } => {
                self.root("GetLogicalDeviceInformationResponse", |out| {
                    out.text("deviceCategory", word(&CATEGORIES, DeviceCategory::Station, "station"));
                    out.text("hasPhysicalElement", "false");
                    out.text("appearanceAddressable", "true");
                    out.text("appearanceType", word(&APPEARANCES, *appearances, "selectedStandard"));
                });
            }
            Response::MonitorStart { cross_ref } => self.root("MonitorStartResponse", |out| {
                out.text("monitorCrossRefID", cross_ref);
            }),
            Response::MonitorStop => self.root("MonitorStopResponse", |_| {}),
            Response::SnapshotDevice { connections, in_service } => self.root("SnapshotDeviceResponse", |out| {
                out.inside("crossRefIDorSnapshotData", |out| {
                    out.inside("snapshotData", |out| connections.iter().for_each(|c| out.device_connection(c)));
                });
                out.snapshot_private(connections, *in_service);
            }),
            Response::SnapshotCall { calling, called, global_call_id, devices } => {
                self.root("SnapshotCallResponse", |out| {
                    out.inside("crossRefIDorSnapshotData", |out| {
                        out.inside("snapshotData", |out| devices.iter().for_each(|c| out.call_connection(c)));
                    });
                    out.party("callingDevice", calling);
                    out.party("calledDevice", called);
                    out.linkage(global_call_id.as_deref());
                });
            }
            Response::MakeCall { calling, global_call_id } => self.root("MakeCallResponse", |out| {
                out.connection("callingDevice", calling);
                out.linkage(global_call_id.as_deref());
            }),
            Response::AnswerCall => self.root("AnswerCallResponse", |_| {}),
            Response::ClearConnection => self.root("ClearConnectionResponse", |_| {}),
            Response::HoldCall => self.root("HoldCallResponse", |_| {}),
            Response::RetrieveCall => self.root("RetrieveCallResponse", |_| {}),
            Response::ConsultationCall { initiated, global_call_id } => self.root("ConsultationCallResponse", |out| {
                out.connection("initiatedCall", initiated);
                out.linkage(global_call_id.as_deref());
            }),
            Response::ReconnectCall => self.root("ReconnectCallResponse", |_| {}),
            Response::AlternateCall => self.root("AlternateCallResponse", |_| {}),
            Response::TransferCall { transferred } => {
                self.on("TransferCallResponse", "transferredCall", transferred);
            }
            Response::ConferenceCall { conference } => self.on("ConferenceCallResponse", "conferenceCall", conference),
            Response::DeflectCall => self.root("DeflectCallResponse", |_| {}),
            Response::DirectedPickupCall { picked } => self.on("DirectedPickupCallResponse", "pickedCall", picked),
            Response::GenerateDigits => self.root("GenerateDigitsResponse", |_| {}),
            Response::Feature(response) => self.feature_response(response),
            Response::AssociateData => self.root("AssociateDataResponse", |_| {}),
            Response::CamponCall => self.root("CamponCallResponse", |_| {}),
            Response::CallBack { target } => self.target("CallBackResponse", target.as_ref()),
            Response::CallBackMessage { target } => self.target("CallBackMessageResponse", target.as_ref()),
            Response::CallBackMessageNonCallRelated => self.root("CallBackMessageNonCallRelatedResponse", |_| {}),
            Response::CancelCallBackMessage => self.root("CancelCallBackMessageResponse", |_| {}),
            Response::Records(response) => self.records_response(response),
            Response::GetCstaFeatures { private } => self.root("GetCSTAFeaturesResponse", |out| {
                if private.is_empty() {
                    return;
                }
                out.extension(|out| {
                    out.own("features", None, |out| {
                        for feature in private {
                            out.w.empty(private::feature_word(*feature));
                        }
                    });
                });
            }),
            Response::Escape(PrivateResponse::Done) => self.root("EscapeResponse", |_| {}),
            Response::Escape(PrivateResponse::DeviceProfile(profile)) => self.root("EscapeResponse", |out| {
                out.extension(|out| out.profile(profile));
            }),
            Response::Escape(PrivateResponse::HotDesk(state)) => self.root("EscapeResponse", |out| {
                out.extension(|out| out.hot_desk_state("hotDeskState", state));
            }),
            Response::Escape(PrivateResponse::PresenceMonitor(monitor)) => self.root("EscapeResponse", |out| {
                out.extension(|out| out.presence_monitor(monitor));
            }),
            Response::Escape(PrivateResponse::PresenceState(states)) => self.root("EscapeResponse", |out| {
                out.extension(|out| out.presence_states(states));
            }),
        }
    }

    /// The lines of a snapshot have no room for what CSTA lacks: it is said beside them, by call where it is of one.
    fn snapshot_private(&mut self, lines: &[DeviceConnection], in_service: Option<bool>) {
        let more = |line: &&DeviceConnection| {
            let features = line.permitted.unwrap_or(Features::NONE);
            line.connection.call.is_some() && private::permitted_words(features).next().is_some()
        };
        if in_service.is_none() && !lines.iter().any(|line| more(&line)) {
            return;
        }
        self.extension(|out| {
            if let Some(in_service) = in_service {
                out.own("inService", None, |out| {
                    out.w.text(if in_service { "true" } else { "false" });
                });
            }
            for line in lines.iter().filter(more) {
                out.permitted_words(line.connection.call.as_deref(), line.permitted.unwrap_or(Features::NONE));
            }
        });
    }

    fn device_connection(&mut self, line: &DeviceConnection) {
        self.inside("snapshotDeviceResponseInfo", |out| {
            out.connection("connectionIdentifier", &line.connection);
            out.party("endpointDevice", &line.endpoint);
            out.inside("localCallState", |out| {
                if line.states.is_empty() {
                    out.w.empty("unknown");
                    return;
                }
                out.inside("compoundCallState", |out| {
                    line.states.iter().for_each(|s| out.state("localConnectionState", *s));
                });
            });
            out.permitted(line.permitted);
            out.linkage(line.global_call_id.as_deref());
        });
    }

    fn call_connection(&mut self, line: &CallConnection) {
        self.inside("snapshotCallResponseInfo", |out| {
            out.party("deviceOnCall", &line.device);
            out.connection("callIdentifier", &line.connection);
            if let Some(state) = line.state {
                out.state("localConnectionInfo", state);
            }
        });
    }
}
