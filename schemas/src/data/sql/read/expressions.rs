//! Expressions: from the parser's tree into ours, by a list of what is allowed.

use sqlparser::ast::{self, BinaryOperator, UnaryOperator};

use super::super::fault::SqlFault;
use super::super::ir::{Comparison, Expr, Extent, Function, Glyph, Node, Operator, Pattern};
use super::super::{DEEPEST, MOST_NODES, Scope, Type};
use super::names::{self, Name, Seen};
use super::types;

/// Arms of one AND or OR: databases go one deeper for each.
const MOST_ARMS: usize = 256;
/// `%` in one pattern: each may begin a search of its own.
const MOST_WILD: usize = 8;
/// Characters of a pattern.
const LONGEST_PATTERN: usize = 256;

/// Reads one statement; counts what it has.
#[derive(Debug)]
pub(super) struct Reader {
    pub scope: Scope,
    nodes: usize,
    /// Views so far; the next has this number.
    pub views: usize,
}

/// Where an expression stands, and what it may see there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sight<'a> {
    pub seen: &'a [Seen],
    /// Counts and sums may stand here.
    pub aggregates: bool,
    /// `IN (SELECT …)` may stand here.
    pub selects: bool,
    depth: usize,
}

impl<'a> Sight<'a> {
    pub fn new(seen: &'a [Seen], aggregates: bool, selects: bool) -> Self {
        Self { seen, aggregates, selects, depth: 0 }
    }

    /// Within a count or sum.
    pub fn row(self) -> Self {
        Self { aggregates: false, ..self }
    }
}

impl Reader {
    pub fn new(scope: Scope) -> Self {
        Self { scope, nodes: 0, views: 0 }
    }

    /// An expression that is true or false.
    pub fn condition(&mut self, of: &ast::Expr, sight: Sight<'_>, place: &'static str) -> Result<Expr, SqlFault> {
        types::expect(self.expr(of, sight)?, Type::Boolean, place)
    }

