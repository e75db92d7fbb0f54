//! Features as a gateway sets and asks them, and what its monitors hear.

use schemas::csta::message::{
    Event, EventBody, FeatureChange, FeatureRequest, FeatureResponse, ForwardItem, ForwardingType, Message,
};

use super::*;

fn ask(request: FeatureRequest) -> Request {
    Request::Feature(request)
}

fn set(dn: &str, kind: Option<ForwardingType>, number: Option<&str>) -> Request {
    let number = number.map(str::to_owned);
    ask(FeatureRequest::SetForwarding { device: device(dn), kind, on: number.is_some(), number })
}

/// Whose monitor heard which change of whom.
async fn change(gateway: &mut Gateway) -> (String, String, FeatureChange) {
    loop {
        if let (_, Message::Event(Event { cross_ref, body: EventBody::Feature { device, change } })) =
            gateway.next().await.expect("an event")
        {
            return (cross_ref, device.device().expect("a device").number.clone(), change);
        }
    }
}

fn item(kind: ForwardingType, number: Option<&str>) -> ForwardItem {
    ForwardItem { kind: Some(kind), on: number.is_some(), number: number.map(str::to_owned) }
}

#[tokio::test(start_paused = true)]
async fn a_feature_is_set_told_to_every_line_and_listed() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    let lines = [gateway.monitor("1000").await, gateway.monitor("1000/2").await];
    gateway.monitor("1001").await;
    let on = ask(FeatureRequest::SetDoNotDisturb { device: device("1000"), on: true });
    for told in [true, false] {
        assert_eq!(gateway.ask(on.clone()).await, Ok(Response::Feature(FeatureResponse::SetDoNotDisturb)));
        if told {
            for line in &lines {
                let heard = change(&mut gateway).await;
                assert_eq!(heard, (line.clone(), "1000".into(), FeatureChange::DoNotDisturb(true)));
            }
        }
    }
    let shown = gateway.ask(ask(FeatureRequest::GetDoNotDisturb { device: device("1000") })).await;
    assert_eq!(shown, Ok(Response::Feature(FeatureResponse::GetDoNotDisturb { on: true })));

    // One word for callers from inside and outside is both.
    let done = Ok(Response::Feature(FeatureResponse::SetForwarding));
    assert_eq!(gateway.ask(set("1000", Some(ForwardingType::Busy), Some("2000"))).await, done);
    for kind in [ForwardingType::BusyInternal, ForwardingType::BusyExternal] {
        for line in &lines {
            let heard = change(&mut gateway).await;
            let expected = FeatureChange::Forwarding(item(kind, Some("2000")));
            assert_eq!(heard, (line.clone(), "1000".into(), expected));
        }
    }
    assert_eq!(gateway.ask(set("1000", Some(ForwardingType::BusyExternal), None)).await, done);
    let listed = gateway.ask(ask(FeatureRequest::GetForwarding { device: device("1000/2") })).await;
    let list = vec![
        item(ForwardingType::Immediate, None),
        item(ForwardingType::BusyInternal, Some("2000")),
        item(ForwardingType::BusyExternal, None),
        item(ForwardingType::NoAnswerInternal, None),
        item(ForwardingType::NoAnswerExternal, None),
    ];
    assert_eq!(listed, Ok(Response::Feature(FeatureResponse::GetForwarding { list })));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_set_or_asked_is_refused_in_the_standard_s_words() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    let always = Some(ForwardingType::Immediate);
    let empty = FeatureRequest::SetForwarding { device: device("1000"), kind: always, on: true, number: None };
    for (request, refusal) in [
        (set("1000", always, Some("1000")), "invalidForwardingDestination"),
        (ask(empty), "invalidForwardingDestination"),
        (set("1000", None, Some("1001")), "invalidForwardingType"),
        (set("1000", always, Some("1500")), "invalidDestination"),
        (set("1500", always, Some("1000")), "invalidDeviceID"),
        (set("1000/9", always, None), "invalidDeviceID"),
        (set("1019", always, Some("1000")), "privilegeViolationSpecifiedDevice"),
        (
            ask(FeatureRequest::SetDoNotDisturb { device: device("1019"), on: true }),
            "privilegeViolationSpecifiedDevice",
        ),
        (ask(FeatureRequest::GetDoNotDisturb { device: device("1018") }), "privilegeViolationSpecifiedDevice"),
        (ask(FeatureRequest::GetForwarding { device: device("1500") }), "invalidDeviceID"),
        (ask(FeatureRequest::GetAutoAnswer { device: device("1500") }), "invalidDeviceID"),
        (ask(FeatureRequest::GetMessageWaiting { device: device("1018") }), "privilegeViolationSpecifiedDevice"),
        (ask(FeatureRequest::GetMessageWaiting { device: device("1500") }), "invalidDeviceID"),
    ] {
        assert_eq!(gateway.ask(request.clone()).await, Err(Failure::operation(refusal)), "{request:?}");
    }
    assert!(node.truth_now().await.expect("alive").phones.is_empty(), "nothing has changed");
}
