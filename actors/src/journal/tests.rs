//! What is written is read again, and what was damaged costs no more than what was damaged.

mod frame;
mod kept;
mod record;

use std::sync::Arc;

use schemas::domain::{CallKey, Ceid, LegId, ObjectId, SessionId};

use super::record::Record;
use crate::event::{Event, Form, Topics};
use crate::session::Cursors;
use crate::session_supervisor::Door;
use crate::standing::Service;

fn session(number: i64) -> SessionId {
    SessionId::try_from(number).expect("a session id")
}

fn phone(dn: &str) -> ObjectId {
    ObjectId::line(Ceid::new(1).expect("a CEID"), dn.parse().expect("a DN"))
}

fn event(text: &str) -> Arc<Event> {
    Arc::new(Event::of_text(Some(phone("1000")), text))
}

fn begun(number: i64) -> Record {
    let application = "Example Co / Screen Pop".into();
    Record::SessionBegan { session: session(number), application, service: Service::Standard, door: Door::Soap }
}

/// The n-th event of a session, which says so.
fn nth(of: i64, number: u32) -> Record {
    Record::Event { session: session(of), number, oldest: 1, event: event(&number.to_string()) }
}

fn read_to(of: i64, next: u32, standard: Option<u32>, handler: Option<u32>) -> Record {
    let at = Cursors { was_read: true, standard, advanced: None, handler };
    Record::Cursors { session: session(of), next, at }
}

/// One of each kind.
fn all() -> Vec<Record> {
    let presence = ObjectId::presence(Ceid::new(999).expect("a CEID"));
    let url: Arc<str> = "http://127.0.0.1:1/".into();
    let mut records = vec![
        Record::LegsBelow(1 << 40),
        begun(7),
        Record::SessionBegan {
            session: session((1 << 53) - 1),
            application: "".into(),
            service: Service::Unproven,
            door: Door::Rest,
        },
        Record::Proven(session(7)),
        Record::SessionEnded(session(7)),
        Record::Monitor { session: session(7), object: phone("1000"), topics: Topics::ALL },
        Record::Monitor { session: session(7), object: presence, topics: Topics::CALLS.without(Topics::CALLS) },
        nth(7, 1),
        Record::Event { session: session(7), number: u32::MAX, oldest: 3, event: Arc::new(Event::lost()) },
        read_to(7, 9, Some(4), None),
        Record::Handler { session: session(7), form: Form::Advanced, url: url.clone() },
        Record::Handler { session: session(7), form: Form::Standard, url: "".into() },
        Record::Callback { session: session(7), url },
        Record::Legs { object: phone("1000"), legs: Vec::new() },
    ];
    let legs = vec![(CallKey::from("call & one"), LegId::new(1)), (CallKey::from("other"), LegId::new(1 << 52))];
    records.push(Record::Legs { object: phone("1001"), legs });
    records
}
