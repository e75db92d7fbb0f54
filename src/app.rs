//! Puts the gateway together from its settings, runs it, and stops it in good order.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix::Arbiter;
use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use actors::Tree;
use actors::arbiters::Arbiters;
use actors::cluster::Cluster;
use actors::env::{Env, SystemClock};
use actors::session_supervisor::{Drained, Shutdown};
use tracing::{info, warn};

use crate::admission::Admission;
use crate::connect::NodeConnect;
use crate::entropy::SystemEntropy;
use crate::http::{self, Gateway};
use crate::push::{HttpPush, Networks, SystemLookUp};
use crate::settings::Settings;
use crate::telemetry;

/// Old stacks pool their connections for about 100 s.
const KEEP_ALIVE: Duration = Duration::from_secs(120);
/// A request's head must be there by then.
const HEAD: Duration = Duration::from_secs(15);
/// How long sessions may take to fetch OIG_SHUTDOWN, and connections to end, at a planned stop.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(3);
const SHUTDOWN_LOOK: Duration = Duration::from_millis(50);
/// Connections that may wait to be accepted: all sessions may log in at once.
const BACKLOG: u32 = 4096;

/// Routes that a command serves beside the gateway's own.
pub type Beside = Arc<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;

/// A running gateway.
pub struct Running {
    pub address: SocketAddr,
    pub gateway: web::Data<Gateway>,
    server: ServerHandle,
    arbiters: Vec<Arbiter>,
}

/// Reads what the connections to the nodes need, and starts the gateway; must be called within an actix system.
///
/// # Errors
/// When a certificate file is wrong, or the port cannot be bound.
pub fn start(settings: &Settings) -> io::Result<Running> {
    start_with(settings, NodeConnect::load(&settings.nodes).map_err(io::Error::other)?)
}

/// Starts the actors and the HTTP server; must be called within an actix system.
///
/// # Errors
/// When the port cannot be bound, or `push.ca` cannot be read.
pub fn start_with(settings: &Settings, connect: NodeConnect) -> io::Result<Running> {
    start_beside(settings, connect, Arc::new(|_| {}))
}

/// The same with routes of the caller's, which go before the gateway's.
///
/// # Errors
/// See [`start_with`].
pub fn start_beside(settings: &Settings, connect: NodeConnect, beside: Beside) -> io::Result<Running> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let count = |n: usize| if n == 0 { cores } else { n };
    let arbiters: Vec<Arbiter> = (0..count(settings.limits.arbiters)).map(|_| Arbiter::new()).collect();
    let handles = Arbiters::new(arbiters.iter().map(Arbiter::handle).collect())
        .ok_or_else(|| io::Error::other("no thread for the actors"))?;
    let cluster = Arc::new(Cluster::new(settings.node_settings()));
    let mut env = Env::new(Arc::new(SystemClock), Arc::new(SystemEntropy::default()), cluster);
    env.push = Arc::new(push(settings)?);
    let tree = Tree::start(env, &handles, Arc::new(connect), settings.limits.sessions);
    let anchors = settings.trust_anchors().map_err(io::Error::other)?;
    let admission = Admission::new(&settings.applications).trusting(anchors);
    let gateway = Gateway::new(tree, admission, settings.http.trusted_proxies.clone());
    let gateway = web::Data::new(gateway.numbered(settings.numbering()));
    let metrics = telemetry::metrics().map(web::Data::new);

    let workers = count(settings.http.workers);
    let shared = gateway.clone();
    let server = HttpServer::new(move || {
        let app = App::new().app_data(shared.clone()).configure(|config| beside(config)).configure(http::routes);
        match &metrics {
            Some(metrics) => app.app_data(metrics.clone()),
            None => app,
        }
    })
    .workers(workers)
    // The server counts them for each worker.
    .max_connections(settings.limits.connections.div_ceil(workers))
    .backlog(BACKLOG)
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(HEAD)
    // A client that closed its half is gone: a poll must not be answered into the void.
    .h1_allow_half_closed(false)
    .shutdown_timeout(SHUTDOWN_GRACE.as_secs())
    .disable_signals()
    .bind(settings.http.listen)?;
    let address = server.addrs().first().copied().unwrap_or(settings.http.listen);
    let server = server.run();
    let handle = server.handle();
    actix::spawn(async move {
        if let Err(error) = server.await {
            warn!(%error, "the HTTP server ended");
        }
    });
    info!(%address, nodes = settings.nodes.len(), "gateway started");
    Ok(Running { address, gateway, server: handle, arbiters })
}

/// What carries events to applications' handlers.
fn push(settings: &Settings) -> io::Result<HttpPush> {
    let ca_fault = |error: io::Error| io::Error::new(error.kind(), format!("push.ca: {error}"));
    let ca = settings.push.ca.as_ref().map(std::fs::read).transpose().map_err(ca_fault)?;
    let networks = Networks::new(settings.push.networks());
    HttpPush::new(networks, ca.as_deref(), Arc::new(SystemLookUp)).map_err(ca_fault)
}

impl Running {
    /// Planned stop: no new sessions, OIG_SHUTDOWN to those that are, a moment for them to fetch
    /// it, then connections and nodes.
    pub async fn stop(self) {
        let supervisor = self.gateway.tree.session_supervisor.clone();
        let told = supervisor.send(Shutdown).await.unwrap_or(0);
        info!(sessions = told, "planned stop");
        let fetched = async {
            while !supervisor.send(Drained).await.unwrap_or(true) {
                tokio::time::sleep(SHUTDOWN_LOOK).await;
            }
        };
        if tokio::time::timeout(SHUTDOWN_GRACE, fetched).await.is_err() {
            warn!("some sessions did not fetch the last event in time");
        }
        self.server.stop(true).await;
        self.gateway.tree.stop_nodes();
        // The goodbyes to the nodes are written by the arbiters that now end.
        tokio::time::sleep(SHUTDOWN_LOOK).await;
        for arbiter in &self.arbiters {
            arbiter.stop();
        }
        info!("stopped");
    }
}

/// Waits for SIGTERM or Ctrl-C.
///
/// # Errors
/// When the process cannot listen for signals.
pub async fn asked_to_stop() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}
