//! The copies in a SQLite file: one connection writes, others read and cannot write, be it for applications or the gateway.
//!
//! Statements of applications are bounded in time by the progress handler, in what they may do by the connection's mode and an
//! authorizer, and in memory by limits; what they may say at all is decided before (`schemas::data::sql`).

mod temporary;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::{ToSqlOutput, Value as Sqlite, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, params_from_iter};
use schemas::data::sql::{Bind, Dialect, Rendered, Type, tables as form_tables};
use schemas::data::{Form, Key, Kind, Row, Value};
use schemas::domain::Ceid;

use self::temporary::Temporary;
use super::{Cell, LARGEST_ANSWER, Reading, STATEMENT, SelectError, Transaction, tables};
use crate::storage::StorageError;

/// Steps of SQLite's machine between two looks at the clock.
const STEPS: i32 = 10_000;
/// Memory of a reader for pages, in KiB; sorting beyond it goes to files.
const CACHE_KIB: u32 = 8 * 1024;

pub(super) struct Database {
    writer: Mutex<Connection>,
    /// Those that nobody uses; as many as there are turns.
    readers: Mutex<Vec<Connection>>,
    file: PathBuf,
    wait: Duration,
    /// Removed with this.
    _folder: Option<Temporary>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn error(error: rusqlite::Error) -> StorageError {
    let text = match &error {
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        rusqlite::Error::SqliteFailure(code, None) => code.to_string(),
        _ => "a statement could not be run".into(),
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StorageError::Busy("another writer holds it"),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StorageError::Damaged(text),
        Some(ErrorCode::ReadOnly | ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => StorageError::ReadOnly(text),
        Some(ErrorCode::CannotOpen) => StorageError::Unreachable(text),
        _ => StorageError::Refused(text),
    }
}

struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Value::Null => ToSqlOutput::Owned(Sqlite::Null),
            Value::Boolean(value) => ToSqlOutput::Owned(Sqlite::Integer((*value).into())),
            Value::Integer(value) => ToSqlOutput::Owned(Sqlite::Integer(*value)),
            Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

struct BoundBind<'a>(&'a Bind);

impl ToSql for BoundBind<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Bind::Integer(value) => ToSqlOutput::Owned(Sqlite::Integer(*value)),
            Bind::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

fn value(of: ValueRef<'_>) -> Result<Value, StorageError> {
    match of {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Integer(number)),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(_) => Err(StorageError::Damaged("a text is not UTF-8".into())),
        },
        ValueRef::Real(_) | ValueRef::Blob(_) => Err(StorageError::Damaged("a value is of another type".into())),
    }
}

impl Database {
    /// The file, made where there is none.
    pub(super) fn open(file: &Path, readers: usize, wait: Duration) -> Result<Self, StorageError> {
        crate::storage::make_file(file)?;
        Self::reach(file, readers, wait, None)
    }

    /// One that is gone with this value.
    pub(super) fn temporary(readers: usize, wait: Duration) -> Result<Self, StorageError> {
        let folder = Temporary::within(&std::env::temp_dir())
            .map_err(|error| StorageError::Unreachable(format!("a folder for the forms: {error}")))?;
        let file = folder.path().join("forms.db");
        crate::storage::make_file(&file)?;
        Self::reach(&file, readers, wait, Some(folder))
    }

