//! The services on features of a phone. Auto answer is set by hand alone.

use schemas::csta::message::{
    EventBody, Failure, FeatureChange, FeatureRequest, FeatureResponse, ForwardItem, ForwardingType, Response,
};
use schemas::domain::{DeviceRef, Dn, Forwarding, Party};

use super::services::{Answer, failure, monitorable, perform};
use crate::sim::switch::{Command, Line, Output, Refusal, Setting, Switch, state_of};

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
    let response = match request {
        FeatureRequest::GetDoNotDisturb { device } => {
            let (on, _) = switch.settings(monitorable(&device, switch)?).map_err(failure)?;
            FeatureResponse::GetDoNotDisturb { on }
        }
        FeatureRequest::SetDoNotDisturb { device, on } => {
            let dn = number(&device, switch)?;
            perform(Command::DoNotDisturb { dn, on }, switch, now_ms, told)?;
            FeatureResponse::SetDoNotDisturb
        }
        FeatureRequest::GetForwarding { device } => {
            let (_, forwards) = switch.settings(monitorable(&device, switch)?).map_err(failure)?;
            let item = |which| forward_item(which, forwards.get(&which));
            FeatureResponse::GetForwarding { list: Forwarding::ALL.into_iter().map(item).collect() }
        }
        FeatureRequest::SetForwarding { device, kind, on, number } => {
            let dn = self::number(&device, switch)?;
            if on && number.is_none() {
                return Err(Failure::operation("invalidForwardingDestination"));
            }
            let kinds = ways(kind.ok_or_else(|| Failure::operation("invalidForwardingType"))?);
            for which in kinds {
                let command = Command::Forward { dn, which: *which, number: number.clone().filter(|_| on) };
                perform(command, switch, now_ms, told)?;
            }
            FeatureResponse::SetForwarding
        }
        FeatureRequest::GetMessageWaiting { device } => {
            FeatureResponse::GetMessageWaiting { on: switch.lamp(monitorable(&device, switch)?).map_err(failure)? }
        }
        FeatureRequest::GetAutoAnswer { device } => {
            let line = monitorable(&device, switch)?;
            FeatureResponse::GetAutoAnswer { on: switch.answers_by_itself(line).map_err(failure)? }
        }
    };
    Ok(Response::Feature(response))
}

/// What an event says of a feature that was set.
pub(super) fn event(device: &DeviceRef, setting: &Setting) -> EventBody {
    let change = match setting {
        Setting::DoNotDisturb(on) => FeatureChange::DoNotDisturb(*on),
        Setting::AutoAnswer(on) => FeatureChange::AutoAnswer(*on),
        Setting::Forward(which, number) => FeatureChange::Forwarding(forward_item(*which, number.as_ref())),
        Setting::MessageWaiting(on) => FeatureChange::MessageWaiting(*on),
        Setting::HotDesk { user, at } => return EventBody::HotDesk(state_of(*user, at.as_ref())),
    };
    EventBody::Feature { device: Party::Known(device.clone()), change }
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

/// The number of a line that exists, and is one of its set's own: a shared number has no features.
fn number(device: &DeviceRef, switch: &Switch) -> Result<Dn, Failure> {
    let line = Line::of(device).ok_or_else(|| failure(Refusal::UnknownDevice))?;
    switch.phone(line).map_err(failure)?;
    match switch.number_of(line) {
        own if own == line.dn => Ok(own),
        _ => Err(Failure::operation("requestIncompatibleWithSubjectDevice")),
    }
}
