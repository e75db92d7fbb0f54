//! What is asked of a node's forms, over HTTP, within bounds of size and time. What to do with the answers is `life`'s.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Client, Response, StatusCode};
use schemas::data::sync::{
    ALIVE_MS, Done, LARGEST_PAGE, LONGEST_LINE, Line, LineFault, PageEnd, PageHead, Refused, Stand, Wanted,
    read_page_line, write_key,
};
use schemas::data::{Form, Key, Row};

use crate::storage::StorageError;

const CONNECT: Duration = Duration::from_secs(2);
/// An answer's head, and each part of its body.
const ANSWER: Duration = Duration::from_secs(10);
/// The whole of it, however steadily it trickles.
const WHOLE: Duration = Duration::from_secs(60);
/// Bytes of a page, and of where a node stands.
const LARGEST_BODY: usize = 16 * 1024 * 1024;
/// A refusal says why in one sentence, and perhaps shows a row.
const LARGEST_REFUSAL: usize = 2 * LONGEST_LINE;
/// A stream that says nothing for so long is over.
const SILENT: Duration = Duration::from_millis(3 * ALIVE_MS);
/// Changes that are applied as one.
const BATCH: usize = 500;

/// Why the following of a node came to an end.
#[derive(Debug, thiserror::Error)]
pub enum FollowFault {
    #[error("the node does not have this gateway among its network elements")]
    NotListed,
    #[error("the node cannot be reached: {0}")]
    Away(&'static str),
    #[error("the node answers with status {0}")]
    Status(u16),
    #[error("the node closed the stream of changes")]
    Closed,
    #[error("the stream of changes is silent")]
    Silent,
    #[error("what the node says cannot be read: {0}")]
    Unreadable(#[from] LineFault),
    #[error("the node's answer is longer than {} MiB", LARGEST_BODY / 1024 / 1024)]
    TooLong,
    #[error("a page of {0} has no end")]
    NoEnd(&'static str),
    #[error("a page of {0} has rows that are out of order, doubled or too many")]
    Order(&'static str),
    #[error("{0} has more rows than a form may have")]
    TooMany(&'static str),
    #[error("the node began another epoch")]
    Epoch,
    #[error("the node does not have the changes after {0} any more")]
    Gone(u64),
    #[error("a change is missing after {0}")]
    Hole(u64),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a node did not do what an application wanted.
#[derive(Debug, thiserror::Error)]
pub enum WriteFault {
    /// The row is another than the application had read: as it is now, if it is there.
    #[error("the row has changed meanwhile")]
    Changed(Option<Row>),
    /// In the node's words.
    #[error("{0}")]
    Refused(String),
    #[error("the node did not answer; whether it was done is not known")]
    Unknown,
    /// What is kept of the node came by files, and it takes no changes here.
    #[error("the node's forms are not served")]
    ByFiles,
    #[error(transparent)]
    Node(#[from] FollowFault),
}

fn away(error: &reqwest::Error) -> FollowFault {
    // No text of it: it may hold what was read.
    FollowFault::Away(match () {
        () if error.is_timeout() => "it does not answer in time",
        () if error.is_connect() => "no connection",
        () => "the connection broke off",
    })
}

/// One node's forms, as they can be asked for.
#[derive(Debug, Clone)]
pub struct NodeClient {
    http: Client,
    base: String,
}

/// A client for all nodes.
///
/// # Errors
/// When none can be made.
pub fn http() -> Result<Client, reqwest::Error> {
    crate::push::use_ring();
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .pool_max_idle_per_host(2)
        .tls_certs_only([])
        .build()
}

impl NodeClient {
    #[must_use]
    pub fn new(http: Client, address: SocketAddr) -> Self {
        Self { http, base: format!("http://{address}/sync") }
    }

    async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Response, FollowFault> {
        let mut url = reqwest::Url::parse(&format!("{}{path}", self.base)).map_err(|_| FollowFault::Away("no URL"))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let asked = tokio::time::timeout(ANSWER, self.http.get(url).send()).await;
        let response = asked.map_err(|_| FollowFault::Away("it does not answer in time"))?.map_err(|e| away(&e))?;
        match response.status() {
            StatusCode::OK => Ok(response),
            StatusCode::FORBIDDEN => Err(FollowFault::NotListed),
            StatusCode::GONE => Err(FollowFault::Gone(0)),
            other => Err(FollowFault::Status(other.as_u16())),
        }
    }

    /// Where the node stands.
    pub(super) async fn stand(&self) -> Result<Stand, FollowFault> {
        let body = body(self.get("", &[]).await?, LARGEST_BODY).await?;
        Ok(Stand::read(&body)?)
    }

    /// Rows of a form after a key, by key.
    pub(super) async fn page(
        &self,
        form: &'static Form,
        after: Option<&Key>,
    ) -> Result<(PageHead, Vec<Row>, PageEnd), FollowFault> {
        let mut query = vec![("limit", LARGEST_PAGE.to_string())];
        query.extend(after.map(|key| ("after", write_key(key))));
        let body = body(self.get(&format!("/forms/{}", form.name), &query).await?, LARGEST_BODY).await?;
        read_page(form, after, &body)
    }

    /// Every change after a number.
    pub(super) async fn changes(&self, epoch: &str, since: u64) -> Result<Changes, FollowFault> {
        let query = [("epoch", epoch.to_owned()), ("since", since.to_string())];
        let response = self.get("/changes", &query).await.map_err(|fault| match fault {
            FollowFault::Gone(_) => FollowFault::Gone(since),
            fault => fault,
        })?;
        Ok(Changes { response, held: Vec::new() })
    }

    /// Has the node do what an application wants.
    ///
    /// # Errors
    /// See [`WriteFault`].
    pub async fn write(&self, form: &'static Form, wanted: &Wanted) -> Result<Done, WriteFault> {
        let url = format!("{}/forms/{}", self.base, form.name);
        let request = self.http.post(url).header("content-type", "application/json").body(wanted.write(form));
        let response = match tokio::time::timeout(ANSWER, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if error.is_connect() => return Err(away(&error).into()),
            _ => return Err(WriteFault::Unknown),
        };
        let status = response.status();
        let body = body(response, LARGEST_REFUSAL).await.map_err(|_| WriteFault::Unknown)?;
        match status {
            StatusCode::OK => serde_json::from_slice(&body).map_err(|_| WriteFault::Unknown),
            StatusCode::FORBIDDEN => Err(FollowFault::NotListed.into()),
            StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => {
                let refused: Refused = serde_json::from_slice(&body).map_err(|_| WriteFault::Unknown)?;
                let row = refused.row.map(|row| form.read(&row)).transpose().map_err(|_| WriteFault::Unknown)?;
                Err(if status == StatusCode::CONFLICT {
                    WriteFault::Changed(row)
                } else {
                    WriteFault::Refused(refused.error.chars().filter(|c| !c.is_control()).take(300).collect())
                })
            }
            other => Err(FollowFault::Status(other.as_u16()).into()),
        }
    }
}

async fn body(mut response: Response, largest: usize) -> Result<Vec<u8>, FollowFault> {
    const LATE: FollowFault = FollowFault::Away("it does not answer in time");
    let whole = async {
        let mut body = Vec::new();
        loop {
            let part = tokio::time::timeout(ANSWER, response.chunk()).await;
            match part.map_err(|_| LATE)?.map_err(|e| away(&e))? {
                Some(part) if body.len() + part.len() > largest => return Err(FollowFault::TooLong),
                Some(part) => body.extend_from_slice(&part),
                None => return Ok(body),
            }
        }
    };
    tokio::time::timeout(WHOLE, whole).await.unwrap_or(Err(LATE))
}

fn read_page(
    form: &'static Form,
    after: Option<&Key>,
    body: &[u8],
) -> Result<(PageHead, Vec<Row>, PageEnd), FollowFault> {
    let mut lines = body.split(|byte| *byte == b'\n');
    let head = PageHead::read(lines.next().unwrap_or_default())?;
    let mut rows: Vec<Row> = Vec::new();
    let mut last = after.cloned();
    for line in lines {
        match read_page_line(form, line)? {
            Ok(row) => {
                let key = form.key(&row);
                if last.as_ref().is_some_and(|last| key <= *last) || rows.len() == LARGEST_PAGE {
                    return Err(FollowFault::Order(form.name));
                }
                last = Some(key);
                rows.push(row);
            }
            // What comes after it is nothing's.
            Err(end) if end.rows == rows.len() && !(end.more && rows.is_empty()) => return Ok((head, rows, end)),
            Err(_) => return Err(FollowFault::NoEnd(form.name)),
        }
    }
    Err(FollowFault::NoEnd(form.name))
}

/// A stream of changes.
pub(super) struct Changes {
    response: Response,
    /// Of a line that is not whole yet, and of whole ones that were too many for a batch.
    held: Vec<u8>,
}

impl Changes {
    /// Lines that came together, at least one.
    pub(super) async fn next(&mut self) -> Result<Vec<Line>, FollowFault> {
        loop {
            let lines = self.whole()?;
            if !lines.is_empty() {
                return Ok(lines);
            }
            if self.held.len() > LONGEST_LINE {
                return Err(LineFault::TooLong.into());
            }
            let part = tokio::time::timeout(SILENT, self.response.chunk()).await;
            match part.map_err(|_| FollowFault::Silent)?.map_err(|e| away(&e))? {
                Some(part) => self.held.extend_from_slice(&part),
                // A line without its end is none.
                None => return Err(FollowFault::Closed),
            }
        }
    }

    fn whole(&mut self) -> Result<Vec<Line>, FollowFault> {
        let mut lines = Vec::new();
        let mut at = 0;
        while lines.len() < BATCH
            && let Some(end) = memchr::memchr(b'\n', &self.held[at..])
        {
            lines.push(Line::read(&self.held[at..at + end])?);
            at += end + 1;
        }
        self.held.drain(..at);
        Ok(lines)
    }
}
