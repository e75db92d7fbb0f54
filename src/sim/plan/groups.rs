//! The personal ring groups of a node.

use std::collections::BTreeMap;

use schemas::domain::Dn;

use super::dn;

/// Members of a personal ring group at most, the prime among them.
pub const PERSONAL_MEMBERS: usize = 8;

/// A group whose number is that of its prime member: calls for it ring at all members who are present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalGroup {
    /// All members but the prime, who is always present; phones of the same node.
    pub others: Vec<Dn>,
    /// Whether the number is busy for further callers while a member who is present is in any call.
    pub one_busy_all_busy: bool,
}

/// By the prime's number.
pub type PersonalGroups = BTreeMap<Dn, PersonalGroup>;

/// The lab's: 1005, with 1015 as its other member.
pub(super) fn lab(node: u16) -> PersonalGroups {
    let group = PersonalGroup { others: vec![dn(1015)], one_busy_all_busy: false };
    if node == 1 { [(dn(1005), group)].into() } else { PersonalGroups::new() }
}
