//! Calls that ring for a group: at its members, at who calls it, and when they are handed on.

use schemas::domain::{Group, GroupKind};

use super::*;

const RINGS: &str = "g1";

fn group() -> Option<Box<Group>> {
    Some(Box::new(Group { device: DeviceRef::number("1005"), kind: Some(GroupKind::Personal) }))
}

fn rung(subject: &str, local: LocalState, cause: Cause) -> Happening {
    let (calling, called) = (party("2000"), party("1005"));
    Happening { local: Some(local), cause, calling, called, group: group(), ..fact(Fact::Delivered, RINGS, subject) }
}

#[test]
fn a_member_is_rung_and_another_answers() {
    let mut bench = Bench::armed_with(&[]);
    let out = bench.happens(rung("1000", LocalState::Alerting, Cause::MultipleAlerting));
    assert_eq!(tells(&out), [(Type::CallReceived, Why::CallDistributed, CallState::Received)]);
    let leg = bench.leg(RINGS);
    assert!(leg.member && leg.group == group());
    // Another member is rung no more: this one hears nothing of it.
    let cleared = |subject: &str, local| Happening {
        local: Some(local),
        cause: Cause::MultipleAlerting,
        ..fact(Fact::Cleared, RINGS, subject)
    };
    assert_eq!(bench.happens(cleared("1016", LocalState::Alerting)), []);
    let out = bench.happens(cleared("1000", LocalState::Null));
    assert_eq!(tells(&out), [(Type::CallClear, Why::MemberAnswered, CallState::Idle)]);
    assert!(bench.state.legs.is_empty());
}

#[test]
fn who_calls_a_group_hears_that_it_rings_and_who_answered() {
    let mut bench = Bench::armed_with(&[]);
    let out = bench.happens(rung("1005", LocalState::Connected, Cause::MultipleAlerting));
    assert_eq!(tells(&out), [(Type::CallDelivered, Why::Delivered, CallState::Delivered)]);
    assert!(!bench.leg(RINGS).member && bench.leg(RINGS).group == group());
    let answered = Happening { local: Some(LocalState::Connected), ..fact(Fact::Established, RINGS, "1015") };
    bench.happens(answered.clone());
    assert_eq!(bench.leg(RINGS).group, group());
    // What goes elsewhere is not the group's any more.
    let away = Happening { cause: Cause::Redirected, called: party("1001"), ..fact(Fact::Diverted, RINGS, "1005") };
    bench.happens(Happening { local: Some(LocalState::Connected), ..away });
    assert_eq!(bench.leg(RINGS).group, None);
}

#[test]
fn a_call_is_handed_on() {
    for (subject, local, fact_, told) in [
        ("1000", LocalState::Null, Fact::Diverted, (Type::CallDiverted, Why::RedirectedHandoff, CallState::Idle)),
        (
            "2000",
            LocalState::Connected,
            Fact::Diverted,
            (Type::CallDiverted, Why::RedirectedHandoff, CallState::Delivered),
        ),
        ("1000", LocalState::Alerting, Fact::Delivered, (Type::CallReceived, Why::HandoffPush, CallState::Received)),
        ("1005", LocalState::Connected, Fact::Delivered, (Type::CallDelivered, Why::Delivered, CallState::Delivered)),
    ] {
        let mut bench = Bench::armed_with(&[talking(CALL)]);
        let handed = Happening { local: Some(local), cause: Cause::Handoff, ..fact(fact_, CALL, subject) };
        assert_eq!(tells(&bench.happens(handed)), [told], "{subject} {local:?}");
    }
}
