//! Which service a session has: decided at login, raised once by a proven certificate.
//!
//! Every request looks at it, so it is a word that is read, not a message that is awaited. It knows
//! nothing of certificates: whoever proved one says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// What a session may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Service {
    /// Standard service.
    Standard = 0,
    /// Asked for Advanced service, and has not yet proven its certificate: may do nothing else.
    Unproven = 1,
    /// Advanced service, which includes Standard.
    Advanced = 2,
}

/// A session's service, shared by whoever looks at it.
#[derive(Debug, Clone)]
pub struct Standing(Arc<AtomicU8>);

impl Standing {
    #[must_use]
    pub fn new(service: Service) -> Self {
        Self(Arc::new(AtomicU8::new(service as u8)))
    }

    #[must_use]
    pub fn service(&self) -> Service {
        match self.0.load(Ordering::Acquire) {
            0 => Service::Standard,
            1 => Service::Unproven,
            _ => Service::Advanced,
        }
    }

    /// The certificate was proven; `false` when the session did not wait for that.
    #[must_use]
    pub fn prove(&self) -> bool {
        let (from, to) = (Service::Unproven as u8, Service::Advanced as u8);
        self.0.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_session_that_waits_for_it_is_raised_and_only_once() {
        for (service, raised) in [(Service::Standard, false), (Service::Unproven, true), (Service::Advanced, false)] {
            let standing = Standing::new(service);
            let seen = standing.clone();
            assert_eq!(standing.prove(), raised);
            assert_eq!(seen.service(), if raised { Service::Advanced } else { service });
            assert!(!standing.prove());
        }
    }
}
