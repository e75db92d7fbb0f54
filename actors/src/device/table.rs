//! From a fact at the monitored device D to what its watchers are told: type, cause, state.
//!
//! The rows are the gateway's contract on events, as data: the device's decisions read them, and
//! so do the tests. Facts about which nothing is told have no row.

use schemas::contract::cc::{CallEventType as Type, EventCauseType as Why};
use schemas::domain::{Cause, Fact};

use super::leg::LegState;

/// Who D is in a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// D itself alerts, answers, holds, is left …
    Acts,
    /// Another does.
    Other,
    /// It does not matter.
    Any,
}

/// The state of D's leg afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    Is(LegState),
    Gone,
    AsItIs,
}

#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub fact: Fact,
    pub part: Part,
    /// Causes that the row is for; an empty list takes what is left.
    pub causes: &'static [Cause],
    pub kind: Type,
    pub why: Why,
    pub after: After,
}

const fn row(fact: Fact, part: Part, causes: &'static [Cause], kind: Type, why: Why, after: After) -> Row {
    Row { fact, part, causes, kind, why, after }
}

use After::{AsItIs, Gone, Is};
use LegState::{Delivered, Established, Failed, Held, Originated, Queued, Received, Waiting};
use Part::{Acts, Any, Other};

/// First match wins; within a fact the row without causes comes last.
#[rustfmt::skip]
pub static ROWS: &[Row] = &[
    row(Fact::Originated, Any, &[Cause::Consultation], Type::CallOriginated, Why::ConsCallInvoked, Is(Originated)),
    row(Fact::Originated, Any, &[], Type::CallOriginated, Why::NewCallInvoked, Is(Originated)),

    row(Fact::Delivered, Acts, &[Cause::CallForwardImmediate], Type::CallReceived, Why::DivertedAlwaysFrom, Is(Received)),
    row(Fact::Delivered, Acts, &[Cause::CallForwardBusy], Type::CallReceived, Why::DivertedOnBusyFrom, Is(Received)),
    row(Fact::Delivered, Acts, &[Cause::CallForwardNoAnswer], Type::CallReceived, Why::DivertedNoAnswerFrom, Is(Received)),
    row(Fact::Delivered, Acts, &[Cause::Redirected], Type::CallReceived, Why::RedirectedFrom, Is(Received)),
    row(Fact::Delivered, Acts, &[Cause::Transfer], Type::CallReceived, Why::TransferredCall, Is(Received)),
    row(Fact::Delivered, Acts, &[Cause::Distributed, Cause::MultipleAlerting], Type::CallReceived, Why::CallDistributed, Is(Received)),
    row(Fact::Delivered, Acts, &[Cause::Handoff], Type::CallReceived, Why::HandoffPush, Is(Received)),
    row(Fact::Delivered, Acts, &[Cause::RecallNoAnswer], Type::CallReceived, Why::TransferRecallNoAnswer, Is(Received)),
    row(Fact::Delivered, Acts, &[Cause::RecallBusy], Type::CallReceived, Why::TransferRecallOnBusy, Is(Received)),
    row(Fact::Delivered, Acts, &[Cause::Recall], Type::CallReceived, Why::RecallHeldParty, Is(Received)),
    row(Fact::Delivered, Acts, &[Cause::CallBack], Type::CallReceived, Why::CallbackMatured, Is(Received)),
    row(Fact::Delivered, Acts, &[Cause::CampOn], Type::CallReceived, Why::WaitingCallRinging, Is(Received)),
    row(Fact::Delivered, Acts, &[], Type::CallReceived, Why::NewCall, Is(Received)),
    row(Fact::Delivered, Other, &[], Type::CallDelivered, Why::Delivered, Is(Delivered)),

    row(Fact::Queued, Acts, &[], Type::CallQueued, Why::CallIsWaiting, Is(Waiting)),
    row(Fact::Queued, Other, &[], Type::CallQueued, Why::CallQueued, Is(Queued)),

    row(Fact::Established, Acts, &[Cause::CallPickup], Type::CallEstablished, Why::PickupInvoked, Is(Established)),
    // Split off from a conference: the one who split it hears the other answer.
    row(Fact::Established, Acts, &[Cause::Conference], Type::CallEstablished, Why::ConferenceSplit, Is(Established)),
    row(Fact::Established, Other, &[Cause::Conference], Type::CallEstablished, Why::ConferenceSplitInvoked, Is(Established)),
    row(Fact::Established, Acts, &[], Type::CallEstablished, Why::AnsweredInvoked, Is(Established)),
    row(Fact::Established, Other, &[Cause::CallPickup], Type::CallEstablished, Why::Pickup, Is(Established)),
    row(Fact::Established, Other, &[], Type::CallEstablished, Why::Answered, Is(Established)),

    row(Fact::Held, Acts, &[Cause::Consultation], Type::CallHeld, Why::ConsHoldInvoked, Is(Held)),
    row(Fact::Held, Acts, &[], Type::CallHeld, Why::HardHoldInvoked, Is(Held)),
    row(Fact::Held, Other, &[Cause::Consultation], Type::CallHeld, Why::ConsHold, AsItIs),
    row(Fact::Held, Other, &[], Type::CallHeld, Why::HardHold, AsItIs),

    row(Fact::Retrieved, Acts, &[Cause::Alternate], Type::CallRetrieved, Why::AlternateCallInvoked, Is(Established)),
    row(Fact::Retrieved, Acts, &[], Type::CallRetrieved, Why::RetrieveInvoked, Is(Established)),
    row(Fact::Retrieved, Other, &[], Type::CallRetrieved, Why::Retrieve, AsItIs),

    row(Fact::Diverted, Acts, &[Cause::CallForwardImmediate], Type::CallDiverted, Why::DivertedAlwaysTo, Gone),
    row(Fact::Diverted, Acts, &[Cause::CallForwardBusy], Type::CallDiverted, Why::DivertedOnBusyTo, Gone),
    row(Fact::Diverted, Acts, &[Cause::CallForwardNoAnswer], Type::CallDiverted, Why::DivertedNoAnswerAway, Gone),
    row(Fact::Diverted, Acts, &[Cause::CallPickup], Type::CallDiverted, Why::DivertedPickupAway, Gone),
    row(Fact::Diverted, Acts, &[Cause::Handoff], Type::CallDiverted, Why::RedirectedHandoff, Gone),
    row(Fact::Diverted, Acts, &[], Type::CallDiverted, Why::RedirectedAway, Gone),
    row(Fact::Diverted, Other, &[Cause::CallForwardImmediate], Type::CallDiverted, Why::DivertedAlwaysTo, Is(Delivered)),
    row(Fact::Diverted, Other, &[Cause::CallForwardBusy], Type::CallDiverted, Why::DivertedOnBusyTo, Is(Delivered)),
    row(Fact::Diverted, Other, &[Cause::CallForwardNoAnswer], Type::CallDiverted, Why::DivertedNoAnswerTo, Is(Delivered)),
    row(Fact::Diverted, Other, &[Cause::Handoff], Type::CallDiverted, Why::RedirectedHandoff, Is(Delivered)),
    row(Fact::Diverted, Other, &[], Type::CallDiverted, Why::RedirectedTo, Is(Delivered)),

    row(Fact::Failed, Any, &[Cause::Busy], Type::CallFailed, Why::DestinationBusy, Is(Failed)),
    row(Fact::Failed, Any, &[Cause::DoNotDisturb], Type::CallFailed, Why::DestinationDoNotDisturb, Is(Failed)),
    row(Fact::Failed, Any, &[Cause::CallNotAnswered], Type::CallFailed, Why::NoAnswer, Is(Failed)),
    row(Fact::Failed, Any, &[Cause::InvalidNumberFormat, Cause::NumberUnallocated], Type::CallFailed, Why::NoSuchNumber, Is(Failed)),
    row(Fact::Failed, Any, &[Cause::DestNotObtainable], Type::CallFailed, Why::DestinationNotObtainable, Is(Failed)),
    row(Fact::Failed, Any, &[Cause::DestOutOfOrder], Type::CallFailed, Why::DestinationUnavailable, Is(Failed)),
    row(Fact::Failed, Any, &[Cause::TrunksBusy], Type::CallFailed, Why::TrunksBusy, Is(Failed)),
    row(Fact::Failed, Any, &[Cause::NetworkCongestion], Type::CallFailed, Why::NetworkCongestion, Is(Failed)),
    row(Fact::Failed, Any, &[Cause::NetworkNotObtainable], Type::CallFailed, Why::NetworkNotObtainable, Is(Failed)),
    row(Fact::Failed, Any, &[Cause::Blocked], Type::CallFailed, Why::PrivilegeViolation, Is(Failed)),
    row(Fact::Failed, Any, &[], Type::CallFailed, Why::Unknown, Is(Failed)),

    row(Fact::NetworkReached, Any, &[], Type::TrunkDigitsOutpulsed, Why::TrunkDigitsOutpulsed, Is(Originated)),

    // D's leg is gone (see `state`, which tells a leg that stays by DEVICE_DROPPED instead).
    row(Fact::Cleared, Any, &[Cause::Conference], Type::CallClear, Why::ConferenceSplit, Gone),
    // Rung for a number that another answers.
    row(Fact::Cleared, Any, &[Cause::MultipleAlerting], Type::CallClear, Why::MemberAnswered, Gone),
    row(Fact::Cleared, Acts, &[], Type::CallClear, Why::ClearInvoked, Gone),
    row(Fact::Cleared, Other, &[], Type::CallClear, Why::OtherDeviceCleared, Gone),
];

/// The row for a fact; `None` when nothing is told of it.
#[must_use]
pub fn find(fact: Fact, part: Part, cause: Cause) -> Option<&'static Row> {
    ROWS.iter().find(|row| {
        row.fact == fact
            && (row.part == Any || row.part == part)
            && (row.causes.is_empty() || row.causes.contains(&cause))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_reachable() {
        for (i, row) in ROWS.iter().enumerate() {
            let part = if row.part == Any { Other } else { row.part };
            let cause = row.causes.first().copied().unwrap_or(Cause::Other);
            let found = find(row.fact, part, cause).expect("a row");
            assert!(std::ptr::eq(found, row), "row {i} is hidden by an earlier one");
        }
    }

    #[test]
    fn an_unknown_cause_still_tells_the_plain_event() {
        let row = find(Fact::Delivered, Acts, Cause::Other).expect("a row");
        assert_eq!((row.kind, row.why), (Type::CallReceived, Why::NewCall));
    }
}
