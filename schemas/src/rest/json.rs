//! A guarded JSON reader: a whole document as values that borrow from it, bounded in depth and
//! number, with numbers kept as they will be read and members in order, doubles included.
//!
//! serde_json reads; here is what is kept of it. No error repeats input.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Nesting of one document; the contract needs 5.
const DEPTH: usize = 32;
/// Values in one document; as many as elements in one of XML.
const VALUES: usize = 8192;
/// Bytes of one document, as of one of XML.
const BYTES: usize = 256 * 1024;

/// Why a document was refused. The texts name the rule, never the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    #[error("the document is not well-formed JSON in UTF-8")]
    Malformed,
    #[error("the document is not a JSON object")]
    NotAnObject,
    #[error("the document is larger than is allowed")]
    TooLarge,
    #[error("the document is nested deeper than is allowed")]
    TooDeep,
    #[error("the document has more values than are allowed")]
    TooManyValues,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    /// As digits; what is no whole number of 64 bits does not read as one.
    Number(String),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Members<'a>),
}

/// The members of an object, in order; a name may be there twice.
pub(super) type Members<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

/// Reads a document that must be an object; an empty one stands for an object without members.
pub(super) fn object(bytes: &[u8]) -> Result<Members<'_>, JsonFault> {
    if bytes.len() > BYTES {
        return Err(JsonFault::TooLarge);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    let guard = Guard { values: Cell::new(0), broken: Cell::new(None) };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let seed = Seed { guard: &guard, depth: 0 };
    let read = seed.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match read {
        Ok(Json::Object(members)) => Ok(members),
        Ok(_) => Err(JsonFault::NotAnObject),
        Err(_) => Err(guard.broken.get().unwrap_or(JsonFault::Malformed)),
    }
}

struct Guard {
    values: Cell<usize>,
    broken: Cell<Option<JsonFault>>,
}

impl Guard {
    fn refuse<E: Error>(&self, fault: JsonFault) -> E {
        self.broken.set(Some(fault));
        E::custom("refused")
    }
}

#[derive(Clone, Copy)]
struct Seed<'g> {
    guard: &'g Guard,
    depth: usize,
}

impl Seed<'_> {
    fn inner<E: Error>(self) -> Result<Self, E> {
        if self.depth >= DEPTH {
            return Err(self.guard.refuse(JsonFault::TooDeep));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        let values = self.guard.values.get() + 1;
        self.guard.values.set(values);
        if values > VALUES {
            return Err(self.guard.refuse(JsonFault::TooManyValues));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.to_string()))
    }

    /// Also whole numbers beyond 64 bits, whose last digits are gone: they must not read as one
    /// that fits, and `1.0` must not depend on how many digits a double holds.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Json<'de>, E> {
        let beyond = value.fract() == 0.0 && value.abs() >= 9e18;
        Ok(Json::Number(if beyond { format!("{value}") } else { format!("{value:?}") }))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let inner = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let inner = self.inner()?;
        let mut members = Vec::new();
        while let Some(name) = access.next_key_seed(Name)? {
            members.push((name, access.next_value_seed(inner)?));
        }
        Ok(Json::Object(members))
    }
}

/// The name of a member, borrowed where it has no escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}
