//! `oig admin` with the database and with `--url`: the same is done, and the same is printed.

use oig::issue::{Authority, Valid};

use super::programs::token;
use crate::admin::Site;
use crate::admin::backups::command;
use crate::common::app::App;
use crate::common::cluster::Node;

pub struct Both {
    pub site: Site,
    ca: String,
    pub token: String,
}

impl Both {
    pub fn new(site: Site) -> Self {
        let (ca, file) = (site.gateway.folder().join("ca.pem"), site.gateway.folder().join("token"));
        std::fs::write(&ca, &site.files.ca).expect("written");
        std::fs::write(&file, token(&site, "administrator", "root", "all") + "\n").expect("written");
        let text = |path: std::path::PathBuf| path.to_str().expect("a path of this machine").to_owned();
        Self { site, ca: text(ca), token: text(file) }
    }

    pub fn by_database(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        self.site.gateway.admin(arguments, input)
    }

    pub fn by_gateway(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let way = self.way();
        let way: Vec<_> = way.iter().map(String::as_str).collect();
        self.site.gateway.admin(&[arguments, &way].concat(), input)
    }

    /// How the gateway is asked.
    pub fn way(&self) -> [String; 6] {
        ["--url", &self.site.url, "--ca", &self.ca, "--token-file", &self.token].map(str::to_owned)
    }

    /// The same is printed both ways.
    #[track_caller]
    pub fn same(&self, arguments: &[&str]) -> String {
        let (database, gateway) = (self.by_database(arguments, ""), self.by_gateway(arguments, ""));
        assert_eq!(database, gateway, "{arguments:?}");
        database.unwrap_or_else(|said| said)
    }
}

#[tokio::test]
async fn the_same_is_printed_whether_the_database_or_the_gateway_is_asked() {
    let node = Node::start(1).await;
    let both = Both::new(Site::start(&[&node]).await);
    for verb in ["applications", "licence", "accounts", "acl", "tokens"] {
        // The first use of a token is written.
        both.by_gateway(&["applications"], "").expect("read");
        assert!(!both.same(&[verb]).is_empty(), "{verb}");
    }
    assert!(both.same(&["acl"]).contains("acl.ca is not set"));
    assert!(both.same(&["applications"]).contains("Example Co / Screen Pop"));

    // What is done by the one is seen by the other; the words are the same, and so are the refusals.
    let done = |one: &str, input: &str, arguments: &[&str]| {
        let (first, second) = (both.by_database(arguments, input), both.by_gateway(arguments, input));
        assert_eq!(first, second, "{one}");
        first.expect(one)
    };
    done("revoked twice", "", &["revoke", "Example Co", "Screen Pop"]);
    assert!(both.same(&["applications"]).contains("revoked    Standard  Example Co / Screen Pop"));
    done("reinstated twice", "", &["reinstate", "Example Co", "Screen Pop"]);
    done("two passwords", "long enough\n", &["local-password", "Example Co", "Screen Pop", "--overlap-hours", "2"]);
    assert!(both.same(&["applications"]).contains("Screen Pop  local password is being replaced"));
    let nobody = both.by_database(&["revoke", "Example Co", "Nobody"], "").expect_err("it is not there");
    assert_eq!(both.by_gateway(&["revoke", "Example Co", "Nobody"], "").expect_err("it is not there"), nobody);
    let added = |name: &str| ["add-application", "Bühne & Co", name, "--service", "standard"].map(str::to_owned);
    let add = |way: &dyn Fn(&[&str]) -> Result<String, String>, name: &str| {
        let arguments = added(name);
        way(&arguments.each_ref().map(String::as_str)).expect("added").replace(name, "NAME")
    };
    let input = "a local password\nan application password\n";
    let first = add(&|arguments| both.by_database(arguments, input), "Wallboard");
    assert_eq!(add(&|arguments| both.by_gateway(arguments, input), "Dashboard"), first);
    let account =
        |name: &str| ["add-account", name, "--role", "operator", "--email", "a@example.com"].map(str::to_owned);
    let add = |way: &dyn Fn(&[&str]) -> Result<String, String>, name: &str| {
        let arguments = account(name);
        way(&arguments.each_ref().map(String::as_str)).expect("added").replace(name, "NAME")
    };
    let input = "correct horse battery\n";
    let first = add(&|arguments| both.by_database(arguments, input), "ada");
    assert_eq!(add(&|arguments| both.by_gateway(arguments, input), "grace"), first);
    assert!(both.same(&["accounts"]).contains("operator       grace  a@example.com"));
    for name in ["first", "second"] {
        token(&both.site, "ada", name, "status:read,sessions:read");
    }
    let gone = both.by_database(&["remove-token", "ada", "first"], "").expect("removed");
    assert_eq!(
        both.by_gateway(&["remove-token", "ada", "second"], "").expect("removed").replace("second", "first"),
        gone
    );
    assert!(
        both.by_gateway(&["remove-token", "ada", "second"], "")
            .expect_err("gone")
            .contains("token second of ada is not there")
    );
    texts_come_and_go(&both);
    both.same(&["tokens"]);
    both.same(&["applications"]);
    both.same(&["audit", "--count", "7"]);
    let audit = both.same(&["audit", "--count", "500"]);
    assert!(
        audit.contains("administrator by token root (127.0.0.1) add application Bühne & Co / Dashboard"),
        "{audit}"
    );
}

