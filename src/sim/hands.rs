//! The hands of a node over HTTP: what people do at its phones, what breaks it, and what is true.
//!
//! JSON, for tests and for the developer of an application; on loopback only, and never for a web
//! page, which a browser would let reach loopback. Served by `listen`; and by `console` for its own
//! page, after it has looked at who asks.

mod forms;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ORIGIN};
use actix_web::web::{self, Bytes, Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use schemas::csta::message::SystemStatus;
use schemas::data::sync::LONGEST_LINE;
use schemas::domain::{Dn, Forwarding, Pin};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::core::{Deed, Hand, HandRefusal};
use super::csta::SERVICES;
use super::faults::{AnswerFault, EVENTS, Fault, FrameFault, LinkFault, Which};
use super::node::SimNodeHandle;
use super::switch::{FORWARDINGS, Line, OutsideDeed, Refusal};

/// Longest body; a verb needs a few dozen bytes. A row has more room.
const BODY: usize = 4096;
/// Longest fault.
const FAULT_MS: i64 = 24 * 3600 * 1000;

/// All routes; `handle` must be the application's data.
pub fn routes(config: &mut ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(BODY))
        .route("/phones/{dn}", web::get().to(phone))
        .route("/phones/{dn}/{verb}", web::post().to(verb))
        .route("/truth", web::get().to(truth))
        .route("/truth/now", web::get().to(truth_now))
        .route("/outside", web::get().to(outside))
        .route("/outside/call", web::post().to(outside_call))
        .route("/outside/{id}/{verb}", web::post().to(outside_verb))
        .route("/forms/{form}/export", web::get().to(forms::export))
        .service(
            web::resource("/forms/{form}")
                .app_data(web::PayloadConfig::new(LONGEST_LINE))
                .route(web::get().to(forms::rows))
                .route(web::post().to(forms::change)),
        )
        .route("/faults/{kind}", web::post().to(fault))
        .route("/faults", web::delete().to(heal))
        .default_service(web::to(nowhere));
}

/// What a caller did wrong, or what the node would not do.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("{0}")]
    Bad(String),
    #[error("{0}")]
    Missing(&'static str),
    #[error("{0}")]
    Conflict(String),
    #[error("not for web pages")]
    Page,
    #[error("{0}")]
    Stranger(&'static str),
    #[error("too many pages look at the console")]
    Full,
    #[error("the node has stopped")]
    Stopped,
}

impl actix_web::ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::Missing(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Page | Self::Stranger(_) => StatusCode::FORBIDDEN,
            Self::Full | Self::Stopped => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).json(json!({ "error": self.to_string() }))
    }
}

impl From<super::node::Stopped> for Refused {
    fn from(_: super::node::Stopped) -> Self {
        Self::Stopped
    }
}

type Reply = Result<HttpResponse, Refused>;

/// As the data of an application or a scope: who may ask was looked at already.
#[derive(Debug, Clone, Copy)]
pub struct Looked;

/// A browser names the page that asks.
fn no_page(request: &HttpRequest) -> Result<(), Refused> {
    let page = request.headers().contains_key(ORIGIN) && request.app_data::<Looked>().is_none();
    if page { Err(Refused::Page) } else { Ok(()) }
}

/// A body, or what an absent one stands for.
fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refused> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|e| Refused::Bad(format!("the body: {e}")))
}

fn number(dn: &str) -> Result<Dn, Refused> {
    dn.parse().map_err(|_| Refused::Missing("no such phone"))
}

