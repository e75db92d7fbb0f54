//! The gateway is killed, and another begins where it was: applications go on with their sessions, monitors, numbers
//! and calls, whatever became of the journal's last bytes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use schemas::contract::cc::{
    CallEventType as Type, CallState, ConnectionState, EventCauseType as Why, FeatureEventType, NumberedEventMsg,
    StandardEventMsg, SystemEventType,
};
use schemas::contract::ops_call_control_standard::{GetNumberedEvent, RegisterEventHandler};
use schemas::contract::ops_session::RegisterHaClientCallback;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::common::app::{App, NO_SESSION, NOT_MONITORED, global_call_id};
use crate::common::cluster::{Gateway, Node, With, own_address};
use crate::common::handler::{Does, Handler};
use crate::common::{eventually, http};

/// An address of its own, so that applications find the next process where the one before was.
fn listen() -> Option<SocketAddr> {
    Some((own_address(), 8080).into())
}

async fn gateway(nodes: &[&Node], journal: &'static str) -> Gateway {
    Gateway::start_with(nodes, With { listen: listen(), journal, ..With::default() }).await
}

/// An application that monitors 1000 and 1001.
async fn two_phones() -> (Node, Gateway, App, [i64; 2]) {
    let node = Node::start(1).await;
    let gateway = gateway(&[&node], "").await;
    let app = App::login(&gateway.url).await;
    let address = node.address.to_string();
    let phones = [app.watch(&address, "1000").await, app.watch(&address, "1001").await];
    (node, gateway, app, phones)
}

/// An event without its number and form: what both ways of reading have.
type Told = (Option<Type>, Option<Why>, i64, i64, Option<ConnectionState>, i64);

fn told(event: &StandardEventMsg) -> Told {
    let call = event.call_event.as_ref();
    let system = event.system_event.as_ref();
    (
        call.and_then(|c| c.kind),
        call.and_then(|c| c.cause),
        call.map_or(0, |c| c.object_id),
        call.map_or(0, |c| c.local_call_id),
        system.and_then(|s| s.connection_state),
        call.map(|c| c.call_event_time).or(system.map(|s| s.time)).unwrap_or(0),
    )
}

fn told_numbered(event: NumberedEventMsg) -> Told {
    assert!(event.result, "{:?}", event.error_description);
    let NumberedEventMsg { call_event, system_event, .. } = event;
    told(&StandardEventMsg { call_event, system_event, ..StandardEventMsg::default() })
}

impl App {
    /// The event of this number, once it is there.
    async fn numbered(&self, event_number: i32) -> Told {
        let request = GetNumberedEvent { session_id: self.session_id, timeout: 30_000, event_number };
        told_numbered(self.call(&request).await)
    }

    /// Polls on after a kill: what was read last may come again, each with its number, and then come those of `wanted`
    /// that follow `read`, none left out.
    async fn reads_on(&self, wanted: &[Told], read: usize) {
        let mut at: Option<usize> = None;
        while at != Some(wanted.len() - 1) {
            let reply = self.poll(30_000).await;
            assert!(reply.result, "{:?}", reply.error_description);
            let event = told(&reply);
            let now = wanted.iter().position(|one| *one == event).unwrap_or_else(|| panic!("strange: {event:?}"));
            match at {
                None => assert!(now <= read, "{} events were skipped", now - read),
                Some(before) => assert_eq!(now, before + 1, "in order"),
            }
            at = Some(now);
        }
    }
}

