//! Sessions: admission, keep-alive, the log's bound, readers that stop, the planned stop.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actors::allowance::{Allowance, NotLicensed};
use actors::event::Form;
use actors::quota::{Quota, Quotas};
use actors::refusal::Refused;
use actors::session::Outcome;
use actors::session::Want;
use actors::session::messages::{CancelPolls, End, MonitorObject, Poll};
use actors::session_supervisor::{Allow, Door, Drained, FindSession, Open, Review, Shutdown};
use actors::standing::Service;
use actors::user::{Integration, SessionUser};
use tokio::time::Instant;

use crate::bench::{Bench, line, rings, run, set, until};

#[test]
fn no_more_sessions_are_admitted_than_the_limit_and_one_that_ends_makes_room() {
    run(async || {
        let bench = Bench::start(1, 3).await;
        let apps = [bench.app().await, bench.app().await, bench.app().await];
        assert_eq!(bench.open().await.err(), Some(Refused::Full(3)));
        apps[0].addr.send(End).await.expect("lives");
        until("one has ended", || bench.tree.sessions.count() == 2).await;
        bench.open().await.expect("there is room");
        assert!(bench.tree.sessions.find(apps[0].id).is_none());
    });
}

#[test]
fn a_session_that_is_not_kept_alive_ends_after_eleven_seconds_and_so_do_its_monitors_but_not_shared_ones() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let stays = bench.app().await;
        let began = Instant::now();
        let leaves = bench.open().await.expect("admitted");
        leaves.monitor(line("1000")).await;
        leaves.monitor(line("1001")).await;
        stays.monitor(line("1001")).await;
        leaves.events(2).await;
        let outcome = leaves.poll(60_000).await;
        assert_eq!(outcome, Outcome::Ended, "a poll does not keep a session alive");
        let lived = began.elapsed();
        assert!(lived >= Duration::from_secs(11) && lived < Duration::from_millis(11_100), "{lived:?}");
        until("its own monitor is stopped", || bench.switches[0].monitors_of("1000") == 0).await;
        assert_eq!(bench.switches[0].monitors_of("1001"), 1);
        let left = bench.watches().await;
        assert_eq!((left.objects, left.watches), (1, 1));
        bench.switches[0].ring("1001", "c1");
        assert_eq!(stays.events(2).await, [set("1001"), rings("1001")]);
    });
}

#[test]
fn a_log_holds_ten_thousand_events_and_tells_what_it_let_go() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        app.events(1).await;
        // Told by the supervisor as events without an object: light, so that only the number counts.
        let shutdown = || bench.tree.session_supervisor.send(Shutdown);
        for _ in 0..actors::policy::LOG_EVENTS {
            shutdown().await.expect("lives");
        }
        bench.switches[0].ring("1000", "c1");
        bench.switches[0].ring("1000", "c2");
        let count = u32::try_from(actors::policy::LOG_EVENTS).expect("small");
        let number = async |n| {
            let poll = Poll { want: Want::Numbered(n), timeout_ms: 1000 };
            app.addr.send(poll).await.expect("lives").expect("accepted").outcome().await.0
        };
        assert!(matches!(number(count + 3).await, Outcome::Event(n, _) if n == count + 3));
        assert_eq!(app.poll(1).await, Outcome::Discarded(2, 3));
        let Outcome::Event(4, _) = app.poll(1).await else { panic!("goes on behind the gap") };
        assert_eq!(number(3).await, Outcome::NotKept);
    });
}

#[test]
fn a_reader_that_stops_does_not_delay_another() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let (stopped, reads) = (bench.app().await, bench.app().await);
        stopped.monitor(line("1000")).await;
        reads.monitor(line("1000")).await;
        reads.events(1).await;
        // An answer is under way to a client that never takes it.
        let poll = Poll { want: Want::Next(Form::Standard), timeout_ms: 60_000 };
        let held = stopped.addr.send(poll).await.expect("lives").expect("accepted");
        let stuck = held.outcome().await;
        let began = Instant::now();
        for n in 0..200 {
            bench.switches[0].ring("1000", &format!("c{}", n % 50));
            assert_eq!(reads.events(1).await.len(), 1);
        }
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        drop(stuck);
        assert_eq!(stopped.events(1).await, [set("1000")], "its first event was not lost");
    });
}

#[test]
fn a_client_that_goes_in_the_middle_of_a_poll_loses_nothing() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        let poll = Poll { want: Want::Next(Form::Standard), timeout_ms: 60_000 };
        drop(app.addr.send(poll).await.expect("lives").expect("accepted"));
        app.monitor(line("1000")).await;
        assert_eq!(app.events(1).await, [set("1000")]);
    });
}

#[test]
fn polls_are_bounded_and_cancelled_together() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        let poll = || app.addr.send(Poll { want: Want::Next(Form::Standard), timeout_ms: 120_000 });
        let mut held = Vec::new();
        for _ in 0..actors::policy::POLLS_HELD {
            held.push(poll().await.expect("lives").expect("accepted"));
        }
        let refused = poll().await.expect("lives").err();
        assert_eq!(refused, Some(Refused::TooManyPolls(actors::policy::POLLS_HELD)));
        app.addr.send(CancelPolls).await.expect("lives");
        for held in held {
            assert_eq!(held.outcome().await.0, Outcome::TimedOut);
        }
        app.silence().await;
    });
}

