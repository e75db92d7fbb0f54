//! The node on real sockets and its hands over HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::*;
use crate::sim::listen::{self, Addresses, RunningNode};

async fn running(number: u16, partners: Vec<(Ceid, SocketAddr)>) -> RunningNode {
    listen::run(plan(number), Addresses::free(), partners, Env::system()).await.expect("free ports")
}

/// One request; status and body.
async fn http(at: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(at).await.expect("open");
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply).await;
    let reply = String::from_utf8(reply).expect("text");
    let (head, body) = reply.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
    (status, body.to_owned())
}

async fn post(node: &RunningNode, path: &str, body: Value) -> (u16, Value) {
    let (status, body) = http(node.addresses().hands, "POST", path, "", &body.to_string()).await;
    (status, serde_json::from_str(&body).expect("JSON"))
}

async fn get(node: &RunningNode, path: &str) -> (u16, String) {
    http(node.addresses().hands, "GET", path, "", "").await
}

#[tokio::test]
async fn hands_call_over_http_and_the_truth_is_read_there() {
    let node = running(1, vec![]).await;
    let (status, reply) = post(&node, "/phones/1000/dial", json!({ "number": "1001" })).await;
    assert_eq!((status, &reply["seq"]), (200, &json!(4)));
    assert_eq!(post(&node, "/phones/1001/answer", json!({})).await.0, 200);
    let (status, body) = get(&node, "/phones/1000").await;
    let phone: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((status, &phone["legs"][0]["state"]), (200, &json!("connected")));
    let (status, lines) = get(&node, "/truth?since=4").await;
    let records: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!((status, records.len()), (200, 2));
    let keys: Vec<&str> = records[0].as_object().expect("an object").keys().map(String::as_str).collect();
    for key in ["seq", "at_ms", "node", "dn", "line", "leg", "gcid", "state", "cause", "other"] {
        assert!(keys.contains(&key), "{key}");
    }
    assert_eq!(records[0]["cause"], "normal");
    let (_, now) = get(&node, "/truth/now").await;
    let now: Value = serde_json::from_str(&now).expect("JSON");
    assert_eq!((&now["seq"], now["phones"].as_array().map(Vec::len)), (&json!(6), Some(2)));
    assert_eq!(post(&node, "/phones/1000/hangup", json!({ "line": 1 })).await.0, 200);
    node.stop().await;
}

#[tokio::test]
async fn hands_handle_calls_in_every_way_over_http() {
    let node = running(1, vec![]).await;
    for (path, body) in [
        ("1000/dial", json!({ "number": "1001" })),
        ("1001/answer", json!({})),
        ("1000/consult", json!({ "number": "1002" })),
        ("1002/redirect", json!({ "number": "1003" })),
        ("1004/pickup", json!({ "number": "1003" })),
        ("1000/alternate", json!({})),
        ("1000/cancel", json!({})),
        ("1000/consult", json!({ "number": "1500" })),
        ("1000/newcall", json!({})),
        ("1000/digits", json!({ "number": "1005" })),
        ("1005/answer", json!({})),
        ("1000/digits", json!({ "number": "42#" })),
        ("1000/conference", json!({})),
        ("1000/split", json!({})),
        ("1000/transfer", json!({})),
    ] {
        assert_eq!(post(&node, &format!("/phones/{path}"), body).await.0, 200, "{path}");
    }
    let (_, phone) = get(&node, "/phones/1005").await;
    let phone: Value = serde_json::from_str(&phone).expect("JSON");
    assert_eq!((&phone["legs"][0]["tones"], &phone["legs"][0]["other"]), (&json!("42#"), &json!("1004")));
    node.stop().await;
}

