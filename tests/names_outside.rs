//! Names and numbers beside those of the directory's phones, over SOAP and REST: what trunks and peers are called, the names
//! of hot desk users, numbers that calls are forwarded to, and account codes. All come out as they went in.

use schemas::contract::cc::{
    CallEventMsg, CallEventType as Type, Device, DeviceAttributeNames as Attribute, DeviceName, EventCauseType as Why,
    FeatureEventAttributeNames, FeatureEventType,
};
use serde_json::{Value, json};

use crate::common::app::App;
use crate::common::cluster::{Gateway, Lab, Node, own_address};
use crate::common::rest::RestClient;

/// Markup, quotes, what looks like markup, umlauts, Chinese, and two scripts that are written from right to left.
const NAMES: [&str; 6] = [
    "Fischer & Söhne <Büro> \"Nord\" 'Süd'",
    "x]]> &amp; &#10; </value> <!-- x -->",
    "王, 小明 热线",
    "حداد, رانيا (١)",
    "כהן, נועה",
    "Łukasiewicz, Żaneta %s {0}",
];

/// The next event of a type that a REST session hears.
async fn next(rest: &RestClient, kind: &str) -> Value {
    loop {
        let mut told = rest.call("getEvent", json!({ "timeout": 30_000 })).await.accepted();
        let event = ["callEvent", "featureEvent"].iter().find(|name| told[**name].is_object()).expect("an event");
        let event = told[*event].take();
        if event["type"] == kind || event["eventType"] == kind {
            return event;
        }
    }
}

/// What a device of an event has by a name, over SOAP.
fn by_soap(event: &CallEventMsg, role: DeviceName, name: Attribute) -> Option<String> {
    let device: &Device = event.device.iter().find(|d| d.device_name == Some(role))?;
    device.device_attribute.iter().find(|a| a.attribute_name == Some(name))?.attribute_value.clone()
}

/// The same over REST.
fn by_rest(event: &Value, role: &str, name: &str) -> Option<String> {
    let device = event["device"].as_array()?.iter().find(|d| d["deviceName"] == role)?;
    let found = device["deviceAttribute"].as_array()?.iter().find(|a| a["attributeName"] == name)?;
    found["attributeValue"].as_str().map(str::to_owned)
}

struct Both {
    gateway: Gateway,
    app: App,
    rest: RestClient,
    object: i64,
}

/// Two applications, one of each kind, that watch a phone of a node.
async fn both(node: &Node, dn: &str) -> Both {
    let gateway = Gateway::start(&[node]).await;
    let (app, rest) = (App::login(&gateway.url).await, RestClient::login(&gateway.url).await);
    let object = app.watch(&node.address.to_string(), dn).await;
    rest.call("monitorObject", json!({ "objectId": object.to_string() })).await.accepted();
    Both { gateway, app, rest, object }
}

#[tokio::test]
async fn trunks_peers_and_hot_desk_users_are_called_what_they_are_called() {
    for name in NAMES {
        let way = format!("--way-out={name}");
        let user = format!("--name=1900={name}");
        let node = Node::start_as(1, "server-first", own_address(), &[], &[&way, &user]).await;
        let Both { gateway: _gateway, app, rest, object } = both(&node, "1000").await;
        app.make(object, "95551234").await.expect("makeCall is accepted");
        let told = app.hear(object, Type::CallOriginated, Why::NewCallInvoked).await;
        let leg = told.local_call_id;
        let told = app.hear(object, Type::TrunkDigitsOutpulsed, Why::TrunkDigitsOutpulsed).await;
        let trunk = Some(format!("{name} 1"));
        assert_eq!(by_soap(&told, DeviceName::CalledDevice, Attribute::TrunkName), trunk);
        let told = next(&rest, "TRUNK_DIGITS_OUTPULSED").await;
        assert_eq!(by_rest(&told, "CALLED_DEVICE", "TRUNK_NAME"), trunk);
        app.hear(object, Type::CallDelivered, Why::Delivered).await;
        app.clear(object, leg).await.expect("clearCall is accepted");
        app.hear(object, Type::CallClear, Why::ClearInvoked).await;

        node.hands.does_with("1010", "login", json!({ "user": "1900", "pin": "1234" })).await;
        node.hands.does_with("1010", "dial", json!({ "number": "1000" })).await;
        let told = app.hear(object, Type::CallReceived, Why::NewCall).await;
        assert_eq!(by_soap(&told, DeviceName::CallingDevice, Attribute::Number).as_deref(), Some("1900"));
        assert_eq!(by_soap(&told, DeviceName::CallingDevice, Attribute::Name).as_deref(), Some(name));
        let told = next(&rest, "CALL_RECEIVED").await;
        assert_eq!(by_rest(&told, "CALLING_DEVICE", "NAME").as_deref(), Some(name));

        let peer = Node::start_as(3, "server-first", own_address(), &[], &[&way]).await;
        let Both { gateway: _gateway, app, rest, object } = both(&peer, "3000").await;
        app.make(object, "95551234").await.expect("makeCall is accepted");
        app.hear(object, Type::CallOriginated, Why::NewCallInvoked).await;
        let told = app.hear(object, Type::TrunkDigitsOutpulsed, Why::TrunkDigitsOutpulsed).await;
        assert_eq!(by_soap(&told, DeviceName::CalledDevice, Attribute::PeerName).as_deref(), Some(name));
        let told = next(&rest, "TRUNK_DIGITS_OUTPULSED").await;
        assert_eq!(by_rest(&told, "CALLED_DEVICE", "PEER_NAME").as_deref(), Some(name));
    }
}

