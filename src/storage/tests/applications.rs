//! The table `application`, settings and the audit log beside it.

use serde_json::json;

use super::*;
use crate::admission::NextLocal;
use crate::storage::{StorageError, application, audit, setting};

#[tokio::test]
async fn an_application_is_kept_as_it_was_given() {
    opened(async |storage| {
        let mut given = application("Screen Pop");
        given.application.service = ServiceLevel::Advanced;
        given.application.revoked = true;
        given.application.limits = ApplicationLimits { monitors: Some(7), commands_per_second: None, log_mib: Some(3) };
        given.next_local = Some(NextLocal { hash: OTHER_HASH.into(), overlap_until_ms: NOW_MS + 5 });
        let (full, bare) = (given.clone(), application("Ünïcode \"'; DROP TABLE application; --"));
        let pair = [full.clone(), bare.clone()];
        let added = storage
            .write(move |c| pair.iter().map(|a| application::add(c, a, &by(), NOW_MS)).collect::<Result<Vec<_>, _>>())
            .await
            .expect("added");
        let found = storage.with(application::all).await.expect("read");
        assert_eq!(found.len(), 2);
        for (kept, given) in found.iter().zip([&full, &bare]) {
            let fields = application::fields(&kept.registered);
            assert_eq!(fields, application::fields(given));
            assert_eq!((kept.version, kept.changed_at_ms, kept.changed_by.as_str()), (1, NOW_MS, "tester"));
        }
        assert_eq!(found.iter().map(|k| &k.id).collect::<Vec<_>>(), added.iter().map(|k| &k.id).collect::<Vec<_>>());
        let again = storage.write(move |c| application::add(c, &full, &by(), NOW_MS)).await;
        assert!(matches!(&again, Err(StorageError::Exists(object)) if object.contains("Screen Pop")), "{again:?}");
        let missing = storage.with(|c| application::find(c, "Example Co", "Other")).await;
        assert!(matches!(missing, Err(StorageError::Missing(_))));
    })
    .await;
}

#[tokio::test]
async fn of_two_who_change_one_application_the_second_is_told() {
    opened(async |storage| {
        let read = storage.write(|c| application::add(c, &application("Pop"), &by(), NOW_MS)).await.expect("added");
        let (first, second) = (read.clone(), read.clone());
        let changed = storage.write(move |c| application::revoke(c, &first, true, &by(), NOW_MS + 1)).await;
        assert_eq!(changed.expect("nobody was before").version, 2);
        let late = storage.write(move |c| application::revoke(c, &second, true, &by(), NOW_MS + 2)).await;
        assert!(matches!(late, Err(StorageError::Changed(_))), "{late:?}");
        let late = storage.write(move |c| application::remove(c, &read, &by(), NOW_MS + 2)).await;
        assert!(matches!(late, Err(StorageError::Changed(_))), "{late:?}");
        let now = storage.with(|c| application::find(c, "Example Co", "Pop")).await.expect("there");
        assert!(now.registered.application.revoked);
        storage.write(move |c| application::remove(c, &now, &by(), NOW_MS + 3)).await.expect("removed");
        assert!(storage.with(application::all).await.expect("read").is_empty());

        let log = storage.with(|c| audit::newest(c, None, 10)).await.expect("read");
        let told: Vec<_> = log.iter().map(|e| (e.action.as_str(), e.before.as_deref(), e.after.as_deref())).collect();
        let change = ("change", Some(r#"{"revoked":false}"#), Some(r#"{"revoked":true}"#));
        assert_eq!((told.len(), told[0].0, told[1], told[2].0), (3, "remove", change, "add"), "newest first");
        assert!(log.iter().all(|e| e.object == "application Example Co / Pop" && e.who == "tester"));
        assert!(log.iter().all(|e| !format!("{e:?}").contains("argon2id")), "a hash is in {log:?}");
        let older = storage.with(move |c| audit::newest(c, Some(&log[1].id), 10)).await.expect("read");
        assert_eq!(older.iter().map(|e| e.action.as_str()).collect::<Vec<_>>(), ["add"]);
    })
    .await;
}

#[tokio::test]
async fn a_local_password_is_replaced_at_once_or_with_an_overlap() {
    opened(async |storage| {
        let read = storage.write(|c| application::add(c, &application("Pop"), &by(), NOW_MS)).await.expect("added");
        // Until when the old one is accepted; what the row then has as local and next password.
        let steps = [
            (NOW_MS, "c", "c", None),
            (NOW_MS + 100, "d", "c", Some(("d", NOW_MS + 100))),
            // Another one while one is under way: that one is in force, so it is the old one now.
            (NOW_MS + 200, "e", "d", Some(("e", NOW_MS + 200))),
            (NOW_MS - 1, "f", "f", None),
        ];
        let mut kept = read;
        for (until_ms, hash, local, next) in steps {
            let hash = SecretString::from(hash);
            kept = storage
                .write(move |c| application::rotate(c, &kept, &hash, until_ms, &by(), NOW_MS))
                .await
                .expect("nobody else changes it");
            let now = storage.with(|c| application::find(c, "Example Co", "Pop")).await.expect("there").registered;
            use secrecy::ExposeSecret as _;
            assert_eq!(now.application.local_password.expose_secret(), local);
            let is = now.next_local.as_ref().map(|n| (n.hash.expose_secret(), n.overlap_until_ms));
            assert_eq!(is, next);
        }
    })
    .await;
}

#[tokio::test]
async fn a_setting_is_kept_by_its_key_and_changed_by_who_has_read_it() {
    opened(async |storage| {
        let get = async || storage.with(|c| setting::get(c, "site.name")).await.expect("read");
        let set =
            async |value, read| storage.write(move |c| setting::set(c, "site.name", &value, read, &by(), NOW_MS)).await;
        assert_eq!(get().await, None);
        set(json!({ "text": "A" }), None).await.expect("new");
        assert!(matches!(set(json!(1), None).await, Err(StorageError::Exists(_))));
        let read = get().await.expect("there");
        assert_eq!((read.value, read.version), (json!({ "text": "A" }), 1));
        set(json!([2]), Some(1)).await.expect("as read");
        assert!(matches!(set(json!(3), Some(1)).await, Err(StorageError::Changed(_))));
        assert_eq!(get().await.map(|kept| kept.value), Some(json!([2])));
    })
    .await;
}
