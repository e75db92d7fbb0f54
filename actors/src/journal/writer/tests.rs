//! The journal on a disk: what comes back, what is removed, and a disk that fails.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use schemas::domain::Ceid;

use super::*;
use crate::device::messages::{Memory, known_leg};
use crate::event::Event;
use crate::journal::{Damage, read};
use crate::session_supervisor::Door;
use crate::standing::Service;

/// A folder of the test's own, which goes with it.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("oig-journal-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }

    fn start(&self) -> Arc<Writer> {
        let folder = Folder::open(&self.0).expect("a folder");
        let (kept, damage) = read(&folder).expect("readable");
        assert_eq!(damage, Damage::default());
        Writer::start(folder, kept)
    }

    fn names(&self) -> Vec<String> {
        let files = std::fs::read_dir(&self.0).expect("a folder");
        let mut names: Vec<_> =
            files.map(|file| file.expect("readable").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn session(number: i64) -> SessionId {
    SessionId::try_from(number).expect("a session id")
}

fn begun(number: i64) -> Record {
    let application = "Example Co / Screen Pop".into();
    let (service, door) = (Service::Standard, Door::Soap);
    Record::SessionBegan { session: session(number), application, service, door, user: None }
}

fn nth(number: u32) -> Record {
    let event = Arc::new(Event::of_text(None, format!("{number:0100}")));
    Record::Event { session: session(7), number, oldest: 1, event }
}

/// A process that is killed lets go of its lock; its thread may still be between two turns.
fn killed(writer: Arc<Writer>) {
    let weak = Arc::downgrade(&writer);
    writer.lock().closed = true;
    drop(writer);
    while weak.upgrade().is_some() {
        std::thread::yield_now();
    }
}

fn kept(writer: &Writer) -> String {
    let inner = writer.lock();
    format!("{:?} {:?} {}", inner.kept.sessions, inner.kept.objects, inner.kept.legs_free_from)
}

#[test]
fn a_process_finds_what_the_one_before_wrote_however_often_a_segment_was_begun() {
    let place = Place::new();
    for rolls in 0..3 {
        let writer = place.start();
        writer.note(begun(7));
        writer.note(Record::LegsBelow(5));
        let object = ObjectId::presence(Ceid::new(2).expect("a CEID"));
        let memory = Memory { legs: vec![known_leg("c", 6)], ..Memory::default() };
        writer.note(Record::Object { object, memory });
        let next = writer.lock().kept.sessions[&session(7)].next();
        for number in next..next + 20 {
            writer.note(nth(number));
            if number % 7 < rolls {
                writer.roll();
            }
        }
        writer.moved(session(7), next + 20, Cursors { was_read: true, standard: Some(next + 3), ..Cursors::default() });
        writer.write_moved();
        let was = kept(&writer);
        killed(writer);
        let next = place.start();
        assert_eq!(kept(&next), was);
        // Of each there is one, whatever there was.
        let names = place.names();
        assert_eq!(names.len(), 3, "{names:?}");
        assert_eq!(names[0], "lock");
        assert!(names[1].starts_with("segment-") && names[2].starts_with("state-"), "{names:?}");
        killed(next);
    }
}

#[test]
fn a_segment_is_full_when_it_has_as_much_as_the_state_beside_it() {
    let place = Place::new();
    let writer = place.start();
    assert!(!writer.roll_is_due());
    writer.lock().bytes = policy::JOURNAL_SEGMENT;
    assert!(writer.roll_is_due());
    writer.lock().state_bytes = policy::JOURNAL_SEGMENT + 1;
    assert!(!writer.roll_is_due());
    killed(writer);
}

#[test]
fn a_disk_that_is_full_stops_nothing_and_all_is_written_when_it_is_not() {
    let place = Place::new();
    let writer = place.start();
    writer.note(begun(7));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device that is full");
    writer.lock().segment = Some(Arc::new(full));
    for number in 1..=3 {
        writer.note(nth(number));
    }
    assert!(writer.lock().failing && writer.lock().segment.is_none() && !writer.roll_is_due());
    writer.lock().retry = Some(Instant::now());
    assert!(writer.roll_is_due());
    // The first try fails, too: nothing half written is left.
    std::fs::create_dir(place.0.join(format!("segment-{:010}", writer.lock().number + 1))).expect("a folder");
    writer.roll();
    assert!(writer.lock().failing && writer.lock().segment.is_none());
    writer.note(nth(4));
    std::fs::remove_dir(place.0.join(format!("segment-{:010}", writer.lock().number))).expect("it is there");
    writer.roll();
    assert!(!writer.lock().failing && writer.lock().retry.is_none());
    writer.note(nth(5));
    let was = kept(&writer);
    killed(writer);
    let next = place.start();
    assert_eq!(kept(&next), was);
    assert_eq!(next.lock().kept.sessions[&session(7)].next(), 6);
    killed(next);
}

#[test]
fn a_journal_that_cannot_be_shortened_goes_on_and_is_given_up_when_it_is_too_large() {
    let place = Place::new();
    let writer = place.start();
    writer.note(begun(7));
    let part = place.0.join(format!("state-{:010}.part", writer.lock().number + 1));
    std::fs::create_dir(&part).expect("a folder");
    writer.roll();
    let number = writer.lock().number;
    assert!(writer.lock().failing && writer.lock().segment.is_some());
    writer.note(nth(1));
    writer.roll();
    assert_eq!(writer.lock().number, number, "tried again for the same segment");
    // Killed now, everything is there: the segment, and those before it.
    let was = kept(&writer);
    killed(writer);
    std::fs::remove_dir(&part).expect("it is there");
    let writer = place.start();
    assert_eq!(kept(&writer), was);
    writer.lock().bytes = policy::JOURNAL_LARGEST + 1;
    writer.note(nth(2));
    assert!(writer.lock().failing && writer.lock().segment.is_none());
    writer.roll();
    writer.note(nth(3));
    assert!(!writer.lock().failing && writer.lock().segment.is_some());
    killed(writer);
}

#[test]
fn what_is_closed_is_left_whole_or_not_at_all() {
    for leave in [true, false] {
        let place = Place::new();
        let writer = place.start();
        writer.note(begun(7));
        writer.moved(session(7), 1, Cursors { was_read: true, ..Cursors::default() });
        writer.close(leave);
        writer.note(begun(8));
        writer.roll();
        killed(writer);
        let next = place.start();
        assert_eq!(next.lock().kept.sessions.len(), usize::from(leave));
        assert!(next.lock().kept.sessions.values().all(|kept| kept.cursors.was_read));
        killed(next);
    }
}

#[test]
fn a_folder_has_one_user_and_what_was_half_written_is_removed() {
    let place = Place::new();
    let writer = place.start();
    let taken = Folder::open(&place.0).expect_err("it is taken");
    assert!(taken.to_string().contains("another gateway"), "{taken}");
    killed(writer);
    std::fs::write(place.0.join("state-0000000009.part"), "half").expect("written");
    std::fs::write(place.0.join("notes.txt"), "somebody's").expect("written");
    let writer = place.start();
    assert!(place.names().contains(&"notes.txt".to_owned()));
    assert!(!place.names().iter().any(|name| name.ends_with(".part")), "{:?}", place.names());
    killed(writer);
}
