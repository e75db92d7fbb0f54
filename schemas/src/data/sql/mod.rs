//! The SQL that applications may say over the forms. Pure: it reads text, and renders text for a database that others ask.
//!
//! A statement goes three ways and never around: `read` parses it and walks the tree by a list of what is allowed into an own
//! tree (`ir`), where every expression has its type and bounds; `render` writes SQL for SQLite or PostgreSQL from that tree;
//! `eval` computes it for a row, for triggers and updates. Nothing of the text reaches a database: names are ours, texts are
//! bound values, numbers are written anew. What is not expressly allowed is refused, with a sentence.
//!
//! Both databases give the same answers, in the same order, because
//! - types are known beforehand: texts and numbers are never compared, a boolean is no number;
//! - whole numbers stay within 2^53 by their columns' bounds, or the statement is refused: PostgreSQL would fail where SQLite
//!   goes on with a real number, and JSON's numbers do not hold more everywhere;
//! - what is divided by zero is NULL; texts are compared by their bytes; NULL comes last; LOWER and UPPER know ASCII alone;
//! - `ORDER BY` is always completed until it is total.
//!
//! What a database is asked may still take long (a join of everything with everything): whoever asks sets a deadline.

mod condition;
mod eval;
mod fault;
mod ir;
mod read;
mod render;
mod select;
pub mod tables;
mod write;

pub use self::condition::Filter;
pub use self::fault::{Shown, SqlFault};
pub use self::render::{Bind, Page, Rendered};
pub use self::select::{OutColumn, Select};
pub use self::write::{Update, Write};

/// Bytes of a statement.
pub const LONGEST_STATEMENT: usize = 16 * 1024;
/// Views of a statement, those in `IN (SELECT …)` with them.
pub const MOST_VIEWS: usize = 6;
/// Columns that a statement yields.
pub const MOST_COLUMNS: usize = 200;
/// Nodes of all expressions of a statement.
pub const MOST_NODES: usize = 1_000;
/// How deep an expression may be; arms of one `AND` or `OR` are beside each other.
pub const DEEPEST: usize = 32;
/// The largest `LIMIT`.
pub const LARGEST_LIMIT: u32 = 100_000;
/// Rows that one statement may add, change or remove. Of a change, whoever reads its rows sees to it.
pub const MOST_WRITTEN: usize = 100;

/// For which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// What a statement may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Every node: views then have a first column `element`, the node's CEID. Else one node.
    pub cluster: bool,
    /// Every form; else those that are for everybody.
    pub advanced: bool,
}

/// Of a column that comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// On SQLite the integers 0 and 1.
    Boolean,
    Integer,
    /// An average, of 6 decimals.
    Real,
    Text,
}

impl Type {
    /// As sentences say it.
    fn said(self) -> &'static str {
        match self {
            Self::Boolean => "a boolean",
            Self::Integer => "a whole number",
            Self::Real => "an average",
            Self::Text => "a text",
        }
    }
}
