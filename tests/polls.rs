//! Held polls: what they wait for, how they end, and that none loses an event.

use std::time::{Duration, Instant};

use schemas::contract::Service;
use schemas::contract::cc::{CallEventType as Type, EventCauseType as Why, NumberedEventMsg};
use schemas::contract::ops_call_control_standard::{CancelGetEvent, GetNumberedEvent};
use tokio::task::JoinHandle;

use crate::common::app::{App, NO_EVENT, NO_SESSION};
use crate::common::cluster::Lab;
use crate::common::http::{self, Answer, CALL_PATH, Connection};
use crate::common::{PATIENCE, eventually};

/// Longer than any test waits: a poll that ends is ended by something else.
const LONG: i32 = 60_000;

async fn numbered(app: &App, number: i32, timeout: i32) -> NumberedEventMsg {
    app.call(&GetNumberedEvent { session_id: app.session_id, timeout, event_number: number }).await
}

/// A getEvent as bytes.
fn poll(session_id: i64, timeout: i32) -> Vec<u8> {
    let inner = format!("<v:sessionId>{session_id}</v:sessionId><v:timeout>{timeout}</v:timeout>");
    http::request(CALL_PATH, &[], http::envelope(Service::StandardCcService, "getEvent", &inner).as_bytes())
}

async fn cancel(app: &App) {
    assert!(app.call(&CancelGetEvent { session_id: app.session_id }).await.result);
}

/// Polls that a session may hold.
const HELD: usize = 16;
const FULL: &str = "The session holds 16 polls already.";

/// Whether the session holds as many polls as it may; so a test knows that a poll was taken in.
async fn is_full(app: &App) -> bool {
    let reply = numbered(app, 1_000_000, 1).await;
    reply.error_description.as_deref() == Some(FULL)
}

/// Waits until the session holds all the polls it may. What looks takes a place for a
/// millisecond: a poll that meets it there is refused, and [`Held`] sends it again.
async fn until_full(app: &App) {
    eventually("the polls are held", async || is_full(app).await.then_some(())).await;
}

async fn until_not_full(app: &App) {
    eventually("a poll is let go", async || (!is_full(app).await).then_some(())).await;
}

/// A poll on a connection of its own, which is closed when this is dropped.
struct Held(JoinHandle<Answer>);

impl Held {
    /// With `reset` the connection does not end in good order.
    fn new(url: &str, bytes: Vec<u8>, reset: bool) -> Self {
        let url = url.to_owned();
        Self(tokio::spawn(async move {
            let mut connection = Connection::open(&url).await;
            if reset {
                connection.will_reset();
            }
            loop {
                connection.send(&bytes).await;
                let answer = connection.answer().await.expect("the gateway answers");
                if answer.text("errorDescription") != Some(FULL) {
                    return answer;
                }
            }
        }))
    }

    /// Closes the connection; done when it is closed.
    async fn leave(mut self) {
        self.0.abort();
        assert!((&mut self.0).await.is_err(), "the poll was answered");
    }

    async fn answer(mut self) -> Answer {
        (&mut self.0).await.expect("the poll is answered")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Polls that no event of the test ends, all but one that the session may hold.
fn fillers(url: &str, app: &App) -> Vec<Held> {
    let inner = format!(
        "<v:sessionId>{}</v:sessionId><v:timeout>120000</v:timeout><v:eventNumber>2000000</v:eventNumber>",
        app.session_id
    );
    let body = http::envelope(Service::StandardCcService, "getNumberedEvent", &inner);
    let request = http::request(CALL_PATH, &[], body.as_bytes());
    (1..HELD).map(|_| Held::new(url, request.clone(), false)).collect()
}

#[tokio::test]
async fn a_poll_without_an_event_says_so_in_exactly_these_words() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let id = app.session_id.to_string();
    for timeout in ["1", "0", "-5", "200"] {
        let began = Instant::now();
        let answer = http::call(&lab.url, "getEvent", &[("sessionId", &id), ("timeout", timeout)]).await;
        answer.refused(NO_EVENT);
        assert!(began.elapsed() < Duration::from_secs(10), "a timeout of {timeout} took {:?}", began.elapsed());
    }
    let began = Instant::now();
    assert_eq!(app.poll(700).await.error_description.as_deref(), Some(NO_EVENT));
    assert!(began.elapsed() >= Duration::from_millis(690), "a poll must be held as long as it asks");
    let children = [("sessionId", id.as_str()), ("timeout", "1"), ("eventNumber", "1")];
    let numbered = http::call(&lab.url, "getNumberedEvent", &children).await;
    numbered.refused(NO_EVENT);
    assert_eq!((numbered.attribute("advanced"), numbered.attribute("eventNumber")), (Some("false"), Some("1")));
}

#[tokio::test]
async fn two_polls_are_served_in_the_order_in_which_they_asked() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let caller = app.watch(&lab.address(1), "1000").await;
    let mut fillers = fillers(&lab.url, &app);
    let first = Held::new(&lab.url, poll(app.session_id, LONG), false);
    until_full(&app).await;
    fillers.pop();
    until_not_full(&app).await;
    let second = Held::new(&lab.url, poll(app.session_id, LONG), false);
    until_full(&app).await;
    app.make(caller, "1001").await.expect("makeCall is accepted");
    let (first, second) = (first.answer().await, second.answer().await);
    let kinds = [&first, &second].map(|a| http::element_text(&a.body, "type").map(str::to_owned));
    assert_eq!(
        kinds,
        [Some("CALL_ORIGINATED".into()), Some("CALL_DELIVERED".into())],
        "{} {}",
        first.body,
        second.body
    );
}

