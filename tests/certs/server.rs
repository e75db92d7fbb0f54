//! A certificate server and its mail server, each a process of its own.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::people::Person;
use crate::common::process::{Process, oig};
use crate::common::{Folder, eventually};
use crate::toolkits::interpreter;

/// Where a mail server has its port from.
pub const ROOT: &str = "root";
pub const PASSWORD: &str = "correct horse battery";

/// A mail server that keeps what it gets.
pub struct MailServer {
    pub process: Process,
    pub port: u16,
    file: std::path::PathBuf,
}

impl MailServer {
    pub async fn start(folder: &Folder, port: u16, certificate: &[&str]) -> Self {
        let file = folder.path().join("mail.jsonl");
        let mut command = Command::new(interpreter("OIG_PYTHON", "target/toolkits/python/bin/python"));
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certs/smtp.py"));
        command.arg(&file).arg(port.to_string()).args(certificate);
        let mut process = Process::of(command);
        let line = process.line_printed("listening on").await;
        let port = line.rsplit(' ').next().and_then(|port| port.parse().ok()).expect("a port");
        Self { process, port, file }
    }

    /// All mail so far.
    pub fn mail(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The mail to somebody whose subject has these words, as soon as it is there.
    pub async fn mail_to(&self, to: &str, subject: &str) -> Value {
        eventually(&format!("mail to {to}: {subject}"), async || {
            let is = |mail: &Value| {
                mail["to"][0].as_str().is_some_and(|own| own == to)
                    && mail["subject"].as_str().is_some_and(|own| own.contains(subject))
            };
            self.mail().into_iter().rfind(is)
        })
        .await
    }
}

/// A certificate server with one administrator, `root`.
pub struct CertServer {
    pub process: Process,
    pub url: String,
    pub folder: Folder,
    pub ca: String,
    pub mail: MailServer,
}

impl CertServer {
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// With more settings.
    pub async fn start_with(more: &str) -> Self {
        let folder = Folder::new();
        let mail = MailServer::start(&folder, 0, &[]).await;
        let smtp =
            format!("[smtp]\nhost = '127.0.0.1'\nport = {}\ntls = 'none'\nfrom = 'certs@example.com'\n", mail.port);
        Self::start_in(folder, mail, &format!("{smtp}{more}")).await
    }

    pub async fn start_in(folder: Folder, mail: MailServer, more: &str) -> Self {
        let text = format!("[http]\nlisten = '127.0.0.1:0'\n{more}");
        std::fs::write(folder.path().join("certs.toml"), text).expect("written");
        let added = add_administrator(&folder, ROOT, PASSWORD);
        assert!(added.0, "{}", added.1);
        let (process, url) = serve(&folder).await;
        let ca = std::fs::read_to_string(folder.path().join("ca/ca.cert.pem")).expect("made at the start");
        Self { process, url, folder, ca, mail }
    }

    /// Ends it and starts it again with what it has.
    pub async fn restart(&mut self) {
        self.process.kill();
        (self.process, self.url) = serve(&self.folder).await;
    }

    /// Somebody with a browser who is not signed in.
    pub fn somebody(&self) -> Person {
        Person::new(&self.url, &self.ca)
    }

    pub async fn root(&self) -> Person {
        let person = self.somebody();
        person.sign_in(ROOT, PASSWORD).await;
        person
    }

    /// A new member who has chosen a password: `PASSWORD` with the name.
    pub async fn member(&self, root: &Person, name: &str) -> Person {
        let fields = [
            ("role", "member"),
            ("name", name),
            ("email", &format!("{name}@example.com")),
            ("msa_number", "M-4711"),
            ("password", "the first password"),
        ];
        root.get("/accounts/new").await;
        root.post("/accounts/new", &fields).await.leads_to("/accounts");
        let person = self.somebody();
        person.sign_in(name, "the first password").await;
        person.get("/password").await;
        let own = format!("{PASSWORD} {name}");
        let fields = [("password", "the first password"), ("new", &own), ("again", &own)];
        person.post("/password", &fields).await.leads_to("/");
        person
    }

    /// What everybody may have logged, for texts that must not be there.
    pub fn logged(&self) -> String {
        self.process.logged().join("\n")
    }
}

async fn serve(folder: &Folder) -> (Process, String) {
    let file = folder.path().join("certs.toml");
    let mut process = Process::start(&["certs", "--settings", file.to_str().expect("text")]);
    // A first start makes a CA: an RSA key takes its time on a machine that is busy.
    let line = process.line_printed("certificate server at").await;
    let url = line.rsplit(' ').next().expect("a URL").to_owned();
    (process, url)
}

/// Whether it went well, and what was said.
pub fn add_administrator(folder: &Folder, name: &str, password: &str) -> (bool, String) {
    let mut command = oig();
    let file = folder.path().join("certs.toml");
    let email = format!("{name}@example.com");
    command.arg("certs").arg("--settings").arg(&file).args(["add-administrator", name, "--email", &email]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("piped");
    // A command that does not read it has said why.
    let _ = stdin.write_all(format!("{password}\n").as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.success(), said)
}

/// Long enough for an RSA key on a machine that is busy.
pub const PATIENCE: Duration = Duration::from_secs(120);
