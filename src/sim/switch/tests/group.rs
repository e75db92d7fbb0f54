//! Calls that ring several lines: a personal ring group's.

use schemas::csta::message::JoinKind;
use schemas::domain::{Dn, Forwarding, Presence};

use super::partners::Pair;
use super::*;
use crate::sim::switch::{Joined, OutsideDeed, Two};

use CallEventKind::{ConnectionCleared, Delivered as Rings, Diverted, Established, Failed as Fails};
use TruthState::{Alerting, Connected, Delivered, Failed, Held, Null};

fn dn(number: &str) -> Dn {
    number.parse().expect("a DN")
}

fn two(at: &str) -> Two {
    Two { line: line(at), held: None, active: None }
}

/// The lab's first node, whose group has these members besides 1005.
fn group(others: &[&str], one_busy_all_busy: bool) -> Bench {
    let mut plan = Plan::lab(Ceid::new(1).expect("a CEID"));
    let group = plan.personal_groups.get_mut(&dn("1005")).expect("the lab's group");
    group.others = others.iter().map(|number| dn(number)).collect();
    group.one_busy_all_busy = one_busy_all_busy;
    Bench { switch: Switch::new(Arc::new(plan), EPOCH), now_ms: EPOCH, out: Vec::new() }
}

fn absent(b: &mut Bench, member: &str) {
    let presence = Presence { group: dn("1005"), member: dn(member), present: false };
    b.person(Command::Presence { presence, invoker: None }).expect("a member");
}

fn forward(b: &mut Bench, at: &str, which: Forwarding, to: &str) {
    b.person(Command::Forward { dn: dn(at), which, number: Some(to.into()) }).expect("a number");
}

fn states(b: &Bench, of: &[&str]) -> Vec<Vec<TruthState>> {
    of.iter().map(|number| b.states(number)).collect()
}

fn told(kind: CallEventKind, subject: &str, why: Why, lines: &[(&str, LocalState)]) -> Told {
    let lines = lines.iter().map(|(number, local)| (format!("{number}/1"), *local)).collect();
    (kind, subject.into(), why, lines)
}

#[test]
fn all_present_members_ring_and_the_one_who_answers_has_the_call() {
    for (answers, other) in [("1005", "1015"), ("1015", "1005")] {
        let mut b = bench(1);
        b.call("1000", "1005");
        let happened = b.happened();
        assert_eq!(
            happened[2..],
            [
                told(Rings, "1005", Why::MultipleAlerting, &[("1005", LocalState::Alerting)]),
                told(Rings, "1015", Why::MultipleAlerting, &[("1015", LocalState::Alerting)]),
                told(Rings, "1005", Why::MultipleAlerting, &[("1000", LocalState::Connected)]),
            ]
        );
        let group = |h: &Happened| h.group.as_ref().map(|group| group.device.number.clone());
        assert!(b.events().filter(|h| h.kind == Rings).all(|h| group(h).as_deref() == Some("1005")));
        let truth: Vec<_> = b.truths().filter(|t| t.cause == Why::MultipleAlerting).collect();
        let others: Vec<_> = truth.iter().map(|t| (t.dn.as_str(), t.state, t.other.as_deref())).collect();
        assert_eq!(
            others,
            [("1005", Alerting, Some("1000")), ("1015", Alerting, Some("1000")), ("1000", Delivered, Some("1005")),]
        );

        b.answer(answers);
        assert_eq!(
            b.happened(),
            [
                told(ConnectionCleared, other, Why::MultipleAlerting, &[(other, LocalState::Null)]),
                told(
                    Established,
                    answers,
                    Why::Normal,
                    &[("1000", LocalState::Connected), (answers, LocalState::Connected)]
                ),
            ]
        );
        assert_eq!(states(&b, &["1000", answers, other]), [vec![Connected], vec![Connected], vec![]]);
        // It is an ordinary call now.
        b.person(Command::Hold(at(answers))).expect("held");
        b.person(Command::Clear(at("1000"))).expect("cleared");
        assert_eq!(states(&b, &["1000", "1005", "1015"]), [vec![], vec![], vec![] as Vec<TruthState>]);
    }
}

