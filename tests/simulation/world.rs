//! The world of one run: two simulated nodes, the gateway, applications. Everything random comes
//! from the seed.
//!
//! In memory: the gateway's actors and SOAP layer, wires as pipes, one thread, a paused clock. Over
//! sockets: the whole gateway with HTTP, TCP between everything, real time; no promise of replay.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::Arbiter;
use actors::Tree;
use actors::arbiters::Arbiters;
use actors::cluster::{Association, Cluster, NodeSettings};
use actors::env::{Clock, Env, SystemClock};
use actors::planted::{Fault as PlantedFault, Planted};
use actors::session::messages::Receipt;
use actors::session_supervisor::{self, Open};
use actors::standing::Service;
use actors::wire::{Connect, Wire};
use futures_util::future::BoxFuture;
use oig::admission::Admission;
use oig::app::{self, Running};
use oig::client::SoapClient;
use oig::commands::lab_settings;
use oig::http::Gateway;
use oig::http::caller::Ways;
use oig::http::soap;
use oig::sim::listen::{self, Addresses, RunningNode};
use oig::sim::node::{self as sim_node, SimNode, SimNodeHandle};
use schemas::contract::Request;
use schemas::contract::adv::AdvEventMsg;
use schemas::contract::cc::StandardEventMsg;
use schemas::contract::ops_call_control_advanced::AdvGetEvent;
use schemas::contract::ops_call_control_standard::{
    GetEvent, GetLineAppearanceId, GetNumberedEvent, GetPhoneNumberId, MonitorFeatures, MonitorObject,
    MonitorPrgPresence, RegisterEventHandler, StopFeatureMonitor, StopPrgPresenceMonitor,
};
use schemas::contract::ops_session::ResetSessionTimer;
use schemas::contract::std::{GetLineAppearanceIdRequest, GetPhoneNumberIdRequest};
use schemas::domain::Ceid;
use schemas::soap::{Envelope, Version, read_reply, request};
use tokio::time::{Instant, sleep};

use super::chance::{Chance, SeededEntropy};
use super::handlers::{Handlers, Pushed};
use super::places::{HOLD_RECALL_MS, Watched, lines, phones, plan};
use super::polls::{Numbered, Reader};

/// When every run begins.
pub const EPOCH_MS: i64 = 1_790_000_000_000;
const CALLER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Wall-clock time: the system's, or one that follows tokio's paused clock.
#[derive(Clone)]
pub enum SimClock {
    Paused(Instant),
    System,
}

impl SimClock {
    pub fn now(&self) -> i64 {
        match self {
            Self::Paused(start) => EPOCH_MS + i64::try_from(start.elapsed().as_millis()).expect("a run is short"),
            Self::System => SystemClock.now_ms(),
        }
    }
}

impl Clock for SimClock {
    fn now_ms(&self) -> i64 {
        self.now()
    }
}

/// Connections to nodes as pipes in memory.
struct Pipes(Vec<SimNodeHandle>);

impl Connect for Pipes {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<Wire>> {
        let node = self.0.iter().find(|n| address(n.ceid()) == to).cloned();
        Box::pin(async move {
            let node = node.ok_or(io::ErrorKind::ConnectionRefused)?;
            if !node.open().borrow().gateways {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let (ours, theirs) = tokio::io::duplex(256 * 1024);
            node.attach(theirs).await.map_err(|_| io::ErrorKind::ConnectionRefused)?;
            Ok(Box::new(ours) as Wire)
        })
    }
}

fn address(ceid: Ceid) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 10 + ceid.get().to_be_bytes()[1]], 8882))
}

/// What an application heard.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    pub at_ms: i64,
    pub event: StandardEventMsg,
}

/// An application watches the features of a phone, for a while or for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureWatch {
    pub object: i64,
    pub from_ms: i64,
    pub to_ms: Option<i64>,
}

impl FeatureWatch {
    pub fn covers(&self, at_ms: i64, slack_ms: i64) -> bool {
        self.from_ms - slack_ms <= at_ms && self.to_ms.is_none_or(|to_ms| at_ms <= to_ms + slack_ms)
    }

    /// Its end, at the latest that of the run.
    pub fn until(&self, end_ms: i64) -> i64 {
        self.to_ms.unwrap_or(end_ms)
    }
}

