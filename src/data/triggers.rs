//! The triggers of sessions as requests reach them, and what sessions were told that do not say it themselves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix::{Actor as _, Addr};
use actors::Tree;
use actors::arbiters::Arbiters;
use actors::env::Entropy as _;
use actors::session_supervisor::FindSession;
use actors::trigger_supervisor::{ChangeLog, TriggerSupervisor};
use schemas::domain::SessionId;
use tracing::warn;

use super::log::owner;
use super::store::{KeptTrigger, Store};
use crate::entropy::SystemEntropy;

/// Cursors that are kept before those of sessions that are gone are dropped.
const CURSORS: usize = 4096;

/// The way to all triggers. Cheap to clone.
#[derive(Clone)]
pub struct Triggers {
    pub supervisor: Addr<TriggerSupervisor>,
    pub log: Arc<dyn ChangeLog>,
    find: Arc<dyn FindSession>,
    told: Arc<Mutex<HashMap<SessionId, u64>>>,
}

impl Triggers {
    /// Goes on with those that were kept, as far as their sessions go on. Must be called where actors can be started.
    pub(super) fn begin(store: &Store, kept: Vec<KeptTrigger>, tree: &Tree, arbiters: &Arbiters) -> Self {
        let owners: HashMap<String, SessionId> =
            tree.sessions.all().iter().map(|session| (owner(session.id), session.id)).collect();
        let (goes_on, orphans): (Vec<_>, Vec<_>) = kept.into_iter().partition(|kept| owners.contains_key(&kept.owner));
        let orphans: Vec<u64> = orphans.iter().map(|kept| kept.subscription.id).collect();
        let goes_on =
            goes_on.into_iter().filter_map(|kept| Some((*owners.get(&kept.owner)?, kept.subscription))).collect();
        let log: Arc<dyn ChangeLog> = Arc::new(store.clone());
        let find: Arc<dyn FindSession> = tree.sessions.clone();
        let new = TriggerSupervisor::new(log.clone(), find.clone(), arbiters.clone(), goes_on);
        let supervisor = TriggerSupervisor::start_in_arbiter(arbiters.first(), new);
        let forgetting = log.clone();
        arbiters.first().spawn(async move {
            for id in orphans {
                if let Err(fault) = forgetting.forget(id).await {
                    warn!(%fault, "a trigger of a session that is gone is still kept");
                }
            }
        });
        Self { supervisor, log, find, told: Arc::default() }
    }

    /// Of a new trigger.
    #[must_use]
    pub fn id(&self) -> u64 {
        // 53 bits: numbers that every reader of JSON holds. Two of one number are beyond what happens.
        (SystemEntropy::default().next_u64() >> 11).max(1)
    }

    /// The newest change that a session was told of, where it does not say it itself.
    #[must_use]
    pub fn cursor(&self, session: SessionId) -> u64 {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.get(&session).copied().unwrap_or(0)
    }

    #[must_use]
    pub(super) fn is_there(&self, session: SessionId) -> bool {
        self.find.find(session).is_some()
    }

    /// It was told of everything up to this one.
    pub fn told(&self, session: SessionId, up_to: u64) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= CURSORS && !told.contains_key(&session) {
            told.retain(|session, _| self.find.find(*session).is_some());
        }
        told.insert(session, up_to);
    }
}
