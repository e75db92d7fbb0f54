//! The database behind real processes: a settings file seeds it, it rules afterwards, and what is changed in it is valid
//! while the gateway runs. On SQLite, and on PostgreSQL where this build knows it and `OIG_POSTGRES` names a server.

use std::net::SocketAddr;
use std::process::Command;

use oig::client::SoapClient;
use schemas::contract::session::LoginExRequest;

use crate::common::app::{App, NO_SESSION, log_in, login_request};
use crate::common::cluster::{Gateway, With, own_address};
use crate::common::process::{Process, oig};
use crate::common::{Folder, eventually};

const REVOKED: &str = "The application is revoked.";
const WRONG: &str = "The company, the application or a password is not right.";

fn listen() -> Option<SocketAddr> {
    Some((own_address(), 8080).into())
}

/// Why this local password does not enter as Screen Pop.
async fn refused(gateway: &Gateway, local_password: &str) -> Option<String> {
    let client = SoapClient::new(&gateway.url).expect("an HTTP client can be made");
    let request = LoginExRequest { local_password: local_password.into(), ..login_request() };
    log_in(&client, request).await.error_desc
}

async fn until_refused(gateway: &Gateway, local_password: &str, why: Option<&str>) {
    let what = format!("{local_password}: {why:?}");
    eventually(&what, async || (refused(gateway, local_password).await.as_deref() == why).then_some(())).await;
}

/// The file with something else in the table of this application.
fn with(settings: &str, name: &str, from: &str, to: &str) -> String {
    let (before, its) = settings.split_once(&format!("name = '{name}'\n")).expect("it is there");
    format!("{before}name = '{name}'\n{}", its.replacen(from, to, 1))
}

