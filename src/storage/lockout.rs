//! What wrong passwords cost, for whoever signs in with one: some are free, each further one locks for a while. Counted in
//! the row of who signs in, so that a restart or another gateway forgets none. Decides; the tables write.

/// Wrong passwords that are free; with each further one the row is locked.
pub const FREE_FAILURES: i64 = 5;
/// For so long the first time, doubling up to [`LONGEST_LOCK_MS`].
pub const LOCK_MS: i64 = 30_000;
pub const LONGEST_LOCK_MS: i64 = 15 * 60_000;

/// What a row has counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Failures {
    pub count: i64,
    pub locked_until_ms: i64,
}

/// What becomes of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing is counted any more.
    Right,
    /// Nothing is looked at until then, and nothing counted.
    Locked {
        until_ms: i64,
    },
    Wrong(Failures),
}

impl Failures {
    pub(super) fn is_locked(self, now_ms: i64) -> bool {
        self.locked_until_ms > now_ms
    }

    /// Of a proof against the row as it is now.
    pub(super) fn judge(self, right: bool, now_ms: i64) -> Verdict {
        if self.is_locked(now_ms) {
            return Verdict::Locked { until_ms: self.locked_until_ms };
        }
        if right {
            return Verdict::Right;
        }
        let count = self.count + 1;
        let locked_until_ms = if count > FREE_FAILURES { now_ms + lock_ms(count) } else { self.locked_until_ms };
        Verdict::Wrong(Self { count, locked_until_ms })
    }
}

/// How long a row is locked with its last failure.
fn lock_ms(failures: i64) -> i64 {
    let doublings = (failures - FREE_FAILURES - 1).clamp(0, 16);
    if failures <= FREE_FAILURES { 0 } else { (LOCK_MS << doublings).min(LONGEST_LOCK_MS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_doubles_with_each_failure_beyond_the_free_ones() {
        for (failures, lock) in [(1, 0), (5, 0), (6, 30_000), (7, 60_000), (10, 480_000), (11, 900_000), (99, 900_000)]
        {
            assert_eq!(lock_ms(failures), lock, "{failures} failures");
        }
    }

    #[test]
    fn what_is_locked_is_neither_right_nor_counted() {
        let (now_ms, locked) = (1_000_000, |until_ms| Failures { count: 6, locked_until_ms: until_ms });
        for (failures, right, verdict) in [
            (Failures::default(), true, Verdict::Right),
            (Failures::default(), false, Verdict::Wrong(Failures { count: 1, locked_until_ms: 0 })),
            (
                Failures { count: 5, locked_until_ms: 0 },
                false,
                Verdict::Wrong(Failures { count: 6, locked_until_ms: now_ms + LOCK_MS }),
            ),
            (locked(now_ms + 1), true, Verdict::Locked { until_ms: now_ms + 1 }),
            (locked(now_ms + 1), false, Verdict::Locked { until_ms: now_ms + 1 }),
            (locked(now_ms), true, Verdict::Right),
            (locked(now_ms), false, Verdict::Wrong(Failures { count: 7, locked_until_ms: now_ms + 2 * LOCK_MS })),
        ] {
            assert_eq!(failures.judge(right, now_ms), verdict, "{failures:?} {right}");
        }
    }
}
