//! One life of one monitored object: its monitor at the node, its legs and features as known, its
//! watchers.
//!
//! It lives on its node's arbiter. It never decides whether the node is there (the
//! DeviceSupervisor says so) and never speaks to an application but through its watchers.

pub mod features;
pub mod leg;
pub mod messages;
mod state;
pub mod table;
mod telling;

use std::collections::HashMap;
use std::sync::Arc;

use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, MessageResult, Recipient, ResponseFuture};
use schemas::domain::{CallKey, Ceid, DeviceRef, ObjectId, ObjectKind, SessionId, Setting};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use self::messages::{
    Arm, DeviceEnded, LinkLost, LookAtFeatures, LossTold, Memory, Perform, Restate, Retire, Status, Unwatch, Watch,
};
use self::state::{Effect, Effects, Input, Report, Side, State};
use crate::env::Env;
use crate::event::{Deliver, Event, Forms, Topics};
use crate::guard;
use crate::last_word::LastWord;
use crate::node::Node;
use crate::node::messages::{Ask, Known, Question, Tell, Ticket, Told};
use crate::policy;
use crate::refusal::Refused;
use crate::standing::{Service, Standing};

struct Watcher {
    session: SessionId,
    deliver: Recipient<Deliver>,
    standing: Standing,
    topics: Topics,
    /// It has heard MONITOR_SET (or why there is none), and hears what follows. Who watches features
    /// alone hears nothing first, but why there is no monitor.
    greeted: bool,
}

impl Watcher {
    fn hear(&self, events: impl IntoIterator<Item = Arc<Event>>) {
        let events: Vec<_> = events.into_iter().filter(|e| self.topics.meets(e.topics)).collect();
        if !events.is_empty() {
            self.deliver.do_send(Deliver::Many(events));
        }
    }
}

/// The nodes of a device, primary and secondary.
#[derive(Default)]
struct Nodes([Option<(u64, Addr<Node>)>; 2]);

impl Nodes {
    fn at(&mut self, side: Side) -> &mut Option<(u64, Addr<Node>)> {
        let [primary, secondary] = &mut self.0;
        match side {
            Side::Primary => primary,
            Side::Secondary => secondary,
        }
    }

    fn lives(&mut self, side: Side, life: u64) -> bool {
        self.at(side).as_ref().is_some_and(|(now, _)| *now == life)
    }
}

pub struct Device {
    object: ObjectId,
    life: u64,
    env: Env,
    state: State,
    /// Its nodes as they can be asked now, and the lives that answers come from.
    nodes: Nodes,
    /// Few, so a list; in the order in which they came.
    watchers: Vec<Watcher>,
    next_ticket: Ticket,
    waiting: HashMap<Ticket, oneshot::Sender<Result<(), Refused>>>,
    /// Who asked how the features are set.
    looking: HashMap<Ticket, oneshot::Sender<Result<Vec<Setting>, Refused>>>,
    audits: u32,
    /// While the monitor is restored among many.
    turn: Option<OwnedSemaphorePermit>,
    last_word: LastWord<DeviceEnded>,
}

impl Device {
    pub(crate) fn new(
        object: ObjectId,
        life: u64,
        env: Env,
        memory: Memory,
        supervisor: Recipient<DeviceEnded>,
    ) -> Self {
        let device = DeviceRef {
            button: (object.kind() == ObjectKind::Appearance).then(|| object.button()),
            ..DeviceRef::number(object.dn().to_string())
        };
        let mut state = State::new(device, memory.legs);
        state.remember_settings(memory.settings);
        Self {
            object,
            life,
            env,
            state,
            nodes: Nodes::default(),
            watchers: Vec::new(),
            next_ticket: 0,
            waiting: HashMap::new(),
            looking: HashMap::new(),
            audits: 0,
            turn: None,
            last_word: LastWord::new(supervisor, DeviceEnded { object, life, memory: Memory::default() }),
        }
    }

