//! The audit log.

use super::call::Call;
use super::endpoint::{Asked, Json};
use super::page::{Id, Limit, Page, Paged};
use super::problem::Problem;
use crate::admin::work::log::LogLine;
use crate::storage::audit;

pub(super) async fn some(call: Call, Asked(paged): Asked<Paged>) -> Result<Json<Page<LogLine>>, Problem> {
    let (limit, before) = (Limit::of(paged.limit), paged.after.map(|Id(after)| after));
    // One more, to know whether there are more.
    let count = u32::try_from(limit + 1).unwrap_or(u32::MAX);
    let entries = call.admin.site.storage.with(move |c| audit::newest(c, before.as_deref(), count)).await?;
    let more = entries.len() > limit;
    let items: Vec<_> = entries.into_iter().take(limit).map(LogLine::from).collect();
    let next = items.last().filter(|_| more).map(|last| last.id.clone());
    Ok(Json(Page { items, next }))
}
