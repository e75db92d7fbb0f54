//! Writes the journal: records as they come, under one short lock; the rest on a thread of its own.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use schemas::domain::{ObjectId, SessionId};
use tracing::{error, info};

use super::file::Folder;
use super::frame;
use super::kept::Kept;
use super::record::Record;
use crate::policy;
use crate::session::Cursors;

pub(super) struct Writer {
    folder: Folder,
    inner: Mutex<Inner>,
    /// One at a time begins a new segment.
    rolling: Mutex<()>,
}

struct Inner {
    /// What the records so far come to.
    kept: Kept,
    /// `None` while nothing can be written, and at the end.
    segment: Option<Arc<File>>,
    number: u64,
    bytes: u64,
    /// Bytes of the state that the segment goes on from.
    state_bytes: u64,
    /// The state beside the segment is still to be written; the files before are needed until then.
    unfinished: bool,
    /// What is in the files is all that there is to say.
    whole: bool,
    /// Written since it was last brought to the disk.
    dirty: bool,
    /// Sessions whose cursors are to be written.
    moved: Vec<SessionId>,
    /// It was said that nothing can be written.
    failing: bool,
    /// When a new segment is tried again.
    retry: Option<Instant>,
    closed: bool,
}

thread_local! {
    /// Records are put together before the lock is taken.
    static FRAME: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Writer {
    /// Goes on in a new segment, with this behind it.
    pub(super) fn start(folder: Folder, kept: Kept) -> Arc<Self> {
        let number = folder.files().map_or(1, |files| files.next()) - 1;
        let inner = Inner {
            kept,
            segment: None,
            number,
            bytes: 0,
            state_bytes: 0,
            unfinished: false,
            whole: true,
            dirty: false,
            moved: Vec::new(),
            failing: false,
            retry: None,
            closed: false,
        };
        let writer = Arc::new(Self { folder, inner: Mutex::new(inner), rolling: Mutex::new(()) });
        writer.roll();
        let weak = Arc::downgrade(&writer);
        let thread = std::thread::Builder::new().name("journal".into()).spawn(move || run(&weak));
        if let Err(error) = thread {
            writer.lock().fail(&error);
        }
        writer
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a record; it is in the file when this returns, or the journal is failing.
    pub(super) fn note(&self, record: Record) {
        FRAME.with_borrow_mut(|bytes| {
            bytes.clear();
            let fits = frame::put(bytes, |out| record.put(out));
            let mut inner = self.lock();
            if inner.closed {
                return;
            }
            if fits {
                inner.write(bytes);
            } else {
                // Never met: what is told is bounded by what a node's frame holds.
                inner.fail(&io::Error::other("a record is too large"));
            }
            inner.kept.apply(record);
        });
    }

    /// A session's readers went on.
    pub(super) fn moved(&self, session: SessionId, next: u32, at: Cursors) {
        let mut inner = self.lock();
        let Inner { kept, moved, .. } = &mut *inner;
        kept.with(session, |kept| {
            kept.stand(next, at);
            if !std::mem::replace(&mut kept.moved, true) {
                moved.push(session);
            }
        });
    }

    /// Writes where readers are.
    pub(super) fn write_moved(&self) {
        let mut inner = self.lock();
        let moved = std::mem::take(&mut inner.moved);
        let mut bytes = Vec::new();
        for session in moved {
            inner.kept.with(session, |kept| {
                kept.moved = false;
                let record = Record::Cursors { session, next: kept.next(), at: kept.cursors };
                frame::put(&mut bytes, |out| record.put(out));
            });
        }
        if !bytes.is_empty() {
            inner.write(&bytes);
        }
    }

    /// Brings what was written to the disk.
    fn sync(&self) {
        let segment = {
            let mut inner = self.lock();
            if !std::mem::take(&mut inner.dirty) {
                return;
            }
            metrics::gauge!("oig_journal_bytes").set((inner.bytes + inner.state_bytes) as f64);
            inner.segment.clone()
        };
        // Without the lock: this is what takes long.
        if let Some(Err(error)) = segment.map(|segment| segment.sync_data()) {
            self.lock().fail(&error);
        }
    }

    fn roll_is_due(&self) -> bool {
        let inner = self.lock();
        // As much is written anew as there was written before, not more.
        let full = inner.bytes >= policy::JOURNAL_SEGMENT.max(inner.state_bytes);
        !inner.closed && inner.retry.map_or(full, |at| at <= Instant::now())
    }

    /// Begins a new segment, writes beside it what is needed of those before, and removes them. A state that could not
    /// be written is tried again for the segment that there is.
    fn roll(&self) {
        let _one = self.rolling.lock().unwrap_or_else(PoisonError::into_inner);
        let unfinished = {
            let inner = self.lock();
            if inner.closed {
                return;
            }
            (inner.unfinished && inner.segment.is_some()).then_some(inner.number)
        };
        let begun = unfinished.map_or_else(|| self.begin_segment(), Ok);
        let done = begun.and_then(|number| self.write_state(number));
        let mut inner = self.lock();
        match done {
            // A write that failed meanwhile is in neither; a segment is begun anew later.
            Ok(_) if inner.segment.is_none() => {}
            Ok(bytes) => inner.goes_on(bytes),
            Err(error) if inner.whole && inner.segment.is_some() => inner.say(&error),
            Err(error) => {
                inner.fail(&error);
                let number = inner.number;
                drop(inner);
                self.folder.give_up(number);
            }
        }
    }

    /// From now on records go to a new segment.
    fn begin_segment(&self) -> io::Result<u64> {
        let number = {
            let mut inner = self.lock();
            inner.number += 1;
            inner.number
        };
        let segment = self.folder.create_segment(number)?;
        let mut inner = self.lock();
        let before = inner.segment.replace(Arc::new(segment));
        inner.bytes = 0;
        inner.unfinished = true;
        drop(inner);
        before.map_or(Ok(()), |before| before.sync_data())?;
        Ok(number)
    }

    /// Writes everything that is kept; the lock is taken for a session at a time. What happens meanwhile is in the
    /// segment, whether it is in this or not.
    fn write_state(&self, number: u64) -> io::Result<u64> {
        let mut out = Out { file: BufWriter::new(self.folder.create_state(number)?), frame: Vec::new(), bytes: 0 };
        let (sessions, legs_free_from) = {
            let inner = self.lock();
            (inner.kept.sessions.keys().copied().collect::<Vec<_>>(), inner.kept.legs_free_from)
        };
        out.put(&Record::LegsBelow(legs_free_from))?;
        for session in sessions {
            let kept = self.lock().kept.sessions.get(&session).cloned();
            for record in kept.iter().flat_map(|kept| Kept::records_of(session, kept)) {
                out.put(&record)?;
            }
        }
        let mut from: Option<ObjectId> = None;
        loop {
            let objects: Vec<_> = {
                let inner = self.lock();
                let bound = from.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
                let range = inner.kept.objects.range((bound, std::ops::Bound::Unbounded));
                range.take(OBJECTS_AT_A_TIME).map(|(object, memory)| (*object, memory.clone())).collect()
            };
            let Some((last, _)) = objects.last() else { break };
            from = Some(*last);
            for (object, memory) in objects {
                out.put(&Record::Object { object, memory })?;
            }
        }
        out.file.flush()?;
        out.file.get_ref().sync_all()?;
        self.folder.finish_state(number)?;
        Ok(out.bytes)
    }

    /// See [`super::Journal::close`].
    pub(super) fn close(&self, leave: bool) {
        if leave {
            self.write_moved();
        }
        let segment = {
            let mut inner = self.lock();
            inner.closed = true;
            inner.segment.take()
        };
        let _one = self.rolling.lock().unwrap_or_else(PoisonError::into_inner);
        if !leave {
            self.folder.remove(|_| true);
        } else if let Some(Err(error)) = segment.map(|segment| segment.sync_data()) {
            error!(%error, "the end of the journal is not on the disk");
        }
    }
}

/// Objects that are copied under one lock.
const OBJECTS_AT_A_TIME: usize = 1_000;

struct Out {
    file: BufWriter<File>,
    frame: Vec<u8>,
    bytes: u64,
}

impl Out {
    fn put(&mut self, record: &Record) -> io::Result<()> {
        self.frame.clear();
        frame::put(&mut self.frame, |out| record.put(out));
        self.bytes += self.frame.len() as u64;
        self.file.write_all(&self.frame)
    }
}

impl Inner {
    fn write(&mut self, bytes: &[u8]) {
        let Some(segment) = &self.segment else {
            self.whole = false;
            return;
        };
        if self.bytes > policy::JOURNAL_LARGEST {
            return self.fail(&io::Error::other("the segment is as large as it may be"));
        }
        match (&**segment).write_all(bytes) {
            Ok(()) => {
                self.bytes += bytes.len() as u64;
                self.dirty = true;
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Segment and state are whole, and nothing else is needed.
    fn goes_on(&mut self, state_bytes: u64) {
        (self.state_bytes, self.unfinished, self.whole, self.retry) = (state_bytes, false, true, None);
        if std::mem::take(&mut self.failing) {
            info!("the journal is written again");
        }
        metrics::gauge!("oig_journal_writing").set(1.0);
    }

    /// Goes on in memory, and tries again later with a new segment.
    fn fail(&mut self, error: &io::Error) {
        self.segment = None;
        self.whole = false;
        metrics::gauge!("oig_journal_writing").set(0.0);
        self.say(error);
    }

    /// Says once that something cannot be written, until it can be.
    fn say(&mut self, error: &io::Error) {
        self.retry = Some(Instant::now() + policy::JOURNAL_RETRY);
        metrics::counter!("oig_journal_failures_total").increment(1);
        if std::mem::replace(&mut self.failing, true) {
            return;
        }
        if self.segment.is_some() {
            error!(%error, "THE JOURNAL CANNOT BE SHORTENED: it grows, and is given up when it is too large");
        } else {
            error!(%error, "THE JOURNAL CANNOT BE WRITTEN: sessions would not outlive this process");
        }
    }
}

/// The journal's thread; it ends with the journal.
fn run(writer: &Weak<Writer>) {
    for turn in 1_u64.. {
        std::thread::sleep(policy::JOURNAL_SYNC);
        let Some(writer) = writer.upgrade() else { return };
        if writer.lock().closed {
            return;
        }
        if turn % CURSORS_EACH == 0 {
            writer.write_moved();
        }
        writer.sync();
        if writer.roll_is_due() {
            writer.roll();
        }
    }
}

/// Turns of the thread between two writings of cursors.
const CURSORS_EACH: u64 = (policy::JOURNAL_CURSORS.as_millis() / policy::JOURNAL_SYNC.as_millis()) as u64;

#[cfg(test)]
mod tests;
