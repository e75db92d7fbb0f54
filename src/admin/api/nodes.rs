//! The nodes.

use serde::Deserialize;
use utoipa::IntoParams;

use super::call::Call;
use super::endpoint::{Asked, Body, Change, ChangeTo, Done, Json, Made, Tagged};
use super::page::{Limit, Page};
use super::problem::Problem;
use crate::admin::work::nodes::{self, NewNode, Node, NodeChange, NodeTest};
use crate::web::WebFault;

/// Which page of the nodes.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Things on a page: 100 unless it is said.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, example = 50)]
    pub limit: Option<Limit>,
    /// `next` of the page before.
    #[param(value_type = Option<String>, pattern = "^[1-9][0-9]{0,2}$")]
    pub after: Option<Number>,
}

/// The number of a node, as it stands in paths.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Number(pub u16);

impl TryFrom<String> for Number {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
        is.then(|| text.parse().ok()).flatten().map(Self).ok_or("no number of a node")
    }
}

/// The number in the path.
pub(super) fn ceid(call: &Call) -> Result<u16, Problem> {
    let number = Number::try_from(call.part("ceid").to_owned());
    number.map(|Number(ceid)| ceid).map_err(|_| WebFault::NotFound.into())
}

fn tagged(node: Node) -> Tagged<Node> {
    Tagged(node.version, node)
}

pub(super) async fn some(call: Call, Asked(which): Asked<Which>) -> Result<Json<Page<Node>>, Problem> {
    let after = which.after.map_or(0, |Number(after)| after);
    let (items, more) = nodes::some(call.running()?, after, Limit::of(which.limit)).await?;
    let next = items.last().filter(|_| more).map(|last| last.ceid.to_string());
    Ok(Json(Page { items, next }))
}

pub(super) async fn one(call: Call, (): ()) -> Result<Tagged<Node>, Problem> {
    Ok(tagged(nodes::one(call.running()?, ceid(&call)?).await?))
}

pub(super) async fn add(call: Call, Body(new): Body<NewNode>) -> Result<Made<Node>, Problem> {
    let (node, _) = new.node()?;
    let added = nodes::add(call.running()?, node, call.by()?).await?;
    Ok(Made(format!("/nodes/{}", added.ceid), added.version, added))
}

pub(super) async fn change(call: Call, ChangeTo(seen, to): ChangeTo<NodeChange>) -> Result<Tagged<Node>, Problem> {
    let (node, specific) = to.node(ceid(&call)?)?;
    Ok(tagged(nodes::change(call.running()?, seen, node, specific, call.by()?).await?))
}

pub(super) async fn remove(call: Call, Change(seen): Change) -> Result<Done, Problem> {
    nodes::remove(call.running()?, ceid(&call)?, seen, call.by()?).await?;
    Ok(Done)
}

pub(super) async fn test(call: Call, Body(new): Body<NewNode>) -> Result<Json<NodeTest>, Problem> {
    let (node, specific) = new.node()?;
    Ok(Json(nodes::test(call.running()?, node, specific, call.by()?).await?))
}

pub(super) async fn reconnect(call: Call, (): ()) -> Result<Done, Problem> {
    nodes::reconnect(call.running()?, ceid(&call)?, call.by()?).await?;
    Ok(Done)
}
