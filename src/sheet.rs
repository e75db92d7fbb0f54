//! Files of comma separated values, as spreadsheets read and write them: read within bounds, with a sentence for each
//! row that cannot be; written so that they do nothing in a spreadsheet. What is in them is of who calls this: users
//! (`users::csv`), texts of the pages (`texts::import`), forms of nodes (`data::file`).
//!
//! A cell that a spreadsheet would take for a formula is written with an apostrophe before it, which is taken off again
//! when the file is read: so what is exported is imported as it was, and does nothing in between.

use std::borrow::Cow;
use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord, WriterBuilder};

/// Bytes of a file that people write.
pub const LARGEST_FILE: usize = 512 * 1024;
/// Its rows.
pub const MOST_ROWS: usize = 5_000;

/// What files of a kind look like.
#[derive(Debug)]
pub struct Form {
    /// The columns that a file can have.
    pub columns: Cow<'static, [&'static str]>,
    /// Those that have to be there.
    pub needed: Cow<'static, [&'static str]>,
    /// Bytes of a cell.
    pub largest_cell: usize,
    /// Bytes of a file.
    pub largest_file: usize,
    pub most_rows: usize,
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
    #[error("The file has more than {} KiB.", .0 / 1024)]
    TooLarge(usize),
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
    #[error("The file has more than {0} rows.")]
    TooManyRows(usize),
    #[error("Line {0} cannot be read.")]
    Unreadable(u64),
}

/// Reads a file, with commas or semicolons. Rows of empty cells are left out.
///
/// # Errors
/// See [`SheetFault`].
pub fn read(bytes: &[u8], form: &Form) -> Result<Vec<Row>, SheetFault> {
    if bytes.len() > form.largest_file {
        return Err(SheetFault::TooLarge(form.largest_file));
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
        if rows.len() == form.most_rows {
            return Err(SheetFault::TooManyRows(form.most_rows));
        }
        let line = record.position().map_or(0, |at| line_of(text, at));
        rows.push(Row { line, columns: columns.clone(), record, largest_cell: form.largest_cell });
    }
    Ok(rows)
}

/// Where a row stands: its position is that of the empty lines before it, which the reader passes over.
fn line_of(text: &str, at: &csv::Position) -> u64 {
    let from = usize::try_from(at.byte()).ok().and_then(|from| text.as_bytes().get(from..)).unwrap_or_default();
    let empty = from.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).filter(|byte| **byte == b'\n').count();
    at.line() + empty as u64
}

fn columns(head: &StringRecord, form: &Form) -> Result<Arc<[&'static str]>, SheetFault> {
    let mut columns = Vec::new();
    for (i, cell) in head.iter().enumerate() {
        let known = form.columns.iter().copied().find(|name| is_named(cell, name));
        let known = known.ok_or_else(|| SheetFault::UnknownColumn(i + 1, form.columns.join(", ")))?;
        if columns.contains(&known) {
            return Err(SheetFault::ColumnTwice(known));
        }
        columns.push(known);
    }
    match form.needed.iter().find(|name| !columns.contains(name)) {
        Some(missing) => Err(SheetFault::NoColumn(missing)),
        None => Ok(columns.into()),
    }
}

/// Whether people mean this column: `Device ID` is `device_id`.
fn is_named(cell: &str, name: &str) -> bool {
    let same = |(own, theirs): (u8, u8)| {
        let theirs = if matches!(theirs, b' ' | b'-') { b'_' } else { theirs.to_ascii_lowercase() };
        own == theirs
    };
    let cell = cell.trim();
    cell.len() == name.len() && name.bytes().zip(cell.bytes()).all(same)
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

    /// The columns that the file has, in its order.
    #[must_use]
    pub fn columns(&self) -> &[&'static str] {
        &self.columns
    }

    /// A cell as it was before it was written, spaces and all.
    #[must_use]
    pub fn exact(&self, column: &str) -> Option<&str> {
        self.raw(column).map(bare)
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
pub fn write<'a, R: IntoIterator<Item = String>>(
    columns: impl IntoIterator<Item = &'a str>,
    rows: impl IntoIterator<Item = R>,
) -> std::io::Result<Vec<u8>> {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(columns)?;
    for row in rows {
        writer.write_record(row.into_iter().map(|cell| harmless(&cell)))?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}
