//! The order in which the records of all nodes are read.

use std::collections::{BTreeMap, BTreeSet};

use oig::sim::switch::Why as Cause;
use oig::sim::truth::{Truth, TruthSetting, TruthState};
use schemas::contract::cc::EventCauseType as Why;

use super::super::oracle::Known;
use super::words::{failed, forwarded};
use super::{OUTSIDE, called, number};

/// The records of all nodes as they are read for a phone of `node`; and when a conference was split, and into which
/// call.
pub(super) fn in_order(known: &Known, node: u16) -> (Vec<&Truth>, BTreeSet<(i64, &str)>) {
    let truth = &known.halves;
    let mut all: Vec<&Truth> = truth.iter().flatten().collect();
    // Records of one node keep their order. In one moment, where somebody does something comes
    // first, then the phone's own node.
    let acts = |r: &&Truth| match r.state {
        TruthState::Null => {
            matches!(
                r.cause,
                Cause::Redirected | Cause::Transfer | Cause::Conference | Cause::CallPickup | Cause::Handoff
            )
        }
        TruthState::Held => matches!(r.cause, Cause::Normal | Cause::Consultation),
        TruthState::Initiated => r.line != OUTSIDE,
        _ => false,
    };
    let origins: BTreeSet<(i64, u16)> = all.iter().copied().filter(acts).map(|r| (r.at_ms, r.node)).collect();
    // A conference is split by a second leg for who made it, who talks at once; who is split off
    // goes there before anything else happens.
    let (mut seen, mut split) = (BTreeSet::new(), BTreeSet::new());
    for record in truth.iter().flatten() {
        let first = seen.insert((record.node, record.leg));
        if first && record.state == TruthState::Connected && record.cause == Cause::Conference {
            split.insert((record.at_ms, record.gcid.as_str(), (record.node, record.leg)));
        }
    }
    let goes_apart = |r: &Truth| {
        let here = split.iter().find(|(at_ms, gcid, _)| (*at_ms, *gcid) == (r.at_ms, r.gcid.as_str()));
        here.is_some_and(|(.., maker)| *maker != (r.node, r.leg))
    };
    // Who is rung because the call was held for too long is rung after whatever else happens then, and what comes of
    // that is later still: the phone may answer by itself.
    let mut recalled: BTreeMap<(i64, u16, &str), u64> = BTreeMap::new();
    for record in truth.iter().flatten().filter(|r| r.cause == Cause::Recall) {
        recalled.entry((record.at_ms, record.node, &record.gcid)).or_insert(record.seq);
    }
    let order = |r: &&Truth| {
        let recalls = recalled.get(&(r.at_ms, r.node, r.gcid.as_str())).is_some_and(|first| *first <= r.seq);
        (r.at_ms, !goes_apart(r), recalls, !origins.contains(&(r.at_ms, r.node)), r.node != node, r.seq)
    };
    all.sort_by_key(order);
    sent_on_first(&mut all);
    rung_before_answered(&mut all);
    one_after_another(&mut all, known);
    let split = split.into_iter().map(|(at_ms, gcid, _)| (at_ms, gcid)).collect();
    (all, split)
}

/// A call that another node sends on leaves there before it comes to where it goes, in one moment; one that another
/// node takes outside is with the network before anybody is rung there.
fn sent_on_first(all: &mut [&Truth]) {
    for at in 0..all.len() {
        let left = all[at];
        let goes_out = left.state == TruthState::Initiated && left.line == OUTSIDE;
        let goes_on = left.state == TruthState::Null && forwarded(left.cause).is_some();
        if !goes_out && !goes_on {
            continue;
        }
        let now = all[..at].iter().rev().take_while(|r| r.at_ms == left.at_ms);
        let goes_on = |r: &&Truth| {
            let later = match r.state {
                TruthState::Alerting | TruthState::Delivered | TruthState::Failed => true,
                TruthState::Null => failed(r.cause) != Why::Unknown,
                TruthState::Initiated => goes_on && r.line == OUTSIDE,
                _ => false,
            };
            later && r.node != left.node && r.gcid == left.gcid
        };
        if let Some(back) = now.enumerate().filter(|(_, r)| goes_on(r)).map(|(back, _)| back + 1).last() {
            all[at - back..=at].rotate_right(1);
        }
    }
}

/// A phone of another node that answers by itself rings before the answer is known here, in one moment.
fn rung_before_answered(all: &mut [&Truth]) {
    for at in 0..all.len() {
        let rings = all[at];
        if rings.state != TruthState::Alerting || rings.cause == Cause::Recall {
            continue;
        }
        let now = all[..at].iter().rev().take_while(|r| r.at_ms == rings.at_ms);
        let answered = |r: &&Truth| {
            let here = r.node != rings.node && r.gcid == rings.gcid;
            here && r.state == TruthState::Connected && r.other.as_deref() == Some(number(rings))
        };
        if let Some(back) = now.enumerate().filter(|(_, r)| answered(r)).map(|(back, _)| back + 1).last() {
            // And whoever sent the call on to it there was left before it rang.
            all[at - back..=at].sort_by_key(|r| (r.node, &r.gcid) != (rings.node, &rings.gcid));
        }
    }
}

/// Who forward one call in one moment, at whichever nodes, do so in the order in which one leads to the next.
fn one_after_another(all: &mut [&Truth], known: &Known) {
    for first in 0..all.len() {
        let hop = |r: &&Truth| r.state == TruthState::Null && forwarded(r.cause).is_some();
        let same = |r: &&Truth| hop(r) && (r.at_ms, &r.gcid) == (all[first].at_ms, &all[first].gcid);
        if !hop(&all[first]) {
            continue;
        }
        let places: Vec<usize> = (first..all.len()).filter(|at| same(&all[*at])).collect();
        let is_led_to = |at: &usize| {
            let (dn, mut others) = (called(all[*at]), places.iter().filter(|other| *other != at));
            others.any(|other| leads_to(all[*other], known, dn))
        };
        if let Some(at) = places.iter().find(|at| !is_led_to(at)).copied().filter(|at| *at != first) {
            all.swap(first, at);
        }
    }
}

/// Whether a call that a phone forwarded went to a number.
fn leads_to(left: &Truth, known: &Known, number: &str) -> bool {
    let ways: &[&str] = match left.cause {
        Cause::CallForwardImmediate => &["always"],
        Cause::CallForwardBusy => &["busyInternal", "busyExternal"],
        _ => &["noAnswerInternal", "noAnswerExternal"],
    };
    let set = |way: &&str| {
        let of = known.features[usize::from(left.node) - 1].iter();
        let mut of = of.filter(|r| r.dn == called(left) && r.at_ms <= left.at_ms).filter_map(|r| match &r.setting {
            TruthSetting::Forward { kind, number } if kind == way => Some(number.as_deref()),
            _ => None,
        });
        of.next_back().flatten()
    };
    ways.iter().any(|way| set(way) == Some(number))
}
