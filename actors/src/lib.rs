//! Everything that lives and waits in the Open Integration Gateway, as actors.
//!
//! Each life of a thing is one actor; pure `state` modules decide, the actor's `step` acts. Only
//! `node` speaks CSTA; nobody here knows HTTP or a database.

pub mod allowance;
pub mod arbiters;
pub mod backoff;
pub mod cluster;
pub mod device;
pub mod device_supervisor;
pub mod env;
pub mod event;
pub mod flight;
mod guard;
pub mod journal;
mod last_word;
mod load;
pub mod node;
pub mod node_supervisor;
#[cfg(feature = "planted-faults")]
pub mod planted;
pub mod policy;
pub mod probe;
pub mod push;
pub mod quota;
pub mod refusal;
pub mod session;
pub mod session_supervisor;
pub mod standing;
pub mod system_event;
pub mod system_monitor;
mod tree;
pub mod trigger;
pub mod trigger_supervisor;
pub mod user;
pub mod wire;

pub use tree::Tree;
