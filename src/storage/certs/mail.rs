//! The table `certs_mail`: mail that is to be sent, written in the transaction of what it tells of. `crate::certs::post`
//! sends it; a mail server that is down loses nothing.

use diesel::prelude::*;

use crate::storage::audit;
use crate::storage::change::{By, Changes, new_id};
use crate::storage::connection::DbConnection;
use crate::storage::error::StorageError;
use crate::storage::schema::certs_mail;

/// Between two tries, doubling with each.
pub const AGAIN_MS: i64 = 2_000;
pub const LONGEST_AGAIN_MS: i64 = 15 * 60_000;
/// Then it is given up, and an administrator may send it again.
pub const GIVEN_UP_MS: i64 = 3 * 24 * 3_600_000;
/// Who took a mail to send it has it for so long.
const LEASE_MS: i64 = 60_000;
/// Longest text of a mail server that is kept.
const FAULT: usize = 300;

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub body: String,
    /// A file's name and what is in it.
    pub attachment: Option<(String, String)>,
}

/// How a mail fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Waiting,
    Sent,
    GivenUp,
}

impl Fate {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::GivenUp => "given-up",
        }
    }
}

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = certs_mail)]
struct Row {
    id: String,
    recipient: String,
    subject: String,
    body: String,
    attachment_name: Option<String>,
    attachment: Option<String>,
    state: String,
    attempts: i64,
    next_at_ms: i64,
    fault: Option<String>,
    created_at_ms: i64,
    ended_at_ms: Option<i64>,
}

/// A mail as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub id: String,
    pub letter: Letter,
    pub fate: Fate,
    pub attempts: i64,
    pub next_at_ms: i64,
    /// Of the last try.
    pub fault: Option<String>,
    pub created_at_ms: i64,
    /// When it was sent or given up.
    pub ended_at_ms: Option<i64>,
}

/// Adds one.
///
/// # Errors
/// See [`StorageError`].
pub fn add(connection: &mut DbConnection, letter: &Letter, now_ms: i64) -> Result<(), StorageError> {
    let row = Row {
        id: new_id(now_ms),
        recipient: letter.to.clone(),
        subject: letter.subject.clone(),
        body: letter.body.clone(),
        attachment_name: letter.attachment.as_ref().map(|(name, _)| name.clone()),
        attachment: letter.attachment.as_ref().map(|(_, text)| text.clone()),
        state: Fate::Waiting.word().to_owned(),
        attempts: 0,
        next_at_ms: now_ms,
        fault: None,
        created_at_ms: now_ms,
        ended_at_ms: None,
    };
    diesel::insert_into(certs_mail::table).values(&row).execute(connection)?;
    Ok(())
}

/// Whether there is one whose time has come.
///
/// # Errors
/// See [`StorageError`].
pub fn is_due(connection: &mut DbConnection, now_ms: i64) -> Result<bool, StorageError> {
    let due = certs_mail::state.eq(Fate::Waiting.word()).and(certs_mail::next_at_ms.le(now_ms));
    let count: i64 = certs_mail::table.filter(due).count().get_result(connection)?;
    Ok(count > 0)
}

/// Takes the oldest whose time has come: nobody else gets it for a minute. Counts a try.
///
/// # Errors
/// See [`StorageError`].
pub fn take(connection: &mut DbConnection, now_ms: i64) -> Result<Option<Mail>, StorageError> {
    let due = certs_mail::state.eq(Fate::Waiting.word()).and(certs_mail::next_at_ms.le(now_ms));
    let found = certs_mail::table.filter(due).order(certs_mail::id.asc()).select(Row::as_select());
    let Some(mut row) = found.first::<Row>(connection).optional()? else { return Ok(None) };
    row.attempts += 1;
    let to = (certs_mail::next_at_ms.eq(now_ms + LEASE_MS), certs_mail::attempts.eq(row.attempts));
    diesel::update(certs_mail::table.filter(certs_mail::id.eq(row.id.clone()))).set(to).execute(connection)?;
    Mail::try_from(row).map(Some)
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    Sent,
    /// It may go well another time.
    Failed(String),
    /// It never will.
    Refused(String),
}

