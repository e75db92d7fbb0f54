//! What a phone must be told, computed from the truth of every switch and from nothing else.
//!
//! The records of all nodes are read in the order of their time. One that is the phone's own says
//! what became of its leg; one of another leg with the same Global Call ID says what the phone
//! hears of it.

mod order;
mod others;
mod own;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use oig::sim::switch::Why as Cause;
use oig::sim::truth::{Truth, TruthState};
use schemas::contract::cc::{CallEventType as Type, CallState, EventCauseType as Why};

use super::oracle::{CHARGED, Known, id_of, is_alone};
use super::places::{Watched, is_shared, number_at};

use self::order::in_order;
pub use self::words::shown;

/// One event that the truth calls for.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    pub at_ms: i64,
    pub gcid: String,
    pub kind: Type,
    /// Any of these: which of two ends left first cannot always be told from one node's truth.
    pub whys: Vec<Why>,
    pub state: CallState,
    /// Number of the other party, where the event must name it.
    pub other: Option<String>,
    /// The group whose number rings, where the event says so.
    pub group: Option<String>,
    /// Conferences: the number of everybody who is in it.
    pub members: Option<BTreeSet<String>>,
    /// The code that a call is charged to.
    pub account: Option<String>,
    /// Held parties that leave: when the phone held them. How that was is unknown to whoever missed it.
    pub held_ms: Option<i64>,
}

/// What a phone must be told.
#[derive(Debug, Default)]
pub struct Script {
    pub events: Vec<Expected>,
    /// Moments when a link to a partner took more than one party of a conference along: in how
    /// many steps is not in the truth, what is left afterwards is.
    pub blurred: BTreeSet<i64>,
}

/// A leg of the phone.
#[derive(Debug, Clone)]
struct Own {
    gcid: String,
    state: TruthState,
    /// Held for a consultation, and since when.
    consults: bool,
    held_ms: i64,
    /// When it came into the call that it is in by a transfer or a conference.
    joined_ms: i64,
    /// Another waits here, though the line is busy.
    waits: bool,
}

/// Any leg.
#[derive(Debug, Clone)]
struct Leg {
    gcid: String,
    state: TruthState,
}

type LegId = (u16, u64);

struct Reader<'a> {
    node: u16,
    phone: &'a Watched,
    all: Vec<&'a Truth>,
    /// When a conference was split, and into which call.
    split: BTreeSet<(i64, &'a str)>,
    own: BTreeMap<u64, Own>,
    legs: BTreeMap<LegId, Leg>,
    /// What follows the news of a conference: the end of the consultation that led to it.
    after: Vec<Expected>,
    script: Script,
}

/// What the truth calls for at a line, in order.
pub fn script(known: &Known, phone: &Watched) -> Script {
    let node = u16::try_from(phone.node + 1).expect("a node's number");
    let (all, split) = in_order(known, node);
    let (own, legs, after, script) = (BTreeMap::new(), BTreeMap::new(), Vec::new(), Script::default());
    let mut reader = Reader { node, phone, all, split, own, legs, after, script };
    for i in 0..reader.all.len() {
        reader.read(i);
    }
    reader.script
}

/// The line of those outside.
const OUTSIDE: u8 = 0;

impl<'a> Reader<'a> {
    fn is_own(&self, record: &Truth) -> bool {
        (record.node, &record.dn, record.line) == (self.node, &self.phone.dn, self.phone.button)
    }

    fn read(&mut self, i: usize) {
        let record = self.all[i];
        if record.leg == CHARGED {
            return self.charged(record);
        }
        let before = self.legs.get(&(record.node, record.leg)).cloned();
        if is_alone(record) {
            self.goes_on_alone(record);
        } else if self.is_own(record) {
            self.did(record, i);
        } else {
            self.heard(record, before.as_ref(), i);
        }
        match record.state {
            TruthState::Null => drop(self.legs.remove(&(record.node, record.leg))),
            state => {
                self.legs.insert((record.node, record.leg), Leg { gcid: record.gcid.clone(), state });
            }
        }
    }

    /// The half of a call at another node is lost: in how many steps is not in the truth, that it is lost is.
    fn goes_on_alone(&mut self, record: &Truth) {
        if self.is_own(record)
            && let Some(own) = self.own.get_mut(&record.leg)
        {
            own.gcid.clone_from(&record.gcid);
            self.script.blurred.insert(record.at_ms);
        }
    }

    fn say(&mut self, record: &Truth, kind: Type, why: Why, state: CallState) {
        self.say_one_of(record, kind, &[why], state);
    }

