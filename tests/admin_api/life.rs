//! What programs do: applications, sessions, accounts, pages of lists; and every way in which a request can be wrong.

use reqwest::Method;
use serde_json::{Value, json};

use super::programs::{Program, token};
use crate::admin::{PASSWORD, Site};
use crate::common::app::{App, log_in, login_request};
use crate::common::cluster::Node;
use crate::common::eventually;

async fn root(site: &Site) -> Program {
    Program::new(site, &token(site, "administrator", "root", "all"))
}

#[tokio::test]
async fn a_program_lets_an_application_enter_changes_its_password_revokes_it_and_removes_it() {
    let site = Site::start(&[]).await;
    let root = root(&site).await;
    let request = |local: &str| {
        let mut request = login_request();
        (request.company_name, request.application_name) = ("Bühne & Co".into(), "O'Pop \"1\"".into());
        (request.application_password, request.local_password) = ("application".into(), local.into());
        request
    };
    let client = oig::client::SoapClient::new(&site.gateway.url).expect("an HTTP client can be made");
    let enters = async |local: &str| log_in(&client, request(local)).await.result;
    let new = json!({ "company": "Bühne & Co", "name": "O'Pop \"1\"", "service": "standard",
                      "local_password": "first password", "application_password": "application" });
    let made = root.post("/applications", &new).await;
    let application = made.is(201);
    let id = application["id"].as_str().expect("an id");
    let path = format!("/applications/{id}");
    assert_eq!((made.header("location"), made.header("etag")), (format!("/admin/api/v1{path}").as_str(), "\"1\""));
    assert_eq!(
        (application["state"].as_str(), application["changed_by"].as_str()),
        (Some("may_enter"), Some("administrator by token root"))
    );
    assert!(enters("first password").await, "valid when it is answered");
    root.post("/applications", &new).await.refused(409, "exists");

    let password = format!("{path}/local-password");
    // To JSON 1.0 is a whole number, and this is none.
    let hours = json!({ "local_password": "second password", "overlap_hours": 720.5 });
    root.change(Method::PUT, &password, "\"1\"", Some(&hours)).await.refused(422, "not-as-described");
    let give = |hours: u16| json!({ "local_password": "second password", "overlap_hours": f64::from(hours) });
    root.change(Method::PUT, &password, "\"1\"", Some(&give(721))).await.refused(422, "refused");
    let changed = root.change(Method::PUT, &password, "\"1\"", Some(&give(1))).await;
    assert!(changed.is(200)["old_password_until_ms"].is_i64());
    assert_eq!(changed.header("etag"), "\"2\"");
    assert!(enters("first password").await && enters("second password").await, "both for an hour");
    // Another program has seen it as it was before.
    root.change(Method::PUT, &password, "\"1\"", Some(&give(0))).await.refused(412, "changed");
    root.change(Method::PUT, &password, "*", Some(&give(0))).await.is(200);
    assert!(!enters("first password").await && enters("second password").await);

    let app = App::login_as(&site.gateway.url, request("second password")).await;
    let revoke = format!("{path}/revoke");
    let revoked = root.change(Method::POST, &revoke, "\"3\"", None).await.is(200);
    assert!(revoked["sessions_ended"].is_u64() && revoked["application"]["revoked"] == true, "{revoked}");
    assert!(!app.reset().await, "its session has ended");
    assert!(!enters("second password").await);
    let tag = root.get(&path).await;
    assert_eq!((tag.is(200)["state"].as_str(), tag.header("etag")), (Some("revoked"), "\"4\""));
    root.change(Method::POST, &format!("{path}/reinstate"), "\"4\"", None).await.is(200);
    assert!(enters("second password").await);
    root.change(Method::DELETE, &path, "\"5\"", None).await.is(204);
    assert!(!enters("second password").await);
    root.get(&path).await.refused(404, "not-found");

    let log = root.get("/log?limit=200").await;
    let by = "administrator by token root";
    let lines = log.is(200);
    let lines = lines["items"].as_array().expect("lines");
    let own: Vec<_> = lines.iter().filter(|line| line["who"] == by && line["origin"] == "127.0.0.1").collect();
    assert_eq!(own.len(), 6, "{own:?}");
    let logged = site.gateway.process.logged().join("\n");
    for secret in ["first password", "second password", &root.token] {
        assert!(!logged.contains(secret) && !log.body.contains(secret), "a secret is in a log");
    }
}

