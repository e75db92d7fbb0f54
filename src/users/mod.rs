//! Users of the integrations as the running gateway knows them: their sign-in, the tokens that lead back without a password,
//! and the end of sessions of whoever may not go on. What is kept of them is `storage`'s; who may change it, `admin`'s.
//!
//! A token is 256 random bits, of which the database has the hash alone. It stands for one session at a time: the one that
//! lives, else a new one. It is worth something until it expires, its user signs out or changes (another password, another
//! integration, disabled, removed), or its application is revoked.

pub mod csv;
pub mod import;
pub mod work;

use std::sync::Arc;
use std::time::Duration;

use actors::session::messages::End;
use actors::session_supervisor::{Door, SessionRef};
use actors::user::SessionUser;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Mutex, MutexGuard};

use crate::admission::{Admission, Denied, proves};
use crate::http::Gateway;
use crate::storage::user::{self, SignIn, User};
use crate::storage::{Storage, StorageError, user_token};

/// Between two looks at the database: a user who is disabled there is out within so long.
const LOOK: Duration = Duration::from_secs(2);
/// Longest password that is proven.
const LONGEST_PASSWORD: usize = 256;

/// A secret that leads back to its user. No `Debug`.
pub struct Token {
    text: SecretString,
    hash: [u8; 32],
}

impl Token {
    /// A new one; `None` when the system has no random numbers.
    #[must_use]
    pub fn new() -> Option<Self> {
        let mut random = [0; 32];
        SystemRandom::new().fill(&mut random).ok()?;
        Self::of(&URL_SAFE_NO_PAD.encode(random))
    }

    /// What an application says to be one; `None` when it can be none of ours.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == 32)?;
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, &bytes).as_ref());
        Some(Self { text: SecretString::from(text), hash })
    }

    #[must_use]
    pub fn text(&self) -> &SecretString {
        &self.text
    }

    /// What is kept of it.
    fn hash(&self) -> String {
        self.hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What a session is known by that it was given with.
    fn tag(&self) -> u64 {
        let (head, _) = self.hash.split_first_chunk::<8>().expect("a hash is longer");
        u64::from_be_bytes(*head)
    }
}

/// The users of a gateway.
pub struct Users {
    storage: Storage,
    /// Of a token.
    life: Duration,
    /// Held from looking for a token's session to beginning it: two who ask at once get one.
    opening: Mutex<()>,
}

/// Why nothing can be said of a user now.
#[derive(Debug, thiserror::Error)]
pub enum UsersFault {
    #[error("The users cannot be read at this time; try again.")]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Busy(#[from] Denied),
}

impl Users {
    #[must_use]
    pub fn new(storage: Storage, life: Duration) -> Self {
        Self { storage, life, opening: Mutex::default() }
    }

    /// Proves a password: the same work whoever it is, on admission's threads. Failures are counted and lock the user for a
    /// while.
    ///
    /// # Errors
    /// See [`UsersFault`]; then nobody is signed in.
    pub async fn prove(
        &self,
        admission: &Admission,
        email: &str,
        password: SecretString,
        origin: &str,
        now_ms: i64,
    ) -> Result<SignIn, UsersFault> {
        let email = if email.len() <= user::LONGEST_EMAIL { email.to_owned() } else { String::new() };
        let claim = self.storage.with(move |c| user::claim(c, &email)).await?;
        let is_password = password.expose_secret().chars().count() <= LONGEST_PASSWORD;
        let hash = claim.as_ref().and_then(|claim| claim.hash.clone());
        let right = admission.compute(move || proves(hash.as_ref(), &password)).await?;
        let (right, origin) = (right.unwrap_or(false) && is_password, origin.to_owned());
        Ok(self.storage.write(move |c| user::judge(c, claim.as_ref(), right, &origin, now_ms)).await?)
    }

