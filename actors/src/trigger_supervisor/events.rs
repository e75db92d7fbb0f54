//! What a session is told of changes: those of all its triggers, in the order of their numbers.

use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use schemas::domain::SessionId;
use tokio::time::{Instant, timeout_at};

use super::{ChangeLog, LogFault, Of, OfSession, TriggerSupervisor};
use crate::policy;
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
    let (mut after, mut part) = (after, most);
    loop {
        // None: the gateway ends.
        let of = supervisor.send(Of(session)).await.ok().flatten();
        let Some(mut of) = of else { return Ok(Events { up_to: after, ..Events::default() }) };
        of.told.mark_unchanged();
        let found = collect(&of, log, after, most, part).await?;
        if !found.events.is_empty() || found.lost_up_to.is_some() {
            return Ok(found);
        }
        if found.up_to > after {
            // A part of the log was looked at, with nothing in it for the session: who says himself where to begin would be given
            // the same part again and again. Where there is little for it, ever more is looked at in one reading.
            after = found.up_to;
            part = part.max((part * 2).min(policy::TRIGGER_FEED));
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

/// About so many events at `most`, out of a part of the log so long where triggers do not hold what is wanted.
pub(super) async fn collect(
    of: &OfSession,
    log: &Arc<dyn ChangeLog>,
    after: u64,
    most: usize,
    part: usize,
) -> Result<Events, LogFault> {
    let pruned = log.pruned();
    let lost_up_to = (after < pruned && after > 0).then_some(pruned);
    let after = after.max(pruned);
    let mut told = Told { events: Vec::new(), most, up_to: u64::MAX };
    let mut sifted = Vec::new();
    for (subscription, trigger) in &of.triggers {
        match trigger.send(After { number: after, most }).await {
            Ok(Found::Here { changes, looked_at }) => told.add(subscription, changes, looked_at),
            Ok(Found::Sift { up_to }) => sifted.push((subscription, trigger, up_to)),
            Err(_) => told.add_none(after),
        }
    }
    // Read once for all of them, from where the first begins: how far that is looked at bounds what is told of the others, too.
    if let Some(from) = sifted.iter().map(|(subscription, ..)| after.max(subscription.after)).min() {
        let read: Vec<_> = log.after(from, part).await?.into_iter().map(Arc::new).collect();
        let last = read.last().map(|last| last.number);
        let to_its_end = read.len() < part;
        for (subscription, trigger, up_to) in sifted {
            // Read to its end it is complete up to its newest, else up to the last that was read.
            let looked_at = last.filter(|last| !to_its_end || *last > up_to).unwrap_or(up_to);
            match trigger.send(Sift(read.clone())).await {
                Ok(changes) => told.add(subscription, changes, looked_at),
                Err(_) => told.add_none(after),
            }
        }
    }
    let Told { mut events, up_to, .. } = told;
    let up_to = if up_to == u64::MAX { after } else { up_to.max(after) };
    events.retain(|event| event.change.number <= up_to);
    events.sort_by_key(|event| (event.change.number, event.subscription.id));
    Ok(Events { events, up_to, lost_up_to })
}

struct Told {
    events: Vec<TriggerEvent>,
    /// Of each trigger.
    most: usize,
    /// All that every trigger has looked at is complete; beyond it there may be more.
    up_to: u64,
}

impl Told {
    /// A trigger that died has looked at nothing: what the others are for waits until it is there anew, or is not wanted any more,
    /// of which `OfSession::told` tells.
    fn add_none(&mut self, after: u64) {
        self.up_to = self.up_to.min(after);
    }

    /// What a trigger is for of all changes up to one.
    fn add(&mut self, subscription: &Arc<Subscription>, mut changes: Vec<Arc<Logged>>, looked_at: u64) {
        changes.truncate(self.most);
        let is_all = changes.len() < self.most;
        let last = changes.last().map_or(looked_at, |last| last.number);
        self.up_to = self.up_to.min(if is_all { looked_at } else { last });
        let event = |change| TriggerEvent { subscription: subscription.clone(), change };
        self.events.extend(changes.into_iter().map(event));
    }
}
