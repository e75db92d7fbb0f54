//! `oig lab`: three simulated nodes and a gateway in one process, with nothing to configure: what
//! an application is developed against, what the demo shows, and what tests start on free ports.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use actors::user::Integration;
use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use ring::rand::{SecureRandom as _, SystemRandom};
use schemas::domain::Ceid;
use secrecy::SecretString;

use super::shared_lines::SharedLines;
use super::{in_system, lab_data, log};
use crate::admission::hash_secret;
use crate::app::{self, Running};
use crate::settings::{
    Application, ApplicationLimits, AssociationStyle, CstaEdition, Http, Node, NodeKind, ServiceLevel, Settings, Tls,
};
use crate::sim::console::Console;
use crate::sim::listen::{self, Addresses, RunningNode};
use crate::sim::node::Env;
use crate::sim::plan::{Plan, lab_dial_plan};
use crate::storage::account::{self, NewAccount, Role};
use crate::storage::change::now_ms;
use crate::storage::user::{self, NewUser, Profile};
use crate::storage::{By, Storage};

#[derive(Debug, Clone, Args)]
pub struct LabOptions {
    /// Where applications come in.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where they come in under TLS, with a certificate of the data folder's CA.
    #[arg(long, default_value = "127.0.0.1:8443")]
    pub https_listen: SocketAddr,
    /// CSTA port of every node (each has an address of its own); 0 for free ones.
    #[arg(long, default_value_t = 8882)]
    pub csta_port: u16,
    /// Port of every node's hands: what people do at its phones, and what breaks it.
    #[arg(long, default_value_t = 8884)]
    pub hands_port: u16,
    /// Port on which the nodes speak to each other.
    #[arg(long, default_value_t = 8885)]
    pub peer_port: u16,
    /// Folder of its CA, and of the certificates and keys of the advanced applications; made at the
    /// first start.
    #[arg(long, value_name = "DIR", default_value = "lab")]
    pub data: Option<PathBuf>,
    // Each at the node that its number belongs to.
    #[command(flatten)]
    pub shared: SharedLines,
    /// Log filter.
    #[arg(long, default_value = "info", env = "OIG_LOG")]
    pub log: String,
}

impl LabOptions {
    /// For tests and the demo: beside whatever else runs on this machine, without a data folder and
    /// so without Advanced service.
    #[must_use]
    pub fn free_ports() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            https_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            csta_port: 0,
            hands_port: 0,
            peer_port: 0,
            data: None,
            shared: SharedLines::default(),
            log: "warn".into(),
        }
    }

    pub(super) fn run(self) -> anyhow::Result<()> {
        in_system(&log(&self.log), async move {
            let lab = Lab::start(&self).await?;
            println!("Console    {}/lab  (in a browser of this machine)", lab.url());
            println!("Gateway    {}  (Example Co / Screen Pop, passwords screen-pop and lab)", lab.url());
            println!("           {}/mitel/oig/session/SessionService?wsdl", lab.url());
            println!("           {}/mitel/oig/cc/StandardCCService?wsdl", lab.url());
            for (i, node) in lab.nodes.iter().enumerate() {
                let a = node.addresses();
                println!("Node {}     CSTA {}   hands http://{}   peers {}", i + 1, a.csta, a.hands, a.partners);
            }
            if let (Some(folder), Some(https)) = (&self.data, lab.gateway.https_address) {
                let folder = folder.display();
                println!("HTTPS      https://{https}  (its issuer is {folder}/ca.cert.pem)");
                println!("Advanced   Console and Recorder; certificates and keys in {folder}");
            }
            let password = lab.administrator().await?;
            println!("Admin      {}/admin  (admin, password {password})", lab.url());
            println!(
                "Users      mary@example.com (Salesforce) and john@example.com (Google), password {USER_PASSWORD}"
            );
            println!("Phones     1000-1019 on node 1, 2000-2019 on node 2, 3000-3019 on node 3. Ctrl-C ends it.");
            app::asked_to_stop().await?;
            lab.stop().await;
            Ok(())
        })
    }
}

