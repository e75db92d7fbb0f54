//! A backup that an administrator downloads and a command restores, and the support bundle.

use std::io::Write as _;
use std::process::Stdio;

use super::{PASSWORD, Site, upload_with};
use crate::common::app::{App, log_in, login_request};
use crate::common::cluster::{Gateway, Node};
use crate::common::eventually;
use crate::common::process::oig;

pub(crate) const PASSPHRASE: &str = "open sesame, please";

/// `oig backup` or `oig restore` with a gateway's settings; what it said, and whether it did it.
pub(crate) fn command(gateway: &Gateway, verb: &str, file: &str, passphrase: &str) -> (bool, String) {
    let mut command = oig();
    command.arg(verb).arg(file).arg("--settings").arg(gateway.folder().join("oig.toml"));
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("the binary of this build can be started");
    let _ = writeln!(child.stdin.take().expect("piped above"), "{passphrase}");
    let output = child.wait_with_output().expect("it ends");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[tokio::test]
async fn what_is_restored_is_what_the_running_gateway_goes_on_with() {
    let (first, second) = (Node::start(1).await, Node::start(2).await);
    let site = Site::start(&[&first, &second]).await;
    let root = site.signed_in("administrator").await;
    root.get("/backup").await;
    let differ = [("passphrase", PASSPHRASE), ("again", "open sesame, pleased")];
    root.post("/backup", &differ).await.is(422, "not the same");
    root.post("/backup", &[("passphrase", "short"), ("again", "short")]).await.is(422, "12 to 128 characters");
    let kept = site.gateway.folder().join("kept.backup").to_str().expect("text").to_owned();
    assert!(command(&site.gateway, "backup", &kept, PASSPHRASE).0);
    let (done, said) = command(&site.gateway, "backup", &kept, PASSPHRASE);
    assert!(!done && said.contains("kept.backup"), "it does not overwrite: {said}");

    // Afterwards a node and an application go.
    let app = App::login(&site.gateway.url).await;
    let address = second.address.to_string();
    app.icp(&address).await;
    root.press("/nodes/2", "/nodes/2/remove", &[]).await.leads_to("/admin/nodes");
    site.gateway.admin(&["revoke", "Example Co", "Screen Pop"], "").expect("revoked");
    eventually("the session ends", async || (!app.reset().await).then_some(())).await;

    for (passphrase, text) in [("open sesame, pleased", "another, or the backup is damaged"), ("short", "12 to 128")] {
        let (done, said) = command(&site.gateway, "restore", &kept, passphrase);
        assert!(!done && said.contains(text), "{said}");
    }
    let (done, said) = command(&site.gateway, "restore", &kept, PASSPHRASE);
    assert!(done && said.contains("rows are restored"), "{said}");
    let client = oig::client::SoapClient::new(&site.gateway.url).expect("an HTTP client can be made");
    let enters = async || log_in(&client, login_request()).await.result.then_some(());
    eventually("it may enter again", enters).await;
    let app = App::login(&site.gateway.url).await;
    eventually("the node is there again", async || app.try_icp(&address).await.ok()).await;
    let told = [site.gateway.process.logged().join("\n"), site.gateway.admin(&["audit"], "").expect("read")];
    assert!(told[1].contains("restore the database") && !told.iter().any(|text| text.contains(PASSPHRASE)), "{told:?}");
}

#[tokio::test]
async fn an_administrator_restores_a_backup_in_the_browser_and_everybody_signs_in_again() {
    let (first, second) = (Node::start(1).await, Node::start(2).await);
    let site = Site::start(&[&first, &second]).await;
    let (root, reader) = (site.signed_in("administrator").await, site.signed_in("reader").await);
    let kept = site.gateway.folder().join("kept.backup").to_str().expect("text").to_owned();
    assert!(command(&site.gateway, "backup", &kept, PASSPHRASE).0);
    let file = std::fs::read(&kept).expect("it is there");
    let app = App::login(&site.gateway.url).await;
    let address = second.address.to_string();
    app.icp(&address).await;
    root.press("/nodes/2", "/nodes/2/remove", &[]).await.leads_to("/admin/nodes");

    let restore = async |fields: &[(&str, &str)], file: &[u8]| {
        root.get("/backup").await;
        upload_with(&root, "/backup/restore", fields, "file", file).await
    };
    let right = [("passphrase", PASSPHRASE), ("replace", "true")];
    let mut changed = file.clone();
    *changed.last_mut().expect("not empty") ^= 1;
    type Bad<'a> = (&'a [(&'a str, &'a str)], &'a [u8], &'a str);
    let bad: &[Bad<'_>] = &[
        (&right[..1], &file, "Confirm that everything is replaced."),
        (&right, b"", "Choose the file of a backup."),
        (&right, b"../../etc/passwd", "This is no backup of a gateway."),
        (&right, b"{}\n", "This is no backup of a gateway."),
        (&right, &changed, "the backup is damaged."),
        (&right, &file[..file.len() / 2], "the backup is damaged."),
        (&[("passphrase", "open sesame, pleased"), right[1]], &file, "The passphrase is another"),
        (&[("passphrase", "short"), right[1]], &file, "12 to 128 characters"),
    ];
    for (fields, file, text) in bad {
        restore(fields, file).await.is(422, text);
    }
    root.get("/nodes/2").await.is(404, "There is no such page.");
    let page = restore(&right, &vec![b'x'; 17 * 1024 * 1024]).await;
    page.is(413, "What was sent is too large.");
    reader.get("/").await;
    upload_with(&reader, "/backup/restore", &right, "file", &file).await.is(403, "Your account may not do this.");
    let nobody = site.somebody();
    upload_with(&nobody, "/backup/restore", &right, "file", &[b'x'; 100 * 1024]).await.is(413, "too large");

    restore(&right, &file).await.is(200, "The backup is restored");
    app.try_icp(&address).await.expect("the node is there when the page is");
    for person in [&root, &reader] {
        person.get("/nodes").await.leads_to("/admin/sign-in?to=/admin/nodes");
    }
    let again = site.signed_in("administrator").await;
    again.get("/nodes/2").await.is(200, "Node 2");
    again.get("/log").await.is(200, "restore");
    let told = site.gateway.process.logged().join("\n");
    assert!(told.contains("A BACKUP WAS RESTORED") && !told.contains(PASSPHRASE), "{told}");
}

