//! The document as a stack that is not ours reads it: valid by the standard's own schema, and held against the running
//! gateway by schemathesis, which makes requests of it, good and bad, and looks at what comes.

use std::path::Path;
use std::process::Command;

use serde_json::Map;

use super::programs::{Program, token};
use crate::admin::Site;
use crate::common::app::App;
use crate::common::cluster::{Node, With};
use crate::toolkits::{interpreter, run};

#[tokio::test]
async fn the_description_is_valid_and_the_gateway_does_what_it_says() {
    let node = Node::start(1).await;
    // Each request comes from an address of its own, as a proxy would say (schemathesis_hooks.py); Advanced service is to be
    // had.
    let with = With { trusted_proxies: &["127.0.0.1"], advanced: true, ..With::default() };
    let site = Site::start_with(&[&node], with).await;
    let _app = App::login(&site.gateway.url).await;
    let document = Program::new(&site, "").get("/openapi.json").await;
    assert_eq!((document.status, document.header("content-type")), (200, "application/json"));
    let folder = site.gateway.folder();
    let (file, ca) = (folder.join("openapi.json"), folder.join("ca.pem"));
    std::fs::write(&file, &document.body).expect("written");
    std::fs::write(&ca, &site.files.ca).expect("written");
    let python = interpreter("OIG_PYTHON", "target/toolkits/python/bin/python");
    let said = run(&python, &["tests/toolkits/openapi.py", file.to_str().expect("a path"), "--examples"], "").await;
    assert!(said.contains(" operations, 0 found wrong"), "{said}");

    let token = token(&site, "administrator", "schemathesis", "all");
    let program = Program::new(&site, &token);
    let mut own = Vec::new();
    for (path, name) in [("/accounts", "administrator"), ("/tokens", "schemathesis")] {
        let all = program.get(path).await.is(200);
        let found = all["items"].as_array().and_then(|items| items.iter().find(|item| item["name"] == name).cloned());
        own.push(found.expect("there")["id"].as_str().expect("an id").to_owned());
    }
    // In the test's folder: it keeps what it has seen where it runs.
    let toolkits = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/toolkits");
    for name in ["schemathesis.toml", "schemathesis_hooks.py"] {
        std::fs::copy(toolkits.join(name), folder.join(name)).expect("copied");
    }
    let proxies = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"];
    let api = format!("{}/admin/api/v1", site.url);
    let out = Command::new(&python)
        .args(["-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run"])
        .args([&format!("{api}/openapi.json"), "--url", &api, "--no-color"])
        .args(["--tls-verify", "ca.pem"])
        .env("OIG_ADMIN_TOKEN", token)
        .env("OIG_OWN", own.join(","))
        .envs(proxies.map(|name| (name, "")))
        .current_dir(folder)
        .output()
        .expect("schemathesis runs");
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    // All but the document itself.
    let document = document.json();
    let items = document["paths"].as_object().expect("paths").values();
    let operations = items.map(|item| item.as_object().map_or(0, Map::len));
    let tested = format!("Tested: {}", operations.sum::<usize>() - 1);
    assert!(out.status.success() && said.contains(&tested), "{tested}: {said}");
    assert!(!said.contains("Authentication failed"), "it had its rights to the end: {said}");
    let logged = site.gateway.process.logged().join("\n");
    assert!(!logged.contains("panic"), "{logged}");
}
