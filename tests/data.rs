//! Data access over the wire: a gateway, a node and applications, each as they are used.

mod browser;
mod files;
mod history;
mod reads;
mod sample;
mod schemathesis;
mod soap;
mod triggers;
mod writes;

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::app::App;
use crate::common::cluster::{Gateway, Node, With, own_address};
use crate::common::eventually;

pub(crate) const BASE: &str = "/mitel/oig/rest/resources/v1";

/// A node that serves its forms, a gateway that copies them, and an application, which uses REST and SOAP in one session.
pub(crate) struct Scene {
    pub node: Node,
    pub gateway: Gateway,
    pub app: App,
    http: reqwest::Client,
}

/// An answer of REST.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub tag: Option<String>,
    pub body: Value,
}

impl Answer {
    #[track_caller]
    pub fn done(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// Refused with this status, in words that hold these.
    #[track_caller]
    pub fn refused(&self, status: u16, words: &str) {
        let text = self.body["errorDescription"].as_str().unwrap_or_default();
        assert!(self.status == status && text.contains(words), "{status} {words:?}: {} {}", self.status, self.body);
        assert_eq!(self.body["result"], false);
    }
}

/// What its applications find again after a restart.
fn kept(node: &Node) -> With {
    let listen = Some((own_address(), 8080).into());
    With { node: format!("sync_port = {}\n", node.sync_port), advanced: true, listen, ..With::default() }
}

impl Scene {
    /// With a session of Standard service.
    pub async fn standard() -> Self {
        Self::begin(false).await
    }

    /// With a session of Advanced service.
    pub async fn advanced() -> Self {
        Self::begin(true).await
    }

    async fn begin(advanced: bool) -> Self {
        let node = Node::start(1).await;
        let gateway = Gateway::start_with(&[&node], kept(&node)).await;
        let app = if advanced { App::login_advanced(&gateway.url).await } else { App::login(&gateway.url).await };
        Self::of(node, gateway, app).await
    }

    /// As soon as the gateway has the node's forms.
    async fn of(node: Node, gateway: Gateway, app: App) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let scene = Self { node, gateway, app, http };
        scene.current().await;
        scene
    }

    /// The copy is as the node's forms.
    pub async fn current(&self) {
        eventually("the copy", async || {
            let all = self.get("/databases", &[]).await.done();
            (all[0]["state"] == "CURRENT" && all[0]["asOf"].is_string()).then_some(())
        })
        .await;
    }

    /// The node's database.
    pub fn database(&self) -> String {
        self.node.address.to_string()
    }

    pub async fn ask(&self, method: Method, path: &str, query: &[(&str, &str)], body: Option<Value>) -> Answer {
        self.ask_with(method, path, query, body, &[]).await
    }

    pub async fn ask_with(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut url = reqwest::Url::parse(&format!("{}{BASE}{path}", self.gateway.url)).expect("a URL");
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.http.request(method, url).bearer_auth(self.app.session_id);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let tag = answer.headers().get("etag").and_then(|v| v.to_str().ok()).map(str::to_owned);
        let text = answer.text().await.expect("a text");
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") };
        Answer { status, tag, body }
    }

    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        self.ask(Method::GET, path, query, None).await
    }

    /// What a SELECT yields of the node.
    pub async fn sql(&self, sql: &str) -> Answer {
        self.get("/databases/sql", &[("database", &self.database()), ("sql", sql)]).await
    }

    pub async fn change(&self, method: Method, sql: &str) -> Answer {
        let body = json!({ "database": self.database(), "sql": sql });
        self.ask(method, "/databases/sql", &[], Some(body)).await
    }

    /// A person at the node sets a row of a form.
    pub async fn hand(&self, form: &str, body: Value) {
        self.node.hands.change_form(form, &body).await;
    }
}
