//! Statements as they were understood: expressions with types and bounds, views by their forms, no name of the statement but
//! those of what comes out. `read` makes it; `render` and `eval` use it.

use super::super::form::{Column, Form, Kind};
use super::Type;

/// The largest whole number, in either direction: what a JSON number holds everywhere.
pub(super) const LARGEST: i64 = (1 << 53) - 1;

/// The first column of a view over the cluster.
pub(super) const ELEMENT: &str = "element";

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expr {
    pub node: Node,
    pub kind: Type,
    pub extent: Extent,
}

/// What a whole number may be, or how many characters a text has at most (`high`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub low: i64,
    pub high: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Null,
    Boolean(bool),
    Integer(i64),
    Text(String),
    Column(Place),
    Not(Box<Expr>),
    /// AND.
    All(Vec<Expr>),
    /// OR.
    Any(Vec<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    Between(Box<Expr>, Box<Expr>, Box<Expr>),
    IsNull(Box<Expr>),
    /// `IS TRUE` and `IS FALSE`.
    Is(Box<Expr>, bool),
    Like(Box<Expr>, Pattern),
    InList(Box<Expr>, Vec<Expr>),
    /// Of a body that yields one column and sees nothing of the statement around it.
    InSelect(Box<Expr>, Box<Body>),
    Arithmetic(Operator, Box<Expr>, Box<Expr>),
    Negate(Box<Expr>),
    Concat(Box<Expr>, Box<Expr>),
    Call(Function, Vec<Expr>),
    /// From which character, counted from 1, and how many.
    Substring(Box<Expr>, u32, Option<u32>),
    Case {
        operand: Option<Box<Expr>>,
        arms: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
    /// Of rows, or of those where the expression has a value.
    Count(Option<Box<Expr>>, Distinct),
    Aggregate(Aggregate, Box<Expr>),
}

/// A column of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of the view in the statement.
    pub view: usize,
    /// Which column of its form; none is `element`.
    pub at: Option<usize>,
    /// As the form calls it.
    pub name: &'static str,
}

/// Whether what is alike counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Distinct {
    No,
    Yes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// Functions of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Lower,
    Upper,
    Length,
    Trim,
    Abs,
    /// A whole number as text.
    Text,
    Coalesce,
    NullIf,
}

/// Functions of many rows; counting is a node of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregate {
    Sum,
    Min,
    Max,
    Average,
}

/// What a text is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(pub Vec<Glyph>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Glyph {
    /// `%`
    Any,
    /// `_`
    One,
    Char(char),
}

/// A view of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    pub form: &'static Form,
    /// In the whole statement, from 0.
    pub number: usize,
    pub join: Join,
}

/// How a view goes with those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Join {
    /// The first, or each row with each.
    Cross,
    Inner(Expr),
    Left(Expr),
}

/// What a statement yields, but for order and count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Body {
    pub views: Vec<View>,
    pub filter: Option<Expr>,
    pub items: Vec<Expr>,
    pub distinct: Distinct,
    /// Whether rows are put together; `group` is then by what.
    pub grouped: bool,
    pub group: Vec<Expr>,
    pub having: Option<Expr>,
}

/// What rows are sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sort {
    pub by: By,
    pub descending: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum By {
    /// One of the items, counted from 0.
    Item(usize),
    Expr(Expr),
}

impl Body {
    /// It, and every body within it.
    pub fn each_body<'a>(&'a self, to: &mut impl FnMut(&'a Self)) {
        to(self);
        let joins = self.views.iter().filter_map(|view| match &view.join {
            Join::Cross => None,
            Join::Inner(on) | Join::Left(on) => Some(on),
        });
        let whole = joins.chain(&self.filter).chain(&self.items).chain(&self.group).chain(&self.having);
        for of in whole {
            of.each(&mut |part| {
                if let Node::InSelect(_, body) = &part.node {
                    // One level: what is within has none.
                    to(body);
                }
            });
        }
    }
}

impl Extent {
    pub const NONE: Self = Self { low: 0, high: 0 };

    pub fn hull(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }
}

impl Expr {
    pub fn boolean(node: Node) -> Self {
        Self { node, kind: Type::Boolean, extent: Extent::NONE }
    }

