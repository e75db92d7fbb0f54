//! A scripted CSTA node: as much of one as the gateway needs to monitor devices, and events when
//! it is told to send them.
//!
//! Blocking sockets on threads of its own, so that its pace is not that of a runtime. No switch is
//! simulated: a device has at most one call, the one that was last told of it. It goes away and
//! comes back when it is told to.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use schemas::csta::frame::{self, Framing};
use schemas::csta::message::{
    CallConnection, CallEvent, CallEventKind, ConnectionId, DeviceCategory, DeviceConnection, Edition, Event,
    EventBody, Failure, GroupCall, ListedDevice, Message, Request, Response, SystemStatus,
};
use schemas::csta::{read, write};
use schemas::domain::{Cause, Ceid, DeviceRef, Dn, Feature, Features, LocalState, ObjectId, Party};

/// The number of a node that is alone; `lab_settings` numbers from 1.
const ALONE: u16 = 1;
/// Devices of the first node are numbered from here on, all with seven digits.
const FIRST_DN: usize = 1_000_000;
/// So many numbers further those of the next begin.
const BY_NODE: usize = 10_000;
/// Devices in one segment of the directory: well below the longest frame.
const SEGMENT: usize = 100;
/// How far the threads of other nodes give way, as `nice` counts.
const GIVES_WAY: i32 = 10;
/// Who calls.
const CALLER: &str = "0301234567";
const DIRECTORY: &str = "directory";

/// A call of one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It rings.
    Delivered,
    /// It is over.
    Cleared,
}

/// A listening node; its threads end with the gateway's connection and the process.
pub(super) struct ScriptedNode {
    pub address: SocketAddr,
    line: Arc<Mutex<Line>>,
}

/// Socket and state under one lock, so that a snapshot and an event never contradict each other.
struct Line {
    /// The number of its first device.
    first: usize,
    /// Whether it takes connections; else it closes them at once.
    up: bool,
    stream: Option<TcpStream>,
    /// Snapshots of devices that it gave since it last went away: the last step of a restored monitor.
    looked_at: usize,
    /// The call at each device.
    calls: Vec<Option<u32>>,
}

