//! `[integrations]`: people who use an integration. Who they are is in the database.

use std::time::Duration;

use serde::Deserialize;

/// How long what a user was given at sign-in is worth something.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Integrations {
    /// So many hours after the sign-in the password is needed again.
    pub token_hours: u32,
}

pub(super) const LONGEST_HOURS: u32 = 30 * 24;

impl Default for Integrations {
    fn default() -> Self {
        // A working day, with what comes before and after it.
        Self { token_hours: 12 }
    }
}

impl Integrations {
    #[must_use]
    pub fn token_life(&self) -> Duration {
        Duration::from_secs(u64::from(self.token_hours) * 3600)
    }

    pub(super) fn faults(&self) -> Option<String> {
        let bad = !(1..=LONGEST_HOURS).contains(&self.token_hours);
        bad.then(|| format!("integrations.token_hours: must be 1 to {LONGEST_HOURS}"))
    }
}
