//! Consultation, transfer, conference and split over one node.

use CallEventKind::{ConnectionCleared, Delivered, Established, Failed, Held, Originated, Retrieved, ServiceInitiated};
use LocalState::{Alerting, Connected, Fail, Hold, Initiated, Null};
use schemas::csta::message::JoinKind;
use schemas::domain::{Feature, Features};

use super::*;
use crate::sim::switch::Two;
use crate::sim::switch::model::Joined;

pub(super) fn two(text: &str) -> Two {
    Two { line: line(text), held: None, active: None }
}

fn each(lines: &[(&str, LocalState)]) -> Vec<(String, LocalState)> {
    lines.iter().map(|(l, s)| (format!("{l}/1"), *s)).collect()
}

/// `held` called and answered, then `consulted` called beside it.
fn consultation(b: &mut Bench, consulted: &str) -> [Done; 2] {
    let first = b.call("1000", "1001");
    b.answer("1001");
    let consult = Command::Consult { target: at("1000"), number: consulted.into() };
    [first, b.person(consult).expect("a consultation")]
}

fn joined(b: &Bench) -> Joined {
    let all: Vec<_> =
        b.out.iter().filter_map(|o| if let Output::Joined(j) = o { Some(j.clone()) } else { None }).collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all.into_iter().next().expect("one")
}

fn told(joined: &Joined) -> Vec<(String, LocalState)> {
    joined.witnesses.iter().map(|w| (w.line.to_string(), w.local)).collect()
}

fn parties(joined: &Joined) -> Vec<(&str, &str)> {
    joined.parties.iter().map(|p| (p.device.number.as_str(), &*p.was)).collect()
}

#[test]
fn a_consultation_holds_the_call_and_rings_another() {
    let mut b = bench(1);
    let [first, second] = consultation(&mut b, "1002");
    assert_eq!(
        b.happened(),
        [
            (Held, "1000".into(), Why::Consultation, each(&[("1000", Hold), ("1001", Connected)])),
            (ServiceInitiated, "1000".into(), Why::Consultation, each(&[("1000", Initiated)])),
            (Originated, "1000".into(), Why::Consultation, each(&[("1000", Connected)])),
            (Delivered, "1002".into(), Why::NewCall, each(&[("1000", Connected), ("1002", Alerting)])),
        ]
    );
    assert_ne!(first.gcid, second.gcid);
    let permitted = b.events().last().map(|h| h.witnesses[0].permitted);
    assert_eq!(
        permitted,
        Some(Features::of(&[
            Feature::ClearCall,
            Feature::SetCallMeBack,
            Feature::SendCallbackMessage,
            Feature::CancelConsultationCall,
            Feature::TransferCall
        ]))
    );
    b.answer("1002");
    let permitted = b.events().last().map(|h| h.witnesses[0].permitted);
    let all = Features::of(&[
        Feature::ClearCall,
        Feature::OutPulseDigits,
        Feature::SetAccountCode,
        Feature::CancelConsultationCall,
        Feature::TransferCall,
        Feature::ConferenceCall,
        Feature::AlternateCall,
    ]);
    assert_eq!(permitted, Some(all));

    b.person(Command::Alternate(two("1000"))).expect("alternated");
    assert_eq!(
        b.happened(),
        [
            (Held, "1000".into(), Why::Consultation, each(&[("1000", Hold), ("1002", Connected)])),
            (Retrieved, "1000".into(), Why::Alternate, each(&[("1000", Connected), ("1001", Connected)])),
        ]
    );
    b.person(Command::Reconnect(two("1000"))).expect("back");
    assert_eq!(
        b.happened(),
        [
            (ConnectionCleared, "1000".into(), Why::NormalClearing, each(&[("1000", Null), ("1001", Null)])),
            (Retrieved, "1000".into(), Why::Normal, each(&[("1000", Connected), ("1002", Connected)])),
        ]
    );
}

