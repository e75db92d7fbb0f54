//! One life of a monitor of something that a whole node has, not one device: presence in its groups.
//!
//! It stands beside `Device`: the DeviceSupervisor begins it, tells it of its node and hands its events on at a loss.
//! Its object is the node, so that applications stop it by the node's id.

mod state;
pub(crate) mod telling;

use std::collections::BTreeSet;
use std::sync::Arc;

use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, MessageResult, Recipient};
use schemas::domain::{Dn, ObjectId, SessionId};

use self::state::{Effect, Effects, Input, Report, State};
use crate::device::messages::{Arm, DeviceEnded, LinkLost, Memory, Restate, Retire, Unwatch, Watch};
use crate::env::Env;
use crate::event::{Deliver, Event, Forms};
use crate::guard;
use crate::last_word::LastWord;
use crate::node::Node;
use crate::node::messages::{Ask, Question, Tell, Told};
use crate::policy;
use crate::standing::{Service, Standing};

/// Group and member of everybody who is absent.
pub type Absent = BTreeSet<(Dn, Dn)>;

struct Watcher {
    session: SessionId,
    deliver: Recipient<Deliver>,
    standing: Standing,
    /// It has heard that the monitor is set, or why it is not.
    greeted: bool,
}

pub struct SystemMonitor {
    object: ObjectId,
    life: u64,
    env: Env,
    state: State,
    /// The node as it can be asked now, and the life that answers come from.
    node: Option<(u64, Addr<Node>)>,
    watchers: Vec<Watcher>,
    last_word: LastWord<DeviceEnded>,
}

impl SystemMonitor {
    pub(crate) fn new(
        object: ObjectId,
        life: u64,
        env: Env,
        memory: Memory,
        supervisor: Recipient<DeviceEnded>,
    ) -> Self {
        Self {
            object,
            life,
            env,
            state: State::new(memory.absent.map(|absent| *absent)),
            node: None,
            watchers: Vec::new(),
            last_word: LastWord::new(supervisor, DeviceEnded { object, life, memory: Memory::default() }),
        }
    }

    /// The one place where decisions become deeds.
    fn step(&mut self, input: Input, ctx: &mut Context<Self>) {
        guard::step("system_monitor", self.object, ctx, |ctx| {
            let mut effects = Effects::new();
            self.state.on(input, &mut effects);
            // Before anybody hears of it, as a device does.
            if let Some(word) = self.last_word.word()
                && word.memory.absent.as_deref() != self.state.absent()
            {
                word.memory.absent = self.state.absent().cloned().map(Box::new);
                self.env.journal.object(self.object, &word.memory);
            }
            for effect in effects {
                self.perform(effect, ctx);
            }
        });
    }

    fn perform(&mut self, effect: Effect, ctx: &mut Context<Self>) {
        match effect {
            Effect::Ask => self.ask(Question::Presence, ctx),
            Effect::Look => self.ask(Question::Absent, ctx),
            Effect::LetGo => self.ask(Question::Unmonitor, ctx),
            Effect::Greet(reports) => {
                let events: Vec<_> = reports.iter().map(|report| self.render(report)).collect();
                for watcher in self.watchers.iter_mut().filter(|w| !w.greeted) {
                    watcher.greeted = true;
                    watcher.deliver.do_send(Deliver::Many(events.clone()));
                }
            }
            Effect::Tell(report) => {
                let event = self.render(&report);
                for watcher in self.watchers.iter().filter(|w| w.greeted) {
                    watcher.deliver.do_send(Deliver::One(event.clone()));
                }
            }
            Effect::RearmLater => {
                ctx.run_later(policy::REARM, |monitor, ctx| monitor.step(Input::Rearm, ctx));
            }
        }
    }

    fn ask(&self, question: Question, ctx: &mut Context<Self>) {
        if let Some((_, node)) = &self.node {
            let answer_to = ctx.address().recipient();
            node.do_send(Ask { object: self.object, life: self.life, question, answer_to });
        }
    }

    fn render(&self, report: &Report) -> Arc<Event> {
        let advanced = self.watchers.iter().any(|w| w.standing.service() == Service::Advanced);
        Arc::new(telling::render(self.object, report, self.env.now_ms(), Forms { advanced }))
    }

