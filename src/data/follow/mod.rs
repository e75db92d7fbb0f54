//! Follows the forms of every node that serves them: a life for each (`life`), begun anew when it ended, be it by a panic.
//!
//! It runs on threads of its own, so that copying a cluster delays no call. What is copied goes to `store`; which nodes there
//! are is `nodes`' to say. What is kept of a node that is not one of the cluster any more is forgotten (`upkeep`).

mod client;
mod gauges;
mod life;
mod standing;
mod upkeep;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actors::backoff::Backoff;
use actors::env::Entropy as _;
use schemas::domain::Ceid;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tracing::{info, warn};

pub use self::client::{FollowFault, NodeClient, WriteFault, http};
use self::life::{Life, Wish};
pub use self::standing::{Standing, Standings, State};
use self::upkeep::Upkeep;
use super::store::{CHANGES_KEPT, Store};
use crate::entropy::SystemEntropy;
use crate::storage::StorageError;

/// Nodes that are copied at a time.
const COPYING: usize = 4;
const THREADS: usize = 1;
const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_LONGEST: Duration = Duration::from_secs(10);
/// Where another gateway follows the node, it is left alone for a while.
const PAUSE_OF_OTHERS: Duration = Duration::from_secs(30);
/// A life that was so long forgives what was before.
const LONG_LIFE: Duration = Duration::from_secs(30);
/// Wishes that wait for a life; more of the same would be no other.
const WISHES: usize = 4;
/// How often the log of changes is cut to what is kept.
const PRUNING: Duration = Duration::from_secs(60);

/// The nodes that there are, by number; each with where it serves its forms, if it does.
pub type Nodes = BTreeMap<Ceid, Option<SocketAddr>>;

/// Everything that is followed. Cheap to clone.
#[derive(Clone)]
pub struct Followers(Arc<Inner>);

struct Inner {
    store: Store,
    http: reqwest::Client,
    standings: Standings,
    copying: Arc<Semaphore>,
    following: Mutex<BTreeMap<Ceid, Following>>,
    known: watch::Sender<Option<Nodes>>,
    runtime: Option<Runtime>,
}

/// One node.
struct Following {
    address: SocketAddr,
    client: NodeClient,
    wishes: mpsc::Sender<Wish>,
    task: JoinHandle<()>,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.following.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        if let Some(runtime) = self.runtime.take() {
            // What is being written is a transaction: it is whole or not there.
            runtime.shutdown_background();
        }
    }
}

impl Followers {
    /// With nothing to follow yet.
    ///
    /// # Errors
    /// When there is no thread, or no HTTP client.
    pub fn new(store: Store) -> std::io::Result<Self> {
        Self::with_log(store, PRUNING, CHANGES_KEPT)
    }

    /// The same, with a log of so many changes, which is cut so often.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_log(store: Store, every: Duration, keep: u64) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("data")
            .enable_all()
            .build()?;
        let standings = Standings::default();
        runtime.spawn(gauges::keep(standings.clone()));
        let known = watch::Sender::new(None);
        let upkeep = Upkeep { store: store.clone(), standings: standings.clone(), known: known.subscribe() };
        runtime.spawn(upkeep.run(every, keep));
        Ok(Self(Arc::new(Inner {
            store,
            http: http().map_err(std::io::Error::other)?,
            standings,
            copying: Arc::new(Semaphore::new(COPYING)),
            following: Mutex::default(),
            known,
            runtime: Some(runtime),
        })))
    }

    /// These nodes there are from now on, and no others: what is kept of another is forgotten. Those that serve their forms are
    /// followed; of one that does not any more it stays as it is.
    pub fn configure(&self, nodes: Nodes) {
        let mut following = self.0.following.lock().unwrap_or_else(PoisonError::into_inner);
        following.retain(|ceid, following| nodes.get(ceid) == Some(&Some(following.address)));
        for (ceid, standing) in self.0.standings.all() {
            match nodes.get(&ceid) {
                None => self.0.standings.gone(ceid),
                // As is known already of one whose forms came by files.
                Some(None) if standing.state != State::Imported => self.0.standings.not_served(ceid),
                Some(_) => {}
            }
        }
        for (ceid, address) in nodes.iter().filter_map(|(ceid, address)| Some((ceid, (*address)?))) {
            if !following.contains_key(ceid)
                && let Some(new) = self.follow(*ceid, address)
            {
                following.insert(*ceid, new);
            }
        }
        self.0.known.send_replace(Some(nodes));
    }

    /// Says of the nodes that do not serve their forms what is kept of them, as is done by and by anyway. Blocks.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn settle_now(&self) -> Result<(), StorageError> {
        let Some(nodes) = self.0.known.borrow().clone() else { return Ok(()) };
        for (ceid, stand) in self.0.store.stands_now()? {
            if nodes.get(&ceid) == Some(&None) {
                self.0.standings.kept(ceid, &stand);
            }
        }
        Ok(())
    }

    fn follow(&self, ceid: Ceid, address: SocketAddr) -> Option<Following> {
        let Inner { store, http, standings, copying, runtime, .. } = &*self.0;
        let client = NodeClient::new(http.clone(), address);
        // Whoever asks from now on finds it.
        standings.is(ceid, State::Connecting);
        let (wishes, wished) = mpsc::channel(WISHES);
        let lives = Lives {
            ceid,
            client: client.clone(),
            store: store.clone(),
            standings: standings.clone(),
            copying: copying.clone(),
            wished: Arc::new(tokio::sync::Mutex::new(wished)),
        };
        let task = runtime.as_ref()?.spawn(lives.supervise());
        Some(Following { address, client, wishes, task })
    }

    #[must_use]
    pub fn standings(&self) -> &Standings {
        &self.0.standings
    }

    /// The way to a node's forms, where they are followed.
    #[must_use]
    pub fn client(&self, ceid: Ceid) -> Option<NodeClient> {
        let following = self.0.following.lock().unwrap_or_else(PoisonError::into_inner);
        following.get(&ceid).map(|following| following.client.clone())
    }

    /// Copies all forms of a node anew, as soon as its stream can be read. Gives whether the node is followed.
    #[must_use]
    pub fn copy_anew(&self, ceid: Ceid) -> bool {
        self.wish(ceid, Wish::Copy)
    }

    /// Compares counts and digests of a node now.
    #[must_use]
    pub fn compare(&self, ceid: Ceid) -> bool {
        self.wish(ceid, Wish::Compare)
    }

    fn wish(&self, ceid: Ceid, wish: Wish) -> bool {
        let following = self.0.following.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(following) = following.get(&ceid) else { return false };
        // As many as wait will do for this one, too.
        let _ = following.wishes.try_send(wish);
        true
    }
}

