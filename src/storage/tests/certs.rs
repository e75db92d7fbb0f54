//! The certificate server's tables: members, requests, the list, certificates and the outbox.

use super::*;
use crate::storage::account::{NewAccount, Role};
use crate::storage::certs::entry::{self, Made};
use crate::storage::certs::mail::{self, Fate, GIVEN_UP_MS, Letter, Tried};
use crate::storage::certs::member::{self, Member, NewMember};
use crate::storage::certs::request::{self, Asked, Kind, MOST_PENDING, Request, State};
use crate::storage::{StorageError, account, audit};

const KEY: &str = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";

async fn add(storage: &Storage, name: &str, role: Role, msa_number: Option<&str>) -> Result<Member, StorageError> {
    let email = Some(format!("{name}@example.com"));
    let account = NewAccount { name: name.into(), email, password: HASH.into(), role };
    let new = NewMember { account, msa_number: msa_number.map(str::to_owned), must_change: true };
    storage.write(move |c| member::add(c, &new, &by(), NOW_MS)).await
}

async fn member(storage: &Storage, name: &str) -> Member {
    add(storage, name, Role::Member, Some("M-1")).await.expect("added")
}

fn names(company: &str, application: &str) -> Asked {
    Asked { company: company.into(), application: application.into(), contact: "Ada, ext. 7".into() }
}

async fn ask(storage: &Storage, of: &Member, asked: Asked, key: bool) -> Result<Request, StorageError> {
    let of = of.clone();
    let hash = SecretString::from(HASH);
    storage.write(move |c| request::add(c, &of, &asked, Some(&hash), key.then_some(KEY), &by(), NOW_MS)).await
}

fn made(serial: &str) -> Made {
    Made { pem: format!("certificate {serial}"), serial: serial.into(), expires_at_ms: NOW_MS + 1 }
}

async fn approve(storage: &Storage, read: &Request) -> Result<entry::Entry, StorageError> {
    let read = read.clone();
    let made = read.public_key.as_ref().map(|_| made(&read.id));
    storage.write(move |c| Ok(request::approve(c, &read, made.as_ref(), &by(), NOW_MS)?.1)).await
}

async fn version(storage: &Storage) -> i64 {
    storage.with(entry::version).await.expect("read")
}

fn is_invalid<T>(result: Result<T, StorageError>, words: &str) {
    let told = result.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(told.contains(words), "{words:?} is not in {told:?}");
}

#[tokio::test]
async fn what_is_asked_for_is_decided_once_and_then_on_the_list() {
    opened(async |storage| {
        let ada = member(&storage, "ada").await;
        let asked = ask(&storage, &ada, names("Example Co", "Pop"), false).await.expect("asked");
        assert_eq!((asked.kind, asked.state, asked.version), (Kind::Registration, State::Pending, 1));
        assert_eq!(version(&storage).await, 1, "nothing is on the list yet");
        let entry = approve(&storage, &asked).await.expect("approved");
        assert_eq!((entry.advanced, entry.revoked, entry.company.as_str()), (false, false, "Example Co"));
        assert_eq!(version(&storage).await, 2);
        // The second of two administrators is told, whatever it is that he does.
        let again = approve(&storage, &asked).await;
        assert!(matches!(again, Err(StorageError::Changed(_))), "{again:?}");
        let read = asked.clone();
        let denied = storage.write(move |c| request::deny(c, &read, "no", &by(), NOW_MS)).await;
        assert!(matches!(denied, Err(StorageError::Changed(_))), "{denied:?}");
        let read = asked.clone();
        let back = storage.write(move |c| request::withdraw(c, &read, &by(), NOW_MS)).await;
        assert!(matches!(back, Err(StorageError::Changed(_))), "{back:?}");
        assert_eq!(version(&storage).await, 2, "nothing was changed");
        assert_eq!(storage.with(entry::all).await.expect("read").len(), 1);
        let (counted, listed) = storage.with(entry::list).await.expect("read");
        assert_eq!((counted, listed.len(), listed[0].advanced), (2, 1, false));

        let read = entry.clone();
        let none = storage.write(move |c| entry::revoke(c, &read, "  ", &by(), NOW_MS)).await;
        is_invalid(none, "a reason");
        let revoke = async |read: &entry::Entry| {
            let read = read.clone();
            storage.write(move |c| entry::revoke(c, &read, "key lost\nsee ticket", &by(), NOW_MS)).await
        };
        let revoked = revoke(&entry).await.expect("revoked");
        assert!(revoked.revoked && revoked.reason.is_some() && version(&storage).await == 3);
        assert!(matches!(revoke(&entry).await, Err(StorageError::Changed(_))));
        is_invalid(revoke(&revoked).await, "revoked already");
        assert_eq!(storage.with(entry::all).await.expect("read").len(), 1, "tagged, not removed");
        assert!(storage.with(entry::list).await.expect("read").1[0].revoked);
        for key in [false, true] {
            is_invalid(ask(&storage, &ada, names("EXAMPLE co", "pop"), key).await, "revoked");
        }
        let log = storage.with(|c| audit::newest(c, None, 100)).await.expect("read");
        let lines: Vec<_> = log.iter().rev().map(|e| format!("{} {}", e.action, e.object)).collect();
        let expected = [
            "add account ada",
            "add member ada",
            "add request Example Co / Pop",
            "approve request Example Co / Pop",
            "add registration Example Co / Pop",
            "revoke registration Example Co / Pop",
        ];
        assert_eq!(lines, expected);
        assert!(!format!("{log:?}").contains("argon2id"), "a hash is in {log:?}");
    })
    .await;
}