async fn the_file_seeds_the_database_which_rules_from_then_on(storage: String) {
    let mut gateway = Gateway::start_with(&[], With { listen: listen(), storage, ..With::default() }).await;
    let (app, other) = (App::login(&gateway.url).await, App::login_other(&gateway.url).await);
    let listed = gateway.admin(&["applications"], "").expect("the database can be read");
    assert!(listed.contains("may enter  Standard  Example Co / Screen Pop"), "{listed}");
    assert!(listed.contains("revoked    Standard  Example Co / Gone"), "{listed}");

    // Another file and another process: it says what differs, and goes on as before.
    gateway.process.kill();
    gateway.change_settings(|settings| {
        let changed = with(&settings, "Screen Pop", "revoked = false", "revoked = true");
        with(&changed, "Recorder", "argon2id", "argon2id").replace("name = 'Recorder'", "name = 'Taper'")
    });
    gateway.start_again().await;
    let said = gateway.process.logged().join("\n");
    for words in [
        r#"differs object="application Example Co / Screen Pop" differs="revoked""#,
        r#"is in the file alone object="application Example Co / Taper""#,
        r#"is in the database alone object="application Example Co / Recorder""#,
    ] {
        assert!(said.contains(words), "{words} is not in:\n{said}");
    }
    assert!(app.reset().await, "its session goes on");
    assert_eq!(refused(&gateway, "lab").await, None);

    // Asked what would change, it changes nothing.
    let would = gateway.admin(&["import", "--dry-run"], "").expect("the database can be read");
    for words in [
        "change  application Example Co / Screen Pop: revoked false -> true\n",
        "add     application Example Co / Taper: ",
        "keep    application Example Co / Recorder: is not in the file\n",
        "Nothing was changed",
    ] {
        assert!(would.contains(words), "{words} is not in:\n{would}");
    }
    let audit = || gateway.admin(&["audit"], "").expect("the database can be read");
    assert!(!audit().contains("command line"), "{}", audit());
    assert!(app.reset().await);

    // An import is valid while the gateway runs: the session ends, and the next login is refused.
    let done = gateway.admin(&["import", "--remove"], "").expect("the database can be written");
    assert!(done.contains("remove  application Example Co / Recorder\n") && done.contains("3 changed"), "{done}");
    eventually("its session ends", async || (!app.reset().await).then_some(())).await;
    assert_eq!(app.poll(1).await.error_description.as_deref(), Some(NO_SESSION));
    until_refused(&gateway, "lab", Some(REVOKED)).await;
    assert!(other.reset().await, "another's goes on");
    gateway.admin(&["reinstate", "Example Co", "Screen Pop"], "").expect("it is there");
    until_refused(&gateway, "lab", None).await;

    // Another local password, beside the old one, and then alone.
    let give = |hours: &str, password: &str| {
        let arguments = ["local-password", "Example Co", "Screen Pop", "--overlap-hours", hours];
        gateway.admin(&arguments, &format!("{password}\n")).expect("it is there")
    };
    give("1", "second");
    until_refused(&gateway, "second", None).await;
    assert_eq!(refused(&gateway, "lab").await, None, "both are right for an hour");
    give("0", "third");
    until_refused(&gateway, "third", None).await;
    for old in ["lab", "second"] {
        assert_eq!(refused(&gateway, old).await.as_deref(), Some(WRONG), "{old}");
    }
    let session =
        App::login_as(&gateway.url, LoginExRequest { local_password: "third".into(), ..login_request() }).await;
    gateway.admin(&["revoke", "Example Co", "Screen Pop"], "").expect("it is there");
    eventually("its session ends", async || (!session.reset().await).then_some(())).await;
    let nobody = gateway.admin(&["revoke", "Example Co", "Nobody"], "").expect_err("it is not there");
    assert!(nobody.contains("application Example Co / Nobody is not there"), "{nobody}");

    // All of it is in the audit log, and nowhere is a secret.
    let audit = audit();
    let lines: Vec<_> = audit.lines().filter(|line| line.contains("(command line)")).collect();
    assert_eq!(lines.len(), 7, "{audit}");
    assert!(lines[0].ends_with(r#"change application Example Co / Screen Pop {"revoked":false} -> {"revoked":true}"#));
    let all = format!("{audit}{would}{done}{}", gateway.process.logged().join("\n"));
    assert!(!all.contains("argon2id$") && !all.contains("only-for-tests"), "a secret is in:\n{all}");
}

#[tokio::test]
async fn a_file_seeds_sqlite_which_rules_from_then_on() {
    the_file_seeds_the_database_which_rules_from_then_on(String::new()).await;
}

#[tokio::test]
async fn a_database_is_brought_up_to_date_and_says_what_it_has() {
    let gateway = Gateway::start_with(&[], With::default()).await;
    assert!(gateway.folder().join("data").join("oig.db").exists());
    let mut command = oig();
    command.args(["migrate", "--status", "--settings"]).arg(gateway.folder().join("oig.toml"));
    let mut status = Process::of(command);
    assert!(status.ended().await.success());
    let printed = status.printed();
    assert!(printed[0].ends_with("data/oig.db") && printed[1..].iter().all(|line| line.starts_with("applied ")));
    assert!(printed.len() > 2, "{printed:?}");
}

#[tokio::test]
async fn a_database_that_cannot_be_used_ends_the_start_with_a_reason() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("noise.db"), [0xA5; 8192]).expect("written");
    let mut urls = vec![("sqlite:noise.db", "the database is damaged"), ("sqlite:noise.db/x", "noise.db/x")];
    if cfg!(feature = "postgres") {
        urls.push((
            "postgres://oig:open-sesame@127.0.0.1:1/oig",
            "the database cannot be reached: PostgreSQL 127.0.0.1:1",
        ));
    } else {
        urls.push(("postgres://oig:open-sesame@127.0.0.1:1/oig", "storage.url: this program was built without"));
    }
    for (url, said) in urls {
        let file = folder.path().join("oig.toml");
        let text = format!("[http]\nlisten = '127.0.0.1:0'\n[journal]\nfolder = ''\n[storage]\nurl = '{url}'\n");
        std::fs::write(&file, text).expect("written");
        let mut process = Process::start(&["serve", "--settings", file.to_str().expect("text")]);
        assert!(!process.ended().await.success(), "{url}");
        let logged = process.logged().join("\n");
        assert!(logged.contains(said) && !logged.contains("sesame"), "{url}: {logged}");
    }
}

