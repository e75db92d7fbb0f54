//! The decisions of a `Device`, input by input: the contract's rows, monitors, snapshots, commands.

use schemas::contract::cc::{CallEventType, EventCauseType};
use schemas::domain::{Cause, Command, Feature, Features, LegSnapshot};

use super::*;
use crate::device::messages::known_leg;
use crate::device::table::ROWS;
use crate::node::messages::CallDetails;

mod features;
mod group;
mod joined;
mod lines;
mod resilient;
mod waiting;

const CALL: &str = "c1";

struct Bench {
    state: State,
    legs: u64,
}

impl Bench {
    fn new() -> Self {
        Self::remembering(&[])
    }

    /// The next life of a device whose last one knew these calls.
    fn remembering(calls: &[(&str, u64)]) -> Self {
        let calls = calls.iter().map(|(call, id)| known_leg(call, *id)).collect();
        Self { state: State::new(DeviceRef::number("1000"), calls), legs: 100 }
    }

    /// Monitored, without a call, and told so.
    fn armed() -> Self {
        Self::armed_with(&[])
    }

    fn armed_with(legs: &[LegSnapshot]) -> Self {
        let mut bench = Self::new();
        bench.on(Input::Arm);
        bench.told(Told::Monitored(Ok(())));
        bench.snapshot(legs);
        bench
    }

    fn on(&mut self, input: Input) -> Effects {
        let mut out = Effects::new();
        let legs = &mut self.legs;
        let mut next = || {
            *legs += 1;
            LegId::new(*legs)
        };
        self.state.on(input, &mut next, &mut out);
        out
    }

    fn told(&mut self, told: Told) -> Effects {
        self.on(Input::Told(told))
    }

    fn happens(&mut self, happening: Happening) -> Effects {
        self.told(Told::Happened(happening))
    }

    /// Answers a snapshot that was asked for, with the parties of every call.
    fn snapshot(&mut self, legs: &[LegSnapshot]) -> Effects {
        let mut out = self.told(Told::Legs(Ok(legs.to_vec())));
        while let Some(call) = self.state.snapshot.as_ref().and_then(|s| s.asked.first().cloned()) {
            let details = CallDetails { calling: party("1000"), called: party("2000"), ..CallDetails::default() };
            out.extend(self.told(Told::Details(call, Ok(details))));
        }
        out.retain(|effect| !matches!(effect, Effect::Ask(Question::Details(..))));
        out
    }

    fn restore(&mut self, legs: &[LegSnapshot]) -> Effects {
        assert_eq!(self.on(Input::Arm), [Effect::Ask(Question::Monitor(own()))]);
        assert_eq!(self.told(Told::Monitored(Ok(()))), [snapshot_wanted()]);
        self.snapshot(legs)
    }

    fn leg(&self, call: &str) -> &Leg {
        self.state.legs.iter().find(|l| l.call.as_str() == call).expect("a known leg")
    }
}

fn own() -> DeviceRef {
    DeviceRef::number("1000")
}

fn party(number: &str) -> Party {
    Party::Known(DeviceRef::number(number))
}

fn snapshot_wanted() -> Effect {
    Effect::Ask(Question::Legs(own()))
}

fn refusal(kind: RefusalKind) -> NodeRefusal {
    NodeRefusal { kind, text: "No.".into() }
}

fn shown(call: &str, local: LocalState, far: Option<LocalState>) -> LegSnapshot {
    LegSnapshot {
        call: call.into(),
        local,
        far,
        others: usize::from(far.is_some()),
        parties: Vec::new(),
        calling: Party::NotKnown,
        called: Party::NotKnown,
        permitted: None,
        global_call_id: None,
    }
}

fn talking(call: &str) -> LegSnapshot {
    shown(call, LocalState::Connected, Some(LocalState::Connected))
}

fn ringing(call: &str) -> LegSnapshot {
    shown(call, LocalState::Alerting, Some(LocalState::Connected))
}

fn fact(fact: Fact, call: &str, subject: &str) -> Happening {
    Happening { call: Some(call.into()), subject: party(subject), ..Happening::bare(fact) }
}

/// Told to watchers who know the state: type, cause, state.
fn tells(out: &Effects) -> Vec<(Type, Why, CallState)> {
    out.iter()
        .filter_map(|effect| match effect {
            Effect::Tell(report) => Some((report.kind, report.why, report.state)),
            _ => None,
        })
        .collect()
}

fn greets(out: &Effects) -> Vec<Vec<(Type, Why, CallState)>> {
    out.iter()
        .filter_map(|effect| match effect {
            Effect::Greet(reports) => Some(reports.iter().map(|r| (r.kind, r.why, r.state)).collect()),
            _ => None,
        })
        .collect()
}

fn told_legs(out: &Effects) -> Vec<u64> {
    out.iter()
        .filter_map(|effect| match effect {
            Effect::Tell(report) => report.leg.as_ref().map(|l| l.id.get()),
            _ => None,
        })
        .collect()
}

