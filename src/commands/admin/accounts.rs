//! `oig admin accounts`, `account`, `add-account`, `account-role`, `account-password`, `remove-account`: who may administer.
//! Whoever is signed in with a changed account is signed out.

use anyhow::ensure;
use clap::{Args, ValueEnum};
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::super::asked;
use super::database::{Database, hashed};
use super::gateway::Gateway;
use crate::admin::work::accounts::{Account, SiteRole};
use crate::storage::StorageError;
use crate::storage::account::{self, NewAccount};
use crate::web::ACCOUNT_PASSWORD;

#[derive(Debug, Args)]
pub(super) struct AddAccount {
    pub name: String,
    #[arg(long, value_enum)]
    pub role: RoleWord,
    #[arg(long)]
    pub email: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum RoleWord {
    Reader,
    Operator,
    Administrator,
}

impl From<RoleWord> for SiteRole {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Reader => Self::Reader,
            RoleWord::Operator => Self::Operator,
            RoleWord::Administrator => Self::Administrator,
        }
    }
}

/// Where accounts are.
pub(super) trait Accounts {
    fn accounts(&self) -> anyhow::Result<Vec<Account>>;

    /// The one of this name, in whatever case.
    fn account(&self, name: &str) -> anyhow::Result<Account> {
        let name = name.to_lowercase();
        let found = self.accounts()?.into_iter().find(|account| account.name == name);
        Ok(found.ok_or_else(|| StorageError::Missing(format!("account {name}")))?)
    }

    fn add_account(
        &self,
        name: String,
        email: Option<String>,
        role: SiteRole,
        password: SecretString,
    ) -> anyhow::Result<Account>;
    fn give_role(&self, read: &Account, role: SiteRole) -> anyhow::Result<()>;
    fn give_account_password(&self, read: &Account, password: SecretString) -> anyhow::Result<()>;
    /// With its tokens.
    fn remove_account(&self, read: &Account) -> anyhow::Result<()>;
}

impl AddAccount {
    pub(super) fn run(self, desk: &impl Accounts) -> anyhow::Result<()> {
        let added = desk.add_account(self.name, self.email, self.role.into(), asked::password()?)?;
        println!("{} may sign in as {}", added.name, added.role);
        Ok(())
    }
}

pub(super) fn give_role(desk: &impl Accounts, name: &str, role: RoleWord) -> anyhow::Result<()> {
    desk.give_role(&desk.account(name)?, role.into())?;
    println!("{name} has another role, and is signed out");
    Ok(())
}

pub(super) fn give_password(desk: &impl Accounts, name: &str) -> anyhow::Result<()> {
    let read = desk.account(name)?;
    desk.give_account_password(&read, asked::password()?)?;
    println!("{name} has another password, and is signed out");
    Ok(())
}

pub(super) fn remove(desk: &impl Accounts, name: &str) -> anyhow::Result<()> {
    desk.remove_account(&desk.account(name)?)?;
    println!("{name} is removed, with its tokens");
    Ok(())
}

impl Database {
    /// An account as it is kept, in the version that was read.
    fn kept_account(&self, read: &Account) -> anyhow::Result<account::Account> {
        let kept = self.storage.blocking(|c| account::find(c, &read.name))?;
        Ok(account::Account { version: read.version, ..kept })
    }
}

impl Accounts for Database {
    fn accounts(&self) -> anyhow::Result<Vec<Account>> {
        let all = self.storage.blocking(account::all)?;
        Ok(all.into_iter().map(|account| Account::of(account, self.now_ms)).collect())
    }

    fn add_account(
        &self,
        name: String,
        email: Option<String>,
        role: SiteRole,
        password: SecretString,
    ) -> anyhow::Result<Account> {
        let new = NewAccount { name, email, password: hashed(&password)?, role: role.into() };
        let added = self.storage.blocking(|c| c.write(|c| account::add(c, &new, &self.by, self.now_ms)))?;
        Ok(Account::of(added, self.now_ms))
    }

    fn give_role(&self, read: &Account, role: SiteRole) -> anyhow::Result<()> {
        let kept = self.kept_account(read)?;
        let give = |c: &mut _| account::give_role(c, &kept, role.into(), &self.by, self.now_ms);
        self.storage.blocking(|c| c.write(give))?;
        Ok(())
    }

    fn give_account_password(&self, read: &Account, password: SecretString) -> anyhow::Result<()> {
        let (from, to) = ACCOUNT_PASSWORD.into_inner();
        let count = password.expose_secret().chars().count();
        ensure!((from..=to).contains(&count), "The password must have {from} to {to} characters.");
        let (kept, hash) = (self.kept_account(read)?, hashed(&password)?);
        let give = |c: &mut _| account::give_password(c, &kept, &hash, &self.by, self.now_ms);
        self.storage.blocking(|c| c.write(give))?;
        Ok(())
    }

    fn remove_account(&self, read: &Account) -> anyhow::Result<()> {
        let kept = self.kept_account(read)?;
        Ok(self.storage.blocking(|c| c.write(|c| account::remove(c, &kept, &self.by, self.now_ms)))?)
    }
}

impl Accounts for Gateway {
    fn accounts(&self) -> anyhow::Result<Vec<Account>> {
        self.all("/accounts")
    }

    fn add_account(
        &self,
        name: String,
        email: Option<String>,
        role: SiteRole,
        password: SecretString,
    ) -> anyhow::Result<Account> {
        let body = json!({ "name": name, "email": email, "role": role, "password": password.expose_secret() });
        self.send(Method::POST, "/accounts", Some(body))
    }

    fn give_role(&self, read: &Account, role: SiteRole) -> anyhow::Result<()> {
        let (path, body) = (format!("/accounts/{}/role", read.id), json!({ "role": role }));
        self.ask(Method::PUT, &path, Some(read.version), Some(body)).map(drop)
    }

    fn give_account_password(&self, read: &Account, password: SecretString) -> anyhow::Result<()> {
        let body = json!({ "password": password.expose_secret() });
        self.ask(Method::PUT, &format!("/accounts/{}/password", read.id), Some(read.version), Some(body)).map(drop)
    }

    fn remove_account(&self, read: &Account) -> anyhow::Result<()> {
        self.ask(Method::DELETE, &format!("/accounts/{}", read.id), Some(read.version), None).map(drop)
    }
}
