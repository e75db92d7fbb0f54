//! Resilient phones while their nodes come and go: what applications hear, what they can do, and what getResilientStatus
//! tells.

use oig::sim::truth::TruthState;
use schemas::contract::cc::{
    CallEventAttributeNames as Attribute, CallEventMsg, CallEventType as Type, CallState, ConnectionState,
    EventCauseType as Why, FeaturesAllowed, SystemEventType,
};
use schemas::contract::ops_call_control_standard::GetResilientStatus;
use schemas::contract::std::ResilientStatusResult;
use serde_json::json;

use crate::common::app::{App, attribute, global_call_id};
use crate::common::cluster::{Gateway, Lab, Node, With};
use crate::common::eventually;
use crate::common::rest::RestClient;

impl App {
    async fn resilient(&self, object_id: i64) -> ResilientStatusResult {
        self.call(&GetResilientStatus { session_id: self.session_id, object_id }).await
    }
}

#[tokio::test]
async fn a_phone_of_the_lab_is_at_home_at_two_nodes_or_at_one() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    app.icp(&lab.address(2)).await;
    let object = app.watch(&lab.address(1), "1000").await;
    let told = app.resilient(object).await;
    let expected = ResilientStatusResult {
        error_description: None,
        primary_icp_address: Some(lab.address(1)),
        primary_connection_state: Some(ConnectionState::Connected),
        secondary_icp_address: Some(lab.address(2)),
        secondary_connection_state: Some(ConnectionState::Connected),
        call_state_primary: Some(CallState::Idle),
        call_state_secondary: None,
        result: true,
        is_resilient: true,
        primary_icp_id: 1,
        secondary_icp_id: 2,
        active_icp_id: 1,
    };
    assert_eq!(told, expected);

    // One that is not resilient, and that nobody monitors.
    let plain = app.phone_id(1, "1010").await.expect("the node has the phone");
    let told = app.resilient(plain).await;
    assert_eq!((told.is_resilient, told.primary_icp_id, told.secondary_icp_id), (false, 1, 0));
    assert_eq!((told.secondary_icp_address, told.secondary_connection_state), (None, None));
    assert_eq!((told.active_icp_id, told.call_state_primary), (1, None));
    let refused = app.resilient(-1).await;
    assert_eq!(refused.error_description.as_deref(), Some("The object is not an object of this gateway."));

    let rest = RestClient::login(&lab.url).await;
    let told = rest.call("getResilientStatus", json!({ "objectId": object.to_string() })).await.accepted();
    let ids = (&told["primaryIcpId"], &told["secondaryIcpId"], &told["activeIcpId"]);
    assert_eq!(ids, (&json!("1"), &json!("2"), &json!("1")));
    rest.call("getResilientStatus", json!({ "objectId": 1 }))
        .await
        .refused(404, "The object is not an object of this gateway.");
}

#[tokio::test]
async fn what_the_primary_said_last_counts_while_it_is_down() {
    let mut node = Node::start(1).await;
    let gateway = Gateway::start(&[&node]).await;
    let app = App::login(&gateway.url).await;
    let object = app.watch(&node.address.to_string(), "1000").await;
    let unasked = app.phone_id(1, "1001").await.expect("the node has the phone");
    assert_eq!(app.resilient(object).await.active_icp_id, 1);

    node.process.kill();
    app.hear(object, Type::OutOfService, Why::ControllerCommsFailed).await;
    let told = app.resilient(object).await;
    assert!(told.result && told.is_resilient, "{told:?}");
    assert_ne!(told.primary_connection_state, Some(ConnectionState::Connected));
    assert_eq!((told.primary_icp_id, told.secondary_icp_id, told.active_icp_id), (1, 2, 0));
    assert_eq!(told.call_state_primary, Some(CallState::OutOfService));
    // The second node is not configured here: its address and state are not known.
    assert_eq!((told.secondary_icp_address, told.secondary_connection_state), (None, None));
    // Nothing was ever said of this one.
    let told = app.resilient(unasked).await;
    assert_eq!(told.error_description.as_deref(), Some("The node is not connected."));

    node.restart().await;
    eventually("the phone is at home again", async || (app.resilient(object).await.active_icp_id == 1).then_some(()))
        .await;
    assert_eq!(app.resilient(unasked).await.active_icp_id, 1);
}

/// A pair of nodes as processes, and a gateway that knows them as one.
struct Pair {
    first: Node,
    second: Node,
    gateway: Gateway,
}

const NOT_CONNECTED: &str = "The node is not connected.";

impl Pair {
    async fn start() -> Self {
        let first = Node::start(1).await;
        let second = Node::start_with(2, "server-first", &[&first]).await;
        let with = With { pairs: &[(1, 2)], ..With::default() };
        let gateway = Gateway::start_with(&[&first, &second], with).await;
        let pair = Self { first, second, gateway };
        pair.linked().await;
        pair
    }

