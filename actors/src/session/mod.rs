//! One application session: its events, its polls, its monitors, its timer.
//!
//! It is never begun anew: when it ends, the application logs in again. It never speaks to a node,
//! and commands do not pass through it: [`Monitors`] leads them to the device.

pub mod log;
pub mod messages;
mod monitors;
mod push;
mod state;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, MessageResult, Recipient,
    ResponseActFuture, SpawnHandle, WrapFuture,
};
use schemas::domain::{ObjectId, SessionId};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::{info, info_span};

use self::log::SessionLog;
pub use self::log::{Cursors, Log, MemoryLog};
use self::messages::{
    CancelPolls, Carried, End, HeldPoll, Lag, MonitorFeatures, MonitorObject, MonitorPresence, Poll, Receipt,
    ResetTimer, SessionEnded, StopFeatureMonitor, StopMonitor, StopPresenceMonitor,
};
pub use self::monitors::Monitors;
use self::state::{Effect, Effects, Input, PollId, State};
pub use self::state::{Outcome, Want};
use crate::device_supervisor::{BeginWatch, DeviceSupervisor, EndWatch, RestateFor};
use crate::env::Env;
use crate::event::{Deliver, Form, Topics};
use crate::guard;
use crate::journal::{Journal, KeptSession};
use crate::last_word::LastWord;
use crate::policy;
use crate::refusal::Refused;
use crate::standing::{Service, Standing};

pub struct Session {
    id: SessionId,
    /// Which forms of events it may have.
    standing: Standing,
    state: State<SessionLog>,
    devices: Addr<DeviceSupervisor>,
    monitors: Monitors,
    next_poll: PollId,
    polls: HashMap<PollId, oneshot::Sender<Outcome>>,
    handler: push::EventHandler,
    /// Who is told of a successor.
    callback: Option<Arc<str>>,
    journal: Journal,
    timer: Option<(Instant, SpawnHandle)>,
    effects: Effects,
    _last_word: LastWord<SessionEnded>,
}

impl Session {
    pub(crate) fn new(
        id: SessionId,
        env: &Env,
        standing: Standing,
        monitors: Monitors,
        devices: Addr<DeviceSupervisor>,
        supervisor: Recipient<SessionEnded>,
        resumed: Option<(KeptSession, Duration)>,
    ) -> Self {
        let memory = || MemoryLog::new(env.log_bytes.clone()).of(monitors.share());
        let log = |memory| SessionLog::new(memory, id, env);
        let mut handler = push::EventHandler::new(env);
        let mut callback = None;
        #[allow(unused_mut)]
        let mut state = match resumed {
            None => State::new(log(memory()), Instant::now()),
            Some((kept, more)) => {
                let memory = memory().resumed(kept.first, kept.events);
                let form = kept.handler.map(|(form, url)| {
                    handler.goes_to(url);
                    form
                });
                callback = kept.callback;
                State::resumed(log(memory), kept.cursors, form, more, Instant::now())
            }
        };
        #[cfg(feature = "planted-faults")]
        {
            state.double_events = env.planted.is(crate::planted::Fault::EventDoubled);
        }
        Self {
            id,
            standing,
            state,
            devices,
            monitors,
            next_poll: 0,
            polls: HashMap::new(),
            handler,
            callback,
            journal: env.journal.clone(),
            timer: None,
            effects: Effects::new(),
            _last_word: LastWord::new(supervisor, SessionEnded(id)),
        }
    }

