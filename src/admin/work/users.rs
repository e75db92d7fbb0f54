//! Users of the integrations, one at a time and as files. What changes is valid when a function returns, and the sessions
//! of who may not go on have ended. Passwords are taken, and neither they nor their hashes are given.

use std::collections::HashMap;

use actors::user::Integration;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Seen, maybe_whole};
use crate::admin::Running;
use crate::storage::change::now_ms;
use crate::storage::user::{self, Profile};
use crate::storage::{By, Storage};
use crate::users::csv;
use crate::users::import::{Counts, Line, Outcome, Plan};
use crate::users::work::{self, Done, Read, WorkFault};
use crate::web::WebFault;

/// Characters of what is searched.
const LONGEST_SEARCH: usize = 100;

/// Somebody who uses an integration, a softphone in a browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = IntegrationUser)]
pub struct User {
    #[schema(pattern = "^[0-9a-f]{29}$")]
    pub id: String,
    /// The `userId` of the contract; never given again.
    pub number: i32,
    pub email: String,
    pub profile: UserProfile,
    /// Without one nobody signs in.
    pub has_password: bool,
    /// Until then nobody can sign in, after too many wrong passwords.
    pub locked_until_ms: Option<i64>,
    /// That are there now.
    pub sessions: usize,
    pub created_at_ms: i64,
    /// Grows with each change; the number in its `ETag`.
    pub version: i64,
    pub changed_at_ms: i64,
    pub changed_by: String,
}

/// What of a user can be changed, the password apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "name": "Mary Major", "kind": "google", "dn": "1000", "node": 1, "disabled": false })))]
pub struct UserProfile {
    /// Without a space before or behind.
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000-\u001f\u007f-\u009f]+$", example = "Mary Major")]
    pub name: String,
    pub kind: UserKind,
    /// The user's phone.
    #[schema(pattern = "^[0-9]{1,7}$", example = "1000")]
    pub dn: Option<String>,
    /// The phone's node, where it is known; only with a phone.
    #[serde(default, deserialize_with = "maybe_whole")]
    #[schema(minimum = 1, maximum = 999, example = 1)]
    pub node: Option<u16>,
    /// Signs in no more.
    #[serde(default)]
    pub disabled: bool,
}

/// The integration that a user has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UserKind {
    Salesforce,
    Google,
}

/// A user that is to be.
// No `Debug`: a password is in it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewIntegrationUser)]
#[schema(examples(json!({
    "email": "mary@example.com",
    "profile": { "name": "Mary Major", "kind": "google", "dn": "1000", "node": 1 },
    "password": "eight or more",
})))]
pub struct NewUser {
    /// Kept in lower case.
    #[schema(
        max_length = 254,
        pattern = r"^[^\s\u0000-\u001f\u007f-\u009f<>,;@]+@[^\s\u0000-\u001f\u007f-\u009f<>,;@]+$",
        example = "mary@example.com"
    )]
    pub email: String,
    pub profile: UserProfile,
    /// Without one nobody signs in.
    #[schema(value_type = Option<String>, format = Password, min_length = 8, max_length = 128)]
    pub password: Option<SecretString>,
}

/// A user that was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangedUser {
    pub user: User,
    /// By it: of another kind, with another password, or disabled.
    pub sessions_ended: usize,
}

/// What a file of users does, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsersImport {
    /// Whether it was done.
    pub done: bool,
    /// Rows that add a user.
    pub added: usize,
    /// Rows that change one.
    pub changed: usize,
    /// Rows that say what is there.
    pub same: usize,
    /// Rows that cannot be: with one of them nothing is done.
    pub refused: usize,
    /// All rows but those that say what is there.
    pub rows: Vec<ImportRow>,
    pub sessions_ended: usize,
}

/// A row of a file of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportRow {
    /// Of the file; the first is 1.
    pub line: u64,
    pub email: String,
    pub outcome: ImportOutcome,
    /// The columns that differ from what is there.
    pub columns: Vec<String>,
    /// Why it cannot be, as a sentence.
    pub fault: Option<String>,
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImportOutcome {
    Added,
    Changed,
    Same,
    Refused,
}

