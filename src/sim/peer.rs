//! What two nodes say to each other about calls between them: JSON lines, private to the
//! simulator. One link a pair; each message names a part, which is one leg of one call that
//! stretches over the link. Of hot desk users away from home they speak by number.

use schemas::domain::Pin;
use serde::{Deserialize, Serialize};

use super::deed::Deed;
use super::plan::Withholds;
use super::switch::{Refusal, Why};

/// A leg over the link, named by the node that set it up; never used again while that node lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PartId {
    /// CEID of the node that set it up.
    pub origin: u16,
    pub number: u64,
}

/// Who a node says somebody is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerParty {
    pub number: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The number is not to be shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
    /// Where it is not the prime line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub button: Option<u8>,
    /// The set whose button it is, where the number is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "camelCase")]
pub enum PeerMessage {
    /// First on a link, from both ends.
    Hello {
        ceid: u16,
    },
    /// Nothing else was said for a while.
    Heartbeat,
    /// After a hello: these parts are alive here. Whoever does not know one answers `Clear`, so
    /// that no call outlives its other half.
    Sync {
        parts: Vec<PartId>,
    },
    Setup {
        part: PartId,
        gcid: String,
        calling: PeerParty,
        called: String,
        /// Who sent the call here, when it was another's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        redirected: Option<PeerParty>,
        /// How it was forwarded here, when it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        forwarded: Option<Box<Forwarded>>,
        /// Who was called first, then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        original: Option<Box<PeerParty>>,
        /// The trunk or peer by which the caller came in from outside.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        network: Option<Box<PeerParty>>,
    },
    Alert {
        part: PartId,
        called: PeerParty,
        /// The number is a personal ring group's, which rings several lines.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        group: bool,
    },
    /// The digits of a call to a number outside are with the network: over this trunk or peer.
    Reached {
        part: PartId,
        network: PeerParty,
    },
    /// Asks for a place to wait at a number that is busy. Answered by `Queued` or `Fail`.
    CampOn {
        part: PartId,
        gcid: String,
        calling: PeerParty,
        called: String,
    },
    /// Asks to be told when a number is free, after it was busy; `used` says that it was already.
    Watch {
        number: String,
        used: bool,
    },
    /// It is.
    Free {
        number: String,
    },
    /// Leaves a message at a number: `from` wants to be called.
    Message {
        number: String,
        from: String,
    },
    /// Asks the home of a hot desk user for something. Answered by `DeskDone` or `DeskRefused`.
    Desk {
        ask: u64,
        wish: DeskWish,
    },
    DeskDone {
        ask: u64,
    },
    DeskRefused {
        ask: u64,
        why: Refusal,
    },
    /// A hot desk user is at the set no longer. From home, or from the set's node, which gave up a login.
    DeskGone {
        set: String,
        user: String,
    },
    /// To the other node of resilient phones: all that they talk among themselves. It goes on there when this node dies.
    Talks {
        talks: Vec<Talk>,
    },
    /// First on a link, after `Sync`: these phones of the receiver's are still at the sender, since they are in a call.
    Keeps {
        numbers: Vec<String>,
    },
    /// A phone of the receiver's is not at the sender any more.
    Home {
        number: String,
    },
    /// The call waits; `Alert` follows when the number is free.
    Queued {
        part: PartId,
        called: PeerParty,
    },
    Answer {
        part: PartId,
        cause: Why,
    },
    Hold {
        part: PartId,
        cause: Why,
    },
    Retrieve {
        part: PartId,
        cause: Why,
    },
    /// One of several at the sender's half holds the call, or talks again; the others talk on.
    Member {
        part: PartId,
        who: PeerParty,
        holds: bool,
        cause: Why,
        /// Nodes that passed it on.
        passed: u8,
    },
    /// Asks for a call that rings, or is held, at the receiver's node: somebody at the sender's takes
    /// it. The part is the leg that the call will have there. Answered by `Picked` or `Refused`.
    PickUp {
        part: PartId,
        /// Who takes it.
        by: PeerParty,
        /// At which line it is; where no call is named, at any line of its number.
        ringing: PeerParty,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<String>,
        /// What is held there is asked for, not what rings.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        held: bool,
    },
    /// The call is the asker's: everything about it that the asker cannot know.
    Picked {
        part: PartId,
        gcid: String,
        calling: Box<PeerParty>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        called: Option<Box<PeerParty>>,
        /// Whose phone rang, or held it.
        redirected: PeerParty,
        /// Who waited for the answer.
        party: PeerParty,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        beyond: Vec<PeerParty>,
        state: FarState,
    },
    /// Nothing can be picked up there; nothing has changed.
    Refused {
        part: PartId,
        why: Refusal,
    },
    /// The sender's half changed: who is there, and under which name the call goes on.
    Update {
        part: PartId,
        how: Change,
        /// Who did it: transferred, made the conference, left, or was left.
        by: PeerParty,
        /// Whom the call was transferred to, or who was added.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Box<PeerParty>>,
        /// Who is spoken with now.
        party: PeerParty,
        /// Others who are there.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        beyond: Vec<PeerParty>,
        gcid: String,
        /// Who called, and who was; left out where that is the receiver's half.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        calling: Option<Box<PeerParty>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        called: Option<Box<PeerParty>>,
        state: FarState,
    },
    /// Tones in the voice path.
    Digits {
        part: PartId,
        digits: String,
    },
    /// The sender's half is gone.
    Clear {
        part: PartId,
        cause: Why,
    },
    /// The called number could not be reached.
    Fail {
        part: PartId,
        cause: Why,
    },
}

