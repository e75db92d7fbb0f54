//! Slows who guesses the PINs of hot desk users.
//!
//! Tries of one user's PIN come one after the other once a few were wrong, whoever tries: a PIN is short, and guesses
//! side by side would soon be through all of them. So that guesses cannot keep the user out for long, no more than a
//! few wait; others are refused at once. Who tries many users' PINs is slowed by session and by address, as logins are.

use std::net::IpAddr;

use schemas::domain::{Dn, SessionId};

use super::throttle::{self, Throttle};

/// A hot desk user: the number alone, since one home answers for it, whichever node is asked.
type User = Dn;

#[derive(Debug)]
pub(super) struct PinTries {
    by_user: Throttle<User>,
    by_session: Throttle<SessionId>,
    by_address: Throttle<IpAddr>,
}

/// A try whose outcome is to be told by [`Tried::ends`]; one that is dropped instead counts as wrong.
#[must_use]
pub(super) struct Tried<'a> {
    tries: &'a PinTries,
    caller: IpAddr,
    session: SessionId,
    user: User,
}

impl PinTries {
    pub(super) fn new() -> Self {
        Self {
            by_user: Throttle::new(throttle::PINS),
            by_session: Throttle::new(throttle::LOGINS),
            by_address: Throttle::new(throttle::LOGINS),
        }
    }

    /// Waits for the turn; `None` when too many wait already.
    pub(super) async fn before(&self, caller: IpAddr, session: SessionId, user: User) -> Option<Tried<'_>> {
        futures_util::future::join(self.by_session.pass(session), self.by_address.pass(caller)).await;
        self.by_user.turn(user).await.then_some(Tried { tries: self, caller, session, user })
    }
}

impl Tried<'_> {
    /// A right PIN, and a try that the node refused without looking at the PIN, cost nothing.
    pub(super) async fn ends(self, wrong: bool, unknown: bool) {
        let tries = self.tries;
        if wrong || unknown {
            metrics::counter!("oig_pins_denied_total").increment(u64::from(wrong));
            let by = (tries.by_session.missed(self.session), tries.by_address.missed(self.caller));
            futures_util::future::join(by.0, by.1).await;
        } else {
            tries.by_user.give_back(self.user);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;

    const CALLER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn user(number: &str) -> User {
        number.parse().expect("a DN")
    }

    fn session(number: u64) -> SessionId {
        SessionId::from_random(number)
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_pins_of_one_user_come_one_after_the_other_whoever_tries() {
        let tries = PinTries::new();
        let start = Instant::now();
        for i in 0..5_u8 {
            let tried = tries.before(IpAddr::from([10, 0, 0, i]), session(u64::from(i)), user("1900")).await;
            tried.expect("free").ends(true, false).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO, "a few are free");
        // Each from another address and session, all at once.
        let guess = |i: u8| {
            let tries = &tries;
            async move {
                match tries.before(IpAddr::from([10, 0, 1, i]), session(100 + u64::from(i)), user("1900")).await {
                    Some(tried) => {
                        tried.ends(true, false).await;
                        Some(start.elapsed())
                    }
                    None => None,
                }
            }
        };
        let ended = futures_util::future::join_all((0..100).map(guess)).await;
        let mut waited: Vec<Duration> = ended.iter().flatten().copied().collect();
        waited.sort_unstable();
        assert_eq!(waited, [2, 4, 6, 8, 10].map(Duration::from_secs), "the others are refused at once");
        let other = Instant::now();
        tries.before(CALLER, session(7), user("1901")).await.expect("another user").ends(false, false).await;
        assert_eq!(other.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn right_pins_cost_nothing_and_wrong_ones_are_forgiven_in_time() {
        let tries = PinTries::new();
        let start = Instant::now();
        for _ in 0..200 {
            tries.before(CALLER, session(1), user("1900")).await.expect("right").ends(false, false).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..5 {
            tries.before(CALLER, session(1), user("1900")).await.expect("wrong").ends(true, false).await;
        }
        tokio::time::advance(Duration::from_secs(2)).await;
        let later = Instant::now();
        tries.before(CALLER, session(1), user("1900")).await.expect("right").ends(false, false).await;
        assert_eq!(later.elapsed(), Duration::ZERO, "one came back");
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_tries_many_users_is_slowed_and_a_try_without_an_end_counts() {
        let tries = PinTries::new();
        let start = Instant::now();
        for number in 1900..1920 {
            let tried = tries.before(CALLER, session(1), user(&number.to_string())).await;
            tried.expect("free").ends(true, false).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO, "twenty are free");
        tries.before(CALLER, session(1), user("1950")).await.expect("slow").ends(true, false).await;
        assert!(start.elapsed() >= Duration::from_secs(2));

        let tries = PinTries::new();
        for _ in 0..5 {
            assert!(tries.before(CALLER, session(2), user("1900")).await.is_some(), "free");
        }
        let start = Instant::now();
        tries.before(CALLER, session(2), user("1900")).await.expect("its turn").ends(false, false).await;
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }
}
