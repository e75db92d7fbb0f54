//! How a scenario's application reaches the gateway: one trait, an implementation for each way in.
//!
//! A request and a reply are the operation's fields as JSON, in the names of the contract and with
//! longs as strings, whatever travels underneath; so the player and its comparisons know no wire.
//! Called by `play`.

use oig::client::SoapClient;
use schemas::contract::record::{Card, Place, Ty, TypeRow};
use schemas::contract::{OperationRow, Service, operation};
use schemas::soap::{Envelope, Version};
use schemas::xml::{Element, Writer};
use serde_json::{Map, Value, json};

use crate::common::app::{NO_EVENT, log_in, login_request};

/// One way in.
pub trait Transport: Clone {
    /// As failures name it.
    fn name(&self) -> &'static str;

    /// Logs in the lab's first application: the session's id.
    async fn login(&self) -> i64;

    /// Calls an operation of StandardCCService: the fields of its request, and of its `return`.
    ///
    /// # Errors
    /// When there is no reply of the contract.
    async fn call(&self, operation: &'static OperationRow, request: &Value) -> Result<Value, String>;

    /// Tells that the session is still wanted.
    async fn reset(&self, session_id: i64);

    async fn logout(&self, session_id: i64);
}

/// An operation of StandardCCService by its name.
pub fn named(name: &str) -> Option<&'static OperationRow> {
    operation(Service::StandardCcService, name)
}

/// SOAP in one of its versions, over HTTP.
#[derive(Clone)]
pub struct Soap {
    url: String,
    version: Version,
    http: reqwest::Client,
}

impl Soap {
    pub fn new(url: &str, version: Version) -> Self {
        oig::push::use_ring();
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client can be made");
        Self { url: url.to_owned(), version, http }
    }

    async fn ask(&self, operation: &'static OperationRow, request: &Value) -> Result<Value, String> {
        let path = match operation.service {
            Service::SessionService => "/mitel/oig/session/SessionService",
            _ => "/mitel/oig/cc/StandardCCService",
        };
        let sent = self
            .http
            .post(format!("{}{path}", self.url))
            .header("content-type", self.version.content_type())
            .header("soapaction", format!("\"urn:{}\"", operation.name))
            .body(envelope(self.version, operation, request))
            .send();
        let answer = sent.await.map_err(|e| e.to_string())?.bytes().await.map_err(|e| e.to_string())?;
        let read = Envelope::parse(&answer).map_err(|e| e.to_string())?;
        if read.version() != self.version {
            return Err(format!("the answer is of SOAP {:?}", read.version()));
        }
        let ns = operation.service.namespace().uri();
        let body = read.body();
        match body.children().find(|c| c.is(ns, "return")) {
            Some(content) if body.local().strip_suffix("Response") == Some(operation.name) => {
                Ok(to_json(operation.reply, content))
            }
            _ => Err(format!("a fault: {}", String::from_utf8_lossy(&answer))),
        }
    }
}

impl Transport for Soap {
    fn name(&self) -> &'static str {
        match self.version {
            Version::V1_1 => "SOAP 1.1",
            Version::V1_2 => "SOAP 1.2",
        }
    }

    async fn login(&self) -> i64 {
        let client = SoapClient::new(self.url.as_str()).expect("an HTTP client can be made");
        let login = log_in(&client, login_request()).await;
        assert!(login.result, "the login is refused: {:?}", login.error_desc);
        login.session_id
    }

    async fn call(&self, operation: &'static OperationRow, request: &Value) -> Result<Value, String> {
        self.ask(operation, request).await
    }

    async fn reset(&self, session_id: i64) {
        self.of_session("resetSessionTimer", session_id).await;
    }

    async fn logout(&self, session_id: i64) {
        self.of_session("logout", session_id).await;
    }
}

impl Soap {
    /// Whether it did anything is for the scenario to notice.
    async fn of_session(&self, name: &str, session_id: i64) {
        let row = operation(Service::SessionService, name).expect("an operation of the contract");
        let _ = self.ask(row, &json!({ "sessionId": session_id.to_string() })).await;
    }
}

/// REST: JSON over HTTP.
#[derive(Clone)]
pub struct Rest {
    base: String,
    http: reqwest::Client,
}

