//! Who may enter: applications and their secrets, as the database has them; replaced as a whole while logins go on.
//!
//! A secret is proven with argon2id, slow by design, on a bounded number of threads. What was
//! proven once is remembered as a keyed hash for the life of the process, so that a storm of
//! logins after a restart costs one proof for each application; a wrong secret pays the full
//! price every time, and so does an application that does not exist. What is remembered belongs to the
//! pair of hashes that it was proven against, and goes with them.
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
    /// There is a certificate server, and it was not reached yet.
    #[error("The gateway has no access control list yet; try again.")]
    NoList,
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

/// An application that may log in.
#[derive(Debug, Clone)]
pub struct Registered {
    pub application: Application,
    /// While its local password is replaced.
    pub next_local: Option<NextLocal>,
}

impl From<Application> for Registered {
    fn from(application: Application) -> Self {
        Self { application, next_local: None }
    }
}

/// The local password that follows; both are accepted for a while.
#[derive(Debug, Clone)]
pub struct NextLocal {
    /// argon2id in PHC form.
    pub hash: SecretString,
    /// Until when the old one is accepted, too, by the wall clock.
    pub overlap_until_ms: i64,
}

/// The hashes of both passwords, and what was proven against them.
struct Pair {
    application_password: SecretString,
    local_password: SecretString,
    /// A keyed hash of the passwords that are right.
    proven: RwLock<Option<hmac::Tag>>,
}

impl Pair {
    fn new(application_password: &SecretString, local_password: &SecretString) -> Self {
        Self {
            application_password: application_password.clone(),
            local_password: local_password.clone(),
            proven: RwLock::default(),
        }
    }

    fn has(&self, application_password: &SecretString, local_password: &SecretString) -> bool {
        let is = |a: &SecretString, b: &SecretString| a.expose_secret() == b.expose_secret();
        is(&self.application_password, application_password) && is(&self.local_password, local_password)
    }
}

struct Entry {
    label: Arc<str>,
    /// With the local password that was there first.
    pair: Arc<Pair>,
    /// With the one that follows, and until when the first is accepted.
    next: Option<(Arc<Pair>, i64)>,
    revoked: bool,
    may_be_advanced: bool,
}

impl Entry {
    /// The pairs of passwords that are right at this time.
    fn pairs(&self, now_ms: i64) -> impl Iterator<Item = &Arc<Pair>> {
        let first = self.next.as_ref().is_none_or(|(_, until_ms)| now_ms < *until_ms).then_some(&self.pair);
        first.into_iter().chain(self.next.as_ref().map(|(pair, _)| pair))
    }
}

/// All applications at one time.
#[derive(Default)]
pub struct Roll {
    entries: HashMap<(String, String), Arc<Entry>>,
    /// Nobody knows yet who is registered.
    without_list: bool,
}

impl Roll {
    /// What was proven against the same hashes before is kept.
    fn new(applications: &[Registered], before: &Self) -> Self {
        let entry = |Registered { application: a, next_local }: &Registered| {
            let key = (a.company.clone(), a.name.clone());
            let known = before.entries.get(&key);
            let pair = |local: &SecretString| {
                let kept = known
                    .into_iter()
                    .flat_map(|entry| [&entry.pair].into_iter().chain(entry.next.as_ref().map(|(pair, _)| pair)));
                let mut same = kept.filter(|pair| pair.has(&a.application_password, local));
                same.next().cloned().unwrap_or_else(|| Arc::new(Pair::new(&a.application_password, local)))
            };
            let entry = Entry {
                label: known.map_or_else(|| Arc::from(a.label()), |entry| entry.label.clone()),
                pair: pair(&a.local_password),
                next: next_local.as_ref().map(|next| (pair(&next.hash), next.overlap_until_ms)),
                revoked: a.revoked,
                may_be_advanced: a.service == ServiceLevel::Advanced,
            };
            (key, Arc::new(entry))
        };
        Self { entries: applications.iter().map(entry).collect(), without_list: false }
    }

    /// Whether it is yet to be known who is registered.
    #[must_use]
    pub fn awaits_list(&self) -> bool {
        self.without_list
    }

    /// Whether a session that was admitted before may go on.
    #[must_use]
    pub fn goes_on(&self, label: &str, service: Service) -> bool {
        let mut entries = self.entries.values().filter(|entry| *entry.label == *label && !entry.revoked);
        entries.any(|entry| entry.may_be_advanced || service == Service::Standard)
    }
}

/// The applications of this gateway.
pub struct Admission {
    roll: RwLock<Arc<Roll>>,
    key: hmac::Key,
    proofs: Semaphore,
    waiting: Semaphore,
    nobody: Arc<Pair>,
    anchors: Arc<TrustAnchors>,
}