#[tokio::test]
async fn a_program_sees_nodes_and_sessions_and_ends_one() {
    let node = Node::start(1).await;
    let site = Site::start(&[&node]).await;
    let app = App::login(&site.gateway.url).await;
    app.monitor(&node.address.to_string(), "1000").await;
    let program = Program::new(&site, &token(&site, "operator", "watch", "all"));
    let status = program.get("/status").await.is(200);
    assert_eq!(
        (status["nodes"][0]["ceid"].as_u64(), status["nodes"][0]["state"].as_str()),
        (Some(1), Some("connected"))
    );
    assert_eq!(status["sessions"][0], json!({ "kind": "standard", "there": 1, "most": null }));
    let others = [App::login(&site.gateway.url).await, App::login(&site.gateway.url).await];
    let first = program.get("/sessions?limit=2").await;
    assert!(!first.body.contains(&app.session_id.to_string()), "the id is the application's secret");
    let first = first.is(200);
    let next = first["next"].as_str().expect("there is one more").to_owned();
    let rest = program.get(&format!("/sessions?limit=2&after={next}")).await.is(200);
    assert_eq!((first["items"].as_array().map(Vec::len), rest["items"].as_array().map(Vec::len)), (Some(2), Some(1)));
    assert_eq!(rest["next"], Value::Null);
    let all: Vec<_> = [&first, &rest].iter().flat_map(|page| page["items"].as_array().expect("sessions")).collect();
    let own = all.iter().find(|session| session["monitors"] == 1).expect("the one that monitors");
    let expected = ("Example Co / Screen Pop", "standard", "soap");
    assert_eq!(
        (own["application"].as_str().expect(""), own["service"].as_str().expect(""), own["door"].as_str().expect("")),
        expected
    );
    let path = format!("/sessions/{}", own["handle"].as_str().expect("a handle"));
    assert_eq!(program.get(&path).await.is(200)["handle"], own["handle"]);
    program.send(Method::DELETE, &path, &[], None).await.is(204);
    eventually("the session has ended", async || (!app.reset().await).then_some(())).await;
    program.send(Method::DELETE, &path, &[], None).await.refused(404, "not-found");
    assert!(others[0].reset().await && others[1].reset().await);
    let audit = site.gateway.admin(&["audit"], "").expect("read");
    assert!(audit.contains("operator by token watch (127.0.0.1) end session-"), "{audit}");
}

#[tokio::test]
async fn a_program_makes_accounts_and_whoever_is_changed_is_signed_out() {
    let site = Site::start(&[]).await;
    let root = root(&site).await;
    let new =
        json!({ "name": "Grace", "email": "grace@example.com", "role": "reader", "password": "correct horse battery" });
    let made = root.post("/accounts", &new).await;
    let account = made.is(201);
    assert_eq!((account["name"].as_str(), account["email"].as_str()), (Some("grace"), Some("grace@example.com")));
    assert!(!made.body.contains("argon2") && !made.body.contains(PASSWORD), "{}", made.body);
    let path = format!("/accounts/{}", account["id"].as_str().expect("an id"));
    let grace = site.signed_in("grace").await;
    grace.get("/").await.is(200, "Overview");
    let role = root
        .change(Method::PUT, &format!("{path}/role"), made.header("etag"), Some(&json!({ "role": "operator" })))
        .await;
    assert_eq!(role.is(200)["role"], "operator");
    assert_eq!(grace.get("/").await.status, 303, "signed out");
    let password = json!({ "password": "another long password" });
    root.change(Method::PUT, &format!("{path}/password"), made.header("etag"), Some(&password))
        .await
        .refused(412, "changed");
    root.change(Method::PUT, &format!("{path}/password"), role.header("etag"), Some(&password)).await.is(200);
    assert_eq!(grace.try_sign_in("grace", PASSWORD).await.status, 403);
    grace.sign_in("grace", "another long password").await;
    root.change(Method::DELETE, &path, "*", None).await.is(204);
    assert_eq!(grace.get("/").await.status, 303, "signed out");
    root.get(&path).await.refused(404, "not-found");

    // Nobody locks everybody out.
    let accounts = root.get("/accounts").await.is(200);
    let own =
        accounts["items"].as_array().expect("accounts").iter().find(|a| a["name"] == "administrator").expect("there");
    let path = format!("/accounts/{}", own["id"].as_str().expect("an id"));
    root.change(Method::DELETE, &path, "*", None).await.refused(422, "refused");
    let role = root.change(Method::PUT, &format!("{path}/role"), "*", Some(&json!({ "role": "reader" }))).await;
    role.refused(422, "refused");
    assert!(role.body.contains("It is the last administrator."), "{}", role.body);
}

#[tokio::test]
async fn lists_come_page_by_page_and_filtered() {
    let site = Site::start(&[]).await;
    let root = root(&site).await;
    for path in ["/applications", "/accounts", "/log", "/tokens"] {
        let all = root.get(&format!("{path}?limit=200")).await.is(200);
        let all = all["items"].as_array().expect("things").clone();
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = root.get(&format!("{path}?limit=1{after}")).await.is(200);
            seen.extend(page["items"].as_array().expect("things").iter().cloned());
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
            assert!(seen.len() <= all.len(), "{path} has an end");
        }
        let ids = |things: &[Value]| things.iter().map(|thing| thing["id"].to_string()).collect::<Vec<_>>();
        assert_eq!(ids(&seen), ids(&all), "{path}");
    }
    let found = root.get("/applications?company=Example%20Co&name=Screen%20Pop").await.is(200);
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1));
    let found = root.get("/applications?name=screen%20pop").await.is(200);
    assert_eq!(found["items"].as_array().map(Vec::len), Some(0));
    let none = root.get("/access-control-list/entries").await.is(200);
    assert_eq!(none, json!({ "items": [], "next": null }));
}

