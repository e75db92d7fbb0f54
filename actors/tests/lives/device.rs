//! A monitored object between its node and its watchers.

use std::time::Duration;

use actors::device::messages::Action;
use actors::policy;
use actors::refusal::Refused;
use schemas::csta::message::{Failure, Request};
use schemas::domain::{LegId, LocalState};
use tokio::time::Instant;

use crate::bench::{BACK, Bench, LOST, line, line_of, out_of_service, pass, restored, rings, run, set, until};
use crate::switch::Switch;

#[test]
fn a_monitor_is_shared_and_each_watcher_is_greeted_with_the_state_as_it_is() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let (a, b) = (bench.app().await, bench.app().await);
        a.monitor(line("1000")).await;
        assert_eq!(a.events(1).await, [set("1000")]);
        bench.switches[0].ring("1000", "c1");
        assert_eq!(a.events(1).await, [rings("1000")]);
        b.monitor(line("1000")).await;
        assert_eq!(b.events(1).await, ["1000 MONITOR_SET MONITOR_SET RECEIVED"]);
        a.monitor(line("1000")).await;
        assert_eq!(a.events(1).await, ["1000 MONITOR_SET MONITOR_SET RECEIVED"], "asked again");
        assert_eq!(bench.switches[0].monitors_of("1000"), 1);
        a.stop_monitor(line("1000")).await;
        bench.switches[0].ring("1000", "c2");
        assert_eq!(b.events(1).await, [rings("1000")]);
        a.silence().await;
        b.stop_monitor(line("1000")).await;
        until("the monitor is stopped", || bench.switches[0].monitors_of("1000") == 0).await;
        assert_eq!(bench.watches().await.objects, 0);
    });
}

#[test]
fn an_object_let_go_and_taken_up_at_once_has_one_monitor() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        for _ in 0..5 {
            app.monitor(line("1000")).await;
            app.stop_monitor(line("1000")).await;
        }
        app.monitor(line("1000")).await;
        let object = line("1000");
        pass(Duration::from_secs(1)).await;
        assert_eq!(bench.switches[0].monitors_of("1000"), 1);
        app.monitors.status(object).await.expect("monitored");
        bench.switches[0].ring("1000", "c1");
        loop {
            if app.events(1).await == [rings("1000")] {
                break;
            }
        }
        app.silence().await;
    });
}

#[test]
fn an_object_of_a_node_that_is_down_is_unavailable_until_it_comes() {
    run(async || {
        let switch = Switch::default();
        switch.inside().refuses = true;
        let bench = Bench::begin(vec![switch], 10);
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        assert_eq!(
            app.events(2).await,
            ["1000 MONITOR_SET MONITOR_SET UNAVAILABLE".to_owned(), out_of_service("1000")]
        );
        bench.switches[0].inside().refuses = false;
        assert_eq!(app.events(2).await, [BACK.to_owned(), restored("1000")]);
    });
}

#[test]
fn a_node_lost_before_the_first_event_is_told_after_monitor_set() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        bench.switches[0].inside().muted = true;
        app.monitor(line("1000")).await;
        bench.switches[0].inside().muted = false;
        bench.switches[0].close();
        assert_eq!(
            app.events(5).await,
            [
                "1000 MONITOR_SET MONITOR_SET UNAVAILABLE".to_owned(),
                LOST.to_owned(),
                out_of_service("1000"),
                BACK.to_owned(),
                restored("1000"),
            ]
        );
    });
}

#[test]
fn calls_that_changed_while_the_node_was_away_are_told_after_its_return() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        app.events(1).await;
        bench.switches[0].ring("1000", "stays");
        bench.switches[0].ring("1000", "ends");
        app.events(2).await;
        let calls = vec![("stays".to_owned(), LocalState::Connected, LocalState::Connected)];
        bench.switches[0].inside().calls.insert("1000".into(), calls);
        bench.switches[0].close();
        assert_eq!(
            app.events(6).await,
            [
                LOST.to_owned(),
                out_of_service("1000"),
                BACK.to_owned(),
                "1000 MONITOR_SET CONTROLLER_COMMS_RESTORED ESTABLISHED".to_owned(),
                "1000 CALL_ESTABLISHED ANSWERED_INVOKED ESTABLISHED".to_owned(),
                "1000 CALL_CLEAR OTHER_DEVICE_CLEARED IDLE".to_owned(),
            ]
        );
    });
}

