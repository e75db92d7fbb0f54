//! What applications are told when data was not written: the same words by SOAP and by REST.

use std::borrow::Cow;

use schemas::fault::Ground;

use crate::data::follow::{FollowFault, WriteFault};

/// On what ground, and in which words; no ground of the gateway's when the node has its reasons.
pub(super) fn not_written(fault: &WriteFault) -> (Option<Ground>, Cow<'_, str>) {
    let (ground, text) = match fault {
        WriteFault::Changed(_) => (Ground::State, "The row has changed meanwhile."),
        WriteFault::Refused(text) => return (None, format!("The node refuses: {text}.").into()),
        WriteFault::Unknown => (Ground::NotKnown, "The node did not answer; the outcome is not known."),
        WriteFault::ByFiles => {
            (Ground::NotSupported, "The node's forms come by files; a row is changed at the node itself.")
        }
        WriteFault::Node(FollowFault::NotListed) => {
            (Ground::Unavailable, "The node does not have this gateway among its network elements.")
        }
        WriteFault::Node(_) => (Ground::Unavailable, "The node cannot be reached; nothing was changed."),
    };
    (Some(ground), text.into())
}
