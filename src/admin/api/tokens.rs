//! Tokens: the one that asks, and for administrators all. None makes another.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::Call;
use super::endpoint::{Asked, Done, Json};
use super::page::{Page, Paged};
use super::problem::Problem;
use crate::admin::work::tokens::{self, Token};

/// The token that asks.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct OwnToken {
    /// The name of the account that it acts for.
    pub account: String,
    /// Of the account now.
    pub role: String,
    pub name: String,
    /// What it may do now: of what it was made for, that for which the role is enough.
    pub scopes: Vec<String>,
    /// Empty when it does not expire.
    pub expires_at_ms: Option<i64>,
}

pub(super) async fn own(call: Call, (): ()) -> Result<Json<OwnToken>, Problem> {
    let program = call.program()?;
    Ok(Json(OwnToken {
        account: program.account.name.clone(),
        role: program.account.role.word().into(),
        name: program.token.name.clone(),
        scopes: program.scopes().map(|scope| scope.word().to_owned()).collect(),
        expires_at_ms: program.token.expires_at_ms,
    }))
}

pub(super) async fn some(call: Call, Asked(paged): Asked<Paged>) -> Result<Json<Page<Token>>, Problem> {
    Ok(Json(paged.of(tokens::all(&call.admin.site).await?, |token| &token.id)))
}

pub(super) async fn remove(call: Call, (): ()) -> Result<Done, Problem> {
    tokens::remove(&call.admin.site, call.id()?, None, call.by()?).await?;
    Ok(Done)
}
