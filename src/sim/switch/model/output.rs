//! What comes out of a switch: what happened, to whom it is told, and what is true.

use std::sync::Arc;

use schemas::csta::message::{CallEventKind, JoinKind};
use schemas::domain::{Account, DeviceRef, Dn, Features, Forwarding, Group, LocalState, Presence};

use super::{Done, LegState, Line, Refusal, Why};
use crate::sim::peer::PeerMessage;
use crate::sim::switch::hot_desk::Desk;
use crate::sim::truth::{Truth, TruthFeature};

/// A monitored line's part in what happened, as it is right after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    pub line: Line,
    pub local: LocalState,
    /// What an application may do at the line with this call.
    pub permitted: Features,
}

/// Something happened to a call: what monitors of its lines are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    pub kind: CallEventKind,
    pub call: Arc<str>,
    pub gcid: Arc<str>,
    /// The device of the connection that the event is about.
    pub connection: DeviceRef,
    pub subject: DeviceRef,
    pub calling: DeviceRef,
    pub called: Option<DeviceRef>,
    /// The last device that the call was taken away from.
    pub redirected: Option<DeviceRef>,
    /// Diverted only: where the call goes.
    pub destination: Option<DeviceRef>,
    /// The trunk or peer by which the caller came in.
    pub network: Option<Box<DeviceRef>>,
    /// The group that the call rings for.
    pub group: Option<Box<Group>>,
    /// It went from one member of a group to others.
    pub handoff: bool,
    pub why: Why,
    pub witnesses: Vec<Witness>,
}

/// One party of a call that two calls became: its device, and which call it was in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joiner {
    pub device: DeviceRef,
    pub was: Arc<str>,
}

/// Two calls became one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    pub kind: JoinKind,
    /// The call that goes on.
    pub call: Arc<str>,
    pub gcid: Arc<str>,
    /// The call that is no more; none when it was a partner's.
    pub ended: Option<Arc<str>>,
    pub ended_gcid: Option<Arc<str>>,
    pub controller: DeviceRef,
    /// Whom the call was transferred to, or who was added.
    pub joined: Option<DeviceRef>,
    pub parties: Vec<Joiner>,
    /// Whether whom the call was transferred to has not answered yet.
    pub ringing: bool,
    pub witnesses: Vec<Witness>,
}

/// The other party of a call, or the call's name, is another now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learnt {
    pub call: Arc<str>,
    pub gcid: Arc<str>,
    pub device: DeviceRef,
    pub calling: DeviceRef,
    pub witnesses: Vec<Witness>,
}

/// A line set what its call is charged to; only that line is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charged {
    pub call: Arc<str>,
    pub gcid: Arc<str>,
    pub device: DeviceRef,
    pub calling: DeviceRef,
    pub account: Account,
    pub witnesses: Vec<Witness>,
}

/// To an idle line: another of its set is in use, or is no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUse {
    /// Whom it is told.
    pub line: Line,
    pub used: Line,
    /// That line, as events name it.
    pub device: DeviceRef,
    /// The call by which it was taken into use, in both tellings.
    pub call: Arc<str>,
    pub gcid: Arc<str>,
    pub state: LegState,
    pub over: bool,
}

/// A feature as it is set now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    DoNotDisturb(bool),
    AutoAnswer(bool),
    Forward(Forwarding, Option<String>),
    /// The lamp is lit, or went out.
    MessageWaiting(bool),
    /// A user came there, or left.
    HotDesk {
        user: Dn,
        at: Option<Desk>,
    },
}

/// A feature of a phone was set otherwise than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub device: DeviceRef,
    pub setting: Setting,
    /// The lines of its set.
    pub lines: Vec<Line>,
}

/// A number went out of service, or came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub device: DeviceRef,
    pub on: bool,
    /// The lines of its set.
    pub lines: Vec<Line>,
}

/// What the switch says to the world.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // most are what happened: a box for each would cost more than the room
pub enum Output {
    Truth(Truth),
    TruthFeature(TruthFeature),
    Happened(Happened),
    Joined(Joined),
    Learnt(Learnt),
    Charged(Charged),
    InUse(InUse),
    Changed(Changed),
    /// What came of a command that had to wait.
    Settled(u64, Result<Done, Refusal>),
    Service(Service),
    /// A member joined a group or left it.
    Presence(Presence),
    Peer(u16, PeerMessage),
    /// An invariant is broken: a fault of the switch itself.
    Broken(String),
}
