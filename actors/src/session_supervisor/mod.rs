//! All sessions: their number, their ids, finding one by its id, and the planned stop.
//!
//! Whether an application may enter was decided before (admission); here only the gateway's own
//! limit and its licence count. When the applications change, whoever admits says which sessions may go on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message, MessageResult, Recipient, ResponseFuture};
use futures_util::future::join_all;
use schemas::domain::SessionId;
use tracing::{info, warn};

use crate::allowance::{Allowance, Kind};
use crate::arbiters::Arbiters;
use crate::device_supervisor::{BeginWatch, DeviceSupervisor, SessionGone};
use crate::env::Env;
use crate::event::Deliver;
use crate::guard;
use crate::journal::KeptSession;
use crate::quota::{Quotas, Share};
use crate::refusal::Refused;
use crate::session::messages::{Callback, End, Lag, SessionEnded};
use crate::session::{Monitors, Session};
use crate::standing::{Service, Standing};
use crate::system_event;
use crate::user::SessionUser;

/// By which door a session was opened: one logged in by REST may not use call control by SOAP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    Soap,
    Rest,
}

/// A session as others reach it.
#[derive(Clone)]
pub struct SessionRef {
    pub id: SessionId,
    pub addr: Addr<Session>,
    /// `Company / Application`, for logs and the administrator.
    pub application: Arc<str>,
    pub standing: Standing,
    /// What it monitors: where its commands go.
    pub monitors: Monitors,
    pub door: Door,
    /// Whose it is, where somebody uses an integration.
    pub user: Option<SessionUser>,
    /// When it began, or this process took it over, by the wall clock.
    pub since_ms: i64,
}

/// Finds the place where a session lives: here one process, elsewhere perhaps several.
pub trait FindSession: Send + Sync {
    fn find(&self, id: SessionId) -> Option<SessionRef>;
    /// How many there are.
    fn count(&self) -> usize;
}

/// The sessions of this process. Written by the SessionSupervisor alone.
#[derive(Default)]
pub struct SessionTable {
    sessions: RwLock<HashMap<SessionId, SessionRef>>,
    /// What each application uses: as many as are configured. Taken when a session begins.
    shares: Mutex<HashMap<Arc<str>, Arc<Share>>>,
}

