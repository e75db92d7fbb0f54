//! A whole tree of actors on one thread, whose clock moves only when nothing else can, and
//! applications that read its events.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix::{Addr, Arbiter, System};
use actors::Tree;
use actors::arbiters::Arbiters;
use actors::cluster::{Association, Cluster, LinkState, NodeSettings};
use actors::device_supervisor::{CountWatches, WatchCount};
use actors::env::{Clock, Entropy, Env};
use actors::event::Form;
use actors::push::{NoPush, Push};
use actors::refusal::Refused;
use actors::session::messages::{MonitorObject, Poll, ResetTimer, StopMonitor};
use actors::session::{Monitors, Outcome, Session, Want};
use actors::session_supervisor::{Door, FindSession, Open, SessionRef};
use actors::standing::Service;
use schemas::csta::message::Edition;
use schemas::domain::{Ceid, ObjectId, SessionId};
use tokio::time::Instant;

use crate::switch::{Net, Switch};

struct Standing(Instant);

impl Clock for Standing {
    fn now_ms(&self) -> i64 {
        1_700_000_000_000 + i64::try_from(self.0.elapsed().as_millis()).expect("a short test")
    }
}

/// splitmix64: the same in every run.
struct Seeded(AtomicU64);

impl Entropy for Seeded {
    fn next_u64(&self) -> u64 {
        let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Runs one test.
pub fn run(test: impl AsyncFnOnce()) {
    let system = System::with_tokio_rt(|| {
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
    });
    system.block_on(test());
}

pub struct Bench {
    pub tree: Tree,
    pub switches: Vec<Switch>,
}

pub fn ceid(number: u16) -> Ceid {
    Ceid::new(number).expect("a CEID")
}

/// The line `dn` of the first node.
pub fn line(dn: &str) -> ObjectId {
    line_of(1, dn)
}

pub fn line_of(node: u16, dn: &str) -> ObjectId {
    ObjectId::line(ceid(node), dn.parse().expect("a DN"))
}

impl Bench {
    /// That many nodes, all connected.
    pub async fn start(nodes: u16, sessions: usize) -> Self {
        Self::start_pushing(nodes, sessions, Arc::new(NoPush)).await
    }

    /// The same, where this carries events to handlers.
    pub async fn start_pushing(nodes: u16, sessions: usize, push: Arc<dyn Push>) -> Self {
        let switches: Vec<_> = (0..nodes).map(|_| Switch::default()).collect();
        Self::begin_with(Association::ServerFirst, None, switches, sessions, |env| env.push = push).up(nodes).await
    }

    /// As many nodes, where this fault is planted.
    #[cfg(feature = "planted-faults")]
    pub async fn start_planted(nodes: u16, fault: actors::planted::Fault) -> Self {
        let switches: Vec<_> = (0..nodes).map(|_| Switch::default()).collect();
        let planted = |env: &mut Env| env.planted = actors::planted::Planted(Some(fault));
        Self::begin_with(Association::ServerFirst, None, switches, 10, planted).up(nodes).await
    }

    /// All nodes are connected, and their directories known.
    async fn up(self, nodes: u16) -> Self {
        let bench = self;
        for node in 1..=nodes {
            bench.link(node, LinkState::Connected).await;
        }
        let tree = bench.tree.clone();
        let listed = || (1..=nodes).all(|n| tree.env.cluster.has(ceid(n), "1000".parse().expect("a DN")) == Some(true));
        until("the directories", listed).await;
        bench
    }

    /// The tree with these nodes, as they are.
    pub fn begin(switches: Vec<Switch>, sessions: usize) -> Self {
        Self::begin_with(Association::ServerFirst, None, switches, sessions, |_| {})
    }

    /// Two nodes; phones of the first come up at the second.
    pub fn begin_pair(switches: [Switch; 2]) -> Self {
        Self::begin_with(Association::ServerFirst, Some(ceid(2)), switches.into(), 10, |_| {})
    }

    /// The same with this style of association.
    pub fn begin_as(association: Association, switches: Vec<Switch>, sessions: usize) -> Self {
        Self::begin_with(association, None, switches, sessions, |_| {})
    }

    /// The same, with something changed of what the actors are given.
    pub fn begin_with(
        association: Association,
        secondary: Option<Ceid>,
        switches: Vec<Switch>,
        sessions: usize,
        change: impl FnOnce(&mut Env),
    ) -> Self {
        let settings: Vec<_> = (1..)
            .zip(&switches)
            .map(|(n, _)| NodeSettings {
                ceid: ceid(n),
                name: format!("node {n}"),
                address: [10, 0, 0, u8::try_from(n).expect("few nodes")].into(),
                port: 8882,
                association,
                specific: None,
                edition: Edition::default(),
                secondary: secondary.filter(|_| n == 1),
            })
            .collect();
        let at: Vec<SocketAddr> = settings.iter().map(NodeSettings::socket).collect();
        let net = Net(at.into_iter().zip(switches.iter().cloned()).collect());
        let cluster = Arc::new(Cluster::new(settings));
        let mut env = Env::new(Arc::new(Standing(Instant::now())), Arc::new(Seeded(AtomicU64::new(1))), cluster);
        change(&mut env);
        let arbiters = Arbiters::new(vec![Arbiter::current()]).expect("one");
        Self { tree: Tree::start(env, &arbiters, Arc::new(net), sessions), switches }
    }

    pub async fn link(&self, node: u16, state: LinkState) {
        until(&format!("node {node} {state:?}"), || self.tree.env.cluster.link(ceid(node)) == Some(state)).await;
    }

    pub async fn open(&self) -> Result<App, Refused> {
        let id = self
            .tree
            .session_supervisor
            .send(Open {
                application: "Company / App".into(),
                service: Service::Standard,
                door: Door::Soap,
                user: None,
            })
            .await;
        let id = id.expect("the supervisor lives")?;
        let SessionRef { addr, monitors, .. } = self.tree.sessions.find(id).expect("just begun");
        Ok(App { id, addr, monitors })
    }

    /// A session that an application keeps alive.
    pub async fn app(&self) -> App {
        let app = self.open().await.expect("admitted");
        let addr = app.addr.clone();
        actix::spawn(async move {
            while addr.send(ResetTimer).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        });
        app
    }

    pub async fn watches(&self) -> WatchCount {
        self.tree.device_supervisor.send(CountWatches).await.expect("the supervisor lives")
    }
}

/// Lets time pass on the paused clock: everything that is due until then has happened. Shows that
/// something stays as it is, or does not come.
pub async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Lets time pass until it is so; a minute at most, and none of it real.
pub async fn until(what: &str, so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < Duration::from_secs(60), "never came: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

pub struct App {
    pub id: SessionId,
    pub addr: Addr<Session>,
    pub monitors: Monitors,
}

impl App {
    pub async fn monitor(&self, object: ObjectId) {
        self.addr.send(MonitorObject(object)).await.expect("lives").expect("accepted");
    }

    pub async fn stop_monitor(&self, object: ObjectId) {
        self.addr.send(StopMonitor(object)).await.expect("lives").expect("monitored");
    }

    pub async fn poll(&self, timeout_ms: i64) -> Outcome {
        let held = self
            .addr
            .send(Poll { want: Want::Next(Form::Standard), timeout_ms })
            .await
            .expect("lives")
            .expect("accepted");
        let (outcome, receipt) = held.outcome().await;
        receipt.delivered();
        outcome
    }

    /// The next events, in brief.
    pub async fn events(&self, count: usize) -> Vec<String> {
        let mut events = Vec::new();
        while events.len() < count {
            match self.poll(60_000).await {
                Outcome::Event(_, event) => events.push(brief(event.standard().expect("a standard form"))),
                other => panic!("after {events:?}: {other:?}"),
            }
        }
        events
    }

    /// All that is told until nothing more comes for so long.
    pub async fn told_until_silent(&self, for_ms: i64) -> Vec<String> {
        let mut events = Vec::new();
        loop {
            match self.poll(for_ms).await {
                Outcome::Event(_, event) => events.push(brief(event.standard().expect("a standard form"))),
                Outcome::TimedOut => return events,
                other => panic!("after {events:?}: {other:?}"),
            }
        }
    }

    /// Nothing more is told for a while.
    pub async fn silence(&self) {
        let outcome = self.poll(4000).await;
        assert_eq!(outcome, Outcome::TimedOut);
    }
}

pub fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(open)?;
    Some(rest.split_once(close)?.0)
}

/// `1000 MONITOR_SET MONITOR_SET IDLE`, or `NODE 1 CONNECTED`, or `OIG_SHUTDOWN`.
pub fn brief(event: &str) -> String {
    let element = |name: &str| between(event, &format!("<cc:{name}>"), "<").unwrap_or("-").to_owned();
    let attribute = |name: &str| between(event, &format!("{name}=\""), "\"").and_then(|v| v.parse::<i64>().ok());
    let named = |name: &str| {
        let (_, after) = event.split_once(&format!("<cc:attributeName>{name}<"))?;
        between(after, "<cc:attributeValue>", "<")
    };
    // A feature that has a group: whose it is, of which, and whether the node's monitor tells it or the member's own.
    if let (Some(group), Some(object)) = (named("GROUP_DN"), attribute("objectId")) {
        let at = if object < 1_000 { "NODE" } else { "OWN" };
        let kind =
            between(event, "<cc:featureEvent", "</cc:featureEvent>").and_then(|part| between(part, "eventType>", "<"));
        return format!("{at} {} {} {group}", named("DEVICE_NUMBER").unwrap_or("-"), kind.unwrap_or("-"));
    }
    if let Some(node) = attribute("objectId").filter(|object| *object < 1_000) {
        return format!("NODE {node} {} {} {}", element("type"), element("cause"), element("callState"));
    }
    if let Some(object) = attribute("objectId") {
        let object = ObjectId::try_from(object).expect("an object");
        return format!("{} {} {} {}", object.dn(), element("type"), element("cause"), element("callState"));
    }
    match element("connectionState").as_str() {
        "-" if event.contains("OIG_SHUTDOWN") => "OIG_SHUTDOWN".to_owned(),
        state => format!("NODE {} {state}", attribute("icpId").expect("a node")),
    }
}

pub const LOST: &str = "NODE 1 CONNECTION_FAILURE";
pub const BACK: &str = "NODE 1 CONNECTED";

pub fn set(dn: &str) -> String {
    format!("{dn} MONITOR_SET MONITOR_SET IDLE")
}

pub fn out_of_service(dn: &str) -> String {
    format!("{dn} OUT_OF_SERVICE CONTROLLER_COMMS_FAILED OUT_OF_SERVICE")
}

pub fn restored(dn: &str) -> String {
    format!("{dn} MONITOR_SET CONTROLLER_COMMS_RESTORED IDLE")
}

pub fn rings(dn: &str) -> String {
    format!("{dn} CALL_RECEIVED NEW_CALL RECEIVED")
}
