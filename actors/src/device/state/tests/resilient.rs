//! A device with two nodes: which of them serves it, what is told of that, and how its calls are known again.

use super::*;
use crate::device::state::Side;

/// Monitored at both nodes and served by the primary.
fn guarded() -> Bench {
    let mut bench = Bench::armed();
    bench.on(Input::ArmStandby { begins: true });
    bench.standby(Told::Monitored(Ok(())));
    bench.standby(service(false));
    bench.standby(Told::Legs(Ok(vec![])));
    assert_eq!(bench.state.active(), Side::Primary);
    bench
}

fn service(on: bool) -> Told {
    Told::Happened(fact(if on { Fact::BackInService } else { Fact::OutOfService }, CALL, "1000"))
}

impl Bench {
    fn standby(&mut self, told: Told) -> Effects {
        self.on(Input::StandbyTold(told))
    }

    fn lose(&mut self) -> Effects {
        let mut out = self.on(Input::LinkLost);
        out.extend(self.on(Input::LossTold));
        out
    }
}

fn of(call: &str, global: &str) -> LegSnapshot {
    LegSnapshot { global_call_id: Some(global.into()), ..talking(call) }
}

/// What is told, in brief.
fn briefly(effects: &Effects) -> Vec<(Type, Why, CallState, Option<u64>)> {
    let told = effects.iter().filter_map(|effect| match effect {
        Effect::Tell(report) => {
            let leg = report.leg.as_ref().map(|leg| u64::try_from(leg.id.as_long()).expect("positive"));
            Some((report.kind, report.why, report.state, leg))
        }
        _ => None,
    });
    told.collect()
}

#[test]
fn nothing_follows_a_loss_before_it_is_told() {
    let mut bench = guarded();
    assert_eq!(bench.on(Input::LinkLost), []);
    assert_eq!(bench.standby(service(true)), []);
    assert_eq!(bench.state.active(), Side::Primary);
    assert_eq!(bench.on(Input::LossTold), [snapshot_wanted()]);
    assert_eq!(bench.state.active(), Side::Secondary);
    assert_eq!(briefly(&bench.snapshot(&[])), [(Type::InService, Why::DeviceInService, CallState::Idle, None)]);
}

#[test]
fn calls_are_known_again_by_their_global_call_id_and_by_nothing_else() {
    let mut bench = guarded();
    bench.on(Input::Audit);
    bench.snapshot(&[of("a", "A0010001"), of("b", "A0010002"), talking("c")]);
    let ids: Vec<u64> = bench.state.legs.iter().map(|l| u64::try_from(l.id.as_long()).expect("positive")).collect();
    bench.lose();
    bench.standby(service(true));
    // The second node has call ids of its own: one of them is, by chance, one of the first's.
    let told = briefly(&bench.snapshot(&[of("c", "A0010001"), of("x", "A0020009")]));
    let back = |leg| (Type::InService, Why::DeviceInService, CallState::Established, Some(leg));
    let fresh = u64::try_from(bench.leg("x").id.as_long()).expect("positive");
    assert!(!ids.contains(&fresh));
    let gone = |leg| (Type::CallClear, Why::OtherDeviceCleared, CallState::Idle, Some(leg));
    assert_eq!(told[..2], [back(ids[0]), back(fresh)]);
    assert_eq!(told[told.len() - 2..], [gone(ids[1]), gone(ids[2])]);
    assert_eq!(u64::try_from(bench.leg("c").id.as_long()), Ok(ids[0]));

    // Home again, with the same call under yet another id.
    bench.on(Input::ArmStandby { begins: false });
    bench.standby(Told::Monitored(Ok(())));
    bench.standby(Told::Legs(Ok(vec![])));
    bench.told(service(false));
    assert_eq!(bench.state.active(), Side::Primary);
    let told = briefly(&bench.snapshot(&[of("d", "A0010001")]));
    let home = (Type::ResilientDevice, Why::ControllerCommsRestored, CallState::Established, Some(ids[0]));
    assert_eq!(told, [home, gone(fresh)]);
}

