//! TLS on a simulated node's CSTA port, with or without certificates of its clients.
//!
//! Handshakes are made beside the accepting of connections, so that one that hangs delays nobody. Called by `listen`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::wire::Stream;
use crate::pem::{self, PemFault};

const HANDSHAKE: Duration = Duration::from_secs(5);
/// Handshakes at a time; connections beyond them are closed.
const HANDSHAKES: usize = 64;

/// What is wrong with the files.
#[derive(Debug, thiserror::Error)]
pub enum TlsFileFault {
    #[error("the certificate {0}")]
    Certificate(PemFault),
    #[error("the key {0}")]
    Key(PemFault),
    #[error("the authority of the clients {0}")]
    ClientCa(PemFault),
    #[error("the authority of the clients cannot be used")]
    Verifier,
    #[error("the key is not that of the certificate")]
    Mismatch,
}

/// A node's side of TLS; cheap to clone.
#[derive(Clone)]
pub struct NodeTls {
    acceptor: TlsAcceptor,
    room: Arc<Semaphore>,
}

impl NodeTls {
    /// Serves the certificate; with `client_ca` clients must have one of that issuer.
    ///
    /// # Errors
    /// What is wrong with which file.
    pub fn load(certificate: &Path, key: &Path, client_ca: Option<&Path>) -> Result<Self, TlsFileFault> {
        let chain = pem::certificates(certificate).map_err(TlsFileFault::Certificate)?;
        let key = pem::key(key).map_err(TlsFileFault::Key)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("ring has cipher suites of both");
        let builder = match client_ca {
            None => builder.with_no_client_auth(),
            Some(file) => {
                let roots = Arc::new(pem::authorities(file).map_err(TlsFileFault::ClientCa)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|_| TlsFileFault::Verifier)?)
            }
        };
        let config = builder.with_single_cert(chain, key).map_err(|_| TlsFileFault::Mismatch)?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), room: Arc::new(Semaphore::new(HANDSHAKES)) })
    }

    /// The stream under TLS; `None`, and a line in the log, when there is none.
    pub(super) async fn accept<S: Stream>(&self, stream: S) -> Option<TlsStream<S>> {
        let _room = self.room.try_acquire().ok()?;
        match timeout(HANDSHAKE, self.acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(fault)) => {
                tracing::info!(%fault, "a gateway's TLS handshake failed");
                None
            }
            Err(_) => {
                tracing::info!("a gateway's TLS handshake was not done in time");
                None
            }
        }
    }
}
