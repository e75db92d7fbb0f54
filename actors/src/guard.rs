//! Turns a panic in an actor's step into the orderly end of that actor's life.
//!
//! actix would drop the context while unwinding, with the actor half changed; a second panic there
//! aborts the process. Here the panic ends in a log line, a count and `ctx.stop()`. The actor is
//! named by a value, not by a span that each of a hundred thousand would have to keep.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

use actix::ActorContext;

/// Runs one step of an actor; a panic stops the actor and yields `None`. One that stops takes no
/// more steps.
pub(crate) fn step<C: ActorContext, R>(
    actor: &'static str,
    id: impl Display,
    ctx: &mut C,
    run: impl FnOnce(&mut C) -> R,
) -> Option<R> {
    if !ctx.state().alive() {
        return None; // stopped in an earlier step of the same message; what is left of it is not done
    }
    let result = caught(actor, id, || run(ctx));
    if result.is_none() {
        ctx.stop();
    }
    result
}

/// Runs one step of a supervisor, which has nobody above it: a panic costs the step, not the life.
pub(crate) fn keep<R>(actor: &'static str, run: impl FnOnce() -> R) -> Option<R> {
    caught(actor, "", run)
}

fn caught<R>(actor: &'static str, id: impl Display, run: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => Some(result),
        Err(cause) => {
            let cause = cause
                .downcast_ref::<&str>()
                .map(|s| (*s).to_owned())
                .or_else(|| cause.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "no text".to_owned());
            tracing::error!(actor, %id, cause, "a panic ended a step of an actor");
            metrics::counter!("oig_actor_panics_total", "actor" => actor).increment(1);
            None
        }
    }
}
