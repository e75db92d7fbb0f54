//! The decisions of a `Session`: its log, its cursor, the polls that wait, its timer.
//!
//! Pure. A poll's answer is handed out once; the cursor moves only when whoever carried it says
//! that a live connection took it ([`Input::Delivered`]); until then later polls of the same kind
//! wait behind it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use schemas::domain::ObjectId;
use tokio::time::Instant;

use super::log::Log;
use crate::event::Event;
use crate::policy;

/// Names a held poll.
pub(crate) type PollId = u64;

/// What a poll asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// The next event at the cursor (getEvent).
    Next,
    /// The event of that number; moves no cursor (getNumberedEvent).
    Numbered(u32),
}

/// How a poll ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Event(u32, Arc<Event>),
    /// Nothing came in time, or the polls were cancelled.
    TimedOut,
    /// These numbers were let go unread; told once.
    Discarded(u32, u32),
    /// The event of that number is not kept any more.
    NotKept,
    /// The session ended.
    Ended,
}

pub(crate) enum Input {
    Arrived(Arc<Event>),
    Poll {
        id: PollId,
        want: Want,
        timeout_ms: i64,
    },
    /// A live connection took the answer of this poll.
    Delivered(PollId),
    /// The poll's carrier is gone, before it was answered or before the answer was taken.
    Gone(PollId),
    Cancel,
    Reset,
    Tick,
    End,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    Answer(PollId, Outcome),
    /// Tell these objects' present state again: events of theirs were lost.
    Restate(Vec<ObjectId>),
    /// The session is over.
    Stop,
}

pub(crate) type Effects = Vec<Effect>;

#[derive(Debug)]
struct Held {
    id: PollId,
    want: Want,
    until: Instant,
}

pub(crate) struct State<L> {
    log: L,
    /// Number of the next event that getEvent gives.
    cursor: u32,
    held: VecDeque<Held>,
    /// The poll whose answer is on its way, and where the cursor goes when it arrives.
    handed: Option<(PollId, u32)>,
    expires: Instant,
    /// Keeps some events twice, to show that the oracle sees it.
    #[cfg(feature = "planted-faults")]
    pub(crate) double_events: bool,
}

impl<L: Log> State<L> {
    pub(crate) fn new(log: L, now: Instant) -> Self {
        Self {
            log,
            cursor: 1,
            held: VecDeque::new(),
            handed: None,
            expires: now + policy::SESSION_LIFE,
            #[cfg(feature = "planted-faults")]
            double_events: false,
        }
    }

    /// When something is due next.
    pub(crate) fn next_deadline(&self) -> Instant {
        self.held.iter().map(|h| h.until).min().map_or(self.expires, |until| until.min(self.expires))
    }

    pub(crate) fn polls_held(&self) -> usize {
        self.held.len()
    }

    /// Events that the cursor has not passed.
    pub(crate) fn lag(&self) -> u32 {
        self.log.next_number().saturating_sub(self.cursor)
    }

    pub(crate) fn on(&mut self, input: Input, now: Instant, out: &mut Effects) {
        match input {
            Input::Arrived(event) => {
                #[cfg(feature = "planted-faults")]
                if self.double_events && self.log.next_number().is_multiple_of(7) {
                    self.log.append(event.clone());
                }
                self.log.append(event);
                self.serve(out);
            }
            Input::Poll { id, want, timeout_ms } => {
                let wait = u64::try_from(timeout_ms.clamp(1, policy::POLL_LONGEST_MS)).unwrap_or(1);
                self.held.push_back(Held { id, want, until: now + Duration::from_millis(wait) });
                self.serve(out);
            }
            Input::Delivered(id) => {
                if let Some((_, next)) = self.handed.take_if(|(handed, _)| *handed == id) {
                    self.cursor = next;
                    self.log.read_up_to(next);
                    self.serve(out);
                }
            }
            Input::Gone(id) => {
                self.held.retain(|h| h.id != id);
                if self.handed.take_if(|(handed, _)| *handed == id).is_some() {
                    self.serve(out);
                }
            }
            Input::Cancel => {
                for held in self.held.drain(..) {
                    out.push(Effect::Answer(held.id, Outcome::TimedOut));
                }
            }
            Input::Reset => self.expires = now + policy::SESSION_LIFE,
            Input::Tick => {
                if self.expires <= now {
                    return self.end(out);
                }
                self.held.retain(|held| {
                    let due = held.until <= now;
                    if due {
                        out.push(Effect::Answer(held.id, Outcome::TimedOut));
                    }
                    !due
                });
            }
            Input::End => self.end(out),
        }
    }

    fn end(&mut self, out: &mut Effects) {
        for held in self.held.drain(..) {
            out.push(Effect::Answer(held.id, Outcome::Ended));
        }
        out.push(Effect::Stop);
    }

    /// Answers what can be answered, in the order of asking.
    fn serve(&mut self, out: &mut Effects) {
        let mut at = 0;
        while at < self.held.len() {
            let Held { id, want, .. } = self.held[at];
            let outcome = match want {
                Want::Next if self.handed.is_some() => None,
                Want::Next => self.next(id),
                Want::Numbered(number) => self.numbered(number),
            };
            match outcome {
                Some(outcome) => {
                    if matches!(outcome, Outcome::Discarded(..)) {
                        let lost = self.log.take_lost();
                        if !lost.is_empty() {
                            out.push(Effect::Restate(lost));
                        }
                    }
                    self.held.remove(at);
                    out.push(Effect::Answer(id, outcome));
                }
                None => at += 1,
            }
        }
    }

    fn next(&mut self, id: PollId) -> Option<Outcome> {
        let first = self.log.first_number();
        if self.cursor < first {
            self.handed = Some((id, first));
            return Some(Outcome::Discarded(self.cursor, first - 1));
        }
        let number = self.cursor;
        let event = self.log.get(number)?.clone();
        self.handed = Some((id, number + 1));
        Some(Outcome::Event(number, event))
    }

    fn numbered(&self, number: u32) -> Option<Outcome> {
        if number < self.log.first_number() {
            return Some(Outcome::NotKept);
        }
        self.log.get(number).map(|event| Outcome::Event(number, event.clone()))
    }
}

#[cfg(test)]
mod tests;
