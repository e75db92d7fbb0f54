//! A licence as the licence server signs it and its gateway reads it: how many sessions of each kind may be there at a
//! time. Both ends use this file; neither I/O nor a clock.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::jws::{JwsFault, Signer, Verifier};

/// What the header of the signed form says.
pub const KIND: &str = "oig-licence+jws";
/// Bytes of the signed form.
pub const LARGEST: usize = 64 * 1024;

/// A licence at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licence {
    /// Grows with each change.
    pub version: i64,
    /// When it was signed, by the server's clock: also one that did not change is signed anew for who asks.
    pub issued_at_ms: i64,
    /// The id of the one gateway that it is for.
    pub gateway: String,
    pub kind: Kind,
    /// For a service provider: users of integrations alone, no other applications.
    pub integrations_only: bool,
    pub sessions: Counts,
    /// When it ends; a purchased one may never.
    pub valid_until_ms: Option<i64>,
    /// It was taken back: the gateway is told by the licence itself, since one that is only missing might be a fault.
    pub revoked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = LicenceKind)]
pub enum Kind {
    Purchased,
    /// The first weeks of a gateway that nobody bought anything for.
    Trial,
    /// A demonstration kit: for showing, not for a site.
    Demonstration,
}

impl Kind {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Purchased => "purchased",
            Self::Trial => "trial",
            Self::Demonstration => "demonstration",
        }
    }

    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [Self::Purchased, Self::Trial, Self::Demonstration].into_iter().find(|kind| kind.word() == word)
    }
}

/// Sessions at a time, of all applications together. Agents at hot desks need Advanced operations, and so an advanced one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = LicensedSessions)]
pub struct Counts {
    pub standard: u32,
    pub advanced: u32,
    /// Logged in by REST.
    pub data_access: u32,
    /// Users of the integrations.
    pub salesforce: u32,
    pub google: u32,
}

/// Why a licence is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LicenceFault {
    #[error("it {0}")]
    Jws(#[from] JwsFault),
    #[error("it cannot be read: {0}")]
    Form(String),
}

impl Licence {
    /// The signed form.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn sign(&self, signer: &Signer) -> Result<String, JwsFault> {
        let payload = serde_json::to_vec(self).map_err(|_| JwsFault::Malformed)?;
        signer.sign(KIND, &payload)
    }

    /// Reads the signed form.
    ///
    /// # Errors
    /// The first thing that is wrong with it; then nothing of it counts.
    pub fn read(text: &str, verifier: &Verifier) -> Result<Self, LicenceFault> {
        let payload = verifier.verify(text, KIND, LARGEST)?;
        // serde's texts repeat what was read.
        let place = |e: serde_json::Error| LicenceFault::Form(format!("line {}, column {}", e.line(), e.column()));
        serde_json::from_slice(&payload).map_err(place)
    }
}
