//! The nodes' configuration as data: how fast it is first copied, read over HTTP, and how soon a change at a node is an event of
//! a trigger; the first two beside what the database does by itself.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use reqwest::Client;
use rusqlite::{Connection as Sqlite, params_from_iter, types::Value as SqliteValue};
use schemas::contract::ops_session::ResetSessionTimer;
use schemas::data::sql::{Dialect, tables};
use schemas::data::{FORMS, Form, Row, Value, form};
use schemas::domain::Ceid;
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;

use super::parts::Process;
use super::report::Figure;
use super::wire::Connection;
use super::{PATIENCE, Plan, runtime};
use crate::data::follow::{Followers, State};
use crate::data::store::Store;
use crate::sim::forms::Asked;
use crate::sim::listen::{self, Addresses, RunningNode};
use crate::sim::node::Env;
use crate::sim::plan;
use crate::storage::{Options, Place};

/// Nodes of the first copy, and sets of each; each set has rows in several forms.
const NODES: u16 = 10;
const SETS: u32 = 5_000;
const FIRST: u32 = 1_000_000;
/// Sessions with triggers, and those of each.
const SESSIONS: usize = 15;
const TRIGGERS: usize = 100;
/// Changes a second.
const CHANGES: u64 = 50;
const SELECT: &str =
    "SELECT number, name, device_id, device_type, cos, hot_desk FROM phones ORDER BY number LIMIT 1000";

/// Removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("oig-bench-data-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0); // of the system's temporary files
    }
}

pub(super) fn measure(plan: &Plan) -> anyhow::Result<Vec<Figure>> {
    let folder = Folder::new()?;
    runtime()?.block_on(async {
        let mut figures = first_copy(&folder.0).await.context("first copy")?;
        figures.extend(served(plan, &folder.0).await.context("served")?);
        Ok(figures)
    })
}

async fn node(number: u16) -> anyhow::Result<RunningNode> {
    let ceid = Ceid::new(number)?;
    let sized = plan::Plan::sized(ceid, FIRST + u32::from(number) * SETS, SETS);
    let node = listen::run(sized, Addresses::free(), Vec::new(), Env::system()).await?;
    // Made before it is asked for: that is the node's work.
    let _ = node.node().forms().stand();
    Ok(node)
}

