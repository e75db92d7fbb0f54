//! Expressions for a database, each in brackets of its own. Where SQLite and PostgreSQL differ, it is here.

use super::super::ir::{Aggregate, Comparison, Distinct, Expr, Function, Glyph, Node, Operator, Pattern};
use super::super::{Dialect, Type};
use super::{Bind, Writer};

/// Arms of an AND or OR that are written beside each other.
const MOST_BESIDE: usize = 16;

impl Writer {
    pub(super) fn expr(&mut self, of: &Expr) {
        match &of.node {
            Node::Null => self.null(of.kind),
            Node::Boolean(value) => self.sql.push_str(if *value { "TRUE" } else { "FALSE" }),
            Node::Integer(number) => match self.dialect {
                // A negative one in brackets: after a minus it would begin a comment.
                Dialect::Sqlite if *number < 0 => self.put(format_args!("({number})")),
                Dialect::Sqlite => self.put(format_args!("{number}")),
                // By itself it would be of 32 bits where it fits, and so would what is computed of it.
                Dialect::Postgres => self.put(format_args!("CAST({number} AS BIGINT)")),
            },
            Node::Text(text) => self.text(text),
            Node::Column(place) => self.put(format_args!("\"t{}\".\"{}\"", place.view, place.name)),
            Node::Not(part) => self.wrapped("(NOT ", &[part], ")"),
            Node::All(arms) => self.many(arms, " AND "),
            Node::Any(arms) => self.many(arms, " OR "),
            Node::Compare(how, left, right) => self.pair(left, comparison(*how), right),
            Node::Between(part, low, high) => {
                self.wrapped("(", &[part], " BETWEEN ");
                self.expr(low);
                self.wrapped(" AND ", &[high], ")");
            }
            Node::IsNull(part) => self.wrapped("(", &[part], " IS NULL)"),
            Node::Is(part, true) => self.wrapped("(", &[part], " IS TRUE)"),
            Node::Is(part, false) => self.wrapped("(", &[part], " IS FALSE)"),
            Node::Like(part, pattern) => self.like(part, pattern),
            Node::InList(part, list) => {
                self.wrapped("(", &[part], " IN (");
                self.wrapped("", &list.iter().collect::<Vec<_>>(), "))");
            }
            Node::InSelect(part, body) => {
                self.wrapped("(", &[part], " IN (");
                self.body(body);
                self.sql.push_str("))");
            }
            Node::Arithmetic(how, left, right) => self.arithmetic(*how, left, right),
            Node::Negate(part) => self.wrapped("(- ", &[part], ")"),
            Node::Concat(left, right) => self.pair(left, " || ", right),
            Node::Call(function, arguments) => self.call(*function, arguments),
            Node::Substring(part, from, length) => {
                self.wrapped("SUBSTR(", &[part], "");
                self.put(format_args!(", {from}"));
                if let Some(length) = length {
                    self.put(format_args!(", {length}"));
                }
                self.sql.push(')');
            }
            Node::Case { operand, arms, otherwise } => self.case(operand.as_deref(), arms, otherwise.as_deref()),
            Node::Count(None, _) => self.sql.push_str("COUNT(*)"),
            Node::Count(Some(part), Distinct::No) => self.wrapped("COUNT(", &[part], ")"),
            Node::Count(Some(part), Distinct::Yes) => self.wrapped("COUNT(DISTINCT ", &[part], ")"),
            Node::Aggregate(which, part) => self.aggregate(*which, part),
        }
    }

    /// With its type: by itself PostgreSQL takes it for a text.
    fn null(&mut self, kind: Type) {
        match (self.dialect, kind) {
            (Dialect::Sqlite, _) => self.sql.push_str("NULL"),
            (Dialect::Postgres, Type::Boolean) => self.sql.push_str("CAST(NULL AS BOOLEAN)"),
            (Dialect::Postgres, Type::Integer) => self.sql.push_str("CAST(NULL AS BIGINT)"),
            (Dialect::Postgres, Type::Real) => self.sql.push_str("CAST(NULL AS DOUBLE PRECISION)"),
            (Dialect::Postgres, Type::Text) => self.sql.push_str("(CAST(NULL AS TEXT) COLLATE \"C\")"),
        }
    }

