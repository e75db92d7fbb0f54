//! What a monitored device costs in memory, and how soon a started gateway lets someone in.

use std::time::{Duration, Instant};

use anyhow::ensure;
use schemas::contract::ops_call_control_standard::GetEvent;
use schemas::contract::ops_session::ResetSessionTimer;

use super::node::{ScriptedNode, object};
use super::parts::{Part, Process};
use super::report::{Budget, Figure, median};
use super::wire::Connection;
use super::{Plan, gateway_with, monitor, runtime};

/// Devices that one session monitors here: few sessions, so that what is measured is devices.
const BY_SESSION: usize = 5000;
/// Monitors begun at a session before its events are read: its log is not what is measured.
const BATCH: usize = 250;
/// For what is freed and counted late.
const SETTLE: Duration = Duration::from_millis(500);
/// Starts of the gateway; the middle one counts.
const STARTS: usize = 5;

/// Resident memory of the gateway before and after, by the number of devices.
pub(super) fn of_a_monitor(plan: &Plan) -> anyhow::Result<Vec<Figure>> {
    let node = ScriptedNode::listen(plan.monitors)?;
    let (before, after) = runtime()?.block_on(async {
        let gateway = gateway_with(&[&node], plan).await?;
        let mut connection = Connection::open(gateway.address).await?;
        let mut sessions = Vec::new();
        for _ in 0..plan.monitors.div_ceil(BY_SESSION) {
            sessions.push(connection.log_in().await?);
        }
        tokio::time::sleep(SETTLE).await;
        let before = gateway.resident()?;
        let devices: Vec<usize> = (0..plan.monitors).collect();
        for (i, batch) in devices.chunks(BATCH).enumerate() {
            monitor_all(&mut connection, sessions[i % sessions.len()], batch).await?;
            for session_id in &sessions {
                connection.call(&ResetSessionTimer { session_id: *session_id }).await?;
            }
        }
        tokio::time::sleep(SETTLE).await;
        anyhow::Ok((before, gateway.resident()?))
    })?;
    let each = after.saturating_sub(before) as f64 / plan.monitors as f64;
    Ok(vec![
        Figure::new("memory of a monitored device", each / 1024.0, "KiB")
            .within(Budget::AtMost(4.0))
            .noted(format!("{} devices; the gateway's resident memory, its sessions' logs in it", plan.monitors)),
        Figure::new("memory of the gateway with them", after as f64 / 1048576.0, "MiB")
            .noted(format!("{:.1} MiB before, with the node's directory", before as f64 / 1048576.0)),
    ])
}

/// Monitors the devices and reads what is told of each.
async fn monitor_all(connection: &mut Connection, session_id: i64, devices: &[usize]) -> anyhow::Result<()> {
    for device in devices {
        monitor(connection, session_id, object(*device)).await?;
    }
    for _ in devices {
        let reply = connection.call(&GetEvent { session_id, timeout: 10_000 }).await?;
        ensure!(reply.result, "no event: {}", reply.error_description.unwrap_or_default());
    }
    Ok(())
}

/// From the start of the process to the reply of the first login.
pub(super) fn start(plan: &Plan) -> anyhow::Result<Vec<Figure>> {
    let node = ScriptedNode::listen(1)?;
    let runtime = runtime()?;
    let mut taken_ms = Vec::new();
    for _ in 0..STARTS {
        let since = Instant::now();
        let gateway = Process::start(Part::Gateway, &[node.address], &plan.log)?;
        runtime.block_on(async { Connection::open(gateway.address).await?.log_in().await })?;
        taken_ms.push(since.elapsed().as_secs_f64() * 1000.0);
    }
    let worst = taken_ms.iter().copied().fold(0.0, f64::max);
    Ok(vec![
        Figure::new("start to first login", median(taken_ms), "ms")
            .within(Budget::AtMost(500.0))
            .noted(format!("the middle of {STARTS} processes, slowest {worst:.0} ms; two argon2 proofs in it")),
    ])
}
