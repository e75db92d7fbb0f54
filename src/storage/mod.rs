//! The database: applications, nodes, accounts, users of integrations, settings and the audit log, in SQLite (with the
//! program) or PostgreSQL.
//!
//! A file for each table. Everything blocks, so it runs on threads of its own: [`Storage::with`] and [`Storage::write`]
//! take work there and wait for it, bounded in number and time. No actor knows of it. What the gateway does with what is
//! read is `app`'s; the live events of sessions are the journal's, not kept here.

pub mod account;
pub mod api_token;
pub mod application;
pub mod audit;
pub mod certs;
pub mod change;
pub mod changed_settings;
mod connection;
pub mod dump;
mod error;
mod import;
pub mod licence_grant;
mod lockout;
mod migrations;
pub mod node;
mod place;
mod schema;
pub mod setting;
#[cfg(test)]
pub(crate) mod tests;
pub mod ui_language;
pub mod user;
pub mod user_token;
pub mod vault;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use diesel::r2d2::Pool;
use tokio::sync::Semaphore;

pub use self::change::{By, Changes};
use self::connection::Connect;
pub use self::connection::DbConnection;
pub(crate) use self::connection::make_file;
pub use self::error::StorageError;
pub use self::import::{Differs, Known, Plan, Removal};
pub use self::migrations::Step;
pub use self::place::Place;
pub use self::vault::Vault;

/// How a database is used.
#[derive(Debug, Clone)]
pub struct Options {
    pub place: Place,
    /// The file of the key that secrets in it are sealed with; without one, the key is gone with the process.
    pub key_file: Option<PathBuf>,
    /// Connections at a time, and so much work.
    pub connections: u32,
    /// How long work waits for a connection, a connection for a server, and a writer for another.
    pub wait: Duration,
    /// How long a server may take for one statement, in ms.
    pub statement_ms: u64,
}

/// A connection that nobody used for so long is closed; three times as long is the most that one lives.
const IDLE: Duration = Duration::from_secs(600);
/// Work that may wait for a connection; more is refused at once.
const WAITING: usize = 1024;

/// The database, as the gateway reaches it. Cheap to clone.
#[derive(Clone)]
pub struct Storage {
    pool: Pool<Connect>,
    connect: Connect,
    vault: Arc<Vault>,
    wait: Duration,
    turns: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Storage").field(&self.connect.place.label()).finish()
    }
}

impl Storage {
    /// Reaches the database and brings it up to date. Blocks: for the start, before anything is served.
    ///
    /// # Errors
    /// Why it cannot be used; nothing was changed then.
    pub fn open(options: &Options) -> Result<Self, StorageError> {
        let storage = Self::reach(options)?;
        let applied = storage.blocking(migrations::apply)?;
        if !applied.is_empty() {
            tracing::info!(database = storage.label(), migrations = applied.join(", "), "database brought up to date");
        }
        storage.seal()?;
        Ok(storage)
    }

    /// Seals what a database from before there was a key has in clear; the usual start only reads.
    fn seal(&self) -> Result<(), StorageError> {
        if self.blocking(node::has_clear)? {
            let sealed = self.blocking(|connection| connection.write(self.sealing(node::seal)))?;
            tracing::info!(sealed, key = self.vault.label(), "logins of nodes that were in clear are sealed");
        }
        Ok(())
    }

    /// Reaches the database, and leaves its tables as they are. Blocks.
    ///
    /// # Errors
    /// Why it cannot be reached.
    pub fn reach(options: &Options) -> Result<Self, StorageError> {
        let connect = Connect { place: options.place.clone(), wait: options.wait, statement_ms: options.statement_ms };
        let memory = matches!(options.place, Place::Memory);
        // By hand first: the pool would try again and again, and say only that it waited.
        let first = connect.connect()?;
        let vault = Arc::new(Vault::open(options.key_file.as_deref())?);
        // What is in memory belongs to one connection, which must stay.
        let connections = if memory { 1 } else { options.connections.max(1) };
        let stays = (!memory).then_some(IDLE);
        drop(first);
        let pool = Pool::builder()
            .max_size(connections)
            .min_idle(Some(u32::from(memory)))
            .idle_timeout(stays)
            .max_lifetime(stays.map(|stays| stays * 3))
            .connection_timeout(options.wait)
            .error_handler(Box::new(Quiet))
            .build_unchecked(connect.clone());
        let turns = Arc::new(Semaphore::new(connections as usize));
        Ok(Self { pool, connect, vault, wait: options.wait, turns, waiting: Arc::new(Semaphore::new(WAITING)) })
    }

