//! Who may ask for what: every route, by every role, with and without its scope.

use reqwest::Method;
use serde_json::Value;

use super::programs::{Program, token};
use crate::admin::Site;

/// Method, path, what is sent, the scope, and what becomes of it for a reader, an operator and an administrator whose tokens
/// have all scopes that they may. What is sent is refused of whoever may send it, or is about nothing: nothing changes.
#[rustfmt::skip]
const TABLE: &[(&str, &str, &str, &str, [u16; 3])] = &[
    ("GET", "/token", "", "", [200, 200, 200]),
    ("GET", "/status", "", "status:read", [200, 200, 200]),
    ("GET", "/applications", "", "applications:read", [200, 200, 200]),
    ("POST", "/applications", "{}", "applications:write", [403, 403, 422]),
    ("GET", "/applications/{id}", "", "applications:read", [404, 404, 404]),
    ("DELETE", "/applications/{id}", "", "applications:write", [403, 403, 404]),
    ("PUT", "/applications/{id}/local-password", "{}", "applications:write", [403, 403, 422]),
    ("POST", "/applications/{id}/revoke", "", "applications:write", [403, 403, 404]),
    ("POST", "/applications/{id}/reinstate", "", "applications:write", [403, 403, 404]),
    ("GET", "/sessions", "", "sessions:read", [200, 200, 200]),
    ("GET", "/sessions/{handle}", "", "sessions:read", [404, 404, 404]),
    ("DELETE", "/sessions/{handle}", "", "sessions:end", [403, 404, 404]),
    ("GET", "/nodes", "", "nodes:read", [200, 200, 200]),
    ("POST", "/nodes", "{}", "nodes:write", [403, 403, 422]),
    ("POST", "/nodes/test", "{}", "nodes:write", [403, 403, 422]),
    ("GET", "/nodes/{ceid}", "", "nodes:read", [404, 404, 404]),
    ("PUT", "/nodes/{ceid}", "{}", "nodes:write", [403, 403, 422]),
    ("DELETE", "/nodes/{ceid}", "", "nodes:write", [403, 403, 404]),
    ("POST", "/nodes/{ceid}/reconnect", "", "nodes:reconnect", [403, 404, 404]),
    ("GET", "/data", "", "data:read", [200, 200, 200]),
    ("POST", "/data/{ceid}/copy", "", "data:copy", [403, 404, 404]),
    ("POST", "/data/{ceid}/compare", "", "data:copy", [403, 404, 404]),
    ("GET", "/data/{ceid}/forms/{form}", "", "data:read", [404, 404, 404]),
    ("POST", "/data/{ceid}/forms/{form}/import", "{}", "data:import", [403, 403, 415]),
    ("GET", "/users", "", "users:read", [200, 200, 200]),
    ("POST", "/users", "{}", "users:write", [403, 422, 422]),
    ("POST", "/users/import", "{}", "users:import", [403, 403, 415]),
    ("POST", "/users/export", "{}", "users:export", [403, 403, 400]),
    ("GET", "/users/{id}", "", "users:read", [404, 404, 404]),
    ("PUT", "/users/{id}", "{}", "users:write", [403, 422, 422]),
    ("DELETE", "/users/{id}", "", "users:write", [403, 404, 404]),
    ("PUT", "/users/{id}/password", "{}", "users:write", [403, 422, 422]),
    ("GET", "/record", "", "record:read", [403, 422, 422]),
    ("GET", "/settings", "", "settings:read", [403, 403, 200]),
    ("PATCH", "/settings", "[]", "settings:write", [403, 403, 422]),
    ("GET", "/certificates", "", "certificate:read", [403, 403, 200]),
    ("GET", "/certificates/{number}", "", "certificate:read", [403, 403, 200]),
    ("PUT", "/certificates/{number}", "{}", "certificate:write", [403, 403, 422]),
    ("POST", "/certificates/{number}/request", "{}", "certificate:write", [403, 403, 422]),
    ("POST", "/backup", "{}", "backup:make", [403, 403, 422]),
    ("POST", "/backup/restore", "{}", "backup:restore", [403, 403, 415]),
    ("POST", "/support-bundle", "{}", "support:make", [403, 403, 400]),
    ("GET", "/accounts", "", "accounts:read", [403, 403, 200]),
    ("POST", "/accounts", "{}", "accounts:write", [403, 403, 422]),
    ("GET", "/accounts/{id}", "", "accounts:read", [403, 403, 404]),
    ("DELETE", "/accounts/{id}", "", "accounts:write", [403, 403, 404]),
    ("PUT", "/accounts/{id}/role", "{}", "accounts:write", [403, 403, 422]),
    ("PUT", "/accounts/{id}/password", "{}", "accounts:write", [403, 403, 422]),
    ("GET", "/access-control-list", "", "list:read", [200, 200, 200]),
    ("GET", "/access-control-list/entries", "", "list:read", [200, 200, 200]),
    ("POST", "/access-control-list/fetch", "", "list:fetch", [403, 404, 404]),
    ("GET", "/licence", "", "licence:read", [200, 200, 200]),
    ("POST", "/licence/fetch", "", "licence:fetch", [403, 404, 404]),
    ("PUT", "/licence", "{}", "licence:install", [403, 403, 422]),
    ("GET", "/log", "", "log:read", [403, 403, 200]),
    ("GET", "/texts", "", "texts:read", [200, 200, 200]),
    ("GET", "/texts/{language}", "", "texts:read", [200, 200, 200]),
    ("POST", "/texts/{language}/import", "{}", "texts:write", [403, 403, 422]),
    ("DELETE", "/texts/{language}", "", "texts:write", [403, 403, 404]),
    ("GET", "/tokens", "", "tokens:read", [403, 403, 200]),
    ("DELETE", "/tokens/{id}", "", "tokens:remove", [403, 403, 404]),
];

