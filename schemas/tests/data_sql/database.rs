//! An SQLite in memory with the tables of forms, and rows of two nodes.

use rusqlite::Connection;
use rusqlite::types::Value as Sqlite;
use schemas::data::sql::{Bind, Dialect, Rendered, tables};
use schemas::data::{Form, Row, Value};
use serde_json::{Value as Json, json};

use super::{form_of, row};

/// The node that most rows are of.
pub const OURS: u16 = 7;
/// Another, whose rows are not seen from ours.
pub const OTHER: u16 = 9;

pub fn empty() -> Connection {
    let database = Connection::open_in_memory().expect("memory");
    for statement in tables::create(Dialect::Sqlite) {
        database.execute(&statement, []).unwrap_or_else(|fault| panic!("{statement}\n{fault}"));
    }
    database
}

pub fn value(of: &Value) -> Sqlite {
    match of {
        Value::Null => Sqlite::Null,
        Value::Boolean(value) => Sqlite::Integer((*value).into()),
        Value::Integer(number) => Sqlite::Integer(*number),
        Value::Text(text) => Sqlite::Text(text.clone()),
    }
}

pub fn put(database: &Connection, form: &Form, ceid: u16, row: &Row) {
    let values = std::iter::once(Sqlite::Integer(ceid.into())).chain(row.0.iter().map(value));
    let statement = tables::upsert(form, Dialect::Sqlite);
    database.execute(&statement, rusqlite::params_from_iter(values)).unwrap_or_else(|f| panic!("{statement}\n{f}"));
}

pub fn ask(database: &Connection, rendered: &Rendered) -> Vec<Vec<Sqlite>> {
    let Rendered { sql, binds } = rendered;
    let mut statement = database.prepare(sql).unwrap_or_else(|fault| panic!("{sql}\n{fault}"));
    assert!(statement.readonly(), "{sql}");
    let width = statement.column_count();
    let binds = binds.iter().map(|bind| match bind {
        Bind::Text(text) => Sqlite::Text(text.clone()),
        Bind::Integer(number) => Sqlite::Integer(*number),
    });
    let rows = statement.query_map(rusqlite::params_from_iter(binds), |row| (0..width).map(|at| row.get(at)).collect());
    let rows: Result<Vec<Vec<Sqlite>>, _> = rows.unwrap_or_else(|fault| panic!("{sql}\n{fault}")).collect();
    rows.unwrap_or_else(|fault| panic!("{sql}\n{fault}"))
}

/// What comes out, a line for each row: texts as they are, `-` for NULL.
pub fn lines(rows: &[Vec<Sqlite>]) -> Vec<String> {
    let cell = |value: &Sqlite| match value {
        Sqlite::Null => "-".to_owned(),
        Sqlite::Integer(number) => number.to_string(),
        Sqlite::Real(number) => format!("{number:?}"),
        Sqlite::Text(text) => text.clone(),
        Sqlite::Blob(_) => panic!("no form has bytes"),
    };
    rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join("|")).collect()
}

/// The rows that answers are expected of.
pub fn filled() -> Connection {
    let database = empty();
    for (form, ceid, of) in rows() {
        let form = form_of(form);
        put(&database, form, ceid, &row(form, of));
    }
    database
}

fn phone(number: &str, name: Option<&str>, kind: &str, cos: i64, hot_desk: bool, department: Option<&str>) -> Json {
    json!({
        "number": number, "name": name, "device_id": number.parse::<i64>().expect("digits"), "device_type": kind,
        "cos": cos, "home_element": 7, "secondary_element": (cos > 2).then_some(8), "hot_desk": hot_desk,
        "department": department,
    })
}

pub fn rows() -> Vec<(&'static str, u16, Json)> {
    let mut rows = Vec::new();
    for (number, name, kind, cos, hot_desk, department) in [
        ("1000", Some("Adams, Ann"), "multiline", 1, false, Some("Sales")),
        ("1001", Some("Baker, Bob"), "single_line", 2, true, Some("Sales")),
        ("1002", None, "softphone", 3, false, None),
        ("1003", Some("Émile, Éa"), "multiline", 4, true, Some("support")),
        ("1004", Some("adams, zoe"), "multiline", 5, false, Some("Support")),
        ("1005", Some("100% _real\\ [x]*?"), "softphone", 6, false, Some("Ärzte")),
        ("200", Some("  Short, Sam "), "single_line", 7, true, Some("Sales")),
    ] {
        rows.push(("phones", OURS, phone(number, name, kind, cos, hot_desk, department)));
    }
    rows.push(("phones", OTHER, phone("1000", Some("Other, Olga"), "multiline", 9, true, Some("Sales"))));
    rows.push(("phones", OTHER, phone("3000", Some("Third, Theo"), "softphone", 9, false, None)));
    for (set, button, number, label) in [
        ("1000", 1, "1000", Some("Me")),
        ("1000", 2, "1001", Some("Bob")),
        ("1000", 3, "1003", None),
        ("1003", 1, "1003", None),
        ("1003", 2, "1000", Some("Ann")),
        ("1004", 1, "1004", Some("Me")),
    ] {
        let kind = if button == 1 { "prime" } else { "multicall" };
        let of = json!({ "phone": set, "button": button, "line_type": kind, "number": number, "ring": "ring", "label": label });
        rows.push(("line_appearances", OURS, of));
    }
    for (number, kind, service) in [(1, "digital", true), (2, "sip_peer", false), (10, "sip_peer", true)] {
        let of = json!({ "number": number, "trunk_type": kind, "cos": number, "in_service": service });
        rows.push(("trunks", OURS, of));
    }
    for (number, timer, group) in [("4000", Some(30), "4100"), ("4001", None, "4101"), ("4002", Some(45), "4100")] {
        let of = json!({ "number": number, "priority": 1, "primary_group": group, "overflow_timer_s": timer });
        rows.push(("acd_paths", OURS, of));
    }
    rows
}