#[tokio::test]
async fn forward_numbers_and_account_codes_come_out_as_they_went_in() {
    let lab = Lab::start().await;
    let (app, rest) = (App::login(&lab.url).await, RestClient::login(&lab.url).await);
    let object = app.watch(&lab.address(1), "1000").await;
    let id = object.to_string();
    app.monitor_features(object).await.expect("accepted");
    rest.call("monitorObject", json!({ "objectId": id })).await.accepted();
    rest.call("monitorFeatures", json!({ "objectId": id })).await.accepted();
    for number in ["1001", "2000", "1950", "95551234", "914165551234", "901149691234567890"] {
        let fields = json!({ "request": { "objectId": id, "dn": number, "cfOn": true } });
        rest.call("setCFAlways", fields).await.accepted();
        let told = app.hear_feature(object, FeatureEventType::CfAlways).await;
        let told = told.feature_event_attribute.iter();
        let of = |name: &FeatureEventAttributeNames| *name == FeatureEventAttributeNames::ForwardDn;
        let told = told.filter(|a| a.attribute_name.as_ref().is_some_and(of)).find_map(|a| a.attribute_value.clone());
        assert_eq!(told.as_deref(), Some(number));
        let told = next(&rest, "CF_ALWAYS").await;
        let told = told["featureEventAttribute"].as_array().expect("attributes").iter();
        let told: Vec<_> = told.filter(|a| a["attributeName"] == "FORWARD_DN").map(|a| &a["attributeValue"]).collect();
        assert_eq!(told, [number]);
        let listed = app.features(object).await.expect("listed").cf_always.and_then(|info| info.dn);
        assert_eq!(listed.as_deref(), Some(number));
        let listed = rest.call("getDeviceFeatures", json!({ "objectId": id })).await.accepted();
        assert_eq!(listed["CFAlways"]["dn"], number);
        assert_eq!(lab.hands(1).phone("1000").await.forwards.get("always").map(String::as_str), Some(number));
    }
    app.make(object, "1002").await.expect("makeCall is accepted");
    let leg = app.hear(object, Type::CallOriginated, Why::NewCallInvoked).await.local_call_id;
    app.hear(object, Type::CallDelivered, Why::Delivered).await;
    lab.hands(1).does("1002", "answer").await;
    app.hear(object, Type::CallEstablished, Why::Answered).await;
    for code in ["00", "007", "4711", "000000000000", "987654321098"] {
        let fields = json!({ "objectId": id, "localCallId": leg.to_string(), "accCode": code });
        rest.call("setAccountCode", fields).await.accepted();
        let told = app.hear(object, Type::AccountCodeSet, Why::AccountCodeSet).await;
        assert_eq!(told.account_code.as_deref(), Some(code));
        assert_eq!(next(&rest, "ACCOUNT_CODE_SET").await["accountCode"], code);
        assert_eq!(lab.hands(1).phone("1000").await.legs[0].account.as_deref(), Some(code));
    }
}
