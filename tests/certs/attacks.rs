//! What nobody may do: forms from elsewhere, sessions that somebody else chose, paths that lead out, markup, uploads without
//! end, and guessing. Each is refused, logged, and changes nothing.

use std::sync::Arc;
use std::time::Instant;

use reqwest::Method;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::flows::{FIELDS, approve_first, first_pending, list};
use super::people::{Page, Person, encoded};
use super::server::{CertServer, PASSWORD, ROOT};
use crate::common::PATIENCE;

type Fields<'a> = &'a [(&'a str, &'a str)];
type Headers = Vec<(&'static str, String)>;

/// A connection by hand.
pub(crate) async fn connection(url: &str, ca: &str) -> TlsStream<TcpStream> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in rustls_pemfile::certs(&mut ca.as_bytes()) {
        roots.add(certificate.expect("PEM")).expect("a CA");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let port = url.rsplit(':').next().expect("a port");
    let stream = TcpStream::connect(format!("127.0.0.1:{port}")).await.expect("it listens");
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("TLS")
}

/// What is answered to exactly these bytes, until the server closes the connection.
pub(crate) async fn raw(url: &str, ca: &str, bytes: &str) -> String {
    let mut stream = connection(url, ca).await;
    stream.write_all(bytes.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    // A server that closes without saying so has still answered.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_form_that_another_page_sends_is_refused_and_changes_nothing() {
    let server = CertServer::start().await;
    let root = server.root().await;
    let ada = server.member(&root, "ada").await;
    ada.get("/applications/register").await;
    ada.post("/applications/register", &FIELDS).await.leads_to("/applications");
    let path = first_pending(&root).await;
    let approve = format!("{path}/approve");
    ada.get("/password").await;
    let other = ada.token.lock().expect("not poisoned").clone();
    root.get(&path).await;
    let token = root.token.lock().expect("not poisoned").clone();
    let own = root.headers();
    let from = |origin: &str, site: &str| vec![("origin", origin.to_owned()), ("sec-fetch-site", site.to_owned())];
    let refused: &[(&str, Fields<'_>, Headers)] = &[
        ("without a token", &[("version", "1")], own.clone()),
        ("with an empty one", &[("token", ""), ("version", "1")], own.clone()),
        ("with one made up", &[("token", &"0".repeat(64)), ("version", "1")], own.clone()),
        ("with another session's", &[("token", &other), ("version", "1")], own.clone()),
        ("from another site", &[("token", &token), ("version", "1")], from("https://evil.example", "cross-site")),
        ("from another port", &[("token", &token), ("version", "1")], from("https://localhost:1", "same-site")),
        ("from nowhere", &[("token", &token), ("version", "1")], from("null", "same-origin")),
        ("in clear", &[("token", &token), ("version", "1")], from(&server.url.replace("https", "http"), "same-origin")),
    ];
    for (case, fields, headers) in refused {
        let page = root.post_as(&approve, fields, headers).await;
        assert_eq!(page.status, 403, "{case}: {}", page.text());
        assert!(page.text().contains("not sent from a page"), "{case}");
    }
    for (kind, body) in [
        ("application/json", format!("{{\"token\":\"{token}\",\"version\":1}}")),
        ("text/plain", format!("token={token}&version=1")),
        ("multipart/form-data; boundary=x", String::new()),
    ] {
        let headers = [("content-type", kind), ("origin", root.url.as_str())];
        assert_eq!(root.send(Method::POST, &approve, &headers, Some(body)).await.status, 400, "{kind}");
    }
    // A link does nothing, whatever is in it.
    let link = format!("{approve}?token={token}&version=1");
    assert_eq!(root.get(&link).await.status, 404);
    assert_eq!(list(&server).await.version, 1);
    root.get(&path).await.is(200, "pending");
    assert!(server.logged().matches("refused").count() >= refused.len(), "{}", server.logged());
    // The sign-in has a token of its own: nobody is signed in as somebody else without knowing.
    let eve = server.somebody();
    let fields = [("name", ROOT), ("password", PASSWORD)];
    assert_eq!(eve.post_as("/sign-in", &fields, &eve.headers()).await.status, 403, "without the page");
    eve.get("/sign-in").await;
    assert_eq!(eve.post_as("/sign-in", &fields, &eve.headers()).await.status, 403, "without the token");
    assert!(eve.session().is_none());
    root.post(&approve, &[("version", "1")]).await.leads_to("/requests");
}

#[tokio::test]
async fn a_session_is_new_at_sign_in_and_ends_when_it_should() {
    let server = CertServer::start().await;
    // Somebody else chose the cookies beforehand.
    let victim = server.somebody();
    let chosen = "a".repeat(64);
    for name in ["__Host-oig-certs", "__Host-oig-certs-visitor"] {
        victim.cookies.lock().expect("not poisoned").insert(name.into(), chosen.clone());
    }
    victim.sign_in(ROOT, PASSWORD).await;
    let session = victim.session().expect("signed in");
    assert!(session != chosen && session.len() == 64);
    let with = |value: &str| {
        let person = server.somebody();
        person.cookies.lock().expect("not poisoned").insert("__Host-oig-certs".into(), value.into());
        person
    };
    let is_in = async |value: &str| with(value).get("/requests").await.status == 200;
    assert!(is_in(&session).await && !is_in(&chosen).await);
    for wrong in ["", "x", &session[..63], &session.to_uppercase(), &format!("{session}0")] {
        assert!(!is_in(wrong).await, "{wrong}");
    }
    // A second sign-in of the same browser ends the first.
    let again = victim.twin();
    again.cookies.lock().expect("not poisoned").insert("__Host-oig-certs-visitor".into(), chosen.clone());
    victim.get("/password").await;
    victim.post("/sign-out", &[]).await.leads_to("/sign-in");
    assert!(!is_in(&session).await && victim.session().is_none(), "signed out");

    let root = server.root().await;
    let ada = server.member(&root, "ada").await;
    let elsewhere = server.somebody();
    elsewhere.sign_in("ada", &format!("{PASSWORD} ada")).await;
    // A changed password ends every other session, and gives this one another secret.
    let before = ada.session();
    ada.get("/password").await;
    let (old, new) = (format!("{PASSWORD} ada"), "quite another password");
    let fields = |old, new, again| [("password", old), ("new", new), ("again", again)];
    ada.post("/password", &fields("wrong", new, new)).await.is(422, "is not right");
    ada.post("/password", &fields(&old, new, "other")).await.is(422, "not the same both times");
    ada.post("/password", &fields(&old, "short", "short")).await.is(422, "12 to 128");
    ada.post("/password", &fields(&old, &old, &old)).await.is(422, "the old one");
    ada.post("/password", &fields(&old, new, new)).await.leads_to("/");
    assert_ne!(before, ada.session());
    ada.get("/applications").await.is(200, "Your password is changed.");
    elsewhere.get("/applications").await.leads_to("/sign-in?to=/applications");
    server.somebody().try_sign_in("ada", &old).await.is(403, "not right");
    // So does a password that an administrator gives, which must be changed before anything else.
    let account = root.get("/accounts").await.link_of("ada").expect("a link");
    let given = [("password", "given by the administrator")];
    root.press(&account, &format!("{account}/password"), &given).await.leads_to("/accounts");
    ada.get("/applications").await.leads_to("/sign-in?to=/applications");
    ada.sign_in("ada", "given by the administrator").await;
    ada.get("/applications").await.leads_to("/password");
    ada.get("/password").await.is(200, "somebody else knows");
    ada.post("/applications/register", &FIELDS).await.leads_to("/password");
    ada.get("/password").await;
    ada.post("/password", &fields("given by the administrator", new, new)).await.leads_to("/");
    // And the account's end.
    root.press(&account, &format!("{account}/remove"), &[]).await.leads_to("/accounts");
    ada.get("/applications").await.leads_to("/sign-in?to=/applications");
    let own = root.get("/accounts").await.link_of(ROOT).expect("a link");
    root.press(&own, &format!("{own}/remove"), &[]).await.is(422, "own account");
    let fields = [("email", "new@example.com"), ("msa_number", "")];
    root.press(&own, &own, &fields).await.leads_to("/accounts");
    root.get("/accounts").await.is(200, "new@example.com");
    // After sign-in one is where one wanted to be, and nowhere else.
    for (to, path) in [("/accounts", "/accounts"), ("//evil.example", "/"), ("https://evil.example", "/"), ("", "/")] {
        let person = server.somebody();
        person.get("/sign-in").await;
        let fields = [("name", ROOT), ("password", PASSWORD), ("to", to)];
        person.post("/sign-in", &fields).await.leads_to(path);
    }
}

#[tokio::test]
async fn paths_lead_nowhere_else() {
    let server = CertServer::start().await;
    for path in [
        "/../ca/ca.key.pem",
        "/static/../../ca/ca.key.pem",
        "/static/..%2f..%2fca%2fca.key.pem",
        "/static/%2e%2e/%2e%2e/ca/ca.key.pem",
        "/static/....//....//etc/passwd",
        "/static/site.css%00.pem",
        "/ca.key.pem",
        "/ca/ca.key.pem",
        "/data/certs.db",
        "/certs.toml",
        "//etc/passwd",
        "/static/",
        "/static",
    ] {
        let answer =
            raw(&server.url, &server.ca, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
        assert!(!answer.contains("PRIVATE") && !answer.contains("root:"), "{path}");
        assert!(answer.contains("There is no such page.") && answer.contains("content-security-policy"), "{path}");
    }
    for bytes in
        ["GET /\r\n\r\n", "\0\0\0", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\nA\r\n\r\n"]
    {
        let answer = raw(&server.url, &server.ca, bytes).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{bytes:?}: {answer}");
    }
    assert_eq!(server.somebody().get("/healthz").await.status, 200);
}

/// No element and no attribute of a page is from somebody's text.
#[track_caller]
fn harmless(page: &Page, path: &str) {
    assert!(page.status < 500, "{path}: {}", page.status);
    let body = page.body.to_lowercase();
    for part in ["<script", "<img", "<b>bold", "\"'>", "javascript:"] {
        assert!(!body.contains(part), "{path}: {part} in\n{}", page.body);
    }
}

#[tokio::test]
async fn markup_in_every_text_is_text() {
    let server = CertServer::start().await;
    let root = server.root().await;
    let ada = server.member(&root, "ada").await;
    let bad = |name: &str| format!("{name}\"'><script>alert(1)</script><img src=x>");
    let (company, application, contact) = (bad("c"), bad("a"), format!("{{{{7*7}}}}{}", bad("t")));
    let fields = [
        ("company", company.as_str()),
        ("application", application.as_str()),
        ("contact", contact.as_str()),
        ("password", "</textarea><script>alert(1)</script>"),
    ];
    ada.get("/applications/certificate").await;
    let shown = ada.post("/applications/certificate", &fields).await;
    shown.is(200, &company);
    harmless(&shown, "the key's page");
    approve_first(&root).await;
    ada.get("/applications/register").await;
    let wall = [("company", company.as_str()), ("application", "Wall"), fields[2], fields[3]];
    ada.post("/applications/register", &wall).await.leads_to("/applications");
    let path = first_pending(&root).await;
    let reason = bad("r");
    root.press(&path, &format!("{path}/deny"), &[("reason", &reason)]).await.leads_to("/requests");
    let account = root.get("/accounts").await.link_of("ada").expect("a link");
    let fields = [("email", "\"><script>@example.com"), ("msa_number", "<script>alert(1)</script>")];
    harmless(&root.press(&account, &account, &fields).await, "an account");
    let fields = [("email", "'onerror=alert(1)'@example.com"), ("msa_number", "\"><script>alert(1)")];
    root.press(&account, &account, &fields).await.leads_to("/accounts");
    let ada = server.somebody();
    ada.sign_in("ada", &format!("{PASSWORD} ada")).await;
    let entry = root.get("/applications").await.link("/applications/").expect("a link");
    let (find, form) = (encoded(&[("find", &bad("f"))]), encoded(&[("of", &bad("o"))]));
    for (person, path) in [
        (&root, "/requests"),
        (&root, &path),
        (&root, "/applications"),
        (&root, &format!("/applications?{find}")),
        (&root, &entry),
        (&root, "/accounts"),
        (&root, &account),
        (&root, "/mail"),
        (&root, "/log"),
        (&root, &format!("/log?before={find}")),
        (&ada, "/applications"),
        (&ada, &path),
        (&ada, &format!("/applications/certificate?{form}")),
        (&server.somebody(), &format!("/sign-in?to={find}")),
    ] {
        harmless(&person.get(path).await, path);
    }
    root.get(&path).await.is(200, &contact);
    root.get(&path).await.is(200, &reason);
    // What the forms show again is text, too.
    for (path, fields) in [
        ("/applications/register", vec![("company", company.as_str()), ("application", "<script>"), ("contact", "\"")]),
        ("/applications/certificate", vec![("company", company.as_str()), ("application", "\"><img src=x>")]),
    ] {
        ada.get(path).await;
        let page = ada.post(path, &fields).await;
        assert_eq!(page.status, 422);
        harmless(&page, path);
    }
    root.get("/accounts/new").await;
    let fields = [("name", "<script>"), ("email", "\"><script>"), ("msa_number", "<img src=x>"), ("role", "<b>bold")];
    harmless(&root.post("/accounts/new", &fields).await, "a new account");
    let wrong = server.somebody().try_sign_in("<script>alert(1)</script>", "x").await;
    assert_eq!(wrong.status, 403);
    harmless(&wrong, "the sign-in");
}

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let server = CertServer::start().await;
    let root = server.root().await;
    for path in ["/requests", "/sign-in", "/acl", "/static/site.css", "/nothing", "/healthz", "/applications/register"]
    {
        let page = root.get(path).await;
        let policy = page.header("content-security-policy");
        for part in [
            "default-src 'self'",
            "script-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.split("; ").any(|own| own == part), "{path}: {part} is not in {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(page.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(page.header("strict-transport-security"), "max-age=31536000", "{path}");
        let kept = if path.starts_with("/static") { "no-cache" } else { "no-store" };
        assert_eq!(page.header("cache-control"), kept, "{path}");
        for inline in ["<style", " style=", " onclick", "<script"] {
            assert!(!page.body.contains(inline), "{path} has {inline}");
        }
    }
}

#[tokio::test]
async fn an_upload_of_100_mb_is_refused_before_it_is_read() {
    let server = CertServer::start().await;
    let root = server.root().await;
    let session = root.session().expect("signed in");
    let before = server.process.peak_memory();
    for path in ["/sign-in", "/accounts/new", "/requests", "/acl", "/nothing"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: __Host-oig-certs={session}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n"
        );
        let announced = raw(&server.url, &server.ca, &format!("{head}Content-Length: 104857600\r\n\r\na=")).await;
        assert!(announced.starts_with("HTTP/1.1 413 "), "{path}: {announced}");
        assert!(announced.contains("too large"), "{path}: {announced}");
        // In chunks, whose sum nobody announces.
        let mut stream = connection(&server.url, &server.ca).await;
        stream.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).await.expect("sent");
        let chunk = format!("10000\r\n{}\r\n", "a".repeat(0x10000));
        let began = Instant::now();
        while stream.write_all(chunk.as_bytes()).await.is_ok() {
            assert!(began.elapsed() < PATIENCE, "{path}: it is read for ever");
        }
    }
    // A body that never ends is waited for, but not for ever; one of another form is none.
    let many = encoded(&(0..100).map(|_| ("a", "b")).collect::<Vec<_>>());
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", root.url.as_str())];
    assert_eq!(root.send(Method::POST, "/accounts/new", &headers, Some(many)).await.status, 400);
    let grown = server.process.peak_memory() - before;
    assert!(grown < 32 << 20, "{grown} bytes more");
    assert_eq!(root.get("/requests").await.status, 200);
    assert!(server.logged().contains("status=413"), "it is logged");
}

#[tokio::test]
async fn who_guesses_passwords_is_slowed_and_learns_nothing() {
    let server = CertServer::start().await;
    let wrong = "The name or the password is not right, or the account is locked for a while.";
    let person = server.somebody();
    for name in ["nobody", ROOT, "", "a\nb", &"x".repeat(5000)] {
        person.try_sign_in(name, "a guess").await.is(403, wrong);
    }
    for _ in 0..6 {
        person.try_sign_in(ROOT, "a guess").await.is(403, wrong);
    }
    // Locked now: the right one reads like a wrong one.
    person.try_sign_in(ROOT, PASSWORD).await.is(403, wrong);
    assert!(person.session().is_none());
    let page = person.get("/sign-in").await;
    assert_eq!(page.status, 200);
    // Side by side, at many names, by one address: soon none is looked at any more.
    let mut guesses = Vec::new();
    for i in 0..40 {
        let person = person.twin();
        guesses.push(async move {
            let (name, password) = (format!("name{i}"), "a guess");
            person.post("/sign-in", &[("name", name.as_str()), ("password", password), ("to", "")]).await
        });
    }
    let pages = futures_util::future::join_all(guesses).await;
    let statuses: Vec<_> = pages.iter().map(|page| page.status).collect();
    let (refused, late) = (
        statuses.iter().filter(|status| **status == 403).count(),
        statuses.iter().filter(|status| **status == 429).count(),
    );
    assert!(refused + late == 40 && late >= 20, "{statuses:?}");
    let page = pages.iter().find(|page| page.status == 429).expect("counted above");
    page.is(429, "Too many tries.");
    assert_eq!(page.header("retry-after"), "30");
    let logged = server.logged();
    assert!(logged.contains("refused") && !logged.contains("a guess"), "{logged}");
    // Others go on.
    assert_eq!(Person::new(&server.url, &server.ca).get("/healthz").await.status, 200);
}
