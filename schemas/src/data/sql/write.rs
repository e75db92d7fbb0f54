//! What an application writes by SQL: rows that are added, rows that are found by a condition and changed or removed. It says
//! what is wanted; reading the rows, and asking the node that has them, is the caller's.

use super::super::form::Form;
use super::super::row::{Row, RowFault, Value};
use super::condition::Filter;
use super::fault::SqlFault;
use super::ir::Expr;
use super::select::Select;
use super::{Scope, eval, read};

/// One statement that writes, of one form at one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Rows that are each right for themselves; 1 to [`super::MOST_WRITTEN`].
    Insert {
        form: &'static Form,
        rows: Vec<Row>,
    },
    Update(Update),
    Delete {
        filter: Filter,
    },
}

/// A change of the rows that a condition is true of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    filter: Filter,
    /// Columns, by their place, and what they become.
    set: Vec<(usize, Expr)>,
}

impl Write {
    /// Reads `INSERT INTO view (…) VALUES (…), …`, `UPDATE view SET … WHERE …` or `DELETE FROM view WHERE …`.
    ///
    /// # Errors
    /// See [`SqlFault`].
    pub fn parse(sql: &str, scope: Scope) -> Result<Self, SqlFault> {
        read::write(sql, scope)
    }

    #[must_use]
    pub fn form(&self) -> &'static Form {
        match self {
            Self::Insert { form, .. } => form,
            Self::Update(update) => update.filter.form(),
            Self::Delete { filter } => filter.form(),
        }
    }

    /// What reads the rows that are changed or removed, all columns in the form's order; none of an insertion. Ask for one row
    /// more than [`super::MOST_WRITTEN`], and refuse when it comes.
    #[must_use]
    pub fn select(&self) -> Option<Select> {
        match self {
            Self::Insert { .. } => None,
            Self::Update(update) => Some(update.select()),
            Self::Delete { filter } => Some(Select::of_filter(filter)),
        }
    }
}

impl Update {
    pub(super) fn new(filter: Filter, set: Vec<(usize, Expr)>) -> Self {
        Self { filter, set }
    }

    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// See [`Write::select`].
    #[must_use]
    pub fn select(&self) -> Select {
        Select::of_filter(&self.filter)
    }

    /// The row as it is to be; what names it stays.
    ///
    /// # Errors
    /// [`SqlFault::Row`] when that is no row of the form.
    pub fn apply(&self, row: &Row) -> Result<Row, SqlFault> {
        let form = self.filter.form();
        let mut after = row.clone();
        for (at, to) in &self.set {
            // No column that may be set depends on the node.
            let value = eval::value(to, row, 0);
            *after.0.get_mut(*at).ok_or(RowFault::NoObject)? = value;
        }
        let checked = form.columns.iter().zip(&after.0).map(|(column, value)| column.read(&value.to_json()));
        Ok(Row(checked.collect::<Result<Box<[Value]>, _>>()?))
    }
}
