//! How long an event is under way from the node's socket to the reply of a held poll, at a steady
//! rate over many sessions; and beside it what the machine takes for the same two hops alone.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, ensure};
use schemas::contract::ops_call_control_standard::GetEvent;
use schemas::contract::ops_session::ResetSessionTimer;
use tokio::time::MissedTickBehavior;

use super::node::{ScriptedNode, Turn, event_size, object};
use super::parts::{Others, Part, Process};
use super::report::{Budget, Figure, percentile};
use super::wire::{Connection, post_of};
use super::{PATIENCE, Plan, gateway_with, monitor, runtime};

/// Events at the head of the run that are sent and not counted.
const WARM_UP: Duration = Duration::from_secs(1);
/// What is not there this long after the last event was written counts as lost.
const GRACE: Duration = Duration::from_secs(2);
/// Connections that log in and begin monitors side by side.
const HANDS: usize = 8;
/// Each session's timer is reset once in this time; it runs for ten seconds.
const RESET_EVERY: Duration = Duration::from_secs(4);
const POLL_MS: i32 = 30_000;
/// Round trips to learn the bare hop.
const HOPS: u32 = 5_000;

/// Which event is which: the n-th concerns device n modulo the number of phones, and each phone's
/// events are in turn a call that comes and the same call gone.
#[derive(Debug, Clone, Copy)]
struct Script {
    phones: usize,
}

impl Script {
    fn event(self, n: usize) -> (usize, u32, Turn) {
        let (round, device) = (n / self.phones, n % self.phones);
        let call = u32::try_from(round / 2 * self.phones + device).unwrap_or(u32::MAX);
        (device, call, if round.is_multiple_of(2) { Turn::Delivered } else { Turn::Cleared })
    }

    /// The inverse; the number of the event.
    fn number(self, call: u32, turn: Turn) -> usize {
        let call = call as usize;
        (call / self.phones * 2 + usize::from(turn == Turn::Cleared)) * self.phones + call % self.phones
    }
}

/// What node and applications share.
pub(super) struct Shared {
    script: Script,
    epoch: Instant,
    /// When each event was written, in ns since the epoch; 0 before, and again once it has come.
    written: Vec<AtomicU64>,
    /// Events before this one are not counted.
    counted_from: usize,
    latencies_us: Mutex<Vec<u32>>,
    /// First events of monitors, which tell that they stand.
    greeted: AtomicUsize,
    /// Replies that no event was waiting for: doubled, of another device, or not understood.
    strange: AtomicUsize,
    /// Bytes of the last reply, to send as many over the bare hop.
    reply_size: AtomicUsize,
    sessions: Mutex<Vec<i64>>,
    over: AtomicBool,
}

impl Shared {
    /// For so many events at so many phones, of which those from `counted_from` count.
    pub(super) fn new(phones: usize, events: usize, counted_from: usize) -> Self {
        Self {
            script: Script { phones },
            epoch: Instant::now(),
            written: (0..events).map(|_| AtomicU64::new(0)).collect(),
            counted_from,
            latencies_us: Mutex::default(),
            greeted: AtomicUsize::new(0),
            strange: AtomicUsize::new(0),
            reply_size: AtomicUsize::new(0),
            sessions: Mutex::default(),
            over: AtomicBool::new(false),
        }
    }

    fn since_epoch(&self, at: Instant) -> u64 {
        u64::try_from((at - self.epoch).as_nanos()).unwrap_or(u64::MAX)
    }

