//! The gateway's administration as those meet it who use it: over HTTPS, by role, and in a real browser.

mod attacks;
pub(crate) mod backups;
mod certificate;
mod data;
mod nodes;
mod record;
mod settings;
mod texts;

use std::path::Path;

use reqwest::Method;

use crate::certs::people::{Page, Person, encoded};
use crate::common::app::{App, log_in, login_request};
use crate::common::cluster::{Gateway, Node, With};
use crate::common::{Folder, eventually, http};
use crate::https::{Files, https};
use crate::toolkits::{interpreter, run};
use crate::users;

pub(crate) const PASSWORD: &str = "correct horse battery";
const BASE: &str = "/admin";

/// A gateway with HTTPS and an account for each role, named as the role is.
pub(crate) struct Site {
    pub gateway: Gateway,
    pub url: String,
    pub files: Files,
}

impl Site {
    pub async fn start(nodes: &[&Node]) -> Self {
        Self::start_with(nodes, With::default()).await
    }

    pub async fn start_with(nodes: &[&Node], with: With) -> Self {
        let files = Files::new();
        let tables = format!("{}{}", files.table(), with.tables);
        let gateway = Gateway::start_with(nodes, With { tables, ..with }).await;
        for role in ["reader", "operator", "administrator"] {
            gateway.admin(&["add-account", role, "--role", role], &format!("{PASSWORD}\n")).expect("added");
        }
        let url = https(&gateway);
        Self { gateway, url, files }
    }

    /// One that copies the forms of a node.
    pub async fn copying(node: &Node) -> Self {
        let with = With { node: format!("sync_port = {}\n", node.sync_port), ..With::default() };
        Self::start_with(&[node], with).await
    }

    fn somebody(&self) -> Person {
        Person::at(&self.url, BASE, &self.files.ca)
    }

    pub async fn signed_in(&self, name: &str) -> Person {
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
    ("GET", "/data", "", ["in", "200", "200", "200"]),
    ("GET", "/data/{node}", "", ["in", "200", "200", "200"]),
    ("GET", "/data/{node}/{form}", "", ["in", "200", "200", "200"]),
    ("GET", "/data/{node}/{form}/export", "", ["in", "200", "200", "200"]),
    ("GET", "/data/{node}/import", "", ["in", "403", "403", "200"]),
    ("POST", "/data/import", "node=1&form=none", ["in", "403", "403", "422"]),
    ("GET", "/data/import/{place}", "", ["in", "403", "403", "422"]),
    ("POST", "/data/import/{place}/confirm", "", ["in", "403", "403", "422"]),
    ("GET", "/users", "", ["in", "200", "200", "200"]),
    ("GET", "/users/{user}", "", ["in", "200", "200", "200"]),
    ("GET", "/users/new", "", ["in", "403", "200", "200"]),
    ("POST", "/users/new", "email=none&kind=google&name=A", ["in", "403", "422", "422"]),
    ("POST", "/users/{user}", "version=0&kind=google&name=A", ["in", "403", "409", "409"]),
    ("POST", "/users/{user}/password", "version=0&password=long enough", ["in", "403", "409", "409"]),
    ("POST", "/users/{user}/remove", "version=0", ["in", "403", "409", "409"]),
    ("GET", "/users/import", "", ["in", "403", "403", "200"]),
    ("POST", "/users/import", "", ["in", "403", "403", "422"]),
    ("POST", "/users/import/confirm", "import=1", ["in", "403", "403", "422"]),
    ("GET", "/users/export", "", ["in", "403", "403", "200"]),
    ("GET", "/tokens", "", ["in", "200", "200", "200"]),
    ("GET", "/tokens/new", "", ["in", "200", "200", "200"]),
    ("POST", "/tokens/new", "name=backup", ["in", "422", "422", "422"]),
    ("POST", "/tokens/{nothing}/remove", "", ["in", "404", "404", "404"]),
    ("GET", "/texts", "", ["in", "200", "200", "200"]),
    ("GET", "/texts/export", "", ["in", "422", "422", "422"]),
    ("GET", "/texts/import", "", ["in", "403", "403", "200"]),
    ("POST", "/texts/import", "language=de", ["in", "403", "403", "422"]),
    ("POST", "/texts/import/confirm", "import=1", ["in", "403", "403", "422"]),
    ("POST", "/texts/{nothing}/remove", "version=0", ["in", "403", "403", "404"]),
    ("POST", "/sessions/{nothing}/end", "", ["in", "403", "404", "404"]),
    ("POST", "/nodes/{node}/reconnect", "", ["in", "403", "303", "303"]),
    ("POST", "/data/{node}/copy", "", ["in", "403", "303", "303"]),
    ("POST", "/data/{node}/compare", "", ["in", "403", "303", "303"]),
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
    ("POST", "/backup/restore", "passphrase=a", ["in", "403", "403", "422"]),
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
    let site = Site::copying(&node).await;
    let root = site.signed_in("administrator").await;
    let id = async |list: &str, text: &str| {
        let link = root.get(list).await.link_of(text).expect("a link");
        link.rsplit('/').next().expect("an id").to_owned()
    };
    users::import(&site.gateway, "mary@example.com,Mary,salesforce,1000,1,no,\n").expect("imported");
    let (application, account) = (id("/applications", "Screen Pop").await, id("/accounts", "reader").await);
    let user = id("/users", "mary@example.com").await;
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
            ("user", &user),
            ("node", "1"),
            ("form", "phones"),
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
    let tells = |line: &str| {
        [" sign-in ", " fetch ", " reconnect ", " copy ", " compare ", " install ", " export ", " download "]
            .iter()
            .any(|word| line.contains(word))
    };
    let changes = |text: &str| text.lines().filter(|line| !tells(line)).count();
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
    let site = Site::copying(&node).await;
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
        "data-import",
        "data-refused",
        "data-plan",
        "data-imported",
        "data",
        "data-node",
        "data-rows",
        "data-found",
        "data-fault",
        "data-reader",
        "settings",
        "settings-fault",
        "record",
        "certificate",
        "certificate-request",
        "backup",
        "backup-fault",
        "restore-fault",
        "restored",
        "accounts",
        "account-new",
        "account",
        "tokens",
        "token-new",
        "token-fault",
        "token-made",
        "log",
        "password",
        "reader",
        "fault",
        "users",
        "users-found",
        "user-new",
        "user-fault",
        "user",
        "users-import",
        "users-import-fault",
        "users-plan",
        "users-refused",
        "users-reader",
        "user-reader",
        "texts",
        "texts-import",
        "texts-plan",
        "texts-refused",
        "texts-german",
    ];
    for name in shown {
        for look in ["light", "dark", "narrow"] {
            let picture = Path::new(pictures).join(format!("admin-{name}-{look}.png"));
            assert!(picture.exists(), "there is no picture of {name}, {look}");
        }
    }
}

