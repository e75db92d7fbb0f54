//! The journal: what a next process needs so that applications go on after this one was killed.
//!
//! One append-only file for all sessions. A record is written (`write`) before anything that follows from it can be
//! seen outside, under one short lock; a thread of the journal's own brings it to the disk each 50 ms. So a killed
//! process loses nothing, a power cut at most what was written since. Where readers are is written now and then: after a
//! kill an event may come again with its number.
//!
//! Beside the file the same is kept in memory ([`Kept`]), sharing its events with the sessions' logs. When a segment is
//! large enough the thread begins a new one and writes that state beside it; what lies before is removed then. A disk
//! that fails stops nothing: it is said once, and a new segment with the whole state is tried again.

mod bytes;
mod file;
mod frame;
mod kept;
mod record;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use schemas::domain::{ObjectId, SessionId};
use tracing::{info, warn};

pub(crate) use self::bytes::{Bytes, put_text};
use self::file::Folder;
pub use self::file::Unusable;
use self::frame::Frames;
pub use self::kept::Kept;
pub(crate) use self::kept::KeptSession;
use self::record::Record;
pub(crate) use self::record::object as object_by_number;
use self::writer::Writer;
use crate::device::messages::Memory;
use crate::event::{Event, Form, Topics};
use crate::session::Cursors;
use crate::session_supervisor::Open;
use crate::standing::Service;

/// A journal, or none: then nothing of it costs anything. Cheap to clone.
#[derive(Clone, Default)]
pub struct Journal(Option<Arc<Writer>>);

/// How long after its start a gateway waits for the applications of the one before, besides the session's own time.
#[derive(Debug, Default)]
pub struct Before {
    pub kept: Kept,
    pub grace: Duration,
}

/// What could not be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Damage {
    /// Bytes that belong to no whole record, and places where such bytes are.
    pub bytes: u64,
    pub places: u64,
    /// Records that are whole and say nothing that is known here.
    pub strange: u64,
    /// Files that could not be read to their end.
    pub files: u64,
}

impl Journal {
    /// Reads what is in the folder, and goes on there with the sessions of applications (by their labels) that may.
    /// What is damaged is said in the log and counted; it is no error.
    ///
    /// # Errors
    /// When the folder cannot be used, or another gateway uses it.
    pub fn open(path: &Path, may_go_on: impl Fn(&str, Service) -> bool) -> Result<(Self, Kept), Unusable> {
        let folder = Folder::open(path)?;
        let (mut kept, damage) = read(&folder).map_err(|error| Unusable::Folder(path.to_owned(), error))?;
        if damage != Damage::default() {
            let Damage { bytes, places, strange, files } = damage;
            warn!(bytes, places, strange, files, "a part of the journal cannot be read; the rest goes on");
            metrics::counter!("oig_journal_damaged_bytes_total").increment(bytes);
            metrics::counter!("oig_journal_damages_total").increment(places + strange + files);
        }
        let found = kept.sessions();
        kept.only(may_go_on);
        if found > 0 {
            info!(sessions = found, go_on = kept.sessions(), "sessions of the process before are in the journal");
        }
        // What was read is written anew at once: so damage is not carried on.
        let writer = Writer::start(folder, copy(&kept));
        Ok((Self(Some(writer)), kept))
    }

    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    fn note(&self, record: impl FnOnce() -> Record) {
        if let Some(writer) = &self.0 {
            writer.note(record());
        }
    }

    /// This process gives leg ids from here on; fewer than a second has room for, but for those that are noted.
    pub(crate) fn process_began(&self, legs_from: u64) {
        self.note(|| Record::LegsBelow(legs_from + (1 << 22)));
    }

    pub(crate) fn session_began(&self, session: SessionId, open: &Open) {
        let Open { application, service, door, user } = open;
        let (application, service, door, user) = (application.clone(), *service, *door, *user);
        self.note(|| Record::SessionBegan { session, application, service, door, user });
    }

    /// The session has proven its certificate.
    pub fn proven(&self, session: SessionId) {
        self.note(|| Record::Proven(session));
    }

    pub(crate) fn session_ended(&self, session: SessionId) {
        self.note(|| Record::SessionEnded(session));
    }

    /// What a session monitors of an object from now on.
    pub(crate) fn monitors(&self, session: SessionId, object: ObjectId, topics: Topics) {
        self.note(|| Record::Monitor { session, object, topics });
    }

    /// An event has this number; the log keeps none before `oldest`.
    pub(crate) fn event(&self, session: SessionId, number: u32, oldest: u32, event: &Arc<Event>) {
        self.note(|| Record::Event { session, number, oldest, event: event.clone() });
    }

    /// Written later: whoever reads on pays nothing.
    pub(crate) fn cursors(&self, session: SessionId, next: u32, at: Cursors) {
        if let Some(writer) = &self.0 {
            writer.moved(session, next, at);
        }
    }

    /// Events are handed over there, from the cursor of [`Journal::cursors`] on; nowhere when the URL is empty.
    pub(crate) fn handler(&self, session: SessionId, form: Form, url: &Arc<str>) {
        self.note(|| Record::Handler { session, form, url: url.clone() });
        if let Some(writer) = &self.0 {
            writer.write_moved();
        }
    }

    /// Who is told of a successor; nobody when the URL is empty.
    pub(crate) fn callback(&self, session: SessionId, url: &Arc<str>) {
        self.note(|| Record::Callback { session, url: url.clone() });
    }

    /// What is known of an object; nothing when nobody watches it any more.
    pub(crate) fn object(&self, object: ObjectId, memory: &Memory) {
        self.note(|| Record::Object { object, memory: memory.clone() });
    }

    /// Nothing more is written. A planned stop ends its sessions, so nothing is left of them; one that hands them to a
    /// successor leaves everything. Blocks until it is on the disk.
    pub fn close(&self, leave: bool) {
        if let Some(writer) = &self.0 {
            writer.close(leave);
        }
    }
}

/// The same, with events shared.
fn copy(kept: &Kept) -> Kept {
    Kept { sessions: kept.sessions.clone(), objects: kept.objects.clone(), legs_free_from: kept.legs_free_from }
}

/// The newest state and every segment behind it; all segments where no state is.
fn read(folder: &Folder) -> std::io::Result<(Kept, Damage)> {
    let files = folder.files()?;
    let (mut kept, mut damage) = (Kept::default(), Damage::default());
    let state = files.states.last().copied();
    if let Some(number) = state {
        read_file(folder.read_state(number), &mut kept, &mut damage);
    }
    for number in files.segments.range(state.unwrap_or(0)..) {
        read_file(folder.read_segment(*number), &mut kept, &mut damage);
    }
    Ok((kept, damage))
}

fn read_file(file: std::io::Result<impl std::io::Read>, kept: &mut Kept, damage: &mut Damage) {
    let mut frames = match file {
        Ok(file) => Frames::new(file),
        Err(error) => {
            warn!(%error, "a file of the journal cannot be read");
            damage.files += 1;
            return;
        }
    };
    loop {
        match frames.next() {
            Ok(Some(bytes)) => match Record::read(bytes) {
                Some(record) => kept.apply(record),
                None => damage.strange += 1,
            },
            Ok(None) => break,
            Err(error) => {
                warn!(%error, "a file of the journal cannot be read to its end");
                damage.files += 1;
                break;
            }
        }
    }
    damage.bytes += frames.damage().bytes;
    damage.places += frames.damage().places;
}
