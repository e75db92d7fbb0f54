//! Programs renew the certificate of HTTPS while the gateway serves.

use oig::issue::{Authority, Valid};
use reqwest::Method;
use serde_json::json;

use super::programs::{Program, token};
use crate::admin::Site;

#[tokio::test]
async fn a_program_asks_for_a_certificate_and_installs_it_and_new_connections_have_it() {
    let site = Site::start(&[]).await;
    let root = Program::new(&site, &token(&site, "administrator", "renewal", "certificate:read,certificate:write"));
    let all = root.get("/certificates").await.is(200);
    assert_eq!((all["items"].as_array().map(Vec::len), all["next"].is_null()), (Some(1), true));
    let before = root.get("/certificates/1").await;
    let facts = before.is(200)["says"].clone();
    assert_eq!(all["items"][0]["says"], facts);
    assert_eq!((facts["ends_soon"].as_bool(), facts["requested"].as_bool()), (Some(false), Some(false)));
    assert!(facts["subject"].is_string() && facts["until_ms"].is_i64(), "{facts}");

    let wish = |names: &[&str], key: &str| json!({ "names": names, "key": key });
    for (body, kind) in [
        (wish(&[], "ecdsa"), "refused"),
        (wish(&["a b"], "ecdsa"), "refused"),
        (wish(&["<b>"], "ecdsa"), "refused"),
        (wish(&["a.example"; 17], "ecdsa"), "refused"),
        (wish(&["a.example"], "dsa"), "not-as-described"),
    ] {
        root.post("/certificates/1/request", &body).await.refused(422, kind);
    }
    let asked = root.post("/certificates/1/request", &wish(&["localhost", "127.0.0.1"], "ecdsa")).await.is(200);
    let request = asked["request"].as_str().expect("a request");
    assert!(request.starts_with("-----BEGIN CERTIFICATE REQUEST-----") && !request.contains("PRIVATE"));
    let now_s = oig::storage::change::now_ms() / 1000;
    let (authority, issued) = Authority::create(Valid::for_25_years(now_s)).expect("made");
    let signed = authority.sign_request(request, Valid::for_25_years(now_s)).expect("signed");
    let soon = authority.sign_request(request, Valid { from_s: now_s - 10, to_s: now_s + 86_400 }).expect("signed");

    let install = async |path: &str, chain: &str, key: Option<&str>| {
        let mut body = json!({ "certificate": chain });
        if let Some(key) = key {
            body["private_key"] = json!(key);
        }
        root.send(Method::PUT, path, &[("content-type", "application/json")], Some(&body.to_string())).await
    };
    // Of another key, and no certificate at all: nothing changes.
    let other = authority.issue_server(&["localhost".into()], Valid::for_25_years(now_s)).expect("issued");
    for (chain, key, words) in [
        (other.certificate.as_str(), None, "none of the keys"),
        (&signed, Some(other.key.as_str()), "is not that of the certificate"),
        ("<b>no PEM</b>", None, "holds no certificate"),
        (&"x".repeat(40_001), None, "at most 40000 bytes"),
    ] {
        let answer = install("/certificates/1", chain, key).await;
        answer.refused(422, "refused");
        assert!(answer.body.contains(words) && !answer.body.contains("<b>"), "{}", answer.body);
    }
    let now = root.get("/certificates/1").await.is(200);
    assert_eq!((&now["says"]["fingerprint"], now["says"]["requested"].as_bool()), (&facts["fingerprint"], Some(true)));
    for path in ["/certificates/2", "/certificates/0", "/certificates/01", "/certificates/100"] {
        install(path, &signed, None).await.refused(404, "not-found");
    }
    let chain = format!("{signed}{}", issued.certificate);
    let installed = install("/certificates/1", &chain, None).await.is(200);
    assert_eq!(installed["says"]["names"], json!(["localhost", "127.0.0.1"]));
    assert_eq!(installed["says"]["requested"], false);

    // Who trusts the new issuer alone meets it now; one that ends soon is said to.
    let trusting = Program::at(&site.url, &issued.certificate, &root.token);
    assert_eq!(trusting.get("/certificates/1").await.is(200)["says"], installed["says"]);
    let body = json!({ "certificate": format!("{soon}{}", issued.certificate) });
    let kind = [("content-type", "application/json")];
    let answer = trusting.send(Method::PUT, "/certificates/1", &kind, Some(&body.to_string())).await;
    assert_eq!(answer.is(200)["says"]["ends_soon"], true);
    let told = [site.gateway.process.logged().join("\n"), site.gateway.admin(&["audit"], "").expect("read")];
    assert!(told[1].contains("administrator by token renewal (127.0.0.1) install certificate 1"), "{}", told[1]);
    assert!(!told.iter().any(|text| text.contains("PRIVATE")), "{told:?}");
}
