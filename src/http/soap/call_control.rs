//! Handlers of StandardCCService.

use std::net::IpAddr;
use std::sync::Arc;

use actors::device::messages::Action;
use actors::event::{Event, Form};
use actors::refusal::Refused;
use actors::session::messages::{CancelPolls, MonitorObject, Poll, RegisterHandler, StopMonitor};
use actors::session::{Outcome as PollOutcome, Want};
use actors::session_supervisor::SessionRef;
use actors::standing::Service;
use actors::system_event::connection_state;
use schemas::contract::adv::{AdvCallEventMsg, AdvCallStatusResult, AdvEventMsg};
use schemas::contract::cc::{CallStatusResult, IcpIdResult, NumberedEventMsg, Outcome, StandardEventMsg};
use schemas::contract::ops_call_control_advanced::{AdvGetCallStatus, AdvGetEvent};
use schemas::contract::ops_call_control_standard::{
    AnswerCall, CancelGetEvent, ClearCall, GetCallStatus, GetEvent, GetIcpId, GetNumberedEvent, HoldCall, MakeCall,
    MonitorObject as MonitorObjectRequest, RegisterEventHandler, RetrieveCall, StopMonitor as StopMonitorRequest,
};
use schemas::contract::std::MonitorResult;
use schemas::domain::{LegId, ObjectId};
use schemas::fault::Ground;

use super::operation::{Context, Given, Handler, No, Operation, Result, Told, run};
use super::{calls, devices, features, hot_desk, numbers, presence, resilience, waiting};

pub(in crate::http) fn handler(name: &str) -> Option<Handler> {
    Some(match name {
        "getIcpId" => run::<GetIcpId>,
        "monitorObject" => run::<MonitorObjectRequest>,
        "stopMonitor" => run::<StopMonitorRequest>,
        "getCallStatus" => run::<GetCallStatus>,
        "makeCall" => run::<MakeCall>,
        "answerCall" => run::<AnswerCall>,
        "clearCall" => run::<ClearCall>,
        "holdCall" => run::<HoldCall>,
        "retrieveCall" => run::<RetrieveCall>,
        "getEvent" => run::<GetEvent>,
        "advGetEvent" => run::<AdvGetEvent>,
        "advGetCallStatus" => run::<AdvGetCallStatus>,
        "registerEventHandler" => run::<RegisterEventHandler>,
        "getNumberedEvent" => run::<GetNumberedEvent>,
        "cancelGetEvent" => run::<CancelGetEvent>,
        _ => {
            let others = [
                calls::handler,
                waiting::handler,
                devices::handler,
                numbers::handler,
                resilience::handler,
                features::handler,
                hot_desk::handler,
                presence::handler,
            ];
            return others.iter().find_map(|handler| handler(name));
        }
    })
}

/// Exactly this: applications compare it.
const TIMEOUT: &str = "Timeout no event message available.";

pub(super) fn done() -> Given<Outcome> {
    Given::Reply(Outcome { error_description: None, result: true })
}

pub(super) fn object(id: i64) -> std::result::Result<ObjectId, Refused> {
    ObjectId::try_from(id).map_err(|_| Refused::NoObject)
}

pub(super) fn leg(id: i64) -> std::result::Result<LegId, Refused> {
    u64::try_from(id).ok().filter(|id| *id > 0).map(LegId::new).ok_or(Refused::NoCall)
}

impl Context<'_> {
    pub(super) async fn command(
        &self,
        session_id: i64,
        object_id: i64,
        action: std::result::Result<Action, Refused>,
    ) -> Result<Outcome> {
        let session = self.session(session_id).await?;
        session.monitors.perform(object(object_id)?, action?).await?;
        Ok(done())
    }

    /// An object that there may be: of a configured node, and listed where its directory is known.
    pub(super) fn monitorable(&self, id: i64) -> std::result::Result<ObjectId, Refused> {
        let object = object(id)?;
        let cluster = &self.gateway.tree.env.cluster;
        cluster.link(object.ceid()).ok_or(Refused::NoNode)?;
        match cluster.has(object.ceid(), object.dn()) {
            Some(false) => Err(Refused::NoNumber),
            _ => Ok(object),
        }
    }
}

impl Operation for GetIcpId {
    async fn run(self, context: &Context<'_>) -> Result<IcpIdResult> {
        context.session(self.request.session_id).await?;
        // Only configured addresses are known; nothing is looked up or connected to.
        let address: IpAddr =
            self.request.icp_ip_address.trim().parse().map_err(|_| No::from("The address is not an IP address."))?;
        let (ceid, link) = context.gateway.tree.env.cluster.at(address).ok_or(Refused::NoNode)?;
        Ok(Given::Reply(IcpIdResult {
            error_description: None,
            connection_state: Some(connection_state(link)),
            icp_version: None,
            result: true,
            icp_id: i64::from(ceid.get()),
        }))
    }
}

impl Operation for MonitorObjectRequest {
    async fn run(self, context: &Context<'_>) -> Result<MonitorResult> {
        let session = context.session(self.session_id).await?;
        let object = context.monitorable(self.object_id)?;
        session.addr.send(MonitorObject(object)).await.map_err(|_| Refused::Lost)??;
        Ok(Given::Reply(MonitorResult {
            error_description: None,
            result: true,
            object_id: object.as_long(),
            icp_id: i64::from(object.ceid().get()),
        }))
    }
}

