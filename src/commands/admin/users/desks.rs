//! Users in the database itself, and at a running gateway.

use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::super::database::{Database, hashed};
use super::super::gateway::Gateway;
use super::Users;
use crate::admin::work::users::{NewUser, User, UserProfile, UsersImport};
use crate::storage::{StorageError, user};
use crate::users::csv;
use crate::users::import::Plan;
use crate::users::work::{self, WorkFault};

const CSV: &str = "text/csv";

fn password_hash(password: &SecretString) -> anyhow::Result<SecretString> {
    if work::is_password(password) { hashed(password) } else { Err(WorkFault::Password.into()) }
}

impl Database {
    /// A user as it is kept, in the version that was read.
    fn kept_user(&self, read: &User) -> anyhow::Result<user::User> {
        let kept = self.storage.blocking(|c| user::by_id(c, &read.id))?;
        let kept = kept.ok_or_else(|| StorageError::Missing(user::object(&read.email)))?;
        Ok(user::User { version: read.version, ..kept })
    }
}

impl Users for Database {
    fn users(&self, search: &str) -> anyhow::Result<Vec<User>> {
        let most = u32::try_from(user::MOST)?;
        let (users, _) = self.storage.blocking(|c| user::search(c, search, 0, most))?;
        Ok(users.into_iter().map(|user| User::of(user, 0, self.now_ms)).collect())
    }

    fn add_user(&self, new: NewUser) -> anyhow::Result<User> {
        let NewUser { email, profile, password } = new;
        let password = password.as_ref().map(password_hash).transpose()?;
        let new = user::NewUser { email, profile: profile.into(), password };
        let added = self.storage.blocking(|c| c.write(|c| user::add(c, &new, &self.by, self.now_ms)))?;
        Ok(User::of(added, 0, self.now_ms))
    }

    fn change_user(&self, read: &User, to: UserProfile) -> anyhow::Result<()> {
        let (kept, to) = (self.kept_user(read)?, to.into());
        self.storage.blocking(|c| c.write(|c| user::change(c, &kept, &to, None, &self.by, self.now_ms)))?;
        Ok(())
    }

    fn give_user_password(&self, read: &User, password: SecretString) -> anyhow::Result<()> {
        let (kept, hash) = (self.kept_user(read)?, password_hash(&password)?);
        let give = |c: &mut _| user::change(c, &kept, &kept.profile, Some(&hash), &self.by, self.now_ms);
        self.storage.blocking(|c| c.write(give))?;
        Ok(())
    }

    fn remove_user(&self, read: &User) -> anyhow::Result<()> {
        let kept = self.kept_user(read)?;
        Ok(self.storage.blocking(|c| c.write(|c| user::remove(c, &kept, &self.by, self.now_ms)))?)
    }

    fn import_users(&self, file: Vec<u8>, dry_run: bool) -> anyhow::Result<UsersImport> {
        let plan = Plan::of(csv::read(&file)?, &self.storage.blocking(user::all)?);
        let import = UsersImport::of(&plan);
        if dry_run || !plan.can_be_done() {
            return Ok(import);
        }
        let hashes = plan.passwords().map(|password| hashed(&password)).collect::<anyhow::Result<Vec<_>>>()?;
        self.storage.blocking(|c| c.write(|c| plan.apply(c, hashes, &self.by, self.now_ms)))?;
        Ok(UsersImport { done: true, ..import })
    }

    fn export_users(&self) -> anyhow::Result<Vec<u8>> {
        let users = self.storage.blocking(|c| c.write(|c| work::export(c, &self.by, self.now_ms)))?;
        Ok(csv::write(&users)?)
    }
}

impl Users for Gateway {
    fn users(&self, search: &str) -> anyhow::Result<Vec<User>> {
        let mut users: Vec<User> = self.some("/users", &[("search", search)], usize::MAX)?;
        users.sort_by(|a, b| a.email.cmp(&b.email));
        Ok(users)
    }

    fn add_user(&self, new: NewUser) -> anyhow::Result<User> {
        let NewUser { email, profile, password } = new;
        let password = password.as_ref().map(|password| password.expose_secret());
        self.send(Method::POST, "/users", Some(json!({ "email": email, "profile": profile, "password": password })))
    }

    fn change_user(&self, read: &User, to: UserProfile) -> anyhow::Result<()> {
        self.ask(Method::PUT, &format!("/users/{}", read.id), Some(read.version), Some(json!(to))).map(drop)
    }

    fn give_user_password(&self, read: &User, password: SecretString) -> anyhow::Result<()> {
        let body = json!({ "password": password.expose_secret() });
        self.ask(Method::PUT, &format!("/users/{}/password", read.id), Some(read.version), Some(body)).map(drop)
    }

    fn remove_user(&self, read: &User) -> anyhow::Result<()> {
        self.ask(Method::DELETE, &format!("/users/{}", read.id), Some(read.version), None).map(drop)
    }

    fn import_users(&self, file: Vec<u8>, dry_run: bool) -> anyhow::Result<UsersImport> {
        let send = |query: &str, file: Vec<u8>| {
            let told = self.ask_with(Method::POST, &format!("/users/import{query}"), None, Some((CSV, file)))?;
            self.read::<UsersImport>(&told)
        };
        // What cannot be is told row by row, and nothing is asked for then.
        let tried = send("?dry_run=true", file.clone())?;
        if dry_run || tried.refused > 0 || tried.added + tried.changed == 0 {
            return Ok(tried);
        }
        send("", file)
    }

    fn export_users(&self) -> anyhow::Result<Vec<u8>> {
        self.ask(Method::POST, "/users/export", None, None)
    }
}
