//! Accounts of people and of integrations: who may sign in to administer, in which role. Sessions and what a role may do
//! are of whoever serves them; here an account is kept, and a password proven or refused.
//!
//! A wrong password is counted in the account itself, so that a restart or another gateway forgets none. A proof takes
//! tens of milliseconds on purpose, outside any transaction.

use diesel::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};

use super::change::{By, Changes, Field, new_id};
use super::connection::DbConnection;
use super::error::StorageError;
pub use super::lockout::{FREE_FAILURES, LOCK_MS, LONGEST_LOCK_MS};
use super::lockout::{Failures, Verdict};
use super::schema::account;
use super::{api_token, audit};
use crate::admission::{is_secret, proves};

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Asks the certificate server for registrations and certificates; nothing at a gateway.
    Member,
    /// Sees.
    Reader,
    /// Sees, and ends sessions, fetches lists, tests nodes.
    Operator,
    /// Everything.
    Administrator,
}

impl Role {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Reader => "reader",
            Self::Operator => "operator",
            Self::Administrator => "administrator",
        }
    }

    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [Self::Member, Self::Reader, Self::Operator, Self::Administrator].into_iter().find(|role| role.word() == word)
    }
}

/// An account as it is kept.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = account, treat_none_as_null = true)]
struct Row {
    id: String,
    name: String,
    email: Option<String>,
    password: String,
    role: String,
    failures: i64,
    locked_until_ms: i64,
    created_at_ms: i64,
    version: i64,
    changed_at_ms: i64,
    changed_by: String,
}

/// An account without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: String,
    pub name: String,
    pub email: Option<String>,
    pub role: Role,
    pub failures: i64,
    pub locked_until_ms: i64,
    pub created_at_ms: i64,
    /// To be said by whoever changes it.
    pub version: i64,
}

/// A new account.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Letters, digits, `.`, `_`, `-`, `@`; 1 to 64 of them, taken in lower case.
    pub name: String,
    pub email: Option<String>,
    /// An argon2id hash.
    pub password: SecretString,
    pub role: Role,
}

/// How a sign-in ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    Right(Account),
    /// No such account, or the password is wrong: nobody learns which.
    Wrong,
    /// Until then every password is refused, the right one, too. To a stranger it must read like [`Self::Wrong`]: else
    /// it would tell which accounts there are.
    Locked {
        until_ms: i64,
    },
}

