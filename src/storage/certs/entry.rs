//! The tables `certs_entry`, `certs_certificate` and `certs_acl`: the access control list, what was issued for it, and
//! its version. Entries come by an approved request alone (`request::approve`); names and password never change, and
//! a revoked entry stays, tagged.

use diesel::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};

use super::reason_of;
use super::request::Request;
use crate::acl::Entry as Listed;
use crate::storage::audit;
use crate::storage::change::{By, Changes, Field, new_id};
use crate::storage::connection::DbConnection;
use crate::storage::error::StorageError;
use crate::storage::schema::{certs_acl, certs_certificate, certs_entry};

#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = certs_entry, treat_none_as_null = true)]
struct Row {
    id: String,
    account: String,
    account_name: String,
    company: String,
    application: String,
    names: String,
    contact: String,
    password: String,
    advanced: bool,
    revoked: bool,
    reason: Option<String>,
    created_at_ms: i64,
    version: i64,
    changed_at_ms: i64,
    changed_by: String,
}

/// A registered application.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: String,
    /// Whose it is; the account may be gone.
    pub account: String,
    pub account_name: String,
    pub company: String,
    pub application: String,
    pub contact: String,
    /// An argon2id hash.
    pub password: SecretString,
    /// It has a certificate.
    pub advanced: bool,
    pub revoked: bool,
    /// Why it is revoked.
    pub reason: Option<String>,
    pub created_at_ms: i64,
    /// To be said by whoever changes it.
    pub version: i64,
    pub changed_at_ms: i64,
    pub changed_by: String,
}

impl Entry {
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} / {}", self.company, self.application)
    }
}

/// A certificate that was issued. Nobody here has its private key.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = certs_certificate)]
pub struct Certificate {
    pub id: String,
    pub entry: String,
    pub request: String,
    pub pem: String,
    /// In hexadecimal form.
    pub serial: String,
    pub expires_at_ms: i64,
    pub created_at_ms: i64,
}