/// The local state that goes with a leg's, so that nothing contradicts itself.
fn local(state: LegState) -> LocalState {
    match state {
        LegState::Initiated => LocalState::Initiated,
        LegState::Originated | LegState::Delivered | LegState::Established => LocalState::Connected,
        LegState::Received => LocalState::Alerting,
        LegState::Held => LocalState::Hold,
        LegState::Queued | LegState::Waiting => LocalState::Queued,
        LegState::Failed => LocalState::Fail,
    }
}

#[test]
fn every_row_of_the_contract_is_told_with_its_type_cause_and_state() {
    for (i, row) in ROWS.iter().enumerate() {
        let parts: &[Part] = if row.part == Part::Any { &[Part::Acts, Part::Other] } else { &[row.part] };
        let causes = if row.causes.is_empty() { &[Cause::Other][..] } else { row.causes };
        for (part, cause) in parts.iter().flat_map(|p| causes.iter().map(move |c| (*p, *c))) {
            let mut bench = Bench::armed_with(&[talking(CALL)]);
            let id = bench.leg(CALL).id;
            let (state, gone) = match row.after {
                After::Is(state) => (state.shown(), false),
                After::AsItIs => (CallState::Established, false),
                After::Gone => (CallState::Idle, true),
            };
            let local = match row.after {
                After::Is(state) => local(state),
                After::AsItIs => LocalState::Connected,
                After::Gone => LocalState::Null,
            };
            let subject = if part == Part::Acts { "1000" } else { "2000" };
            let happening = Happening { cause, local: Some(local), ..fact(row.fact, CALL, subject) };
            let out = bench.happens(happening);
            assert_eq!(tells(&out), [(row.kind, row.why, state)], "row {i}, {part:?}, {cause:?}");
            assert_eq!(told_legs(&out), [id.get()], "row {i}");
            assert_eq!(out.len(), 1, "row {i} fits, so that no snapshot is wanted: {out:?}");
            let Effect::Tell(report) = &out[0] else { panic!("row {i}: told") };
            assert_eq!(report.leg.as_ref().is_some_and(|l| l.gone), gone, "row {i}");
            assert_eq!(bench.state.legs.is_empty(), gone, "row {i}");
        }
    }
}

/// What others do while D holds, or is rung, says nothing of D's own leg.
#[test]
fn who_holds_goes_on_holding_and_who_is_rung_is_not_thought_to_have_answered() {
    use LocalState::{Alerting, Hold};
    let happens = |of, local, cause| Happening { cause, local: Some(local), ..fact(of, CALL, "2000") };
    for (leg, happening, expected) in [
        (Hold, happens(Fact::Established, Hold, Cause::Other), (Type::CallEstablished, Why::Answered, CallState::Held)),
        (
            Hold,
            happens(Fact::Delivered, Hold, Cause::Redirected),
            (Type::CallDelivered, Why::Delivered, CallState::Held),
        ),
        (
            Hold,
            happens(Fact::Diverted, Hold, Cause::Redirected),
            (Type::CallDiverted, Why::RedirectedTo, CallState::Held),
        ),
        (Hold, happens(Fact::Held, Hold, Cause::Other), (Type::CallHeld, Why::HardHold, CallState::Held)),
        (Alerting, happens(Fact::Held, Alerting, Cause::Other), (Type::CallHeld, Why::HardHold, CallState::Received)),
        (
            Alerting,
            happens(Fact::Retrieved, Alerting, Cause::Other),
            (Type::CallRetrieved, Why::Retrieve, CallState::Received),
        ),
    ] {
        let mut bench = Bench::armed_with(&[shown(CALL, leg, Some(LocalState::Connected))]);
        let out = bench.happens(happening.clone());
        assert_eq!(tells(&out), [expected], "{happening:?}");
        assert_eq!(out.len(), 1, "it fits, so that no snapshot is wanted: {happening:?}");
    }
}

#[test]
fn who_takes_back_a_call_that_still_rings_waits_on() {
    let mut bench = Bench::armed_with(&[shown(CALL, LocalState::Hold, Some(LocalState::Connected))]);
    bench.happens(Happening { local: Some(LocalState::Hold), ..fact(Fact::Delivered, CALL, "2000") });
    let retrieved = Happening { local: Some(LocalState::Connected), ..fact(Fact::Retrieved, CALL, "1000") };
    let out = bench.happens(retrieved);
    assert_eq!(tells(&out), [(Type::CallRetrieved, Why::RetrieveInvoked, CallState::Delivered)]);
    let answered = Happening { local: Some(LocalState::Connected), ..fact(Fact::Established, CALL, "2000") };
    let out = bench.happens(answered);
    assert_eq!(tells(&out), [(Type::CallEstablished, Why::Answered, CallState::Established)]);
}

