//! Taking over what is held at another node, and whatever crosses it on the way.

use CallEventKind::{Diverted, Established};
use TruthState::{Connected, Held};

use super::across::{Net, gcid, node_of};
use super::joins::two;
use super::*;

fn take(who: &str, holder: &str) -> Command {
    Command::RetrieveFrom { line: line(who), holder: line(holder).dn }
}

/// The holder talked with the other, and holds.
fn holding(other: &str, holder: &str) -> (Net, Done) {
    let mut net = Net::new();
    let first = net.call(other, holder);
    net.answer(holder);
    net.does(holder, Command::Hold(at(holder))).expect("held");
    (net, first)
}

#[test]
fn what_is_held_at_another_node_goes_on_wherever_the_other_party_is() {
    // The other party at the taker's node, at the holder's, and at a third; on another button of the holder's set.
    for (other, holder, taker) in [
        ("1000", "2000", "1001"),
        ("2001", "2000", "1001"),
        ("3000", "2000", "1001"),
        ("1000", "2000", "3000"),
        ("1000", "2000", "3000/2"),
    ] {
        let (mut net, first) = holding(other, holder);
        let asked = net.does(taker, take(taker, holder)).expect("asked");
        assert!(asked.waits.is_some() && asked.call.is_none(), "only the other node knows");
        let done = net.settled(node_of(taker)).remove(0).expect("taken over");
        assert_eq!(gcid(&done), gcid(&first), "{other} {taker}");
        for who in [other, taker] {
            assert_eq!(net.states(who), [Connected], "{other} {taker}");
            let told = net.happened(node_of(who));
            let told = told.iter().find(|h| h.witnesses.iter().any(|w| w.line == line(who))).expect("told");
            assert_eq!((told.kind, told.why), (Established, Why::CallPickup), "{other} {taker}");
            assert_eq!(told.subject.number, line(taker).dn.to_string());
        }
        assert!(net.states(holder).is_empty());
        let away = net.happened(node_of(holder)).into_iter().find(|h| h.kind == Diverted).expect("told");
        assert_eq!((away.why, away.witnesses.len()), (Why::CallPickup, 1));
        net.does(taker, Command::Hold(at(taker))).expect("held");
        assert_eq!((net.states(taker), net.states(other)), (vec![Held], vec![Connected]));
        net.does(taker, Command::Retrieve(at(taker))).expect("retrieved");
        net.does(other, Command::Clear(at(other))).expect("cleared");
        assert!(net.is_idle(), "{other} {taker}");
        net.sound();
    }
}

#[test]
fn one_who_holds_as_well_goes_on_holding() {
    for other in ["1000", "2001"] {
        let (mut net, _) = holding(other, "2000");
        net.does(other, Command::Hold(at(other))).expect("held");
        net.does("3000", take("3000", "2000")).expect("asked");
        assert_eq!((net.states(other), net.states("3000")), (vec![Held], vec![Connected]), "{other}");
        net.does(other, Command::Retrieve(at(other))).expect("retrieved");
        net.does("3000", Command::Clear(at("3000"))).expect("cleared");
        assert!(net.is_idle(), "{other}");
    }
}

