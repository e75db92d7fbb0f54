//! Nodes as processes of their own, that die, break, refuse and return; and calls across them.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::join_all;
use oig::sim::listen::{self, Addresses};
use oig::sim::node::Env;
use oig::sim::plan::Plan;
use oig::sim::truth::TruthState;
use schemas::contract::cc::{
    CallEventType as Type, CallState, ConnectionState, EventCauseType as Why, SystemEventType,
};
use schemas::domain::Ceid;
use serde_json::json;

use crate::common::app::{App, Heard, NO_ANSWER, global_call_id};
use crate::common::cluster::{Gateway, Lab, Node, With, own_address};
use crate::common::hands::Hands;
use crate::common::{eventually, within};

const NOT_CONNECTED: &str = "The node is not connected.";

/// The link to the node of these objects is lost: first that, then each object.
pub async fn hear_loss(app: &App, icp: i64, objects: &[i64]) {
    let mut left = objects.to_vec();
    let first = app.next().await;
    let Heard::System(system) = &first else { panic!("the system event comes first, not {first:?}") };
    assert_eq!(system.event_type, Some(SystemEventType::IcpCommunicationEvent));
    assert_eq!((system.connection_state, system.icp_id), (Some(ConnectionState::ConnectionFailure), icp));
    while !left.is_empty() {
        let heard = app.next().await;
        let Heard::Call(event) = &heard else { panic!("instead of OUT_OF_SERVICE came {heard:?}") };
        let told = (event.kind, event.cause, event.call_state, event.local_call_id);
        assert_eq!(
            told,
            (Some(Type::OutOfService), Some(Why::ControllerCommsFailed), Some(CallState::OutOfService), 0)
        );
        let at = left.iter().position(|object| *object == event.object_id);
        left.swap_remove(at.unwrap_or_else(|| panic!("{} is told twice or not watched", event.object_id)));
    }
}

/// The node is back: first that, then each object in this state; gives the legs.
pub async fn hear_return(app: &App, icp: i64, objects: &[i64], state: CallState) -> Vec<i64> {
    let system = app.hear_system(SystemEventType::IcpCommunicationEvent, Some(ConnectionState::Connected)).await;
    assert_eq!(system.icp_id, icp);
    let mut legs = Vec::new();
    for object in objects {
        let set = app.hear(*object, Type::MonitorSet, Why::ControllerCommsRestored).await;
        assert_eq!(set.call_state, Some(state), "{set:?}");
        legs.push(set.local_call_id);
    }
    legs
}

async fn a_node_dies_and_returns(association: &'static str) {
    let mut node = Node::start_with(1, association, &[]).await;
    let gateway = Gateway::start(&[&node]).await;
    let app = App::login(&gateway.url).await;
    let address = node.address.to_string();
    let icp = app.icp(&address).await;
    let (caller, callee) = (app.watch(&address, "1000").await, app.watch(&address, "1001").await);
    let (ours, theirs) = app.connect(caller, callee, "1001").await;

    node.process.kill();
    hear_loss(&app, icp, &[caller, callee]).await;
    app.heard_everything().await;
    assert_eq!(app.hold(caller, ours).await, Err(NOT_CONNECTED.into()));
    assert_eq!(app.make(caller, "1001").await, Err(NOT_CONNECTED.into()));
    assert_eq!(app.status(caller).await.call_state, Some(CallState::Unavailable));

    node.restart().await;
    // The process that came back has forgotten the call: it is over.
    hear_return(&app, icp, &[caller, callee], CallState::Idle).await;
    for (object, leg) in [(caller, ours), (callee, theirs)] {
        assert_eq!(app.hear(object, Type::CallClear, Why::OtherDeviceCleared).await.local_call_id, leg);
    }
    let (new, theirs) = app.connect(caller, callee, "1001").await;
    assert_ne!(new, ours, "a leg's id is never used again");
    app.clear(callee, theirs).await.expect("clearCall is accepted");
    app.hear(callee, Type::CallClear, Why::ClearInvoked).await;
    app.hear(caller, Type::CallClear, Why::OtherDeviceCleared).await;
    app.heard_everything().await;
}

#[tokio::test]
async fn a_node_that_is_killed_and_returns_is_told_and_its_monitors_stand_again() {
    a_node_dies_and_returns("server-first").await;
}

