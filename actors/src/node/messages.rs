//! What is said to and by a `Node`.

use std::collections::HashMap;
use std::sync::Arc;

use actix::{Addr, Message, Recipient};
use schemas::csta::message::{DeviceProfile, SystemStatus};
use schemas::domain::{
    CallKey, Ceid, Command, DeviceRef, Dn, Done, FeatureGroup, Happening, HotDesk, HotDeskAnswer, LegSnapshot,
    NodeRefusal, ObjectId, Party, Presence, Setting,
};
use tokio::time::Instant;

use super::Node;
use super::flow::Settling;
use crate::cluster::Listed;
use crate::refusal::Refused;

/// Names one asked question, so that its answer finds its asker.
pub type Ticket = u64;

/// What a device may ask its node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Start a monitor; from then on facts come as [`Told::Happened`].
    Monitor(DeviceRef),
    /// Stop the object's monitor; nothing is answered.
    Unmonitor,
    /// The legs that the device has now.
    Legs(DeviceRef),
    /// The legs that another line of the device's number has now.
    Line(DeviceRef),
    /// The parties of one call.
    Details(DeviceRef, CallKey),
    /// How a group of features is set.
    Features(DeviceRef, FeatureGroup),
    /// Start a monitor of presence in every group of the node; answered by [`Told::Presence`].
    Presence,
    /// Who is absent now; answered by [`Told::Absent`].
    Absent,
    /// Do something; answered by [`Told::Outcome`] with the ticket.
    Perform(Ticket, Command),
}

/// A question of one object, and where its answers go.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Ask {
    pub object: ObjectId,
    /// Which life of the object's asks; later ones have higher numbers.
    pub life: u64,
    pub question: Question,
    pub answer_to: Recipient<Tell>,
}

/// Parties of a call, as SnapshotCall tells them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallDetails {
    pub calling: Party,
    pub called: Party,
    /// Everyone in the call, the device itself among them.
    pub parties: Vec<Party>,
}

/// What a node tells a device. Answers and facts come on this one path, so that they arrive in
/// the order in which the node said them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // most are facts: a box for each would cost more than the room
pub enum Told {
    Monitored(Result<(), NodeRefusal>),
    /// The node ended the monitor by itself.
    MonitorEnded,
    Legs(Result<Vec<LegSnapshot>, NodeRefusal>),
    /// Whether the device is in service, as the node says it with the legs; comes before them.
    Service(bool),
    /// Of another line of the number, as it was asked for.
    Line(DeviceRef, Result<Vec<LegSnapshot>, NodeRefusal>),
    Details(CallKey, Result<CallDetails, NodeRefusal>),
    Outcome(Ticket, Result<Done, NodeRefusal>),
    Settings(FeatureGroup, Result<Vec<Setting>, NodeRefusal>),
    Happened(Happening),
    /// The monitor of presence stands; group and member of everybody who is absent.
    Presence(Result<Vec<(Dn, Dn)>, NodeRefusal>),
    /// The same, asked for again.
    Absent(Result<Vec<(Dn, Dn)>, NodeRefusal>),
    PresenceChanged(Presence),
    /// Features were set; empty when the node did not say which.
    Changed(Vec<Setting>),
    /// To be handed on to every watcher: when all have it, what was told before is in their logs.
    Settled(Settling),
}

/// [`Told`] as a message; node and `life` are the connection it came over, so that a device can leave
/// aside what a connection that is gone still had under way.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Tell {
    pub ceid: Ceid,
    pub life: u64,
    pub told: Told,
}

/// What the node has configured for a number; answered by its deadline.
#[derive(Message)]
#[rtype(result = "Result<DeviceProfile, Refused>")]
pub struct Profile {
    pub dn: Dn,
}

/// Something about hot desk users; answered by its deadline.
#[derive(Message)]
#[rtype(result = "Result<HotDeskAnswer, Refused>")]
pub struct AskHotDesk(pub HotDesk);

/// To the NodeSupervisor: what became of a life.
#[derive(Message)]
#[rtype(result = "()")]
pub struct NodeNews {
    pub ceid: Ceid,
    pub life: u64,
    pub news: News,
}

pub enum News {
    /// The socket is open.
    Opened,
    /// The association stands; devices may ask.
    Up(Addr<Node>),
    /// What the node says of itself.
    Status(SystemStatus),
    /// The node's whole directory.
    Directory(HashMap<Dn, Listed>),
    Ended(Ended),
    /// What happened while the node was not heard is known, as far as it can be.
    LookedBack,
}

/// The life is over.
#[derive(Debug, Clone, Default)]
pub struct Ended {
    /// When the node was last heard in it, if it was.
    pub heard: Option<Instant>,
    /// Why, for who runs the gateway; `None` after a panic.
    pub why: Option<Arc<str>>,
}

/// Calls that a device knew before the link was lost; said before the device asks for anything.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Known(pub Vec<CallKey>);

/// From the DeviceSupervisor: every monitor was asked for again.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Restored {
    /// Milliseconds since the epoch, by our clock.
    pub now_ms: i64,
    /// Whether there is one.
    pub monitors: bool,
}

/// End this life in good order (planned stop).
#[derive(Message)]
#[rtype(result = "()")]
pub struct Close;
