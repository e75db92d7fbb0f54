//! Keeps the connections in step with the nodes in the database, which this gateway, a command or another gateway may
//! change; and changes them there.
//!
//! A node that is added is connected to, one that is removed is let go, one that is changed is connected to anew where
//! the connection is concerned. Applications that watch its devices hear of a loss and of a return, as when the node
//! itself goes away. Called by `app`, and by the administration.

use std::collections::BTreeSet;
use std::sync::Arc;

use actors::node_supervisor::Configure;
use actors::probe::{Probed, probe};
use schemas::domain::Ceid;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;
use tracing::info;

use crate::connect::NodeConnect;
use crate::http::Gateway;
use crate::settings::{Node, Settings, SettingsFault, Source};
use crate::storage::change::now_ms;
use crate::storage::node::{self, Kept};
use crate::storage::{By, DbConnection, Known, Storage, StorageError, Vault};

/// The nodes of the running gateway.
#[derive(Clone)]
pub struct Nodes(Arc<Shared>);

struct Shared {
    storage: Storage,
    gateway: Arc<Gateway>,
    connect: Arc<NodeConnect>,
    /// All but the nodes, as the gateway began.
    settings: Settings,
    /// Held from reading to configuring, so that an older reading never comes after a newer one: what was seen last.
    seen: Mutex<Vec<Kept>>,
}

/// What is wanted of the login that a node asks for besides.
#[derive(Debug, Clone)]
pub enum Specific {
    Keep,
    Become(Option<SecretString>),
}

impl Nodes {
    /// Of a gateway that began with these.
    pub(crate) fn new(
        storage: Storage,
        gateway: Arc<Gateway>,
        connect: Arc<NodeConnect>,
        settings: Settings,
        seen: Vec<Kept>,
    ) -> Self {
        Self(Arc::new(Shared { storage, gateway, connect, settings, seen: Mutex::new(seen) }))
    }

    /// Reads them. What is new is configured when this returns.
    ///
    /// # Errors
    /// See [`StorageError`]; [`StorageError::Invalid`] when a gateway would not start with them. Then everything stays as
    /// it was.
    pub async fn reread(&self) -> Result<(), StorageError> {
        self.configure(&BTreeSet::new()).await
    }

    /// Connects to a node anew, with its certificate files read again.
    ///
    /// # Errors
    /// [`StorageError::Missing`] when there is no such node; see [`Nodes::reread`].
    pub async fn reconnect(&self, ceid: u16) -> Result<(), StorageError> {
        let missing = || StorageError::Missing(format!("node {ceid}"));
        let ceid = Ceid::new(ceid).map_err(|_| missing())?;
        self.0.gateway.tree.env.cluster.link(ceid).ok_or_else(missing)?;
        self.configure(&BTreeSet::from([ceid])).await
    }

    async fn configure(&self, anew: &BTreeSet<Ceid>) -> Result<(), StorageError> {
        let Shared { gateway, connect, settings, seen, .. } = &*self.0;
        let mut seen = seen.lock().await;
        let kept = self.0.storage.nodes().await?;
        // A backup that was restored may have another node in the same version.
        let key = |kept: &Kept| (kept.node.ceid, kept.version, kept.changed_at_ms);
        let same = kept.iter().map(key).eq(seen.iter().map(key));
        if same && anew.is_empty() {
            return Ok(());
        }
        let nodes: Vec<Node> = kept.iter().map(|kept| kept.node.clone()).collect();
        let settings = Settings { nodes, ..settings.clone() };
        settings.check_in(Source::Database).map_err(invalid)?;
        let (settings, ways) = loaded(settings).await?;
        // The certificates of a node are no part of what the actors know of it.
        let secured = |kept: &Kept| seen.iter().find(|s| s.node.ceid == kept.node.ceid).map(|s| s.node.tls.clone());
        let other = kept.iter().filter(|kept| secured(kept).is_some_and(|before| before != kept.node.tls));
        let anew = anew.iter().copied().chain(other.filter_map(|kept| Ceid::new(kept.node.ceid).ok())).collect();
        connect.replace(ways);
        if let Some(data) = &gateway.data {
            data.follow(&kept.iter().map(|kept| kept.node.clone()).collect::<Vec<_>>());
        }
        gateway.number(settings.numbering());
        let configure = Configure { nodes: settings.node_settings(), anew };
        gateway.tree.configure(configure).await.map_err(|_| StorageError::Lost)?;
        if !same {
            info!(nodes = kept.len(), "the nodes have changed");
        }
        *seen = kept;
        Ok(())
    }

    /// Adds one; it is connected to when this returns.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] with what is wrong, [`StorageError::Exists`]; then nothing is changed.
    pub async fn add(&self, new: Node, by: By) -> Result<Kept, StorageError> {
        self.checked(&new).await?;
        self.write(move |connection, vault| node::add(connection, vault, &new, &by, now_ms())).await
    }

    /// Makes one what `to` says, where it still has this version.
    ///
    /// # Errors
    /// [`StorageError::Missing`], [`StorageError::Changed`], [`StorageError::Invalid`]; then nothing is changed.
    pub async fn change(&self, version: i64, to: Node, specific: Specific, by: By) -> Result<Kept, StorageError> {
        self.checked(&to).await?;
        self.write(move |connection, vault| {
            let read = read(connection, vault, to.ceid, version)?;
            rewrite(connection, vault, read, to, specific, &by, now_ms())
        })
        .await
    }