fn lock(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of a node's first device.
fn first(ceid: u16) -> usize {
    FIRST_DN + BY_NODE * usize::from(ceid - ALONE)
}

/// The object that the gateway makes of a device of a node that is alone; `None` beyond seven digits.
pub(super) fn object(device: usize) -> Option<i64> {
    object_at(ALONE, device)
}

/// The same of a device of any node.
pub(super) fn object_at(ceid: u16, device: usize) -> Option<i64> {
    let dn: Dn = (first(ceid) + device).to_string().parse().ok()?;
    Some(ObjectId::line(Ceid::new(ceid).ok()?, dn).as_long())
}

/// A call's name in the cluster: eight characters, as nodes have it.
pub(super) fn global_call_id(call: u32) -> String {
    format!("{call:08}")
}

impl ScriptedNode {
    /// Listens on a free port.
    ///
    /// # Errors
    /// When no port is free.
    pub(super) fn listen(devices: usize) -> io::Result<Self> {
        Self::listen_as(ALONE, devices)
    }

    /// Listens on a free port of an address of its own, as the `ceid`-th node of the settings.
    ///
    /// # Errors
    /// When no port is free.
    pub(super) fn listen_as(ceid: u16, devices: usize) -> io::Result<Self> {
        let [high, low] = ceid.to_be_bytes();
        let listener = TcpListener::bind((Ipv4Addr::new(127, 1, high, low), 0))?;
        let address = listener.local_addr()?;
        let line = Line { first: first(ceid), up: true, stream: None, looked_at: 0, calls: vec![None; devices] };
        let line = Arc::new(Mutex::new(line));
        let served = line.clone();
        std::thread::Builder::new().name("node".into()).spawn(move || {
            // Of a cluster all but the first: they would be other machines, and what is measured is the gateway and the
            // node that stays. A machine that refuses measures as if it had not been asked.
            if ceid != ALONE {
                let _ = rustix::process::nice(GIVES_WAY);
            }
            for stream in listener.incoming().flatten() {
                // A connection that ends is followed by the next, as at a real node.
                if lock(&served).up {
                    let _ = serve(stream, &served);
                }
            }
        })?;
        Ok(Self { address, line })
    }

    /// Ends the connection and closes those that follow, until [`Self::come_back`].
    pub(super) fn go_away(&self) {
        let mut line = lock(&self.line);
        line.up = false;
        line.looked_at = 0;
        if let Some(stream) = line.stream.take() {
            // It fails when the gateway was faster, which is as good.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(super) fn come_back(&self) {
        lock(&self.line).up = true;
    }

    /// Devices that the gateway looked at since the node last went away.
    pub(super) fn looked_at(&self) -> usize {
        lock(&self.line).looked_at
    }

    /// Tells one event; `stamp` is called with the time at which its bytes go to the socket.
    ///
    /// # Errors
    /// When the gateway is not connected.
    pub(super) fn tell(&self, device: usize, call: u32, turn: Turn, stamp: impl FnOnce(Instant)) -> io::Result<()> {
        let bytes = encoded(frame::EVENT, &event(FIRST_DN + device, call, turn));
        let mut line = lock(&self.line);
        if let Some(now) = line.calls.get_mut(device) {
            *now = (turn == Turn::Delivered).then_some(call);
        }
        let stream = line.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        stamp(Instant::now());
        stream.write_all(&bytes)
    }
}

/// Bytes of an event on the wire.
pub(super) fn event_size() -> usize {
    encoded(frame::EVENT, &event(FIRST_DN, 0, Turn::Delivered)).len()
}

fn serve(mut stream: TcpStream, line: &Mutex<Line>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    {
        let mut line = lock(line);
        if !line.up {
            return Ok(()); // it went away between the connection and now
        }
        line.stream = Some(stream.try_clone()?);
    }
    let status = Message::Request(Request::SystemStatus { status: SystemStatus::Enabled });
    stream.write_all(&encoded(frame::FIRST_REQUEST, &status))?;
    let mut framing = Framing::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let n = stream.read(&mut buffer)?;
        if n == 0 {
            lock(line).stream = None;
            return Ok(());
        }
        framing.push(&buffer[..n]);
        let mut line = lock(line);
        let mut answers = Vec::new();
        while let Some(frame) = framing.next().map_err(io::Error::other)? {
            let (message, _) = read::parse(&frame.xml).map_err(io::Error::other)?;
            if let Message::Request(request) = message {
                answer(frame.invoke, request, &mut line, &mut answers);
            }
        }
        if let Some(stream) = &mut line.stream {
            stream.write_all(&answers)?;
        }
    }
}

fn encoded(invoke: u16, message: &Message) -> Vec<u8> {
    let xml = write::write(message, Edition::Ed5);
    let mut bytes = Vec::with_capacity(xml.len() + frame::HEADER);
    frame::encode(invoke, xml.as_bytes(), &mut bytes).expect("what the bench says is shorter than a frame");
    bytes
}

fn answer(invoke: u16, request: Request, line: &mut Line, out: &mut Vec<u8>) {
    let (first, devices) = (line.first, line.calls.len());
    let device_of = |d: &DeviceRef| d.number.parse::<usize>().ok()?.checked_sub(first).filter(|i| *i < devices);
    let message = match request {
        Request::SystemStatus { .. } => Message::Response(Response::SystemStatus),
        Request::SystemRegister => Message::Response(Response::SystemRegister { register: "1".into() }),
        Request::GetSwitchingFunctionDevices => {
            let response = Response::GetSwitchingFunctionDevices { cross_ref: DIRECTORY.into() };
            out.extend(encoded(invoke, &Message::Response(response)));
            return directory(first, devices, out);
        }
        // The number is the cross reference: nothing to remember.
        Request::MonitorStart { device } if device_of(&device).is_some() => {
            Message::Response(Response::MonitorStart { cross_ref: device.number })
        }
        Request::MonitorStop { .. } => Message::Response(Response::MonitorStop),
        Request::SnapshotDevice { device } => {
            line.looked_at += 1;
            let call = device_of(&device).and_then(|d| line.calls[d].map(|call| leg(first + d, call)));
            Message::Response(Response::SnapshotDevice { connections: call.into_iter().collect(), in_service: None })
        }
        Request::SnapshotCall { connection } => snapshot_call(connection),
        _ => Message::Failure(Failure::operation("serviceNotSupported")),
    };
    out.extend(encoded(invoke, &message));
}

fn directory(first: usize, devices: usize, out: &mut Vec<u8>) {
    let numbers: Vec<usize> = (first..first + devices).collect();
    let segments = devices.div_ceil(SEGMENT);
    for (i, segment) in numbers.chunks(SEGMENT).enumerate() {
        let devices =
            segment.iter().map(|d| ListedDevice { device: phone(*d), category: DeviceCategory::Station }).collect();
        let message = Request::SwitchingFunctionDevices {
            cross_ref: DIRECTORY.into(),
            segment: u32::try_from(i + 1).ok(),
            last: i + 1 == segments,
            devices,
        };
        out.extend(encoded(frame::EVENT, &Message::Request(message)));
    }
}

/// A device with its name.
fn phone(number: usize) -> DeviceRef {
    DeviceRef { name: Some(format!("Phone {number}")), ..DeviceRef::number(number.to_string()) }
}

/// A device's side of its call.
fn connection(number: usize, call: u32) -> ConnectionId {
    ConnectionId { call: Some(call.to_string()), device: Some(DeviceRef::number(number.to_string())) }
}

fn leg(number: usize, call: u32) -> DeviceConnection {
    DeviceConnection {
        connection: connection(number, call),
        endpoint: caller(),
        states: vec![LocalState::Alerting, LocalState::Connected],
        permitted: Some(PERMITTED),
        global_call_id: Some(global_call_id(call)),
    }
}

fn snapshot_call(connection: ConnectionId) -> Message {
    let called = connection.device.clone().map_or(Party::NotKnown, Party::Known);
    let line = CallConnection { device: called.clone(), connection, state: Some(LocalState::Alerting) };
    Message::Response(Response::SnapshotCall { calling: caller(), called, global_call_id: None, devices: vec![line] })
}

fn caller() -> Party {
    Party::Known(DeviceRef { name: Some("Zoë Müller".into()), ..DeviceRef::number(CALLER) })
}

const PERMITTED: Features = Features::of(&[Feature::AnswerCall, Feature::RedirectCall, Feature::ClearCall]);

fn event(number: usize, call: u32, turn: Turn) -> Message {
    let own = Party::Known(phone(number));
    let (kind, local, cause) = match turn {
        Turn::Delivered => (CallEventKind::Delivered, LocalState::Alerting, Cause::NewCall),
        Turn::Cleared => (CallEventKind::ConnectionCleared, LocalState::Null, Cause::NormalClearing),
    };
    let body = CallEvent {
        kind,
        connection: connection(number, call),
        subject: own.clone(),
        calling: caller(),
        called: own,
        last_redirection: Party::NotKnown,
        new_destination: Party::NotKnown,
        network: Party::NotKnown,
        local: Some(local),
        cause,
        permitted: Some(PERMITTED),
        global_call_id: Some(global_call_id(call)),
        groups: GroupCall::default(),
    };
    Message::Event(Event { cross_ref: number.to_string(), body: EventBody::Call(body) })
}
