//! The rows of a node's forms, and its newest changes: pure, without a clock and without chance. What is told of them is written in
//! `page` and `stream`; `FormsHandle` has the one lock around it.

use std::collections::{BTreeMap, VecDeque};

use schemas::data::sync::{Change, Line, Stand, Wanted};
use schemas::data::{Digest, FORMS, Form, Key, Row, Value};

use super::AtSwitch;
use super::broken::Broken;
use super::rules::{self, Unfit};
use super::seed;
use crate::sim::plan::Plan;

/// Changes that are kept for readers that come back.
pub const KEPT: usize = 10_000;

/// What is to become of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// From what an application read.
    Wanted(Wanted),
    /// So, whatever it is now.
    Set(Row),
    Remove(Key),
}

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    #[error("there is such a row already")]
    There(Row),
    #[error("the row is another by now")]
    Changed(Row),
    #[error("there is no such row any more")]
    Gone,
    #[error("{0}")]
    Unfit(#[from] Unfit),
}

impl NotDone {
    /// The row as it is now, where there is one.
    #[must_use]
    pub fn present(&self) -> Option<&Row> {
        match self {
            Self::There(row) | Self::Changed(row) => Some(row),
            Self::Gone | Self::Unfit(_) => None,
        }
    }
}

/// Whether what follows a change is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    /// Lines, each with its end, and the number of the last change in them.
    Lines(String, u64),
    /// The newest change is known already.
    Nothing,
    /// It is not kept any more, or was never made.
    Lost,
}

#[derive(Debug, Default)]
struct Table {
    rows: BTreeMap<Key, Row>,
    digest: Digest,
}

/// The configuration of one node.
#[derive(Debug)]
pub struct Forms {
    node: u16,
    began_ms: i64,
    /// Counts begun since then.
    counts: u64,
    seq: u64,
    tables: BTreeMap<&'static str, Table>,
    /// Without a hole up to `seq`.
    changes: VecDeque<Change>,
    pub(super) broken: Broken,
    /// A change that is said twice.
    doubled: Option<u64>,
}

impl Forms {
    /// As the plan has it, and as people have set it at the switch since. `now_ms` must be another one in each life of a node.
    #[must_use]
    pub(super) fn new(plan: &Plan, switch: &AtSwitch, now_ms: i64) -> Self {
        let mut forms = Self {
            node: plan.ceid.get(),
            began_ms: now_ms,
            counts: 1,
            seq: 0,
            tables: FORMS.iter().map(|form| (form.name, Table::default())).collect(),
            changes: VecDeque::new(),
            broken: Broken::default(),
            doubled: None,
        };
        seed::rows(plan, switch, |form, row| forms.put(form, form.key(&row), Some(row)));
        forms
    }

    /// The name of the present count.
    #[must_use]
    pub fn epoch(&self) -> String {
        format!("{:03}-{}-{}", self.node, self.began_ms, self.counts)
    }

    /// Number of the newest change.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    #[must_use]
    pub fn stand(&self) -> Stand {
        let digest = |form: &'static Form| (form, self.tables.get(form.name).map(|t| t.digest).unwrap_or_default());
        Stand { epoch: self.epoch(), seq: self.seq, forms: FORMS.iter().map(digest).collect() }
    }

    #[must_use]
    pub fn row(&self, form: &Form, key: &Key) -> Option<&Row> {
        self.tables.get(form.name)?.rows.get(key)
    }

    /// By key.
    pub fn rows(&self, form: &Form) -> impl Iterator<Item = &Row> {
        self.tables.get(form.name).into_iter().flat_map(|table| table.rows.values())
    }

    /// Those after a key; all of them without one.
    pub(super) fn rows_after(&self, form: &Form, after: Option<&Key>) -> impl Iterator<Item = (&Key, &Row)> {
        use std::ops::Bound::{Excluded, Unbounded};

        let from = after.map_or(Unbounded, Excluded);
        self.tables.get(form.name).into_iter().flat_map(move |table| table.rows.range::<Key, _>((from, Unbounded)))
    }