impl PeerMessage {
    /// Says less about people. What a number leads to is not changed: who is called, and where it rings that is picked up.
    pub fn withhold(&mut self, what: Withholds) {
        for party in self.people() {
            if what.names {
                party.name = None;
            }
            party.private |= what.numbers;
        }
    }

    fn people(&mut self) -> Vec<&mut PeerParty> {
        match self {
            Self::Setup { calling, redirected, original, .. } => {
                std::iter::once(calling).chain(redirected).chain(original.as_deref_mut()).collect()
            }
            Self::CampOn { calling: party, .. }
            | Self::Alert { called: party, .. }
            | Self::Queued { called: party, .. }
            | Self::Member { who: party, .. }
            | Self::PickUp { by: party, .. } => vec![party],
            Self::Picked { calling, called, redirected, party, beyond, .. } => {
                [&mut **calling, redirected, party].into_iter().chain(called.as_deref_mut()).chain(beyond).collect()
            }
            Self::Update { by, to, party, beyond, calling, called, .. } => {
                let others = [to, calling, called].into_iter().filter_map(Option::as_deref_mut);
                [by, party].into_iter().chain(others).chain(beyond).collect()
            }
            Self::Hello { .. }
            | Self::Heartbeat
            | Self::Sync { .. }
            | Self::Reached { .. }
            | Self::Watch { .. }
            | Self::Free { .. }
            | Self::Message { .. }
            | Self::Desk { .. }
            | Self::DeskDone { .. }
            | Self::DeskRefused { .. }
            | Self::DeskGone { .. }
            | Self::Talks { .. }
            | Self::Keeps { .. }
            | Self::Home { .. }
            | Self::Answer { .. }
            | Self::Hold { .. }
            | Self::Retrieve { .. }
            | Self::Refused { .. }
            | Self::Digits { .. }
            | Self::Clear { .. }
            | Self::Fail { .. } => Vec::new(),
        }
    }
}

/// A call of two resilient phones, who talk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk {
    pub gcid: String,
    pub calling: PeerParty,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<PeerParty>,
    /// Number and button of each.
    pub lines: [(String, u8); 2],
}

/// What is asked of a hot desk user's home by the node of a set. `Debug` shows no PIN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeskWish {
    /// The user logs in at the set.
    In {
        set: String,
        user: String,
        #[serde(with = "pin")]
        pin: Pin,
    },
    /// The user who is at the set logs out.
    Out { set: String, user: String },
    /// Whether the PIN is the user's.
    Verify {
        user: String,
        #[serde(with = "pin")]
        pin: Pin,
    },
    /// The user does something at the set.
    Deed { set: String, user: String, button: u8, deed: Box<Deed> },
}

