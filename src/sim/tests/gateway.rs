//! A gateway in a test: speaks the real codec over any stream.

use std::collections::VecDeque;
use std::time::Duration;

use schemas::csta::frame::{self, Framing};
use schemas::csta::message::{
    CallEvent, CallEventKind, Edition, EventBody, Failure, Message, Request, Response, SystemStatus,
};
use schemas::csta::{read, write};
use schemas::domain::LocalState;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::sim::node::SimNodeHandle;
use crate::sim::wire::Stream;

pub(in crate::sim) struct Gateway {
    stream: Box<dyn Stream>,
    framing: Framing,
    next: u16,
    /// Heard while something else was waited for.
    waiting: VecDeque<(u16, Message)>,
    /// Whether the node's heartbeats are answered.
    pub polite: bool,
}

impl Gateway {
    /// Over an in-memory stream.
    pub async fn attach(node: &SimNodeHandle) -> Self {
        let (near, far) = tokio::io::duplex(64 * 1024);
        node.attach(far).await.expect("alive");
        Self::over(near)
    }

    pub fn over(stream: impl Stream) -> Self {
        Self { stream: Box::new(stream), framing: Framing::default(), next: 1, waiting: VecDeque::new(), polite: true }
    }

    /// Server-first: greeted, answered, registered.
    pub async fn associate(node: &SimNodeHandle) -> Self {
        let mut gateway = Self::attach(node).await;
        gateway.register().await;
        gateway
    }

    pub async fn register(&mut self) {
        let greeting = self.read().await.expect("a greeting");
        assert!(matches!(greeting.1, Message::Request(Request::SystemStatus { status: SystemStatus::Enabled })));
        self.send(greeting.0, &Message::Response(Response::SystemStatus)).await;
        assert!(matches!(self.ask(Request::SystemRegister).await, Ok(Response::SystemRegister { .. })));
    }

    pub async fn raw(&mut self, bytes: &[u8]) {
        // The node may have closed; the test then finds out by reading.
        let _ = self.stream.write_all(bytes).await;
    }

    pub async fn send(&mut self, invoke: u16, message: &Message) {
        let mut bytes = Vec::new();
        frame::encode(invoke, write::write(message, Edition::Ed5).as_bytes(), &mut bytes).expect("fits");
        self.raw(&bytes).await;
    }

    /// Sends a request and waits for its answer.
    pub async fn ask(&mut self, request: Request) -> Result<Response, Failure> {
        let invoke = self.request(request).await;
        self.answer(invoke).await
    }

    pub async fn request(&mut self, request: Request) -> u16 {
        let invoke = self.next;
        self.next += 1;
        self.send(invoke, &Message::Request(request)).await;
        invoke
    }

    pub async fn answer(&mut self, invoke: u16) -> Result<Response, Failure> {
        loop {
            match self.read().await.expect("an answer") {
                (i, Message::Response(response)) if i == invoke => return Ok(response),
                (i, Message::Failure(failure)) if i == invoke => return Err(failure),
                other => self.waiting.push_back(other),
            }
        }
    }

    pub async fn monitor(&mut self, text: &str) -> String {
        match self.ask(Request::MonitorStart { device: super::device(text) }).await {
            Ok(Response::MonitorStart { cross_ref }) => cross_ref,
            other => panic!("{other:?}"),
        }
    }

    /// The next message but heartbeats, which are answered; `None` at the end.
    pub async fn next(&mut self) -> Option<(u16, Message)> {
        match self.waiting.pop_front() {
            Some(message) => Some(message),
            None => self.read().await,
        }
    }

    /// The next call event.
    pub async fn event(&mut self) -> (String, CallEvent) {
        loop {
            if let (_, Message::Event(event)) = self.next().await.expect("an event") {
                let EventBody::Call(call) = event.body else { panic!("{event:?}") };
                return (event.cross_ref, call);
            }
        }
    }

    /// The next events in short: cross reference, kind, subject, own state.
    pub async fn events(&mut self, count: usize) -> Vec<(String, CallEventKind, String, LocalState)> {
        let mut events = Vec::new();
        for _ in 0..count {
            let (cross_ref, e) = self.event().await;
            let subject = e.subject.device().expect("a subject").number.clone();
            events.push((cross_ref, e.kind, subject, e.local.expect("a state")));
        }
        events
    }

    /// Whether nothing but heartbeats comes for a while.
    pub async fn is_quiet(&mut self, ms: u64) -> bool {
        self.waiting.is_empty() && tokio::time::timeout(Duration::from_millis(ms), self.read()).await.is_err()
    }

    async fn read(&mut self) -> Option<(u16, Message)> {
        loop {
            while let Some(frame) = self.framing.next().expect("frames") {
                let (message, _) = match read::parse(&frame.xml) {
                    Ok(message) => message,
                    Err(_) => (Message::Unknown("garbled".into()), Edition::Ed5),
                };
                let heartbeat =
                    matches!(message, Message::Request(Request::SystemStatus { status: SystemStatus::Normal }));
                if heartbeat && self.polite {
                    self.send(frame.invoke, &Message::Response(Response::SystemStatus)).await;
                }
                if !heartbeat {
                    return Some((frame.invoke, message));
                }
            }
            let mut chunk = [0; 8192];
            match self.stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return None,
                Ok(read) => self.framing.push(&chunk[..read]),
            }
        }
    }

    /// Whether the node has ended the connection, perhaps after last words.
    pub async fn is_ended(&mut self) -> bool {
        while let Some(_said) = self.read().await {}
        true
    }
}

/// Both ends of a stream.
pub(in crate::sim) fn pair() -> (DuplexStream, DuplexStream) {
    tokio::io::duplex(64 * 1024)
}
