//! Features that are set at a device, in a node's words and in the gateway's.

use super::bare;
use crate::csta::message::{
    FeatureChange, FeatureRequest, FeatureResponse, ForwardItem, ForwardingType, HotDeskOf, HotDeskRequest,
    PrivateRequest, Request,
};
use crate::domain::{DeviceFeature, DeviceRef, FeatureGroup, Forwarding, Setting};

/// The service that asks how a group of features is set.
#[must_use]
pub fn feature_request(group: FeatureGroup, device: &DeviceRef) -> Request {
    let device = bare(device);
    Request::Feature(match group {
        FeatureGroup::HotDesk => {
            let asked = HotDeskRequest::State(HotDeskOf::Set(device.number));
            return Request::Escape(PrivateRequest::HotDesk(asked));
        }
        FeatureGroup::Presence => return super::presence_state_request(Some(device.number)),
        FeatureGroup::DoNotDisturb => FeatureRequest::GetDoNotDisturb { device },
        FeatureGroup::Forwarding => FeatureRequest::GetForwarding { device },
        FeatureGroup::AutoAnswer => FeatureRequest::GetAutoAnswer { device },
        FeatureGroup::MessageWaiting => FeatureRequest::GetMessageWaiting { device },
    })
}

/// The service that forwards calls to a number, or ends it.
pub(super) fn set_forwarding(device: &DeviceRef, which: Forwarding, number: Option<&String>) -> Request {
    Request::Feature(FeatureRequest::SetForwarding {
        device: bare(device),
        kind: Some(match which {
            Forwarding::Always => ForwardingType::Immediate,
            Forwarding::BusyInternal => ForwardingType::BusyInternal,
            Forwarding::BusyExternal => ForwardingType::BusyExternal,
            Forwarding::NoAnswerInternal => ForwardingType::NoAnswerInternal,
            Forwarding::NoAnswerExternal => ForwardingType::NoAnswerExternal,
        }),
        on: number.is_some(),
        number: number.cloned(),
    })
}

/// Every feature of a group as the answer shows it: a forwarding that is not listed is off. `None`
/// when it answers something else.
#[must_use]
pub fn settings(group: FeatureGroup, answer: &FeatureResponse) -> Option<Vec<Setting>> {
    let plain = |feature, on: bool| Some(vec![Setting::plain(feature, on)]);
    match (group, answer) {
        (FeatureGroup::DoNotDisturb, FeatureResponse::GetDoNotDisturb { on }) => {
            plain(DeviceFeature::DoNotDisturb, *on)
        }
        (FeatureGroup::AutoAnswer, FeatureResponse::GetAutoAnswer { on }) => plain(DeviceFeature::AutoAnswer, *on),
        (FeatureGroup::MessageWaiting, FeatureResponse::GetMessageWaiting { on }) => {
            plain(DeviceFeature::MessageWaiting, *on)
        }
        (FeatureGroup::Forwarding, FeatureResponse::GetForwarding { list }) => {
            let listed: Vec<Setting> = list.iter().flat_map(forwardings).collect();
            let setting = |which: Forwarding| {
                let feature = DeviceFeature::Forward(which);
                let of = |wanted: bool| listed.iter().find(|s| s.feature == feature && s.on == wanted).cloned();
                // Of several entries of one kind the one that is in force.
                of(true).or_else(|| of(false)).unwrap_or(Setting::plain(feature, false))
            };
            Some(Forwarding::ALL.into_iter().map(setting).collect())
        }
        _ => None,
    }
}

/// What an event says was set; nothing when it is about a kind that is not known, or leaves it out:
/// how the device is set has to be asked then.
#[must_use]
pub fn changes(change: &FeatureChange) -> Vec<Setting> {
    match change {
        FeatureChange::DoNotDisturb(on) => vec![Setting::plain(DeviceFeature::DoNotDisturb, *on)],
        FeatureChange::AutoAnswer(on) => vec![Setting::plain(DeviceFeature::AutoAnswer, *on)],
        FeatureChange::MessageWaiting(on) => vec![Setting::plain(DeviceFeature::MessageWaiting, *on)],
        FeatureChange::Forwarding(item) => forwardings(item).collect(),
    }
}

