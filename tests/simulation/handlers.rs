//! Event handlers in memory, which take, refuse or hang as the seed says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use actors::event::Event;
use actors::push::{Carrying, Handover, NotTaken, Push, UnfitUrl, Word};

use super::chance::Chance;

/// What one handler took: each event with its number.
pub type Pushed = Arc<Mutex<Vec<(u32, Arc<Event>)>>>;

#[derive(Clone)]
pub struct Handlers(Arc<Mutex<Hosts>>);

struct Hosts {
    chance: Chance,
    taken: BTreeMap<String, Pushed>,
}

impl Handlers {
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Hosts { chance: Chance::new(seed), taken: BTreeMap::new() })))
    }

    /// A handler of an application's own: its URL, and what it takes.
    pub fn host(&self, session_id: i64) -> (String, Pushed) {
        let (url, taken) = (format!("http://application/{session_id}"), Pushed::default());
        self.hosts().taken.insert(url.clone(), taken.clone());
        (url, taken)
    }

    fn hosts(&self) -> std::sync::MutexGuard<'_, Hosts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Push for Handlers {
    fn check(&self, url: &str) -> Result<(), UnfitUrl> {
        if self.hosts().taken.contains_key(url) { Ok(()) } else { Err(UnfitUrl::Forbidden) }
    }

    fn carry(&self, handover: Handover) -> Carrying {
        let mut hosts = self.hosts();
        let roll = hosts.chance.below(100);
        let taken = hosts.taken.get(&*handover.url).cloned();
        Box::pin(async move {
            match (roll, taken, handover.word) {
                (0..3, ..) => Err(NotTaken::Declined),
                (3, ..) => std::future::pending().await,
                (_, Some(taken), Word::Event(number, event)) => {
                    taken.lock().unwrap_or_else(PoisonError::into_inner).push((number, event));
                    Ok(())
                }
                (_, _, Word::Discarded(..) | Word::Successor(_) | Word::Notification(_)) => Ok(()),
                (_, None, _) => Err(NotTaken::Broken),
            }
        })
    }
}
