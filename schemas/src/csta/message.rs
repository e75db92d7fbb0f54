//! The CSTA messages that the gateway and its simulated node exchange, as types.
//!
//! Names are the standard's. What a peer may leave out is optional here; `read` is tolerant and
//! `write` strict (schema order).

pub use super::call_records::{CallEnd, CallRecord, Period, RecordsRequest, RecordsResponse, TransferMode};
pub use super::group::GroupCall;
pub use super::hot_desk::{HotDeskOf, HotDeskRequest, HotDeskState};
pub use super::presence::{PresenceMonitor, PresenceRequest, PresenceState};
use super::words::{STATUSES, word};
use crate::domain::{Account, Cause, Features, LocalState, Party, party::DeviceRef};

/// Edition of the namespace that a peer uses; we answer in the peer's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edition {
    Ed3,
    Ed4,
    #[default]
    Ed5,
    Ed6,
}

/// One message, whichever way it goes.
#[expect(clippy::large_enum_variant)] // most are events: a box for each would cost more than the room
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    Request(Request),
    Response(Response),
    /// `CSTAErrorCode`, or a negative response of ECMA-354.
    Failure(Failure),
    Event(Event),
    /// Well-formed, but nothing that we know; its root element's local name (bounded).
    Unknown(String),
}

impl Message {
    /// Whether the edition that was read with this message is the peer's. Messages of ECMA-354 say
    /// nothing of it, but for the two at its start, which name a protocol version.
    #[must_use]
    pub fn tells_edition(&self) -> bool {
        !matches!(
            self,
            Self::Request(
                Request::ResetApplicationSessionTimer { .. }
                    | Request::StopApplicationSession { .. }
                    | Request::ApplicationSessionTerminated { .. }
            ) | Self::Response(Response::ResetApplicationSessionTimer { .. } | Response::StopApplicationSession)
                | Self::Unknown(_)
        ) && !matches!(self, Self::Failure(failure) if failure.category == Failure::APPLICATION_SESSION)
    }
}

/// CSTA ConnectionID: either part may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ConnectionId {
    pub call: Option<String>,
    pub device: Option<DeviceRef>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SystemStatus {
    Initializing,
    Enabled,
    Normal,
    MessagesLost,
    Disabled,
    PartiallyDisabled,
    OverloadImminent,
    OverloadReached,
    OverloadRelieved,
}

impl SystemStatus {
    /// As the standard spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        word(&STATUSES, self, "normal")
    }
}

/// What an ECMA-354 server wants to know of an application besides its name (`applicationSpecificInfo`),
/// a login for instance: text, or elements of the vendor's own. See [`SpecificInfo::parse`].
///
/// It may hold a password, so its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub enum SpecificInfo {
    Text(String),
    /// Well-formed markup, written as it is.
    Elements(String),
}

/// A device of a switching function's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDevice {
    pub device: DeviceRef,
    pub category: DeviceCategory,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceCategory {
    Station,
    Group,
    Acd,
    NetworkInterface,
    Other,
}

/// How a logical device that shows at several buttons shares its calls among them (ECMA-269).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AppearanceType {
    SelectedStandard,
    BasicStandard,
    /// A call rings at all; whoever answers has it, and the others are free for calls of their own.
    BasicBridged,
    /// While one has a call, the others can do nothing with it, nor have another.
    ExclusiveBridged,
    IndependentSharedBridged,
    InterdependentSharedBridged,
}

