//! The life of a token: made on a page, shown once, used, out of force; and who guesses.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;

use super::programs::{BASE, Program, token};
use crate::admin::{PASSWORD, Site};
use crate::common::clock::WallClock;
use crate::common::cluster::{Gateway, With};
use crate::common::http;
use crate::https::Files;

#[tokio::test]
async fn somebody_makes_a_token_on_a_page_sees_it_once_and_removes_it() {
    let site = Site::start(&[]).await;
    let reader = site.signed_in("reader").await;
    reader.get("/tokens/new").await;
    let too_much = [("name", "Bühne & <b>Co</b>"), ("accounts:write", "yes"), ("days", "9")];
    reader.post("/tokens/new", &too_much).await.is(422, "may not do what accounts:write allows");
    for days in ["0", "1831", "x"] {
        let fields = [("name", "a"), ("status:read", "yes"), ("days", days)];
        reader.post("/tokens/new", &fields).await.is(422, "The days must be");
    }
    let page =
        reader.post("/tokens/new", &[("name", "Bühne & <b>Co</b>"), ("status:read", "yes"), ("days", "9")]).await;
    page.is(200, "Copy the token now");
    assert!(!page.body.contains("<b>"), "markup is shown, not used");
    let (_, rest) = page.body.split_once(">oig_").expect("the token");
    let text = format!("oig_{}", &rest[..64]);
    let program = Program::new(&site, &text);
    program.get("/status").await.is(200);
    program.get("/sessions").await.refused(403, "not-in-scope");
    reader.get("/tokens/new").await;
    let again =
        reader.post("/tokens/new", &[("name", "Bühne & <b>Co</b>"), ("status:read", "yes"), ("days", "")]).await;
    again.is(422, "There is already: token");

    // Everybody sees the own, administrators all; nobody sees it again.
    let pages = [reader.get("/tokens").await, site.signed_in("administrator").await.get("/tokens").await];
    for page in &pages {
        page.is(200, "Bühne & <b>Co</b> of reader status:read in force");
        assert!(!page.body.contains(&rest[..64]));
    }
    let operator = site.signed_in("operator").await;
    assert!(!operator.get("/tokens").await.body.contains("of reader"));
    let (_, link) = pages[0].body.split_once("action=\"/admin/tokens/").expect("a form");
    let path = format!("/tokens/{}/remove", &link[..29]);
    operator.post(&path, &[]).await.is(404, "no such page");
    program.get("/status").await.is(200);
    reader.get("/tokens").await;
    reader.post(&path, &[]).await.leads_to("/admin/tokens");
    program.get("/status").await.refused(401, "bad-token");

    let audit = site.gateway.admin(&["audit"], "").expect("read");
    for words in
        ["reader (127.0.0.1) add token Bühne & <b>Co</b> of reader", "remove token", "\"scopes\":\"status:read\""]
    {
        assert!(audit.contains(words), "{words}: {audit}");
    }
    let logged = site.gateway.process.logged().join("\n");
    for file in std::fs::read_dir(site.gateway.folder().join("data")).expect("the database").flatten() {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        assert!(!bytes.windows(64).any(|part| *part == rest.as_bytes()[..64]), "only its hash is kept");
    }
    assert!(!logged.contains(&rest[..64]) && !audit.contains(&rest[..64]), "the token is in no log");
}

#[tokio::test]
async fn a_token_ends_with_its_days_and_with_its_account() {
    let clock = Arc::new(WallClock::new());
    let site = Site::start_with(&[], With { clock: Some(clock.clone()), ..With::default() }).await;
    let days = ["add-token", "operator", "short", "--scopes", "status:read", "--days", "2"];
    let short = Program::new(&site, &site.gateway.admin(&days, "").expect("made"));
    let long = Program::new(&site, &token(&site, "operator", "long", "all"));
    let root = Program::new(&site, &token(&site, "administrator", "root", "all"));
    for program in [&short, &long] {
        program.get("/status").await.is(200);
    }
    clock.set(2 * 24 * 3_600_000 + 60_000);
    let answer = short.get("/status").await;
    answer.refused(401, "token-expired");
    assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="oig", error="invalid_token""#);
    long.get("/status").await.is(200);
    let listed = root.get("/tokens").await.is(200);
    let used = |name: &str| {
        let token = listed["items"].as_array().expect("tokens").iter().find(|token| token["name"] == name);
        token.expect("there")["last_used_ms"].as_i64()
    };
    let apart = used("long").expect("used") - used("short").expect("used");
    assert!(apart >= 2 * 24 * 3_600_000, "the second time, two days later, was written: {apart}");

    let accounts = root.get("/accounts").await.is(200);
    let operator =
        accounts["items"].as_array().expect("accounts").iter().find(|a| a["name"] == "operator").expect("there");
    let path = format!("/accounts/{}", operator["id"].as_str().expect("an id"));
    root.change(Method::DELETE, &path, "*", None).await.is(204);
    long.get("/status").await.refused(401, "bad-token");
    let left = site.gateway.admin(&["tokens"], "").expect("listed");
    assert!(left.contains("root of administrator") && !left.contains("of operator"), "{left}");
    let audit = site.gateway.admin(&["audit"], "").expect("read");
    assert!(audit.contains("administrator by token root (127.0.0.1) remove token long of operator"), "{audit}");
}

