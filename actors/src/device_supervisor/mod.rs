//! Which object is watched by whom: finds or begins devices, tells them of their node, restores
//! their monitors in paced batches, and hands every session the loss and return of a node and what
//! follows from it in one message, in that order.

mod lives;
mod pace;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use actix::{
    Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, MessageResult, Recipient, WrapFuture,
};
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join_all};
use schemas::csta::message::SystemStatus;
use schemas::domain::{Ceid, ObjectId, ObjectKind, SessionId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tracing::warn;

use self::lives::Lives;
use self::pace::{Pace, pace};
use crate::arbiters::Arbiters;
use crate::device::Device;
use crate::device::messages::{Arm, DeviceEnded, LinkLost, LossTold, Memory, Restate, Retire, Unwatch, Watch};
use crate::env::Env;
use crate::event::{Deliver, Event, Topics};
use crate::guard;
use crate::node::Node;
use crate::node::messages::Restored;
use crate::node_supervisor::{Change, NodeChange};
use crate::policy;
use crate::refusal::Refused;
use crate::standing::Standing;
use crate::system_event;
use crate::system_monitor::SystemMonitor;

/// A session begins (or repeats) its watch of an object.
#[derive(Message)]
#[rtype(result = "Result<Living, Refused>")]
pub struct BeginWatch {
    pub object: ObjectId,
    pub session: SessionId,
    pub deliver: Recipient<Deliver>,
    /// Which forms of events it may have.
    pub standing: Standing,
    /// What it watches from now on, besides what it does already.
    pub topics: Topics,
}

#[derive(Message)]
#[rtype(result = "()")]
pub struct EndWatch {
    pub object: ObjectId,
    pub session: SessionId,
    pub topics: Topics,
}

/// The session is over: it watches nothing more.
#[derive(Message)]
#[rtype(result = "()")]
pub struct SessionGone(pub SessionId);

/// The session lost events of these objects: tell it their present state.
#[derive(Message)]
#[rtype(result = "()")]
pub struct RestateFor {
    pub session: SessionId,
    pub objects: Vec<ObjectId>,
}

/// Where a watched object lives now; `None` when nobody watches it.
#[derive(Message)]
#[rtype(result = "Option<Addr<Device>>")]
pub struct FindDevice(pub ObjectId);

/// Numbers for health and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchCount {
    pub objects: usize,
    pub watches: usize,
}

#[derive(Message)]
#[rtype(result = "WatchCount")]
pub struct CountWatches;

/// How many objects are watched at each node, as far as there are any.
#[derive(Message)]
#[rtype(result = "BTreeMap<Ceid, usize>")]
pub struct CountByNode;

/// One session's watch of an object.
#[derive(Clone)]
struct Watching {
    session: SessionId,
    deliver: Recipient<Deliver>,
    standing: Standing,
    topics: Topics,
}

impl Watching {
    fn watch(&self, topics: Topics) -> Watch {
        Watch { session: self.session, deliver: self.deliver.clone(), standing: self.standing.clone(), topics }
    }
}

/// What lives for a watched object.
#[derive(Clone)]
pub enum Living {
    Device(Addr<Device>),
    /// Presence in the groups of a node.
    System(Addr<SystemMonitor>),
}

impl Living {
    fn tell<M>(&self, message: M)
    where
        M: Message<Result = ()> + Send + 'static,
        Device: Handler<M>,
        SystemMonitor: Handler<M>,
    {
        match self {
            Self::Device(device) => device.do_send(message),
            Self::System(monitor) => monitor.do_send(message),
        }
    }

    fn lost(&self, lost: LinkLost) -> LocalBoxFuture<'static, Option<Arc<Event>>> {
        match self {
            Self::Device(device) => device.send(lost).map(|answer| answer.ok().flatten()).boxed_local(),
            Self::System(monitor) => monitor.send(lost).map(|answer| answer.ok().flatten()).boxed_local(),
        }
    }

    #[must_use]
    pub fn device(self) -> Option<Addr<Device>> {
        match self {
            Self::Device(device) => Some(device),
            Self::System(_) => None,
        }
    }
}

