//! A node that knows nothing of our private data (`oig node --no-private`), as those of other makers: what the
//! standard has no word for is refused and never announced, and everything else works.

use schemas::contract::cc::{CallEventMsg, CallEventType as Type, CallState, EventCauseType as Why, FeaturesAllowed};

use crate::common::app::{App, NO_CALL};
use crate::common::cluster::{Gateway, Node, own_address};

const NO_SPLIT: &str = "splitConferenceCall is not available on this node.";
const NO_NEW_CALL: &str = "newCall is not available on this node.";
const NO_CONFIGURATION: &str = "The configuration of a device is not available on this node.";

struct Plain {
    node: Node,
    _gateway: Gateway,
    app: App,
    icp: i64,
    address: String,
}

impl Plain {
    async fn start(association: &'static str) -> Self {
        let node = Node::start_as(1, association, own_address(), &[], &["--no-private"]).await;
        let gateway = Gateway::start(&[&node]).await;
        let app = App::login(&gateway.url).await;
        let address = node.address.to_string();
        let icp = app.icp(&address).await;
        Self { node, _gateway: gateway, app, icp, address }
    }
}

/// What only private data can permit is announced in no event and no status.
fn plain(event: &CallEventMsg) -> &CallEventMsg {
    use FeaturesAllowed::{NewCall, SplitConferenceCall, TradeCall};
    for feature in [NewCall, SplitConferenceCall, TradeCall] {
        assert!(!event.features_allowed.contains(&feature), "{feature:?} is announced: {event:?}");
    }
    event
}

async fn hear_all<const N: usize>(app: &App, expected: [(i64, Type, Why); N]) -> [CallEventMsg; N] {
    let events = app.hear_each(expected).await;
    for event in &events {
        plain(event);
    }
    events
}

async fn what_needs_private_data_is_refused(association: &'static str) {
    let Plain { node, _gateway, app, icp, address } = Plain::start(association).await;
    let [a, b, c] =
        [app.watch(&address, "1000").await, app.watch(&address, "1001").await, app.watch(&address, "1002").await];

    // A failed call, where a node that knows newCall permits it.
    node.hands.does("1003", "offhook").await;
    app.make(a, "1003").await.expect("makeCall is accepted");
    let [_, failed] =
        hear_all(&app, [(a, Type::CallOriginated, Why::NewCallInvoked), (a, Type::CallFailed, Why::DestinationBusy)])
            .await;
    assert!(failed.features_allowed.contains(&FeaturesAllowed::ClearCall), "{failed:?}");
    assert_eq!(app.new_call(a, failed.local_call_id).await, Err(NO_NEW_CALL.into()));
    assert_eq!(app.status(a).await.call_state, Some(CallState::Failed), "the refusal changed nothing");
    app.clear(a, failed.local_call_id).await.expect("clearCall is accepted");
    app.hear(a, Type::CallClear, Why::ClearInvoked).await;
    node.hands.does("1003", "hangup").await;

    // A conference, where a node that knows splitConferenceCall permits it to its maker.
    let (first, _) = app.connect(a, b, "1001").await;
    app.consult(a, first, "1002").await.expect("consultationCall is accepted");
    let [_, _, _, second, ringing] = hear_all(
        &app,
        [
            (a, Type::CallHeld, Why::ConsHoldInvoked),
            (b, Type::CallHeld, Why::ConsHold),
            (a, Type::CallOriginated, Why::ConsCallInvoked),
            (a, Type::CallDelivered, Why::Delivered),
            (c, Type::CallReceived, Why::NewCall),
        ],
    )
    .await;
    app.answer(c, ringing.local_call_id).await.expect("answerCall is accepted");
    hear_all(&app, [(c, Type::CallEstablished, Why::AnsweredInvoked), (a, Type::CallEstablished, Why::Answered)]).await;
    app.conference(a, second.local_call_id).await.expect("conferenceCall is accepted");
    let [conference, ..] = hear_all(
        &app,
        [
            (a, Type::CallConferenced, Why::ConferenceInvoked),
            (a, Type::CallClear, Why::ClearInvoked),
            (b, Type::CallConferenced, Why::Conferenced),
            (c, Type::CallConferenced, Why::Conferenced),
        ],
    )
    .await;
    assert!(conference.features_allowed.contains(&FeaturesAllowed::ClearCall), "{conference:?}");
    assert_eq!(app.split(a, conference.local_call_id).await, Err(NO_SPLIT.into()));
    for object in [a, b, c] {
        let status = app.status(object).await;
        assert_eq!(plain(&status).call_state, Some(CallState::Established), "the refusal changed nothing");
    }
    // What the gateway knows better than the node is said first.
    assert_eq!(app.split(a, second.local_call_id).await, Err(NO_CALL.into()), "that leg is gone");
    app.clear(a, conference.local_call_id).await.expect("clearCall is accepted");
    let [_, left, _] = hear_all(
        &app,
        [
            (a, Type::CallClear, Why::ClearInvoked),
            (b, Type::DeviceDropped, Why::OtherDeviceDropped),
            (c, Type::DeviceDropped, Why::OtherDeviceDropped),
        ],
    )
    .await;
    app.clear(b, left.local_call_id).await.expect("clearCall is accepted");
    hear_all(&app, [(b, Type::CallClear, Why::ClearInvoked), (c, Type::CallClear, Why::OtherDeviceCleared)]).await;

    // What is configured is not told; the directory names the lines.
    let configured = app.configuration(icp, "1000").await;
    assert!(configured.result, "{:?}", configured.error_description);
    let lines: Vec<_> = configured.line.iter().map(|line| line.button_number).collect();
    assert_eq!(lines, [1, 2, 3]);
    for line in &configured.line {
        assert_eq!(line.ext_number.as_deref(), Some("1000"));
        assert_eq!(Ok(line.object_id), app.appearance_id(icp, "1000", line.button_number).await);
    }
    assert_eq!((configured.primary_icp.as_deref(), configured.is_resilient), (Some(address.as_str()), false));
    let extended = app.configuration_ex(icp, "1000").await;
    assert_eq!((extended.result, extended.primary_icp_id, extended.line.len()), (true, icp, 3));
    assert!(!app.configuration(icp, "1999").await.result, "the directory does not list it");
    let members = app.members(icp, "1000").await;
    assert_eq!((members.result, members.error_description.as_deref()), (false, Some(NO_CONFIGURATION)));
    app.heard_everything().await;
}

