//! Calls that began and ended while the link to their node was down: counted where the node keeps records, asked for
//! without harm where it does not, whatever it does with the question.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::policy;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use schemas::csta::message::{CallRecord, ConnectionId, Failure, Message, RecordsRequest, Request};
use schemas::domain::{DeviceRef, LocalState, Party};

use crate::bench::{App, BACK, Bench, LOST, line, out_of_service, pass, restored, rings, run, set, until};
use crate::switch::{RECORDS, Switch, framed, report};

/// What the node's clock says when it is asked for records.
const CLOCK_MS: i64 = 1_600_000_000_000;
/// How long the node cannot be reached.
const GAP: Duration = Duration::from_secs(60);

/// Counters of one test.
#[derive(Default)]
struct Counters(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl Counters {
    /// Unseen calls of the first node; `None` when nothing was ever said of them.
    fn unseen(&self) -> Option<u64> {
        let counters = self.0.lock().expect("no test panics while it holds the lock");
        counters.get("oig_calls_unseen_total node=1").map(|counter| counter.load(Ordering::Relaxed))
    }
}

impl Recorder for Counters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let labels: String = key.labels().map(|label| format!(" {}={}", label.key(), label.value())).collect();
        let mut counters = self.0.lock().expect("no test panics while it holds the lock");
        Counter::from_arc(counters.entry(format!("{}{labels}", key.name())).or_default().clone())
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// A call from 1000, in seconds before the node was asked.
fn record(call: &str, began: i64, ended: i64) -> CallRecord {
    CallRecord {
        calling: Party::Known(DeviceRef::number("1000")),
        called: Party::Known(DeviceRef::number("1001")),
        call: Some(ConnectionId { call: Some(call.into()), device: None }),
        began_ms: Some(CLOCK_MS - began * 1000),
        ended_ms: Some(CLOCK_MS - ended * 1000),
        ..CallRecord::default()
    }
}

/// How often the node was asked whether it keeps records.
fn asked(switch: &Switch) -> usize {
    let start = |request: &&Request| matches!(request, Request::Records(RecordsRequest::Start { .. }));
    switch.inside().asked.iter().filter(start).count()
}

fn stopped(switch: &Switch) -> bool {
    switch.inside().asked.iter().any(|request| matches!(request, Request::Records(RecordsRequest::Stop { .. })))
}

/// Two monitored phones, and long enough for whatever the first association would ask for.
async fn bench() -> (Bench, App) {
    let bench = Bench::start(1, 10).await;
    bench.switches[0].inside().clock_ms = Some(CLOCK_MS);
    let app = bench.app().await;
    for dn in ["1000", "1001"] {
        app.monitor(line(dn)).await;
        assert_eq!(app.events(1).await, [set(dn)]);
    }
    pass(Duration::from_secs(30)).await;
    assert_eq!(asked(&bench.switches[0]), 0, "nothing was missed");
    (bench, app)
}

/// The link is down for a minute; what is told of it.
async fn lost(bench: &Bench, app: &App) {
    bench.switches[0].inside().refuses = true;
    bench.switches[0].close();
    assert_eq!(app.events(3).await, [LOST.to_owned(), out_of_service("1000"), out_of_service("1001")]);
    pass(GAP).await;
    bench.switches[0].inside().refuses = false;
}

async fn back(app: &App) {
    assert_eq!(app.events(1).await, [BACK]);
    let mut told = app.events(2).await;
    told.sort();
    assert_eq!(told, [restored("1000"), restored("1001")]);
}

#[test]
fn calls_of_the_gap_that_nobody_knows_are_counted_and_told_to_no_application() {
    let counters = Counters::default();
    let _counted = metrics::set_default_local_recorder(&counters);
    run(async || {
        let (bench, app) = bench().await;
        let switch = &bench.switches[0];
        switch.ring("1000", "known");
        assert_eq!(app.events(1).await, [rings("1000")]);
        let strangers = CallRecord {
            calling: Party::Known(DeviceRef::number("8")),
            called: Party::Known(DeviceRef::number("9")),
            ..record("strangers", 40, 30)
        };
        let unseen = record("unseen", 40, 30);
        switch.inside().records = Some(vec![
            vec![record("before", 300, 200), unseen.clone(), unseen.clone()],
            vec![unseen, strangers],
            // Its times would let it be one of the gap.
            vec![record("known", 40, 30), record("present", 40, 0), record("second", 20, 10)],
        ]);
        lost(&bench, &app).await;
        // One is there when the monitors are restored.
        switch
            .inside()
            .calls
            .insert("1001".into(), vec![("present".to_owned(), LocalState::Alerting, LocalState::Connected)]);
        assert_eq!(app.events(1).await, [BACK]);
        let mut told = app.events(4).await;
        told.sort();
        assert_eq!(
            told,
            [
                "1000 CALL_CLEAR OTHER_DEVICE_CLEARED IDLE".to_owned(),
                restored("1000"),
                rings("1001"),
                "1001 MONITOR_SET CONTROLLER_COMMS_RESTORED RECEIVED".to_owned(),
            ]
        );
        until("the node is looked back at", || counters.unseen().is_some()).await;
        assert_eq!(counters.unseen(), Some(2));
        assert!(stopped(switch));
        assert_eq!(switch.inside().reported.len(), 3, "each report is answered");
        app.silence().await;
        pass(Duration::from_secs(120)).await;
        assert_eq!((asked(switch), counters.unseen()), (1, Some(2)));
    });
}

#[test]
fn a_node_that_keeps_no_records_is_asked_once_a_life() {
    let counters = Counters::default();
    let _counted = metrics::set_default_local_recorder(&counters);
    run(async || {
        let (bench, app) = bench().await;
        for life in 1..=2 {
            lost(&bench, &app).await;
            back(&app).await;
            pass(Duration::from_secs(120)).await;
            assert_eq!((asked(&bench.switches[0]), counters.unseen()), (life, None));
        }
        assert!(!stopped(&bench.switches[0]));
        app.silence().await;
    });
}

#[test]
fn a_node_that_never_answers_is_given_up_and_one_that_is_lost_before_is_asked_for_both_times() {
    let counters = Counters::default();
    let _counted = metrics::set_default_local_recorder(&counters);
    run(async || {
        let (bench, app) = bench().await;
        let switch = &bench.switches[0];
        switch.inside().records = Some(vec![vec![record("first", 90, 80), record("second", 40, 30)]]);
        switch.inside().forgets_records = true;
        lost(&bench, &app).await;
        back(&app).await;
        until("the question", || asked(switch) == 1).await;
        // Before it is given up the link is lost again: both times are asked for.
        switch.inside().forgets_records = false;
        lost(&bench, &app).await;
        back(&app).await;
        until("the node is looked back at", || counters.unseen().is_some()).await;
        assert_eq!(counters.unseen(), Some(2));

        // Given up: it is not asked again in this life.
        switch.inside().forgets_records = true;
        lost(&bench, &app).await;
        back(&app).await;
        pass(policy::RECORDS_AFTER + policy::ANSWER + Duration::from_secs(1)).await;
        assert_eq!(asked(switch), 3);
        pass(Duration::from_secs(120)).await;
        assert_eq!((asked(switch), counters.unseen()), (3, Some(2)));
        app.silence().await;
    });
}

#[test]
fn a_node_that_tells_without_end_is_taken_at_its_first_ten_thousand_records() {
    let counters = Counters::default();
    let _counted = metrics::set_default_local_recorder(&counters);
    run(async || {
        let (bench, app) = bench().await;
        let switch = &bench.switches[0];
        let reports = (0..600).map(|n| (0..20).map(|m| record(&format!("{n}.{m}"), 40, 30)).collect());
        switch.inside().records = Some(reports.collect());
        lost(&bench, &app).await;
        back(&app).await;
        until("the node is looked back at", || counters.unseen().is_some()).await;
        assert_eq!(counters.unseen(), Some(policy::NODE_RECORDS as u64));
        until("every report is answered", || switch.inside().reported.len() == 600).await;
        let refused = Message::Failure(Failure::operation("invalidCrossRefID"));
        let refused = switch.inside().reported.iter().filter(|answer| **answer == refused).count();
        assert_eq!(refused, 99, "the last of them are nobody's");
        assert!(stopped(switch));
        app.silence().await;
    });
}

#[test]
fn reports_that_nobody_asked_for_are_refused_and_count_for_nothing() {
    let counters = Counters::default();
    let _counted = metrics::set_default_local_recorder(&counters);
    run(async || {
        let (bench, app) = bench().await;
        let switch = &bench.switches[0];
        let sent = || switch.raw(framed(7, &report(RECORDS, vec![record("c", 40, 30)], true)));
        for answered in 1..=2 {
            sent();
            until("an answer", || switch.inside().reported.len() == answered).await;
            if answered == 1 {
                lost(&bench, &app).await;
                back(&app).await;
            }
        }
        let refused = Message::Failure(Failure::operation("invalidCrossRefID"));
        assert_eq!(switch.inside().reported, [refused.clone(), refused]);
        pass(Duration::from_secs(60)).await;
        assert_eq!(counters.unseen(), None);
        app.silence().await;
    });
}

#[test]
fn a_node_at_which_nothing_is_monitored_is_not_asked() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        bench.switches[0].close();
        until("the return", || bench.switches[0].inside().connections == 2).await;
        pass(Duration::from_secs(60)).await;
        assert_eq!(asked(&bench.switches[0]), 0);
    });
}
