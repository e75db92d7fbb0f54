//! The table `certs_request`: what members ask for, and what became of it. A request is decided once.
//!
//! A certificate for names that the same member has on the list already is asked for anew: the entry and its password
//! stay, and no password is kept with the request.

use diesel::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};

use super::entry::{self, Certificate, Entry, Made};
use super::member::Member;
use super::{LONGEST_CONTACT, is_line, is_name, reason_of};
use crate::admission::is_secret;
use crate::storage::audit;
use crate::storage::change::{By, Changes, Field, new_id};
use crate::storage::connection::DbConnection;
use crate::storage::error::StorageError;
use crate::storage::schema::certs_request;

/// Requests of one member that may wait at a time.
pub const MOST_PENDING: usize = 20;
/// Of all members.
const MOST_PENDING_OF_ALL: i64 = 5000;
/// The most of an account that are shown.
const SHOWN: i64 = 500;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// To be on the list: Standard service.
    Registration,
    /// A certificate, and to be on the list: Advanced service.
    Certificate,
}

impl Kind {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Certificate => "certificate",
        }
    }
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Pending,
    Approved,
    Denied,
    /// By the member, or with the account.
    Withdrawn,
}

impl State {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Withdrawn => "withdrawn",
        }
    }
}

#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = certs_request, treat_none_as_null = true)]
struct Row {
    id: String,
    account: String,
    account_name: String,
    kind: String,
    company: String,
    application: String,
    names: String,
    contact: String,
    password: Option<String>,
    public_key: Option<String>,
    state: String,
    reason: Option<String>,
    decided_by: Option<String>,
    decided_at_ms: Option<i64>,
    created_at_ms: i64,
    version: i64,
    changed_at_ms: i64,
    changed_by: String,
}

/// A request as it is kept.
#[derive(Debug, Clone)]
pub struct Request {
    pub id: String,
    /// Whose it is; the account may be gone.
    pub account: String,
    pub account_name: String,
    pub kind: Kind,
    pub company: String,
    pub application: String,
    pub contact: String,
    /// An argon2id hash; `None` when the application keeps what it has.
    pub password: Option<SecretString>,
    /// PEM; of a certificate.
    pub public_key: Option<String>,
    pub state: State,
    /// Why it was denied.
    pub reason: Option<String>,
    pub decided_by: Option<String>,
    pub decided_at_ms: Option<i64>,
    pub created_at_ms: i64,
    /// To be said by whoever decides.
    pub version: i64,
}

impl Request {
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} / {}", self.company, self.application)
    }

    /// Whether the application was on the list already.
    #[must_use]
    pub fn is_anew(&self) -> bool {
        self.password.is_none()
    }

    fn object(&self) -> String {
        format!("request {}", self.label())
    }
}

/// The names in a request, and whom to ask about it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub company: String,
    pub application: String,
    pub contact: String,
}

/// Whether this member may ask for this now. Gives the member's entry of these names, if there is one: then a
/// certificate is asked for anew.
///
/// # Errors
/// [`StorageError::Invalid`] with what is wrong, as it can be shown.
pub fn may_ask(
    connection: &mut DbConnection,
    of: &Member,
    kind: Kind,
    asked: &Asked,
) -> Result<Option<Entry>, StorageError> {
    let object = "request";
    for (what, name) in [("The company's name", &asked.company), ("The application's name", &asked.application)] {
        is_name(name).map_err(|fault| StorageError::invalid(object, format!("{what} {fault}.")))?;
    }
    if !is_line(&asked.contact, LONGEST_CONTACT) {
        return Err(StorageError::invalid(object, "The contact must be one line of 1 to 200 characters."));
    }
    let found = entry::named(connection, &asked.company, &asked.application)?;
    if let Some(found) = &found {
        let fault = if found.account != of.account.id {
            Some("An application of these names is registered by another member.")
        } else if found.revoked {
            Some("This application is revoked. Use another application name.")
        } else if kind == Kind::Registration {
            Some("This application is registered already.")
        } else {
            None
        };
        if let Some(fault) = fault {
            return Err(StorageError::invalid(object, fault));
        }
    }
    let names = super::key(&asked.company, &asked.application);
    let waiting = certs_request::table.filter(certs_request::state.eq(State::Pending.word()));
    let same: i64 = waiting.filter(certs_request::names.eq(names)).count().get_result(connection)?;
    if same > 0 {
        return Err(StorageError::invalid(object, "A request for an application of these names waits already."));
    }
    let own: i64 = waiting.filter(certs_request::account.eq(of.account.id.clone())).count().get_result(connection)?;
    let all: i64 = waiting.count().get_result(connection)?;
    if own >= i64::try_from(MOST_PENDING).unwrap_or(i64::MAX) || all >= MOST_PENDING_OF_ALL {
        return Err(StorageError::invalid(object, "Too many requests wait already. Try again when some are decided."));
    }
    Ok(found)
}

