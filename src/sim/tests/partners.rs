//! Two nodes with a link between them.

use std::time::Duration;

use schemas::csta::hot_desk::HotDeskRefusal;
use schemas::csta::message::{ConnectionId, HotDeskRequest, PrivateRequest, PrivateResponse};
use schemas::domain::{Cause, Pin};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::*;
use crate::sim::faults::{Fault, LinkFault, Which};
use crate::sim::switch::Refusal;
use crate::sim::truth::TruthState;

async fn link(a: &SimNodeHandle, b: &SimNodeHandle) -> [JoinHandle<()>; 2] {
    let (near, far) = gateway::pair();
    let tasks = [a.attach_peer(near).await.expect("alive"), b.attach_peer(far).await.expect("alive")];
    for (node, partner) in [(a, b), (b, a)] {
        let wanted = partner.ceid().get();
        while !node.truth_now().await.expect("alive").partners.contains(&wanted) {
            sleep(Duration::from_millis(1)).await;
        }
    }
    tasks
}

async fn settle() {
    sleep(Duration::from_millis(10)).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_across_is_told_at_both_nodes_under_one_name() {
    let (a, b) = (node(1), node(2));
    let _tasks = link(&a, &b).await;
    let (mut at_a, mut at_b) = (Gateway::associate(&a).await, Gateway::associate(&b).await);
    at_a.monitor("1000").await;
    at_b.monitor("2000").await;
    hand(&a, "1000", Deed::Dial("2000".into())).await.expect("dialled");
    at_a.events(2).await;
    let (_, delivered) = at_a.event().await;
    let (_, rung) = at_b.event().await;
    assert_eq!((delivered.kind, rung.kind), (CallEventKind::Delivered, CallEventKind::Delivered));
    assert_eq!(delivered.global_call_id, rung.global_call_id);
    assert_ne!(delivered.connection.call, rung.connection.call);
    assert_eq!(delivered.called.device().and_then(|d| d.name.as_deref()), Some("Abe, 健"));
    assert_eq!(rung.calling.device().and_then(|d| d.name.as_deref()), Some("Archer, Maya"));
    at_b.ask(Request::AnswerCall { connection: rung.connection }).await.expect("answered");
    assert_eq!(at_a.event().await.1.kind, CallEventKind::Established);
    // The calls live longer than the link would be silent: heartbeats keep it.
    at_b.event().await;
    assert_eq!(tokio::join!(at_a.is_quiet(60_000), at_b.is_quiet(60_000)), (true, true));
    assert_eq!(states(&a, "1000").await, ["Connected"]);
    hand(&b, "2000", Deed::Hold).await.expect("held");
    let (_, held) = at_a.event().await;
    assert_eq!((held.kind, held.local), (CallEventKind::Held, Some(LocalState::Connected)));
    assert!(held.subject.is("2000", None));
    hand(&a, "1000", Deed::HangUp).await.expect("cleared");
    settle().await;
    assert!(states(&b, "2000").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_lost_link_ends_calls_at_both_ends_and_none_comes_back() {
    let (a, b) = (node(1), node(2));
    let tasks = link(&a, &b).await;
    let mut at_a = Gateway::associate(&a).await;
    at_a.monitor("1000").await;
    hand(&a, "1000", Deed::Dial("2000".into())).await.expect("dialled");
    settle().await;
    hand(&b, "2000", Deed::Answer).await.expect("answered");
    settle().await;
    at_a.events(4).await;
    a.fault(Fault::Link { mode: LinkFault::Close, which: Which::Partners, for_ms: 5_000 }).await.expect("alive");
    let (_, cleared) = at_a.event().await;
    assert_eq!((cleared.kind, cleared.local), (CallEventKind::ConnectionCleared, Some(LocalState::Null)));
    for task in tasks {
        let _ = task.await;
    }
    settle().await;
    assert!(states(&a, "1000").await.is_empty() && states(&b, "2000").await.is_empty());
    hand(&a, "1000", Deed::Dial("2000".into())).await.expect("dialled");
    assert_eq!(states(&a, "1000").await, ["Failed"]);

    let (near, _far) = gateway::pair();
    a.attach_peer(near).await.expect("alive").await.expect("turned away at once");
    sleep(Duration::from_secs(5)).await;
    let _tasks = link(&a, &b).await;
    settle().await;
    assert!(states(&b, "2000").await.is_empty());
    hand(&a, "1000", Deed::HangUp).await.expect("cleared");
    hand(&a, "1000", Deed::Dial("2000".into())).await.expect("dialled");
    settle().await;
    assert_eq!(states(&b, "2000").await, ["Alerting"]);
}

#[tokio::test(start_paused = true)]
async fn a_partner_that_falls_silent_is_lost() {
    let a = node(1);
    let (near, mut far) = gateway::pair();
    let task = a.attach_peer(near).await.expect("alive");
    far.write_all(b"{\"say\":\"hello\",\"ceid\":2}\n").await.expect("written");
    settle().await;
    assert_eq!(a.truth_now().await.expect("alive").partners, [2]);
    hand(&a, "1000", Deed::Dial("2000".into())).await.expect("dialled");
    task.await.expect("ended by silence");
    settle().await;
    assert!(a.truth_now().await.expect("alive").partners.is_empty());
    assert!(states(&a, "1000").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_no_partner_is_not_let_in() {
    let a = node(1);
    let said: [&[u8]; 5] = [
        b"{\"say\":\"heartbeat\"}\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"{\"say\":\"hello\",\"ceid\":1}\n",
        b"{\"say\":\"hello\",\"ceid\":0}\n",
        &[b'x'; 100_000],
    ];
    for bytes in said {
        let (near, mut far) = tokio::io::duplex(200_000);
        let task = a.attach_peer(near).await.expect("alive");
        far.write_all(bytes).await.expect("written");
        let _ = task.await;
        assert!(a.truth_now().await.expect("alive").partners.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_partner_that_comes_anew_has_lost_its_former_calls() {
    let (a, b) = (node(1), node(2));
    let _former = link(&a, &b).await;
    hand(&a, "1000", Deed::Dial("2000".into())).await.expect("dialled");
    settle().await;
    assert_eq!(states(&b, "2000").await, ["Alerting"]);
    b.stop().await;
    let b = node(2);
    let _tasks = link(&a, &b).await;
    settle().await;
    assert!(states(&a, "1000").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn power_takes_the_calls_here_and_across() {
    let (a, b) = (node(1), node(2));
    let _tasks = link(&a, &b).await;
    let mut gateway = Gateway::associate(&b).await;
    gateway.monitor("2000").await;
    hand(&a, "1000", Deed::Dial("2000".into())).await.expect("dialled");
    settle().await;
    a.fault(Fault::Power { down_ms: 1_000 }).await.expect("alive");
    gateway.event().await;
    assert_eq!(gateway.event().await.1.kind, CallEventKind::ConnectionCleared);
    let last = a.truth(0).await.expect("alive").pop().expect("a record");
    assert_eq!(serde_json::to_value(last.cause).expect("JSON"), "powerLost");
    assert_eq!(hand(&a, "1000", Deed::OffHook).await, Err(HandRefusal::NoPower));
    sleep(Duration::from_secs(1)).await;
    hand(&a, "1000", Deed::OffHook).await.expect("power is back");
}

#[tokio::test(start_paused = true)]
async fn a_pickup_at_another_node_is_answered_when_that_node_has_said() {
    let (a, b) = (node(1), node(2));
    let _tasks = link(&a, &b).await;
    let (mut at_a, mut at_b) = (Gateway::associate(&a).await, Gateway::associate(&b).await);
    at_a.monitor("1001").await;
    at_b.monitor("2000").await;
    let pick = |call| {
        let connection = ConnectionId { call, device: Some(device("2000")) };
        Request::DirectedPickupCall { connection, requesting: device("1001") }
    };
    assert_eq!(at_a.ask(pick(None)).await, Err(Failure::state("noCallToAnswer")));
    let refused = hand(&a, "1001", Deed::PickUp("2000".parse().expect("a DN"))).await;
    assert_eq!(refused, Err(HandRefusal::Refused(Refusal::NoCallToAnswer)));

    hand(&a, "1000", Deed::Dial("2000".into())).await.expect("dialled");
    let (_, rung) = at_b.event().await;
    let Ok(Response::DirectedPickupCall { picked }) = at_a.ask(pick(rung.connection.call.clone())).await else {
        panic!("not picked up")
    };
    let (_, answered) = at_a.event().await;
    assert_eq!((answered.kind, answered.cause), (CallEventKind::Established, Cause::CallPickup));
    assert_eq!((&answered.connection, answered.global_call_id), (&picked, rung.global_call_id));
    assert_ne!(picked.call, rung.connection.call, "each node has a callID of its own");
    let (_, away) = at_b.event().await;
    assert_eq!((away.kind, away.cause), (CallEventKind::Diverted, Cause::CallPickup));
    assert!(away.new_destination.is("1001", None));
    hand(&a, "1001", Deed::HangUp).await.expect("cleared");

    // A person's is answered with what is true then.
    hand(&a, "1000", Deed::Dial("2000".into())).await.expect("dialled");
    settle().await;
    let last = hand(&a, "1001", Deed::PickUp("2000".parse().expect("a DN"))).await.expect("picked up");
    let record = a.truth(last - 1).await.expect("alive").remove(0);
    assert_eq!((record.dn.as_str(), record.state), ("1001", TruthState::Connected));
    assert_eq!(states(&a, "1000").await, ["Connected"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_at_another_node_is_taken_over_when_that_node_has_said() {
    let (a, b) = (node(1), node(2));
    let _tasks = link(&a, &b).await;
    let mut gateway = Gateway::associate(&a).await;
    gateway.monitor("1001").await;
    let take = || {
        let (held, requesting) = (device("2000"), device("1001"));
        Request::Escape(PrivateRequest::RemoteRetrieve { held, requesting })
    };
    hand(&a, "1000", Deed::Dial("2000".into())).await.expect("dialled");
    settle().await;
    hand(&b, "2000", Deed::Answer).await.expect("answered");
    assert_eq!(gateway.ask(take()).await, Err(Failure::state("noHeldCall")));
    hand(&b, "2000", Deed::Hold).await.expect("held");
    assert_eq!(gateway.ask(take()).await, Ok(Response::Escape(PrivateResponse::Done)));
    let (_, answered) = gateway.event().await;
    assert_eq!((answered.kind, answered.cause), (CallEventKind::Established, Cause::CallPickup));
    assert_eq!(states(&a, "1001").await, ["Connected"]);
    assert!(states(&b, "2000").await.is_empty());
    // A person takes it back.
    hand(&a, "1001", Deed::Hold).await.expect("held");
    settle().await;
    let last = hand(&b, "2000", Deed::RetrieveFrom("1001".parse().expect("a DN"))).await.expect("taken over");
    assert!(last > 0);
    assert_eq!(states(&b, "2000").await, ["Connected"]);
}

#[tokio::test(start_paused = true)]
async fn a_pickup_is_not_waited_for_when_the_partner_falls_silent() {
    let a = node(1);
    let (near, mut far) = gateway::pair();
    a.attach_peer(near).await.expect("alive");
    far.write_all(b"{\"say\":\"hello\",\"ceid\":2}\n").await.expect("written");
    settle().await;
    let mut gateway = Gateway::associate(&a).await;
    let connection = ConnectionId { call: None, device: Some(device("2000")) };
    let asked = gateway.request(Request::DirectedPickupCall { connection, requesting: device("1001") }).await;
    settle().await;
    assert_eq!(hand(&a, "1001", Deed::OffHook).await, Err(HandRefusal::Refused(Refusal::LineInUse)));
    assert_eq!(gateway.answer(asked).await, Err(Failure::resource("networkOutOfService")));
    hand(&a, "1001", Deed::OffHook).await.expect("dial tone");
}

fn log_in(pin: &str) -> Request {
    let (set, user, pin) = ("2001".into(), "1900".into(), Pin::new(pin).expect("a PIN"));
    Request::Escape(PrivateRequest::HotDesk(HotDeskRequest::Login { set, user, pin }))
}

#[tokio::test(start_paused = true)]
async fn a_hot_desk_login_at_another_node_is_answered_when_home_has_said() {
    let (a, b) = (node(1), node(2));
    let _tasks = link(&a, &b).await;
    let mut at_b = Gateway::associate(&b).await;
    assert_eq!(at_b.ask(log_in("4321")).await, Err(HotDeskRefusal::WrongPin.failure()));
    assert_eq!(at_b.ask(log_in("1234")).await, Ok(Response::Escape(PrivateResponse::Done)));
    assert_eq!(at_b.ask(log_in("1234")).await, Err(HotDeskRefusal::LoggedIn.failure()));
    // What a person does at the set is done at home, and refused there.
    hand(&b, "2001", Deed::Dial("1000".into())).await.expect("dialled");
    assert_eq!((states(&a, "1900").await, states(&b, "2001").await), (vec!["Delivered".into()], vec![]));
    let refused = hand(&b, "2001", Deed::Hold).await;
    assert_eq!(refused, Err(HandRefusal::Refused(Refusal::WrongState)));
    // The set shows what home says, and says nothing of its own.
    let home = a.view(0).await.expect("alive");
    let user = home.users.iter().find(|user| user.dn == "1900").expect("a user");
    let there = user.away.as_ref().expect("the user is away");
    assert_eq!((user.desk.as_deref(), there.may.as_slice()), (Some("2001"), &["dnd", "forward"][..]));
    assert_eq!((there.lines.len(), there.lines[0].legs.len()), (2, 1));
    assert!(there.lines[0].may.contains(&"hangup") && there.lines[1].may.contains(&"offhook"));
    let away = b.view(0).await.expect("alive");
    let set = away.phones.iter().find(|phone| phone.dn == "2001").expect("a set");
    assert_eq!(set.user.as_deref(), Some("1900"));
    assert!(set.may.is_empty() && set.lines.iter().all(|line| line.may.is_empty() && line.legs.is_empty()));
    hand(&b, "2001", Deed::HangUp).await.expect("cleared");
    hand(&b, "2001", Deed::LogOut).await.expect("logged out");
    let home = a.view(0).await.expect("alive");
    assert!(home.users.iter().all(|user| user.desk.is_none() && user.away.is_none()));
}

#[tokio::test(start_paused = true)]
async fn a_hot_desk_login_is_not_waited_for_when_home_falls_silent() {
    let b = node(2);
    let (near, mut far) = gateway::pair();
    b.attach_peer(near).await.expect("alive");
    far.write_all(b"{\"say\":\"hello\",\"ceid\":1}\n").await.expect("written");
    settle().await;
    let mut gateway = Gateway::associate(&b).await;
    let asked = gateway.request(log_in("1234")).await;
    settle().await;
    assert_eq!(hand(&b, "2001", Deed::OffHook).await, Err(HandRefusal::Refused(Refusal::OutOfService)));
    assert_eq!(gateway.answer(asked).await, Err(HotDeskRefusal::Unreachable.failure()));
    hand(&b, "2001", Deed::OffHook).await.expect("dial tone");
}