async fn first_copy(folder: &Path) -> anyhow::Result<Vec<Figure>> {
    let mut nodes = Vec::new();
    for number in 1..=NODES {
        nodes.push(node(number).await?);
    }
    let place = Place::File(folder.join("copy.db"));
    let wait = Duration::from_secs(5);
    let store = Store::open(&Options { place, key_file: None, connections: 4, wait, statement_ms: 10_000 })?;
    let followers = Followers::new(store.clone())?;
    let at = |node: &RunningNode| (node.node().ceid(), Some(node.addresses().sync));
    let began = Instant::now();
    followers.configure(nodes.iter().map(at).collect());
    let are_current = || {
        let all = followers.standings().all();
        all.len() == nodes.len() && all.iter().all(|(_, standing)| standing.state == State::Current)
    };
    while !are_current() {
        ensure!(began.elapsed() < PATIENCE, "the nodes were not copied in time");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let copied = began.elapsed();
    let rows: Vec<(Ceid, &'static Form, Vec<Row>)> = nodes
        .iter()
        .flat_map(|node| FORMS.iter().map(|form| (node.node().ceid(), form, node.node().forms().rows(form))))
        .collect();
    let count = rows.iter().map(|(_, _, rows)| rows.len()).sum::<usize>() as f64;
    let file = folder.join("bulk.db");
    let bulk = tokio::task::spawn_blocking(move || bulk_load(&file, &rows)).await??;
    drop(followers);
    for node in nodes {
        node.stop().await;
    }
    let (rate, own) = (count / copied.as_secs_f64(), count / bulk.as_secs_f64());
    Ok(vec![
        Figure::new("first copy of forms", rate, "rows/s").noted(format!(
            "{count} rows of {NODES} nodes in {:.2} s; the nodes are in this process",
            copied.as_secs_f64()
        )),
        Figure::new("the database's own bulk load", own, "rows/s").noted("the same rows in one transaction, SQLite"),
        Figure::new("first copy by bulk load", rate / own, "ratio"),
    ])
}

/// The same rows as fast as the database takes them.
fn bulk_load(file: &Path, rows: &[(Ceid, &'static Form, Vec<Row>)]) -> anyhow::Result<Duration> {
    let mut connection = Sqlite::open(file)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
    for statement in tables::create(Dialect::Sqlite) {
        connection.execute_batch(&statement)?;
    }
    let began = Instant::now();
    let transaction = connection.transaction()?;
    for (ceid, form, rows) in rows {
        let mut insert = transaction.prepare_cached(&tables::upsert(form, Dialect::Sqlite))?;
        for row in rows {
            let values = row.0.iter().map(|value| match value {
                Value::Null => SqliteValue::Null,
                Value::Boolean(value) => SqliteValue::Integer((*value).into()),
                Value::Integer(number) => SqliteValue::Integer(*number),
                Value::Text(text) => SqliteValue::Text(text.clone()),
            });
            insert.execute(params_from_iter(std::iter::once(SqliteValue::Integer(ceid.get().into())).chain(values)))?;
        }
    }
    transaction.commit()?;
    Ok(began.elapsed())
}

/// A gateway of its own with one node.
struct Served {
    node: RunningNode,
    process: Process,
    http: Client,
    base: String,
}

async fn served(plan: &Plan, folder: &Path) -> anyhow::Result<Vec<Figure>> {
    let node = node(1).await?;
    let Addresses { csta, sync, .. } = node.addresses();
    let storage = folder.join("gateway.db");
    let process = Process::start_data(csta, sync.port(), &storage, &plan.log)?;
    crate::push::use_ring();
    let http = Client::builder().no_proxy().tls_certs_only([]).build()?;
    let base = format!("http://{}/mitel/oig/rest/resources/v1", process.address);
    let served = Served { node, process, http, base };
    let figures = served.measure(plan, &storage.with_extension("forms.db")).await;
    served.node.stop().await;
    figures
}

impl Served {
    async fn get(&self, session: i64, path: &str) -> anyhow::Result<Json> {
        let answer = self.http.get(format!("{}{path}", self.base)).bearer_auth(session).send().await?;
        ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }

    async fn measure(&self, plan: &Plan, file: &Path) -> anyhow::Result<Vec<Figure>> {
        let mut connection = Connection::open(self.process.address).await?;
        let session_id = connection.log_in().await?;
        let began = Instant::now();
        while self.get(session_id, "/databases").await?[0]["state"] != "CURRENT" {
            ensure!(began.elapsed() < PATIENCE, "the node was not copied in time");
            tokio::time::sleep(Duration::from_millis(20)).await;
            connection.call(&ResetSessionTimer { session_id }).await?;
        }
        let mut figures = self.select(plan, &mut connection, session_id, file).await.context("SELECT")?;
        figures.extend(self.triggers(plan).await.context("triggers")?);
        Ok(figures)
    }

    async fn select(
        &self,
        plan: &Plan,
        connection: &mut Connection,
        session_id: i64,
        file: &Path,
    ) -> anyhow::Result<Vec<Figure>> {
        let mut url = reqwest::Url::parse(&format!("{}/databases/sql", self.base))?;
        let database = self.node.addresses().csta.ip().to_string();
        url.query_pairs_mut().append_pair("database", &database).append_pair("sql", SELECT);
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
        let (file, span) = (file.to_owned(), plan.span);
        let own = tokio::task::spawn_blocking(move || own_client(&file, span)).await??;
        Ok(vec![
            Figure::new("SELECT of 1,000 rows over HTTP", rate, "/s").noted("one client, one after the other"),
            Figure::new("the database's own client", own, "/s").noted("the same rows, SQLite in this process"),
            Figure::new("over HTTP by own client", rate / own, "ratio"),
        ])
    }

    async fn triggers(&self, plan: &Plan) -> anyhow::Result<Vec<Figure>> {
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
                let url = format!("{}/databases/views/triggers", self.base);
                let request = self.http.post(url).bearer_auth(session_id).header("content-type", "application/json");
                let answer = request.body(wanted.to_string()).send().await?;
                ensure!(answer.status().is_success(), "a trigger is refused: {}", answer.status());
            }
            connection.call(&ResetSessionTimer { session_id }).await?;
            let url = format!("{}/databases/views/events", self.base);
            let request = self.http.get(url).bearer_auth(session_id).header("accept", "text/event-stream");
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
        Ok(vec![
            Figure::new("node's change to trigger, p50", quantile(0.5), "ms").noted(note),
            Figure::new("node's change to trigger, p99", quantile(0.99), "ms"),
            Figure::new("changes not told", done.len() as f64, "").within(super::report::Budget::AtMost(0.0)),
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

/// Statements a second of a client in this process.
fn own_client(file: &Path, span: Duration) -> anyhow::Result<f64> {
    let connection = Sqlite::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let sql = "SELECT number, name, device_id, device_type, cos, hot_desk FROM da_phones WHERE _ceid = 1 ORDER BY number LIMIT 1000";
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < span {
        let mut statement = connection.prepare(sql)?;
        let rows = statement
            .query_map([], |row| (0..6).map(|at| row.get::<_, SqliteValue>(at)).collect::<Result<Vec<_>, _>>())?;
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        ensure!(rows.len() == 1000, "{} rows", rows.len());
        std::hint::black_box(rows);
        count += 1;
    }
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}
