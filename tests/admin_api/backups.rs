//! Programs take backups, which a command restores, and programs too.

use reqwest::Method;
use serde_json::json;

use super::programs::{BOUNDARY, Program, form, token};
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

#[tokio::test]
async fn a_program_restores_a_backup_and_tokens_are_those_of_the_backup_then() {
    let (first, second) = (Node::start(1).await, Node::start(2).await);
    let site = Site::start(&[&first, &second]).await;
    let of = |name: &str, scopes: &str| Program::new(&site, &token(&site, "administrator", name, scopes));
    let root = of("keeper", "backup:make,nodes:read,nodes:write");
    let early = of("early", "status:read");
    let file = root.post("/backup", &json!({ "passphrase": PASSPHRASE })).await.bytes;

    // Afterwards a node goes, and one token goes and another comes.
    root.change(Method::DELETE, "/nodes/2", "*", None).await.is(204);
    site.gateway.admin(&["remove-token", "administrator", "early"], "").expect("removed");
    let late = of("late", "backup:restore,log:read");
    let reader = site.signed_in("reader").await;
    early.get("/status").await.refused(401, "bad-token");

    let restored = late.post_form("/backup/restore", &[("passphrase", PASSPHRASE.as_bytes()), ("file", &file)]).await;
    let restored = restored.is(200);
    assert!(restored["rows"].as_u64().is_some_and(|rows| rows > 10) && restored["made_at_ms"].is_i64(), "{restored}");
    root.get("/nodes/2").await.is(200);
    reader.get("/nodes").await.leads_to("/admin/sign-in?to=/admin/nodes");
    site.signed_in("reader").await.get("/nodes").await.is(200, "Nodes");
    late.get("/log").await.refused(401, "bad-token");
    early.get("/status").await.is(200);
    let told = [site.gateway.process.logged().join("\n"), site.gateway.admin(&["audit"], "").expect("read")];
    assert!(told[0].contains("A BACKUP WAS RESTORED"), "{}", told[0]);
    assert!(told[1].contains("administrator by token late (127.0.0.1) restore the database"), "{}", told[1]);
    assert!(!told.iter().any(|text| text.contains(PASSPHRASE)), "{told:?}");
}

#[tokio::test]
async fn what_cannot_be_restored_is_a_problem_and_changes_nothing() {
    let site = Site::start(&[]).await;
    let root = Program::new(&site, &token(&site, "administrator", "keeper", "backup:make,backup:restore,log:read"));
    let file = root.post("/backup", &json!({ "passphrase": PASSPHRASE })).await.bytes;
    site.gateway.admin(&["revoke", "Example Co", "Screen Pop"], "").expect("revoked");
    let audit = || site.gateway.admin(&["audit", "--count", "500"], "").expect("read");
    let before = audit();
    let reader = site.signed_in("reader").await;

    let mut damaged = file.clone();
    *damaged.last_mut().expect("not empty") ^= 1;
    let other = [&b"{\"oig_backup\":2"[..], &file[b"{\"oig_backup\":1".len()..]].concat();
    let right = ("passphrase", PASSPHRASE.as_bytes());
    type Parts<'a> = &'a [(&'a str, &'a [u8])];
    let refused: &[(Parts<'_>, &str, &str)] = &[
        (&[("passphrase", b"open sesame, pleased"), ("file", &file)], "refused", "The passphrase is another"),
        (&[("passphrase", b"short"), ("file", &file)], "refused", "12 to 128 characters"),
        (&[right, ("file", b"")], "refused", "This is no backup of a gateway."),
        (&[right, ("file", b"../../etc/passwd")], "refused", "This is no backup of a gateway."),
        (&[right, ("file", b"{}\n")], "refused", "This is no backup of a gateway."),
        (&[right, ("file", &other)], "refused", "The backup is of another version of this program: its form is 2."),
        (&[right, ("file", &file[..file.len() / 2])], "refused", "the backup is damaged"),
        (&[right, ("file", &damaged)], "refused", "the backup is damaged"),
        (&[right], "not-as-described", "The form has not the parts"),
        (&[("file", &file)], "not-as-described", "The form has not the parts"),
        (&[right, right, ("file", &file)], "not-as-described", "The form has not the parts"),
        (&[right, ("file", &file), ("replace", b"true")], "not-as-described", "The form has not the parts"),
        (&[("passphrase", b"open sesame, \xff\xff\xff"), ("file", &file)], "not-as-described", "The form has not"),
    ];
    for (parts, kind, words) in refused {
        let answer = root.post_form("/backup/restore", parts).await;
        answer.refused(422, kind);
        assert!(answer.body.contains(words) && !answer.body.contains("sesame"), "{words}: {}", answer.body);
    }
    let whole = form(&[right, ("file", &file)]);
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let send = async |kind: &str, body: &[u8]| {
        root.send_bytes(Method::POST, "/backup/restore", &[("content-type", kind)], Some(body.to_vec())).await
    };
    send(&kind, &whole[..whole.len() - 9]).await.refused(400, "no-form");
    send("multipart/form-data; boundary=another", &whole).await.refused(400, "no-form");
    send("multipart/form-data", &whole).await.refused(415, "media-type");
    send("application/json", b"{}").await.refused(415, "media-type");
    send(&kind, &form(&[right, ("file", &vec![b'x'; 17 * 1024 * 1024])])).await.refused(413, "too-large");
    // Of who may not do it nothing larger than a form is read.
    let nobody = Program::new(&site, "");
    let other = Program::new(&site, &token(&site, "administrator", "other", "backup:make"));
    nobody.post_form("/backup/restore", &[right, ("file", &[b'x'; 100 * 1024])]).await.refused(401, "no-token");
    other.post_form("/backup/restore", &[right, ("file", &[b'x'; 100 * 1024])]).await.refused(403, "not-in-scope");

    let after = audit();
    let lines = |audit: &str| audit.lines().filter(|line| !line.contains(" add token ")).count();
    // The reader has signed in.
    assert_eq!(lines(&after), lines(&before) + 1, "{after}");
    reader.get("/nodes").await.is(200, "Nodes");
    let applications = site.gateway.admin(&["applications"], "").expect("listed");
    assert!(applications.contains("revoked    Standard  Example Co / Screen Pop"), "{applications}");
    let logged = site.gateway.process.logged().join("\n");
    assert!(!logged.contains("sesame") && !logged.contains("panic"), "{logged}");
}
