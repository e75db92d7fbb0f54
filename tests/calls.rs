//! Every way to handle a call, through SOAP on the whole gateway with simulated nodes: over one node
//! and across two, and what is refused.

use schemas::contract::cc::{
    CallEventAttributeNames as Attribute, CallEventMsg, CallEventType as Type, CallState, DeviceName as Role,
    EventCauseType as Why, FeaturesAllowed as Feature,
};

use crate::common::app::{App, NO_CALL, WRONG_STATE, attribute, global_call_id};
use crate::common::cluster::Lab;
use crate::common::eventually;
use crate::common::handling::devices;

const NO_PAIR: &str = "The object has no active call with another one held.";
const BAD_NUMBER: &str = "The number may hold only digits, * and #, at most 32 of them.";
const NO_DESTINATION: &str = "The node does not know this destination.";

/// A lab with an application that watches three phones: the party, who is in the middle, and a third.
struct Scene {
    lab: Lab,
    app: App,
    party: i64,
    middle: i64,
    third: i64,
    /// Number of the third phone.
    number: &'static str,
}

impl Scene {
    /// 1000, 1001 and this one, which is at another node when it begins with 2.
    async fn with(number: &'static str) -> Self {
        let lab = Lab::start().await;
        let app = App::login(&lab.url).await;
        let node = if number.starts_with('2') { 2 } else { 1 };
        let party = app.watch(&lab.address(1), "1000").await;
        let middle = app.watch(&lab.address(1), "1001").await;
        let third = app.watch(&lab.address(node), number).await;
        Self { lab, app, party, middle, third, number }
    }

    /// The party has called the middle, who consults the third, where it rings.
    async fn consulting(&self) -> Legs {
        let (party, held) = self.app.connect(self.party, self.middle, "1001").await;
        self.app.consult(self.middle, held, self.number).await.expect("consultationCall is accepted");
        self.app.hear(self.middle, Type::CallHeld, Why::ConsHoldInvoked).await;
        self.app.hear(self.party, Type::CallHeld, Why::ConsHold).await;
        let begun = self.app.hear(self.middle, Type::CallOriginated, Why::ConsCallInvoked).await;
        assert_eq!(attribute(&begun, Attribute::DialedDigits).as_deref(), Some(self.number));
        let ringing = self.app.hear(self.middle, Type::CallDelivered, Why::Delivered).await;
        assert_eq!(ringing.local_call_id, begun.local_call_id);
        let third = self.app.hear(self.third, Type::CallReceived, Why::NewCall).await;
        let secondary = global_call_id(&ringing);
        Legs { party, held, active: begun.local_call_id, third: third.local_call_id, secondary, ringing }
    }

    /// … and the third has answered.
    async fn consulted(&self) -> Legs {
        let legs = self.consulting().await;
        self.app.answer(self.third, legs.third).await.expect("answerCall is accepted");
        self.app.hear(self.third, Type::CallEstablished, Why::AnsweredInvoked).await;
        let answered = self.app.hear(self.middle, Type::CallEstablished, Why::Answered).await;
        for feature in
            [Feature::TransferCall, Feature::ConferenceCall, Feature::AlternateCall, Feature::CancelConsultationCall]
        {
            assert!(answered.features_allowed.contains(&feature), "{} is not allowed: {answered:?}", feature.as_str());
        }
        legs
    }

    /// … and the middle has made a conference of the three; gives the middle's leg.
    async fn in_conference(&self) -> (Legs, i64) {
        let legs = self.consulted().await;
        self.app.conference(self.middle, legs.active).await.expect("conferenceCall is accepted");
        let made = self.app.hear(self.middle, Type::CallConferenced, Why::ConferenceInvoked).await;
        let gone = self.app.hear(self.middle, Type::CallClear, Why::ClearInvoked).await;
        let mut both = [made.local_call_id, gone.local_call_id];
        both.sort_unstable();
        let mut known = [legs.held, legs.active];
        known.sort_unstable();
        assert_eq!(both, known, "one leg stays with its id, the other is told as gone");
        for (object, leg) in [(self.party, legs.party), (self.third, legs.third)] {
            let joined = self.app.hear(object, Type::CallConferenced, Why::Conferenced).await;
            assert_eq!((joined.local_call_id, joined.call_state), (leg, Some(CallState::Established)));
            assert_eq!(global_call_id(&joined), global_call_id(&made));
            assert_eq!(members(&joined), sorted(&["1000", "1001", self.number]), "{joined:?}");
        }
        assert_eq!(members(&made), sorted(&["1000", "1001", self.number]), "{made:?}");
        (legs, made.local_call_id)
    }

    async fn everything_was_told(self) {
        self.app.heard_everything().await;
    }
}

/// The legs of a consultation.
struct Legs {
    party: i64,
    held: i64,
    active: i64,
    third: i64,
    /// Global Call ID of the consultation.
    secondary: String,
    /// What was told of the ringing consultation.
    ringing: CallEventMsg,
}

fn sorted(numbers: &[&str]) -> Vec<String> {
    let mut numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.sort_unstable();
    numbers
}

