//! The things of a switch: lines, calls as sets of legs, and the words for what happens to them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use schemas::csta::hot_desk::HotDeskRefusal;
use schemas::csta::message::{CallEventKind, JoinKind};
use schemas::csta::presence::PresenceRefusal;
use schemas::domain::{Account, Cause, DeviceRef, Dn, Features, Forwarding, Group, LocalState, Presence};
use serde::{Deserialize, Serialize};

use super::hot_desk::{Desk, Desking, Desks};
use crate::sim::deed::Deed;
use crate::sim::peer::{PartId, PeerMessage};
use crate::sim::plan::PhonePlan;
use crate::sim::trunks::Trunk;
use crate::sim::truth::{Truth, TruthFeature, TruthState};

/// One button of one set. Button 1 is the prime line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    pub dn: Dn,
    pub button: u8,
}

impl Line {
    #[must_use]
    pub fn prime(dn: Dn) -> Self {
        Self { dn, button: 1 }
    }

    /// The line that a device text names; `None` when its number is no DN.
    #[must_use]
    pub fn of(device: &DeviceRef) -> Option<Self> {
        let (set, button) = device.place();
        Some(Self { dn: set.parse().ok()?, button })
    }

    /// The device text's parts, without a name, as if every button showed its set's number.
    #[must_use]
    pub fn device(self) -> DeviceRef {
        DeviceRef { button: (self.button != 1).then_some(self.button), ..DeviceRef::number(self.dn.to_string()) }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.dn, self.button)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegNo(pub u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallNo(pub u64);

/// Why something happened. The first words are the standard's; the last three are ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    Normal,
    NewCall,
    MakeCall,
    NormalClearing,
    Busy,
    DoNotDisturb,
    CallNotAnswered,
    InvalidNumberFormat,
    NumberUnallocated,
    DestNotObtainable,
    DestOutOfOrder,
    TrunksBusy,
    NetworkCongestion,
    /// Class of service lets no call go there.
    Blocked,
    Consultation,
    Alternate,
    Transfer,
    Conference,
    Redirected,
    CallForwardImmediate,
    CallForwardBusy,
    CallForwardNoAnswer,
    CallPickup,
    /// Held too long.
    Recall,
    RecallBusy,
    RecallNoAnswer,
    CampOn,
    CallBack,
    /// Several lines ring for one number.
    MultipleAlerting,
    /// From one member of a group to others.
    Handoff,
    /// The link to the partner node is lost.
    PeerLost,
    /// The node lost its power.
    PowerLost,
}

impl Why {
    /// As an event says it.
    #[must_use]
    pub fn cause(self) -> Cause {
        match self {
            Self::Normal | Self::PowerLost => Cause::Normal,
            Self::NewCall => Cause::NewCall,
            Self::MakeCall => Cause::MakeCall,
            Self::NormalClearing => Cause::NormalClearing,
            Self::Busy => Cause::Busy,
            Self::DoNotDisturb => Cause::DoNotDisturb,
            Self::CallNotAnswered => Cause::CallNotAnswered,
            Self::InvalidNumberFormat => Cause::InvalidNumberFormat,
            Self::NumberUnallocated => Cause::NumberUnallocated,
            Self::DestNotObtainable => Cause::DestNotObtainable,
            Self::DestOutOfOrder => Cause::DestOutOfOrder,
            Self::TrunksBusy => Cause::TrunksBusy,
            Self::NetworkCongestion => Cause::NetworkCongestion,
            Self::Blocked => Cause::Blocked,
            Self::Consultation => Cause::Consultation,
            Self::Alternate => Cause::Alternate,
            Self::Transfer => Cause::Transfer,
            Self::Conference => Cause::Conference,
            Self::Redirected => Cause::Redirected,
            Self::CallForwardImmediate => Cause::CallForwardImmediate,
            Self::CallForwardBusy => Cause::CallForwardBusy,
            Self::CallForwardNoAnswer => Cause::CallForwardNoAnswer,
            Self::CallPickup => Cause::CallPickup,
            Self::Recall => Cause::Recall,
            Self::RecallBusy => Cause::RecallBusy,
            Self::RecallNoAnswer => Cause::RecallNoAnswer,
            Self::CampOn => Cause::CampOn,
            Self::CallBack => Cause::CallBack,
            Self::MultipleAlerting => Cause::MultipleAlerting,
            // The standard has no word for it.
            Self::Handoff => Cause::Redirected,
            Self::PeerLost => Cause::NetworkNotObtainable,
        }
    }
}

/// State of a leg: CSTA's connection states, with the caller's `connected` told apart by how far
/// the call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LegState {
    /// Dial tone; for a far leg: being set up.
    Initiated,
    Originated,
    Delivered,
    Alerting,
    Connected,
    Held,
    /// Waits for a busy phone.
    Queued,
    /// The leg at the busy phone for which a caller waits.
    Waiting,
    Failed,
}

impl LegState {
    /// Whether the leg has its line's voice path. A held leg waits behind it, an alerting one and one
    /// that waits in front of it.
    #[must_use]
    pub fn is_active(self) -> bool {
        !matches!(self, Self::Held | Self::Alerting | Self::Waiting)
    }

    #[must_use]
    pub fn local(self) -> LocalState {
        match self {
            Self::Initiated => LocalState::Initiated,
            Self::Originated | Self::Delivered | Self::Connected | Self::Queued => LocalState::Connected,
            Self::Waiting => LocalState::Queued,
            Self::Alerting => LocalState::Alerting,
            Self::Held => LocalState::Hold,
            Self::Failed => LocalState::Fail,
        }
    }

