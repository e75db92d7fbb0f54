//! What a session is told of changes: those of all its triggers, in the order of their numbers.

use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use schemas::domain::SessionId;
use tokio::time::{Instant, timeout_at};

use super::{ChangeLog, LogFault, Of, OfSession, TriggerSupervisor};
use crate::trigger::messages::{After, Found, Logged, Sift, Subscription};

/// A change that one of a session's triggers is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerEvent {
    /// What the trigger was made for.
    pub subscription: Arc<Subscription>,
    pub change: Arc<Logged>,
}

/// What there is after a number. Of a change that several triggers are for there is an event for each, with one number; a list
/// never ends between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Events {
    pub events: Vec<TriggerEvent>,
    /// Ask for what is after this one next.
    pub up_to: u64,
    /// Changes up to this one are not kept any more, and some of them may have been for a trigger of the session.
    pub lost_up_to: Option<u64>,
}

/// The next changes after a number that a session's triggers are for, about so many; waits for one until a deadline.
///
/// # Errors
/// [`LogFault`] when the log cannot be read.
pub async fn events(
    supervisor: &Addr<TriggerSupervisor>,
    log: &Arc<dyn ChangeLog>,
    session: SessionId,
    after: u64,
    most: usize,
    wait: Duration,
) -> Result<Events, LogFault> {
    let until = Instant::now() + wait;
    let mut after = after;
    loop {
        // None: the gateway ends.
        let of = supervisor.send(Of(session)).await.ok().flatten();
        let Some(mut of) = of else { return Ok(Events { up_to: after, ..Events::default() }) };
        of.told.mark_unchanged();
        let found = collect(&of, log, after, most).await?;
        if !found.events.is_empty() || found.lost_up_to.is_some() {
            return Ok(found);
        }
        if found.up_to > after {
            // A part of the log was looked at, with nothing in it for the session: who says himself where to begin would be given
            // the same part again and again.
            after = found.up_to;
            continue;
        }
        if Instant::now() >= until {
            return Ok(found);
        }
        // Its other end goes with the session's last trigger: looked at again.
        if timeout_at(until, of.told.changed()).await.is_err() {
            return Ok(found);
        }
    }
}

async fn collect(of: &OfSession, log: &Arc<dyn ChangeLog>, after: u64, most: usize) -> Result<Events, LogFault> {
    let pruned = log.pruned();
    let lost_up_to = (after < pruned && after > 0).then_some(pruned);
    let after = after.max(pruned);
    let mut events = Vec::new();
    // All that every trigger has looked at is complete; beyond it there may be more.
    let mut up_to = u64::MAX;
    for (subscription, trigger) in &of.triggers {
        // One that died is there anew at the next look.
        let Ok(found) = trigger.send(After { number: after, most }).await else { continue };
        let (changes, complete) = match found {
            Found::Here { changes, looked_at } if changes.len() < most => (changes, looked_at),
            Found::Here { changes, .. } => {
                let last = changes.last().map_or(after, |last| last.number);
                (changes, last)
            }
            Found::Sift { up_to } => {
                let read = log.after(after.max(subscription.after), most).await?;
                // Read to its end it is complete up to its newest, else up to the last that was read.
                let last = read.last().map_or(up_to, |last| last.number);
                let complete = if read.len() < most { last.max(up_to) } else { last };
                let read: Vec<_> = read.into_iter().map(Arc::new).collect();
                (trigger.send(Sift(read)).await.unwrap_or_default(), complete)
            }
        };
        up_to = up_to.min(complete);
        events.extend(changes.into_iter().map(|change| TriggerEvent { subscription: subscription.clone(), change }));
    }
    let up_to = if up_to == u64::MAX { after } else { up_to.max(after) };
    events.retain(|event| event.change.number <= up_to);
    events.sort_by_key(|event| (event.change.number, event.subscription.id));
    Ok(Events { events, up_to, lost_up_to })
}
