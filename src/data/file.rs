//! A form of a node as a file of comma separated values (`sheet`), as nodes export theirs: read with a sentence for each row
//! that cannot be, and written so that it can be read again. What is done with it is `import`'s.
//!
//! People's words are taken as well as ours: `Device ID` for `device_id`, `Yes` for `true`, `Single Line` for `single_line`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemas::data::{Column, Form, Key, Kind, Row, RowFault, Value};

use crate::sheet::{self, SheetFault};

/// Bytes of a file.
pub const LARGEST_FILE: usize = 16 * 1024 * 1024;
/// Rows of a file.
pub const MOST_ROWS: usize = 100_000;
/// The longest name, in bytes of UTF-8, and its mark.
const LARGEST_CELL: usize = 1025;
/// Rows that are told of each kind.
pub const TOLD: usize = 500;

/// What a file says a form is.
#[derive(Debug)]
pub struct File {
    pub form: &'static Form,
    /// Which columns it has, in the form's order. What is in the others stays as it is.
    pub given: Box<[bool]>,
    /// By key, each with its line; columns that the file does not have have no value.
    pub rows: Vec<(u64, Row)>,
    /// The first [`TOLD`] rows that cannot be.
    pub refused: Vec<Refused>,
    /// All of them.
    pub refused_count: usize,
}

/// A row that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Of the file, the first is 1.
    pub line: u64,
    /// What names the row, as it is there.
    pub key: String,
    /// Why, as a sentence.
    pub why: String,
}

fn sheet_of(form: &Form) -> sheet::Form {
    // Without a value in each row it could not be a row of the form.
    let needed = form.columns.iter().filter(|column| column.required);
    sheet::Form {
        columns: form.columns.iter().map(|column| column.name).collect(),
        needed: Cow::Owned(needed.map(|column| column.name).collect()),
        largest_cell: LARGEST_CELL,
        largest_file: LARGEST_FILE,
        most_rows: MOST_ROWS,
    }
}

impl File {
    /// Reads a file. Blocks for as long as that takes.
    ///
    /// # Errors
    /// See [`SheetFault`]. What is wrong with one row is said with the row.
    pub fn read(form: &'static Form, bytes: &[u8]) -> Result<Self, SheetFault> {
        let sheet = sheet::read(bytes, &sheet_of(form))?;
        let given = |name| sheet.first().is_some_and(|row| row.columns().contains(&name));
        let given = form.columns.iter().map(|column| given(column.name)).collect();
        let (mut rows, mut lines): (Vec<(u64, Row)>, BTreeMap<Key, u64>) = (Vec::new(), BTreeMap::new());
        let (mut refused, mut refused_count) = (Vec::new(), 0);
        for from in &sheet {
            let row = row(form, from).and_then(|row| match lines.insert(form.key(&row), from.line) {
                Some(before) => Err(format!("The row is in line {before} already.")),
                None => Ok(row),
            });
            match row {
                Ok(row) => rows.push((from.line, row)),
                Err(why) => {
                    refused_count += 1;
                    if refused.len() < TOLD {
                        refused.push(Refused { line: from.line, key: shown_key(form, from), why });
                    }
                }
            }
        }
        rows.sort_by_cached_key(|(_, row)| form.key(row));
        Ok(Self { form, given, rows, refused, refused_count })
    }
}

fn row(form: &'static Form, from: &sheet::Row) -> Result<Row, String> {
    from.check()?;
    form.columns.iter().map(|column| value(column, from).map_err(sentence)).collect::<Result<_, _>>().map(Row)
}

fn value(column: &Column, from: &sheet::Row) -> Result<Value, RowFault> {
    let Some(cell) = from.cell(column.name) else { return Ok(Value::Null) };
    match column.kind {
        Kind::Boolean => {
            let word = cell.to_lowercase();
            column.read_text(match word.as_str() {
                "yes" | "1" => "true",
                "no" | "0" => "false",
                other => other,
            })
        }
        Kind::Word(_) => column.read_text(&cell.to_lowercase().replace([' ', '-'], "_")),
        // A name may begin with a space; a number does not.
        Kind::Text { .. } if !column.number => column.read_text(from.exact(column.name).unwrap_or_default()),
        _ => column.read_text(cell),
    }
}

