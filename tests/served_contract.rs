//! WSDL and XSD as a toolkit fetches them from the running gateway.

use schemas::contract::{OPERATIONS, Service, files};

use crate::common::cluster::{Gateway, With};
use crate::common::http::{self, CALL_PATH, DATA_PATH, SESSION_PATH};

const PATHS: [(Service, &str); 3] = [
    (Service::SessionService, SESSION_PATH),
    (Service::StandardCcService, CALL_PATH),
    (Service::DataAccessService, DATA_PATH),
];
const SCHEMAS: [&str; 5] = ["cc.xsd", "standard.xsd", "advanced.xsd", "session.xsd", "da.xsd"];

/// Every address of a served service, without trailing slash.
fn addresses() -> Vec<(Service, String)> {
    let old = Service::SERVED.map(|s| (s, format!("/axis2/services/{}", s.name())));
    PATHS.iter().map(|(s, path)| (*s, (*path).to_owned())).chain(old).collect()
}

fn located(wsdl: &str) -> &str {
    let (_, rest) = wsdl.split_once("<soap:address location=\"").expect("the WSDL has an address");
    rest.split('"').next().unwrap_or_default()
}

#[tokio::test]
async fn every_wsdl_is_at_all_its_paths_and_repeats_the_address_that_was_asked() {
    let gateway = Gateway::start(&[]).await;
    for (service, path) in addresses() {
        for (asked, repeated) in [
            (format!("{path}?wsdl"), path.clone()),
            (format!("{path}/?wsdl"), format!("{path}/")),
            (format!("{path}?WSDL"), path.clone()),
            (format!("{path}?singleWsdl"), path.clone()),
            (format!("{path}.wsdl"), path.clone()),
        ] {
            let answer = http::get(&gateway.url, &asked, &[]).await;
            assert_eq!(answer.status, 200, "{asked}");
            assert_eq!(answer.header("content-type"), Some("text/xml; charset=utf-8"), "{asked}");
            assert_eq!(located(&answer.body), format!("http://gateway.example:8080{repeated}"), "{asked}");
            let expected = files::wsdl(service, &format!("http://gateway.example:8080{repeated}"));
            assert_eq!(answer.body, expected, "{asked} is not the file of {}", service.name());
        }
    }
    // The services that applications host have their descriptions at the old base.
    for service in Service::ALL.into_iter().filter(|s| !Service::SERVED.contains(s)) {
        let answer = http::get(&gateway.url, &format!("/axis2/services/{}?wsdl", service.name()), &[]).await;
        assert_eq!((answer.status, answer.body.contains(service.namespace().uri())), (200, true), "{}", service.name());
    }
}

