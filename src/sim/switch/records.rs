//! Call detail records: what the node keeps of its calls that are over, of the newest of them.
//!
//! A record is written where a call goes with its last leg (`legs`), and read by the CSTA side. A dial tone without a
//! number is no call.

use std::collections::VecDeque;

use schemas::csta::message::{CallEnd, CallRecord, ConnectionId, Period};
use schemas::domain::{DeviceRef, Party};

use super::Switch;
use super::model::{Call, LegNo, LegState, Line, Why};

/// Records that are kept; the oldest goes when there is one more.
const KEPT: usize = 10_000;

#[derive(Default)]
pub(super) struct Records {
    kept: VecDeque<CallRecord>,
    /// That of the newest.
    number: u64,
}

impl Records {
    fn keep(&mut self, record: CallRecord) {
        if self.kept.len() >= KEPT {
            self.kept.pop_front();
        }
        self.number += 1;
        self.kept.push_back(CallRecord { number: Some(self.number), ..record });
    }

    /// Nothing outlives a loss of power but the count.
    pub(super) fn forget(&mut self) {
        self.kept.clear();
    }
}

impl Switch {
    /// The records of calls that ended in a time, or of all that are kept, oldest first.
    pub fn records(&self, period: Option<Period>) -> impl Iterator<Item = &CallRecord> {
        let within = move |at_ms: i64| period.is_none_or(|period| (period.from_ms..=period.to_ms).contains(&at_ms));
        self.records.kept.iter().filter(move |record| record.created_ms.is_some_and(within))
    }

    /// What a record will say of the call of a leg that was changed.
    pub(super) fn note_for_record(&mut self, number: LegNo, now_ms: i64) {
        let Some(leg) = self.state.legs.get(&number) else { return };
        let Some(call) = self.state.calls.get_mut(&leg.call) else { return };
        call.began_ms.get_or_insert(now_ms);
        call.answered |= leg.state == LegState::Connected;
        let is_callers = call.legs.first() == Some(&number);
        if !is_callers && let Some(line) = leg.place.line() {
            call.reached = Some(line);
        }
    }

    /// A call is over.
    pub(super) fn keep_record(&mut self, call: &Call, why: Why, now_ms: i64) {
        let (true, Some(called)) = (self.plan.records, &call.called) else { return };
        let nameless = |device: &DeviceRef| Party::Known(DeviceRef { name: None, ..device.clone() });
        let began_ms = call.began_ms.unwrap_or(now_ms);
        // Whoever it came to, where that is not who was called.
        let reached = call.reached.map(Line::device).filter(|device| device.number != called.number);
        self.records.keep(CallRecord {
            number: None,
            created_ms: Some(now_ms),
            calling: nameless(&call.calling),
            called: nameless(called),
            associated_calling: Party::NotKnown,
            associated_called: reached.map_or(Party::NotKnown, Party::Known),
            call: Some(ConnectionId { call: Some(call.key.to_string()), device: None }),
            began_ms: Some(began_ms),
            ended_ms: Some(now_ms),
            lasted_s: u32::try_from((now_ms - began_ms).max(0) / 1000).ok(),
            end: Some(match why {
                Why::PowerLost | Why::PeerLost => CallEnd::Abnormal,
                Why::Transfer => CallEnd::Transferred,
                _ if !call.answered => CallEnd::Unsuccessful,
                _ => CallEnd::Normal,
            }),
        });
    }
}
