//! The data browser for those who write applications, in Chromium.

use std::path::Path;

use super::*;
use crate::common::Folder;
use crate::common::http::get;
use crate::toolkits::{interpreter, run};

#[tokio::test]
async fn who_writes_an_application_looks_at_the_data_in_a_browser() {
    let scene = Scene::standard().await;
    let node = interpreter("OIG_NODE", "target/toolkits/node/bin/node");
    let folder = Folder::new();
    let kept = std::env::var("OIG_SCREENSHOTS").unwrap_or_default();
    let pictures = if kept.is_empty() { folder.path().to_str().expect("a path of this machine") } else { &kept };
    let database = scene.database();
    let arguments = ["tests/console/data.mjs", &scene.gateway.url, scene.node.hands.base(), &database, pictures];
    let said = run(&node, &arguments, "").await;
    assert!(said.contains("as agreed"), "{said}");
    for name in ["login", "rows", "fault", "changes"] {
        assert!(Path::new(pictures).join(format!("data-{name}-dark.png")).exists(), "there is no picture of {name}");
    }
}

#[tokio::test]
async fn the_pages_of_tools_may_run_their_own_script_alone() {
    let scene = Scene::standard().await;
    for (path, kind) in
        [("/tools/data", "text/html"), ("/tools/data.js", "text/javascript"), ("/tools/data.css", "text/css")]
    {
        let answer = get(&scene.gateway.url, path, &[]).await;
        assert_eq!(answer.status, 200, "{path}");
        let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
        assert!(header("content-type").starts_with(kind), "{path}");
        assert!(header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert!(!answer.body.contains("innerHTML") && !answer.body.contains("eval("), "{path}");
    }
    assert_eq!(get(&scene.gateway.url, "/tools/nothing", &[]).await.status, 404);
}
