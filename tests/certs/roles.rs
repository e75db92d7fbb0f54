//! Who may do what: every page and every form of the certificate server, for nobody, for the member whose it is, for
//! another member, and for an administrator.

use reqwest::Method;

use super::flows::{FIELDS, approve_first, list};
use super::people::{Page, Person};
use super::server::CertServer;

/// As the table has it: a status, or `in` for the way to sign-in.
fn outcome(page: &Page) -> String {
    let location = page.header("location");
    if page.status == 303 && location.starts_with("/sign-in") { "in".into() } else { page.status.to_string() }
}

/// Method, path, what is sent, and what becomes of it: nobody, the member, another member, an administrator. Forms are
/// such that whoever may send them is told that they are wrong (422) or of another version (409): nothing changes.
const TABLE: &[(&str, &str, &str, [&str; 4])] = &[
    ("GET", "/acl", "", ["200", "200", "200", "200"]),
    ("GET", "/ca.cert.pem", "", ["200", "200", "200", "200"]),
    ("GET", "/healthz", "", ["200", "200", "200", "200"]),
    ("GET", "/static/site.css", "", ["200", "200", "200", "200"]),
    ("GET", "/static/icon.svg", "", ["200", "200", "200", "200"]),
    ("GET", "/sign-in", "", ["200", "303", "303", "303"]),
    ("POST", "/sign-in", "", ["403", "403", "403", "403"]),
    ("GET", "/", "", ["in", "303", "303", "303"]),
    ("GET", "/password", "", ["in", "200", "200", "200"]),
    ("POST", "/password", "password=a&new=b&again=c", ["in", "422", "422", "422"]),
    ("GET", "/applications", "", ["in", "200", "200", "200"]),
    ("GET", "/applications/register", "", ["in", "200", "200", "403"]),
    ("POST", "/applications/register", "company=", ["in", "422", "422", "403"]),
    ("GET", "/applications/certificate", "", ["in", "200", "200", "403"]),
    ("POST", "/applications/certificate", "company=", ["in", "422", "422", "403"]),
    ("GET", "/applications/{entry}", "", ["in", "200", "404", "200"]),
    ("POST", "/applications/{entry}/revoke", "version=0&reason=x", ["in", "403", "403", "409"]),
    ("GET", "/certificates/{certificate}", "", ["in", "200", "404", "200"]),
    ("GET", "/requests", "", ["in", "403", "403", "200"]),
    ("GET", "/requests/{request}", "", ["in", "200", "404", "200"]),
    ("POST", "/requests/{request}/approve", "version=0", ["in", "403", "403", "409"]),
    ("POST", "/requests/{request}/deny", "version=0&reason=x", ["in", "403", "403", "409"]),
    ("POST", "/requests/{request}/withdraw", "version=0", ["in", "409", "404", "403"]),
    ("GET", "/accounts", "", ["in", "403", "403", "200"]),
    ("GET", "/accounts/new", "", ["in", "403", "403", "200"]),
    ("POST", "/accounts/new", "role=administrator&name=eve", ["in", "403", "403", "422"]),
    ("GET", "/accounts/{account}", "", ["in", "403", "403", "200"]),
    ("POST", "/accounts/{account}", "version=0&email=a@b&msa_number=1", ["in", "403", "403", "409"]),
    ("POST", "/accounts/{account}/password", "version=0&password=long enough to be", ["in", "403", "403", "409"]),
    ("POST", "/accounts/{account}/remove", "version=0", ["in", "403", "403", "409"]),
    ("GET", "/mail", "", ["in", "403", "403", "200"]),
    ("POST", "/mail/{mail}/again", "", ["in", "403", "403", "404"]),
    ("GET", "/log", "", ["in", "403", "403", "200"]),
    // Last: it ends what the others need.
    ("POST", "/sign-out", "", ["in", "in", "in", "in"]),
];

