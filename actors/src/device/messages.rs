//! What is said to a `Device`.

use std::sync::Arc;

use actix::{Addr, Message, Recipient};
use schemas::contract::cc::CallEventMsg;
use schemas::domain::{CallKey, Ceid, Forwarding, GlobalCallId, LegId, ObjectId, SessionId, Setting};
use tokio::sync::OwnedSemaphorePermit;

use crate::event::{Deliver, Event, Topics};
use crate::journal::Journal;
use crate::node::Node;
use crate::refusal::Refused;
use crate::standing::Standing;
use crate::system_monitor::Absent;

/// What an application may ask of a leg or line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    MakeCall {
        number: String,
        /// What the call is charged to.
        account: Option<String>,
    },
    Answer(LegId),
    Clear(LegId),
    Hold(LegId),
    Retrieve(LegId),
    Consult {
        leg: LegId,
        number: String,
    },
    /// Those on two legs take the id of either.
    CancelConsultation(LegId),
    Alternate(LegId),
    Transfer(LegId),
    Conference(LegId),
    SplitConference(LegId),
    Redirect {
        leg: LegId,
        number: String,
    },
    /// Answer here what rings at that number.
    PickUp {
        number: String,
    },
    NewCall(LegId),
    SendDigits {
        leg: LegId,
        digits: String,
    },
    DoNotDisturb(bool),
    /// Forward calls to a number, or end it.
    Forward {
        which: Forwarding,
        on: bool,
        number: String,
    },
    /// Wait at the busy device that was called.
    CampOn(LegId),
    /// Hold the active call and answer the one that waits; takes the id of either.
    Trade(LegId),
    /// Be called when whom the call was for is free.
    CallBack(LegId),
    /// Leave a message for whom the call is for.
    LeaveMessage(LegId),
    /// Leave a message here: that number wants to be called.
    LeaveMessageAt {
        from: String,
    },
    ClearMessageAt {
        from: String,
    },
    /// Take over here what is held at that number.
    RetrieveFrom {
        holder: String,
    },
    SetAccount {
        leg: LegId,
        code: String,
    },
    /// Take part in a group, or not.
    Presence {
        group: String,
        present: bool,
        /// Who wants it, where that is not the device itself.
        invoker: Option<String>,
    },
}

/// Do it; answered when the node has answered, or at the deadline.
#[derive(Message)]
#[rtype(result = "Result<(), Refused>")]
pub struct Perform {
    pub action: Action,
    /// Whose application wants it.
    pub session: SessionId,
}

impl Action {
    /// As people read it; what is somebody's secret is not in it.
    pub(crate) fn brief(&self) -> String {
        let text = format!("{self:?}");
        let word: String = text.chars().take_while(char::is_ascii_alphanumeric).collect();
        match self {
            Self::MakeCall { number, .. }
            | Self::Consult { number, .. }
            | Self::Redirect { number, .. }
            | Self::PickUp { number } => format!("{word} {number}"),
            Self::RetrieveFrom { holder } => format!("{word} {holder}"),
            Self::LeaveMessageAt { from } | Self::ClearMessageAt { from } => format!("{word} {from}"),
            Self::DoNotDisturb(on) => format!("{word} {}", if *on { "on" } else { "off" }),
            Self::Forward { which, on, number } => {
                format!("{word} {which:?} {}", if *on { number.as_str() } else { "off" })
            }
            Self::Presence { group, present, .. } => {
                format!("{word} {group} {}", if *present { "present" } else { "absent" })
            }
            // Digits may be a PIN, and a code is what somebody is charged by.
            _ => word,
        }
    }
}

/// The present state as the contract's callEvent.
#[derive(Message)]
#[rtype(result = "Result<Box<CallEventMsg>, Refused>")]
pub struct Status;

/// How the device's features are set now; answered when the node has told, or at the deadline.
#[derive(Message)]
#[rtype(result = "Result<Vec<Setting>, Refused>")]
pub struct LookAtFeatures;

/// From the DeviceSupervisor: this session watches (again).
#[derive(Message)]
#[rtype(result = "()")]
pub struct Watch {
    pub session: SessionId,
    pub deliver: Recipient<Deliver>,
    pub standing: Standing,
    /// What it watches from now on, besides what it does already.
    pub topics: Topics,
}

#[derive(Message)]
#[rtype(result = "()")]
pub struct Unwatch {
    pub session: SessionId,
    pub topics: Topics,
}

/// Tell this session the present state: it lost events of this object.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Restate {
    pub session: SessionId,
}

/// A node of the device's can be asked.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Arm {
    pub ceid: Ceid,
    /// It was so when the device began.
    pub begins: bool,
    pub life: u64,
    pub node: Addr<Node>,
    /// Of one of many that are restored: kept until the state is known, so that there are not too many at a time.
    pub turn: Option<OwnedSemaphorePermit>,
}

/// The connection to that node is gone; answers with the event that says so.
#[derive(Message)]
#[rtype(result = "Option<Arc<Event>>")]
pub struct LinkLost {
    pub ceid: Ceid,
    pub life: u64,
}

/// The sessions have that event: what follows from the loss may be told.
#[derive(Message)]
#[rtype(result = "()")]
pub struct LossTold;

/// Nobody watches any more.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Retire;

/// To the DeviceSupervisor: a life ended. The leg ids are handed on, so that an application's
/// ids stay good when a panic ended the life, and the features as they were known.
#[derive(Message)]
#[rtype(result = "()")]
pub struct DeviceEnded {
    pub object: ObjectId,
    pub life: u64,
    pub memory: Memory,
}

impl DeviceEnded {
    /// Nobody watches any more: no next life needs to know, and no next process.
    pub(crate) fn forget(&mut self, journal: &Journal) {
        if std::mem::take(&mut self.memory) != Memory::default() {
            journal.object(self.object, &self.memory);
        }
    }
}

/// What watchers know of a leg, by which they know it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownLeg {
    pub call: CallKey,
    pub id: LegId,
    pub global_call_id: Option<GlobalCallId>,
    /// Why it is held, where it is: a snapshot does not say.
    pub held_for_consultation: bool,
}

#[cfg(test)]
pub(crate) fn known_leg(call: &str, id: u64) -> KnownLeg {
    let global_call_id = Some(GlobalCallId::from(&*format!("G{call}")));
    KnownLeg { call: call.into(), id: LegId::new(id), global_call_id, held_for_consultation: id % 2 == 1 }
}

/// What one life of a device leaves to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    pub legs: Vec<KnownLeg>,
    pub settings: Vec<Setting>,
    /// Of a monitor of presence: who is absent, where that is known.
    pub absent: Option<Box<Absent>>,
}
