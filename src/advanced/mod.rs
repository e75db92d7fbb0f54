//! Advanced service: the certificate in a login, and the proof that the application holds its key.
//!
//! Decisions only: what a certificate is worth, whether a signature is right, which challenges
//! wait. Who may log in at all is `admission`'s; what a session may then call is decided where
//! sessions are found (`http::gateway`).

pub mod certificate;
pub mod challenge;
pub mod proof;

pub use self::certificate::{CertificateFault, TrustAnchors};
pub use self::challenge::{Attempt, Challenge, Challenges};
pub use self::proof::PublicKey;
