//! Users of the integrations: who they are, which phone is theirs, and whether they may come in. What they were given at
//! sign-in is `user_token`'s; a change that ends that ends it here, in its own transaction. A proof of a password takes tens
//! of milliseconds on purpose and is its caller's, between [`claim`] and [`judge`].

use std::collections::HashMap;

use actors::user::Integration;
use diesel::prelude::*;
use schemas::domain::{Ceid, Dn};
use secrecy::{ExposeSecret as _, SecretString};

use super::account::is_email;
use super::change::{By, Changes, Field, new_id};
use super::connection::DbConnection;
use super::error::StorageError;
use super::lockout::{Failures, Verdict};
use super::schema::integration_user;
use super::{audit, setting, user_token};
use crate::admission::is_secret;

/// Users of one database.
pub const MOST: i64 = 10_000;
/// Characters of a name.
pub const LONGEST_NAME: usize = 128;
/// Bytes of an e-mail address.
pub const LONGEST_EMAIL: usize = 254;
/// The setting that holds the last number that was given.
const LAST_NUMBER: &str = "last_user_number";

/// A user as it is kept.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = integration_user, treat_none_as_null = true)]
struct Row {
    id: String,
    number: i64,
    email: String,
    name: String,
    dn: Option<String>,
    ceid: Option<i64>,
    kind: String,
    password: Option<String>,
    disabled: bool,
    generation: i64,
    words: String,
    failures: i64,
    locked_until_ms: i64,
    created_at_ms: i64,
    version: i64,
    changed_at_ms: i64,
    changed_by: String,
}

/// What of a user can be changed, the password apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// 1 to [`LONGEST_NAME`] characters.
    pub name: String,
    /// The user's phone: 1 to 7 digits.
    pub dn: Option<String>,
    /// Its node, where it is known; only with a phone.
    pub ceid: Option<u16>,
    pub integration: Integration,
    /// Comes in no more.
    pub disabled: bool,
}

/// A new user.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Taken in lower case.
    pub email: String,
    pub profile: Profile,
    /// An argon2id hash; without one nobody comes in by it.
    pub password: Option<SecretString>,
}

/// A user without the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: String,
    /// The contract's userId.
    pub number: i32,
    pub email: String,
    pub profile: Profile,
    pub has_password: bool,
    /// Sessions and tokens of another one have ended.
    pub generation: i64,
    pub locked_until_ms: i64,
    pub created_at_ms: i64,
    pub changed_at_ms: i64,
    pub changed_by: String,
    /// To be said by whoever changes it.
    pub version: i64,
}

/// As the audit log names one.
#[must_use]
pub fn object(email: &str) -> String {
    format!("user {email}")
}

/// The e-mail address as it is kept and compared.
#[must_use]
pub fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}

impl Profile {
    /// What cannot be, as a sentence without its capital.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=LONGEST_NAME).contains(&self.name.chars().count()) || self.name.chars().any(char::is_control) {
            return Err(format!("the name must have 1 to {LONGEST_NAME} characters"));
        }
        if self.name.trim() != self.name {
            return Err("the name must not begin or end with a space".into());
        }
        if self.dn.as_ref().is_some_and(|dn| dn.parse::<Dn>().is_err()) {
            return Err("the phone must have 1 to 7 digits".into());
        }
        if self.ceid.is_some_and(|ceid| Ceid::new(ceid).is_err()) {
            return Err("the node must be 1 to 999".into());
        }
        if self.ceid.is_some() && self.dn.is_none() {
            return Err("a node needs a phone".into());
        }
        Ok(())
    }
}

/// Whether a user can have this e-mail address, in lower case.
///
/// # Errors
/// What is wrong, as a sentence without its capital.
pub fn check_email(email: &str) -> Result<(), String> {
    if is_email(email) { Ok(()) } else { Err("the e-mail address is none".into()) }
}

/// All of them, by e-mail address.
///
/// # Errors
/// See [`StorageError`].
pub fn all(connection: &mut DbConnection) -> Result<Vec<User>, StorageError> {
    let rows = integration_user::table.select(Row::as_select()).load(connection)?;
    let mut all = rows.into_iter().map(User::try_from).collect::<Result<Vec<_>, _>>()?;
    // Here and not there: each database has an order of letters of its own.
    all.sort_by(|a, b| a.email.cmp(&b.email));
    Ok(all)
}

