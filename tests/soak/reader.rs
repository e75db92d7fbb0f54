//! What one application has read: each event once, though some come again after a death.

use std::rc::Rc;
use std::sync::Arc;

use schemas::contract::cc::StandardEventMsg;

use super::lab::now_ms;
use crate::common::clock::WallClock;
use crate::simulation::world::{Application, Heard};

/// When what it hears is said to be heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    AtOnce,
    /// It reads late, and goes by the times that the events say.
    Late,
}

/// Where a reader is that began again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Behind all that it has heard.
    End,
    /// Somewhere in what it has heard, or behind it.
    Unknown,
    /// The next to come is this one again.
    Again(usize),
}

pub struct Reader {
    heard: Rc<std::cell::RefCell<Vec<Heard>>>,
    pace: Pace,
    /// The gateway's, which its events say the time by.
    clock: Arc<WallClock>,
    at: At,
    pub again: usize,
    pub violations: Vec<String>,
}

impl Reader {
    pub fn new(application: &Application, pace: Pace, clock: Arc<WallClock>) -> Self {
        let heard = application.heard.clone();
        Self { heard, pace, clock, at: At::End, again: 0, violations: Vec::new() }
    }

    /// Something died between it and its events: the last ones may come again, in their order, and none is left out.
    pub fn begins_again(&mut self) {
        self.at = At::Unknown;
    }

    pub fn takes(&mut self, mut event: StandardEventMsg) {
        self.by_our_clock(&mut event);
        let mut heard = self.heard.borrow_mut();
        let place = match self.at {
            At::End => None,
            At::Again(at) => Some(at),
            At::Unknown => heard.iter().rposition(|heard| heard.event == event),
        };
        match place {
            Some(at) if heard[at].event == event => {
                self.again += 1;
                self.at = if at + 1 == heard.len() { At::Unknown } else { At::Again(at + 1) };
            }
            Some(at) => self.violations.push(format!("came again out of order at {at}: {event:?}")),
            None => {
                self.at = At::End;
                let at_ms = if self.pace == Pace::AtOnce { now_ms() } else { said_ms(&event).unwrap_or_else(now_ms) };
                heard.push(Heard { at_ms, event });
            }
        }
    }

    /// The gateway's clock may have been set; what is true is told by ours.
    fn by_our_clock(&self, event: &mut StandardEventMsg) {
        let ahead_ms = self.clock.ahead_ms();
        if let Some(call) = &mut event.call_event {
            call.call_event_time -= ahead_ms;
        }
        if let Some(system) = &mut event.system_event {
            system.time -= ahead_ms;
        }
    }

    pub fn forget(&mut self) {
        self.heard.borrow_mut().clear();
        self.at = At::End;
    }
}

fn said_ms(event: &StandardEventMsg) -> Option<i64> {
    event.call_event.as_ref().map(|call| call.call_event_time)
}
