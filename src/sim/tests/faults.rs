//! Faults do what they say.

use std::time::Duration;

use schemas::csta::message::{Message, SystemStatus};
use tokio::time::{Instant, sleep};

use super::*;
use crate::sim::faults::{AnswerFault, Fault, FormsFault, FrameFault, LinkFault, Which};
use crate::sim::truth::TruthFaults;

async fn fault(node: &SimNodeHandle, fault: Fault) {
    node.fault(fault).await.expect("alive");
}

fn link(mode: LinkFault, for_ms: i64) -> Fault {
    Fault::Link { mode, which: Which::Gateways, for_ms }
}

#[tokio::test(start_paused = true)]
async fn a_closed_link_is_closed_for_its_time_and_calls_survive() {
    for broken in [link(LinkFault::Close, 3_000), link(LinkFault::Reset, 3_000), Fault::Restart { down_ms: 3_000 }] {
        let node = node(1);
        let mut gateway = Gateway::associate(&node).await;
        gateway.monitor("1000").await;
        hand(&node, "1000", Deed::Dial("1001".into())).await.expect("dialled");
        fault(&node, broken).await;
        assert!(gateway.is_ended().await);
        assert!(Gateway::attach(&node).await.is_ended().await);
        sleep(Duration::from_secs(3)).await;
        let mut gateway = Gateway::associate(&node).await;
        assert_eq!(states(&node, "1000").await, ["Delivered"]);
        hand(&node, "1001", Deed::Answer).await.expect("answered");
        assert!(gateway.is_quiet(100).await, "monitors are gone with their association");
    }
}

#[tokio::test(start_paused = true)]
async fn a_mute_node_neither_speaks_nor_hears() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    gateway.monitor("1000").await;
    fault(&node, link(LinkFault::Mute, 4_000)).await;
    let call = Request::MakeCall { calling: device("1000"), called: "1001".into(), account: None };
    gateway.request(call.clone()).await;
    assert!(gateway.is_quiet(3_900).await);
    assert!(states(&node, "1000").await.is_empty());
    sleep(Duration::from_millis(200)).await;
    gateway.ask(call).await.expect("a call");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_refuses_keeps_those_that_are_there() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    fault(&node, link(LinkFault::Refuse, 3_000)).await;
    assert!(Gateway::attach(&node).await.is_ended().await);
    gateway.monitor("1000").await;
    node.heal().await.expect("alive");
    Gateway::associate(&node).await;
}

#[tokio::test(start_paused = true)]
async fn answers_come_late_never_or_twice() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    let service = Some("SnapshotDevice".to_owned());
    let ask = Request::SnapshotDevice { device: device("1000") };

    fault(&node, Fault::Answer { service: service.clone(), how: AnswerFault::Delay { ms: 1_500 } }).await;
    let began = Instant::now();
    let late = gateway.request(ask.clone()).await;
    gateway.monitor("1000").await;
    assert!(began.elapsed() < Duration::from_millis(100), "other services are not touched");
    gateway.answer(late).await.expect("an answer");
    assert!(began.elapsed() >= Duration::from_millis(1_500));

    fault(&node, Fault::Answer { service: service.clone(), how: AnswerFault::Twice }).await;
    let twice = gateway.request(ask.clone()).await;
    gateway.answer(twice).await.expect("an answer");
    gateway.answer(twice).await.expect("the same again");

    fault(&node, Fault::Answer { service: None, how: AnswerFault::Never }).await;
    gateway.request(Request::MakeCall { calling: device("1000"), called: "1001".into(), account: None }).await;
    assert_eq!(gateway.events(3).await.len(), 3, "what was asked for is done");
    assert!(gateway.is_quiet(3_000).await);

    node.heal().await.expect("alive");
    gateway.ask(ask).await.expect("an answer");
}

