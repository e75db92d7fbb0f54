//! What handlers share: the tree of actors, admission, and the finding of sessions, with what each
//! may call.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use actors::Tree;
use actors::refusal::Refused;
use actors::session::messages::End;
use actors::session_supervisor::{FindSession, SessionRef};
use actors::standing::Service;
use schemas::contract::std::NetworkElementType;
use schemas::contract::{OperationRow, Permission};
use schemas::domain::{Ceid, DialPlan, Dn, SessionId};
use tokio::time::Instant;

use super::caller::Ways;
use super::pin_tries::{PinTries, Tried};
use super::throttle::{self, Throttle};
use crate::admission::Admission;
use crate::advanced::Challenges;
use crate::data::Data;
use crate::users::Users;

/// What applications are told of a node's kind and numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbering {
    pub kind: Option<NetworkElementType>,
    pub dial_plan: Option<DialPlan>,
}

/// The nodes that a phone has a home at, by CEID, as its node told it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Homes {
    pub primary: Option<u16>,
    pub secondary: Option<u16>,
}

/// Phones whose homes are kept: all that a large cluster has.
const KNOWN_HOMES: usize = 100_000;

/// The homes of phones, as they were told last: a node that is down cannot be asked.
#[derive(Debug, Default)]
pub struct KnownHomes(RwLock<HashMap<(Ceid, Dn), Homes>>);

impl KnownHomes {
    /// Beyond the bound nothing new is kept.
    pub(super) fn keep(&self, phone: (Ceid, Dn), homes: Homes) {
        if self.of(phone) == Some(homes) {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < KNOWN_HOMES || known.contains_key(&phone) {
            known.insert(phone, homes);
        }
    }

    pub(super) fn of(&self, phone: (Ceid, Dn)) -> Option<Homes> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&phone).copied()
    }
}

pub struct Gateway {
    pub tree: Tree,
    pub sessions: Arc<dyn FindSession>,
    pub admission: Admission,
    pub ways: Ways,
    pub challenges: Challenges,
    /// Of phones that were asked for.
    pub homes: KnownHomes,
    /// Users of the integrations, where there is a database that has them.
    pub users: Option<Users>,
    /// The nodes' configuration, where it is kept.
    pub data: Option<Data>,
    numbering: RwLock<BTreeMap<Ceid, Arc<Numbering>>>,
    unknown_sessions: Throttle<IpAddr>,
    failed_by_address: Throttle<IpAddr>,
    /// By a hash of the names: they come from outside and may be long.
    failed_by_application: Throttle<u64>,
    pins: PinTries,
    hasher: RandomState,
}

impl Gateway {
    #[must_use]
    pub fn new(tree: Tree, admission: Admission, ways: Ways) -> Self {
        let sessions = tree.sessions.clone();
        Self {
            tree,
            sessions,
            admission,
            ways,
            challenges: Challenges::default(),
            homes: KnownHomes::default(),
            users: None,
            data: None,
            numbering: RwLock::default(),
            unknown_sessions: Throttle::new(throttle::SESSIONS),
            failed_by_address: Throttle::new(throttle::LOGINS),
            failed_by_application: Throttle::new(throttle::LOGINS),
            pins: PinTries::new(),
            hasher: RandomState::new(),
        }
    }

    /// From now on this is told of the nodes' numbers.
    pub fn number(&self, numbering: BTreeMap<Ceid, Numbering>) {
        let numbering = numbering.into_iter().map(|(ceid, numbering)| (ceid, Arc::new(numbering))).collect();
        *self.numbering.write().unwrap_or_else(PoisonError::into_inner) = numbering;
    }

    /// What is told of a node's numbers.
    #[must_use]
    pub fn numbering(&self, ceid: Ceid) -> Option<Arc<Numbering>> {
        self.numbering.read().unwrap_or_else(PoisonError::into_inner).get(&ceid).cloned()
    }

    /// With users of integrations, who may sign in.
    #[must_use]
    pub fn with_users(self, users: Users) -> Self {
        Self { users: Some(users), ..self }
    }

    /// With the nodes' configuration as data.
    #[must_use]
    pub fn with_data(self, data: Data) -> Self {
        Self { data: Some(data), ..self }
    }

