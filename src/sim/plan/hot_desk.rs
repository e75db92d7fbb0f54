//! The hot desk users of a node, and the sets at which they may log in.

use std::collections::{BTreeMap, BTreeSet};

use schemas::domain::{Dn, Pin};

use super::{ClassOfService, PhonePlan, dn};

/// A person whose number is at the set of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPlan {
    /// The profile: number, name, keys, class of service. A set at which the user logs in has as many keys at least.
    pub phone: PhonePlan,
    pub pin: Pin,
    /// Of an external user: the outside number, as it is dialled, where calls go after a login that names none.
    pub outside: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HotDeskPlan {
    /// Sets that accept users.
    pub sets: BTreeSet<Dn>,
    pub users: BTreeMap<Dn, UserPlan>,
}

impl HotDeskPlan {
    /// The lab's: users and external users on node 1, sets on nodes 1 and 2.
    pub(super) fn lab(node: u16) -> Self {
        let mut plan = Self::default();
        match node {
            1 => {
                plan.sets = (1010..=1017).map(dn).collect();
                for number in 1900..=1909 {
                    plan.add(number, &format!("Desk, Hot {number}"), 2, None);
                }
                for number in 1950..=1954 {
                    let outside = format!("9555{:04}", number - 1950 + 150);
                    plan.add(number, &format!("Desk, Elsewhere {number}"), 1, Some(outside));
                }
            }
            2 => plan.sets = (2000..=2009).map(dn).collect(),
            _ => {}
        }
        plan
    }

    /// `count` users from `first` on with one key each, and as many sets from `set` on that accept them; for loads.
    #[must_use]
    pub fn sized(first: u32, set: u32, count: u32) -> Self {
        let mut plan = Self { sets: (set..set + count).map(dn).collect(), ..Self::default() };
        for number in first..first + count {
            plan.add(number, "", 1, None);
        }
        plan
    }

    fn add(&mut self, number: u32, name: &str, buttons: u8, outside: Option<String>) {
        let phone = PhonePlan { dn: dn(number), name: name.to_owned(), buttons, cos: ClassOfService::ALL };
        let pin = Pin::new("1234").expect("a plan's PINs are 1 to 8 digits");
        self.users.insert(phone.dn, UserPlan { phone, pin, outside });
    }
}
