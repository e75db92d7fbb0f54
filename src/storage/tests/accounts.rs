//! The table `account`: who may sign in.

use super::*;
use crate::admission::hash_secret;
use crate::storage::account::{self, Account, FREE_FAILURES, LOCK_MS, NewAccount, Role, SignIn};
use crate::storage::{StorageError, audit};

fn hash(password: &str) -> SecretString {
    hash_secret(&SecretString::from(password)).expect("hashed").into()
}

async fn add(storage: &Storage, name: &str, role: Role) -> Result<Account, StorageError> {
    let new = NewAccount { name: name.into(), email: Some("a@example.com".into()), password: hash("right"), role };
    storage.write(move |c| account::add(c, &new, &by(), NOW_MS)).await
}

#[tokio::test]
async fn a_right_password_signs_in_and_wrong_ones_lock_the_account_for_a_while() {
    opened(async |storage| {
        add(&storage, "Ada", Role::Administrator).await.expect("added");
        let sign_in = async |name: &str, password: &str, now_ms| {
            let signed = storage.sign_in(name, SecretString::from(password), "192.0.2.1", now_ms).await;
            match signed.expect("the database is there") {
                SignIn::Right(account) => format!("{} is {}", account.name, account.role.word()),
                SignIn::Wrong => "wrong".into(),
                SignIn::Locked { until_ms } => format!("locked for {}", until_ms - now_ms),
            }
        };
        assert_eq!(sign_in("ADA", "right", NOW_MS).await, "ada is administrator");
        assert_eq!(sign_in("nobody", "right", NOW_MS).await, "wrong");
        for _ in 0..FREE_FAILURES {
            assert_eq!(sign_in("ada", "wrong", NOW_MS).await, "wrong");
        }
        assert_eq!(sign_in("ada", "right", NOW_MS).await, "ada is administrator", "those were free");
        for _ in 0..=FREE_FAILURES {
            assert_eq!(sign_in("ada", "wrong", NOW_MS).await, "wrong");
        }
        // Now the right one tells no more than a wrong one.
        for password in ["right", "wrong"] {
            assert_eq!(sign_in("ada", password, NOW_MS + 1).await, format!("locked for {}", LOCK_MS - 1));
        }
        assert_eq!(sign_in("ada", "wrong", NOW_MS + LOCK_MS).await, "wrong", "one more, and locked twice as long");
        assert_eq!(sign_in("ada", "right", NOW_MS + LOCK_MS).await, format!("locked for {}", 2 * LOCK_MS));
        assert_eq!(sign_in("ada", "right", NOW_MS + 3 * LOCK_MS).await, "ada is administrator");
        let account = storage.with(account::all).await.expect("read").remove(0);
        assert_eq!((account.failures, account.version), (0, 1), "signing in is no change of the account");
        let log = storage.with(|c| audit::newest(c, None, 100)).await.expect("read");
        let count = |action: &str| log.iter().filter(|e| e.action == action && e.origin == "192.0.2.1").count();
        // A name that is nobody's and a locked account leave a line, too: what takes its time tells nothing.
        assert_eq!((count("sign-in"), count("sign-in refused")), (3, 2 * 5 + 1 + 1 + 1 + 3));
        assert!(log.iter().any(|e| (e.who.as_str(), e.object.as_str()) == ("nobody", "no account")), "no name is kept");
    })
    .await;
}

#[tokio::test]
async fn failures_side_by_side_are_all_counted() {
    opened(async |storage| {
        add(&storage, "ada", Role::Administrator).await.expect("added");
        let tries = (0..4).map(|_| storage.sign_in("ada", SecretString::from("wrong"), "192.0.2.1", NOW_MS));
        for tried in futures_util::future::join_all(tries).await {
            assert_eq!(tried.expect("the database is there"), SignIn::Wrong);
        }
        assert_eq!(storage.with(account::all).await.expect("read")[0].failures, 4);
    })
    .await;
}

#[tokio::test]
async fn accounts_are_changed_by_who_has_read_them_and_one_administrator_stays() {
    opened(async |storage| {
        let ada = add(&storage, "ada", Role::Administrator).await.expect("added");
        assert!(matches!(add(&storage, "ADA", Role::Reader).await, Err(StorageError::Exists(_))));
        for name in ["", "a b", "a\nb", &"x".repeat(65)] {
            assert!(matches!(add(&storage, name, Role::Reader).await, Err(StorageError::Invalid { .. })), "{name:?}");
        }
        let lower = async |of: &Account, role| {
            let of = of.clone();
            storage.write(move |c| account::give_role(c, &of, role, &by(), NOW_MS)).await
        };
        let remove = async |of: &Account| {
            let of = of.clone();
            storage.write(move |c| account::remove(c, &of, &by(), NOW_MS)).await
        };
        assert!(matches!(lower(&ada, Role::Reader).await, Err(StorageError::Invalid { .. })));
        assert!(matches!(remove(&ada).await, Err(StorageError::Invalid { .. })));
        let bob = add(&storage, "bob", Role::Administrator).await.expect("added");
        let lowered = lower(&ada, Role::Operator).await.expect("another one is there");
        assert_eq!((lowered.role, lowered.version), (Role::Operator, 2));
        assert!(matches!(lower(&ada, Role::Reader).await, Err(StorageError::Changed(_))));
        assert!(matches!(remove(&bob).await, Err(StorageError::Invalid { .. })), "the last one now");
        let given = lowered.clone();
        let given = storage.write(move |c| account::give_password(c, &given, &hash("new"), &by(), NOW_MS)).await;
        let given = given.expect("as read");
        let signed = storage.sign_in("ada", SecretString::from("new"), "192.0.2.1", NOW_MS).await;
        assert_eq!(signed.expect("the database is there"), SignIn::Right(given.clone()));
        let plain = given.clone();
        let plain = storage.write(move |c| account::give_password(c, &plain, &"plain".into(), &by(), NOW_MS)).await;
        assert!(matches!(plain, Err(StorageError::Invalid { .. })), "a hash, no password");
        remove(&given).await.expect("no administrator");
        let log = storage.with(|c| audit::newest(c, None, 100)).await.expect("read");
        assert!(log.iter().all(|e| !format!("{e:?}").contains("argon2id")), "a hash is in {log:?}");
    })
    .await;
}

#[tokio::test]
async fn a_name_is_kept_in_lower_case_whatever_its_letters() {
    opened(async |storage| {
        // Two signs in lower case, the second of which is no letter.
        let added = add(&storage, "çŧòŏİ", Role::Reader).await.expect("added");
        assert_eq!(added.name, "çŧòŏİ".to_lowercase());
        let found = storage.with(|c| account::find(c, "çŧòŏİ")).await.expect("found");
        assert_eq!(found.id, added.id);
        for name in ["", "a b", "a/b", "a\u{9f}", &"x".repeat(65)] {
            assert!(matches!(add(&storage, name, Role::Reader).await, Err(StorageError::Invalid { .. })), "{name:?}");
        }
    })
    .await;
}
