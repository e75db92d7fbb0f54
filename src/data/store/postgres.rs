//! The copies in the gateway's PostgreSQL database: one connection writes, others are in transactions that cannot, be it for
//! applications or the gateway.
//!
//! Rows travel as JSON, in one value for a page: the server takes them apart, and puts them together. Statements of
//! applications are bounded by the server: in time, in what they may do, and in memory for sorting; what they may say at all
//! is decided before (`schemas::data::sql`).

use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use diesel::pg::{Pg, PgRowByRowLoadingMode};
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, sql_query};
use schemas::data::sql::tables::{self as form_tables, NODE};
use schemas::data::sql::{Bind, Dialect, Rendered, Type};
use schemas::data::{Form, Key, Kind, Row, Value};
use schemas::domain::Ceid;
use serde_json::Value as Json;

use super::{Cell, LARGEST_ANSWER, Reading, STATEMENT, SelectError, Transaction, tables};
use crate::storage::{DbConnection, Options, StorageError};

/// Memory of a server's worker for sorting and joining.
const WORK_MEM: &str = "16MB";

pub(super) struct Database {
    options: Options,
    writer: Mutex<Option<PgConnection>>,
    /// Those that nobody uses; as many as there are turns.
    readers: Mutex<Vec<PgConnection>>,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(options: &Options) -> Result<PgConnection, StorageError> {
    match crate::storage::connect(options)? {
        DbConnection::Postgres(connection) => Ok(connection),
        DbConnection::Sqlite(_) => Err(StorageError::Lost),
    }
}

type Query = BoxedSqlQuery<'static, Pg, SqlQuery>;

fn query(statement: &str, values: &[Value]) -> Query {
    let query = sql_query(statement).into_boxed::<Pg>();
    values.iter().fold(query, |query, value| match value {
        Value::Null => query.bind::<Nullable<Text>, _>(None::<String>),
        Value::Boolean(value) => query.bind::<Bool, _>(*value),
        Value::Integer(number) => query.bind::<BigInt, _>(*number),
        Value::Text(text) => query.bind::<Text, _>(text.clone()),
    })
}

/// Its rows as JSON objects, in their order.
fn lines(statement: &str) -> String {
    format!("SELECT row_to_json(q)::text AS line FROM ({statement}) AS q")
}

fn read_line(line: &str) -> Result<Json, StorageError> {
    serde_json::from_str(line).map_err(|_| StorageError::Damaged("a row is no JSON".into()))
}

impl Database {
    pub(super) fn open(options: &Options, readers: usize) -> Result<Self, StorageError> {
        let mut writer = connect(options)?;
        writer.transaction(|connection| {
            // Two gateways that begin at once would both make the tables.
            sql_query("SELECT pg_advisory_xact_lock(7301)").execute(connection)?;
            for statement in form_tables::create(Dialect::Postgres).iter().chain(&tables::create(Dialect::Postgres)) {
                sql_query(statement.as_str()).execute(connection)?;
            }
            Ok::<_, StorageError>(())
        })?;
        let readers = (0..readers).map(|_| connect(options)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { options: options.clone(), writer: Some(writer).into(), readers: readers.into() })
    }

    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&mut dyn Transaction) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut writer = lock(&self.writer);
        let mut connection = match writer.take() {
            Some(connection) => connection,
            None => connect(&self.options)?,
        };
        let done = connection.transaction(|connection| {
            // Numbers of the log are seen in their order: one writes at a time, be it another gateway.
            sql_query("LOCK TABLE sync_change IN EXCLUSIVE MODE").execute(connection)?;
            work(&mut Tx(connection))
        });
        // What was lost is made anew by the next one.
        if !matches!(done, Err(StorageError::Unreachable(_))) {
            *writer = Some(connection);
        }
        done
    }

    /// One that nobody uses; anew where one was lost.
    fn reader(&self) -> Result<PgConnection, StorageError> {
        let free = lock(&self.readers).pop();
        free.map_or_else(|| connect(&self.options), Ok)
    }

    /// Where the server was away the others are lost with this one, and nobody finds that out one by one.
    fn put_back(&self, connection: PgConnection, error: Option<&StorageError>) {
        let mut readers = lock(&self.readers);
        match error {
            Some(StorageError::Unreachable(_)) => readers.clear(),
            _ => readers.push(connection),
        }
    }

    pub(super) fn look<T>(
        &self,
        work: impl FnOnce(&mut dyn Reading) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut connection = self.reader()?;
        let mut transaction = connection.build_transaction().read_only().repeatable_read();
        let seen = transaction.run(|connection| work(&mut Tx(connection)));
        self.put_back(connection, seen.as_ref().err());
        seen
    }

    pub(super) fn select(&self, statement: &Rendered, kinds: &[Type]) -> Result<Vec<Vec<Cell>>, SelectError> {
        let mut connection = self.reader()?;
        let answer: Result<(Vec<String>, usize), diesel::result::Error> =
            connection.build_transaction().read_only().run(|connection| {
                sql_query(format!(
                    "SELECT set_config('statement_timeout', '{}', true), set_config('work_mem', '{WORK_MEM}', true), \
                 set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true)",
                    STATEMENT.as_millis()
                ))
                .execute(connection)?;
                let query =
                    statement.binds.iter().fold(sql_query(lines(&statement.sql)).into_boxed::<Pg>(), |query, bind| {
                        match bind {
                            Bind::Integer(number) => query.bind::<BigInt, _>(*number),
                            Bind::Text(text) => query.bind::<Text, _>(text.clone()),
                        }
                    });
                // Row by row: what is too much is not held.
                let (mut lines, mut size) = (Vec::new(), 0);
                for line in query.load_iter::<Line, PgRowByRowLoadingMode>(connection)? {
                    let line = line?.line;
                    size += line.len();
                    if size <= LARGEST_ANSWER {
                        lines.push(line);
                    }
                }
                Ok((lines, size))
            });
        let (lines, size) = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let cancelled = error.to_string().contains("statement timeout");
                let error = StorageError::from(error);
                self.put_back(connection, Some(&error));
                return Err(if cancelled { SelectError::TooSlow } else { error.into() });
            }
        };
        self.put_back(connection, None);
        if size > LARGEST_ANSWER {
            return Err(SelectError::TooMuch);
        }
        lines.iter().map(|line| cells(line, kinds).map_err(SelectError::from)).collect()
    }
}

