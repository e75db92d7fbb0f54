//! `oig admin`: looks at and changes what the database has. It works with the database itself, whether a gateway runs or
//! not (a running one notices what changed within seconds), or, with `--url`, by the API of a running gateway. What is printed is the same both ways.

mod database;
mod gateway;
mod import;
mod shown;

use std::io::{BufRead, stdin};
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use reqwest::Url;
use secrecy::SecretString;

use self::database::Database;
use self::gateway::Gateway;
use self::import::Import;
use super::users;
use crate::admin::scope::{SCOPES, Scope};
use crate::admin::work::accounts::{Account, SiteRole};
use crate::admin::work::applications::Application;
use crate::admin::work::documents::{AccessControlList, LicenceState, ListEntry};
use crate::admin::work::log::LogLine;
use crate::admin::work::tokens::{LONGEST_DAYS, Token};
use crate::settings::ServiceLevel;

#[derive(Debug, Args)]
pub(super) struct Admin {
    /// The settings file, which names the database (`[storage]`).
    #[arg(short, long, default_value = "oig.toml", env = "OIG_SETTINGS_FILE", global = true)]
    settings: PathBuf,
    /// A running gateway, as in `https://gateway.example:8443`: by its API instead of the database, with a token.
    #[arg(long, env = "OIG_ADMIN_URL", global = true)]
    url: Option<Url>,
    /// Authorities of the gateway's certificate, in PEM form; else those of the system.
    #[arg(long, global = true)]
    ca: Option<PathBuf>,
    /// A file with the token; else it is what OIG_ADMIN_TOKEN says.
    #[arg(long, global = true)]
    token_file: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Read the nodes and applications of a settings file again: what it has is added or changed. Not with --url.
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
    /// List the users of the integrations. Not with --url.
    Users {
        /// Only those whose e-mail address, name or phone has this in it.
        #[arg(long)]
        search: Option<String>,
    },
    /// Add and change users by a file of comma separated values, all of it or nothing; see /admin for its columns. Not with
    /// --url.
    ImportUsers {
        file: PathBuf,
        /// Only print what would change.
        #[arg(long)]
        dry_run: bool,
    },
    /// Write all users as such a file, without passwords. Not with --url.
    ExportUsers {
        /// Standard output unless it is given.
        file: Option<PathBuf>,
    },
    /// List the tokens of programs.
    Tokens,
    /// Make a token for an account, and print it, this once. Not with --url: a token makes no other.
    AddToken(AddToken),
    /// Remove a token.
    RemoveToken {
        /// The account that it acts for.
        account: String,
        name: String,
    },
    /// List the sessions of a running gateway (--url).
    Sessions,
    /// End a session of a running gateway (--url), by its handle.
    EndSession { handle: String },
    /// Show what a running gateway does (--url).
    Status,
    /// Show the newest lines of the audit log.
    Audit {
        /// How many.
        #[arg(long, default_value_t = 50)]
        count: u32,
    },
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

#[derive(Debug, Args)]
struct AddToken {
    /// The account that it acts for.
    account: String,
    /// Of the program, as the audit log will tell it.
    name: String,
    /// What it may do, as in applications:read; several with commas between, or `all` that the account may.
    #[arg(long, required = true, value_delimiter = ',')]
    scopes: Vec<String>,
    /// How long it is in force; without it until it is removed.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=i64::from(LONGEST_DAYS)))]
    days: Option<u16>,
}

/// An application that is to enter.
struct NewApplication {
    company: String,
    name: String,
    service: ServiceLevel,
    local_password: SecretString,
    /// Where there is no access control list.
    application_password: Option<SecretString>,
}

/// Where something is done: the database, or a gateway.
trait Desk {
    fn applications(&self) -> anyhow::Result<Vec<Application>>;
    fn revoke(&self, of: &Named, revoked: bool) -> anyhow::Result<()>;
    fn give_local_password(&self, of: &Named, password: SecretString, overlap_hours: u16) -> anyhow::Result<()>;
    /// Whether an access control list has the application passwords.
    fn has_list(&self) -> anyhow::Result<bool>;
    fn add_application(&self, new: NewApplication) -> anyhow::Result<()>;
    fn list(&self, fetch: bool) -> anyhow::Result<(AccessControlList, Vec<ListEntry>)>;
    fn licence(&self, fetch: bool, install: Option<String>) -> anyhow::Result<LicenceState>;
    fn accounts(&self) -> anyhow::Result<Vec<Account>>;
    fn add_account(
        &self,
        name: String,
        email: Option<String>,
        role: SiteRole,
        password: SecretString,
    ) -> anyhow::Result<Account>;
    fn tokens(&self) -> anyhow::Result<Vec<Token>>;
    fn remove_token(&self, account: &str, name: &str) -> anyhow::Result<()>;
    /// The newest so many lines.
    fn log(&self, count: u32) -> anyhow::Result<Vec<LogLine>>;
}

impl Admin {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let Some(url) = self.url else {
            let database = Database::open(&self.settings)?;
            return match self.verb {
                Verb::Import(import) => import.run(&database, &self.settings),
                Verb::AddToken(add) => add.run(&database),
                Verb::Users { search } => {
                    users::list(&database.storage, search.as_deref().unwrap_or_default(), database.now_ms)
                }
                Verb::ImportUsers { file, dry_run } => {
                    users::import(&database.storage, &file, dry_run, &database.by, database.now_ms)
                }
                Verb::ExportUsers { file } => {
                    users::export(&database.storage, file.as_deref(), &database.by, database.now_ms)
                }
                Verb::Sessions | Verb::EndSession { .. } | Verb::Status => {
                    bail!("only a running gateway can be asked for this: --url")
                }
                verb => verb.run(&database),
            };
        };
        let gateway = Gateway::open(&url, self.ca.as_deref(), self.token_file.as_deref())?;
        match self.verb {
            Verb::Import(_) => bail!("a settings file is imported into the database itself: without --url"),
            Verb::Users { .. } | Verb::ImportUsers { .. } | Verb::ExportUsers { .. } => {
                bail!("users of the integrations are kept in the database itself: without --url, or on their pages")
            }
            Verb::AddToken(_) => bail!("a token makes no other: without --url, or on the page of tokens"),
            Verb::Sessions => shown::sessions(&gateway.sessions()?),
            Verb::EndSession { handle } => {
                gateway.end_session(&handle)?;
                println!("{handle} is ended");
            }
            Verb::Status => shown::status(&gateway.status()?),
            verb => verb.run(&gateway)?,
        }
        Ok(())
    }
}

