//! GROUP BY, ORDER BY, LIMIT, and how what comes out is called.

use std::collections::BTreeSet;

use sqlparser::ast;

use super::super::LARGEST_LIMIT;
use super::super::fault::{Shown, SqlFault};
use super::super::ir::{Body, By, Distinct, Expr, Node, Sort};
use super::expressions::{Reader, Sight};
use super::names::{Name, Seen};

/// The largest OFFSET.
const LARGEST_OFFSET: u32 = 1_000_000_000;
/// Expressions of GROUP BY and of ORDER BY.
const MOST_KEYS: usize = 32;

/// How a column that comes out is called.
#[derive(Debug)]
pub(super) struct Title {
    pub name: String,
    /// The statement says so itself.
    pub said: bool,
}

impl Reader {
    pub(super) fn group(
        &mut self,
        group: &[ast::Expr],
        seen: &[Seen],
        items: &[Expr],
        titles: &[Title],
    ) -> Result<Vec<Expr>, SqlFault> {
        if group.len() > MOST_KEYS {
            return Err(SqlFault::TooLarge("a statement groups and sorts by 32 expressions at most"));
        }
        let mut read = Vec::new();
        for of in group {
            let by = match position(of, items.len())? {
                Some(at) => items[at].clone(),
                // A name is a column's first, then that of what comes out.
                None => match self.expr(of, Sight::new(seen, false, false)) {
                    Err(SqlFault::Column(name)) => match item_of(of, items, titles)? {
                        Some(at) => items[at].clone(),
                        None => return Err(SqlFault::Column(name)),
                    },
                    read => read?,
                },
            };
            if has_aggregate(&by) || by.is_constant() {
                return Err(SqlFault::Rule("what follows GROUP BY has a column, and no count or sum"));
            }
            if !read.contains(&by) {
                read.push(by);
            }
        }
        Ok(read)
    }

    pub(super) fn order(
        &mut self,
        order: &ast::OrderBy,
        body: &Body,
        seen: &[Seen],
        titles: &[Title],
    ) -> Result<Vec<Sort>, SqlFault> {
        let ast::OrderBy { kind: ast::OrderByKind::Expressions(keys), interpolate: None } = order else {
            return Err(SqlFault::Construct("this form of ORDER BY"));
        };
        if keys.len() > MOST_KEYS {
            return Err(SqlFault::TooLarge("a statement groups and sorts by 32 expressions at most"));
        }
        let mut sorts = Vec::new();
        for ast::OrderByExpr { expr, options, with_fill } in keys {
            let ast::OrderByOptions { sort, nulls_first } = options;
            let descending = match sort {
                None | Some(ast::OrderBySort::Asc) => false,
                Some(ast::OrderBySort::Desc) => true,
                Some(ast::OrderBySort::Using(_)) => return Err(SqlFault::Construct("this form of ORDER BY")),
            };
            if with_fill.is_some() || *nulls_first == Some(true) {
                return Err(SqlFault::Rule("NULL comes last in every order"));
            }
            let item = position(expr, body.items.len())?;
            let by = match item.map_or_else(|| item_of(expr, &body.items, titles), |at| Ok(Some(at)))? {
                Some(at) => By::Item(at),
                None => {
                    let of = self.expr(expr, Sight::new(seen, true, false))?;
                    if has_aggregate(&of) && !body.grouped {
                        return Err(SqlFault::Rule("a count or sum in ORDER BY stands in a SELECT that has others"));
                    }
                    match body.items.iter().position(|item| *item == of) {
                        Some(at) => By::Item(at),
                        // It would sort nothing.
                        None if of.is_constant() => continue,
                        None if body.distinct == Distinct::Yes => {
                            return Err(SqlFault::Rule("SELECT DISTINCT is sorted by what it yields"));
                        }
                        None => By::Expr(of),
                    }
                }
            };
            sorts.push(Sort { by, descending });
        }
        Ok(sorts)
    }
}

fn number(of: &ast::Expr, most: u32, rule: &'static str) -> Result<u32, SqlFault> {
    let digits = match of {
        ast::Expr::Value(ast::ValueWithSpan { value: ast::Value::Number(digits, false), span: _ }) => Some(digits),
        _ => None,
    };
    digits.and_then(|digits| digits.parse().ok()).filter(|number| *number <= most).ok_or(SqlFault::Rule(rule))
}