impl Operation for StopMonitorRequest {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let session = context.session(self.session_id).await?;
        session.addr.send(StopMonitor(object(self.object_id)?)).await.map_err(|_| Refused::Lost)??;
        Ok(done())
    }
}

impl Operation for GetCallStatus {
    async fn run(self, context: &Context<'_>) -> Result<CallStatusResult> {
        let session = context.session(self.session_id).await?;
        let event = session.monitors.status(object(self.object_id)?).await?;
        Ok(Given::Reply(CallStatusResult { error_description: None, call_event: Some(*event), result: true }))
    }
}

impl Operation for AdvGetCallStatus {
    async fn run(self, context: &Context<'_>) -> Result<AdvCallStatusResult> {
        let session = context.session(self.session_id).await?;
        let event = session.monitors.status(object(self.object_id)?).await?;
        let call_event = Some(AdvCallEventMsg::from(*event));
        Ok(Given::Reply(AdvCallStatusResult { error_description: None, call_event, result: true }))
    }
}

impl Operation for MakeCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        // An empty code is none.
        let account = self.account_code.map(|code| code.trim().to_owned()).filter(|code| !code.is_empty());
        let action = Action::MakeCall { number: self.number.trim().to_owned(), account };
        context.command(self.session_id, self.object_id, Ok(action)).await
    }
}

impl Operation for AnswerCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.command(self.session_id, self.object_id, leg(self.local_call_id).map(Action::Answer)).await
    }
}

impl Operation for ClearCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.command(self.session_id, self.object_id, leg(self.local_call_id).map(Action::Clear)).await
    }
}

impl Operation for HoldCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.command(self.session_id, self.object_id, leg(self.local_call_id).map(Action::Hold)).await
    }
}

impl Operation for RetrieveCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.command(self.session_id, self.object_id, leg(self.local_call_id).map(Action::Retrieve)).await
    }
}

/// Holds a poll and turns its end into a reply; `told` gives the attributes of the reply's `return`
/// and the event in its form.
async fn poll<R>(
    session: &SessionRef,
    want: Want,
    timeout: i32,
    told: impl FnOnce(u32, Arc<Event>) -> std::result::Result<(Vec<(&'static str, String)>, Told), No>,
) -> Result<R> {
    let held =
        session.addr.send(Poll { want, timeout_ms: i64::from(timeout) }).await.map_err(|_| Refused::NoSession)??;
    let (outcome, receipt) = held.outcome().await;
    Ok(match outcome {
        PollOutcome::Event(number, event) => {
            let (attributes, event) = told(number, event)?;
            Given::Event { attributes, event, receipt }
        }
        PollOutcome::Discarded(from, to) => {
            Given::Refusal { text: format!("Events {from} to {to} were discarded."), receipt }
        }
        PollOutcome::TimedOut => return Err(No::because(Ground::NothingToTell, TIMEOUT)),
        PollOutcome::NotKept => {
            return Err(No::because(Ground::Gone, "The event of this number is not kept any more."));
        }
        PollOutcome::Ended => return Err(Refused::NoSession.into()),
    })
}

impl Operation for GetEvent {
    async fn run(self, context: &Context<'_>) -> Result<StandardEventMsg> {
        let session = context.session(self.session_id).await?;
        poll(&session, Want::Next(Form::Standard), self.timeout, |_, event| {
            Ok((vec![("result", "true".into())], Told::Next(event, Form::Standard)))
        })
        .await
    }
}

/// The session asked for a form that the event does not have.
const NO_FORM: &str = "The event of this number has no form for this session.";

impl Operation for AdvGetEvent {
    async fn run(self, context: &Context<'_>) -> Result<AdvEventMsg> {
        let session = context.session(self.session_id).await?;
        poll(&session, Want::Next(Form::Advanced), self.timeout, |_, event| {
            if !event.has(Form::Advanced) {
                return Err(No::from(NO_FORM));
            }
            Ok((vec![("result", "true".into())], Told::Next(event, Form::Advanced)))
        })
        .await
    }
}

impl Operation for GetNumberedEvent {
    async fn run(self, context: &Context<'_>) -> Result<NumberedEventMsg> {
        let session = context.session(self.session_id).await?;
        let number = u32::try_from(self.event_number).ok().filter(|n| *n > 0);
        let number = number.ok_or_else(|| No::from("Events are numbered from 1."))?;
        let advanced = session.standing.service() == Service::Advanced;
        poll(&session, Want::Numbered(number), self.timeout, |number, event| {
            let event = match advanced {
                true => event.advanced_numbered().map(Told::Made),
                false => event.has(Form::Standard).then_some(Told::Numbered(event)),
            };
            let event = event.ok_or_else(|| No::from(NO_FORM))?;
            let attributes = vec![
                ("result", "true".into()),
                ("eventNumber", number.to_string()),
                ("advanced", advanced.to_string()),
            ];
            Ok((attributes, event))
        })
        .await
    }
}

impl Operation for RegisterEventHandler {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let session = context.session(self.session_id).await?;
        let register = RegisterHandler { url: self.event_handler_url };
        session.addr.send(register).await.map_err(|_| Refused::NoSession)??;
        Ok(done())
    }
}

impl Operation for CancelGetEvent {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let session = context.session(self.session_id).await?;
        session.addr.send(CancelPolls).await.map_err(|_| Refused::NoSession)?;
        Ok(done())
    }
}
