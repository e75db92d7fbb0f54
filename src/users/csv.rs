//! Users as a file of comma separated values: read for an import, written for an export. Bounded, and with a sentence for
//! each row that cannot be; what a row would change is `import`'s.
//!
//! A cell that a spreadsheet would take for a formula is written with an apostrophe before it, which is taken off again
//! when the file is read: so what is exported is imported as it was, and does nothing in between.

use actors::user::Integration;
use csv::{ReaderBuilder, StringRecord, WriterBuilder};
use secrecy::SecretString;

use crate::storage::user::{User, check_email, folded};

/// Bytes of a file.
pub const LARGEST_FILE: usize = 512 * 1024;
/// Users in a file.
pub const MOST_ROWS: usize = 5_000;
/// Passwords in a file: each takes tens of milliseconds on purpose.
pub const MOST_PASSWORDS: usize = 200;
/// Bytes of a cell.
const LARGEST_CELL: usize = 1024;
/// Characters of a user's password.
pub const PASSWORD: std::ops::RangeInclusive<usize> = 8..=128;

/// The columns that a file can have; an export has all but the password.
const COLUMNS: [&str; 7] = ["email", "name", "kind", "dn", "node", "disabled", "password"];

/// What a row says of a user; what it does not say stays as it is.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub email: String,
    pub name: Option<String>,
    pub integration: Option<Integration>,
    pub dn: Option<Option<String>>,
    pub ceid: Option<Option<u16>>,
    pub disabled: Option<bool>,
    pub password: Option<SecretString>,
}

/// A row of a file.
#[derive(Debug)]
pub struct Row {
    /// Of the file, the first is 1.
    pub line: u64,
    /// As it is there, for who looks for it.
    pub email: String,
    /// Or what is wrong with it, as a sentence.
    pub wanted: Result<Wanted, String>,
}

/// Why a file is none of users.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    #[error("The file has more than {} KiB.", LARGEST_FILE / 1024)]
    TooLarge,
    #[error("The file is no text in UTF-8.")]
    NotText,
    #[error("The file is empty.")]
    Empty,
    #[error("The file has no column 'email' in its first line.")]
    NoEmail,
    #[error("Column {0} has a name that is not known; there are email, name, kind, dn, node, disabled, password.")]
    UnknownColumn(usize),
    #[error("The column '{0}' is there twice.")]
    ColumnTwice(&'static str),
    #[error("The file has more than {MOST_ROWS} rows.")]
    TooManyRows,
    #[error("The file has more than {MOST_PASSWORDS} passwords; import the others from another file.")]
    TooManyPasswords,
    #[error("Line {0} cannot be read.")]
    Unreadable(u64),
}

/// Reads a file, with commas or semicolons.
///
/// # Errors
/// See [`FileFault`]. What is wrong with one row is said with the row.
pub fn read(bytes: &[u8]) -> Result<Vec<Row>, FileFault> {
    if bytes.len() > LARGEST_FILE {
        return Err(FileFault::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| FileFault::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let head = text.lines().next().unwrap_or_default();
    // Where the comma is a decimal point, spreadsheets write semicolons.
    let delimiter = if head.contains(';') && !head.contains(',') { b';' } else { b',' };
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let mut records = reader.records();
    let read = |record: csv::Result<StringRecord>| {
        record.map_err(|fault| FileFault::Unreadable(fault.position().map_or(0, csv::Position::line)))
    };
    let columns = columns(&records.next().map(read).transpose()?.ok_or(FileFault::Empty)?)?;
    let mut rows = Vec::new();
    let mut passwords = 0;
    for record in records {
        let record = read(record)?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue; // spreadsheets leave them at the end
        }
        if rows.len() == MOST_ROWS {
            return Err(FileFault::TooManyRows);
        }
        let line = record.position().map_or(0, csv::Position::line);
        let row = row(line, &columns, &record);
        passwords += usize::from(row.wanted.as_ref().is_ok_and(|wanted| wanted.password.is_some()));
        if passwords > MOST_PASSWORDS {
            return Err(FileFault::TooManyPasswords);
        }
        rows.push(row);
    }
    Ok(rows)
}

fn columns(head: &StringRecord) -> Result<Vec<&'static str>, FileFault> {
    let mut columns = Vec::new();
    for (i, cell) in head.iter().enumerate() {
        let cell = cell.trim();
        let known = COLUMNS.into_iter().find(|name| name.eq_ignore_ascii_case(cell));
        let known = known.ok_or(FileFault::UnknownColumn(i + 1))?;
        if columns.contains(&known) {
            return Err(FileFault::ColumnTwice(known));
        }
        columns.push(known);
    }
    if columns.contains(&"email") { Ok(columns) } else { Err(FileFault::NoEmail) }
}

fn row(line: u64, columns: &[&'static str], record: &StringRecord) -> Row {
    let cell = |name: &str| {
        let at = columns.iter().position(|column| *column == name)?;
        Some(bare(record.get(at).unwrap_or_default().trim()))
    };
    let email = folded(cell("email").unwrap_or_default());
    let shown = email.chars().filter(|c| !c.is_control()).take(80).collect();
    let wanted = || {
        if record.len() != columns.len() {
            return Err(format!("The row has {} cells instead of {}.", record.len(), columns.len()));
        }
        if record.iter().any(|cell| cell.len() > LARGEST_CELL) {
            return Err(format!("A cell has more than {LARGEST_CELL} bytes."));
        }
        check_email(&email).map_err(|_| "The e-mail address is none.".to_owned())?;
        let kind = |word: &str| {
            Integration::of(&word.to_lowercase()).ok_or("The kind must be 'salesforce' or 'google'.".to_owned())
        };
        let node = |text: &str| match text {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| "The node must be 1 to 999.".to_owned()),
        };
        let disabled = |text: &str| match text.to_lowercase().as_str() {
            "" | "no" | "false" | "0" => Ok(false),
            "yes" | "true" | "1" => Ok(true),
            _ => Err("The column 'disabled' must hold yes or no.".to_owned()),
        };
        // A password is taken as it is, spaces and all.
        let at = columns.iter().position(|column| *column == "password");
        let password = at.and_then(|at| record.get(at)).filter(|password| !password.is_empty());
        if password.is_some_and(|password| !PASSWORD.contains(&password.chars().count())) {
            let (from, to) = PASSWORD.into_inner();
            return Err(format!("The password must have {from} to {to} characters."));
        }
        Ok(Wanted {
            email: email.clone(),
            name: cell("name").map(str::to_owned),
            integration: cell("kind").map(kind).transpose()?,
            dn: cell("dn").map(|dn| Some(dn.to_owned()).filter(|dn| !dn.is_empty())),
            ceid: cell("node").map(node).transpose()?,
            disabled: cell("disabled").map(disabled).transpose()?,
            password: password.map(SecretString::from),
        })
    };
    Row { line, email: shown, wanted: wanted() }
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

/// Writes users; no password, and nothing made of one, is among what is written.
///
/// # Errors
/// None that memory does not have.
pub fn write(users: &[User]) -> std::io::Result<Vec<u8>> {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(&COLUMNS[..6])?;
    for User { email, profile, .. } in users {
        let disabled = if profile.disabled { "yes" } else { "no" };
        let ceid = profile.ceid.map(|ceid| ceid.to_string()).unwrap_or_default();
        let dn = profile.dn.clone().unwrap_or_default();
        let cells = [email, &profile.name, profile.integration.word(), &dn, &ceid, disabled];
        writer.write_record(cells.map(harmless))?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

#[cfg(test)]
mod tests;
