//! The standard's spellings of causes, states, statuses, categories and services, as tables that
//! both the reader and the writer use.

use super::message::{
    AppearanceType, CallEnd, CallEventKind, DeviceCategory, Edition, ForwardingType, JoinKind, PrivateFeature,
    SystemStatus, TransferMode,
};
use crate::domain::{Cause, Feature, LocalState};

pub(super) const EDITIONS: [(Edition, &str); 4] = [
    (Edition::Ed3, "http://www.ecma-international.org/standards/ecma-323/csta/ed3"),
    (Edition::Ed4, "http://www.ecma-international.org/standards/ecma-323/csta/ed4"),
    (Edition::Ed5, "http://www.ecma-international.org/standards/ecma-323/csta/ed5"),
    (Edition::Ed6, "http://www.ecma-international.org/standards/ecma-323/csta/ed6"),
];

pub(super) const CAUSES: [(Cause, &str); 32] = [
    (Cause::Normal, "normal"),
    (Cause::NewCall, "newCall"),
    (Cause::MakeCall, "makeCall"),
    (Cause::Busy, "busy"),
    (Cause::DoNotDisturb, "doNotDisturb"),
    (Cause::CallNotAnswered, "callNotAnswered"),
    (Cause::InvalidNumberFormat, "invalidNumberFormat"),
    (Cause::NumberUnallocated, "numberUnallocated"),
    (Cause::DestNotObtainable, "destNotObtainable"),
    (Cause::DestOutOfOrder, "destOutOfOrder"),
    (Cause::TrunksBusy, "trunksBusy"),
    (Cause::NetworkCongestion, "networkCongestion"),
    (Cause::NetworkNotObtainable, "networkNotObtainable"),
    (Cause::Blocked, "blocked"),
    (Cause::Consultation, "consultation"),
    (Cause::Alternate, "alternate"),
    (Cause::CallForwardImmediate, "callForwardImmediate"),
    (Cause::CallForwardBusy, "callForwardBusy"),
    (Cause::CallForwardNoAnswer, "callForwardNoAnswer"),
    (Cause::CallPickup, "callPickup"),
    (Cause::Redirected, "redirected"),
    (Cause::Transfer, "transfer"),
    (Cause::Conference, "conference"),
    (Cause::Distributed, "distributed"),
    (Cause::EnteringDistribution, "enteringDistribution"),
    (Cause::MultipleAlerting, "multipleAlerting"),
    (Cause::Recall, "recall"),
    (Cause::RecallBusy, "recallBusy"),
    (Cause::RecallNoAnswer, "recallNoAnswer"),
    (Cause::CallBack, "callBack"),
    (Cause::CampOn, "campOn"),
    (Cause::NormalClearing, "normalClearing"),
];

pub(super) const STATES: [(LocalState, &str); 7] = [
    (LocalState::Null, "null"),
    (LocalState::Initiated, "initiated"),
    (LocalState::Alerting, "alerting"),
    (LocalState::Connected, "connected"),
    (LocalState::Hold, "hold"),
    (LocalState::Queued, "queued"),
    (LocalState::Fail, "fail"),
];

pub(super) const STATUSES: [(SystemStatus, &str); 9] = [
    (SystemStatus::Initializing, "initializing"),
    (SystemStatus::Enabled, "enabled"),
    (SystemStatus::Normal, "normal"),
    (SystemStatus::MessagesLost, "messagesLost"),
    (SystemStatus::Disabled, "disabled"),
    (SystemStatus::PartiallyDisabled, "partiallyDisabled"),
    (SystemStatus::OverloadImminent, "overloadImminent"),
    (SystemStatus::OverloadReached, "overloadReached"),
    (SystemStatus::OverloadRelieved, "overloadRelieved"),
];

pub(super) const CATEGORIES: [(DeviceCategory, &str); 5] = [
    (DeviceCategory::Station, "station"),
    (DeviceCategory::Group, "group"),
    (DeviceCategory::Acd, "acd"),
    (DeviceCategory::NetworkInterface, "networkInterface"),
    (DeviceCategory::Other, "other"),
];

pub(super) const APPEARANCES: [(AppearanceType, &str); 6] = [
    (AppearanceType::SelectedStandard, "selectedStandard"),
    (AppearanceType::BasicStandard, "basicStandard"),
    (AppearanceType::BasicBridged, "basicBridged"),
    (AppearanceType::ExclusiveBridged, "exclusiveBridged"),
    (AppearanceType::IndependentSharedBridged, "independentSharedBridged"),
    (AppearanceType::InterdependentSharedBridged, "interdependentSharedBridged"),
];

