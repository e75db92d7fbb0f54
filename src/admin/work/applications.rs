//! The site's applications: added, given local passwords, revoked, removed. What changes is valid when a function
//! returns, and sessions that may not go on have ended.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Seen, whole};
use crate::acl::Entry;
use crate::admin::{Admin, Running};
use crate::settings::{ApplicationLimits, ServiceLevel};
use crate::storage::By;
use crate::storage::application::{self, Kept};
use crate::storage::change::now_ms;
use crate::web::{WebFault, hashed};

/// Characters of a local password.
const LOCAL_PASSWORD: std::ops::RangeInclusive<usize> = 8..=128;
const APPLICATION_PASSWORD: std::ops::RangeInclusive<usize> = 1..=128;
const HOUR_MS: i64 = 3_600_000;
/// Longest time in which an old local password is right beside the new one.
pub const LONGEST_OVERLAP_HOURS: u16 = 30 * 24;
/// Characters of a name.
const LONGEST_NAME: usize = 128;

/// An application, and what the certificate server says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Application {
    #[schema(pattern = "^[0-9a-f]{29}$")]
    pub id: String,
    pub company: String,
    pub name: String,
    /// The most that it may ask for.
    pub service: ServiceLevel,
    /// Revoked at this gateway.
    pub revoked: bool,
    pub state: ApplicationState,
    /// Until then, in ms since 1970, the local password of before is accepted, too.
    pub old_password_until_ms: Option<i64>,
    /// What it may use; what is empty is as usual.
    pub limits: ApplicationLimits,
    /// Grows with each change; the number in its `ETag`.
    pub version: i64,
    pub changed_at_ms: i64,
    pub changed_by: String,
}

/// Whether an application may log in, or why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationState {
    MayEnter,
    /// At this gateway.
    Revoked,
    /// It is not on the access control list.
    NotListed,
    RevokedByServer,
}

impl ApplicationState {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::MayEnter => "may enter",
            Self::Revoked => "revoked here",
            Self::NotListed => "not on the access control list",
            Self::RevokedByServer => "revoked by the certificate server",
        }
    }
}

impl Application {
    /// As it is now under these entries of the access control list, where there is one.
    pub(crate) fn of(kept: Kept, entries: Option<&[Entry]>, now_ms: i64) -> Self {
        let Kept { id, registered, version, changed_at_ms, changed_by } = kept;
        let own = registered.application;
        let is = |entry: &&Entry| entry.company == own.company && entry.application == own.name;
        let state = match entries.map(|entries| entries.iter().find(is)) {
            _ if own.revoked => ApplicationState::Revoked,
            Some(None) => ApplicationState::NotListed,
            Some(Some(entry)) if entry.revoked => ApplicationState::RevokedByServer,
            _ => ApplicationState::MayEnter,
        };
        let until_ms = registered.next_local.map(|next| next.overlap_until_ms);
        Self {
            id,
            company: own.company,
            name: own.name,
            service: own.service,
            revoked: own.revoked,
            state,
            old_password_until_ms: until_ms.filter(|until_ms| *until_ms > now_ms),
            limits: own.limits,
            version,
            changed_at_ms,
            changed_by,
        }
    }

    pub fn label(&self) -> String {
        format!("{} / {}", self.company, self.name)
    }

    pub fn is_advanced(&self) -> bool {
        self.service == ServiceLevel::Advanced
    }

    pub fn may_enter(&self) -> bool {
        self.state == ApplicationState::MayEnter
    }
}

/// An application that is to enter.
// No `Debug`: passwords are in it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "company": "Example Co",
    "name": "Wallboard",
    "service": "standard",
    "local_password": "eight or more",
    "application_password": "as its maker says",
})))]
pub struct NewApplication {
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000-\u001f\u007f-\u009f]+$")]
    pub company: String,
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000-\u001f\u007f-\u009f]+$")]
    pub name: String,
    /// Advanced needs issuers whose certificates are believed.
    pub service: ServiceLevel,
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    pub local_password: SecretString,
    /// Where there is no access control list, which has it otherwise.
    #[schema(value_type = Option<String>, format = Password, min_length = 1, max_length = 128)]
    pub application_password: Option<SecretString>,
}

/// Another local password.
// No `Debug`: it is in it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "local_password": "eight or more", "overlap_hours": 24 })))]
pub struct NewLocalPassword {
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    pub local_password: SecretString,
    /// For so many hours the old one is accepted, too.
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 0, maximum = 720)]
    pub overlap_hours: u16,
}

/// The entries of the access control list, where there is one.
pub(in crate::admin) fn entries(running: &Running) -> Option<Vec<Entry>> {
    let list = running.applications.list()?;
    Some(list.document().map(|document| document.entries.clone()).unwrap_or_default())
}

