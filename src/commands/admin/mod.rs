//! `oig admin`: looks at and changes what the database has. It works with the database itself, whether a gateway runs or
//! not (a running one notices what changed within seconds), or, with `--url`, by the API of a running gateway. What is printed is the same both ways.

mod accounts;
mod data;
mod database;
mod files;
mod gateway;
mod import;
mod nodes;
mod shown;
mod texts;
mod users;
mod verb;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use reqwest::Url;
use secrecy::SecretString;

use self::accounts::Accounts;
use self::database::Database;
use self::gateway::Gateway;
use self::users::Users;
use self::verb::{AddApplication, AddToken, KeyWord, LocalPassword, Named, ServiceWord, Verb};
use super::{asked, backup};
use crate::admin::scope::{SCOPES, Scope};
use crate::admin::work::applications::Application;
use crate::admin::work::certificates::{CertificateKey, CertificateWish};
use crate::admin::work::documents::{AccessControlList, LicenceState, ListEntry};
use crate::admin::work::log::LogLine;
use crate::admin::work::nodes::{Node, NodeSettings};
use crate::admin::work::restore::Restored;
use crate::admin::work::settings::Settings;
use crate::admin::work::texts::{ImportedTexts, UiLanguage, UiTexts};
use crate::admin::work::tokens::Token;
use crate::live_settings::Wanted;
use crate::settings::ServiceLevel;
use crate::storage::StorageError;
use crate::texts::import::Translated;
use crate::web::when;

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
trait Desk: Accounts + Users {
    fn applications(&self) -> anyhow::Result<Vec<Application>>;
    fn application(&self, of: &Named) -> anyhow::Result<Application> {
        let found = self.applications()?.into_iter().find(|own| own.company == of.company && own.name == of.name);
        let missing = || StorageError::Missing(format!("application {} / {}", of.company, of.name));
        Ok(found.ok_or_else(missing)?)
    }
    fn remove_application(&self, of: &Named) -> anyhow::Result<()>;
    fn revoke(&self, of: &Named, revoked: bool) -> anyhow::Result<()>;
    fn give_local_password(&self, of: &Named, password: SecretString, overlap_hours: u16) -> anyhow::Result<()>;
    /// Whether an access control list has the application passwords.
    fn has_list(&self) -> anyhow::Result<bool>;
    fn add_application(&self, new: NewApplication) -> anyhow::Result<()>;
    fn list(&self, fetch: bool) -> anyhow::Result<(AccessControlList, Vec<ListEntry>)>;
    fn licence(&self, fetch: bool, install: Option<String>) -> anyhow::Result<LicenceState>;
    /// By number.
    fn nodes(&self) -> anyhow::Result<Vec<Node>>;
    fn node(&self, ceid: u16) -> anyhow::Result<Node> {
        let node = self.nodes()?.into_iter().find(|node| node.ceid == ceid);
        Ok(node.ok_or_else(|| StorageError::Missing(format!("node {ceid}")))?)
    }
    fn add_node(&self, ceid: u16, settings: NodeSettings, info: Option<SecretString>) -> anyhow::Result<()>;
    /// What is not said of the login stays.
    fn change_node(
        &self,
        read: &Node,
        settings: NodeSettings,
        info: Option<Option<SecretString>>,
    ) -> anyhow::Result<()>;
    fn remove_node(&self, read: &Node) -> anyhow::Result<()>;
    fn all_settings(&self) -> anyhow::Result<Settings>;
    fn change_settings(&self, version: i64, wanted: Wanted) -> anyhow::Result<()>;
    fn backup(&self, passphrase: SecretString) -> anyhow::Result<Vec<u8>>;
    fn restore(&self, file: Vec<u8>, passphrase: SecretString) -> anyhow::Result<Restored>;
    fn languages(&self) -> anyhow::Result<Vec<UiLanguage>>;
    fn texts(&self, language: &str) -> anyhow::Result<UiTexts>;
    /// Of the language in this version; only what it would do for `None`.
    fn import_texts(
        &self,
        language: &str,
        texts: Vec<Translated>,
        version: Option<i64>,
    ) -> anyhow::Result<ImportedTexts>;
    fn remove_texts(&self, language: &str) -> anyhow::Result<()>;
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
                verb if verb.is_of_a_gateway() => bail!("only a running gateway can be asked for this: --url"),
                verb => verb.run(&database),
            };
        };
        let gateway = Gateway::open(&url, self.ca.as_deref(), self.token_file.as_deref())?;
        match self.verb {
            Verb::Import(_) => bail!("a settings file is imported into the database itself: without --url"),
            Verb::AddToken(_) => bail!("a token makes no other: without --url, or on the page of tokens"),
            verb if verb.is_of_a_gateway() => verb.run_at(&gateway)?,
            verb => verb.run(&gateway)?,
        }
        Ok(())
    }
}