#[tokio::test]
async fn the_same_is_true_of_a_node_with_application_sessions() {
    a_node_dies_and_returns("session").await;
}

#[tokio::test]
async fn the_same_is_true_of_a_node_that_waits_for_a_request() {
    a_node_dies_and_returns("none").await;
}

#[tokio::test]
async fn a_monitor_set_while_its_node_is_down_stands_when_the_node_comes() {
    let mut node = Node::start(1).await;
    node.process.kill();
    let gateway = Gateway::start(&[&node]).await;
    let app = App::login(&gateway.url).await;
    // The directory is not known: the number is believed for now.
    let object = app.phone_id(1, "1000").await.expect("an id is given");
    let unknown = app.phone_id(1, "1777").await.expect("an id is given");
    for object in [object, unknown] {
        app.monitor_object(object).await.expect("the monitor is accepted");
        let set = app.hear(object, Type::MonitorSet, Why::MonitorSet).await;
        assert_eq!(set.call_state, Some(CallState::Unavailable));
        app.hear(object, Type::OutOfService, Why::ControllerCommsFailed).await;
    }
    node.restart().await;
    hear_return(&app, 1, &[object], CallState::Idle).await;
    let failed = app.hear(unknown, Type::MonitorFailedEvent, Why::DestinationUnavailable).await;
    assert_eq!(failed.call_state, Some(CallState::Unavailable));
    app.heard_everything().await;
}

#[tokio::test]
async fn calls_outlive_a_broken_link_and_keep_their_legs() {
    let node = Node::start(1).await;
    let gateway = Gateway::start(&[&node]).await;
    let app = App::login(&gateway.url).await;
    let address = node.address.to_string();
    let icp = app.icp(&address).await;
    let both = [app.watch(&address, "1000").await, app.watch(&address, "1001").await];
    let (ours, theirs) = app.connect(both[0], both[1], "1001").await;
    for (kind, body) in [
        ("link", json!({"mode": "close", "for_ms": 300})),
        ("link", json!({"mode": "reset"})),
        ("restart", json!({"down_ms": 300})),
    ] {
        node.hands.fault(kind, body).await;
        hear_loss(&app, icp, &both).await;
        let legs = hear_return(&app, icp, &both, CallState::Established).await;
        assert_eq!(legs, [ours, theirs], "the legs keep their ids");
        app.heard_everything().await;
    }
    // What is only refused to newcomers does not disturb who is there.
    node.hands.fault("link", json!({"mode": "refuse", "for_ms": 60_000})).await;
    app.hold(both[0], ours).await.expect("holdCall is accepted");
    app.hear(both[0], Type::CallHeld, Why::HardHoldInvoked).await;
    app.hear(both[1], Type::CallHeld, Why::HardHold).await;
    // What happens while the link is down is told after its return.
    node.hands.fault("link", json!({"mode": "close", "for_ms": 60_000})).await;
    hear_loss(&app, icp, &both).await;
    node.hands.does("1001", "hangup").await;
    assert!(node.hands.truth().await.phones.is_empty());
    node.hands.heal().await;
    hear_return(&app, icp, &both, CallState::Idle).await;
    for (object, leg) in [(both[0], ours), (both[1], theirs)] {
        assert_eq!(app.hear(object, Type::CallClear, Why::OtherDeviceCleared).await.local_call_id, leg);
    }
    // Without power nothing outlives.
    let (ours, _) = app.connect(both[0], both[1], "1001").await;
    node.hands.fault("power", json!({"down_ms": 300})).await;
    hear_loss(&app, icp, &both).await;
    hear_return(&app, icp, &both, CallState::Idle).await;
    assert_eq!(app.hear(both[0], Type::CallClear, Why::OtherDeviceCleared).await.local_call_id, ours);
    app.hear(both[1], Type::CallClear, Why::OtherDeviceCleared).await;
    app.heard_everything().await;
}

