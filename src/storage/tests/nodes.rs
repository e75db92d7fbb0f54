//! The table `node`.

use super::*;
use crate::settings::{AssociationStyle, CstaEdition, Node, NodeKind, NodeTls};
use crate::sim::plan::lab_dial_plan;
use crate::storage::{StorageError, audit, node};

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
        let added =
            storage.write(move |c| nodes.iter().rev().try_for_each(|n| node::add(c, n, &by(), NOW_MS).map(drop)));
        added.await.expect("added");
        let kept = storage.with(node::all).await.expect("read");
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
        let read = storage.write(|c| node::add(c, &plain(1), &by(), NOW_MS)).await.expect("added");
        for taken in [Node { port: 9, ..plain(1) }, Node { ceid: 2, ..plain(1) }] {
            let again = storage.write(move |c| node::add(c, &taken, &by(), NOW_MS)).await;
            assert!(matches!(again, Err(StorageError::Exists(_))), "its number, or its address: {again:?}");
        }
        let (old, to) = (read.clone(), Node { name: "B".into(), ..plain(1) });
        let changed = storage.write(move |c| node::change(c, &old, &to, &by(), NOW_MS)).await.expect("as read");
        let (old, to) = (read.clone(), Node { name: "C".into(), ..plain(1) });
        let late = storage.write(move |c| node::change(c, &old, &to, &by(), NOW_MS)).await;
        assert!(matches!(late, Err(StorageError::Changed(_))), "{late:?}");
        let moved = changed.clone();
        let moved = storage.write(move |c| node::change(c, &moved, &plain(7), &by(), NOW_MS)).await;
        assert!(matches!(moved, Err(StorageError::Invalid { .. })), "a number stays: {moved:?}");
        storage.write(move |c| node::remove(c, &changed, &by(), NOW_MS)).await.expect("as read");
        let gone = storage.write(move |c| node::remove(c, &read, &by(), NOW_MS)).await;
        assert!(matches!(gone, Err(StorageError::Changed(_))), "{gone:?}");
        assert!(storage.with(node::all).await.expect("read").is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_row_that_cannot_be_is_named_and_not_guessed_at() {
    use diesel::connection::SimpleConnection as _;
    opened(async |storage| {
        storage.write(|c| node::add(c, &plain(1), &by(), NOW_MS)).await.expect("added");
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
            let read = storage.with(node::all).await;
            let named = read.expect_err(column).to_string();
            assert_eq!(named, format!("node 1: {column} cannot be read"));
            storage.with(move |c| Ok(c.batch_execute(&good)?)).await.expect("mended");
        }
        assert_eq!(storage.with(node::all).await.expect("read").len(), 1);
        // What the table itself refuses.
        let bad = |c: &mut crate::storage::DbConnection| Ok(c.batch_execute("UPDATE node SET port = 0")?);
        assert!(matches!(storage.with(bad).await, Err(StorageError::Refused(_))));
    })
    .await;
}
