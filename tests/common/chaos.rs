//! A bad line between a gateway and a node: it loses, repeats and holds back whole CSTA frames, and cuts connections.
//!
//! It knows frames and events, nothing of what they say. Runs in a thread of its own, so that a busy test delays nothing.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use schemas::csta::frame::{EVENT, Framing, encode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

/// Bytes in one write of what is repeated.
const AT_ONCE: usize = 64 * 1024;

/// What becomes of the next event that the node sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    Lost,
    /// It comes so often, as quickly as the gateway reads.
    Repeated(usize),
    /// It, and all that follows it, comes so much later.
    Late(Duration),
}

/// Where the gateway finds the node.
pub struct Chaos {
    pub address: SocketAddr,
    orders: Arc<Orders>,
    runtime: Option<Runtime>,
}

#[derive(Debug)]
struct Orders {
    next: Mutex<Option<Mishap>>,
    struck: AtomicUsize,
    /// Frames that the gateway has taken, or its socket.
    passed: AtomicUsize,
    /// Counts cuts; every connection watches it.
    cuts: watch::Sender<usize>,
    /// No connection is carried.
    closed: AtomicBool,
}

impl Orders {
    fn next(&self) -> std::sync::MutexGuard<'_, Option<Mishap>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn strike(&self) -> Option<Mishap> {
        let mishap = self.next().take();
        self.struck.fetch_add(usize::from(mishap.is_some()), Ordering::Release);
        mishap
    }
}

impl Chaos {
    /// A line to a node, at a free port of the node's own address.
    pub fn before(node: SocketAddr) -> Self {
        let listener = std::net::TcpListener::bind((node.ip(), 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("bound");
        let orders = Arc::new(Orders {
            next: Mutex::default(),
            struck: AtomicUsize::new(0),
            passed: AtomicUsize::new(0),
            cuts: watch::channel(0).0,
            closed: AtomicBool::new(false),
        });
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let shared = orders.clone();
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a listening socket");
            while let Ok((gateway, _)) = listener.accept().await {
                let orders = shared.clone();
                let cut = orders.cuts.subscribe();
                if orders.closed.load(Ordering::Acquire) {
                    continue;
                }
                tokio::spawn(async move {
                    // A node that is not there: the gateway's connection ends at once.
                    if let Ok(node) = TcpStream::connect(node).await {
                        // Frames are small, and nobody waits for more of them.
                        for end in [&gateway, &node] {
                            end.set_nodelay(true).expect("a socket");
                        }
                        carry(gateway, node, &orders, cut).await;
                    }
                });
            }
        });
        Self { address, orders, runtime: Some(runtime) }
    }

    /// The next event meets with this.
    pub fn next(&self, mishap: Mishap) {
        *self.orders.next() = Some(mishap);
    }

    /// Takes back what has not struck yet.
    pub fn heal(&self) {
        self.orders.next().take();
    }

    /// Mishaps that events met with.
    pub fn struck(&self) -> usize {
        self.orders.struck.load(Ordering::Acquire)
    }

    /// Frames that went through to the gateway.
    pub fn passed(&self) -> usize {
        self.orders.passed.load(Ordering::Acquire)
    }

    /// Ends every connection.
    pub fn cut(&self) {
        self.orders.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Ends every connection, and carries none until it is opened again.
    pub fn close(&self) {
        self.orders.closed.store(true, Ordering::Release);
        self.cut();
    }

    pub fn open(&self) {
        self.orders.closed.store(false, Ordering::Release);
    }
}

impl Drop for Chaos {
    fn drop(&mut self) {
        // A runtime may not wait for its threads inside another one.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn carry(mut gateway: TcpStream, mut node: TcpStream, orders: &Orders, mut cut: watch::Receiver<usize>) {
    let (mut asked, mut told) = gateway.split();
    let (mut said, mut heard) = node.split();
    tokio::select! {
        _ = tokio::io::copy(&mut asked, &mut heard) => {}
        () = tell(&mut said, &mut told, orders) => {}
        _ = cut.changed() => {}
    }
}

/// Carries frames from the node until either end is gone, or what it says is no frame.
async fn tell(said: &mut (impl AsyncReadExt + Unpin), told: &mut (impl AsyncWriteExt + Unpin), orders: &Orders) {
    let (mut framing, mut bytes, mut out) = (Framing::default(), vec![0; 16 * 1024], Vec::new());
    loop {
        match said.read(&mut bytes).await {
            Ok(read @ 1..) => framing.push(&bytes[..read]),
            _ => return,
        }
        loop {
            let frame = match framing.next() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(_) => return,
            };
            let times = match (frame.invoke == EVENT).then(|| orders.strike()).flatten() {
                Some(Mishap::Lost) => 0,
                Some(Mishap::Repeated(times)) => times,
                Some(Mishap::Late(by)) => {
                    tokio::time::sleep(by).await;
                    1
                }
                None => 1,
            };
            for _ in 0..times {
                encode(frame.invoke, &frame.xml, &mut out).expect("it came as a frame");
                if out.len() > AT_ONCE {
                    if told.write_all(&out).await.is_err() {
                        return;
                    }
                    out.clear();
                }
                orders.passed.fetch_add(1, Ordering::Release);
            }
        }
        if told.write_all(&out).await.is_err() {
            return;
        }
        out.clear();
    }
}
