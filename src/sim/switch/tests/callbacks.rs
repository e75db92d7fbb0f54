//! Callbacks, messages that wait, and calls that are taken over from where they are held.

use super::partners::Pair;
use super::*;
use crate::sim::switch::{Changed, Setting};

fn call_back(who: &str) -> Command {
    Command::CallBack(at(who))
}

/// 1001 is busy, and 1000 has asked to be called when it is free.
fn asked() -> Bench {
    let mut b = bench(1);
    b.person(Command::OffHook(line("1001"))).expect("dial tone");
    b.call("1000", "1001");
    let done = b.application(call_back("1000")).expect("asked for");
    assert_eq!(done.to.map(|to| to.number), Some("1001".into()));
    b
}

#[test]
fn who_asked_is_rung_when_the_phone_is_free_and_calls_it_by_answering() {
    let mut b = asked();
    assert!(b.states("1000").is_empty(), "the call is over");
    assert_eq!(b.truth(), ["1000 Null CallBack"]);
    b.wait(60_000);
    assert!(b.states("1000").is_empty());
    b.person(Command::Clear(at("1001"))).expect("cleared");
    let rings = (CallEventKind::Delivered, "1000".into(), Why::CallBack, vec![("1000/1".into(), LocalState::Alerting)]);
    assert_eq!(b.happened().pop(), Some(rings));
    let told = b.events().last().expect("it rings");
    assert_eq!((told.calling.number.as_str(), told.called.as_ref().map(|d| d.number.as_str())), ("1001", Some("1000")));
    assert!(b.states("1001").is_empty(), "not called yet");
    let pickup = Command::PickUp { line: line("1002"), ringing: at("1000") };
    assert_eq!(b.person(pickup), Err(Refusal::NoCallToAnswer), "it is for 1000");
    let redirect = Command::Redirect { target: at("1000"), number: "1002".into() };
    assert_eq!(b.person(redirect), Err(Refusal::WrongState));
    b.application(Command::Answer(at("1000"))).expect("answered");
    assert_eq!((b.states("1000"), b.states("1001")), (vec![TruthState::Delivered], vec![TruthState::Alerting]));
    b.answer("1001");
    assert_eq!((b.states("1000"), b.states("1001")), (vec![TruthState::Connected], vec![TruthState::Connected]));
    b.person(Command::Clear(at("1000"))).expect("cleared");
    assert!(b.states("1000").is_empty(), "once, and not again");
}

#[test]
fn a_callback_waits_for_whoever_asked_and_is_given_up_when_nobody_answers() {
    let mut b = asked();
    b.call("1000", "1002");
    b.person(Command::Clear(at("1001"))).expect("cleared");
    assert_eq!(b.states("1000"), [TruthState::Delivered], "in another call");
    b.person(Command::Clear(at("1000"))).expect("cleared");
    assert_eq!(b.states("1000"), [TruthState::Alerting]);
    b.wait(20_000);
    assert!(b.states("1000").is_empty());
    assert_eq!(
        b.happened(),
        [(
            CallEventKind::ConnectionCleared,
            "1001".into(),
            Why::CallNotAnswered,
            vec![("1000/1".into(), LocalState::Null)]
        )]
    );
    // Not while it is not to be disturbed.
    let mut b = asked();
    b.person(Command::DoNotDisturb { dn: line("1000").dn, on: true }).expect("set");
    b.person(Command::Clear(at("1001"))).expect("cleared");
    assert!(b.states("1000").is_empty());
    b.person(Command::DoNotDisturb { dn: line("1000").dn, on: false }).expect("set");
    assert_eq!(b.states("1000"), [TruthState::Alerting]);
}

#[test]
fn a_phone_that_did_not_answer_is_free_once_it_was_used() {
    let mut b = bench(1);
    b.call("1000", "1001");
    b.application(call_back("1000")).expect("asked for");
    assert!(b.states("1001").is_empty(), "it rings no more");
    b.wait(60_000);
    assert!(b.states("1000").is_empty());
    b.person(Command::OffHook(line("1001"))).expect("dial tone");
    b.person(Command::Clear(at("1001"))).expect("cleared");
    assert_eq!(b.states("1000"), [TruthState::Alerting]);
}