/// Texts of the pages: exported, imported and removed both ways.
fn texts_come_and_go(both: &Both) {
    assert_eq!(both.same(&["texts"]), "");
    let file = both.site.gateway.folder().join("texts.csv");
    let name = file.to_str().expect("a path of this machine").to_owned();
    let write = |rows: &str| std::fs::write(&file, format!("text,translation\n{rows}")).expect("written");
    let all = both.same(&["export-texts", "DE"]);
    assert!(all.starts_with("text,translation\n") && all.contains("\nLocal password,\n"), "{all}");
    write("Sign in,Anmelden\nLocal password\n{0} may enter.,Darf eintreten\n");
    assert!(both.same(&["import-texts", "de", &name]).contains("rows that are refused: 2; nothing was changed"));
    write("Sign in,Anmelden\nNo such text,Kein\n{0} may enter.,{0} darf eintreten.\n");
    let dry = both.same(&["import-texts", "de", &name, "--dry-run"]);
    let skipped = "skip    line 3: not known here: No such text\n";
    assert_eq!(dry, format!("{skipped}2 added, 0 changed, 0 removed\nNothing was changed (--dry-run).\n"));
    let by_gateway = both.by_gateway(&["import-texts", "de", &name], "").expect("imported");
    assert!(both.same(&["texts"]).starts_with("de          2 of "), "{by_gateway}");
    assert!(both.same(&["import-texts", "de", &name]).contains("it has what the file has"));
    assert_eq!(both.by_gateway(&["remove-texts", "de"], "").expect("removed"), "the texts in de are removed\n");
    assert_eq!(both.by_database(&["import-texts", "de", &name], "").expect("imported"), by_gateway);
    assert!(both.same(&["export-texts", "de"]).contains("\nSign in,Anmelden\n"));
    both.by_database(&["remove-texts", "de"], "").expect("removed");
    assert!(both.same(&["remove-texts", "de"]).contains("texts in de is not there"));
    assert!(both.same(&["export-texts", "german"]).contains("must have a name as de"));
}

