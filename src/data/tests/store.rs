//! What is written: pages, changes, the log, and where a node stands.

use std::sync::Arc;

use actors::trigger::messages::Subscription;
use schemas::data::sql::{Filter, Scope};
use schemas::data::sync::{Change, Operation};
use schemas::data::{Digest, Key, Row, Value};
use serde_json::json;

use super::*;
use crate::data::store::{KeptTrigger, Page, Whole};
use crate::storage::tests::NOW_MS;

fn groups() -> &'static Form {
    named("personal_ring_groups")
}

fn key(number: &str) -> Key {
    vec![Value::Text(number.into())]
}

fn page(after: Option<&str>, until: Option<&str>, rows: Vec<Row>) -> Page {
    Page { form: groups(), after: after.map(key), until: until.map(key), rows }
}

fn digest(rows: &[Row]) -> Digest {
    let mut digest = Digest::default();
    rows.iter().for_each(|row| digest.add(groups(), row));
    digest
}

async fn rows(store: &Store, node: u16) -> Vec<Row> {
    let mut found = Vec::new();
    for number in ["1000", "1001", "1002", "1003", "1004"] {
        found.extend(store.row(ceid(node), groups(), key(number)).await.expect("read"));
    }
    found
}

/// Node 1 has these, copied as a whole.
async fn copied(store: &Store, all: &[Row]) {
    store.begin_copy(life(1), "e1".into(), 5, vec![groups()]).await.expect("begun");
    store.page(life(1), page(None, None, all.to_vec()), NOW_MS).await.expect("written");
    store.whole(life(1), groups(), digest(all), 5, NOW_MS).await.expect("whole");
}

/// `1000 insert`, in the order of the log.
async fn told(store: &Store, after: u64) -> Vec<String> {
    let log = store.changes(after, 100).await.expect("read");
    let number = |row: &Option<Row>| {
        row.as_ref().map(|row| match &row.0[0] {
            Value::Text(text) => text.clone(),
            other => panic!("no number: {other:?}"),
        })
    };
    let line = |change: &actors::trigger::messages::Logged| {
        format!("{} {}", number(&change.after).or(number(&change.before)).expect("a row"), change.operation().word())
    };
    log.iter().map(line).collect()
}

#[tokio::test]
async fn the_first_copy_is_no_change_and_the_next_one_is_the_difference() {
    with_store(async |store| {
        assert_eq!(store.stand(ceid(1)).await.expect("read"), None);
        let first = [group("1000", "One"), group("1001", "Two"), group("1003", "Four")];
        copied(&store, &first).await;
        assert_eq!(told(&store, 0).await, [""; 0]);
        let stand = store.stand(ceid(1)).await.expect("read").expect("there");
        assert_eq!((stand.epoch.as_str(), stand.seq, stand.forms.len()), ("e1", 5, 1));
        let form = stand.forms[0];
        assert_eq!(
            (form.digest, form.whole, form.as_of, form.copied_at_ms),
            (digest(&first), Whole::Yes, 5, Some(NOW_MS))
        );
        // In two pages: what lies beyond a page is not touched by it, what lies within and is not in it is gone.
        store.begin_copy(life(1), "e2".into(), 7, vec![groups()]).await.expect("begun");
        assert_eq!(store.stand(ceid(1)).await.expect("read").expect("there").forms[0].whole, Whole::Stale);
        let until = page(None, Some("1001"), vec![group("1000", "One"), group("1001", "Zwei")]);
        assert_eq!(store.page(life(1), until, NOW_MS).await.expect("written").differed, 1);
        assert_eq!(rows(&store, 1).await, [group("1000", "One"), group("1001", "Zwei"), group("1003", "Four")]);
        let rest = page(Some("1001"), None, vec![group("1002", "Three")]);
        assert_eq!(store.page(life(1), rest, NOW_MS).await.expect("written").differed, 2);
        assert_eq!(rows(&store, 1).await, [group("1000", "One"), group("1001", "Zwei"), group("1002", "Three")]);
        assert_eq!(told(&store, 0).await, ["1001 update", "1002 insert", "1003 delete"]);
        // Another node's rows are its own.
        assert_eq!(rows(&store, 2).await, [] as [Row; 0]);
        assert_eq!(store.nodes().await.expect("read"), [ceid(1)]);
        store.forget(ceid(1)).await.expect("forgotten");
        assert_eq!((rows(&store, 1).await, store.stand(ceid(1)).await.expect("read")), (vec![], None));
    })
    .await;
}

