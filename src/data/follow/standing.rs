//! How it stands with the copy of each node, for who asks: applications and administrators.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use schemas::domain::Ceid;
use tokio::sync::watch;

use crate::data::store::{FILES, NodeStand};

/// How it stands with a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The node is asked where it stands.
    Connecting,
    Copying,
    /// Every change is applied as the node says it.
    Current,
    /// What is there is as it was when the node was heard last.
    Away,
    /// What is there is as the files said that it came by.
    Imported,
}

/// Why a copy is not kept up to date whose node has no port of its forms any more.
const NOT_SERVED: &str = "the node's forms are not served any more";

impl State {
    /// As applications are told it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Connecting => "CONNECTING",
            Self::Copying => "COPYING",
            Self::Current => "CURRENT",
            Self::Away => "AWAY",
            Self::Imported => "IMPORTED",
        }
    }
}

/// Of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub state: State,
    /// When the copy was as the node's, in ms since the epoch; `None` when it never was in this process.
    pub as_of_ms: Option<i64>,
    /// The newest change that is applied.
    pub seq: u64,
    /// The newest change that the node is known to have; `None` when it was not heard in this process.
    pub newest: Option<u64>,
    /// How long the last change took from the node, by its clock, into the copy, by ours, in ms; `None` before there was one in
    /// this process.
    pub delay_ms: Option<i64>,
    /// What ended the last life, in words for people.
    pub fault: Option<String>,
}

/// Of all nodes whose forms are followed. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Standings(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    of: RwLock<BTreeMap<Ceid, Standing>>,
    /// Says that something changed.
    changed: watch::Sender<()>,
}

impl Default for Standings {
    fn default() -> Self {
        Self(Arc::new(Inner { of: RwLock::default(), changed: watch::Sender::new(()) }))
    }
}

/// How long one who has changed a row waits until the copy has it.
const REACHED: Duration = Duration::from_secs(5);

impl Standings {
    fn change(&self, ceid: Ceid, change: impl FnOnce(&mut Standing)) {
        let mut all = self.0.of.write().unwrap_or_else(PoisonError::into_inner);
        let new =
            || Standing { state: State::Connecting, as_of_ms: None, seq: 0, newest: None, delay_ms: None, fault: None };
        change(all.entry(ceid).or_insert_with(new));
        drop(all);
        self.0.changed.send_replace(());
    }

    /// Waits until the copy of a node has this change, or for a while: the change is made all the same.
    pub async fn reached(&self, ceid: Ceid, seq: u64) {
        let mut changed = self.0.changed.subscribe();
        let reached = async {
            while self.of(ceid).is_some_and(|standing| standing.seq < seq) {
                // Its other end is held by this.
                let _ = changed.changed().await;
            }
        };
        let _ = tokio::time::timeout(REACHED, reached).await; // a node that is away has the change
    }

    pub(super) fn is(&self, ceid: Ceid, state: State) {
        self.change(ceid, |standing| standing.state = state);
    }

    /// What the node says of where it stands itself. The copy may be behind that, or have more already.
    pub(super) fn node_is_at(&self, ceid: Ceid, seq: u64) {
        self.change(ceid, |standing| standing.newest = Some(seq));
    }

    /// The node said something, and all of it is applied. With the time that it said of the last change, where there was one.
    pub(super) fn heard(&self, ceid: Ceid, seq: u64, changed_at_ms: Option<i64>, now_ms: i64) {
        self.change(ceid, |standing| {
            (standing.seq, standing.as_of_ms, standing.fault) = (seq, Some(now_ms), None);
            standing.newest = standing.newest.max(Some(seq));
            // Of two clocks: what seems to come from the future took no time.
            let delay_ms = changed_at_ms.map(|at_ms| now_ms.saturating_sub(at_ms).max(0));
            standing.delay_ms = delay_ms.or(standing.delay_ms);
            if standing.state == State::Connecting {
                standing.state = State::Current;
            }
        });
    }

