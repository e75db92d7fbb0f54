//! How an application reads its events: by polls, and by their numbers.

use std::cell::Cell;
use std::rc::Rc;

use schemas::contract::Request;
use schemas::contract::adv::AdvEventMsg;
use schemas::contract::cc::{NumberedEventMsg, StandardEventMsg};

use super::chance::Chance;
use super::world::{Door, call};

/// What a poll answers with.
pub trait Polled {
    fn result(&self) -> bool;
    fn error(&self) -> Option<&str>;
}

impl Polled for StandardEventMsg {
    fn result(&self) -> bool {
        self.result
    }

    fn error(&self) -> Option<&str> {
        self.error_description.as_deref()
    }
}

impl Polled for AdvEventMsg {
    fn result(&self) -> bool {
        self.result
    }

    fn error(&self) -> Option<&str> {
        self.error_description.as_deref()
    }
}

/// Reads the events of a session by one kind of poll.
pub struct Reader {
    pub door: Door,
    pub hung_up: Rc<Cell<usize>>,
    pub chance: Chance,
}

impl Reader {
    pub async fn run<R: Request>(mut self, asked: R, keep: impl Fn(R::Reply))
    where
        R::Reply: Polled,
    {
        loop {
            let Some((receipt, event)) = call(&self.door, &asked).await else { return };
            if !event.result() {
                match event.error() {
                    Some("Timeout no event message available.") => continue,
                    _ => return, // the session is over
                }
            }
            if let Some(receipt) = receipt {
                if self.chance.percent(5) {
                    // The client is gone: nobody has seen this event, and it must come again.
                    self.hung_up.set(self.hung_up.get() + 1);
                    drop(receipt);
                    continue;
                }
                receipt.delivered();
            }
            keep(event);
        }
    }
}

/// An event that was read by its number.
#[derive(Debug)]
pub enum Numbered {
    Standard(Box<StandardEventMsg>),
    Advanced(Box<AdvEventMsg>),
}

impl From<NumberedEventMsg> for Numbered {
    fn from(reply: NumberedEventMsg) -> Self {
        if reply.advanced {
            return Self::Advanced(Box::new(AdvEventMsg {
                error_description: None,
                event_type: reply.adv_event_type,
                call_event: reply.adv_call_event,
                feature_event: reply.adv_feature_event,
                system_event: reply.adv_system_event,
                result: true,
            }));
        }
        Self::Standard(Box::new(StandardEventMsg {
            error_description: None,
            event_type: reply.event_type,
            call_event: reply.call_event,
            feature_event: reply.feature_event,
            system_event: reply.system_event,
            result: true,
        }))
    }
}

impl Numbered {
    /// Whether it is what a poll gave.
    pub fn is(&self, polled: &StandardEventMsg) -> bool {
        match self {
            Self::Standard(event) => **event == *polled,
            Self::Advanced(event) => **event == AdvEventMsg::from(polled.clone()),
        }
    }
}
