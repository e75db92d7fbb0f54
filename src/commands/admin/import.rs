//! `oig admin import`: a settings file into the database.

use std::path::{Path, PathBuf};

use clap::Args;

use super::database::Database;
use crate::settings::{Settings, Source};
use crate::storage::{Differs, Known, Plan, Removal, StorageError};

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The file; that of --settings unless it is given.
    file: Option<PathBuf>,
    /// Only print what would change.
    #[arg(long)]
    dry_run: bool,
    /// Also remove nodes and applications that the file does not have.
    #[arg(long)]
    remove: bool,
}

impl Import {
    pub(super) fn run(self, database: &Database, own: &Path) -> anyhow::Result<()> {
        let Database { storage, settings, by, now_ms } = database;
        let file = match self.file.filter(|file| file != own) {
            Some(file) => Settings::read(&file)?,
            None => settings.clone(),
        };
        let removal = if self.remove { Removal::Remove } else { Removal::Keep };
        let changed = storage.blocking(storage.sealing(|connection, vault| {
            if self.dry_run {
                print(&Plan::of(&Known::read(connection, vault)?, &file), removal);
                return Ok(None);
            }
            connection.write(|connection| {
                let plan = Plan::of(&Known::read(connection, vault)?, &file);
                print(&plan, removal);
                let changed = plan.apply(connection, vault, removal, by, *now_ms)?;
                // What no gateway would start with is not kept.
                let checked = Known::read(connection, vault)?.over(settings).check_in(Source::Database);
                checked
                    .map_err(|fault| StorageError::Invalid { object: "the import".into(), fault: fault.to_string() })?;
                Ok(Some(changed))
            })
        }))?;
        match changed {
            None => println!("Nothing was changed (--dry-run)."),
            Some(changed) => {
                println!("{changed} changed. A running gateway goes on with it within seconds.");
            }
        }
        Ok(())
    }
}

fn print(plan: &Plan, removal: Removal) {
    for (object, differs) in plan.differences() {
        match (differs, removal) {
            (Differs::InFile(changes), _) => println!("add     {object}: {changes}"),
            (Differs::Changed(changes), _) => println!("change  {object}: {changes}"),
            (Differs::InDatabase(_), Removal::Remove) => println!("remove  {object}"),
            (Differs::InDatabase(_), Removal::Keep) => println!("keep    {object}: is not in the file"),
        }
    }
    if plan.differences().next().is_none() {
        println!("The database has what the file has.");
    }
}
