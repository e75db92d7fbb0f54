//! The gateway's copy of a document that a server of ours signs: fetched over HTTPS every few hours and on demand,
//! accepted only when it is signed by the server's authority and not older than the one that is there, kept on disk, and
//! used further, with an alarm, when the server is away. `oig admin` fetches by the same; a running gateway sees the file
//! that it leaves. What a document means is its owner's: `acl`, `licence`.

mod kept;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use actors::backoff::Backoff;
use reqwest::{Certificate, Client, StatusCode, Url, redirect};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::jws::{JwsFault, Verifier};
use crate::settings::{Section, SignedSource};
use crate::storage::change::now_ms;

/// The whole of a fetch.
const FETCH: Duration = Duration::from_secs(60);
/// Until a fetch that failed is tried again, doubling.
const AGAIN: Duration = Duration::from_secs(30);
const LONGEST_AGAIN: Duration = Duration::from_secs(900);
/// Between two looks at the file and at the clock.
const LOOK: Duration = Duration::from_secs(2);

/// A kind of document.
pub trait Signed: Sized + Send + Sync + 'static {
    /// Where its settings are.
    const SECTION: Section;
    /// As logs and errors name it.
    const WHAT: &'static str;
    /// Bytes of the signed form.
    const LARGEST: usize;
    type Fault: Error + Send + Sync + 'static;

    /// Reads the signed form; may take a while.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    fn read(text: &str, verifier: &Verifier) -> Result<Self, Self::Fault>;

    /// Where the gateway of this id fetches it from.
    #[must_use]
    fn url(server: Url, _gateway: &str) -> Url {
        server
    }

    /// Whether it is for the gateway of this id.
    #[must_use]
    fn is_for(&self, _gateway: &str) -> bool {
        true
    }

    /// Grows with each change.
    fn version(&self) -> i64;

    /// When it was signed, by the server's clock: also one that did not change is signed anew for who asks.
    fn issued_at_ms(&self) -> i64;
}

