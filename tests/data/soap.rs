//! The same data by DataAccessService: tables, tuples, searches, changes, notifications.

use schemas::contract::da::{
    DeleteTupleRequest, InsertTupleRequest, NotificationOperation, NotificationRequest, SearchCondition,
    SearchFirstNTuplesRequest, SearchNextNTuplesRequest, SearchOperator, SearchPredicate, Tuple, UpdateTupleRequest,
};
use schemas::contract::ops_data_access::{
    DeleteTuple, DeregisterDeisForNotification, GetAllTuples, GetDeiMetaData, GetFirstTuple, GetNextTuple,
    GetNotification, InsertTuple, RegisterDeisForNotification, RegisterNotificationHandler, SearchFirstNTuples,
    SearchNextNTuples, UpdateTuple,
};

use super::*;
use crate::common::handler::{Does, Handler};

const DIRECTORY: i32 = 16;
const PHONES: i32 = 1;

/// An entry of the directory as a tuple of node 1.
fn entry(name: &str, number: &str, department: &str) -> Tuple {
    let field: Vec<String> = [name, number, department, "", "false"].map(str::to_owned).into();
    Tuple { number_of_fields: 5, field, view_id: 1, is_shared: false }
}

impl Scene {
    async fn search(&self, dei_id: i32, predicates: Vec<SearchPredicate>, n: i32) -> Result<Vec<Tuple>, String> {
        let search_condition = Some(SearchCondition { search_predicate: predicates });
        let search_request = SearchFirstNTuplesRequest { search_condition, session_id: self.app.session_id, dei_id, n };
        let reply = self.app.call(&SearchFirstNTuples { search_request }).await;
        match reply.result {
            true => Ok(reply.tuples.expect("tuples").tuple),
            false => Err(reply.error_description.unwrap_or_default()),
        }
    }

    async fn insert(&self, tuple: Tuple) -> Result<(), String> {
        let insert_tuple_request = InsertTupleRequest {
            new_tuple: Some(tuple),
            session_id: self.app.session_id,
            dei_id: DIRECTORY,
            distribution_only: false,
        };
        let reply = self.app.call(&InsertTuple { insert_tuple_request }).await;
        if reply.result { Ok(()) } else { Err(reply.error_description.unwrap_or_default()) }
    }

    async fn register(&self, deis: Vec<i32>) -> Result<(), String> {
        let number_of_deis = i32::try_from(deis.len()).expect("few");
        let reg_notification = NotificationRequest { dei_id: deis, session_id: self.app.session_id, number_of_deis };
        let reply = self.app.call(&RegisterDeisForNotification { reg_notification }).await;
        if reply.result { Ok(()) } else { Err(reply.error_description.unwrap_or_default()) }
    }
}

fn predicate(field_id: i32, by: SearchOperator, value: &str, case_insensitive: bool) -> SearchPredicate {
    SearchPredicate { value: Some(value.into()), search_operator: Some(by), field_id, case_insensitive }
}

#[tokio::test]
async fn tables_are_described_and_walked_through_from_the_first_tuple_to_the_last() {
    let scene = Scene::standard().await;
    let session_id = scene.app.session_id;
    let tables = scene.app.call(&GetDeiMetaData { session_id }).await.dei_metadata.expect("tables").dei_desctiptor;
    let names: Vec<_> = tables.iter().map(|table| table.db_table_name.clone().unwrap_or_default()).collect();
    assert_eq!(names, ["phones", "line_appearances", "personal_ring_groups", "personal_ring_group_members"]);
    let phones = &tables[0];
    assert_eq!(
        (phones.dei_id, phones.number_of_fields, phones.dn_field_id, &phones.key_field[..]),
        (PHONES, 10, 1, &[1][..])
    );
    let all = scene.app.call(&GetAllTuples { session_id, dei_id: PHONES }).await.tuples.expect("tuples");
    assert_eq!(usize::try_from(all.number_of_tuples), Ok(all.tuple.len()));
    let mut walked = scene.app.call(&GetFirstTuple { session_id, dei_id: PHONES }).await.tuples.expect("one").tuple;
    while let Some(current_tuple) = walked.last().cloned() {
        let next = scene.app.call(&GetNextTuple { session_id, dei_id: PHONES, current_tuple }).await;
        match next.tuples.expect("tuples").tuple.pop() {
            Some(tuple) => walked.push(tuple),
            None => break,
        }
    }
    assert_eq!(walked, all.tuple);
    assert_eq!((walked[0].field[0].as_str(), walked[0].view_id, walked[0].number_of_fields), ("1000", 1, 10));
    let hidden = scene.app.call(&GetAllTuples { session_id, dei_id: DIRECTORY }).await;
    assert_eq!(
        (hidden.result, hidden.error_description.as_deref()),
        (false, Some("There is no such table for this session."))
    );
}

