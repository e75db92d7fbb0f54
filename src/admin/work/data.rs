//! The copies of the nodes' forms: how it stands with each, having one copied or compared anew, and rows of a form. What is
//! kept and followed is `crate::data`; a row is changed by applications alone.

use std::collections::BTreeMap;

use schemas::data::sql::{Page, Scope, Select};
use schemas::data::{Column, Form};
use schemas::domain::Ceid;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::admin::{Running, note};
use crate::data::Data;
use crate::data::follow::{Standing, State};
use crate::data::store::{Cell, FormStand, NodeStand, SelectError, Whole};
use crate::storage::By;
use crate::web::WebFault;

/// Rows that are given at a time.
pub(in crate::admin) const ROWS: u32 = 100;
/// No form has as many pages: a node's has at most 250,000 rows.
const LAST_PAGE: u32 = 2500;

/// The copy of a node's forms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeCopy {
    /// The node's number in the cluster.
    #[schema(minimum = 1, maximum = 999, example = 7)]
    pub ceid: u16,
    pub name: String,
    /// The node's IP address.
    pub address: String,
    /// Whether it serves its forms, from which they are copied then; else they come by files.
    pub served: bool,
    pub state: CopyState,
    /// When the copy was last known to be as the node's forms, in ms since 1970; empty when it was not since this start.
    pub as_of_ms: Option<i64>,
    /// The newest change of the node that the copy has; empty where nothing was copied yet.
    pub newest_change: Option<u64>,
    /// Changes that the node is known to have and the copy has not; empty when the node was not heard since this start.
    pub behind: Option<u64>,
    /// How long the last change took from the node, by its clock, into the copy, by the gateway's, in ms; empty when there was none
    /// since this start.
    pub delay_ms: Option<i64>,
    /// What ended the following of the node last, while it is away.
    pub last_fault: Option<String>,
    /// Of all its forms.
    pub rows: u64,
    /// Those that were begun to be copied.
    pub forms: Vec<FormCopy>,
}

/// Whether the copy of a node follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CopyState {
    /// The node is asked where it stands.
    Connecting,
    Copying,
    /// Every change is applied as the node says it.
    Current,
    /// The node is not heard: the copy is as it was.
    Away,
    /// The node does not serve its forms: what is kept of them came by files.
    Imported,
    /// The node does not serve its forms, and nothing is kept of them.
    None,
}

impl CopyState {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Copying => "copying",
            Self::Current => "current",
            Self::Away => "away",
            Self::Imported => "by files",
            Self::None => "nothing kept",
        }
    }
}

impl From<State> for CopyState {
    fn from(state: State) -> Self {
        match state {
            State::Connecting => Self::Connecting,
            State::Copying => Self::Copying,
            State::Current => Self::Current,
            State::Away => Self::Away,
            State::Imported => Self::Imported,
        }
    }
}

/// The copy of one form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FormCopy {
    /// As applications call it.
    #[schema(example = "phones")]
    pub form: String,
    /// As people at a node call it.
    #[schema(example = "User and Services")]
    pub title: String,
    /// When it was whole last.
    pub rows: u64,
    pub whole: FormWhole,
    /// When it was last known to be as the node's form, in ms since 1970; empty when it never was.
    pub as_of_ms: Option<i64>,
    /// Changes of the node, in whichever form, that it may lack; empty when that is not known.
    pub behind: Option<u64>,
    /// When it was copied as a whole, in ms since 1970; empty when it never was.
    pub copied_at_ms: Option<i64>,
}

/// Whether the copy of a form has all that the node's form has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FormWhole {
    /// It never was whole.
    Never,
    /// It was, and is to be copied anew.
    Stale,
    Whole,
}

impl FormWhole {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Never => "not copied yet",
            Self::Stale => "to be copied anew",
            Self::Whole => "whole",
        }
    }
}