#[test]
fn who_holds_was_answered_even_when_that_was_missed() {
    let mut bench = Bench::armed();
    bench.happens(Happening { local: Some(LocalState::Connected), ..fact(Fact::Delivered, CALL, "2000") });
    bench.happens(Happening { local: Some(LocalState::Hold), ..fact(Fact::Held, CALL, "1000") });
    let retrieved = Happening { local: Some(LocalState::Connected), ..fact(Fact::Retrieved, CALL, "1000") };
    let out = bench.happens(retrieved);
    assert_eq!(tells(&out), [(Type::CallRetrieved, Why::RetrieveInvoked, CallState::Established)]);
}

#[test]
fn how_a_party_was_held_is_told_when_it_leaves_whatever_was_told_between() {
    for (cause, why) in [(Cause::Consultation, Why::ConsHeldPartyDropped), (Cause::Other, Why::HardHeldPartyDropped)] {
        let mut bench = Bench::armed_with(&[talking(CALL)]);
        bench.happens(Happening { cause, local: Some(LocalState::Hold), ..fact(Fact::Held, CALL, "1000") });
        bench.happens(Happening { local: Some(LocalState::Hold), ..fact(Fact::Held, CALL, "2000") });
        let out = bench.happens(Happening { local: Some(LocalState::Null), ..fact(Fact::Cleared, CALL, "2000") });
        let clear = (Type::CallClear, Why::OtherDeviceCleared, CallState::Idle);
        assert_eq!(tells(&out), [(Type::DeviceDropped, why, CallState::Held), clear], "{cause:?}");
    }
}

#[test]
fn dial_tone_is_kept_as_state_and_told_to_nobody() {
    let mut bench = Bench::armed();
    let happening = Happening { local: Some(LocalState::Initiated), ..fact(Fact::ServiceInitiated, CALL, "1000") };
    assert_eq!(bench.happens(happening), []);
    assert_eq!(bench.state.status().state, CallState::Originated);
}

#[test]
fn a_device_that_goes_out_of_service_at_its_node_is_told() {
    let mut bench = Bench::armed();
    let out = bench.happens(Happening::bare(Fact::OutOfService));
    assert_eq!(tells(&out), [(Type::OutOfService, Why::DeviceOutOfService, CallState::OutOfService)]);
    let out = bench.happens(Happening::bare(Fact::BackInService));
    assert_eq!(tells(&out), [(Type::InService, Why::DeviceInService, CallState::Idle)]);
}

#[test]
fn whether_the_device_alerts_is_judged_by_its_own_state_before_the_names() {
    let mut bench = Bench::armed();
    // The alerting device is told as the group's pilot, yet D's connection alerts.
    let happening = Happening { local: Some(LocalState::Alerting), ..fact(Fact::Delivered, CALL, "7000") };
    assert_eq!(tells(&bench.happens(happening)), [(Type::CallReceived, Why::NewCall, CallState::Received)]);
}

const SET: (Type, Why, CallState) = (Type::MonitorSet, Why::MonitorSet, CallState::Idle);

#[test]
fn the_first_event_is_monitor_set_once_for_each_leg() {
    let mut bench = Bench::new();
    assert_eq!(bench.on(Input::Arm), [Effect::Ask(Question::Monitor(own()))]);
    assert_eq!(bench.state.greeting(), None, "told when the snapshot is there");
    assert_eq!(bench.told(Told::Monitored(Ok(()))), [snapshot_wanted()]);
    assert_eq!(bench.state.greeting(), None);
    let out = bench.snapshot(&[]);
    assert_eq!(greets(&out), [[SET]]);
    assert_eq!(tells(&out), []);

    let mut bench = Bench::new();
    bench.on(Input::Arm);
    bench.told(Told::Monitored(Ok(())));
    let out =
        bench.snapshot(&[shown("c1", LocalState::Hold, None), talking("c2"), shown("c3", LocalState::Null, None)]);
    let expected = [
        (Type::MonitorSet, Why::MonitorSet, CallState::Held),
        (Type::MonitorSet, Why::MonitorSet, CallState::Established),
    ];
    assert_eq!(greets(&out), [expected]);
    let late = bench.state.greeting().expect("the state is known");
    assert_eq!(late.iter().map(|r| (r.kind, r.why, r.state)).collect::<Vec<_>>(), expected, "a later watcher, too");
}

#[test]
fn a_snapshot_shows_the_state_of_each_leg() {
    use LocalState::{Alerting, Connected, Fail, Hold, Initiated, Null, Queued};
    for (local, far, state) in [
        (Initiated, None, CallState::Originated),
        (Connected, Some(Null), CallState::Originated),
        (Connected, Some(Alerting), CallState::Delivered),
        (Alerting, Some(Connected), CallState::Received),
        (Connected, Some(Connected), CallState::Established),
        (Connected, Some(Hold), CallState::Established),
        (Connected, None, CallState::Established),
        (Hold, Some(Connected), CallState::Held),
        (Queued, None, CallState::Queued),
        (Connected, Some(Queued), CallState::Queued),
        (Fail, None, CallState::Failed),
        (Connected, Some(Fail), CallState::Failed),
    ] {
        let bench = Bench::armed_with(&[shown(CALL, local, far)]);
        assert_eq!(bench.state.status().state, state, "{local:?} {far:?}");
    }
}

