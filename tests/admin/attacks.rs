//! What nobody may do at the administration's pages and its API: forms from elsewhere, sessions that somebody else chose, paths
//! that lead out, markup, uploads without end, and guessing. Each is refused, and changes nothing.

use std::collections::BTreeSet;
use std::time::Instant;

use reqwest::Method;
use tokio::io::AsyncWriteExt as _;

use super::{PASSWORD, Site, TABLE};
use crate::admin_api::token;
use crate::certs::attacks::{connection, raw};
use crate::certs::people::{Page, Person, encoded};
use crate::common::cluster::Node;
use crate::common::{PATIENCE, eventually};

const COOKIE: &str = "__Host-oig-admin";

fn session(person: &Person) -> Option<String> {
    person.cookies.lock().expect("not poisoned").get(COOKIE).cloned()
}

#[tokio::test]
async fn a_form_that_another_page_sends_is_refused_at_every_route_and_changes_nothing() {
    let site = Site::start(&[]).await;
    let (root, other) = (site.signed_in("administrator").await, site.signed_in("administrator").await);
    let token_of = async |person: &Person| {
        person.get("/password").await;
        person.token.lock().expect("not poisoned").clone()
    };
    let (own, others) = (token_of(&root).await, token_of(&other).await);
    let from = |origin: &str, site: &str| vec![("origin", origin.to_owned()), ("sec-fetch-site", site.to_owned())];
    let audit = || site.gateway.admin(&["audit", "--count", "500"], "").expect("read");
    let before = audit();
    for (_, path, sent, _) in TABLE.iter().filter(|row| row.0 == "POST") {
        let named = ["application", "account", "user"]
            .iter()
            .fold((*path).to_owned(), |path, name| path.replace(&format!("{{{name}}}"), &"0".repeat(29)));
        let path = named.replace("{node}", "1").replace("{place}", "0").replace("{nothing}", "1-x");
        let fields: Vec<_> = sent.split('&').filter_map(|field| field.split_once('=')).collect();
        let with = |token: &'static str| [&[("token", token)][..], &fields].concat();
        let (own, others): (&str, &str) = (&own, &others);
        for (case, fields, headers) in [
            ("without a token", fields.clone(), root.headers()),
            ("with an empty one", with(""), root.headers()),
            ("with another session's", [&[("token", others)][..], &fields].concat(), root.headers()),
            (
                "from another site",
                [&[("token", own)][..], &fields].concat(),
                from("https://evil.example", "cross-site"),
            ),
            ("from another port", [&[("token", own)][..], &fields].concat(), from("https://localhost:1", "same-site")),
            ("from nowhere", [&[("token", own)][..], &fields].concat(), from("null", "same-origin")),
        ] {
            let page = root.post_as(&path, &fields, &headers).await;
            assert_eq!(page.status, 403, "{path} {case}: {}", page.text());
        }
    }
    assert_eq!(audit(), before);
    root.get("/password").await.is(200, "Password");
}

#[tokio::test]
async fn a_session_is_new_at_sign_in_and_a_guesser_is_slowed_and_learns_nothing() {
    let site = Site::start(&[]).await;
    let victim = site.somebody();
    let chosen = "a".repeat(64);
    for name in [COOKIE.to_owned(), format!("{COOKIE}-visitor")] {
        victim.cookies.lock().expect("not poisoned").insert(name, chosen.clone());
    }
    victim.sign_in("administrator", PASSWORD).await;
    let own = session(&victim).expect("signed in");
    assert!(own != chosen && own.len() == 64);
    let with = |value: &str| {
        let person = site.somebody();
        person.cookies.lock().expect("not poisoned").insert(COOKIE.into(), value.into());
        person
    };
    let is_in = async |value: &str| with(value).get("/log").await.status == 200;
    assert!(is_in(&own).await && !is_in(&chosen).await);
    for wrong in ["", "x", &own[..63], &own.to_uppercase(), &format!("{own}0")] {
        assert!(!is_in(wrong).await, "{wrong}");
    }

    let wrong = "The name or the password is not right, or the account is locked for a while.";
    let person = site.somebody();
    for name in ["nobody", "reader", "", "a\nb", &"x".repeat(5000)] {
        person.try_sign_in(name, "a guess").await.is(403, wrong);
    }
    for _ in 0..6 {
        person.try_sign_in("reader", "a guess").await.is(403, wrong);
    }
    // Locked now: the right one reads like a wrong one.
    person.try_sign_in("reader", PASSWORD).await.is(403, wrong);
    assert!(session(&person).is_none());
    person.get("/sign-in").await;
    let twins: Vec<_> = (0..40).map(|i| (person.twin(), format!("name{i}"))).collect();
    let guesses = twins.iter().map(|(person, name)| async move {
        person.post("/sign-in", &[("name", name.as_str()), ("password", "a guess"), ("to", "")]).await.status
    });
    let statuses = futures_util::future::join_all(guesses).await;
    let late = statuses.iter().filter(|status| **status == 429).count();
    assert!(late >= 20 && statuses.iter().all(|status| [403, 429].contains(status)), "{statuses:?}");
    // Whoever is in goes on.
    victim.get("/log").await.is(200, "sign-in");
    let logged = site.gateway.process.logged().join("\n");
    assert!(logged.contains("refused") && !logged.contains("a guess"), "{logged}");
}

