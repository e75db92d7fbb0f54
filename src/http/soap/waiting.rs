//! Handlers of StandardCCService for whoever is not reached: waiting at a busy phone, trading calls.

use actors::device::messages::Action;
use schemas::contract::cc::Outcome;
use schemas::contract::ops_call_control_standard::{CamponCall, TradeCall};

use super::call_control::leg;
use super::operation::{Context, Handler, Operation, Result, run};

pub(super) fn handler(name: &str) -> Option<Handler> {
    Some(match name {
        "camponCall" => run::<CamponCall>,
        "tradeCall" => run::<TradeCall>,
        _ => return None,
    })
}

impl Operation for CamponCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.command(self.session_id, self.object_id, leg(self.local_call_id).map(Action::CampOn)).await
    }
}

impl Operation for TradeCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.command(self.session_id, self.object_id, leg(self.local_call_id).map(Action::Trade)).await
    }
}
