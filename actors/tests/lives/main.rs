//! The actors with in-memory wires and a clock that stands still: one file per actor.

mod bad_nodes;
mod bench;
mod commands;
mod configured;
mod device;
mod features;
mod lines;
mod node;
#[cfg(feature = "planted-faults")]
mod panics;
mod presence;
mod push;
mod resilient;
mod session;
mod switch;
mod unseen;
