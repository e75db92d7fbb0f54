//! The flight record of a device or of a call: what its node said, what was commanded, what each application was told and
//! has taken.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use actors::event::Form;
use actors::flight::{Entry, FlightRecord, Reader, What};
use askama::Template;
use schemas::domain::{Ceid, Dn};
use serde::Deserialize;

use super::{Admin, look};
use crate::storage::account::Role;
use crate::web::{Shell, Site, WebFault, page_as, when_exactly};

/// Lines of the page; the newest.
const SHOWN: usize = 500;
/// Characters of a Global Call ID that are compared.
const LONGEST_CALL: usize = 11;

/// What is looked for: a number at a node, or a call.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    node: String,
    number: String,
    call: String,
}

#[derive(Template)]
#[template(path = "admin/record.html")]
struct RecordPage {
    shell: Shell,
    on: bool,
    wanted: Wanted,
    rows: Option<Vec<Row>>,
    fault: Option<&'static str>,
}

struct Row {
    at: String,
    object: String,
    who: String,
    what: String,
}

/// The lines, or why what is wanted is nothing that there could be.
fn found(record: &FlightRecord, wanted: &Wanted) -> Result<Option<Vec<Entry>>, &'static str> {
    let (node, number, call) = (wanted.node.trim(), wanted.number.trim(), wanted.call.trim());
    match (node, number, call) {
        ("", "", "") => Ok(None),
        (_, "", "") | ("", _, "") => Err("Give a node and a number, or a call."),
        (node, number, "") => {
            let ceid = node.parse().ok().and_then(|number| Ceid::new(number).ok());
            let ceid = ceid.ok_or("The node is a number, 1 to 999.")?;
            let dn: Dn = number.parse().map_err(|_| "The number has 1 to 7 digits.")?;
            Ok(Some(record.entries(SHOWN, |entry| entry.object.ceid() == ceid && entry.object.dn() == dn)))
        }
        ("", "", call) if call.len() <= LONGEST_CALL => Ok(Some(record.of_call(SHOWN, call))),
        ("", "", _) => Err("A Global Call ID has up to 11 characters."),
        _ => Err("Give either a node and a number, or a call."),
    }
}

fn form(form: Form) -> &'static str {
    match form {
        Form::Standard => "getEvent",
        Form::Advanced => "advGetEvent",
    }
}

impl Row {
    fn of(record: &FlightRecord, entry: Entry) -> Self {
        let Entry { at_ms, object, what } = entry;
        let application = |session| match record.application(session) {
            Some(application) => format!("{application}, {session}"),
            None => session.to_string(),
        };
        let (who, what) = match what {
            What::Said { ceid, fact, cause, call, global_call_id, local } => {
                let call = call.map(|call| format!(", call {}", call.as_str())).unwrap_or_default();
                let id = global_call_id.map(|id| format!(", {}", id.as_str())).unwrap_or_default();
                let local = local.map(|local| format!(", here {local:?}")).unwrap_or_default();
                (format!("node {ceid}"), format!("says {fact:?} ({cause:?}){call}{id}{local}"))
            }
            What::Monitor { ceid, stands } => {
                let what = if stands { "says that the monitor stands" } else { "has no monitor of it" };
                (format!("node {ceid}"), what.to_owned())
            }
            What::Legs { ceid, legs: Some(legs) } => (format!("node {ceid}"), format!("is looked at: {legs} legs")),
            What::Legs { ceid, legs: None } => (format!("node {ceid}"), "does not tell its legs".to_owned()),
            What::Commanded { session, ticket, what } => (application(session), format!("wants {what} (no. {ticket})")),
            What::Answered { ticket, refused: None } => ("gateway".into(), format!("no. {ticket} is done")),
            What::Answered { ticket, refused: Some(why) } => {
                ("gateway".into(), format!("no. {ticket} is refused: {why}"))
            }
            What::Told { session, number, brief } => {
                let leg = if brief.leg == 0 { String::new() } else { format!(", leg {}", brief.leg) };
                let call = brief.global_call_id();
                let call = if call.is_empty() { String::new() } else { format!(", {call}") };
                let what = format!("is told {} {} as no. {number}{leg}{call}", brief.kind, brief.cause);
                (application(session), what)
            }
            What::Taken { session, number, reader } => {
                let by = match reader {
                    Reader::Poll(of) => form(of),
                    Reader::Handler => "its event handler",
                };
                (application(session), format!("has taken no. {number} by {by}"))
            }
        };
        Self { at: when_exactly(at_ms), object: object_name(object), who, what }
    }
}

fn object_name(object: schemas::domain::ObjectId) -> String {
    let button = object.button();
    let button = if button > 1 { format!(", button {button}") } else { String::new() };
    format!("{} at node {}{button}", object.dn(), object.ceid())
}

pub(super) async fn page(
    request: HttpRequest,
    query: Query<Wanted>,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Role::Operator).await?;
    let record = &admin.running()?.gateway.tree.env.flight;
    let wanted = query.into_inner();
    let (rows, fault) = match found(record, &wanted) {
        Ok(entries) => (entries.map(|e| e.into_iter().map(|entry| Row::of(record, entry)).collect()), None),
        Err(fault) => (None, Some(fault)),
    };
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let shell = here.shell(&site, "Flight record", "/record");
    page_as(status, &RecordPage { shell, on: record.is_on(), wanted, rows, fault })
}
