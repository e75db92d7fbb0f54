//! What members and administrators do, from the request to what a gateway fetches.

use oig::acl::Document;
use oig::jws::Verifier;
use reqwest::Method;
use serde_json::Value;

use super::people::{Page, Person};
use super::server::{CertServer, MailServer, PASSWORD};
use crate::common::Folder;

pub const FIELDS: [(&str, &str); 4] = [
    ("company", "Bühne & Co"),
    ("application", "Screen Pop"),
    ("password", "application password"),
    ("contact", "Ada, ext. 7"),
];

/// The list as a gateway reads it.
pub async fn list(server: &CertServer) -> Document {
    let page = server.somebody().get("/acl").await;
    assert_eq!((page.status, page.header("content-type")), (200, "application/jose"));
    let verifier = Verifier::from_pem(server.ca.as_bytes()).expect("a certificate");
    let document = Document::read(&page.body, &verifier).expect("signed by the CA");
    assert_eq!(page.header("etag"), format!("\"{}\"", document.version));
    document
}

/// The first request that waits, as an administrator sees it.
pub async fn first_pending(root: &Person) -> String {
    let page = root.get("/requests").await;
    page.link("/requests/").unwrap_or_else(|| panic!("nothing waits: {}", page.text()))
}

pub async fn approve_first(root: &Person) {
    let path = first_pending(root).await;
    root.press(&path, &format!("{path}/approve"), &[]).await.leads_to("/requests");
}