    /// A reply of a poll has come.
    fn arrived(&self, body: &[u8], at: Instant) {
        let Ok(text) = std::str::from_utf8(body) else {
            self.strange.fetch_add(1, Ordering::Relaxed);
            return;
        };
        if text.contains("<cc:type>MONITOR_SET<") {
            self.greeted.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.reply_size.store(body.len(), Ordering::Relaxed);
        let written = event_of(text).and_then(|(object_id, call, turn)| {
            let number = self.script.number(call, turn);
            let (device, ..) = self.script.event(number);
            let written = self.written.get(number)?.swap(0, Ordering::Relaxed);
            (written > 0 && object(device) == Some(object_id)).then_some((number, written))
        });
        match written {
            Some((number, written)) if number >= self.counted_from => {
                let taken = self.since_epoch(at).saturating_sub(written) / 1000;
                let mut latencies = self.latencies_us.lock().unwrap_or_else(PoisonError::into_inner);
                latencies.push(u32::try_from(taken).unwrap_or(u32::MAX));
            }
            Some(_) => {}
            None => drop(self.strange.fetch_add(1, Ordering::Relaxed)),
        }
    }

    fn outstanding(&self) -> usize {
        self.written.iter().filter(|w| w.load(Ordering::Relaxed) > 0).count()
    }

    /// Waits until what was written has come; gives how many events are lost.
    pub(super) fn lost(&self) -> usize {
        let last = Instant::now();
        while self.outstanding() > 0 && last.elapsed() < GRACE {
            std::thread::sleep(Duration::from_millis(10));
        }
        self.outstanding()
    }

    /// What the events that have come took, in µs; empty afterwards.
    pub(super) fn latencies_us(&self) -> Vec<u32> {
        std::mem::take(&mut *self.latencies_us.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A session whose timer is to be reset from now on.
    pub(super) fn keep(&self, session_id: i64) {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).push(session_id);
    }

    /// No poll follows those that are held.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Object, call and kind of a reply's event.
fn event_of(text: &str) -> Option<(i64, u32, Turn)> {
    let behind = |mark: &str| text.find(mark).map(|at| &text[at + mark.len()..]);
    let turn = match behind("<cc:type>")? {
        kind if kind.starts_with("CALL_RECEIVED<") => Turn::Delivered,
        kind if kind.starts_with("CALL_CLEAR<") => Turn::Cleared,
        _ => return None,
    };
    let (object_id, _) = behind("objectId=\"")?.split_once('"')?;
    let (call, _) = behind("CURRENT_GLOBAL_CALL_ID</cc:attributeName><cc:attributeValue>")?.split_once('<')?;
    Some((object_id.parse().ok()?, call.parse().ok()?, turn))
}

/// p50 and p99 against the budgets, and what is needed to judge them.
pub(super) fn measure(plan: &Plan) -> anyhow::Result<Vec<Figure>> {
    enough_files(plan.sessions)?;
    let within = |span: Duration| (f64::from(plan.rate) * span.as_secs_f64()) as usize;
    let events = within(WARM_UP + plan.span);
    let node = ScriptedNode::listen(plan.phones)?;
    let shared = Arc::new(Shared::new(plan.phones, events, within(WARM_UP)));
    let runtime = runtime()?;
    let gateway = runtime.block_on(async {
        let gateway = gateway_with(&[&node], plan).await?;
        watch(gateway.address, plan.sessions, &shared).await?;
        anyhow::Ok(gateway)
    })?;

    let others = Others::start(&[&gateway]);
    let busy = gateway.busy();
    let (carried, _) = told(&node, plan.rate, &shared, 0..events, &AtomicBool::new(false))?;
    let share = others.share(&[&gateway]) * 100.0;
    let each_us = gateway.busy().saturating_sub(busy).as_secs_f64() * 1e6 / events as f64;
    let lost = shared.lost();
    shared.end();
    let resident = gateway.resident()?;
    runtime.shutdown_background();
    drop(gateway);

    let mut hops = bare_hop(plan, shared.reply_size.load(Ordering::Relaxed))?;
    let mut latencies = shared.latencies_us();
    let mut ms = |percent| percentile(&mut latencies, percent) / 1000.0;
    let rate = f64::from(plan.rate);
    Ok(vec![
        Figure::new("event to poll, p50", ms(50.0), "ms").within(Budget::AtMost(1.0)).noted(format!(
            "{} sessions, {} devices; others had {share:.0} % of the processors",
            plan.sessions, plan.phones
        )),
        Figure::new("event to poll, p99", ms(99.0), "ms").within(Budget::AtMost(5.0)),
        Figure::new("event to poll, slowest", ms(100.0), "ms"),
        Figure::new("bare loopback hops, p50", percentile(&mut hops, 50.0) / 1000.0, "ms")
            .noted("as many bytes to another process and back, no gateway"),
        Figure::new("bare loopback hops, p99", percentile(&mut hops, 99.0) / 1000.0, "ms"),
        Figure::new("events carried", carried, "/s")
            .within(Budget::AtLeast((rate * 0.99).floor()))
            .noted(format!("{} asked for", plan.rate)),
        Figure::new("events lost", lost as f64, "").within(Budget::AtMost(0.0)),
        Figure::new("replies not understood", shared.strange.load(Ordering::Relaxed) as f64, "")
            .within(Budget::AtMost(0.0)),
        Figure::new("event, gateway's CPU", each_us, "us each")
            .noted("with its poll, and the resets of the session timers"),
        Figure::new("memory of the gateway meanwhile", resident as f64 / 1048576.0, "MiB"),
    ])
}

/// Each session holds a connection.
pub(super) fn enough_files(sessions: usize) -> anyhow::Result<()> {
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find_map(|l| l.strip_prefix("Max open files")).context("Max open files in /proc")?;
    let files = line.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
    let needed = sessions + 200;
    ensure!(files >= needed, "{files} open files are allowed, {sessions} sessions need {needed}: raise `ulimit -n`");
    Ok(())
}

/// Logs sessions in that share the phones of a node that is alone, and waits until their monitors stand and
/// their polls are held.
pub(super) async fn watch(address: SocketAddr, sessions: usize, shared: &Arc<Shared>) -> anyhow::Result<()> {
    let phones = shared.script.phones;
    tokio::spawn(keep_alive(address, shared.clone()));
    let hands: Vec<_> = (0..HANDS.min(sessions))
        .map(|hand| {
            let mine: Vec<usize> = (hand..sessions).step_by(HANDS).collect();
            let shared = shared.clone();
            tokio::spawn(async move {
                let mut connection = Connection::open(address).await?;
                for session in mine {
                    let session_id = connection.log_in().await?;
                    shared.keep(session_id);
                    tokio::spawn(poll(Connection::open(address).await?, session_id, shared.clone()));
                    for device in (session..phones).step_by(sessions) {
                        monitor(&mut connection, session_id, object(device)).await?;
                    }
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for hand in hands {
        hand.await.map_err(|e| anyhow!("{e}"))??;
    }
    let since = Instant::now();
    while shared.greeted.load(Ordering::Relaxed) < phones {
        ensure!(since.elapsed() < PATIENCE, "not every monitor stood in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Asks for one event after the other.
async fn poll(mut connection: Connection, session_id: i64, shared: Arc<Shared>) {
    let request = post_of(connection.address(), &GetEvent { session_id, timeout: POLL_MS });
    while !shared.over.load(Ordering::Relaxed) {
        match connection.exchange(&request).await {
            Ok(body) => shared.arrived(body, Instant::now()),
            Err(_) => return, // what it would have brought is counted as lost
        }
    }
}

/// Resets every session's timer, spread evenly over the time.
async fn keep_alive(address: SocketAddr, shared: Arc<Shared>) -> anyhow::Result<()> {
    let mut connection = Connection::open(address).await?;
    loop {
        let sessions = shared.sessions.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let pause = RESET_EVERY / u32::try_from(sessions.len().max(1)).unwrap_or(u32::MAX);
        let mut turns = tokio::time::interval(pause.max(Duration::from_millis(1)));
        turns.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for session_id in sessions {
            turns.tick().await;
            connection.call(&ResetSessionTimer { session_id }).await?;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Lets the node tell these events of the script in their time, until all are told or `enough`; gives the
/// rate that was kept, and the first event that was not told. A node that fell behind hurries, so that the
/// rate is steady on the whole.
pub(super) fn told(
    node: &ScriptedNode,
    rate: u32,
    shared: &Shared,
    events: Range<usize>,
    enough: &AtomicBool,
) -> anyhow::Result<(f64, usize)> {
    let period = Duration::from_secs(1) / rate;
    let (began, from) = (Instant::now(), events.start);
    let mut told = 0;
    for (n, written) in shared.written.iter().enumerate().take(events.end).skip(from) {
        if enough.load(Ordering::Relaxed) {
            break;
        }
        let due = began + period * told;
        let early = due.saturating_duration_since(Instant::now());
        if !early.is_zero() {
            std::thread::sleep(early);
        }
        let (device, call, turn) = shared.script.event(n);
        node.tell(device, call, turn, |at| written.store(shared.since_epoch(at), Ordering::Relaxed))
            .context("the gateway left the node")?;
        told += 1;
    }
    Ok((f64::from(told) / began.elapsed().as_secs_f64(), from + told as usize))
}

/// Round trips in µs: an event's bytes to another process, a reply's bytes back, at the events' pace.
fn bare_hop(plan: &Plan, reply_size: usize) -> anyhow::Result<Vec<u32>> {
    let (asked, answered) = (event_size(), reply_size.max(1));
    let echo = Process::start(Part::Echo, &[], &plan.log)?;
    let mut stream = TcpStream::connect(echo.address)?;
    stream.set_nodelay(true)?;
    let mut head = u32::try_from(asked)?.to_be_bytes().to_vec();
    head.extend(u32::try_from(answered)?.to_be_bytes());
    stream.write_all(&head)?;
    let (event, mut reply) = (vec![b'x'; asked], vec![0; answered]);
    let began = Instant::now();
    let mut taken_us = Vec::new();
    for n in 0..HOPS {
        let due = began + Duration::from_secs(1) / plan.rate * n;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let sent = Instant::now();
        stream.write_all(&event)?;
        stream.read_exact(&mut reply)?;
        taken_us.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    Ok(taken_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_found_again_by_its_call() {
        let script = Script { phones: 3 };
        for n in 0..24 {
            let (device, call, turn) = script.event(n);
            assert_eq!((script.number(call, turn), device), (n, n % 3));
        }
    }
}
