//! Numbers that show at buttons of several sets.

use schemas::csta::message::CallEventKind::{ConnectionCleared, Delivered as Rings, Diverted, Established, Failed};
use schemas::domain::DeviceRef;

use super::partners::Pair;
use super::*;
use crate::sim::plan::Sharing;
use crate::sim::switch::{InUse, Refusal, Two};
use crate::sim::truth::TruthState::{Alerting, Connected, Delivered, Held, Originated};

/// Key line 1600 at 1010/2, 1011/2 and 1012/3; multicall group 1601 at 1013/3, 1014/3 and 1000/2.
fn shared_plan() -> Plan {
    let mut plan = Plan::lab(Ceid::new(1).expect("a CEID"));
    let mut share = |text: &str, sharing| plan.share(text.parse().expect("a line"), sharing).expect("shared");
    share("1600=1010/2,1011/2,1012/3", Sharing::Key);
    share("1601=1013/3,1014/3,1000/2", Sharing::Multicall);
    assert!(plan.rename("1601".parse().expect("a DN"), "Sales"));
    plan
}

fn shared() -> Bench {
    Bench { switch: Switch::new(Arc::new(shared_plan()), EPOCH), now_ms: EPOCH, out: Vec::new() }
}

fn device(number: &str, button: u8, set: &str) -> DeviceRef {
    DeviceRef { button: Some(button), set: Some(set.into()), ..DeviceRef::number(number) }
}

/// Which of its appearances are told that the key line is used elsewhere, and by whom; `false` when it is over.
fn followed(b: &Bench) -> Vec<(String, String, bool)> {
    let in_use = |o: &Output| match o {
        Output::InUse(InUse { line, used, over, .. }) => Some((line.to_string(), used.to_string(), !over)),
        _ => None,
    };
    b.out.iter().filter_map(in_use).filter(|(line, ..)| KEY.contains(&line.as_str())).collect()
}

fn is(line: &str, used: &str, on: bool) -> (String, String, bool) {
    (line.into(), used.into(), on)
}

fn lamps(b: &Bench) -> Vec<bool> {
    let lamp = |(set, button): (&str, u8)| {
        let phone = b.switch.truth_of(line(set).dn).expect("a phone");
        phone.shared.get(&button).expect("a shared button").in_use
    };
    [("1010", 2), ("1011", 2), ("1012", 3)].map(lamp).to_vec()
}

fn said(kind: CallEventKind, who: &str, why: Why, lines: &[(&str, LocalState)]) -> Told {
    (kind, who.into(), why, lines.iter().map(|(line, state)| ((*line).to_owned(), *state)).collect())
}

fn of(b: &Bench, lines: &[&str]) -> Vec<Vec<TruthState>> {
    lines.iter().map(|line| b.states(line)).collect()
}

const KEY: [&str; 3] = ["1010/2", "1011/2", "1012/3"];
const MULTICALL: [&str; 3] = ["1013/3", "1014/3", "1000/2"];

#[test]
fn a_key_line_rings_at_all_appearances_and_is_in_use_where_it_was_not_answered() {
    let mut b = shared();
    b.call("1001", "1600");
    assert_eq!(of(&b, &KEY), [vec![Alerting], vec![Alerting], vec![Alerting]]);
    let rings = |line: &str| said(Rings, "1600", Why::NewCall, &[(line, LocalState::Alerting)]);
    let caller = said(Rings, "1600", Why::NewCall, &[("1001/1", LocalState::Connected)]);
    assert_eq!(b.happened()[2..], [KEY.map(rings).as_slice(), &[caller]].concat());
    assert_eq!(followed(&b), []);
    assert_eq!(lamps(&b), [false; 3]);
    b.answer("1011/2");
    let gone = |line: &str| said(ConnectionCleared, "1600", Why::MultipleAlerting, &[(line, LocalState::Null)]);
    let both = [("1001/1", LocalState::Connected), ("1011/2", LocalState::Connected)];
    assert_eq!(b.happened(), [gone("1010/2"), gone("1012/3"), said(Established, "1600", Why::Normal, &both)]);
    let answered = b.events().find(|h| h.kind == Established).expect("an answer");
    assert_eq!(answered.subject, device("1600", 2, "1011"));
    assert_eq!(followed(&b), [is("1010/2", "1011/2", true), is("1012/3", "1011/2", true)]);
    assert_eq!(lamps(&b), [true, false, true]);
    // In use at one it is in use at all.
    for refused in [
        Command::OffHook(line("1010/2")),
        Command::MakeCall { line: line("1012/3"), number: "1002".into() },
        Command::Retrieve(at("1012/3")),
        Command::PickUp { line: line("1012/3"), ringing: at("1003") },
    ] {
        b.person(refused).expect_err("the line is in use");
    }
    b.call("1002", "1600");
    assert_eq!(b.happened().last().map(|h| (h.0, h.2)), Some((Failed, Why::Busy)));
    b.person(Command::CampOn(at("1002"))).expect_err("nobody waits at such a number");
    b.person(Command::Clear(at("1001"))).expect("cleared");
    assert_eq!(followed(&b), [is("1010/2", "1011/2", false), is("1012/3", "1011/2", false)]);
    assert_eq!((of(&b, &KEY), lamps(&b)), (vec![vec![], vec![], vec![]], vec![false; 3]));
}

