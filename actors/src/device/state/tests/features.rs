//! What is known of the features: looked at, told when they change, held against the node's word after a loss.

use schemas::domain::{DeviceFeature, Dn, FeatureGroup, Forwarding, Presence, Setting};

use super::*;

const GROUPS: [FeatureGroup; 6] = FeatureGroup::ALL;

fn ask(group: FeatureGroup) -> Effect {
    Effect::Ask(Question::Features(own(), group))
}

fn every_question() -> Effects {
    GROUPS.map(ask).into()
}

/// What an armed device asks where features are watched.
fn armed_and_asked() -> Effects {
    std::iter::once(snapshot_wanted()).chain(every_question()).collect()
}

fn dnd(on: bool) -> Setting {
    Setting::plain(DeviceFeature::DoNotDisturb, on)
}

fn always(number: &str) -> Setting {
    let number = (!number.is_empty()).then(|| number.to_owned());
    Setting { feature: DeviceFeature::Forward(Forwarding::Always), on: number.is_some(), number }
}

/// What a phone without any feature set answers for a group; `set` is what is set.
fn answer(group: FeatureGroup, set: &[Setting]) -> Vec<Setting> {
    let features = match group {
        FeatureGroup::DoNotDisturb => vec![DeviceFeature::DoNotDisturb],
        FeatureGroup::AutoAnswer => vec![DeviceFeature::AutoAnswer],
        FeatureGroup::MessageWaiting => vec![DeviceFeature::MessageWaiting],
        FeatureGroup::HotDesk => vec![DeviceFeature::HotDeskUser],
        FeatureGroup::Presence => Vec::new(),
        FeatureGroup::Forwarding => Forwarding::ALL.map(DeviceFeature::Forward).into(),
    };
    let of = |feature| set.iter().find(|s| s.feature == feature).cloned().unwrap_or(Setting::plain(feature, false));
    features.into_iter().map(of).collect()
}

impl Bench {
    fn answers(&mut self, set: &[Setting]) -> Effects {
        GROUPS.into_iter().flat_map(|group| self.told(Told::Settings(group, Ok(answer(group, set))))).collect()
    }

    /// Somebody watches, and the features are known.
    fn watched(set: &[Setting]) -> Self {
        let mut bench = Self::armed();
        assert_eq!(bench.on(Input::WatchFeatures(true)), every_question());
        assert_eq!(bench.answers(set), [], "a monitor of features says nothing first");
        bench
    }
}

#[test]
fn what_the_node_tells_is_told_when_it_is_another_than_was_known() {
    let mut bench = Bench::watched(&[always("1001")]);
    for (setting, told) in [
        (dnd(false), false),
        (dnd(true), true),
        (dnd(true), false),
        (always("1001"), false),
        (always("1002"), true),
        (always(""), true),
        (always(""), false),
    ] {
        let expected: Effects = told.then(|| Effect::TellSetting(setting.clone())).into_iter().collect();
        assert_eq!(bench.told(Told::Changed(vec![setting])), expected);
    }
    let both = vec![dnd(false), always("1003")];
    let told: Effects = both.iter().cloned().map(Effect::TellSetting).collect();
    assert_eq!(bench.told(Told::Changed(both)), told, "a kind for callers from inside and outside");
}

#[test]
fn a_change_while_the_features_are_asked_for_is_told_and_the_group_asked_again() {
    let mut bench = Bench::armed();
    bench.on(Input::WatchFeatures(true));
    let changed = bench.told(Told::Changed(vec![dnd(true)]));
    assert_eq!(changed, [Effect::TellSetting(dnd(true))], "nothing was known");
    // An answer that may be older than the change: of a node that answers late.
    let late = Told::Settings(FeatureGroup::DoNotDisturb, Ok(vec![dnd(false)]));
    for _ in 0..policy::AUDITS_OVERTAKEN {
        assert_eq!(bench.told(late.clone()), [ask(FeatureGroup::DoNotDisturb)]);
        bench.told(Told::Changed(vec![dnd(true)]));
    }
    // So often and no more: the node says so again and again.
    assert_eq!(bench.told(late), [Effect::TellSetting(dnd(false))]);
}

#[test]
fn a_change_that_the_node_does_not_name_is_looked_for() {
    let mut bench = Bench::watched(&[]);
    assert_eq!(bench.told(Told::Changed(Vec::new())), every_question());
    assert_eq!(bench.told(Told::Changed(Vec::new())), [], "another look is wanted, after this one");
    let told = bench.answers(&[always("1001")]);
    assert_eq!(told[0], Effect::TellSetting(always("1001")));
    assert_eq!(told[1..], every_question());
    // Nobody would hear of it.
    let mut bench = Bench::armed();
    assert_eq!(bench.told(Told::Changed(Vec::new())), []);
}

