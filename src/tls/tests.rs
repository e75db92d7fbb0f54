//! Which certificate a client gets, and what becomes of files that change.

use std::fs;

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConnection};

use super::*;
use crate::issue::{Authority, Valid};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("oig-tls-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    /// A certificate of its own for `localhost`, with a key of this kind.
    fn pair(&self, name: &str, rsa: bool) -> CertificateFiles {
        let (certificate, key) = self_signed(rsa);
        let files =
            CertificateFiles { chain: self.0.join(format!("{name}.pem")), key: self.0.join(format!("{name}.key")) };
        fs::write(&files.chain, certificate).expect("written");
        fs::write(&files.key, key).expect("written");
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn self_signed(rsa: bool) -> (String, String) {
    let key = if rsa {
        let pem = Authority::create(Valid::for_25_years(1_790_000_000)).expect("made").1.key;
        KeyPair::from_pem_and_sign_algo(&pem, &rcgen::PKCS_RSA_SHA256).expect("a key")
    } else {
        KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key")
    };
    let params = CertificateParams::new(vec!["localhost".into()]).expect("a name");
    (params.self_signed(&key).expect("signed").pem(), key.serialize_pem())
}

/// The certificate that a client gets which has only these cipher suites, or why none.
fn offered(https: &Https, suites: &[rustls::CipherSuite], roots: &[&Path]) -> Result<Vec<u8>, String> {
    let mut provider = rustls::crypto::ring::default_provider();
    provider.cipher_suites.retain(|suite| suites.contains(&suite.suite()));
    let mut store = RootCertStore::empty();
    for file in roots {
        for certificate in pem::certificates(file).expect("a certificate") {
            store.add(certificate).expect("an authority");
        }
    }
    let config = ClientConfig::builder_with_provider(provider.into())
        .with_protocol_versions(&[&TLS13, &TLS12])
        .or_else(|_| {
            let mut provider = rustls::crypto::ring::default_provider();
            provider.cipher_suites.retain(|suite| suites.contains(&suite.suite()));
            ClientConfig::builder_with_provider(provider.into()).with_protocol_versions(&[&TLS12])
        })
        .expect("suites")
        .with_root_certificates(store)
        .with_no_client_auth();
    let mut client =
        ClientConnection::new(config.into(), ServerName::try_from("localhost").expect("a name")).expect("client");
    let mut server = ServerConnection::new(https.server_config().into()).expect("server");
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).expect("written");
        }
        let mut read = &bytes[..];
        while !read.is_empty() {
            server.read_tls(&mut read).expect("read");
            server.process_new_packets().map_err(|e| e.to_string())?;
        }
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).expect("written");
        }
        let mut read = &bytes[..];
        while !read.is_empty() {
            client.read_tls(&mut read).expect("read");
            client.process_new_packets().map_err(|e| e.to_string())?;
        }
    }
    Ok(client.peer_certificates().expect("some")[0].to_vec())
}

fn der(files: &CertificateFiles) -> Vec<u8> {
    pem::certificates(&files.chain).expect("read")[0].to_vec()
}

#[test]
fn each_client_gets_the_first_certificate_that_it_can_use() {
    use rustls::CipherSuite::{
        TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 as ECDSA, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 as RSA,
        TLS13_AES_128_GCM_SHA256 as NEW,
    };
    let folder = Folder::new("offers");
    let (rsa, ecdsa) = (folder.pair("rsa", true), folder.pair("ecdsa", false));
    let roots = [rsa.chain.as_path(), ecdsa.chain.as_path()];
    // Named in the wrong order.
    let both = Https::load(&[rsa.clone(), ecdsa.clone()]).expect("loaded");
    let only = |files: &CertificateFiles| Https::load(std::slice::from_ref(files)).expect("loaded");
    for (case, https, suites, expected) in [
        ("new", &both, &[NEW][..], Some(&ecdsa)),
        ("both of TLS 1.2", &both, &[RSA, ECDSA], Some(&ecdsa)),
        ("RSA alone", &both, &[RSA], Some(&rsa)),
        ("ECDSA alone", &both, &[ECDSA], Some(&ecdsa)),
        ("new, and only RSA is there", &only(&rsa), &[NEW], Some(&rsa)),
        ("nothing in common", &only(&ecdsa), &[RSA], None),
    ] {
        let got = offered(https, suites, &roots);
        assert_eq!(got.as_ref().ok(), expected.map(der).as_ref(), "{case}: {:?}", got.as_ref().err());
    }
}

#[test]
fn files_that_cannot_be_used_are_named_and_leave_what_is_offered() {
    let folder = Folder::new("reload");
    let (a, b) = (folder.pair("a", false), folder.pair("b", false));
    let https = Https::load(std::slice::from_ref(&a)).expect("loaded");
    let now = || https.offers.now()[0].certified.cert[0].to_vec();
    let first = now();
    fs::copy(&b.chain, &a.chain).expect("copied");
    let faults = https.reload().expect_err("the key of another");
    assert!(matches!(faults[..], [(0, HttpsFault::Mismatch)]), "{faults:?}");
    assert_eq!(now(), first);
    fs::copy(&b.key, &a.key).expect("copied");
    https.reload().expect("both are there");
    assert_eq!(now(), der(&b));
    fs::write(&a.chain, "no certificate").expect("written");
    fs::remove_file(&b.key).expect("removed");
    let faults = Https::load(&[a, b]).expect_err("neither can be used");
    assert!(
        matches!(faults[..], [(0, HttpsFault::Chain(_)), (1, HttpsFault::Key(PemFault::Unreadable(_)))]),
        "{faults:?}"
    );
}
