//! The life of an application, with every part real: a member of the certificate server asks, an administrator approves,
//! mail comes, a gateway's administrator fetches the access control list and sets a local password in a browser, the
//! application logs in
//! through a SOAP toolkit over HTTPS with certificate and challenge and makes a call, and is revoked.

use std::process::Command;

use oig::sim::truth::TruthState;

use crate::certs::flows::{FIELDS, approve_first, key_of};
use crate::certs::server::{CertServer, PASSWORD};
use crate::common::app::{log_in, login_request};
use crate::common::cluster::{Gateway, Node, With};
use crate::common::process::Process;
use crate::common::{Folder, eventually};
use crate::https::{Files, https};
use crate::toolkits::{interpreter, run};

const LOCAL_PASSWORD: &str = "given by the site";

/// What a login with these passwords is told; nothing when it is let in.
async fn told(gateway: &Gateway, company: &str, application: &str, password: &str, local: &str) -> Option<String> {
    let client = oig::client::SoapClient::new(&gateway.url).expect("an HTTP client can be made");
    let mut request = login_request();
    (request.company_name, request.application_name) = (company.into(), application.into());
    (request.application_password, request.local_password) = (password.into(), local.into());
    let reply = log_in(&client, request).await;
    (!reply.result).then(|| reply.error_desc.expect("a refusal has a text"))
}

#[tokio::test]
async fn an_application_lives_from_its_request_to_its_revocation() {
    let mut certs = CertServer::start_with("[acl]\ntoken = 'for gateways'\n").await;
    let root = certs.root().await;
    let ada = certs.member(&root, "ada").await;
    let [company, application, password] = [FIELDS[0].1, FIELDS[1].1, FIELDS[2].1];

    // A site that has a gateway, and does not know the application yet. Nobody of its settings is on the list.
    let node = Node::start(1).await;
    let files = Folder::new();
    std::fs::write(files.path().join("ca.pem"), &certs.ca).expect("written");
    let list =
        format!("[acl]\nurl = '{}/acl'\ntoken = 'for gateways'\nca = '{}/ca.pem'\n", certs.url, files.path().display());
    let own = Files::new();
    std::fs::write(files.path().join("gateway-ca.pem"), &own.ca).expect("written");
    let tables = format!("{list}{}", own.table());
    let gateway = Gateway::start_with(&[&node], With { tables, ..With::default() }).await;
    gateway.admin(&["add-account", "grace", "--role", "administrator"], &format!("{PASSWORD}\n")).expect("added");
    let url = https(&gateway);
    let wrong = Some("The company, the application or a password is not right.".to_owned());
    eventually("the first list is fetched, and is empty", async || {
        (told(&gateway, "Example Co", "Screen Pop", "screen-pop", "lab").await == wrong).then_some(())
    })
    .await;
    assert!(gateway.admin(&["acl"], "").expect("kept").starts_with("version 1, "));

    // The request, the decision, the mail.
    ada.get("/applications/certificate").await;
    let key = key_of(&ada.post("/applications/certificate", &FIELDS).await);
    certs.mail.mail_to("root@example.com", "Request for a certificate").await;
    approve_first(&root).await;
    let mail = certs.mail.mail_to("ada@example.com", "Approved: certificate").await;
    let certificate = mail["attachments"][0]["text"].as_str().expect("attached").to_owned();
    for (name, text) in [("key.pem", &key), ("cert.pem", &certificate)] {
        std::fs::write(files.path().join(name), text).expect("written");
    }

    // The site: the list now, and a local password.
    assert_eq!(told(&gateway, company, application, password, LOCAL_PASSWORD).await, wrong, "not on the list yet");
    let node_js = interpreter("OIG_NODE", "target/toolkits/node/bin/node");
    let script = ["tests/console/life.mjs", &url, "grace", PASSWORD, company, application, LOCAL_PASSWORD];
    let said = run(&node_js, &script, "").await;
    assert!(said.contains("as agreed"), "{said}");
    let listed = gateway.admin(&["acl"], "").expect("kept");
    assert!(listed.contains(&format!("registered advanced  {company} / {application}")), "{listed}");
    assert_eq!(told(&gateway, company, application, password, LOCAL_PASSWORD).await, None, "valid at once");
    assert_eq!(told(&gateway, company, application, "another", LOCAL_PASSWORD).await, wrong);
    assert_eq!(told(&gateway, company, application, password, "another").await, wrong);

    // A toolkit, with certificate and challenge.
    let mut command = Command::new(interpreter("OIG_PYTHON", "target/toolkits/python/bin/python"));
    let path = |name: &str| files.path().join(name).display().to_string();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("tests/toolkits/python/certified.py");
    command.env("OIG_CA", path("gateway-ca.pem"));
    command.args([&url, &node.address.to_string(), company, application, password, LOCAL_PASSWORD]);
    command.args([&path("cert.pem"), &path("key.pem"), "1000", "1001"]);
    let mut toolkit = Process::of(command);
    toolkit.line_printed("has called").await;
    eventually("1001 rings", async || {
        let phone = node.hands.phone("1001").await;
        phone.legs.iter().any(|leg| leg.state == TruthState::Alerting).then_some(())
    })
    .await;

    // The certificate server is away: nothing changes. It comes back, and revokes.
    certs.restart().await;
    assert!(gateway.admin(&["acl", "--fetch"], "").is_err(), "it listens at another port now");
    toolkit.line_printed("goes on").await;
    let root = certs.root().await;
    let entry = root.get("/applications").await.link_of(application).expect("a link");
    root.press(&entry, &format!("{entry}/revoke"), &[("reason", "Its maker is gone.")]).await;
    certs.mail.mail_to("ada@example.com", "Revoked").await;
    let moved = std::fs::read_to_string(gateway.folder().join("oig.toml")).expect("there");
    let at = moved.find("url = 'https://").expect("a URL") + 7;
    let end = at + moved[at..].find("/acl'").expect("its end");
    std::fs::write(gateway.folder().join("oig.toml"), format!("{}{}{}", &moved[..at], certs.url, &moved[end..]))
        .expect("written");
    let listed = gateway.admin(&["acl", "--fetch"], "").expect("fetched");
    assert!(listed.contains("revoked    advanced"), "{listed}");
    toolkit.line_printed("the session has ended").await;
    assert!(toolkit.ended().await.success());
    let revoked = told(&gateway, company, application, password, LOCAL_PASSWORD).await;
    assert_eq!(revoked.as_deref(), Some("The application is revoked."));
    let logged = [gateway.process.logged(), certs.process.logged()].concat().join("\n");
    for secret in [LOCAL_PASSWORD, password, "for gateways"] {
        assert!(!logged.contains(secret), "a secret is in a log");
    }
}
