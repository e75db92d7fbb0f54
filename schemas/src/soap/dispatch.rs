//! Which operation a request is.
//!
//! The element in the body decides; a SOAPAction may be missing but must not contradict. Called by
//! the HTTP layer after the envelope was read. Nothing of the request gets into a fault.

use crate::contract::{self, OperationRow, Service};
use crate::fault::Fault;
use crate::xml::Element;

/// The operation of `service` that the element in the body names.
///
/// `soap_action` is the header as it came: quoted or not, empty, or absent.
///
/// # Errors
/// Another namespace than the service's, an unknown operation, or an action of another one.
pub fn identify(
    service: Service,
    soap_action: Option<&str>,
    body: Element<'_, '_>,
) -> Result<&'static OperationRow, Fault> {
    let expected = service.namespace().uri();
    if body.namespace() != expected {
        return Err(Fault::NotThisContract(expected));
    }
    let row = contract::operation(service, body.local()).ok_or(Fault::UnknownOperation)?;
    let action = soap_action.map_or("", |text| text.trim().trim_matches('"').trim());
    if action.is_empty() || action.strip_prefix("urn:") == Some(row.name) {
        Ok(row)
    } else {
        Err(Fault::ActionMismatch)
    }
}
