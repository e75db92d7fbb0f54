//! The gateway's administration as those meet it who use it: over HTTPS, by role, and in a real browser.

mod backups;
mod certificate;
mod nodes;
mod record;
mod settings;

use std::path::Path;

use reqwest::Method;

use crate::certs::people::{Person, encoded};
use crate::common::app::{App, log_in, login_request};
use crate::common::cluster::{Gateway, Node, With};
use crate::common::{Folder, eventually, http};
use crate::https::{Files, https};
use crate::toolkits::{interpreter, run};

const PASSWORD: &str = "correct horse battery";
const BASE: &str = "/admin";

/// A gateway with HTTPS and an account for each role, named as the role is.
struct Site {
    gateway: Gateway,
    url: String,
    files: Files,
}

impl Site {
    async fn start(nodes: &[&Node]) -> Self {
        let files = Files::new();
        let gateway = Gateway::start_with(nodes, With { tables: files.table(), ..With::default() }).await;
        for role in ["reader", "operator", "administrator"] {
            gateway.admin(&["add-account", role, "--role", role], &format!("{PASSWORD}\n")).expect("added");
        }
        let url = https(&gateway);
        Self { gateway, url, files }
    }

    fn somebody(&self) -> Person {
        Person::at(&self.url, BASE, &self.files.ca)
    }

    async fn signed_in(&self, name: &str) -> Person {
        let person = self.somebody();
        person.sign_in(name, PASSWORD).await;
        person
    }
}

/// Method, path, what is sent, and what becomes of it: nobody, a reader, an operator, an administrator. Forms are such that
/// whoever may send them is told that they are wrong, or of another version: nothing changes.
const TABLE: &[(&str, &str, &str, [&str; 4])] = &[
    ("GET", "/static/site.css", "", ["200", "200", "200", "200"]),
    ("GET", "/static/icon.svg", "", ["200", "200", "200", "200"]),
    ("GET", "/static/live.js", "", ["200", "200", "200", "200"]),
    ("GET", "/sign-in", "", ["200", "303", "303", "303"]),
    ("POST", "/sign-in", "", ["403", "403", "403", "403"]),
    ("GET", "", "", ["303", "303", "303", "303"]),
    ("GET", "/", "", ["in", "200", "200", "200"]),
    ("GET", "/password", "", ["in", "200", "200", "200"]),
    ("POST", "/password", "password=a&new=b&again=c", ["in", "422", "422", "422"]),
    ("GET", "/applications", "", ["in", "200", "200", "200"]),
    ("GET", "/sessions", "", ["in", "200", "200", "200"]),
    ("GET", "/nodes", "", ["in", "200", "200", "200"]),
    ("GET", "/nodes/{node}", "", ["in", "200", "200", "200"]),
    ("POST", "/sessions/{nothing}/end", "", ["in", "403", "404", "404"]),
    ("POST", "/nodes/{node}/reconnect", "", ["in", "403", "303", "303"]),
    ("POST", "/acl/fetch", "", ["in", "403", "303", "303"]),
    ("POST", "/licence/fetch", "", ["in", "403", "404", "404"]),
    ("GET", "/record", "", ["in", "403", "200", "200"]),
    ("GET", "/applications/new", "", ["in", "403", "403", "200"]),
    ("POST", "/applications/new", "company=", ["in", "403", "403", "422"]),
    ("GET", "/applications/{application}", "", ["in", "403", "403", "200"]),
    (
        "POST",
        "/applications/{application}/password",
        "version=0&local_password=long enough&overlap_hours=1",
        ["in", "403", "403", "409"],
    ),
    ("POST", "/applications/{application}/revoke", "version=0&revoked=true", ["in", "403", "403", "409"]),
    ("POST", "/applications/{application}/remove", "version=0", ["in", "403", "403", "409"]),
    ("GET", "/certificate", "", ["in", "403", "403", "200"]),
    ("POST", "/certificate/{place}/request", "kind=loud&names=a", ["in", "403", "403", "422"]),
    ("POST", "/certificate/{place}/install", "chain=none", ["in", "403", "403", "422"]),
    ("GET", "/backup", "", ["in", "403", "403", "200"]),
    ("POST", "/backup", "passphrase=a&again=b", ["in", "403", "403", "422"]),
    ("GET", "/support", "", ["in", "403", "403", "200"]),
    ("GET", "/settings", "", ["in", "403", "403", "200"]),
    ("POST", "/settings", "version=0&limits.sessions=0", ["in", "403", "403", "422"]),
    ("GET", "/nodes/new", "", ["in", "403", "403", "200"]),
    ("POST", "/nodes/new", "ceid=0", ["in", "403", "403", "422"]),
    ("POST", "/nodes/test", "ceid=0", ["in", "403", "403", "422"]),
    (
        "POST",
        "/nodes/{node}",
        "version=0&ceid=1&address=127.0.0.1&port=1&association=none&edition=ed5",
        ["in", "403", "403", "409"],
    ),
    ("POST", "/nodes/{node}/remove", "version=0", ["in", "403", "403", "409"]),
    ("GET", "/accounts", "", ["in", "403", "403", "200"]),
    ("GET", "/accounts/new", "", ["in", "403", "403", "200"]),
    ("POST", "/accounts/new", "role=member&name=eve", ["in", "403", "403", "422"]),
    ("GET", "/accounts/{account}", "", ["in", "403", "403", "200"]),
    ("POST", "/accounts/{account}/role", "version=0&role=administrator", ["in", "403", "403", "409"]),
    ("POST", "/accounts/{account}/password", "version=0&password=long enough to be", ["in", "403", "403", "409"]),
    ("POST", "/accounts/{account}/remove", "version=0", ["in", "403", "403", "409"]),
    ("GET", "/log", "", ["in", "403", "403", "200"]),
    // Last: it ends what the others need.
    ("POST", "/sign-out", "", ["in", "in", "in", "in"]),
];

