//! Requests in a row: the server with a fixed reply, and beside it a SOAP command that passes
//! guard, session and device and is refused there.
//!
//! All are measured in turns (with gSOAP's empty command, where it was built), so that what else
//! happens on the machine meets all alike.

use std::net::SocketAddr;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use actors::refusal::Refused;
use anyhow::{Context as _, anyhow, ensure};
use schemas::contract::ops_call_control_standard::ClearCall;
use schemas::contract::ops_session::ResetSessionTimer;
use schemas::soap::{self, Envelope};

use super::node::{ScriptedNode, object};
use super::parts::{Others, Part, Process, cores};
use super::report::{Budget, Figure, median, percentile};
use super::wire::{Connection, post};
use super::{Plan, gateway_with, monitor, runtime};

/// Turns of each of the two.
const ROUNDS: u32 = 3;
/// Sessions that the commands are spread over.
const SESSIONS: usize = 8;
/// At the head of a turn, not counted.
const WARM_UP: Duration = Duration::from_millis(300);
/// Device lookups are for calls; this leg never was.
const UNKNOWN_LEG: i64 = 999_999_999;

/// A command as a client of the .NET 2.0 generation writes it, about 440 bytes.
fn envelope(session: i64, object: i64) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\
         <soap:Body><clearCall xmlns=\"http://mitel.com/oig/cc/standard/StandardCCService\">\
         <sessionId>{session}</sessionId><objectId>{object}</objectId><localCallId>{UNKNOWN_LEG}</localCallId>\
         </clearCall></soap:Body></soap:Envelope>"
    )
}

/// What one turn gave.
struct Turn {
    rate: f64,
    /// Processor time of the server for one request, in µs.
    server_us: f64,
    latencies_us: Vec<u32>,
}

/// Static reply, and with `commands` the commands beside it.
pub(super) fn measure(plan: &Plan, commands: bool) -> anyhow::Result<Vec<Figure>> {
    let fixed = Process::start(Part::Static, &[], &plan.log)?;
    let fixed_body = envelope(1 << 52, object(0).context("a device")?);
    let size = fixed_body.len();
    let fixed_request = vec![post(fixed.address, "/", "clearCall", &fixed_body)];
    let gateway = if commands { Some(Commands::prepare(plan)?) } else { None };
    let yardstick = plan.gsoap.as_deref().map(Process::foreign).transpose()?;
    let yardstick_requests = yardstick.as_ref().map(|y| vec![post(y.address, "/", "clearCall", &fixed_body)]);
    let processes: Vec<&Process> =
        [Some(&fixed), gateway.as_ref().map(|g| &g.process), yardstick.as_ref()].into_iter().flatten().collect();
    let others = Others::start(&processes);

    let turn = plan.span / ROUNDS;
    let (mut fixed_turns, mut command_turns, mut yardstick_turns) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        if let (Some(yardstick), Some(requests)) = (&yardstick, &yardstick_requests) {
            yardstick_turns.push(drive(yardstick, requests, plan.connections, turn)?);
        }
        fixed_turns.push(drive(&fixed, &fixed_request, plan.connections, turn)?);
        if let Some(gateway) = &gateway {
            gateway.keep_alive()?;
            command_turns.push(drive(&gateway.process, &gateway.requests, plan.connections, turn)?);
        }
    }
    let share = others.share(&processes) * 100.0;
    let note = format!("{size}-byte body, {} connections; others had {share:.0} % of the processors", plan.connections);
    let mut figures = figures(
        ["static reply", "static reply, p50", "static reply, p99", "static reply, server's CPU"],
        &mut fixed_turns,
    );
    figures[0].note = note.clone();
    let by_yardstick =
        |turns: &[Turn]| median(turns.iter().zip(&yardstick_turns).map(|(t, y)| t.rate / y.rate).collect());
    let aim = (!yardstick_turns.is_empty() && !command_turns.is_empty()).then(|| {
        Figure::new("SOAP command by gSOAP", by_yardstick(&command_turns), "")
            .noted(format!("an aim, no budget; median of {ROUNDS} turns each"))
    });
    if !yardstick_turns.is_empty() {
        figures.append(&mut self::figures(
            ["gSOAP", "gSOAP, p50", "gSOAP, p99", "gSOAP, server's CPU"],
            &mut yardstick_turns,
        ));
    }
    if !command_turns.is_empty() {
        let ratio = median(fixed_turns.iter().zip(&command_turns).map(|(f, c)| c.rate / f.rate).collect());
        let mut rows = self::figures(
            ["SOAP command", "SOAP command, p50", "SOAP command, p99", "SOAP command, gateway's CPU"],
            &mut command_turns,
        );
        rows[0].note = format!("clearCall to session and device and back; {SESSIONS} sessions");
        figures.append(&mut rows);
        figures.push(
            Figure::new("SOAP command by static reply", ratio, "")
                .within(Budget::AtLeast(0.55))
                .noted(format!("median of {ROUNDS} turns each")),
        );
    }
    figures.extend(aim);
    Ok(figures)
}