/// Why there is no new document. What was there stays.
#[derive(Debug, thiserror::Error)]
pub enum FetchFault {
    /// A file of the settings, by its key.
    #[error("{0}: {1}")]
    File(String, String),
    #[error("{0}.url is not set")]
    NoServer(&'static str),
    #[error("the server of the {0} cannot be reached: {1}")]
    Unreachable(&'static str, String),
    #[error("the server of the {0} answers with {1}")]
    Status(&'static str, StatusCode),
    #[error("the {0} is not accepted: it is larger than is accepted")]
    TooLarge(&'static str),
    #[error("the {0} is not accepted: {1}")]
    Document(&'static str, #[source] Box<dyn Error + Send + Sync>),
    #[error("the {0} is not accepted: it is for another gateway")]
    OtherGateway(&'static str),
    /// An attacker, or a server that was set back; the file has to be removed for it to be accepted.
    #[error(
        "the {what} is not accepted: version {got} is older than {has}, which is known; without {file} and after a \
             restart it would be"
    )]
    Older { what: &'static str, got: i64, has: i64, file: PathBuf },
    #[error("the {0} cannot be kept: {1}")]
    Kept(&'static str, #[source] io::Error),
    #[error("the work was lost")]
    Lost,
}

/// A document as it is here at one time.
#[derive(Debug)]
pub struct State<D> {
    pub document: Option<Arc<D>>,
    /// Of the last fetch; `None` after a good one.
    pub fault: Option<String>,
    /// When the last fetch ended, well or badly, by the wall clock.
    pub tried_at_ms: Option<i64>,
}

impl<D> Default for State<D> {
    fn default() -> Self {
        Self { document: None, fault: None, tried_at_ms: None }
    }
}

impl<D> Clone for State<D> {
    fn clone(&self) -> Self {
        let Self { document, fault, tried_at_ms } = self;
        Self { document: document.clone(), fault: fault.clone(), tried_at_ms: *tried_at_ms }
    }
}

impl<D: Signed> State<D> {
    /// Since the server signed it; 0 where its clock is ahead.
    #[must_use]
    pub fn age(&self, now_ms: i64) -> Option<Duration> {
        let issued_at_ms = self.document.as_ref()?.issued_at_ms();
        Some(Duration::from_millis(u64::try_from(now_ms.saturating_sub(issued_at_ms)).unwrap_or(0)))
    }
}

/// The gateway's copy. Cheap to clone.
pub struct Fetched<D>(Arc<Shared<D>>);

impl<D> Clone for Fetched<D> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

struct Shared<D> {
    url: Option<Url>,
    gateway: String,
    token: Option<SecretString>,
    file: PathBuf,
    every: Duration,
    alarm: Duration,
    verifier: Verifier,
    http: Client,
    state: Mutex<State<D>>,
    /// When the file that was read last was written.
    seen: Mutex<Option<SystemTime>>,
    /// One at a time fetches or reads.
    turn: tokio::sync::Mutex<()>,
}

impl<D: Signed> Fetched<D> {
    /// Of the gateway of this id, with what is kept on disk; `None` where there is to be none. Blocks.
    ///
    /// A file that cannot be used is told in the log and as the state's fault: the server has the list.
    ///
    /// # Errors
    /// When the files of the settings cannot be used.
    pub fn open(source: &SignedSource, gateway: &str) -> Result<Option<Self>, FetchFault> {
        let Some(ca) = &source.ca else { return Ok(None) };
        let fault =
            |key: &str, why: &dyn ToString| FetchFault::File(format!("{}.{key}", D::SECTION.name), why.to_string());
        let read = |key: &str, file: &Path| {
            std::fs::read(file).map_err(|error| fault(key, &format!("{}: {error}", file.display())))
        };
        let ca = read("ca", ca)?;
        let verifier = Verifier::from_pem(&ca).map_err(|error| fault("ca", &error))?;
        let tls_ca = source.tls_ca.as_ref().map_or(Ok(ca), |file| read("tls_ca", file))?;
        let tls_fault = |error: reqwest::Error| fault("tls_ca", &error);
        let roots = Certificate::from_pem_bundle(&tls_ca).map_err(tls_fault)?;
        crate::push::use_ring();
        let http = Client::builder()
            .redirect(redirect::Policy::none())
            .referer(false)
            .http1_only()
            .timeout(FETCH)
            .pool_max_idle_per_host(0)
            .tls_certs_only(roots)
            .build()
            .map_err(tls_fault)?;
        let list = Self(Arc::new(Shared {
            url: source.server().map(|server| D::url(server, gateway)),
            gateway: gateway.to_owned(),
            token: source.token.clone(),
            file: source.file(D::SECTION),
            every: source.every(D::SECTION),
            alarm: source.alarm(D::SECTION),
            verifier,
            http,
            state: Mutex::default(),
            seen: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }));
        if let Err(fault) = list.0.read_file() {
            warn!(%fault, file = %list.0.file.display(), "the {} on disk is not used", D::WHAT);
            list.0.failed(&fault);
        }
        Ok(Some(list))
    }

    /// As it is now.
    #[must_use]
    pub fn state(&self) -> State<D> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What counts now.
    #[must_use]
    pub fn document(&self) -> Option<Arc<D>> {
        self.state().document
    }

    /// Fetches it now. Gives what counts afterwards.
    ///
    /// # Errors
    /// Why there is no new one; then what was there counts on.
    pub async fn fetch(&self) -> Result<Arc<D>, FetchFault> {
        let _turn = self.0.turn.lock().await;
        let fetched = self.fetch_now().await;
        if let Err(fault) = &fetched {
            metrics::counter!("oig_document_fetch_failures_total", "document" => D::SECTION.name).increment(1);
            self.0.failed(fault);
        }
        fetched
    }

    /// Takes a signed form that came by another way, as the server's would be taken. Blocks. Gives what counts afterwards.
    ///
    /// # Errors
    /// See [`Self::fetch`].
    pub fn install(&self, text: &str) -> Result<Arc<D>, FetchFault> {
        self.0.accept(text)
    }

    async fn fetch_now(&self) -> Result<Arc<D>, FetchFault> {
        let text = self.download().await?;
        let shared = self.0.clone();
        tokio::task::spawn_blocking(move || shared.accept(&text)).await.unwrap_or(Err(FetchFault::Lost))
    }

    async fn download(&self) -> Result<String, FetchFault> {
        let unreachable = |error: reqwest::Error| FetchFault::Unreachable(D::WHAT, innermost(&error));
        let url = self.0.url.clone().ok_or_else(|| FetchFault::NoServer(D::SECTION.name))?;
        let mut request = self.0.http.get(url);
        if let Some(token) = &self.0.token {
            request = request.bearer_auth(token.expose_secret());
        }
        let mut answer = request.send().await.map_err(unreachable)?;
        if answer.status() != StatusCode::OK {
            return Err(FetchFault::Status(D::WHAT, answer.status()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            if bytes.len() + chunk.len() > D::LARGEST {
                return Err(FetchFault::TooLarge(D::WHAT));
            }
            bytes.extend_from_slice(&chunk);
        }
        String::from_utf8(bytes).map_err(|_| FetchFault::Document(D::WHAT, JwsFault::Malformed.into()))
    }

    /// Reads the file where somebody else has written it since it was seen.
    pub(super) async fn look(&self) {
        let _turn = self.0.turn.lock().await;
        let shared = self.0.clone();
        let read = tokio::task::spawn_blocking(move || {
            let now = kept::changed(&shared.file);
            let seen = *shared.seen.lock().unwrap_or_else(PoisonError::into_inner);
            // A file that was removed takes nothing away from who has read it.
            if now.is_none() || now == seen { Ok(()) } else { shared.read_file() }
        });
        if let Err(fault) = read.await.unwrap_or(Err(FetchFault::Lost)) {
            warn!(%fault, "the {} on disk has changed and is not used", D::WHAT);
        }
    }

    /// Fetches it again and again, looks at the file, and watches its age.
    pub(crate) async fn follow(self) {
        let mut backoff = Backoff::new(AGAIN, LONGEST_AGAIN.min(self.0.every));
        let mut next = Instant::now();
        let mut alarmed = false;
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            self.look().await;
            if self.0.url.is_some() && Instant::now() >= next {
                next = Instant::now() + self.turn(&mut backoff).await;
            }
            self.watch(&mut alarmed);
        }
    }

    /// One fetch, and how long until the next.
    async fn turn(&self, backoff: &mut Backoff) -> Duration {
        match self.fetch().await {
            Ok(document) => {
                info!(version = document.version(), "{} fetched", D::WHAT);
                backoff.forgive();
                self.0.every
            }
            Err(fault) => {
                warn!(%fault, "the {} was not fetched: the one before counts", D::WHAT);
                let mut random = [0; 8];
                // Without chance gateways would only come at one time.
                let _ = SystemRandom::new().fill(&mut random);
                backoff.pause(u64::from_le_bytes(random))
            }
        }
    }

    fn watch(&self, alarmed: &mut bool) {
        let state = self.state();
        let age = state.age(now_ms());
        let old = age.is_none_or(|age| age > self.0.alarm);
        let name = D::SECTION.name;
        metrics::gauge!("oig_document_alarm", "document" => name).set(f64::from(u8::from(old)));
        if let (Some(age), Some(document)) = (age, &state.document) {
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
            metrics::gauge!("oig_document_version", "document" => name).set(document.version() as f64);
            metrics::gauge!("oig_document_age_seconds", "document" => name).set(age.as_secs_f64());
        }
        let (hours, fault) = (age.map(|age| age.as_secs() / 3600), &state.fault);
        match (old, *alarmed) {
            (true, false) => error!(hours, fault, "THE {} IS OLD, or there is none", D::WHAT.to_uppercase()),
            (false, true) => info!("the {} is new enough again", D::WHAT),
            _ => {}
        }
        *alarmed = old;
    }
}

impl<D: Signed> Shared<D> {
    fn state<T>(&self, change: impl FnOnce(&mut State<D>) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The list in a signed form, if it may follow the one that is there.
    fn judge(&self, text: &str) -> Result<D, FetchFault> {
        let document = D::read(text, &self.verifier).map_err(|fault| FetchFault::Document(D::WHAT, fault.into()))?;
        if !document.is_for(&self.gateway) {
            return Err(FetchFault::OtherGateway(D::WHAT));
        }
        let has = self.state(|state| state.document.clone());
        match has {
            // By the time of its signing, too: an old one of the same version makes the list look younger or older than it is.
            Some(has) if (document.version(), document.issued_at_ms()) < (has.version(), has.issued_at_ms()) => {
                let (got, has, file) = (document.version(), has.version(), self.file.clone());
                Err(FetchFault::Older { what: D::WHAT, got, has, file })
            }
            _ => Ok(document),
        }
    }

    /// Judges it, keeps it, and takes it.
    fn accept(&self, text: &str) -> Result<Arc<D>, FetchFault> {
        let document = self.judge(text)?;
        // Kept first: what counts is never newer than what a next start finds.
        kept::write(&self.file, text).map_err(|error| FetchFault::Kept(D::WHAT, error))?;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = kept::changed(&self.file);
        Ok(self.take(document))
    }

    fn take(&self, document: D) -> Arc<D> {
        let document = Arc::new(document);
        self.state(|state| {
            *state = State { document: Some(document.clone()), fault: None, tried_at_ms: Some(now_ms()) };
        });
        document
    }

    fn failed(&self, fault: &FetchFault) {
        self.state(|state| {
            state.fault = Some(fault.to_string());
            state.tried_at_ms = Some(now_ms());
        });
    }

    /// Takes what is on disk; nothing where there is no file.
    fn read_file(&self) -> Result<(), FetchFault> {
        let written = kept::changed(&self.file);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = written;
        let text = kept::read(&self.file, D::LARGEST).map_err(|error| FetchFault::Kept(D::WHAT, error))?;
        if let Some(text) = text {
            let document = self.judge(&text)?;
            self.take(document);
        }
        Ok(())
    }
}

/// What a fetch failed of: the HTTP client's own text repeats the URL and little else.
fn innermost(error: &reqwest::Error) -> String {
    let mut error: &dyn Error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