#[tokio::test]
async fn searches_find_what_every_predicate_is_true_of_some_at_a_time() {
    let scene = Scene::advanced().await;
    for (name, number, department) in [("O'Neil, Pat", "1810", "100%"), ("Zoé", "1811", "100x"), ("zoÉ", "1812", "")]
    {
        scene.insert(entry(name, number, department)).await.expect("inserted");
    }
    let numbers = async |predicates| -> Vec<String> {
        let ours = predicate(2, SearchOperator::StartsWith, "181", false);
        let found = scene.search(DIRECTORY, [vec![ours], predicates].concat(), 10).await.expect("found");
        found.iter().map(|tuple| tuple.field[1].clone()).collect()
    };
    for (by, expected) in [
        (predicate(1, SearchOperator::EqualTo, "O'Neil, Pat", false), &["1810"][..]),
        (predicate(1, SearchOperator::StartsWith, "o'NEIL", true), &["1810"]),
        (predicate(1, SearchOperator::Contains, "é", false), &["1811"]),
        (predicate(3, SearchOperator::StartsWith, "100%", false), &["1810"]),
        (predicate(3, SearchOperator::EqualTo, "", false), &["1812"]),
        (predicate(3, SearchOperator::NotEqualTo, "", false), &["1810", "1811"]),
        (predicate(2, SearchOperator::GreaterEqual, "1811", false), &["1811", "1812"]),
        (predicate(5, SearchOperator::EqualTo, "false", false), &["1810", "1811", "1812"]),
    ] {
        assert_eq!(numbers(vec![by.clone()]).await, expected, "{by:?}");
    }
    let ours =
        || Some(SearchCondition { search_predicate: vec![predicate(2, SearchOperator::StartsWith, "181", false)] });
    let first = scene.search(DIRECTORY, ours().expect("one").search_predicate, 1).await.expect("found");
    let search_request = SearchNextNTuplesRequest {
        search_condition: ours(),
        current_tuple: first.first().cloned(),
        session_id: scene.app.session_id,
        dei_id: DIRECTORY,
        n: 10,
    };
    let rest = scene.app.call(&SearchNextNTuples { search_request }).await.tuples.expect("tuples").tuple;
    assert_eq!((first.len(), rest.len()), (1, 2));
    for (predicates, n, text) in [
        (vec![predicate(99, SearchOperator::EqualTo, "x", false)], 1, "The table has no such field."),
        (vec![predicate(5, SearchOperator::Less, "true", false)], 1, "True and false have no order."),
        (vec![], 0, "n is 1 to 5000."),
        (vec![], i32::MAX, "n is 1 to 5000."),
    ] {
        assert_eq!(scene.search(DIRECTORY, predicates, n).await, Err(text.to_owned()));
    }
}

