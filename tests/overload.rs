//! A simulated node that says it is overloaded: its monitors come back all the same, and what people ask for is done.

use schemas::contract::cc::{CallEventType as Type, CallState, EventCauseType as Why};
use serde_json::json;

use crate::common::app::App;
use crate::common::cluster::{Gateway, Node};
use crate::common::http;
use crate::nodes::{hear_loss, hear_return};

#[tokio::test]
async fn an_overloaded_node_gets_its_monitors_back_and_does_what_people_ask_for() {
    let node = Node::start(1).await;
    let mut gateway = Gateway::start(&[&node]).await;
    let app = App::login(&gateway.url).await;
    let address = node.address.to_string();
    let mut phones = Vec::new();
    for dn in 1000..1010 {
        phones.push(app.watch(&address, &u32::to_string(&dn)).await);
    }
    node.hands.fault("status", json!({"value": "overloadReached"})).await;
    gateway.process.line_logged("overloadReached").await;
    node.hands.fault("link", json!({"mode": "close", "for_ms": 0})).await;
    let icp = app.icp(&address).await;
    hear_loss(&app, icp, &phones).await;
    hear_return(&app, icp, &phones, CallState::Idle).await;
    app.make(phones[0], "1001").await.expect("makeCall is accepted");
    app.hear(phones[0], Type::CallOriginated, Why::NewCallInvoked).await;
    assert_eq!(app.status(phones[9]).await.call_state, Some(CallState::Idle));
    let metrics = http::get(&gateway.url, "/metrics", &[]).await.body;
    // Before the loss, and again when the gateway came back.
    assert!(metrics.contains(r#"oig_node_status_total{status="overloadReached"} 2"#), "{metrics}");
    node.hands.fault("status", json!({"value": "overloadRelieved"})).await;
    gateway.process.line_logged("overloadRelieved").await;
}
