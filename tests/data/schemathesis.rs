//! Data access by REST as its description says it, held against a running gateway by a stack that is not ours: it makes requests
//! of the document, good and bad, and looks at what comes.

use std::path::Path;
use std::process::Command;

use serde_json::Map;

use super::*;
use crate::common::process::Process;
use crate::common::rest::RestClient;
use crate::toolkits::interpreter;

#[tokio::test]
async fn the_gateway_does_what_its_description_says_of_data() {
    // The address of the document's examples.
    let node = Node::start_as(1, "server-first", [127, 0, 0, 11].into(), &[], &[]).await;
    // Each request comes from an address of its own, as a proxy would say (schemathesis_data_hooks.py).
    let with = With { trusted_proxies: &["127.0.0.1"], listen: None, ..kept(&node) };
    let gateway = Gateway::start_with(&[&node], with).await;
    let app = App::login_advanced(&gateway.url).await;
    let scene = Scene::of(node, gateway, app).await;
    let folder = scene.gateway.folder();
    let toolkits = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/toolkits");
    for name in ["schemathesis_data.toml", "schemathesis_data_hooks.py"] {
        std::fs::copy(toolkits.join(name), folder.join(name)).expect("copied");
    }
    let trigger = json!({ "database": "cluster", "view": "phones" });
    let trigger = scene.ask(Method::POST, "/databases/views/triggers", &[], Some(trigger)).await.done();
    let base = format!("{}{BASE}", scene.gateway.url);
    let mut command = Command::new(interpreter("OIG_PYTHON", "target/toolkits/python/bin/python"));
    command
        .args(["-m", "schemathesis.cli", "--config-file", "schemathesis_data.toml", "run"])
        .args([&format!("{base}/openapi.json"), "--url", &base, "--no-color"])
        .args(["--include-path-regex", "^/databases"])
        .env("OIG_SESSION", scene.app.session_id.to_string())
        .env("OIG_TRIGGER", trigger["triggerId"].as_str().expect("an id"))
        // In the test's folder: it keeps what it has seen where it runs.
        .current_dir(folder);
    for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
    // Beside what keeps the session alive.
    let mut process = Process::of(command);
    let status = process.ended().await;
    let said = [process.printed(), process.logged()].concat().join("\n");
    let document = RestClient::new(&scene.gateway.url).send(Method::GET, "/openapi.json", &[], None).await.body;
    let paths = document["paths"].as_object().expect("paths");
    let of_data = paths.iter().filter(|(path, _)| path.starts_with("/databases"));
    let tested = format!("Tested: {}", of_data.map(|(_, item)| item.as_object().map_or(0, Map::len)).sum::<usize>());
    assert!(status.success() && said.contains(&tested), "{tested}: {said}");
    let logged = scene.gateway.process.logged().join("\n");
    assert!(!logged.contains("panic"), "{logged}");
    // The session and the copy are as they were.
    scene.current().await;
}