#[test]
fn a_refused_monitor_is_told_once_however_often_it_is_tried_again() {
    for (kind, why, tried_again) in [
        (RefusalKind::Privilege, Why::PrivilegeViolation, false),
        (RefusalKind::Unknown, Why::DestinationUnavailable, false),
        (RefusalKind::Resource, Why::DestinationUnavailable, true),
        (RefusalKind::NoAnswer, Why::DestinationUnavailable, true),
    ] {
        let mut bench = Bench::new();
        let failed = (Type::MonitorFailedEvent, why, CallState::Unavailable);
        for turn in 0..3 {
            let input = if turn == 0 { Input::Arm } else { Input::Rearm };
            assert_eq!(bench.on(input), [Effect::Ask(Question::Monitor(own()))]);
            let out = bench.told(Told::Monitored(Err(refusal(kind))));
            assert_eq!(tells(&out), if turn == 0 { vec![failed] } else { vec![] }, "{kind:?}, turn {turn}");
            assert_eq!(greets(&out), [[failed]], "whoever came meanwhile hears it");
            assert_eq!(out.contains(&Effect::RearmLater), tried_again, "{kind:?}");
        }
        bench.on(Input::Rearm);
        bench.told(Told::Monitored(Ok(())));
        let out = bench.snapshot(&[]);
        assert_eq!(tells(&out), [(Type::MonitorSet, Why::ControllerCommsRestored, CallState::Idle)]);
    }
}

#[test]
fn a_monitor_refused_again_after_the_node_was_lost_is_told_again() {
    let mut bench = Bench::new();
    bench.on(Input::Arm);
    bench.told(Told::Monitored(Err(refusal(RefusalKind::Privilege))));
    bench.on(Input::LinkLost);
    bench.on(Input::Arm);
    let out = bench.told(Told::Monitored(Err(refusal(RefusalKind::Privilege))));
    assert_eq!(tells(&out), [(Type::MonitorFailedEvent, Why::PrivilegeViolation, CallState::Unavailable)]);
}

#[test]
fn a_monitor_that_the_node_ends_is_told_once_and_tried_again() {
    let mut bench = Bench::armed_with(&[talking(CALL)]);
    let failed = (Type::MonitorFailedEvent, Why::DestinationUnavailable, CallState::Unavailable);
    let out = bench.told(Told::MonitorEnded);
    assert_eq!(tells(&out), [failed]);
    assert_eq!(greets(&out), [[failed]]);
    assert!(out.contains(&Effect::RearmLater));
    bench.on(Input::Rearm);
    let out = bench.told(Told::Monitored(Err(refusal(RefusalKind::Resource))));
    assert_eq!(tells(&out), [], "they know");
    bench.on(Input::Rearm);
    bench.told(Told::Monitored(Ok(())));
    let out = bench.snapshot(&[talking(CALL)]);
    assert_eq!(tells(&out), [(Type::MonitorSet, Why::ControllerCommsRestored, CallState::Established)]);
}

#[test]
fn an_object_of_a_node_that_is_down_is_unavailable_and_out_of_service_and_later_restored() {
    let mut bench = Bench::new();
    let reports = bench.state.greeting().expect("told at once");
    let told: Vec<_> = reports.iter().map(|r| (r.kind, r.why, r.state)).collect();
    assert_eq!(
        told,
        [
            (Type::MonitorSet, Why::MonitorSet, CallState::Unavailable),
            (Type::OutOfService, Why::ControllerCommsFailed, CallState::OutOfService)
        ]
    );
    assert_eq!(bench.state.status().state, CallState::Unavailable);
    let out = bench.restore(&[]);
    assert_eq!(tells(&out), [(Type::MonitorSet, Why::ControllerCommsRestored, CallState::Idle)]);
}

#[test]
fn after_a_return_what_the_snapshot_shows_as_changed_is_told_after_monitor_set() {
    let mut bench = Bench::armed_with(&[ringing("same"), ringing("answered"), talking("vanished")]);
    let ids: Vec<u64> = ["same", "answered", "vanished"].iter().map(|c| bench.leg(c).id.get()).collect();
    bench.on(Input::LinkLost);
    assert_eq!(bench.state.status().state, CallState::Unavailable, "nothing is told as known while it is not");
    let out = bench.restore(&[ringing("same"), talking("answered"), shown("new", LocalState::Hold, None)]);
    let restored = |state| (Type::MonitorSet, Why::ControllerCommsRestored, state);
    assert_eq!(
        tells(&out),
        [
            restored(CallState::Received),
            restored(CallState::Established),
            restored(CallState::Held),
            (Type::CallEstablished, Why::AnsweredInvoked, CallState::Established),
            (Type::CallHeld, Why::HardHoldInvoked, CallState::Held),
            (Type::CallClear, Why::OtherDeviceCleared, CallState::Idle),
        ]
    );
    let new = bench.leg("new").id.get();
    assert_eq!(told_legs(&out), [ids[0], ids[1], new, ids[1], new, ids[2]], "ids are kept");
    assert!(matches!(out.last(), Some(Effect::Greet(_))), "who came meanwhile hears the state as it is now, last");
}

