//! Triggers: a session says which changes it wants to hear of, and asks for them, again and again or in one stream.
//!
//! A change has one number for everybody; who asks with `after` has what comes after that, also after a break of whatever. Who
//! asks without it has what he was not told yet.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::http::header::{ACCEPT, CACHE_CONTROL};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use actors::session_supervisor::SessionRef;
use actors::trigger::messages::{Logged, Subscription};
use actors::trigger_supervisor::{Begin, Events, Stop, TriggerEvent, events};
use futures_util::stream;
use schemas::data::sql::Filter;
use schemas::data::{Form, Row};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Answer, Refused, Visit, faulted, long, parsed, reads, reply, sentence};
use crate::data::Triggers;
use crate::http::Shared;
use crate::http::rest::read;
use schemas::fault::Ground;

/// As for the events of calls.
const LONGEST_POLL: Duration = Duration::from_secs(120);
/// Columns that a trigger names, as the description says.
const MOST_COLUMNS: usize = 64;
/// Whole numbers that every reader of JSON holds; no number of a change and no time is larger.
const EXACT: u64 = (1 << 53) - 1;
/// Changes of an answer, about.
const MOST: usize = 500;
/// A stream says at least this often that it lives.
const ALIVE: Duration = Duration::from_secs(15);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    database: String,
    view: String,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default, rename = "where")]
    condition: Option<String>,
}

/// POST.
pub(super) async fn create(request: HttpRequest, mut payload: web::Payload, gateway: Shared) -> HttpResponse {
    let bytes = match read(&request, &mut payload).await {
        Ok(bytes) => bytes,
        Err(fault) => return faulted(&request, fault, Some(payload)),
    };
    let answer = async {
        let (visit, session) = Visit::begin(&request, &gateway, reads()).await?;
        let body: Body = parsed(&request, &bytes)?;
        let database = visit.named(&body.database)?;
        let form = visit.view(&body.view)?;
        if body.columns.len() > MOST_COLUMNS {
            return Err(visit.refuse(400, &format!("A trigger names at most {MOST_COLUMNS} columns.")));
        }
        let columns = body
            .columns
            .iter()
            .map(|name| form.column(name).ok_or_else(|| visit.refuse(400, "The view has no such column.")));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let scope = visit.scope(database);
        let filter = body.condition.as_deref().map(|condition| Filter::parse(form, condition, scope)).transpose();
        let filter = filter.map_err(|fault| visit.refuse(400, &sentence(fault)))?;
        let triggers = visit.triggers()?;
        let id = triggers.id();
        let after = *visit.store().newest().borrow();
        let subscription =
            Subscription { id, ceid: database.ceid(), form, columns, filter, condition: body.condition, after };
        let begin = Begin { session: session.id, subscription: subscription.clone() };
        let begun = triggers.supervisor.send(begin).await.map_err(|_| visit.lost())?;
        begun.map_err(|no| visit.refuse(Ground::TooMany.status(), &no.to_string()))?;
        if let Err(fault) = triggers.log.keep(session.id, subscription).await {
            tracing::warn!(%fault, "a trigger cannot be kept");
            let _ = triggers.supervisor.send(Stop { session: session.id, id }).await; // it is not there then either
            return Err(visit.refuse(503, "The trigger cannot be kept now; try again later."));
        }
        Ok(reply(&json!({ "result": true, "triggerId": id.to_string() })))
    };
    answer.await.unwrap_or_else(|response: Refused| *response)
}

/// DELETE.
pub(super) async fn remove(request: HttpRequest, gateway: Shared) -> HttpResponse {
    let answer = async {
        let (visit, session) = Visit::begin(&request, &gateway, reads()).await?;
        let id =
            visit.parameter("triggerId").ok_or_else(|| visit.refuse(400, "The parameter triggerId is missing."))?;
        let unknown = || visit.refuse(Ground::Unknown.status(), "The session has no such trigger.");
        let id = id.parse().map_err(|_| unknown())?;
        let stopped = visit.triggers()?.supervisor.send(Stop { session: session.id, id }).await;
        if stopped.map_err(|_| visit.lost())? { Ok(reply(&json!({ "result": true }))) } else { Err(unknown()) }
    };
    answer.await.unwrap_or_else(|response: Refused| *response)
}

