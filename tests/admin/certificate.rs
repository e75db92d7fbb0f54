//! The certificate of HTTPS, renewed in the browser while the gateway serves.

use oig::issue::{Authority, Valid};

use super::{Site, upload_with};
use crate::certs::people::Person;

#[tokio::test]
async fn a_certificate_is_asked_for_and_installed_and_new_connections_have_it() {
    let site = Site::start(&[]).await;
    let root = site.signed_in("administrator").await;
    root.get("/certificate").await.is(200, "Issued by");
    let fields = [("names", "localhost, 127.0.0.1"), ("kind", "ecdsa")];
    let page = root.post("/certificate/0/request", &fields).await;
    page.is(200, "its key waits here");
    let (_, rest) = page.body.split_once("-----BEGIN CERTIFICATE REQUEST-----").expect("a request");
    let (body, _) = rest.split_once("-----END").expect("its end");
    let request = format!("-----BEGIN CERTIFICATE REQUEST-----{body}-----END CERTIFICATE REQUEST-----\n");
    let now_s = oig::storage::change::now_ms() / 1000;
    let (authority, issued) = Authority::create(Valid::for_25_years(now_s)).expect("made");
    let signed = authority.sign_request(&request, Valid::for_25_years(now_s)).expect("signed");
    let chain = format!("{signed}{}", issued.certificate);

    // Of another key, and no certificate at all: nothing changes.
    let other = authority.issue_server(&["localhost".into()], Valid::for_25_years(now_s)).expect("issued");
    for (chain, key, text) in [
        (other.certificate.as_str(), "", "none of the keys"),
        (&signed, &other.key, "is not that of the certificate"),
        ("<b>no PEM</b>", "", "holds no certificate"),
    ] {
        root.get("/certificate").await;
        root.post("/certificate/0/install", &[("chain", chain), ("key", key)]).await.is(422, text);
    }
    for (fields, file, text) in [
        (&[][..], "", "Choose the file of a certificate, or paste it."),
        (&[("chain", chain.as_str())], chain.as_str(), "not both"),
        (&[], "<b>no PEM</b>", "holds no certificate"),
    ] {
        root.get("/certificate").await;
        let page = upload_with(&root, "/certificate/0/install", fields, "chain_file", file.as_bytes()).await;
        page.is(422, text);
    }
    root.get("/certificate").await.is(200, "A certificate is asked for");
    let page = upload_with(&root, "/certificate/0/install", &[("chain", "")], "chain_file", &[0xff; 64]).await;
    page.is(422, "no PEM in it");
    root.get("/certificate").await;
    let installed = upload_with(&root, "/certificate/0/install", &[("chain", "")], "chain_file", chain.as_bytes());
    installed.await.leads_to("/admin/certificate");
    root.get("/certificate").await;
    root.post("/certificate/0/install", &[("chain", &chain), ("key", "")]).await.leads_to("/admin/certificate");
    root.post("/certificate/8/install", &[("chain", &chain), ("key", "")]).await.is(404, "no such page");

    // Who trusts the new issuer alone meets it now.
    let trusting = Person::at(&site.url, super::BASE, &issued.certificate);
    trusting.get("/sign-in").await.is(200, "Sign in");
    let told = [site.gateway.process.logged().join("\n"), site.gateway.admin(&["audit"], "").expect("read")];
    assert!(told[1].contains("install certificate 1") && !told.iter().any(|text| text.contains("PRIVATE")), "{told:?}");
}
