//! The pause before the next life of something that ended: doubling, bounded, jittered, forgiven
//! after a long life. Pure but for the random number that the caller brings.

use std::time::Duration;

/// How long to wait next.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    #[must_use]
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    /// The pause before the next attempt: ±20 % of what is due, by `random`.
    pub fn pause(&mut self, random: u64) -> Duration {
        let due = self.next;
        self.next = (due * 2).min(self.longest);
        let percent = 80 + u32::try_from(random % 41).unwrap_or(0);
        due * percent / 100
    }

    /// A long life forgives what was before.
    pub fn forgive(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_the_longest_and_start_anew_when_forgiven() {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(5));
        // 20 is the middle of the jitter.
        let pauses: Vec<_> = (0..6).map(|_| backoff.pause(20).as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 5000, 5000]);
        backoff.forgive();
        assert_eq!(backoff.pause(0).as_millis(), 400);
        assert_eq!(backoff.pause(40).as_millis(), 1200);
    }
}