    /// The one place where decisions become deeds.
    fn step(&mut self, input: Input, ctx: &mut Context<Self>) {
        guard::step("device", self.object, ctx, |ctx| {
            // Not kept between steps: a hundred thousand devices would each keep the room for it.
            let mut effects = Effects::new();
            let env = &self.env;
            #[cfg(feature = "planted-faults")]
            env.planted.at_snapshot(self.object, matches!(input, Input::Told(Told::Legs(_))));
            self.state.on(input, &mut || env.next_leg(), &mut effects);
            // Before anybody hears of it: who names a leg then may name it to another life, or to another process.
            if let Some(word) = self.last_word.word() {
                let memory = &mut word.memory;
                let other_legs = !self.state.memory().eq(memory.legs.iter().cloned());
                if other_legs {
                    memory.legs.clear();
                    memory.legs.extend(self.state.memory());
                }
                let other_settings = memory.settings != self.state.settings();
                if other_settings {
                    memory.settings = self.state.settings().to_vec();
                }
                if other_legs || other_settings {
                    self.env.journal.object(self.object, memory);
                }
            }
            for effect in effects {
                self.perform(effect, ctx);
            }
            if self.turn.is_some() && self.state.is_settled() {
                self.turn = None;
            }
        });
    }

    fn perform(&mut self, effect: Effect, ctx: &mut Context<Self>) {
        match effect {
            Effect::Ask(question) => {
                self.ask(self.state.active(), question, ctx);
            }
            Effect::AskStandby(question) => {
                self.ask(self.state.active().other(), question, ctx);
            }
            Effect::Tell(report) => {
                let Some(event) = self.render(&report) else { return };
                for watcher in self.watchers.iter().filter(|w| w.greeted && w.topics.meets(event.topics)) {
                    watcher.deliver.do_send(Deliver::One(event.clone()));
                }
            }
            Effect::TellSetting(setting) => {
                let Some(event) = self.render_setting(&setting) else { return };
                for watcher in self.watchers.iter().filter(|w| w.topics.features) {
                    watcher.deliver.do_send(Deliver::One(event.clone()));
                }
            }
            Effect::Greet(reports) => {
                let events: Vec<_> = reports.iter().filter_map(|r| self.render(r)).collect();
                for watcher in self.watchers.iter_mut().filter(|w| !w.greeted) {
                    watcher.greeted = true;
                    watcher.hear(events.iter().cloned());
                }
            }
            Effect::Settings(ticket, result) => {
                if let Some(asker) = self.looking.remove(&ticket) {
                    let _ = asker.send(result); // the application may have gone
                }
            }
            Effect::LookLater => {
                ctx.run_later(policy::REARM, |device, ctx| device.step(Input::AuditFeatures, ctx));
            }
            Effect::Answer(ticket, result) => {
                if let Some(asker) = self.waiting.remove(&ticket) {
                    self.env.flight.answered(self.object, ticket, &result);
                    let _ = asker.send(result); // the application may have gone
                }
            }
            Effect::RearmLater => {
                ctx.run_later(policy::REARM, |device, ctx| device.step(Input::Rearm, ctx));
            }
            Effect::RearmStandbyLater => {
                ctx.run_later(policy::REARM, |device, ctx| {
                    let side = device.state.active().other();
                    if device.nodes.at(side).is_some() {
                        device.step(Input::ArmStandby { begins: true }, ctx);
                    }
                });
            }
            Effect::HandOverLater => {
                ctx.run_later(policy::HAND_OVER, |device, ctx| device.step(Input::HandOverDue, ctx));
            }
        }
    }

    fn ask(&mut self, side: Side, question: Question, ctx: &Context<Self>) {
        if let Some((_, node)) = self.nodes.at(side) {
            let answer_to = ctx.address().recipient();
            node.do_send(Ask { object: self.object, life: self.life, question, answer_to });
        }
    }

    fn side(&self, ceid: Ceid) -> Side {
        if ceid == self.object.ceid() { Side::Primary } else { Side::Secondary }
    }

    fn icp(&self, side: Side) -> Ceid {
        let secondary = || self.env.cluster.secondary(self.object.ceid());
        let secondary = (side == Side::Secondary).then(secondary).flatten();
        secondary.unwrap_or(self.object.ceid())
    }

    /// The node that speaks when something is told of the device now.
    fn speaks(&self) -> Ceid {
        self.icp(self.state.active())
    }

    fn forms(&self) -> Forms {
        // The advanced form costs nothing where nobody may read it.
        Forms { advanced: self.watchers.iter().any(|w| w.standing.service() == Service::Advanced) }
    }

    fn render(&self, report: &Report) -> Option<Arc<Event>> {
        let icp = self.icp(report.spoken_by.unwrap_or_else(|| self.state.active()));
        telling::render(self.object, icp, report, &self.env, self.forms()).map(Arc::new)
    }

    fn render_setting(&self, setting: &Setting) -> Option<Arc<Event>> {
        features::render(self.object, self.speaks(), setting, &self.env, self.forms()).map(Arc::new)
    }

