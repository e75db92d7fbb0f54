//! Login for Advanced service: certificate, challenge, proof; and what a session may do before.

use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oig::client::SoapClient;
use oig::issue::{Authority, Issued, Valid};
use schemas::contract::ops_call_control_advanced::AdvGetEvent;
use schemas::contract::ops_session::{Login, LoginApp, ResetSessionTimer, ServiceVersions};
use schemas::contract::session::{LoginAppReq, LoginExRequest, LoginRequest};
use schemas::contract::{OPERATIONS, Permission, Service};

use crate::common::advanced::{By, as_list, authenticate, console, read, sign};
use crate::common::app::{App, NO_SESSION, log_in};
use crate::common::cluster::{Gateway, Lab, With};
use crate::common::eventually;
use crate::common::http::{Answer, CALL_PATH, DATA_PATH, SESSION_PATH, post};

const UNPROVEN: &str = "The session has not proven its certificate yet; until authenticate it may do nothing else.";
const PROVEN: &str = "The session has proven its certificate already.";
const WRONG_PROOF: &str = "The challenge is not signed by the certificate's key.";
const LAST_PROOF: &str = "The challenge is not signed by the certificate's key; the session has ended.";

async fn advanced_gateway() -> Gateway {
    Gateway::start_with(&[], With { advanced: true, filter: "debug", ..With::default() }).await
}

/// A session of Console that waits for its proof, and its challenge.
async fn unproven(client: &SoapClient) -> (i64, String) {
    let reply = log_in(client, console(Some(read("console.cert.pem")))).await;
    assert_eq!((reply.result, reply.error_desc), (true, None));
    (reply.session_id, reply.authentication_data.expect("a challenge"))
}

async fn refused(client: &SoapClient, session: i64, signed: &str, text: &str) {
    let reply = authenticate(client, session, signed).await;
    let told = (reply.result, reply.session_id, reply.error_description.as_deref());
    assert_eq!(told, (false, session, Some(text)), "{signed}");
}

async fn accepted(client: &SoapClient, session: i64, signed: &str) {
    let reply = authenticate(client, session, signed).await;
    assert_eq!((reply.result, reply.session_id, reply.error_description), (true, session, None), "{signed}");
}

/// Posts the sample of an operation in the name of a session.
async fn sample(url: &str, service: Service, operation: &str, session: i64) -> Answer {
    let file = format!("{}/schemas/samples/{operation}.request.xml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{file}: {e}"));
    let path = match service {
        Service::SessionService => SESSION_PATH,
        Service::DataAccessService => DATA_PATH,
        _ => CALL_PATH,
    };
    post(url, path, &[], &in_the_name_of(&text, session)).await
}

/// The text with another session id, be it an element or an attribute.
fn in_the_name_of(text: &str, session: i64) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("essionId") {
        let (before, after) = rest.split_at(at + "essionId".len());
        out.push_str(before);
        rest = after;
        if let Some(tail) = rest.strip_prefix('>').or_else(|| rest.strip_prefix("=\"")) {
            out.push_str(&rest[..rest.len() - tail.len()]);
            let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 {
                out.push_str(&session.to_string());
            }
            rest = &tail[digits..];
        }
    }
    out + rest
}

#[tokio::test]
async fn each_form_of_login_proves_its_certificate_by_each_digest_in_each_form_of_signature() {
    let mut gateway = advanced_gateway().await;
    let client = SoapClient::new(&gateway.url).expect("an HTTP client can be made");
    let LoginExRequest { application_name, company_name, application_password, local_password, certificate, .. } =
        console(Some(read("console.cert.pem")));
    let login = Login {
        req: Some(LoginRequest {
            application_name: application_name.clone(),
            company_name: company_name.clone(),
            local_password: local_password.clone(),
            application_password: Some(application_password.clone()),
            certificate: certificate.clone(),
        }),
    };
    let login_app = LoginApp {
        req: Some(LoginAppReq {
            application_name: Some(application_name),
            company_name: Some(company_name),
            application_password: Some(application_password),
            local_password: Some(local_password),
            certificate,
            version: Some("4.1".into()),
            user_id: None,
        }),
    };
    let mut secrets = Vec::new();
    for by in [By::Md5, By::Sha1, By::Sha256] {
        let a = client.call(&login).await.expect("an answer");
        let b = client.call(&login_app).await.expect("an answer");
        let (session, challenge) = unproven(&client).await;
        let begun = [
            (a.session_id, a.authentication_data.expect("a challenge")),
            (b.session_id, b.authentication_data.expect("a challenge")),
            (session, challenge),
        ];
        for ((session, challenge), form) in begun.into_iter().zip(0..) {
            let signature = sign("console.key.pem", &challenge, by);
            let base64 = STANDARD.encode(&signature);
            let lines = base64.as_bytes().chunks(64).map(|c| format!("{}\r\n", String::from_utf8_lossy(c)));
            let signed = match form {
                0 => as_list(&signature),
                1 => as_list(&signature).replace(' ', ""),
                _ => lines.collect::<String>(),
            };
            accepted(&client, session, &signed).await;
            // What was proven is not proven again, by nobody.
            refused(&client, session, &signed, PROVEN).await;
            secrets.extend([challenge, base64[..64].to_owned(), signed[..40].to_owned()]);
        }
    }
    let logged = gateway.process.logged().join("\n");
    assert!(logged.contains("Advanced service"), "{logged}");
    for secret in secrets {
        assert!(!logged.contains(&secret), "{secret} is in the log");
    }
    assert!(gateway.process.lives());
}

