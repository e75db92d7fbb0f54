//! What a simulated node has: its numbers, names, classes of service, timers and neighbours.
//!
//! Data only; the switch reads it and never changes it. Whoever starts a node makes one, the lab
//! by [`Plan::lab`].

mod elements;
mod groups;
mod hot_desk;
mod resilient;
mod shared;

pub use elements::{Element, lab_address};
pub use groups::{PERSONAL_MEMBERS, PersonalGroup, PersonalGroups};
pub use hot_desk::{HotDeskPlan, UserPlan};
pub use resilient::{Backup, Backups, TAKEOVER_MS};
pub use shared::{APPEARANCES, SharedFault, SharedLine, SharedLines, Sharing, Shows};

use std::net::{IpAddr, Ipv4Addr};

use schemas::domain::{Ceid, DialPlan, Dn};

use super::trunks::{Access, OutsidePlan};

/// What a class of service permits to applications. People at the phone are never gated by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassOfService {
    pub monitoring: bool,
    pub call_control: bool,
    pub accounts: Accounts,
    /// Whether the phone itself may wait at a busy one.
    pub campon: bool,
    /// Whether it may ask to be called back.
    pub callback: bool,
    /// Whether presence in groups may be set for it.
    pub presence: bool,
    /// Whether calls may go outside from it, whoever makes them or sends them there.
    pub outside: bool,
}

/// What a class of service asks of account codes. Without either, any code is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Only codes of the node's list are taken.
    pub verified: bool,
    /// An application gives a code with each call that goes outside.
    pub forced: bool,
}

impl ClassOfService {
    pub const ALL: Self = Self {
        monitoring: true,
        call_control: true,
        accounts: Accounts { verified: false, forced: false },
        campon: true,
        callback: true,
        presence: true,
        outside: true,
    };

    /// Its number in the node's forms.
    #[must_use]
    pub fn number(self) -> u16 {
        let calls: u16 = match (self.monitoring, self.call_control) {
            (true, true) => 1,
            (false, true) => 2,
            (true, false) => 3,
            (false, false) => 4,
        };
        calls
            + 4 * u16::from(self.accounts.verified)
            + 8 * u16::from(self.accounts.forced)
            + 16 * u16::from(!self.campon)
            + 32 * u16::from(!self.callback)
            + 64 * u16::from(!self.presence)
            + 128 * u16::from(!self.outside)
    }
}

/// One set: button 1 is the prime line, 2 and up are line appearances of the same number, but for those that show a
/// shared one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhonePlan {
    pub dn: Dn,
    /// As the directory shows it; may be empty.
    pub name: String,
    pub buttons: u8,
    pub cos: ClassOfService,
}

/// Numbers of equal length that are a node's: the owner alone knows which of them are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub first: Dn,
    pub last: Dn,
    pub owner: Ceid,
}

impl Route {
    #[must_use]
    pub fn covers(&self, dn: Dn) -> bool {
        // A Dn is ordered by value, then by number of digits; both ends have the same number.
        (self.first..=self.last).contains(&dn) && dn.to_string().len() == self.first.to_string().len()
    }
}

/// How an association begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Style {
    /// The node speaks first: SystemStatus enabled. Whoever starts an application session all
    /// the same gets one.
    #[default]
    ServerFirst,
    /// ECMA-354: silent until StartApplicationSession, and nothing is done without a session.
    Session,
    /// Silent; the first frame is a service request.
    None,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub ceid: Ceid,
    pub name: String,
    pub phones: Vec<PhonePlan>,
    pub hot_desk: HotDeskPlan,
    pub personal_groups: PersonalGroups,
    pub shared: SharedLines,
    pub routes: Vec<Route>,
    /// Resilient phones of any node; the owner is the node that they come up at when their own is down.
    pub secondaries: Vec<Route>,
    /// Phones of other nodes that come up here.
    pub backups: Backups,
    /// How long sets look for their own node.
    pub takeover_ms: i64,
    /// The way to numbers outside; without it there is none.
    pub outside: Option<OutsidePlan>,
    /// How long a phone rings.
    pub no_answer_ms: i64,
    /// How long a call may be held by hand before it rings the holder again; `None`: for ever.
    pub hold_recall_ms: Option<i64>,
    /// How long dial tone waits for the next of some digits, before it takes them as dialled.
    pub interdigit_ms: i64,
    /// Digits of an extension: so many are dialled at once when keyed one by one.
    pub extension_digits: usize,
    pub style: Style,
    /// Gateways that may be associated at once.
    pub gateways: usize,
    /// Account codes that are verified.
    pub account_codes: Vec<String>,
    /// What a number that leads outside begins with.
    pub outside_prefix: String,
    /// Whether it knows our private data; without, it is like another maker's.
    pub private: bool,
    /// Whether it keeps call detail records of its calls.
    pub records: bool,
    pub withholds: Withholds,
    /// The cluster as this node knows it, and the gateways that may read its forms.
    pub elements: Vec<Element>,
}

/// What a node does not pass on about the people of a call to the node at its other end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Withholds {
    pub names: bool,
    /// Numbers are not to be shown there.
    pub numbers: bool,
}