#[tokio::test]
async fn paths_lead_nowhere_else() {
    let site = Site::start(&[]).await;
    for path in [
        "/admin/../oig.toml",
        "/admin/static/../../oig.toml",
        "/admin/static/..%2f..%2foig.toml",
        "/admin/static/%2e%2e/%2e%2e/data/oig.db",
        "/admin/static/....//....//etc/passwd",
        "/admin/static/site.css%00.pem",
        "/admin/static/",
        "/admin//etc/passwd",
        "/admin/texts/..%2f..%2fetc%2fpasswd/remove",
        "/admin/api/v1/../../oig.toml",
        "/admin/api/v1/texts/..%2f..%2f..%2fetc%2fpasswd",
        "/admin/api/v1/certificates/..%2f..%2foig.toml",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = raw(&site.url, &site.files.ca, &request).await;
        let refused = ["HTTP/1.1 404 ", "HTTP/1.1 401 ", "HTTP/1.1 405 "].iter().any(|line| answer.starts_with(line));
        assert!(refused, "{path}: {answer}");
        for secret in ["root:", "PRIVATE", "[storage]", "SQLite format"] {
            assert!(!answer.contains(secret), "{path}: {answer}");
        }
    }
}

fn bad(name: &str) -> String {
    format!("{name}\"'><script>alert(1)</script><img src=x>")
}

/// No element and no attribute of a page is from somebody's text.
#[track_caller]
fn harmless(page: &Page, path: &str) {
    assert!(page.status < 500, "{path}: {}", page.status);
    if !page.header("content-type").starts_with("text/html") {
        return;
    }
    // The site's own.
    let body = page.body.to_lowercase().replace("<script src=\"/admin/static/live.js\" defer></script>", "");
    for part in ["<script", "<img", "\"'>", "javascript:"] {
        assert!(!body.contains(part), "{path}: {part} in\n{}", page.body);
    }
}

/// The names of what can be filled in on a page.
fn fields(page: &Page) -> BTreeSet<String> {
    let names = page.body.split(" name=\"").skip(1).filter_map(|rest| rest.split('"').next());
    names.filter(|name| !["token", "version", "viewport", "import"].contains(name)).map(str::to_owned).collect()
}

/// The id in the last link of a list to one of its things.
async fn id(person: &Person, list: &str) -> String {
    let page = person.get(list).await;
    let begin = format!("href=\"/admin{list}/");
    let links = page.body.split(&begin).skip(1).filter_map(|rest| rest.split('"').next());
    links.filter(|link| link.len() == 29).last().expect("a link").to_owned()
}

