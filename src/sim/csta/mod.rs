//! The CSTA side of a node: associations of gateways, each with monitors of its own.
//!
//! Pure: frames that were read come in, frames to be sent go out. The switch is asked through its
//! commands and views; what happens there is told to the monitors of every association. Called by
//! `core`, which owns both.

mod calls;
mod directory;
mod events;
mod features;
mod hot_desk;
mod presence;
mod records;
mod services;

pub use services::SERVICES;

use std::collections::{BTreeMap, BTreeSet};

use schemas::csta::frame;
use schemas::csta::message::{Edition, Event, Failure, Message, RecordsResponse, Request, Response, SystemStatus};

use super::plan::{Plan, Style};
use super::switch::{Line, Output, Switch};

/// One connection of a gateway, in the order in which they came.
pub type AssociationId = u64;

/// Between this node's own heartbeats.
const HEARTBEAT_MS: i64 = 5_000;
/// Heartbeats without an answer after which an association is given up.
const HEARTBEATS_MISSED: u32 = 2;
/// From the open connection to the application session, where the node asks for one.
const SESSION_START_MS: i64 = 10_000;
/// Frames that cannot be read, after which an association is given up.
const UNREADABLE: u32 = 100;
/// Monitors of one association; a gateway has one for each line.
const MONITORS: usize = 100_000;
/// Connections beyond the limit that may wait to be told so.
const TURNED_AWAY: usize = 6;

/// What is to be done at the connections.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    Send(Outgoing),
    Close(AssociationId),
}

/// A frame to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    pub to: AssociationId,
    pub invoke: u16,
    pub message: Box<Message>,
    pub edition: Edition,
    /// The service that this answers, for faults that are about it.
    pub answers: Option<&'static str>,
}

struct Association {
    edition: Edition,
    /// Over the limit: it will be told so and closed.
    turned_away: bool,
    /// Id and end of the application session.
    session: Option<(String, i64)>,
    opened_ms: i64,
    monitors: BTreeMap<u64, Line>,
    by_line: BTreeMap<Line, Vec<u64>>,
    /// Monitors of presence in every group.
    presence: BTreeSet<u64>,
    /// Records of calls that it asks for.
    records: Option<records::Transmission>,
    next_invoke: u16,
    heartbeat_at: i64,
    unanswered: u32,
    unreadable: u32,
}

/// All associations of one node.
pub struct Exchange {
    style: Style,
    gateways: usize,
    associations: BTreeMap<AssociationId, Association>,
    /// Requests whose answer waits for a partner node, by the number that the switch gave them.
    waiting: BTreeMap<u64, Waiting>,
    /// Cross references, registrations and sessions; never used again.
    next: u64,
    /// What the node says of itself.
    status: SystemStatus,
}

/// Who asked for something that had to wait, in which request, and which answer is due.
struct Waiting {
    id: AssociationId,
    invoke: u16,
    due: Due,
}

/// The answer that a request gets when it is done.
#[derive(Debug, Clone, Copy)]
enum Due {
    /// To a pickup, by this line.
    Pickup(Line),
    /// To a request of our private data: that it was done.
    Private,
}

