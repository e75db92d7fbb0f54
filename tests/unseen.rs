//! Calls that begin and end while the link to their node is down: metrics and log tell of them, and no application
//! hears of them.

use schemas::contract::cc::{CallEventType as Type, CallState, EventCauseType as Why};
use serde_json::json;

use crate::common::app::App;
use crate::common::cluster::{Gateway, Node, With, own_address};
use crate::common::{eventually, http};
use crate::nodes::{hear_loss, hear_return};

const SUMMARY: &str = "calls that began and ended while the node was not heard";
const METRIC: &str = "oig_calls_unseen_total";

async fn dial(node: &Node, from: &str, to: &str) {
    node.hands.does_with(from, "dial", json!({ "number": to })).await;
}

/// The link is closed for everybody, and stays so until it is healed.
async fn close(node: &Node) {
    node.hands.fault("link", json!({"mode": "close", "for_ms": 60_000})).await;
}

async fn metrics(gateway: &Gateway) -> String {
    http::get(&gateway.url, "/metrics", &[]).await.body
}

#[tokio::test]
async fn calls_that_came_and_went_while_the_link_was_down_are_counted_and_in_the_log() {
    let node = Node::start(1).await;
    let mut gateway = Gateway::start(&[&node]).await;
    let app = App::login(&gateway.url).await;
    let address = node.address.to_string();
    let icp = app.icp(&address).await;
    let both = [app.watch(&address, "1000").await, app.watch(&address, "1001").await];
    let (ours, theirs) = app.connect(both[0], both[1], "1001").await;
    close(&node).await;
    hear_loss(&app, icp, &both).await;
    // One that was known ends, as its applications will hear.
    node.hands.does("1001", "hangup").await;
    // One is answered, one is not, and one is of nobody who is monitored.
    dial(&node, "1000", "1001").await;
    node.hands.does("1001", "answer").await;
    node.hands.does("1001", "hangup").await;
    dial(&node, "1001", "1000").await;
    node.hands.does("1001", "hangup").await;
    dial(&node, "1002", "1003").await;
    node.hands.does("1002", "hangup").await;
    node.hands.heal().await;
    hear_return(&app, icp, &both, CallState::Idle).await;
    for (object, leg) in [(both[0], ours), (both[1], theirs)] {
        assert_eq!(app.hear(object, Type::CallClear, Why::OtherDeviceCleared).await.local_call_id, leg);
    }

    let summary = gateway.process.line_logged(SUMMARY).await;
    assert!(summary.contains("calls=2") && summary.contains("whole=true"), "{summary}");
    let named = eventually("both calls in the log", async || {
        let lines = gateway.process.logged().into_iter().filter(|line| line.contains("unseen call "));
        Some(lines.collect::<Vec<_>>()).filter(|lines| lines.len() == 2)
    })
    .await;
    for (line, parts) in named.iter().zip([
        [r#"calling="1000""#, r#"called="1001""#, "answered=true"],
        [r#"calling="1001""#, r#"called="1000""#, "answered=false"],
    ]) {
        assert!(parts.iter().all(|part| line.contains(part)), "{parts:?} in {line}");
    }
    let told = metrics(&gateway).await;
    assert!(told.contains(&format!(r#"{METRIC}{{node="1"}} 2"#)), "{told}");
    app.heard_everything().await;

    // Nothing is counted again, and a call that is heard of is not counted.
    let (leg, _) = app.connect(both[0], both[1], "1001").await;
    close(&node).await;
    hear_loss(&app, icp, &both).await;
    node.hands.heal().await;
    assert_eq!(hear_return(&app, icp, &both, CallState::Established).await[0], leg);
    eventually("the second look", async || {
        let looks = gateway.process.logged().into_iter().filter(|line| line.contains(SUMMARY));
        let looks: Vec<_> = looks.collect();
        (looks.len() == 2).then(|| assert!(looks[1].contains("calls=0"), "{looks:?}"))
    })
    .await;
    let told = metrics(&gateway).await;
    assert!(told.contains(&format!(r#"{METRIC}{{node="1"}} 2"#)), "{told}");
    app.heard_everything().await;
}

#[tokio::test]
async fn of_a_node_that_keeps_no_records_nothing_is_said() {
    let node = Node::start_as(1, "server-first", own_address(), &[], &["--no-records"]).await;
    let mut gateway = Gateway::start_with(&[&node], With { filter: "info,actors=debug", ..With::default() }).await;
    let app = App::login(&gateway.url).await;
    let address = node.address.to_string();
    let icp = app.icp(&address).await;
    let phone = app.watch(&address, "1000").await;
    close(&node).await;
    hear_loss(&app, icp, &[phone]).await;
    dial(&node, "1000", "1001").await;
    node.hands.does("1000", "hangup").await;
    node.hands.heal().await;
    hear_return(&app, icp, &[phone], CallState::Idle).await;
    gateway.process.line_logged("calls that began and ended unseen are not known").await;
    let told = metrics(&gateway).await;
    assert!(!told.contains(METRIC), "{told}");
    app.heard_everything().await;
}