#[test]
fn the_caller_hangs_up_and_nobody_rings_any_more() {
    let mut b = bench(1);
    b.call("1000", "1005");
    b.person(Command::Clear(at("1000"))).expect("cleared");
    let all = [("1000", LocalState::Null), ("1005", LocalState::Null), ("1015", LocalState::Null)];
    assert_eq!(b.happened(), [told(ConnectionCleared, "1000", Why::NormalClearing, &all)]);
    assert_eq!(b.truths().filter(|t| t.state == Null).count(), 3);
}

#[test]
fn nobody_answers_and_the_prime_says_where_the_call_goes() {
    let mut b = bench(1);
    b.call("1000", "1005");
    b.wait(20_000);
    assert_eq!(states(&b, &["1000", "1005", "1015"]), [vec![Failed], vec![], vec![]]);
    b.person(Command::Clear(at("1000"))).expect("cleared");

    // What members say of their own calls does not count.
    forward(&mut b, "1015", Forwarding::NoAnswerInternal, "1002");
    forward(&mut b, "1015", Forwarding::Always, "1002");
    forward(&mut b, "1005", Forwarding::NoAnswerInternal, "1001");
    b.call("1000", "1005");
    b.wait(20_000);
    let why = Why::CallForwardNoAnswer;
    assert_eq!(
        b.happened(),
        [
            told(Diverted, "1005", why, &[("1005", LocalState::Null)]),
            told(Diverted, "1015", why, &[("1015", LocalState::Null)]),
            told(Diverted, "1005", why, &[("1000", LocalState::Connected)]),
            told(Rings, "1001", why, &[("1000", LocalState::Connected), ("1001", LocalState::Alerting)]),
        ]
    );
    b.answer("1001");
    assert_eq!(states(&b, &["1000", "1001"]), [vec![Connected], vec![Connected]]);
}

#[test]
fn the_prime_is_always_forwarded_and_so_is_its_group() {
    let mut b = bench(1);
    forward(&mut b, "1005", Forwarding::Always, "1001");
    b.call("1000", "1005");
    assert_eq!(states(&b, &["1001", "1005", "1015"]), [vec![Alerting], vec![], vec![]]);
    b.person(Command::Clear(at("1000"))).expect("cleared");
    // And what is forwarded to a group rings there.
    forward(&mut b, "1002", Forwarding::Always, "1005");
    b.person(Command::Forward { dn: dn("1005"), which: Forwarding::Always, number: None }).expect("ended");
    b.call("1000", "1002");
    assert_eq!(states(&b, &["1000", "1005", "1015"]), [vec![Delivered], vec![Alerting], vec![Alerting]]);
    let rang = b.events().filter(|h| h.kind == Rings).map(|h| (h.why, h.group.is_some()));
    assert_eq!(rang.collect::<Vec<_>>(), [(Why::CallForwardImmediate, true); 3]);
}

#[test]
fn who_cannot_be_rung_is_passed_over() {
    let (one, none) = (vec![Alerting], vec![]);
    // Absent, in use, not to be disturbed.
    let mut b = bench(1);
    absent(&mut b, "1015");
    b.call("1000", "1005");
    assert_eq!(states(&b, &["1005", "1015"]), [one.clone(), none.clone()]);
    // To the prime alone it is a call like any other.
    assert!(b.events().all(|h| h.group.is_none() && h.why != Why::MultipleAlerting));

    let mut b = bench(1);
    b.person(Command::OffHook(line("1005"))).expect("dial tone");
    b.call("1000", "1005");
    assert_eq!(b.states("1015"), one);
    assert_eq!(
        b.happened().last(),
        Some(&told(Rings, "1005", Why::MultipleAlerting, &[("1000", LocalState::Connected)]))
    );
    // Both are in use now.
    b.call("1001", "1005");
    assert_eq!(b.happened().last().map(|h| (h.0, h.2)), Some((Fails, Why::Busy)));
    b.answer("1015");
    assert_eq!(states(&b, &["1000", "1015"]), [vec![Connected], vec![Connected]]);

    let mut b = group(&["1015", "1016", "1017"], false);
    b.person(Command::DoNotDisturb { dn: dn("1005"), on: true }).expect("done");
    b.person(Command::OffHook(line("1016"))).expect("dial tone");
    b.call("1000", "1005");
    assert_eq!(states(&b, &["1005", "1015", "1016", "1017"])[1..], [one.clone(), vec![TruthState::Initiated], one]);
    b.person(Command::Clear(at("1000"))).expect("cleared");
    // Nobody can be rung: the number's own line says why.
    for member in ["1015", "1017"] {
        absent(&mut b, member);
    }
    b.call("1000", "1005");
    assert_eq!(b.happened().last().map(|h| (h.0, h.2)), Some((Fails, Why::DoNotDisturb)));
    b.person(Command::Clear(at("1000"))).expect("cleared");
    forward(&mut b, "1005", Forwarding::BusyInternal, "1001");
    b.call("1000", "1005");
    assert_eq!(b.states("1001"), [Alerting]);
}