    /// As a bound value. The same text is the same value: PostgreSQL knows by that an expression of GROUP BY where it is said
    /// again.
    fn text(&mut self, text: &str) {
        let number = self.bind(text);
        match self.dialect {
            Dialect::Sqlite => self.put(format_args!("?{number}")),
            Dialect::Postgres => self.put(format_args!("(CAST(${number} AS TEXT) COLLATE \"C\")")),
        }
    }

    fn bind(&mut self, text: &str) -> usize {
        let known = self.binds.iter().position(|bind| matches!(bind, Bind::Text(other) if other == text));
        let at = known.unwrap_or_else(|| {
            self.binds.push(Bind::Text(text.to_owned()));
            self.binds.len() - 1
        });
        at + 1
    }

    /// Parts with commas between them.
    fn wrapped(&mut self, before: &str, parts: &[&Expr], after: &str) {
        self.sql.push_str(before);
        for (at, part) in parts.iter().enumerate() {
            self.comma(at);
            self.expr(part);
        }
        self.sql.push_str(after);
    }

    /// Many arms in halves: SQLite hangs each under the next, and takes only so many levels.
    fn many(&mut self, arms: &[Expr], between: &str) {
        self.sql.push('(');
        if arms.len() > MOST_BESIDE {
            let (left, right) = arms.split_at(arms.len() / 2);
            self.many(left, between);
            self.sql.push_str(between);
            self.many(right, between);
        } else {
            for (at, arm) in arms.iter().enumerate() {
                if at > 0 {
                    self.sql.push_str(between);
                }
                self.expr(arm);
            }
        }
        self.sql.push(')');
    }

    fn pair(&mut self, left: &Expr, between: &str, right: &Expr) {
        self.wrapped("(", &[left], between);
        self.wrapped("", &[right], ")");
    }

    /// SQLite's LIKE takes either case but for a switch of the connection; its GLOB never does. PostgreSQL's quotes by the
    /// backslash when nothing else is said.
    fn like(&mut self, of: &Expr, pattern: &Pattern) {
        self.wrapped("(", &[of], "");
        match self.dialect {
            Dialect::Sqlite => {
                let number = self.bind(&glob(pattern));
                self.put(format_args!(" GLOB ?{number})"));
            }
            Dialect::Postgres => {
                let number = self.bind(&like(pattern));
                self.put(format_args!(" LIKE (CAST(${number} AS TEXT) COLLATE \"C\"))"));
            }
        }
    }

    fn arithmetic(&mut self, how: Operator, left: &Expr, right: &Expr) {
        let (between, after) = match how {
            Operator::Add => (" + ", ")"),
            Operator::Subtract => (" - ", ")"),
            Operator::Multiply => (" * ", ")"),
            // SQLite says NULL by itself; PostgreSQL would fail.
            Operator::Divide => (" / NULLIF(", ", 0))"),
            Operator::Remainder => (" % NULLIF(", ", 0))"),
        };
        self.wrapped("(", &[left], between);
        self.wrapped("", &[right], after);
    }

    fn call(&mut self, function: Function, arguments: &[Expr]) {
        let parts: Vec<_> = arguments.iter().collect();
        let (before, after) = match (function, self.dialect) {
            (Function::Lower, _) => ("LOWER(", ")"),
            (Function::Upper, _) => ("UPPER(", ")"),
            (Function::Trim, _) => ("TRIM(", ")"),
            (Function::Abs, _) => ("ABS(", ")"),
            (Function::Coalesce, _) => ("COALESCE(", ")"),
            (Function::NullIf, _) => ("NULLIF(", ")"),
            (Function::Length, Dialect::Sqlite) => ("LENGTH(", ")"),
            // Of 32 bits by itself.
            (Function::Length, Dialect::Postgres) => ("CAST(LENGTH(", ") AS BIGINT)"),
            (Function::Text, Dialect::Sqlite) => ("CAST(", " AS TEXT)"),
            (Function::Text, Dialect::Postgres) => ("(CAST(", " AS TEXT) COLLATE \"C\")"),
        };
        self.wrapped(before, &parts, after);
    }