impl From<Integration> for UserKind {
    fn from(integration: Integration) -> Self {
        match integration {
            Integration::Salesforce => Self::Salesforce,
            Integration::Google => Self::Google,
        }
    }
}

impl From<UserKind> for Integration {
    fn from(kind: UserKind) -> Self {
        match kind {
            UserKind::Salesforce => Self::Salesforce,
            UserKind::Google => Self::Google,
        }
    }
}

impl From<UserProfile> for Profile {
    fn from(profile: UserProfile) -> Self {
        let UserProfile { name, kind, dn, node, disabled } = profile;
        Self { name, dn, ceid: node, integration: kind.into(), disabled }
    }
}

impl From<Profile> for UserProfile {
    fn from(profile: Profile) -> Self {
        let Profile { name, dn, ceid, integration, disabled } = profile;
        Self { name, kind: integration.into(), dn, node: ceid, disabled }
    }
}

impl User {
    pub(crate) fn of(user: user::User, sessions: usize, now_ms: i64) -> Self {
        let user::User { id, number, email, profile, has_password, locked_until_ms, created_at_ms, .. } = user;
        Self {
            id,
            number,
            email,
            profile: profile.into(),
            has_password,
            locked_until_ms: Some(locked_until_ms).filter(|until_ms| *until_ms > now_ms),
            sessions,
            created_at_ms,
            version: user.version,
            changed_at_ms: user.changed_at_ms,
            changed_by: user.changed_by,
        }
    }
}

impl UsersImport {
    /// What is to come of a plan.
    pub(crate) fn of(plan: &Plan) -> Self {
        let Counts { added, changed, same, refused } = plan.counts();
        let rows = plan.lines().iter().filter(|line| line.outcome != Outcome::Same).map(ImportRow::from).collect();
        Self { done: false, added, changed, same, refused, rows, sessions_ended: 0 }
    }
}

impl From<&Line> for ImportRow {
    fn from(Line { line, email, outcome }: &Line) -> Self {
        let (outcome, columns, fault) = match outcome {
            Outcome::Add => (ImportOutcome::Added, Vec::new(), None),
            Outcome::Change(names) => {
                (ImportOutcome::Changed, names.iter().map(|name| (*name).to_owned()).collect(), None)
            }
            Outcome::Same => (ImportOutcome::Same, Vec::new(), None),
            Outcome::Refused(fault) => (ImportOutcome::Refused, Vec::new(), Some(fault.clone())),
        };
        Self { line: *line, email: email.clone(), outcome, columns, fault }
    }
}

impl From<WorkFault> for WebFault {
    fn from(fault: WorkFault) -> Self {
        match fault {
            WorkFault::Storage(error) => error.into(),
            WorkFault::Busy(_) | WorkFault::NoUsers => Self::Busy,
            WorkFault::Password | WorkFault::NothingToDo => Self::Refused(fault.to_string()),
        }
    }
}

/// Words that are searched for, as they can be.
pub(in crate::admin) fn words(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(LONGEST_SEARCH).collect()
}

/// Sessions that are there, by the number of their user.
fn sessions(running: &Running) -> HashMap<i32, usize> {
    let mut sessions = HashMap::new();
    for user in running.gateway.tree.sessions.all().into_iter().filter_map(|session| session.user) {
        *sessions.entry(user.id).or_default() += 1;
    }
    sessions
}

/// The first so many behind that of an id whose e-mail address, name or phone has these words in it, the oldest first; and
/// whether there are more.
pub(in crate::admin) async fn some(
    running: &Running,
    search: &str,
    after: &str,
    most: usize,
) -> Result<(Vec<User>, bool), WebFault> {
    let (search, after, count) = (words(search), after.to_owned(), u32::try_from(most + 1).unwrap_or(u32::MAX));
    let mut found = running.storage.with(move |c| user::after(c, &search, &after, count)).await?;
    let more = found.len() > most;
    found.truncate(most);
    let (sessions, now_ms) = (sessions(running), now_ms());
    let of = |user: user::User| {
        let there = sessions.get(&user.number).copied().unwrap_or(0);
        User::of(user, there, now_ms)
    };
    Ok((found.into_iter().map(of).collect(), more))
}

