//! What a node and a gateway say to each other to keep a copy of the node's forms: JSON lines over HTTP. Pure: `sim` and the
//! gateway's follower do the talking.
//!
//! - `GET /sync` is where a node stands ([`Stand`]): its epoch, its newest change, and count and digest of each form.
//! - `GET /sync/forms/{form}?after=KEY&limit=N` is a page of a form: a [`PageHead`], rows by key, a [`PageEnd`]. A page
//!   without its end is none.
//! - `GET /sync/changes?epoch=E&since=N` is every change after N, for as long as both live: [`Line`]s, with an [`Line::Alive`]
//!   when nothing changed for a while. What the node does not have any more is refused (410): then all is copied anew.
//! - `POST /sync/forms/{form}` is a change that an application wants ([`Wanted`]); the node answers when it has done it, with
//!   the number of the change ([`Done`]), or why not.
//!
//! A gateway says who it is by its address; a node that does not have it among its network elements refuses (403).
//!
//! An epoch is one unbroken count of changes: a node that lost its count begins another.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::digest::Digest;
use super::form::Form;
use super::row::{Key, Row, RowFault, Value};

/// Bytes of a line; the longest row of a form takes a quarter of it.
pub const LONGEST_LINE: usize = 64 * 1024;
/// Rows of a page, at most and unless another number is asked for.
pub const LARGEST_PAGE: usize = 1000;
/// Characters of an epoch's name.
const LONGEST_EPOCH: usize = 64;
/// A node says at least this often that it lives, in ms; a stream that is silent for three times as long is over.
pub const ALIVE_MS: u64 = 5_000;

/// Why a line is not what it should be. No text repeats it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    #[error("a line is longer than {LONGEST_LINE} bytes")]
    TooLong,
    #[error("a line is not what is said here")]
    Malformed,
    #[error("a row of {0}: {1}")]
    Row(&'static str, RowFault),
    /// It would change what names a row.
    #[error("a change of {0} changes the key of the row")]
    Key(&'static str),
}

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    Insert,
    Update,
    Delete,
}

impl Operation {
    pub const ALL: [Self; 3] = [Self::Insert, Self::Update, Self::Delete];

    /// What happened to a row that was so before, and is so after.
    #[must_use]
    pub fn of(before: Option<&Row>, after: Option<&Row>) -> Self {
        match (before, after) {
            (None, _) => Self::Insert,
            (_, None) => Self::Delete,
            _ => Self::Update,
        }
    }

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// Where a node stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stand {
    pub epoch: String,
    /// Number of its newest change.
    pub seq: u64,
    /// Forms that this gateway does not know are left out.
    pub forms: Vec<(&'static Form, Digest)>,
}

/// What a page begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageHead {
    pub epoch: String,
    /// The newest change that the page may have: what comes after it is to be applied on top.
    pub seq: u64,
}

/// What a page ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageEnd {
    /// Rows of the page.
    pub rows: usize,
    /// Whether more follow, after its last row.
    pub more: bool,
}

/// A change of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// One more than that of the change before.
    pub seq: u64,
    pub form: &'static Form,
    /// None of an insertion.
    pub before: Option<Row>,
    /// None of a deletion.
    pub after: Option<Row>,
    /// When the node did it, in ms since the epoch by its clock.
    pub at_ms: i64,
}

impl Change {
    #[must_use]
    pub fn operation(&self) -> Operation {
        Operation::of(self.before.as_ref(), self.after.as_ref())
    }

    /// What names the row.
    #[must_use]
    pub fn key(&self) -> Key {
        self.before.as_ref().or(self.after.as_ref()).map(|row| self.form.key(row)).unwrap_or_default()
    }
}

/// A line of the stream of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Nothing was changed after this one.
    Alive(u64),
    Change(Change),
    /// A change of a form that this gateway does not know; it counts all the same.
    Unknown(u64),
}

/// A change that an application wants at the owning node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The row as the application read it; none of an insertion.
    pub before: Option<Row>,
    /// The row as it is to be; none of a deletion.
    pub after: Option<Row>,
}

