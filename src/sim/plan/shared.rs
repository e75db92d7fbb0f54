//! Numbers that show at buttons of several sets: key lines, and multicall groups.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use schemas::domain::{Dn, ObjectId};

use super::Plan;

/// Buttons at which one number shows, at most.
pub const APPEARANCES: usize = 32;

/// How the appearances of a number share its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// One line: in use at one appearance it is in use at all, and what one holds any of them retrieves.
    Key,
    /// Each appearance may have a call of its own.
    Multicall,
}

/// A number without a set of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedLine {
    pub sharing: Sharing,
    /// As the directory shows it; may be empty.
    pub name: String,
    /// Where it shows: numbers of sets, with a button each.
    pub appearances: Vec<(Dn, u8)>,
}

impl SharedLine {
    #[must_use]
    pub fn name(&self) -> Option<String> {
        (!self.name.is_empty()).then(|| self.name.clone())
    }
}

/// By number.
pub type SharedLines = BTreeMap<Dn, SharedLine>;

/// Why a number cannot be shared so; nothing of the plan has changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SharedFault {
    #[error("is not of the form NUMBER=SET/BUTTON,SET/BUTTON")]
    Form,
    #[error("{0:?} is no extension")]
    Number(String),
    #[error("{0:?} is no button")]
    Button(String),
    #[error("{0} is somebody's number already")]
    Taken(Dn),
    #[error("{0} is a number of another node")]
    Elsewhere(Dn),
    #[error("the node has no set {0}")]
    Set(Dn),
    #[error("button {1} of {0} cannot show another number: those from 2 to {last} can", last = ObjectId::LAST_BUTTON)]
    Unfit(Dn, u8),
    #[error("button {1} of {0} shows a shared number already")]
    Again(Dn, u8),
    #[error("a number shows at 1 to {APPEARANCES} buttons")]
    Count,
}

/// A number and the buttons at which it shows, as in `1600=1012/3,1013/3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shows {
    pub number: Dn,
    pub at: Vec<(Dn, u8)>,
}

impl FromStr for Shows {
    type Err = SharedFault;

    fn from_str(text: &str) -> Result<Self, SharedFault> {
        let dn = |text: &str| text.parse::<Dn>().map_err(|_| SharedFault::Number(clipped(text)));
        let (number, buttons) = text.split_once('=').ok_or(SharedFault::Form)?;
        let number = dn(number)?;
        let place = |place: &str| {
            let (set, button) = place.split_once('/').ok_or(SharedFault::Form)?;
            Ok((dn(set)?, button.parse().map_err(|_| SharedFault::Button(clipped(button)))?))
        };
        // One more than there may be is enough to know that there are too many.
        let at = buttons.split(',').take(APPEARANCES + 1).map(place).collect::<Result<_, _>>()?;
        Ok(Self { number, at })
    }
}

