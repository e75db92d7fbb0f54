//! The events of one session, numbered from 1 without a hole, and where its readers are.
//!
//! Pure, but that one form writes to the journal. What a reader loses by the bound is remembered until it was told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use schemas::domain::{ObjectId, SessionId};

use crate::env::Env;
use crate::event::{Brief, Event, Form};
use crate::flight::{FlightRecord, Reader, What};
use crate::journal::Journal;
use crate::policy;
use crate::quota::Share;

/// A session's events. A trait, so that another keeping (a journal) can take this one's place.
pub trait Log {
    /// Keeps an event and gives its number.
    fn append(&mut self, event: Arc<Event>) -> u32;
    /// The event of that number, if it is still kept.
    fn get(&self, number: u32) -> Option<&Arc<Event>>;
    /// Number that the next event will have.
    fn next_number(&self) -> u32;
    /// The oldest number that is kept; equals [`Log::next_number`] for an empty log.
    fn first_number(&self) -> u32;
    /// Lets go of what lies before `cursor`, that of the slowest reader, but for the last ones kept
    /// for numbered reading.
    fn read_up_to(&mut self, cursor: u32);
    /// Where every reader is now.
    fn stand_at(&mut self, _: Cursors) {}
    /// The objects of events from this number on that were let go before every reader had passed
    /// them.
    fn lost_since(&self, number: u32) -> Vec<ObjectId>;
}

/// Where a session's readers are: for each the number of the event that it has next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursors {
    /// Somebody has begun to read.
    pub was_read: bool,
    pub standard: Option<u32>,
    pub advanced: Option<u32>,
    /// The event handler's.
    pub handler: Option<u32>,
}

impl Cursors {
    /// That of the slowest reader.
    #[must_use]
    pub fn slowest(self) -> Option<u32> {
        [self.standard, self.advanced, self.handler].into_iter().flatten().min()
    }
}

/// The log in memory, and every event in the journal before anybody can see it. What it is told and what is taken of
/// it is in the flight record.
pub(crate) struct SessionLog {
    memory: MemoryLog,
    session: SessionId,
    journal: Journal,
    flight: FlightRecord,
    /// Where the readers were last.
    at: Cursors,
}

impl SessionLog {
    pub(crate) fn new(memory: MemoryLog, session: SessionId, env: &Env) -> Self {
        let (journal, flight) = (env.journal.clone(), env.flight.clone());
        Self { memory, session, journal, flight, at: Cursors::default() }
    }

    fn note_told(&self, number: u32, object: ObjectId, brief: Brief) {
        self.flight.note(object, || Some(What::Told { session: self.session, number, brief }));
    }

    /// What lies between where a reader was and where it is.
    fn note_taken(&self, reader: Reader, was: Option<u32>, is: Option<u32>) {
        let (Some(was), Some(is)) = (was, is) else { return };
        for number in was.max(self.memory.first_number())..is {
            let Some(event) = self.memory.get(number) else { continue };
            let passed_over = matches!(reader, Reader::Poll(form) if !event.has(form));
            if let Some(object) = event.object.filter(|_| !passed_over) {
                self.flight.note(object, || Some(What::Taken { session: self.session, number, reader }));
            }
        }
    }
}

impl Log for SessionLog {
    fn append(&mut self, event: Arc<Event>) -> u32 {
        let told = event.object.filter(|_| self.flight.is_on()).map(|object| (object, event.brief));
        let number = if self.journal.is_on() {
            let number = self.memory.append(event.clone());
            self.journal.event(self.session, number, self.memory.first_number(), &event);
            number
        } else {
            self.memory.append(event)
        };
        if let Some((object, brief)) = told {
            self.note_told(number, object, brief);
        }
        number
    }

    fn get(&self, number: u32) -> Option<&Arc<Event>> {
        self.memory.get(number)
    }

    fn next_number(&self) -> u32 {
        self.memory.next_number()
    }

    fn first_number(&self) -> u32 {
        self.memory.first_number()
    }

    fn read_up_to(&mut self, cursor: u32) {
        self.memory.read_up_to(cursor);
    }

