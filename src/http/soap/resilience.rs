//! getResilientStatus: where a phone is at home, which of those nodes can be reached, and which one serves it.

use actors::cluster::LinkState;
use actors::refusal::Refused;
use actors::system_event::connection_state;
use schemas::contract::cc::{CallEventAttributeNames, CallEventMsg, CallState};
use schemas::contract::ops_call_control_standard::GetResilientStatus;
use schemas::contract::std::ResilientStatusResult;
use schemas::csta::message::DeviceProfile;
use schemas::domain::{Ceid, Dn};

use super::super::gateway::Homes;
use super::call_control::object;
use super::operation::{Context, Given, Handler, Operation, Result, run};

pub(super) fn handler(name: &str) -> Option<Handler> {
    Some(match name {
        "getResilientStatus" => run::<GetResilientStatus>,
        _ => return None,
    })
}

impl Context<'_> {
    /// As the primary node tells it; while that is down, as it told it last, or as the node tells it that stands in.
    async fn homes(&self, ceid: Ceid, dn: Dn) -> std::result::Result<Homes, Refused> {
        let of = |profile: DeviceProfile| Homes { primary: profile.home, secondary: profile.secondary };
        let refused = match self.profile(ceid, dn).await {
            Ok(profile) => return Ok(of(profile)),
            Err(refused) => refused,
        };
        if let Some(homes) = self.gateway.homes.of((ceid, dn)) {
            return Ok(homes);
        }
        let secondary = self.gateway.tree.env.cluster.secondary(ceid).ok_or(refused.clone())?;
        self.profile(secondary, dn).await.map(of).map_err(|_| refused)
    }
}

/// The node that spoke last of a device, while the device is in service.
fn served_by(event: &CallEventMsg) -> Option<u16> {
    if matches!(event.call_state, Some(CallState::OutOfService | CallState::Unavailable)) {
        return None;
    }
    let named = event.call_event_attribute.iter().find(|a| a.attribute_name == Some(CallEventAttributeNames::IcpId))?;
    named.attribute_value.as_ref()?.parse().ok()
}

impl Operation for GetResilientStatus {
    async fn run(self, context: &Context<'_>) -> Result<ResilientStatusResult> {
        let session = context.session(self.session_id).await?;
        let object = object(self.object_id)?;
        let cluster = &context.gateway.tree.env.cluster;
        cluster.link(object.ceid()).ok_or(Refused::NoNode)?;
        if cluster.has(object.ceid(), object.dn()) == Some(false) {
            return Err(Refused::NoNumber.into());
        }
        let homes = context.homes(object.ceid(), object.dn()).await?;
        let (primary, secondary) = (context.node(homes.primary), context.node(homes.secondary));
        let link = |node: &Option<(Ceid, String)>| cluster.link(node.as_ref()?.0);
        let id = |ceid: Option<u16>| i64::from(ceid.unwrap_or(0));
        // Only what the session monitors is known.
        let event = session.monitors.status(object).await.ok();
        let state = event.as_ref().and_then(|event| event.call_state);
        let served = event.as_ref().and_then(|event| served_by(event));
        let is_away = served.is_some() && served == homes.secondary;
        let is_up = link(&primary) == Some(LinkState::Connected);
        let reached = state.filter(|_| is_up && !is_away);
        Ok(Given::Reply(ResilientStatusResult {
            error_description: None,
            primary_connection_state: link(&primary).map(connection_state),
            secondary_connection_state: link(&secondary).map(connection_state),
            primary_icp_address: primary.map(|(_, address)| address),
            secondary_icp_address: secondary.map(|(_, address)| address),
            call_state_primary: reached.or_else(|| state.map(|_| CallState::OutOfService)),
            // A phone that is at home at its primary node has no calls elsewhere.
            call_state_secondary: state.filter(|_| is_away),
            result: true,
            is_resilient: homes.secondary.is_some(),
            primary_icp_id: id(homes.primary),
            secondary_icp_id: id(homes.secondary),
            active_icp_id: id(served.or(homes.primary.filter(|_| is_up))),
        }))
    }
}
