//! Gateways, nodes and labs as processes of their own, on free ports.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use oig::commands::{lab_settings, lab_trusting};
use oig::settings::ServiceLevel;
use secrecy::ExposeSecret;

use super::clock::WallClock;
use super::hands::Hands;
use super::process::{Process, oig};
use super::{Folder, advanced, unique};

/// `oig lab`: a gateway and three nodes in one process.
pub struct Lab {
    pub process: Process,
    pub url: String,
    /// The same under TLS, with a certificate of the tests' CA.
    pub https: String,
    /// Nodes 1 to 3.
    pub nodes: Vec<Hands>,
}

impl Lab {
    pub async fn start() -> Self {
        Self::start_logging("info").await
    }

    /// With a log filter of its own.
    pub async fn start_logging(filter: &str) -> Self {
        Self::start_as(filter, &[]).await
    }

    /// With options of `oig lab` besides.
    pub async fn start_as(filter: &str, more: &[&str]) -> Self {
        let free = [
            "--listen",
            "127.0.0.1:0",
            "--https-listen",
            "127.0.0.1:0",
            "--certs-listen",
            "127.0.0.1:0",
            "--licences-listen",
            "127.0.0.1:0",
            "--in-memory",
            "--csta-port",
            "0",
            "--sync-port",
            "0",
            "--hands-port",
            "0",
            "--peer-port",
            "0",
        ];
        let data = ["--data", advanced::folder().to_str().expect("a path of this machine")];
        let mut process = Process::start(&[&["lab", "--log", filter], &free[..], &data[..], more].concat());
        process.line_printed("Ctrl-C").await;
        let lines = process.printed();
        let word = |line: &str, at: usize| line.split_whitespace().nth(at).map(str::to_owned);
        let named =
            |name| lines.iter().find(|l| l.starts_with(name)).and_then(|l| word(l, 1)).expect("the gateway's line");
        let (url, https) = (named("Gateway"), named("HTTPS"));
        let nodes: Vec<_> = lines
            .iter()
            .filter(|l| l.starts_with("Node "))
            .map(|l| Hands::new(&word(l, 5).expect("the line of a node names its hands")))
            .collect();
        assert_eq!(nodes.len(), 3, "the lab has three nodes: {lines:?}");
        Self { process, url, https, nodes }
    }

    /// A node's address as applications know it.
    pub fn address(&self, node: usize) -> String {
        format!("127.0.0.{}", 10 + node)
    }

    pub fn hands(&self, node: usize) -> &Hands {
        &self.nodes[node - 1]
    }
}

/// `oig node`: one node as a process, that can die and come back where it was.
pub struct Node {
    pub process: Process,
    pub hands: Hands,
    pub ceid: u16,
    pub address: IpAddr,
    pub csta_port: u16,
    /// Of its forms.
    pub sync_port: u16,
    pub association: &'static str,
    pub clock: Option<Arc<WallClock>>,
    peers_address: String,
    arguments: Vec<String>,
}

/// An address on loopback that no other test has: ports there are given anew to nobody else.
pub fn own_address() -> IpAddr {
    let [_, b, c, d] = unique().wrapping_mul(2_654_435_761).to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(127, 64 + b % 128, c, d.clamp(1, 254)))
}

impl Node {
    pub async fn start(ceid: u16) -> Self {
        Self::start_with(ceid, "server-first", &[]).await
    }

    /// `partners` are nodes with lower numbers, to which this one makes links.
    pub async fn start_with(ceid: u16, association: &'static str, partners: &[&Node]) -> Self {
        Self::start_as(ceid, association, own_address(), partners, &[]).await
    }

    /// At an address, and with options of `oig node` besides.
    pub async fn start_as(
        ceid: u16,
        association: &'static str,
        address: IpAddr,
        partners: &[&Node],
        more: &[&str],
    ) -> Self {
        Self::start_by(None, ceid, association, address, partners, more).await
    }

