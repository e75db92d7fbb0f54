//! The operations and events of the contract as JSON: requests, replies, refusals and faults, and
//! the OpenAPI document that describes them.
//!
//! There is one table of rows and one reader and writer of it, those of `contract`. A JSON request
//! becomes the tree that they read ([`Asked`]); what they write becomes JSON ([`reply`]) by the
//! rows' descriptors. So REST cannot say anything that SOAP does not, nor refuse otherwise. Called
//! by the HTTP layer; nothing here knows a single operation.

mod json;
pub mod openapi;
mod read;
mod write;

pub use self::json::JsonFault;
pub use self::read::{Asked, Unread};
pub use self::write::{Problem, event_members, event_reply, fault, reply, request};
