//! Handoff between the members of a group: push, pull, and what is no handoff.

use schemas::csta::presence::PresenceRefusal;
use schemas::domain::{Dn, Feature, Forwarding, Presence};

use super::partners::Pair;
use super::*;
use crate::sim::switch::Two;

use CallEventKind::{Delivered as Rings, Diverted, Established};
use TruthState::{Alerting, Connected, Delivered, Held};

const NONE: Vec<TruthState> = Vec::new();

fn hand_off(at: &str) -> Command {
    Command::HandOff(line(at))
}

fn states(b: &Bench, of: &[&str]) -> Vec<Vec<TruthState>> {
    of.iter().map(|number| b.states(number)).collect()
}

fn told(kind: CallEventKind, subject: &str, why: Why, lines: &[(&str, LocalState)]) -> Told {
    let lines = lines.iter().map(|(number, local)| (format!("{number}/1"), *local)).collect();
    (kind, subject.into(), why, lines)
}

/// 1000 talks with 1005, who was called by the group's number.
fn talking() -> Bench {
    let mut b = bench(1);
    b.call("1000", "1005");
    b.answer("1005");
    b
}

fn absent(b: &mut Bench) {
    let dn = |number: &str| number.parse::<Dn>().expect("a DN");
    let presence = Presence { group: dn("1005"), member: dn("1015"), present: false };
    b.person(Command::Presence { presence, invoker: None }).expect("a member");
}

#[test]
fn a_pushed_call_rings_at_the_others_and_who_answers_has_it() {
    let mut b = talking();
    assert!(b.switch.choices(line("1005")).contains(&"handoff"));
    b.person(hand_off("1005")).expect("pushed");
    let why = Why::Handoff;
    assert_eq!(
        b.happened(),
        [
            told(Diverted, "1005", why, &[("1000", LocalState::Connected), ("1005", LocalState::Null)]),
            told(Rings, "1015", why, &[("1015", LocalState::Alerting)]),
            told(Rings, "1005", why, &[("1000", LocalState::Connected)]),
        ]
    );
    assert_eq!(states(&b, &["1000", "1005", "1015"]), [vec![Delivered], NONE, vec![Alerting]]);
    // Who waits is announced nothing that is done with a call one talks in.
    let waits = line("1000");
    let announced = |event: &Happened| {
        event.witnesses.iter().any(|seen| seen.line == waits && seen.permitted.has(Feature::HoldCall))
    };
    assert!(!b.events().any(announced));
    b.answer("1015");
    assert_eq!(states(&b, &["1000", "1005", "1015"]), [vec![Connected], NONE, vec![Connected]]);
    // And back to the prime.
    b.person(hand_off("1015")).expect("pushed");
    assert_eq!(states(&b, &["1000", "1005", "1015"]), [vec![Delivered], vec![Alerting], NONE]);
    b.person(Command::Clear(at("1000"))).expect("cleared");
    assert_eq!(states(&b, &["1000", "1005", "1015"]), [NONE, NONE, NONE]);
}

#[test]
fn a_pushed_call_that_nobody_takes_comes_back_whatever_the_forwards() {
    let mut b = talking();
    for at in ["1005", "1015"] {
        let (dn, number) = (at.parse().expect("a DN"), Some("1001".into()));
        b.person(Command::Forward { dn, which: Forwarding::NoAnswerInternal, number }).expect("set");
    }
    b.person(hand_off("1005")).expect("pushed");
    b.wait(20_000);
    assert_eq!(states(&b, &["1000", "1005", "1015", "1001"]), [vec![Delivered], vec![Alerting], NONE, NONE]);
    assert_eq!(b.happened().last().map(|h| (h.0, h.2)), Some((Rings, Why::RecallNoAnswer)));
    b.answer("1005");
    assert_eq!(states(&b, &["1000", "1005"]), [vec![Connected], vec![Connected]]);
}

#[test]
fn a_member_pulls_what_another_has() {
    for held in [false, true] {
        let mut b = talking();
        if held {
            b.person(Command::Hold(at("1005"))).expect("held");
        }
        assert!(b.switch.choices(line("1015")).contains(&"handoff"));
        b.person(hand_off("1015")).expect("pulled");
        let both = [("1000", LocalState::Connected), ("1015", LocalState::Connected)];
        assert_eq!(
            b.happened(),
            [
                told(Diverted, "1005", Why::Handoff, &[("1005", LocalState::Null)]),
                told(Established, "1015", Why::CallPickup, &both),
            ]
        );
        assert_eq!(states(&b, &["1000", "1005", "1015"]), [vec![Connected], NONE, vec![Connected]]);
    }
    // Of a call that the member made.
    let mut b = bench(1);
    b.call("1015", "1000");
    b.answer("1000");
    b.person(Command::Hold(at("1000"))).expect("held");
    b.person(hand_off("1005")).expect("pulled");
    assert_eq!(states(&b, &["1000", "1005", "1015"]), [vec![Held], vec![Connected], NONE]);
    assert_eq!(b.events().last().map(|h| h.calling.number.as_str()), Some("1005"));
}