#[tokio::test]
async fn a_node_that_falls_silent_is_lost_by_its_heartbeat() {
    let node = Node::start(1).await;
    let gateway = Gateway::start(&[&node]).await;
    let app = App::login(&gateway.url).await;
    let address = node.address.to_string();
    let icp = app.icp(&address).await;
    let object = app.watch(&address, "1000").await;
    node.hands.fault("link", json!({"mode": "mute", "for_ms": 120_000})).await;
    hear_loss(&app, icp, &[object]).await;
    node.hands.heal().await;
    hear_return(&app, icp, &[object], CallState::Idle).await;
    app.make(object, "1001").await.expect("makeCall is accepted");
    app.hear(object, Type::CallOriginated, Why::NewCallInvoked).await;
    app.hear(object, Type::CallDelivered, Why::Delivered).await;
    app.heard_everything().await;
}

#[tokio::test]
async fn answers_that_are_late_doubled_or_never_come_do_not_confuse() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let hands = lab.hands(1);
    let (caller, callee) = (app.watch(&lab.address(1), "1000").await, app.watch(&lab.address(1), "1001").await);
    for body in [json!({"twice": true}), json!({"delay_ms": 400})] {
        hands.fault("answer", body).await;
        let (ours, _) = app.connect(caller, callee, "1001").await;
        app.clear(caller, ours).await.expect("clearCall is accepted");
        app.hear(caller, Type::CallClear, Why::ClearInvoked).await;
        app.hear(callee, Type::CallClear, Why::OtherDeviceCleared).await;
        app.heard_everything().await;
        hands.heal().await;
    }
    // The node does it and does not say so: the outcome is not known, and events tell it.
    hands.fault("answer", json!({"service": "MakeCall", "never": true})).await;
    assert_eq!(app.make(caller, "1001").await, Err(NO_ANSWER.into()));
    let ours = app.hear(caller, Type::CallOriginated, Why::NewCallInvoked).await.local_call_id;
    app.hear(caller, Type::CallDelivered, Why::Delivered).await;
    app.hear(callee, Type::CallReceived, Why::NewCall).await;
    app.until(caller, CallState::Delivered).await;
    // An answer after the deadline is nobody's.
    hands.heal().await;
    hands.fault("answer", json!({"service": "ClearConnection", "delay_ms": 6_000})).await;
    assert_eq!(app.clear(caller, ours).await, Err(NO_ANSWER.into()));
    app.hear(caller, Type::CallClear, Why::ClearInvoked).await;
    app.hear(callee, Type::CallClear, Why::OtherDeviceCleared).await;
    hands.heal().await;
    let (ours, _) = app.connect(caller, callee, "1001").await;
    app.clear(caller, ours).await.expect("clearCall is accepted");
    app.hear(caller, Type::CallClear, Why::ClearInvoked).await;
    app.hear(callee, Type::CallClear, Why::OtherDeviceCleared).await;
    app.heard_everything().await;
}

/// Until the snapshots of an object that has a call: the first comes within a minute of its
/// monitor, and repairs what a lost event left.
const AUDITED: Duration = Duration::from_secs(130);

