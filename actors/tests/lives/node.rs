//! The lives of a node's connection: begun, lost in each way, begun anew.

use std::time::Duration;

use actors::cluster::{Association, LinkState};
use actors::policy;
use schemas::csta::message::Request;
use tokio::time::Instant;

use crate::bench::{BACK, Bench, LOST, brief, ceid, line, line_of, out_of_service, restored, rings, run, set, until};
use crate::switch::Switch;

#[test]
fn a_closed_socket_is_a_loss_and_the_return_restores_every_monitor_in_order() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        for dn in ["1002", "1000", "1001"] {
            app.monitor(line(dn)).await;
            assert_eq!(app.events(1).await, [set(dn)]);
        }
        bench.switches[0].close();
        assert_eq!(
            app.events(4).await,
            [LOST.to_owned(), out_of_service("1000"), out_of_service("1001"), out_of_service("1002")]
        );
        let mut back = app.events(4).await;
        assert_eq!(back.remove(0), BACK);
        back.sort();
        assert_eq!(back, [restored("1000"), restored("1001"), restored("1002")]);
        let inside = bench.switches[0].inside();
        assert_eq!((inside.connections, inside.monitors.len()), (2, 3));
    });
}

#[test]
fn a_node_that_falls_silent_is_lost_by_its_heartbeats() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        app.events(1).await;
        let began = Instant::now();
        bench.switches[0].inside().muted = true;
        assert_eq!(app.events(2).await, [LOST.to_owned(), out_of_service("1000")]);
        assert!(began.elapsed() <= Duration::from_secs(16), "{:?}", began.elapsed());
        bench.switches[0].inside().muted = false;
        assert_eq!(app.events(2).await, [BACK.to_owned(), restored("1000")]);
    });
}

#[test]
fn a_refused_connection_is_tried_again_ever_more_slowly_and_told_once() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        app.events(1).await;
        bench.switches[0].inside().refuses = true;
        bench.switches[0].close();
        assert_eq!(app.events(2).await, [LOST.to_owned(), out_of_service("1000")]);
        crate::bench::pass(Duration::from_secs(40)).await;
        assert_eq!(bench.tree.env.cluster.link(ceid(1)), Some(LinkState::Failure));
        app.silence().await;
        let began = Instant::now();
        bench.switches[0].inside().refuses = false;
        assert_eq!(app.events(2).await, [BACK.to_owned(), restored("1000")]);
        assert!(began.elapsed() <= Duration::from_secs(7), "back within the longest pause");
        assert_eq!(bench.switches[0].inside().connections, 2);
    });
}

#[test]
fn many_nodes_that_are_lost_at_once_are_connected_one_after_the_other() {
    run(async || {
        let bench = Bench::start(40, 1).await;
        let lost = Instant::now();
        bench.switches.iter().for_each(Switch::close);
        until("all are back", || bench.switches.iter().all(|switch| switch.inside().connections == 2)).await;
        let mut back: Vec<_> = bench.switches.iter().filter_map(|switch| switch.inside().connected_at).collect();
        back.sort();
        let apart = back.windows(2).map(|pair| pair[1] - pair[0]).min();
        assert!(apart >= Some(policy::LIFE_SPACING), "{apart:?}");
        let longest = policy::BACKOFF_FIRST * 6 / 5 + policy::LIFE_SPACING * 40;
        assert!(
            back[39] - lost <= longest,
            "none waits for longer than its pause and the others: {:?}",
            back[39] - lost
        );
    });
}

#[test]
fn a_node_that_speaks_no_csta_ends_its_life_and_nothing_else() {
    run(async || {
        let bench = Bench::start(2, 10).await;
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        app.monitor(line_of(2, "1001")).await;
        app.events(2).await;
        for garbage in [b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), vec![0xff; 100_000], vec![0, 0, 0, 3, 0, 0, 0, 0]]
        {
            bench.switches[0].raw(garbage);
            assert_eq!(
                app.events(4).await,
                [LOST.to_owned(), out_of_service("1000"), BACK.to_owned(), restored("1000")]
            );
        }
        // Half a frame, then the end.
        bench.switches[0].raw(vec![0, 0, 1, 0, b'0', b'0', b'0', b'1', b'<']);
        crate::bench::pass(Duration::from_secs(1)).await;
        bench.switches[0].close();
        assert_eq!(app.events(4).await, [LOST.to_owned(), out_of_service("1000"), BACK.to_owned(), restored("1000")]);
        assert_eq!(bench.switches[1].inside().connections, 1, "the other node noticed nothing");
        bench.switches[1].ring("1001", "c1");
        assert_eq!(app.events(1).await, [rings("1001")]);
    });
}

#[test]
fn frames_that_cannot_be_read_are_passed_over_until_there_are_too_many() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        app.events(1).await;
        let mut bad = Vec::new();
        schemas::csta::frame::encode(7, b"<a><b></a>", &mut bad).expect("short");
        for _ in 0..policy::BAD_FRAMES - 1 {
            bench.switches[0].raw(bad.clone());
        }
        bench.switches[0].ring("1000", "c1");
        assert_eq!(app.events(1).await, [rings("1000")]);
        bench.switches[0].raw(bad);
        assert_eq!(app.events(1).await, [LOST]);
    });
}

