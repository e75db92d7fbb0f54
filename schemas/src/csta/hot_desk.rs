//! Hot desking in our private data: who logs in where, and who is logged in where.
//!
//! The types, and how they are read; `write` writes them. CSTA itself has nothing of it.

use super::message::{EventBody, Failure, PrivateRequest, PrivateResponse};
use super::own_refusal::{self, Row};
use super::read::parts::{id, id_needed};
use super::read::{ReadFault, Result};
use crate::domain::{Pin, RefusalKind};
use crate::xml::Element;

/// What is asked about hot desk users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HotDeskRequest {
    /// A user logs in at a set.
    Login {
        set: String,
        user: String,
        pin: Pin,
    },
    /// An external user logs in at an outside number; at the one that is configured when none is given.
    LoginOutside {
        user: String,
        pin: Pin,
        number: Option<String>,
    },
    Logout(HotDeskOf),
    /// Whether the PIN is the user's; nothing changes.
    Verify {
        user: String,
        pin: Pin,
    },
    /// Who is logged in where.
    State(HotDeskOf),
}

/// Whose login is meant: that at a set, or that of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HotDeskOf {
    Set(String),
    User(String),
}

/// Who is logged in where, as an answer and as an event. Of a user who is logged in nowhere there is no place; of a
/// set where nobody is logged in there is no user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HotDeskState {
    pub user: Option<String>,
    pub set: Option<String>,
    /// The outside number at which an external user is reached.
    pub outside: Option<String>,
}

pub(super) fn request(asked: Element<'_, '_>) -> Result<PrivateRequest> {
    Ok(PrivateRequest::HotDesk(match asked.local() {
        "hotDeskLogin" => {
            let (user, pin) = (id_needed(asked, "hotDeskLogin", "user")?, pin(asked, "hotDeskLogin")?);
            match id(asked, "set")? {
                Some(set) => HotDeskRequest::Login { set, user, pin },
                None => HotDeskRequest::LoginOutside { user, pin, number: id(asked, "outside")? },
            }
        }
        "hotDeskLogout" => HotDeskRequest::Logout(of(asked, "hotDeskLogout")?),
        "hotDeskVerify" => HotDeskRequest::Verify {
            user: id_needed(asked, "hotDeskVerify", "user")?,
            pin: pin(asked, "hotDeskVerify")?,
        },
        "hotDeskState" => HotDeskRequest::State(of(asked, "hotDeskState")?),
        _ => return Ok(PrivateRequest::Unsupported),
    }))
}

pub(super) fn response(told: Element<'_, '_>) -> Result<PrivateResponse> {
    state(told).map(PrivateResponse::HotDesk)
}

/// The event of a login or logout; one that names no user is of no use.
pub(super) fn event(told: Element<'_, '_>) -> Result<EventBody> {
    let state = state(told)?;
    if state.user.is_none() {
        return Err(ReadFault::Missing { message: "hotDeskChanged", field: "user" });
    }
    Ok(EventBody::HotDesk(state))
}

fn state(told: Element<'_, '_>) -> Result<HotDeskState> {
    Ok(HotDeskState { user: id(told, "user")?, set: id(told, "set")?, outside: id(told, "outside")? })
}

/// Something that is no PIN is as good as none.
fn pin(asked: Element<'_, '_>, message: &'static str) -> Result<Pin> {
    Pin::new(&id_needed(asked, message, "pin")?).map_err(|_| ReadFault::Missing { message, field: "pin" })
}

fn of(asked: Element<'_, '_>, message: &'static str) -> Result<HotDeskOf> {
    match id(asked, "set")? {
        Some(set) => Ok(HotDeskOf::Set(set)),
        None => id_needed(asked, message, "user").map(HotDeskOf::User),
    }
}

/// Why a node does not do it, as the words that it says in `privateErrorCode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HotDeskRefusal {
    UnknownUser,
    /// The number is another node's.
    ElsewhereUser,
    /// The number is that of a node which is not reached, or does not answer.
    Unreachable,
    WrongPin,
    /// The set does not accept hot desk users.
    NotAccepted,
    /// Another user is logged in at the set.
    Taken,
    LoggedIn,
    NotLoggedIn,
    /// The set, or the user at another one, has a call.
    InCall,
    /// An external user does not log in at a set.
    External,
    /// Only an external user is reached at an outside number.
    Internal,
    NotDialable,
}

/// Word, kind and the text for applications.
const REFUSALS: [Row<HotDeskRefusal>; 12] = {
    use RefusalKind::{Privilege, Resource, State, Unknown, WrongPin};
    [
        (HotDeskRefusal::UnknownUser, "hotDeskUserUnknown", Unknown, "The node does not know this hot desk user."),
        (HotDeskRefusal::ElsewhereUser, "hotDeskUserElsewhere", Unknown, "The hot desk user is of another node."),
        (
            HotDeskRefusal::Unreachable,
            "hotDeskHomeUnreachable",
            Resource,
            "The hot desk user's node cannot be reached.",
        ),
        (HotDeskRefusal::WrongPin, "hotDeskPinWrong", WrongPin, "The PIN is wrong."),
        (HotDeskRefusal::NotAccepted, "hotDeskNotAccepted", Privilege, "The device does not accept hot desk users."),
        (HotDeskRefusal::Taken, "hotDeskSetTaken", State, "Another hot desk user is logged in at the device."),
        (HotDeskRefusal::LoggedIn, "hotDeskLoggedIn", State, "The hot desk user is logged in there already."),
        (HotDeskRefusal::NotLoggedIn, "hotDeskNotLoggedIn", State, "No hot desk user is logged in there."),
        (HotDeskRefusal::InCall, "hotDeskInCall", State, "The device or the hot desk user has a call."),
        (HotDeskRefusal::External, "hotDeskExternal", State, "An external hot desk user does not log in at a device."),
        (HotDeskRefusal::Internal, "hotDeskInternal", State, "The hot desk user is not an external one."),
        (HotDeskRefusal::NotDialable, "hotDeskNotDialable", State, "The outside number cannot be dialled."),
    ]
};

impl HotDeskRefusal {
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