#[test]
fn what_a_key_line_holds_is_taken_back_at_any_appearance() {
    for by_receiver in [false, true] {
        let mut b = shared();
        b.call("1001", "1600");
        b.answer("1010/2");
        b.person(Command::Hold(at("1010/2"))).expect("held");
        assert_eq!(followed(&b), []);
        // It has no room for another call, nor for one that is picked up.
        b.person(Command::MakeCall { line: line("1010/2"), number: "1002".into() }).expect_err("a call is held");
        b.person(Command::MakeCall { line: line("1011/2"), number: "1002".into() }).expect_err("a call is held");
        b.call("1002", "1003");
        b.person(Command::PickUp { line: line("1011/2"), ringing: at("1003") }).expect_err("a call is held");
        let taken = if by_receiver { Command::OffHook(line("1012/3")) } else { Command::Retrieve(at("1012/3")) };
        b.person(taken).expect("taken back");
        assert_eq!(of(&b, &KEY), [vec![], vec![], vec![Connected]]);
        let why = Why::CallPickup;
        let both = [("1001/1", LocalState::Connected), ("1012/3", LocalState::Connected)];
        assert_eq!(
            b.happened(),
            [said(Diverted, "1600", why, &[("1010/2", LocalState::Null)]), said(Established, "1600", why, &both)]
        );
        // The line is the retriever's own, before it has the call; who held it follows now, and the third line still does.
        assert_eq!(followed(&b), [is("1012/3", "1010/2", false), is("1010/2", "1012/3", true)]);
        let first = b.out.iter().position(|o| matches!(o, Output::InUse(told) if told.over)).expect("told");
        let established = b.out.iter().position(|o| matches!(o, Output::Happened(h) if h.kind == Established));
        assert!(Some(first) < established);
        assert_eq!(lamps(&b), [true, true, false]);
        b.person(Command::Clear(at("1012/3"))).expect("cleared");
        let mut over: Vec<_> = followed(&b).into_iter().map(|(line, _, on)| (line, on)).collect();
        over.sort();
        assert_eq!(over, [("1010/2".to_owned(), false), ("1011/2".to_owned(), false)]);
    }
    // By its number, as an application does; and by whoever held it.
    let mut b = shared();
    b.call("1001", "1600");
    b.answer("1010/2");
    b.person(Command::Hold(at("1010/2"))).expect("held");
    let from = |text: &str| Command::RetrieveFrom { line: line(text), holder: line("1600").dn };
    b.application(from("1011/2")).expect("taken back");
    b.person(Command::Hold(at("1011/2"))).expect("held");
    b.person(Command::OffHook(line("1011/2"))).expect("taken back");
    b.person(Command::Hold(at("1011/2"))).expect("held");
    // Another line takes it from the key line, which is free then.
    b.application(from("1002")).expect("taken over");
    assert_eq!((of(&b, &KEY), b.states("1002")), (vec![vec![], vec![], vec![]], vec![Connected]));
    assert_eq!(lamps(&b), [false; 3]);
}

