//! The services that a gateway may ask for, and how they are refused.

use schemas::csta::message::{
    CallConnection, ConnectionId, DeviceConnection, Event, Failure, PresenceRequest, PrivateRequest, PrivateResponse,
    Request, Response,
};
use schemas::domain::{DeviceRef, Party};

use super::events::{connection, in_service, known, party};
use super::{
    AssociationId, Due, Effect, Exchange, HEARTBEAT_MS, MONITORS, Waiting, calls, directory, features, records,
};
use crate::sim::plan::Style;
use crate::sim::switch::{By, CallView, Command, Done, Input, Line, Output, Refusal, Switch, Target};

pub(super) type Answer = Result<Response, Failure>;

/// What came of a service at once.
pub(super) enum Said {
    Now(Response),
    /// A partner node has to say; that answer is due when this number is settled.
    Later(u64, Due),
}

impl Said {
    /// The answer to what the switch did, unless a partner has to say.
    pub(super) fn of(done: &Done, due: Due) -> Self {
        match done.waits {
            Some(number) => Self::Later(number, due),
            None => Self::Now(due.answer(done)),
        }
    }
}

impl Due {
    fn answer(self, done: &Done) -> Response {
        match self {
            Self::Pickup(line) => Response::DirectedPickupCall { picked: calls::at(done, line) },
            Self::Private => Response::Escape(PrivateResponse::Done),
        }
    }

    fn service(self) -> &'static str {
        match self {
            Self::Pickup(_) => PICKUP,
            Self::Private => ESCAPE,
        }
    }
}

/// The services whose answer may have to wait.
const PICKUP: &str = "DirectedPickupCall";
const ESCAPE: &str = "Escape";

/// Longest application session, and what who asks for none gets.
const SESSION_LONGEST_S: u32 = 3_600;
const SESSION_DEFAULT_S: u32 = 180;

/// The name of a service, as faults name it.
fn name(request: &Request) -> &'static str {
    match request {
        Request::SystemStatus { .. } => "SystemStatus",
        Request::SystemRegister => "SystemRegister",
        Request::StartApplicationSession { .. } => "StartApplicationSession",
        Request::ResetApplicationSessionTimer { .. } => "ResetApplicationSessionTimer",
        Request::StopApplicationSession { .. } => "StopApplicationSession",
        Request::ApplicationSessionTerminated { .. } => "ApplicationSessionTerminated",
        Request::GetSwitchingFunctionDevices => "GetSwitchingFunctionDevices",
        Request::SwitchingFunctionDevices { .. } => "SwitchingFunctionDevices",
        Request::GetLogicalDeviceInformation { .. } => "GetLogicalDeviceInformation",
        Request::MonitorStart { .. } => "MonitorStart",
        Request::MonitorStop { .. } => "MonitorStop",
        Request::SnapshotDevice { .. } => "SnapshotDevice",
        Request::SnapshotCall { .. } => "SnapshotCall",
        Request::MakeCall { .. } => "MakeCall",
        Request::AnswerCall { .. } => "AnswerCall",
        Request::ClearConnection { .. } => "ClearConnection",
        Request::HoldCall { .. } => "HoldCall",
        Request::RetrieveCall { .. } => "RetrieveCall",
        Request::ConsultationCall { .. } => "ConsultationCall",
        Request::ReconnectCall { .. } => "ReconnectCall",
        Request::AlternateCall { .. } => "AlternateCall",
        Request::TransferCall { .. } => "TransferCall",
        Request::ConferenceCall { .. } => "ConferenceCall",
        Request::DeflectCall { .. } => "DeflectCall",
        Request::DirectedPickupCall { .. } => PICKUP,
        Request::GenerateDigits { .. } => "GenerateDigits",
        Request::Feature(request) => features::name(request),
        Request::Records(request) => records::name(request),
        Request::AssociateData { .. } => "AssociateData",
        Request::CamponCall { .. } => "CamponCall",
        Request::CallBack { .. } => "CallBack",
        Request::CallBackMessage { .. } => "CallBackMessage",
        Request::CallBackMessageNonCallRelated { .. } => "CallBackMessageNonCallRelated",
        Request::CancelCallBackMessage { .. } => "CancelCallBackMessage",
        Request::GetCstaFeatures => "GetCSTAFeatures",
        Request::Escape(_) => ESCAPE,
        Request::Unsupported { .. } => "",
    }
}

