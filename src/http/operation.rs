//! What a handler is, the table of those that exist, and the one dispatch that both doors, SOAP
//! and REST, go through. To add an operation: implement [`Operation`] for its request and add it to
//! the table of its file (`soap::call_control`, `soap::session`); it is there by both doors then.

use std::borrow::Cow;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use actors::event::{Event, Form};
use actors::refusal::Refused;
use actors::session::messages::Receipt;
use actors::session_supervisor::{Door, SessionRef};
use schemas::contract::{OperationRow, Permission, Request, Service};
use schemas::domain::RefusalKind;
use schemas::fault::{Ground, Refusal};
use schemas::rest;
use schemas::soap::{self, Version};
use schemas::xml::Element;
use tracing::{Instrument, info_span};

use super::Gateway;
use super::soap::{call_control, data, session, users};

/// A request on its way to a handler.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub gateway: &'a Gateway,
    pub caller: IpAddr,
    pub door: Door,
    /// Of the envelope that is rendered; REST takes the reply out of it.
    pub version: Version,
    pub row: &'static OperationRow,
    pub element: Element<'a, 'a>,
}

/// What an operation answers, in its rendered form.
#[derive(Debug)]
pub(super) struct Answered {
    /// The reply in its envelope; as JSON where this is said.
    pub body: String,
    /// An event that is kept as JSON, for who came in by REST.
    pub is_json: bool,
    /// To be kept until a live connection has taken the body.
    pub receipt: Option<Receipt>,
    /// On what ground it was refused; `None` when it was not.
    pub refused: Option<Ground>,
}

impl Answered {
    fn refusal(input: &Input<'_>, No { ground, text }: No) -> Self {
        let Input { version, row, element, .. } = *input;
        metrics::counter!("oig_requests_total", "operation" => row.name, "result" => "false").increment(1);
        let body = soap::refusal(version, row, Some(element), &Refusal::new(text));
        Self { body, is_json: false, receipt: None, refused: Some(ground) }
    }
}

/// Answers one request, whichever door it came in by.
pub(super) async fn dispatch(input: Input<'_>) -> Answered {
    // A field `name` would hide the span's own name in JSON.
    let span = info_span!("request", operation = input.row.name, session = tracing::field::Empty);
    async {
        match handler(input.row) {
            Some(handler) => handler(input).await,
            None => not_supported(input).await,
        }
    }
    .instrument(span)
    .await
}

/// An operation of the contract without a handler: refused, but not told to strangers.
async fn not_supported(input: Input<'_>) -> Answered {
    let context = Context::of(&input);
    let named = input.row.permission != Permission::Open;
    let session = match (named, session_id(input.element)) {
        (false, _) => Ok(()),
        (true, Some(id)) => context.session(id).await.map(|_| ()),
        (true, None) => Err(Refused::NoSession),
    };
    let no = match session {
        Err(refused) => No::from(refused),
        Ok(()) => No::because(Ground::NotSupported, format!("{} is not supported yet.", input.row.name)),
    };
    Answered::refusal(&input, no)
}

/// The session id, wherever the operation has it: in the wrapper, or in the record it holds; in one
/// operation under another name.
fn session_id(element: Element<'_, '_>) -> Option<i64> {
    let child = |name: &str| element.children().find(|c| c.local() == name).map(|c| c.text().trim());
    let direct = child("sessionId").or_else(|| child("restSessionId"));
    let nested = || element.children().find_map(|c| c.attribute("", "sessionId")).map(str::trim);
    direct.or_else(nested)?.parse().ok()
}

/// The operations that have a handler.
pub fn supported() -> impl Iterator<Item = &'static OperationRow> {
    schemas::contract::OPERATIONS.iter().filter(|row| handler(row).is_some())
}

/// How many operations of the contract answer "not supported yet".
#[must_use]
pub fn not_supported_count() -> usize {
    schemas::contract::OPERATIONS.len() - supported().count()
}

/// What a handler gives: a reply of the contract, or an event that was rendered before.
pub(super) enum Given<R> {
    Reply(R),
    /// `return` with these attributes and the event's children.
    Event {
        attributes: Vec<(&'static str, String)>,
        event: Told,
        receipt: Receipt,
    },
    /// A refusal that a live connection must have taken to count as told.
    Refusal {
        text: String,
        receipt: Receipt,
    },
}

/// An event's children, in the form that the reply has room for.
pub(super) enum Told {
    /// In this form, in a reply of getEvent or advGetEvent.
    Next(Arc<Event>, Form),
    /// In its standard form, in one of getNumberedEvent.
    Numbered(Arc<Event>),
    /// Put together for this reply.
    Made(String),
}

impl Told {
    fn children(&self) -> Cow<'_, str> {
        match self {
            Told::Next(event, Form::Advanced) => event.advanced().unwrap_or_default().into(),
            Told::Next(event, Form::Standard) | Told::Numbered(event) => event.standard().unwrap_or_default().into(),
            Told::Made(text) => text.into(),
        }
    }

    /// The members of the reply that are kept as JSON.
    fn json(&self) -> Option<&str> {
        match self {
            Told::Next(event, form) => event.json(*form),
            Told::Numbered(_) | Told::Made(_) => None,
        }
    }
}

