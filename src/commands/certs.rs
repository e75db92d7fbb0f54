//! `oig certs`: the certificate server, and the first account of an administrator, which nobody could make otherwise.

use std::io::{BufRead as _, stdin};
use std::path::PathBuf;

use anyhow::{anyhow, ensure};
use clap::{Args, Subcommand};
use secrecy::SecretString;

use super::in_system;
use crate::admission::hash_secret;
use crate::app;
use crate::certs::{self, Settings};
use crate::storage::account::{NewAccount, Role};
use crate::storage::certs::member::{self, NewMember};
use crate::storage::change::now_ms;
use crate::storage::{By, Storage};

#[derive(Debug, Args)]
pub(super) struct Certs {
    /// The settings file (TOML). Every key can be overridden by the environment:
    /// `OIG_CERTS_HTTP__LISTEN=0.0.0.0:8444` is `http.listen`.
    #[arg(short, long, default_value = "certs.toml", env = "OIG_CERTS_SETTINGS_FILE", global = true)]
    settings: PathBuf,
    /// Only read and check the settings.
    #[arg(long)]
    check: bool,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add an administrator; the password is read from standard input. Others are added on the web site.
    AddAdministrator {
        name: String,
        /// Where requests are told.
        #[arg(long)]
        email: String,
    },
}

impl Certs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let settings = Settings::read(&self.settings)?;
        if let Some(Verb::AddAdministrator { name, email }) = self.verb {
            return add_administrator(&settings, name, email);
        }
        if self.check {
            certs::check(&settings)?;
            println!("{}: no faults", self.settings.display());
            return Ok(());
        }
        in_system(&settings.log.clone(), async move {
            let running = certs::start(&settings)?;
            println!("certificate server at {}", settings.url(running.address));
            app::asked_to_stop().await?;
            running.stop().await;
            Ok(())
        })
    }
}

fn add_administrator(settings: &Settings, name: String, email: String) -> anyhow::Result<()> {
    let mut line = String::new();
    stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    ensure!((12..=128).contains(&password.chars().count()), "the password must have 12 to 128 characters");
    let hash = hash_secret(&SecretString::from(password)).map_err(|e| anyhow!("cannot be hashed: {e}"))?;
    let options = settings.storage.options().map_err(|fault| anyhow!("storage.url: {fault}"))?;
    let storage = Storage::open(&options)?;
    let account = NewAccount { name, email: Some(email), password: hash.into(), role: Role::Administrator };
    let new = NewMember { account, msa_number: None, must_change: false };
    let by: By = super::who();
    let added = storage.blocking(|c| c.write(|connection| member::add(connection, &new, &by, now_ms())))?;
    println!("{} may sign in as administrator", added.account.name);
    Ok(())
}