fn change(seq: u64, before: Option<Row>, after: Option<Row>) -> Change {
    Change { seq, form: groups(), before, after, at_ms: NOW_MS + 1 }
}

#[tokio::test]
async fn changes_keep_rows_digest_and_log_together() {
    with_store(async |store| {
        copied(&store, &[group("1000", "One"), group("1001", "Two")]).await;
        let newest = store.newest();
        let applied = store
            .apply(
                life(1),
                8,
                vec![
                    change(6, None, Some(group("1002", "Three"))),
                    change(7, Some(group("1000", "One")), Some(group("1000", "Uno"))),
                    change(8, Some(group("1001", "Two")), None),
                ],
            )
            .await
            .expect("applied");
        let now = [group("1000", "Uno"), group("1002", "Three")];
        assert_eq!((applied.suspects.len(), applied.digests), (0, vec![(groups(), digest(&now))]));
        assert_eq!(rows(&store, 1).await, now);
        assert_eq!(told(&store, 0).await, ["1002 insert", "1000 update", "1001 delete"]);
        assert_eq!((applied.newest, *newest.borrow()), (3, 3));
        let stand = store.stand(ceid(1)).await.expect("read").expect("there");
        assert_eq!((stand.seq, stand.forms[0].digest), (8, digest(&now)));
        let log = store.changes(1, 1).await.expect("read");
        let update = &log[0];
        assert_eq!(
            (update.number, update.ceid, update.at_ms, update.operation()),
            (2, ceid(1), NOW_MS + 1, Operation::Update)
        );
        assert_eq!((&update.before, &update.after), (&Some(group("1000", "One")), &Some(group("1000", "Uno"))));
    })
    .await;
}

#[tokio::test]
async fn a_change_of_a_row_that_is_another_is_applied_and_suspected() {
    with_store(async |store| {
        copied(&store, &[group("1000", "One")]).await;
        for (before, after, suspect, logged) in [
            // The copy had it already.
            (Some(group("1000", "Old")), Some(group("1000", "One")), true, ""),
            (Some(group("1000", "Other")), Some(group("1000", "Uno")), true, "1000 update"),
            (None, Some(group("1000", "Uno")), true, ""),
            (Some(group("1001", "Two")), None, true, ""),
            (Some(group("1000", "Uno")), None, false, "1000 delete"),
        ] {
            let newest = *store.newest().borrow();
            let applied =
                store.apply(life(1), 6, vec![change(6, before.clone(), after.clone())]).await.expect("applied");
            assert_eq!(!applied.suspects.is_empty(), suspect, "{before:?} to {after:?}");
            assert_eq!(told(&store, newest).await.join(""), logged, "{before:?} to {after:?}");
        }
        assert_eq!(store.stand(ceid(1)).await.expect("read").expect("there").forms[0].digest, Digest::default());
        store.stale(life(1), vec![groups()]).await.expect("noted");
        assert_eq!(store.stand(ceid(1)).await.expect("read").expect("there").forms[0].whole, Whole::Stale);
    })
    .await;
}

#[tokio::test]
async fn every_form_takes_every_value_that_it_may_have() {
    with_store(async |store| {
        let mut seed = 1_u64;
        let mut next = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            seed >> 33
        };
        for form in schemas::data::FORMS {
            let mut all: Vec<Row> = (0..20).map(|at| any_row(form, at, &mut next)).collect();
            all.sort_by_key(|row| form.key(row));
            all.dedup_by_key(|row| form.key(row));
            store.begin_copy(life(9), "e".into(), 0, vec![form]).await.expect("begun");
            let whole = Page { form, after: None, until: None, rows: all.clone() };
            assert_eq!(store.page(life(9), whole, NOW_MS).await.expect("written").differed, all.len());
            let same = Page { form, after: None, until: None, rows: all.clone() };
            assert_eq!(store.page(life(9), same, NOW_MS).await.expect("written").differed, 0, "{}", form.name);
            for row in &all {
                let kept = store.row(ceid(9), form, form.key(row)).await.expect("read");
                assert_eq!(kept.as_ref(), Some(row), "{}", form.name);
            }
        }
    })
    .await;
}

