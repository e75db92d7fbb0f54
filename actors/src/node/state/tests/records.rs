//! Looking back after a loss: when the node is asked, and how it is let go however it answers.

use schemas::csta::message::{CallRecord, Period, RecordsRequest, RecordsResponse};

use super::*;
use crate::node::unseen::Gaps;

const CLOCK_MS: i64 = 1_700_000_000_000;

fn started(cross_ref: &str) -> Message {
    Message::Response(Response::Records(RecordsResponse::Start {
        cross_ref: cross_ref.into(),
        clock_ms: Some(CLOCK_MS),
    }))
}

fn report(cross_ref: &str, records: Vec<CallRecord>, last: bool) -> Message {
    Message::Request(Request::Records(RecordsRequest::Report { cross_ref: cross_ref.into(), records, last }))
}

/// A call of 1000 that began and ended in the gap.
fn record() -> CallRecord {
    let connection = ConnectionId { call: Some("c".into()), device: Some(device()) };
    CallRecord { call: Some(connection), ended_ms: Some(CLOCK_MS - 5_000), ..CallRecord::default() }
}

fn of_records(request: &Request) -> Option<&RecordsRequest> {
    match request {
        Request::Records(request) => Some(request),
        _ => None,
    }
}

/// The requests for records among these effects.
fn asked(out: &Effects) -> Vec<(u16, &RecordsRequest)> {
    requests(out).into_iter().filter_map(|(invoke, request)| Some((invoke, of_records(request)?))).collect()
}

fn is_stopped(out: &Effects, of: &str) -> bool {
    asked(out).iter().any(|(_, r)| matches!(r, RecordsRequest::Stop { cross_ref } if cross_ref == of))
}

fn unseen(out: &Effects) -> Option<(usize, bool)> {
    out.iter().find_map(|effect| match effect {
        Effect::Unseen(unseen) => Some((unseen.calls.len(), unseen.whole)),
        _ => None,
    })
}

fn gave_up(out: &Effects) -> bool {
    out.iter().any(|effect| matches!(effect, Effect::NoRecords(_)))
}

/// Back after ten seconds, with a monitor that stands again.
fn back() -> Bench {
    let mut bench = Bench::up();
    let mut gaps = Gaps::default();
    gaps.lost(bench.now);
    bench.now += Duration::from_secs(10);
    bench.state.missed(gaps, bench.now);
    bench.monitored(object("1000"), "m1");
    assert_eq!(bench.on(Input::Restored { now_ms: 0, monitors: true }), []);
    bench
}

/// The same, asked whether it keeps records, in that request.
fn is_asked() -> (Bench, u16) {
    let mut bench = back();
    let out = bench.after(policy::RECORDS_AFTER);
    let [(invoke, RecordsRequest::Start { .. })] = asked(&out)[..] else { panic!("{out:?}") };
    (bench, invoke)
}

/// The same, asked for them under "r".
fn sends() -> (Bench, u16) {
    let (mut bench, invoke) = is_asked();
    let out = bench.hear(invoke, started("r"));
    let [(invoke, RecordsRequest::Send { period, .. })] = asked(&out)[..] else { panic!("{out:?}") };
    let expected = Period { from_ms: CLOCK_MS - 11_000 - 2_000, to_ms: CLOCK_MS + 2_000 };
    assert_eq!(*period, Some(expected));
    (bench, invoke)
}

#[test]
fn a_node_is_asked_a_second_after_the_restore_and_not_without_a_loss_or_a_monitor() {
    let mut bench = back();
    assert!(asked(&bench.after(policy::RECORDS_AFTER - Duration::from_millis(1))).is_empty());
    assert_eq!(asked(&bench.after(Duration::from_millis(1))).len(), 1);

    let mut bench = back();
    assert!(gave_up(&bench.on(Input::Restored { now_ms: 0, monitors: false })));
    assert!(asked(&bench.after(policy::RECORDS_AFTER)).is_empty());

    let mut bench = Bench::up();
    assert_eq!(bench.on(Input::Restored { now_ms: 0, monitors: true }), []);
    assert!(asked(&bench.after(policy::RECORDS_AFTER)).is_empty());
}

#[test]
fn its_last_report_ends_the_look_and_what_a_device_knew_is_not_unseen() {
    for (known, expected) in [(Vec::new(), 1), (vec![CallKey::from("c")], 0)] {
        let (mut bench, invoke) = sends();
        bench.on(Input::Known(known));
        assert_eq!(bench.hear(invoke, Message::Response(Response::Records(RecordsResponse::Send))), []);
        let out = bench.hear(7, report("r", vec![record()], true));
        let answer = Message::Response(Response::Records(RecordsResponse::Report));
        assert_eq!(out[0], Effect::Send(7, answer, Edition::Ed5));
        assert!(is_stopped(&out, "r"));
        assert_eq!(unseen(&out), Some((expected, true)));
        let out = bench.hear(8, report("r", vec![record()], true));
        let refusal = Message::Failure(Failure::operation("invalidCrossRefID"));
        assert_eq!(out, [Effect::Send(8, refusal, Edition::Ed5)]);
    }
}

#[test]
fn a_node_that_ends_it_or_takes_too_long_is_believed_in_what_it_told() {
    let stop = || Message::Request(Request::Records(RecordsRequest::Stop { cross_ref: "r".into() }));
    let (mut bench, _) = sends();
    bench.hear(7, report("r", vec![record()], false));
    assert_eq!(unseen(&bench.hear(8, stop())), Some((1, false)));
    assert_eq!(unseen(&bench.hear(9, stop())), None, "it is over");

    let (mut bench, invoke) = sends();
    bench.hear(invoke, Message::Response(Response::Records(RecordsResponse::Send)));
    bench.hear(7, report("r", vec![record()], false));
    let out = bench.after(policy::RECORDS);
    assert_eq!(unseen(&out), Some((1, false)));
    assert!(is_stopped(&out, "r"));
}

#[test]
fn a_node_that_refuses_or_is_silent_is_let_go_and_not_asked_again() {
    let refusal = || Message::Failure(Failure::operation("serviceNotSupported"));
    let (mut bench, invoke) = is_asked();
    let out = bench.hear(invoke, refusal());
    assert!(gave_up(&out) && asked(&out).is_empty());
    assert!(asked(&bench.after(policy::RECORDS)).is_empty());

    let (mut bench, invoke) = sends();
    let out = bench.hear(invoke, refusal());
    assert!(gave_up(&out) && is_stopped(&out, "r"));

    let (mut bench, _) = sends();
    let out = bench.after(policy::ANSWER);
    assert!(gave_up(&out) && is_stopped(&out, "r"));

    // What answers too late is stopped at the node.
    let (mut bench, invoke) = is_asked();
    assert!(gave_up(&bench.after(policy::ANSWER)));
    assert!(is_stopped(&bench.hear(invoke, started("late")), "late"));
}
