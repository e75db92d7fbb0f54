//! The simulated node: a small switch with CSTA, phones that are operated by hands, and the truth
//! about its calls.
//!
//! `switch` is the switch itself and `csta` what gateways are told and may ask: both pure, put
//! together by `core`. `node` is the task that drives a core, over any stream; `listen` opens real
//! sockets for it and `hands` the HTTP by which tests operate phones, read the truth and break
//! things. `console` is the page on which a person does the same. `forms` is what the node has configured, and how gateways copy it.
//! `faults` is what can be broken, `plan` what a node has, `peer` what nodes say to each other.

pub mod console;
pub mod core;
pub mod csta;
pub mod deed;
pub mod faults;
pub mod forms;
pub mod hands;
pub mod listen;
pub mod node;
pub mod peer;
pub mod plan;
pub mod switch;
pub mod tls;
pub mod trunks;
pub mod truth;
pub mod view;

mod peers;
mod wire;

#[cfg(test)]
mod tests;
