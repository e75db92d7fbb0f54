//! The applications that may log in. A change says which version of the row it was made from, and leaves a line in the
//! audit log. What a password is worth, and who may enter, is `admission`'s.

use diesel::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};

use super::change::{By, Changes, Field, new_id};
use super::connection::DbConnection;
use super::error::StorageError;
use super::schema::application;
use super::{audit, user_token};
use crate::admission::{NextLocal, Registered};
use crate::settings::{Application, ApplicationLimits, ServiceLevel};

/// A row as it is kept.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = application, treat_none_as_null = true)]
struct Row {
    id: String,
    company: String,
    name: String,
    application_password: String,
    local_password: String,
    next_local_password: Option<String>,
    overlap_until_ms: Option<i64>,
    service: String,
    revoked: bool,
    monitors: Option<i64>,
    commands_per_second: Option<i64>,
    log_mib: Option<i64>,
    version: i64,
    changed_at_ms: i64,
    changed_by: String,
}

/// An application, and what is known of its row.
#[derive(Debug, Clone)]
pub struct Kept {
    pub id: String,
    pub registered: Registered,
    /// To be said by whoever changes it.
    pub version: i64,
    pub changed_at_ms: i64,
    pub changed_by: String,
}

/// As the audit log names it.
#[must_use]
pub fn object(application: &Application) -> String {
    format!("application {}", application.label())
}

/// All of them, by company and name.
///
/// # Errors
/// [`StorageError::Invalid`] when a row cannot be read; see [`StorageError`].
pub fn all(connection: &mut DbConnection) -> Result<Vec<Kept>, StorageError> {
    let rows = application::table.select(Row::as_select()).load(connection)?;
    let mut all = rows.into_iter().map(Kept::try_from).collect::<Result<Vec<_>, _>>()?;
    // Here and not there: each database has an order of letters of its own.
    all.sort_by(|a, b| {
        let key = |kept: &Kept| (kept.registered.application.company.clone(), kept.registered.application.name.clone());
        key(a).cmp(&key(b))
    });
    Ok(all)
}

/// The one of this company and name.
///
/// # Errors
/// [`StorageError::Missing`]; see [`all`].
pub fn find(connection: &mut DbConnection, company: &str, name: &str) -> Result<Kept, StorageError> {
    let of = application::company.eq(company.to_owned()).and(application::name.eq(name.to_owned()));
    let row = application::table.filter(of).select(Row::as_select()).first(connection).optional()?;
    row.ok_or_else(|| StorageError::Missing(format!("application {company} / {name}")))?.try_into()
}

/// Adds one.
///
/// # Errors
/// [`StorageError::Exists`] when the company has one of that name.
pub fn add(connection: &mut DbConnection, registered: &Registered, by: &By, now_ms: i64) -> Result<Kept, StorageError> {
    let kept = Kept {
        id: new_id(now_ms),
        registered: registered.clone(),
        version: 1,
        changed_at_ms: now_ms,
        changed_by: by.who.clone(),
    };
    let object = object(&registered.application);
    let added = diesel::insert_into(application::table).values(Row::from(&kept)).execute(connection);
    added.map_err(StorageError::of(object.clone()))?;
    let changes = Changes::between(None, Some(&fields(registered)));
    audit::note(connection, by, now_ms, "add", &object, &changes)?;
    Ok(kept)
}

/// Makes it what `to` says, where nobody has changed it since `read` was read.
///
/// # Errors
/// [`StorageError::Changed`] when somebody has.
pub fn change(
    connection: &mut DbConnection,
    read: &Kept,
    to: &Registered,
    by: &By,
    now_ms: i64,
) -> Result<Kept, StorageError> {
    let object = object(&read.registered.application);
    let kept = Kept {
        id: read.id.clone(),
        registered: to.clone(),
        version: read.version + 1,
        changed_at_ms: now_ms,
        changed_by: by.who.clone(),
    };
    let row = application::id.eq(read.id.clone()).and(application::version.eq(read.version));
    let changed = diesel::update(application::table.filter(row)).set(Row::from(&kept)).execute(connection);
    if changed.map_err(StorageError::of(object.clone()))? == 0 {
        return Err(StorageError::Changed(object));
    }
    if to.application.revoked {
        user_token::forget_application(connection, &to.application.label())?;
    }
    let changes = Changes::between(Some(&fields(&read.registered)), Some(&fields(to)));
    audit::note(connection, by, now_ms, "change", &object, &changes)?;
    Ok(kept)
}

/// Removes it, where nobody has changed it since it was read.
///
/// # Errors
/// [`StorageError::Changed`] when somebody has, or it is gone.
pub fn remove(connection: &mut DbConnection, read: &Kept, by: &By, now_ms: i64) -> Result<(), StorageError> {
    let object = object(&read.registered.application);
    let row = application::id.eq(read.id.clone()).and(application::version.eq(read.version));
    if diesel::delete(application::table.filter(row)).execute(connection)? == 0 {
        return Err(StorageError::Changed(object));
    }
    user_token::forget_application(connection, &read.registered.application.label())?;
    let changes = Changes::between(Some(&fields(&read.registered)), None);
    audit::note(connection, by, now_ms, "remove", &object, &changes)
}