    /// The number of the change, or of the newest one when there is nothing to change. Rows that go with one that is removed
    /// have their changes before it.
    ///
    /// # Errors
    /// See [`NotDone`]; nothing has changed then.
    pub fn change(&mut self, form: &'static Form, asked: Asked, at_ms: i64) -> Result<u64, NotDone> {
        let (key, expected, after) = match asked {
            Asked::Wanted(Wanted { before, after }) => {
                let named = |row: &Option<Row>| row.as_ref().map(|row| form.key(row));
                let (old, new) = (named(&before), named(&after));
                let moved = old.is_some() && new.is_some() && old != new;
                let key = old.or(new).filter(|_| !moved).ok_or(Unfit::Key)?;
                (key, Some(before), after)
            }
            Asked::Set(row) => (form.key(&row), None, Some(row)),
            Asked::Remove(key) => (key, None, None),
        };
        let present = self.row(form, &key).cloned();
        match (expected, &present) {
            (Some(expected), present) if expected == *present => {}
            (Some(None), Some(present)) => return Err(NotDone::There(present.clone())),
            (Some(_), Some(present)) => return Err(NotDone::Changed(present.clone())),
            (Some(_), None) => return Err(NotDone::Gone),
            (None, None) if after.is_none() => return Err(NotDone::Gone),
            (None, _) => {}
        }
        if present == after {
            return Ok(self.seq);
        }
        for (along, row) in rules::check(self, form, present.as_ref(), after.as_ref())? {
            self.apply(along, Some(row), None, at_ms);
        }
        self.apply(form, present, after, at_ms);
        Ok(self.seq)
    }

    /// People changed it at the switch: what rows say follows, whatever rules there are. A row that is not there stays away.
    pub(super) fn follow(&mut self, form: &'static Form, key: &Key, column: &str, value: Value, at_ms: i64) {
        let (Some(at), Some(before)) = (form.column(column), self.row(form, key)) else { return };
        let mut after = before.clone();
        match after.0.get_mut(at) {
            Some(now) if *now != value => *now = value,
            _ => return,
        }
        let before = Some(before.clone());
        self.apply(form, before, Some(after), at_ms);
    }

    fn apply(&mut self, form: &'static Form, before: Option<Row>, after: Option<Row>, at_ms: i64) {
        let Some(key) = after.as_ref().or(before.as_ref()).map(|row| form.key(row)) else { return };
        self.put(form, key, after.clone());
        if std::mem::take(&mut self.broken.drop_change) {
            return;
        }
        self.seq += 1;
        if std::mem::take(&mut self.broken.double_change) {
            self.doubled = Some(self.seq);
        }
        self.changes.push_back(Change { seq: self.seq, form, before, after, at_ms });
        if self.changes.len() > KEPT {
            self.changes.pop_front();
        }
    }

    fn put(&mut self, form: &'static Form, key: Key, row: Option<Row>) {
        let table = self.tables.entry(form.name).or_default();
        if let Some(row) = &row {
            table.digest.add(form, row);
        }
        let former = match row {
            Some(row) => table.rows.insert(key, row),
            None => table.rows.remove(&key),
        };
        if let Some(former) = former {
            table.digest.remove(form, &former);
        }
    }

    /// The count is lost: another begins, and none of the changes is known any more. The rows stay.
    pub(super) fn lose_count(&mut self) {
        self.counts += 1;
        self.seq = 0;
        self.doubled = None;
        self.changes.clear();
    }

    /// Whether every change after `since` can be told in that count.
    #[must_use]
    pub fn has_since(&self, epoch: &str, since: u64) -> bool {
        // As many are kept as came after the one before the oldest.
        let oldest = self.seq - self.changes.len() as u64;
        epoch == self.epoch() && (oldest..=self.seq).contains(&since)
    }

    /// What comes after a change: at most `most` changes, and no further one when `bytes` are reached.
    pub(super) fn news(&self, epoch: &str, since: u64, most: usize, bytes: usize) -> News {
        if !self.has_since(epoch, since) {
            return News::Lost;
        }
        let known = self.changes.len() - usize::try_from(self.seq - since).unwrap_or(usize::MAX);
        let (mut lines, mut last) = (String::new(), since);
        for change in self.changes.iter().skip(known).take(most) {
            last = change.seq;
            let line = Line::Change(change.clone()).write();
            for _ in 0..=usize::from(self.doubled == Some(last)) {
                lines.push_str(&line);
                lines.push('\n');
            }
            if lines.len() >= bytes {
                break;
            }
        }
        if last == since { News::Nothing } else { News::Lines(lines, last) }
    }
}