/// Numbers of an event's parties, sorted.
fn members(event: &CallEventMsg) -> Vec<String> {
    let mut numbers: Vec<String> = event.party.iter().filter_map(|p| p.member_num.clone()).collect();
    numbers.sort_unstable();
    numbers
}

fn is(role: Role, number: &str) -> (Role, String) {
    (role, number.to_owned())
}

async fn a_consultation_is_alternated_and_cancelled(number: &'static str) {
    let scene = Scene::with(number).await;
    let Scene { app, party, middle, third, .. } = &scene;
    let (party, middle, third) = (*party, *middle, *third);
    let legs = scene.consulted().await;
    // The id of either leg is good.
    app.alternate(middle, legs.held).await.expect("alternateCall is accepted");
    let held = app.hear(middle, Type::CallHeld, Why::ConsHoldInvoked).await;
    let back = app.hear(middle, Type::CallRetrieved, Why::AlternateCallInvoked).await;
    assert_eq!((held.local_call_id, back.local_call_id), (legs.active, legs.held));
    app.hear_each([(third, Type::CallHeld, Why::ConsHold), (party, Type::CallRetrieved, Why::Retrieve)]).await;
    app.alternate(middle, legs.held).await.expect("alternateCall is accepted");
    app.hear_each([
        (middle, Type::CallHeld, Why::ConsHoldInvoked),
        (middle, Type::CallRetrieved, Why::AlternateCallInvoked),
        (party, Type::CallHeld, Why::ConsHold),
        (third, Type::CallRetrieved, Why::Retrieve),
    ])
    .await;
    app.cancel(middle, legs.active).await.expect("cancelConsCall is accepted");
    let gone = app.hear(middle, Type::CallClear, Why::ClearInvoked).await;
    let back = app.hear(middle, Type::CallRetrieved, Why::RetrieveInvoked).await;
    assert_eq!((gone.local_call_id, back.local_call_id), (legs.active, legs.held));
    let [left, _] = app
        .hear_each([(third, Type::CallClear, Why::OtherDeviceCleared), (party, Type::CallRetrieved, Why::Retrieve)])
        .await;
    assert!(devices(&left).contains(&is(Role::DroppedDevice, "1001")), "{left:?}");
    assert_eq!(app.cancel(middle, legs.held).await, Err(NO_PAIR.into()), "there is no consultation any more");
    assert_eq!(app.alternate(middle, legs.active).await, Err(NO_CALL.into()), "that leg is gone");
    scene.everything_was_told().await;
}

#[tokio::test]
async fn a_consultation_at_one_node_is_alternated_and_cancelled() {
    a_consultation_is_alternated_and_cancelled("1002").await;
}

#[tokio::test]
async fn a_consultation_across_two_nodes_is_alternated_and_cancelled() {
    a_consultation_is_alternated_and_cancelled("2002").await;
}

/// The middle's two legs go by a transfer: one as transferred, the other as cleared.
async fn hear_transferred_away(scene: &Scene, legs: &Legs) -> CallEventMsg {
    let Scene { app, middle, .. } = scene;
    let away = app.hear(*middle, Type::CallTransferred, Why::TransferInvoked).await;
    assert_eq!((away.call_state, away.local_call_id), (Some(CallState::Idle), legs.held));
    assert_eq!(away.features_allowed, []);
    let gone = app.hear(*middle, Type::CallClear, Why::ClearInvoked).await;
    assert_eq!((gone.call_state, gone.local_call_id), (Some(CallState::Idle), legs.active));
    away
}

async fn a_consultation_becomes_a_transfer(number: &'static str) {
    let scene = Scene::with(number).await;
    let Scene { app, party, middle, third, .. } = &scene;
    let (party, middle, third) = (*party, *middle, *third);
    let legs = scene.consulted().await;
    app.transfer(middle, legs.held).await.expect("transferCall is accepted");
    let away = hear_transferred_away(&scene, &legs).await;
    let roles = [
        is(Role::TransferControllerDevice, "1001"),
        is(Role::TransferredDevice, "1000"),
        is(Role::NewDestinationDevice, number),
    ];
    assert_eq!(devices(&away), roles);
    for (object, leg) in [(party, legs.party), (third, legs.third)] {
        let told = app.hear(object, Type::CallTransferred, Why::SupervisedTransfer).await;
        assert_eq!((told.call_state, told.local_call_id), (Some(CallState::Established), leg), "the leg keeps its id");
        assert!(devices(&told).ends_with(&roles), "{told:?}");
        assert_eq!(global_call_id(&told), global_call_id(&away), "one call has one id in the cluster");
        assert!(told.features_allowed.contains(&Feature::ClearCall), "{told:?}");
    }
    assert_eq!(attribute(&away, Attribute::PrimaryGlobalCallid), Some(global_call_id(&away)));
    assert_eq!(attribute(&away, Attribute::SecondaryGlobalCallid), Some(legs.secondary.clone()));
    assert_eq!(app.status(middle).await.call_state, Some(CallState::Idle));
    assert_eq!(app.clear(middle, legs.held).await, Err(NO_CALL.into()));
    // The two who are left hold, and hang up.
    app.hold(third, legs.third).await.expect("holdCall is accepted");
    let held = app.hear(third, Type::CallHeld, Why::HardHoldInvoked).await;
    assert_eq!(devices(&held), [is(Role::HoldingDevice, number), is(Role::ConnectedDevice, "1000")]);
    app.hear(party, Type::CallHeld, Why::HardHold).await;
    app.clear(party, legs.party).await.expect("clearCall is accepted");
    app.hear_each([
        (party, Type::CallClear, Why::ClearInvoked),
        (third, Type::DeviceDropped, Why::HardHeldPartyDropped),
        (third, Type::CallClear, Why::OtherDeviceCleared),
    ])
    .await;
    scene.everything_was_told().await;
}