/// The columns of an answer are c0, c1, … .
fn cells(line: &str, kinds: &[Type]) -> Result<Vec<Cell>, StorageError> {
    let row = read_line(line)?;
    let cell = |(at, kind): (usize, &Type)| match (row.get(format!("c{at}")), kind) {
        (None | Some(Json::Null), _) => Some(Cell::Null),
        (Some(Json::Bool(value)), _) => Some(Cell::Boolean(*value)),
        (Some(Json::Number(number)), Type::Real) => number.as_f64().map(Cell::Real),
        (Some(Json::Number(number)), _) => number.as_i64().map(Cell::Integer),
        (Some(Json::String(text)), _) => Some(Cell::Text(text.clone())),
        _ => None,
    };
    let cells = kinds.iter().enumerate().map(cell).collect::<Option<Vec<_>>>();
    cells.ok_or_else(|| StorageError::Damaged("an answer is of another type".into()))
}

struct Tx<'a>(&'a mut PgConnection);

impl Tx<'_> {
    fn load(&mut self, statement: &str, values: &[Value]) -> Result<Vec<Json>, StorageError> {
        let found: Vec<Line> = query(&lines(statement), values).load(self.0)?;
        found.iter().map(|line| read_line(&line.line)).collect()
    }

    fn form_rows(&mut self, statement: &str, form: &'static Form, values: &[Value]) -> Result<Vec<Row>, StorageError> {
        let rows = self.load(statement, values)?;
        let damaged = |_| StorageError::Damaged(format!("a row of {} is not as the form says", form.name));
        rows.iter().map(|row| form.read(row).map_err(damaged)).collect()
    }
}

fn number(ceid: Ceid) -> Value {
    Value::Integer(ceid.get().into())
}

/// `"name" TEXT, …` of these columns, as a server takes a list of objects apart.
fn typed(form: &Form, columns: impl Iterator<Item = usize>) -> String {
    columns.fold(String::new(), |mut text, at| {
        let column = &form.columns[at];
        let kind = match column.kind {
            Kind::Boolean => "BOOLEAN",
            Kind::Integer { .. } => "BIGINT",
            Kind::Text { .. } | Kind::Word(_) => "TEXT",
        };
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}\"{}\" {kind}", column.name); // a text takes everything
        text
    })
}