/// One application: a session that reads its events for ever.
#[derive(Clone)]
pub struct Application {
    pub session_id: i64,
    pub watched: Vec<Watched>,
    pub features: Rc<RefCell<Vec<FeatureWatch>>>,
    /// When it watches presence in the groups of a node; the object is the node.
    pub presence: Rc<RefCell<Vec<FeatureWatch>>>,
    pub heard: Rc<RefCell<Vec<Heard>>>,
    /// What advGetEvent gave beside it, in a session of Advanced service.
    pub heard_advanced: Option<Rc<RefCell<Vec<AdvEventMsg>>>>,
    /// What its event handler took, where it has one.
    pub pushed: Option<Pushed>,
}

/// The way to the gateway.
#[derive(Clone)]
pub enum Door {
    /// Its SOAP layer without a transport.
    Direct(Rc<Gateway>),
    Http(SoapClient),
}

/// What runs beside the actors when the run is over sockets.
struct Sockets {
    nodes: Vec<RunningNode>,
    gateway: Running,
}

pub struct World {
    pub clock: SimClock,
    pub nodes: Vec<SimNodeHandle>,
    pub applications: Vec<Application>,
    /// Polls whose answer was given to a client that was gone.
    pub hung_up: Rc<Cell<usize>>,
    door: Door,
    tree: Tree,
    sockets: Option<Sockets>,
    /// Event handlers in memory; over sockets nobody registers any.
    handlers: Option<Handlers>,
}

impl World {
    pub async fn begin(seed: u64, planted: Option<PlantedFault>) -> Self {
        let clock = SimClock::Paused(Instant::now());
        let nodes: Vec<SimNodeHandle> = (1..=2)
            .map(|number| {
                let clock = clock.clone();
                let env = sim_node::Env { clock: Arc::new(move || clock.now()) };
                SimNode::spawn(plan(number, seed, (seed / 3).is_multiple_of(3).then_some(HOLD_RECALL_MS)), env)
            })
            .collect();
        actix::spawn(peer_link(nodes[0].clone(), nodes[1].clone()));

        let settings = nodes.iter().zip([Association::ServerFirst, Association::Session]).map(|(node, association)| {
            let at = address(node.ceid());
            NodeSettings {
                ceid: node.ceid(),
                name: String::new(),
                address: at.ip(),
                port: at.port(),
                association,
                specific: None,
                edition: Default::default(),
                secondary: None,
            }
        });
        let cluster = Arc::new(Cluster::new(settings));
        let mut env = Env::new(Arc::new(clock.clone()), Arc::new(SeededEntropy::new(seed ^ 0xe)), cluster);
        env.planted = Planted(planted);
        let handlers = Handlers::new(seed ^ 0xb);
        env.push = Arc::new(handlers.clone());
        let arbiters = Arbiters::new(vec![Arbiter::current()]).expect("one arbiter");
        let tree = Tree::start(env, &arbiters, Arc::new(Pipes(nodes.clone())), 10);
        let gateway = Rc::new(Gateway::new(tree.clone(), Admission::new(&[]), Ways::default()));
        let world = Self::idle(clock, nodes, Door::Direct(gateway), tree);
        Self { handlers: Some(handlers), ..world }.people(seed).await
    }

    /// The same over TCP and HTTP.
    pub async fn begin_on_sockets(seed: u64) -> Self {
        let free = |number: u8| {
            let ip = IpAddr::from([127, 0, 0, 20 + number]);
            Addresses::on(ip, [0; 4])
        };
        let mut running: Vec<RunningNode> = Vec::new();
        for number in 1..=2_u8 {
            let before = running.iter().map(|n| (n.node().ceid(), n.addresses().partners)).collect();
            let plan = plan(number.into(), seed, None);
            running.push(listen::run(plan, free(number), before, sim_node::Env::system()).await.expect("free ports"));
        }
        let csta: Vec<SocketAddr> = running.iter().map(|n| n.addresses().csta).collect();
        let mut settings = lab_settings(SocketAddr::from(([127, 0, 0, 1], 0)), &csta);
        settings.nodes.iter_mut().for_each(|node| node.secondary = None);
        let gateway = app::start(&settings).expect("a free port");
        let nodes = running.iter().map(|n| n.node().clone()).collect();
        let client = SoapClient::new(format!("http://{}", gateway.address)).expect("a client");
        let tree = gateway.gateway.tree.clone();
        let sockets = Sockets { nodes: running, gateway };
        let world = Self::idle(SimClock::System, nodes, Door::Http(client), tree);
        Self { sockets: Some(sockets), ..world }.people(seed).await
    }

    fn idle(clock: SimClock, nodes: Vec<SimNodeHandle>, door: Door, tree: Tree) -> Self {
        let (applications, hung_up) = (Vec::new(), Rc::default());
        Self { clock, nodes, applications, hung_up, door, tree, sockets: None, handlers: None }
    }

