//! The licence of this gateway: what it allows at a time of the clock. A licence that is renewed no more will do for a
//! grace period; sessions that are there always go on.
//!
//! `document` is what both ends read and sign; the gateway's copy is kept by `fetched`. How many sessions there are is
//! known where they begin (`actors::session_supervisor`), which is told the [`Allowance`]. Without `licence.ca` nothing is
//! counted.

pub mod document;

use std::time::Duration;

use actix::Addr;
use actors::allowance::{Allowance, NotLicensed};
use actors::session_supervisor::{Allow, SessionSupervisor};
use reqwest::Url;

pub use self::document::{Counts, Kind, Licence, LicenceFault};
use crate::fetched::{Fetched, Signed, State};
use crate::jws::Verifier;
use crate::settings::{LICENCE, Section};
use crate::storage::change::now_ms;

/// The gateway's copy of its licence.
pub type Licences = Fetched<Licence>;

/// How far behind the server's clock this one may be: further back it was set back, perhaps to let a licence live longer.
const BEHIND: Duration = Duration::from_secs(24 * 3600);

/// Between two looks at the licence and the clock.
const LOOK: Duration = Duration::from_secs(2);

impl Signed for Licence {
    const SECTION: Section = LICENCE;
    const WHAT: &'static str = "licence";
    const LARGEST: usize = document::LARGEST;
    type Fault = LicenceFault;

    fn read(text: &str, verifier: &Verifier) -> Result<Self, LicenceFault> {
        Self::read(text, verifier)
    }

    fn url(mut server: Url, gateway: &str) -> Url {
        if let Ok(mut path) = server.path_segments_mut() {
            path.pop_if_empty().push(gateway);
        }
        server
    }

    fn is_for(&self, gateway: &str) -> bool {
        self.gateway == gateway
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn issued_at_ms(&self) -> i64 {
        self.issued_at_ms
    }
}

/// What the licence allows now.
#[must_use]
pub fn allows(state: &State<Licence>, grace: Duration, now_ms: i64) -> Allowance {
    let none = |why| Allowance { not_licensed: Some(why), ..Allowance::default() };
    let Some(licence) = &state.document else { return none(NotLicensed::None) };
    let ms = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    if licence.revoked {
        return none(NotLicensed::Revoked);
    }
    if now_ms < licence.issued_at_ms.saturating_sub(ms(BEHIND)) {
        return none(NotLicensed::ClockSetBack);
    }
    if licence.valid_until_ms.is_some_and(|until_ms| now_ms >= until_ms) {
        return none(NotLicensed::Ended);
    }
    if now_ms > licence.issued_at_ms.saturating_add(ms(grace)) {
        return none(NotLicensed::NotRenewed);
    }
    let some = |count: u32| Some(usize::try_from(count).unwrap_or(usize::MAX));
    Allowance {
        not_licensed: licence.integrations_only.then_some(NotLicensed::IntegrationsOnly),
        standard: some(licence.sessions.standard),
        advanced: some(licence.sessions.advanced),
        data_access: some(licence.sessions.data_access),
        salesforce: some(licence.sessions.salesforce),
        google: some(licence.sessions.google),
    }
}

/// Tells those who count what the licence allows, again and again: time ends licences, too.
pub(crate) async fn follow(licences: Licences, grace: Duration, sessions: Addr<SessionSupervisor>) {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        tell(&licences, grace, &sessions);
    }
}

/// Tells them now.
pub(crate) fn tell(licences: &Licences, grace: Duration, sessions: &Addr<SessionSupervisor>) {
    sessions.do_send(Allow(allows(&licences.state(), grace, now_ms())));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const NOW_MS: i64 = 1_790_000_000_000;
    const DAY_MS: i64 = 86_400_000;
    const GRACE: Duration = Duration::from_secs(30 * 86_400);

    fn licence() -> Licence {
        Licence {
            version: 1,
            issued_at_ms: NOW_MS,
            gateway: "ours".into(),
            kind: Kind::Trial,
            integrations_only: false,
            sessions: Counts { standard: 3, advanced: 2, data_access: 1, salesforce: 4, google: 5 },
            valid_until_ms: Some(NOW_MS + 60 * DAY_MS),
            revoked: false,
        }
    }

    #[test]
    fn a_licence_counts_for_its_gateway_in_its_time_and_a_while_without_renewal() {
        let renewed = |at_ms| Licence { issued_at_ms: at_ms, ..licence() };
        for (case, licence, now_ms, expected) in [
            ("fresh", licence(), NOW_MS, None),
            ("taken back", Licence { revoked: true, ..licence() }, NOW_MS, Some(NotLicensed::Revoked)),
            ("clocks differ", licence(), NOW_MS - DAY_MS, None),
            ("the clock was set back", licence(), NOW_MS - DAY_MS - 1, Some(NotLicensed::ClockSetBack)),
            ("in grace", licence(), NOW_MS + 30 * DAY_MS, None),
            ("out of grace", licence(), NOW_MS + 30 * DAY_MS + 1, Some(NotLicensed::NotRenewed)),
            ("its last moment", renewed(NOW_MS + 59 * DAY_MS), NOW_MS + 60 * DAY_MS - 1, None),
            ("ended", renewed(NOW_MS + 59 * DAY_MS), NOW_MS + 60 * DAY_MS, Some(NotLicensed::Ended)),
            (
                "never ends",
                Licence { valid_until_ms: None, ..renewed(NOW_MS + 99 * DAY_MS) },
                NOW_MS + 99 * DAY_MS,
                None,
            ),
            (
                "a provider's",
                Licence { integrations_only: true, ..licence() },
                NOW_MS,
                Some(NotLicensed::IntegrationsOnly),
            ),
        ] {
            let state = State { document: Some(Arc::new(licence)), ..State::default() };
            let allowance = allows(&state, GRACE, now_ms);
            assert_eq!(allowance.not_licensed, expected, "{case}");
            if expected.is_none() {
                let counts = actors::allowance::Kind::ALL.map(|kind| allowance.of(kind));
                assert_eq!(counts, [3, 2, 1, 4, 5].map(Some), "{case}");
            }
        }
        assert_eq!(allows(&State::default(), GRACE, NOW_MS).not_licensed, Some(NotLicensed::None));
    }

    #[test]
    fn a_licence_is_read_as_it_was_signed() {
        use crate::issue::{Authority, Valid};
        use crate::jws::{JwsFault, Signer};
        let kept = Authority::create(Valid::for_25_years(NOW_MS / 1000)).expect("made").1;
        let signer = Signer::from_pem(&kept.key).expect("a key");
        let verifier = Verifier::from_pem(kept.certificate.as_bytes()).expect("a certificate");
        let text = licence().sign(&signer).expect("signed");
        assert_eq!(Licence::read(&text, &verifier), Ok(licence()));
        let list = signer.sign(crate::acl::document::KIND, b"{}").expect("signed");
        assert_eq!(Licence::read(&list, &verifier), Err(LicenceFault::Jws(JwsFault::OtherKind)));
        let other = signer.sign(document::KIND, br#"{"version":1}"#).expect("signed");
        assert!(matches!(Licence::read(&other, &verifier), Err(LicenceFault::Form(_))));
    }
}
