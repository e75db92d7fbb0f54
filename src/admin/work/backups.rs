//! A backup of the database, sealed with a passphrase, to be kept elsewhere. It is restored by `restore`.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use super::restore::refused;
use crate::admin::{Admin, note};
use crate::backup::{self, BackupFault, PASSPHRASE};
use crate::storage::By;
use crate::storage::change::now_ms;
use crate::web::WebFault;

/// What a backup is sealed with.
// No `Debug`: it is in it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "passphrase": "four words of your own" })))]
pub struct NewBackup {
    /// Nobody opens the backup without it.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    pub passphrase: SecretString,
}

/// All that the database has, as the file that `oig restore` takes; the audit log says who has taken it. It waits for its
/// turn: it takes memory and time, like a password.
pub(in crate::admin) async fn make(admin: &Admin, new: NewBackup, by: &By) -> Result<Vec<u8>, WebFault> {
    if !PASSPHRASE.contains(&new.passphrase.expose_secret().chars().count()) {
        return Err(refused(BackupFault::Passphrase));
    }
    let running = admin.running()?;
    note(running, by.clone(), "download", "backup").await?;
    let _turn = admin.site.turn().await?;
    let make = running.storage.sealing(move |c, vault| Ok(backup::make(c, vault, &new.passphrase, now_ms())));
    let made = running.storage.with(make).await?;
    made.map_err(refused)
}