    fn say_one_of(&mut self, record: &Truth, kind: Type, whys: &[Why], state: CallState) {
        let event = expected(record, kind, whys, state);
        self.script.events.push(event);
    }

    /// A call is charged to a code: the line that set it is told.
    fn charged(&mut self, record: &Truth) {
        let own = self.own.values().find(|own| own.gcid == record.gcid && self.is_own(record));
        let Some(state) = own.map(|own| shown(own.state)) else { return };
        self.say(record, Type::AccountCodeSet, Why::AccountCodeSet, state);
        if let Some(event) = self.script.events.last_mut() {
            event.account.clone_from(&record.other);
        }
    }

    /// The state of the phone's line, a leg aside.
    fn state_besides(&self, leg: u64) -> CallState {
        let others = || self.own.iter().rev().filter(|(number, _)| **number != leg).map(|(_, own)| own);
        let active = |own: &&Own| !own.waits && !matches!(own.state, TruthState::Held | TruthState::Alerting);
        let state = others().find(active).or_else(|| others().find(|own| !own.waits));
        state.map_or(CallState::Queued, |own| shown(own.state))
    }

    /// Whether the phone's leg has a record of this state at this moment.
    fn says_now(&self, at_ms: i64, leg: u64, state: TruthState) -> bool {
        let now = self.all.iter().filter(|r| r.at_ms == at_ms);
        now.into_iter().any(|r| self.is_own(r) && r.leg == leg && r.state == state && r.cause != Cause::Transfer)
    }

    /// Parties of a call that had answered before anything happened at a moment.
    fn parties_before(&self, gcid: &str, at_ms: i64) -> usize {
        let mut legs: BTreeMap<LegId, (&str, TruthState)> = BTreeMap::new();
        for record in self.all.iter().take_while(|r| r.at_ms < at_ms) {
            match record.state {
                TruthState::Null => drop(legs.remove(&(record.node, record.leg))),
                state => drop(legs.insert((record.node, record.leg), (&record.gcid, state))),
            }
        }
        legs.values().filter(|(g, s)| *g == gcid && matches!(s, TruthState::Connected | TruthState::Held)).count()
    }

    fn with_other(&mut self, other: Option<String>, group: Option<String>) {
        if let Some(event) = self.script.events.last_mut() {
            event.other = other.filter(|number| !is_private(number));
            event.group = group;
        }
    }

    /// The group that is rung in a call now: whoever was rung last was rung for it.
    fn group_rung(&self, record: &Truth) -> Option<String> {
        let rung = |r: &&&Truth| r.gcid == record.gcid && r.at_ms <= record.at_ms && r.state == TruthState::Alerting;
        self.all.iter().filter(rung).max_by_key(|r| r.at_ms).and_then(|r| group(r))
    }

    fn since(&mut self, held_ms: i64) {
        if let Some(event) = self.script.events.last_mut() {
            event.held_ms = Some(held_ms);
        }
    }

    /// The latest event must name everybody who is in the call when the moment is over.
    fn with_members(&mut self, record: &Truth) {
        let mut legs: BTreeMap<LegId, (&str, &str)> = BTreeMap::new();
        for r in self.all.iter().take_while(|r| r.at_ms <= record.at_ms) {
            match r.state {
                TruthState::Null => drop(legs.remove(&(r.node, r.leg))),
                _ => drop(legs.insert((r.node, r.leg), (&r.gcid, number(r)))),
            }
        }
        let members = legs.values().filter(|(gcid, dn)| *gcid == record.gcid && !is_private(dn));
        let members = members.map(|(_, dn)| (*dn).to_owned()).collect();
        if let Some(event) = self.script.events.last_mut() {
            event.members = Some(members);
        }
    }
}

fn expected(record: &Truth, kind: Type, whys: &[Why], state: CallState) -> Expected {
    let (at_ms, gcid, whys) = (record.at_ms, id_of(&record.gcid).to_owned(), whys.to_vec());
    let (other, group, members, account, held_ms) = (None, None, None, None, None);
    Expected { at_ms, gcid, kind, whys, state, other, group, members, account, held_ms }
}

/// The number of the line that a record is about.
fn number(record: &Truth) -> &str {
    number_at(&record.dn, record.line)
}

/// The number that is called where a record's line rings: that for which several do, else its own.
fn called(record: &Truth) -> &str {
    record.group.as_deref().unwrap_or_else(|| number(record))
}

/// The number for which several lines ring, where that is a group's.
fn group(record: &Truth) -> Option<String> {
    record.group.clone().filter(|number| !is_shared(number))
}

/// Somebody outside who shows no number.
fn is_private(number: &str) -> bool {
    number.starts_with('X')
}
