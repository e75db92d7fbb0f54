//! TLS between gateway and nodes over real sockets: with and without certificates of the gateway, and each way in
//! which it does not come about.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actors::wire::Connect;
use oig::connect::NodeConnect;
use oig::settings::{AssociationStyle, CstaEdition, Node as NodeTable, NodeTls};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use schemas::contract::cc::{CallEventType as Type, CallState, ConnectionState, EventCauseType as Why};
use schemas::contract::ops_call_control_standard::GetIcpId;
use schemas::contract::std::GetIcpIdRequest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::common::app::App;
use crate::common::cluster::{Gateway, Node, With, own_address};
use crate::common::process::{Process, oig};
use crate::common::{Folder, within};
use crate::nodes::{hear_loss, hear_return};

const NAME: &str = "pbx.example";

/// Authorities and certificates in a folder.
struct Files(Folder);

/// A certificate and its key.
#[derive(Clone)]
struct Pair {
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn new() -> Self {
        Self(Folder::new())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.0.path().join(name);
        std::fs::write(&file, text).expect("the test's folder can be written");
        file
    }

    /// An authority, and the file of its certificate.
    fn authority(&self, name: &str) -> (Issuer<'static, KeyPair>, PathBuf) {
        let mut params = CertificateParams::new(Vec::<String>::new()).expect("no names");
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let file = self.write(&format!("{name}.pem"), &certificate.pem());
        (Issuer::new(params, key), file)
    }

    /// A certificate for a name or address, valid until the end of that year.
    fn issue(&self, issuer: &Issuer<'static, KeyPair>, file: &str, name: &str, until: i32) -> Pair {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 12, 31);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, issuer).expect("a certificate");
        Pair {
            certificate: self.write(&format!("{file}.pem"), &certificate.pem()),
            key: self.write(&format!("{file}.key"), &key.serialize_pem()),
        }
    }
}

const LONG: i32 = 2090;

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of this machine")
}

/// The options of a node that serves TLS.
fn serves<'a>(pair: &'a Pair, client_ca: Option<&'a Path>) -> Vec<&'a str> {
    let mut options = vec!["--tls-cert", text(&pair.certificate), "--tls-key", text(&pair.key)];
    if let Some(file) = client_ca {
        options.extend(["--tls-client-ca", text(file)]);
    }
    options
}

/// The `tls` line of a node's table.
fn line(ca: &Path, name: Option<&str>, own: Option<&Pair>) -> String {
    let mut parts = vec![format!("ca = '{}'", ca.display())];
    parts.extend(name.map(|name| format!("server_name = '{name}'")));
    parts.extend(own.map(|own| {
        format!("client_certificate = '{}', client_key = '{}'", own.certificate.display(), own.key.display())
    }));
    format!("tls = {{ {} }}", parts.join(", "))
}

fn with(node: String) -> With {
    With { node, ..With::default() }
}

#[tokio::test]
async fn calls_are_made_over_tls_and_a_node_that_returns_is_reached_by_it_again() {
    let files = Files::new();
    let (issuer, ca) = files.authority("site");
    let client = files.issue(&issuer, "client", "oig.example", LONG);
    let address = own_address();
    let by_name = files.issue(&issuer, "by-name", NAME, LONG);
    let by_address = files.issue(&issuer, "by-address", &address.to_string(), LONG);
    for (association, server, name, own) in [
        ("server-first", &by_name, Some(NAME), Some(&client)),
        ("session", &by_name, Some(NAME), None),
        // Without a name the certificate must be for the node's address.
        ("none", &by_address, None, Some(&client)),
    ] {
        let options = serves(server, own.map(|_| ca.as_path()));
        let mut node = Node::start_as(1, association, address, &[], &options).await;
        let gateway = Gateway::start_with(&[&node], with(line(&ca, name, own))).await;
        let app = App::login(&gateway.url).await;
        let at = address.to_string();
        let icp = app.icp(&at).await;
        let (caller, callee) = (app.watch(&at, "1000").await, app.watch(&at, "1001").await);
        let (ours, _) = app.connect(caller, callee, "1001").await;
        app.clear(caller, ours).await.expect("clearCall is accepted");
        app.hear(caller, Type::CallClear, Why::ClearInvoked).await;
        app.hear(callee, Type::CallClear, Why::OtherDeviceCleared).await;
        node.process.kill();
        hear_loss(&app, icp, &[caller, callee]).await;
        node.restart().await;
        hear_return(&app, icp, &[caller, callee], CallState::Idle).await;
        app.heard_everything().await;
        let logged = gateway.process.logged().join("\n");
        assert!(logged.contains("the connection was lost"), "{logged}");
    }
}

