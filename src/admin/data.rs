//! Pages of the copies of the nodes' forms: how it stands with each, its forms, and the rows of a form. What they show and do
//! is `work::data`.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use schemas::data::{Column, Form, Kind};
use serde::Deserialize;

use super::scope::Scope;
use super::work::data::{self as work, CopyState, FormCopy, FormWhole, NodeCopy, ROWS, RowsWanted};
use super::{Admin, act, look, said};
use crate::data::store::Cell;
use crate::storage::change::now_ms;
use crate::texts::filters;
use crate::web::{Shell, Site, Title, WebFault, page, page_as};

/// How long ago, in the unit that people would say it in.
struct Age {
    text: &'static str,
    amount: i64,
}

impl Age {
    /// A clock that was set back makes nothing of the future.
    fn of(at_ms: i64, now_ms: i64) -> Self {
        let seconds = now_ms.saturating_sub(at_ms).max(0) / 1000;
        let (text, amount) = match seconds {
            0..120 => ("{0} s ago", seconds),
            120..7_200 => ("{0} min ago", seconds / 60),
            7_200..172_800 => ("{0} h ago", seconds / 3_600),
            _ => ("{0} days ago", seconds / 86_400),
        };
        Self { text, amount }
    }
}

/// The copy of a node as pages show one.
struct Shown {
    copy: NodeCopy,
    age: Option<Age>,
}

impl From<NodeCopy> for Shown {
    fn from(copy: NodeCopy) -> Self {
        let age = copy.as_of_ms.map(|at_ms| Age::of(at_ms, now_ms()));
        Self { copy, age }
    }
}

impl Shown {
    /// How its state is coloured.
    fn look(&self) -> &'static str {
        match self.copy.state {
            CopyState::Current => "registered",
            CopyState::Connecting | CopyState::Copying | CopyState::Imported => "pending",
            CopyState::None => "",
            CopyState::Away => "denied",
        }
    }
}

#[derive(Template)]
#[template(path = "admin/data.html")]
struct DataPage {
    shell: Shell,
    nodes: Vec<Shown>,
    current: usize,
    rows: u64,
}

pub(super) async fn all(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::DataRead).await?;
    // A cluster has so few nodes that one page has them all.
    let (copies, _) = work::some(admin.running()?, 0, usize::MAX).await?;
    let current = copies.iter().filter(|copy| copy.state == CopyState::Current).count();
    let rows = copies.iter().map(|copy| copy.rows).sum();
    let nodes = copies.into_iter().map(Shown::from).collect();
    page(&DataPage { shell: here.shell(&site, "Data", "/data"), nodes, current, rows })
}

#[derive(Template)]
#[template(path = "admin/data_node.html")]
struct NodePage {
    shell: Shell,
    operates: bool,
    /// May take files.
    imports: bool,
    node: Shown,
}

impl NodePage {
    /// How a form's copy is coloured.
    fn look(&self, form: &FormCopy) -> &'static str {
        if form.whole == FormWhole::Whole { "registered" } else { "pending" }
    }

    fn age(at_ms: &i64) -> Age {
        Age::of(*at_ms, now_ms())
    }
}

pub(super) async fn one(
    request: HttpRequest,
    path: Path<u16>,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::DataRead).await?;
    let node = Shown::from(work::one(admin.running()?, *path).await?);
    let title = Title { text: "Forms of node {0}", value: path.to_string() };
    let shell = here.shell(&site, title, "/data");
    page(&NodePage { shell, operates: here.may(Scope::DataCopy), imports: here.may(Scope::DataImport), node })
}

pub(super) async fn copy(
    request: HttpRequest,
    path: Path<u16>,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, _) = act(&site, &request, Scope::DataCopy).await?;
    work::copy(admin.running()?, *path, &here.visit.by).await?;
    let told = format!("The forms of node {path} are to be copied anew.");
    Ok(site.told(&here.visit, told, &format!("/data/{path}")))
}

pub(super) async fn compare(
    request: HttpRequest,
    path: Path<u16>,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, _) = act(&site, &request, Scope::DataCopy).await?;
    work::compare(admin.running()?, *path, &here.visit.by).await?;
    let told = format!("The forms of node {path} are to be compared.");
    Ok(site.told(&here.visit, told, &format!("/data/{path}")))
}

/// What the page of a form is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Seek {
    #[serde(rename = "where")]
    condition: String,
    /// A column, with a minus in front for downwards.
    sort: String,
    page: u32,
}

impl Seek {
    fn wanted(&self, form: &'static Form) -> RowsWanted {
        let (name, downwards) = match self.sort.strip_prefix('-') {
            Some(name) => (name, true),
            None => (self.sort.as_str(), false),
        };
        // Who asks for a column that there is none of sees rows in their own order.
        let sort = form.column(name).map(|at| (&form.columns[at], downwards));
        RowsWanted { condition: self.condition.clone(), sort, page: self.page }
    }
}

