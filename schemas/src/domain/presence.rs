//! Presence in groups: who is at work in one and is rung by its calls.

use super::ids::Dn;

/// A member of a group, and whether it takes part in it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Presence {
    pub group: Dn,
    pub member: Dn,
    pub present: bool,
}
