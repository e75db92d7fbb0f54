//! The processes that are measured, each a child of the bench: a gateway, a server with a fixed
//! reply, an echo. They end when the bench does.
//!
//! A gateway of its own for each measurement: nothing of one is left in the next, and its memory
//! and processor time are its own. It runs what `oig serve` runs, with settings made here.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context as _, bail};
use clap::ValueEnum;
use schemas::contract::Request as _;
use schemas::contract::ops_call_control_standard::ClearCall;
use schemas::fault::Refusal;
use schemas::soap::{self, Version};
use secrecy::{ExposeSecret as _, SecretString};

use super::STORAGE;
use crate::app;
use crate::commands::{in_system, lab_settings, log};

/// What a child process is.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Part {
    /// The gateway.
    Gateway,
    /// actix-web with the gateway's settings and nothing behind it.
    Static,
    /// Reads some bytes, answers others: the two hops of an event without a gateway.
    Echo,
}

/// How many bytes the echo reads, and how many it answers, are the first thing it is sent.
pub(super) const ECHO_HEAD: usize = 8;
/// Time-outs of the static server; those of `app`.
const KEEP_ALIVE: Duration = Duration::from_secs(120);
const HEAD: Duration = Duration::from_secs(15);
const BACKLOG: u32 = 4096;

fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// Tells the bench where this part listens, and waits for the end of the bench.
async fn serve_until_the_bench_ends(address: SocketAddr) -> anyhow::Result<()> {
    println!("{address}");
    std::io::stdout().flush()?;
    actix_web::rt::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

/// What a gateway keeps, and copies.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub journal: Option<PathBuf>,
    /// Of the nodes' forms, in their order.
    pub sync_ports: Vec<u16>,
    pub storage: Option<SecretString>,
    pub key_file: Option<PathBuf>,
}

impl Part {
    /// The child's whole life.
    pub(super) fn run(
        self,
        nodes: &[SocketAddr],
        kept: Kept,
        flight_record: Option<usize>,
        filter: &str,
    ) -> anyhow::Result<()> {
        match self {
            Self::Gateway => in_system(&log(filter), async move {
                let mut settings = lab_settings(any_port(), nodes);
                // Nobody comes up elsewhere; and all load is one application's.
                settings.nodes.iter_mut().for_each(|node| node.secondary = None);
                settings.limits.application.monitors = Some(1_000_000);
                settings.limits.application.commands_per_second = Some(1_000_000);
                settings.limits.application.log_mib = Some(512);
                settings.journal.folder = kept.journal;
                for (node, port) in settings.nodes.iter_mut().zip(kept.sync_ports) {
                    node.sync_port = Some(port);
                }
                settings.storage.url = kept.storage;
                settings.storage.key_file = kept.key_file;
                settings.limits.flight_record = flight_record.unwrap_or(settings.limits.flight_record);
                settings.check()?;
                let running = app::start(&settings)?;
                serve_until_the_bench_ends(running.address).await
            }),
            Self::Static => in_system(&log(filter), static_server()),
            Self::Echo => echo(),
        }
    }
}

async fn static_server() -> anyhow::Result<()> {
    let text = actors::refusal::Refused::NoCall.to_string();
    let reply = soap::refusal(Version::V1_1, ClearCall::OPERATION, None, &Refusal::new(text));
    let reply = web::Bytes::from(reply);
    let answer = move |body: web::Bytes| {
        let reply = reply.clone();
        async move {
            std::hint::black_box(body);
            HttpResponse::Ok().content_type(Version::V1_1.content_type()).body(reply)
        }
    };
    let server = HttpServer::new(move || App::new().route("/", web::post().to(answer.clone())))
        .workers(cores())
        .max_connections(8192)
        .backlog(BACKLOG)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD)
        .h1_allow_half_closed(false)
        .disable_signals()
        .bind(any_port())?;
    let address = server.addrs().first().copied().context("the server is bound")?;
    actix::spawn(server.run());
    serve_until_the_bench_ends(address).await
}