/// Revokes it, or takes that back.
///
/// # Errors
/// See [`change`].
pub fn revoke(
    connection: &mut DbConnection,
    read: &Kept,
    revoked: bool,
    by: &By,
    now_ms: i64,
) -> Result<Kept, StorageError> {
    let mut to = read.registered.clone();
    to.application.revoked = revoked;
    change(connection, read, &to, by, now_ms)
}

/// Gives it another local password (its hash): the one that is in force now is accepted until `overlap_until_ms`, too.
/// Of a replacement that is under way what is in force counts.
///
/// # Errors
/// See [`change`].
pub fn rotate(
    connection: &mut DbConnection,
    read: &Kept,
    hash: &SecretString,
    overlap_until_ms: i64,
    by: &By,
    now_ms: i64,
) -> Result<Kept, StorageError> {
    let mut to = read.registered.clone();
    if let Some(next) = to.next_local.take() {
        to.application.local_password = next.hash;
    }
    if overlap_until_ms > now_ms {
        to.next_local = Some(NextLocal { hash: hash.clone(), overlap_until_ms });
    } else {
        to.application.local_password = hash.clone();
    }
    change(connection, read, &to, by, now_ms)
}

/// Its fields as the settings file names them, and those of a replacement.
pub(super) fn fields(registered: &Registered) -> Vec<Field> {
    let Registered { application, next_local } = registered;
    let mut fields = file_fields(application);
    let next = next_local.as_ref();
    fields.push(Field::secret("next_local_password", next.map(|next| next.hash.expose_secret())));
    fields.push(Field::open("overlap_until_ms", next.map(|next| next.overlap_until_ms)));
    fields
}

/// Those that the settings file has.
pub(super) fn file_fields(application: &Application) -> Vec<Field> {
    let limits = application.limits;
    vec![
        Field::open("company", application.company.clone()),
        Field::open("name", application.name.clone()),
        Field::secret("application_password", Some(application.application_password.expose_secret())),
        Field::secret("local_password", Some(application.local_password.expose_secret())),
        Field::open("service", word(application.service)),
        Field::open("revoked", application.revoked),
        Field::open("limits.monitors", limits.monitors),
        Field::open("limits.commands_per_second", limits.commands_per_second),
        Field::open("limits.log_mib", limits.log_mib),
    ]
}

fn word(service: ServiceLevel) -> &'static str {
    match service {
        ServiceLevel::Standard => "standard",
        ServiceLevel::Advanced => "advanced",
    }
}

impl From<&Kept> for Row {
    fn from(kept: &Kept) -> Self {
        let Registered { application: a, next_local } = &kept.registered;
        let number = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
        Self {
            id: kept.id.clone(),
            company: a.company.clone(),
            name: a.name.clone(),
            application_password: a.application_password.expose_secret().to_owned(),
            local_password: a.local_password.expose_secret().to_owned(),
            next_local_password: next_local.as_ref().map(|next| next.hash.expose_secret().to_owned()),
            overlap_until_ms: next_local.as_ref().map(|next| next.overlap_until_ms),
            service: word(a.service).to_owned(),
            revoked: a.revoked,
            monitors: a.limits.monitors.map(number),
            commands_per_second: a.limits.commands_per_second.map(i64::from),
            log_mib: a.limits.log_mib.map(number),
            version: kept.version,
            changed_at_ms: kept.changed_at_ms,
            changed_by: kept.changed_by.clone(),
        }
    }
}

impl TryFrom<Row> for Kept {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let object = format!("application {} / {}", row.company, row.name);
        let fault = |column: &str| StorageError::invalid(object.clone(), format!("{column} cannot be read"));
        let service = match row.service.as_str() {
            "standard" => ServiceLevel::Standard,
            "advanced" => ServiceLevel::Advanced,
            _ => return Err(fault("service")),
        };
        let limits = ApplicationLimits {
            monitors: row.monitors.map(usize::try_from).transpose().map_err(|_| fault("monitors"))?,
            commands_per_second: row
                .commands_per_second
                .map(u32::try_from)
                .transpose()
                .map_err(|_| fault("commands_per_second"))?,
            log_mib: row.log_mib.map(usize::try_from).transpose().map_err(|_| fault("log_mib"))?,
        };
        let next = row.next_local_password.zip(row.overlap_until_ms);
        let registered = Registered {
            application: Application {
                company: row.company,
                name: row.name,
                application_password: row.application_password.into(),
                local_password: row.local_password.into(),
                revoked: row.revoked,
                service,
                limits,
            },
            next_local: next.map(|(hash, overlap_until_ms)| NextLocal { hash: hash.into(), overlap_until_ms }),
        };
        let Row { id, version, changed_at_ms, changed_by, .. } = row;
        Ok(Self { id, registered, version, changed_at_ms, changed_by })
    }
}
