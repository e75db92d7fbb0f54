//! How the gateway reaches its nodes: plain TCP, or TLS to those whose settings say so.
//!
//! A node's certificate is always verified, against the issuers that its settings name and no others. Files are
//! read when the settings are checked, and when nodes are configured anew. The actors see a byte stream; what is wrong with TLS reaches their log
//! as a [`TlsFault`], in which nothing is that a peer said.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};

use actors::wire::{Connect, TcpConnect, Wire};
use futures_util::future::BoxFuture;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, CertificateError, ClientConfig};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::pem;
use crate::settings::{Node, NodeTls, SettingsFault};

/// Why TLS to a node does not come about, for the person who can put it right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlsFault {
    #[error("the node's certificate is of no issuer in tls.ca")]
    UnknownIssuer,
    #[error("the node's certificate is not for tls.server_name (without it: the node's address)")]
    WrongName,
    #[error("the node's certificate has expired")]
    Expired,
    #[error("the node's certificate is not valid yet")]
    NotValidYet,
    #[error("the node's certificate is not acceptable")]
    BadCertificate,
    #[error("the node requires a client certificate")]
    ClientCertificateRequired,
    #[error("the node does not accept the gateway's client certificate")]
    ClientCertificateRefused,
    #[error("the node breaks off the TLS handshake: it wants a client certificate, or shares no cipher suite")]
    HandshakeRefused,
    #[error("the node and the gateway share no version of TLS (1.2 or 1.3) or cipher suite")]
    NothingInCommon,
    #[error("what answers at the node's port does not speak TLS")]
    NoTls,
    #[error("the node ended the connection during the TLS handshake")]
    Ended,
    #[error("TLS to the node failed")]
    Other,
}

impl TlsFault {
    fn of(error: &rustls::Error) -> Self {
        use rustls::Error;
        match error {
            Error::InvalidCertificate(fault) => match fault {
                CertificateError::UnknownIssuer => Self::UnknownIssuer,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::WrongName,
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotValidYet,
                _ => Self::BadCertificate,
            },
            Error::AlertReceived(alert) => match alert {
                AlertDescription::CertificateRequired => Self::ClientCertificateRequired,
                AlertDescription::HandshakeFailure => Self::HandshakeRefused,
                AlertDescription::ProtocolVersion | AlertDescription::InsufficientSecurity => Self::NothingInCommon,
                AlertDescription::UnknownCA
                | AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateUnknown
                | AlertDescription::DecryptError
                | AlertDescription::AccessDenied => Self::ClientCertificateRefused,
                _ => Self::Other,
            },
            Error::PeerIncompatible(_) => Self::NothingInCommon,
            Error::InvalidMessage(_) => Self::NoTls,
            _ => Self::Other,
        }
    }
}

/// The same error with a text of ours where TLS is the reason.
fn told(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return error.kind().into(); // the library's text is about its interface, not about the node
    }
    let fault = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).map(TlsFault::of);
    fault.map_or(error, |fault| io::Error::new(io::ErrorKind::InvalidData, fault))
}

struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

/// Makes connections to the nodes of the settings.
pub struct NodeConnect {
    /// Read once for each connection that is made.
    tls: RwLock<HashMap<SocketAddr, Tls>>,
}

impl NodeConnect {
    /// Reads and checks the certificate files of all nodes.
    ///
    /// # Errors
    /// Every fault that was found, each with its key.
    pub fn load(nodes: &[Node]) -> Result<Self, SettingsFault> {
        let (mut tls, mut faults) = (HashMap::new(), Vec::new());
        for (i, node) in nodes.iter().enumerate() {
            let Some(settings) = &node.tls else { continue };
            match Tls::load(node, settings) {
                Ok(loaded) => drop(tls.insert(SocketAddr::new(node.address, node.port), loaded)),
                Err(found) => faults.extend(found.into_iter().map(|fault| format!("node[{i}].tls.{fault}"))),
            }
        }
        if faults.is_empty() { Ok(Self { tls: RwLock::new(tls) }) } else { Err(SettingsFault::Invalid(faults)) }
    }
}

impl NodeConnect {
    /// From now on connections are made as this other one makes them.
    pub fn replace(&self, other: Self) {
        let other = other.tls.into_inner().unwrap_or_else(PoisonError::into_inner);
        *self.tls.write().unwrap_or_else(PoisonError::into_inner) = other;
    }
}

impl Tls {
    fn load(node: &Node, settings: &NodeTls) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let mut keep = |key: &str, fault: &dyn std::fmt::Display| faults.push(format!("{key}: {fault}"));
        let authorities = pem::authorities(&settings.ca).map_err(|f| keep("ca", &f)).ok();
        let name = settings.server_name(node.address).map_err(|f| keep("server_name", &f)).ok();
        let own = match (&settings.client_certificate, &settings.client_key) {
            (Some(certificate), Some(key)) => {
                let chain = pem::certificates(certificate).map_err(|f| keep("client_certificate", &f)).ok();
                let key = pem::key(key).map_err(|f| keep("client_key", &f)).ok();
                chain.zip(key)
            }
            _ => None, // one without the other is a fault that the settings name themselves
        };
        let (Some(authorities), Some(name)) = (authorities, name) else { return Err(faults) };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            match WebPkiServerVerifier::builder_with_provider(Arc::new(authorities), Arc::clone(&provider)).build() {
                Ok(verifier) => verifier,
                Err(_) => return Err(vec!["ca: a certificate in it cannot be used".into()]),
            };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("ring has cipher suites of both")
            .with_webpki_verifier(verifier);
        let config = match own {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => match builder.with_client_auth_cert(chain, key) {
                Ok(config) => config,
                // Its own text may hold what is in the file.
                Err(_) => {
                    faults.push("client_key: is not the key of the first certificate in client_certificate".into());
                    return Err(faults);
                }
            },
        };
        if faults.is_empty() { Ok(Self { config: Arc::new(config), name }) } else { Err(faults) }
    }
}

impl Connect for NodeConnect {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<Wire>> {
        let tls = self.tls.read().unwrap_or_else(PoisonError::into_inner);
        let tls = tls.get(&to).map(|tls| (TlsConnector::from(Arc::clone(&tls.config)), tls.name.clone()));
        Box::pin(async move {
            let plain = TcpConnect.connect(to).await?;
            let Some((connector, name)) = tls else { return Ok(plain) };
            let stream = connector.connect(name, plain).await.map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => io::Error::new(io::ErrorKind::InvalidData, TlsFault::Ended),
                _ => told(error),
            })?;
            Ok(Box::new(Encrypted(stream)) as Wire)
        })
    }
}

/// A stream under TLS. In TLS 1.3 a server refuses a client's certificate after the client's handshake: then the
/// first read fails, and has to say why.
struct Encrypted(TlsStream<Wire>);

impl AsyncRead for Encrypted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf).map_err(told)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf).map_err(told)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