#[tokio::test(start_paused = true)]
async fn an_event_is_lost_doubled_or_garbled_once() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    gateway.monitor("1000").await;
    for deed in [FrameFault::Drop, FrameFault::Double, FrameFault::Garble] {
        fault(&node, Fault::Frame { event: Some("DeliveredEvent".into()), nth: 2, deed }).await;
        for round in 1..=3 {
            hand(&node, "1000", Deed::Dial("1001".into())).await.expect("dialled");
            hand(&node, "1000", Deed::HangUp).await.expect("cleared");
            let mut kinds = Vec::new();
            while kinds.last() != Some(&"ConnectionCleared".to_owned()) {
                kinds.push(match gateway.next().await.expect("something").1 {
                    Message::Event(e) => match e.body {
                        schemas::csta::message::EventBody::Call(c) => format!("{:?}", c.kind),
                        other => format!("{other:?}"),
                    },
                    Message::Unknown(name) => name,
                    other => format!("{other:?}"),
                });
            }
            let third = match (round, deed) {
                (2, FrameFault::Drop) => &[][..],
                (2, FrameFault::Double) => &["Delivered", "Delivered"],
                (2, FrameFault::Garble) => &["garbled"],
                _ => &["Delivered"],
            };
            let expected = [&["ServiceInitiated", "Originated"], third, &["ConnectionCleared"]].concat();
            assert_eq!(kinds, expected, "{deed:?} in round {round}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_broken_is_in_the_truth_until_it_is_over() {
    let node = node(1);
    let broken = async || node.truth_now().await.expect("alive").faults;
    assert_eq!(broken().await, TruthFaults::default());
    fault(&node, link(LinkFault::Close, 3_000)).await;
    fault(&node, link(LinkFault::Mute, 2_000)).await;
    fault(&node, Fault::Link { mode: LinkFault::Refuse, which: Which::Partners, for_ms: 1_000 }).await;
    fault(&node, Fault::Answer { service: None, how: AnswerFault::Never }).await;
    fault(&node, Fault::Frame { event: None, nth: 1, deed: FrameFault::Drop }).await;
    fault(&node, Fault::Forms(FormsFault::DropChange)).await;
    let until = |ms| Some(EPOCH + ms);
    let all = TruthFaults {
        powerless_until_ms: None,
        refuses_gateways_until_ms: until(3_000),
        refuses_partners_until_ms: until(1_000),
        mute_until_ms: until(2_000),
        answers: 1,
        frames: 1,
        forms: 1,
    };
    assert_eq!(broken().await, all);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(broken().await, TruthFaults { refuses_partners_until_ms: None, mute_until_ms: None, ..all });
    fault(&node, Fault::Power { down_ms: 500 }).await;
    assert_eq!(broken().await.powerless_until_ms, until(2_500));
    node.heal().await.expect("alive");
    assert_eq!(broken().await, TruthFaults::default());
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_changes_hears_of_deeds_and_of_time_and_not_of_questions() {
    let node = node(1);
    let mut changes = node.changes();
    changes.mark_unchanged();
    node.truth_now().await.expect("alive");
    node.view(0).await.expect("alive");
    assert!(!changes.has_changed().expect("alive"), "asking changes nothing");
    hand(&node, "1000", Deed::Dial("1001".into())).await.expect("dialled");
    changes.changed().await.expect("alive");
    // Nobody answers: the clock alone ends the ringing.
    let began = Instant::now();
    while states(&node, "1000").await != ["Failed"] {
        changes.changed().await.expect("alive");
    }
    assert_eq!(began.elapsed().as_secs(), 20);
    node.stop().await;
    while changes.changed().await.is_ok() {}
}

#[tokio::test(start_paused = true)]
async fn what_a_node_says_of_itself_is_said_at_once_in_heartbeats_and_to_whoever_comes() {
    let node = node(1);
    let overloaded = Message::Request(Request::SystemStatus { status: SystemStatus::OverloadReached });
    let mut gateway = Gateway::associate(&node).await;
    fault(&node, Fault::Status(SystemStatus::OverloadReached)).await;
    for _ in ["at once", "in a heartbeat"] {
        assert_eq!(gateway.next().await.map(|(_, message)| message), Some(overloaded.clone()));
    }
    let mut other = Gateway::associate(&node).await;
    assert_eq!(other.next().await.map(|(_, message)| message), Some(overloaded));
    node.heal().await.expect("alive");
    assert!(other.is_quiet(6_000).await, "the next heartbeat says that all is well");
}
