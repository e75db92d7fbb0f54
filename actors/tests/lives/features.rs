//! Monitors of features: one monitor at the node for calls and features of all who watch, and what they hear when a
//! device dies, a link goes, or events were lost.

use actors::device_supervisor::RestateFor;
#[cfg(feature = "planted-faults")]
use actors::planted::At;
use actors::refusal::Refused;
use actors::session::Outcome;
use actors::session::messages::{MonitorFeatures, StopFeatureMonitor};
use schemas::domain::{DeviceFeature, ObjectId, RefusalKind, Setting};

use crate::bench::{App, BACK, Bench, LOST, between, line, out_of_service, restored, run, set, until};

async fn watch(app: &App, object: ObjectId) {
    app.addr.send(MonitorFeatures(object)).await.expect("lives").expect("accepted");
}

async fn unwatch(app: &App, object: ObjectId) -> Result<(), Refused> {
    app.addr.send(StopFeatureMonitor(object)).await.expect("lives")
}

/// `1000 DO_NOT_DISTURB true` of the next event.
async fn feature(app: &App) -> String {
    let Outcome::Event(_, event) = app.poll(60_000).await else { panic!("no event") };
    let text = event.standard().expect("a standard form").to_owned();
    let object = between(&text, "objectId=\"", "\"").and_then(|id| id.parse::<i64>().ok()).expect("an object");
    let state = between(&text, "FEATURE_EVENT_STATE</cc:attributeName><cc:attributeValue>", "<").expect("a state");
    let inner = text.split_once("<cc:featureEvent").expect("a feature event").1;
    let kind = between(inner, "<cc:eventType>", "<").expect("a type");
    format!("{} {kind} {state}", ObjectId::try_from(object).expect("an object").dn())
}

fn dnd(on: bool) -> String {
    format!("1000 DO_NOT_DISTURB {on}")
}

/// Waits until the features are known to the gateway.
async fn known(bench: &Bench, app: &App) {
    assert_eq!(
        app.monitors.settings(line("1000")).await.expect("told"),
        [Setting {
            feature: DeviceFeature::DoNotDisturb,
            on: bench.switches[0].inside().dnd.contains("1000"),
            number: None
        }]
    );
}

#[test]
fn all_who_watch_share_one_monitor_and_each_hears_what_it_watches() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let (both, features, calls) = (bench.app().await, bench.app().await, bench.app().await);
        for app in [&both, &calls] {
            app.monitor(line("1000")).await;
            assert_eq!(app.events(1).await, [set("1000")]);
        }
        watch(&both, line("1000")).await;
        watch(&features, line("1000")).await;
        known(&bench, &features).await;
        let switch = &bench.switches[0];
        assert_eq!((switch.monitors_of("1000"), bench.watches().await.watches), (1, 3));
        switch.set_dnd("1000", true);
        for app in [&both, &features] {
            assert_eq!(feature(app).await, dnd(true));
        }
        switch.ring("1000", "c1");
        for app in [&both, &calls] {
            assert_eq!(app.events(1).await, ["1000 CALL_RECEIVED NEW_CALL RECEIVED"]);
        }
        unwatch(&both, line("1000")).await.expect("watched");
        assert_eq!(unwatch(&both, line("1000")).await, Err(Refused::NotMonitored));
        switch.set_dnd("1000", false);
        assert_eq!(feature(&features).await, dnd(false));
        for app in [&both, &features, &calls] {
            app.silence().await;
        }
        both.stop_monitor(line("1000")).await;
        calls.stop_monitor(line("1000")).await;
        assert_eq!(switch.monitors_of("1000"), 1);
        unwatch(&features, line("1000")).await.expect("watched");
        until("the monitor is stopped", || switch.monitors_of("1000") == 0).await;
    });
}

#[test]
fn a_monitor_of_features_hears_of_a_loss_by_its_node_alone_and_of_what_changed_meanwhile() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let (features, calls) = (bench.app().await, bench.app().await);
        calls.monitor(line("1000")).await;
        watch(&features, line("1000")).await;
        calls.events(1).await;
        known(&bench, &features).await;
        let switch = &bench.switches[0];
        switch.inside().dnd.insert("1000".into());
        switch.close();
        assert_eq!(features.events(2).await, [LOST, BACK]);
        assert_eq!(feature(&features).await, dnd(true));
        let told = [LOST.to_owned(), out_of_service("1000"), BACK.to_owned(), restored("1000")];
        assert_eq!(calls.events(4).await, told);
        for app in [&features, &calls] {
            app.silence().await;
        }
    });
}

#[cfg(feature = "planted-faults")]
#[test]
fn a_device_that_panics_leaves_what_it_knew_to_the_next() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        watch(&app, line("1000")).await;
        known(&bench, &app).await;
        // The node's word for it is lost with the device that would have heard it.
        bench.switches[0].inside().dnd.insert("1000".into());
        bench.tree.panic(At::Device(line("1000"))).await;
        assert_eq!(feature(&app).await, dnd(true));
        bench.switches[0].set_dnd("1000", false);
        assert_eq!(feature(&app).await, dnd(false));
        app.silence().await;
    });
}

#[test]
fn who_lost_events_of_an_object_hears_how_its_features_are_set() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        watch(&app, line("1000")).await;
        known(&bench, &app).await;
        let restate = RestateFor { session: app.id, objects: vec![line("1000")] };
        bench.tree.device_supervisor.send(restate).await.expect("lives");
        assert_eq!(feature(&app).await, dnd(false));
        app.silence().await;
    });
}

#[test]
fn a_monitor_of_features_that_the_node_refuses_is_told_so() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        let app = bench.app().await;
        bench.switches[0].inside().refuses_monitors =
            Some(schemas::csta::message::Failure::operation("privilegeViolationSpecifiedDevice"));
        watch(&app, line("1000")).await;
        let failed = "1000 MONITOR_FAILED_EVENT PRIVILEGE_VIOLATION UNAVAILABLE";
        assert_eq!(app.events(1).await, [failed]);
        // Asked for anew it is tried again.
        watch(&app, line("1000")).await;
        assert_eq!(app.events(1).await, [failed]);
        bench.switches[0].inside().refuses_monitors = None;
        watch(&app, line("1000")).await;
        known(&bench, &app).await;
        app.silence().await;
        bench.switches[0].inside().poor = true;
        let refused = app.monitors.settings(line("1000")).await.expect_err("no such service");
        assert!(matches!(refused, Refused::Node(no) if no.kind == RefusalKind::NotSupported));
    });
}