#[test]
fn what_the_other_node_tells_is_not_told_and_its_answers_answer_nothing() {
    let mut bench = guarded();
    let rings = fact(Fact::Delivered, CALL, "1000");
    for told in [
        Told::Happened(rings),
        Told::Legs(Ok(vec![talking("z")])),
        Told::Changed(vec![Setting::plain(schemas::domain::DeviceFeature::DoNotDisturb, true)]),
        Told::Monitored(Ok(())),
    ] {
        assert_eq!(bench.standby(told), []);
    }
    assert!(bench.state.legs.is_empty());
}

#[test]
fn commands_that_wait_when_a_device_moves_are_answered() {
    let mut bench = guarded();
    bench.on(Input::Perform(7, Action::DoNotDisturb(true)));
    // What the first node has still under way comes before that.
    assert_eq!(bench.standby(service(true)), [Effect::HandOverLater]);
    assert_eq!(bench.state.active(), Side::Primary);
    let out = bench.on(Input::HandOverDue);
    assert_eq!(bench.state.active(), Side::Secondary, "the newest word");
    assert!(out.contains(&Effect::Answer(7, Err(Refused::LinkLost))), "{out:?}");
    let out = bench.on(Input::Perform(8, Action::DoNotDisturb(true)));
    assert!(matches!(out.as_slice(), [Effect::Ask(Question::Perform(8, _))]), "{out:?}");
}

#[test]
fn the_other_monitor_is_news_when_the_device_stood_without_it() {
    let secondary =
        |why| Report { spoken_by: Some(Side::Secondary), ..Report::bare(Type::ResilientDevice, why, CallState::Idle) };
    // Begun together: it goes without saying.
    let mut bench = Bench::new();
    bench.on(Input::Arm);
    bench.told(Told::Monitored(Ok(())));
    bench.snapshot(&[]);
    bench.on(Input::ArmStandby { begins: true });
    bench.standby(Told::Monitored(Ok(())));
    assert_eq!(bench.standby(Told::Legs(Ok(vec![]))), []);
    assert_eq!(bench.state.standby_lost(), Some(secondary(Why::SecondaryControllerCommsFailed)));
    assert_eq!(bench.state.standby_lost(), None, "once");
    bench.on(Input::ArmStandby { begins: false });
    bench.standby(Told::Monitored(Ok(())));
    let armed = Effect::Tell(secondary(Why::SecondaryMonitorSet));
    assert_eq!(bench.standby(Told::Legs(Ok(vec![]))), [armed]);
}

#[test]
fn a_refused_monitor_is_asked_for_again_only_where_that_may_help() {
    for (kind, again) in [
        (RefusalKind::Resource, true),
        (RefusalKind::NoAnswer, true),
        (RefusalKind::Privilege, false),
        (RefusalKind::Unknown, false),
    ] {
        let mut bench = Bench::armed();
        bench.on(Input::ArmStandby { begins: false });
        let out = bench.standby(Told::Monitored(Err(refusal(kind))));
        assert_eq!(out, if again { vec![Effect::RearmStandbyLater] } else { vec![] }, "{kind:?}");
        assert_eq!(bench.state.standby_lost(), None, "it never stood");
    }
}

#[test]
fn out_of_service_is_kept_back_only_while_another_node_may_take_the_device() {
    let out = Effect::Tell(Report::bare(Type::OutOfService, Why::DeviceOutOfService, CallState::OutOfService));
    let mut bench = Bench::armed();
    assert_eq!(bench.told(service(false)), [out]);
    let mut bench = guarded();
    assert_eq!(bench.told(service(false)), [Effect::HandOverLater]);
    let out = Effect::Tell(Report::bare(Type::OutOfService, Why::DeviceOutOfService, CallState::OutOfService));
    assert_eq!(bench.on(Input::HandOverDue), [out]);
    assert_eq!(bench.on(Input::HandOverDue), [], "once");
    // Let go after the other has taken it: it moves at once.
    let mut bench = guarded();
    bench.standby(service(true));
    assert_eq!(bench.told(service(false)), [Effect::HandOverLater, snapshot_wanted()]);
    assert_eq!(bench.state.active(), Side::Secondary);
    assert_eq!(bench.on(Input::HandOverDue), []);
    // Taken and let go again: it stays.
    let mut bench = guarded();
    bench.standby(service(true));
    bench.standby(service(false));
    assert_eq!(bench.on(Input::HandOverDue), []);
    assert_eq!(bench.state.active(), Side::Primary);
}
