//! What a node tells of a monitored device, what it can be asked to do, and how it refuses.

use super::group::Group;
use super::ids::{CallKey, GlobalCallId};
use super::party::{DeviceRef, Party};
use super::setting::Forwarding;

/// What kind of change a node told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    ServiceInitiated,
    Originated,
    Delivered,
    Established,
    Held,
    Retrieved,
    Diverted,
    /// One connection left the call (CSTA ConnectionCleared).
    Cleared,
    Failed,
    Queued,
    NetworkReached,
    /// Two calls became one by a transfer.
    Transferred,
    /// Two calls became one as a conference, or a party was added to it.
    Conferenced,
    /// Something about the call was learnt: a name, an account code, another Global Call ID.
    Information,
    OutOfService,
    BackInService,
}

/// The state of the monitored device's own connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LocalState {
    Null,
    Initiated,
    Alerting,
    Connected,
    Hold,
    Queued,
    Fail,
}

/// Why something happened: the causes that the gateway tells apart. Others are `Other`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    Normal,
    NewCall,
    MakeCall,
    Busy,
    DoNotDisturb,
    CallNotAnswered,
    InvalidNumberFormat,
    NumberUnallocated,
    DestNotObtainable,
    DestOutOfOrder,
    TrunksBusy,
    NetworkCongestion,
    NetworkNotObtainable,
    Blocked,
    Consultation,
    Alternate,
    CallForwardImmediate,
    CallForwardBusy,
    CallForwardNoAnswer,
    CallPickup,
    Redirected,
    /// From one member of a group to others: our private data's, since the standard has no word for it.
    Handoff,
    Transfer,
    Conference,
    Distributed,
    EnteringDistribution,
    MultipleAlerting,
    Recall,
    RecallBusy,
    RecallNoAnswer,
    CallBack,
    CampOn,
    NormalClearing,
    #[default]
    Other,
}

/// What may be done with a leg: the contract's featuresAllowed, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Feature {
    AnswerCall = 1,
    RedirectCall,
    CamponCall,
    SetCallMeBack,
    IntrudeCall,
    AlternateCall,
    TradeCall,
    ConferenceCall,
    SplitConferenceCall,
    ConsultationCall,
    CancelConsultationCall,
    TransferCall,
    SendCallbackMessage,
    SetAccountCode,
    NewCall,
    ClearCall,
    OutPulseDigits,
    HoldCall,
    RetrieveCall,
    ListenCall,
    AssignCallerId,
    AlterWorkTimer,
    TapCall,
}

impl Feature {
    /// Every feature in the contract's order.
    pub const ALL: [Self; 23] = [
        Self::AnswerCall,
        Self::RedirectCall,
        Self::CamponCall,
        Self::SetCallMeBack,
        Self::IntrudeCall,
        Self::AlternateCall,
        Self::TradeCall,
        Self::ConferenceCall,
        Self::SplitConferenceCall,
        Self::ConsultationCall,
        Self::CancelConsultationCall,
        Self::TransferCall,
        Self::SendCallbackMessage,
        Self::SetAccountCode,
        Self::NewCall,
        Self::ClearCall,
        Self::OutPulseDigits,
        Self::HoldCall,
        Self::RetrieveCall,
        Self::ListenCall,
        Self::AssignCallerId,
        Self::AlterWorkTimer,
        Self::TapCall,
    ];
}

/// A set of features.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Features(u32);

impl Features {
    pub const NONE: Self = Self(0);

    #[must_use]
    pub const fn with(self, feature: Feature) -> Self {
        Self(self.0 | 1 << feature as u8)
    }

    #[must_use]
    pub const fn of(features: &[Feature]) -> Self {
        let mut set = Self::NONE;
        let mut i = 0;
        while i < features.len() {
            set = set.with(features[i]);
            i += 1;
        }
        set
    }

    #[must_use]
    pub const fn has(self, feature: Feature) -> bool {
        self.0 & 1 << feature as u8 != 0
    }

    /// What is in either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The features in the contract's order.
    pub fn iter(self) -> impl Iterator<Item = Feature> {
        Feature::ALL.into_iter().filter(move |f| self.has(*f))
    }
}

impl FromIterator<Feature> for Features {
    fn from_iter<I: IntoIterator<Item = Feature>>(features: I) -> Self {
        features.into_iter().fold(Self::NONE, Self::with)
    }
}

/// One thing that a node told of a monitored device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    pub fact: Fact,
    /// The call; `None` for facts about the device itself (out of service).
    pub call: Option<CallKey>,
    /// The device that acted or was acted on: the alerting, answering, holding, releasing,
    /// failing … device.
    pub subject: Party,
    pub calling: Party,
    pub called: Party,
    pub last_redirection: Party,
    /// The trunk or peer by which the call came in, where the node says it.
    pub network: Option<Box<DeviceRef>>,
    /// State of the monitored device's connection after the fact, where the node says it.
    pub local: Option<LocalState>,
    pub cause: Cause,
    /// What the node permits now; `None` when it does not say such things.
    pub permitted: Option<Features>,
    pub global_call_id: Option<GlobalCallId>,
    /// Transferred and Conferenced only.
    pub joined: Option<Box<Joined>>,
    /// The group that the call rings for, or was answered for.
    pub group: Option<Box<Group>>,
    /// Information only: the account code that was set.
    pub account: Option<Account>,
}

/// An account code that was set for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub code: String,
    /// Whether the node found the code in its list; `None` where it does not say.
    pub verified: Option<bool>,
}