    /// The one place where decisions become deeds.
    fn step(&mut self, input: Input, ctx: &mut Context<Self>) {
        guard::step("session", self.id, ctx, |ctx| {
            let mut inputs = vec![input];
            let mut effects = std::mem::take(&mut self.effects);
            while let Some(input) = inputs.pop() {
                self.state.on(input, Instant::now(), &mut effects);
                for effect in effects.drain(..) {
                    match effect {
                        Effect::Answer(id, outcome) => {
                            // A carrier that is gone has taken nothing: the next may have it.
                            let taken = self.polls.remove(&id).is_some_and(|poll| poll.send(outcome).is_ok());
                            if !taken {
                                inputs.push(Input::Gone(id));
                            }
                        }
                        Effect::Restate(objects) => {
                            self.devices.do_send(RestateFor { session: self.id, objects });
                        }
                        Effect::Push(id, form, word) => self.handler.carry(id, form, word, ctx.address()),
                        Effect::StopPush => self.handler.stop(),
                        Effect::Handler(turn) => self.handler.say(self.id, turn),
                        Effect::Stop => {
                            info_span!("session", session = %self.id).in_scope(|| info!("session ends"));
                            self.journal.session_ended(self.id);
                            ctx.stop();
                        }
                    }
                }
            }
            self.effects = effects;
            self.set_timer(ctx);
        });
    }

    /// One timer for whatever is due first; one that fires early just looks again.
    fn set_timer(&mut self, ctx: &mut Context<Self>) {
        let due = self.state.next_deadline();
        if let Some((at, handle)) = self.timer {
            if at <= due {
                return;
            }
            ctx.cancel_future(handle);
        }
        let handle = ctx.run_later(due.saturating_duration_since(Instant::now()), |session, ctx| {
            session.timer = None;
            session.step(Input::Tick, ctx);
        });
        self.timer = Some((due, handle));
    }
}

impl Actor for Session {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // One that was resumed may have events for its handler.
        self.step(Input::Tick, ctx);
    }
}

impl Handler<Deliver> for Session {
    type Result = ();

    fn handle(&mut self, deliver: Deliver, ctx: &mut Self::Context) {
        let events = match deliver {
            Deliver::One(event) => vec![event],
            Deliver::Many(events) => events,
            Deliver::Settled(_) => return, // all that came before is in the log
        };
        for event in events {
            // What was under way when a monitor ended is not told any more.
            if event.object.is_none_or(|object| self.monitors.topics(object).meets(event.topics)) {
                metrics::counter!("oig_events_total").increment(1);
                self.step(Input::Arrived(event), ctx);
            }
        }
    }
}

impl Handler<ResetTimer> for Session {
    type Result = ();

    fn handle(&mut self, _: ResetTimer, ctx: &mut Self::Context) {
        self.step(Input::Reset, ctx);
    }
}

impl Handler<End> for Session {
    type Result = ();

    fn handle(&mut self, _: End, ctx: &mut Self::Context) {
        self.step(Input::End, ctx);
    }
}

impl Session {
    fn monitor(
        &mut self,
        object: ObjectId,
        topics: Topics,
        ctx: &mut Context<Self>,
    ) -> ResponseActFuture<Self, Result<(), Refused>> {
        if self.monitors.len() >= policy::SESSION_MONITORS && !self.monitors.has(object) {
            return Box::pin(
                std::future::ready(Err(Refused::TooManyMonitors(policy::SESSION_MONITORS))).into_actor(self),
            );
        }
        if let Err(refused) = self.monitors.begin(object, topics) {
            return Box::pin(std::future::ready(Err(refused)).into_actor(self));
        }
        self.note_monitors(object);
        let begin = BeginWatch {
            object,
            session: self.id,
            deliver: ctx.address().recipient(),
            standing: self.standing.clone(),
            topics,
        };
        let begun = self.devices.send(begin).into_actor(self);
        Box::pin(begun.map(move |device, session, _| match device {
            Ok(Ok(living)) => {
                if let Some(device) = living.device() {
                    session.monitors.found(object, device);
                }
                Ok(())
            }
            Ok(Err(_)) | Err(_) => {
                session.monitors.end(object, topics);
                session.note_monitors(object);
                Err(Refused::Lost)
            }
        }))
    }