async fn phone(request: HttpRequest, node: Data<SimNodeHandle>, dn: Path<String>) -> Reply {
    no_page(&request)?;
    match node.phone(number(&dn)?).await? {
        Some(phone) => Ok(HttpResponse::Ok().json(phone)),
        None => Err(Refused::Missing("no such phone")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VerbBody {
    #[serde(default = "prime")]
    line: u8,
    number: Option<String>,
    on: Option<bool>,
    user: Option<String>,
    /// Whose presence is set.
    group: Option<String>,
    /// Taken as whatever it is, since a text about a wrong type would repeat it.
    pin: Option<serde_json::Value>,
    /// Which calls are forwarded.
    #[serde(rename = "type")]
    kind: Option<String>,
}

fn prime() -> u8 {
    1
}

async fn verb(request: HttpRequest, node: Data<SimNodeHandle>, path: Path<(String, String)>, body: Bytes) -> Reply {
    no_page(&request)?;
    let (dn, verb) = path.into_inner();
    let dn = number(&dn)?;
    let body: VerbBody = parse(&body)?;
    let number = || body.number.clone().ok_or(Refused::Bad("the body: number is missing".into()));
    let deed = match verb.as_str() {
        "offhook" => Deed::OffHook,
        "dial" => Deed::Dial(number()?),
        "digits" => Deed::Digits(number()?),
        "answer" => Deed::Answer,
        "hangup" => Deed::HangUp,
        "hold" => Deed::Hold,
        "retrieve" => Deed::Retrieve,
        "consult" => Deed::Consult(number()?),
        "cancel" => Deed::Cancel,
        "alternate" => Deed::Alternate,
        "transfer" => Deed::Transfer,
        "conference" => Deed::Conference,
        "split" => Deed::Split,
        "redirect" => Deed::Redirect(number()?),
        "pickup" => {
            Deed::PickUp(number()?.parse().map_err(|_| Refused::Bad("the body: number is no extension".into()))?)
        }
        "newcall" => Deed::NewCall,
        "login" => log_in(dn, &body)?,
        "logout" => Deed::LogOut,
        "campon" => Deed::CampOn,
        "trade" => Deed::Trade,
        "callback" => Deed::CallBack,
        "message" => Deed::LeaveMessage,
        "takeover" => {
            Deed::RetrieveFrom(number()?.parse().map_err(|_| Refused::Bad("the body: number is no extension".into()))?)
        }
        "account" => Deed::Account(number()?),
        "handoff" => Deed::HandOff,
        "onebusy" => Deed::OneBusyAllBusy(body.on.ok_or(Refused::Bad("the body: on is missing".into()))?),
        "presence" => {
            let group = body.group.as_deref().ok_or(Refused::Bad("the body: group is missing".into()))?;
            let group = group.parse().map_err(|_| Refused::Bad("the body: group is no extension".into()))?;
            Deed::Presence { group, present: body.on.ok_or(Refused::Bad("the body: on is missing".into()))? }
        }
        "dnd" => Deed::DoNotDisturb(body.on.ok_or(Refused::Bad("the body: on is missing".into()))?),
        "autoanswer" => Deed::AutoAnswer(body.on.ok_or(Refused::Bad("the body: on is missing".into()))?),
        "forward" => {
            let number = number()?;
            Deed::Forward(forwarding(body.kind.as_deref())?, (!number.is_empty()).then_some(number))
        }
        _ => return Err(Refused::Missing("no such verb")),
    };
    match node.hand(Hand { line: Line { dn, button: body.line }, deed }).await {
        Ok(seq) => Ok(HttpResponse::Ok().json(json!({ "seq": seq }))),
        Err(HandRefusal::Refused(Refusal::UnknownDevice)) => Err(Refused::Missing("no such phone or button")),
        Err(HandRefusal::Stopped) => Err(Refused::Stopped),
        Err(refusal) => Err(Refused::Conflict(refusal.to_string())),
    }
}

fn forwarding(kind: Option<&str>) -> Result<Forwarding, Refused> {
    let kind = kind.ok_or(Refused::Bad("the body: type is missing".into()))?;
    let known = FORWARDINGS.iter().find(|(_, word)| *word == kind);
    known.map(|(which, _)| *which).ok_or_else(|| {
        let words: Vec<&str> = FORWARDINGS.iter().map(|(_, word)| *word).collect();
        Refused::Bad(format!("type is one of {}", words.join(", ")))
    })
}

/// At the number of an external user itself, `user` may be left out.
fn log_in(dn: Dn, body: &VerbBody) -> Result<Deed, Refused> {
    let user = match &body.user {
        Some(user) => user.parse().map_err(|_| Refused::Bad("the body: user is no extension".into()))?,
        None => dn,
    };
    let pin = body.pin.as_ref().and_then(|pin| Pin::new(pin.as_str()?).ok());
    let pin = pin.ok_or(Refused::Bad("the body: pin is a text of 1 to 8 digits".into()))?;
    Ok(Deed::LogIn { user, pin, outside: body.number.clone() })
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: String,
}

async fn truth(request: HttpRequest, node: Data<SimNodeHandle>, query: Query<Since>) -> Reply {
    no_page(&request)?;
    let since = match query.since.as_str() {
        "" => 0,
        text => text.parse().map_err(|_| Refused::Bad("since is not a number".into()))?,
    };
    let mut lines = String::new();
    for record in node.records(since).await? {
        let line = serde_json::to_string(&record).map_err(|e| Refused::Conflict(e.to_string()))?;
        lines.push_str(&line);
        lines.push('\n');
    }
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/x-ndjson")).body(lines))
}

async fn truth_now(request: HttpRequest, node: Data<SimNodeHandle>) -> Reply {
    no_page(&request)?;
    Ok(HttpResponse::Ok().json(node.truth_now().await?))
}

/// Everybody outside who is in a call.
async fn outside(request: HttpRequest, node: Data<SimNodeHandle>) -> Reply {
    no_page(&request)?;
    match node.truth_now().await?.outside {
        Some(calls) => Ok(HttpResponse::Ok().json(calls)),
        None => Err(Refused::Missing("the node has neither trunks nor a peer")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutsideBody {
    /// Absent: the caller withholds the number.
    from: Option<String>,
    name: Option<String>,
    to: String,
}

async fn outside_call(request: HttpRequest, node: Data<SimNodeHandle>, body: Bytes) -> Reply {
    no_page(&request)?;
    let OutsideBody { from, name, to } = parse(&body)?;
    let call = outside_done(node.outside(OutsideDeed::Call { from, name, to }).await)?;
    Ok(HttpResponse::Ok().json(json!({ "call": call })))
}

async fn outside_verb(request: HttpRequest, node: Data<SimNodeHandle>, path: Path<(String, String)>) -> Reply {
    no_page(&request)?;
    let (id, verb) = path.into_inner();
    let id = id.parse().map_err(|_| Refused::Missing("no such call"))?;
    let deed = match verb.as_str() {
        "answer" => OutsideDeed::Answer(id),
        "hangup" => OutsideDeed::HangUp(id),
        _ => return Err(Refused::Missing("no such verb")),
    };
    let seq = outside_done(node.outside(deed).await)?;
    Ok(HttpResponse::Ok().json(json!({ "seq": seq })))
}

fn outside_done(done: Result<u64, HandRefusal>) -> Result<u64, Refused> {
    done.map_err(|refusal| match refusal {
        HandRefusal::Refused(Refusal::UnknownConnection) => Refused::Missing("no such call"),
        HandRefusal::Stopped => Refused::Stopped,
        refusal => Refused::Conflict(refusal.to_string()),
    })
}

async fn nowhere() -> Reply {
    Err(Refused::Missing("no such path"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkBody {
    mode: LinkFault,
    #[serde(default)]
    which: Which,
    #[serde(default)]
    for_ms: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerBody {
    service: Option<String>,
    delay_ms: Option<i64>,
    #[serde(default)]
    never: bool,
    #[serde(default)]
    twice: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrameBody {
    event: Option<String>,
    #[serde(default = "next")]
    nth: u32,
    #[serde(rename = "do")]
    deed: FrameFault,
}

fn next() -> u32 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DownBody {
    #[serde(default)]
    down_ms: i64,
}

fn span(ms: i64) -> Result<i64, Refused> {
    if (0..=FAULT_MS).contains(&ms) { Ok(ms) } else { Err(Refused::Bad(format!("a time is 0 to {FAULT_MS} ms"))) }
}

fn one_of(name: Option<String>, known: &[&str], what: &str) -> Result<Option<String>, Refused> {
    match name {
        Some(name) if !known.contains(&name.trim_end_matches("Event")) => {
            Err(Refused::Bad(format!("{what} is one of {}", known.join(", "))))
        }
        name => Ok(name),
    }
}

/// What a node may be made to say of itself.
const STATUSES: [SystemStatus; 6] = [
    SystemStatus::Normal,
    SystemStatus::MessagesLost,
    SystemStatus::PartiallyDisabled,
    SystemStatus::OverloadImminent,
    SystemStatus::OverloadReached,
    SystemStatus::OverloadRelieved,
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusBody {
    value: String,
}

async fn fault(request: HttpRequest, node: Data<SimNodeHandle>, kind: Path<String>, body: Bytes) -> Reply {
    no_page(&request)?;
    let fault = match kind.as_str() {
        "link" => {
            let LinkBody { mode, which, for_ms } = parse(&body)?;
            Fault::Link { mode, which, for_ms: span(for_ms)? }
        }
        "answer" => {
            let AnswerBody { service, delay_ms, never, twice } = parse(&body)?;
            let how = match (delay_ms, never, twice) {
                (Some(ms), false, false) => AnswerFault::Delay { ms: span(ms)? },
                (None, true, false) => AnswerFault::Never,
                (None, false, true) => AnswerFault::Twice,
                _ => return Err(Refused::Bad("one of delay_ms, never and twice".into())),
            };
            Fault::Answer { service: one_of(service, &SERVICES, "service")?, how }
        }
        "frame" => {
            let FrameBody { event, nth, deed } = parse(&body)?;
            Fault::Frame { event: one_of(event, &EVENTS, "event")?, nth, deed }
        }
        "restart" => Fault::Restart { down_ms: span(parse::<DownBody>(&body)?.down_ms)? },
        "status" => {
            let StatusBody { value } = parse(&body)?;
            let status = STATUSES.into_iter().find(|status| status.as_str() == value);
            Fault::Status(status.ok_or_else(|| {
                Refused::Bad(format!("value is one of {}", STATUSES.map(SystemStatus::as_str).join(", ")))
            })?)
        }
        "forms" => Fault::Forms(forms::fault(&body)?),
        "power" => Fault::Power { down_ms: span(parse::<DownBody>(&body)?.down_ms)? },
        _ => return Err(Refused::Missing("no such fault")),
    };
    node.fault(fault).await?;
    Ok(HttpResponse::Ok().json(json!({ "seq": node.truth_now().await?.seq })))
}

async fn heal(request: HttpRequest, node: Data<SimNodeHandle>) -> Reply {
    no_page(&request)?;
    node.heal().await?;
    Ok(HttpResponse::Ok().json(json!({})))
}