    /// A column of the view of this number; none is `element`.
    pub fn column(form: &Form, view: usize, at: Option<usize>) -> Self {
        let (name, kind, extent) = match at.map(|at| &form.columns[at]) {
            None => (ELEMENT, Type::Integer, Extent { low: 0, high: i64::from(u16::MAX) }),
            Some(column) => (column.name, type_of(column), extent_of(column)),
        };
        Self { node: Node::Column(Place { view, at, name }), kind, extent }
    }

    pub fn not(self) -> Self {
        Self::boolean(Node::Not(Box::new(self)))
    }

    /// Whether nothing tells its type: it is NULL, however it is said.
    pub fn is_open(&self) -> bool {
        match &self.node {
            Node::Null => true,
            Node::Call(Function::Coalesce | Function::NullIf, parts) => parts.iter().all(Self::is_open),
            Node::Case { operand: _, arms, otherwise } => {
                arms.iter().map(|(_, then)| then).chain(otherwise.as_deref()).all(Self::is_open)
            }
            _ => false,
        }
    }

    /// Gives what is open a type.
    pub fn close(&mut self, kind: Type) {
        self.kind = kind;
        match &mut self.node {
            Node::Call(Function::Coalesce | Function::NullIf, parts) => {
                parts.iter_mut().for_each(|part| part.close(kind));
            }
            Node::Case { operand: _, arms, otherwise } => {
                let results = arms.iter_mut().map(|(_, then)| then).chain(otherwise.as_deref_mut());
                results.for_each(|part| part.close(kind));
            }
            _ => {}
        }
    }

    pub fn is_aggregate(&self) -> bool {
        matches!(self.node, Node::Count(..) | Node::Aggregate(..))
    }

    /// What it is made of; what a body within it is made of is not its own.
    pub fn parts(&self) -> Vec<&Self> {
        match &self.node {
            Node::Null
            | Node::Boolean(_)
            | Node::Integer(_)
            | Node::Text(_)
            | Node::Column(_)
            | Node::Count(None, _) => Vec::new(),
            Node::Not(of)
            | Node::IsNull(of)
            | Node::Is(of, _)
            | Node::Like(of, _)
            | Node::InSelect(of, _)
            | Node::Negate(of)
            | Node::Substring(of, ..)
            | Node::Count(Some(of), _)
            | Node::Aggregate(_, of) => vec![of],
            Node::Compare(_, left, right) | Node::Arithmetic(_, left, right) | Node::Concat(left, right) => {
                vec![left, right]
            }
            Node::Between(of, low, high) => vec![of, low, high],
            Node::All(parts) | Node::Any(parts) | Node::Call(_, parts) => parts.iter().collect(),
            Node::InList(of, list) => std::iter::once(&**of).chain(list).collect(),
            Node::Case { operand, arms, otherwise } => {
                let arms = arms.iter().flat_map(|(when, then)| [when, then]);
                operand.as_deref().into_iter().chain(arms).chain(otherwise.as_deref()).collect()
            }
        }
    }

    /// It, and everything that it is made of.
    pub fn each<'a>(&'a self, to: &mut impl FnMut(&'a Self)) {
        to(self);
        for part in self.parts() {
            part.each(to);
        }
    }

    /// Whether it or a part of it is so.
    pub fn any(&self, is: &impl Fn(&Self) -> bool) -> bool {
        is(self) || self.parts().into_iter().any(|part| part.any(is))
    }

    /// Whether it is the same for every row.
    pub fn is_constant(&self) -> bool {
        !self.any(&|part| part.is_aggregate() || matches!(part.node, Node::Column(_)))
    }
}

/// What comes out of a column.
pub(super) fn type_of(column: &Column) -> Type {
    match column.kind {
        Kind::Boolean => Type::Boolean,
        Kind::Integer { .. } => Type::Integer,
        Kind::Text { .. } | Kind::Word(_) => Type::Text,
    }
}

fn extent_of(column: &Column) -> Extent {
    let characters = |max: usize| Extent { low: 0, high: i64::try_from(max).unwrap_or(i64::MAX) };
    match column.kind {
        Kind::Boolean => Extent::NONE,
        Kind::Integer { min, max } => Extent { low: min, high: max },
        Kind::Text { max } => characters(max),
        Kind::Word(words) => characters(words.iter().map(|word| word.chars().count()).max().unwrap_or(0)),
    }
}