#[test]
fn every_route_is_in_the_table() {
    let (pages, site) = (include_str!("../src/admin/mod.rs"), include_str!("../src/web/mod.rs"));
    let shape = |path: &str| {
        path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }.to_owned()).collect::<Vec<_>>()
    };
    let mut routes = 0;
    for line in pages.lines().chain(site.lines()).filter_map(|line| line.trim().strip_prefix(".route(\"")) {
        let (path, handler) = line.split_once("\", web::").expect("a path and a handler");
        let method = handler.split('(').next().expect("a method").to_uppercase();
        let known = TABLE.iter().filter(|row| row.0 == method && shape(row.1) == shape(path)).count();
        assert_eq!(known, 1, "{method} {path}");
        routes += 1;
    }
    assert_eq!(routes, TABLE.len());
}

#[tokio::test]
async fn everybody_may_do_what_the_table_says_and_nothing_else() {
    let node = Node::start(1).await;
    let site = Site::start(&[&node]).await;
    let root = site.signed_in("administrator").await;
    let id = async |list: &str, text: &str| {
        let link = root.get(list).await.link_of(text).expect("a link");
        link.rsplit('/').next().expect("an id").to_owned()
    };
    let (application, account) = (id("/applications", "Screen Pop").await, id("/accounts", "reader").await);
    let people = [
        site.somebody(),
        site.signed_in("reader").await,
        site.signed_in("operator").await,
        site.signed_in("administrator").await,
    ];
    let before = site.gateway.admin(&["audit"], "").expect("read");
    for (method, path, sent, expected) in TABLE {
        let named = [
            ("application", application.as_str()),
            ("account", &account),
            ("node", "1"),
            ("place", "0"),
            ("nothing", "1-x"),
        ];
        let path = named.iter().fold((*path).to_owned(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id));
        for (person, expected) in people.iter().zip(expected) {
            person.get("/password").await;
            let page = if *method == "GET" {
                person.send(Method::GET, &path, &[], None).await
            } else {
                let fields: Vec<_> = sent.split('&').filter_map(|field| field.split_once('=')).collect();
                // The sign-in wants the token of a visitor: that of a session is another page's.
                if path == "/sign-in" {
                    person.post_as(&path, &fields, &person.headers()).await
                } else {
                    person.post(&path, &fields).await
                }
            };
            let location = page.header("location");
            let signs_in = page.status == 303 && location.starts_with("/admin/sign-in");
            let outcome = if signs_in { "in".into() } else { page.status.to_string() };
            assert_eq!(outcome, *expected, "{method} {path} {sent}: {}", page.text());
            if page.header("content-type").starts_with("text/html") {
                assert!(page.header("content-security-policy").contains("script-src 'self'"), "{method} {path}");
                assert!(page.header("strict-transport-security").contains("max-age"), "{method} {path}");
                assert_eq!(page.header("cache-control"), "no-store", "{method} {path}");
            }
        }
    }
    let after = site.gateway.admin(&["audit"], "").expect("read");
    let changes = |text: &str| {
        text.lines()
            .filter(|line| {
                [" sign-in ", " fetch ", " reconnect ", " install ", " download "]
                    .iter()
                    .all(|looks| !line.contains(looks))
            })
            .count()
    };
    assert_eq!(changes(&before), changes(&after), "{after}");
}

