//! Tokens that users of integrations were given at sign-in, to come back without the password, over restarts of the gateway,
//! too. Only the hash of a token is kept: who reads the database can come in by none. What a token leads to is `users`'.

use diesel::prelude::*;

use super::connection::DbConnection;
use super::error::StorageError;
use super::schema::integration_token;
use super::user::{self, User};

/// Tokens of one user; the one issued longest ago goes for a new one.
pub const MOST: i64 = 10;

/// A token as it is kept.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = integration_token)]
struct Row {
    hash: String,
    user_id: String,
    application: String,
    created_at_ms: i64,
    expires_at_ms: i64,
}

/// Keeps a token, by its hash, of a user as it was when the password was proven; `false`, and nothing is kept, when the user
/// may not go on as that any more.
///
/// # Errors
/// See [`StorageError`].
pub fn issue(
    connection: &mut DbConnection,
    proven: &User,
    application: &str,
    hash: &str,
    now_ms: i64,
    expires_at_ms: i64,
) -> Result<bool, StorageError> {
    let now = user::by_id(connection, &proven.id)?;
    if now.is_none_or(|now| now.generation != proven.generation || now.profile.disabled) {
        return Ok(false);
    }
    let expired = integration_token::expires_at_ms.le(now_ms);
    diesel::delete(integration_token::table.filter(expired)).execute(connection)?;
    let own = || integration_token::table.filter(integration_token::user_id.eq(proven.id.clone()));
    let oldest = own().order((integration_token::created_at_ms.desc(), integration_token::hash));
    let beyond: Vec<String> =
        oldest.offset(MOST - 1).limit(i64::MAX).select(integration_token::hash).load(connection)?;
    for hash in beyond {
        diesel::delete(integration_token::table.filter(integration_token::hash.eq(hash))).execute(connection)?;
    }
    let row = Row {
        hash: hash.to_owned(),
        user_id: proven.id.clone(),
        application: application.to_owned(),
        created_at_ms: now_ms,
        expires_at_ms,
    };
    diesel::insert_into(integration_token::table).values(row).execute(connection)?;
    Ok(true)
}

/// Whose it is, and by which application (`Company / Application`) it was issued; nothing when it has expired.
///
/// # Errors
/// See [`StorageError`].
pub fn holder(connection: &mut DbConnection, hash: &str, now_ms: i64) -> Result<Option<(User, String)>, StorageError> {
    let of = integration_token::hash.eq(hash.to_owned()).and(integration_token::expires_at_ms.gt(now_ms));
    let found = integration_token::table.filter(of).select(Row::as_select()).first(connection).optional()?;
    let Some(Row { user_id, application, .. }) = found else { return Ok(None) };
    let user = user::by_id(connection, &user_id)?.filter(|user| !user.profile.disabled);
    Ok(user.map(|user| (user, application)))
}

/// Forgets those of a user whose hash begins so.
///
/// # Errors
/// See [`StorageError`].
pub fn forget(connection: &mut DbConnection, begins: &str) -> Result<(), StorageError> {
    // Hexadecimal digits alone come here, and every one of them is below `g`.
    let from = integration_token::hash.ge(begins.to_owned());
    let of = from.and(integration_token::hash.lt(format!("{begins}g")));
    diesel::delete(integration_token::table.filter(of)).execute(connection)?;
    Ok(())
}

/// Forgets all of a user.
///
/// # Errors
/// See [`StorageError`].
pub(super) fn forget_user(connection: &mut DbConnection, user: &str) -> Result<(), StorageError> {
    let of = integration_token::user_id.eq(user.to_owned());
    diesel::delete(integration_token::table.filter(of)).execute(connection)?;
    Ok(())
}

/// Forgets all that an application had issued: it comes in no more, and what is reinstated begins anew.
///
/// # Errors
/// See [`StorageError`].
pub(super) fn forget_application(connection: &mut DbConnection, label: &str) -> Result<(), StorageError> {
    let of = integration_token::application.eq(label.to_owned());
    diesel::delete(integration_token::table.filter(of)).execute(connection)?;
    Ok(())
}
