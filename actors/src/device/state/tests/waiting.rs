//! Calls that wait: at the device that waits, and at the one that is waited for.

use super::*;

const WAITS: &str = "w1";

fn queued(subject: &str, local: LocalState) -> Happening {
    Happening {
        local: Some(local),
        cause: Cause::CampOn,
        calling: party("2000"),
        called: party("1000"),
        ..fact(Fact::Queued, WAITS, subject)
    }
}

#[test]
fn a_call_that_waits_is_told_with_the_state_of_the_line_and_is_not_its_active_one() {
    let mut bench = Bench::armed_with(&[talking(CALL)]);
    let out = bench.happens(queued("1000", LocalState::Queued));
    assert_eq!(tells(&out), [(Type::CallQueued, Why::CallIsWaiting, CallState::Established)]);
    let (active, waits) = (bench.leg(CALL).id, bench.leg(WAITS).id);
    assert_eq!(told_legs(&out), [waits.get()], "on a leg of its own");
    let status = |bench: &Bench| bench.state.status().leg.map(|leg| leg.id);
    assert_eq!(status(&bench), Some(active));
    // Held calls come before it, too.
    bench.happens(Happening { local: Some(LocalState::Hold), ..fact(Fact::Held, CALL, "1000") });
    assert_eq!(status(&bench), Some(active));
    let out = bench.happens(Happening { local: Some(LocalState::Null), ..fact(Fact::Cleared, WAITS, "2000") });
    assert_eq!(
        tells(&out),
        [
            (Type::DeviceDropped, Why::QueuedPartyDropped, CallState::Held),
            (Type::CallClear, Why::OtherDeviceCleared, CallState::Idle),
        ]
    );
}

#[test]
fn a_call_that_waited_rings_when_the_line_is_free() {
    let mut bench = Bench::armed_with(&[talking(CALL)]);
    bench.happens(queued("1000", LocalState::Queued));
    let waits = bench.leg(WAITS).id;
    bench.happens(Happening { local: Some(LocalState::Null), ..fact(Fact::Cleared, CALL, "1000") });
    assert_eq!(bench.state.status().state, CallState::Queued, "nothing else is there");
    let rings =
        Happening { local: Some(LocalState::Alerting), cause: Cause::CampOn, ..fact(Fact::Delivered, WAITS, "1000") };
    let out = bench.happens(rings);
    assert_eq!(tells(&out), [(Type::CallReceived, Why::WaitingCallRinging, CallState::Received)]);
    assert_eq!(told_legs(&out), [waits.get()]);
}

#[test]
fn who_waits_is_told_so_and_may_be_let_down() {
    let mut bench = Bench::armed_with(&[shown(WAITS, LocalState::Fail, None)]);
    let out = bench.happens(Happening {
        called: party("2000"),
        calling: party("1000"),
        ..queued("2000", LocalState::Connected)
    });
    assert_eq!(tells(&out), [(Type::CallQueued, Why::CallQueued, CallState::Queued)]);
    let failed =
        Happening { local: Some(LocalState::Fail), cause: Cause::DoNotDisturb, ..fact(Fact::Failed, WAITS, "2000") };
    assert_eq!(tells(&bench.happens(failed)), [(Type::CallFailed, Why::DestinationDoNotDisturb, CallState::Failed)]);
}

#[test]
fn a_snapshot_shows_who_waits_and_who_is_waited_for() {
    let queued = |calling: &str| LegSnapshot {
        calling: party(calling),
        called: party("3000"),
        ..shown(WAITS, LocalState::Queued, Some(LocalState::Connected))
    };
    for (calling, state) in [("1000", LegState::Queued), ("2000", LegState::Waiting)] {
        let leg = Leg::from_snapshot(LegId::new(7), &queued(calling), "1000").expect("a leg");
        assert_eq!(leg.state, state, "{calling}");
        assert!(leg.state.agrees(LocalState::Queued));
    }
}

#[test]
fn commands_of_waiting_calls_name_either_leg() {
    let mut bench = Bench::armed_with(&[talking(CALL)]);
    bench.happens(queued("1000", LocalState::Queued));
    for (ticket, call) in [(1, CALL), (2, WAITS)] {
        let id = bench.leg(call).id;
        let asked = Command::Trade { device: own(), call: call.into() };
        assert_eq!(
            bench.on(Input::Perform(ticket, Action::Trade(id))),
            [Effect::Ask(Question::Perform(ticket, asked))]
        );
    }
    let id = bench.leg(CALL).id;
    let asked = Command::CampOn { device: own(), call: CALL.into() };
    assert_eq!(bench.on(Input::Perform(3, Action::CampOn(id))), [Effect::Ask(Question::Perform(3, asked))]);
    for action in [Action::Trade(LegId::new(1)), Action::CampOn(LegId::new(1))] {
        assert_eq!(bench.on(Input::Perform(4, action)), [Effect::Answer(4, Err(Refused::NoCall))]);
    }
}

#[test]
fn callbacks_messages_and_retrieval_elsewhere_ask_the_node() {
    let mut bench = Bench::armed_with(&[talking(CALL)]);
    let id = bench.leg(CALL).id;
    let number = || String::from("2000");
    for (ticket, action, command) in [
        (1, Action::CallBack(id), Command::CallBack { device: own(), call: CALL.into() }),
        (2, Action::LeaveMessage(id), Command::LeaveMessage { device: own(), call: CALL.into() }),
        (3, Action::LeaveMessageAt { from: number() }, Command::LeaveMessageAt { device: own(), from: number() }),
        (4, Action::ClearMessageAt { from: number() }, Command::ClearMessageAt { device: own(), from: number() }),
        (5, Action::RetrieveFrom { holder: number() }, Command::RetrieveFrom { device: own(), holder: number() }),
    ] {
        assert_eq!(bench.on(Input::Perform(ticket, action)), [Effect::Ask(Question::Perform(ticket, command))]);
    }
    for action in [Action::CallBack(LegId::new(1)), Action::LeaveMessage(LegId::new(1))] {
        assert_eq!(bench.on(Input::Perform(6, action)), [Effect::Answer(6, Err(Refused::NoCall))]);
    }
    for number in ["", "20 00", "2000;", "1".repeat(33).as_str()] {
        let from = || number.to_owned();
        for action in [
            Action::LeaveMessageAt { from: from() },
            Action::ClearMessageAt { from: from() },
            Action::RetrieveFrom { holder: from() },
        ] {
            assert_eq!(bench.on(Input::Perform(7, action)), [Effect::Answer(7, Err(Refused::BadNumber))]);
        }
    }
}

#[test]
fn a_callback_rings_and_is_dialled_when_it_is_answered() {
    let mut bench = Bench::armed();
    let rings = Happening {
        local: Some(LocalState::Alerting),
        cause: Cause::CallBack,
        calling: party("2000"),
        called: party("1000"),
        ..fact(Fact::Delivered, CALL, "1000")
    };
    assert_eq!(tells(&bench.happens(rings)), [(Type::CallReceived, Why::CallbackMatured, CallState::Received)]);
    let id = bench.leg(CALL).id;
    let dialled = Happening {
        local: Some(LocalState::Connected),
        calling: party("1000"),
        called: party("2000"),
        ..fact(Fact::Originated, CALL, "1000")
    };
    let out = bench.happens(dialled);
    assert_eq!(tells(&out), [(Type::CallOriginated, Why::NewCallInvoked, CallState::Originated)]);
    assert_eq!(told_legs(&out), [id.get()], "it is the same leg");
    assert_eq!((&bench.leg(CALL).calling, &bench.leg(CALL).called), (&party("1000"), &party("2000")));
}
