//! Nodes that tell the gateway more than it can use, or by a clock that is wrong, as processes of their own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use actors::env::{Clock, SystemClock};
use schemas::contract::cc::{CallEventType as Type, CallState, EventCauseType as Why};

use crate::common::app::App;
use crate::common::chaos::{Chaos, Mishap};
use crate::common::clock::WallClock;
use crate::common::cluster::{Gateway, Node, With, own_address};
use crate::common::{PATIENCE, http, within};

/// As quickly as the gateway reads: several seconds of them. Not more than the simulated node waits for an answer, which
/// stands behind them: on a slow machine it would hang up.
const FLOOD: usize = 120_000;
/// What they would be in memory: some hundred megabytes. The gateway may use so much more than before.
const MORE_MEMORY: usize = 64 * 1024 * 1024;

#[tokio::test]
async fn a_flood_of_events_costs_bounded_memory_and_other_nodes_are_heard() {
    let (flooding, well) = (Node::start(1).await, Node::start(2).await);
    let line = Chaos::before(SocketAddr::new(flooding.address, flooding.csta_port));
    let mut gateway = Gateway::start_at(
        &[
            (1, flooding.address, line.address.port(), flooding.association),
            (2, well.address, well.csta_port, well.association),
        ],
        With::default(),
    )
    .await;
    // Nobody reads what the first hears.
    let (deaf, app) = (App::login(&gateway.url).await, App::login(&gateway.url).await);
    let rung = deaf.watch(&flooding.address.to_string(), "1000").await;
    let address = well.address.to_string();
    let (caller, callee) = (app.watch(&address, "2000").await, app.watch(&address, "2001").await);
    let before = gateway.process.peak_memory();
    line.next(Mishap::Repeated(FLOOD));
    flooding.hands.does_with("1001", "dial", serde_json::json!({ "number": "1000" })).await;
    gateway.process.line_logged("the node floods").await;
    let (mut calls, began) = (0, Instant::now());
    while line.passed() < FLOOD {
        assert!(began.elapsed() < PATIENCE * 3, "{} events and {calls} calls", line.passed());
        let (ours, _) = app.connect(caller, callee, "2001").await;
        app.clear(caller, ours).await.expect("clearCall is accepted");
        app.hear(caller, Type::CallClear, Why::ClearInvoked).await;
        app.hear(callee, Type::CallClear, Why::OtherDeviceCleared).await;
        calls += 1;
    }
    assert!(calls > 3, "{calls} calls beside {FLOOD} events");
    within(PATIENCE * 2, "the flood is over", async || {
        gateway.process.logged().iter().any(|line| line.contains("floods no more")).then_some(())
    })
    .await;
    assert_eq!(deaf.status(rung).await.call_state, Some(CallState::Received));
    let more = gateway.process.peak_memory() - before;
    assert!(more < MORE_MEMORY, "{} MiB more", more / 1024 / 1024);
    let metrics = http::get(&gateway.url, "/metrics", &[]).await.body;
    assert!(metrics.contains("oig_node_floods_total 1"), "{metrics}");
    assert!(!metrics.contains("oig_node_losses_total"), "no link was lost: {metrics}");
}

#[tokio::test]
async fn events_bear_the_gateways_time_whatever_a_nodes_clock_says() {
    const YEAR_MS: i64 = 365 * 24 * 3_600_000;
    let clock = Arc::new(WallClock::new());
    let mut node = Node::start_by(Some(clock.clone()), 1, "server-first", own_address(), &[], &[]).await;
    let gateway = Gateway::start(&[&node]).await;
    let app = App::login(&gateway.url).await;
    let address = node.address.to_string();
    let (caller, callee) = (app.watch(&address, "1000").await, app.watch(&address, "1001").await);
    for ahead_ms in [-YEAR_MS, YEAR_MS] {
        // It is set while it runs, and it comes back with it.
        for returns in [false, true] {
            clock.set(ahead_ms);
            if returns {
                node.restart().await;
                for object in [caller, callee] {
                    app.hear(object, Type::OutOfService, Why::ControllerCommsFailed).await;
                    app.hear(object, Type::MonitorSet, Why::ControllerCommsRestored).await;
                }
            }
            let from_ms = SystemClock.now_ms();
            app.make(caller, "1001").await.expect("makeCall is accepted");
            let made = app.hear(caller, Type::CallOriginated, Why::NewCallInvoked).await;
            let now_ms = SystemClock.now_ms();
            assert!((from_ms..=now_ms).contains(&made.call_event_time), "{} at {now_ms}", made.call_event_time);
            let its_time = node.hands.truth().await.at_ms - ahead_ms;
            assert!((its_time - now_ms).abs() < YEAR_MS / 2, "the node's clock is not wrong");
            app.hear(caller, Type::CallDelivered, Why::Delivered).await;
            app.hear(callee, Type::CallReceived, Why::NewCall).await;
            app.clear(caller, made.local_call_id).await.expect("clearCall is accepted");
            app.hear(caller, Type::CallClear, Why::ClearInvoked).await;
            app.hear(callee, Type::CallClear, Why::OtherDeviceCleared).await;
        }
    }
}
