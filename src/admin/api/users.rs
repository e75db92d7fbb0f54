//! Users of the integrations.

use secrecy::SecretString;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::call::Call;
use super::endpoint::{Asked, Body, Change, ChangeTo, Done, Download, Json, Made, Tagged, Upload};
use super::page::{Id, Limit, Page};
use super::problem::Problem;
use crate::admin::work::users::{self, ChangedUser, NewUser, User, UserProfile, UsersImport};
use crate::storage::change::now_ms;

/// Which users.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Those alone whose e-mail address, name or phone has this in it.
    #[param(
        value_type = Option<String>,
        max_length = 100,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$",
        example = "mary"
    )]
    search: Option<Words>,
    /// Things on a page: 100 unless it is said.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, example = 50)]
    limit: Option<Limit>,
    /// `next` of the page before.
    #[param(value_type = Option<String>, pattern = "^[0-9a-f]{29}$")]
    after: Option<Id>,
}

/// What is searched for.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Words(String);

impl TryFrom<String> for Words {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is = text.chars().count() <= 100 && !text.chars().any(char::is_control);
        if is { Ok(Self(text)) } else { Err("no words") }
    }
}

/// How a file is taken.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct How {
    /// Only tell what would be done.
    #[serde(default)]
    #[param(example = true)]
    pub dry_run: bool,
}

/// Another password.
// No `Debug`: it is in it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUserPassword)]
#[schema(examples(json!({ "password": "eight or more" })))]
pub(super) struct NewPassword {
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    password: SecretString,
}

pub(super) async fn some(call: Call, Asked(which): Asked<Which>) -> Result<Json<Page<User>>, Problem> {
    let search = which.search.map(|Words(text)| text).unwrap_or_default();
    let after = which.after.map(|Id(after)| after).unwrap_or_default();
    let (items, more) = users::some(call.running()?, &search, &after, Limit::of(which.limit)).await?;
    let next = items.last().filter(|_| more).map(|last| last.id.clone());
    Ok(Json(Page { items, next }))
}

pub(super) async fn one(call: Call, (): ()) -> Result<Tagged<User>, Problem> {
    let (user, sessions) = users::one(call.running()?, call.id()?).await?;
    Ok(Tagged(user.version, User::of(user, sessions, now_ms())))
}

pub(super) async fn add(call: Call, Body(new): Body<NewUser>) -> Result<Made<User>, Problem> {
    let NewUser { email, profile, password } = new;
    let added = users::add(call.running()?, email, profile.into(), password, call.by()?).await?;
    Ok(Made(format!("/users/{}", added.id), added.version, added))
}

fn tagged(changed: ChangedUser) -> Tagged<ChangedUser> {
    Tagged(changed.user.version, changed)
}

pub(super) async fn change(
    call: Call,
    ChangeTo(seen, to): ChangeTo<UserProfile>,
) -> Result<Tagged<ChangedUser>, Problem> {
    Ok(tagged(users::change(call.running()?, call.id()?, seen, to.into(), call.by()?).await?))
}

pub(super) async fn give_password(
    call: Call,
    ChangeTo(seen, new): ChangeTo<NewPassword>,
) -> Result<Tagged<ChangedUser>, Problem> {
    Ok(tagged(users::give_password(call.running()?, call.id()?, seen, new.password, call.by()?).await?))
}

pub(super) async fn remove(call: Call, Change(seen): Change) -> Result<Done, Problem> {
    users::remove(call.running()?, call.id()?, seen, call.by()?).await?;
    Ok(Done)
}

pub(super) async fn import(call: Call, Upload(how, file): Upload<How, Csv>) -> Result<Json<UsersImport>, Problem> {
    let running = call.running()?;
    let plan = users::plan(&running.storage, file.to_vec()).await?;
    if how.dry_run {
        return Ok(Json(UsersImport::of(&plan)));
    }
    Ok(Json(users::import(running, plan, call.by()?).await?))
}

pub(super) async fn export(call: Call, (): ()) -> Result<Download<Csv>, Problem> {
    Ok(Download::of(users::export(&call.running()?.storage, call.by()?).await?))
}

/// Comma separated values.
pub(super) struct Csv;

impl super::endpoint::Media for Csv {
    const KIND: &'static str = "text/csv";
    const NAME: &'static str = "users.csv";
    const EXAMPLE: &'static str = "email,name,kind,dn,node,disabled\nmary@example.com,Mary Major,google,1000,1,no\n";
}
