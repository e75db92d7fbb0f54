//! The decisions of a `Node`: association, pairing of requests and answers, heartbeat, routing.
//!
//! Pure: what happened goes in, what is to be done comes out. No socket, no actor, no clock.

mod answers;
mod pairing;
mod questions;
mod records;
mod refusals;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use schemas::csta::convert;
use schemas::csta::message::{
    AppearanceType, DeviceProfile, Edition, EventBody, Failure, Message, PrivateFeature, Request, Response,
    SpecificInfo, SystemStatus,
};
use schemas::domain::{CallKey, DeviceRef, Dn, HotDesk, HotDeskAnswer, NodeRefusal, ObjectId};
use tokio::time::Instant;

use super::directory::{Directory, Heard, Sharings};
use super::messages::{Question, Ticket, Told};
use super::queue::Queue;
use super::unseen::{Look, Unseen};
use crate::cluster::{Association, Listed, NodeSettings};
use crate::policy;
use pairing::Pending;
pub(super) use pairing::Purpose;
use refusals::no_answer;

/// What can happen to a node's connection.
#[allow(clippy::large_enum_variant)] // moved once, never kept in numbers
pub(crate) enum Input {
    /// The socket is open.
    Opened,
    /// A frame was read.
    Heard(u16, Message, Edition),
    /// A frame was no readable message.
    Unreadable,
    /// A device asks.
    Asked(ObjectId, Question),
    /// What is configured for a number; answered by [`Effect::Profile`].
    Profile(Ticket, Dn),
    /// Something about hot desk users; answered by [`Effect::HotDesk`].
    HotDesk(Ticket, HotDesk),
    /// Calls that a device knew before the link was lost.
    Known(Vec<CallKey>),
    /// Every monitor was asked for again, if there are any; our clock says this.
    Restored { now_ms: i64, monitors: bool },
    /// Look at the deadlines.
    Tick,
    /// End in good order.
    Close,
}