    /// Somebody came or went: the features are looked at from the first who wants them on.
    fn watched_by_others(&mut self, ctx: &mut Context<Self>) {
        let watched = self.watchers.iter().any(|w| w.topics.features);
        if watched != self.state.watches_features() {
            self.step(Input::WatchFeatures(watched), ctx);
        }
    }

    /// Once a period: a device with a call is looked at each time, another one now and then.
    fn audit(&mut self, ctx: &mut Context<Self>) {
        #[cfg(feature = "planted-faults")]
        if self.env.planted.is(crate::planted::Fault::AuditsOff) {
            return;
        }
        self.audits += 1;
        let idle_turn = self.audits % (policy::AUDIT_IDLE.as_secs() / policy::AUDIT_BUSY.as_secs()) as u32;
        if self.state.is_busy() || idle_turn == 0 {
            self.step(Input::Audit, ctx);
        }
        if idle_turn == 0 {
            self.step(Input::AuditFeatures, ctx);
        }
    }

    fn greet(&mut self, session: SessionId) {
        let Some(reports) = self.state.greeting() else {
            if let Some(watcher) = self.watchers.iter_mut().find(|w| w.session == session) {
                watcher.greeted = false;
            }
            return;
        };
        let events: Vec<_> = reports.iter().filter_map(|r| self.render(r)).collect();
        if let Some(watcher) = self.watchers.iter_mut().find(|w| w.session == session) {
            watcher.greeted = true;
            watcher.hear(events);
        }
    }
}

impl Actor for Device {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // The loss of the link must not wait while a watch does not.
        ctx.set_mailbox_capacity(policy::MAILBOX);
        // Spread over the period, so that devices armed together are not looked at together.
        let shift = u32::try_from(self.object.get() % 16).unwrap_or(0);
        let first = policy::AUDIT_BUSY / 2 + policy::AUDIT_BUSY * shift / 32;
        ctx.run_later(first, |device, ctx| {
            device.audit(ctx);
            ctx.run_interval(policy::AUDIT_BUSY, Self::audit);
        });
    }
}

impl Handler<Tell> for Device {
    type Result = ();

    fn handle(&mut self, tell: Tell, ctx: &mut Self::Context) {
        if let Told::Settled(settling) = tell.told {
            for watcher in &self.watchers {
                watcher.deliver.do_send(Deliver::Settled(settling.clone()));
            }
            return;
        }
        let side = self.side(tell.ceid);
        // What a connection that is gone still had under way is not true any more.
        if !self.nodes.lives(side, tell.life) {
            return;
        }
        self.env.flight.said(self.object, tell.ceid, &tell.told);
        if side == self.state.active() {
            if matches!(tell.told, Told::Legs(_))
                && let Some(shown) = self.env.cluster.shown(self.object)
            {
                self.state.know_number(&shown.number.to_string());
                self.state.know_lines(shown.others);
            }
            self.step(Input::Told(tell.told), ctx);
        } else {
            self.step(Input::StandbyTold(tell.told), ctx);
        }
    }
}

impl Handler<Arm> for Device {
    type Result = ();

    fn handle(&mut self, Arm { ceid, begins, life, node, turn }: Arm, ctx: &mut Self::Context) {
        let side = self.side(ceid);
        if self.nodes.at(side).replace((life, node.clone())).is_some_and(|(before, _)| before != life) {
            // A loss that nobody told: what was asked of that connection is not answered any more.
            if side == self.state.active() {
                self.step(Input::LinkLost, ctx);
                self.step(Input::LossTold, ctx);
            } else {
                self.state.standby_lost();
            }
        }
        if turn.is_some() {
            self.turn = turn;
            ctx.run_later(policy::RESTORE_TURN, |device, _| device.turn = None);
        }
        if !begins {
            // What is known here needs no record of the node's.
            let known: Vec<CallKey> = self.state.memory().map(|leg| leg.call).collect();
            if !known.is_empty() {
                node.do_send(Known(known));
            }
        }
        let input = if side == self.state.active() { Input::Arm } else { Input::ArmStandby { begins } };
        self.step(input, ctx);
    }
}

impl Handler<LinkLost> for Device {
    type Result = MessageResult<LinkLost>;