/// The node has done it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Number of the change in the stream.
    pub seq: u64,
}

/// Why a node did not do it: its answer's body, beside the status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub error: String,
    /// The row as it is now, where it was another than the application had read (409); none when it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Json>,
}

#[derive(Serialize, Deserialize)]
struct StandLine {
    epoch: String,
    seq: u64,
    forms: Vec<FormLine>,
}

#[derive(Serialize, Deserialize)]
struct FormLine {
    form: String,
    rows: u64,
    /// Hexadecimal: JSON's numbers do not hold 64 bits everywhere.
    digest: String,
}

#[derive(Serialize, Deserialize)]
struct HeadLine {
    epoch: String,
    seq: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PageLine {
    Row { row: Json },
    End { end: EndLine },
}

#[derive(Serialize, Deserialize)]
struct EndLine {
    rows: usize,
    more: bool,
}

#[derive(Serialize, Deserialize)]
struct ChangeLine {
    seq: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    form: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    op: Option<Operation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_ms: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedLine {
    op: Operation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Json>,
}

fn parse<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Result<T, LineFault> {
    if line.len() > LONGEST_LINE {
        return Err(LineFault::TooLong);
    }
    // A list of its values would do for serde.
    if !line.trim_ascii_start().starts_with(b"{") {
        return Err(LineFault::Malformed);
    }
    serde_json::from_slice(line).map_err(|_| LineFault::Malformed)
}

fn text(of: &impl Serialize) -> String {
    // Nothing of these has keys that are no texts.
    serde_json::to_string(of).unwrap_or_default()
}

fn epoch(name: String) -> Result<String, LineFault> {
    let fits = (1..=LONGEST_EPOCH).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(name) } else { Err(LineFault::Malformed) }
}

/// The rows of a change, which must fit to what it is, and to each other.
fn rows(
    form: &'static Form,
    op: Operation,
    before: Option<&Json>,
    after: Option<&Json>,
) -> Result<(Option<Row>, Option<Row>), LineFault> {
    let read = |row: &Json| form.read(row).map_err(|fault| LineFault::Row(form.name, fault));
    let (before, after) = (before.map(read).transpose()?, after.map(read).transpose()?);
    match (op, &before, &after) {
        (Operation::Insert, None, Some(_)) | (Operation::Delete, Some(_), None) => {}
        (Operation::Update, Some(old), Some(new)) if form.key(old) == form.key(new) => {}
        (Operation::Update, Some(_), Some(_)) => return Err(LineFault::Key(form.name)),
        _ => return Err(LineFault::Malformed),
    }
    Ok((before, after))
}

impl Stand {
    /// # Errors
    /// See [`LineFault`].
    pub fn read(body: &[u8]) -> Result<Self, LineFault> {
        let StandLine { epoch: name, seq, forms } = parse(body)?;
        let known = |FormLine { form, rows, digest }: FormLine| {
            let form = super::form(&form)?;
            let sum = u64::from_str_radix(&digest, 16).map_err(|_| LineFault::Malformed);
            Some(sum.map(|sum| (form, Digest::new(rows, sum))))
        };
        Ok(Self { epoch: epoch(name)?, seq, forms: forms.into_iter().filter_map(known).collect::<Result<_, _>>()? })
    }

    #[must_use]
    pub fn write(&self) -> String {
        let line = |(form, digest): &(&'static Form, Digest)| FormLine {
            form: form.name.to_owned(),
            rows: digest.rows,
            digest: format!("{:016x}", digest.sum()),
        };
        text(&StandLine { epoch: self.epoch.clone(), seq: self.seq, forms: self.forms.iter().map(line).collect() })
    }
}

impl PageHead {
    /// # Errors
    /// See [`LineFault`].
    pub fn read(line: &[u8]) -> Result<Self, LineFault> {
        let HeadLine { epoch: name, seq } = parse(line)?;
        Ok(Self { epoch: epoch(name)?, seq })
    }