/// All of them, by name.
///
/// # Errors
/// See [`StorageError`].
pub fn all(connection: &mut DbConnection) -> Result<Vec<Account>, StorageError> {
    let rows = account::table.select(Row::as_select()).load(connection)?;
    let mut all = rows.into_iter().map(Account::try_from).collect::<Result<Vec<_>, _>>()?;
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

/// The one of this id, if it is still there.
///
/// # Errors
/// See [`StorageError`].
pub fn by_id(connection: &mut DbConnection, id: &str) -> Result<Option<Account>, StorageError> {
    row(connection, id)?.map(Account::try_from).transpose()
}

/// The one of this name, in whatever case.
///
/// # Errors
/// [`StorageError::Missing`]; see [`StorageError`].
pub fn find(connection: &mut DbConnection, name: &str) -> Result<Account, StorageError> {
    let name = name.to_lowercase();
    by_name(connection, &name)?.ok_or_else(|| StorageError::Missing(object(&name)))?.try_into()
}

/// Adds one.
///
/// # Errors
/// [`StorageError::Exists`]; [`StorageError::Invalid`] when a field cannot be.
pub fn add(connection: &mut DbConnection, new: &NewAccount, by: &By, now_ms: i64) -> Result<Account, StorageError> {
    let name = new.name.to_lowercase();
    let object = object(&name);
    let letter = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    // As it was given: in lower case a letter may be two signs.
    if !(1..=64).contains(&new.name.chars().count()) || !new.name.chars().all(letter) {
        return Err(StorageError::invalid("account", "the name must have 1 to 64 letters, digits, or . _ - @"));
    }
    if new.email.as_ref().is_some_and(|email| !is_email(email)) {
        return Err(StorageError::invalid(object, "the e-mail address is none"));
    }
    if !is_secret(&new.password) {
        return Err(StorageError::invalid(object, "the password is not an argon2id hash"));
    }
    let row = Row {
        id: new_id(now_ms),
        name,
        email: new.email.clone(),
        password: new.password.expose_secret().to_owned(),
        role: new.role.word().to_owned(),
        failures: 0,
        locked_until_ms: 0,
        created_at_ms: now_ms,
        version: 1,
        changed_at_ms: now_ms,
        changed_by: by.who.clone(),
    };
    let added = diesel::insert_into(account::table).values(&row).execute(connection);
    added.map_err(StorageError::of(object.clone()))?;
    audit::note(connection, by, now_ms, "add", &object, &Changes::between(None, Some(&fields(&row))))?;
    row.try_into()
}

/// Gives it another role.
///
/// # Errors
/// [`StorageError::Changed`]; [`StorageError::Invalid`] when it is the last administrator.
pub fn give_role(
    connection: &mut DbConnection,
    read: &Account,
    role: Role,
    by: &By,
    now_ms: i64,
) -> Result<Account, StorageError> {
    if role != Role::Administrator {
        not_the_last(connection, read)?;
    }
    change(connection, read, by, now_ms, |row| role.word().clone_into(&mut row.role))
}

/// Gives it another e-mail address.
///
/// # Errors
/// [`StorageError::Changed`]; [`StorageError::Invalid`] when it is none.
pub fn give_email(
    connection: &mut DbConnection,
    read: &Account,
    email: Option<&str>,
    by: &By,
    now_ms: i64,
) -> Result<Account, StorageError> {
    if email.is_some_and(|email| !is_email(email)) {
        return Err(StorageError::invalid(object(&read.name), "the e-mail address is none"));
    }
    change(connection, read, by, now_ms, |row| row.email = email.map(str::to_owned))
}

/// Gives it another password, by its hash, and forgets the failures of the old one.
///
/// # Errors
/// [`StorageError::Changed`]; [`StorageError::Invalid`] when it is no hash.
pub fn give_password(
    connection: &mut DbConnection,
    read: &Account,
    hash: &SecretString,
    by: &By,
    now_ms: i64,
) -> Result<Account, StorageError> {
    if !is_secret(hash) {
        return Err(StorageError::invalid(object(&read.name), "the password is not an argon2id hash"));
    }
    change(connection, read, by, now_ms, |row| {
        hash.expose_secret().clone_into(&mut row.password);
        (row.failures, row.locked_until_ms) = (0, 0);
    })
}

/// Removes it, and its tokens.
///
/// # Errors
/// [`StorageError::Changed`]; [`StorageError::Invalid`] when it is the last administrator.
pub fn remove(connection: &mut DbConnection, read: &Account, by: &By, now_ms: i64) -> Result<(), StorageError> {
    not_the_last(connection, read)?;
    let row = row(connection, &read.id)?.filter(|row| row.version == read.version);
    let row = row.ok_or_else(|| StorageError::Changed(object(&read.name)))?;
    diesel::delete(account::table.filter(account::id.eq(row.id.clone()))).execute(connection)?;
    api_token::remove_of(connection, &row.id, &row.name, by, now_ms)?;
    let changes = Changes::between(Some(&fields(&row)), None);
    audit::note(connection, by, now_ms, "remove", &object(&row.name), &changes)
}

/// Without one nobody could make another.
fn not_the_last(connection: &mut DbConnection, read: &Account) -> Result<(), StorageError> {
    let others = account::role.eq(Role::Administrator.word()).and(account::id.ne(read.id.clone()));
    let others: i64 = account::table.filter(others).count().get_result(connection)?;
    if read.role == Role::Administrator && others == 0 {
        return Err(StorageError::invalid(object(&read.name), "it is the last administrator"));
    }
    Ok(())
}

impl super::Storage {
    /// Proves a password. Failures are counted and lock the account for a while; a right password forgets them.
    ///
    /// # Errors
    /// See [`StorageError`]; then nobody is signed in.
    pub async fn sign_in(
        &self,
        name: &str,
        password: SecretString,
        origin: &str,
        now_ms: i64,
    ) -> Result<SignIn, StorageError> {
        let name = name.to_lowercase();
        let (by, nobody) = (By::new(&name, origin), By::new("nobody", origin));
        let found = self.with(move |connection| by_name(connection, &name)).await?;
        let locked = found.as_ref().is_some_and(|row| row.failures().is_locked(now_ms));
        let hash = found.as_ref().map(|row| SecretString::from(row.password.clone()));
        // Computed whoever it is, so that the time tells nothing.
        let right = tokio::task::spawn_blocking(move || proves(hash.as_ref(), &password)).await.unwrap_or(false);
        // Each of them writes a line: what takes its time tells, too, whether there is such an account.
        let refuse = |by: By, object: String, signed: SignIn| {
            self.write(move |connection| {
                audit::note(connection, &by, now_ms, "sign-in refused", &object, &Changes::default())?;
                Ok(signed)
            })
        };
        match found {
            // What was typed as a name may be a password.
            None => refuse(nobody, "no account".into(), SignIn::Wrong).await,
            Some(row) if locked => {
                refuse(by, object(&row.name), SignIn::Locked { until_ms: row.locked_until_ms }).await
            }
            Some(row) => self.write(move |connection| judged(connection, row, right, &by, now_ms)).await,
        }
    }
}

/// Counts what became of a proof against the row as it is now: another may have failed meanwhile.
fn judged(
    connection: &mut DbConnection,
    proven: Row,
    right: bool,
    by: &By,
    now_ms: i64,
) -> Result<SignIn, StorageError> {
    let Some(now) = row(connection, &proven.id)? else { return Ok(SignIn::Wrong) };
    let object = object(&now.name);
    match now.failures().judge(right && now.password == proven.password, now_ms) {
        Verdict::Right => {
            if now.failures > 0 {
                count(connection, &now.id, Failures::default())?;
            }
            audit::note(connection, by, now_ms, "sign-in", &object, &Changes::default())?;
            Ok(SignIn::Right(now.try_into()?))
        }
        Verdict::Locked { until_ms } => Ok(SignIn::Locked { until_ms }),
        Verdict::Wrong(failures) => {
            count(connection, &now.id, failures)?;
            audit::note(connection, by, now_ms, "sign-in refused", &object, &Changes::default())?;
            Ok(SignIn::Wrong)
        }
    }
}

impl Row {
    fn failures(&self) -> Failures {
        Failures { count: self.failures, locked_until_ms: self.locked_until_ms }
    }
}

/// What is counted is no change that somebody else would have to read first: the version stays.
fn count(connection: &mut DbConnection, id: &str, failures: Failures) -> Result<(), StorageError> {
    let to = (account::failures.eq(failures.count), account::locked_until_ms.eq(failures.locked_until_ms));
    diesel::update(account::table.filter(account::id.eq(id.to_owned()))).set(to).execute(connection)?;
    Ok(())
}

fn row(connection: &mut DbConnection, id: &str) -> Result<Option<Row>, StorageError> {
    let found = account::table.filter(account::id.eq(id.to_owned())).select(Row::as_select());
    Ok(found.first(connection).optional()?)
}

fn by_name(connection: &mut DbConnection, name: &str) -> Result<Option<Row>, StorageError> {
    let found = account::table.filter(account::name.eq(name.to_owned())).select(Row::as_select());
    Ok(found.first(connection).optional()?)
}

fn change(
    connection: &mut DbConnection,
    read: &Account,
    by: &By,
    now_ms: i64,
    alter: impl FnOnce(&mut Row),
) -> Result<Account, StorageError> {
    let object = object(&read.name);
    let before = row(connection, &read.id)?.filter(|row| row.version == read.version);
    let before = before.ok_or_else(|| StorageError::Changed(object.clone()))?;
    let mut after = before.clone();
    alter(&mut after);
    (after.version, after.changed_at_ms, after.changed_by) = (before.version + 1, now_ms, by.who.clone());
    let unchanged = account::id.eq(read.id.clone()).and(account::version.eq(read.version));
    if diesel::update(account::table.filter(unchanged)).set(after.clone()).execute(connection)? == 0 {
        return Err(StorageError::Changed(object));
    }
    let changes = Changes::between(Some(&fields(&before)), Some(&fields(&after)));
    audit::note(connection, by, now_ms, "change", &object, &changes)?;
    after.try_into()
}

fn object(name: &str) -> String {
    format!("account {name}")
}

/// Whether a text is an e-mail address: two parts, and nothing that a mail's header could take for its own.
pub(crate) fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    let plain = text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | ',' | ';'));
    plain
        && text.chars().count() <= 254
        && parts.is_some_and(|(a, b)| !a.is_empty() && !b.is_empty() && !b.contains('@'))
}

fn fields(row: &Row) -> Vec<Field> {
    vec![
        Field::open("name", row.name.clone()),
        Field::open("email", row.email.clone()),
        Field::secret("password", Some(&row.password)),
        Field::open("role", row.role.clone()),
    ]
}

impl TryFrom<Row> for Account {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let role =
            Role::of(&row.role).ok_or_else(|| StorageError::invalid(object(&row.name), "role cannot be read"))?;
        let Row { id, name, email, failures, locked_until_ms, created_at_ms, version, .. } = row;
        Ok(Self { id, name, email, role, failures, locked_until_ms, created_at_ms, version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_two_parts_and_nothing_that_a_header_could_take_for_its_own() {
        for (text, is) in [("a@b", true), ("a.b@c.example", true), ("a", false), ("@b", false), ("a@b@c", false)] {
            assert_eq!(is_email(text), is, "{text}");
        }
        for text in ["a@b\r\nBcc: x@y", "a <a@b>", "a@b,c@d"] {
            assert!(!is_email(text), "{text:?}");
        }
    }
}
