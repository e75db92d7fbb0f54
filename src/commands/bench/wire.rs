//! The application's side of the wire: raw HTTP over one TCP connection, one request in flight.
//!
//! As little as can be, because on a machine of few cores the load generator's own cost is part of
//! every figure. The small application of `client` serves where time does not matter; not here.

use std::io;
use std::net::SocketAddr;

use anyhow::{Context as _, anyhow, ensure};
use schemas::contract::ops_session::LoginEx;
use schemas::contract::session::LoginExRequest;
use schemas::contract::{Record, Request, Service};
use schemas::soap::{self, Envelope, Version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const BUFFER: usize = 16 * 1024;

/// A keep-alive connection to an HTTP server.
pub(super) struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    buffer: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, address, buffer: vec![0; BUFFER] })
    }

    /// The server.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a whole request and reads the whole reply; gives its body.
    ///
    /// # Errors
    /// When the connection fails, or the reply is not a 200 with a length.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> io::Result<&[u8]> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let (head, whole) = loop {
            let n = self.stream.read(&mut self.buffer[filled..]).await?;
            if n == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += n;
            if let Some(head) = head_length(&self.buffer[..filled]) {
                let body =
                    body_length(&self.buffer[..head]).ok_or_else(|| io::Error::other("not a 200 with a length"))?;
                break (head, head + body);
            }
            if filled == self.buffer.len() {
                return Err(io::Error::other("the head of a reply is too long"));
            }
        };
        if whole > self.buffer.len() {
            self.buffer.resize(whole, 0);
        }
        if filled < whole {
            self.stream.read_exact(&mut self.buffer[filled..whole]).await?;
        }
        Ok(&self.buffer[head..whole])
    }

    /// Calls an operation; a refusal is a reply like any other.
    ///
    /// # Errors
    /// When there is no reply of the contract.
    pub(super) async fn call<R: Request>(&mut self, request: &R) -> anyhow::Result<R::Reply>
    where
        R::Reply: Record,
    {
        let request = post_of(self.address, request);
        let body = self.exchange(&request).await.with_context(|| R::OPERATION.name.to_owned())?;
        let envelope = Envelope::parse(body).map_err(|e| anyhow!("{}: {e}", R::OPERATION.name))?;
        soap::read_reply::<R>(&envelope).map_err(|e| anyhow!("{}: {e}", R::OPERATION.name))
    }

    /// Logs in as an application of the lab; gives the session's id.
    ///
    /// # Errors
    /// When the login is refused.
    pub(super) async fn log_in(&mut self) -> anyhow::Result<i64> {
        let req = Some(LoginExRequest {
            application_name: "Screen Pop".into(),
            company_name: "Example Co".into(),
            application_password: "screen-pop".into(),
            local_password: "lab".into(),
            version: "4.1".into(),
            certificate: None,
        });
        let reply = self.call(&LoginEx { req }).await?;
        ensure!(reply.result, "login refused: {}", reply.error_desc.unwrap_or_default());
        Ok(reply.session_id)
    }
}

/// Bytes of the head with the empty line, once all of it is there.
fn head_length(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4)
}

fn body_length(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    if !head.starts_with(b"HTTP/1.1 200") {
        return None;
    }
    let line =
        head.split(|b| *b == b'\n').find(|l| l.len() > NAME.len() && l[..NAME.len()].eq_ignore_ascii_case(NAME))?;
    std::str::from_utf8(&line[NAME.len()..]).ok()?.trim().parse().ok()
}

/// The bytes of a request of the contract.
pub(super) fn post_of<R: Request>(host: SocketAddr, request: &R) -> Vec<u8> {
    let path = match R::OPERATION.service {
        Service::SessionService => "/mitel/oig/session/SessionService",
        _ => "/mitel/oig/cc/StandardCCService",
    };
    post(host, path, R::OPERATION.name, &soap::request(Version::V1_1, request))
}

/// The bytes of a POST, with the head that an old SOAP client sends.
pub(super) fn post(host: SocketAddr, path: &str, operation: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/xml; charset=utf-8\r\n\
         SOAPAction: \"urn:{operation}\"\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_read_by_its_length_whatever_the_case_of_its_name() {
        let reply = b"HTTP/1.1 200 OK\r\nX: 1\r\nContent-LENGTH: 12\r\n\r\nbody";
        assert_eq!(head_length(reply), Some(reply.len() - 4));
        assert_eq!(body_length(reply), Some(12));
        assert_eq!(body_length(b"HTTP/1.1 500 No\r\ncontent-length: 12\r\n\r\n"), None);
        assert_eq!(head_length(b"HTTP/1.1 200 OK\r\n"), None);
    }
}
