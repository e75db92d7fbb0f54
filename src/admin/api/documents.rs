//! The access control list and the licence.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::call::Call;
use super::endpoint::{Asked, Body, Json};
use super::page::{Limit, Page};
use super::problem::Problem;
use crate::admin::work::Fetch;
use crate::admin::work::documents::{self, AccessControlList, LicenceState, ListEntry};
use crate::storage::change::now_ms;
use crate::web::WebFault;

/// Which page of the access control list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Things on a page: 100 unless it is said.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, example = 50)]
    limit: Option<Limit>,
    /// `next` of the page before: refused when the list is another version now.
    #[param(value_type = Option<String>, pattern = "^[0-9]{1,15}-[0-9]{1,9}$")]
    after: Option<Place>,
}

/// A place in a version of the list.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Place {
    version: i64,
    index: usize,
}

impl TryFrom<String> for Place {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let number = |text: &str, most: usize| {
            let is = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            is.then(|| text.parse::<i64>().ok()).flatten()
        };
        let found = text.split_once('-').and_then(|(version, index)| {
            Some(Self { version: number(version, 15)?, index: number(index, 9)?.try_into().ok()? })
        });
        found.ok_or("no place")
    }
}

/// The access control list as it is after a fetch.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct FetchedList {
    pub access_control_list: AccessControlList,
    /// Of applications that are not on it any more.
    pub sessions_ended: usize,
}

/// A licence in the form in which the licence server signs it (`oig licences file`).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "licence": "eyJhbGciOiJSUzI1NiJ9.eyJraW5kIjoiZnVsbCJ9.c2lnbmVk" })))]
pub(super) struct SignedLicence {
    #[schema(min_length = 1)]
    licence: String,
}

pub(super) async fn list(call: Call, (): ()) -> Result<Json<AccessControlList>, Problem> {
    Ok(Json(documents::list(call.running()?)))
}

pub(super) async fn entries(call: Call, Asked(which): Asked<Which>) -> Result<Json<Page<ListEntry>>, Problem> {
    let document = call.running()?.applications.list().and_then(|list| list.document());
    let Some(document) = document else { return Ok(Json(Page { items: Vec::new(), next: None })) };
    let begin = match which.after {
        Some(place) if place.version != document.version => {
            return Err(Problem::ListChanged);
        }
        Some(place) => place.index.min(document.entries.len()),
        None => 0,
    };
    let end = (begin + Limit::of(which.limit)).min(document.entries.len());
    let items = document.entries[begin..end].iter().map(ListEntry::from).collect();
    let next = (end < document.entries.len()).then(|| format!("{}-{end}", document.version));
    Ok(Json(Page { items, next }))
}

pub(super) async fn fetch_list(call: Call, (): ()) -> Result<Json<FetchedList>, Problem> {
    let running = call.running()?;
    if running.applications.list().is_none() {
        return Err(WebFault::NotFound.into());
    }
    match documents::fetch_list(running, call.by()?).await? {
        Fetch::Done(sessions_ended) => {
            Ok(Json(FetchedList { access_control_list: documents::list(running), sessions_ended }))
        }
        Fetch::Failed(fault) => Err(Problem::NotFetched(fault)),
    }
}

pub(super) async fn licence(call: Call, (): ()) -> Result<Json<LicenceState>, Problem> {
    Ok(Json(documents::licence(call.running()?, now_ms())))
}

pub(super) async fn fetch_licence(call: Call, (): ()) -> Result<Json<LicenceState>, Problem> {
    match documents::fetch_licence(call.running()?, call.by()?).await? {
        Fetch::Done(_) => Ok(Json(documents::licence(call.running()?, now_ms()))),
        Fetch::Failed(fault) => Err(Problem::NotFetched(fault)),
    }
}

pub(super) async fn install_licence(
    call: Call,
    Body(signed): Body<SignedLicence>,
) -> Result<Json<LicenceState>, Problem> {
    documents::install_licence(call.running()?, signed.licence, call.by()?).await?;
    Ok(Json(documents::licence(call.running()?, now_ms())))
}