#[tokio::test]
async fn an_application_goes_on_after_the_gateway_was_killed() {
    let (node, mut gateway, app, [caller, callee]) = two_phones().await;
    let (ours, theirs) = app.connect(caller, callee, "1001").await;
    // Two more that nobody has read when it is killed.
    node.hands.does("1001", "hold").await;
    let mut before = Vec::new();
    for number in 1..=9 {
        before.push(app.numbered(number).await);
    }

    gateway.kill_and_start().await;
    app.reads_on(&before, 7).await;
    for object in [caller, callee] {
        app.hear(object, Type::MonitorSet, Why::MonitorSet).await;
        app.hear(object, Type::OutOfService, Why::ControllerCommsFailed).await;
    }
    app.hear_system(SystemEventType::IcpCommunicationEvent, Some(ConnectionState::Connected)).await;
    for (object, leg, state) in [(caller, ours, CallState::Established), (callee, theirs, CallState::Held)] {
        let set = app.hear(object, Type::MonitorSet, Why::ControllerCommsRestored).await;
        assert_eq!((set.local_call_id, set.call_state), (leg, Some(state)), "{set:?}");
    }
    app.heard_everything().await;
    // Numbers go on without a hole, and the ids of before are good for commands.
    assert_eq!(app.numbered(10).await.1, Some(Why::MonitorSet));
    assert!(app.numbered(16).await.0.is_some());
    app.retrieve(callee, theirs).await.expect("the leg is known by its id");
    app.hear(callee, Type::CallRetrieved, Why::RetrieveInvoked).await;
    app.hear(caller, Type::CallRetrieved, Why::Retrieve).await;

    // A call that ends while no gateway is there ends for the application, too, by the id that it knows.
    gateway.process.kill();
    node.hands.does("1000", "hangup").await;
    gateway.start_again().await;
    app.until(caller, CallState::Idle).await;
    let mut cleared = Vec::new();
    while cleared.len() < 2 {
        let reply = app.poll(30_000).await;
        assert!(reply.result, "{:?}", reply.error_description);
        let clear = reply.call_event.filter(|e| e.kind == Some(Type::CallClear));
        clear.iter().for_each(|e| assert_ne!(global_call_id(e), "", "the call is named as before"));
        cleared.extend(clear.map(|e| e.local_call_id));
    }
    cleared.sort_unstable();
    assert_eq!(cleared, [ours.min(theirs), ours.max(theirs)]);
    // What was stopped stays stopped.
    app.stop(callee).await.expect("it is monitored");
    gateway.kill_and_start().await;
    assert_eq!(app.stop(callee).await.expect_err("it is not monitored any more"), NOT_MONITORED);
    assert!(app.logout().await);
    gateway.kill_and_start().await;
    assert_eq!(app.poll(1).await.error_description.as_deref(), Some(NO_SESSION));
}

#[tokio::test]
async fn what_changed_while_no_gateway_was_there_is_told_once() {
    let (node, mut gateway, app, [caller, callee]) = two_phones().await;
    app.monitor_features(callee).await.expect("accepted");
    let before = app.features(callee).await.expect("listed");
    assert!(before.cf_busy_int.is_some_and(|info| !info.fwd_on));

    gateway.process.kill();
    let forward = json!({ "type": "busyInternal", "number": "1002" });
    node.hands.does_with("1001", "forward", forward).await;
    node.hands.does_with("1000", "dial", json!({ "number": "1001" })).await;
    gateway.start_again().await;
    // A call that began, at both ends, and the feature; what was read last may come before.
    let (mut began, mut features) = (Vec::new(), Vec::new());
    loop {
        let enough = began.len() >= 2 && !features.is_empty();
        let reply = app.poll(if enough { 1 } else { 30_000 }).await;
        if enough && !reply.result {
            break;
        }
        assert!(reply.result, "{:?}", reply.error_description);
        let begins = |kind| matches!(kind, Some(Type::CallReceived | Type::CallDelivered));
        began.extend(reply.call_event.filter(|e| begins(e.kind)).map(|e| (e.object_id, e.local_call_id)));
        features.extend(reply.feature_event.map(|e| (e.object_id, e.event_type)));
    }
    began.sort_unstable();
    let (ours, theirs) = (app.status(caller).await.local_call_id, app.status(callee).await.local_call_id);
    let mut wanted = [(caller, ours), (callee, theirs)];
    wanted.sort_unstable();
    assert_eq!(began, wanted);
    assert_eq!(features, [(callee, Some(FeatureEventType::CfBusyInternal))]);
    app.answer(callee, theirs).await.expect("the leg is known by its id");
}