    fn greet(&mut self, session: SessionId) {
        let Some(reports) = self.state.greeting() else {
            if let Some(watcher) = self.watchers.iter_mut().find(|w| w.session == session) {
                watcher.greeted = false;
            }
            return;
        };
        let events = reports.iter().map(|report| self.render(report)).collect();
        if let Some(watcher) = self.watchers.iter_mut().find(|w| w.session == session) {
            watcher.greeted = true;
            watcher.deliver.do_send(Deliver::Many(events));
        }
    }
}

impl Actor for SystemMonitor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // The loss of the link must not wait while a watch does not.
        ctx.set_mailbox_capacity(policy::MAILBOX);
        ctx.run_interval(policy::AUDIT_IDLE, |monitor, ctx| monitor.step(Input::Audit, ctx));
    }
}

impl Handler<Tell> for SystemMonitor {
    type Result = ();

    fn handle(&mut self, Tell { life, told, .. }: Tell, ctx: &mut Self::Context) {
        // What a connection that is gone still had under way is not true any more.
        if self.node.as_ref().is_none_or(|(now, _)| *now != life) {
            return;
        }
        match told {
            Told::Presence(result) => self.step(Input::Monitored(result), ctx),
            Told::Absent(result) => self.step(Input::Looked(result), ctx),
            Told::PresenceChanged(change) => self.step(Input::Changed(change), ctx),
            Told::MonitorEnded => self.step(Input::Ended, ctx),
            _ => {}
        }
    }
}

impl Handler<Arm> for SystemMonitor {
    type Result = ();

    fn handle(&mut self, Arm { life, node, .. }: Arm, ctx: &mut Self::Context) {
        if self.node.replace((life, node)).is_some_and(|(before, _)| before != life) {
            // A loss that nobody told: what was asked of that connection is not answered any more.
            self.step(Input::LinkLost, ctx);
        }
        self.step(Input::Arm, ctx);
    }
}

impl Handler<LinkLost> for SystemMonitor {
    type Result = MessageResult<LinkLost>;

    fn handle(&mut self, lost: LinkLost, ctx: &mut Self::Context) -> Self::Result {
        if self.node.as_ref().is_none_or(|(life, _)| *life != lost.life) {
            return MessageResult(None);
        }
        self.node = None;
        self.step(Input::LinkLost, ctx);
        // Who has heard nothing yet hears that it is set first; the caller hands the event to every watcher.
        let first = self.render(&Report::Unavailable);
        for watcher in self.watchers.iter_mut().filter(|w| !w.greeted) {
            watcher.greeted = true;
            watcher.deliver.do_send(Deliver::One(first.clone()));
        }
        MessageResult(Some(self.render(&Report::Out)))
    }
}

impl Handler<Watch> for SystemMonitor {
    type Result = ();

    fn handle(&mut self, watch: Watch, ctx: &mut Self::Context) {
        let Watch { session, deliver, standing, .. } = watch;
        self.watchers.retain(|w| w.session != session);
        self.watchers.push(Watcher { session, deliver, standing, greeted: false });
        if self.state.is_refused() {
            // Asked for again: perhaps the node has thought better of it.
            self.step(Input::Rearm, ctx);
        }
        guard::step("system_monitor", self.object, ctx, |_| self.greet(session));
    }
}

impl Handler<Restate> for SystemMonitor {
    type Result = ();

    fn handle(&mut self, Restate { session }: Restate, ctx: &mut Self::Context) {
        guard::step("system_monitor", self.object, ctx, |_| {
            self.greet(session);
            // Who is absent: whoever is not named is present.
            let reports = self.state.restated();
            let events: Vec<_> = reports.iter().map(|report| self.render(report)).collect();
            if let Some(watcher) = self.watchers.iter().find(|w| w.session == session && !events.is_empty()) {
                watcher.deliver.do_send(Deliver::Many(events));
            }
        });
    }
}

impl Handler<Unwatch> for SystemMonitor {
    type Result = ();

    fn handle(&mut self, Unwatch { session, .. }: Unwatch, _: &mut Self::Context) {
        self.watchers.retain(|w| w.session != session);
    }
}

impl Handler<Retire> for SystemMonitor {
    type Result = ();

    fn handle(&mut self, _: Retire, ctx: &mut Self::Context) {
        self.step(Input::Retire, ctx);
        if let Some(word) = self.last_word.word() {
            word.forget(&self.env.journal);
        }
        // Retired on purpose: there is no next life.
        ctx.stop();
    }
}