/// How two calls became one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Joined {
    /// The call that was held.
    pub primary: Option<CallKey>,
    /// The call that was active; a node that joins in one step has none.
    pub secondary: Option<CallKey>,
    /// Whom the call was transferred to, or who was added.
    pub joined: Party,
    /// Who is in the call now.
    pub parties: Vec<JoinedParty>,
    /// The Global Call ID of the call that is no more.
    pub old_global_call_id: Option<GlobalCallId>,
    /// Whom the call was transferred to still rings; a node that cannot say so leaves it out.
    pub ringing: bool,
}

/// One party of a call that was made of two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JoinedParty {
    pub call: Option<CallKey>,
    pub old_call: Option<CallKey>,
    pub device: Party,
}

impl Happening {
    /// A fact with nothing else said.
    #[must_use]
    pub fn bare(fact: Fact) -> Self {
        Self {
            fact,
            call: None,
            subject: Party::NotKnown,
            calling: Party::NotKnown,
            called: Party::NotKnown,
            last_redirection: Party::NotKnown,
            network: None,
            local: None,
            cause: Cause::Other,
            permitted: None,
            global_call_id: None,
            joined: None,
            group: None,
            account: None,
        }
    }
}

/// A leg that a device has when it is asked (CSTA SnapshotDevice, then SnapshotCall).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegSnapshot {
    pub call: CallKey,
    pub local: LocalState,
    /// State of the far connection, where known: tells an alerting far end from a connected one.
    pub far: Option<LocalState>,
    /// How many others are in the call, where the node lists them.
    pub others: usize,
    /// Everyone in the call, as the answer to SnapshotCall names them.
    pub parties: Vec<Party>,
    pub calling: Party,
    pub called: Party,
    pub permitted: Option<Features>,
    pub global_call_id: Option<GlobalCallId>,
}

/// What a node is asked to do for one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    MakeCall {
        from: DeviceRef,
        number: String,
        /// What the call is charged to.
        account: Option<String>,
    },
    Answer {
        device: DeviceRef,
        call: CallKey,
    },
    Clear {
        device: DeviceRef,
        call: CallKey,
    },
    Hold {
        device: DeviceRef,
        call: CallKey,
    },
    Retrieve {
        device: DeviceRef,
        call: CallKey,
    },
    /// Hold the call and call `number` from the same line.
    Consult {
        device: DeviceRef,
        call: CallKey,
        number: String,
    },
    /// End the active call and take the held one back.
    Reconnect {
        device: DeviceRef,
        active: CallKey,
        held: CallKey,
    },
    Alternate {
        device: DeviceRef,
        held: CallKey,
        active: CallKey,
    },
    Transfer {
        device: DeviceRef,
        held: CallKey,
        active: CallKey,
    },
    Conference {
        device: DeviceRef,
        held: CallKey,
        active: CallKey,
    },
    SplitConference {
        device: DeviceRef,
        call: CallKey,
    },
    /// Send a call that rings at the device elsewhere.
    Redirect {
        device: DeviceRef,
        call: CallKey,
        number: String,
    },
    /// Answer at the device what rings at the number.
    PickUp {
        device: DeviceRef,
        ringing: String,
    },
    /// Clear the call and give dial tone on its line.
    NewCall {
        device: DeviceRef,
        call: CallKey,
    },
    SendDigits {
        device: DeviceRef,
        call: CallKey,
        digits: String,
    },
    DoNotDisturb {
        device: DeviceRef,
        on: bool,
    },
    /// Forward calls to a number; `None` ends it.
    Forward {
        device: DeviceRef,
        which: Forwarding,
        number: Option<String>,
    },
    SetAccount {
        device: DeviceRef,
        call: CallKey,
        code: String,
    },
    /// Wait at the busy device that was called.
    CampOn {
        device: DeviceRef,
        call: CallKey,
    },
    /// Hold the active call and answer the one that waits; `call` is either.
    Trade {
        device: DeviceRef,
        call: CallKey,
    },
    /// Be called when whom the call was for is free again.
    CallBack {
        device: DeviceRef,
        call: CallKey,
    },
    /// Leave a message for whom the call is for.
    LeaveMessage {
        device: DeviceRef,
        call: CallKey,
    },
    /// Leave a message at the device: `from` wants to be called.
    LeaveMessageAt {
        device: DeviceRef,
        from: String,
    },
    /// Take back the message of `from` at the device.
    ClearMessageAt {
        device: DeviceRef,
        from: String,
    },
    /// Take over at the device what is held at a number.
    RetrieveFrom {
        device: DeviceRef,
        holder: String,
    },
    /// Take part in a group, or not.
    Presence {
        device: DeviceRef,
        group: String,
        present: bool,
        /// Who wants it, where that is not the device itself.
        invoker: Option<String>,
    },
}

/// A command was accepted; a new call is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    pub call: Option<CallKey>,
}

/// In which way a node did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// No such device, call or connection there.
    Unknown,
    /// Class of service forbids it.
    Privilege,
    /// The PIN is not the hot desk user's.
    WrongPin,
    /// The call or device is in another state.
    State,
    /// A resource is busy, out of service or at its limit.
    Resource,
    /// The node does not have the service.
    NotSupported,
    /// The node gave another reason.
    Other,
    /// No answer within the deadline: the outcome is not known.
    NoAnswer,
    /// The link went down or is down.
    NotConnected,
}

/// A node's refusal; the text is ours, safe to show to an application.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct NodeRefusal {
    pub kind: RefusalKind,
    pub text: String,
}
