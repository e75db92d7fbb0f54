//! Forms of nodes that cannot stream, by files that people export there: what a file would change is told first, then it is done,
//! all of it or nothing. To applications the difference is as a node's own change, and a first file as a first copy.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::web::Bytes;
use actors::env::Entropy as _;
use schemas::data::{Form, Row};
use schemas::domain::Ceid;

use super::Data;
use super::file::File;
use super::store::{Difference, Life};
use crate::entropy::SystemEntropy;
use crate::sheet::SheetFault;
use crate::storage::StorageError;
use crate::storage::change::now_ms;

/// How far it is, for who waits for it. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Amounts>);

#[derive(Debug, Default)]
struct Amounts {
    done: AtomicUsize,
    all: AtomicUsize,
}

impl Progress {
    /// Rows that are done, and all of them; of a file that is not read yet none are known.
    #[must_use]
    pub fn amounts(&self) -> (usize, usize) {
        (self.0.done.load(Ordering::Relaxed), self.0.all.load(Ordering::Relaxed))
    }

    fn begin(&self, all: usize) {
        self.0.done.store(0, Ordering::Relaxed);
        self.0.all.store(all, Ordering::Relaxed);
    }

    fn on(&self) -> impl Fn(usize) + Send + use<> {
        let amounts = self.0.clone();
        move |done| amounts.done.store(done, Ordering::Relaxed)
    }
}

/// What a file would do.
#[derive(Debug, Clone)]
pub struct Plan {
    pub ceid: Ceid,
    pub file: Arc<File>,
    pub difference: Arc<Difference>,
}

impl Plan {
    #[must_use]
    pub fn form(&self) -> &'static Form {
        self.file.form
    }

    /// Whether it can be done: a row that is refused holds all back.
    #[must_use]
    pub fn can_be_done(&self) -> bool {
        self.file.refused_count == 0
    }

    /// Whether it changes anything: a form that was there never has its first file.
    #[must_use]
    pub fn changes_something(&self) -> bool {
        let Difference { seen, added, changed, removed, .. } = &*self.difference;
        added + changed + removed > 0 || seen.is_none_or(|stand| stand.whole != super::store::Whole::Yes)
    }
}

/// Why a file is not taken; then nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ImportFault {
    #[error(transparent)]
    File(#[from] SheetFault),
    /// The next comparison would take it back.
    #[error("The forms of node {0} are copied from it: a file would be of no use.")]
    Followed(u16),
    #[error("The file has rows that are refused.")]
    Refused,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Data {
    fn takes_files(&self, ceid: Ceid) -> Result<(), ImportFault> {
        if self.followers.client(ceid).is_some() { Err(ImportFault::Followed(ceid.get())) } else { Ok(()) }
    }

    /// What a file would do to a form of a node.
    ///
    /// # Errors
    /// See [`ImportFault`].
    pub async fn plan(
        &self,
        ceid: Ceid,
        form: &'static Form,
        file: Bytes,
        progress: &Progress,
    ) -> Result<Plan, ImportFault> {
        self.takes_files(ceid)?;
        let read = tokio::task::spawn_blocking(move || File::read(form, &file)).await;
        let file = Arc::new(read.map_err(|_| StorageError::Lost)??);
        progress.begin(file.rows.len());
        let difference = self.store.difference(ceid, file.clone(), progress.on()).await?;
        Ok(Plan { ceid, file, difference: Arc::new(difference) })
    }

    /// Does what was planned, where the form is as it was then.
    ///
    /// # Errors
    /// See [`ImportFault`]; [`StorageError::Changed`] when the form is another.
    pub async fn import(&self, plan: &Plan, progress: &Progress) -> Result<(), ImportFault> {
        self.takes_files(plan.ceid)?;
        if !plan.can_be_done() {
            return Err(ImportFault::Refused);
        }
        let file = plan.file.clone();
        progress.begin(file.rows.len());
        let life = Life { ceid: plan.ceid, number: SystemEntropy::default().next_u64() >> 11 };
        let stand = self.store.import(life, file, plan.difference.seen, now_ms(), progress.on()).await?;
        metrics::counter!("oig_data_files_imported_total").increment(1);
        self.followers.standings().kept(plan.ceid, &stand);
        Ok(())
    }

    /// All rows of a form of a node, for a file.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn export(&self, ceid: Ceid, form: &'static Form) -> Result<Vec<Row>, StorageError> {
        self.store.rows(ceid, form).await
    }
}
