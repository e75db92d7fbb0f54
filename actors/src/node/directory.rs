//! The directory of one node, as it comes: asked for, segment by segment, asked for again.
//!
//! Pure, as `state`, which calls it. Only a whole directory is believed: a line that is missing from it would be
//! a phone that applications are told does not exist. A node without one is used all the same.

use std::collections::HashMap;

use schemas::csta::message::{DeviceCategory, ListedDevice};
use schemas::domain::Dn;
use tokio::time::Instant;

use crate::cluster::Listed;
use crate::policy;

#[derive(Debug, Default)]
enum Stage {
    /// Not to be asked for: not yet, not any more, or never.
    #[default]
    Idle,
    /// To be asked for at that time.
    Wanted(Instant),
    /// The request is with the node.
    Asked,
    /// The segments of that cross reference come; the next one until then.
    Comes { cross_ref: String, until: Instant },
}

/// What a segment made of the directory.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    Part,
    Whole(HashMap<Dn, Listed>),
    /// A segment before this one was lost.
    Broken,
    TooMuch,
}

#[derive(Debug, Default)]
pub(super) struct Directory {
    stage: Stage,
    tries: u32,
    listed: Vec<ListedDevice>,
    /// The number of the last segment, where the node gives numbers.
    segment: Option<u32>,
    broken: bool,
}

impl Directory {
    /// It is to be asked for at once.
    pub(super) fn wanted(&mut self, now: Instant) {
        self.stage = Stage::Wanted(now);
    }

    /// The node cannot give it now.
    pub(super) fn refused(&mut self, now: Instant) {
        self.stage = Stage::Wanted(now + policy::DIRECTORY_SEGMENT);
    }

    /// The node has none.
    pub(super) fn never(&mut self) -> &'static str {
        self.stage = Stage::Idle;
        "the node has no directory service"
    }

    /// The node has answered; the segments follow.
    pub(super) fn begins(&mut self, cross_ref: String, now: Instant) {
        self.stage = Stage::Comes { cross_ref, until: now + policy::DIRECTORY_SEGMENT };
        self.listed.clear();
        self.segment = None;
        self.broken = false;
    }

    /// Whether to ask for it now: `Err` when it was asked for often enough in this life, once.
    pub(super) fn due(&mut self, now: Instant) -> Option<Result<(), &'static str>> {
        match &self.stage {
            Stage::Wanted(at) if *at <= now => {}
            Stage::Comes { until, .. } if *until <= now => {}
            _ => return None,
        }
        self.listed = Vec::new();
        if self.tries >= policy::DIRECTORY_TRIES {
            self.stage = Stage::Idle;
            return Some(Err("the node did not give its whole directory, however often it was asked"));
        }
        self.tries += 1;
        self.stage = Stage::Asked;
        Some(Ok(()))
    }

    /// A segment; those of another listing than the one that is awaited are left aside.
    pub(super) fn segment(
        &mut self,
        of: &str,
        number: Option<u32>,
        last: bool,
        devices: Vec<ListedDevice>,
        now: Instant,
    ) -> Heard {
        let Stage::Comes { cross_ref, until } = &mut self.stage else { return Heard::Part };
        if cross_ref != of {
            return Heard::Part;
        }
        *until = now + policy::DIRECTORY_SEGMENT;
        // They count from 0 or from 1; of a node that does not, a lost one cannot be noticed.
        if let Some(number) = number {
            self.broken |= match self.segment {
                Some(before) => Some(number) != before.checked_add(1),
                None => number > 1,
            };
            self.segment = Some(number);
        }
        self.listed.extend(devices);
        if self.listed.len() > policy::DIRECTORY_LINES {
            return Heard::TooMuch;
        }
        if !last {
            return Heard::Part;
        }
        if self.broken {
            self.wanted(now);
            return Heard::Broken;
        }
        self.stage = Stage::Idle;
        Heard::Whole(stations(std::mem::take(&mut self.listed)))
    }
}

/// The stations by DN; other categories come with their operations.
fn stations(devices: Vec<ListedDevice>) -> HashMap<Dn, Listed> {
    let mut lines: HashMap<Dn, Listed> = HashMap::new();
    for ListedDevice { device, category } in devices {
        if category != DeviceCategory::Station {
            continue;
        }
        let Ok(dn) = device.number.parse() else { continue };
        let line = lines.entry(dn).or_default();
        match device.button {
            Some(button) => line.buttons.push(button),
            None => line.name = device.name.unwrap_or_default(),
        }
    }
    lines
}
