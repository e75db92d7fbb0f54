//! The table `certs_member`: what the certificate server knows of an account besides. Both change together, and the
//! account's version counts for both.

use diesel::prelude::*;
use secrecy::SecretString;

use super::{LONGEST_MSA_NUMBER, is_line, request};
use crate::storage::account::{self, Account, NewAccount, Role};
use crate::storage::audit;
use crate::storage::change::{By, Changes, Field};
use crate::storage::connection::DbConnection;
use crate::storage::error::StorageError;
use crate::storage::schema::certs_member;

#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = certs_member, treat_none_as_null = true)]
struct Row {
    account: String,
    msa_number: Option<String>,
    must_change: bool,
}

/// Somebody who may sign in to the certificate server: a member, or an administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub account: Account,
    /// The number that a member has with the maker of the nodes; administrators have none.
    pub msa_number: Option<String>,
    /// The password was given by somebody else: nothing may be done before it is changed.
    pub must_change: bool,
}

impl Member {
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.account.role == Role::Administrator
    }
}

/// Somebody new.
#[derive(Debug, Clone)]
pub struct NewMember {
    pub account: NewAccount,
    pub msa_number: Option<String>,
    pub must_change: bool,
}

/// Accounts of other roles are a gateway's, and nobody here.
fn is_one(account: &Account) -> bool {
    matches!(account.role, Role::Member | Role::Administrator)
}

/// All of them, by name.
///
/// # Errors
/// See [`StorageError`].
pub fn all(connection: &mut DbConnection) -> Result<Vec<Member>, StorageError> {
    let rows: Vec<Row> = certs_member::table.select(Row::as_select()).load(connection)?;
    let accounts = account::all(connection)?.into_iter().filter(is_one);
    let members = accounts.map(|account| {
        let row = rows.iter().find(|row| row.account == account.id);
        joined(account, row.cloned())
    });
    Ok(members.collect())
}

/// The one whose account this is.
///
/// # Errors
/// See [`StorageError`].
pub fn find(connection: &mut DbConnection, account: &str) -> Result<Option<Member>, StorageError> {
    let Some(account) = account::by_id(connection, account)?.filter(is_one) else { return Ok(None) };
    let row = certs_member::table.filter(certs_member::account.eq(account.id.clone())).select(Row::as_select());
    let row = row.first(connection).optional()?;
    Ok(Some(joined(account, row)))
}

fn joined(account: Account, row: Option<Row>) -> Member {
    let (msa_number, must_change) = row.map_or((None, false), |row| (row.msa_number, row.must_change));
    Member { account, msa_number, must_change }
}

/// Adds one.
///
/// # Errors
/// [`StorageError::Exists`]; [`StorageError::Invalid`] when a field cannot be.
pub fn add(connection: &mut DbConnection, new: &NewMember, by: &By, now_ms: i64) -> Result<Member, StorageError> {
    if !matches!(new.account.role, Role::Member | Role::Administrator) {
        return Err(StorageError::invalid("account", "a member or an administrator is needed"));
    }
    let msa_number = number_of(new.account.role, new.msa_number.as_deref())?;
    let account = account::add(connection, &new.account, by, now_ms)?;
    let row = Row { account: account.id.clone(), msa_number, must_change: new.must_change };
    diesel::insert_into(certs_member::table).values(&row).execute(connection)?;
    let changes = Changes::between(None, Some(&fields(&row)));
    audit::note(connection, by, now_ms, "add", &object(&account), &changes)?;
    Ok(joined(account, Some(row)))
}

fn number_of(role: Role, number: Option<&str>) -> Result<Option<String>, StorageError> {
    match (role, number.map(str::trim).filter(|number| !number.is_empty())) {
        (Role::Member, None) => Err(StorageError::invalid("account", "a member needs an MSA account number")),
        (Role::Member, Some(number)) if is_line(number, LONGEST_MSA_NUMBER) => Ok(Some(number.to_owned())),
        (Role::Member, Some(_)) => {
            Err(StorageError::invalid("account", "an MSA account number has 1 to 32 characters"))
        }
        _ => Ok(None),
    }
}

/// Changes what mail is sent to and, of a member, the account number.
///
/// # Errors
/// [`StorageError::Changed`]; [`StorageError::Invalid`] when a field cannot be.
pub fn change(
    connection: &mut DbConnection,
    read: &Member,
    email: Option<&str>,
    msa_number: Option<&str>,
    by: &By,
    now_ms: i64,
) -> Result<Member, StorageError> {
    let msa_number = number_of(read.account.role, msa_number)?;
    let account = account::give_email(connection, &read.account, email, by, now_ms)?;
    let row = Row { account: account.id.clone(), msa_number, must_change: read.must_change };
    keep(connection, read, row, account, by, now_ms)
}

/// Gives another password, by its hash; `must_change` when its owner did not choose it.
///
/// # Errors
/// See [`account::give_password`].
pub fn give_password(
    connection: &mut DbConnection,
    read: &Member,
    hash: &SecretString,
    must_change: bool,
    by: &By,
    now_ms: i64,
) -> Result<Member, StorageError> {
    let account = account::give_password(connection, &read.account, hash, by, now_ms)?;
    let row = Row { account: account.id.clone(), msa_number: read.msa_number.clone(), must_change };
    keep(connection, read, row, account, by, now_ms)
}

/// The account's version was compared before.
fn keep(
    connection: &mut DbConnection,
    read: &Member,
    row: Row,
    account: Account,
    by: &By,
    now_ms: i64,
) -> Result<Member, StorageError> {
    let before =
        Row { account: row.account.clone(), msa_number: read.msa_number.clone(), must_change: read.must_change };
    let own = certs_member::table.filter(certs_member::account.eq(row.account.clone()));
    if diesel::update(own).set(row.clone()).execute(connection)? == 0 {
        diesel::insert_into(certs_member::table).values(&row).execute(connection)?;
    }
    let changes = Changes::between(Some(&fields(&before)), Some(&fields(&row)));
    if !changes.is_empty() {
        audit::note(connection, by, now_ms, "change", &object(&account), &changes)?;
    }
    Ok(joined(account, Some(row)))
}

/// Removes the account. Its requests that wait are withdrawn; its registrations stay on the list.
///
/// # Errors
/// See [`account::remove`].
pub fn remove(connection: &mut DbConnection, read: &Member, by: &By, now_ms: i64) -> Result<(), StorageError> {
    account::remove(connection, &read.account, by, now_ms)?;
    diesel::delete(certs_member::table.filter(certs_member::account.eq(read.account.id.clone())))
        .execute(connection)?;
    for waiting in request::of_account(connection, &read.account.id)? {
        if waiting.state == request::State::Pending {
            request::withdraw(connection, &waiting, by, now_ms)?;
        }
    }
    Ok(())
}

/// Where mail for the administrators goes.
///
/// # Errors
/// See [`StorageError`].
pub fn administrators(connection: &mut DbConnection) -> Result<Vec<String>, StorageError> {
    let all = account::all(connection)?.into_iter().filter(|account| account.role == Role::Administrator);
    Ok(all.filter_map(|account| account.email).collect())
}

fn object(account: &Account) -> String {
    format!("member {}", account.name)
}

fn fields(row: &Row) -> Vec<Field> {
    vec![Field::open("msa_number", row.msa_number.clone()), Field::open("must_change", row.must_change)]
}