    #[must_use]
    pub fn truth(self) -> TruthState {
        match self {
            Self::Initiated => TruthState::Initiated,
            Self::Originated => TruthState::Originated,
            Self::Delivered => TruthState::Delivered,
            Self::Alerting => TruthState::Alerting,
            Self::Connected => TruthState::Connected,
            Self::Held => TruthState::Held,
            Self::Queued | Self::Waiting => TruthState::Queued,
            Self::Failed => TruthState::Failed,
        }
    }
}

/// Where a leg ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Line(Line),
    /// At a partner node; its state here is what the partner last told.
    Far {
        part: PartId,
        peer: u16,
        party: DeviceRef,
        /// Others who are behind it: members of a conference there.
        beyond: Vec<DeviceRef>,
    },
    /// Outside, over a trunk or peer of this node.
    Outside {
        trunk: Trunk,
        /// The caller as shown, or the number as it was dialled.
        party: DeviceRef,
        /// The called number as the network has it.
        number: String,
        incoming: bool,
    },
}

impl Place {
    #[must_use]
    pub fn line(&self) -> Option<Line> {
        match self {
            Self::Line(line) => Some(*line),
            Self::Far { .. } | Self::Outside { .. } => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    pub call: CallNo,
    pub place: Place,
    pub state: LegState,
    pub cause: Why,
    pub since_ms: i64,
    /// The other leg of a consultation on the same line: one of the two is held.
    pub pair: Option<LegNo>,
    /// The newest tones that arrived here.
    pub tones: String,
    /// What the call is charged to, as its line set it.
    pub account: Option<String>,
}

/// What happens when nobody does anything until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    NoAnswer,
    /// A partner's caller waits, and that node gives up: here it is only forwarded.
    Forward,
    Interdigit,
    /// A number outside answers by itself.
    OutsideAnswers,
}

/// A call: a set of legs with a name in the cluster and one at this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// CSTA callID.
    pub key: Arc<str>,
    pub gcid: Arc<str>,
    pub calling: DeviceRef,
    /// As dialled; with a name once somebody was found there.
    pub called: Option<DeviceRef>,
    /// Keyed so far, while there is dial tone.
    pub digits: String,
    /// In the order in which they joined; the caller's first.
    pub legs: Vec<LegNo>,
    pub timer: Option<(i64, Timer)>,
    /// Who transferred the call to a phone that has not answered yet: it is rung again when
    /// nobody does.
    pub recall: Option<Line>,
    /// Whom the one who is rung wanted to be called by: called when that one answers.
    pub callback: Option<String>,
    /// The number that it rings for, while that rings several lines or another's.
    pub group: Option<Dn>,
    /// The same of a number at a partner's.
    pub group_there: Option<Group>,
    /// Who made the conference, and whom that one put in last.
    pub maker: Option<LegNo>,
    pub added: Option<LegNo>,
    /// The last device that the call was taken away from.
    pub redirected: Option<DeviceRef>,
    /// Why it was forwarded last, when that is how it came to whom it is for now.
    pub forwarded: Option<Why>,
    /// Numbers that forwarded it, the first of them first.
    pub path: Vec<String>,
    /// By which way a caller from outside came in.
    pub came_in: Option<CameIn>,
}

impl Call {
    /// The trunk or peer by which the caller came in; another may be the caller by now.
    #[must_use]
    pub fn network(&self) -> Option<&DeviceRef> {
        self.came_in.as_ref().filter(|came| came.caller == self.calling.number).map(|came| &came.network)
    }
}

/// A caller from outside, and the trunk or peer by which that one came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameIn {
    /// The caller's number, as the call has it.
    pub caller: String,
    pub network: DeviceRef,
}

/// Somebody here wants what rings or is held at a partner's: the line is kept for it until the partner has
/// said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pick {
    pub line: Line,
    pub peer: u16,
    pub until_ms: i64,
}

#[derive(Debug, Clone)]
pub struct Phone {
    pub plan: PhonePlan,
    pub dnd: bool,
    /// Answers its calls by itself.
    pub auto_answer: bool,
    /// Where its calls are forwarded to.
    pub forwards: BTreeMap<Forwarding, String>,
}

impl Phone {
    #[must_use]
    pub fn name(&self) -> Option<String> {
        (!self.plan.name.is_empty()).then(|| self.plan.name.clone())
    }
}

/// Everything that is at a moment: what the invariants are about.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub phones: BTreeMap<Dn, Phone>,
    /// Who is logged in where.
    pub desks: Desks,
    /// Who is absent: group and member.
    pub absent: std::collections::BTreeSet<(Dn, Dn)>,
    /// Groups that are set otherwise than the plan says: whether one busy member makes all busy.
    pub one_busy: BTreeMap<Dn, bool>,
    pub calls: BTreeMap<CallNo, Call>,
    pub legs: BTreeMap<LegNo, Leg>,
    pub by_key: BTreeMap<Arc<str>, CallNo>,
    pub by_line: BTreeMap<Line, Vec<LegNo>>,
    pub by_part: BTreeMap<PartId, LegNo>,
    /// Legs of our lines that are held, in whichever way.
    pub holds: std::collections::BTreeSet<LegNo>,
    /// Pickups that a partner has not answered, by the part that the leg would have.
    pub picks: BTreeMap<PartId, Pick>,
    /// Numbers that left a message, by the phone where it waits.
    pub messages: BTreeMap<Dn, std::collections::BTreeSet<String>>,
    /// Partner nodes whose link is up.
    pub peers: std::collections::BTreeSet<u16>,
}

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
    /// Not done yet, and the rest is empty: a partner has to say. [`Output::Settled`] with this
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
