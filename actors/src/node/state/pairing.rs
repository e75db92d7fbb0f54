//! Requests and their answers: which is for which, and what becomes of a question without one.

use schemas::csta::frame;
use schemas::csta::message::{Message, PresenceMonitor, PrivateResponse, RecordsResponse, Request, Response};
use schemas::domain::{CallKey, DeviceRef, Dn, FeatureGroup, NodeRefusal, ObjectId};
use tokio::time::Instant;

use super::refusals::{full, overloaded};
use super::{Effect, Effects, State};
use crate::node::messages::{Ticket, Told};
use crate::policy;

/// Why a request was sent, and so what its answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::node) enum Purpose {
    /// The first request to a node that neither speaks first nor knows sessions.
    Greeting,
    StartSession,
    ResetTimer,
    Register,
    Heartbeat,
    Directory,
    /// How the appearances of a number share its calls.
    Sharing(Dn),
    Monitor(ObjectId),
    /// A monitor whose object was let go before the answer: to be stopped when it starts.
    Unwanted,
    Unmonitor,
    Legs(ObjectId),
    Line(ObjectId, DeviceRef),
    Details(ObjectId, CallKey),
    Settings(ObjectId, FeatureGroup),
    Perform(ObjectId, Ticket),
    /// What of our private data the node knows.
    Features,
    Profile(Ticket),
    HotDesk(Ticket),
    /// A monitor of presence.
    Presence(ObjectId),
    Absent(ObjectId),
    /// Whether the node keeps records of its calls.
    RecordsStart,
    /// Those of the time in which it was not heard.
    RecordsSend,
}

impl Purpose {
    /// The object that the answer is for.
    pub(in crate::node) fn object(&self) -> Option<ObjectId> {
        match self {
            Self::Monitor(object)
            | Self::Legs(object)
            | Self::Line(object, _)
            | Self::Details(object, _)
            | Self::Settings(object, _)
            | Self::Perform(object, _)
            | Self::Presence(object) => Some(*object),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(super) struct Pending {
    pub(super) purpose: Purpose,
    pub(super) deadline: Instant,
    /// It waited for room, and takes some until it is answered.
    pub(super) queued: bool,
}

impl State {
    /// The node has no room for monitors: those that wait to be asked for are refused as this one was.
    pub(super) fn is_full(&mut self, now: Instant, out: &mut Effects) {
        if self.queue.full(now) {
            out.push(Effect::Full(true));
        }
        for purpose in self.queue.take_bulk() {
            self.refuse(purpose, full(), out);
        }
    }

    pub(super) fn refuse(&mut self, purpose: Purpose, refusal: NodeRefusal, out: &mut Effects) {
        let (object, told) = match purpose {
            Purpose::RecordsStart | Purpose::RecordsSend => return self.no_records("the node is too busy for it", out),
            Purpose::Profile(ticket) => return out.push(Effect::Profile(ticket, Err(refusal))),
            Purpose::HotDesk(ticket) => return out.push(Effect::HotDesk(ticket, Err(refusal))),
            Purpose::Monitor(object) => (object, Told::Monitored(Err(refusal))),
            Purpose::Presence(object) => (object, Told::Presence(Err(refusal))),
            Purpose::Absent(object) => (object, Told::Absent(Err(refusal))),
            Purpose::Legs(object) => (object, Told::Legs(Err(refusal))),
            Purpose::Line(object, line) => (object, Told::Line(line, Err(refusal))),
            Purpose::Details(object, call) => (object, Told::Details(call, Err(refusal))),
            Purpose::Settings(object, group) => (object, Told::Settings(group, Err(refusal))),
            Purpose::Perform(object, ticket) => (object, Told::Outcome(ticket, Err(refusal))),
            _ => return,
        };
        out.push(Effect::Tell(object, told));
    }

    /// An answer that nobody waits for: doubled, late, or invented. A monitor that started too
    /// late is stopped, else it would live on at the node.
    pub(super) fn late(&mut self, invoke: u16, response: Option<Response>, now: Instant, out: &mut Effects) {
        metrics::counter!("oig_node_answers_unexpected_total").increment(1);
        let Some(at) = self.resting.iter().position(|(id, ..)| *id == invoke) else { return };
        let Some((_, purpose, _)) = self.resting.remove(at) else { return };
        match (purpose, response) {
            (Purpose::Monitor(_) | Purpose::Unwanted, Some(Response::MonitorStart { cross_ref }))
            | (
                Purpose::Presence(_) | Purpose::Unwanted,
                Some(Response::Escape(PrivateResponse::PresenceMonitor(PresenceMonitor { cross_ref, .. }))),
            ) => {
                self.send(Request::MonitorStop { cross_ref }, Purpose::Unmonitor, now, out);
            }
            (Purpose::RecordsStart, Some(Response::Records(RecordsResponse::Start { cross_ref, .. }))) => {
                self.stop_records(cross_ref, now, out);
            }
            _ => {}
        }
    }

    pub(super) fn send(&mut self, request: Request, purpose: Purpose, now: Instant, out: &mut Effects) {
        self.send_of(request, purpose, false, now, out);
    }

    pub(super) fn send_of(
        &mut self,
        request: Request,
        purpose: Purpose,
        queued: bool,
        now: Instant,
        out: &mut Effects,
    ) {
        let Some(invoke) = self.free_invoke() else {
            if queued {
                self.queue.done();
            }
            return self.refuse(purpose, overloaded(), out);
        };
        self.pending.insert(invoke, Pending { purpose, deadline: now + policy::ANSWER, queued });
        out.push(Effect::Send(invoke, Message::Request(request), self.edition));
    }

    pub(super) fn free_invoke(&mut self) -> Option<u16> {
        for _ in frame::FIRST_REQUEST..=frame::LAST_REQUEST {
            let id = self.next_invoke;
            self.next_invoke = if id >= frame::LAST_REQUEST { frame::FIRST_REQUEST } else { id + 1 };
            if !self.pending.contains_key(&id) && !self.resting.iter().any(|(r, ..)| *r == id) {
                return Some(id);
            }
        }
        None
    }

    pub(super) fn take(&mut self, invoke: u16) -> Option<Purpose> {
        self.remove(invoke).map(|p| p.purpose)
    }

    pub(super) fn remove(&mut self, invoke: u16) -> Option<Pending> {
        let pending = self.pending.remove(&invoke)?;
        if pending.queued {
            self.queue.done();
        }
        Some(pending)
    }
}
