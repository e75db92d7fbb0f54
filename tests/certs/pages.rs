//! Each page in a real browser: by keyboard, light and dark, wide and narrow, scanned, with pictures.

use std::path::Path;

use super::server::{CertServer, PASSWORD};
use crate::toolkits::{interpreter, run};

const SHOWN: &[&str] = &[
    "sign-in",
    "sign-in-wrong",
    "password-first",
    "mine-empty",
    "register",
    "register-fault",
    "certificate",
    "key",
    "mine",
    "request",
    "requests",
    "decide",
    "applications",
    "application",
    "application-revoked",
    "accounts",
    "account-new",
    "account",
    "mail",
    "log",
    "fault",
];

#[tokio::test]
async fn every_page_is_used_in_a_browser_and_keeps_nobody_out() {
    let server = CertServer::start().await;
    let node = interpreter("OIG_NODE", "target/toolkits/node/bin/node");
    // Kept where somebody wants to look at them.
    let kept = std::env::var("OIG_SCREENSHOTS").unwrap_or_default();
    let own = server.folder.path().to_str().expect("text").to_owned();
    let pictures = if kept.is_empty() { &own } else { &kept };
    let said = run(&node, &["tests/console/certs.mjs", &server.url, PASSWORD, pictures], "").await;
    assert!(said.contains("as agreed"), "{said}");
    for name in SHOWN {
        for look in ["light", "dark", "narrow"] {
            let picture = Path::new(pictures).join(format!("certs-{name}-{look}.png"));
            assert!(picture.exists(), "there is no picture of {name}, {look}");
        }
    }
}
