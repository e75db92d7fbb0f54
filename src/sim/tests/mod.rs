//! Tests of the whole node over in-memory streams with the real codec, and over real sockets.

mod calls;
mod faults;
mod features;
mod forms;
mod gateway;
mod gateways;
mod joins;
mod partners;
mod records;
mod sockets;
mod waiting;

use std::sync::Arc;

use schemas::csta::message::{CallEventKind, Failure, Request, Response};
use schemas::domain::{Ceid, DeviceRef, LocalState};
use tokio::time::Instant;

use super::core::{Deed, Hand, HandRefusal};
use super::node::{Env, SimNode, SimNodeHandle};
use super::plan::{Plan, Style};
use super::switch::Line;
use gateway::Gateway;

pub(super) const EPOCH: i64 = 1_700_000_000_000;

/// A clock that goes with tokio's, paused or not.
pub(super) fn env() -> Env {
    let start = Instant::now();
    Env { clock: Arc::new(move || EPOCH + i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX)) }
}

pub(super) fn plan(node: u16) -> Plan {
    Plan::lab(Ceid::new(node).expect("a CEID"))
}

pub(super) fn node(number: u16) -> SimNodeHandle {
    SimNode::spawn(plan(number), env())
}

pub(super) fn line(text: &str) -> Line {
    let (dn, button) = text.split_once('/').unwrap_or((text, "1"));
    Line { dn: dn.parse().expect("a DN"), button: button.parse().expect("a button") }
}

pub(super) fn device(text: &str) -> DeviceRef {
    line(text).device()
}

pub(super) async fn hand(node: &SimNodeHandle, at: &str, deed: Deed) -> Result<u64, HandRefusal> {
    node.hand(Hand { line: line(at), deed }).await
}

/// States of the legs at a phone, as truth spells them.
pub(super) async fn states(node: &SimNodeHandle, dn: &str) -> Vec<String> {
    let phone = node.phone(line(dn).dn).await.expect("alive").expect("a phone");
    phone.legs.iter().map(|l| format!("{:?}", l.state)).collect()
}