    pub fn expr(&mut self, of: &ast::Expr, sight: Sight<'_>) -> Result<Expr, SqlFault> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(SqlFault::TooLarge("a statement has 1,000 names, values and operations at most"));
        }
        let sight = Sight { depth: sight.depth + 1, ..sight };
        if sight.depth > DEEPEST {
            return Err(SqlFault::TooLarge("a statement is nested 32 deep at most"));
        }
        match of {
            ast::Expr::Nested(of) => self.expr(of, sight),
            ast::Expr::Identifier(name) => names::column(&Name::read(name)?, sight.seen, self.scope),
            ast::Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [view, name] => names::column_of(&Name::read(view)?, &Name::read(name)?, sight.seen, self.scope),
                _ => Err(SqlFault::Construct("a name with a schema")),
            },
            ast::Expr::Value(value) => literal(&value.value),
            ast::Expr::UnaryOp { op, expr } => {
                let part = self.expr(expr, sight)?;
                match op {
                    UnaryOperator::Not => Ok(types::expect(part, Type::Boolean, "NOT")?.not()),
                    UnaryOperator::Minus => types::negate(part),
                    UnaryOperator::Plus => types::expect(part, Type::Integer, "arithmetic"),
                    _ => Err(SqlFault::Construct("this operator")),
                }
            }
            ast::Expr::BinaryOp { left, op, right } => self.operation(left, op, right, sight),
            ast::Expr::IsNull(of) => self.is_null(of, sight),
            ast::Expr::IsNotNull(of) => Ok(self.is_null(of, sight)?.not()),
            ast::Expr::IsTrue(of) => self.is(of, true, sight),
            ast::Expr::IsNotTrue(of) => Ok(self.is(of, true, sight)?.not()),
            ast::Expr::IsFalse(of) => self.is(of, false, sight),
            ast::Expr::IsNotFalse(of) => Ok(self.is(of, false, sight)?.not()),
            ast::Expr::IsUnknown(of) => self.is_unknown(of, sight),
            ast::Expr::IsNotUnknown(of) => Ok(self.is_unknown(of, sight)?.not()),
            ast::Expr::Between { expr, negated, low, high } => {
                let (of, low, high) = (self.expr(expr, sight)?, self.expr(low, sight)?, self.expr(high, sight)?);
                Ok(negate_if(*negated, types::between(of, low, high)?))
            }
            ast::Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                let of = types::expect(self.expr(expr, sight)?, Type::Text, "LIKE")?;
                let like = Node::Like(Box::new(of), like_pattern(pattern, escape_char.as_deref())?);
                Ok(negate_if(*negated, Expr::boolean(like)))
            }
            ast::Expr::InList { expr, list, negated } => {
                let mut of = self.expr(expr, sight)?;
                let mut list = list.iter().map(|one| self.expr(one, sight)).collect::<Result<Vec<_>, _>>()?;
                if list.is_empty() {
                    return Err(SqlFault::Construct("IN without values"));
                }
                types::unify(&mut std::iter::once(&mut of).chain(&mut list).collect::<Vec<_>>())?;
                Ok(negate_if(*negated, Expr::boolean(Node::InList(Box::new(of), list))))
            }
            ast::Expr::InSubquery { expr, subquery, negated } => {
                if !sight.selects {
                    return Err(SqlFault::Rule(
                        "IN (SELECT ...) stands in a statement of its own, and in no other of its kind",
                    ));
                }
                let mut of = self.expr(expr, sight)?;
                let mut body = self.subquery(subquery)?;
                types::same(&mut of, &mut body.items[0])?;
                Ok(negate_if(*negated, Expr::boolean(Node::InSelect(Box::new(of), Box::new(body)))))
            }
            ast::Expr::Case { case_token: _, end_token: _, operand, conditions, else_result } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref(), sight)
            }
            ast::Expr::Function(function) => self.function(function, sight),
            ast::Expr::Cast { kind: ast::CastKind::Cast, expr, data_type, format: None } => {
                let of = self.expr(expr, sight)?;
                cast(of, data_type)
            }
            ast::Expr::Substring { expr, substring_from, substring_for, special: _, shorthand: _ } => {
                self.substring(expr, substring_from.as_deref(), substring_for.as_deref(), sight)
            }
            ast::Expr::Trim { trim_where: None, trim_what: None, expr, trim_characters: None } => {
                self.trim(expr, sight)
            }
            ast::Expr::Trim { .. } => Err(SqlFault::Rule("TRIM takes one text, and removes spaces")),
            other => Err(SqlFault::Construct(said(other))),
        }
    }

    fn is_null(&mut self, of: &ast::Expr, sight: Sight<'_>) -> Result<Expr, SqlFault> {
        Ok(Expr::boolean(Node::IsNull(Box::new(self.expr(of, sight)?))))
    }

    fn is_unknown(&mut self, of: &ast::Expr, sight: Sight<'_>) -> Result<Expr, SqlFault> {
        let of = types::expect(self.expr(of, sight)?, Type::Boolean, "IS UNKNOWN")?;
        Ok(Expr::boolean(Node::IsNull(Box::new(of))))
    }

    fn is(&mut self, of: &ast::Expr, what: bool, sight: Sight<'_>) -> Result<Expr, SqlFault> {
        let of = types::expect(self.expr(of, sight)?, Type::Boolean, "IS TRUE or FALSE")?;
        Ok(Expr::boolean(Node::Is(Box::new(of), what)))
    }

    fn operation(
        &mut self,
        left: &ast::Expr,
        op: &BinaryOperator,
        right: &ast::Expr,
        sight: Sight<'_>,
    ) -> Result<Expr, SqlFault> {
        let how = match op {
            BinaryOperator::And | BinaryOperator::Or => return self.chain(left, op, right, sight),
            BinaryOperator::Eq => Ok(Comparison::Equal),
            BinaryOperator::NotEq => Ok(Comparison::Unequal),
            BinaryOperator::Lt => Ok(Comparison::Less),
            BinaryOperator::LtEq => Ok(Comparison::LessOrEqual),
            BinaryOperator::Gt => Ok(Comparison::Greater),
            BinaryOperator::GtEq => Ok(Comparison::GreaterOrEqual),
            BinaryOperator::Plus => Err(Some(Operator::Add)),
            BinaryOperator::Minus => Err(Some(Operator::Subtract)),
            BinaryOperator::Multiply => Err(Some(Operator::Multiply)),
            BinaryOperator::Divide => Err(Some(Operator::Divide)),
            BinaryOperator::Modulo => Err(Some(Operator::Remainder)),
            BinaryOperator::StringConcat => Err(None),
            _ => return Err(SqlFault::Construct("this operator")),
        };
        let (left, right) = (self.expr(left, sight)?, self.expr(right, sight)?);
        match how {
            Ok(comparison) => types::compare(comparison, left, right),
            Err(Some(operator)) => types::arithmetic(operator, left, right),
            Err(None) => types::concat(left, right),
        }
    }

    /// Arms of the same AND or OR, beside each other: the parser hangs each under the next.
    fn chain(
        &mut self,
        left: &ast::Expr,
        op: &BinaryOperator,
        right: &ast::Expr,
        sight: Sight<'_>,
    ) -> Result<Expr, SqlFault> {
        let (mut arms, mut rest) = (vec![right], left);
        while let ast::Expr::BinaryOp { left, op: same, right } = rest
            && same == op
        {
            arms.push(right);
            rest = left;
            if arms.len() >= MOST_ARMS {
                return Err(SqlFault::TooLarge("one AND or OR joins 256 conditions at most; IN takes more"));
            }
        }
        arms.push(rest);
        let (place, node): (_, fn(Vec<Expr>) -> Node) = match op {
            BinaryOperator::And => ("AND", Node::All),
            _ => ("OR", Node::Any),
        };
        let arms = arms.into_iter().rev().map(|arm| self.condition(arm, sight, place));
        Ok(Expr::boolean(node(arms.collect::<Result<_, _>>()?)))
    }

    fn case(
        &mut self,
        operand: Option<&ast::Expr>,
        conditions: &[ast::CaseWhen],
        otherwise: Option<&ast::Expr>,
        sight: Sight<'_>,
    ) -> Result<Expr, SqlFault> {
        let mut operand = operand.map(|operand| self.expr(operand, sight)).transpose()?;
        let mut arms = Vec::new();
        for ast::CaseWhen { condition, result } in conditions {
            let when = match &operand {
                None => self.condition(condition, sight, "WHEN")?,
                Some(_) => self.expr(condition, sight)?,
            };
            arms.push((when, self.expr(result, sight)?));
        }
        if let Some(operand) = &mut operand {
            types::unify(
                &mut std::iter::once(operand).chain(arms.iter_mut().map(|arm| &mut arm.0)).collect::<Vec<_>>(),
            )?;
        }
        let mut otherwise = otherwise.map(|of| self.expr(of, sight)).transpose()?;
        let results = arms.iter_mut().map(|arm| &mut arm.1).chain(&mut otherwise);
        let (kind, extent) = types::unify(&mut results.collect::<Vec<_>>())?;
        let node = Node::Case { operand: operand.map(Box::new), arms, otherwise: otherwise.map(Box::new) };
        Ok(Expr { node, kind, extent })
    }
}