struct Watched {
    life: u64,
    device: Living,
    /// Few, so a list.
    watchers: Vec<Watching>,
}

/// A node that can be asked.
struct Up {
    life: u64,
    node: Addr<Node>,
    /// The nodes whose phones are monitored here, too, as it was when this life began.
    backs_up: Vec<Ceid>,
}

pub struct DeviceSupervisor {
    env: Env,
    arbiters: Arbiters,
    nodes: BTreeMap<Ceid, Up>,
    objects: BTreeMap<ObjectId, Watched>,
    sessions: BTreeMap<SessionId, BTreeSet<ObjectId>>,
    lives: u64,
    /// Losses that are still being told, by node: a return waits until they are.
    telling: BTreeMap<Ceid, u32>,
    /// The last life of each node's connection that ended: its return, when it waited, is stale.
    ended_lives: BTreeMap<Ceid, u64>,
    /// Sessions that heard of the loss of a node as the secondary of a phone, and will hear of its return.
    parted: BTreeMap<Ceid, BTreeSet<SessionId>>,
    /// Objects whose monitors are still to be restored, by node.
    restoring: BTreeMap<Ceid, VecDeque<ObjectId>>,
    panicked: Lives,
    /// What nodes say of themselves, while they are connected.
    statuses: BTreeMap<Ceid, SystemStatus>,
    /// Each monitor under restoration has one; who waits gets them in the order of asking.
    turns: Arc<Semaphore>,
    /// When the next batch may be restored, at whatever node.
    next_batch: Instant,
    /// Each loss that is being told has one.
    losses: Arc<Semaphore>,
    /// What another process knew, for the first life of each object.
    known: Memories,
}

/// What was known of each object.
pub(crate) type Memories = BTreeMap<ObjectId, Memory>;

impl DeviceSupervisor {
    pub(crate) fn new(env: Env, arbiters: Arbiters, known: Memories) -> Self {
        Self {
            env,
            arbiters,
            nodes: BTreeMap::new(),
            objects: BTreeMap::new(),
            sessions: BTreeMap::new(),
            lives: 0,
            telling: BTreeMap::new(),
            ended_lives: BTreeMap::new(),
            parted: BTreeMap::new(),
            restoring: BTreeMap::new(),
            panicked: Lives::default(),
            statuses: BTreeMap::new(),
            turns: Arc::new(Semaphore::new(policy::RESTORING)),
            next_batch: Instant::now(),
            losses: Arc::new(Semaphore::new(policy::LOSSES_TOLD)),
            known,
        }
    }

    fn begin(&mut self, object: ObjectId, memory: Memory, ctx: &mut Context<Self>) -> (u64, Living) {
        self.lives += 1;
        let (life, env, supervisor) = (self.lives, self.env.clone(), ctx.address().recipient());
        let arbiter = self.arbiters.of_node(object.ceid());
        let device = match object.kind() {
            ObjectKind::Presence => Living::System(SystemMonitor::start_in_arbiter(arbiter, move |_| {
                SystemMonitor::new(object, life, env, memory, supervisor)
            })),
            ObjectKind::Line | ObjectKind::Appearance => Living::Device(Device::start_in_arbiter(arbiter, move |_| {
                Device::new(object, life, env, memory, supervisor)
            })),
        };
        // While others wait to be restored, this one waits behind them no longer than a batch:
        // what an application asks for now goes ahead.
        let secondary = self.env.cluster.secondary(object.ceid()).filter(|_| has_secondary(object));
        for ceid in std::iter::once(object.ceid()).chain(secondary) {
            // A node that backs its own up only since this life began is connected anew.
            let home = object.ceid();
            let up = self.nodes.get(&ceid).filter(|up| ceid == home || up.backs_up.contains(&home));
            if let Some(Up { life, node, .. }) = up {
                device.tell(Arm { ceid, begins: true, life: *life, node: node.clone(), turn: None });
            }
        }
        (life, device)
    }

