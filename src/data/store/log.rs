//! The log of changes, numbered over all nodes in the order in which they were written, and what sessions want to hear of it.

use actors::trigger::messages::{Logged, Subscription};
use schemas::data::sql::{Filter, Scope};
use schemas::data::{Form, Row, Value};
use schemas::domain::Ceid;
use serde_json::Value as Json;

use super::Transaction;
use crate::storage::StorageError;

/// What a session wants to hear of, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptTrigger {
    /// Names its session, and gives it away to nobody.
    pub owner: String,
    pub subscription: Subscription,
}

fn damaged(what: &str) -> StorageError {
    StorageError::Damaged(format!("{what} cannot be read"))
}

pub(super) fn integer(value: &Value) -> Option<i64> {
    if let Value::Integer(number) = value { Some(*number) } else { None }
}

pub(super) fn number(value: &Value) -> Option<u64> {
    integer(value).and_then(|number| u64::try_from(number).ok())
}

pub(super) fn text(value: &Value) -> Option<&str> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

pub(super) fn ceid(value: &Value) -> Option<Ceid> {
    integer(value).and_then(|ceid| u16::try_from(ceid).ok()).and_then(|ceid| Ceid::new(ceid).ok())
}

/// None of ours is so large.
pub(super) fn whole(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

pub(super) fn newest(tx: &mut dyn Transaction) -> Result<u64, StorageError> {
    let rows = tx.read("SELECT COALESCE(MAX(number), 0) FROM sync_change", &[], 1)?;
    Ok(rows.first().and_then(|row| number(row.first()?)).unwrap_or(0))
}

pub(super) fn note(
    tx: &mut dyn Transaction,
    at: Ceid,
    form: &'static Form,
    before: Option<&Row>,
    after: Option<&Row>,
    at_ms: i64,
) -> Result<(), StorageError> {
    let json = |row: Option<&Row>| row.map_or(Value::Null, |row| Value::Text(form.write(row).to_string()));
    tx.run(
        "INSERT INTO sync_change (ceid, form, before_row, after_row, at_ms) VALUES ($1, $2, $3, $4, $5)",
        &[
            Value::Integer(at.get().into()),
            Value::Text(form.name.into()),
            json(before),
            json(after),
            Value::Integer(at_ms),
        ],
    )
}

fn read_row(form: &'static Form, value: &Value) -> Option<Option<Row>> {
    match value {
        Value::Null => Some(None),
        Value::Text(text) => {
            let json: Json = serde_json::from_str(text).ok()?;
            form.read(&json).ok().map(Some)
        }
        _ => None,
    }
}

fn logged(row: &[Value]) -> Option<Option<Logged>> {
    let [at, node, form, before, after, at_ms] = row else { return None };
    // A form that this version does not know any more.
    let Some(form) = schemas::data::form(text(form)?) else { return Some(None) };
    Some(Some(Logged {
        number: number(at)?,
        ceid: ceid(node)?,
        form,
        before: read_row(form, before)?,
        after: read_row(form, after)?,
        at_ms: integer(at_ms)?,
    }))
}

pub(super) fn after(tx: &mut dyn Transaction, after: u64, most: usize) -> Result<Vec<Logged>, StorageError> {
    let rows = tx.read(
        "SELECT number, ceid, form, before_row, after_row, at_ms FROM sync_change WHERE number > $1 ORDER BY number LIMIT $2",
        &[whole(after), whole(most as u64)],
        6,
    )?;
    let changes = rows.iter().map(|row| logged(row).ok_or_else(|| damaged("a change of the log")));
    Ok(changes.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

pub(super) fn prune(tx: &mut dyn Transaction, up_to: u64) -> Result<(), StorageError> {
    tx.run("DELETE FROM sync_change WHERE number <= $1", &[whole(up_to)])
}

pub(super) fn subscribe(tx: &mut dyn Transaction, kept: &KeptTrigger) -> Result<(), StorageError> {
    let KeptTrigger { owner, subscription } = kept;
    let Subscription { id, ceid, form, columns, condition, after, .. } = subscription;
    let names: Vec<_> = columns.iter().filter_map(|at| form.columns.get(*at)).map(|column| column.name).collect();
    tx.run(
        "INSERT INTO sync_trigger (id, owner, ceid, form, columns, condition, after_number) \
         VALUES ($1, $2, CAST($3 AS BIGINT), $4, $5, $6, $7)",
        &[
            whole(*id),
            Value::Text(owner.clone()),
            ceid.map_or(Value::Null, |ceid| Value::Integer(ceid.get().into())),
            Value::Text(form.name.into()),
            if names.is_empty() { Value::Null } else { Value::Text(names.join(" ")) },
            condition.clone().map_or(Value::Null, Value::Text),
            whole(*after),
        ],
    )
}

pub(super) fn unsubscribe(tx: &mut dyn Transaction, id: u64) -> Result<(), StorageError> {
    tx.run("DELETE FROM sync_trigger WHERE id = $1", &[whole(id)])
}

fn kept_trigger(row: &[Value]) -> Option<Option<KeptTrigger>> {
    let [id, owner, node, form, columns, condition, after] = row else { return None };
    // A form, or a condition, that this version does not know any more.
    let Some(form) = schemas::data::form(text(form)?) else { return Some(None) };
    let ceid = match node {
        Value::Null => None,
        node => Some(ceid(node)?),
    };
    let condition = text(condition).map(str::to_owned);
    let scope = Scope { cluster: ceid.is_none(), advanced: true };
    let filter = condition.as_deref().map(|condition| Filter::parse(form, condition, scope));
    let Ok(filter) = filter.transpose() else { return Some(None) };
    let columns = text(columns).map(|names| names.split(' ').filter_map(|name| form.column(name)).collect());
    Some(Some(KeptTrigger {
        owner: text(owner)?.to_owned(),
        subscription: Subscription {
            id: number(id)?,
            ceid,
            form,
            columns: columns.unwrap_or_default(),
            filter,
            condition,
            after: number(after)?,
        },
    }))
}

pub(super) fn subscriptions(tx: &mut dyn Transaction) -> Result<Vec<KeptTrigger>, StorageError> {
    let rows = tx.read(
        "SELECT id, owner, ceid, form, columns, condition, after_number FROM sync_trigger ORDER BY id",
        &[],
        7,
    )?;
    let read = rows.iter().map(|row| kept_trigger(row).ok_or_else(|| damaged("a trigger")));
    Ok(read.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Changes up to this one are not kept.
pub(super) fn pruned(tx: &mut dyn Transaction) -> Result<u64, StorageError> {
    let rows = tx.read("SELECT COALESCE(MIN(number), 1) - 1 FROM sync_change", &[], 1)?;
    Ok(rows.first().and_then(|row| number(row.first()?)).unwrap_or(0))
}

/// Where a session's notifications are handed over, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptHandler {
    pub owner: String,
    pub url: String,
    /// It has taken everything up to this one.
    pub after: u64,
}

pub(super) fn handler(tx: &mut dyn Transaction, kept: &KeptHandler) -> Result<(), StorageError> {
    tx.run(
        "INSERT INTO sync_handler (owner, url, after_number) VALUES ($1, $2, $3) \
         ON CONFLICT (owner) DO UPDATE SET url = excluded.url, after_number = excluded.after_number",
        &[Value::Text(kept.owner.clone()), Value::Text(kept.url.clone()), whole(kept.after)],
    )
}

pub(super) fn no_handler(tx: &mut dyn Transaction, owner: &str) -> Result<(), StorageError> {
    tx.run("DELETE FROM sync_handler WHERE owner = $1", &[Value::Text(owner.to_owned())])
}

pub(super) fn handlers(tx: &mut dyn Transaction) -> Result<Vec<KeptHandler>, StorageError> {
    let rows = tx.read("SELECT owner, url, after_number FROM sync_handler ORDER BY owner", &[], 3)?;
    let read = |row: &[Value]| {
        let [owner, url, after] = row else { return None };
        Some(KeptHandler { owner: text(owner)?.to_owned(), url: text(url)?.to_owned(), after: number(after)? })
    };
    rows.iter().map(|row| read(row).ok_or_else(|| damaged("a handler"))).collect()
}