#[tokio::test]
async fn what_only_a_running_gateway_knows_is_asked_there_and_what_only_the_database_does_is_refused() {
    let node = Node::start(1).await;
    let both = Both::new(Site::start(&[&node]).await);
    let app = App::login(&both.site.gateway.url).await;
    let status = both.by_gateway(&["status"], "").expect("told");
    assert!(status.contains("connected") && status.contains("sessions, Standard: 1\n"), "{status}");
    let sessions = both.by_gateway(&["sessions"], "").expect("told");
    let (handle, rest) = sessions.split_once("  ").expect("a session");
    assert!(rest.starts_with("Example Co / Screen Pop, Standard, SOAP, since "), "{sessions}");
    assert_eq!(both.by_gateway(&["end-session", handle], "").expect("ended"), format!("{handle} is ended\n"));
    crate::common::eventually("the session has ended", async || (!app.reset().await).then_some(())).await;
    assert!(both.by_gateway(&["end-session", handle], "").expect_err("gone").contains("There is no such thing."));
    for verb in [&["status"][..], &["sessions"], &["end-session", handle]] {
        assert!(both.by_database(verb, "").expect_err("nobody knows").contains("--url"), "{verb:?}");
    }
    assert!(both.by_gateway(&["import"], "").expect_err("no").contains("without --url"));
    assert!(
        both.by_gateway(&["add-token", "reader", "x", "--scopes", "all"], "")
            .expect_err("no")
            .contains("makes no other")
    );
    // A token goes nowhere in clear, and not to somebody else.
    let way = ["--url", "http://gateway.example:8080", "--token-file", &both.token];
    assert!(both.by_database(&[&["accounts"][..], &way].concat(), "").expect_err("in clear").contains("must be https"));
    let way = ["--url", &both.site.url, "--token-file", &both.token];
    assert!(
        both.by_database(&[&["accounts"][..], &way].concat(), "")
            .expect_err("a CA of its own")
            .contains("cannot be reached")
    );
    let way = ["--url", &both.site.url, "--ca", &both.ca];
    assert!(both.by_database(&[&["accounts"][..], &way].concat(), "").expect_err("nobody").contains("OIG_ADMIN_TOKEN"));
}

#[tokio::test]
async fn users_are_listed_imported_and_exported_by_either() {
    let both = Both::new(Site::start(&[]).await);
    let file = |name: &str, text: &str| {
        let file = both.site.gateway.folder().join(name);
        std::fs::write(&file, text).expect("written");
        file.to_str().expect("a path of this machine").to_owned()
    };
    let first = file("first.csv", "email,name,kind,dn,password\nmary@example.com,Mary,google,1000,the first one\n");
    assert!(both.same(&["import-users", &first, "--dry-run"]).contains("add     line 2: mary@example.com\n"));
    let done = both.by_gateway(&["import-users", &first], "").expect("imported");
    assert!(done.ends_with("1 added, 0 changed.\n"), "{done}");
    let second = file("second.csv", "email,name,kind\nmary@example.com,Mary M,google\njohn@example.com,John,google\n");
    let tried = both.same(&["import-users", &second, "--dry-run"]);
    assert!(tried.contains("change  line 2: mary@example.com: name\n"), "{tried}");
    let done = both.by_database(&["import-users", &second], "").expect("imported");
    assert!(done.ends_with("1 added, 1 changed.\n"), "{done}");
    assert!(both.same(&["import-users", &second]).contains("the database has what the file has"));
    let bad = file("bad.csv", "email,name,kind\nnone,A,google\n");
    let refused = both.same(&["import-users", &bad]);
    assert!(refused.contains("rows that are refused: 1; nothing was changed"), "{refused}");
    assert!(both.by_gateway(&["import-users", &bad], "").is_err());
    let listed = both.same(&["users"]);
    assert!(listed.contains("1     may sign in  google     mary@example.com  Mary M  1000\n"), "{listed}");
    assert!(!both.same(&["users", "--search", "john"]).contains("mary"));
    let exported = both.same(&["export-users"]);
    assert!(exported.contains("john@example.com,John,google"), "{exported}");
    let to = both.site.gateway.folder().join("to.csv");
    let to = to.to_str().expect("a path of this machine");
    assert_eq!(both.by_gateway(&["export-users", to], "").expect("written"), "2 users\n");
    assert_eq!(std::fs::read_to_string(to).expect("read"), exported);
}

