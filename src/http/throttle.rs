//! Slows who guesses: callers who name sessions that do not exist, since a session id is a secret,
//! and logins that fail, by address and by application.
//!
//! A few misses are free (old clients go on resetting a timer after logout; people mistype);
//! beyond that each answer is held back. Nobody is locked out: whoever names sessions that exist,
//! or logs in rightly, notices nothing.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How much is free, and how long the rest waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Misses that are free at once, and how many come back each second.
    pub free: f64,
    pub per_second: f64,
    /// How long a further one waits.
    pub held_back: Duration,
}

/// Session ids that do not exist.
pub(crate) const SESSIONS: Pace = Pace { free: 60.0, per_second: 6.0, held_back: Duration::from_secs(1) };
/// Logins and proofs that fail. An application that is set up wrongly and tries every few seconds
/// stays below it.
pub(crate) const LOGINS: Pace = Pace { free: 20.0, per_second: 0.2, held_back: Duration::from_secs(2) };

/// PINs of one hot desk user that are wrong, whoever tries: people mistype, and a PIN of four digits is found after
/// hours, not seconds.
pub(crate) const PINS: Pace = Pace { free: 5.0, per_second: 0.5, held_back: Duration::from_secs(2) };

/// Who would have to wait longer for a turn is refused it.
const LONGEST_TURN: Duration = Duration::from_secs(10);

/// Callers remembered; more than that share one place.
const REMEMBERED: usize = 10_000;

#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn new(pace: Pace, now: Instant) -> Self {
        Self { left: pace.free, at: now }
    }

    fn filled(&self, pace: Pace, now: Instant) -> f64 {
        let back = now.saturating_duration_since(self.at).as_secs_f64() * pace.per_second;
        (self.left + back).min(pace.free)
    }

    /// Takes one in advance when none is left, and tells how long to wait until it is there; `None`, and nothing is
    /// taken, when that is too long.
    fn take_turn(&mut self, pace: Pace, now: Instant) -> Option<Duration> {
        let left = self.filled(pace, now) - 1.0;
        let wait = Duration::from_secs_f64((-left).max(0.0) / pace.per_second);
        if wait > LONGEST_TURN {
            return None;
        }
        (self.left, self.at) = (left, now);
        Some(wait)
    }

    /// Takes one; false when none is left.
    fn take(&mut self, pace: Pace, now: Instant) -> bool {
        self.left = self.filled(pace, now);
        self.at = now;
        if self.left < 1.0 {
            return false;
        }
        self.left -= 1.0;
        true
    }
}

/// Counts misses by whatever a caller is known by.
#[derive(Debug)]
pub(crate) struct Throttle<K> {
    pace: Pace,
    buckets: Mutex<HashMap<Option<K>, Bucket>>,
}

impl<K: Eq + Hash> Throttle<K> {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, buckets: Mutex::default() }
    }

    /// Counts a miss, and waits when there were too many.
    pub(crate) async fn missed(&self, caller: K) {
        self.wait(self.take(caller, Instant::now())).await;
    }

    /// Waits when there were too many misses before; counts none. Guesses that come side by side are
    /// slowed by it as those are that come one after the other.
    pub(crate) async fn pass(&self, caller: K) {
        let free = {
            let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
            buckets.get(&Some(caller)).is_none_or(|bucket| bucket.filled(self.pace, Instant::now()) >= 1.0)
        };
        self.wait(free).await;
    }

    /// Takes one and waits until it is there, after all who came before; false at once when that would take too long.
    pub(crate) async fn turn(&self, caller: K) -> bool {
        let wait = self.bucket(caller, Instant::now(), |bucket, pace, now| bucket.take_turn(pace, now));
        let Some(wait) = wait else {
            metrics::counter!("oig_throttled_total").increment(1);
            return false;
        };
        if !wait.is_zero() {
            metrics::counter!("oig_throttled_total").increment(1);
            sleep(wait).await;
        }
        true
    }

    /// A turn was no miss.
    pub(crate) fn give_back(&self, caller: K) {
        self.bucket(caller, Instant::now(), |bucket, pace, now| {
            bucket.left = (bucket.filled(pace, now) + 1.0).min(pace.free);
            bucket.at = now;
        });
    }

    async fn wait(&self, free: bool) {
        if !free {
            metrics::counter!("oig_throttled_total").increment(1);
            sleep(self.pace.held_back).await;
        }
    }

    fn take(&self, caller: K, now: Instant) -> bool {
        self.bucket(caller, now, |bucket, pace, now| bucket.take(pace, now))
    }

    fn bucket<R>(&self, caller: K, now: Instant, use_it: impl FnOnce(&mut Bucket, Pace, Instant) -> R) -> R {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= REMEMBERED {
            buckets.retain(|_, bucket| bucket.filled(self.pace, now) < self.pace.free);
        }
        let caller = Some(caller);
        let known = buckets.len() < REMEMBERED || buckets.contains_key(&caller);
        let key = if known { caller } else { None };
        use_it(buckets.entry(key).or_insert_with(|| Bucket::new(self.pace, now)), self.pace, now)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_guesser_is_slowed_and_another_address_is_not() {
        let throttle = Throttle::new(SESSIONS);
        let (guesser, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let start = Instant::now();
        for _ in 0..60 {
            throttle.missed(guesser).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        throttle.missed(other).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        throttle.missed(guesser).await;
        assert_eq!(start.elapsed(), SESSIONS.held_back);
    }

    #[tokio::test(start_paused = true)]
    async fn who_passes_is_slowed_by_misses_of_its_own_alone_and_forgiven_in_time() {
        let throttle = Throttle::new(LOGINS);
        let start = Instant::now();
        for _ in 0..20 {
            throttle.pass("guesser").await;
            throttle.missed("guesser").await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO, "twenty are free");
        throttle.pass("other").await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        throttle.pass("guesser").await;
        assert_eq!(start.elapsed(), LOGINS.held_back);
        throttle.missed("guesser").await;
        assert_eq!(start.elapsed(), LOGINS.held_back * 2);
        tokio::time::advance(Duration::from_secs(10)).await;
        let later = Instant::now();
        throttle.pass("guesser").await;
        throttle.missed("guesser").await;
        assert_eq!(later.elapsed(), Duration::ZERO, "some come back");
    }

    #[test]
    fn the_table_of_addresses_is_bounded() {
        let throttle = Throttle::new(SESSIONS);
        let now = Instant::now();
        for i in 0..u32::try_from(REMEMBERED).expect("small") + 500 {
            throttle.take(IpAddr::from(i.to_be_bytes()), now);
        }
        assert!(throttle.buckets.lock().expect("not poisoned").len() <= REMEMBERED + 1);
    }
}
