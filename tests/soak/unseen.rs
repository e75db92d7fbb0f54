//! Calls that began and ended while the gateway did not hear their node: what it told of them, against what is true.
//!
//! What it told is in its log: the metrics of a process die with it. A call is seen when any application heard of it at
//! that node. Each node has a half of its own of a call between two.

use std::collections::{BTreeMap, BTreeSet};

use oig::sim::switch::Why;
use oig::sim::truth::{Truth, TruthState};

use crate::common::process::Process;

const SUMMARY: &str = "calls that began and ended while the node was not heard";

/// What the gateway's log tells of looks back at a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    pub looks: usize,
    pub calls: usize,
    /// Looks of which the node did not tell all.
    pub partial: usize,
}

impl Told {
    fn add(&mut self, calls: usize, whole: bool) {
        self.looks += 1;
        self.calls += calls;
        self.partial += usize::from(!whole);
    }
}

/// The gateway's log as far as it was read, since it was forgotten last.
#[derive(Debug, Default)]
pub struct Log {
    /// Lines of the present process.
    read: usize,
    /// By node, the first is 0.
    told: BTreeMap<usize, Told>,
    /// What it tells of each call, for who looks into a violation.
    calls: Vec<String>,
}

impl Log {
    pub fn read(&mut self, gateway: &Process) {
        let lines = gateway.logged_from(self.read);
        self.read += lines.len();
        self.calls.extend(lines.iter().filter(|line| line.contains("unseen call")).cloned());
        for (node, calls, whole) in lines.iter().filter_map(|line| look(line)) {
            self.told.entry(node).or_default().add(calls, whole);
        }
    }

    /// All of this process was read; what comes is another's.
    pub fn begins_again(&mut self) {
        self.read = 0;
    }

    pub fn of(&self, node: usize) -> Told {
        self.told.get(&node).copied().unwrap_or_default()
    }

    pub fn take(&mut self) -> BTreeMap<usize, Told> {
        std::mem::take(&mut self.told)
    }

    /// What it told of each call since this was asked for last.
    pub fn calls(&mut self) -> Vec<String> {
        std::mem::take(&mut self.calls)
    }
}

/// Node, calls and whether it is whole, of a line that sums a look up.
fn look(line: &str) -> Option<(usize, usize, bool)> {
    let number = |name: &str| {
        let (_, rest) = line.split_once(name)?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<usize>().ok()
    };
    line.contains(SUMMARY).then_some(())?;
    Some((number("ceid=")?.checked_sub(1)?, number(" calls=")?, line.contains("whole=true")))
}

/// A time in which the gateway did not hear a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    pub node: usize,
    pub from_ms: i64,
    /// When applications heard that the link is back, and when all its monitors were restored.
    pub back_ms: i64,
    pub over_ms: i64,
    /// Another process of the gateway came, which asks for nothing of the time before it.
    pub another: bool,
    /// Since when the node has records: what it had before died with its process.
    pub kept_ms: Option<i64>,
}

/// A call, as far as it was one of a node's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Half {
    pub node: usize,
    pub gcid: String,
    /// Sets of the node that had a part in it.
    pub sets: BTreeSet<String>,
    /// Numbers of those whom they called, or who called them.
    pub others: BTreeSet<String>,
    pub began_ms: i64,
    /// When its last leg here left; `None` while there is one.
    pub ended_ms: Option<i64>,
    /// The node may have a record of it, or end it later: its parties are at other nodes since and talk on through this
    /// one, or it rang nobody here.
    pub unclear: bool,
}

/// The halves of a node's truth in which a number was dialled, in the order in which they began.
pub fn halves(node: usize, legs: &[Truth]) -> Vec<Half> {
    let mut of: BTreeMap<u64, &str> = BTreeMap::new();
    let mut found: Vec<(Half, bool)> = Vec::new();
    for record in legs {
        if let Some(former) = of.remove(&record.leg).filter(|former| *former != record.gcid) {
            ends(&mut found, former, record, &of);
        }
        if !found.iter().any(|(half, _)| half.gcid == record.gcid) {
            let gcid = record.gcid.clone();
            let (sets, others, began_ms) = (BTreeSet::new(), BTreeSet::new(), record.at_ms);
            found.push((Half { node, gcid, sets, others, began_ms, ended_ms: None, unclear: false }, false));
        }
        let Some((half, dialled)) = found.iter_mut().find(|(half, _)| half.gcid == record.gcid) else { continue };
        half.sets.insert(record.dn.clone());
        half.others.extend(record.other.iter().flat_map(|others| others.split('+')).map(str::to_owned));
        *dialled |= !matches!(record.state, TruthState::Initiated | TruthState::Null);
        if record.state == TruthState::Null {
            ends(&mut found, &record.gcid, record, &of);
        } else {
            (half.ended_ms, half.unclear) = (None, false);
            of.insert(record.leg, &record.gcid);
        }
    }
    found.into_iter().filter_map(|(half, dialled)| dialled.then_some(half)).collect()
}