pub(super) const TRANSFER_MODES: [(TransferMode, &str); 3] = [
    (TransferMode::AtEndOfCall, "transferAtEndOfCall"),
    (TransferMode::OnRequest, "transferOnRequest"),
    (TransferMode::OnThresholdReached, "transferOnThresholdReached"),
];

pub(super) const CALL_ENDS: [(CallEnd, &str); 5] = [
    (CallEnd::Normal, "normalClearing"),
    (CallEnd::Unsuccessful, "unsuccessfulCallAttempt"),
    (CallEnd::Abnormal, "abnormalTermination"),
    (CallEnd::Transferred, "callTransferred"),
    (CallEnd::Other, "other"),
];

/// Categories of CSTAErrorCode with an enumeration of their own; `unspecified` and
/// `privateErrorCode` are the others.
pub(super) const FAILURES: [&str; 7] = [
    "operation",
    "performanceManagement",
    "privateData",
    "security",
    "stateIncompatibility",
    "subscribedResourceAvailability",
    "systemResourceAvailibility",
];

/// The state of a two-party call in one word: the device's own connection, then the far one.
pub(super) const SIMPLE_STATES: [([LocalState; 2], &str); 15] = {
    use LocalState::{Alerting, Connected, Fail, Hold, Initiated, Null, Queued};
    [
        ([Null, Null], "callNull"),
        ([Initiated, Null], "callPending"),
        ([Connected, Null], "callOriginated"),
        ([Connected, Alerting], "callDelivered"),
        ([Hold, Alerting], "callDeliveredHeld"),
        ([Alerting, Connected], "callReceived"),
        ([Connected, Connected], "callEstablished"),
        ([Hold, Connected], "callEstablishedHeld"),
        ([Alerting, Hold], "callReceivedOnHold"),
        ([Connected, Hold], "callEstablishedOnHold"),
        ([Connected, Queued], "callQueued"),
        ([Hold, Queued], "callQueuedHeld"),
        ([Connected, Fail], "callFailed"),
        ([Hold, Fail], "callFailedHeld"),
        ([Fail, Null], "callBlocked"),
    ]
};

/// servicesPermitted/callControlServices, in schema order.
pub(super) const CALL_CONTROL: [(Feature, &str); 14] = [
    (Feature::AlternateCall, "alternateCall"),
    (Feature::AnswerCall, "answerCall"),
    (Feature::SetCallMeBack, "callBack"),
    (Feature::SendCallbackMessage, "callBackMessage"),
    (Feature::CamponCall, "campOnCall"),
    (Feature::ClearCall, "clearConnection"),
    (Feature::ConferenceCall, "conferenceCall"),
    (Feature::ConsultationCall, "consultationCall"),
    (Feature::RedirectCall, "deflectCall"),
    (Feature::HoldCall, "holdCall"),
    (Feature::IntrudeCall, "intrudeCall"),
    (Feature::CancelConsultationCall, "reconnectCall"),
    (Feature::RetrieveCall, "retrieveCall"),
    (Feature::TransferCall, "transferCall"),
];

/// servicesPermitted/callAssociatedServices, in schema order.
pub(super) const CALL_ASSOCIATED: [(Feature, &str); 2] =
    [(Feature::SetAccountCode, "associateData"), (Feature::OutPulseDigits, "generateDigits")];

/// Our private data's `permitted`, beside servicesPermitted: what CSTA lacks.
pub(super) const PRIVATE_PERMITTED: [(Feature, &str); 3] = [
    (Feature::TradeCall, "tradeCall"),
    (Feature::NewCall, "newCall"),
    (Feature::SplitConferenceCall, "splitConferenceCall"),
];

/// The kinds of forwarding that are told apart.
pub(super) const FORWARDING: [(ForwardingType, &str); 7] = [
    (ForwardingType::Immediate, "forwardImmediate"),
    (ForwardingType::Busy, "forwardBusy"),
    (ForwardingType::NoAnswer, "forwardNoAns"),
    (ForwardingType::BusyInternal, "forwardBusyInt"),
    (ForwardingType::BusyExternal, "forwardBusyExt"),
    (ForwardingType::NoAnswerInternal, "forwardNoAnsInt"),
    (ForwardingType::NoAnswerExternal, "forwardNoAnsExt"),
];

