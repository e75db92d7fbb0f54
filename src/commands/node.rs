//! `oig node`: one simulated node as a process of its own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use schemas::domain::{Ceid, Dn};

use super::shared_lines::SharedLines;
use super::{in_system, log};
use crate::app;
use crate::sim::listen::{self, Addresses};
use crate::sim::node::Env;
use crate::sim::plan::{Plan, Style, Withholds};
use crate::sim::tls::NodeTls;

#[derive(Debug, Args)]
pub(super) struct Node {
    /// Number of the node; 1 to 3 have the phones of the lab.
    #[arg(long, default_value_t = 1)]
    ceid: u16,
    /// Address to listen on; the hands listen there too, and answer on loopback only.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// CSTA port; 0 for a free one.
    #[arg(long, default_value_t = 8882)]
    csta_port: u16,
    /// Port of the node's forms, which gateways copy; 0 for a free one.
    #[arg(long, default_value_t = 8883)]
    sync_port: u16,
    /// Port of the hands; 0 for a free one.
    #[arg(long, default_value_t = 8884)]
    hands_port: u16,
    /// Port for other nodes; 0 for a free one.
    #[arg(long, default_value_t = 8885)]
    peer_port: u16,
    /// Another node: its number and the address of its peer port, as in `2=127.0.0.12:8885`. Of two
    /// nodes the one with the higher number makes the link. Can be given several times.
    #[arg(long = "peer", value_parser = peer)]
    peers: Vec<(Ceid, SocketAddr)>,
    /// How an association begins.
    #[arg(long, value_enum, default_value_t = Association::ServerFirst)]
    association: Association,
    /// Know nothing of our private data, like a node of another maker: no configuration of devices, no
    /// splitConferenceCall, no newCall.
    #[arg(long)]
    no_private: bool,
    /// Its phones come up at no other node while it is down, and none of another node's here.
    #[arg(long)]
    no_secondary: bool,
    /// Of the phones that come up at another node, only these do, as in `1006-1009`. Both nodes must be told.
    #[arg(long, value_name = "FIRST-LAST", value_parser = range, conflicts_with = "no_secondary")]
    resilient: Option<(Dn, Dn)>,
    /// Keep no records of calls that are over, and refuse to be asked for them.
    #[arg(long)]
    no_records: bool,
    /// How long a call may be held, in seconds, before it rings the holder again; 0: for ever. Without it: 30 s at the
    /// lab's nodes, for ever at others.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=86_400))]
    hold_recall: Option<u32>,
    /// Do not pass this on to other nodes about the people of a call. Can be given several times.
    #[arg(long, value_enum)]
    withhold: Vec<Withheld>,
    /// Speak TLS on the CSTA port, with this certificate (PEM; those of its issuers follow it).
    #[arg(long, requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key of that certificate (PEM).
    #[arg(long, requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Let in only gateways with a certificate of this issuer (PEM).
    #[arg(long, requires = "tls_cert")]
    tls_client_ca: Option<PathBuf>,
    /// Give the node this many phones instead of the lab's, from `--first-dn` on.
    #[arg(long)]
    phones: Option<u32>,
    /// First number of those phones.
    #[arg(long, default_value_t = 100_000)]
    first_dn: u32,
    #[command(flatten)]
    shared: SharedLines,
    /// The name of a phone, of a hot desk user or of a shared number in the directory, as in `1000=Archer, Maya`; none
    /// when nothing follows the `=`. Can be given several times.
    #[arg(long = "name", value_parser = name)]
    names: Vec<(Dn, String)>,
    /// What the node's way outside is called: its SIP peer by this name, a trunk by this name and its number.
    #[arg(long, value_parser = one_name)]
    way_out: Option<String>,
    /// Log filter.
    #[arg(long, default_value = "info", env = "OIG_LOG")]
    log: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Association {
    ServerFirst,
    Session,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Withheld {
    Names,
    /// They are private at the other node.
    Numbers,
}

fn peer(text: &str) -> Result<(Ceid, SocketAddr), String> {
    let (ceid, address) = text.split_once('=').ok_or("is not of the form NUMBER=ADDRESS:PORT")?;
    let ceid = ceid.parse::<u16>().map_err(|e| e.to_string())?;
    Ok((Ceid::new(ceid).map_err(|e| e.to_string())?, address.parse().map_err(|_| "the address is not ADDRESS:PORT")?))
}

/// Longest name of a phone; as long as gateways read.
const LONGEST_NAME: usize = 256;

/// `1006-1009`
fn range(text: &str) -> Result<(Dn, Dn), String> {
    let (first, last) = text.split_once('-').ok_or("two numbers with a - between them")?;
    let number = |text: &str| text.parse::<Dn>().map_err(|e| e.to_string());
    Ok((number(first)?, number(last)?))
}

fn name(text: &str) -> Result<(Dn, String), String> {
    let (dn, name) = text.split_once('=').ok_or("is not of the form NUMBER=NAME")?;
    Ok((dn.parse().map_err(|_| "the number is no extension")?, one_name(name)?))
}

fn one_name(name: &str) -> Result<String, String> {
    if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(format!("a name has at most {LONGEST_NAME} characters, none of them for control"));
    }
    Ok(name.to_owned())
}

impl Node {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let ceid = Ceid::new(self.ceid).context("--ceid")?;
        let mut plan = match self.phones {
            Some(count) => {
                let last = self.first_dn.checked_add(count.max(1) - 1).context("--phones: too many")?;
                anyhow::ensure!(
                    last <= 9_999_999 && last.to_string().len() == self.first_dn.to_string().len(),
                    "--phones: the numbers must have one length, of at most seven digits"
                );
                Plan::sized(ceid, self.first_dn, count)
            }
            None => Plan::lab(ceid),
        };
        plan.style = match self.association {
            Association::ServerFirst => Style::ServerFirst,
            Association::Session => Style::Session,
            Association::None => Style::None,
        };
        if let Some(seconds) = self.hold_recall {
            plan.hold_recall_ms = (seconds > 0).then(|| i64::from(seconds) * 1000);
        }
        plan.private = !self.no_private;
        if self.no_secondary {
            plan.secondaries.clear();
            plan.backups.clear();
        }
        if let Some((first, last)) = self.resilient {
            plan.only_resilient(first, last);
        }
        plan.records = !self.no_records;
        plan.withholds = Withholds {
            names: self.withhold.contains(&Withheld::Names),
            numbers: self.withhold.contains(&Withheld::Numbers),
        };
        self.shared.add_to(&mut plan, |_, _| true)?;
        for (dn, name) in self.names {
            anyhow::ensure!(plan.rename(dn, &name), "--name: the node has no phone {dn}");
        }
        if let Some(name) = self.way_out {
            let outside = plan.outside.as_mut().context("--way-out: nothing leads outside from this node")?;
            outside.name_ways(&name);
        }
        let tls = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                Some(NodeTls::load(certificate, key, self.tls_client_ca.as_deref()).context("--tls-cert")?)
            }
            _ => None,
        };
        in_system(&log(&self.log), async move {
            let ports = [self.csta_port, self.sync_port, self.hands_port, self.peer_port];
            let addresses = Addresses::on(self.address, ports);
            let node =
                listen::run_secured(plan, addresses, self.peers, Env::system(), tls).await.context("cannot listen")?;
            // One line that a script can read.
            let a = node.addresses();
            println!("node {ceid} csta={} sync={} hands={} peers={}", a.csta, a.sync, a.hands, a.partners);
            app::asked_to_stop().await?;
            node.stop().await;
            Ok(())
        })
    }
}