#[test]
fn a_planned_stop_is_told_to_every_session_and_is_done_when_they_have_read_it() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let apps = [bench.app().await, bench.app().await];
        let supervisor = &bench.tree.session_supervisor;
        assert!(supervisor.send(Drained).await.expect("lives"));
        assert_eq!(supervisor.send(Shutdown).await.expect("lives"), 2);
        let refused = supervisor
            .send(Open { application: "Late".into(), service: Service::Standard, door: Door::Soap, user: None })
            .await
            .expect("lives");
        assert_eq!(refused, Err(Refused::Stopping));
        assert!(!supervisor.send(Drained).await.expect("lives"));
        assert_eq!(apps[0].events(1).await, ["OIG_SHUTDOWN"]);
        assert!(!supervisor.send(Drained).await.expect("lives"), "one has not read it");
        assert_eq!(apps[1].events(1).await, ["OIG_SHUTDOWN"]);
        assert!(supervisor.send(Drained).await.expect("lives"));
    });
}

#[test]
fn when_the_applications_change_sessions_that_may_not_go_on_end_with_their_monitors_and_polls() {
    run(async || {
        let bench = Bench::start(1, 20).await;
        let supervisor = &bench.tree.session_supervisor;
        let open = async |application: &'static str, service| {
            let open = Open { application: application.into(), service, door: Door::Soap, user: None };
            let id = supervisor.send(open).await.expect("lives").expect("admitted");
            bench.tree.sessions.find(id).expect("just begun")
        };
        // Which sessions there are, and which of them may go on.
        let table = [
            ("A / Stays", Service::Standard, true),
            ("A / Revoked", Service::Standard, false),
            ("A / Revoked", Service::Advanced, false),
            ("A / Lowered", Service::Standard, true),
            ("A / Lowered", Service::Advanced, false),
            ("A / Lowered", Service::Unproven, false),
            ("A / Raised", Service::Advanced, true),
        ];
        let mut sessions = Vec::new();
        for (application, service, goes_on) in table {
            sessions.push((open(application, service).await, goes_on));
        }
        let (stays, revoked) = (&sessions[0].0, &sessions[1].0);
        for session in [stays, revoked] {
            session.addr.send(MonitorObject(line("1000"))).await.expect("lives").expect("accepted");
        }
        revoked.addr.send(MonitorObject(line("1001"))).await.expect("lives").expect("accepted");
        until("both are monitored", || bench.switches[0].monitors_of("1001") == 1).await;
        let poll = Poll { want: Want::Numbered(9), timeout_ms: 60_000 };
        let held = revoked.addr.send(poll).await.expect("lives").expect("accepted");

        let may = move |application: &str, service: Service| {
            table.iter().any(|(name, of, goes_on)| (*name, *of) == (application, service) && *goes_on)
        };
        let small = Quota { monitors: 1, ..Quota::default() };
        let quotas = Quotas { usual: Quota::default(), own: HashMap::from([("A / Stays".to_owned(), small)]) };
        let review = Review { goes_on: Arc::new(may), quotas: Arc::new(quotas) };
        assert_eq!(supervisor.send(review).await.expect("lives"), 4);
        assert_eq!(held.outcome().await.0, Outcome::Ended);
        until("the others have ended", || bench.tree.sessions.count() == 3).await;
        for (session, goes_on) in &sessions {
            let lives = bench.tree.sessions.find(session.id).is_some();
            assert_eq!(lives, *goes_on, "{} {:?}", session.application, session.standing.service());
        }
        until("its own monitor is stopped", || bench.switches[0].monitors_of("1001") == 0).await;
        assert_eq!(bench.switches[0].monitors_of("1000"), 1, "the other session's is not");
        // The new quota holds for the session that was there.
        let refused = stays.addr.send(MonitorObject(line("1002"))).await.expect("lives");
        assert_eq!(refused, Err(Refused::MonitorQuota(1)));
    });
}

#[test]
fn users_of_an_integration_have_places_of_their_own_in_the_licence() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let supervisor = &bench.tree.session_supervisor;
        let open = async |integration: Option<Integration>| {
            let user = integration.map(|integration| SessionUser { id: 7, integration, generation: 1, token: 9 });
            let open = Open { application: "A / Softphone".into(), service: Service::Standard, door: Door::Soap, user };
            supervisor.send(open).await.expect("lives").map(|_| ())
        };
        let (salesforce, google) = (Some(Integration::Salesforce), Some(Integration::Google));
        let one = Allowance { standard: Some(1), salesforce: Some(1), google: Some(0), ..Allowance::default() };
        supervisor.send(Allow(one)).await.expect("lives");
        assert_eq!(open(salesforce).await, Ok(()));
        assert_eq!(open(salesforce).await, Err(Refused::Licences("Salesforce", 1)));
        assert_eq!(open(google).await, Err(Refused::Licences("Google", 0)));
        assert_eq!(open(None).await, Ok(()), "users take no place of applications");
        let provider = Allowance { not_licensed: Some(NotLicensed::IntegrationsOnly), google: Some(1), ..one };
        supervisor.send(Allow(provider)).await.expect("lives");
        assert_eq!(open(None).await, Err(Refused::NotLicensed(NotLicensed::IntegrationsOnly)));
        assert_eq!(open(google).await, Ok(()));
        let none = Allowance { not_licensed: Some(NotLicensed::Ended), ..one };
        supervisor.send(Allow(none)).await.expect("lives");
        assert_eq!(open(google).await, Err(Refused::NotLicensed(NotLicensed::Ended)));
    });
}
