//! Calls of which a node says less than it could: what the gateway was not told is left out, and nothing is made up of
//! what it knows from elsewhere, be it the directory of the other node.

use schemas::contract::cc::{
    CallEventAttributeNames as OfCall, CallEventMsg, CallEventType as Type, CallState, Device,
    DeviceAttributeNames as Of, DeviceName, DeviceType, EventCauseType as Why,
};
use serde_json::{Value, json};

use crate::common::app::{App, attribute, global_call_id};
use crate::common::cluster::{Gateway, Node, own_address};
use crate::common::eventually;
use crate::common::rest::RestClient;

fn of(device: &Device, name: Of) -> Option<&str> {
    device.device_attribute.iter().find(|a| a.attribute_name == Some(name))?.attribute_value.as_deref()
}

/// Number, name, and whether each of them is private.
type Said<'a> = (Option<&'a str>, Option<&'a str>, bool, bool);

fn said(device: &Device) -> Said<'_> {
    let private = |name| of(device, name).expect("privacy is always told") == "true";
    (of(device, Of::Number), of(device, Of::Name), private(Of::NumberPrivacy), private(Of::NamePrivacy))
}

/// What is said of everybody but the monitored phone itself.
fn others<'a>(event: &'a CallEventMsg, own: &str) -> Vec<(DeviceName, Said<'a>)> {
    let others = event.device.iter().filter(|d| of(d, Of::Number) != Some(own));
    others.map(|d| (d.device_name.expect("a role"), said(d))).collect()
}

const HIDDEN: Said<'_> = (None, None, true, true);

struct Scene {
    nodes: [Node; 2],
    _gateway: Gateway,
    app: App,
    rest: RestClient,
    /// 1000 and 2001.
    objects: [i64; 2],
}

impl Scene {
    /// Node 1 withholds something from node 2.
    async fn withholding(what: &[&str]) -> Self {
        let options: Vec<&str> = what.iter().flat_map(|what| ["--withhold", what]).collect();
        let first = Node::start_as(1, "server-first", own_address(), &[], &options).await;
        let second = Node::start_with(2, "server-first", &[&first]).await;
        let gateway = Gateway::start(&[&first, &second]).await;
        let (app, rest) = (App::login(&gateway.url).await, RestClient::login(&gateway.url).await);
        eventually("the nodes are linked", async || first.hands.truth().await.partners.contains(&2).then_some(()))
            .await;
        let [one, two] = [first.address.to_string(), second.address.to_string()];
        let objects = [app.watch(&one, "1000").await, app.watch(&two, "2001").await];
        Self { nodes: [first, second], _gateway: gateway, app, rest, objects }
    }

    async fn status_in_json(&self, object: i64) -> String {
        self.rest.call("monitorObject", json!({ "objectId": object.to_string() })).await.accepted();
        let status = self.rest.call("getCallStatus", json!({ "objectId": object.to_string() })).await.accepted();
        assert_eq!(status["callEvent"]["callState"], "ESTABLISHED");
        let first = self.rest.call("getEvent", json!({ "timeout": 30_000 })).await.accepted();
        assert_eq!(first["callEvent"]["type"], "MONITOR_SET");
        Value::Array(vec![status["callEvent"].clone(), first["callEvent"].clone()]).to_string()
    }