#[test]
fn a_refused_monitor_is_told_once_and_set_when_the_node_has_room() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        bench.switches[0].inside().refuses_monitors = Some(Failure::resource("overallMonitorLimitExceeded"));
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        assert_eq!(app.events(1).await, ["1000 MONITOR_FAILED_EVENT DESTINATION_UNAVAILABLE UNAVAILABLE"]);
        pass(Duration::from_secs(20)).await;
        app.silence().await;
        bench.switches[0].inside().refuses_monitors = None;
        assert_eq!(app.events(1).await, [restored("1000")]);
    });
}

#[test]
fn a_command_without_an_answer_is_refused_after_five_seconds_and_one_whose_link_is_lost_at_once() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        let object = line("1000");
        assert_eq!(app.monitors.status(object).await, Err(Refused::NotMonitored));
        app.monitor(object).await;
        app.events(1).await;
        let calls = vec![("c1".to_owned(), LocalState::Alerting, LocalState::Connected)];
        bench.switches[0].inside().calls.insert("1000".into(), calls);
        bench.switches[0].ring("1000", "c1");
        app.events(1).await;
        let status = app.monitors.status(object).await.expect("monitored");
        let leg = LegId::new(u64::try_from(status.local_call_id).expect("positive"));
        let monitors = app.monitors.clone();
        let hold = || {
            let monitors = monitors.clone();
            async move { monitors.perform(object, Action::Hold(leg)).await }
        };
        assert_eq!(hold().await, Ok(()));
        bench.switches[0].inside().forgets_commands = true;
        let began = Instant::now();
        let refused = hold().await.expect_err("no answer");
        assert_eq!(refused.to_string(), "The node did not answer in time; the outcome is not known.");
        let waited = began.elapsed();
        assert!(waited >= policy::ANSWER && waited <= policy::ANSWER + policy::NODE_TICK * 2);
        let waiting = actix::spawn(hold());
        let asked = bench.switches[0].clone();
        until("the command is out", || {
            use schemas::csta::message::Request::HoldCall;
            asked.inside().asked.iter().filter(|r| matches!(r, HoldCall { .. })).count() == 3
        })
        .await;
        bench.switches[0].close();
        assert_eq!(waiting.await.expect("no panic"), Err(Refused::LinkLost));
    });
}

/// Of what all nodes restore together, what is not answered takes its share for a moment only.
#[test]
fn monitors_that_are_not_answered_hold_no_other_node_up() {
    run(async || {
        let bench = Bench::start(3, 10).await;
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        for (node, dn) in [2, 3].into_iter().flat_map(|node| (3000..3200).map(move |dn| (node, dn))) {
            app.monitor(line_of(node, &dn.to_string())).await;
        }
        app.events(401).await;
        bench.switches[0].inside().refuses = true;
        for switch in &bench.switches {
            let mut inside = switch.inside();
            inside.forgets_monitors = true;
            inside.asked.clear();
            drop(inside);
            switch.close();
        }
        let lost = app.events(3 + 401 + 2).await;
        assert_eq!(lost.iter().filter(|event| event.ends_with(" CONNECTED")).count(), 2, "{lost:?}");
        let asked = |node: usize| {
            let inside = bench.switches[node].inside();
            inside.asked.iter().filter(|request| matches!(request, Request::MonitorStart { .. })).count()
        };
        {
            let mut inside = bench.switches[0].inside();
            (inside.refuses, inside.forgets_monitors) = (false, false);
        }
        let mut each_ms = Vec::new();
        while asked(1) + asked(2) < 400 {
            each_ms.push(asked(1) + asked(2));
            pass(Duration::from_millis(1)).await;
        }
        let within_a_turn = each_ms.windows(policy::RESTORE_TURN.as_millis() as usize).map(|w| w[w.len() - 1] - w[0]);
        // In whole batches, so that the last may not fit.
        let fits = policy::RESTORING - policy::RESTORE_BATCH + 1..=policy::RESTORING;
        assert!(within_a_turn.max().is_some_and(|most| fits.contains(&most)), "{each_ms:?}");
        assert_eq!(app.events(2).await, [BACK.to_owned(), restored("1000")]);
    });
}