/// Service requests, and the one-way messages that are no events (SwitchingFunctionDevices).
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    SystemStatus {
        status: SystemStatus,
    },
    SystemRegister,
    StartApplicationSession {
        application: String,
        specific: Option<SpecificInfo>,
        versions: Vec<String>,
        duration_s: u32,
    },
    ResetApplicationSessionTimer {
        session: String,
        duration_s: u32,
    },
    StopApplicationSession {
        session: String,
    },
    /// The server ends the session; no response.
    ApplicationSessionTerminated {
        session: String,
    },
    GetSwitchingFunctionDevices,
    SwitchingFunctionDevices {
        cross_ref: String,
        segment: Option<u32>,
        last: bool,
        devices: Vec<ListedDevice>,
    },
    GetLogicalDeviceInformation {
        device: DeviceRef,
    },
    MonitorStart {
        device: DeviceRef,
    },
    MonitorStop {
        cross_ref: String,
    },
    SnapshotDevice {
        device: DeviceRef,
    },
    SnapshotCall {
        connection: ConnectionId,
    },
    MakeCall {
        calling: DeviceRef,
        called: String,
        /// accountCode, decoded.
        account: Option<String>,
    },
    AnswerCall {
        connection: ConnectionId,
    },
    ClearConnection {
        connection: ConnectionId,
    },
    HoldCall {
        connection: ConnectionId,
    },
    RetrieveCall {
        connection: ConnectionId,
    },
    /// Holds `existing` and calls `consulted` from the same line.
    ConsultationCall {
        existing: ConnectionId,
        consulted: String,
    },
    /// Clears `active` and takes `held` back.
    ReconnectCall {
        active: ConnectionId,
        held: ConnectionId,
    },
    AlternateCall {
        held: ConnectionId,
        active: ConnectionId,
    },
    TransferCall {
        held: ConnectionId,
        active: ConnectionId,
    },
    ConferenceCall {
        held: ConnectionId,
        active: ConnectionId,
    },
    DeflectCall {
        connection: ConnectionId,
        /// The first of them, where a peer names several.
        destination: DeviceRef,
    },
    /// Takes a call that rings elsewhere; its connection may name the device alone.
    DirectedPickupCall {
        connection: ConnectionId,
        requesting: DeviceRef,
    },
    GenerateDigits {
        connection: ConnectionId,
        digits: String,
    },
    /// Features that are set at a device.
    Feature(FeatureRequest),
    /// Of what may be associated with a call, its account code.
    AssociateData {
        connection: ConnectionId,
        account: String,
    },
    /// Waits at the busy device that the connection's call was for.
    CamponCall {
        connection: ConnectionId,
    },
    /// Asks to be called when whom the connection's call was for is free.
    CallBack {
        connection: ConnectionId,
    },
    CallBackMessage {
        connection: ConnectionId,
    },
    /// Leaves a message at `target`: `originating` wants to be called.
    CallBackMessageNonCallRelated {
        originating: DeviceRef,
        target: DeviceRef,
    },
    CancelCallBackMessage {
        originating: DeviceRef,
        target: DeviceRef,
    },
    /// Call detail records.
    Records(RecordsRequest),
    GetCstaFeatures,
    /// A service that the standard lacks.
    Escape(PrivateRequest),
    /// A request of a service that we do not know: to be answered with serviceNotSupported.
    Unsupported {
        name: String,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    SystemStatus,
    SystemRegister {
        register: String,
    },
    StartApplicationSession {
        session: String,
        version: String,
        duration_s: u32,
    },
    ResetApplicationSessionTimer {
        duration_s: u32,
    },
    StopApplicationSession,
    GetSwitchingFunctionDevices {
        cross_ref: String,
    },
    /// Of what the standard tells here, how a device's appearances share its calls.
    GetLogicalDeviceInformation {
        appearances: AppearanceType,
    },
    MonitorStart {
        cross_ref: String,
    },
    MonitorStop,
    SnapshotDevice {
        connections: Vec<DeviceConnection>,
        /// In our private data alone: whether somebody can be at the device.
        in_service: Option<bool>,
    },
    SnapshotCall {
        calling: Party,
        called: Party,
        global_call_id: Option<String>,
        devices: Vec<CallConnection>,
    },
    MakeCall {
        calling: ConnectionId,
        global_call_id: Option<String>,
    },
    AnswerCall,
    ClearConnection,
    HoldCall,
    RetrieveCall,
    ConsultationCall {
        initiated: ConnectionId,
        global_call_id: Option<String>,
    },
    ReconnectCall,
    AlternateCall,
    TransferCall {
        transferred: ConnectionId,
    },
    ConferenceCall {
        conference: ConnectionId,
    },
    DeflectCall,
    DirectedPickupCall {
        picked: ConnectionId,
    },
    GenerateDigits,
    Feature(FeatureResponse),
    AssociateData,
    CamponCall,
    CallBack {
        target: Option<DeviceRef>,
    },
    CallBackMessage {
        target: Option<DeviceRef>,
    },
    CallBackMessageNonCallRelated,
    CancelCallBackMessage,
    Records(RecordsResponse),
    GetCstaFeatures {
        /// What of our private data the peer knows.
        private: Vec<PrivateFeature>,
    },
    Escape(PrivateResponse),
}