    fn watch(&mut self, begin: BeginWatch, ctx: &mut Context<Self>) -> Living {
        let BeginWatch { object, session, deliver, standing, topics } = begin;
        let mut watching = Watching { session, deliver, standing, topics };
        let mut watched = match self.objects.remove(&object) {
            Some(watched) => watched,
            None => {
                let memory = self.known.remove(&object).unwrap_or_default();
                let (life, device) = self.begin(object, memory, ctx);
                Watched { life, device, watchers: Vec::new() }
            }
        };
        watched.device.tell(watching.watch(topics));
        if let Some(at) = watched.watchers.iter().position(|w| w.session == session) {
            watching.topics = watched.watchers.remove(at).topics.with(topics);
        }
        watched.watchers.push(watching);
        let device = watched.device.clone();
        self.objects.insert(object, watched);
        self.sessions.entry(session).or_default().insert(object);
        self.gauge();
        device
    }

    fn unwatch(&mut self, object: ObjectId, session: SessionId, topics: Topics) {
        let Some(watched) = self.objects.get_mut(&object) else { return };
        let mut gone = true;
        for watching in watched.watchers.iter_mut().filter(|w| w.session == session) {
            watching.topics = watching.topics.without(topics);
            gone = watching.topics.is_empty();
        }
        watched.watchers.retain(|w| !w.topics.is_empty());
        if watched.watchers.is_empty() {
            watched.device.tell(Retire);
            self.objects.remove(&object);
            self.panicked.forget(object);
        } else {
            watched.device.tell(Unwatch { session, topics });
        }
        if gone && let Some(objects) = self.sessions.get_mut(&session) {
            objects.remove(&object);
            if objects.is_empty() {
                self.sessions.remove(&session);
            }
        }
        self.gauge();
    }

    fn gauge(&self) {
        metrics::gauge!("oig_devices_monitored").set(self.objects.len() as f64);
    }

    #[cfg(feature = "planted-faults")]
    pub(crate) fn presence(&self, ceid: Ceid) -> Option<Addr<SystemMonitor>> {
        match &self.objects.get(&ObjectId::presence(ceid))?.device {
            Living::System(monitor) => Some(monitor.clone()),
            Living::Device(_) => None,
        }
    }

    fn of_node(&self, ceid: Ceid) -> impl Iterator<Item = (&ObjectId, &Watched)> {
        ObjectId::all_of(ceid).flat_map(|range| self.objects.range(range))
    }

    /// What may come up elsewhere when one of these nodes is down.
    fn resilient_of(&self, nodes: Vec<Ceid>) -> impl Iterator<Item = (&ObjectId, &Watched)> {
        nodes.into_iter().flat_map(|node| self.of_node(node)).filter(|(object, _)| has_secondary(**object))
    }

    /// What is watched at a node in its present life: its own, and what it backs up.
    fn at(&self, ceid: Ceid) -> impl Iterator<Item = (&ObjectId, &Watched)> {
        let backs_up = self.nodes.get(&ceid).map(|up| up.backs_up.clone()).unwrap_or_default();
        self.of_node(ceid).chain(self.resilient_of(backs_up))
    }

    /// Each session that watches something at the node, with what it hears there.
    fn sessions_at(&self, ceid: Ceid) -> BTreeMap<SessionId, Recipient<Deliver>> {
        let mut sessions = BTreeMap::new();
        for (_, watched) in self.of_node(ceid) {
            for watching in &watched.watchers {
                sessions.entry(watching.session).or_insert_with(|| watching.deliver.clone());
            }
        }
        sessions
    }