impl fmt::Display for Shows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.number)?;
        for (i, (set, button)) in self.at.iter().enumerate() {
            write!(f, "{}{set}/{button}", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// So much of somebody's text as fits into an error.
fn clipped(text: &str) -> String {
    text.chars().take(16).collect()
}

impl Plan {
    /// Lets a number show at buttons of phones here. A button may be one that the set has, which is no line of the set's
    /// own number any more, or a further one: the set has all buttons up to it then.
    ///
    /// # Errors
    /// When the number is given, or a button cannot show it; nothing has changed then.
    pub fn share(&mut self, shows: Shows, sharing: Sharing) -> Result<(), SharedFault> {
        let Shows { number, at } = shows;
        let phones: BTreeSet<Dn> = self.phones.iter().map(|phone| phone.dn).collect();
        if phones.contains(&number) || self.hot_desk.users.contains_key(&number) || self.shared.contains_key(&number) {
            return Err(SharedFault::Taken(number));
        }
        if self.owner(number).is_some_and(|owner| owner != self.ceid) {
            return Err(SharedFault::Elsewhere(number));
        }
        if !(1..=APPEARANCES).contains(&at.len()) {
            return Err(SharedFault::Count);
        }
        let mut given: BTreeSet<(Dn, u8)> = self.shared.values().flat_map(|line| line.appearances.clone()).collect();
        for (set, button) in &at {
            if !phones.contains(set) {
                return Err(SharedFault::Set(*set));
            }
            if !(2..=ObjectId::LAST_BUTTON).contains(button) {
                return Err(SharedFault::Unfit(*set, *button));
            }
            if !given.insert((*set, *button)) {
                return Err(SharedFault::Again(*set, *button));
            }
        }
        for (set, button) in &at {
            for phone in self.phones.iter_mut().filter(|phone| phone.dn == *set) {
                phone.buttons = phone.buttons.max(*button);
            }
        }
        self.shared.insert(number, SharedLine { sharing, name: String::new(), appearances: at });
        Ok(())
    }

    /// Names a phone, a hot desk user or a shared number; `false` when there is none of that number.
    pub fn rename(&mut self, number: Dn, name: &str) -> bool {
        let phone = self.phones.iter_mut().find(|phone| phone.dn == number);
        let user = self.hot_desk.users.get_mut(&number).map(|user| &mut user.phone);
        let named = phone
            .or(user)
            .map(|phone| &mut phone.name)
            .or_else(|| self.shared.get_mut(&number).map(|line| &mut line.name));
        named.map(|named| name.clone_into(named)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use schemas::domain::Ceid;

    use super::*;

    fn dn(text: &str) -> Dn {
        text.parse().expect("a DN")
    }

    fn lab(shares: &[&str]) -> Result<Plan, SharedFault> {
        let mut plan = Plan::lab(Ceid::new(1).expect("a CEID"));
        for (i, text) in shares.iter().enumerate() {
            plan.share(text.parse()?, if i == 0 { Sharing::Key } else { Sharing::Multicall })?;
        }
        Ok(plan)
    }

    #[test]
    fn numbers_show_at_buttons_that_sets_have_and_at_further_ones() {
        let plan = lab(&["1600=1012/3,1013/2", "1601=1012/6"]).expect("a plan");
        let buttons = |number: &str| plan.phones.iter().find(|p| p.dn == dn(number)).map(|p| p.buttons);
        assert_eq!((buttons("1012"), buttons("1013"), buttons("1014")), (Some(6), Some(3), Some(3)));
        let line = &plan.shared[&dn("1600")];
        assert_eq!(
            (line.sharing, line.appearances.as_slice()),
            (Sharing::Key, &[(dn("1012"), 3), (dn("1013"), 2)][..])
        );
        assert_eq!(plan.shared[&dn("1601")].sharing, Sharing::Multicall);
        assert_eq!("1600=1012/3,1013/2".parse::<Shows>().expect("a line").to_string(), "1600=1012/3,1013/2");
    }

    #[test]
    fn what_cannot_be_shared_is_refused_and_said_so() {
        let many = |n: u32| (0..n).map(|i| format!("1000/{}", i + 2)).collect::<Vec<_>>().join(",");
        for (shares, fault) in [
            (vec!["1600"], SharedFault::Form),
            (vec!["1600="], SharedFault::Form),
            (vec!["1600=1012"], SharedFault::Form),
            (vec!["1600=1012/3,"], SharedFault::Form),
            (vec!["x=1012/3"], SharedFault::Number("x".into())),
            (vec!["1600=12345678/3"], SharedFault::Number("12345678".into())),
            (vec!["1600=1012/x"], SharedFault::Button("x".into())),
            (vec!["1600=1012/256"], SharedFault::Button("256".into())),
            (vec!["1000=1012/3"], SharedFault::Taken(dn("1000"))),
            (vec!["1900=1012/3"], SharedFault::Taken(dn("1900"))),
            (vec!["1600=1012/3", "1600=1013/3"], SharedFault::Taken(dn("1600"))),
            (vec!["2600=1012/3"], SharedFault::Elsewhere(dn("2600"))),
            (vec!["1600=1012/3,1099/3"], SharedFault::Set(dn("1099"))),
            (vec!["1600=1900/2"], SharedFault::Set(dn("1900"))),
            (vec!["1600=1012/1"], SharedFault::Unfit(dn("1012"), 1)),
            (vec!["1600=1012/0"], SharedFault::Unfit(dn("1012"), 0)),
            (vec!["1600=1012/128"], SharedFault::Unfit(dn("1012"), 128)),
            (vec!["1600=1012/3,1012/3"], SharedFault::Again(dn("1012"), 3)),
            (vec!["1600=1012/3", "1601=1013/3,1012/3"], SharedFault::Again(dn("1012"), 3)),
            (vec![&*format!("1600={}", many(33))], SharedFault::Count),
        ] {
            assert_eq!(lab(&shares).err(), Some(fault), "{shares:?}");
        }
        lab(&[&format!("1600={}", many(32))]).expect("as many as there may be");
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let mut plan = lab(&["1600=1012/3"]).expect("a plan");
        let before = plan.clone();
        plan.share("1601=1012/9,1012/3".parse().expect("a line"), Sharing::Multicall).expect_err("a button is given");
        assert_eq!(plan, before);
    }

    #[test]
    fn phones_and_shared_numbers_are_named() {
        let mut plan = lab(&["1600=1012/3"]).expect("a plan");
        assert!(plan.rename(dn("1600"), "Sales") && plan.rename(dn("1012"), "Anna") && !plan.rename(dn("1700"), "x"));
        assert_eq!(plan.shared[&dn("1600")].name, "Sales");
        assert_eq!(plan.phones[12].name, "Anna");
    }
}