    /// Removes one, where it still has this version.
    ///
    /// # Errors
    /// [`StorageError::Missing`], [`StorageError::Changed`]; [`StorageError::Invalid`] when it is another's secondary. Then
    /// nothing is changed.
    pub async fn remove(&self, ceid: u16, version: i64, by: By) -> Result<(), StorageError> {
        self.write(move |connection, vault| {
            let read = read(connection, vault, ceid, version)?;
            node::remove(connection, &read, &by, now_ms())
        })
        .await
    }

    /// Changes something and looks whether a gateway would start with it, in one transaction.
    async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut DbConnection, &Vault) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let Shared { storage, settings, .. } = &*self.0;
        let settings = settings.clone();
        let write = storage.sealing(move |connection, vault| {
            let changed = change(connection, vault)?;
            fits(connection, vault, &settings)?;
            Ok(changed)
        });
        let changed = storage.write(write).await?;
        self.reread().await?;
        Ok(changed)
    }

    /// See [`usable`].
    async fn checked(&self, node: &Node) -> Result<(), StorageError> {
        let (node, settings) = (node.clone(), self.0.settings.clone());
        let checked = tokio::task::spawn_blocking(move || usable(&node, &settings));
        checked.await.map_err(|_| StorageError::Lost)?
    }

    /// Connects to a node as these settings say, beside the connection that there may be, and ends it again.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] when the settings cannot be used; then why there is no connection.
    pub async fn probe(&self, node: Node, specific: Specific) -> Result<Result<Probed, Arc<str>>, StorageError> {
        let ceid = node.ceid;
        let present = self.0.storage.nodes().await?.into_iter().find(|kept| kept.node.ceid == ceid);
        let node = with(node, specific, present.as_ref());
        // What it is to other nodes is not tried.
        if node.secondary.is_some_and(|ceid| ceid == node.ceid || Ceid::new(ceid).is_err()) {
            return Err(StorageError::Invalid {
                object: "the node".into(),
                fault: "its secondary is no other node".into(),
            });
        }
        let node = Node { secondary: None, ..node };
        let settings = Settings { nodes: vec![node], ..self.0.settings.clone() };
        settings.check_in(Source::Database).map_err(invalid)?;
        let (settings, ways) = loaded(settings).await?;
        let Some(node) = settings.node_settings().pop() else { return Err(StorageError::Lost) };
        Ok(probe(node, Arc::new(ways)).await)
    }
}

/// Whether a node can be one by itself, its files included: what it is to others is looked at when it is written. Blocks.
///
/// # Errors
/// [`StorageError::Invalid`] with what is wrong.
pub(crate) fn usable(node: &Node, settings: &Settings) -> Result<(), StorageError> {
    let alone = Node { secondary: None, application_specific_info: None, ..node.clone() };
    let settings = Settings { nodes: vec![alone], ..settings.clone() };
    settings.check_in(Source::Database).map_err(invalid)?;
    NodeConnect::load(&settings.nodes).map(drop).map_err(invalid)
}

/// Whether a gateway of these settings would start with what is in the database now.
///
/// # Errors
/// [`StorageError::Invalid`] with what is wrong: then the transaction is to be given up.
pub(crate) fn fits(connection: &mut DbConnection, vault: &Vault, settings: &Settings) -> Result<(), StorageError> {
    Known::read(connection, vault)?.over(settings).check_in(Source::Database).map_err(invalid)
}

/// Makes one that was read what `to` says, in a transaction of the caller's.
///
/// # Errors
/// See [`node::change`].
pub(crate) fn rewrite(
    connection: &mut DbConnection,
    vault: &Vault,
    mut read: Kept,
    to: Node,
    specific: Specific,
    by: &By,
    now_ms: i64,
) -> Result<Kept, StorageError> {
    if read.is_locked() && matches!(specific, Specific::Become(None)) {
        read.forget_login();
    }
    let to = with(to, specific, Some(&read));
    node::change(connection, vault, &read, &to, by, now_ms)
}

fn read(connection: &mut DbConnection, vault: &Vault, ceid: u16, version: i64) -> Result<Kept, StorageError> {
    let found = node::all(connection, vault)?.into_iter().find(|kept| kept.node.ceid == ceid);
    let kept = found.ok_or_else(|| StorageError::Missing(format!("node {ceid}")))?;
    if kept.version == version { Ok(kept) } else { Err(StorageError::Changed(node::object(&kept.node))) }
}

/// A login that nobody gave anew stays what it is; a node that asks for none has none.
pub(crate) fn with(to: Node, specific: Specific, present: Option<&Kept>) -> Node {
    let application_specific_info = match specific {
        Specific::Keep => present.and_then(|kept| kept.node.application_specific_info.clone()),
        Specific::Become(info) => info.filter(|info| !info.expose_secret().is_empty()),
    };
    Node { application_specific_info, ..to }
}

/// Reads the certificate files of the nodes.
async fn loaded(settings: Settings) -> Result<(Settings, NodeConnect), StorageError> {
    let read = tokio::task::spawn_blocking(move || NodeConnect::load(&settings.nodes).map(|ways| (settings, ways)));
    read.await.map_err(|_| StorageError::Lost)?.map_err(invalid)
}

fn invalid(fault: SettingsFault) -> StorageError {
    StorageError::Invalid { object: "the nodes".into(), fault: fault.in_short() }
}
