//! Redirect, pickup, new call and tones over one node.

use CallEventKind::{ConnectionCleared, Delivered, Diverted, Established, ServiceInitiated};
use LocalState::{Alerting, Connected, Initiated, Null};

use super::joins::two;
use super::*;

fn each(lines: &[(&str, LocalState)]) -> Vec<(String, LocalState)> {
    lines.iter().map(|(l, s)| (format!("{l}/1"), *s)).collect()
}

fn redirect(b: &mut Bench, to: &str) -> Result<Done, Refusal> {
    b.person(Command::Redirect { target: at("1001"), number: to.into() })
}

fn pick_up(b: &mut Bench, at_line: &str, ringing: &str) -> Result<Done, Refusal> {
    b.person(Command::PickUp { line: line(at_line), ringing: at(ringing) })
}

#[test]
fn a_ringing_call_is_sent_elsewhere() {
    let mut b = bench(1);
    b.call("1000", "1001");
    b.wait(15_000);
    redirect(&mut b, "1002").expect("redirected");
    assert_eq!(
        b.happened(),
        [
            (Diverted, "1001".into(), Why::Redirected, each(&[("1000", Connected), ("1001", Null)])),
            (Delivered, "1002".into(), Why::Redirected, each(&[("1000", Connected), ("1002", Alerting)])),
        ]
    );
    let [diverted, delivered] = &b.events().collect::<Vec<_>>()[..] else { panic!("two events") };
    assert_eq!(diverted.destination.as_ref().map(|d| d.number.as_str()), Some("1002"));
    assert_eq!(delivered.redirected.as_ref().map(|d| d.number.as_str()), Some("1001"));
    b.wait(15_000);
    assert!(b.out.is_empty(), "it rings as long as any");
    b.answer("1002");
    assert_eq!(b.states("1000"), [TruthState::Connected]);
}

#[test]
fn what_cannot_be_rung_gets_no_redirected_call() {
    let mut b = bench(1);
    b.call("1000", "1001");
    b.person(Command::OffHook(line("1003"))).expect("dial tone");
    b.person(Command::DoNotDisturb { dn: line("1004").dn, on: true }).expect("done");
    for to in ["1000", "1001", "1003", "1004", "1500", "2000", "", "1x", &"1".repeat(100)] {
        assert_eq!(redirect(&mut b, to), Err(Refusal::InvalidDestination), "{to}");
        assert!(b.out.is_empty());
    }
}

#[test]
fn what_rings_elsewhere_is_picked_up() {
    let mut b = bench(1);
    let call = b.call("1000", "1001");
    let done = pick_up(&mut b, "1002", "1001").expect("picked up");
    assert_eq!(done.call, call.call);
    assert_eq!(
        b.happened(),
        [
            (Diverted, "1001".into(), Why::CallPickup, each(&[("1001", Null)])),
            (Established, "1002".into(), Why::CallPickup, each(&[("1000", Connected), ("1002", Connected)])),
        ]
    );
    assert_eq!(b.truth(), ["1001 Null CallPickup", "1002 Connected CallPickup", "1000 Connected CallPickup"]);
    assert_eq!(b.switch.next_deadline(), None);
}

#[test]
fn what_cannot_be_picked_up_rings_on() {
    let mut b = bench(1);
    b.call("1000", "1001");
    b.person(Command::OffHook(line("1003"))).expect("dial tone");
    for (who, what, refusal) in [
        ("1002", "1004", Refusal::NoCallToAnswer),
        ("1002", "1000", Refusal::NoCallToAnswer),
        ("1002", "1900", Refusal::UnknownDevice),
        ("1002", "5000", Refusal::UnknownDevice),
        ("1002", "2000", Refusal::Unreachable),
        ("1003", "1001", Refusal::LineInUse),
        ("1000/2", "1001", Refusal::WrongState),
        ("1002/9", "1001", Refusal::UnknownDevice),
    ] {
        assert_eq!(pick_up(&mut b, who, what), Err(refusal), "{who} {what}");
        assert!(b.out.is_empty());
    }
    pick_up(&mut b, "1001", "1001").expect("answered by its own");
    assert_eq!(b.happened().first().map(|h| (h.0, h.2)), Some((Established, Why::Normal)));
}

#[test]
fn a_call_that_leads_nowhere_makes_room_for_a_new_one() {
    let mut b = bench(1);
    b.call("1000", "1500");
    b.person(Command::NewCall(at("1000"))).expect("dial tone");
    assert_eq!(
        b.happened(),
        [
            (ConnectionCleared, "1000".into(), Why::NormalClearing, each(&[("1000", Null)])),
            (ServiceInitiated, "1000".into(), Why::NewCall, each(&[("1000", Initiated)])),
        ]
    );
    b.call("1000", "1001");
    b.answer("1001");
    assert_eq!(b.person(Command::NewCall(at("1000"))), Err(Refusal::WrongState), "they talk");
    b.person(Command::Hold(at("1001"))).expect("held");
    b.person(Command::NewCall(at("1000"))).expect("dial tone");
    assert!(b.states("1001").is_empty());
}

#[test]
fn a_failed_consultation_is_tried_again_and_is_one_still() {
    let mut b = bench(1);
    b.call("1000", "1001");
    b.answer("1001");
    b.person(Command::Consult { target: at("1000"), number: "1500".into() }).expect("a consultation");
    b.person(Command::NewCall(at("1000"))).expect("dial tone");
    b.call("1000", "1002");
    assert_eq!(b.happened().first().map(|h| h.2), Some(Why::Consultation));
    b.answer("1002");
    b.person(Command::Conference(two("1000"))).expect("a conference");
}

#[test]
fn tones_arrive_at_who_listens() {
    let mut b = bench(1);
    b.call("1000", "1001");
    b.answer("1001");
    let tones = |b: &Bench, who: &str| b.switch.truth_of(line(who).dn).expect("a phone").legs[0].tones.clone();
    b.person(Command::Digits { target: at("1000"), digits: "42#".into() }).expect("sent");
    b.person(Command::Digits { target: at("1000"), digits: "*7".into() }).expect("sent");
    assert!(b.out.is_empty());
    assert_eq!((tones(&b, "1001"), tones(&b, "1000")), ("42#*7".into(), String::new()));
    b.person(Command::Hold(at("1001"))).expect("held");
    b.person(Command::Digits { target: at("1000"), digits: "9".repeat(64) }).expect("sent to nobody");
    assert_eq!(tones(&b, "1001"), "42#*7");
    b.person(Command::Retrieve(at("1001"))).expect("retrieved");
    b.person(Command::Digits { target: at("1000"), digits: "9".repeat(64) }).expect("sent");
    assert_eq!(tones(&b, "1001"), "9".repeat(64), "the newest are kept");
}
