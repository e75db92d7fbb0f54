//! What is true: one record for each change of a leg's state, and of a feature that is set, written where the switch
//! changes it and never where CSTA is emitted, so that a test can hold the two against each other.

use std::collections::{BTreeMap, VecDeque};

use schemas::domain::Presence;
use serde::{Deserialize, Serialize};

use super::switch::Why;

/// State of a leg after the change.
///
/// | state | the leg's user |
/// |---|---|
/// | initiated | is off hook and has dial tone |
/// | originated | has dialled; nobody is rung yet |
/// | delivered | hears the called party's phone ring |
/// | alerting | is rung |
/// | connected | talks (even while the other party holds) |
/// | held | has put the call on hold |
/// | queued | waits for a busy phone to be free; or, at that phone, is waited for |
/// | failed | hears a tone that says why the call failed |
/// | null | has left the call; the leg is never heard of again |
///
/// A leg that a transfer or conference takes into another call has a record with its new `gcid`.
/// A call that is forwarded at once has one record at the phone that it never rang at: `null`, with
/// that cause and a leg that is named nowhere else.
/// When a link to a partner is lost, and with it that half of a call, each leg that goes on here has a record of the
/// state that it stays in, with `peerLost`: from then on the legs of that `gcid` at the two nodes are two calls.
/// A hold by the other party changes the other's leg, not this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TruthState {
    Initiated,
    Originated,
    Delivered,
    Alerting,
    Connected,
    Held,
    Queued,
    Failed,
    Null,
}

/// One change of one leg, of somebody outside, too. Legs of a partner node are that node's to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// Counts from 1 without a hole while the node process lives.
    pub seq: u64,
    pub at_ms: i64,
    /// CEID of the node.
    pub node: u16,
    /// Of somebody outside the number as it was dialled or shown, or `X` and a number of our own where none is shown.
    pub dn: String,
    /// Button of the set; 1 is the prime line, 0 is outside.
    pub line: u8,
    /// Never used again while the node process lives.
    pub leg: u64,
    pub gcid: String,
    pub state: TruthState,
    /// Why, in the standard's words for causes; `peerLost` and `powerLost` besides.
    pub cause: Why,
    /// Number of the other party, of several with `+` between; as dialled while nobody has been
    /// reached; absent before.
    pub other: Option<String>,
    /// Of a leg that is rung, or was until now: the number for which several lines are. Absent of any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// What is set at a number, as it is after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "feature", rename_all = "camelCase")]
pub enum TruthSetting {
    DoNotDisturb {
        on: bool,
    },
    /// Whether the phone answers its calls by itself.
    AutoAnswer {
        on: bool,
    },
    /// Calls go to a number, or nowhere else any more.
    Forward {
        /// The hands' word for the way to forward.
        #[serde(rename = "type")]
        kind: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<String>,
    },
    /// Whether the lamp is lit, since messages wait.
    MessageWaiting {
        on: bool,
    },
    /// The hot desk user whose number it is came to a set or an outside number, or left.
    HotDesk {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<String>,
    },
    /// A partner's hot desk user came to the set whose number it is, or left.
    Guest {
        user: String,
        on: bool,
    },
    /// Whether somebody can be at the number.
    InService {
        on: bool,
    },
    /// The member whose number it is takes part in a group, or not.
    Presence {
        group: String,
        on: bool,
    },
    /// A line set what its call is charged to.
    Account {
        line: u8,
        gcid: String,
        code: String,
    },
}

/// One change of a feature at one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthFeature {
    /// Counts together with the records of legs.
    pub seq: u64,
    pub at_ms: i64,
    /// CEID of the node.
    pub node: u16,
    pub dn: String,
    #[serde(flatten)]
    pub setting: TruthSetting,
}

impl TruthFeature {
    /// Of a member of a group: whether it takes part from now on.
    #[must_use]
    pub fn presence(&self) -> Option<Presence> {
        let TruthSetting::Presence { group, on } = &self.setting else { return None };
        Some(Presence { group: group.parse().ok()?, member: self.dn.parse().ok()?, present: *on })
    }
}

/// One record of either kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TruthRecord {
    Leg(Truth),
    Feature(TruthFeature),
}

impl From<Truth> for TruthRecord {
    fn from(record: Truth) -> Self {
        Self::Leg(record)
    }
}