    /// A call from 1000 to 2001, held and ended by the caller: what the called phone heard of it.
    async fn heard_by_the_called(&self) -> Vec<CallEventMsg> {
        let (app, [a, b]) = (&self.app, self.objects);
        app.make(a, "2001").await.expect("makeCall is accepted");
        let leg = app.hear(a, Type::CallOriginated, Why::NewCallInvoked).await;
        assert_eq!(attribute(&leg, OfCall::DialedDigits).as_deref(), Some("2001"));
        let rings = app.hear(b, Type::CallReceived, Why::NewCall).await;
        app.hear(a, Type::CallDelivered, Why::Delivered).await;
        app.answer(b, rings.local_call_id).await.expect("answerCall is accepted");
        let talks = app.hear(b, Type::CallEstablished, Why::AnsweredInvoked).await;
        let caller = app.hear(a, Type::CallEstablished, Why::Answered).await;
        // The other direction is whole: node 2 passes on what it has.
        let called = ("2001", "Fischer & Sohn, Werkstatt");
        assert!(others(&caller, "1000").iter().all(|(_, who)| *who == (Some(called.0), Some(called.1), false, false)));
        assert_eq!(global_call_id(&caller), global_call_id(&talks));
        app.hold(a, leg.local_call_id).await.expect("holdCall is accepted");
        app.hear(a, Type::CallHeld, Why::HardHoldInvoked).await;
        let held = app.hear(b, Type::CallHeld, Why::HardHold).await;
        app.retrieve(a, leg.local_call_id).await.expect("retrieveCall is accepted");
        app.hear(a, Type::CallRetrieved, Why::RetrieveInvoked).await;
        let back = app.hear(b, Type::CallRetrieved, Why::Retrieve).await;
        let status = app.status(b).await;
        assert_eq!(status.call_state, Some(CallState::Established));
        app.clear(a, leg.local_call_id).await.expect("clearCall is accepted");
        app.hear(a, Type::CallClear, Why::ClearInvoked).await;
        let over = app.hear(b, Type::CallClear, Why::OtherDeviceCleared).await;
        app.heard_everything().await;
        vec![rings, talks, held, back, status, over]
    }

    /// Another session begins to watch in the middle of a call, and asks for its state, in JSON.
    async fn seen_in_the_middle(&self) -> String {
        let (app, [a, b]) = (&self.app, self.objects);
        let (leg, _) = app.connect(a, b, "2001").await;
        let told = self.status_in_json(b).await;
        app.clear(a, leg).await.expect("clearCall is accepted");
        app.hear(a, Type::CallClear, Why::ClearInvoked).await;
        app.hear(b, Type::CallClear, Why::OtherDeviceCleared).await;
        told
    }

    async fn nothing_is_broken(&self) {
        for node in &self.nodes {
            let truth = node.hands.truth().await;
            assert!(truth.broken == 0 && truth.phones.is_empty(), "{:?}", truth.phones);
        }
    }
}

#[tokio::test]
async fn a_name_that_is_not_passed_on_is_not_taken_from_the_directory() {
    let scene = Scene::withholding(&["names"]).await;
    for event in scene.heard_by_the_called().await {
        let told = others(&event, "2001");
        assert!(!told.is_empty(), "{event:?}");
        for (role, who) in told {
            assert_eq!(who, (Some("1000"), None, false, false), "{role:?} in {event:?}");
        }
        let own: Vec<_> = event.device.iter().filter(|d| of(d, Of::Number) == Some("2001")).collect();
        assert!(own.iter().all(|d| of(d, Of::Name) == Some("Fischer & Sohn, Werkstatt")), "{event:?}");
    }
    let told = scene.seen_in_the_middle().await;
    assert!(told.contains("\"1000\"") && told.contains("Fischer & Sohn") && !told.contains("Archer"), "{told}");
    scene.nothing_is_broken().await;
}

#[tokio::test]
async fn a_number_that_is_not_to_be_shown_is_in_nothing_that_is_told() {
    for what in [&["numbers"][..], &["numbers", "names"]] {
        let scene = Scene::withholding(what).await;
        for event in scene.heard_by_the_called().await {
            for (role, who) in others(&event, "2001") {
                assert_eq!(who, HIDDEN, "{role:?} in {event:?}");
            }
            let hidden = event.device.iter().find(|d| of(d, Of::Number).is_none()).expect("somebody is hidden");
            assert_eq!(of(hidden, Of::DeviceType), None, "what it is would say where it is: {event:?}");
            assert!(!format!("{event:?}").contains("1000\""), "{event:?}");
        }
        let told = scene.seen_in_the_middle().await;
        assert!(told.contains("2001") && !told.contains("\"1000\"") && !told.contains("Archer"), "{told}");
        scene.nothing_is_broken().await;
    }
}

