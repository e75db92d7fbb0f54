//! Nodes that behave badly: silent, full, overloaded, changed, flooding. Each is slowed or left aside by itself;
//! what other nodes tell is told as ever.

use std::time::Duration;

use actix::{Actor, Context, Handler};
use actors::device_supervisor::BeginWatch;
use actors::event::{Deliver, Topics};
use actors::policy;
use actors::session::Outcome;
use actors::standing::{Service, Standing};
use schemas::csta::message::{Failure, Request, SystemStatus};
use schemas::domain::{LocalState, SessionId};

use crate::bench::{App, BACK, Bench, LOST, line, line_of, out_of_service, pass, restored, rings, run, until};
use crate::switch::Switch;

fn starts(switch: &Switch) -> usize {
    switch.inside().asked.iter().filter(|r| matches!(r, Request::MonitorStart { .. })).count()
}

fn no_room() -> Failure {
    Failure { category: "systemResourceAvailibility".into(), value: "overallMonitorLimitExceeded".into() }
}

/// An application that watches another node hears it as ever.
async fn undisturbed(bench: &Bench, other: &App) {
    bench.switches[1].ring("1000", "far");
    assert_eq!(other.told_until_silent(1_000).await, [rings("1000")]);
    assert_eq!(bench.switches[1].inside().connections, 1);
}

async fn bench() -> (Bench, App, App) {
    let bench = Bench::start(2, 10).await;
    let (app, other) = (bench.app().await, bench.app().await);
    other.monitor(line_of(2, "1000")).await;
    other.events(1).await;
    (bench, app, other)
}

#[test]
fn a_node_that_falls_silent_is_lost_by_itself() {
    run(async || {
        let (bench, app, other) = bench().await;
        app.monitor(line("1000")).await;
        app.events(1).await;
        bench.switches[0].inside().muted = true;
        assert_eq!(app.events(2).await, [LOST.to_owned(), out_of_service("1000")]);
        undisturbed(&bench, &other).await;
        bench.switches[0].inside().muted = false;
        assert_eq!(app.events(2).await, [BACK.to_owned(), restored("1000")]);
    });
}

#[test]
fn a_node_without_room_for_monitors_is_asked_for_one_at_a_time_until_it_has_some() {
    const PHONES: usize = 400;
    run(async || {
        let (bench, app, other) = bench().await;
        bench.switches[0].inside().refuses_monitors = Some(no_room());
        let phones = || (3000..).take(PHONES).map(|dn: u32| dn.to_string());
        for dn in phones() {
            app.monitor(line(&dn)).await;
        }
        pass(Duration::from_secs(60)).await;
        let tries = 60 / policy::REARM.as_secs() as usize + 2;
        assert!(starts(&bench.switches[0]) <= policy::NODE_WINDOW + tries, "{}", starts(&bench.switches[0]));
        let told = app.told_until_silent(1_000).await;
        assert_eq!(told.len(), PHONES, "each is told once: {told:?}");
        assert!(told.iter().all(|told| told.ends_with("MONITOR_FAILED_EVENT DESTINATION_UNAVAILABLE UNAVAILABLE")));
        undisturbed(&bench, &other).await;
        bench.switches[0].inside().refuses_monitors = None;
        let mut told = app.events(PHONES).await;
        told.sort();
        assert_eq!(told, phones().map(|dn| restored(&dn)).collect::<Vec<_>>());
    });
}

#[test]
fn an_overloaded_node_is_restored_slowly_until_it_is_relieved() {
    const PHONES: u32 = 200;
    run(async || {
        let (bench, app, other) = bench().await;
        for dn in (3000..).take(PHONES as usize) {
            app.monitor(line(&u32::to_string(&dn))).await;
        }
        app.events(PHONES as usize).await;
        bench.switches[0].close();
        app.events(1 + PHONES as usize).await;
        assert_eq!(app.events(1).await, [BACK]);
        bench.switches[0].say(SystemStatus::OverloadReached);
        pass(Duration::from_millis(100)).await; // what was on its way
        let before = starts(&bench.switches[0]);
        pass(Duration::from_secs(2)).await;
        let slowly = starts(&bench.switches[0]) - before;
        // Ten a second, in twos; without the overload all would stand by now.
        assert!((16..=24).contains(&slowly), "{slowly} in 2 s");
        undisturbed(&bench, &other).await;
        bench.switches[0].say(SystemStatus::OverloadRelieved);
        app.events(PHONES as usize).await;
        assert_eq!(bench.switches[0].inside().monitors.len(), PHONES as usize);
    });
}

