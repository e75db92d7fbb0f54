//! CSTA III XML (ECMA-269 services in ECMA-323 XML): how a node says it.
//!
//! `frame` cuts the byte stream, `message` names what is said, `read` and `write` turn one into
//! the other (`application_session` for the part that ECMA-354 adds), `words` holds the standard's
//! spellings, `device_text` the form of a device, `private` what the standard has no service for,
//! `convert` turns a node's words into `domain` and back. Used by the gateway's `Node` actor and by
//! the simulated node; nobody else speaks CSTA.

mod application_session;
pub mod call_records;
pub mod convert;
mod device_text;
pub mod frame;
mod group;
pub mod hot_desk;
pub mod message;
mod own_refusal;
pub mod presence;
pub mod private;
pub mod read;
mod words;
pub mod write;