/// Every service that is answered, by name.
pub const SERVICES: [&str; 41] = [
    "SystemStatus",
    "SystemRegister",
    "StartApplicationSession",
    "ResetApplicationSessionTimer",
    "StopApplicationSession",
    "GetSwitchingFunctionDevices",
    "GetLogicalDeviceInformation",
    "MonitorStart",
    "MonitorStop",
    "SnapshotDevice",
    "SnapshotCall",
    "MakeCall",
    "AnswerCall",
    "ClearConnection",
    "HoldCall",
    "RetrieveCall",
    "ConsultationCall",
    "ReconnectCall",
    "AlternateCall",
    "TransferCall",
    "ConferenceCall",
    "DeflectCall",
    PICKUP,
    "GenerateDigits",
    "GetDoNotDisturb",
    "SetDoNotDisturb",
    "GetForwarding",
    "SetForwarding",
    "GetAutoAnswer",
    "GetMessageWaitingIndicator",
    "AssociateData",
    "CamponCall",
    "CallBack",
    "CallBackMessage",
    "CallBackMessageNonCallRelated",
    "CancelCallBackMessage",
    "StartCDRTransmission",
    "SendStoredCDR",
    "StopCDRTransmission",
    "GetCSTAFeatures",
    ESCAPE,
];

/// The standard's word for a refusal of the switch.
#[must_use]
pub(super) fn failure(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::UnknownDevice => Failure::operation("invalidDeviceID"),
        Refusal::UnknownConnection => Failure::operation("invalidConnectionID"),
        Refusal::Privilege => Failure::operation("privilegeViolationSpecifiedDevice"),
        Refusal::InvalidDestination => Failure::operation("invalidDestination"),
        Refusal::OutOfService => Failure::resource("deviceOutOfService"),
        Refusal::HotDesk(refusal) => refusal.failure(),
        Refusal::Presence(refusal) => refusal.failure(),
        Refusal::BadForward => Failure::operation("invalidForwardingDestination"),
        Refusal::NothingToHandOff | Refusal::WrongState => Failure::state("invalidConnectionState"),
        Refusal::LineInUse => Failure::state("invalidDeviceState"),
        Refusal::HoldInUse => Failure::state("invalidDeviceState"),
        Refusal::NoCallToAnswer => Failure::state("noCallToAnswer"),
        Refusal::NoConnectionToClear => Failure::state("noConnectionToClear"),
        Refusal::NoActiveCall => Failure::state("noActiveCall"),
        Refusal::NoHeldCall => Failure::state("noHeldCall"),
        Refusal::NoMemberFree | Refusal::TrunksBusy => Failure::resource("resourceBusy"),
        Refusal::ConferenceFull => Failure::resource("conferenceMemberLimitExceeded"),
        Refusal::Unreachable => Failure::resource("networkOutOfService"),
        Refusal::AlreadySet => Failure::operation("featureAlreadySet"),
        Refusal::UnknownMessage => Failure::operation("invalidMsgID"),
        Refusal::Full => Failure::resource("resourceLimitExceeded"),
        Refusal::BadAccountCode => Failure::operation("invalidAccountCode"),
        Refusal::AccountNeeded => Failure::operation("atLeastOneConditionalParameterNotProvided"),
    }
}

