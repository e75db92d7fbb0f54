//! Scripted nodes, those of the actors' own tests, behind real sockets: for what no simulated node does.

#[allow(dead_code)] // the actors' tests use all of it
#[path = "../../actors/tests/lives/switch.rs"]
mod switch;

use std::net::IpAddr;

use tokio::net::TcpListener;

pub use self::switch::{Fate, Script, Switch};
use super::cluster::own_address;

/// A scripted node's number, address, port and style, as a gateway is told of it.
pub type At = (u16, IpAddr, u16, &'static str);

/// Lets gateways in, one after the other.
pub async fn listen(ceid: u16, switch: &Switch) -> At {
    let address = own_address();
    let listener = TcpListener::bind((address, 0)).await.expect("a port of this machine");
    let port = listener.local_addr().expect("bound").port();
    let switch = switch.clone();
    actix_web::rt::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            switch.connected(stream);
        }
    });
    (ceid, address, port, "server-first")
}
