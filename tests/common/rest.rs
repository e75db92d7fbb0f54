//! A REST application, as small as one can be: an operation's name and JSON in, status and JSON out.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Where the resources are.
pub const BASE: &str = "/mitel/oig/rest/resources/v1";
/// Longer than the longest poll.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(150);

#[derive(Debug, Clone)]
pub struct RestClient {
    base: String,
    http: reqwest::Client,
    /// Goes with every request as `Authorization: Bearer`.
    pub session: Option<String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Told {
    pub status: u16,
    pub kind: String,
    pub body: Value,
}

impl Told {
    /// Fails unless this is an acceptance; the reply's fields.
    #[track_caller]
    pub fn accepted(self) -> Value {
        assert_eq!((self.status, &self.body["result"]), (200, &json!(true)), "{self:?}");
        self.body
    }

    /// Fails unless this is a refusal of this status and text.
    #[track_caller]
    pub fn refused(&self, status: u16, text: &str) {
        let told = (self.status, &self.body["result"], self.body["errorDescription"].as_str());
        assert_eq!(told, (status, &json!(false), Some(text)), "{self:?}");
    }
}

impl RestClient {
    pub fn new(url: &str) -> Self {
        oig::push::use_ring();
        let http = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build().expect("an HTTP client can be made");
        Self { base: format!("{url}{BASE}"), http, session: None }
    }

    /// Any request below [`BASE`].
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Told {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(session) = &self.session {
            request = request.header("authorization", format!("Bearer {session}"));
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        let response = request.send().await.expect("the gateway answers");
        let status = response.status();
        let kind = response.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        let text = response.text().await.expect("a whole answer");
        let body = match status {
            StatusCode::NO_CONTENT => Value::Null,
            _ if text.is_empty() => Value::Null,
            _ => serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}")),
        };
        Told { status: status.as_u16(), kind, body }
    }

    /// An operation of the contract with its fields.
    pub async fn call(&self, operation: &str, fields: Value) -> Told {
        self.send(Method::POST, &format!("/cc/{operation}"), &[], Some(&fields.to_string())).await
    }

    /// Logs in as the lab's first application and goes by that session from now on.
    pub async fn login(url: &str) -> Self {
        let mut client = Self::new(url);
        let told = client.send(Method::POST, "/sessions", &[], Some(&login_fields().to_string())).await.accepted();
        client.session = Some(told["sessionId"].as_str().expect("a session id is a string").to_owned());
        client
    }

    /// Gives the session its next ten seconds.
    pub async fn reset(&self) -> Told {
        let id = self.session.as_deref().expect("logged in");
        self.send(Method::PUT, &format!("/sessions/{id}"), &[], None).await
    }
}

/// The login of the lab's first application.
pub fn login_fields() -> Value {
    json!({
        "companyName": "Example Co", "applicationName": "Screen Pop",
        "applicationPassword": "screen-pop", "localPassword": "lab",
    })
}
