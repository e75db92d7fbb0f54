//! What every node shows, and its changes as they come, for every page that looks.
//!
//! One task for each node waits until something changed, asks once, and renders once what is new;
//! pages share the text. A page is told the whole state first. It hears a comment when nothing
//! else was said, and is let go when it does not read; browsers then come again by themselves.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::Serialize;
use tokio::sync::broadcast::{self, Receiver, Sender, error::RecvError};
use tokio::time::{Instant, sleep, timeout};

use crate::sim::node::SimNodeHandle;
use crate::sim::truth::Truth;
use crate::sim::view::{NodeView, PhoneView};

/// Pages that may look at a time.
pub(super) const PAGES: usize = 64;
/// Changes that may wait for a page that does not read.
pub(super) const WAITING: usize = 256;
/// Truth records that a page is shown when it comes.
const RECORDS: usize = 200;
/// Changes of a node are told at most so often: a person sees no more.
const PACE: Duration = Duration::from_millis(40);
/// Nothing else was said for so long: a comment is.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// A page that took nothing for so long gives its place to one that comes.
const STALLED: Duration = Duration::from_secs(30);

pub(super) struct Hub(Mutex<State>);

struct State {
    nodes: BTreeMap<u16, NodeView>,
    records: VecDeque<Truth>,
    /// `None` when the lab ends.
    news: Option<Sender<Bytes>>,
    /// Pages by number, with the moment when each last took something.
    pages: BTreeMap<u64, Instant>,
    next: u64,
}

/// Everything that a page needs.
#[derive(Serialize)]
struct Whole<'a> {
    nodes: Vec<&'a NodeView>,
    records: &'a VecDeque<Truth>,
}

/// What is new at a node: its line of facts, the phones that changed, the records.
#[derive(Serialize)]
struct News<'a> {
    node: &'a NodeView,
    records: &'a [Truth],
}

/// Keeps a node's view up to date until the node stops.
pub(super) async fn watch(node: SimNodeHandle, hub: Arc<Hub>) {
    let mut changes = node.changes();
    let mut since = 0;
    while let Ok(view) = node.view(since).await {
        since = view.seq;
        hub.update(view);
        sleep(PACE).await;
        if changes.changed().await.is_err() {
            return;
        }
    }
}

fn frame(event: &str, data: &impl Serialize) -> Option<Bytes> {
    let data = serde_json::to_string(data)
        .inspect_err(|fault| tracing::error!(%fault, "the console cannot tell a change"))
        .ok()?;
    Some(format!("event: {event}\ndata: {data}\n\n").into())
}

impl Hub {
    pub(super) fn new() -> Self {
        let state = State {
            nodes: BTreeMap::new(),
            records: VecDeque::new(),
            news: Some(broadcast::channel(WAITING).0),
            pages: BTreeMap::new(),
            next: 0,
        };
        Self(Mutex::new(state))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what a node shows now, and tells the pages what of it is new.
    pub(super) fn update(&self, mut view: NodeView) {
        let mut state = self.state();
        let records = std::mem::take(&mut view.truth);
        let same = |former: &NodeView| NodeView { at_ms: former.at_ms, ..view.clone() } == *former;
        if records.is_empty() && state.nodes.get(&view.node).is_some_and(same) {
            return;
        }
        if let Some(former) = state.nodes.insert(view.node, view.clone()) {
            let before: BTreeMap<&str, &PhoneView> = former.phones.iter().map(|p| (p.dn.as_str(), p)).collect();
            view.phones.retain(|phone| before.get(phone.dn.as_str()) != Some(&phone));
        }
        state.records.extend(records.iter().cloned());
        let over = state.records.len().saturating_sub(RECORDS);
        state.records.drain(..over);
        if let Some(news) = state.news.as_ref().filter(|news| news.receiver_count() > 0)
            && let Some(frame) = frame("news", &News { node: &view, records: &records })
        {
            // The last page may just have gone.
            let _ = news.send(frame);
        }
    }

    /// The stream of one page; `None` when there are too many, or the lab ends.
    pub(super) fn look(self: Arc<Self>) -> Option<impl Stream<Item = Result<Bytes, Infallible>> + use<>> {
        let mut state = self.state();
        if state.pages.len() >= PAGES {
            let now = Instant::now();
            state.pages.retain(|_, took| now.duration_since(*took) < STALLED);
        }
        if state.pages.len() >= PAGES {
            return None;
        }
        let news = state.news.as_ref()?.subscribe();
        let first = frame("state", &Whole { nodes: state.nodes.values().collect(), records: &state.records })?;
        state.next += 1;
        let number = state.next;
        state.pages.insert(number, Instant::now());
        drop(state);
        let page = Page { hub: self, number, first: Some(first), news };
        Some(unfold(page, |mut page| async move { Some((Ok(page.next().await?), page)) }))
    }

    /// Ends every stream, and lets no other begin.
    pub(super) fn close(&self) {
        self.state().news = None;
    }

    #[cfg(test)]
    pub(super) fn pages(&self) -> usize {
        self.state().pages.len()
    }
}

struct Page {
    hub: Arc<Hub>,
    number: u64,
    first: Option<Bytes>,
    news: Receiver<Bytes>,
}

impl Page {
    async fn next(&mut self) -> Option<Bytes> {
        *self.hub.state().pages.get_mut(&self.number)? = Instant::now();
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        match timeout(HEARTBEAT, self.news.recv()).await {
            Ok(Ok(news)) => Some(news),
            // It reads too slowly for what happens, or the lab ends.
            Ok(Err(RecvError::Lagged(_) | RecvError::Closed)) => None,
            Err(_) => Some(Bytes::from_static(b": still here\n\n")),
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.hub.state().pages.remove(&self.number);
    }
}
