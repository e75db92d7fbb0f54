//! Challenges that wait for their proof: one for each session that asked for Advanced service.
//!
//! Each is used once: a right proof consumes it; wrong ones are counted, and the last ends the
//! session, since the contract has no way to ask for another. It ends by itself after a minute.
//! Who holds the session and verifies the proof is the caller.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use actors::policy;
use ring::rand::{SecureRandom, SystemRandom};
use schemas::domain::SessionId;
use tokio::time::Instant;

use super::PublicKey;

/// A text to be signed, and the key that must have signed it. Printed nowhere.
pub struct Challenge {
    pub text: String,
    pub key: PublicKey,
}

struct Waiting {
    challenge: Arc<Challenge>,
    until: Instant,
    tries: u32,
}

/// May this proof be looked at?
pub enum Attempt {
    /// Yes; `left` tries remain if it is wrong.
    Try { challenge: Arc<Challenge>, left: u32 },
    /// There is no challenge any more: it expired, was proven, or was tried too often.
    Over,
}

#[derive(Default)]
pub struct Challenges {
    waiting: Mutex<HashMap<SessionId, Waiting>>,
}

impl Challenges {
    /// A fresh challenge for this session; its text goes to the application.
    ///
    /// # Panics
    /// When the system has no random numbers: a challenge that can be guessed proves nothing.
    #[must_use]
    pub fn begin(&self, session: SessionId, key: PublicKey, now: Instant) -> String {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).expect("the system's source of random numbers works");
        let text = bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
            // A String takes everything.
            let _ = write!(text, "{byte:02x}");
            text
        });
        let challenge = Arc::new(Challenge { text: text.clone(), key });
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // Sessions are bounded and challenges end by themselves, so what stays here is bounded, too.
        waiting.retain(|_, w| now < w.until);
        waiting.insert(session, Waiting { challenge, until: now + policy::CHALLENGE_LIFE, tries: 0 });
        text
    }

    /// Counts a try. Tries that run side by side are counted before any of them is verified.
    #[must_use]
    pub fn attempt(&self, session: SessionId, now: Instant) -> Attempt {
        let mut all = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get_mut(&session) {
            Some(waiting) if now < waiting.until && waiting.tries < policy::PROOFS_TRIED => {
                waiting.tries += 1;
                Attempt::Try { challenge: waiting.challenge.clone(), left: policy::PROOFS_TRIED - waiting.tries }
            }
            _ => Attempt::Over,
        }
    }

    /// Whether the session's challenge can still be proven.
    #[must_use]
    pub fn waits(&self, session: SessionId, now: Instant) -> bool {
        let all = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&session).is_some_and(|waiting| now < waiting.until)
    }

    /// It was proven, or the session is over.
    pub fn end(&self, session: SessionId) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&session);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn key() -> PublicKey {
        let mut anchors = super::super::TrustAnchors::default();
        anchors.add(include_bytes!("../../tests/fixtures/advanced/field-ca.cert.pem")).expect("an issuer");
        let certificate = include_str!("../../tests/fixtures/advanced/field.cert.pem");
        anchors.prove(certificate, "Example Co", "Console", 1_900_000_000).expect("accepted")
    }

    fn session(n: i64) -> SessionId {
        SessionId::try_from(n).expect("a session id")
    }

    fn left(attempt: &Attempt) -> Option<u32> {
        match attempt {
            Attempt::Try { left, .. } => Some(*left),
            Attempt::Over => None,
        }
    }

    #[test]
    fn a_challenge_is_fresh_and_belongs_to_its_session() {
        let (challenges, now) = (Challenges::default(), Instant::now());
        let texts: Vec<_> = (1..=3).map(|n| challenges.begin(session(n), key(), now)).collect();
        assert!(texts.iter().all(|t| t.len() == 64 && t.bytes().all(|b| b.is_ascii_hexdigit())), "{texts:?}");
        assert!(texts[0] != texts[1] && texts[1] != texts[2] && texts[0] != texts[2]);
        for (n, text) in (1..=3).zip(&texts) {
            let Attempt::Try { challenge, .. } = challenges.attempt(session(n), now) else { panic!("it waits") };
            assert_eq!(&challenge.text, text);
        }
        assert_eq!(left(&challenges.attempt(session(4), now)), None);
    }

    #[test]
    fn a_challenge_is_tried_three_times_and_once_proven_never_again() {
        let (challenges, now) = (Challenges::default(), Instant::now());
        let _ = challenges.begin(session(1), key(), now);
        let tries: Vec<_> = (0..5).map(|_| left(&challenges.attempt(session(1), now))).collect();
        assert_eq!(tries, [Some(2), Some(1), Some(0), None, None]);
        let _ = challenges.begin(session(2), key(), now);
        assert_eq!(left(&challenges.attempt(session(2), now)), Some(2));
        challenges.end(session(2));
        assert_eq!(left(&challenges.attempt(session(2), now)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_challenge_expires_after_a_minute_and_is_forgotten() {
        let challenges = Challenges::default();
        let _ = challenges.begin(session(1), key(), Instant::now());
        tokio::time::advance(policy::CHALLENGE_LIFE - Duration::from_millis(1)).await;
        assert!(challenges.waits(session(1), Instant::now()));
        assert_eq!(left(&challenges.attempt(session(1), Instant::now())), Some(2));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!challenges.waits(session(1), Instant::now()));
        assert_eq!(left(&challenges.attempt(session(1), Instant::now())), None);
        let _ = challenges.begin(session(2), key(), Instant::now());
        assert_eq!(challenges.waiting.lock().expect("not poisoned").len(), 1);
    }
}
