//! Every command in every state of a line: done, or the right refusal and nothing changed.

use super::*;

/// Brings line 1000 into a state.
type Prepare = fn(&mut Bench);

#[rustfmt::skip]
const STATES: &[(&str, Prepare)] = &[
    ("idle", |_| {}),
    ("initiated", |b| { b.person(Command::OffHook(line("1000"))).expect("dial tone"); }),
    ("delivered", |b| { b.call("1000", "1001"); }),
    ("alerting", |b| { b.call("1001", "1000"); }),
    ("connected", |b| { b.call("1000", "1001"); b.answer("1001"); }),
    ("held away", |b| {
        b.call("1000", "1001");
        b.answer("1001");
        b.person(Command::Hold(at("1001"))).expect("held");
    }),
    ("held", |b| {
        b.call("1000", "1001");
        b.answer("1001");
        b.person(Command::Hold(at("1000"))).expect("held");
    }),
    ("held+connected", |b| {
        b.call("1000", "1001");
        b.answer("1001");
        b.person(Command::Hold(at("1000"))).expect("held");
        b.call("1000", "1002");
        b.answer("1002");
    }),
    ("held+alerting", |b| {
        b.call("1000", "1001");
        b.answer("1001");
        b.person(Command::Hold(at("1000"))).expect("held");
        b.call("1002", "1000");
    }),
    ("failed", |b| { b.call("1000", "1500"); }),
];

use Refusal::{HoldInUse, LineInUse, NoActiveCall, NoCallToAnswer, NoConnectionToClear, NoHeldCall, WrongState};

const COMMANDS: [&str; 7] = ["offhook", "makecall", "digits", "answer", "clear", "hold", "retrieve"];

#[rustfmt::skip]
const TABLE: &[(&str, [Option<Refusal>; 7])] = &[
    // state           offhook          makecall         digits              answer                 clear                      hold                retrieve
    ("idle",           [None,            None,            Some(NoActiveCall), Some(NoCallToAnswer), Some(NoConnectionToClear), Some(NoActiveCall), Some(NoHeldCall)]),
    ("initiated",      [Some(LineInUse), None,            None,               Some(NoCallToAnswer), None,                      Some(WrongState),   Some(NoHeldCall)]),
    ("delivered",      [Some(LineInUse), Some(LineInUse), Some(WrongState),   Some(NoCallToAnswer), None,                      Some(WrongState),   Some(NoHeldCall)]),
    ("alerting",       [None,            Some(LineInUse), Some(NoActiveCall), None,                 Some(NoConnectionToClear), Some(NoActiveCall), Some(NoHeldCall)]),
    ("connected",      [Some(LineInUse), Some(LineInUse), None,               Some(NoCallToAnswer), None,                      None,               Some(NoHeldCall)]),
    ("held away",      [Some(LineInUse), Some(LineInUse), None,               Some(NoCallToAnswer), None,                      None,               Some(NoHeldCall)]),
    ("held",           [None,            None,            Some(NoActiveCall), Some(NoCallToAnswer), Some(NoConnectionToClear), Some(NoActiveCall), None]),
    ("held+connected", [Some(LineInUse), Some(LineInUse), None,               Some(NoCallToAnswer), None,                      Some(HoldInUse),    Some(LineInUse)]),
    ("held+alerting",  [None,            Some(LineInUse), Some(NoActiveCall), None,                 Some(NoConnectionToClear), Some(NoActiveCall), None]),
    ("failed",         [Some(LineInUse), Some(LineInUse), Some(WrongState),   Some(NoCallToAnswer), None,                      Some(WrongState),   Some(NoHeldCall)]),
];

fn command(name: &str, target: Target) -> Command {
    match name {
        "offhook" => Command::OffHook(target.line),
        "makecall" => Command::MakeCall { line: target.line, number: "1003".into() },
        "digits" => Command::Digits { target, digits: "1".into() },
        "answer" => Command::Answer(target),
        "clear" => Command::Clear(target),
        "hold" => Command::Hold(target),
        _ => Command::Retrieve(target),
    }
}

#[test]
fn every_command_in_every_state_is_done_or_refused_with_nothing_changed() {
    for ((state, prepare), (name, row)) in STATES.iter().zip(TABLE) {
        assert_eq!(state, name);
        for (name, expected) in COMMANDS.iter().zip(row) {
            let mut b = bench(1);
            prepare(&mut b);
            let before = b.switch.truth_now(0);
            let result = b.person(command(name, at("1000")));
            assert_eq!(result.as_ref().err(), expected.as_ref(), "{name} of {state}");
            if result.is_err() {
                assert!(b.out.is_empty(), "{name} of {state} is refused and yet says {:?}", b.out);
                assert_eq!(b.switch.truth_now(0), before, "{name} of {state}");
            }
        }
    }
}

#[test]
fn an_application_that_names_a_leg_gets_what_is_announced_and_nothing_else() {
    use schemas::domain::Feature::{AnswerCall, ClearCall, HoldCall, RetrieveCall};
    for (state, prepare) in STATES {
        for (name, feature) in
            [("answer", AnswerCall), ("clear", ClearCall), ("hold", HoldCall), ("retrieve", RetrieveCall)]
        {
            let mut b = bench(1);
            prepare(&mut b);
            for view in b.switch.calls_at(line("1000")).expect("a line") {
                let mut b = bench(1);
                prepare(&mut b);
                let target = Target { line: line("1000"), call: Some(view.key.to_string()) };
                let result = b.application(command(name, target));
                assert_eq!(result.is_ok(), view.permitted.has(feature), "{name} of {state}: {result:?}");
            }
        }
    }
}

#[test]
fn what_is_not_there_is_refused() {
    let mut b = bench(1);
    let done = b.call("1000", "1001");
    let named = |dn: &str, call: Option<&str>| Target { line: line(dn), call: call.map(Into::into) };
    let key = done.call.expect("a call");
    for (target, refusal) in [
        (named("1900", None), Refusal::UnknownDevice),
        (named("2000", None), Refusal::UnknownDevice),
        (named("1000/0", None), Refusal::UnknownDevice),
        (named("1000/4", None), Refusal::UnknownDevice),
        (named("1000", Some("nonsense")), Refusal::UnknownConnection),
        (named("1000/2", Some(&key)), Refusal::UnknownConnection),
        (named("1002", Some(&key)), Refusal::UnknownConnection),
        (named("1019", Some(&key)), Refusal::Privilege),
    ] {
        for name in ["answer", "clear", "hold", "retrieve"] {
            assert_eq!(b.application(command(name, target.clone())), Err(refusal), "{name} {target:?}");
        }
    }
    for number in ["", &"1".repeat(65)] {
        let call = Command::MakeCall { line: line("1002"), number: number.into() };
        assert_eq!(b.application(call), Err(Refusal::InvalidDestination));
    }
}
