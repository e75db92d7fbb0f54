//! `oig bench`: measures this gateway on this machine and holds the figures against the budgets.
//!
//! What is measured runs as a process of its own (`parts`); the applications and the node are in
//! this one. On a machine of few cores they take processor time from the gateway, as they would
//! in any test on one machine: so rates are read as ratios within one run, and the gateway's own
//! processor time stands beside them.

mod cluster;
mod data;
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
use schemas::contract::ops_call_control_standard::{GetIcpId, GetPhoneNumberId, MonitorObject};
use schemas::contract::ops_session::{Logout, ResetSessionTimer};
use schemas::contract::std::{GetIcpIdRequest, GetPhoneNumberIdRequest};
use secrecy::SecretString;

use self::node::ScriptedNode;
use self::parts::{Kept, Part, Process};
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
    /// Nodes of the cluster that restarts but for one, with `--sessions`; and of that which is first copied.
    #[arg(long, default_value_t = 250, value_parser = clap::value_parser!(u16).range(2..=250))]
    nodes: u16,
    /// Devices of the cluster that are monitored while it restarts; afterwards twice as many are.
    #[arg(long, default_value_t = 50_000, value_parser = at_least_one)]
    restored: usize,
    /// Rows of each node of the cluster that is first copied.
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(3..=100_000))]
    rows: u32,
    /// A PostgreSQL server (postgres://…) on which data access is measured, too. Its user makes databases and removes them.
    #[arg(long, env = "OIG_POSTGRES", hide_env_values = true)]
    database: Option<SecretString>,
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
    /// Lines of the measured gateway's flight record; 0 for none. As `oig serve` has it unless it is given.
    #[arg(long)]
    flight_record: Option<usize>,
    /// What a child process is.
    #[arg(long, value_enum, hide = true)]
    part: Option<Part>,
    /// The nodes of a child that is a gateway.
    #[arg(long, hide = true)]
    node: Vec<SocketAddr>,
    /// Where a child that is a gateway keeps its journal; it has none otherwise.
    #[arg(long, hide = true)]
    journal: Option<PathBuf>,
    /// Where its nodes serve their forms, in their order.
    #[arg(long, hide = true)]
    sync_port: Vec<u16>,
    /// Its database; in memory otherwise.
    #[arg(long, hide = true, env = STORAGE, hide_env_values = true)]
    storage: Option<SecretString>,
    /// The key of that.
    #[arg(long, hide = true)]
    key_file: Option<PathBuf>,
}

/// What a child reads its database from: a URL may have a password, which is nobody's to see.
const STORAGE: &str = "OIG_BENCH_STORAGE";

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
    /// The same events with a flight record and without one.
    Flight,
    /// What a monitored device costs.
    Memory,
    /// Every node but one restarts while events go on at that one; and what a full cluster takes in memory.
    Cluster,
    /// The nodes' configuration: the first copy, of some nodes and of a cluster, reading it over HTTP, and from a change to the
    /// event of a trigger.
    Data,
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
    nodes: u16,
    restored: usize,
    rows: u32,
    /// Of PostgreSQL, where there is one.
    server: Option<SecretString>,
    log: String,
    gsoap: Option<PathBuf>,
    /// Folder of the gateway's journal; without one it keeps none.
    journal: Option<PathBuf>,
    /// Lines of its flight record, where they are others than usual.
    flight_record: Option<usize>,
}

impl Bench {
    pub(super) fn run(self) -> anyhow::Result<()> {
        if let Some(part) = self.part {
            let Self { journal, sync_port: sync_ports, storage, key_file, .. } = self;
            let kept = Kept { journal, sync_ports, storage, key_file };
            return part.run(&self.node, kept, self.flight_record, &self.log);
        }
        let wanted = |subject| self.only.is_empty() || self.only.contains(&subject);
        let plan = Plan {
            span: Duration::from_secs(self.seconds),
            connections: self.connections,
            sessions: self.sessions,
            rate: self.rate,
            phones: self.phones.unwrap_or(self.sessions),
            monitors: self.monitors,
            nodes: self.nodes,
            restored: self.restored,
            rows: self.rows,
            server: self.database.clone(),
            log: self.log.clone(),
            gsoap: self.gsoap.clone(),
            journal: None,
            flight_record: self.flight_record,
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
        if wanted(Subject::Flight) {
            say("events with a flight record and without");
            figures.extend(journal::measure_flight(&plan).context("flight record")?);
        }
        if wanted(Subject::Memory) {
            say("memory");
            figures.extend(memory::of_a_monitor(&plan).context("memory")?);
        }
        if wanted(Subject::Cluster) {
            say("a cluster that restarts");
            figures.extend(cluster::measure(&plan).context("cluster")?);
        }
        if wanted(Subject::Data) {
            say("data access");
            figures.extend(data::measure(&plan).context("data access")?);
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
        let missed: Vec<_> = figures.iter().filter(|f| f.is_kept() == Some(false)).map(|f| &*f.name).collect();
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

/// A gateway that is connected to the nodes and has read their directories.
async fn gateway_with(nodes: &[&ScriptedNode], plan: &Plan) -> anyhow::Result<Process> {
    let addresses: Vec<SocketAddr> = nodes.iter().map(|node| node.address).collect();
    let process =
        Process::start_with(Part::Gateway, &addresses, plan.journal.as_deref(), plan.flight_record, &plan.log)?;
    let mut connection = Connection::open(process.address).await?;
    let session_id = connection.log_in().await?;
    let since = Instant::now();
    for address in addresses {
        while !has_listed(&mut connection, session_id, address).await? {
            ensure!(since.elapsed() < PATIENCE, "a node was not connected in time");
            tokio::time::sleep(Duration::from_millis(20)).await;
            connection.call(&ResetSessionTimer { session_id }).await?;
        }
    }
    connection.call(&Logout { session_id }).await?;
    Ok(process)
}

/// Whether the node is connected and its directory is read: until then any number is good.
async fn has_listed(connection: &mut Connection, session_id: i64, node: SocketAddr) -> anyhow::Result<bool> {
    let request = GetIcpIdRequest { icp_ip_address: node.ip().to_string(), session_id };
    let reply = connection.call(&GetIcpId { request }).await?;
    if reply.connection_state != Some(ConnectionState::Connected) {
        return Ok(false);
    }
    let request = GetPhoneNumberIdRequest { prime_dn: NOBODY.into(), session_id, icp_id: reply.icp_id };
    Ok(!connection.call(&GetPhoneNumberId { request }).await?.result)
}

/// Begins a monitor that the gateway has to accept.
async fn monitor(connection: &mut Connection, session_id: i64, object: Option<i64>) -> anyhow::Result<()> {
    let object_id = object.context("devices have seven digits")?;
    let reply = connection.call(&MonitorObject { session_id, object_id }).await?;
    ensure!(reply.result, "monitorObject refused: {}", reply.error_description.unwrap_or_default());
    Ok(())
}
