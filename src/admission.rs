//! Who may enter: applications and their secrets, from the settings.
//!
//! A secret is proven with argon2id, slow by design, on a bounded number of threads. What was
//! proven once is remembered as a keyed hash for the life of the process, so that a storm of
//! logins after a restart costs one proof for each application; a wrong secret pays the full
//! price every time, and so does an application that does not exist.
//!
//! A certificate is looked at only after both passwords were right.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use actors::standing::Service;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::advanced::{CertificateFault, PublicKey, TrustAnchors};
use crate::settings::{Application, ServiceLevel};

/// What an application says of itself at login.
#[derive(Debug)]
pub struct Credentials {
    pub company: String,
    pub application: String,
    pub application_password: SecretString,
    pub local_password: SecretString,
}

/// Why it may not enter. The first three causes share a text, so that nobody learns which it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("The company, the application or a password is not right.")]
    Wrong,
    #[error("The application is revoked.")]
    Revoked,
    #[error("Too many logins wait to be checked; try again.")]
    Busy,
    /// A certificate came with the login of an application that may have Standard service only.
    #[error("The application is not permitted Advanced service.")]
    NotAdvanced,
    #[error("{0}")]
    Certificate(#[from] CertificateFault),
}

/// An application that proved its passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// For sessions and logs.
    pub label: Arc<str>,
    company: String,
    application: String,
    may_be_advanced: bool,
}

/// Logins that may wait for a proof; a full house logs in twice over.
const WAITING: usize = 4096;

struct Entry {
    label: Arc<str>,
    application_password: SecretString,
    local_password: SecretString,
    revoked: bool,
    may_be_advanced: bool,
}

/// The applications of this gateway.
pub struct Admission {
    applications: HashMap<(String, String), Arc<Entry>>,
    /// Keyed hashes of secrets that were proven, by label.
    proven: RwLock<HashMap<Arc<str>, hmac::Tag>>,
    key: hmac::Key,
    proofs: Semaphore,
    waiting: Semaphore,
    nobody: Arc<Entry>,
    anchors: Arc<TrustAnchors>,
}

impl Admission {
    /// # Panics
    /// When the system has no random numbers, without which there can be no secrets.
    #[must_use]
    pub fn new(applications: &[Application]) -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &ring::rand::SystemRandom::new())
            .expect("the system's source of random numbers works");
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let applications = applications
            .iter()
            .map(|a| {
                let entry = Entry {
                    label: Arc::from(a.label()),
                    application_password: a.application_password.clone(),
                    local_password: a.local_password.clone(),
                    revoked: a.revoked,
                    may_be_advanced: a.service == ServiceLevel::Advanced,
                };
                ((a.company.clone(), a.name.clone()), Arc::new(entry))
            })
            .collect();
        // Proven against when the application is not known: the same work, never a success.
        let nobody = Arc::new(Entry {
            label: Arc::from("nobody"),
            application_password: SecretString::from(UNPROVABLE),
            local_password: SecretString::from(UNPROVABLE),
            revoked: false,
            may_be_advanced: false,
        });
        Self {
            applications,
            proven: RwLock::default(),
            key,
            proofs: Semaphore::new(threads),
            waiting: Semaphore::new(WAITING),
            nobody,
            anchors: Arc::default(),
        }
    }

    /// With the issuers whose certificates it believes.
    #[must_use]
    pub fn trusting(mut self, anchors: TrustAnchors) -> Self {
        self.anchors = Arc::new(anchors);
        self
    }

    /// Whether a session that another process admitted may go on, by the settings as they are now.
    #[must_use]
    pub fn goes_on(&self, label: &str, service: Service) -> bool {
        let mut entries = self.applications.values().filter(|entry| *entry.label == *label && !entry.revoked);
        entries.any(|entry| entry.may_be_advanced || service == Service::Standard)
    }

    /// Decides by the passwords.
    ///
    /// # Errors
    /// Why not.
    pub async fn admit(&self, credentials: Credentials) -> Result<Admitted, Denied> {
        let (company, application) = (credentials.company.clone(), credentials.application.clone());
        let known = self.applications.get(&(company.clone(), application.clone()));
        let entry = known.unwrap_or(&self.nobody).clone();
        let text = fingerprint_text(&credentials);
        if !self.is_proven(&entry, &text) {
            let _turn = self.turn().await?;
            // Perhaps another login proved the same while this one waited.
            if !self.is_proven(&entry, &text) {
                let proving = entry.clone();
                let proven = tokio::task::spawn_blocking(move || {
                    // Both are always computed: the time tells nothing.
                    let application = prove(&proving.application_password, &credentials.application_password);
                    let local = prove(&proving.local_password, &credentials.local_password);
                    application & local
                })
                .await
                .unwrap_or(false);
                if !proven || known.is_none() {
                    metrics::counter!("oig_logins_denied_total").increment(1);
                    return Err(Denied::Wrong);
                }
                let tag = hmac::sign(&self.key, &text);
                self.proven.write().unwrap_or_else(PoisonError::into_inner).insert(entry.label.clone(), tag);
            }
        }
        if entry.revoked {
            return Err(Denied::Revoked);
        }
        Ok(Admitted { label: entry.label.clone(), company, application, may_be_advanced: entry.may_be_advanced })
    }

    /// Decides by the certificate of an application that was admitted; gives the key that has to
    /// prove it.
    ///
    /// # Errors
    /// Why not.
    pub async fn certify(&self, admitted: &Admitted, certificate: String, now_s: i64) -> Result<PublicKey, Denied> {
        if !admitted.may_be_advanced {
            return Err(Denied::NotAdvanced);
        }
        let (anchors, admitted) = (self.anchors.clone(), admitted.clone());
        let proven = self.compute(move || anchors.prove(&certificate, &admitted.company, &admitted.application, now_s));
        Ok(proven.await?.unwrap_or(Err(CertificateFault::Malformed))?)
    }

    /// Computes what takes longer than a request's thread has, on admission's threads; `None` when
    /// it panicked.
    ///
    /// # Errors
    /// [`Denied::Busy`].
    pub async fn compute<T: Send + 'static>(
        &self,
        it: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Option<T>, Denied> {
        let _turn = self.turn().await?;
        Ok(tokio::task::spawn_blocking(it).await.ok())
    }

    /// A place among those who wait, until it is a turn to compute.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, Denied> {
        let _place = self.waiting.try_acquire().map_err(|_| Denied::Busy)?;
        self.proofs.acquire().await.map_err(|_| Denied::Busy)
    }

    fn is_proven(&self, entry: &Entry, text: &[u8]) -> bool {
        let proven = self.proven.read().unwrap_or_else(PoisonError::into_inner);
        proven.get(&entry.label).is_some_and(|tag| hmac::verify(&self.key, text, tag.as_ref()).is_ok())
    }
}

