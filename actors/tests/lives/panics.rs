//! A panic costs one life (of a supervisor: one step), is told by the last word, and is repaired.

use actors::planted::At;
use actors::refusal::Refused;
use actors::session::Outcome;
use actors::session::Want;
use actors::session::messages::Poll;
use actors::session_supervisor::FindSession;
use schemas::domain::LocalState;

use crate::bench::{App, BACK, Bench, LOST, ceid, line, out_of_service, restored, rings, run, set, until};

async fn leg(app: &App) -> i64 {
    app.monitors.status(line("1000")).await.expect("monitored").local_call_id
}

#[test]
fn a_node_that_panics_is_connected_anew_and_its_sessions_hear_of_loss_and_return() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        app.events(1).await;
        bench.tree.panic(At::Node(ceid(1))).await;
        assert_eq!(app.events(4).await, [LOST.to_owned(), out_of_service("1000"), BACK.to_owned(), restored("1000")]);
        assert_eq!(bench.switches[0].inside().connections, 2);
    });
}

#[test]
fn a_node_that_panics_while_it_associates_is_connected_anew() {
    run(async || {
        let switch = crate::switch::Switch::default();
        switch.inside().muted = true;
        let bench = Bench::begin(vec![switch], 10);
        bench.link(1, actors::cluster::LinkState::Initializing).await;
        bench.switches[0].inside().muted = false;
        bench.tree.panic(At::Node(ceid(1))).await;
        bench.link(1, actors::cluster::LinkState::Connected).await;
        assert_eq!(bench.switches[0].inside().connections, 2);
    });
}

#[test]
fn a_device_that_panics_has_a_next_life_with_the_same_leg_ids_and_one_monitor() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let apps = [bench.app().await, bench.app().await];
        for app in &apps {
            app.monitor(line("1000")).await;
            app.events(1).await;
        }
        let calls = vec![("c1".to_owned(), LocalState::Alerting, LocalState::Connected)];
        bench.switches[0].inside().calls.insert("1000".into(), calls);
        bench.switches[0].ring("1000", "c1");
        for app in &apps {
            assert_eq!(app.events(1).await, [rings("1000")]);
        }
        let before = leg(&apps[0]).await;
        bench.tree.panic(At::Device(line("1000"))).await;
        for app in &apps {
            assert_eq!(app.events(1).await, ["1000 MONITOR_SET MONITOR_SET RECEIVED"]);
            assert_eq!(leg(app).await, before);
        }
        until("the first monitor is stopped", || bench.switches[0].monitors_of("1000") == 1).await;
        bench.switches[0].ring("1000", "c2");
        for app in &apps {
            assert_eq!(app.events(1).await, [rings("1000")], "told once");
            app.silence().await;
        }
        assert_eq!(bench.switches[0].inside().connections, 1);
    });
}

#[test]
fn a_device_that_panics_while_its_monitor_starts_or_its_node_is_down_goes_on() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        bench.tree.panic(At::Device(line("1000"))).await;
        assert_eq!(app.events(1).await, [set("1000")]);
        bench.switches[0].inside().refuses = true;
        bench.switches[0].close();
        assert_eq!(app.events(2).await, [LOST.to_owned(), out_of_service("1000")]);
        bench.tree.panic(At::Device(line("1000"))).await;
        assert_eq!(
            app.events(2).await,
            ["1000 MONITOR_SET MONITOR_SET UNAVAILABLE".to_owned(), out_of_service("1000")]
        );
        bench.switches[0].inside().refuses = false;
        assert_eq!(app.events(2).await, [BACK.to_owned(), restored("1000")]);
    });
}

#[test]
fn a_session_that_panics_ends_its_polls_and_its_monitors_and_no_other_session() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let (broken, other) = (bench.app().await, bench.app().await);
        broken.monitor(line("1000")).await;
        broken.monitor(line("1001")).await;
        other.monitor(line("1001")).await;
        broken.events(2).await;
        other.events(1).await;
        let poll = Poll { want: Want::Next, timeout_ms: 60_000 };
        let held = broken.addr.send(poll).await.expect("lives").expect("accepted");
        bench.tree.panic(At::Session(broken.id)).await;
        assert_eq!(held.outcome().await.0, Outcome::Ended);
        until("the session is gone", || bench.tree.sessions.find(broken.id).is_none()).await;
        until("its monitor is stopped", || bench.switches[0].monitors_of("1000") == 0).await;
        assert_eq!(bench.switches[0].monitors_of("1001"), 1);
        bench.switches[0].ring("1001", "c1");
        assert_eq!(other.events(1).await, [rings("1001")]);
    });
}

#[test]
fn a_panic_in_a_step_of_a_supervisor_costs_the_step_only() {
    run(async || {
        let bench = Bench::start(1, 2).await;
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        app.events(1).await;
        for at in [At::NodeSupervisor, At::DeviceSupervisor, At::SessionSupervisor] {
            bench.tree.panic(at).await;
        }
        app.monitor(line("1001")).await;
        assert_eq!(app.events(1).await, [set("1001")]);
        bench.open().await.expect("admitted");
        assert_eq!(bench.open().await.err(), Some(Refused::Full(2)));
        bench.switches[0].close();
        let told = app.events(6).await;
        assert_eq!(told[..3], [LOST.to_owned(), out_of_service("1000"), out_of_service("1001")]);
        assert_eq!(told[3], BACK);
    });
}
