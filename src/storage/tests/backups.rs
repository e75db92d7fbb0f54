//! Backups: what is restored is what was there, on either database and from one to the other; what is none changes nothing.

use diesel::RunQueryDsl as _;
use secrecy::SecretString;

use super::nodes::plain;
use super::{NOW_MS, Storage, application as app, by, everywhere, opened};
use crate::backup::{self, BackupFault};
use crate::settings::Node;
use crate::storage::account::{self, NewAccount, Role};
use crate::storage::{DbConnection, StorageError, application, dump, node};

fn passphrase(text: &str) -> SecretString {
    text.into()
}

const RIGHT: &str = "open sesame, please";

/// With something in most tables.
async fn filled(storage: &Storage, name: &'static str) {
    let filled = storage.sealing(move |c, vault| {
        let login = Some(format!("<login>{name}</login>").into());
        let node = Node { application_specific_info: login, ..plain(1) };
        node::add(c, vault, &node, &by(), NOW_MS)?;
        application::add(c, &app(name), &by(), NOW_MS)?;
        let hash = SecretString::from(super::HASH);
        let new = NewAccount { name: format!("ada{}", name.len()), email: None, password: hash, role: Role::Operator };
        account::add(c, &new, &by(), NOW_MS)?;
        Ok(())
    });
    storage.write(filled).await.expect("written");
}

async fn made(storage: &Storage) -> Vec<u8> {
    let make = storage.sealing(|c, vault| Ok(backup::make(c, vault, &passphrase(RIGHT), NOW_MS)));
    storage.with(make).await.expect("read").expect("made")
}

async fn restored(storage: &Storage, file: &[u8]) -> Result<usize, BackupFault> {
    let opened = backup::open(file, &passphrase(RIGHT))?;
    let restore = storage.sealing(move |c, vault| Ok(backup::restore(c, vault, &opened, |_| Ok(()), &by(), NOW_MS)));
    storage.with(restore).await.expect("tried")
}

async fn rows(storage: &Storage) -> String {
    let rows = storage.with(storage.sealing(dump::read)).await.expect("read");
    rows.lines().filter(|line| !line.starts_with("[\"audit\"")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn what_is_restored_is_what_was_there_whichever_database_it_is() {
    let source = Storage::open(&super::options(super::Place::Memory)).expect("opened");
    filled(&source, "O'Pop \"1\" – Bühne").await;
    let (before, file) = (rows(&source).await, made(&source).await);
    assert!(!String::from_utf8_lossy(&file).contains("argon2id") && before.contains("argon2id"), "it is sealed");
    opened(async |storage| {
        filled(&storage, "Other").await;
        assert_ne!(rows(&storage).await, before);
        let count = restored(&storage, &file).await.expect("restored");
        assert!(count >= before.lines().count(), "{count}");
        assert_eq!(rows(&storage).await, before);
        let audit = storage.with(|c| crate::storage::audit::newest(c, None, 1)).await.expect("read");
        assert_eq!((audit[0].action.as_str(), audit[0].object.as_str()), ("restore", "the database"));
        // And back from there.
        let again = made(&storage).await;
        restored(&source, &again).await.expect("restored");
        assert_eq!(rows(&source).await, before);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_backup_changes_nothing() {
    opened(async |storage| {
        filled(&storage, "Own").await;
        let (before, file) = (rows(&storage).await, made(&storage).await);
        let end = file.iter().position(|byte| *byte == b'\n').expect("a head");
        let with = |at: usize| {
            let mut other = file.clone();
            other[at] ^= 1;
            other
        };
        let wrong = backup::open(&file, &passphrase("open sesame, not")).expect_err("another passphrase");
        assert!(matches!(wrong, BackupFault::NotOpened), "{wrong}");
        assert!(matches!(backup::open(&file, &passphrase("short")), Err(BackupFault::Passphrase)));
        for file in [
            Vec::new(),
            b"{}\n".to_vec(),
            file[..file.len() - 1].to_vec(),
            file[..end].to_vec(),
            with(end + 1),
            with(file.len() - 1),
            with(end - 3),
            with(20),
            vec![b'a'; backup::LARGEST + 1],
        ] {
            restored(&storage, &file).await.expect_err("no backup");
        }
        assert_eq!(rows(&storage).await, before);
    })
    .await;
}

#[tokio::test]
async fn rows_that_are_none_of_this_database_change_nothing() {
    opened(async |storage| {
        filled(&storage, "Own").await;
        let before = rows(&storage).await;
        let setting = r#"{"key":"a","value":"1","version":1,"changed_at_ms":1,"changed_by":"b"}"#;
        for lines in [
            "no JSON".to_owned(),
            r#"["no_table", {}]"#.to_owned(),
            r#"["setting; DROP TABLE node", {}]"#.to_owned(),
            r#"["setting", {}]"#.to_owned(),
            format!("[\"node\", {{}}]\n[\"setting\", {setting}]"),
            format!("[\"setting\", {}]", setting.replace("\"version\":1", "\"version\":\"one\"")),
            format!("[\"setting\", {}]", setting.replace("\"key\":\"a\"", "\"key\":null")),
            format!("[\"setting\", {setting}]\n[\"setting\", {setting}]"),
        ] {
            let refused = storage.sealing({
                let lines = lines.clone();
                move |c, vault| dump::replace(c, vault, &lines)
            });
            assert!(storage.write(refused).await.is_err(), "{lines}");
            assert_eq!(rows(&storage).await, before, "{lines}");
        }
    })
    .await;
}

#[derive(diesel::QueryableByName)]
struct Name {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

#[tokio::test]
async fn a_backup_has_every_table() {
    everywhere(async |options| {
        let storage = Storage::open(&options).expect("opened");
        let names = storage.with(|connection| {
            let query = match connection {
                DbConnection::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
                #[cfg(feature = "postgres")]
                DbConnection::Postgres(_) => {
                    "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = current_schema()"
                }
            };
            Ok::<_, StorageError>(diesel::sql_query(query).load::<Name>(connection)?)
        });
        let mut names: Vec<_> = names.await.expect("read").into_iter().map(|name| name.name).collect();
        names.retain(|name| name != "__diesel_schema_migrations");
        names.sort();
        let mut own = dump::TABLES.to_vec();
        own.sort_unstable();
        assert_eq!(names, own);
    })
    .await;
}
