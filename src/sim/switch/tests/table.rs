//! Every command in every state of a line: done, or the right refusal and nothing changed.

use super::joins::two;
use super::*;
use crate::sim::switch::Two;

/// Brings line 1000 into a state.
pub(super) type Prepare = fn(&mut Bench);

#[rustfmt::skip]
pub(super) const STATES: &[(&str, Prepare)] = &[
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
    ("busy", |b| { busy(b); }),
    ("queued", |b| {
        busy(b);
        b.person(Command::CampOn(at("1000"))).expect("camped on");
    }),
    ("waited for", |b| {
        b.call("1000", "1001");
        b.answer("1001");
        b.call("1002", "1000");
        b.person(Command::CampOn(at("1002"))).expect("camped on");
    }),
    ("consulting delivered", |b| { consulting(b); }),
    ("consulting connected", |b| { consulting(b); b.answer("1002"); }),
    ("consulting failed", |b| {
        b.call("1000", "1001");
        b.answer("1001");
        consult(b, "1500");
    }),
    ("consulting busy", |b| {
        b.person(Command::OffHook(line("1002"))).expect("dial tone");
        consulting(b);
    }),
    ("conference maker", |b| {
        consulting(b);
        b.answer("1002");
        b.person(Command::Conference(two("1000"))).expect("a conference");
    }),
    ("conference member", |b| {
        b.call("1001", "1000");
        b.answer("1000");
        b.person(Command::Consult { target: at("1001"), number: "1002".into() }).expect("a consultation");
        b.answer("1002");
        b.person(Command::Conference(two("1001"))).expect("a conference");
    }),
    ("transferred ringing", |b| {
        b.call("1001", "1000");
        b.answer("1000");
        b.person(Command::Consult { target: at("1001"), number: "1002".into() }).expect("a consultation");
        b.person(Command::Transfer(two("1001"))).expect("transferred");
    }),
    ("recalled", |b| {
        consulting(b);
        b.person(Command::Transfer(two("1000"))).expect("transferred");
        b.wait(20_000);
    }),
];

/// 1000 calls 1002, which is busy.
fn busy(b: &mut Bench) {
    b.person(Command::OffHook(line("1002"))).expect("dial tone");
    b.call("1000", "1002");
}

/// 1000 talks with 1001 and calls somebody beside.
fn consulting(b: &mut Bench) {
    b.call("1000", "1001");
    b.answer("1001");
    consult(b, "1002");
}

fn consult(b: &mut Bench, number: &str) {
    b.person(Command::Consult { target: at("1000"), number: number.into() }).expect("a consultation");
}

const COMMANDS: [&str; 21] = [
    "offhook",
    "makecall",
    "digits",
    "answer",
    "clear",
    "hold",
    "retrieve",
    "consult",
    "cancel",
    "alternate",
    "transfer",
    "conference",
    "split",
    "redirect",
    "pickup",
    "newcall",
    "account",
    "campon",
    "trade",
    "callback",
    "message",
];

/// What each command finds, in the order of [`COMMANDS`], by a letter: `.` it is done; else the
/// refusal of [`refusal`].
#[rustfmt::skip]
const TABLE: &[(&str, &str)] = &[
    //                        o m d a  c h r c  x a t c  s r p n  a c t  b m
    ("idle",                 ". . A R  C A H A  A A A A  A R . A  A A A  A A"),
    ("initiated",            "L . . R  . W H W  H H H H  W R L W  W W W  W W"),
    ("delivered",            "L L W R  . W H W  H H H H  W R L W  W W W  . ."),
    ("alerting",             ". L A .  C A H A  A A A A  A . . A  A A A  A A"),
    ("connected",            "L L . R  . . H .  H H H H  W R L W  . W W  W W"),
    ("held away",            "L L . R  . . H .  H H H H  W R L .  . W W  W W"),
    ("held",                 ". . A R  C A . A  A A A A  A R . A  A A A  A A"),
    ("held+connected",       "L L . R  . I L I  W W W W  W R L W  . W W  W W"),
    ("held+alerting",        ". L A .  C A . A  A A A A  A . . A  A A A  A A"),
    ("failed",               "L L W R  . W H W  H H H H  W R L .  W W W  W W"),
    ("busy",                 "L L W R  . W H W  H H H H  W R L .  W . W  . ."),
    ("queued",               "L L W R  . W H W  H H H H  W R L W  W W W  . W"),
    ("waited for",           "L L . R  . . H .  H H H H  W R L W  . W .  W W"),
    ("consulting delivered", "L L W R  . W L W  . W . W  W R L W  W W W  . ."),
    ("consulting connected", "L L . R  . I L I  . . . .  W R L W  . W W  W W"),
    ("consulting failed",    "L L W R  . W L W  . W W W  W R L .  W W W  W W"),
    ("consulting busy",      "L L W R  . W L W  . W . W  W R L .  W . W  . ."),
    ("conference maker",     "L L . R  . . H .  H H H H  . R L W  . W W  W W"),
    ("conference member",    "L L . R  . . H .  H H H H  W R L W  . W W  W W"),
    ("transferred ringing",  "L L W R  . W H W  H H H H  W R L W  W W W  . ."),
    ("recalled",             ". L A .  C A H A  A A A A  A . . A  A A A  A A"),
];

