//! Personal ring groups: presence of their members, as applications set it and hear of it.

use schemas::contract::cc::{
    CallEventType as Type, ConnectionState, EventCauseType as Why, FeatureEventAttributeNames as Name, FeatureEventMsg,
    FeatureEventType as Feature, Outcome, SystemEventType,
};
use schemas::contract::ops_call_control_standard::{MonitorPrgPresence, SetPrgPresence, StopPrgPresenceMonitor};
use serde_json::json;

use crate::common::app::{App, NOT_MONITORED};
use crate::common::cluster::Lab;
use crate::common::rest::RestClient;

fn done(outcome: Outcome) -> Result<(), String> {
    if outcome.result { Ok(()) } else { Err(outcome.error_description.unwrap_or_default()) }
}

async fn watch(app: &App, icp_id: i64) -> Result<i64, String> {
    let reply = app.call(&MonitorPrgPresence { session_id: app.session_id, icp_id }).await;
    if reply.result { Ok(reply.object_id) } else { Err(reply.error_description.unwrap_or_default()) }
}

async fn unwatch(app: &App, icp_id: i64) -> Result<(), String> {
    done(app.call(&StopPrgPresenceMonitor { session_id: app.session_id, icp_id }).await)
}

async fn set(app: &App, object_id: i64, group: &str, present: bool, invoker: Option<&str>) -> Result<(), String> {
    let (prg_dn, invoker_dn) = (group.to_owned(), invoker.map(str::to_owned));
    let session_id = app.session_id;
    done(app.call(&SetPrgPresence { session_id, object_id, presence_value: present, prg_dn, invoker_dn }).await)
}

/// Member, group and node of an event.
fn told(event: &FeatureEventMsg) -> [String; 3] {
    [Name::DeviceNumber, Name::GroupDn, Name::IcpId].map(|name| {
        let found = event.feature_event_attribute.iter().find(|a| a.attribute_name == Some(name));
        found.and_then(|a| a.attribute_value.clone()).expect("every such event has it")
    })
}

fn member() -> [String; 3] {
    ["1015", "1005", "1"].map(String::from)
}

#[tokio::test]
async fn a_member_leaves_and_joins_by_an_application_and_by_a_person_and_watchers_hear_it() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let icp = app.icp(&lab.address(1)).await;
    assert_eq!(watch(&app, icp).await, Ok(icp));
    app.hear(icp, Type::PrgMonitorSetEvent, Why::MonitorSet).await;
    let phone = app.phone_id(icp, "1015").await.expect("the node has the phone");
    assert_eq!(set(&app, phone, "1005", false, None).await, Err(NOT_MONITORED.into()));
    app.monitor_object(phone).await.expect("accepted");
    app.hear(phone, Type::MonitorSet, Why::MonitorSet).await;

    set(&app, phone, "1005", false, None).await.expect("accepted");
    assert_eq!(told(&app.hear_feature(icp, Feature::LeaveGroup).await), member());
    assert_eq!(lab.hands(1).phone("1015").await.groups.get("1005"), Some(&false));
    lab.hands(1).does_with("1015", "presence", json!({ "group": "1005", "on": true })).await;
    assert_eq!(told(&app.hear_feature(icp, Feature::JoinGroup).await), member());
    // Who is there already is, and nobody hears of it.
    set(&app, phone, "1005", true, Some("1001")).await.expect("accepted");

    let prime = app.watch(&lab.address(1), "1005").await;
    let other = app.watch(&lab.address(1), "1016").await;
    for (object, group, present, invoker, text) in [
        (phone, "1004", false, None, "The node does not know this group."),
        (other, "1005", true, None, "The device is no member of the group."),
        (prime, "1005", false, None, "The prime member cannot leave its group."),
        (phone, "1005", false, Some("7654321"), "The node does not know the invoker."),
        (phone, "1005", false, Some("1012"), "The class of service does not permit presence in groups to be set."),
        (phone, "PRG", false, None, "The number may hold only digits, * and #, at most 32 of them."),
    ] {
        assert_eq!(set(&app, object, group, present, invoker).await, Err(text.into()));
    }
    // Asked for twice it is one monitor, and its first event comes again; without one there is none to stop.
    assert_eq!(watch(&app, icp).await, Ok(icp));
    app.hear(icp, Type::PrgMonitorSetEvent, Why::MonitorSet).await;
    assert_eq!(watch(&app, 999).await, Err("The node is not configured in this gateway.".into()));
    unwatch(&app, icp).await.expect("stopped");
    assert_eq!(unwatch(&app, icp).await, Err(NOT_MONITORED.into()));
    set(&app, phone, "1005", false, None).await.expect("accepted");
    app.heard_everything().await;

    // By REST it is the same.
    let mut rest = RestClient::new(&lab.url);
    rest.session = Some(app.session_id.to_string());
    let fields = json!({ "objectId": phone.to_string(), "presenceValue": true, "PRGDn": "1004" });
    rest.call("setPRGPresence", fields).await.refused(404, "The node does not know this group.");
    let reply = rest.call("monitorPRGPresence", json!({ "icpId": icp.to_string() })).await.accepted();
    assert_eq!(reply["objectId"], json!(icp.to_string()));
}

