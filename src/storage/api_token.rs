//! Tokens that programs administer with: kept by their hash, each for an account. What a scope allows, and how a token is
//! made, is `admin`'s.

use diesel::prelude::*;

use super::audit;
use super::change::{By, Changes, Field, new_id};
use super::connection::DbConnection;
use super::error::StorageError;
use super::schema::api_token;

/// Tokens of one account.
pub const MOST: usize = 50;
/// Characters of a token's name.
pub const LONGEST_NAME: usize = 48;

/// A token as it is kept.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_token)]
struct Row {
    id: String,
    account: String,
    name: String,
    hash: String,
    scopes: String,
    expires_at_ms: Option<i64>,
    last_used_ms: Option<i64>,
    created_at_ms: i64,
    created_by: String,
}

/// A token without what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub id: String,
    /// The account's id.
    pub account: String,
    pub name: String,
    pub scopes: Vec<String>,
    pub expires_at_ms: Option<i64>,
    pub last_used_ms: Option<i64>,
    pub created_at_ms: i64,
    pub created_by: String,
}

/// A new token.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// The account's id, and its name for the audit log.
    pub account: String,
    pub account_name: String,
    /// 1 to 48 characters, unique within the account.
    pub name: String,
    /// SHA-256, in hexadecimal form.
    pub hash: String,
    pub scopes: Vec<String>,
    pub expires_at_ms: Option<i64>,
}

/// All of them, the oldest first.
///
/// # Errors
/// See [`StorageError`].
pub fn all(connection: &mut DbConnection) -> Result<Vec<Token>, StorageError> {
    let rows = api_token::table.order(api_token::id.asc()).select(Row::as_select()).load(connection)?;
    Ok(rows.into_iter().map(Token::from).collect())
}

/// Those of an account, by its id, the oldest first.
///
/// # Errors
/// See [`StorageError`].
pub fn of(connection: &mut DbConnection, account: &str) -> Result<Vec<Token>, StorageError> {
    let own = api_token::table.filter(api_token::account.eq(account.to_owned())).order(api_token::id.asc());
    Ok(own.select(Row::as_select()).load(connection)?.into_iter().map(Token::from).collect())
}

/// The one with this hash.
///
/// # Errors
/// See [`StorageError`].
pub fn by_hash(connection: &mut DbConnection, hash: &str) -> Result<Option<Token>, StorageError> {
    let found = api_token::table.filter(api_token::hash.eq(hash.to_owned())).select(Row::as_select());
    Ok(found.first(connection).optional()?.map(Token::from))
}

/// Adds one.
///
/// # Errors
/// [`StorageError::Exists`] when the account has one of this name; [`StorageError::Invalid`] when the name cannot be, or
/// the account has as many as it may.
pub fn add(connection: &mut DbConnection, new: &NewToken, by: &By, now_ms: i64) -> Result<Token, StorageError> {
    let is_name = (1..=LONGEST_NAME).contains(&new.name.chars().count()) && !new.name.chars().any(char::is_control);
    if !is_name || new.name.trim() != new.name {
        let fault = format!("the name must have 1 to {LONGEST_NAME} characters, and no space around them");
        return Err(StorageError::invalid("token", fault));
    }
    let object = object(&new.name, &new.account_name);
    if of(connection, &new.account)?.len() >= MOST {
        return Err(StorageError::invalid(object, format!("an account has at most {MOST} tokens")));
    }
    let row = Row {
        id: new_id(now_ms),
        account: new.account.clone(),
        name: new.name.clone(),
        hash: new.hash.clone(),
        scopes: new.scopes.join(" "),
        expires_at_ms: new.expires_at_ms,
        last_used_ms: None,
        created_at_ms: now_ms,
        created_by: by.who.clone(),
    };
    let added = diesel::insert_into(api_token::table).values(&row).execute(connection);
    added.map_err(StorageError::of(object.clone()))?;
    audit::note(connection, by, now_ms, "add", &object, &Changes::between(None, Some(&fields(&row))))?;
    Ok(row.into())
}

/// It was used at this time.
///
/// # Errors
/// See [`StorageError`].
pub fn used(connection: &mut DbConnection, id: &str, at_ms: i64) -> Result<(), StorageError> {
    let row = api_token::table.filter(api_token::id.eq(id.to_owned()));
    diesel::update(row).set(api_token::last_used_ms.eq(at_ms)).execute(connection)?;
    Ok(())
}

/// Removes one, of an account of this name.
///
/// # Errors
/// [`StorageError::Missing`] when it is gone.
pub fn remove(
    connection: &mut DbConnection,
    id: &str,
    account_name: &str,
    by: &By,
    now_ms: i64,
) -> Result<(), StorageError> {
    let found = api_token::table.filter(api_token::id.eq(id.to_owned())).select(Row::as_select());
    let row = found.first(connection).optional()?.ok_or_else(|| StorageError::Missing("token".into()))?;
    remove_row(connection, &row, account_name, by, now_ms)
}

/// Removes all of an account that is removed.
pub(super) fn remove_of(
    connection: &mut DbConnection,
    account: &str,
    account_name: &str,
    by: &By,
    now_ms: i64,
) -> Result<(), StorageError> {
    let own = api_token::table.filter(api_token::account.eq(account.to_owned())).select(Row::as_select());
    for row in own.load(connection)? {
        remove_row(connection, &row, account_name, by, now_ms)?;
    }
    Ok(())
}

fn remove_row(
    connection: &mut DbConnection,
    row: &Row,
    account_name: &str,
    by: &By,
    now_ms: i64,
) -> Result<(), StorageError> {
    if diesel::delete(api_token::table.filter(api_token::id.eq(row.id.clone()))).execute(connection)? == 0 {
        return Err(StorageError::Missing("token".into()));
    }
    let changes = Changes::between(Some(&fields(row)), None);
    audit::note(connection, by, now_ms, "remove", &object(&row.name, account_name), &changes)
}

fn object(name: &str, account: &str) -> String {
    format!("token {name} of {account}")
}

fn fields(row: &Row) -> Vec<Field> {
    vec![
        Field::open("name", row.name.clone()),
        Field::secret("hash", Some(&row.hash)),
        Field::open("scopes", row.scopes.clone()),
        Field::open("expires_at_ms", row.expires_at_ms),
    ]
}

impl From<Row> for Token {
    fn from(row: Row) -> Self {
        let Row { id, account, name, scopes, expires_at_ms, last_used_ms, created_at_ms, created_by, .. } = row;
        let scopes = scopes.split_whitespace().map(str::to_owned).collect();
        Self { id, account, name, scopes, expires_at_ms, last_used_ms, created_at_ms, created_by }
    }
}
