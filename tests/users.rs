//! Users of the integrations: they sign in by e-mail and password with their application, come back with a token, over the
//! end of the gateway, too, and are out when somebody decides so.

use std::time::Duration;

use oig::client::SoapClient;
use schemas::contract::Service;
use schemas::contract::ops_session::{LoginUser, Logout, ResetSessionTimer, ValidateToken};
use schemas::contract::session::{LoginUserRequest, LoginUserResult, ValidateTokenResult};
use serde_json::json;

use crate::common::cluster::{Gateway, With, own_address};
use crate::common::http::{self, SESSION_PATH};
use crate::common::rest::RestClient;
use crate::common::{eventually, rest};

pub const WRONG: &str = "The e-mail address or the password is not right, or the user is locked for a while.";
const NO_TOKEN: &str = "The token is not valid or has expired; log in again.";

/// Lets these rows be users, by the command line.
pub fn import(gateway: &Gateway, rows: &str) -> Result<String, String> {
    let file = gateway.folder().join("users.csv");
    std::fs::write(&file, format!("email,name,kind,dn,node,disabled,password\n{rows}")).expect("written");
    gateway.admin(&["import-users", file.to_str().expect("a path of this machine")], "")
}

const MARY: &str = "Mary@Example.com,Mary,salesforce,1000,1,no,\"it's mary's\"\n";

async fn started() -> Gateway {
    let listen = Some((own_address(), 8080).into());
    let gateway = Gateway::start_with(&[], With { listen, advanced: true, ..With::default() }).await;
    let said =
        import(&gateway, &format!("{MARY}john@example.com,John,google,,,no,johns password\n")).expect("imported");
    assert!(said.contains("2 added, 0 changed."), "{said}");
    gateway
}

pub fn request(email: &str, password: &str) -> LoginUserRequest {
    LoginUserRequest {
        application_name: Some("Screen Pop".into()),
        application_password: Some("screen-pop".into()),
        certificate: None,
        company_name: Some("Example Co".into()),
        local_password: Some("lab".into()),
        user_email: Some(email.into()),
        user_password: Some(password.into()),
    }
}

pub fn client(gateway: &Gateway) -> SoapClient {
    SoapClient::new(&gateway.url).expect("an HTTP client can be made")
}

pub async fn log_in(gateway: &Gateway, request: LoginUserRequest) -> LoginUserResult {
    client(gateway).call(&LoginUser { request: Some(request) }).await.expect("an answer")
}

/// Mary's session and token.
async fn mary(gateway: &Gateway) -> (i64, String) {
    let reply = log_in(gateway, request("mary@example.com", "it's mary's")).await;
    assert!(reply.result && reply.user_id == 1, "{:?}", reply.error_description);
    (reply.session_id, reply.token.expect("a token"))
}

async fn come_back(gateway: &Gateway, token: &str) -> ValidateTokenResult {
    client(gateway).call(&ValidateToken { token: Some(token.into()) }).await.expect("an answer")
}

/// The session that a token leads to.
async fn session(gateway: &Gateway, token: &str) -> i64 {
    let reply = come_back(gateway, token).await;
    assert!(reply.result, "{:?}", reply.error_description);
    assert_eq!((reply.user_id, reply.token.as_deref()), (1, Some(token)));
    reply.session_id
}

pub async fn lives(gateway: &Gateway, session_id: i64) -> bool {
    client(gateway).call(&ResetSessionTimer { session_id }).await.expect("an answer").result
}

/// Resets a session's timer until the test is over: that it ends has another reason then.
fn keep(gateway: &Gateway, session_id: i64) {
    let client = client(gateway);
    tokio::spawn(async move {
        let mut often = tokio::time::interval(Duration::from_secs(3));
        loop {
            often.tick().await;
            // The gateway ends with its test.
            let _ = client.call(&ResetSessionTimer { session_id }).await;
        }
    });
}