/// What of our private data a node announces.
pub(super) const PRIVATE_FEATURES: [(PrivateFeature, &str); 10] = [
    (PrivateFeature::DeviceProfile, "deviceProfile"),
    (PrivateFeature::SplitConference, "splitConference"),
    (PrivateFeature::NewCall, "newCall"),
    (PrivateFeature::HotDesk, "hotDesk"),
    (PrivateFeature::Presence, "presence"),
    (PrivateFeature::PresenceState, "presenceState"),
    (PrivateFeature::Service, "service"),
    (PrivateFeature::TradeCall, "tradeCall"),
    (PrivateFeature::RemoteRetrieve, "remoteRetrieve"),
    (PrivateFeature::Permitted, "permitted"),
];

/// The namespace of our private data.
pub(super) const PRIVATE: &str = "urn:oig:csta:1";

/// How one kind of joined event is spelled.
pub(super) struct JoinShape {
    pub kind: JoinKind,
    pub name: &'static str,
    pub controller: &'static str,
    pub joined: &'static str,
    pub connections: &'static str,
}

pub(super) static JOIN_SHAPES: [JoinShape; 2] = [
    JoinShape {
        kind: JoinKind::Transferred,
        name: "TransferedEvent",
        controller: "transferringDevice",
        joined: "transferredToDevice",
        connections: "transferredConnections",
    },
    JoinShape {
        kind: JoinKind::Conferenced,
        name: "ConferencedEvent",
        controller: "conferencingDevice",
        joined: "addedParty",
        connections: "conferenceConnections",
    },
];

/// How one kind of call event is spelled: its elements before localConnectionInfo.
pub(super) struct Shape {
    pub kind: CallEventKind,
    pub name: &'static str,
    pub connection: &'static str,
    pub subject: &'static str,
    /// `callingDevice` and `calledDevice` follow the subject.
    pub parties: bool,
    /// `lastRedirectionDevice` follows those.
    pub redirection: bool,
}

impl Shape {
    /// The connection of the network's interface by which the call came in, where an event may have one: it follows
    /// `lastRedirectionDevice`. The spellings are the standard's.
    pub(super) fn network(&self) -> Option<&'static str> {
        match self.kind {
            CallEventKind::Delivered | CallEventKind::Failed => Some("originatingNIDConnection"),
            CallEventKind::Established => Some("originatinNIDConnection"),
            _ => None,
        }
    }
}

const fn shape(
    kind: CallEventKind,
    name: &'static str,
    connection: &'static str,
    subject: &'static str,
    parties: bool,
    redirection: bool,
) -> Shape {
    Shape { kind, name, connection, subject, parties, redirection }
}

/// Originated names its calling device as the subject; see `write` for what differs there.
pub(super) static SHAPES: [Shape; 11] = [
    shape(
        CallEventKind::ServiceInitiated,
        "ServiceInitiatedEvent",
        "initiatedConnection",
        "initiatingDevice",
        false,
        false,
    ),
    shape(CallEventKind::Originated, "OriginatedEvent", "originatedConnection", "callingDevice", false, false),
    shape(CallEventKind::Delivered, "DeliveredEvent", "connection", "alertingDevice", true, true),
    shape(CallEventKind::Established, "EstablishedEvent", "establishedConnection", "answeringDevice", true, true),
    shape(CallEventKind::Held, "HeldEvent", "heldConnection", "holdingDevice", false, false),
    shape(CallEventKind::Retrieved, "RetrievedEvent", "retrievedConnection", "retrievingDevice", false, false),
    shape(CallEventKind::Diverted, "DivertedEvent", "connection", "divertingDevice", true, true),
    shape(
        CallEventKind::ConnectionCleared,
        "ConnectionClearedEvent",
        "droppedConnection",
        "releasingDevice",
        false,
        false,
    ),
    shape(CallEventKind::Failed, "FailedEvent", "failedConnection", "failingDevice", true, true),
    shape(CallEventKind::Queued, "QueuedEvent", "queuedConnection", "queue", true, true),
    shape(
        CallEventKind::NetworkReached,
        "NetworkReachedEvent",
        "outboundConnection",
        "networkInterfaceUsed",
        true,
        true,
    ),
];

/// The value of a spelling.
pub(super) fn value<T: Copy>(table: &[(T, &str)], word: &str) -> Option<T> {
    let word = word.trim();
    table.iter().find(|(_, w)| *w == word).map(|(value, _)| *value)
}

/// The spelling of a value; `otherwise` for values without one.
pub(super) fn word<T: Copy + PartialEq>(
    table: &[(T, &'static str)],
    value: T,
    otherwise: &'static str,
) -> &'static str {
    table.iter().find(|(v, _)| *v == value).map_or(otherwise, |(_, word)| word)
}
