//! The monitor of presence in the groups of a node: its lives, what it tells after a loss, and the members' own monitors.

use actors::refusal::Refused;
use actors::session::messages::{MonitorFeatures, MonitorPresence, StopPresenceMonitor};
use schemas::csta::message::Failure;

use crate::bench::{App, BACK, Bench, LOST, ceid, line, out_of_service, restored, run, set, until};
use crate::switch::{PRESENCE, Switch};

const SET: &str = "NODE 1 PRG_MONITOR_SET_EVENT MONITOR_SET IDLE";
const BACK_AGAIN: &str = "NODE 1 PRG_MONITOR_SET_EVENT CONTROLLER_COMMS_RESTORED IDLE";
const OUT: &str = "NODE 1 OUT_OF_SERVICE CONTROLLER_COMMS_FAILED OUT_OF_SERVICE";

async fn watch(app: &App) {
    app.addr.send(MonitorPresence(ceid(1))).await.expect("lives").expect("accepted");
}

async fn unwatch(app: &App) -> Result<(), Refused> {
    app.addr.send(StopPresenceMonitor(ceid(1))).await.expect("lives")
}

/// A node that knows our private data.
async fn bench() -> Bench {
    let switch = Switch::default();
    switch.inside().private = true;
    let bench = Bench::begin(vec![switch], 10);
    bench.link(1, actors::cluster::LinkState::Connected).await;
    bench
}

fn change(kind: &str, member: &str) -> String {
    format!("NODE {member} {kind} 1000")
}

#[test]
fn one_monitor_serves_all_who_watch_and_ends_with_the_last() {
    run(async || {
        let bench = bench().await;
        let apps = [bench.app().await, bench.app().await];
        for app in &apps {
            watch(app).await;
            assert_eq!(app.events(1).await, [SET]);
        }
        assert_eq!(bench.switches[0].monitors_of(PRESENCE), 1);
        bench.switches[0].set_present("1000", "1001", false);
        for app in &apps {
            assert_eq!(app.events(1).await, [change("LEAVE_GROUP", "1001")]);
        }
        for app in &apps {
            assert_eq!(bench.switches[0].monitors_of(PRESENCE), 1);
            unwatch(app).await.expect("watched");
        }
        until("the monitor is stopped", || bench.switches[0].monitors_of(PRESENCE) == 0).await;
    });
}

#[test]
fn what_changed_while_the_link_was_lost_is_told_after_the_return() {
    run(async || {
        let bench = bench().await;
        let app = bench.app().await;
        watch(&app).await;
        assert_eq!(app.events(1).await, [SET]);
        bench.switches[0].set_present("1000", "1001", false);
        assert_eq!(app.events(1).await, [change("LEAVE_GROUP", "1001")]);
        bench.switches[0].close();
        bench.switches[0].set_present("1000", "1001", true);
        bench.switches[0].set_present("1000", "1002", false);
        let mut told = app.events(5).await;
        assert_eq!(told[..4], [LOST, OUT, BACK, BACK_AGAIN]);
        told.extend(app.events(1).await);
        assert_eq!(told[4..], [change("LEAVE_GROUP", "1002"), change("JOIN_GROUP", "1001")]);
        app.silence().await;
    });
}

#[test]
fn a_node_that_refuses_or_does_not_know_it_is_told_so_and_may_be_asked_again() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        watch(&app).await;
        assert_eq!(app.events(1).await, ["NODE 1 PRG_MONITOR_FAILED_EVENT DESTINATION_UNAVAILABLE UNAVAILABLE"]);
        bench.switches[0].inside().private = true;
        bench.switches[0].inside().refuses_monitors = Some(Failure::operation("privilegeViolationSpecifiedDevice"));
        watch(&app).await;
        // What it was told before is told again at once, and then what the node says now.
        let told = app.events(1).await;
        assert_eq!(told, ["NODE 1 PRG_MONITOR_FAILED_EVENT PRIVILEGE_VIOLATION UNAVAILABLE"]);
        bench.switches[0].inside().refuses_monitors = None;
        watch(&app).await;
        assert_eq!(app.events(1).await, [SET]);
    });
}

/// A monitor of the member's features hears of the member alone.
#[test]
fn a_member_is_told_at_its_own_monitor_of_features() {
    run(async || {
        let bench = bench().await;
        let app = bench.app().await;
        app.addr.send(MonitorFeatures(line("1001"))).await.expect("lives").expect("accepted");
        until("it is monitored", || bench.switches[0].monitors_of("1001") == 1).await;
        app.silence().await;
        bench.switches[0].set_present("1000", "1001", false);
        bench.switches[0].set_present("1000", "1001", false);
        bench.switches[0].set_present("1000", "1002", false);
        bench.switches[0].set_present("1000", "1001", true);
        assert_eq!(app.events(2).await, ["OWN 1001 LEAVE_GROUP 1000", "OWN 1001 JOIN_GROUP 1000"]);
        app.silence().await;
    });
}

#[cfg(feature = "planted-faults")]
#[test]
fn a_monitor_that_panics_has_a_next_life_that_knows_who_was_absent() {
    run(async || {
        let bench = bench().await;
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        watch(&app).await;
        let mut told = app.events(2).await;
        told.sort();
        assert_eq!(told, [set("1000"), SET.to_owned()]);
        bench.switches[0].set_present("1000", "1001", false);
        assert_eq!(app.events(1).await, [change("LEAVE_GROUP", "1001")]);
        bench.tree.panic(actors::planted::At::Presence(ceid(1))).await;
        assert_eq!(app.events(1).await, [SET]);
        app.silence().await; // who is absent was known
        until("the first monitor is stopped", || bench.switches[0].monitors_of(PRESENCE) == 1).await;
        bench.switches[0].set_present("1000", "1001", true);
        assert_eq!(app.events(1).await, [change("JOIN_GROUP", "1001")]);
        // And it outlives the node as before.
        bench.switches[0].close();
        let mut told = app.events(3).await;
        told[1..].sort();
        assert_eq!(told, [LOST.to_owned(), out_of_service("1000"), OUT.to_owned()]);
        let mut told = app.events(3).await;
        told[1..].sort();
        assert_eq!(told, [BACK.to_owned(), restored("1000"), BACK_AGAIN.to_owned()]);
    });
}