impl FindSession for SessionTable {
    fn find(&self, id: SessionId) -> Option<SessionRef> {
        self.sessions.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn count(&self) -> usize {
        self.sessions.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl SessionTable {
    fn share(&self, application: &Arc<str>, quotas: &Quotas) -> Arc<Share> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        let share = shares.entry(application.clone());
        share.or_insert_with(|| Arc::new(Share::new(quotas.of(application)))).clone()
    }

    fn limit(&self, quotas: &Quotas) {
        let shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        shares.iter().for_each(|(application, share)| share.limit(quotas.of(application)));
    }

    /// All of them, in no order.
    #[must_use]
    pub fn all(&self) -> Vec<SessionRef> {
        self.sessions.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// How many there are of a kind.
    #[must_use]
    pub fn count_of(&self, kind: Kind) -> usize {
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        sessions.values().filter(|s| Kind::of(s.standing.service(), s.door, s.user) == kind).count()
    }

    fn write(&self, change: impl FnOnce(&mut HashMap<SessionId, SessionRef>)) {
        let mut sessions = self.sessions.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut sessions);
        metrics::gauge!("oig_sessions").set(sessions.len() as f64);
    }
}

/// An admitted application begins a session.
#[derive(Message)]
#[rtype(result = "Result<SessionId, Refused>")]
pub struct Open {
    pub application: Arc<str>,
    pub service: Service,
    pub door: Door,
    pub user: Option<SessionUser>,
}

/// Whether a session of this application (`Company / Application`) with this service may go on.
pub type GoesOn = Arc<dyn Fn(&str, Service) -> bool + Send + Sync>;

/// The applications have changed: sessions that may not go on end, as by a logout, and these quotas hold from now on.
/// Answers with the number of sessions that it ended.
#[derive(Message)]
#[rtype(result = "usize")]
pub struct Review {
    pub goes_on: GoesOn,
    pub quotas: Arc<Quotas>,
}

/// What the licence allows from now on. Sessions that are there go on.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Allow(pub Allowance);

/// Planned stop: tell every session, admit no more. Answers with the number of sessions told.
#[derive(Message)]
#[rtype(result = "usize")]
pub struct Shutdown;

/// Whether every session has read its log to the end.
#[derive(Message)]
#[rtype(result = "bool")]
pub struct Drained;

/// Every address that is to be told of a successor, with the session that named it.
#[derive(Message)]
#[rtype(result = "Vec<(SessionId, Arc<str>)>")]
pub struct Callbacks;

pub struct SessionSupervisor {
    env: Env,
    arbiters: Arbiters,
    devices: Addr<DeviceSupervisor>,
    table: Arc<SessionTable>,
    limit: usize,
    allowance: Allowance,
    stopping: bool,
}

impl SessionSupervisor {
    pub(crate) fn new(
        env: Env,
        arbiters: Arbiters,
        devices: Addr<DeviceSupervisor>,
        table: Arc<SessionTable>,
        limit: usize,
    ) -> Self {
        Self { env, arbiters, devices, table, limit, allowance: Allowance::default(), stopping: false }
    }

    fn open(&mut self, open: Open, ctx: &mut Context<Self>) -> Result<SessionId, Refused> {
        if self.stopping {
            return Err(Refused::Stopping);
        }
        if self.table.count() >= self.limit {
            metrics::counter!("oig_sessions_refused_total").increment(1);
            return Err(Refused::Full(self.limit));
        }
        self.licensed(Kind::of(open.service, open.door, open.user)).inspect_err(|_| {
            metrics::counter!("oig_sessions_refused_total").increment(1);
        })?;
        let id = loop {
            let id = SessionId::from_random(self.env.entropy.next_u64());
            if self.table.find(id).is_none() {
                break id;
            }
        };
        self.env.journal.session_began(id, &open);
        info!(session = %id, application = &*open.application, "session begins");
        let begins = Begins { env: &self.env, arbiters: &self.arbiters, devices: &self.devices, table: &self.table };
        begins.session(id, open, ctx.address().recipient(), None);
        Ok(id)
    }

    /// Whether the licence has a place for one more.
    fn licensed(&self, kind: Kind) -> Result<(), Refused> {
        if let Some(why) = self.allowance.forbids(kind) {
            return Err(Refused::NotLicensed(why));
        }
        let Some(most) = self.allowance.of(kind) else { return Ok(()) };
        let there = self.table.count_of(kind);
        if there < most { Ok(()) } else { Err(Refused::Licences(kind.word(), most)) }
    }

    fn review(&mut self, Review { goes_on, quotas }: Review) -> usize {
        self.env.quotas = quotas;
        self.table.limit(&self.env.quotas);
        let sessions: Vec<SessionRef> = {
            let sessions = self.table.sessions.read().unwrap_or_else(PoisonError::into_inner);
            let ends = |s: &&SessionRef| !goes_on(&s.application, s.standing.service());
            sessions.values().filter(ends).cloned().collect()
        };
        for session in &sessions {
            warn!(session = %session.id, application = &*session.application, "its application may not go on");
            session.addr.do_send(End);
        }
        sessions.len()
    }

    fn all(&self) -> Vec<Addr<Session>> {
        let sessions = self.table.sessions.read().unwrap_or_else(PoisonError::into_inner);
        sessions.values().map(|s| s.addr.clone()).collect()
    }
}

/// What a session begins with, whoever begins it.
pub(crate) struct Begins<'a> {
    pub(crate) env: &'a Env,
    pub(crate) arbiters: &'a Arbiters,
    pub(crate) devices: &'a Addr<DeviceSupervisor>,
    pub(crate) table: &'a SessionTable,
}

impl Begins<'_> {
    /// Begins a session, and writes it into the table.
    fn session(
        &self,
        id: SessionId,
        Open { application, service, door, user }: Open,
        supervisor: Recipient<SessionEnded>,
        resumed: Option<(KeptSession, Duration)>,
    ) -> SessionRef {
        let (env, devices) = (self.env.clone(), self.devices.clone());
        let standing = Standing::new(service);
        let monitors = Monitors::new(id, self.devices.clone(), self.table.share(&application, &self.env.quotas));
        self.env.flight.session(id, application.clone());
        for (object, topics) in resumed.iter().flat_map(|(kept, _)| &kept.monitors) {
            if let Err(refused) = monitors.begin(*object, *topics) {
                warn!(session = %id, %object, %refused, "a monitor of the process before is not kept");
            }
        }
        let (seen, watched) = (standing.clone(), monitors.clone());
        let addr = Session::start_in_arbiter(self.arbiters.of_session(id), move |_| {
            Session::new(id, &env, seen, watched, devices, supervisor, resumed)
        });
        let since_ms = self.env.now_ms();
        let session = SessionRef { id, addr, application, standing, monitors, door, user, since_ms };
        self.table.write(|sessions| {
            sessions.insert(id, session.clone());
        });
        session
    }

