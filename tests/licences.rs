//! Licences: the licence server and a gateway as processes, and what applications are told when there is no place for them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;

use oig::client::SoapClient;
use schemas::contract::session::LoginExRequest;

use crate::common::app::{log_in, login_request};
use crate::common::cluster::{Gateway, With};
use crate::common::process::{Process, oig};
use crate::common::{Folder, advanced, eventually};
use crate::users;

/// `oig licences serve`, and its command line.
struct Server {
    process: Process,
    folder: Folder,
    address: SocketAddr,
}

impl Server {
    async fn start(more: &str) -> Self {
        let folder = Folder::new();
        let file = folder.path().join("licences.toml");
        std::fs::write(&file, format!("[http]\nlisten = '127.0.0.1:0'\n{more}\n")).expect("written");
        let mut process =
            Process::start(&["licences", "serve", "--settings", file.to_str().expect("a path of this machine")]);
        let started = process.line_logged("licence server started").await;
        let at = started.split("address=").nth(1).expect("the server says it").trim();
        let address = at.parse().expect("an address");
        Self { process, folder, address }
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca").join("ca.cert.pem")
    }

    /// `[licence]` of a gateway that fetches its licence here.
    fn table(&self) -> String {
        let (port, ca) = (self.address.port(), self.ca());
        format!("[licence]\nurl = 'https://localhost:{port}/licences'\nca = '{}'\n", ca.display())
    }

    fn say(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = oig();
        command.arg("licences").args(arguments).arg("--settings").arg(self.folder.path().join("licences.toml"));
        let output = command.stdin(Stdio::null()).output().expect("the binary of this build can be started");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }
}

/// The gateway's id, as its command line shows it.
fn id_of(gateway: &Gateway) -> String {
    let said = gateway.admin(&["licence"], "").expect("shown");
    said.lines().find_map(|line| line.strip_prefix("gateway ")).expect("the id").to_owned()
}

/// What a login is told; nothing when it is let in. The session stays for ten seconds.
async fn told(gateway: &Gateway, request: LoginExRequest) -> Option<String> {
    let client = SoapClient::new(&gateway.url).expect("an HTTP client can be made");
    let reply = log_in(&client, request).await;
    (!reply.result).then(|| reply.error_desc.expect("a refusal has a text"))
}

async fn until_told(gateway: &Gateway, what: Option<&str>) {
    eventually("the licence that was fetched counts", async || {
        (told(gateway, login_request()).await.as_deref() == what).then_some(())
    })
    .await;
}

/// Lets the gateway have another licence, and take it.
async fn grant(server: &Server, gateway: &Gateway, id: &str, more: &[&str]) {
    server.say(&[&["grant", id, "--site", "Head office"], more].concat()).expect("given");
    gateway.admin(&["licence", "--fetch"], "").expect("fetched");
}

