//! A SELECT that was understood: what comes out of it, which forms it reads, and how a database is asked.

use super::super::form::Form;
use super::condition::Filter;
use super::fault::SqlFault;
use super::ir::{Body, By, Distinct, Expr, Node, Sort};
use super::render::{self, Page, Rendered};
use super::{Dialect, Scope, Type, read};

/// A column that comes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutColumn {
    /// As the statement calls it; no two are called alike.
    pub name: String,
    pub kind: Type,
}

/// A SELECT over the forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    scope: Scope,
    body: Body,
    columns: Vec<OutColumn>,
    /// Complete: no two rows are equal by them, but those that are equal in all that comes out.
    sorts: Vec<Sort>,
    limit: Option<u32>,
    offset: u64,
}

impl Select {
    /// Reads one SELECT.
    ///
    /// # Errors
    /// See [`SqlFault`].
    pub fn parse(sql: &str, scope: Scope) -> Result<Self, SqlFault> {
        read::select(sql, scope)
    }

    /// Of one view without a statement: these columns or all, the rows that a condition is true of, sorted by columns, each
    /// descending or not. Names are exact; no column is asked for twice.
    ///
    /// # Errors
    /// See [`SqlFault`].
    pub fn of_view(
        form: &'static Form,
        columns: Option<&[&str]>,
        filter: Option<&str>,
        sort: &[(&str, bool)],
        scope: Scope,
    ) -> Result<Self, SqlFault> {
        let filter = filter.map(|filter| read::condition(form, filter, scope)).transpose()?;
        read::view(form, columns, filter, sort, scope)
    }

    /// All columns of the rows that a condition is true of.
    pub(super) fn of_filter(filter: &Filter) -> Self {
        read::whole_view(filter.form(), filter.condition.clone(), filter.scope())
    }

    pub(super) fn new(
        scope: Scope,
        body: Body,
        columns: Vec<OutColumn>,
        asked: Vec<Sort>,
        limit: Option<u32>,
        offset: u64,
    ) -> Self {
        let sorts = complete(scope, &body, asked);
        Self { scope, body, columns, sorts, limit, offset }
    }

    /// What comes out, in order.
    #[must_use]
    pub fn columns(&self) -> &[OutColumn] {
        &self.columns
    }

    /// The forms that it reads, each once.
    #[must_use]
    pub fn forms(&self) -> Vec<&'static Form> {
        let mut forms = Vec::new();
        self.body.each_body(&mut |body| {
            for view in &body.views {
                if !forms.contains(&view.form) {
                    forms.push(view.form);
                }
            }
        });
        forms
    }

    /// How a database is asked for a page of what the statement yields. `ceid` is the node; with a scope of the cluster none
    /// means every node, else no rows. Columns come out in the order of [`Self::columns`], under names of ours.
    #[must_use]
    pub fn render(&self, dialect: Dialect, ceid: Option<u16>, page: Page) -> Rendered {
        let left = self.limit.map_or(u64::from(page.rows), |limit| u64::from(limit).saturating_sub(page.offset));
        let page = Page {
            offset: self.offset.saturating_add(page.offset),
            rows: u32::try_from(left).unwrap_or(u32::MAX).min(page.rows),
        };
        render::select(&self.body, &self.sorts, self.scope, dialect, ceid, page)
    }
}

/// What was asked for, and behind it what makes the order total.
fn complete(scope: Scope, body: &Body, asked: Vec<Sort>) -> Vec<Sort> {
    let rest: Vec<By> = if body.distinct == Distinct::Yes {
        (0..body.items.len()).map(By::Item).collect()
    } else if body.grouped {
        body.group.iter().cloned().map(By::Expr).collect()
    } else {
        let keys = |view: &super::ir::View| {
            let all = read::columns(view.form, view.number, scope);
            let form = view.form;
            all.into_iter()
                .map(|(_, column)| column)
                .filter(move |column| names_a_row(column, form))
                .collect::<Vec<_>>()
        };
        body.views.iter().flat_map(keys).map(By::Expr).collect()
    };
    let mut sorts: Vec<Sort> = Vec::new();
    for sort in asked.into_iter().chain(rest.into_iter().map(|by| Sort { by, descending: false })) {
        let of = |by: &By| match by {
            By::Item(at) => body.items.get(*at).cloned(),
            By::Expr(of) => Some(of.clone()),
        };
        // What was sorted by already sorts nothing more.
        if !sorts.iter().any(|earlier| of(&earlier.by) == of(&sort.by)) {
            sorts.push(sort);
        }
    }
    sorts
}

fn names_a_row(column: &Expr, form: &Form) -> bool {
    match &column.node {
        Node::Column(place) => place.at.is_none_or(|at| form.columns[at].key),
        _ => false,
    }
}
