//! How many sessions of each kind may be there at a time, as the licence allows it. Whoever reads licences says it; the
//! SessionSupervisor counts. Pure.

use crate::session_supervisor::Door;
use crate::standing::Service;
use crate::user::{Integration, SessionUser};

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
    /// A user of the integration, whatever the session's service and door are.
    Integration(Integration),
}

impl Kind {
    pub const ALL: [Self; 5] = [
        Self::Standard,
        Self::Advanced,
        Self::DataAccess,
        Self::Integration(Integration::Salesforce),
        Self::Integration(Integration::Google),
    ];

    /// Of a session; one that has yet to prove its certificate holds the place that it asked for.
    #[must_use]
    pub fn of(service: Service, door: Door, user: Option<SessionUser>) -> Self {
        if let Some(user) = user {
            return Self::Integration(user.integration);
        }
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
            Self::Integration(Integration::Salesforce) => "Salesforce",
            Self::Integration(Integration::Google) => "Google",
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
    pub salesforce: Option<usize>,
    pub google: Option<usize>,
}

impl Allowance {
    #[must_use]
    pub fn of(&self, kind: Kind) -> Option<usize> {
        match kind {
            Kind::Standard => self.standard,
            Kind::Advanced => self.advanced,
            Kind::DataAccess => self.data_access,
            Kind::Integration(Integration::Salesforce) => self.salesforce,
            Kind::Integration(Integration::Google) => self.google,
        }
    }

    /// Why no session of this kind may begin, however many there are.
    #[must_use]
    pub fn forbids(&self, kind: Kind) -> Option<NotLicensed> {
        let for_users = |why: &NotLicensed| *why == NotLicensed::IntegrationsOnly;
        self.not_licensed.filter(|why| !(for_users(why) && matches!(kind, Kind::Integration(_))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_of_a_user_counts_for_the_integration_and_any_other_for_service_and_door() {
        let user = |integration| Some(SessionUser { id: 1, integration, generation: 1, token: 1 });
        let (salesforce, google) = (Integration::Salesforce, Integration::Google);
        for (service, door, user, kind) in [
            (Service::Standard, Door::Soap, None, Kind::Standard),
            (Service::Standard, Door::Rest, None, Kind::DataAccess),
            (Service::Unproven, Door::Soap, None, Kind::Advanced),
            (Service::Advanced, Door::Rest, None, Kind::Advanced),
            (Service::Standard, Door::Soap, user(salesforce), Kind::Integration(salesforce)),
            (Service::Standard, Door::Rest, user(google), Kind::Integration(google)),
        ] {
            assert_eq!(Kind::of(service, door, user), kind, "{service:?} {door:?} {user:?}");
        }
    }

    #[test]
    fn a_licence_for_users_alone_lets_them_in_and_no_licence_lets_nobody_in() {
        for kind in Kind::ALL {
            let is_user = matches!(kind, Kind::Integration(_));
            let with = |why| Allowance { not_licensed: why, ..Allowance::default() }.forbids(kind);
            assert_eq!(with(None), None);
            assert_eq!(with(Some(NotLicensed::Ended)), Some(NotLicensed::Ended));
            let provider = Some(NotLicensed::IntegrationsOnly);
            assert_eq!(with(provider), if is_user { None } else { provider }, "{kind:?}");
        }
    }
}
