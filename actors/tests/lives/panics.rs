//! A panic costs one life of one thing (of a supervisor: one step), is told by the last word, and
//! is repaired: each kind of actor panics in each of its states, and what applications saw follows.

use std::time::Duration;

use actors::cluster::LinkState;
use actors::device::messages::Action;
use actors::planted::{At, Fault};
use actors::refusal::Refused;
use actors::session::Outcome;
use actors::session::Want;
use actors::session::messages::{MonitorPresence, Poll};
use actors::session_supervisor::FindSession;
use futures_util::future::LocalBoxFuture;
use schemas::csta::message::{Failure, Request};
use schemas::domain::{LegId, LocalState};
use tokio::task::JoinHandle;

use crate::bench::{App, Bench, ceid, line, line_of, pass, rings, run, set, until};
use crate::switch::{PRESENCE, Switch};

/// A command that is under way.
type Command = Option<JoinHandle<Result<(), Refused>>>;

struct Row {
    /// What is going on when the panic comes.
    state: &'static str,
    at: fn() -> At,
    /// Brings it there; the application monitors 1000, another one 1001, a third 1000 of another node.
    before: for<'a> fn(&'a Bench, &'a App) -> LocalBoxFuture<'a, Command>,
    /// Lets go on what was held, at the moment of the panic.
    after: fn(&Switch),
    /// How the command that was under way ends.
    ends: Option<Refused>,
    /// What the application hears, as ever.
    told: &'static [&'static str],
    /// What the application beside it hears, from the beginning.
    beside: &'static [&'static str],
}

const LOST: &str = crate::bench::LOST;
const BACK: &str = crate::bench::BACK;
const OUT: &str = "1000 OUT_OF_SERVICE CONTROLLER_COMMS_FAILED OUT_OF_SERVICE";
const RESTORED: &str = "1000 MONITOR_SET CONTROLLER_COMMS_RESTORED IDLE";
const SET: &str = "1000 MONITOR_SET MONITOR_SET IDLE";
const UNAVAILABLE: &str = "1000 MONITOR_SET MONITOR_SET UNAVAILABLE";
const BESIDE_OUT: &str = "1001 OUT_OF_SERVICE CONTROLLER_COMMS_FAILED OUT_OF_SERVICE";
const BESIDE_RESTORED: &str = "1001 MONITOR_SET CONTROLLER_COMMS_RESTORED IDLE";
const BESIDE: &[&str] = &[LOST, BESIDE_OUT, BACK, BESIDE_RESTORED];
const BESIDE_TWICE: &[&str] = &[LOST, BESIDE_OUT, BACK, LOST, BESIDE_OUT, BACK, BESIDE_RESTORED];
/// The node never answers the monitor that it was asked for first.
const BESIDE_LATE: &[&str] =
    &[LOST, BESIDE_OUT, BACK, "1001 MONITOR_FAILED_EVENT DESTINATION_UNAVAILABLE UNAVAILABLE", BESIDE_RESTORED];
/// Of a loss that was told before the panic, the rest.
const RETURN: &[&str] = &[BACK, RESTORED];

const fn row(state: &'static str, at: fn() -> At) -> Row {
    Row { state, at, before: |_, app| Box::pin(monitored(app)), after: |_| {}, ends: None, told: &[], beside: &[] }
}

fn node() -> At {
    At::Node(ceid(1))
}

fn device() -> At {
    At::Device(line("1000"))
}

fn presence() -> At {
    At::Presence(ceid(1))
}

async fn monitored(app: &App) -> Command {
    app.monitor(line("1000")).await;
    app.events(1).await;
    None
}

async fn leg(app: &App) -> LegId {
    let status = app.monitors.status(line("1000")).await.expect("monitored");
    LegId::new(u64::try_from(status.local_call_id).expect("positive"))
}

/// It rings at 1000.
async fn with_call(bench: &Bench, app: &App) -> Command {
    monitored(app).await;
    let calls = vec![("c1".to_owned(), LocalState::Alerting, LocalState::Connected)];
    bench.switches[0].inside().calls.insert("1000".into(), calls);
    bench.switches[0].ring("1000", "c1");
    app.events(1).await;
    None
}

/// A command is with the node.
async fn commanded(bench: &Bench, app: &App) -> Command {
    with_call(bench, app).await;
    bench.switches[0].inside().forgets_commands = true;
    let (monitors, leg) = (app.monitors.clone(), leg(app).await);
    let command = actix::spawn(async move { monitors.perform(line("1000"), Action::Hold(leg)).await });
    let held = |r: &Request| matches!(r, Request::HoldCall { .. });
    until("the command is out", || bench.switches[0].inside().asked.iter().any(held)).await;
    Some(command)
}

