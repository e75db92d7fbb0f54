//! A row of a form: read from JSON as a node, a file or an application says it, checked against the form as a whole, and
//! written as JSON. No text of a fault repeats what was read.

use serde_json::{Map, Number, Value as Json};

use super::form::{Column, Form, Kind};

/// What is in a column; nothing is `Null`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Text(String),
}

/// What names a row: the values of its key columns, in the form's order.
pub type Key = Vec<Value>;

/// A row of a form, a value for each column in the form's order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Row(pub Box<[Value]>);

/// Why something is no row of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    #[error("a row is an object")]
    NoObject,
    #[error("the form has no such column")]
    Unknown,
    #[error("{0} needs a value")]
    Missing(&'static str),
    #[error("{0} must be true or false")]
    NoBoolean(&'static str),
    #[error("{name} must be a whole number of {min} to {max}")]
    NoInteger { name: &'static str, min: i64, max: i64 },
    #[error("{name} must be a text of at most {max} characters on one line")]
    NoText { name: &'static str, max: usize },
    #[error("{0} must have digits alone")]
    NoNumber(&'static str),
    #[error("{0} has a word that is not known")]
    NoWord(&'static str),
}

impl Value {
    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Boolean(value) => Json::Bool(*value),
            Self::Integer(value) => Json::Number(Number::from(*value)),
            Self::Text(value) => Json::String(value.clone()),
        }
    }
}

impl Column {
    /// Reads a value as JSON says it.
    ///
    /// # Errors
    /// See [`RowFault`].
    pub fn read(&self, value: &Json) -> Result<Value, RowFault> {
        let name = self.name;
        let value = match (self.kind, value) {
            (_, Json::Null) => Value::Null,
            (Kind::Boolean, Json::Bool(value)) => Value::Boolean(*value),
            (Kind::Boolean, _) => return Err(RowFault::NoBoolean(name)),
            (Kind::Integer { min, max }, value) => {
                let number = value.as_i64().filter(|number| (min..=max).contains(number));
                Value::Integer(number.ok_or(RowFault::NoInteger { name, min, max })?)
            }
            (Kind::Text { max }, value) => {
                let fits = |text: &&str| {
                    !text.is_empty() && text.chars().count() <= max && !text.chars().any(char::is_control)
                };
                let text = value.as_str().filter(fits).ok_or(RowFault::NoText { name, max })?;
                if self.number && !text.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(RowFault::NoNumber(name));
                }
                Value::Text(text.to_owned())
            }
            (Kind::Word(words), value) => {
                let word = value.as_str().filter(|word| words.contains(word)).ok_or(RowFault::NoWord(name))?;
                Value::Text(word.to_owned())
            }
        };
        if self.required && value == Value::Null { Err(RowFault::Missing(name)) } else { Ok(value) }
    }

    /// Reads a value as a text says it, of a file or in SOAP: nothing is an empty one.
    ///
    /// # Errors
    /// See [`RowFault`].
    pub fn read_text(&self, text: &str) -> Result<Value, RowFault> {
        let json = match (self.kind, text) {
            (_, "") => Json::Null,
            (Kind::Boolean, "true") => Json::Bool(true),
            (Kind::Boolean, "false") => Json::Bool(false),
            // A sign or zeroes before it would read back as another text.
            (Kind::Integer { .. }, text) => match text.parse::<i64>() {
                Ok(number) if number.to_string() == text => Json::Number(number.into()),
                _ => Json::String(text.to_owned()),
            },
            (_, text) => Json::String(text.to_owned()),
        };
        self.read(&json)
    }
}

impl Form {
    /// Reads a row of this form; columns that are not there have no value.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn read(&self, row: &Json) -> Result<Row, RowFault> {
        let object = row.as_object().ok_or(RowFault::NoObject)?;
        if object.keys().any(|name| self.column(name).is_none()) {
            return Err(RowFault::Unknown);
        }
        let value = |column: &Column| column.read(object.get(column.name).unwrap_or(&Json::Null));
        Ok(Row(self.columns.iter().map(value).collect::<Result<_, _>>()?))
    }

    /// A row as an object; columns without a value are left out.
    #[must_use]
    pub fn write(&self, row: &Row) -> Json {
        let given = self.columns.iter().zip(&row.0).filter(|(_, value)| **value != Value::Null);
        Json::Object(given.map(|(column, value)| (column.name.to_owned(), value.to_json())).collect::<Map<_, _>>())
    }

    /// What names this row.
    #[must_use]
    pub fn key(&self, row: &Row) -> Key {
        self.keys().filter_map(|at| row.0.get(at).cloned()).collect()
    }
}
