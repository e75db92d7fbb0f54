//! The gateway as its users meet it: one module per capability, in one binary.
mod bad_requests;
mod common;
mod demo;
mod nodes;
mod polls;
mod scenarios;
mod served_contract;
mod sessions;
mod shutdown;
mod simulation;
mod toolkits;
