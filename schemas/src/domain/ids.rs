//! Identifiers. Each is a newtype, valid by construction, and cheap to copy or share.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;

/// Numbers in the contract stay below this, because clients in the field keep them in doubles.
pub const LARGEST_ID: u64 = 1 << 53;

/// Why a text or number is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdFault {
    #[error("a node number is 1 to 999")]
    Ceid,
    #[error("a directory number has 1 to 7 digits")]
    Dn,
    #[error("a PIN has 1 to 8 digits")]
    Pin,
    #[error("not an object of this gateway")]
    Object,
}

/// Cluster element id of a node, 1 to 999; the contract's icpId.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ceid(u16);

impl Ceid {
    /// # Errors
    /// When `number` is not 1 to 999.
    pub fn new(number: u16) -> Result<Self, IdFault> {
        if (1..=999).contains(&number) { Ok(Self(number)) } else { Err(IdFault::Ceid) }
    }

    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<i64> for Ceid {
    type Error = IdFault;
    fn try_from(number: i64) -> Result<Self, IdFault> {
        u16::try_from(number).map_err(|_| IdFault::Ceid).and_then(Self::new)
    }
}

impl fmt::Display for Ceid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

/// A directory number: 1 to 7 digits, leading zeros count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dn {
    value: u32,
    digits: u8,
}

impl FromStr for Dn {
    type Err = IdFault;
    fn from_str(text: &str) -> Result<Self, IdFault> {
        let digits = text.len();
        if !(1..=7).contains(&digits) || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(IdFault::Dn);
        }
        let value = text.bytes().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
        Ok(Self { value, digits: digits as u8 })
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$}", self.value, width = usize::from(self.digits))
    }
}

/// What kind of thing an [`ObjectId`] names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A prime line, named by its DN.
    Line,
    /// A line-appearance button: the DN of the set's prime line, and the button.
    Appearance,
    /// Presence in all groups of a node. Applications name it by the node alone: no `long` of theirs is one.
    Presence,
}

impl ObjectKind {
    const ALL: [(Self, u64); 3] = [(Self::Line, 1), (Self::Appearance, 2), (Self::Presence, 3)];
}

/// The contract's objectId. Every gateway of a cluster computes the same, so that no database and
/// no agreement is needed: kind (5 bits), CEID (10), button (7), number of digits (3), DN (24).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(u64);

impl ObjectId {
    /// The last button that an id has room for.
    pub const LAST_BUTTON: u8 = 127;

    /// The object of a prime line at its primary node.
    #[must_use]
    pub fn line(ceid: Ceid, dn: Dn) -> Self {
        Self::pack(ObjectKind::Line, ceid, 0, dn)
    }

    /// The object of a line-appearance button (2 to 127) on the set with prime line `dn`.
    #[must_use]
    pub fn appearance(ceid: Ceid, dn: Dn, button: u8) -> Self {
        Self::pack(ObjectKind::Appearance, ceid, button & 0x7f, dn)
    }

    /// Presence in all groups of a node.
    #[must_use]
    pub fn presence(ceid: Ceid) -> Self {
        Self::pack(ObjectKind::Presence, ceid, 0, Dn { value: 0, digits: 0 })
    }

    fn pack(kind: ObjectKind, ceid: Ceid, button: u8, dn: Dn) -> Self {
        let kind = ObjectKind::ALL.iter().find(|(k, _)| *k == kind).map_or(0, |(_, n)| *n);
        Self(
            kind << 44
                | u64::from(ceid.0) << 34
                | u64::from(button) << 27
                | u64::from(dn.digits) << 24
                | u64::from(dn.value),
        )
    }

    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }

    /// As the contract's `long`.
    #[must_use]
    pub fn as_long(self) -> i64 {
        self.0 as i64 // below 2^53
    }

    #[must_use]
    pub fn kind(self) -> ObjectKind {
        let kind = self.0 >> 44;
        ObjectKind::ALL.iter().find(|(_, n)| *n == kind).map_or(ObjectKind::Line, |(k, _)| *k)
    }

    /// The node that owns the object (its primary node).
    #[must_use]
    pub fn ceid(self) -> Ceid {
        Ceid((self.0 >> 34 & 0x3ff) as u16)
    }

    /// Every object that a node could own: a range for each kind, in the order of ids.
    pub fn all_of(ceid: Ceid) -> impl Iterator<Item = RangeInclusive<Self>> {
        let of_node = 1 << 34;
        ObjectKind::ALL.iter().map(move |(_, kind)| {
            let first = kind << 44 | u64::from(ceid.0) << 34;
            Self(first)..=Self(first + of_node - 1)
        })
    }

    /// The button of a line appearance; 0 for the prime line.
    #[must_use]
    pub fn button(self) -> u8 {
        (self.0 >> 27 & 0x7f) as u8
    }

    #[must_use]
    pub fn dn(self) -> Dn {
        Dn { value: (self.0 & 0xff_ffff) as u32, digits: (self.0 >> 24 & 7) as u8 }
    }
}