#[test]
fn a_supervised_transfer_leaves_the_two_others_in_the_held_call() {
    let mut b = bench(1);
    let [first, second] = consultation(&mut b, "1002");
    b.answer("1002");
    let done = b.person(Command::Transfer(two("1000"))).expect("transferred");
    assert_eq!((&done.call, done.to.map(|d| d.number)), (&first.call, Some("1002".into())));
    let joined = joined(&b);
    assert_eq!(told(&joined), each(&[("1000", Null), ("1001", Connected), ("1002", Connected)]));
    assert_eq!((joined.kind, joined.controller.number.as_str()), (JoinKind::Transferred, "1000"));
    assert_eq!((&joined.ended, &joined.ended_gcid), (&second.call, &second.gcid));
    assert_eq!((Some(&joined.call), Some(&joined.gcid)), (first.call.as_ref(), first.gcid.as_ref()));
    let (k1, k2) = (first.call.expect("a key"), second.call.expect("a key"));
    assert_eq!(parties(&joined), [("1001", &*k1), ("1002", &*k2)]);
    assert_eq!(joined.joined.as_ref().map(|d| d.number.as_str()), Some("1002"));
    assert_eq!(b.truth(), ["1000 Null Transfer", "1000 Null Transfer", "1002 Connected Transfer"]);
    assert!(b.states("1000").is_empty());
    b.person(Command::Clear(at("1002"))).expect("cleared");
    let cleared = b.events().next().expect("an event");
    assert_eq!((cleared.calling.number.as_str(), &cleared.call), ("1001", &k1));
    assert!(b.states("1001").is_empty());
}

#[test]
fn an_unsupervised_transfer_rings_on_and_comes_back_when_nobody_answers() {
    let mut b = bench(1);
    consultation(&mut b, "1002");
    b.person(Command::Transfer(two("1000"))).expect("transferred");
    assert_eq!(told(&joined(&b)), each(&[("1000", Null), ("1001", Connected), ("1002", Alerting)]));
    assert_eq!(b.states("1001"), [TruthState::Delivered]);
    b.wait(19_999);
    assert!(b.out.is_empty());
    b.wait(1);
    assert_eq!(
        b.happened(),
        [
            (ConnectionCleared, "1001".into(), Why::CallNotAnswered, each(&[("1002", Null)])),
            (Delivered, "1000".into(), Why::RecallNoAnswer, each(&[("1001", Connected), ("1000", Alerting)])),
        ]
    );
    b.wait(20_000);
    assert_eq!(b.states("1001"), [TruthState::Failed], "a recall is not recalled");
    assert!(b.states("1000").is_empty());

    let mut b = bench(1);
    consultation(&mut b, "1002");
    b.person(Command::Transfer(two("1000"))).expect("transferred");
    b.answer("1002");
    assert_eq!(
        b.happened(),
        [(Established, "1002".into(), Why::Normal, each(&[("1001", Connected), ("1002", Connected)]))]
    );
    b.wait(60_000);
    assert_eq!(b.states("1002"), [TruthState::Connected]);
}

#[test]
fn a_holder_whose_own_other_line_lets_the_recall_ring_in_vain_is_left_by_that_line() {
    let mut b = bench(1);
    b.person(Command::MakeCall { line: line("1000/2"), number: "1000".into() }).expect("a call of a set with itself");
    b.answer("1000");
    b.call("1001", "1002");
    for (who, number) in [("1000", "1003"), ("1000/2", "1001")] {
        b.person(Command::Consult { target: at(who), number: number.into() }).expect("a consultation");
    }
    b.person(Command::Transfer(two("1000/2"))).expect("transferred");
    assert_eq!((b.states("1000/2"), b.states("1000").len()), (vec![TruthState::Alerting], 2), "it was busy there");
    b.wait(20_000);
    let told = |h: &&Happened| h.kind == ConnectionCleared && h.witnesses.iter().any(|w| w.line == line("1000"));
    let left: Vec<_> = b.events().filter(told).map(|h| (h.subject.number.as_str(), h.subject.button)).collect();
    assert_eq!(left, [("1000", Some(2))]);
}

#[test]
fn a_recall_finds_the_one_who_transferred_busy() {
    let mut b = bench(1);
    consultation(&mut b, "1002");
    b.person(Command::Transfer(two("1000"))).expect("transferred");
    b.person(Command::OffHook(line("1000"))).expect("dial tone");
    b.wait(20_000);
    assert_eq!(b.happened().last(), Some(&(Failed, "1002".into(), Why::CallNotAnswered, each(&[("1001", Fail)]))));
}

