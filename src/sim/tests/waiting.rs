//! Account codes, campon, trade, callbacks and messages as a gateway asks for and hears them.

use schemas::csta::message::{
    ConnectionId, EventBody, FeatureChange, FeatureRequest, FeatureResponse, Message, PrivateRequest, PrivateResponse,
};
use schemas::domain::{Account, Cause, Party};

use super::*;

/// A call by an application; the connection of who called.
async fn call(gateway: &mut Gateway, from: &str, to: &str, account: Option<&str>) -> ConnectionId {
    let call = Request::MakeCall { calling: device(from), called: to.into(), account: account.map(Into::into) };
    match gateway.ask(call).await {
        Ok(Response::MakeCall { calling, .. }) => calling,
        other => panic!("{other:?}"),
    }
}

/// The next event that is no call event.
async fn other(gateway: &mut Gateway) -> EventBody {
    loop {
        if let (_, Message::Event(event)) = gateway.next().await.expect("an event")
            && !matches!(event.body, EventBody::Call(_))
        {
            return event.body;
        }
    }
}

async fn account(gateway: &mut Gateway) -> Option<Account> {
    match other(gateway).await {
        EventBody::Information(information) => information.account,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn account_codes_come_with_a_call_and_into_it() {
    for private in [true, false] {
        let node = SimNode::spawn(Plan { private, ..plan(1) }, env());
        let mut gateway = Gateway::associate(&node).await;
        gateway.monitor("1000").await;
        let connection = call(&mut gateway, "1000", "1001", Some("4711")).await;
        let told = |code: &str, verified: bool| Account { code: code.into(), verified: private.then_some(verified) };
        assert_eq!(account(&mut gateway).await, Some(told("4711", false)));
        let set = |code: &str| Request::AssociateData { connection: connection.clone(), account: code.into() };
        assert_eq!(gateway.ask(set("24")).await, Err(Failure::state("invalidConnectionState")), "it rings");
        hand(&node, "1001", Deed::Answer).await.expect("answered");
        assert_eq!(gateway.ask(set("1")).await, Err(Failure::operation("invalidAccountCode")));
        assert_eq!(gateway.ask(set("24")).await, Ok(Response::AssociateData));
        assert_eq!(account(&mut gateway).await, Some(told("24", true)), "whether it is verified is private data");
    }
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    let outside = Request::MakeCall { calling: device("1013"), called: "95551234".into(), account: None };
    let needed = Failure::operation("atLeastOneConditionalParameterNotProvided");
    assert_eq!(gateway.ask(outside).await, Err(needed));
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_and_is_traded() {
    for private in [true, false] {
        let node = SimNode::spawn(Plan { private, ..plan(1) }, env());
        let mut gateway = Gateway::associate(&node).await;
        hand(&node, "1002", Deed::Dial("1001".into())).await.expect("dialled");
        hand(&node, "1001", Deed::Answer).await.expect("answered");
        gateway.monitor("1001").await;
        let connection = call(&mut gateway, "1000", "1001", None).await;
        let camp = Request::CamponCall { connection: connection.clone() };
        assert_eq!(gateway.ask(camp.clone()).await, Ok(Response::CamponCall));
        let (_, queued) = gateway.event().await;
        assert_eq!(
            (queued.kind, queued.local, queued.cause),
            (CallEventKind::Queued, Some(LocalState::Queued), Cause::CampOn)
        );
        assert_eq!(
            (queued.subject.device(), queued.calling.device().map(|d| &*d.number)),
            (queued.called.device(), Some("1000"))
        );
        assert_eq!(gateway.ask(camp).await, Err(Failure::state("invalidConnectionState")), "twice");
        let waits = ConnectionId { call: connection.call, device: Some(device("1001")) };
        let traded = gateway.ask(Request::Escape(PrivateRequest::TradeCall { connection: waits })).await;
        if private {
            assert_eq!(traded, Ok(Response::Escape(PrivateResponse::Done)));
            let kinds: Vec<_> = gateway.events(2).await.into_iter().map(|e| e.1).collect();
            assert_eq!(kinds, [CallEventKind::Held, CallEventKind::Established]);
        } else {
            assert_eq!(traded, Err(Failure::operation("serviceNotSupported")));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn callbacks_and_messages_name_whom_they_are_for_and_light_the_lamp() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    gateway.monitor("1001").await;
    let connection = call(&mut gateway, "1000", "1001", None).await;
    let target = Some(device("1001"));
    let message = Request::CallBackMessage { connection: connection.clone() };
    assert_eq!(gateway.ask(message.clone()).await, Ok(Response::CallBackMessage { target: target.clone() }));
    let zoe = DeviceRef { name: Some("Bélanger, Zoé".into()), ..device("1001") };
    let lamp = |on| EventBody::Feature { device: Party::Known(zoe.clone()), change: FeatureChange::MessageWaiting(on) };
    let lit = Request::Feature(FeatureRequest::GetMessageWaiting { device: device("1001") });
    let is = |on| Ok(Response::Feature(FeatureResponse::GetMessageWaiting { on }));
    assert_eq!(gateway.ask(lit.clone()).await, is(true));
    assert_eq!(other(&mut gateway).await, lamp(true));
    assert_eq!(gateway.ask(message).await, Err(Failure::operation("featureAlreadySet")));
    assert_eq!(gateway.ask(Request::CallBack { connection }).await, Ok(Response::CallBack { target }));
    assert!(states(&node, "1000").await.is_empty(), "the call is over by that");
    let cancel = |from: &str| Request::CancelCallBackMessage { originating: device(from), target: device("1001") };
    assert_eq!(gateway.ask(cancel("1003")).await, Err(Failure::operation("invalidMsgID")));
    assert_eq!(gateway.ask(cancel("1000")).await, Ok(Response::CancelCallBackMessage));
    assert_eq!(other(&mut gateway).await, lamp(false));
    assert_eq!(gateway.ask(lit).await, is(false));
    let leave = Request::CallBackMessageNonCallRelated { originating: device("1003"), target: device("1001") };
    assert_eq!(gateway.ask(leave).await, Ok(Response::CallBackMessageNonCallRelated));
    assert_eq!(other(&mut gateway).await, lamp(true));
}
