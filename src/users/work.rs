//! What an administrator does with users, whoever asks for it: typed, in one transaction each, and valid when it returns.
//! Who may do it, and how it is asked for, is of pages and interfaces.

use secrecy::{ExposeSecret as _, SecretString};

use super::csv::PASSWORD;
use super::import::{Counts, Plan};
use crate::admission::{Admission, Denied, hash_secret};
use crate::http::Gateway;
use crate::storage::change::{By, Changes, now_ms};
use crate::storage::user::{self, NewUser, Profile, User};
use crate::storage::{DbConnection, StorageError, audit};

/// Why it was not done; then nothing was.
#[derive(Debug, thiserror::Error)]
pub enum WorkFault {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("The password must have {} to {} characters.", PASSWORD.start(), PASSWORD.end())]
    Password,
    /// A row of the file is refused, or nothing is to be done.
    #[error("The file has rows that are refused, or none that changes anything.")]
    NothingToDo,
    #[error(transparent)]
    Busy(#[from] Denied),
    /// This gateway keeps no users.
    #[error("The gateway has no users.")]
    NoUsers,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done<T> {
    pub what: T,
    /// Sessions that ended by it.
    pub ended: usize,
}

/// A user as who changes it has read it.
#[derive(Debug, Clone)]
pub struct Read {
    pub id: String,
    pub version: i64,
}

/// Adds a user, with a password where one is given.
///
/// # Errors
/// See [`WorkFault`].
pub async fn add(
    gateway: &Gateway,
    email: String,
    profile: Profile,
    password: Option<SecretString>,
    by: By,
) -> Result<User, WorkFault> {
    let password = match password {
        Some(password) => Some(hashed(&gateway.admission, password).await?),
        None => None,
    };
    let new = NewUser { email, profile, password };
    Ok(done(gateway, move |c| user::add(c, &new, &by, now_ms())).await?.what)
}

/// Makes a user's profile another one.
///
/// # Errors
/// See [`WorkFault`].
pub async fn change(gateway: &Gateway, read: Read, to: Profile, by: By) -> Result<Done<User>, WorkFault> {
    done(gateway, move |c| {
        let user = as_read(c, &read)?;
        user::change(c, &user, &to, None, &by, now_ms())
    })
    .await
}

/// Gives a user another password.
///
/// # Errors
/// See [`WorkFault`].
pub async fn give_password(
    gateway: &Gateway,
    read: Read,
    password: SecretString,
    by: By,
) -> Result<Done<User>, WorkFault> {
    let hash = hashed(&gateway.admission, password).await?;
    done(gateway, move |c| {
        let user = as_read(c, &read)?;
        user::change(c, &user, &user.profile, Some(&hash), &by, now_ms())
    })
    .await
}

/// Removes a user.
///
/// # Errors
/// See [`WorkFault`].
pub async fn remove(gateway: &Gateway, read: Read, by: By) -> Result<Done<User>, WorkFault> {
    done(gateway, move |c| {
        let user = as_read(c, &read)?;
        user::remove(c, &user, &by, now_ms())?;
        Ok(user)
    })
    .await
}

/// Does what a file was planned to do, where the database is as it was then.
///
/// # Errors
/// See [`WorkFault`].
pub async fn import(gateway: &Gateway, plan: Plan, by: By) -> Result<Done<Counts>, WorkFault> {
    if !plan.can_be_done() {
        return Err(WorkFault::NothingToDo);
    }
    let mut hashes = Vec::new();
    // One after the other: logins have the other threads.
    for password in plan.passwords() {
        hashes.push(hashed(&gateway.admission, password).await?);
    }
    done(gateway, move |c| plan.apply(c, hashes, &by, now_ms())).await
}

/// All users, for a file; the audit log says who has taken them.
///
/// # Errors
/// See [`StorageError`].
pub fn export(connection: &mut DbConnection, by: &By, now_ms: i64) -> Result<Vec<User>, StorageError> {
    let all = user::all(connection)?;
    audit::note(connection, by, now_ms, "export", &format!("{} users", all.len()), &Changes::default())?;
    Ok(all)
}

/// Whether this may be a user's password.
#[must_use]
pub fn is_password(password: &SecretString) -> bool {
    PASSWORD.contains(&password.expose_secret().chars().count())
}

async fn hashed(admission: &Admission, password: SecretString) -> Result<SecretString, WorkFault> {
    if !is_password(&password) {
        return Err(WorkFault::Password);
    }
    let hash = admission.compute(move || hash_secret(&password)).await?;
    hash.and_then(Result::ok).map(SecretString::from).ok_or(WorkFault::Password)
}

fn as_read(connection: &mut DbConnection, read: &Read) -> Result<User, StorageError> {
    let user = user::by_id(connection, &read.id)?.ok_or_else(|| StorageError::Missing("the user".into()))?;
    // With the version that was seen: of two the second is told.
    Ok(User { version: read.version, ..user })
}

/// Changes the database, and ends the sessions of those who may not go on.
async fn done<T: Send + 'static>(
    gateway: &Gateway,
    work: impl FnOnce(&mut DbConnection) -> Result<T, StorageError> + Send + 'static,
) -> Result<Done<T>, WorkFault> {
    let users = gateway.users.as_ref().ok_or(WorkFault::NoUsers)?;
    let what = users.storage.write(work).await?;
    Ok(Done { what, ended: users.review(gateway).await? })
}
