//! What goes into a switch: what people, applications, partners and the network do, and why it is refused.

use std::sync::Arc;

use schemas::csta::hot_desk::HotDeskRefusal;
use schemas::csta::presence::PresenceRefusal;
use schemas::domain::{DeviceRef, Dn, Forwarding, Presence};
use serde::{Deserialize, Serialize};

use super::Line;
use crate::sim::deed::Deed;
use crate::sim::peer::PeerMessage;
use crate::sim::switch::hot_desk::Desking;

/// Whose wish it is: an application's is subject to class of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Person,
    Application,
}

/// A leg at a line: that of the named call, or the one that the line's user would mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub line: Line,
    pub call: Option<String>,
}

/// The two legs of a consultation at a line, by their calls where they are named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Two {
    pub line: Line,
    pub held: Option<String>,
    pub active: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Dial tone; answers when the line rings.
    OffHook(Line),
    /// Goes off hook when there is no dial tone yet.
    MakeCall {
        line: Line,
        number: String,
    },
    /// The same with what the call is charged to.
    ChargedCall {
        line: Line,
        number: String,
        account: String,
    },
    /// Keys pressed one by one: dialling while there is dial tone, tones in a call.
    Digits {
        target: Target,
        digits: String,
    },
    Answer(Target),
    Clear(Target),
    Hold(Target),
    Retrieve(Target),
    /// Holds the call and calls a number from the same line.
    Consult {
        target: Target,
        number: String,
    },
    /// Ends the consultation and takes the held call back.
    Reconnect(Two),
    Alternate(Two),
    Transfer(Two),
    Conference(Two),
    /// The maker of a conference speaks with the last added alone; the others are held.
    Split(Target),
    /// Sends a ringing call elsewhere.
    Redirect {
        target: Target,
        number: String,
    },
    /// Answers at `line` what rings at the target, or at any line of its number.
    PickUp {
        line: Line,
        ringing: Target,
    },
    /// Clears a call that leads nowhere and gives dial tone on its line.
    NewCall(Target),
    /// Waits at the busy phone that was called.
    CampOn(Target),
    /// Holds the call that the line has and answers the one that waits for it.
    Trade(Target),
    /// Be called when whom the call was for is free.
    CallBack(Target),
    /// Leave a message for whom the call is for.
    LeaveMessage(Target),
    /// Leave a message at a phone: `from` wants to be called.
    LeaveMessageAt {
        at: Dn,
        from: String,
    },
    ClearMessageAt {
        at: Dn,
        from: String,
    },
    /// Take over at `line` what is held at another number.
    RetrieveFrom {
        line: Line,
        holder: Dn,
    },
    /// Says what a call is charged to.
    Account {
        target: Target,
        code: String,
    },
    HotDesk(Desking),
    /// A member of a group gives the line's call to the others, or takes the call that another has.
    HandOff(Line),
    /// Whether a group's number is busy while one of its members is, whatever the plan says.
    OneBusyAllBusy {
        group: Dn,
        on: bool,
    },
    /// A member joins a group or leaves it; the invoker's class of service counts where there is one.
    Presence {
        presence: Presence,
        invoker: Option<Dn>,
    },
    DoNotDisturb {
        dn: Dn,
        on: bool,
    },
    /// Whether a phone answers its calls by itself.
    AutoAnswer {
        dn: Dn,
        on: bool,
    },
    /// Forwards calls for a number; `None` ends it.
    Forward {
        dn: Dn,
        which: Forwarding,
        number: Option<String>,
    },
}

/// What somebody outside does; calls are named by their leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutsideDeed {
    /// Calls a direct-in number.
    Call {
        /// As the network shows it; `None` when it is withheld.
        from: Option<String>,
        name: Option<String>,
        to: String,
    },
    Answer(u64),
    HangUp(u64),
}

/// Everything that can happen to the switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Command(By, Command),
    /// Somebody does something at a set where a user of another node is.
    Deed {
        set: Dn,
        button: u8,
        deed: Deed,
    },
    Outside(OutsideDeed),
    /// A partner node said something.
    Peer(u16, PeerMessage),
    PeerUp(u16),
    PeerDown(u16),
    /// The sets of a node whose link is down reach it, or do not: of that the link says nothing.
    Seen(u16),
    Unseen(u16),
    /// Look at the timers.
    Tick,
    /// Everything is lost at once.
    Power {
        epoch_ms: i64,
    },
}

/// An input was taken; the call that it was about, if any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    pub call: Option<Arc<str>>,
    pub gcid: Option<Arc<str>>,
    /// Whom a transfer put the held party through to.
    pub to: Option<DeviceRef>,
    /// The leg of who called from outside.
    pub outside: Option<u64>,
    /// Not done yet, and the rest is empty: a partner has to say. [`super::Output::Settled`] with this
    /// number tells what came of it.
    pub waits: Option<u64>,
}

/// Why a command was not done. Nothing has changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
pub enum Refusal {
    #[error("no such phone or button")]
    UnknownDevice,
    #[error("no such call at this line")]
    UnknownConnection,
    #[error("class of service forbids it")]
    Privilege,
    #[error("the leg is in another state")]
    WrongState,
    #[error("the line is in use")]
    LineInUse,
    #[error("nothing to answer")]
    NoCallToAnswer,
    #[error("nothing to clear")]
    NoConnectionToClear,
    #[error("no active call")]
    NoActiveCall,
    #[error("no held call")]
    NoHeldCall,
    #[error("another call is held on this line")]
    HoldInUse,
    #[error("not a number to dial")]
    InvalidDestination,
    #[error("out of service")]
    OutOfService,
    #[error("{}", .0.text())]
    HotDesk(HotDeskRefusal),
    #[error("{}", .0.text())]
    Presence(PresenceRefusal),
    #[error("there is no call to hand off")]
    NothingToHandOff,
    #[error("no other member can be rung")]
    NoMemberFree,
    #[error("calls cannot be forwarded there")]
    BadForward,
    #[error("the conference is full")]
    ConferenceFull,
    #[error("all trunks are in use")]
    TrunksBusy,
    #[error("the partner node cannot be reached")]
    Unreachable,
    #[error("it is set already")]
    AlreadySet,
    #[error("no such message")]
    UnknownMessage,
    #[error("there is no room for more")]
    Full,
    #[error("not an account code that is accepted")]
    BadAccountCode,
    #[error("class of service asks for an account code")]
    AccountNeeded,
}

impl From<PresenceRefusal> for Refusal {
    fn from(refusal: PresenceRefusal) -> Self {
        Self::Presence(refusal)
    }
}

impl From<HotDeskRefusal> for Refusal {
    fn from(refusal: HotDeskRefusal) -> Self {
        Self::HotDesk(refusal)
    }
}