    /// The session of this id, if it may call this operation. Guessing is slowed by the caller's
    /// address.
    ///
    /// # Errors
    /// [`Refused::NoSession`], [`Refused::Unproven`], [`Refused::NeedsAdvanced`].
    pub async fn session(&self, caller: IpAddr, id: i64, row: &OperationRow) -> Result<SessionRef, Refused> {
        let session = self.find(caller, id).await?;
        let service = session.standing.service();
        if service == Service::Unproven && !self.challenges.waits(session.id, Instant::now()) {
            // Nobody can prove it any more: it would only hold a place. A proof that was right has
            // raised the standing before its challenge went.
            if session.standing.service() == Service::Unproven {
                session.addr.do_send(End);
            }
        }
        may(service, row)?;
        Ok(session)
    }

    /// Holds a login back when too many failed that came from there. Failures of others, for the
    /// same application even, hold no right login back.
    pub(super) async fn before_login(&self, caller: IpAddr) {
        self.failed_by_address.pass(caller).await;
    }

    /// Counts a login or proof that failed, and holds its answer back when there were too many from
    /// there, or for this application from wherever.
    pub(super) async fn login_failed(&self, caller: IpAddr, label: &str) {
        let application = self.hasher.hash_one(label);
        futures_util::future::join(
            self.failed_by_address.missed(caller),
            self.failed_by_application.missed(application),
        )
        .await;
    }

    /// Counts a token that leads to nobody, as a session id that does.
    pub(super) async fn token_missed(&self, caller: IpAddr) {
        self.unknown_sessions.missed(caller).await;
    }

    /// Before the PIN of a hot desk user is tried: waits for the turn, or gives none when too many wait for it.
    pub(super) async fn before_pin(&self, caller: IpAddr, session: SessionId, user: Dn) -> Option<Tried<'_>> {
        self.pins.before(caller, session, user).await
    }

    async fn find(&self, caller: IpAddr, id: i64) -> Result<SessionRef, Refused> {
        // 0 and below are what clients send that have none: nothing was guessed.
        let id = SessionId::try_from(id).map_err(|_| Refused::NoSession)?;
        match self.sessions.find(id) {
            Some(session) => Ok(session),
            None => {
                metrics::counter!("oig_unknown_sessions_total").increment(1);
                self.unknown_sessions.missed(caller).await;
                Err(Refused::NoSession)
            }
        }
    }
}

/// What a session of this service may call: the one place that decides it.
fn may(service: Service, row: &OperationRow) -> Result<(), Refused> {
    match (row.permission, service) {
        (Permission::Open, _) | (_, Service::Advanced) | (Permission::Standard, Service::Standard) => Ok(()),
        (Permission::Standard | Permission::Advanced, Service::Unproven) => Err(Refused::Unproven),
        (Permission::Advanced, Service::Standard) => Err(Refused::NeedsAdvanced(row.name)),
    }
}

#[cfg(test)]
mod tests {
    use schemas::contract::OPERATIONS;

    use super::*;

    #[test]
    fn a_session_may_call_what_its_service_is_for() {
        for row in &OPERATIONS {
            let refused = |service| may(service, row).err();
            let (standard, unproven) = match row.permission {
                Permission::Open => (None, None),
                Permission::Standard => (None, Some(Refused::Unproven)),
                Permission::Advanced => (Some(Refused::NeedsAdvanced(row.name)), Some(Refused::Unproven)),
            };
            assert_eq!(refused(Service::Standard), standard, "{}", row.name);
            assert_eq!(refused(Service::Unproven), unproven, "{}", row.name);
            assert_eq!(refused(Service::Advanced), None, "{}", row.name);
        }
        let open: Vec<_> = OPERATIONS.iter().filter(|r| r.permission == Permission::Open).map(|r| r.name).collect();
        let session = [
            "login",
            "loginEx",
            "loginApp",
            "authenticate",
            "serviceVersions",
            "resetSessionTimer",
            "logout",
            "loginUser",
            "validateToken",
        ];
        assert_eq!(open, session, "what a session may call before it has proven its certificate");
    }
}
