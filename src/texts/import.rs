//! Files of translations: what one would change of a language, row by row, and the change: all of it or nothing. Texts
//! that the file does not name stay as they are; an empty translation takes one away.
//!
//! A text that this program does not say is no fault, so that a file of another version can be read: it is counted, and
//! left out.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{known, places, tag};
use crate::sheet::{self, Form, LARGEST_FILE, MOST_ROWS, SheetFault};
use crate::storage::ui_language::{self, Kept, Translations};
use crate::storage::{By, DbConnection, StorageError};

/// Characters of a translation.
pub const LONGEST: usize = 2_000;

/// What a file looks like.
const FORM: Form = Form {
    columns: Cow::Borrowed(&["text", "translation"]),
    needed: Cow::Borrowed(&["text"]),
    largest_cell: 4 * LONGEST,
    largest_file: LARGEST_FILE,
    most_rows: MOST_ROWS,
};

/// A text and its translation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Translated {
    /// In English, as pages say it; `{0}` is the place of a value.
    pub text: String,
    /// With the same values; empty where there is none.
    pub translation: String,
}

/// A row of a file.
#[derive(Debug, Clone)]
pub struct Row {
    /// Of the file, the first is 1.
    pub line: u64,
    /// Or what is wrong with it, as a sentence.
    pub row: Result<Translated, String>,
    /// As it is there, for who looks for it.
    shown: String,
}

/// Reads a file.
///
/// # Errors
/// See [`SheetFault`]. What is wrong with one row is said with the row.
pub fn read(bytes: &[u8]) -> Result<Vec<Row>, SheetFault> {
    let row = |row: sheet::Row| {
        let cell = |name: &str| row.cell(name).unwrap_or_default().to_owned();
        let read = row.check().map(|()| Translated { text: cell("text"), translation: cell("translation") });
        Row { line: row.line, shown: shown(&cell("text")), row: read }
    };
    Ok(sheet::read(bytes, &FORM)?.into_iter().map(row).collect())
}

/// Rows that came by another way, numbered from 1.
pub fn rows(of: Vec<Translated>) -> Vec<Row> {
    let row = |(place, row): (usize, Translated)| Row { line: place as u64 + 1, shown: shown(&row.text), row: Ok(row) };
    of.into_iter().enumerate().map(row).collect()
}

/// All texts with their translations in a language, as a file.
///
/// # Errors
/// None that memory does not have.
pub fn write(texts: &[Translated]) -> std::io::Result<Vec<u8>> {
    let row = |Translated { text, translation }: &Translated| [text.clone(), translation.clone()];
    sheet::write(["text", "translation"], texts.iter().map(row))
}

/// All texts, with the translations that there are.
#[must_use]
pub fn all(kept: Option<&Kept>) -> Vec<Translated> {
    let translation = |text| kept.and_then(|kept| kept.texts.get(text)).cloned().unwrap_or_default();
    known::all().iter().map(|text| Translated { text: (*text).to_owned(), translation: translation(*text) }).collect()
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The text has a translation now.
    Add,
    /// It has another one.
    Change,
    /// It has none any more.
    Remove,
    /// It says what is there.
    Same,
    /// This program does not say the text.
    Unknown,
    /// Why not, as a sentence.
    Refused(String),
}

/// A row, for who decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub line: u64,
    pub text: String,
    /// What it would be.
    pub translation: String,
    pub outcome: Outcome,
}

/// How many rows fare so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TextCounts)]
pub struct Counts {
    /// Texts that have a translation by it.
    pub added: usize,
    /// Texts that have another one.
    pub changed: usize,
    /// Texts that have none any more.
    pub removed: usize,
    /// Rows that say what is there.
    pub same: usize,
    /// Rows of texts that this gateway does not say: left out.
    pub unknown: usize,
    /// Rows that cannot be: then nothing is done.
    pub refused: usize,
}

impl Counts {
    /// Whether it can be done: nothing is refused, and there is something to do.
    #[must_use]
    pub fn can_be_done(&self) -> bool {
        self.refused == 0 && self.done() > 0
    }

    /// Texts that are other ones by it.
    #[must_use]
    pub fn done(&self) -> usize {
        self.added + self.changed + self.removed
    }
}

/// What a file would do to a language.
pub struct Plan {
    pub language: String,
    pub lines: Vec<Line>,
    pub counts: Counts,
    read: Option<Kept>,
    to: Translations,
}

impl Plan {
    /// Of rows for a language as it is; of a new one for `None`.
    #[must_use]
    pub fn of(language: String, rows: Vec<Row>, read: Option<Kept>) -> Self {
        let mut to = read.as_ref().map(|kept| kept.texts.clone()).unwrap_or_default();
        let mut seen = HashSet::new();
        let (mut lines, mut counts) = (Vec::new(), Counts::default());
        for Row { line, row, shown: text } in rows {
            let mut translation = String::new();
            let outcome = row.and_then(|Translated { text, translation: new }| {
                if !seen.insert(text.clone()) {
                    return Err("The text is further up already.".to_owned());
                }
                translation = shown(&new);
                outcome(&mut to, text, new)
            });
            let outcome = outcome.unwrap_or_else(Outcome::Refused);
            *match outcome {
                Outcome::Add => &mut counts.added,
                Outcome::Change => &mut counts.changed,
                Outcome::Remove => &mut counts.removed,
                Outcome::Same => &mut counts.same,
                Outcome::Unknown => &mut counts.unknown,
                Outcome::Refused(_) => &mut counts.refused,
            } += 1;
            lines.push(Line { line, text, translation, outcome });
        }
        Self { language, lines, counts, read, to }
    }