#[test]
fn one_busy_makes_all_busy_where_the_group_is_so() {
    for one_busy_all_busy in [false, true] {
        for (busy, in_use) in [("1005", true), ("1015", true), ("1015/2", true), ("1016", false)] {
            let mut b = group(&["1015", "1016"], one_busy_all_busy);
            absent(&mut b, "1016");
            b.person(Command::OffHook(line(busy))).expect("dial tone");
            b.call("1000", "1005");
            let all_busy = one_busy_all_busy && in_use;
            assert_eq!(b.states("1000"), [if all_busy { Failed } else { Delivered }], "{busy} {one_busy_all_busy}");
        }
    }
    // A member who calls the number does not make it busy by that.
    let mut b = group(&["1015"], true);
    b.call("1015", "1005");
    assert_eq!(states(&b, &["1015", "1005"]), [vec![Delivered], vec![Alerting]]);
}

#[test]
fn a_member_who_calls_the_group_rings_the_others() {
    let mut b = bench(1);
    b.call("1015", "1005");
    assert_eq!(states(&b, &["1015", "1005"]), [vec![Delivered], vec![Alerting]]);
    b.person(Command::Clear(at("1015"))).expect("cleared");
    b.call("1005/2", "1005");
    assert_eq!(states(&b, &["1005/2", "1005", "1015"]), [vec![Delivered], vec![], vec![Alerting]]);
    b.answer("1015");
    assert_eq!(states(&b, &["1005/2", "1015"]), [vec![Connected], vec![Connected]]);
}

#[test]
fn a_member_sends_the_call_elsewhere_and_takes_it_from_all() {
    let mut b = bench(1);
    b.call("1000", "1005");
    b.person(Command::Redirect { target: at("1015"), number: "1001".into() }).expect("redirected");
    let why = Why::Redirected;
    assert_eq!(
        b.happened(),
        [
            told(Diverted, "1005", why, &[("1005", LocalState::Null)]),
            told(Diverted, "1015", why, &[("1000", LocalState::Connected), ("1015", LocalState::Null)]),
            told(Rings, "1001", why, &[("1000", LocalState::Connected), ("1001", LocalState::Alerting)]),
        ]
    );
    // And to the group.
    b.person(Command::Redirect { target: at("1001"), number: "1005".into() }).expect("redirected");
    assert_eq!(states(&b, &["1000", "1001", "1005", "1015"])[1..], [vec![], vec![Alerting], vec![Alerting]]);
    b.answer("1005");
    assert_eq!(states(&b, &["1000", "1005", "1015"]), [vec![Connected], vec![Connected], vec![]]);
}

