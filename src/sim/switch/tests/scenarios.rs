use CallEventKind::{ConnectionCleared, Delivered, Established, Failed, Held, Originated, Retrieved, ServiceInitiated};
use LocalState::{Alerting, Connected, Fail, Hold, Initiated, Null};
use schemas::domain::{Feature, Features};

use super::*;

fn one(line: &str, state: LocalState) -> Vec<(String, LocalState)> {
    vec![(line.into(), state)]
}

fn two(a: (&str, LocalState), b: (&str, LocalState)) -> Vec<(String, LocalState)> {
    vec![(a.0.into(), a.1), (b.0.into(), b.1)]
}

#[test]
fn a_call_is_made_answered_held_retrieved_and_cleared() {
    let mut b = bench(1);
    let done = b.call("1000", "1001");
    assert_eq!(
        b.happened(),
        [
            (ServiceInitiated, "1000".into(), Why::NewCall, one("1000/1", Initiated)),
            (Originated, "1000".into(), Why::NewCall, one("1000/1", Connected)),
            (Delivered, "1001".into(), Why::NewCall, two(("1000/1", Connected), ("1001/1", Alerting))),
        ]
    );
    assert_eq!(
        b.truth(),
        ["1000 Initiated NewCall", "1000 Originated NewCall", "1001 Alerting NewCall", "1000 Delivered NewCall",]
    );
    let delivered = b.events().last().expect("an event");
    assert_eq!(delivered.calling.name.as_deref(), Some("Archer, Maya"));
    assert_eq!(delivered.called.as_ref().and_then(|d| d.name.as_deref()), Some("Bélanger, Zoé"));
    let waits = [Feature::ClearCall, Feature::SetCallMeBack, Feature::SendCallbackMessage];
    assert_eq!(delivered.witnesses[0].permitted, Features::of(&waits));
    assert_eq!(delivered.witnesses[1].permitted, Features::of(&[Feature::AnswerCall, Feature::RedirectCall]));
    assert_eq!(Some(Arc::clone(&delivered.gcid)), done.gcid);

    b.answer("1001");
    assert_eq!(
        b.happened(),
        [(Established, "1001".into(), Why::Normal, two(("1000/1", Connected), ("1001/1", Connected)))]
    );
    assert_eq!(b.truth(), ["1001 Connected Normal", "1000 Connected Normal"]);

    b.person(Command::Hold(at("1000"))).expect("held");
    assert_eq!(b.happened(), [(Held, "1000".into(), Why::Normal, two(("1000/1", Hold), ("1001/1", Connected)))]);
    assert_eq!(b.truth(), ["1000 Held Normal"]);
    assert_eq!(b.events().next().map(|h| h.witnesses[0].permitted), Some(Features::of(&[Feature::RetrieveCall])));

    // Both may hold.
    b.person(Command::Hold(at("1001"))).expect("held");
    b.person(Command::Retrieve(at("1001"))).expect("retrieved");
    b.person(Command::Retrieve(at("1000"))).expect("retrieved");
    assert_eq!(
        b.happened(),
        [(Retrieved, "1000".into(), Why::Normal, two(("1000/1", Connected), ("1001/1", Connected)))]
    );

    b.person(Command::Clear(at("1001"))).expect("cleared");
    assert_eq!(
        b.happened(),
        [(ConnectionCleared, "1001".into(), Why::NormalClearing, two(("1000/1", Null), ("1001/1", Null)))]
    );
    assert_eq!(b.truth(), ["1001 Null NormalClearing", "1000 Null NormalClearing"]);
    assert!(b.states("1000").is_empty() && b.states("1001").is_empty());
}

#[test]
fn what_cannot_be_reached_fails_with_its_cause_and_the_caller_keeps_a_tone() {
    let mut b = bench(1);
    b.person(Command::DoNotDisturb { dn: line("1002").dn, on: true }).expect("done");
    b.call("1003", "1004");
    for (number, why) in [
        ("1002", Why::DoNotDisturb),
        ("1003", Why::Busy), // a caller is busy
        ("1004", Why::Busy), // so is who is rung
        ("1000", Why::Busy), // oneself
        ("1500", Why::NumberUnallocated),
        ("5000", Why::NumberUnallocated),
        ("12345678", Why::NumberUnallocated),
        ("12a4", Why::InvalidNumberFormat),
        ("１００１", Why::InvalidNumberFormat),
        ("123456789012345678901234567", Why::InvalidNumberFormat),
        ("2000", Why::DestNotObtainable),
    ] {
        b.call("1000", number);
        assert_eq!(b.happened().last(), Some(&(Failed, number.to_owned(), why, one("1000/1", Fail))), "{number}");
        assert_eq!(b.truths().last().map(|t| (t.cause, t.other.clone())), Some((why, Some(number.to_owned()))));
        assert_eq!(b.states("1000"), [TruthState::Failed]);
        b.wait(1_000);
        assert_eq!(b.states("1000"), [TruthState::Failed], "the tone stays");
        b.person(Command::Clear(at("1000"))).expect("cleared");
        assert_eq!(b.happened(), [(ConnectionCleared, "1000".into(), Why::NormalClearing, one("1000/1", Null))]);
    }
}