/// A hash of random bytes that nobody kept.
const UNPROVABLE: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Both secrets with their lengths, so that no two pairs read alike.
fn fingerprint_text(credentials: &Credentials) -> Vec<u8> {
    let (a, b) = (credentials.application_password.expose_secret(), credentials.local_password.expose_secret());
    let mut text = Vec::with_capacity(a.len() + b.len() + 16);
    text.extend_from_slice(&(a.len() as u64).to_le_bytes());
    text.extend_from_slice(a.as_bytes());
    text.extend_from_slice(b.as_bytes());
    text
}

fn prove(hash: &SecretString, secret: &SecretString) -> bool {
    PasswordHash::new(hash.expose_secret())
        .is_ok_and(|hash| Argon2::default().verify_password(secret.expose_secret().as_bytes(), &hash).is_ok())
}

/// Whether the text is an argon2id hash.
#[must_use]
pub fn is_secret(hash: &SecretString) -> bool {
    PasswordHash::new(hash.expose_secret())
        .is_ok_and(|hash| hash.algorithm.as_str() == "argon2id" && hash.hash.is_some())
}

/// An argon2id hash for the settings file.
///
/// # Errors
/// When argon2 cannot hash the text (far too long).
pub fn hash_secret(secret: &SecretString) -> Result<String, argon2::password_hash::Error> {
    Ok(Argon2::default().hash_password(secret.expose_secret().as_bytes())?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(name: &str, revoked: bool) -> Application {
        let hash = |text: &str| SecretString::from(hash_secret(&SecretString::from(text)).expect("hashed"));
        Application {
            company: "Example Co".into(),
            name: name.into(),
            application_password: hash("app"),
            local_password: hash("local"),
            revoked,
            service: ServiceLevel::Standard,
            limits: crate::settings::ApplicationLimits::default(),
        }
    }

    fn credentials(name: &str, application_password: &str, local_password: &str) -> Credentials {
        Credentials {
            company: "Example Co".into(),
            application: name.into(),
            application_password: SecretString::from(application_password),
            local_password: SecretString::from(local_password),
        }
    }

    #[tokio::test]
    async fn only_the_right_secrets_of_a_registered_application_enter() {
        let admission = Admission::new(&[application("Pop", false), application("Gone", true)]);
        for (name, a, l, expected) in [
            ("Pop", "app", "wrong", Err(Denied::Wrong)),
            ("Pop", "wrong", "local", Err(Denied::Wrong)),
            ("Pop", "app", "local", Ok(())),
            ("Pop", "app", "local", Ok(())),             // remembered
            ("Pop", "app", "wrong", Err(Denied::Wrong)), // what is remembered is that pair alone
            ("Pop", "appl", "ocal", Err(Denied::Wrong)),
            ("Other", "app", "local", Err(Denied::Wrong)),
            ("Gone", "app", "wrong", Err(Denied::Wrong)),
            ("Gone", "app", "local", Err(Denied::Revoked)),
            ("Gone", "app", "local", Err(Denied::Revoked)),
        ] {
            let result = admission.admit(credentials(name, a, l)).await.map(|_| ());
            assert_eq!(result, expected, "{name} {a} {l}");
        }
    }

    #[test]
    fn sessions_of_before_go_on_by_the_settings_of_now() {
        let advanced = Application { service: ServiceLevel::Advanced, ..application("Console", false) };
        let admission = Admission::new(&[application("Pop", false), application("Gone", true), advanced]);
        for (label, service, goes_on) in [
            ("Example Co / Pop", Service::Standard, true),
            ("Example Co / Pop", Service::Advanced, false),
            ("Example Co / Console", Service::Advanced, true),
            ("Example Co / Gone", Service::Standard, false),
            ("Example Co / Other", Service::Standard, false),
            ("nobody", Service::Standard, false),
        ] {
            assert_eq!(admission.goes_on(label, service), goes_on, "{label}");
        }
    }

    #[test]
    fn credentials_are_not_printed() {
        let text = format!("{:?}", credentials("Pop", "app-secret", "local-secret"));
        assert!(!text.contains("secret\"") && !text.contains("app-secret"), "{text}");
    }
}