    /// Applications log in and monitor phones; the first has Advanced service, the second an event
    /// handler.
    async fn people(self, seed: u64) -> Self {
        let mut world = self;
        let dns = |node: usize| phones(node).into_iter().map(|dn| dn.parse().expect("a DN"));
        world
            .until("the nodes are connected and listed", |w| {
                (0..2).all(|n| {
                    let ceid = w.nodes[n].ceid();
                    dns(n).all(|dn| w.tree.env.cluster.has(ceid, dn) == Some(true))
                })
            })
            .await;
        let mut chance = Chance::new(seed ^ 0xa);
        for number in 0..3 {
            let service = if number == 0 { Service::Advanced } else { Service::Standard };
            let application = world.application(&mut chance, service, number == 1).await;
            world.applications.push(application);
        }
        world
            .until("every monitor is set", |w| {
                w.applications.iter().all(|a| a.heard.borrow().len() >= a.watched.len() + a.presence.borrow().len())
            })
            .await;
        world
    }

    /// Ends what does not end with the runtime.
    pub async fn end(self) {
        if let Some(Sockets { nodes, gateway }) = self.sockets {
            gateway.stop().await;
            for node in nodes {
                node.stop().await;
            }
        }
    }

    /// Lets everything that can happen at this moment happen, and a millisecond pass.
    pub async fn settle(&self) {
        sleep(Duration::from_millis(1)).await;
    }

    pub async fn pass(&self, ms: u64) {
        sleep(Duration::from_millis(ms)).await;
    }

    pub async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        for _ in 0..10_000 {
            if holds(self) {
                return;
            }
            self.pass(10).await;
        }
        panic!("did not come about: {what}");
    }

    /// One request through the whole SOAP layer; the reply is taken by a live client.
    pub async fn call<R: Request>(&self, asked: &R) -> R::Reply {
        call(&self.door, asked).await.expect("the gateway is there").1
    }

    async fn application(&self, chance: &mut Chance, service: Service, pushed: bool) -> Application {
        let open = Open {
            application: "Simulation / Application".into(),
            service,
            door: session_supervisor::Door::Soap,
            user: None,
        };
        let opened = self.tree.session_supervisor.send(open).await.expect("alive");
        let session_id = opened.expect("admitted").as_long();
        let pushed = match &self.handlers {
            Some(handlers) if pushed => {
                let (event_handler_url, taken) = handlers.host(session_id);
                let reply = self.call(&RegisterEventHandler { session_id, event_handler_url }).await;
                assert!(reply.result, "{:?}", reply.error_description);
                Some(taken)
            }
            _ => None,
        };
        let mut watched = Vec::new();
        for node in 0..self.nodes.len() {
            for (dn, button) in lines(node) {
                if chance.percent(65) {
                    watched.push(self.watch(session_id, node, dn, button).await);
                }
            }
        }
        let heard_advanced = (service == Service::Advanced).then(Rc::default);
        let (features, presence, heard) = (Rc::default(), Rc::default(), Rc::default());
        let application = Application { session_id, watched, features, presence, heard, heard_advanced, pushed };
        for node in 0..self.nodes.len() {
            if chance.percent(60) {
                self.watch_presence(&application, node).await;
            }
        }
        for phone in application.watched.iter().filter(|phone| phone.is_prime()) {
            if chance.percent(60) {
                self.watch_features(&application, phone).await;
            }
        }
        actix::spawn(keep_alive(self.door.clone(), session_id));
        let mut reader =
            || Reader { door: self.door.clone(), hung_up: self.hung_up.clone(), chance: Chance::new(chance.next()) };
        let (clock, heard) = (self.clock.clone(), application.heard.clone());
        let keep = move |event| heard.borrow_mut().push(Heard { at_ms: clock.now(), event });
        actix::spawn(reader().run(GetEvent { session_id, timeout: 45_000 }, keep));
        if let Some(heard) = application.heard_advanced.clone() {
            let keep = move |event| heard.borrow_mut().push(event);
            actix::spawn(reader().run(AdvGetEvent { session_id, timeout: 45_000 }, keep));
        }
        application
    }

    async fn watch(&self, session_id: i64, node: usize, dn: String, button: u8) -> Watched {
        let (prime_dn, icp_id) = (dn.clone(), i64::from(self.nodes[node].ceid().get()));
        let id = match button {
            1 => {
                let request = GetPhoneNumberIdRequest { prime_dn, session_id, icp_id };
                self.call(&GetPhoneNumberId { request }).await
            }
            _ => {
                let button_num = i32::from(button);
                let request = GetLineAppearanceIdRequest { prime_dn, session_id, icp_id, button_num };
                self.call(&GetLineAppearanceId { request }).await
            }
        };
        assert!(id.result, "{:?}", id.error_description);
        let begun = self.call(&MonitorObject { session_id, object_id: id.object_id }).await;
        assert!(begun.result, "{:?}", begun.error_description);
        Watched { node, dn, button, object: id.object_id }
    }

    /// The application hears of the phone's features from now on.
    pub async fn watch_features(&self, application: &Application, phone: &Watched) {
        let (session_id, object_id) = (application.session_id, phone.object);
        let begun = self.call(&MonitorFeatures { session_id, object_id }).await;
        assert!(begun.result, "{:?}", begun.error_description);
        let watch = FeatureWatch { object: object_id, from_ms: self.clock.now(), to_ms: None };
        application.features.borrow_mut().push(watch);
    }

    /// It hears no more of them.
    pub async fn leave_features(&self, application: &Application, phone: &Watched) {
        let (session_id, object_id) = (application.session_id, phone.object);
        let over = self.call(&StopFeatureMonitor { session_id, object_id }).await;
        assert!(over.result, "{:?}", over.error_description);
        self.ends(&mut application.features.borrow_mut(), object_id);
    }

    /// It hears of presence in the groups of a node from now on.
    pub async fn watch_presence(&self, application: &Application, node: usize) {
        let (session_id, icp_id) = (application.session_id, i64::from(self.nodes[node].ceid().get()));
        let begun = self.call(&MonitorPrgPresence { session_id, icp_id }).await;
        assert!(begun.result, "{:?}", begun.error_description);
        let watch = FeatureWatch { object: icp_id, from_ms: self.clock.now(), to_ms: None };
        application.presence.borrow_mut().push(watch);
    }

    /// It hears no more of it.
    pub async fn leave_presence(&self, application: &Application, node: usize) {
        let (session_id, icp_id) = (application.session_id, i64::from(self.nodes[node].ceid().get()));
        let over = self.call(&StopPrgPresenceMonitor { session_id, icp_id }).await;
        assert!(over.result, "{:?}", over.error_description);
        self.ends(&mut application.presence.borrow_mut(), icp_id);
    }

    fn ends(&self, watches: &mut [FeatureWatch], object: i64) {
        let open = watches.iter_mut().find(|w| w.object == object && w.to_ms.is_none());
        open.expect("was watched").to_ms = Some(self.clock.now());
    }

    /// The application's events by number, as getNumberedEvent gives them; from the first that
    /// is kept.
    pub async fn numbered(&self, application: &Application) -> Vec<(i32, Numbered)> {
        let count = i32::try_from(application.heard.borrow().len()).expect("a run is short");
        let mut events = Vec::new();
        for event_number in 1..=count {
            let asked = GetNumberedEvent { session_id: application.session_id, timeout: 1, event_number };
            let reply = self.call(&asked).await;
            if reply.result {
                events.push((reply.event_number, Numbered::from(reply)));
            }
        }
        events
    }
}

