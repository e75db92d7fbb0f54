//! Functions: which there are, what they take, what comes of them.

use sqlparser::ast;

use super::super::Type;
use super::super::fault::SqlFault;
use super::super::ir::{Aggregate, Distinct, Expr, Extent, Function, Node};
use super::expressions::{Reader, Sight};
use super::names::Name;
use super::types;

/// Arguments of COALESCE.
const MOST_ARGUMENTS: usize = 32;
/// Where a part of a text may begin, and how long it may be.
const LONGEST_PART: u32 = 4_096;

impl Reader {
    pub(super) fn function(&mut self, of: &ast::Function, sight: Sight<'_>) -> Result<Expr, SqlFault> {
        let ast::Function { name, uses_odbc_syntax, parameters, args, within_group, filter, null_treatment, over } = of;
        let plain = !uses_odbc_syntax && matches!(parameters, ast::FunctionArguments::None);
        if over.is_some() {
            return Err(SqlFault::Construct("a window function"));
        }
        if !plain || !within_group.is_empty() || filter.is_some() || null_treatment.is_some() {
            return Err(SqlFault::Construct("a clause after a function"));
        }
        let name = Name::plain(name)?;
        let ast::FunctionArguments::List(list) = args else {
            return Err(SqlFault::Construct("a function without a list of arguments"));
        };
        let ast::FunctionArgumentList { duplicate_treatment, args, clauses } = list;
        if !clauses.is_empty() {
            return Err(SqlFault::Construct("a clause within a function"));
        }
        let distinct = match duplicate_treatment {
            Some(ast::DuplicateTreatment::Distinct) => Distinct::Yes,
            Some(ast::DuplicateTreatment::All) | None => Distinct::No,
        };
        let is = |of: &str| name.means(of);
        if is("count") {
            return self.count(args, distinct, sight);
        }
        if distinct == Distinct::Yes {
            return Err(SqlFault::Rule("DISTINCT stands in COUNT, in no other function"));
        }
        let aggregates =
            [("sum", Aggregate::Sum), ("min", Aggregate::Min), ("max", Aggregate::Max), ("avg", Aggregate::Average)];
        if let Some((_, which)) = aggregates.into_iter().find(|(of, _)| is(of)) {
            let [of] = self.arguments(args, sight, Some(which))?.try_into().map_err(|_| ONE)?;
            return aggregate(which, of);
        }
        let functions = [
            ("lower", Function::Lower),
            ("upper", Function::Upper),
            ("length", Function::Length),
            ("abs", Function::Abs),
            ("coalesce", Function::Coalesce),
            ("nullif", Function::NullIf),
        ];
        let (_, which) =
            functions.into_iter().find(|(of, _)| is(of)).ok_or_else(|| SqlFault::Function(name.shown()))?;
        let arguments = self.arguments(args, sight, None)?;
        call(which, arguments)
    }

    fn arguments(
        &mut self,
        args: &[ast::FunctionArg],
        sight: Sight<'_>,
        aggregate: Option<Aggregate>,
    ) -> Result<Vec<Expr>, SqlFault> {
        let sight = if aggregate.is_some() { within(sight)? } else { sight };
        args.iter().map(|arg| self.expr(plain(arg)?, sight)).collect()
    }

    fn count(&mut self, args: &[ast::FunctionArg], distinct: Distinct, sight: Sight<'_>) -> Result<Expr, SqlFault> {
        let sight = within(sight)?;
        let [arg] = args else { return Err(ONE) };
        let of = match arg {
            ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Wildcard) if distinct == Distinct::No => None,
            arg => Some(Box::new(self.expr(plain(arg)?, sight)?)),
        };
        Ok(Expr { node: Node::Count(of, distinct), kind: Type::Integer, extent: types::COUNTED })
    }

    pub(super) fn trim(&mut self, of: &ast::Expr, sight: Sight<'_>) -> Result<Expr, SqlFault> {
        let of = self.expr(of, sight)?;
        call(Function::Trim, vec![of])
    }

    /// Bounds that are not positive are read differently by every database.
    pub(super) fn substring(
        &mut self,
        of: &ast::Expr,
        from: Option<&ast::Expr>,
        length: Option<&ast::Expr>,
        sight: Sight<'_>,
    ) -> Result<Expr, SqlFault> {
        let mut number = |of: &ast::Expr| match self.expr(of, sight)?.node {
            Node::Integer(number) => u32::try_from(number)
                .ok()
                .filter(|number| (1..=LONGEST_PART).contains(number))
                .ok_or(SqlFault::Rule("SUBSTRING takes a start and a length from 1 to 4096")),
            _ => Err(SqlFault::Rule("SUBSTRING takes its start and length as numbers")),
        };
        let from = from.map(&mut number).transpose()?.unwrap_or(1);
        let length = length.map(&mut number).transpose()?;
        let of = types::expect(self.expr(of, sight)?, Type::Text, "SUBSTRING")?;
        let high = length.map_or(of.extent.high, |length| of.extent.high.min(length.into()));
        types::text(Node::Substring(Box::new(of), from, length), high)
    }
}

