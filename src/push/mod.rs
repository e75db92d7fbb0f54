//! Carries events to the handlers that applications host: SOAP 1.1 over HTTP or HTTPS.
//!
//! The address is checked when it is connected to, after the name was resolved, so that a name
//! which changes its address gets no further. No redirect is followed, no proxy asked, and an
//! answer is read within a bound. When to call, and again, is the session's business (`actors`).

mod networks;

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actors::event::Form;
use actors::push::{Carrying, Handover, NotTaken, Push, UnfitUrl, Word};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Certificate, Client, Url, redirect};
use schemas::contract::Service;
use schemas::contract::adv::AdvEventMsg;
use schemas::contract::cc::StandardEventMsg;
use schemas::contract::session::SessionHaEventMsg;
use schemas::soap::{Envelope, Version, push};
use tokio::sync::Semaphore;
use tracing::warn;

pub use self::networks::Networks;

/// Longest URL of a handler, in bytes.
pub const LONGEST_URL: usize = 2048;
/// An answer says `true` in a few hundred bytes.
pub const LARGEST_ANSWER: usize = 64 * 1024;
/// Names that are looked up at a time; each look-up holds a thread.
const LOOK_UPS: usize = 32;
/// Connections kept open for a while: sessions of one application share its handler.
const IDLE_CONNECTIONS: usize = 16;
const IDLE: Duration = Duration::from_secs(30);

/// Names ring as the one provider of cryptography; reqwest has none of its own here.
pub fn use_ring() {
    // Fails when it was done before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Finds the addresses of a name.
pub trait LookUp: Send + Sync {
    fn look_up(&self, name: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;
}

/// As the system does it.
#[derive(Debug, Clone, Copy)]
pub struct SystemLookUp;

impl LookUp for SystemLookUp {
    fn look_up(&self, name: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
    }
}

/// Hands events over by HTTP.
pub struct HttpPush {
    http: Client,
    networks: Networks,
}

impl HttpPush {
    /// `ca` holds certificates as PEM: of the authorities that vouch for handlers behind HTTPS.
    /// Without it those of the system do.
    ///
    /// # Errors
    /// When the certificates cannot be read.
    pub fn new(networks: Networks, ca: Option<&[u8]>, look_up: Arc<dyn LookUp>) -> io::Result<Self> {
        use_ring();
        let resolver =
            Arc::new(Guarded { networks: networks.clone(), look_up, at_a_time: Arc::new(Semaphore::new(LOOK_UPS)) });
        let builder = || {
            Client::builder()
                .no_proxy()
                .redirect(redirect::Policy::none())
                .referer(false)
                .http1_only()
                .pool_max_idle_per_host(IDLE_CONNECTIONS)
                .pool_idle_timeout(IDLE)
                .dns_resolver(resolver.clone())
        };
        let http = match ca {
            Some(pem) => {
                let certificates = Certificate::from_pem_bundle(pem).map_err(io::Error::other)?;
                if certificates.is_empty() {
                    return Err(io::Error::other("there is no certificate in it"));
                }
                builder().tls_certs_only(certificates).build()
            }
            None => builder().build().or_else(|error| {
                warn!(%error, "the system has no certificate authorities: events go to no handler behind HTTPS");
                builder().tls_certs_only([]).build()
            }),
        };
        Ok(Self { http: http.map_err(io::Error::other)?, networks })
    }

    /// The URL of a handler, as far as it can be judged without looking up its name.
    fn fit(&self, url: &str) -> Result<Url, UnfitUrl> {
        if url.len() > LONGEST_URL {
            return Err(UnfitUrl::TooLong(LONGEST_URL));
        }
        let url = Url::parse(url).map_err(|_| UnfitUrl::NotHttp)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(UnfitUrl::NotHttp);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UnfitUrl::Credentials);
        }
        // An address in the URL is never looked up: it is judged here.
        let host = url.host_str().ok_or(UnfitUrl::NotHttp)?;
        match host.trim_matches(['[', ']']).parse() {
            Ok(address) if !self.networks.allow(address) => Err(UnfitUrl::Forbidden),
            _ => Ok(url),
        }
    }
}

