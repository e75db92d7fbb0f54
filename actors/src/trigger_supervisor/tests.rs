//! Triggers with a log in memory and a clock that stands still: what a session is told, over lives of its triggers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix::System;
use futures_util::FutureExt as _;
use schemas::data::{Form, Row, form};
use schemas::domain::Ceid;
use serde_json::json;

use super::*;
use crate::session_supervisor::SessionTable;
use crate::trigger::messages::After;

struct Log {
    changes: Mutex<Vec<Logged>>,
    newest: watch::Sender<u64>,
    /// How often it was read, and how many changes that were.
    reads: AtomicUsize,
    read: AtomicUsize,
}

impl Log {
    fn new() -> Arc<Self> {
        let newest = watch::Sender::new(0);
        Arc::new(Self { changes: Mutex::default(), newest, reads: AtomicUsize::new(0), read: AtomicUsize::new(0) })
    }

    fn grow(&self, numbers: &[u64]) {
        self.grow_at(1, numbers);
    }

    fn grow_at(&self, node: u16, numbers: &[u64]) {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.extend(numbers.iter().map(|number| Logged {
            number: *number,
            ceid: Ceid::new(node).expect("a CEID"),
            form: groups(),
            before: None,
            after: Some(group(*number)),
            at_ms: 0,
        }));
        self.newest.send_replace(*numbers.last().expect("some"));
    }
}

impl ChangeLog for Log {
    fn after(&self, number: u64, most: usize) -> BoxFuture<'static, Result<Vec<Logged>, LogFault>> {
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let after: Vec<_> = changes.iter().filter(|change| change.number > number).take(most).cloned().collect();
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.read.fetch_add(after.len(), Ordering::Relaxed);
        std::future::ready(Ok(after)).boxed()
    }

    fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    fn pruned(&self) -> u64 {
        0
    }

    fn keep(&self, _: SessionId, _: Subscription) -> BoxFuture<'static, Result<(), LogFault>> {
        std::future::ready(Ok(())).boxed()
    }

    fn forget(&self, _: u64) -> BoxFuture<'static, Result<(), LogFault>> {
        std::future::ready(Ok(())).boxed()
    }
}

fn groups() -> &'static Form {
    form("personal_ring_groups").expect("a form")
}

fn group(number: u64) -> Row {
    groups().read(&json!({ "number": number.to_string(), "one_busy_all_busy": false })).expect("a row")
}

fn session() -> SessionId {
    SessionId::from_random(7)
}

fn wants(id: u64, after: u64) -> Subscription {
    Subscription { id, ceid: None, form: groups(), columns: Vec::new(), filter: None, condition: None, after }
}

struct Bench {
    log: Arc<Log>,
    supervisor: Addr<TriggerSupervisor>,
}

impl Bench {
    fn start(log: Arc<Log>, kept: Vec<(SessionId, Subscription)>) -> Self {
        let arbiters = Arbiters::new(vec![actix::Arbiter::current()]).expect("one");
        let new = TriggerSupervisor::new(log.clone(), Arc::new(SessionTable::default()), arbiters, kept);
        Self { log, supervisor: TriggerSupervisor::create(new) }
    }

    async fn begin(&self, id: u64, after: u64) {
        let begin = Begin { session: session(), subscription: wants(id, after) };
        self.supervisor.send(begin).await.expect("it lives").expect("there is room");
    }

    /// Number and trigger of each event after a number.
    async fn told(&self, after: u64, most: usize, wait: Duration) -> (Vec<(u64, u64)>, u64) {
        let log: Arc<dyn ChangeLog> = self.log.clone();
        let found = events(&self.supervisor, &log, session(), after, most, wait).await.expect("the log is read");
        (found.events.iter().map(|event| (event.change.number, event.subscription.id)).collect(), found.up_to)
    }
}

fn run(test: impl AsyncFnOnce()) {
    let system = System::with_tokio_rt(|| {
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
    });
    system.block_on(test());
}