#[tokio::test]
async fn an_administrator_lets_an_application_enter_changes_its_password_and_revokes_it_and_its_session_ends() {
    let site = Site::start(&[]).await;
    let root = site.signed_in("administrator").await;
    let request = |local: &str| {
        let mut request = login_request();
        (request.company_name, request.application_name) = ("<b>Bühne</b> & Co".into(), "O'Pop \"1\"".into());
        (request.application_password, request.local_password) = ("application".into(), local.into());
        request
    };
    let client = oig::client::SoapClient::new(&site.gateway.url).expect("an HTTP client can be made");
    let enters = async |local: &str| log_in(&client, request(local)).await.result;
    assert!(!enters("first password").await);
    root.get("/applications/new").await;
    let fields = [
        ("company", "<b>Bühne</b> & Co"),
        ("name", "O'Pop \"1\""),
        ("service", "standard"),
        ("application_password", "application"),
        ("local_password", "first password"),
    ];
    root.post("/applications/new", &fields).await.leads_to("/admin/applications");
    assert!(enters("first password").await, "valid when the page says so");
    let page = root.get("/applications").await;
    page.is(200, "<b>Bühne</b> & Co");
    assert!(!page.body.contains("<b>"), "markup is shown, not used");
    root.get("/applications/new").await;
    root.post("/applications/new", &fields).await.is(422, "There is already: application");

    let entry = page.link_of("O&#39;Pop &#34;1&#34;").expect("a link");
    let entry = entry.strip_prefix(BASE).expect("a path of the site");
    let give = |hours: &'static str| [("local_password", "second password"), ("overlap_hours", hours)];
    root.press(entry, &format!("{entry}/password"), &give("-1")).await.is(422, "The hours must be");
    root.press(entry, &format!("{entry}/password"), &give("1")).await.leads_to("/admin/applications");
    assert!(enters("first password").await && enters("second password").await, "both for an hour");
    root.press(entry, &format!("{entry}/password"), &give("0")).await.leads_to("/admin/applications");
    assert!(!enters("first password").await && enters("second password").await);

    // Two administrators: the second sees that it is another one now.
    let other = site.signed_in("administrator").await;
    other.get(entry).await;
    let version = other.version.lock().expect("not poisoned").clone();
    let app = App::login_as(&site.gateway.url, request("second password")).await;
    root.press(entry, &format!("{entry}/revoke"), &[("revoked", "true")]).await.leads_to("/admin/applications");
    assert!(!app.reset().await, "its session has ended");
    let late = other.post(&format!("{entry}/revoke"), &[("version", &version), ("revoked", "false")]).await;
    late.is(409, "changed meanwhile");
    assert!(!enters("second password").await);
    let log = root.get("/log").await;
    for words in ["application <b>Bühne</b> & Co / O'Pop \"1\"", "(secret)", "127.0.0.1"] {
        log.is(200, words);
    }
    let logged = site.gateway.process.logged().join("\n");
    for secret in ["first password", "second password", PASSWORD] {
        assert!(!logged.contains(secret) && !log.body.contains(secret), "a secret is in a log");
    }
}

#[tokio::test]
async fn an_operator_sees_who_is_there_and_ends_a_session() {
    let node = Node::start(1).await;
    let site = Site::start(&[&node]).await;
    let app = App::login(&site.gateway.url).await;
    app.monitor(&node.address.to_string(), "1000").await;
    let operator = site.signed_in("operator").await;
    operator.get("/").await.is(200, "connected");
    let page = operator.get("/sessions").await;
    page.is(200, "Example Co / Screen Pop Standard SOAP");
    assert!(!page.body.contains(&app.session_id.to_string()), "the id is the application's secret");
    let (_, rest) = page.body.split_once("action=\"/admin").expect("a form");
    let (_, rest) = rest.split_once("action=\"/admin/sessions/").expect("a form");
    let handle = rest.split('/').next().expect("a handle").to_owned();
    operator.post(&format!("/sessions/{handle}/end"), &[]).await.leads_to("/admin/sessions");
    eventually("the session has ended", async || (!app.reset().await).then_some(())).await;
    operator.post(&format!("/sessions/{handle}/end"), &[]).await.is(404, "no such page");
    let audit = site.gateway.admin(&["audit"], "").expect("read");
    assert!(audit.contains("operator (127.0.0.1) end session-"), "{audit}");
}

