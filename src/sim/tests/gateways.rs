//! Associations: styles, heartbeats, limits, and peers that misbehave.

use std::time::Duration;

use schemas::csta::message::Message;
use tokio::time::sleep;

use super::*;

fn session_node() -> SimNodeHandle {
    SimNode::spawn(Plan { style: Style::Session, ..plan(1) }, env())
}

fn start(duration_s: u32) -> Request {
    Request::StartApplicationSession {
        application: "test".into(),
        specific: None,
        versions: vec!["http://www.ecma-international.org/standards/ecma-323/csta/ed5".into()],
        duration_s,
    }
}

#[tokio::test(start_paused = true)]
async fn six_gateways_watch_at_once_and_the_seventh_is_turned_away() {
    let node = node(1);
    let mut gateways = Vec::new();
    for _ in 0..6 {
        let mut gateway = Gateway::associate(&node).await;
        gateway.monitor("1000").await;
        gateways.push(gateway);
    }
    assert!(Gateway::attach(&node).await.is_ended().await);
    hand(&node, "1000", Deed::Dial("1001".into())).await.expect("dialled");
    let mut seen = std::collections::BTreeSet::new();
    for gateway in &mut gateways {
        let events = gateway.events(3).await;
        assert!(seen.insert(events[0].0.clone()), "cross references are each gateway's own");
    }
    // One leaves, one may come; the others are not touched.
    drop(gateways.pop());
    while node.truth_now().await.expect("alive").associations == 6 {
        sleep(Duration::from_millis(1)).await;
    }
    let mut another = Gateway::associate(&node).await;
    another.monitor("1001").await;
    assert_eq!(node.truth_now().await.expect("alive").associations, 6);
    hand(&node, "1001", Deed::Answer).await.expect("answered");
    for gateway in &mut gateways {
        assert_eq!(gateway.events(1).await[0].1, CallEventKind::Established);
    }
    assert_eq!(another.events(1).await[0].1, CallEventKind::Established);
}

#[tokio::test(start_paused = true)]
async fn a_seventh_session_hears_that_the_server_is_busy() {
    let node = session_node();
    let mut gateways = Vec::new();
    for _ in 0..6 {
        let mut gateway = Gateway::attach(&node).await;
        gateway.ask(start(60)).await.expect("a session");
        gateways.push(gateway);
    }
    let mut seventh = Gateway::attach(&node).await;
    let busy = seventh.ask(start(60)).await.expect_err("refused");
    assert_eq!(busy.value, "serverResourcesBusy");
    assert!(seventh.is_ended().await);
    // Those that wait to be turned away are not without number either.
    let mut crowd = Vec::new();
    for _ in 0..20 {
        crowd.push(Gateway::attach(&node).await);
    }
    assert!(crowd.pop().expect("one").is_ended().await);
    assert_eq!(node.truth_now().await.expect("alive").associations, 6);
}

#[tokio::test(start_paused = true)]
async fn a_session_is_needed_kept_and_ended_by_its_timer() {
    let node = session_node();
    let mut gateway = Gateway::attach(&node).await;
    let refused = gateway.ask(Request::MonitorStart { device: device("1000") }).await.expect_err("refused");
    assert_eq!(refused.category, "security");
    let Ok(Response::StartApplicationSession { session, duration_s, .. }) = gateway.ask(start(30)).await else {
        panic!("no session")
    };
    assert_eq!(duration_s, 30);
    gateway.monitor("1000").await;
    for _ in 0..3 {
        assert!(gateway.is_quiet(20_000).await);
        let reset = Request::ResetApplicationSessionTimer { session: session.clone(), duration_s: 30 };
        assert_eq!(gateway.ask(reset).await, Ok(Response::ResetApplicationSessionTimer { duration_s: 30 }));
    }
    let wrong = Request::ResetApplicationSessionTimer { session: "other".into(), duration_s: 30 };
    assert!(gateway.ask(wrong).await.is_err());
    let (_, last) = gateway.next().await.expect("last words");
    assert_eq!(last, Message::Request(Request::ApplicationSessionTerminated { session }));
    assert!(gateway.is_ended().await);

    let mut gateway = Gateway::attach(&node).await;
    let Ok(Response::StartApplicationSession { session, .. }) = gateway.ask(start(0)).await else {
        panic!("no session")
    };
    assert_eq!(gateway.ask(Request::StopApplicationSession { session }).await, Ok(Response::StopApplicationSession));
    assert!(gateway.is_ended().await);

    let mut silent = Gateway::attach(&node).await;
    assert!(silent.is_ended().await, "who never starts a session is let go");

    let mut gateway = Gateway::attach(&node).await;
    let Request::StartApplicationSession { application, specific, duration_s, .. } = start(30) else { return };
    let odd = Request::StartApplicationSession { application, specific, versions: vec!["2".into()], duration_s };
    assert_eq!(gateway.ask(odd).await.expect_err("refused").value, "requestedProtocolVersionNotSupported");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_does_not_speak_first_does_what_it_is_asked() {
    let node = SimNode::spawn(Plan { style: Style::None, ..plan(1) }, env());
    let mut gateway = Gateway::attach(&node).await;
    gateway.monitor("1000").await;
}

#[tokio::test(start_paused = true)]
async fn heartbeats_are_answered_and_a_gateway_that_does_not_answer_is_let_go() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    assert!(gateway.is_quiet(60_000).await, "who answers stays");
    let beat = Request::SystemStatus { status: schemas::csta::message::SystemStatus::Normal };
    assert_eq!(gateway.ask(beat).await, Ok(Response::SystemStatus));
    gateway.polite = false;
    assert!(!gateway.is_quiet(20_000).await, "who does not answer is let go");
}

