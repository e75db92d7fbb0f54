//! How many sessions of each kind may be there at a time, as the licence allows it. Whoever reads licences says it; the
//! SessionSupervisor counts. Pure.

use crate::session_supervisor::Door;
use crate::standing::Service;

/// Why nobody may begin a session, for the application and the administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotLicensed {
    #[error("This gateway has no licence.")]
    None,
    #[error("The licence of this gateway was taken back.")]
    Revoked,
    #[error("The licence of this gateway has ended.")]
    Ended,
    #[error("The licence of this gateway was not renewed in time.")]
    NotRenewed,
    #[error("The gateway's clock is behind its licence.")]
    ClockSetBack,
    #[error("This gateway is licensed for users of integrations only.")]
    IntegrationsOnly,
}

/// A kind of session that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Standard,
    Advanced,
    DataAccess,
}

impl Kind {
    /// Of a session; one that has yet to prove its certificate holds the place that it asked for.
    #[must_use]
    pub fn of(service: Service, door: Door) -> Self {
        match (service, door) {
            (Service::Advanced | Service::Unproven, _) => Self::Advanced,
            (Service::Standard, Door::Soap) => Self::Standard,
            (Service::Standard, Door::Rest) => Self::DataAccess,
        }
    }

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Advanced => "Advanced",
            Self::DataAccess => "data access",
        }
    }
}

/// What is allowed; without a number as many as the gateway holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowance {
    pub not_licensed: Option<NotLicensed>,
    pub standard: Option<usize>,
    pub advanced: Option<usize>,
    pub data_access: Option<usize>,
}

impl Allowance {
    #[must_use]
    pub fn of(&self, kind: Kind) -> Option<usize> {
        match kind {
            Kind::Standard => self.standard,
            Kind::Advanced => self.advanced,
            Kind::DataAccess => self.data_access,
        }
    }
}
