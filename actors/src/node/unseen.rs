//! Calls that began and ended while their node was not heard: found in the records that the node keeps of its calls, if
//! it keeps any.
//!
//! Pure, as `state`, which calls it and asks for the records. What is known of a call needs no record: whatever a
//! device knew before the loss, and whatever the node tells after it.

use std::collections::{BTreeMap, HashSet};

use schemas::csta::message::{CallRecord, ConnectionId, EventBody, Period};
use schemas::domain::{Dn, Party};
use tokio::time::Instant;

use crate::policy;

/// A time in which the node was not heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Gap {
    from: Instant,
    /// When the link was back. The gap that a life of the link ended has no end yet: for each call it is over when that
    /// is heard of.
    to: Option<Instant>,
}

/// The times in which a node was not heard and of which its records are still to be asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Gaps(Vec<Gap>);

impl Gaps {
    /// The link is lost; the node was last heard then.
    pub(crate) fn lost(&mut self, heard: Instant) {
        if self.0.len() >= policy::NODE_GAPS {
            self.0.remove(0);
        }
        self.0.push(Gap { from: heard, to: None });
    }

    /// The link is back.
    pub(crate) fn back(&mut self, now: Instant) {
        if let Some(gap) = self.0.last_mut() {
            gap.to.get_or_insert(now);
        }
    }

    /// The records were asked for, or there are none.
    pub(crate) fn looked_at(&mut self) {
        self.0.clear();
    }
}

#[derive(Debug)]
enum Stage {
    /// Monitors are still being restored.
    Restoring,
    /// To be begun at that time.
    Due(Instant),
    /// The node was asked whether it keeps records, at that time.
    Asked(Instant),
    /// Reports come, until then at the longest.
    Comes { cross_ref: String, until: Instant },
}

/// What a report made of the look.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nobody asked for it.
    Unasked,
    Part,
    /// All that was asked for is here.
    Whole,
    /// More than a node can have to tell.
    TooMuch,
}

/// Which call a record is of.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Call(String),
    Record(u64),
    /// A record without a name of its own; its times.
    Times(Option<i64>, i64),
}

/// The calls of a gap, or of several.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unseen {
    /// A record of each, in the order of their ends.
    pub(crate) calls: Vec<CallRecord>,
    /// The node told all its records of that time.
    pub(crate) whole: bool,
    /// From when the node was last heard until its monitors were restored.
    pub(crate) unheard_s: u64,
}

/// One look back, in the life that ended the gaps.
#[derive(Debug)]
pub(super) struct Look {
    gaps: Vec<Gap>,
    stage: Stage,
    restored: Instant,
    /// A moment, and what the node's clock said then.
    clock: (Instant, i64),
    /// The end of the time that is asked for, by the node's clock.
    until_ms: i64,
    /// Calls that somebody knows.
    known: HashSet<String>,
    found: BTreeMap<Key, Vec<CallRecord>>,
    records: usize,
    reports: usize,
}

impl Look {
    /// `None` when nothing was missed.
    pub(super) fn back(Gaps(gaps): Gaps, now: Instant) -> Option<Self> {
        (!gaps.is_empty()).then(|| Self {
            gaps,
            stage: Stage::Restoring,
            restored: now,
            clock: (now, 0),
            until_ms: 0,
            known: HashSet::new(),
            found: BTreeMap::new(),
            records: 0,
            reports: 0,
        })
    }

    /// A call is known. `false` when so many are that a record could be taken for one that is not.
    #[must_use]
    pub(super) fn knows(&mut self, call: &str) -> bool {
        self.known.contains(call) || {
            self.known.insert(call.to_owned());
            self.known.len() <= policy::CALLS_KNOWN
        }
    }

    /// The node tells something of calls. As [`Self::knows`].
    #[must_use]
    pub(super) fn hears(&mut self, event: &EventBody) -> bool {
        calls_of(event).all(|call| self.knows(call))
    }

    /// Every monitor was asked for again; our clock says `now_ms`.
    pub(super) fn restored(&mut self, now: Instant, now_ms: i64) {
        if matches!(self.stage, Stage::Restoring) {
            self.stage = Stage::Due(now + policy::RECORDS_AFTER);
            self.restored = now;
            // Until the node says what its clock says, which not every node does.
            self.clock = (now, now_ms);
        }
    }

    /// Whether to begin now; once.
    pub(super) fn due(&mut self, now: Instant) -> bool {
        let due = matches!(self.stage, Stage::Due(at) if at <= now);
        if due {
            self.stage = Stage::Asked(now);
        }
        due
    }

    /// The question whether the node keeps records goes out only now: others went ahead.
    pub(super) fn asked(&mut self, now: Instant) {
        if let Stage::Asked(at) = &mut self.stage {
            *at = now;
        }
    }

    /// The node keeps records; answers which time is asked for. Its clock is taken to have stood so when it was asked:
    /// rather is a call that ended as the link was lost left out than one told twice.
    pub(super) fn begins(&mut self, cross_ref: String, clock_ms: Option<i64>, now: Instant) -> Period {
        if let (Some(clock_ms), Stage::Asked(at)) = (clock_ms, &self.stage) {
            self.clock = (*at, clock_ms);
        }
        self.stage = Stage::Comes { cross_ref, until: now + policy::RECORDS };
        let from = self.gaps.first().map_or(now, |gap| gap.from);
        self.until_ms = self.at(now).saturating_add(SLACK_MS);
        Period { from_ms: self.at(from).saturating_sub(SLACK_MS), to_ms: self.until_ms }
    }