/// What the handler is sent, and whose answer is expected; any answer will do for a change of data.
fn envelope(form: Form, word: &Word) -> (Option<Service>, String) {
    let service = match (word, form) {
        (Word::Notification(envelope), _) => return (None, envelope.to_string()),
        (Word::Successor(_), _) => Service::SessionHaEventHandler,
        (_, Form::Standard) => Service::EventHandler,
        (_, Form::Advanced) => Service::AdvEventHandler,
    };
    let body = match (word, form) {
        (Word::Event(_, event), Form::Standard) => {
            push::event_raw(service, &[("result", "true")], event.standard().unwrap_or_default())
        }
        (Word::Event(_, event), Form::Advanced) => {
            push::event_raw(service, &[("result", "true")], &event.advanced().unwrap_or_default())
        }
        // As a poll is told: the same message with its error text.
        (Word::Discarded(from, to), form) => {
            let error_description = Some(format!("Events {from} to {to} were discarded."));
            match form {
                Form::Standard => {
                    push::event(service, &StandardEventMsg { error_description, ..StandardEventMsg::default() })
                }
                Form::Advanced => push::event(service, &AdvEventMsg { error_description, ..AdvEventMsg::default() }),
            }
        }
        (Word::Notification(_), _) => String::new(),
        (Word::Successor(address), _) => {
            push::event(service, &SessionHaEventMsg { new_server_ip_address: Some(address.to_string()) })
        }
    };
    (Some(service), body)
}

impl Push for HttpPush {
    fn check(&self, url: &str) -> Result<(), UnfitUrl> {
        self.fit(url).map(|_| ())
    }

    fn carry(&self, handover: Handover) -> Carrying {
        let (url, http) = (self.fit(&handover.url), self.http.clone());
        Box::pin(async move {
            let url = url.map_err(|_| NotTaken::Forbidden)?;
            let (service, body) = envelope(handover.form, &handover.word);
            let answer = http
                .post(url)
                .header(CONTENT_TYPE, Version::V1_1.content_type())
                .header("soapaction", service.map_or(push::NOTIFICATION_ACTION.into(), push::action))
                .body(body)
                .send()
                .await
                .map_err(|error| not_reached(&error))?;
            let status = answer.status();
            if !status.is_success() {
                return Err(NotTaken::Status(status.as_u16()));
            }
            let bytes = read(answer).await?;
            let Some(service) = service else { return Ok(()) };
            let envelope = Envelope::parse(&bytes).map_err(|_| NotTaken::NotOfTheContract)?;
            match push::read_answer(service, &envelope) {
                Ok(true) => Ok(()),
                Ok(false) => Err(NotTaken::Declined),
                Err(_) => Err(NotTaken::NotOfTheContract),
            }
        })
    }
}

/// The answer's body, within the bound.
async fn read(mut answer: reqwest::Response) -> Result<Vec<u8>, NotTaken> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| NotTaken::Broken)? {
        if bytes.len() + chunk.len() > LARGEST_ANSWER {
            return Err(NotTaken::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn not_reached(error: &reqwest::Error) -> NotTaken {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<Forbidden>() {
            return NotTaken::Forbidden;
        }
        cause = error.source();
    }
    NotTaken::Broken
}

/// A name that leads to no address that is allowed.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no address that events may be sent to")]
struct Forbidden;

/// Looks names up and hands out only what is allowed: what comes from here is connected to.
struct Guarded {
    networks: Networks,
    look_up: Arc<dyn LookUp>,
    at_a_time: Arc<Semaphore>,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (networks, look_up, at_a_time) = (self.networks.clone(), self.look_up.clone(), self.at_a_time.clone());
        Box::pin(async move {
            let _turn = at_a_time.acquire_owned().await?;
            let mut addresses = look_up.look_up(name.as_str().to_owned()).await?;
            addresses.retain(|address| networks.allow(address.ip()));
            if addresses.is_empty() {
                return Err(Forbidden.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests;
