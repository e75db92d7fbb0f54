//! Translations of what the pages say: a row for each language, with all its texts, read and written whole. Which texts
//! there are, and what a translation has to be, is `crate::texts`'.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::audit;
use super::change::{By, Changes, Field};
use super::connection::DbConnection;
use super::error::StorageError;
use super::schema::ui_language;

/// Languages that there may be.
pub const MOST: usize = 50;

/// Translations by the English text.
pub type Translations = BTreeMap<String, String>;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = ui_language)]
struct Row {
    language: String,
    texts: String,
    version: i64,
    changed_at_ms: i64,
    changed_by: String,
}

/// A language as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// As in RFC 5646: `de-AT`.
    pub language: String,
    pub texts: Translations,
    pub version: i64,
    pub changed_at_ms: i64,
    pub changed_by: String,
}

/// Which languages there are, each in which version, in their order.
///
/// # Errors
/// See [`StorageError`].
pub fn versions(connection: &mut DbConnection) -> Result<Vec<(String, i64)>, StorageError> {
    let all = ui_language::table.order(ui_language::language.asc());
    let mut all: Vec<(String, i64)> = all.select((ui_language::language, ui_language::version)).load(connection)?;
    // As bytes on either database.
    all.sort();
    Ok(all)
}

/// All of them, in the order of their languages.
///
/// # Errors
/// See [`StorageError`].
pub fn all(connection: &mut DbConnection) -> Result<Vec<Kept>, StorageError> {
    let rows: Vec<Row> = ui_language::table.select(Row::as_select()).load(connection)?;
    let mut all = rows.into_iter().map(Kept::try_from).collect::<Result<Vec<_>, _>>()?;
    all.sort_by(|a, b| a.language.cmp(&b.language));
    Ok(all)
}

/// This one.
///
/// # Errors
/// See [`StorageError`].
pub fn find(connection: &mut DbConnection, language: &str) -> Result<Option<Kept>, StorageError> {
    let found = ui_language::table.filter(ui_language::language.eq(language.to_owned())).select(Row::as_select());
    found.first(connection).optional()?.map(Kept::try_from).transpose()
}

/// Makes its texts these: of what was read, or of a new one for `None`.
///
/// # Errors
/// [`StorageError::Changed`], [`StorageError::Exists`] when somebody else was first; [`StorageError::Invalid`] when there
/// are as many as there may be.
pub fn write(
    connection: &mut DbConnection,
    language: &str,
    read: Option<&Kept>,
    to: &Translations,
    by: &By,
    now_ms: i64,
) -> Result<(), StorageError> {
    let object = object(language);
    let texts = serde_json::to_string(to).map_err(|_| StorageError::invalid(object.clone(), "cannot be written"))?;
    let changes = match read {
        Some(read) => {
            let row = ui_language::table
                .filter(ui_language::language.eq(language.to_owned()).and(ui_language::version.eq(read.version)));
            let set = (
                ui_language::texts.eq(texts),
                ui_language::version.eq(read.version + 1),
                ui_language::changed_at_ms.eq(now_ms),
                ui_language::changed_by.eq(by.who.clone()),
            );
            if diesel::update(row).set(set).execute(connection)? == 0 {
                return Err(StorageError::Changed(object));
            }
            Changes::between(Some(&fields(&read.texts, &read.texts)), Some(&fields(to, &read.texts)))
        }
        None => {
            if versions(connection)?.len() >= MOST {
                return Err(StorageError::invalid(object, format!("there are {MOST} languages already")));
            }
            let row = Row {
                language: language.to_owned(),
                texts,
                // Not 1: one that was removed and is made anew is another, for whoever has read the first.
                version: now_ms,
                changed_at_ms: now_ms,
                changed_by: by.who.clone(),
            };
            let made = diesel::insert_into(ui_language::table).values(&row).execute(connection);
            made.map_err(StorageError::of(object.clone()))?;
            Changes::between(None, Some(&fields(to, &Translations::new())))
        }
    };
    audit::note(connection, by, now_ms, "import", &object, &changes)
}

/// Removes what was read.
///
/// # Errors
/// [`StorageError::Changed`] when it is another version now, or gone.
pub fn remove(connection: &mut DbConnection, read: &Kept, by: &By, now_ms: i64) -> Result<(), StorageError> {
    let object = object(&read.language);
    let row = ui_language::language.eq(read.language.clone()).and(ui_language::version.eq(read.version));
    if diesel::delete(ui_language::table.filter(row)).execute(connection)? == 0 {
        return Err(StorageError::Changed(object));
    }
    let changes = Changes::between(Some(&fields(&read.texts, &Translations::new())), None);
    audit::note(connection, by, now_ms, "remove", &object, &changes)
}

fn object(language: &str) -> String {
    format!("texts in {language}")
}

/// The audit log tells how many: what they say can be exported.
fn fields(of: &Translations, before: &Translations) -> Vec<Field> {
    let other = of.iter().filter(|(text, translation)| before.get(*text) != Some(translation)).count();
    vec![Field::open("texts", of.len()), Field::open("given_or_changed", other)]
}

impl TryFrom<Row> for Kept {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let Row { language, texts, version, changed_at_ms, changed_by } = row;
        let texts = serde_json::from_str(&texts)
            .map_err(|_| StorageError::invalid(object(&language), "texts cannot be read"))?;
        Ok(Self { language, texts, version, changed_at_ms, changed_by })
    }
}
