//! What a file says a node's form is: what that would change, and the change. Both go through the form and the file side by
//! side, in parts, so that whoever waits sees how far it is; the change is one transaction all the same.

use schemas::data::sync::Operation;
use schemas::data::{Digest, Form, Row, Value};
use schemas::domain::Ceid;

use super::write::{self, Life};
use super::{FormStand, NodeStand, Reading, Transaction};
use crate::data::file::{File, TOLD, key_of};
use crate::storage::StorageError;

/// The epoch of a node whose forms come by files. No node can say it: its name has no space.
pub const FILES: &str = "of files";
/// Rows of a part.
const PART: usize = 1000;

/// What a form and a file differ in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// The form as it was compared; `None` where nothing of it is kept.
    pub seen: Option<FormStand>,
    pub added: usize,
    pub changed: usize,
    pub removed: usize,
    pub same: usize,
    /// The first [`TOLD`] rows that differ, by key.
    pub rows: Vec<Differing>,
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    /// Of the file, which a row that is removed is not in.
    pub line: Option<u64>,
    /// What names it, for people.
    pub key: String,
    pub operation: Operation,
    /// Of a row that is changed, the columns that differ.
    pub columns: Vec<&'static str>,
}

/// A part of a form, and of a file.
struct Part<'a> {
    form: &'static Form,
    present: Vec<Row>,
    /// Lines of the rows.
    lines: &'a [(u64, Row)],
    rows: Vec<Row>,
}

/// Rows of a file with what is kept in the columns that it does not have.
fn completed(file: &File, rows: &[(u64, Row)], present: &[Row]) -> Vec<Row> {
    let mut kept = present.iter().peekable();
    let complete = |(_, row): &(u64, Row)| {
        let mut row = row.clone();
        if file.given.iter().all(|given| *given) {
            return row;
        }
        let key = file.form.key(&row);
        while kept.next_if(|kept| file.form.key(kept) < key).is_some() {}
        if let Some(kept) = kept.next_if(|kept| file.form.key(kept) == key) {
            let own = row.0.iter_mut().zip(&kept.0).zip(&file.given);
            own.filter(|(_, given)| !**given).for_each(|((value, kept), _)| value.clone_from(kept));
        }
        row
    };
    rows.iter().map(complete).collect()
}

fn parts<T: Reading + ?Sized>(
    tx: &mut T,
    ceid: Ceid,
    file: &File,
    on: &dyn Fn(usize),
    mut each: impl FnMut(&mut T, &Part<'_>) -> Result<(), StorageError>,
) -> Result<(), StorageError> {
    let form = file.form;
    let mut after = None;
    let mut rest = file.rows.as_slice();
    loop {
        let (lines, later) = rest.split_at(rest.len().min(PART));
        rest = later;
        // Behind the last row of the file there is nothing that stays.
        let until = lines.last().filter(|_| !rest.is_empty()).map(|(_, row)| form.key(row));
        let present = tx.rows(ceid, form, after.as_ref(), until.as_ref())?;
        let rows = completed(file, lines, &present);
        each(tx, &Part { form, present, lines, rows })?;
        on(file.rows.len() - rest.len());
        after = until;
        if after.is_none() {
            return Ok(());
        }
    }
}

pub(super) fn difference(
    tx: &mut dyn Reading,
    ceid: Ceid,
    file: &File,
    on: &dyn Fn(usize),
) -> Result<Difference, StorageError> {
    let mut all = Difference { seen: seen(tx, ceid, file.form)?, ..Difference::default() };
    parts(tx, ceid, file, on, |_, part| {
        add(&mut all, part);
        Ok(())
    })?;
    Ok(all)
}

fn add(all: &mut Difference, part: &Part<'_>) {
    let Part { form, present, lines, rows } = part;
    let differing = write::differing(form, present, rows);
    all.same += rows.len() - differing.iter().filter(|(_, after)| after.is_some()).count();
    for (before, after) in differing {
        let (before, line) = (before.map(|at| &present[at]), after.map(|at| lines[at].0));
        let after = after.map(|at| &rows[at]);
        let operation = Operation::of(before, after);
        *match operation {
            Operation::Insert => &mut all.added,
            Operation::Update => &mut all.changed,
            Operation::Delete => &mut all.removed,
        } += 1;
        if all.rows.len() < TOLD
            && let Some(row) = after.or(before)
        {
            let columns = before.zip(after).map(|(before, after)| other_columns(form, before, after));
            let (key, columns) = (key_of(form, row), columns.unwrap_or_default());
            all.rows.push(Differing { line, key, operation, columns });
        }
    }
}

fn other_columns(form: &Form, before: &Row, after: &Row) -> Vec<&'static str> {
    let same = |(_, (before, after)): &(_, (&Value, &Value))| before != after;
    form.columns.iter().zip(before.0.iter().zip(&after.0)).filter(same).map(|(column, _)| column.name).collect()
}

fn seen(tx: &mut dyn Reading, ceid: Ceid, form: &Form) -> Result<Option<FormStand>, StorageError> {
    Ok(write::forms(tx, ceid)?.into_iter().find(|stand| stand.form == form))
}

pub(super) fn import(
    tx: &mut dyn Transaction,
    life: Life,
    file: &File,
    as_seen: Option<FormStand>,
    now_ms: i64,
    on: &dyn Fn(usize),
) -> Result<(NodeStand, u64), StorageError> {
    let (ceid, form) = (life.ceid, file.form);
    // Whoever followed the node before does not write any more.
    write::claim(tx, life)?;
    if seen(tx, ceid, form)? != as_seen {
        return Err(StorageError::Changed(format!("the form {} of node {ceid}", form.name)));
    }
    let logged = (!write::is_first(tx, ceid, form)?).then_some(now_ms);
    // Files are counted as a node counts its changes.
    let before = write::stand(tx, ceid)?.filter(|stand| stand.epoch == FILES).map_or(0, |stand| stand.seq);
    write::begin_copy(tx, life, FILES, before + 1, &[form])?;
    let mut digest = Digest::default();
    parts(tx, ceid, file, on, |tx, Part { form, present, rows, .. }| {
        rows.iter().for_each(|row| digest.add(form, row));
        write::make(tx, (ceid, form), present, rows, logged).map(drop)
    })?;
    write::whole(tx, life, form, digest, before + 1, now_ms)?;
    let stand = write::stand(tx, ceid)?.ok_or_else(|| StorageError::Missing("where the node stands".into()))?;
    Ok((stand, super::log::newest(tx)?))
}
