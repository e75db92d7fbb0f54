//! How much a node may say before what it said is in the logs of those who hear it. No mailbox of an
//! actor is a bound, so the reader of a node's socket waits now and then: a node that floods is slowed
//! by its own socket, and what waits in the gateway stays small. Also whether a node floods, for the log.
//!
//! Pure, but for the channel by which the last who was told says so.

use std::collections::BTreeSet;
use std::time::Duration;

use schemas::domain::ObjectId;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::policy;

/// Everybody who was told has one, and drops it when what came before has been dealt with.
#[derive(Debug, Clone)]
pub struct Settling {
    _held: mpsc::Sender<()>,
}

// Messages that bear one are compared by what they say.
impl PartialEq for Settling {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Settling {}

/// What is handed on, and what is done when nobody has it any more. Nobody who hangs stops a node: that waits no
/// longer than for an answer.
pub(super) fn settling() -> (Settling, impl Future<Output = ()> + use<>) {
    let (_held, mut dropped) = mpsc::channel(1);
    let settled = async move {
        if tokio::time::timeout(policy::ANSWER, dropped.recv()).await.is_err() {
            metrics::counter!("oig_node_settling_late_total").increment(1);
        }
    };
    (Settling { _held }, settled)
}

/// A turn that the log tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flood {
    /// With so many frames in a second.
    Begins(usize),
    Ends,
}

/// What a node says, counted.
#[derive(Debug)]
pub(super) struct Flow {
    /// Since everything was last in the logs.
    told: usize,
    objects: BTreeSet<ObjectId>,
    /// Since this second began.
    frames: usize,
    began: Instant,
    floods: bool,
}

impl Flow {
    pub(super) fn new(now: Instant) -> Self {
        Self { told: 0, objects: BTreeSet::new(), frames: 0, began: now, floods: false }
    }

    /// So many frames were read.
    pub(super) fn heard(&mut self, frames: usize) {
        self.frames += frames;
    }

    /// An object was told something.
    pub(super) fn told(&mut self, object: ObjectId) {
        self.told += 1;
        self.objects.insert(object);
    }

    /// Those whose watchers must have everything before more is read; `None` while little was told.
    pub(super) fn due(&mut self) -> Option<BTreeSet<ObjectId>> {
        if self.told < policy::NODE_AHEAD {
            return None;
        }
        self.told = 0;
        Some(std::mem::take(&mut self.objects))
    }

    /// Looks at the rate, once a second.
    pub(super) fn flood(&mut self, now: Instant) -> Option<Flood> {
        let frames = self.frames;
        if now.saturating_duration_since(self.began) < Duration::from_secs(1) {
            return None;
        }
        (self.frames, self.began) = (0, now);
        let floods = frames >= if self.floods { policy::NODE_FLOOD / 2 } else { policy::NODE_FLOOD };
        match (std::mem::replace(&mut self.floods, floods), floods) {
            (false, true) => Some(Flood::Begins(frames)),
            (true, false) => Some(Flood::Ends),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_were_told_much_are_waited_for_and_then_it_is_counted_anew() {
        let object = ObjectId::presence(schemas::domain::Ceid::new(1).expect("a CEID"));
        let mut flow = Flow::new(Instant::now());
        for _ in 1..policy::NODE_AHEAD {
            flow.told(object);
            assert_eq!(flow.due(), None);
        }
        flow.told(object);
        assert_eq!(flow.due(), Some(BTreeSet::from([object])));
        assert_eq!(flow.due(), None);
    }

    #[test]
    fn a_flood_is_told_once_when_it_begins_and_once_when_it_has_become_much_less() {
        let (mut now, most) = (Instant::now(), policy::NODE_FLOOD);
        let mut flow = Flow::new(now);
        for (frames, turn) in [
            (most - 1, None),
            (most, Some(Flood::Begins(most))),
            (most * 2, None),
            (most / 2, None),
            (most / 2 - 1, Some(Flood::Ends)),
            (most - 1, None),
        ] {
            flow.heard(frames);
            assert_eq!(flow.flood(now), None, "the second is not over");
            now += Duration::from_secs(1);
            assert_eq!(flow.flood(now), turn, "{frames}");
        }
    }
}
