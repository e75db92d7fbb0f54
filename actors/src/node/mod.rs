//! One life of the connection to one node: socket, association, pairing of requests and answers,
//! heartbeat, routing of events to devices.
//!
//! It alone speaks CSTA. It never reconnects: when the connection is lost it stops, and its
//! supervisor (told by the last word) decides on the next life. Devices ask it ([`Ask`]) and are
//! told ([`Tell`]) in the order in which the node spoke.

mod directory;
pub(crate) mod flow;
mod link;
pub mod messages;
mod queue;
mod state;
pub(crate) mod unseen;

use std::collections::HashMap;
use std::sync::Arc;

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Recipient, ResponseFuture, WrapFuture,
};
use schemas::csta::call_records::write_time;
use schemas::csta::message::{CallEnd, CallRecord, DeviceProfile, SystemStatus};
use schemas::csta::{read, write};
use schemas::domain::{HotDeskAnswer, ObjectId};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::{Span, debug, info, info_span, warn};

use self::flow::{Flood, Flow};
use self::link::{Link, Received};
use self::messages::{
    Ask, AskHotDesk, Close, Ended, Known, News, NodeNews, Profile, Question, Restored, Tell, Ticket, Told,
};
use self::state::{Effect, Effects, Input, State};
use self::unseen::{Gaps, Unseen, who};
use crate::cluster::NodeSettings;
use crate::guard;
use crate::last_word::LastWord;
use crate::policy;
use crate::refusal::Refused;
use crate::wire::Connect;

/// Who hears of an object.
struct Listener {
    life: u64,
    tell: Recipient<Tell>,
}

/// One connection to one node.
pub struct Node {
    settings: NodeSettings,
    life: u64,
    state: State,
    connect: Arc<dyn Connect>,
    supervisor: Recipient<NodeNews>,
    span: Span,
    /// Where answers and facts of each object go.
    listeners: HashMap<ObjectId, Listener>,
    effects: Effects,
    flow: Flow,
    next_ticket: Ticket,
    /// Who waits for what is configured for a number.
    profiles: HashMap<Ticket, oneshot::Sender<Result<DeviceProfile, Refused>>>,
    /// Who waits for an answer about hot desk users.
    desks: HashMap<Ticket, oneshot::Sender<Result<HotDeskAnswer, Refused>>>,
    /// Both halves of the socket; dropped before the last word is said.
    link: Option<Link>,
    last_word: LastWord<NodeNews>,
}

impl Node {
    pub(crate) fn new(
        settings: NodeSettings,
        life: u64,
        missed: Gaps,
        connect: Arc<dyn Connect>,
        supervisor: Recipient<NodeNews>,
    ) -> Self {
        let ended = NodeNews { ceid: settings.ceid, life, news: News::Ended(Ended::default()) };
        let last_word = LastWord::new(supervisor.clone(), ended);
        let now = Instant::now();
        let mut state = State::new(&settings, now);
        state.missed(missed, now);
        Self {
            state,
            span: info_span!("node", ceid = %settings.ceid, life),
            settings,
            life,
            connect,
            supervisor,
            listeners: HashMap::new(),
            effects: Effects::new(),
            flow: Flow::new(now),
            next_ticket: 0,
            profiles: HashMap::new(),
            desks: HashMap::new(),
            link: None,
            last_word,
        }
    }

    /// The one place where decisions become deeds.
    fn step(&mut self, input: Input, ctx: &mut Context<Self>) {
        guard::step("node", self.settings.ceid, ctx, |ctx| {
            let mut effects = std::mem::take(&mut self.effects);
            self.state.on(input, Instant::now(), &mut effects);
            for effect in effects.drain(..) {
                self.perform(effect, ctx);
            }
            self.effects = effects;
        });
    }