impl Exchange {
    #[expect(clippy::too_many_arguments)] // one request in all its parts, and where its effects go
    pub(super) fn request(
        &mut self,
        id: AssociationId,
        invoke: u16,
        request: Request,
        switch: &mut Switch,
        now_ms: i64,
        out: &mut Vec<Effect>,
        told: &mut Vec<Output>,
    ) {
        let service = name(&request);
        if !self.may_ask(id, &request) {
            let failure = Failure { category: "security".into(), value: "generic".into() };
            return self.answer(id, invoke, service, Err(failure), out);
        }
        let answer = match request {
            Request::SystemStatus { .. } => Ok(Response::SystemStatus),
            Request::SystemRegister => Ok(Response::SystemRegister { register: self.number().to_string() }),
            Request::StartApplicationSession { versions, duration_s, .. } => {
                let answer = self.start_session(id, &versions, duration_s, now_ms);
                let refused = answer.is_err();
                self.answer(id, invoke, service, answer, out);
                if refused {
                    self.close(id, out);
                }
                return;
            }
            Request::ResetApplicationSessionTimer { session, duration_s } => {
                self.reset_session(id, &session, duration_s, now_ms)
            }
            Request::StopApplicationSession { session } => {
                let answer = self.stop_session(id, &session);
                let stopped = answer.is_ok();
                self.answer(id, invoke, service, answer, out);
                if stopped {
                    self.close(id, out);
                }
                return;
            }
            // One-way, and not for us.
            Request::ApplicationSessionTerminated { .. } | Request::SwitchingFunctionDevices { .. } => return,
            Request::GetSwitchingFunctionDevices => {
                let cross_ref = self.number().to_string();
                let segments = directory::segments(&cross_ref, switch.directory());
                self.answer(id, invoke, service, Ok(Response::GetSwitchingFunctionDevices { cross_ref }), out);
                for segment in segments {
                    self.ask(id, segment, out);
                }
                return;
            }
            Request::GetLogicalDeviceInformation { device } => directory::information(&device, switch),
            Request::MonitorStart { device } => {
                let answer = self.start_monitor(id, &device, switch);
                let started = match &answer {
                    Ok(Response::MonitorStart { cross_ref }) => Some(cross_ref.clone()),
                    _ => None,
                };
                self.answer(id, invoke, service, answer, out);
                // No snapshot would show it.
                let is_out = Line::of(&device).is_some_and(|line| switch.is_out_of_service(line.dn));
                if let Some(cross_ref) = started.filter(|_| is_out) {
                    let body = in_service(Party::Known(device), false);
                    self.send_event(id, Event { cross_ref, body }, out);
                }
                return;
            }
            Request::MonitorStop { cross_ref } => self.stop_monitor(id, &cross_ref),
            Request::SnapshotDevice { device } => snapshot_device(&device, switch),
            Request::SnapshotCall { connection } => snapshot_call(&connection, switch),
            Request::MakeCall { calling, called, account } => {
                make_call(&calling, called, account, switch, now_ms, told)
            }
            Request::AnswerCall { connection } => {
                control(&connection, Command::Answer, switch, now_ms, told).map(|()| Response::AnswerCall)
            }
            Request::ClearConnection { connection } => {
                control(&connection, Command::Clear, switch, now_ms, told).map(|()| Response::ClearConnection)
            }
            Request::HoldCall { connection } => {
                control(&connection, Command::Hold, switch, now_ms, told).map(|()| Response::HoldCall)
            }
            Request::RetrieveCall { connection } => {
                control(&connection, Command::Retrieve, switch, now_ms, told).map(|()| Response::RetrieveCall)
            }
            Request::Records(request) => return self.records(id, invoke, request, switch, now_ms, out),
            Request::Feature(request) => features::answer(request, switch, now_ms, told),
            Request::DirectedPickupCall { connection, requesting } => {
                let said = calls::pick_up(&connection, &requesting, switch, now_ms, told);
                return self.said(id, invoke, service, said, out);
            }
            Request::Escape(PrivateRequest::Presence(PresenceRequest::Monitor)) if switch.plan().private => {
                self.monitor_presence(id, switch)
            }
            Request::Escape(request) if switch.plan().private => {
                let said = calls::private(request, switch, now_ms, told);
                return self.said(id, invoke, service, said, out);
            }
            request @ (Request::ConsultationCall { .. }
            | Request::ReconnectCall { .. }
            | Request::AlternateCall { .. }
            | Request::TransferCall { .. }
            | Request::ConferenceCall { .. }
            | Request::DeflectCall { .. }
            | Request::GenerateDigits { .. }
            | Request::AssociateData { .. }
            | Request::CamponCall { .. }
            | Request::CallBack { .. }
            | Request::CallBackMessage { .. }
            | Request::CallBackMessageNonCallRelated { .. }
            | Request::CancelCallBackMessage { .. }
            | Request::GetCstaFeatures
            | Request::Escape(_)) => calls::answer(request, switch, now_ms, told),
            Request::Unsupported { .. } => Err(Failure::operation("serviceNotSupported")),
        };
        self.answer(id, invoke, service, answer, out);
    }