    fn stop_monitor(&self, object: ObjectId, topics: Topics) -> Result<(), Refused> {
        if !self.monitors.end(object, topics) {
            return Err(Refused::NotMonitored);
        }
        self.note_monitors(object);
        self.devices.do_send(EndWatch { object, session: self.id, topics });
        Ok(())
    }

    /// Before anybody is told that it is so.
    fn note_monitors(&self, object: ObjectId) {
        self.journal.monitors(self.id, object, self.monitors.topics(object));
    }
}

impl Handler<MonitorObject> for Session {
    type Result = ResponseActFuture<Self, Result<(), Refused>>;

    fn handle(&mut self, MonitorObject(object): MonitorObject, ctx: &mut Self::Context) -> Self::Result {
        self.monitor(object, Topics::CALLS, ctx)
    }
}

impl Handler<MonitorFeatures> for Session {
    type Result = ResponseActFuture<Self, Result<(), Refused>>;

    fn handle(&mut self, MonitorFeatures(object): MonitorFeatures, ctx: &mut Self::Context) -> Self::Result {
        self.monitor(object, Topics::FEATURES, ctx)
    }
}

impl Handler<MonitorPresence> for Session {
    type Result = ResponseActFuture<Self, Result<(), Refused>>;

    fn handle(&mut self, MonitorPresence(node): MonitorPresence, ctx: &mut Self::Context) -> Self::Result {
        self.monitor(ObjectId::presence(node), Topics::ALL, ctx)
    }
}

impl Handler<StopPresenceMonitor> for Session {
    type Result = MessageResult<StopPresenceMonitor>;

    fn handle(&mut self, StopPresenceMonitor(node): StopPresenceMonitor, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.stop_monitor(ObjectId::presence(node), Topics::ALL))
    }
}

impl Handler<StopMonitor> for Session {
    type Result = MessageResult<StopMonitor>;

    fn handle(&mut self, StopMonitor(object): StopMonitor, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.stop_monitor(object, Topics::CALLS))
    }
}

impl Handler<StopFeatureMonitor> for Session {
    type Result = MessageResult<StopFeatureMonitor>;

    fn handle(&mut self, StopFeatureMonitor(object): StopFeatureMonitor, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.stop_monitor(object, Topics::FEATURES))
    }
}

impl Handler<Poll> for Session {
    type Result = MessageResult<Poll>;

    fn handle(&mut self, Poll { want, timeout_ms }: Poll, ctx: &mut Self::Context) -> Self::Result {
        if want == Want::Next(Form::Advanced) && self.standing.service() != Service::Advanced {
            return MessageResult(Err(Refused::NeedsAdvanced("advGetEvent")));
        }
        if self.state.polls_held() >= policy::POLLS_HELD {
            return MessageResult(Err(Refused::TooManyPolls(policy::POLLS_HELD)));
        }
        self.next_poll += 1;
        let id = self.next_poll;
        let (answer, answered) = oneshot::channel();
        self.polls.insert(id, answer);
        let receipt = Receipt { session: ctx.address(), poll: id, open: true };
        self.step(Input::Poll { id, want, timeout_ms }, ctx);
        MessageResult(Ok(HeldPoll { answer: answered, receipt }))
    }
}

impl Handler<CancelPolls> for Session {
    type Result = ();

    fn handle(&mut self, _: CancelPolls, ctx: &mut Self::Context) {
        self.step(Input::Cancel, ctx);
    }
}

impl Handler<Carried> for Session {
    type Result = ();

    fn handle(&mut self, carried: Carried, ctx: &mut Self::Context) {
        match carried {
            Carried::Delivered(id) => self.step(Input::Delivered(id), ctx),
            Carried::Gone(id) => {
                self.polls.remove(&id);
                self.step(Input::Gone(id), ctx);
            }
        }
    }
}

impl Handler<Lag> for Session {
    type Result = u32;

    fn handle(&mut self, _: Lag, _: &mut Self::Context) -> Self::Result {
        self.state.lag()
    }
}
