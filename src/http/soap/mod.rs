//! SOAP requests: from bytes to one operation and back.
//!
//! [`answer`] knows no transport, so that the whole of it runs without one in the seeded
//! simulation; [`post`] is its HTTP side.

pub(super) mod call_control;
mod calls;
pub(super) mod data;
mod devices;
mod features;
mod hot_desk;
mod numbers;
mod presence;
mod resilience;
pub(super) mod session;
pub(super) mod users;
mod waiting;

use std::net::IpAddr;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use actors::session::messages::Receipt;
use actors::session_supervisor::Door;
use schemas::contract::Service;
use schemas::fault::Fault;
use schemas::soap::{self, Envelope, Rejected, Version};

use super::contract_files::Place;
use super::operation::{self, Answered, Input};
pub use super::operation::{not_supported_count, supported};
use super::{Gateway, Shared, body};

/// What goes back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub version: Version,
    pub body: String,
    /// To be kept until a live connection has taken the body.
    pub receipt: Option<Receipt>,
}

impl Answer {
    fn fault(version: Version, fault: &Fault) -> Self {
        metrics::counter!("oig_faults_total", "code" => fault.code()).increment(1);
        let (status, body) = soap::fault(version, fault);
        Self { status, version, body, receipt: None }
    }
}

/// Answers one request.
pub async fn answer(
    gateway: &Gateway,
    service: Service,
    soap_action: Option<&str>,
    caller: IpAddr,
    body: &[u8],
) -> Answer {
    let envelope = match Envelope::parse(body) {
        Ok(envelope) => envelope,
        Err(Rejected { version, fault }) => return Answer::fault(version, &fault),
    };
    let row = match soap::identify(service, soap_action, envelope.body()) {
        Ok(row) => row,
        Err(fault) => return Answer::fault(envelope.version(), &fault),
    };
    let (version, door) = (envelope.version(), Door::Soap);
    let input = Input { gateway, caller, door, version, row, element: envelope.body() };
    let Answered { body, receipt, .. } = operation::dispatch(input).await;
    Answer { status: 200, version, body, receipt }
}

/// POST of a SOAP request.
pub async fn post(request: HttpRequest, mut payload: web::Payload, gateway: Shared) -> HttpResponse {
    let service = match Place::at(request.path()) {
        Some(Place::Service(service)) if Service::SERVED.contains(&service) => service,
        _ => {
            let mut response = HttpResponse::NotFound();
            response.content_type("text/plain; charset=utf-8");
            return response.body(body::Unread::new("Not found.\n".into(), payload));
        }
    };
    let caller = gateway.ways.caller(&request);
    if !gateway.ways.are_open_to(caller) {
        return refuse(&Fault::InClear, payload);
    }
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    match body::read(&mut payload, announced).await {
        Ok(bytes) => {
            let answer = answer(&gateway, service, soap_action(&request).as_deref(), caller.ip, &bytes).await;
            if answer.receipt.is_some() {
                // A server that learns in one turn that the client has closed and that the answer is
                // there still writes it, and the event would be lost; a turn later it has let go.
                tokio::task::yield_now().await;
            }
            respond(answer)
        }
        Err(fault) => refuse(&fault, payload),
    }
}

/// The answer to a request that was not read to its end.
fn refuse(fault: &Fault, rest: web::Payload) -> HttpResponse {
    let answer = Answer::fault(Version::V1_1, fault);
    let mut response = start(fault.status(), answer.version);
    // What is left of the request would be read as the next one.
    response.force_close();
    response.body(body::Unread::new(answer.body, rest))
}

/// SOAP 1.1 names the action in a header, 1.2 in a parameter of the content type.
fn soap_action(request: &HttpRequest) -> Option<String> {
    let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
    header("soapaction").map(str::to_owned).or_else(|| {
        header("content-type")?.split(';').find_map(|part| Some(part.trim().strip_prefix("action=")?.to_owned()))
    })
}

fn respond(answer: Answer) -> HttpResponse {
    let Answer { status, version, body, receipt } = answer;
    let mut response = start(status, version);
    match receipt {
        Some(receipt) => response.body(body::Carried::new(body, receipt)),
        None => response.body(body),
    }
}

fn start(status: u16, version: Version) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    response.insert_header((CONTENT_TYPE, HeaderValue::from_static(version.content_type())));
    response
}
