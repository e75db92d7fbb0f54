//! REST over HTTP against the whole gateway: sessions, calls and events as JSON, statuses, polls cut
//! in the middle, and that it answers as SOAP does.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use oig::client::SoapClient;
use reqwest::Method;
use schemas::contract::ops_call_control_standard::{CancelGetEvent, GetEvent};
use schemas::contract::ops_session::ServiceVersions;
use schemas::contract::{OPERATIONS, Service};
use serde_json::{Value, json};

use crate::common::app::{App, NO_CALL, NO_EVENT, NO_SESSION, NOT_MONITORED};
use crate::common::cluster::{Gateway, Lab, With};
use crate::common::http::{self, Connection};
use crate::common::rest::{BASE, RestClient, login_fields};
use crate::common::{Folder, eventually};

/// Finds a phone and monitors it; its object id, as REST writes it.
async fn monitor(rest: &RestClient, address: &str, dn: &str) -> Value {
    let icp = eventually("the node is connected", async || {
        let told = rest.call("getIcpId", json!({ "request": { "icpIpAddress": address } })).await.accepted();
        (told["connectionState"] == "CONNECTED").then(|| told["icpId"].clone())
    })
    .await;
    let asked = json!({ "request": { "icpId": icp, "primeDn": dn } });
    let object = rest.call("getPhoneNumberId", asked).await.accepted()["objectId"].clone();
    rest.call("monitorObject", json!({ "objectId": object })).await.accepted();
    object
}

/// The next event of a call.
async fn hear(rest: &RestClient, object: &Value, kind: &str) -> Value {
    loop {
        let told = rest.call("getEvent", json!({ "timeout": 30_000 })).await.accepted();
        if told["callEvent"]["objectId"] == *object {
            assert_eq!(told["callEvent"]["type"], kind, "{told}");
            return told["callEvent"].clone();
        }
    }
}

#[tokio::test]
async fn a_call_is_made_heard_and_ended_in_json() {
    let lab = Lab::start().await;
    let rest = RestClient::login(&lab.url).await;
    let caller = monitor(&rest, &lab.address(1), "1000").await;
    assert!(caller.is_string(), "longs are strings: {caller}");
    let set = hear(&rest, &caller, "MONITOR_SET").await;
    assert_eq!((&set["localCallId"], &set["callState"]), (&json!("0"), &json!("IDLE")));
    assert!(set["callEventTime"].as_str().is_some_and(|t| t.len() == 13), "{set}");
    assert!(set["device"].is_array() && set["featuresAllowed"].is_array());

    rest.call("makeCall", json!({ "objectId": caller, "number": "1001" })).await.accepted();
    let leg = hear(&rest, &caller, "CALL_ORIGINATED").await["localCallId"].clone();
    hear(&rest, &caller, "CALL_DELIVERED").await;
    assert_eq!(rest.reset().await.accepted(), json!({ "result": true }));
    let status = rest.call("getCallStatus", json!({ "objectId": caller })).await.accepted();
    assert_eq!(status["callEvent"]["localCallId"], leg);
    let first = rest.call("getNumberedEvent", json!({ "timeout": 1, "eventNumber": 1 })).await.accepted();
    assert_eq!((&first["eventNumber"], &first["callEvent"]["type"]), (&json!(1), &json!("MONITOR_SET")));
    // As a number and as a string, by query and in the body: one session.
    let id = rest.session.clone().expect("logged in");
    let mut bare = rest.clone();
    bare.session = None;
    let body = json!({ "objectId": caller, "localCallId": leg }).to_string();
    let cleared = bare.send(Method::POST, &format!("/cc/clearCall?sessionId={id}"), &[], Some(&body)).await;
    assert_eq!(cleared.kind, "application/json");
    cleared.accepted();
    hear(&rest, &caller, "CALL_CLEAR").await;
    bare.call("stopMonitor", json!({ "sessionId": id, "objectId": caller })).await.accepted();

    let ended = rest.send(Method::DELETE, &format!("/sessions/{id}"), &[], None).await;
    assert_eq!(ended.accepted(), json!({ "result": true }));
    rest.reset().await.refused(401, NO_SESSION);
}