/// All of them, by company and name.
pub(in crate::admin) async fn all(admin: &Admin) -> Result<Vec<Application>, WebFault> {
    let running = admin.running()?;
    let (kept, entries, now_ms) = (running.storage.with(application::all).await?, entries(running), now_ms());
    Ok(kept.into_iter().map(|kept| Application::of(kept, entries.as_deref(), now_ms)).collect())
}

/// The one of this id.
pub(in crate::admin) async fn one(admin: &Admin, id: &str) -> Result<Application, WebFault> {
    all(admin).await?.into_iter().find(|application| application.id == id).ok_or(WebFault::NotFound)
}

async fn seen(running: &Running, id: &str, seen: Seen) -> Result<Kept, WebFault> {
    let all = running.storage.with(application::all).await?;
    let kept = all.into_iter().find(|kept| kept.id == id).ok_or(WebFault::NotFound)?;
    Ok(Kept { version: seen.unwrap_or(kept.version), ..kept })
}

/// Lets one enter.
pub(in crate::admin) async fn add(admin: &Admin, new: NewApplication, by: &By) -> Result<Application, WebFault> {
    let (site, running) = (&admin.site, admin.running()?);
    let NewApplication { company, name, service, local_password, application_password } = new;
    let is_name =
        |text: &str| (1..=LONGEST_NAME).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    let refused = |text: &str| Err(WebFault::Refused(text.into()));
    if !is_name(&company) || !is_name(&name) {
        return refused(&format!("Company and application must have 1 to {LONGEST_NAME} characters."));
    }
    if service == ServiceLevel::Advanced && !running.gateway.admission.believes_certificates() {
        return refused(
            "Advanced service needs issuers whose certificates are believed (advanced.trust_anchors or acl.ca).",
        );
    }
    let local_password = hashed(site, local_password, LOCAL_PASSWORD).await?;
    let application_password = match (running.applications.list(), application_password) {
        (Some(_), None) => SecretString::default(),
        (Some(_), Some(_)) => return refused("The access control list has its application password."),
        (None, password) => hashed(site, password.unwrap_or_default(), APPLICATION_PASSWORD).await?,
    };
    let limits = ApplicationLimits::default();
    let application = crate::settings::Application {
        company,
        name,
        application_password,
        local_password,
        revoked: false,
        service,
        limits,
    };
    let by = by.clone();
    let kept = running.storage.write(move |c| application::add(c, &application.into(), &by, now_ms())).await?;
    running.applications.reread().await?;
    Ok(Application::of(kept, entries(running).as_deref(), now_ms()))
}

/// Gives it another local password.
pub(in crate::admin) async fn give_password(
    admin: &Admin,
    id: &str,
    version: Seen,
    new: NewLocalPassword,
    by: &By,
) -> Result<Application, WebFault> {
    let running = admin.running()?;
    let read = seen(running, id, version).await?;
    if new.overlap_hours > LONGEST_OVERLAP_HOURS {
        return Err(WebFault::Refused(format!("The hours must be 0 to {LONGEST_OVERLAP_HOURS}.")));
    }
    let hash = hashed(&admin.site, new.local_password, LOCAL_PASSWORD).await?;
    let (now_ms, by) = (now_ms(), by.clone());
    let until_ms = now_ms + i64::from(new.overlap_hours) * HOUR_MS;
    let kept = running.storage.write(move |c| application::rotate(c, &read, &hash, until_ms, &by, now_ms)).await?;
    running.applications.reread().await?;
    Ok(Application::of(kept, entries(running).as_deref(), now_ms))
}

/// Revokes it, or takes that back; with the number of sessions that ended by it.
pub(in crate::admin) async fn revoke(
    admin: &Admin,
    id: &str,
    version: Seen,
    revoked: bool,
    by: &By,
) -> Result<(Application, usize), WebFault> {
    let running = admin.running()?;
    let (read, by) = (seen(running, id, version).await?, by.clone());
    let kept = running.storage.write(move |c| application::revoke(c, &read, revoked, &by, now_ms())).await?;
    let ended = running.applications.reread().await?;
    Ok((Application::of(kept, entries(running).as_deref(), now_ms()), ended))
}

/// Removes it; gives its label.
pub(in crate::admin) async fn remove(admin: &Admin, id: &str, version: Seen, by: &By) -> Result<String, WebFault> {
    let running = admin.running()?;
    let (read, by) = (seen(running, id, version).await?, by.clone());
    let label = read.registered.application.label();
    running.storage.write(move |c| application::remove(c, &read, &by, now_ms())).await?;
    running.applications.reread().await?;
    Ok(label)
}
