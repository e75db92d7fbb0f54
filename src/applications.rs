//! Keeps admission, quotas and living sessions in step with the applications in the database, which this gateway, a
//! command or another gateway may change, and with the access control list, where there is one.
//!
//! Called by `app`, and by whoever has changed an application and does not want to
//! wait for the next look.

use std::sync::Arc;

use actors::quota::{Quota, Quotas};
use actors::session_supervisor::Review;
use tokio::sync::Mutex;
use tracing::info;

use crate::acl::{self, AccessList, Document};
use crate::admission::Registered;
use crate::fetched::FetchFault;
use crate::http::Gateway;
use crate::settings::{ApplicationLimits, Settings};
use crate::storage::{Known, Storage, StorageError, application};

/// The applications of the running gateway.
#[derive(Clone)]
pub struct Applications(Arc<Shared>);

struct Shared {
    storage: Storage,
    gateway: Arc<Gateway>,
    list: Option<AccessList>,
    /// Held from reading to replacing, so that an older reading never comes after a newer one: what was seen last.
    seen: Mutex<Seen>,
}

/// Which applications there are, and in which version; the version of the list; and what they may usually use.
#[derive(PartialEq)]
struct Seen {
    usual: ApplicationLimits,
    by_id: Vec<(String, i64, i64)>,
    listed: Option<i64>,
}

/// Why the applications were not read again.
#[derive(Debug, thiserror::Error)]
pub enum RereadFault {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    List(#[from] FetchFault),
    #[error("this gateway has no access control list (acl.ca)")]
    NoList,
}

/// The applications of the site as they may enter, where this is the certificate server's list; `None` where there is a
/// server and its list is to come.
#[must_use]
pub fn may_enter(of_site: Vec<Registered>, server: bool, document: Option<&Document>) -> Option<Vec<Registered>> {
    match document {
        Some(document) => Some(acl::under(document, of_site)),
        None => (!server).then_some(of_site),
    }
}

impl Seen {
    fn now(kept: &[application::Kept], listed: Option<i64>, usual: ApplicationLimits) -> Self {
        Self {
            usual,
            by_id: kept.iter().map(|kept| (kept.id.clone(), kept.version, kept.changed_at_ms)).collect(),
            listed,
        }
    }
}

impl Applications {
    /// Of a gateway that began with these, under the list of this version.
    pub(crate) fn new(
        storage: Storage,
        gateway: Arc<Gateway>,
        settings: &Settings,
        known: &Known,
        list: Option<AccessList>,
        listed: Option<i64>,
    ) -> Self {
        let usual = settings.limits.application;
        let seen = Mutex::new(Seen::now(&known.applications, listed, usual));
        Self(Arc::new(Shared { storage, gateway, list, seen }))
    }

    /// The access control list, where there is a certificate server.
    #[must_use]
    pub fn list(&self) -> Option<&AccessList> {
        self.0.list.as_ref()
    }

    /// Fetches the access control list now. What is new is valid when this returns; gives the number of sessions that
    /// ended by it.
    ///
    /// # Errors
    /// See [`RereadFault`]; then everything stays as it was.
    pub async fn fetch_list(&self) -> Result<usize, RereadFault> {
        self.0.list.as_ref().ok_or(RereadFault::NoList)?.fetch().await?;
        Ok(self.reread().await?)
    }

    /// Reads them. What is new is valid when this returns: logins, quotas, and the end of sessions whose application
    /// may not go on. Gives the number of those.
    ///
    /// # Errors
    /// See [`StorageError`]; then everything stays as it was.
    pub async fn reread(&self) -> Result<usize, StorageError> {
        self.review(None).await
    }

    /// From now on this is what applications may usually use.
    ///
    /// # Errors
    /// See [`Self::reread`].
    pub(crate) async fn limit(&self, usual: ApplicationLimits) -> Result<(), StorageError> {
        self.review(Some(usual)).await.map(drop)
    }

    async fn review(&self, usual: Option<ApplicationLimits>) -> Result<usize, StorageError> {
        let Shared { storage, gateway, list, seen } = &*self.0;
        let mut seen = seen.lock().await;
        let usual = usual.unwrap_or(seen.usual);
        let kept = storage.with(application::all).await?;
        let document = list.as_ref().and_then(AccessList::document);
        let now = Seen::now(&kept, document.as_ref().map(|document| document.version), usual);
        if *seen == now {
            return Ok(0);
        }
        let of_site = kept.into_iter().map(|kept| kept.registered).collect();
        let Some(registered) = may_enter(of_site, list.is_some(), document.as_deref()) else { return Ok(0) };
        let quotas = quotas(&registered, usual);
        // First nobody new, then those who are there: whoever slips in between looks again (the login does).
        gateway.admission.replace(&registered);
        let roll = gateway.admission.roll();
        let goes_on = Arc::new(move |label: &str, service| roll.goes_on(label, service));
        let review = Review { goes_on, quotas: Arc::new(quotas) };
        let ended = gateway.tree.session_supervisor.send(review).await.map_err(|_| StorageError::Lost)?;
        info!(applications = registered.len(), sessions_ended = ended, "the applications have changed");
        *seen = now;
        Ok(ended)
    }
}

/// What each application may use, where these limits are the usual ones.
fn quotas(registered: &[Registered], usual: ApplicationLimits) -> Quotas {
    let usual = usual.over(Quota::default());
    let own = registered.iter().map(|r| (r.application.label(), r.application.limits.over(usual)));
    Quotas { usual, own: own.collect() }
}