#[test]
fn a_key_line_has_no_room_for_a_consultation() {
    let mut b = shared();
    b.call("1010/2", "1001");
    let calling = b.events().last().map(|h| h.calling.clone()).expect("an event");
    assert_eq!(calling, device("1600", 2, "1010"));
    b.answer("1001");
    let view = b.switch.calls_at(line("1010/2")).expect("a line").remove(0);
    assert!(!view.permitted.has(schemas::domain::Feature::ConsultationCall), "{view:?}");
    let consult = Command::Consult { target: at("1010/2"), number: "1002".into() };
    assert_eq!(b.person(consult), Err(Refusal::WrongState));
    // Others put the key line's call through.
    b.person(Command::Consult { target: at("1001"), number: "1002".into() }).expect("a consultation");
    b.answer("1002");
    b.person(Command::Transfer(Two { line: line("1001"), held: None, active: None })).expect("transferred");
    assert_eq!(of(&b, &["1010/2", "1002", "1001"]), [vec![Connected], vec![Connected], vec![]]);
}

#[test]
fn appearances_of_a_multicall_group_have_calls_of_their_own() {
    let mut b = shared();
    b.call("1013/3", "1001");
    let calling = b.events().last().map(|h| h.calling.clone()).expect("an event");
    assert_eq!(calling, DeviceRef { name: Some("Sales".into()), ..device("1601", 3, "1013") });
    assert_eq!(followed(&b), []);
    // The idle ones ring, and the others are free again.
    b.call("1002", "1601");
    assert_eq!(of(&b, &MULTICALL), [vec![Delivered], vec![Alerting], vec![Alerting]]);
    b.answer("1014/3");
    assert_eq!(of(&b, &MULTICALL), [vec![Delivered], vec![Connected], vec![]]);
    assert_eq!(followed(&b), []);
    b.call("1003", "1601");
    assert_eq!(b.states("1000/2"), [Alerting]);
    b.answer("1000/2");
    // None is idle.
    b.call("1004", "1601");
    assert_eq!(b.happened().last().map(|h| (h.0, h.2)), Some((Failed, Why::Busy)));
    // One consults as any line does.
    b.person(Command::Consult { target: at("1014/3"), number: "1006".into() }).expect("a consultation");
    assert_eq!(b.states("1014/3"), [Held, Delivered]);
}

#[test]
fn the_caller_knows_the_number_and_who_is_absent_is_not_rung() {
    let mut b = shared();
    b.call("1001", "1601");
    let called = b.events().last().and_then(|h| h.called.clone()).expect("a number");
    assert_eq!((called.number.as_str(), called.name.as_deref(), called.button), ("1601", Some("Sales"), None));
    let other = b.switch.truth_of(line("1001").dn).expect("a phone").legs[0].other.clone();
    assert_eq!(other.as_deref(), Some("1601"));
    b.person(Command::Clear(at("1001"))).expect("cleared");
    // What is set at a set is about its own number; a hot desk user takes the whole set.
    b.person(Command::DoNotDisturb { dn: line("1013").dn, on: true }).expect("set");
    let (user, pin) = (line("1900").dn, schemas::domain::Pin::new("1234").expect("a PIN"));
    let log_in = crate::sim::switch::Desking::LogIn { set: line("1014").dn, user, pin };
    b.person(Command::HotDesk(log_in)).expect("logged in");
    b.call("1001", "1601");
    assert_eq!(of(&b, &MULTICALL), [vec![Alerting], vec![], vec![Alerting]]);
    // A member calls the own number.
    b.person(Command::Clear(at("1001"))).expect("cleared");
    b.call("1013/3", "1601");
    assert_eq!(b.happened().last().map(|h| (h.0, h.2)), Some((Failed, Why::Busy)));
}

