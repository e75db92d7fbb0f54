//! An event handler as an application hosts it, and as badly as one can be hosted: it does what a
//! script says, request by request, and answers `true` when the script is over.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// What becomes of one request.
#[derive(Debug, Clone)]
pub enum Does {
    Take,
    Decline,
    Fault,
    Garbage,
    Status(u16),
    Redirect(String),
    /// Reads, and says nothing.
    Hang,
    Close,
    /// Breaks off in the middle of its answer.
    HalfAnAnswer,
    /// A gigabyte, as far as anybody reads it.
    Huge,
    TakeAfter(Duration),
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// In lower case, one header a line.
    pub head: String,
    pub body: String,
}

impl Asked {
    /// The node that the event is about: the tests number their events by it.
    pub fn number(&self) -> i64 {
        let (_, rest) = self.body.split_once("icpId=\"").unwrap_or_else(|| panic!("no event: {}", self.body));
        rest.split('"').next().expect("a value").parse().expect("a number")
    }
}

#[derive(Default)]
struct Shared {
    script: Mutex<VecDeque<Does>>,
    asked: Mutex<Vec<Asked>>,
    connections: Mutex<usize>,
    /// Bytes of a huge answer that somebody took.
    poured: Mutex<usize>,
}

/// A running handler; it is gone, connections and all, when it is dropped.
pub struct Handler {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Handler {
    pub fn start(script: impl IntoIterator<Item = Does>) -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into(), None, script)
    }

    /// At this address; behind TLS when there is an acceptor.
    pub fn start_at(at: SocketAddr, tls: Option<TlsAcceptor>, script: impl IntoIterator<Item = Does>) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an open socket");
        socket.bind(at).expect("the address is free");
        let listener = socket.listen(64).expect("a bound socket");
        let address = listener.local_addr().expect("a bound socket");
        let shared = Arc::new(Shared::default());
        shared.script.lock().expect("nobody panicked").extend(script);
        let accepting = tokio::spawn(accept(listener, tls, shared.clone()));
        Self { address, shared, accepting }
    }

    /// Gone, and its port free again; what came that nobody has [taken](Self::take).
    pub async fn die(mut self) -> Vec<Asked> {
        self.accepting.abort();
        let _ = (&mut self.accepting).await;
        self.take()
    }

    pub fn url(&self) -> String {
        format!("http://{}/axis2/services/EventHandlerCCService", self.address)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().expect("nobody panicked").clone()
    }

    /// What came since the last time that this was asked.
    pub fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.shared.asked.lock().expect("nobody panicked"))
    }

    /// The events in the order in which they came.
    pub fn numbers(&self) -> Vec<i64> {
        self.asked().iter().map(Asked::number).collect()
    }

    pub fn connections(&self) -> usize {
        *self.shared.connections.lock().expect("nobody panicked")
    }

    pub fn poured(&self) -> usize {
        *self.shared.poured.lock().expect("nobody panicked")
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let mut serving = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        *shared.connections.lock().expect("nobody panicked") += 1;
        let (tls, shared) = (tls.clone(), shared.clone());
        serving.spawn(async move {
            match tls {
                None => serve(stream, &shared).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, &shared).await;
                    }
                }
            }
        });
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, shared: &Shared) {
    while let Some(asked) = read(&mut stream).await {
        let service = Service::of(&asked.body);
        shared.asked.lock().expect("nobody panicked").push(asked);
        let does = shared.script.lock().expect("nobody panicked").pop_front().unwrap_or(Does::Take);
        let answer = match does {
            Does::Take => answer("200 OK", "", &said(service, "true")),
            Does::TakeAfter(pause) => {
                tokio::time::sleep(pause).await;
                answer("200 OK", "", &said(service, "1"))
            }
            Does::Decline => answer("200 OK", "", &said(service, "false")),
            Does::Fault => answer("200 OK", "", &envelope("<e:Fault><faultstring>no</faultstring></e:Fault>")),
            Does::Garbage => answer("200 OK", "", "true"),
            Does::Status(status) => answer(&format!("{status} Whatever"), "", &said(service, "true")),
            Does::Redirect(to) => answer("307 Elsewhere", &format!("Location: {to}\r\n"), ""),
            Does::Hang => {
                // Until the other side gives up.
                while stream.read(&mut [0; 64]).await.is_ok_and(|n| n > 0) {}
                return;
            }
            Does::Close => return,
            Does::HalfAnAnswer => {
                let whole = answer("200 OK", "", &said(service, "true"));
                let _ = stream.write_all(&whole.as_bytes()[..whole.len() / 2]).await;
                return;
            }
            Does::Huge => {
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 1073741824\r\n\r\n";
                let mut sent = stream.write_all(head.as_bytes()).await;
                while sent.is_ok() {
                    sent = stream.write_all(&[b' '; 16 * 1024]).await;
                    *shared.poured.lock().expect("nobody panicked") += 16 * 1024;
                }
                return;
            }
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse::<usize>().ok())?;
            if bytes.len() >= end + 4 + length {
                let body = String::from_utf8(bytes.split_off(end + 4)).expect("events are UTF-8");
                return Some(Asked { head, body });
            }
        }
        let mut part = [0; 8192];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => bytes.extend_from_slice(&part[..n]),
        }
    }
}

fn envelope(inner: &str) -> String {
    format!("<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>{inner}</e:Body></e:Envelope>")
}

/// What the application hosts here.
#[derive(Clone, Copy)]
enum Service {
    Standard,
    Advanced,
    Successor,
}

impl Service {
    fn of(body: &str) -> Self {
        match body {
            _ if body.contains("advHandleEvent") => Self::Advanced,
            _ if body.contains("sessionHAEvent") => Self::Successor,
            _ => Self::Standard,
        }
    }
}

fn said(service: Service, word: &str) -> String {
    let (name, space) = match service {
        Service::Standard => ("handleEventResponse", "cc/standard/EventHandlerCCService"),
        Service::Advanced => ("advHandleEventResponse", "cc/advanced/AdvEventHandlerCCService"),
        Service::Successor => ("sessionHAEventResponse", "session/SessionHAEventHandler"),
    };
    envelope(&format!("<{name} xmlns=\"http://mitel.com/oig/{space}\"><return>{word}</return></{name}>"))
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}
