//! The services on calls of two legs, on ringing calls, and what CSTA has no service for.

use schemas::csta::message::{
    ConnectionId, DeviceProfile, Failure, PresenceRequest, PrivateFeature, PrivateRequest, PrivateResponse,
    ProfileLine, Request, Response,
};
use schemas::domain::{DeviceRef, Dn};

use super::services::{Answer, Said, failure, perform};
use super::{Due, hot_desk, presence};
use crate::sim::plan::Sharing;
use crate::sim::switch::{Command, Done, Line, Output, Refusal, Switch, Target, Two};

pub(super) fn answer(request: Request, switch: &mut Switch, now_ms: i64, told: &mut Vec<Output>) -> Answer {
    let mut done = |command| perform(command, switch, now_ms, told);
    match request {
        Request::ConsultationCall { existing, consulted } => {
            let target = target(&existing)?;
            let done = done(Command::Consult { target: target.clone(), number: consulted })?;
            let global_call_id = done.gcid.as_ref().map(ToString::to_string);
            Ok(Response::ConsultationCall { initiated: at(&done, target.line), global_call_id })
        }
        Request::ReconnectCall { active, held } => {
            done(Command::Reconnect(two(&held, &active)?)).map(|_| Response::ReconnectCall)
        }
        Request::AlternateCall { held, active } => {
            done(Command::Alternate(two(&held, &active)?)).map(|_| Response::AlternateCall)
        }
        Request::TransferCall { held, active } => {
            let done = done(Command::Transfer(two(&held, &active)?))?;
            let device = done.to.map(|d| DeviceRef { name: None, ..d });
            let call = done.call.map(|c| c.to_string());
            Ok(Response::TransferCall { transferred: ConnectionId { call, device } })
        }
        Request::ConferenceCall { held, active } => {
            let two = two(&held, &active)?;
            let line = two.line;
            let done = done(Command::Conference(two))?;
            Ok(Response::ConferenceCall { conference: at(&done, line) })
        }
        Request::DeflectCall { connection, destination } => {
            let command = Command::Redirect { target: target(&connection)?, number: destination.number };
            done(command).map(|_| Response::DeflectCall)
        }
        Request::GenerateDigits { connection, digits } => {
            done(Command::Digits { target: target(&connection)?, digits }).map(|_| Response::GenerateDigits)
        }
        Request::AssociateData { connection, account } => {
            done(Command::Account { target: target(&connection)?, code: account }).map(|_| Response::AssociateData)
        }
        Request::CamponCall { connection } => done(Command::CampOn(target(&connection)?)).map(|_| Response::CamponCall),
        Request::CallBack { connection } => {
            let done = done(Command::CallBack(target(&connection)?))?;
            Ok(Response::CallBack { target: bare(done) })
        }
        Request::CallBackMessage { connection } => {
            let done = done(Command::LeaveMessage(target(&connection)?))?;
            Ok(Response::CallBackMessage { target: bare(done) })
        }
        Request::CallBackMessageNonCallRelated { originating, target } => {
            let at = number(&target)?;
            let command = Command::LeaveMessageAt { at, from: originating.number };
            done(command).map(|_| Response::CallBackMessageNonCallRelated)
        }
        Request::CancelCallBackMessage { originating, target } => {
            let at = number(&target)?;
            let command = Command::ClearMessageAt { at, from: originating.number };
            done(command).map(|_| Response::CancelCallBackMessage)
        }
        Request::GetCstaFeatures => {
            let known = if switch.plan().private { PrivateFeature::ALL.to_vec() } else { Vec::new() };
            Ok(Response::GetCstaFeatures { private: known })
        }
        _ => Err(Failure::operation("serviceNotSupported")),
    }
}

pub(super) fn pick_up(
    connection: &ConnectionId,
    requesting: &DeviceRef,
    switch: &mut Switch,
    now_ms: i64,
    told: &mut Vec<Output>,
) -> Result<Said, Failure> {
    let line = Line::of(requesting).ok_or_else(|| failure(Refusal::UnknownDevice))?;
    let done = perform(Command::PickUp { line, ringing: target(connection)? }, switch, now_ms, told)?;
    Ok(Said::of(&done, Due::Pickup(line)))
}

