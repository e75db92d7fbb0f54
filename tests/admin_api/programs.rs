//! A program with a token, as far as the gateway sees one.

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Certificate, Client, Method, redirect};
use serde_json::Value;

use crate::admin::Site;
use crate::common::PATIENCE;

pub const BASE: &str = "/admin/api/v1";

/// What came.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
    /// The same, where it is no text.
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap_or("?"))
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// It is what was asked for.
    #[track_caller]
    pub fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// It is a problem of RFC 9457 of this kind.
    #[track_caller]
    pub fn refused(&self, status: u16, kind: &str) {
        assert_eq!((self.status, self.header("content-type")), (status, "application/problem+json"), "{}", self.body);
        let problem = self.json();
        let expected = format!("urn:oig:problem:{kind}");
        assert_eq!(
            (problem["type"].as_str(), problem["status"].as_u64()),
            (Some(expected.as_str()), Some(status.into()))
        );
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.ends_with('.') || detail.ends_with("...")));
        assert_eq!(self.header("cache-control"), "no-store");
    }
}

pub struct Program {
    client: Client,
    url: String,
    /// Empty for one without.
    pub token: String,
}

impl Program {
    pub fn new(site: &Site, token: &str) -> Self {
        Self::at(&site.url, &site.files.ca, token)
    }

    pub fn at(url: &str, ca: &str, token: &str) -> Self {
        oig::push::use_ring();
        let roots = Certificate::from_pem_bundle(ca.as_bytes()).expect("the CA's certificate");
        let client = Client::builder()
            .tls_certs_only(roots)
            .redirect(redirect::Policy::none())
            .http1_only()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .expect("a client");
        Self { client, url: url.to_owned(), token: token.trim().to_owned() }
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Answer {
        self.send_bytes(method, path, headers, body.map(|body| body.as_bytes().to_vec())).await
    }

    pub async fn send_bytes(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{BASE}{path}", self.url));
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            request = request.header(*name, HeaderValue::from_str(value).expect("a header"));
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let answer = request.send().await.unwrap_or_else(|e| panic!("{path}: {e:?}"));
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.expect("to its end").to_vec();
        Answer { status, headers, body: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }

    /// A form of these parts, of which "file" is one.
    pub async fn post_form(&self, path: &str, parts: &[(&str, &[u8])]) -> Answer {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        self.send_bytes(Method::POST, path, &[("content-type", &kind)], Some(form(parts))).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[("content-type", "application/json")], Some(&body.to_string())).await
    }

    /// A change of what was seen with this ETag.
    pub async fn change(&self, method: Method, path: &str, tag: &str, body: Option<&Value>) -> Answer {
        let headers = [("if-match", tag), ("content-type", "application/json")];
        let count = if body.is_some() { 2 } else { 1 };
        self.send(method, path, &headers[..count], body.map(Value::to_string).as_deref()).await
    }
}

/// What stands between the parts of a form.
pub const BOUNDARY: &str = "part-of-a-form";

/// A form of these parts.
pub fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut form = Vec::new();
    for (name, content) in parts {
        let file = if *name == "file" { "; filename=\"../../etc/passwd\"" } else { "" };
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        form.extend([head.as_bytes(), content, b"\r\n"].concat());
    }
    form.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
    form
}

/// A new token of an account, by the command line.
pub fn token(site: &Site, account: &str, name: &str, scopes: &str) -> String {
    let said = site.gateway.admin(&["add-token", account, name, "--scopes", scopes], "").expect("made");
    said.trim().to_owned()
}
