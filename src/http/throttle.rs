//! Slows callers who name sessions that do not exist: a session id is a secret to be guessed.
//!
//! A few misses are free (old clients go on resetting a timer after logout); beyond that each
//! answer is held back for a second. Whoever names sessions that exist notices nothing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Misses that are free at once, and how many come back each second.
const FREE: f64 = 60.0;
const PER_SECOND: f64 = 6.0;
/// How long a further one waits.
const HELD_BACK: Duration = Duration::from_secs(1);
/// Addresses remembered; more than that share one place.
const ADDRESSES: usize = 10_000;

#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn new(now: Instant) -> Self {
        Self { left: FREE, at: now }
    }

    /// Takes one; false when none is left.
    fn take(&mut self, now: Instant) -> bool {
        let back = now.saturating_duration_since(self.at).as_secs_f64() * PER_SECOND;
        self.left = (self.left + back).min(FREE);
        self.at = now;
        if self.left < 1.0 {
            return false;
        }
        self.left -= 1.0;
        true
    }

    fn is_full(&self, now: Instant) -> bool {
        self.left + now.saturating_duration_since(self.at).as_secs_f64() * PER_SECOND >= FREE
    }
}

#[derive(Debug, Default)]
pub(super) struct Throttle {
    buckets: Mutex<HashMap<Option<IpAddr>, Bucket>>,
}

impl Throttle {
    /// Counts a miss, and waits when there were too many.
    pub(super) async fn missed(&self, caller: IpAddr) {
        if !self.take(caller, Instant::now()) {
            metrics::counter!("oig_throttled_total").increment(1);
            sleep(HELD_BACK).await;
        }
    }

    fn take(&self, caller: IpAddr, now: Instant) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ADDRESSES {
            buckets.retain(|_, bucket| !bucket.is_full(now));
        }
        let full = buckets.len() >= ADDRESSES;
        let known = buckets.contains_key(&Some(caller));
        let key = if full && !known { None } else { Some(caller) };
        buckets.entry(key).or_insert_with(|| Bucket::new(now)).take(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_guesser_is_slowed_and_another_address_is_not() {
        let throttle = Throttle::default();
        let (guesser, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let start = Instant::now();
        for _ in 0..60 {
            throttle.missed(guesser).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        throttle.missed(other).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        throttle.missed(guesser).await;
        assert_eq!(start.elapsed(), HELD_BACK);
    }

    #[test]
    fn the_table_of_addresses_is_bounded() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for i in 0..u32::try_from(ADDRESSES).expect("small") + 500 {
            throttle.take(IpAddr::from(i.to_be_bytes()), now);
        }
        assert!(throttle.buckets.lock().expect("not poisoned").len() <= ADDRESSES + 1);
    }
}
