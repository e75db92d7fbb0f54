//! A connection to whichever database it is, and how the pool makes, tests and drops one.
//!
//! Diesel's derive chooses by trying one database after the other, which hides what a server said; here the URL chooses.

use std::time::{Duration, Instant};
#[cfg(unix)]
use std::{fs, os::unix::fs::OpenOptionsExt as _};

use diesel::connection::{Connection as _, SimpleConnection as _, TransactionManager};
use diesel::r2d2::ManageConnection;
use diesel::{MultiConnection, RunQueryDsl as _, SqliteConnection};

use super::error::StorageError;
use super::place::Place;

/// A connection; queries through it are the same for either database.
#[derive(MultiConnection)]
pub enum DbConnection {
    Sqlite(SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(diesel::PgConnection),
}

impl DbConnection {
    /// Runs work that writes: as a whole or not at all, and never beside another writer, be it of another gateway.
    /// So what it has read is still so when it writes. Readers are not disturbed.
    ///
    /// # Errors
    /// Those of the work; [`StorageError::Busy`] when another writer does not come to an end.
    pub fn write<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, StorageError>) -> Result<T, StorageError> {
        self.transaction(|connection| {
            // The table is there before any other. SQLite: a transaction that begins by reading could not wait for its
            // turn to write. PostgreSQL: readers of rows do not mind this lock.
            let turn = match connection {
                Self::Sqlite(_) => "DELETE FROM __diesel_schema_migrations WHERE version = ''",
                #[cfg(feature = "postgres")]
                Self::Postgres(_) => "LOCK TABLE __diesel_schema_migrations IN EXCLUSIVE MODE",
            };
            diesel::sql_query(turn).execute(connection)?;
            work(connection)
        })
    }

    /// Runs work that reads several things as they are at one moment.
    ///
    /// # Errors
    /// Those of the work.
    pub fn read_whole<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        self.transaction(|connection| {
            #[cfg(feature = "postgres")]
            if let Self::Postgres(_) = connection {
                diesel::sql_query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").execute(connection)?;
            }
            work(connection)
        })
    }

    fn is_broken(&mut self) -> bool {
        <Self as diesel::Connection>::TransactionManager::is_broken_transaction_manager(self)
    }
}

/// Between two tries to set the mode of a file that others open, too.
const MODE_AGAIN: Duration = Duration::from_millis(5);

/// How the pool makes connections.
#[derive(Debug, Clone)]
pub(super) struct Connect {
    pub(super) place: Place,
    /// How long one waits for a server, or for another writer.
    pub(super) wait: Duration,
    /// How long a server may take for one statement; SQLite cannot be told.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "of servers alone"))]
    pub(super) statement_ms: u64,
}

impl Connect {
    pub(super) fn connect(&self) -> Result<DbConnection, StorageError> {
        match &self.place {
            Place::Memory => self.sqlite(":memory:"),
            Place::File(file) => {
                let path = file.to_str().ok_or(StorageError::Url("the file's path is not text"))?;
                make_file(file)?;
                self.sqlite(path)
            }
            #[cfg(feature = "postgres")]
            Place::Postgres(url) => {
                use secrecy::ExposeSecret as _;
                let limited = super::place::with_limits(url, self.wait, self.statement_ms);
                let limited = limited.ok_or(StorageError::Url("is not a well-formed URL"))?;
                let connection = diesel::PgConnection::establish(limited.expose_secret());
                connection.map(DbConnection::Postgres).map_err(|error| {
                    let told = super::place::without_secrets(&error.to_string(), url);
                    StorageError::Unreachable(format!("{}: {told}", self.place.label()))
                })
            }
            #[cfg(not(feature = "postgres"))]
            Place::Postgres(_) => Err(StorageError::Url("this program was built without PostgreSQL")),
        }
    }

    fn sqlite(&self, path: &str) -> Result<DbConnection, StorageError> {
        let mut connection = SqliteConnection::establish(path)
            .map_err(|error| StorageError::Unreachable(format!("{}: {error}", self.place.label())))?;
        // The time to wait comes first: to change the journal's mode takes a lock, too.
        let wait_ms = self.wait.as_millis();
        connection.batch_execute(&format!("PRAGMA busy_timeout = {wait_ms}; PRAGMA foreign_keys = ON;"))?;
        let until = Instant::now() + self.wait;
        while let Err(error) = connection.batch_execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;") {
            match StorageError::from(error) {
                // A file that may only be read is no reason not to read it.
                StorageError::ReadOnly(_) => break,
                // Of those who open a new file at once SQLite lets one set the mode, and the others do not wait for it.
                StorageError::Busy(_) if Instant::now() < until => std::thread::sleep(MODE_AGAIN),
                other => return Err(other),
            }
        }
        Ok(DbConnection::Sqlite(connection))
    }
}

/// The file, where there is none.
///
/// # Errors
/// [`StorageError::Unreachable`].
pub(crate) fn make_file(file: &std::path::Path) -> Result<(), StorageError> {
    let unreachable = |error: std::io::Error| StorageError::Unreachable(format!("{}: {error}", file.display()));
    if file.exists() { Ok(()) } else { make(file).map_err(unreachable) }
}

/// The file and its folder, for the gateway's user alone: hashes and logins are in it.
fn make(file: &std::path::Path) -> std::io::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        use std::os::unix::fs::DirBuilderExt as _;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        // Another process was first.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

impl ManageConnection for Connect {
    type Connection = DbConnection;
    type Error = StorageError;

    fn connect(&self) -> Result<DbConnection, StorageError> {
        Self::connect(self)
    }

    fn is_valid(&self, connection: &mut DbConnection) -> Result<(), StorageError> {
        match connection {
            // There is nobody on the other side.
            DbConnection::Sqlite(_) => Ok(()),
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(_) => Ok(diesel::sql_query("SELECT 1").execute(connection).map(drop)?),
        }
    }

    fn has_broken(&self, connection: &mut DbConnection) -> bool {
        // What is in memory would be gone with its connection.
        !matches!(self.place, Place::Memory) && (std::thread::panicking() || connection.is_broken())
    }
}