#[test]
fn a_transfer_to_a_busy_phone_comes_back_at_once() {
    let mut b = bench(1);
    b.person(Command::OffHook(line("1002"))).expect("dial tone");
    let [first, second] = consultation(&mut b, "1002");
    let done = b.person(Command::Transfer(two("1000"))).expect("transferred");
    assert_eq!((&done.call, done.to.map(|d| d.number)), (&first.call, Some("1001".into())));
    let joined = joined(&b);
    assert_eq!(told(&joined), each(&[("1000", Null), ("1001", Connected)]));
    assert_eq!(joined.ended, second.call);
    assert_eq!(
        b.happened(),
        [(Delivered, "1000".into(), Why::RecallBusy, each(&[("1001", Connected), ("1000", Alerting)]))]
    );
    b.answer("1000");
    assert_eq!((b.states("1000"), b.states("1001")), (vec![TruthState::Connected], vec![TruthState::Connected]));
}

#[test]
fn nobody_is_transferred_to_themselves_or_to_nowhere() {
    for number in ["1000", "1500", "2000", "1x"] {
        let mut b = bench(1);
        consultation(&mut b, number);
        assert_eq!(b.states("1000"), [TruthState::Held, TruthState::Failed], "{number}");
        assert_eq!(b.person(Command::Transfer(two("1000"))), Err(Refusal::WrongState), "{number}");
        assert!(b.out.is_empty());
    }
    // The held party is called again while it holds, too.
    let mut b = bench(1);
    b.call("1000", "1001");
    b.answer("1001");
    b.person(Command::Hold(at("1001"))).expect("held");
    b.person(Command::Consult { target: at("1000"), number: "1001".into() }).expect("a consultation");
    b.answer("1001");
    for command in [Command::Transfer(two("1000")), Command::Conference(two("1000"))] {
        assert_eq!(b.person(command), Err(Refusal::WrongState));
    }
    // The transferrer's own other line.
    let mut b = bench(1);
    b.call("1000/2", "1001");
    b.answer("1001");
    b.person(Command::Consult { target: at("1001"), number: "1000".into() }).expect("a consultation");
    b.answer("1000");
    assert_eq!(b.person(Command::Transfer(two("1001"))), Err(Refusal::WrongState));
}

#[test]
fn a_call_that_is_held_and_another_beside_it_are_no_consultation() {
    let mut b = bench(1);
    b.call("1000", "1001");
    b.answer("1001");
    b.person(Command::Hold(at("1000"))).expect("held");
    b.call("1000", "1002");
    b.answer("1002");
    for command in [Command::Transfer(two("1000")), Command::Conference(two("1000")), Command::Alternate(two("1000"))] {
        assert_eq!(b.person(command), Err(Refusal::WrongState));
    }
}

#[test]
fn the_legs_of_a_consultation_may_be_named_and_others_may_not() {
    let mut b = bench(1);
    let [first, second] = consultation(&mut b, "1002");
    b.answer("1002");
    let key = |done: &Done| done.call.as_ref().map(ToString::to_string);
    let with = |held, active| Command::Alternate(Two { line: line("1000"), held, active });
    assert_eq!(b.person(with(key(&second), key(&first))), Err(Refusal::WrongState), "the other way round");
    assert_eq!(b.person(with(key(&first), key(&first))), Err(Refusal::WrongState));
    assert_eq!(b.person(with(Some("x".into()), key(&second))), Err(Refusal::UnknownConnection));
    b.person(with(key(&first), key(&second))).expect("alternated");
    // Who was first has won.
    b.person(Command::Transfer(two("1000"))).expect("transferred");
    assert_eq!(b.person(Command::Conference(two("1000"))), Err(Refusal::NoActiveCall));
}

/// 1000 in a conference with everybody up to `last`.
fn conference(b: &mut Bench, last: u32) {
    b.call("1000", "1001");
    b.answer("1001");
    for number in 1002..=last {
        b.person(Command::Consult { target: at("1000"), number: number.to_string() }).expect("a consultation");
        b.answer(&number.to_string());
        b.person(Command::Conference(two("1000"))).expect("a conference");
    }
}