    /// Answers at once, or keeps in mind who asked.
    fn said(
        &mut self,
        id: AssociationId,
        invoke: u16,
        service: &'static str,
        said: Result<Said, Failure>,
        out: &mut Vec<Effect>,
    ) {
        let answer = match said {
            Ok(Said::Later(number, due)) => {
                self.waiting.insert(number, Waiting { id, invoke, due });
                return;
            }
            Ok(Said::Now(response)) => Ok(response),
            Err(failure) => Err(failure),
        };
        self.answer(id, invoke, service, answer, out);
    }

    /// What came of a request that had to wait for a partner, to whoever asked for it.
    pub fn settled(&mut self, number: u64, result: &Result<Done, Refusal>, out: &mut Vec<Effect>) {
        let Some(Waiting { id, invoke, due }) = self.waiting.remove(&number) else { return };
        let answer = result.as_ref().map(|done| due.answer(done)).map_err(|refusal| failure(*refusal));
        self.answer(id, invoke, due.service(), answer, out);
    }

    /// Where the node asks for an application session, nothing else is done before.
    fn may_ask(&self, id: AssociationId, request: &Request) -> bool {
        let Some(association) = self.associations.get(&id) else { return false };
        let starts = matches!(request, Request::StartApplicationSession { .. });
        if association.turned_away {
            return starts;
        }
        self.style != Style::Session || starts || association.session.is_some()
    }

    fn start_session(&mut self, id: AssociationId, versions: &[String], duration_s: u32, now_ms: i64) -> Answer {
        let session = self.number().to_string();
        let Some(association) = self.associations.get_mut(&id) else { return Err(Failure::operation("generic")) };
        if association.turned_away {
            return Err(session_failure("serverResourcesBusy"));
        }
        if association.session.is_some() {
            return Err(session_failure("maxNumberSessions"));
        }
        let Some(version) = versions.iter().find(|v| speaks(v)) else {
            return Err(session_failure("requestedProtocolVersionNotSupported"));
        };
        let duration_s = granted(duration_s);
        association.session = Some((session.clone(), now_ms + i64::from(duration_s) * 1000));
        association.heartbeat_at = now_ms + HEARTBEAT_MS;
        Ok(Response::StartApplicationSession { session, version: version.clone(), duration_s })
    }

    fn reset_session(&mut self, id: AssociationId, session: &str, duration_s: u32, now_ms: i64) -> Answer {
        match self.associations.get_mut(&id).and_then(|a| a.session.as_mut()) {
            Some((own, until)) if own == session => {
                let duration_s = granted(duration_s);
                *until = now_ms + i64::from(duration_s) * 1000;
                Ok(Response::ResetApplicationSessionTimer { duration_s })
            }
            _ => Err(session_failure("invalidSessionID")),
        }
    }

    fn stop_session(&mut self, id: AssociationId, session: &str) -> Answer {
        match self.associations.get_mut(&id).and_then(|a| a.session.as_ref()) {
            Some((own, _)) if own == session => Ok(Response::StopApplicationSession),
            _ => Err(session_failure("invalidSessionID")),
        }
    }

    fn start_monitor(&mut self, id: AssociationId, device: &DeviceRef, switch: &Switch) -> Answer {
        let line = monitorable(device, switch)?;
        let cross_ref = self.number();
        let Some(association) = self.associations.get_mut(&id) else { return Err(Failure::operation("generic")) };
        if association.monitors.len() + association.presence.len() >= MONITORS {
            return Err(Failure::resource("overallMonitorLimitExceeded"));
        }
        association.monitors.insert(cross_ref, line);
        association.by_line.entry(line).or_default().push(cross_ref);
        Ok(Response::MonitorStart { cross_ref: cross_ref.to_string() })
    }

    fn stop_monitor(&mut self, id: AssociationId, cross_ref: &str) -> Answer {
        let unknown = || Failure::operation("invalidMonitorCrossRefID");
        let number: u64 = cross_ref.parse().map_err(|_| unknown())?;
        let association = self.associations.get_mut(&id).ok_or_else(unknown)?;
        if association.presence.remove(&number) {
            return Ok(Response::MonitorStop);
        }
        let line = association.monitors.remove(&number).ok_or_else(unknown)?;
        if let Some(monitors) = association.by_line.get_mut(&line) {
            monitors.retain(|m| *m != number);
            if monitors.is_empty() {
                association.by_line.remove(&line);
            }
        }
        Ok(Response::MonitorStop)
    }
}