/// A form with a file, as a browser sends it.
async fn upload(person: &Person, path: &str, content: &[u8]) -> Page {
    upload_with(person, path, &[], "file", content).await
}

/// The same with other fields.
pub(crate) async fn upload_with(
    person: &Person,
    path: &str,
    fields: &[(&str, &str)],
    file: &str,
    content: &[u8],
) -> Page {
    let token = person.token.lock().expect("not poisoned").clone();
    let field = |name: &str| format!("--b-7\r\nContent-Disposition: form-data; name=\"{name}\"");
    let mut body = String::new();
    for (name, value) in [("token", token.as_str())].iter().chain(fields) {
        body += &format!("{}\r\n\r\n{value}\r\n", field(name));
    }
    body += &format!("{}; filename=\"chosen\"\r\nContent-Type: text/csv\r\n\r\n", field(file));
    let mut body = body.into_bytes();
    body.extend(content);
    body.extend(b"\r\n--b-7--\r\n");
    let own = person.headers();
    let headers: Vec<_> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let kind = [("content-type", "multipart/form-data; boundary=b-7")];
    person.send_bytes(Method::POST, path, &[&headers[..], &kind].concat(), Some(body)).await
}

#[tokio::test]
async fn an_operator_makes_a_user_changes_and_removes_it_and_its_session_ends_at_once() {
    let site = Site::start(&[]).await;
    let operator = site.signed_in("operator").await;
    operator.get("/users/new").await;
    let fields = [
        ("email", "Mary@Example.com"),
        ("name", "<b>Mary</b> & \"Co\""),
        ("kind", "salesforce"),
        ("dn", "1000"),
        ("node", "1"),
        ("password", "softphone"),
    ];
    let with = |name: &str, value: &'static str| {
        fields.map(|(own, text)| if own == name { (own, value) } else { (own, text) })
    };
    for (name, value, fault) in [
        ("email", "none", "The e-mail address is none."),
        ("name", "", "The name must have 1 to 128 characters."),
        ("kind", "hubspot", "Choose a kind."),
        ("dn", "+1", "The phone must have 1 to 7 digits."),
        ("dn", "", "A node needs a phone."),
        ("node", "x", "The node must be 1 to 999."),
        ("node", "1000", "The node must be 1 to 999."),
        ("password", "short", "The password must have 8 to 128 characters."),
    ] {
        let page = operator.post("/users/new", &with(name, value)).await;
        page.is(422, fault);
        assert!(page.body.contains("&#60;b&#62;") || name == "name", "what was filled in is still there");
    }
    operator.post("/users/new", &fields).await.leads_to("/admin/users");
    let page = operator.get("/users").await;
    page.is(200, "mary@example.com is a user now, with the number 1. ");
    page.is(200, "<b>Mary</b> & \"Co\"");
    assert!(!page.body.contains("<b>"), "markup is shown, not used");
    let entry = page.link_of("mary@example.com").expect("a link");
    let entry = entry.strip_prefix(BASE).expect("a path of the site");
    operator.get("/users/new").await;
    operator.post("/users/new", &with("email", "MARY@example.com")).await.is(422, "There is already a user of that");

    let signed_in =
        async |password: &str| users::log_in(&site.gateway, users::request("mary@example.com", password)).await;
    let first = signed_in("softphone").await;
    assert!(first.result && first.user_id == 1, "{:?}", first.error_description);
    operator.get(entry).await.is(200, "Sessions now 1 ");
    // Two operators: the second sees that it is another one now.
    let other = site.signed_in("operator").await;
    other.get(entry).await;
    let version = other.version.lock().expect("not poisoned").clone();
    let profile = [("name", "Mary"), ("kind", "google"), ("dn", ""), ("node", "")];
    assert!(users::lives(&site.gateway, first.session_id).await);
    operator.press(entry, entry, &profile).await.leads_to("/admin/users");
    operator.get("/users").await.is(200, "mary@example.com is changed; one session ended by it.");
    assert!(!users::lives(&site.gateway, first.session_id).await, "at once");
    let late = other.post(entry, &[&profile[..], &[("version", &version)]].concat()).await;
    late.is(409, "changed meanwhile");
    operator.press(entry, entry, &[("name", ""), ("kind", "google")]).await.is(422, "The name must have");
    let give = |password: &'static str| [("password", password)];
    operator.press(entry, &format!("{entry}/password"), &give("short")).await.is(422, "The password must have 8");
    operator.press(entry, &format!("{entry}/password"), &give("another one")).await.leads_to("/admin/users");
    assert!(!signed_in("softphone").await.result && signed_in("another one").await.result);
    let disabled = [("name", "Mary"), ("kind", "google"), ("disabled", "true")];
    operator.press(entry, entry, &disabled).await.leads_to("/admin/users");
    operator.get("/users?q=MARY").await.is(200, "disabled");
    assert_eq!(signed_in("another one").await.error_description.as_deref(), Some("The user is disabled."));
    operator.press(entry, &format!("{entry}/remove"), &[]).await.leads_to("/admin/users");
    operator.get("/users?q=%25%5f\u{0}&page=4294967295").await.is(200, "There is no such user.");
    operator.get(entry).await.is(404, "no such page");
    let log = site.signed_in("administrator").await.get("/log").await;
    for words in ["user mary@example.com", "operator", "(secret)"] {
        log.is(200, words);
    }
    let logged = site.gateway.process.logged().join("\n");
    assert!(!logged.contains("softphone") && !log.body.contains("argon2"), "a secret is in a log");
}

