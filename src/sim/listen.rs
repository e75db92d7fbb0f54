//! temp
use std::io;
use std::net::SocketAddr;
use schemas::domain::Ceid;
use super::plan::Plan;
#[derive(Debug, Clone, Copy)]
pub struct Addresses { pub csta: SocketAddr, pub hands: SocketAddr, pub peers: SocketAddr }
pub struct RunningNode { a: Addresses, c: Ceid }
impl RunningNode {
    pub fn addresses(&self) -> Addresses { self.a }
    pub fn ceid(&self) -> Ceid { self.c }
    pub async fn stop(self) {}
}
pub async fn run(plan: Plan, a: Addresses, _peers: Vec<(Ceid, SocketAddr)>) -> io::Result<RunningNode> { Ok(RunningNode { a, c: plan.ceid }) }
