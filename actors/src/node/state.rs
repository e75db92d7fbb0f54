//! The decisions of a `Node`: association, pairing of requests and answers, heartbeat, routing.
//!
//! Pure: what happened goes in, what is to be done comes out. No socket, no actor, no clock.

mod records;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use schemas::csta::convert;
use schemas::csta::frame;
use schemas::csta::message::{
    AppearanceType, DeviceProfile, Edition, EventBody, Failure, Message, PresenceMonitor, PrivateFeature,
    PrivateRequest, PrivateResponse, RecordsResponse, Request, Response, SpecificInfo, SystemStatus,
};
use schemas::domain::{
    CallKey, DeviceRef, Dn, Done, FeatureGroup, HotDesk, HotDeskAnswer, NodeRefusal, ObjectId, RefusalKind,
};
use tokio::time::Instant;

use super::directory::{Directory, Heard, Sharings};
use super::messages::{CallDetails, Question, Ticket, Told};
use super::queue::{self, Class, Queue};
use super::unseen::{Look, Unseen};
use crate::cluster::{Association, Listed, NodeSettings};
use crate::policy;

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

/// Why a request was sent, and so what its answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
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
    pub(super) fn object(&self) -> Option<ObjectId> {
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
struct Pending {
    purpose: Purpose,
    deadline: Instant,
    /// It waited for room, and takes some until it is answered.
    queued: bool,
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

fn not_connected() -> NodeRefusal {
    NodeRefusal { kind: RefusalKind::NotConnected, text: "The node is not connected.".into() }
}

fn no_answer() -> NodeRefusal {
    NodeRefusal {
        kind: RefusalKind::NoAnswer,
        text: "The node did not answer in time; the outcome is not known.".into(),
    }
}

fn not_available(what: &str) -> NodeRefusal {
    NodeRefusal { kind: RefusalKind::NotSupported, text: format!("{what} is not available on this node.") }
}

/// What a node lacks that does not say who is present when it is asked.
const ASKED_FOR_PRESENCE: &str = "Presence on request";

/// The operation that needs a part of our private data.
fn operation(feature: PrivateFeature) -> &'static str {
    match feature {
        PrivateFeature::SplitConference => "splitConferenceCall",
        PrivateFeature::NewCall => "newCall",
        PrivateFeature::TradeCall => "tradeCall",
        PrivateFeature::RemoteRetrieve => "remoteRetrieveCall",
        PrivateFeature::Presence => "setPRGPresence",
        PrivateFeature::DeviceProfile
        | PrivateFeature::HotDesk
        | PrivateFeature::PresenceState
        | PrivateFeature::Service
        | PrivateFeature::Permitted => "The operation",
    }
}

fn full() -> NodeRefusal {
    NodeRefusal { kind: RefusalKind::Resource, text: "The node has reached a limit.".into() }
}

fn overloaded() -> NodeRefusal {
    NodeRefusal { kind: RefusalKind::Resource, text: "Too many requests wait for this node.".into() }
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

    fn answered(&mut self, purpose: Purpose, response: Response, now: Instant, out: &mut Effects) {
        match (purpose, response) {
            (Purpose::StartSession, Response::StartApplicationSession { session, version, duration_s }) => {
                self.edition = edition_of(&version).unwrap_or(self.edition);
                let half = Duration::from_secs(u64::from(duration_s).max(2)) / 2;
                self.session = Some((session, now + half, half));
                self.up(now, out);
            }
            (Purpose::ResetTimer, Response::ResetApplicationSessionTimer { duration_s }) => {
                if let Some((_, at, half)) = &mut self.session {
                    *half = Duration::from_secs(u64::from(duration_s).max(2)) / 2;
                    *at = now + *half;
                }
            }
            (Purpose::Register, Response::SystemRegister { .. }) | (Purpose::Greeting, _) => self.up(now, out),
            (Purpose::Directory, Response::GetSwitchingFunctionDevices { cross_ref }) => {
                self.directory.begins(cross_ref, now);
            }
            (Purpose::Sharing(number), Response::GetLogicalDeviceInformation { appearances }) => {
                self.told_sharing(number, Some(appearances), now, out);
            }
            (Purpose::Monitor(object), Response::MonitorStart { cross_ref }) => {
                self.refers(object, cross_ref, now, out);
                if self.queue.has_room() {
                    out.push(Effect::Full(false));
                }
                out.push(Effect::Tell(object, Told::Monitored(Ok(()))));
            }
            (Purpose::Presence(object), Response::Escape(PrivateResponse::PresenceMonitor(monitor))) => {
                let absent = convert::absent(&monitor);
                self.refers(object, monitor.cross_ref, now, out);
                out.push(Effect::Tell(object, Told::Presence(Ok(absent))));
            }
            (
                Purpose::Unwanted,
                Response::MonitorStart { cross_ref }
                | Response::Escape(PrivateResponse::PresenceMonitor(PresenceMonitor { cross_ref, .. })),
            ) => {
                self.send(Request::MonitorStop { cross_ref }, Purpose::Unmonitor, now, out);
            }
            (Purpose::Unmonitor, _) => {}
            (Purpose::Legs(object), Response::SnapshotDevice { connections, in_service }) => {
                out.extend(in_service.map(|on| Effect::Tell(object, Told::Service(on))));
                self.note_calls(connections.iter().filter_map(|leg| leg.connection.call.as_deref()), out);
                let legs = connections.into_iter().filter_map(convert::leg).collect();
                out.push(Effect::Tell(object, Told::Legs(Ok(legs))));
            }
            (Purpose::Line(object, line), Response::SnapshotDevice { connections, .. }) => {
                let legs = connections.into_iter().filter_map(convert::leg).collect();
                out.push(Effect::Tell(object, Told::Line(line, Ok(legs))));
            }
            (Purpose::Details(object, call), Response::SnapshotCall { calling, called, devices, .. }) => {
                let details = CallDetails { calling, called, parties: convert::parties(&devices) };
                out.push(Effect::Tell(object, Told::Details(call, Ok(details))));
            }
            (Purpose::Features, Response::GetCstaFeatures { private }) => self.private = private,
            (Purpose::RecordsStart, Response::Records(RecordsResponse::Start { cross_ref, clock_ms })) => {
                self.records_begin(cross_ref, clock_ms, now, out);
            }
            (Purpose::RecordsSend, Response::Records(RecordsResponse::Send)) => {}
            (Purpose::Profile(ticket), Response::Escape(PrivateResponse::DeviceProfile(profile))) => {
                out.push(Effect::Profile(ticket, Ok(profile)));
            }
            (Purpose::Settings(object, group), Response::Feature(answer)) => match convert::settings(group, &answer) {
                Some(settings) => out.push(Effect::Tell(object, Told::Settings(group, Ok(settings)))),
                None => self.failed(Purpose::Settings(object, group), &Failure::operation("generic"), now, out),
            },
            (Purpose::Settings(object, FeatureGroup::HotDesk), Response::Escape(PrivateResponse::HotDesk(state))) => {
                let settings = vec![convert::hot_desk_change(&state)];
                out.push(Effect::Tell(object, Told::Settings(FeatureGroup::HotDesk, Ok(settings))));
            }
            (
                Purpose::Settings(object, FeatureGroup::Presence),
                Response::Escape(PrivateResponse::PresenceState(states)),
            ) => {
                let settings = convert::presence_settings(&states);
                out.push(Effect::Tell(object, Told::Settings(FeatureGroup::Presence, Ok(settings))));
            }
            (Purpose::Absent(object), Response::Escape(PrivateResponse::PresenceState(states))) => {
                let states = states.iter().filter_map(convert::presence).filter(|state| !state.present);
                let absent = states.map(|state| (state.group, state.member)).collect();
                out.push(Effect::Tell(object, Told::Absent(Ok(absent))));
            }
            (Purpose::HotDesk(ticket), Response::Escape(PrivateResponse::HotDesk(state))) => {
                out.push(Effect::HotDesk(ticket, Ok(convert::hot_desk_answer(state))));
            }
            (Purpose::HotDesk(ticket), Response::Escape(PrivateResponse::Done)) => {
                out.push(Effect::HotDesk(ticket, Ok(HotDeskAnswer::default())));
            }
            (Purpose::Perform(object, ticket), response) => {
                let call = match response {
                    Response::MakeCall { calling: named, .. }
                    | Response::ConsultationCall { initiated: named, .. }
                    | Response::TransferCall { transferred: named }
                    | Response::ConferenceCall { conference: named }
                    | Response::DirectedPickupCall { picked: named } => named.call.as_deref().map(CallKey::from),
                    _ => None,
                };
                out.push(Effect::Tell(object, Told::Outcome(ticket, Ok(Done { call }))));
            }
            // An answer of another service than was asked: as good as none.
            (purpose, _) => self.failed(purpose, &Failure::operation("generic"), now, out),
        }
    }

    /// The events of a monitor are about an object.
    fn refers(&mut self, object: ObjectId, cross_ref: String, now: Instant, out: &mut Effects) {
        let old = self.references.insert(object, cross_ref.clone()).filter(|old| *old != cross_ref);
        self.by_reference.insert(cross_ref, object);
        // Of a device that died without letting go: the node must not tell everything twice.
        if let Some(cross_ref) = old {
            self.by_reference.remove(&cross_ref);
            self.send(Request::MonitorStop { cross_ref }, Purpose::Unmonitor, now, out);
        }
    }

    fn failed(&mut self, purpose: Purpose, failure: &Failure, now: Instant, out: &mut Effects) {
        match purpose {
            Purpose::StartSession => out.push(Effect::Stop(refused_session(failure))),
            // A node without SystemRegister or SystemStatus still answers the rest.
            Purpose::Register | Purpose::Greeting => self.up(now, out),
            Purpose::ResetTimer => {
                self.session = None;
                out.push(Effect::Stop("the node does not go on with the application session"));
            }
            // A node that refuses the heartbeat lives.
            Purpose::Heartbeat => {}
            Purpose::Directory => {
                let never = convert::refusal(failure).kind == RefusalKind::NotSupported;
                if never {
                    out.push(Effect::NoDirectory(self.directory.never()));
                } else {
                    self.directory.refused(now);
                }
            }
            Purpose::Sharing(number) => {
                if let Some(sharings) = &mut self.sharings
                    && convert::refusal(failure).kind == RefusalKind::NotSupported
                {
                    sharings.never();
                }
                self.told_sharing(number, None, now, out);
            }
            Purpose::Unmonitor | Purpose::Unwanted => {}
            // A foreign switch: it knows nothing of our private data.
            Purpose::Features => {}
            Purpose::RecordsStart | Purpose::RecordsSend => {
                self.records_refused("the node gives no records of its calls", now, out);
            }
            other => {
                let full = matches!(other, Purpose::Monitor(_)) && failure.value.ends_with("LimitExceeded");
                self.refuse(other, convert::refusal(failure), out);
                if full {
                    self.is_full(now, out);
                }
            }
        }
    }

    /// The node has no room for monitors: those that wait to be asked for are refused as this one was.
    fn is_full(&mut self, now: Instant, out: &mut Effects) {
        if self.queue.full(now) {
            out.push(Effect::Full(true));
        }
        for purpose in self.queue.take_bulk() {
            self.refuse(purpose, full(), out);
        }
    }

    fn refuse(&mut self, purpose: Purpose, refusal: NodeRefusal, out: &mut Effects) {
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
    fn late(&mut self, invoke: u16, response: Option<Response>, now: Instant, out: &mut Effects) {
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

    fn asked_for_profile(&mut self, ticket: Ticket, dn: Dn, now: Instant, out: &mut Effects) {
        let purpose = Purpose::Profile(ticket);
        if self.phase != Phase::Up {
            return self.refuse(purpose, not_connected(), out);
        }
        if !self.private.contains(&PrivateFeature::DeviceProfile) {
            return self.refuse(purpose, not_available("The configuration of a device"), out);
        }
        if self.pending.len() >= policy::NODE_PENDING {
            return self.refuse(purpose, overloaded(), out);
        }
        let request = Request::Escape(PrivateRequest::DeviceProfile { dn: dn.to_string() });
        self.send(request, purpose, now, out);
    }

    /// Refused here when the node does not know hot desking, so that no PIN goes to who has no use for it.
    fn asked_hot_desk(&mut self, ticket: Ticket, asked: &HotDesk, now: Instant, out: &mut Effects) {
        let purpose = Purpose::HotDesk(ticket);
        if self.phase != Phase::Up {
            return self.refuse(purpose, not_connected(), out);
        }
        if !self.private.contains(&PrivateFeature::HotDesk) {
            return self.refuse(purpose, not_available("Hot desking"), out);
        }
        if self.pending.len() >= policy::NODE_PENDING {
            return self.refuse(purpose, overloaded(), out);
        }
        self.send(convert::hot_desk_request(asked), purpose, now, out);
    }

    fn asked(&mut self, object: ObjectId, question: Question, now: Instant, out: &mut Effects) {
        let (request, purpose) = match question {
            Question::Monitor(device) => (Request::MonitorStart { device }, Purpose::Monitor(object)),
            Question::Unmonitor => {
                self.queue.forget(object);
                if let Some(cross_ref) = self.references.remove(&object) {
                    self.by_reference.remove(&cross_ref);
                    self.send(Request::MonitorStop { cross_ref }, Purpose::Unmonitor, now, out);
                }
                let starts = [Purpose::Monitor(object), Purpose::Presence(object)];
                for pending in self.pending.values_mut().filter(|p| starts.contains(&p.purpose)) {
                    pending.purpose = Purpose::Unwanted;
                }
                return;
            }
            Question::Legs(device) => (Request::SnapshotDevice { device }, Purpose::Legs(object)),
            Question::Line(device) => {
                (Request::SnapshotDevice { device: device.clone() }, Purpose::Line(object, device))
            }
            Question::Details(device, call) => {
                let connection = convert::connection(&device, &call);
                (Request::SnapshotCall { connection }, Purpose::Details(object, call))
            }
            Question::Features(device, group) => {
                let purpose = Purpose::Settings(object, group);
                let needs = match group {
                    FeatureGroup::HotDesk => Some((PrivateFeature::HotDesk, "Hot desking")),
                    FeatureGroup::Presence => Some((PrivateFeature::PresenceState, ASKED_FOR_PRESENCE)),
                    _ => None,
                };
                let lacks = needs.filter(|(feature, _)| !self.private.contains(feature));
                if let (Phase::Up, Some((_, what))) = (self.phase, lacks) {
                    return self.refuse(purpose, not_available(what), out);
                }
                (convert::feature_request(group, &device), purpose)
            }
            // Asked of any node, also before it has said what it knows: another maker's refuses it.
            Question::Presence => (convert::presence_request(), Purpose::Presence(object)),
            Question::Absent => {
                let purpose = Purpose::Absent(object);
                if self.phase == Phase::Up && !self.private.contains(&PrivateFeature::PresenceState) {
                    return self.refuse(purpose, not_available(ASKED_FOR_PRESENCE), out);
                }
                (convert::presence_state_request(None), purpose)
            }
            Question::Perform(ticket, command) => {
                let purpose = Purpose::Perform(object, ticket);
                let lacks = convert::needs(&command).filter(|feature| !self.private.contains(feature));
                if let (Phase::Up, Some(feature)) = (self.phase, lacks) {
                    return self.refuse(purpose, not_available(operation(feature)), out);
                }
                (convert::request(&command), purpose)
            }
        };
        if self.phase != Phase::Up {
            return self.refuse(purpose, not_connected(), out);
        }
        if self.queue.refuses(&purpose, now) {
            return self.refuse(purpose, full(), out);
        }
        if queue::class(&purpose) != Class::Now {
            match self.queue.push(request, purpose) {
                Ok(()) => self.let_go_on(now, out),
                Err(purpose) => self.refuse(purpose, overloaded(), out),
            }
            return;
        }
        if self.pending.len() >= policy::NODE_PENDING {
            return self.refuse(purpose, overloaded(), out);
        }
        self.send(request, purpose, now, out);
    }

    /// What waited for room at the node goes there, as far as there is some.
    fn let_go_on(&mut self, now: Instant, out: &mut Effects) {
        while let Some((request, purpose)) = self.queue.next(queue::window(self.status)) {
            if let (Purpose::RecordsStart, Some(look)) = (&purpose, &mut self.look) {
                look.asked(now);
            }
            self.send_of(request, purpose, true, now, out);
        }
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

    fn send(&mut self, request: Request, purpose: Purpose, now: Instant, out: &mut Effects) {
        self.send_of(request, purpose, false, now, out);
    }

    fn send_of(&mut self, request: Request, purpose: Purpose, queued: bool, now: Instant, out: &mut Effects) {
        let Some(invoke) = self.free_invoke() else {
            if queued {
                self.queue.done();
            }
            return self.refuse(purpose, overloaded(), out);
        };
        self.pending.insert(invoke, Pending { purpose, deadline: now + policy::ANSWER, queued });
        out.push(Effect::Send(invoke, Message::Request(request), self.edition));
    }

    fn free_invoke(&mut self) -> Option<u16> {
        for _ in frame::FIRST_REQUEST..=frame::LAST_REQUEST {
            let id = self.next_invoke;
            self.next_invoke = if id >= frame::LAST_REQUEST { frame::FIRST_REQUEST } else { id + 1 };
            if !self.pending.contains_key(&id) && !self.resting.iter().any(|(r, ..)| *r == id) {
                return Some(id);
            }
        }
        None
    }

    fn take(&mut self, invoke: u16) -> Option<Purpose> {
        self.remove(invoke).map(|p| p.purpose)
    }

    fn remove(&mut self, invoke: u16) -> Option<Pending> {
        let pending = self.pending.remove(&invoke)?;
        if pending.queued {
            self.queue.done();
        }
        Some(pending)
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

/// The edition that an application session was agreed on in.
fn edition_of(version: &str) -> Option<Edition> {
    [("ed3", Edition::Ed3), ("ed4", Edition::Ed4), ("ed5", Edition::Ed5), ("ed6", Edition::Ed6)]
        .into_iter()
        .find(|(suffix, _)| version.trim_end().ends_with(suffix))
        .map(|(_, edition)| edition)
}

/// Why a node gave no application session, in our words.
fn refused_session(failure: &Failure) -> &'static str {
    match failure.value.as_str() {
        "invalidApplicationInfo" => "the node does not accept the login of the application session",
        "requestedProtocolVersionNotSupported" => "the node speaks none of the editions that the gateway offers",
        "maxNumberSessions" => "the node has no application session left",
        "serverResourcesBusy" => "the node is too busy for an application session",
        _ => "the node refused the application session",
    }
}

#[cfg(test)]
mod tests;
