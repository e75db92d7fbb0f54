//! What breaks a node on purpose: its link, its answers, its events, its life.
//!
//! Decides only what becomes of what the node would say or accept; `core` asks it for every
//! frame. Faults are set by the hands and last until their time is over, they have struck, or all
//! are taken back.

use schemas::csta::message::{CallEventKind, EventBody, FeatureChange, JoinKind, Message, SystemStatus};
use serde::{Deserialize, Serialize};

use super::csta::Outgoing;
use super::truth::TruthFaults;

/// How a link breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkFault {
    /// Every connection is closed in good order, and new ones are turned away for the time.
    Close,
    /// The same with a reset.
    Reset,
    /// Connections stay and say nothing; what is said to the node is not heard.
    Mute,
    /// New connections are turned away; those that are there stay.
    Refuse,
}

/// Which links break.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Which {
    /// The associations of gateways.
    #[default]
    Gateways,
    /// The links to partner nodes (`mute` closes them: partners notice by their heartbeat anyway).
    Partners,
}

/// What becomes of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerFault {
    Delay { ms: i64 },
    Never,
    Twice,
}

/// What becomes of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FrameFault {
    Drop,
    Double,
    Garble,
}

/// What is broken about what the node says of its forms. All but the first strike once, what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormsFault {
    /// The count of changes is lost: another begins.
    Epoch,
    /// A change is made and counted by nobody: rows differ from what was told.
    DropChange,
    /// A change is said twice, to every reader.
    DoubleChange,
    /// A stream of changes breaks off within the line after so many.
    CutStream { after: u64 },
    /// A page breaks off within the line after so many rows.
    CutPage { after: u64 },
    /// A row of a page has a value of another type.
    WrongType,
    /// A copy of the keys of sets has so many rows more.
    ManyRows { rows: u64 },
    /// A change that a gateway wants is done, or refused, and the answer comes late.
    Late { ms: u64 },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    Link {
        mode: LinkFault,
        which: Which,
        for_ms: i64,
    },
    /// Answers of a service, or of all, until faults are taken back. The service itself is done.
    Answer {
        service: Option<String>,
        how: AnswerFault,
    },
    /// The `nth` event of that name from now on, of whichever monitor (1 is the next); once.
    Frame {
        event: Option<String>,
        nth: u32,
        deed: FrameFault,
    },
    /// The CSTA side starts anew: calls survive, associations do not.
    Restart {
        down_ms: i64,
    },
    /// The node says this of itself, until it says something else or faults are taken back.
    Status(SystemStatus),
    /// Nothing survives, but what is configured.
    Power {
        down_ms: i64,
    },
    Forms(FormsFault),
}

/// What is to be done with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Send,
    Twice,
    Garbled,
    Never,
    /// Not before this moment.
    Later(i64),
}

/// Faults of a kind that may be set at a time.
const SET: usize = 64;

/// The faults in force.
#[derive(Debug, Default)]
pub struct Faults {
    pub refuse_gateways_until: i64,
    pub refuse_partners_until: i64,
    pub mute_until: i64,
    pub powerless_until: i64,
    answers: Vec<(Option<String>, AnswerFault)>,
    frames: Vec<(Option<String>, u32, FrameFault)>,
}

impl Faults {
    /// Answers and frames; link, restart and power are `core`'s to do, and those of forms are theirs.
    pub fn set(&mut self, fault: Fault) {
        match fault {
            Fault::Answer { service, how } => {
                self.answers.retain(|(of, _)| *of != service);
                self.answers.push((service, how));
                self.answers.truncate(SET);
            }
            Fault::Frame { event, nth, deed } => {
                let event = event.map(|e| e.trim_end_matches("Event").to_owned());
                self.frames.push((event, nth.max(1), deed));
                self.frames.truncate(SET);
            }
            Fault::Link { .. } | Fault::Restart { .. } | Fault::Power { .. } | Fault::Status(_) | Fault::Forms(_) => {}
        }
    }