impl TryFrom<i64> for ObjectId {
    type Error = IdFault;
    /// Accepts only what [`ObjectId::line`] and its kin could have made.
    fn try_from(number: i64) -> Result<Self, IdFault> {
        let number = u64::try_from(number).map_err(|_| IdFault::Object)?;
        let id = Self(number);
        let kind = ObjectKind::ALL.iter().find(|(_, n)| *n == number >> 44).map(|(k, _)| *k).ok_or(IdFault::Object)?;
        Ceid::new(id.ceid().0).map_err(|_| IdFault::Object)?;
        let dn = id.dn();
        let fits = (1..=7).contains(&dn.digits) && dn.value < 10_u32.pow(u32::from(dn.digits));
        let button = match kind {
            ObjectKind::Line => id.button() == 0,
            ObjectKind::Appearance => id.button() >= 2,
            ObjectKind::Presence => false,
        };
        if fits && button { Ok(id) } else { Err(IdFault::Object) }
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A session: 53 random bits, because whoever holds the number holds the session. Its `Debug` and
/// `Display` show only a few bits, so that no log gives a session away.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(u64);

impl SessionId {
    /// Keeps 53 bits of `random`; never 0, which clients use for "none".
    #[must_use]
    pub fn from_random(random: u64) -> Self {
        Self((random & (LARGEST_ID - 1)).max(1))
    }

    #[must_use]
    pub fn as_long(self) -> i64 {
        self.0 as i64
    }

    /// A few bits for logs; not enough to use the session.
    #[must_use]
    pub fn tag(self) -> u32 {
        (self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as u32
    }
}

impl TryFrom<i64> for SessionId {
    type Error = IdFault;
    fn try_from(number: i64) -> Result<Self, IdFault> {
        match u64::try_from(number) {
            Ok(n) if n > 0 && n < LARGEST_ID => Ok(Self(n)),
            _ => Err(IdFault::Object),
        }
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session-{:04x}", self.tag())
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The contract's localCallId: a leg at one object; positive, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegId(u64);

impl LegId {
    /// # Panics
    /// Never: numbers are taken from a counter that starts at 1 and cannot reach 2^53.
    #[must_use]
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    #[must_use]
    pub fn as_long(self) -> i64 {
        self.0 as i64
    }

    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

/// A node's own name of a call (CSTA callID): opaque, shared by everything that speaks of the call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallKey(Arc<str>);

impl CallKey {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for CallKey {
    fn from(text: &str) -> Self {
        Self(Arc::from(text))
    }
}

/// A call's name in the whole cluster (`pssscccc`), kept as the node said it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GlobalCallId(Arc<str>);

impl GlobalCallId {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for GlobalCallId {
    fn from(text: &str) -> Self {
        Self(Arc::from(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> Dn {
        text.parse().expect("a DN")
    }

    #[test]
    fn an_object_id_says_what_it_was_made_of() {
        for (ceid, number, button) in [(1, "1000", 0), (999, "0007", 0), (12, "9999999", 127), (3, "1", 2)] {
            let ceid = Ceid::new(ceid).expect("a CEID");
            let id = if button == 0 {
                ObjectId::line(ceid, dn(number))
            } else {
                ObjectId::appearance(ceid, dn(number), button)
            };
            assert!(id.get() < LARGEST_ID);
            assert_eq!((id.ceid(), id.dn().to_string().as_str(), id.button()), (ceid, number, button));
            assert_eq!(ObjectId::try_from(id.as_long()), Ok(id));
        }
    }

    #[test]
    fn the_ids_of_a_node_are_in_its_ranges_and_no_other() {
        let within = |at: u16, id: ObjectId| {
            ObjectId::all_of(Ceid::new(at).expect("a CEID")).filter(|range| range.contains(&id)).count()
        };
        for number in [1, 2, 511, 999] {
            let ceid = Ceid::new(number).expect("a CEID");
            let last = ObjectId::appearance(ceid, dn("9999999"), ObjectId::LAST_BUTTON);
            for id in [ObjectId::line(ceid, dn("0")), last, ObjectId::presence(ceid)] {
                assert_eq!(within(number, id), 1);
                assert!([1, 2, 3, 510, 512, 998].iter().all(|at| *at == number || within(*at, id) == 0));
            }
        }
    }

    #[test]
    fn a_number_nobody_made_is_no_object() {
        let good = ObjectId::line(Ceid::new(1).expect("a CEID"), dn("1000")).as_long();
        for bad in
            [0, -1, 1, i64::MAX, i64::MIN, good | 1 << 50, good & !(0x3ff << 34), good | 5 << 27, good & !(7 << 24)]
        {
            assert_eq!(ObjectId::try_from(bad), Err(IdFault::Object), "{bad}");
        }
    }

    #[test]
    fn a_dn_keeps_its_leading_zeros_and_nothing_else_is_one() {
        assert_eq!(dn("0042").to_string(), "0042");
        for bad in ["", "12345678", "12a", "+12", "１２"] {
            assert_eq!(bad.parse::<Dn>(), Err(IdFault::Dn), "{bad}");
        }
    }

    #[test]
    fn a_session_id_is_not_shown() {
        let id = SessionId::from_random(123_456_789_012_345);
        assert!(!format!("{id:?} {id}").contains("123456789012345"));
    }

    proptest::proptest! {
        #[test]
        fn object_ids_round_trip_or_are_refused(number in proptest::num::i64::ANY) {
            if let Ok(id) = ObjectId::try_from(number) {
                proptest::prop_assert_eq!(id.as_long(), number);
            }
        }
    }
}
