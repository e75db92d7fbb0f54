//! `oig admin` for single users, for restoring and for whatever else the API can be asked for: what it has no verb for has a
//! reason.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::command_line::Both;
use super::programs::{BASE, Program};
use crate::admin::Site;
use crate::common::app::App;
use crate::common::cluster::Node;

#[tokio::test]
async fn users_are_shown_added_changed_and_removed_one_by_one_by_either() {
    let both = Both::new(Site::start(&[]).await);
    let password = "correct horse\n";
    let add = |email: &'static str| ["add-user", email, "--name", "Mary Major", "--kind", "google", "--phone", "1000"];
    let first = both.by_database(&add("Mary@example.com"), password).expect("added");
    let second = both.by_gateway(&add("john@example.com"), password).expect("added");
    assert_eq!(first, "mary@example.com is added, with the number 1\n");
    assert_eq!(second, "john@example.com is added, with the number 2\n");
    let shown = both.same(&["user", "MARY@example.com"]);
    let words = "user 1 mary@example.com, Mary Major\ngoogle, may sign in\nphone 1000\nchanged last by ";
    assert!(shown.starts_with(words), "{shown}");
    assert!(both.by_gateway(&add("mary@example.com"), password).expect_err("there").contains("There is already"));

    for (arguments, words) in [
        (&["change-user", "mary@example.com", "--name", "Mary M", "--node", "7"][..], "phone 1000 at node 7\n"),
        (&["change-user", "mary@example.com", "--no-node", "--disable"], "google, disabled\nphone 1000\n"),
        (&["change-user", "mary@example.com", "--enable", "--kind", "salesforce"], "Mary M\nsalesforce, may sign in\n"),
        (&["change-user", "mary@example.com", "--no-phone"], "may sign in\nchanged last by "),
    ] {
        let by_other = arguments.iter().map(|part| part.replace("mary@", "john@")).collect::<Vec<_>>();
        let by_other: Vec<_> = by_other.iter().map(String::as_str).collect();
        let said = both.by_database(arguments, "").expect("changed");
        assert_eq!(both.by_gateway(&by_other, "").expect("changed").replace("john@", "mary@"), said);
        for email in ["mary@example.com", "john@example.com"] {
            let shown = both.same(&["user", email]);
            assert!(shown.contains(words), "{arguments:?}: {shown}");
        }
    }

    // A password is in the environment or on standard input, and nowhere else.
    let way = both.way();
    let way: Vec<_> = way.iter().map(String::as_str).collect();
    let by_variable = |arguments: &[&str]| {
        both.site.gateway.admin_in(&[("OIG_PASSWORD", "correct horse 2")], &[arguments, &way].concat(), "")
    };
    let none = ["add-user", "nobody@example.com", "--name", "Nobody", "--kind", "google", "--no-password"];
    both.by_gateway(&none, "").expect("added");
    assert!(both.same(&["user", "nobody@example.com"]).contains("google, no password\n"));
    by_variable(&["user-password", "nobody@example.com"]).expect("given");
    assert!(both.same(&["user", "nobody@example.com"]).contains("google, may sign in\n"));
    both.by_database(&["user-password", "nobody@example.com"], "another horse\n").expect("given");
    for (arguments, input, words) in [
        (&["user-password", "nobody@example.com"][..], "short\n", "The password must have 8 to 128 characters."),
        (&["user-password", "nobody@example.com"], "", "the password is empty"),
        (&["user", "eve@example.com"], "", "user eve@example.com is not there"),
        (&["remove-user", "eve@example.com"], "", "user eve@example.com is not there"),
        (&["change-user", "nobody@example.com", "--node", "7"], "", "node needs a phone"),
        (&["change-user", "nobody@example.com", "--kind", "loud"], "", "expected `salesforce` or `google`"),
        (&["add-user", "none", "--name", "N", "--kind", "google"], "long enough\n", "he e-mail address is none"),
        (&["add-user", "a@example.com", "--name", "N", "--kind", "google"], "short\n", "8 to 128 characters"),
        (&["user-password", "nobody@example.com", "--password", "x"], "", "unexpected argument"),
    ] {
        for said in [both.by_database(arguments, input), both.by_gateway(arguments, input)] {
            assert!(said.as_ref().is_err_and(|said| said.contains(words)), "{arguments:?}: {said:?}");
        }
    }

    let gone = both.by_database(&["remove-user", "mary@example.com"], "").expect("removed");
    assert_eq!(
        both.by_gateway(&["remove-user", "john@example.com"], "").expect("removed").replace("john", "mary"),
        gone
    );
    assert!(!both.same(&["users"]).contains("mary"));
    let told = [both.site.gateway.process.logged().join("\n"), both.same(&["audit"])];
    assert!(told[1].contains("administrator by token root (127.0.0.1) remove user john@example.com"), "{}", told[1]);
    assert!(!told.iter().any(|text| text.contains("horse")), "{told:?}");
}