/// Those whose e-mail address, name or phone has these words in it, by e-mail address: a part of them, and how many there
/// are in all.
///
/// # Errors
/// See [`StorageError`].
pub fn search(
    connection: &mut DbConnection,
    text: &str,
    skip: u32,
    count: u32,
) -> Result<(Vec<User>, i64), StorageError> {
    let pattern = pattern(text);
    let is = || integration_user::words.like(pattern.clone()).escape('\\');
    let found = integration_user::table.filter(is()).order((integration_user::email, integration_user::id));
    let rows = found.offset(skip.into()).limit(count.into()).select(Row::as_select()).load(connection)?;
    let users = rows.into_iter().map(User::try_from).collect::<Result<Vec<_>, _>>()?;
    Ok((users, integration_user::table.filter(is()).count().get_result(connection)?))
}

/// The same, the oldest first: so many after that of an id, which may be gone.
///
/// # Errors
/// See [`StorageError`].
pub fn after(connection: &mut DbConnection, text: &str, id: &str, count: u32) -> Result<Vec<User>, StorageError> {
    let is = integration_user::words.like(pattern(text)).escape('\\');
    let found = integration_user::table.filter(is.and(integration_user::id.gt(id.to_owned())));
    let rows = found.order(integration_user::id).limit(count.into()).select(Row::as_select()).load(connection)?;
    rows.into_iter().map(User::try_from).collect()
}

/// What LIKE finds words by that have this in them.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.trim().to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// The one of this id, if it is still there.
///
/// # Errors
/// See [`StorageError`].
pub fn by_id(connection: &mut DbConnection, id: &str) -> Result<Option<User>, StorageError> {
    row(connection, id)?.map(User::try_from).transpose()
}

/// The generations of those who may be in, by number.
///
/// # Errors
/// See [`StorageError`].
pub fn generations(connection: &mut DbConnection) -> Result<HashMap<i32, i64>, StorageError> {
    let enabled = integration_user::table.filter(integration_user::disabled.eq(false));
    let rows: Vec<(i64, i64)> =
        enabled.select((integration_user::number, integration_user::generation)).load(connection)?;
    let number = |(number, generation)| Some((i32::try_from(number).ok()?, generation));
    Ok(rows.into_iter().filter_map(number).collect())
}

/// Adds one.
///
/// # Errors
/// [`StorageError::Exists`]; [`StorageError::Invalid`] when a field cannot be, or there are too many.
pub fn add(connection: &mut DbConnection, new: &NewUser, by: &By, now_ms: i64) -> Result<User, StorageError> {
    let email = folded(&new.email);
    check_email(&email).map_err(|fault| StorageError::invalid("user", fault))?;
    let object = object(&email);
    check(&object, &new.profile, new.password.as_ref())?;
    if integration_user::table.count().get_result::<i64>(connection)? >= MOST {
        return Err(StorageError::invalid(object, format!("there are {MOST} users already")));
    }
    let mut row = Row {
        id: new_id(now_ms),
        number: next_number(connection, by, now_ms)?,
        email,
        name: String::new(),
        dn: None,
        ceid: None,
        kind: String::new(),
        password: new.password.as_ref().map(|hash| hash.expose_secret().to_owned()),
        disabled: false,
        generation: 1,
        words: String::new(),
        failures: 0,
        locked_until_ms: 0,
        created_at_ms: now_ms,
        version: 1,
        changed_at_ms: now_ms,
        changed_by: by.who.clone(),
    };
    row.take(&new.profile);
    let added = diesel::insert_into(integration_user::table).values(&row).execute(connection);
    added.map_err(StorageError::of(object.clone()))?;
    audit::note(connection, by, now_ms, "add", &object, &Changes::between(None, Some(&fields(&row))))?;
    row.try_into()
}

