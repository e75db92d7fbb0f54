//! Translations of what the pages say: languages, their texts, files of them. What a file is and does is
//! `crate::texts::import`'s.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Seen;
use crate::admin::Admin;
use crate::storage::change::now_ms;
use crate::storage::ui_language::{self, Kept};
use crate::storage::{By, DbConnection, StorageError};
use crate::texts::import::{self, Counts, Outcome, Plan, Row, Translated};
use crate::texts::known;
use crate::web::WebFault;

/// A language that was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UiLanguage {
    /// As in RFC 5646: `de-AT`.
    pub language: String,
    /// Texts of this gateway that are translated.
    pub translated: usize,
    /// Texts that this gateway says.
    pub texts: usize,
    pub version: i64,
    pub changed_at_ms: i64,
    pub changed_by: String,
}

impl UiLanguage {
    fn of(kept: &Kept) -> Self {
        Self {
            language: kept.language.clone(),
            translated: kept.texts.keys().filter(|text| known::is(text)).count(),
            texts: known::all().len(),
            version: kept.version,
            changed_at_ms: kept.changed_at_ms,
            changed_by: kept.changed_by.clone(),
        }
    }
}

/// What the pages say, in a language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UiTexts {
    /// As in RFC 5646: `de-AT`.
    pub language: String,
    /// 0 for one that was not imported yet.
    pub version: i64,
    /// All texts of this gateway, in the order of its pages.
    pub texts: Vec<Translated>,
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportedTexts {
    /// Else nothing was changed.
    pub done: bool,
    /// Of the language before; 0 for one that was not there.
    pub version: i64,
    pub counts: Counts,
    /// Those that are refused, or whose text this gateway does not say.
    pub rows: Vec<TextRow>,
}

/// A row that changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TextRow {
    /// The first is 1.
    pub row: u64,
    /// Why it is refused; empty where its text is not known.
    pub fault: Option<String>,
}

impl ImportedTexts {
    /// Of what is not done yet.
    pub(crate) fn of(plan: &Plan) -> Self {
        let rows = plan.lines.iter().filter_map(|line| match &line.outcome {
            Outcome::Refused(fault) => Some(TextRow { row: line.line, fault: Some(fault.clone()) }),
            Outcome::Unknown => Some(TextRow { row: line.line, fault: None }),
            Outcome::Add | Outcome::Change | Outcome::Remove | Outcome::Same => None,
        });
        Self { done: false, version: plan.version(), counts: plan.counts, rows: rows.collect() }
    }
}

/// The languages that there are. Blocks.
pub(crate) fn read(connection: &mut DbConnection) -> Result<Vec<UiLanguage>, StorageError> {
    Ok(ui_language::all(connection)?.iter().map(UiLanguage::of).collect())
}

/// All texts with their translations in a language, which need not be there yet. Blocks.
pub(crate) fn read_texts(connection: &mut DbConnection, language: String) -> Result<UiTexts, StorageError> {
    let kept = ui_language::find(connection, &language)?;
    let version = kept.as_ref().map_or(0, |kept| kept.version);
    Ok(UiTexts { language, version, texts: import::all(kept.as_ref()) })
}

/// What rows would do to a language. Blocks.
pub(crate) fn read_plan(connection: &mut DbConnection, language: String, rows: Vec<Row>) -> Result<Plan, StorageError> {
    let kept = ui_language::find(connection, &language)?;
    Ok(Plan::of(language, rows, kept))
}

/// The name of a language as somebody gave it.
pub(in crate::admin) fn language(text: &str) -> Result<String, WebFault> {
    import::language(text).map_err(WebFault::Refused)
}

pub(in crate::admin) async fn all(admin: &Admin) -> Result<Vec<UiLanguage>, WebFault> {
    Ok(admin.site.storage.with(read).await?)
}

pub(in crate::admin) async fn texts(admin: &Admin, language: String) -> Result<UiTexts, WebFault> {
    Ok(admin.site.storage.with(move |c| read_texts(c, language)).await?)
}

/// What rows would do to a language, in the version that was seen.
pub(in crate::admin) async fn planned(
    admin: &Admin,
    language: String,
    seen: Seen,
    rows: Vec<Row>,
) -> Result<Plan, WebFault> {
    let plan = admin.site.storage.with(move |c| read_plan(c, language, rows)).await?;
    if seen.is_some_and(|version| version != plan.version()) { Err(WebFault::Changed) } else { Ok(plan) }
}

/// Does what was planned, where the language is as it was then; the pages have it when this returns.
pub(in crate::admin) async fn import(admin: &Admin, plan: Plan, by: &By) -> Result<Counts, WebFault> {
    let by = by.clone();
    let counts = admin.site.storage.write(move |c| plan.apply(c, &by, now_ms())).await?;
    admin.texts.reread().await?;
    Ok(counts)
}

/// Removes a language; its pages are English again.
pub(in crate::admin) async fn remove(admin: &Admin, language: String, seen: Seen, by: &By) -> Result<(), WebFault> {
    let by = by.clone();
    let remove = move |c: &mut DbConnection| remove_in(c, &language, seen, &by, now_ms());
    admin.site.storage.write(remove).await?;
    Ok(admin.texts.reread().await?)
}

/// The same within a transaction of the caller's. Blocks.
pub(crate) fn remove_in(
    connection: &mut DbConnection,
    language: &str,
    seen: Seen,
    by: &By,
    now_ms: i64,
) -> Result<(), StorageError> {
    let kept = ui_language::find(connection, language)?;
    let kept = kept.ok_or_else(|| StorageError::Missing(format!("texts in {language}")))?;
    let version = seen.unwrap_or(kept.version);
    ui_language::remove(connection, &Kept { version, ..kept }, by, now_ms)
}
