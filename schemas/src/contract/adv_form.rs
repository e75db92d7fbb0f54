//! The advanced form of what the standard form says: the same rows in the other namespace.
//!
//! Most values are spelt alike in both; the tests hold that none is left without a counterpart.
//! What only the advanced form can say is put in by whoever builds the event.

use super::adv::{
    AdvCallEventAttributeNames, AdvCallEventAttributeValue, AdvCallEventMsg, AdvCallEventType, AdvDevice,
    AdvDeviceAttributeValue, AdvEventMsg, AdvEventType, AdvFeatureEventAttributeNames, AdvFeatureEventAttributeValue,
    AdvFeatureEventMsg, AdvPartyMember, AdvSystemEventMsg,
};
use super::cc::{
    CallEventAttributeNames, CallEventMsg, CallEventType, Device, EventType, FeatureEventAttributeNames,
    FeatureEventMsg, PartyMember, StandardEventMsg, SystemEventMsg,
};
use super::record::Scalar;

/// The value that is spelt the same.
fn same<T: Scalar>(word: &str) -> Option<T> {
    T::parse(word).ok()
}

fn call_event_type(kind: CallEventType) -> Option<AdvCallEventType> {
    match kind {
        CallEventType::InformationUpdateEvent => Some(AdvCallEventType::InformationUpdate),
        other => same(other.as_str()),
    }
}

fn call_attribute(name: CallEventAttributeNames) -> Option<AdvCallEventAttributeNames> {
    same(name.as_str())
}

fn feature_attribute(name: FeatureEventAttributeNames) -> Option<AdvFeatureEventAttributeNames> {
    same(name.as_str())
}

fn event_type(kind: EventType) -> Option<AdvEventType> {
    same(kind.as_str())
}

impl From<CallEventMsg> for AdvCallEventMsg {
    fn from(event: CallEventMsg) -> Self {
        let attribute = |a: super::cc::CallEventAttributeValue| AdvCallEventAttributeValue {
            attribute_name: a.attribute_name.and_then(call_attribute),
            attribute_value: a.attribute_value,
            attribute_type: a.attribute_type,
        };
        Self {
            kind: event.kind.and_then(call_event_type),
            cause: event.cause,
            call_state: event.call_state,
            call_event_attribute: event.call_event_attribute.into_iter().map(attribute).collect(),
            features_allowed: event.features_allowed,
            device: event.device.into_iter().map(AdvDevice::from).collect(),
            party: event.party.into_iter().map(AdvPartyMember::from).collect(),
            account_code: event.account_code,
            account_code_type: event.account_code_type,
            local_call_id: event.local_call_id,
            call_event_time: event.call_event_time,
            object_id: event.object_id,
        }
    }
}

impl From<Device> for AdvDevice {
    fn from(device: Device) -> Self {
        let attribute = |a: super::cc::DeviceAttributeValue| AdvDeviceAttributeValue {
            attribute_name: a.attribute_name,
            attribute_value: a.attribute_value,
            attribute_type: a.attribute_type,
        };
        Self {
            device_name: device.device_name,
            device_attribute: device.device_attribute.into_iter().map(attribute).collect(),
        }
    }
}

impl From<PartyMember> for AdvPartyMember {
    fn from(party: PartyMember) -> Self {
        Self {
            member_num: party.member_num,
            member_name: party.member_name,
            device_type: party.device_type,
            remote_member_ext: party.remote_member_ext,
            remote_member_name: party.remote_member_name,
            member_network_ext: party.member_network_ext,
            peer_id: party.peer_id,
            peer_name: party.peer_name,
            call_id: party.call_id,
            number_privacy: party.number_privacy,
            name_privacy: party.name_privacy,
        }
    }
}

impl From<FeatureEventMsg> for AdvFeatureEventMsg {
    fn from(event: FeatureEventMsg) -> Self {
        let attribute = |a: super::cc::FeatureEventAttributeValue| AdvFeatureEventAttributeValue {
            attribute_name: a.attribute_name.and_then(feature_attribute),
            attribute_value: a.attribute_value,
            attribute_type: a.attribute_type,
        };
        Self {
            event_type: event.event_type,
            feature_event_attribute: event.feature_event_attribute.into_iter().map(attribute).collect(),
            object_id: event.object_id,
            time: event.time,
        }
    }
}

impl From<SystemEventMsg> for AdvSystemEventMsg {
    fn from(event: SystemEventMsg) -> Self {
        Self {
            event_type: event.event_type,
            connection_state: event.connection_state,
            icp_id: event.icp_id,
            time: event.time,
        }
    }
}

impl From<StandardEventMsg> for AdvEventMsg {
    fn from(event: StandardEventMsg) -> Self {
        Self {
            error_description: event.error_description,
            event_type: event.event_type.and_then(event_type),
            call_event: event.call_event.map(AdvCallEventMsg::from),
            feature_event: event.feature_event.map(AdvFeatureEventMsg::from),
            system_event: event.system_event.map(AdvSystemEventMsg::from),
            result: event.result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standard_value_has_its_advanced_counterpart() {
        for kind in CallEventType::ALL {
            let adv = call_event_type(*kind).unwrap_or_else(|| panic!("{} has none", kind.as_str()));
            let named_differently = *kind == CallEventType::InformationUpdateEvent;
            assert_eq!(adv.as_str() == kind.as_str(), !named_differently, "{}", kind.as_str());
        }
        for name in CallEventAttributeNames::ALL {
            assert_eq!(call_attribute(*name).map(|a| a.as_str()), Some(name.as_str()));
        }
        for name in FeatureEventAttributeNames::ALL {
            assert_eq!(feature_attribute(*name).map(|a| a.as_str()), Some(name.as_str()));
        }
        for kind in EventType::ALL {
            assert_eq!(event_type(*kind).map(|a| a.as_str()), Some(kind.as_str()));
        }
    }
}
