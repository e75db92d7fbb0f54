//! A full cluster whose nodes restart all at once, but for one: how soon every monitor stands again, and
//! whether those who watch the one that stays notice. Afterwards what the cluster takes in memory.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{anyhow, ensure};
use tokio::runtime::Runtime;

use super::events::{Shared, enough_files, told, watch};
use super::node::{ScriptedNode, object_at};
use super::parts::{Others, Process};
use super::report::{Budget, Figure, percentile};
use super::wire::Connection;
use super::{PATIENCE, Plan, gateway_with, monitor, runtime};

/// Sessions that watch the node that stays, a phone each, and poll.
const STEADY: usize = 50;
/// Events a second there: a fifth of the rate that all sessions together are measured with.
const STEADY_PART: u32 = 5;
/// The node that stays; the others follow it in number.
const STAYS: u16 = 1;
/// How long the others are away: long enough that the gateway has tried in vain.
const AWAY: Duration = Duration::from_secs(1);
/// How often it is looked whether all monitors stand.
const LOOK: Duration = Duration::from_millis(5);
/// Connections that log in and begin monitors side by side.
const HANDS: usize = 8;

/// Restore, what it does to others, and memory.
pub(super) fn measure(plan: &Plan) -> anyhow::Result<Vec<Figure>> {
    enough_files(plan.sessions.max(STEADY) + usize::from(plan.nodes))?;
    let rate = (plan.rate / STEADY_PART).max(1);
    let within = |span: Duration| (f64::from(rate) * span.as_secs_f64()) as usize;
    let (before, all) = (within(plan.span), within(plan.span + AWAY + PATIENCE));
    let shared = Arc::new(Shared::new(STEADY, all, 0));
    let stays = ScriptedNode::listen_as(STAYS, STEADY)?;
    let restarting = usize::from(plan.nodes - STAYS);
    let devices = plan.restored.div_ceil(restarting);
    let nodes = (STAYS + 1..=plan.nodes)
        .map(|ceid| ScriptedNode::listen_as(ceid, 2 * devices))
        .collect::<std::io::Result<Vec<_>>>()?;
    let bulk = Bulk { nodes: &nodes, devices, sessions: plan.sessions.saturating_sub(STEADY).max(1) };

    let runtime = runtime()?;
    let (gateway, sessions) = runtime.block_on(async {
        let everyone: Vec<&ScriptedNode> = std::iter::once(&stays).chain(&nodes).collect();
        let gateway = gateway_with(&everyone, plan).await?;
        watch(gateway.address, STEADY, &shared).await?;
        let sessions = bulk.log_in(gateway.address, &shared).await?;
        bulk.monitor(gateway.address, &sessions, 0).await?;
        anyhow::Ok((gateway, sessions))
    })?;
    bulk.until_looked_at(devices)?;

    let never = AtomicBool::new(false);
    let (_, next) = told(&stays, rate, &shared, 0..before, &never)?;
    let lost = shared.lost();
    let mut quiet = shared.latencies_us();
    let others = Others::start(&[&gateway]);
    let busy = gateway.busy();
    let restart = bulk.restart(&stays, rate, &shared, next..all)?;
    let share = others.share(&[&gateway]) * 100.0;
    let busy = gateway.busy().saturating_sub(busy);
    let lost = lost + shared.lost();
    let mut meanwhile = shared.latencies_us();
    let figures = bulk.grow(&runtime, &gateway, &sessions)?;
    shared.end();
    runtime.shutdown_background();

    let ms = |samples: &mut [u32], percent| percentile(samples, percent) / 1000.0;
    let (p99_quiet, p99) = (ms(&mut quiet, 99.0), ms(&mut meanwhile, 99.0));
    let mut rows = vec![
        Figure::new("all monitors restored after", restart.as_secs_f64() * 1000.0, "ms")
            .within(Budget::AtMost(10_000.0))
            .noted(format!(
                "{} monitors of {} sessions at {restarting} nodes; from the nodes' return to the last snapshot",
                devices * restarting,
                bulk.sessions
            )),
        Figure::new("restart, gateway's CPU", busy.as_secs_f64() * 1e6 / (devices * restarting) as f64, "us each")
            .noted(format!("loss and return of a monitor; others had {share:.0} % of the processors")),
        Figure::new("event to poll before, p99", p99_quiet, "ms")
            .noted(format!("{rate} a second to {STEADY} sessions at the node that stays")),
        Figure::new("event to poll meanwhile, p50", ms(&mut meanwhile, 50.0), "ms"),
        Figure::new("event to poll meanwhile, p99", p99, "ms")
            .within(Budget::AtMost(5.0))
            .noted("the load of all the nodes' answers shares the cores"),
        Figure::new("p99 meanwhile by p99 before", p99 / p99_quiet.max(f64::MIN_POSITIVE), "")
            .noted("an aim: 1.1 where the nodes are other machines"),
        Figure::new("events lost beside a restart", lost as f64, "").within(Budget::AtMost(0.0)),
    ];
    rows.extend(figures);
    Ok(rows)
}

