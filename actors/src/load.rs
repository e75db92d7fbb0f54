//! How loaded a node is, by what it says of itself. Asked by whoever decides how much is asked of it.

use schemas::csta::message::SystemStatus;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Load {
    /// It has said nothing of itself, or nothing of its load.
    #[default]
    Usual,
    /// It will be overloaded when it is asked for more.
    Near,
    Over,
}

impl From<SystemStatus> for Load {
    fn from(status: SystemStatus) -> Self {
        match status {
            SystemStatus::OverloadImminent => Self::Near,
            SystemStatus::OverloadReached => Self::Over,
            SystemStatus::Enabled
            | SystemStatus::Normal
            | SystemStatus::Initializing
            | SystemStatus::MessagesLost
            | SystemStatus::Disabled
            | SystemStatus::PartiallyDisabled
            | SystemStatus::OverloadRelieved => Self::Usual,
        }
    }
}
