//! Programs add, try, change, connect anew and remove nodes, and never see a node's login.

use reqwest::Method;
use schemas::contract::cc::CallState;
use serde_json::{Value, json};

use super::programs::{Program, token};
use crate::admin::Site;
use crate::common::app::App;
use crate::common::cluster::Node;
use crate::common::eventually;
use crate::nodes::{hear_loss, hear_return};

/// How a node is reached, with these instead.
fn settings(node: &Node, more: &Value) -> Value {
    let mut settings = json!({ "name": format!("node {}", node.ceid), "address": node.address.to_string(),
        "port": node.csta_port, "association": node.association, "kind": "MI_VB" });
    for (key, value) in more.as_object().expect("an object") {
        settings[key] = value.clone();
    }
    settings
}

fn new(node: &Node, more: &Value) -> Value {
    json!({ "ceid": node.ceid, "settings": settings(node, more) })
}

#[tokio::test]
async fn a_program_adds_tries_changes_and_removes_a_node_and_applications_hear_of_it() {
    let (first, second) = (Node::start(1).await, Node::start(2).await);
    let site = Site::start(&[&first]).await;
    let app = App::login(&site.gateway.url).await;
    let root = Program::new(&site, &token(&site, "administrator", "root", "all"));
    let address = second.address.to_string();

    let test = root.post("/nodes/test", &new(&second, &json!({}))).await.is(200);
    assert!(test["answers"] == true && test["numbers"].as_u64() > Some(0) && test["fault"].is_null(), "{test}");
    let test = root.post("/nodes/test", &new(&second, &json!({ "port": 1 }))).await.is(200);
    assert!(test["answers"] == false && test["fault"].is_string(), "{test}");
    assert!(app.try_icp(&address).await.is_err(), "a test adds nothing");

    // To JSON 2.0 is a whole number.
    let mut two = new(&second, &json!({}));
    two["ceid"] = json!(2.0);
    let made = root.post("/nodes", &two).await;
    let node = made.is(201);
    assert_eq!((made.header("location"), made.header("etag")), ("/admin/api/v1/nodes/2", "\"1\""));
    assert_eq!((node["ceid"].as_u64(), node["changed_by"].as_str()), (Some(2), Some("administrator by token root")));
    assert_eq!(node["settings"]["edition"], "ed5", "as in the settings file, what is not said has a value");
    root.post("/nodes", &two).await.refused(409, "exists");
    eventually("connected", async || {
        let node = root.get("/nodes/2").await.is(200);
        (node["connection"]["state"] == "connected" && node["connection"]["numbers"].is_u64()).then_some(())
    })
    .await;
    let icp = app.icp(&address).await;
    let object = app.watch(&address, "2000").await;
    let node = root.get("/nodes/2").await.is(200);
    assert_eq!(node["connection"]["monitors"], 1);
    let page = root.get("/nodes?limit=1").await.is(200);
    assert_eq!((page["items"][0]["ceid"].as_u64(), page["next"].as_str()), (Some(1), Some("1")));
    let page = root.get("/nodes?limit=1&after=1").await.is(200);
    assert_eq!((page["items"][0]["ceid"].as_u64(), page["next"].as_str()), (Some(2), None));

    // What was given can be sent back; a name is no reason to connect anew, and a wish is.
    let mut change = json!({ "settings": node["settings"] });
    change["settings"]["name"] = json!("<b>Büro</b>");
    let changed = root.change(Method::PUT, "/nodes/2", "\"1\"", Some(&change)).await;
    assert_eq!((changed.is(200)["settings"].clone(), changed.header("etag")), (change["settings"].clone(), "\"2\""));
    app.heard_everything().await;
    root.send(Method::POST, "/nodes/2/reconnect", &[], None).await.is(204);
    hear_loss(&app, icp, &[object]).await;
    hear_return(&app, icp, &[object], CallState::Idle).await;

    // Another program has seen it as it was before: nothing changes.
    change["settings"]["port"] = json!(1);
    root.change(Method::PUT, "/nodes/2", "\"1\"", Some(&change)).await.refused(412, "changed");
    root.change(Method::DELETE, "/nodes/2", "\"1\"", None).await.refused(412, "changed");
    app.make(object, "2001").await.expect("it is there as before");
    root.change(Method::DELETE, "/nodes/2", "\"2\"", None).await.is(204);
    root.get("/nodes/2").await.refused(404, "not-found");
    assert!(app.try_icp(&address).await.is_err());
    root.send(Method::POST, "/nodes/2/reconnect", &[], None).await.refused(404, "not-found");

    let audit = site.gateway.admin(&["audit"], "").expect("read");
    for line in ["add node 2", "change node 2", "remove node 2", "test node 2", "reconnect node 2"] {
        assert!(audit.contains(&format!("administrator by token root (127.0.0.1) {line}")), "{line}: {audit}");
    }
}

