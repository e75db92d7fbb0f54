//! The databases that data access is measured on, and what each does by itself.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl as _, sql_query};
use reqwest::Url;
use rusqlite::{Connection as Sqlite, params_from_iter, types::Value as SqliteValue};
use schemas::data::sql::{Dialect, tables};
use schemas::data::{FORMS, Row, Value};
use secrecy::{ExposeSecret as _, SecretString};

use crate::commands::bench::report::Figure;
use crate::sim::listen::RunningNode;
use crate::storage::{Options, Place, Storage};

/// What is read over HTTP, as a client of the database says it of the first node.
const SELECT: &str = "SELECT number, name, device_id, device_type, cos, hot_desk FROM da_phones WHERE _ceid = 1 \
                      ORDER BY number LIMIT 1000";
const SELECTED: usize = 1000;

/// Which one.
pub(super) enum Database {
    /// SQLite, in files of this folder.
    File(PathBuf),
    /// A server of PostgreSQL, in databases of our own; files beside them are in this folder.
    Server(SecretString, PathBuf),
}

/// An empty database; a server's is removed with it.
pub(super) struct Fresh {
    url: SecretString,
    place: Place,
    key_file: PathBuf,
    folder: PathBuf,
    /// Of a server: its own database, and the name of this one.
    of: Option<(Place, String)>,
}

fn options(place: Place, key_file: PathBuf) -> Options {
    let (wait, key_file) = (Duration::from_secs(5), Some(key_file));
    Options { place, key_file, connections: 4, wait, statement_ms: 10_000 }
}

fn place(url: &SecretString) -> anyhow::Result<Place> {
    Place::of(url, Path::new("")).map_err(|fault| anyhow::anyhow!("--database: {fault}"))
}

/// Has a database do something, on a connection for that alone.
fn run(place: &Place, key_file: &Path, statements: &str) -> anyhow::Result<()> {
    let storage = Storage::reach(&Options { connections: 1, ..options(place.clone(), key_file.to_owned()) })?;
    Ok(storage.blocking(|connection| Ok(connection.batch_execute(statements)?))?)
}

impl Database {
    pub(super) fn file(folder: &Path) -> Self {
        Self::File(folder.to_owned())
    }

    /// # Errors
    /// When it is no server that this program can reach.
    pub(super) fn server(url: &SecretString, folder: &Path) -> anyhow::Result<Self> {
        ensure!(matches!(place(url)?, Place::Postgres(_)), "--database: must begin with postgres://");
        Ok(Self::Server(url.clone(), folder.to_owned()))
    }

    /// A figure of this database.
    pub(super) fn figure(&self, name: &'static str, value: f64, unit: &'static str) -> Figure {
        match self {
            Self::File(_) => Figure::new(name, value, unit),
            Self::Server(..) => Figure::new(format!("{name}, PostgreSQL"), value, unit),
        }
    }

    /// How rows are loaded as fast as the database takes them.
    pub(super) fn bulk_load(&self) -> &'static str {
        match self {
            Self::File(_) => "the same rows in one transaction, SQLite",
            Self::Server(..) => "the same rows in one transaction of COPY, by psql from a file",
        }
    }

    /// # Errors
    /// When it cannot be made.
    pub(super) fn fresh(&self, name: &str) -> anyhow::Result<Fresh> {
        match self {
            Self::File(folder) => {
                let folder = folder.join(format!("{name}-{}", unique()));
                std::fs::create_dir_all(&folder)?;
                let url = SecretString::from(format!("sqlite:{}", folder.join("oig.db").display()));
                Ok(Fresh { place: place(&url)?, url, key_file: folder.join("oig.key"), folder, of: None })
            }
            Self::Server(server, folder) => {
                let name = format!("oig_bench_{name}_{}_{}", std::process::id(), unique());
                let (folder, own) = (folder.join(&name), place(server)?);
                std::fs::create_dir_all(&folder)?;
                let key_file = folder.join("oig.key");
                run(&own, &key_file, &format!("CREATE DATABASE {name}")).context("a database is made")?;
                let mut url = Url::parse(server.expose_secret())?;
                url.set_path(&format!("/{name}"));
                let url = SecretString::from(String::from(url));
                Ok(Fresh { place: place(&url)?, url, key_file, folder, of: Some((own, name)) })
            }
        }
    }
}

fn unique() -> u32 {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.of
            && let Err(error) = run(server, &self.key_file, &format!("DROP DATABASE {name} WITH (FORCE)"))
        {
            eprintln!("{name} stays at the server: {error:#}");
        }
        let _ = std::fs::remove_dir_all(&self.folder); // of the system's temporary files
    }
}

#[derive(QueryableByName)]
#[expect(dead_code, reason = "read as an application would; nobody looks at it")]
struct Phone {
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = BigInt)]
    device_id: i64,
    #[diesel(sql_type = Nullable<Text>)]
    device_type: Option<String>,
    #[diesel(sql_type = BigInt)]
    cos: i64,
    #[diesel(sql_type = Nullable<Bool>)]
    hot_desk: Option<bool>,
}

impl Fresh {
    pub(super) fn url(&self) -> &SecretString {
        &self.url
    }

    pub(super) fn key_file(&self) -> &Path {
        &self.key_file
    }

    pub(super) fn options(&self) -> Options {
        options(self.place.clone(), self.key_file.clone())
    }

    /// The rows of these nodes as fast as the database takes them: how many, and how long it took. Blocks.
    ///
    /// # Errors
    /// When it does not take them.
    pub(super) fn bulk_load(&self, nodes: &[RunningNode]) -> anyhow::Result<(usize, Duration)> {
        match &self.place {
            Place::File(file) => insert(&file.with_extension("forms.db"), nodes),
            _ => self.copy(nodes).context("COPY by psql"),
        }
    }

