//! Calls to services that applications host: an event handed over, and whether it was taken.
//!
//! Written and read here; when to call, and where, is the session's business.

use super::envelope::{Envelope, begin, close_wrapper, finish, open_wrapper};
use super::{Unanswered, Version};
use crate::contract::da::{NotificationOperation, Tuple};
use crate::contract::record::{Scalar, write_record};
use crate::contract::{Namespace, Record, Service};
use crate::fault::Refusal;
use crate::xml::Writer;

/// Name of the one operation of a hosted service; `None` for those that we serve ourselves.
fn operation(service: Service) -> Option<&'static str> {
    match service {
        Service::EventHandler => Some("handleEvent"),
        Service::AdvEventHandler => Some("advHandleEvent"),
        Service::SessionHaEventHandler => Some("sessionHAEvent"),
        Service::SessionService | Service::StandardCcService | Service::DataAccessService => None,
    }
}

/// The SOAPAction of the call.
#[must_use]
pub fn action(service: Service) -> String {
    format!("\"urn:{}\"", operation(service).unwrap_or_default())
}

/// An event that was rendered before: `attributes` of `event`, and its children with our prefixes.
#[must_use]
pub fn event_raw(service: Service, attributes: &[(&str, &str)], inner: &str) -> String {
    in_call(service, |out| {
        out.raw("<svc:event");
        for (name, value) in attributes {
            out.attribute(name, value);
        }
        out.raw(">").raw(inner).raw("</svc:event>");
    })
}

/// An event as a record.
#[must_use]
pub fn event(service: Service, event: &impl Record) -> String {
    in_call(service, |out| write_record(event, out, "svc", "event"))
}

/// SOAPAction of a change of data.
pub const NOTIFICATION_ACTION: &str = "\"urn:notificationReport\"";

/// A change of data: the one message of the contract that is not the call of an operation.
#[must_use]
pub fn notification(
    dei_id: i32,
    operation: NotificationOperation,
    original: Option<&Tuple>,
    updated: Option<&Tuple>,
) -> String {
    let mut out = begin(Version::V1_1);
    out.raw("<da:notificationReport").attribute("xmlns:da", Namespace::Da.uri());
    out.attribute("deiId", &dei_id.to_string()).raw(">");
    for (name, tuple) in [("originalTuple", original), ("updatedTuple", updated)] {
        if let Some(tuple) = tuple {
            write_record(tuple, &mut out, "da", name);
        }
    }
    out.raw("<da:operationPerformed>").raw(operation.as_str()).raw("</da:operationPerformed>");
    out.raw("</da:notificationReport>");
    finish(out)
}

fn in_call(service: Service, content: impl FnOnce(&mut Writer)) -> String {
    let mut out = begin(Version::V1_1);
    let name = [operation(service).unwrap_or_default()];
    open_wrapper(&mut out, service, &name);
    content(&mut out);
    close_wrapper(&mut out, &name);
    finish(out)
}

/// Whether the application took the event.
///
/// # Errors
/// A fault, or anything that is not the boolean that the contract asks for.
pub fn read_answer(service: Service, envelope: &Envelope<'_>) -> Result<bool, Unanswered> {
    let body = envelope.body();
    if body.is(envelope.version().uri(), "Fault") {
        return Err(Unanswered::Fault(body.child_text("faultstring").unwrap_or_default().to_owned()));
    }
    let ns = service.namespace().uri();
    if body.namespace() != ns || body.local().strip_suffix("Response") != operation(service) {
        return Err(Unanswered::AnotherElement);
    }
    let answer = body.children().find(|c| c.is(ns, "return"));
    let answer = answer.ok_or_else(|| Unanswered::NotOfTheContract(Refusal::missing_element("return")))?;
    bool::parse(answer.text())
        .map_err(|_| Unanswered::NotOfTheContract(Refusal::new("The value of 'return' is neither true nor false.")))
}