#[tokio::test]
async fn tuples_are_changed_by_their_node_and_notified() {
    let scene = Scene::advanced().await;
    let session_id = scene.app.session_id;
    scene.register(vec![DIRECTORY, PHONES]).await.expect("registered");
    scene.insert(entry("Archer", "1820", "")).await.expect("inserted");
    assert!(scene.insert(entry("Archer", "1820", "")).await.is_err(), "it is there");
    let update = async |old: Tuple, new: Tuple| {
        let update_tuple_request = UpdateTupleRequest {
            old_tuple: Some(old),
            new_tuple: Some(new),
            session_id,
            dei_id: DIRECTORY,
            distribution_only: false,
        };
        scene.app.call(&UpdateTuple { update_tuple_request }).await
    };
    let changed = update(entry("Archer", "1820", ""), entry("Archer", "1820", "Sales")).await;
    assert_eq!((changed.result, changed.ret_tuple), (true, Some(entry("Archer", "1820", "Sales"))));
    let late = update(entry("Archer", "1820", ""), entry("Archer", "1820", "Support")).await;
    assert_eq!((late.result, late.error_description.as_deref()), (false, Some("The row has changed meanwhile.")));
    let renamed = update(entry("Archer", "1820", "Sales"), entry("Archer", "1821", "Sales")).await;
    assert!(!renamed.result);
    let delete_tuple_request = DeleteTupleRequest {
        tuple: Some(entry("Archer", "1820", "Sales")),
        session_id,
        dei_id: DIRECTORY,
        distribution_only: false,
    };
    assert!(scene.app.call(&DeleteTuple { delete_tuple_request }).await.result);
    for (operation, before, after) in [
        (NotificationOperation::Insert, None, Some(entry("Archer", "1820", ""))),
        (NotificationOperation::Update, Some(entry("Archer", "1820", "")), Some(entry("Archer", "1820", "Sales"))),
        (NotificationOperation::Delete, Some(entry("Archer", "1820", "Sales")), None),
    ] {
        let told = eventually("a notification", async || {
            let reply = scene.app.call(&GetNotification { session_id }).await;
            reply.result.then_some(reply)
        })
        .await;
        assert_eq!(
            (told.operation_performed, told.original_tuple, told.updated_tuple),
            (Some(operation), before, after)
        );
        assert_eq!(told.dei_id, DIRECTORY);
    }
    let none = scene.app.call(&GetNotification { session_id }).await;
    assert_eq!((none.result, none.error_description.as_deref()), (false, Some("No notification is available.")));
    let dereg_notification = NotificationRequest { dei_id: vec![PHONES], session_id, number_of_deis: 1 };
    let leave = DeregisterDeisForNotification { dereg_notification };
    assert!(scene.app.call(&leave).await.result);
    assert_eq!(
        scene.app.call(&leave).await.error_description.as_deref(),
        Some("A table is not registered for notification.")
    );
    assert!(scene.register(vec![]).await.is_err() && scene.register(vec![999]).await.is_err());
}

#[tokio::test]
async fn notifications_are_handed_over_in_order_to_a_handler_that_fails_at_first_also_after_a_kill() {
    let mut scene = Scene::advanced().await;
    let session_id = scene.app.session_id;
    let handler = Handler::start([Does::Status(500), Does::Close]);
    scene.register(vec![DIRECTORY]).await.expect("registered");
    let event_handler_url = handler.url();
    let registered = scene.app.call(&RegisterNotificationHandler { session_id, event_handler_url }).await;
    assert!(registered.result, "{:?}", registered.error_description);
    let forbidden = "http://192.0.2.1/x".to_owned();
    let refused = scene.app.call(&RegisterNotificationHandler { session_id, event_handler_url: forbidden }).await;
    assert!(!refused.result);
    for number in ["1830", "1831"] {
        scene.insert(entry("Archer", number, "")).await.expect("inserted");
    }
    let taken = |from: usize| -> Vec<String> {
        let asked = handler.asked();
        let number = |body: &str| body.split("<da:field>183").nth(1).map(|rest| format!("183{}", &rest[..1]));
        asked.iter().skip(from).filter_map(|asked| number(&asked.body)).collect()
    };
    // Twice not taken, and again.
    eventually("both are taken", async || (taken(2) == ["1830", "1831"]).then_some(())).await;
    assert!(handler.asked()[0].body.contains("notificationReport"), "{}", handler.asked()[0].body);
    scene.gateway.process.kill();
    scene.gateway.start_again().await;
    scene.current().await;
    scene.insert(entry("Archer", "1832", "")).await.expect("inserted");
    eventually("the next one", async || taken(4).contains(&"1832".to_owned()).then_some(())).await;
}