/// `number`, of which the caller knows that it is a DN.
fn dn(number: u32) -> Dn {
    number.to_string().parse().expect("a plan's numbers have one to seven digits")
}

fn ceid(number: u16) -> Ceid {
    Ceid::new(number).expect("a plan's nodes are numbered 1 to 999")
}

impl Plan {
    /// A node without phones or neighbours.
    #[must_use]
    pub fn bare(ceid: Ceid, name: &str) -> Self {
        let mut plan = Self {
            ceid,
            name: name.into(),
            phones: Vec::new(),
            hot_desk: HotDeskPlan::default(),
            personal_groups: PersonalGroups::new(),
            shared: SharedLines::new(),
            routes: Vec::new(),
            secondaries: Vec::new(),
            backups: Backups::new(),
            takeover_ms: TAKEOVER_MS,
            outside: None,
            no_answer_ms: 20_000,
            hold_recall_ms: None,
            interdigit_ms: 10_000,
            extension_digits: 4,
            style: Style::default(),
            gateways: 6,
            account_codes: Vec::new(),
            outside_prefix: "9".into(),
            private: true,
            records: true,
            withholds: Withholds::default(),
            elements: elements::gateways(),
        };
        plan.found_at(ceid, IpAddr::V4(Ipv4Addr::LOCALHOST));
        plan
    }

    /// The lab's node of that number; a node that the lab does not have is bare but for the
    /// routes to the lab's.
    #[must_use]
    pub fn lab(node: Ceid) -> Self {
        let title = LAB_NODES.get(usize::from(node.get()) - 1).copied().unwrap_or("Another node");
        let buttons = match node.get() {
            1 => 3,
            2 | 3 => 2,
            _ => 1,
        };
        let mut plan = Self::bare(node, title);
        plan.know_the_lab();
        plan.hot_desk = HotDeskPlan::lab(node.get());
        plan.personal_groups = groups::lab(node.get());
        plan.routes =
            (1..=3).map(|n| Route { first: dn(n * 1000), last: dn(n * 1000 + 999), owner: ceid(n as u16) }).collect();
        plan.outside = lab_outside(node);
        plan.hold_recall_ms = Some(LAB_HOLD_RECALL_MS);
        plan.secondaries = resilient::lab_secondaries();
        if node.get() == 2 {
            plan.back_up(&Self::lab(ceid(1)));
        }
        plan.account_codes = ["24", "1357", "246813579012"].map(String::from).to_vec();
        if let Some(names) = LAB_NAMES.get(usize::from(node.get()) - 1) {
            let first = u32::from(node.get()) * 1000;
            plan.phones = (first..)
                .zip(names)
                .map(|(number, name)| PhonePlan {
                    dn: dn(number),
                    name: (*name).into(),
                    buttons,
                    cos: ClassOfService {
                        monitoring: number != 1018,
                        call_control: number != 1019,
                        accounts: Accounts { verified: number == 1014, forced: number == 1013 },
                        campon: number != 1012,
                        callback: number != 1012,
                        presence: number != 1012,
                        outside: number != 1011,
                    },
                })
                .collect();
        }
        plan
    }

    /// A node with `count` phones of one button from `first` on, for loads; its route is their range.
    ///
    /// # Panics
    /// When a number would have more than seven digits, or the last more digits than the first.
    #[must_use]
    pub fn sized(node: Ceid, first: u32, count: u32) -> Self {
        let last = first + count.max(1) - 1;
        assert_eq!(first.to_string().len(), last.to_string().len(), "numbers of one length");
        let mut plan = Self::bare(node, &format!("Node {node}"));
        plan.extension_digits = first.to_string().len();
        plan.routes = vec![Route { first: dn(first), last: dn(last), owner: node }];
        plan.phones = (first..first + count)
            .map(|number| PhonePlan {
                dn: dn(number),
                name: format!("Load, {number}"),
                buttons: 1,
                cos: ClassOfService::ALL,
            })
            .collect();
        plan
    }

    /// The node that owns a number.
    #[must_use]
    pub fn owner(&self, number: Dn) -> Option<Ceid> {
        self.routes.iter().find(|route| route.covers(number)).map(|route| route.owner)
    }
}

/// What the lab's nodes are called, by their numbers.
const LAB_NODES: [&str; 3] = ["Head office A", "Head office B", "Contact centre"];

/// So long a call may be held in the lab.
const LAB_HOLD_RECALL_MS: i64 = 30_000;

/// Trunks at the first node, a peer at the third, and the second's calls go out over that.
fn lab_outside(node: Ceid) -> Option<OutsidePlan> {
    let access = match node.get() {
        1 => Access::Trunks(8),
        2 => Access::Through(ceid(3)),
        3 => Access::Peer { name: "carrier".into(), calls: 100 },
        _ => return None,
    };
    Some(OutsidePlan {
        dial_plan: lab_dial_plan(),
        trunk_name: "Trunk".into(),
        access,
        direct_in_prefix: "+1613555".into(),
        direct_in: vec![Route { first: dn(1000), last: dn(1019), owner: ceid(1) }],
    })
}

