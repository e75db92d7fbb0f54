//! The forms over HTTP, for gateways that keep a copy (what is said is in `schemas::data::sync`). Served by `listen` on a port of its
//! own. Who asks is known by the address alone, which must be a gateway's among the node's network elements.
//!
//! | status | when |
//! |---|---|
//! | 400 | the key, the number, the limit or the body is not what it should be |
//! | 403 | the address is no gateway's, or a web page asks |
//! | 404 | no such form, no such path |
//! | 409 | the row is another than the application read: with the row as it is, where there is one |
//! | 410 | that count of changes is another, or not all of them are kept: all is to be copied anew |
//! | 413 | the body is longer than a line |
//! | 422 | a row cannot be so: why |
//! | 503 | the node has no power, or has stopped |

use std::net::IpAddr;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ORIGIN};
use actix_web::web::{self, Bytes, Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use schemas::data::sync::{Done, LARGEST_PAGE, LONGEST_LINE, LineFault, Refused as Said, Wanted, read_key};
use schemas::data::{Form, form};
use serde::Deserialize;
use serde_json::Value as Json;
use tokio::time::sleep;

use super::stream::{self, Reader};
use super::{Asked, FormsHandle, NotDone, configure};
use crate::sim::node::SimNodeHandle;

const LINES: (actix_web::http::header::HeaderName, &str) = (CONTENT_TYPE, "application/x-ndjson");

/// All routes; the node's handle must be the application's data.
pub fn routes(config: &mut ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(LONGEST_LINE))
        .route("/sync", web::get().to(stand))
        .route("/sync/changes", web::get().to(changes))
        .route("/sync/forms/{form}", web::get().to(page))
        .route("/sync/forms/{form}", web::post().to(change))
        .default_service(web::to(nowhere));
}

/// Why something is not answered.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("{0}")]
    Bad(String),
    #[error("the address is no gateway's among the network elements")]
    Stranger,
    #[error("{0}")]
    Missing(&'static str),
    #[error("the count of changes is another, or they are not kept")]
    Gone,
    #[error("{1}")]
    NotDone(&'static Form, NotDone),
    #[error("the node is down")]
    Down,
}

impl actix_web::ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::Stranger => StatusCode::FORBIDDEN,
            Self::Missing(_) => StatusCode::NOT_FOUND,
            Self::Gone => StatusCode::GONE,
            Self::NotDone(_, NotDone::Unfit(_)) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotDone(..) => StatusCode::CONFLICT,
            Self::Down => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let row: Option<Json> = match self {
            Self::NotDone(form, fault) => fault.present().map(|row| form.write(row)),
            _ => None,
        };
        HttpResponse::build(self.status_code()).json(Said { error: self.to_string(), row })
    }
}

impl From<LineFault> for Refused {
    fn from(fault: LineFault) -> Self {
        Self::Bad(fault.to_string())
    }
}

type Reply = Result<HttpResponse, Refused>;

/// The node's forms, for a gateway that may read them, and where that is.
fn permitted(request: &HttpRequest, node: &SimNodeHandle) -> Result<(FormsHandle, IpAddr), Refused> {
    let open = node.open();
    if open.has_changed().is_err() || !open.borrow().sets {
        return Err(Refused::Down);
    }
    let forms = node.forms();
    let gateway = request.peer_addr().map(|peer| peer.ip()).filter(|ip| forms.admits(*ip));
    // A browser on a gateway's machine has its address, too.
    match gateway.filter(|_| !request.headers().contains_key(ORIGIN)) {
        Some(gateway) => Ok((forms, gateway)),
        None => Err(Refused::Stranger),
    }
}

fn named(name: &str) -> Result<&'static Form, Refused> {
    form(name).ok_or(Refused::Missing("no such form"))
}

fn number<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, Refused> {
    text.parse().map_err(|_| Refused::Bad(format!("{what} is not a number that it can be")))
}

async fn stand(request: HttpRequest, node: Data<SimNodeHandle>) -> Reply {
    let (forms, _) = permitted(&request, &node)?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(forms.stand().write()))
}

#[derive(Deserialize)]
struct PageQuery {
    #[serde(default)]
    after: String,
    #[serde(default)]
    limit: String,
}

async fn page(request: HttpRequest, node: Data<SimNodeHandle>, name: Path<String>, query: Query<PageQuery>) -> Reply {
    let (forms, _) = permitted(&request, &node)?;
    let form = named(&name)?;
    let after = (!query.after.is_empty()).then(|| read_key(form, &query.after)).transpose()?;
    let limit = match query.limit.as_str() {
        "" => LARGEST_PAGE,
        text => match number(text, "limit")? {
            0 => return Err(Refused::Bad("limit is at least 1".into())),
            limit => LARGEST_PAGE.min(limit),
        },
    };
    let page = forms.page(form, after.as_ref(), limit);
    let mut answer = HttpResponse::Ok();
    answer.insert_header(LINES);
    Ok(if page.cut { answer.streaming(stream::broken(page)) } else { answer.body(page.text) })
}

#[derive(Deserialize)]
struct ChangesQuery {
    #[serde(default)]
    epoch: String,
    #[serde(default)]
    since: String,
}

async fn changes(request: HttpRequest, node: Data<SimNodeHandle>, query: Query<ChangesQuery>) -> Reply {
    let (forms, gateway) = permitted(&request, &node)?;
    let ChangesQuery { epoch, since } = query.into_inner();
    let since = number(&since, "since")?;
    if !forms.has_since(&epoch, since) {
        return Err(Refused::Gone);
    }
    let (open, newest, cut) = (node.open(), forms.newest(), forms.cut_stream());
    let reader = Reader { forms, open, newest, gateway, epoch, since, cut };
    Ok(HttpResponse::Ok().insert_header(LINES).streaming(reader.stream()))
}

async fn change(request: HttpRequest, node: Data<SimNodeHandle>, name: Path<String>, body: Bytes) -> Reply {
    let (forms, _) = permitted(&request, &node)?;
    let form = named(&name)?;
    let wanted = Wanted::read(form, &body)?;
    let done = configure(&node, form, Asked::Wanted(wanted)).await.map_err(|fault| Refused::NotDone(form, fault));
    if let Some(ms) = forms.late_ms() {
        sleep(Duration::from_millis(ms)).await;
    }
    Ok(HttpResponse::Ok().json(Done { seq: done? }))
}

async fn nowhere() -> Reply {
    Err(Refused::Missing("no such path"))
}
