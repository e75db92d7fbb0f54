//! Forms that come by files, on every database: all of a file or nothing, told as the difference.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use schemas::data::sync::Operation;

use super::*;
use crate::data::file::{File, TOLD};
use crate::data::store::{Difference, Differing, FILES, FormStand, Life, Page, Whole};
use crate::storage::StorageError;
use crate::storage::tests::NOW_MS;

fn groups() -> &'static Form {
    named("personal_ring_groups")
}

fn file(text: &str) -> Arc<File> {
    let file = File::read(groups(), text.as_bytes()).expect("a file");
    assert_eq!(file.refused, []);
    Arc::new(file)
}

async fn difference(store: &Store, file: &Arc<File>) -> Difference {
    store.difference(ceid(1), file.clone(), |_| ()).await.expect("compared")
}

async fn import(store: &Store, file: &Arc<File>, seen: Option<FormStand>) -> Result<u64, StorageError> {
    let life = Life { ceid: ceid(1), number: 77 };
    Ok(store.import(life, file.clone(), seen, NOW_MS, |_| ()).await?.seq)
}

async fn rows(store: &Store) -> Vec<Row> {
    store.rows(ceid(1), groups()).await.expect("read")
}

async fn logged(store: &Store) -> Vec<(Operation, Option<Row>, Option<Row>)> {
    let log = store.changes(0, 10_000).await.expect("read");
    log.into_iter().map(|change| (change.operation(), change.before, change.after)).collect()
}

#[tokio::test]
async fn the_first_file_is_no_change_and_the_next_is_the_difference() {
    with_store(async |store| {
        let first = file("number,name,one_busy_all_busy\n1001,Two,no\n1000,One,no\n1002,Three,no\n");
        let would = difference(&store, &first).await;
        assert_eq!((would.added, would.seen, would.rows.len()), (3, None, 3));
        let added = Differing { line: Some(3), key: "1000".into(), operation: Operation::Insert, columns: vec![] };
        assert_eq!(would.rows[0], added, "by key, with the line of the file");
        assert_eq!((rows(&store).await, store.stand(ceid(1)).await.expect("read")), (vec![], None), "not done yet");
        assert_eq!(import(&store, &first, None).await.expect("done"), 1);
        assert_eq!(rows(&store).await, [group("1000", "One"), group("1001", "Two"), group("1002", "Three")]);
        assert_eq!(logged(&store).await, []);
        let stand = store.stand(ceid(1)).await.expect("read").expect("there");
        let form = stand.forms[0];
        assert_eq!((stand.epoch.as_str(), stand.forms.len(), form.whole), (FILES, 1, Whole::Yes));
        assert_eq!((form.digest.rows, form.copied_at_ms), (3, Some(NOW_MS)));

        let next = file("number,name,one_busy_all_busy\n1000,One,no\n1001,Zwei,no\n1003,Four,no\n");
        let would = difference(&store, &next).await;
        assert_eq!((would.added, would.changed, would.removed, would.same), (1, 1, 1, 1));
        let told: Vec<_> = would.rows.iter().map(|row| (row.line, row.key.as_str(), row.operation)).collect();
        let (insert, update, delete) = (Operation::Insert, Operation::Update, Operation::Delete);
        assert_eq!(told, [(Some(3), "1001", update), (None, "1002", delete), (Some(4), "1003", insert)]);
        assert_eq!(would.rows[0].columns, ["name"]);
        let mut newest = store.newest();
        newest.borrow_and_update();
        assert_eq!(import(&store, &next, would.seen).await.expect("done"), 2);
        assert_eq!(rows(&store).await, [group("1000", "One"), group("1001", "Zwei"), group("1003", "Four")]);
        let log = logged(&store).await;
        assert_eq!(log.len(), 3);
        assert!(log.contains(&(update, Some(group("1001", "Two")), Some(group("1001", "Zwei")))));
        assert!(log.contains(&(delete, Some(group("1002", "Three")), None)));
        assert!(log.contains(&(insert, None, Some(group("1003", "Four")))));
        assert!(newest.has_changed().expect("open"), "whoever waits for changes hears of them");
        // The same again is nothing.
        let would = difference(&store, &next).await;
        assert_eq!((would.added + would.changed + would.removed, would.same, would.rows.len()), (0, 3, 0));
        // What is planned for a form that is another meanwhile is not done.
        let stale = would.seen;
        import(&store, &first, stale).await.expect("done");
        let refused = import(&store, &next, stale).await.expect_err("it was compared with another");
        assert!(matches!(refused, StorageError::Changed(_)), "{refused}");
        assert_eq!(rows(&store).await, [group("1000", "One"), group("1001", "Two"), group("1002", "Three")]);
    })
    .await;
}