#[test]
fn a_session_hears_its_triggers_in_order_and_a_change_of_two_with_one_number() {
    run(async || {
        let bench = Bench::start(Log::new(), Vec::new());
        bench.begin(1, 0).await;
        bench.begin(2, 2).await;
        let log = bench.log.clone();
        actix::spawn(async move { log.grow(&[1, 2, 3, 5]) });
        let wait = Duration::from_secs(1);
        let mut heard = Vec::new();
        let mut after = 0;
        while heard.len() < 6 {
            let (events, up_to) = bench.told(after, 1, wait).await;
            assert!(up_to > after, "it goes on after {heard:?}");
            heard.extend(events);
            after = up_to;
        }
        assert_eq!(heard, [(1, 1), (2, 1), (3, 1), (3, 2), (5, 1), (5, 2)]);
        assert_eq!(bench.told(5, 10, Duration::from_millis(10)).await, (vec![], 5));
    });
}

#[test]
fn what_was_before_a_life_is_sifted_out_of_the_log_and_what_comes_meanwhile_with_it() {
    run(async || {
        let log = Log::new();
        log.grow(&[1, 2, 3]);
        let bench = Bench::start(log, vec![(session(), wants(1, 1))]);
        assert_eq!(bench.told(0, 10, Duration::ZERO).await, (vec![(2, 1), (3, 1)], 3));
        bench.log.grow(&[4, 6]);
        let (heard, up_to) = bench.told(0, 10, Duration::ZERO).await;
        assert_eq!((heard, up_to), (vec![(2, 1), (3, 1), (4, 1), (6, 1)], 6));
        assert_eq!(bench.told(2, 1, Duration::from_secs(1)).await, (vec![(3, 1)], 3), "as many as are wanted");
    });
}

#[test]
fn a_long_log_with_little_for_a_session_is_looked_at_in_few_reads_and_once_for_all_its_triggers() {
    const LONG: u64 = 5_000;
    run(async || {
        let log = Log::new();
        log.grow(&(1..=LONG).collect::<Vec<_>>());
        log.grow_at(2, &[LONG + 1, LONG + 2]);
        let of_node_2 = |id| Subscription { ceid: Ceid::new(2).ok(), ..wants(id, 0) };
        let kept = (1..=5).map(|id| (session(), of_node_2(id))).collect();
        let bench = Bench::start(log, kept);
        let (heard, up_to) = bench.told(0, 1, Duration::ZERO).await;
        assert_eq!((heard, up_to), ((1..=5).map(|id| (LONG + 1, id)).collect(), LONG + 1));
        let (reads, read) = (bench.log.reads.load(Ordering::Relaxed), bench.log.read.load(Ordering::Relaxed) as u64);
        let most = LONG as usize / policy::TRIGGER_FEED + policy::TRIGGER_FEED.ilog2() as usize + 2;
        assert!(reads <= most && read <= LONG + 2, "{read} changes in {reads} reads, {most} would do");
    });
}

#[test]
fn of_a_log_that_is_all_for_a_session_no_more_is_read_than_it_wants() {
    run(async || {
        let log = Log::new();
        log.grow(&(1..=100).collect::<Vec<_>>());
        let bench = Bench::start(log, vec![(session(), wants(1, 0))]);
        for number in 1..=100 {
            assert_eq!(bench.told(number - 1, 1, Duration::ZERO).await, (vec![(number, 1)], number));
        }
        assert_eq!(bench.log.read.load(Ordering::Relaxed), 100);
    });
}

