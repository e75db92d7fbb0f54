//! Account codes: what is one, who must give one, and who is told.

use super::*;

fn charge(who: &str, code: &str) -> Command {
    Command::Account { target: at(who), code: code.into() }
}

fn charged(from: &str, to: &str, code: &str) -> Command {
    Command::ChargedCall { line: line(from), number: to.into(), account: code.into() }
}

/// Line, code and whether it is verified, of what was told in the last step.
fn told(b: &Bench) -> Vec<(String, String, Option<bool>)> {
    let of = |output: &Output| match output {
        Output::Charged(c) => {
            let lines: Vec<_> = c.witnesses.iter().map(|w| w.line.to_string()).collect();
            Some((lines.join("+"), c.account.code.clone(), c.account.verified))
        }
        _ => None,
    };
    b.out.iter().filter_map(of).collect()
}

/// What the legs at a line are charged to.
fn accounts(b: &Bench, dn: &str) -> Vec<Option<String>> {
    let phone = b.switch.truth_of(line(dn).dn).expect("a phone");
    phone.legs.into_iter().map(|leg| leg.account).collect()
}

#[test]
fn a_code_is_set_in_a_call_and_told_to_its_own_line() {
    let mut b = bench(1);
    b.call("1000", "1001");
    assert_eq!(b.application(charge("1000", "4711")), Err(Refusal::WrongState), "it rings");
    b.answer("1001");
    b.application(charge("1000", "4711")).expect("a code");
    assert_eq!(told(&b), [("1000/1".into(), "4711".into(), Some(false))]);
    assert!(b.truths().next().is_none(), "no leg changed");
    b.person(charge("1001", "24")).expect("another code at the other end");
    assert_eq!(told(&b), [("1001/1".into(), "24".into(), Some(true))], "one of the list");
    assert_eq!((accounts(&b, "1000"), accounts(&b, "1001")), (vec![Some("4711".into())], vec![Some("24".into())]));
}

#[test]
fn what_is_no_code_changes_nothing() {
    let mut b = bench(1);
    b.call("1000", "1001");
    b.answer("1001");
    for code in ["", "1", "1234567890123", "12a", "1 2", "٤٧"] {
        let before = b.switch.truth_now(0);
        assert_eq!(b.application(charge("1000", code)), Err(Refusal::BadAccountCode), "{code:?}");
        assert_eq!(b.application(charged("1002", "1003", code)), Err(Refusal::BadAccountCode), "{code:?}");
        assert!(b.out.is_empty());
        assert_eq!(b.switch.truth_now(0), before);
    }
    for code in ["12", "123456789012"] {
        b.application(charge("1000", code)).expect("as short and as long as it may be");
    }
}

#[test]
fn where_codes_are_verified_only_those_of_the_list_are_taken() {
    let mut b = bench(1);
    assert_eq!(b.application(charged("1014", "1001", "4711")), Err(Refusal::BadAccountCode));
    assert!(b.states("1014").is_empty(), "nobody is called");
    b.application(charged("1014", "1001", "1357")).expect("a code of the list");
    assert_eq!(told(&b), [("1014/1".into(), "1357".into(), Some(true))]);
    b.answer("1001");
    assert_eq!(b.person(charge("1014", "4711")), Err(Refusal::BadAccountCode), "people are not believed either");
    assert_eq!(accounts(&b, "1014"), [Some("1357".into())], "the old one stays");
}

#[test]
fn the_code_of_a_call_is_told_after_its_origin_and_before_it_rings() {
    let mut b = bench(1);
    b.application(charged("1000", "1001", "4711")).expect("a call");
    let order: Vec<_> = b
        .out
        .iter()
        .filter_map(|output| match output {
            Output::Happened(happened) => Some(format!("{:?}", happened.kind)),
            Output::Charged(_) => Some("Charged".into()),
            _ => None,
        })
        .collect();
    assert_eq!(order, ["ServiceInitiated", "Originated", "Charged", "Delivered"]);
}

#[test]
fn a_forced_code_is_asked_for_before_a_call_goes_outside() {
    let mut b = bench(1);
    let dial = |number: &str| Command::MakeCall { line: line("1013"), number: number.into() };
    assert_eq!(b.application(dial("95551234")), Err(Refusal::AccountNeeded));
    assert!(b.states("1013").is_empty());
    b.application(charged("1013", "95551234", "4711")).expect("with a code it goes out");
    assert_eq!(b.states("1013"), [TruthState::Delivered], "the number outside rings");
    b.person(Command::Clear(at("1013"))).expect("cleared");
    b.person(dial("95551234")).expect("people at the phone are not gated");
    b.person(Command::Clear(at("1013"))).expect("cleared");
    b.application(dial("1001")).expect("inside none is needed");
    b.answer("1001");
    let consult = Command::Consult { target: at("1013"), number: "95551234".into() };
    assert_eq!(b.application(consult), Err(Refusal::AccountNeeded));
    assert_eq!(b.states("1013"), [TruthState::Connected], "the call is not held for it");
    b.person(Command::Clear(at("1013"))).expect("cleared");
    b.application(Command::OffHook(line("1013"))).expect("dial tone");
    let key = |digits: &str| Command::Digits { target: at("1013"), digits: digits.into() };
    assert_eq!(b.application(key("9")), Err(Refusal::AccountNeeded), "keyed one by one neither");
    b.application(key("1")).expect("the first digit of an extension");
    b.application(key("9")).expect("a nine in a number is no prefix");
}
