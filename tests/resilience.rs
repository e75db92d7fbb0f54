//! Where a resilient phone is at home, as getResilientStatus tells it while its nodes come and go.

use schemas::contract::cc::{CallEventType as Type, CallState, ConnectionState, EventCauseType as Why};
use schemas::contract::ops_call_control_standard::GetResilientStatus;
use schemas::contract::std::ResilientStatusResult;
use serde_json::json;

use crate::common::app::App;
use crate::common::cluster::{Gateway, Lab, Node};
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
