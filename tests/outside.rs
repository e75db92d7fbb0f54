//! Calls to and from outside, as an application hears them: numbers, names and privacy, and the
//! trunk or peer by which they go.

use schemas::contract::cc::{
    CallEventMsg, CallEventType as Type, DeviceAttributeNames as Attribute, DeviceName, EventCauseType as Why,
};
use serde_json::{Value, json};

use crate::common::app::App;
use crate::common::cluster::Lab;
use crate::common::rest::RestClient;
use crate::common::{eventually, handling};

const CALLER: &str = "+14165551234";

fn of(event: &CallEventMsg, role: DeviceName, name: Attribute) -> Option<String> {
    let device = event.device.iter().find(|d| d.device_name == Some(role))?;
    device.device_attribute.iter().find(|a| a.attribute_name == Some(name))?.attribute_value.clone()
}

/// Waits until every node sees the other two.
async fn linked(lab: &Lab) {
    for node in 1..=3 {
        eventually("the nodes are linked", async || (lab.hands(node).truth().await.partners.len() == 2).then_some(()))
            .await;
    }
}

/// Names as people have them.
const NAMES: [&str; 7] =
    ["O'Neil & Söhne <Büro> \"1\"", "王小明", "حسن العلي", "שרה כהן", "Łukasiewicz, Żaneta", "]]> &amp; <!-- -->", ""];

#[tokio::test]
async fn names_and_numbers_from_outside_arrive_as_they_are_over_soap_and_rest() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let rest = RestClient::login(&lab.url).await;
    let object = app.watch(&lab.address(1), "1001").await;
    rest.call("monitorObject", json!({ "objectId": object.to_string() })).await.accepted();
    let next =
        async || -> Value { rest.call("getEvent", json!({ "timeout": 30_000 })).await.accepted()["callEvent"].clone() };
    assert_eq!(next().await["type"], "MONITOR_SET");
    for name in NAMES {
        let asked = json!({ "from": CALLER, "name": name, "to": "+16135551001" });
        let call = lab.hands(1).outside_call(asked).await.expect("a trunk is free");
        let told = app.hear(object, Type::CallReceived, Why::NewCall).await;
        let expected = (!name.is_empty()).then(|| name.to_owned());
        assert_eq!(of(&told, DeviceName::CallingDevice, Attribute::Name), expected);
        assert_eq!(of(&told, DeviceName::CallingDevice, Attribute::Number).as_deref(), Some(CALLER));
        let kind = of(&told, DeviceName::CallingDevice, Attribute::DeviceType);
        assert_eq!(kind.as_deref(), Some("EXTERNAL_DEVICE_TYPE"));
        let told = next().await;
        let calling = told["device"].as_array().expect("devices").iter().find(|d| d["deviceName"] == "CALLING_DEVICE");
        let attributes = calling.expect("who calls")["deviceAttribute"].as_array().expect("attributes");
        let rests = attributes.iter().find(|a| a["attributeName"] == "NAME").map(|a| a["attributeValue"].clone());
        assert_eq!(rests, expected.map(Value::from));
        lab.hands(1).outside_does(call, "hangup").await;
        app.hear(object, Type::CallClear, Why::OtherDeviceCleared).await;
        assert_eq!(next().await["type"], "CALL_CLEAR");
    }

    // A number that is withheld is in nothing that an application hears.
    let call = lab.hands(1).outside_call(json!({ "to": "+16135551001" })).await.expect("a trunk is free");
    let told = app.hear(object, Type::CallReceived, Why::NewCall).await;
    assert_eq!(of(&told, DeviceName::CallingDevice, Attribute::Number), None);
    assert_eq!(of(&told, DeviceName::CallingDevice, Attribute::NumberPrivacy).as_deref(), Some("true"));
    app.answer(object, told.local_call_id).await.expect("it rings");
    let told = app.hear(object, Type::CallEstablished, Why::AnsweredInvoked).await;
    assert_eq!(of(&told, DeviceName::CallingDevice, Attribute::Number), None);
    lab.hands(1).outside_does(call, "hangup").await;
    app.hear(object, Type::CallClear, Why::OtherDeviceCleared).await;
    let refused = lab.hands(1).outside_call(json!({ "to": "+16135551099" })).await.expect_err("nobody has it");
    assert!(refused.starts_with("409"), "{refused}");
    app.heard_everything().await;
}

#[tokio::test]
async fn the_way_out_is_named_by_trunk_and_by_peer_and_calls_come_in_across_nodes() {
    let lab = Lab::start().await;
    linked(&lab).await;
    let app = App::login(&lab.url).await;
    let (first, second) = (app.watch(&lab.address(1), "1000").await, app.watch(&lab.address(2), "2000").await);
    for (object, node, way) in [
        (first, 1, [(Attribute::TrunkNumber, "1"), (Attribute::TrunkName, "Trunk 1")].as_slice()),
        (second, 3, &[(Attribute::PeerName, "carrier")]),
    ] {
        app.make(object, "914165551234").await.expect("makeCall is accepted");
        let leg = app.hear(object, Type::CallOriginated, Why::NewCallInvoked).await.local_call_id;
        let told = app.hear(object, Type::TrunkDigitsOutpulsed, Why::TrunkDigitsOutpulsed).await;
        let digits = of(&told, DeviceName::CalledDevice, Attribute::TrunkOutpulsedDigits);
        assert_eq!(digits.as_deref(), Some("914165551234"));
        for (name, value) in way {
            assert_eq!(of(&told, DeviceName::CalledDevice, *name).as_deref(), Some(*value));
        }
        let told = app.hear(object, Type::CallDelivered, Why::Delivered).await;
        let kind = of(&told, DeviceName::CalledDevice, Attribute::DeviceType);
        assert_eq!(kind.as_deref(), Some("EXTERNAL_DEVICE_TYPE"));
        let there = lab.hands(node).outside().await;
        assert_eq!(there.iter().map(|o| o.to.as_str()).collect::<Vec<_>>(), [CALLER]);
        lab.hands(node).outside_does(there[0].id, "answer").await;
        app.hear(object, Type::CallEstablished, Why::Answered).await;
        app.clear(object, leg).await.expect("clearCall is accepted");
        app.hear(object, Type::CallClear, Why::ClearInvoked).await;
        eventually("the way is free", async || lab.hands(node).outside().await.is_empty().then_some(())).await;
    }

    // In over the peer of node 3, to a phone of node 1; the name crosses, and so does that a number is withheld.
    for from in [Some(CALLER), None] {
        let mut asked = json!({ "name": NAMES[0], "to": "+16135551000" });
        if let Some(from) = from {
            asked["from"] = from.into();
        }
        let call = lab.hands(3).outside_call(asked).await.expect("the peer has room");
        let told = app.hear(first, Type::CallReceived, Why::NewCall).await;
        assert_eq!(of(&told, DeviceName::CallingDevice, Attribute::Number).as_deref(), from);
        assert_eq!(handling::devices(&told)[0].1, from.unwrap_or_default());
        lab.hands(3).outside_does(call, "hangup").await;
        app.hear(first, Type::CallClear, Why::OtherDeviceCleared).await;
    }
    app.heard_everything().await;
}
