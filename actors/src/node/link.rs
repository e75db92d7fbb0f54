//! The two halves of a node's socket as fields of the `Node`: dropping the [`Link`] closes both.
//!
//! The reader hands over frames in batches and waits until a batch is handled, so that a node
//! which floods is slowed by its own socket. The writer's queue is bounded; a node that does not
//! read is lost, not waited for.

use std::borrow::Cow;

use actix::{Addr, Message};
use schemas::csta::frame::{self, Frame, Framing};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Node;
use crate::policy;
use crate::wire::Wire;

#[derive(Message)]
#[rtype(result = "()")]
pub(super) enum Received {
    Frames(Vec<Frame>),
    /// Nothing more will come.
    Closed(Cow<'static, str>),
}

struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(super) struct Link {
    outbox: mpsc::Sender<Vec<u8>>,
    _reader: Task,
    /// Not aborted: it ends when `outbox` is dropped, after what is queued was written, so that
    /// a planned stop still says goodbye. A socket that takes nothing ends it by a deadline.
    _writer: JoinHandle<()>,
}

impl Link {
    pub(super) fn open(wire: Wire, node: Addr<Node>) -> Self {
        let (read, write) = tokio::io::split(wire);
        let (outbox, queue) = mpsc::channel(policy::NODE_OUTBOX);
        Self { outbox, _reader: Task(actix::spawn(reader(read, node))), _writer: actix::spawn(writer(write, queue)) }
    }

    /// Queues a frame; false when the queue is full or the socket gone.
    pub(super) fn send(&self, invoke: u16, xml: &str) -> bool {
        let mut bytes = Vec::with_capacity(xml.len() + frame::HEADER);
        match frame::encode(invoke, xml.as_bytes(), &mut bytes) {
            Ok(()) => self.outbox.try_send(bytes).is_ok(),
            Err(error) => {
                tracing::error!(%error, "a message was too long for a frame");
                true
            }
        }
    }
}

async fn reader(mut read: ReadHalf<Wire>, node: Addr<Node>) {
    let mut framing = Framing::default();
    let mut buffer = vec![0; 64 * 1024];
    let why = loop {
        let n = match read.read(&mut buffer).await {
            Ok(0) => break Cow::Borrowed("the node closed the connection"),
            Ok(n) => n,
            // What has a text of its own is our words (a refused certificate, say).
            Err(error) => break error.get_ref().map_or("the connection was lost".into(), |why| why.to_string().into()),
        };
        framing.push(&buffer[..n]);
        let mut frames = Vec::new();
        let end = loop {
            match framing.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break None,
                Err(_) => break Some("the node sent what is no frame"),
            }
        };
        if !frames.is_empty() && node.send(Received::Frames(frames)).await.is_err() {
            return;
        }
        if let Some(why) = end {
            break why.into();
        }
    };
    node.do_send(Received::Closed(why));
}

async fn writer(mut write: WriteHalf<Wire>, mut queue: mpsc::Receiver<Vec<u8>>) {
    while let Some(mut bytes) = queue.recv().await {
        // What is queued goes out in one write.
        while bytes.len() < 64 * 1024 {
            match queue.try_recv() {
                Ok(more) => bytes.extend_from_slice(&more),
                Err(_) => break,
            }
        }
        // A wire that encrypts keeps what the socket did not take until it is flushed.
        let written = async {
            write.write_all(&bytes).await?;
            write.flush().await
        };
        match tokio::time::timeout(policy::ANSWER, written).await {
            Ok(Ok(())) => {}
            _ => return,
        }
    }
    // A wire that encrypts says goodbye first, and may wait for a socket that takes nothing.
    let _ = tokio::time::timeout(policy::ANSWER, write.shutdown()).await;
}
