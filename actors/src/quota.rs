//! What one application may use, all its sessions together: monitors, commands, room in the logs.
//! So that one that runs wild leaves the rest to the others.
//!
//! Sessions take and give back; who is refused is told by them. Counters and limits are atomics, since sessions
//! of one application live on different threads, and limits change while they live.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use tokio::time::Instant;

use crate::policy;
use crate::refusal::Refused;

/// The limits of one application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Monitors of all its sessions.
    pub monitors: usize,
    /// What it may ask nodes for; so many may come at once, too.
    pub commands_per_second: u32,
    /// Bytes in the logs of all its sessions; beyond it they let go of their oldest events.
    pub log_bytes: usize,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            monitors: policy::APPLICATION_MONITORS,
            commands_per_second: policy::APPLICATION_COMMANDS,
            log_bytes: policy::APPLICATION_LOG_BYTES,
        }
    }
}

/// The limits of every application.
#[derive(Debug, Clone, Default)]
pub struct Quotas {
    /// Of those that have none of their own.
    pub usual: Quota,
    /// By `Company / Application`.
    pub own: HashMap<String, Quota>,
}

impl Quotas {
    #[must_use]
    pub fn of(&self, application: &str) -> Quota {
        self.own.get(application).copied().unwrap_or(self.usual)
    }
}

/// A quota that can change.
#[derive(Debug)]
struct Limits {
    monitors: AtomicUsize,
    commands_per_second: AtomicU32,
    log_bytes: AtomicUsize,
}

/// What an application uses at the moment.
#[derive(Debug)]
pub struct Share {
    quota: Limits,
    monitors: AtomicUsize,
    /// When the commands that were let through would all be due, in microseconds since `began`.
    commands_us: AtomicU64,
    began: Instant,
    log_bytes: AtomicUsize,
}

/// One monitor's place in its application's share; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Share>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.monitors.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Share {
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        Self {
            quota: Limits {
                monitors: AtomicUsize::new(quota.monitors),
                commands_per_second: AtomicU32::new(quota.commands_per_second),
                log_bytes: AtomicUsize::new(quota.log_bytes),
            },
            monitors: AtomicUsize::new(0),
            commands_us: AtomicU64::new(0),
            began: Instant::now(),
            log_bytes: AtomicUsize::new(0),
        }
    }

    /// From now on this is what it may use; what it uses beyond that stays, and nothing is added to it.
    pub fn limit(&self, quota: Quota) {
        self.quota.monitors.store(quota.monitors, Ordering::Relaxed);
        self.quota.commands_per_second.store(quota.commands_per_second, Ordering::Relaxed);
        self.quota.log_bytes.store(quota.log_bytes, Ordering::Relaxed);
    }

    /// A place for one more monitor.
    ///
    /// # Errors
    /// [`Refused::MonitorQuota`] when all are taken.
    pub(crate) fn monitor(self: &Arc<Self>) -> Result<Place, Refused> {
        let limit = self.quota.monitors.load(Ordering::Relaxed);
        let more = |taken: usize| (taken < limit).then_some(taken + 1);
        match self.monitors.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => Ok(Place(self.clone())),
            Err(_) => {
                reached("monitors");
                Err(Refused::MonitorQuota(limit))
            }
        }
    }

    /// One command more.
    ///
    /// # Errors
    /// [`Refused::CommandQuota`] when too many came within a second.
    pub fn command(&self) -> Result<(), Refused> {
        let now_us = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let limit = self.quota.commands_per_second.load(Ordering::Relaxed);
        let more = |due_us| due(due_us, now_us, limit);
        match self.commands_us.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => Ok(()),
            Err(_) => {
                reached("commands");
                Err(Refused::CommandQuota(limit))
            }
        }
    }

    /// So many bytes more in its logs.
    pub(crate) fn logged(&self, bytes: usize) {
        self.log_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// So many less.
    pub(crate) fn let_go(&self, bytes: usize) {
        self.log_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Whether its logs hold more than they may.
    pub(crate) fn log_is_over(&self) -> bool {
        let over = self.log_bytes.load(Ordering::Relaxed) > self.quota.log_bytes.load(Ordering::Relaxed);
        if over {
            reached("log");
        }
        over
    }
}

fn reached(quota: &'static str) {
    metrics::counter!("oig_quota_reached_total", "quota" => quota).increment(1);
}

/// When the commands that were let through are all due, with one more; `None` when that is more than
/// a second's worth ahead of `now_us`.
fn due(due_us: u64, now_us: u64, per_second: u32) -> Option<u64> {
    const SECOND_US: u64 = 1_000_000;
    let due_us = due_us.max(now_us) + SECOND_US / u64::from(per_second.max(1));
    (due_us <= now_us + SECOND_US).then_some(due_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seconds_worth_of_commands_may_come_at_once_and_then_one_at_a_time() {
        // Commands that come at a moment, and how many of them are let through, at 10 a second.
        let mut due_us = 0;
        for (at_ms, come, pass) in [
            (0, 12, 10),
            (50, 1, 0),
            (100, 2, 1),
            (350, 9, 2),
            (400, 9, 1),
            (10_000, 30, 10), // what was not used does not add up
        ] {
            let passed = (0..come)
                .filter(|_| match due(due_us, at_ms * 1000, 10) {
                    Some(more) => {
                        due_us = more;
                        true
                    }
                    None => false,
                })
                .count();
            assert_eq!(passed, pass, "at {at_ms} ms");
        }
    }

    #[test]
    fn a_place_is_given_back_and_own_quotas_go_before_the_usual_ones() {
        let small = Quota { monitors: 2, ..Quota::default() };
        let quotas = Quotas { usual: Quota::default(), own: HashMap::from([("A / B".to_owned(), small)]) };
        assert_eq!(quotas.of("A / C"), Quota::default());
        let share = Arc::new(Share::new(quotas.of("A / B")));
        let first = share.monitor().expect("room");
        let _second = share.monitor().expect("room");
        assert_eq!(share.monitor().err(), Some(Refused::MonitorQuota(2)));
        drop(first);
        assert!(share.monitor().is_ok());
        // Another limit holds at once, for what is there and for what is asked for.
        share.limit(Quota { monitors: 1, ..small });
        assert_eq!(share.monitor().err(), Some(Refused::MonitorQuota(1)));
        share.limit(Quota { monitors: 3, ..small });
        assert!(share.monitor().is_ok());
    }
}
