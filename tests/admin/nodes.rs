//! Nodes that an administrator adds, changes, tries and removes while applications are there.

use schemas::contract::cc::CallState;

use super::{PASSWORD, Site};
use crate::common::app::App;
use crate::common::cluster::{Gateway, Node};
use crate::common::eventually;
use crate::nodes::{hear_loss, hear_return};

/// The fields of a node's form as a browser sends them.
fn fields(node: &Node, more: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("ceid", node.ceid.to_string()),
        ("name", format!("node {}", node.ceid)),
        ("address", node.address.to_string()),
        ("port", node.csta_port.to_string()),
        ("association", node.association.to_owned()),
        ("edition", "ed5".to_owned()),
        ("kind", "MI_VB".to_owned()),
    ];
    for (name, value) in more {
        fields.retain(|(own, _)| own != name);
        fields.push((name, (*value).to_owned()));
    }
    fields
}

/// As the form sends them.
fn sent<'a>(fields: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[tokio::test]
async fn a_node_is_added_changed_and_removed_and_applications_hear_of_its_loss_and_return() {
    let (first, mut second) = (Node::start(1).await, Node::start(2).await);
    let site = Site::start(&[&first]).await;
    let app = App::login(&site.gateway.url).await;
    let root = site.signed_in("administrator").await;
    let address = second.address.to_string();
    assert_eq!(app.try_icp(&address).await.err().as_deref(), Some("The node is not configured in this gateway."));

    root.get("/nodes/new").await;
    root.post("/nodes/test", &sent(&fields(&second, &[]))).await.is(200, "The node answers: the association was made");
    root.post("/nodes/test", &sent(&fields(&second, &[("port", "1")]))).await.is(200, "There is no connection: ");
    root.post("/nodes/new", &sent(&fields(&second, &[]))).await.leads_to("/admin/nodes/2");
    eventually("connected", async || root.get("/nodes/2").await.body.contains("State</dt><dd>connected").then_some(()))
        .await;
    let icp = app.icp(&address).await;
    let object = app.watch(&address, "2000").await;
    root.get("/nodes").await.is(200, "node 2");
    root.get("/nodes/2").await.is(200, "Monitors 1");
    root.get("/nodes/new").await;
    root.post("/nodes/new", &sent(&fields(&second, &[]))).await.is(422, "There is already: node 2");

    // A name is no reason to connect anew; a wish is, and a change of how it is reached.
    root.press("/nodes/2", "/nodes/2", &sent(&fields(&second, &[("name", "<b>Büro</b>")])))
        .await
        .leads_to("/admin/nodes/2");
    let page = root.get("/nodes").await;
    page.is(200, "<b>Büro</b>");
    assert!(!page.body.contains("<b>"), "markup is shown, not used");
    app.heard_everything().await;
    root.press("/nodes/2", "/nodes/2/reconnect", &[]).await.leads_to("/admin/nodes/2");
    hear_loss(&app, icp, &[object]).await;
    hear_return(&app, icp, &[object], CallState::Idle).await;
    root.press("/nodes/2", "/nodes/2", &sent(&fields(&second, &[("edition", "ed4")]))).await.leads_to("/admin/nodes/2");
    hear_loss(&app, icp, &[object]).await;
    hear_return(&app, icp, &[object], CallState::Idle).await;

    // Why it is not connected is told where it is looked for.
    second.process.kill();
    hear_loss(&app, icp, &[object]).await;
    eventually("the fault", async || {
        let overview = root.get("/").await.text();
        (overview.contains("not connected") && overview.contains("connection refused")).then_some(())
    })
    .await;
    second.restart().await;
    hear_return(&app, icp, &[object], CallState::Idle).await;

    root.press("/nodes/2", "/nodes/2/remove", &[]).await.leads_to("/admin/nodes");
    hear_loss(&app, icp, &[object]).await;
    root.get("/nodes/2").await.is(404, "no such page");
    assert!(app.try_icp(&address).await.is_err());
    root.get("/nodes/new").await;
    root.post("/nodes/new", &sent(&fields(&second, &[]))).await.leads_to("/admin/nodes/2");
    hear_return(&app, icp, &[object], CallState::Idle).await;
    app.make(object, "2001").await.expect("a call is made there");
    let audit = site.gateway.admin(&["audit"], "").expect("read");
    for line in ["add node 2", "change node 2", "remove node 2", "test node 2", "reconnect node 2"] {
        assert!(audit.contains(line), "{line} is not in {audit}");
    }
}

