//! The contract's words for what a switch records.

use oig::sim::switch::Why as Cause;
use oig::sim::truth::TruthState;
use schemas::contract::cc::{CallState, EventCauseType as Why};

use super::Own;

pub fn shown(state: TruthState) -> CallState {
    match state {
        TruthState::Initiated | TruthState::Originated => CallState::Originated,
        TruthState::Delivered => CallState::Delivered,
        TruthState::Alerting => CallState::Received,
        TruthState::Connected => CallState::Established,
        TruthState::Held => CallState::Held,
        TruthState::Queued => CallState::Queued,
        TruthState::Failed => CallState::Failed,
        TruthState::Null => CallState::Idle,
    }
}

/// What is told of a call that is forwarded.
pub(super) struct Forwarded {
    /// To whom it goes.
    pub(super) from: Why,
    /// To the caller.
    pub(super) to: Why,
}

pub(super) fn forwarded(cause: Cause) -> Option<Forwarded> {
    let (from, to) = match cause {
        Cause::CallForwardImmediate => (Why::DivertedAlwaysFrom, Why::DivertedAlwaysTo),
        Cause::CallForwardBusy => (Why::DivertedOnBusyFrom, Why::DivertedOnBusyTo),
        Cause::CallForwardNoAnswer => (Why::DivertedNoAnswerFrom, Why::DivertedNoAnswerTo),
        _ => return None,
    };
    Some(Forwarded { from, to })
}

/// What a caller hears whose call goes on from a phone that did not take it.
pub(super) fn sent_on(cause: Cause) -> Option<Why> {
    match cause {
        Cause::Redirected => Some(Why::RedirectedTo),
        Cause::Handoff => Some(Why::RedirectedHandoff),
        _ => Some(forwarded(cause)?.to),
    }
}

pub(super) fn received(cause: Cause) -> Why {
    if let Some(forward) = forwarded(cause) {
        return forward.from;
    }
    match cause {
        Cause::Redirected => Why::RedirectedFrom,
        Cause::Recall => Why::RecallHeldParty,
        Cause::RecallBusy => Why::TransferRecallOnBusy,
        Cause::RecallNoAnswer => Why::TransferRecallNoAnswer,
        Cause::CampOn => Why::WaitingCallRinging,
        Cause::CallBack => Why::CallbackMatured,
        Cause::MultipleAlerting => Why::CallDistributed,
        Cause::Handoff => Why::HandoffPush,
        _ => Why::NewCall,
    }
}

pub(super) fn retrieved(cause: Cause) -> Why {
    if cause == Cause::Alternate { Why::AlternateCallInvoked } else { Why::RetrieveInvoked }
}

pub(super) fn transferred(state: TruthState) -> Why {
    match state {
        TruthState::Delivered | TruthState::Alerting => Why::UnsupervisedTransfer,
        _ => Why::SupervisedTransfer,
    }
}

pub(super) fn held_party_dropped(own: &Own) -> Why {
    if own.consults { Why::ConsHeldPartyDropped } else { Why::HardHeldPartyDropped }
}

pub(super) fn failed(cause: Cause) -> Why {
    match cause {
        Cause::Busy => Why::DestinationBusy,
        Cause::DoNotDisturb => Why::DestinationDoNotDisturb,
        Cause::CallNotAnswered => Why::NoAnswer,
        Cause::InvalidNumberFormat | Cause::NumberUnallocated => Why::NoSuchNumber,
        Cause::DestNotObtainable => Why::DestinationNotObtainable,
        Cause::DestOutOfOrder => Why::DestinationUnavailable,
        Cause::TrunksBusy => Why::TrunksBusy,
        Cause::Blocked => Why::PrivilegeViolation,
        Cause::NetworkCongestion => Why::NetworkCongestion,
        Cause::PeerLost => Why::NetworkNotObtainable,
        _ => Why::Unknown,
    }
}