/// Adds a request, for a certificate with the public key (PEM). The password's hash is kept only of an application that
/// is not registered yet.
///
/// # Errors
/// See [`may_ask`].
pub fn add(
    connection: &mut DbConnection,
    of: &Member,
    asked: &Asked,
    password: Option<&SecretString>,
    public_key: Option<&str>,
    by: &By,
    now_ms: i64,
) -> Result<Request, StorageError> {
    let kind = if public_key.is_some() { Kind::Certificate } else { Kind::Registration };
    let registered = may_ask(connection, of, kind, asked)?;
    let password = if registered.is_some() { None } else { password };
    if registered.is_none() && !password.is_some_and(is_secret) {
        return Err(StorageError::invalid("request", "A password is needed."));
    }
    // As it is on the list: who asks anew may have written it in another case.
    let (company, application) = registered
        .map_or_else(|| (asked.company.clone(), asked.application.clone()), |entry| (entry.company, entry.application));
    let row = Row {
        id: new_id(now_ms),
        account: of.account.id.clone(),
        account_name: of.account.name.clone(),
        kind: kind.word().to_owned(),
        names: super::key(&company, &application),
        company,
        application,
        contact: asked.contact.trim().to_owned(),
        password: password.map(|password| password.expose_secret().to_owned()),
        public_key: public_key.map(str::to_owned),
        state: State::Pending.word().to_owned(),
        reason: None,
        decided_by: None,
        decided_at_ms: None,
        created_at_ms: now_ms,
        version: 1,
        changed_at_ms: now_ms,
        changed_by: by.who.clone(),
    };
    diesel::insert_into(certs_request::table).values(&row).execute(connection)?;
    let request = Request::try_from(row.clone())?;
    let changes = Changes::between(None, Some(&fields(&row)));
    audit::note(connection, by, now_ms, "add", &request.object(), &changes)?;
    Ok(request)
}

/// The one of this id.
///
/// # Errors
/// See [`StorageError`].
pub fn find(connection: &mut DbConnection, id: &str) -> Result<Option<Request>, StorageError> {
    let found = certs_request::table.filter(certs_request::id.eq(id.to_owned())).select(Row::as_select());
    let row: Option<Row> = found.first(connection).optional()?;
    row.map(Request::try_from).transpose()
}

/// Those of an account, newest first.
///
/// # Errors
/// See [`StorageError`].
pub fn of_account(connection: &mut DbConnection, account: &str) -> Result<Vec<Request>, StorageError> {
    let found = certs_request::table.filter(certs_request::account.eq(account.to_owned()));
    let rows: Vec<Row> =
        found.order(certs_request::id.desc()).limit(SHOWN).select(Row::as_select()).load(connection)?;
    rows.into_iter().map(Request::try_from).collect()
}

/// All that wait, oldest first.
///
/// # Errors
/// See [`StorageError`].
pub fn pending(connection: &mut DbConnection) -> Result<Vec<Request>, StorageError> {
    let found = certs_request::table.filter(certs_request::state.eq(State::Pending.word()));
    let rows: Vec<Row> = found.order(certs_request::id.asc()).limit(SHOWN).select(Row::as_select()).load(connection)?;
    rows.into_iter().map(Request::try_from).collect()
}

/// Those that do not wait any more, newest first; with `before` those older than the one of that id.
///
/// # Errors
/// See [`StorageError`].
pub fn decided(connection: &mut DbConnection, before: Option<&str>, count: u32) -> Result<Vec<Request>, StorageError> {
    // Every id is below `g`: they are hexadecimal.
    let before = before.unwrap_or("g").to_owned();
    let older = certs_request::state.ne(State::Pending.word()).and(certs_request::id.lt(before));
    let found = certs_request::table.filter(older).order(certs_request::id.desc()).limit(count.into());
    let rows: Vec<Row> = found.select(Row::as_select()).load(connection)?;
    rows.into_iter().map(Request::try_from).collect()
}

