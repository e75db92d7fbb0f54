//! Programs change settings, one or several, and take changes back.

use reqwest::Method;
use serde_json::{Value, json};

use super::programs::{Answer, Program, token};
use crate::admin::Site;
use crate::common::app::{App, log_in, login_request};
use crate::common::cluster::Node;

/// The setting of a key.
#[track_caller]
fn setting(settings: &Value, key: &str) -> Value {
    let all = settings["settings"].as_array().expect("settings");
    all.iter().find(|setting| setting["key"] == key).cloned().expect("it can be changed")
}

#[tokio::test]
async fn a_program_changes_a_setting_and_takes_it_back_and_it_is_valid_as_it_is_told() {
    let node = Node::start(1).await;
    let mut site = Site::start(&[&node]).await;
    let address = node.address.to_string();
    let app = App::login(&site.gateway.url).await;
    app.watch(&address, "1000").await;
    let second = app.phone_id(app.icp(&address).await, "1001").await.expect("a phone");
    let root = Program::new(&site, &token(&site, "administrator", "root", "all"));
    let all = root.get("/settings").await;
    assert_eq!(all.header("etag"), "\"0\"");
    let monitors = setting(&all.is(200), "limits.application.monitors");
    assert_eq!(
        (
            monitors["value"].as_str(),
            monitors["source"].as_str(),
            monitors["valid"].as_str(),
            monitors["maximum"].as_u64()
        ),
        (Some(""), Some("file"), Some("at_once"), Some(100_000))
    );
    let change =
        async |tag: &str, to: Value| -> Answer { root.change(Method::PATCH, "/settings", tag, Some(&to)).await };

    let changed = change("\"0\"", json!({ "limits.application.monitors": "1" })).await;
    let told = changed.is(200);
    assert_eq!((changed.header("etag"), told["version"].as_i64()), ("\"1\"", Some(1)));
    let monitors = setting(&told, "limits.application.monitors");
    assert_eq!(
        (monitors["value"].as_str(), monitors["source"].as_str(), monitors["waits"].as_bool()),
        (Some("1"), Some("changed"), Some(false))
    );
    assert!(app.monitor_object(second).await.expect_err("one is all").contains("monitors"));
    // Another changes another one: what is not among it stays; who saw the settings before is refused.
    change("\"0\"", json!({ "limits.sessions": "7" })).await.refused(412, "changed");
    let told = change("\"1\"", json!({ "limits.sessions": "1" })).await.is(200);
    assert_eq!(setting(&told, "limits.application.monitors")["value"], "1");
    let sessions = setting(&told, "limits.sessions");
    assert_eq!((sessions["valid"].as_str(), sessions["waits"].as_bool()), (Some("at_next_start"), Some(true)));
    let told = change("*", json!({ "limits.application.monitors": null })).await.is(200);
    assert_eq!(setting(&told, "limits.application.monitors")["source"], "file");
    assert_eq!(setting(&told, "limits.sessions")["value"], "1");
    app.monitor_object(second).await.expect("as in the file");

    let audit = site.gateway.admin(&["audit"], "").expect("read");
    assert_eq!(audit.matches("administrator by token root (127.0.0.1) change settings").count(), 3, "{audit}");
    site.gateway.kill_and_start().await;
    let client = oig::client::SoapClient::new(&site.gateway.url).expect("an HTTP client can be made");
    assert!(!log_in(&client, login_request()).await.result, "the one that was there is all");
}

#[tokio::test]
async fn what_is_no_setting_is_a_problem_and_changes_nothing() {
    let site = Site::start(&[]).await;
    let root = Program::new(&site, &token(&site, "administrator", "root", "all"));
    let before = root.get("/settings").await.body;
    for (to, kind, words) in [
        (json!({ "limits.sessions": "0" }), "refused", "limits.sessions: must be a number, 1 to 1500"),
        (json!({ "limits.sessions": 7 }), "not-as-described", ""),
        (json!({ "limits.sessions": "9", "log.filter": "a=loud" }), "refused", "log.filter"),
        (json!({ "push.allowed_networks": "10.0.0.0/33" }), "refused", "push.allowed_networks"),
        (json!({ "http.listen": "0.0.0.0:80" }), "refused", "no such setting"),
        (json!({ "http.listen": null }), "refused", "no such setting"),
        (json!({ "secret": "secret" }), "refused", "no such setting"),
        (json!({ "log.filter": "a".repeat(4001) }), "refused", "log.filter"),
    ] {
        let answer = root.change(Method::PATCH, "/settings", "*", Some(&to)).await;
        answer.refused(422, kind);
        assert!(answer.body.contains(words) && !answer.body.contains("secret"), "{}", answer.body);
    }
    root.change(Method::PATCH, "/settings", "*", Some(&json!({}))).await.is(200);
    let nothing = json!({ "log.filter": null });
    root.change(Method::PATCH, "/settings", "\"0\"", Some(&nothing)).await.is(200);
    assert_eq!(root.get("/settings").await.body, before);
    let audit = site.gateway.admin(&["audit"], "").expect("read");
    assert!(!audit.contains("change settings"), "{audit}");
}
