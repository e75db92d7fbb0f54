//! SQL over the forms: what is understood, what is refused and how, what it becomes for each database, and that SQLite and our
//! own interpreter give the answers that it says. The gateway asks PostgreSQL the same.

use schemas::data::sql::{Dialect, Page, Rendered, Scope, Select};
use schemas::data::{Form, Row, form};
use serde_json::Value as Json;

mod agrees;
mod answers;
mod bounds;
mod database;
mod refused;
mod refused_more;
mod rendered;
mod stored;
mod written;

/// One node, every form.
const NODE: Scope = Scope { cluster: false, advanced: true };
const CLUSTER: Scope = Scope { cluster: true, advanced: true };
const STANDARD: Scope = Scope { cluster: false, advanced: false };
const PAGE: Page = Page { offset: 0, rows: 101 };

fn form_of(name: &str) -> &'static Form {
    form(name).expect("a form")
}

fn row(form: &Form, of: Json) -> Row {
    form.read(&of).unwrap_or_else(|fault| panic!("{}: {fault}: {of}", form.name))
}

fn parse(sql: &str, scope: Scope) -> Select {
    Select::parse(sql, scope).unwrap_or_else(|fault| panic!("{sql}\n{fault}"))
}

fn render(sql: &str, scope: Scope, dialect: Dialect, ceid: Option<u16>) -> Rendered {
    parse(sql, scope).render(dialect, ceid, PAGE)
}
