//! Many at a time: writers, those who wait, and work that breaks off.

use std::sync::mpsc;

use diesel::connection::SimpleConnection as _;
use serde_json::json;

use super::*;
use crate::storage::{StorageError, setting};

#[tokio::test]
async fn writers_side_by_side_lose_nothing_of_each_other() {
    everywhere(async |options| {
        // Two gateways with one database, where that can be.
        let first = Storage::open(&options).expect("it can be used");
        let second = match options.place {
            Place::Memory => first.clone(),
            _ => Storage::open(&options).expect("it can be used twice"),
        };
        first.write(|c| setting::set(c, "count", &json!(0), None, &by(), NOW_MS)).await.expect("new");
        let writers = (0..40).map(|n| {
            let storage = if n % 2 == 0 { &first } else { &second };
            storage.write(|c| {
                let read = setting::get(c, "count")?.expect("it is there");
                let next = json!(read.value.as_i64().expect("a number") + 1);
                setting::set(c, "count", &next, Some(read.version), &by(), NOW_MS)
            })
        });
        for written in futures_util::future::join_all(writers).await {
            written.expect("it had its turn");
        }
        let count = first.with(|c| setting::get(c, "count")).await.expect("read").expect("there");
        assert_eq!((count.value, count.version), (json!(40), 41));
    })
    .await;
}

#[tokio::test]
async fn work_that_fails_or_panics_leaves_nothing_and_the_next_one_finds_all_in_order() {
    opened(async |storage| {
        let set = |c: &mut _| setting::set(c, "key", &json!(1), None, &by(), NOW_MS);
        let failed: Result<(), _> = storage
            .write(move |c| {
                set(c)?;
                Err(StorageError::Refused("changed its mind".into()))
            })
            .await;
        assert!(matches!(failed, Err(StorageError::Refused(_))));
        assert_eq!(storage.with(|c| setting::get(c, "key")).await.expect("read"), None);
        let lost: Result<(), _> = storage.with(|_| panic!("a test panics here, as it should")).await;
        assert!(matches!(lost, Err(StorageError::Lost)), "{lost:?}");
        for _ in 0..8 {
            storage.with(|c| setting::get(c, "key")).await.expect("every connection is usable");
        }
        storage.write(set).await.expect("writes");
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_panics_is_undone() {
    everywhere(async |options| {
        if matches!(options.place, Place::Memory) {
            return; // its one connection has to stay
        }
        let storage = Storage::open(&options).expect("it can be used");
        let lost: Result<(), _> = storage
            .write(|c| {
                setting::set(c, "key", &json!(1), None, &by(), NOW_MS)?;
                panic!("a test panics here, as it should")
            })
            .await;
        assert!(matches!(lost, Err(StorageError::Lost)), "{lost:?}");
        assert_eq!(storage.with(|c| setting::get(c, "key")).await.expect("read"), None);
    })
    .await;
}

#[tokio::test]
async fn who_finds_every_connection_in_use_is_told_after_a_while_and_others_go_on_later() {
    everywhere(async |options| {
        let options = Options { connections: 2, wait: Duration::from_millis(200), ..options };
        let storage = Storage::open(&options).expect("it can be used");
        let connections = if matches!(options.place, Place::Memory) { 1 } else { 2 };
        let (mut held, mut release) = (Vec::new(), Vec::new());
        for _ in 0..connections {
            let (hold, held_here) = mpsc::channel::<()>();
            let (begins, begun) = tokio::sync::oneshot::channel();
            release.push(hold);
            let storage = storage.clone();
            held.push(tokio::spawn(async move {
                let work = storage.with(move |_| {
                    let _ = begins.send(());
                    let _ = held_here.recv(); // ends when the test lets go
                    Ok(())
                });
                work.await
            }));
            begun.await.expect("it has a connection");
        }
        let refused = storage.with(|_| Ok(())).await;
        assert!(matches!(refused, Err(StorageError::Busy(_))), "{refused:?}");
        drop(release);
        for held in held {
            held.await.expect("no panic").expect("it was left alone");
        }
        storage.with(|_| Ok(())).await.expect("there is room again");
    })
    .await;
}

#[tokio::test]
async fn a_writer_waits_for_another_and_is_told_when_that_takes_too_long() {
    everywhere(async |options| {
        if matches!(options.place, Place::Memory) {
            return; // one connection: see above
        }
        let options = Options { wait: Duration::from_millis(300), ..options };
        let storage = Storage::open(&options).expect("it can be used");
        let (release, held) = mpsc::channel::<()>();
        let (begins, begun) = tokio::sync::oneshot::channel();
        let holder = tokio::spawn({
            let storage = storage.clone();
            async move {
                let work = storage.write(move |c| {
                    setting::set(c, "held", &json!(1), None, &by(), NOW_MS)?;
                    let _ = begins.send(());
                    let _ = held.recv();
                    Ok(())
                });
                work.await
            }
        });
        begun.await.expect("it writes");
        let refused = storage.write(|c| setting::set(c, "other", &json!(1), None, &by(), NOW_MS)).await;
        assert!(matches!(refused, Err(StorageError::Busy(_))), "{refused:?}");
        // Readers do not wait, and do not see what is not done.
        assert_eq!(storage.with(|c| setting::get(c, "held")).await.expect("read"), None);
        drop(release);
        holder.await.expect("no panic").expect("it was left alone");
        storage.write(|c| setting::set(c, "other", &json!(1), None, &by(), NOW_MS)).await.expect("its turn");
    })
    .await;
}

#[tokio::test]
async fn a_database_that_may_only_be_read_says_so() {
    opened(async |storage| {
        let refused = storage
            .with(|c| {
                // As a file without the right to write, and a server in recovery, answer.
                c.batch_execute(match c {
                    crate::storage::DbConnection::Sqlite(_) => "PRAGMA query_only = ON",
                    #[cfg(feature = "postgres")]
                    crate::storage::DbConnection::Postgres(_) => "SET default_transaction_read_only = ON",
                })?;
                let refused = c.write(|c| setting::set(c, "key", &json!(1), None, &by(), NOW_MS));
                let read = setting::get(c, "key")?;
                c.batch_execute(match c {
                    crate::storage::DbConnection::Sqlite(_) => "PRAGMA query_only = OFF",
                    #[cfg(feature = "postgres")]
                    crate::storage::DbConnection::Postgres(_) => "SET default_transaction_read_only = OFF",
                })?;
                assert_eq!(read, None);
                Ok(refused)
            })
            .await
            .expect("it can be read");
        assert!(matches!(refused, Err(StorageError::ReadOnly(_))), "{refused:?}");
        storage.write(|c| setting::set(c, "key", &json!(1), None, &by(), NOW_MS)).await.expect("writable again");
    })
    .await;
}