fn shown(running: &Running, user: user::User) -> User {
    let there = sessions(running).get(&user.number).copied().unwrap_or(0);
    User::of(user, there, now_ms())
}

async fn kept(running: &Running, id: &str) -> Result<user::User, WebFault> {
    let id = id.to_owned();
    running.storage.with(move |c| user::by_id(c, &id)).await?.ok_or(WebFault::NotFound)
}

/// The one of this id, as it is kept; and its sessions.
pub(in crate::admin) async fn one(running: &Running, id: &str) -> Result<(user::User, usize), WebFault> {
    let kept = kept(running, id).await?;
    let there = sessions(running).get(&kept.number).copied().unwrap_or(0);
    Ok((kept, there))
}

/// What is to be changed, in the version that was seen.
async fn read(running: &Running, id: &str, version: Seen) -> Result<Read, WebFault> {
    let version = match version {
        Some(version) => version,
        None => kept(running, id).await?.version,
    };
    Ok(Read { id: id.to_owned(), version })
}

fn changed(running: &Running, Done { what, ended }: Done<user::User>) -> ChangedUser {
    ChangedUser { user: shown(running, what), sessions_ended: ended }
}

/// Adds one.
pub(in crate::admin) async fn add(
    running: &Running,
    email: String,
    profile: Profile,
    password: Option<SecretString>,
    by: &By,
) -> Result<User, WebFault> {
    let added = work::add(&running.gateway, email, profile, password, by.clone()).await?;
    Ok(shown(running, added))
}

/// Makes a profile another one.
pub(in crate::admin) async fn change(
    running: &Running,
    id: &str,
    version: Seen,
    to: Profile,
    by: &By,
) -> Result<ChangedUser, WebFault> {
    let read = read(running, id, version).await?;
    Ok(changed(running, work::change(&running.gateway, read, to, by.clone()).await?))
}

/// Gives one another password.
pub(in crate::admin) async fn give_password(
    running: &Running,
    id: &str,
    version: Seen,
    password: SecretString,
    by: &By,
) -> Result<ChangedUser, WebFault> {
    let read = read(running, id, version).await?;
    Ok(changed(running, work::give_password(&running.gateway, read, password, by.clone()).await?))
}

/// Removes one; gives what it was.
pub(in crate::admin) async fn remove(
    running: &Running,
    id: &str,
    version: Seen,
    by: &By,
) -> Result<ChangedUser, WebFault> {
    let read = read(running, id, version).await?;
    Ok(changed(running, work::remove(&running.gateway, read, by.clone()).await?))
}

/// What a file would do.
pub(in crate::admin) async fn plan(storage: &Storage, file: Vec<u8>) -> Result<Plan, WebFault> {
    let known = storage.with(user::all).await?;
    // Reading half a MiB is no work for a thread that serves.
    let planned = tokio::task::spawn_blocking(move || csv::read(&file).map(|rows| Plan::of(rows, &known)));
    planned.await.map_err(|_| WebFault::Busy)?.map_err(|fault| WebFault::Refused(fault.to_string()))
}

/// Does what was planned, all of it or nothing; where there is nothing to do, that is it.
///
/// # Errors
/// [`WebFault::Refused`] when a row is refused, [`WebFault::Changed`] when the database is not as it was then.
pub(in crate::admin) async fn import(running: &Running, plan: Plan, by: &By) -> Result<UsersImport, WebFault> {
    let import = UsersImport::of(&plan);
    if import.refused == 0 && !plan.can_be_done() {
        return Ok(UsersImport { done: true, ..import });
    }
    let done = work::import(&running.gateway, plan, by.clone()).await?;
    Ok(UsersImport { done: true, sessions_ended: done.ended, ..import })
}

/// All of them as a file; the audit log says who has taken it.
pub(in crate::admin) async fn export(storage: &Storage, by: &By) -> Result<Vec<u8>, WebFault> {
    let by = by.clone();
    let users = storage.write(move |c| work::export(c, &by, now_ms())).await?;
    csv::write(&users).map_err(|_| WebFault::Page)
}