/// The services on features of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeatureRequest {
    GetDoNotDisturb {
        device: DeviceRef,
    },
    SetDoNotDisturb {
        device: DeviceRef,
        on: bool,
    },
    GetForwarding {
        device: DeviceRef,
    },
    SetForwarding {
        device: DeviceRef,
        /// `None` leaves it to the node, or is a kind that is not known here.
        kind: Option<ForwardingType>,
        on: bool,
        number: Option<String>,
    },
    GetAutoAnswer {
        device: DeviceRef,
    },
    GetMessageWaiting {
        device: DeviceRef,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeatureResponse {
    GetDoNotDisturb { on: bool },
    SetDoNotDisturb,
    GetForwarding { list: Vec<ForwardItem> },
    SetForwarding,
    GetAutoAnswer { on: bool },
    GetMessageWaiting { on: bool },
}

/// The kinds of forwarding that have a row in the contract, and the two that stand for callers from
/// inside and outside alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ForwardingType {
    Immediate,
    Busy,
    BusyInternal,
    BusyExternal,
    NoAnswer,
    NoAnswerInternal,
    NoAnswerExternal,
}

/// A forwardListItem, or what a ForwardingEvent tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardItem {
    /// `None` where the peer leaves it out or means a kind that is not known here.
    pub kind: Option<ForwardingType>,
    pub on: bool,
    pub number: Option<String>,
}

/// A feature that was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeatureChange {
    DoNotDisturb(bool),
    Forwarding(ForwardItem),
    AutoAnswer(bool),
    MessageWaiting(bool),
}

/// What a node may know of our private data, as `GetCSTAFeatures` announces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrivateFeature {
    DeviceProfile,
    SplitConference,
    NewCall,
    /// Logins of hot desk users.
    HotDesk,
    /// Presence in groups.
    Presence,
    /// Who is present can be asked for, besides by a monitor.
    PresenceState,
    /// Whether a device is in service is said beside its snapshot.
    Service,
    TradeCall,
    RemoteRetrieve,
    /// `permitted` beside servicesPermitted.
    Permitted,
}

impl PrivateFeature {
    pub const ALL: [Self; 10] = [
        Self::DeviceProfile,
        Self::SplitConference,
        Self::NewCall,
        Self::HotDesk,
        Self::Presence,
        Self::PresenceState,
        Self::Service,
        Self::TradeCall,
        Self::RemoteRetrieve,
        Self::Permitted,
    ];
}

/// What CSTA has no service for, asked in an Escape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrivateRequest {
    DeviceProfile {
        dn: String,
    },
    SplitConference {
        connection: ConnectionId,
    },
    /// Clears the connection and gives dial tone on its line.
    NewCall {
        connection: ConnectionId,
    },
    HotDesk(HotDeskRequest),
    Presence(PresenceRequest),
    /// Holds the active call of the line and answers the one that waits; either may be named.
    TradeCall {
        connection: ConnectionId,
    },
    /// Takes over at `requesting` what is held at another device.
    RemoteRetrieve {
        held: DeviceRef,
        requesting: DeviceRef,
    },
    /// Something that is not known here; to be refused.
    Unsupported,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrivateResponse {
    /// It was done; nothing more is said.
    Done,
    DeviceProfile(DeviceProfile),
    HotDesk(HotDeskState),
    PresenceMonitor(PresenceMonitor),
    PresenceState(Vec<PresenceState>),
}

/// What a node has configured for a number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceProfile {
    pub name: Option<String>,
    /// The kind of device in the contract's words (deviceType), where the node says it.
    pub kind: Option<String>,
    pub cos: Option<String>,
    /// The set's lines by button.
    pub lines: Vec<ProfileLine>,
    /// CEIDs of its nodes.
    pub home: Option<u16>,
    pub secondary: Option<u16>,
    /// Prime numbers of a group's members, in its order.
    pub members: Vec<String>,
}

/// One button that is a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileLine {
    pub button: u8,
    pub dn: String,
    /// Whether it rings.
    pub ring: bool,
}

/// A line of SnapshotDeviceResponse.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceConnection {
    pub connection: ConnectionId,
    pub endpoint: Party,
    /// compoundCallState: the device's own connection first, then the others'.
    pub states: Vec<LocalState>,
    pub permitted: Option<Features>,
    pub global_call_id: Option<String>,
}

/// A line of SnapshotCallResponse.
#[derive(Debug, Clone, PartialEq)]
pub struct CallConnection {
    pub device: Party,
    pub connection: ConnectionId,
    pub state: Option<LocalState>,
}

