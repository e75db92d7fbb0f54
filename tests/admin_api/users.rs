//! Programs keep the users of the integrations: one at a time, page by page, and as files.

use reqwest::Method;
use serde_json::{Value, json};

use super::programs::{Answer, Program, token};
use crate::admin::Site;
use crate::users;

const CSV: (&str, &str) = ("content-type", "text/csv");

fn mary(more: &Value) -> Value {
    let mut profile = json!({ "name": "Mary Major", "kind": "salesforce", "dn": "1000", "node": 1 });
    for (key, value) in more.as_object().expect("an object") {
        profile[key] = value.clone();
    }
    profile
}

#[tokio::test]
async fn a_program_makes_a_user_changes_and_removes_it_and_its_sessions_end_at_once() {
    let site = Site::start(&[]).await;
    let operator = Program::new(&site, &token(&site, "operator", "crm", "all"));
    let new = |more: &Value| json!({ "email": "Mary@Example.com", "profile": mary(more), "password": "the first one" });
    for (more, words) in [
        (json!({ "name": "" }), "The name must have 1 to 128 characters."),
        (json!({ "name": " Mary" }), "must not begin or end with a space"),
        (json!({ "dn": "+1" }), "The phone must have 1 to 7 digits."),
        (json!({ "dn": null }), "A node needs a phone."),
        (json!({ "node": 1000 }), "The node must be 1 to 999."),
    ] {
        let answer = operator.post("/users", &new(&more)).await;
        answer.refused(422, "refused");
        assert!(answer.body.contains(words), "{}", answer.body);
    }
    operator.post("/users", &new(&json!({ "kind": "hubspot" }))).await.refused(422, "not-as-described");
    let short = json!({ "email": "mary@example.com", "profile": mary(&json!({})), "password": "short" });
    operator.post("/users", &short).await.refused(422, "refused");
    let none = json!({ "email": "none", "profile": mary(&json!({})) });
    operator.post("/users", &none).await.refused(422, "refused");

    let made = operator.post("/users", &new(&json!({ "node": 1.0 }))).await;
    let user = made.is(201);
    let path = format!("/users/{}", user["id"].as_str().expect("an id"));
    assert_eq!((made.header("location"), made.header("etag")), (format!("/admin/api/v1{path}").as_str(), "\"1\""));
    assert_eq!((user["email"].as_str(), user["number"].as_i64()), (Some("mary@example.com"), Some(1)));
    assert_eq!(user["profile"], mary(&json!({ "disabled": false })));
    operator.post("/users", &new(&json!({}))).await.refused(409, "exists");
    let signed_in =
        async |password: &str| users::log_in(&site.gateway, users::request("mary@example.com", password)).await;
    let first = signed_in("the first one").await;
    assert!(first.result, "{:?}", first.error_description);
    assert_eq!(operator.get(&path).await.is(200)["sessions"], 1);

    // A name ends nothing, another kind does.
    let change = async |tag: &str, more: &Value| operator.change(Method::PUT, &path, tag, Some(&mary(more))).await;
    let changed = change("\"1\"", &json!({ "name": "<b>Mary</b>" })).await;
    assert_eq!((changed.is(200)["sessions_ended"].as_u64(), changed.header("etag")), (Some(0), "\"2\""));
    assert!(users::lives(&site.gateway, first.session_id).await);
    change("\"1\"", &json!({ "kind": "google" })).await.refused(412, "changed");
    let changed = change("\"2\"", &json!({ "kind": "google" })).await.is(200);
    assert_eq!(changed["sessions_ended"], 1);
    assert!(!users::lives(&site.gateway, first.session_id).await, "at once");
    let give = async |tag: &str, password: &str| {
        let body = json!({ "password": password });
        operator.change(Method::PUT, &format!("{path}/password"), tag, Some(&body)).await
    };
    give("*", "short").await.refused(422, "refused");
    give("\"2\"", "the second one").await.refused(412, "changed");
    let given = give("\"3\"", "the second one").await;
    given.is(200);
    assert!(!signed_in("the first one").await.result && signed_in("the second one").await.result);
    operator.change(Method::DELETE, &path, "\"3\"", None).await.refused(412, "changed");
    operator.change(Method::DELETE, &path, "\"4\"", None).await.is(204);
    operator.get(&path).await.refused(404, "not-found");
    operator.change(Method::DELETE, &path, "*", None).await.refused(404, "not-found");

    let audit = site.gateway.admin(&["audit"], "").expect("read");
    assert!(audit.contains("operator by token crm (127.0.0.1) add user mary@example.com"), "{audit}");
    let logged = site.gateway.process.logged().join("\n");
    for text in [&audit, &logged, &made.body, &given.body] {
        assert!(
            !text.contains("the first one") && !text.contains("the second one") && !text.contains("argon2"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn users_come_page_by_page_and_as_they_are_searched_for() {
    let site = Site::start(&[]).await;
    let reader = Program::new(&site, &token(&site, "reader", "look", "all"));
    let rows: String = (0..5).map(|i| format!("user{i}@example.com,User {i},google,100{i},,no,\n")).collect();
    users::import(&site.gateway, &rows).expect("imported");
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = reader.get(&format!("/users?search=USER&limit=2{after}")).await.is(200);
        seen.extend(page["items"].as_array().expect("users").iter().map(|user| user["email"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
        assert!(seen.len() < 5, "it has an end");
    }
    assert_eq!(seen, (0..5).map(|i| json!(format!("user{i}@example.com"))).collect::<Vec<_>>());
    for (search, count) in [("1003", 1), ("User%204", 1), ("%25", 0), ("_", 0), ("nobody", 0)] {
        let page = reader.get(&format!("/users?search={search}")).await.is(200);
        assert_eq!(page["items"].as_array().map(Vec::len), Some(count), "{search}");
    }
    let long = format!("search={}", "x".repeat(101));
    for query in [long.as_str(), "search=%00", "after=x", "limit=201", "page=1"] {
        reader.get(&format!("/users?{query}")).await.refused(400, "query");
    }
}

#[tokio::test]
async fn a_file_of_users_is_tried_first_and_done_whole_and_taken_again() {
    let site = Site::start(&[]).await;
    let root = Program::new(&site, &token(&site, "administrator", "root", "all"));
    users::import(&site.gateway, "mary@example.com,Mary,salesforce,1000,1,no,the first one\n").expect("imported");
    let send = async |query: &str, file: &str| -> Answer {
        root.send(Method::POST, &format!("/users/import{query}"), &[CSV], Some(file)).await
    };
    let bad = "email,name,kind,password\n<b>x</b>@b,X,google,\nmary@example.com,Mary,salesforce,short\n\
               new@example.com,New,google,\n";
    let tried = send("?dry_run=true", bad).await.is(200);
    assert_eq!(
        (tried["done"].as_bool(), tried["added"].as_u64(), tried["refused"].as_u64()),
        (Some(false), Some(1), Some(2))
    );
    assert_eq!(
        tried["rows"][1],
        json!({ "line": 3, "email": "mary@example.com", "outcome": "refused", "columns": [],
                "fault": "The password must have 8 to 128 characters." })
    );
    send("", bad).await.refused(422, "refused");
    for (file, words) in [
        ("", "The file is empty."),
        ("name\n", "no column 'email'"),
        (&"x".repeat(512 * 1024 + 1), "more than 512 KiB"),
    ] {
        let answer = send("?dry_run=true", file).await;
        answer.refused(422, "refused");
        assert!(answer.body.contains(words), "{}", answer.body);
    }
    send("", &"x".repeat(600 * 1024)).await.refused(413, "too-large");
    send("?dry_run=perhaps", "email\n").await.refused(400, "query");
    root.post("/users/import", &json!({})).await.refused(415, "media-type");
    // More than a form has is listened to only of who may send it.
    let large = "x".repeat(100 * 1024);
    let operator = Program::new(&site, &token(&site, "operator", "crm", "all"));
    for (program, status) in [(&operator, 403), (&Program::new(&site, ""), 401)] {
        assert_eq!(program.send(Method::POST, "/users/import", &[CSV], Some(&large)).await.status, status);
    }
    root.send(Method::POST, "/users/export", &[CSV], Some(&large)).await.refused(413, "too-large");
    assert!(!site.gateway.admin(&["users"], "").expect("listed").contains("New"), "nothing was done");

    let good = "email,name,kind,dn,password\nmary@example.com,Mary,salesforce,1001,the second one\n\
                =new@example.com,@New,google,,\n";
    let tried = send("?dry_run=true", good).await;
    assert_eq!(tried.is(200)["rows"][0]["columns"], json!(["dn", "password"]));
    let session = users::log_in(&site.gateway, users::request("mary@example.com", "the first one")).await.session_id;
    let done = send("", good).await;
    let told = done.is(200);
    assert_eq!((told["done"].as_bool(), told["changed"].as_u64()), (Some(true), Some(1)));
    assert_eq!(told["sessions_ended"], 1);
    assert!(!users::lives(&site.gateway, session).await, "at once");
    assert!(users::log_in(&site.gateway, users::request("mary@example.com", "the second one")).await.result);

    let file = root.send(Method::POST, "/users/export", &[], None).await;
    assert_eq!((file.status, file.header("content-type")), (200, "text/csv"));
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"users.csv\"");
    let expected = "email,name,kind,dn,node,disabled\n'=new@example.com,'@New,google,,,no\n\
                    mary@example.com,Mary,salesforce,1001,1,no\n";
    assert_eq!(file.body, expected);
    let again = send("", &file.body).await.is(200);
    assert_eq!(
        (again["done"].as_bool(), again["same"].as_u64(), again["rows"].as_array().map(Vec::len)),
        (Some(true), Some(2), Some(0))
    );
    let log = root.get("/log?limit=200").await;
    assert!(log.body.contains("export") && log.body.contains("2 users"), "{}", log.body);
    let logged = site.gateway.process.logged().join("\n");
    for text in [&log.body, &logged, &tried.body, &done.body] {
        assert!(!text.contains("the second one") && !text.contains("argon2"), "{text}");
    }
}
