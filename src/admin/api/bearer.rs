//! Who a program is: its token, the account that the token acts for, and what both may do now.

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;

use super::Problem;
use super::endpoint::Access;
use crate::admin::scope::Scope;
use crate::admin::work::tokens;
use crate::http::caller::Caller;
use crate::storage::account::{self, Account, Role};
use crate::storage::api_token::{self, Token};
use crate::storage::change::now_ms;
use crate::storage::{By, StorageError};
use crate::web::{Site, WebFault};

/// Between two times at which it is written that a token was used.
const USED_MS: i64 = 10 * 60_000;

/// A program that has proven who it is.
#[derive(Debug)]
pub(super) struct Program {
    pub account: Account,
    pub token: Token,
    /// For the audit log.
    pub by: By,
}

impl Program {
    /// What it may do now: what the token was made for, as far as the account's role is enough.
    pub fn scopes(&self) -> impl Iterator<Item = Scope> {
        Scope::of_role(self.account.role).filter(|scope| self.token.scopes.iter().any(|word| word == scope.word()))
    }

    /// # Errors
    /// [`Problem::NotInScope`]; [`WebFault::NotPermitted`] when the account may not do it any more.
    pub fn may(&self, access: Access) -> Result<(), Problem> {
        let Access::Scope(scope) = access else { return Ok(()) };
        if !self.token.scopes.iter().any(|word| word == scope.word()) {
            return Err(Problem::NotInScope(scope));
        }
        if self.account.role < scope.role() {
            return Err(WebFault::NotPermitted.into());
        }
        Ok(())
    }
}

/// The token of a request: what stands behind `Bearer` in its one `Authorization`.
fn sent(request: &HttpRequest) -> Result<&str, Problem> {
    let mut all = request.headers().get_all(AUTHORIZATION);
    let (first, second) = (all.next().ok_or(Problem::NoToken)?, all.next());
    let text = first.to_str().map_err(|_| Problem::BadToken)?;
    let (scheme, token) = text.split_once(' ').ok_or(Problem::BadToken)?;
    let token = token.trim_start_matches(' ');
    if second.is_some() || !scheme.eq_ignore_ascii_case("bearer") || !tokens::is_token(token) {
        return Err(Problem::BadToken);
    }
    Ok(token)
}

/// Who sends a request. Guesses are slowed by address, as sign-ins are; whoever has a token notices nothing of that.
///
/// # Errors
/// [`Problem::NoToken`], [`Problem::BadToken`], [`Problem::Expired`]; [`WebFault::TooMany`] after too many wrong ones.
pub(super) async fn program(site: &Site, request: &HttpRequest) -> Result<Program, Problem> {
    let address = Caller::of(request).ip;
    let found = match sent(request) {
        Ok(token) => find(site, tokens::hash(token)).await?,
        Err(Problem::BadToken) => None,
        Err(problem) => return Err(problem),
    };
    let Some((token, account)) = found else {
        return Err(if site.guessed(address).await { Problem::BadToken } else { WebFault::TooMany.into() });
    };
    let now_ms = now_ms();
    if token.expires_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
        return Err(Problem::Expired);
    }
    if token.last_used_ms.is_none_or(|used_ms| now_ms.saturating_sub(used_ms) >= USED_MS) {
        let id = token.id.clone();
        // What it asks for does not fail by it.
        if let Err(error) = site.storage.write(move |c| api_token::used(c, &id, now_ms)).await {
            tracing::warn!(%error, "that a token was used cannot be written");
        }
    }
    let by = By::new(&format!("{} by token {}", account.name, token.name), &address.to_string());
    Ok(Program { account, token, by })
}

/// The token of this hash with its account, where both are there.
async fn find(site: &Site, hash: String) -> Result<Option<(Token, Account)>, StorageError> {
    let find = move |c: &mut _| {
        let Some(token) = api_token::by_hash(c, &hash)? else { return Ok(None) };
        let account = account::by_id(c, &token.account)?;
        Ok(account.filter(|account| account.role >= Role::Reader).map(|account| (token, account)))
    };
    site.storage.with(find).await
}