#[tokio::test]
async fn each_way_in_which_tls_does_not_come_about_is_logged_for_what_it_is() {
    let files = Files::new();
    let (issuer, ca) = files.authority("site");
    let (stranger, foreign_ca) = files.authority("stranger");
    let server = files.issue(&issuer, "server", NAME, LONG);
    let expired = files.issue(&issuer, "expired", NAME, 2021);
    let client = files.issue(&issuer, "client", "oig.example", LONG);
    let foreign_client = files.issue(&stranger, "foreign-client", "oig.example", LONG);
    let old_client = files.issue(&issuer, "old-client", "oig.example", 2021);
    let plain: Vec<&str> = Vec::new();
    let refused = "the node does not accept the gateway's client certificate";
    for (options, tls, said) in [
        (
            serves(&server, None),
            line(&foreign_ca, Some(NAME), None),
            "the node's certificate is of no issuer in tls.ca",
        ),
        (serves(&server, None), line(&ca, Some("other.example"), None), "certificate is not for tls.server_name"),
        (serves(&server, None), line(&ca, None, None), "certificate is not for tls.server_name"),
        (serves(&expired, None), line(&ca, Some(NAME), None), "the node's certificate has expired"),
        (serves(&server, Some(&ca)), line(&ca, Some(NAME), None), "the node requires a client certificate"),
        (serves(&server, Some(&ca)), line(&ca, Some(NAME), Some(&foreign_client)), refused),
        (serves(&server, Some(&ca)), line(&ca, Some(NAME), Some(&old_client)), refused),
        (plain, line(&ca, Some(NAME), Some(&client)), "what answers at the node's port does not speak TLS"),
    ] {
        let node = Node::start_as(1, "server-first", own_address(), &[], &options).await;
        let mut gateway = Gateway::start_with(&[&node], with(tls)).await;
        gateway.process.line_logged(said).await;
        let logged = gateway.process.logged().join("\n");
        assert!(!logged.contains("node connected"), "{said}: and yet it is used\n{logged}");
        assert!(!logged.contains("BEGIN") && !logged.contains("other.example"), "what a file or peer says: {logged}");
        let app = App::login(&gateway.url).await;
        let icp_ip_address = node.address.to_string();
        within(crate::common::PATIENCE, "the failure is told", async || {
            let request = GetIcpIdRequest { icp_ip_address: icp_ip_address.clone(), session_id: app.session_id };
            let state = app.call(&GetIcpId { request }).await.connection_state;
            assert_ne!(state, Some(ConnectionState::Connected), "{said}");
            (state == Some(ConnectionState::ConnectionFailure)).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_handshake_that_nobody_answers_ends_by_the_deadline_of_the_connection() {
    let files = Files::new();
    let (_, ca) = files.authority("site");
    let address = own_address();
    let silent = TcpListener::bind((address, 0)).await.expect("a free port");
    let port = silent.local_addr().expect("bound").port();
    let mut gateway = Gateway::start_at(&[(1, address, port, "none")], with(line(&ca, Some(NAME), None))).await;
    let (first, _) = silent.accept().await.expect("a connection");
    gateway.process.line_logged("no connection to the node in time").await;
    // And it is tried again.
    let (second, _) = silent.accept().await.expect("a second connection");
    drop((first, second));
}

/// A server of one version of TLS that wants a certificate; says what it hears, and hears what it says.
fn server_of(version: &'static SupportedProtocolVersion, server: &Pair, ca: &Path) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).expect("a certificate")).expect("an authority");
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .expect("a version that ring has")
        .with_client_cert_verifier(verifier.expect("a verifier"))
        .with_single_cert(
            vec![CertificateDer::from_pem_file(&server.certificate).expect("a certificate")],
            PrivateKeyDer::from_pem_file(&server.key).expect("a key"),
        )
        .expect("they fit");
    TlsAcceptor::from(Arc::new(config))
}

fn table(at: SocketAddr, tls: NodeTls) -> NodeTable {
    NodeTable {
        ceid: 1,
        name: String::new(),
        address: at.ip(),
        port: at.port(),
        association: AssociationStyle::None,
        edition: CstaEdition::default(),
        secondary: None,
        application_specific_info: None,
        kind: None,
        dial_plan: None,
        sync_port: None,
        tls: Some(tls),
    }
}

#[tokio::test]
async fn both_versions_of_tls_are_spoken_and_both_say_that_a_certificate_is_required() {
    let files = Files::new();
    let (issuer, ca) = files.authority("site");
    let server = files.issue(&issuer, "server", NAME, LONG);
    let client = files.issue(&issuer, "client", "oig.example", LONG);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for own in [Some(&client), None] {
            let acceptor = server_of(version, &server, &ca);
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let at = listener.local_addr().expect("bound");
            let echo = tokio::spawn(async move {
                let (stream, _) = listener.accept().await?;
                let mut stream = acceptor.accept(stream).await?;
                let mut heard = [0; 5];
                stream.read_exact(&mut heard).await?;
                stream.write_all(&heard).await?;
                stream.shutdown().await?;
                std::io::Result::Ok(stream.get_ref().1.protocol_version())
            });
            let tls = NodeTls {
                ca: ca.clone(),
                server_name: Some(NAME.into()),
                client_certificate: own.map(|own| own.certificate.clone()),
                client_key: own.map(|own| own.key.clone()),
            };
            let connect = NodeConnect::load(&[table(at, tls)]).expect("the files are right");
            let spoken = async {
                let mut wire = connect.connect(at).await?;
                wire.write_all(b"hello").await?;
                wire.flush().await?;
                let mut said = Vec::new();
                wire.read_to_end(&mut said).await?;
                std::io::Result::Ok(said)
            }
            .await;
            let heard = echo.await.expect("the server does not panic");
            if own.is_some() {
                assert_eq!(spoken.expect("spoken"), b"hello", "{version:?}");
                assert_eq!(heard.expect("heard"), Some(version.version));
            } else {
                let fault = spoken.expect_err("no certificate").to_string();
                assert_eq!(fault, "the node requires a client certificate", "{version:?}");
                assert!(heard.is_err());
            }
        }
    }
}

async fn check(files: &Files, nodes: &str) -> (bool, String) {
    let file = files.write("oig.toml", nodes);
    let mut command = oig();
    command.args(["serve", "--check", "--settings", text(&file)]);
    let mut process = Process::of(command);
    let ended = process.ended().await;
    // The pipe is read by a thread of its own.
    let said = within(crate::common::PATIENCE, "what the check says", async || {
        let said = [process.printed(), process.logged()].concat().join("\n");
        (!said.is_empty()).then_some(said)
    })
    .await;
    (ended.success(), said)
}

#[tokio::test]
async fn certificate_files_are_checked_before_the_start_and_each_fault_has_its_key() {
    let files = Files::new();
    let (issuer, ca) = files.authority("site");
    let one = files.issue(&issuer, "one", NAME, LONG);
    let other = files.issue(&issuer, "other", NAME, LONG);
    files.write("empty.pem", "");
    files.write("torn.pem", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
    let node = |tls: &str| format!("[[node]]\nceid = 1\naddress = '127.0.0.1'\ntls = {{ {tls} }}\n");
    // Files are found beside the settings.
    let right =
        format!("ca = 'site.pem', server_name = '{NAME}', client_certificate = 'one.pem', client_key = 'one.key'");
    let (ended_well, said) = check(&files, &node(&right)).await;
    assert!(ended_well, "{said}");
    assert!(said.contains("1 nodes"), "{said}");
    for (tls, fault) in [
        ("ca = 'missing.pem'".to_owned(), "node[0].tls.ca: cannot be read"),
        ("ca = 'empty.pem'".to_owned(), "node[0].tls.ca: holds no certificate"),
        ("ca = 'torn.pem'".to_owned(), "node[0].tls.ca: is not valid PEM"),
        ("ca = 'one.key'".to_owned(), "node[0].tls.ca: holds no certificate"),
        (right.replace("'one.pem'", "'missing.pem'"), "node[0].tls.client_certificate: cannot be read"),
        (right.replace("'one.key'", "'one.pem'"), "node[0].tls.client_key: holds no private key"),
        (right.replace("'one.key'", "'other.key'"), "node[0].tls.client_key: is not the key of"),
        (right.replace(NAME, "no name"), "node[0].tls.server_name: is neither a host name nor"),
    ] {
        let (ended_well, said) = check(&files, &node(&tls)).await;
        assert!(!ended_well, "{tls} is accepted");
        assert!(said.contains(fault), "{tls}: {said}");
        assert!(!said.contains("PRIVATE"), "{said}");
    }
    // Of several nodes every fault is named at once.
    let second = node("ca = 'empty.pem'").replace("ceid = 1", "ceid = 2\nport = 8883");
    let (_, said) = check(&files, &(node("ca = 'missing.pem'") + &second)).await;
    assert!(said.contains("node[0].tls.ca") && said.contains("node[1].tls.ca"), "{said}");
    drop((ca, one, other)); // they are in the folder by their names
}

#[tokio::test]
async fn a_handshake_that_hangs_at_a_node_delays_no_gateway() {
    let files = Files::new();
    let (issuer, ca) = files.authority("site");
    let server = files.issue(&issuer, "server", NAME, LONG);
    let node = Node::start_as(1, "server-first", own_address(), &[], &serves(&server, None)).await;
    let hanging = tokio::net::TcpStream::connect((node.address, node.csta_port)).await.expect("a connection");
    let gateway = Gateway::start_with(&[&node], with(line(&ca, Some(NAME), None))).await;
    let app = App::login(&gateway.url).await;
    app.watch(&node.address.to_string(), "1000").await;
    drop(hanging);
}

#[tokio::test]
async fn a_node_with_a_wrong_certificate_does_not_start() {
    let files = Files::new();
    let (issuer, _) = files.authority("site");
    let (one, other) = (files.issue(&issuer, "one", NAME, LONG), files.issue(&issuer, "other", NAME, LONG));
    for (options, said) in [
        (vec!["--tls-cert", text(&one.certificate), "--tls-key", text(&other.key)], "not that of the certificate"),
        (vec!["--tls-cert", text(&one.key), "--tls-key", text(&one.key)], "holds no certificate"),
        (vec!["--tls-cert", text(&one.certificate)], "--tls-key"),
    ] {
        let mut command = oig();
        command
            .args(["node", "--csta-port", "0", "--sync-port", "0", "--hands-port", "0", "--peer-port", "0"])
            .args(&options);
        let mut process = Process::of(command);
        process.line_logged(said).await;
        assert!(!process.ended().await.success(), "{options:?}");
    }
}
