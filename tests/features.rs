//! Features of a device: set, listed, monitored, and what becomes of their monitors when a node is lost.

use oig::client::SoapClient;
use schemas::contract::adv::{AdvEventType, AdvFeatureEventAttributeNames};
use schemas::contract::cc::{
    CallEventType as Type, ConnectionState, EventCauseType as Why, FeatureEventAttributeNames as Name, FeatureEventMsg,
    FeatureEventType as Feature, ForwardingInfo, SystemEventType,
};
use schemas::contract::ops_call_control_advanced::AdvGetEvent;
use schemas::contract::ops_call_control_standard::{MonitorFeatures, MonitorObject, SetDeviceDnd};
use serde_json::json;

use crate::common::advanced::{By, as_list, authenticate, console, read, sign};
use crate::common::app::{App, NOT_MONITORED, log_in};
use crate::common::cluster::Lab;
use crate::common::rest::RestClient;

/// The event's number and state.
fn told(event: &FeatureEventMsg) -> (Option<&str>, &str) {
    let of = |name| {
        let found = event.feature_event_attribute.iter().find(|a| a.attribute_name == Some(name));
        found.and_then(|a| a.attribute_value.as_deref())
    };
    (of(Name::ForwardDn), of(Name::FeatureEventState).expect("every event has a state"))
}

fn to(number: &str) -> Option<ForwardingInfo> {
    Some(ForwardingInfo { dn: Some(number.into()), fwd_on: true })
}

fn off() -> Option<ForwardingInfo> {
    Some(ForwardingInfo { dn: None, fwd_on: false })
}

#[tokio::test]
async fn the_list_of_features_shows_what_people_and_applications_set() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let icp = app.icp(&lab.address(1)).await;
    let phone = app.phone_id(icp, "1001").await.expect("the node has the phone");
    assert_eq!(app.features(phone).await.expect_err("no monitor").as_str(), NOT_MONITORED);
    // A monitor of features is one, too, and calls are not heard by it.
    app.monitor_features(phone).await.expect("accepted");
    let none = app.features(phone).await.expect("listed");
    assert_eq!((none.dnd, none.auto_answer, none.msg_waiting_lamp), (false, false, false));
    let listed = [&none.cf_always, &none.cf_busy_int, &none.cf_busy_ext, &none.cfna_int, &none.cfna_ext];
    assert!(listed.into_iter().all(|info| *info == off()), "{none:?}");

    let hands = lab.hands(1);
    hands.does_with("1001", "forward", json!({ "type": "always", "number": "1002" })).await;
    hands.does_with("1001", "forward", json!({ "type": "busyInternal", "number": "2000" })).await;
    hands.does_with("1001", "forward", json!({ "type": "noAnswerExternal", "number": "1003" })).await;
    app.set_dnd(phone, true).await.expect("accepted");
    let set = app.features(phone).await.expect("listed");
    assert!(set.dnd);
    assert_eq!((set.cf_always, set.cf_busy_int, set.cf_busy_ext), (to("1002"), to("2000"), off()));
    assert_eq!((set.cfna_int, set.cfna_ext), (off(), to("1003")));
    for (kind, number, state) in [
        (Feature::CfAlways, Some("1002"), "true"),
        (Feature::CfBusyInternal, Some("2000"), "true"),
        (Feature::CfNoAnswerExternal, Some("1003"), "true"),
        (Feature::DoNotDisturb, None, "true"),
    ] {
        assert_eq!(told(&app.hear_feature(phone, kind).await), (number, state));
    }
    let truth = hands.phone("1001").await;
    assert!(truth.dnd);
    assert_eq!(truth.forwards["always"], "1002");

    // By REST it is the same list.
    let mut rest = RestClient::new(&lab.url);
    rest.session = Some(app.session_id.to_string());
    let list = rest.call("getDeviceFeatures", json!({ "objectId": phone.to_string() })).await.accepted();
    assert_eq!((&list["DND"], &list["CFAlways"]), (&json!(true), &json!({ "dn": "1002", "fwdOn": true })));

    hands.does_with("1000", "dial", json!({ "number": "1001" })).await;
    hands.does("1000", "hangup").await;
    app.heard_everything().await;
}