#[tokio::test(start_paused = true)]
async fn garbage_ends_only_the_connection_that_it_came_over() {
    let node = node(1);
    let mut good = Gateway::associate(&node).await;
    good.monitor("1000").await;

    let mut bad = Gateway::associate(&node).await;
    bad.raw(b"GET / HTTP/1.1\r\nHost: node\r\n\r\n").await;
    assert!(bad.is_ended().await);

    // A frame without a message is answered; too many end it.
    let mut bad = Gateway::associate(&node).await;
    bad.raw(b"\0\0\0\x0c0042<a<>").await;
    assert_eq!(bad.answer(42).await, Err(Failure::operation("generic")));
    for _ in 0..200 {
        bad.raw(b"\0\0\0\x0c0042<a<>").await;
    }
    assert!(bad.is_ended().await);

    // A frame that never ends.
    let mut half = Gateway::associate(&node).await;
    half.raw(b"\0\0\x7f\xff0001<").await;
    hand(&node, "1000", Deed::Dial("1001".into())).await.expect("dialled");
    assert_eq!(good.events(3).await.len(), 3);
    half.polite = false;
    assert!(half.is_ended().await, "its answers are part of the frame; it is let go as silent");
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_does_not_read_never_stops_the_switch() {
    let node = node(1);
    let mut good = Gateway::associate(&node).await;
    let mut slow = Gateway::associate(&node).await;
    for _ in 0..100 {
        slow.monitor("1000").await;
    }
    good.monitor("1000").await;
    for _ in 0..100 {
        hand(&node, "1000", Deed::Dial("1001".into())).await.expect("dialled");
        hand(&node, "1000", Deed::HangUp).await.expect("cleared");
        good.events(4).await;
    }
    assert_eq!(node.truth_now().await.expect("alive").associations, 1, "who does not read is given up");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_requests_is_done_in_its_order() {
    let node = node(1);
    let gateway = Gateway::associate(&node).await;
    let mut other = Gateway::associate(&node).await;
    let flood = tokio::spawn(async move {
        let mut gateway = gateway;
        for _ in 0..50 {
            let ids: Vec<u16> = {
                let mut ids = Vec::new();
                for _ in 0..40 {
                    ids.push(gateway.request(Request::SnapshotDevice { device: device("1000") }).await);
                }
                ids
            };
            for id in ids {
                gateway.answer(id).await.expect("an answer");
            }
        }
    });
    for _ in 0..20 {
        other.monitor("1001").await;
        sleep(Duration::from_millis(1)).await;
    }
    flood.await.expect("done");
}

#[tokio::test(start_paused = true)]
async fn the_same_inputs_give_the_same_run() {
    async fn run() -> String {
        let node = node(1);
        let mut gateway = Gateway::associate(&node).await;
        for number in ["1000", "1001", "1002"] {
            gateway.monitor(number).await;
        }
        for to in ["1001", "1002", "1005", "99"] {
            let call = Request::MakeCall { calling: device("1000"), called: to.into(), account: None };
            gateway.ask(call).await.expect("a call");
            sleep(Duration::from_millis(300)).await;
            let _ = hand(&node, to, Deed::Answer).await;
            let _ = hand(&node, "1000", Deed::HangUp).await;
        }
        let mut heard = Vec::new();
        while !gateway.is_quiet(10).await {
            heard.push(gateway.next().await);
        }
        format!("{heard:?} {:?}", node.truth(0).await)
    }
    assert_eq!(run().await, run().await);
}