    fn up(&mut self, ceid: Ceid, life: u64, node: Addr<Node>, ctx: &mut Context<Self>) {
        if self.ended_lives.get(&ceid).is_some_and(|ended| *ended >= life) {
            return;
        }
        let backs_up = self.env.cluster.backed_up_by(ceid);
        self.nodes.insert(ceid, Up { life, node, backs_up: backs_up.clone() });
        let event = Arc::new(system_event::connected(ceid, self.env.now_ms()));
        let mut sessions = self.sessions_at(ceid);
        if let Some(parted) = self.parted.remove(&ceid) {
            let watching = self.resilient_of(backs_up).flat_map(|(_, watched)| &watched.watchers);
            let watching = watching.filter(|watching| parted.contains(&watching.session));
            sessions.extend(watching.map(|watching| (watching.session, watching.deliver.clone())));
        }
        for deliver in sessions.into_values() {
            deliver.do_send(Deliver::One(event.clone()));
        }
        let objects = self.at(ceid).map(|(object, _)| *object).collect();
        self.restoring.insert(ceid, objects);
        self.restore(ceid, life, ctx);
    }

    /// Restores one batch when its turn has come, and the rest after a pause: a node that just came back has
    /// other things to do, and so have we.
    fn restore(&mut self, ceid: Ceid, life: u64, ctx: &mut Context<Self>) {
        let Some(left) = self.restoring.get(&ceid).filter(|_| self.is_up(ceid, life)).map(VecDeque::len) else {
            return;
        };
        let batch = u32::try_from(left.min(self.pace(ceid).batch)).unwrap_or(1);
        let at = self.next_batch.max(Instant::now());
        self.next_batch = at + policy::RESTORE_SPACING * batch;
        let turns = self.turns.clone().acquire_many_owned(batch);
        let turns = async move {
            tokio::time::sleep_until(at).await;
            turns.await
        };
        ctx.spawn(turns.into_actor(self).map(move |turns, supervisor, ctx| {
            let Ok(turns) = turns else { return }; // nobody closes it
            guard::keep("device_supervisor", || supervisor.arm(ceid, life, turns, ctx));
        }));
    }

    fn pace(&self, ceid: Ceid) -> Pace {
        pace(self.statuses.get(&ceid).copied())
    }

    fn is_up(&self, ceid: Ceid, life: u64) -> bool {
        self.nodes.get(&ceid).is_some_and(|up| up.life == life)
    }

    /// As many monitors as there are turns.
    fn arm(&mut self, ceid: Ceid, life: u64, mut turns: OwnedSemaphorePermit, ctx: &mut Context<Self>) {
        let Some(Up { node, .. }) = self.nodes.get(&ceid).filter(|up| up.life == life) else { return };
        let Some(queue) = self.restoring.get_mut(&ceid) else { return };
        while let Some(turn) = turns.split(1) {
            let Some(object) = queue.pop_front() else { break };
            if let Some(watched) = self.objects.get(&object) {
                watched.device.tell(Arm { ceid, begins: false, life, node: node.clone(), turn: Some(turn) });
            }
        }
        if queue.is_empty() {
            let monitors = self.at(ceid).next().is_some();
            node.do_send(Restored { now_ms: self.env.now_ms(), monitors });
            self.restoring.remove(&ceid);
        } else {
            ctx.run_later(self.pace(ceid).pause, move |supervisor, ctx| {
                guard::keep("device_supervisor", || supervisor.restore(ceid, life, ctx));
            });
        }
    }

