//! What goes to a node first. What a person waits for (commands, and what the link itself needs)
//! goes at once; looks at lines and starts of monitors, of which thousands may come together, wait
//! here so that only a few of them are with the node at a time; records of calls that are over come
//! last. So an answer to a ringing phone never stands behind the monitors of another application,
//! neither here nor in the node's own queue.
//!
//! Pure. It holds what waits and knows who is with the node by counting; it sends nothing.

use std::collections::{BTreeMap, BTreeSet};

use schemas::csta::message::{Request, SystemStatus};
use schemas::domain::ObjectId;
use tokio::time::Instant;

use super::state::Purpose;
use crate::load::Load;
use crate::policy;

/// How urgent a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// At once: somebody waits for it, or the link does.
    Now,
    /// How a line is at the moment: completes a monitor that has begun.
    Look,
    /// The start of a monitor.
    Bulk,
    /// What is over: records of calls.
    Last,
}

/// The one decision of what goes ahead of what.
pub(super) fn class(purpose: &Purpose) -> Class {
    match purpose {
        Purpose::Monitor(_) | Purpose::Presence(_) => Class::Bulk,
        Purpose::Legs(_) | Purpose::Line(..) | Purpose::Details(..) | Purpose::Settings(..) | Purpose::Absent(_) => {
            Class::Look
        }
        Purpose::RecordsStart | Purpose::RecordsSend => Class::Last,
        Purpose::Greeting
        | Purpose::StartSession
        | Purpose::ResetTimer
        | Purpose::Register
        | Purpose::Heartbeat
        | Purpose::Directory
        | Purpose::Sharing(_)
        | Purpose::Unwanted
        | Purpose::Unmonitor
        | Purpose::Perform(..)
        | Purpose::Features
        | Purpose::Profile(_)
        | Purpose::HotDesk(_) => Class::Now,
    }
}

/// How many requests that are not urgent may be with a node that says this of itself.
pub(super) fn window(status: SystemStatus) -> usize {
    match Load::from(status) {
        Load::Usual => policy::NODE_WINDOW,
        Load::Near => policy::NODE_WINDOW / 4,
        Load::Over => policy::NODE_WINDOW_OVERLOADED,
    }
}

/// Requests that wait for room at the node.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: BTreeMap<(Class, u64), (Request, Purpose)>,
    /// Where the requests of an object stand, so that letting go of one is no search.
    of: BTreeSet<(ObjectId, Class, u64)>,
    next: u64,
    /// Of those that were let go from here, how many are with the node.
    under_way: usize,
    /// The node has no room for monitors, as it said; until then none is asked for.
    full_until: Option<Instant>,
}

impl Queue {
    /// Keeps a request until there is room; gives its purpose back when too many wait.
    pub(super) fn push(&mut self, request: Request, purpose: Purpose) -> Result<(), Purpose> {
        if self.waiting.len() >= policy::NODE_WAITING {
            return Err(purpose);
        }
        let at = (class(&purpose), self.next);
        self.next += 1;
        self.of.extend(purpose.object().map(|object| (object, at.0, at.1)));
        self.waiting.insert(at, (request, purpose));
        Ok(())
    }

    /// The next that may go, while there is room; from then on it is with the node.
    pub(super) fn next(&mut self, window: usize) -> Option<(Request, Purpose)> {
        if self.under_way >= window {
            return None;
        }
        let ((class, number), (request, purpose)) = self.waiting.pop_first()?;
        if let Some(object) = purpose.object() {
            self.of.remove(&(object, class, number));
        }
        self.under_way += 1;
        Some((request, purpose))
    }

