//! All configured nodes: begins their lives, waits between them, and tells the DeviceSupervisor
//! when a node is lost or back.
//!
//! It never touches a socket. A life that ended, however, is known by its last word.

use std::collections::{BTreeMap, HashMap};
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
use crate::node::messages::{Close, News, NodeNews};
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

struct Watched {
    settings: NodeSettings,
    life: u64,
    began: Instant,
    node: Option<Addr<Node>>,
    up: bool,
    backoff: Backoff,
    /// When it was not heard, as far as nobody has looked back at it.
    gaps: Gaps,
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
        let backoff = Backoff::new(policy::BACKOFF_FIRST, policy::BACKOFF_LONGEST);
        let nodes = env
            .cluster
            .settings()
            .into_iter()
            .map(|settings| {
                let watched = Watched {
                    settings,
                    life: 0,
                    began: Instant::now(),
                    node: None,
                    up: false,
                    backoff: backoff.clone(),
                    gaps: Gaps::default(),
                };
                (watched.settings.ceid, watched)
            })
            .collect();
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
        let Some(watched) = self.nodes.get_mut(&ceid) else { return };
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
        match news {
            News::Opened => self.env.cluster.set_link(ceid, LinkState::Initializing),
            News::Up(node) => {
                watched.up = true;
                watched.gaps.back(Instant::now());
                self.env.cluster.set_link(ceid, LinkState::Connected);
                metrics::counter!("oig_node_connections_total").increment(1);
                self.devices.do_send(NodeChange { ceid, change: Change::Up { life, node } });
            }
            News::Status(status) => self.devices.do_send(NodeChange { ceid, change: Change::Status { status } }),
            News::Directory(lines) => self.directory(ceid, lines),
            News::LookedBack => watched.gaps.looked_at(),
            News::Ended(heard) => {
                watched.node = None;
                self.env.cluster.set_link(ceid, LinkState::Failure);
                if watched.up {
                    watched.gaps.lost(heard.unwrap_or(watched.began));
                    metrics::counter!("oig_node_losses_total").increment(1);
                    self.devices.do_send(NodeChange { ceid, change: Change::Lost { life } });
                }
                if watched.up && watched.began.elapsed() >= policy::BACKOFF_FORGIVEN_AFTER {
                    watched.backoff.forgive();
                }
                if self.stopping {
                    return;
                }
                let pause = watched.backoff.pause(self.env.entropy.next_u64());
                info!(%ceid, pause_ms = pause.as_millis() as u64, "node not connected, next attempt after a pause");
                ctx.run_later(pause, move |supervisor, ctx| {
                    guard::keep("node_supervisor", || supervisor.begin_in_turn(ceid, ctx));
                });
            }
        }
        let (connected, configured) = self.env.cluster.connected();
        metrics::gauge!("oig_nodes_connected").set(connected as f64);
        metrics::gauge!("oig_nodes_configured").set(configured as f64);
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

impl Handler<Stop> for NodeSupervisor {
    type Result = ();

    fn handle(&mut self, _: Stop, _: &mut Self::Context) {
        self.stopping = true;
        guard::keep("node_supervisor", || {
            for watched in self.nodes.values() {
                if let Some(node) = &watched.node {
                    node.do_send(Close);
                }
            }
        });
    }
}
