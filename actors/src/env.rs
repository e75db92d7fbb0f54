//! What the actors are given from outside: time, chance, the sources of numbers, and what is known
//! of the nodes. Injected, so that a test on one arbiter with a paused clock replays bit for bit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use schemas::domain::LegId;

use crate::cluster::Cluster;
use crate::flight::FlightRecord;
use crate::journal::Journal;
use crate::push::{NoPush, Push};
use crate::quota::Quotas;

/// Wall-clock time; timers use tokio's clock.
pub trait Clock: Send + Sync {
    /// Milliseconds since the epoch.
    fn now_ms(&self) -> i64;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Random numbers. Session ids come from here: in a product build it must be the system's.
pub trait Entropy: Send + Sync {
    fn next_u64(&self) -> u64;
}

/// Everything an actor may need from outside; cheap to clone.
#[derive(Clone)]
pub struct Env {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub cluster: Arc<Cluster>,
    /// Carries events to applications' handlers.
    pub push: Arc<dyn Push>,
    /// What a next process needs; none until one is put in.
    pub journal: Journal,
    /// What one application may use.
    pub quotas: Arc<Quotas>,
    /// What happened, for people; off until one is put in.
    pub flight: FlightRecord,
    legs: Arc<AtomicU64>,
    /// Bytes in the logs of all sessions.
    pub log_bytes: Arc<AtomicUsize>,
    #[cfg(feature = "planted-faults")]
    pub planted: crate::planted::Planted,
}

impl Env {
    /// Leg ids begin at the present second with 22 bits behind it: never used again, not by a
    /// later process either, and below 2^53 until the year 2038. Nothing is pushed until something
    /// that carries is put in.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, cluster: Arc<Cluster>) -> Self {
        let seconds = u64::try_from(clock.now_ms() / 1000).unwrap_or(0) & 0x7fff_ffff;
        Self {
            clock,
            entropy,
            cluster,
            push: Arc::new(NoPush),
            journal: Journal::default(),
            quotas: Arc::default(),
            flight: FlightRecord::default(),
            legs: Arc::new(AtomicU64::new((seconds << 22) + 1)),
            log_bytes: Arc::default(),
            #[cfg(feature = "planted-faults")]
            planted: crate::planted::Planted::default(),
        }
    }

    /// A leg id that was never given before.
    #[must_use]
    pub fn next_leg(&self) -> LegId {
        LegId::new(self.legs.fetch_add(1, Ordering::Relaxed))
    }

    /// Leg ids below this may have been given by another process. Answers where this one's begin.
    pub(crate) fn legs_from(&self, free_from: u64) -> u64 {
        self.legs.fetch_max(free_from, Ordering::Relaxed).max(free_from)
    }

    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }
}