#[tokio::test]
async fn an_event_handler_is_handed_events_by_the_next_process() {
    let node = Node::start(1).await;
    let mut gateway = gateway(&[&node], "").await;
    let app = App::login(&gateway.url).await;
    let caller = app.watch(&node.address.to_string(), "1000").await;
    // It takes no event until the gateway was killed.
    let handler = Handler::start(vec![Does::Decline; 3]);
    let register = RegisterEventHandler { session_id: app.session_id, event_handler_url: handler.url() };
    assert!(app.call(&register).await.result);
    node.hands.does("1000", "offhook").await;
    node.hands.does_with("1000", "dial", json!({"number": "1001"})).await;
    let says = |text: &'static str| {
        let handler = &handler;
        async move {
            eventually(text, async || handler.asked().iter().any(|asked| asked.body.contains(text)).then_some(()))
                .await;
        }
    };
    says(">CALL_ORIGINATED<").await;
    gateway.kill_and_start().await;
    says(">CALL_DELIVERED<").await;
    says(">CONTROLLER_COMMS_RESTORED<").await;
    assert!(app.stop(caller).await.is_ok());
}

#[tokio::test]
async fn without_a_journal_and_after_the_grace_a_session_is_gone() {
    let mut without = gateway(&[], "folder = ''").await;
    let app = App::login_unkept(&without.url).await;
    without.kill_and_start().await;
    assert_eq!(app.poll(1).await.error_description.as_deref(), Some(NO_SESSION));
    assert!(!without.journal().exists());

    let mut with = gateway(&[], "grace_s = 0").await;
    let app = App::login_unkept(&with.url).await;
    with.kill_and_start().await;
    assert_ne!(app.poll(1).await.error_description.as_deref(), Some(NO_SESSION), "it is there, and waits");
    eventually("the time is over", async || {
        (app.poll(1).await.error_description.as_deref() == Some(NO_SESSION)).then_some(())
    })
    .await;
}

/// The newest file of the journal that records go to.
fn newest_segment(gateway: &Gateway) -> PathBuf {
    let files = std::fs::read_dir(gateway.journal()).expect("there is a journal");
    let paths = files.map(|file| file.expect("readable").path());
    paths.filter(|path| path.to_string_lossy().contains("segment-")).max().expect("a segment")
}

#[tokio::test]
async fn a_journal_that_is_cut_or_full_of_noise_is_read_as_far_as_it_is_whole() {
    let node = Node::start(1).await;
    let mut gateway = gateway(&[&node], "").await;
    let app = App::login(&gateway.url).await;
    let address = node.address.to_string();
    let caller = app.watch(&address, "1000").await;
    for (round, spoil) in [
        |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() - 3),
        |bytes: &mut Vec<u8>| bytes.extend(b"oig\x1e\xff\xff\xff\x7fnoise".repeat(1000)),
        |bytes: &mut Vec<u8>| bytes.splice(0..0, [0xa5; 5000]).for_each(drop),
    ]
    .into_iter()
    .enumerate()
    {
        node.hands.does("1000", "offhook").await;
        node.hands.does("1000", "hangup").await;
        gateway.process.kill();
        let file = newest_segment(&gateway);
        let mut bytes = std::fs::read(&file).expect("a segment can be read");
        spoil(&mut bytes);
        std::fs::write(&file, bytes).expect("a segment can be written");
        gateway.start_again().await;
        gateway.process.line_logged("a part of the journal cannot be read").await;
        let set = async || app.poll(30_000).await.call_event.filter(|e| e.cause == Some(Why::ControllerCommsRestored));
        eventually(&format!("the monitor is restored in round {round}"), set).await;
        app.until(caller, CallState::Idle).await;
    }
    let metrics = http::get(&gateway.url, "/metrics", &[]).await;
    assert!(metrics.body.contains("oig_journal_damages_total"), "{}", metrics.body);
    // A journal of which nothing is whole is none.
    gateway.process.kill();
    for file in std::fs::read_dir(gateway.journal()).expect("there is a journal") {
        std::fs::write(file.expect("readable").path(), [7; 70_000]).expect("it can be written");
    }
    gateway.start_again().await;
    assert_eq!(app.poll(1).await.error_description.as_deref(), Some(NO_SESSION));
    App::login(&gateway.url).await;
}

