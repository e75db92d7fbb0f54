//! `oig lab`: three simulated nodes and a gateway in one process, with nothing to configure: what
//! an application is developed against, what the demo shows, and what tests start on free ports.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use actors::user::Integration;
use anyhow::Context as _;
use clap::Args;
use schemas::domain::Ceid;
use secrecy::SecretString;

use super::lab_servers::{self, MEMBER, Places, Servers};
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
use crate::sim::plan::{self, lab_dial_plan};
use crate::storage::account::{self, NewAccount, Role};
use crate::storage::change::now_ms;
use crate::storage::user::{self, NewUser, Profile};
use crate::storage::{By, DbConnection, Known, Plan, Removal, Storage, StorageError};

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
    /// Port of every node's forms, which gateways copy.
    #[arg(long, default_value_t = 8883)]
    pub sync_port: u16,
    /// Port of every node's hands: what people do at its phones, and what breaks it.
    #[arg(long, default_value_t = 8884)]
    pub hands_port: u16,
    /// Port on which the nodes speak to each other.
    #[arg(long, default_value_t = 8885)]
    pub peer_port: u16,
    /// Where its certificate server listens.
    #[arg(long, default_value = "127.0.0.1:8444")]
    pub certs_listen: SocketAddr,
    /// Where its licence server listens.
    #[arg(long, default_value = "127.0.0.1:8445")]
    pub licences_listen: SocketAddr,
    /// Folder of its CA, of the certificates and keys of the advanced applications, and of its databases; made at the
    /// first start.
    #[arg(long, value_name = "DIR", default_value = "lab")]
    pub data: Option<PathBuf>,
    /// Keep the databases in memory: each start is the first.
    #[arg(long)]
    pub in_memory: bool,
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
            certs_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            licences_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            csta_port: 0,
            sync_port: 0,
            hands_port: 0,
            peer_port: 0,
            data: None,
            in_memory: true,
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
                let (csta, hands, peers, sync) = (a.csta, a.hands, a.partners, a.sync);
                println!("Node {}     CSTA {csta}   hands http://{hands}   peers {peers}   sync {sync}", i + 1);
            }
            if let (Some(folder), Some(https)) = (&self.data, lab.gateway.https_address) {
                let folder = folder.display();
                println!("HTTPS      https://{https}  (its issuer is {folder}/ca.cert.pem)");
                println!("Advanced   Console and Recorder; certificates and keys in {folder}");
            }
            println!("Admin      {}/admin  (admin, password {}, unless it was changed)", lab.url(), lab.password);
            if let Some(servers) = &lab.servers {
                let (certs, licences) = (servers.certs.address, servers.licences.address);
                println!("Certs      https://{certs}  (admin and {MEMBER}, the same password)");
                println!("Licences   https://{licences}/licences");
            }
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
    /// There is a data folder, and so they are there, too.
    servers: Option<Servers>,
    /// Of `admin`.
    password: String,
    /// What is gone with this lab.
    _own: Own,
}

/// The folder that only this lab uses.
#[derive(Default)]
struct Own {
    /// Held while its databases are used.
    _lock: Option<File>,
    /// What was fetched, where nothing is kept.
    temporary: Option<PathBuf>,
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(folder) = &self.temporary {
            let _ = std::fs::remove_dir_all(folder); // it is in the system's folder for such things
        }
    }
}