#[test]
fn what_rings_for_a_group_is_picked_up() {
    let mut b = bench(1);
    b.call("1000", "1005");
    b.person(Command::PickUp { line: line("1001"), ringing: at("1015") }).expect("picked up");
    let why = Why::CallPickup;
    assert_eq!(
        b.happened(),
        [
            told(Diverted, "1005", why, &[("1005", LocalState::Null)]),
            told(Diverted, "1015", why, &[("1015", LocalState::Null)]),
            told(Established, "1001", why, &[("1000", LocalState::Connected), ("1001", LocalState::Connected)]),
        ]
    );
    b.person(Command::Clear(at("1000"))).expect("cleared");
    // By the number, though that line does not ring; and a member answers what rings at the own line.
    b.person(Command::OffHook(line("1005"))).expect("dial tone");
    b.call("1000", "1005");
    b.person(Command::PickUp { line: line("1001"), ringing: at("1005") }).expect("picked up");
    assert_eq!(states(&b, &["1001", "1015"]), [vec![Connected], vec![]]);
    for number in ["1000", "1005"] {
        b.person(Command::Clear(at(number))).expect("cleared");
    }
    b.call("1000", "1005");
    b.person(Command::PickUp { line: line("1005"), ringing: at("1015") }).expect("answered");
    assert_eq!(b.happened().last().map(|h| (h.0, h.2)), Some((Established, Why::Normal)));
    b.person(Command::Clear(at("1000"))).expect("cleared");
    b.call("1000", "1005");
    b.person(Command::PickUp { line: line("1005/2"), ringing: at("1015") }).expect("picked up");
    assert_eq!(states(&b, &["1000", "1005", "1005/2", "1015"]), [vec![Connected], vec![], vec![Connected], vec![]]);
}

#[test]
fn a_call_is_transferred_to_a_group_that_rings() {
    let mut b = bench(1);
    let joined = |b: &Bench| -> Vec<Joined> {
        b.out.iter().filter_map(|o| if let Output::Joined(j) = o { Some(j.clone()) } else { None }).collect()
    };
    b.call("1001", "1000");
    b.answer("1000");
    b.person(Command::Consult { target: at("1000"), number: "1005".into() }).expect("a consultation");
    b.person(Command::Transfer(two("1000"))).expect("transferred");
    assert_eq!(
        states(&b, &["1001", "1000", "1005", "1015"])[..],
        [vec![Delivered], vec![], vec![Alerting], vec![Alerting]]
    );
    let seen: Vec<_> = joined(&b)
        .into_iter()
        .map(|j| {
            assert!(j.ringing && j.kind == JoinKind::Transferred);
            let parties: Vec<_> = j.parties.iter().map(|p| p.device.number.clone()).collect();
            let lines: Vec<_> = j.witnesses.iter().map(|w| w.line.dn.to_string()).collect();
            (j.joined.expect("a party").number, parties.join("+"), lines.join("+"))
        })
        .collect();
    let is = |to: &str, parties: &str, lines: &str| (to.to_owned(), parties.to_owned(), lines.to_owned());
    let all = [is("1005", "1001+1005", "1005"), is("1015", "1001+1015", "1015"), is("1005", "1001+1005", "1000+1001")];
    assert_eq!(seen, all);
    // Nobody answers: who transferred is rung again, and the members are not.
    b.wait(20_000);
    assert_eq!(states(&b, &["1001", "1000", "1005", "1015"])[1..], [vec![Alerting], vec![], vec![]]);
    b.answer("1000");
    // Once more, and somebody is there.
    b.person(Command::Consult { target: at("1000"), number: "1005".into() }).expect("a consultation");
    b.person(Command::Transfer(two("1000"))).expect("transferred");
    b.answer("1015");
    assert_eq!(states(&b, &["1001", "1005", "1015"]), [vec![Connected], vec![], vec![Connected]]);
}

#[test]
fn eight_members_ring_for_one_caller_who_holds() {
    let mut b = group(&["1010", "1011", "1012", "1013", "1014", "1015", "1016"], false);
    b.call("1001", "1000");
    b.answer("1000");
    b.person(Command::Hold(at("1001"))).expect("held");
    b.person(Command::Consult { target: at("1000"), number: "1005".into() }).expect("a consultation");
    b.person(Command::Transfer(two("1000"))).expect("transferred");
    assert_eq!(b.states("1001"), [Held]);
    let rung = b.switch.truth_now(0).phones.iter().flat_map(|p| p.legs.clone()).filter(|l| l.state == Alerting).count();
    assert_eq!(rung, 8);
    b.answer("1013");
    assert_eq!(states(&b, &["1001", "1013", "1005"]), [vec![Held], vec![Connected], vec![]]);
}

