//! `oig admin users`, `import-users`, `export-users`: what the administration's pages do with users, by hand and with files.
//! A running gateway ends the sessions of those who may not go on within seconds.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _, stdout};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};

use crate::admission::hash_secret;
use crate::storage::user::{self, MOST, User};
use crate::storage::{By, Storage};
use crate::users::csv::{self, LARGEST_FILE};
use crate::users::import::{Counts, Outcome, Plan};
use crate::users::work;

pub(super) fn list(storage: &Storage, search: &str, now_ms: i64) -> anyhow::Result<()> {
    let most = u32::try_from(MOST)?;
    for User { number, email, profile, has_password, locked_until_ms, .. } in
        storage.blocking(|c| user::search(c, search, 0, most))?.0
    {
        let state = match () {
            () if profile.disabled => "disabled",
            () if locked_until_ms > now_ms => "locked",
            () if !has_password => "no password",
            () => "may sign in",
        };
        let node = profile.ceid.map(|ceid| format!(" at node {ceid}")).unwrap_or_default();
        let dn = profile.dn.unwrap_or_default();
        println!("{number:<6}{state:<13}{:<11}{email}  {}  {dn}{node}", profile.integration.word(), profile.name);
    }
    Ok(())
}

pub(super) fn import(storage: &Storage, file: &Path, dry_run: bool, by: &By, now_ms: i64) -> anyhow::Result<()> {
    let named = || file.display().to_string();
    let mut bytes = Vec::new();
    // One byte more than there may be: a file that is too large is said to be, however large it is.
    File::open(file).with_context(named)?.take(LARGEST_FILE as u64 + 1).read_to_end(&mut bytes).with_context(named)?;
    let plan = Plan::of(csv::read(&bytes)?, &storage.blocking(user::all)?);
    for line in plan.lines() {
        match &line.outcome {
            Outcome::Add => println!("add     line {}: {}", line.line, line.email),
            Outcome::Change(names) => println!("change  line {}: {}: {}", line.line, line.email, names.join(", ")),
            Outcome::Same => {}
            Outcome::Refused(fault) => println!("refuse  line {}: {}: {fault}", line.line, line.email),
        }
    }
    let Counts { refused, .. } = plan.counts();
    if refused > 0 {
        bail!("rows that are refused: {refused}; nothing was changed");
    }
    if dry_run || !plan.can_be_done() {
        println!(
            "Nothing was changed{}.",
            if dry_run { " (--dry-run)" } else { ": the database has what the file has" }
        );
        return Ok(());
    }
    let hash = |password| hash_secret(&password).map(Into::into).map_err(|e| anyhow!("cannot be hashed: {e}"));
    let hashes = plan.passwords().map(hash).collect::<anyhow::Result<Vec<_>>>()?;
    let Counts { added, changed, .. } = storage.blocking(|c| c.write(|c| plan.apply(c, hashes, by, now_ms)))?;
    println!("{added} added, {changed} changed.");
    Ok(())
}

pub(super) fn export(storage: &Storage, file: Option<&Path>, by: &By, now_ms: i64) -> anyhow::Result<()> {
    let users = storage.blocking(|c| c.write(|c| work::export(c, by, now_ms)))?;
    let text = csv::write(&users)?;
    match file {
        None => stdout().write_all(&text)?,
        Some(file) => {
            // Who people are is for who asked for it.
            let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file);
            opened.and_then(|mut opened| opened.write_all(&text)).with_context(|| file.display().to_string())?;
            println!("{} users", users.len());
        }
    }
    Ok(())
}