#[tokio::test]
async fn events_that_are_lost_doubled_or_garbled_leave_no_untruth_behind() {
    const EVENTS: [&str; 7] =
        ["ServiceInitiated", "Originated", "Delivered", "Established", "Held", "Retrieved", "ConnectionCleared"];
    let mut lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    // A group's number is called, too: as long as nobody else is there it rings as any other.
    lab.hands(1).does_with("1015", "presence", json!({ "group": "1005", "on": false })).await;
    let mut pairs = Vec::new();
    let cases = EVENTS.iter().flat_map(|event| ["drop", "double", "garble"].map(|deed| (*event, deed)));
    for ((event, deed), pair) in cases.zip(0..) {
        let node = 1 + pair / 9;
        let [caller, callee] = [0, 1].map(|n| (node * 1000 + 2 * (pair % 9) + n).to_string());
        let address = lab.address(node);
        let objects = [app.monitor(&address, &caller).await, app.monitor(&address, &callee).await];
        pairs.push((event, deed, node, caller, callee, objects));
    }
    let is = async |objects: &[i64; 2], states: [CallState; 2]| {
        for (object, state) in objects.iter().zip(states) {
            app.until(*object, state).await;
        }
    };
    for (event, deed, node, caller, callee, objects) in &pairs {
        is(objects, [CallState::Idle; 2]).await;
        let hands = lab.hands(*node);
        hands.fault("frame", json!({"event": event, "do": deed})).await;
        hands.does_with(caller, "dial", json!({"number": callee})).await;
        hands.does(callee, "answer").await;
        hands.does(caller, "hold").await;
        hands.does(caller, "retrieve").await;
        if !matches!(*event, "Retrieved" | "ConnectionCleared") {
            is(objects, [CallState::Established; 2]).await;
        }
        hands.does(caller, "hangup").await;
        hands.until(callee, &[]).await;
        hands.heal().await;
        app.forget().await;
    }
    let idle = pairs.iter().map(|(event, deed, .., objects)| {
        let app = &app;
        async move {
            for object in objects {
                within(AUDITED, &format!("{object} is idle after {event} {deed}"), async || {
                    (app.status(*object).await.call_state == Some(CallState::Idle)).then_some(())
                })
                .await;
            }
        }
    });
    join_all(idle).await;
    assert!(lab.process.lives());
    // Nothing is left that would disturb the next call.
    app.forget().await;
    for (.., callee, [caller, called]) in &pairs {
        let (leg, _) = app.connect(*caller, *called, callee).await;
        app.clear(*caller, leg).await.expect("clearCall is accepted");
        app.hear(*caller, Type::CallClear, Why::ClearInvoked).await;
        app.hear(*called, Type::CallClear, Why::OtherDeviceCleared).await;
    }
    app.heard_everything().await;
}

#[tokio::test]
async fn a_call_across_two_node_processes_keeps_its_global_call_id() {
    let one = Node::start(1).await;
    let mut two = Node::start_with(2, "server-first", &[&one]).await;
    let gateway = Gateway::start(&[&one, &two]).await;
    let app = App::login(&gateway.url).await;
    let (here, there) = (one.address.to_string(), two.address.to_string());
    let (caller, callee) = (app.watch(&here, "1000").await, app.watch(&there, "2000").await);
    eventually("the nodes see each other", async || one.hands.truth().await.partners.contains(&2).then_some(())).await;

    app.make(caller, "2000").await.expect("makeCall is accepted");
    let originated = app.hear(caller, Type::CallOriginated, Why::NewCallInvoked).await;
    let gcid = global_call_id(&originated);
    assert!(gcid.starts_with("A001") && gcid.len() == 8, "{gcid}");
    let ours = originated.local_call_id;
    let delivered = app.hear(caller, Type::CallDelivered, Why::Delivered).await;
    let received = app.hear(callee, Type::CallReceived, Why::NewCall).await;
    let theirs = received.local_call_id;
    app.answer(callee, theirs).await.expect("answerCall is accepted");
    let mut events = vec![delivered, received];
    events.push(app.hear(callee, Type::CallEstablished, Why::AnsweredInvoked).await);
    events.push(app.hear(caller, Type::CallEstablished, Why::Answered).await);
    app.hold(callee, theirs).await.expect("holdCall is accepted");
    events.push(app.hear(callee, Type::CallHeld, Why::HardHoldInvoked).await);
    events.push(app.hear(caller, Type::CallHeld, Why::HardHold).await);
    app.retrieve(callee, theirs).await.expect("retrieveCall is accepted");
    events.push(app.hear(callee, Type::CallRetrieved, Why::RetrieveInvoked).await);
    events.push(app.hear(caller, Type::CallRetrieved, Why::Retrieve).await);
    app.clear(caller, ours).await.expect("clearCall is accepted");
    events.push(app.hear(caller, Type::CallClear, Why::ClearInvoked).await);
    events.push(app.hear(callee, Type::CallClear, Why::OtherDeviceCleared).await);
    for event in &events {
        assert_eq!(global_call_id(event), gcid, "{event:?}");
        let leg = if event.object_id == caller { ours } else { theirs };
        assert_eq!(event.local_call_id, leg, "{event:?}");
    }
    app.heard_everything().await;

    // The other node dies in the middle of a call: its phone is out of service, ours is left.
    let (ours, _) = app.connect(caller, callee, "2000").await;
    two.process.kill();
    app.hear_system(SystemEventType::IcpCommunicationEvent, Some(ConnectionState::ConnectionFailure)).await;
    app.hear(callee, Type::OutOfService, Why::ControllerCommsFailed).await;
    let left = app.hear(caller, Type::CallClear, Why::OtherDeviceCleared).await;
    assert_eq!(left.local_call_id, ours);
    assert!(one.hands.states("1000").await.is_empty());
    app.make(caller, "2000").await.expect("makeCall is accepted");
    app.hear(caller, Type::CallOriginated, Why::NewCallInvoked).await;
    app.hear(caller, Type::CallFailed, Why::DestinationNotObtainable).await;
    app.heard_everything().await;
}

