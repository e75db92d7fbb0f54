//! What the one who follows a node writes: pages of a copy, changes of the stream, and where it stands. Each function is the work
//! of one transaction, so that rows, digests and the log never disagree.

use schemas::data::sql::tables;
use schemas::data::sync::Change;
use schemas::data::{Digest, FORMS, Form, Key, Row, Value};
use schemas::domain::Ceid;

use super::log::{self, integer, number, text, whole as numbered};
use super::{FormStand, NodeStand, Reading, Transaction, Whole};
use crate::storage::StorageError;

/// Rows of a form between two keys, as a node has them.
#[derive(Debug)]
pub struct Page {
    pub form: &'static Form,
    /// None for the first page.
    pub after: Option<Key>,
    /// None for the last one.
    pub until: Option<Key>,
    /// By key.
    pub rows: Vec<Row>,
}

/// What became of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Rows that were not as the node has them.
    pub differed: usize,
    /// Number of the newest change in the log.
    pub newest: u64,
}

/// What became of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Forms whose rows were not what the changes began from.
    pub suspects: Vec<&'static Form>,
    /// Of the forms that were changed, as they are now.
    pub digests: Vec<(&'static Form, Digest)>,
    pub newest: u64,
}

/// Who writes the copy of a node: one life of its following. A later one takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    pub ceid: Ceid,
    /// 53 random bits.
    pub number: u64,
}

/// From now on this one writes.
pub(super) fn claim(tx: &mut dyn Transaction, life: Life) -> Result<(), StorageError> {
    tx.run(
        "INSERT INTO sync_life (ceid, life) VALUES ($1, $2) ON CONFLICT (ceid) DO UPDATE SET life = excluded.life",
        &[node(life.ceid), numbered(life.number)],
    )
}

/// What an earlier life had still under way is not written any more, be it of another gateway.
pub(super) fn holds(tx: &mut dyn Reading, life: Life) -> Result<Ceid, StorageError> {
    let rows = tx.read("SELECT life FROM sync_life WHERE ceid = $1", &[node(life.ceid)], 1)?;
    let same = rows.first().and_then(|row| number(row.first()?)) == Some(life.number);
    if same { Ok(life.ceid) } else { Err(StorageError::Changed(format!("who follows node {}", life.ceid))) }
}

fn node(ceid: Ceid) -> Value {
    Value::Integer(ceid.get().into())
}

fn name(form: &Form) -> Value {
    Value::Text(form.name.into())
}

fn form_stand(row: &[Value]) -> Option<Option<FormStand>> {
    let [form, is_whole, rows, digest, as_of, copied_at_ms] = row else { return None };
    // A form that this version does not know any more.
    let Some(form) = schemas::data::form(text(form)?) else { return Some(None) };
    Some(Some(FormStand {
        form,
        digest: Digest::new(number(rows)?, u64::from_str_radix(text(digest)?, 16).ok()?),
        whole: match integer(is_whole)? {
            0 => Whole::Never,
            1 => Whole::Stale,
            _ => Whole::Yes,
        },
        as_of: number(as_of)?,
        copied_at_ms: integer(copied_at_ms),
    }))
}

