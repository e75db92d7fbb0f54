//! Computes expressions for a row without a database, with its answers: three-valued logic, division that yields NULL, texts by
//! their bytes. Only what stands in a condition or after SET: counts and SELECTs are refused there when it is read.

use std::cmp::Ordering;

use super::super::row::{Row, Value};
use super::ir::{Comparison, Expr, Function, Glyph, Node, Operator};

/// What the expression is for this row of this node.
pub(super) fn value(of: &Expr, row: &Row, ceid: u16) -> Value {
    Look { row, ceid }.value(of)
}

/// A row that is looked at.
struct Look<'a> {
    row: &'a Row,
    ceid: u16,
}

impl Look<'_> {
    fn value(&self, of: &Expr) -> Value {
        match &of.node {
            Node::Boolean(value) => Value::Boolean(*value),
            Node::Integer(number) => Value::Integer(*number),
            Node::Text(text) => Value::Text(text.clone()),
            Node::Column(place) => match place.at {
                None => Value::Integer(self.ceid.into()),
                Some(at) => self.row.0.get(at).cloned().unwrap_or(Value::Null),
            },
            Node::Case { operand, arms, otherwise } => self.case(operand.as_deref(), arms, otherwise.as_deref()),
            // Nothing stands in a condition that a row alone does not tell.
            Node::Null | Node::InSelect(..) | Node::Count(..) | Node::Aggregate(..) => Value::Null,
            Node::Not(_)
            | Node::All(_)
            | Node::Any(_)
            | Node::Compare(..)
            | Node::Between(..)
            | Node::IsNull(_)
            | Node::Is(..)
            | Node::Like(..)
            | Node::InList(..) => self.truth(of).map_or(Value::Null, Value::Boolean),
            Node::Arithmetic(..) | Node::Negate(_) => self.integer(of).map_or(Value::Null, Value::Integer),
            Node::Concat(..) | Node::Substring(..) => self.text(of).map_or(Value::Null, Value::Text),
            Node::Call(function, arguments) => self.call(*function, arguments),
        }
    }

    /// None is unknown.
    fn truth(&self, of: &Expr) -> Option<bool> {
        match &of.node {
            Node::Not(part) => self.truth(part).map(|value| !value),
            Node::All(arms) => self.arms(arms, false),
            Node::Any(arms) => self.arms(arms, true),
            Node::Compare(how, left, right) => {
                let order = order(&self.value(left), &self.value(right))?;
                Some(match how {
                    Comparison::Equal => order.is_eq(),
                    Comparison::Unequal => order.is_ne(),
                    Comparison::Less => order.is_lt(),
                    Comparison::LessOrEqual => order.is_le(),
                    Comparison::Greater => order.is_gt(),
                    Comparison::GreaterOrEqual => order.is_ge(),
                })
            }
            Node::Between(part, low, high) => {
                let part = self.value(part);
                let above = order(&part, &self.value(low)).map(Ordering::is_ge);
                let below = order(&part, &self.value(high)).map(Ordering::is_le);
                match (above, below) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                }
            }
            Node::IsNull(part) => Some(self.value(part) == Value::Null),
            Node::Is(part, what) => Some(self.truth(part) == Some(*what)),
            Node::Like(part, pattern) => self.text(part).map(|text| like(&text, &pattern.0)),
            Node::InList(part, list) => {
                let part = self.value(part);
                let mut unknown = false;
                for one in list {
                    match order(&part, &self.value(one)) {
                        Some(Ordering::Equal) => return Some(true),
                        Some(_) => {}
                        None => unknown = true,
                    }
                }
                (!unknown).then_some(false)
            }
            _ => match self.value(of) {
                Value::Boolean(value) => Some(value),
                _ => None,
            },
        }
    }

    /// One that is so decides; else one that is not known leaves it open.
    fn arms(&self, arms: &[Expr], decides: bool) -> Option<bool> {
        let mut unknown = false;
        for arm in arms {
            match self.truth(arm) {
                Some(value) if value == decides => return Some(decides),
                Some(_) => {}
                None => unknown = true,
            }
        }
        (!unknown).then_some(!decides)
    }

    fn integer(&self, of: &Expr) -> Option<i64> {
        match &of.node {
            // Within bounds by what was read: nothing wraps.
            Node::Arithmetic(how, left, right) => {
                let (left, right) = (self.integer(left)?, self.integer(right)?);
                match how {
                    Operator::Add => left.checked_add(right),
                    Operator::Subtract => left.checked_sub(right),
                    Operator::Multiply => left.checked_mul(right),
                    Operator::Divide => left.checked_div(right),
                    Operator::Remainder => left.checked_rem(right),
                }
            }
            Node::Negate(part) => self.integer(part)?.checked_neg(),
            _ => match self.value(of) {
                Value::Integer(number) => Some(number),
                _ => None,
            },
        }
    }

    fn text(&self, of: &Expr) -> Option<String> {
        match &of.node {
            Node::Concat(left, right) => {
                let mut text = self.text(left)?;
                text.push_str(&self.text(right)?);
                Some(text)
            }
            Node::Substring(part, from, length) => {
                let text = self.text(part)?;
                let rest = text.chars().skip(*from as usize - 1);
                Some(match length {
                    None => rest.collect(),
                    Some(length) => rest.take(*length as usize).collect(),
                })
            }
            _ => match self.value(of) {
                Value::Text(text) => Some(text),
                _ => None,
            },
        }
    }

    fn call(&self, function: Function, arguments: &[Expr]) -> Value {
        let text =
            |to: &dyn Fn(String) -> Value| arguments.first().and_then(|of| self.text(of)).map_or(Value::Null, to);
        let number =
            |to: &dyn Fn(i64) -> Value| arguments.first().and_then(|of| self.integer(of)).map_or(Value::Null, to);
        match function {
            Function::Lower => text(&|text| Value::Text(text.to_ascii_lowercase())),
            Function::Upper => text(&|text| Value::Text(text.to_ascii_uppercase())),
            Function::Trim => text(&|text| Value::Text(text.trim_matches(' ').to_owned())),
            Function::Length => text(&|text| Value::Integer(i64::try_from(text.chars().count()).unwrap_or(i64::MAX))),
            Function::Abs => number(&|number| Value::Integer(number.saturating_abs())),
            Function::Text => number(&|number| Value::Text(number.to_string())),
            Function::Coalesce => {
                let mut values = arguments.iter().map(|of| self.value(of));
                values.find(|value| *value != Value::Null).unwrap_or(Value::Null)
            }
            Function::NullIf => {
                let mut values = arguments.iter().map(|of| self.value(of));
                match (values.next(), values.next()) {
                    (Some(of), Some(other)) if order(&of, &other) != Some(Ordering::Equal) => of,
                    _ => Value::Null,
                }
            }
        }
    }

    fn case(&self, operand: Option<&Expr>, arms: &[(Expr, Expr)], otherwise: Option<&Expr>) -> Value {
        let operand = operand.map(|of| self.value(of));
        let hit = arms.iter().find(|(when, _)| match &operand {
            None => self.truth(when) == Some(true),
            Some(of) => order(of, &self.value(when)) == Some(Ordering::Equal),
        });
        hit.map(|(_, then)| then).or(otherwise).map_or(Value::Null, |of| self.value(of))
    }
}

/// None when one of them is NULL.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => None,
        // Of one kind, by what was read. Texts are ordered by their bytes.
        (left, right) => Some(left.cmp(right)),
    }
}

/// Whether a text is like a pattern. Only the newest `%` is ever tried again, so that it takes text times pattern at most.
fn like(text: &str, pattern: &[Glyph]) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut glyph) = (0, 0);
    // Of the newest `%`: the glyph behind it, and the character where that was tried.
    let mut retry = None;
    while at < text.len() {
        match pattern.get(glyph) {
            Some(Glyph::Any) => {
                glyph += 1;
                retry = Some((glyph, at));
                continue;
            }
            Some(Glyph::One) => {}
            Some(Glyph::Char(letter)) if *letter == text[at] => {}
            _ => match retry {
                None => return false,
                Some((behind, tried)) => {
                    (glyph, at) = (behind, tried + 1);
                    retry = Some((behind, at));
                    continue;
                }
            },
        }
        (at, glyph) = (at + 1, glyph + 1);
    }
    pattern[glyph.min(pattern.len())..].iter().all(|glyph| *glyph == Glyph::Any)
}
