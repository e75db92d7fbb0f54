//! The log of changes as triggers know it: a face of the store.

use actors::trigger::messages::{Logged, Subscription};
use actors::trigger_supervisor::{ChangeLog, LogFault};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use schemas::domain::SessionId;
use tokio::sync::watch;

use super::store::{KeptTrigger, Store};
use crate::storage::StorageError;

fn fault(error: StorageError) -> LogFault {
    LogFault(error.to_string())
}

/// What a session is called in the database: nobody can use it as the session.
#[must_use]
pub(super) fn owner(session: SessionId) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, &session.as_long().to_be_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl ChangeLog for Store {
    fn after(&self, number: u64, most: usize) -> BoxFuture<'static, Result<Vec<Logged>, LogFault>> {
        let store = self.clone();
        async move { store.changes(number, most).await.map_err(fault) }.boxed()
    }

    fn newest(&self) -> watch::Receiver<u64> {
        Self::newest(self)
    }

    fn pruned(&self) -> u64 {
        Self::pruned(self)
    }

    fn keep(&self, session: SessionId, subscription: Subscription) -> BoxFuture<'static, Result<(), LogFault>> {
        let (store, trigger) = (self.clone(), KeptTrigger { owner: owner(session), subscription });
        async move { store.subscribe(trigger).await.map_err(fault) }.boxed()
    }

    fn forget(&self, id: u64) -> BoxFuture<'static, Result<(), LogFault>> {
        let store = self.clone();
        async move { store.unsubscribe(id).await.map_err(fault) }.boxed()
    }
}
