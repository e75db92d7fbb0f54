//! `oig admin texts`, `export-texts`, `import-texts`, `remove-texts`: files of translations, as the pages take and give
//! them. A running gateway has what changed within seconds.

use std::fs;
use std::io::{Write as _, stdout};
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};

use super::{Desk, files};
use crate::sheet::LARGEST_FILE;
use crate::texts::import;

fn language(text: &str) -> anyhow::Result<String> {
    import::language(text).map_err(|fault| anyhow!(fault))
}

pub(super) fn export(desk: &impl Desk, of: &str, file: Option<&Path>) -> anyhow::Result<()> {
    let texts = desk.texts(&language(of)?)?;
    let text = import::write(&texts.texts)?;
    match file {
        None => stdout().write_all(&text)?,
        Some(file) => {
            fs::write(file, &text).with_context(|| file.display().to_string())?;
            println!("{} texts", texts.texts.len());
        }
    }
    Ok(())
}

pub(super) fn import(desk: &impl Desk, of: &str, file: &Path, dry_run: bool) -> anyhow::Result<()> {
    let (language, bytes) = (language(of)?, files::read(file, LARGEST_FILE)?);
    let (mut lines, mut texts, mut unread) = (Vec::new(), Vec::new(), 0);
    for row in import::read(&bytes)? {
        match row.row {
            Ok(text) => {
                lines.push(row.line);
                texts.push(text);
            }
            Err(fault) => {
                println!("refuse  line {}: {fault}", row.line);
                unread += 1;
            }
        }
    }
    let would = desk.import_texts(&language, texts.clone(), None)?;
    for row in &would.rows {
        let place = usize::try_from(row.row)?.saturating_sub(1);
        let line = lines.get(place).copied().unwrap_or_default();
        match (&row.fault, texts.get(place)) {
            (Some(fault), _) => println!("refuse  line {line}: {fault}"),
            (None, text) => println!("skip    line {line}: not known here: {}", text.map_or("", |text| &text.text)),
        }
    }
    let refused = would.counts.refused + unread;
    if refused > 0 {
        bail!("rows that are refused: {refused}; nothing was changed");
    }
    let counts = would.counts;
    println!("{} added, {} changed, {} removed", counts.added, counts.changed, counts.removed);
    if dry_run || counts.done() == 0 {
        println!("Nothing was changed{}.", if dry_run { " (--dry-run)" } else { ": it has what the file has" });
        return Ok(());
    }
    desk.import_texts(&language, texts, Some(would.version))?;
    println!("The pages are in {language} for browsers that ask for it, within seconds.");
    Ok(())
}

pub(super) fn remove(desk: &impl Desk, of: &str) -> anyhow::Result<()> {
    let language = language(of)?;
    desk.remove_texts(&language)?;
    println!("the texts in {language} are removed");
    Ok(())
}