#[tokio::test]
async fn classes_of_service_gate_monitoring_and_control() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let icp = app.icp(&lab.address(1)).await;
    let secret = app.phone_id(icp, "1018").await.expect("the node has the phone");
    app.monitor_object(secret).await.expect("accepted; the event tells");
    let failed = app.hear(secret, Type::MonitorFailedEvent, Why::PrivilegeViolation).await;
    assert_eq!((failed.call_state, failed.local_call_id), (Some(CallState::Unavailable), 0));
    assert_eq!(app.status(secret).await.kind, Some(Type::MonitorFailedEvent));

    let kept = app.watch(&lab.address(1), "1019").await;
    let caller = app.watch(&lab.address(1), "1000").await;
    let gated = Err("Class of service does not allow it.".to_owned());
    assert_eq!(app.make(kept, "1000").await, gated);
    app.make(caller, "1019").await.expect("makeCall is accepted");
    let leg = app.hear(kept, Type::CallReceived, Why::NewCall).await.local_call_id;
    assert_eq!(app.answer(kept, leg).await, gated);
    lab.hands(1).does("1019", "answer").await;
    app.hear(kept, Type::CallEstablished, Why::AnsweredInvoked).await;
    assert_eq!(app.hold(kept, leg).await, gated);
    assert_eq!(app.clear(kept, leg).await, gated);
    assert_eq!(app.status(kept).await.call_state, Some(CallState::Established));
    // What is not monitored may be called all the same.
    lab.hands(1).does("1019", "hangup").await;
    app.hear(kept, Type::CallClear, Why::ClearInvoked).await;
    app.forget().await;
    app.make(caller, "1018").await.expect("makeCall is accepted");
    app.hear(caller, Type::CallOriginated, Why::NewCallInvoked).await;
    app.hear(caller, Type::CallDelivered, Why::Delivered).await;
    app.heard_everything().await;
}

#[actix_web::test]
async fn calls_that_cannot_be_completed_fail_with_their_cause() {
    // A node of this process, with less patience than the lab's.
    let mut plan = Plan::lab(Ceid::new(1).expect("a node's number"));
    plan.no_answer_ms = 700;
    let at: IpAddr = own_address();
    let node = listen::run(plan, Addresses::on(at, [0; 4]), Vec::new(), Env::system()).await.expect("ports are free");
    let hands = Hands::new(&format!("http://{}", node.addresses().hands));
    let csta_port = node.addresses().csta.port();
    let gateway = Gateway::start_at(&[(1, at, csta_port, "server-first")], With::default()).await;
    let app = App::login(&gateway.url).await;
    let caller = app.watch(&at.to_string(), "1000").await;
    hands.does("1002", "offhook").await;
    hands.does_with("1003", "dnd", json!({"on": true})).await;
    for (number, rings, cause) in [
        ("1002", false, Why::DestinationBusy),
        ("1003", false, Why::DestinationDoNotDisturb),
        ("1099", false, Why::NoSuchNumber),
        ("55", false, Why::NoSuchNumber),
        ("*#1", false, Why::NoSuchNumber),
        ("2000", false, Why::DestinationNotObtainable),
        ("1004", true, Why::NoAnswer),
    ] {
        app.make(caller, number).await.expect("makeCall is accepted");
        let leg = app.hear(caller, Type::CallOriginated, Why::NewCallInvoked).await.local_call_id;
        if rings {
            app.hear(caller, Type::CallDelivered, Why::Delivered).await;
        }
        let failed = app.hear(caller, Type::CallFailed, cause).await;
        assert_eq!((failed.call_state, failed.local_call_id), (Some(CallState::Failed), leg), "{number}");
        assert_eq!(app.status(caller).await.call_state, Some(CallState::Failed));
        app.clear(caller, leg).await.expect("a failed call is cleared");
        app.hear(caller, Type::CallClear, Why::ClearInvoked).await;
        app.heard_everything().await;
    }
    hands.until("1000", &[]).await;
    drop(gateway);
    node.stop().await;
}

