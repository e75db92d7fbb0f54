//! The connection to a node as the actors see it: any byte stream, made by whoever is asked.
//!
//! The product connects over TCP; a test hands over an in-memory stream.

use std::io;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A byte stream both ways.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

pub type Wire = Box<dyn Duplex>;

/// Makes connections.
pub trait Connect: Send + Sync {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<Wire>>;
}

/// Plain TCP.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpConnect;

impl Connect for TcpConnect {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<Wire>> {
        Box::pin(async move {
            let stream = TcpStream::connect(to).await?;
            // Frames are small and each matters now.
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Wire)
        })
    }
}
