//! Two calls that become one, parties that change, commands on pairs, lines of one number.

use schemas::contract::cc::{CallEventType as Type, CallState, EventCauseType as Why};
use schemas::domain::{Command, Joined, JoinedParty};

use super::*;
use crate::device::messages::Action;

/// Who was held, and who was called.
const HELD_PARTY: &str = "1001";
const CALLED: &str = "1002";

fn member(number: &str, old_call: &str) -> JoinedParty {
    JoinedParty { call: Some("c1".into()), old_call: Some(old_call.into()), device: party(number) }
}

/// c1, which was held, and c2 became one, which goes on as c1.
fn joins(kind: Fact, by: &str, members: &[&str], local: LocalState) -> Happening {
    let parties = members.iter().map(|m| member(m, if *m == CALLED { "c2" } else { "c1" })).collect();
    let joined = Joined {
        primary: Some("c1".into()),
        secondary: Some("c2".into()),
        joined: party(CALLED),
        parties,
        old_global_call_id: Some("A0010002".into()),
        ringing: false,
    };
    Happening {
        local: Some(local),
        global_call_id: Some("A0010001".into()),
        joined: Some(Box::new(joined)),
        ..fact(kind, "c1", by)
    }
}

fn rings(mut happening: Happening) -> Happening {
    happening.joined.as_mut().expect("a join").ringing = true;
    happening
}

fn held(call: &str) -> LegSnapshot {
    shown(call, LocalState::Hold, Some(LocalState::Connected))
}

#[test]
fn who_transfers_hears_it_on_the_held_leg_and_the_end_of_the_other() {
    let mut bench = Bench::armed_with(&[held("c1"), talking("c2")]);
    let (first, second) = (bench.leg("c1").id.get(), bench.leg("c2").id.get());
    let out = bench.happens(joins(Fact::Transferred, "1000", &[HELD_PARTY, CALLED], LocalState::Null));
    assert_eq!(
        tells(&out),
        [
            (Type::CallTransferred, Why::TransferInvoked, CallState::Idle),
            (Type::CallClear, Why::ClearInvoked, CallState::Idle),
        ]
    );
    assert_eq!(told_legs(&out), [first, second]);
    assert!(bench.state.legs.is_empty());
    let Effect::Tell(report) = &out[0] else { panic!("told") };
    let joined = report.joined.as_deref().expect("who joined");
    assert_eq!((&joined.transferred, &joined.joined), (&party(HELD_PARTY), &party(CALLED)));
    assert_eq!(joined.primary.as_ref().map(|id| id.as_str()), Some("A0010001"));
    assert_eq!(joined.secondary.as_ref().map(|id| id.as_str()), Some("A0010002"));
}

#[test]
fn who_remains_keeps_the_leg_and_is_told_how_far_the_call_is() {
    use CallState::{Delivered, Established, Held, Received};
    use Why::{SupervisedTransfer, UnsupervisedTransfer};
    let by = HELD_PARTY; // the transferrer, seen from here
    let told = |kind, members: &[&str], local| joins(kind, by, members, local);
    for (legs, happening, why, state, calling, called) in [
        // The one who was held.
        (
            vec![talking("c1")],
            told(Fact::Transferred, &["1000", CALLED], LocalState::Connected),
            SupervisedTransfer,
            Established,
            "1000",
            CALLED,
        ),
        (
            vec![talking("c1")],
            rings(told(Fact::Transferred, &["1000", CALLED], LocalState::Connected)),
            UnsupervisedTransfer,
            Delivered,
            "1000",
            CALLED,
        ),
        // To a busy phone: nobody is at the other end.
        (
            vec![talking("c1")],
            told(Fact::Transferred, &["1000"], LocalState::Connected),
            UnsupervisedTransfer,
            Delivered,
            "1000",
            CALLED,
        ),
        // It holds the call itself.
        (
            vec![held("c1")],
            told(Fact::Transferred, &["1000", CALLED], LocalState::Hold),
            SupervisedTransfer,
            Held,
            "1000",
            CALLED,
        ),
    ] {
        let mut bench = Bench::armed_with(&legs);
        let id = bench.leg("c1").id.get();
        let out = bench.happens(happening);
        assert_eq!(tells(&out), [(Type::CallTransferred, why, state)]);
        assert_eq!(told_legs(&out), [id]);
        let leg = bench.leg("c1");
        assert_eq!((&leg.calling, &leg.called), (&party(calling), &party(called)));
    }
    // The one who was called: its leg goes on under the other call's name.
    for (leg, local, state, why) in [
        (talking("c2"), LocalState::Connected, Established, SupervisedTransfer),
        (ringing("c2"), LocalState::Alerting, Received, UnsupervisedTransfer),
    ] {
        let mut bench = Bench::armed_with(&[leg]);
        let id = bench.leg("c2").id.get();
        let mut happening = joins(Fact::Transferred, by, &["1003", "1000"], local);
        let joined = happening.joined.as_mut().expect("a join");
        joined.joined = party("1000");
        joined.parties[1].old_call = Some("c2".into());
        joined.ringing = local == LocalState::Alerting;
        let out = bench.happens(happening);
        assert_eq!(tells(&out), [(Type::CallTransferred, why, state)], "{local:?}");
        assert_eq!(told_legs(&out), [id]);
        let leg = bench.leg("c1");
        assert_eq!((&leg.calling, &leg.called), (&party("1003"), &party("1000")));
        assert_eq!(leg.global_call_id.as_ref().map(|id| id.as_str()), Some("A0010001"));
    }
}

