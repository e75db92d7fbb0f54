//! Scripted nodes: each answers the services that the gateway uses, over an in-memory stream, and
//! has levers for what may go wrong.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use actors::wire::{Connect, Wire};
use futures_util::future::BoxFuture;
use schemas::csta::frame::{self, Framing};
use schemas::csta::message::{
    CallEvent, CallEventKind, ConnectionId, DeviceCategory, DeviceConnection, Edition, Event, EventBody, Failure,
    FeatureChange, FeatureRequest, FeatureResponse, ListedDevice, Message, Request, Response, SystemStatus,
};
use schemas::csta::{read, write};
use schemas::domain::{Cause, DeviceRef, LocalState, Party};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufStream, DuplexStream};
use tokio::sync::mpsc;

#[derive(Default)]
pub struct Inside {
    /// Connections are refused.
    pub refuses: bool,
    /// Reads everything and says nothing.
    pub muted: bool,
    /// MonitorStart is answered with this.
    pub refuses_monitors: Option<Failure>,
    /// Waits for a request, instead of speaking first.
    pub waits: bool,
    /// Has none of the services that a node may lack.
    pub poor: bool,
    /// So many directories end without their last segment.
    pub torn_directories: usize,
    /// HoldCall is never answered.
    pub forgets_commands: bool,
    pub connections: usize,
    /// DN by cross reference.
    pub monitors: BTreeMap<String, String>,
    /// Calls by DN, with the states of both ends.
    pub calls: BTreeMap<String, Vec<(String, LocalState, LocalState)>>,
    /// DNs that do not want to be disturbed; other features it does not have.
    pub dnd: BTreeSet<String>,
    /// Requests that came, by their name.
    pub asked: Vec<Request>,
    next_cross_ref: u32,
    out: Option<mpsc::UnboundedSender<Vec<u8>>>,
}

#[derive(Clone, Default)]
pub struct Switch(Arc<Mutex<Inside>>);

impl Switch {
    pub fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().expect("no test panics while it holds the lock")
    }

    /// Sends bytes as they are.
    pub fn raw(&self, bytes: Vec<u8>) {
        if let Some(out) = &self.inside().out {
            out.send(bytes).ok();
        }
    }

    /// Closes the socket.
    pub fn close(&self) {
        let mut inside = self.inside();
        inside.out = None;
        inside.monitors.clear();
    }

    /// How many monitors of that number there are.
    pub fn monitors_of(&self, dn: &str) -> usize {
        self.inside().monitors.values().filter(|d| *d == dn).count()
    }

    /// Tells every monitor of `dn` that it rings.
    pub fn ring(&self, dn: &str, call: &str) {
        let connection = ConnectionId { call: Some(call.into()), device: Some(DeviceRef::number(dn)) };
        let event = CallEvent {
            kind: CallEventKind::Delivered,
            connection,
            subject: Party::Known(DeviceRef::number(dn)),
            calling: Party::Known(DeviceRef::number("9000")),
            called: Party::Known(DeviceRef::number(dn)),
            last_redirection: Party::NotKnown,
            new_destination: Party::NotKnown,
            local: Some(LocalState::Alerting),
            cause: Cause::NewCall,
            permitted: None,
            global_call_id: None,
        };
        let inside = self.inside();
        for (cross_ref, _) in inside.monitors.iter().filter(|(_, d)| *d == dn) {
            let body = EventBody::Call(event.clone());
            let bytes = framed(9999, &Message::Event(Event { cross_ref: cross_ref.clone(), body }));
            if let Some(out) = &inside.out {
                out.send(bytes).ok();
            }
        }
    }

    /// Sets do not disturb, and tells every monitor of `dn`.
    pub fn set_dnd(&self, dn: &str, on: bool) {
        let mut inside = self.inside();
        if on {
            inside.dnd.insert(dn.to_owned());
        } else {
            inside.dnd.remove(dn);
        }
        for (cross_ref, _) in inside.monitors.iter().filter(|(_, d)| *d == dn) {
            let device = Party::Known(DeviceRef::number(dn));
            let body = EventBody::Feature { device, change: FeatureChange::DoNotDisturb(on) };
            let bytes = framed(9999, &Message::Event(Event { cross_ref: cross_ref.clone(), body }));
            if let Some(out) = &inside.out {
                out.send(bytes).ok();
            }
        }
    }

    fn answer(&self, request: Request) -> Vec<Message> {
        let mut inside = self.inside();
        inside.asked.push(request.clone());
        let response = match request {
            Request::SystemStatus { .. } | Request::SystemRegister | Request::GetSwitchingFunctionDevices
                if inside.poor =>
            {
                return vec![Message::Failure(Failure::operation("serviceNotSupported"))];
            }
            Request::SystemStatus { .. } => Response::SystemStatus,
            Request::SystemRegister => Response::SystemRegister { register: "r".into() },
            Request::GetSwitchingFunctionDevices => {
                let devices = ["1000", "1001", "1002"].map(|dn| ListedDevice {
                    device: DeviceRef { name: Some(format!("Name {dn}")), ..DeviceRef::number(dn) },
                    category: DeviceCategory::Station,
                });
                let request = Request::SwitchingFunctionDevices {
                    cross_ref: "d".into(),
                    segment: Some(1),
                    last: inside.torn_directories == 0,
                    devices: devices.into(),
                };
                inside.torn_directories = inside.torn_directories.saturating_sub(1);
                let response = Response::GetSwitchingFunctionDevices { cross_ref: "d".into() };
                return vec![Message::Response(response), Message::Request(request)];
            }
            Request::MonitorStart { device } => {
                if let Some(failure) = &inside.refuses_monitors {
                    return vec![Message::Failure(failure.clone())];
                }
                inside.next_cross_ref += 1;
                let cross_ref = format!("m{}", inside.next_cross_ref);
                inside.monitors.insert(cross_ref.clone(), device.number);
                Response::MonitorStart { cross_ref }
            }
            Request::MonitorStop { cross_ref } => {
                inside.monitors.remove(&cross_ref);
                Response::MonitorStop
            }
            Request::SnapshotDevice { device } => {
                let calls = inside.calls.get(&device.number).cloned().unwrap_or_default();
                let connections = calls
                    .into_iter()
                    .map(|(call, own, far)| DeviceConnection {
                        connection: ConnectionId { call: Some(call), device: Some(device.clone()) },
                        endpoint: Party::NotKnown,
                        states: vec![own, far],
                        permitted: None,
                        global_call_id: None,
                    })
                    .collect();
                Response::SnapshotDevice { connections }
            }
            Request::SnapshotCall { .. } => Response::SnapshotCall {
                calling: Party::Known(DeviceRef::number("9000")),
                called: Party::NotKnown,
                global_call_id: None,
                devices: Vec::new(),
            },
            Request::Feature(FeatureRequest::GetDoNotDisturb { device }) if !inside.poor => {
                Response::Feature(FeatureResponse::GetDoNotDisturb { on: inside.dnd.contains(&device.number) })
            }
            Request::HoldCall { .. } if inside.forgets_commands => return Vec::new(),
            Request::HoldCall { .. } => Response::HoldCall,
            _ => return vec![Message::Failure(Failure::operation("serviceNotSupported"))],
        };
        vec![Message::Response(response)]
    }
}