#[test]
fn what_changed_while_the_node_was_away_is_told_after_its_return() {
    let mut bench = Bench::watched(&[always("1001")]);
    assert_eq!(bench.on(Input::LinkLost), []);
    assert_eq!(bench.told(Told::Changed(vec![dnd(true)])), [], "of a connection that is gone");
    bench.on(Input::Arm);
    let armed = bench.told(Told::Monitored(Ok(())));
    assert_eq!(armed, armed_and_asked());
    bench.snapshot(&[]);
    assert_eq!(bench.answers(&[dnd(true)]), [Effect::TellSetting(dnd(true)), Effect::TellSetting(always(""))]);
}

#[test]
fn without_anybody_who_watches_nothing_is_asked_and_nothing_kept_over_a_loss() {
    let mut bench = Bench::watched(&[always("1001")]);
    assert_eq!(bench.on(Input::WatchFeatures(false)), []);
    assert_eq!(bench.on(Input::AuditFeatures), []);
    bench.on(Input::LinkLost);
    assert_eq!(bench.restore(&[]).iter().filter(|e| matches!(e, Effect::Ask(Question::Features(..)))).count(), 0);
    assert_eq!(bench.on(Input::WatchFeatures(true)), every_question());
    assert_eq!(bench.answers(&[dnd(true)]), [], "who comes now hears nothing first");
}

#[test]
fn who_watches_before_the_node_is_there_is_served_when_it_is() {
    let mut bench = Bench::new();
    assert_eq!(bench.on(Input::WatchFeatures(true)), []);
    bench.on(Input::Arm);
    assert_eq!(bench.told(Told::Monitored(Ok(()))), armed_and_asked());
}

#[test]
fn a_lost_event_is_found_by_the_next_look() {
    let mut bench = Bench::watched(&[]);
    assert_eq!(bench.on(Input::AuditFeatures), every_question());
    assert_eq!(bench.answers(&[dnd(true)]), [Effect::TellSetting(dnd(true))]);
}

#[test]
fn how_the_features_are_set_is_asked_of_the_node_each_time() {
    let mut bench = Bench::armed();
    assert_eq!(bench.on(Input::LookAtFeatures(7)), every_question());
    assert_eq!(bench.on(Input::LookAtFeatures(8)), [], "after the look that is under way");
    let told = bench.answers(&[dnd(true)]);
    let Effect::Settings(7, Ok(first)) = &told[0] else { panic!("{told:?}") };
    assert_eq!((first.len(), first.contains(&dnd(true))), (9, true));
    assert_eq!(told[1..], every_question());
    let told = bench.answers(&[]);
    // Nobody watches, but what was known is another now: the actor has nobody to tell it to.
    let Some(Effect::Settings(8, Ok(second))) = told.last() else { panic!("{told:?}") };
    assert!(second.contains(&dnd(false)));
}

#[test]
fn a_node_that_has_some_features_tells_those_and_one_that_has_none_refuses() {
    let lacks = || refusal(RefusalKind::NotSupported);
    let mut bench = Bench::armed();
    bench.on(Input::LookAtFeatures(1));
    use FeatureGroup::{AutoAnswer, Forwarding, HotDesk, MessageWaiting, Presence};
    for group in [Forwarding, AutoAnswer, MessageWaiting, HotDesk, Presence] {
        assert_eq!(bench.told(Told::Settings(group, Err(lacks()))), []);
    }
    let told = bench.told(Told::Settings(FeatureGroup::DoNotDisturb, Ok(vec![dnd(true)])));
    assert_eq!(told, [Effect::Settings(1, Ok(vec![dnd(true)]))]);

    bench.on(Input::LookAtFeatures(2));
    let told: Effects = GROUPS.into_iter().flat_map(|g| bench.told(Told::Settings(g, Err(lacks())))).collect();
    assert_eq!(told, [Effect::Settings(2, Err(Refused::Node(lacks())))]);
}

#[test]
fn a_look_that_fails_says_why_and_is_taken_again_for_who_watches() {
    for (kind, again) in [
        (RefusalKind::NoAnswer, true),
        (RefusalKind::Resource, true),
        (RefusalKind::Privilege, false),
        (RefusalKind::Unknown, false),
    ] {
        let mut bench = Bench::watched(&[]);
        bench.on(Input::LookAtFeatures(1));
        for group in &GROUPS[..5] {
            bench.told(Told::Settings(*group, Ok(answer(*group, &[]))));
        }
        let told = bench.told(Told::Settings(GROUPS[5], Err(refusal(kind))));
        let answered = Effect::Settings(1, Err(Refused::Node(refusal(kind))));
        let expected = if again { vec![Effect::LookLater, answered] } else { vec![answered] };
        assert_eq!(told, expected, "{kind:?}");
    }
}

