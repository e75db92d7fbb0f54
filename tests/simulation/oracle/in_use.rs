//! Whether another line of a number is in use: what was told of that, held against the truth at the end of every
//! moment in which one of them changed.

use std::collections::BTreeMap;

use oig::sim::truth::{Truth, TruthState};
use schemas::contract::cc::{CallEventMsg, CallEventType as Type, CallState, EventCauseType as Why};

use super::{Findings, Line};
use crate::simulation::places::{follows, number_at};

/// A leg at a line of the number.
struct Leg {
    own: bool,
    state: TruthState,
    /// It waits for its line, which is not in use by that.
    waits: bool,
}

impl Line<'_> {
    /// An idle line is told that another of its number is in use, and that this is over, as soon as it is so. One that has
    /// a call may know of it since before, as long as it is true.
    pub(super) fn others_in_use(&self, findings: &mut Findings) {
        if self.slack_ms > 0 {
            return self.none_in_vain(findings);
        }
        if !follows(self.phone.number()) {
            return;
        }
        let mut told = self.events.iter().map(|(_, call)| *call).filter(|call| says_in_use(call).is_some()).peekable();
        let (mut legs, mut in_use, mut known): (BTreeMap<u64, Leg>, _, _) = (BTreeMap::new(), false, true);
        let records: Vec<&Truth> = self.of_number().collect();
        for (i, record) in records.iter().enumerate() {
            match record.state {
                TruthState::Null => drop(legs.remove(&record.leg)),
                state => {
                    let new = !legs.contains_key(&record.leg);
                    let own = (&record.dn, record.line) == (&self.phone.dn, self.phone.button);
                    let leg = legs.entry(record.leg).or_insert(Leg { own, state, waits: false });
                    leg.waits = state == TruthState::Queued && (new || leg.waits);
                    leg.state = state;
                }
            }
            if records.get(i + 1).is_some_and(|next| next.at_ms == record.at_ms) {
                continue;
            }
            while let Some(call) = told.next_if(|call| call.call_event_time <= record.at_ms) {
                in_use = says_in_use(call).unwrap_or(in_use);
            }
            let idle = !legs.values().any(|leg| leg.own);
            let used = legs.values().any(|leg| !leg.own && !leg.waits && leg.state != TruthState::Alerting);
            let right = in_use == used || (!idle && !in_use);
            if self.is_excused(record.at_ms) {
                known = false;
            } else if right {
                known = true;
                if in_use {
                    findings.reached.insert((Type::ExtensionInUse.as_str(), Why::ExtensionInUse.as_str()));
                }
            } else if known {
                let (at, gcid) = (record.at_ms, &record.gcid);
                let fault = format!("{} at {at}: another line in use: {used}, told {in_use} ({gcid})", self.phone);
                return findings.violations.push(fault);
            }
        }
    }

    fn of_number(&self) -> impl Iterator<Item = &Truth> {
        let number = self.phone.number();
        self.truth[self.phone.node].iter().filter(move |r| r.line != 0 && number_at(&r.dn, r.line) == number)
    }

    /// In real time it cannot be told which came first, a change or the next: what is told must have been so about then.
    fn none_in_vain(&self, findings: &mut Findings) {
        for (at, _) in self.events.iter().filter(|(_, call)| call.kind == Some(Type::ExtensionInUse)) {
            if !self.is_excused(*at) && !self.another_was_used(*at) {
                findings.violations.push(format!("{} at {at}: no other line of it is in use", self.phone));
            }
        }
    }

    fn another_was_used(&self, at_ms: i64) -> bool {
        let mut legs: BTreeMap<u64, TruthState> = BTreeMap::new();
        let others = self.of_number().filter(|r| (&r.dn, r.line) != (&self.phone.dn, self.phone.button));
        for record in others.filter(|r| r.at_ms <= at_ms + self.slack_ms) {
            // One that came and went about then was there.
            if record.state == TruthState::Null && record.at_ms < at_ms - self.slack_ms {
                legs.remove(&record.leg);
            } else if record.state != TruthState::Null {
                legs.insert(record.leg, record.state);
            }
        }
        legs.values().any(|state| *state != TruthState::Alerting)
    }
}

/// What an event says of another line of the number; `None` for those of calls.
fn says_in_use(call: &CallEventMsg) -> Option<bool> {
    match call.kind {
        Some(Type::ExtensionInUse) => Some(true),
        Some(Type::CallClear) if call.local_call_id == 0 => Some(false),
        Some(Type::MonitorSet | Type::InService | Type::OutOfService) => {
            Some(call.call_state == Some(CallState::ExtensionInUse))
        }
        _ => None,
    }
}
