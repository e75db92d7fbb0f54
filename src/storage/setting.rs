//! Settings that are kept by their key, as JSON. Today two: that the settings file was taken over, and when; and the id of
//! the gateway.

use diesel::prelude::*;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::Value;

use super::change::By;
use super::connection::DbConnection;
use super::error::StorageError;
use super::schema::setting;

/// Set once the settings file was taken over; from then on the database rules.
pub const SEEDED: &str = "seeded";

/// What licences are for: made at the first start, the same for all gateways of one database.
const GATEWAY_ID: &str = "gateway_id";

/// A setting as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    pub value: Value,
    /// To be said by whoever changes it.
    pub version: i64,
}

/// The setting of this key, if it was ever set.
///
/// # Errors
/// See [`StorageError`].
pub fn get(connection: &mut DbConnection, key: &str) -> Result<Option<Kept>, StorageError> {
    let found = setting::table.filter(setting::key.eq(key.to_owned())).select((setting::value, setting::version));
    let Some((value, version)) = found.first::<(String, i64)>(connection).optional()? else { return Ok(None) };
    let value = serde_json::from_str(&value).map_err(|_| StorageError::invalid(object(key), "is no JSON"))?;
    Ok(Some(Kept { value, version }))
}

/// Sets it for the first time, where `read` is `None`; else changes what was read with that version.
///
/// # Errors
/// [`StorageError::Exists`], [`StorageError::Changed`] when somebody else was first.
pub fn set(
    connection: &mut DbConnection,
    key: &str,
    value: &Value,
    read: Option<i64>,
    by: &By,
    now_ms: i64,
) -> Result<(), StorageError> {
    let (value, who) = (value.to_string(), by.who.clone());
    let Some(version) = read else {
        let row = (
            setting::key.eq(key.to_owned()),
            setting::value.eq(value),
            setting::version.eq(1_i64),
            setting::changed_at_ms.eq(now_ms),
            setting::changed_by.eq(who),
        );
        let set = diesel::insert_into(setting::table).values(row).execute(connection);
        return set.map(drop).map_err(StorageError::of(object(key)));
    };
    let row = setting::table.filter(setting::key.eq(key.to_owned()).and(setting::version.eq(version)));
    let to = (
        setting::value.eq(value),
        setting::version.eq(version + 1),
        setting::changed_at_ms.eq(now_ms),
        setting::changed_by.eq(who),
    );
    match diesel::update(row).set(to).execute(connection)? {
        0 => Err(StorageError::Changed(object(key))),
        _ => Ok(()),
    }
}

/// The id of the gateways of this database, 32 hexadecimal digits; made where there is none.
///
/// # Errors
/// See [`StorageError`].
pub fn gateway_id(connection: &mut DbConnection, by: &By, now_ms: i64) -> Result<String, StorageError> {
    if let Some(kept) = get(connection, GATEWAY_ID)? {
        let id = kept.value.as_str().ok_or_else(|| StorageError::invalid(object(GATEWAY_ID), "is no text"))?;
        return Ok(id.to_owned());
    }
    let mut random = [0; 16];
    SystemRandom::new().fill(&mut random).map_err(|_| StorageError::Lost)?;
    let id = random.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    set(connection, GATEWAY_ID, &Value::from(id.clone()), None, by, now_ms)?;
    Ok(id)
}

fn object(key: &str) -> String {
    format!("setting {key}")
}
