//! `oig migrate`: brings the database up to date, or shows what is missing.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use crate::settings::Settings;
use crate::storage::Storage;

#[derive(Debug, Args)]
pub(super) struct Migrate {
    /// The settings file, which names the database (`[storage]`).
    #[arg(short, long, default_value = "oig.toml", env = "OIG_SETTINGS_FILE")]
    settings: PathBuf,
    /// Only show which migrations the database has.
    #[arg(long)]
    status: bool,
}

impl Migrate {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let settings = Settings::read(&self.settings)?;
        let options = settings.storage.options().map_err(|fault| anyhow!("storage.url: {fault}"))?;
        let storage = Storage::reach(&options)?;
        let before = storage.migrations()?;
        if !self.status {
            drop(Storage::open(&options)?);
        }
        println!("{}", storage.label());
        for step in before {
            let state = match (step.applied, self.status) {
                (true, _) => "applied",
                (false, true) => "missing",
                (false, false) => "applied now",
            };
            println!("{:<12}{}", state, step.name);
        }
        Ok(())
    }
}