    /// The node is gone: every device there says what its watchers are to hear, and each session
    /// gets the system event and its device events in one message. The devices are asked first, so
    /// that what they told before is in the sessions' logs before.
    fn lost(&mut self, ceid: Ceid, life: u64, ctx: &mut Context<Self>) {
        self.ended_lives.insert(ceid, life);
        let backed_up = if self.is_up(ceid, life) { self.nodes.remove(&ceid) } else { None };
        let backed_up = backed_up.map_or_else(|| self.env.cluster.backed_up_by(ceid), |up| up.backs_up);
        self.restoring.remove(&ceid);
        self.statuses.remove(&ceid);
        *self.telling.entry(ceid).or_default() += 1;
        let system = Arc::new(system_event::lost(ceid, self.env.now_ms()));
        let turn = self.losses.clone().acquire_owned();
        let told = turn.into_actor(self).then(move |turn, supervisor, _| {
            let tell = guard::keep("device_supervisor", || supervisor.tell_loss(ceid, life, backed_up, system));
            async move {
                let parted = match tell {
                    Some(tell) => tell.await,
                    None => BTreeSet::new(),
                };
                drop(turn);
                parted
            }
            .into_actor(supervisor)
        });
        ctx.spawn(told.map(move |parted, supervisor, _| {
            supervisor.parted.entry(ceid).or_default().extend(parted);
            if let Some(left) = supervisor.telling.get_mut(&ceid) {
                *left -= 1;
                if *left == 0 {
                    supervisor.telling.remove(&ceid);
                }
            }
        }));
    }

    /// Tells a loss; gives the sessions that heard of it as the loss of a secondary node.
    fn tell_loss(
        &self,
        ceid: Ceid,
        life: u64,
        backed_up: Vec<Ceid>,
        system: Arc<Event>,
    ) -> impl Future<Output = BTreeSet<SessionId>> + use<> {
        let asked: Vec<_> = self
            .of_node(ceid)
            .chain(self.resilient_of(backed_up))
            .map(|(object, watched)| {
                let answer = watched.device.lost(LinkLost { ceid, life });
                let watchers: Vec<_> = watched.watchers.clone();
                // Whoever is served elsewhere and never was prepared for here has lost nothing.
                let at_home = object.ceid() == ceid;
                let resilient = self.env.cluster.secondary(object.ceid()).and_then(|_| watched.device.clone().device());
                async move { (answer.await, watchers, at_home, resilient) }
            })
            .collect();
        async move {
            let mut told: BTreeMap<SessionId, (Recipient<Deliver>, Vec<Arc<Event>>)> = BTreeMap::new();
            let mut waiting = Vec::new();
            let mut parted = BTreeSet::new();
            for (event, watchers, at_home, resilient) in join_all(asked).await {
                waiting.extend(resilient);
                if event.is_none() && !at_home {
                    continue;
                }
                for Watching { session, deliver, topics, .. } in watchers {
                    if !at_home {
                        parted.insert(session);
                    }
                    let (_, events) = told.entry(session).or_insert_with(|| (deliver, vec![system.clone()]));
                    events.extend(event.clone().filter(|event| topics.meets(event.topics)));
                }
            }
            for (deliver, events) in told.into_values() {
                deliver.do_send(Deliver::Many(events));
            }
            for device in waiting {
                device.do_send(LossTold);
            }
            parted
        }
    }

    /// A device died without being told to: its watchers get a new one, with the ids they know; one that panics
    /// again and again after a pause.
    fn ended(&mut self, ended: DeviceEnded, ctx: &mut Context<Self>) {
        if self.objects.get(&ended.object).is_none_or(|w| w.life != ended.life) {
            return self.begin_anew(ended, ctx);
        }
        let pause = self.panicked.ended(ended.object, Instant::now(), self.env.entropy.next_u64());
        if pause.is_zero() {
            return self.begin_anew(ended, ctx);
        }
        warn!(object = %ended.object, pause_ms = pause.as_millis() as u64, "an object panics again and again");
        ctx.run_later(pause, move |supervisor, ctx| {
            guard::keep("device_supervisor", || supervisor.begin_anew(ended, ctx));
        });
    }

    fn begin_anew(&mut self, mut ended: DeviceEnded, ctx: &mut Context<Self>) {
        let Some(watched) = self.objects.get(&ended.object) else {
            return ended.forget(&self.env.journal); // nobody watches it any more
        };
        if watched.life != ended.life {
            return; // somebody does anew
        }
        let DeviceEnded { object, memory, .. } = ended;
        let (life, device) = self.begin(object, memory, ctx);
        if let Some(watched) = self.objects.get_mut(&object) {
            for watching in &watched.watchers {
                device.tell(watching.watch(watching.topics));
            }
            watched.life = life;
            watched.device = device;
        }
    }
}

