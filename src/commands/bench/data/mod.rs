//! The nodes' configuration as data: how fast it is first copied, of a few nodes and of a full cluster, read over HTTP, and how
//! soon a change at a node is an event of a trigger; beside what the database does by itself. On SQLite, and on PostgreSQL where
//! a server is given.

mod copy;
mod database;
mod served;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use schemas::domain::Ceid;

use self::database::Database;
use super::report::Figure;
use super::{Plan, runtime};
use crate::sim::listen::{self, Addresses, RunningNode};
use crate::sim::node::Env;
use crate::sim::plan;

/// Sets of a node; each has rows in several forms.
const SETS: u32 = 5_000;
/// Their numbers begin behind this one.
const FIRST: u32 = 1_000_000;

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
    let server = plan.server.as_ref().map(|url| Database::server(url, &folder.0)).transpose()?;
    let databases: Vec<_> = std::iter::once(Database::file(&folder.0)).chain(server).collect();
    runtime()?.block_on(async {
        let mut figures = Vec::new();
        for database in &databases {
            figures.extend(copy::some(database).await.context("first copy")?);
            figures.extend(copy::cluster(plan, database).await.context("first copy of a cluster")?);
            figures.extend(served::measure(plan, database).await.context("served")?);
        }
        Ok(figures)
    })
}

fn plan_of(number: u16, sets: u32) -> anyhow::Result<plan::Plan> {
    Ok(plan::Plan::sized(Ceid::new(number)?, FIRST + u32::from(number) * sets, sets))
}

async fn node(number: u16) -> anyhow::Result<RunningNode> {
    let node = listen::run(plan_of(number, SETS)?, Addresses::free(), Vec::new(), Env::system()).await?;
    // Made before it is asked for: that is the node's work.
    let _ = node.node().forms().stand();
    Ok(node)
}

/// What `count` in so much time makes a second.
fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
