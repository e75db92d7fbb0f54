//! Other lines of the object's number: in use, let go, and looked at.

use super::*;

/// What the line at button 2 does.
fn another(kind: Fact, call: &str) -> Happening {
    let device = DeviceRef { button: Some(2), ..DeviceRef::number("1000") };
    Happening { subject: Party::Known(device), local: Some(LocalState::Null), ..fact(kind, call, "1000") }
}

const USED: (Type, Why, CallState) = (Type::ExtensionInUse, Why::ExtensionInUse, CallState::ExtensionInUse);
const FREE: (Type, Why, CallState) = (Type::CallClear, Why::Cleared, CallState::Idle);

/// The question to the line at this button.
fn line(button: u8) -> Effect {
    Effect::Ask(Question::Line(DeviceRef { button: Some(button), ..own() }))
}

/// The lines of the number at these buttons.
fn lines(buttons: impl IntoIterator<Item = u8>) -> Vec<DeviceRef> {
    buttons.into_iter().map(|button| DeviceRef { button: Some(button).filter(|b| *b != 1), ..own() }).collect()
}

/// What is asked of the node besides what is told.
fn asks(out: Effects) -> Effects {
    out.into_iter().filter(|effect| matches!(effect, Effect::Ask(_))).collect()
}

impl Bench {
    /// Idle, with lines at these buttons beside the prime line; what the first look found is nothing.
    fn with_lines(lines: &[u8]) -> Self {
        let mut bench = Self::new();
        bench.on(Input::Arm);
        bench.told(Told::Monitored(Ok(())));
        bench.state.know_lines(self::lines(std::iter::once(1).chain(lines.iter().copied())));
        let asked: Vec<_> = lines.iter().map(|button| line(*button)).collect();
        assert_eq!(asks(bench.snapshot(&[])), asked);
        for button in lines {
            assert_eq!(bench.looked(*button, &[]), []);
        }
        bench
    }

    /// The same, where button 2 was told to be in use.
    fn in_use(lines: &[u8]) -> Self {
        let mut bench = Self::with_lines(lines);
        assert_eq!(tells(&bench.happens(another(Fact::ServiceInitiated, "c9"))), [USED]);
        bench
    }

    /// An audit of a line without a call.
    fn audited(&mut self) -> Effects {
        assert_eq!(self.on(Input::Audit), [snapshot_wanted()]);
        self.snapshot(&[])
    }

    fn looked(&mut self, button: u8, legs: &[LocalState]) -> Effects {
        let legs = legs.iter().map(|local| shown("c9", *local, None)).collect();
        self.told(Told::Line(DeviceRef { button: Some(button).filter(|b| *b != 1), ..own() }, Ok(legs)))
    }
}

#[test]
fn another_line_of_the_number_is_in_use_until_its_call_is_over() {
    let mut bench = Bench::armed();
    let out = bench.happens(another(Fact::ServiceInitiated, "c9"));
    assert_eq!(tells(&out), [(Type::ExtensionInUse, Why::ExtensionInUse, CallState::ExtensionInUse)]);
    assert_eq!(bench.state.status().state, CallState::ExtensionInUse);
    assert_eq!(bench.happens(another(Fact::Established, "c9")), [], "told once");
    let out = bench.happens(another(Fact::Cleared, "c9"));
    assert_eq!(tells(&out), [(Type::CallClear, Why::Cleared, CallState::Idle)]);
    assert!(bench.state.legs.is_empty(), "no leg is made of it");
}

#[test]
fn a_lost_word_about_another_line_does_not_keep_it_in_use() {
    // The end of the first use was lost: a node tells of one use at a time, so the next end is the end.
    let mut bench = Bench::armed();
    bench.happens(another(Fact::ServiceInitiated, "c8"));
    bench.happens(another(Fact::ServiceInitiated, "c9"));
    let out = bench.happens(another(Fact::Cleared, "c9"));
    assert_eq!(tells(&out), [(Type::CallClear, Why::Cleared, CallState::Idle)]);
    // The link was lost meanwhile: what it was is not known any more.
    bench.happens(another(Fact::ServiceInitiated, "c10"));
    bench.on(Input::LinkLost);
    bench.restore(&[]);
    assert_eq!(bench.state.status().state, CallState::Idle);
}