impl Verb {
    /// What only a running gateway knows or does.
    fn is_of_a_gateway(&self) -> bool {
        matches!(
            self,
            Self::Sessions
                | Self::Session { .. }
                | Self::EndSession { .. }
                | Self::Status
                | Self::Token
                | Self::SupportBundle { .. }
                | Self::TestNode { .. }
                | Self::ReconnectNode { .. }
                | Self::Data
                | Self::CopyForms { .. }
                | Self::CompareForms { .. }
                | Self::ImportForm { .. }
                | Self::ExportForm { .. }
                | Self::Record { .. }
                | Self::Certificates
                | Self::RequestCertificate { .. }
                | Self::InstallCertificate { .. }
        )
    }

    /// Does that.
    fn run_at(self, gateway: &Gateway) -> anyhow::Result<()> {
        match self {
            Self::Sessions => shown::sessions(&gateway.sessions()?),
            Self::Session { handle } => shown::sessions(&[gateway.session(&handle)?]),
            Self::EndSession { handle } => {
                gateway.end_session(&handle)?;
                println!("{handle} is ended");
            }
            Self::Status => shown::status(&gateway.status()?),
            Self::Token => shown::token(&gateway.own_token()?),
            Self::SupportBundle { file } => {
                backup::keep(&file, &gateway.support_bundle()?)?;
                println!("{}: read it before you give it away", file.display());
            }
            Self::TestNode { ceid } => shown::test(ceid, &gateway.test_node(ceid)?)?,
            Self::ReconnectNode { ceid } => {
                gateway.reconnect_node(ceid)?;
                println!("node {ceid} is connected to anew");
            }
            Self::Data => data::show(gateway)?,
            Self::CopyForms { ceid } => data::copy(gateway, ceid)?,
            Self::CompareForms { ceid } => data::compare(gateway, ceid)?,
            Self::ImportForm { of, file, dry_run } => data::import(gateway, &of, &file, dry_run)?,
            Self::ExportForm { of, file } => data::export(gateway, &of, file.as_deref())?,
            Self::Record { node, number, call } => {
                let node = node.map(|node| node.to_string());
                let query = [("node", &node), ("number", &number), ("call", &call)];
                let query: Vec<_> = query.iter().filter_map(|(name, text)| Some((*name, text.as_deref()?))).collect();
                shown::record(&gateway.record(&query)?);
            }
            Self::Certificates => shown::certificates(&gateway.certificates()?),
            Self::RequestCertificate { number, names, key } => {
                let key = match key {
                    KeyWord::Ecdsa => CertificateKey::Ecdsa,
                    KeyWord::Rsa => CertificateKey::Rsa,
                };
                print!("{}", gateway.request_certificate(number, &CertificateWish { names, key })?);
            }
            Self::InstallCertificate { number, file, key } => {
                let key = key.map(|file| text_of(&file)).transpose()?.map(SecretString::from);
                let installed = gateway.install_certificate(number, &text_of(&file)?, key.as_ref())?;
                shown::certificates(&[installed]);
            }
            // The others are done by either.
            _ => {}
        }
        Ok(())
    }

