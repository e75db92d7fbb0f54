//! Names of a statement: what they stand for. Without quotes a name is read in either case, in quotes as it stands.

use sqlparser::ast;

use super::super::super::form::Form;
use super::super::super::forms::FORMS;
use super::super::Scope;
use super::super::fault::{Shown, SqlFault};
use super::super::ir::{ELEMENT, Expr};

/// A name as it was said.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub value: String,
    quoted: bool,
}

/// A view that expressions may name columns of.
#[derive(Debug)]
pub(super) struct Seen {
    pub form: &'static Form,
    pub number: usize,
    /// As the statement calls it.
    pub name: String,
}

impl Name {
    pub fn read(ident: &ast::Ident) -> Result<Self, SqlFault> {
        let ast::Ident { value, quote_style, span: _ } = ident;
        match quote_style {
            // The parser takes a text where a name should be.
            Some(quote) if *quote != '"' => Err(SqlFault::Construct("a text as a name")),
            quote => Ok(Self { value: value.clone(), quoted: quote.is_some() }),
        }
    }

    /// The one part of a name that has no schema.
    pub fn plain(name: &ast::ObjectName) -> Result<Self, SqlFault> {
        match name.0.as_slice() {
            [ast::ObjectNamePart::Identifier(ident)] => Self::read(ident),
            [_] => Err(SqlFault::Construct("a name that is computed")),
            _ => Err(SqlFault::Construct("a name with a schema")),
        }
    }

    pub fn means(&self, name: &str) -> bool {
        if self.quoted { self.value == name } else { self.value.eq_ignore_ascii_case(name) }
    }

    pub fn shown(&self) -> Shown {
        Shown::new(&self.value)
    }

    /// The form that it is the name of.
    pub fn form(&self, scope: Scope) -> Result<&'static Form, SqlFault> {
        let form = FORMS.iter().find(|form| self.means(form.name)).ok_or_else(|| SqlFault::View(self.shown()))?;
        visible(form, scope)?;
        Ok(form)
    }

    /// The column of this name in a view.
    pub fn column(&self, seen: &Seen, scope: Scope) -> Option<Expr> {
        let element = (scope.cluster && self.means(ELEMENT)).then_some(None);
        let own = || seen.form.columns.iter().position(|column| self.means(column.name)).map(Some);
        element.or_else(own).map(|at| Expr::column(seen.form, seen.number, at))
    }
}

/// Whether sessions of this scope see the form.
pub(in super::super) fn visible(form: &'static Form, scope: Scope) -> Result<(), SqlFault> {
    if form.standard || scope.advanced { Ok(()) } else { Err(SqlFault::Advanced(form.name)) }
}

/// The view of a name.
pub(super) fn view<'a>(name: &Name, seen: &'a [Seen]) -> Result<&'a Seen, SqlFault> {
    seen.iter().find(|seen| name.means(&seen.name)).ok_or_else(|| SqlFault::View(name.shown()))
}

/// The column of a name without a view, in whichever has it.
pub(super) fn column(name: &Name, seen: &[Seen], scope: Scope) -> Result<Expr, SqlFault> {
    let mut found = seen.iter().filter_map(|seen| name.column(seen, scope));
    let column = found.next().ok_or_else(|| SqlFault::Column(name.shown()))?;
    if found.next().is_some() { Err(SqlFault::Ambiguous(name.shown())) } else { Ok(column) }
}

/// The column of a view.
pub(super) fn column_of(view_name: &Name, name: &Name, seen: &[Seen], scope: Scope) -> Result<Expr, SqlFault> {
    name.column(view(view_name, seen)?, scope).ok_or_else(|| SqlFault::Column(name.shown()))
}

/// All columns of a view, with their names.
pub(in super::super) fn columns(form: &'static Form, number: usize, scope: Scope) -> Vec<(&'static str, Expr)> {
    let element = scope.cluster.then_some((ELEMENT, None));
    let own = form.columns.iter().enumerate().map(|(at, column)| (column.name, Some(at)));
    element.into_iter().chain(own).map(|(name, at)| (name, Expr::column(form, number, at))).collect()
}
