//! HTTP and SOAP by hand: bytes to a socket and back, for what no well-behaved client would send.

use std::time::Duration;

use schemas::contract::Service;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than the gateway waits for a slow request.
const LONGEST: Duration = Duration::from_secs(60);

pub const SESSION_PATH: &str = "/mitel/oig/session/SessionService";
pub const CALL_PATH: &str = "/mitel/oig/cc/StandardCCService";
pub const DATA_PATH: &str = "/mitel/oig/da/DataAccessService";

/// An answer of the gateway.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    /// Head of the answer in lower case, one header a line.
    pub head: String,
    pub body: String,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}:")).map(str::trim))
    }

    /// The text of the first element of this name, whatever its prefix.
    pub fn text(&self, name: &str) -> Option<&str> {
        element_text(&self.body, name)
    }

    /// `true` or `false` as the reply's `return` says.
    pub fn result(&self) -> Option<bool> {
        match self.attribute("result")? {
            "true" => Some(true),
            "false" => Some(false),
            other => panic!("result is spelt {other:?}"),
        }
    }

    /// An attribute of the reply's `return`.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(":return ")?;
        let tag = &rest[..rest.find('>')?];
        let (_, value) = tag.split_once(&format!("{name}=\""))?;
        value.split('"').next()
    }

    /// Fails unless this is a refusal of the contract with this text.
    #[track_caller]
    pub fn refused(&self, text: &str) {
        let told = self.text("errorDescription").or_else(|| self.text("errorDesc"));
        assert_eq!((self.status, self.result(), told), (200, Some(false), Some(text)), "{}", self.body);
        assert_eq!(self.header("content-type"), Some("text/xml; charset=utf-8"));
    }

    /// Fails unless this is an acceptance.
    #[track_caller]
    pub fn accepted(&self) {
        assert_eq!((self.status, self.result()), (200, Some(true)), "{}", self.body);
        assert!(!self.body.contains("errorDesc"), "{}", self.body);
    }

    /// Fails unless this is a SOAP 1.1 Fault of this status, code and text.
    #[track_caller]
    pub fn fault(&self, status: u16, code: &str, text: &str) {
        let told = (self.status, self.text("faultcode"), self.text("faultstring"));
        assert_eq!(told, (status, Some(format!("soapenv:{code}").as_str()), Some(text)), "{}", self.body);
        assert_eq!(self.header("content-type"), Some("text/xml; charset=utf-8"));
    }
}

/// The text of the first element of this local name.
pub fn element_text<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    xml.match_indices(name).find_map(|(at, _)| {
        let before = xml[..at].rfind('<')?;
        let prefix = &xml[before + 1..at];
        let opens = prefix.is_empty() || (prefix.ends_with(':') && !prefix.contains(['/', ' ', '>']));
        let rest = &xml[at + name.len()..];
        if !opens || !rest.starts_with(['>', ' ']) {
            return None;
        }
        let (_, text) = rest.split_once('>')?;
        text.split('<').next()
    })
}

/// One connection, kept alive.
pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    /// To a gateway at `http://ADDRESS`.
    pub async fn open(url: &str) -> Self {
        let address = url.strip_prefix("http://").expect("the gateway speaks plain HTTP here");
        let stream = TcpStream::connect(address).await.expect("the gateway accepts connections");
        stream.set_nodelay(true).expect("the socket is open");
        Self { stream, read: Vec::new() }
    }

    /// Whatever it is; a peer that has closed already is told by the answer.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// The next answer; `None` when the gateway closes instead.
    pub async fn answer(&mut self) -> Option<Answer> {
        tokio::time::timeout(LONGEST, self.next_answer()).await.expect("an answer or the end comes in time")
    }

    async fn next_answer(&mut self) -> Option<Answer> {
        loop {
            if let Some(end) = find(&self.read, b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.read[..end]).into_owned();
                let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status line");
                let lower = head.to_ascii_lowercase();
                let length =
                    lower.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
                let length = length.unwrap_or(0);
                while self.read.len() < end + 4 + length {
                    self.more().await?;
                }
                let rest = self.read.split_off(end + 4 + length);
                let body = String::from_utf8(self.read.split_off(end + 4)).expect("answers are UTF-8");
                self.read = rest;
                return Some(Answer { status, head: lower, body });
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> Option<()> {
        let mut part = [0; 8192];
        match self.stream.read(&mut part).await {
            Ok(0) | Err(_) => None,
            Ok(n) => {
                self.read.extend_from_slice(&part[..n]);
                Some(())
            }
        }
    }

    /// Whether the gateway closes the connection after what it has said.
    pub async fn is_closed(&mut self) -> bool {
        tokio::time::timeout(LONGEST, async { while self.more().await.is_some() {} }).await.is_ok()
    }

    /// Lets the connection end with a reset instead of in good order, whenever it ends.
    pub fn will_reset(&self) {
        self.stream.set_zero_linger().expect("the socket is open");
    }

    /// Posts a body to a path of the gateway and waits for the answer.
    pub async fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.send(request(path, headers, body)).await;
        self.answer().await.expect("the gateway answers")
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// A POST with its length.
pub fn request(path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("POST {path} HTTP/1.1\r\nHost: gateway.example\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

/// A SOAP 1.1 envelope around the content of an operation's wrapper.
pub fn envelope(service: Service, operation: &str, inner: &str) -> String {
    let uri = service.namespace().uri();
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
         <v:{operation} xmlns:v=\"{uri}\">{inner}</v:{operation}></s:Body></s:Envelope>"
    )
}

/// Sends an envelope on a connection of its own.
pub async fn post(url: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    Connection::open(url).await.post(path, headers, body.as_bytes()).await
}

/// Gets a path; headers besides Host as given.
pub async fn get(url: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let host = if headers.iter().any(|(name, _)| *name == "Host") { "" } else { "Host: gateway.example:8080\r\n" };
    let mut head = format!("GET {path} HTTP/1.1\r\n{host}");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let mut connection = Connection::open(url).await;
    connection.send(head).await;
    connection.answer().await.expect("the gateway answers")
}

/// Calls an operation of StandardCCService by hand: the children of its wrapper by name.
pub async fn call(url: &str, operation: &str, children: &[(&str, &str)]) -> Answer {
    let inner: String = children.iter().map(|(name, value)| format!("<v:{name}>{value}</v:{name}>")).collect();
    let body = envelope(Service::StandardCcService, operation, &inner);
    post(url, CALL_PATH, &[("SOAPAction", &format!("\"urn:{operation}\""))], &body).await
}
