//! Who changed what, when and from where. Written in the transaction of the change itself; rows are only added.

use diesel::prelude::*;

use super::change::{By, Changes, new_id};
use super::connection::DbConnection;
use super::error::StorageError;
use super::schema::audit;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit)]
pub struct Entry {
    pub id: String,
    pub at_ms: i64,
    pub who: String,
    pub origin: String,
    /// `add`, `change`, `remove`, `sign-in` …
    pub action: String,
    /// As in `application Example Co / Screen Pop`.
    pub object: String,
    /// JSON objects of the fields that changed.
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Longest object's name that is kept.
const OBJECT: usize = 300;

/// Adds one.
///
/// # Errors
/// See [`StorageError`].
pub fn note(
    connection: &mut DbConnection,
    by: &By,
    now_ms: i64,
    action: &str,
    object: &str,
    changes: &Changes,
) -> Result<(), StorageError> {
    let entry = Entry {
        id: new_id(now_ms),
        at_ms: now_ms,
        who: by.who.clone(),
        origin: by.origin.clone(),
        action: action.to_owned(),
        object: object.chars().take(OBJECT).collect(),
        before: changes.before(),
        after: changes.after(),
    };
    diesel::insert_into(audit::table).values(&entry).execute(connection)?;
    Ok(())
}

/// The newest, newest first; with `before` those that are older than the entry of that id.
///
/// # Errors
/// See [`StorageError`].
pub fn newest(connection: &mut DbConnection, before: Option<&str>, count: u32) -> Result<Vec<Entry>, StorageError> {
    // Every id is below `g`: they are hexadecimal.
    let before = before.unwrap_or("g").to_owned();
    let found = audit::table.filter(audit::id.lt(before)).order(audit::id.desc()).limit(count.into());
    Ok(found.select(Entry::as_select()).load(connection)?)
}
