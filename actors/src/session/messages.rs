//! What is said to a `Session`.

use std::sync::Arc;

use actix::{Addr, Message};
use schemas::domain::{Ceid, ObjectId, SessionId};
use tokio::sync::oneshot;

use super::Session;
use super::state::{HandlerId, Outcome, PollId, Want};
use crate::push::NotTaken;
use crate::refusal::Refused;

/// Give the session its next ten seconds.
#[derive(Message)]
#[rtype(result = "()")]
pub struct ResetTimer;

/// The application leaves, or is made to.
#[derive(Message)]
#[rtype(result = "()")]
pub struct End;

#[derive(Message)]
#[rtype(result = "Result<(), Refused>")]
pub struct MonitorObject(pub ObjectId);

#[derive(Message)]
#[rtype(result = "Result<(), Refused>")]
pub struct StopMonitor(pub ObjectId);

/// Hear of the object's features, beside its calls or without them.
#[derive(Message)]
#[rtype(result = "Result<(), Refused>")]
pub struct MonitorFeatures(pub ObjectId);

#[derive(Message)]
#[rtype(result = "Result<(), Refused>")]
pub struct StopFeatureMonitor(pub ObjectId);

/// Hear of presence in the groups of a node.
#[derive(Message)]
#[rtype(result = "Result<(), Refused>")]
pub struct MonitorPresence(pub Ceid);

#[derive(Message)]
#[rtype(result = "Result<(), Refused>")]
pub struct StopPresenceMonitor(pub Ceid);

/// Wait for an event.
#[derive(Message)]
#[rtype(result = "Result<HeldPoll, Refused>")]
pub struct Poll {
    pub want: Want,
    pub timeout_ms: i64,
}

/// Hand events over to a handler there, from the next one on; none any more when it is empty.
#[derive(Message)]
#[rtype(result = "Result<(), Refused>")]
pub struct RegisterHandler {
    pub url: String,
}

/// Tell this address of a successor, when there is one; nobody any more when it is empty.
#[derive(Message)]
#[rtype(result = "Result<(), Refused>")]
pub struct RegisterCallback {
    pub url: String,
}

/// Who is to be told of a successor.
#[derive(Message)]
#[rtype(result = "Option<Arc<str>>")]
pub struct Callback;

/// What became of a word that was on its way to a handler.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Pushed {
    pub id: HandlerId,
    pub answer: Result<(), NotTaken>,
}

/// Release every held poll.
#[derive(Message)]
#[rtype(result = "()")]
pub struct CancelPolls;

/// What became of a poll's answer.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) enum Carried {
    Delivered(PollId),
    Gone(PollId),
}

/// A poll that waits. Dropping it, or its [`Receipt`], says that the client is gone.
#[derive(Debug)]
pub struct HeldPoll {
    pub(crate) answer: oneshot::Receiver<Outcome>,
    pub(crate) receipt: Receipt,
}

impl HeldPoll {
    /// Waits for the end of the poll.
    pub async fn outcome(self) -> (Outcome, Receipt) {
        let outcome = self.answer.await.unwrap_or(Outcome::Ended);
        (outcome, self.receipt)
    }
}

/// To be kept with the answer until a live connection has taken it.
#[derive(Debug)]
pub struct Receipt {
    pub(crate) session: Addr<Session>,
    pub(crate) poll: PollId,
    pub(crate) open: bool,
}

impl Receipt {
    /// A live connection took the answer: the cursor may move.
    pub fn delivered(mut self) {
        self.open = false;
        self.session.do_send(Carried::Delivered(self.poll));
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if self.open {
            self.session.do_send(Carried::Gone(self.poll));
        }
    }
}

/// To the SessionSupervisor: a session is over.
#[derive(Message)]
#[rtype(result = "()")]
pub struct SessionEnded(pub SessionId);

/// How many events the session has not read.
#[derive(Message)]
#[rtype(result = "u32")]
pub struct Lag;
