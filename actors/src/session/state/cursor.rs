//! Where one reader of the log is: getEvent, advGetEvent, or the event handler.

use std::sync::Arc;

use schemas::domain::ObjectId;

use crate::event::{Event, Form};
use crate::session::log::Log;

/// What a reader gets next.
#[derive(Debug)]
pub(super) enum Offer {
    Event(u32, Arc<Event>),
    /// These were let go before the reader had them. The objects are to be restated, and are named
    /// once, however often the reader has to be told.
    Discarded(u32, u32, Vec<ObjectId>),
}

impl Offer {
    /// Where the cursor goes when the reader has taken it.
    pub(super) fn next(&self) -> u32 {
        match self {
            Offer::Event(number, _) => number + 1,
            Offer::Discarded(_, to, _) => to + 1,
        }
    }
}

#[derive(Debug)]
pub(super) struct Cursor {
    form: Form,
    /// Number of the event that it reads next.
    pub(super) next: u32,
    /// Losses up to here have been restated.
    restated: u32,
}

impl Cursor {
    pub(super) fn new(form: Form, next: u32) -> Self {
        Self { form, next, restated: next - 1 }
    }

    pub(super) fn form(&self) -> Form {
        self.form
    }

    /// What the reader gets next, if anything is there; events without its form are passed over.
    pub(super) fn offer(&mut self, log: &impl Log) -> Option<Offer> {
        let first = log.first_number();
        if self.next < first {
            let lost = log.lost_since(self.next.max(self.restated + 1));
            self.restated = first - 1;
            return Some(Offer::Discarded(self.next, first - 1, lost));
        }
        loop {
            let event = log.get(self.next)?;
            if event.is_lost() {
                let lost = |number: &u32| log.get(*number).is_some_and(|event| event.is_lost());
                let last = (self.next..).take_while(lost).last().unwrap_or(self.next);
                // Of which objects they were nobody knows; each was told anew behind the hole.
                return Some(Offer::Discarded(self.next, last, Vec::new()));
            }
            if event.has(self.form) {
                return Some(Offer::Event(self.next, event.clone()));
            }
            self.next += 1;
        }
    }
}
