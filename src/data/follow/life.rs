//! One life of the following of one node: where the copy stands is compared with where the node stands; what is missing is copied;
//! then every change is applied as the node says it, and counts and digests are compared now and then.
//!
//! It never begins anew by itself: `supervise` decides on the next life, which goes on where this one stopped.

use std::collections::HashMap;
use std::time::Duration;

use schemas::data::sync::{Change, Line, Stand};
use schemas::data::{Digest, Form, Key};
use schemas::domain::Ceid;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tracing::{info, warn};

use super::client::{Changes, FollowFault, NodeClient};
use super::standing::{Standings, State};
use crate::data::store::{Life as Written, Page, Store, Whole};
use crate::storage::change::now_ms;

/// Between two comparisons of counts and digests.
const COMPARE: Duration = Duration::from_secs(60);
/// Rows of a form at one node.
const MOST_ROWS: u64 = 250_000;

/// What somebody wants of a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Copy everything anew.
    Copy,
    /// Compare now.
    Compare,
}

pub(super) struct Life<'a> {
    pub ceid: Ceid,
    /// How it is known to the store.
    pub number: u64,
    pub client: &'a NodeClient,
    pub store: &'a Store,
    pub standings: &'a Standings,
    /// Of all lives, those that copy.
    pub copying: &'a Semaphore,
    pub wishes: &'a mut mpsc::Receiver<Wish>,
    /// What the pages of a form had already, by the last key of each; none for the last page.
    pub has: HashMap<&'static str, Vec<(Option<Key>, u64)>>,
}

/// A copy that was made, in the words of its log line.
struct Made {
    rows: u64,
    differed: usize,
}

