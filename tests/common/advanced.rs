//! The tests' CA, shared by all of them, and an application that proves its certificate.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use oig::client::SoapClient;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use rsa::pkcs8::DecodePrivateKey;
use rsa::{Pkcs1v15Sign, PrivateKey};
use schemas::contract::ops_session::Authenticate;
use schemas::contract::session::{AuthenticateSessionRequest, AuthenticateSessionResponse, LoginExRequest};

use super::app::login_request;

/// The data folder of all labs of the tests: RSA keys take time to make.
pub fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lab");
        oig::commands::lab_data(&folder).expect("the tests' data folder can be prepared");
        folder
    });
    &FOLDER
}

pub fn read(file: &str) -> String {
    std::fs::read_to_string(folder().join(file)).expect("the data folder has it")
}

/// The login of the lab's advanced application.
pub fn console(certificate: Option<String>) -> LoginExRequest {
    LoginExRequest {
        application_name: "Console".into(),
        application_password: "console".into(),
        certificate,
        ..login_request()
    }
}

#[derive(Debug, Clone, Copy)]
pub enum By {
    Md5,
    Sha1,
    Sha256,
}

/// A signature over the bytes of a text, made from the standard's words alone (RFC 8017).
pub fn sign(key_file: &str, text: &str, by: By) -> Vec<u8> {
    let key = PrivateKey::from_pkcs8_pem(&read(key_file)).expect("a key");
    let (prefix, hash): (&[u8], Vec<u8>) = match by {
        By::Md5 => {
            (b"\x30\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00\x04\x10", md5_of(text.as_bytes()))
        }
        By::Sha1 => (
            b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
            digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref().to_vec(),
        ),
        By::Sha256 => (
            b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
            digest(&SHA256, text.as_bytes()).as_ref().to_vec(),
        ),
    };
    let scheme = Pkcs1v15Sign { hash_len: Some(hash.len()), prefix: prefix.into() };
    key.sign(scheme, &hash).expect("a signature")
}

fn md5_of(bytes: &[u8]) -> Vec<u8> {
    use md5::Digest;
    md5::Md5::digest(bytes).to_vec()
}

/// As Java prints an array of bytes.
pub fn as_list(bytes: &[u8]) -> String {
    format!("{:?}", bytes.iter().map(|byte| byte.cast_signed()).collect::<Vec<_>>())
}

pub async fn authenticate(client: &SoapClient, session_id: i64, signed: &str) -> AuthenticateSessionResponse {
    let req = AuthenticateSessionRequest { signed_authentication_data: signed.to_owned(), session_id };
    client.call(&Authenticate { req: Some(req) }).await.expect("the gateway answers")
}