/// GET of the events.
pub(super) async fn told(request: HttpRequest, gateway: Shared) -> HttpResponse {
    let answer = async {
        let (visit, session) = Visit::begin(&request, &gateway, reads()).await?;
        let number = |name: &str| {
            let Some(text) = visit.parameter(name) else { return Ok(None) };
            let number = text.parse::<u64>().ok().filter(|number| *number <= EXACT);
            number.map(Some).ok_or_else(|| visit.refuse(400, &format!("{name} is no whole number.")))
        };
        let header = request.headers().get("last-event-id").and_then(|v| v.to_str().ok()?.parse().ok());
        let after = number("after")?.or(header);
        let wait = Duration::from_millis(number("timeout")?.unwrap_or(0)).min(LONGEST_POLL);
        let triggers = visit.triggers()?;
        let cursor = triggers.cursor(session.id);
        let from = after.unwrap_or(cursor);
        let streams = request.headers().get_all(ACCEPT).filter_map(|v| v.to_str().ok());
        if streams.flat_map(|v| v.split(',')).any(|kind| kind.trim().starts_with("text/event-stream")) {
            return Ok(stream_of(triggers.clone(), gateway.clone(), session, from));
        }
        let found = events(&triggers.supervisor, &triggers.log, session.id, from, MOST, wait).await;
        let found = found.map_err(|fault| {
            tracing::warn!(%fault, "events of data cannot be told");
            visit.refuse(503, "The events cannot be told now; try again later.")
        })?;
        triggers.told(session.id, found.up_to);
        Ok(reply(&written(&gateway, &found)))
    };
    answer.await.unwrap_or_else(|response: Refused| *response)
}

fn written(gateway: &Shared, found: &Events) -> Value {
    let events: Vec<Value> = found.events.iter().map(|event| one(gateway, event)).collect();
    let mut told = json!({ "events": events });
    if let Some(number) = found.lost_up_to {
        told["discardedUpTo"] = number.into();
    }
    told
}

fn one(gateway: &Shared, TriggerEvent { subscription, change }: &TriggerEvent) -> Value {
    let Logged { number, ceid, form, before, after, at_ms } = &**change;
    let nodes = gateway.tree.env.cluster.settings();
    let address = nodes.iter().find(|node| node.ceid == *ceid).map(|node| node.address.to_string());
    let mut told = json!({
        "number": number, "triggerId": subscription.id.to_string(), "operation": change.operation().word().to_uppercase(),
        "database": address, "element": ceid.get(), "view": form.name, "time": long(*at_ms),
    });
    for (name, row) in [("before", before), ("after", after)] {
        if let Some(row) = row {
            told[name] = shown(form, row, &subscription.columns);
        }
    }
    told
}

/// The columns that are wanted, and those that name the row; `null` where there is no value.
fn shown(form: &Form, row: &Row, columns: &[usize]) -> Value {
    let all = form.columns.iter().zip(&row.0).enumerate();
    let wanted = all.filter(|(at, (column, _))| columns.is_empty() || column.key || columns.contains(at));
    let values = wanted.map(|(_, (column, value))| (column.name.to_owned(), value.to_json()));
    Value::Object(values.collect::<Map<_, _>>())
}

/// Server-sent events, for as long as the session and the client are there.
fn stream_of(triggers: Triggers, gateway: Shared, session: SessionRef, from: u64) -> HttpResponse {
    let parts = stream::unfold((triggers, gateway, session, from), |(triggers, gateway, session, from)| async move {
        gateway.sessions.find(session.id)?;
        let found = events(&triggers.supervisor, &triggers.log, session.id, from, MOST, ALIVE).await.ok()?;
        let mut text = String::new();
        for event in &found.events {
            let json = one(&gateway, event);
            text.push_str(&format!("id: {}\nevent: change\ndata: {json}\n\n", event.change.number));
        }
        if let Some(number) = found.lost_up_to {
            text.push_str(&format!("event: discarded\ndata: {{\"discardedUpTo\":{number}}}\n\n"));
        }
        if text.is_empty() {
            text.push_str(": alive\n\n");
        }
        triggers.told(session.id, found.up_to);
        let up_to = found.up_to;
        Some((Ok::<_, Infallible>(Bytes::from(text)), (triggers, gateway, session, up_to)))
    });
    HttpResponse::Ok().content_type("text/event-stream").insert_header((CACHE_CONTROL, "no-store")).streaming(parts)
}

impl Visit<'_> {
    fn triggers(&self) -> Answer<Triggers> {
        self.data.triggers.clone().ok_or_else(|| self.lost())
    }

    fn lost(&self) -> Refused {
        let text = "The gateway could not complete the request; the outcome is not known.";
        super::told(self.request, Ground::Lost.status(), text)
    }

    /// A view of this name, if the session may see it.
    pub(super) fn view(&self, name: &str) -> Answer<&'static Form> {
        let form = schemas::data::form(name).filter(|form| form.standard || self.advanced);
        form.ok_or_else(|| self.refuse(404, "There is no such view for this session."))
    }
}