impl Life<'_> {
    /// Follows the node until something is in the way.
    pub(super) async fn run(&mut self) -> FollowFault {
        match self.follow().await {
            Ok(never) => match never {},
            Err(fault) => fault,
        }
    }

    fn written(&self) -> Written {
        Written { ceid: self.ceid, number: self.number }
    }

    async fn follow(&mut self) -> Result<std::convert::Infallible, FollowFault> {
        self.standings.is(self.ceid, State::Connecting);
        let mut stand = self.client.stand().await?;
        self.standings.node_is_at(self.ceid, stand.seq);
        self.store.claim(self.written()).await?;
        let kept = self.store.stand(self.ceid).await?;
        let resumed = kept.filter(|kept| kept.epoch == stand.epoch && kept.seq <= stand.seq);
        let mut seq = match resumed {
            Some(kept) => {
                let whole = |form: &Form| {
                    let known = kept.forms.iter().find(|known| known.form == form);
                    // One that was copied up to a later change than the others, and then was not gone on with.
                    known.is_some_and(|known| known.whole == Whole::Yes && known.as_of <= kept.seq)
                };
                self.copy(&stand.epoch, kept.seq, forms(&stand).filter(|form| !whole(form)).collect()).await?;
                kept.seq
            }
            None => {
                self.copy(&stand.epoch, stand.seq, forms(&stand).collect()).await?;
                stand.seq
            }
        };
        let mut changes = match self.client.changes(&stand.epoch, seq).await {
            Err(FollowFault::Gone(_)) => {
                stand = self.client.stand().await?;
                self.standings.node_is_at(self.ceid, stand.seq);
                info!(node = %self.ceid, after = seq, "the node does not have all changes any more: copied anew");
                seq = stand.seq;
                self.copy(&stand.epoch, seq, forms(&stand).collect()).await?;
                self.client.changes(&stand.epoch, seq).await?
            }
            changes => changes?,
        };
        self.stream(&stand, seq, &mut changes).await
    }

    /// Copies forms, so that with the changes after `seq` they are as the node's.
    async fn copy(&mut self, epoch: &str, seq: u64, forms: Vec<&'static Form>) -> Result<(), FollowFault> {
        self.store.begin_copy(self.written(), epoch.to_owned(), seq, forms.clone()).await?;
        if forms.is_empty() {
            return Ok(());
        }
        self.standings.is(self.ceid, State::Copying);
        let began = Instant::now();
        let (mut rows, mut differed) = (0, 0);
        for form in &forms {
            let made = self.copy_form(epoch, form).await?;
            (rows, differed) = (rows + made.rows, differed + made.differed);
        }
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        info!(node = %self.ceid, forms = forms.len(), rows, differed, took_ms, "forms copied");
        Ok(())
    }

    async fn copy_form(&mut self, epoch: &str, form: &'static Form) -> Result<Made, FollowFault> {
        let mut digest = Digest::default();
        let (mut after, mut as_of, mut differed) = (None, 0, 0);
        let mut has: Vec<(Option<Key>, u64)> = Vec::new();
        loop {
            // For each page anew, so that a node that is slow holds the others up for no longer than one takes. Nobody closes it.
            let _turn = self.copying.acquire().await;
            let (head, rows, end) = self.client.page(form, after.as_ref()).await?;
            if head.epoch != epoch {
                return Err(FollowFault::Epoch);
            }
            rows.iter().for_each(|row| digest.add(form, row));
            if digest.rows > MOST_ROWS {
                return Err(FollowFault::TooMany(form.name));
            }
            let until = if end.more { rows.last().map(|row| form.key(row)) } else { None };
            as_of = head.seq.max(as_of);
            has.push((until.clone(), head.seq));
            let page = Page { form, after: after.take(), until: until.clone(), rows };
            differed += self.store.page(self.written(), page, now_ms()).await?.differed;
            if until.is_none() {
                break;
            }
            after = until;
        }
        self.store.whole(self.written(), form, digest, as_of, now_ms()).await?;
        self.has.insert(form.name, has);
        Ok(Made { rows: digest.rows, differed })
    }

    /// Whether the copy has a change already: the page that its row is in was made after it.
    fn has(&self, change: &Change) -> bool {
        let Some(pages) = self.has.get(change.form.name) else { return false };
        let key = change.key();
        let page = pages.iter().find(|(until, _)| until.as_ref().is_none_or(|until| key <= *until));
        page.is_some_and(|(_, seq)| change.seq <= *seq)
    }

    /// Applies every change after a number, to the forms that the node has.
    async fn stream(
        &mut self,
        of: &Stand,
        mut seq: u64,
        changes: &mut Changes,
    ) -> Result<std::convert::Infallible, FollowFault> {
        let epoch = of.epoch.as_str();
        let mut compare = interval_at(Instant::now(), COMPARE);
        compare.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Where the node stood when it was asked; compared when the copy is at the same change.
        let mut asked: Option<tokio::task::JoinHandle<Result<Stand, FollowFault>>> = None;
        let mut due: Option<Stand> = None;
        loop {
            tokio::select! {
                lines = changes.next() => {
                    let lines = lines?;
                    let changed_at_ms = lines.iter().rev().find_map(|line| match line {
                        Line::Change(change) => Some(change.at_ms),
                        Line::Alive(_) | Line::Unknown(_) => None,
                    });
                    for line in lines_up_to(lines, due.as_ref().map(|stand| stand.seq)) {
                        seq = self.apply(seq, line).await?;
                        if due.as_ref().is_some_and(|stand| stand.seq == seq)
                            && let Some(stand) = due.take()
                        {
                            self.compare(epoch, seq, &stand).await?;
                        }
                    }
                    self.standings.heard(self.ceid, seq, changed_at_ms, now_ms());
                }
                _ = compare.tick(), if asked.is_none() && due.is_none() => {
                    let client = self.client.clone();
                    asked = Some(tokio::spawn(async move { client.stand().await }));
                }
                Some(stand) = answered(&mut asked) => {
                    asked = None;
                    let stand = stand?;
                    if stand.epoch != epoch {
                        return Err(FollowFault::Epoch);
                    }
                    self.standings.node_is_at(self.ceid, stand.seq.max(seq));
                    match stand.seq.cmp(&seq) {
                        std::cmp::Ordering::Equal => self.compare(epoch, seq, &stand).await?,
                        std::cmp::Ordering::Greater => due = Some(stand),
                        // Overtaken: at the next time.
                        std::cmp::Ordering::Less => {}
                    }
                }
                Some(wish) = self.wishes.recv() => match wish {
                    Wish::Copy => {
                        // Those that the node has, which need not be all that there can be.
                        self.copy(epoch, seq, forms(of).collect()).await?;
                        self.standings.is(self.ceid, State::Current);
                    }
                    Wish::Compare => compare.reset_immediately(),
                },
            }
        }
    }

    /// Applies lines that came together; gives the number of the last.
    async fn apply(&mut self, seq: u64, lines: Vec<Line>) -> Result<u64, FollowFault> {
        let mut last = seq;
        let mut wanted = Vec::new();
        for line in lines {
            let (number, change) = match line {
                Line::Alive(number) if number > last => return Err(FollowFault::Hole(last)),
                Line::Alive(_) => continue,
                Line::Unknown(number) => (number, None),
                Line::Change(change) => (change.seq, Some(change)),
            };
            if number <= last {
                metrics::counter!("oig_data_changes_repeated_total").increment(1);
                continue;
            }
            if number != last + 1 {
                return Err(FollowFault::Hole(last));
            }
            last = number;
            wanted.extend(change.filter(|change| !self.has(change)));
        }
        if last == seq {
            return Ok(seq);
        }
        metrics::counter!("oig_data_changes_total").increment(wanted.len() as u64);
        let applied = self.store.apply(self.written(), last, wanted).await?;
        self.has.retain(|_, pages| pages.iter().any(|(_, of_page)| *of_page > last));
        if !applied.suspects.is_empty() {
            for form in &applied.suspects {
                warn!(node = %self.ceid, form = form.name, "a change did not begin from the row that is known: copied anew");
            }
            // The next life copies them.
            self.store.stale(self.written(), applied.suspects).await?;
            return Err(FollowFault::Hole(seq));
        }
        Ok(last)
    }

    /// Compares every form with the node's at the same change, and copies those that differ.
    async fn compare(&mut self, epoch: &str, seq: u64, stand: &Stand) -> Result<(), FollowFault> {
        let kept = self.store.stand(self.ceid).await?.map(|kept| kept.forms).unwrap_or_default();
        let same = |form: &Form, digest: Digest| {
            // A page of it is ahead: at the next time.
            let pages = self.has.get(form.name);
            let ahead = pages.is_some_and(|pages| pages.iter().any(|(_, of_page)| *of_page > seq));
            ahead || kept.iter().any(|known| known.form == form && known.digest == digest)
        };
        let differ: Vec<_> =
            stand.forms.iter().filter(|(form, digest)| !same(form, *digest)).map(|(form, _)| *form).collect();
        metrics::counter!("oig_data_comparisons_total").increment(1);
        if !differ.is_empty() {
            for form in &differ {
                metrics::counter!("oig_data_forms_differed_total").increment(1);
                warn!(node = %self.ceid, form = form.name, "the copy differs from the node's form: copied anew");
            }
            self.copy(epoch, seq, differ).await?;
        }
        self.standings.is(self.ceid, State::Current);
        Ok(())
    }
}

/// Those of a node.
fn forms(stand: &Stand) -> impl Iterator<Item = &'static Form> {
    stand.forms.iter().map(|(form, _)| *form)
}

/// Lines in parts: the first ends where the copy is at this change.
fn lines_up_to(mut lines: Vec<Line>, seq: Option<u64>) -> Vec<Vec<Line>> {
    let number = |line: &Line| match line {
        Line::Alive(number) | Line::Unknown(number) => *number,
        Line::Change(change) => change.seq,
    };
    let Some(at) = seq.and_then(|seq| lines.iter().rposition(|line| number(line) == seq)) else { return vec![lines] };
    let rest = lines.split_off(at + 1);
    if rest.is_empty() { vec![lines] } else { vec![lines, rest] }
}

/// The answer, when it is there.
async fn answered(
    asked: &mut Option<tokio::task::JoinHandle<Result<Stand, FollowFault>>>,
) -> Option<Result<Stand, FollowFault>> {
    let answer = asked.as_mut()?.await;
    Some(answer.unwrap_or(Err(FollowFault::Away("the question broke off"))))
}
