//! What people changed of the settings, beside the file: one JSON object of texts by key.

use serde_json::{Value, json};

use super::change::{By, Changes, Field};
use super::connection::DbConnection;
use super::error::StorageError;
use super::{audit, setting};
use crate::settings::editable::{Changed, EDITABLE};

const KEY: &str = "settings";

/// What was changed, and in which version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    pub changed: Changed,
    /// To be said by whoever changes it; 0 before anything was.
    pub version: i64,
}

/// As it is now.
///
/// # Errors
/// See [`StorageError`].
pub fn read(connection: &mut DbConnection) -> Result<Kept, StorageError> {
    let Some(setting::Kept { value, version }) = setting::get(connection, KEY)? else { return Ok(Kept::default()) };
    let invalid = || StorageError::invalid("the changed settings", "cannot be read");
    let Value::Object(object) = value else { return Err(invalid()) };
    let text = |(key, value): (String, Value)| Some((key, value.as_str()?.to_owned()));
    let changed = object.into_iter().map(text).collect::<Option<Changed>>().ok_or_else(invalid)?;
    Ok(Kept { changed, version })
}

/// Makes it these, where it still has this version.
///
/// # Errors
/// [`StorageError::Changed`] when somebody else was first.
pub fn write(
    connection: &mut DbConnection,
    version: i64,
    to: &Changed,
    by: &By,
    now_ms: i64,
) -> Result<(), StorageError> {
    let before = read(connection)?;
    if before.version != version {
        return Err(StorageError::Changed("the settings".into()));
    }
    let changes = Changes::between(Some(&fields(&before.changed)), Some(&fields(to)));
    if changes.is_empty() {
        return Ok(());
    }
    setting::set(connection, KEY, &json!(to), (version > 0).then_some(version), by, now_ms)?;
    audit::note(connection, by, now_ms, "change", "settings", &changes)
}

/// What is as in the file has no value here.
fn fields(of: &Changed) -> Vec<Field> {
    let field = |key: &'static str| Field::open(key, of.get(key).map(String::as_str));
    EDITABLE.iter().map(|editable| field(editable.key)).collect()
}
