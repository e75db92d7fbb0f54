//! The copies of the nodes' forms. Their rows are read by applications, with their own interface.

use super::call::Call;
use super::endpoint::{Asked, Done, Json};
use super::nodes::{Number, Which, ceid};
use super::page::{Limit, Page};
use super::problem::Problem;
use crate::admin::work::data::{self, NodeCopy};

pub(super) async fn some(call: Call, Asked(which): Asked<Which>) -> Result<Json<Page<NodeCopy>>, Problem> {
    let after = which.after.map_or(0, |Number(after)| after);
    let (items, more) = data::some(call.running()?, after, Limit::of(which.limit)).await?;
    let next = items.last().filter(|_| more).map(|last| last.ceid.to_string());
    Ok(Json(Page { items, next }))
}

pub(super) async fn copy(call: Call, (): ()) -> Result<Done, Problem> {
    data::copy(call.running()?, ceid(&call)?, call.by()?).await?;
    Ok(Done)
}

pub(super) async fn compare(call: Call, (): ()) -> Result<Done, Problem> {
    data::compare(call.running()?, ceid(&call)?, call.by()?).await?;
    Ok(Done)
}