    fn case(&mut self, operand: Option<&Expr>, arms: &[(Expr, Expr)], otherwise: Option<&Expr>) {
        self.sql.push_str("CASE");
        if let Some(operand) = operand {
            self.wrapped(" ", &[operand], "");
        }
        for (when, then) in arms {
            self.wrapped(" WHEN ", &[when], "");
            self.wrapped(" THEN ", &[then], "");
        }
        if let Some(otherwise) = otherwise {
            self.wrapped(" ELSE ", &[otherwise], "");
        }
        self.sql.push_str(" END");
    }

    fn aggregate(&mut self, which: Aggregate, of: &Expr) {
        match (which, self.dialect) {
            (Aggregate::Min, _) => self.wrapped("MIN(", &[of], ")"),
            (Aggregate::Max, _) => self.wrapped("MAX(", &[of], ")"),
            (Aggregate::Sum, Dialect::Sqlite) => self.wrapped("SUM(", &[of], ")"),
            // Of any length by itself.
            (Aggregate::Sum, Dialect::Postgres) => self.wrapped("CAST(SUM(", &[of], ") AS BIGINT)"),
            (Aggregate::Average, Dialect::Sqlite) => {
                self.average(of, "CAST(", "CAST(SUM(", ") AS REAL)", "REAL", " AS INTEGER)");
            }
            (Aggregate::Average, Dialect::Postgres) => {
                let double = "DOUBLE PRECISION";
                self.average(of, "TRUNC(", "CAST(SUM(", ") AS DOUBLE PRECISION)", double, ")");
            }
        }
    }

    /// Sum by count, rounded to 6 decimals away from zero. Only with what both do alike: the same steps on numbers of 64 bits.
    /// Their own AVG and ROUND are not alike.
    fn average(&mut self, of: &Expr, whole: &str, sum: &str, summed: &str, real: &str, end: &str) {
        self.put(format_args!("({whole}"));
        self.wrapped(sum, &[of], summed);
        self.wrapped(" / COUNT(", &[of], "");
        self.put(format_args!(") * CAST(1000000 AS {real}) + CASE WHEN "));
        self.wrapped("SUM(", &[of], "");
        self.put(format_args!(") < 0 THEN CAST(-0.5 AS {real}) ELSE CAST(0.5 AS {real}) END{end}"));
        self.put(format_args!(" / CAST(1000000 AS {real}))"));
    }
}

fn comparison(how: Comparison) -> &'static str {
    match how {
        Comparison::Equal => " = ",
        Comparison::Unequal => " <> ",
        Comparison::Less => " < ",
        Comparison::LessOrEqual => " <= ",
        Comparison::Greater => " > ",
        Comparison::GreaterOrEqual => " >= ",
    }
}

fn glob(pattern: &Pattern) -> String {
    let mut text = String::new();
    for glyph in &pattern.0 {
        match glyph {
            Glyph::Any => text.push('*'),
            Glyph::One => text.push('?'),
            // In a set of its own it means itself.
            Glyph::Char(letter @ ('*' | '?' | '[')) => text.extend(['[', *letter, ']']),
            Glyph::Char(letter) => text.push(*letter),
        }
    }
    text
}

fn like(pattern: &Pattern) -> String {
    let mut text = String::new();
    for glyph in &pattern.0 {
        match glyph {
            Glyph::Any => text.push('%'),
            Glyph::One => text.push('_'),
            Glyph::Char(letter @ ('%' | '_' | '\\')) => text.extend(['\\', *letter]),
            Glyph::Char(letter) => text.push(*letter),
        }
    }
    text
}