#[tokio::test]
async fn what_a_node_cannot_be_is_said_and_changes_nothing() {
    let node = Node::start(1).await;
    let site = Site::start(&[&node]).await;
    let root = site.signed_in("administrator").await;
    let other =
        |more: &[(&'static str, &str)]| fields(&node, &[&[("ceid", "2"), ("address", "127.0.0.99")], more].concat());
    let long = "n".repeat(129);
    for (more, text) in [
        (&[("ceid", "1000")][..], "must be 1 to 999"),
        (&[("ceid", "zwei")], "The number must be a number"),
        (&[("address", "node.example")], "must be an IP address"),
        (&[("port", "0")], "must not be 0"),
        (&[("secondary", "9")], "9 is no other node"),
        (&[("association", "loud")], "association"),
        (&[("application_specific_info", "<login>x</login>")], "goes with association"),
        (&[("association", "session"), ("application_specific_info", "<login>")], "application_specific_info"),
        (&[("tls", "true"), ("ca", "/nowhere/ca.pem")], "tls.ca"),
        (&[("tls", "true")], "needs the file of the issuers"),
        (
            &[("plan", "true"), ("extension_digits", "9"), ("country_code", "1"), ("international_prefix", "011")],
            "dial_plan",
        ),
        (&[("name", &long)], "at most 128 characters"),
    ] {
        root.get("/nodes/new").await;
        root.post("/nodes/new", &sent(&other(more))).await.is(422, text);
        if more[0].0 != "secondary" {
            root.get("/nodes/new").await;
            root.post("/nodes/test", &sent(&other(more))).await.is(422, text);
        }
    }
    root.get("/nodes/new").await;
    root.post("/nodes/new", &sent(&fields(&node, &[("ceid", "2")]))).await.is(422, "already");
    // A secondary node is needed, and two administrators do not change one thing.
    let twin = site.signed_in("administrator").await;
    root.get("/nodes/new").await;
    root.post("/nodes/new", &sent(&other(&[("secondary", "1")]))).await.leads_to("/admin/nodes/2");
    root.press("/nodes/1", "/nodes/1/remove", &[]).await.is(422, "1 is no other node");
    twin.get("/nodes/2").await;
    root.press("/nodes/2", "/nodes/2", &sent(&other(&[("name", "mine")]))).await.leads_to("/admin/nodes/2");
    let version = twin.version.lock().expect("not poisoned").clone();
    let theirs = other(&[("name", "theirs")]);
    let late = [&sent(&theirs)[..], &[("version", &version)]].concat();
    twin.post("/nodes/2", &late).await.is(409, "changed meanwhile");
    root.get("/nodes/2").await.is(200, "Node 2");
    assert!(root.get("/nodes").await.body.contains("mine"));
}

#[tokio::test]
async fn a_nodes_login_is_never_shown_and_stays_until_another_is_given() {
    let node = Node::start_with(1, "session", &[]).await;
    let site = Site::start(&[]).await;
    let root = site.signed_in("administrator").await;
    let info = "<login>a secret of the node</login>";
    root.get("/nodes/new").await;
    root.post("/nodes/new", &sent(&fields(&node, &[("application_specific_info", info)])))
        .await
        .leads_to("/admin/nodes/1");
    let page = root.get("/nodes/1").await;
    page.is(200, "One is set, and stays");
    assert!(!page.body.contains("a secret"), "it is not shown");
    root.press("/nodes/1", "/nodes/1", &sent(&fields(&node, &[("name", "other")]))).await.leads_to("/admin/nodes/1");
    root.get("/nodes/1").await.is(200, "One is set, and stays");
    root.press("/nodes/1", "/nodes/1", &sent(&fields(&node, &[("forget_info", "true")])))
        .await
        .leads_to("/admin/nodes/1");
    root.get("/nodes/1").await.is(200, "None is set");
    let told = [site.gateway.process.logged().join("\n"), site.gateway.admin(&["audit"], "").expect("read")];
    assert!(!told.iter().any(|text| text.contains("a secret") || text.contains(PASSWORD)));
}

#[tokio::test]
async fn a_running_gateway_connects_to_what_a_command_adds() {
    let (first, second) = (Node::start(1).await, Node::start(2).await);
    let gateway = Gateway::start(&[&first]).await;
    let app = App::login(&gateway.url).await;
    let table = format!("[[node]]\nceid = 2\naddress = '{}'\nport = {}\n", second.address, second.csta_port);
    gateway.change_settings(|settings| format!("{settings}\n{table}"));
    gateway.admin(&["import"], "").expect("imported");
    let address = second.address.to_string();
    eventually("the node", async || app.try_icp(&address).await.ok()).await;
    let icp = app.icp(&address).await;
    eventually("its directory", async || app.phone_id(icp, "2000").await.ok()).await;
    app.watch(&address, "2000").await;
}
