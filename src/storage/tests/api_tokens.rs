//! The table `api_token`: what programs administer with.

use super::*;
use crate::admission::hash_secret;
use crate::storage::account::{self, NewAccount, Role};
use crate::storage::api_token::{self, LONGEST_NAME, MOST, NewToken};
use crate::storage::{StorageError, audit};

fn new(account: &str, name: &str) -> NewToken {
    NewToken {
        account: account.into(),
        account_name: "ada".into(),
        name: name.into(),
        hash: format!("{account} {name}"),
        scopes: vec!["status:read".into(), "log:read".into()],
        expires_at_ms: Some(NOW_MS + 5),
    }
}

#[tokio::test]
async fn a_token_is_found_by_its_hash_until_it_is_removed() {
    opened(async |storage| {
        let add = async |account: &'static str, name: &str| {
            let new = new(account, name);
            storage.write(move |c| api_token::add(c, &new, &by(), NOW_MS)).await
        };
        let token = add("1", "backup").await.expect("added");
        assert!(matches!(add("1", "backup").await, Err(StorageError::Exists(_))), "the account has one of this name");
        add("2", "backup").await.expect("another account");
        for name in ["", " a", "a ", "a\u{0}b", &"x".repeat(LONGEST_NAME + 1)] {
            assert!(matches!(add("1", name).await, Err(StorageError::Invalid { .. })), "{name:?}");
        }
        let found = async |hash: &'static str| storage.with(move |c| api_token::by_hash(c, hash)).await.expect("read");
        assert_eq!(found("1 backup").await, Some(token.clone()));
        assert_eq!((token.scopes.join(","), token.last_used_ms), ("status:read,log:read".into(), None));
        assert_eq!(found("1 backu").await, None);
        let id = token.id.clone();
        storage.write(move |c| api_token::used(c, &id, NOW_MS + 1)).await.expect("written");
        assert_eq!(found("1 backup").await.and_then(|token| token.last_used_ms), Some(NOW_MS + 1));
        let remove = async || {
            let id = token.id.clone();
            storage.write(move |c| api_token::remove(c, &id, "ada", &by(), NOW_MS)).await
        };
        remove().await.expect("removed");
        assert!(matches!(remove().await, Err(StorageError::Missing(_))));
        assert_eq!(found("1 backup").await, None);
        assert_eq!(storage.with(api_token::all).await.expect("read").len(), 1);
        let log = storage.with(|c| audit::newest(c, None, 9)).await.expect("read");
        let removed = log.first().expect("a line");
        assert_eq!((removed.action.as_str(), removed.object.as_str()), ("remove", "token backup of ada"));
        assert!(log.iter().all(|entry| !format!("{entry:?}").contains("1 backup")), "no hash is in the log");
    })
    .await;
}

#[tokio::test]
async fn an_account_has_a_bounded_number_of_tokens_and_takes_them_with_it() {
    opened(async |storage| {
        let password = hash_secret(&SecretString::from("right")).expect("hashed").into();
        let ada = NewAccount { name: "ada".into(), email: None, password, role: Role::Reader };
        let ada = storage.write(move |c| account::add(c, &ada, &by(), NOW_MS)).await.expect("added");
        let id = ada.id.clone();
        let added = storage.write(move |c| {
            for count in 0..MOST {
                api_token::add(c, &new(&id, &count.to_string()), &by(), NOW_MS)?;
            }
            api_token::add(c, &new("other", "0"), &by(), NOW_MS)?;
            Ok(api_token::add(c, &new(&id, "more"), &by(), NOW_MS))
        });
        assert!(matches!(added.await.expect("written"), Err(StorageError::Invalid { .. })));
        storage.write(move |c| account::remove(c, &ada, &by(), NOW_MS)).await.expect("removed");
        let left = storage.with(api_token::all).await.expect("read");
        assert_eq!(left.iter().map(|token| token.account.as_str()).collect::<Vec<_>>(), ["other"]);
    })
    .await;
}