    async fn linked(&self) {
        let linked = async || self.second.hands.truth().await.partners.contains(&1).then_some(());
        eventually("the nodes are linked", linked).await;
    }

    async fn app(&self) -> App {
        let app = App::login(&self.gateway.url).await;
        app.icp(&self.second.address.to_string()).await;
        app
    }

    async fn watch<const N: usize>(&self, app: &App, phones: [&str; N]) -> [i64; N] {
        let mut objects = [0; N];
        for (object, dn) in objects.iter_mut().zip(phones) {
            *object = app.watch(&self.first.address.to_string(), dn).await;
        }
        objects
    }
}

async fn hear_link(app: &App, icp: i64, state: ConnectionState) {
    let system = app.hear_system(SystemEventType::IcpCommunicationEvent, Some(state)).await;
    assert_eq!(system.icp_id, icp);
}

fn icp(event: &CallEventMsg) -> Option<String> {
    attribute(event, Attribute::IcpId)
}

/// The object is at its own node again; it may have been nowhere for a moment.
async fn hear_home(app: &App, object: i64) {
    let mut event = app.hear_of(object).await;
    if event.kind == Some(Type::OutOfService) {
        assert_eq!((event.cause, icp(&event)), (Some(Why::DeviceOutOfService), Some("2".into())));
        event = app.hear_of(object).await;
    }
    let told = (event.kind, event.cause, event.call_state);
    assert_eq!(told, (Some(Type::ResilientDevice), Some(Why::ControllerCommsRestored), Some(CallState::Idle)));
    assert_eq!(icp(&event).as_deref(), Some("1"));
}

#[tokio::test]
async fn phones_of_a_node_that_dies_are_heard_and_controlled_at_the_other_until_they_are_home() {
    let mut pair = Pair::start().await;
    let app = pair.app().await;
    let objects = pair.watch(&app, ["1000", "1001", "1002", "1012"]).await;
    let [a, b, c, plain] = objects;
    assert_eq!(app.phone_id(2, "1000").await, Ok(a), "a device has one id, whichever node it is asked of");
    assert!(app.phone_id(2, "1012").await.is_err(), "the second node does not stand in for it");
    let (ours, theirs) = app.connect(a, b, "1001").await;
    let global = global_call_id(&app.status(a).await);
    let (lost, of_plain) = app.connect(c, plain, "1012").await;
    pair.first.hands.until("1000", &[TruthState::Connected]).await;

    pair.first.process.kill();
    hear_link(&app, 1, ConnectionState::ConnectionFailure).await;
    for object in objects {
        let out = app.hear(object, Type::OutOfService, Why::ControllerCommsFailed).await;
        assert_eq!(icp(&out).as_deref(), Some("1"));
    }
    // The two who talk go on talking: the same call, with which nothing can be done but end it.
    for (object, leg) in [(a, ours), (b, theirs)] {
        let up = app.hear(object, Type::InService, Why::DeviceInService).await;
        assert_eq!((up.call_state, up.local_call_id), (Some(CallState::Established), leg));
        assert_eq!((icp(&up).as_deref(), global_call_id(&up)), (Some("2"), global.clone()));
        assert_eq!(up.features_allowed, [FeaturesAllowed::ClearCall]);
    }
    // A call with somebody whose only node is dead is over.
    let up = app.hear(c, Type::InService, Why::DeviceInService).await;
    assert_eq!((up.call_state, up.local_call_id), (Some(CallState::Idle), 0));
    let cleared = app.hear(c, Type::CallClear, Why::OtherDeviceCleared).await;
    assert_eq!((cleared.local_call_id, icp(&cleared).as_deref()), (lost, Some("2")));
    let told = app.resilient(a).await;
    assert_eq!((told.active_icp_id, told.call_state_secondary), (2, Some(CallState::Established)));
    assert_eq!(told.call_state_primary, Some(CallState::OutOfService));

    assert!(app.hold(a, ours).await.is_err(), "it can only be cleared");
    app.clear(a, ours).await.expect("clearCall is accepted");
    assert_eq!(app.hear(a, Type::CallClear, Why::ClearInvoked).await.local_call_id, ours);
    assert_eq!(app.hear(b, Type::CallClear, Why::OtherDeviceCleared).await.local_call_id, theirs);

    // Now it is a phone like any other.
    let (ours, theirs) = app.connect(a, c, "1002").await;
    pair.second.hands.until("1000", &[TruthState::Connected]).await;
    app.hold(a, ours).await.expect("holdCall is accepted");
    let held = app.hear(a, Type::CallHeld, Why::HardHoldInvoked).await;
    assert_eq!(icp(&held).as_deref(), Some("2"));
    app.hear(c, Type::CallHeld, Why::HardHold).await;

    pair.first.restart().await;
    hear_link(&app, 1, ConnectionState::Connected).await;
    app.hear(plain, Type::MonitorSet, Why::ControllerCommsRestored).await;
    assert_eq!(app.hear(plain, Type::CallClear, Why::OtherDeviceCleared).await.local_call_id, of_plain);
    // Who is in no call goes home; the call goes on where it is.
    hear_home(&app, b).await;
    app.retrieve(a, ours).await.expect("retrieveCall is accepted");
    let retrieved = app.hear(a, Type::CallRetrieved, Why::RetrieveInvoked).await;
    assert_eq!((retrieved.local_call_id, icp(&retrieved).as_deref()), (ours, Some("2")));
    app.hear(c, Type::CallRetrieved, Why::Retrieve).await;
    assert_eq!(app.resilient(a).await.active_icp_id, 2);
    app.clear(c, theirs).await.expect("clearCall is accepted");
    app.hear(c, Type::CallClear, Why::ClearInvoked).await;
    app.hear(a, Type::CallClear, Why::OtherDeviceCleared).await;
    hear_home(&app, a).await;
    hear_home(&app, c).await;
    app.connect(a, b, "1001").await;
    pair.first.hands.until("1000", &[TruthState::Connected]).await;
    assert_eq!(app.resilient(a).await.active_icp_id, 1);
    app.heard_everything().await;
}

