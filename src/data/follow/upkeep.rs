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

/// Whoever does it.
pub(super) struct Upkeep {
    pub store: Store,
    pub standings: Standings,
    /// The nodes that there are; as long as nobody has said it nothing is forgotten.
    pub known: watch::Receiver<Option<Nodes>>,
}

/// What becomes of what is kept of a node.
enum Kept {
    /// There is no such node.
    Forgotten,
    /// The node does not serve its forms.
    AsItIs,
    /// Its life says how it stands.
    Followed,
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
        if self.known.borrow_and_update().is_none() {
            return Ok(());
        }
        for (ceid, stand) in self.store.stands().await? {
            // Asked for each: it may have been added meanwhile.
            match self.kept(ceid) {
                Kept::Forgotten => {
                    self.store.forget(ceid).await?;
                    info!(node = %ceid, "there is no such node any more: the copy of its forms is forgotten");
                }
                Kept::AsItIs => self.standings.kept(ceid, &stand),
                Kept::Followed => {}
            }
        }
        Ok(())
    }

    fn kept(&self, ceid: Ceid) -> Kept {
        match self.known.borrow().as_ref().map(|nodes| nodes.get(&ceid)) {
            Some(None) => Kept::Forgotten,
            Some(Some(None)) => Kept::AsItIs,
            Some(Some(Some(_))) | None => Kept::Followed,
        }
    }
}