    /// A life ended.
    pub(super) fn ended(&self, ceid: Ceid, fault: String) {
        self.change(ceid, |standing| {
            standing.state = State::Away;
            standing.fault = Some(fault);
        });
    }

    /// What is kept of a node that does not serve its forms.
    pub(in crate::data) fn kept(&self, ceid: Ceid, stand: &NodeStand) {
        let by_files = stand.epoch == FILES;
        let oldest = stand.forms.iter().filter_map(|form| form.copied_at_ms).min();
        self.change(ceid, |standing| {
            // Read before a file was imported that is told already.
            if by_files && standing.state == State::Imported && stand.seq < standing.seq {
                return;
            }
            standing.state = if by_files { State::Imported } else { State::Away };
            (standing.as_of_ms, standing.seq) = (oldest, stand.seq);
            (standing.newest, standing.delay_ms) = (None, None);
            standing.fault = (!by_files).then(|| NOT_SERVED.to_owned());
        });
    }

    /// The node does not serve its forms any more.
    pub(super) fn not_served(&self, ceid: Ceid) {
        self.ended(ceid, NOT_SERVED.to_owned());
    }

    pub(super) fn gone(&self, ceid: Ceid) {
        self.0.of.write().unwrap_or_else(PoisonError::into_inner).remove(&ceid);
    }

    /// Of one node; `None` when its forms are not followed.
    #[must_use]
    pub fn of(&self, ceid: Ceid) -> Option<Standing> {
        self.0.of.read().unwrap_or_else(PoisonError::into_inner).get(&ceid).cloned()
    }

    /// Of all, by number.
    #[must_use]
    pub fn all(&self) -> Vec<(Ceid, Standing)> {
        let all = self.0.of.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(ceid, standing)| (*ceid, standing.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_has_and_how_long_a_change_took_is_told() {
        let (standings, ceid) = (Standings::default(), Ceid::new(7).expect("a node"));
        standings.is(ceid, State::Connecting);
        let is = || standings.of(ceid).map(|standing| (standing.seq, standing.newest, standing.delay_ms));
        assert_eq!(is(), Some((0, None, None)));
        standings.node_is_at(ceid, 9);
        assert_eq!(is(), Some((0, Some(9), None)));
        standings.heard(ceid, 8, Some(1000), 1250);
        assert_eq!(is(), Some((8, Some(9), Some(250))));
        standings.heard(ceid, 10, None, 2000);
        assert_eq!(is(), Some((10, Some(10), Some(250))), "of the last change");
        standings.heard(ceid, 11, Some(3001), 3000);
        assert_eq!(is(), Some((11, Some(11), Some(0))), "the node's clock is ahead");
        standings.node_is_at(ceid, 2);
        assert_eq!(is(), Some((11, Some(2), Some(0))), "the node begins anew");
        standings.not_served(ceid);
        standings.kept(ceid, &NodeStand { epoch: FILES.into(), seq: 1, forms: Vec::new() });
        assert_eq!(is(), Some((1, None, None)));
    }

    #[test]
    fn what_was_read_before_a_file_was_imported_does_not_take_it_back() {
        let (standings, ceid) = (Standings::default(), Ceid::new(7).expect("a node"));
        let stand = |epoch: &str, seq| NodeStand { epoch: epoch.into(), seq, forms: Vec::new() };
        let is = || standings.of(ceid).map(|standing| (standing.state, standing.seq));
        for (epoch, seq, state, then) in [
            ("e1", 1000, State::Away, 1000),
            (FILES, 1, State::Imported, 1),
            (FILES, 3, State::Imported, 3),
            (FILES, 2, State::Imported, 3),
            (FILES, 3, State::Imported, 3),
            ("e2", 2, State::Away, 2),
        ] {
            standings.kept(ceid, &stand(epoch, seq));
            assert_eq!(is(), Some((state, then)), "{epoch} {seq}");
        }
    }
}
