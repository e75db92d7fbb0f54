//! Bodies both ways: a bounded reader, and a reply that says when it was taken.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::{Bytes, BytesMut, Payload};
use actors::session::messages::Receipt;
use futures_util::StreamExt;
use schemas::fault::Fault;

/// From the contract: bytes of a request, and the time it may take to arrive.
pub const LARGEST: usize = 256 * 1024;
pub const SLOWEST: Duration = Duration::from_secs(10);

/// Reads a whole request body within the bounds.
///
/// # Errors
/// [`Fault::TooLarge`], [`Fault::TooSlow`], or [`Fault::NotAnEnvelope`] when the client went away.
pub async fn read(payload: &mut Payload, announced: Option<usize>) -> Result<Bytes, Fault> {
    if announced.is_some_and(|length| length > LARGEST) {
        return Err(Fault::TooLarge);
    }
    let reading = async {
        let mut body = BytesMut::with_capacity(announced.unwrap_or(1024));
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Fault::NotAnEnvelope)?;
            if body.len() + chunk.len() > LARGEST {
                return Err(Fault::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(SLOWEST, reading).await.unwrap_or(Err(Fault::TooSlow))
}

/// The answer to a request that was not read to its end, with what is left of it. The connection
/// is closed after it; were the rest dropped before, the server would first read it all, and of a
/// body in chunks there may be no end.
pub struct Unread {
    bytes: Bytes,
    _rest: Payload,
}

impl Unread {
    #[must_use]
    pub fn new(body: String, rest: Payload) -> Self {
        Self { bytes: Bytes::from(body), _rest: rest }
    }
}

impl MessageBody for Unread {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.bytes.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let bytes = std::mem::take(&mut self.bytes);
        Poll::Ready((!bytes.is_empty()).then_some(Ok(bytes)))
    }
}

/// A reply that carries an event: the session's cursor moves when the connection has taken all of
/// it, and not when it is dropped before.
pub struct Carried {
    bytes: Bytes,
    receipt: Option<Receipt>,
}

impl Carried {
    #[must_use]
    pub fn new(body: String, receipt: Receipt) -> Self {
        Self { bytes: Bytes::from(body), receipt: Some(receipt) }
    }
}

impl MessageBody for Carried {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.bytes.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.bytes.is_empty() {
            // Asked for more after the last byte: everything is in the connection's hands.
            if let Some(receipt) = self.receipt.take() {
                receipt.delivered();
            }
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(std::mem::take(&mut self.bytes))))
    }
}