/// All of them, by name.
///
/// # Errors
/// See [`StorageError`].
pub fn all(connection: &mut DbConnection) -> Result<Vec<Entry>, StorageError> {
    let rows = certs_entry::table.order(certs_entry::names.asc()).select(Row::as_select()).load(connection)?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// Those of an account, by name.
///
/// # Errors
/// See [`StorageError`].
pub fn of_account(connection: &mut DbConnection, account: &str) -> Result<Vec<Entry>, StorageError> {
    let found = certs_entry::table.filter(certs_entry::account.eq(account.to_owned()));
    let rows = found.order(certs_entry::names.asc()).select(Row::as_select()).load(connection)?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// The one of this id.
///
/// # Errors
/// See [`StorageError`].
pub fn find(connection: &mut DbConnection, id: &str) -> Result<Option<Entry>, StorageError> {
    let found = certs_entry::table.filter(certs_entry::id.eq(id.to_owned())).select(Row::as_select());
    Ok(found.first(connection).optional()?.map(Entry::from))
}

/// The one of these names, whatever their case.
///
/// # Errors
/// See [`StorageError`].
pub fn named(connection: &mut DbConnection, company: &str, application: &str) -> Result<Option<Entry>, StorageError> {
    let found = certs_entry::table.filter(certs_entry::names.eq(super::key(company, application)));
    Ok(found.select(Row::as_select()).first(connection).optional()?.map(Entry::from))
}

/// Adds what a request asks for; `None` when it keeps the password of an entry that is not there.
pub(super) fn add(
    connection: &mut DbConnection,
    of: &Request,
    advanced: bool,
    by: &By,
    now_ms: i64,
) -> Result<Entry, StorageError> {
    let object = format!("registration {}", of.label());
    let Some(password) = &of.password else { return Err(StorageError::Missing(object)) };
    let row = Row {
        id: new_id(now_ms),
        account: of.account.clone(),
        account_name: of.account_name.clone(),
        company: of.company.clone(),
        application: of.application.clone(),
        names: super::key(&of.company, &of.application),
        contact: of.contact.clone(),
        password: password.expose_secret().to_owned(),
        advanced,
        revoked: false,
        reason: None,
        created_at_ms: now_ms,
        version: 1,
        changed_at_ms: now_ms,
        changed_by: by.who.clone(),
    };
    let added = diesel::insert_into(certs_entry::table).values(&row).execute(connection);
    added.map_err(StorageError::of(object.clone()))?;
    audit::note(connection, by, now_ms, "add", &object, &Changes::between(None, Some(&fields(&row))))?;
    count(connection)?;
    Ok(row.into())
}

/// It has a certificate from now on.
pub(super) fn raise(connection: &mut DbConnection, read: &Entry, by: &By, now_ms: i64) -> Result<Entry, StorageError> {
    if read.advanced {
        return Ok(read.clone());
    }
    change(connection, read, "change", by, now_ms, |row| row.advanced = true)
}

/// Lets it enter no more, for good.
///
/// # Errors
/// [`StorageError::Changed`]; [`StorageError::Invalid`] without a reason, or when it is revoked already.
pub fn revoke(
    connection: &mut DbConnection,
    read: &Entry,
    reason: &str,
    by: &By,
    now_ms: i64,
) -> Result<Entry, StorageError> {
    let object = format!("registration {}", read.label());
    let reason = reason_of(&object, reason)?;
    // Of two who revoke at once the second is told that it has changed, whatever he has read besides.
    match find(connection, &read.id)? {
        Some(now) if now.version != read.version => return Err(StorageError::Changed(object)),
        Some(now) if now.revoked => return Err(StorageError::invalid(object, "it is revoked already")),
        _ => {}
    }
    change(connection, read, "revoke", by, now_ms, |row| {
        row.revoked = true;
        row.reason = Some(reason);
    })
}

fn change(
    connection: &mut DbConnection,
    read: &Entry,
    action: &str,
    by: &By,
    now_ms: i64,
    alter: impl FnOnce(&mut Row),
) -> Result<Entry, StorageError> {
    let object = format!("registration {}", read.label());
    let unchanged = certs_entry::id.eq(read.id.clone()).and(certs_entry::version.eq(read.version));
    let found = certs_entry::table.filter(unchanged.clone()).select(Row::as_select());
    let before: Option<Row> = found.first(connection).optional()?;
    let before = before.ok_or_else(|| StorageError::Changed(object.clone()))?;
    let mut after = before.clone();
    alter(&mut after);
    (after.version, after.changed_at_ms, after.changed_by) = (before.version + 1, now_ms, by.who.clone());
    if diesel::update(certs_entry::table.filter(unchanged)).set(after.clone()).execute(connection)? == 0 {
        return Err(StorageError::Changed(object));
    }
    let changes = Changes::between(Some(&fields(&before)), Some(&fields(&after)));
    audit::note(connection, by, now_ms, action, &object, &changes)?;
    count(connection)?;
    Ok(after.into())
}

/// The certificates of an entry, newest first.
///
/// # Errors
/// See [`StorageError`].
pub fn certificates(connection: &mut DbConnection, entry: &str) -> Result<Vec<Certificate>, StorageError> {
    let found = certs_certificate::table.filter(certs_certificate::entry.eq(entry.to_owned()));
    Ok(found.order(certs_certificate::id.desc()).select(Certificate::as_select()).load(connection)?)
}

/// The certificate of this id.
///
/// # Errors
/// See [`StorageError`].
pub fn certificate(connection: &mut DbConnection, id: &str) -> Result<Option<Certificate>, StorageError> {
    let found = certs_certificate::table.filter(certs_certificate::id.eq(id.to_owned()));
    Ok(found.select(Certificate::as_select()).first(connection).optional()?)
}

/// A certificate that was made for a request.
#[derive(Debug, Clone)]
pub struct Made {
    pub pem: String,
    pub serial: String,
    pub expires_at_ms: i64,
}

pub(super) fn keep(
    connection: &mut DbConnection,
    of: &Entry,
    request: &str,
    made: &Made,
    by: &By,
    now_ms: i64,
) -> Result<Certificate, StorageError> {
    let row = Certificate {
        id: new_id(now_ms),
        entry: of.id.clone(),
        request: request.to_owned(),
        pem: made.pem.clone(),
        serial: made.serial.clone(),
        expires_at_ms: made.expires_at_ms,
        created_at_ms: now_ms,
    };
    diesel::insert_into(certs_certificate::table).values(&row).execute(connection)?;
    let fields = [Field::open("serial", row.serial.clone()), Field::open("expires_at_ms", row.expires_at_ms)];
    let object = format!("certificate {}", of.label());
    audit::note(connection, by, now_ms, "issue", &object, &Changes::between(None, Some(&fields)))?;
    Ok(row)
}

/// How often the list has changed.
///
/// # Errors
/// See [`StorageError`].
pub fn version(connection: &mut DbConnection) -> Result<i64, StorageError> {
    Ok(certs_acl::table.select(certs_acl::version).first(connection)?)
}

fn count(connection: &mut DbConnection) -> Result<(), StorageError> {
    diesel::update(certs_acl::table).set(certs_acl::version.eq(certs_acl::version + 1)).execute(connection)?;
    Ok(())
}

/// The list as gateways read it, and its version.
///
/// # Errors
/// See [`StorageError`].
pub fn list(connection: &mut DbConnection) -> Result<(i64, Vec<Listed>), StorageError> {
    // Read first: a change that comes between is told with the next version, never hidden by this one.
    let version = version(connection)?;
    let listed = all(connection)?.into_iter().map(|entry| Listed {
        company: entry.company,
        application: entry.application,
        application_password: entry.password,
        advanced: entry.advanced,
        revoked: entry.revoked,
    });
    Ok((version, listed.collect()))
}

fn fields(row: &Row) -> Vec<Field> {
    vec![
        Field::open("owner", row.account_name.clone()),
        Field::open("company", row.company.clone()),
        Field::open("application", row.application.clone()),
        Field::open("contact", row.contact.clone()),
        Field::secret("password", Some(&row.password)),
        Field::open("advanced", row.advanced),
        Field::open("revoked", row.revoked),
        Field::open("reason", row.reason.clone()),
    ]
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        let Row { id, account, account_name, company, application, contact, advanced, revoked, reason, .. } = row;
        let (password, created_at_ms) = (row.password.into(), row.created_at_ms);
        let (version, changed_at_ms, changed_by) = (row.version, row.changed_at_ms, row.changed_by);
        Self {
            id,
            account,
            account_name,
            company,
            application,
            contact,
            password,
            advanced,
            revoked,
            reason,
            created_at_ms,
            version,
            changed_at_ms,
            changed_by,
        }
    }
}
