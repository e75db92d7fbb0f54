//! Features that are set at a device, such as do not disturb and the five ways to forward its calls.

use super::ids::Dn;

/// Which calls are forwarded: all of them, or those that find the device busy or are not answered,
/// by where the caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Forwarding {
    Always,
    BusyInternal,
    BusyExternal,
    NoAnswerInternal,
    NoAnswerExternal,
}

impl Forwarding {
    pub const ALL: [Self; 5] =
        [Self::Always, Self::BusyInternal, Self::BusyExternal, Self::NoAnswerInternal, Self::NoAnswerExternal];
}

/// A feature that is on or off at a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceFeature {
    DoNotDisturb,
    MessageWaiting,
    AutoAnswer,
    /// A hot desk user is logged in there; the number is the user's.
    HotDeskUser,
    Forward(Forwarding),
    /// It takes part in a group.
    Group(Dn),
}

/// A feature as it is set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Setting {
    pub feature: DeviceFeature,
    pub on: bool,
    /// Where calls are forwarded to, or which user is logged in; where the node says it.
    pub number: Option<String>,
}

impl Setting {
    /// A feature without a number.
    #[must_use]
    pub fn plain(feature: DeviceFeature, on: bool) -> Self {
        Self { feature, on, number: None }
    }
}

/// Features that a node is asked for by one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeatureGroup {
    DoNotDisturb,
    Forwarding,
    AutoAnswer,
    MessageWaiting,
    /// Asked of a node that knows our private data.
    HotDesk,
    /// The same.
    Presence,
}

impl FeatureGroup {
    pub const ALL: [Self; 6] =
        [Self::DoNotDisturb, Self::Forwarding, Self::AutoAnswer, Self::MessageWaiting, Self::HotDesk, Self::Presence];

    /// Whether only our private data has a word for it.
    #[must_use]
    pub fn is_private(self) -> bool {
        matches!(self, Self::HotDesk | Self::Presence)
    }

    /// The group that a feature is in.
    #[must_use]
    pub fn of(feature: DeviceFeature) -> Self {
        match feature {
            DeviceFeature::DoNotDisturb => Self::DoNotDisturb,
            DeviceFeature::Forward(_) => Self::Forwarding,
            DeviceFeature::AutoAnswer => Self::AutoAnswer,
            DeviceFeature::MessageWaiting => Self::MessageWaiting,
            DeviceFeature::HotDeskUser => Self::HotDesk,
            DeviceFeature::Group(_) => Self::Presence,
        }
    }
}
