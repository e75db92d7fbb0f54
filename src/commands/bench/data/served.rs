//! A gateway with one node: its rows read over HTTP, and its changes heard as events of triggers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use reqwest::Client;
use schemas::contract::ops_session::ResetSessionTimer;
use schemas::data::form;
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;

use super::database::{Database, Fresh};
use super::node;
use crate::commands::bench::parts::Process;
use crate::commands::bench::report::{Budget, Figure};
use crate::commands::bench::wire::Connection;
use crate::commands::bench::{PATIENCE, Plan};
use crate::sim::forms::Asked;
use crate::sim::listen::{Addresses, RunningNode};

/// Sessions with triggers, and those of each.
const SESSIONS: usize = 15;
const TRIGGERS: usize = 100;
/// Changes a second.
const CHANGES: u64 = 50;
const SELECT: &str =
    "SELECT number, name, device_id, device_type, cos, hot_desk FROM phones ORDER BY number LIMIT 1000";

/// REST of a gateway, as a session reads it.
pub(super) struct Reader {
    http: Client,
    base: String,
    session_id: i64,
}

impl Reader {
    pub(super) fn new(gateway: SocketAddr, session_id: i64) -> anyhow::Result<Self> {
        crate::push::use_ring();
        let http = Client::builder().no_proxy().tls_certs_only([]).build()?;
        Ok(Self { http, base: format!("http://{gateway}/mitel/oig/rest/resources/v1"), session_id })
    }

    /// Whether the copies of so many nodes are there, and follow them.
    pub(super) async fn are_current(&self, nodes: usize) -> anyhow::Result<bool> {
        let answer = self.http.get(format!("{}/databases", self.base)).bearer_auth(self.session_id).send().await?;
        ensure!(answer.status().is_success(), "/databases: {}", answer.status());
        let all: Vec<Json> = serde_json::from_slice(&answer.bytes().await?)?;
        Ok(all.len() >= nodes && all.iter().all(|one| one["state"] == "CURRENT"))
    }
}

/// A gateway of its own with one node.
struct Served<'a> {
    database: &'a Database,
    node: RunningNode,
    process: Process,
    /// After the process that uses it.
    fresh: Fresh,
}

pub(super) async fn measure(plan: &Plan, database: &Database) -> anyhow::Result<Vec<Figure>> {
    let node = node(1).await?;
    let Addresses { csta, sync, .. } = node.addresses();
    let fresh = database.fresh("served")?;
    let process = Process::start_data(&[(csta, sync.port())], fresh.url(), fresh.key_file(), &plan.log)?;
    let served = Served { database, node, process, fresh };
    let figures = served.measure(plan).await;
    served.node.stop().await;
    figures
}