#[tokio::test]
async fn a_gateway_that_asks_first_has_a_trial_and_then_as_many_sessions_as_were_bought() {
    let server = Server::start("[trial]\nsessions = { standard = 3, advanced = 1, data_access = 1 }").await;
    let with = With { advanced: true, tables: server.table(), ..With::default() };
    let gateway = Gateway::start_with(&[], with).await;
    until_told(&gateway, None).await;
    let id = id_of(&gateway);
    let listed = server.say(&["list"]).expect("listed");
    assert!(
        listed.contains(&id) && listed.contains("trial: standard 3") && listed.contains("ends in 59 days"),
        "{listed}"
    );
    let shown = gateway.admin(&["licence"], "").expect("there");
    assert!(shown.contains("licensed\ntrial, version 1"), "{shown}");

    // Each kind is counted apart, for all applications together; a login that is let in holds its place.
    grant(&server, &gateway, &id, &["--standard", "1", "--advanced", "1"]).await;
    let full = "All 1 licences for Standard sessions of this gateway are in use.";
    until_told(&gateway, Some(full)).await;
    let certificate = advanced::read("console.cert.pem");
    let console = || advanced::console(Some(certificate.clone()));
    assert_eq!(told(&gateway, console()).await, None, "one that has yet to prove its certificate");
    let none = told(&gateway, console()).await;
    assert_eq!(none.as_deref(), Some("All 1 licences for Advanced sessions of this gateway are in use."));

    // Of a service provider: users alone, by their integrations.
    let users =
        "mary@example.com,Mary,salesforce,,,no,marys password\njohn@example.com,John,google,,,no,johns password\n";
    users::import(&gateway, users).expect("imported");
    let signs_in = async |email: &str, password: &str| {
        let reply = users::log_in(&gateway, users::request(email, password)).await;
        (!reply.result).then(|| reply.error_description.expect("a refusal has a text"))
    };
    grant(&server, &gateway, &id, &["--standard", "9", "--salesforce", "1", "--integrations-only"]).await;
    until_told(&gateway, Some("This gateway is licensed for users of integrations only.")).await;
    assert_eq!(signs_in("mary@example.com", "marys password").await, None);
    let none = signs_in("john@example.com", "johns password").await;
    assert_eq!(none.as_deref(), Some("All 0 licences for Google sessions of this gateway are in use."));
    let full = signs_in("mary@example.com", "marys password").await;
    assert_eq!(full.as_deref(), Some("All 1 licences for Salesforce sessions of this gateway are in use."));
    server.say(&["revoke", &id]).expect("revoked");
    gateway.admin(&["licence", "--fetch"], "").expect("fetched");
    until_told(&gateway, Some("The licence of this gateway was taken back.")).await;
    server.say(&["reinstate", &id]).expect("reinstated");
    assert!(server.say(&["grant", "00", "--site", "x"]).is_err());
}

#[tokio::test]
async fn a_licence_is_kept_while_the_server_is_away_and_one_for_another_gateway_is_refused() {
    let mut server = Server::start("").await;
    let mut gateway = Gateway::start_with(&[], With { tables: server.table(), ..With::default() }).await;
    until_told(&gateway, None).await;
    server.process.kill();
    gateway.kill_and_start().await;
    assert_eq!(told(&gateway, login_request()).await, None);
    assert!(gateway.admin(&["licence", "--fetch"], "").expect_err("away").contains("cannot be reached"));

    // A gateway that never reached a server, and takes files.
    let table = format!("[licence]\nca = '{}'\n", server.ca().display());
    let alone = Gateway::start_with(&[], With { tables: table, ..With::default() }).await;
    assert_eq!(told(&alone, login_request()).await.as_deref(), Some("This gateway has no licence."));
    let file = |id: &str| {
        server.say(&["grant", id, "--site", "An island", "--standard", "2", "--days", "30"]).expect("given");
        let file = server.folder.path().join(id);
        std::fs::write(&file, server.say(&["file", id]).expect("signed")).expect("written");
        file.to_str().expect("a path of this machine").to_owned()
    };
    let own = alone.admin(&["licence"], "").expect("shown");
    assert!(own.contains("NOT LICENSED: there is no licence yet"), "{own}");
    let other = file(&id_of(&gateway));
    let refused = alone.admin(&["licence", "--install", &other], "").expect_err("another gateway's");
    assert!(refused.contains("for another gateway"), "{refused}");
    let noise = server.folder.path().join("noise");
    std::fs::write(&noise, "noise").expect("written");
    let refused = alone.admin(&["licence", "--install", noise.to_str().expect("a path")], "").expect_err("noise");
    assert!(refused.contains("is not a signed document"), "{refused}");
    alone.admin(&["licence", "--install", &file(&id_of(&alone))], "").expect("its own");
    until_told(&alone, None).await;
    let shown = alone.admin(&["licence"], "").expect("shown");
    assert!(shown.contains("ends in 29 days"), "{shown}");
}
