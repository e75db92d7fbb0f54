//! Calls as a gateway sees and makes them.

use CallEventKind::{ConnectionCleared, Delivered, Established, Failed, Held, Originated, Retrieved, ServiceInitiated};
use LocalState::{Alerting, Connected, Fail, Hold, Initiated, Null};
use schemas::csta::message::{ConnectionId, DeviceCategory, Message};
use schemas::domain::{Cause, Feature, Features};

use super::*;

fn event(
    x: &str,
    kind: CallEventKind,
    subject: &str,
    local: LocalState,
) -> (String, CallEventKind, String, LocalState) {
    (x.into(), kind, subject.into(), local)
}

fn own(call: &ConnectionId, text: &str) -> ConnectionId {
    ConnectionId { call: call.call.clone(), device: Some(device(text)) }
}

async fn make(gateway: &mut Gateway, from: &str, to: &str) -> ConnectionId {
    match gateway.ask(Request::MakeCall { calling: device(from), called: to.into(), account: None }).await {
        Ok(Response::MakeCall { calling, .. }) => calling,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_by_an_application_is_told_to_both_monitors_after_its_answer() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    let (x, y) = (gateway.monitor("1000").await, gateway.monitor("1001").await);

    let invoke =
        gateway.request(Request::MakeCall { calling: device("1000"), called: "1001".into(), account: None }).await;
    let (first, answer) = gateway.next().await.expect("an answer");
    assert_eq!(first, invoke, "the answer comes before the events");
    let Message::Response(Response::MakeCall { calling: call, global_call_id }) = answer else { panic!("{answer:?}") };
    assert_eq!(
        gateway.events(3).await,
        [
            event(&x, ServiceInitiated, "1000", Initiated),
            event(&x, Originated, "1000", Connected),
            event(&x, Delivered, "1001", Connected),
        ]
    );
    let (cross_ref, rung) = gateway.event().await;
    assert_eq!((cross_ref.as_str(), rung.kind, rung.local), (y.as_str(), Delivered, Some(Alerting)));
    assert_eq!(
        (rung.cause, rung.permitted),
        (Cause::NewCall, Some(Features::of(&[Feature::AnswerCall, Feature::RedirectCall])))
    );
    assert_eq!(rung.global_call_id, global_call_id);
    assert_eq!(rung.calling.device().and_then(|d| d.name.as_deref()), Some("Archer, Maya"));
    assert_eq!(rung.called.device().map(|d| d.number.as_str()), Some("1001"));
    assert_eq!(rung.connection, own(&call, "1001"));

    let answer = Request::AnswerCall { connection: own(&call, "1001") };
    assert_eq!(gateway.ask(answer).await, Ok(Response::AnswerCall));
    assert_eq!(
        gateway.events(2).await,
        [event(&x, Established, "1001", Connected), event(&y, Established, "1001", Connected)]
    );
    assert_eq!(gateway.ask(Request::HoldCall { connection: call.clone() }).await, Ok(Response::HoldCall));
    assert_eq!(gateway.events(2).await, [event(&x, Held, "1000", Hold), event(&y, Held, "1000", Connected)]);
    let refused = gateway.ask(Request::HoldCall { connection: call.clone() }).await;
    assert_eq!(refused, Err(Failure::state("invalidConnectionState")));
    let refused = gateway.ask(Request::ClearConnection { connection: call.clone() }).await;
    assert_eq!(refused, Err(Failure::state("invalidConnectionState")), "a held call is retrieved first");
    assert_eq!(gateway.ask(Request::RetrieveCall { connection: call.clone() }).await, Ok(Response::RetrieveCall));
    assert_eq!(
        gateway.events(2).await,
        [event(&x, Retrieved, "1000", Connected), event(&y, Retrieved, "1000", Connected)]
    );
    let clear = Request::ClearConnection { connection: call };
    assert_eq!(gateway.ask(clear.clone()).await, Ok(Response::ClearConnection));
    assert_eq!(
        gateway.events(2).await,
        [event(&x, ConnectionCleared, "1000", Null), event(&y, ConnectionCleared, "1000", Null)]
    );
    assert_eq!(gateway.ask(clear).await, Err(Failure::operation("invalidConnectionID")));
}

#[tokio::test(start_paused = true)]
async fn nobody_answers_and_the_truth_says_when() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    let (x, y) = (gateway.monitor("1000").await, gateway.monitor("1001").await);
    hand(&node, "1000", Deed::Dial("1001".into())).await.expect("dialled");
    gateway.events(4).await;
    assert_eq!(gateway.events(2).await, [event(&y, ConnectionCleared, "1000", Null), event(&x, Failed, "1001", Fail)]);
    let truth = node.truth(0).await.expect("alive");
    let (first, last) = (truth.first().expect("a record"), truth.last().expect("a record"));
    assert_eq!(last.at_ms - first.at_ms, 20_000);
    assert_eq!(truth.iter().map(|t| t.seq).collect::<Vec<_>>(), (1..=truth.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_monitor_hears_its_own_button_and_no_other() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    let (prime, second) = (gateway.monitor("1000").await, gateway.monitor("1000/2").await);
    let call = make(&mut gateway, "1000/2", "1001").await;
    assert_eq!(call.device, Some(device("1000/2")));
    let heard = gateway.events(3).await;
    assert!(heard.iter().all(|e| e.0 == second && e.0 != prime), "{heard:?}");
    let stop = Request::MonitorStop { cross_ref: second.clone() };
    assert_eq!(gateway.ask(stop.clone()).await, Ok(Response::MonitorStop));
    hand(&node, "1000/2", Deed::HangUp).await.expect("cleared");
    // The prime line is in no call; it hears that its neighbour was used, and is no longer.
    for kind in [Originated, ConnectionCleared] {
        let (cross_ref, told) = gateway.event().await;
        assert_eq!((cross_ref, told.kind, told.local), (prime.clone(), kind, Some(Null)));
        assert_eq!((told.connection, told.permitted), (own(&call, "1000/2"), Some(Features::NONE)));
    }
    assert!(gateway.is_quiet(1_000).await);
    assert_eq!(gateway.ask(stop).await, Err(Failure::operation("invalidMonitorCrossRefID")));
}

#[tokio::test(start_paused = true)]
async fn what_class_of_service_or_the_directory_forbids_is_refused() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    let privilege = Failure::operation("privilegeViolationSpecifiedDevice");
    let unknown = Failure::operation("invalidDeviceID");
    for (number, failure) in
        [("1018", &privilege), ("1018/2", &privilege), ("1500", &unknown), ("2000", &unknown), ("1000/4", &unknown)]
    {
        let monitor = Request::MonitorStart { device: device(number) };
        assert_eq!(gateway.ask(monitor).await.as_ref(), Err(failure), "{number}");
        let snapshot = Request::SnapshotDevice { device: device(number) };
        assert_eq!(gateway.ask(snapshot).await.as_ref(), Err(failure), "{number}");
    }
    let nonsense = Request::MonitorStart { device: DeviceRef::number("reception") };
    assert_eq!(gateway.ask(nonsense).await, Err(unknown.clone()));
    for (from, to, failure) in [
        ("1019", "1000", privilege.clone()),
        ("1500", "1000", unknown.clone()),
        ("1000/9", "1001", unknown),
        ("1000", "", Failure::operation("invalidDestination")),
    ] {
        let call = Request::MakeCall { calling: device(from), called: to.into(), account: None };
        assert_eq!(gateway.ask(call).await, Err(failure), "{from} {to}");
    }
    // 1019 may be watched, and its people may call; nothing is permitted to applications there.
    gateway.monitor("1019").await;
    hand(&node, "1019", Deed::Dial("1001".into())).await.expect("dialled");
    for _ in 0..3 {
        assert_eq!(gateway.event().await.1.permitted, Some(Features::NONE));
    }
    let services = ["ParkCall", "IntrudeCall"];
    for name in services {
        let answer = gateway.ask(Request::Unsupported { name: name.into() }).await;
        assert_eq!(answer, Err(Failure::operation("serviceNotSupported")));
    }
    let nothing = ConnectionId { call: Some("x".into()), device: None };
    let answer = gateway.ask(Request::AnswerCall { connection: nothing }).await;
    assert_eq!(answer, Err(Failure::operation("invalidConnectionID")));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_shows_what_a_monitor_missed() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    hand(&node, "1000", Deed::Dial("1001".into())).await.expect("dialled");
    hand(&node, "1001", Deed::Answer).await.expect("answered");
    hand(&node, "1000", Deed::Hold).await.expect("held");
    hand(&node, "1000", Deed::Dial("1002".into())).await.expect("dialled");
    let answer = gateway.ask(Request::SnapshotDevice { device: device("1000") }).await;
    let Ok(Response::SnapshotDevice { connections, .. }) = answer else { panic!("{answer:?}") };
    let waits = [Feature::ClearCall, Feature::SetCallMeBack, Feature::SendCallbackMessage];
    let shown: Vec<_> = connections.iter().map(|c| (c.states.clone(), c.permitted)).collect();
    assert_eq!(
        shown,
        [(vec![Hold, Connected], Some(Features::NONE)), (vec![Connected, Alerting], Some(Features::of(&waits))),]
    );
    let truth = node.phone(line("1000").dn).await.expect("alive").expect("a phone");
    for (shown, leg) in connections.iter().zip(&truth.legs) {
        assert_eq!(shown.connection.call.as_deref(), Some(leg.call.as_str()));
        assert_eq!(shown.global_call_id.as_deref(), Some(leg.gcid.as_str()));
    }
    let answer = gateway.ask(Request::SnapshotCall { connection: connections[1].connection.clone() }).await;
    let Ok(Response::SnapshotCall { calling, called, global_call_id, devices }) = answer else { panic!("{answer:?}") };
    assert!(calling.is("1000", None) && called.is("1002", None));
    assert_eq!(global_call_id, connections[1].global_call_id);
    let states: Vec<_> = devices.iter().map(|d| (d.connection.device.clone(), d.state)).collect();
    assert_eq!(states, [(Some(device("1000")), Some(Connected)), (Some(device("1002")), Some(Alerting))]);

    let answer = gateway.ask(Request::SnapshotDevice { device: device("1000/2") }).await;
    assert_eq!(answer, Ok(Response::SnapshotDevice { connections: vec![], in_service: Some(true) }));
    let wrong = ConnectionId { device: Some(device("1005")), ..connections[1].connection.clone() };
    let answer = gateway.ask(Request::SnapshotCall { connection: wrong }).await;
    assert_eq!(answer, Err(Failure::operation("invalidConnectionID")));
}

async fn directory(gateway: &mut Gateway) -> Vec<(DeviceRef, DeviceCategory)> {
    let answer = gateway.ask(Request::GetSwitchingFunctionDevices).await;
    let Ok(Response::GetSwitchingFunctionDevices { cross_ref }) = answer else { panic!("{answer:?}") };
    let mut listed = Vec::new();
    for number in 1.. {
        let (_, message) = gateway.next().await.expect("a segment");
        let Message::Request(Request::SwitchingFunctionDevices { cross_ref: x, segment, last, devices }) = message
        else {
            panic!("{message:?}")
        };
        assert_eq!((x, segment), (cross_ref.clone(), Some(number)));
        listed.extend(devices.into_iter().map(|d| (d.device, d.category)));
        if last {
            break;
        }
    }
    listed
}

#[tokio::test(start_paused = true)]
async fn the_directory_lists_every_line_with_its_name() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    let listed = directory(&mut gateway).await;
    // Hot desk users come after the sets: ten with two keys, and five external ones.
    assert_eq!(listed.len(), 60 + 25);
    for (i, phone) in plan(1).phones.iter().enumerate() {
        for button in 0..3 {
            let (listed, category) = &listed[i * 3 + usize::from(button)];
            let name = (button == 0 && !phone.name.is_empty()).then(|| phone.name.clone());
            let expected = DeviceRef {
                name,
                button: (button > 0).then_some(button + 1),
                ..DeviceRef::number(phone.dn.to_string())
            };
            assert_eq!((listed, *category), (&expected, DeviceCategory::Station));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_directory_comes_in_frames_that_every_peer_can_read() {
    let mut plan = Plan::sized(Ceid::new(7).expect("a CEID"), 10_000, 3_000);
    for phone in &mut plan.phones {
        phone.name = "\"<&>\"".repeat(8);
    }
    let node = SimNode::spawn(plan, env());
    let mut gateway = Gateway::associate(&node).await;
    // A frame that is too long is never made: encoding refuses it, and the count would be wrong.
    assert_eq!(directory(&mut gateway).await.len(), 3_000);
}