fn figures(names: [&'static str; 4], turns: &mut [Turn]) -> Vec<Figure> {
    let mut latencies: Vec<u32> = turns.iter_mut().flat_map(|t| std::mem::take(&mut t.latencies_us)).collect();
    let ms = |percent, latencies: &mut [u32]| percentile(latencies, percent) / 1000.0;
    vec![
        Figure::new(names[0], median(turns.iter().map(|t| t.rate).collect()), "/s"),
        Figure::new(names[1], ms(50.0, &mut latencies), "ms"),
        Figure::new(names[2], ms(99.0, &mut latencies), "ms"),
        Figure::new(names[3], median(turns.iter().map(|t| t.server_us).collect()), "us each"),
    ]
}

/// A gateway with sessions that monitor a device each.
struct Commands {
    process: Process,
    requests: Vec<Vec<u8>>,
    sessions: Vec<i64>,
    _node: ScriptedNode,
}

impl Commands {
    fn prepare(plan: &Plan) -> anyhow::Result<Self> {
        let node = ScriptedNode::listen(SESSIONS)?;
        runtime()?.block_on(async {
            let process = gateway_with(&[&node], plan).await?;
            let mut connection = Connection::open(process.address).await?;
            let (mut requests, mut sessions) = (Vec::new(), Vec::new());
            for device in 0..SESSIONS {
                let session_id = connection.log_in().await?;
                monitor(&mut connection, session_id, object(device)).await?;
                let body = envelope(session_id, object(device).context("a device")?);
                requests.push(post(process.address, "/mitel/oig/cc/StandardCCService", "clearCall", &body));
                sessions.push(session_id);
            }
            for request in &requests {
                refused_by_the_device(connection.exchange(request).await?)?;
            }
            Ok(Self { process, requests, sessions, _node: node })
        })
    }

    fn keep_alive(&self) -> anyhow::Result<()> {
        runtime()?.block_on(async {
            let mut connection = Connection::open(self.process.address).await?;
            for session_id in &self.sessions {
                let reply = connection.call(&ResetSessionTimer { session_id: *session_id }).await?;
                ensure!(reply.result, "a session ended during the measurement");
            }
            Ok(())
        })
    }
}

/// Only a device knows that it has no such leg: whoever says so was all the way there.
fn refused_by_the_device(body: &[u8]) -> anyhow::Result<()> {
    let envelope = Envelope::parse(body).map_err(|e| anyhow!("clearCall: {e}"))?;
    let reply = soap::read_reply::<ClearCall>(&envelope).map_err(|e| anyhow!("clearCall: {e}"))?;
    ensure!(
        !reply.result && reply.error_description == Some(Refused::NoCall.to_string()),
        "clearCall was answered with something else: {reply:?}"
    );
    Ok(())
}

/// Sends the requests over so many connections for so long, from as many threads as there are
/// cores. Every reply is compared with the first of its connection.
fn drive(server: &Process, requests: &[Vec<u8>], connections: usize, span: Duration) -> anyhow::Result<Turn> {
    let threads = cores().min(connections).max(1);
    let together = Arc::new(Barrier::new(threads));
    let (busy, began) = (server.busy(), Instant::now());
    let results: Vec<anyhow::Result<(Vec<u32>, u64)>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| {
                let together = together.clone();
                let mine: Vec<&[u8]> =
                    (thread..connections).step_by(threads).map(|c| &*requests[c % requests.len()]).collect();
                scope.spawn(move || one_thread(server.address, &mine, span, &together))
            })
            .collect();
        running
            .into_iter()
            .map(|r| r.join().unwrap_or_else(|_| Err(anyhow!("a thread of the load panicked"))))
            .collect()
    });
    let (mut latencies_us, mut all) = (Vec::new(), 0);
    for result in results {
        let (latencies, count) = result?;
        latencies_us.extend(latencies);
        all += count;
    }
    ensure!(!latencies_us.is_empty(), "no request was answered within {began:?} and {span:?}");
    let rate = latencies_us.len() as f64 / span.as_secs_f64();
    let server_us = server.busy().saturating_sub(busy).as_secs_f64() * 1e6 / all as f64;
    Ok(Turn { rate, server_us, latencies_us })
}

/// Latencies in µs of what was answered within the span, and how many were answered at all.
fn one_thread(
    address: SocketAddr,
    requests: &[&[u8]],
    span: Duration,
    together: &Barrier,
) -> anyhow::Result<(Vec<u32>, u64)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let opened = futures_util::future::try_join_all(requests.iter().map(|_| Connection::open(address))).await;
        // Connected first, then all at once; whoever could not must not keep the others waiting.
        together.wait();
        let from = Instant::now() + WARM_UP;
        let until = from + span;
        let running: Vec<_> = opened?
            .into_iter()
            .zip(requests)
            .map(|(connection, request)| tokio::spawn(one_connection(connection, request.to_vec(), from, until)))
            .collect();
        let mut latencies = Vec::new();
        let mut count = 0;
        for task in running {
            let (more, answered) = task.await??;
            latencies.extend(more);
            count += answered;
        }
        Ok((latencies, count))
    })
}

async fn one_connection(
    mut connection: Connection,
    request: Vec<u8>,
    from: Instant,
    until: Instant,
) -> anyhow::Result<(Vec<u32>, u64)> {
    let first = connection.exchange(&request).await?.to_vec();
    let (mut latencies, mut count) = (Vec::with_capacity(1 << 14), 0);
    let mut sent = Instant::now();
    while sent < until {
        let reply = connection.exchange(&request).await?;
        ensure!(reply == first, "a reply differs from the first");
        let now = Instant::now();
        count += 1;
        if sent >= from && now <= until {
            latencies.push(u32::try_from((now - sent).as_micros()).unwrap_or(u32::MAX));
        }
        sent = now;
    }
    Ok((latencies, count))
}
