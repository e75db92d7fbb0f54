//! Presence in groups, in our private data: who joins and leaves, and one monitor for all groups of a node.
//!
//! The types, and how they are read; `write` writes them. CSTA itself has nothing of it.

use super::message::{EventBody, Failure, PrivateRequest, PrivateResponse};
use super::own_refusal::{self, Row};
use super::read::Result;
use super::read::parts::{id, id_needed, truth};
use crate::domain::RefusalKind;
use crate::xml::Element;

/// Members who are absent that are read in one answer; a frame has no room for more.
const LISTED: usize = 1_024;

/// What is asked about presence in groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresenceRequest {
    Set {
        state: PresenceState,
        /// Whose class of service counts, where it is not the member's own.
        invoker: Option<String>,
    },
    /// A monitor of presence in every group of the node; MonitorStop ends it.
    Monitor,
    /// Of a member in each of its groups; without one, everybody who is absent, of all members of the node.
    State { member: Option<String> },
}

/// Whether a member takes part in a group: as it is to be, and as an event tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PresenceState {
    pub group: String,
    pub member: String,
    pub present: bool,
}

/// The answer to a monitor: its reference, and who is absent where; all other members are present.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PresenceMonitor {
    pub cross_ref: String,
    /// Group and member.
    pub absent: Vec<(String, String)>,
}

pub(super) fn request(asked: Element<'_, '_>) -> Result<PrivateRequest> {
    Ok(PrivateRequest::Presence(match asked.local() {
        "presence" => PresenceRequest::Set { state: state(asked, "presence")?, invoker: id(asked, "invoker")? },
        "presenceMonitor" => PresenceRequest::Monitor,
        "presenceState" => PresenceRequest::State { member: id(asked, "member")? },
        _ => return Ok(PrivateRequest::Unsupported),
    }))
}

pub(super) fn response(told: Element<'_, '_>) -> Result<PrivateResponse> {
    let absent = told.children().filter(|c| c.local() == "absent").take(LISTED);
    let member = |absent: Element<'_, '_>| {
        Ok((id_needed(absent, "presenceMonitor", "group")?, id_needed(absent, "presenceMonitor", "member")?))
    };
    Ok(PrivateResponse::PresenceMonitor(PresenceMonitor {
        cross_ref: id_needed(told, "presenceMonitor", "crossRef")?,
        absent: absent.map(member).collect::<Result<_>>()?,
    }))
}

/// The answer to what was asked for, a `state` for each member and group.
pub(super) fn states(told: Element<'_, '_>) -> Result<PrivateResponse> {
    let states = told.children().filter(|c| c.local() == "state").take(LISTED);
    states.map(|told| state(told, "presenceState")).collect::<Result<_>>().map(PrivateResponse::PresenceState)
}

pub(super) fn event(told: Element<'_, '_>) -> Result<EventBody> {
    state(told, "presenceChanged").map(EventBody::Presence)
}

fn state(told: Element<'_, '_>, message: &'static str) -> Result<PresenceState> {
    Ok(PresenceState {
        group: id_needed(told, message, "group")?,
        member: id_needed(told, message, "member")?,
        present: truth(&id_needed(told, message, "present")?),
    })
}

/// Why a node does not do it, as the words that it says in `privateErrorCode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PresenceRefusal {
    UnknownGroup,
    NotMember,
    /// The prime member is always there.
    Prime,
    /// Class of service of who asks for it.
    NotPermitted,
    UnknownInvoker,
}

/// Word, kind and the text for applications.
const REFUSALS: [Row<PresenceRefusal>; 5] = {
    use RefusalKind::{Privilege, State, Unknown};
    [
        (PresenceRefusal::UnknownGroup, "groupUnknown", Unknown, "The node does not know this group."),
        (PresenceRefusal::NotMember, "groupNotMember", State, "The device is no member of the group."),
        (PresenceRefusal::Prime, "groupPrime", State, "The prime member cannot leave its group."),
        (
            PresenceRefusal::NotPermitted,
            "groupNotPermitted",
            Privilege,
            "The class of service does not permit presence in groups to be set.",
        ),
        (PresenceRefusal::UnknownInvoker, "groupInvokerUnknown", Unknown, "The node does not know the invoker."),
    ]
};

impl PresenceRefusal {
    /// For people.
    #[must_use]
    pub fn text(self) -> &'static str {
        own_refusal::text(&REFUSALS, self)
    }

    /// As a node says it.
    #[must_use]
    pub fn failure(self) -> Failure {
        own_refusal::failure(&REFUSALS, self)
    }
}

/// What such a word means; `None` for one of another maker's.
pub(super) fn refusal(failure: &Failure) -> Option<(RefusalKind, &'static str)> {
    own_refusal::meaning(&REFUSALS, failure)
}
