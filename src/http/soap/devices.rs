//! Handlers of StandardCCService for ids of lines and what is configured for a device. They need no
//! monitor.

use actors::cluster::{Listed, NodeSettings};
use actors::refusal::Refused;
use schemas::contract::cc::ObjectIdResult;
use schemas::contract::ops_call_control_standard::{
    GetDeviceConfiguration, GetDeviceConfigurationEx, GetDeviceMembers, GetLineAppearanceId, GetPhoneNumberId,
};
use schemas::contract::std::{DeviceConfigExResult, DeviceConfigResult, DeviceMembersResult, LineConfig, MemberConfig};
use schemas::csta::message::{DeviceProfile, ProfileLine};
use schemas::domain::{Ceid, Dn, ObjectId, RefusalKind};

use super::super::gateway::Homes;
use super::operation::{Context, Given, Handler, No, Operation, Result, run};

pub(super) fn handler(name: &str) -> Option<Handler> {
    Some(match name {
        "getPhoneNumberId" => run::<GetPhoneNumberId>,
        "getLineAppearanceId" => run::<GetLineAppearanceId>,
        "getDeviceConfiguration" => run::<GetDeviceConfiguration>,
        "getDeviceConfigurationEx" => run::<GetDeviceConfigurationEx>,
        "getDeviceMembers" => run::<GetDeviceMembers>,
        _ => return None,
    })
}

const NOTHING_ASKED: &str = "The element 'request' is missing.";

impl Context<'_> {
    /// A configured node.
    pub(super) fn configured(&self, icp_id: i64) -> std::result::Result<NodeSettings, Refused> {
        let ceid = Ceid::try_from(icp_id).map_err(|_| Refused::NoNode)?;
        let settings = self.gateway.tree.env.cluster.settings();
        settings.into_iter().find(|node| node.ceid == ceid).ok_or(Refused::NoNode)
    }

    /// A number of a configured node; refused when the node's directory does not list it.
    fn number(&self, icp_id: i64, dn: &str) -> std::result::Result<(Ceid, Dn), Refused> {
        let cluster = &self.gateway.tree.env.cluster;
        let ceid = Ceid::try_from(icp_id).map_err(|_| Refused::NoNode)?;
        cluster.link(ceid).ok_or(Refused::NoNode)?;
        let dn: Dn = dn.trim().parse().map_err(|_| Refused::NoNumber)?;
        match cluster.has(ceid, dn) {
            Some(false) => Err(Refused::NoNumber),
            _ => Ok((ceid, dn)),
        }
    }

    /// The same; asked of a node that stands in for the number's own, the number is that one's: a device has one id.
    async fn number_at_home(&self, icp_id: i64, dn: &str) -> std::result::Result<(Ceid, Dn), Refused> {
        let found = self.number(icp_id, dn);
        let (Err(Refused::NoNumber), Ok(asked), Ok(dn)) = (&found, Ceid::try_from(icp_id), dn.trim().parse::<Dn>())
        else {
            return found;
        };
        let tree = &self.gateway.tree;
        let mut homes = tree.env.cluster.backed_up_by(asked);
        homes.retain(|home| tree.env.cluster.has(*home, dn) != Some(false));
        if homes.is_empty() {
            return found;
        }
        let told = tree.profile(asked, dn).await.ok().and_then(|profile| profile.home);
        homes.into_iter().find(|home| told == Some(home.get())).map(|home| (home, dn)).ok_or(Refused::NoNumber)
    }

    /// What the node has configured; of a node that does not tell it, what its directory lists.
    pub(super) async fn profile(&self, ceid: Ceid, dn: Dn) -> std::result::Result<DeviceProfile, Refused> {
        match self.gateway.tree.profile(ceid, dn).await {
            Err(Refused::Node(refusal)) if refusal.kind == RefusalKind::NotSupported => {
                let listed = self.gateway.tree.env.cluster.listed(ceid, dn).ok_or(Refused::Node(refusal))?;
                let line = |button| ProfileLine { button, dn: dn.to_string(), ring: button == 1 };
                let name = (!listed.name.is_empty()).then_some(listed.name);
                let shared = listed.shared.iter().map(|(button, number)| ProfileLine {
                    button: *button,
                    dn: number.to_string(),
                    ring: true,
                });
                let lines = std::iter::once(1).chain(listed.buttons).map(line).chain(shared).collect();
                Ok(DeviceProfile { name, lines, home: Some(ceid.get()), ..DeviceProfile::default() })
            }
            Ok(told) => {
                self.gateway.homes.keep((ceid, dn), Homes { primary: told.home, secondary: told.secondary });
                Ok(told)
            }
            refused => refused,
        }
    }

    /// Id and address of a node that a profile names; `None` for one that is not configured here.
    pub(super) fn node(&self, ceid: Option<u16>) -> Option<(Ceid, String)> {
        let ceid = Ceid::new(ceid?).ok()?;
        let settings = self.gateway.tree.env.cluster.settings();
        settings.into_iter().find(|node| node.ceid == ceid).map(|node| (ceid, node.address.to_string()))
    }
}