fn shown_key(form: &Form, from: &sheet::Row) -> String {
    let cells = form.keys().map(|at| from.cell(form.columns[at].name).unwrap_or_default());
    shown(cells.collect::<Vec<_>>().join(", "))
}

/// Of what names a row, so much that people find it.
fn shown(text: String) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// What names a row, for people.
#[must_use]
pub fn key_of(form: &Form, row: &Row) -> String {
    shown(form.key(row).iter().map(text).collect::<Vec<_>>().join(", "))
}

fn sentence(fault: RowFault) -> String {
    match fault {
        RowFault::Missing(name) => format!("The column '{name}' needs a value."),
        RowFault::NoBoolean(name) => format!("The column '{name}' must hold yes or no."),
        RowFault::NoInteger { name, min, max } => {
            format!("The column '{name}' must hold a whole number of {min} to {max}.")
        }
        RowFault::NoText { name, max } => {
            format!("The column '{name}' must hold a text of at most {max} characters on one line.")
        }
        RowFault::NoNumber(name) => format!("The column '{name}' must hold digits alone."),
        RowFault::NoWord(name) => format!("The column '{name}' holds a word that the form does not have."),
        RowFault::NoObject | RowFault::Unknown => "The row is none of this form.".into(),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Boolean(true) => "yes".into(),
        Value::Boolean(false) => "no".into(),
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text.clone(),
    }
}

/// Writes rows of a form, with all its columns.
///
/// # Errors
/// None that memory does not have.
pub fn write(form: &Form, rows: &[Row]) -> std::io::Result<Vec<u8>> {
    let rows = rows.iter().map(|row| row.0.iter().map(text).collect::<Vec<_>>());
    sheet::write(form.columns.iter().map(|column| column.name), rows)
}

#[cfg(test)]
mod tests {
    use schemas::data::form;
    use serde_json::json;

    use super::*;

