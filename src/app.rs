//! Puts the gateway together from its settings, runs it, and stops it in good order.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix::{Arbiter, ArbiterHandle};
use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use actors::Tree;
use actors::arbiters::Arbiters;
use actors::cluster::Cluster;
use actors::env::{Clock as _, Env, SystemClock};
use actors::event::Form;
use actors::flight::FlightRecord;
use actors::journal::{Before, Journal};
use actors::policy;
use actors::push::{Handover, NotTaken, Word};
use actors::session_supervisor::{Allow, Callbacks, Drained, Shutdown};
use futures_util::future::join;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::acl::AccessList;
use crate::admin::{self, Admin};
use crate::admission::Admission;
use crate::applications::{Applications, may_enter};
use crate::connect::NodeConnect;
use crate::data::Data;
use crate::entropy::SystemEntropy;
use crate::following::follow;
use crate::http::{self, Gateway};
use crate::licence::{self, Licences};
use crate::live_settings::LiveSettings;
use crate::nodes::Nodes;
use crate::push::{HttpPush, Networks, SystemLookUp};
use crate::settings::{Settings, Source};
use crate::storage::Storage;
use crate::telemetry;
use crate::users::{self, Users};

/// Old stacks pool their connections for about 100 s.
const KEEP_ALIVE: Duration = Duration::from_secs(120);
/// A request's head must be there by then.
const HEAD: Duration = Duration::from_secs(15);
/// And its TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long sessions may take to fetch OIG_SHUTDOWN, and connections to end, at a planned stop.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(3);
/// Applications that are told of a successor at a time.
const CALLBACKS_AT_A_TIME: usize = 64;
const SHUTDOWN_LOOK: Duration = Duration::from_millis(50);
/// Connections that may wait to be accepted: all sessions may log in at once.
const BACKLOG: u32 = 4096;

/// Routes that a command serves beside the gateway's own.
pub type Beside = Arc<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;

/// A running gateway.
pub struct Running {
    pub address: SocketAddr,
    /// Where it speaks HTTPS.
    pub https_address: Option<SocketAddr>,
    pub gateway: Arc<Gateway>,
    pub storage: Storage,
    /// Reads them again when they are said to have changed.
    pub applications: Applications,
    /// Where its licences are from.
    pub licences: Option<Licences>,
    pub gateway_id: String,
    server: ServerHandle,
    /// Who takes over at a planned stop.
    successor: Option<IpAddr>,
    /// Threads for actors alone.
    arbiters: Vec<Arbiter>,
    /// Look at the database and the certificate server for changes.
    following: Vec<JoinHandle<()>>,
}

type Make = Box<dyn FnOnce(Vec<ArbiterHandle>) -> Option<Gateway> + Send>;

/// The gateway on its way: its actors live on the threads of the HTTP workers, so that a request and what it asks for
/// are mostly on one thread, and no other has to be woken. The workers come up before it and wait for it.
struct Coming {
    gateway: watch::Sender<Option<Arc<Gateway>>>,
    waiting: Mutex<Waiting>,
}

struct Waiting {
    threads: Vec<ArbiterHandle>,
    wanted: usize,
    make: Option<Make>,
}

impl Coming {
    /// With threads of their own for the actors, or, where there are none, when so many workers are there.
    fn new(own: Vec<ArbiterHandle>, workers: usize, make: Make) -> Self {
        let coming = Self {
            gateway: watch::Sender::new(None),
            waiting: Mutex::new(Waiting { threads: Vec::new(), wanted: workers, make: Some(make) }),
        };
        if !own.is_empty() {
            coming.with(|waiting| waiting.threads = own);
        }
        coming
    }

    /// A worker is there: its own thread says so.
    fn worker(&self) {
        self.with(|waiting| waiting.threads.push(Arbiter::current()));
    }

    fn with(&self, change: impl FnOnce(&mut Waiting)) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.make.is_none() {
            return; // a worker that came up again
        }
        change(&mut waiting);
        if waiting.threads.len() >= waiting.wanted
            && let Some(make) = waiting.make.take()
        {
            let threads = std::mem::take(&mut waiting.threads);
            self.gateway.send_replace(make(threads).map(Arc::new));
        }
    }
}

/// Opens the database, reads what the connections to the nodes need, and starts the gateway; must be called within an
/// actix system, and blocks until it serves.
///
/// # Errors
/// When the database cannot be used, a certificate file is wrong, or the port cannot be bound.
pub fn start(settings: &Settings) -> io::Result<Running> {
    start_beside(settings, Arc::new(|_| {}))
}

