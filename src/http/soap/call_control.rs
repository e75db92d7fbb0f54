//! Handlers of StandardCCService.

use std::net::IpAddr;

use actors::device::messages::Action;
use actors::refusal::Refused;
use actors::session::messages::{CancelPolls, MonitorObject, Poll, StopMonitor};
use actors::session::{Outcome as PollOutcome, Want};
use actors::system_event::connection_state;
use schemas::contract::cc::{CallStatusResult, IcpIdResult, NumberedEventMsg, Outcome, StandardEventMsg};
use schemas::contract::ops_call_control_standard::{
    AnswerCall, CancelGetEvent, ClearCall, GetCallStatus, GetEvent, GetIcpId, GetNumberedEvent, HoldCall, MakeCall,
    MonitorObject as MonitorObjectRequest, RetrieveCall, StopMonitor as StopMonitorRequest,
};
use schemas::contract::std::MonitorResult;
use schemas::domain::{LegId, ObjectId};

use super::operation::{Context, Given, Handler, No, Operation, Result, run};
use super::{calls, devices};

pub(super) fn handler(name: &str) -> Option<Handler> {
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
        "getNumberedEvent" => run::<GetNumberedEvent>,
        "cancelGetEvent" => run::<CancelGetEvent>,
        _ => return calls::handler(name).or_else(|| devices::handler(name)),
    })
}

/// Exactly this: applications compare it.
const TIMEOUT: &str = "Timeout no event message available.";

fn done() -> Given<Outcome> {
    Given::Reply(Outcome { error_description: None, result: true })
}

fn object(id: i64) -> std::result::Result<ObjectId, Refused> {
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
        let object = object(self.object_id)?;
        let cluster = &context.gateway.tree.env.cluster;
        cluster.link(object.ceid()).ok_or(Refused::NoNode)?;
        if cluster.has(object.ceid(), object.dn()) == Some(false) {
            return Err(Refused::NoNumber.into());
        }
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

impl Operation for MakeCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let action = match self.account_code.as_deref() {
            None | Some("") => Ok(Action::MakeCall { number: self.number.trim().to_owned() }),
            Some(_) => return Err(No::from("Account codes are not supported yet.")),
        };
        context.command(self.session_id, self.object_id, action).await
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

/// Holds a poll and turns its end into a reply; `attributes` are those of the reply's `return`.
async fn poll<R>(
    context: &Context<'_>,
    session_id: i64,
    want: Want,
    timeout: i32,
    attributes: impl FnOnce(u32) -> Vec<(&'static str, String)>,
) -> Result<R> {
    let session = context.session(session_id).await?;
    let held =
        session.addr.send(Poll { want, timeout_ms: i64::from(timeout) }).await.map_err(|_| Refused::NoSession)??;
    let (outcome, receipt) = held.outcome().await;
    Ok(match outcome {
        PollOutcome::Event(number, event) => Given::Event { attributes: attributes(number), event, receipt },
        PollOutcome::Discarded(from, to) => {
            Given::Refusal { text: format!("Events {from} to {to} were discarded."), receipt }
        }
        PollOutcome::TimedOut => return Err(No::from(TIMEOUT)),
        PollOutcome::NotKept => return Err(No::from("The event of this number is not kept any more.")),
        PollOutcome::Ended => return Err(Refused::NoSession.into()),
    })
}

impl Operation for GetEvent {
    async fn run(self, context: &Context<'_>) -> Result<StandardEventMsg> {
        poll(context, self.session_id, Want::Next, self.timeout, |_| vec![("result", "true".into())]).await
    }
}

impl Operation for GetNumberedEvent {
    async fn run(self, context: &Context<'_>) -> Result<NumberedEventMsg> {
        let number = u32::try_from(self.event_number).ok().filter(|n| *n > 0);
        let number = number.ok_or_else(|| No::from("Events are numbered from 1."))?;
        poll(context, self.session_id, Want::Numbered(number), self.timeout, |number| {
            vec![("result", "true".into()), ("eventNumber", number.to_string()), ("advanced", "false".into())]
        })
        .await
    }
}

impl Operation for CancelGetEvent {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let session = context.session(self.session_id).await?;
        session.addr.send(CancelPolls).await.map_err(|_| Refused::NoSession)?;
        Ok(done())
    }
}
