//! The sessions that are there.

use serde::Deserialize;
use utoipa::IntoParams;

use super::call::Call;
use super::endpoint::{Asked, Done, Json};
use super::page::{Limit, Page};
use super::problem::Problem;
use crate::admin::work::sessions::{self, Session};

/// Which page of the sessions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Things on a page: 100 unless it is said.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, example = 50)]
    limit: Option<Limit>,
    /// `next` of the page before.
    #[param(value_type = Option<String>, pattern = "^[0-9]{1,15}-session-[0-9a-f]{1,8}$")]
    after: Option<Handle>,
}

/// The handle of a session.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Handle(String);

impl TryFrom<String> for Handle {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is = text.split_once("-session-").is_some_and(|(since_ms, tag)| {
            let all = |text: &str, most: usize, is: fn(char) -> bool| {
                (1..=most).contains(&text.len()) && text.chars().all(is)
            };
            all(since_ms, 15, |c| c.is_ascii_digit()) && all(tag, 8, |c| matches!(c, '0'..='9' | 'a'..='f'))
        });
        if is { Ok(Self(text)) } else { Err("no handle") }
    }
}

pub(super) async fn some(call: Call, Asked(which): Asked<Which>) -> Result<Json<Page<Session>>, Problem> {
    let after = which.after.as_ref().map(|Handle(after)| after.as_str());
    let (items, more) = sessions::some(call.running()?, after, Limit::of(which.limit)).await;
    let next = items.last().filter(|_| more > 0).map(|last| last.handle.clone());
    Ok(Json(Page { items, next }))
}

pub(super) async fn one(call: Call, (): ()) -> Result<Json<Session>, Problem> {
    Ok(Json(sessions::one(call.running()?, call.part("handle")).await?))
}

pub(super) async fn end(call: Call, (): ()) -> Result<Done, Problem> {
    sessions::end(call.running()?, call.part("handle"), call.by()?).await?;
    Ok(Done)
}
