//! What is held for too long rings the holder again.

use TruthState::{Alerting, Connected, Delivered, Failed, Held};

use super::across::{Net, node_of};
use super::joins::two;
use super::*;
use crate::sim::switch::OutsideDeed;

const AFTER_MS: i64 = 30_000;

/// 1001 talks with 1000, who holds.
fn held() -> Bench {
    let mut b = bench(1);
    b.recalls_after(AFTER_MS);
    b.call("1001", "1000");
    b.answer("1000");
    b.person(Command::Hold(at("1000"))).expect("held");
    b
}

impl Net {
    fn recalling() -> Self {
        let mut net = Self::new();
        for node in &mut net.nodes {
            node.recalls_after(AFTER_MS);
        }
        net
    }
}

#[test]
fn the_holder_is_rung_and_takes_the_call_back_by_answering() {
    let mut b = held();
    assert_eq!(b.switch.next_deadline(), Some(b.now_ms + AFTER_MS));
    b.wait(AFTER_MS - 1);
    assert_eq!(b.states("1000"), [Held]);
    b.wait(1);
    let each = |lines: &[(&str, LocalState)]| lines.iter().map(|(l, s)| (format!("{l}/1"), *s)).collect::<Vec<_>>();
    let lines = each(&[("1001", LocalState::Connected), ("1000", LocalState::Alerting)]);
    assert_eq!(b.happened(), [(CallEventKind::Delivered, "1000".into(), Why::Recall, lines)]);
    let told = b.events().next().expect("told");
    assert_eq!(told.calling.number, "1001");
    assert_eq!(told.called.as_ref().map(|d| d.number.as_str()), Some("1000"));
    assert_eq!(b.truth(), ["1000 Alerting Recall", "1001 Delivered Recall"]);
    let refused = b.person(Command::Retrieve(at("1000")));
    assert_eq!(refused, Err(Refusal::NoHeldCall), "it is answered");
    b.answer("1000");
    assert_eq!((b.states("1000"), b.states("1001")), (vec![Connected], vec![Connected]));
    assert_eq!(b.switch.next_deadline(), None);
    b.person(Command::Hold(at("1000"))).expect("held again");
    b.wait(AFTER_MS);
    assert_eq!(b.states("1000"), [Alerting], "as long as the first time");
}

#[test]
fn it_ends_when_the_other_hangs_up_or_nobody_answers() {
    let mut b = held();
    b.wait(AFTER_MS);
    b.person(Command::Clear(at("1001"))).expect("cleared");
    assert!(b.states("1000").is_empty() && b.states("1001").is_empty());
    let mut b = held();
    b.wait(AFTER_MS);
    b.wait(20_000);
    assert_eq!((b.states("1000"), b.states("1001")), (vec![], vec![Failed]));
    assert_eq!(b.happened().last().map(|h| (h.0, h.2)), Some((CallEventKind::Failed, Why::CallNotAnswered)));
    // Taken back in time, nothing comes of it.
    let mut b = held();
    b.wait(AFTER_MS - 1);
    b.person(Command::Retrieve(at("1000"))).expect("retrieved");
    b.wait(AFTER_MS);
    assert!(b.out.is_empty() && b.states("1000") == [Connected]);
}

#[test]
fn a_line_that_is_in_use_is_rung_when_it_is_free() {
    let mut b = held();
    b.call("1000", "1002");
    b.answer("1002");
    b.wait(AFTER_MS);
    assert_eq!(b.states("1000"), [Held, Connected]);
    assert_eq!(b.switch.next_deadline(), None, "nothing to wait for but the line");
    b.person(Command::Clear(at("1002"))).expect("cleared");
    assert_eq!(b.states("1000"), [Alerting]);
    // Somebody else rings: the same.
    let mut b = held();
    b.call("1003", "1000");
    b.wait(AFTER_MS - 15_000);
    b.wait(15_000);
    assert_eq!(b.states("1000"), [Alerting], "the other was not answered, and gave the line free");
    assert_eq!(b.states("1003"), [Failed]);
}

#[test]
fn what_is_held_for_a_consultation_and_a_conference_wait_for_ever() {
    let mut b = bench(1);
    b.recalls_after(AFTER_MS);
    b.call("1000", "1001");
    b.answer("1001");
    b.person(Command::Consult { target: at("1000"), number: "1002".into() }).expect("a consultation");
    b.answer("1002");
    b.wait(2 * AFTER_MS);
    assert_eq!(b.states("1000"), [Held, Connected]);
    b.person(Command::Conference(two("1000"))).expect("a conference");
    b.person(Command::Hold(at("1001"))).expect("held");
    b.wait(2 * AFTER_MS);
    assert_eq!(b.states("1001"), [Held]);
    // Of two who are left, one holds: it is a call like any other, and has been held for long.
    b.person(Command::Clear(at("1002"))).expect("cleared");
    assert_eq!((b.states("1001"), b.states("1000")), (vec![Alerting], vec![Delivered]));
}

