//! What watchers hear of presence, in the contract's words. Their object is the node.

use schemas::contract::cc::{
    AttributeType, CallEventAttributeNames, CallEventAttributeValue, CallEventMsg, CallEventType, CallState,
    EventCauseType, EventType, FeatureEventAttributeNames, FeatureEventAttributeValue, FeatureEventMsg,
    FeatureEventType, StandardEventMsg,
};
use schemas::domain::{Ceid, ObjectId, Presence};

use super::state::Report;
use crate::event::{Event, Forms};

pub(super) fn render(object: ObjectId, report: &Report, now_ms: i64, forms: Forms) -> Event {
    let node = object.ceid();
    let (call_event, feature_event) = match *report {
        Report::Set(why) => (Some((CallEventType::PrgMonitorSetEvent, why, CallState::Idle)), None),
        Report::Unavailable => {
            let why = EventCauseType::MonitorSet;
            (Some((CallEventType::PrgMonitorSetEvent, why, CallState::Unavailable)), None)
        }
        Report::Out => {
            let why = EventCauseType::ControllerCommsFailed;
            (Some((CallEventType::OutOfService, why, CallState::OutOfService)), None)
        }
        Report::Failed(why) => (Some((CallEventType::PrgMonitorFailedEvent, why, CallState::Unavailable)), None),
        Report::Presence(change) => (None, Some(feature(node, i64::from(node.get()), change, now_ms))),
    };
    let message = StandardEventMsg {
        error_description: None,
        event_type: Some(if feature_event.is_some() { EventType::FeatureEvent } else { EventType::CallEvent }),
        call_event: call_event.map(|(kind, why, state)| call(node, kind, why, state, now_ms)),
        feature_event,
        system_event: None,
        result: true,
    };
    Event::new(Some(object), message, forms)
}

fn call(node: Ceid, kind: CallEventType, why: EventCauseType, state: CallState, now_ms: i64) -> CallEventMsg {
    CallEventMsg {
        kind: Some(kind),
        cause: Some(why),
        call_state: Some(state),
        call_event_attribute: vec![CallEventAttributeValue {
            attribute_name: Some(CallEventAttributeNames::IcpId),
            attribute_value: Some(node.get().to_string()),
            attribute_type: Some(AttributeType::LongInteger),
        }],
        features_allowed: Vec::new(),
        device: Vec::new(),
        party: Vec::new(),
        account_code: None,
        account_code_type: None,
        local_call_id: 0,
        call_event_time: now_ms,
        object_id: i64::from(node.get()),
    }
}

/// JOIN_GROUP or LEAVE_GROUP, of the node or of the member itself: what happened is true.
pub(crate) fn feature(node: Ceid, object_id: i64, change: Presence, now_ms: i64) -> FeatureEventMsg {
    use FeatureEventAttributeNames::{DeviceNumber, FeatureEventState, GroupDn, IcpId};
    let value = |name, value: String, kind| FeatureEventAttributeValue {
        attribute_name: Some(name),
        attribute_value: Some(value),
        attribute_type: Some(kind),
    };
    let kind = if change.present { FeatureEventType::JoinGroup } else { FeatureEventType::LeaveGroup };
    FeatureEventMsg {
        event_type: Some(kind),
        feature_event_attribute: vec![
            value(DeviceNumber, change.member.to_string(), AttributeType::String),
            value(GroupDn, change.group.to_string(), AttributeType::String),
            value(FeatureEventState, true.to_string(), AttributeType::Boolean),
            value(IcpId, node.get().to_string(), AttributeType::LongInteger),
        ],
        time: now_ms,
        object_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_name_the_node_as_their_object_and_the_member_and_group_that_changed() {
        let node = Ceid::new(12).expect("a CEID");
        let dn = |text: &str| text.parse().expect("a DN");
        let presence = |present| Report::Presence(Presence { group: dn("1005"), member: dn("1015"), present });
        for (report, words) in [
            (Report::Set(EventCauseType::MonitorSet), ["PRG_MONITOR_SET_EVENT", "MONITOR_SET", "IDLE"]),
            (Report::Unavailable, ["PRG_MONITOR_SET_EVENT", "MONITOR_SET", "UNAVAILABLE"]),
            (Report::Out, ["OUT_OF_SERVICE", "CONTROLLER_COMMS_FAILED", "OUT_OF_SERVICE"]),
            (
                Report::Failed(EventCauseType::PrivilegeViolation),
                ["PRG_MONITOR_FAILED_EVENT", "PRIVILEGE_VIOLATION", "UNAVAILABLE"],
            ),
            (presence(true), ["JOIN_GROUP", "1015", "1005"]),
            (presence(false), ["LEAVE_GROUP", "1015", "1005"]),
        ] {
            let event = render(ObjectId::presence(node), &report, 17, Forms::ALL);
            let text = event.standard().expect("a standard form").to_owned();
            for word in words.into_iter().chain(["objectId=\"12\"", "ICP_ID", "LONG_INTEGER"]) {
                assert!(text.contains(word), "{word} in {text}");
            }
            assert!(event.advanced().is_some_and(|text| text.contains("12")));
        }
    }
}