    fn handle(&mut self, lost: LinkLost, ctx: &mut Self::Context) -> Self::Result {
        let side = self.side(lost.ceid);
        if !self.nodes.lives(side, lost.life) {
            return MessageResult(None);
        }
        *self.nodes.at(side) = None;
        if side != self.state.active() {
            let event = guard::step("device", self.object, ctx, |_| self.state.standby_lost());
            return MessageResult(event.flatten().and_then(|report| self.render(&report)));
        }
        self.step(Input::LinkLost, ctx);
        // Who has heard nothing yet hears MONITOR_SET first; the caller hands the event to every watcher.
        let first = self.state.greeting().and_then(|reports| self.render(reports.first()?));
        for watcher in self.watchers.iter_mut().filter(|w| !w.greeted) {
            watcher.greeted = true;
            watcher.hear(first.clone());
        }
        let told = Report { spoken_by: Some(side), ..self.state.out_of_service() };
        MessageResult(self.render(&told))
    }
}

impl Handler<LossTold> for Device {
    type Result = ();

    fn handle(&mut self, _: LossTold, ctx: &mut Self::Context) {
        self.step(Input::LossTold, ctx);
    }
}

impl Handler<Watch> for Device {
    type Result = ();

    fn handle(&mut self, watch: Watch, ctx: &mut Self::Context) {
        let Watch { session, deliver, standing, topics } = watch;
        let before = self.watchers.iter().position(|w| w.session == session).map(|at| self.watchers.remove(at));
        // Who hears of calls already hears nothing first when features come to it, but why there is no monitor.
        let refused = self.state.is_refused();
        let greeted = before.as_ref().is_some_and(|w| w.greeted) && !topics.calls && !refused;
        let topics = before.map_or(topics, |w| w.topics.with(topics));
        self.watchers.push(Watcher { session, deliver, standing, topics, greeted });
        if refused {
            // Asked for again: perhaps the node has thought better of it.
            self.step(Input::Rearm, ctx);
        }
        if !greeted {
            guard::step("device", self.object, ctx, |_| self.greet(session));
        }
        self.watched_by_others(ctx);
    }
}

impl Handler<Restate> for Device {
    type Result = ();

    fn handle(&mut self, Restate { session }: Restate, ctx: &mut Self::Context) {
        guard::step("device", self.object, ctx, |_| {
            self.greet(session);
            let settings = self.state.settings().iter().filter_map(|s| self.render_setting(s));
            let settings: Vec<_> = settings.collect();
            if let Some(watcher) = self.watchers.iter().find(|w| w.session == session) {
                watcher.hear(settings);
            }
        });
    }
}

impl Handler<Unwatch> for Device {
    type Result = ();

    fn handle(&mut self, Unwatch { session, topics }: Unwatch, ctx: &mut Self::Context) {
        for watcher in self.watchers.iter_mut().filter(|w| w.session == session) {
            watcher.topics = watcher.topics.without(topics);
        }
        self.watchers.retain(|w| !w.topics.is_empty());
        self.watched_by_others(ctx);
    }
}

impl Handler<Retire> for Device {
    type Result = ();

    fn handle(&mut self, _: Retire, ctx: &mut Self::Context) {
        self.step(Input::Retire, ctx);
        if let Some(word) = self.last_word.word() {
            word.forget(&self.env.journal);
        }
        ctx.stop();
    }
}

impl Handler<Perform> for Device {
    type Result = ResponseFuture<Result<(), Refused>>;

    fn handle(&mut self, Perform { action, session }: Perform, ctx: &mut Self::Context) -> Self::Result {
        let (answer, answered) = oneshot::channel();
        self.next_ticket += 1;
        let ticket = self.next_ticket;
        self.env.flight.commanded(self.object, session, ticket, &action);
        self.waiting.insert(ticket, answer);
        self.step(Input::Perform(ticket, action), ctx);
        Box::pin(async move { answered.await.unwrap_or(Err(Refused::Lost)) })
    }
}

impl Handler<LookAtFeatures> for Device {
    type Result = ResponseFuture<Result<Vec<Setting>, Refused>>;

    fn handle(&mut self, _: LookAtFeatures, ctx: &mut Self::Context) -> Self::Result {
        let (answer, answered) = oneshot::channel();
        self.next_ticket += 1;
        self.looking.insert(self.next_ticket, answer);
        self.step(Input::LookAtFeatures(self.next_ticket), ctx);
        Box::pin(async move { answered.await.unwrap_or(Err(Refused::Lost)) })
    }
}

impl Handler<Status> for Device {
    type Result = MessageResult<Status>;

    fn handle(&mut self, _: Status, ctx: &mut Self::Context) -> Self::Result {
        let event = guard::step("device", self.object, ctx, |_| {
            telling::call_event(self.object, self.speaks(), &self.state.status(), &self.env)
        });
        MessageResult(event.map(Box::new).ok_or(Refused::Lost))
    }
}
