//! What is written is read again, and what was damaged costs no more than what was damaged.

mod frame;
mod kept;
mod record;

use std::sync::Arc;

use schemas::domain::{Ceid, DeviceFeature, Dn, Forwarding, ObjectId, SessionId, Setting};

use super::record::Record;
use crate::device::messages::{KnownLeg, Memory, known_leg};
use crate::event::{Event, Form, Topics};
use crate::session::Cursors;
use crate::session_supervisor::Door;
use crate::standing::Service;
use crate::user::{Integration, SessionUser};

fn session(number: i64) -> SessionId {
    SessionId::try_from(number).expect("a session id")
}

fn dn(number: &str) -> Dn {
    number.parse().expect("a DN")
}

fn phone(number: &str) -> ObjectId {
    ObjectId::line(Ceid::new(1).expect("a CEID"), dn(number))
}

fn event(text: &str) -> Arc<Event> {
    Arc::new(Event::of_text(Some(phone("1000")), text))
}

fn begun(number: i64) -> Record {
    let application = "Example Co / Screen Pop".into();
    let (service, door) = (Service::Standard, Door::Soap);
    Record::SessionBegan { session: session(number), application, service, door, user: None }
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
            user: None,
        },
        Record::SessionBegan {
            session: session(8),
            application: "Example Co / Softphone".into(),
            service: Service::Standard,
            door: Door::Soap,
            user: Some(SessionUser { id: i32::MAX, integration: Integration::Google, generation: 3, token: u64::MAX }),
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
        Record::Object { object: phone("1000"), memory: Memory::default() },
    ];
    let legs = vec![KnownLeg { global_call_id: None, ..known_leg("call & one", 1) }, known_leg("<other>", 1 << 52)];
    let forward = DeviceFeature::Forward(Forwarding::NoAnswerExternal);
    let settings = vec![
        Setting::plain(DeviceFeature::DoNotDisturb, true),
        Setting { number: Some("1005".into()), ..Setting::plain(forward, false) },
    ];
    records.push(Record::Object { object: phone("1001"), memory: Memory { legs, settings, absent: None } });
    let absent = Some(Box::new([("2000", "1000"), ("2000", "1001")].map(|(g, m)| (dn(g), dn(m))).into()));
    records.push(Record::Object { object: presence, memory: Memory { absent, ..Memory::default() } });
    records
}
