//! Handlers of StandardCCService for whoever is not reached: waiting at a busy phone, trading calls,
//! callbacks and messages; and for calls that are held elsewhere.

use actors::device::messages::Action;
use schemas::contract::cc::Outcome;
use schemas::contract::ops_call_control_standard::{
    CamponCall, ClearCallMeBackMsg, RemoteRetrieveCall, SendCallMeBackMsgForCall, SendCallMeBackMsgNoCall,
    SetCallMeBack, TradeCall,
};

use super::call_control::leg;
use super::operation::{Context, Handler, Operation, Result, run};

pub(super) fn handler(name: &str) -> Option<Handler> {
    Some(match name {
        "camponCall" => run::<CamponCall>,
        "tradeCall" => run::<TradeCall>,
        "setCallMeBack" => run::<SetCallMeBack>,
        "sendCallMeBackMsgForCall" => run::<SendCallMeBackMsgForCall>,
        "sendCallMeBackMsgNoCall" => run::<SendCallMeBackMsgNoCall>,
        "clearCallMeBackMsg" => run::<ClearCallMeBackMsg>,
        "remoteRetrieveCall" => run::<RemoteRetrieveCall>,
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

impl Operation for SetCallMeBack {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.command(self.session_id, self.object_id, leg(self.local_call_id).map(Action::CallBack)).await
    }
}

impl Operation for SendCallMeBackMsgForCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.command(self.session_id, self.obj_id, leg(self.local_call_id).map(Action::LeaveMessage)).await
    }
}

/// The object is the device that gets the message, the number whose message it is.
impl Operation for SendCallMeBackMsgNoCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let from = self.dn.trim().to_owned();
        context.command(self.session_id, self.obj_id, Ok(Action::LeaveMessageAt { from })).await
    }
}

impl Operation for ClearCallMeBackMsg {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let from = self.device_dn.trim().to_owned();
        context.command(self.session_id, self.obj_id_of_device_with_msg, Ok(Action::ClearMessageAt { from })).await
    }
}

impl Operation for RemoteRetrieveCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        // Without a number there is nowhere to retrieve from.
        let holder = self.remote_dn.unwrap_or_default().trim().to_owned();
        context.command(self.session_id, self.object_id, Ok(Action::RetrieveFrom { holder })).await
    }
}
