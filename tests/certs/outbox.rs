//! Mail: over TLS, to a mail server that comes late, and to one that refuses.

use oig::issue::{Authority, Valid};

use super::flows::FIELDS;
use super::server::{CertServer, MailServer};
use crate::common::{Folder, PATIENCE, eventually, within};

#[tokio::test]
async fn a_mail_server_that_is_away_loses_nothing_and_the_administrator_sees_it() {
    let folder = Folder::new();
    let mut mail = MailServer::start(&folder, 0, &[]).await;
    let port = mail.port;
    mail.process.kill();
    let settings = format!("[smtp]\nhost = '127.0.0.1'\nport = {port}\ntls = 'none'\nfrom = 'certs@example.com'\n");
    let mut server = CertServer::start_in(folder, mail, &settings).await;
    let root = server.root().await;
    let ada = server.member(&root, "ada").await;
    ada.get("/applications/register").await;
    ada.post("/applications/register", &FIELDS).await.leads_to("/applications");
    eventually("the administrator sees it", async || {
        let page = root.get("/requests").await.text();
        page.contains("Some mail could not be sent").then_some(())
    })
    .await;
    root.get("/mail").await.is(200, "waiting");
    // Nor does a server that is killed lose any of it.
    server.restart().await;
    assert!(server.mail.mail().is_empty());
    server.mail = MailServer::start(&server.folder, port, &[]).await;
    let root = server.root().await;
    // What the killed one had in its hands comes after a minute.
    within(PATIENCE * 4, "all is sent", async || {
        root.get("/mail").await.text().contains("Everything is sent.").then_some(())
    })
    .await;
    let mail = server.mail.mail();
    let ids: std::collections::BTreeSet<_> = mail.iter().map(|mail| mail["id"].as_str().unwrap_or("")).collect();
    assert_eq!((ids.len(), mail.len()), (2, 2), "each once: {mail:?}");
}

#[tokio::test]
async fn mail_goes_over_tls_to_whom_the_settings_trust_alone() {
    let folder = Folder::new();
    let now_s = oig::storage::change::now_ms() / 1000;
    let (authority, kept) = Authority::create(Valid::for_25_years(now_s)).expect("made");
    let own = authority.issue_server(&["localhost".into()], Valid::for_25_years(now_s)).expect("issued");
    let path = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    for (name, text) in [("mail.pem", &own.certificate), ("mail.key", &own.key), ("mail-ca.pem", &kept.certificate)] {
        std::fs::write(path(name), text).expect("written");
    }
    let mail = MailServer::start(&folder, 0, &[&path("mail.pem"), &path("mail.key")]).await;
    let smtp =
        format!("[smtp]\nhost = 'localhost'\nport = {}\ntls = 'starttls'\nfrom = 'certs@example.com'\n", mail.port);
    let mut server = CertServer::start_in(folder, mail, &smtp).await;
    let root = server.root().await;
    server.member(&root, "ada").await;
    // Nobody vouches for this mail server.
    eventually("it is not believed", async || {
        root.get("/mail").await.text().to_lowercase().contains("certificate").then_some(())
    })
    .await;
    assert!(server.mail.mail().is_empty());
    let settings = server.folder.path().join("certs.toml");
    let text = std::fs::read_to_string(&settings).expect("there");
    std::fs::write(&settings, format!("{text}ca = 'mail-ca.pem'\n")).expect("written");
    server.restart().await;
    let welcome = server.mail.mail_to("ada@example.com", "Your account").await;
    assert_eq!(welcome["tls"], true);
}

#[tokio::test]
async fn what_a_mail_server_refuses_is_given_up_and_can_be_sent_again() {
    let server = CertServer::start().await;
    let root = server.root().await;
    let nobody = server.member(&root, "nobody").await;
    server.member(&root, "later").await;
    eventually("one is given up", async || {
        let page = root.get("/mail").await.text();
        (page.contains("no such mailbox") && page.contains("given up") && page.contains("not now")).then_some(())
    })
    .await;
    // Under another address it arrives.
    nobody.get("/applications").await.is(200, "My applications");
    let page = root.get("/mail").await;
    let (before, _) = page.body.split_once("/again\"").expect("a form");
    let again = format!("{}/again", before.rsplit("action=\"").next().expect("its action"));
    root.post(&again, &[]).await.leads_to("/mail");
    root.get("/log").await.is(200, "send again");
    // Names that look like headers are none.
    let account = root.get("/accounts").await.link_of("nobody").expect("a link");
    for email in ["a@example.com\r\nBcc: b@example.com", "a@example.com, b@example.com", "<a@example.com>"] {
        let fields = [("email", email), ("msa_number", "1")];
        root.press(&account, &account, &fields).await.is(422, "e-mail address");
    }
}

#[tokio::test]
async fn a_subject_and_an_attachment_are_what_was_written_whatever_the_names() {
    let server = CertServer::start().await;
    let root = server.root().await;
    let ada = server.member(&root, "ada").await;
    let company = "日本 & \"Söhne\" <b>; Bcc: eve@example.com";
    let fields = [("company", company), ("application", "../../etc/passwd\u{e9}"), FIELDS[2], FIELDS[3]];
    ada.get("/applications/certificate").await;
    ada.post("/applications/certificate", &fields).await.is(200, "only time");
    super::flows::approve_first(&root).await;
    let mail = server.mail.mail_to("ada@example.com", "Approved").await;
    assert_eq!(mail["subject"], format!("Approved: certificate of {company} / ../../etc/passwd\u{e9}"));
    assert_eq!(mail["to"].as_array().map(Vec::len), Some(1));
    assert!(!mail["headers"].as_array().expect("a list").iter().any(|name| name == "Bcc"));
    assert_eq!(mail["attachments"][0]["name"], "etc-passwd.cert.pem");
}
