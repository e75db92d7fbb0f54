//! Why SQL is refused. Sentences are for whoever wrote the statement: they name what is not taken, by our words or by a bounded
//! name of theirs, and never repeat a text.

use super::super::row::RowFault;

/// Characters of a name that a sentence repeats, at most.
const LONGEST_SHOWN: usize = 32;

/// Why a statement or a condition is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlFault {
    /// Larger than what is read at all; the sentence says which bound.
    #[error("{0}")]
    TooLarge(&'static str),
    /// Not SQL, or none that is understood.
    #[error("this is no SQL that is understood here, near line {line}, column {column}")]
    Syntax { line: u64, column: u64 },
    /// SQL that is not taken here: what, in words.
    #[error("{0} is not taken here")]
    Construct(&'static str),
    /// The same, by a word of the statement.
    #[error("{0} is not taken here; as a name it is written in double quotes")]
    Word(Shown),
    #[error("there is no function {0} here")]
    Function(Shown),
    #[error("there is no view {0}")]
    View(Shown),
    /// What sessions without Advanced service may not do: read the form of this name, or write.
    #[error("{0} needs Advanced service")]
    Advanced(&'static str),
    #[error("there is no column {0}")]
    Column(Shown),
    #[error("{0} is in more than one view; write VIEW.{0}")]
    Ambiguous(Shown),
    #[error("two things are called {0}")]
    Twice(Shown),
    /// Types that do not go together.
    #[error("{left} and {right} do not go together here; a directory number is a text: '1000'")]
    Types { left: &'static str, right: &'static str },
    /// One type where another belongs.
    #[error("{place} takes {wanted}, not {found}")]
    Type { place: &'static str, wanted: &'static str, found: &'static str },
    /// A rule of the language; the sentence says it whole.
    #[error("{0}")]
    Rule(&'static str),
    /// What is written is no row of its form.
    #[error(transparent)]
    Row(#[from] RowFault),
}

/// A name of the statement as a sentence may have it: bounded, and in letters that mean nothing to whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown(String);

impl Shown {
    pub(super) fn new(name: &str) -> Self {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '?' };
        let mut shown: String = name.chars().take(LONGEST_SHOWN).map(plain).collect();
        if name.chars().nth(LONGEST_SHOWN).is_some() {
            shown.push_str("...");
        }
        Self(shown)
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