#[tokio::test]
async fn a_consultation_at_one_node_becomes_a_transfer() {
    a_consultation_becomes_a_transfer("1002").await;
}

#[tokio::test]
async fn a_consultation_across_two_nodes_becomes_a_transfer() {
    a_consultation_becomes_a_transfer("2002").await;
}

async fn a_ringing_consultation_becomes_a_transfer(number: &'static str) {
    let scene = Scene::with(number).await;
    let Scene { app, party, middle, third, .. } = &scene;
    let legs = scene.consulting().await;
    assert!(legs.ringing.features_allowed.contains(&Feature::TransferCall), "{:?}", legs.ringing);
    app.transfer(*middle, legs.active).await.expect("transferCall is accepted");
    hear_transferred_away(&scene, &legs).await;
    let waits = app.hear(*party, Type::CallTransferred, Why::UnsupervisedTransfer).await;
    assert_eq!((waits.call_state, waits.local_call_id), (Some(CallState::Delivered), legs.party));
    let rings = app.hear(*third, Type::CallTransferred, Why::UnsupervisedTransfer).await;
    assert_eq!((rings.call_state, rings.local_call_id), (Some(CallState::Received), legs.third));
    assert!(rings.features_allowed.contains(&Feature::AnswerCall), "{rings:?}");
    app.answer(*third, legs.third).await.expect("answerCall is accepted");
    let answered = app.hear(*third, Type::CallEstablished, Why::AnsweredInvoked).await;
    assert_eq!(answered.local_call_id, legs.third);
    let through = app.hear(*party, Type::CallEstablished, Why::Answered).await;
    assert_eq!(through.local_call_id, legs.party);
    assert!(devices(&through).contains(&is(Role::ConnectedDevice, number)), "{through:?}");
    scene.everything_was_told().await;
}

#[tokio::test]
async fn a_ringing_consultation_at_one_node_becomes_a_transfer() {
    a_ringing_consultation_becomes_a_transfer("1002").await;
}

#[tokio::test]
async fn a_ringing_consultation_across_two_nodes_becomes_a_transfer() {
    a_ringing_consultation_becomes_a_transfer("2002").await;
}

#[tokio::test]
async fn a_transfer_that_nobody_answers_comes_back() {
    let scene = Scene::with("1002").await;
    let Scene { app, party, middle, third, .. } = &scene;
    let legs = scene.consulting().await;
    app.transfer(*middle, legs.active).await.expect("transferCall is accepted");
    hear_transferred_away(&scene, &legs).await;
    app.hear(*party, Type::CallTransferred, Why::UnsupervisedTransfer).await;
    app.hear(*third, Type::CallTransferred, Why::UnsupervisedTransfer).await;
    let recall = app.hear(*middle, Type::CallReceived, Why::TransferRecallNoAnswer).await;
    assert_eq!(recall.call_state, Some(CallState::Received));
    assert!(![legs.held, legs.active].contains(&recall.local_call_id), "a leg's id is never used again");
    assert!(devices(&recall).contains(&is(Role::CallingDevice, "1000")), "{recall:?}");
    let gone = app.hear(*third, Type::CallClear, Why::OtherDeviceCleared).await;
    assert_eq!(gone.local_call_id, legs.third);
    app.answer(*middle, recall.local_call_id).await.expect("answerCall is accepted");
    app.hear(*middle, Type::CallEstablished, Why::AnsweredInvoked).await;
    app.until(*party, CallState::Established).await;
}

#[tokio::test]
async fn a_transfer_to_a_busy_phone_comes_back_at_once() {
    let scene = Scene::with("1002").await;
    let Scene { lab, app, party, middle, .. } = &scene;
    lab.hands(1).does("1002", "offhook").await;
    let (ours, held) = app.connect(*party, *middle, "1001").await;
    app.consult(*middle, held, "1002").await.expect("consultationCall is accepted");
    app.hear(*middle, Type::CallHeld, Why::ConsHoldInvoked).await;
    app.hear(*party, Type::CallHeld, Why::ConsHold).await;
    let begun = app.hear(*middle, Type::CallOriginated, Why::ConsCallInvoked).await;
    let busy = app.hear(*middle, Type::CallFailed, Why::DestinationBusy).await;
    assert_eq!((busy.call_state, busy.local_call_id), (Some(CallState::Failed), begun.local_call_id));
    for feature in [Feature::TransferCall, Feature::CancelConsultationCall, Feature::NewCall] {
        assert!(busy.features_allowed.contains(&feature), "{} is not allowed: {busy:?}", feature.as_str());
    }
    assert_eq!(app.conference(*middle, held).await, Err(WRONG_STATE.into()), "a busy phone is no party");
    app.transfer(*middle, begun.local_call_id).await.expect("transferCall is accepted");
    let away = app.hear(*middle, Type::CallTransferred, Why::TransferInvoked).await;
    assert_eq!(away.local_call_id, held);
    assert_eq!(app.hear(*middle, Type::CallClear, Why::ClearInvoked).await.local_call_id, begun.local_call_id);
    let recall = app.hear(*middle, Type::CallReceived, Why::TransferRecallOnBusy).await;
    app.clear(*party, ours).await.expect("clearCall is accepted");
    let gone = app.hear(*middle, Type::CallClear, Why::OtherDeviceCleared).await;
    assert_eq!(gone.local_call_id, recall.local_call_id);
}