#[tokio::test]
async fn the_loss_of_the_second_node_and_of_both_is_told_and_nobody_needs_to_monitor_anew() {
    let mut pair = Pair::start().await;
    let app = pair.app().await;
    let [object, plain] = pair.watch(&app, ["1000", "1012"]).await;
    let secondary = async |why, state| {
        let event = app.hear(object, Type::ResilientDevice, why).await;
        assert_eq!((event.call_state, icp(&event).as_deref()), (Some(state), Some("2")));
    };
    pair.second.process.kill();
    hear_link(&app, 2, ConnectionState::ConnectionFailure).await;
    secondary(Why::SecondaryControllerCommsFailed, CallState::Idle).await;
    pair.second.restart().await;
    hear_link(&app, 2, ConnectionState::Connected).await;
    secondary(Why::SecondaryMonitorSet, CallState::Idle).await;
    app.heard_everything().await;

    pair.second.process.kill();
    hear_link(&app, 2, ConnectionState::ConnectionFailure).await;
    secondary(Why::SecondaryControllerCommsFailed, CallState::Idle).await;
    pair.first.process.kill();
    hear_link(&app, 1, ConnectionState::ConnectionFailure).await;
    for object in [object, plain] {
        app.hear(object, Type::OutOfService, Why::ControllerCommsFailed).await;
    }
    app.until(object, CallState::Unavailable).await;
    assert_eq!(app.make(object, "1001").await, Err(NOT_CONNECTED.into()));
    assert_eq!(app.resilient(object).await.active_icp_id, 0);
    app.heard_everything().await;

    // The second comes back alone, and takes the phones of the first.
    pair.second.restart().await;
    hear_link(&app, 2, ConnectionState::Connected).await;
    secondary(Why::SecondaryMonitorSet, CallState::Unavailable).await;
    let up = app.hear(object, Type::InService, Why::DeviceInService).await;
    assert_eq!(icp(&up).as_deref(), Some("2"));
    app.make(object, "2000").await.expect("makeCall is accepted");
    pair.second.hands.until("2000", &[TruthState::Alerting]).await;
    let leg = app.hear(object, Type::CallOriginated, Why::NewCallInvoked).await.local_call_id;
    app.hear(object, Type::CallDelivered, Why::Delivered).await;
    app.clear(object, leg).await.expect("clearCall is accepted");
    app.hear(object, Type::CallClear, Why::ClearInvoked).await;

    pair.first.restart().await;
    hear_link(&app, 1, ConnectionState::Connected).await;
    app.hear(plain, Type::MonitorSet, Why::ControllerCommsRestored).await;
    hear_home(&app, object).await;
    app.heard_everything().await;

    // Both at once, and the first comes back first.
    pair.linked().await;
    pair.second.process.kill();
    pair.first.process.kill();
    for _ in 0..2 {
        let lost = Some(ConnectionState::ConnectionFailure);
        app.hear_system(SystemEventType::IcpCommunicationEvent, lost).await;
    }
    app.until(object, CallState::Unavailable).await;
    pair.first.restart().await;
    app.until(object, CallState::Idle).await;
    assert_eq!(app.resilient(object).await.active_icp_id, 1);
}