#[tokio::test]
async fn a_certificate_that_is_not_right_is_refused_with_its_reason_once_the_passwords_are() {
    let gateway = advanced_gateway().await;
    let client = SoapClient::new(&gateway.url).expect("an HTTP client can be made");
    let fixture = |name: &str| {
        let file = format!("{}/tests/fixtures/advanced/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(file).expect("the fixture is there")
    };
    let now_s = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs().cast_signed();
    let valid = |from: i64, to: i64| Valid { from_s: now_s + from * 86_400, to_s: now_s + to * 86_400 };
    let kept = Issued { certificate: read("ca.cert.pem"), key: read("ca.key.pem") };
    let ours = Authority::from_pem(&kept).expect("the lab's CA");
    let other = Authority::create(valid(-1, 10)).expect("a CA of the same name").0;
    let key = read("console.key.pem");
    let issue =
        |authority: &Authority, valid| authority.reissue("Example Co", "Console", valid, &key).expect("a certificate");
    for (certificate, text) in [
        (issue(&other, valid(-1, 10)), "The certificate's issuer is not trusted by this gateway."),
        (issue(&ours, valid(-9, -1)), "The certificate has expired."),
        (issue(&ours, valid(1, 9)), "The certificate is not valid yet."),
        (read("recorder.cert.pem"), "The certificate was issued for another application."),
        (fixture("md5.cert.pem"), "The certificate is signed with MD5, which is not accepted; it must be issued anew."),
        (fixture("small.cert.pem"), "The certificate's RSA key must have 2048 to 4096 bits."),
        (fixture("ec.cert.pem"), "The certificate's key is not an RSA key."),
        (fixture("v1.cert.pem"), "The certificate is not of X.509 version 3."),
        ("SECRET".into(), "The certificate is not one X.509 certificate in PEM form."),
        ("A".repeat(20_000), "The certificate is larger than is accepted."),
    ] {
        let reply = log_in(&client, console(Some(certificate.clone()))).await;
        let told = (reply.result, reply.session_id, reply.authentication_data, reply.error_desc.as_deref());
        assert_eq!(told, (false, 0, None, Some(text)));
        // Nothing is said of it to who does not know the passwords.
        if text.contains("MD5") {
            let guess = LoginExRequest { local_password: "wrong".into(), ..console(Some(certificate)) };
            let told = log_in(&client, guess).await.error_desc;
            assert_eq!(told.as_deref(), Some("The company, the application or a password is not right."));
        }
    }
    let standard =
        LoginExRequest { certificate: Some(read("console.cert.pem")), ..crate::common::app::login_request() };
    let told = log_in(&client, standard).await.error_desc;
    assert_eq!(told.as_deref(), Some("The application is not permitted Advanced service."));
    // Without a certificate, or with an empty one, its session is Standard, and waits for no proof.
    for certificate in [None, Some("  \n".to_owned())] {
        let reply = log_in(&client, console(certificate)).await;
        assert_eq!((reply.result, reply.authentication_data), (true, None));
        refused(&client, reply.session_id, "[1]", "The session did not log in with a certificate.").await;
    }
}

#[tokio::test]
async fn until_its_proof_a_session_may_do_nothing_of_all_operations() {
    let gateway = advanced_gateway().await;
    let client = SoapClient::new(&gateway.url).expect("an HTTP client can be made");
    let (session, challenge) = unproven(&client).await;
    let standard = App::login(&gateway.url).await;
    let mut walked = 0;
    for row in OPERATIONS.iter().filter(|row| Service::SERVED.contains(&row.service)) {
        if row.permission == Permission::Open {
            continue;
        }
        sample(&gateway.url, row.service, row.name, session).await.refused(UNPROVEN);
        if row.permission == Permission::Advanced {
            let text = format!("{} needs Advanced service.", row.name);
            sample(&gateway.url, row.service, row.name, standard.session_id).await.refused(&text);
        }
        walked += 1;
        // The walk may take longer than a session lives without a reset.
        assert!(client.call(&ResetSessionTimer { session_id: session }).await.expect("an answer").result);
    }
    assert!(walked > 100, "only {walked} operations were tried");
    assert!(client.call(&ServiceVersions { session_id: session }).await.expect("an answer").result);
    let signed = as_list(&sign("console.key.pem", &challenge, By::Md5));
    accepted(&client, session, &signed).await;
    // Proven: what exists is done, and what does not says so. A poll of the sample's length would outlive the session.
    for row in OPERATIONS.iter().filter(|row| row.permission == Permission::Advanced && row.name != "advGetEvent") {
        let answer = sample(&gateway.url, row.service, row.name, session).await;
        let told = answer.text("errorDescription").unwrap_or_default().to_owned();
        assert!(!told.contains("needs Advanced") && told != UNPROVEN, "{}: {told}", row.name);
        assert!(client.call(&ResetSessionTimer { session_id: session }).await.expect("an answer").result);
    }
    let polled = client.call(&AdvGetEvent { session_id: session, timeout: 1 }).await.expect("an answer");
    assert_eq!(polled.error_description.as_deref(), Some("Timeout no event message available."));
}

#[tokio::test]
async fn a_proof_of_another_challenge_or_key_is_refused_and_the_third_ends_the_session() {
    let gateway = advanced_gateway().await;
    let client = SoapClient::new(&gateway.url).expect("an HTTP client can be made");
    let (one, of_one) = unproven(&client).await;
    let (other, of_other) = unproven(&client).await;
    let signed = |key: &str, text: &str| as_list(&sign(key, text, By::Sha256));
    // Foreign challenge; foreign key; then the right one still counts.
    refused(&client, one, &signed("console.key.pem", &of_other), WRONG_PROOF).await;
    refused(&client, one, &signed("recorder.key.pem", &of_one), WRONG_PROOF).await;
    accepted(&client, one, &signed("console.key.pem", &of_one)).await;
    // Replayed in another session, malformed, and once too often.
    refused(&client, other, &signed("console.key.pem", &of_one), WRONG_PROOF).await;
    refused(&client, other, "[58,-40,", WRONG_PROOF).await;
    refused(&client, other, "", LAST_PROOF).await;
    eventually("the session has ended", async || {
        let reply = authenticate(&client, other, &signed("console.key.pem", &of_other)).await;
        assert!(!reply.result);
        (reply.error_description.as_deref() == Some(NO_SESSION)).then_some(())
    })
    .await;
    refused(&client, 12_345, "[1]", NO_SESSION).await;
    // The first is untouched by all this.
    assert!(client.call(&ResetSessionTimer { session_id: one }).await.expect("an answer").result);
}

#[tokio::test]
async fn failed_logins_are_slowed_and_a_right_one_from_elsewhere_is_not() {
    let gateway = advanced_gateway().await;
    let from = |address: [u8; 4]| {
        SoapClient::from_address(Some(address.into()), &gateway.url).expect("an HTTP client can be made")
    };
    let guesser = from([127, 0, 0, 1]);
    let well_behaved = from([127, 0, 0, 77]);
    let wrong = || LoginExRequest { local_password: "wrong".into(), ..console(None) };
    for _ in 0..20 {
        assert!(!log_in(&guesser, wrong()).await.result);
    }
    let took = async |client: &SoapClient, request: LoginExRequest| {
        let began = Instant::now();
        (log_in(client, request).await.result, began.elapsed().as_millis())
    };
    eventually("the guesser is slowed", async || {
        let (result, ms) = took(&guesser, wrong()).await;
        assert!(!result);
        (ms >= 2000).then_some(())
    })
    .await;
    // Another address is not slowed when it is right, for the same application.
    let (result, ms) = took(&well_behaved, console(None)).await;
    assert!(result && ms < 2000, "{ms} ms");
    // The guesser itself is not locked out.
    assert!(log_in(&guesser, console(None)).await.result);
}

#[tokio::test]
async fn the_lab_makes_its_certificates_once_and_its_gateway_believes_them() {
    use std::os::unix::fs::PermissionsExt;
    let lab = Lab::start().await;
    for name in ["ca", "console", "recorder"] {
        let key = crate::common::advanced::folder().join(format!("{name}.key.pem"));
        let mode = std::fs::metadata(&key).expect("the key is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
        assert!(read(&format!("{name}.key.pem")).starts_with("-----BEGIN PRIVATE KEY-----"));
    }
    let before = read("console.cert.pem");
    let again = oig::commands::lab_data(crate::common::advanced::folder()).expect("it can be used again");
    assert_eq!(again, crate::common::advanced::folder().join("ca.cert.pem"));
    assert_eq!(read("console.cert.pem"), before);
    let client = SoapClient::new(&lab.url).expect("an HTTP client can be made");
    let (session, challenge) = unproven(&client).await;
    accepted(&client, session, &STANDARD.encode(sign("console.key.pem", &challenge, By::Sha1))).await;
    let recorder = LoginExRequest {
        application_name: "Recorder".into(),
        application_password: "recorder".into(),
        ..console(Some(read("recorder.cert.pem")))
    };
    let reply = log_in(&client, recorder).await;
    let challenge = reply.authentication_data.expect("a challenge");
    accepted(&client, reply.session_id, &as_list(&sign("recorder.key.pem", &challenge, By::Md5))).await;
}