#[tokio::test]
async fn markup_in_every_text_is_text() {
    let node = Node::start(1).await;
    let site = Site::copying(&node).await;
    let root = site.signed_in("administrator").await;
    let password = format!("{PASSWORD}\n");
    let (company, name) = (bad("c"), bad("n"));
    let add = ["add-application", &company, &name];
    site.gateway.admin(&add, "a local password\nan application password\n").expect("added");
    let user = ["add-user", "'onerror=alert(1)'@example.com", "--name", &name, "--kind", "google", "--no-password"];
    site.gateway.admin(&user, "").expect("added");
    let account = ["add-account", "eve", "--role", "reader", "--email", "'onerror=alert(1)'@example.com"];
    site.gateway.admin(&account, &password).expect("added");
    site.gateway.admin(&["add-token", "eve", &name, "--scopes", "status:read"], "").expect("made");
    site.gateway.admin(&["add-node", "9", "127.0.0.1", "--port", "1", "--name", &name], "").expect("added");
    eventually("the node is shown", async || root.get("/nodes").await.text().contains(&name).then_some(())).await;
    let texts = site.gateway.folder().join("texts.csv");
    let quoted = name.replace('"', "\"\"");
    std::fs::write(&texts, format!("text,translation\nNodes,\"{quoted}\"\nName,\"{quoted}\"\n")).expect("written");
    let texts = texts.to_str().expect("a path of this machine");
    site.gateway.admin(&["import-texts", "de", texts], "").expect("imported");

    // What forms are given, they show again.
    for (page, path) in [
        ("/applications/new", "/applications/new"),
        ("/users/new", "/users/new"),
        ("/users/import", "/users/import"),
        ("/nodes/new", "/nodes/new"),
        ("/nodes/new", "/nodes/test"),
        ("/nodes/9", "/nodes/9"),
        ("/accounts/new", "/accounts/new"),
        ("/tokens/new", "/tokens/new"),
        ("/settings", "/settings"),
        ("/certificate", "/certificate/0/request"),
        ("/certificate", "/certificate/0/install"),
        ("/backup", "/backup"),
        ("/backup", "/backup/restore"),
        ("/texts/import", "/texts/import"),
        ("/password", "/password"),
    ] {
        let shown = root.get(page).await;
        let names = fields(&shown);
        assert!(!names.is_empty(), "{page} has nothing to fill in:\n{}", shown.body);
        let text = bad("t");
        let filled: Vec<_> = names.iter().map(|name| (name.as_str(), text.as_str())).collect();
        let answer = root.press(page, path, &filled).await;
        assert!(answer.status < 500, "{path}: {}", answer.text());
        harmless(&answer, path);
    }
    let wrong = site.somebody().try_sign_in(&bad("eve"), "x").await;
    wrong.is(403, "not right");
    harmless(&wrong, "the sign-in");

    let mut paths: Vec<String> = TABLE.iter().filter(|row| row.0 == "GET").map(|row| row.1.to_owned()).collect();
    let (application, user) = (id(&root, "/applications").await, id(&root, "/users").await);
    let account = root.get("/accounts").await.link_of("eve").expect("a link");
    let account = account.rsplit('/').next().expect("an id");
    for path in &mut paths {
        *path = path.replace("{application}", &application).replace("{user}", &user);
        *path = path.replace("{account}", account).replace("{node}", "9").replace("{form}", "phones");
    }
    let find = encoded(&[("q", &bad("f"))]);
    let looked = encoded(&[("node", &bad("n")), ("number", &bad("n")), ("call", &bad("c"))]);
    paths.extend([format!("/users?{find}"), format!("/record?{looked}"), format!("/sign-in?to={find}")]);
    let rows = encoded(&[("where", &bad("w")), ("sort", &bad("s")), ("page", "1")]);
    paths.extend(["/data/1".to_owned(), "/data/1/phones".into(), format!("/data/1/phones?{rows}")]);
    paths.extend([format!("/log?before={find}"), format!("/texts/export?language={find}")]);
    for path in &paths {
        for language in ["en", "de"] {
            let page = root.send(Method::GET, path, &[("accept-language", language)], None).await;
            harmless(&page, path);
        }
    }
    for (path, text) in [("/applications", &company), ("/nodes", &name), ("/log", &name), ("/tokens", &name)] {
        root.get(path).await.is(200, text);
    }
}

#[tokio::test]
async fn an_upload_of_100_mb_is_refused_before_it_is_read() {
    let site = Site::start(&[]).await;
    let root = site.signed_in("administrator").await;
    let cookie = format!("Cookie: {COOKIE}={}\r\n", session(&root).expect("signed in"));
    let bearer = format!("Authorization: Bearer {}\r\n", token(&site, "administrator", "large", "all"));
    let before = site.gateway.process.peak_memory();
    for (path, who) in [
        ("/admin/sign-in", ""),
        ("/admin/applications/new", &cookie),
        ("/admin/users/import", &cookie),
        ("/admin/texts/import", &cookie),
        ("/admin/backup/restore", &cookie),
        ("/admin/api/v1/applications", &bearer),
        ("/admin/api/v1/users/import", &bearer),
        ("/admin/api/v1/texts/de/import", &bearer),
        ("/admin/api/v1/backup/restore", &bearer),
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\n{who}If-Match: *\r\n\
             Content-Type: multipart/form-data; boundary=b\r\n"
        );
        let announced = format!("{head}Content-Length: 104857600\r\n\r\na=");
        let answer = raw(&site.url, &site.files.ca, &announced).await;
        assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("too large"), "{path}: {answer}");
        // In chunks, whose sum nobody announces.
        let mut stream = connection(&site.url, &site.files.ca).await;
        stream.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).await.expect("sent");
        let chunk = format!("10000\r\n{}\r\n", "a".repeat(0x10000));
        let began = Instant::now();
        while stream.write_all(chunk.as_bytes()).await.is_ok() {
            assert!(began.elapsed() < PATIENCE, "{path}: it is read for ever");
        }
    }
    let grown = site.gateway.process.peak_memory().saturating_sub(before);
    // A backup may have 16 MiB, which grow by doubling.
    assert!(grown < 96 << 20, "{grown} bytes more");
    root.get("/log").await.is(200, "sign-in");
}
