//! The CSTA messages that the gateway and its simulated node exchange, as types.
//!
//! Names are the standard's. What a peer may leave out is optional here; `read` is tolerant and
//! `write` strict (schema order).

use crate::domain::{Cause, Features, LocalState, Party, party::DeviceRef};

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

/// Service requests, and the one-way messages that are no events (SwitchingFunctionDevices).
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    SystemStatus {
        status: SystemStatus,
    },
    SystemRegister,
    StartApplicationSession {
        application: String,
        specific: Option<String>,
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
    /// A request of a service that we do not know: to be answered with serviceNotSupported.
    Unsupported {
        name: String,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    SystemStatus,
    SystemRegister { register: String },
    StartApplicationSession { session: String, version: String, duration_s: u32 },
    ResetApplicationSessionTimer { duration_s: u32 },
    StopApplicationSession,
    GetSwitchingFunctionDevices { cross_ref: String },
    MonitorStart { cross_ref: String },
    MonitorStop,
    SnapshotDevice { connections: Vec<DeviceConnection> },
    SnapshotCall { calling: Party, called: Party, global_call_id: Option<String>, devices: Vec<CallConnection> },
    MakeCall { calling: ConnectionId, global_call_id: Option<String> },
    AnswerCall,
    ClearConnection,
    HoldCall,
    RetrieveCall,
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

#[expect(clippy::large_enum_variant)] // most are of the large kind
#[derive(Debug, Clone, PartialEq)]
pub enum EventBody {
    Call(CallEvent),
    OutOfService {
        device: Party,
    },
    BackInService {
        device: Party,
    },
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
    pub local: Option<LocalState>,
    pub cause: Cause,
    pub permitted: Option<Features>,
    pub global_call_id: Option<String>,
}
