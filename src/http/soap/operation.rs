//! What a handler is, and the table of those that exist. To add an operation: implement
//! [`Operation`] for its request and add it to the table of its file.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use actors::event::Event;
use actors::refusal::Refused;
use actors::session::messages::Receipt;
use actors::session_supervisor::SessionRef;
use schemas::contract::{OperationRow, Request};
use schemas::soap::{self, Version};
use schemas::xml::Element;

use super::{Answer, call_control, session};
use crate::http::Gateway;

/// A request on its way to a handler.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub gateway: &'a Gateway,
    pub caller: IpAddr,
    pub version: Version,
    pub row: &'static OperationRow,
    pub element: Element<'a, 'a>,
}

/// What a handler gives: a reply of the contract, or an event that was rendered before.
pub(super) enum Given<R> {
    Reply(R),
    /// `return` with these attributes and the event's children.
    Event {
        attributes: Vec<(&'static str, String)>,
        event: Arc<Event>,
        receipt: Receipt,
    },
    /// A refusal that a live connection must have taken to count as told.
    Refusal {
        text: String,
        receipt: Receipt,
    },
}

/// Why a handler refuses; the text is for the application.
pub(super) struct No(pub String);

impl From<Refused> for No {
    fn from(refused: Refused) -> Self {
        Self(refused.to_string())
    }
}

impl From<&str> for No {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

pub(super) type Result<R> = std::result::Result<Given<R>, No>;

/// An operation that exists.
pub(super) trait Operation: Request {
    /// Does it.
    fn run(self, context: &Context<'_>) -> impl Future<Output = Result<Self::Reply>>;
}

/// What a running handler may use.
pub(super) struct Context<'a> {
    pub gateway: &'a Gateway,
    pub caller: IpAddr,
    pub row: &'static OperationRow,
}

impl Context<'_> {
    /// The caller's session, if it may call this; every handler but those of admission begins with it.
    pub(super) async fn session(&self, id: i64) -> std::result::Result<SessionRef, Refused> {
        let session = self.gateway.session(self.caller, id, self.row).await?;
        tracing::Span::current().record("session", tracing::field::display(session.id));
        Ok(session)
    }
}

pub(super) type Handler = for<'a> fn(Input<'a>) -> Pin<Box<dyn Future<Output = Answer> + 'a>>;

/// The handler of an operation, if it exists.
pub(super) fn handler(row: &OperationRow) -> Option<Handler> {
    session::handler(row.name).filter(|_| row.service == schemas::contract::Service::SessionService).or_else(|| {
        call_control::handler(row.name).filter(|_| row.service == schemas::contract::Service::StandardCcService)
    })
}

/// Reads the request, runs the operation, writes the reply.
pub(super) fn run<O: Operation>(input: Input<'_>) -> Pin<Box<dyn Future<Output = Answer> + '_>> {
    Box::pin(async move {
        let Input { gateway, caller, version, row, element } = input;
        let request = match O::read(element) {
            Ok(request) => request,
            Err(refusal) => return Answer::refusal(version, row, element, refusal.text().to_owned()),
        };
        let (body, receipt) = match request.run(&Context { gateway, caller, row }).await {
            Ok(Given::Reply(reply)) => (soap::reply(version, row, &reply), None),
            Ok(Given::Event { attributes, event, receipt }) => {
                let attributes: Vec<_> = attributes.iter().map(|(name, value)| (*name, value.as_str())).collect();
                (soap::reply_raw(version, row, &attributes, &event.standard), Some(receipt))
            }
            Ok(Given::Refusal { text, receipt }) => {
                let mut answer = Answer::refusal(version, row, element, text);
                answer.receipt = Some(receipt);
                return answer;
            }
            Err(No(text)) => return Answer::refusal(version, row, element, text),
        };
        metrics::counter!("oig_requests_total", "operation" => row.name, "result" => "true").increment(1);
        Answer { status: 200, version, body, receipt }
    })
}