    /// Begins a session again that another process had, with its monitors. Its application has the given time more
    /// than the contract's to go on with it.
    pub(crate) fn again(&self, id: SessionId, kept: KeptSession, more: Duration, supervisor: Recipient<SessionEnded>) {
        info!(session = %id, application = &*kept.application, monitors = kept.monitors.len(), "session goes on");
        let monitors = kept.monitors.clone();
        let open =
            Open { application: kept.application.clone(), service: kept.service, door: kept.door, user: kept.user };
        let session = self.session(id, open, supervisor, Some((kept, more)));
        for (object, topics) in monitors.into_iter().filter(|(object, _)| session.monitors.has(*object)) {
            let (deliver, standing) = (session.addr.clone().recipient(), session.standing.clone());
            self.devices.do_send(BeginWatch { object, session: id, deliver, standing, topics });
        }
    }
}

impl Actor for SessionSupervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // A login storm is many messages at once; they wait here rather than at their senders.
        ctx.set_mailbox_capacity(4096);
    }
}

impl Handler<Open> for SessionSupervisor {
    type Result = MessageResult<Open>;

    fn handle(&mut self, open: Open, ctx: &mut Self::Context) -> Self::Result {
        MessageResult(guard::keep("session_supervisor", || self.open(open, ctx)).unwrap_or(Err(Refused::Lost)))
    }
}

impl Handler<Review> for SessionSupervisor {
    type Result = usize;

    fn handle(&mut self, review: Review, _: &mut Self::Context) -> Self::Result {
        guard::keep("session_supervisor", || self.review(review)).unwrap_or(0)
    }
}

impl Handler<Allow> for SessionSupervisor {
    type Result = ();

    fn handle(&mut self, Allow(allowance): Allow, _: &mut Self::Context) {
        if self.allowance != allowance {
            info!(?allowance, "what the licence allows has changed");
            self.allowance = allowance;
        }
    }
}

impl Handler<SessionEnded> for SessionSupervisor {
    type Result = ();

    fn handle(&mut self, SessionEnded(id): SessionEnded, _: &mut Self::Context) {
        guard::keep("session_supervisor", || {
            // One that panicked has not said it itself.
            self.env.journal.session_ended(id);
            self.table.write(|sessions| {
                sessions.remove(&id);
            });
            self.devices.do_send(SessionGone(id));
        });
    }
}

impl Handler<Shutdown> for SessionSupervisor {
    type Result = usize;

    fn handle(&mut self, _: Shutdown, _: &mut Self::Context) -> Self::Result {
        self.stopping = true;
        let told = guard::keep("session_supervisor", || {
            let event = Arc::new(system_event::shutdown(self.env.now_ms()));
            let sessions = self.all();
            for session in &sessions {
                session.do_send(Deliver::One(event.clone()));
            }
            sessions.len()
        });
        told.unwrap_or(0)
    }
}

impl Handler<Drained> for SessionSupervisor {
    type Result = ResponseFuture<bool>;

    fn handle(&mut self, _: Drained, _: &mut Self::Context) -> Self::Result {
        let asked: Vec<_> = self.all().iter().map(|session| session.send(Lag)).collect();
        Box::pin(async move { join_all(asked).await.into_iter().all(|lag| lag.unwrap_or(0) == 0) })
    }
}

impl Handler<Callbacks> for SessionSupervisor {
    type Result = ResponseFuture<Vec<(SessionId, Arc<str>)>>;

    fn handle(&mut self, _: Callbacks, _: &mut Self::Context) -> Self::Result {
        let sessions: Vec<SessionRef> = {
            let sessions = self.table.sessions.read().unwrap_or_else(PoisonError::into_inner);
            sessions.values().cloned().collect()
        };
        Box::pin(async move {
            let asked = sessions.iter().map(async |session| {
                let callback = session.addr.send(Callback).await.ok().flatten();
                callback.map(|url| (session.id, url))
            });
            join_all(asked).await.into_iter().flatten().collect()
        })
    }
}
