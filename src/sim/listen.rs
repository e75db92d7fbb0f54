//! A simulated node on real sockets: CSTA, the forms, hands and partners, each on its port.
//!
//! The port for partners is open while the node has power: sets see by it whether their node lives.
//! `oig node` and the lab start nodes here. While a node does not accept connections (a fault says
//! so) its port is closed, as that of a switch that is down.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpServer};
use schemas::domain::Ceid;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::core::Open;
use super::forms;
use super::hands;
use super::node::{Env, SimNode, SimNodeHandle, Stopped};
use super::plan::{Plan, lab_address};
use super::tls::NodeTls;

const CONNECT: Duration = Duration::from_secs(2);
const BACKOFF_FIRST: Duration = Duration::from_millis(500);
const BACKOFF_LONGEST: Duration = Duration::from_secs(5);
/// A link that lived this long forgives earlier failures.
const FORGIVEN_AFTER: Duration = Duration::from_secs(10);
/// After a failed accept (out of files, say), or a port that is not free again yet.
const RETRY: Duration = Duration::from_millis(50);
/// Open at a time at the hands, and at the forms.
const CONNECTIONS: usize = 256;

/// Where a node listens; port 0 takes any free one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    pub csta: SocketAddr,
    /// Where gateways copy the node's forms.
    pub sync: SocketAddr,
    /// Must be on loopback.
    pub hands: SocketAddr,
    pub partners: SocketAddr,
}

impl Addresses {
    /// The lab's: 127.0.0.1x with x the node's number, ports 8882 to 8885.
    #[must_use]
    pub fn lab(node: Ceid) -> Self {
        Self::on(lab_address(node), [8882, 8883, 8884, 8885])
    }

    /// Any free ports of 127.0.0.1.
    #[must_use]
    pub fn free() -> Self {
        Self::on(IpAddr::V4(Ipv4Addr::LOCALHOST), [0; 4])
    }

    /// Ports of one address: of CSTA, the forms, the hands and partners.
    #[must_use]
    pub fn on(ip: IpAddr, ports: [u16; 4]) -> Self {
        let [csta, sync, hands, partners] = ports.map(|port| SocketAddr::new(ip, port));
        Self { csta, sync, hands, partners }
    }
}

/// A node that listens. Dropped, it goes on until the process ends; `stop` ends it.
pub struct RunningNode {
    addresses: Addresses,
    node: SimNodeHandle,
    /// Of HTTP: the hands and the forms.
    servers: Vec<(ServerHandle, JoinHandle<()>)>,
    tasks: Vec<JoinHandle<()>>,
}

impl RunningNode {
    /// Where it listens, with the ports that were taken.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    #[must_use]
    pub fn node(&self) -> &SimNodeHandle {
        &self.node
    }

    /// Closes every port and connection; done when they are.
    pub async fn stop(self) {
        for task in &self.tasks {
            task.abort();
        }
        for task in self.tasks {
            // Aborted, as was wanted.
            let _ = task.await;
        }
        self.node.stop().await;
        for (server, serving) in self.servers {
            server.stop(false).await;
            // It has ended, in whichever way.
            let _ = serving.await;
        }
    }
}

/// Starts a node. Of two partners the one with the higher number makes the link, again and again
/// while it is down; addresses of higher partners are not used.
///
/// # Errors
/// When a port cannot be had, or the hands would not be on loopback.
pub async fn run(
    plan: Plan,
    addresses: Addresses,
    partners: Vec<(Ceid, SocketAddr)>,
    env: Env,
) -> io::Result<RunningNode> {
    run_secured(plan, addresses, partners, env, None).await
}

/// The same with TLS on the CSTA port.
///
/// # Errors
/// See [`run`].
pub async fn run_secured(
    mut plan: Plan,
    addresses: Addresses,
    partners: Vec<(Ceid, SocketAddr)>,
    env: Env,
    tls: Option<NodeTls>,
) -> io::Result<RunningNode> {
    if !addresses.hands.ip().is_loopback() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the hands of a node listen on loopback only"));
    }
    let ceid = plan.ceid;
    let csta = TcpListener::bind(addresses.csta).await?;
    let links = TcpListener::bind(addresses.partners).await?;
    let (hands, sync) = (StdListener::bind(addresses.hands)?, StdListener::bind(addresses.sync)?);
    let taken = Addresses {
        csta: csta.local_addr()?,
        sync: sync.local_addr()?,
        hands: hands.local_addr()?,
        partners: links.local_addr()?,
    };
    // Where nodes are is known here; what the plan says of it is as in the lab.
    for (node, at) in partners.iter().map(|(partner, at)| (*partner, at.ip())).chain([(ceid, taken.csta.ip())]) {
        if !at.is_unspecified() {
            plan.found_at(node, at);
        }
    }

    let node = SimNode::spawn(plan, env);
    let servers = vec![serve(hands, &node, hands::routes)?, serve(sync, &node, forms::serve::routes)?];
    let mut tasks = vec![
        tokio::spawn(accept(csta, taken.csta, node.clone(), |open| open.gateways, Kind::Gateway(tls))),
        tokio::spawn(accept(links, taken.partners, node.clone(), |open| open.sets, Kind::Partner)),
    ];
    for (partner, address) in partners.into_iter().filter(|(partner, _)| *partner < ceid) {
        tasks.push(tokio::spawn(link(partner, address, node.clone())));
    }
    Ok(RunningNode { addresses: taken, node, servers, tasks })
}