/// What is to be done about it.
#[derive(Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // done at once, never kept in numbers
pub(crate) enum Effect {
    Send(u16, Message, Edition),
    Tell(ObjectId, Told),
    Profile(Ticket, Result<DeviceProfile, NodeRefusal>),
    HotDesk(Ticket, Result<HotDeskAnswer, NodeRefusal>),
    Up,
    Directory(HashMap<Dn, Listed>),
    /// The directory stays as it was known before, for the rest of this life.
    NoDirectory(&'static str),
    /// The node says that something is wrong with it, or right again.
    Status(SystemStatus),
    /// The node has no room for more monitors, or has some again.
    Full(bool),
    /// The calls of the time in which the node was not heard, as far as nobody saw them.
    Unseen(Unseen),
    /// Such calls cannot be known, for this reason.
    NoRecords(&'static str),
    Stop(&'static str),
}

pub(crate) type Effects = Vec<Effect>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Since then the association is being made.
    Starting(Instant),
    Up,
}

/// One connection to one node.
pub(crate) struct State {
    association: Association,
    /// What an application session is asked for with, a login for instance.
    specific: Option<SpecificInfo>,
    phase: Phase,
    edition: Edition,
    next_invoke: u16,
    pending: BTreeMap<u16, Pending>,
    /// Ids whose answer never came, with the purpose a late answer still has.
    resting: VecDeque<(u16, Purpose, Instant)>,
    heartbeat_at: Instant,
    unanswered: u32,
    session: Option<(String, Instant, Duration)>,
    queue: Queue,
    directory: Directory,
    /// A directory of which something is still to be asked.
    sharings: Option<Sharings>,
    /// As the node told it last.
    status: SystemStatus,
    /// What of our private data the node said it knows.
    private: Vec<PrivateFeature>,
    /// Cross reference to object and back; a stop that crosses an event finds neither.
    by_reference: HashMap<String, ObjectId>,
    references: BTreeMap<ObjectId, String>,
    /// Calls that began and ended unseen are still to be looked for.
    look: Option<Look>,
    unreadable: u32,
}

impl State {
    pub(crate) fn new(settings: &NodeSettings, now: Instant) -> Self {
        Self {
            association: settings.association,
            specific: settings.specific.clone(),
            phase: Phase::Starting(now),
            edition: settings.edition,
            next_invoke: 1,
            pending: BTreeMap::new(),
            resting: VecDeque::new(),
            heartbeat_at: now + policy::HEARTBEAT,
            unanswered: 0,
            session: None,
            queue: Queue::default(),
            directory: Directory::default(),
            sharings: None,
            status: SystemStatus::Normal,
            private: Vec::new(),
            by_reference: HashMap::new(),
            references: BTreeMap::new(),
            look: None,
            unreadable: 0,
        }
    }

    pub(crate) fn on(&mut self, input: Input, now: Instant, out: &mut Effects) {
        match input {
            Input::Opened => self.opened(now, out),
            Input::Heard(invoke, message, edition) => {
                // ECMA-354 messages are in a namespace of their own and say nothing of the edition.
                if !is_of_session(&message) {
                    self.edition = edition;
                }
                self.heard(invoke, message, now, out);
                self.let_go_on(now, out);
            }
            Input::Unreadable => {
                self.unreadable += 1;
                if self.unreadable >= policy::BAD_FRAMES {
                    out.push(Effect::Stop("too many unreadable frames"));
                }
            }
            Input::Asked(object, question) => self.asked(object, question, now, out),
            Input::Profile(ticket, dn) => self.asked_for_profile(ticket, dn, now, out),
            Input::HotDesk(ticket, asked) => self.asked_hot_desk(ticket, &asked, now, out),
            Input::Known(calls) => self.known(&calls, out),
            Input::Restored { now_ms, monitors: true } => {
                if let Some(look) = &mut self.look {
                    look.restored(now, now_ms);
                }
            }
            Input::Restored { monitors: false, .. } => self.no_records("nothing is monitored", out),
            Input::Tick => self.tick(now, out),
            Input::Close => {
                if let Some((session, ..)) = self.session.take() {
                    self.send(Request::StopApplicationSession { session }, Purpose::Unmonitor, now, out);
                }
                out.push(Effect::Stop("planned stop"));
            }
        }
    }

    fn opened(&mut self, now: Instant, out: &mut Effects) {
        self.phase = Phase::Starting(now);
        match self.association {
            Association::ServerFirst => {} // the node speaks first
            Association::None => self.greet(now, out),
            Association::Session => {
                let request = Request::StartApplicationSession {
                    application: "Open Integration Gateway".into(),
                    specific: self.specific.clone(),
                    versions: ["ed5", "ed4", "ed3"]
                        .map(|e| format!("http://www.ecma-international.org/standards/ecma-323/csta/{e}"))
                        .to_vec(),
                    duration_s: policy::APPLICATION_SESSION_S,
                };
                self.send(request, Purpose::StartSession, now, out);
            }
        }
    }

    fn heard(&mut self, invoke: u16, message: Message, now: Instant, out: &mut Effects) {
        // Whatever it says is life: an answer to a heartbeat may stand behind all that a busy node has to tell.
        self.unanswered = 0;
        match message {
            Message::Request(request) => self.requested(invoke, request, now, out),
            Message::Response(response) => match self.take(invoke) {
                Some(purpose) => self.answered(purpose, response, now, out),
                None => self.late(invoke, Some(response), now, out),
            },
            Message::Failure(failure) => match self.take(invoke) {
                Some(purpose) => self.failed(purpose, &failure, now, out),
                None => self.late(invoke, None, now, out),
            },
            Message::Event(event) => {
                let Some(object) = self.by_reference.get(&event.cross_ref).copied() else {
                    metrics::counter!("oig_node_events_unrouted_total").increment(1);
                    return;
                };
                if let EventBody::Other(_) = &event.body {
                    metrics::counter!("oig_node_events_unknown_total").increment(1);
                    return;
                }
                self.note_event(&event.body, out);
                if let EventBody::Feature { change, .. } = &event.body {
                    out.push(Effect::Tell(object, Told::Changed(convert::changes(change))));
                }
                if let EventBody::HotDesk(state) = &event.body {
                    out.push(Effect::Tell(object, Told::Changed(vec![convert::hot_desk_change(state)])));
                }
                if let EventBody::Presence(state) = &event.body
                    && let Some(change) = convert::presence(state)
                {
                    out.push(Effect::Tell(object, Told::PresenceChanged(change)));
                }
                if let Some(happening) = convert::happening(event.body) {
                    out.push(Effect::Tell(object, Told::Happened(happening)));
                }
            }
            Message::Unknown(_) => {
                metrics::counter!("oig_node_messages_unknown_total").increment(1);
            }
        }
    }

    fn requested(&mut self, invoke: u16, request: Request, now: Instant, out: &mut Effects) {
        match request {
            Request::SystemStatus { status } => {
                self.reply(invoke, Message::Response(Response::SystemStatus), out);
                self.told_status(status, out);
                let ready = matches!(status, SystemStatus::Enabled | SystemStatus::Normal);
                let starting = matches!(self.phase, Phase::Starting(_));
                let registering = self.pending.values().any(|p| p.purpose == Purpose::Register);
                if ready && starting && self.association == Association::ServerFirst && !registering {
                    self.send(Request::SystemRegister, Purpose::Register, now, out);
                }
            }
            Request::SwitchingFunctionDevices { cross_ref, segment, last, devices } => {
                match self.directory.segment(&cross_ref, segment, last, devices, now) {
                    Heard::Part => {}
                    Heard::Whole(lines) => {
                        self.sharings = Some(Sharings::of(lines));
                        self.look_at_sharings(now, out);
                    }
                    Heard::Broken => self.look_for_directory(now, out),
                    Heard::TooMuch => out.push(Effect::Stop("the node lists more devices than a node can have")),
                }
            }
            Request::ApplicationSessionTerminated { .. } => {
                self.session = None;
                out.push(Effect::Stop("the node ended the application session"));
            }
            Request::Records(request) => self.records_requested(invoke, request, now, out),
            Request::MonitorStop { cross_ref } => {
                self.reply(invoke, Message::Response(Response::MonitorStop), out);
                if let Some(object) = self.by_reference.remove(&cross_ref) {
                    self.references.remove(&object);
                    out.push(Effect::Tell(object, Told::MonitorEnded));
                }
            }
            _ => {
                let failure = Failure::operation("serviceNotSupported");
                self.reply(invoke, Message::Failure(failure), out);
            }
        }
    }

    /// Any answer will do: what is asked for is what a node of this kind answers soonest.
    fn greet(&mut self, now: Instant, out: &mut Effects) {
        self.send(Request::SystemStatus { status: SystemStatus::Normal }, Purpose::Greeting, now, out);
    }

    /// Told once for each change; enabled and normal are the same good news. Lost messages are told each time: that
    /// is something which happened, not a state that lasts.
    fn told_status(&mut self, status: SystemStatus, out: &mut Effects) {
        let status = if status == SystemStatus::Enabled { SystemStatus::Normal } else { status };
        let was = std::mem::replace(&mut self.status, status);
        if was != status || status == SystemStatus::MessagesLost {
            out.push(Effect::Status(status));
        }
    }

    /// Asks for the directory when it is time to, within the tries of one life.
    fn look_for_directory(&mut self, now: Instant, out: &mut Effects) {
        match self.directory.due(now) {
            Some(Ok(())) => self.send(Request::GetSwitchingFunctionDevices, Purpose::Directory, now, out),
            Some(Err(why)) => out.push(Effect::NoDirectory(why)),
            None => {}
        }
    }

    /// Asks for what is not known of shared numbers; with the last answer the directory is told.
    fn look_at_sharings(&mut self, now: Instant, out: &mut Effects) {
        while let Some(number) = self.sharings.as_mut().and_then(Sharings::next) {
            let device = DeviceRef::number(number.to_string());
            self.send(Request::GetLogicalDeviceInformation { device }, Purpose::Sharing(number), now, out);
        }
        if let Some(lines) = self.sharings.as_mut().and_then(Sharings::whole) {
            self.sharings = None;
            out.push(Effect::Directory(lines));
        }
    }

    /// A shared number's answer came, or is not to be expected any more.
    fn told_sharing(&mut self, number: Dn, told: Option<AppearanceType>, now: Instant, out: &mut Effects) {
        if let Some(sharings) = &mut self.sharings {
            sharings.told(number, told);
        }
        self.look_at_sharings(now, out);
    }

    fn reply(&self, invoke: u16, message: Message, out: &mut Effects) {
        out.push(Effect::Send(invoke, message, self.edition));
    }

    fn up(&mut self, now: Instant, out: &mut Effects) {
        if self.phase == Phase::Up {
            return;
        }
        self.phase = Phase::Up;
        self.heartbeat_at = now + policy::HEARTBEAT;
        out.push(Effect::Up);
        self.directory.wanted(now);
        self.look_for_directory(now, out);
        self.send(Request::GetCstaFeatures, Purpose::Features, now, out);
    }

    fn tick(&mut self, now: Instant, out: &mut Effects) {
        if let Phase::Starting(since) = self.phase {
            if now.duration_since(since) >= policy::ASSOCIATION {
                out.push(Effect::Stop("the association was not made in time"));
            }
            return;
        }
        let late: Vec<u16> = self.pending.iter().filter(|(_, p)| p.deadline <= now).map(|(id, _)| *id).collect();
        for id in late {
            let Some(pending) = self.remove(id) else { continue };
            metrics::counter!("oig_node_answers_missing_total").increment(1);
            self.resting.push_back((id, pending.purpose.clone(), now + policy::INVOKE_REST));
            match pending.purpose {
                // Counted when the next one is due.
                Purpose::Heartbeat => {}
                Purpose::Directory => self.directory.wanted(now),
                Purpose::Sharing(number) => self.told_sharing(number, None, now, out),
                Purpose::RecordsStart | Purpose::RecordsSend => {
                    self.records_refused("the node does not say whether it keeps records of its calls", now, out);
                }
                purpose => self.refuse(purpose, no_answer(), out),
            }
        }
        self.let_go_on(now, out);
        self.look_for_directory(now, out);
        self.look_back(now, out);
        while self.resting.front().is_some_and(|(_, _, until)| *until <= now) {
            self.resting.pop_front();
        }
        if let Some((session, at, half)) = &mut self.session
            && *at <= now
        {
            *at = now + *half;
            let request = Request::ResetApplicationSessionTimer {
                session: session.clone(),
                duration_s: policy::APPLICATION_SESSION_S,
            };
            self.send(request, Purpose::ResetTimer, now, out);
        }
        if self.heartbeat_at <= now {
            if self.unanswered >= policy::HEARTBEATS_MISSED {
                out.push(Effect::Stop("the node does not answer heartbeats"));
                return;
            }
            self.heartbeat_at = now + policy::HEARTBEAT;
            self.unanswered += 1;
            self.send(Request::SystemStatus { status: SystemStatus::Normal }, Purpose::Heartbeat, now, out);
        }
    }
}

/// Whether a message is one of the ECMA-354 application session.
fn is_of_session(message: &Message) -> bool {
    matches!(
        message,
        Message::Response(
            Response::StartApplicationSession { .. }
                | Response::ResetApplicationSessionTimer { .. }
                | Response::StopApplicationSession
        ) | Message::Request(Request::ApplicationSessionTerminated { .. })
    )
}

#[cfg(test)]
mod tests;
