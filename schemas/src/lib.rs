//! Everything said on a wire of the Open Integration Gateway, and the things it is said about.
//!
//! Pure: no I/O, no clock, no actor. `xml` reads and writes bounded XML; `domain` is what exists
//! (ids, calls, devices, events); `csta` is how a node says it; `contract`, `soap` and
//! `rest` are how an application says it; `data` is the configuration of nodes as tables.

pub mod contract;
pub mod csta;
pub mod data;
pub mod domain;
pub mod fault;
pub mod rest;
pub mod soap;
pub mod xml;
