//! System events: what is told of a node's connection and of the gateway itself.

use schemas::contract::cc::{ConnectionState, EventType, StandardEventMsg, SystemEventMsg, SystemEventType};
use schemas::domain::Ceid;

use crate::cluster::LinkState;
use crate::event::{Event, Forms};

/// The contract's word for a link's state.
#[must_use]
pub fn connection_state(link: LinkState) -> ConnectionState {
    match link {
        LinkState::Attempt => ConnectionState::ConnectionAttempt,
        LinkState::Initializing => ConnectionState::ConnectionInitializing,
        LinkState::Connected => ConnectionState::Connected,
        LinkState::Failure => ConnectionState::ConnectionFailure,
    }
}

/// The node is connected (again).
#[must_use]
pub fn connected(ceid: Ceid, now_ms: i64) -> Event {
    render(SystemEventType::IcpCommunicationEvent, Some(ConnectionState::Connected), i64::from(ceid.get()), now_ms)
}

/// The link to the node is lost.
#[must_use]
pub fn lost(ceid: Ceid, now_ms: i64) -> Event {
    let state = Some(ConnectionState::ConnectionFailure);
    render(SystemEventType::IcpCommunicationEvent, state, i64::from(ceid.get()), now_ms)
}

/// The gateway stops.
#[must_use]
pub fn shutdown(now_ms: i64) -> Event {
    render(SystemEventType::OigShutdown, None, 0, now_ms)
}

fn render(kind: SystemEventType, connection_state: Option<ConnectionState>, icp_id: i64, time: i64) -> Event {
    let event = SystemEventMsg { event_type: Some(kind), connection_state, icp_id, time };
    let message = StandardEventMsg {
        error_description: None,
        event_type: Some(EventType::SystemEvent),
        call_event: None,
        feature_event: None,
        system_event: Some(event),
        result: true,
    };
    // Rare, and told to sessions of either service.
    Event::new(None, message, Forms::ALL)
}
