//! What goes back: replies, refusals, faults. And for clients of ours: requests, and the reading
//! of replies.
//!
//! A refusal is written from the operation's row alone, so that no handler can forget an attribute.

use super::Version;
use super::envelope::{Envelope, begin, close_wrapper, finish, open_wrapper};
use crate::contract::record::write_record;
use crate::contract::{Card, FieldRow, OperationRow, Place, Record, Request, Scalar, Ty, TypeRow};
use crate::fault::{Fault, Refusal, SoapCode};
use crate::xml::{Element, Writer};

/// A typed reply in its envelope.
#[must_use]
pub fn reply(version: Version, operation: &OperationRow, answer: &impl Record) -> String {
    in_reply(version, operation, |out| write_record(answer, out, "svc", "return"))
}

/// A reply whose content was rendered before: `attributes` of `return`, and its children with the
/// prefixes of [`Namespace::prefix`](crate::contract::Namespace::prefix).
#[must_use]
pub fn reply_raw(version: Version, operation: &OperationRow, attributes: &[(&str, &str)], inner: &str) -> String {
    in_reply(version, operation, |out| {
        out.raw("<svc:return");
        for (name, value) in attributes {
            out.attribute(name, value);
        }
        out.raw(">").raw(inner).raw("</svc:return>");
    })
}

fn in_reply(version: Version, operation: &OperationRow, content: impl FnOnce(&mut Writer)) -> String {
    let mut out = begin(version);
    let name = [operation.name, "Response"];
    open_wrapper(&mut out, operation.service, &name);
    content(&mut out);
    close_wrapper(&mut out, &name);
    finish(out)
}

/// `result="false"` with the text; every attribute of the reply is there, and an id that the
/// request named is repeated.
#[must_use]
pub fn refusal(
    version: Version,
    operation: &OperationRow,
    request: Option<Element<'_, '_>>,
    refusal: &Refusal,
) -> String {
    in_reply(version, operation, |out| {
        out.raw("<svc:return");
        neutral_attributes(operation.reply, request, out);
        out.raw(">");
        neutral_children(operation.reply, request, Some(refusal), out);
        out.raw("</svc:return>");
    })
}

fn neutral_attributes(ty: &TypeRow, request: Option<Element<'_, '_>>, out: &mut Writer) {
    for field in ty.fields.iter().filter(|f| f.place == Place::Attr) {
        out.raw(" ").raw(field.name).raw("=\"");
        neutral_value(field, request, out);
        out.raw("\"");
    }
}

/// The error text, what is required, and the state of a link that is not known to be up.
fn neutral_children(ty: &TypeRow, request: Option<Element<'_, '_>>, refusal: Option<&Refusal>, out: &mut Writer) {
    for field in ty.fields.iter().filter(|f| f.place == Place::Elem) {
        let text = match (refusal, field.name) {
            (Some(refusal), "errorDesc" | "errorDescription") => Some(refusal.text()),
            (Some(_), "connectionState") => Some("NOT_CONNECTED"),
            _ => None,
        };
        if text.is_none() && field.card != Card::One {
            continue;
        }
        out.raw("<").raw(ty.ns.prefix()).raw(":").raw(field.name);
        match (text, field.ty) {
            (Some(text), _) => {
                out.raw(">").text(text);
            }
            (None, Ty::Record(inner)) => {
                neutral_attributes(inner, request, out);
                out.raw(">");
                neutral_children(inner, request, None, out);
            }
            (None, _) => {
                out.raw(">");
                neutral_value(field, request, out);
            }
        }
        out.raw("</").raw(ty.ns.prefix()).raw(":").raw(field.name).raw(">");
    }
}

fn neutral_value(field: &FieldRow, request: Option<Element<'_, '_>>, out: &mut Writer) {
    match field.ty {
        Ty::Boolean => {
            out.raw("false");
        }
        Ty::Long => echo::<i64>(field, request).unwrap_or_default().render(out),
        Ty::Int => echo::<i32>(field, request).unwrap_or_default().render(out),
        Ty::Text | Ty::Record(_) => {}
        Ty::Enum(row) => {
            out.raw(row.values.first().copied().unwrap_or_default());
        }
    }
}

/// A number of this name anywhere in the request: in the wrapper, or in the record that it holds.
fn echo<T: Scalar>(field: &FieldRow, request: Option<Element<'_, '_>>) -> Option<T> {
    fn find<'t>(element: Element<'t, '_>, name: &str, levels: u8) -> Option<&'t str> {
        element.attribute("", name).or_else(|| {
            element.children().find_map(|child| match child.local() == name {
                true => Some(child.text()),
                false if levels > 0 => find(child, name, levels - 1),
                false => None,
            })
        })
    }
    T::parse(find(request?, field.name, 1)?).ok()
}

/// A fault, and the HTTP status that it goes with.
#[must_use]
pub fn fault(version: Version, fault: &Fault) -> (u16, String) {
    let mut out = begin(version);
    let code = fault.soap_code();
    match version {
        Version::V1_1 => {
            out.raw("<soapenv:Fault><faultcode>soapenv:").raw(code.in_1_1()).raw("</faultcode><faultstring>");
            out.text(&fault.text());
            out.raw("</faultstring></soapenv:Fault>");
        }
        Version::V1_2 => {
            out.raw("<soapenv:Fault><soapenv:Code><soapenv:Value>soapenv:").raw(code.in_1_2());
            out.raw("</soapenv:Value></soapenv:Code><soapenv:Reason><soapenv:Text xml:lang=\"en\">");
            out.text(&fault.text());
            out.raw("</soapenv:Text></soapenv:Reason></soapenv:Fault>");
        }
    }
    // SOAP 1.1 knows one status for all faults; 1.2 tells the sender's from the others.
    let status = match (version, code) {
        (Version::V1_2, SoapCode::Client) => 400,
        _ => 500,
    };
    (status, finish(out))
}

/// A request in its envelope.
#[must_use]
pub fn request<R: Request>(version: Version, request: &R) -> String {
    let operation = R::OPERATION;
    let mut out = begin(version);
    open_wrapper(&mut out, operation.service, &[operation.name]);
    request.write_children(&mut out);
    close_wrapper(&mut out, &[operation.name]);
    finish(out)
}

/// Why an envelope is not the reply that was waited for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The server answered with a fault; holds its text.
    #[error("the server answered with a fault: {0}")]
    Fault(String),
    /// The body holds something else.
    #[error("the body does not hold the reply of this operation")]
    AnotherElement,
    /// The reply lacks something.
    #[error("the reply does not follow the contract: {0}")]
    NotOfTheContract(#[source] Refusal),
}

/// Reads the reply of the operation `R`.
///
/// # Errors
/// A fault, another element, or a reply that does not follow the contract.
pub fn read_reply<R: Request>(envelope: &Envelope<'_>) -> Result<R::Reply, Unanswered> {
    let body = envelope.body();
    let operation = R::OPERATION;
    if body.is(envelope.version().uri(), "Fault") {
        let reason = body.child_text("faultstring").or_else(|| body.child("Reason")?.child_text("Text"));
        return Err(Unanswered::Fault(reason.unwrap_or_default().to_owned()));
    }
    let ns = operation.service.namespace().uri();
    if body.namespace() != ns || body.local().strip_suffix("Response") != Some(operation.name) {
        return Err(Unanswered::AnotherElement);
    }
    let content = body.children().find(|c| c.is(ns, "return"));
    let content = content.ok_or_else(|| Unanswered::NotOfTheContract(Refusal::missing_element("return")))?;
    R::Reply::read(content).map_err(Unanswered::NotOfTheContract)
}
