//! The log of changes, numbered over all nodes in the order in which they were written, and what sessions want to hear of it.

use actors::trigger::messages::{Logged, Subscription};
use schemas::data::sql::{Filter, Scope};
use schemas::data::{FORMS, Form, Row, Value};
use schemas::domain::Ceid;
use serde_json::Value as Json;

use super::{Reading, Transaction};
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

pub(super) fn newest(tx: &mut dyn Reading) -> Result<u64, StorageError> {
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

fn logged(row: &[Value]) -> Option<Logged> {
    let [at, node, form, before, after, at_ms] = row else { return None };
    let form = schemas::data::form(text(form)?)?;
    Some(Logged {
        number: number(at)?,
        ceid: ceid(node)?,
        form,
        before: read_row(form, before)?,
        after: read_row(form, after)?,
        at_ms: integer(at_ms)?,
    })
}

pub(super) fn after(tx: &mut dyn Reading, after: u64, most: usize) -> Result<Vec<Logged>, StorageError> {
    // Forms that this version does not know are left out here already: fewer changes than were asked for are all there are.
    let known: Vec<_> = FORMS.iter().map(|form| format!("'{}'", form.name)).collect();
    let rows = tx.read(
        &format!(
            "SELECT number, ceid, form, before_row, after_row, at_ms FROM sync_change \
             WHERE number > $1 AND form IN ({}) ORDER BY number LIMIT $2",
            known.join(", ")
        ),
        &[whole(after), whole(most as u64)],
        6,
    )?;
    rows.iter().map(|row| logged(row).ok_or_else(|| damaged("a change of the log"))).collect()
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

pub(super) fn subscriptions(tx: &mut dyn Reading) -> Result<Vec<KeptTrigger>, StorageError> {
    let rows = tx.read(
        "SELECT id, owner, ceid, form, columns, condition, after_number FROM sync_trigger ORDER BY id",
        &[],
        7,
    )?;
    let read = rows.iter().map(|row| kept_trigger(row).ok_or_else(|| damaged("a trigger")));
    Ok(read.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Changes up to this one are not kept.
pub(super) fn pruned(tx: &mut dyn Reading) -> Result<u64, StorageError> {
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

pub(super) fn handlers(tx: &mut dyn Reading) -> Result<Vec<KeptHandler>, StorageError> {
    let rows = tx.read("SELECT owner, url, after_number FROM sync_handler ORDER BY owner", &[], 3)?;
    let read = |row: &[Value]| {
        let [owner, url, after] = row else { return None };
        Some(KeptHandler { owner: text(owner)?.to_owned(), url: text(url)?.to_owned(), after: number(after)? })
    };
    rows.iter().map(|row| read(row).ok_or_else(|| damaged("a handler"))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Store;
    use super::*;
    use crate::storage::tests::everywhere;

    /// One of another version.
    static OTHERS: Form =
        Form { name: "of_another_version", title: "Others", dei_id: 0, columns: &[], standard: false, grows: true };

    #[tokio::test]
    async fn who_looks_waits_for_nobody_who_writes_and_sees_what_is_committed() {
        everywhere(async |options| {
            let store = Store::open(&options).expect("it can be used");
            let at = Ceid::new(1).expect("a CEID");
            let seen = store.write_blocking(|tx| {
                note(tx, at, &OTHERS, None, None, 0)?;
                store.look_blocking(|look| newest(look))
            });
            assert_eq!(seen.expect("it does not wait"), 0);
            assert_eq!(store.look_blocking(|look| newest(look)).expect("seen"), 1);
        })
        .await;
    }

    #[tokio::test]
    async fn changes_of_forms_of_another_version_are_passed_over_and_none_behind_them_is() {
        everywhere(async |options| {
            let store = Store::open(&options).expect("it can be used");
            let groups = schemas::data::form("personal_ring_groups").expect("a form");
            let row = groups.read(&json!({ "number": "1000", "one_busy_all_busy": false })).expect("a row");
            let of = [&OTHERS, groups, &OTHERS, &OTHERS, &OTHERS, groups, groups];
            let at = Ceid::new(1).expect("a CEID");
            let written = store.write_blocking(|tx| {
                of.iter().try_for_each(|form| note(tx, at, form, None, (*form == groups).then_some(&row), 0))
            });
            written.expect("written");
            for (after, most, expected) in
                [(0, 2, vec![2, 6]), (2, 2, vec![6, 7]), (2, 1, vec![6]), (0, 9, vec![2, 6, 7]), (7, 9, vec![])]
            {
                let changes = store.changes(after, most).await.expect("read");
                let numbers: Vec<_> = changes.iter().map(|change| change.number).collect();
                assert_eq!(numbers, expected, "{most} after {after}");
            }
        })
        .await;
    }
}