pub fn framed(invoke: u16, message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame::encode(invoke, write::write(message, Edition::Ed5).as_bytes(), &mut bytes).expect("a short message");
    bytes
}

async fn serve(mut stream: DuplexStream, switch: Switch, mut out: mpsc::UnboundedReceiver<Vec<u8>>) {
    let mut framing = Framing::default();
    let mut buffer = vec![0; 4096];
    loop {
        tokio::select! {
            bytes = out.recv() => {
                let Some(bytes) = bytes else { return };
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            n = stream.read(&mut buffer) => {
                let n = n.unwrap_or(0);
                if n == 0 {
                    return;
                }
                framing.push(&buffer[..n]);
                while let Some(frame) = framing.next().expect("the gateway frames well") {
                    let (message, _) = read::parse(&frame.xml).expect("the gateway writes well");
                    let Message::Request(request) = message else { continue };
                    if switch.inside().muted {
                        continue;
                    }
                    for answer in switch.answer(request) {
                        if stream.write_all(&framed(frame.invoke, &answer)).await.is_err() {
                            return;
                        }
                    }
                }
            }
        }
    }
}

/// The network: nodes by address.
#[derive(Clone, Default)]
pub struct Net(pub HashMap<SocketAddr, Switch>);

impl Connect for Net {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<Wire>> {
        let switch = self.0.get(&to).cloned();
        Box::pin(async move {
            let switch = switch.ok_or(io::ErrorKind::HostUnreachable)?;
            if switch.inside().refuses {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let (ours, theirs) = tokio::io::duplex(64 * 1024);
            let (send, out) = mpsc::unbounded_channel();
            let enabled = Message::Request(Request::SystemStatus { status: SystemStatus::Enabled });
            if !switch.inside().waits {
                send.send(framed(1, &enabled)).ok();
            }
            {
                let mut inside = switch.inside();
                inside.connections += 1;
                inside.monitors.clear();
                inside.out = Some(send);
            }
            tokio::spawn(serve(theirs, switch, out));
            // As a wire that encrypts, it keeps what is not flushed.
            Ok(Box::new(BufStream::new(ours)) as Wire)
        })
    }
}
