//! Reads SQL into statements of our own (`ir`). `text` is the parser and what may reach it; the others walk its tree, each node
//! by name and each field spelled out, so that a construct that a newer parser knows is refused, or does not compile.

mod expressions;
mod functions;
mod names;
mod select;
mod sorting;
mod text;
mod types;
mod write;

use sqlparser::ast;

use self::expressions::{Reader, Sight};
use self::names::Seen;
pub(super) use self::names::columns;
pub(super) use self::write::write;
use super::super::form::Form;
use super::fault::{Shown, SqlFault};
use super::ir::{Body, By, Distinct, Expr, Join, Sort, View};
use super::select::{OutColumn, Select};
use super::{MOST_COLUMNS, Scope};

/// A SELECT.
pub(super) fn select(sql: &str, scope: Scope) -> Result<Select, SqlFault> {
    match text::statement(sql)? {
        ast::Statement::Query(query) => Reader::new(scope).query(&query),
        ast::Statement::Insert(_) | ast::Statement::Update(_) | ast::Statement::Delete(_) => {
            Err(SqlFault::Rule("this statement would write; here is only read"))
        }
        _ => Err(SqlFault::Construct("a statement that is no SELECT")),
    }
}

/// A condition on the rows of a form.
pub(super) fn condition(form: &'static Form, sql: &str, scope: Scope) -> Result<Expr, SqlFault> {
    names::visible(form, scope)?;
    of_form(&text::condition(sql)?, form, form.name, scope)
}

/// The same, of a statement that gives the form this name.
fn of_form(of: &ast::Expr, form: &'static Form, name: &str, scope: Scope) -> Result<Expr, SqlFault> {
    let seen = [Seen { form, number: 0, name: name.to_owned() }];
    Reader::new(scope).condition(of, Sight::new(&seen, false, false), "a condition")
}

/// Chosen columns of a view, or all, of rows that a condition is true of, sorted by columns.
pub(super) fn view(
    form: &'static Form,
    chosen: Option<&[&str]>,
    filter: Option<Expr>,
    sort: &[(&str, bool)],
    scope: Scope,
) -> Result<Select, SqlFault> {
    names::visible(form, scope)?;
    let all = columns(form, 0, scope);
    let column = |wanted: &str| {
        let found = all.iter().find(|(name, _)| *name == wanted);
        found.cloned().ok_or_else(|| SqlFault::Column(Shown::new(wanted)))
    };
    let mut items = Vec::new();
    match chosen {
        None => items.clone_from(&all),
        Some([]) => return Err(SqlFault::Rule("a SELECT yields a column")),
        Some(chosen) if chosen.len() > MOST_COLUMNS => {
            return Err(SqlFault::TooLarge("a statement yields 200 columns at most"));
        }
        Some(chosen) => {
            for name in chosen {
                let (name, item) = column(name)?;
                if items.iter().any(|(other, _)| *other == name) {
                    return Err(SqlFault::Twice(Shown::new(name)));
                }
                items.push((name, item));
            }
        }
    }
    if sort.len() > all.len() {
        return Err(SqlFault::TooLarge("a view is sorted by as many columns as it has at most"));
    }
    let by = |(name, descending): &(&str, bool)| Ok(Sort { by: By::Expr(column(name)?.1), descending: *descending });
    let sorts = sort.iter().map(by).collect::<Result<Vec<_>, SqlFault>>()?;
    Ok(of_one(form, items, filter, sorts, scope))
}

/// All columns of the rows of a form that a condition is true of, which was read in this scope.
pub(super) fn whole_view(form: &'static Form, filter: Expr, scope: Scope) -> Select {
    of_one(form, columns(form, 0, scope), Some(filter), Vec::new(), scope)
}

fn of_one(
    form: &'static Form,
    items: Vec<(&'static str, Expr)>,
    filter: Option<Expr>,
    sorts: Vec<Sort>,
    scope: Scope,
) -> Select {
    let out = |(name, item): &(&str, Expr)| OutColumn { name: (*name).to_owned(), kind: item.kind };
    let columns = items.iter().map(out).collect();
    let body = Body {
        views: vec![View { form, number: 0, join: Join::Cross }],
        filter,
        items: items.into_iter().map(|(_, item)| item).collect(),
        distinct: Distinct::No,
        grouped: false,
        group: Vec::new(),
        having: None,
    };
    Select::new(scope, body, columns, sorts, None, 0)
}