impl Lab {
    /// Starts nodes, then the gateway.
    ///
    /// # Errors
    /// When a port is taken, with its address.
    pub async fn start(options: &LabOptions) -> anyhow::Result<Self> {
        let anyone = plan::Plan::lab(Ceid::new(1).context("a lab's nodes are numbered 1 to 3")?);
        for (option, shows) in options.shared.all() {
            anyhow::ensure!(anyone.owner(shows.number).is_some(), "{option} {shows}: no node has such numbers");
        }
        let mut nodes: Vec<RunningNode> = Vec::new();
        for number in 1..=3 {
            let ip = node_address(number);
            let ports = [options.csta_port, options.sync_port, options.hands_port, options.peer_port];
            let addresses = Addresses::on(ip, ports);
            let ceid = Ceid::new(number).context("a lab's nodes are numbered 1 to 3")?;
            // Each node connects to those before it; a link serves both ways.
            let before = nodes.iter().map(|n| (n.node().ceid(), n.addresses().partners)).collect();
            let mut plan = plan::Plan::lab(ceid);
            options.shared.add_to(&mut plan, |plan, shows| plan.owner(shows.number) == Some(ceid))?;
            let node = listen::run(plan, addresses, before, Env::system())
                .await
                .with_context(|| format!("node {number} at {ip}"))?;
            nodes.push(node);
        }
        let csta: Vec<SocketAddr> = nodes.iter().map(|n| n.addresses().csta).collect();
        let mut settings = settings(options.listen, &csta);
        for (settings, node) in settings.nodes.iter_mut().zip(&nodes) {
            settings.sync_port = Some(node.addresses().sync.port());
        }
        let (mut servers, mut own) = (None, Own::default());
        let password = match options.data.clone() {
            None => lab_data::new_password()?,
            Some(folder) => {
                // Making RSA keys takes a second or two.
                let (at, kept) = (folder.clone(), !options.in_memory);
                let prepared = tokio::task::spawn_blocking(move || {
                    let ca = lab_data::prepare(&at)?;
                    let lock = kept.then(|| lab_data::own(&at)).transpose()?;
                    let password = if kept { lab_data::password(&at) } else { lab_data::new_password() };
                    anyhow::Ok((ca, lock, password?))
                });
                let (ca, lock, password) = prepared.await.context("the lab's data folder")??;
                settings = trusting(settings, ca);
                let certificates = vec![lab_data::https(&folder)];
                settings.tls = Tls { listen: Some(options.https_listen), certificates };
                own = Own { _lock: lock, temporary: options.in_memory.then(temporary) };
                if kept {
                    settings.storage.url = Some(lab_servers::database(&folder, "oig.db"));
                    stand(&settings)?;
                }
                let hash = hashed(&password).await?;
                let (certs, licences) = (options.certs_listen, options.licences_listen);
                let started = Servers::start(&Places { folder: &folder, kept, certs, licences }, &settings, &hash)?;
                settings = started.over(settings, &folder, own.temporary.as_ref().unwrap_or(&folder));
                servers = Some(started);
                password
            }
        };
        settings.check()?;
        let console = Console::start(nodes.iter().map(|n| n.node().clone()));
        let gateway = app::start_beside(&settings, console.routes()).context("gateway")?;
        add_people(&gateway.storage, hashed(&password).await?).await?;
        if let Some(servers) = &servers {
            servers.serve(&gateway).await?;
        }
        Ok(Self { nodes, gateway, console, servers, password, _own: own })
    }

    /// The gateway's address as applications use it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.gateway.address)
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
        if let Some(servers) = self.servers {
            servers.stop().await;
        }
        for node in self.nodes {
            node.stop().await;
        }
    }
}

/// A folder that nobody else has.
fn temporary() -> PathBuf {
    std::env::temp_dir().join(format!("oig-lab-{}", std::process::id()))
}

async fn hashed(password: &str) -> anyhow::Result<SecretString> {
    let secret = SecretString::from(password);
    let hash = tokio::task::spawn_blocking(move || hash_secret(&secret)).await?;
    Ok(hash.map_err(|fault| anyhow::anyhow!("the password cannot be hashed: {fault}"))?.into())
}

/// The lab's nodes as this start has them, which may be at other ports than before, in a database that is kept; whatever
/// else was changed there stays.
fn stand(settings: &Settings) -> anyhow::Result<()> {
    let options = settings.storage.options().map_err(|fault| anyhow::anyhow!("storage.url: {fault}"))?;
    let storage = Storage::open(&options)?;
    storage.begin(settings, now_ms())?;
    let nodes = Settings { applications: Vec::new(), ..settings.clone() };
    let stand = storage.sealing(|c, vault| {
        Plan::of(&Known::read(c, vault)?, &nodes).apply(c, vault, Removal::Keep, &By::new("lab", "start"), now_ms())
    });
    storage.blocking(|c| c.write(stand))?;
    Ok(())
}

/// `admin` of its administration, and somebody with each integration, with a phone of another node each: at its first start.
async fn add_people(storage: &Storage, password: SecretString) -> anyhow::Result<()> {
    let admin = NewAccount { name: "admin".into(), email: None, password, role: Role::Administrator };
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
    let add = move |c: &mut DbConnection| {
        match account::find(c, "admin") {
            Err(StorageError::Missing(_)) => {}
            there => return there.map(drop),
        }
        account::add(c, &admin, &by, now_ms())?;
        users.iter().try_for_each(|new| user::add(c, new, &by, now_ms()).map(drop))
    };
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
            sync_port: None,
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