#[tokio::test]
async fn a_refusal_has_the_text_of_soap_and_a_status_that_fits() {
    let lab = Lab::start().await;
    let rest = RestClient::login(&lab.url).await;
    let object = monitor(&rest, &lab.address(1), "1000").await;
    hear(&rest, &object, "MONITOR_SET").await;
    for (operation, fields, status, text) in [
        ("getEvent", json!({ "timeout": 1 }), 200, NO_EVENT),
        ("getEvent", json!({}), 400, "The element 'timeout' is missing."),
        ("getEvent", json!({ "timeout": "x" }), 400, "The value of 'timeout' is not a whole number."),
        ("getNumberedEvent", json!({ "timeout": 1, "eventNumber": 0 }), 400, "Events are numbered from 1."),
        ("clearCall", json!({ "objectId": object, "localCallId": 5 }), 409, NO_CALL),
        (
            "clearCall",
            json!({ "objectId": "1", "localCallId": 5 }),
            404,
            "The object is not an object of this gateway.",
        ),
        (
            "getIcpId",
            json!({ "request": { "icpIpAddress": "192.0.2.9" } }),
            404,
            "The node is not configured in this gateway.",
        ),
        ("getIcpId", json!({ "request": { "icpIpAddress": "no" } }), 400, "The address is not an IP address."),
        (
            "advSetACDAgentPresence",
            json!({ "objectId": 1, "groupDn": "1", "presenceValue": true }),
            403,
            "advSetACDAgentPresence needs Advanced service.",
        ),
        ("registerRestSession", json!({ "restSessionId": 1 }), 501, "registerRestSession is not supported yet."),
        ("noSuchThing", json!({}), 404, "The service has no such operation."),
    ] {
        rest.call(operation, fields).await.refused(status, text);
    }
    rest.call("stopMonitor", json!({ "objectId": object })).await.accepted();
    let told = rest.call("clearCall", json!({ "objectId": object, "localCallId": 5 })).await;
    told.refused(409, NOT_MONITORED);
    let mut stranger = rest.clone();
    stranger.session = None;
    stranger.call("getEvent", json!({ "timeout": 1 })).await.refused(400, "The element 'sessionId' is missing.");
    stranger.session = Some("7".into());
    stranger.call("getEvent", json!({ "timeout": 1 })).await.refused(401, NO_SESSION);

    let accept = [("accept", "application/problem+json")];
    let told = rest.send(Method::POST, "/cc/getEvent", &accept, Some("{}")).await;
    told.refused(400, "The element 'timeout' is missing.");
    assert_eq!(told.kind, "application/problem+json");
    assert_eq!((&told.body["status"], &told.body["title"]), (&json!(400), &json!("Bad Request")));
    assert_eq!(told.body["detail"], told.body["errorDescription"]);
    let told = rest.send(Method::POST, "/cc/getEvent", &accept, Some("{\"timeout\":1}")).await;
    told.refused(200, NO_EVENT);
    assert_eq!(told.kind, "application/json");
}