impl FormCopy {
    /// Of a node whose copy is so, with the changes up to one.
    fn of(stand: &FormStand, node: Option<&Standing>, seq: u64) -> Self {
        // A whole one is as current as the node's copy, or as it was copied; another was when it was whole last.
        let (as_of_ms, has) = match stand.whole {
            Whole::Never => (None, None),
            Whole::Stale => (stand.copied_at_ms, Some(stand.as_of)),
            Whole::Yes => {
                let of_node = node.filter(|node| node.state != State::Imported).and_then(|node| node.as_of_ms);
                (stand.copied_at_ms.max(of_node), Some(stand.as_of.max(seq)))
            }
        };
        let newest = node.and_then(|node| node.newest);
        Self {
            as_of_ms,
            behind: newest.zip(has).map(|(newest, has)| newest.saturating_sub(has)),
            form: stand.form.name.into(),
            title: stand.form.title.into(),
            rows: stand.digest.rows,
            whole: match stand.whole {
                Whole::Never => FormWhole::Never,
                Whole::Stale => FormWhole::Stale,
                Whole::Yes => FormWhole::Whole,
            },
            copied_at_ms: stand.copied_at_ms,
        }
    }
}

impl NodeCopy {
    /// Forms that are whole.
    pub fn whole(&self) -> usize {
        self.forms.iter().filter(|form| form.whole == FormWhole::Whole).count()
    }

    fn of(node: Known, standing: Option<Standing>, stand: Option<&NodeStand>) -> Self {
        let Known { ceid, name, address, served } = node;
        let mut forms: Vec<_> = stand.into_iter().flat_map(|stand| &stand.forms).collect();
        forms.sort_by_key(|stand| stand.form.dei_id);
        let seq = stand.map_or(0, |stand| stand.seq);
        Self {
            ceid: ceid.get(),
            name,
            address,
            served,
            state: match &standing {
                Some(standing) => standing.state.into(),
                None if served => CopyState::Connecting,
                None => CopyState::None,
            },
            as_of_ms: standing.as_ref().and_then(|standing| standing.as_of_ms),
            newest_change: stand.map(|stand| stand.seq),
            behind: standing.as_ref().and_then(|standing| Some(standing.newest?.saturating_sub(seq))),
            delay_ms: standing.as_ref().and_then(|standing| standing.delay_ms),
            rows: forms.iter().map(|stand| stand.digest.rows).sum(),
            forms: forms.into_iter().map(|stand| FormCopy::of(stand, standing.as_ref(), seq)).collect(),
            last_fault: standing.and_then(|standing| standing.fault),
        }
    }
}

/// A node.
pub(super) struct Known {
    pub ceid: Ceid,
    name: String,
    address: String,
    served: bool,
}

/// All of them, by number; none where the gateway keeps no data.
fn known(running: &Running) -> (Option<&Data>, Vec<Known>) {
    let Some(data) = running.gateway.data.as_ref() else { return (None, Vec::new()) };
    let mut nodes = running.gateway.tree.env.cluster.settings();
    nodes.sort_by_key(|node| node.ceid);
    let of = |node: actors::cluster::NodeSettings| Known {
        served: data.followers.client(node.ceid).is_some(),
        ceid: node.ceid,
        name: node.name,
        address: node.address.to_string(),
    };
    (Some(data), nodes.into_iter().map(of).collect())
}

pub(super) fn find(running: &Running, ceid: u16) -> Result<(&Data, Known), WebFault> {
    let (data, nodes) = known(running);
    let found = nodes.into_iter().find(|node| node.ceid.get() == ceid);
    data.zip(found).ok_or(WebFault::NotFound)
}

/// The same of a node whose forms are copied from it.
fn find_served(running: &Running, ceid: u16) -> Result<(&Data, Known), WebFault> {
    let found = find(running, ceid)?;
    if found.1.served { Ok(found) } else { Err(WebFault::NotFound) }
}

/// The first so many after that of a number, by number; and whether there are more.
pub(in crate::admin) async fn some(
    running: &Running,
    after: u16,
    most: usize,
) -> Result<(Vec<NodeCopy>, bool), WebFault> {
    let (data, mut nodes) = known(running);
    nodes.retain(|node| node.ceid.get() > after);
    let more = nodes.len() > most;
    nodes.truncate(most);
    let Some(data) = data.filter(|_| !nodes.is_empty()) else { return Ok((Vec::new(), false)) };
    // Standings first: what is applied between the two does not count as missing.
    let mut standings: BTreeMap<_, _> = data.followers.standings().all().into_iter().collect();
    let stands = data.store.stands().await?;
    let of = |node: Known| {
        let stand = stands.iter().find(|(ceid, _)| *ceid == node.ceid).map(|(_, stand)| stand);
        let standing = standings.remove(&node.ceid);
        NodeCopy::of(node, standing, stand)
    };
    Ok((nodes.into_iter().map(of).collect(), more))
}

