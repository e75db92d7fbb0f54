//! The stream of changes as one reader hears it: lines are made as they are taken, so that who does not read costs nothing. Made by
//! `serve`.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use actix_web::web::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use schemas::data::sync::{ALIVE_MS, Line};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::page::cut;
use super::store::News;
use super::{FormsHandle, Page};
use crate::sim::core::Open;

/// Changes that are made into lines at a time, and bytes of lines that are enough.
const AT_ONCE: usize = 256;
const ENOUGH: usize = 32 * 1024;

type Told = Result<Bytes, io::Error>;

/// One reader's place.
pub(super) struct Reader {
    pub forms: FormsHandle,
    pub open: watch::Receiver<Open>,
    pub newest: watch::Receiver<u64>,
    /// Who reads.
    pub gateway: IpAddr,
    pub epoch: String,
    /// The last change that was said.
    pub since: u64,
    /// Lines after which it breaks off.
    pub cut: Option<u64>,
}

/// How far it has come.
enum Place {
    Reading { reader: Box<Reader>, alive: Instant },
    Broken,
    Over,
}

impl Reader {
    /// Until the node has no power or is gone, the reader is no network element any more, or what comes next is not kept.
    pub fn stream(self) -> impl Stream<Item = Told> {
        // It says at once where it stands.
        let begin = Place::Reading { reader: Box::new(self), alive: Instant::now() };
        unfold(begin, |place| async move {
            match place {
                Place::Reading { reader, alive } => reader.next(alive).await,
                Place::Broken => Some((Err(break_off().await), Place::Over)),
                Place::Over => None,
            }
        })
    }

    async fn next(mut self: Box<Self>, alive: Instant) -> Option<(Told, Place)> {
        loop {
            let open = self.open.has_changed().is_ok() && self.open.borrow_and_update().sets;
            // Before it looks: what comes after that wakes it.
            self.newest.mark_unchanged();
            if !open || !self.forms.admits(self.gateway) {
                return None;
            }
            match self.forms.news(&self.epoch, self.since, AT_ONCE, ENOUGH) {
                News::Lost => return None,
                News::Lines(lines, last) => {
                    self.since = last;
                    return Some(self.say(lines));
                }
                News::Nothing => {}
            }
            tokio::select! {
                biased;
                _ = self.newest.changed() => {}
                _ = self.open.changed() => {}
                () = sleep_until(alive) => {
                    let line = Line::Alive(self.since).write();
                    return Some(self.say(line + "\n"));
                }
            }
        }
    }

    fn say(mut self: Box<Self>, lines: String) -> (Told, Place) {
        let count = lines.lines().count() as u64;
        match &mut self.cut {
            Some(left) if *left < count => (Ok(cut(&lines, *left).into()), Place::Broken),
            left => {
                if let Some(left) = left {
                    *left -= count;
                }
                let alive = Instant::now() + Duration::from_millis(ALIVE_MS);
                (Ok(lines.into()), Place::Reading { reader: self, alive })
            }
        }
    }
}

/// A page that breaks off.
pub(super) fn broken(page: Page) -> impl Stream<Item = Told> {
    unfold((Some(page.text), Place::Broken), |(text, place)| async move {
        match (text, place) {
            (Some(text), place) => Some((Ok(Bytes::from(text)), (None, place))),
            (None, Place::Broken) => Some((Err(break_off().await), (None, Place::Over))),
            (None, _) => None,
        }
    })
}

/// After what was said has gone out.
async fn break_off() -> io::Error {
    tokio::task::yield_now().await;
    io::Error::new(io::ErrorKind::ConnectionAborted, "a fault that was asked for")
}
