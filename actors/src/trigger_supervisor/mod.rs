//! All triggers: begins them, feeds them with the log of changes in its order, begins one anew that died, and ends those of
//! sessions that are gone. What a session hears of is put together by [`events()`].
//!
//! The log is somebody else's ([`ChangeLog`]): the database's. It is read once for all.

mod events;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actix::{
    Actor, ActorFutureExt as _, Addr, AsyncContext as _, Context, Handler, Message, MessageResult, WrapFuture as _,
};
use futures_util::future::BoxFuture;
use schemas::domain::SessionId;
use tokio::sync::watch;

pub use self::events::{Events, TriggerEvent, events};
use crate::arbiters::Arbiters;
use crate::guard;
use crate::policy;
use crate::session_supervisor::FindSession;
use crate::trigger::Trigger;
use crate::trigger::messages::{Feed, Logged, Retire, Subscription, TriggerEnded};

/// The log cannot be read or written now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the log of changes cannot be used: {0}")]
pub struct LogFault(pub String);

/// The log of changes, and what sessions want of it, as they are kept.
pub trait ChangeLog: Send + Sync {
    /// Changes after a number, in their order, so many at most.
    fn after(&self, number: u64, most: usize) -> BoxFuture<'static, Result<Vec<Logged>, LogFault>>;
    /// The number of the newest, as it grows.
    fn newest(&self) -> watch::Receiver<u64>;
    /// Changes up to this one are not kept any more.
    fn pruned(&self) -> u64;
    fn keep(&self, session: SessionId, subscription: Subscription) -> BoxFuture<'static, Result<(), LogFault>>;
    fn forget(&self, id: u64) -> BoxFuture<'static, Result<(), LogFault>>;
}

/// A session wants to hear of changes from now on.
#[derive(Message)]
#[rtype(result = "Result<(), NoTrigger>")]
pub struct Begin {
    pub session: SessionId,
    pub subscription: Subscription,
}

/// Why there is no such trigger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTrigger {
    #[error("The session has {0} triggers already.")]
    TooMany(usize),
    #[error("All {0} triggers of this gateway are in use.")]
    Full(usize),
}

/// A session does not want a trigger any more. Gives whether it had it.
#[derive(Message)]
#[rtype(result = "bool")]
pub struct Stop {
    pub session: SessionId,
    pub id: u64,
}

/// The triggers of a session, and what counts the news for it. `None` when it has none.
#[derive(Message)]
#[rtype(result = "Option<OfSession>")]
pub struct Of(pub SessionId);

#[derive(Clone)]
pub struct OfSession {
    pub triggers: Vec<(Arc<Subscription>, Addr<Trigger>)>,
    pub told: watch::Receiver<u64>,
}

struct Living {
    life: u64,
    subscription: Arc<Subscription>,
    addr: Addr<Trigger>,
}

struct Session {
    triggers: BTreeMap<u64, Living>,
    told: watch::Sender<u64>,
}

pub struct TriggerSupervisor {
    log: Arc<dyn ChangeLog>,
    find: Arc<dyn FindSession>,
    arbiters: Arbiters,
    sessions: BTreeMap<SessionId, Session>,
    lives: u64,
    /// The newest change that the triggers were fed.
    fed: u64,
}

impl TriggerSupervisor {
    /// With what sessions of a process before wanted, as far as they go on.
    pub fn new(
        log: Arc<dyn ChangeLog>,
        find: Arc<dyn FindSession>,
        arbiters: Arbiters,
        kept: Vec<(SessionId, Subscription)>,
    ) -> impl FnOnce(&mut Context<Self>) -> Self + Send {
        move |ctx| {
            let fed = *log.newest().borrow();
            let mut supervisor = Self { log, find, arbiters, sessions: BTreeMap::new(), lives: 0, fed };
            for (session, subscription) in kept {
                supervisor.begin(session, subscription.into(), ctx);
            }
            supervisor
        }
    }

    fn begin(&mut self, session: SessionId, subscription: Arc<Subscription>, ctx: &mut Context<Self>) {
        self.lives += 1;
        let (life, from, supervisor) = (self.lives, self.fed, ctx.address().recipient());
        let of = self
            .sessions
            .entry(session)
            .or_insert_with(|| Session { triggers: BTreeMap::new(), told: watch::Sender::new(0) });
        let (wanted, told) = (subscription.clone(), of.told.clone());
        let addr = Trigger::start_in_arbiter(self.arbiters.of_session(session), move |_| {
            Trigger::new(session, life, wanted, from, told, supervisor)
        });
        of.triggers.insert(subscription.id, Living { life, subscription, addr });
        // Whoever waits may have something that was fed between two lives.
        of.told.send_modify(|count| *count += 1);
        self.gauge();
    }

    fn gauge(&self) {
        metrics::gauge!("oig_triggers").set(self.count() as f64);
    }

    fn count(&self) -> usize {
        self.sessions.values().map(|session| session.triggers.len()).sum()
    }

