//! What was shown and waits to be confirmed: plans of files, one for each account, in memory and for a few minutes, since
//! what is in them need not be on a page, and must not where it is secret.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::web::WebFault;

/// How long a plan waits to be confirmed.
const WAITS: Duration = Duration::from_secs(10 * 60);
/// Plans of a kind that wait; the oldest goes for a new one.
const MOST: usize = 8;

/// A plan that waits.
struct One<P> {
    account: String,
    /// Another one for each plan: what is confirmed is what was shown.
    number: u64,
    since: Instant,
    plan: P,
}

/// The plans of a kind that wait.
pub(super) struct Waiting<P>(Mutex<(u64, Vec<One<P>>)>);

impl<P> Default for Waiting<P> {
    fn default() -> Self {
        Self(Mutex::new((0, Vec::new())))
    }
}

impl<P> Waiting<P> {
    fn with<R>(&self, work: impl FnOnce(&mut u64, &mut Vec<One<P>>) -> R) -> R {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, waiting) = &mut *guard;
        let now = Instant::now();
        waiting.retain(|one| now - one.since < WAITS);
        work(last, waiting)
    }

    /// Keeps a plan in place of the account's last one; gives its number.
    pub fn keep(&self, account: &str, plan: P) -> u64 {
        self.with(|last, waiting| {
            waiting.retain(|one| one.account != account);
            if waiting.len() >= MOST {
                waiting.remove(0);
            }
            *last += 1;
            waiting.push(One { account: account.to_owned(), number: *last, since: Instant::now(), plan });
            *last
        })
    }

    /// The plan of this number, which waits no more.
    ///
    /// # Errors
    /// [`WebFault::NoForm`] when the number is none; [`WebFault::Refused`] when no such plan of the account waits.
    pub fn take(&self, account: &str, number: &str) -> Result<P, WebFault> {
        let number: u64 = number.parse().map_err(|_| WebFault::NoForm)?;
        let taken = self.with(|_, waiting| {
            let at = waiting.iter().position(|one| one.account == account && one.number == number)?;
            Some(waiting.remove(at).plan)
        });
        let gone = "The import waited for too long, or another one took its place.";
        taken.ok_or_else(|| WebFault::Refused(gone.into()))
    }
}