#[tokio::test]
async fn accounts_and_applications_are_shown_changed_and_removed_by_either() {
    let both = Both::new(Site::start(&[]).await);
    let password = "correct horse battery\n";
    for name in ["ada", "grace"] {
        both.by_database(&["add-account", name, "--role", "reader"], password).expect("added");
    }
    let either = |arguments: &dyn Fn(&'static str) -> Vec<&'static str>, input: &str| {
        let first = both.by_database(&arguments("ada"), input);
        let second = both.by_gateway(&arguments("grace"), input);
        let same = |said: String| said.replace("grace", "NAME").replace("ada", "NAME");
        assert_eq!(first.map(same).map_err(|_| ()), second.map(same).map_err(|_| ()), "{:?}", arguments("NAME"));
    };
    either(&|name| vec!["account-role", name, "--role", "operator"], "");
    either(&|name| vec!["account-password", name], "another horse battery\n");
    either(&|name| vec!["account-password", name], "short\n");
    for name in ["ada", "grace"] {
        assert!(both.same(&["account", name]).starts_with(&format!("account {name}, operator\nmade ")));
    }
    either(&|name| vec!["remove-account", name], "");
    assert!(both.same(&["account", "ada"]).contains("account ada is not there"));
    let last = both.by_gateway(&["account-role", "administrator", "--role", "reader"], "").expect_err("the last one");
    assert!(last.contains("administrator"), "{last}");

    let passwords = "a local password\nan application password\n";
    for name in ["ada", "grace"] {
        both.by_database(&["add-application", "Example Co", name], passwords).expect("added");
        let shown = both.same(&["application", "Example Co", name]);
        assert!(
            shown.starts_with(&format!("application Example Co / {name}\nStandard, may enter\nchanged ")),
            "{shown}"
        );
    }
    either(&|name| vec!["remove-application", "Example Co", name], "");
    assert!(both.same(&["application", "Example Co", "ada"]).contains("application Example Co / ada is not there"));
}

#[tokio::test]
async fn a_backup_is_restored_and_a_support_bundle_kept_at_a_terminal() {
    let both = Both::new(Site::start(&[]).await);
    let file = |name: &str| {
        let file = both.site.gateway.folder().join(name);
        file.to_str().expect("a path of this machine").to_owned()
    };
    let (kept, passphrase) = (file("kept.backup"), "open sesame, please");
    let way = both.way();
    let way: Vec<_> = way.iter().map(String::as_str).collect();
    let by_variable = |arguments: &[&str]| {
        both.site.gateway.admin_in(&[("OIG_PASSPHRASE", passphrase)], &[arguments, &way].concat(), "")
    };
    by_variable(&["backup", &kept]).expect("made");
    let restored = |said: String| {
        let (rows, rest) = said.split_once(" rows are restored, as they were at ").expect("told");
        assert!(rows.parse::<u32>().is_ok_and(|rows| rows > 5) && rest.ends_with(" UTC\n"), "{said}");
    };
    let enters = || both.same(&["applications"]).contains("may enter  Standard  Example Co / Screen Pop");
    for way in ["by the gateway", "by a variable", "by the database"] {
        both.by_database(&["revoke", "Example Co", "Screen Pop"], "").expect("revoked");
        assert!(!enters(), "{way}");
        let said = match way {
            "by the gateway" => both.by_gateway(&["restore", &kept], &format!("{passphrase}\n")),
            "by a variable" => by_variable(&["restore", &kept]),
            _ => both.by_database(&["restore", &kept], &format!("{passphrase}\n")),
        };
        restored(said.expect("restored"));
        assert!(enters(), "{way}");
    }
    let (large, none) = (file("large.backup"), file("none.backup"));
    std::fs::write(&large, vec![b'x'; 17 * 1024 * 1024]).expect("written");
    let wrong = "another passphrase\n";
    assert!(both.by_gateway(&["restore", &kept], wrong).expect_err("wrong").contains("the backup is damaged"));
    assert!(both.by_database(&["restore", &kept], wrong).expect_err("wrong").contains("the backup is damaged"));
    assert!(both.by_gateway(&["restore", &large], wrong).expect_err("too large").contains("a gateway takes 16 MiB"));
    for said in [both.by_gateway(&["restore", &none], wrong), both.by_database(&["restore", &none], wrong)] {
        assert!(said.expect_err("it is not there").contains("none.backup"));
    }
    // It was there when the backup was made.
    assert!(
        both.by_gateway(&["token"], "").expect("told").starts_with("root of administrator, administrator; does not")
    );

    let bundle = file("support.json");
    let said = both.by_gateway(&["support-bundle", &bundle], "").expect("made");
    assert!(said.ends_with("read it before you give it away\n"), "{said}");
    let text = std::fs::read_to_string(&bundle).expect("it is there");
    let parsed: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(parsed["product"], "Open Integration Gateway");
    assert!(both.by_gateway(&["support-bundle", &bundle], "").is_err(), "it does not overwrite");
    for verb in [&["support-bundle", "x"][..], &["token"], &["session", "1-session-0000"]] {
        assert!(both.by_database(verb, "").expect_err("nobody knows").contains("--url"), "{verb:?}");
    }
}

/// What no verb asks for, and why.
const NO_VERB: &[(&str, &str)] = &[
    ("GET /openapi.json", "It is for those who write programs; `curl` shows it, without a token."),
    ("GET /applications/{id}", "`application` finds it by its names in the list, which has the whole of it."),
    ("GET /nodes/{ceid}", "`node` finds it in the list, which has the whole of it."),
    ("GET /users/{id}", "`user` finds it by its e-mail address in the list, which has the whole of it."),
    ("GET /accounts/{id}", "`account` finds it by its name in the list, which has the whole of it."),
    ("GET /certificates/{number}", "`certificates` shows all of them: there are one or two."),
];

/// What is asked for, by which words, with what on standard input, and whether there is what is asked for. `{…}` is what the
/// test puts there.
#[rustfmt::skip]
const VERBS: &[(&str, &[&str], &str, bool)] = &[
    ("GET /token", &["token"], "", true),
    ("GET /status", &["status"], "", true),
    ("POST /backup", &["backup", "{backup}"], "open sesame, please", true),
    ("GET /applications", &["applications"], "", true),
    ("POST /applications", &["add-application", "Co", "Pop"], "a local password\nan application password\n", true),
    ("PUT /applications/{id}/local-password", &["local-password", "Co", "Pop"], "another password\n", true),
    ("POST /applications/{id}/revoke", &["revoke", "Co", "Pop"], "", true),
    ("POST /applications/{id}/reinstate", &["reinstate", "Co", "Pop"], "", true),
    ("DELETE /applications/{id}", &["remove-application", "Co", "Pop"], "", true),
    ("GET /sessions", &["sessions"], "", true),
    ("GET /sessions/{handle}", &["session", "{handle}"], "", true),
    ("DELETE /sessions/{handle}", &["end-session", "{handle}"], "", true),
    ("GET /nodes", &["nodes"], "", true),
    ("POST /nodes", &["add-node", "9", "127.0.0.1", "--port", "1"], "", true),
    ("POST /nodes/test", &["test-node", "1"], "", true),
    ("PUT /nodes/{ceid}", &["change-node", "9", "--name", "Annex"], "", true),
    ("POST /data/{ceid}/forms/{form}/import", &["import-form", "9", "personal_ring_groups", "{groups}"], "", true),
    ("DELETE /nodes/{ceid}", &["remove-node", "9"], "", true),
    ("POST /nodes/{ceid}/reconnect", &["reconnect-node", "1"], "", true),
    ("GET /data", &["data"], "", true),
    ("POST /data/{ceid}/copy", &["copy-forms", "1"], "", true),
    ("POST /data/{ceid}/compare", &["compare-forms", "1"], "", true),
    ("GET /data/{ceid}/forms/{form}", &["export-form", "1", "phones"], "", true),
    ("GET /users", &["users"], "", true),
    ("POST /users", &["add-user", "a@example.com", "--name", "A", "--kind", "google"], "correct horse\n", true),
    ("POST /users/import", &["import-users", "{users}"], "", true),
    ("POST /users/export", &["export-users"], "", true),
    ("PUT /users/{id}", &["change-user", "a@example.com", "--disable"], "", true),
    ("PUT /users/{id}/password", &["user-password", "a@example.com"], "another horse\n", true),
    ("DELETE /users/{id}", &["remove-user", "a@example.com"], "", true),
    ("GET /record", &["record", "--call", "A0010001"], "", true),
    ("GET /settings", &["settings"], "", true),
    ("PATCH /settings", &["set", "limits.application.monitors=7"], "", true),
    ("GET /certificates", &["certificates"], "", true),
    ("POST /certificates/{number}/request", &["request-certificate", "1", "--names", "localhost"], "", true),
    ("PUT /certificates/{number}", &["install-certificate", "1", "{users}"], "", false),
    ("POST /support-bundle", &["support-bundle", "{bundle}"], "", true),
    ("GET /accounts", &["accounts"], "", true),
    ("POST /accounts", &["add-account", "ada", "--role", "reader"], "correct horse battery\n", true),
    ("PUT /accounts/{id}/role", &["account-role", "ada", "--role", "operator"], "", true),
    ("PUT /accounts/{id}/password", &["account-password", "ada"], "another horse battery\n", true),
    ("DELETE /accounts/{id}", &["remove-account", "ada"], "", true),
    ("GET /access-control-list", &["acl"], "", false),
    ("GET /access-control-list/entries", &["acl"], "", false),
    ("POST /access-control-list/fetch", &["acl", "--fetch"], "", false),
    ("GET /licence", &["licence"], "", true),
    ("POST /licence/fetch", &["licence", "--fetch"], "", false),
    ("PUT /licence", &["licence", "--install", "{users}"], "", false),
    ("GET /log", &["audit"], "", true),
    ("POST /texts/{language}/import", &["import-texts", "de", "{texts}"], "", true),
    ("GET /texts", &["texts"], "", true),
    ("GET /texts/{language}", &["export-texts", "de"], "", true),
    ("DELETE /texts/{language}", &["remove-texts", "de"], "", true),
    ("GET /tokens", &["tokens"], "", true),
    ("DELETE /tokens/{id}", &["remove-token", "administrator", "spare"], "", true),
    ("POST /backup/restore", &["restore", "{backup}"], "open sesame, please", true),
];

/// Hands on what it gets to a gateway and back, and keeps what was asked for.
struct Listener {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Listener {
    fn before(gateway: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let (address, heard) = (listener.local_addr().expect("it is bound"), Arc::<Mutex<Vec<u8>>>::default());
        let kept = heard.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(gateway) else { continue };
                let (Ok(mut from), Ok(mut to)) = (server.try_clone(), client.try_clone()) else { continue };
                thread::spawn(move || std::io::copy(&mut from, &mut to));
                let kept = kept.clone();
                thread::spawn(move || hear(client, server, &kept));
            }
        });
        Self { address, heard }
    }

    /// What was asked for since the last time, as in `GET /status`.
    fn asked(&self) -> Vec<String> {
        let heard = std::mem::take(&mut *self.heard.lock().expect("not poisoned"));
        let text = String::from_utf8_lossy(&heard).into_owned();
        let lines = text.lines().filter_map(|line| line.strip_suffix(" HTTP/1.1"));
        let place = |line: &str| {
            let (method, place) = line.rsplit_once(' ')?;
            let path = place.split('?').next()?.strip_prefix(BASE)?;
            // Behind the end of a body, which has no line of its own.
            let method = ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter().find(|own| method.ends_with(own))?;
            Some(format!("{method} {path}"))
        };
        lines.filter_map(place).collect()
    }
}