async fn until_out(gateway: &Gateway, session_id: i64, token: &str) {
    eventually("the session has ended", async || (!lives(gateway, session_id).await).then_some(())).await;
    let reply = come_back(gateway, token).await;
    assert_eq!((reply.result, reply.session_id, reply.user_id), (false, 0, 0));
    assert_eq!(reply.error_description.as_deref(), Some(NO_TOKEN));
}

#[tokio::test]
async fn a_user_comes_back_by_the_token_whatever_became_of_the_gateway_until_logging_out() {
    let mut gateway = started().await;
    let (first, token) = mary(&gateway).await;
    assert_eq!(token.len(), 43);
    assert_eq!(session(&gateway, &token).await, first, "the session that lives");
    let (second, other) = mary(&gateway).await;
    assert!(second != first && other != token, "each sign-in is one of its own");
    assert_eq!(session(&gateway, &other).await, second);

    // Killed: the journal has the session, and whose it is.
    gateway.kill_and_start().await;
    assert_eq!(session(&gateway, &token).await, first);
    assert!(lives(&gateway, first).await);

    // Stopped in good order, all sessions have ended; two who come back at once get one new session.
    gateway.process.terminate();
    assert!(gateway.process.ended().await.success());
    gateway.start_again().await;
    assert!(!lives(&gateway, first).await);
    let (a, b) = tokio::join!(session(&gateway, &token), session(&gateway, &token));
    assert!(a == b && a != first);
    assert!(lives(&gateway, a).await);

    let logout = client(&gateway).call(&Logout { session_id: a }).await.expect("an answer");
    assert!(logout.result);
    until_out(&gateway, a, &token).await;
    session(&gateway, &other).await;

    // Neither the database nor the journal nor a log has a secret.
    let data = [gateway.folder().join("data"), gateway.journal()];
    let files = data.iter().flat_map(|folder| std::fs::read_dir(folder).expect("it is there"));
    let mut texts: Vec<Vec<u8>> =
        files.map(|file| std::fs::read(file.expect("a file").path()).expect("it can be read")).collect();
    texts.push(gateway.process.logged().join("\n").into_bytes());
    texts.push(gateway.admin(&["audit"], "").expect("read").into_bytes());
    for secret in [token.as_str(), &other, "it's mary's", "johns password"] {
        let has = |text: &Vec<u8>| text.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!texts.iter().any(has), "a secret is kept");
    }
}

#[tokio::test]
async fn who_is_disabled_removed_or_given_another_password_is_out_and_so_is_everybody_of_a_revoked_application() {
    let gateway = started().await;
    let (first, token) = mary(&gateway).await;
    let john = log_in(&gateway, request("john@example.com", "johns password")).await;
    assert_eq!(john.user_id, 2);
    keep(&gateway, first);
    keep(&gateway, john.session_id);
    let keeps = async |gateway: &Gateway| assert!(lives(gateway, john.session_id).await, "another's goes on");

    import(&gateway, "mary@example.com,Mary M,salesforce,1001,1,no,\n").expect("imported");
    assert_eq!(session(&gateway, &token).await, first, "another name and phone end nothing");
    import(&gateway, "mary@example.com,Mary M,salesforce,1001,1,no,another password\n").expect("imported");
    until_out(&gateway, first, &token).await;
    let old = log_in(&gateway, request("mary@example.com", "it's mary's")).await;
    assert_eq!(old.error_description.as_deref(), Some(WRONG));
    keeps(&gateway).await;

    let reply = log_in(&gateway, request("mary@example.com", "another password")).await;
    let (second, token) = (reply.session_id, reply.token.expect("a token"));
    keep(&gateway, second);
    import(&gateway, "mary@example.com,Mary M,salesforce,1001,1,yes,\n").expect("imported");
    until_out(&gateway, second, &token).await;
    let disabled = log_in(&gateway, request("mary@example.com", "another password")).await;
    assert_eq!(disabled.error_description.as_deref(), Some("The user is disabled."));
    keeps(&gateway).await;

    import(&gateway, "mary@example.com,Mary M,salesforce,1001,1,no,\n").expect("imported");
    assert_eq!(come_back(&gateway, &token).await.error_description.as_deref(), Some(NO_TOKEN), "it stays dead");
    let reply = log_in(&gateway, request("mary@example.com", "another password")).await;
    let (third, token) = (reply.session_id, reply.token.expect("a token"));
    keep(&gateway, third);
    gateway.admin(&["revoke", "Example Co", "Screen Pop"], "").expect("revoked");
    until_out(&gateway, third, &token).await;
    assert!(!lives(&gateway, john.session_id).await);
    gateway.admin(&["reinstate", "Example Co", "Screen Pop"], "").expect("reinstated");
    eventually("the application enters again", async || {
        log_in(&gateway, request("mary@example.com", "another password")).await.result.then_some(())
    })
    .await;
    assert_eq!(come_back(&gateway, &token).await.error_description.as_deref(), Some(NO_TOKEN));
}

