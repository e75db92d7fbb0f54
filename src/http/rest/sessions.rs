//! Sessions as resources: log in, prove the certificate, keep alive, log out. Each is an operation
//! of SessionService under another path.

use actix_web::{HttpRequest, HttpResponse, web};
use schemas::contract::{OperationRow, Service, operation};
use schemas::fault::{Fault, Ground};

use super::{credentials, faulted, perform, read, refused};
use crate::http::{Gateway, Shared};

fn row(name: &str) -> &'static OperationRow {
    operation(Service::SessionService, name).expect("the rows of the contract have these four")
}

/// POST of the fields of `loginEx`.
pub(super) async fn log_in(request: HttpRequest, mut payload: web::Payload, gateway: Shared) -> HttpResponse {
    match read(&request, &mut payload).await {
        Ok(bytes) => within(&gateway, &request, row("loginEx"), &bytes, None).await,
        Err(fault) => faulted(&request, fault, Some(payload)),
    }
}

/// GET with the fields in the query or in headers, as old clients do.
pub(super) async fn log_in_by_query(request: HttpRequest, gateway: Shared) -> HttpResponse {
    let fields = credentials::login(&request).to_string();
    within(&gateway, &request, row("loginEx"), fields.as_bytes(), None).await
}

/// PUT: the session's timer begins anew.
pub(super) async fn reset(request: HttpRequest, id: web::Path<String>, gateway: Shared) -> HttpResponse {
    of_session(&gateway, &request, row("resetSessionTimer"), &id).await
}

/// DELETE.
pub(super) async fn log_out(request: HttpRequest, id: web::Path<String>, gateway: Shared) -> HttpResponse {
    of_session(&gateway, &request, row("logout"), &id).await
}

/// POST of the signed challenge.
pub(super) async fn authenticate(
    request: HttpRequest,
    id: web::Path<String>,
    mut payload: web::Payload,
    gateway: Shared,
) -> HttpResponse {
    let row = row("authenticate");
    let Ok(session) = id.parse() else {
        return refused(&request, row, Ground::NoSession, NO_SESSION, Some(payload));
    };
    match read(&request, &mut payload).await {
        Ok(bytes) => within(&gateway, &request, row, &bytes, Some(session)).await,
        Err(fault) => faulted(&request, fault, Some(payload)),
    }
}

const NO_SESSION: &str = "The session is not known or has ended.";

async fn of_session(gateway: &Gateway, request: &HttpRequest, row: &'static OperationRow, id: &str) -> HttpResponse {
    match id.parse() {
        Ok(session) => perform(gateway, request, row, b"", Some(session)).await,
        Err(_) => refused(request, row, Ground::NoSession, NO_SESSION, None),
    }
}

/// The operation's fields stand in its record `req`; the resource has them bare.
async fn within(
    gateway: &Gateway,
    request: &HttpRequest,
    row: &'static OperationRow,
    fields: &[u8],
    session: Option<i64>,
) -> HttpResponse {
    let fields = fields.strip_prefix(b"\xef\xbb\xbf").unwrap_or(fields).trim_ascii();
    // Whatever stands there must be one value, or it could end the record that is put around it.
    if !fields.is_empty() && serde_json::from_slice::<serde::de::IgnoredAny>(fields).is_err() {
        return faulted(request, Fault::BadJson(schemas::rest::JsonFault::Malformed), None);
    }
    let fields = if fields.is_empty() { b"{}" } else { fields };
    let whole = [b"{\"req\":", fields, b"}"].concat();
    perform(gateway, request, row, &whole, session).await
}