fn forwardings(item: &ForwardItem) -> impl Iterator<Item = Setting> {
    use Forwarding::{Always, BusyExternal, BusyInternal, NoAnswerExternal, NoAnswerInternal};
    let which: &[Forwarding] = match item.kind {
        None => &[],
        Some(ForwardingType::Immediate) => &[Always],
        Some(ForwardingType::Busy) => &[BusyInternal, BusyExternal],
        Some(ForwardingType::BusyInternal) => &[BusyInternal],
        Some(ForwardingType::BusyExternal) => &[BusyExternal],
        Some(ForwardingType::NoAnswer) => &[NoAnswerInternal, NoAnswerExternal],
        Some(ForwardingType::NoAnswerInternal) => &[NoAnswerInternal],
        Some(ForwardingType::NoAnswerExternal) => &[NoAnswerExternal],
    };
    let (on, number) = (item.on, item.number.clone());
    which.iter().map(move |which| Setting { feature: DeviceFeature::Forward(*which), on, number: number.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(kind: ForwardingType, on: bool, number: &str) -> ForwardItem {
        ForwardItem { kind: Some(kind), on, number: (!number.is_empty()).then(|| number.to_owned()) }
    }

    fn set(which: Forwarding, on: bool, number: &str) -> Setting {
        let number = (!number.is_empty()).then(|| number.to_owned());
        Setting { feature: DeviceFeature::Forward(which), on, number }
    }

    #[test]
    fn every_kind_of_forwarding_goes_to_a_node_and_comes_back() {
        for which in Forwarding::ALL {
            for number in [Some("1001".to_owned()), None] {
                let request = set_forwarding(&DeviceRef::number("1000"), which, number.as_ref());
                let Request::Feature(FeatureRequest::SetForwarding { kind, on, number: to, .. }) = request else {
                    panic!("{request:?}")
                };
                assert_eq!((on, &to), (number.is_some(), &number));
                let told = changes(&FeatureChange::Forwarding(ForwardItem { kind, on, number: to }));
                assert_eq!(told, [set(which, number.is_some(), number.as_deref().unwrap_or_default())]);
            }
        }
    }

    #[test]
    fn a_kind_for_callers_from_inside_and_outside_is_both_and_what_is_not_listed_is_off() {
        let list = vec![
            item(ForwardingType::Busy, true, "1002"),
            item(ForwardingType::NoAnswerExternal, false, "1003"),
            item(ForwardingType::NoAnswerExternal, true, "1004"),
            ForwardItem { kind: None, on: true, number: Some("1005".into()) },
        ];
        let settings = settings(FeatureGroup::Forwarding, &FeatureResponse::GetForwarding { list });
        assert_eq!(
            settings.expect("it answers this"),
            [
                set(Forwarding::Always, false, ""),
                set(Forwarding::BusyInternal, true, "1002"),
                set(Forwarding::BusyExternal, true, "1002"),
                set(Forwarding::NoAnswerInternal, false, ""),
                set(Forwarding::NoAnswerExternal, true, "1004"),
            ]
        );
    }

    #[test]
    fn an_event_of_a_kind_that_is_not_known_says_nothing_by_itself() {
        let unknown = ForwardItem { kind: None, on: true, number: Some("1001".into()) };
        assert!(changes(&FeatureChange::Forwarding(unknown)).is_empty());
        for (change, feature) in [
            (FeatureChange::DoNotDisturb(true), DeviceFeature::DoNotDisturb),
            (FeatureChange::AutoAnswer(true), DeviceFeature::AutoAnswer),
            (FeatureChange::MessageWaiting(true), DeviceFeature::MessageWaiting),
        ] {
            assert_eq!(changes(&change), [Setting::plain(feature, true)]);
        }
    }

    #[test]
    fn an_answer_to_another_question_is_none() {
        for group in FeatureGroup::ALL {
            let request = feature_request(group, &DeviceRef { button: Some(2), ..DeviceRef::number("1000") });
            assert_eq!(matches!(request, Request::Feature(_)), !group.is_private());
            assert_eq!(settings(group, &FeatureResponse::SetForwarding), None);
        }
        let answer = FeatureResponse::GetMessageWaiting { on: true };
        assert_eq!(settings(FeatureGroup::AutoAnswer, &answer), None);
        let set = settings(FeatureGroup::MessageWaiting, &answer).expect("it answers this");
        assert_eq!(set, [Setting::plain(DeviceFeature::MessageWaiting, true)]);
        assert_eq!(FeatureGroup::of(set[0].feature), FeatureGroup::MessageWaiting);
    }
}
