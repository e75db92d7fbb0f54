//! A feature that was set, as its event and as the contract's list of a device's features.

use schemas::contract::cc::{
    AttributeType, DeviceFeaturesResult, EventType, FeatureEventAttributeNames, FeatureEventAttributeValue,
    FeatureEventMsg, FeatureEventType as Type, ForwardingInfo, StandardEventMsg,
};
use schemas::domain::{Ceid, DeviceFeature, Forwarding, ObjectId, Presence, Setting};

use crate::env::Env;
use crate::event::{Event, Forms};
use crate::system_monitor;

/// The event of each feature; that of a group is `system_monitor`'s.
pub static ROWS: [(DeviceFeature, Type); 9] = [
    (DeviceFeature::DoNotDisturb, Type::DoNotDisturb),
    (DeviceFeature::MessageWaiting, Type::MsgWaitingIndicator),
    (DeviceFeature::AutoAnswer, Type::AutoAnswerFeature),
    (DeviceFeature::HotDeskUser, Type::HotDeskUser),
    (DeviceFeature::Forward(Forwarding::Always), Type::CfAlways),
    (DeviceFeature::Forward(Forwarding::BusyInternal), Type::CfBusyInternal),
    (DeviceFeature::Forward(Forwarding::BusyExternal), Type::CfBusyExternal),
    (DeviceFeature::Forward(Forwarding::NoAnswerInternal), Type::CfNoAnswerInternal),
    (DeviceFeature::Forward(Forwarding::NoAnswerExternal), Type::CfNoAnswerExternal),
];

/// The event as sessions keep it.
pub(super) fn render(object: ObjectId, icp: Ceid, setting: &Setting, env: &Env, forms: Forms) -> Option<Event> {
    #[cfg(feature = "planted-faults")]
    let setting = &planted(setting, env)?;
    if let DeviceFeature::Group(group) = setting.feature {
        let change = Presence { group, member: object.dn(), present: setting.on };
        let event = system_monitor::telling::feature(icp, object.as_long(), change, env.now_ms());
        return Some(whole(object, event, forms));
    }
    let (_, kind) = ROWS.iter().find(|(feature, _)| *feature == setting.feature)?;
    let event = FeatureEventMsg {
        event_type: Some(*kind),
        feature_event_attribute: attributes(object, icp, setting),
        time: env.now_ms(),
        object_id: object.as_long(),
    };
    Some(whole(object, event, forms))
}

fn whole(object: ObjectId, event: FeatureEventMsg, forms: Forms) -> Event {
    let message = StandardEventMsg {
        error_description: None,
        event_type: Some(EventType::FeatureEvent),
        call_event: None,
        feature_event: Some(event),
        system_event: None,
        result: true,
    };
    Event::new(Some(object), message, forms)
}

/// In the order in which the contract lists their names.
fn attributes(object: ObjectId, icp: Ceid, setting: &Setting) -> Vec<FeatureEventAttributeValue> {
    use FeatureEventAttributeNames::{DeviceNumber, FeatureEventState, ForwardDn, IcpId, UserDn};
    let value = |name, value: String, kind| FeatureEventAttributeValue {
        attribute_name: Some(name),
        attribute_value: Some(value),
        attribute_type: Some(kind),
    };
    let mut attributes = vec![value(DeviceNumber, object.dn().to_string(), AttributeType::String)];
    let whose = if setting.feature == DeviceFeature::HotDeskUser { UserDn } else { ForwardDn };
    attributes.extend(setting.number.clone().map(|number| value(whose, number, AttributeType::String)));
    attributes.push(value(FeatureEventState, setting.on.to_string(), AttributeType::Boolean));
    attributes.push(value(IcpId, icp.get().to_string(), AttributeType::LongInteger));
    attributes
}

