//! Programs take backups, which a command restores.

use serde_json::json;

use super::programs::{Program, token};
use crate::admin::Site;
use crate::admin::backups::{PASSPHRASE, command};
use crate::common::cluster::Node;

#[tokio::test]
async fn a_program_takes_a_backup_that_a_command_restores_and_the_passphrase_is_nowhere() {
    let node = Node::start(1).await;
    let site = Site::start(&[&node]).await;
    let root = Program::new(&site, &token(&site, "administrator", "nightly", "backup:make"));
    for (body, kind) in [
        (json!({ "passphrase": "short" }), "refused"),
        (json!({ "passphrase": "x".repeat(129) }), "refused"),
        (json!({}), "not-as-described"),
        (json!({ "passphrase": PASSPHRASE, "again": PASSPHRASE }), "not-as-described"),
    ] {
        root.post("/backup", &body).await.refused(422, kind);
    }
    let audit = || site.gateway.admin(&["audit"], "").expect("read");
    assert!(!audit().contains("download backup"), "none was taken");
    let made = root.post("/backup", &json!({ "passphrase": PASSPHRASE })).await;
    assert_eq!((made.status, made.header("content-type")), (200, "application/octet-stream"), "{}", made.body);
    assert_eq!(made.header("content-disposition"), "attachment; filename=\"oig.backup\"");
    assert!(made.body.starts_with("{\"oig_backup\":") && !made.body.contains("Screen Pop"), "it is sealed");

    let file = site.gateway.folder().join("by-program.backup");
    std::fs::write(&file, &made.bytes).expect("written");
    let file = file.to_str().expect("text").to_owned();
    site.gateway.admin(&["revoke", "Example Co", "Screen Pop"], "").expect("revoked");
    let (done, said) = command(&site.gateway, "restore", &file, "another passphrase");
    assert!(!done && said.contains("another, or the backup is damaged"), "{said}");
    let (done, said) = command(&site.gateway, "restore", &file, PASSPHRASE);
    assert!(done && said.contains("rows are restored"), "{said}");
    let applications = site.gateway.admin(&["applications"], "").expect("listed");
    assert!(applications.contains("may enter  Standard  Example Co / Screen Pop"), "{applications}");
    // What is restored has the token, too, which was there when it was made.
    assert_eq!(root.post("/backup", &json!({ "passphrase": PASSPHRASE })).await.status, 200);
    let told = [site.gateway.process.logged().join("\n"), audit()];
    assert!(told[1].contains("administrator by token nightly (127.0.0.1) download backup"), "{}", told[1]);
    assert!(!told.iter().any(|text| text.contains(PASSPHRASE)), "{told:?}");
}
