//! Phones with two nodes: their own, and one that they come up at while that is down.

use std::collections::BTreeMap;

use schemas::domain::{Ceid, Dn};

use super::{PhonePlan, Plan, Route, ceid, dn};

/// Sets look for their own node for so long before they turn to the other.
pub const TAKEOVER_MS: i64 = 2_000;

/// A phone of another node that comes up here while that is down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    pub home: Ceid,
    pub phone: PhonePlan,
}

pub type Backups = BTreeMap<Dn, Backup>;

/// The lab's resilient phones: of the first node, with the second as their other.
pub(super) fn lab_secondaries() -> Vec<Route> {
    vec![Route { first: dn(1000), last: dn(1009), owner: ceid(2) }]
}

impl Plan {
    /// The node that a phone comes up at when its own is down; `None` for one that is not resilient.
    #[must_use]
    pub fn secondary(&self, phone: Dn) -> Option<Ceid> {
        self.secondaries.iter().find(|route| route.covers(phone)).map(|route| route.owner)
    }

    /// Of the phones that are resilient, here and at other nodes, those that are not between two numbers have one node.
    pub fn only_resilient(&mut self, first: Dn, last: Dn) {
        self.secondaries.retain_mut(|route| {
            (route.first, route.last) = (route.first.max(first), route.last.min(last));
            route.first <= route.last
        });
        self.backups.retain(|dn, _| (first..=last).contains(dn));
    }

    /// Lets the resilient phones of another node come up here, as far as they are this one's.
    pub fn back_up(&mut self, other: &Self) {
        let ours = other.phones.iter().filter(|phone| other.secondary(phone.dn) == Some(self.ceid));
        let backups = ours.map(|phone| (phone.dn, Backup { home: other.ceid, phone: phone.clone() }));
        self.backups.extend(backups);
    }
}
