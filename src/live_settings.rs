//! The settings that people change while the gateway runs: kept in the database, which this gateway, a command or another
//! gateway may change, and valid here at once where that is possible. The rest is valid at the next start.
//!
//! Called by `app`, and by the administration.

use std::sync::Arc;

use tokio::sync::Mutex;
use tracing::info;

use crate::applications::Applications;
use crate::settings::editable::{Changed, EDITABLE, Editable};
use crate::settings::{Settings, SettingsFault, Source};
use crate::storage::change::now_ms;
use crate::storage::changed_settings::{self, Kept};
use crate::storage::{By, Known, Storage, StorageError};
use crate::telemetry;

/// The settings of the running gateway.
#[derive(Clone)]
pub struct LiveSettings(Arc<Shared>);

struct Shared {
    storage: Storage,
    applications: Applications,
    /// As the file has them.
    file: Settings,
    /// As the gateway began.
    began: Settings,
    /// Held from reading to applying: what was seen last. A backup that was restored may have others in the same version.
    seen: Mutex<Kept>,
}

/// A setting, as it is shown.
pub struct Shown {
    pub editable: &'static Editable,
    /// As it is to be.
    pub now: String,
    pub in_file: String,
    /// It is another than the one that the gateway runs with.
    pub waits: bool,
}

impl Shown {
    /// Whether somebody has changed it.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.now != self.in_file
    }
}

impl LiveSettings {
    /// Of a gateway that began with these settings, of which these were changed; the file has these.
    pub(crate) fn new(
        storage: Storage,
        applications: Applications,
        file: Settings,
        began: Settings,
        changed: Kept,
    ) -> Self {
        Self(Arc::new(Shared { storage, applications, file, began, seen: Mutex::new(changed) }))
    }

    /// All that can be changed, and the version to be said by whoever changes something.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn all(&self) -> Result<(Vec<Shown>, i64), StorageError> {
        let Kept { changed, version } = self.0.storage.with(changed_settings::read).await?;
        let now = self.0.file.over_changed(&changed);
        Ok((self.shown(&now), version))
    }

    /// Whether a gateway with this settings file would start with what a database knows.
    pub(crate) fn fitting(&self) -> impl FnOnce(&Known) -> Result<(), SettingsFault> + use<> {
        let file = self.0.file.clone();
        move |known| known.over(&file).check_in(Source::Database)
    }

    fn shown(&self, now: &Settings) -> Vec<Shown> {
        let shown = |editable: &'static Editable| Shown {
            now: editable.get(now),
            in_file: editable.get(&self.0.file),
            waits: !editable.at_once && editable.get(now) != editable.get(&self.0.began),
            editable,
        };
        EDITABLE.iter().map(shown).collect()
    }

    /// Makes them these, where they still have this version; what is not among them is as in the file. Valid when this
    /// returns, as far as they are at once.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] with every fault, [`StorageError::Changed`]; then nothing is changed.
    pub async fn change(&self, version: i64, texts: &Changed, by: By) -> Result<(), StorageError> {
        let invalid =
            |fault: SettingsFault| StorageError::Invalid { object: "settings".into(), fault: fault.in_short() };
        let (changed, _) = self.0.file.changed_to(texts).map_err(invalid)?;
        let write = move |connection: &mut _| changed_settings::write(connection, version, &changed, &by, now_ms());
        self.0.storage.write(write).await?;
        self.reread().await
    }

    /// Reads them. What is new is valid when this returns, as far as it is at once.
    ///
    /// # Errors
    /// See [`StorageError`]; then everything stays as it was.
    pub async fn reread(&self) -> Result<(), StorageError> {
        let Shared { storage, applications, file, seen, .. } = &*self.0;
        let mut seen = seen.lock().await;
        let kept = storage.with(changed_settings::read).await?;
        if *seen == kept {
            return Ok(());
        }
        let now = file.over_changed(&kept.changed);
        telemetry::refilter(&now.log.filter);
        applications.limit(now.limits.application).await?;
        info!(version = kept.version, "the settings have changed");
        *seen = kept;
        Ok(())
    }
}