#[test]
fn nobody_answers_a_shared_number() {
    let mut b = shared();
    b.call("1001", "1600");
    b.wait(20_000);
    assert_eq!(of(&b, &KEY), [vec![], vec![], vec![]]);
    assert_eq!(b.happened().last().map(|h| (h.0, h.2)), Some((Failed, Why::CallNotAnswered)));
    // Forwarded, redirected, picked up by the number.
    b.person(Command::Clear(at("1001"))).expect("cleared");
    b.call("1001", "1002");
    b.person(Command::Redirect { target: at("1002"), number: "1600".into() }).expect("redirected");
    assert_eq!(b.states("1011/2"), [Alerting]);
    b.person(Command::Redirect { target: at("1011/2"), number: "1601".into() }).expect("redirected");
    assert_eq!((of(&b, &KEY), b.states("1000/2")), (vec![vec![], vec![], vec![]], vec![Alerting]));
    b.person(Command::PickUp { line: line("1003"), ringing: at("1601") }).expect("picked up");
    assert_eq!((of(&b, &MULTICALL), b.states("1003")), (vec![vec![], vec![], vec![]], vec![Connected]));
    // The prime lines of those sets do not ring for it.
    b.call("1004", "1600");
    assert_eq!(b.person(Command::PickUp { line: line("1005"), ringing: at("1012") }), Err(Refusal::NoCallToAnswer));
}

#[test]
fn whom_a_shared_number_was_busy_for_is_called_back() {
    let mut b = shared();
    b.call("1010/2", "1002");
    b.call("1001", "1600");
    b.person(Command::CallBack(at("1001"))).expect("a callback");
    b.person(Command::Clear(at("1010/2"))).expect("cleared");
    assert_eq!(b.states("1001"), [Alerting]);
    b.answer("1001");
    assert_eq!(of(&b, &KEY), [vec![Alerting], vec![Alerting], vec![Alerting]]);
    // An appearance asks for none itself, nor is a message left for one.
    b.person(Command::Clear(at("1001"))).expect("cleared");
    b.person(Command::OffHook(line("1003"))).expect("dial tone");
    b.call("1013/3", "1003");
    b.person(Command::CallBack(at("1013/3"))).expect_err("it is not the set's number that calls");
    b.call("1004", "1601");
    b.person(Command::LeaveMessage(at("1004"))).expect_err("no lamp");
}

#[test]
fn a_partner_calls_a_key_line_and_is_called_from_one() {
    let mut pair = Pair::with(shared_plan());
    pair.person(1, Command::MakeCall { line: line("2000"), number: "1600".into() }).expect("a call");
    pair.carry();
    assert_eq!(of(&pair.nodes[0], &KEY), [vec![Alerting], vec![Alerting], vec![Alerting]]);
    pair.person(0, Command::Answer(at("1012/3"))).expect("an answer");
    pair.carry();
    let view = pair.nodes[1].switch.calls_at(line("2000")).expect("a line").remove(0);
    assert_eq!(view.connections[1].device, device("1600", 3, "1012"));
    pair.person(0, Command::Hold(at("1012/3"))).expect("held");
    pair.person(0, Command::OffHook(line("1010/2"))).expect("taken back");
    pair.carry();
    assert_eq!(pair.nodes[1].states("2000"), [Connected]);
    pair.person(0, Command::Clear(at("1010/2"))).expect("cleared");
    pair.carry();
    pair.person(0, Command::MakeCall { line: line("1013/3"), number: "2001".into() }).expect("a call");
    assert_eq!(pair.nodes[0].states("1013/3"), [Originated]);
    pair.carry();
    let view = pair.nodes[1].switch.calls_at(line("2001")).expect("a line").remove(0);
    assert_eq!((view.calling.number.as_str(), view.calling.name.as_deref()), ("1601", Some("Sales")));
    // To a partner it is one number that rings, and no group, also when the call comes to it from elsewhere.
    pair.person(1, Command::MakeCall { line: line("2003"), number: "1001".into() }).expect("a call");
    pair.carry();
    pair.person(0, Command::Redirect { target: at("1001"), number: "1600".into() }).expect("redirected");
    pair.carry();
    let rings = pair.nodes[1].events().last().expect("an event");
    assert_eq!((rings.kind, rings.subject.number.as_str(), rings.group.is_none()), (Rings, "1600", true));
    pair.person(1, Command::Clear(at("2003"))).expect("cleared");
    pair.carry();
    // Nobody of the other node waits at such a number.
    pair.person(0, Command::OffHook(line("1010/2"))).expect("dial tone");
    pair.person(1, Command::MakeCall { line: line("2002"), number: "1600".into() }).expect("a call");
    pair.carry();
    pair.person(1, Command::CampOn(at("2002"))).expect("asked");
    pair.carry();
    assert_eq!(pair.nodes[1].states("2002"), [TruthState::Failed]);
}
