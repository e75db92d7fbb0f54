//! The table `node`.

use diesel::prelude::*;
use secrecy::ExposeSecret as _;

use super::*;
use crate::settings::{AssociationStyle, CstaEdition, Node, NodeKind, NodeTls};
use crate::sim::plan::lab_dial_plan;
use crate::storage::node::Kept;
use crate::storage::{DbConnection, StorageError, audit, node, schema};

pub(super) fn plain(ceid: u16) -> Node {
    Node {
        ceid,
        name: String::new(),
        address: [127, 0, 0, 1].into(),
        port: 8000 + ceid,
        association: AssociationStyle::ServerFirst,
        edition: CstaEdition::default(),
        secondary: None,
        application_specific_info: None,
        tls: None,
        kind: None,
        dial_plan: None,
        sync_port: None,
    }
}

#[tokio::test]
async fn a_node_is_kept_as_it_was_given() {
    opened(async |storage| {
        let rich = Node {
            name: "Head office".into(),
            address: "2001:db8::1".parse().expect("an address"),
            association: AssociationStyle::Session,
            edition: CstaEdition::Ed3,
            secondary: Some(2),
            application_specific_info: Some("<login>open-sesame</login>".into()),
            tls: Some(NodeTls {
                ca: "/etc/oig/ca.pem".into(),
                server_name: Some("pbx.example.com".into()),
                client_certificate: Some("/etc/oig/own.pem".into()),
                client_key: Some("/etc/oig/own.key".into()),
            }),
            kind: Some(NodeKind::MxOne),
            dial_plan: Some(lab_dial_plan()),
            ..plain(1)
        };
        let others = [
            plain(2),
            Node {
                association: AssociationStyle::None,
                edition: CstaEdition::Ed6,
                kind: Some(NodeKind::MiVb),
                ..plain(3)
            },
            Node { edition: CstaEdition::Ed4, kind: Some(NodeKind::Mi400), ..plain(4) },
            Node { kind: Some(NodeKind::MiCc), ..plain(999) },
        ];
        let given: Vec<_> = std::iter::once(rich).chain(others).collect();
        let nodes = given.clone();
        let added = storage
            .sealing(move |c, v| nodes.iter().rev().try_for_each(|n| node::add(c, v, n, &by(), NOW_MS).map(drop)));
        storage.write(added).await.expect("added");
        let kept = storage.nodes().await.expect("read");
        assert_eq!(kept.len(), given.len());
        for (kept, given) in kept.iter().zip(&given) {
            assert_eq!((kept.node.ceid, node::fields(&kept.node)), (given.ceid, node::fields(given)));
        }
        let log = storage.with(|c| audit::newest(c, None, 50)).await.expect("read");
        assert_eq!(log.len(), given.len());
        assert!(log.iter().all(|entry| !format!("{entry:?}").contains("sesame")), "a password is in {log:?}");
        assert!(format!("{log:?}").contains("/etc/oig/own.key"), "a path is no secret");
    })
    .await;
}

#[tokio::test]
async fn a_node_is_changed_and_removed_by_who_has_read_it() {
    opened(async |storage| {
        let read =
            storage.write(storage.sealing(|c, v| node::add(c, v, &plain(1), &by(), NOW_MS))).await.expect("added");
        for taken in [Node { port: 9, ..plain(1) }, Node { ceid: 2, ..plain(1) }] {
            let again = storage.write(storage.sealing(move |c, v| node::add(c, v, &taken, &by(), NOW_MS))).await;
            assert!(matches!(again, Err(StorageError::Exists(_))), "its number, or its address: {again:?}");
        }
        let (old, to) = (read.clone(), Node { name: "B".into(), ..plain(1) });
        let changed = storage
            .write(storage.sealing(move |c, v| node::change(c, v, &old, &to, &by(), NOW_MS)))
            .await
            .expect("as read");
        let (old, to) = (read.clone(), Node { name: "C".into(), ..plain(1) });
        let late = storage.write(storage.sealing(move |c, v| node::change(c, v, &old, &to, &by(), NOW_MS))).await;
        assert!(matches!(late, Err(StorageError::Changed(_))), "{late:?}");
        let moved = changed.clone();
        let moved =
            storage.write(storage.sealing(move |c, v| node::change(c, v, &moved, &plain(7), &by(), NOW_MS))).await;
        assert!(matches!(moved, Err(StorageError::Invalid { .. })), "a number stays: {moved:?}");
        storage.write(move |c| node::remove(c, &changed, &by(), NOW_MS)).await.expect("as read");
        let gone = storage.write(move |c| node::remove(c, &read, &by(), NOW_MS)).await;
        assert!(matches!(gone, Err(StorageError::Changed(_))), "{gone:?}");
        assert!(storage.nodes().await.expect("read").is_empty());
    })
    .await;
}

const LOGIN: &str = "<login>open-sesame</login>";

fn with_login(ceid: u16) -> Node {
    let application_specific_info = Some(LOGIN.into());
    Node { association: AssociationStyle::Session, application_specific_info, ..plain(ceid) }
}

fn login(kept: &Kept) -> Option<&str> {
    kept.node.application_specific_info.as_ref().map(|info| info.expose_secret())
}

/// As the table has it.
async fn row(storage: &Storage) -> String {
    let read = |c: &mut DbConnection| {
        let row = schema::node::table.select(schema::node::application_specific_info);
        Ok(row.first::<Option<String>>(c)?)
    };
    storage.with(read).await.expect("read").expect("a login")
}