async fn a_conference_is_made_left_and_split(number: &'static str) {
    let scene = Scene::with(number).await;
    let Scene { app, party, middle, third, .. } = &scene;
    let (party, middle, third) = (*party, *middle, *third);
    let (legs, mine) = scene.in_conference().await;
    let now = app.status(middle).await;
    assert_eq!((now.call_state, now.local_call_id), (Some(CallState::Established), mine));
    assert!(now.features_allowed.contains(&Feature::SplitConferenceCall), "{now:?}");
    assert_eq!(app.split(party, legs.party).await, Err(WRONG_STATE.into()), "only who made it can split it");
    app.split(middle, mine).await.expect("splitConferenceCall is accepted");
    // As before the conference: the party held, the third active.
    let apart = app.hear(middle, Type::DeviceDropped, Why::ConferenceSplit).await;
    assert_eq!((apart.local_call_id, apart.call_state), (mine, Some(CallState::Established)));
    assert!(devices(&apart).contains(&is(Role::DroppedDevice, number)), "{apart:?}");
    assert_eq!(app.hear(middle, Type::CallHeld, Why::ConsHoldInvoked).await.local_call_id, mine);
    let back = app.hear(middle, Type::CallEstablished, Why::ConferenceSplitInvoked).await;
    assert!(back.features_allowed.contains(&Feature::ConferenceCall), "{back:?}");
    app.hear_each([(party, Type::DeviceDropped, Why::ConferenceSplit), (party, Type::CallHeld, Why::ConsHold)]).await;
    let parted = app.hear(third, Type::CallClear, Why::ConferenceSplit).await;
    let alone = app.hear(third, Type::CallEstablished, Why::ConferenceSplit).await;
    assert_ne!(parted.local_call_id, alone.local_call_id, "it is a call of its own");
    assert_eq!((global_call_id(&parted), global_call_id(&alone)), (global_call_id(&apart), global_call_id(&back)));
    app.conference(middle, back.local_call_id).await.expect("it can be made again");
    let made = app.hear(middle, Type::CallConferenced, Why::ConferenceInvoked).await;
    assert_eq!(members(&made), sorted(&["1000", "1001", number]));
    app.hear(middle, Type::CallClear, Why::ClearInvoked).await;
    for object in [party, third] {
        app.hear(object, Type::CallConferenced, Why::Conferenced).await;
    }
    app.clear(party, legs.party).await.expect("clearCall is accepted");
    let left = app.hear(party, Type::CallClear, Why::ClearInvoked).await;
    assert_eq!(left.local_call_id, legs.party);
    for object in [middle, third] {
        let told = app.hear(object, Type::DeviceDropped, Why::OtherDeviceDropped).await;
        assert_eq!(told.call_state, Some(CallState::Established));
        assert!(devices(&told).contains(&is(Role::DroppedDevice, "1000")), "{told:?}");
    }
    app.clear(middle, made.local_call_id).await.expect("clearCall is accepted");
    app.hear_each([(middle, Type::CallClear, Why::ClearInvoked), (third, Type::CallClear, Why::OtherDeviceCleared)])
        .await;
    scene.everything_was_told().await;
}

#[tokio::test]
async fn a_conference_at_one_node_is_made_left_and_split() {
    a_conference_is_made_left_and_split("1002").await;
}

#[tokio::test]
async fn a_conference_across_two_nodes_is_made_left_and_split() {
    a_conference_is_made_left_and_split("2002").await;
}