    /// The same, with a wall clock of its own.
    pub async fn start_by(
        clock: Option<Arc<WallClock>>,
        ceid: u16,
        association: &'static str,
        address: IpAddr,
        partners: &[&Node],
        more: &[&str],
    ) -> Self {
        let mut arguments: Vec<String> = ["node", "--ceid", &ceid.to_string(), "--address", &address.to_string()]
            .into_iter()
            .chain(["--association", association, "--log", "info"])
            .chain(more.iter().copied())
            .map(str::to_owned)
            .collect();
        for partner in partners {
            arguments.extend(["--peer".to_owned(), format!("{}={}", partner.ceid, partner.peers_address)]);
        }
        let free = ["--csta-port", "0", "--sync-port", "0", "--hands-port", "0", "--peer-port", "0"].map(str::to_owned);
        let all = [&arguments[..], &free[..]].concat();
        let (process, [csta, sync, hands, peers]) = Self::run(clock.as_deref(), &all).await;
        let port = |address: &str| address.rsplit_once(':').map(|(_, p)| p.to_owned()).expect("an address with a port");
        let [csta_port, sync_port] = [&csta, &sync].map(|at| port(at).parse().expect("a port"));
        let taken = [("--csta-port", &csta), ("--sync-port", &sync), ("--hands-port", &hands), ("--peer-port", &peers)];
        for (option, at) in taken {
            arguments.extend([option.to_owned(), port(at)]);
        }
        let hands = Hands::new(&format!("http://{hands}"));
        Self {
            process,
            hands,
            ceid,
            address,
            csta_port,
            sync_port,
            association,
            clock,
            peers_address: peers,
            arguments,
        }
    }

    async fn run(clock: Option<&WallClock>, arguments: &[String]) -> (Process, [String; 4]) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut process = Process::start_by(clock, &arguments);
        let line = process.line_printed("csta=").await;
        let part = |name: &str| {
            let found = line.split_whitespace().find_map(|word| word.strip_prefix(name));
            found.map(str::to_owned).unwrap_or_else(|| panic!("{name} is not in {line:?}"))
        };
        let addresses = [part("csta="), part("sync="), part("hands="), part("peers=")];
        (process, addresses)
    }

    /// The same node again, at the same ports; it has forgotten everything.
    pub async fn restart(&mut self) {
        self.process.kill();
        self.process = Self::run(self.clock.as_deref(), &self.arguments).await.0;
    }
}

/// What a gateway's settings say besides its nodes.
#[derive(Debug, Clone)]
pub struct With {
    pub sessions: usize,
    pub json_logs: bool,
    pub filter: &'static str,
    pub trusted_proxies: &'static [&'static str],
    /// Lines of every [[node]] table besides.
    pub node: String,
    /// An address that stays when the gateway is started again; else a free port.
    pub listen: Option<SocketAddr>,
    /// Lines of [http] besides.
    pub http: &'static str,
    /// Tables besides.
    pub tables: String,
    /// Lines of [journal].
    pub journal: &'static str,
    /// Lines of [storage].
    pub storage: String,
    /// Nodes whose phones come up at another: number, and that one's.
    pub pairs: &'static [(u16, u16)],
    /// With the tests' CA: Console and Recorder may have Advanced service.
    pub advanced: bool,
    /// `limits.application`, as TOML.
    pub application: &'static str,
    /// A wall clock of its own.
    pub clock: Option<Arc<WallClock>>,
}

impl Default for With {
    fn default() -> Self {
        Self {
            sessions: 1500,
            json_logs: false,
            filter: "info",
            trusted_proxies: &[],
            node: String::new(),
            pairs: &[],
            listen: None,
            http: "",
            tables: String::new(),
            journal: "",
            storage: String::new(),
            advanced: false,
            application: "{}",
            clock: None,
        }
    }
}

/// `oig serve` with the lab's applications.
pub struct Gateway {
    pub process: Process,
    pub url: String,
    folder: Folder,
    clock: Option<Arc<WallClock>>,
}

impl Gateway {
    pub async fn start(nodes: &[&Node]) -> Self {
        Self::start_with(nodes, With::default()).await
    }

    pub async fn start_with(nodes: &[&Node], with: With) -> Self {
        let at: Vec<_> = nodes.iter().map(|n| (n.ceid, n.address, n.csta_port, n.association)).collect();
        Self::start_at(&at, with).await
    }

    /// Nodes by number, address, CSTA port and style of association.
    pub async fn start_at(nodes: &[(u16, IpAddr, u16, &str)], with: With) -> Self {
        let folder = Folder::new();
        std::fs::write(folder.path().join("oig.toml"), settings(nodes, &with))
            .expect("the test's folder can be written");
        let clock = with.clock;
        let (process, url) = Self::run(clock.as_deref(), &folder).await;
        Self { process, url, folder, clock }
    }

