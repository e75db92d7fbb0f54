//! Somebody with a browser, as far as the server sees one: cookies, forms with their tokens, and nothing that a page does
//! by itself.

use std::collections::BTreeMap;
use std::sync::Mutex;

use reqwest::header::{HeaderMap, HeaderValue, LOCATION, SET_COOKIE};
use reqwest::{Certificate, Client, Method, redirect};

use super::server::PATIENCE;

/// A page that came.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Page {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap_or("?"))
    }

    #[track_caller]
    pub fn leads_to(&self, path: &str) {
        assert_eq!((self.status, self.header(LOCATION.as_str())), (303, path), "{}", self.text());
    }

    #[track_caller]
    pub fn is(&self, status: u16, words: &str) {
        let text = self.text();
        assert!(
            self.status == status && text.contains(words),
            "{} instead of {status} {words:?}:\n{text}",
            self.status
        );
    }

    /// What is to be read: without tags, and with signs for what stands for them.
    pub fn text(&self) -> String {
        let body = self.body.split_once("<body>").map_or(self.body.as_str(), |(_, body)| body);
        let mut text = String::new();
        let mut tag = false;
        for c in body.chars() {
            match c {
                '<' => tag = true,
                '>' => {
                    tag = false;
                    text.push(' ');
                }
                c if !tag => text.push(c),
                _ => {}
            }
        }
        let text = unescape(&text);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The value of the first hidden field of this name.
    pub fn hidden(&self, name: &str) -> Option<String> {
        let (_, rest) = self.body.split_once(&format!("name=\"{name}\" value=\""))?;
        rest.split('"').next().map(unescape)
    }

    /// The first link that begins so.
    pub fn link(&self, begin: &str) -> Option<String> {
        let (_, rest) = self.body.split_once(&format!("href=\"{begin}"))?;
        Some(format!("{begin}{}", rest.split('"').next()?))
    }

    /// The path behind a link's text.
    pub fn link_of(&self, text: &str) -> Option<String> {
        let (before, _) = self.body.split_once(&format!(">{text}</a>"))?;
        let (_, rest) = before.rsplit_once("href=\"")?;
        rest.split('"').next().map(str::to_owned)
    }
}

fn unescape(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

pub struct Person {
    client: Client,
    pub url: String,
    /// Where the site's paths begin.
    base: &'static str,
    pub cookies: Mutex<BTreeMap<String, String>>,
    /// Of the page that was seen last.
    pub token: Mutex<String>,
    pub version: Mutex<String>,
}

impl Person {
    pub fn new(url: &str, ca: &str) -> Self {
        Self::at(url, "", ca)
    }

    /// Of a site that is not at the root.
    pub fn at(url: &str, base: &'static str, ca: &str) -> Self {
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
        let (cookies, token, version) = Default::default();
        Self { client, url: url.to_owned(), base, cookies, token, version }
    }

    /// The same cookies in another browser.
    pub fn twin(&self) -> Self {
        let clone = |text: &Mutex<String>| Mutex::new(text.lock().expect("not poisoned").clone());
        Self {
            client: self.client.clone(),
            url: self.url.clone(),
            base: self.base,
            cookies: Mutex::new(self.cookies.lock().expect("not poisoned").clone()),
            token: clone(&self.token),
            version: clone(&self.version),
        }
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<String>) -> Page {
        self.send_bytes(method, path, headers, body.map(String::into_bytes)).await
    }

    pub async fn send_bytes(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Page {
        let mut request = self.client.request(method, format!("{}{}{path}", self.url, self.base));
        let cookies = self.cookies.lock().expect("not poisoned").clone();
        if !cookies.is_empty() {
            let cookies: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, HeaderValue::from_str(value).expect("a header"));
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let answer = request.send().await.unwrap_or_else(|e| panic!("{path}: {e:?}"));
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        self.keep(&headers);
        let body = answer.text().await.expect("a text");
        let page = Page { status, headers, body };
        if let Some(token) = page.hidden("token") {
            *self.token.lock().expect("not poisoned") = token;
        }
        if let Some(version) = page.hidden("version") {
            *self.version.lock().expect("not poisoned") = version;
        }
        page
    }

    fn keep(&self, headers: &HeaderMap) {
        let mut cookies = self.cookies.lock().expect("not poisoned");
        for cookie in headers.get_all(SET_COOKIE) {
            let text = cookie.to_str().expect("text");
            for needed in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
                assert!(text.contains(needed), "{needed} is not in {text}");
            }
            assert!(text.starts_with("__Host-") && !text.contains("Domain"), "{text}");
            let (name, value) = text.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            if text.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.into(), value.into());
            }
        }
    }

    pub async fn get(&self, path: &str) -> Page {
        self.send(Method::GET, path, &[], None).await
    }

    /// A form of the page that was seen last: with its token.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.token.lock().expect("not poisoned").clone();
        let all: Vec<_> = [("token", token.as_str())].into_iter().chain(fields.iter().copied()).collect();
        self.post_as(path, &all, &self.headers()).await
    }

    /// What a browser says of a form of the site itself.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        vec![("origin", self.url.clone()), ("sec-fetch-site", "same-origin".into())]
    }

    /// Exactly these fields and headers.
    pub async fn post_as(&self, path: &str, fields: &[(&str, &str)], headers: &[(&'static str, String)]) -> Page {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).chain([kind]).collect();
        self.send(Method::POST, path, &headers, Some(encoded(fields))).await
    }

    /// The button on the page of something: with the version that the page shows.
    pub async fn press(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let seen = self.get(page).await;
        assert_eq!(seen.status, 200, "{}", seen.text());
        let version = self.version.lock().expect("not poisoned").clone();
        let all: Vec<_> = [("version", version.as_str())].into_iter().chain(fields.iter().copied()).collect();
        self.post(path, &all).await
    }

    pub async fn try_sign_in(&self, name: &str, password: &str) -> Page {
        self.get("/sign-in").await;
        self.post("/sign-in", &[("name", name), ("password", password), ("to", "")]).await
    }

    pub async fn sign_in(&self, name: &str, password: &str) {
        self.try_sign_in(name, password).await.leads_to(&format!("{}/", self.base));
    }

    /// The session's secret.
    pub fn session(&self) -> Option<String> {
        self.cookies.lock().expect("not poisoned").get("__Host-oig-certs").cloned()
    }
}

pub fn encoded(fields: &[(&str, &str)]) -> String {
    let mut url = reqwest::Url::parse("http://x/").expect("a URL");
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}