#[test]
fn a_node_that_returns_with_other_numbers_tells_which_are_gone() {
    run(async || {
        let (bench, app, other) = bench().await;
        for dn in ["1000", "1001"] {
            app.monitor(line(dn)).await;
        }
        app.events(2).await;
        bench.switches[0].inside().numbers = vec!["1001", "7000"];
        bench.switches[0].close();
        assert_eq!(app.events(3).await, [LOST.to_owned(), out_of_service("1000"), out_of_service("1001")]);
        let mut told = app.told_until_silent(20_000).await;
        told.sort();
        let gone = "1000 MONITOR_FAILED_EVENT DESTINATION_UNAVAILABLE UNAVAILABLE".to_owned();
        assert_eq!(told, [gone, restored("1001"), BACK.to_owned()]);
        let has = |dn: &str| bench.tree.env.cluster.has(line("1000").ceid(), dn.parse().expect("a DN"));
        assert_eq!((has("1000"), has("1001"), has("7000")), (Some(false), Some(true), Some(true)));
        undisturbed(&bench, &other).await;
    });
}

#[test]
fn a_node_that_returns_with_other_call_ids_has_other_calls() {
    run(async || {
        let (bench, app, other) = bench().await;
        app.monitor(line("1000")).await;
        app.events(1).await;
        let call = |id: &str| vec![(id.to_owned(), LocalState::Alerting, LocalState::Connected)];
        bench.switches[0].inside().calls.insert("1000".into(), call("c1"));
        bench.switches[0].ring("1000", "c1");
        app.events(1).await;
        let before = app.monitors.status(line("1000")).await.expect("monitored").local_call_id;
        bench.switches[0].inside().calls.insert("1000".into(), call("another"));
        bench.switches[0].close();
        app.events(3).await;
        assert_eq!(
            app.told_until_silent(20_000).await,
            [
                "1000 MONITOR_SET CONTROLLER_COMMS_RESTORED RECEIVED",
                "1000 CALL_RECEIVED NEW_CALL RECEIVED",
                "1000 CALL_CLEAR OTHER_DEVICE_CLEARED IDLE",
            ]
        );
        let after = app.monitors.status(line("1000")).await.expect("monitored").local_call_id;
        assert_ne!(after, before, "an id is never used again");
        undisturbed(&bench, &other).await;
    });
}

/// Hears, and does not get on with what it heard: as a thread would that is far behind.
#[derive(Default)]
struct Behind {
    events: usize,
    kept: Vec<Deliver>,
    gets_on: bool,
}

impl Actor for Behind {
    type Context = Context<Self>;
}

impl Handler<Deliver> for Behind {
    type Result = ();

    fn handle(&mut self, deliver: Deliver, _: &mut Self::Context) {
        match deliver {
            Deliver::One(_) => self.events += 1,
            Deliver::Many(events) => self.events += events.len(),
            settled @ Deliver::Settled(_) if !self.gets_on => self.kept.push(settled),
            Deliver::Settled(_) => {}
        }
    }
}

#[derive(actix::Message)]
#[rtype(result = "usize")]
struct GetOn(bool);

impl Handler<GetOn> for Behind {
    type Result = usize;

    fn handle(&mut self, GetOn(now): GetOn, _: &mut Self::Context) -> usize {
        if now {
            self.gets_on = true;
            self.kept.clear();
        }
        self.events
    }
}

#[test]
fn a_node_that_floods_is_read_no_faster_than_its_events_come_into_the_logs() {
    const FLOOD: usize = 20_000;
    run(async || {
        let (bench, app, other) = bench().await;
        app.monitor(line("1000")).await;
        app.events(1).await;
        let behind = Behind::default().start();
        let watch = BeginWatch {
            object: line("1000"),
            session: SessionId::from_random(1),
            deliver: behind.clone().recipient(),
            standing: Standing::new(Service::Standard),
            topics: Topics::CALLS,
        };
        bench.tree.device_supervisor.send(watch).await.expect("lives").expect("watched");
        for n in 0..FLOOD {
            bench.switches[0].ring("1000", &format!("c{}", n % 50));
        }
        pass(Duration::from_secs(1)).await;
        let heard = behind.send(GetOn(false)).await.expect("lives");
        // What was read in one go may be some more.
        assert!((policy::NODE_AHEAD..policy::NODE_AHEAD * 2).contains(&heard), "{heard} of {FLOOD} wait for it");
        undisturbed(&bench, &other).await;
        behind.send(GetOn(true)).await.expect("lives");
        pass(Duration::from_secs(30)).await;
        assert_eq!(behind.send(GetOn(false)).await.expect("lives"), FLOOD + 1, "none was lost on the way");
        // The application did not read; its log has its bound, and the gap is told.
        assert!(matches!(app.poll(1).await, Outcome::Discarded(..)));
        assert_eq!(bench.switches[0].inside().connections, 1);
        app.monitor(line("1001")).await;
        until("commands are done", || bench.switches[0].monitors_of("1001") == 1).await;
    });
}
