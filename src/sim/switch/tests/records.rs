//! What a node keeps of calls that are over.

use std::sync::Arc;

use schemas::csta::message::{CallRecord, Period};
use schemas::domain::Party;

use super::*;
use crate::sim::switch::{OutsideDeed, Two};

/// `caller called reached began lasted_s end` of each record, times in seconds since the epoch of the test.
fn kept(bench: &Bench) -> Vec<String> {
    let party = |party: &Party| match party {
        Party::Known(device) => device.number.clone(),
        Party::Restricted | Party::NotKnown => "-".into(),
    };
    let text = |record: &CallRecord| {
        let CallRecord { calling, called, associated_called, began_ms, lasted_s, end, .. } = record;
        let began = (began_ms.expect("a begin") - EPOCH) / 1000;
        let [calling, called, reached] = [calling, called, associated_called].map(party);
        format!("{calling} {called} {reached} {began} {} {:?}", lasted_s.expect("a length"), end.expect("an end"))
    };
    bench.switch.records(None).map(text).collect()
}

fn hang_up(bench: &mut Bench, who: &str) {
    bench.person(Command::Clear(at(who))).expect("it hangs up");
}

#[test]
fn a_call_is_kept_when_it_is_over_answered_or_not() {
    let mut bench = bench(1);
    bench.wait(1_000);
    bench.call("1000", "1001");
    bench.wait(2_000);
    bench.answer("1001");
    bench.wait(3_000);
    assert_eq!(kept(&bench), Vec::<String>::new(), "it goes on");
    hang_up(&mut bench, "1001");
    bench.call("1000", "1001");
    hang_up(&mut bench, "1000");
    bench.call("1000", "1777");
    hang_up(&mut bench, "1000");
    let expected = ["1000 1001 - 1 5 Normal", "1000 1001 - 6 0 Unsuccessful", "1000 1777 - 6 0 Unsuccessful"];
    assert_eq!(kept(&bench), expected);
    let numbers: Vec<_> = bench.switch.records(None).map(|record| record.number).collect();
    assert_eq!(numbers, [Some(1), Some(2), Some(3)]);
}

#[test]
fn a_dial_tone_alone_is_no_call() {
    let mut bench = bench(1);
    bench.person(Command::OffHook(line("1000"))).expect("off hook");
    hang_up(&mut bench, "1000");
    assert_eq!(kept(&bench), Vec::<String>::new());
}

#[test]
fn it_says_whom_a_call_came_to_where_another_was_called() {
    let mut bench = bench(1);
    bench.call("1000", "1001");
    bench.person(Command::Redirect { target: at("1001"), number: "1002".into() }).expect("redirected");
    bench.answer("1002");
    hang_up(&mut bench, "1000");
    let [kept] = &kept(&bench)[..] else { panic!("one call") };
    assert!(kept.contains("1002"), "{kept}");
}

#[test]
fn of_two_calls_that_became_one_each_is_kept() {
    let mut bench = bench(1);
    bench.call("1000", "1001");
    bench.answer("1001");
    let consult = Command::Consult { target: at("1000"), number: "1002".into() };
    bench.person(consult).expect("consulted");
    bench.answer("1002");
    bench.person(Command::Transfer(Two { line: line("1000"), held: None, active: None })).expect("transferred");
    assert_eq!(kept(&bench), ["1000 1002 - 0 0 Transferred"]);
    hang_up(&mut bench, "1002");
    assert_eq!(kept(&bench).len(), 2);
}

#[test]
fn a_call_from_outside_is_kept_and_one_that_lost_its_power_is_not() {
    let mut bench = bench(1);
    let deed = OutsideDeed::Call { from: Some("+14165551234".into()), name: None, to: "+16135551000".into() };
    bench.input(Input::Outside(deed)).expect("a call");
    bench.answer("1000");
    hang_up(&mut bench, "1000");
    assert_eq!(kept(&bench).len(), 1);
    bench.call("1000", "1001");
    bench.input(Input::Power { epoch_ms: EPOCH + 1 }).expect("no refusal");
    assert_eq!(kept(&bench), Vec::<String>::new());
    bench.call("1000", "1001");
    hang_up(&mut bench, "1000");
    let newest = bench.switch.records(None).map(|record| record.number).collect::<Vec<_>>();
    assert_eq!(newest, [Some(3)], "numbers go on");
}

#[test]
fn a_time_is_asked_for_the_newest_are_kept_and_a_node_that_keeps_none_has_none() {
    let mut bench = bench(1);
    for _ in 0..10_010 {
        bench.call("1000", "1001");
        hang_up(&mut bench, "1000");
        bench.now_ms += 1;
    }
    assert_eq!(bench.switch.records(None).count(), 10_000);
    assert_eq!(bench.switch.records(None).next().and_then(|record| record.number), Some(11));
    let period = |from: i64, to: i64| Some(Period { from_ms: EPOCH + from, to_ms: EPOCH + to });
    assert_eq!(bench.switch.records(period(100, 109)).count(), 10);
    assert_eq!(bench.switch.records(period(0, 9)).count(), 0, "they are gone");
    let plan = Plan { records: false, ..bench.switch.plan().clone() };
    bench.switch.plan = Arc::new(plan);
    bench.call("1000", "1001");
    hang_up(&mut bench, "1000");
    assert_eq!(bench.switch.records(None).last().and_then(|record| record.number), Some(10_010));
}
