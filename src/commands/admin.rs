//! `oig admin`: looks at and changes what the database has. It works with the database itself, whether a gateway runs or
//! not; a running one notices changes of applications within seconds, those of nodes at its next start.

use std::io::{BufRead, stdin};
use std::path::{Path, PathBuf};

use anyhow::{anyhow, ensure};
use clap::{Args, Subcommand, ValueEnum};
use secrecy::SecretString;

use crate::admission::hash_secret;
use crate::settings::{Settings, Source};
use crate::storage::account::{self, NewAccount, Role};
use crate::storage::change::now_ms;
use crate::storage::{By, Differs, Known, Plan, Removal, Storage, StorageError, application, audit};

#[derive(Debug, Args)]
pub(super) struct Admin {
    /// The settings file, which names the database (`[storage]`).
    #[arg(short, long, default_value = "oig.toml", env = "OIG_SETTINGS_FILE", global = true)]
    settings: PathBuf,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Read the nodes and applications of a settings file again: what it has is added or changed.
    Import(Import),
    /// List the applications.
    Applications,
    /// Let an application enter no more; its sessions end.
    Revoke(Named),
    /// Let a revoked application enter again.
    Reinstate(Named),
    /// Give an application another local password, read from standard input.
    LocalPassword(LocalPassword),
    /// List the accounts of people and integrations.
    Accounts,
    /// Add an account; its password is read from standard input.
    AddAccount(AddAccount),
    /// Show the newest lines of the audit log.
    Audit {
        /// How many.
        #[arg(long, default_value_t = 50)]
        count: u32,
    },
}

#[derive(Debug, Args)]
struct Import {
    /// The file; that of --settings unless it is given.
    file: Option<PathBuf>,
    /// Only print what would change.
    #[arg(long)]
    dry_run: bool,
    /// Also remove nodes and applications that the file does not have.
    #[arg(long)]
    remove: bool,
}

#[derive(Debug, Args)]
struct Named {
    company: String,
    name: String,
}

#[derive(Debug, Args)]
struct LocalPassword {
    #[command(flatten)]
    of: Named,
    /// For so many hours the old password is accepted, too.
    #[arg(long, default_value_t = 0)]
    overlap_hours: u16,
}

#[derive(Debug, Args)]
struct AddAccount {
    name: String,
    #[arg(long, value_enum)]
    role: RoleWord,
    #[arg(long)]
    email: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleWord {
    Reader,
    Operator,
    Administrator,
}

impl Admin {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let settings = Settings::read(&self.settings)?;
        let options = settings.storage.options().map_err(|fault| anyhow!("storage.url: {fault}"))?;
        let storage = Storage::open(&options)?;
        let (by, now_ms) = (who(), now_ms());
        match self.verb {
            Verb::Import(import) => import.run(&storage, &self.settings, &settings, &by, now_ms),
            Verb::Applications => applications(&storage),
            Verb::Revoke(of) => revoke(&storage, &of, true, &by, now_ms),
            Verb::Reinstate(of) => revoke(&storage, &of, false, &by, now_ms),
            Verb::LocalPassword(password) => password.run(&storage, &by, now_ms),
            Verb::Accounts => accounts(&storage),
            Verb::AddAccount(add) => add.run(&storage, &by, now_ms),
            Verb::Audit { count } => newest(&storage, count),
        }
    }
}

/// Who sits at the command line, as far as the surroundings say it.
fn who() -> By {
    let name = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    By::new(name.as_deref().filter(|name| !name.is_empty()).unwrap_or("somebody"), "command line")
}

