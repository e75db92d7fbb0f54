//! A leg: the monitored device's part of one call, as far as it is known.

use schemas::contract::cc::{CallEventType as Type, CallState, EventCauseType as Why};
use schemas::domain::{CallKey, Fact, Features, GlobalCallId, Group, Happening, LegId, LegSnapshot, LocalState, Party};

use super::messages::KnownLeg;

/// State of a leg, in the words of the application's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LegState {
    /// Off hook with dial tone; shown as ORIGINATED.
    Initiated,
    Originated,
    Delivered,
    Received,
    Established,
    Held,
    /// Waits at a busy device.
    Queued,
    /// Another waits at this device, which is busy.
    Waiting,
    Failed,
}

impl LegState {
    /// The contract's callState.
    #[must_use]
    pub fn shown(self) -> CallState {
        match self {
            Self::Initiated | Self::Originated => CallState::Originated,
            Self::Delivered => CallState::Delivered,
            Self::Received => CallState::Received,
            Self::Established => CallState::Established,
            Self::Held => CallState::Held,
            Self::Queued | Self::Waiting => CallState::Queued,
            Self::Failed => CallState::Failed,
        }
    }

    /// Whether the leg has the line's voice; behind it others are held or wait.
    #[must_use]
    pub fn is_active(self) -> bool {
        !matches!(self, Self::Held | Self::Received | Self::Waiting)
    }

    /// Whether what the node says of its connection is in keeping with this state.
    #[must_use]
    pub fn agrees(self, local: LocalState) -> bool {
        match self {
            Self::Initiated => matches!(local, LocalState::Initiated | LocalState::Connected),
            Self::Originated => matches!(local, LocalState::Initiated | LocalState::Connected),
            Self::Delivered | Self::Established => local == LocalState::Connected,
            Self::Received => local == LocalState::Alerting,
            Self::Held => local == LocalState::Hold,
            Self::Queued => matches!(local, LocalState::Queued | LocalState::Connected),
            Self::Waiting => local == LocalState::Queued,
            Self::Failed => local == LocalState::Fail,
        }
    }