#[tokio::test]
async fn a_column_that_is_not_in_the_file_stays_as_it_is() {
    with_store(async |store| {
        import(&store, &file("number,name,one_busy_all_busy\n1000,One,no\n1002,Three,no\n"), None).await.expect("done");
        let short = file("one_busy_all_busy,number\nno,1000\nno,1001\nyes,1002\n");
        let would = difference(&store, &short).await;
        assert_eq!((would.added, would.changed, would.removed, would.same), (1, 1, 0, 1));
        assert_eq!(would.rows[1].columns, ["one_busy_all_busy"]);
        import(&store, &short, would.seen).await.expect("done");
        let of = |number, name: Option<&str>, busy| {
            let mut json = json!({ "number": number, "one_busy_all_busy": busy });
            if let Some(name) = name {
                json["name"] = name.into();
            }
            row(groups(), &json)
        };
        let expected = [of("1000", Some("One"), false), of("1001", None, false), of("1002", Some("Three"), true)];
        assert_eq!(rows(&store).await, expected);
        let stand = store.stand(ceid(1)).await.expect("read").expect("there");
        let digest: schemas::data::Digest = expected.iter().fold(Default::default(), |mut digest, row| {
            schemas::data::Digest::add(&mut digest, groups(), row);
            digest
        });
        assert_eq!(stand.forms[0].digest, digest, "of what is there, not of the file");
    })
    .await;
}

#[tokio::test]
async fn a_large_file_is_done_in_parts_and_says_how_far_it_is() {
    with_store(async |store| {
        let text = |from: usize, to: usize, name: &str| {
            let rows = (from..to).map(|number| format!("{number},{name},no\n"));
            format!("number,name,one_busy_all_busy\n{}", rows.collect::<String>())
        };
        let first = file(&text(100_000, 102_500, "A"));
        import(&store, &first, None).await.expect("done");
        assert_eq!(rows(&store).await.len(), 2_500);
        // The first thousand go, a hundred come, of the others every name is another.
        let next = file(&text(101_000, 102_600, "B"));
        let (calls, last) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let heard = (calls.clone(), last.clone());
        let on = move |done| {
            heard.0.fetch_add(1, Ordering::Relaxed);
            assert!(heard.1.swap(done, Ordering::Relaxed) < done);
        };
        let would = store.difference(ceid(1), next.clone(), on).await.expect("compared");
        assert_eq!((would.added, would.changed, would.removed, would.same), (100, 1_500, 1_000, 0));
        assert_eq!(would.rows.len(), TOLD);
        assert_eq!((calls.load(Ordering::Relaxed), last.load(Ordering::Relaxed)), (2, 1_600));
        import(&store, &next, would.seen).await.expect("done");
        let present = rows(&store).await;
        assert_eq!(present, next.rows.iter().map(|(_, row)| row.clone()).collect::<Vec<_>>());
        assert_eq!(logged(&store).await.len(), 2_600);
        // A file without a row is a form without one.
        let none = file("number,one_busy_all_busy\n");
        let would = difference(&store, &none).await;
        assert_eq!((would.removed, would.added), (1_600, 0));
        import(&store, &none, would.seen).await.expect("done");
        assert_eq!(rows(&store).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_node_that_is_followed_later_is_copied_as_a_whole_and_what_differs_is_told() {
    with_store(async |store| {
        import(&store, &file("number,name,one_busy_all_busy\n1000,One,no\n1001,Two,no\n"), None).await.expect("done");
        // Whoever followed it before writes no more.
        let late = store.begin_copy(life(1), "e1".into(), 5, vec![groups()]).await;
        assert!(matches!(late, Err(StorageError::Changed(_))), "{late:?}");
        store.claim(life(1)).await.expect("claimed");
        store.begin_copy(life(1), "e1".into(), 5, vec![groups()]).await.expect("begun");
        let page = Page { form: groups(), after: None, until: None, rows: vec![group("1000", "Uno")] };
        assert_eq!(store.page(life(1), page, NOW_MS).await.expect("written").differed, 2);
        let operations: Vec<_> = logged(&store).await.into_iter().map(|(operation, ..)| operation).collect();
        assert_eq!(operations, [Operation::Update, Operation::Delete]);
        assert_eq!(store.stand(ceid(1)).await.expect("read").expect("there").epoch, "e1");
    })
    .await;
}