pub(super) fn private(
    request: PrivateRequest,
    switch: &mut Switch,
    now_ms: i64,
    told: &mut Vec<Output>,
) -> Result<Said, Failure> {
    let command = match request {
        PrivateRequest::DeviceProfile { dn } => {
            let profile = dn.parse().ok().and_then(|dn| profile(dn, switch));
            let profile = profile.ok_or_else(|| failure(Refusal::UnknownDevice))?;
            return Ok(Said::Now(Response::Escape(PrivateResponse::DeviceProfile(profile))));
        }
        PrivateRequest::SplitConference { connection } => Command::Split(target(&connection)?),
        PrivateRequest::NewCall { connection } => Command::NewCall(target(&connection)?),
        PrivateRequest::HotDesk(request) => return hot_desk::answer(request, switch, now_ms, told),
        PrivateRequest::Presence(PresenceRequest::Set { state, invoker }) => {
            return presence::set(&state, invoker.as_deref(), switch, now_ms, told).map(Said::Now);
        }
        PrivateRequest::Presence(PresenceRequest::State { member }) => {
            return presence::state(member.as_deref(), switch).map(Said::Now);
        }
        PrivateRequest::TradeCall { connection } => Command::Trade(target(&connection)?),
        PrivateRequest::RemoteRetrieve { held, requesting } => {
            let line = Line::of(&requesting).ok_or_else(|| failure(Refusal::UnknownDevice))?;
            Command::RetrieveFrom { line, holder: number(&held)? }
        }
        // The monitor is the association's: `services` answers it.
        PrivateRequest::Presence(PresenceRequest::Monitor) | PrivateRequest::Unsupported => {
            return Err(Failure::operation("serviceNotSupported"));
        }
    };
    let done = perform(command, switch, now_ms, told)?;
    Ok(Said::of(&done, Due::Private))
}

/// What the plan has for a number.
fn profile(dn: Dn, switch: &Switch) -> Option<DeviceProfile> {
    let plan = switch.plan();
    if let Some(shared) = plan.shared.get(&dn) {
        let kind = match shared.sharing {
            Sharing::Key => "KEYLINE",
            Sharing::Multicall => "MULTICALL_GROUP",
        };
        let members = shared.appearances.iter().map(|(set, _)| set.to_string()).collect();
        return Some(DeviceProfile {
            name: shared.name(),
            kind: Some(kind.into()),
            home: Some(plan.ceid.get()),
            members,
            ..DeviceProfile::default()
        });
    }
    let user = || plan.hot_desk.users.get(&dn).map(|user| &user.phone);
    let backup = plan.backups.get(&dn);
    let phone = plan.phones.iter().find(|p| p.dn == dn).or_else(user).or_else(|| backup.map(|backup| &backup.phone))?;
    let line = |button| {
        let shown = switch.number_of(Line { dn, button });
        ProfileLine { button, dn: shown.to_string(), ring: button == 1 || shown != dn }
    };
    let group = plan.personal_groups.get(&dn).map(|group| std::iter::once(&dn).chain(&group.others));
    let members = group.into_iter().flatten().map(ToString::to_string).collect();
    Some(DeviceProfile {
        name: (!phone.name.is_empty()).then(|| phone.name.clone()),
        kind: Some("VOICE_SET_PRIME".into()),
        cos: Some(phone.cos.number().to_string()),
        lines: (1..=phone.buttons).map(line).collect(),
        home: Some(backup.map_or(plan.ceid, |backup| backup.home).get()),
        secondary: plan.secondary(dn).map(schemas::domain::Ceid::get),
        members,
    })
}

/// A connection of a line; its call may be left to the switch where only the device is named.
fn target(asked: &ConnectionId) -> Result<Target, Failure> {
    let device = asked.device.as_ref().ok_or_else(|| failure(Refusal::UnknownConnection))?;
    let line = Line::of(device).ok_or_else(|| failure(Refusal::UnknownDevice))?;
    Ok(Target { line, call: asked.call.clone() })
}

/// Whom a callback is for, as a device is named in answers.
fn bare(done: Done) -> Option<DeviceRef> {
    done.to.map(|device| DeviceRef { name: None, ..device })
}

fn number(device: &DeviceRef) -> Result<Dn, Failure> {
    device.number.parse().map_err(|_| failure(Refusal::UnknownDevice))
}

/// Two connections of one line.
fn two(held: &ConnectionId, active: &ConnectionId) -> Result<Two, Failure> {
    let (held, active) = (target(held)?, target(active)?);
    if held.line != active.line {
        return Err(failure(Refusal::UnknownConnection));
    }
    Ok(Two { line: held.line, held: held.call, active: active.call })
}

pub(super) fn at(done: &Done, line: Line) -> ConnectionId {
    ConnectionId { call: done.call.as_ref().map(ToString::to_string), device: Some(line.device()) }
}
