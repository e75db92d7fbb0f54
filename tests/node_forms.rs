//! The forms of a node that is a process of its own.

use schemas::data::form;
use schemas::data::sync::Stand;
use serde_json::{Value, json};

use crate::common::cluster::Node;

async fn get(node: &Node, path: &str) -> String {
    oig::push::use_ring();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
    let url = format!("http://{}:{}{path}", node.address, node.sync_port);
    let answer = http.get(url).send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.expect("a text")
}

async fn stand(node: &Node) -> Stand {
    Stand::read(get(node, "/sync").await.as_bytes()).expect("a stand")
}

/// The elements that a node knows, by their names.
async fn elements(node: &Node) -> Vec<(Value, Value)> {
    let page = get(node, "/sync/forms/network_elements").await;
    let rows = page.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()?.get("row").cloned());
    rows.map(|row| (row["name"].clone(), row["address"].clone())).collect()
}

#[tokio::test]
async fn a_node_serves_its_forms_where_it_says_and_counts_anew_after_its_end() {
    let mut first = Node::start(1).await;
    let second = Node::start_with(2, "server-first", &[&first]).await;
    let at = |name: &str, address: String| (json!(name), json!(address));
    let gateways = [at("Gateway", "127.0.0.1".into()), at("Gateway (IPv6)", "::1".into())];
    let others = [
        at("Contact centre", "127.0.0.13".into()),
        gateways[0].clone(),
        gateways[1].clone(),
        at("Head office A", first.address.to_string()),
        at("Head office B", second.address.to_string()),
    ];
    assert_eq!(elements(&second).await, others);

    let before = stand(&first).await;
    let phones = form("phones").expect("a form");
    assert!(before.forms.iter().any(|(form, digest)| *form == phones && digest.rows == 20));
    first.restart().await;
    let after = stand(&first).await;
    assert_ne!(before.epoch, after.epoch);
    assert_eq!((after.seq, after.forms), (0, before.forms));
}
