//! Who is signed in: sessions by a secret of 256 random bits that the browser has in a cookie, and of which only the hash
//! is kept here. In memory: a restart signs everybody out.
//!
//! A session ends by sign-out, when nobody used it for a while, when it is old, when its account has more than a few,
//! and when its account changes (`Site::visit` compares the version).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::time::Instant;

/// How long sessions live, and how many there are.
#[derive(Debug, Clone, Copy)]
pub struct Life {
    /// Without being used.
    pub idle: Duration,
    pub longest: Duration,
    /// Of one account; the one used longest ago ends for a new one.
    pub most: usize,
    /// Of all; likewise.
    pub most_of_all: usize,
}

impl Default for Life {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(30 * 60),
            longest: Duration::from_secs(12 * 3600),
            most: 10,
            most_of_all: 10_000,
        }
    }
}

#[derive(Debug)]
struct Session {
    account: String,
    version: i64,
    began: Instant,
    used: Instant,
    /// For the next page.
    told: Option<String>,
}

/// All sessions of a site.
#[derive(Debug)]
pub struct Sessions {
    life: Life,
    all: Mutex<HashMap<Hash, Session>>,
}

type Hash = [u8; 32];
/// Longest text for the next page.
const TOLD: usize = 400;

impl Sessions {
    #[must_use]
    pub fn new(life: Life) -> Self {
        Self { life, all: Mutex::default() }
    }

    /// A new one of an account as it was read; gives its secret.
    ///
    /// # Panics
    /// When the system has no random numbers.
    pub fn open(&self, account: &str, version: i64) -> String {
        let id = new_id();
        let now = Instant::now();
        self.with(|all| {
            let own = |session: &Session| session.account == account;
            if all.values().filter(|session| own(session)).count() >= self.life.most {
                end_oldest(all, own);
            }
            if all.len() >= self.life.most_of_all {
                end_oldest(all, |_| true);
            }
            let session = Session { account: account.to_owned(), version, began: now, used: now, told: None };
            all.insert(hash(&id), session);
        });
        id
    }

    /// Uses one: gives its account's id, and the version that it had. A page that renews itself uses none: nobody needs
    /// to be there.
    pub fn look(&self, id: &str, by_itself: bool) -> Option<(String, i64)> {
        let now = Instant::now();
        self.with(|all| {
            let session = all.get_mut(&hash(id))?;
            if !by_itself {
                session.used = now;
            }
            Some((session.account.clone(), session.version))
        })
    }

    pub fn end(&self, id: &str) {
        self.with(|all| all.remove(&hash(id)));
    }

    /// All of an account.
    pub fn end_all(&self, account: &str) {
        self.with(|all| all.retain(|_, session| session.account != account));
    }

    pub fn end_everyone(&self) {
        self.with(HashMap::clear);
    }

    /// The next page says this.
    pub fn tell(&self, id: &str, text: String) {
        let text: String = text.chars().take(TOLD).collect();
        self.with(|all| {
            if let Some(session) = all.get_mut(&hash(id)) {
                session.told = Some(text);
            }
        });
    }

    /// What this page says.
    pub fn told(&self, id: &str) -> Option<String> {
        self.with(|all| all.get_mut(&hash(id))?.told.take())
    }

    /// What is over is gone before anything is looked at.
    fn with<R>(&self, work: impl FnOnce(&mut HashMap<Hash, Session>) -> R) -> R {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let Life { idle, longest, .. } = self.life;
        all.retain(|_, session| now - session.used < idle && now - session.began < longest);
        work(&mut all)
    }
}

fn end_oldest(all: &mut HashMap<Hash, Session>, of: impl Fn(&Session) -> bool) {
    let oldest = all.iter().filter(|(_, session)| of(session)).min_by_key(|(_, session)| session.used);
    if let Some(key) = oldest.map(|(key, _)| *key) {
        all.remove(&key);
    }
}

fn hash(id: &str) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, id.as_bytes()).as_ref());
    hash
}

/// 256 random bits, in hexadecimal form.
pub(crate) fn new_id() -> String {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).expect("the system's source of random numbers works");
    hex(&bytes)
}

pub(super) fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The 32 bytes of such a text.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !is_id(text) {
        return None;
    }
    (0..64).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Life =
        Life { idle: Duration::from_secs(10), longest: Duration::from_secs(25), most: 2, most_of_all: 3 };

    #[tokio::test(start_paused = true)]
    async fn a_session_ends_when_it_is_idle_and_when_it_is_old() {
        let sessions = Sessions::new(LIFE);
        let id = sessions.open("a", 1);
        for _ in 0..2 {
            tokio::time::advance(Duration::from_secs(9)).await;
            assert_eq!(sessions.look(&id, false), Some(("a".into(), 1)));
        }
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(sessions.look(&id, false), None, "old, though it was used");
        let id = sessions.open("a", 1);
        tokio::time::advance(LIFE.idle).await;
        assert_eq!(sessions.look(&id, false), None, "idle");
        assert!(sessions.all.lock().expect("not poisoned").is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn sessions_are_bounded_and_the_one_used_longest_ago_goes() {
        let sessions = Sessions::new(LIFE);
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(sessions.open("a", 1));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        let alive = |id: &String| sessions.look(id, false).is_some();
        assert_eq!(ids.iter().map(alive).collect::<Vec<_>>(), [false, true, true], "two of one account");
        let others = ["b", "c"].map(|account| sessions.open(account, 1));
        assert_eq!(ids.iter().chain(&others).filter(|id| alive(id)).count(), 3, "three of all");
        sessions.end_all("b");
        assert!(!alive(&others[0]) && alive(&others[1]));
        sessions.end(&others[1]);
        assert!(!alive(&others[1]));
    }

    #[test]
    fn what_a_page_says_it_says_once_and_the_secret_is_not_kept() {
        let sessions = Sessions::new(LIFE);
        let id = sessions.open("a", 1);
        sessions.tell(&id, "x".repeat(1000));
        assert_eq!(sessions.told(&id).map(|told| told.len()), Some(TOLD));
        assert_eq!(sessions.told(&id), None);
        assert!(!format!("{sessions:?}").contains(&id));
        assert!(is_id(&id) && id != new_id());
        assert_eq!(unhex(&hex(&[7; 32])), Some(vec![7; 32]));
        for text in ["", "7", &"g".repeat(64), &"ä".repeat(32)] {
            assert_eq!(unhex(text), None, "{text}");
        }
    }
}
