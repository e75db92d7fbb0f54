//! When an object whose life ended by a panic may have the next one: the first time at once, since
//! watchers wait; of one that panics again and again after pauses that double, so that whatever
//! makes it panic (a node's answer, mostly) costs neither the node nor the neighbours. Pure but for
//! the random number that the caller brings.

use std::collections::BTreeMap;
use std::time::Duration;

use schemas::domain::ObjectId;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::policy;

/// Objects that panicked, while they are watched.
#[derive(Debug, Default)]
pub(super) struct Lives {
    broken: BTreeMap<ObjectId, (Backoff, Instant)>,
}

impl Lives {
    /// A life ended by a panic: how long to wait before the next.
    pub(super) fn ended(&mut self, object: ObjectId, now: Instant, random: u64) -> Duration {
        let before = self.broken.remove(&object);
        let lived = before.as_ref().map(|(_, began)| now.saturating_duration_since(*began));
        let (backoff, pause) = match before {
            Some((mut backoff, _)) if lived < Some(policy::BACKOFF_FORGIVEN_AFTER) => {
                let pause = backoff.pause(random);
                (backoff, pause)
            }
            _ => (Backoff::new(policy::BACKOFF_FIRST, policy::BACKOFF_LONGEST), Duration::ZERO),
        };
        self.broken.insert(object, (backoff, now + pause));
        pause
    }

    /// Nobody watches it any more.
    pub(super) fn forget(&mut self, object: ObjectId) {
        self.broken.remove(&object);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_panic_costs_no_pause_and_those_that_follow_soon_cost_more_each() {
        let object = ObjectId::presence(schemas::domain::Ceid::new(1).expect("a CEID"));
        let (mut lives, mut now) = (Lives::default(), Instant::now());
        // How long each life lived, and the pause after it; 20 is the middle of the jitter.
        for (lived_s, pause_ms) in
            [(0, 0), (1, 500), (1, 1000), (29, 2000), (30, 0), (1, 500), (1, 1000), (1, 2000), (1, 4000), (1, 5000)]
        {
            now += Duration::from_secs(lived_s);
            let pause = lives.ended(object, now, 20);
            assert_eq!(pause, Duration::from_millis(pause_ms), "after a life of {lived_s} s");
            now += pause;
        }
        lives.forget(object);
        assert_eq!(lives.ended(object, now, 20), Duration::ZERO);
    }
}
