//! A connection to a node for a test: whether it can be made as somebody wants to configure it, and what the node lists.
//!
//! It is a life of a [`Node`] like any other, beside the one that there may be, and ends when it has been seen to work.
//! Called by whoever configures nodes.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext as _, Addr, AsyncContext as _, Context, Handler};
use tokio::sync::oneshot;

use crate::cluster::NodeSettings;
use crate::node::Node;
use crate::node::messages::{Close, Ended, News, NodeNews};
use crate::node::unseen::Gaps;
use crate::policy;
use crate::wire::Connect;

/// What a node is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probed {
    /// Numbers in its directory; `None` when it does not tell them in time.
    pub listed: Option<usize>,
}

/// Makes the connection and the association, reads the directory, and ends both in good order. Must be called on an
/// arbiter.
///
/// # Errors
/// Why there is no connection, in words for people.
pub async fn probe(settings: NodeSettings, connect: Arc<dyn Connect>) -> Result<Probed, Arc<str>> {
    let (answer, answered) = oneshot::channel();
    Probe { settings, connect, answer: Some(answer), node: None }.start();
    answered.await.unwrap_or_else(|_| Err("a fault in the gateway".into()))
}

struct Probe {
    settings: NodeSettings,
    connect: Arc<dyn Connect>,
    answer: Option<oneshot::Sender<Result<Probed, Arc<str>>>>,
    node: Option<Addr<Node>>,
}

impl Probe {
    fn is(&mut self, result: Result<Probed, Arc<str>>) {
        if let Some(answer) = self.answer.take() {
            let _ = answer.send(result); // whoever asked may have gone
        }
        if let Some(node) = &self.node {
            node.do_send(Close);
        }
    }
}

impl Actor for Probe {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let (settings, connect, supervisor) = (self.settings.clone(), self.connect.clone(), ctx.address().recipient());
        self.node = Some(Node::new(settings, 0, Gaps::default(), connect, supervisor).start());
        // The node's own deadlines come first.
        ctx.run_later(policy::CONNECT + policy::ASSOCIATION + Duration::from_secs(1), |probe, _| {
            probe.is(Err("the association was not made in time".into()));
        });
    }
}

impl Handler<NodeNews> for Probe {
    type Result = ();

    fn handle(&mut self, NodeNews { news, .. }: NodeNews, ctx: &mut Self::Context) {
        match news {
            News::Up(_) => {
                ctx.run_later(policy::ANSWER, |probe, _| probe.is(Ok(Probed { listed: None })));
            }
            News::Directory(lines) => self.is(Ok(Probed { listed: Some(lines.len()) })),
            News::Ended(Ended { why, .. }) => {
                self.node = None;
                self.is(Err(why.unwrap_or_else(|| "a fault in the gateway".into())));
                ctx.stop();
            }
            News::Opened | News::Status(_) | News::LookedBack => {}
        }
    }
}
