//! INSERT, UPDATE and DELETE, of one form at one node.

use serde_json::{Map, Value as Json};
use sqlparser::ast;

use super::super::super::form::Form;
use super::super::super::row::Row;
use super::super::condition::Filter;
use super::super::fault::SqlFault;
use super::super::ir::{Expr, Node, type_of};
use super::super::write::{Update, Write};
use super::super::{MOST_WRITTEN, Scope};
use super::expressions::{self, Reader, Sight};
use super::names::{Name, Seen};
use super::{of_form, text, types};

const FORM: SqlFault = SqlFault::Construct("this form of INSERT, UPDATE or DELETE");

pub(in super::super) fn write(sql: &str, scope: Scope) -> Result<Write, SqlFault> {
    if scope.cluster {
        return Err(SqlFault::Rule("rows are written at one node, not in the cluster"));
    }
    if !scope.advanced {
        return Err(SqlFault::Advanced("writing"));
    }
    match text::statement(sql)? {
        ast::Statement::Insert(insert) => rows(&insert, scope),
        ast::Statement::Update(update) => change(&update, scope),
        ast::Statement::Delete(delete) => removal(&delete, scope),
        ast::Statement::Query(_) => Err(SqlFault::Rule("this statement reads; here is only written")),
        _ => Err(SqlFault::Construct("a statement that is no INSERT, UPDATE or DELETE")),
    }
}

fn rows(insert: &ast::Insert, scope: Scope) -> Result<Write, SqlFault> {
    let ast::Insert {
        insert_token: _,
        optimizer_hints,
        or: None,
        ignore: false,
        into: true,
        table: ast::TableObject::TableName(table),
        table_alias: None,
        columns,
        overwrite: false,
        source: Some(source),
        assignments,
        partitioned: None,
        after_columns,
        has_table_keyword: false,
        on: None,
        returning: None,
        output: None,
        replace_into: false,
        priority: None,
        insert_alias: None,
        settings: None,
        format_clause: None,
        multi_table_insert_type: None,
        multi_table_into_clauses,
        multi_table_when_clauses,
        multi_table_else_clause: None,
    } = insert
    else {
        return Err(FORM);
    };
    let more = multi_table_into_clauses.is_empty() && multi_table_when_clauses.is_empty();
    if !(more && optimizer_hints.is_empty() && assignments.is_empty() && after_columns.is_empty()) {
        return Err(FORM);
    }
    let form = Name::plain(table)?.form(scope)?;
    if !form.grows {
        return Err(SqlFault::Rule("rows of this form are changed, and neither added nor removed"));
    }
    let columns = columns.iter().map(|name| column(name, form)).collect::<Result<Vec<_>, _>>()?;
    if columns.is_empty() {
        return Err(SqlFault::Rule("INSERT names its columns: INSERT INTO view (column, ...) VALUES (...)"));
    }
    once(&columns, form)?;
    let read = |row: &ast::Parens<Vec<ast::Expr>>| {
        let values = &row.content;
        if values.len() != columns.len() {
            return Err(SqlFault::Rule("INSERT gives a value for each column that it names"));
        }
        let values = values.iter().map(value).collect::<Result<Vec<_>, _>>()?;
        let names = columns.iter().map(|at| form.columns[*at].name.to_owned());
        Ok(form.read(&Json::Object(names.zip(values).collect::<Map<_, _>>()))?)
    };
    let rows = values(source)?.iter().map(read).collect::<Result<Vec<Row>, SqlFault>>()?;
    Ok(Write::Insert { form, rows })
}

/// The rows of VALUES, with nothing around it.
fn values(source: &ast::Query) -> Result<&[ast::Parens<Vec<ast::Expr>>], SqlFault> {
    let ast::Query {
        with: None,
        body,
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks,
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators,
    } = source
    else {
        return Err(FORM);
    };
    let ast::SetExpr::Values(ast::Values { explicit_row: false, value_keyword: false, rows }) = &**body else {
        return Err(SqlFault::Rule("INSERT takes VALUES, nothing else"));
    };
    if !locks.is_empty() || !pipe_operators.is_empty() {
        return Err(FORM);
    }
    if rows.is_empty() || rows.len() > MOST_WRITTEN {
        return Err(SqlFault::TooLarge("a statement writes 100 rows at most"));
    }
    Ok(rows)
}