/// One request and its reply; an event comes with the receipt that a live client gives, unless
/// HTTP sees to that.
///
/// `None` when the gateway is gone, as it is at the end of a run over sockets.
pub async fn call<R: Request>(door: &Door, asked: &R) -> Option<(Option<Receipt>, R::Reply)> {
    Some(match door {
        Door::Http(client) => (None, client.call(asked).await.ok()?),
        Door::Direct(gateway) => {
            let body = request(Version::V1_1, asked);
            let answer = soap::answer(gateway, R::OPERATION.service, None, CALLER, body.as_bytes()).await;
            let envelope = Envelope::parse(answer.body.as_bytes()).expect("an envelope");
            let reply = read_reply::<R>(&envelope).expect("a reply of the contract");
            (answer.receipt, reply)
        }
    })
}

async fn keep_alive(door: Door, session_id: i64) {
    while call(&door, &ResetSessionTimer { session_id }).await.is_some_and(|(_, reply)| reply.result) {
        sleep(Duration::from_secs(5)).await;
    }
}

/// The link between the two nodes, made anew whenever it is lost.
async fn peer_link(one: SimNodeHandle, other: SimNodeHandle) {
    loop {
        if one.open().borrow().partners && other.open().borrow().partners {
            let (a, b) = tokio::io::duplex(64 * 1024);
            let (Ok(first), Ok(second)) = (one.attach_peer(a).await, other.attach_peer(b).await) else { return };
            let _ = first.await;
            second.abort();
        }
        sleep(Duration::from_millis(500)).await;
    }
}