fn negate_if(negated: bool, of: Expr) -> Expr {
    if negated { of.not() } else { of }
}

pub(super) fn literal(value: &ast::Value) -> Result<Expr, SqlFault> {
    match value {
        ast::Value::Null => Ok(Expr { node: Node::Null, kind: Type::Text, extent: Extent::NONE }),
        ast::Value::Boolean(value) => Ok(Expr::boolean(Node::Boolean(*value))),
        ast::Value::Number(digits, false) => match digits.parse() {
            Ok(number) => types::integer(number),
            Err(_) => Err(SqlFault::Rule("a number is whole, and 9007199254740991 at most")),
        },
        ast::Value::SingleQuotedString(text) => {
            let high = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
            Ok(Expr { node: Node::Text(text.clone()), kind: Type::Text, extent: Extent { low: 0, high } })
        }
        _ => Err(SqlFault::Construct("this kind of value")),
    }
}

/// The backslash quotes, said or not: a pattern means the same everywhere.
fn like_pattern(pattern: &ast::Expr, escape: Option<&ast::Expr>) -> Result<Pattern, SqlFault> {
    let text = |of: &ast::Expr| match of {
        ast::Expr::Value(ast::ValueWithSpan { value: ast::Value::SingleQuotedString(text), span: _ }) => {
            Some(text.clone())
        }
        _ => None,
    };
    if escape.is_some_and(|escape| text(escape).as_deref() != Some("\\")) {
        return Err(SqlFault::Rule("what follows ESCAPE is '\\'"));
    }
    let pattern = text(pattern).ok_or(SqlFault::Rule("what follows LIKE is a text in quotes"))?;
    let mut glyphs = Vec::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        glyphs.push(match letter {
            '%' => Glyph::Any,
            '_' => Glyph::One,
            '\\' => match letters.next() {
                Some(quoted @ ('%' | '_' | '\\')) => Glyph::Char(quoted),
                _ => return Err(SqlFault::Rule("a backslash in a pattern stands before %, _ or another")),
            },
            letter => Glyph::Char(letter),
        });
    }
    glyphs.dedup_by(|one, before| *one == Glyph::Any && *before == Glyph::Any);
    if glyphs.len() > LONGEST_PATTERN {
        return Err(SqlFault::TooLarge("a pattern has 256 characters at most"));
    }
    if glyphs.iter().filter(|glyph| **glyph == Glyph::Any).count() > MOST_WILD {
        return Err(SqlFault::TooLarge("a pattern has 8 of % at most"));
    }
    Ok(Pattern(glyphs))
}

fn cast(of: Expr, to: &ast::DataType) -> Result<Expr, SqlFault> {
    if !matches!(to, ast::DataType::Text | ast::DataType::Varchar(None)) {
        return Err(SqlFault::Rule("CAST makes a TEXT of a whole number, nothing else"));
    }
    let of = types::expect(of, Type::Integer, "CAST")?;
    // A sign and 16 digits.
    types::text(Node::Call(Function::Text, vec![of]), 17)
}

/// What an expression is called that is not taken.
fn said(of: &ast::Expr) -> &'static str {
    match of {
        ast::Expr::Subquery(_) | ast::Expr::Exists { .. } => "a SELECT within an expression",
        ast::Expr::Tuple(_) => "a row of values",
        ast::Expr::ILike { .. } | ast::Expr::SimilarTo { .. } | ast::Expr::RLike { .. } => {
            "another comparison than LIKE"
        }
        ast::Expr::Like { .. } | ast::Expr::AnyOp { .. } | ast::Expr::AllOp { .. } => "a comparison with ANY or ALL",
        ast::Expr::IsDistinctFrom(..) | ast::Expr::IsNotDistinctFrom(..) => "IS DISTINCT FROM",
        ast::Expr::Cast { .. } => "another conversion than CAST",
        ast::Expr::TypedString(_) | ast::Expr::Prefixed { .. } => "a text with a type",
        ast::Expr::Wildcard(_) | ast::Expr::QualifiedWildcard(..) => "* in an expression",
        _ => "this expression",
    }
}