#[tokio::test]
async fn what_a_node_cannot_be_is_a_problem_and_changes_nothing() {
    let node = Node::start(1).await;
    let site = Site::start(&[&node]).await;
    let root = Program::new(&site, &token(&site, "administrator", "root", "all"));
    // How it stands with them is not what is changed.
    let versions = async || {
        let nodes = root.get("/nodes").await.is(200);
        let nodes = nodes["items"].as_array().expect("nodes").iter();
        nodes.map(|node| (node["ceid"].clone(), node["version"].clone())).collect::<Vec<_>>()
    };
    let before = versions().await;
    let of = |ceid: i64, more: &Value| {
        let mut more = more.clone();
        more["address"] = more.get("address").cloned().unwrap_or_else(|| json!("127.0.0.99"));
        json!({ "ceid": ceid, "settings": settings(&node, &more) })
    };
    let plan = json!({ "dial_plan": { "extension_digits": 8, "outside_prefix": "9", "international_prefix": "00",
                                      "country_code": "49" } });
    for (body, kind, words) in [
        (of(1000, &json!({})), "refused", "1 to 999"),
        (of(70_000, &json!({})), "not-as-described", ""),
        (of(2, &json!({ "address": "node.example" })), "not-as-described", ""),
        (of(2, &json!({ "port": 0 })), "refused", "must not be 0"),
        (of(2, &json!({ "name": "n".repeat(129) })), "refused", "at most 128 characters"),
        (of(2, &json!({ "secondary": 9 })), "refused", "9 is no other node"),
        (of(2, &json!({ "tls": { "ca": "/nowhere/ca.pem" } })), "refused", "tls.ca"),
        (of(2, &plan), "refused", "extension_digits"),
        (of(2, &json!({ "loud": true })), "not-as-described", ""),
    ] {
        let answer = root.post("/nodes", &body).await;
        answer.refused(422, kind);
        assert!(answer.body.contains(words) && !answer.body.contains("nnnn"), "{}", answer.body);
        if words != "9 is no other node" {
            root.post("/nodes/test", &body).await.refused(422, kind);
        }
    }
    // An address is one node's; a node that another needs stays.
    root.post("/nodes", &json!({ "ceid": 2, "settings": settings(&node, &json!({})) })).await.refused(409, "exists");
    assert_eq!(versions().await, before);
    root.post("/nodes", &of(2, &json!({ "secondary": 1 }))).await.is(201);
    let refused = root.change(Method::DELETE, "/nodes/1", "*", None).await;
    refused.refused(422, "refused");
    assert!(refused.body.contains("1 is no other node"), "{}", refused.body);
    for path in ["/nodes/0", "/nodes/1000", "/nodes/01", "/nodes/%00", "/nodes/3"] {
        root.get(path).await.refused(404, "not-found");
    }
    for query in ["after=0", "after=x", "after=1000", "limit=0", "page=1"] {
        root.get(&format!("/nodes?{query}")).await.refused(400, "query");
    }
}

#[tokio::test]
async fn a_nodes_login_is_taken_kept_and_forgotten_and_in_no_answer() {
    let node = Node::start_with(1, "session", &[]).await;
    let site = Site::start(&[]).await;
    let root = Program::new(&site, &token(&site, "administrator", "root", "all"));
    let secret = "<login>a secret of the node</login>";
    let mut body = new(&node, &json!({}));
    body["application_specific_info"] = json!(secret);
    let mut answers = vec![root.post("/nodes/test", &body).await, root.post("/nodes", &body).await];
    assert_eq!(answers[1].is(201)["has_application_specific_info"], true);
    let change = async |info: Option<Value>| {
        let mut change = json!({ "settings": settings(&node, &json!({ "name": "other" })) });
        if let Some(info) = info {
            change["application_specific_info"] = info;
        }
        root.change(Method::PUT, "/nodes/1", "*", Some(&change)).await
    };
    for (info, has) in [(None, true), (Some(Value::Null), false), (Some(json!(secret)), true), (Some(json!("")), false)]
    {
        let answer = change(info).await;
        assert_eq!(answer.is(200)["has_application_specific_info"], has);
        answers.push(answer);
    }
    let wrong = change(Some(json!("<login>a secret of the node"))).await;
    wrong.refused(422, "refused");
    answers.extend([wrong, root.get("/nodes").await, root.get("/nodes/1").await, root.get("/log?limit=200").await]);
    let logged = site.gateway.process.logged().join("\n");
    for text in answers.iter().map(|answer| &answer.body).chain([&logged]) {
        assert!(!text.contains("a secret"), "{text}");
    }
}