/// The address of a lab's node.
fn node_address(number: u16) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, 10 + number.to_be_bytes()[1]))
}

/// A running lab.
pub struct Lab {
    pub nodes: Vec<RunningNode>,
    pub gateway: Running,
    console: Console,
}

impl Lab {
    /// Starts nodes, then the gateway.
    ///
    /// # Errors
    /// When a port is taken, with its address.
    pub async fn start(options: &LabOptions) -> anyhow::Result<Self> {
        let anyone = Plan::lab(Ceid::new(1).context("a lab's nodes are numbered 1 to 3")?);
        for (option, shows) in options.shared.all() {
            anyhow::ensure!(anyone.owner(shows.number).is_some(), "{option} {shows}: no node has such numbers");
        }
        let mut nodes: Vec<RunningNode> = Vec::new();
        for number in 1..=3 {
            let ip = node_address(number);
            let addresses = Addresses {
                csta: SocketAddr::new(ip, options.csta_port),
                hands: SocketAddr::new(ip, options.hands_port),
                partners: SocketAddr::new(ip, options.peer_port),
            };
            let ceid = Ceid::new(number).context("a lab's nodes are numbered 1 to 3")?;
            // Each node connects to those before it; a link serves both ways.
            let before = nodes.iter().map(|n| (n.node().ceid(), n.addresses().partners)).collect();
            let mut plan = Plan::lab(ceid);
            options.shared.add_to(&mut plan, |plan, shows| plan.owner(shows.number) == Some(ceid))?;
            let node = listen::run(plan, addresses, before, Env::system())
                .await
                .with_context(|| format!("node {number} at {ip}"))?;
            nodes.push(node);
        }
        let csta: Vec<SocketAddr> = nodes.iter().map(|n| n.addresses().csta).collect();
        let mut settings = settings(options.listen, &csta);
        if let Some(folder) = options.data.clone() {
            // Making RSA keys takes a second or two.
            let own = lab_data::https(&folder);
            let prepared = tokio::task::spawn_blocking(move || lab_data::prepare(&folder)).await;
            settings = trusting(settings, prepared.context("the lab's data folder")??);
            settings.tls = Tls { listen: Some(options.https_listen), certificates: vec![own] };
        }
        settings.check()?;
        let console = Console::start(nodes.iter().map(|n| n.node().clone()));
        let gateway = app::start_beside(&settings, console.routes()).context("gateway")?;
        add_users(&gateway.storage).await?;
        Ok(Self { nodes, gateway, console })
    }

    /// The gateway's address as applications use it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.gateway.address)
    }

    /// Makes the account `admin` of its administration; gives the password, another one for each lab.
    async fn administrator(&self) -> anyhow::Result<String> {
        let mut random = [0; 12];
        SystemRandom::new().fill(&mut random).map_err(|_| anyhow::anyhow!("the system has no random numbers"))?;
        let password = URL_SAFE_NO_PAD.encode(random);
        let secret = SecretString::from(password.clone());
        let hash = tokio::task::spawn_blocking(move || hash_secret(&secret)).await?;
        let hash = hash.map_err(|fault| anyhow::anyhow!("the password cannot be hashed: {fault}"))?;
        let new = NewAccount { name: "admin".into(), email: None, password: hash.into(), role: Role::Administrator };
        let by = By::new("lab", "start");
        self.gateway.storage.write(move |c| account::add(c, &new, &by, now_ms())).await?;
        Ok(password)
    }

    /// A node's address as applications know it.
    #[must_use]
    pub fn node_address(&self, index: usize) -> String {
        self.nodes.get(index).map_or_else(String::new, |n| n.addresses().csta.ip().to_string())
    }

    /// Ends the gateway, then the nodes.
    pub async fn stop(self) {
        // Its streams never end by themselves.
        self.console.stop();
        self.gateway.stop().await;
        for node in self.nodes {
            node.stop().await;
        }
    }
}