impl Verb {
    /// What is done the same way at both.
    fn run(self, desk: &impl Desk) -> anyhow::Result<()> {
        match self {
            Self::Applications => shown::applications(desk.applications()?),
            Self::Revoke(of) => {
                desk.revoke(&of, true)?;
                println!("{} / {} is revoked", of.company, of.name);
            }
            Self::Reinstate(of) => {
                desk.revoke(&of, false)?;
                println!("{} / {} may enter again", of.company, of.name);
            }
            Self::LocalPassword(LocalPassword { of, overlap_hours }) => {
                desk.give_local_password(&of, password()?, overlap_hours)?;
                println!("{} / {} has another local password", of.company, of.name);
            }
            Self::AddApplication(AddApplication { of: Named { company, name }, service }) => {
                let service = match service {
                    ServiceWord::Standard => ServiceLevel::Standard,
                    ServiceWord::Advanced => ServiceLevel::Advanced,
                };
                let local_password = password()?;
                let application_password = if desk.has_list()? { None } else { Some(password()?) };
                let label = format!("{company} / {name}");
                let new = NewApplication { company, name, service, local_password, application_password };
                desk.add_application(new)?;
                println!("{label} may enter within seconds");
            }
            Self::Acl { fetch } => {
                let (list, entries) = desk.list(fetch)?;
                shown::list(&list, &entries)?;
            }
            Self::Licence { fetch, install } => {
                let read = |file: PathBuf| {
                    std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))
                };
                shown::licence(&desk.licence(fetch, install.map(read).transpose()?)?);
            }
            Self::Accounts => shown::accounts(desk.accounts()?),
            Self::AddAccount(AddAccount { name, role, email }) => {
                let role = match role {
                    RoleWord::Reader => SiteRole::Reader,
                    RoleWord::Operator => SiteRole::Operator,
                    RoleWord::Administrator => SiteRole::Administrator,
                };
                let added = desk.add_account(name, email, role, password()?)?;
                println!("{} may sign in as {}", added.name, added.role);
            }
            Self::Tokens => shown::tokens(desk.tokens()?),
            Self::RemoveToken { account, name } => {
                desk.remove_token(&account, &name)?;
                println!("the token {name} of {account} is removed");
            }
            Self::Audit { count } => shown::log(&desk.log(count)?),
            // `Admin::run` has done them.
            Self::Import(_)
            | Self::Users { .. }
            | Self::ImportUsers { .. }
            | Self::ExportUsers { .. }
            | Self::AddToken(_)
            | Self::Sessions
            | Self::EndSession { .. }
            | Self::Status => {}
        }
        Ok(())
    }
}

impl AddToken {
    fn run(self, database: &Database) -> anyhow::Result<()> {
        let scopes = if self.scopes == ["all"] {
            None
        } else {
            let known = || SCOPES.iter().map(|scope| scope.word()).collect::<Vec<_>>().join(", ");
            let scope =
                |word: &String| Scope::of(word).with_context(|| format!("no scope {word:?}; there are {}", known()));
            Some(self.scopes.iter().map(scope).collect::<anyhow::Result<Vec<_>>>()?)
        };
        println!("{}", database.add_token(&self.account, self.name, scopes, self.days)?);
        Ok(())
    }
}

/// A line of standard input.
fn password() -> anyhow::Result<SecretString> {
    let mut line = String::new();
    stdin().lock().read_line(&mut line)?;
    let text = line.trim_end_matches(['\r', '\n']);
    ensure!(!text.is_empty(), "the password is empty");
    Ok(SecretString::from(text))
}
