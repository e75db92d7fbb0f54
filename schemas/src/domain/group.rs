//! Groups whose number rings the lines of their members.

use super::party::DeviceRef;

/// The group that a call rings for, as the node names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its number and name.
    pub device: DeviceRef,
    /// `None` for a kind that is not known here.
    pub kind: Option<GroupKind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupKind {
    /// A personal ring group: its number is that of its prime member.
    Personal,
}