#[tokio::test]
async fn what_hands_get_wrong_is_said_and_changes_nothing() {
    let node = running(1, vec![]).await;
    for (path, body, status, error) in [
        ("/phones/1000/answer", json!({}), 409, "nothing to answer"),
        ("/phones/1000/login", json!({ "user": "1900", "pin": "1234" }), 409, "does not accept hot desk users"),
        ("/phones/1010/login", json!({ "user": "1900", "pin": "4321" }), 409, "The PIN is wrong"),
        ("/phones/1010/login", json!({ "user": "1900", "pin": 7351 }), 400, "pin is a text of 1 to 8 digits"),
        ("/phones/1010/login", json!({ "user": "x", "pin": "1234" }), 400, "user is no extension"),
        ("/phones/1010/login", json!({ "pin": "1234" }), 409, "does not know this hot desk user"),
        ("/phones/1010/logout", json!({}), 409, "No hot desk user is logged in there"),
        ("/phones/1000/transfer", json!({}), 409, "no active call"),
        ("/phones/1000/consult", json!({}), 400, "number"),
        ("/phones/1000/pickup", json!({ "number": "12345678" }), 400, "no extension"),
        ("/phones/1000/pickup", json!({ "number": "1001" }), 409, "nothing to answer"),
        ("/outside/call", json!({}), 400, "the body"),
        ("/outside/call", json!({ "to": "+16135559999" }), 409, "not a number to dial"),
        ("/outside/call", json!({ "from": "4165551234", "to": "+16135551000" }), 409, "not a number to dial"),
        ("/outside/77/answer", json!({}), 404, "no such call"),
        ("/outside/77/dance", json!({}), 404, "no such verb"),
        ("/phones/1000/handoff", json!({}), 409, "no member of the group"),
        ("/phones/1015/handoff", json!({}), 409, "no call to hand off"),
        ("/phones/1005/onebusy", json!({}), 400, "on is missing"),
        ("/phones/1000/onebusy", json!({ "on": true }), 409, "does not know this group"),
        ("/phones/1000/fly", json!({}), 404, "no such verb"),
        ("/phones/2000/offhook", json!({}), 404, "no such phone or button"),
        ("/phones/abc/offhook", json!({}), 404, "no such phone"),
        ("/phones/1000/offhook", json!({ "line": 9 }), 404, "no such phone or button"),
        ("/phones/1000/dial", json!({}), 400, "number"),
        ("/phones/1000/dial", json!({ "numbr": "1001" }), 400, "numbr"),
        ("/phones/1000/dial", json!({ "number": 1001 }), 400, "string"),
        ("/phones/1000/dnd", json!({}), 400, "on is missing"),
        ("/phones/1000/forward", json!({ "number": "1001" }), 400, "type is missing"),
        ("/phones/1000/forward", json!({ "type": "sometimes", "number": "1001" }), 400, "noAnswerExternal"),
        ("/phones/1000/forward", json!({ "type": "always" }), 400, "number is missing"),
        ("/phones/1000/forward", json!({ "type": "always", "number": "1000" }), 409, "cannot be forwarded"),
        ("/faults/link", json!({ "mode": "melt" }), 400, "melt"),
        ("/faults/link", json!({ "mode": "mute", "for_ms": -1 }), 400, "a time"),
        ("/faults/answer", json!({ "delay_ms": 1, "never": true }), 400, "one of"),
        ("/faults/answer", json!({ "service": "HoldCal", "never": true }), 400, "HoldCall"),
        ("/faults/frame", json!({ "event": "Heldd", "do": "drop" }), 400, "Held"),
        ("/faults/fire", json!({}), 404, "no such fault"),
        ("/nowhere", json!({}), 404, "no such path"),
    ] {
        let (got, reply) = post(&node, path, body).await;
        let text = reply["error"].as_str().expect("an error");
        assert!(got == status && text.contains(error), "{path}: {got} {text}");
    }
    let hands = node.addresses().hands;
    assert_eq!(http(hands, "POST", "/phones/1000/dial", "", "{").await.0, 400);
    assert_eq!(http(hands, "POST", "/phones/1000/dial", "", &"x".repeat(10_000)).await.0, 413);
    assert_eq!(http(hands, "POST", "/phones/1000/offhook", "Origin: http://page\r\n", "").await.0, 403);
    assert_eq!(get(&node, "/truth?since=x").await.0, 400);
    assert!(node.node().truth(0).await.expect("alive").is_empty());
    node.stop().await;
}

#[tokio::test]
async fn two_nodes_find_each_other_and_a_call_goes_across() {
    let a = running(1, vec![]).await;
    let ceid = Ceid::new(1).expect("a CEID");
    let b = running(2, vec![(ceid, a.addresses().partners)]).await;
    while a.node().truth_now().await.expect("alive").partners.is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    hand(a.node(), "1000", Deed::Dial("2000".into())).await.expect("dialled");
    while states(b.node(), "2000").await.is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    b.stop().await;
    while !states(a.node(), "1000").await.is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    a.stop().await;
}

#[tokio::test]
async fn a_gateway_over_tcp_is_reset_refused_and_back() {
    let node = running(1, vec![]).await;
    let csta = node.addresses().csta;
    let mut gateway = Gateway::over(TcpStream::connect(csta).await.expect("open"));
    gateway.register().await;
    gateway.monitor("1000").await;
    assert_eq!(post(&node, "/faults/link", json!({ "mode": "reset", "for_ms": 300 })).await.0, 200);
    assert!(gateway.is_ended().await);
    while TcpStream::connect(csta).await.is_ok() {
        sleep(Duration::from_millis(5)).await;
    }
    let mut gateway = loop {
        match TcpStream::connect(csta).await {
            Ok(stream) => break Gateway::over(stream),
            Err(_) => sleep(Duration::from_millis(5)).await,
        }
    };
    gateway.register().await;
    node.stop().await;
    assert!(gateway.is_ended().await);
    assert!(TcpStream::connect(csta).await.is_err(), "every port is closed");
}

#[tokio::test]
async fn hands_are_on_loopback_only() {
    let addresses = Addresses { hands: "0.0.0.0:0".parse().expect("an address"), ..Addresses::free() };
    assert!(listen::run(plan(1), addresses, vec![], Env::system()).await.is_err());
}

#[tokio::test]
async fn many_nodes_of_one_process_share_its_threads() {
    let mut nodes = Vec::new();
    for number in 1..=40 {
        let plan = Plan::sized(Ceid::new(number).expect("a CEID"), 10_000 + 100 * u32::from(number), 10);
        let any = "127.0.0.1:0".parse().expect("an address");
        nodes.push(listen::run_csta(plan, any, Env::system()).await.expect("a free port"));
    }
    for (number, node) in (1..).zip(&nodes) {
        let stream = TcpStream::connect(node.addresses().csta).await.expect("open");
        let mut gateway = Gateway::over(stream);
        gateway.register().await;
        gateway.monitor(&(10_000 + 100 * number).to_string()).await;
    }
    for node in nodes {
        node.stop().await;
    }
}
