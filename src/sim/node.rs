//! A simulated node as a library: one task that owns a core and does what it says.
//!
//! Everything reaches it through one bounded inbox, so that with an injected clock, in-memory
//! streams and one thread the same inputs give the same run. `listen` drives it from real sockets,
//! tests directly.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use schemas::csta::message::{Edition, Message};
use schemas::domain::{Ceid, Dn};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::core::{Act, Core, Hand, HandRefusal, Handed, Open};
use super::csta::AssociationId;
use super::faults::Fault;
use super::forms::FormsHandle;
use super::peer::PeerMessage;
use super::peers;
use super::plan::Plan;
use super::switch::OutsideDeed;
use super::truth::{Truth, TruthNow, TruthPhone, TruthRecord};
use super::view::NodeView;
use super::wire::{self, BoxedStream, Stream, Wire};

/// What waits for the node; whoever fills it waits too.
const INBOX: usize = 4096;
/// When no timer runs.
const IDLE: Duration = Duration::from_secs(3600);

/// The time of day in milliseconds since the epoch; timers use tokio's clock.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// What a node is given from outside. It needs no chance.
#[derive(Clone)]
pub struct Env {
    pub clock: Clock,
}

impl Env {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        let now = || {
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
        };
        Self { clock: Arc::new(now) }
    }
}

/// What can reach a node.
pub(super) enum Inbox {
    Attach { stream: BoxedStream, reset: Option<Arc<AtomicBool>> },
    Heard { id: AssociationId, invoke: u16, message: Box<Message>, edition: Edition },
    Unreadable { id: AssociationId, invoke: u16 },
    Closed(AssociationId),
    AttachPeer { stream: BoxedStream, task: oneshot::Sender<JoinHandle<()>> },
    PeerHello { link: u64, ceid: u16, outbox: mpsc::Sender<PeerMessage> },
    PeerSaid { link: u64, message: PeerMessage },
    PeerClosed(u64),
    Seen(u16, bool),
    Hand(Hand, oneshot::Sender<Result<u64, HandRefusal>>),
    Outside(OutsideDeed, oneshot::Sender<Result<u64, HandRefusal>>),
    Truth(u64, oneshot::Sender<Vec<Truth>>),
    Records(u64, oneshot::Sender<Vec<TruthRecord>>),
    TruthNow(oneshot::Sender<TruthNow>),
    Phone(Dn, oneshot::Sender<Option<TruthPhone>>),
    View(u64, oneshot::Sender<NodeView>),
    Fault(Fault, oneshot::Sender<()>),
    Heal(oneshot::Sender<()>),
    Stop,
}

impl Inbox {
    /// Whether it only asks, and so changes nothing.
    fn is_question(&self) -> bool {
        matches!(self, Self::Truth(..) | Self::Records(..) | Self::TruthNow(_) | Self::Phone(..) | Self::View(..))
    }
}

/// The node has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the node has stopped")]
pub struct Stopped;

/// Starts nodes.
pub struct SimNode;

impl SimNode {
    /// Starts a node on the present tokio runtime. It ends with `stop`, or with its last handle.
    #[must_use]
    pub fn spawn(plan: Plan, env: Env) -> SimNodeHandle {
        let (inbox, waiting) = mpsc::channel(INBOX);
        let ceid = plan.ceid;
        let plan = Arc::new(plan);
        let forms = FormsHandle::new(Arc::clone(&plan), Arc::clone(&env.clock));
        let core = Core::new(plan, (env.clock)());
        let (open, opened) = watch::channel(core.open((env.clock)()));
        let (changes, changed) = watch::channel(0);
        let owner = Owner {
            ceid: ceid.get(),
            core,
            clock: env.clock,
            inbox: inbox.downgrade(),
            wires: BTreeMap::new(),
            links: BTreeMap::new(),
            hands: BTreeMap::new(),
            next: 0,
            open,
            changes,
            forms: forms.clone(),
        };
        tokio::spawn(owner.run(waiting));
        SimNodeHandle { ceid, inbox, open: opened, changes: changed, forms }
    }
}

/// A way to a node; cheap to clone.
#[derive(Clone)]
pub struct SimNodeHandle {
    ceid: Ceid,
    inbox: mpsc::Sender<Inbox>,
    open: watch::Receiver<Open>,
    changes: watch::Receiver<u64>,
    forms: FormsHandle,
}

impl SimNodeHandle {
    #[must_use]
    pub fn ceid(&self) -> Ceid {
        self.ceid
    }