#[test]
fn a_look_tells_how_the_other_lines_are_once_it_is_whole() {
    use LocalState::{Alerting, Connected, Fail, Hold, Initiated, Null};
    for (locals, used) in [
        ([&[][..], &[]], false),
        ([&[Alerting], &[]], false),
        ([&[Null], &[Alerting]], false),
        ([&[Initiated], &[]], true),
        ([&[], &[Alerting, Connected]], true),
        ([&[Hold], &[]], true),
        ([&[], &[Fail]], true),
    ] {
        // When a monitor begins, and when it is restored.
        for restored in [false, true] {
            let mut bench = Bench::with_lines(&[2, 3]);
            if restored {
                bench.on(Input::LinkLost);
                assert_eq!(asks(bench.restore(&[])), [line(2), line(3)]);
            } else {
                bench = Bench::new();
                bench.on(Input::Arm);
                bench.told(Told::Monitored(Ok(())));
                bench.state.know_lines(lines([1, 2, 3]));
                let out = bench.snapshot(&[]);
                assert_eq!(greets(&out), [vec![(Type::MonitorSet, Why::MonitorSet, CallState::Idle)]]);
                assert_eq!(asks(out), [line(2), line(3)]);
            }
            assert_eq!(bench.looked(3, locals[1]), [], "one is not all");
            let expected = if used { vec![USED] } else { vec![] };
            assert_eq!(tells(&bench.looked(2, locals[0])), expected, "{locals:?}");
            assert_eq!(bench.looked(2, &[Connected]), [], "an answer too many");
        }
        // By an audit, where one is believed to be in use.
        let mut bench = Bench::in_use(&[2, 3]);
        assert_eq!(bench.audited(), [line(2), line(3)]);
        assert_eq!(bench.looked(2, locals[0]), []);
        let expected = if used { vec![] } else { vec![FREE] };
        assert_eq!(tells(&bench.looked(3, locals[1])), expected, "{locals:?}");
        assert_eq!(bench.state.is_busy(), used);
        assert_eq!(asks(bench.audited()).is_empty(), !used, "asked only while one is in use");
    }
}

#[test]
fn an_audit_of_a_line_whose_others_are_free_asks_nobody_else() {
    let mut bench = Bench::with_lines(&[2, 3]);
    assert_eq!(bench.audited(), []);
    let mut bench = Bench::armed();
    assert_eq!(bench.audited(), [], "it has no other lines");
}

#[test]
fn a_line_that_only_a_fact_named_is_looked_at_too() {
    let mut bench = Bench::armed();
    bench.happens(another(Fact::ServiceInitiated, "c9"));
    assert_eq!(bench.audited(), [line(2)]);
    assert_eq!(tells(&bench.looked(2, &[])), [FREE]);
}

#[test]
fn an_appearance_asks_the_prime_line() {
    let device = DeviceRef { button: Some(2), ..own() };
    let mut bench = Bench { state: State::new(device, Vec::new()), legs: 0 };
    bench.on(Input::Arm);
    bench.told(Told::Monitored(Ok(())));
    bench.state.know_lines(lines([1, 2]));
    assert_eq!(asks(bench.snapshot(&[])), [Effect::Ask(Question::Line(own()))]);
    assert_eq!(tells(&bench.looked(1, &[LocalState::Connected])), [USED]);
}

#[test]
fn a_look_that_is_not_whole_or_was_overtaken_proves_nothing() {
    for kind in [RefusalKind::NoAnswer, RefusalKind::Unknown, RefusalKind::NotSupported] {
        let mut bench = Bench::in_use(&[2, 3]);
        bench.audited();
        bench.looked(2, &[]);
        assert_eq!(bench.told(Told::Line(DeviceRef { button: Some(3), ..own() }, Err(refusal(kind)))), [], "{kind:?}");
        assert!(bench.state.is_busy());
        // One that is seen in use is in use, whatever the others are.
        let mut bench = Bench::with_lines(&[2, 3]);
        bench.on(Input::LinkLost);
        bench.restore(&[]);
        bench.told(Told::Line(DeviceRef { button: Some(3), ..own() }, Err(refusal(kind))));
        assert_eq!(tells(&bench.looked(2, &[LocalState::Connected])), [USED], "{kind:?}");
    }
    // Let go and taken again while the answers were on their way.
    let mut bench = Bench::in_use(&[2, 3]);
    bench.audited();
    bench.looked(2, &[]);
    assert_eq!(tells(&bench.happens(another(Fact::Cleared, "c9"))), [FREE]);
    assert_eq!(tells(&bench.happens(another(Fact::ServiceInitiated, "c10"))), [USED]);
    assert_eq!(bench.looked(3, &[]), []);
    // Let go: an older answer does not take it into use again.
    let mut bench = Bench::with_lines(&[2, 3]);
    bench.on(Input::LinkLost);
    bench.restore(&[]);
    bench.looked(2, &[LocalState::Connected]);
    assert_eq!(bench.happens(another(Fact::Cleared, "c9")), []);
    assert_eq!(bench.looked(3, &[]), []);
    // The link is lost meanwhile.
    let mut bench = Bench::in_use(&[2, 3]);
    bench.audited();
    bench.on(Input::LinkLost);
    assert_eq!((bench.looked(2, &[]), bench.looked(3, &[])), (vec![], vec![]));
}