#[tokio::test]
async fn a_file_of_users_is_shown_first_and_done_whole_when_that_is_confirmed() {
    let site = Site::start(&[]).await;
    let root = site.signed_in("administrator").await;
    users::import(&site.gateway, "mary@example.com,Mary,salesforce,1000,1,no,the first one\n").expect("imported");
    let mary = users::log_in(&site.gateway, users::request("mary@example.com", "the first one")).await;
    assert!(mary.result, "{:?}", mary.error_description);
    root.get("/users/import").await;
    let bad = "email,name,kind,password\n<b>x</b>@b,X,google,\nmary@example.com,Mary,salesforce,short\n\
               new@example.com,New,google,\nNEW@example.com,New,google,\n";
    let page = upload(&root, "/users/import", bad.as_bytes()).await;
    for words in [
        "3 rows are refused, so nothing can be done.",
        "2 <b>x</b>@b refused The e-mail address is none.",
        "3 mary@example.com refused The password must have 8 to 128 characters.",
        "5 new@example.com refused The e-mail address is in line 4 already.",
        "4 new@example.com added",
    ] {
        page.is(422, words);
    }
    assert!(!page.body.contains("<b>") && !page.body.contains("Do it"), "{}", page.body);
    for (content, fault) in [
        (b"\xff\xfe".to_vec(), "The file is no text in UTF-8."),
        (Vec::new(), "The file is empty."),
        (b"name\n".to_vec(), "The file has no column 'email' in its first line."),
        (vec![b'x'; 512 * 1024 + 1], "The file has more than 512 KiB."),
    ] {
        upload(&root, "/users/import", &content).await.is(422, fault);
        root.get("/users/import").await;
    }
    // More than a file may have is not even read; who is not signed in sends no more than a form has.
    let page = upload(&root, "/users/import", &vec![b'x'; 600 * 1024]).await;
    page.is(413, "What was sent is too large.");
    let nobody = site.somebody();
    upload(&nobody, "/users/import", &vec![b'x'; 100 * 1024]).await.is(413, "What was sent is too large.");
    upload(&nobody, "/users/import", b"email\n").await.leads_to("/admin/sign-in?to=/admin/users/import");
    upload(&root, "/users/new", b"email\n").await.is(400, "no form of this site");

    let good = "email,name,kind,dn,password\nmary@example.com,Mary,salesforce,1001,the second one\n\
                =new@example.com,@New,google,,\n";
    let planned = async |person: &Person| {
        person.get("/users/import").await;
        let page = upload(person, "/users/import", good.as_bytes()).await;
        page.is(200, "Nothing has been done yet.");
        page.is(200, "mary@example.com changed dn, password");
        assert!(!page.body.contains("the second one"), "no page repeats a password");
        page.hidden("import").expect("it can be done")
    };
    let number = planned(&root).await;
    assert_eq!(users::log_in(&site.gateway, users::request("mary@example.com", "the first one")).await.user_id, 1);
    // What is another's cannot be confirmed.
    site.gateway.admin(&["add-account", "eve", "--role", "administrator"], &format!("{PASSWORD}\n")).expect("added");
    let eve = site.signed_in("eve").await;
    eve.get("/users/import").await;
    eve.post("/users/import/confirm", &[("import", &number)]).await.is(422, "another one took its place");
    // The database is not as it was shown: nothing is done.
    users::import(&site.gateway, "mary@example.com,Mary,salesforce,1000,2,no,\n").expect("imported");
    root.post("/users/import/confirm", &[("import", &number)]).await.is(409, "changed meanwhile");
    assert!(!site.gateway.admin(&["users"], "").expect("listed").contains("@New"), "all or nothing");
    root.get("/users/import").await;
    root.post("/users/import/confirm", &[("import", &number)]).await.is(422, "another one took its place");

    let number = planned(&root).await;
    let mary = users::log_in(&site.gateway, users::request("mary@example.com", "the first one")).await;
    root.post("/users/import/confirm", &[("import", &number)]).await.leads_to("/admin/users");
    let page = root.get("/users").await;
    page.is(200, "The file is imported: 1 added, 1 changed; ");
    page.is(200, "ended by it.");
    assert!(!users::lives(&site.gateway, mary.session_id).await, "at once");
    page.is(200, "=new@example.com @New Google – has no password");
    assert!(users::log_in(&site.gateway, users::request("mary@example.com", "the second one")).await.result);
    let file = root.get("/users/export").await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"users.csv\"");
    let expected = "email,name,kind,dn,node,disabled\n'=new@example.com,'@New,google,,,no\n\
                    mary@example.com,Mary,salesforce,1001,2,no\n";
    assert_eq!(file.body, expected);
    upload(&root, "/users/import", file.body.as_bytes()).await.is(200, "there is nothing to do");
    let log = root.get("/log").await;
    log.is(200, "export 2 users");
    let logged = site.gateway.process.logged().join("\n");
    assert!(!logged.contains("the second one") && !log.body.contains("argon2"), "a secret is in a log");
}