async fn set_row(storage: &Storage, to: &'static str) {
    let set = move |c: &mut DbConnection| {
        let set = schema::node::application_specific_info.eq(to);
        Ok(diesel::update(schema::node::table).set(set).execute(c)?)
    };
    assert_eq!(storage.with(set).await.expect("set"), 1);
}

#[tokio::test]
async fn a_login_is_sealed_in_its_row_and_stays_so_while_nobody_gives_another() {
    opened(async |storage| {
        let add = storage.sealing(|c, v| node::add(c, v, &with_login(1), &by(), NOW_MS));
        let read = storage.write(add).await.expect("added");
        let first = row(&storage).await;
        assert!(first.starts_with("sealed:") && !first.contains("sesame"), "{first}");
        let to = Node { name: "B".into(), ..with_login(1) };
        let change = storage.sealing(move |c, v| node::change(c, v, &read, &to, &by(), NOW_MS));
        let changed = storage.write(change).await.expect("changed");
        assert_eq!(row(&storage).await, first, "the same login");
        let to = Node { application_specific_info: Some("<login>another</login>".into()), ..with_login(1) };
        let change = storage.sealing(move |c, v| node::change(c, v, &changed, &to, &by(), NOW_MS));
        storage.write(change).await.expect("changed");
        assert_ne!(row(&storage).await, first);
        assert_eq!(login(&storage.nodes().await.expect("read")[0]), Some("<login>another</login>"));
    })
    .await;
}

#[tokio::test]
async fn a_login_that_was_in_clear_is_sealed_at_the_next_start() {
    everywhere(async |options| {
        if matches!(options.place, Place::Memory) {
            return; // nothing is there at its next start
        }
        let storage = Storage::open(&options).expect("opened");
        let add = storage.sealing(|c, v| node::add(c, v, &with_login(1), &by(), NOW_MS));
        storage.write(add).await.expect("added");
        set_row(&storage, LOGIN).await;
        assert_eq!(login(&storage.nodes().await.expect("read")[0]), Some(LOGIN), "a gateway goes on with it");
        let later = Storage::open(&options).expect("opened");
        assert!(row(&later).await.starts_with("sealed:"));
        let kept = later.nodes().await.expect("read");
        assert_eq!((login(&kept[0]), kept[0].is_locked(), kept[0].version), (Some(LOGIN), false, 1));
    })
    .await;
}

#[tokio::test]
async fn a_login_whose_key_is_gone_is_none_and_comes_back_with_the_key() {
    everywhere(async |options| {
        let Some(key) = options.key_file.clone() else { return };
        let storage = Storage::open(&options).expect("opened");
        let add = storage.sealing(|c, v| node::add(c, v, &with_login(1), &by(), NOW_MS));
        storage.write(add).await.expect("added");
        let aside = key.with_extension("aside");
        std::fs::rename(&key, &aside).expect("moved");
        let other = Storage::open(&options).expect("with a new key");
        let kept = other.nodes().await.expect("read").remove(0);
        assert_eq!((login(&kept), kept.is_locked()), (None, true));
        // A change of something else leaves it where it is.
        let to = Node { application_specific_info: None, name: "B".into(), ..with_login(1) };
        let change = other.sealing(move |c, v| node::change(c, v, &kept, &to, &by(), NOW_MS));
        let mut kept = other.write(change).await.expect("changed");
        assert!(kept.is_locked());
        std::fs::rename(&aside, &key).expect("back");
        let back = Storage::open(&options).expect("opened").nodes().await.expect("read").remove(0);
        assert_eq!((login(&back), back.is_locked(), back.node.name.as_str()), (Some(LOGIN), false, "B"));
        // Unless it is to be forgotten.
        kept.forget_login();
        let to = kept.node.clone();
        let change = other.sealing(move |c, v| node::change(c, v, &kept, &to, &by(), NOW_MS));
        assert!(!other.write(change).await.expect("changed").is_locked());
    })
    .await;
}

#[tokio::test]
async fn a_row_that_cannot_be_is_named_and_not_guessed_at() {
    use diesel::connection::SimpleConnection as _;
    opened(async |storage| {
        storage.write(storage.sealing(|c, v| node::add(c, v, &plain(1), &by(), NOW_MS))).await.expect("added");
        for (column, value, was) in [
            ("address", "'nowhere'", "'127.0.0.1'"),
            ("association", "'loud'", "'none'"),
            ("edition", "'ed9'", "'ed5'"),
            ("kind", "'X'", "NULL"),
            ("dial_plan", "'{'", "NULL"),
            ("secondary", "70000", "NULL"),
        ] {
            let set = move |to: &str| format!("UPDATE node SET {column} = {to}");
            let (bad, good) = (set(value), set(was));
            storage.with(move |c| Ok(c.batch_execute(&bad)?)).await.expect("the table takes any text");
            let read = storage.nodes().await;
            let named = read.expect_err(column).to_string();
            assert_eq!(named, format!("node 1: {column} cannot be read"));
            storage.with(move |c| Ok(c.batch_execute(&good)?)).await.expect("mended");
        }
        assert_eq!(storage.nodes().await.expect("read").len(), 1);
        // What the table itself refuses.
        let bad = |c: &mut DbConnection| Ok(c.batch_execute("UPDATE node SET port = 0")?);
        assert!(matches!(storage.with(bad).await, Err(StorageError::Refused(_))));
    })
    .await;
}