/// Serves something of a node over HTTP, with a thread of its own.
fn serve(
    listener: StdListener,
    node: &SimNodeHandle,
    routes: fn(&mut ServiceConfig),
) -> io::Result<(ServerHandle, JoinHandle<()>)> {
    let data = Data::new(node.clone());
    let server = HttpServer::new(move || App::new().app_data(data.clone()).configure(routes))
        .workers(1)
        .max_connections(CONNECTIONS)
        .disable_signals()
        .listen(listener)?
        .run();
    let handle = server.handle();
    let serving = tokio::spawn(async move {
        if let Err(fault) = server.await {
            tracing::error!(%fault, "the hands of a node, or its forms, are served no more");
        }
    });
    Ok((handle, serving))
}

/// Starts a node with its CSTA port alone, for loads of many nodes in one process: neither forms nor hands
/// nor partners listen (their addresses have port 0), and no thread is started.
///
/// # Errors
/// When the port cannot be had.
pub async fn run_csta(plan: Plan, address: SocketAddr, env: Env) -> io::Result<RunningNode> {
    let listener = TcpListener::bind(address).await?;
    let csta = listener.local_addr()?;
    let node = SimNode::spawn(plan, env);
    let tasks = vec![tokio::spawn(accept(listener, csta, node.clone(), |open| open.gateways, Kind::Gateway(None)))];
    let addresses = Addresses { csta, ..Addresses::on(csta.ip(), [0; 4]) };
    Ok(RunningNode { addresses, node, servers: Vec::new(), tasks })
}

/// The same with the forms, which have another port of that address and a thread.
///
/// # Errors
/// When a port cannot be had.
pub async fn run_forms(plan: Plan, address: SocketAddr, env: Env) -> io::Result<RunningNode> {
    let sync = StdListener::bind((address.ip(), 0))?;
    let mut running = run_csta(plan, address, env).await?;
    running.addresses.sync = sync.local_addr()?;
    running.servers.push(serve(sync, &running.node, forms::serve::routes)?);
    Ok(running)
}

enum Kind {
    Gateway(Option<NodeTls>),
    Partner,
}

/// Accepts while the node does; the port is closed while it does not.
async fn accept(
    listener: TcpListener,
    address: SocketAddr,
    node: SimNodeHandle,
    wanted: fn(&Open) -> bool,
    kind: Kind,
) {
    let mut open = node.open();
    let mut listener = Some(listener);
    loop {
        if open.wait_for(wanted).await.is_err() {
            return;
        }
        let bound = match listener.take() {
            Some(listener) => listener,
            None => match TcpListener::bind(address).await {
                Ok(listener) => listener,
                Err(fault) => {
                    tracing::warn!(%address, %fault, "a port cannot be opened again yet");
                    sleep(RETRY).await;
                    continue;
                }
            },
        };
        if accept_while_open(&bound, &mut open, &node, wanted, &kind).await.is_err() {
            return;
        }
    }
}

async fn accept_while_open(
    listener: &TcpListener,
    open: &mut watch::Receiver<Open>,
    node: &SimNodeHandle,
    wanted: fn(&Open) -> bool,
    kind: &Kind,
) -> Result<(), Stopped> {
    loop {
        let closed = async { open.wait_for(|open| !wanted(open)).await.map(drop).map_err(|_| Stopped) };
        let accepted = tokio::select! {
            biased;
            closed = closed => return closed,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(fault) => {
                tracing::warn!(%fault, "a connection could not be accepted");
                sleep(RETRY).await;
                continue;
            }
        };
        // Frames are small and each matters now; a socket that refuses is dead already.
        let _ = stream.set_nodelay(true);
        match kind {
            Kind::Gateway(tls) => {
                let reset = Arc::new(AtomicBool::new(false));
                let stream = Resettable { stream, reset: Arc::clone(&reset) };
                match tls.clone() {
                    None => node.attach_resettable(stream, reset).await?,
                    Some(tls) => {
                        let node = node.clone();
                        tokio::spawn(async move {
                            if let Some(stream) = tls.accept(stream).await {
                                // A node that has stopped meanwhile drops it.
                                let _ = node.attach_resettable(stream, reset).await;
                            }
                        });
                    }
                }
            }
            Kind::Partner => drop(node.attach_peer(stream).await?),
        }
    }
}

/// Makes the link to a partner, and makes it anew whenever it is lost. Sets see what it sees: a node whose port is open
/// lives, though it may refuse the link.
async fn link(partner: Ceid, address: SocketAddr, node: SimNodeHandle) {
    let mut open = node.open();
    let mut pause = BACKOFF_FIRST;
    loop {
        if open.wait_for(|open| open.partners).await.is_err() {
            return;
        }
        let began = Instant::now();
        let connected = timeout(CONNECT, TcpStream::connect(address)).await;
        if node.sets_see(partner, matches!(connected, Ok(Ok(_)))).await.is_err() {
            return;
        }
        if let Ok(Ok(stream)) = connected {
            let _ = stream.set_nodelay(true);
            match node.attach_peer(stream).await {
                // Ends when the link does, in whichever way.
                Ok(task) => drop(task.await),
                Err(Stopped) => return,
            }
        }
        if began.elapsed() >= FORGIVEN_AFTER {
            pause = BACKOFF_FIRST;
        }
        sleep(pause).await;
        pause = (pause * 2).min(BACKOFF_LONGEST);
    }
}

/// A socket that ends with a reset when it is dropped while the flag is set.
struct Resettable {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Resettable {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            // A socket that refuses is dead already.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Resettable {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Resettable {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