#[tokio::test]
async fn a_conference_has_eight_parties_and_no_ninth() {
    let scene = Scene::with("1002").await;
    let Scene { lab, app, party, middle, third, .. } = &scene;
    let (_, mut mine) = scene.in_conference().await;
    let mut numbers = vec!["1000", "1001", "1002"];
    let next = ["1003", "1004", "1005", "2000", "2001"];
    for number in next {
        app.forget().await;
        app.consult(*middle, mine, number).await.expect("consultationCall is accepted");
        app.hear(*middle, Type::CallHeld, Why::ConsHoldInvoked).await;
        app.hear(*middle, Type::CallOriginated, Why::ConsCallInvoked).await;
        app.hear(*middle, Type::CallDelivered, Why::Delivered).await;
        lab.hands(if number.starts_with('2') { 2 } else { 1 }).does(number, "answer").await;
        let answered = app.hear(*middle, Type::CallEstablished, Why::Answered).await;
        app.conference(*middle, answered.local_call_id).await.expect("conferenceCall is accepted");
        let made = app.hear(*middle, Type::CallConferenced, Why::ConferenceInvoked).await;
        numbers.push(number);
        assert_eq!(members(&made), sorted(&numbers));
        mine = made.local_call_id;
        for object in [*party, *third] {
            let told = eventually("the member is told", async || {
                let event = app.status(object).await;
                (event.cause == Some(Why::ConferenceMemberAdded)).then_some(event)
            })
            .await;
            assert_eq!(told.call_state, Some(CallState::Established));
        }
    }
    assert_eq!(numbers.len(), 8);
    app.forget().await;
    app.consult(*middle, mine, "1006").await.expect("consultationCall is accepted");
    app.hear(*middle, Type::CallHeld, Why::ConsHoldInvoked).await;
    app.hear(*middle, Type::CallOriginated, Why::ConsCallInvoked).await;
    app.hear(*middle, Type::CallDelivered, Why::Delivered).await;
    lab.hands(1).does("1006", "answer").await;
    let answered = app.hear(*middle, Type::CallEstablished, Why::Answered).await;
    assert!(!answered.features_allowed.contains(&Feature::ConferenceCall), "{answered:?}");
    let refused = app.conference(*middle, answered.local_call_id).await;
    assert_eq!(refused, Err("The node has reached a limit.".into()));
    app.cancel(*middle, answered.local_call_id).await.expect("the conference is still there to return to");
    app.hear(*middle, Type::CallClear, Why::ClearInvoked).await;
    assert_eq!(app.hear(*middle, Type::CallRetrieved, Why::RetrieveInvoked).await.local_call_id, mine);
}

async fn a_ringing_call_is_redirected(number: &'static str) {
    let scene = Scene::with(number).await;
    let Scene { app, party, middle, third, .. } = &scene;
    app.make(*party, "1001").await.expect("makeCall is accepted");
    let ours = app.hear(*party, Type::CallOriginated, Why::NewCallInvoked).await.local_call_id;
    app.hear(*party, Type::CallDelivered, Why::Delivered).await;
    let rings = app.hear(*middle, Type::CallReceived, Why::NewCall).await;
    assert!(rings.features_allowed.contains(&Feature::RedirectCall), "{rings:?}");
    for bad in ["1001", "1000", "1999"] {
        assert_eq!(app.redirect(*middle, rings.local_call_id, bad).await, Err(NO_DESTINATION.into()), "{bad}");
    }
    assert_eq!(app.redirect(*middle, rings.local_call_id, "10O2").await, Err(BAD_NUMBER.into()));
    assert_eq!(app.redirect(*party, ours, number).await, Err(WRONG_STATE.into()), "the caller cannot redirect");
    app.redirect(*middle, rings.local_call_id, number).await.expect("redirectCall is accepted");
    let away = app.hear(*middle, Type::CallDiverted, Why::RedirectedAway).await;
    assert_eq!((away.call_state, away.local_call_id), (Some(CallState::Idle), rings.local_call_id));
    assert!(devices(&away).contains(&is(Role::NewDestinationDevice, number)), "{away:?}");
    let told = app.hear(*party, Type::CallDiverted, Why::RedirectedTo).await;
    assert_eq!((told.call_state, told.local_call_id), (Some(CallState::Delivered), ours));
    app.hear(*party, Type::CallDelivered, Why::Delivered).await;
    let rings = app.hear(*third, Type::CallReceived, Why::RedirectedFrom).await;
    assert!(devices(&rings).contains(&is(Role::CallingDevice, "1000")), "{rings:?}");
    app.answer(*third, rings.local_call_id).await.expect("answerCall is accepted");
    app.hear(*third, Type::CallEstablished, Why::AnsweredInvoked).await;
    let through = app.hear(*party, Type::CallEstablished, Why::Answered).await;
    assert!(devices(&through).contains(&is(Role::ConnectedDevice, number)), "{through:?}");
    scene.everything_was_told().await;
}

#[tokio::test]
async fn a_ringing_call_is_redirected_at_one_node() {
    a_ringing_call_is_redirected("1002").await;
}

#[tokio::test]
async fn a_ringing_call_is_redirected_to_another_node() {
    a_ringing_call_is_redirected("2002").await;
}

async fn a_ringing_call_is_picked_up(number: &'static str) {
    let scene = Scene::with(number).await;
    let Scene { app, party, middle, third, .. } = &scene;
    assert_eq!(app.pick_up(*third, "1001").await, Err(WRONG_STATE.into()), "nothing rings there");
    assert_eq!(app.pick_up(*third, "").await, Err(BAD_NUMBER.into()));
    app.make(*party, "1001").await.expect("makeCall is accepted");
    let ours = app.hear(*party, Type::CallOriginated, Why::NewCallInvoked).await.local_call_id;
    app.hear(*party, Type::CallDelivered, Why::Delivered).await;
    let rings = app.hear(*middle, Type::CallReceived, Why::NewCall).await;
    app.pick_up(*third, "1001").await.expect("pickupCall is accepted");
    let away = app.hear(*middle, Type::CallDiverted, Why::DivertedPickupAway).await;
    assert_eq!((away.call_state, away.local_call_id), (Some(CallState::Idle), rings.local_call_id));
    for (object, why) in [(*third, Why::PickupInvoked), (*party, Why::Pickup)] {
        let picked = app.hear(object, Type::CallEstablished, why).await;
        assert_eq!(picked.call_state, Some(CallState::Established));
        for role in [is(Role::CallingDevice, "1000"), is(Role::ConnectedDevice, number), is(Role::PickupDevice, number)]
        {
            assert!(devices(&picked).contains(&role), "{role:?} is not in {picked:?}");
        }
    }
    app.clear(*party, ours).await.expect("clearCall is accepted");
    app.hear_each([(*party, Type::CallClear, Why::ClearInvoked), (*third, Type::CallClear, Why::OtherDeviceCleared)])
        .await;
    scene.everything_was_told().await;
}

