//! A feature that was set, as its event and as the contract's list of a device's features.

use schemas::contract::cc::{
    AttributeType, DeviceFeaturesResult, EventType, FeatureEventAttributeNames, FeatureEventAttributeValue,
    FeatureEventMsg, FeatureEventType as Type, ForwardingInfo, StandardEventMsg,
};
use schemas::domain::{DeviceFeature, Forwarding, ObjectId, Setting};

use crate::env::Env;
use crate::event::{Event, Forms};

/// The event of each feature.
pub static ROWS: [(DeviceFeature, Type); 8] = [
    (DeviceFeature::DoNotDisturb, Type::DoNotDisturb),
    (DeviceFeature::MessageWaiting, Type::MsgWaitingIndicator),
    (DeviceFeature::AutoAnswer, Type::AutoAnswerFeature),
    (DeviceFeature::Forward(Forwarding::Always), Type::CfAlways),
    (DeviceFeature::Forward(Forwarding::BusyInternal), Type::CfBusyInternal),
    (DeviceFeature::Forward(Forwarding::BusyExternal), Type::CfBusyExternal),
    (DeviceFeature::Forward(Forwarding::NoAnswerInternal), Type::CfNoAnswerInternal),
    (DeviceFeature::Forward(Forwarding::NoAnswerExternal), Type::CfNoAnswerExternal),
];

/// The event as sessions keep it.
pub(super) fn render(object: ObjectId, setting: &Setting, env: &Env, forms: Forms) -> Option<Event> {
    let (_, kind) = ROWS.iter().find(|(feature, _)| *feature == setting.feature)?;
    let message = StandardEventMsg {
        error_description: None,
        event_type: Some(EventType::FeatureEvent),
        call_event: None,
        feature_event: Some(FeatureEventMsg {
            event_type: Some(*kind),
            feature_event_attribute: attributes(object, setting),
            time: env.now_ms(),
            object_id: object.as_long(),
        }),
        system_event: None,
        result: true,
    };
    Some(Event::new(Some(object), message, forms))
}

/// In the order in which the contract lists their names.
fn attributes(object: ObjectId, setting: &Setting) -> Vec<FeatureEventAttributeValue> {
    use FeatureEventAttributeNames::{DeviceNumber, FeatureEventState, ForwardDn, IcpId};
    let value = |name, value: String, kind| FeatureEventAttributeValue {
        attribute_name: Some(name),
        attribute_value: Some(value),
        attribute_type: Some(kind),
    };
    let mut attributes = vec![value(DeviceNumber, object.dn().to_string(), AttributeType::String)];
    attributes.extend(setting.number.clone().map(|number| value(ForwardDn, number, AttributeType::String)));
    attributes.push(value(FeatureEventState, setting.on.to_string(), AttributeType::Boolean));
    attributes.push(value(IcpId, object.ceid().get().to_string(), AttributeType::LongInteger));
    attributes
}

/// The reply to getDeviceFeatures; what the node does not have is off.
#[must_use]
pub fn result(settings: &[Setting]) -> DeviceFeaturesResult {
    let find = |feature| settings.iter().find(|setting| setting.feature == feature);
    let on = |feature| find(feature).is_some_and(|setting| setting.on);
    let forwarding =
        |which| find(DeviceFeature::Forward(which)).map(|s| ForwardingInfo { dn: s.number.clone(), fwd_on: s.on });
    DeviceFeaturesResult {
        error_description: None,
        hot_desk_user_logged_in_dn: None,
        registration_dn: None,
        cfna_ext: forwarding(Forwarding::NoAnswerExternal),
        cfna_int: forwarding(Forwarding::NoAnswerInternal),
        cf_busy_ext: forwarding(Forwarding::BusyExternal),
        cf_busy_int: forwarding(Forwarding::BusyInternal),
        cf_always: forwarding(Forwarding::Always),
        result: true,
        dnd: on(DeviceFeature::DoNotDisturb),
        auto_answer: on(DeviceFeature::AutoAnswer),
        msg_waiting_lamp: on(DeviceFeature::MessageWaiting),
    }
}
