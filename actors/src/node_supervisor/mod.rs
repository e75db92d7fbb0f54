//! All configured nodes: begins their lives, waits between them, and tells the DeviceSupervisor
//! when a node is lost or back.
//!
//! It never touches a socket. A life that ended, however, is known by its last word.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message, MessageResult, Recipient};
use schemas::csta::message::SystemStatus;
use schemas::domain::{Ceid, Dn};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::arbiters::Arbiters;
use crate::backoff::Backoff;
use crate::cluster::{LinkState, Listed, NodeSettings};
use crate::env::Env;
use crate::guard;
use crate::node::Node;
use crate::node::messages::{Close, Ended, News, NodeNews};
use crate::node::unseen::Gaps;
use crate::policy;
use crate::wire::Connect;

/// To the DeviceSupervisor: a node can be asked again, or no more.
#[derive(Message)]
#[rtype(result = "()")]
pub struct NodeChange {
    pub ceid: Ceid,
    pub change: Change,
}

pub enum Change {
    Up {
        life: u64,
        node: Addr<Node>,
    },
    /// The node says how it is.
    Status {
        status: SystemStatus,
    },
    /// The connection of that life is gone.
    Lost {
        life: u64,
    },
}

/// The node, while it can be asked.
#[derive(Message)]
#[rtype(result = "Option<Addr<Node>>")]
pub struct FindNode(pub Ceid);

/// Planned stop: close every connection, begin no new life.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Stop;

/// Which nodes there are from now on. A node that is new begins its first life, one that is gone ends; what watches its
/// devices hears of a loss, and of the return when it is configured again. One that is reached in another way, or whose
/// phones come up elsewhere, is connected anew.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Configure {
    pub nodes: Vec<NodeSettings>,
    /// Those that are connected anew though nothing of these settings has changed: their certificates have.
    pub anew: BTreeSet<Ceid>,
}

struct Watched {
    settings: NodeSettings,
    /// Else no life begins; the count of them goes on when it is configured again.
    configured: bool,
    life: u64,
    began: Instant,
    node: Option<Addr<Node>>,
    up: bool,
    backoff: Backoff,
    /// When it was not heard, as far as nobody has looked back at it.
    gaps: Gaps,
}

impl Watched {
    fn new(settings: NodeSettings) -> Self {
        Self {
            settings,
            configured: true,
            life: 0,
            began: Instant::now(),
            node: None,
            up: false,
            backoff: Backoff::new(policy::BACKOFF_FIRST, policy::BACKOFF_LONGEST),
            gaps: Gaps::default(),
        }
    }

    fn close(&self) {
        if let Some(node) = &self.node {
            node.do_send(Close);
        }
    }
}

pub struct NodeSupervisor {
    env: Env,
    arbiters: Arbiters,
    connect: Arc<dyn Connect>,
    devices: Recipient<NodeChange>,
    nodes: BTreeMap<Ceid, Watched>,
    /// When the next life may begin again, whichever node's it is.
    room_from: Instant,
    stopping: bool,
}

impl NodeSupervisor {
    pub(crate) fn new(env: Env, arbiters: Arbiters, connect: Arc<dyn Connect>, devices: Recipient<NodeChange>) -> Self {
        let nodes = env.cluster.settings().into_iter().map(|s| (s.ceid, Watched::new(s))).collect();
        Self { env, arbiters, connect, devices, nodes, room_from: Instant::now(), stopping: false }
    }

    /// A pause is over: the life begins, or has its turn soon after others that began just now.
    fn begin_in_turn(&mut self, ceid: Ceid, ctx: &mut Context<Self>) {
        let now = Instant::now();
        let turn = self.room_from.max(now);
        self.room_from = turn + policy::LIFE_SPACING;
        if turn == now {
            return self.begin(ceid, ctx);
        }
        ctx.run_later(turn - now, move |supervisor, ctx| {
            guard::keep("node_supervisor", || supervisor.begin(ceid, ctx));
        });
    }

    fn begin(&mut self, ceid: Ceid, ctx: &mut Context<Self>) {
        if self.stopping {
            return; // the pause before this life began before the stop
        }
        let Some(watched) = self.nodes.get_mut(&ceid).filter(|watched| watched.configured) else { return };
        if watched.node.is_some() {
            return; // the pause before it was over twice: the node was removed in it, and added again
        }
        watched.life += 1;
        watched.began = Instant::now();
        watched.up = false;
        let (settings, life, gaps) = (watched.settings.clone(), watched.life, watched.gaps.clone());
        let connect = self.connect.clone();
        let supervisor = ctx.address().recipient();
        watched.node = Some(Node::start_in_arbiter(self.arbiters.of_node(ceid), move |_| {
            Node::new(settings, life, gaps, connect, supervisor)
        }));
    }

    #[cfg(feature = "planted-faults")]
    pub(crate) fn node(&self, ceid: Ceid) -> Option<&Addr<Node>> {
        self.nodes.get(&ceid)?.node.as_ref()
    }

