//! `oig licences`: the licence server, and what it gives to gateways.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Subcommand, ValueEnum};

use super::{in_system, who};
use crate::app;
use crate::certs::Keys;
use crate::licence::{Counts, Kind};
use crate::licensing::{self, Settings};
use crate::storage::change::now_ms;
use crate::storage::licence_grant::{self, Grant, Kept};
use crate::storage::{Storage, StorageError};

#[derive(Debug, Args)]
pub(super) struct Licences {
    /// The settings file (TOML). Every key can be overridden by the environment:
    /// `OIG_LICENCES_HTTP__LISTEN=0.0.0.0:8445` is `http.listen`.
    #[arg(short, long, default_value = "licences.toml", env = "OIG_LICENCES_SETTINGS_FILE", global = true)]
    settings: PathBuf,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the server.
    Serve {
        /// Only read and check the settings.
        #[arg(long)]
        check: bool,
    },
    /// Give a gateway a licence, or another one. Running gateways notice at their next fetch.
    Grant(Give),
    /// List what gateways have.
    List,
    /// Take a gateway's licence back: nobody logs in there any more.
    Revoke { gateway: String },
    /// Give it back.
    Reinstate { gateway: String },
    /// Print a gateway's licence as a file, for one that does not reach this server.
    File { gateway: String },
}

#[derive(Debug, Args)]
struct Give {
    /// The gateway's id, as its `oig admin licence` shows it.
    gateway: String,
    /// For whom.
    #[arg(long)]
    site: String,
    #[arg(long, value_enum, default_value = "purchased")]
    kind: KindWord,
    /// Sessions at a time of each kind.
    #[arg(long, default_value_t = 0)]
    standard: u32,
    #[arg(long, default_value_t = 0)]
    advanced: u32,
    #[arg(long, default_value_t = 0)]
    data_access: u32,
    #[arg(long, default_value_t = 0)]
    salesforce: u32,
    #[arg(long, default_value_t = 0)]
    google: u32,
    /// For so many days; for ever without it.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=36_600))]
    days: Option<u32>,
    /// For a service provider: users of integrations alone.
    #[arg(long)]
    integrations_only: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindWord {
    Purchased,
    Trial,
    Demonstration,
}

impl Licences {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let settings = Settings::read(&self.settings)?;
        if let Verb::Serve { check } = self.verb {
            if check {
                println!("{}: no faults", self.settings.display());
                return Ok(());
            }
            return in_system(&settings.log.clone(), async move {
                let running = licensing::start(&settings)?;
                app::asked_to_stop().await?;
                running.stop().await;
                Ok(())
            });
        }
        let options = settings.storage.options().map_err(|fault| anyhow!("storage.url: {fault}"))?;
        let storage = Storage::open(&options)?;
        match self.verb {
            Verb::Serve { .. } => Ok(()),
            Verb::Grant(give) => give.run(&storage),
            Verb::List => list(&storage),
            Verb::Revoke { gateway } => revoke(&storage, &gateway, true),
            Verb::Reinstate { gateway } => revoke(&storage, &gateway, false),
            Verb::File { gateway } => {
                let kept = storage.blocking(|connection| found(connection, &gateway))?;
                let keys = Keys::open(&settings.ca.folder, now_ms() / 1000)?;
                println!("{}", licensing::signed(&kept, &keys, now_ms())?);
                Ok(())
            }
        }
    }
}

fn found(connection: &mut crate::storage::DbConnection, gateway: &str) -> Result<Kept, StorageError> {
    let kept = licence_grant::find(connection, gateway)?;
    kept.ok_or_else(|| StorageError::Missing(format!("licence of gateway {gateway}")))
}

impl Give {
    fn run(self, storage: &Storage) -> anyhow::Result<()> {
        let now_ms = now_ms();
        let grant = Grant {
            gateway: self.gateway,
            site: self.site,
            kind: match self.kind {
                KindWord::Purchased => Kind::Purchased,
                KindWord::Trial => Kind::Trial,
                KindWord::Demonstration => Kind::Demonstration,
            },
            integrations_only: self.integrations_only,
            sessions: Counts {
                standard: self.standard,
                advanced: self.advanced,
                data_access: self.data_access,
                salesforce: self.salesforce,
                google: self.google,
            },
            valid_until_ms: self.days.map(|days| now_ms + i64::from(days) * 86_400_000),
            revoked: false,
        };
        let kept = storage.blocking(|connection| {
            connection.write(|connection| match licence_grant::find(connection, &grant.gateway)? {
                Some(read) => licence_grant::change(connection, &read, &grant, &who(), now_ms),
                None => licence_grant::add(connection, &grant, &who(), now_ms),
            })
        })?;
        print(&kept);
        Ok(())
    }
}

fn list(storage: &Storage) -> anyhow::Result<()> {
    storage.blocking(licence_grant::all)?.iter().for_each(print);
    Ok(())
}

fn revoke(storage: &Storage, gateway: &str, revoked: bool) -> anyhow::Result<()> {
    let kept = storage.blocking(|connection| {
        connection.write(|connection| {
            let read = found(connection, gateway)?;
            let to = Grant { revoked, ..read.grant.clone() };
            licence_grant::change(connection, &read, &to, &who(), now_ms())
        })
    })?;
    print(&kept);
    Ok(())
}

fn print(kept: &Kept) {
    let Grant { gateway, site, kind, integrations_only, sessions, valid_until_ms, revoked } = &kept.grant;
    let Counts { standard, advanced, data_access, salesforce, google } = sessions;
    let days =
        valid_until_ms.map(|until_ms| format!(", ends in {} days", (until_ms - now_ms()).div_euclid(86_400_000)));
    println!(
        "{gateway}  {}{}{}: standard {standard}, advanced {advanced}, data access {data_access}, Salesforce {salesforce}, \
         Google {google}{}  {site}",
        if *revoked { "REVOKED " } else { "" },
        kind.word(),
        if *integrations_only { ", integrations only" } else { "" },
        days.unwrap_or_default()
    );
}