/// The lives of one node's following.
struct Lives {
    ceid: Ceid,
    client: NodeClient,
    store: Store,
    standings: Standings,
    copying: Arc<Semaphore>,
    /// Locked by the one life that there is; a life that panicked lets go.
    wished: Arc<tokio::sync::Mutex<mpsc::Receiver<Wish>>>,
}

impl Lives {
    async fn supervise(self) {
        let entropy = SystemEntropy::default();
        let mut backoff = Backoff::new(PAUSE_FIRST, PAUSE_LONGEST);
        let mut said: Option<String> = None;
        loop {
            let began = tokio::time::Instant::now();
            let mut life = OneLife(tokio::spawn(self.live(entropy.next_u64() >> 11)));
            let mut others = false;
            let fault = match (&mut life.0).await {
                Ok(fault) => {
                    others = matches!(fault, FollowFault::Storage(StorageError::Changed(_)));
                    fault.to_string()
                }
                Err(error) if error.is_panic() => {
                    metrics::counter!("oig_actor_panics_total", "actor" => "follower").increment(1);
                    "a fault in the gateway".to_owned()
                }
                Err(_) => return, // the gateway ends
            };
            let kept = self.standings.of(self.ceid).and_then(|standing| standing.as_of_ms).is_some();
            // Once for each fault that lasts.
            if said.as_ref() != Some(&fault) {
                match kept {
                    true => info!(node = %self.ceid, fault, "the node's forms are not followed any more; tried again"),
                    false => warn!(node = %self.ceid, fault, "the node's forms cannot be copied; tried again"),
                }
            }
            self.standings.ended(self.ceid, fault.clone());
            said = Some(fault);
            if began.elapsed() >= LONG_LIFE {
                backoff.forgive();
                said = None;
            }
            metrics::counter!("oig_data_lives_ended_total").increment(1);
            let pause = backoff.pause(entropy.next_u64());
            tokio::time::sleep(if others { PAUSE_OF_OTHERS } else { pause }).await;
        }
    }

    fn live(&self, number: u64) -> impl Future<Output = FollowFault> + Send + use<> {
        let Self { ceid, client, store, standings, copying, wished } = self;
        let (ceid, client, store, standings) = (*ceid, client.clone(), store.clone(), standings.clone());
        let (copying, wished) = (copying.clone(), wished.clone());
        async move {
            let wishes = &mut *wished.lock().await;
            let (client, store, standings, copying) = (&client, &store, &standings, &*copying);
            Life { ceid, number, client, store, standings, copying, wishes, has: HashMap::new() }.run().await
        }
    }
}

/// Ends with who waits for it.
struct OneLife(JoinHandle<FollowFault>);

impl Drop for OneLife {
    fn drop(&mut self) {
        self.0.abort();
    }
}
