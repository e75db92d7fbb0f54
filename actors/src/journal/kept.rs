//! What a journal says when it is read from its beginning: sessions with what nobody has read yet, and objects. The
//! running journal keeps the same beside the file, to begin a new one with. Pure.
//!
//! Every record may come twice: the state at the head of a segment is taken while records go on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use schemas::domain::{ObjectId, SessionId};

use super::record::Record;
use crate::device::messages::Memory;
use crate::device_supervisor::Memories;
use crate::event::{Event, Form, Topics};
use crate::policy;
use crate::session::Cursors;
use crate::session_supervisor::Door;
use crate::standing::Service;
use crate::user::SessionUser;

/// Everything that outlives a process.
#[derive(Debug, Default)]
pub struct Kept {
    pub(crate) sessions: BTreeMap<SessionId, KeptSession>,
    pub(crate) objects: Memories,
    /// No leg id at or above this was given.
    pub(crate) legs_free_from: u64,
}

/// A session as the next process begins it again.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeptSession {
    pub(crate) application: Arc<str>,
    pub(crate) service: Service,
    pub(crate) door: Door,
    pub(crate) user: Option<SessionUser>,
    pub(crate) monitors: BTreeMap<ObjectId, Topics>,
    pub(crate) cursors: Cursors,
    pub(crate) handler: Option<(Form, Arc<str>)>,
    /// Who is told of a successor.
    pub(crate) callback: Option<Arc<str>>,
    /// Number of the first of the events.
    pub(crate) first: u32,
    /// What some reader has not passed, within the log's bounds; [`Event::lost`] where one is missing.
    pub(crate) events: VecDeque<Arc<Event>>,
    /// Its cursors moved and were not written yet.
    pub(super) moved: bool,
    /// Furthest cursor that an event handler had.
    handed: u32,
}

impl KeptSession {
    fn new(application: Arc<str>, service: Service, door: Door, user: Option<SessionUser>) -> Self {
        Self {
            application,
            service,
            door,
            user,
            monitors: BTreeMap::new(),
            cursors: Cursors::default(),
            handler: None,
            callback: None,
            first: 1,
            events: VecDeque::new(),
            moved: false,
            handed: 0,
        }
    }

    /// Number that the next event will have.
    pub(crate) fn next(&self) -> u32 {
        self.first + u32::try_from(self.events.len()).unwrap_or(0) // bounded by LOG_EVENTS
    }

    /// What is there ends in a hole before `to`, which readers are told of when they come to it.
    fn leap(&mut self, to: u32) {
        let hole = to.saturating_sub(self.next()) as usize;
        if self.events.is_empty() || hole > policy::LOG_EVENTS {
            self.events.clear();
            self.first = to;
        } else if hole > 0 {
            self.events.extend(std::iter::repeat_n(Arc::new(Event::lost()), hole));
        }
    }

    fn append(&mut self, number: u32, oldest: u32, event: Arc<Event>) {
        self.leap(number);
        if number == self.next() {
            self.events.push_back(event);
        }
        self.let_go(oldest);
    }

    fn let_go(&mut self, before: u32) {
        while self.first < before || self.events.len() > policy::LOG_EVENTS {
            if self.events.pop_front().is_none() {
                return;
            }
            self.first += 1;
        }
    }

    pub(super) fn stand(&mut self, next: u32, at: Cursors) {
        self.leap(next);
        let further = |was: Option<u32>, is: Option<u32>| was.max(is);
        self.cursors = Cursors {
            was_read: self.cursors.was_read || at.was_read,
            standard: further(self.cursors.standard, at.standard),
            advanced: further(self.cursors.advanced, at.advanced),
            // One that was registered anew begins further on than any before: less is an older record, read again.
            handler: at.handler.map(|next| next.max(self.handed)),
        };
        self.handed = self.handed.max(at.handler.unwrap_or(0));
        if let Some(slowest) = self.cursors.slowest() {
            self.let_go(slowest);
        }
    }