/// That of the node of this number.
pub(in crate::admin) async fn one(running: &Running, ceid: u16) -> Result<NodeCopy, WebFault> {
    let (data, node) = find(running, ceid)?;
    let standing = data.followers.standings().of(node.ceid); // first, as above
    let stand = data.store.stand(node.ceid).await?;
    Ok(NodeCopy::of(node, standing, stand.as_ref()))
}

/// Whether there can be a copy of a node's forms.
pub(in crate::admin) fn is_kept(running: &Running, ceid: u16) -> bool {
    find(running, ceid).is_ok()
}

fn object(ceid: u16) -> String {
    format!("forms of node {ceid}")
}

/// Has all forms of a node copied anew, as soon as it is heard.
pub(in crate::admin) async fn copy(running: &Running, ceid: u16, by: &By) -> Result<(), WebFault> {
    let (data, node) = find_served(running, ceid)?;
    note(running, by.clone(), "copy", object(ceid)).await?;
    if data.followers.copy_anew(node.ceid) { Ok(()) } else { Err(WebFault::NotFound) }
}

/// Has counts and digests of a node's forms compared now, and what differs copied.
pub(in crate::admin) async fn compare(running: &Running, ceid: u16, by: &By) -> Result<(), WebFault> {
    let (data, node) = find_served(running, ceid)?;
    note(running, by.clone(), "compare", object(ceid)).await?;
    if data.followers.compare(node.ceid) { Ok(()) } else { Err(WebFault::NotFound) }
}

/// Which rows of a form are wanted.
#[derive(Debug, Clone, Default)]
pub(in crate::admin) struct RowsWanted {
    /// As it stands after WHERE; all rows when there is nothing.
    pub condition: String,
    /// By which column, and whether downwards; else by what names a row.
    pub sort: Option<(&'static Column, bool)>,
    /// From 0.
    pub page: u32,
}

/// A page of them.
#[derive(Debug)]
pub(in crate::admin) struct Rows {
    /// Which one it is.
    pub page: u32,
    pub rows: Vec<Vec<Cell>>,
    pub more: bool,
}

/// Rows of the copy of a form, with all its columns.
pub(in crate::admin) async fn rows(
    running: &Running,
    ceid: u16,
    form: &'static Form,
    wanted: &RowsWanted,
) -> Result<Rows, WebFault> {
    let (data, node) = find(running, ceid)?;
    let page = wanted.page.min(LAST_PAGE);
    let select = selected(form, wanted)?;
    // One more says whether more follow.
    let part = Page { offset: u64::from(page) * u64::from(ROWS), rows: ROWS + 1 };
    let rendered = select.render(data.store.dialect(), Some(node.ceid.get()), part);
    let kinds = select.columns().iter().map(|column| column.kind).collect();
    let mut rows = data.store.select(rendered, kinds).await.map_err(|error| match error {
        SelectError::TooSlow => WebFault::Refused("The database took too long to find these rows.".into()),
        SelectError::TooMuch => WebFault::Refused("These rows are too large to be shown.".into()),
        SelectError::Busy => WebFault::Busy,
        SelectError::Storage(error) => error.into(),
    })?;
    let more = rows.len() > ROWS as usize && page < LAST_PAGE;
    rows.truncate(ROWS as usize);
    Ok(Rows { page, rows, more })
}

fn selected(form: &'static Form, wanted: &RowsWanted) -> Result<Select, WebFault> {
    let condition = Some(wanted.condition.trim()).filter(|condition| !condition.is_empty());
    let sort: Vec<_> = wanted.sort.iter().map(|(column, downwards)| (column.name, *downwards)).collect();
    let scope = Scope { cluster: false, advanced: true };
    let select = Select::of_view(form, None, condition, &sort, scope);
    select.map_err(|fault| WebFault::Refused(format!("The condition is not taken: {fault}.")))
}

#[cfg(test)]
mod tests {
    use schemas::data::{Digest, FORMS, form};

    use super::*;

