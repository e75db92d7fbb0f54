//! The flight record: a call as the node, the applications and the gateway had it.

use super::Site;
use crate::common::app::{App, global_call_id};
use crate::common::cluster::Node;
use crate::common::eventually;
use schemas::contract::cc::{CallEventType as Type, EventCauseType as Why};

#[tokio::test]
async fn a_call_is_on_record_as_it_was_said_commanded_told_and_taken() {
    let node = Node::start(1).await;
    let site = Site::start(&[&node]).await;
    let address = node.address.to_string();
    let app = App::login(&site.gateway.url).await;
    let (caller, callee) = (app.watch(&address, "1000").await, app.watch(&address, "1001").await);
    app.make(caller, "1001").await.expect("made");
    app.hear(caller, Type::CallOriginated, Why::NewCallInvoked).await;
    app.hear(caller, Type::CallDelivered, Why::Delivered).await;
    let rings = app.hear(callee, Type::CallReceived, Why::NewCall).await;
    let id = global_call_id(&rings);
    let refused = app.answer(caller, rings.local_call_id).await.expect_err("it is another's leg");
    app.heard_everything().await;
    let operator = site.signed_in("operator").await;
    // The last event is taken when its reply has been written.
    let of_caller = eventually("the record", async || {
        let page = operator.get("/record?node=1&number=1000").await.text();
        page.contains("wants MakeCall 1001").then_some(page)
    })
    .await;
    for line in ["says that the monitor stands", "says Originated", "is done", "MONITOR_SET MONITOR_SET as no. 1"] {
        assert!(of_caller.contains(line), "{line:?} is not in {of_caller}");
    }
    assert!(
        of_caller.contains("Example Co / Screen Pop, session-") && of_caller.contains(" by getEvent"),
        "{of_caller}"
    );
    assert!(of_caller.contains(&format!("is refused: {refused}")), "{refused} is not in {of_caller}");
    let of_call = operator.get(&format!("/record?call={id}")).await.text();
    for line in ["1000 at node 001", "1001 at node 001", "says Delivered (NewCall)", &id] {
        assert!(of_call.contains(line), "{line:?} is not in {of_call}");
    }
    assert!(!of_call.contains("MONITOR_SET"), "it is of no call: {of_call}");
    for (query, status, text) in [
        ("node=1&number=1019", 200, "Nothing is on record."),
        ("node=0&number=1000", 422, "1 to 999"),
        ("node=1&number=%3Cb%3E", 422, "1 to 7 digits"),
        ("node=1", 422, "Give a node and a number"),
        ("node=1&number=1000&call=A0010001", 422, "Give either"),
        ("call=A00100010000001", 422, "up to 11 characters"),
    ] {
        operator.get(&format!("/record?{query}")).await.is(status, text);
    }
}

#[tokio::test]
async fn after_the_end_of_its_session_an_application_is_still_named() {
    let node = Node::start(1).await;
    let site = Site::start(&[&node]).await;
    let app = App::login(&site.gateway.url).await;
    app.watch(&node.address.to_string(), "1000").await;
    app.logout().await;
    let operator = site.signed_in("operator").await;
    operator.get("/record?node=1&number=1000").await.is(200, "Example Co / Screen Pop, session-");
}
