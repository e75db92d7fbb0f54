//! REST: the operations of the contract as JSON, sessions as resources, and the description of
//! both. Data access will have its resources beside these.
//!
//! A request becomes an operation's; `operation::dispatch` answers it as it does for SOAP; here are
//! the paths, the ways to name a session, statuses and media types. The query of a login holds
//! passwords: no path or query is ever logged.

mod credentials;
mod data;
mod sessions;

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use actors::session::messages::Receipt;
use actors::session_supervisor::Door;
use schemas::contract::{OPERATIONS, OperationRow};
use schemas::fault::{Fault, Ground, Refusal};
use schemas::rest::{self, Asked, Problem, Unread};
use schemas::soap::{self, Version};

use super::operation::{self, Answered, Input};
use super::{Gateway, Shared, body};

/// Where all of it is.
pub const BASE: &str = rest::openapi::BASE;

/// The resources.
pub fn routes(config: &mut web::ServiceConfig) {
    let resource = |path: &str| web::resource(format!("{BASE}{path}"));
    config
        .service(
            resource("/openapi.json")
                .route(web::get().to(description))
                .route(web::head().to(description))
                .default_service(web::to(|r: HttpRequest| async move { other_method(&r, "GET, HEAD, OPTIONS") })),
        )
        .service(
            resource("/cc/{operation}")
                .route(web::post().to(operation))
                .default_service(web::to(|r: HttpRequest| async move { other_method(&r, "POST, OPTIONS") })),
        )
        .service(
            resource("/sessions")
                .route(web::get().to(sessions::log_in_by_query))
                .route(web::post().to(sessions::log_in))
                .default_service(web::to(|r: HttpRequest| async move { other_method(&r, "GET, POST, OPTIONS") })),
        )
        .service(
            resource("/sessions/{id}")
                .route(web::put().to(sessions::reset))
                .route(web::delete().to(sessions::log_out))
                .default_service(web::to(|r: HttpRequest| async move { other_method(&r, "PUT, DELETE, OPTIONS") })),
        )
        .service(
            resource("/sessions/{id}/authenticate")
                .route(web::post().to(sessions::authenticate))
                .default_service(web::to(|r: HttpRequest| async move { other_method(&r, "POST, OPTIONS") })),
        )
        .configure(|config| data::routes(config, BASE))
        .route(
            &format!("{BASE}/{{tail:.*}}"),
            web::to(|r: HttpRequest| async move { told(&r, 404, "There is no such resource.") }),
        );
}

/// POST of an operation of the contract.
async fn operation(
    request: HttpRequest,
    name: web::Path<String>,
    mut payload: web::Payload,
    gateway: Shared,
) -> HttpResponse {
    let Some(row) = OPERATIONS.iter().find(|row| row.name == *name) else {
        return faulted(&request, Fault::UnknownOperation, Some(payload));
    };
    let session = match credentials::session(&request) {
        Ok(session) => session,
        Err(text) => return refused(&request, row, Ground::BadInput, text, Some(payload)),
    };
    match read(&request, &mut payload).await {
        Ok(bytes) => perform(&gateway, &request, row, &bytes, session).await,
        Err(fault) => faulted(&request, fault, Some(payload)),
    }
}

/// Does an operation that is asked for in JSON.
async fn perform(
    gateway: &Gateway,
    request: &HttpRequest,
    row: &'static OperationRow,
    bytes: &[u8],
    session: Option<i64>,
) -> HttpResponse {
    let caller = gateway.ways.caller(request);
    if !gateway.ways.are_open_to(caller) {
        return faulted(request, Fault::InClear, None);
    }
    let asked = match Asked::read(row, bytes, session) {
        Ok(asked) => asked,
        Err(Unread::Fault(fault)) => return faulted(request, fault, None),
        Err(Unread::Refusal(refusal)) => {
            return refused(request, row, Ground::BadInput, refusal.text(), None);
        }
    };
    let (caller, element) = (caller.ip, asked.element());
    let input = Input { gateway, caller, door: Door::Rest, version: Version::V1_1, row, element };
    let Answered { body, is_json, receipt, refused } = operation::dispatch(input).await;
    if receipt.is_some() {
        // As for SOAP: a client that has closed in this turn of the server must not be answered.
        tokio::task::yield_now().await;
    }
    match receipt {
        // An event that was told as JSON before, or will be told again.
        Some(receipt) if is_json => start(200, false).body(body::Carried::new(body, receipt)),
        receipt => respond(request, row, refused, &body, receipt),
    }
}