impl Reading for Tx<'_> {
    fn rows(
        &mut self,
        ceid: Ceid,
        form: &'static Form,
        after: Option<&Key>,
        until: Option<&Key>,
    ) -> Result<Vec<Row>, StorageError> {
        let statement = form_tables::select_range(form, Dialect::Postgres, after.is_some(), until.is_some());
        let keys = after.into_iter().chain(until).flatten();
        let values: Vec<Value> =
            std::iter::once(number(ceid)).chain(keys.cloned()).chain([Value::Integer(i64::MAX)]).collect();
        self.form_rows(&statement, form, &values)
    }

    fn row(&mut self, ceid: Ceid, form: &'static Form, key: &Key) -> Result<Option<Row>, StorageError> {
        let values: Vec<Value> = std::iter::once(number(ceid)).chain(key.iter().cloned()).collect();
        Ok(self.form_rows(&tables::select_row(form), form, &values)?.pop())
    }

    fn read(&mut self, statement: &str, values: &[Value], columns: usize) -> Result<Vec<Vec<Value>>, StorageError> {
        let names = (0..columns).map(|at| format!("c{at}")).collect::<Vec<_>>().join(", ");
        // `AS q(c0, c1, …)` names the columns, whatever the statement calls them.
        let statement =
            format!("SELECT row_to_json(q)::text AS line FROM (SELECT * FROM ({statement}) AS s({names})) AS q");
        let found: Vec<Line> = query(&statement, values).load(self.0)?;
        let value = |json: Option<&Json>| match json {
            None | Some(Json::Null) => Some(Value::Null),
            Some(Json::Bool(value)) => Some(Value::Boolean(*value)),
            Some(Json::Number(number)) => number.as_i64().map(Value::Integer),
            Some(Json::String(text)) => Some(Value::Text(text.clone())),
            Some(_) => None,
        };
        let damaged = || StorageError::Damaged("bookkeeping of another type".into());
        let row = |line: &Line| {
            let json = read_line(&line.line)?;
            let values = (0..columns).map(|at| value(json.get(format!("c{at}"))));
            values.collect::<Option<Vec<_>>>().ok_or_else(damaged)
        };
        found.iter().map(row).collect()
    }
}

impl Transaction for Tx<'_> {
    fn put(&mut self, ceid: Ceid, form: &'static Form, rows: &[&Row]) -> Result<(), StorageError> {
        let all = || 0..form.columns.len();
        let names = |of: &mut dyn Iterator<Item = usize>| {
            of.map(|at| format!("\"{}\"", form.columns[at].name)).collect::<Vec<_>>().join(", ")
        };
        let others = all().filter(|at| !form.columns[*at].key);
        let set: Vec<_> =
            others.map(|at| form.columns[at].name).map(|n| format!("\"{n}\" = excluded.\"{n}\"")).collect();
        let statement = format!(
            "INSERT INTO \"da_{table}\" (\"{NODE}\", {columns}) SELECT $1, {columns} \
             FROM jsonb_to_recordset(CAST($2 AS jsonb)) AS r({typed}) \
             ON CONFLICT (\"{NODE}\", {keys}) DO UPDATE SET {set}",
            table = form.name,
            columns = names(&mut all()),
            typed = typed(form, all()),
            keys = names(&mut form.keys()),
            set = set.join(", "),
        );
        let list = Json::Array(rows.iter().map(|row| form.write(row)).collect());
        query(&statement, &[number(ceid), Value::Text(list.to_string())]).execute(self.0)?;
        Ok(())
    }

    fn remove(&mut self, ceid: Ceid, form: &'static Form, keys: &[Key]) -> Result<(), StorageError> {
        let same: Vec<_> =
            form.keys().map(|at| form.columns[at].name).map(|name| format!("t.\"{name}\" = r.\"{name}\"")).collect();
        let statement = format!(
            "DELETE FROM \"da_{table}\" AS t USING jsonb_to_recordset(CAST($2 AS jsonb)) AS r({typed}) \
             WHERE t.\"{NODE}\" = $1 AND {same}",
            table = form.name,
            typed = typed(form, form.keys()),
            same = same.join(" AND "),
        );
        let named = |key: &Key| {
            let values = form.keys().zip(key).map(|(at, value)| (form.columns[at].name.to_owned(), value.to_json()));
            Json::Object(values.collect())
        };
        let list = Json::Array(keys.iter().map(named).collect());
        query(&statement, &[number(ceid), Value::Text(list.to_string())]).execute(self.0)?;
        Ok(())
    }

    fn run(&mut self, statement: &str, values: &[Value]) -> Result<(), StorageError> {
        query(statement, values).execute(self.0)?;
        Ok(())
    }
}