    fn records(&self, session: SessionId) -> impl Iterator<Item = Record> {
        let Self { application, service, door, user, .. } = self;
        let (application, service, door, user) = (application.clone(), *service, *door, *user);
        let began = Record::SessionBegan { session, application, service, door, user };
        let cursors = Record::Cursors { session, next: self.first, at: self.cursors };
        let monitors = self.monitors.iter().map(move |(object, topics)| Record::Monitor {
            session,
            object: *object,
            topics: *topics,
        });
        let handler =
            self.handler.iter().map(move |(form, url)| Record::Handler { session, form: *form, url: url.clone() });
        let callback = self.callback.iter().map(move |url| Record::Callback { session, url: url.clone() });
        let events = (self.first..).zip(&self.events).map(move |(number, event)| Record::Event {
            session,
            number,
            oldest: self.first,
            event: event.clone(),
        });
        [began, cursors].into_iter().chain(monitors).chain(handler).chain(callback).chain(events)
    }
}

impl Kept {
    /// Takes in what the journal says next. What is about a session that is not there is left aside.
    pub(super) fn apply(&mut self, record: Record) {
        match record {
            Record::LegsBelow(leg) => self.legs_free_from = self.legs_free_from.max(leg),
            Record::SessionBegan { session, application, service, door, user } => {
                if self.sessions.len() < policy::SESSIONS {
                    self.sessions.entry(session).or_insert_with(|| KeptSession::new(application, service, door, user));
                }
            }
            Record::SessionEnded(session) => drop(self.sessions.remove(&session)),
            Record::Object { object, memory } => {
                let last = memory.legs.iter().map(|leg| leg.id.get().saturating_add(1)).max().unwrap_or(0);
                self.legs_free_from = self.legs_free_from.max(last);
                if memory == Memory::default() {
                    self.objects.remove(&object);
                } else {
                    self.objects.insert(object, memory);
                }
            }
            Record::Proven(session) => self.with(session, |kept| kept.service = Service::Advanced),
            Record::Monitor { session, object, topics } => self.with(session, |kept| {
                if topics.is_empty() {
                    kept.monitors.remove(&object);
                } else if kept.monitors.len() < policy::SESSION_MONITORS || kept.monitors.contains_key(&object) {
                    kept.monitors.insert(object, topics);
                }
            }),
            Record::Event { session, number, oldest, event } => {
                self.with(session, |kept| kept.append(number, oldest, event));
            }
            Record::Cursors { session, next, at } => self.with(session, |kept| kept.stand(next, at)),
            Record::Handler { session, form, url } => {
                self.with(session, |kept| kept.handler = Some((form, url)).filter(|(_, url)| !url.is_empty()));
            }
            Record::Callback { session, url } => {
                self.with(session, |kept| kept.callback = Some(url).filter(|url| !url.is_empty()));
            }
        }
    }

    pub(super) fn with(&mut self, session: SessionId, change: impl FnOnce(&mut KeptSession)) {
        if let Some(kept) = self.sessions.get_mut(&session) {
            change(kept);
        }
    }

    /// Leaves what goes on: sessions of applications that may, and what they watch. One that waited for its proof does
    /// not: its challenge is in no journal.
    pub(super) fn only(&mut self, may_go_on: impl Fn(&str, Service) -> bool) {
        self.sessions.retain(|_, kept| kept.service != Service::Unproven && may_go_on(&kept.application, kept.service));
        let watched: BTreeSet<_> = self.sessions.values().flat_map(|kept| kept.monitors.keys().copied()).collect();
        self.objects.retain(|object, _| watched.contains(object));
    }

    /// What says all of a session.
    pub(super) fn records_of(session: SessionId, kept: &KeptSession) -> impl Iterator<Item = Record> {
        kept.records(session)
    }

    /// Sessions of this journal, as they were when they were last written.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }
}
