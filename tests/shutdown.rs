//! A planned stop, and what an operator sees: health, numbers and logs.

use std::time::{Duration, Instant};

use oig::client::SoapClient;
use schemas::contract::cc::SystemEventType;
use schemas::contract::session::LoginExRequest;

use crate::common::app::{App, Heard, log_in, login_request};
use crate::common::cluster::{Gateway, Lab, Node, With};
use crate::common::http;
use crate::common::process::oig;
use crate::common::{advanced, eventually};

#[tokio::test]
async fn a_planned_stop_is_told_to_sessions_admits_nobody_and_ends_well() {
    let node = Node::start(1).await;
    let mut gateway = Gateway::start(&[&node]).await;
    let listener = App::login(&gateway.url).await;
    listener.watch(&node.address.to_string(), "1000").await;
    // A session that does not fetch what it is told: the stop waits for it, but not for ever.
    let _silent = App::login(&gateway.url).await;
    let client = SoapClient::new(&gateway.url).expect("an HTTP client can be made");
    assert_eq!(log_in(&client, login_request()).await.error_desc, None);

    let (heard, ()) = tokio::join!(listener.next(), async { gateway.process.terminate() });
    let stopping = Instant::now();
    let Heard::System(event) = &heard else { panic!("instead of OIG_SHUTDOWN came {heard:?}") };
    assert_eq!((event.event_type, event.icp_id), (Some(SystemEventType::OigShutdown), 0));
    let refused = log_in(&client, login_request()).await;
    assert_eq!((refused.result, refused.error_desc.as_deref()), (false, Some("The gateway is stopping.")));
    let status = gateway.process.ended().await;
    assert!(status.success(), "{status}");
    assert!(stopping.elapsed() < Duration::from_secs(15), "the stop took {:?}", stopping.elapsed());
    // The node is left in good order.
    eventually("the node has no gateway", async || (node.hands.truth().await.associations == 0).then_some(())).await;
}

#[tokio::test]
async fn a_lab_ends_well_when_it_is_asked_to() {
    let mut lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    app.watch(&lab.address(1), "1000").await;
    lab.process.terminate();
    let status = lab.process.ended().await;
    assert!(status.success(), "{status}: {:?}", lab.process.logged());
}

#[tokio::test]
async fn health_and_numbers_follow_what_happens() {
    let mut node = Node::start(1).await;
    let gateway = Gateway::start(&[&node]).await;
    let health = async || -> serde_json::Value {
        let answer = http::get(&gateway.url, "/healthz", &[]).await;
        assert_eq!(answer.status, 200);
        serde_json::from_str(&answer.body).expect("healthz is JSON")
    };
    let app = App::login(&gateway.url).await;
    app.watch(&node.address.to_string(), "1000").await;
    let now = health().await;
    assert_eq!(now["status"], "up");
    assert_eq!((now["nodes"]["connected"].as_u64(), now["nodes"]["configured"].as_u64()), (Some(1), Some(1)));
    assert_eq!(now["sessions"], 1);
    let metrics = http::get(&gateway.url, "/metrics", &[]).await;
    assert_eq!(
        (metrics.status, metrics.header("content-type")),
        (200, Some("text/plain; version=0.0.4; charset=utf-8"))
    );
    for line in [
        "oig_sessions 1",
        "oig_devices_monitored 1",
        "oig_events_total 1",
        "oig_requests_total{operation=\"loginEx\",result=\"true\"} 1",
        "oig_requests_total{operation=\"monitorObject\",result=\"true\"} 1",
    ] {
        assert!(metrics.body.lines().any(|l| l == line), "{line:?} is not in\n{}", metrics.body);
    }
    assert!(!metrics.body.contains(&app.session_id.to_string()));
    node.process.kill();
    eventually("the lost node is counted", async || {
        let now = health().await;
        (now["status"] == "up" && now["nodes"]["connected"] == 0).then_some(())
    })
    .await;
    node.restart().await;
    eventually("the node's return is counted", async || (health().await["nodes"]["connected"] == 1).then_some(()))
        .await;
}

/// Runs a call and a denied login, and gives what the gateway logged, and the session's id.
async fn log_of(json_logs: bool) -> (Vec<String>, i64) {
    let node = Node::start(1).await;
    let with = With { json_logs, filter: "debug", ..With::default() };
    let mut gateway = Gateway::start_with(&[&node], with).await;
    let app = App::login(&gateway.url).await;
    let address = node.address.to_string();
    let (caller, callee) = (app.watch(&address, "1000").await, app.watch(&address, "1001").await);
    app.connect(caller, callee, "1001").await;
    let wrong = LoginExRequest { application_password: "not-the-password".into(), ..login_request() };
    assert!(!log_in(&app.client, wrong).await.result);
    assert!(app.logout().await);
    gateway.process.line_logged("session ends").await;
    gateway.process.terminate();
    assert!(gateway.process.ended().await.success());
    gateway.process.line_logged("stopped").await;
    (gateway.process.logged(), app.session_id)
}

