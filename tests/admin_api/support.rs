//! The support bundle for programs.

use serde_json::Value;

use super::programs::{Program, token};
use crate::admin::{PASSWORD, Site};
use crate::common::app::App;
use crate::common::cluster::Node;

#[tokio::test]
async fn a_program_takes_the_support_bundle_that_the_page_gives_and_no_secret() {
    let node = Node::start(1).await;
    let site = Site::start(&[&node]).await;
    let app = App::login(&site.gateway.url).await;
    let token = token(&site, "administrator", "night watch", "support:make");
    let made = Program::new(&site, &token).send(reqwest::Method::POST, "/support-bundle", &[], None).await;
    assert_eq!((made.status, made.header("content-type")), (200, "application/json"), "{}", made.body);
    assert_eq!(made.header("content-disposition"), "attachment; filename=\"oig-support.json\"");
    let root = site.signed_in("administrator").await;
    let page: Value = serde_json::from_str(&root.get("/support").await.body).expect("JSON");
    let bundle = made.json();
    let parts = |bundle: &Value| bundle.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(parts(&bundle), parts(&page));
    for same in ["gateway_id", "since_ms", "settings", "access_control_list", "licence"] {
        assert_eq!(bundle[same], page[same], "{same}");
    }
    assert_eq!(bundle["sessions"][0]["application"], "Example Co / Screen Pop");
    assert!(bundle["metrics"].as_str().is_some_and(|text| text.contains("oig_nodes_connected 1")));
    for secret in [&app.session_id.to_string(), PASSWORD, &token, "$argon2id", "PRIVATE KEY"] {
        assert!(!made.body.contains(secret), "{secret} is in it");
    }
    let audit = site.gateway.admin(&["audit"], "").expect("read");
    let line = "administrator by token night watch (127.0.0.1) download support bundle";
    assert_eq!(audit.matches(line).count(), 1, "{audit}");
}
