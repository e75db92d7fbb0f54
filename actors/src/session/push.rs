//! The event handler of a session: where it is, and the one word that is on its way to it.
//!
//! When to hand over and when to rest is decided in `state/push.rs`. What is on its way is a task
//! of its own, so that a panic there costs one try; it ends with the session.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use actix::{Addr, Context, Handler, MessageResult};
use futures_util::FutureExt;
use schemas::domain::SessionId;
use tokio::task::JoinHandle;
use tracing::{info, info_span, warn};

use super::Session;
use super::messages::{Callback, Pushed, RegisterCallback, RegisterHandler};
use super::state::{HandlerId, Input, Turn};
use crate::env::{Entropy, Env};
use crate::event::Form;
use crate::policy;
use crate::push::{Handover, NotTaken, Push, Word};
use crate::refusal::Refused;
use crate::standing::Service;

pub(super) struct EventHandler {
    push: Arc<dyn Push>,
    entropy: Arc<dyn Entropy>,
    url: Arc<str>,
    underway: Option<Underway>,
    /// Why the last try failed.
    last: Option<NotTaken>,
}

/// Given up when it is dropped.
struct Underway(JoinHandle<()>);

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl EventHandler {
    pub(super) fn new(env: &Env) -> Self {
        Self { push: env.push.clone(), entropy: env.entropy.clone(), url: "".into(), underway: None, last: None }
    }

    /// Where the next words go.
    pub(super) fn goes_to(&mut self, url: Arc<str>) {
        self.url = url;
    }

    /// Hands a word over; the session hears what became of it.
    pub(super) fn carry(&mut self, id: HandlerId, form: Form, word: Word, session: Addr<Session>) {
        let carrying = self.push.carry(Handover { url: self.url.clone(), form, word });
        let bounded = tokio::time::timeout(policy::PUSH_ANSWER, carrying);
        self.underway = Some(Underway(actix::spawn(async move {
            let answer = match AssertUnwindSafe(bounded).catch_unwind().await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) => Err(NotTaken::TooSlow),
                Err(_) => Err(NotTaken::Broken),
            };
            session.do_send(Pushed { id, answer });
        })));
    }

    pub(super) fn stop(&mut self) {
        self.underway = None;
    }

    /// Said once at each turn, not at each try; without the URL, which may hold a secret.
    pub(super) fn say(&self, session: SessionId, turn: Turn) {
        info_span!("session", session = %session).in_scope(|| match turn {
            Turn::Dead => {
                metrics::counter!("oig_event_handlers_total", "turn" => "dead").increment(1);
                let why = self.last.map(|last| last.to_string()).unwrap_or_default();
                warn!(why, "the event handler takes no events");
            }
            Turn::Back => {
                metrics::counter!("oig_event_handlers_total", "turn" => "back").increment(1);
                info!("the event handler takes events again");
            }
        });
    }
}

impl Handler<RegisterHandler> for Session {
    type Result = MessageResult<RegisterHandler>;

    fn handle(&mut self, RegisterHandler { url }: RegisterHandler, ctx: &mut Context<Self>) -> Self::Result {
        let url = url.trim();
        if url.is_empty() {
            self.step(Input::Unregister, ctx);
            self.journal.handler(self.id, Form::Standard, &"".into());
            return MessageResult(Ok(()));
        }
        if let Err(unfit) = self.handler.push.check(url) {
            return MessageResult(Err(Refused::Handler(unfit)));
        }
        let advanced = self.standing.service() == Service::Advanced;
        let form = if advanced { Form::Advanced } else { Form::Standard };
        self.handler.goes_to(url.into());
        self.step(Input::Register(form), ctx);
        self.journal.handler(self.id, form, &self.handler.url);
        MessageResult(Ok(()))
    }
}

impl Handler<RegisterCallback> for Session {
    type Result = MessageResult<RegisterCallback>;

    fn handle(&mut self, RegisterCallback { url }: RegisterCallback, _: &mut Context<Self>) -> Self::Result {
        let url = url.trim();
        if !url.is_empty()
            && let Err(unfit) = self.handler.push.check(url)
        {
            return MessageResult(Err(Refused::Handler(unfit)));
        }
        let url: Arc<str> = url.into();
        self.journal.callback(self.id, &url);
        self.callback = Some(url).filter(|url| !url.is_empty());
        MessageResult(Ok(()))
    }
}

impl Handler<Callback> for Session {
    type Result = MessageResult<Callback>;

    fn handle(&mut self, _: Callback, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.callback.clone())
    }
}

impl Handler<Pushed> for Session {
    type Result = ();

    fn handle(&mut self, Pushed { id, answer }: Pushed, ctx: &mut Context<Self>) {
        if answer.is_ok() {
            metrics::counter!("oig_events_pushed_total").increment(1);
        }
        self.handler.last = answer.err();
        let random = if answer.is_err() { self.handler.entropy.next_u64() } else { 0 };
        self.step(Input::Pushed { id, taken: answer.is_ok(), random }, ctx);
    }
}