#[tokio::test]
async fn a_cancel_releases_every_held_poll_and_no_later_one() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let held = async { tokio::join!(app.poll(LONG), app.poll(LONG), numbered(&app, 7, LONG)) };
    tokio::pin!(held);
    let began = Instant::now();
    // However early the first cancel is, one of them comes after the polls were taken in.
    let (a, b, c) = loop {
        tokio::select! {
            biased;
            ended = &mut held => break ended,
            () = tokio::time::sleep(Duration::from_millis(50)) => cancel(&app).await,
        }
        assert!(began.elapsed() < PATIENCE, "the polls are still held");
    };
    assert_eq!([a.result, b.result, c.result], [false; 3]);
    for text in [a.error_description, b.error_description, c.error_description] {
        assert_eq!(text.as_deref(), Some(NO_EVENT));
    }
    let caller = app.watch(&lab.address(1), "1000").await;
    app.stop(caller).await.expect("it was monitored");
}

#[tokio::test]
async fn a_numbered_event_is_given_at_once_or_waited_for_and_moves_no_cursor() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let (second, address) = (numbered(&app, 2, LONG), lab.address(1));
    tokio::pin!(second);
    let caller = tokio::select! {
        _ = &mut second => panic!("there is no second event yet"),
        object = app.monitor(&address, "1000") => object,
    };
    let first = numbered(&app, 1, LONG).await;
    assert_eq!((first.result, first.event_number, first.advanced), (true, 1, false));
    assert_eq!(first.call_event.as_ref().and_then(|e| e.kind), Some(Type::MonitorSet));
    // Its event may come before the reply of makeCall.
    let (second, made) = tokio::join!(second, app.make(caller, "1001"));
    made.expect("makeCall is accepted");
    assert_eq!(second.event_number, 2);
    assert_eq!(second.call_event.as_ref().and_then(|e| e.kind), Some(Type::CallOriginated));
    assert_eq!(numbered(&app, 1, 1).await, first, "an event stays what it was");
    // The cursor is where it was.
    app.hear(caller, Type::MonitorSet, Why::MonitorSet).await;
    app.hear(caller, Type::CallOriginated, Why::NewCallInvoked).await;
    for number in ["0", "-1"] {
        let id = app.session_id.to_string();
        let children = [("sessionId", id.as_str()), ("timeout", "1"), ("eventNumber", number)];
        http::call(&lab.url, "getNumberedEvent", &children).await.refused("Events are numbered from 1.");
    }
}

#[tokio::test]
async fn an_event_that_is_not_kept_any_more_is_refused_as_such() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let object = app.watch(&lab.address(1), "1000").await;
    // A thousand stay behind the cursor: each repeated monitor is one event more.
    for _ in 0..1002 {
        app.monitor_object(object).await.expect("the monitor is accepted");
        app.hear(object, Type::MonitorSet, Why::MonitorSet).await;
    }
    eventually("the first event is let go", async || {
        let reply = numbered(&app, 1, 1).await;
        (reply.error_description.as_deref() == Some("The event of this number is not kept any more.")).then_some(())
    })
    .await;
    assert!(numbered(&app, 1003, 1).await.result, "the newest is kept");
    app.heard_everything().await;
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_a_poll_loses_no_event() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let caller = app.watch(&lab.address(1), "1000").await;
    let _fillers = fillers(&lab.url, &app);
    for round in 0..30 {
        let leaver = Held::new(&lab.url, poll(app.session_id, LONG), round % 2 == 0);
        until_full(&app).await;
        leaver.leave().await;
        app.make(caller, "1001").await.expect("makeCall is accepted");
        until_not_full(&app).await;
        let leg = app.hear(caller, Type::CallOriginated, Why::NewCallInvoked).await.local_call_id;
        app.hear(caller, Type::CallDelivered, Why::Delivered).await;
        app.clear(caller, leg).await.expect("clearCall is accepted");
        app.hear(caller, Type::CallClear, Why::ClearInvoked).await;
    }
    app.heard_everything().await;
}

#[tokio::test]
async fn the_end_of_the_session_answers_its_held_polls() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let id = app.session_id.to_string();
    let mut held = fillers(&lab.url, &app);
    held.push(Held::new(&lab.url, poll(app.session_id, LONG), false));
    until_full(&app).await;
    assert!(app.logout().await);
    for held in held {
        held.answer().await.refused(NO_SESSION);
    }
    let children = [("sessionId", id.as_str()), ("timeout", "60000")];
    http::call(&lab.url, "getEvent", &children).await.refused(NO_SESSION);
}
