//! The byte streams of a node: one task for each connection, which cuts frames out of what is read
//! and writes what the node says.
//!
//! A connection that does not read is given up when its outbox is full: it never makes the switch
//! wait. Started by `node`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use schemas::csta::{frame, read, write};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};

use super::core::Act;
use super::csta::AssociationId;
use super::node::Inbox;

/// Frames and bytes that may wait for a gateway's socket.
const OUTBOX_FRAMES: usize = 10_000;
const OUTBOX_BYTES: usize = 4 * 1024 * 1024;
/// How long what was said before a close may take to be read.
const GRACE: Duration = Duration::from_secs(2);

/// A byte stream both ways.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for T {}

pub(super) type BoxedStream = Box<dyn Stream>;

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// What waits is written first.
    InOrder,
    AtOnce,
}

/// The node's end of a connection. Dropped, it ends the connection at once.
pub(super) struct Wire {
    outbox: mpsc::Sender<Vec<u8>>,
    queued: Arc<AtomicUsize>,
    end: Option<oneshot::Sender<End>>,
    /// Tells a socket to end with a reset.
    reset: Option<Arc<AtomicBool>>,
}

impl Wire {
    /// Starts the task of a connection; what it reads goes to `inbox`.
    pub(super) fn start(
        id: AssociationId,
        stream: BoxedStream,
        reset: Option<Arc<AtomicBool>>,
        inbox: mpsc::WeakSender<Inbox>,
    ) -> Self {
        let (outbox, waiting) = mpsc::channel(OUTBOX_FRAMES);
        let (end, ended) = oneshot::channel();
        let queued = Arc::new(AtomicUsize::new(0));
        tokio::spawn(run(id, stream, inbox, waiting, Arc::clone(&queued), ended));
        Self { outbox, queued, end: Some(end), reset }
    }

    /// Queues a frame; false when the connection has to be given up.
    pub(super) fn send(&self, bytes: Vec<u8>) -> bool {
        let size = bytes.len();
        if self.queued.fetch_add(size, Ordering::Relaxed) + size > OUTBOX_BYTES {
            return false;
        }
        // A task that has ended says so itself.
        !matches!(self.outbox.try_send(bytes), Err(mpsc::error::TrySendError::Full(_)))
    }

    /// Ends the connection, with a reset where the stream knows one.
    pub(super) fn close(mut self, reset: bool) {
        if reset && let Some(flag) = &self.reset {
            flag.store(true, Ordering::Relaxed);
        }
        if let Some(end) = self.end.take() {
            // The task may have ended by itself.
            let _ = end.send(if reset { End::AtOnce } else { End::InOrder });
        }
    }
}

/// The frame of an act; `None` for other acts, and for messages that no frame can hold.
pub(super) fn encode(act: &Act) -> Option<Vec<u8>> {
    let Act::Send { invoke, message, edition, garbled, .. } = act else { return None };
    let mut xml = write::write(message, *edition).into_bytes();
    if *garbled {
        garble(&mut xml);
    }
    let mut bytes = Vec::with_capacity(xml.len() + frame::HEADER);
    match frame::encode(*invoke, &xml, &mut bytes) {
        Ok(()) => Some(bytes),
        Err(fault) => {
            tracing::error!(%fault, invoke, "a message does not fit into a frame");
            None
        }
    }
}

/// Makes a document unreadable and leaves its length as it is.
fn garble(xml: &mut [u8]) {
    let middle = xml.len() / 2;
    for byte in xml.iter_mut().skip(middle).take(8) {
        *byte = b'<';
    }
}

async fn run(
    id: AssociationId,
    stream: BoxedStream,
    inbox: mpsc::WeakSender<Inbox>,
    waiting: mpsc::Receiver<Vec<u8>>,
    queued: Arc<AtomicUsize>,
    ended: oneshot::Receiver<End>,
) {
    let (reader, writer) = tokio::io::split(stream);
    let stop = async {
        if let Ok(End::InOrder) = ended.await {
            tokio::time::sleep(GRACE).await;
        }
    };
    tokio::select! {
        biased;
        () = write_all(writer, waiting, &queued) => {}
        () = read_all(id, reader, &inbox) => {}
        () = stop => {}
    }
    if let Some(inbox) = inbox.upgrade() {
        // A node that has stopped does not need to know.
        let _ = inbox.send(Inbox::Closed(id)).await;
    }
}

async fn write_all(mut writer: WriteHalf<BoxedStream>, mut waiting: mpsc::Receiver<Vec<u8>>, queued: &AtomicUsize) {
    while let Some(bytes) = waiting.recv().await {
        if writer.write_all(&bytes).await.is_err() || writer.flush().await.is_err() {
            return;
        }
        queued.fetch_sub(bytes.len(), Ordering::Relaxed);
    }
    // The peer may be gone already.
    let _ = writer.shutdown().await;
}

async fn read_all(id: AssociationId, mut reader: ReadHalf<BoxedStream>, inbox: &mpsc::WeakSender<Inbox>) {
    let mut framing = frame::Framing::default();
    let mut chunk = vec![0; 16 * 1024];
    loop {
        let read = match reader.read(&mut chunk).await {
            Ok(0) | Err(_) => return,
            Ok(read) => read,
        };
        framing.push(&chunk[..read]);
        loop {
            let frame = match framing.next() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(fault) => {
                    tracing::debug!(id, %fault, "a gateway is not understood");
                    return;
                }
            };
            let invoke = frame.invoke;
            let message = match read::parse(&frame.xml) {
                Ok((message, edition)) => Inbox::Heard { id, invoke, message: Box::new(message), edition },
                Err(fault) => {
                    tracing::debug!(id, %fault, "a frame of a gateway is not understood");
                    Inbox::Unreadable { id, invoke }
                }
            };
            let Some(inbox) = inbox.upgrade() else { return };
            if inbox.send(message).await.is_err() {
                return;
            }
        }
    }
}