impl Exchange {
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self {
            style: plan.style,
            gateways: plan.gateways,
            associations: BTreeMap::new(),
            waiting: BTreeMap::new(),
            next: 0,
            status: SystemStatus::Normal,
        }
    }

    /// Gateways that are associated.
    #[must_use]
    pub fn len(&self) -> usize {
        self.associations.values().filter(|a| !a.turned_away).count()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// From now on the node says this of itself: at once, in its heartbeats, and to each gateway that comes.
    pub fn say(&mut self, status: SystemStatus, out: &mut Vec<Effect>) {
        self.status = status;
        let ids: Vec<AssociationId> = self.associations.keys().copied().collect();
        for id in ids {
            self.ask(id, Request::SystemStatus { status }, out);
        }
    }

    /// The node has nothing to complain of any more; the next heartbeats say so.
    pub fn is_well(&mut self) {
        self.status = SystemStatus::Normal;
    }

    /// A connection was made.
    pub fn opened(&mut self, id: AssociationId, now_ms: i64, out: &mut Vec<Effect>) {
        let turned_away = self.len() >= self.gateways;
        let waiting = self.associations.len() - self.len();
        if turned_away && (self.style != Style::Session || waiting >= TURNED_AWAY) {
            out.push(Effect::Close(id));
            return;
        }
        let association = Association {
            edition: Edition::default(),
            turned_away,
            session: None,
            opened_ms: now_ms,
            monitors: BTreeMap::new(),
            by_line: BTreeMap::new(),
            presence: BTreeSet::new(),
            records: None,
            next_invoke: frame::FIRST_REQUEST,
            heartbeat_at: now_ms + HEARTBEAT_MS,
            unanswered: 0,
            unreadable: 0,
        };
        self.associations.insert(id, association);
        if self.style == Style::ServerFirst {
            self.ask(id, Request::SystemStatus { status: SystemStatus::Enabled }, out);
            if self.status != SystemStatus::Normal {
                self.ask(id, Request::SystemStatus { status: self.status }, out);
            }
        }
    }

    /// A connection is gone; its monitors are.
    pub fn closed(&mut self, id: AssociationId) {
        self.associations.remove(&id);
    }

    /// Ends every association.
    pub fn close_all(&mut self, out: &mut Vec<Effect>) {
        out.extend(std::mem::take(&mut self.associations).into_keys().map(Effect::Close));
    }

    fn close(&mut self, id: AssociationId, out: &mut Vec<Effect>) {
        if self.associations.remove(&id).is_some() {
            out.push(Effect::Close(id));
        }
    }

    /// A frame that is no readable message.
    pub fn unreadable(&mut self, id: AssociationId, invoke: u16, out: &mut Vec<Effect>) {
        let Some(association) = self.associations.get_mut(&id) else { return };
        association.unreadable += 1;
        if association.unreadable >= UNREADABLE {
            self.close(id, out);
        } else if invoke != frame::EVENT {
            self.answer(id, invoke, "", Err(Failure::operation("generic")), out);
        }
    }

    /// A message was read. What the switch says to it is appended to `told`, for `tell`.
    #[expect(clippy::too_many_arguments)] // one message in all its parts, and where its effects go
    pub fn heard(
        &mut self,
        id: AssociationId,
        invoke: u16,
        message: Message,
        edition: Edition,
        switch: &mut Switch,
        now_ms: i64,
        out: &mut Vec<Effect>,
        told: &mut Vec<Output>,
    ) {
        let Some(association) = self.associations.get_mut(&id) else { return };
        match message {
            Message::Request(request) => {
                if !is_of_a_session(&request) {
                    association.edition = edition;
                }
                self.request(id, invoke, request, switch, now_ms, out, told);
            }
            Message::Response(Response::Records(RecordsResponse::Report)) => self.report(id, out),
            // Only heartbeats are asked for besides; a gateway that refuses one lives.
            Message::Response(Response::SystemStatus) | Message::Failure(_) => association.unanswered = 0,
            Message::Response(_) | Message::Event(_) | Message::Unknown(_) => {}
        }
    }

    /// Tells what happened to whoever monitors a line that was in it.
    pub fn tell(&self, told: &Output, out: &mut Vec<Effect>) {
        for (id, association) in &self.associations {
            let send = |message: Message| {
                Effect::Send(Outgoing {
                    to: *id,
                    invoke: frame::EVENT,
                    message: Box::new(message),
                    edition: association.edition,
                    answers: None,
                })
            };
            if let Output::Presence(change) = told {
                // And every line of the member's set.
                let lines = association.by_line.iter().filter(|(line, _)| line.dn == change.member);
                let of_member = lines.flat_map(|(_, cross_refs)| cross_refs).copied();
                let all = association.presence.iter().copied().chain(of_member);
                out.extend(all.map(|cross_ref| send(presence::event(*change, cross_ref))));
            }
            for witness in events::witnesses(told).iter() {
                for cross_ref in association.by_line.get(&witness.line).into_iter().flatten() {
                    let Some(message) = events::event(told, witness, *cross_ref) else { continue };
                    out.push(send(message));
                }
            }
        }
    }

    fn send_event(&self, id: AssociationId, event: Event, out: &mut Vec<Effect>) {
        let Some(association) = self.associations.get(&id) else { return };
        out.push(Effect::Send(Outgoing {
            to: id,
            invoke: frame::EVENT,
            message: Box::new(Message::Event(event)),
            edition: association.edition,
            answers: None,
        }));
    }

    /// Looks at the timers.
    pub fn tick(&mut self, now_ms: i64, out: &mut Vec<Effect>) {
        let ids: Vec<AssociationId> = self.associations.keys().copied().collect();
        for id in ids {
            self.tick_one(id, now_ms, out);
        }
    }

    fn tick_one(&mut self, id: AssociationId, now_ms: i64, out: &mut Vec<Effect>) {
        let wants_session = self.style == Style::Session;
        let Some(association) = self.associations.get_mut(&id) else { return };
        match &association.session {
            Some((session, until)) if *until <= now_ms => {
                let session = session.clone();
                self.ask(id, Request::ApplicationSessionTerminated { session }, out);
                return self.close(id, out);
            }
            None if wants_session => {
                if now_ms - association.opened_ms >= SESSION_START_MS {
                    self.close(id, out);
                }
                return;
            }
            _ => {}
        }
        if association.heartbeat_at <= now_ms {
            if association.unanswered >= HEARTBEATS_MISSED {
                return self.close(id, out);
            }
            association.unanswered += 1;
            association.heartbeat_at = now_ms + HEARTBEAT_MS;
            self.ask(id, Request::SystemStatus { status: self.status }, out);
        }
    }

    /// When the next timer is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<i64> {
        let of = |a: &Association| match &a.session {
            Some((_, until)) => a.heartbeat_at.min(*until),
            None if self.style == Style::Session => a.opened_ms + SESSION_START_MS,
            None => a.heartbeat_at,
        };
        self.associations.values().map(of).min()
    }

    /// Sends a request of our own, or a one-way message.
    fn ask(&mut self, id: AssociationId, request: Request, out: &mut Vec<Effect>) {
        let Some(association) = self.associations.get_mut(&id) else { return };
        let invoke = association.next_invoke;
        association.next_invoke = if invoke >= frame::LAST_REQUEST { frame::FIRST_REQUEST } else { invoke + 1 };
        let (message, edition) = (Box::new(Message::Request(request)), association.edition);
        out.push(Effect::Send(Outgoing { to: id, invoke, message, edition, answers: None }));
    }

    fn answer(
        &self,
        id: AssociationId,
        invoke: u16,
        service: &'static str,
        answer: Result<Response, Failure>,
        out: &mut Vec<Effect>,
    ) {
        let Some(association) = self.associations.get(&id) else { return };
        let message = Box::new(match answer {
            Ok(response) => Message::Response(response),
            Err(failure) => Message::Failure(failure),
        });
        let edition = association.edition;
        out.push(Effect::Send(Outgoing { to: id, invoke, message, edition, answers: Some(service) }));
    }
}

/// Messages of ECMA-354 say nothing about the edition of the others.
fn is_of_a_session(request: &Request) -> bool {
    matches!(
        request,
        Request::StartApplicationSession { .. }
            | Request::ResetApplicationSessionTimer { .. }
            | Request::StopApplicationSession { .. }
            | Request::ApplicationSessionTerminated { .. }
    )
}