#[tokio::test]
async fn whatever_is_wrong_is_a_problem_that_says_what_and_repeats_nothing() {
    let site = Site::start(&[]).await;
    let root = root(&site).await;
    let found = root.get("/applications?limit=1").await.is(200);
    let path = format!("/applications/{}", found["items"][0]["id"].as_str().expect("an id"));
    let (json, none) = (("content-type", "application/json"), None);
    let large = format!("{{\"company\":\"{}\"}}", "x".repeat(70_000));
    let get = Method::GET;
    let nothing = "/applications/00000000000000000000000000000";
    type Wrong<'a> = (Method, &'a str, Vec<(&'a str, &'a str)>, Option<&'a str>, u16, &'a str);
    let wrong: Vec<Wrong<'_>> = vec![
        (get.clone(), "", vec![], none, 404, "no-such-path"),
        (get.clone(), "/", vec![], none, 404, "no-such-path"),
        (get.clone(), "/nothing/secret", vec![], none, 404, "no-such-path"),
        (get.clone(), nothing, vec![], none, 404, "not-found"),
        (get.clone(), "/applications/SECRET", vec![], none, 404, "not-found"),
        (get.clone(), "/applications/%00", vec![], none, 404, "not-found"),
        (Method::PATCH, "/applications", vec![], none, 405, "method"),
        (Method::OPTIONS, &path, vec![("origin", "https://evil.example")], none, 405, "method"),
        (Method::TRACE, "/status", vec![], none, 405, "method"),
        (get.clone(), "/applications?limit=0", vec![], none, 400, "query"),
        (get.clone(), "/applications?limit=201", vec![], none, 400, "query"),
        (get.clone(), "/applications?limit=1&limit=1", vec![], none, 400, "query"),
        (get.clone(), "/applications?secret=1", vec![], none, 400, "query"),
        (get.clone(), "/applications?after=secret", vec![], none, 400, "query"),
        (get.clone(), "/sessions?after=1-session-x", vec![], none, 400, "query"),
        (get.clone(), "/access-control-list/entries?after=1", vec![], none, 400, "query"),
        (get.clone(), "/status", vec![json], Some("{}"), 400, "body"),
        (Method::POST, "/applications", vec![], Some("{}"), 415, "media-type"),
        (Method::POST, "/applications", vec![("content-type", "text/plain")], Some("{}"), 415, "media-type"),
        (Method::POST, "/applications", vec![json], none, 400, "no-json"),
        (Method::POST, "/applications", vec![json], Some("{\"company\": secret"), 400, "no-json"),
        (Method::POST, "/applications", vec![json], Some("{\"secret\": 1}"), 422, "not-as-described"),
        (Method::POST, "/applications", vec![json], Some(&large), 413, "too-large"),
        (Method::DELETE, &path, vec![], none, 428, "no-condition"),
        (Method::DELETE, &path, vec![("if-match", "1")], none, 400, "bad-condition"),
        (Method::DELETE, &path, vec![("if-match", "W/\"1\"")], none, 400, "bad-condition"),
        (Method::DELETE, &path, vec![("if-match", "\"1\", \"2\"")], none, 400, "bad-condition"),
        (Method::DELETE, &path, vec![("if-match", "\"999\"")], none, 412, "changed"),
        (Method::DELETE, &path, vec![("if-match", "*"), json], Some("{}"), 400, "body"),
    ];
    for (method, path, headers, body, status, kind) in wrong {
        let answer = root.send(method.clone(), path, &headers, body).await;
        answer.refused(status, kind);
        assert!(!answer.body.to_lowercase().contains("secret"), "{method} {path}: {}", answer.body);
        if status == 405 && path == "/applications" {
            assert_eq!(answer.header("allow"), "GET, POST, HEAD");
        }
        assert_eq!(answer.header("access-control-allow-origin"), "", "no page elsewhere may ask");
    }
    let head = root.send(Method::HEAD, "/status", &[], None).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    root.get(&path).await.is(200);
    let bad = json!({ "company": "a\u{0}b", "name": "x", "service": "standard", "local_password": "long enough", "application_password": "x" });
    root.post("/applications", &bad).await.refused(422, "refused");
    let short = json!({ "company": "a", "name": "x", "service": "standard", "local_password": "short", "application_password": "x" });
    root.post("/applications", &short).await.refused(422, "refused");
    let advanced = json!({ "company": "a", "name": "x", "service": "advanced", "local_password": "long enough", "application_password": "x" });
    root.post("/applications", &advanced).await.refused(422, "refused");
}
