//! `oig backup` and `oig restore`: all that the database has, in a file that opens with a passphrase. They work with the
//! database itself, whether a gateway runs or not; a running one follows within seconds.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;

use super::{asked, who};
use crate::backup;
use crate::settings::{Settings, Source};
use crate::storage::change::now_ms;
use crate::storage::{Known, Storage};

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file that is made; its passphrase, 12 to 128 characters, is what OIG_PASSPHRASE says, else a line of standard input.
    file: PathBuf,
    #[command(flatten)]
    of: Of,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup; its passphrase is what OIG_PASSPHRASE says, else a line of standard input.
    file: PathBuf,
    #[command(flatten)]
    of: Of,
}

#[derive(Debug, Args)]
struct Of {
    /// The settings file, which names the database (`[storage]`).
    #[arg(short, long, default_value = "oig.toml", env = "OIG_SETTINGS_FILE")]
    settings: PathBuf,
}

impl Of {
    fn open(&self) -> anyhow::Result<(Settings, Storage)> {
        let settings = Settings::read(&self.settings)?;
        let options = settings.storage.options().map_err(|fault| anyhow!("storage.url: {fault}"))?;
        Ok((settings, Storage::open(&options)?))
    }
}

impl Backup {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let (_, storage) = self.of.open()?;
        let passphrase = asked::passphrase()?;
        let made = storage.blocking(
            storage.sealing(|connection, vault| Ok(backup::make(connection, vault, &passphrase, now_ms()))),
        )??;
        keep(&self.file, &made)?;
        println!("{}: {} KiB of {}", self.file.display(), made.len().div_ceil(1024), storage.label());
        Ok(())
    }
}

/// Writes a backup into a file that is not there yet, for who asked for it alone.
pub(super) fn keep(path: &Path, made: &[u8]) -> anyhow::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = file.with_context(|| format!("{}", path.display()))?;
    file.write_all(made)?;
    Ok(file.sync_all()?)
}

/// Reads a backup's file. One byte more than there may be: one that is too large is said to be, however large it is.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let file = File::open(path).with_context(|| format!("{}", path.display()))?;
    let mut bytes = Vec::new();
    file.take(backup::LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Restore {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let (settings, storage) = self.of.open()?;
        let opened = backup::open(&read(&self.file)?, &asked::passphrase()?)?;
        let fits = |known: &Known| known.over(&settings).check_in(Source::Database);
        let rows = storage
            .blocking(storage.sealing(|c, vault| Ok(backup::restore(c, vault, &opened, fits, &who(), now_ms()))))??;
        println!("{rows} rows are restored into {}", storage.label());
        Ok(())
    }
}
