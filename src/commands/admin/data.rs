//! `oig admin data`, `copy-forms`, `compare-forms`, `import-form`, `export-form`: the copies of the nodes' forms at a running
//! gateway, by its API. Their rows are read by applications and at `/admin/data`.

use std::fs;
use std::io::{Write as _, stdout};
use std::path::Path;

use anyhow::{Context as _, bail};
use clap::Args;
use reqwest::Method;

use super::files;
use super::gateway::Gateway;
use crate::admin::work::data::{FormCopy, NodeCopy};
use crate::admin::work::forms::{FormImport, FormImportRow, RowOutcome};
use crate::data::file::LARGEST_FILE;
use crate::storage::StorageError;
use crate::web::when;

/// A form of a node.
#[derive(Debug, Args)]
pub(super) struct NodeForm {
    /// The node's number.
    ceid: u16,
    /// As applications call it: phones.
    form: String,
}

impl NodeForm {
    fn path(&self) -> anyhow::Result<String> {
        let form = schemas::data::form(&self.form);
        let form = form.ok_or_else(|| StorageError::Missing(format!("the form {:?}", self.form)))?;
        Ok(format!("/data/{}/forms/{}", self.ceid, form.name))
    }
}

fn copies(gateway: &Gateway) -> anyhow::Result<Vec<NodeCopy>> {
    gateway.all("/data")
}

/// Has something done with the copy of a node.
fn ask(gateway: &Gateway, ceid: u16, what: &str) -> anyhow::Result<()> {
    if !copies(gateway)?.iter().any(|copy| copy.ceid == ceid && copy.served) {
        return Err(StorageError::Missing(format!("a copy of node {ceid}")).into());
    }
    gateway.ask(Method::POST, &format!("/data/{ceid}/{what}"), None, None).map(drop)
}

pub(super) fn show(gateway: &Gateway) -> anyhow::Result<()> {
    copies(gateway)?.iter().for_each(print);
    Ok(())
}

pub(super) fn copy(gateway: &Gateway, ceid: u16) -> anyhow::Result<()> {
    ask(gateway, ceid, "copy")?;
    println!("the forms of node {ceid} are to be copied anew");
    Ok(())
}

pub(super) fn compare(gateway: &Gateway, ceid: u16) -> anyhow::Result<()> {
    ask(gateway, ceid, "compare")?;
    println!("the forms of node {ceid} are to be compared");
    Ok(())
}

pub(super) fn import(gateway: &Gateway, of: &NodeForm, file: &Path, dry_run: bool) -> anyhow::Result<()> {
    let (path, file) = (of.path()?, files::read(file, LARGEST_FILE)?);
    let send = |query: &str, file: Vec<u8>| {
        let told = gateway.ask_with(Method::POST, &format!("{path}/import{query}"), None, Some(("text/csv", file)))?;
        gateway.read::<FormImport>(&told)
    };
    // What cannot be is told row by row, and nothing is asked for then.
    let tried = send("?dry_run=true", file.clone())?;
    tried.rows.iter().for_each(print_row);
    let FormImport { added, changed, removed, same, refused, rows, .. } = tried;
    let more = (added + changed + removed + refused).saturating_sub(rows.len());
    if more > 0 {
        println!("and {more} more");
    }
    if refused > 0 {
        bail!("rows that are refused: {refused}; nothing was changed");
    }
    if dry_run {
        println!(
            "{added} would be added, {changed} changed, {removed} removed, {same} stay. Nothing was changed (--dry-run)."
        );
        return Ok(());
    }
    let FormImport { added, changed, removed, .. } = send("", file)?;
    println!("{added} added, {changed} changed, {removed} removed.");
    Ok(())
}

fn print_row(row: &FormImportRow) {
    let FormImportRow { line, key, outcome, columns, fault } = row;
    let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
    match outcome {
        RowOutcome::Added => println!("add     {line}{key}"),
        RowOutcome::Changed => println!("change  {line}{key}: {}", columns.join(", ")),
        RowOutcome::Removed => println!("remove  {key}"),
        RowOutcome::Refused => println!("refuse  {line}{key}: {}", fault.as_deref().unwrap_or_default()),
    }
}

pub(super) fn export(gateway: &Gateway, of: &NodeForm, file: Option<&Path>) -> anyhow::Result<()> {
    let text = gateway.ask(Method::GET, &of.path()?, None, None)?;
    match file {
        None => stdout().write_all(&text)?,
        Some(file) => {
            fs::write(file, &text).with_context(|| file.display().to_string())?;
            println!("{}: {} KiB", file.display(), text.len().div_ceil(1024));
        }
    }
    Ok(())
}

fn print(copy: &NodeCopy) {
    let NodeCopy {
        ceid,
        name,
        address,
        state,
        as_of_ms,
        newest_change,
        behind: behind_of_node,
        delay_ms,
        last_fault,
        rows,
        forms,
        ..
    } = copy;
    let name = if name.is_empty() { String::new() } else { format!(" {name}") };
    let as_of = as_of_ms.map_or_else(|| "never since the start".into(), when);
    let change = newest_change.map_or_else(|| "-".into(), |change| change.to_string());
    let behind = |behind: &Option<u64>| behind.map(|behind| format!(", behind {behind}")).unwrap_or_default();
    let delay = delay_ms.map(|delay_ms| format!(", last took {delay_ms} ms")).unwrap_or_default();
    let lag = behind(behind_of_node) + &delay;
    println!(
        "node {ceid}{name} at {address}: {}, as of {as_of}, change {change}{lag}, forms whole {} of {}, rows {rows}",
        state.words(),
        copy.whole(),
        forms.len(),
    );
    if let Some(fault) = last_fault {
        println!("  last fault {fault}");
    }
    for FormCopy { form, rows, whole, as_of_ms, behind: of_form, copied_at_ms, .. } in forms {
        let at = |word: &str, at_ms: &Option<i64>| at_ms.map(|at| format!(", {word} {}", when(at))).unwrap_or_default();
        let (as_of, copied, lag) = (at("as of", as_of_ms), at("copied", copied_at_ms), behind(of_form));
        println!("  {form:<28} rows {rows:<7} {}{as_of}{lag}{copied}", whole.words());
    }
}