    fn stop(&mut self, session: SessionId, id: u64, ctx: &mut Context<Self>) -> bool {
        let Some(of) = self.sessions.get_mut(&session) else { return false };
        let Some(living) = of.triggers.remove(&id) else { return false };
        // Whoever asked it in this moment looks at the others again.
        of.told.send_modify(|count| *count += 1);
        if of.triggers.is_empty() {
            self.sessions.remove(&session);
        }
        living.addr.do_send(Retire);
        self.gauge();
        let forgotten = self.log.forget(id);
        ctx.spawn(forgotten.into_actor(self).map(|done, _, _| {
            if let Err(fault) = done {
                tracing::warn!(%fault, "a trigger that is not wanted any more is still kept");
            }
        }));
        true
    }

    /// Feeds what is new, and goes on when there is more.
    fn feed(&mut self, ctx: &mut Context<Self>) {
        let (after, mut newest) = (self.fed, self.log.newest());
        let log = self.log.clone();
        let read = async move {
            // Its other end goes with the log alone.
            if newest.wait_for(|newest| *newest > after).await.is_err() {
                return None;
            }
            Some(log.after(after, policy::TRIGGER_FEED).await)
        };
        ctx.spawn(read.into_actor(self).map(|changes, supervisor, ctx| match changes {
            None => {}
            Some(Ok(changes)) => {
                guard::keep("trigger_supervisor", || supervisor.hand_on(changes));
                supervisor.feed(ctx);
            }
            Some(Err(fault)) => {
                tracing::warn!(%fault, "triggers wait");
                ctx.run_later(policy::TRIGGER_AGAIN, Self::feed);
            }
        }));
    }

    fn hand_on(&mut self, changes: Vec<Logged>) {
        let newest = *self.log.newest().borrow();
        let Some(last) = changes.last().map(|last| last.number) else {
            // Those that are gone already, or of forms that nobody knows.
            self.fed = self.fed.max(newest);
            return;
        };
        self.fed = last;
        let changes: Arc<[Arc<Logged>]> = changes.into_iter().map(Arc::new).collect();
        for living in self.sessions.values().flat_map(|session| session.triggers.values()) {
            living.addr.do_send(Feed(changes.clone()));
        }
    }

    /// Ends what sessions had that are gone.
    fn sweep(&mut self, ctx: &mut Context<Self>) {
        let gone: BTreeSet<SessionId> =
            self.sessions.keys().copied().filter(|session| self.find.find(*session).is_none()).collect();
        for session in gone {
            let ids: Vec<u64> =
                self.sessions.get(&session).into_iter().flat_map(|s| s.triggers.keys().copied()).collect();
            for id in ids {
                self.stop(session, id, ctx);
            }
        }
    }
}

impl Actor for TriggerSupervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(policy::MAILBOX);
        self.feed(ctx);
        ctx.run_interval(policy::TRIGGER_SWEEP, |supervisor, ctx| {
            guard::keep("trigger_supervisor", || supervisor.sweep(ctx));
        });
    }
}

impl Handler<Begin> for TriggerSupervisor {
    type Result = MessageResult<Begin>;

    fn handle(&mut self, Begin { session, subscription }: Begin, ctx: &mut Self::Context) -> Self::Result {
        let own = self.sessions.get(&session).map_or(0, |session| session.triggers.len());
        if own >= policy::SESSION_TRIGGERS {
            return MessageResult(Err(NoTrigger::TooMany(policy::SESSION_TRIGGERS)));
        }
        if self.count() >= policy::TRIGGERS {
            return MessageResult(Err(NoTrigger::Full(policy::TRIGGERS)));
        }
        guard::keep("trigger_supervisor", || self.begin(session, subscription.into(), ctx));
        MessageResult(Ok(()))
    }
}

impl Handler<Stop> for TriggerSupervisor {
    type Result = bool;

    fn handle(&mut self, Stop { session, id }: Stop, ctx: &mut Self::Context) -> bool {
        guard::keep("trigger_supervisor", || self.stop(session, id, ctx)).unwrap_or(false)
    }
}

impl Handler<Of> for TriggerSupervisor {
    type Result = MessageResult<Of>;

    fn handle(&mut self, Of(session): Of, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.sessions.get(&session).map(|session| OfSession {
            triggers:
                session.triggers.values().map(|living| (living.subscription.clone(), living.addr.clone())).collect(),
            told: session.told.subscribe(),
        }))
    }
}

impl Handler<TriggerEnded> for TriggerSupervisor {
    type Result = ();

    fn handle(&mut self, ended: TriggerEnded, ctx: &mut Self::Context) {
        let TriggerEnded { session, id, life } = ended;
        let living = self.sessions.get(&session).and_then(|session| session.triggers.get(&id));
        // One that was let go has no such life any more.
        if let Some(subscription) = living.filter(|living| living.life == life).map(|l| l.subscription.clone()) {
            tracing::warn!(id, "a trigger begins anew");
            guard::keep("trigger_supervisor", || self.begin(session, subscription, ctx));
        }
    }
}