#[test]
fn a_conference_tells_everybody_and_goes_on_until_two_are_left() {
    let mut b = bench(1);
    let [first, second] = consultation(&mut b, "1002");
    b.answer("1002");
    let done = b.person(Command::Conference(two("1000"))).expect("a conference");
    assert_eq!(done.call, first.call);
    let joined = joined(&b);
    assert_eq!(told(&joined), each(&[("1000", Connected), ("1001", Connected), ("1002", Connected)]));
    let (k1, k2) = (first.call.expect("a key"), second.call.expect("a key"));
    assert_eq!(parties(&joined), [("1000", &*k1), ("1001", &*k1), ("1002", &*k2)]);
    assert!(joined.witnesses[0].permitted.has(Feature::SplitConferenceCall));
    assert!(!joined.witnesses[1].permitted.has(Feature::SplitConferenceCall));
    let others: Vec<_> = b.switch.truth_now(0).phones.into_iter().flat_map(|p| p.legs).map(|l| l.other).collect();
    assert_eq!(others[0].as_deref(), Some("1001+1002"));

    b.person(Command::Hold(at("1001"))).expect("held");
    assert_eq!(
        b.happened(),
        [(Held, "1001".into(), Why::Normal, each(&[("1000", Connected), ("1001", Hold), ("1002", Connected)]))]
    );
    b.person(Command::Retrieve(at("1001"))).expect("retrieved");
    b.person(Command::Clear(at("1000"))).expect("cleared");
    assert_eq!(
        b.happened(),
        [(
            ConnectionCleared,
            "1000".into(),
            Why::NormalClearing,
            each(&[("1000", Null), ("1001", Connected), ("1002", Connected)])
        )]
    );
    b.person(Command::Clear(at("1001"))).expect("cleared");
    assert!(b.states("1002").is_empty());
}

#[test]
fn a_ninth_party_is_refused() {
    let mut b = bench(1);
    conference(&mut b, 1007);
    b.person(Command::Consult { target: at("1000"), number: "1008".into() }).expect("a consultation");
    b.answer("1008");
    assert!(!b.events().last().expect("an event").witnesses[0].permitted.has(Feature::ConferenceCall));
    assert_eq!(b.person(Command::Conference(two("1000"))), Err(Refusal::ConferenceFull));
    assert!(b.out.is_empty());
    // In the place of who transfers, it is the eighth.
    b.person(Command::Transfer(two("1000"))).expect("transferred");
    assert_eq!(b.states("1008"), [TruthState::Connected]);
}

#[test]
fn a_split_leaves_the_maker_with_the_last_added_and_the_others_held() {
    let mut b = bench(1);
    conference(&mut b, 1003);
    assert_eq!(b.person(Command::Split(at("1001"))), Err(Refusal::WrongState), "only the maker may");
    b.person(Command::Split(at("1000"))).expect("split");
    let all = |c| each(&[("1000", c), ("1001", Connected), ("1002", Connected)]);
    let mut cleared = all(Connected);
    cleared.push(("1003/1".into(), Null));
    assert_eq!(
        b.happened(),
        [
            (ConnectionCleared, "1003".into(), Why::Conference, cleared),
            (Held, "1000".into(), Why::Consultation, all(Hold)),
            (Established, "1003".into(), Why::Conference, each(&[("1000", Connected), ("1003", Connected)])),
        ]
    );
    b.person(Command::Conference(two("1000"))).expect("together again");
    b.person(Command::Split(at("1000"))).expect("split");
    b.person(Command::Reconnect(two("1000"))).expect("back");
    assert_eq!((b.states("1000"), b.states("1003")), (vec![TruthState::Connected], vec![]));
    assert_eq!(b.person(Command::Split(at("1000"))), Err(Refusal::WrongState), "the last added is gone");
}

#[test]
fn two_conferences_become_one() {
    let mut b = bench(1);
    b.call("1005", "1006");
    b.answer("1006");
    b.person(Command::Consult { target: at("1005"), number: "1007".into() }).expect("a consultation");
    b.answer("1007");
    b.person(Command::Conference(two("1005"))).expect("a conference");
    b.person(Command::Hold(at("1006"))).expect("held");
    conference(&mut b, 1002);
    b.person(Command::Consult { target: at("1000"), number: "1006".into() }).expect("a consultation");
    b.answer("1006");
    // 1006 is in two calls, and leads from one into the other by itself only.
    b.person(Command::Conference(two("1000"))).expect("a conference");
    assert_eq!(b.states("1006"), [TruthState::Held, TruthState::Connected]);
}
