//! Campon and trade at one node and across the link.

use super::partners::Pair;
use super::*;

fn camp(who: &str) -> Command {
    Command::CampOn(at(who))
}

/// 1001 talks with 1002, and 1000 waits for it.
fn waiting() -> Bench {
    let mut b = bench(1);
    b.call("1002", "1001");
    b.answer("1001");
    b.call("1000", "1001");
    b.application(camp("1000")).expect("camped on");
    b
}

#[test]
fn a_call_waits_at_a_busy_phone_and_rings_when_it_is_free() {
    let mut b = waiting();
    assert_eq!(
        b.happened(),
        [(
            CallEventKind::Queued,
            "1001".into(),
            Why::CampOn,
            vec![("1000/1".into(), LocalState::Connected), ("1001/1".into(), LocalState::Queued)]
        )]
    );
    assert_eq!((b.states("1000"), b.states("1001").last()), (vec![TruthState::Queued], Some(&TruthState::Queued)));
    b.wait(600_000);
    assert_eq!(b.states("1000"), [TruthState::Queued], "as long as it takes");
    b.person(Command::Clear(at("1002"))).expect("cleared");
    let last = b.happened().pop().expect("it rings");
    assert_eq!((last.0, last.1.as_str(), last.2), (CallEventKind::Delivered, "1001", Why::CampOn));
    assert_eq!((b.states("1000"), b.states("1001")), (vec![TruthState::Delivered], vec![TruthState::Alerting]));
    b.answer("1001");
    assert_eq!((b.states("1000"), b.states("1001")), (vec![TruthState::Connected], vec![TruthState::Connected]));
}

#[test]
fn a_held_call_leaves_the_line_free_for_the_one_that_waits() {
    let mut b = waiting();
    b.person(Command::Hold(at("1001"))).expect("held");
    assert_eq!(b.states("1001"), [TruthState::Held, TruthState::Alerting]);
    // But not for the moment of a consultation.
    let mut b = waiting();
    b.person(Command::Consult { target: at("1001"), number: "1003".into() }).expect("a consultation");
    assert_eq!(b.states("1000"), [TruthState::Queued]);
}

#[test]
fn nobody_waits_for_what_is_not_busy_or_not_to_be_disturbed() {
    let refused = |b: &mut Bench, who: &str, refusal: Refusal| {
        let before = b.switch.truth_now(0);
        assert_eq!(b.application(camp(who)), Err(refusal), "{who}");
        assert!(b.out.is_empty());
        assert_eq!(b.switch.truth_now(0), before);
    };
    let mut b = waiting();
    refused(&mut b, "1000", Refusal::WrongState);
    b.call("1003", "1001");
    refused(&mut b, "1003", Refusal::WrongState);
    // Onto oneself, from another line of the set, too.
    let mut b = bench(1);
    b.call("1000", "1000");
    refused(&mut b, "1000", Refusal::WrongState);
    b.call("1000/2", "1000");
    refused(&mut b, "1000/2", Refusal::WrongState);
    // Idle by now, or not to be disturbed by now.
    let mut b = bench(1);
    b.person(Command::OffHook(line("1001"))).expect("dial tone");
    b.call("1000", "1001");
    b.person(Command::DoNotDisturb { dn: line("1001").dn, on: true }).expect("set");
    refused(&mut b, "1000", Refusal::WrongState);
    b.person(Command::DoNotDisturb { dn: line("1001").dn, on: false }).expect("set");
    b.person(Command::Clear(at("1001"))).expect("cleared");
    refused(&mut b, "1000", Refusal::WrongState);
    for (number, prepare) in [("1500", None), ("1001", Some(()))] {
        let mut b = bench(1);
        if prepare.is_some() {
            b.person(Command::DoNotDisturb { dn: line("1001").dn, on: true }).expect("set");
        }
        b.call("1000", number);
        refused(&mut b, "1000", Refusal::WrongState);
    }
    // Class of service: for campon, and for control.
    let mut b = bench(1);
    b.person(Command::OffHook(line("1001"))).expect("dial tone");
    b.call("1012", "1001");
    refused(&mut b, "1012", Refusal::Privilege);
    b.call("1019", "1001");
    refused(&mut b, "1019", Refusal::Privilege);
    b.person(camp("1019")).expect("its user may");
}