impl From<TruthFeature> for TruthRecord {
    fn from(record: TruthFeature) -> Self {
        Self::Feature(record)
    }
}

impl TruthRecord {
    fn seq(&self) -> u64 {
        match self {
            Self::Leg(record) => record.seq,
            Self::Feature(record) => record.seq,
        }
    }

    fn number(&mut self, seq: u64) {
        match self {
            Self::Leg(record) => record.seq = seq,
            Self::Feature(record) => record.seq = seq,
        }
    }

    /// The record, when it is of a leg.
    #[must_use]
    pub fn leg(&self) -> Option<&Truth> {
        match self {
            Self::Leg(record) => Some(record),
            Self::Feature(_) => None,
        }
    }
}

/// The newest records.
#[derive(Debug)]
pub struct TruthLog {
    records: VecDeque<TruthRecord>,
    kept: usize,
    last: u64,
}

/// Records kept by default: some hours of a busy test.
pub const TRUTH_KEPT: usize = 200_000;

impl TruthLog {
    #[must_use]
    pub fn new(kept: usize) -> Self {
        Self { records: VecDeque::new(), kept: kept.max(1), last: 0 }
    }

    /// Numbers and keeps a record.
    pub fn push(&mut self, record: impl Into<TruthRecord>) {
        let mut record = record.into();
        self.last += 1;
        record.number(self.last);
        if self.records.len() == self.kept {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    /// Number of the newest record; 0 when there was none.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Records after number `since` that are still kept, oldest first. A first number above
    /// `since + 1` says that older ones were let go.
    #[must_use]
    pub fn since(&self, since: u64) -> Vec<TruthRecord> {
        self.newer(since).cloned().collect()
    }

    /// Those of legs among them.
    #[must_use]
    pub fn legs_since(&self, since: u64) -> Vec<Truth> {
        self.newer(since).filter_map(TruthRecord::leg).cloned().collect()
    }

    fn newer(&self, since: u64) -> impl Iterator<Item = &TruthRecord> {
        let oldest = self.records.front().map_or(self.last + 1, TruthRecord::seq);
        let skip = usize::try_from(since.saturating_add(1).saturating_sub(oldest)).unwrap_or(usize::MAX);
        self.records.iter().skip(skip)
    }
}

/// A leg as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthLeg {
    pub line: u8,
    pub leg: u64,
    /// CSTA callID of the call at this node.
    pub call: String,
    pub gcid: String,
    pub state: TruthState,
    pub cause: Why,
    pub other: Option<String>,
    /// The newest tones that arrived at this leg.
    #[serde(default)]
    pub tones: String,
    /// What the call is charged to, as this line set it.
    #[serde(default)]
    pub account: Option<String>,
    pub since_ms: i64,
}

/// A phone as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthPhone {
    pub dn: String,
    pub name: String,
    pub buttons: u8,
    pub dnd: bool,
    /// A resilient phone that is at its other node.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub elsewhere: bool,
    /// It answers its calls by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub auto_answer: bool,
    /// The hot desk user who is logged in at the set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Where the hot desk user is logged in whose number it is: a set, or an outside number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desk: Option<String>,
    /// Numbers that calls are forwarded to, by the hands' words for ways to forward.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub forwards: BTreeMap<String, String>,
    /// Numbers of the groups in which it is a member, and whether it is present there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, bool>,
    /// Numbers whose messages wait: the lamp is lit while there is one.
    #[serde(default)]
    pub messages: Vec<String>,
    /// Buttons that show a number which is not the set's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shared: BTreeMap<u8, TruthShared>,
    pub legs: Vec<TruthLeg>,
}

/// A number that shows at a button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthShared {
    pub number: String,
    pub sharing: TruthSharing,
    /// Whether the key line is in use at another of its buttons: the lamp.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_use: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TruthSharing {
    Key,
    Multicall,
}

/// Somebody outside who is in a call of this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthOutside {
    /// By which the hands name it.
    pub id: u64,
    /// Number of who called from outside; absent when it is withheld, and for calls that went out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The called number, from `+` on.
    pub to: String,
    pub incoming: bool,
    /// The TDM trunk, or the SIP peer, that the call goes over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trunk: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    pub gcid: String,
    pub state: TruthState,
    pub since_ms: i64,
}