/// Puts it on the list, with the certificate that was made for it.
///
/// # Errors
/// [`StorageError::Changed`] when it was decided meanwhile; [`StorageError::Exists`] when another is registered by these
/// names; [`StorageError::Invalid`] when the entry was revoked.
pub fn approve(
    connection: &mut DbConnection,
    read: &Request,
    made: Option<&Made>,
    by: &By,
    now_ms: i64,
) -> Result<(Request, Entry, Option<Certificate>), StorageError> {
    let after = decide(connection, read, State::Approved, None, by, now_ms)?;
    let there = entry::named(connection, &read.company, &read.application)?;
    let entry = match there {
        Some(there) if there.account != read.account || !read.is_anew() => {
            return Err(StorageError::Exists(format!("registration {}", read.label())));
        }
        Some(there) if there.revoked => {
            return Err(StorageError::invalid(
                read.object(),
                "the application was revoked meanwhile; deny the request",
            ));
        }
        Some(there) => entry::raise(connection, &there, by, now_ms)?,
        None => entry::add(connection, read, made.is_some(), by, now_ms)?,
    };
    let certificate = match (read.kind, made) {
        (Kind::Registration, _) => None,
        (Kind::Certificate, Some(made)) => Some(entry::keep(connection, &entry, &read.id, made, by, now_ms)?),
        (Kind::Certificate, None) => return Err(StorageError::invalid(read.object(), "no certificate was made")),
    };
    Ok((after, entry, certificate))
}

/// Denies it.
///
/// # Errors
/// [`StorageError::Changed`] when it was decided meanwhile; [`StorageError::Invalid`] without a reason.
pub fn deny(
    connection: &mut DbConnection,
    read: &Request,
    reason: &str,
    by: &By,
    now_ms: i64,
) -> Result<Request, StorageError> {
    let reason = reason_of(&read.object(), reason)?;
    decide(connection, read, State::Denied, Some(reason), by, now_ms)
}

/// Takes it back.
///
/// # Errors
/// [`StorageError::Changed`] when it was decided meanwhile.
pub fn withdraw(connection: &mut DbConnection, read: &Request, by: &By, now_ms: i64) -> Result<Request, StorageError> {
    decide(connection, read, State::Withdrawn, None, by, now_ms)
}

fn decide(
    connection: &mut DbConnection,
    read: &Request,
    state: State,
    reason: Option<String>,
    by: &By,
    now_ms: i64,
) -> Result<Request, StorageError> {
    let changed = || StorageError::Changed(read.object());
    let found = certs_request::table.filter(certs_request::id.eq(read.id.clone())).select(Row::as_select());
    let before: Option<Row> = found.first(connection).optional()?;
    let undecided = |row: &Row| row.version == read.version && row.state == State::Pending.word();
    let before = before.filter(undecided).ok_or_else(changed)?;
    let mut after = before.clone();
    state.word().clone_into(&mut after.state);
    (after.reason, after.decided_by, after.decided_at_ms) = (reason, Some(by.who.clone()), Some(now_ms));
    (after.version, after.changed_at_ms, after.changed_by) = (before.version + 1, now_ms, by.who.clone());
    let unchanged = certs_request::id.eq(read.id.clone()).and(certs_request::version.eq(read.version));
    if diesel::update(certs_request::table.filter(unchanged)).set(after.clone()).execute(connection)? == 0 {
        return Err(changed());
    }
    let action = match state {
        State::Approved => "approve",
        State::Denied => "deny",
        State::Withdrawn | State::Pending => "withdraw",
    };
    let changes = Changes::between(Some(&fields(&before)), Some(&fields(&after)));
    audit::note(connection, by, now_ms, action, &read.object(), &changes)?;
    after.try_into()
}

fn fields(row: &Row) -> Vec<Field> {
    vec![
        Field::open("owner", row.account_name.clone()),
        Field::open("kind", row.kind.clone()),
        Field::open("company", row.company.clone()),
        Field::open("application", row.application.clone()),
        Field::open("contact", row.contact.clone()),
        Field::secret("password", row.password.as_deref()),
        Field::open("public_key", row.public_key.clone()),
        Field::open("state", row.state.clone()),
        Field::open("reason", row.reason.clone()),
    ]
}

impl TryFrom<Row> for Request {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let fault = |column: &str| StorageError::invalid("request", format!("{column} cannot be read"));
        let kinds = [Kind::Registration, Kind::Certificate];
        let kind = kinds.into_iter().find(|kind| kind.word() == row.kind).ok_or_else(|| fault("kind"))?;
        let states = [State::Pending, State::Approved, State::Denied, State::Withdrawn];
        let state = states.into_iter().find(|state| state.word() == row.state).ok_or_else(|| fault("state"))?;
        Ok(Self {
            id: row.id,
            account: row.account,
            account_name: row.account_name,
            kind,
            company: row.company,
            application: row.application,
            contact: row.contact,
            password: row.password.map(SecretString::from),
            public_key: row.public_key,
            state,
            reason: row.reason,
            decided_by: row.decided_by,
            decided_at_ms: row.decided_at_ms,
            created_at_ms: row.created_at_ms,
            version: row.version,
        })
    }
}
