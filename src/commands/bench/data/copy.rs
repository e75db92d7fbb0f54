//! The first copy: of a few nodes into the store alone, and of a whole cluster by a gateway that has just started.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::ensure;
use schemas::contract::ops_session::ResetSessionTimer;

use super::database::Database;
use super::{node, plan_of, rate};
use crate::commands::bench::events::enough_files;
use crate::commands::bench::parts::Process;
use crate::commands::bench::report::Figure;
use crate::commands::bench::wire::Connection;
use crate::commands::bench::{PATIENCE, Plan};
use crate::data::follow::{Followers, State};
use crate::data::store::Store;
use crate::sim::listen::{self, RunningNode};
use crate::sim::node::Env;

use super::served::Reader;

/// Nodes that are copied into the store alone.
const NODES: u16 = 10;
/// Forms in which each set has a row.
const FORMS_OF_A_SET: u32 = 3;
/// How long a whole cluster may take before something is wrong.
const PATIENCE_OF_A_CLUSTER: Duration = Duration::from_secs(1800);
/// Between two looks whether it is copied: each is a request that the gateway answers meanwhile.
const LOOK: Duration = Duration::from_millis(100);
/// Files of a node that listens for CSTA and serves its forms.
const FILES_OF_A_NODE: usize = 16;

pub(super) async fn some(database: &Database) -> anyhow::Result<Vec<Figure>> {
    let mut nodes = Vec::new();
    for number in 1..=NODES {
        nodes.push(node(number).await?);
    }
    let fresh = database.fresh("copy")?;
    let store = tokio::task::block_in_place(|| Store::open(&fresh.options()))?;
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
    drop(followers);
    let (count, bulk) = tokio::task::block_in_place(|| database.fresh("bulk")?.bulk_load(&nodes))?;
    stop(nodes).await;
    let (rate, own) = (rate(count, copied), rate(count, bulk));
    Ok(vec![
        database.figure("first copy of forms", rate, "rows/s").noted(format!(
            "{count} rows of {NODES} nodes in {:.2} s; the nodes are in this process",
            copied.as_secs_f64()
        )),
        database.figure("the database's own bulk load", own, "rows/s").noted(database.bulk_load()),
        database.figure("first copy by bulk load", rate / own, "ratio"),
    ])
}

/// Every node of a cluster at once, by a gateway that has never seen one of them.
pub(super) async fn cluster(plan: &Plan, database: &Database) -> anyhow::Result<Vec<Figure>> {
    enough_files(usize::from(plan.nodes) * FILES_OF_A_NODE)?;
    let sets = (plan.rows / FORMS_OF_A_SET).max(1);
    let mut nodes = Vec::new();
    for number in 1..=plan.nodes {
        let [high, low] = number.to_be_bytes();
        let any = SocketAddr::from((Ipv4Addr::new(127, 2, high, low), 0));
        let node = listen::run_forms(plan_of(number, sets)?, any, Env::system()).await?;
        let _ = node.node().forms().stand();
        nodes.push(node);
    }
    let fresh = database.fresh("cluster")?;
    let addresses: Vec<_> = nodes.iter().map(|node| (node.addresses().csta, node.addresses().sync.port())).collect();
    let began = Instant::now();
    let gateway = Process::start_data(&addresses, fresh.url(), fresh.key_file(), &plan.log)?;
    let mut connection = Connection::open(gateway.address).await?;
    let session_id = connection.log_in().await?;
    let reader = Reader::new(gateway.address, session_id)?;
    while !reader.are_current(nodes.len()).await? {
        ensure!(began.elapsed() < PATIENCE_OF_A_CLUSTER, "the cluster was not copied in time");
        connection.call(&ResetSessionTimer { session_id }).await?;
        tokio::time::sleep(LOOK).await;
    }
    let copied = began.elapsed();
    let (peak, busy) = (gateway.peak()?, gateway.busy());
    drop(gateway);
    drop(fresh);
    let (count, bulk) = tokio::task::block_in_place(|| database.fresh("bulk")?.bulk_load(&nodes))?;
    let count_of_nodes = nodes.len();
    stop(nodes).await;
    let (rate, own) = (rate(count, copied), rate(count, bulk));
    Ok(vec![
        database.figure("first copy of a cluster after", copied.as_secs_f64(), "s").noted(format!(
            "{count} rows of {count_of_nodes} nodes at once, from the start of the gateway; {:.1} s of its CPU",
            busy.as_secs_f64()
        )),
        database.figure("memory meanwhile, at most", peak as f64 / 1048576.0, "MiB").noted("the gateway's, resident"),
        database.figure("first copy of a cluster", rate, "rows/s"),
        database.figure("own bulk load of a cluster", own, "rows/s").noted(database.bulk_load()),
        database.figure("copy of a cluster by bulk load", rate / own, "ratio"),
    ])
}

async fn stop(nodes: Vec<RunningNode>) {
    for node in nodes {
        node.stop().await;
    }
}