/// The private key that a page shows.
pub fn key_of(page: &Page) -> String {
    let (_, rest) = page.body.split_once("BEGIN PRIVATE KEY").expect("a key");
    let (key, _) = rest.split_once("-----END").expect("its end");
    let key: String = key.trim_start_matches('-').chars().filter(|c| !c.is_whitespace()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n")
}

fn pem_of(mail: &Value) -> String {
    assert_eq!(mail["attachments"][0]["name"], "Screen-Pop.cert.pem");
    mail["attachments"][0]["text"].as_str().expect("text").to_owned()
}

/// Whether the key signs what the certificate's key verifies.
fn fit(key: &str, certificate: &str) -> bool {
    let signed = oig::jws::Signer::from_pem(key).and_then(|signer| signer.sign("x", b"{}")).expect("signed");
    Verifier::from_pem(certificate.as_bytes()).expect("X.509").verify(&signed, "x", 10_000).is_ok()
}

async fn from_the_request_to_the_revocation(server: CertServer) {
    let root = server.root().await;
    let ada = server.member(&root, "ada").await;
    let welcome = server.mail.mail_to("ada@example.com", "Your account").await;
    assert!(!welcome["text"].as_str().expect("text").contains("the first password"));
    assert_eq!(list(&server).await.version, 1);

    ada.get("/applications/certificate").await;
    let shown = ada.post("/applications/certificate", &FIELDS).await;
    shown.is(200, "This is the only time that the private key is shown");
    assert_eq!(shown.header("cache-control"), "no-store");
    let first_key = key_of(&shown);
    ada.get("/applications").await.is(200, "pending");
    let told = server.mail.mail_to("root@example.com", "Request for a certificate: Bühne & Co / Screen Pop").await;
    let told = told["text"].as_str().expect("text");
    let path = first_pending(&root).await;
    assert!(told.contains(&path) && told.contains("M-4711") && told.contains("Ada, ext. 7"), "{told}");
    root.get(&path).await.is(200, "MSA account M-4711");
    assert!(list(&server).await.entries.is_empty(), "nothing before the decision");

    approve_first(&root).await;
    let first = pem_of(&server.mail.mail_to("ada@example.com", "Approved: certificate").await);
    assert!(fit(&first_key, &first) && !first.contains("PRIVATE"));
    let document = list(&server).await;
    assert_eq!((document.version, document.entries.len(), document.entries[0].advanced), (2, 1, true));
    let hash = document.entries[0].application_password.clone();
    assert!(oig::admission::proves(Some(&hash), &"application password".into()));
    // A page and a file of it, as member.
    let mine = ada.get("/applications").await;
    mine.is(200, "registered");
    let entry = mine.link_of("Screen Pop").expect("a link");
    let certificate = ada.get(&entry).await.link("/certificates/").expect("a link");
    let file = ada.get(&certificate).await;
    assert_eq!((file.status, file.body.as_str()), (200, first.as_str()));
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"Screen-Pop.cert.pem\"");

    // Anew, in another case and with another password, which is ignored.
    ada.get(&format!("/applications/certificate?of={}", entry.rsplit('/').next().expect("an id")))
        .await
        .is(200, "stay");
    let mut other = FIELDS;
    (other[0].1, other[1].1, other[2].1) = ("BÜHNE & CO", "screen pop", "short");
    let shown = ada.post("/applications/certificate", &other).await;
    shown.is(200, "only time");
    let second_key = key_of(&shown);
    assert_ne!(first_key, second_key);
    approve_first(&root).await;
    let second = pem_of(&server.mail.mail_to("ada@example.com", "Approved: certificate (anew)").await);
    assert!(fit(&second_key, &second) && !fit(&first_key, &second));
    let document = list(&server).await;
    assert_eq!((document.version, document.entries.len()), (2, 1), "the same names and password");
    assert!(oig::admission::proves(Some(&document.entries[0].application_password), &"application password".into()));

    // One is denied, with what to do next.
    ada.get("/applications/register").await;
    let plain = [("company", "Bühne & Co"), ("application", "Wall"), ("password", "another one"), ("contact", "Ada")];
    ada.post("/applications/register", &plain).await.leads_to("/applications");
    ada.get("/applications").await.is(200, "waits for an administrator");
    let path = first_pending(&root).await;
    root.press(&path, &format!("{path}/deny"), &[("reason", "")]).await.is(422, "A reason of 1 to 1000 characters");
    let reason = "The contact is no person.\r\nGive a name.";
    root.press(&path, &format!("{path}/deny"), &[("reason", reason)]).await.leads_to("/requests");
    let denied = server.mail.mail_to("ada@example.com", "Denied: registration of Bühne & Co / Wall").await;
    let text = denied["text"].as_str().expect("text");
    assert!(text.contains("The contact is no person.") && text.contains("Next steps"), "{text}");
    ada.get("/applications").await.is(200, "Give a name.");
    assert_eq!(list(&server).await.version, 2);
    // Asked for again and approved: Standard.
    ada.get("/applications/register").await;
    ada.post("/applications/register", &plain).await.leads_to("/applications");
    approve_first(&root).await;
    let approved = server.mail.mail_to("ada@example.com", "Approved: registration").await;
    assert!(approved["attachments"].as_array().expect("a list").is_empty());
    let document = list(&server).await;
    assert_eq!((document.version, document.entries.len(), document.entries[1].advanced), (3, 2, false));

    // One is taken back before it is decided.
    ada.get("/applications/register").await;
    ada.post("/applications/register", &[("application", "Gone"), plain[0], plain[2], plain[3]]).await;
    let path = ada.get("/applications").await.link("/requests/").expect("a link");
    ada.press(&path, &format!("{path}/withdraw"), &[]).await.leads_to("/applications");
    root.get("/requests").await.is(200, "Nothing waits.");

    // And one is revoked: tagged, not removed.
    root.press(&entry, &format!("{entry}/revoke"), &[("reason", "The key was seen.")]).await.leads_to(&entry);
    let revoked = server.mail.mail_to("ada@example.com", "Revoked: Bühne & Co / Screen Pop").await;
    let text = revoked["text"].as_str().expect("text");
    assert!(text.contains("The key was seen.") && text.contains("Next steps"), "{text}");
    let document = list(&server).await;
    assert_eq!((document.version, document.entries.len(), document.entries[0].revoked), (4, 2, true));
    ada.get("/applications/certificate").await;
    ada.post("/applications/certificate", &FIELDS).await.is(422, "This application is revoked.");

    // A gateway that has it already is told so.
    let known = server.somebody().send(Method::GET, "/acl", &[("if-none-match", "\"4\"")], None).await;
    assert_eq!((known.status, known.body.as_str()), (304, ""));
    let known = server.somebody().send(Method::GET, "/acl", &[("if-none-match", "\"3\"")], None).await;
    assert_eq!(known.status, 200);
    // The log has it all and no secret; nor has the process's.
    let log = root.get("/log").await.text();
    for line in ["approve", "issue", "deny", "withdraw", "revoke", "sign-in"] {
        assert!(log.contains(line), "{line} is not in the log");
    }
    let logged = server.logged();
    for secret in ["application password", "PRIVATE KEY", "argon2id$", PASSWORD, "the first password"] {
        assert!(!log.contains(secret) && !logged.contains(secret), "{secret} is told");
    }
    let kept: Vec<u8> = ["certs.db", "certs.db-wal"]
        .iter()
        .flat_map(|name| std::fs::read(server.folder.path().join("data").join(name)).unwrap_or_default())
        .collect();
    for secret in ["PRIVATE KEY", &first_key[40..100], &second_key[40..100], "application password"] {
        let there = kept.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!there, "the database has {secret}");
    }
}

