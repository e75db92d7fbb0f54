//! The lab's own certificate server and licence server, and what it keeps from one start to the next.

use std::path::Path;

use crate::certs::people::Person;
use crate::common::app::{App, log_in, login_request};
use crate::common::process::{Process, oig};
use crate::common::{Folder, eventually};

const FREE: &[&str] = &[
    "lab",
    "--listen",
    "127.0.0.1:0",
    "--https-listen",
    "127.0.0.1:0",
    "--certs-listen",
    "127.0.0.1:0",
    "--licences-listen",
    "127.0.0.1:0",
    "--csta-port",
    "0",
    "--sync-port",
    "0",
    "--hands-port",
    "0",
    "--peer-port",
    "0",
    "--log",
    "info",
];

struct Lab {
    process: Process,
    /// The gateway's, in clear and under TLS; and the certificate server's.
    url: String,
    https: String,
    certs: String,
    password: String,
    ca: String,
}

impl Lab {
    async fn start(folder: &Path, more: &[&str]) -> Self {
        let data = ["--data", folder.to_str().expect("text")];
        let mut process = Process::start(&[FREE, &data, more].concat());
        process.line_printed("Ctrl-C").await;
        let lines = process.printed();
        let named = |name: &str| {
            let line = lines.iter().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {lines:?}"));
            line.split_whitespace().nth(1).expect("an address").to_owned()
        };
        let password = lines.iter().find_map(|line| line.split_once("(admin, password ")?.1.split_once(','));
        let password = password.expect("it is printed").0.to_owned();
        let ca = std::fs::read_to_string(folder.join("ca.cert.pem")).expect("made");
        let (url, https, certs) = (named("Gateway"), named("HTTPS"), named("Certs"));
        Self { process, url, https, certs, password, ca }
    }

    async fn administrator(&self) -> Person {
        let person = Person::at(&self.https, "/admin", &self.ca);
        person.sign_in("admin", &self.password).await;
        person
    }

    async fn enters(&self, name: &str, password: &str) -> Option<String> {
        let client = oig::client::SoapClient::new(&self.url).expect("an HTTP client can be made");
        let mut request = login_request();
        (request.application_name, request.application_password) = (name.into(), password.into());
        log_in(&client, request).await.error_desc
    }
}

#[tokio::test]
async fn a_lab_has_a_certificate_server_and_a_licence_and_its_applications_are_on_the_list() {
    let folder = Folder::new();
    let lab = Lab::start(folder.path(), &["--in-memory"]).await;
    let root = lab.administrator().await;
    let page = root.get("/").await;
    for words in ["demonstration", "1500", "4"] {
        page.is(200, words);
    }
    assert_eq!(lab.enters("Screen Pop", "screen-pop").await, None);
    assert!(
        lab.enters("Gone", "gone").await.is_some_and(|told| told.contains("not right") || told.contains("revoked"))
    );

    // What whoever develops an application does: asks, approves as the administrator, gives the local password.
    let developer = Person::new(&lab.certs, &lab.ca);
    developer.sign_in("developer", &lab.password).await;
    developer.get("/applications").await.is(200, "Console");
    developer.get("/applications/register").await;
    let fields =
        [("company", "Example Co"), ("application", "My Own"), ("password", "my own password"), ("contact", "me")];
    developer.post("/applications/register", &fields).await.leads_to("/applications");
    let certs = Person::new(&lab.certs, &lab.ca);
    certs.sign_in("admin", &lab.password).await;
    crate::certs::flows::approve_first(&certs).await;
    root.get("/applications/new").await;
    let fields = [
        ("company", "Example Co"),
        ("name", "My Own"),
        ("application_password", ""),
        ("local_password", "my own local one"),
        ("service", "standard"),
    ];
    root.post("/applications/new", &fields).await.leads_to("/admin/applications");
    root.press("/", "/acl/fetch", &[]).await.leads_to("/admin/");
    let client = oig::client::SoapClient::new(&lab.url).expect("an HTTP client can be made");
    let mut request = login_request();
    request.application_name = "My Own".into();
    (request.application_password, request.local_password) = ("my own password".into(), "my own local one".into());
    assert_eq!(log_in(&client, request).await.error_desc, None);
    let kept: Vec<_> = std::fs::read_dir(folder.path()).expect("read").flatten().map(|e| e.file_name()).collect();
    let is_kept = |name: &std::ffi::OsString| name.to_str().is_some_and(|n| n.ends_with(".db") || n.ends_with(".jws"));
    assert!(!kept.iter().any(is_kept), "{kept:?}");
}

#[tokio::test]
async fn what_was_changed_in_a_lab_is_there_at_its_next_start_at_other_ports() {
    let folder = Folder::new();
    let mut lab = Lab::start(folder.path(), &[]).await;
    let other = oig().args(FREE).args(["--data", folder.path().to_str().expect("text")]).output().expect("it ends");
    let said = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(!other.status.success() && said.contains("another lab runs with it"), "{said}");

    let root = lab.administrator().await;
    let page = root.get("/applications").await;
    let application = page.link_of("Screen Pop").expect("it is there");
    let application = application.strip_prefix("/admin").expect("of the site").to_owned();
    root.press(&application, &format!("{application}/revoke"), &[("revoked", "true")]).await;
    assert!(lab.enters("Screen Pop", "screen-pop").await.is_some());
    let certs = Person::new(&lab.certs, &lab.ca);
    certs.sign_in("admin", &lab.password).await;
    let (password, accounts) = (lab.password.clone(), certs.get("/accounts").await.text());
    lab.process.terminate();
    assert!(lab.process.ended().await.success());

    let later = Lab::start(folder.path(), &[]).await;
    assert_eq!(later.password, password);
    assert!(later.enters("Screen Pop", "screen-pop").await.is_some(), "it stays revoked");
    assert_eq!(later.enters("Console", "console").await, None);
    let app = App::login_other(&later.url).await;
    // The nodes are where they are now.
    eventually("the node is connected", async || app.try_icp("127.0.0.11").await.ok()).await;
    let certs = Person::new(&later.certs, &later.ca);
    certs.sign_in("admin", &later.password).await;
    assert_eq!(certs.get("/accounts").await.text(), accounts, "nothing is there twice");
}
