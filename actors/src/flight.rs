//! The flight record: what a node said of each object, what was commanded there, and what each application was told of it
//! and has taken, with times; for whoever has to find out what happened.
//!
//! It is in memory and bounded: the newest entries are kept. Devices and sessions write, only people read. On the path of
//! an event it takes one short lock, of one part in sixteen, that nobody else holds but who looks at the record; an
//! entry is small and copied, texts that a command had are the exception.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use schemas::domain::{CallKey, Cause, Ceid, Fact, GlobalCallId, LocalState, ObjectId, SessionId};

use crate::device::messages::Action;
use crate::env::Clock;
use crate::event::{Brief, Form};
use crate::node::messages::{Ticket, Told};
use crate::refusal::Refused;

/// Parts, each with a lock of its own.
const PARTS: usize = 16;
/// Sessions whose application is known, the present ones and those of before.
const SESSIONS: usize = 10_000;

/// Who has taken an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    Poll(Form),
    Handler,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The node told a fact.
    Said {
        ceid: Ceid,
        fact: Fact,
        cause: Cause,
        call: Option<CallKey>,
        global_call_id: Option<GlobalCallId>,
        local: Option<LocalState>,
    },
    /// The monitor stands, was refused, or the node ended it.
    Monitor { ceid: Ceid, stands: bool },
    /// The node was asked for the legs, and told so many, or none of them.
    Legs { ceid: Ceid, legs: Option<usize> },
    /// An application wants something.
    Commanded { session: SessionId, ticket: Ticket, what: Box<str> },
    /// What became of it.
    Answered { ticket: Ticket, refused: Option<Box<Refused>> },
    /// A session has the event in its log, under this number.
    Told { session: SessionId, number: u32, brief: Brief },
    /// Its application has taken it.
    Taken { session: SessionId, number: u32, reader: Reader },
}

/// One line of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Milliseconds since the epoch, by our clock.
    pub at_ms: i64,
    pub object: ObjectId,
    pub what: What,
}

struct Kept {
    clock: Arc<dyn Clock>,
    /// Of each part.
    most: usize,
    parts: [Mutex<VecDeque<Entry>>; PARTS],
    sessions: Mutex<Sessions>,
}

/// Whose sessions there are and were.
#[derive(Default)]
struct Sessions {
    applications: BTreeMap<SessionId, Arc<str>>,
    /// The oldest first.
    order: VecDeque<SessionId>,
}

/// The record; cheap to clone. Nothing is kept in one that is off.
#[derive(Clone, Default)]
pub struct FlightRecord(Option<Arc<Kept>>);

impl FlightRecord {
    /// One that keeps about so many entries, of about 100 bytes each; off for 0.
    #[must_use]
    pub fn of(clock: Arc<dyn Clock>, entries: usize) -> Self {
        let kept = || Kept {
            clock,
            most: entries.div_ceil(PARTS),
            parts: std::array::from_fn(|_| Mutex::default()),
            sessions: Mutex::default(),
        };
        Self((entries > 0).then(|| Arc::new(kept())))
    }

    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn note(&self, object: ObjectId, what: impl FnOnce() -> Option<What>) {
        let Some(kept) = &self.0 else { return };
        let Some(what) = what() else { return };
        let entry = Entry { at_ms: kept.clock.now_ms(), object, what };
        let mut part = kept.part(object).lock().unwrap_or_else(PoisonError::into_inner);
        if part.len() >= kept.most {
            part.pop_front();
        }
        part.push_back(entry);
    }

    /// What the node said of an object, as far as it is a fact of the record.
    pub(crate) fn said(&self, object: ObjectId, ceid: Ceid, told: &Told) {
        self.note(object, || match told {
            Told::Happened(happening) => Some(What::Said {
                ceid,
                fact: happening.fact,
                cause: happening.cause,
                call: happening.call.clone(),
                global_call_id: happening.global_call_id.clone(),
                local: happening.local,
            }),
            Told::Monitored(result) => Some(What::Monitor { ceid, stands: result.is_ok() }),
            Told::MonitorEnded => Some(What::Monitor { ceid, stands: false }),
            Told::Legs(legs) => Some(What::Legs { ceid, legs: legs.as_ref().ok().map(Vec::len) }),
            _ => None,
        });
    }

    pub(crate) fn commanded(&self, object: ObjectId, session: SessionId, ticket: Ticket, action: &Action) {
        self.note(object, || Some(What::Commanded { session, ticket, what: action.brief().into() }));
    }

    pub(crate) fn answered(&self, object: ObjectId, ticket: Ticket, result: &Result<(), Refused>) {
        self.note(object, || Some(What::Answered { ticket, refused: result.as_ref().err().cloned().map(Box::new) }));
    }

    /// Whose a session is, for as long as the record may name it.
    pub(crate) fn session(&self, session: SessionId, application: Arc<str>) {
        let Some(kept) = &self.0 else { return };
        let mut sessions = kept.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let Sessions { applications, order } = &mut *sessions;
        if applications.insert(session, application).is_none() {
            order.push_back(session);
        }
        if order.len() > SESSIONS
            && let Some(oldest) = order.pop_front()
        {
            applications.remove(&oldest);
        }
    }

    /// The application of a session that is there or was.
    #[must_use]
    pub fn application(&self, session: SessionId) -> Option<Arc<str>> {
        let sessions = self.0.as_ref()?.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.applications.get(&session).cloned()
    }

