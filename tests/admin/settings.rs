//! Settings that an administrator changes: valid at once, or at the next start; and what cannot be one.

use super::{PASSWORD, Site};
use crate::certs::people::Page;
use crate::common::app::{App, log_in, login_request};
use crate::common::cluster::Node;

/// What the page's form has in it, as a browser would send it back, with these instead.
fn form<'a>(page: &'a Page, instead: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields: Vec<(&str, &str)> = Vec::new();
    for part in page.body.split("<input id=\"").skip(1) {
        let name = part.split('"').next().expect("an id");
        let value = part.split_once(" value=\"").and_then(|(_, rest)| rest.split('"').next()).expect("a value");
        fields.push((name, value));
    }
    for part in page.body.split("<textarea id=\"").skip(1) {
        let name = part.split('"').next().expect("an id");
        let (_, rest) = part.split_once('>').expect("a text");
        fields.push((name, rest.split("</textarea>").next().expect("its end")));
    }
    for (name, value) in instead {
        fields.retain(|(own, _)| own != name);
        fields.push((name, value));
    }
    fields
}

#[tokio::test]
async fn a_setting_is_changed_and_valid_at_once_or_at_the_next_start_as_the_page_says() {
    let node = Node::start(1).await;
    let mut site = Site::start(&[&node]).await;
    let address = node.address.to_string();
    let app = App::login(&site.gateway.url).await;
    app.watch(&address, "1000").await;
    let icp = app.icp(&address).await;
    let second = app.phone_id(icp, "1001").await.expect("a phone");
    let root = site.signed_in("administrator").await;

    let page = root.get("/settings").await;
    root.press("/settings", "/settings", &form(&page, &[("limits.application.monitors", "1")]))
        .await
        .leads_to("/admin/settings");
    let refused = app.monitor_object(second).await.expect_err("one is all");
    assert!(refused.contains("monitors"), "{refused}");
    let page = root.get("/settings").await;
    page.is(200, "In the file: empty.");
    assert!(!page.text().contains("next start"), "it is valid");
    let as_before = [("limits.application.monitors", ""), ("limits.sessions", "1")];
    root.press("/settings", "/settings", &form(&page, &as_before)).await.leads_to("/admin/settings");
    app.monitor_object(second).await.expect("as in the file");
    root.get("/settings").await.is(200, "One of them is valid at the gateway’s next start.");

    let audit = site.gateway.admin(&["audit"], "").expect("read");
    assert!(audit.contains("change settings") && audit.contains("limits.sessions"), "{audit}");
    site.gateway.kill_and_start().await;
    // The one that was there goes on.
    let client = oig::client::SoapClient::new(&site.gateway.url).expect("an HTTP client can be made");
    assert!(!log_in(&client, login_request()).await.result, "one session is all");
}

#[tokio::test]
async fn what_is_no_setting_is_said_and_changes_nothing() {
    let site = Site::start(&[]).await;
    let (root, twin) = (site.signed_in("administrator").await, site.signed_in("administrator").await);
    for (key, text) in [
        ("limits.sessions", "0"),
        ("limits.sessions", "many"),
        ("log.filter", "<b>=loud"),
        ("push.allowed_networks", "10.0.0.0/33"),
        ("http.trusted_proxies", "proxy.example"),
        ("ha.successor", "other"),
        ("acl.url", "no url"),
        ("journal.grace_s", "3601"),
    ] {
        let page = root.get("/settings").await;
        let answer = root.press("/settings", "/settings", &form(&page, &[(key, text)])).await;
        answer.is(422, key);
        assert!(!answer.body.contains("<b>="), "markup is shown, not used");
    }
    let page = twin.get("/settings").await;
    let version = twin.version.lock().expect("not poisoned").clone();
    let own = root.get("/settings").await;
    root.press("/settings", "/settings", &form(&own, &[("log.filter", "warn")])).await.leads_to("/admin/settings");
    let late = [&form(&page, &[("log.filter", "debug")])[..], &[("version", &version)]].concat();
    twin.post("/settings", &late).await.is(409, "changed meanwhile");
    let audit = site.gateway.admin(&["audit"], "").expect("read");
    assert_eq!(audit.matches("change settings").count(), 1, "{audit}");
    assert!(!audit.contains(PASSWORD));
}