    fn perform(&mut self, effect: Effect, ctx: &mut Context<Self>) {
        match effect {
            Effect::Send(invoke, message, edition) => {
                let xml = write::write(&message, edition);
                let sent = self.link.as_ref().is_some_and(|link| link.send(invoke, &xml));
                if !sent {
                    self.span.in_scope(|| warn!("the node's socket takes nothing more"));
                    self.end("the node's socket takes nothing more", ctx);
                }
            }
            Effect::Tell(object, told) => {
                if let Some(listener) = self.listeners.get(&object) {
                    self.flow.told(object);
                    listener.tell.do_send(Tell { ceid: self.settings.ceid, life: self.life, told });
                }
            }
            Effect::Profile(ticket, result) => {
                if let Some(asker) = self.profiles.remove(&ticket) {
                    let _ = asker.send(result.map_err(Refused::Node)); // the application may have gone
                }
            }
            Effect::HotDesk(ticket, result) => {
                if let Some(asker) = self.desks.remove(&ticket) {
                    let _ = asker.send(result.map_err(Refused::Node)); // the application may have gone
                }
            }
            Effect::Up => {
                self.span.in_scope(|| info!(name = self.settings.name, "node connected"));
                self.news(News::Up(ctx.address()));
            }
            Effect::Directory(lines) => {
                self.span.in_scope(|| info!(lines = lines.len(), "directory received"));
                self.news(News::Directory(lines));
            }
            Effect::NoDirectory(why) => {
                metrics::counter!("oig_node_directories_missing_total").increment(1);
                self.span.in_scope(|| warn!(why, "no directory of the node; what was known of it stays"));
            }
            Effect::Status(status) => {
                self.note(status);
                self.news(News::Status(status));
            }
            Effect::Full(full) => self.note_full(full),
            Effect::Unseen(unseen) => {
                self.note_unseen(&unseen);
                self.news(News::LookedBack);
            }
            Effect::NoRecords(why) => {
                self.span.in_scope(|| debug!(why, "calls that began and ended unseen are not known"));
                self.news(News::LookedBack);
            }
            Effect::Stop(why) => {
                self.span.in_scope(|| info!(why, "connection to the node ends"));
                self.end(why, ctx);
            }
        }
    }

    /// The life is over, for the first reason that is given.
    fn end(&mut self, why: &str, ctx: &mut Context<Self>) {
        if let Some(NodeNews { news: News::Ended(ended), .. }) = self.last_word.word() {
            ended.why.get_or_insert_with(|| why.into());
        }
        ctx.stop();
    }

    /// What a node says of itself is for the people who run it; whether it is used is decided by its answers.
    fn note(&self, status: SystemStatus) {
        let word = status.as_str();
        metrics::counter!("oig_node_status_total", "status" => word).increment(1);
        self.span.in_scope(|| match status {
            SystemStatus::Enabled
            | SystemStatus::Normal
            | SystemStatus::OverloadRelieved
            | SystemStatus::Initializing => info!(status = word, "the node tells its status"),
            _ => warn!(status = word, "the node is in trouble, as it says"),
        });
    }

    fn note_full(&self, full: bool) {
        self.span.in_scope(|| match full {
            true => {
                metrics::counter!("oig_node_full_total").increment(1);
                warn!("the node has no room for more monitors; it is asked for one each few seconds");
            }
            false => info!("the node has room for monitors again"),
        });
    }

    /// Nobody else is told: applications hear of calls that they can do something about.
    fn note_unseen(&self, Unseen { calls, whole, unheard_s }: &Unseen) {
        let node = self.settings.ceid.get().to_string();
        metrics::counter!("oig_calls_unseen_total", "node" => node).increment(calls.len() as u64);
        self.span.in_scope(|| {
            info!(calls = calls.len(), whole, unheard_s, "calls that began and ended while the node was not heard");
            for call in calls.iter().take(policy::CALLS_LISTED) {
                let CallRecord { calling, called, began_ms, ended_ms, lasted_s, end, .. } = call;
                let at = |at_ms: &Option<i64>| at_ms.map(write_time);
                let answered = end.map(|end| end != CallEnd::Unsuccessful);
                let (calling, called) = (who(calling), who(called));
                info!(calling, called, began = at(began_ms), ended = at(ended_ms), lasted_s, answered, "unseen call");
            }
        });
    }

    fn note_flood(&mut self) {
        match self.flow.flood(Instant::now()) {
            Some(Flood::Begins(frames)) => {
                metrics::counter!("oig_node_floods_total").increment(1);
                self.span.in_scope(|| warn!(frames, "the node floods; so many messages came in a second"));
            }
            Some(Flood::Ends) => self.span.in_scope(|| info!("the node floods no more")),
            None => {}
        }
    }

    /// Now and then, when a node has said much: done when whoever was told has put it into the logs. The socket is not
    /// read before, so that a node which floods fills its own buffers and not our mailboxes.
    fn settle(&mut self) -> Option<impl Future<Output = ()> + use<>> {
        let objects = self.flow.due()?;
        let (settling, settled) = flow::settling();
        for listener in objects.iter().filter_map(|object| self.listeners.get(object)) {
            let told = Told::Settled(settling.clone());
            listener.tell.do_send(Tell { ceid: self.settings.ceid, life: self.life, told });
        }
        drop(settling);
        Some(settled)
    }

    fn news(&self, news: News) {
        self.supervisor.do_send(NodeNews { ceid: self.settings.ceid, life: self.life, news });
    }
}