#[tokio::test]
async fn nodes_are_added_changed_tried_and_removed_by_either() {
    let (first, second) = (Node::start(1).await, Node::start(2).await);
    let both = Both::new(Site::start(&[&first]).await);
    let (address, port) = (second.address.to_string(), second.csta_port.to_string());
    let add = ["add-node", "2", &address, "--port", &port, "--name", "Bühne"];
    let added = both.by_database(&add, "").expect("added");
    assert_eq!(both.by_gateway(&add, "").expect_err("there").lines().next(), Some("Error: There is already: node 2."));
    both.by_database(&["remove-node", "2"], "").expect("removed");
    assert_eq!(both.by_gateway(&add, "").expect("added"), added);

    let listed = both.by_database(&["nodes"], "").expect("listed");
    assert!(listed.contains(&format!("2    {:<24}Bühne\n", format!("{address}:{port}"))), "{listed}");
    crate::common::eventually("connected", async || {
        let listed = both.by_gateway(&["nodes"], "").expect("listed");
        listed.contains("Bühne: connected since ").then_some(())
    })
    .await;
    let shown = both.by_gateway(&["node", "2"], "").expect("shown");
    let kept = both.by_database(&["node", "2"], "").expect("shown");
    assert!(shown.contains("plain TCP\nconnected since ") && !kept.contains("connected"), "{shown}");
    assert!(both.by_gateway(&["test-node", "2"], "").expect("tried").starts_with("node 2 answers, and lists "));
    assert_eq!(both.by_gateway(&["reconnect-node", "2"], "").expect("done"), "node 2 is connected to anew\n");

    // What is given changes, the rest stays; a login is read, and never printed.
    let login = ["change-node", "2", "--association", "session", "--info"];
    let changed = both.by_gateway(&login, "<login>secret</login>\n").expect("changed");
    assert_eq!(both.by_database(&["change-node", "2", "--edition", "ed4"], "").expect("changed"), changed);
    let shown = both.by_gateway(&["node", "2"], "").expect("shown");
    for words in ["node 2 Bühne\n", "association session, edition ed4\n", "what it wants to know besides is set\n"] {
        assert!(shown.contains(words) && !shown.contains("secret"), "{words:?}: {shown}");
    }
    both.by_database(&["change-node", "2", "--association", "server-first", "--no-info"], "").expect("changed");
    assert!(!both.by_gateway(&["node", "2"], "").expect("shown").contains("besides"));
    for (arguments, words) in [
        (&["change-node", "2", "--secondary", "9"][..], "9 is no other node"),
        (&["change-node", "2", "--tls-ca", "/nowhere.pem"], "tls.ca"),
        (&["change-node", "2", "--tls-server-name", "node.example"], "--tls-ca"),
        (&["change-node", "2", "--edition", "ed9"], "ed9"),
        (&["remove-node", "7"], "node 7 is not there"),
        (&["node", "7"], "node 7 is not there"),
    ] {
        for said in [both.by_database(arguments, ""), both.by_gateway(arguments, "")] {
            assert!(said.as_ref().is_err_and(|said| said.contains(words)), "{arguments:?}: {said:?}");
        }
    }
    both.by_gateway(&["change-node", "2", "--port", "1"], "").expect("changed");
    assert!(both.by_gateway(&["test-node", "2"], "").expect_err("nobody is there").contains("no connection to node 2"));
    both.by_gateway(&["remove-node", "2"], "").expect("removed");
    assert!(!both.by_database(&["nodes"], "").expect("listed").contains("Bühne"));
    for verb in [&["test-node", "1"][..], &["reconnect-node", "1"]] {
        assert!(both.by_database(verb, "").expect_err("nobody knows").contains("--url"), "{verb:?}");
    }
}