#[tokio::test]
async fn who_guesses_tokens_is_slowed_and_whoever_has_one_is_not() {
    let site = Site::start(&[]).await;
    let right = Program::new(&site, &token(&site, "reader", "all", "all"));
    let wrong = format!("oig_{}", "5e".repeat(32));
    let guesses: Vec<_> = (0..26).map(|_| Program::new(&site, &wrong)).collect();
    let guessing = join_all(guesses.iter().map(async |program| {
        let answer = program.get("/status").await;
        assert!(!answer.body.contains("5e5e"), "{}", answer.body);
        answer.status
    }));
    let working = async {
        let began = Instant::now();
        for _ in 0..40 {
            right.get("/status").await.is(200);
        }
        began.elapsed()
    };
    let (statuses, took) = tokio::join!(guessing, working);
    let count = |status| statuses.iter().filter(|own| **own == status).count();
    assert!(count(401) >= 20 && count(429) >= 2 && count(401) + count(429) == 26, "{statuses:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(!site.gateway.process.logged().join("\n").contains("5e5e5e"), "what was guessed is in no log");
}

#[tokio::test]
async fn only_a_token_counts_and_only_over_a_way_that_nobody_hears() {
    let site = Site::start(&[]).await;
    let text = token(&site, "reader", "all", "all");
    // Somebody who is signed in is nobody here.
    let person = site.signed_in("administrator").await;
    let page = person.send(Method::GET, "/api/v1/status", &[], None).await;
    assert_eq!((page.status, page.header("content-type")), (401, "application/problem+json"));
    assert_eq!(page.header("set-cookie"), "");
    let nobody = Program::new(&site, "");
    for sent in [
        format!("Basic {text}"),
        text.clone(),
        format!("Bearer {}", text.to_uppercase()),
        format!("Bearer {text} {text}"),
        "Bearer".into(),
    ] {
        nobody.send(Method::GET, "/status", &[("authorization", &sent)], None).await.refused(401, "bad-token");
    }
    let twice = Program::new(&site, &text);
    let header = format!("Bearer {text}");
    twice.send(Method::GET, "/status", &[("authorization", &header)], None).await.refused(401, "bad-token");
    nobody.send(Method::GET, "/status", &[("authorization", &format!("bearer  {text}"))], None).await.is(200);

    // A proxy says who comes, and by which way.
    let files = Files::new();
    let with = With { tables: files.table(), trusted_proxies: &["127.0.0.1"], ..With::default() };
    let gateway = Gateway::start_with(&[], with).await;
    gateway.admin(&["add-account", "ada", "--role", "reader"], &format!("{PASSWORD}\n")).expect("added");
    let text = gateway.admin(&["add-token", "ada", "all", "--scopes", "all"], "").expect("made");
    let bearer = format!("Bearer {}", text.trim());
    for (from, proto, status) in
        [("198.51.100.7", "https", 200), ("198.51.100.7", "http", 403), ("127.0.0.1", "http", 200)]
    {
        let headers = [("X-Forwarded-For", from), ("X-Forwarded-Proto", proto), ("Authorization", &bearer)];
        let answer = http::get(&gateway.url, &format!("{BASE}/status"), &headers).await;
        assert_eq!(answer.status, status, "{from} {proto}: {}", answer.body);
        if status == 403 {
            assert!(answer.header("location").is_none() && answer.body.contains("problem:in-clear"), "{}", answer.body);
        }
    }
}