    /// Statements a second of a client in this process. Blocks.
    ///
    /// # Errors
    /// When it has no answer.
    pub(super) fn own_client(&self, span: Duration) -> anyhow::Result<f64> {
        let read: Box<dyn Fn() -> anyhow::Result<usize>> = match &self.place {
            Place::File(file) => {
                let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
                let connection = Sqlite::open_with_flags(file.with_extension("forms.db"), flags)?;
                Box::new(move || {
                    let mut statement = connection.prepare(SELECT)?;
                    let row = |row: &rusqlite::Row<'_>| (0..6).map(|at| row.get::<_, SqliteValue>(at)).collect();
                    let rows = statement.query_map([], row)?.collect::<Result<Vec<Vec<_>>, _>>()?;
                    Ok(std::hint::black_box(rows).len())
                })
            }
            _ => {
                let storage = Storage::reach(&Options { connections: 1, ..self.options() })?;
                Box::new(move || {
                    let rows: Vec<Phone> = storage.blocking(|connection| Ok(sql_query(SELECT).load(connection)?))?;
                    Ok(std::hint::black_box(rows).len())
                })
            }
        };
        let (began, mut count) = (Instant::now(), 0_u32);
        while began.elapsed() < span {
            let rows = read()?;
            ensure!(rows == SELECTED, "{rows} rows");
            count += 1;
        }
        Ok(f64::from(count) / began.elapsed().as_secs_f64())
    }

    /// By psql out of a file that was written before.
    fn copy(&self, nodes: &[RunningNode]) -> anyhow::Result<(usize, Duration)> {
        run(&self.place, &self.key_file, &tables::create(Dialect::Postgres).join(";"))?;
        let script = self.folder.join("rows.sql");
        let mut file = BufWriter::new(File::create(&script)?);
        let mut count = 0;
        writeln!(file, "BEGIN;")?;
        for form in FORMS {
            let columns = form.columns.iter().map(|column| format!(", \"{}\"", column.name)).collect::<String>();
            writeln!(file, "COPY \"{}\" (\"{}\"{columns}) FROM STDIN;", tables::name(form), tables::NODE)?;
            for node in nodes {
                for row in node.node().forms().rows(form) {
                    writeln!(file, "{}", copied(node.node().ceid().get(), &row))?;
                    count += 1;
                }
            }
            writeln!(file, "\\.")?;
        }
        writeln!(file, "COMMIT;")?;
        file.flush()?;
        let mut url = Url::parse(self.url.expose_secret())?;
        let password = url.password().unwrap_or_default().to_owned();
        let _ = url.set_password(None); // it has a host
        let began = Instant::now();
        let done = Command::new("psql")
            .args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", url.as_str(), "--file"])
            .arg(&script)
            .env("PGPASSWORD", password)
            .stdin(Stdio::null())
            .output()
            .context("psql")?;
        let took = began.elapsed();
        if !done.status.success() {
            bail!("{}", String::from_utf8_lossy(&done.stderr));
        }
        Ok((count, took))
    }
}

/// A row as COPY reads it.
fn copied(ceid: u16, row: &Row) -> String {
    let mut line = ceid.to_string();
    for value in &row.0 {
        line.push('\t');
        match value {
            Value::Null => line.push_str("\\N"),
            Value::Boolean(value) => line.push(if *value { 't' } else { 'f' }),
            Value::Integer(number) => {
                let _ = write!(line, "{number}"); // a text takes everything
            }
            Value::Text(text) => {
                for character in text.chars() {
                    match character {
                        '\\' => line.push_str("\\\\"),
                        '\t' => line.push_str("\\t"),
                        '\n' => line.push_str("\\n"),
                        '\r' => line.push_str("\\r"),
                        other => line.push(other),
                    }
                }
            }
        }
    }
    line
}

/// In one transaction; the time of what the database does alone.
fn insert(file: &Path, nodes: &[RunningNode]) -> anyhow::Result<(usize, Duration)> {
    let mut connection = Sqlite::open(file)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
    for statement in tables::create(Dialect::Sqlite) {
        connection.execute_batch(&statement)?;
    }
    let (mut count, mut took) = (0, Duration::ZERO);
    let transaction = connection.transaction()?;
    for (node, form) in nodes.iter().flat_map(|node| FORMS.iter().map(move |form| (node, form))) {
        let (ceid, rows) = (node.node().ceid(), node.node().forms().rows(form));
        let began = Instant::now();
        let mut insert = transaction.prepare_cached(&tables::upsert(form, Dialect::Sqlite))?;
        for row in &rows {
            let values = row.0.iter().map(|value| match value {
                Value::Null => SqliteValue::Null,
                Value::Boolean(value) => SqliteValue::Integer((*value).into()),
                Value::Integer(number) => SqliteValue::Integer(*number),
                Value::Text(text) => SqliteValue::Text(text.clone()),
            });
            insert.execute(params_from_iter(std::iter::once(SqliteValue::Integer(ceid.get().into())).chain(values)))?;
        }
        took += began.elapsed();
        count += rows.len();
    }
    let began = Instant::now();
    transaction.commit()?;
    Ok((count, took + began.elapsed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_line_of_copy_whatever_its_texts_hold() {
        let text = |text: &str| Value::Text(text.into());
        let row = Row(Box::new([
            text("1000"),
            Value::Null,
            Value::Boolean(true),
            Value::Integer(-7),
            text("a\\b\tc\nd\re"),
            text(""),
        ]));
        assert_eq!(copied(3, &row), "3\t1000\t\\N\tt\t-7\ta\\\\b\\tc\\nd\\re\t");
    }
}