#[test]
fn the_called_phone_hears_nothing_of_a_busy_call() {
    let mut b = bench(1);
    b.call("1000", "1001");
    b.call("1002", "1001");
    assert!(b.events().all(|h| h.witnesses.iter().all(|w| w.line == line("1002"))));
}

#[test]
fn nobody_answers_for_twenty_seconds() {
    let mut b = bench(1);
    b.call("1000", "1001");
    assert_eq!(b.switch.next_deadline(), Some(b.now_ms + 20_000));
    b.wait(19_999);
    assert!(b.out.is_empty());
    b.wait(1);
    assert_eq!(
        b.happened(),
        [
            (ConnectionCleared, "1000".into(), Why::CallNotAnswered, one("1001/1", Null)),
            (Failed, "1001".into(), Why::CallNotAnswered, one("1000/1", Fail)),
        ]
    );
    assert_eq!(b.truth(), ["1001 Null CallNotAnswered", "1000 Failed CallNotAnswered"]);
    assert_eq!(b.switch.next_deadline(), None);
}

#[test]
fn a_second_call_is_made_while_the_first_is_held() {
    let mut b = bench(1);
    let first = b.call("1000", "1001");
    b.answer("1001");
    b.person(Command::Hold(at("1000"))).expect("held");
    b.call("1000", "1002");
    b.answer("1002");
    assert_eq!(b.states("1000"), [TruthState::Held, TruthState::Connected]);
    assert_eq!(
        b.events().next().map(|h| h.witnesses[0].permitted),
        Some(Features::of(&[Feature::ClearCall, Feature::OutPulseDigits, Feature::SetAccountCode]))
    );
    assert_eq!(b.person(Command::Hold(at("1000"))), Err(Refusal::HoldInUse));
    assert_eq!(b.person(Command::Retrieve(at("1000"))), Err(Refusal::LineInUse));
    b.person(Command::Clear(at("1000"))).expect("the active one is cleared");
    b.person(Command::Retrieve(at("1000"))).expect("retrieved");
    assert_eq!(b.events().next().map(|h| Some(h.call.clone())), Some(first.call));
}

#[test]
fn a_held_party_hangs_up() {
    let mut b = bench(1);
    b.call("1000", "1001");
    b.answer("1001");
    b.person(Command::Hold(at("1000"))).expect("held");
    b.person(Command::Clear(at("1001"))).expect("cleared");
    assert_eq!(
        b.happened(),
        [(ConnectionCleared, "1001".into(), Why::NormalClearing, two(("1000/1", Null), ("1001/1", Null)))]
    );
}

#[test]
fn a_line_that_only_holds_can_be_rung_and_retrieving_makes_answering_wait() {
    let mut b = bench(1);
    b.call("1000", "1001");
    b.answer("1001");
    b.person(Command::Hold(at("1000"))).expect("held");
    b.call("1002", "1000");
    assert_eq!(b.states("1000"), [TruthState::Held, TruthState::Alerting]);
    b.person(Command::Retrieve(at("1000"))).expect("retrieved");
    assert_eq!(b.person(Command::Answer(at("1000"))), Err(Refusal::LineInUse));
    b.person(Command::Hold(at("1000"))).expect("held");
    b.answer("1000");
    assert_eq!(b.states("1000"), [TruthState::Held, TruthState::Connected]);
}

#[test]
fn an_appearance_calls_out_with_its_button_and_leaves_the_prime_line_free() {
    let mut b = bench(1);
    b.call("1000/2", "1001");
    let delivered = b.events().last().expect("an event");
    assert_eq!((delivered.calling.number.as_str(), delivered.calling.button), ("1000", Some(2)));
    assert_eq!(delivered.witnesses[0].line, line("1000/2"));
    b.call("1002", "1000");
    assert_eq!(b.states("1000"), [TruthState::Alerting]);
    assert_eq!(b.person(Command::OffHook(line("1000/4"))), Err(Refusal::UnknownDevice), "the set has three buttons");
}

