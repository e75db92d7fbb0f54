//! The table `licence_grant`, and the id that a gateway is known by.

use super::*;
use crate::licence::{Counts, Kind};
use crate::storage::licence_grant::{self, Grant, is_gateway};
use crate::storage::{StorageError, audit};

fn grant(gateway: &str) -> Grant {
    Grant {
        gateway: gateway.into(),
        site: "Head office".into(),
        kind: Kind::Purchased,
        integrations_only: false,
        sessions: Counts { standard: 10, advanced: 5, data_access: 3, salesforce: 2, google: u32::MAX },
        valid_until_ms: None,
        revoked: false,
    }
}

const ID: &str = "00112233445566778899aabbccddeeff";

#[tokio::test]
async fn a_grant_is_kept_as_it_was_given_and_changed_by_who_read_it_last() {
    opened(async |storage| {
        let kept = storage.write(|c| licence_grant::add(c, &grant(ID), &by(), NOW_MS)).await.expect("added");
        assert_eq!(storage.with(|c| licence_grant::find(c, ID)).await.expect("read"), Some(kept.clone()));
        let again = storage.write(|c| licence_grant::add(c, &grant(ID), &by(), NOW_MS)).await;
        assert!(matches!(again, Err(StorageError::Exists(_))), "{again:?}");
        let to = Grant { revoked: true, valid_until_ms: Some(NOW_MS), kind: Kind::Demonstration, ..grant(ID) };
        let (read, changed) = (kept.clone(), to.clone());
        let now =
            storage.write(move |c| licence_grant::change(c, &read, &changed, &by(), NOW_MS)).await.expect("changed");
        assert_eq!((now.version, &now.grant), (2, &to));
        let late = storage.write(move |c| licence_grant::change(c, &kept, &to, &by(), NOW_MS)).await;
        assert!(matches!(late, Err(StorageError::Changed(_))), "{late:?}");
        assert_eq!(storage.with(licence_grant::all).await.expect("read"), [now]);
        for (kind, expected) in [(Kind::Demonstration, 1), (Kind::Purchased, 0)] {
            assert_eq!(storage.with(move |c| licence_grant::count(c, kind)).await.expect("read"), expected);
        }
        let audit = storage.with(|c| audit::newest(c, None, 10)).await.expect("read");
        assert_eq!(audit.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(), ["change", "add"]);
        for (id, site) in [("../etc", "Head office"), ("00112233445566778899AABBCCDDEEFF", "x"), (ID, ""), (ID, "a\nb")]
        {
            let bad = Grant { site: site.into(), ..grant(id) };
            let added = storage.write(move |c| licence_grant::add(c, &bad, &by(), NOW_MS)).await;
            assert!(matches!(added, Err(StorageError::Invalid { .. })), "{id} {site}: {added:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_gateway_keeps_its_id_and_another_one_has_another() {
    let ids = std::cell::RefCell::new(Vec::new());
    opened(async |storage| {
        let id = storage.gateway_id(NOW_MS).expect("made");
        assert!(is_gateway(&id), "{id}");
        assert_eq!(storage.gateway_id(NOW_MS + 1).expect("kept"), id);
        ids.borrow_mut().push(id);
    })
    .await;
    let mut ids = ids.into_inner();
    let databases = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), databases);
}