pub(super) fn count(limit: &ast::LimitClause) -> Result<(Option<u32>, u64), SqlFault> {
    let ast::LimitClause::LimitOffset { limit, offset, limit_by } = limit else {
        return Err(SqlFault::Construct("LIMIT with a comma"));
    };
    if !limit_by.is_empty() {
        return Err(SqlFault::Construct("LIMIT BY"));
    }
    let limit = limit.as_ref().map(|of| number(of, LARGEST_LIMIT, "LIMIT takes a number from 0 to 100000"));
    let offset = offset.as_ref().map(|ast::Offset { value, rows: _ }| {
        number(value, LARGEST_OFFSET, "OFFSET takes a number from 0 to 1000000000")
    });
    Ok((limit.transpose()?, offset.transpose()?.unwrap_or(0).into()))
}

pub(super) fn has_aggregate(of: &Expr) -> bool {
    of.any(&Expr::is_aggregate)
}

/// A number alone is a place among what comes out.
fn position(of: &ast::Expr, items: usize) -> Result<Option<usize>, SqlFault> {
    let ast::Expr::Value(ast::ValueWithSpan { value: ast::Value::Number(..), span: _ }) = of else { return Ok(None) };
    const RULE: &str = "a number after GROUP BY or ORDER BY counts what comes out, from 1";
    let at = number(of, u32::MAX, RULE)? as usize;
    if (1..=items).contains(&at) { Ok(Some(at - 1)) } else { Err(SqlFault::Rule(RULE)) }
}

/// The item of this name.
fn item_of(of: &ast::Expr, items: &[Expr], titles: &[Title]) -> Result<Option<usize>, SqlFault> {
    let ast::Expr::Identifier(name) = of else { return Ok(None) };
    let name = Name::read(name)?;
    let mut found = titles.iter().enumerate().filter(|(_, title)| name.means(&title.name)).map(|(at, _)| at);
    let Some(first) = found.next() else { return Ok(None) };
    if found.all(|other| items[other] == items[first]) {
        Ok(Some(first))
    } else {
        Err(SqlFault::Ambiguous(name.shown()))
    }
}

/// How an expression is called that has no name.
pub(super) fn implied(of: &ast::Expr, place: usize) -> String {
    match of {
        ast::Expr::Nested(of) => implied(of, place),
        ast::Expr::Identifier(name) => name.value.to_ascii_lowercase(),
        ast::Expr::CompoundIdentifier(parts) => {
            parts.last().map(|name| name.value.to_ascii_lowercase()).unwrap_or_default()
        }
        ast::Expr::Function(function) => function.name.to_string().to_ascii_lowercase(),
        _ => format!("column_{place}"),
    }
}

/// One name for each column. Those that the statement says are kept; of the others the second of a name gets a number.
pub(super) fn titled(titles: Vec<Title>) -> Result<Vec<String>, SqlFault> {
    let mut said = BTreeSet::new();
    for title in titles.iter().filter(|title| title.said) {
        if !said.insert(title.name.clone()) {
            return Err(SqlFault::Twice(Shown::new(&title.name)));
        }
    }
    let mut taken = said;
    let mut names = Vec::new();
    for Title { name, said } in titles {
        let mut free = name.clone();
        let mut number = 2;
        while !said && !taken.insert(free.clone()) {
            free = format!("{name}_{number}");
            number += 1;
        }
        names.push(free);
    }
    Ok(names)
}

/// Refuses columns beside counts and sums that rows are not put together by.
pub(super) fn ungrouped(body: &Body, sorts: &[Sort]) -> Result<(), SqlFault> {
    if !body.grouped {
        return Ok(());
    }
    let sorted = sorts.iter().filter_map(|sort| match &sort.by {
        By::Item(_) => None,
        By::Expr(of) => Some(of),
    });
    let whole = body.items.iter().chain(&body.having).chain(sorted);
    if whole.into_iter().all(|of| one_of_group(of, &body.group)) {
        return Ok(());
    }
    Err(SqlFault::Rule("beside counts and sums stand columns that are in GROUP BY, no others"))
}

/// Whether it has one value for all rows that are put together.
fn one_of_group(of: &Expr, group: &[Expr]) -> bool {
    if group.contains(of) || of.is_aggregate() {
        return true;
    }
    match &of.node {
        Node::Column(_) => false,
        _ => of.parts().into_iter().all(|part| one_of_group(part, group)),
    }
}