    /// How a leg that a snapshot shows in this state is told, when the event itself was missed.
    #[must_use]
    pub fn missed(self, before: Option<Self>) -> (Type, Why) {
        match self {
            Self::Initiated | Self::Originated => (Type::CallOriginated, Why::NewCallInvoked),
            Self::Delivered => (Type::CallDelivered, Why::Delivered),
            Self::Received => (Type::CallReceived, Why::NewCall),
            Self::Established => match before {
                Some(Self::Held) => (Type::CallRetrieved, Why::RetrieveInvoked),
                Some(Self::Received) => (Type::CallEstablished, Why::AnsweredInvoked),
                _ => (Type::CallEstablished, Why::Answered),
            },
            Self::Held => (Type::CallHeld, Why::HardHoldInvoked),
            Self::Queued => (Type::CallQueued, Why::CallQueued),
            Self::Waiting => (Type::CallQueued, Why::CallIsWaiting),
            Self::Failed => (Type::CallFailed, Why::Unknown),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Leg {
    pub id: LegId,
    pub call: CallKey,
    pub state: LegState,
    pub calling: Party,
    pub called: Party,
    /// The trunk or peer by which the caller came in.
    pub network: Party,
    /// Who answered, once someone has.
    pub answering: Party,
    /// The group that the call rings for, or did until somebody answered.
    pub group: Option<Box<Group>>,
    /// Whether D was rung for it.
    pub member: bool,
    /// Everyone in a call of more than two; empty in others.
    pub members: Vec<Party>,
    pub global_call_id: Option<GlobalCallId>,
    /// What the node last permitted; `None` when it does not say.
    pub permitted: Option<Features>,
    /// What was last told of it.
    pub last: (Type, Why),
    /// Held to consult somebody beside it.
    pub held_for_consultation: bool,
    /// Nobody has answered at the far end yet: who takes a held leg back goes on waiting.
    pub far_rings: bool,
}

/// One of a life before; what was known of it besides is not.
impl From<KnownLeg> for Leg {
    fn from(known: KnownLeg) -> Self {
        Self { global_call_id: known.global_call_id, ..Self::new(known.id, known.call) }
    }
}

impl Leg {
    /// A leg of which nothing is known yet but its call.
    #[must_use]
    pub fn new(id: LegId, call: CallKey) -> Self {
        Self {
            id,
            call,
            state: LegState::Initiated,
            calling: Party::NotKnown,
            called: Party::NotKnown,
            network: Party::NotKnown,
            answering: Party::NotKnown,
            group: None,
            member: false,
            members: Vec::new(),
            global_call_id: None,
            permitted: None,
            last: (Type::CallOriginated, Why::NewCallInvoked),
            held_for_consultation: false,
            far_rings: false,
        }
    }

    /// A leg as a snapshot shows it.
    #[must_use]
    pub fn from_snapshot(id: LegId, snapshot: &LegSnapshot, own_number: &str) -> Option<Self> {
        let state = state_of(snapshot, own_number)?;
        Some(Self {
            id,
            call: snapshot.call.clone(),
            state,
            calling: snapshot.calling.clone(),
            called: snapshot.called.clone(),
            network: Party::NotKnown,
            answering: Party::NotKnown,
            group: None,
            member: false,
            members: if snapshot.parties.len() > 2 { snapshot.parties.clone() } else { Vec::new() },
            global_call_id: snapshot.global_call_id.clone(),
            permitted: snapshot.permitted,
            last: state.missed(None),
            held_for_consultation: false,
            far_rings: snapshot.far == Some(LocalState::Alerting),
        })
    }
}

impl Leg {
    /// The caller is this party; the way by which another came in is not that one's.
    pub fn called_by(&mut self, party: Party) {
        let same = match (self.calling.device(), party.device()) {
            (Some(known), Some(now)) => known.number == now.number,
            _ => self.calling == party,
        };
        if !same {
            self.network = Party::NotKnown;
        }
        self.calling = party;
    }

    /// The far end is this party from now on; `false` when it was known as such already.
    pub fn meet(&mut self, party: &Party, own_number: &str) -> bool {
        let is_own = |p: &Party| p.device().is_some_and(|d| d.number == own_number);
        let calls = is_own(&self.calling);
        let far = if calls { &mut self.called } else { &mut self.calling };
        if far == party {
            return false;
        }
        if calls {
            *far = party.clone();
        } else {
            self.called_by(party.clone());
        }
        if is_own(&self.calling) && self.answering != Party::NotKnown {
            self.answering = party.clone();
        }
        true
    }

    /// One of several has left: the far end is somebody who is still there, and a call of two has
    /// no members.
    pub fn part_from(&mut self, party: &Party, own_number: &str) {
        let is = |p: &Party, other: &Party| match (p.device(), other.device()) {
            (Some(p), Some(other)) => p.number == other.number,
            // Those who show no number cannot be told apart.
            _ => *p == Party::Restricted && p == other,
        };
        if let Some(at) = self.members.iter().position(|member| is(member, party)) {
            self.members.remove(at);
        }
        let is_own = |p: &Party| p.device().is_some_and(|d| d.number == own_number);
        let was_far = is(&self.calling, party) || is(&self.called, party);
        if was_far && let Some(other) = self.members.iter().find(|m| !is_own(m)).cloned() {
            self.meet(&other, own_number);
        }
        if self.members.len() <= 2 {
            self.members.clear();
        }
    }

    /// For which group the call rings, or by which it was answered. A call that goes elsewhere does so for that group no
    /// more; who was rung for it is a member all the same.
    pub fn learn_group(&mut self, happening: &Happening, acts: bool) {
        match happening.fact {
            Fact::Delivered => {
                self.group.clone_from(&happening.group);
                self.member = acts && self.group.is_some();
            }
            Fact::Diverted | Fact::Transferred | Fact::Conferenced if !self.member => self.group = None,
            _ if happening.group.is_some() => self.group.clone_from(&happening.group),
            _ => {}
        }
    }

    /// Whether the leg is held for a consultation.
    #[must_use]
    pub fn is_held_for_consultation(&self) -> bool {
        self.state == LegState::Held && self.held_for_consultation
    }
}

/// The state that a snapshot shows; `None` for a connection that is gone.
fn state_of(snapshot: &LegSnapshot, own_number: &str) -> Option<LegState> {
    let calls = snapshot.calling.device().is_some_and(|d| d.number == own_number);
    Some(match snapshot.local {
        LocalState::Null => return None,
        LocalState::Initiated => LegState::Initiated,
        LocalState::Alerting => LegState::Received,
        LocalState::Hold => LegState::Held,
        LocalState::Queued if calls => LegState::Queued,
        LocalState::Queued => LegState::Waiting,
        LocalState::Fail => LegState::Failed,
        LocalState::Connected => match snapshot.far {
            Some(LocalState::Alerting) => LegState::Delivered,
            Some(LocalState::Queued) => LegState::Queued,
            Some(LocalState::Fail) => LegState::Failed,
            // Nobody at the far end yet: D has dialled.
            Some(LocalState::Null | LocalState::Initiated) => LegState::Originated,
            None if calls && snapshot.called == Party::NotKnown => LegState::Originated,
            _ => LegState::Established,
        },
    })
}

#[cfg(test)]
mod tests {
    use schemas::domain::DeviceRef;

    use super::*;

    fn known(number: &str) -> Party {
        Party::Known(DeviceRef::number(number))
    }

    fn conference(members: &[Party]) -> Leg {
        let mut leg = Leg::new(LegId::new(7), CallKey::from("1-1"));
        (leg.calling, leg.called) = (Party::Restricted, known("1000"));
        leg.members = members.to_vec();
        leg
    }

    #[test]
    fn one_who_shows_no_number_leaves_a_conference_as_others_do() {
        let mut leg = conference(&[known("1000"), Party::Restricted, known("1001"), Party::Restricted]);
        leg.part_from(&Party::Restricted, "1000");
        assert_eq!(leg.members, [known("1000"), known("1001"), Party::Restricted], "one of them");
        leg.part_from(&known("1002"), "1000");
        assert_eq!(leg.members.len(), 3, "who is not there does not leave");
        leg.part_from(&Party::Restricted, "1000");
        assert!(leg.members.is_empty(), "a call of two has no members");
        assert_eq!(leg.calling, known("1001"), "the far end is who is still there");
    }

    #[test]
    fn who_is_not_known_to_have_left_is_not_left_out() {
        let mut leg = conference(&[known("1000"), Party::Restricted, known("1001")]);
        leg.part_from(&Party::NotKnown, "1000");
        assert_eq!(leg.members.len(), 3);
    }
}
