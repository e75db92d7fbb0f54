//! The gateway's copy of a document, the access control list, against a real HTTPS server that answers as each case wants
//! it.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

use super::*;
use crate::acl::{AccessList, Document, Entry};
use crate::admission::hash_secret;
use crate::issue::{Authority, Issued, Valid};
use crate::jws::Signer;
use crate::settings::ACL;
use crate::tls::{CertificateFiles, Https};

const NOW_S: i64 = 1_790_000_000;
const NOW_MS: i64 = NOW_S * 1000;

fn hash(text: &str) -> SecretString {
    hash_secret(&text.into()).expect("hashed").into()
}

fn entry(application: &str, advanced: bool, revoked: bool) -> Entry {
    let (company, application) = ("Example Co".into(), application.into());
    Entry { company, application, application_password: hash("listed"), advanced, revoked }
}

/// A certificate server, as far as a gateway sees it.
struct Server {
    folder: PathBuf,
    authority: Issued,
    handle: ServerHandle,
    port: u16,
    answer: Arc<Mutex<(u16, String)>>,
}

impl Server {
    async fn start(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("oig-acl-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let now_s = now_ms() / 1000;
        let (authority, kept) = Authority::create(Valid::for_25_years(now_s)).expect("made");
        let own = authority.issue_server(&["localhost".into()], Valid::for_25_years(now_s)).expect("issued");
        let files = CertificateFiles { chain: folder.join("own.pem"), key: folder.join("own.key") };
        for (file, text) in
            [(&files.chain, &own.certificate), (&files.key, &own.key), (&folder.join("ca.pem"), &kept.certificate)]
        {
            std::fs::write(file, text).expect("written");
        }
        let answer = Arc::new(Mutex::new((503, String::new())));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let now = answer.clone();
        let server = HttpServer::new(move || {
            let now = now.clone();
            let list = move |request: HttpRequest| {
                let (status, text) = now.lock().expect("no panic").clone();
                let right = request.headers().get("authorization").is_some_and(|token| token == "Bearer open-sesame");
                let status = if right { status } else { 401 };
                async move { HttpResponse::build(status.try_into().expect("a status")).body(text) }
            };
            App::new().route("/acl", web::get().to(list))
        });
        let https = Https::load(&[files]).expect("loaded").server_config();
        let server = server.workers(1).listen_rustls_0_23(listener, https).expect("listens").run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { folder, authority: kept, handle, port, answer }
    }

    fn settings(&self) -> SignedSource {
        SignedSource {
            url: Some(format!("https://localhost:{}/acl", self.port)),
            ca: Some(self.folder.join("ca.pem")),
            token: Some("open-sesame".into()),
            file: Some(self.folder.join("kept").join("acl.jws")),
            ..SignedSource::default()
        }
    }

    fn signed(&self, version: i64, issued_at_ms: i64) -> String {
        let document = Document { version, issued_at_ms, entries: vec![entry("Pop", false, false)] };
        document.sign(&Signer::from_pem(&self.authority.key).expect("a key")).expect("signed")
    }

    fn answers(&self, status: u16, text: impl Into<String>) {
        *self.answer.lock().expect("no panic") = (status, text.into());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn version(list: &AccessList) -> Option<i64> {
    list.document().map(|document| document.version)
}

#[actix_web::test]
async fn a_list_that_is_not_right_changes_nothing_and_the_last_good_one_is_what_a_next_start_finds() {
    let server = Server::start("wrong").await;
    let settings = server.settings();
    let open = || AccessList::open(&settings, "").expect("opened").expect("a server is set");
    let list = open();
    assert!(list.fetch().await.is_err_and(|fault| fault.to_string().contains("503")) && version(&list).is_none());
    server.answers(200, server.signed(7, NOW_MS));
    assert_eq!(list.fetch().await.expect("fetched").version, 7);
    let right = server.signed(8, NOW_MS + 1);
    let other = Authority::create(Valid::for_25_years(NOW_S)).expect("made").1;
    let document = Document { version: 9, issued_at_ms: NOW_MS, entries: Vec::new() };
    let re_signed = document.sign(&Signer::from_pem(&other.key).expect("a key")).expect("signed");
    for (case, status, text, expected) in [
        ("truncated", 200, right[..right.len() / 2].to_owned(), "a part of one"),
        ("re-signed", 200, re_signed, "not signed"),
        ("older", 200, server.signed(6, NOW_MS + 1), "older"),
        ("the same, signed earlier", 200, server.signed(7, NOW_MS - 1), "older"),
        ("an error page", 500, "<html>".into(), "500"),
        ("elsewhere", 302, String::new(), "302"),
        ("no list", 200, "<html>".into(), "not a signed document"),
        ("empty", 200, String::new(), "not a signed document"),
        ("huge", 200, "a".repeat(Document::LARGEST + 1), "larger"),
    ] {
        server.answers(status, text);
        let fault = list.fetch().await.expect_err(case).to_string();
        assert!(fault.contains(expected) && !fault.contains("sesame"), "{case}: {fault}");
        assert_eq!((version(&list), list.state().fault.as_ref()), (Some(7), Some(&fault)), "{case}");
        assert_eq!(version(&open()), Some(7), "{case}");
    }
    server.answers(200, right);
    assert_eq!(list.fetch().await.expect("fetched").version, 8);
    assert_eq!((version(&open()), list.state().fault), (Some(8), None));
    // The server is gone; what is there stays.
    server.handle.stop(false).await;
    assert!(matches!(list.fetch().await, Err(FetchFault::Unreachable(..))));
    assert_eq!(version(&list), Some(8));
}

#[actix_web::test]
async fn a_file_that_another_process_leaves_is_seen_and_a_bad_one_is_not_used() {
    let server = Server::start("file").await;
    let settings = server.settings();
    let open = || AccessList::open(&settings, "").expect("opened").expect("a server is set");
    let (running, command) = (open(), open());
    server.answers(200, server.signed(7, NOW_MS));
    command.fetch().await.expect("fetched");
    assert_eq!(version(&running), None);
    running.look().await;
    assert_eq!(version(&running), Some(7));
    for (case, text) in [
        ("older", server.signed(6, NOW_MS)),
        ("noise", "\u{0}noise".into()),
        ("cut", server.signed(9, NOW_MS)[..99].into()),
    ] {
        kept::write(&settings.file(ACL), &text).expect("written");
        running.look().await;
        assert_eq!(version(&running), Some(7), "{case}");
    }
    // A next start has nothing to compare with; what is not signed it refuses, and the server still has the list.
    let next = open();
    assert!(version(&next).is_none() && next.state().fault.is_some());
    std::fs::write(settings.file(ACL), [0xff, 0xfe]).expect("written");
    let next = open();
    assert!(version(&next).is_none() && next.state().fault.is_some());
    next.fetch().await.expect("fetched");
    assert_eq!(version(&open()), Some(7));
}

#[actix_web::test]
async fn a_server_that_is_not_the_right_one_and_a_wrong_token_are_refused() {
    let (server, other) = (Server::start("right").await, Server::start("other").await);
    server.answers(200, server.signed(7, NOW_MS));
    let fetch = async |change: &dyn Fn(&mut SignedSource)| {
        let mut settings = server.settings();
        change(&mut settings);
        let list = AccessList::open(&settings, "").expect("opened").expect("a server is set");
        list.fetch().await.map(|document| document.version).map_err(|fault| fault.to_string())
    };
    assert_eq!(fetch(&|_| {}).await, Ok(7));
    let tls = fetch(&|acl| acl.tls_ca = Some(other.folder.join("ca.pem"))).await.expect_err("TLS");
    assert!(tls.contains("BadSignature"), "of the same name, but another key: {tls}");
    let name = fetch(&|acl| acl.url = Some(format!("https://127.0.0.1:{}/acl", server.port))).await.expect_err("name");
    assert!(name.contains("not valid for name"), "{name}");
    let token = fetch(&|acl| acl.token = None).await.expect_err("no token");
    assert!(token.contains("401"), "{token}");
    let mut settings = server.settings();
    settings.ca = Some(server.folder.join("own.key"));
    assert!(matches!(AccessList::open(&settings, ""), Err(FetchFault::File(..))));
}

#[actix_web::test]
async fn a_list_is_fetched_every_four_hours_and_sooner_after_a_failure_and_is_an_alarm_when_it_is_old() {
    const HOUR_MS: i64 = 3_600_000;
    let server = Server::start("age").await;
    for (age_ms, is_old) in [(0, false), (24 * HOUR_MS - 60_000, false), (24 * HOUR_MS + 1, true)] {
        let _ = std::fs::remove_dir_all(server.folder.join("kept"));
        let list = AccessList::open(&server.settings(), "").expect("opened").expect("a server is set");
        let (mut alarmed, mut backoff) = (false, Backoff::new(AGAIN, LONGEST_AGAIN));
        list.watch(&mut alarmed);
        assert!(alarmed, "there is none");
        server.answers(503, "");
        assert!(list.turn(&mut backoff).await <= LONGEST_AGAIN);
        server.answers(200, server.signed(7, now_ms() - age_ms));
        assert_eq!(list.turn(&mut backoff).await, Duration::from_secs(4 * 3600));
        list.watch(&mut alarmed);
        assert_eq!(alarmed, is_old, "{age_ms} ms");
    }
}
