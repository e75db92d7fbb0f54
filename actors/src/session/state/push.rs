//! The decisions about an event handler: one event at a time, again after a pause when it was not
//! taken, and only now and then when the handler seems to be dead. Pure.

use tokio::time::Instant;

use super::cursor::Cursor;
use crate::backoff::Backoff;
use crate::event::Form;
use crate::policy;
use crate::push::Word;
use crate::session::log::Log;
use schemas::domain::ObjectId;

/// Names one registration: answers that belong to an earlier one are left aside.
pub(crate) type HandlerId = u64;

#[derive(Debug)]
enum Phase {
    Ready,
    /// A word is on its way; where the cursor goes when it is taken.
    Asked(u32),
    /// The last one was not taken.
    Rests(Instant),
}

/// A handler that has not answered for so long that it counts as dead, or one that answers again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Dead,
    Back,
}

#[derive(Debug)]
pub(super) struct Pushing {
    pub(super) id: HandlerId,
    pub(super) cursor: Cursor,
    phase: Phase,
    backoff: Backoff,
    /// Tries in a row that failed.
    failures: u32,
}

impl Pushing {
    /// From the event of this number on.
    pub(super) fn new(id: HandlerId, form: Form, next: u32) -> Self {
        Self { id, cursor: Cursor::new(form, next), phase: Phase::Ready, backoff: retries(), failures: 0 }
    }

    fn is_dead(&self) -> bool {
        self.failures >= policy::PUSH_FAILURES
    }

    /// When it is to be asked again.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.phase {
            Phase::Rests(until) => Some(until),
            Phase::Ready | Phase::Asked(_) => None,
        }
    }

    /// What to hand over now, and what objects are to be restated.
    pub(super) fn serve(&mut self, log: &impl Log, now: Instant) -> Option<(Word, Vec<ObjectId>)> {
        match self.phase {
            Phase::Asked(_) => return None,
            Phase::Rests(until) if until > now => return None,
            Phase::Rests(_) | Phase::Ready => {}
        }
        self.phase = Phase::Ready;
        let offer = self.cursor.offer(log)?;
        self.phase = Phase::Asked(offer.next());
        Some(match offer {
            super::cursor::Offer::Event(number, event) => (Word::Event(number, event), Vec::new()),
            super::cursor::Offer::Discarded(from, to, lost) => (Word::Discarded(from, to), lost),
        })
    }

    /// The handler took what was on its way, or did not.
    pub(super) fn answered(&mut self, taken: bool, random: u64, now: Instant) -> Option<Turn> {
        let Phase::Asked(next) = self.phase else { return None };
        if taken {
            let was_dead = self.is_dead();
            self.cursor.next = next;
            self.phase = Phase::Ready;
            self.failures = 0;
            self.backoff = retries();
            return was_dead.then_some(Turn::Back);
        }
        let was_dead = self.is_dead();
        self.failures = self.failures.saturating_add(1);
        let dies = self.is_dead() && !was_dead;
        if dies {
            self.backoff = Backoff::new(policy::PUSH_PROBE, policy::PUSH_PROBE);
        }
        self.phase = Phase::Rests(now + self.backoff.pause(random));
        dies.then_some(Turn::Dead)
    }
}

fn retries() -> Backoff {
    Backoff::new(policy::PUSH_FIRST, policy::PUSH_LONGEST)
}