    fn reach(file: &Path, readers: usize, wait: Duration, folder: Option<Temporary>) -> Result<Self, StorageError> {
        let writer = Connection::open(file).map_err(error)?;
        writer.busy_timeout(wait).map_err(error)?;
        // A copy: what a power cut takes is copied again.
        writer
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384;")
            .map_err(error)?;
        writer.set_prepared_statement_cache_capacity(128);
        for statement in form_tables::create(Dialect::Sqlite).iter().chain(&tables::create(Dialect::Sqlite)) {
            writer.execute_batch(statement).map_err(error)?;
        }
        let readers = (0..readers).map(|_| reader(file, wait)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { writer: writer.into(), readers: readers.into(), file: file.to_owned(), wait, _folder: folder })
    }

    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&mut dyn Transaction) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut writer = lock(&self.writer);
        let transaction = writer.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(error)?;
        let done = work(&mut Tx(&transaction))?;
        transaction.commit().map_err(error)?;
        Ok(done)
    }

    /// One that nobody uses; anew where one was lost with a panic.
    fn reader(&self) -> Result<Connection, StorageError> {
        let free = lock(&self.readers).pop();
        free.map_or_else(|| reader(&self.file, self.wait), Ok)
    }

    pub(super) fn look<T>(
        &self,
        work: impl FnOnce(&mut dyn Reading) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut connection = self.reader()?;
        let seen = connection.transaction().map_err(error).and_then(|transaction| work(&mut Tx(&transaction)));
        lock(&self.readers).push(connection);
        seen
    }

    pub(super) fn select(&self, statement: &Rendered, kinds: &[Type]) -> Result<Vec<Vec<Cell>>, SelectError> {
        let connection = self.reader()?;
        let until = Instant::now() + STATEMENT;
        connection.progress_handler(STEPS, Some(move || Instant::now() >= until)).map_err(error)?;
        let answer = run(&connection, statement, kinds);
        connection.progress_handler(0, None::<fn() -> bool>).map_err(error)?;
        lock(&self.readers).push(connection);
        answer
    }
}

/// A connection that cannot write, whatever it is asked.
fn reader(file: &Path, wait: Duration) -> Result<Connection, StorageError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(error)?;
    connection.busy_timeout(wait).map_err(error)?;
    connection
        .execute_batch(&format!(
            "PRAGMA query_only = ON; PRAGMA case_sensitive_like = ON; PRAGMA trusted_schema = OFF; \
             PRAGMA temp_store = FILE; PRAGMA cache_size = -{CACHE_KIB};"
        ))
        .map_err(error)?;
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_LENGTH, 1_000_000),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 1_000_000),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        connection.set_limit(limit, value).map_err(error)?;
    }
    connection
        .authorizer(Some(|asked: AuthContext<'_>| match asked.action {
            AuthAction::Select | AuthAction::Read { .. } | AuthAction::Function { .. } => Authorization::Allow,
            AuthAction::Transaction { .. } => Authorization::Allow, // of what the gateway reads
            _ => Authorization::Deny,
        }))
        .map_err(error)?;
    Ok(connection)
}

fn run(connection: &Connection, statement: &Rendered, kinds: &[Type]) -> Result<Vec<Vec<Cell>>, SelectError> {
    let failed = |failed: rusqlite::Error| match failed.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => SelectError::TooSlow,
        Some(ErrorCode::TooBig) => SelectError::TooMuch,
        _ => SelectError::Storage(error(failed)),
    };
    let mut prepared = connection.prepare(&statement.sql).map_err(failed)?;
    let mut rows = prepared.query(params_from_iter(statement.binds.iter().map(BoundBind))).map_err(failed)?;
    let (mut answer, mut size) = (Vec::new(), 0);
    while let Some(row) = rows.next().map_err(failed)? {
        let mut cells = Vec::with_capacity(kinds.len());
        for (at, kind) in kinds.iter().enumerate() {
            let cell = match (row.get_ref(at).map_err(failed)?, kind) {
                (ValueRef::Null, _) => Cell::Null,
                (ValueRef::Integer(number), Type::Boolean) => Cell::Boolean(number != 0),
                (ValueRef::Integer(number), Type::Real) => Cell::Real(number as f64),
                (ValueRef::Integer(number), _) => Cell::Integer(number),
                (ValueRef::Real(number), _) => Cell::Real(number),
                (ValueRef::Text(text), _) => {
                    size += text.len();
                    Cell::Text(String::from_utf8_lossy(text).into_owned())
                }
                (ValueRef::Blob(_), _) => return Err(StorageError::Damaged("a value is of another type".into()).into()),
            };
            cells.push(cell);
        }
        size += cells.len() * size_of::<Cell>();
        if size > LARGEST_ANSWER {
            return Err(SelectError::TooMuch);
        }
        answer.push(cells);
    }
    Ok(answer)
}

