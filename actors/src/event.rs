//! An event as sessions keep it: rendered once by whoever tells it, shared by every session that
//! hears it.

use std::sync::Arc;

use actix::Message;
use schemas::domain::ObjectId;

/// One event. Its number belongs to a session's log, not to the event.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    /// The monitored object; `None` for system events.
    pub object: Option<ObjectId>,
    /// The children of a `standardEventMsg` or `numberedEventMsg`, with `cc:` prefixes.
    pub standard: String,
}

impl Event {
    /// What it counts against a log's bound.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.standard.len() + size_of::<Self>()
    }
}

/// Events for one session, in order.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub enum Deliver {
    One(Arc<Event>),
    Many(Vec<Arc<Event>>),
}
