//! The lab's console: its page in a real browser, what it is served with, and who is turned away.

use std::path::Path;

use oig::sim::truth::TruthState;
use serde_json::Value;

use crate::common::cluster::{Gateway, Lab};
use crate::common::http::{Answer, Connection, get};
use crate::common::{Folder, eventually};
use crate::toolkits::{interpreter, run};

/// Runs a script of `tests/console` in a browser that looks at a lab of its own; it takes these pictures.
async fn a_person_does(script: &str, shown: &[&str]) {
    a_person_does_at(Lab::start().await, script, shown).await;
}

async fn a_person_does_at(lab: Lab, script: &str, shown: &[&str]) {
    let node = interpreter("OIG_NODE", "target/toolkits/node/bin/node");
    let (hands, folder) = ([1, 2, 3].map(|n| lab.hands(n).base()), Folder::new());
    // Kept where somebody wants to look at them.
    let kept = std::env::var("OIG_SCREENSHOTS").unwrap_or_default();
    let pictures = if kept.is_empty() { folder.path().to_str().expect("a path of this machine") } else { &kept };
    let arguments = [script, &lab.url, hands[0], hands[1], hands[2], pictures];
    let said = run(&node, &arguments, "").await;
    assert!(said.contains("as agreed"), "{said}");
    for name in shown {
        assert!(Path::new(pictures).join(format!("{name}.png")).exists(), "there is no picture of {name}");
    }
    assert!(!lab.process.logged().iter().any(|line| line.contains("86420975")), "no PIN that was keyed is logged");
}

#[tokio::test]
async fn a_person_at_a_keyboard_runs_the_lab_in_a_browser() {
    a_person_does("tests/console/console.mjs", &["idle", "consultation", "no-power"]).await;
}

#[tokio::test]
async fn the_page_fits_narrow_and_wide_screens_light_and_dark() {
    a_person_does("tests/console/looks.mjs", &["dark", "narrow", "middle", "wide", "narrow-dark"]).await;
}

#[tokio::test]
async fn a_person_at_a_keyboard_uses_features_and_is_called_from_outside() {
    a_person_does("tests/console/features.mjs", &["login", "users", "waiting", "outside"]).await;
}

#[tokio::test]
async fn a_person_at_a_keyboard_sees_where_a_shared_line_is_in_use() {
    let shared = ["--key-line", "1600=1012/3,1013/3,1014/3", "--multicall-line", "1601=1002/3,1003/3"];
    let pictures = ["key-line-rings", "key-line-in-use", "key-line-held", "key-line-narrow", "multicall"];
    a_person_does_at(Lab::start_as("info", &shared).await, "tests/console/shared.mjs", &pictures).await;
}

/// The address in a URL: what a browser sends as Host.
fn host(lab: &Lab) -> &str {
    lab.url.strip_prefix("http://").expect("plain HTTP")
}

/// A request with exactly these headers.
async fn ask(lab: &Lab, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut connection = Connection::open(&lab.url).await;
    let head: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    connection.send(format!("{method} {path} HTTP/1.1\r\n{head}Content-Length: {length}\r\n\r\n{body}")).await;
    connection.answer().await.expect("an answer")
}

fn error(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_else(|e| panic!("{:?}: {e}", answer.body));
    body["error"].as_str().expect("a refusal has an error").to_owned()
}

