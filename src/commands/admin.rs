//! `oig admin`: looks at and changes what the database has. It works with the database itself, whether a gateway runs or
//! not; a running one notices changes of applications within seconds, those of nodes at its next start.

use std::io::{BufRead, stdin};
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use secrecy::SecretString;

use super::{users, who};
use crate::acl::AccessList;
use crate::admission::hash_secret;
use crate::fetched::{Fetched, Signed};
use crate::licence::{self, Counts, Licences};
use crate::settings::{Application, ApplicationLimits, ServiceLevel, Settings, Source};
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
    /// Add an application. Its local password is the first line of standard input, its application password the
    /// second; with `[acl]` that is the access control list's, and no second line is read.
    AddApplication(AddApplication),
    /// Show the access control list as this gateway has it.
    Acl {
        /// Fetch it from the certificate server first. A running gateway sees it within seconds.
        #[arg(long)]
        fetch: bool,
    },
    /// Show the id of this gateway, and its licence.
    Licence {
        /// Fetch it from the licence server first. A running gateway sees it within seconds.
        #[arg(long)]
        fetch: bool,
        /// Take it from this file, for a gateway that does not reach the server.
        #[arg(long, conflicts_with = "fetch")]
        install: Option<PathBuf>,
    },
    /// List the accounts of people and integrations.
    Accounts,
    /// Add an account; its password is read from standard input.
    AddAccount(AddAccount),
    /// List the users of the integrations.
    Users {
        /// Only those whose e-mail address, name or phone has this in it.
        #[arg(long)]
        search: Option<String>,
    },
    /// Add and change users by a file of comma separated values, all of it or nothing; see /admin for its columns.
    ImportUsers {
        file: PathBuf,
        /// Only print what would change.
        #[arg(long)]
        dry_run: bool,
    },
    /// Write all users as such a file, without passwords.
    ExportUsers {
        /// Standard output unless it is given.
        file: Option<PathBuf>,
    },
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
struct AddApplication {
    #[command(flatten)]
    of: Named,
    /// The most that it may ask for.
    #[arg(long, value_enum, default_value = "standard")]
    service: ServiceWord,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ServiceWord {
    Standard,
    Advanced,
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
            Verb::AddApplication(add) => add.run(&storage, &settings, &by, now_ms),
            Verb::Acl { fetch } => acl(&settings, &storage.gateway_id(now_ms)?, fetch, now_ms),
            Verb::Licence { fetch, install } => {
                licence(&settings, &storage.gateway_id(now_ms)?, fetch, install.as_deref(), now_ms)
            }
            Verb::Accounts => accounts(&storage),
            Verb::AddAccount(add) => add.run(&storage, &by, now_ms),
            Verb::Users { search } => users::list(&storage, search.as_deref().unwrap_or_default(), now_ms),
            Verb::ImportUsers { file, dry_run } => users::import(&storage, &file, dry_run, &by, now_ms),
            Verb::ExportUsers { file } => users::export(&storage, file.as_deref(), &by, now_ms),
            Verb::Audit { count } => newest(&storage, count),
        }
    }
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

impl AddApplication {
    fn run(self, storage: &Storage, settings: &Settings, by: &By, now_ms: i64) -> anyhow::Result<()> {
        let local_password = password()?;
        let application_password = if settings.acl.is_set() { SecretString::default() } else { password()? };
        let application = Application {
            company: self.of.company,
            name: self.of.name,
            application_password,
            local_password,
            revoked: false,
            service: match self.service {
                ServiceWord::Standard => ServiceLevel::Standard,
                ServiceWord::Advanced => ServiceLevel::Advanced,
            },
            limits: ApplicationLimits::default(),
        };
        let label = application.label();
        let added = storage.blocking(|connection| {
            connection.write(|connection| {
                application::add(connection, &application.into(), by, now_ms)?;
                // What no gateway would start with is not kept.
                let checked = Known::read(connection)?.over(settings).check_in(Source::Database);
                checked.map_err(|fault| StorageError::Invalid { object: label.clone(), fault: fault.to_string() })
            })
        });
        added?;
        println!("{label} may enter within seconds");
        Ok(())
    }
}

/// Fetches a document as the gateway does.
fn fetched<D: Signed>(document: &Fetched<D>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(document.fetch())?;
    Ok(())
}

fn licence(settings: &Settings, gateway: &str, fetch: bool, install: Option<&Path>, now_ms: i64) -> anyhow::Result<()> {
    println!("gateway {gateway}");
    let Some(licences) = Licences::open(&settings.licence, gateway)? else {
        println!("licence.ca is not set: nothing is counted");
        return Ok(());
    };
    if fetch {
        fetched(&licences)?;
    }
    if let Some(file) = install {
        licences.install(&std::fs::read_to_string(file)?)?;
    }
    let state = licences.state();
    let Some(licence) = &state.document else {
        println!("NOT LICENSED: there is no licence yet: {}", state.fault.as_deref().unwrap_or("it was never fetched"));
        return Ok(());
    };
    let allowance = licence::allows(&state, settings.licence.grace(), now_ms);
    match allowance.not_licensed {
        Some(why) => println!("NOT LICENSED: {why}"),
        None => println!("licensed"),
    }
    let Counts { standard, advanced, data_access, salesforce, google } = licence.sessions;
    println!("{}, version {}, signed at {} ms", licence.kind.word(), licence.version, licence.issued_at_ms);
    println!(
        "standard {standard}, advanced {advanced}, data access {data_access}, Salesforce {salesforce}, Google {google}"
    );
    if let Some(until_ms) = licence.valid_until_ms {
        println!("ends in {} days", (until_ms - now_ms).div_euclid(86_400_000));
    }
    Ok(())
}

fn acl(settings: &Settings, gateway: &str, fetch: bool, now_ms: i64) -> anyhow::Result<()> {
    let list = AccessList::open(&settings.acl, gateway)?.ok_or_else(|| anyhow!("acl.ca is not set"))?;
    if fetch {
        fetched(&list)?;
    }
    let state = list.state();
    let (Some(document), Some(age)) = (&state.document, state.age(now_ms)) else {
        bail!("there is no list yet: {}", state.fault.as_deref().unwrap_or("it was never fetched"));
    };
    println!("version {}, signed {} minutes ago", document.version, age.as_secs() / 60);
    for entry in &document.entries {
        let revoked = if entry.revoked { "revoked" } else { "registered" };
        let service = if entry.advanced { "advanced" } else { "standard" };
        println!("{revoked:<11}{service}  {} / {}", entry.company, entry.application);
    }
    Ok(())
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