#[test]
fn both_may_hold_and_each_is_rung_again() {
    let mut b = held();
    b.wait(10_000);
    b.person(Command::Hold(at("1001"))).expect("held");
    b.wait(20_000);
    assert_eq!((b.states("1000"), b.states("1001")), (vec![Alerting], vec![Held]));
    b.answer("1000");
    assert_eq!((b.states("1000"), b.states("1001")), (vec![Connected], vec![Held]));
    b.wait(10_000);
    assert_eq!((b.states("1000"), b.states("1001")), (vec![Delivered], vec![Alerting]));
    b.answer("1001");
    assert_eq!((b.states("1000"), b.states("1001")), (vec![Connected], vec![Connected]));
}

#[test]
fn what_rings_again_is_redirected_and_picked_up_like_any_call() {
    let mut b = held();
    b.wait(AFTER_MS);
    b.person(Command::Redirect { target: at("1000"), number: "1002".into() }).expect("redirected");
    b.answer("1002");
    assert_eq!((b.states("1002"), b.states("1001")), (vec![Connected], vec![Connected]));
    let mut b = held();
    b.wait(AFTER_MS);
    b.person(Command::PickUp { line: line("1003"), ringing: at("1000") }).expect("picked up");
    assert_eq!((b.states("1003"), b.states("1001")), (vec![Connected], vec![Connected]));
}

#[test]
fn somebody_outside_hears_it_ring_as_well() {
    let mut b = bench(1);
    b.recalls_after(AFTER_MS);
    let call = OutsideDeed::Call { from: Some("+14165551234".into()), name: None, to: "+16135551000".into() };
    let id = b.input(Input::Outside(call)).expect("a direct-in number").outside.expect("an id");
    b.answer("1000");
    b.person(Command::Hold(at("1000"))).expect("held");
    b.wait(AFTER_MS);
    assert_eq!(b.states("1000"), [Alerting]);
    assert_eq!(b.events().next().and_then(|h| h.network.clone()).map(|n| n.number), Some("1".into()));
    b.input(Input::Outside(OutsideDeed::HangUp(id))).expect("gone");
    assert!(b.states("1000").is_empty());
}

#[test]
fn across_a_link_both_ends_see_the_same() {
    for (holder, other) in [("1000", "2000"), ("2000", "1000")] {
        let mut net = Net::recalling();
        net.call("1000", "2000");
        net.answer("2000");
        net.does(holder, Command::Hold(at(holder))).expect("held");
        net.wait(AFTER_MS);
        assert_eq!((net.states(holder), net.states(other)), (vec![Alerting], vec![Delivered]), "{holder}");
        for who in [holder, other] {
            let told = net.happened(node_of(who)).into_iter().find(|h| h.witnesses.iter().any(|w| w.line == line(who)));
            let told = told.expect("told");
            assert_eq!((told.kind, told.why), (CallEventKind::Delivered, Why::Recall), "{who}");
            assert_eq!((told.calling.number.as_str(), told.subject.number.as_str()), (other, holder), "{who}");
        }
        net.answer(holder);
        assert_eq!((net.states(holder), net.states(other)), (vec![Connected], vec![Connected]), "{holder}");
        net.does(holder, Command::Hold(at(holder))).expect("held");
        net.wait(AFTER_MS);
        net.does(other, Command::Clear(at(other))).expect("cleared");
        assert!(net.is_idle(), "{holder}");
        // And nobody answers.
        net.call("1000", "2000");
        net.answer("2000");
        net.does(holder, Command::Hold(at(holder))).expect("held");
        net.wait(AFTER_MS);
        net.wait(20_000);
        assert_eq!((net.states(holder), net.states(other)), (vec![], vec![Failed]), "{holder}");
        net.sound();
    }
}

#[test]
fn who_waits_behind_another_node_hears_it_ring_as_well() {
    let mut net = Net::recalling();
    net.call("2001", "1004");
    net.does("2003", Command::PickUp { line: line("2003"), ringing: at("1004") }).expect("asked");
    assert_eq!(net.states("2003"), [Connected], "over node 1");
    net.does("2001", Command::Hold(at("2001"))).expect("held");
    net.wait(AFTER_MS);
    assert_eq!((net.states("2001"), net.states("2003")), (vec![Alerting], vec![Delivered]));
    net.answer("2001");
    assert_eq!((net.states("2001"), net.states("2003")), (vec![Connected], vec![Connected]));
    net.does("2001", Command::Hold(at("2001"))).expect("held");
    net.wait(AFTER_MS);
    net.wait(20_000);
    assert_eq!((net.states("2001"), net.states("2003")), (vec![], vec![Failed]));
    net.sound();
}

#[test]
fn of_two_who_hold_across_a_link_one_is_rung_and_then_the_other() {
    let mut net = Net::recalling();
    net.call("1000", "2000");
    net.answer("2000");
    for who in ["2000", "1000"] {
        net.does(who, Command::Hold(at(who))).expect("held");
    }
    net.wait(AFTER_MS);
    assert_eq!((net.states("1000"), net.states("2000")), (vec![Alerting], vec![Held]), "node 1 set the call up");
    net.answer("1000");
    assert_eq!((net.states("1000"), net.states("2000")), (vec![Delivered], vec![Alerting]));
    net.answer("2000");
    assert_eq!((net.states("1000"), net.states("2000")), (vec![Connected], vec![Connected]));
    net.does("1000", Command::Clear(at("1000"))).expect("cleared");
    assert!(net.is_idle());
    net.sound();
}