/// The same with routes of the caller's, which go before the gateway's.
///
/// # Errors
/// See [`start`].
pub fn start_beside(settings: &Settings, beside: Beside) -> io::Result<Running> {
    let options = settings.storage.options().map_err(|fault| io::Error::other(format!("storage.url: {fault}")))?;
    let storage = Storage::open(&options).map_err(io::Error::other)?;
    let known = storage.begin(settings, SystemClock.now_ms()).map_err(io::Error::other)?;
    let file = settings.clone();
    // From here on what the database has, and the file for the rest.
    let settings = &known.over(settings);
    settings.check_in(Source::Database).map_err(io::Error::other)?;
    telemetry::refilter(&settings.log.filter);
    let connect = Arc::new(NodeConnect::load(&settings.nodes).map_err(io::Error::other)?);
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let workers = if settings.http.workers == 0 { cores } else { settings.http.workers };
    let arbiters: Vec<Arbiter> = (0..settings.limits.arbiters).map(|_| Arbiter::new()).collect();
    // First: what the journal has to say is counted, too.
    let metrics = telemetry::metrics().map(web::Data::new);
    let cluster = Arc::new(Cluster::new(settings.node_settings()));
    let mut env = Env::new(Arc::new(SystemClock), Arc::new(SystemEntropy::default()), cluster);
    env.push = Arc::new(push(settings)?);
    env.quotas = Arc::new(settings.quotas());
    env.flight = FlightRecord::of(env.clock.clone(), settings.limits.flight_record);
    let anchors = settings.trust_anchors().map_err(io::Error::other)?;
    let gateway_id = storage.gateway_id(SystemClock.now_ms()).map_err(io::Error::other)?;
    let list = AccessList::open(&settings.acl, &gateway_id).map_err(io::Error::other)?;
    let licences = Licences::open(&settings.licence, &gateway_id).map_err(io::Error::other)?;
    let grace = settings.licence.grace();
    let allowance = licences.as_ref().map(|l| licence::allows(&l.state(), grace, SystemClock.now_ms()));
    let document = list.as_ref().and_then(AccessList::document);
    let enter = may_enter(known.registered(), list.is_some(), document.as_deref());
    let admission = Admission::new(enter.as_deref().unwrap_or_default()).trusting(anchors);
    if enter.is_none() {
        admission.await_list();
    }
    let (journal, before) = journal(settings, &admission)?;
    env.journal = journal;
    let (sessions, ways) = (settings.limits.sessions, settings.ways());
    let https = settings.tls.load().map_err(io::Error::other)?;
    let numbering = settings.numbering();
    let ways_to_nodes = connect.clone();
    let data = Data::open(&options, &settings.nodes)?;
    let users = Users::new(storage.clone(), settings.integrations.token_life());
    let make = move |threads| {
        let arbiters = Arbiters::new(threads)?;
        let tree = Tree::start_again(env, &arbiters, ways_to_nodes, sessions, before);
        let data = data.begin(&tree, &arbiters, http::notification);
        // Before anybody can log in.
        allowance.into_iter().for_each(|allowance| tree.session_supervisor.do_send(Allow(allowance)));
        let gateway = Gateway::new(tree, admission, ways).with_users(users).with_data(data);
        gateway.number(numbering);
        Some(gateway)
    };
    let own: Vec<_> = arbiters.iter().map(Arbiter::handle).collect();
    let wanted = if own.is_empty() { workers } else { own.len() };
    let coming = Arc::new(Coming::new(own, wanted, Box::new(make)));

    let admin = Arc::new(Admin::new(storage.clone()));
    let administered = admin.clone();
    let gateway = coming.gateway.subscribe();
    let server = HttpServer::new(move || {
        coming.worker();
        let gateway = coming.gateway.subscribe();
        let there = move || {
            let mut gateway = gateway.clone();
            async move { gateway.wait_for(Option::is_some).await.map(|there| there.clone()) }
                .map(|there| there.ok().flatten().ok_or("the gateway ended before it was there"))
        };
        let app = App::new().data_factory(there).configure(|config| beside(config)).configure(http::routes);
        // Last: what applications ask for is found first.
        let app = app.configure(|config| admin::routes(&administered, config)).wrap(from_fn(http::caller::guard));
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
    .bind(settings.http.listen)
    .map_err(|error| io::Error::new(error.kind(), format!("http.listen: {}: {error}", settings.http.listen)))?;
    let address = server.addrs().first().copied().unwrap_or(settings.http.listen);
    let server = match (&https, settings.tls.listen) {
        (Some(https), Some(listen)) => server
            .tls_handshake_timeout(HANDSHAKE)
            .bind_rustls_0_23(listen, https.server_config())
            .map_err(|error| io::Error::new(error.kind(), format!("tls.listen: {listen}: {error}")))?,
        _ => server,
    };
    let https_address = server.addrs().get(1).copied();
    let mut server = Box::pin(server.run());
    let handle = server.handle();
    // The first look at it brings the workers up, and with them the gateway; after that it only listens for its end.
    if let Some(ended) = (&mut server).now_or_never() {
        ended?;
    }
    let gateway = gateway.borrow().clone().ok_or_else(|| io::Error::other("no thread for the actors"))?;
    actix::spawn(async move {
        if let Err(error) = server.await {
            warn!(%error, "the HTTP server ended");
        }
    });
    let fetching = list.clone().map(|list| actix::spawn(list.follow()));
    let applications =
        Applications::new(storage.clone(), gateway.clone(), settings, &known, list, document.map(|d| d.version));
    let live = LiveSettings::new(storage.clone(), applications.clone(), file, settings.clone(), known.settings.clone());
    let nodes = Nodes::new(storage.clone(), gateway.clone(), connect, settings.clone(), known.nodes);
    let mut following: Vec<_> = fetching.into_iter().collect();
    following.extend(https.clone().map(|https| actix::spawn(https.follow())));
    following.push(actix::spawn(follow(live.clone(), applications.clone(), nodes.clone(), admin.texts.clone())));
    following.push(actix::spawn(users::follow(gateway.clone())));
    admin.runs(admin::Running {
        gateway: gateway.clone(),
        applications: applications.clone(),
        nodes,
        settings: live,
        storage: storage.clone(),
        licences: licences.clone(),
        grace,
        gateway_id: gateway_id.clone(),
        https: https.clone(),
        https_port: https_address.map(|address| address.port()),
        since_ms: SystemClock.now_ms(),
    });
    if let Some(licences) = licences.clone() {
        let sessions = gateway.tree.session_supervisor.clone();
        following.push(actix::spawn(licence::follow(licences.clone(), grace, sessions)));
        following.push(actix::spawn(licences.follow()));
    }
    let https = https_address.map(tracing::field::display);
    info!(%address, https, nodes = settings.nodes.len(), database = storage.label(), "gateway started");
    let successor = settings.ha.successor;
    Ok(Running {
        address,
        https_address,
        gateway,
        storage,
        applications,
        licences,
        gateway_id,
        server: handle,
        successor,
        arbiters,
        following,
    })
}

/// Where a next process finds what it needs, and what the one before left there.
fn journal(settings: &Settings, admission: &Admission) -> io::Result<(Journal, Before)> {
    let Some(folder) = &settings.journal.folder else { return Ok((Journal::default(), Before::default())) };
    let roll = admission.roll();
    let (journal, kept) = Journal::open(folder, |label, service| roll.goes_on(label, service))
        .map_err(|error| io::Error::other(format!("journal.folder: {error}")))?;
    Ok((journal, Before { kept, grace: settings.journal.grace() }))
}

/// What carries events to applications' handlers.
fn push(settings: &Settings) -> io::Result<HttpPush> {
    let ca_fault = |error: io::Error| io::Error::new(error.kind(), format!("push.ca: {error}"));
    let ca = settings.push.ca.as_ref().map(std::fs::read).transpose().map_err(ca_fault)?;
    let networks = Networks::new(settings.push.networks());
    HttpPush::new(networks, ca.as_deref(), Arc::new(SystemLookUp)).map_err(ca_fault)
}

impl Running {
    /// Tells those who asked for it who takes over.
    async fn hand_over(&self) {
        let Some(successor) = self.successor else { return };
        let tree = &self.gateway.tree;
        let callbacks = tree.session_supervisor.send(Callbacks).await.unwrap_or_default();
        let told = stream::iter(callbacks).map(async |(session, url)| {
            let word = Handover { url, form: Form::Standard, word: Word::Successor(successor) };
            match tokio::time::timeout(policy::PUSH_ANSWER, tree.env.push.carry(word)).await {
                Ok(Ok(())) => {}
                Ok(Err(why)) => warn!(%session, %why, "who takes over could not be told"),
                Err(_) => warn!(%session, why = %NotTaken::TooSlow, "who takes over could not be told"),
            }
        });
        told.buffer_unordered(CALLBACKS_AT_A_TIME).collect::<()>().await;
    }

    /// Planned stop: no new sessions, OIG_SHUTDOWN to those that are, a moment for them to fetch
    /// it, then connections and nodes.
    pub async fn stop(self) {
        self.following.iter().for_each(JoinHandle::abort);
        let supervisor = self.gateway.tree.session_supervisor.clone();
        let told = supervisor.send(Shutdown).await.unwrap_or(0);
        info!(sessions = told, "planned stop");
        let fetched = async {
            while !supervisor.send(Drained).await.unwrap_or(true) {
                tokio::time::sleep(SHUTDOWN_LOOK).await;
            }
        };
        if tokio::time::timeout(SHUTDOWN_GRACE, join(fetched, self.hand_over())).await.is_err() {
            warn!("some sessions did not fetch the last event, or answer who takes over, in time");
        }
        // A successor goes on with the sessions; else they have ended.
        let (journal, leave) = (self.gateway.tree.env.journal.clone(), self.successor.is_some());
        let closed = tokio::task::spawn_blocking(move || journal.close(leave)).await;
        if let Err(error) = closed {
            warn!(%error, "the journal was not closed");
        }
        // The goodbyes to the nodes are written by threads that end with the server.
        self.gateway.tree.stop_nodes();
        tokio::time::sleep(SHUTDOWN_LOOK).await;
        self.server.stop(true).await;
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
