//! Hot desk users: people whose number follows them to the set at which they log in.

use super::ids::Dn;
use super::pin::Pin;

/// What a node is asked about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HotDesk {
    LogIn {
        set: Dn,
        user: Dn,
        pin: Pin,
    },
    /// An external user, at the outside number that the node has configured.
    LogInOutside {
        user: Dn,
        pin: Pin,
    },
    LogOutAt(Dn),
    LogOut(Dn),
    Verify {
        user: Dn,
        pin: Pin,
    },
    /// Which user is logged in at the set.
    WhoIsAt(Dn),
    /// Where the user is logged in.
    WhereIs(Dn),
}

impl HotDesk {
    /// Whose PIN is tried, where one is.
    #[must_use]
    pub fn tries(&self) -> Option<Dn> {
        match self {
            Self::LogIn { user, .. } | Self::LogInOutside { user, .. } | Self::Verify { user, .. } => Some(*user),
            Self::LogOutAt(_) | Self::LogOut(_) | Self::WhoIsAt(_) | Self::WhereIs(_) => None,
        }
    }
}

/// A node's answer: who is logged in where, when that was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HotDeskAnswer {
    pub user: Option<Dn>,
    /// The set, or the outside number of an external user.
    pub place: Option<String>,
}
