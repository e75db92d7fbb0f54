//! The flight record of a device or of a call: what its node said, what was commanded, what each application was told and
//! has taken. PINs, digits and account codes are not in it.

use actors::event::Form;
use actors::flight::{Entry, FlightRecord, Reader, What};
use schemas::domain::{Ceid, Dn, ObjectId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::admin::Running;
use crate::web::WebFault;

/// Lines that are given; the newest.
const MOST: usize = 500;
/// Characters of a Global Call ID that are compared.
const LONGEST_CALL: usize = 11;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// A number at a node.
    Number(Ceid, Dn),
    /// A call, at every number.
    Call(String),
}

impl Wanted {
    /// Of texts as somebody fills them in; none of them is `None`.
    ///
    /// # Errors
    /// [`WebFault::Refused`] with what is wrong.
    pub(crate) fn of(node: &str, number: &str, call: &str) -> Result<Option<Self>, WebFault> {
        let refused = |text: &str| WebFault::Refused(text.into());
        match (node.trim(), number.trim(), call.trim()) {
            ("", "", "") => Ok(None),
            (_, "", "") | ("", _, "") => Err(refused("Give a node and a number, or a call.")),
            (node, number, "") => {
                let ceid = node.parse().ok().and_then(|number| Ceid::new(number).ok());
                let ceid = ceid.ok_or_else(|| refused("The node is a number, 1 to 999."))?;
                let dn = number.parse().map_err(|_| refused("The number has 1 to 7 digits."))?;
                Ok(Some(Self::Number(ceid, dn)))
            }
            ("", "", call) if call.len() <= LONGEST_CALL => Ok(Some(Self::Call(call.to_owned()))),
            ("", "", _) => Err(refused("A Global Call ID has up to 11 characters.")),
            _ => Err(refused("Give either a node and a number, or a call.")),
        }
    }
}

/// What is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlightRecord)]
pub struct Record {
    /// Anything is put on record (`limits.flight_record`).
    pub on: bool,
    /// The newest 500, the oldest of them first.
    pub lines: Vec<RecordLine>,
}

/// A line of the flight record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordLine {
    /// By the gateway's clock, in ms since 1970.
    pub at_ms: i64,
    /// The number that it is about, as in `1000 at node 001`.
    pub object: String,
    pub kind: RecordKind,
    /// A node, the gateway, or an application with its session.
    pub who: String,
    /// In words.
    pub what: String,
    /// Of the call, where the line tells it.
    pub global_call_id: Option<String>,
}

/// What a line of the flight record tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RecordKind {
    /// A node told a fact.
    Said,
    /// A monitor stands, or does not.
    Monitor,
    /// A node was asked for the legs.
    Legs,
    /// An application wants something.
    Commanded,
    /// What became of that.
    Answered,
    /// An application was told an event.
    Told,
    /// It has taken it.
    Taken,
}

impl RecordKind {
    fn of(what: &What) -> Self {
        match what {
            What::Said { .. } => Self::Said,
            What::Monitor { .. } => Self::Monitor,
            What::Legs { .. } => Self::Legs,
            What::Commanded { .. } => Self::Commanded,
            What::Answered { .. } => Self::Answered,
            What::Told { .. } => Self::Told,
            What::Taken { .. } => Self::Taken,
        }
    }
}

/// The lines that are wanted.
pub(in crate::admin) fn found(running: &Running, wanted: &Wanted) -> Record {
    let record = &running.gateway.tree.env.flight;
    let entries = match wanted {
        Wanted::Number(ceid, dn) => {
            record.entries(MOST, |entry| entry.object.ceid() == *ceid && entry.object.dn() == *dn)
        }
        Wanted::Call(call) => record.of_call(MOST, call),
    };
    Record { on: record.is_on(), lines: entries.into_iter().map(|entry| RecordLine::of(record, entry)).collect() }
}

fn form(form: Form) -> &'static str {
    match form {
        Form::Standard => "getEvent",
        Form::Advanced => "advGetEvent",
    }
}

impl RecordLine {
    fn of(record: &FlightRecord, entry: Entry) -> Self {
        let Entry { at_ms, object, what } = entry;
        let kind = RecordKind::of(&what);
        let global_call_id = match &what {
            What::Said { global_call_id: Some(id), .. } => Some(id.as_str().to_owned()),
            What::Told { brief, .. } => Some(brief.global_call_id().to_owned()).filter(|id| !id.is_empty()),
            _ => None,
        };
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
        Self { at_ms, object: object_name(object), kind, who, what, global_call_id }
    }
}

fn object_name(object: ObjectId) -> String {
    let button = object.button();
    let button = if button > 1 { format!(", button {button}") } else { String::new() };
    format!("{} at node {}{button}", object.dn(), object.ceid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_can_be_found_by_is_said() {
        for (node, number, call, expected) in [
            ("", " ", "", Ok(None)),
            ("1", "1000", "", Ok(Some(Wanted::Number(Ceid::new(1).expect("a node"), "1000".parse().expect("a DN"))))),
            ("", "", " A0010001 ", Ok(Some(Wanted::Call("A0010001".into())))),
            ("1", "", "", Err("Give a node and a number, or a call.")),
            ("", "1000", "", Err("Give a node and a number, or a call.")),
            ("0", "1000", "", Err("The node is a number, 1 to 999.")),
            ("x", "1000", "", Err("The node is a number, 1 to 999.")),
            ("1", "12345678", "", Err("The number has 1 to 7 digits.")),
            ("", "", "A00100010001", Err("A Global Call ID has up to 11 characters.")),
            ("1", "1000", "A", Err("Give either a node and a number, or a call.")),
            ("1", "", "A", Err("Give either a node and a number, or a call.")),
        ] {
            let found = Wanted::of(node, number, call).map_err(|fault| fault.to_string());
            assert_eq!(found, expected.map_err(|text: &str| text.to_owned()), "{node:?} {number:?} {call:?}");
        }
    }
}
