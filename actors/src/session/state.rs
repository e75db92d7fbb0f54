//! The decisions of a `Session`: its log, its cursors, the polls that wait, its event handler, its
//! timer.
//!
//! Pure. A poll's answer is handed out once; the cursor of its kind moves only when whoever carried
//! it says that a live connection took it ([`Input::Delivered`]); until then later polls of the same
//! kind wait behind it. A cursor comes into being with the first poll of its kind: at the session's
//! first event when nobody has read yet, else at the oldest that is kept. So a kind that is never
//! polled neither holds the log nor is told of losses.

mod cursor;
mod push;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use schemas::domain::ObjectId;
use tokio::time::Instant;

use self::cursor::{Cursor, Offer};
use self::push::Pushing;
pub(crate) use self::push::{HandlerId, Turn};
use super::log::{Cursors, Log};
use crate::event::{Event, Form};
use crate::policy;
use crate::push::Word;

/// Names a held poll.
pub(crate) type PollId = u64;

/// What a poll asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// The next event at the cursor of this form (getEvent, advGetEvent).
    Next(Form),
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
    /// Hand events over to an event handler, from the next one on.
    Register(Form),
    /// The event handler is not told any more.
    Unregister,
    /// What became of the word that was on its way to this handler; `random` for the next pause.
    Pushed {
        id: HandlerId,
        taken: bool,
        random: u64,
    },
    Reset,
    Tick,
    End,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    Answer(PollId, Outcome),
    /// Tell these objects' present state again: events of theirs were lost.
    Restate(Vec<ObjectId>),
    /// Hand this over to the event handler.
    Push(HandlerId, Form, Word),
    /// What is on its way to a handler is given up.
    StopPush,
    /// The handler is dead, or answers again.
    Handler(Turn),
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

/// The reader behind one kind of poll.
#[derive(Debug)]
struct Reader {
    cursor: Cursor,
    /// The poll whose answer is on its way, and where the cursor goes when it arrives.
    handed: Option<(PollId, u32)>,
}

pub(crate) struct State<L> {
    log: L,
    /// One for each kind of poll that was ever asked for.
    readers: Vec<Reader>,
    pushing: Option<Pushing>,
    handlers: HandlerId,
    /// Somebody has begun to read.
    was_read: bool,
    held: VecDeque<Held>,
    expires: Instant,
    /// Keeps some events twice, to show that the oracle sees it.
    #[cfg(feature = "planted-faults")]
    pub(crate) double_events: bool,
}

impl<L: Log> State<L> {
    pub(crate) fn new(log: L, now: Instant) -> Self {
        Self {
            log,
            readers: Vec::new(),
            pushing: None,
            handlers: 0,
            was_read: false,
            held: VecDeque::new(),
            expires: now + policy::SESSION_LIFE,
            #[cfg(feature = "planted-faults")]
            double_events: false,
        }
    }

    /// One that goes on where another process left it: with its readers, the form that its event handler takes, and
    /// more time than the contract gives.
    pub(crate) fn resumed(log: L, at: Cursors, handler: Option<Form>, more: Duration, now: Instant) -> Self {
        let mut state = Self::new(log, now);
        state.was_read = at.was_read;
        for (form, next) in [(Form::Standard, at.standard), (Form::Advanced, at.advanced)] {
            let reader = |next| Reader { cursor: Cursor::new(form, next), handed: None };
            state.readers.extend(next.map(reader));
        }
        if let Some(form) = handler {
            state.handlers += 1;
            let next = at.handler.unwrap_or(state.log.next_number());
            state.pushing = Some(Pushing::new(state.handlers, form, next));
        }
        state.expires += more;
        state.let_go();
        state
    }

    /// When something is due next.
    pub(crate) fn next_deadline(&self) -> Instant {
        let polls = self.held.iter().map(|h| h.until);
        polls.chain(self.pushing.as_ref().and_then(Pushing::due)).min().unwrap_or(self.expires).min(self.expires)
    }

    pub(crate) fn polls_held(&self) -> usize {
        self.held.len()
    }

    fn cursors(&self) -> impl Iterator<Item = &Cursor> {
        self.readers.iter().map(|r| &r.cursor).chain(self.pushing.as_ref().map(|p| &p.cursor))
    }

    /// Events that the application has not heard, by whichever way it hears them first.
    pub(crate) fn lag(&self) -> u32 {
        self.log.next_number().saturating_sub(self.cursors().map(|c| c.next).max().unwrap_or(1))
    }

