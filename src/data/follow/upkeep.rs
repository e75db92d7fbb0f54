//! What is done by and by, whoever is followed: the log of changes is cut to what is kept, and what is kept of nodes is that of
//! the nodes that there are.

use std::time::Duration;

use schemas::domain::Ceid;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tracing::{info, warn};

use super::Nodes;
use super::standing::Standings;
use crate::data::store::Store;
use crate::storage::StorageError;

/// Which nodes there are.
#[derive(Debug, Clone, Default)]
pub(super) enum Known {
    /// Nobody has said it yet: nothing is forgotten.
    #[default]
    Unsaid,
    Nodes(Nodes),
}

/// Whoever does it.
pub(super) struct Upkeep {
    pub store: Store,
    pub standings: Standings,
    pub known: watch::Receiver<Known>,
}

impl Upkeep {
    /// Until its runtime ends, or nobody says any more which nodes there are.
    pub(super) async fn run(mut self, every: Duration, keep: u64) {
        let mut turn = tokio::time::interval(every);
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = turn.tick() => {
                    if let Err(error) = self.store.prune(keep).await {
                        warn!(%error, "the log of changes could not be cut; tried again");
                    }
                }
                changed = self.known.changed() => if changed.is_err() { return },
            }
            if let Err(error) = self.settle().await {
                warn!(%error, "what is kept of nodes could not be looked at; tried again");
            }
        }
    }

    async fn settle(&mut self) -> Result<(), StorageError> {
        if matches!(*self.known.borrow_and_update(), Known::Unsaid) {
            return Ok(());
        }
        for (ceid, stand) in self.store.stands().await? {
            // Asked for each: it may have been added meanwhile.
            match self.known(ceid) {
                Some(None) => {
                    self.store.forget(ceid).await?;
                    info!(node = %ceid, "there is no such node any more: the copy of its forms is forgotten");
                }
                Some(Some(false)) => self.standings.kept(ceid, &stand),
                Some(Some(true)) | None => {}
            }
        }
        Ok(())
    }

    /// Whether there is such a node, and whether it serves its forms; `None` when that is not known.
    fn known(&self, ceid: Ceid) -> Option<Option<bool>> {
        match &*self.known.borrow() {
            Known::Unsaid => None,
            Known::Nodes(nodes) => Some(nodes.get(&ceid).map(Option::is_some)),
        }
    }
}
