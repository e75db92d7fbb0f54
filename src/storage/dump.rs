//! All rows of the database as lines of JSON, and back: what a backup has in it. The same for either database, so that a
//! backup of one is restored into the other.
//!
//! Columns are those that the database itself names; tables are named here, parents before their children.

use std::fmt::Write as _;

use diesel::RunQueryDsl as _;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use serde_json::{Map, Value};

use super::connection::DbConnection;
use super::error::StorageError;
use super::vault::Vault;
use super::{migrations, node};

/// It has logins, which are sealed with the key of one database.
const NODE: &str = "node";

/// What is kept, parents first.
pub(super) const TABLES: &[&str] = &[
    "setting",
    "application",
    NODE,
    "account",
    "api_token",
    "integration_user",
    "integration_token",
    "ui_language",
    "audit",
    "certs_member",
    "certs_request",
    "certs_entry",
    "certs_certificate",
    "certs_mail",
    "certs_acl",
    "licence_grant",
];

/// Rows of a backup.
const MOST_ROWS: usize = 2_000_000;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Flag,
}

#[derive(diesel::QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The migrations that the database has, in their order.
///
/// # Errors
/// See [`StorageError`].
pub fn version(connection: &mut DbConnection) -> Result<Vec<String>, StorageError> {
    Ok(migrations::status(connection)?.into_iter().filter(|step| step.applied).map(|step| step.name).collect())
}

/// Every row, a line each: `["table", {"column": value, …}]`. Logins of nodes are in clear in it.
///
/// # Errors
/// See [`StorageError`].
pub fn read(connection: &mut DbConnection, vault: &Vault) -> Result<String, StorageError> {
    let mut out = String::new();
    for table in TABLES {
        let columns = columns(connection, table)?;
        let parts: Vec<_> = columns.iter().map(|(name, _)| format!("'{name}', \"{name}\"")).collect();
        let query = match connection {
            DbConnection::Sqlite(_) => format!("SELECT json_object({}) AS line FROM \"{table}\"", parts.join(", ")),
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(_) => {
                format!("SELECT json_build_object({})::text AS line FROM \"{table}\"", parts.join(", "))
            }
        };
        for Line { line } in diesel::sql_query(query).load::<Line>(connection)? {
            let invalid = |_| StorageError::invalid(*table, "a row cannot be read");
            let mut row: Map<String, Value> = serde_json::from_str(&line).map_err(invalid)?;
            for (name, kind) in &columns {
                // SQLite's truth is a number.
                if *kind == Kind::Flag
                    && let Some(value) = row.get_mut(name)
                    && let Some(number) = value.as_i64()
                {
                    *value = Value::from(number != 0);
                }
            }
            if *table == NODE {
                node::carried(vault, &mut row, true)?;
            }
            writeln!(out, "{}", Value::from(vec![Value::from(*table), Value::Object(row)]))
                .map_err(|_| StorageError::Lost)?;
        }
    }
    Ok(out)
}

/// Puts these rows in the place of all that there are; within a transaction of the caller's.
///
/// # Errors
/// [`StorageError::Invalid`] when they are none of this database; see [`StorageError`]. Then the transaction is to be left.
pub fn replace(connection: &mut DbConnection, vault: &Vault, lines: &str) -> Result<usize, StorageError> {
    for table in TABLES.iter().rev() {
        diesel::sql_query(format!("DELETE FROM \"{table}\"")).execute(connection)?;
    }
    let invalid = |fault: &str| StorageError::invalid("the backup", fault);
    let (mut rows, mut at) = (0, 0);
    let mut shape: Option<(&str, Vec<(String, Kind)>)> = None;
    for line in lines.lines() {
        let (table, mut row): (String, Map<String, Value>) =
            serde_json::from_str(line).map_err(|_| invalid("a line of it cannot be read"))?;
        let place = TABLES.iter().position(|own| *own == table).ok_or_else(|| invalid("it has a table of another"))?;
        if place < at {
            return Err(invalid("its tables are not in their order"));
        }
        at = place;
        if shape.as_ref().is_none_or(|(own, _)| *own != TABLES[place]) {
            shape = Some((TABLES[place], columns(connection, TABLES[place])?));
        }
        let Some((table, columns)) = &shape else { continue };
        if *table == NODE {
            node::carried(vault, &mut row, false)?;
        }
        insert(connection, table, columns, &row)?;
        rows += 1;
        if rows > MOST_ROWS {
            return Err(invalid("it has too many rows"));
        }
    }
    Ok(rows)
}

fn columns(connection: &mut DbConnection, table: &str) -> Result<Vec<(String, Kind)>, StorageError> {
    let query = match connection {
        DbConnection::Sqlite(_) => format!("SELECT name, upper(type) AS kind FROM pragma_table_info('{table}')"),
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(_) => format!(
            "SELECT column_name::text AS name, upper(data_type)::text AS kind FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = '{table}' ORDER BY ordinal_position"
        ),
    };
    let kind = |Column { name, kind }: Column| match kind.as_str() {
        "TEXT" | "CHARACTER VARYING" => Ok((name, Kind::Text)),
        "BIGINT" | "INTEGER" => Ok((name, Kind::Number)),
        "BOOLEAN" => Ok((name, Kind::Flag)),
        _ => Err(StorageError::invalid(table, "has a column of a type that no backup has")),
    };
    diesel::sql_query(query).load::<Column>(connection)?.into_iter().map(kind).collect()
}

fn insert(
    connection: &mut DbConnection,
    table: &str,
    columns: &[(String, Kind)],
    row: &Map<String, Value>,
) -> Result<(), StorageError> {
    if row.len() != columns.len() || columns.iter().any(|(name, _)| !row.contains_key(name)) {
        return Err(StorageError::invalid("the backup", "a row has other columns"));
    }
    let names: Vec<_> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let query = |mark: &dyn Fn(usize) -> String| {
        let marks: Vec<_> = (1..=columns.len()).map(mark).collect();
        format!("INSERT INTO \"{table}\" ({}) VALUES ({})", names.join(", "), marks.join(", "))
    };
    macro_rules! bound {
        ($connection:expr, $backend:ty, $query:expr) => {{
            let mut query = diesel::sql_query($query).into_boxed::<$backend>();
            for (name, kind) in columns {
                let value = &row[name];
                let wrong = || StorageError::invalid("the backup", "a value is of another type");
                query = match (kind, value) {
                    (Kind::Text, Value::Null) => query.bind::<Nullable<Text>, _>(None::<String>),
                    (Kind::Text, Value::String(text)) => query.bind::<Nullable<Text>, _>(Some(text.clone())),
                    (Kind::Number, Value::Null) => query.bind::<Nullable<BigInt>, _>(None::<i64>),
                    (Kind::Number, Value::Number(number)) => {
                        query.bind::<Nullable<BigInt>, _>(Some(number.as_i64().ok_or_else(wrong)?))
                    }
                    (Kind::Flag, Value::Null) => query.bind::<Nullable<Bool>, _>(None::<bool>),
                    (Kind::Flag, Value::Bool(flag)) => query.bind::<Nullable<Bool>, _>(Some(*flag)),
                    _ => return Err(wrong()),
                };
            }
            query.execute($connection)
        }};
    }
    let inserted = match connection {
        DbConnection::Sqlite(connection) => bound!(connection, diesel::sqlite::Sqlite, query(&|_| "?".into())),
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(connection) => bound!(connection, diesel::pg::Pg, query(&|n| format!("${n}"))),
    };
    inserted.map(drop).map_err(StorageError::from)
}