/// The monitor, or the snapshot after it, is asked for and not answered.
async fn asked(bench: &Bench, app: &App, question: fn(&Request) -> bool) -> Command {
    let before = bench.switches[0].inside().asked.len();
    bench.switches[0].inside().slow = true;
    app.monitor(line("1000")).await;
    until("it is asked", || bench.switches[0].inside().asked[before..].iter().any(question)).await;
    None
}

/// The node is lost, and does not come back for now.
async fn lost(bench: &Bench, app: &App) -> Command {
    monitored(app).await;
    bench.switches[0].inside().refuses = true;
    bench.switches[0].close();
    app.events(2).await;
    None
}

/// The node is back, and does not answer what the return asks for.
async fn restoring(bench: &Bench, app: &App) -> Command {
    lost(bench, app).await;
    bench.switches[0].inside().slow = true;
    bench.switches[0].inside().refuses = false;
    app.events(1).await;
    None
}

async fn presence_watched(app: &App) -> Command {
    monitored(app).await;
    app.addr.send(MonitorPresence(ceid(1))).await.expect("lives").expect("accepted");
    app.events(1).await;
    None
}

fn answers(switch: &Switch) {
    let mut inside = switch.inside();
    (inside.slow, inside.muted, inside.hangs, inside.refuses) = (false, false, false, false);
    inside.refuses_monitors = None;
}

fn rows() -> Vec<Row> {
    vec![
        Row { told: &[LOST, OUT, BACK, RESTORED], beside: BESIDE, ..row("a node that is up", node) },
        Row {
            before: |bench, app| Box::pin(commanded(bench, app)),
            ends: Some(Refused::LinkLost),
            told: &[LOST, OUT, BACK, "1000 MONITOR_SET CONTROLLER_COMMS_RESTORED RECEIVED"],
            beside: BESIDE,
            ..row("a node with a command under way", node)
        },
        Row {
            before: |bench, app| Box::pin(asked(bench, app, |r| matches!(r, Request::MonitorStart { .. }))),
            after: answers,
            told: &[UNAVAILABLE, LOST, OUT, BACK, RESTORED],
            beside: BESIDE,
            ..row("a node that starts a monitor", node)
        },
        Row {
            before: |bench, app| Box::pin(restoring(bench, app)),
            after: answers,
            told: &[LOST, OUT, BACK, RESTORED],
            beside: BESIDE_TWICE,
            ..row("a node that restores monitors", node)
        },
        Row {
            before: |bench, app| {
                Box::pin(async {
                    lost(bench, app).await;
                    bench.switches[0].inside().hangs = true;
                    pass(Duration::from_secs(3)).await;
                    None
                })
            },
            after: answers,
            told: RETURN,
            beside: BESIDE,
            ..row("a node that is being connected, or waits for the next attempt", node)
        },
        Row {
            before: |bench, app| {
                Box::pin(async {
                    lost(bench, app).await;
                    (bench.switches[0].inside().muted, bench.switches[0].inside().refuses) = (true, false);
                    bench.link(1, LinkState::Initializing).await;
                    None
                })
            },
            after: answers,
            told: RETURN,
            beside: BESIDE,
            ..row("a node that associates", node)
        },
        Row { told: &[SET], ..row("a device that is monitored", device) },
        Row {
            before: |bench, app| Box::pin(asked(bench, app, |r| matches!(r, Request::MonitorStart { .. }))),
            after: answers,
            told: &[SET],
            ..row("a device whose monitor starts", device)
        },
        Row {
            before: |bench, app| {
                Box::pin(async {
                    monitored(app).await;
                    bench.switches[0].inside().slow = true;
                    let before = bench.switches[0].inside().asked.len();
                    let snapshot = |r: &Request| matches!(r, Request::SnapshotDevice { .. });
                    let asked =
                        || bench.switches[0].inside().asked[before..].iter().filter(|r| snapshot(r)).count() > 0;
                    // The audit of a device without a call.
                    pass(Duration::from_secs(700)).await;
                    assert!(asked());
                    None
                })
            },
            after: answers,
            told: &[SET],
            ..row("a device that is looked at", device)
        },
        Row {
            before: |bench, app| Box::pin(with_call(bench, app)),
            told: &["1000 MONITOR_SET MONITOR_SET RECEIVED"],
            ..row("a device with a call", device)
        },
        Row {
            before: |bench, app| {
                Box::pin(async {
                    with_call(bench, app).await;
                    // It ends, and the event is on its way to the life that panics.
                    bench.switches[0].inside().calls.clear();
                    None
                })
            },
            told: &[SET, "1000 CALL_CLEAR OTHER_DEVICE_CLEARED IDLE"],
            ..row("a device whose call ends meanwhile", device)
        },
        Row {
            before: |bench, app| Box::pin(commanded(bench, app)),
            ends: Some(Refused::Lost),
            told: &["1000 MONITOR_SET MONITOR_SET RECEIVED"],
            ..row("a device with a command under way", device)
        },
        Row {
            before: |bench, app| {
                Box::pin(async {
                    bench.switches[0].inside().refuses_monitors =
                        Some(Failure::operation("privilegeViolationSpecifiedDevice"));
                    monitored(app).await
                })
            },
            after: answers,
            told: &[SET],
            ..row("a device whose monitor was refused", device)
        },
        Row {
            before: |bench, app| Box::pin(lost(bench, app)),
            after: answers,
            told: &[UNAVAILABLE, OUT, BACK, RESTORED],
            beside: BESIDE,
            ..row("a device whose node is down", device)
        },
        Row {
            before: |bench, app| Box::pin(restoring(bench, app)),
            after: answers,
            told: &[SET],
            beside: BESIDE_LATE,
            ..row("a device that is being restored", device)
        },
        Row {
            before: |_, app| Box::pin(presence_watched(app)),
            told: &["NODE 1 PRG_MONITOR_SET_EVENT MONITOR_SET IDLE"],
            ..row("a node's monitor of presence", presence)
        },
        Row {
            before: |bench, app| {
                Box::pin(async {
                    presence_watched(app).await;
                    bench.switches[0].inside().refuses = true;
                    bench.switches[0].close();
                    app.events(3).await;
                    None
                })
            },
            after: answers,
            told: &[
                "NODE 1 PRG_MONITOR_SET_EVENT MONITOR_SET UNAVAILABLE",
                "NODE 1 OUT_OF_SERVICE CONTROLLER_COMMS_FAILED OUT_OF_SERVICE",
                BACK,
                "NODE 1 PRG_MONITOR_SET_EVENT CONTROLLER_COMMS_RESTORED IDLE",
                RESTORED,
            ],
            beside: BESIDE,
            ..row("a monitor of presence whose node is down", presence)
        },
    ]
    .into_iter()
    .chain([|| At::NodeSupervisor, || At::DeviceSupervisor, || At::SessionSupervisor].into_iter().flat_map(supervisor))
    .collect()
}

