//! The settings that people change while the gateway runs: kept in the database, which this gateway, a command or another
//! gateway may change, and valid here at once where that is possible. The rest is valid at the next start.
//!
//! Called by `app`, and by the administration.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Mutex;
use tracing::info;

use crate::applications::Applications;
use crate::settings::editable::{Changed, EDITABLE, Editable};
use crate::settings::{Settings, SettingsFault, Source};
use crate::storage::change::now_ms;
use crate::storage::changed_settings::{self, Kept};
use crate::storage::{By, DbConnection, Known, Storage, StorageError};
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

/// What some settings are to be: texts by key; `None` for what the file has.
pub type Wanted = BTreeMap<String, Option<String>>;

/// All that can be changed, as the file and what was changed have it, for a gateway that began with these settings; where
/// none is asked, nothing waits.
pub(crate) fn shown(file: &Settings, began: Option<&Settings>, changed: &Changed) -> Vec<Shown> {
    let now = file.over_changed(changed);
    let shown = |editable: &'static Editable| Shown {
        now: editable.get(&now),
        in_file: editable.get(file),
        waits: !editable.at_once && began.is_some_and(|began| editable.get(&now) != editable.get(began)),
        editable,
    };
    EDITABLE.iter().map(shown).collect()
}

/// Makes some of them these, in a transaction of the caller's: see [`LiveSettings::change`].
///
/// # Errors
/// [`StorageError::Invalid`] with every fault, [`StorageError::Changed`].
pub(crate) fn write(
    connection: &mut DbConnection,
    file: &Settings,
    version: Option<i64>,
    wanted: &Wanted,
    by: &By,
    now_ms: i64,
) -> Result<(), StorageError> {
    let kept = changed_settings::read(connection)?;
    let now = file.over_changed(&kept.changed);
    let mut texts: Changed = EDITABLE.iter().map(|editable| (editable.key.to_owned(), editable.get(&now))).collect();
    for (key, text) in wanted {
        let text = match (text, Editable::of(key)) {
            (Some(text), _) => text.clone(),
            (None, Some(editable)) => editable.get(file),
            // It is said to be none.
            (None, None) => String::new(),
        };
        texts.insert(key.clone(), text);
    }
    let invalid = |fault: SettingsFault| StorageError::Invalid { object: "settings".into(), fault: fault.in_short() };
    let (changed, _) = file.changed_to(&texts).map_err(invalid)?;
    changed_settings::write(connection, version.unwrap_or(kept.version), &changed, by, now_ms)
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
        let kept = self.0.storage.with(changed_settings::read).await?;
        Ok((shown(&self.0.file, Some(&self.0.began), &kept.changed), kept.version))
    }

    /// Whether a gateway with this settings file would start with what a database knows.
    pub(crate) fn fitting(&self) -> impl FnOnce(&Known) -> Result<(), SettingsFault> + use<> {
        let file = self.0.file.clone();
        move |known| known.over(&file).check_in(Source::Database)
    }

    /// Makes some of them these, where they all still have this version (`None` for whichever they have); the others stay.
    /// Valid when this returns, as far as they are at once.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] with every fault, [`StorageError::Changed`]; then nothing is changed.
    pub async fn change(&self, version: Option<i64>, wanted: Wanted, by: By) -> Result<(), StorageError> {
        let file = self.0.file.clone();
        let write = move |connection: &mut _| write(connection, &file, version, &wanted, &by, now_ms());
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
