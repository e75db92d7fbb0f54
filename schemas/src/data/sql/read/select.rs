//! SELECT: what it yields, of which views, and in which order.

use sqlparser::ast;

use super::super::super::form::Form;
use super::super::fault::SqlFault;
use super::super::ir::{Body, Distinct, Expr, Join, View};
use super::super::select::{OutColumn, Select};
use super::super::{MOST_COLUMNS, MOST_VIEWS, Scope};
use super::expressions::{Reader, Sight};
use super::names::{self, Name, Seen};
use super::sorting::{Title, count, has_aggregate, implied, titled, ungrouped};

/// What is read of a body, with what ORDER BY needs to know of it.
#[derive(Debug)]
struct Read {
    body: Body,
    seen: Vec<Seen>,
    titles: Vec<Title>,
}

impl Reader {
    pub(super) fn query(mut self, query: &ast::Query) -> Result<Select, SqlFault> {
        let (select, order, limit) = clauses(query)?;
        let Read { body, seen, titles } = self.body(select, true)?;
        let asked = order.map(|order| self.order(order, &body, &seen, &titles)).transpose()?.unwrap_or_default();
        let (limit, offset) = limit.map(count).transpose()?.unwrap_or((None, 0));
        ungrouped(&body, &asked)?;
        let columns = body.items.iter().zip(titled(titles)?);
        let columns = columns.map(|(item, name)| OutColumn { name, kind: item.kind }).collect();
        Ok(Select::new(self.scope, body, columns, asked, limit, offset))
    }

    /// What `IN` may take: one column, of one body that knows nothing of the statement around it.
    pub(super) fn subquery(&mut self, query: &ast::Query) -> Result<Body, SqlFault> {
        let (select, order, limit) = clauses(query)?;
        if order.is_some() || limit.is_some() {
            return Err(SqlFault::Construct("ORDER BY or LIMIT after IN"));
        }
        let Read { body, .. } = self.body(select, false)?;
        ungrouped(&body, &[])?;
        if body.items.len() == 1 { Ok(body) } else { Err(SqlFault::Rule("what follows IN (SELECT is one column")) }
    }

    fn body(&mut self, select: &ast::Select, selects: bool) -> Result<Read, SqlFault> {
        let ast::Select {
            select_token: _,
            optimizer_hints,
            distinct,
            select_modifiers: None,
            top: None,
            top_before_distinct: _,
            projection,
            exclude: None,
            into,
            from,
            lateral_views,
            prewhere: None,
            selection,
            connect_by,
            group_by: ast::GroupByExpr::Expressions(group, modifiers),
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify: None,
            window_before_qualify: _,
            value_table_mode: None,
            flavor: ast::SelectFlavor::Standard,
        } = select
        else {
            return Err(SqlFault::Construct("this form of SELECT"));
        };
        if into.is_some() {
            return Err(SqlFault::Construct("SELECT INTO"));
        }
        let other = [optimizer_hints.is_empty(), lateral_views.is_empty(), connect_by.is_empty(), modifiers.is_empty()];
        let more = [cluster_by.is_empty(), distribute_by.is_empty(), sort_by.is_empty(), named_window.is_empty()];
        if other.into_iter().chain(more).any(|empty| !empty) {
            return Err(SqlFault::Construct("this form of SELECT"));
        }
        let distinct = match distinct {
            None | Some(ast::Distinct::All) => Distinct::No,
            Some(ast::Distinct::Distinct) => Distinct::Yes,
            Some(ast::Distinct::On(_)) => return Err(SqlFault::Construct("DISTINCT ON")),
        };
        let (views, seen) = self.from(from, selects)?;
        let row = Sight::new(&seen, false, selects);
        let filter = selection.as_ref().map(|of| self.condition(of, row, "WHERE")).transpose()?;
        let (items, titles) = self.items(projection, &seen, selects)?;
        let group = self.group(group, &seen, &items, &titles)?;
        let having = having.as_ref().map(|of| self.condition(of, Sight::new(&seen, true, selects), "HAVING"));
        let having = having.transpose()?;
        if having.is_some() && group.is_empty() {
            return Err(SqlFault::Rule("HAVING stands after GROUP BY"));
        }
        let grouped = !group.is_empty() || items.iter().any(has_aggregate);
        let body = Body { views, filter, items, distinct, grouped, group, having };
        Ok(Read { body, seen, titles })
    }

    fn from(&mut self, from: &[ast::TableWithJoins], selects: bool) -> Result<(Vec<View>, Vec<Seen>), SqlFault> {
        if from.is_empty() {
            return Err(SqlFault::Rule("a SELECT says FROM which view"));
        }
        let (mut views, mut seen) = (Vec::new(), Vec::new());
        for ast::TableWithJoins { relation, joins } in from {
            let first = seen.len();
            let (form, number) = self.view(relation, &mut seen)?;
            views.push(View { form, number, join: Join::Cross });
            for ast::Join { relation, global, join_operator } in joins {
                if *global {
                    return Err(SqlFault::Construct("this join"));
                }
                let (form, number) = self.view(relation, &mut seen)?;
                // What stands before a comma is not seen by the joins behind it.
                let sight = Sight::new(&seen[first..], false, selects);
                let join = match join_operator {
                    ast::JoinOperator::Join(on) | ast::JoinOperator::Inner(on) => Join::Inner(self.on(on, sight)?),
                    ast::JoinOperator::Left(on) | ast::JoinOperator::LeftOuter(on) => Join::Left(self.on(on, sight)?),
                    ast::JoinOperator::CrossJoin(ast::JoinConstraint::None) => Join::Cross,
                    _ => return Err(SqlFault::Rule("views are joined by JOIN, LEFT JOIN and CROSS JOIN")),
                };
                views.push(View { form, number, join });
            }
        }
        Ok((views, seen))
    }