#[tokio::test]
async fn a_certificate_registers_and_anew_keeps_names_and_password() {
    opened(async |storage| {
        let ada = member(&storage, "ada").await;
        let first = ask(&storage, &ada, names("Example Co", "Pop"), true).await.expect("asked");
        let entry = approve(&storage, &first).await.expect("approved");
        assert!(entry.advanced);
        // Another case, and another password, which does not count.
        let other = SecretString::from(OTHER_HASH);
        let (of, asked) = (ada.clone(), names("example CO", "POP"));
        let anew = storage.write(move |c| request::add(c, &of, &asked, Some(&other), Some(KEY), &by(), NOW_MS)).await;
        let anew = anew.expect("asked");
        assert!(anew.is_anew());
        assert_eq!((anew.company.as_str(), anew.application.as_str()), ("Example Co", "Pop"), "as it is on the list");
        let before = version(&storage).await;
        let same = approve(&storage, &anew).await.expect("approved");
        use secrecy::ExposeSecret as _;
        assert_eq!((same.id.clone(), same.password.expose_secret()), (entry.id.clone(), HASH));
        assert_eq!(version(&storage).await, before, "for gateways nothing has changed");
        let id = entry.id.clone();
        let certificates = storage.with(move |c| entry::certificates(c, &id)).await.expect("read");
        let serials: Vec<_> = certificates.iter().map(|c| c.serial.as_str()).collect();
        assert_eq!(serials, [anew.id.as_str(), first.id.as_str()], "newest first");

        // One that was Standard gets Advanced service, and keeps its password.
        let plain = ask(&storage, &ada, names("Example Co", "Wall"), false).await.expect("asked");
        approve(&storage, &plain).await.expect("approved");
        let raised = ask(&storage, &ada, names("Example Co", "Wall"), true).await.expect("asked");
        assert!(raised.is_anew() && approve(&storage, &raised).await.expect("approved").advanced);
        assert_eq!(version(&storage).await, before + 2);
    })
    .await;
}

#[tokio::test]
async fn names_belong_to_who_was_first_and_what_waits_is_bounded() {
    opened(async |storage| {
        let (ada, bob) = (member(&storage, "ada").await, member(&storage, "bob").await);
        let first = ask(&storage, &ada, names("Example Co", "Pop"), false).await.expect("asked");
        for (of, key) in [(&ada, false), (&ada, true), (&bob, false), (&bob, true)] {
            is_invalid(ask(&storage, of, names("EXAMPLE CO", "pop"), key).await, "waits already");
        }
        approve(&storage, &first).await.expect("approved");
        is_invalid(ask(&storage, &ada, names("Example Co", "Pop"), false).await, "registered already");
        for key in [false, true] {
            is_invalid(ask(&storage, &bob, names("Example Co", "POP"), key).await, "another member");
        }
        for (asked, words) in [
            (names("", "Pop"), "The company's name is missing"),
            (names("Example Co", &"x".repeat(65)), "The application's name has more than 64"),
            (names("Example Co", "a:--:b"), ":--:"),
            (names("Example\0", "a"), "cannot be seen"),
            (Asked { contact: " ".into(), ..names("a", "b") }, "contact"),
            (Asked { contact: "a\r\nBcc: b".into(), ..names("a", "b") }, "contact"),
        ] {
            is_invalid(ask(&storage, &ada, asked, false).await, words);
        }
        let of = ada.clone();
        let none = storage.write(move |c| request::add(c, &of, &names("a", "b"), None, None, &by(), NOW_MS)).await;
        is_invalid(none, "A password is needed");
        for i in 0..MOST_PENDING {
            ask(&storage, &ada, names("Example Co", &format!("n{i}")), false).await.expect("asked");
        }
        is_invalid(ask(&storage, &ada, names("Example Co", "more"), false).await, "Too many");
        ask(&storage, &bob, names("Example Co", "bobs"), false).await.expect("of somebody else");

        // With the account go its requests that wait; what is registered stays.
        let gone = ada.clone();
        storage.write(move |c| member::remove(c, &gone, &by(), NOW_MS)).await.expect("removed");
        let id = ada.account.id.clone();
        let left = storage.with(move |c| request::of_account(c, &id)).await.expect("read");
        assert_eq!(left.iter().filter(|r| r.state == State::Withdrawn).count(), MOST_PENDING);
        assert_eq!(storage.with(request::pending).await.expect("read").len(), 1);
        assert_eq!(storage.with(entry::all).await.expect("read")[0].account_name, "ada");
    })
    .await;
}