fn echo() -> anyhow::Result<()> {
    let listener = TcpListener::bind(any_port())?;
    println!("{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let (mut stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    let mut sizes = [0; ECHO_HEAD];
    stream.read_exact(&mut sizes)?;
    let [a, b, c, d, e, f, g, h] = sizes;
    let mut asked = vec![0; u32::from_be_bytes([a, b, c, d]) as usize];
    let answer = vec![b'x'; u32::from_be_bytes([e, f, g, h]) as usize];
    while stream.read_exact(&mut asked).is_ok() {
        stream.write_all(&answer)?;
    }
    Ok(())
}

/// As many threads as the gateway uses for HTTP.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// A running child; ends with its owner.
pub(super) struct Process {
    child: Child,
    pub address: SocketAddr,
}

impl Process {
    /// Starts it and waits until it listens.
    ///
    /// # Errors
    /// When it ends before it listens.
    pub(super) fn start(part: Part, nodes: &[SocketAddr], filter: &str) -> anyhow::Result<Self> {
        Self::start_with(part, nodes, None, None, filter)
    }

    /// The same with a folder for the gateway's journal, and with so many lines of a flight record.
    ///
    /// # Errors
    /// When it ends before it listens.
    pub(super) fn start_with(
        part: Part,
        nodes: &[SocketAddr],
        journal: Option<&Path>,
        flight_record: Option<usize>,
        filter: &str,
    ) -> anyhow::Result<Self> {
        let name = part.to_possible_value().context("every part has a name")?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bench", "--part", name.get_name(), "--log", filter]);
        for node in nodes {
            command.args(["--node", &node.to_string()]);
        }
        if let Some(lines) = flight_record {
            command.args(["--flight-record", &lines.to_string()]);
        }
        if let Some(folder) = journal {
            command.arg("--journal").arg(folder);
        }
        Self::spawn(command, name.get_name())
    }

    /// A gateway with this database, which copies the forms of its nodes: where each is, and the port of its forms.
    ///
    /// # Errors
    /// When it ends before it listens.
    pub(super) fn start_data(
        nodes: &[(SocketAddr, u16)],
        storage: &SecretString,
        key_file: &Path,
        filter: &str,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bench", "--part", "gateway", "--log", filter, "--key-file"]).arg(key_file);
        for (node, sync_port) in nodes {
            command.args(["--node", &node.to_string(), "--sync-port", &sync_port.to_string()]);
        }
        command.env(STORAGE, storage.expose_secret());
        Self::spawn(command, "gateway")
    }

    /// A program that is no part of ours but behaves like one: says where it listens, ends with its
    /// standard input.
    ///
    /// # Errors
    /// When it ends before it listens.
    pub(super) fn foreign(program: &Path) -> anyhow::Result<Self> {
        Self::spawn(Command::new(program), "yardstick")
    }

    fn spawn(mut command: Command, name: &str) -> anyhow::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("its output is piped")?;
        BufReader::new(stdout).read_line(&mut line)?;
        match line.trim().parse() {
            Ok(address) => Ok(Self { child, address }),
            Err(_) => {
                let _ = child.kill();
                bail!("the {name} did not start: {}", child.wait()?)
            }
        }
    }

    /// Resident memory in bytes.
    pub(super) fn resident(&self) -> anyhow::Result<u64> {
        self.memory("VmRSS")
    }

    /// The most that it ever was.
    pub(super) fn peak(&self) -> anyhow::Result<u64> {
        self.memory("VmHWM")
    }

    fn memory(&self, which: &str) -> anyhow::Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix(which)?.strip_prefix(':'));
        let kib: u64 =
            line.with_context(|| format!("{which} in /proc"))?.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1024)
    }

    /// Processor time used so far.
    pub(super) fn busy(&self) -> Duration {
        busy_of(&self.child.id().to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `/proc` counts in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

fn busy_of(process: &str) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name in parentheses may hold anything; user and system time are the 12th and 13th after it.
    let after = text.rsplit_once(')').map_or("", |(_, after)| after);
    let ticks: u32 = after.split_whitespace().skip(11).take(2).filter_map(|f| f.parse::<u32>().ok()).sum();
    TICK * ticks
}

/// How much of the machine others took, so that a figure from a busy machine says so.
pub(super) struct Others {
    at: std::time::Instant,
    machine: Duration,
    ours: Duration,
}

impl Others {
    pub(super) fn start(parts: &[&Process]) -> Self {
        Self { at: std::time::Instant::now(), machine: machine_busy(), ours: ours_busy(parts) }
    }

    /// Part of all processors since the start, 0 to 1; `parts` as at the start.
    pub(super) fn share(&self, parts: &[&Process]) -> f64 {
        let all = self.at.elapsed().as_secs_f64() * cores() as f64;
        let machine = machine_busy().saturating_sub(self.machine);
        let ours = ours_busy(parts).saturating_sub(self.ours);
        machine.saturating_sub(ours).as_secs_f64() / all
    }
}

fn ours_busy(parts: &[&Process]) -> Duration {
    parts.iter().map(|p| p.busy()).sum::<Duration>() + busy_of("self")
}

fn machine_busy() -> Duration {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields = text.lines().next().unwrap_or_default().split_whitespace().skip(1);
    let fields: Vec<u32> = fields.filter_map(|f| f.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal
    [0, 1, 2, 5, 6, 7].iter().filter_map(|i| fields.get(*i)).map(|ticks| TICK * *ticks).sum()
}