#[test]
fn every_route_is_in_the_table() {
    let pages = include_str!("../../src/certs/pages/mod.rs");
    let site = include_str!("../../src/web/mod.rs").replace("&path(", "").replace("\"), web", "\", web");
    let mut routes = Vec::new();
    for line in pages.lines().chain(site.lines()).filter_map(|line| line.trim().strip_prefix(".route(\"")) {
        let (path, handler) = line.split_once("\", web::").expect("a path and a handler");
        routes.push((handler.split('(').next().expect("a method").to_uppercase(), path.to_owned()));
    }
    assert!(routes.len() > 30, "{routes:?}");
    let shape = |path: &str| {
        path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }.to_owned()).collect::<Vec<_>>()
    };
    for (method, path) in &routes {
        let known = TABLE.iter().filter(|row| row.0 == method && shape(row.1) == shape(path)).count();
        assert_eq!(known, 1, "{method} {path}");
    }
    assert_eq!(routes.len(), TABLE.len());
}

#[tokio::test]
async fn everybody_may_do_what_the_table_says_and_nothing_else() {
    let server = CertServer::start().await;
    let root = server.root().await;
    let (ada, bob) = (server.member(&root, "ada").await, server.member(&root, "bob").await);
    ada.get("/applications/certificate").await;
    ada.post("/applications/certificate", &FIELDS).await.is(200, "only time");
    approve_first(&root).await;
    let entry = ada.get("/applications").await.link_of("Screen Pop").expect("a link");
    let certificate = ada.get(&entry).await.link("/certificates/").expect("a link");
    ada.get("/applications/register").await;
    let wall = [("company", "Example Co"), ("application", "Wall"), FIELDS[2], FIELDS[3]];
    ada.post("/applications/register", &wall).await.leads_to("/applications");
    let request = ada.get("/applications").await.link_of("Wall").expect("a link");
    let account = root.get("/accounts").await.link_of("ada").expect("a link");
    let id = |path: &str| path.rsplit('/').next().expect("an id").to_owned();
    let nothing = "0".repeat(29);
    let named = |path: &str| {
        [("{entry}", &id(&entry)), ("{certificate}", &id(&certificate)), ("{request}", &id(&request))]
            .into_iter()
            .chain([("{account}", &id(&account)), ("{mail}", &nothing)])
            .fold(path.to_owned(), |path, (name, id)| path.replace(name, id))
    };
    let before = list(&server).await.version;
    let people: [Person; 4] = [server.somebody(), ada, bob, root];
    let mut wrong = Vec::new();
    for (method, path, body, expected) in TABLE {
        for (person, (role, expected)) in
            people.iter().zip(["nobody", "the member", "another member", "an administrator"].into_iter().zip(expected))
        {
            let path = named(path);
            let page = if *method == "GET" {
                person.get(&path).await
            } else {
                // Whoever is signed in has a token from a page of the own.
                person.get("/password").await;
                let fields: Vec<_> = body.split('&').filter_map(|pair| pair.split_once('=')).collect();
                person.post(&path, &fields).await
            };
            if outcome(&page) != **expected {
                wrong.push(format!("{method} {path} as {role}: {} instead of {expected}", outcome(&page)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(list(&server).await.version, before);
    // Other ids, whoever asks, and other methods.
    let root = server.root().await;
    for path in ["/applications/{}", "/certificates/{}", "/requests/{}", "/accounts/{}"] {
        for id in [&nothing, "1", "..%2f..%2fca%2fca.key.pem", "%00", "x'%20OR%20'1'='1", &"f".repeat(5000)] {
            let page = root.get(&path.replace("{}", id)).await;
            assert_eq!(page.status, 404, "{path} {id}");
        }
    }
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let page = root.send(method.clone(), "/requests", &[], None).await;
        assert_eq!(page.status, 404, "{method}");
        assert!(page.body.contains("There is no such page."));
    }
}