#[test]
fn a_link_that_is_lost_clears_no_call() {
    let mut bench = Bench::armed_with(&[talking(CALL)]);
    let out = bench.on(Input::LinkLost);
    assert_eq!(out, []);
    assert_eq!(bench.state.legs.len(), 1);
    let report = bench.state.out_of_service();
    assert_eq!((report.kind, report.why), (Type::OutOfService, Why::ControllerCommsFailed));
    assert_eq!(report.leg, None);
}

#[test]
fn a_snapshot_that_failed_proves_no_call_gone() {
    for kind in [RefusalKind::NotSupported, RefusalKind::NoAnswer, RefusalKind::Resource, RefusalKind::Other] {
        let mut bench = Bench::armed_with(&[talking(CALL)]);
        bench.on(Input::LinkLost);
        bench.on(Input::Arm);
        bench.told(Told::Monitored(Ok(())));
        let out = bench.told(Told::Legs(Err(refusal(kind))));
        assert_eq!(tells(&out), [(Type::MonitorSet, Why::ControllerCommsRestored, CallState::Established)], "{kind:?}");
        assert_eq!(out.contains(&snapshot_wanted()), kind == RefusalKind::NoAnswer, "a silent node is asked again");
    }
}

#[test]
fn a_node_that_tells_more_legs_than_a_device_has_is_not_believed() {
    let mut bench = Bench::armed_with(&[talking(CALL)]);
    bench.on(Input::Audit);
    let many: Vec<_> = (0..=policy::DEVICE_LEGS).map(|n| talking(&format!("x{n}"))).collect();
    assert_eq!(tells(&bench.snapshot(&many)), []);
    assert_eq!(bench.state.legs.len(), 1);
}

#[test]
fn a_call_that_a_snapshot_names_twice_is_one_leg() {
    let bench = Bench::armed_with(&[talking(CALL), ringing(CALL)]);
    assert_eq!(bench.state.legs.len(), 1);
}

#[test]
fn facts_are_bounded_to_as_many_legs_as_a_device_has() {
    let mut bench = Bench::armed();
    for n in 0..policy::DEVICE_LEGS + 10 {
        let happening =
            Happening { local: Some(LocalState::Alerting), ..fact(Fact::Delivered, &format!("x{n}"), "1000") };
        bench.happens(happening);
    }
    assert_eq!(bench.state.legs.len(), policy::DEVICE_LEGS);
}

#[test]
fn facts_that_come_while_the_parties_are_asked_for_are_applied_on_top_of_the_snapshot() {
    let mut bench = Bench::new();
    bench.on(Input::Arm);
    bench.told(Told::Monitored(Ok(())));
    // Before the list was made: it is in the list.
    assert_eq!(bench.happens(fact(Fact::Delivered, CALL, "1000")), []);
    let out = bench.told(Told::Legs(Ok(vec![ringing(CALL)])));
    assert_eq!(out, [Effect::Ask(Question::Details(own(), CALL.into()))]);
    let answered = Happening { local: Some(LocalState::Connected), ..fact(Fact::Established, CALL, "1000") };
    assert_eq!(bench.happens(answered), [], "waits");
    let details = CallDetails { calling: party("2000"), called: party("1000"), ..CallDetails::default() };
    let out = bench.told(Told::Details(CALL.into(), Ok(details)));
    assert_eq!(greets(&out), [[(Type::MonitorSet, Why::MonitorSet, CallState::Received)]]);
    assert_eq!(tells(&out), [(Type::CallEstablished, Why::AnsweredInvoked, CallState::Established)]);
    assert_eq!(bench.leg(CALL).calling, party("2000"));
}

