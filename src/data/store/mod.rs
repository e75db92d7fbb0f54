//! The copies of nodes' forms in a database, and the log of what changed in them: in a SQLite file of its own beside the
//! gateway's, or in the gateway's PostgreSQL database.
//!
//! A table for each form with the rows of all nodes (`schemas::data::sql::tables`), and four of bookkeeping (`tables`). What
//! is written comes from `follow`; what applications ask is rendered by `schemas::data::sql` and runs on connections that
//! cannot write. All of it blocks, so it has threads of its own; no actor knows of it.

mod import;
mod log;
#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;
mod tables;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actors::trigger::messages::Logged;
use schemas::data::sql::{Dialect, Rendered};
use schemas::data::{Digest, Form, Key, Row, Value};
use schemas::domain::Ceid;
use tokio::sync::{Semaphore, watch};

pub use self::import::{Difference, Differing, FILES};
pub use self::log::{KeptHandler, KeptTrigger};
pub use self::write::{Applied, Copied, Life, Page};
use super::file::File;
use crate::storage::{Options, Place, StorageError};

/// Statements of applications that run at a time; others wait.
const READERS: usize = 4;
/// What the gateway itself reads at a time, beside the one who writes; the rest waits.
const LOOKS: usize = 2;
/// Those that may wait.
const WAITING: usize = 256;
/// What a statement of an application may take.
pub const STATEMENT: Duration = Duration::from_secs(5);
/// Bytes of its answer.
pub const LARGEST_ANSWER: usize = 16 * 1024 * 1024;
/// Changes that are kept for who was away.
pub const CHANGES_KEPT: u64 = 200_000;

/// How far the copy of a form is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    /// It never was whole.
    Never,
    /// It was, and something is known to have been missed since.
    Stale,
    Yes,
}

/// A node's form, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormStand {
    pub form: &'static Form,
    pub digest: Digest,
    pub whole: Whole,
    /// The newest change that the copy may have.
    pub as_of: u64,
    /// When it was copied as a whole, in ms since the epoch.
    pub copied_at_ms: Option<i64>,
}

/// Where the copy of a node stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeStand {
    pub epoch: String,
    /// The newest change that is applied to every form.
    pub seq: u64,
    pub forms: Vec<FormStand>,
}

/// A value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Null,
    Boolean(bool),
    Integer(i64),
    Real(f64),
    Text(String),
}

/// Why a statement of an application has no answer.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    #[error("the statement took longer than {} s", STATEMENT.as_secs())]
    TooSlow,
    #[error("the answer has more than {} MiB", LARGEST_ANSWER / 1024 / 1024)]
    TooMuch,
    #[error("too many statements are waiting")]
    Busy,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

enum Backend {
    Sqlite(sqlite::Database),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Database),
}

/// One transaction: everything is read as of one moment.
trait Reading {
    /// Rows of a node's form with a key after the one and up to the other, by key.
    fn rows(
        &mut self,
        ceid: Ceid,
        form: &'static Form,
        after: Option<&Key>,
        until: Option<&Key>,
    ) -> Result<Vec<Row>, StorageError>;
    fn row(&mut self, ceid: Ceid, form: &'static Form, key: &Key) -> Result<Option<Row>, StorageError>;
    /// A statement of bookkeeping that reads so many columns, with numbered placeholders of its dialect (see `tables`).
    fn read(&mut self, statement: &str, values: &[Value], columns: usize) -> Result<Vec<Vec<Value>>, StorageError>;
}

/// One transaction of the one who writes. What it reads is as it is in it.
trait Transaction: Reading {
    /// Adds rows, or makes those of their keys what they are.
    fn put(&mut self, ceid: Ceid, form: &'static Form, rows: &[&Row]) -> Result<(), StorageError>;
    fn remove(&mut self, ceid: Ceid, form: &'static Form, keys: &[Key]) -> Result<(), StorageError>;
    /// A statement of bookkeeping that writes, with numbered placeholders of its dialect (see `tables`).
    fn run(&mut self, statement: &str, values: &[Value]) -> Result<(), StorageError>;
}

/// The copies, as the gateway reaches them. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    backend: Backend,
    readers: Semaphore,
    waiting: Semaphore,
    looks: Semaphore,
    /// Number of the newest change in the log.
    newest: watch::Sender<u64>,
    /// Changes up to this one are not in it any more.
    pruned: AtomicU64,
}

impl Store {
    /// Where the copies of a gateway are whose own database is there. Blocks.
    ///
    /// # Errors
    /// Why they cannot be used.
    pub fn open(options: &Options) -> Result<Self, StorageError> {
        let backend = match &options.place {
            Place::Memory => Backend::Sqlite(sqlite::Database::temporary(READERS + LOOKS, options.wait)?),
            Place::File(file) => {
                let file = file.with_extension("forms.db");
                Backend::Sqlite(sqlite::Database::open(&file, READERS + LOOKS, options.wait)?)
            }
            #[cfg(feature = "postgres")]
            Place::Postgres(_) => Backend::Postgres(postgres::Database::open(options, READERS + LOOKS)?),
            #[cfg(not(feature = "postgres"))]
            Place::Postgres(_) => return Err(StorageError::Url("this program was built without PostgreSQL")),
        };
        let store = Self(Arc::new(Inner {
            backend,
            readers: Semaphore::new(READERS),
            waiting: Semaphore::new(WAITING),
            looks: Semaphore::new(LOOKS),
            newest: watch::Sender::new(0),
            pruned: AtomicU64::new(0),
        }));
        let (newest, pruned) = store.look_blocking(|tx| Ok((log::newest(tx)?, log::pruned(tx)?)))?;
        store.0.pruned.store(pruned, Ordering::Relaxed);
        store.0.newest.send_replace(newest);
        Ok(store)
    }