/// `CSTAErrorCode`: the category element's name and the value in it, as the standard spells them;
/// or a negative response of ECMA-354, with its `definedError` (or the server's own words).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Failure {
    pub category: String,
    pub value: String,
}

impl Failure {
    /// The category of ECMA-354's negative responses.
    pub const APPLICATION_SESSION: &str = "applicationSession";

    /// A negative response of ECMA-354.
    #[must_use]
    pub fn application_session(value: &str) -> Self {
        Self { category: Self::APPLICATION_SESSION.into(), value: value.into() }
    }

    #[must_use]
    pub fn operation(value: &str) -> Self {
        Self { category: "operation".into(), value: value.into() }
    }

    #[must_use]
    pub fn state(value: &str) -> Self {
        Self { category: "stateIncompatibility".into(), value: value.into() }
    }

    /// `systemResourceAvailibility`; the spelling is the standard's.
    #[must_use]
    pub fn resource(value: &str) -> Self {
        Self { category: "systemResourceAvailibility".into(), value: value.into() }
    }
}

/// An event report under a monitor.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub cross_ref: String,
    pub body: EventBody,
}

#[derive(Debug, Clone, PartialEq)]
pub enum EventBody {
    Call(CallEvent),
    /// Two calls became one (Transfered, Conferenced).
    Joined(JoinedEvent),
    /// Something about a call was learnt (CallInformation).
    Information(InformationEvent),
    OutOfService {
        device: Party,
    },
    BackInService {
        device: Party,
    },
    /// A feature of the device was set.
    Feature {
        device: Party,
        change: FeatureChange,
    },
    /// A hot desk user logged in or out; its `user` is always there.
    HotDesk(HotDeskState),
    /// A member joined a group or left it.
    Presence(PresenceState),
    /// An event that we have no use for, by its element's name (bounded).
    Other(String),
}

/// The call control events that share one shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallEventKind {
    ServiceInitiated,
    Originated,
    Delivered,
    Established,
    Held,
    Retrieved,
    Diverted,
    ConnectionCleared,
    Failed,
    Queued,
    NetworkReached,
}

/// A call control event. Which element holds `connection` and `subject`, and whether `calling`,
/// `called` and `last_redirection` exist, depends on the kind; see the table in `write`.
#[derive(Debug, Clone, PartialEq)]
pub struct CallEvent {
    pub kind: CallEventKind,
    pub connection: ConnectionId,
    pub subject: Party,
    pub calling: Party,
    pub called: Party,
    pub last_redirection: Party,
    /// Diverted only: the new destination.
    pub new_destination: Party,
    /// Delivered, Established and Failed only: the trunk or peer by which the call came in.
    pub network: Party,
    pub local: Option<LocalState>,
    pub cause: Cause,
    pub permitted: Option<Features>,
    pub global_call_id: Option<String>,
    /// What our private data says of groups.
    pub groups: GroupCall,
}

/// In which way two calls became one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JoinKind {
    /// `TransferedEvent`; the spelling is the standard's.
    Transferred,
    Conferenced,
}

/// Two calls became one, or a party was added to a conference.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinedEvent {
    pub kind: JoinKind,
    /// The call that was held; may name only call or device.
    pub primary_old: ConnectionId,
    /// The call that was active; a node that joins in one step has none.
    pub secondary_old: Option<ConnectionId>,
    /// Who transferred or made the conference.
    pub controller: Party,
    /// transferredToDevice, or addedParty.
    pub joined: Party,
    /// Who is in the new call: transferredConnections, conferenceConnections.
    pub connections: Vec<JoinedConnection>,
    pub local: Option<LocalState>,
    pub cause: Cause,
    pub permitted: Option<Features>,
    /// The new call's.
    pub global_call_id: Option<String>,
    /// That of the call that is no more.
    pub old_global_call_id: Option<String>,
    /// Transferred only, and only in our private data: whom the call was transferred to still rings.
    pub ringing: bool,
}

/// A connectionListItem: a connection of the new call, and what it was before.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JoinedConnection {
    pub new: Option<ConnectionId>,
    pub old: Option<ConnectionId>,
    pub endpoint: Party,
}

/// CallInformationEvent.
#[derive(Debug, Clone, PartialEq)]
pub struct InformationEvent {
    pub connection: ConnectionId,
    /// Of whom something was learnt.
    pub device: Party,
    pub calling: Party,
    /// accountInfo, decoded; whether it is verified is said in our private data.
    pub account: Option<Account>,
    pub permitted: Option<Features>,
    pub global_call_id: Option<String>,
}
