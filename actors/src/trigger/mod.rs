//! One life of one change subscription of a session: of the changes that it is fed, it holds those that it is for.
//!
//! It asks nobody and pushes nothing: whoever tells the session asks it ([`After`]). Its supervisor begins it, feeds it, and
//! begins it anew when it died.

pub mod messages;
mod state;

use std::sync::Arc;

use actix::{Actor, ActorContext as _, Context, Handler, MessageResult, Recipient};
use schemas::domain::SessionId;
use tokio::sync::watch;

use self::messages::{After, Feed, Retire, Sift, Subscription, TriggerEnded};
use self::state::State;
use crate::guard;
use crate::last_word::LastWord;
use crate::policy;

pub struct Trigger {
    id: u64,
    state: State,
    /// Counts what its session may be told of.
    told: watch::Sender<u64>,
    /// `None` once it was let go: then nobody is told of its end.
    last_word: Option<LastWord<TriggerEnded>>,
}

impl Trigger {
    /// A life that has heard of nothing after `from`.
    pub(crate) fn new(
        session: SessionId,
        life: u64,
        subscription: Arc<Subscription>,
        from: u64,
        told: watch::Sender<u64>,
        supervisor: Recipient<TriggerEnded>,
    ) -> Self {
        let id = subscription.id;
        let word = LastWord::new(supervisor, TriggerEnded { session, id, life });
        Self { id, state: State::new(subscription, from), told, last_word: Some(word) }
    }
}

impl Actor for Trigger {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(policy::MAILBOX);
    }
}

impl Handler<Feed> for Trigger {
    type Result = ();

    fn handle(&mut self, Feed(changes): Feed, ctx: &mut Self::Context) {
        guard::step("trigger", self.id, ctx, |_| {
            if self.state.fed(&changes) {
                self.told.send_modify(|count| *count += 1);
            }
        });
    }
}

impl Handler<After> for Trigger {
    type Result = MessageResult<After>;

    fn handle(&mut self, After { number, most }: After, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.state.after(number, most))
    }
}

impl Handler<Sift> for Trigger {
    type Result = MessageResult<Sift>;

    fn handle(&mut self, Sift(changes): Sift, ctx: &mut Self::Context) -> Self::Result {
        MessageResult(guard::step("trigger", self.id, ctx, |_| self.state.sift(changes)).unwrap_or_default())
    }
}

impl Handler<Retire> for Trigger {
    type Result = ();

    fn handle(&mut self, _: Retire, ctx: &mut Self::Context) {
        if let Some(mut word) = self.last_word.take() {
            // Its end is what was wanted: the supervisor knows no such life any more.
            if let Some(word) = word.word() {
                word.life = 0;
            }
        }
        ctx.stop();
    }
}

#[cfg(test)]
impl Handler<messages::Panic> for Trigger {
    type Result = ();

    fn handle(&mut self, _: messages::Panic, ctx: &mut Self::Context) {
        guard::step("trigger", self.id, ctx, |_| panic!("a test panics here, as it should"));
    }
}