#[tokio::test]
async fn a_request_that_came_between_or_a_revocation_stops_an_approval_whole() {
    opened(async |storage| {
        let ada = member(&storage, "ada").await;
        let first = ask(&storage, &ada, names("Example Co", "Pop"), true).await.expect("asked");
        let entry = approve(&storage, &first).await.expect("approved");
        let anew = ask(&storage, &ada, names("Example Co", "Pop"), true).await.expect("asked");
        let read = entry.clone();
        storage.write(move |c| entry::revoke(c, &read, "lost", &by(), NOW_MS)).await.expect("revoked");
        is_invalid(approve(&storage, &anew).await, "revoked meanwhile");
        let id = anew.id.clone();
        let still = storage.with(move |c| request::find(c, &id)).await.expect("read").expect("there");
        assert_eq!(still.state, State::Pending, "nothing was changed");
        let id = entry.id.clone();
        assert_eq!(storage.with(move |c| entry::certificates(c, &id)).await.expect("read").len(), 1);
        let (read, id) = (still.clone(), still.id.clone());
        storage.write(move |c| request::deny(c, &read, "it is revoked", &by(), NOW_MS)).await.expect("denied");
        let denied = storage.with(move |c| request::find(c, &id)).await.expect("read").expect("there");
        assert_eq!((denied.state, denied.reason.as_deref()), (State::Denied, Some("it is revoked")));
        let newest = storage.with(|c| request::decided(c, None, 1)).await.expect("read");
        assert_eq!(newest[0].id, anew.id);
        let older = storage.with(move |c| request::decided(c, Some(&newest[0].id), 10)).await.expect("read");
        assert_eq!(older.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), [first.id.as_str()]);
    })
    .await;
}

#[tokio::test]
async fn members_change_by_who_has_read_them() {
    opened(async |storage| {
        is_invalid(add(&storage, "ada", Role::Member, None).await, "MSA account number");
        is_invalid(add(&storage, "ada", Role::Member, Some(&"1".repeat(33))).await, "MSA account number");
        is_invalid(add(&storage, "ada", Role::Reader, Some("1")).await, "a member or an administrator");
        assert!(storage.with(account::all).await.expect("read").is_empty(), "nothing was added");
        let root = add(&storage, "root", Role::Administrator, Some("ignored")).await.expect("added");
        assert!(root.is_administrator() && root.msa_number.is_none());
        let ada = member(&storage, "ada").await;
        let change = async |read: &Member, email: &'static str, number: &'static str| {
            let read = read.clone();
            storage.write(move |c| member::change(c, &read, Some(email), Some(number), &by(), NOW_MS)).await
        };
        let changed = change(&ada, "new@example.com", "M-2").await.expect("as read");
        assert_eq!((changed.msa_number.as_deref(), changed.account.version), (Some("M-2"), 2));
        assert!(matches!(change(&ada, "x@example.com", "M-3").await, Err(StorageError::Changed(_))));
        is_invalid(change(&changed, "none", "M-3").await, "e-mail");
        let read = changed.clone();
        let given = storage.write(move |c| member::give_password(c, &read, &OTHER_HASH.into(), false, &by(), NOW_MS));
        assert!(!given.await.expect("as read").must_change);
        let id = ada.account.id.clone();
        let found = storage.with(move |c| member::find(c, &id)).await.expect("read").expect("there");
        assert_eq!((found.must_change, found.msa_number.as_deref()), (false, Some("M-2")));
        assert_eq!(storage.with(member::administrators).await.expect("read"), ["root@example.com"]);
        // A gateway's own accounts are nobody here.
        let reader = NewAccount { name: "reader".into(), email: None, password: HASH.into(), role: Role::Reader };
        let reader = storage.write(move |c| account::add(c, &reader, &by(), NOW_MS)).await.expect("added");
        assert!(storage.with(move |c| member::find(c, &reader.id)).await.expect("read").is_none());
        let all = storage.with(member::all).await.expect("read");
        assert_eq!(all.iter().map(|m| m.account.name.as_str()).collect::<Vec<_>>(), ["ada", "root"]);
    })
    .await;
}

