//! Names and numbers that are awkward on a wire, against the whole gateway: names come unchanged out of every form of an
//! event, a phone without a name has none, and what is no number is refused.

use std::path::Path;

use oig::client::SoapClient;
use schemas::contract::adv::{AdvCallEventMsg, AdvDevice};
use schemas::contract::cc::{CallEventMsg, CallEventType as Type, DeviceAttributeNames, EventCauseType as Why};
use schemas::contract::ops_call_control_advanced::AdvGetEvent;
use schemas::contract::ops_call_control_standard::{MonitorObject, RegisterEventHandler, StopMonitor};
use schemas::contract::ops_session::ResetSessionTimer;
use serde_json::{Value, json};

use crate::common::advanced::{By, as_list, authenticate, console, read, sign};
use crate::common::app::{App, log_in};
use crate::common::cluster::{Gateway, Node, With, own_address};
use crate::common::handler::Handler;
use crate::common::rest::RestClient;
use crate::common::{Folder, eventually};
use crate::toolkits::run;

/// Names as directories hold them: markup, quotes, what looks like markup, several scripts, signs of two code units and
/// of several code points, characters in two normal forms, blanks that count, and none at all.
const NAMES: [&str; 16] = [
    "Fischer & Söhne <Büro> \"Nord\" 'Süd'",
    "]]> &amp; &#10; </value> <!-- x -->",
    "N<1000&2>Anna",
    "王, 小明 热线",
    "حداد, رانيا (١)",
    "כהן, נועה",
    "Team 👩🏽‍💻 🏳️‍🌈 𝔄",
    "Zoë / Zoe\u{308}",
    "  two before",
    "two after  ",
    " \u{a0}both\u{a0} ",
    "inside   three",
    "",
    "%s {0} \\n ${name}",
    "İstanbul, ığdır ß ﬁ",
    "\u{200f}mark‎\u{200e} \u{2028}line",
];

/// The name of a number, of which there is one on each node.
fn name_of(number: &str) -> Option<&'static str> {
    let at: usize = number.parse().ok()?;
    let (node, phone) = (at / 1000, at % 1000);
    // A phone and the one that it calls have different names.
    Some(NAMES[(phone + (node - 1) * 5) % NAMES.len()]).filter(|name| !name.is_empty())
}

async fn node(ceid: u16, partners: &[&Node]) -> Node {
    let names: Vec<String> = (0..NAMES.len())
        .map(|phone| {
            let number = (usize::from(ceid) * 1000 + phone).to_string();
            format!("--name={number}={}", name_of(&number).unwrap_or_default())
        })
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Node::start_as(ceid, "server-first", own_address(), partners, &names).await
}

/// Every device of a call event in JSON: its number, and its name if it has one.
fn named(call: &Value) -> Vec<(String, Option<String>)> {
    let attribute = |device: &Value, name: &str| {
        let attributes = device["deviceAttribute"].as_array().expect("attributes");
        let found = attributes.iter().find(|a| a["attributeName"] == name)?;
        Some(found["attributeValue"].as_str().expect("an attribute that is there has a value").to_owned())
    };
    let devices = call["device"].as_array().expect("devices").iter();
    devices.map(|d| (attribute(d, "NUMBER").expect("a number"), attribute(d, "NAME"))).collect()
}

/// The same of an event that came by SOAP.
fn named_in(event: &CallEventMsg) -> Vec<(String, Option<String>)> {
    let attribute = |device: &schemas::contract::cc::Device, name| {
        let found = device.device_attribute.iter().find(|a| a.attribute_name == Some(name))?;
        Some(found.attribute_value.clone().expect("an attribute that is there has a value"))
    };
    let named =
        |d| (attribute(d, DeviceAttributeNames::Number).expect("a number"), attribute(d, DeviceAttributeNames::Name));
    event.device.iter().map(named).collect()
}

#[track_caller]
fn right(devices: &[(String, Option<String>)]) {
    assert!(!devices.is_empty());
    for (number, name) in devices {
        assert_eq!(name.as_deref(), name_of(number), "{number}");
    }
}

