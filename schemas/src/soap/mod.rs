//! SOAP 1.1 and 1.2, document/literal wrapped: envelopes, which operation a request is, replies,
//! refusals and faults.
//!
//! Called by the HTTP layer (and by clients of ours: demo, bench, event push). What stands inside
//! an envelope is described in `contract`; nothing here knows a single operation.

mod dispatch;
mod envelope;
pub mod push;
mod reply;

pub use dispatch::identify;
pub use envelope::{Envelope, Rejected, Version};
pub use reply::{Unanswered, fault, read_reply, refusal, reply, reply_raw, request};
