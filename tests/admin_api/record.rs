//! Programs read the flight record: of a number, of a call.

use schemas::contract::cc::{CallEventType as Type, EventCauseType as Why};
use serde_json::Value;

use super::programs::{Program, token};
use crate::admin::Site;
use crate::common::app::{App, global_call_id};
use crate::common::cluster::Node;
use crate::common::eventually;

fn lines(record: &Value) -> &Vec<Value> {
    record["lines"].as_array().expect("lines")
}

#[tokio::test]
async fn a_program_finds_what_was_said_commanded_told_and_taken_by_number_and_by_call() {
    let node = Node::start(1).await;
    let site = Site::start(&[&node]).await;
    let address = node.address.to_string();
    let app = App::login(&site.gateway.url).await;
    let (caller, callee) = (app.watch(&address, "1000").await, app.watch(&address, "1001").await);
    app.make(caller, "1001").await.expect("made");
    app.hear(caller, Type::CallOriginated, Why::NewCallInvoked).await;
    app.hear(caller, Type::CallDelivered, Why::Delivered).await;
    let id = global_call_id(&app.hear(callee, Type::CallReceived, Why::NewCall).await);
    app.heard_everything().await;
    let operator = Program::new(&site, &token(&site, "operator", "look", "all"));
    // The last event is taken when its reply has been written.
    let of_number = eventually("the record", async || {
        let record = operator.get("/record?node=1&number=1000").await.is(200);
        let commanded = lines(&record).iter().any(|line| line["kind"] == "commanded");
        (commanded && lines(&record).iter().any(|line| line["kind"] == "taken")).then_some(record)
    })
    .await;
    assert_eq!(of_number["on"], true);
    let command = lines(&of_number).iter().find(|line| line["kind"] == "commanded").expect("a command");
    assert!(command["what"].as_str().expect("words").starts_with("wants MakeCall 1001"), "{command}");
    assert!(command["who"].as_str().expect("somebody").starts_with("Example Co / Screen Pop, session-"), "{command}");
    assert!(command["at_ms"].is_i64() && command["object"] == "1000 at node 001", "{command}");
    for kind in ["monitor", "said", "answered", "told", "taken"] {
        assert!(lines(&of_number).iter().any(|line| line["kind"] == kind), "{kind}: {of_number}");
    }
    let of_call = operator.get(&format!("/record?call={id}")).await.is(200);
    let objects: Vec<_> = lines(&of_call).iter().map(|line| line["object"].as_str().expect("an object")).collect();
    assert!(objects.contains(&"1000 at node 001") && objects.contains(&"1001 at node 001"), "{objects:?}");
    assert!(lines(&of_call).iter().any(|line| line["global_call_id"] == id.as_str() && line["kind"] == "told"));
    assert!(lines(&of_call).iter().all(|line| line["kind"] != "monitor"), "that is of no call: {of_call}");
    assert_eq!(lines(&operator.get("/record?node=1&number=1019").await.is(200)).len(), 0);
}

#[tokio::test]
async fn what_nothing_can_be_found_by_is_a_problem() {
    let site = Site::start(&[]).await;
    let operator = Program::new(&site, &token(&site, "operator", "look", "all"));
    for (query, status, kind) in [
        ("", 422, "refused"),
        ("node=1", 422, "refused"),
        ("number=1000", 422, "refused"),
        ("node=1&number=1000&call=A0010001", 422, "refused"),
        ("node=0&number=1000", 400, "query"),
        ("node=1000&number=1000", 400, "query"),
        ("node=1&number=12345678", 400, "query"),
        ("node=1&number=%2B1", 400, "query"),
        ("call=A00100010001", 400, "query"),
        ("call=%00", 400, "query"),
        ("call=A0010001&limit=1", 400, "query"),
    ] {
        operator.get(&format!("/record?{query}")).await.refused(status, kind);
    }
    let reader = Program::new(&site, &token(&site, "reader", "look", "all"));
    reader.get("/record?call=A0010001").await.refused(403, "not-in-scope");
}
