//! The tables `integration_user` and `integration_token`: who uses an integration, and comes back how.

use actors::user::Integration;

use super::*;
use crate::storage::lockout::{FREE_FAILURES, LOCK_MS};
use crate::storage::user::{self, NewUser, Profile, SignIn, User};
use crate::storage::{StorageError, application, audit, user_token};

fn profile(name: &str) -> Profile {
    let (dn, ceid) = (Some("1000".into()), Some(1));
    Profile { name: name.into(), dn, ceid, integration: Integration::Salesforce, disabled: false }
}

async fn add_as(storage: &Storage, email: &str, profile: Profile) -> Result<User, StorageError> {
    let new = NewUser { email: email.into(), profile, password: Some(HASH.into()) };
    storage.write(move |c| user::add(c, &new, &by(), NOW_MS)).await
}

async fn add(storage: &Storage, email: &str) -> User {
    add_as(storage, email, profile("Mary")).await.expect("added")
}

async fn change(storage: &Storage, read: &User, to: Profile, hash: Option<&str>) -> Result<User, StorageError> {
    let (read, hash) = (read.clone(), hash.map(SecretString::from));
    storage.write(move |c| user::change(c, &read, &to, hash.as_ref(), &by(), NOW_MS + 1)).await
}

async fn remove(storage: &Storage, read: &User) -> Result<(), StorageError> {
    let read = read.clone();
    storage.write(move |c| user::remove(c, &read, &by(), NOW_MS)).await
}

#[tokio::test]
async fn a_user_is_known_by_an_address_in_any_case_and_by_a_number_that_nobody_had() {
    opened(async |storage| {
        let mary = add(&storage, " Mary@Example.COM ").await;
        assert_eq!((mary.email.as_str(), mary.number, mary.version, mary.generation), ("mary@example.com", 1, 1, 1));
        let again = add_as(&storage, "MARY@example.com", profile("Other")).await;
        assert!(matches!(&again, Err(StorageError::Exists(object)) if object == "user mary@example.com"), "{again:?}");
        let john = add(&storage, "john@example.com").await;
        assert_eq!(john.number, 2, "what was refused took no number");
        remove(&storage, &john).await.expect("as read");
        assert_eq!(
            add(&storage, "john@example.com").await.number,
            3,
            "a number that others may know is not given again"
        );
        for email in ["", "a", "a@b@c", "a b@c", "a@b\r\nBcc: c@d", &format!("{}@b", "x".repeat(260))] {
            let refused = add_as(&storage, email, profile("A")).await;
            assert!(matches!(refused, Err(StorageError::Invalid { .. })), "{email:?}");
        }
        let with = |change: fn(&mut Profile)| {
            let mut changed = profile("A");
            change(&mut changed);
            changed
        };
        for bad in [
            with(|p| p.name = String::new()),
            with(|p| p.name = "x".repeat(129)),
            with(|p| p.name = "a\nb".into()),
            with(|p| p.name = " a".into()),
            with(|p| p.dn = Some("12345678".into())),
            with(|p| p.dn = Some("=1".into())),
            with(|p| p.ceid = Some(0)),
            with(|p| p.ceid = Some(1000)),
            with(|p| p.dn = None),
        ] {
            let refused = add_as(&storage, "a@b", bad.clone()).await;
            assert!(matches!(refused, Err(StorageError::Invalid { .. })), "{bad:?}");
            let refused = change(&storage, &mary, bad.clone(), None).await;
            assert!(matches!(refused, Err(StorageError::Invalid { .. })), "{bad:?}");
        }
        let none = NewUser { email: "a@b".into(), profile: profile("A"), password: Some("plain".into()) };
        let plain = storage.write(move |c| user::add(c, &none, &by(), NOW_MS)).await;
        assert!(matches!(plain, Err(StorageError::Invalid { .. })), "a hash, no password");
    })
    .await;
}

