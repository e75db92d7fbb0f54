//! The restoration of a backup into the database of the running gateway, for pages and programs alike.
//!
//! Accounts and the tokens of programs are afterwards those that the backup has: a token that was made since is none any more,
//! one that was removed since is in force again, as long as it has not expired.

use actix_web::web::Bytes;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::Running;
use crate::backup::{self, BackupFault};
use crate::storage::change::now_ms;
use crate::storage::{By, StorageError};
use crate::web::{Site, WebFault};

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Restored {
    /// Of all tables.
    pub rows: usize,
    /// When the backup was made, in ms since the epoch.
    pub made_at_ms: i64,
}

/// A backup's fault, as pages and answers say it.
pub fn refused(fault: BackupFault) -> WebFault {
    match fault {
        BackupFault::Storage(StorageError::Invalid { fault, .. }) => WebFault::sentence(&fault),
        BackupFault::Storage(error) => error.into(),
        fault => WebFault::sentence(&fault.to_string()),
    }
}

/// Puts a backup in the place of all that the database has; whole, or not at all. The gateway goes on with it when this
/// returns, as far as it can without a start, and everybody is signed out, since accounts are others now.
///
/// # Errors
/// [`WebFault::Refused`] when it is no backup, does not open with this passphrase, is of another version, or no gateway would
/// start with it.
pub async fn restore(
    site: &Site,
    running: &Running,
    file: Bytes,
    passphrase: SecretString,
    by: By,
) -> Result<Restored, WebFault> {
    let opened = site.compute(move || backup::open(&file, &passphrase)).await?.map_err(refused)?;
    let made_at_ms = opened.0.made_at_ms;
    let fits = running.settings.fitting();
    let work = move |c: &mut _, vault: &_| Ok(backup::restore(c, vault, &opened, fits, &by, now_ms()));
    let rows = running.storage.with(running.storage.sealing(work)).await?.map_err(refused)?;
    site.sessions.end_everyone();
    tracing::warn!(rows, made_at_ms, "A BACKUP WAS RESTORED into the database");
    // What cannot be followed now is by the loop that follows the database, which says so.
    let followed =
        [running.settings.reread().await, running.applications.reread().await.map(drop), running.nodes.reread().await];
    if let Some(error) = followed.into_iter().find_map(Result::err) {
        tracing::warn!(%error, "what was restored is not all in use yet");
    }
    Ok(Restored { rows, made_at_ms })
}