#[tokio::test]
async fn mail_waits_is_taken_by_one_and_tried_until_it_is_too_old() {
    opened(async |storage| {
        let letter = |to: &str| Letter {
            to: to.into(),
            subject: "s".into(),
            body: "b".into(),
            attachment: Some(("a.pem".into(), "PEM".into())),
        };
        for to in ["a@example.com", "b@example.com"] {
            let letter = letter(to);
            storage.write(move |c| mail::add(c, &letter, NOW_MS)).await.expect("added");
        }
        let take = async |now_ms| storage.write(move |c| mail::take(c, now_ms)).await.expect("read");
        assert!(storage.with(|c| mail::is_due(c, NOW_MS)).await.expect("read"));
        let taken = [take(NOW_MS).await.expect("due"), take(NOW_MS).await.expect("due")];
        assert_eq!(taken.iter().map(|m| m.letter.to.as_str()).collect::<Vec<_>>(), ["a@example.com", "b@example.com"]);
        assert_eq!(taken[0].letter, letter("a@example.com"));
        assert!(take(NOW_MS + 1).await.is_none(), "whoever took it has it");
        let tried = async |of: &mail::Mail, how: Tried, now_ms| {
            let of = of.clone();
            storage.write(move |c| mail::tried(c, &of, &how, now_ms)).await.expect("kept");
        };
        tried(&taken[0], Tried::Sent, NOW_MS).await;
        tried(&taken[1], Tried::Failed("no\r\nanswer".into()), NOW_MS).await;
        assert_eq!(storage.with(mail::stuck).await.expect("read"), 1);
        assert!(!storage.with(|c| mail::is_due(c, NOW_MS)).await.expect("read"));
        let second = take(NOW_MS + 2_000).await.expect("due");
        assert_eq!((second.attempts, second.fault.as_deref()), (2, Some("noanswer")));
        tried(&second, Tried::Failed("no answer".into()), NOW_MS + GIVEN_UP_MS).await;
        let (unsent, sent) = storage.with(|c| mail::looked_at(c, 10)).await.expect("read");
        assert_eq!((unsent.len(), unsent[0].fate, sent.len(), sent[0].fate), (1, Fate::GivenUp, 1, Fate::Sent));
        let (id, sent) = (unsent[0].id.clone(), sent[0].id.clone());
        let again = async |id: String| storage.write(move |c| mail::again(c, &id, &by(), NOW_MS)).await;
        assert!(matches!(again(sent).await, Err(StorageError::Missing(_))), "it is sent");
        again(id).await.expect("there");
        let third = take(NOW_MS).await.expect("due");
        tried(&third, Tried::Refused("no such mailbox".into()), NOW_MS).await;
        let (unsent, _) = storage.with(|c| mail::looked_at(c, 10)).await.expect("read");
        assert_eq!(unsent[0].fate, Fate::GivenUp, "what is refused for good is not tried again");
    })
    .await;
}

#[tokio::test]
async fn accounts_of_before_stay_when_members_come() {
    use crate::storage::migrations::apply_first;
    use diesel::connection::SimpleConnection as _;
    everywhere(async |options| {
        let old = Storage::reach(&options).expect("reached");
        old.blocking(|c| apply_first(c, 2)).expect("as it was before");
        let row = format!(
            "INSERT INTO account (id, name, password, role, failures, locked_until_ms, created_at_ms, version, \
             changed_at_ms, changed_by) VALUES ('1', 'ada', '{HASH}', 'operator', 3, 4, 5, 6, 7, 'x')"
        );
        old.blocking(|c| Ok(c.batch_execute(&row)?)).expect("written");
        let new = if matches!(options.place, Place::Memory) {
            old.blocking(|c| apply_first(c, usize::MAX)).expect("applied");
            old
        } else {
            drop(old);
            Storage::open(&options).expect("applied")
        };
        let all = new.with(account::all).await.expect("read");
        assert_eq!((all.len(), all[0].role, all[0].failures, all[0].version), (1, Role::Operator, 3, 6));
        add(&new, "ada", Role::Member, Some("1")).await.expect_err("a name is there once");
        member(&new, "bob").await;
    })
    .await;
}