/// Somebody with each integration, with a phone of another node each.
async fn add_users(storage: &Storage) -> anyhow::Result<()> {
    let user = |email: &str, name: &str, dn: &str, ceid, integration| NewUser {
        email: email.into(),
        profile: Profile { name: name.into(), dn: Some(dn.into()), ceid: Some(ceid), integration, disabled: false },
        password: Some(USER_HASH.into()),
    };
    let users = [
        user("mary@example.com", "Mary Example", "1000", 1, Integration::Salesforce),
        user("john@example.com", "John Example", "2000", 2, Integration::Google),
    ];
    let by = By::new("lab", "start");
    let add = move |c: &mut _| users.iter().try_for_each(|new| user::add(c, new, &by, now_ms()).map(drop));
    Ok(storage.write(add).await?)
}

/// The settings with the lab's CA: two of its applications may then have Advanced service.
#[must_use]
pub fn trusting(mut settings: Settings, ca: PathBuf) -> Settings {
    settings.advanced.trust_anchors.push(ca);
    for application in &mut settings.applications {
        if lab_data::ADVANCED.iter().any(|(name, _)| *name == application.name) {
            application.service = ServiceLevel::Advanced;
        }
    }
    settings
}

/// Whose applications the lab knows.
pub(super) const COMPANY: &str = "Example Co";

/// The gateway's settings in a lab whose nodes 1, 2, … listen at `csta`.
#[must_use]
pub fn settings(listen: SocketAddr, csta: &[SocketAddr]) -> Settings {
    let nodes = csta
        .iter()
        .zip(1..)
        .map(|(address, ceid)| Node {
            ceid,
            name: ["Head office A", "Head office B", "Contact centre"]
                .get(usize::from(ceid - 1))
                .copied()
                .unwrap_or("Node")
                .into(),
            address: address.ip(),
            port: address.port(),
            association: AssociationStyle::ServerFirst,
            edition: CstaEdition::default(),
            secondary: (ceid == 1 && csta.len() > 1).then_some(2),
            application_specific_info: None,
            tls: None,
            kind: Some(NodeKind::MiVb),
            dial_plan: Some(lab_dial_plan()),
        })
        .collect();
    let application = |name: &str, hash: &str, revoked| Application {
        company: COMPANY.into(),
        name: name.into(),
        application_password: SecretString::from(hash),
        local_password: SecretString::from(LOCAL_HASH),
        revoked,
        service: ServiceLevel::Standard,
        limits: ApplicationLimits::default(),
    };
    Settings {
        http: Http { listen, ..Http::default() },
        nodes,
        applications: vec![
            application("Screen Pop", SCREEN_POP_HASH, false),
            application("Console", CONSOLE_HASH, false),
            application("Recorder", RECORDER_HASH, false),
            application("Gone", GONE_HASH, true),
        ],
        ..Settings::default()
    }
}

/// Of the lab's users.
const USER_PASSWORD: &str = "softphone";

// The lab's passwords are public; their hashes are here so that it starts at once.
const SCREEN_POP_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$3o+m8uTG7xN6DrqajIxSgw$JcB9BUusOiDqV0JBqSh9hRCG+ZYjJEGffvb2tHQnOto";
const CONSOLE_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$JZxaTK5kEqR2vk6dfn6oNA$rh4Iwl8ICTQpRpS+5WsOdk+I8/1iMZZNFGio0q5PI54";
const RECORDER_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$NkAw9OMbBuCgKiE/DPwHbQ$0occbVObRVvfc2e3ZTr9K0OimHuK3KmmXnlObSiq/98";
const GONE_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$3f2wtsV05IADfUjXebLncA$5j5v7EbGyqt/752VUsttm8lzQ6hjvaB9cmTUg/vnfg0";
const LOCAL_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$LHFHtUfX28s7Zu7eKHCExw$5jfwX7w2Ydnnhk21iY4xJs7pKgY3M1qgFDbadZNn2jk";
const USER_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$TeNOyuTx5w6RvHuUlsRVyg$i/vTRxSGFSHFpE2qeWIaltjy5UQ1KXZtSYG6AW0FgwQ";
