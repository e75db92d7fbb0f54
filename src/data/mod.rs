//! The configuration of the cluster's nodes as data that applications read: copied from each node and kept up to date
//! (`follow`), or taken from files (`import`), in a database (`store`).
//!
//! What a form is, what nodes say and what SQL may say is in `schemas::data`; who asks comes by `http::rest`. The actors of calls
//! know nothing of this, and run on other threads.

pub mod file;
pub mod follow;
pub mod import;
mod log;
mod notify;
pub mod store;
#[cfg(test)]
mod tests;
mod triggers;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use actors::Tree;
use actors::arbiters::Arbiters;
use actors::push::Push;
use schemas::data::Form;
use schemas::data::sync::Wanted;
use schemas::domain::{Ceid, SessionId};

use self::follow::{Followers, WriteFault};
use self::notify::Handlers;
pub use self::notify::{Render, is_registration};
use self::store::{KeptHandler, KeptTrigger, Store};
pub use self::triggers::Triggers;
use crate::settings::Node;
use crate::storage::Options;

/// All of it, as requests reach it. Cheap to clone.
#[derive(Clone)]
pub struct Data {
    pub store: Store,
    pub followers: Followers,
    /// Once there are actors.
    pub triggers: Option<Triggers>,
    handlers: Handlers,
    /// What sessions of a process before wanted.
    kept: (Vec<KeptTrigger>, Vec<KeptHandler>),
}

impl Data {
    /// Opens what is kept, and follows the nodes that serve their forms. Blocks.
    ///
    /// # Errors
    /// When the database of the copies cannot be used.
    pub fn open(options: &Options, nodes: &[Node]) -> io::Result<Self> {
        let store = Store::open(options).map_err(|error| io::Error::other(format!("the copies of forms: {error}")))?;
        let kept = store.kept_triggers().and_then(|triggers| Ok((triggers, store.kept_handlers()?)));
        let kept = kept.map_err(io::Error::other)?;
        let followers = Followers::new(store.clone())?;
        let data = Self { store, followers, triggers: None, handlers: Handlers::default(), kept };
        data.follow(nodes);
        // So that whoever asks first finds what came by files.
        data.followers.settle_now().map_err(io::Error::other)?;
        Ok(data)
    }

    /// Has the node that has the rows make a change, and waits until the copy has it, too.
    ///
    /// # Errors
    /// See [`WriteFault`]; nothing was changed then, unless it is [`WriteFault::Unknown`].
    pub async fn write(&self, ceid: Ceid, form: &'static Form, wanted: &Wanted) -> Result<(), WriteFault> {
        let client = self.followers.client(ceid).ok_or(WriteFault::ByFiles)?;
        let done = client.write(form, wanted).await?;
        self.followers.standings().reached(ceid, done.seq).await;
        metrics::counter!("oig_data_rows_written_total").increment(1);
        Ok(())
    }

    /// With triggers, for sessions of this tree. Must be called where actors can be started.
    #[must_use]
    pub fn begin(mut self, tree: &Tree, arbiters: &Arbiters, render: Render) -> Self {
        let (triggers, handlers) = std::mem::take(&mut self.kept);
        let triggers = Triggers::begin(&self.store, triggers, tree, arbiters);
        let (data, push) = (self.clone(), tree.env.push.clone());
        let owners = tree.sessions.all().into_iter().map(|session| (log::owner(session.id), session.id));
        let owners: BTreeMap<_, _> = owners.collect();
        let going_on = triggers.clone();
        arbiters.first().spawn(async move {
            for kept in handlers {
                match owners.get(&kept.owner) {
                    Some(session) => data.handlers.begin(*session, kept, &data.store, &going_on, &push, render),
                    None => {
                        if let Err(error) = data.store.forget_handler(kept.owner).await {
                            tracing::warn!(%error, "the handler of a session that is gone is still kept");
                        }
                    }
                }
            }
        });
        self.triggers = Some(triggers);
        self
    }

    /// Hands a session's notifications over there from now on; nowhere when there is no URL. Must be called on an arbiter.
    ///
    /// # Errors
    /// See [`StorageError`](crate::storage::StorageError); then it is as it was.
    pub async fn hand_over(
        &self,
        session: SessionId,
        url: &str,
        push: &Arc<dyn Push>,
        render: Render,
    ) -> Result<(), crate::storage::StorageError> {
        let owner = log::owner(session);
        let Some(triggers) = self.triggers.as_ref().filter(|_| !url.is_empty()) else {
            self.store.forget_handler(owner).await?;
            self.handlers.end(session);
            return Ok(());
        };
        let after = *self.store.newest().borrow();
        let kept = KeptHandler { owner, url: url.to_owned(), after };
        self.store.keep_handler(kept.clone()).await?;
        self.handlers.begin(session, kept, &self.store, triggers, push, render);
        Ok(())
    }

    /// Which nodes there are from now on, those that do not serve their forms, too.
    pub fn follow(&self, nodes: &[Node]) {
        let served = |node: &Node| {
            let address = node.sync_port.map(|port| SocketAddr::new(node.address, port));
            Some((Ceid::new(node.ceid).ok()?, address))
        };
        self.followers.configure(nodes.iter().filter_map(served).collect());
    }
}