/// Halves of calls that rang nobody at the node they were for: its phone was busy. That node keeps a record of such a
/// call, and has no leg of it; when it wrote the record is its own affair, while the caller was in the call.
pub fn rang_nobody(halves: &[Half], partners: std::ops::Range<usize>) -> Vec<Half> {
    let here = halves.iter().filter(|half| partners.contains(&half.node));
    let there = here.flat_map(|half| {
        let others = partners.clone().filter(|node| *node != half.node);
        others.map(|node| Half {
            node,
            sets: half.others.clone(),
            others: half.sets.clone(),
            unclear: true,
            ..half.clone()
        })
    });
    let is_there = |half: &Half| halves.iter().any(|own| (own.node, &own.gcid) == (half.node, &half.gcid));
    there.filter(|half| !half.sets.is_empty() && !is_there(half)).collect()
}

/// A leg has left a call, the last one perhaps.
fn ends(found: &mut [(Half, bool)], gcid: &str, record: &Truth, of: &BTreeMap<u64, &str>) {
    if of.values().any(|other| *other == gcid) {
        return;
    }
    if let Some((half, _)) = found.iter_mut().find(|(half, _)| half.gcid == gcid) {
        half.ended_ms = Some(record.at_ms);
        half.unclear = record.cause == Why::Transfer && record.state == TruthState::Null;
    }
}

/// Whether a call must be told as unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Must,
    /// It ended within what clocks may differ by of the edge of a gap, or somebody who is not monitored had a part in it.
    May,
    MustNot,
    /// It was not seen, and cannot be told: the gateway's process died with it.
    NoGateway,
    /// The same, of the node's process, and its records.
    NoRecords,
}

/// What decides about the calls of a turn.
#[derive(Debug, Default)]
pub struct Turn {
    pub gaps: Vec<Gap>,
    /// Node and Global Call ID of each call of which anybody heard there.
    pub heard: BTreeSet<(usize, String)>,
    /// Node and set of each phone that anybody monitors.
    pub monitored: BTreeSet<(usize, String)>,
    pub slack_ms: i64,
}

impl Turn {
    pub fn fate(&self, half: &Half) -> Fate {
        let Some(ended_ms) = half.ended_ms else { return Fate::MustNot };
        let is_monitored = |set: &String| self.monitored.contains(&(half.node, set.clone()));
        if self.heard.contains(&(half.node, half.gcid.clone())) || !half.sets.iter().any(is_monitored) {
            return Fate::MustNot;
        }
        let from_ms = if half.unclear { half.began_ms } else { ended_ms };
        let within = |gap: &&Gap| gap.node == half.node && gap.from_ms <= ended_ms && from_ms <= gap.over_ms;
        let Some(gap) = self.gaps.iter().find(within) else { return Fate::MustNot };
        let inner = gap.from_ms + self.slack_ms..=gap.back_ms - self.slack_ms;
        match () {
            () if gap.another => Fate::NoGateway,
            () if gap.kept_ms.is_some_and(|kept_ms| ended_ms <= kept_ms) => Fate::NoRecords,
            () if half.unclear || !half.sets.iter().all(is_monitored) || !inner.contains(&ended_ms) => Fate::May,
            () => Fate::Must,
        }
    }
}

/// What a turn, or a whole soak, came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub told: usize,
    pub sure: usize,
    pub unclear: usize,
    pub without_gateway: usize,
    pub without_records: usize,
}

impl Count {
    pub fn add(&mut self, other: &Self) {
        self.told += other.told;
        self.sure += other.sure;
        self.unclear += other.unclear;
        self.without_gateway += other.without_gateway;
        self.without_records += other.without_records;
    }
}