/// Events that a handler was given, read by a reader that shares no code with ours.
const READER: &str = r#"
import json, sys
from xml.etree import ElementTree
local = lambda e: e.tag.rsplit("}", 1)[-1]
told = []
for file in sys.argv[1:]:
    for call in ElementTree.parse(file).iter():
        if local(call) != "callEvent":
            continue
        devices = []
        for device in (d for d in call if local(d) == "device"):
            said = {}
            for a in (a for a in device if local(a) == "deviceAttribute"):
                parts = {local(p): p.text or "" for p in a} | a.attrib
                said[parts["attributeName"]] = parts["attributeValue"]
            devices.append([said["NUMBER"], said.get("NAME")])
        told.append(devices)
print(json.dumps(told))
"#;

/// The devices of each event that a handler was given.
async fn pushed(handler: &Handler) -> Vec<Vec<(String, Option<String>)>> {
    let folder = Folder::new();
    let mut arguments = vec!["-c".to_owned(), READER.to_owned()];
    for (number, asked) in handler.asked().iter().enumerate() {
        let file = folder.path().join(number.to_string());
        std::fs::write(&file, &asked.body).expect("the test's folder can be written");
        arguments.push(file.to_str().expect("a path of this machine").to_owned());
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let told = run(Path::new("python3"), &arguments, "").await;
    serde_json::from_str(&told).expect("JSON")
}

#[tokio::test]
async fn names_come_unchanged_out_of_every_form_of_an_event() {
    let first = node(1, &[]).await;
    let second = node(2, &[&first]).await;
    let gateway = Gateway::start(&[&first, &second]).await;
    let (app, rest) = (App::login(&gateway.url).await, RestClient::login(&gateway.url).await);
    let handler = Handler::start([]);
    let register = RegisterEventHandler { session_id: app.session_id, event_handler_url: handler.url() };
    assert!(app.call(&register).await.result);
    let (here, there) = (first.address.to_string(), second.address.to_string());
    let (icp, other) = (app.icp(&here).await, app.icp(&there).await);
    eventually("the nodes are linked", async || first.hands.truth().await.partners.contains(&2).then_some(())).await;

    let mut heard: Vec<Vec<(String, Option<String>)>> = Vec::new();
    let mut keep = |event: &CallEventMsg| {
        right(&named_in(event));
        heard.push(named_in(event));
    };
    for phone in 0..NAMES.len() {
        let (caller, callee) = ((1000 + phone).to_string(), (2000 + phone).to_string());
        for (icp, dn) in [(icp, &caller), (other, &callee)] {
            let configured = app.configuration(icp, dn).await;
            assert!(configured.result && configured.line.iter().all(|l| l.ext_number.as_ref() == Some(dn)));
            assert_eq!(app.configuration_ex(icp, dn).await.line, configured.line);
        }
        let (a, b) =
            (app.phone_id(icp, &caller).await.expect("listed"), app.phone_id(other, &callee).await.expect("listed"));
        for object in [a, b] {
            rest.call("monitorObject", json!({ "objectId": object.to_string() })).await.accepted();
            app.monitor_object(object).await.expect("the monitor is accepted");
            keep(&app.hear(object, Type::MonitorSet, Why::MonitorSet).await);
        }
        app.make(a, &callee).await.expect("makeCall is accepted");
        let leg = app.hear(a, Type::CallOriginated, Why::NewCallInvoked).await;
        keep(&leg);
        let ringing = app.hear(b, Type::CallReceived, Why::NewCall).await;
        keep(&ringing);
        assert_eq!(named_in(&ringing), [&caller, &callee].map(|dn| (dn.clone(), name_of(dn).map(str::to_owned))));
        keep(&app.hear(a, Type::CallDelivered, Why::Delivered).await);
        app.answer(b, ringing.local_call_id).await.expect("answerCall is accepted");
        keep(&app.hear(b, Type::CallEstablished, Why::AnsweredInvoked).await);
        keep(&app.hear(a, Type::CallEstablished, Why::Answered).await);
        right(&named_in(&app.status(a).await));
        let status = rest.call("getCallStatus", json!({ "objectId": b.to_string() })).await.accepted();
        right(&named(&status["callEvent"]));
        app.clear(a, leg.local_call_id).await.expect("clearCall is accepted");
        keep(&app.hear(a, Type::CallClear, Why::ClearInvoked).await);
        keep(&app.hear(b, Type::CallClear, Why::OtherDeviceCleared).await);
    }
    // Members of a conference across the nodes, two of them with a name and one without.
    let of = async |icp, dn: &str| app.phone_id(icp, dn).await.expect("listed");
    let (a, b, c) = (of(icp, "1012").await, of(icp, "1008").await, of(other, "2001").await);
    let (held, _) = app.connect(a, b, "1008").await;
    let (second_leg, _) = app.consultation([a, b, c], held, "2001").await;
    app.conference(a, second_leg).await.expect("conferenceCall is accepted");
    for (object, why) in [(a, Why::ConferenceInvoked), (b, Why::Conferenced), (c, Why::Conferenced)] {
        let event = app.hear(object, Type::CallConferenced, why).await;
        right(&named_in(&event));
        let mut members: Vec<_> =
            event.party.iter().map(|m| (m.member_num.clone().expect("a number"), m.member_name.clone())).collect();
        members.sort();
        assert_eq!(members.len(), 3, "{event:?}");
        right(&members);
        if object == a {
            app.hear(a, Type::CallClear, Why::ClearInvoked).await;
        }
    }

    // The same events in JSON, and as they were pushed.
    let mut told = Vec::new();
    loop {
        let reply = rest.call("getEvent", json!({ "timeout": 500 })).await.body;
        match &reply["callEvent"] {
            Value::Null => break,
            call => told.push(named(call)),
        }
    }
    told.iter().for_each(|devices| right(devices));
    assert!(told.len() > heard.len(), "{} are not all", told.len());
    eventually("every event is pushed", async || (handler.asked().len() >= told.len()).then_some(())).await;
    let mut pushed = pushed(&handler).await;
    pushed.iter().for_each(|devices| right(devices));
    assert!(heard.iter().all(|devices| pushed.contains(devices)));
    pushed.sort();
    told.sort();
    assert_eq!(pushed, told);
}

/// The same of an event in its advanced form.
fn named_in_advanced(event: &AdvCallEventMsg) -> Vec<(String, Option<String>)> {
    let attribute = |device: &AdvDevice, name| {
        let found = device.device_attribute.iter().find(|a| a.attribute_name == Some(name))?;
        Some(found.attribute_value.clone().expect("an attribute that is there has a value"))
    };
    let named = |d| {
        let number = attribute(d, DeviceAttributeNames::Number).expect("a number");
        (number, attribute(d, DeviceAttributeNames::Name))
    };
    event.device.iter().map(named).collect()
}

#[tokio::test]
async fn names_come_unchanged_out_of_the_advanced_form_polled_and_pushed() {
    let node = node(1, &[]).await;
    let gateway = Gateway::start_with(&[&node], With { advanced: true, ..With::default() }).await;
    let client = SoapClient::new(&gateway.url).expect("an HTTP client can be made");
    let app = App::login(&gateway.url).await;
    let icp = app.icp(&node.address.to_string()).await;
    let begun = log_in(&client, console(Some(read("console.cert.pem")))).await;
    let challenge = begun.authentication_data.expect("a challenge");
    let signed = as_list(&sign("console.key.pem", &challenge, By::Sha256));
    assert!(authenticate(&client, begun.session_id, &signed).await.result);
    let session_id = begun.session_id;
    let handler = Handler::start([]);
    let register = RegisterEventHandler { session_id, event_handler_url: handler.url() };
    assert!(client.call(&register).await.expect("an answer").result);
    let mut told = Vec::new();
    for phone in 0..NAMES.len() {
        let dn = (1000 + phone).to_string();
        let object_id = app.phone_id(icp, &dn).await.expect("listed");
        assert!(client.call(&ResetSessionTimer { session_id }).await.expect("an answer").result);
        assert!(client.call(&MonitorObject { session_id, object_id }).await.expect("an answer").result);
        // Somebody calls somebody whose name is another.
        let other = (1000 + (phone + 7) % NAMES.len()).to_string();
        for kind in ["MONITOR_SET", "CALL_ORIGINATED", "CALL_DELIVERED"] {
            let event = client.call(&AdvGetEvent { session_id, timeout: 10_000 }).await.expect("an answer");
            let call = event.call_event.clone().unwrap_or_else(|| panic!("{kind} at {dn}: {event:?}"));
            assert_eq!(call.kind.map(|k| k.as_str()), Some(kind));
            told.push(named_in_advanced(&call));
            if kind == "MONITOR_SET" {
                node.hands.does_with(&dn, "dial", json!({ "number": other })).await;
            }
        }
        assert!(told.last().expect("just told").iter().any(|(number, _)| *number == other));
        node.hands.does(&dn, "hangup").await;
        let event = client.call(&AdvGetEvent { session_id, timeout: 10_000 }).await.expect("an answer");
        told.push(named_in_advanced(&event.call_event.expect("a call")));
        assert!(client.call(&StopMonitor { session_id, object_id }).await.expect("an answer").result);
    }
    told.iter().for_each(|devices| right(devices));
    eventually("every event is pushed", async || (handler.asked().len() >= told.len()).then_some(())).await;
    assert!(handler.asked().iter().all(|asked| asked.body.contains("advHandleEvent")));
    assert_eq!(pushed(&handler).await, told, "in their order");
}

#[tokio::test]
async fn what_is_no_number_is_refused_in_every_operation_and_form() {
    const NO_NUMBER: &str = "The number may hold only digits, * and #, at most 32 of them.";
    let node = Node::start(1).await;
    let gateway = Gateway::start(&[&node]).await;
    let (app, rest) = (App::login(&gateway.url).await, RestClient::login(&gateway.url).await);
    let address = node.address.to_string();
    let (a, b) = (app.watch(&address, "1000").await, app.watch(&address, "1001").await);
    for object in [a, b] {
        rest.call("monitorObject", json!({ "objectId": object.to_string() })).await.accepted();
    }
    let (_, theirs) = app.connect(a, b, "1001").await;
    // Digits of other scripts, marks that nobody sees, blanks, markup, and words.
    for number in ["１００２", "١٠٠٢", "10\u{200f}02", "10\u{a0}02", "10<02", "\"1002\"", "📞", "²", "10+02", "A002"]
    {
        assert_eq!(app.make(a, number).await, Err(NO_NUMBER.into()), "{number:?}");
        assert_eq!(app.consult(b, theirs, number).await, Err(NO_NUMBER.into()), "{number:?}");
        assert_eq!(app.redirect(b, theirs, number).await, Err(NO_NUMBER.into()), "{number:?}");
        let (object, leg) = (b.to_string(), theirs.to_string());
        for (operation, fields) in [
            ("makeCall", json!({ "objectId": object, "number": number })),
            ("consultationCall", json!({ "objectId": object, "localCallId": leg, "number": number })),
            ("setCFAlways", json!({ "request": { "objectId": object, "dn": number, "cfOn": true } })),
        ] {
            let told = rest.call(operation, fields).await;
            assert_eq!(told.body["errorDescription"], NO_NUMBER, "{operation} {number:?}: {told:?}");
        }
    }
    assert_eq!(app.status(b).await.local_call_id, theirs, "nothing has changed");
    app.heard_everything().await;
    let logged = gateway.process.logged().join("\n");
    assert!(!logged.contains("📞") && !logged.contains("１００２"), "no text of others is logged: {logged}");
}