#[tokio::test]
async fn a_ringing_call_is_picked_up_at_its_node() {
    a_ringing_call_is_picked_up("1002").await;
}

#[tokio::test]
async fn a_ringing_call_is_picked_up_from_another_node() {
    a_ringing_call_is_picked_up("2002").await;
}

#[tokio::test]
async fn a_failed_call_gives_way_to_a_new_one() {
    let scene = Scene::with("1002").await;
    let Scene { app, party, middle, .. } = &scene;
    app.make(*party, "1999").await.expect("makeCall is accepted");
    let failed = app.hear(*party, Type::CallOriginated, Why::NewCallInvoked).await.local_call_id;
    let told = app.hear(*party, Type::CallFailed, Why::NoSuchNumber).await;
    assert!(told.features_allowed.contains(&Feature::NewCall), "{told:?}");
    app.new_call(*party, failed).await.expect("newCall is accepted");
    assert_eq!(app.hear(*party, Type::CallClear, Why::ClearInvoked).await.local_call_id, failed);
    app.until(*party, CallState::Originated).await;
    app.make(*party, "1001").await.expect("the dial tone is there to be used");
    let next = app.hear(*party, Type::CallOriginated, Why::NewCallInvoked).await.local_call_id;
    assert_ne!(next, failed);
    app.hear(*party, Type::CallDelivered, Why::Delivered).await;
    let rings = app.hear(*middle, Type::CallReceived, Why::NewCall).await.local_call_id;
    assert_eq!(app.new_call(*middle, rings).await, Err(WRONG_STATE.into()), "a ringing call gives no dial tone");
    scene.everything_was_told().await;
}