/// Why an application session is not started, kept or stopped, in ECMA-354's words.
fn session_failure(word: &str) -> Failure {
    Failure { category: "applicationSession".into(), value: word.into() }
}

fn granted(duration_s: u32) -> u32 {
    if duration_s == 0 { SESSION_DEFAULT_S } else { duration_s.min(SESSION_LONGEST_S) }
}

fn speaks(version: &str) -> bool {
    let editions = ["ed3", "ed4", "ed5", "ed6"];
    editions.iter().any(|e| version.strip_suffix(e).is_some_and(|rest| rest.ends_with("ecma-323/csta/")))
}

/// A line that may be watched.
pub(super) fn monitorable(device: &DeviceRef, switch: &Switch) -> Result<Line, Failure> {
    let line = Line::of(device).ok_or_else(|| failure(Refusal::UnknownDevice))?;
    let (_, cos) = switch.phone(line).map_err(failure)?;
    if cos.monitoring { Ok(line) } else { Err(failure(Refusal::Privilege)) }
}

fn snapshot_device(device: &DeviceRef, switch: &Switch) -> Answer {
    let line = monitorable(device, switch)?;
    let calls = switch.calls_at(line).map_err(failure)?;
    let in_service = switch.plan().private.then(|| !switch.is_out_of_service(line.dn));
    Ok(Response::SnapshotDevice { connections: calls.iter().map(device_connection).collect(), in_service })
}

fn device_connection(view: &CallView) -> DeviceConnection {
    let own = view.connections.first().map(|c| &c.device);
    DeviceConnection {
        connection: connection(&view.key, own.unwrap_or(&view.calling)),
        endpoint: party(own),
        states: view.connections.iter().map(|c| c.state).collect(),
        permitted: Some(view.permitted),
        global_call_id: Some(view.gcid.to_string()),
    }
}

fn snapshot_call(asked: &ConnectionId, switch: &Switch) -> Answer {
    let key = asked.call.as_deref().ok_or_else(|| failure(Refusal::UnknownConnection))?;
    let line = match &asked.device {
        Some(device) => Some(Line::of(device).ok_or_else(|| failure(Refusal::UnknownConnection))?),
        None => None,
    };
    let view = switch.call(key, line).map_err(failure)?;
    let devices = view.connections.iter().map(|c| CallConnection {
        device: known(&c.device),
        connection: connection(&view.key, &c.device),
        state: Some(c.state),
    });
    Ok(Response::SnapshotCall {
        calling: known(&view.calling),
        called: party(view.called.as_ref()),
        global_call_id: Some(view.gcid.to_string()),
        devices: devices.collect(),
    })
}

fn make_call(
    calling: &DeviceRef,
    number: String,
    account: Option<String>,
    switch: &mut Switch,
    now_ms: i64,
    told: &mut Vec<Output>,
) -> Answer {
    let line = Line::of(calling).ok_or_else(|| failure(Refusal::UnknownDevice))?;
    let command = match account {
        Some(account) => Command::ChargedCall { line, number, account },
        None => Command::MakeCall { line, number },
    };
    let done = perform(command, switch, now_ms, told)?;
    let calling = ConnectionId { call: done.call.map(|c| c.to_string()), device: Some(line.device()) };
    Ok(Response::MakeCall { calling, global_call_id: done.gcid.map(|g| g.to_string()) })
}

fn control(
    asked: &ConnectionId,
    command: fn(Target) -> Command,
    switch: &mut Switch,
    now_ms: i64,
    told: &mut Vec<Output>,
) -> Result<(), Failure> {
    // Without a device it cannot be said whose connection is meant.
    let device = asked.device.as_ref().ok_or_else(|| failure(Refusal::UnknownConnection))?;
    let line = Line::of(device).ok_or_else(|| failure(Refusal::UnknownDevice))?;
    perform(command(Target { line, call: asked.call.clone() }), switch, now_ms, told).map(drop)
}

pub(super) fn perform(
    command: Command,
    switch: &mut Switch,
    now_ms: i64,
    told: &mut Vec<Output>,
) -> Result<Done, Failure> {
    switch.on(Input::Command(By::Application, command), now_ms, told).map_err(failure)
}