#[tokio::test]
async fn an_event_that_is_missing_is_told_as_discarded_and_those_around_it_are_heard() {
    let node = Node::start(1).await;
    let mut gateway = gateway(&[&node], "").await;
    let app = App::login(&gateway.url).await;
    app.watch(&node.address.to_string(), "1000").await;
    node.hands.does_with("1000", "dial", json!({"number": "1001"})).await;
    node.hands.does("1000", "hangup").await;
    assert_eq!(app.numbered(4).await.0, Some(Type::CallClear));
    gateway.process.kill();
    let file = newest_segment(&gateway);
    let mut bytes = std::fs::read(&file).expect("a segment can be read");
    let text = b">CALL_DELIVERED<";
    let at = bytes.windows(text.len()).position(|some| some == text).expect("the third event is in it");
    bytes[at + 1] ^= 1;
    std::fs::write(&file, bytes).expect("a segment can be written");

    gateway.start_again().await;
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last| last != "CALL_CLEAR") {
        let StandardEventMsg { call_event, error_description, .. } = app.poll(30_000).await;
        let kind = call_event.and_then(|event| event.kind).map(|kind| kind.as_str().to_owned());
        heard.push(kind.or(error_description).expect("an event of a call, or a loss"));
    }
    assert!(heard.ends_with(&["CALL_ORIGINATED", "Events 3 to 3 were discarded.", "CALL_CLEAR"].map(String::from)));
    let request = GetNumberedEvent { session_id: app.session_id, timeout: 1, event_number: 3 };
    assert!(!app.call(&request).await.result);
}

#[tokio::test]
async fn whatever_was_seen_before_a_kill_is_there_after_it() {
    const KILLS: usize = 10;
    // By polls, before anything: what was read is not kept.
    const READ: usize = 2;
    let node = Node::start(1).await;
    let mut gateway = gateway(&[&node], "").await;
    let app = App::login(&gateway.url).await;
    let address = node.address.to_string();
    app.watch(&address, "1000").await;
    app.watch(&address, "1001").await;
    // So many calls a round that they go on when the gateway is killed, and that the log's bound is not reached.
    let (hands, ahead) = (node.hands.clone(), Arc::new(Semaphore::new(0)));
    let allowed = ahead.clone();
    let people = tokio::spawn(async move {
        loop {
            allowed.acquire().await.expect("nobody closes it").forget();
            hands.does("1000", "offhook").await;
            hands.does_with("1000", "dial", json!({"number": "1001"})).await;
            hands.does("1000", "hangup").await;
        }
    });
    let mut seen = Vec::new();
    for kill in 1..=KILLS {
        ahead.add_permits(30);
        // In the middle of a burst: as soon as one more than before was seen.
        for _ in 0..20 + 7 * kill {
            seen.push(app.numbered(i32::try_from(seen.len() + 1).expect("few")).await);
        }
        gateway.kill_and_start().await;
        for (at, before) in seen.iter().enumerate().skip(seen.len().saturating_sub(60).max(READ)) {
            let after = app.numbered(i32::try_from(at + 1).expect("few")).await;
            assert_eq!(after, *before, "event {} after kill {kill}", at + 1);
        }
    }
    people.abort();
    // Polls hear all of them, too, each once and in order: nobody else has moved the cursor.
    app.reads_on(&seen, READ).await;
}

#[tokio::test]
async fn two_gateways_do_not_share_a_journal() {
    let first = gateway(&[], "").await;
    let settings = first.journal().with_file_name("oig.toml");
    let output = crate::common::process::oig().args(["serve", "--settings"]).arg(settings).output();
    let output = output.expect("oig can be started");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("journal.folder") && said.contains("another gateway"), "{said}");
}

