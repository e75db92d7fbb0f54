//! HTTPS: who may still come in clear, which certificate is offered, and how another one takes its place.

use std::path::{Path, PathBuf};

use oig::issue::{Authority, Valid};
use reqwest::{Certificate, Client, Method, StatusCode};
use schemas::rest;
use serde_json::{Value, json};

use crate::common::cluster::{Gateway, With};
use crate::common::http::{self, SESSION_PATH};
use crate::common::{Folder, eventually};

const LOGIN: &str = r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>"#;

/// Certificates of an authority of its own, and the gateway's files.
pub struct Files {
    folder: Folder,
    pub ca: String,
}

impl Files {
    pub fn new() -> Self {
        let files = Self { folder: Folder::new(), ca: String::new() };
        Self { ca: files.renew(), ..files }
    }

    fn of(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A certificate of a new authority in the place of the gateway's; gives that authority's.
    fn renew(&self) -> String {
        let now_s = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs().cast_signed();
        let valid = Valid::for_25_years(now_s);
        let (authority, kept) = Authority::create(valid).expect("made");
        let own = authority.issue_server(&["localhost".into()], valid).expect("issued");
        std::fs::write(self.of("gateway.pem"), own.certificate).expect("written");
        std::fs::write(self.of("gateway.key"), own.key).expect("written");
        kept.certificate
    }

    pub fn table(&self) -> String {
        let path = |name: &str| self.of(name).display().to_string();
        format!(
            "[tls]\nlisten = '127.0.0.1:0'\n[[tls.certificate]]\nchain = '{}'\nkey = '{}'\n",
            path("gateway.pem"),
            path("gateway.key")
        )
    }
}

fn client(ca: &str) -> Client {
    oig::push::use_ring();
    let root = Certificate::from_pem(ca.as_bytes()).expect("a certificate");
    Client::builder().no_proxy().tls_certs_only([root]).build().expect("an HTTP client can be made")
}

/// Where a gateway speaks HTTPS, by its log.
pub fn https(gateway: &Gateway) -> String {
    let logged = gateway.process.logged();
    let port = logged.iter().find_map(|line| line.split("https=127.0.0.1:").nth(1));
    let port: String = port.expect("the gateway says it").chars().take_while(char::is_ascii_digit).collect();
    format!("https://localhost:{port}")
}

fn login() -> Value {
    json!({ "companyName": "Example Co", "applicationName": "Screen Pop", "applicationPassword": "screen-pop",
            "localPassword": "lab" })
}

/// Logs in by REST; the status, and what was answered.
async fn log_in(client: &Client, base: &str) -> (StatusCode, Value) {
    let url = format!("{base}{}/sessions", rest::openapi::BASE);
    let request = client.post(url).header("content-type", "application/json").body(login().to_string());
    let answer = request.send().await.expect("answered");
    let status = answer.status();
    (status, serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON"))
}

#[tokio::test]
async fn in_clear_come_only_named_networks_and_who_wants_to_read_the_contract() {
    let files = Files::new();
    let with = |http| With { http, tables: files.table(), ..With::default() };
    let gateway = Gateway::start_with(&[], with("plain_networks = ['192.0.2.0/24']")).await;
    let (status, session) = log_in(&client(&files.ca), &https(&gateway)).await;
    assert!(status.is_success() && session["sessionId"].is_string(), "{status} {session}");

    let (status, refusal) = log_in(&client(&files.ca), &gateway.url).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{refusal}");
    assert!(refusal.to_string().contains("HTTPS"), "{refusal}");
    let answer = http::post(&gateway.url, SESSION_PATH, &[], LOGIN).await;
    assert_eq!((answer.status, answer.text("faultstring").is_some_and(|t| t.contains("HTTPS"))), (403, true));
    let by_query = format!("{}/sessions?companyName=Example%20Co", rest::openapi::BASE);
    assert_eq!(http::get(&gateway.url, &by_query, &[]).await.status, 403);
    for path in [format!("{SESSION_PATH}?wsdl"), "/mitel/oig/cc/cc.xsd".into(), "/healthz".into()] {
        assert_eq!(http::get(&gateway.url, &path, &[]).await.status, 200, "{path}");
    }
    // Of the usual networks this machine is one.
    let gateway = Gateway::start_with(&[], with("")).await;
    let (status, session) = log_in(&client(&files.ca), &gateway.url).await;
    assert!(status.is_success(), "{status} {session}");
}

#[tokio::test]
async fn a_proxy_that_is_trusted_says_who_comes_and_that_it_was_under_tls() {
    let files = Files::new();
    let with = With {
        http: "plain_networks = ['192.0.2.0/24']",
        trusted_proxies: &["127.0.0.1"],
        tables: files.table(),
        ..With::default()
    };
    let gateway = Gateway::start_with(&[], with).await;
    let by_query = format!("{}/sessions?companyName=Example%20Co", rest::openapi::BASE);
    for (headers, status) in [
        (vec![("X-Forwarded-For", "198.51.100.7"), ("X-Forwarded-Proto", "https")], 400),
        (vec![("X-Forwarded-For", "198.51.100.7"), ("X-Forwarded-Proto", "http")], 403),
        (vec![("X-Forwarded-For", "192.0.2.9"), ("X-Forwarded-Proto", "http")], 400),
        (vec![("X-Forwarded-For", "192.0.2.9, 198.51.100.7")], 403),
    ] {
        let answer = http::get(&gateway.url, &by_query, &headers).await;
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.body);
    }
}

#[tokio::test]
async fn who_was_answered_under_tls_is_told_to_come_in_no_other_way_and_in_clear_nobody_is() {
    let files = Files::new();
    let with = With { tables: files.table(), trusted_proxies: &["127.0.0.1"], ..With::default() };
    let gateway = Gateway::start_with(&[], with).await;
    let (direct, base) = (client(&files.ca), https(&gateway));
    let told = async |base: &str, method: Method, path: &str, proxied: Option<&str>| {
        let mut request = direct.request(method, format!("{base}{path}")).body(LOGIN);
        if let Some(by) = proxied {
            request = request.header("x-forwarded-for", "198.51.100.7").header("x-forwarded-proto", by);
        }
        let answer = request.send().await.expect("answered");
        let said = answer.headers().get("strict-transport-security");
        said.map(|said| said.to_str().expect("ASCII").to_owned())
    };
    let kept = Some("max-age=31536000".to_owned());
    for (method, path) in [
        (Method::POST, SESSION_PATH.to_owned()),
        (Method::POST, format!("{}/sessions", rest::openapi::BASE)),
        (Method::GET, format!("{}/databases", rest::openapi::BASE)),
        (Method::GET, format!("{}/nothing", rest::openapi::BASE)),
        (Method::GET, format!("{SESSION_PATH}?wsdl")),
        (Method::GET, "/tools/data".to_owned()),
        (Method::GET, "/healthz".to_owned()),
        (Method::GET, "/nothing".to_owned()),
    ] {
        assert_eq!(told(&gateway.url, method.clone(), &path, None).await, None, "{method} {path}");
        assert_eq!(told(&gateway.url, method.clone(), &path, Some("http")).await, None, "{method} {path}");
        assert_eq!(told(&gateway.url, method.clone(), &path, Some("https")).await, kept, "{method} {path}");
    }
    // Nothing says of a proxy's connection how its client came.
    assert_eq!(told(&base, Method::GET, "/healthz", None).await, None);
    let gateway = Gateway::start_with(&[], With { tables: files.table(), ..With::default() }).await;
    for path in [SESSION_PATH.to_owned(), format!("{}/sessions", rest::openapi::BASE)] {
        assert_eq!(told(&https(&gateway), Method::POST, &path, None).await, kept, "{path}");
        assert_eq!(told(&gateway.url, Method::POST, &path, None).await, None, "{path}");
    }
}

#[tokio::test]
async fn another_certificate_is_offered_without_a_restart_and_a_bad_one_never() {
    let files = Files::new();
    let gateway = Gateway::start_with(&[], With { tables: files.table(), ..With::default() }).await;
    let base = https(&gateway);
    let old = client(&files.ca);
    let (_, session) = log_in(&old, &base).await;
    let id = session["sessionId"].as_str().expect("an id");
    // Half of a pair, and noise: told, and the one before stays.
    let noise = |file: &Path| std::fs::write(file, "noise").expect("written");
    noise(&files.of("gateway.pem"));
    eventually("the bad file is told", async || {
        gateway.process.logged().iter().any(|line| line.contains("tls.certificate[0].chain")).then_some(())
    })
    .await;
    assert!(log_in(&client(&files.ca), &base).await.0.is_success());
    let ca = files.renew();
    eventually("the new certificate is offered", async || {
        let url = format!("{base}/healthz");
        client(&ca).get(url).send().await.ok().map(drop)
    })
    .await;
    // The session of before goes on, on its connection of before.
    let url = format!("{base}{}/sessions/{id}", rest::openapi::BASE);
    let reset = old.put(url).send().await.expect("the connection lives");
    assert!(reset.status().is_success(), "{}", reset.status());
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named_before_anything_starts() {
    let files = Files::new();
    std::fs::write(files.of("gateway.key"), "noise").expect("written");
    let folder = Folder::new();
    let file = folder.path().join("oig.toml");
    std::fs::write(&file, files.table()).expect("written");
    let mut command = crate::common::process::oig();
    command.args(["serve", "--check", "--settings"]).arg(&file);
    let output = command.output().expect("the binary of this build can be started");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("tls.certificate[0].key"), "{said}");
}