#[cfg(feature = "planted-faults")]
fn planted(setting: &Setting, env: &Env) -> Option<Setting> {
    use crate::planted::Fault;
    let mut setting = setting.clone();
    if env.planted.is(Fault::FeatureLost) && env.now_ms() % 3 == 0 {
        return None;
    }
    if env.planted.is(Fault::FeatureStale) && setting.feature == DeviceFeature::DoNotDisturb {
        setting.on = !setting.on;
    }
    Some(setting)
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
        hot_desk_user_logged_in_dn: find(DeviceFeature::HotDeskUser).filter(|s| s.on).and_then(|s| s.number.clone()),
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use schemas::domain::FeatureGroup;

    use super::*;
    use crate::cluster::Cluster;
    use crate::env::{Clock, Entropy};

    struct Still;

    impl Clock for Still {
        fn now_ms(&self) -> i64 {
            1_700_000_000_000
        }
    }

    impl Entropy for Still {
        fn next_u64(&self) -> u64 {
            7
        }
    }

    fn line() -> ObjectId {
        ObjectId::line(Ceid::new(12).expect("a CEID"), "1000".parse().expect("a DN"))
    }

    #[test]
    fn every_feature_has_its_event_and_no_two_have_one() {
        use DeviceFeature::{AutoAnswer, DoNotDisturb, HotDeskUser, MessageWaiting};
        let plain = [DoNotDisturb, MessageWaiting, AutoAnswer, HotDeskUser];
        let all = plain.into_iter().chain(Forwarding::ALL.map(DeviceFeature::Forward));
        for feature in all.clone() {
            assert_eq!(ROWS.iter().filter(|(of, _)| *of == feature).count(), 1, "{feature:?}");
            assert!(FeatureGroup::ALL.contains(&FeatureGroup::of(feature)));
        }
        assert_eq!(ROWS.len(), all.count());
        let mut kinds: Vec<_> = ROWS.iter().map(|(_, kind)| kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), ROWS.len());
    }

    #[test]
    fn an_event_names_the_device_the_number_the_state_and_the_node() {
        let env = Env::new(Arc::new(Still), Arc::new(Still), Arc::new(Cluster::new([])));
        let always = DeviceFeature::Forward(Forwarding::Always);
        let setting = Setting { feature: always, on: true, number: Some("1<2".into()) };
        let event = render(line(), line().ceid(), &setting, &env, Forms::ALL).expect("an event");
        let text = event.standard().expect("a standard form").to_owned();
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} in {text}"));
        let parts = ["CF_ALWAYS", "DEVICE_NUMBER", "1000", "FORWARD_DN", "1&lt;2", "FEATURE_EVENT_STATE", "true"];
        let order: Vec<_> = parts.map(at).into();
        assert!(order.is_sorted(), "{text}");
        assert!(at("ICP_ID") > order[6] && text.contains("LONG_INTEGER") && text.contains("1700000000000"), "{text}");
        assert!(event.advanced().expect("an advanced form").contains("adv:featureEvent"));
        let plain =
            render(line(), line().ceid(), &Setting::plain(always, false), &env, Forms::default()).expect("an event");
        let text = plain.standard().expect("a standard form");
        assert!(!text.contains("FORWARD_DN") && text.contains(">false<"), "{text}");
    }

    #[test]
    fn what_a_node_does_not_have_is_off_in_the_list() {
        let forward = |which, number: &str| Setting {
            feature: DeviceFeature::Forward(which),
            on: true,
            number: Some(number.into()),
        };
        let list = result(&[
            forward(Forwarding::NoAnswerExternal, "1001"),
            forward(Forwarding::BusyInternal, "1002"),
            Setting::plain(DeviceFeature::MessageWaiting, true),
        ]);
        let shown = |info: &Option<ForwardingInfo>| info.as_ref().map(|i| (i.dn.clone(), i.fwd_on));
        assert_eq!(shown(&list.cfna_ext), Some((Some("1001".into()), true)));
        assert_eq!(shown(&list.cf_busy_int), Some((Some("1002".into()), true)));
        assert!(list.cf_always.is_none() && list.cfna_int.is_none() && list.cf_busy_ext.is_none());
        assert!(list.result && list.msg_waiting_lamp && !list.dnd && !list.auto_answer);
    }
}