/// The next number: a removed user's is not given again, since others may still know it.
fn next_number(connection: &mut DbConnection, by: &By, now_ms: i64) -> Result<i64, StorageError> {
    let kept = setting::get(connection, LAST_NUMBER)?;
    let next = kept.as_ref().and_then(|kept| kept.value.as_i64()).unwrap_or(0) + 1;
    if next > i64::from(i32::MAX) {
        return Err(StorageError::invalid("user", "every number has been given"));
    }
    setting::set(connection, LAST_NUMBER, &next.into(), kept.map(|kept| kept.version), by, now_ms)?;
    Ok(next)
}

/// Makes it what `to` says, and gives it another password where there is a hash. What may not go on ends: tokens here,
/// sessions by the generation.
///
/// # Errors
/// [`StorageError::Changed`]; [`StorageError::Invalid`] when a field cannot be.
pub fn change(
    connection: &mut DbConnection,
    read: &User,
    to: &Profile,
    password: Option<&SecretString>,
    by: &By,
    now_ms: i64,
) -> Result<User, StorageError> {
    let object = object(&read.email);
    check(&object, to, password)?;
    let before = row(connection, &read.id)?.filter(|row| row.version == read.version);
    let before = before.ok_or_else(|| StorageError::Changed(object.clone()))?;
    let mut after = before.clone();
    after.take(to);
    if let Some(hash) = password {
        after.password = Some(hash.expose_secret().to_owned());
        (after.failures, after.locked_until_ms) = (0, 0);
    }
    let ends = |row: &Row| (row.kind.clone(), row.password.clone(), row.disabled);
    if ends(&before) != ends(&after) {
        after.generation += 1;
        user_token::forget_user(connection, &after.id)?;
    }
    (after.version, after.changed_at_ms, after.changed_by) = (before.version + 1, now_ms, by.who.clone());
    let unchanged = integration_user::id.eq(read.id.clone()).and(integration_user::version.eq(read.version));
    let changed = diesel::update(integration_user::table.filter(unchanged)).set(after.clone()).execute(connection)?;
    if changed == 0 {
        return Err(StorageError::Changed(object));
    }
    let changes = Changes::between(Some(&fields(&before)), Some(&fields(&after)));
    audit::note(connection, by, now_ms, "change", &object, &changes)?;
    after.try_into()
}

/// Removes it, with its tokens.
///
/// # Errors
/// [`StorageError::Changed`].
pub fn remove(connection: &mut DbConnection, read: &User, by: &By, now_ms: i64) -> Result<(), StorageError> {
    let row = row(connection, &read.id)?.filter(|row| row.version == read.version);
    let row = row.ok_or_else(|| StorageError::Changed(object(&read.email)))?;
    user_token::forget_user(connection, &row.id)?;
    diesel::delete(integration_user::table.filter(integration_user::id.eq(row.id.clone()))).execute(connection)?;
    let changes = Changes::between(Some(&fields(&row)), None);
    audit::note(connection, by, now_ms, "remove", &object(&row.email), &changes)
}

/// Somebody who says to be a user: what the password is to be proven against.
#[derive(Debug, Clone)]
pub struct Claim {
    id: String,
    email: String,
    /// None where no password can be right.
    pub hash: Option<SecretString>,
}

/// How a sign-in ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    Right(User),
    /// The password was right.
    Disabled,
    /// No such user, the password is wrong, or the user is locked for a while: nobody learns which.
    Wrong,
}

/// Who says to have this e-mail address.
///
/// # Errors
/// See [`StorageError`].
pub fn claim(connection: &mut DbConnection, email: &str) -> Result<Option<Claim>, StorageError> {
    let found = integration_user::table.filter(integration_user::email.eq(folded(email))).select(Row::as_select());
    let found: Option<Row> = found.first(connection).optional()?;
    Ok(found.map(|row| Claim { id: row.id, email: row.email, hash: row.password.map(SecretString::from) }))
}

