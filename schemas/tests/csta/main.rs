//! CSTA as it is on the wire: what we write and read again, what other switches send, what is
//! refused.

#![allow(clippy::unwrap_used)]

mod dialects;
mod generate;
mod golden;
mod refused;
mod round_trip;
mod session;
mod written;
