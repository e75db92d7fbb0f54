//! Starts the whole tree of actors; it alone knows every one of them.

use std::sync::Arc;

use actix::{Actor, Addr};
use schemas::csta::message::DeviceProfile;
use schemas::domain::{Ceid, Dn, HotDesk, HotDeskAnswer};

use crate::arbiters::Arbiters;
use crate::device_supervisor::DeviceSupervisor;
use crate::env::Env;
use crate::journal::Before;
use crate::node::messages::{AskHotDesk, Profile};
use crate::node_supervisor::{Configure, FindNode, NodeSupervisor, Stop};
use crate::refusal::Refused;
use crate::session_supervisor::{Begins, SessionSupervisor, SessionTable};
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
        Self::start_again(env, arbiters, connect, session_limit, Before::default())
    }

    /// The same, with the sessions of the process before: they are there when this returns.
    #[must_use]
    pub fn start_again(
        env: Env,
        arbiters: &Arbiters,
        connect: Arc<dyn Connect>,
        session_limit: usize,
        before: Before,
    ) -> Self {
        let Before { kept, grace } = before;
        env.journal.process_began(env.legs_from(kept.legs_free_from));
        let sessions = Arc::new(SessionTable::default());
        let device_supervisor = {
            let (env, arbiters, known) = (env.clone(), arbiters.clone(), kept.objects);
            DeviceSupervisor::start_in_arbiter(&arbiters.clone().first().clone(), move |_| {
                DeviceSupervisor::new(env, arbiters, known)
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
        let begins = Begins { env: &env, arbiters, devices: &device_supervisor, table: &sessions };
        for (id, session) in kept.sessions {
            begins.again(id, session, grace, session_supervisor.clone().recipient());
        }
        Self { env, sessions, session_supervisor, device_supervisor, node_supervisor }
    }

    /// What a node has configured for a number.
    ///
    /// # Errors
    /// [`Refused`] when the node is not connected, does not tell such things, or does not know the
    /// number.
    pub async fn profile(&self, ceid: Ceid, dn: Dn) -> Result<DeviceProfile, Refused> {
        let node = self.node_supervisor.send(FindNode(ceid)).await.map_err(|_| Refused::Lost)?;
        let node = node.ok_or(Refused::NotConnected)?;
        node.send(Profile { dn }).await.map_err(|_| Refused::LinkLost)?
    }

    /// Something about a node's hot desk users.
    ///
    /// # Errors
    /// [`Refused`] when the node is not connected, does not know hot desking, or refuses.
    pub async fn hot_desk(&self, ceid: Ceid, asked: HotDesk) -> Result<HotDeskAnswer, Refused> {
        let node = self.node_supervisor.send(FindNode(ceid)).await.map_err(|_| Refused::Lost)?;
        let node = node.ok_or(Refused::NotConnected)?;
        node.send(AskHotDesk(asked)).await.map_err(|_| Refused::LinkLost)?
    }

    /// Makes one actor panic in a step.
    #[cfg(feature = "planted-faults")]
    pub async fn panic(&self, at: crate::planted::At) {
        use crate::device_supervisor::FindDevice;
        use crate::planted::{At, Panic, PanicNode, PanicPresence};
        use crate::session_supervisor::FindSession;
        match at {
            At::Node(ceid) => self.node_supervisor.do_send(PanicNode(ceid)),
            At::Device(object) => {
                if let Ok(Some(device)) = self.device_supervisor.send(FindDevice(object)).await {
                    device.do_send(Panic);
                }
            }
            At::Presence(ceid) => self.device_supervisor.do_send(PanicPresence(ceid)),
            At::Session(session) => {
                if let Some(session) = self.sessions.find(session) {
                    session.addr.do_send(Panic);
                }
            }
            At::NodeSupervisor => self.node_supervisor.do_send(Panic),
            At::DeviceSupervisor => self.device_supervisor.do_send(Panic),
            At::SessionSupervisor => self.session_supervisor.do_send(Panic),
        }
    }

    /// The node hears last of a life of the object's that is over: it lets go.
    #[cfg(feature = "planted-faults")]
    pub async fn let_go_late(&self, object: schemas::domain::ObjectId) {
        use crate::node::messages::{Ask, Question, Tell};
        struct Gone;
        impl Actor for Gone {
            type Context = actix::Context<Self>;
        }
        impl actix::Handler<Tell> for Gone {
            type Result = ();
            fn handle(&mut self, _: Tell, _: &mut Self::Context) {}
        }
        if let Ok(Some(node)) = self.node_supervisor.send(FindNode(object.ceid())).await {
            let answer_to = Gone.start().recipient();
            node.do_send(Ask { object, life: 0, question: Question::Unmonitor, answer_to });
        }
    }

    /// Which nodes there are from now on. When this returns, who asks for one finds what is configured.
    ///
    /// # Errors
    /// [`Refused::Lost`] when the gateway ends.
    pub async fn configure(&self, configure: Configure) -> Result<(), Refused> {
        self.node_supervisor.send(configure).await.map_err(|_| Refused::Lost)
    }

    /// Closes the connections to all nodes in good order.
    pub fn stop_nodes(&self) {
        self.node_supervisor.do_send(Stop);
    }
}
