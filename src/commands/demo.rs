//! `oig demo`: a call as an application sees it, over real HTTP, through the gateway's actors, to
//! two simulated phones of a separate switch and back. Ends with 0 when all of it happened.

use std::time::Duration;

use actors::refusal::Refused;
use anyhow::{Context as _, bail, ensure};
use clap::Args;
use schemas::contract::cc::{
    CallEventMsg, CallEventType as Type, ConnectionState, DeviceAttributeNames, Outcome, StandardEventMsg,
};
use schemas::contract::ops_call_control_standard::{
    AnswerCall, ClearCall, GetEvent, GetIcpId, GetPhoneNumberId, HoldCall, MakeCall, MonitorObject, RetrieveCall,
    StopMonitor,
};
use schemas::contract::ops_session::{LoginEx, Logout, ResetSessionTimer};
use schemas::contract::session::LoginExRequest;
use schemas::contract::std::{GetIcpIdRequest, GetPhoneNumberIdRequest};

use super::lab::{Lab, LabOptions};
use super::{in_system, log};
use crate::client::SoapClient;

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Log filter; the gateway's own log goes to standard error.
    #[arg(long, default_value = "warn", env = "OIG_LOG")]
    log: String,
}

impl Demo {
    pub(super) fn run(self) -> anyhow::Result<()> {
        in_system(&log(&self.log), async {
            println!("Starting a gateway and three simulated nodes on free ports of this machine …");
            let lab = Lab::start(&LabOptions::free_ports()).await?;
            let shown = show(&lab).await;
            lab.stop().await;
            shown
        })
    }
}

/// How long anything in the demo may take.
const PATIENCE: Duration = Duration::from_secs(10);

struct Application {
    client: SoapClient,
    session_id: i64,
}

async fn show(lab: &Lab) -> anyhow::Result<()> {
    let client = SoapClient::new(lab.url())?;
    let login = client
        .call(&LoginEx {
            req: Some(LoginExRequest {
                application_name: "Screen Pop".into(),
                company_name: "Example Co".into(),
                application_password: "screen-pop".into(),
                local_password: "lab".into(),
                version: "4.1".into(),
                certificate: None,
            }),
        })
        .await?;
    ensure!(login.result, "login refused: {}", login.error_desc.unwrap_or_default());
    println!("loginEx         Example Co / Screen Pop is logged in; the session's id is its secret");
    let app = Application { client, session_id: login.session_id };
    let session_id = app.session_id;

    let icp_id = app.icp_id(lab.node_address(0)).await?;
    let alice = app.phone(icp_id, "1000").await?;
    let bob = app.phone(icp_id, "1001").await?;
    for object_id in [alice, bob] {
        let reply = app.client.call(&MonitorObject { session_id, object_id }).await?;
        ensure!(reply.result, "monitorObject refused: {}", reply.error_description.unwrap_or_default());
        println!("monitorObject   object {object_id}");
        app.event(Type::MonitorSet, object_id).await?;
    }

    done(
        "makeCall",
        "1000 calls 1001",
        app.client.call(&MakeCall { session_id, object_id: alice, number: "1001".into(), account_code: None }).await?,
    )?;
    let (calling, received) = app.events((Type::CallOriginated, alice), (Type::CallReceived, bob)).await?;
    let (alice_leg, bob_leg) = (calling.local_call_id, received.local_call_id);
    done(
        "answerCall",
        "1001 answers",
        app.client.call(&AnswerCall { session_id, object_id: bob, local_call_id: bob_leg }).await?,
    )?;
    app.events((Type::CallEstablished, alice), (Type::CallEstablished, bob)).await?;
    done(
        "holdCall",
        "1000 holds",
        app.client.call(&HoldCall { session_id, object_id: alice, local_call_id: alice_leg }).await?,
    )?;
    app.events((Type::CallHeld, alice), (Type::CallHeld, bob)).await?;
    done(
        "retrieveCall",
        "1000 retrieves",
        app.client.call(&RetrieveCall { session_id, object_id: alice, local_call_id: alice_leg }).await?,
    )?;
    app.events((Type::CallRetrieved, alice), (Type::CallRetrieved, bob)).await?;
    let reset = app.client.call(&ResetSessionTimer { session_id }).await?;
    ensure!(reset.result, "the session timer could not be reset");
    done(
        "clearCall",
        "1000 hangs up",
        app.client.call(&ClearCall { session_id, object_id: alice, local_call_id: alice_leg }).await?,
    )?;
    app.events((Type::CallClear, alice), (Type::CallClear, bob)).await?;

    for object_id in [alice, bob] {
        done(
            "stopMonitor",
            &format!("object {object_id}"),
            app.client.call(&StopMonitor { session_id, object_id }).await?,
        )?;
    }
    let logout = app.client.call(&Logout { session_id }).await?;
    ensure!(logout.result, "logout refused");
    println!("logout          done");
    let after = app.client.call(&ResetSessionTimer { session_id }).await?;
    ensure!(
        !after.result && after.error_desc == Some(Refused::NoSession.to_string()),
        "the session outlived its logout"
    );
    println!("\nThat was one call, from an application's login to its logout. `oig lab` keeps such a cluster running.");
    Ok(())
}