/// Keeps before it hands on: who has its answer has been heard.
fn hear(mut client: TcpStream, mut server: TcpStream, kept: &Mutex<Vec<u8>>) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = client.read(&mut bytes) {
        kept.lock().expect("not poisoned").extend(&bytes[..count]);
        if server.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(std::net::Shutdown::Both);
}

/// The operation of the document that this is: one that is spelt so before one with a place for anything.
fn operation<'a>(all: &'a BTreeSet<String>, asked: &str) -> Option<&'a String> {
    let is = |own: &&String| {
        let (own, parts) = (own.split(['/', ' ']), asked.split(['/', ' ']));
        own.clone().count() == parts.clone().count()
            && own.zip(parts).all(|(own, part)| own.starts_with('{') || own == part)
    };
    all.get(asked).or_else(|| all.iter().find(is))
}

#[tokio::test]
async fn every_operation_of_the_api_has_a_verb_that_asks_for_it_or_a_reason() {
    let node = Node::start(1).await;
    let site = Site::copying(&node).await;
    let document = Program::new(&site, "").get("/openapi.json").await.is(200);
    let mut all = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("operations").keys() {
            all.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let known: BTreeSet<_> = VERBS.iter().map(|row| row.0).chain(NO_VERB.iter().map(|row| row.0)).collect();
    assert_eq!(known.len(), VERBS.len() + NO_VERB.len(), "each once");
    assert_eq!(all.iter().map(String::as_str).collect::<BTreeSet<_>>(), known);
    assert!(NO_VERB.iter().all(|(_, reason)| reason.ends_with('.')));

    let both = Both::new(site);
    super::programs::token(&both.site, "administrator", "spare", "status:read");
    let _app = App::login(&both.site.gateway.url).await;
    let sessions = both.by_gateway(&["sessions"], "").expect("listed");
    let handle = sessions.split_once("  ").expect("a session").0.to_owned();
    let file = |name: &str, text: &str| {
        let file = both.site.gateway.folder().join(name);
        if !text.is_empty() {
            std::fs::write(&file, text).expect("written");
        }
        file.to_str().expect("a path of this machine").to_owned()
    };
    let put = [
        ("{handle}", handle),
        ("{users}", file("users.csv", "email,name,kind\nb@example.com,B,google\n")),
        ("{groups}", file("groups.csv", "number,name,one_busy_all_busy\n1000,Mary,no\n")),
        ("{texts}", file("texts.csv", "text,translation\nSign in,Anmelden\n")),
        ("{backup}", file("all.backup", "")),
        ("{bundle}", file("bundle.json", "")),
    ];
    let gateway = both.site.gateway.url.trim_start_matches("http://").parse().expect("an address");
    let listener = Listener::before(gateway);
    let url = format!("http://{}", listener.address);
    for (wanted, arguments, input, there) in VERBS {
        let filled = |part: &&str| put.iter().fold((*part).to_owned(), |part, (name, text)| part.replace(name, text));
        let mut words: Vec<_> = arguments.iter().map(filled).collect();
        words.extend(["--url", &url, "--token-file", &both.token].map(str::to_owned));
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let said = both.site.gateway.admin(&words, input);
        assert_eq!(said.is_ok(), *there, "{arguments:?}: {said:?}");
        let asked: BTreeSet<_> = listener.asked().iter().filter_map(|asked| operation(&all, asked)).cloned().collect();
        assert!(asked.contains(*wanted), "{arguments:?} asks for {asked:?}, not for {wanted}: {said:?}");
    }
}