#[tokio::test]
async fn digits_go_out_on_a_call_and_as_dialling() {
    let scene = Scene::with("1002").await;
    let Scene { lab, app, party, middle, third, .. } = &scene;
    let (ours, _) = app.connect(*party, *middle, "1001").await;
    for bad in ["", "12A", "+1", "123456789012345678901234567890123"] {
        assert_eq!(app.out_pulse(*party, ours, bad).await, Err(BAD_NUMBER.into()), "{bad}");
    }
    app.out_pulse(*party, ours, "12*#").await.expect("outPulseDigits is accepted");
    eventually("the tones arrive", async || {
        let phone = lab.hands(1).phone("1001").await;
        phone.legs.iter().any(|leg| leg.tones == "12*#").then_some(())
    })
    .await;
    lab.hands(1).does("1002", "offhook").await;
    app.until(*third, CallState::Originated).await;
    let tone = app.status(*third).await.local_call_id;
    app.out_pulse(*third, tone, "1003").await.expect("outPulseDigits is accepted");
    let dialled = app.hear(*third, Type::CallOriginated, Why::NewCallInvoked).await;
    assert_eq!(attribute(&dialled, Attribute::DialedDigits).as_deref(), Some("1003"));
    app.hear(*third, Type::CallDelivered, Why::Delivered).await;
    assert_eq!(app.out_pulse(*third, dialled.local_call_id, "5").await, Err(WRONG_STATE.into()));
    scene.everything_was_told().await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_changes_nothing() {
    let scene = Scene::with("1002").await;
    let Scene { app, party, middle, third, .. } = &scene;
    let (party, middle, third) = (*party, *middle, *third);
    let (theirs, ours) = app.connect(party, middle, "1001").await;
    // No consultation; legs of others, legs that never were.
    for foreign in [theirs, 0, -1, 1 << 52] {
        for refused in [
            app.consult(middle, foreign, "1002").await,
            app.cancel(middle, foreign).await,
            app.alternate(middle, foreign).await,
            app.transfer(middle, foreign).await,
            app.conference(middle, foreign).await,
            app.split(middle, foreign).await,
            app.new_call(middle, foreign).await,
            app.redirect(middle, foreign, "1002").await,
            app.out_pulse(middle, foreign, "1").await,
        ] {
            assert_eq!(refused, Err(NO_CALL.into()), "leg {foreign}");
        }
    }
    for refused in [
        app.cancel(middle, ours).await,
        app.alternate(middle, ours).await,
        app.transfer(middle, ours).await,
        app.conference(middle, ours).await,
    ] {
        assert_eq!(refused, Err(NO_PAIR.into()));
    }
    assert_eq!(app.split(middle, ours).await, Err(WRONG_STATE.into()));
    assert_eq!(app.new_call(middle, ours).await, Err(WRONG_STATE.into()));
    assert_eq!(app.redirect(middle, ours, "1002").await, Err(WRONG_STATE.into()));
    for bad in ["", "12 34", "12x", "123456789012345678901234567890123"] {
        assert_eq!(app.consult(middle, ours, bad).await, Err(BAD_NUMBER.into()), "{bad}");
    }
    assert_eq!(app.status(third).await.call_state, Some(CallState::Idle));
    let now = app.status(middle).await;
    assert_eq!((now.call_state, now.local_call_id), (Some(CallState::Established), ours));
    scene.everything_was_told().await;
}

#[tokio::test]
async fn a_consultation_of_a_number_that_is_not_there_fails_and_can_be_cancelled() {
    let scene = Scene::with("1002").await;
    let Scene { app, party, middle, .. } = &scene;
    let (_, held) = app.connect(*party, *middle, "1001").await;
    app.consult(*middle, held, "1999").await.expect("consultationCall is accepted");
    app.hear(*middle, Type::CallHeld, Why::ConsHoldInvoked).await;
    app.hear(*party, Type::CallHeld, Why::ConsHold).await;
    let begun = app.hear(*middle, Type::CallOriginated, Why::ConsCallInvoked).await.local_call_id;
    let failed = app.hear(*middle, Type::CallFailed, Why::NoSuchNumber).await;
    assert!(!failed.features_allowed.contains(&Feature::TransferCall), "{failed:?}");
    assert_eq!(app.transfer(*middle, held).await, Err(WRONG_STATE.into()), "nobody is there to take it");
    app.cancel(*middle, begun).await.expect("cancelConsCall is accepted");
    app.hear_each([
        (*middle, Type::CallClear, Why::ClearInvoked),
        (*middle, Type::CallRetrieved, Why::RetrieveInvoked),
        (*party, Type::CallRetrieved, Why::Retrieve),
    ])
    .await;
    scene.everything_was_told().await;
}

async fn a_held_party_leaves_a_consultation(number: &'static str) {
    let scene = Scene::with(number).await;
    let Scene { app, party, middle, third, .. } = &scene;
    let legs = scene.consulted().await;
    app.clear(*party, legs.party).await.expect("clearCall is accepted");
    app.hear(*party, Type::CallClear, Why::ClearInvoked).await;
    let dropped = app.hear(*middle, Type::DeviceDropped, Why::ConsHeldPartyDropped).await;
    assert_eq!((dropped.call_state, dropped.local_call_id), (Some(CallState::Held), legs.held));
    assert!(devices(&dropped).contains(&is(Role::DroppedDevice, "1000")), "{dropped:?}");
    let gone = app.hear(*middle, Type::CallClear, Why::OtherDeviceCleared).await;
    assert_eq!(gone.local_call_id, legs.held);
    // What is left is a call of two, with nobody to transfer.
    assert_eq!(app.transfer(*middle, legs.active).await, Err(NO_PAIR.into()));
    let now = app.status(*middle).await;
    assert_eq!((now.call_state, now.local_call_id), (Some(CallState::Established), legs.active));
    app.clear(*third, legs.third).await.expect("clearCall is accepted");
    app.hear_each([(*third, Type::CallClear, Why::ClearInvoked), (*middle, Type::CallClear, Why::OtherDeviceCleared)])
        .await;
    scene.everything_was_told().await;
}

#[tokio::test]
async fn a_held_party_leaves_a_consultation_at_one_node() {
    a_held_party_leaves_a_consultation("1002").await;
}

#[tokio::test]
async fn a_held_party_leaves_a_consultation_across_two_nodes() {
    a_held_party_leaves_a_consultation("2002").await;
}

#[tokio::test]
async fn of_two_applications_that_transfer_one_call_one_wins_and_the_other_is_refused() {
    let scene = Scene::with("1002").await;
    let Scene { lab, app, party, middle, third, .. } = &scene;
    let other = App::login(&lab.url).await;
    other.watch(&lab.address(1), "1001").await;
    let legs = scene.consulted().await;
    let (a, b) = tokio::join!(app.transfer(*middle, legs.held), other.transfer(*middle, legs.active));
    assert_eq!([&a, &b].into_iter().filter(|r| r.is_ok()).count(), 1, "{a:?}, {b:?}");
    let refused = a.err().or(b.err()).expect("one was refused");
    let clear = [NO_CALL, NO_PAIR, WRONG_STATE, "The node does not know this call."];
    assert!(clear.contains(&refused.as_str()), "{refused}");
    hear_transferred_away(&scene, &legs).await;
    app.hear(*party, Type::CallTransferred, Why::SupervisedTransfer).await;
    app.hear(*third, Type::CallTransferred, Why::SupervisedTransfer).await;
    scene.everything_was_told().await;
}

#[tokio::test]
async fn who_begins_to_watch_hears_the_consultation_or_the_conference_that_is_there() {
    let scene = Scene::with("2002").await;
    let Scene { lab, app, middle, third, .. } = &scene;
    let legs = scene.consulted().await;
    let late = App::login(&lab.url).await;
    let object = late.monitor(&lab.address(1), "1001").await;
    assert_eq!(object, *middle);
    let mut states = Vec::new();
    for _ in 0..2 {
        let set = late.hear(object, Type::MonitorSet, Why::MonitorSet).await;
        states.push((set.call_state, set.local_call_id));
    }
    assert_eq!(states, [(Some(CallState::Held), legs.held), (Some(CallState::Established), legs.active)]);
    late.conference(object, legs.held).await.expect("conferenceCall is accepted");
    app.hear(*middle, Type::CallConferenced, Why::ConferenceInvoked).await;
    app.hear(*third, Type::CallConferenced, Why::Conferenced).await;
    // Of a phone that nobody watched before, the node alone knows who is in the conference.
    let last = App::login(&lab.url).await;
    for (node, number) in [(1, "1000"), (2, "2002")] {
        let object = last.monitor(&lab.address(node), number).await;
        let set = last.hear(object, Type::MonitorSet, Why::MonitorSet).await;
        assert_eq!(set.call_state, Some(CallState::Established), "{set:?}");
        assert!(devices(&set).iter().any(|(_, n)| n == number), "{set:?}");
    }
}

#[tokio::test]
async fn lines_of_a_set_have_ids_and_a_configuration() {
    const NO_BUTTON: &str = "The device has no line at this button.";
    const NO_NUMBER: &str = "The number is not known at this node.";
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let icp = app.icp(&lab.address(1)).await;
    let prime = app.phone_id(icp, "1000").await.expect("the node has the phone");
    assert_eq!(app.appearance_id(icp, "1000", 1).await, Ok(prime), "button 1 is the prime line");
    let second = app.appearance_id(icp, "1000", 2).await.expect("the set has a second line");
    let third = app.appearance_id(icp, "1000", 3).await.expect("the set has a third line");
    for button in [4, 0, -1, 128, 300, i32::MAX] {
        assert_eq!(app.appearance_id(icp, "1000", button).await, Err(NO_BUTTON.into()), "{button}");
    }
    assert_eq!(app.appearance_id(icp, "1999", 2).await, Err(NO_NUMBER.into()));
    assert_eq!(app.appearance_id(77, "1000", 2).await, Err("The node is not configured in this gateway.".into()));

    let plain = app.configuration(icp, "1000").await;
    let ex = app.configuration_ex(icp, "1000").await;
    assert!(plain.result && ex.result, "{plain:?} {ex:?}");
    let lines: Vec<_> = plain.line.iter().map(|l| (l.button_number, l.object_id, l.ext_number.as_deref())).collect();
    assert_eq!(lines, [(1, prime, Some("1000")), (2, second, Some("1000")), (3, third, Some("1000"))]);
    assert_eq!(ex.line, plain.line);
    assert_eq!((ex.primary_icp_address.as_deref(), ex.primary_icp_id), (Some(&*lab.address(1)), icp));
    // The second node is home to the phone when the first is down.
    let both = (Some(lab.address(1)), Some(lab.address(2)), true);
    assert_eq!((plain.primary_icp, plain.secondary_icp, plain.is_resilient), both);
    assert_eq!((ex.secondary_icp_address, ex.secondary_icp_id, ex.is_resilient), (Some(lab.address(2)), 2, true));
    let (plain, ex) = (app.configuration(icp, "1010").await, app.configuration_ex(icp, "1010").await);
    assert_eq!((plain.primary_icp, plain.secondary_icp, plain.is_resilient), (Some(lab.address(1)), None, false));
    assert_eq!((ex.secondary_icp_address, ex.secondary_icp_id, ex.is_resilient), (None, 0, false));
    let members = app.members(icp, "1000").await;
    assert!(members.result && members.member.is_empty(), "a set has no members: {members:?}");
    for text in [
        app.configuration(icp, "1999").await.error_description,
        app.configuration_ex(icp, "1999").await.error_description,
        app.members(icp, "1999").await.error_description,
    ] {
        assert_eq!(text.as_deref(), Some(NO_NUMBER));
    }

    // An appearance makes calls of its own beside the prime line, which is told that its number is in use.
    app.monitor_object(prime).await.expect("the monitor is accepted");
    assert_eq!(app.hear(prime, Type::MonitorSet, Why::MonitorSet).await.call_state, Some(CallState::Idle));
    app.monitor_object(second).await.expect("the monitor is accepted");
    assert_eq!(app.hear(second, Type::MonitorSet, Why::MonitorSet).await.call_state, Some(CallState::Idle));
    app.make(second, "1001").await.expect("makeCall is accepted");
    let leg = app.hear(second, Type::CallOriginated, Why::NewCallInvoked).await.local_call_id;
    app.hear(second, Type::CallDelivered, Why::Delivered).await;
    let used = app.hear(prime, Type::ExtensionInUse, Why::ExtensionInUse).await;
    assert_eq!((used.call_state, used.local_call_id), (Some(CallState::ExtensionInUse), 0));
    assert_eq!(app.status(prime).await.call_state, Some(CallState::ExtensionInUse));
    app.clear(second, leg).await.expect("clearCall is accepted");
    app.hear(second, Type::CallClear, Why::ClearInvoked).await;
    let free = app.hear(prime, Type::CallClear, Why::Cleared).await;
    assert_eq!((free.call_state, free.local_call_id), (Some(CallState::Idle), 0));
    app.heard_everything().await;
}
