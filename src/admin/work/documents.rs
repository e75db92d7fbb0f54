//! What other servers of ours sign for this gateway: the access control list and the licence. As they are here, fetched
//! now, and a licence that came by another way.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Fetch;
use crate::acl::{Document, Entry};
use crate::admin::{Running, note};
use crate::fetched::State;
use crate::licence::{self, Counts, Kind, Licence};
use crate::storage::By;
use crate::web::WebFault;

/// The access control list as this gateway has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccessControlList {
    /// There is a certificate server, whose list decides who may log in (`acl.ca`).
    pub used: bool,
    /// Grows with each change of the entries; empty when the list was never fetched.
    pub version: Option<i64>,
    /// When the server signed it, in ms since 1970.
    pub issued_at_ms: Option<i64>,
    pub entries: usize,
    /// Of the last fetch; empty after a good one.
    pub fault: Option<String>,
    /// When the last fetch ended, well or badly.
    pub tried_at_ms: Option<i64>,
}

/// An application that is registered with the certificate server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListEntry {
    pub company: String,
    pub application: String,
    /// It has a certificate and may ask for Advanced service.
    pub advanced: bool,
    pub revoked: bool,
}

impl AccessControlList {
    pub(crate) fn of(state: Option<&State<Document>>) -> Self {
        let document = state.and_then(|state| state.document.as_ref());
        Self {
            used: state.is_some(),
            version: document.map(|document| document.version),
            issued_at_ms: document.map(|document| document.issued_at_ms),
            entries: document.map_or(0, |document| document.entries.len()),
            fault: state.and_then(|state| state.fault.clone()),
            tried_at_ms: state.and_then(|state| state.tried_at_ms),
        }
    }

    /// Minutes since the server signed it; 0 where its clock is ahead.
    pub fn minutes(&self, now_ms: i64) -> i64 {
        self.issued_at_ms.map_or(0, |at_ms| (now_ms.saturating_sub(at_ms) / 60_000).max(0))
    }
}

impl From<&Entry> for ListEntry {
    fn from(entry: &Entry) -> Self {
        Self {
            company: entry.company.clone(),
            application: entry.application.clone(),
            advanced: entry.advanced,
            revoked: entry.revoked,
        }
    }
}

/// The licence of this gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LicenceState {
    /// What licences of this gateway are for.
    pub gateway_id: String,
    /// Sessions are counted (`licence.ca`).
    pub used: bool,
    /// Why nobody can log in, or nobody but users of integrations; empty when all is well, or nothing is counted.
    pub not_licensed: Option<String>,
    pub licence: Option<LicenceTerms>,
    /// Of the last fetch; empty after a good one.
    pub fault: Option<String>,
}

/// What a licence says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LicenceTerms {
    pub version: i64,
    /// When the server signed it, in ms since 1970.
    pub issued_at_ms: i64,
    pub kind: Kind,
    pub integrations_only: bool,
    pub revoked: bool,
    /// Sessions at a time.
    pub sessions: Counts,
    /// When it ends, in ms since 1970; empty for one that does not.
    pub valid_until_ms: Option<i64>,
}

impl LicenceState {
    pub(crate) fn of(
        gateway_id: &str,
        state: Option<&State<Licence>>,
        grace: std::time::Duration,
        now_ms: i64,
    ) -> Self {
        let why = state.and_then(|state| licence::allows(state, grace, now_ms).not_licensed);
        let licence = state.and_then(|state| state.document.as_ref());
        Self {
            gateway_id: gateway_id.to_owned(),
            used: state.is_some(),
            not_licensed: why.map(|why| why.to_string()),
            licence: licence.map(|licence| LicenceTerms {
                version: licence.version,
                issued_at_ms: licence.issued_at_ms,
                kind: licence.kind,
                integrations_only: licence.integrations_only,
                revoked: licence.revoked,
                sessions: licence.sessions,
                valid_until_ms: licence.valid_until_ms,
            }),
            fault: state.and_then(|state| state.fault.clone()),
        }
    }
}

/// The access control list as it is here now.
pub(in crate::admin) fn list(running: &Running) -> AccessControlList {
    AccessControlList::of(running.applications.list().map(|list| list.state()).as_ref())
}

/// Fetches the access control list.
pub(in crate::admin) async fn fetch_list(running: &Running, by: &By) -> Result<Fetch, WebFault> {
    note(running, by.clone(), "fetch", "access control list").await?;
    Ok(match running.applications.fetch_list().await {
        Ok(ended) => Fetch::Done(ended),
        Err(fault) => Fetch::Failed(fault.to_string()),
    })
}

/// The licence as it is here now.
pub(in crate::admin) fn licence(running: &Running, now_ms: i64) -> LicenceState {
    let state = running.licences.as_ref().map(|licences| licences.state());
    LicenceState::of(&running.gateway_id, state.as_ref(), running.grace, now_ms)
}

/// Fetches the licence.
///
/// # Errors
/// [`WebFault::NotFound`] where nothing is counted.
pub(in crate::admin) async fn fetch_licence(running: &Running, by: &By) -> Result<Fetch, WebFault> {
    let licences = running.licences.as_ref().ok_or(WebFault::NotFound)?;
    note(running, by.clone(), "fetch", "licence").await?;
    Ok(licences.fetch().await.map_or_else(|fault| Fetch::Failed(fault.to_string()), |_| Fetch::Done(0)))
}

/// Takes a licence that came by another way.
///
/// # Errors
/// [`WebFault::NotFound`] where nothing is counted; [`WebFault::Refused`] when it is not accepted.
pub(in crate::admin) async fn install_licence(running: &Running, text: String, by: &By) -> Result<(), WebFault> {
    let licences = running.licences.clone().ok_or(WebFault::NotFound)?;
    note(running, by.clone(), "install", "licence").await?;
    let installed = tokio::task::spawn_blocking(move || licences.install(&text)).await.map_err(|_| WebFault::Busy)?;
    installed.map(drop).map_err(|fault| WebFault::Refused(format!("{fault}.")))
}
