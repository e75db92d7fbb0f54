//! What a person does at a phone, and the command that it is.
//!
//! Made by `hands`; done by the switch of the node where the lines are, which is another one where a hot desk user is
//! away from home: nodes say it to each other then.

use schemas::domain::{Dn, Forwarding, Pin, Presence};
use serde::{Deserialize, Serialize};

use super::switch::{Command, Desking, Line, Target, Two};

/// What a person does at a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Deed {
    OffHook,
    /// The whole number at once; goes off hook when there is no dial tone yet.
    Dial(String),
    /// Keys one by one.
    Digits(String),
    Answer,
    HangUp,
    Hold,
    Retrieve,
    Consult(String),
    /// Ends the consultation and goes back.
    Cancel,
    Alternate,
    Transfer,
    Conference,
    Split,
    Redirect(String),
    /// Answers what rings at a number.
    PickUp(#[serde(with = "digits")] Dn),
    /// Dial tone instead of a call that leads nowhere.
    NewCall,
    /// Waits at the busy phone that was called.
    CampOn,
    Trade,
    /// Be called when whom the call was for is free.
    CallBack,
    /// Leave a message for whom the call is for.
    LeaveMessage,
    /// Take over what is held at a number.
    RetrieveFrom(#[serde(with = "digits")] Dn),
    /// Says what the call is charged to.
    Account(String),
    DoNotDisturb(bool),
    /// The phone answers its calls by itself.
    AutoAnswer(bool),
    /// A hot desk user comes to the set; an external one, whose own number stands for it, to an outside number.
    #[serde(skip)]
    LogIn {
        user: Dn,
        pin: Pin,
        outside: Option<String>,
    },
    #[serde(skip)]
    LogOut,
    /// Gives the line's call to the other members of a group, or takes the call that another has.
    HandOff,
    /// Whether one busy member makes all of the prime's group busy.
    #[serde(skip)]
    OneBusyAllBusy(bool),
    /// Joins a group, or leaves it.
    #[serde(skip)]
    Presence {
        group: Dn,
        present: bool,
    },
    /// Calls go to the number; `None` ends it.
    Forward(#[serde(with = "word")] Forwarding, Option<String>),
}

impl Deed {
    /// Whether it is about the set itself, whoever is there.
    #[must_use]
    pub fn is_of_the_set(&self) -> bool {
        matches!(self, Self::LogIn { .. } | Self::LogOut | Self::OneBusyAllBusy(_) | Self::Presence { .. })
    }

    /// The command that it is at a set, whose line is `line` now. `is_user` says that the set's number is a hot desk
    /// user's own.
    #[must_use]
    pub fn command(self, set: Dn, line: Line, is_user: bool) -> Command {
        let here = Target { line, call: None };
        let both = Two { line, held: None, active: None };
        match self {
            Self::OffHook => Command::OffHook(line),
            Self::Dial(number) => Command::MakeCall { line, number },
            Self::Digits(digits) => Command::Digits { target: here, digits },
            Self::Answer => Command::Answer(here),
            Self::HangUp => Command::Clear(here),
            Self::Hold => Command::Hold(here),
            Self::Retrieve => Command::Retrieve(here),
            Self::Consult(number) => Command::Consult { target: here, number },
            Self::Cancel => Command::Reconnect(both),
            Self::Alternate => Command::Alternate(both),
            Self::Transfer => Command::Transfer(both),
            Self::Conference => Command::Conference(both),
            Self::Split => Command::Split(here),
            Self::Redirect(number) => Command::Redirect { target: here, number },
            Self::PickUp(dn) => Command::PickUp { line, ringing: Target { line: Line::prime(dn), call: None } },
            Self::NewCall => Command::NewCall(here),
            Self::CampOn => Command::CampOn(here),
            Self::Trade => Command::Trade(here),
            Self::CallBack => Command::CallBack(here),
            Self::LeaveMessage => Command::LeaveMessage(here),
            Self::RetrieveFrom(holder) => Command::RetrieveFrom { line, holder },
            Self::Account(code) => Command::Account { target: here, code },
            Self::DoNotDisturb(on) => Command::DoNotDisturb { dn: line.dn, on },
            Self::AutoAnswer(on) => Command::AutoAnswer { dn: line.dn, on },
            Self::LogIn { user, pin, outside } if user == set => {
                Command::HotDesk(Desking::LogInOutside { user, pin, number: outside })
            }
            Self::LogIn { user, pin, .. } => Command::HotDesk(Desking::LogIn { set, user, pin }),
            Self::LogOut if is_user => Command::HotDesk(Desking::LogOut(set)),
            Self::LogOut => Command::HotDesk(Desking::LogOutAt(set)),
            Self::OneBusyAllBusy(on) => Command::OneBusyAllBusy { group: set, on },
            Self::HandOff => Command::HandOff(line),
            Self::Presence { group, present } => {
                let presence = Presence { group, member: set, present };
                Command::Presence { presence, invoker: None }
            }
            Self::Forward(which, number) => Command::Forward { dn: line.dn, which, number },
        }
    }
}

/// A number as its digits.
mod digits {
    use schemas::domain::Dn;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(dn: &Dn, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(dn)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Dn, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// A way to forward calls by the hands' word for it.
mod word {
    use schemas::domain::Forwarding;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::sim::switch::FORWARDINGS;

    #[expect(clippy::trivially_copy_pass_by_ref)] // as serde calls it
    pub(super) fn serialize<S: Serializer>(which: &Forwarding, to: S) -> Result<S::Ok, S::Error> {
        let word = FORWARDINGS.iter().find(|(known, _)| known == which).map_or("", |(_, word)| word);
        to.serialize_str(word)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Forwarding, D::Error> {
        let asked = String::deserialize(from)?;
        let known = FORWARDINGS.iter().find(|(_, word)| *word == asked);
        known.map(|(which, _)| *which).ok_or_else(|| D::Error::custom("no way to forward calls"))
    }
}