#[tokio::test]
async fn a_support_bundle_tells_how_the_gateway_is_and_no_secret() {
    let node = Node::start(1).await;
    let site = Site::start(&[&node]).await;
    let app = App::login(&site.gateway.url).await;
    app.watch(&node.address.to_string(), "1000").await;
    let root = site.signed_in("administrator").await;
    let page = root.get("/support").await;
    assert_eq!((page.status, page.header("content-type")), (200, "application/json"));
    assert!(page.header("content-disposition").contains("oig-support.json"));
    let bundle: serde_json::Value = serde_json::from_str(&page.body).expect("JSON");
    assert_eq!(bundle["nodes"][0]["state"], "connected");
    assert_eq!(bundle["nodes"][0]["monitors"], 1);
    assert_eq!(bundle["sessions"][0]["application"], "Example Co / Screen Pop");
    assert!(
        bundle["log"]
            .as_array()
            .expect("lines")
            .iter()
            .any(|l| l.as_str().is_some_and(|l| l.contains("session begins")))
    );
    assert!(bundle["metrics"].as_str().expect("text").contains("oig_nodes_connected 1"));
    assert!(bundle["audit"].as_array().is_some_and(|lines| !lines.is_empty()));
    for secret in [&app.session_id.to_string(), PASSWORD, "$argon2id", "PRIVATE KEY"] {
        assert!(!page.body.contains(secret), "{secret} is in it");
    }
}