#[test]
fn an_audit_does_not_swallow_what_happens_meanwhile() {
    let mut bench = Bench::armed();
    assert_eq!(bench.on(Input::Audit), [snapshot_wanted()]);
    let forwarded = Happening {
        local: Some(LocalState::Alerting),
        cause: Cause::CallForwardBusy,
        ..fact(Fact::Delivered, CALL, "1000")
    };
    let out = bench.happens(forwarded);
    assert_eq!(tells(&out), [(Type::CallReceived, Why::DivertedOnBusyFrom, CallState::Received)]);
    let cleared = Happening { local: Some(LocalState::Null), ..fact(Fact::Cleared, CALL, "2000") };
    assert_eq!(tells(&bench.happens(cleared)), [(Type::CallClear, Why::OtherDeviceCleared, CallState::Idle)]);
    // The list may be from before or after: one that a slow node made before would bring back the
    // dead. It is asked for anew, a few times at the most.
    for _ in 0..policy::AUDITS_OVERTAKEN {
        assert_eq!(bench.snapshot(&[ringing(CALL)]), [snapshot_wanted()]);
        let noise = Happening { local: Some(LocalState::Null), ..fact(Fact::Cleared, "another", "2000") };
        assert_eq!(bench.happens(noise), []);
    }
    assert_eq!(bench.snapshot(&[]), [snapshot_wanted()], "what does not fit is looked into once more");
    assert_eq!(bench.snapshot(&[]), []);
}

#[test]
fn more_facts_than_may_wait_lead_to_a_new_snapshot() {
    let mut bench = Bench::armed();
    bench.on(Input::Audit);
    bench.told(Told::Legs(Ok(vec![ringing(CALL)])));
    for _ in 0..policy::DEVICE_BUFFER + 1 {
        assert_eq!(bench.happens(fact(Fact::Held, CALL, "2000")), []);
    }
    let details = CallDetails { calling: party("2000"), called: party("1000"), ..CallDetails::default() };
    let out = bench.told(Told::Details(CALL.into(), Ok(details)));
    assert_eq!(out.iter().filter(|e| **e == snapshot_wanted()).count(), 1);
}

#[test]
fn an_audit_tells_what_was_missed_and_nothing_else() {
    let mut bench = Bench::armed_with(&[ringing("a"), talking("b"), talking("c")]);
    assert_eq!(bench.on(Input::Audit), [snapshot_wanted()]);
    assert_eq!(bench.on(Input::Audit), [], "one at a time");
    let out =
        bench.snapshot(&[talking("a"), talking("b"), shown("d", LocalState::Connected, Some(LocalState::Alerting))]);
    assert_eq!(
        tells(&out),
        [
            (Type::CallEstablished, Why::AnsweredInvoked, CallState::Established),
            (Type::CallDelivered, Why::Delivered, CallState::Delivered),
            (Type::CallClear, Why::OtherDeviceCleared, CallState::Idle),
        ]
    );
}

#[test]
fn dial_tone_that_an_audit_finds_is_told_to_nobody_either() {
    let mut bench = Bench::armed();
    assert_eq!(bench.on(Input::Audit), [snapshot_wanted()]);
    let out = bench.snapshot(&[shown(CALL, LocalState::Initiated, None)]);
    assert_eq!(tells(&out), []);
    assert_eq!(bench.leg(CALL).state, LegState::Initiated);
}

#[test]
fn a_hold_by_the_other_shows_that_an_answer_was_missed() {
    let mut bench = Bench::armed_with(&[shown(CALL, LocalState::Connected, Some(LocalState::Alerting))]);
    let held = Happening { local: Some(LocalState::Connected), ..fact(Fact::Held, CALL, "1001") };
    let out = bench.happens(held);
    assert_eq!(tells(&out), [(Type::CallHeld, Why::HardHold, CallState::Established)]);
    assert_eq!(out.last(), Some(&snapshot_wanted()));
}

#[test]
fn a_fact_that_does_not_fit_is_told_and_looked_into() {
    // About a call that is not known.
    let mut bench = Bench::armed();
    let held = Happening { local: Some(LocalState::Hold), ..fact(Fact::Held, CALL, "1000") };
    let out = bench.happens(held);
    assert_eq!(tells(&out), [(Type::CallHeld, Why::HardHoldInvoked, CallState::Held)]);
    assert!(out.contains(&snapshot_wanted()));
    // The end of a call that nobody heard of: nothing to tell.
    let mut bench = Bench::armed();
    assert_eq!(bench.happens(fact(Fact::Cleared, CALL, "2000")), [snapshot_wanted()]);
    // In contradiction to the state of D's own connection.
    let mut bench = Bench::armed_with(&[talking(CALL)]);
    let odd = Happening { local: Some(LocalState::Alerting), ..fact(Fact::Established, CALL, "1000") };
    assert!(bench.happens(odd).contains(&snapshot_wanted()));
}

fn action(leg: u64) -> Action {
    Action::Hold(LegId::new(leg))
}

fn dials(number: &str, account: Option<&str>) -> Action {
    Action::MakeCall { number: number.into(), account: account.map(Into::into) }
}

fn made(number: &str, account: Option<&str>) -> Command {
    Command::MakeCall { from: own(), number: number.into(), account: account.map(Into::into) }
}

