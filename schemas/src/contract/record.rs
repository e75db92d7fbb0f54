//! What a row of the contract becomes: descriptors ([`TypeRow`], [`FieldRow`]) that the tests
//! compare with WSDL and XSD, and the rules by which values are read and written.
//!
//! The structs themselves are made by `macros` from the tables beside this file; `soap` puts
//! envelopes around them. Nothing here knows an operation, and no message repeats what was sent.

use std::num::IntErrorKind;

use super::Namespace;
use crate::fault::Refusal;
use crate::xml::{Element, Writer};

/// Longest text of one field, in bytes.
pub const TEXT_LIMIT: usize = 64 * 1024;
pub(crate) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// A complex type, or the wrapper element of a request.
#[derive(Debug, PartialEq, Eq)]
pub struct TypeRow {
    /// Name on the wire.
    pub name: &'static str,
    /// Namespace of the type and of its child elements.
    pub ns: Namespace,
    /// Elements in the order of the schema, then attributes.
    pub fields: &'static [FieldRow],
}

/// One child element or attribute.
#[derive(Debug, PartialEq, Eq)]
pub struct FieldRow {
    pub place: Place,
    /// Name on the wire.
    pub name: &'static str,
    pub ty: Ty,
    pub card: Card,
}

/// Where a field stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Elem,
    Attr,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ty {
    Long,
    Int,
    Boolean,
    Text,
    Enum(&'static EnumRow),
    Record(&'static TypeRow),
}

/// How often a field occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Card {
    One,
    Opt,
    Many,
}

/// An enumeration and its values in the order of the schema.
#[derive(Debug, PartialEq, Eq)]
pub struct EnumRow {
    pub name: &'static str,
    pub ns: Namespace,
    pub values: &'static [&'static str],
}

/// Why a text is not a value of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    NotANumber,
    OutOfRange,
    NotABoolean,
    NotAmongTheValues,
    TooLong,
}

impl Wrong {
    fn refuse(self, name: &'static str) -> Refusal {
        Refusal::new(match self {
            Wrong::NotANumber => format!("The value of '{name}' is not a whole number."),
            Wrong::OutOfRange => format!("The value of '{name}' is out of range."),
            Wrong::NotABoolean => format!("The value of '{name}' is neither true nor false."),
            Wrong::NotAmongTheValues => format!("The value of '{name}' is none of those that the contract names."),
            Wrong::TooLong => format!("The value of '{name}' is too long."),
        })
    }
}

/// A value that is one text: what an attribute, or an element without children, holds.
pub trait Scalar: Sized {
    const TYPE: Ty;

    /// # Errors
    /// The text is no value of this type.
    fn parse(text: &str) -> Result<Self, Wrong>;

    fn render(&self, out: &mut Writer);
}

/// A value that an element holds: a scalar or a record.
pub trait Value: Sized {
    const TY: Ty;

    /// # Errors
    /// What the application did wrong, by the name of the field.
    fn read_element(element: Element<'_, '_>, name: &'static str) -> Result<Self, Refusal>;

    fn write_element(&self, out: &mut Writer, prefix: &str, name: &str);
}

/// A struct that stands for a complex type or a wrapper.
pub trait Record: Sized {
    const ROW: &'static TypeRow;

    /// Reads what is known and ignores the rest; order does not matter.
    ///
    /// # Errors
    /// The first field that is missing, given twice or not of its type.
    fn read(element: Element<'_, '_>) -> Result<Self, Refusal>;

    /// ` name="value"` for each attribute.
    fn write_attributes(&self, out: &mut Writer);

    /// The child elements in the order of the schema, with the prefix of the type's namespace.
    fn write_children(&self, out: &mut Writer);

    /// Whether there are no child elements to write.
    fn is_bare(&self) -> bool;
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

fn whole<T: std::str::FromStr<Err = std::num::ParseIntError>>(text: &str) -> Result<T, Wrong> {
    trim(text).parse().map_err(|e: std::num::ParseIntError| match e.kind() {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => Wrong::OutOfRange,
        _ => Wrong::NotANumber,
    })
}

impl Scalar for i64 {
    const TYPE: Ty = Ty::Long;

    fn parse(text: &str) -> Result<Self, Wrong> {
        whole(text)
    }

    fn render(&self, out: &mut Writer) {
        decimal(*self, out);
    }
}

impl Scalar for i32 {
    const TYPE: Ty = Ty::Int;

    fn parse(text: &str) -> Result<Self, Wrong> {
        whole(text)
    }

    fn render(&self, out: &mut Writer) {
        decimal(i64::from(*self), out);
    }
}

/// Every event and reply holds several numbers: written without an allocation each.
fn decimal(value: i64, out: &mut Writer) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.raw("-");
    }
    out.raw(std::str::from_utf8(&digits[at..]).unwrap_or("0")); // digits are ASCII
}