/// A value that is written as such.
fn value(of: &ast::Expr) -> Result<Json, SqlFault> {
    const RULE: SqlFault = SqlFault::Rule("VALUES are texts, numbers, TRUE, FALSE and NULL");
    let (of, negative) = match of {
        ast::Expr::UnaryOp { op: ast::UnaryOperator::Minus, expr } => (&**expr, true),
        of => (of, false),
    };
    let ast::Expr::Value(ast::ValueWithSpan { value, span: _ }) = of else { return Err(RULE) };
    match expressions::literal(value)?.node {
        Node::Integer(number) => Ok(Json::from(if negative { -number } else { number })),
        _ if negative => Err(RULE),
        Node::Null => Ok(Json::Null),
        Node::Boolean(value) => Ok(Json::Bool(value)),
        Node::Text(text) => Ok(Json::String(text)),
        _ => Err(RULE),
    }
}

fn change(update: &ast::Update, scope: Scope) -> Result<Write, SqlFault> {
    let ast::Update {
        update_token: _,
        optimizer_hints,
        table,
        assignments,
        from: None,
        selection,
        returning: None,
        output: None,
        or: None,
        order_by,
        limit: None,
    } = update
    else {
        return Err(FORM);
    };
    if !(optimizer_hints.is_empty() && order_by.is_empty()) {
        return Err(FORM);
    }
    let (form, name) = one_view(table, scope)?;
    let filter = filter(selection.as_ref(), form, &name, scope)?;
    let seen = [Seen { form, number: 0, name }];
    let mut reader = Reader::new(scope);
    let set = |assignment: &ast::Assignment| {
        let ast::Assignment { target, value } = assignment;
        let ast::AssignmentTarget::ColumnName(name) = target else {
            return Err(SqlFault::Construct("SET of several columns at once"));
        };
        let at = column(name, form)?;
        if form.columns[at].key {
            return Err(SqlFault::Rule("what names a row never changes: remove it and add another"));
        }
        let value = reader.expr(value, Sight::new(&seen, false, false))?;
        Ok((at, types::expect(value, type_of(&form.columns[at]), "this column")?))
    };
    let set = assignments.iter().map(set).collect::<Result<Vec<(usize, Expr)>, SqlFault>>()?;
    once(&set.iter().map(|(at, _)| *at).collect::<Vec<_>>(), form)?;
    Ok(Write::Update(Update::new(filter, set)))
}

fn removal(delete: &ast::Delete, scope: Scope) -> Result<Write, SqlFault> {
    let ast::Delete {
        delete_token: _,
        optimizer_hints,
        tables,
        from: ast::FromTable::WithFromKeyword(from),
        using: None,
        selection,
        returning: None,
        output: None,
        order_by,
        limit: None,
    } = delete
    else {
        return Err(FORM);
    };
    let ([table], true) = (from.as_slice(), optimizer_hints.is_empty() && tables.is_empty() && order_by.is_empty())
    else {
        return Err(FORM);
    };
    let (form, name) = one_view(table, scope)?;
    if !form.grows {
        return Err(SqlFault::Rule("rows of this form are changed, and neither added nor removed"));
    }
    Ok(Write::Delete { filter: filter(selection.as_ref(), form, &name, scope)? })
}

fn one_view(table: &ast::TableWithJoins, scope: Scope) -> Result<(&'static Form, String), SqlFault> {
    let ast::TableWithJoins { relation, joins } = table;
    if !joins.is_empty() {
        return Err(SqlFault::Rule("a statement writes one view"));
    }
    let (form, name) = super::select::named(relation, scope)?;
    Ok((form, name.value))
}

fn filter(selection: Option<&ast::Expr>, form: &'static Form, name: &str, scope: Scope) -> Result<Filter, SqlFault> {
    let selection = selection.ok_or(SqlFault::Rule("UPDATE and DELETE say WHERE; every row is WHERE TRUE"))?;
    Ok(Filter::new(form, scope, of_form(selection, form, name, scope)?))
}

fn column(name: &ast::ObjectName, form: &'static Form) -> Result<usize, SqlFault> {
    let name = Name::plain(name)?;
    form.columns.iter().position(|column| name.means(column.name)).ok_or_else(|| SqlFault::Column(name.shown()))
}

fn once(columns: &[usize], form: &'static Form) -> Result<(), SqlFault> {
    let twice = columns.iter().enumerate().find(|(place, at)| columns[..*place].contains(at));
    match twice {
        None => Ok(()),
        Some((_, at)) => Err(SqlFault::Twice(super::super::fault::Shown::new(form.columns[*at].name))),
    }
}