#[test]
fn commands_name_a_leg_that_is_known_and_a_number_that_can_be_dialled() {
    let mut bench = Bench::armed_with(&[talking(CALL)]);
    let id = bench.leg(CALL).id;
    for (ticket, action, command) in [
        (1, Action::Answer(id), Command::Answer { device: own(), call: CALL.into() }),
        (2, Action::Clear(id), Command::Clear { device: own(), call: CALL.into() }),
        (3, Action::Hold(id), Command::Hold { device: own(), call: CALL.into() }),
        (4, Action::Retrieve(id), Command::Retrieve { device: own(), call: CALL.into() }),
        (5, dials("*21#", None), made("*21#", None)),
        (6, dials("+4930", Some("4711")), made("+4930", Some("4711"))),
    ] {
        assert_eq!(bench.on(Input::Perform(ticket, action)), [Effect::Ask(Question::Perform(ticket, command))]);
    }
    assert_eq!(bench.on(Input::Perform(7, action(1))), [Effect::Answer(7, Err(Refused::NoCall))]);
    let long = "1".repeat(33);
    for number in ["", "+", "12 3", "12a", "1+2", "١", long.as_str()] {
        let out = bench.on(Input::Perform(8, dials(number, None)));
        assert_eq!(out, [Effect::Answer(8, Err(Refused::BadNumber))], "{number:?}");
    }
}

#[test]
fn a_command_is_answered_once_as_the_node_answers() {
    let mut bench = Bench::armed_with(&[talking(CALL)]);
    let id = bench.leg(CALL).id.get();
    bench.on(Input::Perform(1, action(id)));
    bench.on(Input::Perform(2, action(id)));
    let no = refusal(RefusalKind::State);
    assert_eq!(bench.told(Told::Outcome(2, Err(no.clone()))), [Effect::Answer(2, Err(Refused::Node(no)))]);
    let done = || Told::Outcome(1, Ok(Done { call: None }));
    assert_eq!(bench.told(done()), [Effect::Answer(1, Ok(()))]);
    assert_eq!(bench.told(done()), [], "once");
}

#[test]
fn a_command_without_an_answer_is_refused_and_its_outcome_looked_for() {
    let mut bench = Bench::armed_with(&[talking(CALL)]);
    let id = bench.leg(CALL).id.get();
    bench.on(Input::Perform(1, action(id)));
    let silence = refusal(RefusalKind::NoAnswer);
    let out = bench.told(Told::Outcome(1, Err(silence.clone())));
    assert_eq!(out, [snapshot_wanted(), Effect::Answer(1, Err(Refused::Node(silence)))]);
    let out = bench.snapshot(&[shown(CALL, LocalState::Hold, None)]);
    assert_eq!(tells(&out), [(Type::CallHeld, Why::HardHoldInvoked, CallState::Held)]);
}

#[test]
fn a_link_lost_while_a_command_is_out_answers_it() {
    let mut bench = Bench::armed_with(&[talking(CALL)]);
    let id = bench.leg(CALL).id.get();
    bench.on(Input::Perform(1, action(id)));
    assert_eq!(bench.on(Input::LinkLost), [Effect::Answer(1, Err(Refused::LinkLost))]);
    assert_eq!(bench.on(Input::Perform(2, action(id))), [Effect::Answer(2, Err(Refused::NotConnected))]);
}

#[test]
fn the_next_life_keeps_the_leg_ids_of_the_last() {
    let mut bench = Bench::remembering(&[("c1", 7), ("c2", 8), ("c3", 9)]);
    assert_eq!(bench.state.memory().count(), 3, "a life that ends before its first snapshot hands them on");
    bench.on(Input::Arm);
    bench.told(Told::Monitored(Ok(())));
    let out = bench.snapshot(&[talking("c1"), ringing("c4")]);
    assert_eq!(bench.leg("c1").id, LegId::new(7));
    assert_eq!(bench.leg("c4").id, LegId::new(101));
    // The watchers know c2 and c3: they hear of their end, after MONITOR_SET.
    let clear = (Type::CallClear, Why::OtherDeviceCleared, CallState::Idle);
    assert!(matches!(out[0], Effect::Greet(_)));
    assert_eq!((tells(&out), told_legs(&out)), (vec![clear, clear], vec![8, 9]));
    let ended = out.iter().filter_map(|effect| match effect {
        Effect::Tell(report) => report.leg.as_ref()?.global_call_id.clone(),
        _ => None,
    });
    assert_eq!(ended.collect::<Vec<_>>(), ["Gc2".into(), "Gc3".into()], "by the ids that they know");
    let known: Vec<_> = bench.state.memory().map(|known| (known.call, known.id)).collect();
    assert_eq!(known, [("c1".into(), LegId::new(7)), ("c4".into(), LegId::new(101))]);
}

#[test]
fn the_next_life_keeps_the_leg_ids_at_a_node_without_snapshots_too() {
    let mut bench = Bench::remembering(&[("c1", 7)]);
    bench.on(Input::Arm);
    bench.told(Told::Monitored(Ok(())));
    let out = bench.told(Told::Legs(Err(refusal(RefusalKind::NotSupported))));
    assert_eq!(greets(&out), [[SET]]);
    bench.happens(Happening { local: Some(LocalState::Hold), ..fact(Fact::Held, "c1", "1000") });
    assert_eq!(bench.leg("c1").id, LegId::new(7));
}