impl Actor for Node {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let connecting = tokio::time::timeout(policy::CONNECT, self.connect.connect(self.settings.socket()));
        ctx.spawn(connecting.into_actor(self).map(|result, node, ctx| match result {
            Ok(Ok(wire)) => {
                node.link = Some(Link::open(wire, ctx.address()));
                node.news(News::Opened);
                node.step(Input::Opened, ctx);
            }
            Ok(Err(error)) => {
                node.span.in_scope(|| match error.get_ref() {
                    // Something that only a person can put right: a certificate, a name.
                    Some(why) => warn!(%why, "no connection to the node"),
                    None => info!(error = %error.kind(), "no connection to the node"),
                });
                let why = error.get_ref().map_or_else(|| error.kind().to_string(), ToString::to_string);
                node.end(&why, ctx);
            }
            Err(_) => {
                node.span.in_scope(|| info!("no connection to the node in time"));
                node.end("no connection to the node in time", ctx);
            }
        }));
        ctx.run_interval(policy::NODE_TICK, |node, ctx| {
            node.note_flood();
            node.step(Input::Tick, ctx);
        });
    }
}

impl Handler<Received> for Node {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, received: Received, ctx: &mut Self::Context) -> Self::Result {
        match received {
            Received::Frames(frames) => {
                self.flow.heard(frames.len());
                if let Some(NodeNews { news: News::Ended(ended), .. }) = self.last_word.word() {
                    ended.heard = Some(Instant::now());
                }
                for frame in frames {
                    if let Some(Ok((message, edition))) = guard::keep("node", || read::parse(&frame.xml)) {
                        self.step(Input::Heard(frame.invoke, message, edition), ctx);
                    } else {
                        metrics::counter!("oig_node_frames_unreadable_total").increment(1);
                        self.step(Input::Unreadable, ctx);
                    }
                }
            }
            Received::Closed(why) => {
                self.span.in_scope(|| info!(%why, "connection to the node ends"));
                self.end(why.as_ref(), ctx);
            }
        }
        let settled = self.settle();
        Box::pin(async {
            if let Some(settled) = settled {
                settled.await;
            }
        })
    }
}

impl Handler<Ask> for Node {
    type Result = ();

    fn handle(&mut self, ask: Ask, ctx: &mut Self::Context) {
        // Of two lives the one that is over may be heard last: it would let go what the present one has just asked for.
        // What it still holds at the node is let go when the present one's monitor takes its place.
        if self.listeners.get(&ask.object).is_some_and(|listener| listener.life > ask.life) {
            return;
        }
        let leaving = ask.question == Question::Unmonitor;
        self.listeners.insert(ask.object, Listener { life: ask.life, tell: ask.answer_to });
        self.step(Input::Asked(ask.object, ask.question), ctx);
        if leaving {
            self.listeners.remove(&ask.object);
        }
    }
}

impl Handler<Profile> for Node {
    type Result = ResponseFuture<Result<DeviceProfile, Refused>>;

    fn handle(&mut self, Profile { dn }: Profile, ctx: &mut Self::Context) -> Self::Result {
        let (answer, answered) = oneshot::channel();
        self.next_ticket += 1;
        self.profiles.insert(self.next_ticket, answer);
        self.step(Input::Profile(self.next_ticket, dn), ctx);
        Box::pin(async move { answered.await.unwrap_or(Err(Refused::LinkLost)) })
    }
}

impl Handler<AskHotDesk> for Node {
    type Result = ResponseFuture<Result<HotDeskAnswer, Refused>>;

    fn handle(&mut self, AskHotDesk(asked): AskHotDesk, ctx: &mut Self::Context) -> Self::Result {
        let (answer, answered) = oneshot::channel();
        self.next_ticket += 1;
        self.desks.insert(self.next_ticket, answer);
        self.step(Input::HotDesk(self.next_ticket, asked), ctx);
        Box::pin(async move { answered.await.unwrap_or(Err(Refused::LinkLost)) })
    }
}

impl Handler<Known> for Node {
    type Result = ();

    fn handle(&mut self, Known(calls): Known, ctx: &mut Self::Context) {
        self.step(Input::Known(calls), ctx);
    }
}

impl Handler<Restored> for Node {
    type Result = ();

    fn handle(&mut self, Restored { now_ms, monitors }: Restored, ctx: &mut Self::Context) {
        self.step(Input::Restored { now_ms, monitors }, ctx);
    }
}

impl Handler<Close> for Node {
    type Result = ();

    fn handle(&mut self, _: Close, ctx: &mut Self::Context) {
        self.step(Input::Close, ctx);
    }
}
