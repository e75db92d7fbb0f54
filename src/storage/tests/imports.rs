//! The settings file and the database.

use std::path::Path;

use secrecy::ExposeSecret as _;

use super::nodes::plain;
use super::*;
use crate::admission::NextLocal;
use crate::settings::{Node, Settings, Source};
use crate::storage::{Differs, Known, Plan, Removal, StorageError, application, audit, setting};

fn file(nodes: Vec<Node>, applications: &[&str]) -> Settings {
    let applications = applications.iter().map(|name| application(name).application).collect();
    Settings { nodes, applications, ..Settings::default() }
}

async fn apply(storage: &Storage, file: &Settings, removal: Removal) -> Result<usize, StorageError> {
    let file = file.clone();
    let apply = storage.sealing(move |c, v| Plan::of(&Known::read(c, v)?, &file).apply(c, v, removal, &by(), NOW_MS));
    storage.write(apply).await
}

fn told(plan: &Plan) -> Vec<(String, &'static str, Vec<&'static str>)> {
    let all = plan.differences().map(|(object, differs)| match differs {
        Differs::InFile(_) => (object.to_owned(), "file", Vec::new()),
        Differs::InDatabase(_) => (object.to_owned(), "database", Vec::new()),
        Differs::Changed(changes) => (object.to_owned(), "differs", changes.names()),
    });
    all.collect()
}

#[tokio::test]
async fn the_first_file_is_taken_over_and_later_ones_change_nothing() {
    opened(async |storage| {
        let first = file(vec![plain(1), plain(2)], &["Pop", "Console"]);
        let known = storage.begin(&first, NOW_MS).expect("taken over");
        assert_eq!((known.nodes.len(), known.applications.len()), (2, 2));
        let log = storage.with(|c| audit::newest(c, None, 50)).await.expect("read");
        let actions: Vec<_> = log.iter().rev().map(|e| (e.action.as_str(), e.origin.as_str())).collect();
        assert_eq!(
            actions,
            [("seed", "settings file")].into_iter().chain([("add", "settings file"); 4]).collect::<Vec<_>>()
        );

        let mut second = file(vec![Node { name: "Other".into(), ..plain(1) }, plain(3)], &["Pop", "New"]);
        second.applications[0].local_password = OTHER_HASH.into();
        let again = storage.begin(&second, NOW_MS + 1).expect("compared");
        let over = again.over(&second);
        assert_eq!(over.nodes.iter().map(|n| (n.ceid, n.name.as_str())).collect::<Vec<_>>(), [(1, ""), (2, "")]);
        assert_eq!(over.applications[1].local_password.expose_secret(), HASH);
        over.check_in(Source::Database).expect("valid");
        let plan = Plan::of(&again, &second);
        let word = |object: &str, state, names: &[&'static str]| (object.to_owned(), state, names.to_vec());
        assert_eq!(
            told(&plan),
            [
                word("node 2", "database", &[]),
                word("node 1", "differs", &["name"]),
                word("node 3", "file", &[]),
                word("application Example Co / Console", "database", &[]),
                word("application Example Co / Pop", "differs", &["local_password"]),
                word("application Example Co / New", "file", &[]),
            ]
        );
        // A database from which all was removed is not one that never had anything.
        let empty = storage.sealing(|c, v| {
            let known = Known::read(c, v)?;
            Plan::of(&known, &Settings::default()).apply(c, v, Removal::Remove, &by(), NOW_MS)
        });
        assert_eq!(storage.write(empty).await.expect("removed"), 4);
        assert!(storage.begin(&first, NOW_MS).expect("begins").nodes.is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_import_does_what_differs_and_leaves_the_rest() {
    opened(async |storage| {
        storage.begin(&file(vec![plain(1), plain(2)], &["Pop", "Console"]), NOW_MS).expect("taken over");
        // The node 3 takes the address of node 2, which goes.
        let mut to = file(vec![plain(1), Node { ceid: 3, ..plain(2) }], &["Pop", "New"]);
        to.applications[0].revoked = true;
        let kept = apply(&storage, &to, Removal::Keep);
        assert!(kept.await.expect_err("the address is taken").to_string().contains("node 3"));
        assert_eq!(storage.nodes().await.expect("read").len(), 2, "all or nothing");
        let done = apply(&storage, &to, Removal::Remove);
        assert_eq!(done.await.expect("done"), 5);
        let known = storage.with(storage.sealing(Known::read)).await.expect("read");
        assert!(told(&Plan::of(&known, &to)).is_empty(), "the same as the file now");
        let log = storage.with(|c| audit::newest(c, None, 5)).await.expect("read");
        let mut said: Vec<_> = log.iter().map(|e| format!("{} {}", e.action, e.object)).collect();
        said.sort();
        assert_eq!(
            said,
            [
                "add application Example Co / New",
                "add node 3",
                "change application Example Co / Pop",
                "remove application Example Co / Console",
                "remove node 2",
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn a_replacement_of_a_local_password_is_left_alone_unless_the_file_gives_another() {
    opened(async |storage| {
        let mut given = application("Pop");
        given.next_local = Some(NextLocal { hash: OTHER_HASH.into(), overlap_until_ms: NOW_MS });
        storage.write(move |c| application::add(c, &given, &by(), NOW_MS)).await.expect("added");
        for (local, revoked, stays) in [(HASH, true, true), (OTHER_HASH, false, false)] {
            let mut to = file(Vec::new(), &["Pop"]);
            to.applications[0].revoked = revoked;
            to.applications[0].local_password = local.into();
            let done = apply(&storage, &to, Removal::Keep);
            assert_eq!(done.await.expect("done"), 1);
            let now = storage.with(|c| application::find(c, "Example Co", "Pop")).await.expect("there").registered;
            assert_eq!((now.application.revoked, now.next_local.is_some()), (revoked, stays));
        }
    })
    .await;
}

#[tokio::test]
async fn of_gateways_that_start_together_with_one_database_one_takes_the_file_over() {
    everywhere(async |options| {
        if matches!(options.place, Place::Memory) {
            return; // each process has its own
        }
        let settings = file((1..=20).map(plain).collect(), &["Pop", "Console"]);
        let starts: Vec<_> = (0..4)
            .map(|_| {
                let (options, settings) = (options.clone(), settings.clone());
                tokio::task::spawn_blocking(move || Storage::open(&options)?.begin(&settings, NOW_MS))
            })
            .collect();
        for start in starts {
            let known = start.await.expect("no panic").expect("it starts");
            assert_eq!((known.nodes.len(), known.applications.len()), (20, 2));
        }
        let storage = Storage::open(&options).expect("it can be used");
        let log = storage.with(|c| audit::newest(c, None, 100)).await.expect("read");
        assert_eq!(log.len(), 23, "once");
        assert!(storage.with(|c| setting::get(c, setting::SEEDED)).await.expect("read").is_some());
    })
    .await;
}

#[test]
fn what_a_database_may_not_have_is_named_by_its_object() {
    let folder = Path::new("/nowhere");
    let mut settings = file(vec![Node { secondary: Some(9), ..plain(4) }], &["Pop"]);
    settings.applications[0].service = ServiceLevel::Advanced;
    settings.advanced.trust_anchors = vec![folder.join("none.pem")];
    settings.applications[0].local_password = "plain".into();
    let fault = settings.check_in(Source::Database).expect_err("not valid").to_string();
    for said in ["the database's node 4.secondary", "the database's application Example Co / Pop.local_password"] {
        assert!(fault.contains(said), "{said} is missing in:\n{fault}");
    }
}