    /// The entries that are wanted, the oldest first; of more than `most` the newest.
    #[must_use]
    pub fn entries(&self, most: usize, wanted: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let Some(kept) = &self.0 else { return Vec::new() };
        let mut found = Vec::new();
        for part in &kept.parts {
            let part = part.lock().unwrap_or_else(PoisonError::into_inner);
            found.extend(part.iter().rev().filter(|entry| wanted(entry)).take(most).cloned());
        }
        // Those of one object are in one part, and stay in their order.
        found.reverse();
        found.sort_by_key(|entry| entry.at_ms);
        found.drain(..found.len().saturating_sub(most));
        found
    }

    /// What was said and told of a call, at every object, and what was taken of it.
    #[must_use]
    pub fn of_call(&self, most: usize, global_call_id: &str) -> Vec<Entry> {
        let is_told = |entry: &Entry| match &entry.what {
            What::Told { brief, .. } => brief.global_call_id() == global_call_id,
            _ => false,
        };
        let told: std::collections::BTreeSet<_> = self
            .entries(most, is_told)
            .into_iter()
            .filter_map(|entry| match entry.what {
                What::Told { session, number, .. } => Some((session, number)),
                _ => None,
            })
            .collect();
        self.entries(most, |entry| match &entry.what {
            What::Said { global_call_id: Some(own), .. } => own.as_str() == global_call_id,
            What::Told { session, number, .. } | What::Taken { session, number, .. } => {
                told.contains(&(*session, *number))
            }
            _ => false,
        })
    }
}

impl Kept {
    fn part(&self, object: ObjectId) -> &Mutex<VecDeque<Entry>> {
        // Neighbouring numbers lie in the low bits.
        let spread = object.get().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        &self.parts[usize::try_from(spread).unwrap_or(0) % PARTS]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[derive(Default)]
    struct Counting(AtomicI64);

    impl Clock for Counting {
        fn now_ms(&self) -> i64 {
            self.0.fetch_add(1, Ordering::Relaxed)
        }
    }

    fn object(dn: u32) -> ObjectId {
        ObjectId::line(Ceid::new(1).expect("a CEID"), dn.to_string().parse().expect("a DN"))
    }

    fn session(id: i64) -> SessionId {
        id.try_into().expect("an id")
    }

    fn stands(record: &FlightRecord, dn: u32, stands: bool) {
        let ceid = Ceid::new(1).expect("a CEID");
        record.note(object(dn), || Some(What::Monitor { ceid, stands }));
    }

    #[test]
    fn the_newest_are_kept_in_the_order_in_which_they_happened() {
        let record = FlightRecord::of(Arc::new(Counting::default()), 1600);
        for turn in 0..1000 {
            for dn in 1000..1010 {
                stands(&record, dn, turn % 2 == 0);
            }
        }
        let all = record.entries(usize::MAX, |_| true);
        assert!(all.len() <= 1600 && all.is_sorted_by_key(|entry| entry.at_ms), "{}", all.len());
        let one = record.entries(50, |entry| entry.object == object(1003));
        assert!(one.len() <= 50 && !one.is_empty());
        assert_eq!(one.last().map(|entry| entry.at_ms), Some(9993));
        let ten = record.entries(10, |_| true);
        assert_eq!(ten.iter().map(|entry| entry.at_ms).collect::<Vec<_>>(), (9990..10_000).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_is_kept_in_one_that_is_off() {
        for record in [FlightRecord::default(), FlightRecord::of(Arc::new(Counting::default()), 0)] {
            stands(&record, 1000, true);
            record.session(session(7), "Example Co / Pop".into());
            assert!(!record.is_on() && record.entries(10, |_| true).is_empty());
            assert_eq!(record.application(session(7)), None);
        }
    }

    #[test]
    fn a_session_is_named_after_its_end_as_long_as_there_is_room() {
        let record = FlightRecord::of(Arc::new(Counting::default()), 16);
        for id in 1..=i64::try_from(SESSIONS).expect("few") + 1 {
            record.session(session(id), "Example Co / Pop".into());
        }
        assert_eq!(record.application(session(1)), None);
        assert_eq!(record.application(session(2)).as_deref(), Some("Example Co / Pop"));
    }

    #[test]
    fn a_call_is_found_at_every_object_with_what_was_taken_of_it() {
        let record = FlightRecord::of(Arc::new(Counting::default()), 1000);
        let told = |dn, number, id: &str| {
            let what =
                What::Told { session: session(7), number, brief: Brief::of("DELIVERED", "NEW_CALL", 1, Some(id)) };
            record.note(object(dn), || Some(what));
        };
        told(1000, 1, "A0010001");
        told(1001, 2, "A0010001");
        told(1001, 3, "A0010002");
        for number in 1..4 {
            let reader = Reader::Poll(Form::Standard);
            record.note(object(1001), || Some(What::Taken { session: session(7), number, reader }));
        }
        let said = |id: &str| What::Said {
            ceid: Ceid::new(1).expect("a CEID"),
            fact: Fact::Delivered,
            cause: Cause::NewCall,
            call: None,
            global_call_id: Some(id.into()),
            local: None,
        };
        record.note(object(1002), || Some(said("A0010001")));
        record.note(object(1002), || Some(said("A0010002")));
        let at: Vec<_> = record.of_call(100, "A0010001").into_iter().map(|entry| entry.at_ms).collect();
        assert_eq!(at, [0, 1, 3, 4, 6]);
        assert!(record.of_call(100, "A0010009").is_empty());
    }

    #[test]
    fn an_entry_stays_small() {
        assert!(size_of::<Entry>() <= 104, "{}", size_of::<Entry>());
    }
}