impl Served<'_> {
    async fn measure(&self, plan: &Plan) -> anyhow::Result<Vec<Figure>> {
        let mut connection = Connection::open(self.process.address).await?;
        let session_id = connection.log_in().await?;
        let reader = Reader::new(self.process.address, session_id)?;
        let began = Instant::now();
        while !reader.are_current(1).await? {
            ensure!(began.elapsed() < PATIENCE, "the node was not copied in time");
            tokio::time::sleep(Duration::from_millis(20)).await;
            connection.call(&ResetSessionTimer { session_id }).await?;
        }
        let mut figures = self.select(plan, &mut connection, &reader).await.context("SELECT")?;
        figures.extend(self.triggers(plan, &reader).await.context("triggers")?);
        Ok(figures)
    }

    async fn select(
        &self,
        plan: &Plan,
        connection: &mut Connection,
        Reader { base, session_id, .. }: &Reader,
    ) -> anyhow::Result<Vec<Figure>> {
        let session_id = *session_id;
        let mut url = reqwest::Url::parse(&format!("{base}/databases/sql"))?;
        let node = self.node.addresses().csta.ip().to_string();
        url.query_pairs_mut().append_pair("database", &node).append_pair("sql", SELECT);
        let (path, query, at) = (url.path(), url.query().unwrap_or_default(), self.process.address);
        let request =
            format!("GET {path}?{query} HTTP/1.1\r\nHost: {at}\r\nAuthorization: Bearer {session_id}\r\n\r\n");
        let (began, mut count, mut reset) = (Instant::now(), 0_u32, Instant::now());
        while began.elapsed() < plan.span {
            let body = connection.exchange(request.as_bytes()).await?;
            ensure!(body.len() > 10_000, "an answer has fewer rows than were asked for");
            count += 1;
            if reset.elapsed() > Duration::from_secs(4) {
                connection.call(&ResetSessionTimer { session_id }).await?;
                reset = Instant::now();
            }
        }
        let rate = f64::from(count) / began.elapsed().as_secs_f64();
        let own = tokio::task::block_in_place(|| self.fresh.own_client(plan.span))?;
        let figure = |name, value, unit| self.database.figure(name, value, unit);
        Ok(vec![
            figure("SELECT of 1,000 rows over HTTP", rate, "/s").noted("one client, one after the other"),
            figure("the database's own client", own, "/s").noted("the same rows, by a client in this process"),
            figure("over HTTP by own client", rate / own, "ratio"),
        ])
    }

    async fn triggers(&self, plan: &Plan, Reader { http, base, .. }: &Reader) -> anyhow::Result<Vec<Figure>> {
        let phones = form("phones").context("a form")?;
        let rows = self.node.node().forms().rows(phones);
        let (heard, mut hears) = mpsc::channel(1024);
        let mut keeping = Vec::new();
        for at in 0..SESSIONS {
            let mut connection = Connection::open(self.process.address).await?;
            let session_id = connection.log_in().await?;
            for row in &rows[at * TRIGGERS..(at + 1) * TRIGGERS] {
                let number = phones.write(row)["number"].as_str().context("a number")?.to_owned();
                let wanted =
                    json!({ "database": "cluster", "view": "phones", "where": format!("number = '{number}'") });
                let url = format!("{base}/databases/views/triggers");
                let request = http.post(url).bearer_auth(session_id).header("content-type", "application/json");
                let answer = request.body(wanted.to_string()).send().await?;
                ensure!(answer.status().is_success(), "a trigger is refused: {}", answer.status());
            }
            connection.call(&ResetSessionTimer { session_id }).await?;
            let url = format!("{base}/databases/views/events");
            let request = http.get(url).bearer_auth(session_id).header("accept", "text/event-stream");
            keeping.push(tokio::spawn(listen_to(request, heard.clone())));
            keeping.push(tokio::spawn(async move {
                while connection.call(&ResetSessionTimer { session_id }).await.is_ok() {
                    tokio::time::sleep(Duration::from_secs(4)).await;
                }
                Ok(())
            }));
        }
        let mut ticks = tokio::time::interval(Duration::from_millis(1000 / CHANGES));
        let mut done: HashMap<String, Instant> = HashMap::new();
        let mut taken = Vec::new();
        let (began, mut next) = (Instant::now(), 0_usize);
        while began.elapsed() < plan.span || (!done.is_empty() && began.elapsed() < plan.span + PATIENCE) {
            tokio::select! {
                _ = ticks.tick(), if began.elapsed() < plan.span => {
                    let at = next % (SESSIONS * TRIGGERS);
                    let mut row = phones.write(&rows[at]);
                    row["department"] = format!("Department {next}").into();
                    let number = row["number"].as_str().context("a number")?.to_owned();
                    let row = phones.read(&row).map_err(|fault| anyhow::anyhow!("{fault}"))?;
                    done.insert(number, Instant::now());
                    self.node.node().forms().change(phones, Asked::Set(row)).map_err(|no| anyhow::anyhow!("{no}"))?;
                    next += 1;
                }
                Some((number, at)) = hears.recv() => {
                    taken.extend(done.remove(&number).map(|began| at.duration_since(began)));
                }
            }
        }
        keeping.iter().for_each(tokio::task::JoinHandle::abort);
        taken.sort_unstable();
        let quantile = |share: f64| {
            let at = ((taken.len() as f64 * share) as usize).min(taken.len().saturating_sub(1));
            taken.get(at).map_or(f64::NAN, |took| took.as_secs_f64() * 1000.0)
        };
        let note = format!(
            "{} changes, {} triggers of {SESSIONS} sessions, server-sent events",
            taken.len(),
            SESSIONS * TRIGGERS
        );
        let figure = |name, value, unit| self.database.figure(name, value, unit);
        Ok(vec![
            figure("node's change to trigger, p50", quantile(0.5), "ms").noted(note),
            figure("node's change to trigger, p99", quantile(0.99), "ms"),
            figure("changes not told", done.len() as f64, "").within(Budget::AtMost(0.0)),
        ])
    }
}

/// Says which number an event is about, and when it came.
async fn listen_to(request: reqwest::RequestBuilder, heard: mpsc::Sender<(String, Instant)>) -> anyhow::Result<()> {
    let mut answer = request.send().await?;
    let mut held = String::new();
    while let Some(part) = answer.chunk().await? {
        let at = Instant::now();
        held.push_str(&String::from_utf8_lossy(&part));
        while let Some(end) = held.find("\n\n") {
            let event: String = held.drain(..end + 2).collect();
            if let Some(data) = event.lines().find_map(|line| line.strip_prefix("data: ")) {
                let json: Json = serde_json::from_str(data)?;
                if let Some(number) = json["after"]["number"].as_str() {
                    heard.send((number.to_owned(), at)).await?;
                }
            }
        }
    }
    Ok(())
}