#[tokio::test]
async fn who_has_read_a_user_changes_it_and_what_ends_sessions_counts_a_generation() {
    opened(async |storage| {
        let mut mary = add(&storage, "mary@example.com").await;
        let with = |change: fn(&mut Profile)| {
            let mut changed = profile("Mary");
            change(&mut changed);
            changed
        };
        for (to, password, generation) in [
            (with(|p| p.name = "Mary M".into()), None, 1),
            (with(|p| (p.dn, p.ceid) = (None, None)), None, 1),
            (with(|p| p.integration = Integration::Google), None, 2),
            (with(|p| p.disabled = true), None, 3),
            (with(|_| ()), None, 4),
            (with(|_| ()), Some(OTHER_HASH), 5),
            (with(|_| ()), Some(OTHER_HASH), 5),
        ] {
            let read = mary.clone();
            mary = change(&storage, &read, to.clone(), password).await.expect("as read");
            assert_eq!((&mary.profile, mary.generation, mary.version), (&to, generation, read.version + 1));
            let late = change(&storage, &read, to, None).await;
            assert!(matches!(late, Err(StorageError::Changed(_))), "the second is told: {late:?}");
            assert!(matches!(remove(&storage, &read).await, Err(StorageError::Changed(_))));
        }
        let log = storage.with(|c| audit::newest(c, None, 100)).await.expect("read");
        assert_eq!(log.iter().filter(|e| e.action == "change").count(), 7);
        assert!(log.iter().all(|e| !format!("{e:?}").contains("argon2id")), "a hash is in {log:?}");
        assert!(log[0].object == "user mary@example.com" && log[0].who == "tester", "{log:?}");
    })
    .await;
}

#[tokio::test]
async fn users_are_found_by_any_part_and_shown_in_pages() {
    opened(async |storage| {
        for (email, name, dn) in [
            ("a@example.com", "Änne Öztürk", Some("1000")),
            ("b@example.com", "100% Bob", Some("1001")),
            ("c_d@example.com", "O'Hara", None),
        ] {
            let ceid = dn.map(|_| 1);
            let profile = Profile { name: name.into(), dn: dn.map(Into::into), ceid, ..profile(name) };
            add_as(&storage, email, profile).await.expect("added");
        }
        let found = async |text: &'static str, skip, count| {
            let (users, all) = storage.with(move |c| user::search(c, text, skip, count)).await.expect("read");
            (users.into_iter().map(|user| user.email[..1].to_owned()).collect::<String>(), all)
        };
        for (text, expected) in [
            ("", "abc"),
            ("EXAMPLE", "abc"),
            ("änne", "a"),
            ("ÖZT", "a"),
            (" 1001 ", "b"),
            ("%", "b"),
            ("_", "c"),
            ("\\", ""),
            ("o'h", "c"),
            ("' OR 1=1", ""),
        ] {
            assert_eq!(found(text, 0, 10).await.0, expected, "{text}");
        }
        assert_eq!(found("", 0, 2).await, ("ab".into(), 3));
        assert_eq!(found("", 2, 2).await, ("c".into(), 3));
        assert_eq!(found("", 9, 2).await, (String::new(), 3));

        // Programs go on behind the last one that they have seen, which may be gone by then.
        let after = async |text: &'static str, id: &str, count| {
            let id = id.to_owned();
            storage.with(move |c| user::after(c, text, &id, count)).await.expect("read")
        };
        let emails = |users: &[User]| users.iter().map(|user| user.email[..1].to_owned()).collect::<String>();
        let first = after("example", "", 2).await;
        assert_eq!(emails(&first), "ab");
        remove(&storage, &first[1]).await.expect("as read");
        assert_eq!(emails(&after("example", &first[1].id, 2).await), "c");
        assert_eq!(emails(&after("änne", "", 9).await), "a");
        assert_eq!(emails(&after("%", "", 9).await), "");
    })
    .await;
}

/// What becomes of a proof that went so.
async fn judged(storage: &Storage, email: &'static str, right: bool, now_ms: i64) -> SignIn {
    let claim = storage.with(move |c| user::claim(c, email)).await.expect("read");
    storage.write(move |c| user::judge(c, claim.as_ref(), right, "192.0.2.1", now_ms)).await.expect("judged")
}

