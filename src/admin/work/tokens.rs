//! Tokens of programs: 256 random bits that are shown once, of which only the hash is kept. A token acts for the
//! account that made it, and may do what it has the scopes for as long as the account's role is enough.
//!
//! A token makes no other: it would outlive its own end.

use std::collections::HashMap;

use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::admin::scope::Scope;
use crate::storage::account::{self, Account};
use crate::storage::api_token;
use crate::storage::change::now_ms;
use crate::storage::{By, DbConnection, StorageError};
use crate::web::{Site, WebFault, new_secret};

/// What a token begins with, so that whoever finds one knows what it is.
const PREFIX: &str = "oig_";
/// The longest that a token which expires may live.
pub const LONGEST_DAYS: u16 = 5 * 366;
const DAY_MS: i64 = 24 * 3_600_000;

/// A token without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    #[schema(pattern = "^[0-9a-f]{29}$")]
    pub id: String,
    /// The name of the account that it acts for.
    pub account: String,
    pub name: String,
    /// What it was made for; its account may be allowed less now.
    pub scopes: Vec<String>,
    /// Empty for one that does not expire.
    pub expires_at_ms: Option<i64>,
    /// To within ten minutes; empty until the first time.
    pub last_used_ms: Option<i64>,
    pub created_at_ms: i64,
    pub created_by: String,
}

impl Token {
    pub fn has_expired(&self, now_ms: i64) -> bool {
        self.expires_at_ms.is_some_and(|at_ms| at_ms <= now_ms)
    }

    fn of(token: api_token::Token, account: String) -> Self {
        let api_token::Token { id, name, scopes, expires_at_ms, last_used_ms, created_at_ms, created_by, .. } = token;
        Self { id, account, name, scopes, expires_at_ms, last_used_ms, created_at_ms, created_by }
    }
}

/// A token that is to be.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub name: String,
    pub scopes: Vec<Scope>,
    /// How long it lives; `None` for as long as it is not removed.
    pub days: Option<u16>,
}

impl NewToken {
    /// What is kept of it, and the token itself: nobody sees it again.
    ///
    /// # Errors
    /// A sentence: it has no scope, one that its account may not have, or a life that cannot be.
    pub(crate) fn made(self, account: &Account, now_ms: i64) -> Result<(api_token::NewToken, SecretString), String> {
        let Self { name, mut scopes, days } = self;
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            return Err("Choose what it may do.".into());
        }
        if let Some(scope) = scopes.iter().find(|scope| scope.role() > account.role) {
            return Err(format!("The account may not do what {} allows.", scope.word()));
        }
        if days.is_some_and(|days| !(1..=LONGEST_DAYS).contains(&days)) {
            return Err(format!("The days must be 1 to {LONGEST_DAYS}."));
        }
        let secret = SecretString::from(format!("{PREFIX}{}", new_secret()));
        let new = api_token::NewToken {
            account: account.id.clone(),
            account_name: account.name.clone(),
            name,
            hash: hash(secret.expose_secret()),
            scopes: scopes.iter().map(|scope| scope.word().to_owned()).collect(),
            expires_at_ms: days.map(|days| now_ms + i64::from(days) * DAY_MS),
        };
        Ok((new, secret))
    }
}

/// Whether a text can be a token.
pub(in crate::admin) fn is_token(text: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix(PREFIX).is_some_and(|rest| rest.len() == 64 && rest.bytes().all(hex))
}