#[test]
fn a_callback_is_refused_twice_onto_oneself_and_by_class_of_service() {
    let refused = |b: &mut Bench, command: Command, refusal: Refusal| {
        let before = b.switch.truth_now(0);
        assert_eq!(b.application(command), Err(refusal));
        assert!(b.out.is_empty());
        assert_eq!(b.switch.truth_now(0), before);
    };
    let mut b = asked();
    refused(&mut b, call_back("1000"), Refusal::NoActiveCall);
    b.call("1000", "1001");
    refused(&mut b, call_back("1000"), Refusal::AlreadySet);
    b.call("1002", "1002");
    refused(&mut b, call_back("1002"), Refusal::WrongState);
    b.call("1003", "1500");
    refused(&mut b, call_back("1003"), Refusal::WrongState);
    b.call("1012", "1001");
    refused(&mut b, call_back("1012"), Refusal::Privilege);
    b.call("1019", "1001");
    refused(&mut b, call_back("1019"), Refusal::Privilege);
    b.call("1004", "1005");
    refused(&mut b, call_back("1005"), Refusal::NoActiveCall);
    b.answer("1005");
    refused(&mut b, call_back("1004"), Refusal::WrongState);
    // No more than a phone can keep.
    let mut b = bench(1);
    for number in (1001..1018).filter(|n| *n != 1000).map(|n| n.to_string()) {
        b.person(Command::OffHook(line(&number))).expect("dial tone");
    }
    for number in (1001..1017).map(|n| n.to_string()) {
        b.call("1000", &number);
        b.person(call_back("1000")).expect("asked for");
    }
    b.call("1000", "1017");
    refused(&mut b, call_back("1000"), Refusal::WrongState);
}

/// 2001 is busy, and 1000 has asked to be called when it is free.
fn asked_across() -> Pair {
    let mut pair = Pair::new();
    pair.person(1, Command::OffHook(line("2001"))).expect("dial tone");
    pair.person(0, Command::MakeCall { line: line("1000"), number: "2001".into() }).expect("a call");
    pair.carry();
    pair.person(0, call_back("1000")).expect("asked for");
    pair.carry();
    pair
}

#[test]
fn a_partner_says_when_its_phone_is_free() {
    let mut pair = asked_across();
    pair.person(1, Command::Clear(at("2001"))).expect("cleared");
    assert!(pair.nodes[0].states("1000").is_empty());
    pair.carry();
    assert_eq!(pair.nodes[0].states("1000"), [TruthState::Alerting]);
    pair.person(0, Command::Answer(at("1000"))).expect("answered");
    pair.carry();
    assert_eq!(pair.nodes[1].states("2001"), [TruthState::Alerting]);
}

#[test]
fn a_callback_outlives_the_link() {
    let mut pair = asked_across();
    pair.disconnect();
    pair.person(1, Command::Clear(at("2001"))).expect("cleared");
    assert!(pair.nodes[0].states("1000").is_empty(), "nobody could say so");
    pair.connect();
    pair.carry();
    assert_eq!(pair.nodes[0].states("1000"), [TruthState::Alerting]);
}

/// What the lamps did in the last step.
fn lamps(b: &Bench) -> Vec<(String, bool)> {
    let lamp = |output: &Output| match output {
        Output::Changed(Changed { device, setting: Setting::MessageWaiting(on), .. }) => {
            Some((device.number.clone(), *on))
        }
        _ => None,
    };
    b.out.iter().filter_map(lamp).collect()
}

fn messages(b: &Bench, dn: &str) -> Vec<String> {
    b.switch.truth_of(line(dn).dn).expect("a phone").messages
}

#[test]
fn a_message_lights_the_lamp_and_the_last_one_puts_it_out() {
    let mut b = bench(1);
    let dn = line("1001").dn;
    let leave = |from: &str| Command::LeaveMessageAt { at: dn, from: from.into() };
    let clear = |from: &str| Command::ClearMessageAt { at: dn, from: from.into() };
    b.call("1000", "1001");
    b.application(Command::LeaveMessage(at("1000"))).expect("left");
    assert_eq!(lamps(&b), [("1001".into(), true)]);
    assert_eq!(b.states("1000"), [TruthState::Delivered], "the call goes on");
    assert_eq!(b.application(Command::LeaveMessage(at("1000"))), Err(Refusal::AlreadySet));
    assert_eq!(b.application(leave("1000")), Err(Refusal::AlreadySet));
    b.application(leave("2000")).expect("of another node");
    assert_eq!((lamps(&b), messages(&b, "1001")), (vec![], vec!["1000".into(), "2000".into()]));
    for from in ["1001", "1500", "95551234", "x"] {
        assert_eq!(b.application(leave(from)), Err(Refusal::InvalidDestination), "{from}");
        assert_eq!(b.application(clear(from)), Err(Refusal::UnknownMessage), "{from}");
    }
    b.application(clear("1000")).expect("cleared");
    assert_eq!(lamps(&b), []);
    b.application(clear("2000")).expect("cleared");
    assert_eq!(lamps(&b), [("1001".into(), false)]);
    assert_eq!(b.application(clear("2000")), Err(Refusal::UnknownMessage));
    let elsewhere = Command::LeaveMessageAt { at: line("2001").dn, from: "1000".into() };
    assert_eq!(b.application(elsewhere), Err(Refusal::UnknownDevice));
    let barred = Command::LeaveMessageAt { at: line("1019").dn, from: "1000".into() };
    assert_eq!(b.application(barred), Err(Refusal::Privilege));
    for from in (2000..2016).map(|n| n.to_string()) {
        b.application(leave(&from)).expect("left");
    }
    assert_eq!(b.application(leave("2016")), Err(Refusal::Full));
}