#[tokio::test]
async fn wrong_passwords_lock_a_user_for_a_while_and_nobody_learns_why_it_was_refused() {
    opened(async |storage| {
        let mary = add(&storage, "mary@example.com").await;
        let right = SignIn::Right(mary.clone());
        assert_eq!(judged(&storage, "MARY@example.com", true, NOW_MS).await, right);
        assert_eq!(judged(&storage, "nobody@example.com", true, NOW_MS).await, SignIn::Wrong);
        for _ in 0..FREE_FAILURES {
            assert_eq!(judged(&storage, "mary@example.com", false, NOW_MS).await, SignIn::Wrong);
        }
        assert_eq!(judged(&storage, "mary@example.com", true, NOW_MS).await, right, "those were free");
        for _ in 0..=FREE_FAILURES {
            assert_eq!(judged(&storage, "mary@example.com", false, NOW_MS).await, SignIn::Wrong);
        }
        for (is, after_ms, signed) in [
            (true, LOCK_MS - 1, SignIn::Wrong),
            (false, LOCK_MS, SignIn::Wrong),
            (true, 3 * LOCK_MS - 1, SignIn::Wrong),
            (true, 3 * LOCK_MS, right),
        ] {
            assert_eq!(judged(&storage, "mary@example.com", is, NOW_MS + after_ms).await, signed, "{after_ms}");
        }
        // A new password takes the lock off; who is disabled is told to who knows the password alone.
        for _ in 0..=FREE_FAILURES {
            judged(&storage, "mary@example.com", false, NOW_MS).await;
        }
        let disabled = Profile { disabled: true, ..profile("Mary") };
        change(&storage, &mary, disabled, Some(OTHER_HASH)).await.expect("as read");
        assert_eq!(judged(&storage, "mary@example.com", true, NOW_MS).await, SignIn::Disabled);
        assert_eq!(judged(&storage, "mary@example.com", false, NOW_MS).await, SignIn::Wrong);
        let log = storage.with(|c| audit::newest(c, None, 100)).await.expect("read");
        let of = |who: &str| log.iter().filter(|e| e.who == who && e.action == "sign-in refused").count();
        assert_eq!((of("nobody"), of("mary@example.com")), (1, 5 + 6 + 3 + 6 + 2), "each leaves a line");
        assert!(!format!("{log:?}").contains("nobody@"), "what is no user's is not kept: it may be a password");
    })
    .await;
}

#[tokio::test]
async fn a_proof_against_a_password_of_before_is_worth_nothing() {
    opened(async |storage| {
        let mary = add(&storage, "mary@example.com").await;
        let claim = storage.with(|c| user::claim(c, "mary@example.com")).await.expect("read");
        change(&storage, &mary, profile("Mary"), Some(OTHER_HASH)).await.expect("as read");
        let judge = move |c: &mut _| user::judge(c, claim.as_ref(), true, "192.0.2.1", NOW_MS);
        assert_eq!(storage.write(judge).await.expect("judged"), SignIn::Wrong);
        let new = NewUser { email: "a@b".into(), profile: profile("A"), password: None };
        let added = storage.write(move |c| user::add(c, &new, &by(), NOW_MS)).await.expect("added");
        assert!(!added.has_password);
        let claim = storage.with(|c| user::claim(c, "a@b")).await.expect("read").expect("there");
        assert!(claim.hash.is_none(), "no password is right");
    })
    .await;
}

async fn issue(storage: &Storage, user: &User, hash: &str, now_ms: i64) -> bool {
    let (user, hash) = (user.clone(), hash.to_owned());
    let issue = move |c: &mut _| user_token::issue(c, &user, "Example Co / Softphone", &hash, now_ms, now_ms + 100);
    storage.write(issue).await.expect("written")
}

async fn holder(storage: &Storage, hash: &str, now_ms: i64) -> Option<String> {
    let hash = hash.to_owned();
    let held = storage.with(move |c| user_token::holder(c, &hash, now_ms)).await.expect("read");
    held.map(|(user, application)| format!("{} by {application}", user.email))
}

