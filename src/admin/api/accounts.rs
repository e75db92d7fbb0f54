//! Accounts.

use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::call::Call;
use super::endpoint::{Asked, Body, Change, ChangeTo, Done, Json, Made, Tagged};
use super::page::{Page, Paged};
use super::problem::Problem;
use crate::admin::work::accounts::{self, Account, NewAccount, SiteRole};
use crate::storage::account;
use crate::storage::change::now_ms;

/// Another role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "role": "reader" })))]
pub(super) struct NewRole {
    role: SiteRole,
}

/// Another password.
// No `Debug`: it is in it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "password": "twelve or more" })))]
pub(super) struct NewPassword {
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    password: SecretString,
}

fn tagged(account: account::Account) -> Tagged<Account> {
    Tagged(account.version, Account::of(account, now_ms()))
}

pub(super) async fn some(call: Call, Asked(paged): Asked<Paged>) -> Result<Json<Page<Account>>, Problem> {
    let all = accounts::all(&call.admin.site).await?.into_iter().map(|account| Account::of(account, now_ms()));
    Ok(Json(paged.of(all.collect(), |account| &account.id)))
}

pub(super) async fn one(call: Call, (): ()) -> Result<Tagged<Account>, Problem> {
    Ok(tagged(accounts::one(&call.admin.site, call.id()?).await?))
}

pub(super) async fn add(call: Call, Body(new): Body<NewAccount>) -> Result<Made<Account>, Problem> {
    let Tagged(version, added) = tagged(accounts::add(&call.admin.site, new, call.by()?).await?);
    Ok(Made(format!("/accounts/{}", added.id), version, added))
}

/// Whoever is signed in with a changed account is signed out.
fn changed(call: &Call, account: account::Account) -> Tagged<Account> {
    call.admin.site.sessions.end_all(&account.id);
    tagged(account)
}

pub(super) async fn give_role(call: Call, ChangeTo(seen, new): ChangeTo<NewRole>) -> Result<Tagged<Account>, Problem> {
    let account = accounts::give_role(&call.admin.site, call.id()?, seen, new.role, call.by()?).await?;
    Ok(changed(&call, account))
}

pub(super) async fn give_password(
    call: Call,
    ChangeTo(seen, new): ChangeTo<NewPassword>,
) -> Result<Tagged<Account>, Problem> {
    let account = accounts::give_password(&call.admin.site, call.id()?, seen, new.password, call.by()?).await?;
    Ok(changed(&call, account))
}

pub(super) async fn remove(call: Call, Change(seen): Change) -> Result<Done, Problem> {
    let me = &call.program()?.account.id;
    accounts::remove(&call.admin.site, me, call.id()?, seen, call.by()?).await?;
    Ok(Done)
}