#[test]
fn who_asks_is_answered_when_the_link_is_down_or_goes() {
    let mut bench = Bench::new();
    assert_eq!(bench.on(Input::LookAtFeatures(1)), [Effect::Settings(1, Err(Refused::NotConnected))]);
    let mut bench = Bench::armed();
    bench.on(Input::LookAtFeatures(1));
    bench.on(Input::LookAtFeatures(2));
    let lost = |ticket| Effect::Settings(ticket, Err(Refused::LinkLost));
    assert_eq!(bench.on(Input::LinkLost), [lost(1), lost(2)]);
    assert_eq!(bench.told(Told::Settings(FeatureGroup::DoNotDisturb, Ok(vec![dnd(true)]))), []);
}

#[test]
fn the_next_life_knows_what_this_one_knew() {
    let known = Bench::watched(&[always("1001")]).state.settings().to_vec();
    let mut bench = Bench::new();
    bench.state.remember_settings(known);
    bench.on(Input::WatchFeatures(true));
    bench.on(Input::Arm);
    bench.told(Told::Monitored(Ok(())));
    bench.snapshot(&[]);
    assert_eq!(bench.answers(&[dnd(true)]), [Effect::TellSetting(dnd(true)), Effect::TellSetting(always(""))]);
}

#[test]
fn a_forward_that_cannot_be_is_refused_before_the_node_is_asked() {
    let forward = |on, number: &str| Action::Forward { which: Forwarding::Always, on, number: number.into() };
    let mut bench = Bench::armed();
    for (on, number, refused) in [
        (true, "1000", Refused::ForwardToItself),
        (true, "", Refused::BadNumber),
        (true, "anna", Refused::BadNumber),
        (false, "anna", Refused::BadNumber),
        (true, &"1".repeat(33), Refused::BadNumber),
    ] {
        let out = bench.on(Input::Perform(1, forward(on, number)));
        assert_eq!(out, [Effect::Answer(1, Err(refused))], "{on} {number}");
    }
    let asks = |number: Option<&str>| {
        let number = number.map(str::to_owned);
        let command = Command::Forward { device: own(), which: Forwarding::Always, number };
        Effect::Ask(Question::Perform(2, command))
    };
    for (on, number, expected) in [
        (true, "1001", Some("1001")),
        (true, "+16135551234", Some("+16135551234")),
        (false, "", None),
        (false, "1001", None),
        (false, "1000", None),
    ] {
        assert_eq!(bench.on(Input::Perform(2, forward(on, number))), [asks(expected)], "{on} {number}");
    }
    let dnd = Command::DoNotDisturb { device: own(), on: true };
    let out = bench.on(Input::Perform(3, Action::DoNotDisturb(true)));
    assert_eq!(out, [Effect::Ask(Question::Perform(3, dnd))]);
}

#[test]
fn a_call_that_is_forwarded_before_it_rings_is_told_with_a_leg_that_is_gone() {
    for (cause, why) in
        [(Cause::CallForwardImmediate, Why::DivertedAlwaysTo), (Cause::CallForwardBusy, Why::DivertedOnBusyTo)]
    {
        let mut bench = Bench::armed_with(&[talking("c0")]);
        let happening = |call: &str, subject: &str| Happening {
            cause,
            calling: party("2000"),
            called: party("1002"),
            local: Some(LocalState::Null),
            ..fact(Fact::Diverted, call, subject)
        };
        let out = bench.happens(happening(CALL, "1000"));
        assert_eq!(tells(&out), [(Type::CallDiverted, why, CallState::Idle)]);
        assert_eq!(out.len(), 1, "nothing was missed: {out:?}");
        let Effect::Tell(report) = &out[0] else { panic!("told") };
        let leg = report.leg.as_ref().expect("a leg");
        assert!(leg.gone && leg.calling == party("2000") && leg.called == party("1002"));
        assert_eq!(bench.state.legs.len(), 1, "the call that it is busy with stays");
        // Of a call that is not known and was left elsewhere, or after it rang, something was missed.
        assert_eq!(bench.happens(happening("c2", "1001")), [snapshot_wanted()]);
    }
    let mut bench = Bench::armed();
    let unanswered = Happening { cause: Cause::CallForwardNoAnswer, ..fact(Fact::Diverted, CALL, "1000") };
    assert_eq!(bench.happens(unanswered), [snapshot_wanted()]);
}