    /// What is broken now.
    #[must_use]
    pub fn truth(&self, now_ms: i64) -> TruthFaults {
        let until = |moment: i64| Some(moment).filter(|m| *m > now_ms);
        TruthFaults {
            powerless_until_ms: until(self.powerless_until),
            refuses_gateways_until_ms: until(self.refuse_gateways_until),
            refuses_partners_until_ms: until(self.refuse_partners_until),
            mute_until_ms: until(self.mute_until),
            answers: self.answers.len(),
            frames: self.frames.len(),
            forms: 0,
        }
    }

    /// When a moment that was set is over, the earliest of those to come.
    #[must_use]
    pub fn next_deadline(&self, now_ms: i64) -> Option<i64> {
        let moments = [self.refuse_gateways_until, self.refuse_partners_until, self.mute_until, self.powerless_until];
        moments.into_iter().filter(|m| *m > now_ms).min()
    }

    /// What becomes of a frame that is to be sent now.
    pub fn fate(&mut self, frame: &Outgoing, now_ms: i64) -> Fate {
        if self.mute_until > now_ms {
            return Fate::Never;
        }
        if let Some(service) = frame.answers {
            let of = |wanted: &Option<String>| wanted.as_deref().is_none_or(|w| w == service);
            // What was set last rules.
            return match self.answers.iter().rev().find(|(wanted, _)| of(wanted)) {
                Some((_, AnswerFault::Delay { ms })) => Fate::Later(now_ms + ms),
                Some((_, AnswerFault::Never)) => Fate::Never,
                Some((_, AnswerFault::Twice)) => Fate::Twice,
                None => Fate::Send,
            };
        }
        let Some(name) = event_name(&frame.message) else { return Fate::Send };
        let mut struck = None;
        self.frames.retain_mut(|(wanted, left, deed)| {
            if wanted.as_deref().is_none_or(|w| w == name) {
                *left -= 1;
                if *left == 0 {
                    struck.get_or_insert(*deed);
                    return false;
                }
            }
            true
        });
        match struck {
            Some(FrameFault::Drop) => Fate::Never,
            Some(FrameFault::Double) => Fate::Twice,
            Some(FrameFault::Garble) => Fate::Garbled,
            None => Fate::Send,
        }
    }
}

/// Every event that is told, by its name without its ending.
pub const EVENTS: [&str; 20] = [
    "ServiceInitiated",
    "Originated",
    "Delivered",
    "Established",
    "Held",
    "Retrieved",
    "Diverted",
    "ConnectionCleared",
    "Failed",
    "NetworkReached",
    "Queued",
    "Transfered",
    "Conferenced",
    "CallInformation",
    "OutOfService",
    "BackInService",
    "Private",
    "DoNotDisturb",
    "Forwarding",
    "MessageWaiting",
];

/// An event's name without its ending.
fn event_name(message: &Message) -> Option<&'static str> {
    let Message::Event(event) = message else { return None };
    Some(match &event.body {
        EventBody::Call(call) => match call.kind {
            CallEventKind::ServiceInitiated => "ServiceInitiated",
            CallEventKind::Originated => "Originated",
            CallEventKind::Delivered => "Delivered",
            CallEventKind::Established => "Established",
            CallEventKind::Held => "Held",
            CallEventKind::Retrieved => "Retrieved",
            CallEventKind::Diverted => "Diverted",
            CallEventKind::ConnectionCleared => "ConnectionCleared",
            CallEventKind::Failed => "Failed",
            CallEventKind::Queued => "Queued",
            CallEventKind::NetworkReached => "NetworkReached",
        },
        EventBody::Joined(joined) => match joined.kind {
            JoinKind::Transferred => "Transfered",
            JoinKind::Conferenced => "Conferenced",
        },
        EventBody::Information(_) => "CallInformation",
        EventBody::OutOfService { .. } => "OutOfService",
        EventBody::BackInService { .. } => "BackInService",
        EventBody::Feature { change, .. } => match change {
            FeatureChange::DoNotDisturb(_) => "DoNotDisturb",
            FeatureChange::Forwarding(_) => "Forwarding",
            FeatureChange::AutoAnswer(_) => "AutoAnswer",
            FeatureChange::MessageWaiting(_) => "MessageWaiting",
        },
        EventBody::HotDesk(_) | EventBody::Presence(_) => "Private",
        EventBody::Other(_) => "",
    })
}