    fn stand_at(&mut self, cursors: Cursors) {
        if self.flight.is_on() {
            let was = std::mem::replace(&mut self.at, cursors);
            self.note_taken(Reader::Poll(Form::Standard), was.standard, cursors.standard);
            self.note_taken(Reader::Poll(Form::Advanced), was.advanced, cursors.advanced);
            self.note_taken(Reader::Handler, was.handler, cursors.handler);
        }
        self.journal.cursors(self.session, self.memory.next_number(), cursors);
    }

    fn lost_since(&self, number: u32) -> Vec<ObjectId> {
        self.memory.lost_since(number)
    }
}

/// The log in memory, bounded by count and bytes, and by the bytes of all logs together.
#[derive(Debug)]
pub struct MemoryLog {
    /// With what each was counted as: an event grows when it is first read as JSON.
    events: VecDeque<(Arc<Event>, usize)>,
    first: u32,
    bytes: usize,
    cursor: u32,
    /// Objects that lost an event, with the number of the latest one.
    lost: BTreeMap<ObjectId, u32>,
    all: Arc<AtomicUsize>,
    /// What the session's application uses.
    share: Option<Arc<Share>>,
}

impl MemoryLog {
    #[must_use]
    pub fn new(all: Arc<AtomicUsize>) -> Self {
        Self { events: VecDeque::new(), first: 1, bytes: 0, cursor: 1, lost: BTreeMap::new(), all, share: None }
    }

    /// The same, bounded besides by what one application may have in all its logs.
    #[must_use]
    pub fn of(mut self, share: Arc<Share>) -> Self {
        self.share = Some(share);
        self
    }

    fn more(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.all.fetch_add(bytes, Ordering::Relaxed);
        if let Some(share) = &self.share {
            share.logged(bytes);
        }
    }

    fn less(&mut self, bytes: usize) {
        self.bytes -= bytes;
        self.all.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(share) = &self.share {
            share.let_go(bytes);
        }
    }

    /// Goes on with these events, the first of which has this number.
    pub(crate) fn resumed(mut self, first: u32, events: impl IntoIterator<Item = Arc<Event>>) -> Self {
        (self.first, self.cursor) = (first, first);
        for event in events {
            self.append(event);
        }
        self
    }

    fn drop_first(&mut self) {
        let Some((event, counted)) = self.events.pop_front() else { return };
        self.less(counted);
        if self.first >= self.cursor {
            self.lost.extend(event.object.map(|object| (object, self.first)));
        }
        self.first += 1;
    }

    /// Counts what was added to an event since.
    fn recount(&mut self, number: u32) {
        let at = number.checked_sub(self.first).map(|at| at as usize);
        let Some((event, counted)) = at.and_then(|at| self.events.get_mut(at)) else { return };
        let more = event.bytes() - *counted;
        *counted += more;
        self.more(more);
    }

    /// Whether all logs together, or those of the application, hold more than they may.
    fn others_are_over(&self) -> bool {
        self.all.load(Ordering::Relaxed) > policy::LOG_BYTES_ALL
            || self.share.as_ref().is_some_and(|share| share.log_is_over())
    }

    fn is_over(&self) -> bool {
        self.events.len() > policy::LOG_EVENTS
            || self.bytes > policy::LOG_BYTES
            || (self.events.len() > 1 && self.others_are_over())
    }
}

impl Log for MemoryLog {
    fn append(&mut self, event: Arc<Event>) -> u32 {
        let number = self.next_number();
        let counted = event.bytes();
        self.more(counted);
        self.events.push_back((event, counted));
        while self.is_over() {
            self.drop_first();
        }
        number
    }

    fn get(&self, number: u32) -> Option<&Arc<Event>> {
        self.events.get(number.checked_sub(self.first)? as usize).map(|(event, _)| event)
    }

    fn next_number(&self) -> u32 {
        self.first + u32::try_from(self.events.len()).unwrap_or(0) // bounded by LOG_EVENTS
    }

    fn first_number(&self) -> u32 {
        self.first
    }

