//! The links between nodes: one task for each, which speaks JSON lines.
//!
//! Both ends say hello, then a heartbeat whenever nothing else was said; a link on which nothing
//! is heard is lost. Started by `node`.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::node::Inbox;
use super::peer::{LONGEST_LINE, PeerMessage};
use super::wire::BoxedStream;

/// Nothing else was said for so long: a heartbeat is.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// Nothing was heard for so long: the link is lost.
const LOST: Duration = Duration::from_secs(6);
/// Messages that may wait for a partner that does not read.
pub(super) const OUTBOX: usize = 10_000;

/// Runs a link until it is lost, or until the node lets go of the outbox.
pub(super) async fn run(link: u64, ceid: u16, stream: BoxedStream, inbox: mpsc::WeakSender<Inbox>) {
    let (reader, writer) = tokio::io::split(stream);
    let (outbox, waiting) = mpsc::channel(OUTBOX);
    tokio::select! {
        biased;
        () = write_all(writer, ceid, waiting) => {}
        () = read_all(link, reader, outbox, &inbox) => {}
    }
    if let Some(inbox) = inbox.upgrade() {
        // A node that has stopped does not need to know.
        let _ = inbox.send(Inbox::PeerClosed(link)).await;
    }
}

async fn write_all(mut writer: WriteHalf<BoxedStream>, ceid: u16, mut waiting: mpsc::Receiver<PeerMessage>) {
    let mut next = PeerMessage::Hello { ceid };
    loop {
        let Ok(mut line) = serde_json::to_vec(&next) else { return };
        line.push(b'\n');
        if writer.write_all(&line).await.is_err() || writer.flush().await.is_err() {
            return;
        }
        next = match timeout(HEARTBEAT, waiting.recv()).await {
            Ok(Some(message)) => message,
            Ok(None) => return,
            Err(_) => PeerMessage::Heartbeat,
        };
    }
}

async fn read_all(
    link: u64,
    reader: ReadHalf<BoxedStream>,
    outbox: mpsc::Sender<PeerMessage>,
    inbox: &mpsc::WeakSender<Inbox>,
) {
    let mut lines = Lines { reader, buffer: Vec::new() };
    let mut outbox = Some(outbox);
    while let Ok(Some(message)) = timeout(LOST, lines.next()).await {
        let message = match (message, outbox.take()) {
            (PeerMessage::Hello { ceid }, Some(outbox)) => Inbox::PeerHello { link, ceid, outbox },
            // The first word must be a hello, and there is only one.
            (_, Some(_)) | (PeerMessage::Hello { .. }, None) => return,
            (PeerMessage::Heartbeat, None) => continue,
            (message, None) => Inbox::PeerSaid { link, message },
        };
        let Some(inbox) = inbox.upgrade() else { return };
        if inbox.send(message).await.is_err() {
            return;
        }
    }
}

struct Lines {
    reader: ReadHalf<BoxedStream>,
    buffer: Vec<u8>,
}

impl Lines {
    /// The next message; `None` at the end, or when what is read is none.
    async fn next(&mut self) -> Option<PeerMessage> {
        loop {
            if let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
                let message = serde_json::from_slice(&self.buffer[..end]).ok();
                self.buffer.drain(..=end);
                return message;
            }
            if self.buffer.len() > LONGEST_LINE {
                return None;
            }
            let mut chunk = [0; 4096];
            match self.reader.read(&mut chunk).await {
                Ok(0) | Err(_) => return None,
                Ok(read) => self.buffer.extend_from_slice(&chunk[..read]),
            }
        }
    }
}