/// The sessions whose nodes restart; they do not poll, so that what is measured is not their reading.
struct Bulk<'a> {
    nodes: &'a [ScriptedNode],
    /// Monitored at each node before it restarts.
    devices: usize,
    sessions: usize,
}

impl Bulk<'_> {
    async fn log_in(&self, address: SocketAddr, shared: &Shared) -> anyhow::Result<Vec<i64>> {
        let mut connection = Connection::open(address).await?;
        let mut sessions = Vec::with_capacity(self.sessions);
        for _ in 0..self.sessions {
            let session_id = connection.log_in().await?;
            shared.keep(session_id);
            sessions.push(session_id);
        }
        Ok(sessions)
    }

    /// Monitors one share of each node's devices, spread over the sessions.
    async fn monitor(&self, address: SocketAddr, sessions: &[i64], from: usize) -> anyhow::Result<()> {
        let wanted: Vec<(i64, Option<i64>)> = (from..from + self.devices)
            .flat_map(|device| (0..self.nodes.len()).map(move |node| (node, device)))
            .zip(sessions.iter().cycle())
            .map(|((node, device), session)| {
                (*session, u16::try_from(node).ok().and_then(|node| object_at(STAYS + 1 + node, device)))
            })
            .collect();
        let hands: Vec<_> = wanted
            .chunks(wanted.len().div_ceil(HANDS))
            .map(|mine| {
                let mine = mine.to_vec();
                tokio::spawn(async move {
                    let mut connection = Connection::open(address).await?;
                    for (session_id, object) in mine {
                        monitor(&mut connection, session_id, object).await?;
                    }
                    anyhow::Ok(())
                })
            })
            .collect();
        for hand in hands {
            hand.await.map_err(|e| anyhow!("{e}"))??;
        }
        Ok(())
    }

    /// Waits until the gateway has looked at so many devices of each node.
    fn until_looked_at(&self, devices: usize) -> anyhow::Result<()> {
        let since = Instant::now();
        loop {
            let missing = |node: &ScriptedNode| devices.saturating_sub(node.looked_at());
            let (at, left) = self
                .nodes
                .iter()
                .map(missing)
                .filter(|left| *left > 0)
                .fold((0, 0), |(n, sum), left| (n + 1, sum + left));
            if left == 0 {
                return Ok(());
            }
            ensure!(since.elapsed() < PATIENCE, "{left} monitors of {at} nodes do not stand in time");
            std::thread::sleep(LOOK);
        }
    }

    /// All nodes go and come back while events go on at the one that stays; how long it took from their
    /// return until every monitor stood again.
    fn restart(
        &self,
        stays: &ScriptedNode,
        rate: u32,
        shared: &Shared,
        events: std::ops::Range<usize>,
    ) -> anyhow::Result<Duration> {
        let enough = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let telling = scope.spawn(|| told(stays, rate, shared, events, &enough));
            self.nodes.iter().for_each(ScriptedNode::go_away);
            std::thread::sleep(AWAY);
            self.nodes.iter().for_each(ScriptedNode::come_back);
            let back = Instant::now();
            let restored = self.until_looked_at(self.devices).map(|()| back.elapsed());
            enough.store(true, Ordering::Relaxed);
            telling.join().map_err(|_| anyhow!("the thread of the node panicked"))??;
            restored
        })
    }

    /// Monitors as many devices again; gives what the gateway then takes.
    fn grow(&self, runtime: &Runtime, gateway: &Process, sessions: &[i64]) -> anyhow::Result<Vec<Figure>> {
        runtime.block_on(self.monitor(gateway.address, sessions, self.devices))?;
        self.until_looked_at(2 * self.devices)?;
        let resident = gateway.resident()? as f64 / 1048576.0;
        Ok(vec![Figure::new("memory of a full cluster", resident, "MiB").within(Budget::AtMost(1024.0)).noted(
            format!(
                "{} nodes, {} sessions, {} monitored devices",
                self.nodes.len() + 1,
                self.sessions + STEADY,
                2 * self.devices * self.nodes.len() + STEADY
            ),
        )])
    }
}