#[tokio::test]
async fn hands_and_commands_act_on_the_same_calls() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let hands = lab.hands(1);
    let (caller, callee) = (app.watch(&lab.address(1), "1000").await, app.watch(&lab.address(1), "1001").await);
    // Dialled by a person, key by key.
    hands.does("1000", "offhook").await;
    hands.until("1000", &[TruthState::Initiated]).await;
    app.heard_everything().await;
    hands.does_with("1000", "digits", json!({"number": "10"})).await;
    hands.does_with("1000", "digits", json!({"number": "01"})).await;
    let ours = app.hear(caller, Type::CallOriginated, Why::NewCallInvoked).await.local_call_id;
    app.hear(caller, Type::CallDelivered, Why::Delivered).await;
    let theirs = app.hear(callee, Type::CallReceived, Why::NewCall).await.local_call_id;
    app.answer(callee, theirs).await.expect("answerCall is accepted");
    app.hear(callee, Type::CallEstablished, Why::AnsweredInvoked).await;
    app.hear(caller, Type::CallEstablished, Why::Answered).await;
    // Held by a person, retrieved by a command; and the other way round.
    hands.does("1001", "hold").await;
    app.hear(callee, Type::CallHeld, Why::HardHoldInvoked).await;
    app.hear(caller, Type::CallHeld, Why::HardHold).await;
    app.retrieve(callee, theirs).await.expect("retrieveCall is accepted");
    app.hear(callee, Type::CallRetrieved, Why::RetrieveInvoked).await;
    app.hear(caller, Type::CallRetrieved, Why::Retrieve).await;
    app.hold(caller, ours).await.expect("holdCall is accepted");
    app.hear(caller, Type::CallHeld, Why::HardHoldInvoked).await;
    app.hear(callee, Type::CallHeld, Why::HardHold).await;
    hands.does("1000", "retrieve").await;
    app.hear(caller, Type::CallRetrieved, Why::RetrieveInvoked).await;
    app.hear(callee, Type::CallRetrieved, Why::Retrieve).await;

    // The other buttons of the set are lines of their own.
    hands.does_with("1000", "dial", json!({"line": 2, "number": "1002"})).await;
    hands.does("1002", "answer").await;
    hands.until("1000", &[TruthState::Connected, TruthState::Connected]).await;
    assert_eq!(app.status(caller).await.local_call_id, ours);
    hands.does_with("1000", "hangup", json!({"line": 2})).await;
    hands.until("1000", &[TruthState::Connected]).await;
    app.heard_everything().await;

    hands.does("1000", "hangup").await;
    app.hear(caller, Type::CallClear, Why::ClearInvoked).await;
    app.hear(callee, Type::CallClear, Why::OtherDeviceCleared).await;
    app.heard_everything().await;
}

#[tokio::test]
async fn two_gateways_watch_one_node_and_neither_disturbs_the_other() {
    let node = Node::start(1).await;
    let (one, other) = (Gateway::start(&[&node]).await, Gateway::start(&[&node]).await);
    let (a, b) = (App::login(&one.url).await, App::login(&other.url).await);
    let address = node.address.to_string();
    let object = a.watch(&address, "1000").await;
    assert_eq!(b.watch(&address, "1000").await, object, "ids are the same at every gateway");
    a.make(object, "1001").await.expect("makeCall is accepted");
    let mut told = Vec::new();
    for app in [&a, &b] {
        let event = app.hear(object, Type::CallOriginated, Why::NewCallInvoked).await;
        told.push((global_call_id(&event), event.local_call_id));
        app.hear(object, Type::CallDelivered, Why::Delivered).await;
    }
    assert_eq!(told[0].0, told[1].0, "a call has one Global Call ID");
    drop(one);
    b.clear(object, told[1].1).await.expect("clearCall is accepted");
    b.hear(object, Type::CallClear, Why::ClearInvoked).await;
    b.heard_everything().await;
}