#[tokio::test]
async fn it_is_served_under_tls_and_at_the_machine_itself_alone() {
    let files = Files::new();
    // The proxy says who comes.
    let with = With { tables: files.table(), trusted_proxies: &["127.0.0.1"], ..With::default() };
    let gateway = Gateway::start_with(&[], with).await;
    let port = https(&gateway).rsplit(':').next().expect("a port").to_owned();
    for (from, proto, status) in
        [("198.51.100.7", "https", 200), ("198.51.100.7", "http", 308), ("127.0.0.1", "http", 200)]
    {
        let headers = [("X-Forwarded-For", from), ("X-Forwarded-Proto", proto)];
        let answer = http::get(&gateway.url, "/admin/sign-in", &headers).await;
        assert_eq!(answer.status, status, "{from} {proto}: {}", answer.body);
        if status == 308 {
            let there = answer.header("location").expect("a place");
            assert_eq!(there, format!("https://gateway.example:{port}/admin/sign-in"));
        }
    }
    let headers = [("X-Forwarded-For", "198.51.100.7")];
    let answer = http::post(&gateway.url, "/admin/sign-in", &headers, "name=a&password=b").await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn behind_a_proxy_that_does_tls_a_browser_is_known_by_its_own_address_and_the_site_by_its_own_name() {
    let gateway = Gateway::start_with(&[], With { trusted_proxies: &["127.0.0.1"], ..With::default() }).await;
    gateway.admin(&["add-account", "ada", "--role", "administrator"], &format!("{PASSWORD}\n")).expect("added");
    let person = Person::at(&gateway.url, BASE, &Files::new().ca);
    let proxied = |origin: &'static str| {
        [
            ("x-forwarded-for", "198.51.100.7"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "admin.example"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
            ("origin", origin),
        ]
    };
    let page = person.send(Method::GET, "/sign-in", &proxied("https://admin.example")[..3], None).await;
    assert!(page.header("strict-transport-security").contains("max-age"), "{:?}", page.headers);
    let token = page.hidden("token").expect("a form");
    let fields = encoded(&[("token", &token), ("name", "ada"), ("password", PASSWORD), ("to", "")]);
    for (origin, status) in [("http://admin.example", 403), ("https://127.0.0.1", 403), ("https://admin.example", 303)]
    {
        let answer = person.send(Method::POST, "/sign-in", &proxied(origin), Some(fields.clone())).await;
        assert_eq!(answer.status, status, "{origin}: {}", answer.text());
    }
    let audit = gateway.admin(&["audit"], "").expect("read");
    assert!(audit.contains("ada (198.51.100.7) sign-in account ada"), "{audit}");
}

#[tokio::test]
async fn every_page_is_used_in_a_browser_and_keeps_nobody_out() {
    let node = Node::start(1).await;
    let site = Site::start(&[&node]).await;
    let app = App::login(&site.gateway.url).await;
    app.watch(&node.address.to_string(), "1000").await;
    let program = interpreter("OIG_NODE", "target/toolkits/node/bin/node");
    // Kept where somebody wants to look at them.
    let (folder, kept) = (Folder::new(), std::env::var("OIG_SCREENSHOTS").unwrap_or_default());
    let own = folder.path().to_str().expect("text").to_owned();
    let pictures = if kept.is_empty() { &own } else { &kept };
    let said = run(&program, &["tests/console/admin.mjs", &site.url, PASSWORD, pictures], "").await;
    assert!(said.contains("as agreed"), "{said}");
    let shown = [
        "sign-in",
        "overview",
        "applications",
        "application-new",
        "application-fault",
        "application",
        "sessions",
        "nodes",
        "node-new",
        "node-tried",
        "node",
        "settings",
        "settings-fault",
        "record",
        "certificate",
        "certificate-request",
        "backup",
        "backup-fault",
        "accounts",
        "account-new",
        "account",
        "log",
        "password",
        "reader",
        "fault",
    ];
    for name in shown {
        for look in ["light", "dark", "narrow"] {
            let picture = Path::new(pictures).join(format!("admin-{name}-{look}.png"));
            assert!(picture.exists(), "there is no picture of {name}, {look}");
        }
    }
}