/// What loginUser is told by hand, with these elements in it.
async fn told(gateway: &Gateway, elements: &[(&str, &str)]) -> http::Answer {
    let inner: String = elements.iter().map(|(name, value)| format!("<s:{name}>{value}</s:{name}>")).collect();
    let inner = format!("<v:request xmlns:s=\"http://mitel.com/oig/session\">{inner}</v:request>");
    let body = http::envelope(Service::SessionService, "loginUser", &inner);
    http::post(&gateway.url, SESSION_PATH, &[("SOAPAction", "\"urn:loginUser\"")], &body).await
}

#[tokio::test]
async fn what_is_refused_is_told_by_the_contract_and_guessing_locks_the_user() {
    let gateway = started().await;
    let all = [
        ("applicationName", "Screen Pop"),
        ("applicationPassword", "screen-pop"),
        ("companyName", "Example Co"),
        ("localPassword", "lab"),
        ("userEmail", "mary@example.com"),
        ("userPassword", "it's mary's"),
    ];
    let with =
        |name: &str, value: &'static str| all.map(|(own, text)| if own == name { (own, value) } else { (own, text) });
    let wrong_application = "The company, the application or a password is not right.";
    let answer = told(&gateway, &all).await;
    answer.accepted();
    assert_eq!((answer.attribute("userId"), answer.text("token").map(str::len)), (Some("1"), Some(43)));
    for (elements, text) in [
        (with("userEmail", ""), "The element 'userEmail' is missing or empty."),
        (with("userPassword", ""), "The element 'userPassword' is missing or empty."),
        (with("companyName", ""), "The element 'companyName' is missing or empty."),
        (with("localPassword", "no"), wrong_application),
        (with("applicationName", "Other"), wrong_application),
        (with("userEmail", "nobody@example.com"), WRONG),
        (with("userPassword", "x"), WRONG),
        (with("userEmail", "&lt;script>"), WRONG),
    ] {
        let answer = told(&gateway, &elements).await;
        answer.refused(text);
        assert_eq!((answer.attribute("sessionId"), answer.attribute("userId")), (Some("0"), Some("0")));
        assert!(answer.text("token").is_none(), "{}", answer.body);
    }
    let mut certified = all.to_vec();
    certified.push(("certificate", "no certificate"));
    let answer = told(&gateway, &certified).await;
    answer.refused("The application is not permitted Advanced service.");
    let empty = http::envelope(Service::SessionService, "loginUser", "");
    let answer = http::post(&gateway.url, SESSION_PATH, &[("SOAPAction", "\"urn:loginUser\"")], &empty).await;
    answer.refused("The element 'request' is missing.");
    for (token, text) in [
        (None, "The element 'token' is missing or empty."),
        (Some("0d9f7c52".to_owned()), NO_TOKEN),
        (Some("A".repeat(43)), NO_TOKEN),
        (Some("A".repeat(50_000)), NO_TOKEN),
    ] {
        let reply = client(&gateway).call(&ValidateToken { token }).await.expect("an answer");
        assert_eq!((reply.result, reply.error_description.as_deref()), (false, Some(text)));
    }

    // One guess was made above; the sixth locks, and then the right one is told what a wrong one is.
    for _ in 0..5 {
        told(&gateway, &with("userPassword", "y")).await.refused(WRONG);
    }
    told(&gateway, &all).await.refused(WRONG);
    let listed = gateway.admin(&["users", "--search", "MARY"], "").expect("listed");
    assert!(
        listed.contains("locked") && listed.contains("salesforce mary@example.com  Mary  1000 at node 1"),
        "{listed}"
    );
    assert!(!listed.contains("john"), "{listed}");
    // An administrator's new password takes the lock off.
    import(&gateway, "mary@example.com,Mary,salesforce,1000,1,no,another password\n").expect("imported");
    assert!(log_in(&gateway, request("mary@example.com", "another password")).await.result);
    let said = gateway.process.logged().join("\n");
    assert!(!said.contains("mary's") && !said.contains("mary@") && !said.contains("nobody@"), "{said}");
}