    pub(crate) fn on(&mut self, input: Input, now: Instant, out: &mut Effects) {
        match input {
            Input::Arrived(event) => {
                #[cfg(feature = "planted-faults")]
                if self.double_events && self.log.next_number().is_multiple_of(7) {
                    self.log.append(event.clone());
                }
                self.log.append(event);
                self.serve(now, out);
            }
            Input::Poll { id, want, timeout_ms } => {
                let wait = u64::try_from(timeout_ms.clamp(1, policy::POLL_LONGEST_MS)).unwrap_or(1);
                if let Want::Next(form) = want {
                    self.begin_reading(form);
                }
                self.held.push_back(Held { id, want, until: now + Duration::from_millis(wait) });
                self.serve(now, out);
            }
            Input::Delivered(id) => {
                let mut readers = self.readers.iter_mut();
                let next = readers.find_map(|r| Some((r.handed.take_if(|(handed, _)| *handed == id)?.1, r)));
                if let Some((next, reader)) = next {
                    reader.cursor.next = next;
                    self.let_go();
                    self.serve(now, out);
                }
            }
            Input::Gone(id) => {
                self.held.retain(|h| h.id != id);
                if self.readers.iter_mut().any(|r| r.handed.take_if(|(handed, _)| *handed == id).is_some()) {
                    self.serve(now, out);
                }
            }
            Input::Cancel => {
                for held in self.held.drain(..) {
                    out.push(Effect::Answer(held.id, Outcome::TimedOut));
                }
            }
            Input::Register(form) => {
                self.unregister(out);
                self.handlers += 1;
                self.pushing = Some(Pushing::new(self.handlers, form, self.log.next_number()));
                self.was_read = true;
                self.let_go();
            }
            Input::Unregister => {
                self.unregister(out);
                self.let_go();
            }
            Input::Pushed { id, taken, random } => {
                let Some(pushing) = self.pushing.as_mut().filter(|p| p.id == id) else { return };
                out.extend(pushing.answered(taken, random, now).map(Effect::Handler));
                self.let_go();
                self.serve(now, out);
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
                self.push(now, out);
            }
            Input::End => self.end(out),
        }
    }

    fn end(&mut self, out: &mut Effects) {
        for held in self.held.drain(..) {
            out.push(Effect::Answer(held.id, Outcome::Ended));
        }
        self.unregister(out);
        out.push(Effect::Stop);
    }

    fn unregister(&mut self, out: &mut Effects) {
        if self.pushing.take().is_some() {
            out.push(Effect::StopPush);
        }
    }

    /// The first poll of a kind makes its cursor.
    fn begin_reading(&mut self, form: Form) {
        if self.readers.iter().all(|r| r.cursor.form() != form) {
            // Who reads first is told of what was lost before; who comes later never read that.
            let next = if self.was_read { self.log.first_number() } else { 1 };
            self.was_read = true;
            self.readers.push(Reader { cursor: Cursor::new(form, next), handed: None });
            self.let_go();
        }
    }

    /// The log need not keep what every reader has passed.
    fn let_go(&mut self) {
        let of = |form| self.readers.iter().find(|r| r.cursor.form() == form).map(|r| r.cursor.next);
        let at = Cursors {
            was_read: self.was_read,
            standard: of(Form::Standard),
            advanced: of(Form::Advanced),
            handler: self.pushing.as_ref().map(|p| p.cursor.next),
        };
        self.log.stand_at(at);
        if let Some(slowest) = at.slowest() {
            self.log.read_up_to(slowest);
        }
    }

    fn push(&mut self, now: Instant, out: &mut Effects) {
        let Some(pushing) = &mut self.pushing else { return };
        if let Some((word, lost)) = pushing.serve(&self.log, now) {
            if !lost.is_empty() {
                out.push(Effect::Restate(lost));
            }
            out.push(Effect::Push(pushing.id, pushing.cursor.form(), word));
        }
    }

    /// Answers what can be answered, in the order of asking, and goes on with the event handler.
    fn serve(&mut self, now: Instant, out: &mut Effects) {
        let mut at = 0;
        while at < self.held.len() {
            let Held { id, want, .. } = self.held[at];
            let outcome = match want {
                Want::Next(form) => self.next(form, id, out),
                Want::Numbered(number) => self.numbered(number),
            };
            match outcome {
                Some(outcome) => {
                    self.held.remove(at);
                    out.push(Effect::Answer(id, outcome));
                }
                None => at += 1,
            }
        }
        self.push(now, out);
    }

    fn next(&mut self, form: Form, id: PollId, out: &mut Effects) -> Option<Outcome> {
        let reader = self.readers.iter_mut().find(|r| r.cursor.form() == form && r.handed.is_none())?;
        let offer = reader.cursor.offer(&self.log)?;
        reader.handed = Some((id, offer.next()));
        Some(match offer {
            Offer::Event(number, event) => Outcome::Event(number, event),
            Offer::Discarded(from, to, lost) => {
                if !lost.is_empty() {
                    out.push(Effect::Restate(lost));
                }
                Outcome::Discarded(from, to)
            }
        })
    }

    fn numbered(&self, number: u32) -> Option<Outcome> {
        if number < self.log.first_number() {
            return Some(Outcome::NotKept);
        }
        let event = self.log.get(number)?;
        Some(if event.is_lost() { Outcome::NotKept } else { Outcome::Event(number, event.clone()) })
    }
}

#[cfg(test)]
mod tests;