/// A value as pages show one.
enum Value {
    Nothing,
    Flag(bool),
    Text(String),
}

impl From<Cell> for Value {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Null => Self::Nothing,
            Cell::Boolean(flag) => Self::Flag(flag),
            Cell::Integer(number) => Self::Text(number.to_string()),
            Cell::Real(number) => Self::Text(number.to_string()),
            Cell::Text(text) => Self::Text(text),
        }
    }
}

#[derive(Template)]
#[template(path = "admin/data_rows.html")]
struct RowsPage {
    shell: Shell,
    node: Shown,
    form: &'static Form,
    whole: FormWhole,
    condition: String,
    /// As it is asked for.
    sort: String,
    sorted: Option<(&'static str, bool)>,
    /// With the name of the column of each value.
    rows: Vec<Vec<(&'static str, Value)>>,
    /// Number of the first of them, from 1.
    first: u64,
    before: Option<u32>,
    after: Option<u32>,
    fault: Option<String>,
}

impl RowsPage {
    /// A condition as one might be.
    fn example(&self) -> String {
        let first = &self.form.columns[0];
        match first.kind {
            Kind::Text { .. } => format!("{} LIKE '1%'", first.name),
            Kind::Integer { .. } => format!("{} <= 10", first.name),
            Kind::Boolean | Kind::Word(_) => format!("{} IS NOT NULL", first.name),
        }
    }

    fn is_whole(&self) -> bool {
        self.whole == FormWhole::Whole
    }

    fn is_sorted(&self, column: &Column, downwards: bool) -> bool {
        self.sorted == Some((column.name, downwards))
    }

    /// What `aria-sort` says of a column; nothing where the rows are not sorted by it.
    fn order(&self, column: &Column) -> Option<&'static str> {
        let (_, downwards) = self.sorted.filter(|(name, _)| *name == column.name)?;
        Some(if downwards { "descending" } else { "ascending" })
    }

    fn last(&self) -> u64 {
        self.first + self.rows.len() as u64 - 1
    }
}

// It does not renew itself: each look is a statement at the database, which applications wait for.
pub(super) async fn rows(
    request: HttpRequest,
    path: Path<(u16, String)>,
    seek: Option<Query<Seek>>,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::DataRead).await?;
    let (running, (ceid, name)) = (admin.running()?, path.into_inner());
    let form = schemas::data::form(&name).ok_or(WebFault::NotFound)?;
    let copy = work::one(running, ceid).await?;
    let whole = copy.forms.iter().find(|own| own.form == form.name).map_or(FormWhole::Never, |own| own.whole);
    let seek = seek.map(Query::into_inner).unwrap_or_default();
    let wanted = seek.wanted(form);
    let (status, found, fault) = match work::rows(running, ceid, form, &wanted).await {
        Ok(found) => (StatusCode::OK, Some(found), None),
        Err(fault) => {
            let (status, fault) = said(fault)?;
            (status, None, Some(fault))
        }
    };
    let (number, more) = found.as_ref().map_or((0, false), |found| (found.page, found.more));
    let values =
        |row: Vec<Cell>| form.columns.iter().map(|column| column.name).zip(row.into_iter().map(Value::from)).collect();
    page_as(
        status,
        &RowsPage {
            shell: here.shell(&site, form.title, "/data"),
            node: copy.into(),
            form,
            whole,
            condition: seek.condition,
            sort: seek.sort,
            sorted: wanted.sort.map(|(column, downwards)| (column.name, downwards)),
            rows: found.map(|found| found.rows.into_iter().map(values).collect()).unwrap_or_default(),
            first: u64::from(number) * u64::from(ROWS) + 1,
            before: number.checked_sub(1),
            after: more.then_some(number + 1),
            fault,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_ago_something_was_is_said_in_the_unit_that_fits() {
        for (seconds, text, amount) in [
            (-5, "{0} s ago", 0),
            (0, "{0} s ago", 0),
            (119, "{0} s ago", 119),
            (120, "{0} min ago", 2),
            (7_199, "{0} min ago", 119),
            (7_200, "{0} h ago", 2),
            (172_799, "{0} h ago", 47),
            (172_800, "{0} days ago", 2),
        ] {
            let age = Age::of(1_000_000, 1_000_000 + seconds * 1000);
            assert_eq!((age.text, age.amount), (text, amount), "{seconds} s");
        }
    }

    #[test]
    fn rows_are_sorted_by_columns_that_there_are() {
        let phones = schemas::data::form("phones").expect("a form");
        for (sort, expected) in [
            ("", None),
            ("name", Some(("name", false))),
            ("-name", Some(("name", true))),
            ("--name", None),
            ("colour", None),
        ] {
            let seek = Seek { sort: sort.into(), ..Seek::default() };
            assert_eq!(seek.wanted(phones).sort.map(|(column, down)| (column.name, down)), expected, "{sort}");
        }
    }
}