#[test]
fn what_cannot_be_handed_off_is_refused_and_nothing_changes() {
    let refused = |mut b: Bench, at: &str, why: Refusal| {
        let before = b.switch.truth_now(0);
        assert!(!b.switch.choices(line(at)).contains(&"handoff"), "{at} {why:?}");
        assert_eq!(b.person(hand_off(at)), Err(why), "{at}");
        assert!(b.out.is_empty() && b.switch.truth_now(0) == before, "{at} {why:?}");
    };
    // Nobody of the group has a call, is one of its members, or exists.
    for member in ["1005", "1015", "1015/2"] {
        refused(bench(1), member, Refusal::NothingToHandOff);
    }
    refused(bench(1), "1000", PresenceRefusal::NotMember.into());
    assert_eq!(bench(1).person(hand_off("1077")), Err(Refusal::UnknownDevice));
    // It only rings, or is being dialled.
    let mut b = bench(1);
    b.call("1000", "1005");
    refused(b, "1015", Refusal::LineInUse);
    let mut b = bench(1);
    b.call("1005", "1000");
    refused(b, "1005", Refusal::LineInUse);
    // Nobody else is there, or can be rung.
    let mut b = talking();
    absent(&mut b);
    refused(b, "1005", Refusal::NoMemberFree);
    let mut b = talking();
    b.person(Command::DoNotDisturb { dn: "1015".parse().expect("a DN"), on: true }).expect("set");
    refused(b, "1005", Refusal::NoMemberFree);
    // A consultation, a conference, a call between the members.
    let mut b = talking();
    b.person(Command::Consult { target: at("1005"), number: "1001".into() }).expect("a consultation");
    b.answer("1001");
    refused(b, "1005", Refusal::NothingToHandOff);
    let mut b = talking();
    b.person(Command::Consult { target: at("1005"), number: "1001".into() }).expect("a consultation");
    b.answer("1001");
    b.person(Command::Conference(Two { line: line("1005"), held: None, active: None })).expect("a conference");
    refused(b, "1015", Refusal::NothingToHandOff);
    let mut b = bench(1);
    b.call("1015", "1005");
    b.answer("1005");
    refused(b, "1015/2", Refusal::NothingToHandOff);
}

/// What a line is told while the nodes say to each other what they have to.
fn heard_at(pair: &mut Pair, node: usize, at: &str) -> Vec<(CallEventKind, String, bool)> {
    let mut told = Vec::new();
    loop {
        if pair.carry_one(node) {
            let here = pair.nodes[node].events().filter(|e| e.witnesses.iter().any(|seen| seen.line == line(at)));
            told.extend(here.map(|event| (event.kind, event.subject.number.clone(), event.group.is_some())));
        } else if !pair.carry_one(1 - node) {
            return told;
        }
    }
}

#[test]
fn a_push_is_told_where_the_call_comes_back_over_a_partner() {
    for member in ["1005", "1015"] {
        let mut pair = Pair::new();
        pair.person(0, Command::MakeCall { line: line("1000"), number: "2000".into() }).expect("a call");
        pair.carry();
        pair.person(0, Command::PickUp { line: line(member), ringing: at("2000") }).expect("asked");
        pair.carry();
        pair.person(0, hand_off(member)).expect("pushed");
        let told = heard_at(&mut pair, 0, "1000");
        assert_eq!(told, [(Diverted, member.into(), false), (Rings, "1005".into(), true)]);
    }
}

#[test]
fn a_partners_user_who_holds_hears_of_a_push() {
    for member in ["1005", "1015"] {
        let mut pair = Pair::new();
        pair.person(1, Command::MakeCall { line: line("2000"), number: "1005".into() }).expect("a call");
        pair.carry();
        pair.person(0, Command::Answer(at(member))).expect("answered");
        pair.carry();
        pair.person(1, Command::Hold(at("2000"))).expect("held");
        pair.carry();
        pair.person(0, hand_off(member)).expect("pushed");
        let told = heard_at(&mut pair, 1, "2000");
        assert_eq!(told, [(Diverted, member.into(), false), (Rings, "1005".into(), true)]);
        assert_eq!(pair.nodes[1].states("2000"), [Held]);
    }
}

#[test]
fn a_partners_user_is_handed_from_member_to_member() {
    let mut pair = Pair::new();
    pair.person(1, Command::MakeCall { line: line("2000"), number: "1005".into() }).expect("a call");
    pair.carry();
    pair.person(0, Command::Answer(at("1005"))).expect("answered");
    pair.carry();
    let far = |pair: &Pair| {
        let view = pair.nodes[1].switch.calls_at(line("2000")).expect("a line").remove(0);
        view.connections.into_iter().map(|c| (c.device.number, c.state)).nth(1).expect("two")
    };
    let happened = |pair: &Pair| pair.nodes[1].happened().last().map(|h| (h.0, h.1.clone(), h.2)).expect("an event");

    pair.person(0, hand_off("1005")).expect("pushed");
    pair.carry_one(1);
    assert_eq!(happened(&pair), (Diverted, "1005".into(), Why::Handoff));
    pair.carry();
    assert_eq!(happened(&pair), (Rings, "1005".into(), Why::Handoff));
    assert_eq!((far(&pair), pair.nodes[1].states("2000")), (("1005".into(), LocalState::Alerting), vec![Delivered]));
    // Nobody takes it.
    for node in &mut pair.nodes {
        node.now_ms += 20_000;
    }
    pair.input(0, Input::Tick).expect("a tick");
    pair.carry();
    assert_eq!(pair.nodes[0].states("1005"), [Alerting]);
    pair.person(0, Command::Answer(at("1005"))).expect("answered");
    pair.carry();

    pair.person(0, hand_off("1005")).expect("pushed");
    pair.person(0, Command::Answer(at("1015"))).expect("answered");
    pair.carry();
    assert_eq!(far(&pair), ("1015".into(), LocalState::Connected));
    assert_eq!(happened(&pair), (Established, "1015".into(), Why::Normal));

    pair.person(0, hand_off("1005")).expect("pulled");
    pair.carry();
    assert_eq!(far(&pair), ("1005".into(), LocalState::Connected));
    assert_eq!(happened(&pair), (Established, "1005".into(), Why::CallPickup));
    pair.person(1, Command::Clear(at("2000"))).expect("cleared");
    pair.carry();
    assert_eq!(states(&pair.nodes[0], &["1005", "1015"]), [NONE, NONE]);
}