#[tokio::test]
async fn applications_are_added_at_the_command_line() {
    let gateway = Gateway::start_with(&[], With { listen: listen(), ..With::default() }).await;
    let add = |name: &str, more: &[&str], input: &str| {
        gateway.admin(&[&["add-application", "Example Co", name], more].concat(), input)
    };
    add("Taper", &[], "given by the site\nof its maker\n").expect("added");
    let request = || {
        let mut request = login_request();
        (request.application_name, request.application_password) = ("Taper".into(), "of its maker".into());
        request.local_password = "given by the site".into();
        request
    };
    let client = SoapClient::new(&gateway.url).expect("an HTTP client can be made");
    eventually("it may enter", async || log_in(&client, request()).await.result.then_some(())).await;
    for (name, more, input, said) in [
        ("Taper", &[][..], "a\nb\n", "is there already"),
        ("Other", &[], "a\n", "the application password is empty"),
        ("Other", &["--service", "advanced"], "a\nb\n", "advanced needs advanced.trust_anchors or acl.ca"),
        (" ", &[], "a\nb\n", "must have 1 to 128 characters"),
    ] {
        let refused = add(name, more, input).expect_err(said);
        assert!(refused.contains(said), "{said} is not in:\n{refused}");
    }
    let listed = gateway.admin(&["applications"], "").expect("read");
    assert!(listed.contains("Example Co / Taper") && !listed.contains("Other"), "{listed}");
}

#[tokio::test]
async fn accounts_are_added_at_the_command_line() {
    let gateway = Gateway::start_with(&[], With::default()).await;
    let add = |name: &str, password: &str| {
        let arguments = ["add-account", name, "--role", "administrator", "--email", "ada@example.com"];
        gateway.admin(&arguments, password)
    };
    add("Ada", "open-sesame\n").expect("the database can be written");
    assert!(add("ada", "other\n").expect_err("it is there").contains("account ada is there already"));
    assert!(add("bob", "\n").expect_err("no password").contains("the password is empty"));
    let listed = gateway.admin(&["accounts"], "").expect("the database can be read");
    assert_eq!(listed, "administrator  ada  ada@example.com\n");
    let audit = gateway.admin(&["audit"], "").expect("the database can be read");
    assert!(audit.lines().next().is_some_and(|line| line.contains("add account ada")), "{audit}");
    assert!(!audit.contains("sesame") && !audit.contains("argon2id$"), "{audit}");
}

#[tokio::test]
async fn what_cannot_be_written_is_said_and_changes_nothing() {
    let gateway = Gateway::start_with(&[], With::default()).await;
    let app = App::login(&gateway.url).await;
    // No file of the process may grow, as on a full disk.
    let mut command = Command::new("sh");
    let script = r#"trap "" XFSZ; ulimit -f 0; exec "$0" "$@""#;
    command.args(["-c", script, env!("CARGO_BIN_EXE_oig"), "admin", "revoke", "Example Co", "Screen Pop"]);
    command.arg("--settings").arg(gateway.folder().join("oig.toml"));
    let mut full = Process::of(command);
    assert!(!full.ended().await.success());
    let told = full.logged().join("\n");
    assert!(told.contains("the database cannot be written"), "{told}");
    let listed = gateway.admin(&["applications"], "").expect("the database can be read");
    assert!(listed.contains("may enter  Standard  Example Co / Screen Pop"), "{listed}");
    gateway.admin(&["revoke", "Example Co", "Screen Pop"], "").expect("there is room again");
    eventually("its session ends", async || (!app.reset().await).then_some(())).await;
}

/// What needs a server.
#[cfg(feature = "postgres")]
pub(crate) mod postgres {
    use diesel::connection::SimpleConnection as _;
    use oig::storage::{Options, Place, Storage};

