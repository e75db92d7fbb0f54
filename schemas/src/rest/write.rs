//! What goes back as JSON: replies, events and refusals out of what the rows wrote, and faults.
//!
//! The XML reply is rendered first, of the next event its children once for all who poll for it; here its elements are written as members by the descriptors of the rows. Longs become
//! strings, since clients keep numbers in doubles; ints stay numbers; a field that may occur any
//! number of times is always there, as a list.

use crate::contract::record::{Card, FieldRow, Place, Ty, TypeRow, XSI};
use crate::contract::{OperationRow, Request};
use crate::fault::Fault;
use crate::soap::{self, Version};
use crate::xml::{Element, Limits, Tree};

/// For what we wrote ourselves: only the positions in the tree bound it.
const OWN: Limits = Limits {
    bytes: usize::MAX,
    depth: 64,
    elements: u32::MAX as usize - 1,
    attributes: u32::MAX as usize - 1,
    namespaces: 64,
};

/// More members of a refusal, as `application/problem+json` has them.
#[derive(Debug, Clone, Copy)]
pub struct Problem {
    pub status: u16,
    pub title: &'static str,
}

/// The reply of an operation as JSON, out of its envelope.
///
/// # Errors
/// What is there is no reply of this operation: a bug of ours.
pub fn reply(operation: &OperationRow, envelope: &str, problem: Option<Problem>) -> Result<String, Fault> {
    let tree = Tree::parse(envelope.as_bytes(), &OWN).map_err(|_| Fault::Internal)?;
    let content = content_of(&tree).ok_or(Fault::Internal)?;
    let mut out = Out(Vec::with_capacity(envelope.len()));
    out.raw("{");
    let mut first = true;
    record_members(&mut out, operation.reply, content, &mut first);
    // Session operations call it errorDesc; whoever reads REST need know one name only.
    if let Some(text) = content.child_text("errorDesc") {
        out.member("errorDescription", &mut first).text(text);
    }
    if let Some(problem) = problem {
        let detail = content.child_text("errorDescription").or_else(|| content.child_text("errorDesc"));
        problem_members(&mut out, problem, detail.unwrap_or_default(), &mut first);
    }
    out.raw("}");
    Ok(out.finish())
}

fn content_of<'t, 'i>(tree: &'t Tree<'i>) -> Option<Element<'t, 'i>> {
    tree.root().child("Body").and_then(|body| body.children().next()?.child("return"))
}

/// An event as JSON, to be kept and shared: the members that its children are in a reply of this
/// operation, without braces. `children` have the prefixes of [`soap::reply_raw`].
///
/// # Errors
/// They are no children of this operation's reply: a bug of ours.
pub fn event_members(operation: &OperationRow, children: &str) -> Result<String, Fault> {
    let envelope = soap::reply_raw(Version::V1_1, operation, &[], children);
    let tree = Tree::parse(envelope.as_bytes(), &OWN).map_err(|_| Fault::Internal)?;
    let mut out = Out(Vec::with_capacity(children.len()));
    record_members(&mut out, operation.reply, content_of(&tree).ok_or(Fault::Internal)?, &mut true);
    Ok(out.finish())
}

/// The reply that holds such an event, with these attributes of its `return`: the same as [`reply`]
/// makes of its envelope.
#[must_use]
pub fn event_reply(operation: &OperationRow, attributes: &[(&str, &str)], members: &str) -> String {
    let mut out = Out(Vec::with_capacity(members.len() + 64));
    out.raw("{");
    let mut first = true;
    for field in operation.reply.fields.iter().filter(|f| f.place == Place::Attr) {
        if let Some((_, text)) = attributes.iter().find(|(name, _)| *name == field.name) {
            scalar(out.member(field.name, &mut first), field.ty, text);
        }
    }
    if !members.is_empty() {
        out.comma(&mut first);
        out.raw(members);
    }
    out.raw("}");
    out.finish()
}