/// The body, if it is or may be JSON.
async fn read(request: &HttpRequest, payload: &mut web::Payload) -> Result<web::Bytes, Fault> {
    let header = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
    let announced = header(CONTENT_LENGTH).and_then(|v| v.parse().ok());
    if let Some(kind) = header(CONTENT_TYPE).map(|v| v.split(';').next().unwrap_or(v).trim().to_ascii_lowercase())
        && kind != "application/json"
        && !(kind.starts_with("application/") && kind.ends_with("+json"))
    {
        return Err(Fault::NotJson);
    }
    body::read(payload, announced).await
}

/// `application/problem+json` instead of `application/json`, where the client names it.
fn problem(request: &HttpRequest, status: u16) -> Option<Problem> {
    let mut accepted = request.headers().get_all(ACCEPT).filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
    let wanted = accepted.any(|part| {
        let mut parts = part.split(';').map(str::trim);
        let named = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/problem+json"));
        named && !parts.any(|p| matches!(p.replace(' ', "").as_str(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    });
    let code = StatusCode::from_u16(status).ok()?;
    (wanted && status >= 400).then(|| Problem { status, title: code.canonical_reason().unwrap_or_default() })
}

fn start(status: u16, is_problem: bool) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    response.content_type(if is_problem { "application/problem+json" } else { "application/json" });
    // Session ids and events are nobody's to keep.
    response.insert_header((CACHE_CONTROL, "no-store"));
    if status == 401 {
        response.insert_header((WWW_AUTHENTICATE, "Bearer"));
    }
    response
}

fn respond(
    request: &HttpRequest,
    row: &'static OperationRow,
    refused: Option<Ground>,
    envelope: &str,
    receipt: Option<Receipt>,
) -> HttpResponse {
    let status = refused.map_or(200, Ground::status);
    let problem = problem(request, status);
    let mut response = start(status, problem.is_some());
    match (rest::reply(row, envelope, problem), receipt) {
        (Ok(json), Some(receipt)) => response.body(body::Carried::new(json, receipt)),
        (Ok(json), None) => response.body(json),
        (Err(fault), _) => {
            tracing::error!(operation = row.name, "a reply could not be told as JSON");
            faulted(request, fault, None)
        }
    }
}

/// A refusal before the operation was asked; `unread` is what is left of the request, if anything.
fn refused(
    request: &HttpRequest,
    row: &'static OperationRow,
    ground: Ground,
    text: &str,
    unread: Option<web::Payload>,
) -> HttpResponse {
    metrics::counter!("oig_requests_total", "operation" => row.name, "result" => "false").increment(1);
    let problem = problem(request, ground.status());
    let envelope = soap::refusal(Version::V1_1, row, None, &Refusal::new(text.to_owned()));
    let mut response = start(ground.status(), problem.is_some());
    let json = rest::reply(row, &envelope, problem).unwrap_or_else(|_| rest::fault(text, problem));
    finish(&mut response, json, unread)
}

fn faulted(request: &HttpRequest, fault: Fault, unread: Option<web::Payload>) -> HttpResponse {
    metrics::counter!("oig_faults_total", "code" => fault.code()).increment(1);
    let problem = problem(request, fault.status());
    let mut response = start(fault.status(), problem.is_some());
    finish(&mut response, rest::fault(&fault.text(), problem), unread)
}

/// What is left of a request would be read as the next one.
fn finish(response: &mut HttpResponseBuilder, json: String, unread: Option<web::Payload>) -> HttpResponse {
    match unread {
        Some(rest) => response.force_close().body(body::Unread::new(json, rest)),
        None => response.body(json),
    }
}

fn told(request: &HttpRequest, status: u16, text: &str) -> HttpResponse {
    let problem = problem(request, status);
    start(status, problem.is_some()).body(rest::fault(text, problem))
}

/// OPTIONS, or a method that the resource does not have. No word to other origins: none may ask.
fn other_method(request: &HttpRequest, allowed: &'static str) -> HttpResponse {
    if request.method() == actix_web::http::Method::OPTIONS {
        return HttpResponse::NoContent().insert_header((ALLOW, allowed)).finish();
    }
    let mut response = told(request, 405, "The resource does not have this method.");
    response.headers_mut().insert(ALLOW, actix_web::http::header::HeaderValue::from_static(allowed));
    response
}

/// The OpenAPI document.
async fn description() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(rest::openapi::document())
}
