//! Event handlers in memory, with a paused clock: events of a phone go out one at a time, again
//! when they were not taken, and end with their session.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::policy;
use actors::push::{Carrying, Handover, NotTaken, Push, UnfitUrl, Word};
use actors::refusal::Refused;
use actors::session::messages::{End, RegisterHandler};
use tokio::time::Instant;

use crate::bench::{App, Bench, brief, line, pass, rings, run, set, until};

/// What a handler does with the next event; takes it when nothing is said.
#[derive(Clone, Copy)]
enum Does {
    Decline,
    Hang,
    Panic,
}

#[derive(Clone, Default)]
struct Handlers {
    script: Arc<Mutex<VecDeque<Does>>>,
    heard: Arc<Mutex<Vec<(String, Instant)>>>,
    underway: Arc<AtomicUsize>,
}

/// Counts what is on its way, and what was given up.
struct Underway(Arc<AtomicUsize>);

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Push for Handlers {
    fn check(&self, url: &str) -> Result<(), UnfitUrl> {
        if url == "http://handler" { Ok(()) } else { Err(UnfitUrl::Forbidden) }
    }

    fn carry(&self, handover: Handover) -> Carrying {
        let what = match &handover.word {
            Word::Event(_, event) => brief(event.standard().expect("a standard form")),
            Word::Discarded(from, to) => format!("lost {from} to {to}"),
            Word::Successor(_) | Word::Notification(_) => unreachable!("an event handler is told of events alone"),
        };
        self.heard.lock().expect("nobody panicked").push((what, Instant::now()));
        let does = self.script.lock().expect("nobody panicked").pop_front();
        self.underway.fetch_add(1, Ordering::Relaxed);
        let underway = Underway(self.underway.clone());
        Box::pin(async move {
            let _underway = underway;
            match does {
                None => Ok(()),
                Some(Does::Decline) => Err(NotTaken::Declined),
                Some(Does::Hang) => std::future::pending().await,
                Some(Does::Panic) => panic!("planted"),
            }
        })
    }
}

impl Handlers {
    fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("nobody panicked").iter().map(|(what, _)| what.clone()).collect()
    }

    async fn hears(&self, what: &[String]) {
        until("the events", || self.heard().len() >= what.len()).await;
        assert_eq!(self.heard(), what);
    }
}

async fn register(app: &App, url: &str) -> Result<(), Refused> {
    app.addr.send(RegisterHandler { url: url.into() }).await.expect("lives")
}

async fn with(script: &[Does], test: impl AsyncFnOnce(Bench, App, Handlers)) {
    let handlers = Handlers::default();
    handlers.script.lock().expect("nobody panicked").extend(script);
    let bench = Bench::start_pushing(1, 10, Arc::new(handlers.clone())).await;
    let app = bench.app().await;
    register(&app, "http://handler").await.expect("accepted");
    test(bench, app, handlers).await;
}

#[test]
fn a_handler_and_a_poll_hear_the_same_events() {
    run(async || {
        with(&[], async |bench, app, handlers| {
            app.monitor(line("1000")).await;
            let expected = [set("1000"), rings("1000")];
            assert_eq!(app.events(1).await, expected[..1]);
            bench.switches[0].ring("1000", "c1");
            assert_eq!(app.events(1).await, expected[1..]);
            handlers.hears(&expected).await;
            assert_eq!(register(&app, "http://elsewhere").await, Err(Refused::Handler(UnfitUrl::Forbidden)));
            bench.switches[0].ring("1000", "c2");
            handlers.hears(&[set("1000"), rings("1000"), rings("1000")]).await;
        })
        .await;
    });
}

#[test]
fn an_event_comes_again_after_a_refusal_a_silence_and_a_panic() {
    run(async || {
        with(&[Does::Decline, Does::Hang, Does::Panic], async |_, app, handlers| {
            app.monitor(line("1000")).await;
            handlers.hears(&[set("1000"), set("1000"), set("1000"), set("1000")]).await;
            pass(Duration::from_secs(60)).await;
            assert_eq!(handlers.heard().len(), 4, "taken");
            let at: Vec<Instant> = handlers.heard.lock().expect("nobody panicked").iter().map(|(_, at)| *at).collect();
            let silence = at[2] - at[1];
            assert!(silence >= policy::PUSH_ANSWER && silence < policy::PUSH_ANSWER * 2, "{silence:?}");
        })
        .await;
    });
}

#[test]
fn what_is_on_its_way_is_given_up_when_the_session_ends_or_registers_anew() {
    run(async || {
        with(&[Does::Hang, Does::Hang], async |bench, app, handlers| {
            let underway = || handlers.underway.load(Ordering::Relaxed);
            let most = Cell::new(0);
            app.monitor(line("1000")).await;
            until("one is on its way", || underway() == 1).await;
            register(&app, "http://handler").await.expect("accepted");
            until("given up", || underway() == 0).await;
            bench.switches[0].ring("1000", "c1");
            bench.switches[0].ring("1000", "c2");
            until("one is on its way again", || {
                most.set(most.get().max(underway()));
                underway() == 1
            })
            .await;
            app.addr.send(End).await.expect("lives");
            until("given up", || underway() == 0).await;
            pass(Duration::from_secs(60)).await;
            assert_eq!((handlers.heard(), most.get()), (vec![set("1000"), rings("1000")], 1));
        })
        .await;
    });
}