    /// One that was with the node was answered, or is not waited for any more.
    pub(super) fn done(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// The node says that it has no room for a monitor. Answers whether that is news.
    pub(super) fn full(&mut self, now: Instant) -> bool {
        self.full_until.replace(now + policy::REARM).is_none()
    }

    /// The node started a monitor. Answers whether it had no room before.
    pub(super) fn has_room(&mut self) -> bool {
        self.full_until.take().is_some()
    }

    /// Whether the start of a monitor need not be asked for: the node has no room. Each few seconds one is asked for, to
    /// see whether it has.
    pub(super) fn refuses(&mut self, purpose: &Purpose, now: Instant) -> bool {
        match &mut self.full_until {
            Some(until) if class(purpose) == Class::Bulk => {
                let probes = *until <= now;
                if probes {
                    *until = now + policy::REARM;
                }
                !probes
            }
            _ => false,
        }
    }

    /// The starts of monitors that wait.
    pub(super) fn take_bulk(&mut self) -> impl Iterator<Item = Purpose> + use<> {
        let mut bulk = self.waiting.split_off(&(Class::Bulk, 0));
        self.waiting.append(&mut bulk.split_off(&(Class::Last, 0)));
        self.of.retain(|(_, class, _)| *class != Class::Bulk);
        bulk.into_values().map(|(_, purpose)| purpose)
    }

    /// Nobody wants to know anything of this object any more.
    pub(super) fn forget(&mut self, object: ObjectId) {
        let of: Vec<_> = self.of.range((object, Class::Now, 0)..=(object, Class::Bulk, u64::MAX)).copied().collect();
        for entry in of {
            self.of.remove(&entry);
            self.waiting.remove(&(entry.1, entry.2));
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::domain::{CallKey, DeviceRef, FeatureGroup};

    use super::*;

    fn object(dn: u32) -> ObjectId {
        let ceid = schemas::domain::Ceid::new(1).expect("a CEID");
        ObjectId::line(ceid, dn.to_string().parse().expect("a DN"))
    }

    fn device() -> DeviceRef {
        DeviceRef::number("1000")
    }

    #[test]
    fn what_a_person_waits_for_goes_at_once_and_looks_go_before_new_monitors() {
        for (purpose, expected) in [
            (Purpose::Perform(object(1), 1), Class::Now),
            (Purpose::Profile(1), Class::Now),
            (Purpose::HotDesk(1), Class::Now),
            (Purpose::Heartbeat, Class::Now),
            (Purpose::Register, Class::Now),
            (Purpose::Unmonitor, Class::Now),
            (Purpose::Legs(object(1)), Class::Look),
            (Purpose::Line(object(1), device()), Class::Look),
            (Purpose::Details(object(1), CallKey::from("c")), Class::Look),
            (Purpose::Settings(object(1), FeatureGroup::HotDesk), Class::Look),
            (Purpose::Monitor(object(1)), Class::Bulk),
            (Purpose::Presence(object(1)), Class::Bulk),
            (Purpose::RecordsStart, Class::Last),
            (Purpose::RecordsSend, Class::Last),
        ] {
            assert_eq!(class(&purpose), expected, "{purpose:?}");
        }
    }

    #[test]
    fn a_node_in_trouble_gets_less_at_a_time() {
        for (status, expected) in [
            (SystemStatus::Normal, 128),
            (SystemStatus::OverloadImminent, 32),
            (SystemStatus::OverloadReached, 2),
            (SystemStatus::OverloadRelieved, 128),
            (SystemStatus::PartiallyDisabled, 128),
        ] {
            assert_eq!(window(status), expected, "{status:?}");
        }
    }

    #[test]
    fn only_so_many_are_with_the_node_and_looks_overtake() {
        let monitor = |dn| (Request::MonitorStart { device: device() }, Purpose::Monitor(object(dn)));
        let look = |dn| (Request::SnapshotDevice { device: device() }, Purpose::Legs(object(dn)));
        let mut queue = Queue::default();
        for (request, purpose) in [monitor(1), monitor(2), look(1), monitor(3), monitor(4)] {
            queue.push(request, purpose).expect("room");
        }
        let next = |queue: &mut Queue| queue.next(2).map(|(_, purpose)| purpose);
        assert_eq!(next(&mut queue), Some(Purpose::Legs(object(1))));
        assert_eq!(next(&mut queue), Some(Purpose::Monitor(object(1))));
        assert_eq!(next(&mut queue), None, "two are with the node");
        queue.forget(object(2));
        queue.done();
        assert_eq!(next(&mut queue), Some(Purpose::Monitor(object(3))));
        queue.done();
        queue.done();
        assert_eq!(next(&mut queue), Some(Purpose::Monitor(object(4))));
        assert_eq!(next(&mut queue), None);
    }

    #[test]
    fn a_node_without_room_is_asked_for_one_monitor_each_few_seconds_and_for_all_when_it_has_room() {
        let (monitor, command) = (Purpose::Monitor(object(1)), Purpose::Perform(object(1), 1));
        let mut now = Instant::now();
        let mut queue = Queue::default();
        assert!(!queue.refuses(&monitor, now));
        queue.push(Request::MonitorStart { device: device() }, monitor.clone()).expect("room");
        queue.push(Request::SystemRegister, Purpose::RecordsStart).expect("room");
        assert!(queue.full(now) && !queue.full(now), "news once");
        assert_eq!(queue.take_bulk().collect::<Vec<_>>(), std::slice::from_ref(&monitor));
        assert_eq!(queue.next(1).map(|(_, purpose)| purpose), Some(Purpose::RecordsStart), "it goes on waiting");
        for (after, refused) in [(0, true), (policy::REARM.as_secs() - 1, true), (1, false), (0, true)] {
            now += std::time::Duration::from_secs(after);
            assert!(!queue.refuses(&command, now), "whatever else is done");
            assert_eq!(queue.refuses(&monitor, now), refused, "after {after} s more");
        }
        assert!(queue.has_room() && !queue.has_room());
        assert!(!queue.refuses(&monitor, now));
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut queue = Queue::default();
        let mut push = || queue.push(Request::MonitorStart { device: device() }, Purpose::Monitor(object(1)));
        for _ in 0..policy::NODE_WAITING {
            push().expect("room");
        }
        assert_eq!(push(), Err(Purpose::Monitor(object(1))));
    }
}
