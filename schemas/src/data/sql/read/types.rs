//! Which expressions go together, and what comes of them: each function makes one node out of read parts, or refuses.

use super::super::Type;
use super::super::fault::SqlFault;
use super::super::ir::{Comparison, Expr, Extent, LARGEST, Node, Operator};

/// Characters that a text put together may have.
const LONGEST_TEXT: i64 = 4_096;
/// Rows that are summed, at most: more are not counted before every deadline is over.
const MOST_SUMMED: i64 = 1 << 31;

/// Two things as of one type; a bare NULL is of the other's.
pub(super) fn same(left: &mut Expr, right: &mut Expr) -> Result<Type, SqlFault> {
    if left.is_open() {
        left.close(right.kind);
    } else if right.is_open() {
        right.close(left.kind);
    }
    if left.kind == right.kind {
        Ok(left.kind)
    } else {
        Err(SqlFault::Types { left: left.kind.said(), right: right.kind.said() })
    }
}

/// All of them as of one type, with what any may be.
pub(super) fn unify(parts: &mut [&mut Expr]) -> Result<(Type, Extent), SqlFault> {
    let given = parts.iter().find(|part| !part.is_open());
    let (kind, extent) = given.map_or((Type::Text, Extent::NONE), |part| (part.kind, part.extent));
    let mut hull = extent;
    for part in parts {
        if part.is_open() {
            part.close(kind);
        } else if part.kind != kind {
            return Err(SqlFault::Types { left: kind.said(), right: part.kind.said() });
        } else {
            hull = hull.hull(part.extent);
        }
    }
    Ok((kind, hull))
}

/// It, when it is of this type or NULL.
pub(super) fn expect(mut of: Expr, wanted: Type, place: &'static str) -> Result<Expr, SqlFault> {
    if of.is_open() {
        of.close(wanted);
    }
    if of.kind == wanted { Ok(of) } else { Err(SqlFault::Type { place, wanted: wanted.said(), found: of.kind.said() }) }
}

/// For `<` and its like: averages go with whole numbers, booleans have no order.
fn comparable(left: &mut Expr, right: &mut Expr, ordered: bool) -> Result<(), SqlFault> {
    let numbers = [Type::Integer, Type::Real];
    if numbers.contains(&left.kind) && numbers.contains(&right.kind) && !left.is_open() && !right.is_open() {
        return Ok(());
    }
    if same(left, right)? == Type::Boolean && ordered {
        return Err(SqlFault::Rule("booleans have no order; they are compared by = and <>"));
    }
    Ok(())
}

pub(super) fn compare(how: Comparison, mut left: Expr, mut right: Expr) -> Result<Expr, SqlFault> {
    let ordered = !matches!(how, Comparison::Equal | Comparison::Unequal);
    comparable(&mut left, &mut right, ordered)?;
    Ok(Expr::boolean(Node::Compare(how, Box::new(left), Box::new(right))))
}

pub(super) fn between(mut of: Expr, mut low: Expr, mut high: Expr) -> Result<Expr, SqlFault> {
    comparable(&mut of, &mut low, true)?;
    comparable(&mut of, &mut high, true)?;
    Ok(Expr::boolean(Node::Between(Box::new(of), Box::new(low), Box::new(high))))
}

/// A whole number within bounds.
pub(super) fn bounded(node: Node, low: i128, high: i128) -> Result<Expr, SqlFault> {
    let bound = i128::from(LARGEST);
    match (i64::try_from(low), i64::try_from(high)) {
        (Ok(least), Ok(most)) if low >= -bound && high <= bound => {
            Ok(Expr { node, kind: Type::Integer, extent: Extent { low: least, high: most } })
        }
        _ => Err(SqlFault::Rule("this arithmetic could go beyond 9007199254740991, by what its columns may hold")),
    }
}

pub(super) fn arithmetic(how: Operator, left: Expr, right: Expr) -> Result<Expr, SqlFault> {
    let left = expect(left, Type::Integer, "arithmetic")?;
    let right = expect(right, Type::Integer, "arithmetic")?;
    let wide = |extent: Extent| (i128::from(extent.low), i128::from(extent.high));
    let ((a, b), (c, d)) = (wide(left.extent), wide(right.extent));
    let (low, high) = match how {
        Operator::Add => (a + c, b + d),
        Operator::Subtract => (a - d, b - c),
        Operator::Multiply => {
            let corners = [a * c, a * d, b * c, b * d];
            (corners.into_iter().min().unwrap_or(0), corners.into_iter().max().unwrap_or(0))
        }
        // Nothing grows by them; the sign may turn.
        Operator::Divide | Operator::Remainder => {
            let most = a.abs().max(b.abs());
            (-most, most)
        }
    };
    bounded(Node::Arithmetic(how, Box::new(left), Box::new(right)), low, high)
}

pub(super) fn negate(of: Expr) -> Result<Expr, SqlFault> {
    let of = expect(of, Type::Integer, "arithmetic")?;
    let Extent { low, high } = of.extent;
    let node = match of.node {
        Node::Integer(number) => Node::Integer(-number),
        _ => Node::Negate(Box::new(of)),
    };
    bounded(node, -i128::from(high), -i128::from(low))
}

pub(super) fn concat(left: Expr, right: Expr) -> Result<Expr, SqlFault> {
    let left = expect(left, Type::Text, "||")?;
    let right = expect(right, Type::Text, "||")?;
    let high = left.extent.high + right.extent.high;
    text(Node::Concat(Box::new(left), Box::new(right)), high)
}

/// A text of so many characters at most.
pub(super) fn text(node: Node, high: i64) -> Result<Expr, SqlFault> {
    if high > LONGEST_TEXT {
        return Err(SqlFault::Rule(
            "a text that is put together has 4,096 characters at most, by what its columns may hold",
        ));
    }
    Ok(Expr { node, kind: Type::Text, extent: Extent { low: 0, high } })
}

pub(super) fn integer(number: i64) -> Result<Expr, SqlFault> {
    bounded(Node::Integer(number), number.into(), number.into())
}

/// What a count may be.
pub(super) const COUNTED: Extent = Extent { low: 0, high: MOST_SUMMED };

/// A sum of so many of it.
pub(super) fn sum(node: Node, of: Extent) -> Result<Expr, SqlFault> {
    let rows = i128::from(MOST_SUMMED);
    bounded(node, (i128::from(of.low) * rows).min(0), (i128::from(of.high) * rows).max(0))
}