/// The lines of the set with that prime line.
fn lines(ceid: Ceid, prime: Dn, profile: &DeviceProfile) -> Vec<LineConfig> {
    let line = |line: &ProfileLine| LineConfig {
        ext_number: Some(line.dn.clone()),
        object_id: object(ceid, prime, line.button).as_long(),
        button_number: i32::from(line.button),
    };
    let has_id = |line: &&ProfileLine| (1..=ObjectId::LAST_BUTTON).contains(&line.button);
    profile.lines.iter().filter(has_id).map(line).collect()
}

/// Button 1 is the prime line.
fn object(ceid: Ceid, dn: Dn, button: u8) -> ObjectId {
    if button == 1 { ObjectId::line(ceid, dn) } else { ObjectId::appearance(ceid, dn, button) }
}

impl Operation for GetPhoneNumberId {
    async fn run(self, context: &Context<'_>) -> Result<ObjectIdResult> {
        context.session(self.request.session_id).await?;
        let (ceid, dn) = context.number_at_home(self.request.icp_id, &self.request.prime_dn).await?;
        let object_id = ObjectId::line(ceid, dn).as_long();
        Ok(Given::Reply(ObjectIdResult { error_description: None, result: true, object_id }))
    }
}

impl Operation for GetLineAppearanceId {
    async fn run(self, context: &Context<'_>) -> Result<ObjectIdResult> {
        context.session(self.request.session_id).await?;
        let (ceid, dn) = context.number_at_home(self.request.icp_id, &self.request.prime_dn).await?;
        let button = u8::try_from(self.request.button_num).ok().filter(|b| (1..=ObjectId::LAST_BUTTON).contains(b));
        let button = button.ok_or_else(|| No::from("The device has no line at this button."))?;
        let listed = context.gateway.tree.env.cluster.listed(ceid, dn);
        let has = |listed: &Listed| {
            let shows = listed.shared.iter().any(|(at, _)| *at == button);
            button == 1 || shows || listed.buttons.contains(&button)
        };
        if listed.is_some_and(|listed| !has(&listed)) {
            return Err(No::from("The device has no line at this button."));
        }
        let object_id = object(ceid, dn, button).as_long();
        Ok(Given::Reply(ObjectIdResult { error_description: None, result: true, object_id }))
    }
}

impl Operation for GetDeviceConfiguration {
    async fn run(self, context: &Context<'_>) -> Result<DeviceConfigResult> {
        context.session(self.request.session_id).await?.monitors.command()?;
        let (ceid, dn) = context.number(self.request.icp_id, &self.request.prime_dn)?;
        let profile = context.profile(ceid, dn).await?;
        let secondary = context.node(profile.secondary).map(|(_, address)| address);
        Ok(Given::Reply(DeviceConfigResult {
            error_description: None,
            line: lines(ceid, dn, &profile),
            primary_icp: context.node(profile.home).map(|(_, address)| address),
            is_resilient: profile.secondary.is_some(),
            secondary_icp: secondary,
            result: true,
        }))
    }
}

impl Operation for GetDeviceConfigurationEx {
    async fn run(self, context: &Context<'_>) -> Result<DeviceConfigExResult> {
        let request = self.request.ok_or(No::from(NOTHING_ASKED))?;
        context.session(request.session_id).await?.monitors.command()?;
        let (ceid, dn) = context.number(request.icp_id, &request.prime_dn)?;
        let profile = context.profile(ceid, dn).await?;
        let id = |ceid: Option<u16>| i64::from(ceid.unwrap_or(0));
        Ok(Given::Reply(DeviceConfigExResult {
            error_description: None,
            line: lines(ceid, dn, &profile),
            primary_icp_address: context.node(profile.home).map(|(_, address)| address),
            secondary_icp_address: context.node(profile.secondary).map(|(_, address)| address),
            result: true,
            is_resilient: profile.secondary.is_some(),
            primary_icp_id: id(profile.home),
            secondary_icp_id: id(profile.secondary),
        }))
    }
}

impl Operation for GetDeviceMembers {
    async fn run(self, context: &Context<'_>) -> Result<DeviceMembersResult> {
        let request = self.request.ok_or(No::from(NOTHING_ASKED))?;
        context.session(request.session_id).await?.monitors.command()?;
        let (ceid, dn) = context.number(request.icp_id, &request.prime_dn)?;
        // A directory does not say who is in a group, nor that nobody is.
        let profile = context.gateway.tree.profile(ceid, dn).await?;
        let member = |number: &String| {
            let id = ObjectId::line(ceid, number.parse().ok()?);
            Some(MemberConfig { prime_dn: Some(number.clone()), button_num: 1, object_id: id.as_long() })
        };
        let member = profile.members.iter().filter_map(member).collect();
        Ok(Given::Reply(DeviceMembersResult { error_description: None, member, result: true }))
    }
}
