//! Faults put in on purpose, one at a time, to show that the oracle of the seeded simulation sees
//! them, and panics, to show what they cost. Compiled into test builds only.

use actix::{Handler, Message};
use schemas::domain::{Ceid, ObjectId, SessionId};

use crate::device::Device;
use crate::device_supervisor::DeviceSupervisor;
use crate::guard;
use crate::node::Node;
use crate::node_supervisor::NodeSupervisor;
use crate::session::Session;
use crate::session_supervisor::SessionSupervisor;
use crate::system_monitor::SystemMonitor;

/// What is wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Calling and called device change places in CALL_RECEIVED.
    PartiesSwapped,
    /// Now and then a CALL_CLEAR is not told.
    ClearLost,
    /// Now and then an event is kept twice.
    EventDoubled,
    /// Now and then the Global Call ID is another's.
    WrongGlobalCallId,
    /// featuresAllowed is that of another state.
    StaleFeatures,
    /// A conference is told without its last member.
    MemberLost,
    /// A hold for a consultation is told as a plain one.
    HoldPlain,
    /// Now and then a feature that was set is not told.
    FeatureLost,
    /// Do not disturb is told as it was before.
    FeatureStale,
    /// Each snapshot of the line 1000 makes its device panic.
    SnapshotPanics,
    /// No device is looked at again by itself. Found only where frames are lost: not in [`Fault::ALL`].
    AuditsOff,
}

impl Fault {
    /// Those that the oracle must find in what applications hear, in fair weather.
    pub const ALL: [Self; 9] = [
        Self::PartiesSwapped,
        Self::ClearLost,
        Self::EventDoubled,
        Self::WrongGlobalCallId,
        Self::StaleFeatures,
        Self::MemberLost,
        Self::HoldPlain,
        Self::FeatureLost,
        Self::FeatureStale,
    ];
}

/// Which fault is planted, if any.
#[derive(Debug, Clone, Copy, Default)]
pub struct Planted(pub Option<Fault>);

impl Planted {
    #[must_use]
    pub fn is(self, fault: Fault) -> bool {
        self.0 == Some(fault)
    }

    /// In a device's step; whether it is a snapshot's.
    pub(crate) fn at_snapshot(self, object: ObjectId, snapshot: bool) {
        assert!(!(snapshot && object.dn().to_string() == "1000" && self.is(Fault::SnapshotPanics)), "planted");
    }
}

/// Where a panic is planted, to show that it costs one life and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Node(Ceid),
    Device(ObjectId),
    /// The monitor of presence in the groups of that node.
    Presence(Ceid),
    Session(SessionId),
    NodeSupervisor,
    DeviceSupervisor,
    SessionSupervisor,
}

/// Panic in your next step.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Panic;

/// To the NodeSupervisor: the present life of that node panics.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct PanicNode(pub Ceid);

macro_rules! panics {
    ($($actor:ty, $name:literal;)*) => { $(
        impl Handler<Panic> for $actor {
            type Result = ();

            fn handle(&mut self, _: Panic, ctx: &mut Self::Context) {
                guard::step($name, "planted", ctx, |_| panic!("planted"));
            }
        }
    )* };
}

macro_rules! supervisors_panic {
    ($($actor:ty, $name:literal;)*) => { $(
        impl Handler<Panic> for $actor {
            type Result = ();

            fn handle(&mut self, _: Panic, _: &mut Self::Context) {
                guard::keep($name, || panic!("planted"));
            }
        }
    )* };
}

panics! { Node, "node"; Device, "device"; SystemMonitor, "system_monitor"; Session, "session"; }
supervisors_panic! {
    NodeSupervisor, "node_supervisor";
    DeviceSupervisor, "device_supervisor";
    SessionSupervisor, "session_supervisor";
}

/// To the DeviceSupervisor: the present life of that monitor panics.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct PanicPresence(pub Ceid);

impl Handler<PanicPresence> for DeviceSupervisor {
    type Result = ();

    fn handle(&mut self, PanicPresence(ceid): PanicPresence, _: &mut Self::Context) {
        if let Some(monitor) = self.presence(ceid) {
            monitor.do_send(Panic);
        }
    }
}

impl Handler<PanicNode> for NodeSupervisor {
    type Result = ();

    fn handle(&mut self, PanicNode(ceid): PanicNode, _: &mut Self::Context) {
        if let Some(node) = self.node(ceid) {
            node.do_send(Panic);
        }
    }
}
