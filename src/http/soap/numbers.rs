//! Handlers of StandardCCService for a node's dial plan. They need no monitor and ask no node:
//! everything is in the settings.

use schemas::contract::ops_call_control_standard::{GetDialableNumber, GetIcpConfig, GetIncomingPhoneNumber};
use schemas::contract::std::{DialNumberResult, IcpConfigResult, IncomingPhoneNumberResult};
use schemas::domain::dial_plan::NumberFault;
use schemas::domain::{Ceid, DialPlan};
use schemas::fault::Ground;

use super::operation::{Context, Given, Handler, No, Operation, Result, run};

pub(super) fn handler(name: &str) -> Option<Handler> {
    Some(match name {
        "getIcpConfig" => run::<GetIcpConfig>,
        "getDialableNumber" => run::<GetDialableNumber>,
        "getIncomingPhoneNumber" => run::<GetIncomingPhoneNumber>,
        _ => return None,
    })
}

impl Context<'_> {
    fn dial_plan(&self, ceid: Ceid) -> std::result::Result<DialPlan, No> {
        let plan = self.gateway.numbering(ceid).and_then(|numbering| numbering.dial_plan.clone());
        plan.ok_or_else(|| No::because(Ground::NotSupported, "No dial plan is set for the node in this gateway."))
    }
}

impl From<NumberFault> for No {
    fn from(fault: NumberFault) -> Self {
        No::because(Ground::BadInput, fault.to_string())
    }
}

impl Operation for GetIcpConfig {
    async fn run(self, context: &Context<'_>) -> Result<IcpConfigResult> {
        context.session(self.session_id).await?;
        let node = context.configured(self.icp_id)?;
        let numbering = context.gateway.numbering(node.ceid);
        let plan = numbering.as_ref().and_then(|numbering| numbering.dial_plan.as_ref());
        // Without a plan nothing is told of it; a prefix that the plan does not have is told as empty.
        Ok(Given::Reply(IcpConfigResult {
            error_description: None,
            max_ext_length: plan.map(|p| p.extension_digits.to_string()),
            trunk_prefix: plan.map(|p| p.trunk_prefix().to_owned()),
            long_distance_prefix: plan.map(|p| p.long_distance_prefix.clone()),
            international_prefix: plan.map(|p| p.international_prefix.clone()),
            local_area_codes: plan.map(|p| p.local_area_codes.join(",")),
            outside_prefix: plan.map(|p| p.outside_prefix.clone()),
            local_country_code: plan.map(|p| p.country_code.clone()),
            ne_type: numbering.and_then(|numbering| numbering.kind),
            ip_addr: Some(node.address.to_string()),
            result: true,
        }))
    }
}

impl Operation for GetDialableNumber {
    async fn run(self, context: &Context<'_>) -> Result<DialNumberResult> {
        context.session(self.session_id).await?;
        let node = context.configured(self.icp_id)?;
        let number = context.dial_plan(node.ceid)?.dialable(self.e164_str.as_deref().unwrap_or_default())?;
        Ok(Given::Reply(DialNumberResult { error_description: None, dialable_number: Some(number), result: true }))
    }
}

impl Operation for GetIncomingPhoneNumber {
    async fn run(self, context: &Context<'_>) -> Result<IncomingPhoneNumberResult> {
        context.session(self.session_id).await?;
        let node = context.configured(self.icp_id)?;
        let digits = self.digit_str.as_deref().unwrap_or_default();
        let incoming_number = context.dial_plan(node.ceid)?.canonical(digits, self.incoming_call)?;
        Ok(Given::Reply(IncomingPhoneNumberResult { error_description: None, incoming_number, result: true }))
    }
}