    fn configure(&mut self, Configure { nodes, mut anew }: Configure, ctx: &mut Context<Self>) {
        let wanted: BTreeMap<Ceid, NodeSettings> = nodes.into_iter().map(|node| (node.ceid, node)).collect();
        let gone: Vec<_> = self.nodes.keys().filter(|ceid| !wanted.contains_key(ceid)).copied().collect();
        for ceid in gone {
            let Some(watched) = self.nodes.get_mut(&ceid).filter(|watched| watched.configured) else { continue };
            info!(%ceid, "the node is configured no more");
            watched.configured = false;
            watched.close();
            self.env.cluster.remove(ceid);
        }
        let mut begins = Vec::new();
        for (ceid, settings) in wanted {
            let present = self.nodes.get(&ceid).filter(|watched| watched.configured).map(|watched| &watched.settings);
            match present {
                Some(present) if *present == settings => continue,
                Some(present) => {
                    if !present.is_reached_as(&settings) {
                        anew.insert(ceid);
                    }
                    if present.secondary != settings.secondary {
                        // The phones' monitors there end, and begin at the other.
                        anew.extend([present.secondary, settings.secondary].into_iter().flatten());
                    }
                }
                None => begins.push(ceid),
            }
            info!(%ceid, name = settings.name, at = %settings.socket(), "the node is configured");
            self.env.cluster.configure(settings.clone());
            let watched = self.nodes.entry(ceid).or_insert_with(|| Watched::new(settings.clone()));
            (watched.settings, watched.configured) = (settings, true);
        }
        for ceid in begins {
            self.begin_in_turn(ceid, ctx);
        }
        for ceid in &anew {
            if let Some(watched) = self.nodes.get_mut(ceid) {
                watched.backoff.forgive();
                watched.close();
            }
        }
        self.gauge();
    }

    fn gauge(&self) {
        let (connected, configured) = self.env.cluster.connected();
        metrics::gauge!("oig_nodes_connected").set(connected as f64);
        metrics::gauge!("oig_nodes_configured").set(configured as f64);
    }

    /// A node that returns with other numbers than it had is what people want to know of: a wrong node answers there,
    /// perhaps.
    fn directory(&self, ceid: Ceid, lines: HashMap<Dn, Listed>) {
        let cluster = &self.env.cluster;
        let (listed, gone) = (lines.len(), cluster.not_in(ceid, &lines));
        cluster.set_directory(ceid, lines);
        if gone > 0 {
            metrics::counter!("oig_node_lines_gone_total").increment(gone as u64);
            warn!(%ceid, gone, listed, "the node lists other lines than before; those that are gone are unknown now");
        }
    }

    fn news(&mut self, news: NodeNews, ctx: &mut Context<Self>) {
        let NodeNews { ceid, life, news } = news;
        let Some(watched) = self.nodes.get_mut(&ceid).filter(|w| w.life == life) else { return };
        let now_ms = self.env.now_ms();
        match news {
            News::Opened => self.env.cluster.set_link(ceid, LinkState::Initializing, now_ms),
            News::Up(node) => {
                watched.up = true;
                watched.gaps.back(Instant::now());
                self.env.cluster.set_link(ceid, LinkState::Connected, now_ms);
                metrics::counter!("oig_node_connections_total").increment(1);
                self.devices.do_send(NodeChange { ceid, change: Change::Up { life, node } });
            }
            News::Status(status) => self.devices.do_send(NodeChange { ceid, change: Change::Status { status } }),
            News::Directory(lines) => self.directory(ceid, lines),
            News::LookedBack => watched.gaps.looked_at(),
            News::Ended(Ended { heard, why }) => {
                watched.node = None;
                self.env.cluster.set_link(ceid, LinkState::Failure, now_ms);
                self.env.cluster.set_fault(ceid, why.unwrap_or_else(|| "a fault in the gateway".into()), now_ms);
                if watched.up {
                    watched.gaps.lost(heard.unwrap_or(watched.began));
                    metrics::counter!("oig_node_losses_total").increment(1);
                    self.devices.do_send(NodeChange { ceid, change: Change::Lost { life } });
                }
                if watched.up && watched.began.elapsed() >= policy::BACKOFF_FORGIVEN_AFTER {
                    watched.backoff.forgive();
                }
                watched.up = false;
                if self.stopping || !watched.configured {
                    return self.gauge();
                }
                let pause = watched.backoff.pause(self.env.entropy.next_u64());
                info!(%ceid, pause_ms = pause.as_millis() as u64, "node not connected, next attempt after a pause");
                ctx.run_later(pause, move |supervisor, ctx| {
                    guard::keep("node_supervisor", || supervisor.begin_in_turn(ceid, ctx));
                });
            }
        }
        self.gauge();
    }
}

impl Actor for NodeSupervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let all: Vec<Ceid> = self.nodes.keys().copied().collect();
        for ceid in all {
            self.begin(ceid, ctx);
        }
    }
}

impl Handler<NodeNews> for NodeSupervisor {
    type Result = ();

    fn handle(&mut self, news: NodeNews, ctx: &mut Self::Context) {
        guard::keep("node_supervisor", || self.news(news, ctx));
    }
}

impl Handler<FindNode> for NodeSupervisor {
    type Result = MessageResult<FindNode>;

    fn handle(&mut self, FindNode(ceid): FindNode, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.nodes.get(&ceid).filter(|watched| watched.up).and_then(|watched| watched.node.clone()))
    }
}

impl Handler<Configure> for NodeSupervisor {
    type Result = ();

    fn handle(&mut self, configure: Configure, ctx: &mut Self::Context) {
        guard::keep("node_supervisor", || self.configure(configure, ctx));
    }
}

impl Handler<Stop> for NodeSupervisor {
    type Result = ();

    fn handle(&mut self, _: Stop, _: &mut Self::Context) {
        self.stopping = true;
        guard::keep("node_supervisor", || {
            self.nodes.values().for_each(Watched::close);
        });
    }
}
