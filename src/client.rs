//! A SOAP application, as small as one can be: what `oig demo` and the load generator are, and the
//! tests use to speak to a running gateway.

use std::net::IpAddr;
use std::time::Duration;

use schemas::contract::{Record, Request, Service};
use schemas::soap::{self, Envelope, Version};

/// Longer than the longest poll.
const PATIENCE: Duration = Duration::from_secs(150);

#[derive(Debug, thiserror::Error)]
pub enum ClientFault {
    #[error("the gateway cannot be reached: {0}")]
    Http(#[from] reqwest::Error),
    #[error("the gateway's answer is not understood: {0}")]
    Answer(String),
}

/// Speaks to one gateway.
#[derive(Debug, Clone)]
pub struct SoapClient {
    base: String,
    http: reqwest::Client,
}

impl SoapClient {
    /// `base` is like `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(base: impl Into<String>) -> Result<Self, ClientFault> {
        Self::from_address(None, base)
    }

    /// One whose connections begin at an address of this machine.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn from_address(local: Option<IpAddr>, base: impl Into<String>) -> Result<Self, ClientFault> {
        crate::push::use_ring();
        let http = reqwest::Client::builder().timeout(PATIENCE).no_proxy().local_address(local);
        // Plain HTTP: no authorities are needed, and looking for those of the system takes a while.
        let http = http.tls_certs_only([]).build()?;
        Ok(Self { base: base.into(), http })
    }

    /// Calls an operation; a refusal is a reply like any other.
    ///
    /// # Errors
    /// When there is no reply of the contract.
    pub async fn call<R: Request>(&self, request: &R) -> Result<R::Reply, ClientFault>
    where
        R::Reply: Record,
    {
        let path = match R::OPERATION.service {
            Service::SessionService => "/mitel/oig/session/SessionService",
            Service::DataAccessService => "/mitel/oig/da/DataAccessService",
            _ => "/mitel/oig/cc/StandardCCService",
        };
        let body = soap::request(Version::V1_1, request);
        let answer = self
            .http
            .post(format!("{}{path}", self.base))
            .header("content-type", Version::V1_1.content_type())
            .header("soapaction", format!("\"urn:{}\"", R::OPERATION.name))
            .body(body)
            .send()
            .await?
            .bytes()
            .await?;
        let envelope = Envelope::parse(&answer).map_err(|e| ClientFault::Answer(e.to_string()))?;
        soap::read_reply::<R>(&envelope).map_err(|e| ClientFault::Answer(e.to_string()))
    }
}