#[test]
fn of_a_part_with_more_than_is_wanted_the_rest_comes_next() {
    run(async || {
        let log = Log::new();
        log.grow(&(1..=6).collect::<Vec<_>>());
        log.grow_at(2, &[7, 8, 9, 10]);
        let kept = vec![(session(), Subscription { ceid: Ceid::new(2).ok(), ..wants(1, 0) }), (session(), wants(2, 8))];
        let bench = Bench::start(log, kept);
        let (mut heard, mut after) = (Vec::new(), 0);
        while after < 10 {
            let (events, up_to) = bench.told(after, 1, Duration::ZERO).await;
            assert!(events.len() <= 2 && up_to > after, "{events:?} up to {up_to} after {after}");
            heard.extend(events);
            after = up_to;
        }
        assert_eq!(heard, [(7, 1), (8, 1), (9, 1), (9, 2), (10, 1), (10, 2)]);
    });
}

#[test]
fn a_trigger_that_died_begins_anew_and_loses_nothing() {
    run(async || {
        let bench = Bench::start(Log::new(), Vec::new());
        bench.begin(1, 0).await;
        bench.log.grow(&[1]);
        assert_eq!(bench.told(0, 10, Duration::from_secs(1)).await.0, [(1, 1)]);
        let of = bench.supervisor.send(Of(session())).await.expect("it lives").expect("the session has one");
        let (_, first) = of.triggers.into_iter().next().expect("one");
        first.do_send(crate::trigger::messages::Panic);
        bench.log.grow(&[2, 3]);
        while first.connected() {
            tokio::task::yield_now().await;
        }
        let mut heard = Vec::new();
        while heard.len() < 3 {
            heard = bench.told(0, 10, Duration::from_secs(1)).await.0;
        }
        assert_eq!(heard, [(1, 1), (2, 1), (3, 1)]);
        assert!(first.send(After { number: 0, most: 1 }).await.is_err(), "the first life is over");
    });
}

#[test]
fn while_a_trigger_is_dead_nothing_is_told_beyond_what_it_has_looked_at() {
    run(async || {
        let bench = Bench::start(Log::new(), Vec::new());
        bench.begin(1, 0).await;
        bench.begin(2, 0).await;
        bench.log.grow(&[1]);
        assert_eq!(bench.told(0, 10, Duration::from_secs(1)).await.0, [(1, 1), (1, 2)]);
        let mut of = bench.supervisor.send(Of(session())).await.expect("it lives").expect("the session has two");
        of.told.mark_unchanged();
        let first = of.triggers.iter().find(|(subscription, _)| subscription.id == 1).expect("there").1.clone();
        first.do_send(crate::trigger::messages::Panic);
        while first.connected() {
            tokio::task::yield_now().await;
        }
        // As they were when the first died: the second's change is not told before the first's.
        let log: Arc<dyn ChangeLog> = bench.log.clone();
        let found = events::collect(&of, &log, 0, 10, 10).await.expect("read");
        assert_eq!((found.events, found.up_to), (Vec::new(), 0));
        of.told.changed().await.expect("it is begun anew");
        assert_eq!(bench.told(0, 10, Duration::from_secs(1)).await.0, [(1, 1), (1, 2)]);
    });
}

#[test]
fn a_session_that_is_gone_has_no_triggers_any_more_and_one_may_not_have_too_many() {
    run(async || {
        let bench = Bench::start(Log::new(), Vec::new());
        for id in 1..=policy::SESSION_TRIGGERS as u64 {
            bench.begin(id, 0).await;
        }
        let begin = Begin { session: session(), subscription: wants(9_999, 0) };
        let refused = bench.supervisor.send(begin).await.expect("it lives");
        assert_eq!(refused, Err(NoTrigger::TooMany(policy::SESSION_TRIGGERS)));
        assert_eq!(bench.supervisor.send(Stop { session: session(), id: 1 }).await, Ok(true));
        assert_eq!(bench.supervisor.send(Stop { session: session(), id: 1 }).await, Ok(false));
        // Nobody is logged in here.
        tokio::time::sleep(policy::TRIGGER_SWEEP * 2).await;
        assert!(bench.supervisor.send(Of(session())).await.expect("it lives").is_none());
    });
}