/// Why a handler refuses; the text is for the application, the ground becomes REST's status.
pub(super) struct No {
    pub ground: Ground,
    pub text: String,
}

impl No {
    pub(super) fn because(ground: Ground, text: impl Into<String>) -> Self {
        Self { ground, text: text.into() }
    }
}

impl From<Refused> for No {
    fn from(refused: Refused) -> Self {
        Self::because(ground(&refused), refused.to_string())
    }
}

/// A text alone says that the request is not as it should be.
impl From<&str> for No {
    fn from(text: &str) -> Self {
        Self::because(Ground::BadInput, text)
    }
}

impl From<String> for No {
    fn from(text: String) -> Self {
        Self::because(Ground::BadInput, text)
    }
}

fn ground(refused: &Refused) -> Ground {
    match refused {
        Refused::NoSession => Ground::NoSession,
        Refused::SoapNotPermitted | Refused::Unproven | Refused::NeedsAdvanced(_) => Ground::NotPermitted,
        Refused::NoObject | Refused::NoNode | Refused::NoNumber => Ground::Unknown,
        Refused::NotMonitored | Refused::NoCall | Refused::NoConsultation => Ground::State,
        Refused::BadNumber | Refused::BadAccountCode | Refused::ForwardToItself | Refused::Handler(_) => {
            Ground::BadInput
        }
        Refused::TooManyMonitors(_)
        | Refused::MonitorQuota(_)
        | Refused::CommandQuota(_)
        | Refused::TooManyPolls(_) => Ground::TooMany,
        Refused::NotConnected | Refused::Full(_) | Refused::Licences(..) | Refused::Stopping => Ground::Unavailable,
        Refused::NotLicensed(_) => Ground::NotPermitted,
        Refused::LinkLost => Ground::NotKnown,
        Refused::Lost => Ground::Lost,
        Refused::Node(node) => match node.kind {
            RefusalKind::Unknown => Ground::Unknown,
            RefusalKind::Privilege | RefusalKind::WrongPin => Ground::NotPermitted,
            RefusalKind::State | RefusalKind::Resource | RefusalKind::Other => Ground::State,
            RefusalKind::NotSupported => Ground::NotSupported,
            RefusalKind::NoAnswer => Ground::NotKnown,
            RefusalKind::NotConnected => Ground::Unavailable,
        },
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
    pub door: Door,
    pub row: &'static OperationRow,
}

impl<'a> Context<'a> {
    fn of(input: &Input<'a>) -> Self {
        Self { gateway: input.gateway, caller: input.caller, door: input.door, row: input.row }
    }
}

impl Context<'_> {
    /// The caller's session, if it may call this; every handler but those of admission begins with it.
    pub(super) async fn session(&self, id: i64) -> std::result::Result<SessionRef, Refused> {
        let session = self.gateway.session(self.caller, id, self.row).await?;
        tracing::Span::current().record("session", tracing::field::display(session.id));
        if self.row.service == Service::StandardCcService && (self.door, session.door) == (Door::Soap, Door::Rest) {
            return Err(Refused::SoapNotPermitted);
        }
        Ok(session)
    }
}

pub(super) type Handler = for<'a> fn(Input<'a>) -> Pin<Box<dyn Future<Output = Answered> + 'a>>;

/// The handler of an operation, if it exists.
pub(super) fn handler(row: &OperationRow) -> Option<Handler> {
    session::handler(row.name)
        .or_else(|| users::handler(row.name))
        .filter(|_| row.service == Service::SessionService)
        .or_else(|| call_control::handler(row.name).filter(|_| row.service == Service::StandardCcService))
        .or_else(|| data::handler(row.name).filter(|_| row.service == Service::DataAccessService))
}

/// Reads the request, runs the operation, writes the reply.
pub(super) fn run<O: Operation>(input: Input<'_>) -> Pin<Box<dyn Future<Output = Answered> + '_>> {
    Box::pin(async move {
        let Input { version, door, row, element, .. } = input;
        let mut is_json = false;
        let request = match O::read(element) {
            Ok(request) => request,
            Err(refusal) => return Answered::refusal(&input, refusal.text().into()),
        };
        let (body, receipt) = match request.run(&Context::of(&input)).await {
            Ok(Given::Reply(reply)) => (soap::reply(version, row, &reply), None),
            Ok(Given::Event { attributes, event, receipt }) => {
                let attributes: Vec<_> = attributes.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let json = event.json().filter(|_| door == Door::Rest);
                is_json = json.is_some();
                let body = match json {
                    Some(members) => rest::event_reply(row, &attributes, members),
                    None => soap::reply_raw(version, row, &attributes, &event.children()),
                };
                (body, Some(receipt))
            }
            Ok(Given::Refusal { text, receipt }) => {
                let refused = Answered::refusal(&input, No::because(Ground::NothingToTell, text));
                return Answered { receipt: Some(receipt), ..refused };
            }
            Err(no) => return Answered::refusal(&input, no),
        };
        metrics::counter!("oig_requests_total", "operation" => row.name, "result" => "true").increment(1);
        Answered { body, is_json, receipt, refused: None }
    })
}
