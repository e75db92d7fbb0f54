//! The directory of one node, as it comes: asked for, segment by segment, asked for again.
//!
//! Pure, as `state`, which calls it. Only a whole directory is believed: a line that is missing from it would be
//! a phone that applications are told does not exist. A node without one is used all the same.

use std::collections::{HashMap, HashSet};

use schemas::csta::message::{AppearanceType, DeviceCategory, ListedDevice};
use schemas::domain::Dn;
use tokio::time::Instant;

use crate::cluster::{Listed, Sharing};
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

/// The stations by DN, and the numbers that show at buttons of theirs; other categories come with their operations.
fn stations(devices: Vec<ListedDevice>) -> HashMap<Dn, Listed> {
    let mut lines: HashMap<Dn, Listed> = HashMap::new();
    let (mut shared, mut sets) = (Vec::new(), HashSet::new());
    for ListedDevice { device, category } in devices {
        if category != DeviceCategory::Station {
            continue;
        }
        let Ok(dn) = device.number.parse::<Dn>() else { continue };
        match (device.button, device.set.as_deref().map(str::parse::<Dn>)) {
            (Some(button), Some(Ok(set))) if set != dn => {
                shared.push((dn, set, button, device.name));
                continue;
            }
            (Some(button), _) => lines.entry(dn).or_default().buttons.push(button),
            (None, _) => lines.entry(dn).or_default().name = device.name.unwrap_or_default(),
        }
        sets.insert(dn);
    }
    for (number, set, button, name) in shared {
        lines.entry(set).or_default().shared.push((button, number));
        let entry = lines.entry(number).or_default();
        // A set's own number may show elsewhere: it stays that of a set.
        if !sets.contains(&number) {
            entry.shows.get_or_insert_default().at.push((set, button));
            entry.name = name.unwrap_or_default();
        }
    }
    lines
}

/// Requests that are under way at a time.
const AT_ONCE: usize = 32;

/// A whole directory whose shared numbers are asked for, one by one: how they are shared, no list says.
#[derive(Debug)]
pub(super) struct Sharings {
    lines: HashMap<Dn, Listed>,
    wanted: Vec<Dn>,
    asked: usize,
}

impl Sharings {
    pub(super) fn of(lines: HashMap<Dn, Listed>) -> Self {
        let shared = lines.iter().filter(|(_, listed)| listed.shows.is_some()).map(|(dn, _)| *dn);
        let mut wanted: Vec<Dn> = shared.collect();
        // The last is asked for first: so always in the same order.
        wanted.sort_unstable_by(|a, b| b.cmp(a));
        Self { lines, wanted, asked: 0 }
    }

    /// The next number to ask for, while not too many are under way.
    pub(super) fn next(&mut self) -> Option<Dn> {
        let number = self.wanted.pop_if(|_| self.asked < AT_ONCE)?;
        self.asked += 1;
        Some(number)
    }

    pub(super) fn told(&mut self, number: Dn, appearances: Option<AppearanceType>) {
        self.asked = self.asked.saturating_sub(1);
        if let Some(shows) = self.lines.get_mut(&number).and_then(|listed| listed.shows.as_mut()) {
            shows.sharing = match appearances {
                Some(AppearanceType::ExclusiveBridged) => Some(Sharing::Key),
                Some(AppearanceType::BasicBridged) => Some(Sharing::Multicall),
                _ => None,
            };
        }
    }

    /// The node does not know the service.
    pub(super) fn never(&mut self) {
        self.wanted.clear();
    }

    /// The directory, once nothing is to be asked for any more.
    pub(super) fn whole(&mut self) -> Option<HashMap<Dn, Listed>> {
        (self.wanted.is_empty() && self.asked == 0).then(|| std::mem::take(&mut self.lines))
    }
}