    pub(super) fn cross_ref(&self) -> Option<&str> {
        match &self.stage {
            Stage::Comes { cross_ref, .. } => Some(cross_ref),
            Stage::Restoring | Stage::Due(_) | Stage::Asked(_) => None,
        }
    }

    /// Whether the node takes too long to tell.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        matches!(self.stage, Stage::Comes { until, .. } if until <= now)
    }

    pub(super) fn reported(&mut self, cross_ref: &str, records: Vec<CallRecord>, last: bool) -> Heard {
        if self.cross_ref() != Some(cross_ref) {
            return Heard::Unasked;
        }
        self.reports += 1;
        for record in records {
            self.records += 1;
            if self.records > policy::NODE_RECORDS {
                return Heard::TooMuch;
            }
            self.take(record);
        }
        match last {
            true => Heard::Whole,
            false if self.reports >= policy::NODE_RECORDS => Heard::TooMuch,
            false => Heard::Part,
        }
    }

    fn take(&mut self, record: CallRecord) {
        let call = record.call.as_ref().and_then(|connection| connection.call.clone());
        let Some((began, ended)) = span(&record) else { return };
        let unheard = self.gaps.iter().any(|gap| {
            let since = self.at(gap.from);
            since < ended
                && ended <= self.until_ms
                && gap.to.is_none_or(|to| ended <= self.at(to))
                && began.is_none_or(|began| since.saturating_sub(SLACK_MS) <= began)
        });
        match (unheard, call) {
            (true, Some(call)) => self.found.entry(Key::Call(call)).or_default().push(record),
            (true, None) => {
                let key = record.number.map_or(Key::Times(began, ended), Key::Record);
                self.found.entry(key).or_default().push(record);
            }
            // A part of it was before or after.
            (false, Some(call)) => drop(self.known.insert(call)),
            (false, None) => {}
        }
    }

    /// What the node's clock says at a moment.
    fn at(&self, moment: Instant) -> i64 {
        let (then, said_ms) = self.clock;
        let ms = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let (after, before) = (moment.saturating_duration_since(then), then.saturating_duration_since(moment));
        said_ms.saturating_add(ms(after)).saturating_sub(ms(before))
    }

    /// The calls that nobody knows, of those in which a number that is monitored had a part.
    pub(super) fn ends(self, whole: bool, monitored: &HashSet<Dn>) -> Unseen {
        let since = self.gaps.first().map_or(self.restored, |gap| gap.from);
        let is_known = |key: &Key| matches!(key, Key::Call(call) if self.known.contains(call));
        let found = self.found.into_iter().filter(|(key, _)| !is_known(key));
        let mut calls: Vec<CallRecord> = found
            .filter_map(|(_, records)| {
                records.into_iter().find(|record| numbers(record).any(|n| monitored.contains(&n)))
            })
            .collect();
        calls.sort_by_key(|record| span(record).map(|(_, ended)| ended));
        Unseen { calls, whole, unheard_s: self.restored.saturating_duration_since(since).as_secs() }
    }
}

/// Nodes may tell whole seconds alone.
const SLACK_MS: i64 = 2_000;

/// Begin and end of a call, as far as its record tells; nothing can be said of one without an end.
fn span(record: &CallRecord) -> Option<(Option<i64>, i64)> {
    let lasted_ms = record.lasted_s.map(|seconds| i64::from(seconds) * 1000);
    let by_length = record.began_ms.zip(lasted_ms).map(|(began, lasted)| began.saturating_add(lasted));
    let ended = record.ended_ms.or(by_length).or(record.created_ms)?;
    Some((record.began_ms.or(lasted_ms.map(|lasted| ended.saturating_sub(lasted))), ended))
}

/// The numbers of the node that had a part in a call.
fn numbers(record: &CallRecord) -> impl Iterator<Item = Dn> {
    let CallRecord { calling, called, associated_calling, associated_called, call, .. } = record;
    let parties =
        [calling, called, associated_calling, associated_called].into_iter().filter_map(|party| match party {
            Party::Known(device) => Some(device),
            Party::Restricted | Party::NotKnown => None,
        });
    let devices = parties.chain(call.as_ref().and_then(|connection| connection.device.as_ref()));
    devices.flat_map(|device| [device.place().0, &device.number]).filter_map(|number| number.parse().ok())
}

/// The calls that an event is of.
fn calls_of(event: &EventBody) -> impl Iterator<Item = &str> {
    let (one, joined) = match event {
        EventBody::Call(event) => (Some(&event.connection), None),
        EventBody::Information(event) => (Some(&event.connection), None),
        EventBody::Joined(event) => (None, Some(event)),
        EventBody::OutOfService { .. }
        | EventBody::BackInService { .. }
        | EventBody::Feature { .. }
        | EventBody::HotDesk(_)
        | EventBody::Presence(_)
        | EventBody::Other(_) => (None, None),
    };
    let joined = joined.into_iter().flat_map(|event| {
        let old = std::iter::once(&event.primary_old).chain(&event.secondary_old);
        old.chain(event.connections.iter().flat_map(|item| item.new.iter().chain(&item.old)))
    });
    one.into_iter().chain(joined).filter_map(|connection: &ConnectionId| connection.call.as_deref())
}

/// A party for the log: the number, as far as a telephone has keys for it.
pub(super) fn who(party: &Party) -> String {
    match party {
        Party::Known(device) if !device.private_number => device
            .number
            .chars()
            .filter(|c| c.is_ascii_digit() || "+*#".contains(*c))
            .take(policy::NUMBER_LOGGED)
            .collect(),
        Party::Known(_) | Party::Restricted => "withheld".into(),
        Party::NotKnown => "unknown".into(),
    }
}

#[cfg(test)]
mod tests;