async fn outcome(program: &Program, method: &str, path: &str, body: &str) -> u16 {
    let path = path.replace("{id}", &"0".repeat(29)).replace("{handle}", "1-session-0000").replace("{ceid}", "999");
    let path = path.replace("{number}", "1").replace("{language}", "de").replace("{form}", "phones");
    let (headers, method) = ([("if-match", "*"), ("content-type", "application/json")], method.parse::<Method>());
    let method = method.expect("a method");
    let count = if body.is_empty() { 1 } else { 2 };
    let answer = program.send(method, &path, &headers[..count], (!body.is_empty()).then_some(body)).await;
    if answer.status >= 400 {
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}: {}", answer.body);
    }
    assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    assert!(answer.header("strict-transport-security").contains("max-age"), "{path}");
    answer.status
}

#[tokio::test]
async fn every_token_may_do_what_the_table_says_and_nothing_else() {
    let site = Site::start(&[]).await;
    let document = Program::new(&site, "").get("/openapi.json").await.is(200);
    let mut described = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let scope = &operation["security"][0]["token"];
            let scope = scope.as_array().and_then(|scopes| scopes.first()).and_then(Value::as_str).unwrap_or_default();
            described.push((method.to_uppercase(), path.clone(), scope.to_owned()));
        }
    }
    // The document itself is anybody's.
    described.retain(|(_, path, _)| path != "/openapi.json");
    described.sort();
    let mut table: Vec<_> = TABLE.iter().map(|row| (row.0.to_owned(), row.1.to_owned(), row.3.to_owned())).collect();
    table.sort();
    assert_eq!(described, table);

    // One who was an administrator when the token was made, and is a reader now.
    site.gateway.admin(&["add-account", "demoted", "--role", "administrator"], "a long password\n").expect("added");
    // An account has so many tokens at the most: there are two for each scope.
    site.gateway.admin(&["add-account", "second", "--role", "administrator"], "a long password\n").expect("added");
    let demoted = Program::new(&site, &token(&site, "demoted", "all", "all"));
    let roles = ["reader", "operator", "administrator"];
    let programs = roles.map(|role| Program::new(&site, &token(&site, role, "all", "all")));
    let root = &programs[2];
    let accounts = root.get("/accounts").await.is(200);
    let account =
        accounts["items"].as_array().expect("accounts").iter().find(|a| a["name"] == "demoted").expect("there");
    let path = format!("/accounts/{}/role", account["id"].as_str().expect("an id"));
    root.change(Method::PUT, &path, "*", Some(&serde_json::json!({ "role": "reader" }))).await.is(200);

    let every: Vec<&str> = TABLE.iter().map(|row| row.3).filter(|scope| !scope.is_empty()).collect();
    let count = |audit: String| audit.lines().filter(|line| !line.contains(" add token ")).count();
    let before = count(site.gateway.admin(&["audit", "--count", "1000"], "").expect("read"));
    for (method, path, body, _, expected) in TABLE {
        assert_eq!(outcome(&Program::new(&site, ""), method, path, body).await, 401, "{method} {path}: nobody");
        for (program, expected) in programs.iter().zip(expected) {
            assert_eq!(outcome(program, method, path, body).await, *expected, "{method} {path}");
        }
        assert_eq!(outcome(&demoted, method, path, body).await, expected[0], "{method} {path}: demoted");
    }
    for scope in every.iter().collect::<std::collections::BTreeSet<_>>() {
        let others: Vec<_> = every.iter().filter(|other| *other != scope).copied().collect();
        let only = Program::new(&site, &token(&site, "administrator", &format!("only {scope}"), scope));
        let but = Program::new(&site, &token(&site, "second", &format!("but {scope}"), &others.join(",")));
        for (method, path, body, needed, expected) in TABLE.iter().filter(|row| !row.3.is_empty()) {
            let (has, has_not) = if needed == scope { (expected[2], 403) } else { (403, expected[2]) };
            assert_eq!(outcome(&only, method, path, body).await, has, "{method} {path}: only {scope}");
            // One of the others is enough to show that they are there.
            if needed == scope {
                assert_eq!(outcome(&but, method, path, body).await, has_not, "{method} {path}: all but {scope}");
            }
        }
    }
    let after = count(site.gateway.admin(&["audit", "--count", "1000"], "").expect("read"));
    assert_eq!(before, after, "nothing has changed");
}

#[tokio::test]
async fn a_token_is_told_what_it_may_and_what_it_lacks() {
    let site = Site::start(&[]).await;
    let program = Program::new(&site, &token(&site, "operator", "watch", "status:read,sessions:end"));
    let own = program.get("/token").await.is(200);
    assert_eq!(own["scopes"], serde_json::json!(["status:read", "sessions:end"]));
    assert_eq!((own["account"].as_str(), own["role"].as_str()), (Some("operator"), Some("operator")));
    let answer = program.get("/applications").await;
    answer.refused(403, "not-in-scope");
    let challenge = r#"Bearer realm="oig", error="insufficient_scope", scope="applications:read""#;
    assert_eq!(answer.header("www-authenticate"), challenge);
    let answer = Program::new(&site, "").get("/status").await;
    answer.refused(401, "no-token");
    assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="oig""#);
    let refused = site.gateway.admin(&["add-token", "reader", "more", "--scopes", "accounts:write"], "");
    assert!(refused.expect_err("more than it may").contains("may not do what accounts:write allows"));
    let refused = site.gateway.admin(&["add-token", "reader", "more", "--scopes", "everything"], "");
    assert!(refused.expect_err("no scope").contains("there are status:read, "));
}