#[test]
fn a_transfer_by_one_who_is_hidden_to_one_who_is_hidden_has_been_answered() {
    let mut bench = Bench::armed_with(&[talking("c1")]);
    let mut happening = joins(Fact::Transferred, "1001", &["1000", CALLED], LocalState::Connected);
    happening.subject = Party::Restricted;
    let joined = happening.joined.as_mut().expect("a join");
    joined.joined = Party::Restricted;
    joined.parties[1].device = Party::Restricted;
    let out = bench.happens(happening.clone());
    assert_eq!(tells(&out), [(Type::CallTransferred, Why::SupervisedTransfer, CallState::Established)]);
    assert_eq!(bench.leg("c1").called, Party::Restricted);
    // Nobody but D and who did it: it rings somewhere.
    happening.joined.as_mut().expect("a join").parties.truncate(1);
    let out = Bench::armed_with(&[talking("c1")]).happens(happening);
    assert_eq!(tells(&out), [(Type::CallTransferred, Why::UnsupervisedTransfer, CallState::Delivered)]);
}

#[test]
fn a_conference_is_told_by_who_made_it_who_came_and_who_was_there() {
    let everyone = ["1000", HELD_PARTY, CALLED];
    // Made here: one leg stays, the other ends.
    let mut bench = Bench::armed_with(&[held("c1"), talking("c2")]);
    let (first, second) = (bench.leg("c1").id.get(), bench.leg("c2").id.get());
    let out = bench.happens(joins(Fact::Conferenced, "1000", &everyone, LocalState::Connected));
    assert_eq!(
        tells(&out),
        [
            (Type::CallConferenced, Why::ConferenceInvoked, CallState::Established),
            (Type::CallClear, Why::ClearInvoked, CallState::Idle),
        ]
    );
    assert_eq!(told_legs(&out), [first, second]);
    assert_eq!(bench.leg("c1").members.len(), 3);
    // Another is added: whoever was in a conference hears that; whoever comes from a call of two is put in.
    let more = ["1000", HELD_PARTY, CALLED, "1003"];
    let out = bench.happens(joins(Fact::Conferenced, HELD_PARTY, &more, LocalState::Connected));
    assert_eq!(tells(&out), [(Type::CallConferenced, Why::ConferenceMemberAdded, CallState::Established)]);
    let mut bench = Bench::armed_with(&[talking("c1")]);
    let out = bench.happens(joins(Fact::Conferenced, HELD_PARTY, &everyone, LocalState::Connected));
    assert_eq!(tells(&out), [(Type::CallConferenced, Why::Conferenced, CallState::Established)]);
    // One of three leaves: a call of two is left, of which the other is the far end.
    let out = bench.happens(Happening { local: Some(LocalState::Connected), ..fact(Fact::Cleared, "c1", HELD_PARTY) });
    assert_eq!(tells(&out), [(Type::DeviceDropped, Why::OtherDeviceDropped, CallState::Established)]);
    assert!(bench.leg("c1").members.is_empty());
    let leg = bench.leg("c1");
    assert!([&leg.calling, &leg.called].contains(&&party(CALLED)), "{leg:?}");
}

#[test]
fn a_join_of_calls_that_are_not_known_makes_the_device_look() {
    let mut bench = Bench::armed();
    let out = bench.happens(joins(Fact::Transferred, "1005", &["1000", CALLED], LocalState::Connected));
    assert_eq!(out, [snapshot_wanted()]);
}