#[tokio::test]
async fn the_page_may_do_what_hands_do_and_others_nothing() {
    let lab = Lab::start().await;
    let host = host(&lab);
    let own = format!("http://{host}");
    let dial = "/lab/nodes/1/phones/1000/dial";
    let body = "{\"number\":\"2001\"}";
    for headers in [
        &[("Host", host), ("Origin", "http://page.example")][..],
        &[("Host", host), ("Origin", "null")],
        &[("Host", host), ("Origin", &own), ("Sec-Fetch-Site", "cross-site")],
        &[("Host", host), ("Origin", "http://localhost")],
        &[("Host", "page.example"), ("Origin", "http://page.example"), ("Sec-Fetch-Site", "same-origin")],
        &[("Host", "10.0.0.1:8080")],
    ] {
        for (method, path) in [("POST", dial), ("DELETE", "/lab/nodes/2/faults"), ("GET", "/lab/events")] {
            let answer = ask(&lab, method, path, headers, if method == "POST" { body } else { "" }).await;
            assert_eq!(answer.status, 403, "{method} {path} {headers:?}");
            assert!(!error(&answer).is_empty() && answer.header("access-control-allow-origin").is_none());
        }
    }
    let truth = lab.hands(1).truth().await;
    assert!(truth.seq == 0 && truth.phones.is_empty(), "nothing was done");

    let page = [("Host", host), ("Origin", &own), ("Sec-Fetch-Site", "same-origin")];
    for (method, path, body, status, text) in [
        ("POST", "/lab/nodes/1/phones/1000/answer", "", 409, "nothing to answer"),
        ("POST", "/lab/nodes/1/phones/1000/dial", "{}", 400, "number is missing"),
        ("POST", "/lab/nodes/1/phones/1000/dial", "{", 400, "the body"),
        ("POST", "/lab/nodes/1/phones/4000/answer", "", 404, "no such phone"),
        ("POST", "/lab/nodes/4/phones/1000/answer", "", 404, "no such path"),
        ("POST", "/lab/nodes/1/faults/power", "{\"down_ms\":-1}", 400, "a time"),
        ("GET", "/lab/nothing", "", 404, "no such path"),
        ("POST", "/lab", "", 404, "no such path"),
    ] {
        let answer = ask(&lab, method, path, &page, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert!(error(&answer).contains(text), "{path}: {}", answer.body);
    }
    assert_eq!(ask(&lab, "POST", dial, &page, &" ".repeat(5000)).await.status, 413);
    assert_eq!(lab.hands(1).truth().await.seq, 0, "what is refused changes nothing");

    let answer = ask(&lab, "POST", dial, &page, body).await;
    assert!(answer.status == 200 && answer.body.starts_with("{\"seq\":"), "{}", answer.body);
    lab.hands(2).until("2001", &[TruthState::Alerting]).await;
    // A tool is no page; the hands' own port takes no page still.
    assert_eq!(ask(&lab, "POST", "/lab/nodes/2/phones/2001/answer", &[("Host", "localhost")], "").await.status, 200);
    lab.hands(1).until("1000", &[TruthState::Connected]).await;
}

#[tokio::test]
async fn the_page_is_served_with_everything_forbidden_that_it_does_not_need() {
    let lab = Lab::start().await;
    for (path, kind) in [
        ("/lab", "text/html; charset=utf-8"),
        ("/lab/", "text/html; charset=utf-8"),
        ("/lab/console.css", "text/css; charset=utf-8"),
        ("/lab/console.js", "text/javascript; charset=utf-8"),
        ("/lab/icon.svg", "image/svg+xml"),
    ] {
        let answer = get(&lab.url, path, &[("Host", host(&lab))]).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{path}");
        let policy = answer.header("content-security-policy").expect("a policy");
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.split("; ").any(|p| p == part), "{part} is not in {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("x-frame-options"), Some("deny"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        // Nothing of the page comes from elsewhere; names of formats are no addresses to load from.
        let text = answer.body.replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains("://"), "{path} names another place");
    }
    let page = get(&lab.url, "/lab", &[("Host", host(&lab)), ("Sec-Fetch-Site", "cross-site")]).await;
    assert_eq!(page.status, 200, "a link of another page may lead here");
    for inline in ["<style", "style=", " onclick", "javascript:"] {
        assert!(!page.body.contains(inline), "{inline} is in the page");
    }
    assert_eq!(page.body.matches("<script").count(), page.body.matches("<script type=\"module\" src=\"/lab/").count());
}

#[tokio::test]
async fn pages_that_look_have_places_and_end_with_the_lab() {
    let mut lab = Lab::start().await;
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("an HTTP client can be made");
    let look = async || client.get(format!("{}/lab/events", lab.url)).send().await.expect("an answer");
    let mut pages = Vec::new();
    for _ in 0..64 {
        pages.push(look().await);
    }
    for page in &mut pages {
        assert_eq!(page.status().as_u16(), 200);
        assert_eq!(page.headers()["content-type"], "text/event-stream");
        let first = page.chunk().await.expect("it lives").expect("the state");
        assert!(first.starts_with(b"event: state\ndata: {\"nodes\":[{"), "{first:?}");
    }
    let refused = look().await;
    assert_eq!(refused.status().as_u16(), 503);
    assert!(refused.text().await.expect("a body").contains("too many pages"));
    pages.pop();
    let newest = eventually("a page that went leaves its place", async || {
        let page = look().await;
        (page.status().as_u16() == 200).then_some(page)
    })
    .await;
    pages.push(newest);

    lab.hands(1).does_with("1000", "dial", serde_json::json!({ "number": "1001" })).await;
    for page in &mut pages[..63] {
        loop {
            let news = page.chunk().await.expect("it lives").expect("news");
            if String::from_utf8_lossy(&news).contains("\"state\":\"alerting\"") {
                break;
            }
        }
    }
    lab.process.terminate();
    for page in &mut pages {
        while page.chunk().await.expect("a whole answer").is_some() {}
    }
    assert!(lab.process.ended().await.success());
    // A lab sends no mail, and says so.
    let wrong =
        |line: &&String| (line.contains("WARN") || line.contains("ERROR")) && !line.contains("smtp.host is not set");
    let wrong: Vec<_> = lab.process.logged().iter().filter(wrong).cloned().collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test]
async fn a_gateway_that_serves_has_no_console() {
    let gateway = Gateway::start(&[]).await;
    let at = gateway.url.strip_prefix("http://").expect("plain HTTP");
    for path in ["/lab", "/lab/events", "/lab/console.js"] {
        assert_eq!(get(&gateway.url, path, &[("Host", at)]).await.status, 404, "{path}");
    }
}
