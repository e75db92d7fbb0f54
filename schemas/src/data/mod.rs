//! The configuration of nodes as data: which forms they have, what a row of one may be, and what a node and a gateway say to
//! each other to keep a copy of it.
//!
//! A form is described once, in [`FORMS`]; tables, views, SOAP's metadata and the checks of what is written come of it.

mod digest;
mod form;
mod forms;
mod row;
pub mod sql;
pub mod sync;

pub use self::digest::Digest;
pub use self::form::{Column, Form, Kind};
pub use self::forms::FORMS;
pub use self::row::{Key, Row, RowFault, Value};

/// The form of this name.
#[must_use]
pub fn form(name: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.name == name)
}