    /// A gateway's connection, over any stream. A node that does not accept it drops it.
    ///
    /// # Errors
    /// When the node has stopped; so for all that follow.
    pub async fn attach(&self, stream: impl Stream) -> Result<(), Stopped> {
        self.put(Inbox::Attach { stream: Box::new(stream), reset: None }).await
    }

    /// The same for a stream that ends with a reset when it is dropped while `reset` is set.
    ///
    /// # Errors
    /// See `attach`.
    pub async fn attach_resettable(&self, stream: impl Stream, reset: Arc<AtomicBool>) -> Result<(), Stopped> {
        self.put(Inbox::Attach { stream: Box::new(stream), reset: Some(reset) }).await
    }

    /// A link to a partner node, whichever of the two made it; who it is, it says itself. The
    /// task ends with the link.
    ///
    /// # Errors
    /// See `attach`.
    pub async fn attach_peer(&self, stream: impl Stream) -> Result<JoinHandle<()>, Stopped> {
        self.ask(|task| Inbox::AttachPeer { stream: Box::new(stream), task }).await
    }

    /// Whether the sets of a partner whose link is down reach it: those that are resilient turn to this node when they
    /// do not for a while.
    ///
    /// # Errors
    /// See `attach`.
    pub async fn sets_see(&self, partner: Ceid, seen: bool) -> Result<(), Stopped> {
        self.put(Inbox::Seen(partner.get(), seen)).await
    }

    /// A person does something at a phone; the number of the newest truth record after it.
    ///
    /// # Errors
    /// When the phone does not do it; nothing has changed then.
    pub async fn hand(&self, hand: Hand) -> Result<u64, HandRefusal> {
        self.ask(|reply| Inbox::Hand(hand, reply)).await.map_err(|Stopped| HandRefusal::Stopped)?
    }

    /// Somebody outside does something: the id of the call that was made, or the number of the
    /// newest truth record after it.
    ///
    /// # Errors
    /// When it cannot be; nothing has changed then.
    pub async fn outside(&self, deed: OutsideDeed) -> Result<u64, HandRefusal> {
        self.ask(|reply| Inbox::Outside(deed, reply)).await.map_err(|Stopped| HandRefusal::Stopped)?
    }

    /// Truth records of legs after number `since`, oldest first.
    ///
    /// # Errors
    /// See `attach`.
    pub async fn truth(&self, since: u64) -> Result<Vec<Truth>, Stopped> {
        self.ask(|reply| Inbox::Truth(since, reply)).await
    }

    /// All truth records after number `since`, oldest first.
    ///
    /// # Errors
    /// See `attach`.
    pub async fn records(&self, since: u64) -> Result<Vec<TruthRecord>, Stopped> {
        self.ask(|reply| Inbox::Records(since, reply)).await
    }

    /// The whole present state.
    ///
    /// # Errors
    /// See `attach`.
    pub async fn truth_now(&self) -> Result<TruthNow, Stopped> {
        self.ask(Inbox::TruthNow).await
    }

    /// One phone's present state; `None` when there is no such phone.
    ///
    /// # Errors
    /// See `attach`.
    pub async fn phone(&self, dn: Dn) -> Result<Option<TruthPhone>, Stopped> {
        self.ask(|reply| Inbox::Phone(dn, reply)).await
    }

    /// The node as a person sees it, with the truth records after number `since`.
    ///
    /// # Errors
    /// See `attach`.
    pub async fn view(&self, since: u64) -> Result<NodeView, Stopped> {
        self.ask(|reply| Inbox::View(since, reply)).await
    }

    /// Breaks something.
    ///
    /// # Errors
    /// See `attach`.
    pub async fn fault(&self, fault: Fault) -> Result<(), Stopped> {
        self.ask(|reply| Inbox::Fault(fault, reply)).await
    }

    /// Takes every fault back.
    ///
    /// # Errors
    /// See `attach`.
    pub async fn heal(&self) -> Result<(), Stopped> {
        self.ask(Inbox::Heal).await
    }

    /// Ends the node: every connection is closed.
    pub async fn stop(&self) {
        // A node that has stopped already is what was wanted.
        let _ = self.put(Inbox::Stop).await;
        self.inbox.closed().await;
    }

    /// Which connections the node accepts, as it changes.
    #[must_use]
    pub fn open(&self) -> watch::Receiver<Open> {
        self.open.clone()
    }

    /// Counts whatever may have changed the node, its timers included; ends with the node. Who
    /// was told asks for the [`Self::view`], or for the truth.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    /// What the node has configured. The rows are made when it is first asked for one.
    #[must_use]
    pub fn forms(&self) -> FormsHandle {
        self.forms.clone()
    }

