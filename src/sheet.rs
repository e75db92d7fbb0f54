//! Files of comma separated values, as spreadsheets read and write them: read within bounds, with a sentence for each
//! row that cannot be; written so that they do nothing in a spreadsheet. What is in them is of who calls this: users
//! (`users::csv`), texts of the pages (`texts::import`).
//!
//! A cell that a spreadsheet would take for a formula is written with an apostrophe before it, which is taken off again
//! when the file is read: so what is exported is imported as it was, and does nothing in between.

use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord, WriterBuilder};

/// Bytes of a file.
pub const LARGEST_FILE: usize = 512 * 1024;
/// Rows of a file.
pub const MOST_ROWS: usize = 5_000;

/// What files of a kind look like.
#[derive(Debug)]
pub struct Form {
    /// The columns that a file can have; the first has to be there.
    pub columns: &'static [&'static str],
    /// Bytes of a cell.
    pub largest_cell: usize,
}

/// A row of a file.
#[derive(Debug)]
pub struct Row {
    /// Of the file, the first is 1.
    pub line: u64,
    columns: Arc<[&'static str]>,
    record: StringRecord,
    largest_cell: usize,
}

/// Why a file is none of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SheetFault {
    #[error("The file has more than {} KiB.", LARGEST_FILE / 1024)]
    TooLarge,
    #[error("The file is no text in UTF-8.")]
    NotText,
    #[error("The file is empty.")]
    Empty,
    #[error("The file has no column '{0}' in its first line.")]
    NoColumn(&'static str),
    /// With its place, and those that there can be.
    #[error("Column {0} has a name that is not known; there are {1}.")]
    UnknownColumn(usize, String),
    #[error("The column '{0}' is there twice.")]
    ColumnTwice(&'static str),
    #[error("The file has more than {MOST_ROWS} rows.")]
    TooManyRows,
    #[error("Line {0} cannot be read.")]
    Unreadable(u64),
}

/// Reads a file, with commas or semicolons. Rows of empty cells are left out.
///
/// # Errors
/// See [`SheetFault`].
pub fn read(bytes: &[u8], form: &Form) -> Result<Vec<Row>, SheetFault> {
    if bytes.len() > LARGEST_FILE {
        return Err(SheetFault::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| SheetFault::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let head = text.lines().next().unwrap_or_default();
    // Where the comma is a decimal point, spreadsheets write semicolons.
    let delimiter = if head.contains(';') && !head.contains(',') { b';' } else { b',' };
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let mut records = reader.records();
    let read = |record: csv::Result<StringRecord>| {
        record.map_err(|fault| SheetFault::Unreadable(fault.position().map_or(0, csv::Position::line)))
    };
    let columns = columns(&records.next().map(read).transpose()?.ok_or(SheetFault::Empty)?, form)?;
    let mut rows = Vec::new();
    for record in records {
        let record = read(record)?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue; // spreadsheets leave them at the end
        }
        if rows.len() == MOST_ROWS {
            return Err(SheetFault::TooManyRows);
        }
        let line = record.position().map_or(0, csv::Position::line);
        rows.push(Row { line, columns: columns.clone(), record, largest_cell: form.largest_cell });
    }
    Ok(rows)
}

fn columns(head: &StringRecord, form: &Form) -> Result<Arc<[&'static str]>, SheetFault> {
    let mut columns = Vec::new();
    for (i, cell) in head.iter().enumerate() {
        let cell = cell.trim();
        let known = form.columns.iter().copied().find(|name| name.eq_ignore_ascii_case(cell));
        let known = known.ok_or_else(|| SheetFault::UnknownColumn(i + 1, form.columns.join(", ")))?;
        if columns.contains(&known) {
            return Err(SheetFault::ColumnTwice(known));
        }
        columns.push(known);
    }
    let first = form.columns.first().copied().unwrap_or_default();
    if columns.contains(&first) { Ok(columns.into()) } else { Err(SheetFault::NoColumn(first)) }
}

impl Row {
    /// What is wrong with it whatever is in it, as a sentence.
    ///
    /// # Errors
    /// The sentence.
    pub fn check(&self) -> Result<(), String> {
        if self.record.len() != self.columns.len() {
            return Err(format!("The row has {} cells instead of {}.", self.record.len(), self.columns.len()));
        }
        if self.record.iter().any(|cell| cell.len() > self.largest_cell) {
            return Err(format!("A cell has more than {} bytes.", self.largest_cell));
        }
        Ok(())
    }

    /// A cell as it was before it was written; `None` where the file does not have the column.
    #[must_use]
    pub fn cell(&self, column: &str) -> Option<&str> {
        self.raw(column).map(|cell| bare(cell.trim()))
    }

    /// A cell as it is there, spaces and all.
    #[must_use]
    pub fn raw(&self, column: &str) -> Option<&str> {
        let at = self.columns.iter().position(|own| *own == column)?;
        Some(self.record.get(at).unwrap_or_default())
    }
}

/// What begins so is taken for a formula, or hides one.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// As it is written.
fn harmless(cell: &str) -> String {
    if is_formula(cell) { format!("'{cell}") } else { cell.to_owned() }
}

/// As it was before it was written.
fn bare(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|_| is_formula(cell)).unwrap_or(cell)
}

/// Writes rows under the names of their columns.
///
/// # Errors
/// None that memory does not have.
pub fn write<const N: usize>(
    columns: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> std::io::Result<Vec<u8>> {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(columns)?;
    for row in rows {
        writer.write_record(row.map(|cell| harmless(&cell)))?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}
