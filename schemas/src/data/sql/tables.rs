//! The tables that copies of forms are kept in, and what their keeper says to a database: one table for each form, of all nodes.
//! Whose row it is stands in a column that no form has.

use super::super::form::{Form, Kind};
use super::super::forms::FORMS;
use super::Dialect;

/// The column of the node, by its CEID. Names of a form's columns begin with a letter; one of them is `ceid`.
pub const NODE: &str = "_ceid";

/// How the table of a form is called.
#[must_use]
pub fn name(form: &Form) -> String {
    format!("da_{}", form.name)
}

/// Makes the tables that are not there, a statement each: [`NODE`], then the form's columns in order. A row is named by its node
/// and its key.
#[must_use]
pub fn create(dialect: Dialect) -> Vec<String> {
    FORMS.iter().map(|form| create_one(form, dialect)).collect()
}

/// See [`create`].
#[must_use]
pub fn create_one(form: &Form, dialect: Dialect) -> String {
    let mut lines =
        vec![format!("\"{NODE}\" {} NOT NULL", if dialect == Dialect::Sqlite { "INTEGER" } else { "BIGINT" })];
    for column in form.columns {
        let kind = match (dialect, column.kind) {
            (Dialect::Sqlite, Kind::Boolean | Kind::Integer { .. }) => "INTEGER",
            (Dialect::Sqlite, Kind::Text { .. } | Kind::Word(_)) => "TEXT",
            (Dialect::Postgres, Kind::Boolean) => "BOOLEAN",
            (Dialect::Postgres, Kind::Integer { .. }) => "BIGINT",
            (Dialect::Postgres, Kind::Text { .. } | Kind::Word(_)) => "TEXT COLLATE \"C\"",
        };
        lines.push(format!("\"{}\" {kind}{}", column.name, if column.required { " NOT NULL" } else { "" }));
    }
    lines.push(format!("PRIMARY KEY ({})", keys(form)));
    let end = match dialect {
        Dialect::Sqlite => " STRICT, WITHOUT ROWID",
        Dialect::Postgres => "",
    };
    format!("CREATE TABLE IF NOT EXISTS \"{}\" ({}){end}", name(form), lines.join(", "))
}

/// Adds a row, or puts it in the place of that with its key. Values: [`NODE`], then every column in the form's order. On SQLite a
/// boolean is the integer 0 or 1.
#[must_use]
pub fn upsert(form: &Form, dialect: Dialect) -> String {
    let columns = list(form.columns.iter().map(|column| column.name));
    let places = (1..=form.columns.len() + 1).map(|number| place(dialect, number)).collect::<Vec<_>>().join(", ");
    let others = form.columns.iter().filter(|column| !column.key);
    let set: Vec<_> = others.map(|column| format!("\"{0}\" = excluded.\"{0}\"", column.name)).collect();
    let then = if set.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", set.join(", ")) };
    format!(
        "INSERT INTO \"{}\" (\"{NODE}\", {columns}) VALUES ({places}) ON CONFLICT ({}) DO {then}",
        name(form),
        keys(form),
    )
}

/// Removes a row. Values: [`NODE`], then its key.
#[must_use]
pub fn delete(form: &Form, dialect: Dialect) -> String {
    let keys = std::iter::once(NODE).chain(form.keys().map(|at| form.columns[at].name));
    let equal = keys.enumerate().map(|(at, key)| format!("\"{key}\" = {}", place(dialect, at + 1)));
    format!("DELETE FROM \"{}\" WHERE {}", name(form), equal.collect::<Vec<_>>().join(" AND "))
}

/// Reads every column, in the form's order and without [`NODE`], of the rows of a node whose key comes after a given one (when
/// `after`), and is at most another (when `until`), in the order of keys: numbers by size, texts by their bytes. Values: [`NODE`],
/// the key to begin behind when `after`, the key to end with when `until`, and how many rows at most.
#[must_use]
pub fn select_range(form: &Form, dialect: Dialect, after: bool, until: bool) -> String {
    let key: Vec<_> = form.keys().map(|at| form.columns[at].name).collect();
    let key_list = list(key.iter().copied());
    let mut used = 1;
    let mut sql = format!(
        "SELECT {} FROM \"{}\" WHERE \"{NODE}\" = {}",
        list(form.columns.iter().map(|column| column.name)),
        name(form),
        place(dialect, used),
    );
    for (wanted, than) in [(after, ">"), (until, "<=")] {
        if wanted {
            let places = key.iter().map(|_| {
                used += 1;
                place(dialect, used)
            });
            let places = places.collect::<Vec<_>>().join(", ");
            sql.push_str(&format!(" AND ({key_list}) {than} ({places})"));
        }
    }
    sql.push_str(&format!(" ORDER BY {key_list} LIMIT {}", place(dialect, used + 1)));
    sql
}

/// [`NODE`] and the form's key.
fn keys(form: &Form) -> String {
    list(std::iter::once(NODE).chain(form.keys().map(|at| form.columns[at].name)))
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

fn place(dialect: Dialect, number: usize) -> String {
    match dialect {
        Dialect::Sqlite => "?".to_owned(),
        Dialect::Postgres => format!("${number}"),
    }
}