#[test]
fn a_hot_desk_login_and_logout_are_told_once_whoever_it_was_who_left() {
    let user = |on: bool, number: Option<&str>| Setting {
        feature: DeviceFeature::HotDeskUser,
        on,
        number: number.map(str::to_owned),
    };
    let mut bench = Bench::watched(&[]);
    for (setting, told) in [
        (user(true, Some("1900")), true),
        (user(true, Some("1900")), false),
        (user(false, Some("1900")), true),
        (user(false, None), false),
        (user(true, Some("1901")), true),
    ] {
        let out = bench.told(Told::Changed(vec![setting.clone()]));
        assert_eq!(out, if told { vec![Effect::TellSetting(setting)] } else { vec![] });
    }
}

#[test]
fn a_line_that_is_out_of_service_when_its_monitor_starts_says_so_first() {
    let mut bench = Bench::new();
    bench.on(Input::Arm);
    bench.told(Told::Monitored(Ok(())));
    assert_eq!(bench.happens(Happening::bare(Fact::OutOfService)), []);
    let out = bench.told(Told::Legs(Ok(vec![])));
    let greeted = Report::bare(Type::MonitorSet, Why::MonitorSet, CallState::OutOfService);
    assert_eq!(out, [Effect::Greet(vec![greeted])]);
    let back = bench.happens(Happening::bare(Fact::BackInService));
    assert_eq!(back, [Effect::Tell(Report::bare(Type::InService, Why::DeviceInService, CallState::Idle))]);
}

#[test]
fn an_audit_finds_that_service_changed_and_an_older_list_does_not() {
    let told = |kind, why, state| vec![Effect::Tell(Report::bare(kind, why, state))];
    let out = || told(Type::OutOfService, Why::DeviceOutOfService, CallState::OutOfService);
    let mut bench = Bench::armed();
    assert_eq!(bench.told(Told::Service(false)), [], "nobody asked");
    assert_eq!(bench.on(Input::Audit), [snapshot_wanted()]);
    assert_eq!(bench.told(Told::Service(false)), out());
    bench.told(Told::Legs(Ok(vec![])));
    bench.on(Input::Audit);
    assert_eq!(bench.told(Told::Service(false)), [], "as it was known");
    bench.told(Told::Legs(Ok(vec![])));
    bench.on(Input::Audit);
    assert_eq!(bench.told(Told::Service(true)), told(Type::InService, Why::DeviceInService, CallState::Idle));
    bench.told(Told::Legs(Ok(vec![])));
    // What was told since the list was made is newer.
    bench.on(Input::Audit);
    assert_eq!(bench.happens(Happening::bare(Fact::OutOfService)), out());
    assert_eq!(bench.told(Told::Service(true)), []);
}

#[test]
fn presence_in_groups_is_a_feature_that_a_node_may_be_asked_for() {
    let dn = |number: &str| number.parse::<Dn>().expect("a DN");
    let group = |on| Setting::plain(DeviceFeature::Group(dn("1005")), on);
    let changed =
        |member: &str, present| Told::PresenceChanged(Presence { group: dn("1005"), member: dn(member), present });
    let asked = |on| Told::Settings(FeatureGroup::Presence, Ok(vec![group(on)]));
    let mut bench = Bench::watched(&[]);
    assert_eq!(bench.told(changed("1000", false)), [Effect::TellSetting(group(false))]);
    assert_eq!(bench.told(changed("1000", false)), [], "once");
    assert_eq!(bench.told(changed("1001", false)), [], "another member's");
    // What was missed is found; and over a loss what is known is kept, to be held against what is true then.
    bench.on(Input::AuditFeatures);
    assert_eq!(bench.told(asked(true)), [Effect::TellSetting(group(true))]);
    bench.on(Input::LinkLost);
    assert_eq!(bench.state.settings().iter().filter(|s| **s == group(true)).count(), 1);
    // Of a node that cannot be asked nothing is kept: what is told next is news.
    let mut bench = Bench::armed();
    bench.on(Input::WatchFeatures(true));
    bench.told(Told::Settings(FeatureGroup::Presence, Err(refusal(RefusalKind::NotSupported))));
    assert_eq!(bench.told(changed("1000", false)), [Effect::TellSetting(group(false))]);
    bench.on(Input::LinkLost);
    assert!(!bench.state.settings().contains(&group(false)));
}