#[test]
fn a_flood_of_events_neither_grows_the_log_nor_stops_another_node() {
    run(async || {
        let bench = Bench::start(2, 10).await;
        let (flooded, other) = (bench.app().await, bench.app().await);
        flooded.monitor(line("1000")).await;
        other.monitor(line_of(2, "1000")).await;
        other.events(1).await;
        let bytes = bench.tree.env.log_bytes.clone();
        for n in 0..30_000 {
            bench.switches[0].ring("1000", "c1");
            if n % 10_000 == 0 {
                bench.switches[1].ring("1000", &format!("c{n}"));
                assert_eq!(other.events(1).await, [rings("1000")], "after {n}");
            }
        }
        let node = bench.switches[0].clone();
        until("the flood is read", || node.inside().asked.len() > 3).await;
        crate::bench::pass(Duration::from_secs(1)).await;
        let held = bytes.load(std::sync::atomic::Ordering::Relaxed);
        assert!(held <= policy::LOG_BYTES + 64 * 1024, "{held} bytes");
        let outcome = flooded.poll(1).await;
        assert!(matches!(outcome, actors::session::Outcome::Discarded(1, _)), "{outcome:?}");
        assert_eq!(bench.switches[0].inside().connections, 1, "it was read, not cut off");
    });
}

#[test]
fn a_planned_stop_closes_every_connection_and_begins_none() {
    run(async || {
        let bench = Bench::start(2, 10).await;
        bench.switches[1].inside().refuses = true;
        bench.switches[1].close();
        bench.link(2, LinkState::Failure).await;
        bench.switches[1].inside().refuses = false;
        bench.tree.stop_nodes();
        bench.link(1, LinkState::Failure).await;
        crate::bench::pass(Duration::from_secs(30)).await;
        for switch in &bench.switches {
            assert_eq!(switch.inside().connections, 1);
        }
    });
}

#[test]
fn an_event_is_told_with_the_names_of_the_directory() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        let actors::session::Outcome::Event(1, event) = app.poll(1000).await else { panic!("the first event") };
        assert_eq!(brief(event.standard().expect("a standard form")), set("1000"));
        assert!(event.standard().expect("a standard form").contains("Name 1000"), "{event:?}");
    });
}

fn known(bench: &Bench) -> Option<bool> {
    bench.tree.env.cluster.has(ceid(1), "1000".parse().expect("a DN"))
}

fn times_asked(switch: &Switch, request: &Request) -> usize {
    switch.inside().asked.iter().filter(|asked| *asked == request).count()
}

#[test]
fn a_directory_whose_end_was_lost_is_asked_for_again_in_the_same_life() {
    run(async || {
        let switch = Switch::default();
        switch.inside().torn_directories = 2;
        let bench = Bench::begin(vec![switch.clone()], 10);
        bench.link(1, LinkState::Connected).await;
        crate::bench::pass(Duration::from_secs(9)).await;
        assert_eq!(known(&bench), None, "half a directory is none");
        until("the whole directory", || known(&bench) == Some(true)).await;
        assert_eq!(times_asked(&switch, &Request::GetSwitchingFunctionDevices), 3);
        assert_eq!(switch.inside().connections, 1);
    });
}

#[test]
fn a_node_that_waits_for_a_request_and_has_few_services_is_used_without_them() {
    run(async || {
        let switch = Switch::default();
        (switch.inside().waits, switch.inside().poor) = (true, true);
        let bench = Bench::begin_as(Association::None, vec![switch.clone()], 10);
        bench.link(1, LinkState::Connected).await;
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        assert_eq!(app.events(1).await, [set("1000")]);
        switch.ring("1000", "c1");
        assert_eq!(app.events(1).await, [rings("1000")]);
        // Refused heartbeats are answers; no audit comes that soon.
        crate::bench::pass(Duration::from_secs(40)).await;
        assert_eq!((switch.inside().connections, known(&bench)), (1, None));
        assert_eq!(times_asked(&switch, &Request::GetSwitchingFunctionDevices), 1);
        switch.close();
        assert_eq!(app.events(3).await, [LOST.to_owned(), out_of_service("1000"), BACK.to_owned()]);
    });
}

#[test]
fn a_node_that_answers_no_request_is_not_connected_and_tried_again() {
    run(async || {
        let switch = Switch::default();
        (switch.inside().waits, switch.inside().muted) = (true, true);
        let bench = Bench::begin_as(Association::None, vec![switch.clone()], 10);
        until("a third attempt", || switch.inside().connections == 3).await;
        assert_eq!(bench.tree.env.cluster.connected(), (0, 1));
        switch.inside().muted = false;
        bench.link(1, LinkState::Connected).await;
    });
}
