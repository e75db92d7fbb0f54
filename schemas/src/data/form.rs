//! What a form is: its columns, with what may be in them. Built in constants, so that a wrong one does not compile.

/// A form of a node's configuration, a table to applications.
#[derive(Debug)]
pub struct Form {
    /// As the table is called.
    pub name: &'static str,
    /// As people at a node call it.
    pub title: &'static str,
    /// The number that SOAP calls it by; never given again.
    pub dei_id: i32,
    pub columns: &'static [Column],
    /// Sessions without Advanced service may read it.
    pub standard: bool,
    /// Rows may be added and removed; else only changed.
    pub grows: bool,
}

/// A column of a form.
#[derive(Debug)]
pub struct Column {
    pub name: &'static str,
    pub description: &'static str,
    pub kind: Kind,
    /// Part of what names a row, which never changes.
    pub key: bool,
    /// It always has a value.
    pub required: bool,
    /// It holds a directory number: digits alone.
    pub number: bool,
}

/// What may be in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Boolean,
    Integer {
        min: i64,
        max: i64,
    },
    /// So many characters at most, on one line.
    Text {
        max: usize,
    },
    /// One of these words.
    Word(&'static [&'static str]),
}

impl Column {
    pub(super) const fn of(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self { name, description, kind, key: false, required: false, number: false }
    }

    /// One of the columns that name a row.
    pub(super) const fn key(self) -> Self {
        Self { key: true, required: true, ..self }
    }

    pub(super) const fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

pub(super) const fn text(name: &'static str, max: usize, description: &'static str) -> Column {
    Column::of(name, Kind::Text { max }, description)
}

/// A directory number.
pub(super) const fn dn(name: &'static str, description: &'static str) -> Column {
    Column { number: true, ..Column::of(name, Kind::Text { max: 7 }, description) }
}

pub(super) const fn integer(name: &'static str, min: i64, max: i64, description: &'static str) -> Column {
    Column::of(name, Kind::Integer { min, max }, description)
}

pub(super) const fn flag(name: &'static str, description: &'static str) -> Column {
    Column::of(name, Kind::Boolean, description).required()
}

pub(super) const fn word(name: &'static str, words: &'static [&'static str], description: &'static str) -> Column {
    Column::of(name, Kind::Word(words), description).required()
}

/// There is one of each name.
impl PartialEq for Form {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Form {}

impl Form {
    /// Places of the columns that name a row, in their order.
    pub fn keys(&self) -> impl Iterator<Item = usize> {
        self.columns.iter().enumerate().filter(|(_, column)| column.key).map(|(at, _)| at)
    }

    /// The place of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}
