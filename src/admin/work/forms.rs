//! Forms of nodes as files: what a file would do to what is kept of a form, doing it, and a form as a file. How it is done is
//! `crate::data::import`'s.

use actix_web::web::Bytes;
use schemas::data::Form;
use schemas::data::sync::Operation;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::data::find;
use crate::admin::{Running, note};
use crate::data::file;
use crate::data::import::{ImportFault, Plan, Progress};
use crate::data::store::Differing;
use crate::storage::By;
use crate::web::WebFault;

/// What a file does to a form, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FormImport {
    /// Whether it was done.
    pub done: bool,
    /// Rows that are new.
    pub added: usize,
    /// Rows that are there, with other values.
    pub changed: usize,
    /// Rows that are there, and not in the file.
    pub removed: usize,
    /// Rows that are as they are there.
    pub same: usize,
    /// Rows of the file that cannot be: with one of them nothing is done.
    pub refused: usize,
    /// The first 500 that are refused, and the first 500 that differ.
    pub rows: Vec<FormImportRow>,
}

/// A row of a file, or one that is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FormImportRow {
    /// Of the file; the first is 1. A row that is removed has none.
    pub line: Option<u64>,
    /// What names it.
    #[schema(example = "1000")]
    pub key: String,
    pub outcome: RowOutcome,
    /// The columns that differ from what is there.
    pub columns: Vec<String>,
    /// Why it cannot be, as a sentence.
    pub fault: Option<String>,
}

/// What becomes of a row of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RowOutcome {
    Added,
    Changed,
    Removed,
    Refused,
}

impl FormImport {
    /// What is to come of a plan.
    pub(in crate::admin) fn of(plan: &Plan) -> Self {
        let difference = &plan.difference;
        let refused = plan.file.refused.iter().map(|refused| FormImportRow {
            line: Some(refused.line),
            key: refused.key.clone(),
            outcome: RowOutcome::Refused,
            columns: Vec::new(),
            fault: Some(refused.why.clone()),
        });
        Self {
            done: false,
            added: difference.added,
            changed: difference.changed,
            removed: difference.removed,
            same: difference.same,
            refused: plan.file.refused_count,
            rows: refused.chain(difference.rows.iter().map(FormImportRow::from)).collect(),
        }
    }
}

impl From<&Differing> for FormImportRow {
    fn from(Differing { line, key, operation, columns }: &Differing) -> Self {
        Self {
            line: *line,
            key: key.clone(),
            outcome: match operation {
                Operation::Insert => RowOutcome::Added,
                Operation::Update => RowOutcome::Changed,
                Operation::Delete => RowOutcome::Removed,
            },
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            fault: None,
        }
    }
}

impl From<ImportFault> for WebFault {
    fn from(fault: ImportFault) -> Self {
        match fault {
            ImportFault::Storage(error) => error.into(),
            ImportFault::File(_) | ImportFault::Followed(_) | ImportFault::Refused => Self::Refused(fault.to_string()),
        }
    }
}

/// The form of this name.
pub(in crate::admin) fn form(name: &str) -> Result<&'static Form, WebFault> {
    schemas::data::form(name).ok_or(WebFault::NotFound)
}

/// What a file would do to a form of a node.
pub(in crate::admin) async fn plan(
    running: &Running,
    ceid: u16,
    form: &'static Form,
    file: Bytes,
    progress: &Progress,
) -> Result<Plan, WebFault> {
    let (data, node) = find(running, ceid)?;
    Ok(data.plan(node.ceid, form, file, progress).await?)
}

/// Does what was planned, all of it or nothing; where there is nothing to do, that is it.
///
/// # Errors
/// [`WebFault::Refused`] when a row is refused, [`WebFault::Changed`] when the form is not as it was then.
pub(in crate::admin) async fn import(
    running: &Running,
    plan: &Plan,
    progress: &Progress,
    by: &By,
) -> Result<FormImport, WebFault> {
    let (data, _) = find(running, plan.ceid.get())?;
    let import = FormImport::of(plan);
    if !plan.can_be_done() {
        return Err(ImportFault::Refused.into());
    }
    if plan.changes_something() {
        let FormImport { added, changed, removed, .. } = import;
        let counts = format!("{added} added, {changed} changed, {removed} removed");
        let object = format!("form {} of node {}: {counts}", plan.form().name, plan.ceid.get());
        // Before: what is done is on record, whatever becomes of the gateway.
        note(running, by.clone(), "import", object).await?;
        data.import(plan, progress).await?;
    }
    Ok(FormImport { done: true, ..import })
}

/// A form of a node as a file.
pub(in crate::admin) async fn export(running: &Running, ceid: u16, form: &'static Form) -> Result<Vec<u8>, WebFault> {
    let (data, node) = find(running, ceid)?;
    let rows = data.export(node.ceid, form).await?;
    let written = tokio::task::spawn_blocking(move || file::write(form, &rows)).await;
    written.map_err(|_| WebFault::Busy)?.map_err(|_| WebFault::Page)
}