fn done(operation: &str, what: &str, reply: Outcome) -> anyhow::Result<()> {
    ensure!(reply.result, "{operation} refused: {}", reply.error_description.unwrap_or_default());
    println!("{operation:<15} {what}");
    Ok(())
}

impl Application {
    /// The node's id, once it is connected.
    async fn icp_id(&self, address: String) -> anyhow::Result<i64> {
        let connected = async {
            loop {
                let request = GetIcpIdRequest { icp_ip_address: address.clone(), session_id: self.session_id };
                let reply = self.client.call(&GetIcpId { request }).await?;
                ensure!(reply.result, "getIcpId refused: {}", reply.error_description.unwrap_or_default());
                if reply.connection_state == Some(ConnectionState::Connected) {
                    println!("getIcpId        {address} is node {}, CONNECTED", reply.icp_id);
                    return Ok(reply.icp_id);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, connected).await.context("the node was not connected in time")?
    }

    async fn phone(&self, icp_id: i64, dn: &str) -> anyhow::Result<i64> {
        let request = GetPhoneNumberIdRequest { prime_dn: dn.into(), session_id: self.session_id, icp_id };
        let reply = self.client.call(&GetPhoneNumberId { request }).await?;
        ensure!(reply.result, "getPhoneNumberId refused: {}", reply.error_description.unwrap_or_default());
        println!("getPhoneNumberId {dn} is object {}", reply.object_id);
        Ok(reply.object_id)
    }

    /// Reads events until both have come, in whichever order the two phones tell theirs.
    async fn events(&self, one: (Type, i64), other: (Type, i64)) -> anyhow::Result<(CallEventMsg, CallEventMsg)> {
        let (mut first, mut second) = (None, None);
        while first.is_none() || second.is_none() {
            let event = self.next().await?;
            let is = |(kind, object): (Type, i64)| event.kind == Some(kind) && event.object_id == object;
            if is(one) {
                first = Some(event);
            } else if is(other) {
                second = Some(event);
            }
        }
        first.zip(second).context("both were read")
    }

    async fn event(&self, kind: Type, object: i64) -> anyhow::Result<CallEventMsg> {
        let event = self.next().await?;
        ensure!(event.kind == Some(kind) && event.object_id == object, "another event came than {}", kind.as_str());
        Ok(event)
    }

    async fn next(&self) -> anyhow::Result<CallEventMsg> {
        let timeout = i32::try_from(PATIENCE.as_millis()).unwrap_or(i32::MAX);
        let reply: StandardEventMsg = self.client.call(&GetEvent { session_id: self.session_id, timeout }).await?;
        if !reply.result {
            bail!("no event: {}", reply.error_description.unwrap_or_default());
        }
        let event = reply.call_event.context("an event that is none of a call")?;
        println!("    event       {}", line(&event));
        Ok(event)
    }
}

/// An event as one readable line.
fn line(event: &CallEventMsg) -> String {
    let word = |text: Option<&'static str>| text.unwrap_or("-");
    let mut parts = vec![format!(
        "object {}  {} / {} / {}",
        event.object_id,
        word(event.kind.map(|k| k.as_str())),
        word(event.cause.map(|c| c.as_str())),
        word(event.call_state.map(|s| s.as_str())),
    )];
    if event.local_call_id != 0 {
        parts.push(format!("leg {}", event.local_call_id));
    }
    for attribute in &event.call_event_attribute {
        if let (Some(name), Some(value)) = (attribute.attribute_name, &attribute.attribute_value) {
            parts.push(format!("{}={value}", name.as_str()));
        }
    }
    for device in &event.device {
        let get = |wanted| {
            device.device_attribute.iter().find(|a| a.attribute_name == Some(wanted))?.attribute_value.as_deref()
        };
        let number = get(DeviceAttributeNames::Number).unwrap_or("private");
        let name = get(DeviceAttributeNames::Name).unwrap_or_default();
        parts.push(format!("{}={number} {name}", word(device.device_name.map(|d| d.as_str()))).trim_end().to_owned());
    }
    if !event.features_allowed.is_empty() {
        let features: Vec<_> = event.features_allowed.iter().map(|f| f.as_str()).collect();
        parts.push(format!("allowed: {}", features.join(" ")));
    }
    parts.join("  ")
}
