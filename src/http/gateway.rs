//! What handlers share: the tree of actors, admission, and the finding of sessions.

use std::net::IpAddr;
use std::sync::Arc;

use actors::Tree;
use actors::refusal::Refused;
use actors::session_supervisor::{FindSession, SessionRef};
use schemas::domain::SessionId;

use super::throttle::Throttle;
use crate::admission::Admission;

pub struct Gateway {
    pub tree: Tree,
    pub sessions: Arc<dyn FindSession>,
    pub admission: Admission,
    pub trusted_proxies: Vec<IpAddr>,
    throttle: Throttle,
}

impl Gateway {
    #[must_use]
    pub fn new(tree: Tree, admission: Admission, trusted_proxies: Vec<IpAddr>) -> Self {
        let sessions = tree.sessions.clone();
        Self { tree, sessions, admission, trusted_proxies, throttle: Throttle::default() }
    }

    /// The session of this id. Guessing is slowed by the caller's address.
    ///
    /// # Errors
    /// [`Refused::NoSession`].
    pub async fn session(&self, caller: IpAddr, id: i64) -> Result<SessionRef, Refused> {
        // 0 and below are what clients send that have none: nothing was guessed.
        let id = SessionId::try_from(id).map_err(|_| Refused::NoSession)?;
        match self.sessions.find(id) {
            Some(session) => Ok(session),
            None => {
                metrics::counter!("oig_unknown_sessions_total").increment(1);
                self.throttle.missed(caller).await;
                Err(Refused::NoSession)
            }
        }
    }
}