#[tokio::test]
async fn a_monitor_of_presence_outlives_the_link_and_changes_that_were_missed_are_told() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let icp = app.icp(&lab.address(1)).await;
    watch(&app, icp).await.expect("accepted");
    app.hear(icp, Type::PrgMonitorSetEvent, Why::MonitorSet).await;
    let hands = lab.hands(1);
    hands.fault("link", json!({ "mode": "close", "for_ms": 1_500 })).await;
    let news = SystemEventType::IcpCommunicationEvent;
    app.hear_system(news, Some(ConnectionState::ConnectionFailure)).await;
    app.hear(icp, Type::OutOfService, Why::ControllerCommsFailed).await;
    hands.does_with("1015", "presence", json!({ "group": "1005", "on": false })).await;
    app.hear_system(news, Some(ConnectionState::Connected)).await;
    app.hear(icp, Type::PrgMonitorSetEvent, Why::ControllerCommsRestored).await;
    assert_eq!(told(&app.hear_feature(icp, Feature::LeaveGroup).await), member());

    // A node that lost its power has everybody back.
    hands.fault("power", json!({ "down_ms": 300 })).await;
    app.hear_system(news, Some(ConnectionState::ConnectionFailure)).await;
    app.hear(icp, Type::OutOfService, Why::ControllerCommsFailed).await;
    app.hear_system(news, Some(ConnectionState::Connected)).await;
    app.hear(icp, Type::PrgMonitorSetEvent, Why::ControllerCommsRestored).await;
    assert_eq!(told(&app.hear_feature(icp, Feature::JoinGroup).await), member());
    app.heard_everything().await;
}

#[tokio::test]
async fn what_cannot_be_handed_off_is_refused_and_nothing_changes() {
    let lab = Lab::start().await;
    let hands = lab.hands(1);
    let app = App::login(&lab.url).await;
    let prime = app.watch(&lab.address(1), "1005").await;
    for (phone, text) in [("1015", "no call to hand off"), ("1000", "no member of the group")] {
        let refused = hands.try_does(phone, "handoff", &json!({})).await;
        assert!(refused.as_ref().is_err_and(|no| no.contains(text)), "{phone}: {refused:?}");
    }
    // Nobody else is there to take it.
    hands.does_with("1015", "presence", json!({ "group": "1005", "on": false })).await;
    hands.does_with("1000", "dial", json!({ "number": "1005" })).await;
    app.hear(prime, Type::CallReceived, Why::NewCall).await;
    hands.does("1005", "answer").await;
    app.hear(prime, Type::CallEstablished, Why::AnsweredInvoked).await;
    let refused = hands.try_does("1005", "handoff", &json!({})).await;
    assert!(refused.as_ref().is_err_and(|no| no.contains("no other member can be rung")), "{refused:?}");
    assert_eq!(hands.phone("1005").await.legs.len(), 1);
    app.heard_everything().await;
    // The one who is absent takes it all the same: that is that one's own wish.
    hands.does("1015", "handoff").await;
    app.hear(prime, Type::CallDiverted, Why::RedirectedHandoff).await;
    assert_eq!(hands.phone("1015").await.legs.len(), 1);
    app.heard_everything().await;
}
