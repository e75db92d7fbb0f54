//! The services on features of a phone. Auto answer and the message waiting lamp are none that the
//! switch has: they are refused as unknown services.

use schemas::csta::message::{
    Failure, FeatureChange, FeatureRequest, FeatureResponse, ForwardItem, ForwardingType, Response,
};
use schemas::domain::{DeviceRef, Forwarding};

use super::services::{Answer, failure, monitorable, perform};
use crate::sim::switch::{Command, Line, Output, Refusal, Setting, Switch};

/// The name of a service, as faults name it.
pub(super) fn name(request: &FeatureRequest) -> &'static str {
    match request {
        FeatureRequest::GetDoNotDisturb { .. } => "GetDoNotDisturb",
        FeatureRequest::SetDoNotDisturb { .. } => "SetDoNotDisturb",
        FeatureRequest::GetForwarding { .. } => "GetForwarding",
        FeatureRequest::SetForwarding { .. } => "SetForwarding",
        FeatureRequest::GetAutoAnswer { .. } => "GetAutoAnswer",
        FeatureRequest::GetMessageWaiting { .. } => "GetMessageWaitingIndicator",
    }
}

pub(super) fn answer(request: FeatureRequest, switch: &mut Switch, now_ms: i64, told: &mut Vec<Output>) -> Answer {
    let mut done = |command| perform(command, switch, now_ms, told);
    let response = match request {
        FeatureRequest::GetDoNotDisturb { device } => {
            let (on, _) = switch.settings(monitorable(&device, switch)?).map_err(failure)?;
            FeatureResponse::GetDoNotDisturb { on }
        }
        FeatureRequest::SetDoNotDisturb { device, on } => {
            done(Command::DoNotDisturb { dn: line(&device)?.dn, on })?;
            FeatureResponse::SetDoNotDisturb
        }
        FeatureRequest::GetForwarding { device } => {
            let (_, forwards) = switch.settings(monitorable(&device, switch)?).map_err(failure)?;
            let item = |which| forward_item(which, forwards.get(&which));
            FeatureResponse::GetForwarding { list: Forwarding::ALL.into_iter().map(item).collect() }
        }
        FeatureRequest::SetForwarding { device, kind, on, number } => {
            let dn = line(&device)?.dn;
            if on && number.is_none() {
                return Err(Failure::operation("invalidForwardingDestination"));
            }
            let kinds = ways(kind.ok_or_else(|| Failure::operation("invalidForwardingType"))?);
            for which in kinds {
                done(Command::Forward { dn, which: *which, number: number.clone().filter(|_| on) })?;
            }
            FeatureResponse::SetForwarding
        }
        FeatureRequest::GetAutoAnswer { .. } | FeatureRequest::GetMessageWaiting { .. } => {
            return Err(Failure::operation("serviceNotSupported"));
        }
    };
    Ok(Response::Feature(response))
}

/// What an event says of a feature that was set.
pub(super) fn change(setting: &Setting) -> FeatureChange {
    match setting {
        Setting::DoNotDisturb(on) => FeatureChange::DoNotDisturb(*on),
        Setting::Forward(which, number) => FeatureChange::Forwarding(forward_item(*which, number.as_ref())),
    }
}

fn forward_item(which: Forwarding, number: Option<&String>) -> ForwardItem {
    let kind = match which {
        Forwarding::Always => ForwardingType::Immediate,
        Forwarding::BusyInternal => ForwardingType::BusyInternal,
        Forwarding::BusyExternal => ForwardingType::BusyExternal,
        Forwarding::NoAnswerInternal => ForwardingType::NoAnswerInternal,
        Forwarding::NoAnswerExternal => ForwardingType::NoAnswerExternal,
    };
    ForwardItem { kind: Some(kind), on: number.is_some(), number: number.cloned() }
}

fn ways(kind: ForwardingType) -> &'static [Forwarding] {
    use Forwarding::{Always, BusyExternal, BusyInternal, NoAnswerExternal, NoAnswerInternal};
    match kind {
        ForwardingType::Immediate => &[Always],
        ForwardingType::Busy => &[BusyInternal, BusyExternal],
        ForwardingType::BusyInternal => &[BusyInternal],
        ForwardingType::BusyExternal => &[BusyExternal],
        ForwardingType::NoAnswer => &[NoAnswerInternal, NoAnswerExternal],
        ForwardingType::NoAnswerInternal => &[NoAnswerInternal],
        ForwardingType::NoAnswerExternal => &[NoAnswerExternal],
    }
}

fn line(device: &DeviceRef) -> Result<Line, Failure> {
    Line::of(device).ok_or_else(|| failure(Refusal::UnknownDevice))
}
