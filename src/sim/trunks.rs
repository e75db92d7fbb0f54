//! The way from a node to the numbers outside, and what is outside: which trunks or peer it has,
//! which numbers from outside ring at which extension, and how numbers outside behave.
//!
//! Data only, as the rest of a plan.

use schemas::domain::{Ceid, DeviceRef, DialPlan, Dn};

use super::plan::Route;

/// How calls leave the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Its own TDM trunks, numbered from 1.
    Trunks(u16),
    /// A SIP peer by its name, with so many calls at a time.
    Peer { name: String, calls: u16 },
    /// Another node's.
    Through(Ceid),
}

/// A way outside that a call has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Trunk(pub u16);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsidePlan {
    pub dial_plan: DialPlan,
    /// What a trunk is called, before its number.
    pub trunk_name: String,
    pub access: Access,
    /// What stands before the extension in the direct-in numbers, from `+` on.
    pub direct_in_prefix: String,
    /// The extensions that have one; the owner is the node that they are at.
    pub direct_in: Vec<Route>,
}

/// What becomes of a call to a number outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Rings until somebody answers.
    Rings,
    /// Answers by itself after so many milliseconds.
    Answers(i64),
    Busy,
    /// Does not exist.
    Unknown,
    /// The network has no room for the call.
    Congested,
}

/// The lab's numbers outside that are special; all others ring.
#[must_use]
pub fn fate(number: &str) -> Fate {
    match number {
        "+16135550199" => Fate::Busy,
        "+16135550198" => Fate::Unknown,
        "+16135550197" => Fate::Answers(1_000),
        "+16135550196" => Fate::Congested,
        _ => Fate::Rings,
    }
}

impl OutsidePlan {
    /// How many calls can be outside at a time.
    #[must_use]
    pub fn size(&self) -> u16 {
        match &self.access {
            Access::Trunks(calls) | Access::Peer { calls, .. } => *calls,
            Access::Through(_) => 0,
        }
    }

    /// Calls the node's trunks, or its peer, something else.
    pub fn name_ways(&mut self, called: &str) {
        match &mut self.access {
            Access::Peer { name, .. } => called.clone_into(name),
            Access::Trunks(_) | Access::Through(_) => called.clone_into(&mut self.trunk_name),
        }
    }

    /// The device of a trunk, as events name it: a trunk by its number, a peer by its name.
    #[must_use]
    pub fn device(&self, trunk: Trunk) -> DeviceRef {
        match &self.access {
            Access::Peer { name, .. } => DeviceRef::number(name.clone()),
            Access::Trunks(_) | Access::Through(_) => {
                let name = Some(format!("{} {}", self.trunk_name, trunk.0));
                DeviceRef { name, ..DeviceRef::number(trunk.0.to_string()) }
            }
        }
    }

    /// The extension that a number from outside rings at.
    #[must_use]
    pub fn extension(&self, number: &str) -> Option<Dn> {
        let dn: Dn = number.strip_prefix(self.direct_in_prefix.as_str())?.parse().ok()?;
        self.direct_in.iter().any(|route| route.covers(dn)).then_some(dn)
    }
}

/// Whether a caller's number can be one of the network's: `+` and up to 15 digits.
#[must_use]
pub fn is_shown(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}
