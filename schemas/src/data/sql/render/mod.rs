//! Writes SQL for a database from a statement that was understood. Names are of forms, or t0…, c0…; texts are bound values;
//! numbers are written anew. `expressions` writes what stands in the clauses.

mod expressions;

use std::fmt::Write as _;

use super::super::form::Form;
use super::ir::{Body, By, Distinct, ELEMENT, Expr, Join, Node, Sort, View};
use super::{Dialect, Scope, tables};

/// Rows of what a statement yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// So many are left out at first.
    pub offset: u64,
    /// So many come at most; whoever wants to know whether more follow asks for one more.
    pub rows: u32,
}

/// A statement for a database. Values have the numbers of their places, `?1` or `$1`, and one may be used in several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub sql: String,
    pub binds: Vec<Bind>,
}

/// A value beside a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bind {
    Text(String),
    Integer(i64),
}

/// While it is written.
struct Writer {
    dialect: Dialect,
    /// Which rows of a form's table.
    of: Nodes,
    sql: String,
    binds: Vec<Bind>,
}

/// The nodes whose rows are seen.
#[derive(Clone, Copy)]
struct Nodes {
    cluster: bool,
    ceid: Option<u16>,
}

pub(super) fn select(
    body: &Body,
    sorts: &[Sort],
    scope: Scope,
    dialect: Dialect,
    ceid: Option<u16>,
    page: Page,
) -> Rendered {
    let of = Nodes { cluster: scope.cluster, ceid };
    let mut writer = Writer { dialect, of, sql: String::with_capacity(512), binds: Vec::new() };
    writer.body(body);
    writer.order(body, sorts);
    // SQLite and PostgreSQL count rows in signed 64 bits.
    let offset = i64::try_from(page.offset).unwrap_or(i64::MAX);
    writer.put(format_args!(" LIMIT {} OFFSET {offset}", page.rows));
    Rendered { sql: writer.sql, binds: writer.binds }
}

impl Writer {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        self.sql.write_fmt(text).expect("writing to memory does not fail");
    }

    fn body(&mut self, body: &Body) {
        self.sql.push_str("SELECT ");
        if body.distinct == Distinct::Yes {
            self.sql.push_str("DISTINCT ");
        }
        for (at, item) in body.items.iter().enumerate() {
            self.comma(at);
            self.expr(item);
            self.put(format_args!(" AS \"c{at}\""));
        }
        self.sql.push_str(" FROM ");
        for (at, view) in body.views.iter().enumerate() {
            match (&view.join, at) {
                (_, 0) => self.view(view),
                (Join::Cross, _) => {
                    self.sql.push_str(" JOIN ");
                    self.view(view);
                    self.sql.push_str(" ON TRUE");
                }
                (Join::Inner(on), _) => self.joined(" JOIN ", view, on),
                (Join::Left(on), _) => self.joined(" LEFT JOIN ", view, on),
            }
        }
        for (word, of) in [(" WHERE ", &body.filter), (" HAVING ", &body.having)] {
            if word == " HAVING " && !body.group.is_empty() {
                self.sql.push_str(" GROUP BY ");
                for (at, by) in body.group.iter().enumerate() {
                    self.comma(at);
                    self.expr(by);
                }
            }
            if let Some(of) = of {
                self.sql.push_str(word);
                self.expr(of);
            }
        }
    }

    fn joined(&mut self, how: &str, view: &View, on: &Expr) {
        self.sql.push_str(how);
        self.view(view);
        self.sql.push_str(" ON ");
        self.expr(on);
    }

    /// A view, by its form's table: never more than the rows of the nodes.
    fn view(&mut self, view: &View) {
        self.sql.push('(');
        self.sql.push_str("SELECT ");
        if self.of.cluster {
            self.put(format_args!("\"{}\" AS \"{ELEMENT}\", ", tables::NODE));
        }
        for (at, column) in view.form.columns.iter().enumerate() {
            self.comma(at);
            self.put(format_args!("\"{}\"", column.name));
        }
        self.put(format_args!(" FROM \"{}\"", tables::name(view.form)));
        match self.of {
            Nodes { ceid: Some(ceid), .. } => self.put(format_args!(" WHERE \"{}\" = {ceid}", tables::NODE)),
            Nodes { cluster: true, ceid: None } => {}
            Nodes { cluster: false, ceid: None } => self.sql.push_str(" WHERE FALSE"),
        }
        self.put(format_args!(") AS \"t{}\"", view.number));
    }

    fn order(&mut self, body: &Body, sorts: &[Sort]) {
        for (at, sort) in sorts.iter().enumerate() {
            self.sql.push_str(if at == 0 { " ORDER BY " } else { ", " });
            let of = match &sort.by {
                By::Item(item) => {
                    self.put(format_args!("{}", item + 1));
                    body.items.get(*item)
                }
                By::Expr(of) => {
                    self.expr(of);
                    Some(of)
                }
            };
            if sort.descending {
                self.sql.push_str(" DESC");
            }
            // Left out where there is none: an index is then the order.
            if !of.is_some_and(|of| always_given(of, body)) {
                self.sql.push_str(" NULLS LAST");
            }
        }
    }

    fn comma(&mut self, at: usize) {
        if at > 0 {
            self.sql.push_str(", ");
        }
    }
}

/// Whether it is a column that every row of these views has a value in.
fn always_given(of: &Expr, body: &Body) -> bool {
    let Node::Column(place) = of.node else { return false };
    let required = |form: &Form| place.at.is_none_or(|at| form.columns[at].required);
    body.views
        .iter()
        .any(|view| view.number == place.view && !matches!(view.join, Join::Left(_)) && required(view.form))
}