struct Tx<'a>(&'a rusqlite::Transaction<'a>);

impl Tx<'_> {
    fn form_rows(&self, statement: &str, form: &'static Form, values: &[&Value]) -> Result<Vec<Row>, StorageError> {
        let mut prepared = self.0.prepare_cached(statement).map_err(error)?;
        let mut found = prepared.query(params_from_iter(values.iter().map(|value| Bound(value)))).map_err(error)?;
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(error)? {
            let read = form.columns.iter().enumerate().map(|(at, column)| {
                let read = value(row.get_ref(at).map_err(error)?)?;
                Ok(match (read, column.kind) {
                    (Value::Integer(number), Kind::Boolean) => Value::Boolean(number != 0),
                    (value, _) => value,
                })
            });
            rows.push(Row(read.collect::<Result<_, StorageError>>()?));
        }
        Ok(rows)
    }
}

fn number(ceid: Ceid) -> Value {
    Value::Integer(ceid.get().into())
}

impl Reading for Tx<'_> {
    fn rows(
        &mut self,
        ceid: Ceid,
        form: &'static Form,
        after: Option<&Key>,
        until: Option<&Key>,
    ) -> Result<Vec<Row>, StorageError> {
        let statement = form_tables::select_range(form, Dialect::Sqlite, after.is_some(), until.is_some());
        let node = number(ceid);
        let all = Value::Integer(i64::MAX);
        let keys = after.into_iter().chain(until).flatten();
        let values: Vec<&Value> = std::iter::once(&node).chain(keys).chain([&all]).collect();
        self.form_rows(&statement, form, &values)
    }

    fn row(&mut self, ceid: Ceid, form: &'static Form, key: &Key) -> Result<Option<Row>, StorageError> {
        let statement = tables::select_row(form).replace('$', "?");
        let node = number(ceid);
        let values: Vec<&Value> = std::iter::once(&node).chain(key).collect();
        Ok(self.form_rows(&statement, form, &values)?.pop())
    }

    fn read(&mut self, statement: &str, values: &[Value], columns: usize) -> Result<Vec<Vec<Value>>, StorageError> {
        let mut prepared = self.0.prepare_cached(&statement.replace('$', "?")).map_err(error)?;
        let mut found = prepared.query(params_from_iter(values.iter().map(Bound))).map_err(error)?;
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(error)? {
            let read = (0..columns).map(|at| value(row.get_ref(at).map_err(error)?));
            rows.push(read.collect::<Result<_, StorageError>>()?);
        }
        Ok(rows)
    }
}

impl Transaction for Tx<'_> {
    fn put(&mut self, ceid: Ceid, form: &'static Form, rows: &[&Row]) -> Result<(), StorageError> {
        let mut prepared = self.0.prepare_cached(&form_tables::upsert(form, Dialect::Sqlite)).map_err(error)?;
        let node = number(ceid);
        for row in rows {
            let values = std::iter::once(&node).chain(&row.0).map(Bound);
            prepared.execute(params_from_iter(values)).map_err(error)?;
        }
        Ok(())
    }

    fn remove(&mut self, ceid: Ceid, form: &'static Form, keys: &[Key]) -> Result<(), StorageError> {
        let mut prepared = self.0.prepare_cached(&form_tables::delete(form, Dialect::Sqlite)).map_err(error)?;
        let node = number(ceid);
        for key in keys {
            prepared.execute(params_from_iter(std::iter::once(&node).chain(key).map(Bound))).map_err(error)?;
        }
        Ok(())
    }

    fn run(&mut self, statement: &str, values: &[Value]) -> Result<(), StorageError> {
        let mut prepared = self.0.prepare_cached(&statement.replace('$', "?")).map_err(error)?;
        prepared.execute(params_from_iter(values.iter().map(Bound))).map_err(error)?;
        Ok(())
    }
}