pub(super) fn forms(tx: &mut dyn Reading, ceid: Ceid) -> Result<Vec<FormStand>, StorageError> {
    let rows = tx.read(
        "SELECT form, whole, rows, digest, as_of, copied_at_ms FROM sync_form WHERE ceid = $1 ORDER BY form",
        &[node(ceid)],
        6,
    )?;
    let read = rows.iter().map(|row| form_stand(row).ok_or(StorageError::Damaged("where a form stands".into())));
    Ok(read.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

pub(super) fn stand(tx: &mut dyn Reading, ceid: Ceid) -> Result<Option<NodeStand>, StorageError> {
    let rows = tx.read("SELECT epoch, seq FROM sync_node WHERE ceid = $1", &[node(ceid)], 2)?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (Some(epoch), Some(seq)) = (text(&row[0]), number(&row[1])) else {
        return Err(StorageError::Damaged("where a node stands".into()));
    };
    Ok(Some(NodeStand { epoch: epoch.to_owned(), seq, forms: forms(tx, ceid)? }))
}

pub(super) fn nodes(tx: &mut dyn Reading) -> Result<Vec<Ceid>, StorageError> {
    let rows = tx.read("SELECT ceid FROM sync_node ORDER BY ceid", &[], 1)?;
    Ok(rows.iter().filter_map(|row| log::ceid(row.first()?)).collect())
}

pub(super) fn stands(tx: &mut dyn Reading) -> Result<Vec<(Ceid, NodeStand)>, StorageError> {
    let mut stands = Vec::new();
    for ceid in nodes(tx)? {
        stands.extend(stand(tx, ceid)?.map(|stand| (ceid, stand)));
    }
    Ok(stands)
}

pub(super) fn begin_copy(
    tx: &mut dyn Transaction,
    life: Life,
    epoch: &str,
    seq: u64,
    of: &[&'static Form],
) -> Result<(), StorageError> {
    let ceid = holds(tx, life)?;
    tx.run(
        "INSERT INTO sync_node (ceid, epoch, seq) VALUES ($1, $2, $3) \
         ON CONFLICT (ceid) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq",
        &[node(ceid), Value::Text(epoch.to_owned()), numbered(seq)],
    )?;
    let known = forms(tx, ceid)?;
    for form in of {
        if !known.iter().any(|stand| stand.form == *form) {
            tx.run(
                "INSERT INTO sync_form (ceid, form, whole, rows, digest, as_of, copied_at_ms) \
                 VALUES ($1, $2, 0, 0, '0', 0, NULL)",
                &[node(ceid), name(form)],
            )?;
        }
    }
    stale(tx, life, of)
}

pub(super) fn stale(tx: &mut dyn Transaction, life: Life, of: &[&'static Form]) -> Result<(), StorageError> {
    let ceid = holds(tx, life)?;
    for form in of {
        let statement = "UPDATE sync_form SET whole = 1 WHERE ceid = $1 AND form = $2 AND whole = 2";
        tx.run(statement, &[node(ceid), name(form)])?;
    }
    Ok(())
}

/// Places of rows that differ: as they are, and as they are to be. Both sides are by key.
pub(super) fn differing(form: &Form, present: &[Row], rows: &[Row]) -> Vec<(Option<usize>, Option<usize>)> {
    let mut differing = Vec::new();
    let mut kept = present.iter().enumerate().peekable();
    for (at, row) in rows.iter().enumerate() {
        let key = form.key(row);
        while let Some((gone, _)) = kept.next_if(|(_, kept)| form.key(kept) < key) {
            differing.push((Some(gone), None));
        }
        let before = kept.next_if(|(_, kept)| form.key(kept) == key);
        if before.map(|(_, before)| before) != Some(row) {
            differing.push((before.map(|(place, _)| place), Some(at)));
        }
    }
    differing.extend(kept.map(|(gone, _)| (Some(gone), None)));
    differing
}

/// Makes present rows what they are to be; gives how many differed.
pub(super) fn make(
    tx: &mut dyn Transaction,
    (ceid, form): (Ceid, &'static Form),
    present: &[Row],
    rows: &[Row],
    logged_at_ms: Option<i64>,
) -> Result<usize, StorageError> {
    let differing = differing(form, present, rows);
    // Removed first: a number that went from one row to another is nobody's for a moment, and never two's.
    let gone = differing.iter().filter(|(_, after)| after.is_none()).filter_map(|(before, _)| *before);
    let gone: Vec<Key> = gone.map(|at| form.key(&present[at])).collect();
    if !gone.is_empty() {
        tx.remove(ceid, form, &gone)?;
    }
    let put: Vec<&Row> = differing.iter().filter_map(|(_, after)| *after).map(|at| &rows[at]).collect();
    if !put.is_empty() {
        tx.put(ceid, form, &put)?;
    }
    if let Some(at_ms) = logged_at_ms {
        for (before, after) in &differing {
            log::note(tx, ceid, form, before.map(|at| &present[at]), after.map(|at| &rows[at]), at_ms)?;
        }
    }
    Ok(differing.len())
}

/// Nobody has seen rows of a form that never was whole: what becomes of them is no change.
pub(super) fn is_first(tx: &mut dyn Reading, ceid: Ceid, form: &Form) -> Result<bool, StorageError> {
    Ok(forms(tx, ceid)?.iter().all(|stand| stand.form != form || stand.whole == Whole::Never))
}

pub(super) fn page(tx: &mut dyn Transaction, life: Life, page: &Page, now_ms: i64) -> Result<Copied, StorageError> {
    let ceid = holds(tx, life)?;
    let Page { form, after, until, rows } = page;
    let logged = (!is_first(tx, ceid, form)?).then_some(now_ms);
    let present = tx.rows(ceid, form, after.as_ref(), until.as_ref())?;
    let differed = make(tx, (ceid, form), &present, rows, logged)?;
    Ok(Copied { differed, newest: log::newest(tx)? })
}

fn keep_digest(tx: &mut dyn Transaction, ceid: Ceid, form: &Form, digest: Digest) -> Result<(), StorageError> {
    tx.run(
        "UPDATE sync_form SET rows = $3, digest = $4 WHERE ceid = $1 AND form = $2",
        &[node(ceid), name(form), numbered(digest.rows), Value::Text(format!("{:x}", digest.sum()))],
    )
}

pub(super) fn whole(
    tx: &mut dyn Transaction,
    life: Life,
    form: &'static Form,
    digest: Digest,
    as_of: u64,
    now_ms: i64,
) -> Result<(), StorageError> {
    let ceid = holds(tx, life)?;
    keep_digest(tx, ceid, form, digest)?;
    tx.run(
        "UPDATE sync_form SET whole = 2, as_of = $3, copied_at_ms = $4 WHERE ceid = $1 AND form = $2",
        &[node(ceid), name(form), numbered(as_of), Value::Integer(now_ms)],
    )
}

pub(super) fn apply(
    tx: &mut dyn Transaction,
    life: Life,
    seq: u64,
    changes: &[Change],
) -> Result<Applied, StorageError> {
    let ceid = holds(tx, life)?;
    let known = forms(tx, ceid)?;
    let mut digests: Vec<(&'static Form, Digest)> = Vec::new();
    let mut suspects: Vec<&'static Form> = Vec::new();
    for change in changes {
        let form = change.form;
        let key = change.key();
        let present = tx.row(ceid, form, &key)?;
        if present != change.before && !suspects.contains(&form) {
            suspects.push(form);
        }
        if present == change.after {
            continue; // the copy had it already
        }
        let at = digests.iter().position(|(of, _)| *of == form).unwrap_or_else(|| {
            let stand = known.iter().find(|stand| stand.form == form);
            digests.push((form, stand.map(|stand| stand.digest).unwrap_or_default()));
            digests.len() - 1
        });
        let digest = &mut digests[at].1;
        if let Some(row) = &present {
            digest.remove(form, row);
        }
        match &change.after {
            Some(row) => {
                digest.add(form, row);
                tx.put(ceid, form, &[row])?;
            }
            None => tx.remove(ceid, form, &[key])?,
        }
        log::note(tx, ceid, form, present.as_ref(), change.after.as_ref(), change.at_ms)?;
    }
    for (form, digest) in &digests {
        keep_digest(tx, ceid, form, *digest)?;
    }
    tx.run("UPDATE sync_node SET seq = $2 WHERE ceid = $1", &[node(ceid), numbered(seq)])?;
    Ok(Applied { suspects, digests, newest: log::newest(tx)? })
}

pub(super) fn forget(tx: &mut dyn Transaction, ceid: Ceid) -> Result<(), StorageError> {
    for form in FORMS {
        tx.run(&format!("DELETE FROM \"{}\" WHERE \"{}\" = $1", tables::name(form), tables::NODE), &[node(ceid)])?;
    }
    for table in ["sync_form", "sync_node", "sync_life"] {
        tx.run(&format!("DELETE FROM {table} WHERE ceid = $1"), &[node(ceid)])?;
    }
    Ok(())
}
