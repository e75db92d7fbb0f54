//! Consultation, transfer, conference and private data as a gateway asks for and hears them.

use schemas::csta::message::{
    ConnectionId, Event, EventBody, JoinKind, JoinedEvent, Message, PrivateFeature, PrivateRequest, PrivateResponse,
};
use schemas::domain::Feature;

use super::*;

async fn join(gateway: &mut Gateway) -> (String, JoinedEvent) {
    loop {
        if let (_, Message::Event(Event { cross_ref, body: EventBody::Joined(joined) })) =
            gateway.next().await.expect("an event")
        {
            return (cross_ref, joined);
        }
    }
}

/// 1000 talks with 1001 and consults 1002; the connections of 1000 in both calls.
async fn consultation(gateway: &mut Gateway, node: &SimNodeHandle) -> [ConnectionId; 2] {
    let made = gateway.ask(Request::MakeCall { calling: device("1000"), called: "1001".into(), account: None }).await;
    let Ok(Response::MakeCall { calling: existing, .. }) = made else { panic!("{made:?}") };
    hand(node, "1001", Deed::Answer).await.expect("answered");
    let consult = Request::ConsultationCall { existing: existing.clone(), consulted: "1002".into() };
    let Ok(Response::ConsultationCall { initiated, global_call_id }) = gateway.ask(consult).await else {
        panic!("no consultation")
    };
    assert!(global_call_id.is_some() && initiated.device == Some(device("1000")) && initiated.call != existing.call);
    [existing, initiated]
}

#[tokio::test(start_paused = true)]
async fn a_transfer_is_told_as_the_standard_says_it() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    let mut monitors = Vec::new();
    for dn in ["1000", "1001", "1002"] {
        monitors.push(gateway.monitor(dn).await);
    }
    let [held, active] = consultation(&mut gateway, &node).await;
    let alternate = Request::AlternateCall { held: held.clone(), active: active.clone() };
    assert_eq!(gateway.ask(alternate).await, Err(Failure::state("invalidConnectionState")), "it rings still");
    let transfer = Request::TransferCall { held: held.clone(), active: active.clone() };
    let transferred = ConnectionId { call: held.call.clone(), device: Some(device("1002")) };
    assert_eq!(gateway.ask(transfer.clone()).await, Ok(Response::TransferCall { transferred: transferred.clone() }));
    for (monitor, local) in monitors.iter().zip([LocalState::Null, LocalState::Connected, LocalState::Alerting]) {
        let (cross_ref, joined) = join(&mut gateway).await;
        assert_eq!((&cross_ref, joined.local, joined.kind), (monitor, Some(local), JoinKind::Transferred));
        assert_eq!((&joined.primary_old, joined.secondary_old.as_ref()), (&held, Some(&active)));
        let last = joined.connections.last().expect("a connection");
        assert_eq!(last.new.as_ref(), Some(&transferred));
        assert_eq!(last.old.as_ref().and_then(|o| o.call.as_ref()), active.call.as_ref());
        assert!(joined.ringing && joined.old_global_call_id.is_some());
        assert_ne!(joined.old_global_call_id, joined.global_call_id);
    }
    assert_eq!(gateway.ask(transfer).await, Err(Failure::operation("invalidConnectionID")), "who comes second loses");
}

#[tokio::test(start_paused = true)]
async fn a_conference_is_made_split_and_shown_whole() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    let x = gateway.monitor("1000").await;
    let [held, active] = consultation(&mut gateway, &node).await;
    hand(&node, "1002", Deed::Answer).await.expect("answered");
    let conference = Request::ConferenceCall { held: held.clone(), active: active.clone() };
    assert_eq!(gateway.ask(conference).await, Ok(Response::ConferenceCall { conference: held.clone() }));
    let (cross_ref, joined) = join(&mut gateway).await;
    assert_eq!((cross_ref, joined.kind, joined.connections.len()), (x, JoinKind::Conferenced, 3));
    assert!(joined.permitted.is_some_and(|p| p.has(Feature::SplitConferenceCall)));
    let snapshot = gateway.ask(Request::SnapshotCall { connection: held.clone() }).await;
    let Ok(Response::SnapshotCall { devices, .. }) = snapshot else { panic!("{snapshot:?}") };
    let shown: Vec<_> = devices.iter().filter_map(|d| d.device.device()).map(|d| d.number.as_str()).collect();
    assert_eq!(shown, ["1000", "1001", "1002"]);
    let split = Request::Escape(PrivateRequest::SplitConference { connection: held });
    assert_eq!(gateway.ask(split.clone()).await, Ok(Response::Escape(PrivateResponse::Done)));
    assert_eq!(gateway.ask(split).await, Err(Failure::state("invalidConnectionState")));
    assert_eq!(states(&node, "1000").await, ["Held", "Connected"]);
}

#[tokio::test(start_paused = true)]
async fn private_data_is_announced_and_a_node_without_it_refuses() {
    for private in [true, false] {
        let node = SimNode::spawn(Plan { private, ..plan(1) }, env());
        let mut gateway = Gateway::associate(&node).await;
        let known = if private { PrivateFeature::ALL.to_vec() } else { vec![] };
        let features = gateway.ask(Request::GetCstaFeatures).await;
        assert_eq!(features, Ok(Response::GetCstaFeatures { private: known }));
        let profile = |dn: &str| Request::Escape(PrivateRequest::DeviceProfile { dn: dn.into() });
        let answer = gateway.ask(profile("1000")).await;
        gateway.monitor("1000").await;
        hand(&node, "1000", Deed::Dial("1500".into())).await.expect("dialled");
        gateway.events(2).await;
        let permitted = gateway.event().await.1.permitted.expect("it says so");
        assert_eq!(permitted.has(Feature::NewCall), private);
        if !private {
            assert_eq!(answer, Err(Failure::operation("serviceNotSupported")));
            continue;
        }
        let Ok(Response::Escape(PrivateResponse::DeviceProfile(profile_of))) = answer else { panic!("{answer:?}") };
        assert_eq!((profile_of.name.as_deref(), profile_of.home), (Some("Archer, Maya"), Some(1)));
        let lines: Vec<_> = profile_of.lines.iter().map(|l| (l.button, l.dn.as_str(), l.ring)).collect();
        assert_eq!(lines, [(1, "1000", true), (2, "1000", false), (3, "1000", false)]);
        for dn in ["2000", "1500", "x"] {
            assert_eq!(gateway.ask(profile(dn)).await, Err(Failure::operation("invalidDeviceID")), "{dn}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_names_no_leg_or_two_lines_is_refused() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    let [held, active] = consultation(&mut gateway, &node).await;
    let other = ConnectionId { device: Some(device("1001")), ..held.clone() };
    let bare = ConnectionId { device: None, ..held.clone() };
    let unknown = Failure::operation("invalidConnectionID");
    for (held, active) in [(other, active.clone()), (bare, active.clone())] {
        assert_eq!(gateway.ask(Request::TransferCall { held, active }).await, Err(unknown.clone()));
    }
    let pick = |connection| Request::DirectedPickupCall { connection, requesting: device("1003") };
    let ringing = ConnectionId { call: None, device: Some(device("1002")) };
    let picked = ConnectionId { call: active.call.clone(), device: Some(device("1003")) };
    assert_eq!(gateway.ask(pick(ringing.clone())).await, Ok(Response::DirectedPickupCall { picked }));
    assert_eq!(gateway.ask(pick(ringing)).await, Err(Failure::state("noCallToAnswer")));
}