/// What is broken on purpose; moments are absent when they are over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthFaults {
    pub powerless_until_ms: Option<i64>,
    pub refuses_gateways_until_ms: Option<i64>,
    pub refuses_partners_until_ms: Option<i64>,
    pub mute_until_ms: Option<i64>,
    /// Services whose answers come late, never or twice; all services count as one.
    pub answers: usize,
    /// Events that are still to be dropped, doubled or garbled.
    pub frames: usize,
    /// Faults of what is said of forms that have not struck yet.
    pub forms: usize,
}

/// The whole present state of a node. Idle phones without a feature set are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthNow {
    /// Number of the newest truth record that is in this state.
    pub seq: u64,
    pub at_ms: i64,
    pub node: u16,
    pub name: String,
    /// Partner nodes that can be reached.
    pub partners: Vec<u16>,
    /// Gateways associated.
    pub associations: usize,
    /// Invariants of the switch that were found broken since the start; must be 0.
    pub broken: u64,
    /// Who is outside; absent where no trunk or peer is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<Vec<TruthOutside>>,
    #[serde(default)]
    pub faults: TruthFaults,
    pub phones: Vec<TruthPhone>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_the_newest_and_shows_the_hole() {
        let mut log = TruthLog::new(3);
        let record = Truth {
            seq: 0,
            at_ms: 0,
            node: 1,
            dn: "1000".into(),
            line: 1,
            leg: 1,
            gcid: "A0010000".into(),
            state: TruthState::Null,
            cause: Why::Normal,
            other: None,
            group: None,
        };
        assert!(log.since(0).is_empty());
        for _ in 0..5 {
            log.push(record.clone());
        }
        let numbers = |since| log.since(since).iter().map(TruthRecord::seq).collect::<Vec<_>>();
        assert_eq!(numbers(0), [3, 4, 5]);
        assert_eq!(numbers(3), [4, 5]);
        assert!(numbers(5).is_empty() && numbers(u64::MAX).is_empty());
        assert_eq!(log.last(), 5);
        let setting = TruthSetting::DoNotDisturb { on: true };
        log.push(TruthFeature { seq: 0, at_ms: 0, node: 1, dn: "1000".into(), setting });
        assert_eq!(log.since(0).iter().map(TruthRecord::seq).collect::<Vec<_>>(), [4, 5, 6]);
        assert_eq!(log.legs_since(4).iter().map(|r| r.seq).collect::<Vec<_>>(), [5], "legs alone");
    }

    #[test]
    fn each_record_has_one_form() {
        let feature = |setting| TruthFeature { seq: 7, at_ms: 5, node: 1, dn: "1000".into(), setting };
        for (setting, text) in [
            (TruthSetting::DoNotDisturb { on: true }, r#""feature":"doNotDisturb","on":true"#),
            (TruthSetting::AutoAnswer { on: false }, r#""feature":"autoAnswer","on":false"#),
            (
                TruthSetting::Forward { kind: "always".into(), number: Some("1001".into()) },
                r#""feature":"forward","type":"always","number":"1001""#,
            ),
            (
                TruthSetting::Forward { kind: "busyInternal".into(), number: None },
                r#""feature":"forward","type":"busyInternal""#,
            ),
            (TruthSetting::MessageWaiting { on: false }, r#""feature":"messageWaiting","on":false"#),
            (TruthSetting::HotDesk { at: Some("1010".into()) }, r#""feature":"hotDesk","at":"1010""#),
            (TruthSetting::HotDesk { at: None }, r#""feature":"hotDesk""#),
            (TruthSetting::Guest { user: "1900".into(), on: true }, r#""feature":"guest","user":"1900","on":true"#),
            (TruthSetting::InService { on: false }, r#""feature":"inService","on":false"#),
            (
                TruthSetting::Presence { group: "1005".into(), on: false },
                r#""feature":"presence","group":"1005","on":false"#,
            ),
            (
                TruthSetting::Account { line: 1, gcid: "A0010000".into(), code: "24".into() },
                r#""feature":"account","line":1,"gcid":"A0010000","code":"24""#,
            ),
        ] {
            let record = TruthRecord::Feature(feature(setting));
            let written = serde_json::to_string(&record).expect("a record can be written");
            assert_eq!(written, format!(r#"{{"seq":7,"at_ms":5,"node":1,"dn":"1000",{text}}}"#));
            assert_eq!(serde_json::from_str::<TruthRecord>(&written).expect("the same"), record);
        }
    }
}
