//! Hands notifications of changes over to the handlers that sessions registered: in order, each until it is taken, for as long as
//! the session is there. What was taken is kept, so that the next process goes on with the one after it.
//!
//! A handler that takes nothing is asked ever less often, and its session's changes wait in the log.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actors::backoff::Backoff;
use actors::env::Entropy as _;
use actors::event::Form;
use actors::policy;
use actors::push::{Handover, NotTaken, Push, Word};
use actors::trigger::messages::{Logged, Subscription};
use actors::trigger_supervisor::{TriggerEvent, events};
use schemas::domain::SessionId;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::log::owner;
use super::store::{KeptHandler, Store};
use super::triggers::Triggers;
use crate::entropy::SystemEntropy;

/// Between two looks whether a session is still there.
const LOOK: Duration = Duration::from_secs(5);

/// Between two looks whether a session has registered something.
const UNREGISTERED: Duration = Duration::from_secs(1);

/// A registration by SOAP: a table of all nodes, whole.
#[must_use]
pub fn is_registration(subscription: &Subscription) -> bool {
    subscription.ceid.is_none() && subscription.columns.is_empty() && subscription.filter.is_none()
}

/// The words for a change.
pub type Render = fn(&Logged) -> Arc<str>;

/// The handlers of all sessions. Cheap to clone.
#[derive(Clone, Default)]
pub struct Handlers(Arc<Mutex<HashMap<SessionId, Running>>>);

/// Given up when it is dropped.
struct Running(JoinHandle<()>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// One session's handler.
struct Handler {
    session: SessionId,
    url: Arc<str>,
    store: Store,
    triggers: Triggers,
    push: Arc<dyn Push>,
    render: Render,
}

impl Handlers {
    /// From now on changes after this number are handed over there. Must be called on an arbiter.
    pub(super) fn begin(
        &self,
        session: SessionId,
        kept: KeptHandler,
        store: &Store,
        triggers: &Triggers,
        push: &Arc<dyn Push>,
        render: Render,
    ) {
        let (store, triggers, push) = (store.clone(), triggers.clone(), push.clone());
        let handler = Handler { session, url: kept.url.into(), store, triggers, push, render };
        let running = Running(actix::spawn(handler.run(kept.after)));
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, running| !running.0.is_finished());
        all.insert(session, running);
    }

    /// Nothing is handed over any more.
    pub(super) fn end(&self, session: SessionId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&session);
    }
}

impl Handler {
    async fn run(self, mut after: u64) {
        while self.triggers.is_there(self.session) {
            let log = &self.triggers.log;
            let found = events(&self.triggers.supervisor, log, self.session, after, 1, LOOK).await;
            let found = match found {
                Ok(found) => found,
                Err(fault) => {
                    warn!(session = %self.session, %fault, "notifications wait");
                    sleep(LOOK).await;
                    continue;
                }
            };
            for TriggerEvent { change, .. } in found.events.iter().filter(|e| is_registration(&e.subscription)) {
                if !self.hand_over(change).await {
                    return;
                }
            }
            if found.up_to > after {
                after = found.up_to;
                // Written where something was handed over: what was not for it need not be looked at again, or may.
                if !found.events.is_empty() {
                    let kept = KeptHandler { owner: owner(self.session), url: self.url.to_string(), after };
                    if let Err(error) = self.store.keep_handler(kept).await {
                        warn!(session = %self.session, %error, "what was handed over is not kept: it may come again");
                    }
                }
            } else if found.events.is_empty() {
                // A session without a registration has nothing to wait on.
                sleep(UNREGISTERED).await;
            }
        }
        if let Err(error) = self.store.forget_handler(owner(self.session)).await {
            warn!(%error, "the handler of a session that is gone is still kept");
        }
    }

    /// Until it is taken, or the session is gone.
    async fn hand_over(&self, change: &Logged) -> bool {
        let word = Word::Notification((self.render)(change));
        let mut backoff = Backoff::new(policy::PUSH_FIRST, policy::PUSH_LONGEST);
        let entropy = SystemEntropy::default();
        let mut failures = 0_u32;
        while self.triggers.is_there(self.session) {
            let handover = Handover { url: self.url.clone(), form: Form::Standard, word: word.clone() };
            let why = match timeout(policy::PUSH_ANSWER, self.push.carry(handover)).await {
                Ok(Ok(())) => {
                    metrics::counter!("oig_data_notifications_pushed_total").increment(1);
                    if failures >= policy::PUSH_FAILURES {
                        info!(session = %self.session, "the handler takes notifications again");
                    }
                    return true;
                }
                Ok(Err(why)) => why,
                Err(_) => NotTaken::TooSlow,
            };
            failures = failures.saturating_add(1);
            if failures == policy::PUSH_FAILURES {
                warn!(session = %self.session, %why, "the handler takes no notifications");
            }
            let dead = failures >= policy::PUSH_FAILURES;
            sleep(if dead { policy::PUSH_PROBE } else { backoff.pause(entropy.next_u64()) }).await;
        }
        false
    }
}