/// The request of an operation as JSON: for clients of ours, and examples.
#[must_use]
pub fn request<R: Request>(asked: &R) -> String {
    let text = soap::request(Version::V1_1, asked);
    let tree = Tree::parse(text.as_bytes(), &OWN).ok();
    let wrapper = tree.as_ref().and_then(|tree| tree.root().child("Body")?.children().next());
    let mut out = Out(Vec::with_capacity(text.len()));
    out.raw("{");
    if let Some(wrapper) = wrapper {
        record_members(&mut out, R::OPERATION.request, wrapper, &mut true);
    }
    out.raw("}");
    out.finish()
}

/// A fault, or a refusal where there is no operation: `result` and its text.
#[must_use]
pub fn fault(text: &str, problem: Option<Problem>) -> String {
    let mut out = Out(Vec::with_capacity(128));
    out.raw("{");
    let mut first = true;
    out.member("result", &mut first).raw("false");
    out.member("errorDescription", &mut first).text(text);
    if let Some(problem) = problem {
        problem_members(&mut out, problem, text, &mut first);
    }
    out.raw("}");
    out.finish()
}

fn problem_members(out: &mut Out, problem: Problem, detail: &str, first: &mut bool) {
    out.member("type", first).text("about:blank");
    out.member("title", first).text(problem.title);
    out.member("status", first).raw(&problem.status.to_string());
    out.member("detail", first).text(detail);
}

fn record(out: &mut Out, ty: &TypeRow, element: Element<'_, '_>) {
    out.raw("{");
    record_members(out, ty, element, &mut true);
    out.raw("}");
}

/// Attributes first, then elements, each in the order of the rows.
fn record_members(out: &mut Out, ty: &TypeRow, element: Element<'_, '_>, first: &mut bool) {
    for field in ty.fields.iter().filter(|f| f.place == Place::Attr) {
        if let Some(text) = element.attribute("", field.name) {
            scalar(out.member(field.name, first), field.ty, text);
        }
    }
    let uri = ty.ns.uri();
    for field in ty.fields.iter().filter(|f| f.place == Place::Elem) {
        let nil = |e: &Element<'_, '_>| e.attribute(XSI, "nil").is_some();
        let mut found = element.children().filter(|child| child.is(uri, field.name) && !nil(child));
        if field.card == Card::Many {
            out.member(field.name, first).raw("[");
            let mut first = true;
            for item in found {
                out.comma(&mut first);
                value(out, field, item);
            }
            out.raw("]");
        } else if let Some(item) = found.next() {
            value(out.member(field.name, first), field, item);
        }
    }
}

fn value(out: &mut Out, field: &FieldRow, element: Element<'_, '_>) {
    match field.ty {
        Ty::Record(ty) => record(out, ty, element),
        ty => scalar(out, ty, element.text()),
    }
}

fn scalar(out: &mut Out, ty: Ty, text: &str) {
    match ty {
        Ty::Boolean => out.raw(if matches!(text.trim(), "true" | "1") { "true" } else { "false" }),
        // The writer of the rows wrote it; were it anything but a number, it must not break the document.
        Ty::Int => match text.trim().parse::<i32>() {
            Ok(number) => out.raw(&number.to_string()),
            Err(_) => out.raw("null"),
        },
        Ty::Long => out.text(text.trim()),
        Ty::Text | Ty::Enum(_) | Ty::Record(_) => out.text(text),
    };
}

struct Out(Vec<u8>);

impl Out {
    fn raw(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn comma(&mut self, first: &mut bool) {
        if !std::mem::replace(first, false) {
            self.0.push(b',');
        }
    }

    /// `"name":`; names come from tables and need no escape.
    fn member(&mut self, name: &str, first: &mut bool) -> &mut Self {
        self.comma(first);
        self.raw("\"").raw(name).raw("\":")
    }

    fn text(&mut self, text: &str) -> &mut Self {
        // Writing into memory does not fail.
        let _ = serde_json::to_writer(&mut self.0, text);
        self
    }

    fn finish(self) -> String {
        String::from_utf8(self.0).unwrap_or_default() // made of strings alone
    }
}