/// None of these may be in any log.
fn is_discreet(lines: &[String], session_id: i64) {
    for secret in ["screen-pop", "not-the-password", "argon2id", &session_id.to_string()] {
        assert!(!lines.iter().any(|line| line.contains(secret)), "{secret} is in the log:\n{}", lines.join("\n"));
    }
}

#[tokio::test]
async fn logs_as_json_have_session_node_and_operation_in_fields_and_no_secrets() {
    let (lines, session_id) = log_of(true).await;
    is_discreet(&lines, session_id);
    let lines: Vec<serde_json::Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line:?} is not JSON: {e}")))
        .collect();
    let line = |message: &str| {
        lines.iter().find(|l| l["message"] == message).unwrap_or_else(|| panic!("nothing says {message:?}"))
    };
    let tag = line("session begins")["session"].as_str().expect("a tag").to_owned();
    assert!(tag.starts_with("session-") && tag.len() <= 16, "{tag}");
    assert_eq!(line("session begins")["application"], "Example Co / Screen Pop");
    assert_eq!(line("session ends")["span"]["session"], tag.as_str());
    assert_eq!(line("node connected")["span"]["ceid"], "001");
    assert_eq!(line("login denied")["span"]["operation"], "loginEx");
    for l in &lines {
        assert!(l["timestamp"].is_string() && l["level"].is_string() && l["target"].is_string(), "{l}");
    }
}

#[tokio::test]
async fn logs_as_text_are_plain_lines_with_the_same_words() {
    let (lines, session_id) = log_of(false).await;
    is_discreet(&lines, session_id);
    let line = |text: &str| {
        lines
            .iter()
            .find(|l| l.contains(text))
            .unwrap_or_else(|| panic!("nothing says {text:?}:\n{}", lines.join("\n")))
    };
    assert!(line("session begins").contains("session=session-"));
    assert!(line("session ends").contains("session{session=session-"));
    assert!(line("node connected").contains("node{ceid="));
    assert!(line("login denied").contains("request{operation=\"loginEx\""));
    assert!(!lines.iter().any(|l| l.contains('\u{1b}')), "a log that no person reads has no colours");
}

#[test]
fn wrong_settings_are_named_at_start_without_their_secrets() {
    let folder = crate::common::Folder::new();
    let file = folder.path().join("oig.toml");
    let check = |text: &str| {
        std::fs::write(&file, text).expect("the test's folder can be written");
        let output = oig().args(["serve", "--check", "--settings"]).arg(&file).output().expect("oig can be started");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let (code, said) = check("[limits]\nsessions = 7\n");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("no faults"), "{said}");
    let (code, said) = check(
        "[limits]\nsessions = 0\n[[node]]\nceid = 0\naddress = '127.0.0.1'\n\
         [[application]]\ncompany = 'C'\nname = 'N'\napplication_password = 'plain-secret'\nlocal_password = 'plain-secret'\n",
    );
    assert_eq!(code, Some(1), "{said}");
    for key in
        ["limits.sessions", "node[0].ceid", "application[0].application_password", "application[0].local_password"]
    {
        assert!(said.contains(key), "{key} is not in {said}");
    }
    assert!(!said.contains("plain-secret"), "{said}");
    let (code, said) = check("[http]\nlissten = 1\n");
    assert!(code == Some(1) && said.contains("lissten"), "{said}");
}

#[tokio::test]
async fn a_port_that_is_taken_ends_the_start_with_its_address() {
    let gateway = Gateway::start(&[]).await;
    let taken = gateway.url.trim_start_matches("http://").to_owned();
    let folder = advanced::folder().to_str().expect("a path of this machine");
    let free = ["--csta-port", "0", "--sync-port", "0", "--hands-port", "0", "--peer-port", "0", "--in-memory"];
    let others = ["--https-listen", "127.0.0.1:0", "--certs-listen", "127.0.0.1:0", "--licences-listen", "127.0.0.1:0"];
    let output = oig().args(["lab", "--listen", &taken, "--data", folder]).args(free).args(others).output();
    let output = output.expect("oig can be started");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&taken), "{said}");
}