impl Admission {
    /// # Panics
    /// When the system has no random numbers, without which there can be no secrets.
    #[must_use]
    pub fn new(applications: &[Registered]) -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &ring::rand::SystemRandom::new())
            .expect("the system's source of random numbers works");
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            roll: RwLock::new(Arc::new(Roll::new(applications, &Roll::default()))),
            key,
            proofs: Semaphore::new(threads),
            waiting: Semaphore::new(WAITING),
            // Proven against when the application is not known: the same work, never a success.
            nobody: Arc::new(Pair::new(&SecretString::from(UNPROVABLE), &SecretString::from(UNPROVABLE))),
            anchors: Arc::default(),
        }
    }

    /// From now on these are the applications. Logins that are under way are decided by them, too; for sessions that
    /// are there see [`Roll::goes_on`].
    pub fn replace(&self, applications: &[Registered]) {
        let next = Arc::new(Roll::new(applications, &self.roll()));
        *self.roll.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// Until the applications are there nobody enters, and that is told.
    pub fn await_list(&self) {
        let next = Roll { entries: HashMap::new(), without_list: true };
        *self.roll.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }

    /// The applications as they are now.
    #[must_use]
    pub fn roll(&self) -> Arc<Roll> {
        self.roll.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// With the issuers whose certificates it believes.
    #[must_use]
    pub fn trusting(mut self, anchors: TrustAnchors) -> Self {
        self.anchors = Arc::new(anchors);
        self
    }

    /// Whether there is an issuer whose certificates it believes: else Advanced service is for nobody.
    #[must_use]
    pub fn believes_certificates(&self) -> bool {
        !self.anchors.is_empty()
    }

    /// Decides by the passwords, at this time of the wall clock.
    ///
    /// # Errors
    /// Why not.
    pub async fn admit(&self, credentials: Credentials, now_ms: i64) -> Result<Admitted, Denied> {
        let key = (credentials.company.clone(), credentials.application.clone());
        let find = || self.roll().entries.get(&key).cloned();
        if self.roll().without_list {
            return Err(Denied::NoList);
        }
        let text = fingerprint_text(&credentials);
        let known = find();
        if !known.as_ref().is_some_and(|entry| self.is_proven(entry, now_ms, &text)) {
            let _turn = self.turn().await?;
            // Perhaps another login proved the same while this one waited.
            let known = find();
            if !known.as_ref().is_some_and(|entry| self.is_proven(entry, now_ms, &text)) {
                let pairs: Vec<_> = known.iter().flat_map(|entry| entry.pairs(now_ms)).cloned().collect();
                let pairs = if pairs.is_empty() { vec![self.nobody.clone()] } else { pairs };
                let proving = tokio::task::spawn_blocking(move || right(pairs, &credentials));
                let Some(pair) = proving.await.unwrap_or_default().filter(|_| known.is_some()) else {
                    metrics::counter!("oig_logins_denied_total").increment(1);
                    return Err(Denied::Wrong);
                };
                let tag = hmac::sign(&self.key, &text);
                *pair.proven.write().unwrap_or_else(PoisonError::into_inner) = Some(tag);
            }
        }
        // As it is now: a proof takes its time, and the applications may have been replaced meanwhile.
        let entry = find().filter(|entry| self.is_proven(entry, now_ms, &text)).ok_or(Denied::Wrong)?;
        if entry.revoked {
            return Err(Denied::Revoked);
        }
        let (company, application) = key;
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

    fn is_proven(&self, entry: &Entry, now_ms: i64, text: &[u8]) -> bool {
        entry.pairs(now_ms).any(|pair| {
            let proven = pair.proven.read().unwrap_or_else(PoisonError::into_inner);
            proven.as_ref().is_some_and(|tag| hmac::verify(&self.key, text, tag.as_ref()).is_ok())
        })
    }
}

/// The first pair that the passwords are right for. Of each pair both are always computed, and the application's
/// password once: the time tells only that a local password is being replaced.
fn right(pairs: Vec<Arc<Pair>>, credentials: &Credentials) -> Option<Arc<Pair>> {
    let application = prove(&pairs.first()?.application_password, &credentials.application_password);
    let proven = pairs.into_iter().filter(|pair| prove(&pair.local_password, &credentials.local_password));
    // Collected: that the first is right saves nobody the second.
    proven.collect::<Vec<_>>().into_iter().next().filter(|_| application)
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

/// Whether this is the password of that hash; without a hash the same work, and never.
#[must_use]
pub fn proves(hash: Option<&SecretString>, password: &SecretString) -> bool {
    let proven = prove(hash.unwrap_or(&SecretString::from(UNPROVABLE)), password);
    proven && hash.is_some()
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

    const NOW_MS: i64 = 1_790_000_000_000;

    fn registered(applications: &[Application]) -> Vec<Registered> {
        applications.iter().cloned().map(Registered::from).collect()
    }

    async fn admitted(admission: &Admission, name: &str, a: &str, l: &str, now_ms: i64) -> Result<(), Denied> {
        admission.admit(credentials(name, a, l), now_ms).await.map(|_| ())
    }

    #[tokio::test]
    async fn only_the_right_secrets_of_a_registered_application_enter() {
        let admission = Admission::new(&registered(&[application("Pop", false), application("Gone", true)]));
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
            assert_eq!(admitted(&admission, name, a, l, NOW_MS).await, expected, "{name} {a} {l}");
        }
    }

    #[tokio::test]
    async fn applications_are_replaced_while_the_gateway_runs_and_what_was_proven_is_worth_no_more_than_its_hashes() {
        let pop = application("Pop", false);
        let admission = Admission::new(&registered(std::slice::from_ref(&pop)));
        let enters = async |l: &str| admitted(&admission, "Pop", "app", l, NOW_MS).await;
        assert_eq!(enters("local").await, Ok(()));
        // Another local password: the old one was proven, and is forgotten.
        let hash = SecretString::from(hash_secret(&SecretString::from("other")).expect("hashed"));
        let other = Application { local_password: hash, ..pop.clone() };
        admission.replace(&registered(std::slice::from_ref(&other)));
        assert_eq!((enters("local").await, enters("other").await), (Err(Denied::Wrong), Ok(())));
        // Revoked, and back: told to who knows the passwords, and not proven anew.
        let proven = admission.roll().entries.values().next().expect("one").pair.clone();
        admission.replace(&registered(&[Application { revoked: true, ..other.clone() }]));
        assert_eq!((enters("local").await, enters("other").await), (Err(Denied::Wrong), Err(Denied::Revoked)));
        admission.replace(&registered(std::slice::from_ref(&other)));
        assert_eq!(enters("other").await, Ok(()));
        assert!(Arc::ptr_eq(&proven, &admission.roll().entries.values().next().expect("one").pair));
        // Gone, with its proof, and another one there.
        admission.replace(&registered(&[application("Console", false)]));
        assert_eq!(enters("other").await, Err(Denied::Wrong));
        assert_eq!(admitted(&admission, "Console", "app", "local", NOW_MS).await, Ok(()));
    }

    #[tokio::test]
    async fn while_a_local_password_is_replaced_both_are_right_and_afterwards_the_new_one_alone() {
        let hash = SecretString::from(hash_secret(&SecretString::from("next")).expect("hashed"));
        let pop = application("Pop", false);
        let next_local = Some(NextLocal { hash: hash.clone(), overlap_until_ms: NOW_MS });
        let admission = Admission::new(&[Registered { application: pop.clone(), next_local }]);
        for round in ["proven", "remembered"] {
            for (local, now_ms, expected) in [
                ("local", NOW_MS - 1, Ok(())),
                ("next", NOW_MS - 1, Ok(())),
                ("other", NOW_MS - 1, Err(Denied::Wrong)),
                ("local", NOW_MS, Err(Denied::Wrong)),
                ("next", NOW_MS, Ok(())),
            ] {
                let result = admitted(&admission, "Pop", "app", local, now_ms).await;
                assert_eq!(result, expected, "{local}, {round}");
            }
        }
        assert_eq!(admitted(&admission, "Pop", "wrong", "next", NOW_MS).await, Err(Denied::Wrong));
        // The new one becomes the only one: what was proven of it counts on.
        let proven = admission.roll().entries.values().next().and_then(|e| e.next.clone()).expect("there").0;
        admission.replace(&[Application { local_password: hash, ..pop }.into()]);
        assert!(Arc::ptr_eq(&proven, &admission.roll().entries.values().next().expect("one").pair));
    }

    #[test]
    fn sessions_of_before_go_on_by_the_applications_of_now() {
        let advanced = Application { service: ServiceLevel::Advanced, ..application("Console", false) };
        let admission = Admission::new(&registered(&[application("Pop", false), application("Gone", true), advanced]));
        for (label, service, goes_on) in [
            ("Example Co / Pop", Service::Standard, true),
            ("Example Co / Pop", Service::Advanced, false),
            ("Example Co / Console", Service::Advanced, true),
            ("Example Co / Gone", Service::Standard, false),
            ("Example Co / Other", Service::Standard, false),
            ("nobody", Service::Standard, false),
        ] {
            assert_eq!(admission.roll().goes_on(label, service), goes_on, "{label}");
        }
    }

    #[tokio::test]
    async fn before_the_list_is_there_that_is_told_and_nothing_of_a_password() {
        let admission = Admission::new(&[]);
        admission.await_list();
        for local in ["local", "wrong"] {
            assert_eq!(admitted(&admission, "Pop", "app", local, NOW_MS).await, Err(Denied::NoList));
        }
        admission.replace(&registered(&[application("Pop", false)]));
        assert_eq!(admitted(&admission, "Pop", "app", "local", NOW_MS).await, Ok(()));
    }

    #[test]
    fn credentials_are_not_printed() {
        let text = format!("{:?}", credentials("Pop", "app-secret", "local-secret"));
        assert!(!text.contains("secret\"") && !text.contains("app-secret"), "{text}");
    }
}
