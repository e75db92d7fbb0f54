//! The flight record.

use serde::Deserialize;
use utoipa::IntoParams;

use super::call::Call;
use super::endpoint::{Asked, Json};
use super::nodes::Number;
use super::problem::Problem;
use crate::admin::work::record::{self, Record};
use crate::web::WebFault;

/// What is looked for: a number at a node, or a call.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// The node, with a number.
    #[param(value_type = Option<String>, pattern = "^[1-9][0-9]{0,2}$", example = "1")]
    node: Option<Number>,
    /// The number at that node.
    #[param(value_type = Option<String>, pattern = "^[0-9]{1,7}$", example = "1000")]
    number: Option<Digits>,
    /// A Global Call ID instead.
    #[param(value_type = Option<String>, pattern = "^[!-~]{1,11}$")]
    call: Option<CallId>,
}

/// A telephone's number.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Digits(String);

impl TryFrom<String> for Digits {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is = (1..=7).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if is { Ok(Self(text)) } else { Err("no number") }
    }
}

/// A Global Call ID.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct CallId(String);

impl TryFrom<String> for CallId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is = (1..=11).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is { Ok(Self(text)) } else { Err("no call") }
    }
}

pub(super) async fn found(call: Call, Asked(which): Asked<Which>) -> Result<Json<Record>, Problem> {
    let node = which.node.map(|Number(ceid)| ceid.to_string()).unwrap_or_default();
    let number = which.number.map(|Digits(text)| text).unwrap_or_default();
    let id = which.call.map(|CallId(text)| text).unwrap_or_default();
    let wanted = record::Wanted::of(&node, &number, &id)?;
    let nothing = || WebFault::Refused("Give a node and a number, or a call.".into());
    Ok(Json(record::found(call.running()?, &wanted.ok_or_else(nothing)?)))
}
