//! A JSON request as the tree that the rows read: attributes and elements where the row has them,
//! in the namespaces of the contract.
//!
//! Only what JSON alone can get wrong is refused here (a list for a number, a member twice); what
//! is missing or out of range is for the rows, so that the texts are those of SOAP.

use std::borrow::Cow;

use super::json::{self, Json, JsonFault, Members};
use crate::contract::record::{Card, FieldRow, Place, Ty, TypeRow};
use crate::contract::{OperationRow, Scalar};
use crate::fault::{Fault, Refusal};
use crate::xml::{Element, Growing, Tree, is_xml_char};

const SESSION: &str = "sessionId";

/// A request that was read; borrows from the bytes.
#[derive(Debug)]
pub struct Asked<'a> {
    tree: Tree<'a>,
}

/// Why there is no request to give to the operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// No JSON that may be read.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// JSON that cannot be the request of this operation.
    #[error(transparent)]
    Refusal(#[from] Refusal),
}

impl From<JsonFault> for Unread {
    fn from(cause: JsonFault) -> Self {
        Unread::Fault(match cause {
            JsonFault::TooLarge => Fault::TooLarge,
            cause => Fault::BadJson(cause),
        })
    }
}

impl<'a> Asked<'a> {
    /// Reads the request of an operation. `session` is the one that the transport names; it stands
    /// for the field `sessionId` where the body has none.
    ///
    /// # Errors
    /// What is not JSON, or cannot be this request.
    pub fn read(operation: &OperationRow, body: &'a [u8], session: Option<i64>) -> Result<Self, Unread> {
        Self::of(operation.name, operation.request, body, session)
    }

    /// Reads the reply of an operation: for clients of ours, and tests.
    ///
    /// # Errors
    /// What is not JSON, or cannot be this reply.
    pub fn read_reply(operation: &OperationRow, body: &'a [u8]) -> Result<Self, Unread> {
        Self::of("return", operation.reply, body, None)
    }

    fn of(name: &'static str, ty: &'static TypeRow, body: &'a [u8], session: Option<i64>) -> Result<Self, Unread> {
        let mut reading = Reading { tree: Growing::new(), session };
        reading.record("", name, ty, json::object(body)?, 0)?;
        Ok(Self { tree: reading.tree.finish() })
    }

    /// The wrapper, as a SOAP body would have it.
    #[must_use]
    pub fn element(&self) -> Element<'_, 'a> {
        self.tree.root()
    }
}

struct Reading<'a> {
    tree: Growing<'a>,
    session: Option<i64>,
}

impl<'a> Reading<'a> {
    fn record(
        &mut self,
        namespace: &'static str,
        name: &'static str,
        ty: &'static TypeRow,
        members: Members<'a>,
        level: u8,
    ) -> Result<(), Refusal> {
        let mut given: Vec<Option<Json<'a>>> = ty.fields.iter().map(|_| None).collect();
        let mut seen = vec![false; ty.fields.len()];
        for (member, value) in members {
            // Members that the contract does not know are left aside, as elements are.
            let Some(at) = ty.fields.iter().position(|f| f.name == member) else { continue };
            if std::mem::replace(&mut seen[at], true) {
                return Err(Refusal::new(format!("The element '{}' is given more than once.", ty.fields[at].name)));
            }
            given[at] = Some(value).filter(|v| *v != Json::Null);
        }
        // The session stands in the wrapper, or in the record that it holds.
        if let (Some(session), 0 | 1) = (self.session, level)
            && let Some(at) = ty.fields.iter().position(|f| f.name == SESSION)
        {
            match &given[at] {
                None => given[at] = Some(Json::Number(session.to_string())),
                Some(Json::Number(text)) if i64::parse(text) == Ok(session) => {}
                Some(Json::Text(text)) if i64::parse(text) == Ok(session) => {}
                Some(_) => return Err(Refusal::new("The session is named twice, and differently.")),
            }
        }
        let mut attributes = Vec::new();
        for (field, value) in ty.fields.iter().zip(&mut given).filter(|(f, _)| f.place == Place::Attr) {
            if let Some(value) = value.take() {
                attributes.push((field.name, scalar(field, value)?));
            }
        }
        self.tree.open(namespace, name, Cow::Borrowed(""), attributes);
        for (field, value) in ty.fields.iter().zip(given) {
            match (field.card, value) {
                (_, None) => {}
                (Card::Many, Some(Json::List(items))) => {
                    // An item that is null is none, as one that is nil.
                    for item in items.into_iter().filter(|item| *item != Json::Null) {
                        self.element(ty, field, item, level)?;
                    }
                }
                (Card::Many, Some(_)) => return Err(not(field, "a list")),
                (_, Some(value)) => self.element(ty, field, value, level)?,
            }
        }
        self.tree.close();
        Ok(())
    }

    fn element(
        &mut self,
        parent: &TypeRow,
        field: &'static FieldRow,
        value: Json<'a>,
        level: u8,
    ) -> Result<(), Refusal> {
        let namespace = parent.ns.uri();
        match (field.ty, value) {
            (Ty::Record(ty), Json::Object(members)) => {
                self.record(namespace, field.name, ty, members, level.saturating_add(1))
            }
            (Ty::Record(_), _) => Err(not(field, "an object")),
            (_, value) => {
                let text = scalar(field, value)?;
                self.tree.open(namespace, field.name, text, []);
                self.tree.close();
                Ok(())
            }
        }
    }
}

fn not(field: &FieldRow, what: &str) -> Refusal {
    Refusal::new(format!("The value of '{}' is not {what}.", field.name))
}

/// The text of a value that is one; whether it is of its type is for the row.
fn scalar<'a>(field: &FieldRow, value: Json<'a>) -> Result<Cow<'a, str>, Refusal> {
    let text = match (field.ty, value) {
        (Ty::Boolean, Json::Bool(value)) => Cow::Borrowed(if value { "true" } else { "false" }),
        (Ty::Long | Ty::Int, Json::Number(digits)) => Cow::Owned(digits),
        (Ty::Long | Ty::Int | Ty::Text | Ty::Enum(_), Json::Text(text)) => text,
        (Ty::Boolean, _) => return Err(not(field, "true or false")),
        (Ty::Long | Ty::Int, _) => return Err(not(field, "a whole number")),
        // A number to dial may begin with a zero, which a JSON number cannot.
        (Ty::Text | Ty::Enum(_), _) => return Err(not(field, "a text")),
        (Ty::Record(_), _) => return Err(not(field, "an object")),
    };
    if text.chars().all(is_xml_char) {
        Ok(text)
    } else {
        Err(Refusal::new(format!("The value of '{}' holds a character that is not allowed.", field.name)))
    }
}
