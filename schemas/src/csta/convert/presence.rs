//! Presence in groups, in a node's words and in the gateway's.

use crate::csta::message::{PrivateRequest, Request};
use crate::csta::presence::{PresenceMonitor, PresenceRequest, PresenceState};
use crate::domain::{DeviceFeature, Dn, Presence, Setting};

/// The request that begins a monitor of presence in every group; it needs [`PrivateFeature::Presence`].
///
/// [`PrivateFeature::Presence`]: crate::csta::message::PrivateFeature::Presence
#[must_use]
pub fn presence_request() -> Request {
    Request::Escape(PrivateRequest::Presence(PresenceRequest::Monitor))
}

/// The request that asks who is present; it needs [`PrivateFeature::PresenceState`].
///
/// [`PrivateFeature::PresenceState`]: crate::csta::message::PrivateFeature::PresenceState
#[must_use]
pub fn presence_state_request(member: Option<String>) -> Request {
    Request::Escape(PrivateRequest::Presence(PresenceRequest::State { member }))
}

/// In which groups a member is present, as features of it. What is no number is left out.
#[must_use]
pub fn presence_settings(states: &[PresenceState]) -> Vec<Setting> {
    let groups = states.iter().filter_map(presence);
    groups.map(|state| Setting::plain(DeviceFeature::Group(state.group), state.present)).collect()
}

/// What an event says; `None` where a number is none.
#[must_use]
pub fn presence(state: &PresenceState) -> Option<Presence> {
    Some(Presence { group: state.group.parse().ok()?, member: state.member.parse().ok()?, present: state.present })
}

/// Who is absent: group and member. What is no number is left out.
#[must_use]
pub fn absent(monitor: &PresenceMonitor) -> Vec<(Dn, Dn)> {
    monitor.absent.iter().filter_map(|(group, member)| Some((group.parse().ok()?, member.parse().ok()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_and_what_is_none_is_left_out() {
        let state = |group: &str| PresenceState { group: group.into(), member: "1015".into(), present: true };
        let dn = |text: &str| text.parse::<Dn>().expect("a DN");
        let told = Presence { group: dn("1005"), member: dn("1015"), present: true };
        assert_eq!(presence(&state("1005")), Some(told));
        assert_eq!(presence(&state("group")), None);
        let pair = |group: &str| (group.to_owned(), "1015".to_owned());
        let monitor = PresenceMonitor { cross_ref: "7".into(), absent: vec![pair("1005"), pair("")] };
        assert_eq!(absent(&monitor), [(dn("1005"), dn("1015"))]);
    }
}