    fn appearances() -> &'static Form {
        form("line_appearances").expect("a form")
    }

    const HEAD: &str = "phone,button,line_type,number,ring,label\n";

    #[test]
    fn people_s_words_are_taken_and_rows_come_by_their_key() {
        let text = "\u{feff}Phone;Button;Line Type;Number;Ring;Label\n1001;2;Key System;1000;No Ring;'=1+1\n\n\
                    1001;1;prime;1001;ring; Front desk \n";
        let file = File::read(appearances(), text.as_bytes()).expect("a file");
        assert_eq!((file.refused_count, file.refused.len()), (0, 0), "{:?}", file.refused);
        let rows: Vec<_> = file.rows.iter().map(|(line, row)| (*line, appearances().write(row))).collect();
        let row = |button, line_type, number, ring, label| {
            json!({ "phone": "1001", "button": button, "line_type": line_type, "number": number, "ring": ring,
                    "label": label })
        };
        let first = row(1, "prime", "1001", "ring", " Front desk ");
        assert_eq!(rows, [(4, first), (2, row(2, "key_system", "1000", "no_ring", "=1+1"))]);
        assert!(file.given.iter().all(|given| *given));
        let groups = form("personal_ring_groups").expect("a form");
        for (cell, is) in [("Yes", true), ("TRUE", true), ("1", true), ("no", false), ("False", false), ("0", false)] {
            let file = File::read(groups, format!("One busy all-busy,number\n{cell},1000\n").as_bytes());
            let file = file.expect("a file");
            assert_eq!(file.rows[0].1.0[2], Value::Boolean(is), "{cell}");
            assert_eq!(*file.given, [true, false, true], "the name is not in the file");
        }
    }

    #[test]
    fn a_row_that_cannot_be_is_told_with_its_line_its_key_and_why() {
        for (row, why) in [
            ("1001,1,prime,1001,ring,", None),
            ("1001,97,prime,1001,ring,", Some("The column 'button' must hold a whole number of 1 to 96.")),
            ("1001,01,prime,1001,ring,", Some("The column 'button' must hold a whole number of 1 to 96.")),
            ("1001,x,prime,1001,ring,", Some("The column 'button' must hold a whole number of 1 to 96.")),
            ("1001,,prime,1001,ring,", Some("The column 'button' needs a value.")),
            ("1001,1,round,1001,ring,", Some("The column 'line_type' holds a word that the form does not have.")),
            ("1001,1,prime,1-01,ring,", Some("The column 'number' must hold digits alone.")),
            ("1001,1,prime,12345678,ring,", {
                Some("The column 'number' must hold a text of at most 7 characters on one line.")
            }),
            ("1001,1,prime,1001,ring,\"a\nb\"", {
                Some("The column 'label' must hold a text of at most 40 characters on one line.")
            }),
            ("1001,1,prime,1001", Some("The row has 4 cells instead of 6.")),
        ] {
            let file = File::read(appearances(), format!("{HEAD}{row}\n").as_bytes()).expect("a file");
            let told: Vec<_> = file.refused.iter().map(|refused| (refused.line, refused.why.as_str())).collect();
            assert_eq!(told, why.map(|why| (2, why)).into_iter().collect::<Vec<_>>(), "{row}");
            assert_eq!(file.rows.len(), usize::from(why.is_none()), "{row}");
        }
        let twice = format!("{HEAD}1001,2,prime,1001,ring,\n1001,1,prime,1001,ring,\n1001,2,prime,1002,ring,\n");
        let file = File::read(appearances(), twice.as_bytes()).expect("a file");
        let refused = Refused { line: 4, key: "1001, 2".into(), why: "The row is in line 2 already.".into() };
        assert_eq!((file.refused, file.refused_count), (vec![refused], 1));
        let flag = form("personal_ring_groups").expect("a form");
        let file = File::read(flag, b"number,one_busy_all_busy\n1000,perhaps\n").expect("a file");
        assert_eq!(file.refused[0].why, "The column 'one_busy_all_busy' must hold yes or no.");
        let many: String = (0..TOLD + 10).map(|line| format!("{line},,\n")).collect();
        let file = File::read(flag, format!("number,name,one_busy_all_busy\n{many}").as_bytes()).expect("a file");
        assert_eq!((file.refused.len(), file.refused_count, file.rows.len()), (TOLD, TOLD + 10, 0));
    }

    #[test]
    fn a_file_that_is_none_of_the_form_is_refused_as_a_whole() {
        let many = |rows: usize| format!("{HEAD}{}", "1,1,prime,1,ring,\n".repeat(rows));
        for (bytes, fault) in [
            (Vec::new(), SheetFault::Empty),
            (b"phone,button,line_type,number,label\n".to_vec(), SheetFault::NoColumn("ring")),
            (HEAD.replace("label", "phone").into_bytes(), SheetFault::ColumnTwice("phone")),
            (b"PK\x03\x04\xff".to_vec(), SheetFault::NotText),
            (vec![b'x'; LARGEST_FILE + 1], SheetFault::TooLarge(LARGEST_FILE)),
            (many(MOST_ROWS + 1).into_bytes(), SheetFault::TooManyRows(MOST_ROWS)),
        ] {
            assert_eq!(File::read(appearances(), &bytes).err(), Some(fault));
        }
        let unknown = File::read(appearances(), b"phone,colour\n").expect_err("no such column");
        assert!(
            unknown.to_string().starts_with("Column 2 has a name that is not known; there are phone, "),
            "{unknown}"
        );
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let directory = form("telephone_directory").expect("a form");
        let rows: Vec<_> = ["=cmd()", "'quoted", "'=both", " spaced ", "comma, \"quote\"", "Grün; ☎"]
            .map(|name| directory.read(&json!({ "name": name, "number": "007", "privacy": true })).expect("a row"))
            .to_vec();
        let written = write(directory, &rows).expect("written");
        let file = File::read(directory, &written).expect("a file");
        assert_eq!(file.refused, []);
        let mut sorted = rows;
        sorted.sort_by_cached_key(|row| directory.key(row));
        assert_eq!(file.rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>(), sorted);
        assert!(!String::from_utf8(written).expect("text").contains("\n="), "no formula");
    }
}
