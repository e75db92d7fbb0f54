//! `oig admin users`, `import-users`, `export-users`, and the verbs for one user (`one`): what the administration's pages do with
//! users, by hand and with files. A running gateway ends the sessions of those who may not go on within seconds.

mod desks;
mod one;

use std::fs::OpenOptions;
use std::io::{Write as _, stdout};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use secrecy::SecretString;

pub(super) use self::one::{AddUser, ChangeUser, give_password, remove};
use super::files;
use crate::admin::work::users::{ImportOutcome, NewUser, User, UserProfile, UsersImport};
use crate::storage::{StorageError, user};
use crate::users::csv::LARGEST_FILE;

/// Characters that are searched for at the most.
const LONGEST_SEARCH: usize = 100;

/// Where users are.
pub(super) trait Users {
    /// Those with this in their e-mail address, name or phone, by e-mail address.
    fn users(&self, search: &str) -> anyhow::Result<Vec<User>>;

    /// The one of this e-mail address, in whatever case.
    fn user(&self, email: &str) -> anyhow::Result<User> {
        let email = user::folded(email);
        let part: String = email.chars().take(LONGEST_SEARCH).collect();
        let found = self.users(&part)?.into_iter().find(|user| user.email == email);
        Ok(found.ok_or_else(|| StorageError::Missing(user::object(&email)))?)
    }

    fn add_user(&self, new: NewUser) -> anyhow::Result<User>;
    fn change_user(&self, read: &User, to: UserProfile) -> anyhow::Result<()>;
    fn give_user_password(&self, read: &User, password: SecretString) -> anyhow::Result<()>;
    fn remove_user(&self, read: &User) -> anyhow::Result<()>;
    /// What cannot be done is told, and not done.
    fn import_users(&self, file: Vec<u8>, dry_run: bool) -> anyhow::Result<UsersImport>;
    fn export_users(&self) -> anyhow::Result<Vec<u8>>;
}

pub(super) fn import(desk: &impl Users, file: &Path, dry_run: bool) -> anyhow::Result<()> {
    let bytes = files::read(file, LARGEST_FILE)?;
    let UsersImport { done, added, changed, refused, rows, .. } = desk.import_users(bytes, dry_run)?;
    for row in rows {
        let (line, email, fault) = (row.line, row.email, row.fault.unwrap_or_default());
        match row.outcome {
            ImportOutcome::Added => println!("add     line {line}: {email}"),
            ImportOutcome::Changed => println!("change  line {line}: {email}: {}", row.columns.join(", ")),
            ImportOutcome::Same => {}
            ImportOutcome::Refused => println!("refuse  line {line}: {email}: {fault}"),
        }
    }
    if refused > 0 {
        bail!("rows that are refused: {refused}; nothing was changed");
    }
    if done && added + changed > 0 {
        println!("{added} added, {changed} changed.");
    } else if dry_run {
        println!("Nothing was changed (--dry-run).");
    } else {
        println!("Nothing was changed: the database has what the file has.");
    }
    Ok(())
}

pub(super) fn export(desk: &impl Users, file: Option<&Path>) -> anyhow::Result<()> {
    let text = desk.export_users()?;
    match file {
        None => stdout().write_all(&text)?,
        Some(file) => {
            // Who people are is for who asked for it.
            let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file);
            opened.and_then(|mut opened| opened.write_all(&text)).with_context(|| file.display().to_string())?;
            // A row is a line, after the first: no cell has more than one.
            let rows = text.iter().filter(|byte| **byte == b'\n').count().saturating_sub(1);
            println!("{rows} users");
        }
    }
    Ok(())
}
