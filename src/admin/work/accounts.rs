//! Accounts: administrators make, change and remove them.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Seen;
use crate::storage::By;
use crate::storage::account::{self, Role};
use crate::storage::change::now_ms;
use crate::web::{ACCOUNT_PASSWORD, Site, WebFault, hashed};

/// A role at this site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SiteRole {
    /// Sees.
    Reader,
    /// Sees, ends sessions, fetches lists.
    Operator,
    /// Everything.
    Administrator,
}

impl SiteRole {
    pub(crate) fn of(word: &str) -> Option<Self> {
        Role::of(word).and_then(|role| Self::try_from(role).ok())
    }
}

impl From<SiteRole> for Role {
    fn from(role: SiteRole) -> Self {
        match role {
            SiteRole::Reader => Self::Reader,
            SiteRole::Operator => Self::Operator,
            SiteRole::Administrator => Self::Administrator,
        }
    }
}

impl TryFrom<Role> for SiteRole {
    type Error = WebFault;

    fn try_from(role: Role) -> Result<Self, WebFault> {
        match role {
            Role::Member => Err(WebFault::Refused("Choose a role.".into())),
            Role::Reader => Ok(Self::Reader),
            Role::Operator => Ok(Self::Operator),
            Role::Administrator => Ok(Self::Administrator),
        }
    }
}

/// Somebody who may administer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    #[schema(pattern = "^[0-9a-f]{29}$")]
    pub id: String,
    pub name: String,
    pub email: Option<String>,
    /// `member` has nothing to do here, but asks a certificate server that uses the same database.
    #[schema(pattern = "^(member|reader|operator|administrator)$")]
    pub role: String,
    /// Until then nobody can sign in, after too many wrong passwords.
    pub locked_until_ms: Option<i64>,
    pub created_at_ms: i64,
    /// Grows with each change; the number in its `ETag`.
    pub version: i64,
}

impl Account {
    pub(crate) fn of(account: account::Account, now_ms: i64) -> Self {
        let account::Account { id, name, email, role, locked_until_ms, created_at_ms, version, .. } = account;
        let locked_until_ms = Some(locked_until_ms).filter(|until_ms| *until_ms > now_ms);
        Self { id, name, email, role: role.word().into(), locked_until_ms, created_at_ms, version }
    }
}

/// An account that is to be.
// No `Debug`: a password is in it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "name": "ada",
    "email": "ada@example.com",
    "role": "operator",
    "password": "twelve or more",
})))]
pub struct NewAccount {
    /// Letters, digits, and `. _ - @`; kept in lower case.
    #[schema(min_length = 1, max_length = 64)]
    pub name: String,
    #[schema(
        max_length = 254,
        pattern = r"^[^\s\u0000-\u001f\u007f-\u009f<>,;@]+@[^\s\u0000-\u001f\u007f-\u009f<>,;@]+$"
    )]
    pub email: Option<String>,
    pub role: SiteRole,
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    pub password: SecretString,
}

/// All of them, by name.
pub(in crate::admin) async fn all(site: &Site) -> Result<Vec<account::Account>, WebFault> {
    Ok(site.storage.with(account::all).await?)
}

/// The one of this id.
pub(in crate::admin) async fn one(site: &Site, id: &str) -> Result<account::Account, WebFault> {
    let id = id.to_owned();
    site.storage.with(move |c| account::by_id(c, &id)).await?.ok_or(WebFault::NotFound)
}

async fn seen(site: &Site, id: &str, seen: Seen) -> Result<account::Account, WebFault> {
    let read = one(site, id).await?;
    Ok(account::Account { version: seen.unwrap_or(read.version), ..read })
}

/// Makes one.
pub(in crate::admin) async fn add(site: &Site, new: NewAccount, by: &By) -> Result<account::Account, WebFault> {
    let NewAccount { name, email, role, password } = new;
    let password = hashed(site, password, ACCOUNT_PASSWORD).await?;
    let (new, by) = (account::NewAccount { name, email, password, role: role.into() }, by.clone());
    Ok(site.storage.write(move |c| account::add(c, &new, &by, now_ms())).await?)
}

/// Gives it another role.
pub(in crate::admin) async fn give_role(
    site: &Site,
    id: &str,
    version: Seen,
    role: SiteRole,
    by: &By,
) -> Result<account::Account, WebFault> {
    let (read, by) = (seen(site, id, version).await?, by.clone());
    Ok(site.storage.write(move |c| account::give_role(c, &read, role.into(), &by, now_ms())).await?)
}

/// Gives it another password.
pub(in crate::admin) async fn give_password(
    site: &Site,
    id: &str,
    version: Seen,
    password: SecretString,
    by: &By,
) -> Result<account::Account, WebFault> {
    let read = seen(site, id, version).await?;
    let (hash, by) = (hashed(site, password, ACCOUNT_PASSWORD).await?, by.clone());
    Ok(site.storage.write(move |c| account::give_password(c, &read, &hash, &by, now_ms())).await?)
}

/// Removes it with its tokens, for the account `me`; its sessions have ended. Gives its name.
pub(in crate::admin) async fn remove(
    site: &Site,
    me: &str,
    id: &str,
    version: Seen,
    by: &By,
) -> Result<String, WebFault> {
    let read = seen(site, id, version).await?;
    if read.id == me {
        return Err(WebFault::Refused("Nobody can remove the own account.".into()));
    }
    let (by, gone) = (by.clone(), read.clone());
    site.storage.write(move |c| account::remove(c, &read, &by, now_ms())).await?;
    site.sessions.end_all(&gone.id);
    Ok(gone.name)
}
