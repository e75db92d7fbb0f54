//! Users as a file of comma separated values (`sheet`): read for an import, written for an export. With a sentence for each
//! row that cannot be; what a row would change is `import`'s.

use std::borrow::Cow;

use actors::user::Integration;
use secrecy::SecretString;

use crate::sheet::{self, Form, SheetFault};
pub use crate::sheet::{LARGEST_FILE, MOST_ROWS};
use crate::storage::user::{User, check_email, folded};

/// Passwords in a file: each takes tens of milliseconds on purpose.
pub const MOST_PASSWORDS: usize = 200;
/// Bytes of a cell.
const LARGEST_CELL: usize = 1024;
/// Characters of a user's password.
pub const PASSWORD: std::ops::RangeInclusive<usize> = 8..=128;

/// What a file looks like; an export has all columns but the password.
const FORM: Form = Form {
    columns: Cow::Borrowed(&["email", "name", "kind", "dn", "node", "disabled", "password"]),
    needed: Cow::Borrowed(&["email"]),
    largest_cell: LARGEST_CELL,
    largest_file: LARGEST_FILE,
    most_rows: MOST_ROWS,
};

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
    #[error(transparent)]
    Sheet(#[from] SheetFault),
    #[error("The file has more than {MOST_PASSWORDS} passwords; import the others from another file.")]
    TooManyPasswords,
}

/// Reads a file.
///
/// # Errors
/// See [`FileFault`]. What is wrong with one row is said with the row.
pub fn read(bytes: &[u8]) -> Result<Vec<Row>, FileFault> {
    let rows: Vec<_> = sheet::read(bytes, &FORM)?.iter().map(row).collect();
    let has_password = |row: &&Row| row.wanted.as_ref().is_ok_and(|wanted| wanted.password.is_some());
    if rows.iter().filter(has_password).count() > MOST_PASSWORDS {
        return Err(FileFault::TooManyPasswords);
    }
    Ok(rows)
}

fn row(row: &sheet::Row) -> Row {
    let cell = |name: &str| row.cell(name);
    let email = folded(cell("email").unwrap_or_default());
    let shown = email.chars().filter(|c| !c.is_control()).take(80).collect();
    let wanted = || {
        row.check()?;
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
        let password = row.raw("password").filter(|password| !password.is_empty());
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
    Row { line: row.line, email: shown, wanted: wanted() }
}

/// Writes users; no password, and nothing made of one, is among what is written.
///
/// # Errors
/// None that memory does not have.
pub fn write(users: &[User]) -> std::io::Result<Vec<u8>> {
    let row = |User { email, profile, .. }: &User| {
        let disabled = if profile.disabled { "yes" } else { "no" };
        let ceid = profile.ceid.map(|ceid| ceid.to_string()).unwrap_or_default();
        let (dn, kind) = (profile.dn.clone().unwrap_or_default(), profile.integration.word().to_owned());
        [email.clone(), profile.name.clone(), kind, dn, ceid, disabled.to_owned()]
    };
    sheet::write(["email", "name", "kind", "dn", "node", "disabled"], users.iter().map(row))
}

#[cfg(test)]
mod tests;