/// Transferred and conferenced: the third party is told no more than the node said.
#[tokio::test]
async fn who_joins_from_a_node_that_withholds_stays_hidden() {
    let scene = Scene::withholding(&["numbers"]).await;
    let (app, [a, b]) = (&scene.app, scene.objects);
    let c = app.watch(&scene.nodes[0].address.to_string(), "1001").await;
    // 1000 calls 2001 and transfers it to 1001, all of node 1.
    let (first, _) = app.connect(a, b, "2001").await;
    let (_, ringing) = app.consultation([a, b, c], first, "1001").await;
    app.transfer(a, first).await.expect("transferCall is accepted");
    app.hear_each([(a, Type::CallTransferred, Why::TransferInvoked), (a, Type::CallClear, Why::ClearInvoked)]).await;
    let here = app.hear(c, Type::CallTransferred, Why::SupervisedTransfer).await;
    let there = app.hear(b, Type::CallTransferred, Why::SupervisedTransfer).await;
    // At node 1 itself everybody is known; at node 2 the two of node 1 are not.
    let controller = here.device.iter().find(|d| d.device_name == Some(DeviceName::TransferControllerDevice));
    let controller = controller.expect("who transferred");
    assert_eq!(said(controller), (Some("1000"), Some("Archer, Maya"), false, false));
    let kind = of(controller, Of::DeviceType);
    assert_eq!(kind, Some(DeviceType::VoiceSetPrime.as_str()));
    let told = others(&there, "2001");
    assert_eq!(told.len(), 2, "{there:?}");
    assert!(told.iter().all(|(_, who)| *who == HIDDEN), "{there:?}");
    app.clear(c, ringing).await.expect("clearCall is accepted");
    app.hear(c, Type::CallClear, Why::ClearInvoked).await;
    app.hear(b, Type::CallClear, Why::OtherDeviceCleared).await;
    scene.nothing_is_broken().await;
}

/// Hidden members of a conference are members, and one of them that leaves is not the end of it.
#[tokio::test]
async fn hidden_members_of_a_conference_come_and_go() {
    let scene = Scene::withholding(&["numbers"]).await;
    let (app, [a, b]) = (&scene.app, scene.objects);
    let c = app.watch(&scene.nodes[0].address.to_string(), "1001").await;
    let (first, theirs) = app.connect(a, b, "2001").await;
    let (second, ringing) = app.consultation([a, b, c], first, "1001").await;
    app.conference(a, second).await.expect("conferenceCall is accepted");
    app.hear_each([(a, Type::CallConferenced, Why::ConferenceInvoked), (a, Type::CallClear, Why::ClearInvoked)]).await;
    app.hear(c, Type::CallConferenced, Why::Conferenced).await;
    let event = app.hear(b, Type::CallConferenced, Why::Conferenced).await;
    let members: Vec<_> = event.party.iter().map(|m| (m.member_num.as_deref(), m.member_name.as_deref())).collect();
    assert_eq!(members.iter().filter(|m| **m == (None, None)).count(), 2, "{event:?}");
    assert!(members.contains(&(Some("2001"), Some("Fischer & Sohn, Werkstatt"))) && members.len() == 3, "{event:?}");
    let hidden = event.party.iter().filter(|m| m.member_num.is_none());
    assert!(hidden.into_iter().all(|m| m.number_privacy && m.name_privacy && m.device_type.is_none()), "{event:?}");

    app.clear(c, ringing).await.expect("clearCall is accepted");
    app.hear(c, Type::CallClear, Why::ClearInvoked).await;
    app.hear(a, Type::DeviceDropped, Why::OtherDeviceDropped).await;
    let event = app.hear(b, Type::DeviceDropped, Why::OtherDeviceDropped).await;
    assert_eq!((event.local_call_id, event.call_state), (theirs, Some(CallState::Established)));
    assert!(others(&event, "2001").iter().all(|(_, who)| *who == HIDDEN), "{event:?}");
    app.clear(b, theirs).await.expect("clearCall is accepted");
    app.hear(b, Type::CallClear, Why::ClearInvoked).await;
    app.hear(a, Type::CallClear, Why::OtherDeviceCleared).await;
    app.heard_everything().await;
    scene.nothing_is_broken().await;
}