    use super::*;
    use crate::common::unique;

    /// A database of its own at the server of `OIG_POSTGRES`.
    pub(crate) struct Database {
        server: Storage,
        name: String,
        pub(crate) url: String,
    }

    impl Database {
        pub(crate) fn new(server_url: &str) -> Self {
            let place = Place::of(&server_url.into(), std::path::Path::new("")).expect("a URL of PostgreSQL");
            let wait = std::time::Duration::from_secs(10);
            let options = Options { place, key_file: None, connections: 1, wait, statement_ms: 10_000 };
            let server = Storage::reach(&options).expect("the server answers");
            let name = format!("oig_{}", unique());
            let url = format!("{}/{name}", server_url.rsplit_once('/').expect("it names a database").0);
            let database = Self { server, name, url };
            database.run(format!("CREATE DATABASE {}", database.name));
            database
        }

        fn run(&self, statement: String) {
            self.server.blocking(|c| Ok(c.batch_execute(&statement)?)).expect("the server does it");
        }
    }

    impl Drop for Database {
        fn drop(&mut self) {
            // A server that is gone takes it along.
            let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
            let _ = self.server.blocking(|c| Ok(c.batch_execute(&drop)?));
        }
    }

    #[tokio::test]
    async fn a_file_seeds_postgresql_which_rules_from_then_on() {
        let Ok(server) = std::env::var("OIG_POSTGRES") else {
            return eprintln!("left out: OIG_POSTGRES names no server (scripts/test starts one)");
        };
        let database = Database::new(&server);
        the_file_seeds_the_database_which_rules_from_then_on(format!("url = '{}'", database.url)).await;
    }

    /// A server of its own, that can go away and come back.
    struct Server {
        folder: String,
        url: String,
    }

    impl Server {
        fn start() -> Self {
            let said = Self::script(&["start"]);
            let (folder, url) = said.trim().split_once(' ').expect("its folder and its URL");
            Self { folder: folder.into(), url: url.into() }
        }

        fn script(arguments: &[&str]) -> String {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/lib/postgres");
            let output = Command::new(script).args(arguments).output().expect("the script is there");
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
            text(&output.stdout)
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/lib/postgres");
            let _ = Command::new(script).args(["stop", &self.folder]).status();
        }
    }

    #[tokio::test]
    async fn a_server_that_goes_away_leaves_the_gateway_with_what_it_knows_and_is_used_again_when_it_is_back() {
        if std::env::var_os("OIG_POSTGRES").is_none() {
            return eprintln!("left out: OIG_POSTGRES is not set, so PostgreSQL may not be there");
        }
        let server = Server::start();
        let storage = format!("url = '{}'\nwait_ms = 1000", server.url);
        let mut gateway = Gateway::start_with(&[], With { listen: listen(), storage, ..With::default() }).await;
        let app = App::login(&gateway.url).await;
        Server::script(&["halt", &server.folder]);
        let said = gateway.process.line_logged("THE DATABASE CANNOT BE READ").await;
        assert!(said.contains("the database cannot be reached"), "{said}");
        assert_eq!(refused(&gateway, "lab").await, None, "who is known enters");
        assert!(app.reset().await);
        let told = gateway.admin(&["revoke", "Example Co", "Screen Pop"], "").expect_err("there is no server");
        assert!(told.contains("the database cannot be reached") && !told.contains("only-for-tests"), "{told}");

        Server::script(&["resume", &server.folder]);
        gateway.process.line_logged("the database can be read again").await;
        assert!(app.reset().await);
        gateway.admin(&["revoke", "Example Co", "Screen Pop"], "").expect("the server is back");
        eventually("its session ends", async || (!app.reset().await).then_some(())).await;
        until_refused(&gateway, "lab", Some(REVOKED)).await;
        let logged = gateway.process.logged();
        assert_eq!(logged.iter().filter(|line| line.contains("CANNOT BE READ")).count(), 1, "said once");
        assert!(!logged.join("\n").contains("only-for-tests"), "the password is in the log");
    }
}