#[tokio::test]
async fn a_member_asks_and_an_administrator_decides_and_gateways_know_it() {
    from_the_request_to_the_revocation(CertServer::start().await).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn the_same_with_postgresql() {
    let Ok(server) = std::env::var("OIG_POSTGRES") else {
        return eprintln!("left out: OIG_POSTGRES names no server (scripts/test starts one)");
    };
    let database = crate::storage::postgres::Database::new(&server);
    let storage = format!("[storage]\nurl = '{}'\n", database.url);
    from_the_request_to_the_revocation(CertServer::start_with(&storage).await).await;
}

#[tokio::test]
async fn of_two_administrators_at_one_request_the_second_is_told_and_nothing_changes() {
    let server = CertServer::start().await;
    let root = server.root().await;
    let ada = server.member(&root, "ada").await;
    ada.get("/applications/register").await;
    ada.post("/applications/register", &FIELDS).await.leads_to("/applications");
    let path = first_pending(&root).await;
    let (one, other) = (server.root().await, server.root().await);
    one.get(&path).await;
    other.get(&path).await;
    one.post(&format!("{path}/approve"), &[("version", "1")]).await.leads_to("/requests");
    let version = list(&server).await.version;
    let told = other.post(&format!("{path}/deny"), &[("version", "1"), ("reason", "no")]).await;
    told.is(409, "changed meanwhile by somebody else. Nothing was done.");
    assert_eq!(list(&server).await.version, version);
    root.get(&path).await.is(200, "approved");

    // At the same time: one of many wins.
    let entry = root.get("/applications").await.link_of("Screen Pop").expect("a link");
    let shown = root.get(&entry).await.hidden("version").expect("a version");
    let mut people = Vec::new();
    for _ in 0..4 {
        let person = server.root().await;
        person.get(&entry).await;
        people.push(person);
    }
    let (revoke, shown) = (format!("{entry}/revoke"), shown.as_str());
    let fields = [("version", shown), ("reason", "lost")];
    let pressed = people.iter().map(|person| person.post(&revoke, &fields));
    let mut statuses: Vec<_> =
        futures_util::future::join_all(pressed).await.into_iter().map(|page| page.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409, 409, 409]);
    assert_eq!(list(&server).await.version, version + 1);
    let mails = server.mail.mail_to("ada@example.com", "Revoked").await;
    assert_eq!(server.mail.mail().iter().filter(|mail| mail["subject"] == mails["subject"]).count(), 1);

    // Accounts, too.
    let account = root.get("/accounts").await.link_of("ada").expect("a link");
    let shown = root.get(&account).await.hidden("version").expect("a version");
    let fields = |email| [("version", shown.as_str()), ("email", email), ("msa_number", "M-1")];
    one.get(&account).await;
    other.get(&account).await;
    one.post(&account, &fields("one@example.com")).await.leads_to("/accounts");
    other.post(&account, &fields("other@example.com")).await.is(409, "Nothing was done.");
    root.get(&account).await;
    assert!(root.get(&account).await.body.contains("one@example.com"));
}

#[tokio::test]
async fn settings_are_checked_and_accounts_come_by_the_command_line() {
    let folder = Folder::new();
    let mail = MailServer::start(&folder, 0, &[]).await;
    let server = CertServer::start_in(folder, mail, "").await;
    let add = |name: &str, password: &str| super::server::add_administrator(&server.folder, name, password);
    let (right, said) = add("eve", "short");
    assert!(!right && said.contains("12 to 128 characters"), "{said}");
    let (right, said) = add("root", "long enough to be one");
    assert!(!right && said.contains("account root is there already"), "{said}");
    let (right, said) = add("a b", "long enough to be one");
    assert!(!right && said.contains("1 to 64 letters"), "{said}");
    let check = |text: &str| {
        let file = server.folder.path().join("other.toml");
        std::fs::write(&file, text).expect("written");
        let mut command = crate::common::process::oig();
        let output = command.arg("certs").arg("--settings").arg(&file).arg("--check").output().expect("it runs");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert!(check("").0);
    for (text, key) in [
        ("[smtp]\nhost = 'mail'", "smtp.from"),
        ("[tls]\ncertificate = 'a.pem'\nkey = 'b.pem'", "tls.certificate"),
        ("[smtp]\nca = 'none.pem'", "smtp.ca"),
        ("[http]\nlisten = 'here'", "listen"),
    ] {
        let (right, said) = check(text);
        assert!(!right && said.contains(key), "{key} is missing in {said}");
    }
    let health = server.somebody().get("/healthz").await;
    assert_eq!((health.status, health.body.as_str()), (200, r#"{"acl_version":1,"status":"ok"}"#));
    assert_eq!(server.somebody().get("/ca.cert.pem").await.body, server.ca);
    // Nothing is said in clear.
    let plain = reqwest::Client::builder().no_proxy().build().expect("a client");
    let plain = plain.get(server.url.replace("https://", "http://")).send().await;
    assert!(plain.is_err() || plain.is_ok_and(|answer| !answer.status().is_success()));
}

#[tokio::test]
async fn a_list_behind_a_token_is_for_who_has_it_and_a_restart_keeps_everything() {
    let mut server = CertServer::start_with("[acl]\ntoken = 'open-sesame'\n").await;
    for header in [&[][..], &[("authorization", "Bearer other")], &[("authorization", "open-sesame")]] {
        let page = server.somebody().send(Method::GET, "/acl", header, None).await;
        assert!(page.status == 401 && page.header("www-authenticate") == "Bearer", "{header:?}");
    }
    let token = [("authorization", "Bearer open-sesame")];
    let before = server.somebody().send(Method::GET, "/acl", &token, None).await;
    assert_eq!(before.status, 200);
    let root = server.root().await;
    server.restart().await;
    let after = Person::new(&server.url, &server.ca).send(Method::GET, "/acl", &token, None).await;
    assert_eq!(after.status, 200, "the same CA");
    let other = Person::new(&server.url, &server.ca);
    *other.cookies.lock().expect("not poisoned") = root.cookies.lock().expect("not poisoned").clone();
    other.get("/requests").await.leads_to("/sign-in?to=/requests");
    assert!(!server.logged().contains("sesame"));
}