/// How every telephone of the lab dials.
#[must_use]
pub fn lab_dial_plan() -> DialPlan {
    DialPlan {
        extension_digits: 4,
        outside_prefix: "9".into(),
        trunk_prefix: Some("9".into()),
        long_distance_prefix: "1".into(),
        international_prefix: "011".into(),
        country_code: "1".into(),
        local_area_codes: vec!["613".into()],
        local_digits: Some(7),
        national_digits: Some(10),
    }
}

/// Names as directories hold them, chosen to be awkward on a wire: markup, quotes, accents, other
/// scripts, a very long one, and none at all.
#[rustfmt::skip]
const LAB_NAMES: [[&str; 20]; 3] = [
    [
        "Archer, Maya", "Bélanger, Zoé", "Müller, Jörg", "O'Brien, Sean", "Marks & Daughters, Reception",
        "Okafor, Chidi", "王, 小明", "", "Łukasiewicz, Żaneta", "Tremblay, Luc <Lab>",
        "Nguyễn, Thị Hạnh", "Smith, John \"Jack\"", "Haddad, Rania", "Đorđević, Nikola", "Papadopoulos, Ελένη",
        "Van den Berg, Saskia", "Ivanova, Ольга", "de la Cruz Hernández-Villaseñor y Montalbán, María Guadalupe",
        "Boardroom, Quiet", "Safe, Door",
    ],
    [
        "Abe, 健", "Fischer & Sohn, Werkstatt", "Øster, Åse", "D'Angelo, Gianni", "Kowalski, Jan",
        "Singh, Harpreet", "Söderström, Björn", "Lobby <North>", "Mbeki, Thandi", "",
        "Yılmaz, Ayşe", "Novák, Jiří", "García, Íñigo", "Kim, 서연", "Stone, Ada",
        "Weiß, Käthe", "Cohen, נועה", "Brown, Lee", "Dubois, Anaïs", "Printer Room",
    ],
    [
        "Set, Contact 1", "Set, Contact 2", "Set, Contact 3", "Set, Contact 4", "Set, Contact 5",
        "Set, Contact 6", "Set, Contact 7", "Set, Contact 8", "Set, Contact 9", "Set, Contact 10",
        "Set, R&D 11", "Set, R&D 12", "Set, Überlauf 13", "Set, Überlauf 14", "Set, 热线 15",
        "Set, 热线 16", "Set, Night <17>", "Set, Night <18>", "", "Set, Supervisor's",
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lab_has_the_phones_of_its_page() {
        for (node, buttons) in [(1_u16, 3), (2, 2), (3, 2)] {
            let plan = Plan::lab(ceid(node));
            assert_eq!(plan.phones.len(), 20);
            for (i, phone) in (0..).zip(&plan.phones) {
                assert_eq!((phone.dn, phone.buttons), (dn(u32::from(node) * 1000 + i), buttons));
                assert_eq!(phone.cos.monitoring, phone.dn != dn(1018));
                assert_eq!(phone.cos.call_control, phone.dn != dn(1019));
                assert_eq!((phone.cos.campon, phone.cos.callback), (phone.dn != dn(1012), phone.dn != dn(1012)));
                assert_eq!(phone.cos.outside, phone.dn != dn(1011));
                let accounts = Accounts { verified: phone.dn == dn(1014), forced: phone.dn == dn(1013) };
                assert_eq!(phone.cos.accounts, accounts);
            }
            assert_eq!(plan.phones.iter().filter(|p| p.name.is_empty()).count(), 1);
            let resilient: Vec<_> = plan.phones.iter().filter(|p| plan.secondary(p.dn).is_some()).collect();
            assert_eq!(resilient.len(), if node == 1 { 10 } else { 0 });
            assert!(resilient.iter().all(|p| p.dn <= dn(1009) && plan.secondary(p.dn) == Some(ceid(2))));
        }
    }

    #[test]
    fn some_of_the_resilient_phones_are_left_to_their_one_node() {
        let mut plans = [1, 2].map(|node| Plan::lab(ceid(node)));
        let [first, second] = &mut plans;
        second.back_up(first);
        for plan in &mut plans {
            plan.only_resilient(dn(1006), dn(1012));
        }
        let resilient =
            |plan: &Plan| (1000..1020).map(dn).filter(|dn| plan.secondary(*dn).is_some()).collect::<Vec<_>>();
        let wanted: Vec<Dn> = (1006..1010).map(dn).collect();
        assert_eq!((resilient(&plans[0]), resilient(&plans[1])), (wanted.clone(), wanted.clone()));
        assert_eq!(plans[1].backups.keys().copied().collect::<Vec<_>>(), wanted);
        plans[0].only_resilient(dn(2000), dn(2009));
        assert!(plans[0].secondaries.is_empty());
    }

    #[test]
    fn a_route_covers_numbers_of_its_length_only() {
        let plan = Plan::lab(ceid(1));
        for (number, owner) in [("1000", Some(1)), ("2999", Some(2)), ("4000", None), ("01500", None), ("999", None)] {
            assert_eq!(plan.owner(number.parse().expect("a DN")).map(Ceid::get), owner, "{number}");
        }
    }
}