#[tokio::test]
async fn settings_are_changed_and_taken_back_by_either() {
    let both = Both::new(Site::start(&[]).await);
    let all = both.same(&["settings"]);
    assert!(all.contains("journal.grace_s = ") && all.contains("(as in the file, valid at the next start)\n"), "{all}");
    let set = ["set", "limits.application.monitors=7", "push.allowed_networks=10.0.0.0/8,::1/128"];
    let said = both.by_database(&set, "").expect("changed");
    let monitors = "limits.application.monitors = 7  (changed; in the file empty, valid at once)\n";
    assert!(
        said.contains(monitors) && said.contains("push.allowed_networks = 10.0.0.0/8, ::1/128  (changed"),
        "{said}"
    );
    let waits = both.by_gateway(&["settings"], "").expect("listed");
    assert!(waits.contains(monitors) && waits.contains("WAITS for the next start)\n"), "{waits}");
    let taken = both.by_gateway(&["take-back", "push.allowed_networks"], "").expect("taken back");
    assert!(taken.contains("(as in the file, "), "{taken}");
    both.by_gateway(&["set", "limits.application.monitors="], "").expect("changed");
    assert_eq!(both.same(&["settings"]), all);
    for (arguments, words) in [
        (&["set", "limits.sessions=0"][..], "limits.sessions: must be a number, 1 to 1500"),
        (&["set", "http.listen=0.0.0.0:80"], "no such setting"),
        (&["set", "limits.sessions"], "as in log.filter=info"),
        (&["take-back", "nothing"], "no such setting"),
    ] {
        for said in [both.by_database(arguments, ""), both.by_gateway(arguments, "")] {
            assert!(said.as_ref().is_err_and(|said| said.contains(words)), "{arguments:?}: {said:?}");
        }
    }
}

#[tokio::test]
async fn the_record_certificates_and_a_backup_are_to_be_had_at_a_terminal() {
    let node = Node::start(1).await;
    let both = Both::new(Site::start(&[&node]).await);
    let app = App::login(&both.site.gateway.url).await;
    app.watch(&node.address.to_string(), "1000").await;
    let record = both.by_gateway(&["record", "--node", "1", "--number", "1000"], "").expect("told");
    assert!(record.contains("  1000 at node 001  node 001: says that the monitor stands\n"), "{record}");
    assert_eq!(both.by_gateway(&["record", "--call", "A0010001"], "").expect("told"), "nothing is on record\n");
    for arguments in [&["record"][..], &["record", "--node", "1"], &["record", "--number", "1000", "--call", "A"]] {
        both.by_gateway(arguments, "").expect_err("what is looked for?");
    }

    let told = both.by_gateway(&["certificates"], "").expect("told");
    assert!(told.starts_with("certificate 1 for ") && told.contains("\n  SHA-256 "), "{told}");
    let asked = ["request-certificate", "1", "--names", "localhost,127.0.0.1"];
    let request = both.by_gateway(&asked, "").expect("made");
    let now_s = oig::storage::change::now_ms() / 1000;
    let (authority, issued) = Authority::create(Valid::for_25_years(now_s)).expect("made");
    let signed = authority.sign_request(&request, Valid::for_25_years(now_s)).expect("signed");
    let file = both.site.gateway.folder().join("new.pem");
    std::fs::write(&file, format!("{signed}{}", issued.certificate)).expect("written");
    let file = file.to_str().expect("a path of this machine");
    let installed = both.by_gateway(&["install-certificate", "1", file], "").expect("installed");
    assert!(installed.starts_with("certificate 1 for localhost, 127.0.0.1, ECDSA\n"), "{installed}");
    std::fs::write(&both.ca, &issued.certificate).expect("written");
    assert_eq!(both.by_gateway(&["certificates"], "").expect("by the new one"), installed);
    let refused = both.by_gateway(&["install-certificate", "1", &both.ca], "").expect_err("no key of that");
    assert!(refused.contains("none of the keys"), "{refused}");

    for (name, by) in [("database", false), ("gateway", true)] {
        let kept = both.site.gateway.folder().join(format!("{name}.backup"));
        let kept = kept.to_str().expect("a path of this machine");
        let (arguments, passphrase) = (["backup", kept], "open sesame, please\n");
        let back =
            |input: &str| if by { both.by_gateway(&arguments, input) } else { both.by_database(&arguments, input) };
        assert!(back("short\n").expect_err("too short").to_lowercase().contains("12 to 128 characters"), "{name}");
        assert!(back(passphrase).expect("made").ends_with(" KiB\n"), "{name}");
        assert!(back(passphrase).is_err(), "{name}: it does not overwrite");
        let (done, said) = command(&both.site.gateway, "restore", kept, passphrase.trim());
        assert!(done, "{name}: {said}");
    }
    for verb in [&["record", "--call", "A"][..], &["certificates"]] {
        assert!(both.by_database(verb, "").expect_err("nobody knows").contains("--url"), "{verb:?}");
    }
}