impl Rest {
    pub fn new(url: &str) -> Self {
        oig::push::use_ring();
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client can be made");
        Self { base: format!("{url}/mitel/oig/rest/resources/v1"), http }
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<Value, String> {
        let answer = request.send().await.map_err(|e| e.to_string())?;
        let (status, text) = (answer.status(), answer.text().await.map_err(|e| e.to_string())?);
        let reply: Value = serde_json::from_str(&text).map_err(|e| format!("{status} {text:?}: {e}"))?;
        // What is accepted, and only that, is a success of HTTP as well.
        match reply.get("result").and_then(Value::as_bool) {
            Some(result) if result == status.is_success() => Ok(reply),
            _ if is_timeout(&reply) => Ok(reply),
            _ => Err(format!("{status} with {text}")),
        }
    }
}

/// A poll at its end is no failure.
fn is_timeout(reply: &Value) -> bool {
    reply.get("errorDescription").and_then(Value::as_str) == Some(NO_EVENT)
}

impl Transport for Rest {
    fn name(&self) -> &'static str {
        "REST"
    }

    async fn login(&self) -> i64 {
        let lab = login_request();
        let login = json!({
            "companyName": lab.company_name, "applicationName": lab.application_name, "version": lab.version,
            "applicationPassword": lab.application_password, "localPassword": lab.local_password,
        });
        let asked = self.http.post(format!("{}/sessions", self.base)).body(login.to_string());
        let reply = self.ask(asked).await.expect("the gateway answers a login");
        let id = reply.get("sessionId").and_then(Value::as_str).and_then(|id| id.parse().ok());
        id.unwrap_or_else(|| panic!("the login is refused: {reply}"))
    }

    async fn call(&self, operation: &'static OperationRow, request: &Value) -> Result<Value, String> {
        self.ask(self.http.post(format!("{}/cc/{}", self.base, operation.name)).body(request.to_string())).await
    }

    async fn reset(&self, session_id: i64) {
        let _ = self.ask(self.http.put(format!("{}/sessions/{session_id}", self.base))).await;
    }

    async fn logout(&self, session_id: i64) {
        let _ = self.ask(self.http.delete(format!("{}/sessions/{session_id}", self.base))).await;
    }
}

fn envelope(version: Version, operation: &OperationRow, request: &Value) -> String {
    let mut out = Writer::new();
    out.raw("<e:Envelope xmlns:e=\"").raw(version.uri()).raw("\"><e:Body>");
    write(operation.request, operation.name, operation.service.namespace().uri(), request, &mut out);
    out.raw("</e:Body></e:Envelope>");
    out.finish()
}

/// An element of this name and namespace with the fields of a type in it, each declaring its own
/// namespace as some stacks do.
fn write(row: &TypeRow, name: &str, uri: &str, fields: &Value, out: &mut Writer) {
    out.start("n:").raw(name).attribute("xmlns:n", uri);
    let given = |name: &str| fields.get(name).filter(|value| !value.is_null());
    for field in row.fields.iter().filter(|f| f.place == Place::Attr) {
        if let Some(value) = given(field.name) {
            out.attribute(field.name, &text(value));
        }
    }
    out.raw(">");
    for field in row.fields.iter().filter(|f| f.place == Place::Elem) {
        match (given(field.name), field.ty) {
            (None, _) => {}
            (Some(value), Ty::Record(of)) => write(of, field.name, row.ns.uri(), value, out),
            (Some(value), _) => {
                out.start("n:").raw(field.name).attribute("xmlns:n", row.ns.uri()).raw(">");
                out.text(&text(value)).raw("</n:").raw(field.name).raw(">");
            }
        }
    }
    out.raw("</n:").raw(name).raw(">");
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The fields of a type as the JSON form has them.
fn to_json(row: &TypeRow, element: Element<'_, '_>) -> Value {
    let mut fields = Map::new();
    for field in row.fields {
        let scalar = |text: &str| match field.ty {
            Ty::Boolean => json!(text == "true"),
            Ty::Int => text.parse::<i32>().map_or(Value::Null, |n| json!(n)),
            _ => json!(text),
        };
        let value = match field.place {
            Place::Attr => element.attribute("", field.name).map(scalar),
            Place::Elem => {
                let of = |child: Element<'_, '_>| match field.ty {
                    Ty::Record(row) => to_json(row, child),
                    _ => scalar(child.text()),
                };
                let mut all = element.children().filter(|c| c.is(row.ns.uri(), field.name)).map(of);
                match field.card {
                    Card::Many => Some(Value::Array(all.collect())),
                    _ => all.next(),
                }
            }
        };
        fields.extend(value.map(|value| (field.name.to_owned(), value)));
    }
    Value::Object(fields)
}
