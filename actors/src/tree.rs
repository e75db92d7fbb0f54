//! Starts the whole tree of actors; it alone knows every one of them.

use std::sync::Arc;

use actix::{Actor, Addr};

use crate::arbiters::Arbiters;
use crate::device_supervisor::DeviceSupervisor;
use crate::env::Env;
use crate::node_supervisor::{NodeSupervisor, Stop};
use crate::session_supervisor::{SessionSupervisor, SessionTable};
use crate::wire::Connect;

/// The running tree, as the outer layers reach it.
#[derive(Clone)]
pub struct Tree {
    pub env: Env,
    pub sessions: Arc<SessionTable>,
    pub session_supervisor: Addr<SessionSupervisor>,
    pub device_supervisor: Addr<DeviceSupervisor>,
    node_supervisor: Addr<NodeSupervisor>,
}

impl Tree {
    /// Starts supervisors and, through them, a life for every configured node.
    #[must_use]
    pub fn start(env: Env, arbiters: &Arbiters, connect: Arc<dyn Connect>, session_limit: usize) -> Self {
        let sessions = Arc::new(SessionTable::default());
        let device_supervisor = {
            let (env, arbiters) = (env.clone(), arbiters.clone());
            DeviceSupervisor::start_in_arbiter(&arbiters.clone().first().clone(), move |_| {
                DeviceSupervisor::new(env, arbiters)
            })
        };
        let node_supervisor = {
            let (env, arbiters) = (env.clone(), arbiters.clone());
            let devices = device_supervisor.clone().recipient();
            NodeSupervisor::start_in_arbiter(&arbiters.clone().first().clone(), move |_| {
                NodeSupervisor::new(env, arbiters, connect, devices)
            })
        };
        let session_supervisor = {
            let (env, arbiters, table) = (env.clone(), arbiters.clone(), sessions.clone());
            let devices = device_supervisor.clone();
            SessionSupervisor::start_in_arbiter(&arbiters.clone().first().clone(), move |_| {
                SessionSupervisor::new(env, arbiters, devices, table, session_limit)
            })
        };
        Self { env, sessions, session_supervisor, device_supervisor, node_supervisor }
    }

    /// Closes the connections to all nodes in good order.
    pub fn stop_nodes(&self) {
        self.node_supervisor.do_send(Stop);
    }
}