    fn on(&mut self, on: &ast::JoinConstraint, sight: Sight<'_>) -> Result<Expr, SqlFault> {
        match on {
            ast::JoinConstraint::On(of) => self.condition(of, sight, "ON"),
            _ => Err(SqlFault::Rule("a JOIN says ON what")),
        }
    }

    fn view(&mut self, of: &ast::TableFactor, seen: &mut Vec<Seen>) -> Result<(&'static Form, usize), SqlFault> {
        let (form, name) = named(of, self.scope)?;
        if seen.iter().any(|other| other.name.eq_ignore_ascii_case(&name.value)) {
            return Err(SqlFault::Twice(name.shown()));
        }
        if self.views == MOST_VIEWS {
            return Err(SqlFault::TooLarge("a statement is of 6 views at most"));
        }
        let number = self.views;
        self.views += 1;
        seen.push(Seen { form, number, name: name.value });
        Ok((form, number))
    }

    fn items(
        &mut self,
        projection: &[ast::SelectItem],
        seen: &[Seen],
        selects: bool,
    ) -> Result<(Vec<Expr>, Vec<Title>), SqlFault> {
        let (mut items, mut titles) = (Vec::new(), Vec::new());
        for item in projection {
            let sight = Sight::new(seen, true, selects);
            let place = items.len() + 1;
            let mut put = |item, name: &str, said| {
                items.push(item);
                titles.push(Title { name: name.to_owned(), said });
            };
            let stars = match item {
                ast::SelectItem::UnnamedExpr(of) => {
                    let read = self.expr(of, sight)?;
                    put(read, &implied(of, place), false);
                    &[]
                }
                ast::SelectItem::ExprWithAlias { expr, alias } => {
                    put(self.expr(expr, sight)?, &Name::read(alias)?.value, true);
                    &[]
                }
                ast::SelectItem::Wildcard(options) => {
                    bare(options)?;
                    seen
                }
                ast::SelectItem::QualifiedWildcard(ast::SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    bare(options)?;
                    std::slice::from_ref(names::view(&Name::plain(name)?, seen)?)
                }
                _ => return Err(SqlFault::Construct("this form of *")),
            };
            for view in stars {
                for (name, item) in names::columns(view.form, view.number, self.scope) {
                    put(item, name, false);
                }
            }
            if items.len() > MOST_COLUMNS {
                return Err(SqlFault::TooLarge("a statement yields 200 columns at most"));
            }
        }
        if items.is_empty() { Err(SqlFault::Rule("a SELECT yields a column")) } else { Ok((items, titles)) }
    }
}

/// The form and the name of a view where a view stands.
pub(super) fn named(of: &ast::TableFactor, scope: Scope) -> Result<(&'static Form, Name), SqlFault> {
    let ast::TableFactor::Table {
        name,
        alias,
        args: None,
        with_hints,
        version: None,
        with_ordinality: false,
        partitions,
        json_path: None,
        sample: None,
        index_hints,
    } = of
    else {
        return Err(SqlFault::Rule("FROM and JOIN take the names of views, nothing else"));
    };
    if !(with_hints.is_empty() && partitions.is_empty() && index_hints.is_empty()) {
        return Err(SqlFault::Construct("a hint after a view"));
    }
    let name = Name::plain(name)?;
    let form = name.form(scope)?;
    let name = match alias {
        None => name,
        Some(ast::TableAlias { explicit: _, name, columns, at: None }) if columns.is_empty() => Name::read(name)?,
        Some(_) => return Err(SqlFault::Construct("names of columns after a view")),
    };
    Ok((form, name))
}

/// The parts of a query that there may be.
type Clauses<'a> = (&'a ast::Select, Option<&'a ast::OrderBy>, Option<&'a ast::LimitClause>);

fn clauses(query: &ast::Query) -> Result<Clauses<'_>, SqlFault> {
    let ast::Query {
        with: None,
        body,
        order_by,
        limit_clause,
        fetch: None,
        locks,
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators,
    } = query
    else {
        return Err(SqlFault::Construct("a clause around the SELECT"));
    };
    if !locks.is_empty() {
        return Err(SqlFault::Construct("FOR UPDATE or SHARE"));
    }
    if !pipe_operators.is_empty() {
        return Err(SqlFault::Construct("a clause around the SELECT"));
    }
    match &**body {
        ast::SetExpr::Select(select) => Ok((select, order_by.as_ref(), limit_clause.as_ref())),
        ast::SetExpr::SetOperation { .. } => Err(SqlFault::Construct("UNION and its like")),
        ast::SetExpr::Query(_) => Err(SqlFault::Construct("a SELECT in brackets")),
        ast::SetExpr::Values(_) => Err(SqlFault::Construct("VALUES without INSERT")),
        _ => Err(SqlFault::Construct("anything but SELECT here")),
    }
}

fn bare(options: &ast::WildcardAdditionalOptions) -> Result<(), SqlFault> {
    match options {
        ast::WildcardAdditionalOptions {
            wildcard_token: _,
            opt_ilike: None,
            opt_exclude: None,
            opt_except: None,
            opt_replace: None,
            opt_rename: None,
            opt_alias: None,
        } => Ok(()),
        _ => Err(SqlFault::Construct("a clause after *")),
    }
}
