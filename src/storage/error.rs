//! What can go wrong with the database, as a caller can act on it. No text holds a URL, a password or a value of a row.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The setting is not one that can be used.
    #[error("storage.url: {0}")]
    Url(&'static str),
    /// There is no connection to be had: no such file or server, or it is gone.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// Every connection was in use, or another writer held the database, for as long as one waits.
    #[error("the database is busy: {0}")]
    Busy(&'static str),
    /// What is there is no database, or is broken.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    #[error("the database cannot be written: {0}")]
    ReadOnly(String),
    /// It was made by a later version of this program.
    #[error("the database has the migration {0}, which this program does not know: it is of a later version")]
    Newer(String),
    /// The row was changed by somebody else since it was read.
    #[error("{0} has changed meanwhile")]
    Changed(String),
    #[error("{0} is not there")]
    Missing(String),
    #[error("{0} is there already")]
    Exists(String),
    /// What is to be written, or was read, cannot be: an object's name, and what is wrong with it.
    #[error("{object}: {fault}")]
    Invalid { object: String, fault: String },
    /// The database refused, for another reason.
    #[error("the database: {0}")]
    Refused(String),
    /// The file of the key that secrets are sealed with: what is wrong with it.
    #[error("storage.key_file: {0}")]
    Key(String),
    /// The work panicked.
    #[error("the work with the database broke off")]
    Lost,
}

impl StorageError {
    /// An error of a statement that writes one object: a second one of its name is [`Self::Exists`].
    pub(super) fn of(object: impl Into<String>) -> impl FnOnce(DieselError) -> Self {
        move |error| match error {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Self::Exists(object.into()),
            error => error.into(),
        }
    }

    /// Whether the database itself cannot be used, whatever is in it.
    pub(crate) fn is_away(&self) -> bool {
        !matches!(self, Self::Changed(_) | Self::Missing(_) | Self::Exists(_) | Self::Invalid { .. })
    }

    pub(super) fn invalid(object: impl Into<String>, fault: impl Into<String>) -> Self {
        Self::Invalid { object: object.into(), fault: fault.into() }
    }

    /// SQLite tells most of its errors in words alone.
    fn by_words(text: &str) -> Self {
        let has = |words: &str| text.contains(words);
        if has("database is locked") || has("database table is locked") {
            Self::Busy("another writer holds it")
        } else if has("lock timeout") || has("statement timeout") {
            Self::Busy("it did not come to an end in time")
        } else if has("not a database") || has("malformed") {
            Self::Damaged(text.to_owned())
        } else if has("readonly database") || has("read-only transaction") || has("disk is full") || has("disk I/O") {
            Self::ReadOnly(text.to_owned())
        } else if has("unable to open") {
            Self::Unreachable(text.to_owned())
        } else {
            Self::Refused(text.to_owned())
        }
    }
}

impl From<DieselError> for StorageError {
    fn from(error: DieselError) -> Self {
        match error {
            // The message alone: details would show values.
            DieselError::DatabaseError(kind, told) => match kind {
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                    Self::Unreachable("the connection was lost".into())
                }
                DatabaseErrorKind::ReadOnlyTransaction => Self::ReadOnly(told.message().to_owned()),
                DatabaseErrorKind::SerializationFailure => Self::Busy("another writer was first"),
                _ => gone(told.message()).unwrap_or_else(|| Self::by_words(told.message())),
            },
            DieselError::BrokenTransactionManager => Self::Unreachable("the connection was lost".into()),
            DieselError::RollbackErrorOnCommit { commit_error, .. } => (*commit_error).into(),
            DieselError::NotFound => Self::Missing("what was asked for".into()),
            // Both may hold what was read.
            DieselError::DeserializationError(_) => Self::Damaged("a row is not as the table says".into()),
            DieselError::SerializationError(_) => Self::Refused("a value cannot be written".into()),
            other => Self::by_words(&other.to_string()),
        }
    }
}

/// A server's last words.
fn gone(text: &str) -> Option<StorageError> {
    let gone = ["terminating connection", "server closed the connection", "no connection to the server"];
    gone.iter().any(|words| text.contains(words)).then(|| StorageError::Unreachable("the connection was lost".into()))
}