#[test]
fn what_is_learnt_of_a_call_is_told_each_kind_by_itself() {
    let mut bench = Bench::armed_with(&[talking(CALL)]);
    let learnt = |subject: &str| fact(Fact::Information, CALL, subject);
    let out = bench.happens(Happening { global_call_id: Some("A0010009".into()), ..learnt("1004") });
    assert_eq!(
        tells(&out),
        [
            (Type::RemotePartyUpdate, Why::RemotePartyUpdated, CallState::Established),
            (Type::InformationUpdateEvent, Why::GlobalCallidUpdated, CallState::Established),
        ]
    );
    assert_eq!(bench.leg(CALL).called, party("1004"), "the far end: this one called");
    assert_eq!(tells(&bench.happens(learnt("1004"))), [], "nothing new");
    let account = Account { code: "4711".into(), verified: Some(true) };
    let out = bench.happens(Happening { account: Some(account.clone()), ..learnt("1000") });
    assert_eq!(tells(&out), [(Type::AccountCodeSet, Why::AccountCodeSet, CallState::Established)]);
}

#[test]
fn who_transfers_has_no_leg_left_whatever_the_node_names() {
    let mut bench = Bench::armed_with(&[held("c1"), talking("c2")]);
    let unnamed = Happening { call: None, ..joins(Fact::Transferred, "1000", &[HELD_PARTY, CALLED], LocalState::Null) };
    bench.happens(unnamed);
    assert!(bench.state.legs.is_empty(), "{:?}", bench.state.legs);
}

#[test]
fn operations_on_two_legs_take_the_id_of_either_and_of_no_other() {
    let mut bench = Bench::armed_with(&[held("c1"), talking("c2"), ringing("c3")]);
    let [first, second, third] = ["c1", "c2", "c3"].map(|call| bench.leg(call).id);
    let (active, held_call) = (CallKey::from("c2"), CallKey::from("c1"));
    for leg in [first, second] {
        for (action, command) in [
            (
                Action::Transfer(leg),
                Command::Transfer { device: own(), held: held_call.clone(), active: active.clone() },
            ),
            (
                Action::Conference(leg),
                Command::Conference { device: own(), held: held_call.clone(), active: active.clone() },
            ),
            (
                Action::Alternate(leg),
                Command::Alternate { device: own(), held: held_call.clone(), active: active.clone() },
            ),
            (
                Action::CancelConsultation(leg),
                Command::Reconnect { device: own(), active: active.clone(), held: held_call.clone() },
            ),
        ] {
            assert_eq!(bench.on(Input::Perform(1, action)), [Effect::Ask(Question::Perform(1, command))]);
        }
    }
    let refused = |out: Effects| match &out[..] {
        [Effect::Answer(_, Err(refused))] => refused.clone(),
        other => panic!("refused: {other:?}"),
    };
    assert_eq!(refused(bench.on(Input::Perform(2, Action::Transfer(third)))), Refused::NoConsultation);
    assert_eq!(refused(bench.on(Input::Perform(2, Action::Transfer(LegId::new(9999))))), Refused::NoCall);
    let mut bench = Bench::armed_with(&[talking("c2")]);
    let alone = bench.leg("c2").id;
    assert_eq!(refused(bench.on(Input::Perform(3, Action::Alternate(alone)))), Refused::NoConsultation);
    for number in ["", "12x", "1".repeat(33).as_str()] {
        let consult = Action::Consult { leg: alone, number: number.into() };
        assert_eq!(refused(bench.on(Input::Perform(4, consult))), Refused::BadNumber, "{number}");
        let digits = Action::SendDigits { leg: alone, digits: number.into() };
        assert_eq!(refused(bench.on(Input::Perform(4, digits))), Refused::BadNumber, "{number}");
    }
}

#[test]
fn the_way_by_which_a_caller_came_in_is_that_callers_alone() {
    let told = |out: &Effects| match &out[0] {
        Effect::Tell(report) => report.leg.as_ref().expect("a leg").network.clone(),
        other => panic!("{other:?}"),
    };
    let mut bench = Bench::armed_with(&[]);
    let (calling, network) = (party("+14165551234"), party("7"));
    let rings = Happening {
        local: Some(LocalState::Alerting),
        calling: calling.clone(),
        network: network.device().cloned().map(Box::new),
        ..fact(Fact::Delivered, "c1", "1000")
    };
    assert_eq!(told(&bench.happens(rings)), network);
    // A node that does not say it again.
    let answered = Happening { local: Some(LocalState::Connected), calling, ..fact(Fact::Established, "c1", "1000") };
    assert_eq!(told(&bench.happens(answered)), network);
    let held = Happening { local: Some(LocalState::Connected), ..fact(Fact::Held, "c1", "+14165551234") };
    assert_eq!(told(&bench.happens(held)), network);
    // The caller transfers the call: the other party is somebody else now.
    let out = bench.happens(joins(Fact::Transferred, "+14165551234", &["1000", CALLED], LocalState::Connected));
    assert_eq!(told(&out), Party::NotKnown);
}
