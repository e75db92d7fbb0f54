//! What the licence server has given to gateways: one row for each. How a licence is signed, and what it is worth, is
//! `licence`'s and `licensing`'s.

use diesel::prelude::*;

use super::audit;
use super::change::{By, Changes, Field};
use super::connection::DbConnection;
use super::error::StorageError;
use super::schema::licence_grant;
use crate::licence::{Counts, Kind};

/// A row as it is kept.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = licence_grant, treat_none_as_null = true)]
struct Row {
    gateway: String,
    site: String,
    kind: String,
    integrations_only: bool,
    standard: i64,
    advanced: i64,
    data_access: i64,
    salesforce: i64,
    google: i64,
    valid_until_ms: Option<i64>,
    revoked: bool,
    created_at_ms: i64,
    version: i64,
    changed_at_ms: i64,
    changed_by: String,
}

/// What a gateway was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The gateway's id.
    pub gateway: String,
    /// For whom, as its administrator calls it.
    pub site: String,
    pub kind: Kind,
    pub integrations_only: bool,
    pub sessions: Counts,
    pub valid_until_ms: Option<i64>,
    pub revoked: bool,
}

/// A grant, and what is known of its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub grant: Grant,
    pub created_at_ms: i64,
    /// To be said by whoever changes it; the licence's own version, too.
    pub version: i64,
}

/// Characters of a site's name.
const LONGEST_SITE: usize = 128;

/// Whether a text is the id of a gateway: 32 hexadecimal digits, as gateways make them.
#[must_use]
pub fn is_gateway(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// All of them, by site.
///
/// # Errors
/// See [`StorageError`].
pub fn all(connection: &mut DbConnection) -> Result<Vec<Kept>, StorageError> {
    let rows = licence_grant::table.select(Row::as_select()).load(connection)?;
    let mut all = rows.into_iter().map(Kept::try_from).collect::<Result<Vec<_>, _>>()?;
    all.sort_by(|a, b| (&a.grant.site, &a.grant.gateway).cmp(&(&b.grant.site, &b.grant.gateway)));
    Ok(all)
}

/// That of a gateway.
///
/// # Errors
/// See [`StorageError`].
pub fn find(connection: &mut DbConnection, gateway: &str) -> Result<Option<Kept>, StorageError> {
    let of = licence_grant::table.filter(licence_grant::gateway.eq(gateway.to_owned())).select(Row::as_select());
    of.first(connection).optional()?.map(Kept::try_from).transpose()
}

/// How many there are of a kind.
///
/// # Errors
/// See [`StorageError`].
pub fn count(connection: &mut DbConnection, kind: Kind) -> Result<i64, StorageError> {
    Ok(licence_grant::table.filter(licence_grant::kind.eq(kind.word())).count().get_result(connection)?)
}

/// Gives a gateway its first.
///
/// # Errors
/// [`StorageError::Exists`]; [`StorageError::Invalid`] when a field cannot be.
pub fn add(connection: &mut DbConnection, grant: &Grant, by: &By, now_ms: i64) -> Result<Kept, StorageError> {
    check(grant)?;
    let kept = Kept { grant: grant.clone(), created_at_ms: now_ms, version: 1 };
    let row = Row::of(&kept, by, now_ms);
    let added = diesel::insert_into(licence_grant::table).values(row).execute(connection);
    added.map_err(StorageError::of(object(grant)))?;
    audit::note(connection, by, now_ms, "add", &object(grant), &Changes::between(None, Some(&fields(grant))))?;
    Ok(kept)
}

/// Makes it what `to` says, where nobody has changed it since it was read.
///
/// # Errors
/// [`StorageError::Changed`] when somebody has; [`StorageError::Invalid`] when a field cannot be.
pub fn change(
    connection: &mut DbConnection,
    read: &Kept,
    to: &Grant,
    by: &By,
    now_ms: i64,
) -> Result<Kept, StorageError> {
    check(to)?;
    let object = object(&read.grant);
    let kept = Kept { grant: to.clone(), created_at_ms: read.created_at_ms, version: read.version + 1 };
    let of = licence_grant::gateway.eq(read.grant.gateway.clone()).and(licence_grant::version.eq(read.version));
    let row = Row::of(&kept, by, now_ms);
    if diesel::update(licence_grant::table.filter(of)).set(row).execute(connection)? == 0 {
        return Err(StorageError::Changed(object));
    }
    let changes = Changes::between(Some(&fields(&read.grant)), Some(&fields(to)));
    audit::note(connection, by, now_ms, "change", &object, &changes)?;
    Ok(kept)
}

fn check(grant: &Grant) -> Result<(), StorageError> {
    let site = grant.site.trim();
    if !is_gateway(&grant.gateway) {
        return Err(StorageError::invalid("licence", "the gateway's id must have 32 hexadecimal digits"));
    }
    if site.is_empty() || site.chars().count() > LONGEST_SITE || site.chars().any(char::is_control) {
        let fault = format!("the site must have 1 to {LONGEST_SITE} characters");
        return Err(StorageError::invalid(object(grant), fault));
    }
    Ok(())
}

fn object(grant: &Grant) -> String {
    format!("licence of gateway {}", grant.gateway)
}

fn fields(grant: &Grant) -> Vec<Field> {
    let Counts { standard, advanced, data_access, salesforce, google } = grant.sessions;
    vec![
        Field::open("site", grant.site.clone()),
        Field::open("kind", grant.kind.word()),
        Field::open("integrations_only", grant.integrations_only),
        Field::open("standard", standard),
        Field::open("advanced", advanced),
        Field::open("data_access", data_access),
        Field::open("salesforce", salesforce),
        Field::open("google", google),
        Field::open("valid_until_ms", grant.valid_until_ms),
        Field::open("revoked", grant.revoked),
    ]
}

impl Row {
    fn of(Kept { grant, created_at_ms, version }: &Kept, by: &By, now_ms: i64) -> Self {
        let Counts { standard, advanced, data_access, salesforce, google } = grant.sessions;
        Self {
            gateway: grant.gateway.clone(),
            site: grant.site.trim().to_owned(),
            kind: grant.kind.word().to_owned(),
            integrations_only: grant.integrations_only,
            standard: standard.into(),
            advanced: advanced.into(),
            data_access: data_access.into(),
            salesforce: salesforce.into(),
            google: google.into(),
            valid_until_ms: grant.valid_until_ms,
            revoked: grant.revoked,
            created_at_ms: *created_at_ms,
            version: *version,
            changed_at_ms: now_ms,
            changed_by: by.who.clone(),
        }
    }
}

impl TryFrom<Row> for Kept {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let object = format!("licence of gateway {}", row.gateway);
        let fault = |column: &str| StorageError::invalid(object.clone(), format!("{column} cannot be read"));
        let count = |value: i64, column| u32::try_from(value).map_err(|_| fault(column));
        let grant = Grant {
            kind: Kind::of(&row.kind).ok_or_else(|| fault("kind"))?,
            sessions: Counts {
                standard: count(row.standard, "standard")?,
                advanced: count(row.advanced, "advanced")?,
                data_access: count(row.data_access, "data_access")?,
                salesforce: count(row.salesforce, "salesforce")?,
                google: count(row.google, "google")?,
            },
            gateway: row.gateway,
            site: row.site,
            integrations_only: row.integrations_only,
            valid_until_ms: row.valid_until_ms,
            revoked: row.revoked,
        };
        Ok(Self { grant, created_at_ms: row.created_at_ms, version: row.version })
    }
}