/// Whether an object can be at another node than its own: a node's groups cannot.
fn has_secondary(object: ObjectId) -> bool {
    matches!(object.kind(), ObjectKind::Line | ObjectKind::Appearance)
}

impl Actor for DeviceSupervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // A request that had to wait for room could be overtaken by a message that need not: the
        // end of a watch by its beginning.
        ctx.set_mailbox_capacity(policy::MAILBOX);
    }
}

impl Handler<BeginWatch> for DeviceSupervisor {
    type Result = MessageResult<BeginWatch>;

    fn handle(&mut self, begin: BeginWatch, ctx: &mut Self::Context) -> Self::Result {
        MessageResult(guard::keep("device_supervisor", || self.watch(begin, ctx)).ok_or(Refused::Lost))
    }
}

impl Handler<EndWatch> for DeviceSupervisor {
    type Result = ();

    fn handle(&mut self, EndWatch { object, session, topics }: EndWatch, _: &mut Self::Context) {
        guard::keep("device_supervisor", || self.unwatch(object, session, topics));
    }
}

impl Handler<SessionGone> for DeviceSupervisor {
    type Result = ();

    fn handle(&mut self, SessionGone(session): SessionGone, _: &mut Self::Context) {
        guard::keep("device_supervisor", || {
            for object in self.sessions.remove(&session).unwrap_or_default() {
                self.unwatch(object, session, Topics::ALL);
            }
        });
    }
}

impl Handler<RestateFor> for DeviceSupervisor {
    type Result = ();

    fn handle(&mut self, RestateFor { session, objects }: RestateFor, _: &mut Self::Context) {
        guard::keep("device_supervisor", || {
            for object in objects {
                if let Some(watched) = self.objects.get(&object) {
                    watched.device.tell(Restate { session });
                }
            }
        });
    }
}

impl Handler<FindDevice> for DeviceSupervisor {
    type Result = MessageResult<FindDevice>;

    fn handle(&mut self, FindDevice(object): FindDevice, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.objects.get(&object).and_then(|w| w.device.clone().device()))
    }
}

impl Handler<CountWatches> for DeviceSupervisor {
    type Result = MessageResult<CountWatches>;

    fn handle(&mut self, _: CountWatches, _: &mut Self::Context) -> Self::Result {
        MessageResult(WatchCount {
            objects: self.objects.len(),
            watches: self.objects.values().map(|w| w.watchers.len()).sum(),
        })
    }
}

impl Handler<CountByNode> for DeviceSupervisor {
    type Result = MessageResult<CountByNode>;

    fn handle(&mut self, _: CountByNode, _: &mut Self::Context) -> Self::Result {
        let mut count = BTreeMap::new();
        for object in self.objects.keys() {
            *count.entry(object.ceid()).or_default() += 1;
        }
        MessageResult(count)
    }
}

impl Handler<NodeChange> for DeviceSupervisor {
    type Result = ();

    fn handle(&mut self, NodeChange { ceid, change }: NodeChange, ctx: &mut Self::Context) {
        match change {
            Change::Up { .. } if self.telling.contains_key(&ceid) => {
                // A session must not hear of the return before the loss.
                ctx.notify_later(NodeChange { ceid, change }, policy::RESTORE_PAUSE);
            }
            Change::Up { life, node } => {
                guard::keep("device_supervisor", || self.up(ceid, life, node, ctx));
            }
            Change::Status { status } => {
                self.statuses.insert(ceid, status);
            }
            Change::Lost { life } => {
                guard::keep("device_supervisor", || self.lost(ceid, life, ctx));
            }
        }
    }
}

impl Handler<DeviceEnded> for DeviceSupervisor {
    type Result = ();

    fn handle(&mut self, ended: DeviceEnded, ctx: &mut Self::Context) {
        guard::keep("device_supervisor", || self.ended(ended, ctx));
    }
}