#[tokio::test]
async fn a_planned_stop_ends_the_sessions_unless_a_successor_is_named() {
    let mut gateway = gateway(&[], "").await;
    let app = App::login_unkept(&gateway.url).await;
    gateway.process.terminate();
    app.hear_system(SystemEventType::OigShutdown, None).await;
    assert!(gateway.process.ended().await.success());
    gateway.start_again().await;
    assert_eq!(app.poll(1).await.error_description.as_deref(), Some(NO_SESSION));

    let mut gateway = Gateway::start_with(
        &[],
        With { listen: listen(), journal: "grace_s = 20\n[ha]\nsuccessor = '192.0.2.11'", ..With::default() },
    )
    .await;
    let (app, other) = (App::login_unkept(&gateway.url).await, App::login_unkept(&gateway.url).await);
    let (handler, dead) = (Handler::start([]), Handler::start([Does::Hang]));
    let register = async |app: &App, url: String| {
        app.call(&RegisterHaClientCallback { session_id: app.session_id, callback_uri: Some(url) }).await
    };
    let refused = register(&app, "http://192.0.2.1/".into()).await;
    assert!(!refused.result && refused.error_description.is_some_and(|text| text.contains("not among those")));
    assert!(register(&app, handler.url()).await.result);
    assert!(register(&other, dead.url()).await.result);
    // The next process knows it, too.
    gateway.kill_and_start().await;
    gateway.process.terminate();
    app.hear_system(SystemEventType::OigShutdown, None).await;
    assert!(gateway.process.ended().await.success(), "one that does not answer does not hold the stop up");
    let [asked] = &handler.asked()[..] else { panic!("{:?}", handler.asked()) };
    assert!(asked.head.contains("soapaction: \"urn:sessionhaevent\""), "{}", asked.head);
    assert!(asked.body.contains("newServerIPAddress>192.0.2.11<"), "{}", asked.body);
    gateway.start_again().await;
    assert!(app.reset().await, "whoever goes on with the journal goes on with the sessions");
}

#[tokio::test]
async fn a_full_disk_stops_nothing_and_sessions_outlive_the_process_when_there_is_room_again() {
    let (node, mut gateway, app, [caller, callee]) = two_phones().await;
    gateway.process.disk_is_full(true);
    app.connect(caller, callee, "1001").await;
    gateway.process.line_logged("THE JOURNAL CANNOT BE WRITTEN").await;
    let metrics = async |url: &str| http::get(url, "/metrics", &[]).await.body;
    assert!(metrics(&gateway.url).await.contains("oig_journal_writing 0"));
    let other = App::login(&gateway.url).await;
    gateway.process.disk_is_full(false);
    gateway.process.line_logged("the journal is written again").await;
    assert!(metrics(&gateway.url).await.contains("oig_journal_writing 1"));
    let said = gateway.process.logged().iter().filter(|line| line.contains("CANNOT BE WRITTEN")).count();
    assert_eq!(said, 1, "it is said once, however much could not be written");
    node.hands.does("1001", "hold").await;
    app.until(callee, CallState::Held).await;
    gateway.kill_and_start().await;
    assert!(other.reset().await, "a session that began meanwhile goes on");
    // What was read may come again; what was not read comes.
    eventually("the call is held", async || {
        let call = app.poll(30_000).await.call_event?;
        (call.object_id == callee && call.kind == Some(Type::CallHeld)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_application_that_is_revoked_meanwhile_does_not_go_on() {
    let mut gateway = gateway(&[], "").await;
    let (revoked, other) = (App::login(&gateway.url).await, App::login_other(&gateway.url).await);
    gateway.process.kill();
    gateway.change_settings(|settings| {
        let (before, its) = settings.split_once("name = 'Screen Pop'\n").expect("it is there");
        format!("{before}name = 'Screen Pop'\n{}", its.replacen("revoked = false", "revoked = true", 1))
    });
    gateway.admin(&["import"], "").expect("the database can be written");
    gateway.start_again().await;
    assert_eq!(revoked.poll(1).await.error_description.as_deref(), Some(NO_SESSION));
    assert!(other.reset().await);
}
