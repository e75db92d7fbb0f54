//! The threads that actors live on, chosen by key: what belongs together lives together.

use actix::ArbiterHandle;
use schemas::domain::{Ceid, SessionId};

/// At least one arbiter.
#[derive(Clone)]
pub struct Arbiters(Vec<ArbiterHandle>);

impl Arbiters {
    /// The given ones; `None` when there is none.
    #[must_use]
    pub fn new(handles: Vec<ArbiterHandle>) -> Option<Self> {
        if handles.is_empty() { None } else { Some(Self(handles)) }
    }

    fn pick(&self, key: usize) -> &ArbiterHandle {
        &self.0[key % self.0.len()]
    }

    /// A node and all its devices share one thread: their messages stay in order and cheap.
    #[must_use]
    pub fn of_node(&self, ceid: Ceid) -> &ArbiterHandle {
        self.pick(usize::from(ceid.get()))
    }

    #[must_use]
    pub fn of_session(&self, session: SessionId) -> &ArbiterHandle {
        self.pick(session.tag() as usize)
    }

    /// Where the supervisors live.
    #[must_use]
    pub fn first(&self) -> &ArbiterHandle {
        self.pick(0)
    }
}