    fn node(served: bool) -> Known {
        Known { ceid: Ceid::new(7).expect("a node"), name: "Head office".into(), address: "10.0.0.7".into(), served }
    }

    #[test]
    fn a_copy_is_told_with_its_forms_in_their_order_and_counted() {
        let stand = |at: usize, rows: u64, whole: Whole| FormStand {
            form: &FORMS[at],
            digest: Digest::new(rows, 0),
            whole,
            as_of: if whole == Whole::Stale { 4 } else { 0 },
            copied_at_ms: match whole {
                Whole::Never => None,
                Whole::Stale => Some(4),
                Whole::Yes => Some(5),
            },
        };
        let forms = vec![stand(2, 4, Whole::Stale), stand(0, 20, Whole::Yes), stand(1, 0, Whole::Never)];
        let stand = NodeStand { epoch: "a".into(), seq: 12, forms };
        let standing =
            |state| Standing { state, as_of_ms: Some(6), seq: 12, newest: None, delay_ms: None, fault: None };
        let (newest, fault) = (Some(15), Some("no connection".into()));
        let away = Standing { newest, delay_ms: Some(40), fault, ..standing(State::Away) };
        let copy = NodeCopy::of(node(true), Some(away), Some(&stand));
        assert_eq!((copy.ceid, copy.state, copy.as_of_ms, copy.newest_change), (7, CopyState::Away, Some(6), Some(12)));
        assert_eq!((copy.behind, copy.delay_ms), (Some(3), Some(40)));
        assert_eq!((copy.rows, copy.whole(), copy.last_fault.as_deref()), (24, 1, Some("no connection")));
        let told = |copy: &NodeCopy| -> Vec<_> {
            let of = |form: &FormCopy| (form.form.clone(), form.whole, form.copied_at_ms, form.as_of_ms, form.behind);
            copy.forms.iter().map(of).collect()
        };
        let name = |at: usize| FORMS[at].name.to_owned();
        assert_eq!(
            told(&copy),
            [
                (name(0), FormWhole::Whole, Some(5), Some(6), Some(3)),
                (name(1), FormWhole::Never, None, None, None),
                (name(2), FormWhole::Stale, Some(4), Some(4), Some(11)),
            ]
        );
        let imported = NodeCopy::of(node(false), Some(standing(State::Imported)), Some(&stand));
        assert_eq!((imported.state, imported.served, imported.as_of_ms), (CopyState::Imported, false, Some(6)));
        assert_eq!((imported.behind, imported.delay_ms), (None, None));
        assert_eq!(told(&imported)[0], (name(0), FormWhole::Whole, Some(5), Some(5), None), "as its own file");
        assert_eq!(NodeCopy::of(node(false), None, None).state, CopyState::None);
        let begun = NodeCopy::of(node(true), None, None);
        assert_eq!(
            (begun.state, begun.newest_change, begun.behind, begun.rows),
            (CopyState::Connecting, None, None, 0)
        );
    }

    #[test]
    fn a_condition_that_is_none_is_refused_in_a_sentence_that_repeats_no_text() {
        let phones = form("phones").expect("a form");
        let refused = |condition: &str| {
            let wanted = RowsWanted { condition: condition.into(), ..RowsWanted::default() };
            selected(phones, &wanted).map(|_| ()).map_err(|fault| fault.to_string())
        };
        for (condition, sentence) in [
            ("", None),
            ("  ", None),
            ("number LIKE '10%' AND name IS NOT NULL", None),
            ("colour = 1", Some("The condition is not taken: there is no column colour.")),
            ("number =", Some("The condition is not taken: this is no SQL that is understood here, near line 1, ")),
            ("<b>", Some("The condition is not taken: ")),
            ("TRUE; DELETE FROM phones", Some("The condition is not taken: ")),
        ] {
            match (refused(condition), sentence) {
                (Ok(()), None) => {}
                (Err(said), Some(sentence)) => {
                    assert!(said.starts_with(sentence) && said.ends_with('.') && !said.contains('<'), "{said}");
                }
                (said, _) => panic!("{condition:?}: {said:?}"),
            }
        }
        let sort = Some((&phones.columns[1], true));
        assert!(selected(phones, &RowsWanted { sort, ..RowsWanted::default() }).is_ok());
    }
}
