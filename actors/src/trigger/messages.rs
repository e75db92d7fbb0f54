//! What is said to a `Trigger`, and what it tells.

use std::sync::Arc;

use actix::Message;
use schemas::data::sql::Filter;
use schemas::data::sync::Operation;
use schemas::data::{Form, Row};
use schemas::domain::{Ceid, SessionId};

/// A change of a row of some node's form, as the gateway numbers them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Grows with each, over all nodes; not every number is used.
    pub number: u64,
    pub ceid: Ceid,
    pub form: &'static Form,
    /// None of an insertion.
    pub before: Option<Row>,
    /// None of a deletion.
    pub after: Option<Row>,
    /// When the node did it by its clock, or when it was found, in ms since the epoch.
    pub at_ms: i64,
}

impl Logged {
    #[must_use]
    pub fn operation(&self) -> Operation {
        Operation::of(self.before.as_ref(), self.after.as_ref())
    }
}

/// What a session wants to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Never used again.
    pub id: u64,
    /// Of one node, or of all.
    pub ceid: Option<Ceid>,
    pub form: &'static Form,
    /// Which columns it wants, by their places: a change of none of them is not told. All when there are none.
    pub columns: Vec<usize>,
    /// What a row must be like, before the change or after it.
    pub filter: Option<Filter>,
    /// That filter as it was said, to be kept.
    pub condition: Option<String>,
    /// It hears of changes after this one.
    pub after: u64,
}

/// Changes in the order of their numbers, none left out since those before.
#[derive(Message, Clone)]
#[rtype(result = "()")]
pub struct Feed(pub Arc<[Arc<Logged>]>);

/// The first changes after a number that the trigger is for, so many at most.
#[derive(Message)]
#[rtype(result = "Found")]
pub struct After {
    pub number: u64,
    pub most: usize,
}

/// What a trigger has after a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// All of them up to a number that was looked at, or as many as were wanted.
    Here { changes: Vec<Arc<Logged>>, looked_at: u64 },
    /// Some are not held any more: those up to this number are to be sifted anew.
    Sift { up_to: u64 },
}

/// Which of these the trigger is for.
#[derive(Message)]
#[rtype(result = "Vec<Arc<Logged>>")]
pub struct Sift(pub Vec<Arc<Logged>>);

/// To the supervisor: the life of a trigger is over.
#[derive(Message)]
#[rtype(result = "()")]
pub struct TriggerEnded {
    pub session: SessionId,
    pub id: u64,
    pub life: u64,
}

/// End this life: nobody wants it any more.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Retire;

/// Makes it panic in a step.
#[cfg(test)]
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Panic;