mod pin {
    use schemas::domain::Pin;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(pin: &Pin, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(pin.digits())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Pin, D::Error> {
        Pin::new(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// A call that was forwarded on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarded {
    /// Why it was, the last time.
    pub cause: Why,
    /// Numbers that forwarded it, the first of them first.
    pub path: Vec<String>,
}

/// In which way the other half of a call changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    Transferred {
        /// To a personal ring group's number, which rings.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        group: bool,
    },
    Conferenced,
    /// One of several left.
    Dropped {
        cause: Why,
    },
    /// Sent elsewhere by the phone that rang.
    Diverted {
        /// Whether it rings there already; it is said by `Rings` later otherwise.
        rings: bool,
        /// Why: redirected, or forwarded in one way or another.
        cause: Why,
    },
    /// Somebody else is rung now.
    Rings {
        cause: Why,
        /// For a personal ring group's number.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        group: bool,
    },
    /// Somebody else answers what rings; that it is answered is said besides.
    PickedUp,
    /// One of those who were rung for a group; that it is answered is said besides.
    Answers,
    /// Out of a conference, into a call of its own.
    Split,
}

impl Change {
    /// Why a ringing call went elsewhere; `None` when that is not what changed.
    #[must_use]
    pub fn diverts(self) -> Option<Why> {
        if let Self::Diverted { cause, .. } = self { Some(cause) } else { None }
    }
}

/// How far the other half of a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FarState {
    Alerting,
    Connected,
    Held,
}

/// Longest line that is read; a link that says more is not one of ours.
pub const LONGEST_LINE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_json_line_and_comes_back() {
        let part = PartId { origin: 1, number: 7 };
        let message = PeerMessage::Setup {
            part,
            gcid: "A0010001".into(),
            calling: PeerParty {
                number: "1000".into(),
                name: Some("O'Brien \"<&\n".into()),
                private: false,
                button: Some(2),
                set: None,
            },
            called: "2000".into(),
            redirected: None,
            forwarded: None,
            original: None,
            network: None,
        };
        let line = serde_json::to_string(&message).expect("JSON");
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<PeerMessage>(&line).expect("a message"), message);
        assert_eq!(
            serde_json::to_string(&PeerMessage::Clear { part, cause: Why::NormalClearing }).expect("JSON"),
            r#"{"say":"clear","part":{"origin":1,"number":7},"cause":"normalClearing"}"#
        );
    }

    #[test]
    fn what_is_withheld_is_in_no_message_and_what_leads_somewhere_stays() {
        let part = PartId { origin: 1, number: 7 };
        let who =
            || PeerParty { number: "1000".into(), name: Some("Anna".into()), private: false, button: None, set: None };
        let ringing = PeerParty { number: "2000".into(), ..PeerParty::default() };
        let messages = [
            PeerMessage::Setup {
                part,
                gcid: "A0010001".into(),
                calling: who(),
                called: "2000".into(),
                redirected: Some(who()),
                forwarded: None,
                original: Some(Box::new(who())),
                network: Some(Box::new(ringing.clone())),
            },
            PeerMessage::CampOn { part, gcid: "A0010001".into(), calling: who(), called: "2000".into() },
            PeerMessage::Alert { part, called: who(), group: false },
            PeerMessage::Queued { part, called: who() },
            PeerMessage::Member { part, who: who(), holds: true, cause: Why::Normal, passed: 0 },
            PeerMessage::PickUp { part, by: who(), ringing: ringing.clone(), call: None, held: true },
            PeerMessage::Picked {
                part,
                gcid: "A0010001".into(),
                calling: Box::new(who()),
                called: Some(Box::new(who())),
                redirected: who(),
                party: who(),
                beyond: vec![who(), who()],
                state: FarState::Connected,
            },
            PeerMessage::Update {
                part,
                how: Change::Transferred { group: true },
                by: who(),
                to: Some(Box::new(who())),
                party: who(),
                beyond: vec![who()],
                gcid: "A0010001".into(),
                calling: Some(Box::new(who())),
                called: Some(Box::new(who())),
                state: FarState::Held,
            },
        ];
        for whole in messages {
            let line = |names, numbers| {
                let mut message = whole.clone();
                message.withhold(Withholds { names, numbers });
                serde_json::to_string(&message).expect("JSON")
            };
            let count = |line: &str, what: &str| line.matches(what).count();
            let people = count(&line(false, false), "Anna");
            assert!(people > 0);
            assert_eq!(line(false, false), serde_json::to_string(&whole).expect("JSON"));
            assert_eq!(count(&line(true, false), "Anna"), 0);
            let hidden = line(false, true);
            assert_eq!((count(&hidden, "Anna"), count(&hidden, "\"private\":true")), (people, people), "{hidden}");
            assert_eq!(count(&hidden, "2000"), count(&line(false, false), "2000"));
        }
    }
}