#[test]
fn keys_pressed_one_by_one_dial_when_they_are_enough_or_when_they_stop() {
    let mut b = bench(1);
    let keys = |b: &mut Bench, digits: &str| b.person(Command::Digits { target: at("1000"), digits: digits.into() });
    assert_eq!(keys(&mut b, "1"), Err(Refusal::NoActiveCall));
    b.person(Command::OffHook(line("1000"))).expect("dial tone");
    for digit in ["1", "0", "0"] {
        keys(&mut b, digit).expect("keyed");
        assert!(b.out.is_empty());
    }
    keys(&mut b, "1").expect("keyed");
    assert_eq!(b.states("1001"), [TruthState::Alerting]);
    b.answer("1001");
    keys(&mut b, "42#").expect("tones in a call");
    assert!(b.out.is_empty());
    b.person(Command::Clear(at("1000"))).expect("cleared");

    b.person(Command::OffHook(line("1000"))).expect("dial tone");
    keys(&mut b, "10").expect("keyed");
    b.wait(10_000);
    assert_eq!(b.happened().last().map(|h| (h.0, h.2)), Some((Failed, Why::NumberUnallocated)));
    assert_eq!(keys(&mut b, "1"), Err(Refusal::WrongState));
}

#[test]
fn going_off_hook_answers_what_rings() {
    let mut b = bench(1);
    b.call("1000", "1001");
    b.person(Command::OffHook(line("1001"))).expect("answered");
    assert_eq!(b.happened().first().map(|h| h.0), Some(Established));
}

#[test]
fn class_of_service_gates_applications_and_not_people() {
    let mut b = bench(1);
    let call = Command::MakeCall { line: line("1019"), number: "1001".into() };
    assert_eq!(b.application(call.clone()), Err(Refusal::Privilege));
    assert!(b.out.is_empty());
    b.person(call).expect("a call");
    assert!(b.events().all(|h| h.witnesses[0].permitted == Features::NONE));
}

#[test]
fn a_global_call_id_has_its_form_and_no_name_is_used_twice() {
    let mut b = bench(1);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..50 {
        let done = b.call("1000", "1001");
        let (call, gcid) = (done.call.expect("a call"), done.gcid.expect("a name"));
        assert!(gcid.len() == 8 && gcid.starts_with("A001") && gcid.is_ascii(), "{gcid}");
        assert!(seen.insert(call.to_string()) && seen.insert(gcid.to_string()));
        b.person(Command::Clear(at("1000"))).expect("cleared");
    }
    b.input(Input::Power { epoch_ms: EPOCH + 5 }).expect("lost");
    let done = b.call("1000", "1001");
    assert!(seen.insert(done.call.expect("a call").to_string()) && seen.insert(done.gcid.expect("a name").to_string()));
    let other = Switch::new(Arc::new(Plan::lab(Ceid::new(1).expect("a CEID"))), EPOCH + 60_000);
    let mut other = Bench { switch: other, now_ms: EPOCH, out: Vec::new() };
    let done = other.call("1000", "1001");
    assert!(!seen.contains(&*done.call.expect("a call")));
}

#[test]
fn without_power_everything_is_gone_and_true() {
    let mut b = bench(1);
    b.call("1000", "1001");
    b.answer("1001");
    b.person(Command::DoNotDisturb { dn: line("1005").dn, on: true }).expect("done");
    b.input(Input::Power { epoch_ms: EPOCH }).expect("lost");
    assert_eq!(b.truth(), ["1000 Null PowerLost", "1001 Null PowerLost"]);
    assert_eq!(b.events().count(), 0);
    assert!(b.switch.truth_now(0).phones.is_empty());
}

/// What lines were told of others of their set in the last step.
fn in_use(b: &Bench) -> Vec<String> {
    let told = b.out.iter().filter_map(|o| if let Output::InUse(told) = o { Some(told) } else { None });
    told.map(|t| format!("{} {} {}", t.line, t.used, if t.over { "over" } else { "used" })).collect()
}

#[test]
fn an_idle_line_hears_when_another_of_its_set_is_used_and_when_that_is_over() {
    let mut b = bench(1);
    b.call("1000/2", "1001");
    assert_eq!(in_use(&b), ["1000/1 1000/2 used", "1000/3 1000/2 used"]);
    b.answer("1001");
    assert_eq!(in_use(&b), ["1001/2 1001/1 used", "1001/3 1001/1 used"], "ringing is no use");
    b.person(Command::OffHook(line("1000/3"))).expect("dial tone");
    assert!(in_use(&b).is_empty(), "both others were told, or are in use");
    b.person(Command::Clear(at("1000/2"))).expect("cleared");
    assert_eq!(
        in_use(&b),
        [
            "1000/1 1000/2 over",
            "1000/1 1000/3 used",
            "1000/2 1000/3 used",
            "1000/3 1000/2 over",
            "1001/2 1001/1 over",
            "1001/3 1001/1 over"
        ]
    );
    b.person(Command::Clear(at("1000/3"))).expect("cleared");
    assert_eq!(in_use(&b), ["1000/1 1000/3 over", "1000/2 1000/3 over"]);
}