#[tokio::test]
async fn every_schema_is_beside_its_wsdl_and_by_name() {
    let gateway = Gateway::start(&[]).await;
    for (_, path) in addresses() {
        let (base, _) = path.rsplit_once('/').expect("a path of several parts");
        for name in SCHEMAS {
            let text = files::xsd(name).expect("a schema of the contract");
            for asked in [
                format!("{path}?xsd={name}"),
                format!("{path}/?xsd={name}"),
                format!("{base}/{name}"),
                format!("{path}/{name}"),
            ] {
                let answer = http::get(&gateway.url, &asked, &[]).await;
                assert_eq!((answer.status, answer.body.as_str()), (200, text), "{asked}");
                assert_eq!(answer.header("content-type"), Some("text/xml; charset=utf-8"), "{asked}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_of_the_contract_is_not_found() {
    let gateway = Gateway::start(&[]).await;
    for path in [
        "/",
        "/mitel/oig",
        "/mitel/oig/cc/",
        "/mitel/oig/cc/SessionService?wsdl",
        "/mitel/oig/cc/StandardCCService?xsd=../cc.xsd",
        "/mitel/oig/cc/StandardCCService?xsd=",
        "/mitel/oig/cc/..%2fcc.xsd",
        "/mitel/oig/cc/other.xsd",
        "/axis2/services/NoService?wsdl",
        "/axis2/services/StandardCCService.wsdl/x",
    ] {
        let answer = http::get(&gateway.url, path, &[]).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
        assert!(!answer.body.contains("other.xsd") && !answer.body.contains("NoService"), "{path} is echoed");
    }
    let plain = http::get(&gateway.url, CALL_PATH, &[]).await;
    assert_eq!((plain.status, plain.body.contains("?wsdl")), (200, true), "a person is told where to look");
    // Hosted services are described here and not served.
    let posted = http::post(&gateway.url, "/axis2/services/EventHandlerCCService", &[], "<x/>").await;
    assert_eq!(posted.status, 404);
}

#[tokio::test]
async fn the_address_is_that_of_the_host_and_of_a_trusted_proxy_only() {
    let forwarded = [("X-Forwarded-Host", "public.example"), ("X-Forwarded-Proto", "https")];
    let asked = format!("{CALL_PATH}?wsdl");

    let alone = Gateway::start(&[]).await;
    let answer = http::get(&alone.url, &asked, &forwarded).await;
    assert_eq!(located(&answer.body), format!("http://gateway.example:8080{CALL_PATH}"), "a stranger is not believed");
    let answer = http::get(&alone.url, &asked, &[("Host", "[::1]:9090")]).await;
    assert_eq!(located(&answer.body), format!("http://[::1]:9090{CALL_PATH}"));
    let answer = http::get(&alone.url, &asked, &[("Host", "a\"/><evil")]).await;
    assert!(answer.status == 400 || located(&answer.body) == format!("http://localhost{CALL_PATH}"), "{}", answer.body);
    assert!(!answer.body.contains("evil"));

    let trusting = With { trusted_proxies: &["127.0.0.1"], ..With::default() };
    let behind = Gateway::start_with(&[], trusting).await;
    let answer = http::get(&behind.url, &asked, &forwarded).await;
    assert_eq!(located(&answer.body), format!("https://public.example{CALL_PATH}"));
    let two = [("X-Forwarded-Host", "public.example:444, inner.example"), ("X-Forwarded-Proto", "https,http")];
    let answer = http::get(&behind.url, &asked, &two).await;
    assert_eq!(located(&answer.body), format!("https://public.example:444{CALL_PATH}"), "the first proxy counts");
    let odd = [("X-Forwarded-Host", "a b"), ("X-Forwarded-Proto", "javascript")];
    let answer = http::get(&behind.url, &asked, &odd).await;
    assert!(located(&answer.body).starts_with("http://") && !answer.body.contains("javascript"), "{}", answer.body);
}

#[tokio::test]
async fn served_wsdls_declare_the_prefixes_that_applications_write_and_bind_every_operation() {
    let gateway = Gateway::start(&[]).await;
    let declared = |wsdl: &str, prefix: &str, uri: &str| {
        assert!(wsdl.contains(&format!("xmlns:{prefix}=\"{uri}\"")), "{prefix} is not {uri}");
    };
    let session = http::get(&gateway.url, &format!("{SESSION_PATH}?wsdl"), &[]).await.body;
    declared(&session, "ns1", "http://mitel.com/oig/session");
    let calls = http::get(&gateway.url, &format!("{CALL_PATH}?wsdl"), &[]).await.body;
    declared(&calls, "ns1", "http://mitel.com/oig/cc");
    declared(&calls, "ns2", "http://mitel.com/oig/cc/advanced");
    declared(&calls, "ns3", "http://mitel.com/oig/cc/standard");
    let data = http::get(&gateway.url, &format!("{DATA_PATH}?wsdl"), &[]).await.body;
    for row in &OPERATIONS {
        let wsdl = match row.service {
            Service::SessionService => &session,
            Service::StandardCcService => &calls,
            _ => &data,
        };
        assert!(wsdl.contains(&format!("soapAction=\"urn:{}\"", row.name)), "{} is not bound", row.name);
    }
}