fn refusal(letter: &str) -> Option<Refusal> {
    Some(match letter {
        "." => return None,
        "A" => Refusal::NoActiveCall,
        "C" => Refusal::NoConnectionToClear,
        "H" => Refusal::NoHeldCall,
        "I" => Refusal::HoldInUse,
        "L" => Refusal::LineInUse,
        "R" => Refusal::NoCallToAnswer,
        "W" => Refusal::WrongState,
        other => panic!("{other}"),
    })
}

/// 1004 is rung by 1005, for whoever picks up.
fn rings_beside(b: &mut Bench) {
    b.call("1005", "1004");
}

/// `held` is the call beside the target's, for the commands on both.
fn command(name: &str, target: Target, held: Option<String>) -> Command {
    let pair = Two { line: target.line, held, active: target.call.clone() };
    match name {
        "offhook" => Command::OffHook(target.line),
        "makecall" => Command::MakeCall { line: target.line, number: "1003".into() },
        "digits" => Command::Digits { target, digits: "1".into() },
        "answer" => Command::Answer(target),
        "clear" => Command::Clear(target),
        "hold" => Command::Hold(target),
        "retrieve" => Command::Retrieve(target),
        "consult" => Command::Consult { target, number: "1003".into() },
        "cancel" => Command::Reconnect(pair),
        "alternate" => Command::Alternate(pair),
        "transfer" => Command::Transfer(pair),
        "conference" => Command::Conference(pair),
        "split" => Command::Split(target),
        "redirect" => Command::Redirect { target, number: "1003".into() },
        "pickup" => Command::PickUp { line: target.line, ringing: at("1004") },
        "newcall" => Command::NewCall(target),
        "campon" => Command::CampOn(target),
        "trade" => Command::Trade(target),
        "callback" => Command::CallBack(target),
        "message" => Command::LeaveMessage(target),
        "account" => Command::Account { target, code: "12".into() },
        other => panic!("{other}"),
    }
}

#[test]
fn every_command_in_every_state_is_done_or_refused_with_nothing_changed() {
    for ((state, prepare), (name, row)) in STATES.iter().zip(TABLE) {
        assert_eq!(state, name);
        assert_eq!(row.split_whitespace().count(), COMMANDS.len(), "{state}");
        for (name, expected) in COMMANDS.iter().zip(row.split_whitespace().map(refusal)) {
            let mut b = bench(1);
            prepare(&mut b);
            rings_beside(&mut b);
            let before = b.switch.truth_now(0);
            let result = b.person(command(name, at("1000"), None));
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
    use schemas::domain::Feature as F;
    let features = [
        ("answer", F::AnswerCall),
        ("clear", F::ClearCall),
        ("hold", F::HoldCall),
        ("retrieve", F::RetrieveCall),
        ("digits", F::OutPulseDigits),
        ("consult", F::ConsultationCall),
        ("cancel", F::CancelConsultationCall),
        ("alternate", F::AlternateCall),
        ("transfer", F::TransferCall),
        ("conference", F::ConferenceCall),
        ("split", F::SplitConferenceCall),
        ("redirect", F::RedirectCall),
        ("newcall", F::NewCall),
        ("account", F::SetAccountCode),
        ("campon", F::CamponCall),
        ("trade", F::TradeCall),
        ("callback", F::SetCallMeBack),
        ("message", F::SendCallbackMessage),
    ];
    for (state, prepare) in STATES {
        for (name, feature) in features {
            let mut b = bench(1);
            prepare(&mut b);
            let views = b.switch.calls_at(line("1000")).expect("a line");
            for view in &views {
                let mut b = bench(1);
                prepare(&mut b);
                let target = Target { line: line("1000"), call: Some(view.key.to_string()) };
                let beside = views.iter().find(|v| v.key != view.key).map(|v| v.key.to_string());
                let result = b.application(command(name, target, beside));
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
        (named("1500", None), Refusal::UnknownDevice),
        (named("2000", None), Refusal::UnknownDevice),
        (named("1000/0", None), Refusal::UnknownDevice),
        (named("1000/4", None), Refusal::UnknownDevice),
        (named("1000", Some("nonsense")), Refusal::UnknownConnection),
        (named("1000/2", Some(&key)), Refusal::UnknownConnection),
        (named("1002", Some(&key)), Refusal::UnknownConnection),
        (named("1019", Some(&key)), Refusal::Privilege),
    ] {
        for name in [
            "answer", "clear", "hold", "retrieve", "digits", "consult", "redirect", "split", "newcall", "account",
            "campon", "trade", "callback", "message",
        ] {
            assert_eq!(b.application(command(name, target.clone(), None)), Err(refusal), "{name} {target:?}");
        }
        for name in ["cancel", "alternate", "transfer", "conference"] {
            let held = target.call.clone();
            assert!(b.application(command(name, target.clone(), held)).is_err(), "{name} {target:?}");
        }
    }
    for number in ["", &"1".repeat(65)] {
        let call = Command::MakeCall { line: line("1002"), number: number.into() };
        assert_eq!(b.application(call), Err(Refusal::InvalidDestination));
    }
}