    async fn run(clock: Option<&WallClock>, folder: &Folder) -> (Process, String) {
        let file = folder.path().join("oig.toml");
        let arguments = ["serve", "--settings", file.to_str().expect("a path of this machine")];
        let mut process = Process::start_by(clock, &arguments);
        let started = process.line_logged("gateway started").await;
        (process, format!("http://{}", socket_in(&started)))
    }

    /// Another process with the same settings, after this one has ended.
    pub async fn start_again(&mut self) {
        (self.process, self.url) = Self::run(self.clock.as_deref(), &self.folder).await;
    }

    /// Killed, and started again.
    pub async fn kill_and_start(&mut self) {
        self.process.kill();
        self.start_again().await;
    }

    /// Writes its settings anew, for the next process.
    pub fn change_settings(&self, change: impl FnOnce(String) -> String) {
        let file = self.folder.path().join("oig.toml");
        let now = std::fs::read_to_string(&file).expect("it was written");
        std::fs::write(file, change(now)).expect("the test's folder can be written");
    }

    /// `oig admin` with these settings, and with this on its standard input; what it printed, or said against it.
    pub fn admin(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        self.admin_in(&[], arguments, input)
    }

    /// The same with these variables in its environment.
    pub fn admin_in(&self, variables: &[(&str, &str)], arguments: &[&str], input: &str) -> Result<String, String> {
        let mut command = oig();
        command.envs(variables.iter().copied());
        command.arg("admin").args(arguments).arg("--settings").arg(self.folder.path().join("oig.toml"));
        // What it says against something is compared: not where in the program.
        command.env("RUST_BACKTRACE", "0");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary of this build can be started");
        // One that fails early reads nothing.
        let _ = child.stdin.take().expect("piped above").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// The folder of its settings.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where its journal is.
    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("journal")
    }
}

/// The first address and port of loopback in a line.
fn socket_in(line: &str) -> String {
    let at = line.find("127.").unwrap_or_else(|| panic!("no address is in {line:?}"));
    line[at..].chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':')).collect()
}

fn settings(nodes: &[(u16, IpAddr, u16, &str)], with: &With) -> String {
    let format = if with.json_logs { "json" } else { "text" };
    let mut text = format!(
        "[http]\nlisten = '{}'\ntrusted_proxies = {:?}\n{}\n[limits]\nsessions = {}\napplication = {}\n\
         [log]\nformat = '{format}'\nfilter = '{}'\n[journal]\n{}\n[storage]\n{}\n{}\n",
        with.listen.unwrap_or(([127, 0, 0, 1], 0).into()),
        with.trusted_proxies,
        with.http,
        with.sessions,
        with.application,
        with.filter,
        with.journal,
        with.storage,
        with.tables,
    );
    for (ceid, address, port, association) in nodes {
        let node = format!("ceid = {ceid}\naddress = '{address}'\nport = {port}\nassociation = '{association}'\n");
        let pair = with.pairs.iter().find(|(primary, _)| primary == ceid);
        let secondary = pair.map(|(_, secondary)| format!("secondary = {secondary}\n")).unwrap_or_default();
        write!(text, "[[node]]\n{node}{secondary}{}\n", with.node).expect("a String takes everything");
    }
    let mut lab = lab_settings(([127, 0, 0, 1], 0).into(), &[]);
    if with.advanced {
        lab = lab_trusting(lab, advanced::folder().join("ca.cert.pem"));
        write!(text, "[advanced]\ntrust_anchors = {:?}\n", lab.advanced.trust_anchors)
            .expect("a String takes everything");
    }
    for application in &lab.applications {
        write!(
            text,
            "[[application]]\ncompany = '{}'\nname = '{}'\nrevoked = {}\nservice = '{}'\n\
             application_password = '{}'\nlocal_password = '{}'\n",
            application.company,
            application.name,
            application.revoked,
            if application.service == ServiceLevel::Advanced { "advanced" } else { "standard" },
            application.application_password.expose_secret(),
            application.local_password.expose_secret(),
        )
        .expect("a String takes everything");
    }
    text
}