#[test]
fn a_line_with_a_call_of_its_own_is_told_of_others_when_that_is_over() {
    let talks_before = |used: LocalState| {
        let mut bench = Bench::with_lines(&[2]);
        bench.on(Input::LinkLost);
        assert_eq!(asks(bench.restore(&[talking("c1")])), [line(2)]);
        assert_eq!(tells(&bench.looked(2, &[used])), []);
        bench
    };
    for (now, told) in [(LocalState::Connected, vec![USED]), (LocalState::Null, vec![])] {
        let mut bench = talks_before(LocalState::Connected);
        let out = bench.happens(fact(Fact::Cleared, "c1", "2000"));
        assert_eq!(tells(&out), [(Type::CallClear, Why::OtherDeviceCleared, CallState::Idle)]);
        assert_eq!(asks(out), [line(2)]);
        assert_eq!(tells(&bench.looked(2, &[now])), told);
        // The next call that is over asks nobody.
        bench.happens(fact(Fact::Originated, "c2", "1000"));
        assert_eq!(asks(bench.happens(fact(Fact::Cleared, "c2", "1000"))), []);
    }
    // One that was free then is told of as it is taken.
    let mut bench = talks_before(LocalState::Alerting);
    assert_eq!(asks(bench.happens(fact(Fact::Cleared, "c1", "2000"))), []);
    // Another link, another look.
    let mut bench = talks_before(LocalState::Connected);
    bench.on(Input::LinkLost);
    assert_eq!(asks(bench.restore(&[])), [line(2)]);
    assert_eq!(bench.looked(2, &[]), []);
}

#[test]
fn of_a_set_with_too_many_lines_only_some_are_asked_and_none_is_told_to_be_free() {
    let many = u8::try_from(policy::DEVICE_LINES).expect("few") + 10;
    let mut bench = Bench::armed();
    bench.state.know_lines(lines(1..=many));
    bench.happens(another(Fact::ServiceInitiated, "c9"));
    let asked = bench.audited();
    assert_eq!(asked.len(), policy::DEVICE_LINES);
    for effect in asked {
        let Effect::Ask(Question::Line(device)) = effect else { panic!("{effect:?}") };
        assert_eq!(bench.looked(device.button.expect("not the prime line"), &[]), []);
    }
    assert!(bench.state.is_busy());
}

/// An appearance of 1600, at button 3 of 1012.
fn appearance(set: &str, button: u8) -> DeviceRef {
    DeviceRef { button: Some(button), set: Some(set.into()), ..DeviceRef::number("1600") }
}

fn elsewhere(kind: Fact, at: DeviceRef, call: &str) -> Happening {
    Happening { subject: Party::Known(at), local: Some(LocalState::Null), ..fact(kind, call, "1600") }
}

#[test]
fn an_appearance_of_a_key_line_asks_the_others_and_hears_of_them() {
    let device = DeviceRef { button: Some(3), ..DeviceRef::number("1012") };
    let mut bench = Bench { state: State::new(device.clone(), Vec::new()), legs: 0 };
    assert_eq!(bench.on(Input::Arm), [Effect::Ask(Question::Monitor(device))]);
    bench.told(Told::Monitored(Ok(())));
    bench.state.know_number("1600");
    let others = [appearance("1013", 3), appearance("1014", 2)];
    bench.state.know_lines(others.clone());
    let asked = others.clone().map(|other| Effect::Ask(Question::Line(other)));
    assert_eq!(asks(bench.snapshot(&[])), asked);
    assert_eq!(bench.told(Told::Line(others[0].clone(), Ok(Vec::new()))), []);
    let used = vec![shown("c9", LocalState::Hold, None)];
    assert_eq!(tells(&bench.told(Told::Line(others[1].clone(), Ok(used)))), [USED]);
    assert_eq!(bench.happens(elsewhere(Fact::ServiceInitiated, others[0].clone(), "c9")), [], "told once");
    assert_eq!(tells(&bench.happens(elsewhere(Fact::Cleared, others[0].clone(), "c9"))), [FREE]);
    // The same number at the same button of another set is not this one.
    let out = bench.happens(elsewhere(Fact::ServiceInitiated, appearance("1013", 3), "c10"));
    assert_eq!(tells(&out), [USED]);
    assert_eq!(bench.state.device, appearance("1012", 3));
}

#[test]
fn the_number_of_an_appearance_is_learnt_from_events_before_the_directory_is_there() {
    let armed = || {
        let device = DeviceRef { button: Some(3), ..DeviceRef::number("1012") };
        let mut bench = Bench { state: State::new(device, Vec::new()), legs: 0 };
        bench.on(Input::Arm);
        bench.told(Told::Monitored(Ok(())));
        bench.snapshot(&[]);
        bench
    };
    let mut bench = armed();
    let out = bench.happens(elsewhere(Fact::ServiceInitiated, appearance("1013", 2), "c9"));
    assert_eq!(tells(&out), [USED]);
    let mut bench = armed();
    let own = Happening { subject: Party::Known(appearance("1012", 3)), ..fact(Fact::Originated, "c1", "1600") };
    bench.happens(Happening { local: Some(LocalState::Connected), ..own });
    assert_eq!(bench.state.device, appearance("1012", 3));
}
