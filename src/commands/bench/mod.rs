//! `oig bench`: measures this gateway on this machine and holds the figures against the budgets.
//!
//! What is measured runs as a process of its own (`parts`); the applications and the node are in
//! this one. On a machine of few cores they take processor time from the gateway, as they would
//! in any test on one machine: so rates are read as ratios within one run, and the gateway's own
//! processor time stands beside them.

mod events;
mod journal;
mod load;
mod memory;
mod node;
mod parts;
mod report;
mod wire;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clap::{Args, ValueEnum};
use schemas::contract::cc::ConnectionState;
use schemas::contract::ops_call_control_standard::{GetIcpId, GetPhoneNumberId};
use schemas::contract::std::{GetIcpIdRequest, GetPhoneNumberIdRequest};

use self::node::ScriptedNode;
use self::parts::{Part, Process};
use self::wire::Connection;

#[derive(Debug, Args)]
pub(super) struct Bench {
    /// How long each rate is measured.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Measure only this; can be given several times.
    #[arg(long, value_enum)]
    only: Vec<Subject>,
    /// Keep-alive connections that send requests in a row.
    #[arg(long, default_value_t = 64, value_parser = at_least_one)]
    connections: usize,
    /// Sessions that wait for events, each with a poll of its own.
    #[arg(long, default_value_t = 1500, value_parser = at_least_one)]
    sessions: usize,
    /// Events a second.
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// Devices that have the events; one for each session when it is not given.
    #[arg(long, value_parser = at_least_one)]
    phones: Option<usize>,
    /// Devices that are monitored to see what one costs in memory.
    #[arg(long, default_value_t = 20_000, value_parser = at_least_one)]
    monitors: usize,
    /// A gSOAP server with an empty clearCall, as `scripts/bench --with-gsoap` builds it: measured in turns with
    /// the rest.
    #[arg(long)]
    gsoap: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// End with 1 when a budget was missed.
    #[arg(long)]
    strict: bool,
    /// Log filter of the measured gateway, whose log goes nowhere; as `oig serve` has it.
    #[arg(long, default_value = "info")]
    log: String,
    /// What a child process is.
    #[arg(long, value_enum, hide = true)]
    part: Option<Part>,
    /// The node of a child that is a gateway.
    #[arg(long, hide = true)]
    node: Option<SocketAddr>,
    /// Where a child that is a gateway keeps its journal; it has none otherwise.
    #[arg(long, hide = true)]
    journal: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// A fixed reply.
    Static,
    /// A SOAP command, and the fixed reply beside it.
    Command,
    /// From the node's socket to the reply of a held poll.
    Events,
    /// The same events with a journal and without one.
    Journal,
    /// What a monitored device costs.
    Memory,
    /// From the start of the process to the first login.
    Start,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| "must be a number, at least 1".into())
}

/// What to measure with.
#[derive(Clone)]
struct Plan {
    span: Duration,
    connections: usize,
    sessions: usize,
    rate: u32,
    phones: usize,
    monitors: usize,
    log: String,
    gsoap: Option<PathBuf>,
    /// Folder of the gateway's journal; without one it keeps none.
    journal: Option<PathBuf>,
}

impl Bench {
    pub(super) fn run(self) -> anyhow::Result<()> {
        if let Some(part) = self.part {
            return part.run(self.node, self.journal, &self.log);
        }
        let wanted = |subject| self.only.is_empty() || self.only.contains(&subject);
        let plan = Plan {
            span: Duration::from_secs(self.seconds),
            connections: self.connections,
            sessions: self.sessions,
            rate: self.rate,
            phones: self.phones.unwrap_or(self.sessions),
            monitors: self.monitors,
            log: self.log.clone(),
            gsoap: self.gsoap.clone(),
            journal: None,
        };
        let conditions = conditions();
        if !self.json {
            conditions.iter().for_each(|line| println!("{line}"));
        }
        let say = |what: &str| {
            if !self.json {
                println!("measuring {what} …");
            }
        };
        let mut figures = Vec::new();
        if wanted(Subject::Static) || wanted(Subject::Command) {
            say("requests in a row");
            figures.extend(load::measure(&plan, wanted(Subject::Command)).context("requests in a row")?);
        }
        if wanted(Subject::Events) {
            say("events");
            figures.extend(events::measure(&plan).context("events")?);
        }
        if wanted(Subject::Journal) {
            say("events with a journal and without");
            figures.extend(journal::measure(&plan).context("journal")?);
        }
        if wanted(Subject::Memory) {
            say("memory");
            figures.extend(memory::of_a_monitor(&plan).context("memory")?);
        }
        if wanted(Subject::Start) {
            say("the start");
            figures.extend(memory::start(&plan).context("start")?);
        }
        if self.json {
            println!("{}", report::json(&figures, &conditions));
        } else {
            report::print(&figures);
        }
        let missed: Vec<_> = figures.iter().filter(|f| f.is_kept() == Some(false)).map(|f| f.name).collect();
        if self.strict && !missed.is_empty() {
            bail!("over budget: {}", missed.join(", "));
        }
        Ok(())
    }
}

/// What a reader must know of the figures.
fn conditions() -> Vec<String> {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("?").to_owned();
    let build = if cfg!(debug_assertions) { "DEBUG BUILD, figures say nothing" } else { "release build" };
    vec![
        format!("{} cores, load average {load} before the run, {build}, loopback.", parts::cores()),
        "The gateway is a process of its own; the applications (a thread a core) and the scripted node run in this one"
            .to_owned(),
        "and share the cores with it. Ratios count; budgets are for an idle machine.".to_owned(),
    ]
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// How long preparations may take before something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);
/// A number that the scripted node does not have.
const NOBODY: &str = "9999999";

/// A gateway that is connected to the node and has read its directory.
async fn gateway_with(node: &ScriptedNode, plan: &Plan) -> anyhow::Result<Process> {
    let process = Process::start_with(Part::Gateway, Some(node.address), plan.journal.as_deref(), &plan.log)?;
    let mut connection = Connection::open(process.address).await?;
    let session_id = connection.log_in().await?;
    let since = Instant::now();
    let icp_ip_address = node.address.ip().to_string();
    loop {
        ensure!(since.elapsed() < PATIENCE, "the node was not connected in time");
        let request = GetIcpIdRequest { icp_ip_address: icp_ip_address.clone(), session_id };
        let reply = connection.call(&GetIcpId { request }).await?;
        if reply.connection_state == Some(ConnectionState::Connected) {
            // Until the directory is there any number is good.
            let request = GetPhoneNumberIdRequest { prime_dn: NOBODY.into(), session_id, icp_id: reply.icp_id };
            if !connection.call(&GetPhoneNumberId { request }).await?.result {
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    connection.call(&schemas::contract::ops_session::Logout { session_id }).await?;
    Ok(process)
}
