//! The gateway as its users meet it: one module per capability, in one binary.
mod advanced_login;
mod bad_requests;
mod calls;
mod common;
mod demo;
mod dialect;
mod node_tls;
mod nodes;
mod polls;
mod pushes;
mod rest;
mod scenarios;
mod served_contract;
mod sessions;
mod shutdown;
mod simulation;
mod toolkits;