#[tokio::test]
async fn sessions_are_logged_in_by_body_header_and_query_and_no_log_has_the_secrets() {
    let with = With { filter: "trace", ..With::default() };
    let mut gateway = Gateway::start_with(&[], with).await;
    let rest = RestClient::new(&gateway.url);
    let query = "?companyName=Example+Co&applicationName=Screen%20Pop&applicationPassword=screen-pop&localPassword=lab";
    rest.send(Method::GET, &format!("/sessions{query}&version=4.0"), &[], None).await.accepted();
    let headers = [
        ("x-oig-companyname", "Example Co"),
        ("X-OIG-applicationName", "Screen Pop"),
        ("X-OIG-applicationPassword", "screen-pop"),
        ("X-OIG-localPassword", "lab"),
    ];
    rest.send(Method::GET, "/sessions", &headers, None).await.accepted();
    let newer = format!("/sessions{query}&version=9.0");
    let told = rest.send(Method::GET, &newer, &[], None).await;
    told.refused(400, "The version asked for is newer than the server's, 4.1.");
    let wrong = "The company, the application or a password is not right.";
    let mut fields = login_fields();
    fields["localPassword"] = "hunter2-in-a-body".into();
    let told = rest.send(Method::POST, "/sessions", &[], Some(&fields.to_string())).await;
    told.refused(401, wrong);
    assert_eq!(told.body["sessionId"], "0");
    let told = rest.send(Method::GET, &format!("/sessions{query}hunter2-in-a-query"), &[], None).await;
    told.refused(401, wrong);
    rest.send(Method::GET, "/sessions", &[], None).await.refused(400, "The element 'applicationName' is missing.");
    rest.send(Method::POST, "/sessions", &[], None).await.refused(400, "The element 'applicationName' is missing.");
    let broken = "The request could not be read: the document is not well-formed JSON in UTF-8.";
    for body in ["{}},{", "{}}", "[", "\"", "{\"a\":1},\"req\":{}"] {
        rest.send(Method::POST, "/sessions", &[], Some(body)).await.refused(400, broken);
    }
    for (method, path) in [(Method::PUT, "/sessions/x"), (Method::DELETE, "/sessions/7")] {
        rest.send(method, path, &[], None).await.refused(401, NO_SESSION);
    }
    gateway.process.kill();
    let logged = gateway.process.logged().join("\n");
    assert!(logged.contains("login denied"), "{logged}");
    for secret in ["screen-pop", "hunter2", "applicationPassword="] {
        assert!(!logged.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn a_session_of_soap_may_use_rest_and_one_of_rest_may_not_use_call_control_by_soap() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let mut rest = RestClient::new(&lab.url);
    rest.session = Some(app.session_id.to_string());
    let object = monitor(&rest, &lab.address(1), "1000").await;
    hear(&rest, &object, "MONITOR_SET").await;
    app.heard_everything().await;

    let rest = RestClient::login(&lab.url).await;
    let session_id = rest.session.as_deref().and_then(|id| id.parse().ok()).expect("a session id");
    let soap = SoapClient::new(&lab.url).expect("an HTTP client can be made");
    let text = "A session that was logged in by REST may not use call control by SOAP.";
    let told = soap.call(&GetEvent { session_id, timeout: 1 }).await.expect("a reply");
    assert_eq!((told.result, told.error_description.as_deref()), (false, Some(text)));
    let told = soap.call(&CancelGetEvent { session_id }).await.expect("a reply");
    assert_eq!((told.result, told.error_description.as_deref()), (false, Some(text)));
    // What has no handler says no more.
    let id = session_id.to_string();
    http::call(&lab.url, "getDeviceFeatures", &[("sessionId", &id), ("objectId", "1")]).await.refused(text);
    assert!(soap.call(&ServiceVersions { session_id }).await.expect("a reply").result);
    rest.call("getEvent", json!({ "timeout": 1 })).await.refused(200, NO_EVENT);
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_a_rest_poll_loses_no_event() {
    let lab = Lab::start().await;
    let rest = RestClient::login(&lab.url).await;
    let caller = monitor(&rest, &lab.address(1), "1000").await;
    hear(&rest, &caller, "MONITOR_SET").await;
    let id = rest.session.clone().expect("logged in");
    let head = [("Authorization", format!("Bearer {id}")), ("Content-Type", "application/json".to_owned())];
    let head: Vec<_> = head.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let poll = http::request(&format!("{BASE}/cc/getEvent"), &head, b"{\"timeout\":60000}");
    let number = "The session holds 16 polls already.";
    // All places but one are taken by polls that no event ends; so it is known when one is taken in or let go.
    let numbered =
        http::request(&format!("{BASE}/cc/getNumberedEvent"), &head, b"{\"timeout\":120000,\"eventNumber\":2000000}");
    let fill = async || {
        let mut connection = Connection::open(&lab.url).await;
        connection.send(&numbered).await;
        connection
    };
    let mut fillers = Vec::new();
    for _ in 1..16 {
        fillers.push(fill().await);
    }
    let full = async || {
        // On a slow machine a round may take longer than a session lives.
        rest.reset().await.accepted();
        let told = rest.call("getNumberedEvent", json!({ "timeout": 1, "eventNumber": 1_000_000 })).await;
        if told.status == 429 {
            told.refused(429, number);
        }
        told.status == 429
    };
    for round in 0..12 {
        let mut tries = 0;
        let leaver = loop {
            tries += 1;
            assert!(tries <= 60, "round {round}: no poll found a place");
            let mut connection = Connection::open(&lab.url).await;
            if round % 2 == 0 {
                connection.will_reset();
            }
            connection.send(&poll).await;
            // What looks takes a place itself for a moment; a poll that met it there was refused.
            let in_time = tokio::time::timeout(Duration::from_secs(1), async { while !full().await {} }).await;
            if in_time.is_ok() && tokio::time::timeout(Duration::from_millis(50), connection.answer()).await.is_err() {
                break connection;
            }
            // One that came while what looks had its place was refused.
            for filler in &mut fillers {
                if tokio::time::timeout(Duration::from_millis(1), filler.answer()).await.is_ok() {
                    *filler = fill().await;
                }
            }
        };
        drop(leaver);
        rest.call("makeCall", json!({ "objectId": caller, "number": "1001" })).await.accepted();
        eventually("the poll is let go", async || (!full().await).then_some(())).await;
        let leg = hear(&rest, &caller, "CALL_ORIGINATED").await["localCallId"].clone();
        hear(&rest, &caller, "CALL_DELIVERED").await;
        rest.call("clearCall", json!({ "objectId": caller, "localCallId": leg })).await.accepted();
        hear(&rest, &caller, "CALL_CLEAR").await;
        rest.reset().await.accepted();
    }
    rest.call("getEvent", json!({ "timeout": 1 })).await.refused(200, NO_EVENT);
}

fn path_of(service: Service) -> &'static str {
    match service {
        Service::SessionService => http::SESSION_PATH,
        Service::DataAccessService => http::DATA_PATH,
        _ => http::CALL_PATH,
    }
}

#[tokio::test]
async fn every_operation_refuses_by_rest_as_it_does_by_soap() {
    let gateway = Gateway::start(&[]).await;
    let rest = RestClient::new(&gateway.url);
    for row in &OPERATIONS {
        let samples = include_str!("../schemas/samples/rest.examples.json");
        let samples: Value = serde_json::from_str(samples).expect("JSON");
        let mut sample = samples[row.name]["request"].clone();
        // The samples' session is a stranger's, whose misses would be slowed; 0 is nobody's.
        nobody(&mut sample);
        let text = std::fs::read_to_string(format!("schemas/samples/{}.request.xml", row.name)).expect("a sample");
        let text = text.replace("6417203348891337", "0");
        let empty = http::envelope(row.service, row.name, "");
        for (json, xml) in [(json!({}), empty), (sample, text)] {
            let by_soap = http::post(&gateway.url, path_of(row.service), &[], &xml).await;
            let by_rest = rest.call(row.name, json).await;
            assert_eq!(Some(by_rest.body["result"].as_bool()), Some(by_soap.result()), "{}", row.name);
            let told = by_soap.text("errorDescription").or_else(|| by_soap.text("errorDesc")).map(unescaped);
            assert_eq!(by_rest.body["errorDescription"].as_str(), told.as_deref(), "{}", row.name);
            assert!(by_rest.status >= 400, "{}: {by_rest:?}", row.name);
            assert!(by_rest.body["errorDescription"].is_string(), "{}: {by_rest:?}", row.name);
        }
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&apos;", "'").replace("&#39;", "'").replace("&quot;", "\"").replace("&amp;", "&")
}

fn nobody(value: &mut Value) {
    let Value::Object(members) = value else { return };
    for (name, value) in members {
        match name.as_str() {
            "sessionId" => *value = json!("0"),
            _ => nobody(value),
        }
    }
}

#[tokio::test]
async fn bad_bodies_methods_and_types_are_answered_in_json() {
    let gateway = Gateway::start(&[]).await;
    let rest = RestClient::new(&gateway.url);
    let none = "The resource does not have this method.";
    for (method, path, allow) in [
        (Method::GET, "/cc/getEvent", "post, options"),
        (Method::HEAD, "/sessions", "get, post, options"),
        (Method::POST, "/sessions/7", "put, delete, options"),
        (Method::GET, "/sessions/7/authenticate", "post, options"),
        (Method::POST, "/openapi.json", "get, head, options"),
        (Method::OPTIONS, "/cc/getEvent", "post, options"),
    ] {
        let mut connection = Connection::open(&gateway.url).await;
        let head = format!(
            "{method} {BASE}{path} HTTP/1.1\r\nHost: x\r\nOrigin: http://other.example\r\nContent-Length: 0\r\n\r\n"
        );
        connection.send(head).await;
        if method == Method::HEAD {
            continue; // its length is that of a body that does not come
        }
        let answer = connection.answer().await.expect("an answer");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.status, if method == Method::OPTIONS { 204 } else { 405 });
        assert!(method == Method::OPTIONS || answer.body.contains(none), "{}", answer.body);
    }
    rest.send(Method::GET, "/nothing", &[], None).await.refused(404, "There is no such resource.");
    let large = format!("{{\"x\":\"{}\"}}", "y".repeat(256 * 1024));
    let path = format!("{BASE}/cc/makeCall");
    for (kind, body, status, text) in [
        ("application/json", &*large, 413, "The request is larger than is allowed."),
        ("text/xml", "<a/>", 415, "The request's Content-Type is not application/json."),
        (
            "application/json; charset=utf-8",
            "[]",
            400,
            "The request could not be read: the document is not a JSON object.",
        ),
        (
            "application/vnd.x+json",
            "{",
            400,
            "The request could not be read: the document is not well-formed JSON in UTF-8.",
        ),
    ] {
        let answer = http::post(&gateway.url, &path, &[("Content-Type", kind)], body).await;
        let told: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!((answer.status, &told["result"], &told["errorDescription"]), (status, &json!(false), &json!(text)));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let answer =
        http::post(&gateway.url, &path, &[("Authorization", "Bearer 7")], "{\"objectId\":1,\"number\":\"\",\"x\":1}")
            .await;
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("bearer")));
    let answer = http::post(&gateway.url, &format!("{path}?sessionId=8"), &[("Authorization", "Bearer 7")], "{}").await;
    assert!(answer.body.contains("The session is named twice, and differently."), "{}", answer.body);
}

#[tokio::test]
async fn the_description_that_is_served_is_valid_openapi() {
    let gateway = Gateway::start(&[]).await;
    let answer = http::get(&gateway.url, &format!("{BASE}/openapi.json"), &[]).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let folder = Folder::new();
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, &answer.body).expect("the test's folder can be written");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = crate::toolkits::interpreter("OIG_PYTHON", "target/toolkits/python/bin/python");
    let said = Command::new(python)
        .args(["tests/toolkits/openapi.py", file.to_str().expect("a path of this machine")])
        .current_dir(root)
        .output()
        .expect("the interpreter runs");
    let text = String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{text}");
    assert!(text.contains("156 operations, 0 found wrong"), "{text}");
}