#[test]
fn who_waits_may_leave_and_is_let_down_when_the_phone_is_not_to_be_disturbed() {
    let mut b = waiting();
    b.application(Command::Clear(at("1000"))).expect("cleared");
    assert_eq!(
        b.happened(),
        [(
            CallEventKind::ConnectionCleared,
            "1000".into(),
            Why::NormalClearing,
            vec![("1000/1".into(), LocalState::Null), ("1001/1".into(), LocalState::Null)]
        )]
    );
    let mut b = waiting();
    b.person(Command::DoNotDisturb { dn: line("1001").dn, on: true }).expect("set");
    assert_eq!(b.states("1000"), [TruthState::Queued], "still busy");
    b.person(Command::Clear(at("1001"))).expect("cleared");
    assert_eq!((b.states("1000"), b.states("1001")), (vec![TruthState::Failed], vec![]));
    assert_eq!(b.happened().pop().map(|h| (h.0, h.2)), Some((CallEventKind::Failed, Why::DoNotDisturb)));
}

#[test]
fn a_call_is_traded_for_the_one_that_waits() {
    let mut b = waiting();
    assert_eq!(b.application(Command::Trade(at("1002"))), Err(Refusal::WrongState), "nobody waits there");
    b.application(Command::Trade(at("1001"))).expect("traded");
    assert_eq!(b.states("1001"), [TruthState::Held, TruthState::Connected]);
    assert_eq!((b.states("1000"), b.states("1002")), (vec![TruthState::Connected], vec![TruthState::Connected]));
    assert_eq!(b.application(Command::Trade(at("1001"))), Err(Refusal::WrongState), "nobody waits any more");
    // The two are no consultation, and a third that waits has no room.
    b.call("1003", "1001");
    b.person(camp("1003")).expect("camped on");
    assert_eq!(b.application(Command::Trade(at("1001"))), Err(Refusal::WrongState));
    let two = super::super::Two { line: line("1001"), held: None, active: None };
    assert_eq!(b.application(Command::Transfer(two)), Err(Refusal::WrongState));
}

/// 2001 talks with 2002, and 1000 waits for it across the link.
fn across() -> Pair {
    let mut pair = Pair::new();
    pair.nodes[1].call("2002", "2001");
    pair.nodes[1].answer("2001");
    pair.person(0, Command::MakeCall { line: line("1000"), number: "2001".into() }).expect("a call");
    pair.carry();
    pair.person(0, camp("1000")).expect("asked for");
    pair.carry();
    pair
}

#[test]
fn a_call_waits_at_a_partners_phone() {
    let mut pair = across();
    assert_eq!(pair.nodes[0].states("1000"), [TruthState::Queued]);
    assert_eq!(pair.nodes[1].states("2001"), [TruthState::Connected, TruthState::Queued]);
    pair.person(1, Command::Trade(at("2001"))).expect("traded");
    pair.carry();
    assert_eq!(pair.nodes[0].states("1000"), [TruthState::Connected]);

    let mut pair = across();
    pair.person(1, Command::Clear(at("2002"))).expect("cleared");
    pair.carry();
    assert_eq!(pair.nodes[0].states("1000"), [TruthState::Delivered]);
    assert_eq!(pair.nodes[1].states("2001"), [TruthState::Alerting]);
    pair.nodes[0].wait(20_000);
    assert_eq!(pair.nodes[0].states("1000"), [TruthState::Failed], "it rings as long as any call does");

    let mut pair = across();
    pair.person(0, Command::Clear(at("1000"))).expect("cleared");
    pair.carry();
    assert_eq!(pair.nodes[1].states("2001"), [TruthState::Connected]);

    let mut pair = across();
    pair.disconnect();
    assert!(pair.nodes[0].states("1000").is_empty());
    assert_eq!(pair.nodes[1].states("2001"), [TruthState::Connected]);
}

#[test]
fn a_partner_says_when_there_is_no_place_to_wait_or_no_need_to() {
    let mut pair = Pair::new();
    pair.person(1, Command::OffHook(line("2001"))).expect("dial tone");
    pair.person(0, Command::MakeCall { line: line("1000"), number: "2001".into() }).expect("a call");
    pair.carry();
    pair.person(1, Command::DoNotDisturb { dn: line("2001").dn, on: true }).expect("set");
    pair.person(0, camp("1000")).expect("asked for");
    pair.carry();
    assert_eq!(pair.nodes[0].states("1000"), [TruthState::Failed], "not to be disturbed");
    pair.person(1, Command::DoNotDisturb { dn: line("2001").dn, on: false }).expect("set");
    pair.person(1, Command::Clear(at("2001"))).expect("cleared");
    pair.person(0, camp("1000")).expect("asked for");
    pair.carry();
    assert_eq!(pair.nodes[0].states("1000"), [TruthState::Delivered], "free by now");
    assert_eq!(pair.nodes[1].states("2001"), [TruthState::Alerting]);
}