/// Counts what became of a proof against the user as it is now. Each leaves a line in the audit log, whoever it was: what
/// takes its time tells, too.
///
/// # Errors
/// See [`StorageError`]; then nobody is signed in.
pub fn judge(
    connection: &mut DbConnection,
    claim: Option<&Claim>,
    right: bool,
    origin: &str,
    now_ms: i64,
) -> Result<SignIn, StorageError> {
    let found = claim.map(|claim| row(connection, &claim.id)).transpose()?.flatten();
    let (Some(claim), Some(now)) = (claim, found) else {
        // What was typed as an address may be a password.
        let by = By::new("nobody", origin);
        audit::note(connection, &by, now_ms, "sign-in refused", "no user", &Changes::default())?;
        return Ok(SignIn::Wrong);
    };
    let same = now.password.as_deref() == claim.hash.as_ref().map(|hash| hash.expose_secret());
    let (signed, action) = match now.failures().judge(right && same, now_ms) {
        Verdict::Right if now.disabled => (SignIn::Disabled, "sign-in refused"),
        Verdict::Right => {
            if now.failures > 0 {
                count(connection, &now.id, Failures::default())?;
            }
            (SignIn::Right(Row { failures: 0, locked_until_ms: 0, ..now }.try_into()?), "sign-in")
        }
        Verdict::Locked { .. } => (SignIn::Wrong, "sign-in refused"),
        Verdict::Wrong(failures) => {
            count(connection, &now.id, failures)?;
            (SignIn::Wrong, "sign-in refused")
        }
    };
    let by = By::new(&claim.email, origin);
    audit::note(connection, &by, now_ms, action, &object(&claim.email), &Changes::default())?;
    Ok(signed)
}

/// What is counted is no change that somebody else would have to read first: the version stays.
fn count(connection: &mut DbConnection, id: &str, failures: Failures) -> Result<(), StorageError> {
    let to =
        (integration_user::failures.eq(failures.count), integration_user::locked_until_ms.eq(failures.locked_until_ms));
    let of = integration_user::table.filter(integration_user::id.eq(id.to_owned()));
    diesel::update(of).set(to).execute(connection)?;
    Ok(())
}

fn row(connection: &mut DbConnection, id: &str) -> Result<Option<Row>, StorageError> {
    let found = integration_user::table.filter(integration_user::id.eq(id.to_owned())).select(Row::as_select());
    Ok(found.first(connection).optional()?)
}

fn check(object: &str, profile: &Profile, password: Option<&SecretString>) -> Result<(), StorageError> {
    profile.check().map_err(|fault| StorageError::invalid(object, fault))?;
    if password.is_some_and(|hash| !is_secret(hash)) {
        return Err(StorageError::invalid(object, "the password is not an argon2id hash"));
    }
    Ok(())
}

fn fields(row: &Row) -> Vec<Field> {
    vec![
        Field::open("number", row.number),
        Field::open("email", row.email.clone()),
        Field::open("name", row.name.clone()),
        Field::open("dn", row.dn.clone()),
        Field::open("node", row.ceid),
        Field::open("kind", row.kind.clone()),
        Field::open("disabled", row.disabled),
        Field::secret("password", row.password.as_deref()),
    ]
}

impl Row {
    fn failures(&self) -> Failures {
        Failures { count: self.failures, locked_until_ms: self.locked_until_ms }
    }

    fn take(&mut self, profile: &Profile) {
        let Profile { name, dn, ceid, integration, disabled } = profile.clone();
        self.words = format!("{} {name} {}", self.email, dn.as_deref().unwrap_or_default()).to_lowercase();
        (self.name, self.dn, self.ceid) = (name, dn, ceid.map(i64::from));
        (self.kind, self.disabled) = (integration.word().to_owned(), disabled);
    }
}

impl TryFrom<Row> for User {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let fault = |column: &str| StorageError::invalid(object(&row.email), format!("{column} cannot be read"));
        let number = i32::try_from(row.number).map_err(|_| fault("number"))?;
        let ceid = row.ceid.map(u16::try_from).transpose().map_err(|_| fault("ceid"))?;
        let integration = Integration::of(&row.kind).ok_or_else(|| fault("kind"))?;
        let Row { id, email, name, dn, password, disabled, generation, locked_until_ms, .. } = row;
        Ok(Self {
            id,
            number,
            email,
            profile: Profile { name, dn, ceid, integration, disabled },
            has_password: password.is_some(),
            generation,
            locked_until_ms,
            created_at_ms: row.created_at_ms,
            changed_at_ms: row.changed_at_ms,
            changed_by: row.changed_by,
            version: row.version,
        })
    }
}
