//! Keeps admission, quotas and living sessions in step with the applications in the database, which this gateway, a
//! command or another gateway may change.
//!
//! Nodes are read at the start alone. Called by `app`, and by whoever has changed an application and does not want to
//! wait for the next look.

use std::sync::Arc;
use std::time::Duration;

use actors::quota::{Quota, Quotas};
use actors::session_supervisor::Review;
use tokio::sync::Mutex;
use tracing::{info, warn};

use crate::admission::Registered;
use crate::http::Gateway;
use crate::settings::{ApplicationLimits, Settings};
use crate::storage::{Known, Storage, StorageError, application};

/// Between two looks at the database: an application that is revoked there is out within so long.
const LOOK: Duration = Duration::from_secs(2);

/// The applications of the running gateway.
#[derive(Clone)]
pub struct Applications(Arc<Shared>);

struct Shared {
    storage: Storage,
    gateway: Arc<Gateway>,
    usual: ApplicationLimits,
    /// Held from reading to replacing, so that an older reading never comes after a newer one: the versions last seen,
    /// by id.
    seen: Mutex<Vec<(String, i64)>>,
}

/// Which applications there are, and in which version.
fn versions(kept: &[application::Kept]) -> Vec<(String, i64)> {
    kept.iter().map(|kept| (kept.id.clone(), kept.version)).collect()
}

impl Applications {
    /// Of a gateway that began with what was known.
    pub(crate) fn new(storage: Storage, gateway: Arc<Gateway>, settings: &Settings, known: &Known) -> Self {
        let (usual, seen) = (settings.limits.application, Mutex::new(versions(&known.applications)));
        Self(Arc::new(Shared { storage, gateway, usual, seen }))
    }

    /// Reads them. What is new is valid when this returns: logins, quotas, and the end of sessions whose application
    /// may not go on. Gives the number of those.
    ///
    /// # Errors
    /// See [`StorageError`]; then everything stays as it was.
    pub async fn reread(&self) -> Result<usize, StorageError> {
        let Shared { storage, gateway, usual, seen } = &*self.0;
        let mut seen = seen.lock().await;
        let kept = storage.with(application::all).await?;
        let now = versions(&kept);
        if *seen == now {
            return Ok(0);
        }
        let registered: Vec<Registered> = kept.into_iter().map(|kept| kept.registered).collect();
        let quotas = quotas(&registered, *usual);
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

    /// Looks at the database again and again. What cannot be read is said once, and the applications stay as they are.
    pub(crate) async fn follow(self) {
        let mut fault: Option<String> = None;
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            let now = self.reread().await.err().map(|error| error.to_string());
            metrics::gauge!("oig_storage_readable").set(f64::from(u8::from(now.is_none())));
            match (&fault, &now) {
                (None, Some(error)) => {
                    warn!(%error, "THE DATABASE CANNOT BE READ: applications stay as they are known")
                }
                (Some(_), None) => warn!("the database can be read again"),
                _ => {}
            }
            fault = now;
        }
    }
}

/// What each application may use, where these limits are the usual ones.
fn quotas(registered: &[Registered], usual: ApplicationLimits) -> Quotas {
    let usual = usual.over(Quota::default());
    let own = registered.iter().map(|r| (r.application.label(), r.application.limits.over(usual)));
    Quotas { usual, own: own.collect() }
}