#[tokio::test]
async fn a_token_ends_with_its_time_its_user_and_its_application() {
    opened(async |storage| {
        let mut mary = add(&storage, "mary@example.com").await;
        let other = add(&storage, "john@example.com").await;
        let is = Some("mary@example.com by Example Co / Softphone".to_owned());
        assert!(issue(&storage, &mary, "aa", NOW_MS).await);
        assert_eq!(holder(&storage, "aa", NOW_MS + 99).await, is);
        for (hash, at_ms) in [("aa", NOW_MS + 100), ("a", NOW_MS), ("", NOW_MS), ("bb", NOW_MS)] {
            assert_eq!(holder(&storage, hash, at_ms).await, None, "{hash} {at_ms}");
        }
        let with = |change: fn(&mut Profile)| {
            let mut changed = profile("Mary");
            change(&mut changed);
            changed
        };
        for (case, to, password, stays) in [
            ("another name", with(|p| p.name = "M".into()), None, true),
            ("another integration", with(|p| p.integration = Integration::Google), None, false),
            ("disabled", with(|p| p.disabled = true), None, false),
            ("enabled", with(|_| ()), None, false),
            ("another password", with(|_| ()), Some(OTHER_HASH), false),
        ] {
            let before = mary.clone();
            let was_disabled = before.profile.disabled;
            assert_eq!(issue(&storage, &mary, "cc", NOW_MS).await, !was_disabled, "{case}");
            mary = change(&storage, &mary, to, password).await.expect("as read");
            let held = holder(&storage, "cc", NOW_MS).await;
            assert_eq!(held.is_some(), stays, "{case}");
            if stays {
                storage.write(|c| user_token::forget(c, "c")).await.expect("written");
            } else {
                assert!(!issue(&storage, &before, "dd", NOW_MS).await, "{case}: proven before");
            }
        }
        assert!(issue(&storage, &mary, "cc", NOW_MS).await && issue(&storage, &other, "ee", NOW_MS).await);
        storage.write(|c| user_token::forget(c, "cc")).await.expect("written");
        let there = (holder(&storage, "cc", NOW_MS).await, holder(&storage, "ee", NOW_MS).await.is_some());
        assert_eq!(there, (None, true), "one who signs out");
        remove(&storage, &other).await.expect("with its tokens");
        assert_eq!(holder(&storage, "ee", NOW_MS).await, None);

        // Revoked, and back: what was issued before is gone.
        let softphone = storage.write(|c| application::add(c, &application("Softphone"), &by(), NOW_MS)).await;
        let mut softphone = softphone.expect("added");
        assert!(issue(&storage, &mary, "ff", NOW_MS).await);
        for revoked in [true, false] {
            softphone = storage
                .write(move |c| application::revoke(c, &softphone, revoked, &by(), NOW_MS))
                .await
                .expect("as read");
        }
        assert_eq!(holder(&storage, "ff", NOW_MS).await, None);
        assert!(issue(&storage, &mary, "ff", NOW_MS).await);
        storage.write(move |c| application::remove(c, &softphone, &by(), NOW_MS)).await.expect("as read");
        assert_eq!(holder(&storage, "ff", NOW_MS).await, None);
    })
    .await;
}

#[tokio::test]
async fn a_user_has_a_few_tokens_and_those_that_expired_go() {
    opened(async |storage| {
        let mary = add(&storage, "mary@example.com").await;
        for i in 0..user_token::MOST + 2 {
            assert!(issue(&storage, &mary, &format!("{i:02}"), NOW_MS + i).await);
        }
        let now_ms = NOW_MS + user_token::MOST + 1;
        for i in 0..user_token::MOST + 2 {
            assert_eq!(holder(&storage, &format!("{i:02}"), now_ms).await.is_some(), i >= 2, "{i}");
        }
        assert!(issue(&storage, &mary, "aa", NOW_MS + 1_000).await);
        let left = holder(&storage, "05", NOW_MS).await;
        assert_eq!(left, None, "it had expired when another one was issued, and is gone");
    })
    .await;
}