impl Scalar for bool {
    const TYPE: Ty = Ty::Boolean;

    fn parse(text: &str) -> Result<Self, Wrong> {
        match trim(text) {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(Wrong::NotABoolean),
        }
    }

    fn render(&self, out: &mut Writer) {
        out.raw(if *self { "true" } else { "false" });
    }
}

impl Scalar for String {
    const TYPE: Ty = Ty::Text;

    fn parse(text: &str) -> Result<Self, Wrong> {
        if text.len() > TEXT_LIMIT { Err(Wrong::TooLong) } else { Ok(text.to_owned()) }
    }

    fn render(&self, out: &mut Writer) {
        out.text(self);
    }
}

/// A text that nobody but the node is to see, a PIN: its `Debug` shows nothing.
#[derive(Default, Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Scalar for Secret {
    const TYPE: Ty = Ty::Text;

    fn parse(text: &str) -> Result<Self, Wrong> {
        String::parse(text).map(Self)
    }

    fn render(&self, out: &mut Writer) {
        out.text(&self.0);
    }
}

impl<T: Scalar> Value for T {
    const TY: Ty = T::TYPE;

    fn read_element(element: Element<'_, '_>, name: &'static str) -> Result<Self, Refusal> {
        T::parse(element.text()).map_err(|wrong| wrong.refuse(name))
    }

    fn write_element(&self, out: &mut Writer, prefix: &str, name: &str) {
        out.raw("<").raw(prefix).raw(":").raw(name).raw(">");
        self.render(out);
        out.raw("</").raw(prefix).raw(":").raw(name).raw(">");
    }
}

/// Writes a record as the element `prefix:name`.
pub fn write_record(record: &impl Record, out: &mut Writer, prefix: &str, name: &str) {
    out.raw("<").raw(prefix).raw(":").raw(name);
    record.write_attributes(out);
    if record.is_bare() {
        out.raw("/>");
    } else {
        out.raw(">");
        record.write_children(out);
        out.raw("</").raw(prefix).raw(":").raw(name).raw(">");
    }
}

/// Elements of this name that are there and not nil.
fn present<'t, 'a>(
    parent: Element<'t, 'a>,
    ns: Namespace,
    name: &'static str,
) -> impl Iterator<Item = Element<'t, 'a>> {
    let uri = ns.uri();
    parent.children().filter(move |child| {
        child.is(uri, name) && !matches!(child.attribute(XSI, "nil").map(trim), Some("true" | "1"))
    })
}

/// An element that may be left out.
///
/// # Errors
/// It is there twice, or not of its type.
pub fn optional<T: Value>(parent: Element<'_, '_>, ns: Namespace, name: &'static str) -> Result<Option<T>, Refusal> {
    let mut found = present(parent, ns, name);
    let Some(element) = found.next() else { return Ok(None) };
    if found.next().is_some() {
        return Err(Refusal::new(format!("The element '{name}' is given more than once.")));
    }
    T::read_element(element, name).map(Some)
}

/// An element that must be there.
///
/// # Errors
/// It is missing (or nil), there twice, or not of its type.
pub fn required<T: Value>(parent: Element<'_, '_>, ns: Namespace, name: &'static str) -> Result<T, Refusal> {
    optional(parent, ns, name)?.ok_or_else(|| Refusal::missing_element(name))
}

/// An element that may occur any number of times.
///
/// # Errors
/// One of them is not of its type.
pub fn any_number<T: Value>(parent: Element<'_, '_>, ns: Namespace, name: &'static str) -> Result<Vec<T>, Refusal> {
    present(parent, ns, name).map(|element| T::read_element(element, name)).collect()
}

/// An attribute; all of the contract's are required.
///
/// # Errors
/// It is missing or not of its type.
pub fn attribute<T: Scalar>(parent: Element<'_, '_>, name: &'static str) -> Result<T, Refusal> {
    let text = parent.attribute("", name).ok_or_else(|| Refusal::missing_attribute(name))?;
    T::parse(text).map_err(|wrong| wrong.refuse(name))
}

/// Fields that no log may show.
const SECRETS: &[&str] = &[
    "applicationPassword",
    "localPassword",
    "userPassword",
    "signedAuthenticationData",
    "authenticationData",
    "token",
    "pin",
    "sessionId",
    "restSessionId",
];

/// Prints a field, or that there is one which is not shown.
pub struct Shown<'a, T>(pub &'a T, pub &'static str);

impl<T: std::fmt::Debug> std::fmt::Debug for Shown<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if SECRETS.contains(&self.1) { f.write_str("(not shown)") } else { self.0.fmt(f) }
    }
}