#[test]
fn what_cannot_be_taken_over_stays_as_it_is() {
    let mut net = Net::new();
    net.call("1000", "2000");
    net.answer("2000");
    net.does("1002", Command::OffHook(line("1002"))).expect("dial tone");
    // Held for a consultation.
    net.call("1003", "2001");
    net.answer("2001");
    net.consult("2001", "2002");
    // One of several.
    net.call("2003", "2004");
    net.answer("2004");
    net.consult("2003", "2005");
    net.answer("2005");
    net.does("2003", Command::Conference(two("2003"))).expect("a conference");
    net.does("2004", Command::Hold(at("2004"))).expect("held");
    // Several behind a link.
    net.call("1004", "2006");
    net.answer("2006");
    net.consult("1004", "1005");
    net.answer("1005");
    net.does("1004", Command::Conference(two("1004"))).expect("a conference");
    net.does("2006", Command::Hold(at("2006"))).expect("held");
    // The taker's own call.
    net.call("1006", "2007");
    net.answer("2007");
    net.does("2007", Command::Hold(at("2007"))).expect("held");
    net.lose(0, 2);
    for (who, holder, refusal) in [
        ("1002", "2000", Refusal::LineInUse),
        ("1001", "5000", Refusal::UnknownDevice),
        ("1001", "3000", Refusal::Unreachable),
        ("1001/9", "2000", Refusal::UnknownDevice),
    ] {
        net.refuses_at_once(who, take(who, holder), refusal);
    }
    for (who, holder, refusal) in [
        ("1001", "2000", Refusal::NoHeldCall),
        ("1001", "2900", Refusal::UnknownDevice),
        ("1001", "2001", Refusal::WrongState),
        ("1001", "2004", Refusal::WrongState),
        ("1001", "2006", Refusal::WrongState),
        ("1006/2", "2007", Refusal::WrongState),
    ] {
        net.refuses_later(who, take(who, holder), refusal);
    }
    net.sound();
}

#[test]
fn whatever_crosses_it_leaves_nobody_behind() {
    // Retrieved meanwhile.
    let (mut net, _) = holding("1000", "2000");
    net.asks("3000", take("3000", "2000")).expect("asked");
    net.input(1, Input::Command(By::Person, Command::Retrieve(at("2000")))).expect("retrieved");
    net.carry();
    assert_eq!(net.settled(2), [Err(Refusal::NoHeldCall)]);
    assert_eq!((net.states("1000"), net.states("2000")), (vec![Connected], vec![Connected]));
    net.sound();

    // The other hangs up before the holder's node has heard of it, and after.
    for carried in [false, true] {
        let (mut net, _) = holding("1000", "2000");
        net.asks("3000", take("3000", "2000")).expect("asked");
        if carried {
            let message = net.mail.get_mut(&(2, 1)).and_then(std::collections::VecDeque::pop_front).expect("asked");
            net.input(1, Input::Peer(3, message)).expect("heard");
        }
        net.input(0, Input::Command(By::Person, Command::Clear(at("1000")))).expect("cleared");
        net.carry();
        assert_eq!(net.settled(2).len(), 1, "{carried}");
        assert!(net.is_idle(), "{carried}");
        net.sound();
    }

    // Two want it at once.
    let (mut net, _) = holding("1000", "2000");
    net.asks("3000", take("3000", "2000")).expect("asked");
    net.input(0, Input::Command(By::Person, take("1001", "2000"))).expect("asked");
    net.carry();
    let settled: Vec<_> = [net.settled(0), net.settled(2)].into_iter().flatten().collect();
    assert_eq!(settled.iter().filter(|s| s.is_ok()).count(), 1);
    assert!(settled.contains(&Err(Refusal::NoHeldCall)));
    net.sound();
}

#[test]
fn a_partner_that_is_lost_or_says_nothing_does_not_keep_the_line() {
    for (heard, silent) in [(false, false), (true, false), (false, true)] {
        let (mut net, _) = holding("1000", "2000");
        net.asks("3000", take("3000", "2000")).expect("asked");
        if heard {
            let message = net.mail.get_mut(&(2, 1)).and_then(std::collections::VecDeque::pop_front).expect("asked");
            net.input(1, Input::Peer(3, message)).expect("heard");
        }
        if silent {
            net.nodes[2].now_ms += 4_000;
            net.input(2, Input::Tick).expect("a tick");
            assert_eq!(net.settled(2), [Err(Refusal::Unreachable)]);
        } else {
            net.lose(1, 2);
        }
        net.carry();
        assert_eq!(net.settled(2), [Err(Refusal::Unreachable)], "{heard} {silent}");
        // Once it was given away, the call ends with the link, or because nobody waits for it any more.
        let given = heard || silent;
        let (other, holder) = if given { (vec![], vec![]) } else { (vec![Connected], vec![Held]) };
        assert_eq!((net.states("1000"), net.states("2000")), (other, holder), "{heard} {silent}");
        net.asks("3000", Command::OffHook(line("3000"))).expect("dial tone");
        net.sound();
    }
}
