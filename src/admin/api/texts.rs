//! What the pages say, in other languages.

use serde::Deserialize;
use utoipa::ToSchema;

use super::call::Call;
use super::endpoint::{Change, ChangeTo, Done, Json, Tagged};
use super::page::Page;
use super::problem::Problem;
use crate::admin::work::texts::{self, ImportedTexts, UiLanguage, UiTexts};
use crate::sheet::{MOST_ROWS, SheetFault};
use crate::texts::import::{self, Translated};
use crate::web::WebFault;

/// Translations that are to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "texts": [{ "text": "Sign in", "translation": "Anmelden" }],
    "dry_run": true,
})))]
pub(super) struct NewTexts {
    /// Each once; those that are not here stay as they are.
    #[schema(max_items = 5000)]
    texts: Vec<Translated>,
    /// Only say what it would do.
    #[serde(default)]
    dry_run: bool,
}

/// The language in the path: what cannot be one is none.
fn language(call: &Call) -> Result<String, Problem> {
    texts::language(call.part("language")).map_err(|_| WebFault::NotFound.into())
}

pub(super) async fn all(call: Call, (): ()) -> Result<Json<Page<UiLanguage>>, Problem> {
    Ok(Json(Page { items: texts::all(&call.admin).await?, next: None }))
}

pub(super) async fn one(call: Call, (): ()) -> Result<Tagged<UiTexts>, Problem> {
    let texts = texts::texts(&call.admin, language(&call)?).await?;
    Ok(Tagged(texts.version, texts))
}

pub(super) async fn import(
    call: Call,
    ChangeTo(seen, new): ChangeTo<NewTexts>,
) -> Result<Json<ImportedTexts>, Problem> {
    if new.texts.len() > MOST_ROWS {
        return Err(WebFault::Refused(SheetFault::TooManyRows(MOST_ROWS).to_string()).into());
    }
    let plan = texts::planned(&call.admin, language(&call)?, seen, import::rows(new.texts)).await?;
    let mut imported = ImportedTexts::of(&plan);
    if !new.dry_run {
        if let Some(refused) =
            imported.rows.iter().find_map(|row| Some(format!("{}: {}", row.row, row.fault.as_ref()?)))
        {
            return Err(WebFault::Refused(format!("Row {refused}")).into());
        }
        if plan.counts.can_be_done() {
            texts::import(&call.admin, plan, call.by()?).await?;
            imported.done = true;
        }
    }
    Ok(Json(imported))
}

pub(super) async fn remove(call: Call, Change(seen): Change) -> Result<Done, Problem> {
    texts::remove(&call.admin, language(&call)?, seen, call.by()?).await?;
    Ok(Done)
}
