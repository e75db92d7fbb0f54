//! Who is where in a run: the phones, users, groups and shared lines of the two nodes.

use std::fmt;

use oig::sim::plan::{Plan, Route, Sharing, Shows};
use oig::sim::trunks::Access;
use schemas::domain::Ceid;

/// A line that an application monitors: a phone's own, or an appearance of a number that others show, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    pub node: usize,
    /// The number of the set.
    pub dn: String,
    pub button: u8,
    pub object: i64,
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.dn)?;
        if self.is_prime() { Ok(()) } else { write!(f, "/{}", self.button) }
    }
}

impl Watched {
    /// The number that it shows.
    pub fn number(&self) -> &str {
        number_at(&self.dn, self.button)
    }

    /// Whether features of a phone can be set there and watched.
    pub fn is_prime(&self) -> bool {
        self.button == 1
    }
}

/// The phones that take part.
pub fn phones(node: usize) -> Vec<String> {
    let first = 1000 * (node + 1);
    (first..first + 5).map(|n| n.to_string()).collect()
}

/// Hot desk users of the first node, with the sets where they log in and one who is outside.
pub const SETS: [&str; 2] = ["1010", "1011"];
pub const USERS: [&str; 2] = ["1900", "1901"];
pub const EXTERNAL: &str = "1950";

/// Sets of the second node where they log in away from home.
pub const AWAY: [&str; 2] = ["2008", "2009"];

/// A member of a personal ring group of the first node, and the group.
pub const MEMBER: &str = "1015";
pub const GROUP: &str = "1005";

/// Numbers of the first node that show at a button of several sets, by that button.
pub const SHARED: [(&str, Sharing, u8); 2] = [(KEY, Sharing::Key, KEY_BUTTON), ("1601", Sharing::Multicall, 5)];
pub const KEY: &str = "1600";
pub const KEY_BUTTON: u8 = 4;
pub const SHOWN_AT: [&str; 3] = ["1002", "1003", "1004"];

/// The number that shows at a button of a set.
pub fn number_at(set: &str, button: u8) -> &str {
    let shared = SHARED.iter().find(|(.., at)| *at == button && SHOWN_AT.contains(&set));
    shared.map_or(set, |(number, ..)| number)
}

/// Whether idle lines of a number are told that another is in use: not those that have nothing to do with each other.
pub fn follows(number: &str) -> bool {
    !SHARED.iter().any(|(shared, sharing, _)| *shared == number && *sharing == Sharing::Multicall)
}

/// Whether a number shows at several sets.
pub fn is_shared(number: &str) -> bool {
    SHARED.iter().any(|(shared, ..)| *shared == number)
}

/// Whether a number is a hot desk user's.
pub fn is_user(dn: &str) -> bool {
    USERS.contains(&dn) || dn == EXTERNAL
}

/// Sets and buttons of a node that applications may monitor.
pub fn lines(node: usize) -> Vec<(String, u8)> {
    let primes = [phones(node), desks(node)].concat().into_iter().map(|dn| (dn, 1));
    let shared = SHARED.iter().filter(|_| node == 0);
    let shared = shared.flat_map(|(.., button)| SHOWN_AT.map(|set| (set.to_owned(), *button)));
    primes.chain(shared).collect()
}

/// Their numbers at a node.
fn desks(node: usize) -> Vec<String> {
    let of = if node == 0 { [SETS.as_slice(), &USERS, &[EXTERNAL, GROUP, MEMBER]].concat() } else { AWAY.to_vec() };
    of.into_iter().map(str::to_owned).collect()
}

/// What is before an extension in its number from outside.
pub const DIRECT_IN: &str = "+1613555";

/// In some runs, what is held so long rings the holder again.
pub const HOLD_RECALL_MS: i64 = 25_000;

/// A node of the lab, with a way outside that is soon used up: trunks at the first, a peer at the second, or by way of
/// the first, as the seed says.
pub fn plan(number: u16, seed: u64, hold_recall_ms: Option<i64>) -> Plan {
    let node = |number| Ceid::new(number).expect("a node's number");
    // Phones stay where they are: the story knows of no pair.
    let mut plan = Plan { hold_recall_ms, secondaries: Vec::new(), ..Plan::lab(node(number)) };
    plan.backups.clear();
    for (number, sharing, button) in SHARED.into_iter().filter(|_| number == 1) {
        let at = SHOWN_AT.map(|set| (set.parse().expect("a DN"), button)).into();
        plan.share(Shows { number: number.parse().expect("a DN"), at }, sharing).expect("buttons that are free");
    }
    let range = |first: u32, owner| {
        let dn = |number: u32| number.to_string().parse().expect("a DN");
        Route { first: dn(first), last: dn(first + 19), owner: node(owner) }
    };
    if let Some(outside) = &mut plan.outside {
        outside.direct_in_prefix = DIRECT_IN.into();
        outside.direct_in = vec![range(1000, 1), range(2000, 2)];
        outside.access = match (number, seed % 3) {
            (1, _) => Access::Trunks(2),
            (_, 0) => Access::Through(node(1)),
            _ => Access::Peer { name: "carrier".into(), calls: 1 },
        };
    }
    plan
}