/// Holds what was told against what is true; how they differ.
pub fn judge(turn: &Turn, halves: &[Half], told: &BTreeMap<usize, Told>) -> (Count, Vec<String>) {
    let (mut all, mut wrong) = (Count::default(), Vec::new());
    let nodes: BTreeSet<usize> = halves.iter().map(|half| half.node).chain(told.keys().copied()).collect();
    for node in nodes {
        let told = told.get(&node).copied().unwrap_or_default();
        let fates: Vec<_> = halves.iter().filter(|h| h.node == node).map(|half| (turn.fate(half), half)).collect();
        let count = |wanted| fates.iter().filter(|(fate, _)| *fate == wanted).count();
        let one = Count {
            told: told.calls,
            sure: count(Fate::Must),
            unclear: count(Fate::May),
            without_gateway: count(Fate::NoGateway),
            without_records: count(Fate::NoRecords),
        };
        if !(one.sure..=one.sure + one.unclear).contains(&told.calls) {
            let seen = |half: &&Half| format!("{} of {:?} until {:?}", half.gcid, half.sets, half.ended_ms);
            let unseen = fates.iter().filter(|(fate, _)| *fate != Fate::MustNot);
            let unseen: Vec<_> = unseen.map(|(fate, half)| format!("{fate:?}: {}", seen(half))).collect();
            let (calls, unseen) = (told.calls, unseen.join("; "));
            wrong.push(format!("node {}: {calls} unseen calls are told, and true are [{unseen}]", node + 1));
        }
        if told.partial > 0 {
            wrong.push(format!("node {}: it did not tell all its records", node + 1));
        }
        all.add(&one);
    }
    (all, wrong)
}

#[cfg(test)]
mod tests {
    use TruthState::{Alerting, Connected, Delivered, Held, Initiated, Null, Originated};

    use super::*;

    /// A half at the first node that ended so many ms after the link was lost.
    fn half(gcid: &str, sets: &[&str], ended_ms: Option<i64>) -> Half {
        let sets = sets.iter().map(|set| (*set).to_owned()).collect();
        let began_ms = ended_ms.unwrap_or(1500) - 500;
        Half { node: 0, gcid: gcid.into(), sets, others: BTreeSet::new(), began_ms, ended_ms, unclear: false }
    }

    fn turn(gap: Gap) -> Turn {
        let monitored = ["1000", "1001"].map(|set| (0, set.to_owned())).into();
        Turn { gaps: vec![gap], heard: [(0, "HEARD".to_owned())].into(), monitored, slack_ms: 400 }
    }

    const GAP: Gap = Gap { node: 0, from_ms: 1000, back_ms: 4000, over_ms: 4500, another: false, kept_ms: None };

    #[test]
    fn a_call_must_be_told_when_it_ended_in_a_gap_and_nobody_heard_of_it() {
        let both = ["1000", "1001"];
        for (half, fate) in [
            (half("A", &both, Some(2000)), Fate::Must),
            (half("A", &["1000"], Some(2000)), Fate::Must),
            (half("HEARD", &both, Some(2000)), Fate::MustNot),
            (half("A", &["1003"], Some(2000)), Fate::MustNot),
            (half("A", &both, None), Fate::MustNot),
            (half("A", &both, Some(900)), Fate::MustNot),
            (half("A", &both, Some(4600)), Fate::MustNot),
            (Half { node: 1, ..half("A", &both, Some(2000)) }, Fate::MustNot),
            (half("A", &["1000", "1003"], Some(2000)), Fate::May),
            (half("A", &both, Some(1300)), Fate::May),
            (half("A", &both, Some(3700)), Fate::May),
            (half("A", &both, Some(4400)), Fate::May),
            (Half { unclear: true, ..half("A", &both, Some(2000)) }, Fate::May),
            (Half { unclear: true, ..half("A", &both, Some(4700)) }, Fate::May),
            (Half { unclear: true, ..half("A", &both, Some(5100)) }, Fate::MustNot),
            (Half { unclear: true, ..half("A", &both, Some(900)) }, Fate::MustNot),
        ] {
            assert_eq!(turn(GAP).fate(&half), fate, "{half:?}");
        }
        let unseen = half("A", &both, Some(2000));
        assert_eq!(turn(Gap { another: true, ..GAP }).fate(&unseen), Fate::NoGateway);
        for (kept_ms, fate) in [(2000, Fate::NoRecords), (1999, Fate::Must)] {
            assert_eq!(turn(Gap { kept_ms: Some(kept_ms), ..GAP }).fate(&unseen), fate);
        }
    }