#[tokio::test]
async fn what_changed_while_a_node_was_away_is_told_when_it_is_back() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let icp = app.icp(&lab.address(1)).await;
    let phone = app.phone_id(icp, "1001").await.expect("the node has the phone");
    app.monitor_features(phone).await.expect("accepted");
    let hands = lab.hands(1);
    app.set_dnd(phone, true).await.expect("accepted");
    hands.does_with("1001", "forward", json!({ "type": "noAnswerInternal", "number": "1002" })).await;
    app.hear_feature(phone, Feature::DoNotDisturb).await;
    app.hear_feature(phone, Feature::CfNoAnswerInternal).await;

    // What was never known has not changed: the gateway has seen every feature before the link is lost.
    app.features(phone).await.expect("the node tells them");
    hands.fault("link", json!({ "mode": "close", "for_ms": 1_500 })).await;
    let news = SystemEventType::IcpCommunicationEvent;
    app.hear_system(news, Some(ConnectionState::ConnectionFailure)).await;
    assert_eq!(app.set_dnd(phone, false).await, Err("The node is not connected.".into()));
    assert_eq!(app.features(phone).await.expect_err("refused"), "The node is not connected.");
    hands.does_with("1001", "dnd", json!({ "on": false })).await;
    hands.does_with("1001", "forward", json!({ "type": "always", "number": "1003" })).await;
    app.hear_system(news, Some(ConnectionState::Connected)).await;
    assert_eq!(told(&app.hear_feature(phone, Feature::DoNotDisturb).await), (None, "false"));
    assert_eq!(told(&app.hear_feature(phone, Feature::CfAlways).await), (Some("1003"), "true"));

    // A node without power forgets everything, and that is told, too.
    hands.fault("power", json!({ "down_ms": 300 })).await;
    app.hear_system(news, Some(ConnectionState::ConnectionFailure)).await;
    app.hear_system(news, Some(ConnectionState::Connected)).await;
    assert_eq!(told(&app.hear_feature(phone, Feature::CfAlways).await), (None, "false"));
    assert_eq!(told(&app.hear_feature(phone, Feature::CfNoAnswerInternal).await), (None, "false"));
    app.heard_everything().await;
}

#[tokio::test]
async fn the_two_monitors_of_an_object_end_each_by_itself() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let icp = app.icp(&lab.address(1)).await;
    let phone = app.watch(&lab.address(1), "1001").await;
    app.monitor_features(phone).await.expect("accepted");
    app.monitor_features(phone).await.expect("again");
    app.set_dnd(phone, true).await.expect("accepted");
    app.hear_feature(phone, Feature::DoNotDisturb).await;
    app.stop(phone).await.expect("stopped");
    assert_eq!(app.stop(phone).await, Err(NOT_MONITORED.into()));
    app.set_dnd(phone, false).await.expect("the other monitor will do");
    app.hear_feature(phone, Feature::DoNotDisturb).await;
    app.monitor_object(phone).await.expect("accepted");
    app.hear(phone, Type::MonitorSet, Why::MonitorSet).await;
    app.stop_features(phone).await.expect("stopped");
    assert_eq!(app.stop_features(phone).await, Err(NOT_MONITORED.into()));
    app.set_dnd(phone, true).await.expect("accepted");
    app.set_dnd(phone, false).await.expect("accepted");
    assert_eq!(app.features(phone).await.map(|list| list.dnd), Ok(false));

    // What the node does not let be monitored is said, though a monitor of features says nothing first.
    let quiet = app.phone_id(icp, "1018").await.expect("the node has the phone");
    app.monitor_features(quiet).await.expect("accepted");
    app.hear(quiet, Type::MonitorFailedEvent, Why::PrivilegeViolation).await;
    assert_eq!(app.features(quiet).await.expect_err("refused"), "Class of service does not allow it.");
    app.heard_everything().await;
}

#[tokio::test]
async fn an_advanced_session_hears_features_in_its_own_form() {
    let lab = Lab::start().await;
    let client = SoapClient::new(&lab.url).expect("an HTTP client can be made");
    let app = App::login(&lab.url).await;
    let icp = app.icp(&lab.address(1)).await;
    let object_id = app.phone_id(icp, "1001").await.expect("the node has the phone");
    let begun = log_in(&client, console(Some(read("console.cert.pem")))).await;
    let challenge = begun.authentication_data.expect("a challenge");
    let signed = as_list(&sign("console.key.pem", &challenge, By::Sha256));
    assert!(authenticate(&client, begun.session_id, &signed).await.result);
    let session_id = begun.session_id;
    let accepted = client.call(&MonitorFeatures { session_id, object_id }).await.expect("an answer");
    assert!(accepted.result && (accepted.object_id, accepted.icp_id) == (object_id, 1));
    let set = client.call(&SetDeviceDnd { session_id, object_id, dnd_state: true }).await.expect("an answer");
    assert!(set.result, "{:?}", set.error_description);
    let event = client.call(&AdvGetEvent { session_id, timeout: 10_000 }).await.expect("an answer");
    assert_eq!(event.event_type, Some(AdvEventType::FeatureEvent));
    let feature = event.feature_event.expect("a feature");
    assert_eq!((feature.event_type, feature.object_id), (Some(Feature::DoNotDisturb), object_id));
    let names: Vec<_> = feature.feature_event_attribute.iter().filter_map(|a| a.attribute_name).collect();
    use AdvFeatureEventAttributeNames::{DeviceNumber, FeatureEventState, IcpId};
    assert_eq!(names, [DeviceNumber, FeatureEventState, IcpId]);
    // Its calls are another monitor, whose first event it is.
    let accepted = client.call(&MonitorObject { session_id, object_id }).await.expect("an answer");
    assert!(accepted.result);
    let event = client.call(&AdvGetEvent { session_id, timeout: 10_000 }).await.expect("an answer");
    assert!(event.call_event.is_some());
}