    async fn put(&self, what: Inbox) -> Result<(), Stopped> {
        self.inbox.send(what).await.map_err(|_| Stopped)
    }

    async fn ask<T>(&self, question: impl FnOnce(oneshot::Sender<T>) -> Inbox) -> Result<T, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.put(question(reply)).await?;
        answer.await.map_err(|_| Stopped)
    }
}

/// A link to a partner. Its task ends when the outbox is dropped.
struct Link {
    /// Known after its hello.
    partner: Option<(u16, mpsc::Sender<PeerMessage>)>,
    task: tokio::task::AbortHandle,
}

impl Drop for Link {
    fn drop(&mut self) {
        // What was said may still be on its way; the partner has to see the link end anyway.
        self.task.abort();
    }
}

struct Owner {
    ceid: u16,
    core: Core,
    clock: Clock,
    inbox: mpsc::WeakSender<Inbox>,
    wires: BTreeMap<AssociationId, Wire>,
    links: BTreeMap<u64, Link>,
    /// People whose deed waits for a partner node.
    hands: BTreeMap<u64, oneshot::Sender<Result<u64, HandRefusal>>>,
    /// Numbers connections and links.
    next: u64,
    open: watch::Sender<Open>,
    changes: watch::Sender<u64>,
    forms: FormsHandle,
}

impl Owner {
    async fn run(mut self, mut waiting: mpsc::Receiver<Inbox>) {
        let mut changed = false;
        loop {
            let now_ms = (self.clock)();
            let due = self.core.next_deadline(now_ms);
            if due.is_some_and(|at| at <= now_ms) {
                let mut acts = Vec::new();
                self.core.tick(now_ms, &mut acts);
                self.act(acts, now_ms);
            }
            let open = self.core.open(now_ms);
            self.open.send_if_modified(|was| std::mem::replace(was, open) != open);
            if std::mem::take(&mut changed) {
                self.changes.send_modify(|count| *count += 1);
            }
            let pause = match self.core.next_deadline(now_ms) {
                Some(at) => Duration::from_millis(u64::try_from(at - now_ms).unwrap_or(0).max(1)).min(IDLE),
                None => IDLE,
            };
            tokio::select! {
                biased;
                what = waiting.recv() => match what {
                    None | Some(Inbox::Stop) => return,
                    Some(what) => {
                        changed = !what.is_question();
                        self.take(what);
                    }
                },
                () = tokio::time::sleep(pause) => changed = true,
            }
        }
    }