#[tokio::test]
async fn what_the_standard_has_no_word_for_is_refused_and_never_announced() {
    what_needs_private_data_is_refused("server-first").await;
}

#[tokio::test]
async fn the_same_is_true_of_a_plain_node_with_application_sessions() {
    what_needs_private_data_is_refused("session").await;
}

#[tokio::test]
async fn everything_else_works_at_a_plain_node() {
    let Plain { node, _gateway, app, address, .. } = Plain::start("none").await;
    let [a, b, c] =
        [app.watch(&address, "1000").await, app.watch(&address, "1001").await, app.watch(&address, "1002").await];
    let (ours, theirs) = app.connect(a, b, "1001").await;
    app.out_pulse(a, ours, "12#").await.expect("outPulseDigits is accepted");
    app.hold(a, ours).await.expect("holdCall is accepted");
    hear_all(&app, [(a, Type::CallHeld, Why::HardHoldInvoked), (b, Type::CallHeld, Why::HardHold)]).await;
    app.retrieve(a, ours).await.expect("retrieveCall is accepted");
    hear_all(&app, [(a, Type::CallRetrieved, Why::RetrieveInvoked), (b, Type::CallRetrieved, Why::Retrieve)]).await;

    let consultation = [
        (a, Type::CallHeld, Why::ConsHoldInvoked),
        (b, Type::CallHeld, Why::ConsHold),
        (a, Type::CallOriginated, Why::ConsCallInvoked),
        (a, Type::CallDelivered, Why::Delivered),
        (c, Type::CallReceived, Why::NewCall),
    ];
    app.consult(a, ours, "1002").await.expect("consultationCall is accepted");
    let [.., second, _] = hear_all(&app, consultation).await;
    app.cancel(a, second.local_call_id).await.expect("cancelConsCall is accepted");
    hear_all(
        &app,
        [
            (a, Type::CallClear, Why::ClearInvoked),
            (c, Type::CallClear, Why::OtherDeviceCleared),
            (a, Type::CallRetrieved, Why::RetrieveInvoked),
            (b, Type::CallRetrieved, Why::Retrieve),
        ],
    )
    .await;

    app.consult(a, ours, "1002").await.expect("consultationCall is accepted");
    let [.., second, ringing] = hear_all(&app, consultation).await;
    app.answer(c, ringing.local_call_id).await.expect("answerCall is accepted");
    hear_all(&app, [(c, Type::CallEstablished, Why::AnsweredInvoked), (a, Type::CallEstablished, Why::Answered)]).await;
    app.alternate(a, second.local_call_id).await.expect("alternateCall is accepted");
    hear_all(
        &app,
        [
            (a, Type::CallHeld, Why::ConsHoldInvoked),
            (c, Type::CallHeld, Why::ConsHold),
            (a, Type::CallRetrieved, Why::AlternateCallInvoked),
            (b, Type::CallRetrieved, Why::Retrieve),
        ],
    )
    .await;
    app.transfer(a, ours).await.expect("transferCall is accepted");
    hear_all(
        &app,
        [
            (a, Type::CallTransferred, Why::TransferInvoked),
            (a, Type::CallClear, Why::ClearInvoked),
            (b, Type::CallTransferred, Why::SupervisedTransfer),
            (c, Type::CallTransferred, Why::SupervisedTransfer),
        ],
    )
    .await;
    app.clear(b, theirs).await.expect("clearCall is accepted");
    hear_all(&app, [(b, Type::CallClear, Why::ClearInvoked), (c, Type::CallClear, Why::OtherDeviceCleared)]).await;

    // Redirected to one, picked up by another.
    app.make(a, "1001").await.expect("makeCall is accepted");
    let [.., ringing] = hear_all(
        &app,
        [
            (a, Type::CallOriginated, Why::NewCallInvoked),
            (a, Type::CallDelivered, Why::Delivered),
            (b, Type::CallReceived, Why::NewCall),
        ],
    )
    .await;
    app.redirect(b, ringing.local_call_id, "1003").await.expect("redirectCall is accepted");
    hear_all(&app, [(b, Type::CallDiverted, Why::RedirectedAway), (a, Type::CallDiverted, Why::RedirectedTo)]).await;
    app.hear(a, Type::CallDelivered, Why::Delivered).await;
    app.pick_up(c, "1003").await.expect("pickupCall is accepted");
    let picked = app.hear(c, Type::CallEstablished, Why::PickupInvoked).await;
    app.hear(a, Type::CallEstablished, Why::Pickup).await;
    app.clear(c, picked.local_call_id).await.expect("clearCall is accepted");
    hear_all(&app, [(c, Type::CallClear, Why::ClearInvoked), (a, Type::CallClear, Why::OtherDeviceCleared)]).await;
    app.heard_everything().await;
    let truth = node.hands.truth().await;
    assert!(truth.broken == 0 && truth.phones.is_empty(), "{:?}", truth.phones);
}