    /// As logs name it.
    #[must_use]
    pub fn label(&self) -> String {
        self.connect.place.label()
    }

    /// Work with what secrets in it are sealed with, for [`Self::with`] and its like.
    pub fn sealing<T, W: FnOnce(&mut DbConnection, &Vault) -> Result<T, StorageError>>(
        &self,
        work: W,
    ) -> impl FnOnce(&mut DbConnection) -> Result<T, StorageError> + use<T, W> {
        let vault = self.vault.clone();
        move |connection| work(connection, &vault)
    }

    /// All nodes, by number; see [`node::all`].
    ///
    /// # Errors
    /// See there.
    pub async fn nodes(&self) -> Result<Vec<node::Kept>, StorageError> {
        self.with(self.sealing(node::all)).await
    }

    /// Does work with a connection, on a thread that may block.
    ///
    /// # Errors
    /// Those of the work; [`StorageError::Busy`] when no connection becomes free in time.
    pub async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut DbConnection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let _place = self.waiting.clone().try_acquire_owned().map_err(|_| FULL)?;
        let turn = tokio::time::timeout(self.wait, self.turns.clone().acquire_owned());
        let turn = turn.await.map_err(|_| FULL)?.map_err(|_| StorageError::Lost)?;
        let storage = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn; // whoever asked may be gone; the thread is taken until the work is done
            storage.blocking(work)
        });
        done.await.unwrap_or(Err(StorageError::Lost))
    }

    /// The same with work that writes; see [`DbConnection::write`].
    ///
    /// # Errors
    /// See there and [`Self::with`].
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut DbConnection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.with(|connection| connection.write(work)).await
    }

    /// Does work with a connection on this thread: for the start and for commands, never on an arbiter that serves.
    ///
    /// # Errors
    /// Those of the work; [`StorageError::Unreachable`] when there is no connection.
    pub fn blocking<T>(
        &self,
        work: impl FnOnce(&mut DbConnection) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut connection = match self.pool.get() {
            Ok(connection) => connection,
            // The pool says only that time is over; why, a connection made by hand does.
            Err(_) if self.pool.state().connections < self.pool.max_size() => {
                return Err(self.connect.connect().err().unwrap_or(FULL));
            }
            Err(_) => return Err(FULL),
        };
        work(&mut connection)
    }

    /// The id of the gateways of this database. Blocks.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn gateway_id(&self, now_ms: i64) -> Result<String, StorageError> {
        let find = |connection: &mut DbConnection| {
            connection.write(|connection| setting::gateway_id(connection, &By::new("gateway", "start"), now_ms))
        };
        match self.blocking(find) {
            // Another gateway was first.
            Err(StorageError::Exists(_)) => self.blocking(find),
            found => found,
        }
    }

    /// Which migrations there are. Blocks.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn migrations(&self) -> Result<Vec<Step>, StorageError> {
        self.blocking(migrations::status)
    }
}

/// A connection beside those of a [`Storage`], to the same database. Blocks.
///
/// # Errors
/// Why there is none.
#[cfg(feature = "postgres")]
pub(crate) fn connect(options: &Options) -> Result<DbConnection, StorageError> {
    let Options { place, wait, statement_ms, .. } = options.clone();
    Connect { place, wait, statement_ms }.connect()
}

const FULL: StorageError = StorageError::Busy("no connection became free in time");

/// The pool's own tries in the background are not logged: whoever waits is told.
#[derive(Debug)]
struct Quiet;

impl diesel::r2d2::HandleError<StorageError> for Quiet {
    fn handle_error(&self, _: StorageError) {}
}