    fn read_up_to(&mut self, cursor: u32) {
        for read in self.cursor.max(self.first)..cursor {
            self.recount(read);
        }
        self.cursor = cursor;
        let keep = u32::try_from(policy::LOG_KEPT).unwrap_or(0);
        while self.first + keep < cursor {
            self.drop_first();
        }
        if cursor >= self.first {
            self.lost.clear(); // every reader is past it
        }
    }

    fn lost_since(&self, number: u32) -> Vec<ObjectId> {
        self.lost.iter().filter(|(_, latest)| **latest >= number).map(|(object, _)| *object).collect()
    }
}

impl Drop for MemoryLog {
    fn drop(&mut self) {
        self.less(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(size: usize) -> Arc<Event> {
        Arc::new(Event::of_text(ObjectId::try_from(0).ok(), "x".repeat(size)))
    }

    #[test]
    fn events_are_numbered_from_one_and_the_last_thousand_stay_behind_the_cursor() {
        let all = Arc::new(AtomicUsize::new(0));
        let mut log = MemoryLog::new(all.clone());
        for n in 1..=3000 {
            assert_eq!(log.append(event(10)), n);
        }
        log.read_up_to(3001);
        assert_eq!((log.first_number(), log.next_number()), (2001, 3001));
        assert!(log.get(2000).is_none() && log.get(2001).is_some() && log.get(3001).is_none());
        drop(log);
        assert_eq!(all.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_was_read_as_json_counts_once_it_was_read() {
        use crate::event::{Form, Forms};
        use schemas::contract::cc::{EventType, StandardEventMsg};
        let all = Arc::new(AtomicUsize::new(0));
        let message = StandardEventMsg { event_type: Some(EventType::SystemEvent), ..StandardEventMsg::default() };
        let event = Arc::new(Event::new(None, message, Forms::default()));
        let (mut one, mut other) = (MemoryLog::new(all.clone()), MemoryLog::new(all.clone()));
        let plain = event.bytes();
        one.append(event.clone());
        other.append(event.clone());
        let json = event.json(Form::Standard).expect("rendered").len();
        assert_eq!((json > 0, one.bytes), (true, plain));
        one.read_up_to(2);
        one.read_up_to(2);
        assert_eq!((one.bytes, other.bytes), (plain + json, plain));
        assert_eq!(all.load(Ordering::Relaxed), 2 * plain + json);
        one.drop_first();
        assert_eq!((one.bytes, all.load(Ordering::Relaxed)), (0, plain), "as it was counted");
        drop(other);
        assert_eq!(all.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn the_bounds_hold_by_count_and_by_bytes() {
        let mut log = MemoryLog::new(Arc::default());
        for _ in 0..policy::LOG_EVENTS + 5 {
            log.append(event(10));
        }
        assert_eq!(log.first_number(), 6);
        let mut log = MemoryLog::new(Arc::default());
        for _ in 0..10 {
            log.append(event(policy::LOG_BYTES / 4));
        }
        assert!(log.next_number() - log.first_number() <= 4);
    }

    #[test]
    fn the_logs_of_one_application_share_a_bound_and_others_lose_nothing() {
        let quota = crate::quota::Quota { log_bytes: 1_000_000, ..Default::default() };
        let (all, share) = (Arc::new(AtomicUsize::new(0)), Arc::new(Share::new(quota)));
        let mut logs = [(); 2].map(|()| MemoryLog::new(all.clone()).of(share.clone()));
        let mut other = MemoryLog::new(all.clone()).of(Arc::new(Share::new(quota)));
        for _ in 0..10 {
            for log in &mut logs {
                log.append(event(100_000));
            }
            other.append(event(10_000));
        }
        let kept = logs.each_ref().map(|log| log.next_number() - log.first_number());
        assert!(kept[0] + kept[1] <= 10 && kept.iter().all(|kept| *kept > 0), "{kept:?}");
        assert_eq!(other.next_number() - other.first_number(), 10);
        drop(logs);
        assert_eq!(all.load(Ordering::Relaxed), other.bytes);
        assert!(!share.log_is_over());
    }
}
