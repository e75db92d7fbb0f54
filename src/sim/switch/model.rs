//! The things of a switch: lines, calls as sets of legs, and the words for what happens to them. `input` is what can be
//! asked of it and how that is refused, `output` what it says to the world.

mod input;
mod output;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use schemas::domain::{Cause, DeviceRef, Dn, Forwarding, Group, LocalState};
use serde::{Deserialize, Serialize};

pub use self::input::{By, Command, Done, Input, OutsideDeed, Refusal, Target, Two};
pub use self::output::{Changed, Charged, Happened, InUse, Joined, Joiner, Learnt, Output, Service, Setting, Witness};
use super::hot_desk::Desks;
use super::resilient::Pairing;
use crate::sim::peer::PartId;
use crate::sim::plan::PhonePlan;
use crate::sim::trunks::Trunk;
use crate::sim::truth::TruthState;

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
    /// When its first leg came, whether anybody answered, and the line that it came to last: for its record.
    pub began_ms: Option<i64>,
    pub answered: bool,
    pub reached: Option<Line>,
    /// It began at a node that died: its parties talk on, and can do nothing but hang up.
    pub stranded: bool,
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
    /// Which resilient phones are where.
    pub pairing: Pairing,
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
