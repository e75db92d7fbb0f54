//! Other lines of a monitored number: whether one is in use is found out when a monitor begins, and
//! healed when the word of its end was lost.

use std::time::Duration;

use actors::policy;
use schemas::csta::message::{CallEvent, CallEventKind, ConnectionId, EventBody, GroupCall};
use schemas::domain::{Cause, DeviceRef, LocalState, Party};

use crate::bench::{App, BACK, Bench, LOST, line, out_of_service, pass, restored, run, set};
use crate::switch::Switch;

const USED: &str = "1000 EXTENSION_IN_USE EXTENSION_IN_USE EXTENSION_IN_USE";
const FREE: &str = "1000 CALL_CLEAR CLEARED IDLE";

/// A node whose number 1000 has a line appearance at button 2.
async fn with_appearance() -> (Bench, App) {
    let switch = Switch::default();
    switch.inside().appearances.push(("1000", 2));
    let bench = Bench::begin(vec![switch], 10);
    bench.link(1, actors::cluster::LinkState::Connected).await;
    let app = bench.app().await;
    (bench, app)
}

fn talks(bench: &Bench, talks: bool) {
    let call = || vec![("c9".to_owned(), LocalState::Connected, LocalState::Connected)];
    let calls = if talks { call() } else { Vec::new() };
    bench.switches[0].inside().calls.insert("1000.2".into(), calls);
}

/// The prime line is told what the appearance does.
fn tell(bench: &Bench, kind: CallEventKind) {
    let appearance = DeviceRef { button: Some(2), ..DeviceRef::number("1000") };
    let event = CallEvent {
        kind,
        connection: ConnectionId { call: Some("c9".into()), device: Some(appearance.clone()) },
        subject: Party::Known(appearance),
        calling: Party::NotKnown,
        called: Party::NotKnown,
        last_redirection: Party::NotKnown,
        new_destination: Party::NotKnown,
        network: Party::NotKnown,
        local: Some(LocalState::Null),
        cause: Cause::NewCall,
        permitted: None,
        global_call_id: None,
        groups: GroupCall::default(),
    };
    bench.switches[0].tell("1000", &EventBody::Call(event));
}

#[test]
fn another_line_that_is_in_use_when_the_monitor_begins_is_told_after_monitor_set() {
    run(async || {
        let (bench, app) = with_appearance().await;
        talks(&bench, true);
        app.monitor(line("1000")).await;
        assert_eq!(app.events(2).await, [set("1000"), USED.to_owned()]);
        tell(&bench, CallEventKind::ConnectionCleared);
        assert_eq!(app.events(1).await, [FREE]);
        app.silence().await;
    });
}

#[test]
fn the_lost_end_of_another_lines_use_is_told_by_the_next_audit() {
    run(async || {
        let (bench, app) = with_appearance().await;
        app.monitor(line("1000")).await;
        assert_eq!(app.events(1).await, [set("1000")]);
        app.silence().await;
        talks(&bench, true);
        tell(&bench, CallEventKind::ServiceInitiated);
        assert_eq!(app.events(1).await, [USED]);
        pass(policy::AUDIT_BUSY * 3).await;
        app.silence().await; // it is still so
        talks(&bench, false);
        pass(policy::AUDIT_BUSY + Duration::from_secs(1)).await;
        assert_eq!(app.events(1).await, [FREE]);
        pass(policy::AUDIT_BUSY * 3).await;
        app.silence().await;
    });
}

#[test]
fn after_the_return_of_its_node_the_other_lines_are_looked_at_anew() {
    run(async || {
        let (bench, app) = with_appearance().await;
        app.monitor(line("1000")).await;
        app.events(1).await;
        talks(&bench, true);
        tell(&bench, CallEventKind::ServiceInitiated);
        assert_eq!(app.events(1).await, [USED]);
        bench.switches[0].close();
        let back = [LOST.to_owned(), out_of_service("1000"), BACK.to_owned(), restored("1000")];
        assert_eq!(app.events(4).await, back);
        assert_eq!(app.events(1).await, [USED]);
        talks(&bench, false);
        bench.switches[0].close();
        assert_eq!(app.events(4).await, back);
        app.silence().await;
    });
}
