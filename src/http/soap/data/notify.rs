//! Notifications of changes, asked for one by one or handed over to a handler. A registration is a trigger on a table of all nodes.

use std::sync::Arc;
use std::time::Duration;

use actors::refusal::Refused;
use actors::trigger::messages::{Logged, Subscription};
use actors::trigger_supervisor::{Begin, Of, Stop, events};
use schemas::contract::da::{GetNotificationResult, NotificationOperation, NotificationRequest, Outcome};
use schemas::contract::ops_data_access::{
    DeregisterDeisForNotification, GetNotification, RegisterDeisForNotification, RegisterNotificationHandler,
};
use schemas::data::sync::Operation as Happened;
use schemas::fault::Ground;
use schemas::soap::push;

use super::{Context, Given, No, Operation, Result, Visit, done, tuple};
use crate::data::{Triggers, is_registration};

const LOST: &str = "The gateway could not complete the request; the outcome is not known.";

fn lost() -> No {
    No::because(Ground::Lost, LOST)
}

impl Visit {
    fn triggers(&self) -> std::result::Result<Triggers, No> {
        self.data.triggers.clone().ok_or_else(lost)
    }

    /// The registrations of the session: table and trigger.
    async fn registered(&self) -> std::result::Result<Vec<(i32, u64)>, No> {
        let of = self.triggers()?.supervisor.send(Of(self.session.id)).await.map_err(|_| lost())?;
        let all = of.map(|of| of.triggers).unwrap_or_default();
        let whole =
            all.iter().map(|(subscription, _)| subscription).filter(|subscription| is_registration(subscription));
        Ok(whole.map(|subscription| (subscription.form.dei_id, subscription.id)).collect())
    }
}

fn wanted(request: &NotificationRequest) -> std::result::Result<&[i32], No> {
    if request.dei_id.is_empty() || usize::try_from(request.number_of_deis) != Ok(request.dei_id.len()) {
        return Err("numberOfDeis must be how many there are, and there must be one.".into());
    }
    Ok(&request.dei_id)
}

impl Operation for RegisterDeisForNotification {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let request = self.reg_notification;
        let visit = context.data(request.session_id).await?;
        let forms = wanted(&request)?.iter().map(|id| visit.form(*id)).collect::<std::result::Result<Vec<_>, _>>()?;
        let triggers = visit.triggers()?;
        let known = visit.registered().await?;
        for form in forms {
            if known.iter().any(|(id, _)| *id == form.dei_id) {
                continue;
            }
            let subscription = Subscription {
                id: triggers.id(),
                ceid: None,
                form,
                columns: Vec::new(),
                filter: None,
                condition: None,
                after: *visit.data.store.newest().borrow(),
            };
            let begin = Begin { session: visit.session.id, subscription: subscription.clone() };
            let begun = triggers.supervisor.send(begin).await.map_err(|_| lost())?;
            begun.map_err(|no| No::because(Ground::TooMany, no.to_string()))?;
            let id = subscription.id;
            if let Err(fault) = triggers.log.keep(visit.session.id, subscription).await {
                tracing::warn!(%fault, "a registration cannot be kept");
                // It is not there then either.
                let _ = triggers.supervisor.send(Stop { session: visit.session.id, id }).await;
                return Err(No::because(Ground::Unavailable, "The registration cannot be kept now; try again later."));
            }
        }
        Ok(done())
    }
}

impl Operation for DeregisterDeisForNotification {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let request = self.dereg_notification;
        let visit = context.data(request.session_id).await?;
        let known = visit.registered().await?;
        let mut ids = Vec::new();
        for dei_id in wanted(&request)? {
            let registered = known.iter().find(|(id, _)| id == dei_id);
            let none = || No::because(Ground::State, "A table is not registered for notification.");
            ids.push(registered.ok_or_else(none)?.1);
        }
        let triggers = visit.triggers()?;
        for id in ids {
            triggers.supervisor.send(Stop { session: visit.session.id, id }).await.map_err(|_| lost())?;
        }
        Ok(done())
    }
}

impl Operation for GetNotification {
    async fn run(self, context: &Context<'_>) -> Result<GetNotificationResult> {
        let visit = context.data(self.session_id).await?;
        let (triggers, session) = (visit.triggers()?, visit.session.id);
        loop {
            let from = triggers.cursor(session);
            let found = events(&triggers.supervisor, &triggers.log, session, from, 1, Duration::ZERO).await;
            let found = found.map_err(|fault| {
                tracing::warn!(%fault, "notifications cannot be told");
                No::because(Ground::Unavailable, "The notifications cannot be told now; try again later.")
            })?;
            triggers.told(session, found.up_to);
            if let Some(event) = found.events.iter().find(|event| is_registration(&event.subscription)) {
                return Ok(Given::Reply(told(&event.change)));
            }
            if found.events.is_empty() {
                return Err(No::because(Ground::NothingToTell, "No notification is available."));
            }
        }
    }
}

fn operation(change: &Logged) -> NotificationOperation {
    match change.operation() {
        Happened::Insert => NotificationOperation::Insert,
        Happened::Update => NotificationOperation::Update,
        Happened::Delete => NotificationOperation::Delete,
    }
}

fn told(change: &Logged) -> GetNotificationResult {
    GetNotificationResult {
        error_description: None,
        original_tuple: change.before.as_ref().map(|row| tuple(change.ceid, row)),
        updated_tuple: change.after.as_ref().map(|row| tuple(change.ceid, row)),
        operation_performed: Some(operation(change)),
        result: true,
        dei_id: change.form.dei_id,
    }
}

/// A change as a handler is told it.
pub(crate) fn notification(change: &Logged) -> Arc<str> {
    let of = |row: &Option<_>| row.as_ref().map(|row| tuple(change.ceid, row));
    let (before, after) = (of(&change.before), of(&change.after));
    push::notification(change.form.dei_id, operation(change), before.as_ref(), after.as_ref()).into()
}

impl Operation for RegisterNotificationHandler {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let visit = context.data(self.session_id).await?;
        let (url, push) = (self.event_handler_url.trim(), &context.gateway.tree.env.push);
        if !url.is_empty() {
            push.check(url).map_err(Refused::Handler)?;
        }
        let begun = visit.data.hand_over(visit.session.id, url, push, notification).await;
        begun.map_err(|error| {
            tracing::warn!(%error, "a handler for notifications cannot be kept");
            No::because(Ground::Unavailable, "The handler cannot be kept now; try again later.")
        })?;
        Ok(done())
    }
}