/// A row with values at their bounds, quotes and letters of all kinds.
fn any_row(form: &Form, at: i64, next: &mut impl FnMut() -> u64) -> Row {
    use schemas::data::Kind;
    let mut value = |column: &schemas::data::Column| {
        let odd = next();
        if !column.required && odd.is_multiple_of(3) {
            return json!(null);
        }
        match column.kind {
            Kind::Boolean => json!(odd.is_multiple_of(2)),
            Kind::Integer { min, max } => json!((min + at).clamp(min, max)),
            Kind::Word(words) => json!(words[odd as usize % words.len()]),
            Kind::Text { .. } if column.number => json!(format!("{}", 1000 + at)),
            Kind::Text { max } => {
                let texts = ["O'Neil", "\"x\"", "Bélanger, Zoé", "ÄÖ ß", "日本", "a\\b", "%_", "$1 ?1 :a", "null", "0"];
                let text = format!("{}{at}", texts[odd as usize % texts.len()]);
                json!(text.chars().take(max).collect::<String>())
            }
        }
    };
    let fields = form.columns.iter().map(|column| (column.name.to_owned(), value(column))).collect();
    form.read(&serde_json::Value::Object(fields)).expect("a row of the form")
}

#[tokio::test]
async fn what_sessions_want_to_hear_of_is_kept_until_they_do_not() {
    with_store(async |store| {
        let condition = "name LIKE 'S%'";
        let scope = Scope { cluster: false, advanced: true };
        let filter = Some(Filter::parse(groups(), condition, scope).expect("a condition"));
        let all = Subscription {
            id: 1 << 52,
            ceid: None,
            form: named("phones"),
            columns: vec![],
            filter: None,
            condition: None,
            after: 0,
        };
        let one = Subscription {
            id: 7,
            ceid: Some(ceid(2)),
            form: groups(),
            columns: vec![1],
            filter,
            condition: Some(condition.into()),
            after: 3,
        };
        let kept = |owner: &str, subscription| KeptTrigger { owner: owner.into(), subscription };
        for trigger in [kept("b", all.clone()), kept("a", one.clone())] {
            store.subscribe(trigger).await.expect("kept");
        }
        assert_eq!(store.kept_triggers().expect("read"), [kept("a", one), kept("b", all.clone())]);
        store.unsubscribe(7).await.expect("forgotten");
        assert_eq!(store.kept_triggers().expect("read"), [kept("b", all)]);
    })
    .await;
}

#[tokio::test]
async fn the_log_keeps_the_newest_changes_and_says_up_to_where_it_was_cut() {
    with_store(async |store| {
        copied(&store, &[]).await;
        let new = |at: u64| change(5 + at, None, Some(group(&(1000 + at).to_string(), "New")));
        store.apply(life(1), 10, (1..=5).map(new).collect()).await.expect("applied");
        store.prune(5).await.expect("nothing to cut");
        assert_eq!((told(&store, 0).await.len(), store.pruned()), (5, 0));
        store.prune(2).await.expect("cut");
        assert_eq!(told(&store, 0).await, ["1004 insert", "1005 insert"]);
        assert_eq!(store.pruned(), 3);
        store.apply(life(1), 11, vec![new(6)]).await.expect("applied");
        assert_eq!((told(&store, 3).await.len(), *store.newest().borrow()), (3, 6));
    })
    .await;
}

#[tokio::test]
async fn many_at_once_neither_fail_nor_lose_a_number() {
    with_store(async |store| {
        copied(&store, &[]).await;
        let store = Arc::new(store);
        let writers = (0..40_u16).map(|at| {
            let store = store.clone();
            async move {
                let row = group(&(2000 + at).to_string(), "Many");
                store.apply(life(1), 6, vec![change(6, None, Some(row))]).await.expect("applied").newest
            }
        });
        let mut numbers = futures_util::future::join_all(writers).await;
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=40).collect::<Vec<u64>>());
        assert_eq!(store.changes(0, 100).await.expect("read").len(), 40);
    })
    .await;
}

#[tokio::test]
async fn what_an_earlier_life_has_under_way_is_not_written_any_more() {
    with_store(async |store| {
        copied(&store, &[group("1000", "One")]).await;
        let (earlier, later) = (life(1), Life { number: 77, ..life(1) });
        store.claim(later).await.expect("claimed");
        let late = store.apply(earlier, 6, vec![change(6, None, Some(group("1001", "Two")))]).await;
        assert!(matches!(late, Err(crate::storage::StorageError::Changed(_))), "{late:?}");
        let late = store.page(earlier, page(None, None, vec![]), NOW_MS).await;
        assert!(matches!(late, Err(crate::storage::StorageError::Changed(_))), "{late:?}");
        assert_eq!(rows(&store, 1).await, [group("1000", "One")]);
        store.apply(later, 6, vec![change(6, None, Some(group("1001", "Two")))]).await.expect("applied");
    })
    .await;
}