const ONE: SqlFault = SqlFault::Rule("this function takes one argument");

/// Sight within a count or sum.
fn within(sight: Sight<'_>) -> Result<Sight<'_>, SqlFault> {
    if sight.aggregates {
        Ok(sight.row())
    } else {
        Err(SqlFault::Rule(
            "counts, sums and their like stand after SELECT, HAVING and ORDER BY, and not within each other",
        ))
    }
}

fn plain(arg: &ast::FunctionArg) -> Result<&ast::Expr, SqlFault> {
    match arg {
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(of)) => Ok(of),
        ast::FunctionArg::Unnamed(_) => Err(SqlFault::Rule("* stands in COUNT(*), in no other function")),
        ast::FunctionArg::Named { .. } | ast::FunctionArg::ExprNamed { .. } => {
            Err(SqlFault::Construct("an argument with a name"))
        }
    }
}

fn aggregate(which: Aggregate, of: Expr) -> Result<Expr, SqlFault> {
    match which {
        Aggregate::Sum => {
            let of = types::expect(of, Type::Integer, "SUM")?;
            let extent = of.extent;
            types::sum(Node::Aggregate(which, Box::new(of)), extent)
        }
        Aggregate::Average => {
            let of = types::expect(of, Type::Integer, "AVG")?;
            // It is computed by the sum.
            types::sum(Node::Null, of.extent)?;
            Ok(Expr { extent: Extent::NONE, kind: Type::Real, node: Node::Aggregate(which, Box::new(of)) })
        }
        Aggregate::Min | Aggregate::Max => {
            if of.kind == Type::Boolean {
                return Err(SqlFault::Rule("booleans have no order; they are counted"));
            }
            let (kind, extent) = (of.kind, of.extent);
            Ok(Expr { node: Node::Aggregate(which, Box::new(of)), kind, extent })
        }
    }
}

/// A function of a row, with arguments of its types.
fn call(which: Function, mut arguments: Vec<Expr>) -> Result<Expr, SqlFault> {
    let node = |of| Node::Call(which, vec![of]);
    let mut one = |place, wanted| {
        let [of] = std::mem::take(&mut arguments).try_into().map_err(|_| ONE)?;
        types::expect(of, wanted, place)
    };
    match which {
        Function::Lower | Function::Upper | Function::Trim => {
            let of = one("LOWER, UPPER or TRIM", Type::Text)?;
            let high = of.extent.high;
            types::text(node(of), high)
        }
        Function::Length => {
            let of = one("LENGTH", Type::Text)?;
            let high = of.extent.high.into();
            types::bounded(node(of), 0, high)
        }
        Function::Abs => {
            let of = one("ABS", Type::Integer)?;
            let high = i128::from(of.extent.low).abs().max(i128::from(of.extent.high).abs());
            types::bounded(node(of), 0, high)
        }
        Function::Text => Err(SqlFault::Construct("this conversion")),
        Function::Coalesce => {
            if !(2..=MOST_ARGUMENTS).contains(&arguments.len()) {
                return Err(SqlFault::Rule("COALESCE takes 2 to 32 arguments"));
            }
            let (kind, extent) = types::unify(&mut arguments.iter_mut().collect::<Vec<_>>())?;
            Ok(Expr { node: Node::Call(which, arguments), kind, extent })
        }
        Function::NullIf => {
            let [mut of, mut other] = arguments.try_into().map_err(|_| SqlFault::Rule("NULLIF takes two arguments"))?;
            let kind = types::same(&mut of, &mut other)?;
            let extent = of.extent;
            Ok(Expr { node: Node::Call(which, vec![of, other]), kind, extent })
        }
    }
}
