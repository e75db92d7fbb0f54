//! A condition on the rows of one form: read once, then asked of rows (triggers) or of a database (views, writes).

use super::super::form::Form;
use super::super::row::{Row, Value};
use super::fault::SqlFault;
use super::ir::Expr;
use super::{Scope, eval, read};

/// What rows of a form have to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    form: &'static Form,
    scope: Scope,
    pub(super) condition: Expr,
}

impl Filter {
    pub(super) fn new(form: &'static Form, scope: Scope, condition: Expr) -> Self {
        Self { form, scope, condition }
    }

    /// Reads what stands after WHERE: columns of this form, no counts, no SELECT.
    ///
    /// # Errors
    /// See [`SqlFault`].
    pub fn parse(form: &'static Form, condition: &str, scope: Scope) -> Result<Self, SqlFault> {
        Ok(Self::new(form, scope, read::condition(form, condition, scope)?))
    }

    #[must_use]
    pub fn form(&self) -> &'static Form {
        self.form
    }

    #[must_use]
    pub(super) fn scope(&self) -> Scope {
        self.scope
    }

    /// Whether it is true of this row of this node, as a database would find: what is not known is not true.
    #[must_use]
    pub fn matches(&self, row: &Row, ceid: u16) -> bool {
        eval::value(&self.condition, row, ceid) == Value::Boolean(true)
    }
}