#[test]
fn somebody_outside_calls_a_group() {
    let mut b = bench(1);
    let deed = OutsideDeed::Call { from: None, name: None, to: "+16135551005".into() };
    let caller = b.input(Input::Outside(deed)).expect("a call").outside.expect("a leg");
    assert_eq!(states(&b, &["1005", "1015"]), [vec![Alerting], vec![Alerting]]);
    b.answer("1015");
    b.input(Input::Outside(OutsideDeed::HangUp(caller))).expect("hung up");
    assert_eq!(states(&b, &["1005", "1015"]), [vec![], vec![] as Vec<TruthState>]);
}

#[test]
fn a_call_waits_at_the_prime_and_a_callback_comes_when_a_member_is_free() {
    let mut b = bench(1);
    for member in ["1005", "1015"] {
        b.person(Command::OffHook(line(member))).expect("dial tone");
    }
    b.call("1000", "1005");
    b.person(Command::CampOn(at("1000"))).expect("waits");
    b.person(Command::Clear(at("1005"))).expect("cleared");
    assert_eq!(states(&b, &["1000", "1005"]), [vec![Delivered], vec![Alerting]]);
    b.person(Command::Clear(at("1000"))).expect("cleared");

    b.person(Command::OffHook(line("1005"))).expect("dial tone");
    b.call("1000", "1005");
    b.person(Command::CallBack(at("1000"))).expect("a callback");
    assert_eq!(b.states("1000"), []);
    b.person(Command::Clear(at("1015"))).expect("cleared");
    assert_eq!(b.states("1000"), [Alerting]);
    b.answer("1000");
    assert_eq!(states(&b, &["1000", "1015"]), [vec![Delivered], vec![Alerting]]);
}

#[test]
fn a_partners_caller_knows_the_number_and_then_who_answers() {
    let mut pair = Pair::new();
    pair.person(1, Command::MakeCall { line: line("2000"), number: "1005".into() }).expect("a call");
    pair.carry();
    let view = |pair: &Pair| pair.nodes[1].switch.calls_at(line("2000")).expect("a line").remove(0);
    let numbers =
        |pair: &Pair| view(pair).connections.iter().map(|c| (c.device.number.clone(), c.state)).collect::<Vec<_>>();
    let is = |other: &str, state| vec![("2000".to_owned(), LocalState::Connected), (other.to_owned(), state)];
    assert_eq!(numbers(&pair), is("1005", LocalState::Alerting));
    pair.person(0, Command::Answer(at("1015"))).expect("an answer");
    pair.carry();
    assert_eq!(numbers(&pair), is("1015", LocalState::Connected));
    assert_eq!(view(&pair).called.expect("a number").number, "1005");
    let events: Vec<_> = pair.nodes[1].happened();
    assert_eq!(events, [told(Established, "1015", Why::Normal, &[("2000", LocalState::Connected)])]);
    pair.disconnect();
    assert_eq!(pair.nodes[0].states("1015"), []);

    // A lost link takes the call from all.
    pair.connect();
    pair.person(1, Command::MakeCall { line: line("2000"), number: "1005".into() }).expect("a call");
    pair.carry();
    pair.disconnect();
    assert_eq!(states(&pair.nodes[0], &["1005", "1015"]), [vec![], vec![] as Vec<TruthState>]);
}

#[test]
fn a_callers_node_forwards_what_a_group_there_does_not_answer() {
    let mut pair = Pair::new();
    forward(&mut pair.nodes[0], "1005", Forwarding::NoAnswerInternal, "1001");
    pair.person(1, Command::MakeCall { line: line("2000"), number: "1005".into() }).expect("a call");
    pair.carry();
    for node in &mut pair.nodes {
        node.now_ms += 19_000;
    }
    pair.input(0, Input::Tick).expect("a tick");
    pair.carry();
    assert_eq!(states(&pair.nodes[0], &["1001", "1005", "1015"]), [vec![Alerting], vec![], vec![]]);
    pair.person(0, Command::Answer(at("1001"))).expect("an answer");
    pair.carry();
    assert_eq!(pair.nodes[1].states("2000"), [Connected]);
}