/// A supervisor goes on, whatever it supervises at the moment.
fn supervisor(at: fn() -> At) -> [Row; 4] {
    [
        row("a supervisor while all is well", at),
        Row {
            before: |bench, app| Box::pin(lost(bench, app)),
            after: answers,
            told: RETURN,
            beside: BESIDE,
            ..row("a supervisor while a node is down", at)
        },
        Row {
            before: |bench, app| Box::pin(restoring(bench, app)),
            after: answers,
            told: &["1000 MONITOR_FAILED_EVENT DESTINATION_UNAVAILABLE UNAVAILABLE", RESTORED],
            beside: BESIDE_LATE,
            ..row("a supervisor while a node is restored", at)
        },
        Row {
            before: |bench, app| {
                Box::pin(async {
                    monitored(app).await;
                    bench.switches[0].close();
                    None
                })
            },
            told: &[LOST, OUT, BACK, RESTORED],
            beside: BESIDE,
            ..row("a supervisor while a loss is told", at)
        },
    ]
}

#[test]
fn a_panic_of_each_actor_in_each_state_is_repaired_and_disturbs_nobody_else() {
    for row in rows() {
        run(async || {
            let bench = Bench::start(2, 10).await;
            let (app, beside, far) = (bench.app().await, bench.app().await, bench.app().await);
            bench.switches[0].inside().private = true;
            beside.monitor(line("1001")).await;
            far.monitor(line_of(2, "1000")).await;
            beside.events(1).await;
            far.events(1).await;
            let command = (row.before)(&bench, &app).await;
            let at = (row.at)();
            (row.after)(&bench.switches[0]);
            bench.tree.panic(at).await;
            let state = format!("{at:?}, {}", row.state);
            assert_eq!(app.told_until_silent(20_000).await, row.told, "{state}");
            assert_eq!(beside.told_until_silent(1).await, row.beside, "{state}: beside");
            if let Some(command) = command {
                assert_eq!(command.await.expect("no panic").err(), row.ends, "{state}");
            }
            // All is as before: one monitor each, and each event is told once.
            for dn in ["1000", "1001"] {
                until(&format!("{state}: one monitor"), || bench.switches[0].monitors_of(dn) == 1).await;
                bench.switches[0].ring(dn, "after");
            }
            bench.switches[1].ring("1000", "after");
            assert_eq!(app.told_until_silent(1_000).await, [rings("1000")], "{state}");
            assert_eq!(beside.told_until_silent(1).await, [rings("1001")], "{state}");
            assert_eq!(far.told_until_silent(1).await, [rings("1000")], "{state}: at another node");
            assert_eq!(bench.switches[1].inside().connections, 1, "{state}");
            assert!(bench.switches[0].monitors_of(PRESENCE) <= 1, "{state}");
        });
    }
}