    #[must_use]
    pub fn write(&self) -> String {
        text(&HeadLine { epoch: self.epoch.clone(), seq: self.seq })
    }
}

/// A line of a page after its head: a row, or its end.
///
/// # Errors
/// See [`LineFault`].
pub fn read_page_line(form: &'static Form, line: &[u8]) -> Result<Result<Row, PageEnd>, LineFault> {
    match parse(line)? {
        PageLine::Row { row } => form.read(&row).map(Ok).map_err(|fault| LineFault::Row(form.name, fault)),
        PageLine::End { end: EndLine { rows, more } } => Ok(Err(PageEnd { rows, more })),
    }
}

/// A row as a line of a page.
#[must_use]
pub fn write_row(form: &Form, row: &Row) -> String {
    text(&PageLine::Row { row: form.write(row) })
}

impl PageEnd {
    #[must_use]
    pub fn write(self) -> String {
        let Self { rows, more } = self;
        text(&PageLine::End { end: EndLine { rows, more } })
    }
}

impl Line {
    /// # Errors
    /// See [`LineFault`].
    pub fn read(line: &[u8]) -> Result<Self, LineFault> {
        let ChangeLine { seq, form, op, before, after, at_ms } = parse(line)?;
        let (form, op, at_ms) = match (form, op, at_ms) {
            (None, None, None) if before.is_none() && after.is_none() => return Ok(Self::Alive(seq)),
            (Some(form), Some(op), Some(at_ms)) => (form, op, at_ms),
            _ => return Err(LineFault::Malformed),
        };
        let Some(form) = super::form(&form) else { return Ok(Self::Unknown(seq)) };
        let (before, after) = rows(form, op, before.as_ref(), after.as_ref())?;
        Ok(Self::Change(Change { seq, form, before, after, at_ms }))
    }

    /// As the node writes it.
    #[must_use]
    pub fn write(&self) -> String {
        let alive = |seq| ChangeLine { seq, form: None, op: None, before: None, after: None, at_ms: None };
        match self {
            Self::Alive(seq) | Self::Unknown(seq) => text(&alive(*seq)),
            Self::Change(change) => {
                let row = |row: &Option<Row>| row.as_ref().map(|row| change.form.write(row));
                text(&ChangeLine {
                    form: Some(change.form.name.to_owned()),
                    op: Some(change.operation()),
                    before: row(&change.before),
                    after: row(&change.after),
                    at_ms: Some(change.at_ms),
                    ..alive(change.seq)
                })
            }
        }
    }
}

impl Wanted {
    /// # Errors
    /// See [`LineFault`].
    pub fn read(form: &'static Form, body: &[u8]) -> Result<Self, LineFault> {
        let WantedLine { op, before, after } = parse(body)?;
        let (before, after) = rows(form, op, before.as_ref(), after.as_ref())?;
        Ok(Self { before, after })
    }

    #[must_use]
    pub fn write(&self, form: &Form) -> String {
        let row = |row: &Option<Row>| row.as_ref().map(|row| form.write(row));
        let op = Operation::of(self.before.as_ref(), self.after.as_ref());
        text(&WantedLine { op, before: row(&self.before), after: row(&self.after) })
    }
}

/// A key as `after` of a page has it: a list of its values.
#[must_use]
pub fn write_key(key: &Key) -> String {
    text(&key.iter().map(Value::to_json).collect::<Vec<_>>())
}

/// # Errors
/// [`LineFault::Malformed`] when it is no key of this form.
pub fn read_key(form: &Form, of: &str) -> Result<Key, LineFault> {
    if of.len() > LONGEST_LINE {
        return Err(LineFault::TooLong);
    }
    let values: Vec<Json> = serde_json::from_str(of).map_err(|_| LineFault::Malformed)?;
    let columns: Vec<_> = form.keys().map(|at| &form.columns[at]).collect();
    if columns.len() != values.len() {
        return Err(LineFault::Malformed);
    }
    let read = columns.iter().zip(&values).map(|(column, value)| column.read(value));
    read.collect::<Result<_, _>>().map_err(|_| LineFault::Malformed)
}
