//! `oig admin` with the database and with `--url`: the same is done, and the same is printed.

use super::programs::token;
use crate::admin::Site;
use crate::common::app::App;
use crate::common::cluster::Node;

struct Both {
    site: Site,
    ca: String,
    token: String,
}

impl Both {
    fn new(site: Site) -> Self {
        let (ca, file) = (site.gateway.folder().join("ca.pem"), site.gateway.folder().join("token"));
        std::fs::write(&ca, &site.files.ca).expect("written");
        std::fs::write(&file, token(&site, "administrator", "root", "all") + "\n").expect("written");
        let text = |path: std::path::PathBuf| path.to_str().expect("a path of this machine").to_owned();
        Self { site, ca: text(ca), token: text(file) }
    }

    fn by_database(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        self.site.gateway.admin(arguments, input)
    }

    fn by_gateway(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let way = ["--url", &self.site.url, "--ca", &self.ca, "--token-file", &self.token];
        self.site.gateway.admin(&[arguments, &way].concat(), input)
    }

    /// The same is printed both ways.
    #[track_caller]
    fn same(&self, arguments: &[&str]) -> String {
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
    both.same(&["tokens"]);
    both.same(&["applications"]);
    both.same(&["audit", "--count", "7"]);
    let audit = both.same(&["audit", "--count", "500"]);
    assert!(
        audit.contains("administrator by token root (127.0.0.1) add application Bühne & Co / Dashboard"),
        "{audit}"
    );
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