    /// Of the language when this was planned; 0 where it was not there.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.read.as_ref().map_or(0, |read| read.version)
    }

    /// Does it, in a transaction of the caller's.
    ///
    /// # Errors
    /// [`StorageError::Changed`], [`StorageError::Exists`] when the language is not as it was when this was planned;
    /// [`StorageError::Invalid`] when a row was refused.
    pub fn apply(&self, connection: &mut DbConnection, by: &By, now_ms: i64) -> Result<Counts, StorageError> {
        if !self.counts.can_be_done() {
            let fault = "The file has rows that are refused, or none that changes anything.";
            return Err(StorageError::Invalid { object: "the import".into(), fault: fault.into() });
        }
        ui_language::write(connection, &self.language, self.read.as_ref(), &self.to, by, now_ms)?;
        Ok(self.counts)
    }
}

fn outcome(to: &mut Translations, text: String, translation: String) -> Result<Outcome, String> {
    if translation.chars().count() > LONGEST || translation.chars().any(char::is_control) {
        return Err(format!("The translation must have at most {LONGEST} characters, and no line breaks."));
    }
    if !known::is(&text) {
        return Ok(Outcome::Unknown);
    }
    if translation.is_empty() {
        return Ok(if to.remove(&text).is_some() { Outcome::Remove } else { Outcome::Same });
    }
    let values = |text: &str| {
        let mut values = places(text);
        values.dedup();
        values
    };
    if values(&text) != values(&translation) {
        return Err("The translation has other values than the text.".into());
    }
    Ok(match to.insert(text, translation.clone()) {
        None => Outcome::Add,
        Some(before) if before == translation => Outcome::Same,
        Some(_) => Outcome::Change,
    })
}

/// The name of a language as somebody gave it.
///
/// # Errors
/// A sentence.
pub fn language(text: &str) -> Result<String, String> {
    tag(text.trim()).ok_or_else(|| "The language must have a name as de or de-AT have.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Local password";
    const WITH_VALUE: &str = "{0} may sign in as {1}.";

    fn kept(texts: &[(&str, &str)]) -> Kept {
        let texts = texts.iter().map(|(text, translation)| ((*text).into(), (*translation).into())).collect();
        Kept { language: "de".into(), texts, version: 3, changed_at_ms: 0, changed_by: "ada".into() }
    }

    #[test]
    fn each_row_is_told_what_it_would_do() {
        let long = "x".repeat(LONGEST + 1);
        let too_long = format!("The translation must have at most {LONGEST} characters, and no line breaks.");
        let values = || Outcome::Refused("The translation has other values than the text.".into());
        for (text, translation, outcome) in [
            (TEXT, "Lokales Kennwort", Outcome::Same),
            (TEXT, "Örtliches Kennwort", Outcome::Change),
            (TEXT, "", Outcome::Remove),
            ("Sign in", "Anmelden", Outcome::Add),
            ("Sign in", "", Outcome::Same),
            ("Sign in!", "Anmelden!", Outcome::Unknown),
            ("", "Nichts", Outcome::Unknown),
            (WITH_VALUE, "Als {1} darf sich {0} anmelden.", Outcome::Add),
            (WITH_VALUE, "{0} und nochmals {0} als {1}", Outcome::Add),
            (WITH_VALUE, "{0} darf sich anmelden.", values()),
            (WITH_VALUE, "{0} {1} {2}", values()),
            ("Sign in", "{0}", values()),
            ("Sign in", "zwei\nZeilen", Outcome::Refused(too_long.clone())),
            ("Sign in", &long, Outcome::Refused(too_long.clone())),
        ] {
            let row = Translated { text: text.into(), translation: translation.into() };
            let plan = Plan::of("de".into(), rows(vec![row]), Some(kept(&[(TEXT, "Lokales Kennwort")])));
            assert_eq!(plan.lines[0].outcome, outcome, "{text} {translation}");
            let changes = matches!(outcome, Outcome::Add | Outcome::Change | Outcome::Remove);
            assert_eq!(plan.counts.can_be_done(), changes, "{text} {translation}");
        }
    }

    #[test]
    fn what_is_exported_says_what_is_there_and_one_bad_row_holds_all_back() {
        let own = kept(&[(TEXT, "'=1+1"), (WITH_VALUE, "-{0}, \"{1}\"")]);
        let file = write(&all(Some(&own))).expect("written");
        assert!(String::from_utf8_lossy(&file).contains("Local password,''=1+1\n"), "no formula");
        let again = |bytes: &[u8]| Plan::of("de".into(), read(bytes).expect("a file"), Some(own.clone()));
        let plan = again(&file);
        assert_eq!((plan.counts.same, plan.counts.done()), (known::all().len(), 0), "{:?}", plan.counts);
        assert_eq!(plan.to, own.texts);
        let plan = again(b"text,translation\nSign in,Anmelden\nSign in,Einloggen\n");
        assert_eq!((plan.counts.added, plan.counts.refused, plan.counts.can_be_done()), (1, 1, false));
        assert_eq!(plan.lines[1].outcome, Outcome::Refused("The text is further up already.".into()));
        assert_eq!(read(b"translation\n").err(), Some(SheetFault::NoColumn("text")));
    }
}