/// Keeps how a try ended.
///
/// # Errors
/// See [`StorageError`].
pub fn tried(connection: &mut DbConnection, mail: &Mail, how: &Tried, now_ms: i64) -> Result<(), StorageError> {
    let cut = |fault: &String| fault.chars().filter(|c| !c.is_control()).take(FAULT).collect::<String>();
    let (fate, fault) = match how {
        Tried::Sent => (Fate::Sent, None),
        Tried::Refused(fault) => (Fate::GivenUp, Some(cut(fault))),
        Tried::Failed(fault) if now_ms - mail.created_at_ms >= GIVEN_UP_MS => (Fate::GivenUp, Some(cut(fault))),
        Tried::Failed(fault) => (Fate::Waiting, Some(cut(fault))),
    };
    let to = (
        certs_mail::state.eq(fate.word()),
        certs_mail::fault.eq(fault),
        certs_mail::next_at_ms.eq(now_ms + again_ms(mail.attempts)),
        certs_mail::ended_at_ms.eq((fate != Fate::Waiting).then_some(now_ms)),
    );
    diesel::update(certs_mail::table.filter(certs_mail::id.eq(mail.id.clone()))).set(to).execute(connection)?;
    Ok(())
}

fn again_ms(attempts: i64) -> i64 {
    (AGAIN_MS << (attempts - 1).clamp(0, 16)).min(LONGEST_AGAIN_MS)
}

/// Lets one that was not sent be tried at once, as if it were new.
///
/// # Errors
/// [`StorageError::Missing`] when there is none of this id that was not sent.
pub fn again(connection: &mut DbConnection, id: &str, by: &By, now_ms: i64) -> Result<(), StorageError> {
    let own = certs_mail::id.eq(id.to_owned()).and(certs_mail::state.ne(Fate::Sent.word()));
    let none: Option<i64> = None;
    let to = (
        certs_mail::state.eq(Fate::Waiting.word()),
        certs_mail::attempts.eq(0_i64),
        certs_mail::next_at_ms.eq(now_ms),
        certs_mail::created_at_ms.eq(now_ms),
        certs_mail::ended_at_ms.eq(none),
    );
    match diesel::update(certs_mail::table.filter(own)).set(to).execute(connection)? {
        0 => Err(StorageError::Missing("the mail".into())),
        _ => audit::note(connection, by, now_ms, "send again", &format!("mail {id}"), &Changes::default()),
    }
}

/// Those that are not sent, oldest first, and of those that are the newest, newest first; as many as asked for of each.
///
/// # Errors
/// See [`StorageError`].
pub fn looked_at(connection: &mut DbConnection, count: u32) -> Result<(Vec<Mail>, Vec<Mail>), StorageError> {
    let unsent = certs_mail::table.filter(certs_mail::state.ne(Fate::Sent.word()));
    let unsent: Vec<Row> =
        unsent.order(certs_mail::id.asc()).limit(count.into()).select(Row::as_select()).load(connection)?;
    let sent = certs_mail::table.filter(certs_mail::state.eq(Fate::Sent.word()));
    let sent: Vec<Row> =
        sent.order(certs_mail::id.desc()).limit(count.into()).select(Row::as_select()).load(connection)?;
    let all = |rows: Vec<Row>| rows.into_iter().map(Mail::try_from).collect::<Result<Vec<_>, _>>();
    Ok((all(unsent)?, all(sent)?))
}

/// How many were tried and are not sent.
///
/// # Errors
/// See [`StorageError`].
pub fn stuck(connection: &mut DbConnection) -> Result<i64, StorageError> {
    let stuck = certs_mail::state.ne(Fate::Sent.word()).and(certs_mail::fault.is_not_null());
    Ok(certs_mail::table.filter(stuck).count().get_result(connection)?)
}

impl TryFrom<Row> for Mail {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let fates = [Fate::Waiting, Fate::Sent, Fate::GivenUp];
        let fate = fates.into_iter().find(|fate| fate.word() == row.state);
        let fate = fate.ok_or_else(|| StorageError::invalid("mail", "state cannot be read"))?;
        let Row { id, recipient: to, subject, body, attempts, next_at_ms, fault, created_at_ms, ended_at_ms, .. } = row;
        let letter = Letter { to, subject, body, attachment: row.attachment_name.zip(row.attachment) };
        Ok(Self { id, letter, fate, attempts, next_at_ms, fault, created_at_ms, ended_at_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_tried_again_soon_and_then_more_seldom() {
        for (attempts, ms) in [(1, 2_000), (2, 4_000), (3, 8_000), (10, 900_000), (99, 900_000)] {
            assert_eq!(again_ms(attempts), ms, "after {attempts}");
        }
    }
}