    /// In which words it is asked.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match &self.0.backend {
            Backend::Sqlite(_) => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Backend::Postgres(_) => Dialect::Postgres,
        }
    }

    fn write_blocking<T>(
        &self,
        work: impl FnOnce(&mut dyn Transaction) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        match &self.0.backend {
            Backend::Sqlite(database) => database.write(work),
            #[cfg(feature = "postgres")]
            Backend::Postgres(database) => database.write(work),
        }
    }

    /// Work of one transaction on a thread that may block.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Transaction) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || store.write_blocking(work));
        done.await.unwrap_or(Err(StorageError::Lost))
    }

    fn look_blocking<T>(
        &self,
        work: impl FnOnce(&mut dyn Reading) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        match &self.0.backend {
            Backend::Sqlite(database) => database.look(work),
            #[cfg(feature = "postgres")]
            Backend::Postgres(database) => database.look(work),
        }
    }

    /// The same of one that only reads: it waits for nobody who writes, and nobody who writes for it.
    async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Reading) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let _turn = self.0.looks.acquire().await.map_err(|_| StorageError::Lost)?;
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || store.look_blocking(work));
        done.await.unwrap_or(Err(StorageError::Lost))
    }

    /// Number of the newest change in the log, as it grows.
    #[must_use]
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.0.newest.subscribe()
    }

    fn grew(&self, newest: u64) {
        self.0.newest.send_if_modified(|was| {
            let grew = newest > *was;
            *was = newest.max(*was);
            grew
        });
    }

    /// Where the copy of a node stands; `None` when there is none.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn stand(&self, ceid: Ceid) -> Result<Option<NodeStand>, StorageError> {
        self.look(move |tx| write::stand(tx, ceid)).await
    }

    /// The same of every node of which there is a copy, by number, as all of them were in one moment.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn stands(&self) -> Result<Vec<(Ceid, NodeStand)>, StorageError> {
        self.look(|tx| write::stands(tx)).await
    }

    /// The same. Blocks.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn stands_now(&self) -> Result<Vec<(Ceid, NodeStand)>, StorageError> {
        self.look_blocking(|tx| write::stands(tx))
    }

    /// From now on this life alone writes the copy of its node.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn claim(&self, life: Life) -> Result<(), StorageError> {
        self.write(move |tx| write::claim(tx, life)).await
    }

    /// Begins a copy of these forms, in an epoch of the node: what was copied of them is stale until it is whole again.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn begin_copy(
        &self,
        life: Life,
        epoch: String,
        seq: u64,
        forms: Vec<&'static Form>,
    ) -> Result<(), StorageError> {
        self.write(move |tx| write::begin_copy(tx, life, &epoch, seq, &forms)).await
    }

    /// Makes the rows of a form between two keys those of a page. What differs is logged, unless the form never was whole.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn page(&self, life: Life, page: Page, now_ms: i64) -> Result<Copied, StorageError> {
        let copied = self.write(move |tx| write::page(tx, life, &page, now_ms)).await?;
        self.grew(copied.newest);
        Ok(copied)
    }

    /// The copy of a form is whole: it has these rows, and no change after `as_of`.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn whole(
        &self,
        life: Life,
        form: &'static Form,
        digest: Digest,
        as_of: u64,
        now_ms: i64,
    ) -> Result<(), StorageError> {
        self.write(move |tx| write::whole(tx, life, form, digest, as_of, now_ms)).await
    }

    /// Applies changes of a node in their order, up to and with `seq`, as one.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn apply(
        &self,
        life: Life,
        seq: u64,
        changes: Vec<schemas::data::sync::Change>,
    ) -> Result<Applied, StorageError> {
        let applied = self.write(move |tx| write::apply(tx, life, seq, &changes)).await?;
        self.grew(applied.newest);
        Ok(applied)
    }

    /// A form is known to differ from the node's.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn stale(&self, life: Life, forms: Vec<&'static Form>) -> Result<(), StorageError> {
        self.write(move |tx| write::stale(tx, life, &forms)).await
    }

    /// Nodes of which there are copies.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn nodes(&self) -> Result<Vec<Ceid>, StorageError> {
        self.look(|tx| write::nodes(tx)).await
    }

    /// Forgets a node, rows and all.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn forget(&self, ceid: Ceid) -> Result<(), StorageError> {
        self.write(move |tx| write::forget(tx, ceid)).await
    }

    /// What becomes of a node's form when it is what a file says it is. `on` hears of every part how many rows are done.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn difference(
        &self,
        ceid: Ceid,
        file: Arc<File>,
        on: impl Fn(usize) + Send + 'static,
    ) -> Result<Difference, StorageError> {
        self.look(move |tx| import::difference(tx, ceid, &file, &on)).await
    }

    /// Makes a node's form what a file says it is, where it is still as `seen`: all of it or nothing. What differs is logged,
    /// unless the form never was whole. Nobody may follow the node.
    ///
    /// # Errors
    /// [`StorageError::Changed`] when it is another; see [`StorageError`].
    pub async fn import(
        &self,
        life: Life,
        file: Arc<File>,
        seen: Option<FormStand>,
        now_ms: i64,
        on: impl Fn(usize) + Send + 'static,
    ) -> Result<NodeStand, StorageError> {
        let work = move |tx: &mut dyn Transaction| import::import(tx, life, &file, seen, now_ms, &on);
        let (stand, newest) = self.write(work).await?;
        self.grew(newest);
        Ok(stand)
    }

    /// All rows of a node's form, by key.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn rows(&self, ceid: Ceid, form: &'static Form) -> Result<Vec<Row>, StorageError> {
        self.look(move |tx| tx.rows(ceid, form, None, None)).await
    }

    /// One row as it is kept.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn row(&self, ceid: Ceid, form: &'static Form, key: Key) -> Result<Option<Row>, StorageError> {
        self.look(move |tx| tx.row(ceid, form, &key)).await
    }

    /// Changes after a number, in their order, so many at most; fewer where the log ends.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn changes(&self, after: u64, most: usize) -> Result<Vec<Logged>, StorageError> {
        self.look(move |tx| log::after(tx, after, most)).await
    }

    /// Changes up to this one are not in the log any more.
    #[must_use]
    pub fn pruned(&self) -> u64 {
        self.0.pruned.load(Ordering::Relaxed)
    }

    /// Drops the oldest changes where there are more than `keep`.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn prune(&self, keep: u64) -> Result<(), StorageError> {
        let up_to = self.0.newest.borrow().saturating_sub(keep);
        if up_to <= self.pruned() {
            return Ok(());
        }
        self.write(move |tx| log::prune(tx, up_to)).await?;
        self.0.pruned.fetch_max(up_to, Ordering::Relaxed);
        Ok(())
    }

    /// Keeps what a session wants to hear of.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn subscribe(&self, trigger: KeptTrigger) -> Result<(), StorageError> {
        self.write(move |tx| log::subscribe(tx, &trigger)).await
    }

    /// It does not want to any more.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn unsubscribe(&self, id: u64) -> Result<(), StorageError> {
        self.write(move |tx| log::unsubscribe(tx, id)).await
    }

    /// What all sessions want to hear of. Blocks.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn kept_triggers(&self) -> Result<Vec<KeptTrigger>, StorageError> {
        self.look_blocking(|tx| log::subscriptions(tx))
    }

    /// Keeps where a session's notifications are handed over.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn keep_handler(&self, handler: KeptHandler) -> Result<(), StorageError> {
        self.write(move |tx| log::handler(tx, &handler)).await
    }

    /// They are not any more.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn forget_handler(&self, owner: String) -> Result<(), StorageError> {
        self.write(move |tx| log::no_handler(tx, &owner)).await
    }

    /// All of them. Blocks.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn kept_handlers(&self) -> Result<Vec<KeptHandler>, StorageError> {
        self.look_blocking(|tx| log::handlers(tx))
    }

    /// Runs a statement of an application on a connection that cannot write; `kinds` are those of its columns.
    ///
    /// # Errors
    /// See [`SelectError`].
    pub async fn select(
        &self,
        statement: Rendered,
        kinds: Vec<schemas::data::sql::Type>,
    ) -> Result<Vec<Vec<Cell>>, SelectError> {
        let _place = self.0.waiting.try_acquire().map_err(|_| SelectError::Busy)?;
        let turn = tokio::time::timeout(STATEMENT, self.0.readers.acquire());
        let _turn = turn.await.map_err(|_| SelectError::Busy)?.map_err(|_| SelectError::Busy)?;
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || match &store.0.backend {
            Backend::Sqlite(database) => database.select(&statement, &kinds),
            #[cfg(feature = "postgres")]
            Backend::Postgres(database) => database.select(&statement, &kinds),
        });
        done.await.unwrap_or(Err(SelectError::Storage(StorageError::Lost)))
    }
}