impl Import {
    fn run(self, storage: &Storage, own: &Path, settings: &Settings, by: &By, now_ms: i64) -> anyhow::Result<()> {
        let file = match self.file.filter(|file| file != own) {
            Some(file) => Settings::read(&file)?,
            None => settings.clone(),
        };
        let removal = if self.remove { Removal::Remove } else { Removal::Keep };
        let changed = storage.blocking(|connection| {
            if self.dry_run {
                print(&Plan::of(&Known::read(connection)?, &file), removal);
                return Ok(None);
            }
            connection.write(|connection| {
                let plan = Plan::of(&Known::read(connection)?, &file);
                print(&plan, removal);
                let changed = plan.apply(connection, removal, by, now_ms)?;
                // What no gateway would start with is not kept.
                let checked = Known::read(connection)?.over(settings).check_in(Source::Database);
                checked
                    .map_err(|fault| StorageError::Invalid { object: "the import".into(), fault: fault.to_string() })?;
                Ok(Some(changed))
            })
        })?;
        match changed {
            None => println!("Nothing was changed (--dry-run)."),
            Some(changed) => {
                println!(
                    "{changed} changed. Applications are valid within seconds; nodes at the gateway's next start."
                );
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

fn applications(storage: &Storage) -> anyhow::Result<()> {
    for kept in storage.blocking(application::all)? {
        let application = &kept.registered.application;
        let revoked = if application.revoked { "revoked" } else { "may enter" };
        let next = if kept.registered.next_local.is_some() { "  local password is being replaced" } else { "" };
        println!("{revoked:<11}{:?}  {}{next}", application.service, application.label());
    }
    Ok(())
}

fn revoke(storage: &Storage, of: &Named, revoked: bool, by: &By, now_ms: i64) -> anyhow::Result<()> {
    storage.blocking(|connection| {
        connection.write(|connection| {
            let read = application::find(connection, &of.company, &of.name)?;
            application::revoke(connection, &read, revoked, by, now_ms)
        })
    })?;
    println!("{} / {} {}", of.company, of.name, if revoked { "is revoked" } else { "may enter again" });
    Ok(())
}

impl LocalPassword {
    fn run(self, storage: &Storage, by: &By, now_ms: i64) -> anyhow::Result<()> {
        let hash = password()?;
        let until_ms = now_ms + i64::from(self.overlap_hours) * 3_600_000;
        storage.blocking(|connection| {
            connection.write(|connection| {
                let read = application::find(connection, &self.of.company, &self.of.name)?;
                application::rotate(connection, &read, &hash, until_ms, by, now_ms)
            })
        })?;
        println!("{} / {} has another local password", self.of.company, self.of.name);
        Ok(())
    }
}

fn accounts(storage: &Storage) -> anyhow::Result<()> {
    for account in storage.blocking(account::all)? {
        println!("{:<15}{}  {}", account.role.word(), account.name, account.email.unwrap_or_default());
    }
    Ok(())
}

impl AddAccount {
    fn run(self, storage: &Storage, by: &By, now_ms: i64) -> anyhow::Result<()> {
        let role = match self.role {
            RoleWord::Reader => Role::Reader,
            RoleWord::Operator => Role::Operator,
            RoleWord::Administrator => Role::Administrator,
        };
        let new = NewAccount { name: self.name, email: self.email, password: password()?, role };
        let added = storage.blocking(|c| c.write(|connection| account::add(connection, &new, by, now_ms)))?;
        println!("{} may sign in as {}", added.name, added.role.word());
        Ok(())
    }
}

fn newest(storage: &Storage, count: u32) -> anyhow::Result<()> {
    for entry in storage.blocking(|connection| audit::newest(connection, None, count))? {
        let (before, after) = (entry.before.unwrap_or_default(), entry.after.unwrap_or_default());
        println!(
            "{} {} ({}) {} {} {before} -> {after}",
            entry.at_ms, entry.who, entry.origin, entry.action, entry.object
        );
    }
    Ok(())
}

/// A line of standard input, hashed.
fn password() -> anyhow::Result<SecretString> {
    let mut line = String::new();
    stdin().lock().read_line(&mut line)?;
    let text = line.trim_end_matches(['\r', '\n']);
    ensure!(!text.is_empty(), "the password is empty");
    let hash = hash_secret(&SecretString::from(text)).map_err(|e| anyhow!("cannot be hashed: {e}"))?;
    Ok(hash.into())
}