#[test]
fn a_message_is_left_at_a_partners_phone() {
    let mut pair = Pair::new();
    pair.person(0, Command::MakeCall { line: line("1000"), number: "2001".into() }).expect("a call");
    pair.carry();
    pair.person(0, Command::LeaveMessage(at("1000"))).expect("left");
    pair.carry();
    assert_eq!(messages(&pair.nodes[1], "2001"), ["1000"]);
}

#[test]
fn what_was_announced_is_done_though_the_partner_is_away_by_now() {
    let failed = || {
        let mut pair = Pair::new();
        pair.person(1, Command::OffHook(line("2001"))).expect("dial tone");
        pair.person(0, Command::MakeCall { line: line("1000"), number: "2001".into() }).expect("a call");
        pair.carry();
        pair.disconnect();
        assert_eq!(pair.nodes[0].states("1000"), [TruthState::Failed], "busy");
        pair
    };
    let mut pair = failed();
    pair.person(0, call_back("1000")).expect("asked for");
    assert!(pair.nodes[0].states("1000").is_empty());
    pair.connect();
    pair.person(1, Command::Clear(at("2001"))).expect("cleared");
    pair.carry();
    assert_eq!(pair.nodes[0].states("1000"), [TruthState::Alerting]);

    let mut pair = failed();
    for _ in 0..2 {
        pair.person(0, Command::LeaveMessage(at("1000"))).expect("left");
    }
    pair.connect();
    assert_eq!(messages(&pair.nodes[1], "2001"), ["1000"]);

    let mut pair = failed();
    pair.person(0, Command::CampOn(at("1000"))).expect("asked for");
    let cause = pair.nodes[0].switch.truth_of(line("1000").dn).expect("a phone").legs[0].cause;
    assert_eq!((pair.nodes[0].states("1000"), cause), (vec![TruthState::Failed], Why::DestNotObtainable));
}

#[test]
fn a_call_that_is_held_elsewhere_is_taken_over() {
    let take = |who: &str, holder: &str| Command::RetrieveFrom { line: line(who), holder: line(holder).dn };
    let mut b = bench(1);
    b.call("1000", "1001");
    b.answer("1001");
    assert_eq!(b.application(take("1002", "1000")), Err(Refusal::NoHeldCall));
    b.person(Command::Hold(at("1000"))).expect("held");
    for (who, refusal) in [("1001", Refusal::LineInUse), ("1001/2", Refusal::WrongState), ("1019", Refusal::Privilege)]
    {
        let before = b.switch.truth_now(0);
        assert_eq!(b.application(take(who, "1000")), Err(refusal), "{who}");
        assert_eq!(b.switch.truth_now(0), before);
    }
    assert_eq!(b.application(take("1002", "1002")), Err(Refusal::NoHeldCall));
    assert_eq!(b.application(take("1002", "2000")), Err(Refusal::Unreachable), "another node's");
    assert_eq!(b.application(take("1002", "5000")), Err(Refusal::UnknownDevice), "nobody's");
    b.application(take("1002", "1000")).expect("taken over");
    assert!(b.states("1000").is_empty());
    assert_eq!((b.states("1001"), b.states("1002")), (vec![TruthState::Connected], vec![TruthState::Connected]));
    let kinds: Vec<_> = b.happened().into_iter().map(|h| (h.0, h.1, h.2)).collect();
    assert_eq!(
        kinds,
        [
            (CallEventKind::Diverted, "1000".into(), Why::CallPickup),
            (CallEventKind::Established, "1002".into(), Why::CallPickup)
        ]
    );
    // What is held for a consultation is the consulting line's own.
    let mut b = bench(1);
    b.call("1000", "1001");
    b.answer("1001");
    b.person(Command::Consult { target: at("1000"), number: "1003".into() }).expect("a consultation");
    assert_eq!(b.application(take("1002", "1000")), Err(Refusal::WrongState));
}