    #[test]
    fn one_told_too_many_or_too_few_is_a_violation() {
        let both = ["1000", "1001"];
        let halves = [
            half("A", &both, Some(2000)),
            half("B", &both, Some(2500)),
            half("C", &both, Some(3900)),
            half("HEARD", &both, Some(2600)),
        ];
        let told = |calls, whole| {
            let mut told = Told::default();
            told.add(calls, whole);
            BTreeMap::from([(0, told)])
        };
        for (calls, wrong) in [(0, 1), (1, 1), (2, 0), (3, 0), (4, 1)] {
            let (count, violations) = judge(&turn(GAP), &halves, &told(calls, true));
            assert_eq!(violations.len(), wrong, "{calls}: {violations:?}");
            assert_eq!(count, Count { told: calls, sure: 2, unclear: 1, ..Count::default() });
        }
        assert_eq!(judge(&turn(GAP), &halves, &BTreeMap::new()).1.len(), 1, "nothing is told at all");
        assert_eq!(judge(&turn(GAP), &halves, &told(2, false)).1.len(), 1, "not all is told");
        assert_eq!(judge(&Turn::default(), &[], &told(1, true)).1.len(), 1, "there was no call");
        assert_eq!(judge(&turn(Gap { another: true, ..GAP }), &halves, &told(1, true)).1.len(), 1);
        let (count, violations) = judge(&turn(Gap { another: true, ..GAP }), &halves, &BTreeMap::new());
        assert_eq!((count.without_gateway, violations), (3, vec![]));
    }

    #[test]
    fn the_halves_of_a_node_are_read_from_its_truth() {
        let record = |at_ms, dn: &str, leg, gcid: &str, state, cause| Truth {
            seq: 0,
            at_ms,
            node: 1,
            dn: dn.into(),
            line: 1,
            leg,
            gcid: gcid.into(),
            state,
            cause,
            other: None,
            group: None,
        };
        let truth = [
            // A call that is transferred: its consultation is over then, and its own end comes later.
            record(10, "1000", 1, "A", Initiated, Why::NewCall),
            record(10, "1000", 1, "A", Delivered, Why::NewCall),
            record(10, "1001", 2, "A", Alerting, Why::NewCall),
            record(20, "1001", 2, "A", Connected, Why::Normal),
            record(30, "1001", 2, "A", Held, Why::Consultation),
            record(30, "1001", 3, "B", Originated, Why::Consultation),
            record(30, "1002", 4, "B", Alerting, Why::NewCall),
            record(40, "1001", 2, "A", Null, Why::Transfer),
            record(40, "1001", 3, "B", Null, Why::Transfer),
            record(40, "1002", 4, "A", Alerting, Why::Transfer),
            record(50, "1000", 1, "A", Null, Why::NormalClearing),
            record(50, "1002", 4, "A", Null, Why::NormalClearing),
            // Nothing was dialled.
            record(60, "1003", 5, "C", Initiated, Why::NewCall),
            record(70, "1003", 5, "C", Null, Why::NormalClearing),
            // Two at a partner are put together, and one goes on.
            record(80, "1000", 6, "D", Connected, Why::Normal),
            record(90, "1000", 6, "D", Null, Why::Transfer),
            record(95, "1000", 7, "E", Originated, Why::NewCall),
        ];
        let read: Vec<_> =
            halves(0, &truth).into_iter().map(|h| (h.gcid, h.ended_ms, h.sets.len(), h.unclear)).collect();
        let is = |gcid: &str, ended_ms, sets, through| (gcid.to_owned(), ended_ms, sets, through);
        assert_eq!(
            read,
            [
                is("A", Some(50), 3, false),
                is("B", Some(40), 2, false),
                is("D", Some(90), 1, true),
                is("E", None, 1, false)
            ]
        );
    }

    #[test]
    fn a_call_to_a_partners_busy_phone_may_be_told_there() {
        let others =
            |half: Half, others: &[&str]| Half { others: others.iter().map(|o| (*o).to_owned()).collect(), ..half };
        let at = |node, half: Half| Half { node, ..half };
        let halves = [
            others(half("BUSY", &["1000"], Some(2000)), &["1100"]),
            others(half("BOTH", &["1000"], Some(2000)), &["1100"]),
            at(1, others(half("BOTH", &["1100"], Some(2000)), &["1000"])),
            half("NOBODY", &["1000"], Some(2000)),
            at(2, others(half("ALONE", &["1200"], Some(2000)), &["1201"])),
        ];
        let there = Half { unclear: true, ..at(1, others(half("BUSY", &["1100"], Some(2000)), &["1000"])) };
        assert_eq!(rang_nobody(&halves, 0..2), [there]);
    }

    #[test]
    fn a_look_is_read_from_a_line_of_the_log() {
        let node = "2026-01-01T00:00:00Z  INFO node{ceid=3 life=2}: actors::node:";
        let line = format!("{node} {SUMMARY} calls=12 whole=true unheard_s=4");
        assert_eq!(look(&line), Some((2, 12, true)));
        assert_eq!(look(&line.replace("whole=true", "whole=false")), Some((2, 12, false)));
        assert_eq!(look("INFO node{ceid=3 life=2}: actors::node: unseen call calling=\"1000\""), None);
    }
}
