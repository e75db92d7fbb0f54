//! Handlers of StandardCCService for calls of more than two: consultations, transfers, conferences,
//! redirection, pickup.

use actors::device::messages::Action;
use schemas::contract::cc::Outcome;
use schemas::contract::ops_call_control_standard::{
    AlternateCall, CancelConsCall, ConferenceCall, ConsultationCall, NewCall, OutPulseDigits, PickupCall, RedirectCall,
    SetAccountCode, SplitConferenceCall, TransferCall,
};

use super::call_control::leg;
use super::operation::{Context, Handler, Operation, Result, run};

pub(super) fn handler(name: &str) -> Option<Handler> {
    Some(match name {
        "consultationCall" => run::<ConsultationCall>,
        "cancelConsCall" => run::<CancelConsCall>,
        "alternateCall" => run::<AlternateCall>,
        "transferCall" => run::<TransferCall>,
        "conferenceCall" => run::<ConferenceCall>,
        "splitConferenceCall" => run::<SplitConferenceCall>,
        "redirectCall" => run::<RedirectCall>,
        "pickupCall" => run::<PickupCall>,
        "newCall" => run::<NewCall>,
        "outPulseDigits" => run::<OutPulseDigits>,
        "setAccountCode" => run::<SetAccountCode>,
        _ => return None,
    })
}

/// A number as it was typed, without the white space around it.
fn typed(number: &str) -> String {
    number.trim().to_owned()
}

impl Operation for ConsultationCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let action = leg(self.local_call_id).map(|leg| Action::Consult { leg, number: typed(&self.number) });
        context.command(self.session_id, self.object_id, action).await
    }
}

impl Operation for CancelConsCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let action = leg(self.local_call_id).map(Action::CancelConsultation);
        context.command(self.session_id, self.object_id, action).await
    }
}

impl Operation for AlternateCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.command(self.session_id, self.object_id, leg(self.local_call_id).map(Action::Alternate)).await
    }
}

impl Operation for TransferCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.command(self.session_id, self.object_id, leg(self.local_call_id).map(Action::Transfer)).await
    }
}

impl Operation for ConferenceCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.command(self.session_id, self.object_id, leg(self.local_call_id).map(Action::Conference)).await
    }
}

impl Operation for SplitConferenceCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.command(self.session_id, self.object_id, leg(self.local_call_id).map(Action::SplitConference)).await
    }
}

impl Operation for RedirectCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let action = leg(self.local_call_id).map(|leg| Action::Redirect { leg, number: typed(&self.redirect_dn) });
        context.command(self.session_id, self.object_id, action).await
    }
}

impl Operation for PickupCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let action = Ok(Action::PickUp { number: typed(&self.ring_dn) });
        context.command(self.session_id, self.object_id, action).await
    }
}

impl Operation for NewCall {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.command(self.session_id, self.object_id, leg(self.local_call_id).map(Action::NewCall)).await
    }
}

impl Operation for SetAccountCode {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let action = leg(self.local_call_id).map(|leg| Action::SetAccount { leg, code: typed(&self.acc_code) });
        context.command(self.session_id, self.object_id, action).await
    }
}

impl Operation for OutPulseDigits {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let action = leg(self.local_call_id).map(|leg| Action::SendDigits { leg, digits: typed(&self.digits) });
        context.command(self.session_id, self.object_id, action).await
    }
}