    /// Keeps a token of a user who was proven; `false` when the user has changed since, and may not go on.
    ///
    /// # Errors
    /// See [`UsersFault`].
    pub async fn issue(
        &self,
        token: &Token,
        proven: &User,
        application: &str,
        now_ms: i64,
    ) -> Result<bool, UsersFault> {
        let (hash, proven, application) = (token.hash(), proven.clone(), application.to_owned());
        let until_ms = now_ms.saturating_add(i64::try_from(self.life.as_millis()).unwrap_or(i64::MAX));
        let issue = move |c: &mut _| user_token::issue(c, &proven, &application, &hash, now_ms, until_ms);
        Ok(self.storage.write(issue).await?)
    }

    /// Whose a token is, and of which application.
    ///
    /// # Errors
    /// See [`UsersFault`].
    pub async fn holder(&self, token: &Token, now_ms: i64) -> Result<Option<(User, String)>, UsersFault> {
        let hash = token.hash();
        Ok(self.storage.with(move |c| user_token::holder(c, &hash, now_ms)).await?)
    }

    /// The token of a user who signs out is worth nothing from then on.
    ///
    /// # Errors
    /// See [`UsersFault`].
    pub async fn sign_out(&self, user: SessionUser) -> Result<(), UsersFault> {
        let begins = format!("{:016x}", user.token);
        Ok(self.storage.write(move |c| user_token::forget(c, &begins)).await?)
    }

    /// To be held while the session of a token is looked for, or begun.
    pub async fn opening(&self) -> MutexGuard<'_, ()> {
        self.opening.lock().await
    }

    /// Ends the sessions of users who may not go on: removed, disabled, or changed since. Gives their number.
    ///
    /// # Errors
    /// See [`StorageError`]; then all go on.
    pub async fn review(&self, gateway: &Gateway) -> Result<usize, StorageError> {
        // First the sessions: what begins later begins by what is there then.
        let sessions = gateway.tree.sessions.all().into_iter();
        let sessions: Vec<_> = sessions.filter_map(|session| Some((session.user?, session))).collect();
        if sessions.is_empty() {
            return Ok(0);
        }
        let generations = self.storage.with(user::generations).await?;
        let over = sessions.iter().filter(|(user, _)| generations.get(&user.id) != Some(&user.generation));
        let mut ended = 0;
        for (user, session) in over {
            tracing::warn!(session = %session.id, user = user.id, "its user may not go on");
            session.addr.do_send(End);
            ended += 1;
        }
        Ok(ended)
    }
}

/// The user of a session that is begun with a token.
#[must_use]
pub fn of_session(user: &User, token: &Token) -> SessionUser {
    SessionUser {
        id: user.number,
        integration: user.profile.integration,
        generation: user.generation,
        token: token.tag(),
    }
}

/// The living session that a token stands for, by this door: one of REST could not be used by SOAP.
#[must_use]
pub fn session_of(gateway: &Gateway, user: SessionUser, door: Door) -> Option<SessionRef> {
    gateway.tree.sessions.all().into_iter().find(|session| session.user == Some(user) && session.door == door)
}

/// Looks at the database again and again: a command, or another gateway, may have changed a user.
pub(crate) async fn follow(gateway: Arc<Gateway>) {
    let Some(users) = &gateway.users else { return };
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        // That the database cannot be read is said by who looks for applications there.
        let _ = users.review(&gateway).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_256_bits_and_known_by_its_hash() {
        let token = Token::new().expect("the system has random numbers");
        let text = token.text().expose_secret().to_owned();
        assert_eq!((text.len(), token.hash().len()), (43, 64));
        assert_eq!(format!("{:016x}", token.tag()), token.hash()[..16]);
        let again = Token::of(&format!(" {text}\n")).expect("the same");
        assert_eq!(again.hash(), token.hash());
        assert_ne!(Token::new().expect("another").hash(), token.hash());
        for text in ["", "0d9f7c52", &text[1..], &format!("{text}A"), &"=".repeat(43), &"ä".repeat(43)] {
            assert!(Token::of(text).is_none(), "{text:?}");
        }
    }
}