#[tokio::test]
async fn rest_signs_users_in_by_the_same_rules() {
    let gateway = started().await;
    let mut rest = RestClient::new(&gateway.url);
    let mut asked = rest::login_fields();
    asked["userEmail"] = "john@example.com".into();
    for (password, status, text) in [("x", 401, WRONG), ("", 400, "The element 'userPassword' is missing or empty.")] {
        asked["userPassword"] = password.into();
        rest.call("loginUser", json!({ "request": asked })).await.refused(status, text);
    }
    asked["userPassword"] = "johns password".into();
    let given = rest.call("loginUser", json!({ "request": asked })).await.accepted();
    assert_eq!(given["userId"], 2);
    let back = rest.call("validateToken", json!({ "token": given["token"] })).await.accepted();
    assert_eq!(back, given);
    rest.call("validateToken", json!({ "token": "x" })).await.refused(401, NO_TOKEN);
    rest.session = given["sessionId"].as_str().map(str::to_owned);
    rest.reset().await.accepted();
    // A session that SOAP could not use is not given to it.
    let by_soap = come_back(&gateway, given["token"].as_str().expect("a text")).await;
    assert!(by_soap.result && given["sessionId"] != by_soap.session_id.to_string().as_str());
}

#[tokio::test]
async fn a_file_of_users_is_taken_whole_or_not_at_all_at_the_command_line_too() {
    let gateway = started().await;
    let bad = import(&gateway, "new@example.com,New,google,,,no,\nmary@example.com,,google,,,no,\n");
    assert!(bad.expect_err("refused").contains("rows that are refused: 1; nothing was changed"));
    let export = || gateway.admin(&["export-users"], "").expect("exported");
    let before = export();
    assert_eq!(
        before,
        "email,name,kind,dn,node,disabled\njohn@example.com,John,google,,,no\n\
         mary@example.com,Mary,salesforce,1000,1,no\n"
    );
    let file = gateway.folder().join("again.csv");
    let file = file.to_str().expect("a path of this machine");
    std::fs::write(file, before.replace("Mary", "=Mary")).expect("written");
    let would = gateway.admin(&["import-users", file, "--dry-run"], "").expect("read");
    assert!(would.contains("change  line 3: mary@example.com: name\nNothing was changed (--dry-run)."), "{would}");
    assert_eq!(export(), before);
    gateway.admin(&["import-users", file], "").expect("imported");
    assert!(export().contains("mary@example.com,'=Mary,"), "harmless in a spreadsheet");
    let to = gateway.folder().join("to.csv");
    gateway.admin(&["export-users", to.to_str().expect("a path")], "").expect("exported");
    std::fs::rename(&to, file).expect("moved");
    let same = gateway.admin(&["import-users", file], "").expect("read");
    assert!(same.contains("Nothing was changed: the database has what the file has."), "{same}");
    let audit = gateway.admin(&["audit"], "").expect("read");
    assert!(audit.contains("export 2 users") && audit.contains("change user mary@example.com"), "{audit}");
    assert!(!audit.contains("argon2"), "{audit}");
}
