//! Event handlers that applications host: what is handed over, and who carries it there.
//!
//! How a handler is reached is not known here (`http` is outside of this crate); when it is asked,
//! and what follows from its answer, is decided in `session/state/push.rs`.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use crate::event::{Event, Form};

/// What a handler is told next.
#[derive(Debug, Clone, PartialEq)]
pub enum Word {
    Event(u32, Arc<Event>),
    /// These numbers were let go before it had them.
    Discarded(u32, u32),
    /// The gateway stops, and that one takes over; to whoever asked to be told.
    Successor(IpAddr),
    /// A change of data, as a whole envelope; whoever answers with a status of success has taken it.
    Notification(Arc<str>),
}

/// One word on its way to a handler.
#[derive(Debug, Clone)]
pub struct Handover {
    pub url: Arc<str>,
    pub form: Form,
    pub word: Word,
}

/// Why a URL is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnfitUrl {
    #[error("The URL of the event handler must begin with http:// or https:// and name a host.")]
    NotHttp,
    #[error("The URL of the event handler is longer than {0} bytes.")]
    TooLong(usize),
    #[error("The URL of the event handler must not hold a user or password.")]
    Credentials,
    #[error("The address of the event handler is not among those that events may be sent to.")]
    Forbidden,
    #[error("Events cannot be sent to event handlers here.")]
    NoPush,
}

/// Why a handler did not take an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    #[error("its address is not among those that events may be sent to")]
    Forbidden,
    #[error("it cannot be reached, or broke off")]
    Broken,
    #[error("it did not answer in time")]
    TooSlow,
    #[error("it answered with HTTP status {0}")]
    Status(u16),
    #[error("its answer is too large")]
    TooLarge,
    #[error("its answer is not that of the contract")]
    NotOfTheContract,
    #[error("it answered false")]
    Declined,
}

pub type Carrying = Pin<Box<dyn Future<Output = Result<(), NotTaken>> + Send>>;

/// Carries events to handlers.
pub trait Push: Send + Sync {
    /// Whether a handler may be registered there.
    ///
    /// # Errors
    /// What is wrong with the URL, for the application.
    fn check(&self, url: &str) -> Result<(), UnfitUrl>;

    /// Hands one word over; done when the handler has answered `true`. Dropping it gives up. Who
    /// calls it minds the time.
    fn carry(&self, handover: Handover) -> Carrying;
}

/// Where nothing carries events.
#[derive(Debug, Clone, Copy)]
pub struct NoPush;

impl Push for NoPush {
    fn check(&self, _: &str) -> Result<(), UnfitUrl> {
        Err(UnfitUrl::NoPush)
    }

    fn carry(&self, _: Handover) -> Carrying {
        Box::pin(std::future::ready(Err(NotTaken::Broken)))
    }
}