/// What is kept of a token, and looked for. Only hashes are ever compared: how long that takes tells nothing of a
/// token.
pub(in crate::admin) fn hash(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Everybody's, the oldest first. Blocks.
pub(crate) fn read(connection: &mut DbConnection) -> Result<Vec<Token>, StorageError> {
    let names: HashMap<_, _> = account::all(connection)?.into_iter().map(|a| (a.id, a.name)).collect();
    let tokens = api_token::all(connection)?.into_iter();
    let named = tokens.filter_map(|token| names.get(&token.account).cloned().map(|name| Token::of(token, name)));
    Ok(named.collect())
}

/// Everybody's, the oldest first.
pub(in crate::admin) async fn all(site: &Site) -> Result<Vec<Token>, WebFault> {
    Ok(site.storage.with(read).await?)
}

/// Those of an account, the oldest first.
pub(in crate::admin) async fn of(site: &Site, account: &Account) -> Result<Vec<Token>, WebFault> {
    let id = account.id.clone();
    let tokens = site.storage.with(move |c| api_token::of(c, &id)).await?;
    Ok(tokens.into_iter().map(|token| Token::of(token, account.name.clone())).collect())
}

/// Makes one for an account; gives it with its secret.
pub(in crate::admin) async fn add(
    site: &Site,
    account: &Account,
    new: NewToken,
    by: &By,
) -> Result<(Token, SecretString), WebFault> {
    let now_ms = now_ms();
    let (new, secret) = new.made(account, now_ms).map_err(WebFault::Refused)?;
    let by = by.clone();
    let token = site.storage.write(move |c| api_token::add(c, &new, &by, now_ms)).await?;
    Ok((Token::of(token, account.name.clone()), secret))
}

/// Removes one: whoever's for `None`, else one of this account. Gives which it was.
pub(in crate::admin) async fn remove(
    site: &Site,
    id: &str,
    of_account: Option<&Account>,
    by: &By,
) -> Result<Token, WebFault> {
    let tokens = match of_account {
        Some(account) => of(site, account).await?,
        None => all(site).await?,
    };
    let token = tokens.into_iter().find(|token| token.id == id).ok_or(WebFault::NotFound)?;
    let (gone, by) = (token.clone(), by.clone());
    site.storage.write(move |c| api_token::remove(c, &gone.id, &gone.account, &by, now_ms())).await?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::account::Role;

    fn account(role: Role) -> Account {
        let (id, name) = ("a".into(), "ada".into());
        Account { id, name, email: None, role, failures: 0, locked_until_ms: 0, created_at_ms: 0, version: 1 }
    }

    #[test]
    fn a_token_is_random_known_by_its_look_and_kept_as_a_hash_alone() {
        let new = || NewToken { name: "backup".into(), scopes: vec![Scope::StatusRead], days: Some(2) };
        let (kept, secret) = new().made(&account(Role::Reader), 1000).expect("made");
        assert!(is_token(secret.expose_secret()), "{}", secret.expose_secret());
        assert_eq!(kept.hash, hash(secret.expose_secret()));
        assert_eq!(kept.expires_at_ms, Some(1000 + 2 * DAY_MS));
        assert!(!format!("{kept:?}").contains(&secret.expose_secret()[4..]));
        let (other, _) = new().made(&account(Role::Reader), 1000).expect("made");
        assert_ne!(kept.hash, other.hash);
        assert_eq!(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "SHA-256");
        for text in ["", "oig_", "oig_0", &format!("oig_{}", "G".repeat(64)), &"a".repeat(68)] {
            assert!(!is_token(text), "{text}");
        }
    }

    #[test]
    fn a_token_has_no_more_than_its_account_may() {
        let made = |role, scopes: &[Scope], days| {
            NewToken { name: "backup".into(), scopes: scopes.to_vec(), days }.made(&account(role), 0).is_ok()
        };
        for (role, scope, may) in [
            (Role::Member, Scope::StatusRead, false),
            (Role::Reader, Scope::StatusRead, true),
            (Role::Reader, Scope::SessionsEnd, false),
            (Role::Operator, Scope::SessionsEnd, true),
            (Role::Operator, Scope::AccountsWrite, false),
            (Role::Administrator, Scope::AccountsWrite, true),
        ] {
            assert_eq!(made(role, &[scope], None), may, "{role:?} {}", scope.word());
        }
        assert!(!made(Role::Administrator, &[], None), "nothing to do");
        for (days, is) in [(0, false), (1, true), (LONGEST_DAYS, true), (LONGEST_DAYS + 1, false)] {
            assert_eq!(made(Role::Reader, &[Scope::StatusRead], Some(days)), is, "{days}");
        }
    }
}
