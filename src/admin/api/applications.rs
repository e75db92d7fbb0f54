//! The site's applications.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::call::Call;
use super::endpoint::{Asked, Body, Change, ChangeTo, Done, Json, Made, Tagged};
use super::page::{Id, Limit, Page, Paged};
use super::problem::Problem;
use crate::admin::work::applications::{self, Application, NewApplication, NewLocalPassword};

/// Which applications.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Of this company alone, letter by letter.
    #[param(example = "Example Co")]
    company: Option<String>,
    /// Of this name alone, letter by letter.
    #[param(example = "Screen Pop")]
    name: Option<String>,
    /// Things on a page: 100 unless it is said.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, example = 50)]
    limit: Option<Limit>,
    /// `next` of the page before.
    #[param(value_type = Option<String>, pattern = "^[0-9a-f]{29}$")]
    after: Option<Id>,
}

/// An application that was revoked or reinstated.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Revoked {
    pub application: Application,
    /// By it.
    pub sessions_ended: usize,
}

pub(super) async fn some(call: Call, Asked(which): Asked<Which>) -> Result<Json<Page<Application>>, Problem> {
    let Which { company, name, limit, after } = which;
    let mut all = applications::all(&call.admin).await?;
    all.retain(|own| {
        company.as_ref().is_none_or(|company| own.company == *company)
            && name.as_ref().is_none_or(|name| own.name == *name)
    });
    Ok(Json(Paged { limit, after }.of(all, |own| &own.id)))
}

fn tagged(application: Application) -> Tagged<Application> {
    Tagged(application.version, application)
}

pub(super) async fn one(call: Call, (): ()) -> Result<Tagged<Application>, Problem> {
    Ok(tagged(applications::one(&call.admin, call.id()?).await?))
}

pub(super) async fn add(call: Call, Body(new): Body<NewApplication>) -> Result<Made<Application>, Problem> {
    let added = applications::add(&call.admin, new, call.by()?).await?;
    Ok(Made(format!("/applications/{}", added.id), added.version, added))
}

pub(super) async fn give_password(
    call: Call,
    ChangeTo(seen, new): ChangeTo<NewLocalPassword>,
) -> Result<Tagged<Application>, Problem> {
    Ok(tagged(applications::give_password(&call.admin, call.id()?, seen, new, call.by()?).await?))
}

pub(super) async fn revoke(call: Call, seen: Change) -> Result<Tagged<Revoked>, Problem> {
    set_revoked(call, seen, true).await
}

pub(super) async fn reinstate(call: Call, seen: Change) -> Result<Tagged<Revoked>, Problem> {
    set_revoked(call, seen, false).await
}

async fn set_revoked(call: Call, Change(seen): Change, revoked: bool) -> Result<Tagged<Revoked>, Problem> {
    let (application, sessions_ended) =
        applications::revoke(&call.admin, call.id()?, seen, revoked, call.by()?).await?;
    Ok(Tagged(application.version, Revoked { application, sessions_ended }))
}

pub(super) async fn remove(call: Call, Change(seen): Change) -> Result<Done, Problem> {
    applications::remove(&call.admin, call.id()?, seen, call.by()?).await?;
    Ok(Done)
}
