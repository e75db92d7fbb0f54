//! The hands of a simulated node: what people do at its phones, what breaks it, what is true.

use std::time::Duration;

use oig::sim::truth::{TruthNow, TruthOutside, TruthPhone, TruthRecord, TruthState};
use serde_json::{Value, json};

use super::eventually;

/// How long a connection to the hands is kept for the next request.
const IDLE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone)]
pub struct Hands {
    base: String,
    http: reqwest::Client,
}

impl Hands {
    /// `base` is like `http://127.0.0.11:8884`.
    pub fn new(base: &str) -> Self {
        oig::push::use_ring();
        // The hands close what is idle for 5 s; a request must not meet that.
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).pool_idle_timeout(IDLE).build();
        let http = http.expect("an HTTP client can be made");
        Self { base: base.trim_end_matches('/').to_owned(), http }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, String) {
        let answer = self.http.post(format!("{}{path}", self.base)).body(body.to_string()).send().await;
        let answer = answer.unwrap_or_else(|e| panic!("the hands do not answer {path}: {e}"));
        (answer.status().as_u16(), answer.text().await.expect("the hands' answer can be read"))
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> T {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await.expect("the hands answer");
        let text = answer.text().await.expect("the hands' answer can be read");
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path} gave {text:?}: {e}"))
    }

    /// A person does something at a phone's prime line, and the phone does it.
    pub async fn does(&self, dn: &str, verb: &str) {
        self.does_with(dn, verb, json!({})).await;
    }

    pub async fn does_with(&self, dn: &str, verb: &str, body: Value) {
        self.try_does(dn, verb, &body).await.unwrap_or_else(|refusal| panic!("{refusal}"));
    }

    /// The same, for who says himself what it means when the phone does not.
    ///
    /// # Errors
    /// When the phone does not do it, with its reason.
    pub async fn try_does(&self, dn: &str, verb: &str, body: &Value) -> Result<(), String> {
        let (status, text) = self.post(&format!("/phones/{dn}/{verb}"), body).await;
        if status == 200 { Ok(()) } else { Err(format!("{dn} does not {verb}: {text}")) }
    }

    /// Somebody outside calls a direct-in number, from a number or without one; the call's id.
    pub async fn outside_call(&self, body: Value) -> Result<u64, String> {
        let (status, text) = self.post("/outside/call", &body).await;
        let told: Value = serde_json::from_str(&text).expect("JSON");
        if status == 200 { Ok(told["call"].as_u64().expect("an id")) } else { Err(format!("{status} {text}")) }
    }

    /// Who is outside and in a call of the node.
    pub async fn outside(&self) -> Vec<TruthOutside> {
        self.get("/outside").await
    }

    /// Somebody outside does something: `answer` or `hangup`.
    pub async fn outside_does(&self, call: u64, verb: &str) {
        let (status, text) = self.post(&format!("/outside/{call}/{verb}"), &json!({})).await;
        assert_eq!(status, 200, "{call} does not {verb}: {text}");
    }

    /// Breaks something: `kind` is link, answer, frame, restart, power or forms.
    pub async fn fault(&self, kind: &str, body: Value) {
        let (status, text) = self.post(&format!("/faults/{kind}"), &body).await;
        assert_eq!(status, 200, "the fault {kind} {body} is not set: {text}");
    }

    /// The rows of a form.
    pub async fn form(&self, name: &str) -> Vec<Value> {
        self.get(&format!("/forms/{name}")).await
    }

    /// A form as people export it at the node.
    pub async fn exported(&self, name: &str) -> String {
        let answer =
            self.http.get(format!("{}/forms/{name}/export", self.base)).send().await.expect("the hands answer");
        assert!(answer.status().is_success(), "{name}");
        answer.text().await.expect("a text")
    }

    /// Sets or removes a row of a form.
    pub async fn change_form(&self, name: &str, body: &Value) {
        let (status, text) = self.post(&format!("/forms/{name}"), body).await;
        assert_eq!(status, 200, "{name} {body}: {text}");
    }

    /// Takes every fault back.
    pub async fn heal(&self) {
        let answer = self.http.delete(format!("{}/faults", self.base)).send().await.expect("the hands answer");
        assert!(answer.status().is_success());
    }

    /// What became true after record number `since`.
    pub async fn records(&self, since: u64) -> Vec<TruthRecord> {
        let answer =
            self.http.get(format!("{}/truth?since={since}", self.base)).send().await.expect("the hands answer");
        let text = answer.text().await.expect("the truth can be read");
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line:?}: {e}"))).collect()
    }

    /// What is true now.
    pub async fn truth(&self) -> TruthNow {
        self.get("/truth/now").await
    }

    pub async fn phone(&self, dn: &str) -> TruthPhone {
        self.get(&format!("/phones/{dn}")).await
    }

    /// States of a phone's legs, oldest first.
    pub async fn states(&self, dn: &str) -> Vec<TruthState> {
        self.phone(dn).await.legs.iter().map(|leg| leg.state).collect()
    }

    /// Waits until a phone's legs are in these states.
    pub async fn until(&self, dn: &str, states: &[TruthState]) {
        eventually(&format!("{dn} is {states:?}"), async || (self.states(dn).await == states).then_some(())).await;
    }
}
