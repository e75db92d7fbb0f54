//! Handlers of StandardCCService for presence in personal ring groups, and for a node's monitor of it.

use actors::device::messages::Action;
use actors::refusal::Refused;
use actors::session::messages::{MonitorPresence, StopPresenceMonitor};
use schemas::contract::cc::Outcome;
use schemas::contract::ops_call_control_standard::{MonitorPrgPresence, SetPrgPresence, StopPrgPresenceMonitor};
use schemas::contract::std::MonitorResult;

use super::call_control::done;
use super::operation::{Context, Given, Handler, Operation, Result, run};

pub(super) fn handler(name: &str) -> Option<Handler> {
    Some(match name {
        "monitorPRGPresence" => run::<MonitorPrgPresence>,
        "stopPRGPresenceMonitor" => run::<StopPrgPresenceMonitor>,
        "setPRGPresence" => run::<SetPrgPresence>,
        _ => return None,
    })
}

impl Operation for MonitorPrgPresence {
    async fn run(self, context: &Context<'_>) -> Result<MonitorResult> {
        let session = context.session(self.session_id).await?;
        let node = context.configured(self.icp_id)?.ceid;
        session.addr.send(MonitorPresence(node)).await.map_err(|_| Refused::Lost)??;
        let icp_id = i64::from(node.get());
        Ok(Given::Reply(MonitorResult { error_description: None, result: true, object_id: icp_id, icp_id }))
    }
}

impl Operation for StopPrgPresenceMonitor {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let session = context.session(self.session_id).await?;
        let node = context.configured(self.icp_id)?.ceid;
        session.addr.send(StopPresenceMonitor(node)).await.map_err(|_| Refused::Lost)??;
        Ok(done())
    }
}

impl Operation for SetPrgPresence {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        // An empty number is none.
        let invoker = self.invoker_dn.map(|dn| dn.trim().to_owned()).filter(|dn| !dn.is_empty());
        let action = Action::Presence { group: self.prg_dn.trim().to_owned(), present: self.presence_value, invoker };
        context.command(self.session_id, self.object_id, Ok(action)).await
    }
}