#[test]
fn a_held_party_that_leaves_is_told_as_such_and_then_the_leg_is_over() {
    for (cause, why) in [(Cause::Other, Why::HardHeldPartyDropped), (Cause::Consultation, Why::ConsHeldPartyDropped)] {
        let mut bench = Bench::armed_with(&[talking(CALL)]);
        bench.happens(Happening { cause, local: Some(LocalState::Hold), ..fact(Fact::Held, CALL, "1000") });
        let left = Happening { local: Some(LocalState::Null), ..fact(Fact::Cleared, CALL, "2000") };
        assert_eq!(
            tells(&bench.happens(left)),
            [(Type::DeviceDropped, why, CallState::Held), (Type::CallClear, Why::OtherDeviceCleared, CallState::Idle)]
        );
    }
}

#[test]
fn a_party_that_leaves_a_leg_that_stays_is_dropped() {
    for (local, far, why, state) in [
        (LocalState::Connected, Some(LocalState::Connected), Why::OtherDeviceDropped, CallState::Established),
        (LocalState::Hold, None, Why::HardHeldPartyDropped, CallState::Held),
        (LocalState::Queued, None, Why::QueuedPartyDropped, CallState::Queued),
    ] {
        let mut bench = Bench::armed_with(&[shown(CALL, local, far)]);
        let left = Happening { local: Some(local), ..fact(Fact::Cleared, CALL, "3000") };
        let out = bench.happens(left);
        assert_eq!(tells(&out), [(Type::DeviceDropped, why, state)]);
        let Effect::Tell(report) = &out[0] else { panic!("told") };
        assert_eq!(report.subject, party("3000"));
        assert_eq!(bench.state.legs.len(), 1);
    }
}

#[test]
fn permissions_are_those_of_the_latest_fact() {
    let mut bench = Bench::armed_with(&[ringing(CALL)]);
    let permitted = Some(Features::of(&[Feature::HoldCall]));
    bench.happens(Happening { permitted, local: Some(LocalState::Connected), ..fact(Fact::Established, CALL, "1000") });
    assert_eq!(bench.leg(CALL).permitted, permitted);
    bench.happens(Happening { local: Some(LocalState::Hold), ..fact(Fact::Held, CALL, "1000") });
    assert_eq!(bench.leg(CALL).permitted, None, "the older ones were for another state");
}

#[test]
fn the_status_is_that_of_the_active_leg_else_of_the_newest() {
    let held = |call| shown(call, LocalState::Hold, None);
    for (legs, call) in [
        (vec![talking("a"), held("b")], "a"),
        (vec![held("a"), ringing("b")], "b"),
        (vec![held("a"), held("b")], "b"),
        (vec![ringing("a"), talking("b"), held("c")], "b"),
    ] {
        let bench = Bench::armed_with(&legs);
        let id = bench.leg(call).id;
        assert_eq!(bench.state.status().leg.map(|l| l.id), Some(id), "{call}");
    }
    let report = Bench::armed().state.status();
    assert_eq!((report.kind, report.state, report.leg), (CallEventType::MonitorSet, CallState::Idle, None));
    let mut bench = Bench::armed_with(&[ringing(CALL)]);
    bench.happens(Happening { local: Some(LocalState::Connected), ..fact(Fact::Established, CALL, "1000") });
    let report = bench.state.status();
    assert_eq!((report.kind, report.why), (CallEventType::CallEstablished, EventCauseType::AnsweredInvoked));
}

#[test]
fn a_device_that_retires_lets_its_monitor_go() {
    assert_eq!(Bench::armed().on(Input::Retire), [Effect::Ask(Question::Unmonitor)]);
    let mut bench = Bench::new();
    bench.on(Input::Arm);
    assert_eq!(bench.on(Input::Retire), [Effect::Ask(Question::Unmonitor)], "while it starts, too");
    assert_eq!(Bench::new().on(Input::Retire), [], "nothing to let go");
}

#[test]
fn whom_a_call_was_sent_to_hears_nothing_of_its_way_there() {
    let mut bench = Bench::armed();
    let fact = |fact, subject, local| Happening {
        call: Some(CALL.into()),
        subject: party(subject),
        calling: party("3000"),
        called: party("2000"),
        local,
        cause: Cause::Redirected,
        ..Happening::bare(fact)
    };
    for local in [Some(LocalState::Alerting), None] {
        bench.happens(fact(Fact::Delivered, "1000", local));
        let told = bench.happens(fact(Fact::Diverted, "2000", local));
        assert_eq!(told, [], "{local:?}");
        assert_eq!(bench.leg(CALL).state, LegState::Received, "it still rings: {local:?}");
    }
}