    /// What is done the same way at both.
    fn run(self, desk: &impl Desk) -> anyhow::Result<()> {
        match self {
            Self::Applications => shown::applications(desk.applications()?),
            Self::Application(of) => shown::application(&desk.application(&of)?),
            Self::RemoveApplication(of) => {
                desk.remove_application(&of)?;
                println!("{} / {} is removed", of.company, of.name);
            }
            Self::Revoke(of) => {
                desk.revoke(&of, true)?;
                println!("{} / {} is revoked", of.company, of.name);
            }
            Self::Reinstate(of) => {
                desk.revoke(&of, false)?;
                println!("{} / {} may enter again", of.company, of.name);
            }
            Self::LocalPassword(LocalPassword { of, overlap_hours }) => {
                desk.give_local_password(&of, asked::line("the password")?, overlap_hours)?;
                println!("{} / {} has another local password", of.company, of.name);
            }
            Self::AddApplication(AddApplication { of: Named { company, name }, service }) => {
                let service = match service {
                    ServiceWord::Standard => ServiceLevel::Standard,
                    ServiceWord::Advanced => ServiceLevel::Advanced,
                };
                let local_password = asked::line("the password")?;
                let has_list = desk.has_list()?;
                let application_password = if has_list { None } else { Some(asked::line("the application password")?) };
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
                shown::licence(&desk.licence(fetch, install.map(|file| text_of(&file)).transpose()?)?);
            }
            Self::Accounts => shown::accounts(desk.accounts()?),
            Self::Account { name } => shown::account(&desk.account(&name)?),
            Self::AddAccount(add) => add.run(desk)?,
            Self::AccountRole { name, role } => accounts::give_role(desk, &name, role)?,
            Self::AccountPassword { name } => accounts::give_password(desk, &name)?,
            Self::RemoveAccount { name } => accounts::remove(desk, &name)?,
            Self::Users { search } => shown::users(desk.users(search.as_deref().unwrap_or_default())?),
            Self::User { email } => shown::user(&desk.user(&email)?),
            Self::AddUser(add) => add.run(desk)?,
            Self::ChangeUser(change) => change.run(desk)?,
            Self::UserPassword { email } => users::give_password(desk, &email)?,
            Self::RemoveUser { email } => users::remove(desk, &email)?,
            Self::ImportUsers { file, dry_run } => users::import(desk, &file, dry_run)?,
            Self::ExportUsers { file } => users::export(desk, file.as_deref())?,
            Self::Nodes => shown::nodes(&desk.nodes()?),
            Self::Node { ceid } => shown::node(&desk.node(ceid)?),
            Self::AddNode(add) => add.run(desk)?,
            Self::ChangeNode(change) => change.run(desk)?,
            Self::RemoveNode { ceid } => {
                desk.remove_node(&desk.node(ceid)?)?;
                println!("node {ceid} is removed; a running gateway follows within seconds");
            }
            Self::Settings => shown::settings(&desk.all_settings()?.settings),
            Self::Set { changes } => {
                change(desk, changes.into_iter().map(|(key, value)| (key, Some(value))).collect())?;
            }
            Self::TakeBack { keys } => change(desk, keys.into_iter().map(|key| (key, None)).collect())?,
            Self::Backup { file } => {
                let made = desk.backup(asked::passphrase()?)?;
                backup::keep(&file, &made)?;
                println!("{}: {} KiB", file.display(), made.len().div_ceil(1024));
            }
            Self::Restore { file } => {
                let file = backup::read(&file)?;
                let restored = desk.restore(file, asked::passphrase()?)?;
                println!("{} rows are restored, as they were at {}", restored.rows, when(restored.made_at_ms));
            }
            Self::Texts => shown::languages(&desk.languages()?),
            Self::ExportTexts { language, file } => texts::export(desk, &language, file.as_deref())?,
            Self::ImportTexts { language, file, dry_run } => texts::import(desk, &language, &file, dry_run)?,
            Self::RemoveTexts { language } => texts::remove(desk, &language)?,
            Self::Tokens => shown::tokens(desk.tokens()?),
            Self::RemoveToken { account, name } => {
                desk.remove_token(&account, &name)?;
                println!("the token {name} of {account} is removed");
            }
            Self::Audit { count } => shown::log(&desk.log(count)?),
            // `Admin::run` has done them, or refused them.
            _ => {}
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

/// Changes settings as they are now, and shows what they have become.
fn change(desk: &impl Desk, wanted: Wanted) -> anyhow::Result<()> {
    let Settings { version, .. } = desk.all_settings()?;
    let keys: Vec<_> = wanted.keys().cloned().collect();
    desk.change_settings(version, wanted)?;
    let mut settings = desk.all_settings()?.settings;
    settings.retain(|setting| keys.contains(&setting.key));
    shown::settings(&settings);
    Ok(())
}

/// The text of a file.
fn text_of(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}