    fn take(&mut self, what: Inbox) {
        let now_ms = (self.clock)();
        let mut acts = Vec::new();
        // Whoever asked may have gone; the answer is not needed then.
        match what {
            Inbox::Attach { stream, reset } => {
                let id = self.number();
                self.wires.insert(id, Wire::start(id, stream, reset, self.inbox.clone()));
                self.core.opened(id, now_ms, &mut acts);
            }
            Inbox::Heard { id, invoke, message, edition } => {
                self.core.heard(id, invoke, *message, edition, now_ms, &mut acts);
            }
            Inbox::Unreadable { id, invoke } => self.core.unreadable(id, invoke, now_ms, &mut acts),
            Inbox::Closed(id) => {
                self.wires.remove(&id);
                self.core.closed(id);
            }
            Inbox::AttachPeer { stream, task } => {
                let _ = task.send(self.attach_peer(stream, now_ms));
            }
            Inbox::PeerHello { link, ceid, outbox } => self.hello(link, ceid, outbox, now_ms, &mut acts),
            Inbox::PeerSaid { link, message } => {
                if let Some((peer, _)) = self.links.get(&link).and_then(|l| l.partner.as_ref()) {
                    self.core.peer(*peer, message, now_ms, &mut acts);
                }
            }
            Inbox::Seen(peer, seen) => self.core.seen(peer, seen, now_ms, &mut acts),
            Inbox::PeerClosed(link) => self.link_lost(link, now_ms, &mut acts),
            Inbox::Hand(hand, reply) => {
                let result = self.core.hand(hand, now_ms, &mut acts);
                let result = match result {
                    // What settles it may be among the acts already: the link is full.
                    Ok(Handed::Waits(number)) => {
                        self.hands.insert(number, reply);
                        return self.act(acts, now_ms);
                    }
                    Ok(Handed::Done(last)) => Ok(last),
                    Err(refusal) => Err(refusal),
                };
                self.act(std::mem::take(&mut acts), now_ms);
                let _ = reply.send(result);
            }
            Inbox::Outside(deed, reply) => {
                let result = self.core.outside(deed, now_ms, &mut acts);
                self.act(std::mem::take(&mut acts), now_ms);
                let _ = reply.send(result);
            }
            Inbox::Truth(since, reply) => drop(reply.send(self.core.truth_since(since))),
            Inbox::Records(since, reply) => drop(reply.send(self.core.records_since(since))),
            Inbox::TruthNow(reply) => {
                let mut truth = self.core.truth_now(now_ms);
                truth.faults.forms = self.forms.broken();
                let _ = reply.send(truth);
            }
            Inbox::Phone(dn, reply) => drop(reply.send(self.core.phone(dn))),
            Inbox::View(since, reply) => {
                let mut view = self.core.view(since, now_ms);
                view.faults.forms = self.forms.broken();
                let _ = reply.send(view);
            }
            Inbox::Fault(fault, reply) => {
                self.core.fault(fault, now_ms, &mut acts);
                self.act(std::mem::take(&mut acts), now_ms);
                let _ = reply.send(());
            }
            Inbox::Heal(reply) => {
                self.core.heal();
                self.forms.heal();
                let _ = reply.send(());
            }
            Inbox::Stop => {}
        }
        self.act(acts, now_ms);
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn attach_peer(&mut self, stream: BoxedStream, now_ms: i64) -> JoinHandle<()> {
        let link = self.number();
        if !self.core.open(now_ms).partners {
            drop(stream);
            return tokio::spawn(async {});
        }
        let task = tokio::spawn(peers::run(link, self.ceid, stream, self.inbox.clone()));
        self.links.insert(link, Link { partner: None, task: task.abort_handle() });
        task
    }

    fn hello(&mut self, link: u64, ceid: u16, outbox: mpsc::Sender<PeerMessage>, now_ms: i64, acts: &mut Vec<Act>) {
        if Ceid::new(ceid).is_err() || ceid == self.ceid {
            self.links.remove(&link);
            return;
        }
        // A partner that comes anew has lost its former link, whether or not we have seen it end.
        let of = |l: &Link| l.partner.as_ref().is_some_and(|(peer, _)| *peer == ceid);
        let former: Vec<u64> = self.links.iter().filter(|(_, l)| of(l)).map(|(id, _)| *id).collect();
        for id in former {
            self.link_lost(id, now_ms, acts);
        }
        if let Some(link) = self.links.get_mut(&link) {
            link.partner = Some((ceid, outbox));
            self.core.peer_up(ceid, now_ms, acts);
        }
    }

    fn link_lost(&mut self, link: u64, now_ms: i64, acts: &mut Vec<Act>) {
        let Some(link) = self.links.remove(&link) else { return };
        if let Some((peer, _)) = &link.partner {
            self.core.peer_down(*peer, now_ms, acts);
        }
    }

    fn act(&mut self, acts: Vec<Act>, now_ms: i64) {
        let mut more = Vec::new();
        for act in acts {
            match act {
                Act::Send { to, .. } => {
                    let Some(bytes) = wire::encode(&act) else { continue };
                    if self.wires.get(&to).is_some_and(|wire| !wire.send(bytes)) {
                        tracing::warn!(node = self.ceid, association = to, "a gateway that does not read is given up");
                        self.core.closed(to);
                        if let Some(wire) = self.wires.remove(&to) {
                            wire.close(true);
                        }
                    }
                }
                Act::Close { association, reset } => {
                    if let Some(wire) = self.wires.remove(&association) {
                        wire.close(reset);
                    }
                }
                Act::Settled(number, result) => {
                    if let Some(reply) = self.hands.remove(&number) {
                        let _ = reply.send(result);
                    }
                }
                Act::Configured(told) => self.forms.told(told),
                Act::BreakForms(fault) => self.forms.fault(fault),
                Act::Peer(to, message) => self.say(to, message, now_ms, &mut more),
                Act::ClosePeers => {
                    let links: Vec<u64> = self.links.keys().copied().collect();
                    for link in links {
                        self.link_lost(link, now_ms, &mut more);
                    }
                }
            }
        }
        if !more.is_empty() {
            self.act(more, now_ms);
        }
    }

    fn say(&mut self, to: u16, message: PeerMessage, now_ms: i64, acts: &mut Vec<Act>) {
        let found = self.links.iter().find_map(|(id, link)| match &link.partner {
            Some((peer, outbox)) if *peer == to => Some((*id, outbox)),
            _ => None,
        });
        let Some((link, outbox)) = found else { return };
        if outbox.try_send(message).is_err() {
            self.link_lost(link, now_ms, acts);
        }
    }
}