#[test]
fn a_device_that_panics_has_a_next_life_with_the_same_leg_ids() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        with_call(&bench, &app).await;
        let before = leg(&app).await;
        bench.tree.panic(device()).await;
        app.events(1).await;
        assert_eq!(leg(&app).await, before);
    });
}

#[test]
fn a_device_that_panics_again_and_again_is_begun_after_longer_and_longer_pauses() {
    run(async || {
        let bench = Bench::start_planted(2, Fault::SnapshotPanics).await;
        let (app, beside) = (bench.app().await, bench.app().await);
        beside.monitor(line("1001")).await;
        beside.events(1).await;
        app.monitor(line("1000")).await;
        pass(Duration::from_secs(60)).await;
        let starts = |dn: &str| {
            let start = |r: &Request| matches!(r, Request::MonitorStart { device } if device.number == dn);
            bench.switches[0].inside().asked.iter().filter(|r| start(r)).count()
        };
        // At once, after 0.5, 1, 2, 4 s, and then each 5 s.
        assert!((10..=25).contains(&starts("1000")), "{}", starts("1000"));
        assert_eq!(starts("1001"), 1);
        bench.switches[0].ring("1001", "c1");
        assert_eq!(beside.told_until_silent(1_000).await, [rings("1001")]);
        app.stop_monitor(line("1000")).await;
        let tried = starts("1000");
        pass(Duration::from_secs(60)).await;
        assert_eq!(starts("1000"), tried, "nobody watches it");
    });
}

/// What a session does when it panics.
const SESSIONS: [&str; 4] = ["nothing to read", "unread events", "a held poll", "an answer on its way"];

#[test]
fn a_session_that_panics_ends_its_polls_and_its_monitors_and_no_other_session() {
    for state in SESSIONS {
        run(async || {
            let bench = Bench::start(1, 10).await;
            let (broken, other) = (bench.app().await, bench.app().await);
            broken.monitor(line("1000")).await;
            broken.monitor(line("1001")).await;
            other.monitor(line("1001")).await;
            other.events(1).await;
            if state != "unread events" {
                broken.events(2).await;
            }
            let poll = || Poll { want: Want::Next(actors::event::Form::Standard), timeout_ms: 60_000 };
            let held = match state {
                "a held poll" => Some(broken.addr.send(poll()).await.expect("lives").expect("accepted")),
                "an answer on its way" => {
                    let held = broken.addr.send(poll()).await.expect("lives").expect("accepted");
                    bench.switches[0].ring("1000", "c1");
                    let (outcome, receipt) = held.outcome().await;
                    assert!(matches!(outcome, Outcome::Event(3, _)));
                    let next = broken.addr.send(poll()).await.expect("lives").expect("accepted");
                    drop(receipt);
                    Some(next)
                }
                _ => None,
            };
            bench.tree.panic(At::Session(broken.id)).await;
            if let Some(held) = held {
                let ended = held.outcome().await.0;
                assert!(ended == Outcome::Ended || state == "an answer on its way", "{state}: {ended:?}");
            }
            until("the session is gone", || bench.tree.sessions.find(broken.id).is_none()).await;
            until("its monitor is stopped", || bench.switches[0].monitors_of("1000") == 0).await;
            assert_eq!(bench.switches[0].monitors_of("1001"), 1, "{state}");
            bench.switches[0].ring("1001", "c1");
            assert_eq!(other.told_until_silent(1_000).await, [rings("1001")], "{state}");
            // The application logs in again.
            let again = bench.app().await;
            again.monitor(line("1002")).await;
            assert_eq!(again.events(1).await, [set("1002")], "{state}");
        });
    }
}

#[test]
fn a_life_that_is_over_and_heard_last_lets_go_nothing_of_the_present_one() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        // While the monitor starts, and when it is there.
        bench.switches[0].inside().forgets_monitors = true;
        app.monitor(line("1000")).await;
        let switch = bench.switches[0].clone();
        let asked = || switch.inside().asked.iter().any(|request| matches!(request, Request::MonitorStart { .. }));
        until("the monitor is asked for", asked).await;
        bench.tree.let_go_late(line("1000")).await;
        bench.switches[0].inside().forgets_monitors = false;
        assert_eq!(
            app.events(2).await,
            ["1000 MONITOR_FAILED_EVENT DESTINATION_UNAVAILABLE UNAVAILABLE".to_owned(), RESTORED.to_owned()],
            "that it was not answered is told, and it is asked for again"
        );
        bench.tree.let_go_late(line("1000")).await;
        bench.switches[0].ring("1000", "c1");
        assert_eq!(app.events(1).await, [rings("1000")]);
        assert_eq!(bench.switches[0].inside().monitors.len(), 1);
    });
}
