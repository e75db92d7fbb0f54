//! What a question hears that the node cannot, or could not, be asked.

use schemas::csta::message::PrivateFeature;
use schemas::domain::{NodeRefusal, RefusalKind};

pub(super) fn not_connected() -> NodeRefusal {
    NodeRefusal { kind: RefusalKind::NotConnected, text: "The node is not connected.".into() }
}

pub(super) fn no_answer() -> NodeRefusal {
    NodeRefusal {
        kind: RefusalKind::NoAnswer,
        text: "The node did not answer in time; the outcome is not known.".into(),
    }
}

pub(super) fn not_available(what: &str) -> NodeRefusal {
    NodeRefusal { kind: RefusalKind::NotSupported, text: format!("{what} is not available on this node.") }
}

/// What a node lacks that does not say who is present when it is asked.
pub(super) const ASKED_FOR_PRESENCE: &str = "Presence on request";

/// The operation that needs a part of our private data.
pub(super) fn operation(feature: PrivateFeature) -> &'static str {
    match feature {
        PrivateFeature::SplitConference => "splitConferenceCall",
        PrivateFeature::NewCall => "newCall",
        PrivateFeature::TradeCall => "tradeCall",
        PrivateFeature::RemoteRetrieve => "remoteRetrieveCall",
        PrivateFeature::Presence => "setPRGPresence",
        PrivateFeature::DeviceProfile
        | PrivateFeature::HotDesk
        | PrivateFeature::PresenceState
        | PrivateFeature::Service
        | PrivateFeature::Permitted => "The operation",
    }
}

pub(super) fn full() -> NodeRefusal {
    NodeRefusal { kind: RefusalKind::Resource, text: "The node has reached a limit.".into() }
}

pub(super) fn overloaded() -> NodeRefusal {
    NodeRefusal { kind: RefusalKind::Resource, text: "Too many requests wait for this node.".into() }
}
